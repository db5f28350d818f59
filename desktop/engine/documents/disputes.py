"""What somebody has to decide about a document, in words, and his answers: what counts stays, or the other version
becomes the next one (sync.md B4). `rivals` says what there is to decide, `Work` keeps it beside the documents."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sync_server.replication.changeset import Op, value_hash

from ...errors import BadRequest, Forbidden, NotFound
from ..access import Principal, demand
from ..engine import Engine
from ..fields import Field, Ref
from ..registry import Definition
from ..removal import delete_ops
from ..rows import Values, labels
from ..saving import row_number
from ..work import Work
from .declare import Columns, Document, Sheet
from .project import chain_of, draft_of
from .rivals import LATE, Draft, Late, late_of
from .showing import presented
from .versions import TABLE, Chain, Version

KEPT, TAKEN = 1, 2
LISTED_MAX = 200
_UNSEEN = "两边的价格或金额不同，您看不到，请由看得到价格的同事处理"
_GONE = "没有找到这处冲突，可能已由别人处理"


@dataclass(frozen=True)
class Side:
    """Who said something, and when."""

    actor: str
    at: str
    machine: str


@dataclass(frozen=True)
class Dispute:
    """A question about one document: `what` is the version that lost, or `LATE`."""

    engine: Engine
    db: sqlite3.Connection
    definition: Definition
    document: Document
    id: str
    what: str
    chain: Chain
    draft: Draft

    @property
    def key(self) -> str:
        """What it is called outside."""
        return self.what if self.what != LATE else f"{LATE}.{self.id}"

    @property
    def line_definition(self) -> Definition:
        return self.engine.registry.lines_of(self.document)

    @cached_property
    def version(self) -> Version | None:
        return next((one for one in self.chain.versions if one.id == self.what), None)

    @cached_property
    def late(self) -> Late:
        return late_of(self.draft, self.chain)

    @property
    def now(self) -> Sheet:
        return self.chain.shown.sheet

    @cached_property
    def other(self) -> Sheet:
        """What it would say; what is edited freely after posting stays as it is."""
        sheet = self.version.sheet if self.version else self.document.work_out(self.late.laid_over(self.now))
        merged, covered = self.draft.header.merged, self.draft.names
        beside = {name: merged.get(name) for name in self.definition.column_names if name not in covered}
        return Sheet(sheet.header | beside, sheet.lines)

    @property
    def is_cancelled(self) -> bool:
        return self.chain.winner.state == "cancelled"

    @property
    def winner(self) -> Side:
        one = self.chain.winner
        return Side(one.by, one.at, one.machine)

    @cached_property
    def loser(self) -> Side:
        if self.version:
            return Side(self.version.by, self.version.at, self.version.machine)
        return max((*self._writers(),), key=lambda one: one.at, default=self.winner)

    def _writers(self) -> Iterator[Side]:
        """Who wrote what came too late."""
        late, lines = self.late, self.document.lines
        if late.header:
            yield from self._wrote(self.definition.name, self.id, late.header)
        for id, columns in late.lines.items():
            yield from self._wrote(lines, id, columns)
        for row in late.added:
            sql = f"SELECT created_by, created_at, machine FROM {lines} WHERE id = ?"
            yield from (Side(*found) for found in self.db.execute(sql, (row["id"],)))
        for id in late.dropped:
            yield from self._wrote(lines, id, ())

    def _wrote(self, table: str, id: str, columns: Collection[str]) -> Iterator[Side]:
        sql = (
            "SELECT h.actor, h.at, COALESCE(r.code, '') FROM history h JOIN replica r ON r.no = h.r WHERE h.t = ? "
            "AND h.id = ? AND (h.kind = 'del' OR EXISTS (SELECT 1 FROM json_each(h.changes) WHERE key = ?)) "
            "ORDER BY h.hlc DESC LIMIT 1"
        )
        for name in columns or ("",):
            yield from (Side(*found) for found in self.db.execute(sql, (table, id, name)))

    # ------------------------------------------------------------------------------------------------------- answers

    def ops(self, answer: int, more: Sheet | None = None) -> list[Op]:
        """What is written with an answer; `more` is the version that was made of it."""
        if self.version:
            return [Op(TABLE, self.what, "upd", {"answered": answer}, {"answered": value_hash(None)})]
        late = late_of(self.draft, self.chain, *([more] if more else []))
        shown = more or self.now
        ops = list(_said(self.definition, self.id, self.draft.header.merged, shown.header, late.header))
        merged = {str(row.merged["id"]): row.merged for row in self.draft.lines}
        lines = {str(line["id"]): line for line in shown.lines}
        for id, columns in late.lines.items():
            # A line that what counts does not have shows nothing: it says again what some version said.
            ops += _said(self.line_definition, id, merged[id], lines.get(id) or self._once(id), columns)
        ops += delete_ops(self.engine, self.db, self.document.lines, [str(one["id"]) for one in late.added])
        return ops + [Op(self.document.lines, id, "undel") for id in sorted(late.dropped)]

    def _once(self, id: str) -> Columns:
        """A line as some version had it."""
        sheets = (one.sheet for one in reversed(self.chain.versions))
        return next((line for sheet in sheets for line in sheet.lines if line["id"] == id), {})


def _said(definition: Definition, id: str, merged: Columns, wanted: Columns, names: Iterable[str]) -> Iterator[Op]:
    """Columns set to what counts, whole units at a time."""
    units = {definition.unit_of[name] for name in names}
    given = {name: wanted.get(name) for name, unit in definition.unit_of.items() if unit in units}
    if given:
        yield Op(definition.name, id, "upd", given, {name: value_hash(merged.get(name)) for name in given})


# ----------------------------------------------------------------------------------------------------------- questions


def find(engine: Engine, db: sqlite3.Connection, principal: Principal, key: str) -> Dispute | None:
    """A question that is still open, about a document the user may see."""
    what, _, id = key.partition(".")
    sql = "SELECT t, id, what FROM dispute WHERE what = ? AND (what != ? OR id = ?)"
    row = db.execute(sql, (what, LATE, id)).fetchone()
    return _read(engine, db, principal, *row) if row else None


def _read(
    engine: Engine, db: sqlite3.Connection, principal: Principal, module: str, id: str, what: str
) -> Dispute | None:
    definition = engine.registry.definitions.get(module)
    document = definition.module.document if definition else None
    if definition is None or document is None or not _may_see(engine, db, principal, definition, id):
        return None
    work = Work(db, engine.registry)
    chain = chain_of(work, id)
    if chain is None or not chain.is_whole:
        return None
    return Dispute(engine, db, definition, document, id, what, chain, draft_of(work, module, id))


def _may_see(engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, id: str) -> bool:
    may = principal.may("view", definition.name)
    return may and row_number(engine, db, principal, definition, id, deleted=False) is not None


def count(engine: Engine, db: sqlite3.Connection, principal: Principal) -> int:
    """How many questions the user may see."""
    rows = db.execute("SELECT t, id FROM dispute LIMIT 20000").fetchall()
    known = engine.registry.definitions
    return sum(t in known and _may_see(engine, db, principal, known[t], id) for t, id in rows)


def of_document(engine: Engine, db: sqlite3.Connection, module: str, id: str) -> list[dict[str, str]]:
    """What is open about a document that is being shown: {id, version}."""
    rows = db.execute("SELECT what FROM dispute WHERE t = ? AND id = ?", (module, id)).fetchall()
    return [
        {"id": what if what != LATE else f"{LATE}.{id}", "version": what if what != LATE else ""} for (what,) in rows
    ]


def listed(
    engine: Engine, db: sqlite3.Connection, principal: Principal, names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """All that the user may see, as the screens show them. `names` are operators by id."""
    rows = db.execute("SELECT t, id, what FROM dispute ORDER BY t, id, what").fetchall()
    found = (_read(engine, db, principal, *row) for row in rows)
    return [_public(one, principal, names) for one in found if one is not None][:LISTED_MAX]


def _public(one: Dispute, principal: Principal, names: Mapping[str, str]) -> dict[str, Any]:
    now, other = _spoken(one, principal)
    is_unseen = _is_unseen(one, principal)
    words = "已作废" if one.is_cancelled else f"第 {one.chain.shown.version} 版"
    said = f"第 {one.version.version} 版" if one.version else "草稿的改动"
    sides = [
        {
            "side": side, "actor": names.get(by.actor, "") or "另一台机器", "machine": by.machine, "at": by.at,
            "is_me": by.actor == principal.operator, "value": None, "text": text,
        }
        for side, by, text in (("winner", one.winner, words), ("loser", one.loser, said))
    ]  # fmt: skip
    return {
        "id": one.key, "module": one.definition.name, "noun": one.definition.noun_of(one.now.header), "record": one.id,
        "title": str(one.now.header.get(one.definition.module.title) or "") or "无标题", "field": "",
        "label": "没有生效的一版" if one.version else "过账以后才收到的改动", "type": "", "is_flag": True,
        "state": "open",
        "base": {"known": False, "value": None, "text": "", "at": None, "actor": ""}, "sides": sides,
        "now": {"value": None, "text": words}, "can_take": False, "is_life": False,
        "document": {
            "why": f"{_why(one)}。{_UNSEEN}" if is_unseen else _why(one),
            "is_cancelled": one.is_cancelled, "next": one.chain.shown.version + 1,
            "differences": list(_differences(one, now, other)),
            "may": not is_unseen and principal.may("edit", one.definition.name)
            and principal.may("post", one.definition.name)
            and (not one.is_cancelled or principal.may("add", one.definition.name)),
            "may_keep": not is_unseen and principal.may("edit", one.definition.name),
        },
    }  # fmt: skip


def _why(one: Dispute) -> str:
    noun = one.definition.noun_of(one.now.header)
    if one.version is None:
        return f"这张{noun}过账以后，才收到别处对草稿的改动"
    if one.is_cancelled:
        return f"这张{noun}已作废，别处不知道，又改了一版"
    if one.version.base is None:
        return f"两处各自把这张{noun}的草稿过账，内容不同"
    return f"两处各自改了这张{noun}"


# --------------------------------------------------------------------------------------------------------- differences


@dataclass(frozen=True)
class _Spoken:
    """A sheet as people read it."""

    header: Values
    lines: Sequence[Values]
    titles: Mapping[str, str]

    def text(self, one: Field, row: Values, name: str) -> str:
        return one.format(row.get(name), self.titles) or "（空）"


def _spoken(one: Dispute, principal: Principal) -> tuple[_Spoken, _Spoken]:
    found = []
    for sheet in (one.now, one.other):
        (header,) = presented(one.engine, one.db, one.definition, [sheet.header], principal)
        lines = presented(one.engine, one.db, one.line_definition, sheet.lines, principal)
        known = labels(one.db, one.engine.registry, one.definition, [header])
        known |= labels(one.db, one.engine.registry, one.line_definition, lines)
        rows = [row | {"id": line["id"]} for row, line in zip(lines, sheet.lines, strict=True)]
        found.append(_Spoken(header, rows, known))
    return found[0], found[1]


def _differences(one: Dispute, now: _Spoken, other: _Spoken) -> Iterator[dict[str, str]]:
    """{where, label, now, other} of what a person would see."""
    for name, field in _head_fields(one).items():
        if now.header.get(name) != other.header.get(name):
            texts = now.text(field, now.header, name), other.text(field, other.header, name)
            yield {"where": "", "label": field.label, "now": texts[0], "other": texts[1]}
    fields = _line_fields(one)
    mine = {row["id"]: row for row in now.lines}
    theirs = {row["id"]: row for row in other.lines}
    for place, id in enumerate(dict.fromkeys((*mine, *theirs))):
        where = f"第 {place + 1} 行　{_title(one, now, mine.get(id)) or _title(one, other, theirs.get(id))}".strip()
        yield from _line_differences(fields, where, (now, mine.get(id)), (other, theirs.get(id)))


def _line_differences(
    fields: Mapping[str, Field], where: str, now: tuple[_Spoken, Values | None], other: tuple[_Spoken, Values | None]
) -> Iterator[dict[str, str]]:
    a, b = now[1], other[1]
    if a is None or b is None:
        plain = {name: field for name, field in fields.items() if not isinstance(field, Ref)}
        yield {"where": where, "label": "这一行", "now": _whole(plain, *now), "other": _whole(plain, *other)}
        return
    for name, field in fields.items():
        if a.get(name) != b.get(name):
            texts = now[0].text(field, a, name), other[0].text(field, b, name)
            yield {"where": where, "label": field.label, "now": texts[0], "other": texts[1]}


def _whole(fields: Mapping[str, Field], sheet: _Spoken, row: Values | None) -> str:
    if row is None:
        return "没有"
    return "，".join(
        f"{one.label} {one.format(row[name], sheet.titles)}"
        for name, one in fields.items()
        if row.get(name) is not None
    )


def _title(one: Dispute, sheet: _Spoken, row: Values | None) -> str:
    definition = one.line_definition
    name = definition.module.title
    return definition.fields[name].format(row.get(name), sheet.titles) if row and row.get(name) else ""


def _head_fields(one: Dispute) -> dict[str, Field]:
    """What people type in the header, and the sums at its foot."""
    document, fields = one.document, one.definition.fields
    out = {*document.after.split(), *document.stands.split()}
    foot = document.foot.split()
    return {
        name: field
        for name, field in fields.items()
        if name not in out
        and not field.hidden
        and (name in foot or name == one.definition.module.title or not (field.calc or field.readonly))
    }


def _line_fields(one: Dispute) -> dict[str, Field]:
    columns = one.document.line_columns.split()
    fields = one.line_definition.fields
    return {name: fields[name] for name in columns if not fields[name].readonly or fields[name].type == "money"}


# ------------------------------------------------------------------------------------------------------------- answers


def _is_unseen(one: Dispute, principal: Principal) -> bool:
    """Whether the two differ in what somebody typed that this user does not see: then it is not his to decide."""
    header, line = _unseen(one.definition, principal), _unseen(one.line_definition, principal)
    mine = {str(row["id"]): row for row in one.now.lines}
    theirs = {str(row["id"]): row for row in one.other.lines}
    pairs = [(one.now.header, one.other.header, header)]
    pairs += [(mine.get(id, {}), theirs.get(id, {}), line) for id in mine | theirs]
    return any(a.get(name) != b.get(name) for a, b, names in pairs for name in names)


def _unseen(definition: Definition, principal: Principal) -> list[str]:
    fields = definition.fields.items()
    return [c.name for name, field in fields if not (field.calc or principal.sees(field)) for c in field.columns(name)]


def _refuse_unseen(one: Dispute, principal: Principal) -> None:
    if _is_unseen(one, principal):
        raise Forbidden(_UNSEEN)


def is_open(engine: Engine, key: str) -> bool:
    """Whether this names a question about a document."""
    what, _, id = key.partition(".")
    with engine.db.read() as db:
        sql = "SELECT 1 FROM dispute WHERE what = ? AND (what != ? OR id = ?)"
        return db.execute(sql, (what, LATE, id)).fetchone() is not None


def keep(engine: Engine, principal: Principal, key: str) -> None:
    """What counts stays; nobody is asked again. Raises `NotFound` where it is no longer open."""
    with engine.db.write() as db:
        one = find(engine, db, principal, key)
        if one is None:
            raise NotFound(_GONE)
        demand(principal, "edit", one.definition)
        _refuse_unseen(one, principal)
        act = f"{one.definition.name}.edit"
        changed = engine.applier.local(one.ops(KEPT), actor=principal.operator, act=act)
    engine.tell(changed)


def made_under(engine: Engine, db: sqlite3.Connection, principal: Principal, key: str) -> Columns:
    """The rules a lost sheet was made under, which nobody types: a document that is made of it goes by them too."""
    one = find(engine, db, principal, key)
    fields = one.definition.fields.items() if one else ()
    names = [name for name, field in fields if field.readonly and field.hidden and not field.calc]
    return {name: one.other.header.get(name) for name in names} if one else {}


def taken(
    engine: Engine, db: sqlite3.Connection, principal: Principal, key: str, module: str, id: str | None, sheet: Sheet
) -> list[Op]:
    """The answer that comes with a saved sheet: the next version of its document, or a new one where it is
    cancelled."""
    one = find(engine, db, principal, key)
    if one is None:
        raise NotFound(_GONE)
    if one.definition.name != module or (id or one.id) != one.id or one.is_cancelled != (id is None):
        raise BadRequest("这处冲突不是这张单据的")
    demand(principal, "post", one.definition)
    _refuse_unseen(one, principal)
    return one.ops(TAKEN, None if id is None else sheet)
