"""The dry run: every row is read, compared and judged as a save would judge it; nothing is written."""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from ...errors import BadRequest, Invalid
from ..access import Principal, demand, scope_sql
from ..engine import Engine
from ..fields import Serial, Text
from ..ids import new_id
from ..query import T
from ..registry import Definition, targets_of
from ..rows import Values, fetch
from ..saving import Saving
from .children import Children
from .likeness import Likeness
from .matching import demand_import, fields_for, is_hint, keys_for
from .reading import Reading
from .staging import Lines, cells_of, packed, read_rows
from .tables import Row

Progress = Callable[[int, int], None]

CHUNK = 500
GOOD, BAD, TWICE, SAME, PLAIN, ODD = "good", "bad", "twice", "same", "plain", "odd"
WHOLE_ROW = "-1"
"""Stands for a column where a fault is none of a cell."""


@dataclass(frozen=True)
class Plan:
    """How a file is to be understood."""

    columns: Mapping[int, str]
    """Column → field."""
    head: int
    """The row of the headings."""
    key: str = ""
    from_1904: bool = False


@dataclass(frozen=True)
class Counts:
    """What a dry run found."""

    rows: int
    good: int
    bad: int
    twice: int
    """Good rows of which something like it is there already."""
    same: int
    """Those of them that mean a record by its key."""
    odd: int = 0
    """Good rows with something that does not look as it usually does: it is pointed out, and imported."""


def check_plan(principal: Principal, definition: Definition, plan: Plan) -> Plan:
    """The plan with its key; raises for fields that this user may not fill."""
    demand_import(principal, definition)
    if definition.module.document:  # they are only ever added
        demand(principal, "add", definition)
    fields = fields_for(principal, definition)
    names = list(plan.columns.values())
    if not names:
        raise BadRequest("请至少给一列选好对应的内容")
    for name in names:
        if name not in fields:
            raise BadRequest("有一列选的内容不能导入，请重新选择")
        if names.count(name) > 1:
            raise BadRequest(f"有两列都选了「{fields[name].label}」，请去掉一列")
    keys = [name for name in keys_for(fields) if name in names]
    if plan.key and plan.key not in keys:
        raise BadRequest("认出已有记录的那一项不在文件里，请重新选择")
    return Plan(plan.columns, plan.head, plan.key or next(iter(keys), ""), plan.from_1904)


class DryRun(ABC):
    """One dry run: what it finds lies in `judged`."""

    def __init__(
        self, engine: Engine, principal: Principal, definition: Definition, plan: Plan, rows: Path, judged: Lines
    ) -> None:
        self._engine, self._principal, self._definition = engine, principal, definition
        self._plan, self._rows, self._judged = plan, rows, judged
        self._columns = {name: str(index) for index, name in plan.columns.items()}
        """Field → its column."""

    @abstractmethod
    def run(self, progress: Progress) -> Counts:
        """Judges every row."""

    def _data_rows(self) -> Iterator[Row]:
        """The rows below the headings, without the line of hints of a template."""
        below = (row for row in read_rows(self._rows) if row[0] > self._plan.head)
        return (row for place, row in enumerate(below) if place or not is_hint(row[1]))

    def _reading_of(self, db: sqlite3.Connection, definition: Definition) -> Reading:
        plan = self._plan
        return Reading(self._engine, db, self._principal, definition, plan.columns, from_1904=plan.from_1904)


