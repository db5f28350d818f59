"""销货管理: sales, orders, returns and retail (modules.md 2.2.6)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import islice
from typing import Any

from ...engine.define import Document, Flaw, Module, Related, Section, Tab, seed_id
from ...engine.documents.declare import (
    Annex,
    Asking,
    Columns,
    Hint,
    Move,
    Posted,
    Posting,
    Sheet,
    Typing,
    Wanted,
    Wrong,
)
from ...engine.fields import Bool, Date, Dict, Enum, Money, Price, Rate, Ref, Text, TextThrough, Unknown
from ...engine.fields.moment import today
from .amounts import derive, unit_price
from .bargain import (
    BACK_CALLED,
    BACK_LINES,
    BACK_SHOWN,
    BACK_TURNED,
    NO_ORDERS,
    ORDER_LINES,
    STANDS,
    Bargain,
    standing,
)
from .choices import sale_choices
from .cost import Costed, Pool, customer_return, issue
from .credit import Standing, exposure, undelivered, verdict
from .deposits import deposit_hints, deposit_source, follow_deposits, freed_deposits, held, held_for, use_deposits
from .edit_price import not_typed, offers_to, rate_of
from .gifts import LINE_COLUMNS, complete_gift, gift_field, ungift
from .known import KNOWN, PARTLY, known_fields, known_totals, profit_totals, told_fields
from .looked_after import owner_of
from .money import account_move, itself, party_move
from .offer import LIST_SLOT, LastLine, Offer
from .order_book import order_moves, over_delivery
from .orders import OPEN_ORDERS
from .papers import (
    GOODS_LINES,
    PRODUCTS,
    RIGHTS,
    Origins,
    as_typed,
    below_minima,
    bound_by,
    delivered,
    drafts_only,
    header_end,
    header_start,
    header_tax,
    kind_stays,
    line_costs,
    line_end,
    line_place,
    line_prices,
    line_start,
    links_of,
    minimum_hints,
    stock_is_there,
    stock_stays,
    sum_of,
    taken_of,
    tax_included,
)
from .paying import (
    change,
    let_off,
    let_off_paid,
    paid_refusals,
    paid_source,
    pay_at_once,
    pay_of_tendered,
    tendered_too_little,
)
from .prints import TOTAL, WITHOUT_PRICES, contract, on_rolls, on_sheets
from .profit import sale_totals
from .receipts import RECEIPT, is_apart, receipt_fields, show_open, undone_along
from .refusal import shown_qty, yuan
from .rounding import TEN_THOUSAND
from .same import is_same
from .settings import (
    COUNT_ORDERS,
    CREDIT_CHECK,
    OVERDUE_DAYS,
    PRICES_UNTIL,
    PROFIT_WITHOUT_TAX,
    RETURN_FREELY,
    RETURN_REOPENS,
)
from .sources import from_order, from_origin, from_quote, sold_of
from .stock import costs_in_turn, last_cost, stock_moves
from .strangers import not_of_party
from .surplus import overpaid
from .taken import over_returned, taken_moves

PREFIXES = {"sale": "XS", "order": "XD", "return": "XT", "retail": "LS"}
RETAIL = seed_id("customer", "retail")


_HANDED = (("实收", "本次收款"), ("实退", "本次退款"))
"""What is handed over and what is paid with it: on a sale, and on a return."""
_RETAIL_ONLY = "零售的客户总是「零售客户」；知道是哪一位，选在「会员」里"


def _offer(header: Columns, line: Columns, last: LastLine | None, day: str, asking: Asking) -> Offer | None:
    return next(offers_to(header, line, last, day, asking), None)


_SIDE = Bargain(
    module="sale",
    party="customer",
    plain="sale",
    sold=("sale", "retail"),
    sources={
        "last": "上次价",
        "level": "级别价",
        "list": "标价",
        "typed": "手输",
        "order": "订单",
        "quote": "报价",
        "origin": "原单",
    },
    offer=_offer,
    rate=rate_of,
    money="paid_amount account advance_used write_off_amount",
    cleared=("settlement_method", "owner"),
    deliver_label="交货日期",
    due_label="收款到期日",
    origin_label="原销货行",
    never="没有向「{party}」卖过产品 {product}",
    fewer="产品 {product} 一共向「{party}」卖过 {sold}，已退 {back}，这次退 {now}",
    many="没有向「{party}」卖过 {now} 这么多的产品 {product}",
)


def _complete(header: Columns, lines: Sequence[Columns], asking: Asking) -> None:
    if _SIDE.kind(header) == "retail":
        header["customer"] = RETAIL
    else:
        header["member"] = None
    if not header.get("profit_basis"):
        is_net = not header.get("number") and asking.settings[PROFIT_WITHOUT_TAX]
        header["profit_basis"] = "net" if is_net else "gross"
    _complete_price_check(header, lines, asking)
    if header.get("address") and not header.get("ship_to"):
        header["ship_to"] = _ship_to(asking.look("party_address", str(header["address"])))
    if not header.get("order_effect"):  # one that has its number is older than the setting
        is_reopening = not header.get("number") and asking.settings[RETURN_REOPENS]
        header["order_effect"] = "reopens" if is_reopening else "keeps"
    customer = _SIDE.complete(header, lines, asking)
    for line in lines:
        row = asking.look("quote_line", str(line["quote_line"])) if line.get("quote_line") else None
        line["quote"] = row["document"] if row else None
        complete_gift(line, asking)
        _complete_list_price(line, asking)
    use_deposits(header, lines if _SIDE.kind(header) in _SIDE.sold else (), asking)
    if customer and not header.get("owner"):
        header |= owner_of(header, customer, asking)


def _complete_price_check(header: Columns, lines: Sequence[Columns], asking: Asking) -> None:
    """S7: who sells by prices that are valid no more keeps them, and the head office looks at it."""
    until, day = asking.settings[PRICES_UNTIL], str(header.get("doc_on") or today())
    is_old = until is not None and day > until and any(line.get("price_source") in ("level", "list") for line in lines)
    header["price_check"] = "ask" if is_old and _SIDE.kind(header) in ("sale", "order", "retail") else None


def _ship_to(address: Mapping[str, Any] | None) -> str | None:
    """Where goods go to, and who takes them, in one line."""
    words = (address[name] for name in ("receiver", "phone", "address")) if address else ()
    return " ".join(str(word) for word in words if word) or None


def _complete_list_price(line: Columns, asking: Asking) -> None:
    """标价 for product and unit of a line, as it was when they were chosen: later it changes no more (T30)."""
    of = "".join(str(line.get(name) or "")[-6:] for name in ("product", "unit_row"))
    if line.get("list_of") != of:
        line |= {"list_price": _list_price(line, asking), "list_of": of or None}


def _list_price(line: Columns, asking: Asking) -> int | None:
    product = asking.look("product", str(line["product"])) if line.get("product") else None
    unit = asking.look("product_unit", str(line["unit_row"])) if line.get("unit_row") else None
    ratio = int(unit["ratio"]) if unit else TEN_THOUSAND
    return unit_price(product[LIST_SLOT], ratio, unit[LIST_SLOT] if unit else None) if product else None


def _address(typing: Typing) -> None:
    """Another customer has other addresses: the one that is marked is offered."""
    header, asking = typing.sheet.header, typing.asking
    if typing.line is None and typing.field in ("address", "customer"):
        header["ship_to"] = None
    if typing.line is None and typing.field == "customer":
        about: dict[str, Wanted] = {"parent": header.get("customer") or "", "is_default": 1}
        header["address"] = next((row["id"] for row in asking.find("party_address", about)), None)


def _fill(typing: Typing) -> tuple[Sheet, Sequence[Hint]]:
    ungift(typing)
    is_retail = _SIDE.kind(typing.sheet.header) == "retail"
    turned, held = _SIDE.with_party(typing, "doc_type", RETAIL, _RETAIL_ONLY) if is_retail else (typing, ())
    if not is_retail and typing.line is None and typing.field == "doc_type" and typing.was == "retail":
        turned = _SIDE.without_party(typing, RETAIL)
    if is_retail and typing.line is None and typing.field == "handler":
        typing.sheet.header["owner"] = None  # it is his who handles it
    _address(turned)
    sheet, hints = _SIDE.fill(turned, _complete)
    _complete_price_check(sheet.header, sheet.lines, typing.asking)
    worked = _work_out(sheet)
    total = _pay(sheet, typing, worked)
    day = str(sheet.header.get("doc_on") or today())
    old = [quote for quote in _quotes_of(sheet, typing.asking).values() if _is_expired(quote, day)]
    if sheet.header.get("price_check"):
        text = f"价目有效期 {typing.asking.settings[PRICES_UNTIL]} 已过，这些价格要总部确认"
        hints = [*hints, Hint(text, level="warn")]
    hints = [*hints, *held, *deposit_hints("customer", sheet, typing.asking, total=total)]
    hints = [*hints, *_tendered_hints(sheet), *_shop_hints(sheet, typing.asking)]
    if _SIDE.kind(sheet.header) in _SIDE.sold:
        hints = [*hints, *minimum_hints(worked.lines, typing.asking)]
    words = (f"报价单 {quote['number']} 的有效期 {quote['valid_until']} 已过" for quote in old)
    return sheet, [*hints, *(Hint(text, level="warn") for text in words)]


def _pay(sheet: Sheet, typing: Typing, worked: Sheet) -> int:
    """Gives what the sheet comes to."""
    header, is_retail = worked.header, _SIDE.kind(sheet.header) == "retail"
    total = _int(header, "total")
    if _SIDE.kind(sheet.header) in _SIDE.sold:
        follow_deposits(sheet.header, sheet.lines, typing, total=total)
    due = total - _int(sheet.header, "advance_used")
    if is_retail:
        let_off(sheet.header, typing, due=due)
    elif _SIDE.kind(sheet.header) == "sale":
        let_off_paid(sheet.header, typing, due=due)
    left = due - _int(sheet.header, "write_off_amount")
    pay_at_once(sheet.header, typing, due=left, in_full=is_retail)
    pay_of_tendered(sheet.header, typing, due=left)
    sheet.header["signed_total"] = header["signed_total"]
    show_open(sheet.header, typing.asking)
    return total


def _shop_hints(sheet: Sheet, asking: Asking) -> Iterator[Hint]:
    """On a 销货 nothing is paid by itself: what somebody takes along from the shop would stay open, of nobody."""
    customer = asking.look("customer", str(sheet.header.get("customer") or ""))
    if _SIDE.kind(sheet.header) == "sale" and customer is not None and customer["is_system"]:
        yield Hint(f"当场付清的卖给「{customer['name']}」，活动类型选「零售」更快", "customer")


def _tendered_hints(sheet: Sheet) -> Iterator[Hint]:
    text = tendered_too_little(sheet.header, _HANDED[_SIDE.kind(sheet.header) == "return"])
    if text:
        yield Hint(text, "tendered", level="warn")


def _work_out(sheet: Sheet) -> Sheet:
    amounts = derive(sheet.header, as_typed(sheet.lines), tax_included=tax_included(sheet.header))
    found = _SIDE.work_out(sheet, amounts)
    tendered = found.header.get("tendered")
    found.header["change"] = change(int(tendered), _int(found.header, "paid_amount")) if tendered is not None else None
    return found


def _judge(posting: Posting) -> Iterator[Wrong]:
    header, kind = posting.sheet.header, _SIDE.kind(posting.sheet.header)
    yield from _SIDE.judge(posting)
    yield from _paid(header, kind)
    yield from _tendered(posting)
    yield from _customer(posting)
    yield from stock_is_there(posting)
    yield from _quoted(posting)
    yield from _expired(posting)
    yield from _over_quoted(posting)
    yield from not_typed(posting, "sale_line")
    if kind in ("sale", "retail"):
        yield from below_minima(posting)
    if kind == "return" and not posting.asking.settings[RETURN_FREELY]:
        yield from _without_origin(posting)


def _without_origin(posting: Posting) -> Iterator[Wrong]:
    for place, line in enumerate(posting.sheet.lines):
        if not line.get("origin_line"):
            yield Wrong("按系统配置，退货要从原销货单带出", "product", place)


def _int(header: Mapping[str, Any], name: str) -> int:
    return int(header.get(name) or 0)


def _paid(header: Columns, kind: str) -> Iterator[Wrong]:
    if kind == "order":
        return
    found = paid_refusals(
        total=_int(header, "total"), paid=_int(header, "paid_amount"), advance_used=_int(header, "advance_used"),
        write_off=_int(header, "write_off_amount"), in_full=kind == "retail",
        what="退款" if kind == "return" else "收款",
    )  # fmt: skip
    yield from (Wrong(one.message, one.field, bare=one.bare) for one in found)


def _tendered(posting: Posting) -> Iterator[Wrong]:
    """What was handed over is never less than what is paid of it, and of nothing paid nothing is given back. What an
    earlier version says so stays."""
    header, before = posting.sheet.header, posting.old.header if posting.old else {}
    if all(header.get(name) == before.get(name) for name in ("tendered", "paid_amount")):
        return
    handed, paid = called = _HANDED[_SIDE.kind(header) == "return"]
    if header.get("tendered") and not header.get("paid_amount"):
        yield Wrong(f"填了{handed}，「{paid}」还空着：填上它，或者清空{handed}", "tendered")
    elif text := tendered_too_little(header, called):
        yield Wrong(text, "tendered")


def _customer(posting: Posting) -> Iterator[Wrong]:
    """S6, and the credit check (T15)."""
    header, kind = posting.sheet.header, _SIDE.kind(posting.sheet.header)
    yield from _member(posting)
    customer = posting.asking.look("customer", str(header["customer"]))
    if customer is None or kind in ("retail", "return"):
        return
    if customer["is_blacklisted"]:
        yield Wrong(f"「{customer['name']}」在黑名单里，不再做新的销售", "customer")
    advance = _balance(posting, "advance_in")
    if _int(header, "advance_used"):
        yield from _advance_there(posting, advance)
    yield from _credit(posting, customer, advance)


def _member(posting: Posting) -> Iterator[Wrong]:
    """Who buys in the shop may be told; the customer that stands for all who are not is nobody in particular."""
    id = posting.sheet.header.get("member")
    member = posting.asking.look("customer", str(id)) if id else None
    if member is None:
        return
    if is_same(posting.asking, "customer", id, RETAIL):
        yield Wrong(f"「{member['name']}」不是会员，不知道是谁就空着", "member")
    elif member["is_blacklisted"]:
        yield Wrong(f"「{member['name']}」在黑名单里，不再做新的销售", "member")


def _advance_there(posting: Posting, advance: int) -> Iterator[Wrong]:
    """T11: what is used is there, and is not kept for an order that is none of this sheet's."""
    header, own = posting.sheet.header, {line.get("order") for line in posting.sheet.lines}
    kept = held(posting.asking, "customer", header["customer"], but=own)
    before = _int(posting.old.header, "advance_used") if posting.old else 0
    freed = freed_deposits(posting)
    if freed and _int(header, "advance_used") > advance - kept - sum(freed.values()):
        numbers = "、".join(str((posting.asking.look("sale", order) or {}).get("number")) for order in freed)
        bare = f"这张单用了订货 {numbers} 的订金，它的行不能去掉，请作废后重开"
        yield Wrong(f"{bare}（订金 {yuan(sum(freed.values()))}，没有别的预收可以抵）", "advance_used", bare=bare)
    elif _int(header, "advance_used") > max(advance - kept, before, 0):
        others = f"，其中 {yuan(kept)} 是别的订货的订金" if kept else ""
        yield Wrong(f"预收余额只有 {yuan(advance)}{others}", "advance_used", bare="预收余额不够")


