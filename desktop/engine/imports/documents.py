"""Rows of a file → documents: rows that say the same of the header are the lines of one (`Document.imports`).

A document is judged and saved by the very rules of a save: a dry run decides each and rolls back, an import writes all
in one transaction, or none; whoever saves waits for it, so it takes fewer rows than one of records. Rows that say what
is there already are left to whoever imports (`doubles`). Taking it back cancels what is posted, which nobody can
delete, and deletes what is not."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from sync_server.replication.changeset import Op, value_hash

from ...errors import ApiError, BadRequest, Confirm, Invalid
from ..access import Principal, demand
from ..apply import iso_of, opened
from ..documents import approval, verbs
from ..documents.declare import Asking, Columns, Document, Imports
from ..engine import Engine
from ..ids import new_id
from ..registry import Definition
from ..removal import whole_ops
from ..rows import Values
from ..settings import settings_of
from ..work import Changed
from . import running
from .doubles import Doubles
from .judging import BAD, GOOD, PLAIN, TWICE, WHOLE_ROW, Counts, Plan, Progress, data_rows
from .matching import demand_import
from .reading import Reading
from .staging import Lines, packed
from .undoing import Undo, Undone
from .writing import Choices, Done, log

ROWS_MAX, DOCUMENTS_MAX = 5_000, 1_000
"""At once: about ten seconds, for which whoever saves waits."""
_PAGE = 500
POSTED, DRAFT, WAITING = "posted", "draft", "waiting"
_UNASKED = "。导入时不问，请改好，或把这一行单独录成单据"


class _Undecided(Exception):
    """Ends the transaction of a dry run: nothing of it is kept."""


@dataclass(frozen=True)
class _Sheet:
    """What one document becomes: good lines of the file, in their order."""

    header: Values
    rows: Sequence[dict[str, Any]]


def _about(definition: Definition) -> tuple[Document, Imports]:
    document = definition.module.document
    assert document is not None and document.imports is not None  # the right to import is offered for nothing else
    return document, document.imports


def _sheets(definition: Definition, rows: Iterator[dict[str, Any]]) -> list[_Sheet]:
    """Rows by what they say of the header; without lines each is a document of its own."""
    document, imports = _about(definition)
    if not document.lines:
        return [_Sheet(dict(row["v"]), [row]) for row in rows]
    names, found = imports.header.split(), dict[bytes, list[dict[str, Any]]]()
    for row in rows:
        found.setdefault(orjson.dumps([row["v"].get(name) for name in names]), []).append(row)
    return [
        _Sheet({name: some[0]["v"][name] for name in names if name in some[0]["v"]}, some)
        for every in found.values()
        for some in (every[at : at + verbs.LINES_MAX] for at in range(0, len(every), verbs.LINES_MAX))
    ]


class _Deciding:
    """Sheets → ops, as a save decides them."""

    def __init__(self, engine: Engine, principal: Principal, definition: Definition) -> None:
        self._engine, self._principal, self._definition = engine, principal, definition
        self._document, self._imports = _about(definition)

    def ops(self, db: sqlite3.Connection, entry: verbs.Entry) -> list[Op]:
        return verbs.new_ops(self._engine, db, self._principal, self._definition.name, entry, new_id())

    def said(self, entry: verbs.Entry, asking: Asking) -> list[Columns]:
        """What each line will say, with its header, as columns: a save fills in what this user does not see."""
        names, definition = self._imports.lines.split(), self._engine.registry.lines_of(self._document)
        header = verbs.readable(self._definition, entry.values)
        lines = [verbs.readable(definition, line) for line in entry.lines] if names else []
        self._document.complete(header, lines, asking)
        return [header | _of(line, names) for line in lines] if names else [header]

    def entry(self, sheet: _Sheet) -> verbs.Entry:
        """With what a sheet on screen would fill in by itself; what stands in the file stays."""
        given = {**self._imports.given, **sheet.header}
        names = self._imports.lines.split()
        lines = [{name: row["v"][name] for name in names if name in row["v"]} for row in sheet.rows]
        kind = self._document.kind
        worked = verbs.work_out(
            self._engine, self._principal, self._definition.name, given, lines, (None, kind) if kind else None
        )
        filled = zip(worked["lines"], lines, strict=True)
        return verbs.Entry(
            {**_said(worked["values"]), **given}, [{**_said(line), **own} for line, own in filled],
            post=self._principal.may("post", self._definition.name),
        )  # fmt: skip

    def answered(self, entry: verbs.Entry, sheet: _Sheet) -> verbs.Entry:
        """With a yes to what is asked of rows that are known to be like others."""
        is_like = any(row["f"] or row["l"] for row in sheet.rows)
        return replace(entry, confirmed=frozenset(self._imports.asks.split())) if is_like else entry

    def state(self, db: sqlite3.Connection) -> str:
        """What becomes of its documents: they are posted, or wait for approval, or stay drafts."""
        name = self._definition.name
        if not self._principal.may("post", name):
            return DRAFT
        return WAITING if self._engine.registry.needs_approval(name, settings_of(db)) else POSTED


def _of(columns: Columns, names: Sequence[str]) -> Columns:
    return {name: columns.get(name) for name in names}


def _said(values: Values) -> Values:
    """Without what is blank: there a save puts its defaults."""
    return {name: value for name, value in values.items() if value is not None}


class Judge:
    """One dry run."""

    def __init__(
        self, engine: Engine, principal: Principal, definition: Definition, plan: Plan, rows: Path, judged: Lines
    ) -> None:
        self._engine, self._principal, self._definition = engine, principal, definition
        self._plan, self._rows, self._judged = plan, rows, judged
        self._columns = {name: str(index) for index, name in plan.columns.items()}

    def run(self, progress: Progress) -> Counts:
        """What it found lies in `judged`."""
        rows = list(self._read())
        sheets = _sheets(self._definition, (row for row in rows if not row["e"]))
        if len(sheets) > DOCUMENTS_MAX:
            raise BadRequest(f"一次最多导入 {DOCUMENTS_MAX:,} 张单据，请分成几个文件")
        deciding = _Deciding(self._engine, self._principal, self._definition)
        entries = [deciding.entry(sheet) for sheet in sheets]
        self._compare(deciding, sheets, entries)
        for done, (sheet, entry) in enumerate(zip(sheets, entries, strict=True)):
            progress(done, len(sheets))
            self._judge(deciding, sheet, deciding.answered(entry, sheet))
        with self._judged.writing() as writer:
            for row in rows:
                writer.add(row, [BAD] if row["e"] else [GOOD, TWICE if row["f"] or row["l"] else PLAIN])
        good, bad, twice = (self._judged.count(kind) for kind in (GOOD, BAD, TWICE))
        return Counts(len(rows), good, bad, twice, 0)

    def _compare(self, deciding: _Deciding, sheets: Sequence[_Sheet], entries: Sequence[verbs.Entry]) -> None:
        """Each row with those before it, and with what is there."""
        with self._engine.db.read() as db:
            asking = verbs.asking_of(self._engine, db)
            told = [
                (row, said)
                for sheet, entry in zip(sheets, entries, strict=True)
                for row, said in zip(sheet.rows, deciding.said(entry, asking), strict=True)
            ]
            doubles = Doubles(self._engine, db, self._principal, self._definition)
            for row, said in sorted(told, key=lambda one: int(one[0]["n"])):
                if fault := doubles.look(row, said):
                    row["e"][self._columns.get(fault[0], WHOLE_ROW)] = fault[1]

    def _read(self) -> Iterator[dict[str, Any]]:
        whole = replace(self._definition, module=replace(self._definition.module, fields=self._definition.imported))
        document, _ = _about(self._definition)
        count, most = 0, ROWS_MAX if document.lines else DOCUMENTS_MAX
        with self._engine.db.read() as db:
            reading = Reading(
                self._engine, db, self._principal, whole, self._plan.columns, from_1904=self._plan.from_1904
            )
            for count, (number, cells) in enumerate(data_rows(self._rows, self._plan.head), 1):
                if count > most:
                    raise BadRequest(f"一次最多导入 {most:,} 行，请分成几个文件")
                values, wrong = reading.values(cells)
                more, also = reading.hanging_values(cells, values)
                found = {str(at): text for at, text in (wrong | also).items()}
                row = {"n": number, "id": "", "v": values | more, "e": found or self._missing(values | more)}
                # as it comes back from the file of judged lines
                yield row | {"f": None, "c": orjson.loads(packed(cells)), "s": None, "l": []}
        if not count:
            raise BadRequest("表头下面没有要导入的行。请看看选的是不是这张表、这一行表头")

    def _missing(self, values: Values) -> dict[str, str]:
        return {
            self._columns.get(name, WHOLE_ROW): f"请填写「{one.label}」"
            for name, one in self._definition.imported.items()
            if one.required and one.default is None and values.get(name) is None
        }

    def _judge(self, deciding: _Deciding, sheet: _Sheet, entry: verbs.Entry) -> None:
        """What is wrong with a document, at the rows it is about; it is imported whole, or not at all."""
        if not any(row["e"] for row in sheet.rows):
            self._try(deciding, sheet, entry)
        if any(row["e"] for row in sheet.rows):
            for row in sheet.rows:
                row["e"] = row["e"] or {WHOLE_ROW: f"和第 {self._first_bad(sheet)} 行是同一张单据，那一行有误"}

    def _try(self, deciding: _Deciding, sheet: _Sheet, entry: verbs.Entry) -> None:
        """What a save would say; of the header at the first row."""
        try:
            with self._engine.db.write() as db:
                deciding.ops(db, entry)
                raise _Undecided
        except _Undecided:
            return
        except Confirm as error:
            faults = {"": "；".join(one["text"] for one in error.extra["questions"]) + _UNASKED}
        except Invalid as error:
            faults = error.fields
        except ApiError as error:
            faults = {"": str(error)}
        for name, text in faults.items():
            is_of_line = name.startswith("lines.")
            line, _, field = name.removeprefix("lines.").partition(".") if is_of_line else ("0", "", name)
            row = sheet.rows[int(line)]
            row["e"].setdefault(self._columns.get(field, WHOLE_ROW), text)

    @staticmethod
    def _first_bad(sheet: _Sheet) -> int:
        return next(int(row["n"]) for row in sheet.rows if row["e"])


class Commit:
    """One import being written: all of it in one transaction."""

    def __init__(self, engine: Engine, principal: Principal, definition: Definition, name: str) -> None:
        self._engine, self._principal, self._definition, self._name = engine, principal, definition, name
        self.is_old = False
        self.stayed: Undone | None = None

    def run(self, judged: Lines, choices: Choices, progress: Progress) -> Done:
        """Raises `Invalid` naming the row of what can no longer be saved; then nothing was written."""
        demand_import(self._principal, self._definition)
        demand(self._principal, "add", self._definition)
        rows = [row for row in self._good(judged) if choices.of(row) == "new"]
        left_out = judged.count(BAD) + judged.count(GOOD) - len(rows)
        done, telling = Done(new_id(), left_out=left_out), running.Telling(self._engine)
        deciding = _Deciding(self._engine, self._principal, self._definition)
        sheets = _sheets(self._definition, iter(rows))
        entries = [deciding.answered(deciding.entry(sheet), sheet) for sheet in sheets]  # before anybody has to wait
        with running.turn(self._engine, progress), self._engine.db.write() as db:
            done.state = deciding.state(db)
            for place, (sheet, entry) in enumerate(zip(sheets, entries, strict=True)):
                progress(place, len(sheets))
                ops = self._decided(deciding, db, sheet, entry)
                telling.add(self._engine.applier.local(
                    ops, actor=self._principal.operator, act=f"{self._definition.name}.import", batch=done.batch
                ))  # fmt: skip
            done.added = len(sheets)
            log(db, self._engine, self._principal, self._definition, self._name, done)
        telling.now()
        return done

    @staticmethod
    def _good(judged: Lines) -> Iterator[dict[str, Any]]:
        for start in range(0, judged.count(GOOD), _PAGE):
            yield from judged.page(GOOD, start, _PAGE)

    def _decided(
        self, deciding: _Deciding, db: sqlite3.Connection, sheet: _Sheet, entry: verbs.Entry
    ) -> list[Op]:  # fmt: skip
        try:
            return deciding.ops(db, entry)
        except ApiError as error:
            self.is_old = True  # the next try is judged anew
            raise Invalid({"": f"第 {sheet.rows[0]['n']} 行起的单据：{error}。没有导入任何一行，请重新检查"}) from error


class DocumentUndo(Undo):
    """Taking such an import back: what is posted is cancelled, a draft is deleted."""

    def preview(self) -> Undone:
        """How many documents there are to take back; why one has to stay is found out only by trying."""
        self.refuse()
        undone, states = Undone(), [about["state"] for about in self._states().values()]
        undone.deleted, undone.drafts = len(states), states.count("draft")
        return undone

    def run(self, progress: Progress) -> Undone:
        """One document after the other: what cannot go stays and is named. In the turn of imports, so that two who take
        it back do not find it half gone."""
        with running.turn(self._engine, progress):
            self.refuse()
            undone, found = Undone(), self._states()
            for place, (id, about) in enumerate(found.items()):
                progress(place, len(found))
                try:
                    undone.drafts += self._take_back(id, about["state"])
                    undone.deleted += 1
                except ApiError as error:
                    undone.refuse(id, about["number"], str(error))
            if undone.deleted or not found:
                with self._engine.db.write() as db:
                    at = iso_of(self._engine.applier.now_ms())
                    db.execute("UPDATE import_log SET undone_at = ? WHERE batch = ?", (at, self._batch))
        return undone

    def _take_back(self, id: str, state: str) -> bool:
        """Whether it was a draft."""
        if state != "draft":
            verbs.cancel(self._engine, self._principal, self._definition.name, id, "撤销导入")
            return False
        with self._engine.db.write() as db:
            self._drop(db, id)
        self._engine.tell(self._changed)
        return True

    def _drop(self, db: sqlite3.Connection, id: str) -> None:
        """A draft goes like any record that an import added: that needs no right to delete. What waits for approval is
        withdrawn first."""
        name, self._changed = self._definition.name, Changed()
        row = dict(db.execute(f"SELECT * FROM {name} WHERE id = ?", (id,)).fetchone())
        if row["deleted_at"] or row["state"] != "draft":
            raise BadRequest("刚有人动过，请再撤销一次")
        if approval.is_waiting(row):
            new = approval.withdrawn(row)
            self._apply(Op(name, id, "upd", new, {field: value_hash(row[field]) for field in new}))
        self._apply(*whole_ops(self._engine, db, self._definition, [id]))

    def _apply(self, *ops: Op) -> None:
        act = f"{self._definition.name}.{running.UNDO_ACT}"
        self._changed.join(self._engine.applier.local(list(ops), actor=self._principal.operator, act=act))

    def _states(self) -> Mapping[str, Mapping[str, str]]:
        """What is still there of it and counts, or may: number and state by id."""
        with self._engine.db.read() as db:
            bodies = db.execute("SELECT body FROM changeset WHERE batch = ?", (self._batch,)).fetchall()
            ops = (op for (body,) in bodies for op in opened(body)["ops"])
            ids = [op["id"] for op in ops if op["t"] == self._definition.name and op["k"] == "ins"]
            sql = (
                f"SELECT id, number, state FROM {self._definition.name} WHERE deleted_at IS NULL AND "
                "state != 'cancelled' AND id IN (SELECT value FROM json_each(?)) ORDER BY row"
            )
            rows = db.execute(sql, (orjson.dumps(ids).decode(),)).fetchall()
            return {row["id"]: {"number": str(row["number"] or ""), "state": row["state"]} for row in rows}
