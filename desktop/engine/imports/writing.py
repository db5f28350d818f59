"""The commit: all rows that were chosen, or none, as one batch of changesets of at most 500 rows."""

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sync_server.replication.changeset import ROWS_MAX, Op

from ...errors import BadRequest, Invalid, NotFound, StorageFull
from ..access import Principal, demand
from ..apply import context_of, iso_of
from ..engine import Engine
from ..fields import Serial
from ..ids import new_id
from ..registry import Definition
from ..rows import Values
from ..saving import Saving
from ..work import Changed
from . import running
from .children import Children
from .judging import CHUNK, stored
from .matching import demand_import
from .staging import Lines
from .undoing import Undo, Undone

Progress = Callable[[int, int], None]
Decision = Literal["skip", "new", "update"]
Why = Literal["same", "like", "repeated", "unchanged", "bad"]
_WHY: Mapping[Why, str] = {
    "same": "已存在、按选择跳过", "like": "可能已有、按选择跳过", "repeated": "和前面的行重复、按选择跳过",
    "unchanged": "内容没有变化", "bad": "有误",
}  # fmt: skip
"""Why rows are left out."""

_TRIES = 3
"""How often it is decided while others save, before they have to wait."""


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


def why_skipped(line: Mapping[str, Any]) -> Why:
    """What a row was skipped for: the record that its key means, one that it resembles, or a row before it."""
    return "same" if line["s"] else "like" if line["l"] else "repeated"


@dataclass
class Done:
    """What a commit wrote."""

    batch: str
    added: int = 0
    changed: int = 0
    left_out: int = 0
    state: str = ""
    """Of documents: what they are now (`documents`)."""
    left: dict[Why, int] = field(default_factory=dict)
    """How many rows were left out, by why: it comes to `left_out`."""

    def leave(self, why: Why, rows: int = 1) -> None:
        if rows:
            self.left_out += rows
            self.left[why] = self.left.get(why, 0) + rows

    def left_words(self) -> str:
        """「3 行没有导入（…）」"""
        why = "，".join(f"{_WHY[one]} {rows:,} 行" for one, rows in self.left.items())
        return f"{self.left_out:,} 行没有导入" + (f"（{why}）" if why else "")


class Commit:
    """One import being written (`running` says how others save meanwhile).

    All that can be decided is decided before anybody has to wait, with what it rests on. If that has changed when the
    writer is there, it is decided anew; where people change it all the time, and where rows need what others write
    first, that is done inside of one transaction, and whoever saves waits for it.
    """

    def __init__(self, engine: Engine, principal: Principal, definition: Definition, name: str) -> None:
        self._engine, self._principal, self._definition, self._name = engine, principal, definition, name
        self._done = Done(new_id())
        self.is_old = False
        """Whether what the dry run found no longer holds, since records of this file have been there, or some of an
        earlier one came after it."""
        self.stayed: Undone | None = None
        """Of one that was stopped or went wrong: what taking it back did."""

    def run(self, judged: Lines, choices: Choices, progress: Progress) -> Done:
        """Raises `Invalid`, naming the row, when one may no longer be saved. Then, and whenever `progress` raises to
        stop it, nothing was written or what was has been taken back, but for what `stayed`. Raises `Unfinished` when
        the disk is full in the middle: then it is finished later."""
        self._demand(choices)
        with running.turn(self._engine, progress) as finished:
            if any(one.module == self._definition.name for one in finished):
                self.is_old = True
                raise BadRequest("上次没有做完的导入刚刚做完了，请重新检查，再导入")
            self.is_old = self._decide(judged, choices, progress)
            if self.is_old:
                self._write(lambda done, total: progress(total + done, 2 * total))
            else:
                self._write_at_once(judged, choices, progress)
        return self._done

    def _demand(self, choices: Choices) -> None:
        demand_import(self._principal, self._definition)
        if choices.may_change():
            demand(self._principal, "edit", self._definition)

    def _write(self, progress: Progress) -> None:
        batch = self._done.batch
        try:
            running.Writing(self._engine, batch).run(progress)
        except StorageFull as error:
            raise running.unfinished(self._engine, batch) from error
        except BaseException:
            self._take_back(batch)
            raise

    def _take_back(self, batch: str) -> None:
        try:
            self.stayed = self._undoing(batch).stop()
        except StorageFull as error:
            raise running.unfinished(self._engine, batch, is_stopped=True) from error

    def _undoing(self, batch: str) -> Undo:
        return Undo(self._engine, self._principal, self._definition, batch)

    def _decide(self, judged: Lines, choices: Choices, progress: Progress) -> bool:
        """Decides while nobody waits, and keeps what was decided; False where that cannot be."""
        for _ in range(_TRIES):
            prepared = self._prepared(judged, choices, progress)
            if prepared is None:
                return False
            if self._keep(prepared, judged):
                return True
        return False

    def _keep(self, prepared: "Prepared", judged: Lines) -> bool:
        """Keeps what was decided if what it rests on still stands."""
        with self._engine.db.write() as db:
            if not prepared.still_holds(self._engine, db):
                return False
            self._done = replace(prepared.counts, batch=self._done.batch)
            running.keep(db, self._done.batch, prepared.parts, prepared.needs, prepared.ctx)
            self._log(db, judged)
        return True

    def _prepared(self, judged: Lines, choices: Choices, progress: Progress) -> "Prepared | None":
        """All ops; nothing when a row needs what another one writes first."""
        rows, parts = judged.count("good"), list[bytes]()
        with self._engine.db.read() as db:
            deciding = _Deciding(self._engine, db, self._principal, self._definition, choices, keeps_coming=True)
            sums, ctx = checksums(db), context_of(db)
            try:
                for done, ops in deciding.changesets(judged):
                    progress(done, 2 * rows)
                    parts.append(running.packed(ops))
            except _NeedsWritten:
                return None
        saving = deciding.saving
        needs = {self._definition.name: list(saving.met)}
        for module, id in (place for place, rev in saving.rests.items() if rev is not None):
            needs.setdefault(module, []).append(id)
        return Prepared(deciding.done, parts, needs, ctx, saving.rests, saving.asked, sums)

    def _write_at_once(self, judged: Lines, choices: Choices, progress: Progress) -> None:
        """Row after row inside one transaction."""
        telling, rows = running.Telling(self._engine), judged.count("good")
        with self._engine.db.bulk(), self._engine.db.write() as db:
            deciding = _Deciding(self._engine, db, self._principal, self._definition, choices, keeps_coming=False)
            for done, ops in deciding.changesets(judged):
                progress(done, rows)
                telling.add(self._apply(db, ops))
            self._done = replace(deciding.done, batch=self._done.batch)
            self._log(db, judged)
        telling.now()

    def _apply(self, db: sqlite3.Connection, ops: Sequence[Op]) -> Changed:
        fresh = running.numbered(self._engine, db, self._definition.name, ops)
        act = f"{self._definition.name}.import"
        return self._engine.applier.local(fresh, actor=self._principal.operator, act=act, batch=self._done.batch)

    def _log(self, db: sqlite3.Connection, judged: Lines) -> None:
        """Remembers an import, by which it can be taken back."""
        self._done.leave("bad", judged.count("bad"))
        done, at = self._done, iso_of(self._engine.applier.now_ms())
        db.execute(
            "INSERT INTO import_log VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)",
            (
                done.batch, self._definition.name, at, self._principal.operator, self._name, done.added, done.changed,
                done.left_out,
            ),
        )  # fmt: skip


