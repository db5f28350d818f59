"""收付货款: money that comes in and goes out, and which documents it settles (modules.md 2.2.8, T9–T13)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...engine.define import Document, Module, Related, Section, Tab
from ...engine.documents.declare import Asking, Columns, Hint, Move, Posted, Posting, Sheet, Spelled, Typing, Wrong
from ...engine.fields import Date, Dict, Enum, Int, Money, Ref, Signs, Text
from . import offset
from .allocation import ADVANCES, allocate, refund_amount, refusals, small_change_left, to_advance, write_off
from .amounts import step_of
from .deposits import ORDERS, advance_of, held, held_for, is_held, left_of
from .looked_after import owner_of
from .money import KINDS, SIDES, Side, party_move
from .open_items import (
    MODULES,
    TARGETS,
    Found,
    about,
    given,
    is_more_open,
    is_of,
    key_of,
    keyed,
    known_amounts,
    of_party,
    open_before,
    open_of,
    posted_lines,
    settling,
    target_of,
)
from .papers import (
    RIGHTS,
    accounts_hold,
    drafts_only,
    header_end,
    header_start,
    kind_stays,
    line_end,
    not_back_dated,
    spent,
    sum_of,
)
from .prints import on_sheets
from .receipts import goes_along, made_from
from .refusal import yuan
from .same import is_same
from .settings import CREDITS_FIRST, ROUNDING, WRITE_OFF_LIMIT
from .splits import ACCOUNTS, SPLITS, split_fields, split_hints, split_moves, splits_wrong
from .surplus import from_overpaid, too_much
from .words import in_words

CUSTOMER_KINDS = ("receipt", "advance_in", "refund_out")
SUPPLIER_KINDS = ("payment", "advance_out", "refund_in")
_KINDS = (*CUSTOMER_KINDS, *SUPPLIER_KINDS, "write_off", "offset")
_REFUNDS = ("refund_out", "refund_in")
PREFIXES = {
    **dict.fromkeys(CUSTOMER_KINDS, "SK"),
    **dict.fromkeys(SUPPLIER_KINDS, "FK"),
    "write_off": "HX",
    "offset": "CZ",
}
_MONEY_COMES = {"receipt": 1, "advance_in": 1, "refund_in": 1, "payment": -1, "advance_out": -1, "refund_out": -1}
_NET = Signs("kind", {**_MONEY_COMES, "write_off": 0, "offset": 0}, "收入减付出，核销和冲抵不计")
_MONEY = " ".join(_MONEY_COMES)
_ONLY = {
    "customer": " ".join((*CUSTOMER_KINDS, "write_off", "offset")),
    "supplier": " ".join((*SUPPLIER_KINDS, "write_off", "offset")),
    "amount": f"{_MONEY} offset",
    "account": _MONEY,
    "advance_used": "receipt payment",
    "from_advance": " ".join(_REFUNDS),
    "order": " ".join(CUSTOMER_KINDS),
    "purchase_order": " ".join(SUPPLIER_KINDS),
    "to_advance": "receipt payment advance_in advance_out write_off",
    "due_amount": " ".join(_REFUNDS),
    **dict.fromkeys(SPLITS, _MONEY),
    "method": _MONEY,
    "cheque_no": _MONEY,
    "write_off_reason": "write_off",
}
_COUNTED = ("amount", "account", "advance_used", "from_advance", "order", "purchase_order", *SPLITS)
"""What counts wherever it stands: a sheet whose kind does not show it has none."""
_NEEDS = {
    "customer": " ".join((*CUSTOMER_KINDS, "offset")),
    "supplier": " ".join((*SUPPLIER_KINDS, "offset")),
    "write_off_reason": "write_off",
    "account": _MONEY,
}


def _is_customer(header: Mapping[str, Any]) -> bool:
    kind = header.get("kind")
    return kind in CUSTOMER_KINDS or (kind == "write_off" and bool(header.get("customer")))


def _sides(header: Mapping[str, Any]) -> tuple[Side, Side]:
    return ("receivable", "advance_in") if _is_customer(header) else ("payable", "advance_out")


def _party(header: Mapping[str, Any]) -> tuple[str, Any]:
    name = "customer" if _is_customer(header) else "supplier"
    return name, header.get(name)


def _complete(header: Columns, lines: Sequence[Columns], asking: Asking) -> None:
    """The side a kind has no use for is empty, and lines know their document."""
    for field in (*_ORDER_FIELDS.values(), *SPLITS):
        if header.get("kind") not in _ONLY[field].split():
            header[field] = None
    if header.get("kind") in CUSTOMER_KINDS:
        header["supplier"] = None
    elif header.get("kind") in SUPPLIER_KINDS:
        header["customer"] = None
    elif offset.is_one(header):
        offset.complete(header, asking)
    customer = asking.look("customer", str(header["customer"])) if header.get("customer") else None
    header |= owner_of(header, customer, asking) if customer else {"owner": None, "department": None}
    kept = {key_of(line): line["outstanding_before"] for line in posted_lines(header, asking)}
    for line in lines:
        target = target_of(line, asking)
        line["outstanding_before"] = None
        if target:  # who may not see it is told nothing of it
            before = kept.get(key_of(line))
            line |= about(str(line["target_kind"]), target)
            line["outstanding_before"] = open_of(asking, line) if before is None else before
    if offset.is_one(header):
        header["amount"] = header.get("amount") or offset.sum_of_side(lines, "receivable")
    header["balance_before"] = _balance_before(header, asking)


def _balance_before(header: Mapping[str, Any], asking: Asking) -> int | None:
    """What the party owed, or was owed, when the settlement was made: one that counts keeps it (M3). That of 零售客户
    is what all have with all strangers, and not for whoever made one sale."""
    name, party = _party(header)
    known = asking.look(name, str(party)) if party and not offset.is_one(header) else None
    if known is None or known["is_system"]:
        return None
    old = asking.look("settlement", str(header["id"])) if header.get("id") else None
    if old and old["state"] == "posted" and old["balance_before"] is not None:
        return int(old["balance_before"] or 0)
    return asking.balance("party_balance", {name: party, "side": _sides(header)[0]})["balance"]


_SPREADS = ("customer", "supplier", "kind", "amount", "advance_used")
"""Cells of the header after which the money is spread anew."""


def _fill(typing: Typing) -> tuple[Sheet, Sequence[Hint]]:
    header, lines = typing.sheet.header, typing.sheet.lines
    _clear(header)
    if typing.line is None and typing.field in ("customer", "supplier"):
        header |= {"order": None, "purchase_order": None}
        if header.get("kind") == "write_off" and header.get(typing.field):
            header["supplier" if typing.field == "customer" else "customer"] = None
    if typing.line is None and typing.field in _SPREADS:
        lines = _spread(typing)
    _complete(header, lines, typing.asking)
    if typing.line is not None and typing.field == "write_off_amount" and header.get("kind") not in _REFUNDS:
        _take_in(header, lines, lines[typing.line : typing.line + 1])
    ahead = tuple(_ahead_hints(header, lines, typing.asking))
    # what becomes of the money says already that nothing is open
    waits = offset.hints(header, typing.asking) if offset.is_one(header) else () if ahead else _hints(header, lines)
    left_out = _left_out_hints(header, lines, typing.asking)
    hints = (*waits, *ahead, *left_out, *_deposit_hints(header, typing.asking), *split_hints(header))
    return Sheet(header, lines), hints


def _take_in(header: Columns, lines: Sequence[Columns], typed: Sequence[Columns]) -> None:
    """T10: what is allocated includes the discount, so it follows it: up as far as there is something open, down as far
    as the money does not reach. `header` still says what the discounts came to before."""
    more = write_off(lines) - int(header.get("write_off_amount") or 0)
    if more < 0:
        more = max(more, min(to_advance(header, lines), 0))
    for line in typed:
        limits = sorted((0, int(line.get("outstanding_before") or 0)))
        line["amount"] = min(max(int(line.get("amount") or 0) + more, limits[0]), limits[1])


def _clear(header: Columns) -> None:
    header |= {name: None for name in _COUNTED if header.get("kind") not in _ONLY[name].split()}


def _deposit_hints(header: Columns, asking: Asking) -> Iterator[Hint]:
    """How much was paid ahead for the order, and what other orders keep."""
    name, party = _party(header)
    order, tells = _order(header), (ORDERS[name], "deposit_left")
    if order and asking.look(ORDERS[name], str(order)):
        yield Hint(f"订金余额 {yuan(left_of(asking, ORDERS[name], order))}", _ORDER_FIELDS[name], tells=tells)
    elif not order and header.get("kind") in _MONEY_COMES and party and (kept := held(asking, name, party)):
        yield Hint(f"另有订金 {yuan(kept)} 留给没交完的订货", _ORDER_FIELDS[name], tells=tells)


def _ahead_hints(header: Columns, lines: Sequence[Columns], asking: Asking) -> Iterator[Hint]:
    """What of the money settles nothing and is kept as paid ahead (T10); and where the party owes nothing, but is owed,
    how it is given back: whoever meant that has chosen the wrong kind. What was posted so is not told again."""
    more = min(to_advance(header, lines), int(header.get("amount") or 0))
    if header.get("kind") not in ("receipt", "payment") or not _party(header)[1] or more <= 0:
        return
    posted = asking.look("settlement", str(header["id"])) if asking.version(str(header.get("id") or "")) else None
    if posted and posted["to_advance"] == more:
        return
    is_in = _is_customer(header)
    what = "这张订货的订金" if _order(header) else "预收" if is_in else "预付"
    has_debts = any(int(line.get("outstanding_before") or 0) > 0 for line in lines)
    text = f"{'分配以后还多' if has_debts else '没有要结清的，这'} {yuan(more)}，保存后转入{what}"
    if (balance := int(header.get("balance_before") or 0)) < 0:
        who, back = ("我们还欠这个客户", "退客户款") if is_in else ("这个供应商还欠我们", "收退款")
        text += f"；{who} {yuan(-balance)}，要退的话类型选「{back}」"
    yield Hint(text, "amount", level="warn", tells=("settlement", "to_advance"), bare=f"多出的保存后转入{what}")


def _left_out_hints(header: Columns, lines: Sequence[Columns], asking: Asking) -> Iterator[Hint]:
    """That more is open than a sheet lists."""
    parties = ("customer", "supplier") if offset.is_one(header) else (_party(header)[0],)
    for name in parties if header.get("kind") not in (*_REFUNDS, *ADVANCES) else ():
        if is_more_open(name, header.get(name), asking, lines):
            text = "没结清的单据太多，只列出最早到期的；金额多的会多列一些，其余的请另做一张"
            yield Hint(text, name, level="warn", tells=("settlement_line", "target"))


_ORDER_FIELDS = {"customer": "order", "supplier": "purchase_order"}


def _order(header: Mapping[str, Any]) -> Any:
    """The order whose deposit a settlement is about."""
    return header.get(_ORDER_FIELDS[_party(header)[0]]) if header.get("kind") in _MONEY_COMES else None


def _hints(header: Columns, lines: Sequence[Columns]) -> Iterator[Hint]:
    """What an empty sheet waits for, and why it stays empty."""
    name, party = _party(header)
    if lines or header.get("kind") in ADVANCES:
        return
    if not party:
        yield Hint("选好以后，没结清的单据列在下面", name)
    elif header.get("kind") in ("receipt", "payment"):
        yield Hint("没有没结清的单据，金额转入预收/付", name)
    else:
        yield Hint("没有可以结清的单据", name)


def _spread(typing: Typing) -> list[Columns]:
    """自动分配: all open documents, and what each gets (M2)."""
    header, lines = typing.sheet.header, typing.sheet.lines
    if offset.is_one(header):
        return offset.spread(typing)
    given_now = int(header.get("amount") or 0) + int(header.get("advance_used") or 0)
    back = given(posted_lines(header, typing.asking))
    items = of_party(*_party(header), typing.asking, back, given_now + write_off(lines))
    wanted = -1 if header.get("kind") in _REFUNDS else 1
    keys = {one.item.target for one in items}
    step = step_of(typing.asking.settings[ROUNDING]) if header.get("kind") == "receipt" else 1
    lines = [_asked_in_full(line, step) for line in lines]
    off = write_off([line for line in lines if key_of(line) in keys])
    money = given_now + off
    first = typing.asking.settings[CREDITS_FIRST]
    payable = [one.item for one in items if _may_settle(typing, one)]
    spread = dict(allocate(money, payable, credits_first=first)) if wanted > 0 else {}
    chosen = [one for one in items if wanted > 0 or one.item.outstanding < 0]
    found = known_amounts(chosen, spread, lines)
    if small := small_change_left(int(header.get("amount") or 0), payable, spread, step):
        target, lack = small
        line = next(line for line in found if key_of(line) == target)
        line["amount"] = int(line["amount"] or 0) + lack
        line["write_off_amount"] = int(line.get("write_off_amount") or 0) + lack
    return found


def _asked_in_full(line: Columns, step: int) -> Columns:
    """Without the small change that another sum had let off."""
    return line | {"write_off_amount": None} if 0 < int(line.get("write_off_amount") or 0) < step else line


def _may_settle(typing: Typing, one: Found) -> bool:
    """A deposit settles what delivers its order, and nothing else (T11)."""
    header = typing.sheet.header
    order, module = _order(header), ORDERS[_party(header)[0]]
    if not order or not header.get("advance_used"):
        return True
    return one.kind == module and bool(typing.asking.find(f"{module}_line", {"document": one.target, "order": order}))


def _work_out(sheet: Sheet) -> Sheet:
    header, lines = dict(sheet.header), sheet.lines
    is_refund = header.get("kind") in _REFUNDS
    header["write_off_amount"] = write_off(lines)
    is_offset = offset.is_one(header)
    header["allocated"] = offset.sum_of_side(lines, "receivable") if is_offset else sum_of(lines, "amount")
    header["to_advance"] = None if is_refund or is_offset else to_advance(header, lines)
    if is_refund:
        header["due_amount"] = refund_amount(header, lines)
    before = header.get("balance_before")
    header["balance_after"] = None if before is None else int(str(before)) - int(header["allocated"] or 0)
    return Sheet(header, lines)


def _judge(posting: Posting) -> Iterator[Wrong]:
    header, lines = posting.sheet.header, posting.sheet.lines
    yield from not_back_dated(posting)
    if offset.is_one(header):
        yield from offset.judge(posting)
        return
    name, party = _party(header)
    if not party:
        yield Wrong("请选择" + ("客户" if name == "customer" else "供应商"), name)
        return
    if header.get("customer") and header.get("supplier"):
        yield Wrong("一次只核销一个往来单位：客户和供应商只能选一个", "supplier")
        return
    if posting.old and not is_same(posting.asking, name, posting.old.header.get(name), party):
        yield Wrong("过账以后不能换往来单位，请作废后重开一张", name)
        return
    yield from splits_wrong(header)
    if header.get("kind") == "write_off" and not header.get("write_off_reason"):
        yield Wrong("请选择核销原因", "write_off_reason")
    if not lines and not header.get("amount") and not header.get("from_advance"):
        yield Wrong("请填写金额，或分配到单据", "amount")
    yield from _targets(posting, name, party)
    yield from _order_fits(posting, name, party)
    limit = None if posting.rights("edit_price") else posting.asking.settings[WRITE_OFF_LIMIT]
    advance = _available(posting, name, party)
    places = {str(line["id"]): place for place, line in enumerate(lines)}
    is_open = open_before(posting)
    if limit is not None:
        limit += _rounded(header, keyed(lines), is_open, step_of(posting.asking.settings[ROUNDING]))
    found = refusals(
        header, keyed(lines), outstanding=is_open, advance_balance=advance, write_off_limit=limit,
        advance_name="订金" if _order(header) else "预收/付", overpaid=too_much(lines, is_open, posting.asking),
    )  # fmt: skip
    for one in found:
        field = "" if one.field == "lines" else one.field
        place = places.get(one.line) if one.line else None
        yield Wrong(one.message, field, place, bare=one.bare or "金额不符合规定")
    left = advance + _advance(header, lines)
    if posting.old and left < 0:
        yield Wrong(f"预收/付已经用掉，还差 {yuan(-left)}", "amount", bare="预收/付已经用掉")
    yield from _deposit_stays(posting, name)
    yield from accounts_hold(posting, ACCOUNTS)


def _rounded(header: Columns, lines: Sequence[Columns], is_open: Mapping[str, int], step: int) -> int:
    """What of the lines `money.rounding` lets off by itself, so that nobody gives it away: what one document, settled
    with it, lacked of a round sum."""
    if header.get("kind") != "receipt" or int(header.get("amount") or 0) % step:
        return 0
    settled = (line for line in lines if int(line["amount"] or 0) == is_open.get(str(line["target"])))
    offs = (int(line.get("write_off_amount") or 0) for line in settled)
    return max((off for off in offs if 0 < off < step), default=0)


def _available(posting: Posting, name: str, party: Any) -> int:
    """What there is to use without this settlement: the deposit of its order, else what is kept for no other."""
    asking, order = posting.asking, _order(posting.sheet.header)
    old = posting.old.header if posting.old else {}
    given = _advance(old, posting.old.lines) if posting.old else 0
    was = _order(old) if posting.old else None
    if order:
        return left_of(asking, ORDERS[name], order) - (given if was == order else 0)
    kept = held(asking, name, party) - (given if is_held(asking, name, was) else 0)
    return advance_of(asking, name, party) - given - kept


def _deposit_stays(posting: Posting, name: str) -> Iterator[Wrong]:
    """A deposit that a delivery has used is not turned into another one's, or nobody's."""
    was = _order(posting.old.header) if posting.old else None
    if posting.old is None or not was or was == _order(posting.sheet.header):
        return
    left = left_of(posting.asking, ORDERS[name], was) - _advance(posting.old.header, posting.old.lines)
    if left < 0:
        yield Wrong("这笔订金已经用掉，不能换订货单", _ORDER_FIELDS[name])


def _order_fits(posting: Posting, name: str, party: Any) -> Iterator[Wrong]:
    """A deposit is of an order of this party that counts, and settles what delivers it."""
    order, asking, field = _order(posting.sheet.header), posting.asking, _ORDER_FIELDS[name]
    if not order:
        return
    row = asking.look(ORDERS[name], str(order))
    is_new = posting.old is None or _order(posting.old.header) != order
    if row is None or row["doc_type"] != "order" or not is_same(asking, name, row[name], party):
        yield Wrong("请选择这个往来单位的订货单", field)
    elif is_new and row["state"] != "posted":
        yield Wrong(f"订货单 {row['number']} 没有过账，或已作废", field)
    elif posting.sheet.header.get("advance_used"):
        yield from _delivers(posting, ORDERS[name], row)


def _delivers(posting: Posting, module: str, order: Mapping[str, Any]) -> Iterator[Wrong]:
    for place, line in enumerate(posting.sheet.lines):
        about = {"document": line.get("target"), "order": order["id"]}
        is_other = line.get("target_kind") != module or not posting.asking.find(f"{module}_line", about)
        if int(line.get("amount") or 0) > 0 and is_other:
            yield Wrong(f"订货 {order['number']} 的订金只能结清按它交货的单据", "amount", place)


def _targets(posting: Posting, name: str, party: Any) -> Iterator[Wrong]:
    for place, line in enumerate(posting.sheet.lines):
        target = target_of(line, posting.asking)
        if target is None:
            yield Wrong("请选择要结清的单据", "target", place)
        elif not is_of(posting.asking, str(line["target_kind"]), target, name, party):
            yield Wrong(f"单据 {target['number']} 不是这个往来单位的，或没有过账", "target", place)


def _advance(header: Mapping[str, Any], lines: Sequence[Columns]) -> int:
    """What a settlement adds to the advance of its party."""
    if header.get("kind") in _REFUNDS:
        return -int(header.get("from_advance") or 0)
    return to_advance(header, lines) - int(header.get("advance_used") or 0)


def _moves(posted: Posted) -> Iterable[Move]:
    header, lines = posted.sheet.header, posted.sheet.lines
    if offset.is_one(header):
        yield from offset.moves(posted)
        return
    kind, (side, advance) = str(header["kind"]), _sides(header)
    for line in lines:
        amount = -int(line.get("amount") or 0)
        yield from party_move(posted, kind, side, amount, "allocated", settles=settling(line), line=str(line["id"]))
    deposit = held_for(ORDERS[_party(header)[0]], _order(header))
    yield from party_move(posted, kind, advance, _advance(header, lines), "advance", settles=deposit)
    yield from split_moves(posted, kind, _MONEY_COMES.get(kind, 0))


_HEADER: dict[str, Any] = {
    **header_start("单据编号", "kind", PREFIXES, "日期"),
    "kind": Enum(
        "类型", {name: KINDS[name] for name in _KINDS}, required=True, default="receipt", index=True, width=100
    ),
    "customer": Ref("客户", "customer", index=True, width=200),
    "supplier": Ref("供应商", "supplier", index=True, width=200),
    "amount": Money("金额", min=0, default=0, sum=True, sum_signs=_NET, width=120),
    "account": Ref("账户", "account", default="default", small=True, index=True, width=110),
    **split_fields(),
    "advance_used": Money("使用预收/付", min=0),
    "from_advance": Money("退预收/付", min=0),
    "order": Ref(
        "订金订单",
        "sale",
        where={"doc_type": "order"},
        depends={"customer": "customer"},
        loose=True,
        width=170,
        help="订金只用在按这张订货交的货上，订货交完、关闭或作废以后可以另用",
    ),
    "purchase_order": Ref(
        "订金订单",
        "purchase",
        where={"doc_type": "order"},
        depends={"supplier": "supplier"},
        loose=True,
        width=170,
        help="订金只用在按这张订货到的货上，订货到齐、关闭或作废以后可以另用",
    ),
    "write_off_amount": Money("优惠", calc=True, readonly=True, sum=True, sum_within="kind", width=90),
    "write_off_reason": Dict("核销原因", "write_off_reason"),
    "allocated": Money("已分配", calc=True, readonly=True, sum=True, sum_within="kind", width=110),
    "to_advance": Money("转入预收/付", calc=True, readonly=True, width=110),
    "due_amount": Money("应退金额", calc=True, readonly=True),
    "balance_before": Money("此前应收/付", readonly=True, width=110, help="做这张单时往来单位的应收或应付余额"),
    "balance_after": Money("此后应收/付", calc=True, readonly=True, width=110),
    "method": Dict("方式", "pay_method"),
    "cheque_no": Text("票据号", max_length=60),
    **made_from(),
    "owner": Ref("业务员", "employee", readonly=True, loose=True, index=True, width=84),
    "department": Ref("部门", "department", readonly=True, loose=True, index=True),
    **header_end(),
}
_ABOUT = "document_number document_on due_on document_total"
_REPEATED = "number doc_on kind customer supplier state"
_TITLES = {
    **dict.fromkeys(_KINDS, "核销单"),
    "offset": "往来抵销单",
    **{kind: "收款收据" if sign > 0 else "付款凭单" for kind, sign in _MONEY_COMES.items()},
}
_SHEETS = on_sheets(
    "voucher", _TITLES, ("customer supplier number", "account method doc_on", "second_account second_amount",
     "third_account third_amount", "cheque_no handler kind",
     "order purchase_order"),
    columns="side document_number document_on document_total amount write_off_amount",
    spelled=Spelled("amount", in_words, "金额（大写）"), signs=("制单", "审核", "出纳", "经手人"),
    sums="amount advance_used from_advance write_off_amount to_advance balance_before balance_after",
)  # fmt: skip

settlement = Module(
    name="settlement",
    label="收付货款",
    also="收款 付款 回款",
    noun="收付单",
    chapter="trading",
    icon="banknote",
    position=50,
    title="number",
    scope="owner",
    when="doc_on",
    log=True,
    fields=_HEADER,
    document=Document(
        lines="settlement_line",
        kind="kind",
        prefixes=PREFIXES,
        counts=lambda line: bool(line.get("amount") or line.get("write_off_amount")),
        may_be_empty=True,
        complete=_complete,
        fill=_fill,
        work_out=_work_out,
        judge=_judge,
        bound=spent,
        moves=_moves,
        brought_by=("source_module", "source"),
        sources=tuple(map(from_overpaid, ("sale", "purchase", "opening_party"))),
        after="note print_count",
        fixed="customer supplier",
        only=_ONLY,
        needs=_NEEDS,
        line_columns=f"side {_ABOUT} outstanding_before amount write_off_amount",
        foot="allocated write_off_amount to_advance due_amount balance_before balance_after",
        copied=_REPEATED,
        prints=_SHEETS,
    ),
    columns="doc_on number kind customer supplier amount allocated to_advance account handler state",
    quick="number customer supplier handler doc_on",
    sort="-doc_on",
    tabs=(
        Tab(
            "基本",
            "number doc_on kind customer supplier amount account advance_used from_advance order purchase_order method "
            "cheque_no write_off_reason handler",
            (Section("分到几个账户", " ".join(SPLITS)),),
        ),
        Tab("其他", "source void_numbers note"),
    ),
    related=(Related("分配明细", "settlement_line", "document"),),
    children="settlement_line",
    rules=(goes_along, drafts_only, kind_stays("kind", "类型决定单据编号，保存后不能再改")),
    rights=RIGHTS | {"storekeeper": "", "finance": "view add edit delete post cancel export print", "sales": "view"},
    help="settlement",
)

settlement_line = Module(
    name="settlement_line",
    label="分配明细",
    noun="单据",
    chapter="trading",
    icon="list",
    position=51,
    writable=False,
    search=False,
    title="document_number",
    scope="follow",
    parent="document",
    fields=dict(
        document=Ref("收付单", "settlement", required=True, whole=True, hidden=True),
        line_no=Int("行号", hidden=True, default=0),
        target_kind=Enum("单据类型", TARGETS, hidden=True),
        target=Ref("结清的单据", target_by=("target_kind", MODULES), index=True, width=170),
        side=Enum("科目", SIDES, readonly=True, width=64),
        document_number=Text("结清的单据", readonly=True, width=170),
        document_on=Date("单据日期", readonly=True, width=100),
        due_on=Date("到期日", readonly=True, width=100),
        document_total=Money("单据金额", readonly=True, width=110),
        outstanding_before=Money("此前未结", readonly=True, width=110),
        amount=Money("本次分配", default=0, sum=True, sum_within="side", width=110),
        write_off_amount=Money("本次优惠", sum=True, sum_within="side", width=100),
        **line_end(_HEADER, _REPEATED),
    ),
    columns=f"number doc_on kind side {_ABOUT} amount write_off_amount state",
    quick="number document_number customer supplier",
    sort="-doc_on",
    rights=dict(manager="view export print", sales="view", finance="view export print"),
    help="settlement",
)
