"""A document on paper: what its declaration puts there, under the rights and masks of whoever prints it."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from sync_server.replication.changeset import Op, value_hash

from ...errors import NotFound
from .. import form, form_table, summing
from ..access import Principal, demand, scope_sql
from ..attachments import emblem_of, emblems, leading
from ..define import Right
from ..engine import Engine
from ..export import format_of
from ..fields import Field, Text
from ..numbering import machine_of
from ..paper import Column
from ..registry import Definition, targets_of
from ..rows import Values, fetch, labels
from ..saving import look, row_number
from . import approval, sample, templates
from .declare import STATES, Document, Party, Print
from .verbs import document_of, opened

_AMOUNTS = ("price", "money")
_NUMBERED = Column("行", "center", 34)
_WIDTH = 110
"""Of a column that lists have no width of."""

_AS_LAID_OUT = templates.Choice()

Progress = Callable[[int, int], None]
Shown = TypeVar("Shown")
"""A total, as a text or as a value."""

Picture = Callable[[str, int], Path | None]
"""Hash and size of a content → a small picture of it, if it is here."""


@dataclass(frozen=True)
class Paper:
    """A print of one document, ready to be put on paper."""

    title: str
    form: form.Form
    lines: int
    note: str = ""
    """What whoever prints should know."""
    cells: Sequence[Sequence[object]] = ()
    """The rows of the form as values, for spreadsheets; `formats` are Excel's number formats by column."""
    totals: Sequence[object] = ()
    formats: Sequence[str] = ()

    def write(self, target: Path, progress: Progress) -> int:
        """Returns the number of pages."""
        return form.write(target, self.form, lambda page: progress(page, page))

    def write_table(self, target: Path) -> None:
        """The same as a spreadsheet."""
        form_table.write(target, self.form, self.cells, self.totals, self.formats)


def paper_of(
    engine: Engine, principal: Principal, module: str, id: str, name: str, printed: str,
    picture: Picture = lambda sha256, size: None, choice: templates.Choice = _AS_LAID_OUT, right: Right = "print",
) -> Paper:  # fmt: skip
    """What a print, one that ships or one by a template, says of a document as it is now; `printed` is the line about
    when and by whom. Raises `Forbidden`, and `NotFound` for what there is no such print of."""
    definition, document, _ = document_of(engine, module)
    demand(principal, right, definition)
    shown = opened(engine, principal, module, id)
    with engine.db.read() as db:
        one, layout, note = _chosen(engine, db, principal, module, document, name, shown["row"])
        return _paper(engine, db, principal, module, one, layout, shown, printed, picture, note, choice)


def proof_of(
    engine: Engine, principal: Principal, module: str, name: str, raw: Any, id: str | None, printed: str,
    picture: Picture,
) -> Paper:  # fmt: skip
    """What a template that is being made would say: of a document, or of made-up data. Raises `Invalid` for what is
    wrong with it."""
    definition, document, lines = document_of(engine, module)
    demand(principal, "print", definition)
    one = next((each for each in document.prints if each.name == name), None)
    if one is None:
        raise NotFound("这种单据没有这一种打印")
    layout = templates.read_layout(engine, principal, definition, lines, one, raw)
    with engine.db.read() as db:
        kind = next(iter(one.titles))
        shown = opened(engine, principal, module, id) if id else sample.sheet(engine, db, principal, definition, kind)
        return _paper(engine, db, principal, module, one, layout, shown, printed, picture)


def newest(engine: Engine, principal: Principal, module: str, name: str) -> str | None:
    """The document made last that a print is for and that the user sees."""
    definition, document, _ = document_of(engine, module)
    one = next((each for each in document.prints if each.name == name), None)
    if one is None or not principal.may("view", module):
        return None
    kinds = [("", ())] if document.kind is None else [(f'"{document.kind}" = ?', (kind,)) for kind in one.titles]
    scope = scope_sql(engine.registry, definition, principal, module)
    with engine.db.read() as db:
        for text, params in kinds:
            every = [part for part in ("deleted_at IS NULL", text, scope.text if scope else "") if part]
            sql = f"SELECT id FROM {module} WHERE {' AND '.join(every)} ORDER BY row DESC LIMIT 1"
            if row := db.execute(sql, (*params, *(scope.params if scope else ()))).fetchone():
                return str(row[0])
    return None


