"""The number of a document that was decided without it, drawn when it is written."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from sync_server.replication.changeset import Op, canonical

from ..engine import Engine
from ..fields import Serial
from ..registry import Definition
from ..saving import drawn_number
from .declare import Columns
from .versions import TABLE


def with_number(engine: Engine, db: sqlite3.Connection, definition: Definition, ops: Sequence[Op]) -> list[Op]:
    """What one new document writes, with its number drawn: its row says it, and its version."""
    name, one = next((name, one) for name, one in definition.fields.items() if isinstance(one, Serial) and one.dated)
    header = next((op for op in ops if op.kind == "ins" and op.table == definition.name), None)
    if header is None or header.set.get(name):
        return list(ops)
    number: Columns = {name: drawn_number(engine, db, one, header.set)}
    return [_numbered(op, header, number) for op in ops]


def _numbered(op: Op, header: Op, number: Columns) -> Op:
    if op is header:
        return replace(op, set={**op.set, **number})
    if op.table != TABLE or op.set.get("document") != header.id:
        return op
    said = json.loads(str(op.set["body"]))
    body = canonical({**said, "header": said["header"] | number}).decode()
    return replace(op, set={**op.set, "body": body, **number})