def _quoted(posting: Posting) -> Iterator[Wrong]:
    """Q1: what was offered to this customer, of this product."""
    before = links_of(posting.old, "quote_line")
    for place, line in enumerate(posting.sheet.lines):
        link = line.get("quote_line")
        if not link or before.get(str(line["id"])) == link:
            continue
        row = posting.asking.look("quote_line", str(link))
        quote = posting.asking.look("quote", str(row["document"])) if row else None
        if row is None or quote is None:
            yield Wrong("报价行已不存在", "product", place)
        elif quote["state"] != "posted":
            yield Wrong(f"报价单 {quote['number']} 没有过账，或已作废", "product", place)
        elif not is_same(posting.asking, "customer", quote["customer"], posting.sheet.header.get("customer")):
            yield Wrong(not_of_party(f"报价单 {quote['number']}", "customer"), "product", place)
        elif not is_same(posting.asking, "product", row["product"], line["product"]):
            yield Wrong(f"报价单 {quote['number']} 的这一行不是这个产品", "product", place)


def _expired(posting: Posting) -> Iterator[Wrong]:
    """Q2: what was offered no longer stands."""
    before, day = links_of(posting.old, "quote_line").values(), str(posting.sheet.header.get("doc_on") or today())
    fresh = [line for line in posting.sheet.lines if line.get("quote_line") not in before]
    for id, quote in _quotes_of(Sheet(posting.sheet.header, fresh), posting.asking).items():
        if _is_expired(quote, day):
            place = next(
                place for place, line in enumerate(posting.sheet.lines) if _comes_from(line, id, posting.asking)
            )
            text = f"报价单 {quote['number']} 的有效期 {quote['valid_until']} 已过，仍按它的价格销售"
            yield Wrong(text, "product", place, ask="expired_quote")