@dataclass(frozen=True)
class Prepared:
    """What was decided before the writer was there, and what it rests on."""

    counts: Done
    parts: Sequence[bytes]
    needs: Mapping[str, Sequence[str]]
    ctx: Mapping[str, int]
    rests: Mapping[tuple[str, str], int | None]
    asked: AbstractSet[str]
    sums: Mapping[str, str]
    is_still_found: Callable[[Engine, sqlite3.Connection, Collection[str]], bool] = lambda engine, db, touched: True
    """Whether what was looked for besides is found again in the modules that were touched."""

    def still_holds(self, engine: Engine, db: sqlite3.Connection) -> bool:
        """Whether nothing of it has changed since."""
        now = checksums(db)
        if any(now.get(module) != self.sums.get(module) for module in self.asked):
            return False
        touched = [table for table in engine.registry.sent if now.get(table) != self.sums.get(table)]
        if not all(self._is_as_it_was(db, module) for module in touched):
            return False
        return self.is_still_found(engine, db, touched)

    def _is_as_it_was(self, db: sqlite3.Connection, module: str) -> bool:
        wanted = {id: rev for (table, id), rev in self.rests.items() if table == module}
        sql = f"SELECT id, rev FROM {module} WHERE deleted_at IS NULL AND id IN (SELECT value FROM json_each(?))"
        there = dict(db.execute(sql, (json.dumps(list(wanted)),)).fetchall())
        return all(there.get(id) == rev for id, rev in wanted.items())


def checksums(db: sqlite3.Connection) -> dict[str, str]:
    """One per table: it moves with every change of a row."""
    return dict(db.execute("SELECT t, sum FROM checksum").fetchall())


class _NeedsWritten(Exception):
    """A row changes what a row before it changes, too."""


