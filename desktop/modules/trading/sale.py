"""销货管理: sales, orders, returns and retail (modules.md 2.2.6)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...engine.define import Document, Module, Related, Section, Tab, seed_id
from ...engine.documents.declare import Annex, Asking, Columns, Hint, Move, Posted, Posting, Sheet, Typing, Wrong
from ...engine.fields import Date, DateTime, Dict, Enum, Money, Quantity, Ref, Text
from ...engine.fields.moment import today
from .amounts import derive, discount_refusals
from .cost import Costed, Origin, Pool, customer_return, issue
from .credit import Check, Standing, exposure, verdict
from .money import PAID_STATES, account_move, itself, party_move, settled
from .offer import LastLine, is_below_minimum, sale_offer
from .order_book import PROGRESS, not_more_than_ordered, order_moves, order_progress
from .papers import (
    PRICE_DAYS,
    PRODUCTS,
    RIGHTS,
    TAX_INCLUDED,
    accounts_hold,
    as_typed,
    bound_by,
    complete_line,
    complete_orders,
    discounted,
    drafts_only,
    frozen_money,
    header_end,
    header_start,
    kind_stays,
    line_costs,
    line_end,
    line_prices,
    line_start,
    newest_price,
    origin_of,
    quantities,
    returned_before,
    still_fits,
    stock_is_there,
    sum_of,
    worked_out,
)
from .paying import paid_refusals
from .prints import TOTAL, WITH_PRICES, WITHOUT_PRICES, contract, on_rolls, on_sheets
from .refusal import shown_qty, yuan
from .sources import from_order, from_origin, from_quote
from .stock import costs_in_turn, last_cost, stock_moves
from .terms import due_on

PREFIXES = {"sale": "XS", "order": "XD", "return": "XT", "retail": "LS"}
RETAIL = seed_id("customer", "retail")
CREDIT_CHECK: Check = "warn"
"""`credit.check`, until there are settings."""


def _kind(header: Columns) -> str:
    return str(header.get("doc_type") or "sale")


def _complete(header: Columns, lines: Sequence[Columns], asking: Asking) -> None:
    kind = _kind(header)
    if kind == "retail":
        header["customer"] = RETAIL
    customer = asking.look("customer", str(header["customer"])) if header.get("customer") else None
    if customer:
        header["settlement_method"] = header.get("settlement_method") or customer["settlement_method"]
        if not header.get("owner"):
            header["owner"], header["department"] = customer["owner"], customer["department"]
    if header.get("doc_on") and not header.get("due_on"):
        method = header.get("settlement_method")
        terms = asking.look("settlement_method", str(method)) if method else None
        header["due_on"] = due_on(str(header["doc_on"]), terms)
    for line in lines:
        complete_line(line, asking)
    complete_orders(lines, "sale_line", asking)


def _fill(typing: Typing) -> tuple[Sheet, Sequence[Hint]]:
    """Prices offered for lines whose product was just chosen (T18)."""
    sheet, asking = typing.sheet, typing.asking
    if typing.line is None and typing.field in ("customer", "doc_on", "settlement_method"):
        sheet.header["due_on"] = None
        if typing.field == "customer":
            sheet.header["settlement_method"] = sheet.header["owner"] = None
    _complete(sheet.header, sheet.lines, asking)
    hints: list[Hint] = []
    for place, line in enumerate(sheet.lines):
        is_here = typing.line == place
        line |= discounted(line, typing.field if is_here else None)
        if line.get("product") and line.get("price") is None and not (is_here and typing.field == "price"):
            hints += _offer(sheet.header, line, place, asking)
    return sheet, hints


def _offer(header: Columns, line: Columns, place: int, asking: Asking) -> Iterator[Hint]:
    product = asking.look("product", str(line["product"]))
    if product is None:
        return
    unit = asking.look("product_unit", str(line["unit_row"])) if line.get("unit_row") else None
    customer = asking.look("customer", str(header["customer"])) if header.get("customer") else None
    slot = int(customer["price_level"]) if customer and customer["price_level"] else None
    last = newest_price(asking, "sale_line", "customer", header, line, ("sale", "retail"))
    offer = sale_offer(
        product, unit, slot=slot, last=LastLine(*last) if last else None, doc_on=str(header.get("doc_on") or today()),
        last_days=PRICE_DAYS,
    )  # fmt: skip
    if offer:
        line["price"], line["price_source"] = offer.price, offer.source
        yield Hint(SOURCES[offer.source], "price", place)


SOURCES = {"last": "上次价", "level": "级别价", "list": "标价", "typed": "手输", "order": "订单"}


def _work_out(sheet: Sheet) -> Sheet:
    kind = _kind(sheet.header)
    header, lines = worked_out(sheet, derive(sheet.header, as_typed(sheet.lines), tax_included=TAX_INCLUDED))
    sign = -1 if kind == "return" else 0 if kind == "order" else 1
    header["signed_total"] = sign * int(header["total"] or 0)
    tendered = header.get("tendered")
    header["change"] = int(tendered) - int(header.get("paid_amount") or 0) if tendered is not None else None
    return Sheet(header, [line | {"signed_qty": sign * int(line["base_qty"] or 0)} for line in lines])


def _judge(posting: Posting) -> Iterator[Wrong]:
    header, kind = posting.sheet.header, _kind(posting.sheet.header)
    yield from quantities(posting)
    for refusal in discount_refusals(header, posting.sheet.lines):
        yield Wrong(refusal.message, refusal.field)
    if kind == "order" and not header.get("deliver_on"):
        yield Wrong("请填写「交货日期」", "deliver_on")
    if kind != "order" and not header.get("warehouse"):
        yield Wrong("请填写「仓库」", "warehouse")
    yield from _paid(header, kind)
    yield from frozen_money(posting, "paid_amount account advance_used write_off_amount")
    yield from still_fits(posting, "sale")
    yield from accounts_hold(posting)
    yield from not_more_than_ordered(posting, "sale")
    yield from _customer(posting)
    if kind in ("sale", "retail"):
        yield from stock_is_there(posting)
        yield from _prices(posting)
    if kind == "return":
        yield from _not_more_than_sold(posting)


def _paid(header: Columns, kind: str) -> Iterator[Wrong]:
    paid, total = int(header.get("paid_amount") or 0), int(header["total"] or 0)
    if paid and not header.get("account"):
        yield Wrong("请选择收款账户", "account")
    if kind == "order":
        return
    found = paid_refusals(
        total=total, paid=paid, advance_used=int(header.get("advance_used") or 0),
        write_off=int(header.get("write_off_amount") or 0), in_full=kind == "retail",
    )  # fmt: skip
    yield from (Wrong(one.message, one.field) for one in found)
    if kind == "retail" and header.get("tendered") is not None and int(header["change"] or 0) < 0:
        yield Wrong("实收不能少于收款", "tendered")


def _customer(posting: Posting) -> Iterator[Wrong]:
    """S6, and the credit check (T15)."""
    header, kind = posting.sheet.header, _kind(posting.sheet.header)
    customer = posting.asking.look("customer", str(header["customer"]))
    if customer is None or kind in ("retail", "return"):
        return
    if customer["is_blacklisted"]:
        yield Wrong(f"「{customer['name']}」在黑名单里，不再做新的销售", "customer")
    before = int(posting.old.header.get("signed_total") or 0) if posting.old else 0
    owed = _balance(posting.asking, str(header["customer"]), "receivable") - before
    advance = _balance(posting.asking, str(header["customer"]), "advance_in")
    if int(header.get("advance_used") or 0) > max(advance, 0):
        yield Wrong(f"预收余额只有 {yuan(advance)}", "advance_used")
    exposed = exposure(
        Standing(owed, advance, 0), total=int(header["total"] or 0), paid=int(header.get("paid_amount") or 0),
        delivers=0, count_orders=False,
    )  # fmt: skip
    limit = customer["credit_limit"]
    found = verdict(exposed, limit=limit, overdue_days=0, overdue_days_max=0, check=CREDIT_CHECK, may_exceed=True)
    if found.over:
        text = f"「{customer['name']}」超出信用额度 {yuan(found.over)}（额度 {yuan(int(limit or 0))}）"
        yield Wrong(text, "customer", ask="over_credit")


def _balance(asking: Asking, customer: str, side: str) -> int:
    return asking.balance("party_balance", {"customer": customer, "side": side})["balance"]


def _prices(posting: Posting) -> Iterator[Wrong]:
    for place, line in enumerate(posting.sheet.lines):
        product = posting.asking.look("product", str(line["product"]))
        net, qty = int(line["net_amount"] or 0), int(line["base_qty"] or 0)
        if product and is_below_minimum(net, qty, product["min_price"]):
            text = f"产品 {product['name']} 低于最低售价"
            yield Wrong(text, "price", place, ask="below_min_price" if posting.rights("below_min_price") else None)


def _not_more_than_sold(posting: Posting) -> Iterator[Wrong]:
    for place, line in enumerate(posting.sheet.lines):
        if not line.get("origin_line"):
            continue
        origin = posting.asking.look("sale_line", str(line["origin_line"]))
        if origin is None or origin["product"] != line["product"]:
            yield Wrong("原销货行已不存在，或不是这个产品", "origin_line", place)
            continue
        left = origin["base_qty"] - returned_before(posting.asking, "sale_line", posting.id, line)
        if int(line["base_qty"] or 0) > left:
            yield Wrong(f"最多还能退 {shown_qty(left)}", "qty", place)


def _moves(posted: Posted) -> Iterable[Move]:
    header, kind = posted.sheet.header, _kind(posted.sheet.header)
    name = {"return": "sale_return", "order": "sale_order"}.get(kind, kind)
    total, paid = int(header.get("total") or 0), int(header.get("paid_amount") or 0)
    advance, off = int(header.get("advance_used") or 0), int(header.get("write_off_amount") or 0)
    about = itself(posted)
    yield from order_moves(posted, kind)
    if kind == "order":
        yield from party_move(posted, name, "advance_in", paid, "deposit")
        yield from account_move(posted, name, paid, "paid")
        return
    sign = -1 if kind == "return" else 1
    yield from stock_moves(posted, name, -sign)
    yield from party_move(posted, name, "receivable", sign * total, "total", settles=about)
    yield from party_move(posted, name, "receivable", -sign * paid, "paid", settles=about)
    yield from party_move(posted, name, "receivable", -sign * off, "write_off", settles=about)
    yield from party_move(posted, name, "receivable", -sign * advance, "advance", settles=about)
    yield from party_move(posted, name, "advance_in", -sign * advance, "used")
    yield from account_move(posted, name, sign * paid, "paid")


def _costs(posted: Posted, asking: Asking) -> Iterator[tuple[str, Columns]]:
    kind = _kind(posted.sheet.header)
    if kind == "order":
        return

    def judge(pool: Pool, line: Columns) -> Costed:
        qty = int(line["base_qty"] or 0)
        if kind != "return":
            return issue(pool, qty, last_cost(asking, str(line["product"])))
        origin: Origin | None = origin_of(asking, "sale_line", posted.id, line)
        return customer_return(pool, qty, origin)

    yield from costs_in_turn(posted, asking, judge)


def _beside(sheet: Sheet, asking: Asking) -> Iterator[tuple[str, str, Columns]]:
    """Q1: what was sold from a quote has been won."""
    rows = [asking.find("quote_line", {"id": line["quote_line"]}) for line in sheet.lines if line.get("quote_line")]
    for quote in sorted({str(row["document"]) for found in rows for row in found}):
        yield "quote", quote, {"result": "won"}


def _standing(header: Mapping[str, Any], balance: str, rows: Sequence[Mapping[str, Any]]) -> Columns:
    return order_progress(header, rows) if balance == "order_balance" else settled(header, rows)


def _totals(lines: Sequence[Columns]) -> Columns:
    """Cost is what left the stock, so it counts against the goods that were sold."""
    cost = -sum_of(lines, "cost_amount")
    sold = sum(_signed(line, "net_amount") for line in lines)
    return {"cost_total": cost, "profit": sold - cost}


def _signed(line: Columns, name: str) -> int:
    return int(line.get(name) or 0) * (-1 if int(line.get("signed_qty") or 0) < 0 else 1)


_HEADER: dict[str, Any] = {
    **header_start("单据编号", "doc_type", PREFIXES, "销货日期"),
    "doc_type": Enum(
        "活动类型", {"sale": "销货", "order": "销货订货", "return": "客户退货", "retail": "零售"}, required=True,
        default="sale", index=True, width=90,
    ),
    "customer": Ref("客户", "customer", required=True, index=True, width=200),
    "contact": Ref("联系人", "contact", loose=True, depends={"parent": "customer"}),
    "deliver_on": Date("交货日期", index=True, width=100),
    "warehouse": Ref("仓库", "warehouse", default="default", index=True, width=100),
    "settlement_method": Ref("结算方式", "settlement_method", small=True),
    "due_on": Date("收款到期日", index=True, width=100),
    "goods_amount": Money("货款", calc=True, readonly=True),
    "discount_amount": Money("整单优惠", min=0),
    "tax_amount": Money("税额", calc=True, readonly=True),
    "charge_amount": Money("运费", min=0),
    "total": Money("合计金额", calc=True, readonly=True, sum=True, width=120),
    "signed_total": Money("应收", calc=True, readonly=True, hidden=True),
    "paid_amount": Money("本次收款", min=0),
    "account": Ref("收款账户", "account", default="default", small=True),
    "advance_used": Money("使用预收", min=0),
    "write_off_amount": Money("抹零", min=0),
    "tendered": Money("实收", min=0),
    "change": Money("找零", calc=True, readonly=True),
    "outstanding": Money("未收", calc=True, readonly=True, index=True, sum=True, width=110),
    "progress": Enum("执行状态", PROGRESS, calc=True, readonly=True, index=True, width=84),
    "closed_at": DateTime("关闭时间", readonly=True),
    "close_reason": Text("关闭原因", readonly=True),
    "paid_state": Enum("收款状态", PAID_STATES, calc=True, readonly=True, index=True, width=84),
    "cost_total": Money("成本", calc=True, readonly=True, see="see_cost", sum=True),
    "profit": Money("毛利", calc=True, readonly=True, see="see_cost", sum=True),
    "return_reason": Dict("退货原因", "return_reason"),
    "owner": Ref("业务员", "employee", index=True, copies={"department": "department"}, width=84),
    "department": Ref("部门", "department", readonly=True, index=True),
    "delivery_method": Dict("送货方式", "delivery_method"),
    "tracking_no": Text("物流单号", max_length=60),
    "invoice_no": Text("发票号", max_length=60),
    "invoiced_on": Date("开票日期"),
    **header_end(),
}  # fmt: skip
_REPEATED = "number doc_on doc_type customer owner state"

_ROLL = (("number", "doc_on", "handler"), "total discount_amount paid_amount tendered change")
_RECEIPTS = on_rolls("receipt", {"retail": "销售小票"}, *_ROLL)
_TICKETS = on_rolls("ticket", {"sale": "销售小票", "return": "退货小票"}, *_ROLL)
_SHEETS = on_sheets(
    "sheet", {"sale": "销货单", "order": "销货订货单", "return": "销货退货单", "retail": "销货单"},
    ("customer:2 number", "contact owner doc_on", "warehouse deliver_on settlement_method", "return_reason:2 due_on"),
    columns=WITH_PRICES, spelled=TOTAL, signs=("制单", "审核", "发货", "客户签收"),
    sums="total discount_amount charge_amount tax_amount paid_amount advance_used write_off_amount outstanding",
)  # fmt: skip
_SLIPS = on_sheets(
    "slip", {"sale": "出库单", "retail": "出库单", "return": "退货入库单"},
    ("customer:2 number", "warehouse contact doc_on", "delivery_method:2 tracking_no"),
    columns=WITHOUT_PRICES, prices=False, signs=("制单", "仓库", "复核", "签收"),
)  # fmt: skip
_CONTRACT = contract(
    {"sale": "购销合同", "order": "购销合同"}, ("number:2 doc_on", "deliver_on settlement_method delivery_method")
)

sale = Module(
    name="sale",
    label="销货管理",
    noun="销货单",
    chapter="trading",
    icon="shopping-cart",
    position=40,
    title="number",
    scope="owner",
    when="doc_on",
    log=True,
    fields=_HEADER,
    document=Document(
        lines="sale_line",
        kind="doc_type",
        prefixes=PREFIXES,
        complete=_complete,
        fill=_fill,
        work_out=_work_out,
        judge=_judge,
        sources=(from_order("sale", "customer", ("sale",)), from_quote(), from_origin("sale", "customer")),
        beside=_beside,
        closes=lambda header: header["doc_type"] == "order",
        bound=bound_by("sale_line"),
        moves=_moves,
        totals=_totals,
        standing=_standing,
        stands="outstanding paid_state progress",
        annexes=(Annex("line_cost", _costs),),
        after="closed_at close_reason note print_count delivery_method tracking_no invoice_no invoiced_on",
        entry={
            "product": "product", "qty": "qty", "price": "price", "discount": "discount_rate", "unit": "unit_row"
        },
        find=PRODUCTS,
        line_columns="product spec unit_row unit_name qty price discount_rate amount net_amount note",
        foot="goods_amount discount_amount tax_amount charge_amount total advance_used write_off_amount paid_amount "
        "account tendered change outstanding",
        copied=_REPEATED,
        prints=(*_RECEIPTS, *_SHEETS, *_SLIPS, _CONTRACT, *_TICKETS),
    ),
    columns="doc_on number doc_type customer total outstanding paid_state progress state owner warehouse deliver_on",
    quick="number customer owner doc_on",
    context="customer",
    sort="-doc_on",
    tabs=(
        Tab(
            "基本",
            "number doc_on doc_type customer contact warehouse deliver_on settlement_method due_on owner handler",
            (Section("送货与发票", "delivery_method tracking_no invoice_no invoiced_on return_reason"),),
        ),
        Tab("其他", "note"),
    ),
    related=(Related("产品清单", "sale_line", "document"),),
    children="sale_line",
    rules=(drafts_only, kind_stays("doc_type", "活动类型决定单据编号，保存后不能再改")),
    rights=RIGHTS | {"sales": "view add edit delete post export print"},
    help="sale",
)  # fmt: skip

sale_line = Module(
    name="sale_line",
    label="销货明细",
    noun="产品",
    chapter="trading",
    icon="list",
    position=42,
    writable=False,
    search=False,
    title="product_name",
    scope="follow",
    parent="document",
    when="doc_on",
    log=True,
    fields=dict(
        **line_start("sale"),
        **line_prices(),
        **line_costs(),
        price_source=Enum("价格来源", SOURCES, hidden=True),
        quote_line=Ref("报价行", "quote_line", loose=True, index=True, hidden=True),
        order_line=Ref("订货行", "sale_line", loose=True, index=True, hidden=True),
        order=Ref("订货单", "sale", loose=True, hidden=True),
        order_warehouse=Ref("订货仓库", "warehouse", loose=True, hidden=True),
        origin_line=Ref("原销货行", "sale_line", loose=True, index=True, hidden=True),
        warehouse=Ref("仓库", "warehouse", hidden=True),
        signed_qty=Quantity("净数量", calc=True, readonly=True, sum=True, width=90),
        **line_end(_HEADER, _REPEATED),
    ),
    columns="doc_on number doc_type customer product spec unit_name qty price discount_rate net_amount owner state",
    quick="number customer product owner",
    sort="-doc_on",
    rights=dict(manager="view export print", sales="view export print", finance="view export print"),
    help="sale",
)