def _is_expired(quote: Mapping[str, Any], day: str) -> bool:
    return bool(quote["valid_until"]) and str(quote["valid_until"]) < day


def _comes_from(line: Columns, quote: str, asking: Asking) -> bool:
    row = asking.look("quote_line", str(line["quote_line"])) if line.get("quote_line") else None
    return row is not None and row["document"] == quote


def _over_quoted(posting: Posting) -> Iterator[Wrong]:
    """Q1: more than was offered is sold when somebody means it."""
    old = taken_of(posting.old.lines if posting.old else (), "quote_line")
    taken = taken_of((), "quote_line")
    for place, line in enumerate(posting.sheet.lines):
        row = posting.asking.look("quote_line", str(line["quote_line"])) if line.get("quote_line") else None
        if row is None:
            continue
        link, quoted = str(row["id"]), int(row["base_qty"] or 0)
        others = sum_of([one for one in sold_of(posting.asking, [link]) if one["document"] != posting.id], "base_qty")
        taken[link] += _int(line, "base_qty")
        if others + taken[link] > quoted and taken[link] > old[link]:
            text = f"报价只有 {shown_qty(quoted)}，连这一张已卖 {shown_qty(others + taken[link])}"
            yield Wrong(text, "qty", place, ask="over_quote")


def _credit(posting: Posting, customer: Mapping[str, Any], advance: int) -> Iterator[Wrong]:
    settings, limit = posting.asking.settings, customer["credit_limit"]
    check = settings[CREDIT_CHECK]
    if check == "off":
        return
    days = settings[OVERDUE_DAYS]
    overdue = _overdue(posting) if days else 0
    found = verdict(
        _exposure(posting, advance), limit=limit, overdue_days=overdue, overdue_days_max=days, check=check,
        may_exceed=posting.rights("over_credit"),
    )  # fmt: skip
    name = f"「{customer['name']}」"
    reasons = [f"超出信用额度 {yuan(found.over)}（额度 {yuan(int(limit or 0))}）"] if found.over else []
    reasons += [f"有单据已逾期 {overdue} 天"] if found.is_overdue else []
    if reasons:
        ask = "over_credit" if found.answer == "warn" else None
        bare = "超出信用额度" if found.over else "有单据已逾期"
        yield Wrong(f"{name}{'，'.join(reasons)}", "customer", ask=ask, bare=f"{name}{bare}")


