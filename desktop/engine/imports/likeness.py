"""Rows that are there already: in the same file, or among the records (unique hints and T28).

The grounds of the file's rows are kept, and what exists is passed over once: the time grows with both, not with their
product, and the memory with the file alone.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from .. import aliases
from .. import query as q
from ..access import Principal, compares, scope_sql
from ..engine import Engine
from ..fields import Text
from ..fields.phone import digits
from ..registry import Definition
from ..rows import Values
from ..text import fold

Normal = Callable[[str], str | None]
Progress = Callable[[int, int], None]

_STRONG = 50
"""Points of T28 from which one ground alone is worth a look."""
_HITS_MAX = 5
"""Rows of the file, and records for each row, that are named: a telephone number that thousands share tells nothing."""
_STEP = 2_000


@dataclass(frozen=True)
class _Ground:
    """Fields of which one has the same words."""

    fields: tuple[str, ...]
    reason: str
    normal: Normal
    is_key: bool = False


@dataclass(frozen=True)
class Hit:
    """A record that a row resembles."""

    id: str
    title: str
    reason: str
    is_same: bool


@dataclass
class Likeness:
    """Fill it with the rows of a file by `add`, then `scan` what exists."""

    definition: Definition
    principal: Principal
    key: str
    """The field by which a row means a record that is there already."""
    hits: dict[int, list[Hit]] = field(default_factory=dict)
    _rows: dict[tuple[int, str], list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._grounds = list(_grounds(self.definition, self.principal, self.key))

    def add(self, number: int, values: Values) -> tuple[int, str] | None:
        """Takes a row up; the row before it that is alike, and why."""
        earlier: tuple[int, str] | None = None
        for token in dict.fromkeys(self._tokens(values)):
            rows = self._rows.setdefault(token, [])
            if rows and earlier is None:
                earlier = rows[0], self._grounds[token[0]].reason
            if len(rows) < _HITS_MAX:
                rows.append(number)
        return earlier

    def _tokens(self, values: Mapping[str, object]) -> Iterator[tuple[int, str]]:
        for place, ground in enumerate(self._grounds):
            for name in ground.fields:
                value = values.get(name)
                normal = ground.normal(value) if isinstance(value, str) and value else None
                if normal:
                    yield place, normal

    def scan(self, engine: Engine, db: sqlite3.Connection, progress: Progress) -> None:
        """Finds the records in the user's scope that rows of the file resemble."""
        if not self._rows:
            return
        title, winners = self.definition.module.title, self._winners(db)
        for done, record in enumerate(self._records(engine, db)):
            if done % _STEP == 0:
                progress(done, 0)
            id, name = winners.get(str(record["id"]), (str(record["id"]), str(record[title] or "")))
            for token in self._tokens(record):
                for number in self._rows.get(token, ()):
                    self._note(number, id, name, token[0])

    def _winners(self, db: sqlite3.Connection) -> dict[str, tuple[str, str]]:
        """Merged records → whom a row of the file means that resembles them: id and title."""
        name, title = self.definition.name, self.definition.module.title
        if not aliases.present(db, [name] if self.definition.module.mergeable else []):
            return {}
        shown = f"COALESCE(w.\"{title}\", '')"
        sql = f"SELECT a.id, w.id, {shown} FROM alias_of a JOIN {name} w ON w.id = a.winner WHERE a.t = ?"
        return {loser: (winner, words) for loser, winner, words in db.execute(sql, (name,))}

    def _records(self, engine: Engine, db: sqlite3.Connection) -> Iterator[Mapping[str, object]]:
        names = dict.fromkeys(["id", self.definition.module.title, *(n for g in self._grounds for n in g.fields)])
        scope = scope_sql(engine.registry, self.definition, self.principal, q.T)
        columns = ", ".join(f'{q.T}."{name}"' for name in names)
        condition = f" AND {scope.text}" if scope else ""
        cursor = db.cursor()
        cursor.row_factory = None
        cursor.execute(
            f"SELECT {columns} FROM {self.definition.name} {q.T} WHERE {q.T}.deleted_at IS NULL{condition}",
            scope.params if scope else (),
        )
        return (dict(zip(names, row, strict=True)) for row in cursor)

    def _note(self, number: int, id: str, title: str, place: int) -> None:
        hits, reason = self.hits.setdefault(number, []), self._grounds[place].reason
        is_same = self._grounds[place].is_key
        known = next((at for at, hit in enumerate(hits) if hit.id == id), None)
        if known is None and len(hits) < _HITS_MAX:
            hits.append(Hit(id, title, reason, is_same))
        elif known is not None and is_same:
            hits[known] = Hit(id, hits[known].title, reason, is_same)

    def same(self, number: int) -> str | None:
        """The one record that a row means; none when several have its key."""
        found = [hit.id for hit in self.hits.get(number, ()) if hit.is_same]
        return found[0] if len(found) == 1 else None


def _grounds(definition: Definition, principal: Principal, key: str) -> Iterator[_Ground]:
    """The key, the other unique fields, and what T28 counts most; nothing of a field that may not be compared."""
    unique = [name for name, one in definition.fields.items() if one.unique and isinstance(one, Text)]
    for name in sorted({*unique, *([key] if key else [])}, key=lambda name: name != key):
        one = definition.fields[name]
        if compares(principal, definition, one):
            normal = _phone if f"{name}_digits" in definition.shadows else _folded
            yield _Ground((name,), f"{one.label}相同", normal, name == key)
    for alike in definition.module.alike:
        names = tuple(n for n in alike.fields.split() if compares(principal, definition, definition.fields[n]))
        if names and alike.points >= _STRONG:
            yield _Ground(names, alike.reason, alike.normal)


def _folded(text: str) -> str | None:
    return fold(text) or None


def _phone(text: str) -> str | None:
    found = digits(text)
    return found if isinstance(found, str) else None
