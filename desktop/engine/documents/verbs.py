"""The verbs on documents: open, work out, save, post, change, cancel. Decides; `apply` writes."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, partial
from itertools import chain, islice
from typing import Any

from sync_server.replication.changeset import Op, Scalar, value_hash

from ...errors import BadRequest, Confirm, Forbidden, Invalid, NotFound, Stale, all_of
from ..access import Principal, actions, demand, scope_sql
from ..apply import KEEPER, keeps_books
from ..engine import Engine
from ..far_days import ASK as FAR_DAY
from ..far_days import far_days
from ..fields import Field, FieldError, Ref
from ..fields.moment import today
from ..ids import derived_id, new_id
from ..query import T
from ..records import Idempotent, answer, answered, not_found, parse
from ..registry import Definition, Registry
from ..removal import delete_ops
from ..rows import Values, fetch, fetch_where, labels, referred, titles
from ..saving import Saving, is_shipped, look, row_number, sent_columns
from ..settings import settings_of
from ..work import Work, iso_of
from . import approval, brought, disputes, offers, project
from .declare import Asking, Columns, Document, Hint, Move, Posted, Posting, Sheet, Source, Typing, Wanted, Wrong
from .foreseen import Foreseen
from .foretold import Foretold
from .newest import earliest, newest, sums
from .showing import LARGEST, presented
from .unseen import Unseen
from .versions import TABLE, Chain, body_of, frozen

LINES_MAX = 2_000
_NEAREST_MAX = 200
"""Among so many rows the newest that somebody may see is looked for: where all deal with one party few are his."""
_PART = 500
"""Rows of which it is asked at once who may see them."""
_LARGEST_SUM = 10**16
"""Of a balance."""
_LARGE = 10**12
"""What is smaller brings no balance there, however often it is booked."""


def document_of(engine: Engine, module: str) -> tuple[Definition, Document, Definition]:
    """Header, declaration and lines; raises `NotFound` for a module that keeps no documents."""
    definition = engine.definition(module)
    if definition.module.document is None:
        raise NotFound(f"「{definition.module.label}」不是单据")
    return definition, definition.module.document, engine.registry.lines_of(definition.module.document)


def asking_of(engine: Engine, db: sqlite3.Connection, saving: Saving | None = None) -> Asking:
    """What rules may look up in an open transaction; `saving` has looked some of it up already."""

    seen: dict[tuple[str, str], Mapping[str, Any] | None] = {}
    ahead = Foreseen(db, engine.registry)

    def look_once(module: str, id: str) -> Mapping[str, Any] | None:
        if (module, id) not in seen:
            is_new = module in engine.registry.documents  # a saving knows a document as it will be
            ask = saving.look if saving and not is_new else partial(look, engine, db)
            seen[module, id] = ask(module, ahead.meant(module, id))
        return seen[module, id]

    return Asking(
        look_once,
        ahead.found,
        ahead.sums,
        lambda module, columns: newest(db, engine.definition(module), ahead.through(module, columns)),
        settings_of(db, saving.principal.operator if saving else ""),
        lambda id: project.counting(Work(db, engine.registry), id),
        lambda: keeps_books(engine.applier.me(db).code),
        foresee_balances=ahead.balances,
        foresee_rows=ahead.rows,
        sums=lambda module, columns, of, by: sums(
            db, engine.definition(module), ahead.through(module, columns), of, by
        ),
        meant=ahead.meant,
        every=ahead.every,
        find_ids=lambda module, columns: project.living_ids(
            db, engine.registry[module], ahead.through(module, columns)
        ),
        each=lambda module, columns: project.each(db, engine.registry[module], ahead.through(module, columns)),
        earliest=lambda module, columns: earliest(db, engine.registry[module], ahead.through(module, columns)),
        me=saving.principal.employee if saving else None,
    )


def _sight(engine: Engine, db: sqlite3.Connection, principal: Principal) -> Callable[[str, str], bool]:
    """Whether somebody may see a record, deleted ones not."""

    def sees(module: str, id: str) -> bool:
        definition = engine.definition(module)
        is_open = _is_open(definition, principal)
        if is_open is not None:
            return is_open
        return row_number(engine, db, principal, definition, id, deleted=False) is not None

    return sees


def _is_open(definition: Definition, principal: Principal) -> bool | None:
    """Whether somebody may see all records of a module, or none of them; None: each by itself."""
    module = definition.module
    if principal.everything or module.lookup or module.local:
        return True
    if not module.is_granted and module.scope != "follow":
        return principal.has(module.view_right)
    return None if principal.may("view", definition.name) or module.scope == "follow" else False


def _seen(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, rows: list[Columns]
) -> list[Columns]:  # fmt: skip
    """Those of some live rows that somebody may see, asked for all at once."""
    is_open = _is_open(definition, principal)
    scope = scope_sql(engine.registry, definition, principal, T) if is_open is None and rows else None
    if scope is None:
        return [] if is_open is False else rows
    sql = f"SELECT {T}.id FROM {definition.name} {T} WHERE {T}.id IN (SELECT value FROM json_each(?)) AND {scope.text}"
    seen = {id for (id,) in db.execute(sql, (json.dumps([row["id"] for row in rows]), *scope.params))}
    return [row for row in rows if row["id"] in seen]


def _reach(engine: Engine, db: sqlite3.Connection, principal: Principal) -> Callable[[str, str], bool]:
    """Whether somebody may refer to a record: he sees it, or it ships with the program."""
    sees = _sight(engine, db, principal)

    def reaches(module: str, id: str) -> bool:
        definition = engine.registry[module]
        has_shipped = definition.module.fixed is not None
        return sees(module, id) or (has_shipped and is_shipped(definition, look(engine, db, module, id)))

    return reaches


def asking_for(engine: Engine, db: sqlite3.Connection, principal: Principal) -> Asking:
    """The same for a sheet somebody is filling in: nothing that he may not see fills it."""
    free = replace(asking_of(engine, db), me=principal.employee)
    if principal.everything:
        return free

    sees = _sight(engine, db, principal)

    def see(module: str, id: str) -> Any:
        row = free.look(module, id)
        return row if is_shipped(engine.registry[module], row) or sees(module, id) else None

    def find(module: str, columns: Mapping[str, Any]) -> list[Columns]:
        return _seen(engine, db, principal, engine.definition(module), free.find(module, columns))

    def balance(name: str, keys: Mapping[str, Any]) -> Mapping[str, int]:
        sums = free.balance(name, keys)
        named = _named_by(engine, name, keys)
        return sums if all(sees(module, id) for module, id in named) else dict.fromkeys(sums, 0)

    def latest(module: str, columns: Mapping[str, Wanted]) -> Iterator[Columns]:
        near = islice(free.newest(module, columns), _NEAREST_MAX)
        return (row for row in near if sees(module, str(row["id"])))

    def in_parts(ask: Callable[[str, Mapping[str, Wanted]], Iterator[Columns]]) -> Any:
        def found(module: str, columns: Mapping[str, Wanted]) -> Iterator[Columns]:
            rows = ask(module, columns)
            while part := list(islice(rows, _PART)):
                yield from _seen(engine, db, principal, engine.definition(module), part)

        return found

    return replace(
        free, look=see, find=find, balance=balance, newest=latest, sums=_no_sums, find_ids=None,
        each=in_parts(free.each), earliest=in_parts(free.earliest),
    )  # fmt: skip


def _no_sums(module: str, columns: Mapping[str, Wanted], of: str, by: str) -> Mapping[str, int]:
    """What others sold is not told while a sheet is filled in: only rules ask for it."""
    return {}


def _named_by(engine: Engine, name: str, keys: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The records that the keys of a balance name: by references, or as the module and the id of a document."""
    balance, fields = engine.registry.balances[name], engine.definition(name).fields
    for key, value in keys.items():
        one = fields.get(key)
        if isinstance(one, Ref) and one.target and isinstance(value, str):
            yield one.target, value
    module, id = (keys.get(key) for key in balance.header or ("", ""))
    if isinstance(module, str) and isinstance(id, str) and module in engine.registry.documents:
        yield module, id


