"""对账单: what stood open with a party on a day, all that was booked since, and what stands open at the end. Made from
the entries of one ledger (see `declare.Statement`), of those that the reader may see."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from ...errors import BadRequest, Forbidden, NotFound
from .. import aliases, form
from ..access import Principal, demand, scope_sql
from ..engine import Engine
from ..export import write_table
from ..fields import Sql, all_of
from ..fields.moment import today
from ..paper import Column, Told
from ..rows import labels
from ..saving import row_number
from .declare import Ledger, Party, Statement

BUCKETS = (30, 60, 90, 180, 365)
"""Days overdue at which one column of the ages ends and the next begins (T24)."""


@dataclass(frozen=True)
class Span:
    """From a day to a day (ISO), both included; blank: from the first, to the last."""

    since: str = ""
    until: str = ""


@dataclass(frozen=True)
class _Asked:
    """One statement: of whom, of what, and the entries that its reader sees."""

    statement: Statement
    ledger: Ledger
    party: str
    ids: Sequence[str]
    title: str
    seen: Sql


def statement_of(engine: Engine, principal: Principal, moves: str, party: str, id: str, span: Span) -> dict[str, Any]:
    """{label, title, words, since, until, opening, rows, closing, ages, hidden}; amounts in 分. Raises `NotFound`."""
    if span.since and span.until and span.since > span.until:
        raise BadRequest("开始日期不能晚于结束日期")
    with engine.db.read() as db:
        return _made(engine, db, _asked(engine, db, principal, moves, party, id), span)


def _asked(engine: Engine, db: sqlite3.Connection, principal: Principal, moves: str, party: str, id: str) -> _Asked:
    ledger = engine.registry.ledgers.get(moves)
    statement = ledger.statement if ledger else None
    if ledger is None or statement is None or party not in statement.sides:
        raise NotFound("没有这种对账单")
    entries, target = engine.definition(moves), engine.definition(party)
    demand(principal, "view", entries)
    demand(principal, "view", target)
    if not principal.sees(entries.fields[statement.amount]):
        raise Forbidden(f"{statement.label}上都是金额，您看不到金额，请由看得到的同事打开")
    number = row_number(engine, db, principal, target, id, deleted=False)
    if number is None:
        raise NotFound(f"没有找到这个{target.module.noun}")
    ids = aliases.all_of(db, party, id) if party in engine.registry.mergeable else [id]
    title = db.execute(f'SELECT "{target.module.title}" FROM {party} WHERE id = ?', (ids[0],)).fetchone()[0]
    scope = scope_sql(engine.registry, entries, principal, moves)
    return _Asked(statement, ledger, party, ids, str(title), scope or Sql("1"))


def _of(asked: _Asked, *more: Sql, unseen: bool = False) -> Sql:
    """Which entries are meant."""
    marks = ",".join("?" * len(asked.ids))
    side = asked.statement.sides[asked.party]
    parts = [
        Sql(f'deleted_at IS NULL AND "{asked.party}" IN ({marks})', tuple(asked.ids)),
        Sql(f'"{asked.statement.by}" IN (?, ?)', (side.owed, side.ahead)),
        Sql(f"NOT ({asked.seen.text})", asked.seen.params) if unseen else asked.seen,
    ]
    return all_of([*parts, *more])


def _until(span: Span) -> tuple[Sql, ...]:
    return (Sql("book_on <= ?", (span.until,)),) if span.until else ()


def _sums(db: sqlite3.Connection, asked: _Asked, *more: Sql) -> dict[str, int]:
    """What is owed, and what was paid ahead."""
    one, side = asked.statement, asked.statement.sides[asked.party]
    where = _of(asked, *more)
    sql = f'SELECT "{one.by}", sum("{one.amount}") FROM {asked.ledger.moves} WHERE {where.text} GROUP BY 1'
    found = dict(db.execute(sql, where.params).fetchall())
    return {"owed": found.get(side.owed, 0), "ahead": found.get(side.ahead, 0)}


def _made(engine: Engine, db: sqlite3.Connection, asked: _Asked, span: Span) -> dict[str, Any]:
    before = (Sql("book_on < ?", (span.since,)),)
    opening = _sums(db, asked, *before) if span.since else {"owed": 0, "ahead": 0}
    rows = list(_running(_grouped(engine, db, asked, span), opening))
    last = {name: rows[-1][name] for name in ("owed", "ahead")} if rows else opening
    where, moves = _of(asked, *_until(span), unseen=True), asked.ledger.moves
    side = asked.statement.sides[asked.party]
    return {
        "label": asked.statement.label,
        "title": asked.title,
        "words": {"owed": side.words[0], "ahead": side.words[1], "more": side.words[2], "less": side.words[3]},
        "since": span.since,
        "until": span.until,
        "opening": opening,
        "rows": rows,
        "more": sum(row["more"] for row in rows),
        "less": sum(row["less"] for row in rows),
        "closing": last | {"net": last["owed"] - last["ahead"]},
        "ages": list(_ages(db, asked, span)),
        "hidden": db.execute(f"SELECT count(*) FROM {moves} WHERE {where.text}", where.params).fetchone()[0],
    }


# ------------------------------------------------------------------------------------------------------------- entries


def _grouped(engine: Engine, db: sqlite3.Connection, asked: _Asked, span: Span) -> Iterator[dict[str, Any]]:
    """One row for each document and day, in the order in which they were booked."""
    one = asked.statement
    since = (Sql("book_on >= ?", (span.since,)),) if span.since else ()
    where = _of(asked, *since, *_until(span))
    sql = f"SELECT * FROM {asked.ledger.moves} WHERE {where.text} ORDER BY book_on, row"
    rows = [dict(row) for row in db.execute(sql, where.params)]
    definition = engine.definition(asked.ledger.moves)
    known = labels(db, engine.registry, definition, rows)
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        key = row["book_on"], row["number"], row["document"]
        about = found.setdefault(
            key, {"on": row["book_on"], "number": row["number"], "own": [], "other": 0, "ahead": 0}
        )
        about["kind"] = definition.fields["kind"].format(row["kind"], known)
        about |= {"module": row["module"], "document": row["document"]}
        _add(about, row, one, asked)
    yield from found.values()


def _add(about: dict[str, Any], row: Mapping[str, Any], one: Statement, asked: _Asked) -> None:
    amount = int(row[one.amount] or 0)
    if row[one.by] == one.sides[asked.party].ahead:
        about["ahead"] += amount
    elif row[one.settles] == row["document"]:
        about["own"].append(amount)
    else:
        about["other"] += amount


def _running(rows: Iterator[dict[str, Any]], opening: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """What each row adds and takes away, and what stands open after it. What a document says of itself stands on its
    own side; what it settles of others counts together."""
    owed, ahead = opening["owed"], opening["ahead"]
    for row in rows:
        amounts = [*row.pop("own"), row.pop("other")]
        more, less = sum(one for one in amounts if one > 0), -sum(one for one in amounts if one < 0)
        owed, ahead = owed + more - less, ahead + row["ahead"]
        yield row | {"more": more, "less": less, "owed": owed, "ahead": ahead}


# ---------------------------------------------------------------------------------------------------------------- ages


def _ages(db: sqlite3.Connection, asked: _Asked, span: Span) -> Iterator[dict[str, Any]]:
    """T24: what is open at the end, by how long it is due; credits apart, and none where nothing is open."""
    one, side = asked.statement, asked.statement.sides[asked.party]
    where = _of(asked, *_until(span), Sql(f'"{one.by}" = ?', (side.owed,)))
    items = ", ".join(f'"{name}"' for name in one.items)
    sql = (
        f'SELECT sum("{one.amount}"), COALESCE(max("{one.due}"), min(book_on)) FROM {asked.ledger.moves} '
        f'WHERE {where.text} GROUP BY {items} HAVING sum("{one.amount}") <> 0'
    )
    day = date.fromisoformat(span.until or today())
    sums: dict[str, int] = {}
    for amount, due in db.execute(sql, where.params):
        label = "未核销贷方" if amount < 0 else age_of((day - date.fromisoformat(due)).days)
        sums[label] = sums.get(label, 0) + amount
    yield from ({"label": label, "amount": sums[label]} for label in _AGES if label in sums)


def age_of(days: int) -> str:
    """The column of so many days overdue."""
    if days <= 0:
        return _AGES[0]
    return next((label for label, last in zip(_AGES[1:], BUCKETS, strict=False) if days <= last), f">{BUCKETS[-1]}天")


_FIRST = (1, *(last + 1 for last in BUCKETS))
_AGES = (
    "未到期", *(f"{first}–{last}天" for first, last in zip(_FIRST, BUCKETS, strict=False)), f">{BUCKETS[-1]}天",
    "未核销贷方",
)  # fmt: skip


# ------------------------------------------------------------------------------------------------------ paper and files


def money(amount: int) -> str:
    """分 as people read it."""
    return f"{_yuan(amount):,.2f}"


def period(found: Mapping[str, Any]) -> str:
    """The span in words."""
    return f"{found['since'] or '最早'} 至 {found['until'] or today()}"


def paper_of(
    engine: Engine, principal: Principal, moves: str, party: str, id: str, span: Span, printed: str
) -> form.Form:  # fmt: skip
    """The statement as it prints; raises `Forbidden`."""
    demand(principal, "print", engine.definition(moves))
    found = statement_of(engine, principal, moves, party, id, span)
    statement = engine.registry.ledgers[moves].statement
    assert statement is not None
    words = found["words"]
    heads = (("日期", 74), ("单据编号", 132), ("类型", 64), (words["more"], 72), (words["less"], 72),
             (f"{words['owed']}余额", 82), (f"{words['ahead']}余额", 76))  # fmt: skip
    closing = found["closing"]
    return form.Form(
        paper="a4", title=found["label"], number=found["title"], company=_company(engine, statement.letterhead),
        head=[[form.Item(engine.definition(party).module.noun, found["title"], 2),
               form.Item("期间", period(found), 2)]],
        columns=[Column(label, "left" if place < 3 else "right", width) for place, (label, width) in enumerate(heads)],
        rows=list(_cells(found)),
        totals=["合计", "", "", money(found["more"]), money(found["less"]), "", ""],
        sums=[(f"期末{words['owed']}", money(closing["owed"])), (f"期末{words['ahead']}", money(closing["ahead"])),
              ("净额", money(closing["net"]))],
        notes=[*_age_notes(found), *_hidden_notes(found)],
        signs=statement.signs, printed=printed,
    )  # fmt: skip


def _cells(found: Mapping[str, Any]) -> Iterator[list[str]]:
    opening = found["opening"]
    yield ["", "期初", "", "", "", money(opening["owed"]), money(opening["ahead"])]
    for row in found["rows"]:
        moved = (money(row[name]) if row[name] else "" for name in ("more", "less"))
        yield [row["on"], row["number"], row["kind"], *moved, money(row["owed"]), money(row["ahead"])]


def _age_notes(found: Mapping[str, Any]) -> Iterator[form.Pair]:
    if found["ages"]:
        yield "账龄", "　".join(f"{one['label']} {money(one['amount'])}" for one in found["ages"])


def _hidden_notes(found: Mapping[str, Any]) -> Iterator[form.Pair]:
    if found["hidden"]:
        yield "说明", f"另有 {found['hidden']} 笔不在制单人的数据范围内，没有列出"


def _company(engine: Engine, letterhead: Party | None) -> str:
    if letterhead is None:
        return ""
    with engine.db.read() as db:
        sql = f'SELECT "{letterhead.fields}" FROM {letterhead.module} WHERE deleted_at IS NULL ORDER BY row LIMIT 1'
        row = db.execute(sql).fetchone()
    return str(row[0] or "") if row else ""


def write_paper(target: Path, paper: form.Form, told: Told) -> tuple[int, int]:
    """(rows, pages) of a statement written to a PDF file."""
    return len(paper.rows), form.write(target, paper, told)


def export(target: Path, found: Mapping[str, Any]) -> int:
    """Writes a statement to an xlsx file: opening, entries, closing. Returns how many entries there are."""
    words, opening, closing = found["words"], found["opening"], found["closing"]
    heads = ["日期", "单据编号", "类型", words["more"], words["less"], f"{words['owed']}余额", f"{words['ahead']}余额"]
    rows: list[list[object]] = [[None, "期初", None, None, None, _yuan(opening["owed"]), _yuan(opening["ahead"])]]
    for row in found["rows"]:
        amounts = [_yuan(row[name]) for name in ("more", "less", "owed", "ahead")]
        rows.append([date.fromisoformat(row["on"]), row["number"], row["kind"], *amounts])
    moved = [_yuan(found["more"]), _yuan(found["less"])]
    rows.append([None, "期末", None, *moved, _yuan(closing["owed"]), _yuan(closing["ahead"])])
    rows += [[None, one["label"], "账龄", None, None, _yuan(one["amount"]), None] for one in found["ages"]]
    rows += [[None, label, text, None, None, None, None] for label, text in _hidden_notes(found)]
    write_table(target, heads, iter(rows), ["yyyy-mm-dd", "@", "@", *["#,##0.00"] * 4])
    return len(found["rows"])


def _yuan(amount: int) -> Decimal:
    return Decimal(amount).scaleb(-2)