def _overdue(posting: Posting) -> int:
    """Days since the oldest due date of what the customer still owes, from before the books began included."""
    about: dict[str, Wanted] = {
        "customer": posting.sheet.header["customer"], "state": "posted", "paid_state": ["unpaid", "partial"]
    }  # fmt: skip
    first = posting.asking.earliest("sale", about | {"doc_type": "sale"})
    owed = [*islice(first, 1), *posting.asking.find("opening_party", about | {"kind": "receivable"})]
    dues = [str(row["due_on"]) for row in owed if row["due_on"]]
    return (date.fromisoformat(today()) - date.fromisoformat(min(dues))).days if dues else 0


def _exposure(posting: Posting, advance: int) -> int:
    """What the customer would owe with this sheet, orders that are still to be delivered included."""
    header, is_order = posting.sheet.header, _SIDE.kind(posting.sheet.header) == "order"
    standing_now = Standing(_balance(posting, "receivable"), advance, _undelivered(posting))
    return exposure(
        standing_now, total=_int(header, "total"), paid=_int(header, "paid_amount") + _int(header, "write_off_amount"),
        delivers=0 if is_order else _amount_of(posting.asking, _delivers(posting)),
        count_orders=posting.asking.settings[COUNT_ORDERS],
    )  # fmt: skip