# ---------------------------------------------------------------------------------------------------------------- open


def opened(engine: Engine, principal: Principal, module: str, id: str) -> dict[str, Any]:
    """{row, lines, labels, rev, actions, versions} of one document the user may see; raises `NotFound`."""
    definition, _, _ = document_of(engine, module)
    demand(principal, "view", definition)
    with engine.db.read() as db:
        return _shown(engine, db, principal, definition, id)


def _shown(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, id: str, *,
    is_saved: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """What somebody just saved is answered once, whosever it is from now on: records are read back like that, too."""
    looking = replace(principal, everything=True) if is_saved else principal
    number = row_number(engine, db, looking, definition, id, deleted=False)
    if number is None:
        raise not_found(definition)
    document = definition.module.document
    assert document is not None
    line_definition = engine.registry.lines_of(document)
    row = fetch(db, engine.registry, definition, [number], principal)[0]
    lines = _fetch_lines(engine, db, document, id, principal)
    chain = chain_of(engine, db, definition.name, id)
    made_by, asking = _made_by(engine, db, definition, row), asking_of(engine, db)
    along: Iterable[Hint] = ()
    if chain and row["state"] == "posted":
        along = document.along(chain.shown.sheet.header | brought.drawn(document.brings, chain.first), asking)
    return {
        "row": row,
        "lines": lines,
        "labels": titles(db, engine.registry, referred((definition, [row]), (line_definition, lines))),
        "rev": row["rev"],
        "actions": [
            *_actions(principal, definition, row, list(document.bound(id, asking)), made_by),
            *_approving(engine, db, principal, definition, row),
        ],
        "versions": _versions(engine, db, chain),
        "disputes": disputes.of_document(engine, db, definition.name, id),
        "links": list(_links(engine, db, principal, definition, row)),
        "made_by": made_by,
        "along": [one["text"] for one in _hints(engine, principal, list(along))],
    }


def _made_by(engine: Engine, db: sqlite3.Connection, definition: Definition, row: Mapping[str, Any]) -> str:
    """Why a document that another brought is not changed by itself, and where to go; "" of all others."""
    source = brought.source_of(engine.registry, definition.name, row)
    if source is None:
        return ""
    return f"由{' '.join(_named(engine, db, *source))} 生成，不能单独修改或作废，请在那张单据上作废"


def _named(engine: Engine, db: sqlite3.Connection, module: str, id: str) -> tuple[str, str]:
    """What a document is called, and its number."""
    found = db.execute(f"SELECT * FROM {module} WHERE id = ?", (id,)).fetchone()
    row = dict(found) if found else {}
    return engine.registry[module].noun_of(row), str(row.get("number") or "")


def _links(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, row: Mapping[str, Any]
) -> Iterator[dict[str, str]]:
    """What a document brought, or what brought it, as far as the user may see that."""
    found = brought.source_of(engine.registry, definition.name, row)
    brings = definition.module.document.brings if definition.module.document else None
    if brings and row.get(brings.link):
        found = brings.module, str(row[brings.link])
    if found and _sight(engine, db, principal)(*found):
        label, title = _named(engine, db, *found)
        yield {"module": found[0], "id": found[1], "label": label, "title": title}


def _fetch_lines(
    engine: Engine, db: sqlite3.Connection, document: Document, id: str, principal: Principal | None
) -> list[Values]:
    """The lines of a document in their order."""
    if not document.lines:
        return []
    below = f'c."{document.parent}" = ? AND c.deleted_at IS NULL'
    rows = fetch_where(db, engine.registry, engine.registry.lines_of(document), below, id, principal)
    return sorted(rows, key=lambda row: (row["line_no"] is not None, row["line_no"] or 0, row["id"]))


def chain_of(engine: Engine, db: sqlite3.Connection, module: str, id: str) -> Chain | None:
    """The versions of a document in an open transaction; None of a draft."""
    return project.chain_in(Work(db, engine.registry), module, id)


def _actions(
    principal: Principal, definition: Definition, row: Mapping[str, Any], bound: Sequence[str], made_by: str
) -> list[dict[str, Any]]:
    name, state = definition.name, row["state"]

    def action(verb: str, label: str, right: str, states: Sequence[str], why: str) -> dict[str, Any]:
        reason = "" if state in states else why
        reason = reason or ("" if principal.may(right, name) else "没有这项权限，可请管理员开通")
        return {"name": verb, "label": label, "allowed": not reason, "why": reason}

    found = [
        action("save", "保存", "edit", ("draft", "posted"), "已作废的单据不能再改"),
        action("post", "过账", "post", ("draft",), "已过账"),
        action("cancel", "作废", "cancel", ("posted",), "草稿直接删除" if state == "draft" else "已作废"),
        action("copy", "复制", "add", ("draft", "posted", "cancelled"), ""),
    ]
    document = definition.module.document
    if document and document.closes and document.closes(row) and state == "posted":
        is_closed = bool(row.get("closed_at"))
        verb, label = ("reopen", "重新打开") if is_closed else ("close", "关闭")
        found.append(action(verb, label, "edit", ("posted",), ""))
    if (made_by or bound) and found[2]["allowed"]:
        found[2] |= {"allowed": False, "why": made_by or f"先处理{'、'.join(bound)}"}
    if approval.is_waiting(row):
        for one in found[:2]:
            one |= {"allowed": False, "why": _IN_APPROVAL}
    return found


_IN_APPROVAL = "已提交审批，等审批期间不能改"


def _approving(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, row: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """What can be done with a document that waits: only what is for this user."""
    found: dict[str, str] = {}
    if not approval.is_waiting(row):
        return []
    if "approve" in actions(principal, definition) and not _own_fault(engine, db, principal, definition, row):
        found |= {"approve": "通过", "reject": "驳回"}
    if row["submitted_by"] == principal.operator:
        found |= {"withdraw": "撤回"}
    return [{"name": name, "label": label, "allowed": True, "why": ""} for name, label in found.items()]


def _own_fault(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, row: Mapping[str, Any]
) -> str:
    """Nobody approves what he submitted himself, as long as there is somebody else to do it."""

    def may(other: Principal) -> bool:
        if "approve" not in actions(other, definition):
            return False
        return row_number(engine, db, other, definition, row["id"], deleted=False) is not None

    is_own = row["submitted_by"] == principal.operator
    return "自己提交的单据，要请别的审批人通过" if is_own and any(map(may, principal.colleagues())) else ""


def _versions(engine: Engine, db: sqlite3.Connection, chain: Chain | None) -> list[dict[str, Any]]:
    if chain is None:
        return []
    counts = {one.id for one in chain.line}
    names = _names(engine, db, [one.by for one in chain.versions])
    return [
        {
            "id": one.id, "version": one.version, "state": one.state, "at": one.at, "by": names.get(one.by, one.by),
            "reason": one.reason, "is_winner": one is chain.winner, "is_lost": one.id not in counts,
        }
        for one in reversed(chain.versions)
    ]  # fmt: skip


def _names(engine: Engine, db: sqlite3.Connection, ids: Sequence[str]) -> dict[str, str]:
    if "operator" not in engine.registry:
        return {}
    title = engine.registry["operator"].module.title
    sql = f'SELECT id, "{title}" FROM operator WHERE id IN (SELECT value FROM json_each(?))'
    return dict(db.execute(sql, (json.dumps(list(set(ids))),)).fetchall())


# ------------------------------------------------------------------------------------------------------------ work out


def work_out(
    engine: Engine, principal: Principal, module: str, values: Mapping[str, Any], lines: Sequence[Mapping[str, Any]],
    changed: tuple[int | None, str] | None = None, was: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A sheet while it is typed, with everything that follows: {values, lines, labels, hints}. Never refuses: what no
    field can hold stands as it was typed."""
    definition, _, line_definition = document_of(engine, module)
    demand(principal, "view", definition)
    header, lines_in = readable(definition, values), [readable(line_definition, line) for line in lines[:LINES_MAX]]
    with engine.db.read() as db:
        asking = asking_for(engine, db, principal)
        line, name = changed or (None, None)
        typing = Typing(Sheet(header, lines_in), asking, line, name, was)
        return _worked_out(engine, db, principal, definition, typing)


def _worked_out(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, typing: Typing
) -> dict[str, Any]:
    document = definition.module.document
    assert document is not None
    line_definition = engine.registry.lines_of(document)
    sheet, hints = document.fill(typing)
    sheet = document.work_out(sheet)
    (shown,) = presented(engine, db, definition, [sheet.header], principal)
    shown_lines = presented(engine, db, line_definition, sheet.lines, principal)
    found = _titles(engine, db, principal, definition, [shown])
    found |= _titles(engine, db, principal, line_definition, shown_lines)
    return {"values": shown, "lines": shown_lines, "labels": found, "hints": list(_hints(engine, principal, hints))}


def _titles(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, rows: Sequence[Values]
) -> dict[str, str]:
    """Titles of what a sheet names, as far as its author may see it: the ids are his, not of a stored document."""
    found = labels(db, engine.registry, definition, rows)
    if principal.everything:
        return found
    reaches = _reach(engine, db, principal)
    given = {
        (target, str(row[name]))
        for name, one in definition.fields.items()
        for row in rows
        if isinstance(one, Ref) and row.get(name)
        for target in one.targets()
    }
    return {id: found[id] for target, id in given if id in found and reaches(target, id)}


def readable(definition: Definition, values: Mapping[str, Any]) -> Columns:
    """What can be read of half-typed values, as columns."""
    columns: Columns = {"id": str(values.get("id") or "")}
    for name, one in definition.fields.items():
        try:
            columns |= one.store(name, one.parse(values.get(name)))
        except FieldError:
            columns |= one.store(name, None)
    return columns


def other(engine: Engine, principal: Principal, module: str, id: str, key: str) -> dict[str, Any]:
    """The sheet that lost, to be looked at and saved: as `work_out` answers."""
    definition, _, line_definition = document_of(engine, module)
    demand(principal, "view", definition)
    with engine.db.read() as db:
        one = disputes.find(engine, db, principal, key)
        if one is None or (one.definition.name, one.id) != (module, id):
            raise NotFound("没有找到这处冲突，可能已由别人处理")
        (shown,) = presented(engine, db, definition, [one.other.header], principal)
        lines = presented(engine, db, line_definition, one.other.lines, principal)
        found = labels(db, engine.registry, definition, [shown]) | labels(db, engine.registry, line_definition, lines)
        return {"values": shown, "lines": lines, "labels": found, "hints": []}


def _hints(engine: Engine, principal: Principal, hints: Sequence[Hint]) -> Iterator[dict[str, Any]]:
    """What may be told of a sheet."""
    for one in hints:
        may_know = one.tells is None or _may_know(engine, principal, *one.tells)
        about = {
            "text": one.text if may_know else one.bare, "level": one.level, "line": one.line, "field": one.field,
            "until": list(one.until) or None, "back": asdict(one.back) if one.back else None,
        }  # fmt: skip
        if about["text"]:
            yield {name: value for name, value in about.items() if value is not None}


def _may_know(engine: Engine, principal: Principal, module: str, name: str) -> bool:
    return principal.may("view", module) and principal.sees(engine.definition(module).fields[name])


# ------------------------------------------------------------------------------------------------------------- sources


def sources(
    engine: Engine, principal: Principal, module: str, name: str, values: Mapping[str, Any], text: str = ""
) -> dict[str, Any]:
    """{items, labels, more}: documents that a sheet can be filled from, or those of them that have some words."""
    definition, document, _ = document_of(engine, module)
    demand(principal, "view", definition)
    source = _source(document, name)
    target = engine.definition(source.module)
    demand(principal, "view", target)
    with engine.db.read() as db:
        found = iter(source.offers(readable(definition, values), asking_for(engine, db, principal)))
        if text.strip():
            found = offers.narrowed(engine, db, principal, target, source.columns, found, text)
        shown = list(islice(found, offers.SHOWN_MAX))
        numbers = [row_number(engine, db, principal, target, str(row["id"]), deleted=False) for row in shown]
        rows = fetch(db, engine.registry, target, [number for number in numbers if number], principal)
        known = labels(db, engine.registry, target, rows)
        more = next(found, None) is not None
        return {"items": rows, "labels": known, "columns": source.columns.split(), "more": more}


def take(
    engine: Engine, principal: Principal, module: str, name: str, id: str, values: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]], step: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:  # fmt: skip
    """A sheet filled from another document, or from all there is, telling `step` how far it is: as `work_out`
    answers."""
    definition, document, line_definition = document_of(engine, module)
    demand(principal, "view", definition)
    source = _source(document, name)
    target = engine.definition(source.module)
    demand(principal, "view", target)
    header, given = readable(definition, values), [readable(line_definition, line) for line in lines[:LINES_MAX]]
    if source.whole:
        return _take_all(engine, principal, definition, source, Sheet(header, given), step)
    with engine.db.read() as db:
        if row_number(engine, db, principal, target, id, deleted=False) is None:
            raise not_found(target)
        asking = asking_for(engine, db, principal)
        row = look(engine, db, source.module, id)
        _refuse_unposted(target, row)
        _refuse_unfit(document, source, target, header, row)
        filled = source.take(Sheet(header, given), id, asking)
        if document.lines and target.module.document and target.module.document.lines and not filled.lines and row:
            raise BadRequest(f"{target.noun_of(row)}{row['number'] or ''}的各行都已做完，没有可以带出的")
        return _worked_out(engine, db, principal, definition, Typing(filled, asking))


def _take_all(
    engine: Engine, principal: Principal, definition: Definition, source: Source, sheet: Sheet,
    step: Callable[[int, int], None],
) -> dict[str, Any]:  # fmt: skip
    refuse_all(engine, principal, definition, source)
    with engine.db.read() as db:
        asking = asking_of(engine, db)
        filled = source.take(sheet, "", replace(asking, step=step))
        return _worked_out(engine, db, principal, definition, Typing(filled, asking))


def refuse_all(engine: Engine, principal: Principal, definition: Definition, source: Source) -> None:
    """Raises what keeps somebody from filling a sheet with all there is."""
    demand(principal, "post", definition)
    if principal.scope(definition.name) != "all":
        raise Forbidden(f"「{source.label}」看的是全公司的单据，要有「{definition.module.label}」全部数据的权限")
    with engine.db.read() as db:
        if not asking_of(engine, db).keeps_books():
            raise BadRequest(f"「{source.label}」只在记账的机器上做，就是编号 {KEEPER} 的那台。请到那台机器上打开")


def source_of(engine: Engine, module: str, name: str) -> tuple[Definition, Source]:
    """A source of a document, and the document; raises `NotFound`."""
    definition, document, _ = document_of(engine, module)
    return definition, _source(document, name)


def _refuse_unposted(target: Definition, row: Mapping[str, Any] | None) -> None:
    """A sheet is filled from a document that counts."""
    if target.module.document and row and row["state"] != "posted":
        why = "已作废" if row["state"] == "cancelled" else "还是草稿，请先过账"
        raise BadRequest(f"{target.noun_of(row)}{row['number'] or ''}{why}，不能带出")


def _refuse_unfit(
    document: Document, source: Source, target: Definition, header: Columns, row: Mapping[str, Any] | None
) -> None:
    """A sheet is filled from what is for its kind, and of a kind that this is made of."""
    given = header.get(document.kind) if document.kind else None
    if given and given not in source.kinds:
        raise BadRequest(f"「{source.label}」不能用在这种单据上")
    kind = target.module.document.kind if target.module.document else None
    if row and kind and source.turning and row[kind] not in source.turning:
        what = target.fields[kind].format(row[kind], {})
        raise BadRequest(f"{target.noun_of(row)}{row['number'] or ''}是{what}，不能用来「{source.turns}」")


def _source(document: Document, name: str) -> Source:
    for source in document.sources:
        if source.name == name:
            return source
    raise NotFound("没有这种来源")


# ---------------------------------------------------------------------------------------------------------------- save


@dataclass(frozen=True)
class Entry:
    """What somebody saves: raw values of the header, and of all lines in their order."""

    values: Mapping[str, Any]
    lines: Sequence[Mapping[str, Any]]
    post: bool = True
    confirmed: frozenset[str] = frozenset()
    reason: str | None = None
    answers: str = ""
    """The question that this sheet answers: what lost becomes the next version, or a new document."""


def save(
    engine: Engine, principal: Principal, module: str, entry: Entry, *, id: str | None = None, rev: int | None = None,
    idempotent: Idempotent | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Creates (`id` None) or changes a document: as a draft, posted, or as the next version of what was posted. Where
    its kind needs approval, posting a draft is submitting it. Gives what is shown of it then, as `opened` does.

    `rev` is the version the change was based on; another one raises `Stale`. Raises `Invalid` with a message per field
    (`customer`, `lines.3.qty`) and `Confirm` for what somebody has to say yes to first.
    """
    saved = write(engine, principal, module, entry, id=id, rev=rev, idempotent=idempotent)
    with engine.db.read() as db:  # when all is committed: nobody waits for it who wants to write
        return _shown(engine, db, principal, engine.registry[module], saved, is_saved=True)


def write(
    engine: Engine, principal: Principal, module: str, entry: Entry, *, id: str | None = None, rev: int | None = None,
    idempotent: Idempotent | None = None,
) -> str:  # fmt: skip
    """The same, for who does not look at it: gives its id."""
    definition, document, line_definition = document_of(engine, module)
    demand(principal, "edit" if id else "add", definition)
    if entry.post:
        demand(principal, "post", definition)
    if len(entry.lines) > LINES_MAX:
        raise BadRequest(f"一张单据最多 {LINES_MAX:,} 行，请分成几张")
    with engine.db.write() as db:
        if idempotent and (known := answered(db, idempotent)) is not None:
            return known
        fresh = id or _new_id(db, definition, entry)
        saving = _Saving(engine, db, principal, definition, document, line_definition, entry, fresh)
        ops = saving.decide(is_new=id is None, rev=rev)
        act = f"{module}.{'add' if id is None else 'edit'}"
        changed = engine.applier.local(ops, actor=principal.operator, act=act)
        if idempotent:
            answer(db, idempotent, saving.id)
    engine.tell(changed)
    return saving.id


def new_ops(
    engine: Engine, db: sqlite3.Connection, principal: Principal, module: str, entry: Entry, foretold: Foretold
) -> list[Op]:  # fmt: skip
    """What saving a new document writes, for who decides several before they are written: without its number, which is
    drawn then (`drawn.with_number`), and with what it rests on noted in `foretold`. Raises as `save`."""
    definition, document, line_definition = document_of(engine, module)
    saving = _Saving(
        engine, db, principal, definition, document, line_definition, entry, new_id(), foretold=foretold
    )  # fmt: skip
    return saving.decide(is_new=True, rev=None)


def _new_id(db: sqlite3.Connection, definition: Definition, entry: Entry) -> str:
    """Two machines that make a document of one lost change make one."""
    derived = derived_id(entry.answers, "taken") if entry.answers else ""
    is_free = derived and not db.execute(f"SELECT 1 FROM {definition.name} WHERE id = ?", (derived,)).fetchone()
    return derived if is_free else new_id()


@dataclass
class _Saving:
    """One document being saved."""

    engine: Engine
    db: sqlite3.Connection
    principal: Principal
    definition: Definition
    document: Document
    line_definition: Definition
    entry: Entry
    id: str
    wrong: dict[str, str] = field(default_factory=dict)
    noted: Columns = field(default_factory=dict)
    """What the first posting keeps for what it brings."""
    approves: bool = False
    """Whether somebody who may says yes to what waits."""
    foretold: Foretold | None = None
    """Where what a decision rests on is noted that is written later on; else it is written at once."""
    _typed_of: dict[str, frozenset[str]] = field(default_factory=dict)
    _sent: dict[str, Columns] = field(default_factory=dict)
    """The columns of the lines that travel, by id."""

    @cached_property
    def needs_approval(self) -> bool:
        return self.engine.registry.needs_approval(self.definition.name, settings_of(self.db))

    @property
    def posts(self) -> bool:
        """Whether a draft becomes a version now; else it is kept, or waits for whoever approves it."""
        return self.entry.post and (self.approves or not self.needs_approval)

    @cached_property
    def lines(self) -> Sequence[Mapping[str, Any]]:
        given = self.entry.lines if self.document.lines else ()
        return [line for line in given if self.document.counts(self._seen_and_kept(line))]

    def _seen_and_kept(self, line: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a line will say: what its author does not see stays as it was."""
        if not self._unseen:
            return line
        kept = self.known.get(str(line.get("id") or ""), {})
        return {**line, **{name: kept.get(name) for name in self._unseen}}

    @cached_property
    def _unseen(self) -> Sequence[str]:
        return [name for name, one in self.line_definition.fields.items() if not self.principal.sees(one)]

    @cached_property
    def known(self) -> dict[str, Values]:
        """The lines as they are, by id."""
        return {row["id"]: row for row in self._old_lines()}

    def decide(self, *, is_new: bool, rev: int | None) -> list[Op]:
        """The ops that say it all."""
        header = self._saving()
        lines = header.beside(self.line_definition)
        old = None if is_new else self._old(rev)
        self.chain = None if old is None else chain_of(self.engine, self.db, self.definition.name, self.id)
        if old and (made_by := _made_by(self.engine, self.db, self.definition, old)):
            return self._annotate(header, old, made_by)
        new, given = self._complete(header, old)
        if is_new and self.entry.answers:
            new |= disputes.made_under(self.engine, self.db, self.principal, self.entry.answers)
        lines.grant(self.definition.name, self.id, new)
        new_lines, old_lines = self._complete_lines(lines, old)
        asking = asking_of(self.engine, self.db, lines)
        self.asking = self.foretold.noting(asking) if self.foretold else asking
        new["id"] = self.id
        self.document.complete(new, [line for _, _, line in new_lines], self.asking)
        self._check_lines(lines, new_lines)
        self._refuse_wrong(new)
        header.check(self.id, old, new, given)
        if old is None:
            header.draw_numbers(new)
        sheet = self._sheet(new, new_lines)
        if self.chain or self.entry.post:
            self._refuse_unseen(sheet, old)
            self._judge(sheet)
        if self.chain:
            version = self._next(sheet)
            self._refuse_unapproved(version)
            beside = self._beside(sheet) if version else []
            ops = [*self._after_ops(header, old, new), *self._fresh_lines(lines, new_lines), *version, *beside]
            return [*ops, *self._answer(sheet, self.id)]
        sheet, along = self._bring(sheet)
        if self.entry.post and not self.posts:
            new |= approval.submitted(new, self.principal.operator, iso_of(self.engine.applier.now_ms()))
        return [
            *self._answer(sheet, None if old is None else self.id),
            *header.ops(self.id, old, new),
            *self._line_ops(lines, new_lines, old_lines),
            *(self._first(sheet) if self.posts else ()),
            *(self._beside(sheet) if self.posts else ()),
            *along,
        ]

    def _saving(self) -> Saving:
        if self.foretold is None:
            return Saving(self.engine, self.db, self.principal, self.definition)
        rests, asked = self.foretold.rests, self.foretold.asked
        return Saving(self.engine, self.db, self.principal, self.definition, draws=False, rests=rests, asked=asked)

    def _annotate(self, header: Saving, old: Values, made_by: str) -> list[Op]:
        """Of what another document brought only what lies outside of any version is edited (T20)."""
        new, given = self._complete(header, old)
        after = self.document.after.split()
        wrong = {name: made_by for name in given if name not in after and new[name] != old[name]}
        if not wrong and self._lines_differ():
            wrong = {"": made_by}
        if self.wrong or wrong:
            raise Invalid(self.wrong or wrong)
        return self._after_ops(header, old, new)

    def _lines_differ(self) -> bool:
        """Whether lines say something else than they did."""
        for place, raw in enumerate(self.lines):
            parsed = self._parsed(self.line_definition, raw, f"lines.{place}.")
            known = self.known.get(str(raw.get("id") or ""), {})
            if any(known.get(name) != value for name, value in parsed.items()):
                return True
        return len(self.lines) != len(self.known)

    def _old(self, rev: int | None) -> Values:
        number = row_number(self.engine, self.db, self.principal, self.definition, self.id, deleted=False)
        if number is None:
            raise not_found(self.definition)
        shown = fetch(self.db, self.engine.registry, self.definition, [number], self.principal)[0]
        if rev is not None and shown["rev"] != rev:
            names = labels(self.db, self.engine.registry, self.definition, [shown])
            raise Stale(mine=dict(self.entry.values), theirs=shown, labels=names)
        what = f"{self.definition.noun_of(shown)}{shown['number']}"
        if shown["state"] == "cancelled":
            raise BadRequest(f"{what}已作废，不能再改。可以复制成一张新的。")
        if approval.is_waiting(shown) and not self.approves:
            raise BadRequest(f"{what}已提交审批，不能改。撤回或驳回以后再改。")
        return fetch(self.db, self.engine.registry, self.definition, [number], None)[0]

    # ------------------------------------------------------------------------------------------------ what it becomes

    def _complete(self, saving: Saving, old: Values | None) -> tuple[Values, Values]:
        given = self._parsed(self.definition, self.entry.values, "")
        return saving.complete(old, given), given

    def _parsed(self, definition: Definition, raw: Mapping[str, Any], place: str) -> Values:
        """Checked values; what is worked out is not taken from whoever saves."""
        typed = self._typed(definition)
        names = {name: value for name, value in raw.items() if name in typed}
        try:
            return parse(definition, self.principal, names)
        except Invalid as error:
            self.wrong |= {f"{place}{name}": text for name, text in error.fields.items()}
            good = {name: value for name, value in names.items() if name not in error.fields}
            return parse(definition, self.principal, good)  # else what was filled in would be told as missing

    def _typed(self, definition: Definition) -> frozenset[str]:
        """The fields that whoever saves may give."""
        if definition.name not in self._typed_of:
            fields = definition.fields.items()
            open_ = [name for name, one in fields if not (one.calc or one.readonly) and self.principal.sees(one)]
            self._typed_of[definition.name] = frozenset(open_)
        return self._typed_of[definition.name]

    def _complete_lines(
        self, saving: Saving, old: Values | None
    ) -> tuple[list[tuple[str, Values | None, Values]], dict[str, Values]]:
        self._foresee(saving)
        known = self.known if old else {}
        found: list[tuple[str, Values | None, Values]] = []
        taken: set[str] = set()
        for place, raw in enumerate(self.lines):
            parsed = self._parsed(self.line_definition, raw, f"lines.{place}.")
            parsed |= {self.document.parent: self.id, "line_no": place + 1}
            before = known.get(str(raw.get("id") or "")) if str(raw.get("id")) not in taken else None
            line_id = before["id"] if before else self._line_id(place, old)
            taken.add(line_id)
            found.append((line_id, before, saving.complete(before, parsed)))
        return found, known

    def _line_id(self, place: int, old: Values | None) -> str:
        return derived_id(self.id, str(place)) if self.entry.answers and old is None else new_id()

    def _foresee(self, saving: Saving) -> None:
        """What the lines refer to is looked up at once."""
        given = set[str]().union(*self.lines)
        for name in self.line_definition.names_of(Ref):
            one = self.line_definition.fields[name]
            if name in given and isinstance(one, Ref) and not one.target_by and name != self.document.parent:
                saving.foresee(one.target, (id for line in self.lines if isinstance(id := line.get(name), str)))

    def _check_lines(self, saving: Saving, lines: Sequence[tuple[str, Values | None, Values]]) -> None:
        for place, (id, before, after) in enumerate(lines):
            try:
                saving.check(id, before, after, after)
            except Invalid as error:
                self.wrong = {f"lines.{place}.{name}": text for name, text in error.fields.items()} | self.wrong

    def _old_lines(self) -> list[Values]:
        return _fetch_lines(self.engine, self.db, self.document, self.id, None)

    def _sheet(self, new: Values, lines: Sequence[tuple[str, Values | None, Values]]) -> Sheet:
        fixed = brought.drawn(self.document.brings, self.chain.first) if self.chain else {}
        header = {"id": self.id, **sent_columns(self.definition, new), **fixed}
        self._sent = {id: sent_columns(self.line_definition, line) for id, _, line in lines}
        rows: list[Columns] = [{"id": id, **columns} for id, columns in self._sent.items()]
        sheet = self.document.work_out(Sheet(header, rows))
        cell = self.document.entry.get("qty", "")
        found = {
            place: one for place, line in enumerate(sheet.lines) if (one := _too_large(self.line_definition, line))
        }
        if found:
            raise Invalid({f"lines.{place}.{cell}": self._much(one, LARGEST) for place, one in found.items()})
        if one := _too_large(self.definition, sheet.header):
            raise Invalid({"": self._much(one, LARGEST)})
        return sheet

    def _much(self, one: Field, most: int) -> str:
        """What is too large and how large it may be, in the words of the lines, where there are any."""
        fields, entry = self.line_definition.fields, self.document.entry
        cells = [fields[entry[part]].label for part in ("qty", "price") if entry.get(part) in fields]
        return f"{one.label}太大，最多 {one.format(most, {})}，请核对{'和'.join(cells)}"

    # ------------------------------------------------------------------------------------------------ whether it may

    def _refuse_wrong(self, header: Values) -> None:
        if self.document.lines and not self.lines and not self.document.may_be_empty and not self.wrong:
            words = self.document.empty.get(str(header.get(self.document.kind or "")))
            self.wrong[""] = words or f"还没有{self.line_definition.module.noun}，请至少录入一行"
        if self.wrong:
            raise Invalid(self.wrong)

    def _refuse_unapproved(self, version: Sequence[Op]) -> None:
        """A change of what counts needs the word of whoever approves: he makes it himself."""
        if version and self.needs_approval and "approve" not in actions(self.principal, self.definition):
            noun = self.definition.module.noun
            raise Forbidden(f"{noun}要审批，过账以后只有审批人能改。请有「审批」权限的同事修改，或者作废后重开一张。")

    def _judge(self, sheet: Sheet) -> None:
        posting = self._posting(sheet)
        _refuse(chain(self.document.judge(posting), self._far_days(posting)), self.principal, self.entry.confirmed)
        if one := _overflowing(self.engine.registry, posting):
            raise Invalid({"": self._much(one, _LARGEST_SUM)})

    def _far_days(self, posting: Posting) -> Iterator[Wrong]:
        old = posting.old.header if posting.old else None
        for name, text in far_days(self.definition.fields, old, posting.sheet.header, today()):
            yield Wrong(text, name, ask=FAR_DAY)

    def _posting(self, sheet: Sheet) -> Posting:
        old = self.chain.shown.sheet if self.chain else None
        moves = _Booked(partial(_moves_of, self.definition, self.id, self.asking))
        return Posting(self.id, sheet, old, self.asking, moves, self.principal.has, self.principal.no_prices)

    def _refuse_unseen(self, sheet: Sheet, old: Values | None) -> None:
        """Nobody makes prices and amounts count, or others, that he does not see."""
        unseen = Unseen(self.principal, self.definition, self.line_definition, self.document)
        if unseen.is_nothing:
            return
        before = self.chain.shown.sheet if self.chain else self._draft(old) if old else None
        faults = dict(unseen.faults(sheet, before))
        if faults:
            raise Invalid(faults)

    def _draft(self, old: Values) -> Sheet:
        """The draft as it is kept."""
        rows: list[Columns] = [{"id": id, **sent_columns(self.line_definition, one)} for id, one in self.known.items()]
        return self.document.work_out(Sheet({"id": self.id, **sent_columns(self.definition, old)}, rows))

    # -------------------------------------------------------------------------------------------------------- the ops

    def _line_ops(
        self, saving: Saving, lines: Sequence[tuple[str, Values | None, Values]], known: Mapping[str, Values]
    ) -> list[Op]:
        ops = [op for id, before, after in lines for op in saving.ops(id, before, after, self._sent[id])]
        gone = known.keys() - {id for id, _, _ in lines}
        return ops + (delete_ops(self.engine, self.db, self.line_definition.name, sorted(gone)) if gone else [])

    def _fresh_lines(self, saving: Saving, lines: Sequence[tuple[str, Values | None, Values]]) -> list[Op]:
        """Of a version only new lines become rows; what changes in others is said by the version alone."""
        return [
            op for id, before, after in lines if before is None for op in saving.ops(id, None, after, self._sent[id])
        ]

    def _answer(self, sheet: Sheet, id: str | None) -> list[Op]:
        if not self.entry.answers:
            return []
        frozen_sheet = self._frozen(sheet)
        name = self.definition.name
        return disputes.taken(self.engine, self.db, self.principal, self.entry.answers, name, id, frozen_sheet)

    def _after_ops(self, saving: Saving, old: Values | None, new: Values) -> list[Op]:
        assert old is not None
        after = self.document.after.split()
        return saving.ops(self.id, old, old | {name: new[name] for name in after})

    def _bring(self, sheet: Sheet) -> tuple[Sheet, list[Op]]:
        """A sheet that is posted first with what it fixes for the document that it brings (T11), and the rows of
        that: they say where it comes from and who sees it, all else follows from the version."""
        brings = self.document.brings
        made = brings.sheet(self.definition.name, self.id, sheet) if brings and self.posts else None
        if brings is None or made is None:
            return sheet, []
        target = self.engine.registry[brings.module]
        saving = Saving(self.engine, self.db, self.principal, target, draws=False)
        own: Columns = {brings.number: saving.next_number(made.header), brings.link: brings.id_of(self.id)}
        self.noted = brings.notes(self._posting(sheet))
        sheet = Sheet(sheet.header | own, sheet.lines)
        found = brought.sheet_of(self.engine.registry, (self.definition.name, self.id), sheet)
        return sheet, list(self._rows_along(saving, found)) if found else []

    def _rows_along(self, saving: Saving, found: Sheet) -> Iterator[Op]:
        document, brings = saving.definition.module.document, self.document.brings
        assert document is not None and brings is not None
        names = (*document.brought_by, *brings.shared.split())
        yield from saving.ops(str(found.header["id"]), None, {name: found.header.get(name) for name in names})
        lines = Saving(self.engine, self.db, self.principal, self.engine.registry.lines_of(document), draws=False)
        for line in found.lines:
            yield from lines.ops(str(line["id"]), None, {name: line[name] for name in (document.parent, "line_no")})

    def _beside(self, sheet: Sheet) -> list[Op]:
        return _beside_ops(self.engine, self.db, self.document, self._posting(sheet))

    def _first(self, sheet: Sheet) -> list[Op]:
        return [self._version(sheet, 1, None, _book_on(self.document, sheet, self.asking))]

    def _next(self, sheet: Sheet) -> list[Op]:
        assert self.chain is not None
        shown = self.chain.shown
        if self._frozen(sheet) == self._frozen(shown.sheet):
            return []
        return [self._version(sheet, shown.version + 1, shown.id, str(self.chain.first.said.get("book_on") or today()))]

    def _frozen(self, sheet: Sheet) -> Sheet:
        header, line = self._covered
        return Sheet(frozen(sheet.header, header), [frozen(one, line) for one in sheet.lines])

    @cached_property
    def _covered(self) -> Sequence[Container[str]]:
        """What a version says of the header, and of a line."""
        return [one.covered | {"id"} for one in (self.definition, self.line_definition)]

    def _version(self, sheet: Sheet, version: int, base: str | None, book_on: str) -> Op:
        said: dict[str, Any] = {approval.SAID: "yes"} if self.needs_approval or self.approves else {}
        said |= {brought.NOTED: self.noted} if self.noted else {}
        body = body_of(self._frozen(sheet), book_on=book_on, **said)
        return version_op(self.definition.name, self.id, sheet.header, version, base, "posted", body, self.entry.reason)


def _beside_ops(engine: Engine, db: sqlite3.Connection, document: Document, posting: Posting) -> list[Op]:
    """What posting or cancelling does to other records."""
    ops = []
    for module, id, columns in document.beside(posting):
        found = look(engine, db, module, id)
        new = {name: value for name, value in columns.items() if found and found[name] != value}
        if found and new:
            ops.append(Op(module, id, "upd", new, {name: value_hash(found[name]) for name in new}))
    return ops


def _refuse(found: Iterable[Wrong], principal: Principal, confirmed: Collection[str]) -> None:
    """Raises what is wrong, else what has not been said yes to; without amounts for whom sees none."""
    faults: dict[str, str] = {}
    asked: dict[str, list[str]] = {}
    places: dict[str, str] = {}
    for one in found:
        text = one.bare if one.bare and principal.no_prices else one.text
        if one.ask is None:
            faults.setdefault(_place(one), text)
        elif one.ask not in confirmed:
            texts = asked.setdefault(one.ask, [])
            texts += [] if text in texts else [text]
            places.setdefault(one.ask, _place(one))
    if faults:
        raise Invalid(faults)
    if asked:
        raise Confirm({name: all_of(texts) for name, texts in asked.items()}, places)


def _book_on(document: Document, sheet: Sheet, asking: Asking) -> str:
    """The day on which a sheet is booked first."""
    return document.book_on(sheet.header, asking) or str(sheet.header.get("doc_on") or today())


def _moves_of(definition: Definition, id: str, asking: Asking, sheet: Sheet) -> Iterable[Move]:
    """What a sheet would book, along with what it brings: as if it booked that itself."""
    document = definition.module.document
    assert document is not None
    if document.brings:
        sheet = Sheet(sheet.header | {document.brings.number: None}, sheet.lines)
    book_on = _book_on(document, sheet, asking)
    return document.moves(Posted(definition.name, id, "", sheet, book_on, None))


class _Booked:
    """What the sheets of one posting would book: several rules ask for it."""

    def __init__(self, moves_of: Callable[[Sheet], Iterable[Move]]) -> None:
        self._moves_of = moves_of
        self._known: list[tuple[Sheet, Sequence[Move]]] = []

    def __call__(self, sheet: Sheet) -> Sequence[Move]:
        for known, moves in self._known:
            if known is sheet:
                return moves
        self._known.append((sheet, tuple(self._moves_of(sheet))))
        return self._known[-1][1]


def _overflowing(registry: Registry, posting: Posting) -> Field | None:
    """The balance that would grow beyond all reason."""
    sheets = (posting.sheet, posting.old) if posting.old else (posting.sheet,)
    amounts = (value for sheet in sheets for move in posting.moves(sheet) for value in move.values.values())
    if sum([abs(value) for value in amounts if isinstance(value, int)]) <= _LARGE:
        return None  # no balance turns by more than all there is
    turned: Counter[tuple[str, tuple[Any, ...], str]] = Counter()
    for sheet, sign in ((posting.sheet, 1), (posting.old, -1)):
        for move in posting.moves(sheet) if sheet else ():
            for balance in registry.ledgers[move.ledger].balances:
                about = {"module": "", **move.values}
                key = tuple(about.get(name) for name in balance.keys)
                for amount, total in balance.sums.items():
                    turned[balance.module, key, total] += sign * int(move.values.get(amount) or 0)
    for (module, key, total), by in turned.items():
        keys = dict(zip(registry.balances[module].keys, key, strict=True))
        if abs(by) > _LARGE and abs(posting.asking.balance(module, keys)[total] + by) > _LARGEST_SUM:
            return registry[module].fields[total]
    return None


def _too_large(definition: Definition, columns: Columns) -> Field | None:
    """The figure that no column holds."""
    figures = [value for value in columns.values() if type(value) is int]
    if not figures or (max(figures) <= LARGEST and min(figures) >= -LARGEST):
        return None
    large = (name for name, value in columns.items() if isinstance(value, int) and abs(value) > LARGEST)
    return next((definition.fields[name] for name in large if name in definition.fields), None)


def _place(one: Wrong) -> str:
    name = one.field or ""
    return name if one.line is None else f"lines.{one.line}.{name}"


def version_op(
    module: str, document: str, header: Mapping[str, Any], version: int, base: str | None, state: str, body: str,
    reason: str | None,
) -> Op:  # fmt: skip
    """The row that makes a document count, or no longer."""
    values: dict[str, Scalar] = {
        "number": header.get("number"), "module": module, "document": document, "base": base, "version": version,
        "state": state, "reason": reason, "body": body,
    }  # fmt: skip
    return Op(TABLE, new_id(), "ins", {name: value for name, value in values.items() if value is not None})


# ------------------------------------------------------------------------------------------------------------ approval


def approve(
    engine: Engine, principal: Principal, module: str, id: str, rev: int | None = None, confirmed: Collection[str] = ()
) -> dict[str, Any]:
    """Posts what waits, as it stands, with the checks and questions of posting. Raises `Stale` where `rev`, which was
    looked at, is no longer what waits."""
    definition, document, line_definition = document_of(engine, module)
    demand(principal, "approve", definition)
    with engine.db.write() as db:
        row = _waiting(engine, db, principal, definition, id)
        if own := _own_fault(engine, db, principal, definition, row):
            raise Forbidden(own)
        lines = _fetch_lines(engine, db, document, id, None)
        entry = Entry({}, lines, confirmed=frozenset(confirmed))
        saving = _Saving(
            engine, db, principal, definition, document, line_definition, entry, id, approves=True
        )  # fmt: skip
        ops = saving.decide(is_new=False, rev=rev)
        changed = engine.applier.local(ops, actor=principal.operator, act=f"{module}.approve")
        result = _shown(engine, db, principal, definition, id)
    engine.tell(changed)
    return result


def reject(engine: Engine, principal: Principal, module: str, id: str, reason: str) -> dict[str, Any]:
    """Sends what waits back to who submitted it. Raises `Invalid` without a reason."""
    definition, _, _ = document_of(engine, module)
    demand(principal, "approve", definition)
    if not reason.strip():
        raise Invalid({"reason": "请写明驳回原因"})
    return _decided(engine, principal, definition, id, partial(_rejected, engine, principal, reason.strip()), "reject")


def _rejected(engine: Engine, principal: Principal, reason: str, row: Values) -> Columns:
    return approval.rejected(row, principal.operator, iso_of(engine.applier.now_ms()), reason)


def withdraw(engine: Engine, principal: Principal, module: str, id: str) -> dict[str, Any]:
    """Takes back what one submitted oneself, to go on with it."""
    definition, _, _ = document_of(engine, module)
    demand(principal, "view", definition)

    def taken_back(row: Values) -> Columns:
        if row["submitted_by"] != principal.operator:
            raise Forbidden("只有提交的人能撤回；审批人可以驳回")
        return approval.withdrawn(row)

    return _decided(engine, principal, definition, id, taken_back, "withdraw")


def _decided(
    engine: Engine, principal: Principal, definition: Definition, id: str, decide: Callable[[Values], Columns],
    verb: str,
) -> dict[str, Any]:  # fmt: skip
    """A draft that waits no longer."""
    with engine.db.write() as db:
        row = _waiting(engine, db, principal, definition, id)
        new = decide(row)
        ops = [Op(definition.name, id, "upd", new, {name: value_hash(row[name]) for name in new})]
        changed = engine.applier.local(ops, actor=principal.operator, act=f"{definition.name}.{verb}")
        result = _shown(engine, db, principal, definition, id)
    engine.tell(changed)
    return result


def _waiting(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, id: str
) -> Values:  # fmt: skip
    """A document that waits to be approved; raises `NotFound`, and `BadRequest` for one that does not."""
    row: Values = _shown(engine, db, principal, definition, id)["row"]
    if not approval.is_waiting(row):
        raise BadRequest(f"这张{definition.module.noun}没有在等审批，可能已由别人处理")
    return row


# -------------------------------------------------------------------------------------------------------------- cancel


def cancel(
    engine: Engine, principal: Principal, module: str, id: str, reason: str, rev: int | None = None,
    confirmed: Collection[str] = (),
) -> dict[str, Any]:  # fmt: skip
    """Takes a posted document out of all books, by entries of today. Raises `Invalid` without a reason and while others
    depend on it, `Confirm` for what somebody has to say yes to first."""
    definition, _, _ = document_of(engine, module)
    demand(principal, "cancel", definition)
    if not reason.strip():
        raise Invalid({"reason": "请写明作废原因"})
    with engine.db.write() as db:
        ops = cancel_ops(engine, db, principal, module, id, reason.strip(), rev, confirmed)
        changed = engine.applier.local(ops, actor=principal.operator, act=f"{module}.cancel")
        result = _shown(engine, db, principal, definition, id)
    engine.tell(changed)
    return result


def cancel_ops(
    engine: Engine, db: sqlite3.Connection, principal: Principal, module: str, id: str, reason: str,
    rev: int | None = None, confirmed: Collection[str] = (),
) -> list[Op]:  # fmt: skip
    """What cancelling writes, for who may. Raises as `cancel`."""
    definition, document, _ = document_of(engine, module)
    shown = _shown(engine, db, principal, definition, id)
    if rev is not None and shown["rev"] != rev:
        raise Stale(mine={}, theirs=shown["row"], labels=shown["labels"])
    if shown["made_by"]:
        raise Invalid({"": shown["made_by"]})
    chain = chain_of(engine, db, module, id)
    if chain is None or chain.winner.state != "posted":
        raise BadRequest("草稿不用作废，直接删除就可以" if chain is None else "这张单据已经作废")
    sheet, asking = chain.shown.sheet, asking_of(engine, db)
    bound = list(document.bound(id, asking))
    if bound:
        raise Invalid({"": f"还不能作废，先处理{'、'.join(bound)}"})
    moves = partial(_moves_of, definition, id, asking)
    posting = Posting(id, Sheet(sheet.header, ()), sheet, asking, moves, principal.has)
    _refuse(document.judge_cancel(posting), principal, confirmed)
    body, winner = json.dumps({"cancelled_on": today()}), chain.winner
    op = version_op(module, id, shown["row"], winner.version, winner.id, "cancelled", body, reason)
    return [op, *_beside_ops(engine, db, document, posting)]


# --------------------------------------------------------------------------------------------------------------- close


def close(
    engine: Engine, principal: Principal, module: str, id: str, reason: str, *, again: bool = False
) -> dict[str, Any]:  # fmt: skip
    """Closes a posted document by hand, so that nothing more is expected of it; `again` takes that back."""
    definition, document, _ = document_of(engine, module)
    demand(principal, "edit", definition)
    with engine.db.write() as db:
        row = _shown(engine, db, principal, definition, id)["row"]
        if document.closes is None or row["state"] != "posted" or not document.closes(row):
            raise BadRequest(f"这张{definition.module.noun}不用关闭")
        if bool(row["closed_at"]) is not again:
            raise BadRequest("已经关闭" if not again else "没有关闭")
        if not again and not reason.strip():
            raise Invalid({"reason": "请写明关闭原因"})
        at, why = (None, None) if again else (iso_of(engine.applier.now_ms()), reason.strip())
        new: Columns = {"closed_at": at, "close_reason": why}
        hashes = {name: value_hash(row[name]) for name in new}
        op = Op(module, id, "upd", new, hashes)
        changed = engine.applier.local([op], actor=principal.operator, act=f"{module}.{'reopen' if again else 'close'}")
        result = _shown(engine, db, principal, definition, id)
    engine.tell(changed)
    return result
