"""The commit: all rows that were chosen, or none, as one batch in one transaction of changesets of at most 500 rows."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sync_server.replication.changeset import ROWS_MAX, Op

from ...errors import Invalid, NotFound
from ..access import Principal, demand
from ..apply import iso_of
from ..engine import Engine
from ..fields import Serial
from ..ids import new_id
from ..registry import Definition
from ..rows import Values
from ..saving import Saving
from ..work import Changed
from .judging import CHUNK, Plan, stored
from .staging import Lines

Progress = Callable[[int, int], None]
Decision = Literal["skip", "new", "update"]


@dataclass(frozen=True)
class Choices:
    """What to do with rows of which something like it is there already: all alike, but for some by row number."""

    all: Decision = "skip"
    rows: Mapping[int, Decision] = field(default_factory=dict)

    def of(self, line: Mapping[str, Any]) -> Decision:
        if not line["l"] and not line["f"]:
            return "new"
        chosen = self.rows.get(line["n"], self.all)
        return "skip" if chosen == "update" and not target_of(line, self.rows) else chosen

    def may_change(self) -> bool:
        return "update" in (self.all, *self.rows.values())


def target_of(line: Mapping[str, Any], rows: Mapping[int, Decision]) -> str | None:
    """The record that a row changes: the one its key means; the likest one only where a person said so for this row."""
    if line["s"]:
        return str(line["s"])
    return str(line["l"][0][0]) if line["l"] and rows.get(line["n"]) == "update" else None


@dataclass
class Done:
    """What a commit wrote."""

    batch: str
    added: int = 0
    changed: int = 0
    left_out: int = 0


class Commit:
    """One import being written."""

    def __init__(self, engine: Engine, principal: Principal, definition: Definition, plan: Plan, name: str) -> None:
        self._engine, self._principal, self._definition = engine, principal, definition
        self._plan, self._name = plan, name
        self._serials = [n for n, one in definition.fields.items() if isinstance(one, Serial)]
        self._typed_only = [n for n, one in definition.fields.items() if one.write_only]
        self._ops: list[Op] = []
        self._touched: set[str] = set()

    def run(self, judged: Lines, choices: Choices, progress: Progress) -> Done:
        """Raises `Invalid`, naming the row, when one may no longer be saved: then nothing was written."""
        demand(self._principal, "import", self._definition)
        if choices.may_change():
            demand(self._principal, "edit", self._definition)
        self._done, self._changed = Done(new_id()), Changed()
        total = judged.count("good")
        with self._engine.db.bulk(), self._engine.db.write() as db:
            self._saving = Saving(self._engine, db, self._principal, self._definition)
            for count, chunk in enumerate(_chunks(judged)):
                progress(count * CHUNK, total)
                self._write(db, chunk, choices)
            self._flush()
            self._done.left_out += judged.count("bad")
            self._log(db)
            progress(total, total)
        self._engine.tell(self._changed)
        return self._done

    def _write(self, db: sqlite3.Connection, chunk: list[dict[str, Any]], choices: Choices) -> None:
        decided = [(line, choices.of(line)) for line in chunk]
        wanted = [target_of(line, choices.rows) or "" for line, decision in decided if decision == "update"]
        olds = stored(self._engine, db, self._principal, self._definition, wanted) if wanted else {}
        for line, decision in decided:
            if decision == "skip":
                self._done.left_out += 1
            elif decision == "new":
                self._save(line, line["id"], None)
            else:
                self._update(db, line, target_of(line, choices.rows) or "", olds)

    def _update(self, db: sqlite3.Connection, line: Mapping[str, Any], id: str, olds: dict[str, Values]) -> None:
        if id in self._touched:  # an earlier row of this file changed it, too
            self._flush()
            olds |= stored(self._engine, db, self._principal, self._definition, [id])
        if id not in olds:
            noun = self._definition.module.noun
            raise Invalid({"": f"第 {line['n']} 行要更新的{noun}刚被删除。没有导入任何一行，请重新检查"})
        self._save(line, id, olds[id])

    def _save(self, line: Mapping[str, Any], id: str, old: Values | None) -> None:
        values = self._values(line, old)
        new = self._saving.complete(old, values)
        try:
            self._saving.check(id, old, new, values)
        except (Invalid, NotFound) as error:
            raise Invalid({"": f"第 {line['n']} 行：{error}。没有导入任何一行，请重新检查"}) from error
        ops = self._saving.ops(id, old, new)
        if len(self._ops) + len(ops) > ROWS_MAX:
            self._flush()
        self._ops += ops
        self._touched.update((id, *(op.id for op in ops)))
        if old is None:
            self._saving.expect(id, new)
            self._done.added += 1
        else:
            self._done.changed += 1

    def _values(self, line: Mapping[str, Any], old: Values | None) -> Values:
        """What was read, without numbers that are drawn; secrets are made of what was typed only now."""
        values = {name: value for name, value in line["v"].items() if old is not None or name not in self._serials}
        for name in self._typed_only:
            if name in values:
                values[name] = self._definition.fields[name].parse(values[name])
        return values

    def _flush(self) -> None:
        """A changeset: a record with all that belongs to it is never cut."""
        ops, self._ops = self._ops, []
        act = f"{self._definition.name}.import"
        changed = self._engine.applier.local(ops, actor=self._principal.operator, act=act, batch=self._done.batch)
        self._changed.join(changed)
        self._touched.clear()
        self._saving.forget()

    def _log(self, db: sqlite3.Connection) -> None:
        done = self._done
        db.execute(
            "INSERT INTO import_log VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)",
            (
                done.batch, self._definition.name, iso_of(self._engine.applier.now_ms()), self._principal.operator,
                self._name, done.added, done.changed, done.left_out,
            ),
        )  # fmt: skip


def _chunks(judged: Lines) -> Iterator[list[dict[str, Any]]]:
    """Good rows, some at a time."""
    for start in range(0, judged.count("good"), CHUNK):
        yield judged.page("good", start, CHUNK)
