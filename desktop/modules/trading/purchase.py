"""进货管理: purchases, orders and returns to the supplier (modules.md 2.2.2)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ...engine.define import Document, Draft, Fault, Module, Related, Tab, seed_id
from ...engine.documents.declare import Annex, Asking, Columns, Hint, Move, Posted, Posting, Sheet, Typing, Wrong
from ...engine.fields import Bool, Date, Enum, Money, Price, Ref, Text
from .amounts import derive_purchase
from .bargain import BACK_CALLED, BACK_LINES, BACK_SHOWN, BACK_TURNED, ORDER_LINES, STANDS, Bargain, standing
from .choices import purchase_choices
from .cost import Costed, Pool, receipt, receipt_amount, supplier_return
from .deposits import deposit_hints, held_for
from .late import adjusted_by, not_adjusted
from .money import account_move, itself, party_move
from .offer import LastLine, Offer, purchase_offer
from .open_items import FEE
from .order_book import order_moves, over_delivery
from .papers import (
    BOUGHT,
    GOODS_LINES,
    RIGHTS,
    Origins,
    as_typed,
    bound_by,
    cost_of,
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
    stock_is_there,
    stock_stays,
    tax_included,
)
from .paying import paid_refusals, paid_source, pay_at_once
from .price_alert import price_hints
from .prints import TOTAL, WITH_PRICES, WITHOUT_PRICES, on_sheets
from .receipts import RECEIPT, is_apart, receipt_fields, show_open, undone_along
from .refusal import yuan
from .rounding import TEN_THOUSAND, divided
from .same import is_same
from .settings import COST_WITH_TAX, LAST_PRICE_DAYS
from .sources import from_order, from_origin, from_oversold
from .stock import costs_in_turn, last_cost, reference_price, stock_moves
from .stock_hints import stock_words
from .surplus import overpaid
from .taken import over_returned, taken_moves

PREFIXES = {"purchase": "JH", "order": "JD", "return": "JT"}
RETAIL = seed_id("supplier", "retail")


_RETAIL_ONLY = "零购的供货单位总是「零售」；要记是哪一家，先去掉「零购」"


def _offer(header: Columns, line: Columns, last: LastLine | None, day: str, asking: Asking) -> Offer | None:
    ratio = int(line.get("ratio") or TEN_THOUSAND)
    days = asking.settings[LAST_PRICE_DAYS]
    listed = reference_price(asking, str(line["product"]))
    return purchase_offer(listed, ratio, None, last=last, doc_on=day, last_days=days)


_SIDE = Bargain(
    module="purchase",
    party="supplier",
    plain="purchase",
    sold=("purchase",),
    sources={"last": "上次价", "list": "参考进价", "typed": "手输", "order": "订单", "origin": "原单"},
    offer=_offer,
    money="paid_amount account",
    cleared=("settlement_method",),
    deliver_label="到货日期",
    due_label="付款到期日",
    origin_label="原进货行",
    never="没有从「{party}」进过产品 {product}",
    fewer="产品 {product} 一共从「{party}」进过 {sold}，已退 {back}，这次退 {now}",
    many="没有从「{party}」进过 {now} 这么多的产品 {product}",
)


def _complete(header: Columns, lines: Sequence[Columns], asking: Asking) -> None:
    if header.get("is_retail"):
        header["supplier"] = RETAIL  # B1
    if not header.get("cost_basis"):  # one that has its number is older than the setting
        header["cost_basis"] = "gross" if header.get("number") else asking.settings[COST_WITH_TAX]
    if _SIDE.kind(header) != "order":
        header["deliver_on"] = None
    _SIDE.complete(header, lines, asking)


def _fill(typing: Typing) -> tuple[Sheet, Sequence[Hint]]:
    is_retail = typing.sheet.header.get("is_retail")
    turned, held = _SIDE.with_party(typing, "is_retail", RETAIL, _RETAIL_ONLY) if is_retail else (typing, ())
    if typing.line is None and typing.field == "is_retail" and not is_retail:
        turned = _SIDE.without_party(typing, RETAIL)
    sheet, hints = _SIDE.fill(turned, _complete)
    due = int(_work_out(sheet).header["total"] or 0)
    pay_at_once(sheet.header, typing, due=due, in_full=bool(sheet.header.get("is_retail")))
    sheet.header["signed_total"] = _SIDE.sign(sheet.header) * due
    show_open(sheet.header, typing.asking)
    return sheet, [*hints, *held, *deposit_hints("supplier", sheet, typing.asking), *_of_line(typing)]


def _of_line(typing: Typing) -> Iterator[Hint]:
    """P2, B8: what the stock asks for, and the last price, of the line somebody is at."""
    header, place, lines = typing.sheet.header, typing.line, typing.sheet.lines
    if place is None or place >= len(lines) or _SIDE.kind(header) == "return" or not lines[place].get("product"):
        return
    if text := stock_words(typing.asking, str(lines[place]["product"])):
        yield Hint(text, "qty", place, "warn", tells=("stock_balance", "on_hand"))
    yield from price_hints(lines[place], place, str(header.get("id") or ""), typing.asking)


def _work_out(sheet: Sheet) -> Sheet:
    included = tax_included(sheet.header)
    return _SIDE.work_out(sheet, derive_purchase(sheet.header, as_typed(sheet.lines), tax_included=included))


def _judge(posting: Posting) -> Iterator[Wrong]:
    header, kind = posting.sheet.header, _SIDE.kind(posting.sheet.header)
    yield from _SIDE.judge(posting)
    if header.get("fee_amount") and not header.get("fee_supplier"):
        yield Wrong("有采购费用时，请选择「费用单位」", "fee_supplier")
    yield from _fee_fits(posting)
    yield from _paid(header, kind)
    yield from _unknown_costs(posting)
    yield from _known_number(posting)
    yield from not_adjusted(posting)
    yield from stock_is_there(posting)


def _bound(id: str, asking: Asking) -> Iterator[str]:
    yield from bound_by("purchase_line")(id, asking)
    yield from adjusted_by(id, asking)


def _unknown_costs(posting: Posting) -> Iterator[Wrong]:
    """T6.5: a blank price is a cost nobody knows, which somebody has to mean."""
    blank = [place for place, line in enumerate(posting.sheet.lines) if line.get("price") is None]
    if blank and _SIDE.kind(posting.sheet.header) == "purchase":
        yield Wrong(
            f"第 {blank[0] + 1} 行没有单价，成本按未知处理，可以以后补录", "price", blank[0], ask="unknown_cost"
        )


def _known_number(posting: Posting) -> Iterator[Wrong]:
    """The same number of the same supplier is most likely the same paper, entered twice."""
    header, old = posting.sheet.header, posting.old.header if posting.old else {}
    number = header.get("supplier_doc_no")
    if not number or old.get("supplier_doc_no") == number:
        return
    others = sorted(
        str(row["number"])
        for row in posting.asking.find("purchase", {"supplier_doc_no": number})
        if row["state"] == "posted" and row["doc_type"] == header["doc_type"] and row["id"] != posting.id
        and is_same(posting.asking, "supplier", row["supplier"], header.get("supplier"))
    )  # fmt: skip
    if others:
        text = f"这个供货单位的对方单号 {number} 已记在 {'、'.join(others)}"
        yield Wrong(text, "supplier_doc_no", ask="supplier_doc_no")


def _fee_fits(posting: Posting) -> Iterator[Wrong]:
    """T20: a changed fee is not smaller than what was paid of it, and owed to the same."""
    old, new = posting.old.header if posting.old else {}, posting.sheet.header
    before, after = int(old.get("fee_amount") or 0), int(new.get("fee_amount") or 0)
    paid = before - posting.asking.balance("open_item", {"settles_module": FEE, "settles": posting.id})["balance"]
    if before and paid > after:
        yield Wrong(f"采购费用已经付了 {yuan(paid)}，不能更少", "fee_amount", bare="采购费用不能少于已经付的")
    elif before and paid and not is_same(posting.asking, "supplier", old["fee_supplier"], new.get("fee_supplier")):
        yield Wrong("采购费用已经付过，不能换费用单位", "fee_supplier")


def _paid(header: Columns, kind: str) -> Iterator[Wrong]:
    paid, total = int(header.get("paid_amount") or 0), int(header["total"] or 0)
    if kind != "order":
        found = paid_refusals(
            total=total, paid=paid, advance_used=0, write_off=0, in_full=bool(header.get("is_retail")),
            what="退款" if kind == "return" else "付款",
        )  # fmt: skip
        yield from (Wrong(one.message, one.field, bare=one.bare) for one in found)


def _moves(posted: Posted) -> Iterable[Move]:
    header, kind = posted.sheet.header, _SIDE.kind(posted.sheet.header)
    name = {"return": "purchase_return", "order": "purchase_order"}.get(kind, kind)
    total, paid = int(header.get("total") or 0), 0 if is_apart(header) else int(header.get("paid_amount") or 0)
    about = itself(posted)
    yield from order_moves(posted, kind)
    yield from taken_moves(posted, "origin_line", "origin", "purchase")
    if kind == "order":
        yield from party_move(posted, name, "advance_out", paid, "deposit", settles=held_for("purchase", posted.id))
        yield from account_move(posted, name, -paid, "paid")
        return
    sign = _SIDE.sign(header)
    yield from stock_moves(posted, name, sign)
    yield from party_move(posted, name, "payable", sign * total, "total", settles=about)
    yield from party_move(posted, name, "payable", -sign * paid, "paid", settles=about)
    yield from account_move(posted, name, -sign * paid, "paid")
    owed = {"settles": posted.id, "settles_module": FEE, "settles_number": header.get("number")}
    for move in party_move(posted, "fee", "payable", int(header.get("fee_amount") or 0), "fee", settles=owed):
        yield Move(move.ledger, move.role, {**move.values, "supplier": header.get("fee_supplier")}, move.line)


def _costs(posted: Posted, asking: Asking) -> Iterator[tuple[str, Columns]]:
    kind = _SIDE.kind(posted.sheet.header)
    if kind == "order":
        return

    with_tax = posted.sheet.header.get("cost_basis") != "net"
    origins = Origins(asking, "purchase_line", posted.id)

    def judge(pool: Pool, line: Columns) -> Costed:
        qty = int(line["base_qty"] or 0)
        if kind == "return":
            last = last_cost(asking, str(line["product"]), pool, qty)
            return origins.took(line, supplier_return(pool, qty, origins.of(line), last))
        about = {name: line.get(name) or 0 for name in ("gross_amount", "ex_tax_amount", "fee_amount", "charge_amount")}
        return receipt(pool, qty, receipt_amount(about | {"price": line.get("price")}, with_tax=with_tax))

    yield from costs_in_turn(posted, asking, judge)


def _line_totals(header: Columns, line: Columns) -> Columns:
    """T6.7: what the supplier credits less what the goods cost, as far as that is known."""
    cost, qty = line.get("cost_amount"), int(line.get("base_qty") or 0)
    if _SIDE.kind(header) != "return" or cost is None or not qty:
        return {"return_variance": None}
    credited = int(line.get("ex_tax_amount" if header.get("cost_basis") == "net" else "gross_amount") or 0)
    known = qty - min(abs(int(line.get("uncosted_qty") or 0)), qty)
    return {"return_variance": divided(credited * known, qty) + cost_of(line) if known else None}


def _line_figures(header: Columns, line: Columns) -> Columns:
    return {"place": line.get("warehouse") or header.get("warehouse"), **_line_totals(header, line)}


def _totals(lines: Sequence[Columns]) -> Columns:
    found = [int(line["return_variance"]) for line in lines if line.get("return_variance") is not None]  # type: ignore[arg-type]
    return {"return_variance": sum(found) if found else None}


def retail_is_no_order(draft: Draft) -> Iterator[Fault]:
    """B1: bought from anybody and paid at once."""
    if draft.new and draft.new["is_retail"] and draft.new["doc_type"] == "order":
        yield Fault("零购只能是进货或退货", "is_retail")


def _variance() -> Money:
    help = "供货单位认的退货款减去这些货的成本：正的是多得的，负的是亏的"
    return Money("退货差价", calc=True, readonly=True, see="see_cost", sum=True, width=100, help=help)


_HEADER: dict[str, Any] = {
    **header_start("单据编号", "doc_type", PREFIXES, "进货日期"),
    "doc_type": Enum(
        "活动类型", {"purchase": "进货", "order": "进货订货", "return": "退货给厂商"}, required=True,
        default="purchase", index=True, width=98, tones={"return": "look"},
    ),
    "is_retail": Bool("零购", help="从零散卖家买，当场付清"),
    "supplier": Ref("供货单位", "supplier", required=True, index=True, width=200),
    "deliver_on": Date("到货日期", index=True, width=100),
    "warehouse": Ref("仓库", "warehouse", default="default", index=True, width=100),
    "settlement_method": Ref("结算方式", "settlement_method", small=True),
    "due_on": Date("付款到期日", index=True, width=100),
    "supplier_doc_no": Text("对方单号", max_length=60, index=True),
    **header_tax(),
    "cost_basis": Enum("成本计价", {"gross": "含税", "net": "不含税"}, readonly=True, hidden=True),
    "goods_amount": Money("货款", calc=True, readonly=True),
    "discount_amount": Money("整单优惠", min=0),
    "tax_amount": Money("税额", calc=True, readonly=True),
    "charge_amount": Money("运杂费", min=0, help="供货单位垫付的运费、装卸费：算在合计里，一起付给他，也算成本"),
    "fee_amount": Money("采购费用", min=0, help="付给别家（例如货运公司）的：不在合计里，欠「费用单位」，也算成本"),
    "fee_supplier": Ref("费用单位", "supplier", loose=True, help="采购费用付给谁，在供应商信息里选"),
    "fee_share": Enum(
        "费用分摊", {"amount": "按金额", "quantity": "按数量", "none": "不分摊"}, default="amount",
        help="运杂费和采购费用怎样分到各行的成本；不分摊就不进成本",
    ),
    "total": Money("合计金额", calc=True, readonly=True, sum=True, sum_signs=BACK_SHOWN, width=120),
    "signed_total": Money("应付", calc=True, readonly=True, hidden=True),
    "paid_amount": Money("本次付款", min=0),
    "paid_source": paid_source(),
    "account": Ref("付款账户", "account", default="default", small=True),
    **receipt_fields("付款单"),
    **_SIDE.settling("已付", "未付", "付款状态"),
    "return_variance": _variance(),
    **header_end(),
}  # fmt: skip
_REPEATED = "number doc_on doc_type supplier handler state"
_SHEETS = on_sheets(
    "sheet", {"purchase": "进货单", "order": "进货订货单", "return": "进货退货单"},
    ("supplier:2 number", "supplier_doc_no handler doc_on", "warehouse deliver_on settlement_method"),
    columns=WITH_PRICES, spelled=TOTAL, signs=("制单", "审核", "仓库", "供货单位"),
    sums="total discount_amount charge_amount tax_amount settled outstanding",
)  # fmt: skip
_SLIPS = on_sheets(
    "slip", {"purchase": "入库单", "return": "退货出库单"},
    ("supplier:2 number", "warehouse supplier_doc_no doc_on"),
    columns=WITHOUT_PRICES, prices=False, signs=("制单", "仓库", "复核", "送货"),
)  # fmt: skip

purchase = Module(
    name="purchase",
    label="进货管理",
    also="采购 入库",
    noun="进货单",
    chapter="trading",
    icon="package-plus",
    position=20,
    title="number",
    scope="branch",
    when="doc_on",
    looked_up_by="supplier progress",
    open_by="supplier due_on outstanding",
    log=True,
    fields=_HEADER,
    document=Document(
        lines="purchase_line",
        kind="doc_type",
        prefixes=PREFIXES,
        complete=_complete,
        fill=_fill,
        work_out=_work_out,
        judge=_judge,
        sources=(
            from_order("purchase", "supplier", ("purchase",)), from_origin("purchase", "supplier"),
            from_oversold("purchase"),
        ),
        fixed=f"supplier {_SIDE.money}",
        holds={"supplier": ("is_retail", True, _RETAIL_ONLY)},
        closes=lambda header: header["doc_type"] == "order",
        judge_cancel=stock_stays,
        along=undone_along,
        blank_prices=True,
        bound=_bound,
        moves=_moves,
        standing=standing,
        stands=STANDS,
        annexes=(Annex("line_cost", _costs),),
        totals=_totals,
        line_totals=_line_figures,
        told_by=("cost_charge",),
        brings=RECEIPT,
        after="closed_at close_reason note print_count",
        entry={
            "product": "product", "qty": "qty", "price": "price", "discount": "discount_rate", "unit": "unit_row"
        },
        find=BOUGHT,
        choices=purchase_choices,
        line_columns="product spec unit_row unit_name qty price discount_rate amount net_amount return_variance note",
        line_only={"return_variance": "return"},
        foot="goods_amount discount_amount tax_amount charge_amount fee_amount fee_supplier fee_share total "
        "paid_amount account outstanding deposit_left return_variance",
        only={"deliver_on": "order", "deposit_left": "order", "return_variance": "return"},
        needs={"warehouse": "purchase return", "deliver_on": "order"},
        nouns={"order": "订货单", "return": "退货单"},
        called={"order": {"doc_on": "订货日期"}, "return": BACK_CALLED | {"warehouse": "退出仓库"}},
        line_called={"order": ORDER_LINES, "return": BACK_LINES},
        turned={"return": BACK_TURNED},
        copied=_REPEATED,
        prints=(*_SHEETS, *_SLIPS),
        labels=True,
    ),
    columns="doc_on number doc_type supplier total outstanding paid_state progress state handler warehouse deliver_on",
    quick="number supplier supplier_doc_no handler doc_on",
    context="supplier",
    sort="-doc_on",
    tabs=(
        Tab(
            "基本",
            "number doc_on doc_type is_retail supplier supplier_doc_no warehouse deliver_on settlement_method due_on "
            "handler",
        ),
        Tab("其他", "receipt note"),
    ),
    related=(
        Related("产品清单", "purchase_line", "document"),
        Related("付款记录", "settlement_line", "target", {"target_kind": "purchase"}),
        Related("订金", "settlement", "purchase_order"),
    ),
    flaws=(
        *overpaid("purchase", {"payment": ("purchase",)}, "doc_type"),
        over_delivery("purchase"),
        over_returned("purchase", "进"),
    ),
    children="purchase_line",
    rules=(drafts_only, kind_stays("doc_type", "活动类型决定单据编号，保存后不能再改"), retail_is_no_order),
    rights=RIGHTS,
    help="purchase",
)  # fmt: skip

purchase_line = Module(
    name="purchase_line",
    newest_by="product supplier unit_row",
    label="进货明细",
    position=22,
    **GOODS_LINES,
    fields=dict(
        **line_start("purchase", taxed=True, signs=BACK_SHOWN),
        **line_prices(BACK_SHOWN),
        **line_place(),
        **delivered("到"),
        fee_amount=Money("费用分摊", calc=True, readonly=True, hidden=True),
        charge_amount=Money("运杂费分摊", calc=True, readonly=True, hidden=True),
        last_price=Price("上次进价", width=96, help="录这一行时，这个产品最近一次进货的单价"),
        **line_costs(),
        return_variance=_variance(),
        **_SIDE.linking(),
        **line_end(_HEADER, _REPEATED),
    ),
    columns="doc_on number doc_type supplier product qty unit_name price amount product_code spec discount_rate "
    "net_amount place handler delivered_qty remaining_qty state",
    quick="number supplier product_code product handler",
    sort="-doc_on",
    rights=dict(manager="view export print", storekeeper="view export print", finance="view export print"),
    help="purchase",
)
