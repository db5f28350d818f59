"""Rows of a file → documents: rows that say the same of the header are the lines of one (`Document.imports`).

A document is decided by the very rules of a save, and written like any import: piece by piece, a document each
(`running`), as one batch. Rows that say what is there already are left to whoever imports (`doubles`). Taking it back,
and stopping it half way, cancels what is posted, which nobody can delete, and deletes what is not."""

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import orjson

from sync_server.replication.changeset import Changeset, Op, value_hash

from ...errors import ApiError, BadRequest, Confirm, Invalid
from .. import aliases
from ..access import Principal, demand
from ..apply import context_of
from ..documents import approval, verbs
from ..documents.declare import Asking, Columns, Document, Imports
from ..documents.foretold import Foretold
from ..engine import Engine
from ..registry import Definition
from ..removal import whole_ops
from ..rows import Values
from ..settings import settings_of
from . import most, running, writing
from .doubles import Doubles
from .judging import BAD, GOOD, PLAIN, TWICE, WHOLE_ROW, Counts, DryRun, Progress
from .matching import demand_import
from .staging import Lines, packed
from .undoing import Undo, Undone
from .writing import Choices, Done, Prepared, checksums, why_skipped

LINES_MAX = 500
"""Of a document that a file makes: as long as it is written, whoever saves waits."""
_PAGE = 500
_NAMED_MAX = 5
POSTED, DRAFT, WAITING = "posted", "draft", "waiting"
_UNASKED = "。导入时不问，请改好，或把这一行单独录成单据"


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
        for some in (every[at : at + LINES_MAX] for at in range(0, len(every), LINES_MAX))
    ]


class _Deciding:
    """Sheets → ops, as a save decides them."""

    def __init__(self, engine: Engine, principal: Principal, definition: Definition) -> None:
        self._engine, self._principal, self._definition = engine, principal, definition
        self._document, self._imports = _about(definition)

    def ops(self, db: sqlite3.Connection, entry: verbs.Entry, foretold: Foretold) -> list[Op]:
        return verbs.new_ops(self._engine, db, self._principal, self._definition.name, entry, foretold)

    def foretold(self) -> Foretold:
        registry = self._engine.registry
        return Foretold(registry.definitions.keys() - registry.sent.keys())

    def entries(self, sheets: Sequence[_Sheet], progress: Progress) -> Iterator[verbs.Entry]:
        for place, sheet in enumerate(sheets):
            progress(place, len(sheets))
            yield self.entry(sheet)

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


def _faults(error: ApiError) -> Mapping[str, str]:
    """What is wrong with a document, by its cell; what a save would ask is not asked here."""
    if isinstance(error, Confirm):
        asked = [(error.places.get(one["name"], ""), one["text"]) for one in error.extra["questions"]]
        return {place: "；".join(text for at, text in asked if at == place) + _UNASKED for place, _ in asked}
    return error.fields if isinstance(error, Invalid) else {"": str(error)}


def _row_of(sheet: _Sheet, name: str) -> tuple[dict[str, Any], str]:
    """The row of the file that a fault is about, and the field; of the header the first."""
    is_of_line = name.startswith("lines.")
    line, _, field = name.removeprefix("lines.").partition(".") if is_of_line else ("0", "", name)
    return sheet.rows[int(line)], field


def _numbers(rows: Sequence[dict[str, Any]]) -> str:
    """Where they stand in the file; of many the first."""
    named = "、".join(str(row["n"]) for row in rows[:_NAMED_MAX])
    return f"{named} 等 {len(rows)}" if len(rows) > _NAMED_MAX else named