class Judge(DryRun):
    """That of records."""

    def __init__(
        self, engine: Engine, principal: Principal, definition: Definition, plan: Plan, rows: Path, judged: Lines
    ) -> None:
        super().__init__(engine, principal, definition, plan, rows, judged)
        self._like = Likeness(definition, principal, plan.key)
        self._is_own_kind = any(definition.name in targets_of(one) for one in definition.fields.values())
        self._is_looked_for = self._is_own_kind or bool(definition.module.rules)

    def run(self, progress: Progress) -> Counts:
        """Reads, compares, judges: three walks over lines of files."""
        read = self._rows.with_name("read.jsonl")
        with self._engine.db.read() as db:
            total = self._read_all(db, read, progress)
            self._like.scan(self._engine, db, lambda done, _: progress(total, 3 * total))
            with self._judged.writing() as writer:
                for done, (line, kinds) in enumerate(self._verdicts(db, read)):
                    if done % CHUNK == 0:
                        progress(2 * total + done, 3 * total)
                    writer.add(line, kinds)
        read.unlink()
        return Counts(total, *(self._judged.count(kind) for kind in (GOOD, BAD, TWICE, SAME, ODD)))

    # --------------------------------------------------------------- first walk

    def _read_all(self, db: sqlite3.Connection, target: Path, progress: Progress) -> int:
        count, reading = 0, self._reading_of(db, self._definition)
        self._reading = reading
        self._saving = Saving(self._engine, db, self._principal, self._definition, adds_children=True)
        self._children = Children(self._engine.registry, db, self._definition)
        estimate = max(1, sum(1 for _ in self._data_rows()))
        with target.open("wb") as file:
            for count, (number, cells) in enumerate(self._data_rows(), 1):
                if count % CHUNK == 1:
                    progress(count, 3 * estimate)
                values, wrong = reading.values(cells)
                id = new_id()
                self._remember_title(reading, id, values)
                line = {
                    "n": number, "id": id, "v": values, "e": {str(at): text for at, text in wrong.items()},
                    # a wrong row is not imported: a good one after it is no second one
                    "f": None if wrong else self._like.add(number, values), "c": cells, "o": self._odd(values),
                }  # fmt: skip
                file.write(packed(line))
        if count == 0:
            raise BadRequest("表头下面没有要导入的行。请看看选的是不是这张表、这一行表头")
        return count

    def _odd(self, values: Values) -> dict[str, str]:
        """What a form would point out at its box, by column."""
        found = {}
        for name, at in self._columns.items():
            one, value = self._definition.fields[name], values.get(name)
            if isinstance(one, Text) and one.usual and isinstance(value, str) and not one.usual.fits(value):
                found[at] = f"「{one.label}」{one.usual.words}"
        return found

    def _remember_title(self, reading: Reading, id: str, values: Values) -> None:
        """Rows of a tree may name rows above them."""
        title = values.get(self._definition.module.title)
        if self._is_own_kind and title:
            reading.fresh.setdefault(title, []).append(id)

    # ---------------------------------------------------------------- last walk

    def _verdicts(self, db: sqlite3.Connection, read: Path) -> Iterator[tuple[dict[str, Any], list[str]]]:
        with read.open("rb") as file:
            while lines := [orjson.loads(line) for line in islice(file, CHUNK)]:
                olds = self._olds(db, [same for line in lines if (same := self._like.same(line["n"]))])
                for line in lines:
                    yield self._verdict(line, olds)
                self._saving.forget(keep_coming=True)

    def _olds(self, db: sqlite3.Connection, ids: Sequence[str]) -> dict[str, Values]:
        return stored(self._engine, db, self._principal, self._definition, ids)

    def _verdict(self, line: dict[str, Any], olds: Mapping[str, Values]) -> tuple[dict[str, Any], list[str]]:
        number = line["n"]
        same = self._like.same(number)
        old = olds.get(same) if same else None
        self._read_hanging(line, old)
        faults = self._number_faults(line, old) or self._faults(line, old)
        wrong = self._by_column(faults) | line["e"]
        hits = [[hit.id, hit.title, hit.reason] for hit in self._like.hits.get(number, ())]
        line |= {"e": wrong, "s": same, "l": hits}
        if wrong:
            return line, [BAD]
        return line, [
            GOOD,
            TWICE if hits or line["f"] else PLAIN,
            *([SAME] if same else []),
            *([ODD] if line["o"] else []),
        ]

    def _read_hanging(self, line: dict[str, Any], old: Values | None) -> None:
        if not self._reading.hanging:
            return
        record = (old or self._saving.defaults | {"id": line["id"]}) | line["v"]
        values, wrong = self._reading.hanging_values(cells_of(line["c"]), record)
        line["v"] |= values
        line["e"] |= {str(at): text for at, text in wrong.items()}

    def _faults(self, line: Mapping[str, Any], old: Values | None) -> dict[str, str]:
        """What a save would say, by field. Of a row with cells that cannot be read only what is missing is told."""
        id, values = (old or line)["id"], dict(line["v"])
        wrong = self._children.take(line["n"], old, values)
        new = self._saving.complete(old, values)
        try:
            self._saving.check(id, old, new, values, only_missing=bool(line["e"]))
        except Invalid as error:
            return wrong | error.fields
        if old is None and not wrong and self._is_looked_for and not line["e"]:
            self._saving.expect(id, new)
        return wrong

    def _number_faults(self, line: Mapping[str, Any], old: Values | None) -> dict[str, str]:
        """A number of a series is drawn, never typed: it only says which record is meant."""
        noun = self._definition.module.noun
        for name, one in self._definition.fields.items():
            number = line["v"].get(name) if isinstance(one, Serial) and one.readonly else None
            if number and old is None:
                return {name: f"没有编号是「{number}」的{noun}。新{noun}的编号由程序给：清空这一格，或不导入这一列"}
            if number and old and old[name] != number:
                return {name: f"这个{noun}的编号是「{old[name]}」，不能改成「{number}」"}
        return {}

    def _by_column(self, faults: Mapping[str, str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, text in faults.items():
            at = self._columns.get(name, WHOLE_ROW)
            found[at] = f"{found[at]}；{text}" if at in found else text
        return found


def stored(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, ids: Sequence[str]
) -> dict[str, Values]:
    """Live records in the user's scope, unmasked, by id."""
    scope = scope_sql(engine.registry, definition, principal, T)
    condition = f" AND {scope.text}" if scope else ""
    sql = (
        f"SELECT {T}.row FROM {definition.name} {T} WHERE {T}.deleted_at IS NULL{condition} "
        f"AND {T}.id IN (SELECT value FROM json_each(?))"
    )
    params = (*(scope.params if scope else ()), orjson.dumps(list(ids)).decode())
    numbers = [row[0] for row in db.execute(sql, params)]
    return {row["id"]: row for row in fetch(db, engine.registry, definition, numbers, None)}