def _delivers(posting: Posting) -> dict[str, int]:
    """By how much less remains of order lines once this sheet counts; what the old version delivered is off already."""
    old = taken_of(posting.old.lines if posting.old else (), "order_line")
    new = taken_of(posting.sheet.lines, "order_line")
    found = {}
    for link in old | new:
        rows = posting.asking.find("order_balance", {"order_module": "sale", "order_line": link})
        open_now = sum_of(rows, "ordered") - sum_of(rows, "delivered")
        found[link] = max(open_now, 0) - max(open_now + old[link] - new[link], 0)
    return found


def _undelivered(posting: Posting) -> int:
    """Of all open posted orders of the customer but this one."""
    about: dict[str, Wanted] = {"state": "posted", "doc_type": "order", "progress": OPEN_ORDERS}
    found = 0
    for order in posting.asking.find("sale", about | {"customer": posting.sheet.header["customer"]}):
        if order["id"] != posting.id:
            rows = posting.asking.find("order_balance", {"order_module": "sale", "order": order["id"]})
            left = {str(row["order_line"]): _int(row, "remaining") for row in rows}
            found += _amount_of(posting.asking, left)
    return found


def _amount_of(asking: Asking, quantities_of: Mapping[str, int]) -> int:
    """The amount of base quantities of order lines."""
    lines = [(asking.look("sale_line", id), qty) for id, qty in quantities_of.items() if qty]
    return undelivered([(qty, _int(line, "base_qty"), _int(line, "net_amount")) for line, qty in lines if line])


def _balance(posting: Posting, side: str) -> int:
    """What the books say of the customer, without what the old version booked."""
    customer = str(posting.sheet.header["customer"])
    old = posting.moves(posting.old) if posting.old else ()
    booked = sum(
        int(move.values["amount"] or 0)
        for move in old
        if move.ledger == "party_entry"
        and move.values["side"] == side
        and is_same(posting.asking, "customer", move.values["customer"], customer)
    )
    return posting.asking.balance("party_balance", {"customer": customer, "side": side})["balance"] - booked


def _moves(posted: Posted) -> Iterable[Move]:
    header, kind = posted.sheet.header, _SIDE.kind(posted.sheet.header)
    name = {"return": "sale_return", "order": "sale_order"}.get(kind, kind)
    total, paid = _int(header, "total"), 0 if is_apart(header) else _int(header, "paid_amount")
    advance, off = _int(header, "advance_used"), _int(header, "write_off_amount")
    about = itself(posted)
    yield from order_moves(posted, kind)
    yield from taken_moves(posted, "origin_line", "origin", "sale")
    if kind != "return":
        yield from taken_moves(posted, "quote_line", "quote", "quote")
    if kind == "order":
        yield from party_move(posted, name, "advance_in", paid, "deposit", settles=held_for("sale", posted.id))
        yield from account_move(posted, name, paid, "paid")
        return
    sign = _SIDE.sign(header)
    yield from stock_moves(posted, name, -sign)
    yield from party_move(posted, name, "receivable", sign * total, "total", settles=about)
    yield from party_move(posted, name, "receivable", -sign * paid, "paid", settles=about)
    yield from party_move(posted, name, "receivable", -sign * off, "write_off", settles=about)
    yield from party_move(posted, name, "receivable", -sign * advance, "advance", settles=about)
    yield from _advance_moves(posted, name, sign * advance)
    yield from account_move(posted, name, sign * paid, "paid")