class Judge(DryRun):
    """That of documents."""

    def run(self, progress: Progress) -> Counts:
        rows = list(self._read())
        sheets = _sheets(self._definition, (row for row in rows if not row["e"]))
        if len(sheets) > most.DOCUMENTS:
            raise BadRequest(f"一次最多导入 {most.DOCUMENTS:,} 张单据，请分成几个文件")
        deciding = _Deciding(self._engine, self._principal, self._definition)
        entries = list(deciding.entries(sheets, lambda done, total: progress(done, 2 * total)))
        with self._engine.db.read() as db:
            self._compare(db, deciding, sheets, entries)
            for done, (sheet, entry) in enumerate(zip(sheets, entries, strict=True)):
                progress(len(sheets) + done, 2 * len(sheets))
                self._judge(db, deciding, sheet, deciding.answered(entry, sheet))
        with self._judged.writing() as writer:
            for row in rows:
                writer.add(row, [BAD] if row["e"] else [GOOD, TWICE if row["f"] or row["l"] else PLAIN])
        good, bad, twice = (self._judged.count(kind) for kind in (GOOD, BAD, TWICE))
        return Counts(len(rows), good, bad, twice, 0)

    def _compare(
        self, db: sqlite3.Connection, deciding: _Deciding, sheets: Sequence[_Sheet], entries: Sequence[verbs.Entry]
    ) -> None:  # fmt: skip
        """Each row with those before it, and with what is there."""
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
        count, allowed = 0, most.rows_of(self._definition)
        with self._engine.db.read() as db:
            reading = self._reading_of(db, whole)
            for count, (number, cells) in enumerate(self._data_rows(), 1):
                if count > allowed:
                    raise BadRequest(f"一次最多导入 {allowed:,} 行，请分成几个文件")
                values, wrong = reading.values(cells)
                more, also = reading.hanging_values(cells, values)
                found = {str(at): text for at, text in (wrong | also).items()}
                found = found or self._missing(values | more) or self._nothing(values)
                row = {"n": number, "id": "", "v": values | more, "e": found}
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

    def _nothing(self, values: Values) -> dict[str, str]:
        """A line of none of a thing moves nothing: lists from other programs are full of them, and none shall hold back
        the others of its document."""
        document = self._definition.module.document
        name = document.entry.get("qty", "") if document else ""
        one = self._definition.imported.get(name)
        if one is None or values.get(name) != 0:
            return {}
        return {self._columns.get(name, WHOLE_ROW): f"{one.label}是 0，这一行没有可导入的"}

    def _judge(self, db: sqlite3.Connection, deciding: _Deciding, sheet: _Sheet, entry: verbs.Entry) -> None:
        """What is wrong with a document, at the rows it is about; it is imported whole, or not at all."""
        if not any(row["e"] for row in sheet.rows):
            self._try(db, deciding, sheet, entry)
        bad = [row for row in sheet.rows if row["e"]]
        held = [row for row in sheet.rows if not row["e"]] if bad else []
        for row in held:
            row["e"] = {WHOLE_ROW: f"和第 {_numbers(bad)} 行是同一张单据，那里改好才能一起导入"}
        for row in bad if held else ():
            row["e"].setdefault(WHOLE_ROW, f"同一张单据的第 {_numbers(held)} 行也因此没有导入")

    def _try(self, db: sqlite3.Connection, deciding: _Deciding, sheet: _Sheet, entry: verbs.Entry) -> None:
        """What a save would say; of the header at the first row."""
        try:
            deciding.ops(db, entry, deciding.foretold())
            return
        except ApiError as error:
            for name, text in _faults(error).items():
                row, field = _row_of(sheet, name)
                row["e"].setdefault(self._columns.get(field, WHOLE_ROW), text)