class _Deciding:
    """Good rows → ops, a changeset at a time, each record whole. With `keeps_coming` nothing is written meanwhile."""

    def __init__(
        self, engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, choices: Choices,
        *, keeps_coming: bool,
    ) -> None:  # fmt: skip
        self._engine, self._db, self._principal, self._definition = engine, db, principal, definition
        self._choices, self._keeps_coming = choices, keeps_coming
        self.saving = Saving(engine, db, principal, definition, draws=False, adds_children=True)
        self._children = Children(engine.registry, db, definition)
        self.done = Done("")
        self._serials = [n for n, one in definition.fields.items() if isinstance(one, Serial) and one.readonly]
        self._typed_only = [n for n, one in definition.fields.items() if one.write_only]
        self._touched: set[str] = set()

    def changesets(self, judged: Lines) -> Iterator[tuple[int, list[Op]]]:
        """(rows done, ops of one changeset)."""
        waiting: list[Op] = []
        for done, (line, id, old) in enumerate(self._chosen(judged)):
            if id in self._touched:
                yield done, self._closed(waiting)
                waiting, old = [], self._stored([id]).get(id)
            ops = self._decided(line, id, old)
            self._count(old, ops)
            again = [op for op in ops if op.id in self._touched]
            if self._keeps_coming and all(self.saving.is_foretold(op) for op in again):
                ops = _joined(waiting, ops, again)
            elif again:
                yield done, self._closed(waiting)
                waiting, ops = [], self.saving.ops(id, old, self._new)
            if len(waiting) + len(ops) > ROWS_MAX:
                yield done, self._closed(waiting, is_needed=False)
                waiting = []
            waiting += ops
            self._touched.update((id, *(op.id for op in ops)))
            if self._keeps_coming:
                self.saving.expect_of_others(ops)
            self._expect(id, old)
        if waiting:
            yield judged.count("good"), waiting

    def _closed(self, ops: list[Op], *, is_needed: bool = True) -> list[Op]:
        """Ops that are written before what comes: then what was looked up is old."""
        if self._keeps_coming and is_needed:
            raise _NeedsWritten
        if not self._keeps_coming:
            self._touched.clear()
        self.saving.forget(keep_coming=self._keeps_coming)
        return ops

    def _chosen(self, judged: Lines) -> Iterator[tuple[dict[str, Any], str, Values | None]]:
        """(line, id of its record, the record as it is) of the rows that are to be written."""
        for start in range(0, judged.count("good"), CHUNK):
            decided = [(line, self._choices.of(line)) for line in judged.page("good", start, CHUNK)]
            meant = {line["n"]: target_of(line, self._choices.rows) or "" for line, what in decided if what == "update"}
            olds = self._stored(list(meant.values())) if meant else {}
            for line, what in decided:
                if what == "skip":
                    self.done.leave(why_skipped(line))
                else:
                    id = meant.get(line["n"]) if what == "update" else line["id"]
                    yield line, str(id), self._old(line, str(id), olds) if what == "update" else None

    def _stored(self, ids: Sequence[str]) -> dict[str, Values]:
        found = stored(self._engine, self._db, self._principal, self._definition, ids)
        self.saving.rests.update({(self._definition.name, id): row["rev"] for id, row in found.items()})
        return found

    def _old(self, line: Mapping[str, Any], id: str, olds: Mapping[str, Values]) -> Values:
        if id not in olds:
            noun = self._definition.module.noun
            raise Invalid({"": f"第 {line['n']} 行要更新的{noun}刚被删除。没有导入任何一行，请重新检查"})
        return olds[id]

    def _decided(self, line: Mapping[str, Any], id: str, old: Values | None) -> list[Op]:
        values = self._values(line, old)
        self.saving.asked |= self._children.asked_of(values)
        faults = self._children.take(line["n"], old, values)
        self._new = self.saving.complete(old, values)
        try:
            if faults:
                raise Invalid(faults)
            self.saving.check(id, old, self._new, values)
        except (Invalid, NotFound) as error:
            raise Invalid({"": f"第 {line['n']} 行：{error}。没有导入任何一行，请重新检查"}) from error
        return self.saving.ops(id, old, self._new)

    def _expect(self, id: str, old: Values | None) -> None:
        if old is None:
            self.saving.expect(id, self._new)

    def _count(self, old: Values | None, ops: Sequence[Op]) -> None:
        if old is None:
            self.done.added += 1
        elif ops:
            self.done.changed += 1
        else:
            self.done.leave("unchanged")

    def _values(self, line: Mapping[str, Any], old: Values | None) -> Values:
        """What was read, without numbers that are drawn; secrets are made of what was typed only now."""
        values = {name: value for name, value in line["v"].items() if old is not None or name not in self._serials}
        for name in self._typed_only:
            if name in values:
                values[name] = self._definition.fields[name].parse(values[name])
        return values


def _joined(waiting: list[Op], ops: Sequence[Op], again: Sequence[Op]) -> list[Op]:
    """Ops of a changeset that touches each row once: what changes a row again goes into the op that waits."""
    left = list(ops)
    for op in again:
        at = next((place for place, one in enumerate(waiting) if (one.table, one.id) == (op.table, op.id)), None)
        if at is not None:
            first = waiting[at]
            waiting[at] = replace(first, set={**first.set, **op.set}, based_on={**op.based_on, **first.based_on})
            left.remove(op)
    return left