def _chosen(
    engine: Engine, db: sqlite3.Connection, principal: Principal, module: str, document: Document, name: str,
    row: Mapping[str, Any],
) -> tuple[Print, templates.Layout | None, str]:  # fmt: skip
    """The print that is meant, its template, and what whoever prints should know."""
    if not name.startswith(templates.MARK):
        return _print(document, name, row), None, ""
    found = templates.one_of(engine, db, principal, name.removeprefix(templates.MARK))
    if found is None or found.module != module:
        raise NotFound("没有找到这个打印模板，可能已被删除")
    if found.layout is None:
        fallback = _fallback(document, found.base, row)
        return fallback, None, f"模板「{found.name}」不能用：{found.fault}。已改用自带的样式。"
    return _print(document, found.base, row), found.layout, ""


def _print(document: Document, name: str, row: Mapping[str, Any]) -> Print:
    kind = _kind(document, row)
    for one in document.prints:
        if one.name == name and kind in one.titles:
            return one
    raise NotFound("这种单据没有这一种打印")


def _fallback(document: Document, name: str, row: Mapping[str, Any]) -> Print:
    """What a template was made from, else the first print there is."""
    of_kind = [one for one in document.prints if _kind(document, row) in one.titles]
    if not of_kind:
        raise NotFound("这种单据没有这一种打印")
    return next((one for one in of_kind if one.name == name), of_kind[0])


def _paper(
    engine: Engine, db: sqlite3.Connection, principal: Principal, module: str, one: Print,
    layout: templates.Layout | None, shown: Mapping[str, Any], printed: str, picture: Picture, note: str = "",
    choice: templates.Choice = _AS_LAID_OUT,
) -> Paper:  # fmt: skip
    definition, document, lines = document_of(engine, module)
    layout = templates.chosen(one, layout or templates.shipped(one), lines, choice)
    laid_out = templates.laid_out(one, layout)
    made = _Making(engine, db, principal, definition, lines, document, laid_out, shown, layout)
    looks = _Looks(made, picture)
    whole = replace(
        made.whole(printed),
        logo=looks.logo() if layout.logo else None,
        pictures=looks.of_lines() if layout.pictures else (),
        seal=looks.seal() if layout.seal else None,
        seal_at=one.sealed or 0,
    )
    notes = list(filter(None, (note, *looks.notes)))
    return Paper(made.title, whole, len(shown["lines"]), "　".join(notes), *made.table())


def _kind(document: Document, row: Mapping[str, Any]) -> str:
    return str(row[document.kind]) if document.kind else ""


class _Looks:
    """The pictures of a print; `notes` say which are missing, and why."""

    def __init__(self, made: "_Making", picture: Picture) -> None:
        self._made, self._picture = made, picture
        self.notes: list[str] = []

    def logo(self) -> Path | None:
        """The logo of whose paper it is; the first picture among their files, where none was ever said to stand for
        something."""
        made, letterhead = self._made, self._made.one.letterhead
        if letterhead is None or not letterhead.logo:
            return None
        roles = [one.role for one in made.engine.definition(letterhead.module).module.emblems]
        said = emblems(made.db, letterhead.module, *roles)
        known = emblems(made.db, letterhead.module, letterhead.logo if said else "image")
        return next(filter(None, (self._picture(*one) for one in known)), None)

    def of_lines(self) -> Sequence[Path | None]:
        """What each line is about."""
        made, by = self._made, self._made.one.pictured
        if not by:
            return ()
        lines = made.shown["lines"]
        target = targets_of(made.line_definition.fields[by])[0]
        known = leading(made.engine, made.db, made.principal, target, {str(line[by]) for line in lines if line[by]})
        files = {id: self._picture(*one) for id, one in known.items()}
        if missing := sum(file is None for file in files.values()):
            noun = made.engine.definition(target).module.noun
            self.notes.append(f"有 {missing} 个{noun}的图片还没下载到本机，这次不印。")
        return [files.get(str(line[by])) for line in lines]

    def seal(self) -> Path | None:
        """The seal of whose paper it is, for who may set it, or where the document was approved."""
        made = self._made
        letterhead = made.one.letterhead
        if made.one.sealed is None or letterhead is None or not letterhead.seal:
            return None
        known = emblems(made.db, letterhead.module, letterhead.seal)
        emblem = emblem_of(made.engine, letterhead.module, letterhead.seal)
        if not known or emblem is None:
            return None
        if made.row["state"] != "posted":
            self.notes.append("没有过账的不盖章。")
        elif emblem.right and not (made.principal.has(emblem.right) or approval.is_approved(made.row)):
            right = made.engine.registry.specials[emblem.right].label
            self.notes.append(f"没有盖章：要有「{right}」权限，或者单据已经审批通过。")
        elif (file := self._picture(*known[0])) is None:
            self.notes.append(f"没有盖章：{emblem.label}的图片还没下载到本机。")
        else:
            return file
        return None


