"""What the sync server learns of the modules, generated from the declarations (sync.md "Settled questions")."""

from __future__ import annotations

import json
from typing import Any

from .engine.engine import Engine
from .engine.registry import Definition, Link, Registry
from .engine.schema import SCHEMA

Manifest = dict[str, Any]


def build(registry: Registry) -> Manifest:
    """The manifest as data."""
    return {
        "schema": SCHEMA,
        "tables": {definition.name: _table(registry, definition) for definition in registry},
        "links": {name: _link(link) for name, link in registry.links.items()},
    }


def text(manifest: Manifest) -> str:
    return json.dumps(manifest, ensure_ascii=False, indent=1)


def _table(registry: Registry, definition: Definition) -> Manifest:
    return {"module": definition.name}


def _link(link: Link) -> Manifest:
    return {"owner": link.owner, "field": link.field, "target": link.target}


def digests(engine: Engine, scope: str) -> dict[str, dict[str, int | str]]:
    return {}