def _advance_moves(posted: Posted, name: str, advance: int) -> Iterator[Move]:
    """What is used of deposits is taken from them, order by order, the rest from what was paid for nothing certain."""
    rest, lines = advance, [line for line in posted.sheet.lines if line.get("order") and advance > 0]
    if lines and all(line.get("deposit_used") is None for line in lines):  # of a program that told them not apart
        lines = [lines[0] | {"deposit_used": advance}]
    for line in lines:
        used, about = _int(line, "deposit_used"), held_for("sale", line["order"])
        rest -= used
        yield from party_move(posted, name, "advance_in", -used, "used", settles=about, line=str(line["id"]))
    yield from party_move(posted, name, "advance_in", -rest, "used")


def _costs(posted: Posted, asking: Asking) -> Iterator[tuple[str, Columns]]:
    kind = _SIDE.kind(posted.sheet.header)
    if kind == "order":
        return

    origins = Origins(asking, "sale_line", posted.id)

    def judge(pool: Pool, line: Columns) -> Costed:
        qty = int(line["base_qty"] or 0)
        if kind != "return":
            return issue(pool, qty, last_cost(asking, str(line["product"]), pool, qty))
        return origins.took(line, customer_return(pool, qty, origins.of(line)))

    yield from costs_in_turn(posted, asking, judge)


def _beside(posting: Posting) -> Iterator[tuple[str, str, Columns]]:
    """Q1: what is sold from a quote has been won, as long as something is."""
    now = _quotes_of(posting.sheet, posting.asking)
    before = _quotes_of(posting.old, posting.asking) if posting.old else {}
    meant = {str(posting.sheet.lines[one.line]["quote"]) for one in _over_quoted(posting) if one.line is not None}
    for id, quote in (before | now).items():
        if id in now or _is_sold(id, posting):
            yield "quote", id, {"result": "won"} | ({"may_oversell": True} if id in meant else {})
        elif quote["result"] == "won":
            yield "quote", id, {"result": "open"}


def _quotes_of(sheet: Sheet, asking: Asking) -> dict[str, Mapping[str, Any]]:
    """The quotes that lines come from."""
    rows = [asking.look("quote_line", str(line["quote_line"])) for line in sheet.lines if line.get("quote_line")]
    ids = sorted({str(row["document"]) for row in rows if row})
    found = {id: asking.look("quote", id) for id in ids}
    return {id: quote for id, quote in found.items() if quote}


def _is_sold(quote: str, posting: Posting) -> bool:
    """Whether another document sells something of a quote."""
    lines = [str(line["id"]) for line in posting.asking.find("quote_line", {"document": quote})]
    return any(row["document"] != posting.id for row in sold_of(posting.asking, lines))


_HEADER: dict[str, Any] = {
    **header_start("单据编号", "doc_type", PREFIXES, "销货日期"),
    "doc_type": Enum(
        "活动类型", {"sale": "销货", "order": "销货订货", "return": "客户退货", "retail": "零售"}, required=True,
        default="sale", index=True, width=84, tones={"return": "look"},
    ),
    "customer": Ref("客户", "customer", required=True, index=True, width=200),
    "member": Ref(
        "会员", "customer", index=True, width=160, help="零售时知道是哪位客户就选上，在他的「会员零售」里能看到"
    ),
    "contact": Ref("联系人", "contact", loose=True, depends={"parent": "customer"}),
    "address": Ref(
        "收货地址", "party_address", loose=True, depends={"parent": "customer"}, help="客户的「收货地址」里的一个"
    ),
    "ship_to": Text("收货人和地址", max_length=300, help="随收货地址，也可以自己写；印在销货单和出库单上"),
    "deliver_on": Date("交货日期", index=True, width=100),
    "warehouse": Ref("仓库", "warehouse", default="default", index=True, width=100),
    "settlement_method": Ref("结算方式", "settlement_method", small=True),
    "due_on": Date("收款到期日", index=True, width=100),
    **header_tax(),
    "goods_amount": Money("货款", calc=True, readonly=True),
    "discount_amount": Money("整单优惠", min=0),
    "tax_amount": Money("税额", calc=True, readonly=True),
    "charge_amount": Money("运费", min=0),
    "total": Money("合计金额", calc=True, readonly=True, sum=True, sum_signs=BACK_SHOWN, width=120),
    "signed_total": Money("应收", calc=True, readonly=True, hidden=True),
    "paid_amount": Money("本次收款", min=0),
    "paid_source": paid_source(),
    "account": Ref("收款账户", "account", default="default", small=True),
    "advance_used": Money("使用预收", min=0),
    "advance_source": deposit_source(),
    "write_off_amount": Money("抹零", min=0),
    "tendered": Money("实收", min=0),
    "change": Money("找零", calc=True, readonly=True),
    **receipt_fields("收款单"),
    **_SIDE.settling("已收", "未收", "收款状态"),
    "cost_total": Money(
        "成本", calc=True, readonly=True, see="see_cost", sum=True, sum_signs=NO_ORDERS,
        unknown=Unknown("unknown_qty", partly=PARTLY),
    ),
    "profit": Money(
        "毛利", calc=True, readonly=True, see="see_cost", sum=True, sum_signs=NO_ORDERS, help="只算知道成本的部分",
        unknown=Unknown("unknown_qty", partly=PARTLY), sum_but="unknown_revenue",
    ),
    **known_fields(),
    "return_reason": Dict("退货原因", "return_reason"),
    "profit_basis": Enum("毛利", {"gross": "含税", "net": "不含税"}, readonly=True, hidden=True),
    "price_check": Enum("价格核对", {"ask": "需总部确认"}, readonly=True, index=True, tones={"ask": "look"}, width=100),
    "is_price_checked": Bool("价格已确认", index=True, help="价目过期以后按旧价卖的，总部看过就勾上"),
    "order_effect": Enum("退货后订货", {"keeps": "不恢复", "reopens": "恢复"}, readonly=True, hidden=True),
    "owner": Ref("业务员", "employee", index=True, copies={"department": "department"}, width=84),
    "department": Ref("部门", "department", readonly=True, index=True),
    "delivery_method": Dict("送货方式", "delivery_method"),
    "tracking_no": Text("物流单号", max_length=60),
    "invoice_no": Text("发票号", max_length=60),
    "invoiced_on": Date("开票日期"),
    **header_end(),
}  # fmt: skip
_REPEATED = "number doc_on doc_type customer member owner state"
_OF_HEADER = line_end(_HEADER, _REPEATED)
_OF_HEADER["member"] = replace(_OF_HEADER["member"], index=False)  # few lines have one: their documents find them