@dataclass
class _Making:
    """One print being made."""

    engine: Engine
    db: sqlite3.Connection
    principal: Principal
    definition: Definition
    line_definition: Definition
    document: Document
    one: Print
    shown: Mapping[str, Any]
    layout: templates.Layout

    @property
    def row(self) -> Values:
        row: Values = self.shown["row"]
        return row

    @property
    def title(self) -> str:
        """With its state, unless it counts: nobody takes a draft for the real thing."""
        title = self._filled(self.one.titles[_kind(self.document, self.row)])
        state = str(self.row["state"])
        words = "待审批" if approval.is_waiting(self.row) else STATES[state]
        return title if state == "posted" else f"{title}（{words}）"

    def whole(self, printed: str) -> form.Form:
        one = self.one
        letterhead = self._only(one.letterhead.module) if one.letterhead else {}
        names = one.letterhead.names.split() if one.letterhead else []
        columns = self._columns()
        return form.Form(
            paper=one.paper,
            title=self.title,
            number=str(self.row[self.definition.module.title] or ""),
            company=next((str(letterhead[name]) for name in names if letterhead.get(name)), ""),
            head=list(self._head()),
            parties=[(party.title, self._about(party)) for party in one.parties],
            columns=[column for column, _ in columns],
            rows=self._rows(columns),
            totals=self._totals(columns, lambda one, total: one.format(total, {})),
            sums=list(self._sums()),
            spelled=self._spelled(),
            notes=[pair for name in one.notes.split() if (pair := self._pair(name)) and pair[1]],
            terms=self._terms(),
            signs=one.signs,
            seals=one.seals,
            footer=str(letterhead.get(one.letterhead.footer) or "") if one.letterhead else "",
            printed=printed,
            above=self._filled(self.layout.above, templates.filled_lines),
            below=self._filled(self.layout.below, templates.filled_lines),
            copies=self.layout.copies,
            watermark=self._filled(self.layout.watermark).strip(),
            qr=str(self.row[self.definition.module.title] or "") if self.layout.qr else "",
        )

    def table(self) -> tuple[list[list[object]], list[object], list[str]]:
        """The rows and their totals as values, and how spreadsheets show them."""
        columns, known = self._columns(), self.shown["labels"]
        names = [name for _, name in columns]
        fields = self.line_definition.fields
        rows: list[list[object]] = [
            [fields[name].cell_in(line, name, known) if name else number for name in names]
            for number, line in enumerate(self.shown["lines"], 1)
        ]
        totals = self._totals(columns, lambda one, total: one.export(total, {}))
        return rows, totals, [format_of(fields[name]) if name else "0" for name in names]

    def _filled(self, text: str, fill: Callable[[str, templates.Known], str] = templates.filled) -> str:
        """With what its placeholders stand for; what the user may not see stands for nothing."""
        if "{" not in text:
            return text
        known = templates.placeholders(self.engine, self.definition, self.one, self.principal)
        return fill(text, lambda word: self._stands_for(*known[word]) if word in known else None)

    def _stands_for(self, module: str, name: str) -> str | None:
        if module == self.definition.name:
            pair = self._pair(name)
            return pair[1] if pair else None
        definition, row = self.engine.definition(module), self._only(module)
        known = labels(self.db, self.engine.registry, definition, [row]) if row else {}
        one = definition.fields[name]
        return one.words_in(row, name, known) or None if row and self._sees(one) else None

    # ------------------------------------------------------------------------------------------------------ the header

    def _sees(self, one: Field) -> bool:
        return self.principal.sees(one) and (self.one.prices or one.type not in _AMOUNTS)

    def _pair(self, name: str) -> form.Pair | None:
        field = self.definition.fields[name]
        if not self._sees(field):
            return None
        value, label = self.row[name], self.one.labels.get(name) or self._called.get(name, field.label)
        if name in self._turned:
            value, label = -value if value else value, self._turned[name]
        return label, field.words_in({**self.row, name: value}, name, self.shown["labels"])

    @property
    def _turned(self) -> Mapping[str, str]:
        return self.document.turned.get(_kind(self.document, self.row), {})

    @property
    def _called(self) -> Mapping[str, str]:
        return self.document.called.get(_kind(self.document, self.row), {})

    def _head(self) -> Iterator[list[form.Item]]:
        """Rows in which something stands."""
        for row in self.one.head:
            items = []
            for word in row.split():
                name, _, weight = word.partition(":")
                label, value = self._pair(name) or ("", "")
                items.append(form.Item(label if value else "", value, int(weight or 1)))
            if any(item.value for item in items):
                yield _closed_up(items)
        if self.one.machine:
            yield [form.Item(self.one.machine, machine_of(str(self.row[self.definition.module.title] or "")))]

    def _sums(self) -> Iterator[form.Pair]:
        for place, name in enumerate(self.one.sums.split()):
            pair = self._pair(name)
            if pair and (place == 0 or self.row[name]):
                yield pair

    def _spelled(self) -> form.Pair | None:
        spelled = self.one.spelled
        field = self.definition.fields[spelled.field] if spelled else None
        if spelled is None or field is None or not self._sees(field) or self.row[spelled.field] is None:
            return None
        return spelled.label or f"{field.label}（大写）", spelled.words(int(self.row[spelled.field]))

    # ------------------------------------------------------------------------------------------------------- the lines

    def _columns(self) -> list[tuple[Column, str]]:
        """Columns that the user sees, with their fields; sheets number their lines."""
        fields = self.line_definition.fields
        called = self.document.line_called.get(_kind(self.document, self.row), {})
        widths = dict(self.layout.columns)
        names = [name for name in self.one.columns.split() if self._sees(fields[name]) and self._says(name)]
        found = [(self._column(name, widths.get(name), called), name) for name in names]
        is_roll = form.FORMATS[self.one.paper].height is None
        return found if is_roll or not found else [(_NUMBERED, ""), *found]

    def _column(self, name: str, width: float | None, called: Mapping[str, str]) -> Column:
        one = self.line_definition.fields[name]
        return Column(called.get(name, one.label), one.align, width or one.width or _WIDTH)  # type: ignore[arg-type]

    def _says(self, name: str) -> bool:
        """Whether a column has anything to say."""
        nothing = (None, "", self.line_definition.fields[name].default)
        return any(line[name] not in nothing for line in self.shown["lines"])

    def _rows(self, columns: Sequence[tuple[Column, str]]) -> list[list[str]]:
        if not columns:
            return []
        return [
            [self._cell(name, line, number) for _, name in columns]
            for number, line in enumerate(self.shown["lines"], 1)
        ]

    def _cell(self, name: str, line: Values, number: int) -> str:
        if not name:
            return str(number)
        return self.line_definition.fields[name].words_in(line, name, self.shown["labels"])

    def _totals(
        self, columns: Sequence[tuple[Column, str]], shown: Callable[[Field, int], Shown]
    ) -> list[Shown | str]:  # fmt: skip
        """The sums of the columns that lists sum up, too, where all lines are alike in what such a sum asks for."""
        fields = self.line_definition.fields
        totals: list[Shown | str] = [
            shown(fields[name], sum(line[name] or 0 for line in self.shown["lines"]))
            if name and fields[name].sum and self._are_alike(fields[name].sum_within)
            else ""
            for _, name in columns
        ]
        if all(total == "" for total in totals) and not self._apart(columns):
            return []
        blank = [place for place, (column, _) in enumerate(columns) if column.align == "left" and totals[place] == ""]
        if blank:
            totals[blank[0]] = f"合计{self._apart(columns)}"
        return totals

    def _apart(self, columns: Sequence[tuple[Column, str]]) -> str:
        """What stands in several units, unit by unit."""
        fields, lines = self.line_definition.fields, self.shown["lines"]
        summed = [
            name
            for _, name in columns
            if name and fields[name].sum and type(fields.get(fields[name].sum_within)) is Text
        ]
        return "".join(f"（{words}）" for name in summed if (words := summing.apart(self.line_definition, name, lines)))

    def _are_alike(self, within: str) -> bool:
        return not within or len({line[within] for line in self.shown["lines"]}) < 2

    # ------------------------------------------------------------------------------------------------- other records

    def _only(self, module: str) -> Values:
        """The one row of a module."""
        definition = self.engine.definition(module)
        sql = f"SELECT row FROM {module} WHERE deleted_at IS NULL ORDER BY row LIMIT 1"
        numbers = [found[0] for found in self.db.execute(sql)]
        rows = fetch(self.db, self.engine.registry, definition, numbers, self.principal)
        return rows[0] if rows else {}

    def _about(self, party: Party) -> list[form.Pair]:
        """What is known of a party; of one that nothing is known of all that is to be filled in by hand."""
        if party.module:
            definition, row = self.engine.definition(party.module), self._only(party.module)
        else:
            definition, row = self._referred(party.by)
        known = labels(self.db, self.engine.registry, definition, [row]) if row else {}
        fields = [(name, definition.fields[name]) for name in party.fields.split()]
        shown = [
            (one.label, one.format(row[name], known) if row.get(name) is not None else "")
            for name, one in fields
            if self._sees(one)
        ]
        return [pair for pair in shown if pair[1].strip()] or shown

    def _referred(self, by: str) -> tuple[Definition, Values]:
        """The record a field of the header points at; of one that the user may not see, its title."""
        target = self.engine.definition(targets_of(self.definition.fields[by])[0])
        id = str(self.row[by] or "")
        number = row_number(self.engine, self.db, self.principal, target, id, deleted=False)
        if number is None or not self.principal.may("view", target.name):
            return target, {target.module.title: self.shown["labels"].get(id)}
        return target, fetch(self.db, self.engine.registry, target, [number], self.principal)[0]

    def _terms(self) -> list[str]:
        kept = self.one.terms
        row = self._only(kept.module) if kept else {}
        text = "\n".join(str(row.get(name) or "") for name in kept.fields.split()) if kept else ""
        return [line.strip() for line in text.splitlines() if line.strip()] or list(self.one.terms_else)


def _closed_up(items: Sequence[form.Item]) -> list[form.Item]:
    """A row without gaps: the last entry keeps its place, the one before it takes the room of those that are blank."""
    *others, last = items
    found = [item for item in others if item.value]
    room = sum(item.weight for item in others if not item.value)
    if not found:
        return [*others, last]
    return [*found[:-1], replace(found[-1], weight=found[-1].weight + room), last]


def count(engine: Engine, principal: Principal, module: str, id: str) -> None:
    """One more print of a document was put on paper or saved; a document that is gone meanwhile is left alone."""
    definition, document, _ = document_of(engine, module)
    if "print_count" not in document.after.split():
        return
    demand(principal, "print", definition)
    with engine.db.write() as db:
        row = look(engine, db, module, id)
        if row is None:
            return
        hashes = {"print_count": value_hash(row["print_count"])}
        op = Op(module, id, "upd", {"print_count": int(row["print_count"] or 0) + 1}, hashes)
        changed = engine.applier.local([op], actor=principal.operator, act=f"{module}.print")
    engine.tell(changed)