class Commit(writing.Commit):
    """One import being written."""

    def _demand(self, choices: Choices) -> None:
        demand_import(self._principal, self._definition)
        demand(self._principal, "add", self._definition)

    def _undoing(self, batch: str) -> Undo:
        return DocumentUndo(self._engine, self._principal, self._definition, batch)

    def _prepared(self, judged: Lines, choices: Choices, progress: Progress) -> Prepared | None:
        """All documents; nothing when one rests on figures that those before it may change."""
        with self._engine.db.read() as db:
            deciding = self._deciding()
            sums, ctx, foretold = checksums(db), context_of(db), deciding.foretold()
            foretold.has_merged = bool(aliases.present(db, self._engine.registry.mergeable))
            sheets, done = self._chosen(judged, choices, deciding.state(db))
            parts = list[bytes]()
            for place, sheet in enumerate(sheets):
                progress(place, 2 * len(sheets))
                ops = self._decided(deciding, db, sheet, foretold)
                if foretold.is_of_figures:
                    return None
                foretold.decided(ops)
                parts.append(running.packed(ops))
        needs: dict[str, list[str]] = {}
        for module, id in (place for place, rev in foretold.rests.items() if rev is not None):
            needs.setdefault(module, []).append(id)
        return Prepared(done, parts, needs, ctx, foretold.rests, foretold.asked, sums, partial(_is_found, foretold))

    def _write_at_once(self, judged: Lines, choices: Choices, progress: Progress) -> None:
        """One document after the other inside one transaction."""
        telling, deciding = running.Telling(self._engine), self._deciding()
        with self._engine.db.bulk(), self._engine.db.write() as db:
            sheets, done = self._chosen(judged, choices, deciding.state(db))
            for place, sheet in enumerate(sheets):
                progress(place, len(sheets))
                telling.add(self._apply(db, self._decided(deciding, db, sheet, deciding.foretold())))
            self._done = replace(done, batch=self._done.batch)
            self._log(db, judged)
        telling.now()

    def _deciding(self) -> _Deciding:
        return _Deciding(self._engine, self._principal, self._definition)

    def _chosen(self, judged: Lines, choices: Choices, state: str) -> tuple[list[_Sheet], Done]:
        """What is to be imported, and what will be told of it."""
        rows, done = [], Done("", state=state)
        for row in self._good(judged):
            if choices.of(row) == "new":
                rows.append(row)
            else:
                done.leave(why_skipped(row))
        sheets = _sheets(self._definition, iter(rows))
        done.added = len(sheets)
        return sheets, done

    @staticmethod
    def _good(judged: Lines) -> Iterator[dict[str, Any]]:
        for start in range(0, judged.count(GOOD), _PAGE):
            yield from judged.page(GOOD, start, _PAGE)

    def _decided(
        self, deciding: _Deciding, db: sqlite3.Connection, sheet: _Sheet, foretold: Foretold
    ) -> list[Op]:  # fmt: skip
        try:
            return deciding.ops(db, deciding.answered(deciding.entry(sheet), sheet), foretold)
        except ApiError as error:
            self.is_old = True  # the next try is judged anew
            name, text = next(iter(_faults(error).items()))
            row = _row_of(sheet, name)[0]
            text = text.removesuffix(_UNASKED)
            raise Invalid({"": f"第 {row['n']} 行：{text}。没有导入任何一行，请重新检查"}) from error


def _is_found(foretold: Foretold, engine: Engine, db: sqlite3.Connection, touched: Collection[str]) -> bool:
    return foretold.is_still_found(verbs.asking_of(engine, db), touched)


class DocumentUndo(Undo):
    """Taking such an import back: what is posted is cancelled, a draft is deleted; what cannot go stays and is
    named."""

    def preview(self) -> Undone:
        """How many documents there are to take back; why one has to stay is found out only by trying."""
        with self._engine.db.read() as db:
            self._refuse(db)
            self._read(db)
            self._refuse_unwritten()
            for changeset in self._changesets(db):
                for row in self._standing(db, changeset):
                    self._undone.deleted += 1
                    self._undone.drafts += row["state"] == "draft"
        return self._undone

    def _steps(self, db: sqlite3.Connection, changeset: Changeset) -> Iterator[list[Op]]:
        for row in self._standing(db, changeset):
            try:
                yield from self._taken_back(db, row)
            except ApiError as error:
                self._undone.refuse(row["id"], str(row["number"] or ""), str(error))
                continue
            self._undone.deleted += 1
            self._undone.drafts += row["state"] == "draft"

    def _standing(self, db: sqlite3.Connection, changeset: Changeset) -> list[dict[str, Any]]:
        """What it added that is still there and counts, or may."""
        name = self._definition.name
        ids = [op.id for op in changeset.ops if op.table == name and op.kind == "ins"]
        sql = (
            f"SELECT * FROM {name} WHERE deleted_at IS NULL AND state != 'cancelled' "
            "AND id IN (SELECT value FROM json_each(?)) ORDER BY row"
        )
        return [dict(row) for row in db.execute(sql, (orjson.dumps(ids).decode(),)).fetchall()] if ids else []

    def _taken_back(self, db: sqlite3.Connection, row: dict[str, Any]) -> Iterator[list[Op]]:
        """A draft goes like any record that an import added: that needs no right to delete, as stopping an import
        needs none to cancel. What waits for approval is withdrawn first."""
        name, id = self._definition.name, str(row["id"])
        if row["state"] != "draft":
            if self._doing != running.STOPPING:
                demand(self._principal, "cancel", self._definition)
            yield verbs.cancel_ops(self._engine, db, self._principal, name, id, "撤销导入")
            return
        if approval.is_waiting(row):
            new = approval.withdrawn(row)
            yield [Op(name, id, "upd", new, {field: value_hash(row[field]) for field in new})]
        yield whole_ops(self._engine, db, self._definition, [id])


def undo_of(engine: Engine, principal: Principal, definition: Definition, batch: str) -> Undo:
    """Taking an import of documents or of records back."""
    made = DocumentUndo if definition.module.document else Undo
    return made(engine, principal, definition, batch)