_ROLL = (("number", "doc_on", "handler"), "total discount_amount write_off_amount settled outstanding tendered change")
_RECEIPTS = on_rolls("receipt", {"retail": "销售小票"}, (*_ROLL[0], "member"), _ROLL[1])
_TICKETS = on_rolls("ticket", {"sale": "销售小票", "return": "退货小票"}, *_ROLL)
_SHEETS = on_sheets(
    "sheet", {"sale": "销货单", "order": "销货订货单", "return": "销货退货单", "retail": "销货单"},
    ("customer:2 number", "contact owner doc_on", "warehouse deliver_on settlement_method", "return_reason:2 due_on",
     "ship_to"),
    columns=LINE_COLUMNS, spelled=TOTAL, signs=("制单", "审核", "发货", "客户签收"),
    sums="total discount_amount charge_amount tax_amount write_off_amount settled outstanding",
)  # fmt: skip
_SLIPS = on_sheets(
    "slip", {"sale": "出库单", "retail": "出库单", "return": "退货入库单"},
    ("customer:2 number", "warehouse contact doc_on", "delivery_method:2 tracking_no", "ship_to"),
    columns=WITHOUT_PRICES, prices=False, signs=("制单", "仓库", "复核", "签收"),
)  # fmt: skip
_CONTRACT = contract(
    {"sale": "购销合同", "order": "购销合同"}, ("number:2 doc_on", "deliver_on settlement_method delivery_method")
)

_OLD_PRICES = Flaw(
    name="old_prices",
    label="价格需总部确认",
    when=(("price_check", "eq", "ask"), ("is_price_checked", "ne", True), ("state", "eq", "posted")),
    text="销货单 {number} 是在价目过期以后按旧价卖的",
    remedy="看过以后在销货单里勾选「价格已确认」，要改价就改单或作废",
)

