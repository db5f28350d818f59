"""Lines of several kinds of documents about one record, mixed by their day, the newest first (`define.Trail`).

Each kind is read as its own list is, page by page, with the rights and the scope of whoever asks; the pages are laid
side by side. So a trail costs what the lists cost, however long they are, and shows nobody what they do not show.
"""

import base64
import heapq
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import orjson

from ..errors import Invalid, NotFound
from . import lists
from . import query as q
from .access import Principal
from .define import Strand, Trail
from .engine import Engine
from .records import get
from .registry import Definition

PAGE_MAX = 200


def of_module(definition: Definition, principal: Principal, engine: Engine) -> list[Trail]:
    """The trails of a module of which a user sees any strand."""
    return [one for one in definition.module.trails if _strands(engine, principal, one)]


def _strands(engine: Engine, principal: Principal, trail: Trail) -> list[Strand]:
    """What the user may look at: its list, and what it is about."""
    return [
        one
        for one in trail.strands
        if principal.may("view", one.module)
        and principal.has(one.see)
        and principal.sees(engine.registry[one.module].fields[one.needs])
    ]


@dataclass
class _Reading:
    """One strand being read, a page at a time."""

    engine: Engine
    principal: Principal
    strand: Strand
    record: str
    after: str
    limit: int
    labels: dict[str, str] = field(default_factory=dict)

    def rows(self, when: str) -> Iterator[dict[str, Any]]:
        """Its rows that count, the newest first."""
        after, query = self.after, q.Query(sort=f"-{when}", limit=self.limit, fixed={self.strand.field: self.record})
        while True:
            found = lists.page(
                self.engine, self.principal, self.strand.module, replace(query, after=after), frozenset(("rows",))
            )
            self.labels |= found["labels"]
            yield from (row for row in found["rows"] if row["state"] == "posted")
            after = found["next"]
            if not after:
                return


def trail_of(
    engine: Engine, principal: Principal, module: str, id: str, name: str, limit: int = 50, after: str = ""
) -> dict[str, Any]:
    """{rows: [{module, header, document, …columns}], labels, next}. Raises `NotFound`."""
    definition = engine.definition(module)
    get(engine, principal, module, id)
    trail = next((one for one in of_module(definition, principal, engine) if one.name == name), None)
    if trail is None:
        raise NotFound("没有这个相关页")
    places, wanted = _places(after), min(limit, PAGE_MAX)
    readings = [
        _Reading(engine, principal, one, id, places.get(one.module, ""), wanted + 1)
        for one in _strands(engine, principal, trail)
    ]
    with engine.db.read() as db:  # all lists as they are at one time
        sources = [_marked(reading, trail.when, place) for place, reading in enumerate(readings)]
        every = heapq.merge(*sources, key=lambda found: str(found[1][trail.when] or ""), reverse=True)
        found = list(islice(every, wanted + 1))
        last = {readings[place].strand.module: row for place, row in found[:wanted]}
        reached = places | {name: _place(db, name, trail.when, row) for name, row in last.items()}
    return {
        "rows": [_shown(engine, readings[place].strand, row) for place, row in found[:wanted]],
        "labels": {id: title for reading in readings for id, title in reading.labels.items()},
        "next": _cursor(reached) if len(found) > wanted else None,
    }


def _marked(reading: _Reading, when: str, place: int) -> Iterator[tuple[int, dict[str, Any]]]:
    return ((place, row) for row in reading.rows(when))


def _shown(engine: Engine, strand: Strand, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row by the columns of the trail."""
    header, column = engine.registry.document_of[strand.module]
    about = {"module": strand.module, "header": header, "document": row[column], "label": strand.label}
    return about | {name: row.get(name) for name in strand.shown.values()}


def _place(db: sqlite3.Connection, module: str, when: str, row: Mapping[str, Any]) -> str:
    """Where a list goes on behind one of its rows."""
    (number,) = db.execute(f"SELECT row FROM {module} WHERE id = ?", (row["id"],)).fetchone()
    return q.cursor(row[when], number)


def _cursor(places: Mapping[str, str]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(dict(places))).decode()


def _places(text: str) -> dict[str, str]:
    """How far each list was read; raises `Invalid`."""
    if not text:
        return {}
    try:
        found = orjson.loads(base64.urlsafe_b64decode(text.encode()))
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
        raise Invalid({"after": "续页标记不对，请从第一页重新读取"})
    return found