sale = Module(
    name="sale",
    label="销货管理",
    also="销售 出库 开单",
    noun="销货单",
    chapter="trading",
    icon="shopping-cart",
    position=40,
    title="number",
    scope="owner",
    when="doc_on",
    looked_up_by="customer progress",
    open_by="customer due_on outstanding",
    log=True,
    fields=_HEADER,
    document=Document(
        lines="sale_line",
        revision=3,
        kind="doc_type",
        prefixes=PREFIXES,
        complete=_complete,
        fill=_fill,
        work_out=_work_out,
        judge=_judge,
        sources=(from_order("sale", "customer", ("sale",)), from_quote(), from_origin("sale", "customer")),
        beside=_beside,
        fixed=f"customer {_SIDE.money}",
        holds={"customer": ("doc_type", "retail", _RETAIL_ONLY)},
        closes=lambda header: header["doc_type"] == "order",
        judge_cancel=stock_stays,
        along=undone_along,
        bound=bound_by("sale_line"),
        moves=_moves,
        totals=lambda lines: profit_totals(lines) | known_totals(lines),
        line_totals=sale_totals,
        standing=standing,
        stands=STANDS,
        annexes=(Annex("line_cost", _costs),),
        told_by=("cost_charge",),
        brings=RECEIPT,
        after="closed_at close_reason note print_count delivery_method tracking_no invoice_no invoiced_on "
        "is_price_checked",
        entry={
            "product": "product", "qty": "qty", "price": "price", "discount": "discount_rate", "unit": "unit_row"
        },
        find=PRODUCTS,
        choices=sale_choices,
        line_columns="product spec unit_row unit_name qty price discount_rate amount net_amount is_gift note",
        foot="goods_amount discount_amount tax_amount charge_amount total advance_used write_off_amount paid_amount "
        "account tendered change outstanding deposit_left",
        only={"deposit_left": "order", "member": "retail"},
        needs={"warehouse": "sale return retail", "deliver_on": "order"},
        nouns={"order": "订货单", "return": "退货单", "retail": "零售单"},
        called={
            "order": {"doc_on": "订货日期"},
            "return": BACK_CALLED | {"warehouse": "退入仓库", "tendered": "实退"},
            "retail": {"doc_on": "零售日期"},
        },
        line_called={"order": ORDER_LINES, "return": BACK_LINES},
        turned={"return": BACK_TURNED},
        copied=_REPEATED,
        prints=(*_RECEIPTS, *_SHEETS, *_SLIPS, _CONTRACT, *_TICKETS),
    ),
    columns="doc_on number doc_type customer total outstanding paid_state progress state owner warehouse deliver_on",
    quick="number customer member owner doc_on",
    context="customer",
    sort="-doc_on",
    tabs=(
        Tab(
            "基本",
            "number doc_on doc_type customer member contact warehouse deliver_on settlement_method due_on owner "
            "handler",
            (
                Section(
                    "送货与发票",
                    "address ship_to delivery_method tracking_no invoice_no invoiced_on return_reason "
                    "price_check is_price_checked",
                ),
            ),
        ),
        Tab("其他", "receipt note", (Section("成本和毛利", KNOWN),)),
    ),
    related=(
        Related("产品清单", "sale_line", "document"),
        Related("收款记录", "settlement_line", "target", {"target_kind": "sale"}),
        Related("订金", "settlement", "order"),
    ),
    flaws=(
        *overpaid("sale", {"receipt": ("sale", "retail")}, "doc_type"),
        over_delivery("sale"),
        over_returned("sale", "卖"),
        _OLD_PRICES,
    ),
    children="sale_line",
    rules=(drafts_only, kind_stays("doc_type", "活动类型决定单据编号，保存后不能再改")),
    rights=RIGHTS | {"sales": "view add edit delete post export print"},
    help="sale",
)  # fmt: skip

sale_line = Module(
    name="sale_line",
    newest_by="customer product unit_row",
    label="销货明细",
    position=42,
    **GOODS_LINES,
    fields=dict(
        **line_start("sale", taxed=True, signs=BACK_SHOWN),
        **line_prices(BACK_SHOWN),
        **line_costs(),
        **told_fields(),
        **line_place(),
        region=TextThrough(
            "区域",
            by="customer",
            path=(("customer", "region"), ("region", "name")),
            readonly=True,
            calc=True,
            width=100,
        ),
        list_price=Price("标价", readonly=True, width=96, help="录这一行时的零售价，后来调价不变"),
        list_of=Text("标价依据", max_length=12, readonly=True, hidden=True),
        cost_total=Money(
            "销货成本",
            calc=True,
            readonly=True,
            see="see_cost",
            sum=True,
            width=100,
            help="退货为减",
            unknown=Unknown("uncosted_qty", but="cost_adjusted", partly=PARTLY),
        ),
        profit=Money(
            "毛利",
            calc=True,
            readonly=True,
            see="see_cost",
            sum=True,
            width=100,
            help="退货为减，只算知道成本的部分",
            unknown=Unknown("unknown_revenue", partly=PARTLY),
            sum_but="unknown_revenue",
        ),
        profit_rate=Rate(
            "毛利率%",
            decimals=2,
            calc=True,
            readonly=True,
            see="see_cost",
            width=92,
            help="只算知道成本的部分",
            unknown=Unknown("unknown_revenue", partly=PARTLY),
        ),
        **delivered("交"),
        is_gift=gift_field(),
        quote_line=Ref("报价行", "quote_line", loose=True, hidden=True),
        quote=Ref("报价单", "quote", loose=True, hidden=True),
        deposit_used=Money("使用订金", readonly=True, hidden=True),
        **_SIDE.linking(),
        **_OF_HEADER,
    ),
    # what decides stands before the number, which takes the room of two of them
    columns="doc_on doc_type customer product qty unit_name price amount profit profit_rate number product_code spec "
    "discount_rate net_amount cost_total region place owner delivered_qty remaining_qty state",
    quick="number customer product_code product owner",
    sort="-doc_on",
    rights=dict(manager="view export print", sales="view export print", finance="view export print"),
    help="sale",
)
