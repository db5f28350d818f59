"""销售报价: what a customer is offered (modules.md 2.2.4). Posting it says that it was sent; it books nothing."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from ...engine.define import Document, Module, Related, Section, Tab
from ...engine.documents.declare import Asking, Columns, Hint, Posting, Sheet, Source, Typing, Wrong
from ...engine.fields import Bool, Date, Dict, Enum, Int, Lapsed, Money, Quantity, QuantityOf, RateAgainst, Ref, Text
from ...engine.fields.moment import today
from .amounts import derive, discount_refusals, unit_price
from .choices import sale_choices
from .cost import Pool
from .edit_price import not_typed, rate_of
from .gifts import LINE_COLUMNS, complete_gift, gift_field, ungift
from .known import profit_rate
from .looked_after import owner_of
from .offer import rate_along
from .papers import (
    GOODS_LINES,
    PRODUCTS,
    RIGHTS,
    as_typed,
    below_minima,
    complete_line,
    decide_tax,
    discounted,
    drafts_only,
    header_end,
    header_start,
    header_tax,
    line_end,
    line_place,
    line_prices,
    line_start,
    minimum_hints,
    price_stays,
    quantities,
    tax_included,
    taxed,
    worked_out,
)
from .prints import TOTAL, on_sheets
from .product import SLOTS, slot_prices
from .repricing import is_priced, set_aside, settle, told
from .rounding import PRICED, TEN_THOUSAND, divided
from .settings import QUOTE_DAYS, SLOT_NAMES
from .taken import OVER_QUOTED, taken_too_much

_RIGHTS = {"storekeeper": "", "sales": "view add edit delete post cancel export print"}
RESULTS = {"open": "跟进中", "won": "成交", "lost": "未成交"}
PREFIXES = {"": "BJ"}


def _complete(header: Columns, lines: Sequence[Columns], asking: Asking) -> None:
    decide_tax(header, asking)
    customer = asking.look("customer", str(header["customer"])) if header.get("customer") else None
    if customer and not header.get("owner"):
        header |= owner_of(header, customer, asking)
    if customer and not header.get("price_slot"):
        header["price_slot"] = customer["price_level"]
    if header.get("doc_on") and not header.get("valid_until"):
        first = date.fromisoformat(str(header["doc_on"]))
        days = timedelta(days=asking.settings[QUOTE_DAYS])
        header["valid_until"] = (first + min(days, date.max - first)).isoformat()
    header["result"] = header.get("result") or "open"
    if customer and not header.get("settlement_method"):
        header["settlement_method"] = customer["settlement_method"]
    previous = asking.look("quote", str(header["previous"])) if header.get("previous") else None
    header["revision"] = int(previous["revision"] or 1) + 1 if previous else 1
    header["previous_number"] = previous["number"] if previous else None
    for line in lines:
        complete_line(line, asking)
        complete_gift(line, asking)
        line |= _four(line, asking)


def _four(line: Columns, asking: Asking) -> Columns:
    """The four reference prices as they stand today, in the unit of the line."""
    product = asking.look("product", str(line["product"])) if line.get("product") else None
    if product is None:
        return {}
    unit = asking.look("product_unit", str(line["unit_row"])) if line.get("unit_row") else None
    ratio = int(line.get("ratio") or TEN_THOUSAND)
    return {name: unit_price(product[name], ratio, unit[name] if unit else None) for name in SLOTS}


def _fill(typing: Typing) -> tuple[Sheet, Sequence[Hint]]:
    ungift(typing)
    sheet = typing.sheet
    priced = {place for place, line in enumerate(sheet.lines) if line.get("price") is not None}
    aside = _set_aside(typing)
    if typing.line is None and typing.field == "customer":
        sheet.header.update(dict.fromkeys(("owner", "price_slot", "settlement_method")))
    if typing.line is None and typing.field == "doc_on":
        sheet.header["valid_until"] = None
    typed = _typed_prices(typing)
    _complete(sheet.header, sheet.lines, typing.asking)
    slot = str(sheet.header.get("price_slot") or "1")
    hints: list[Hint] = []
    for place, line in enumerate(sheet.lines):
        is_here = typing.line == place
        line |= discounted(line, typing.field if is_here else None, by_hand=place in typed)
        taxed(line, typing.field if is_here else None, typing.asking)
        if line.get("product") and line.get("price") is None and not (is_here and typing.field == "price"):
            line["price"] = _listed(line, slot)
            is_fresh = is_here and typing.field == "product"
            line |= _discount(typing, line, is_fresh=is_fresh, was="list" if place in priced else None)
        if is_here and typing.field == "unit_row" and place in typed:
            hints += price_stays(line, place, "quote_line", _listed(line, slot), "参考售价")
    return sheet, [*hints, *_settle(typing, aside, typed), *minimum_hints(_work_out(sheet).lines, typing.asking)]


def _set_aside(typing: Typing) -> dict[int, tuple[Columns, int]]:
    """The prices that came by themselves, where another customer or other reference prices are chosen: by line, with
    the discount that came along."""
    header, field = typing.sheet.header, typing.field
    is_other = field == "customer" and header.get("customer")
    if typing.line is not None or not (is_other or field == "price_slot"):
        return {}
    slot = str((header.get("price_slot") if is_other else typing.was) or "1")
    along = rate_of({"customer": typing.was} if is_other else header, typing.asking)
    return {
        place: (set_aside(line, along), along)
        for place, line in enumerate(typing.sheet.lines)
        if is_priced(line) and line.get("typed_amount") is None and line["price"] == _listed(line, slot)
    }


def _settle(typing: Typing, aside: Mapping[int, tuple[Columns, int]], typed: set[int]) -> Iterator[Hint]:
    lines, header = typing.sheet.lines, typing.sheet.header
    changed = [place for place, (was, along) in aside.items() if settle(lines[place], was, along)]
    customer = typing.asking.look("customer", str(header.get("customer"))) if typing.field == "customer" else None
    whose = f"「{customer['name']}」" if customer else "参考售价"
    yield from told("quote_line", whose, changed, sum(is_priced(lines[place]) for place in typed))


def _discount(typing: Typing, line: Columns, *, is_fresh: bool, was: str | None) -> Columns:
    """The customer's discount goes with a reference price, and with a product that has none yet. `was` is where the
    price before came from."""
    if line.get("price") is None and not is_fresh:
        return {}
    own = rate_of(typing.sheet.header, typing.asking)
    rate = rate_along(line.get("discount_rate"), own, is_net=False, is_fresh=is_fresh, was=was)
    return {} if rate is None else {"discount_rate": rate}


def _listed(line: Columns, slot: str) -> int | None:
    """The reference price of the quote, else the first."""
    offered = line.get(f"price_{slot}")
    return line.get("price_1") if offered is None else offered  # type: ignore[return-value]


def _typed_prices(typing: Typing) -> set[int]:
    """The lines whose price is none of the reference prices that stand on them, as they were in their old unit."""
    return {
        place
        for place, line in enumerate(typing.sheet.lines)
        if line.get("price") is not None and line["price"] not in [line.get(name) for name in SLOTS]
    }


def _work_out(sheet: Sheet) -> Sheet:
    amounts = derive(sheet.header, as_typed(sheet.lines), tax_included=tax_included(sheet.header))
    header, lines = worked_out(sheet, amounts)
    return Sheet(header, lines)


def _judge(posting: Posting) -> Iterator[Wrong]:
    header = posting.sheet.header
    yield from quantities(posting)
    yield from not_typed(posting, "quote_line")
    for refusal in discount_refusals(header, posting.sheet.lines):
        yield Wrong(refusal.message, refusal.field, bare=refusal.bare)
    if header.get("valid_until") and str(header["valid_until"]) < str(header["doc_on"] or today()):
        yield Wrong("有效期不能早于报价日期", "valid_until")
    yield from below_minima(posting)


def _bound(id: str, asking: Asking) -> Iterator[str]:
    numbers: set[str] = set()
    for line in asking.find("quote_line", {"document": id}):
        numbers |= {
            str(row["number"]) for row in asking.find("sale_line", {"quote_line": line["id"], "state": "posted"})
        }
    yield from sorted(numbers)


_AGAIN = (
    "customer", "contact", "subject", "price_slot", "delivery_term", "payment_term", "settlement_method",
    "discount_amount", "charge_amount", "owner", "department", "tax_basis",
)  # fmt: skip
_AGAIN_LINE = (
    "product", "unit_row", "qty", "price", "discount_rate", "typed_amount", "amount", "tax_rate", "is_gift", "note",
)  # fmt: skip


def _offered_again(sheet: Sheet, id: str, asking: Asking) -> Sheet:
    """新一轮报价: the same once more, to be changed and sent anew; what was sent stays as it is."""
    old = asking.find("quote", {"id": id})[0]
    lines = sorted(asking.find("quote_line", {"document": id}), key=lambda line: int(line["line_no"] or 0))
    header = sheet.header | {name: old[name] for name in _AGAIN} | {"previous": id, "valid_until": None}
    return Sheet(header, [{"id": "", **{name: line[name] for name in _AGAIN_LINE}} for line in lines])


_NEW_REVISION = Source(
    name="previous", label="", module="quote", kinds=(), columns="number", offers=lambda header, asking: (),
    take=_offered_again, turns="新一轮报价",
)  # fmt: skip


_STANDING = Lapsed(
    "报价情况", RESULTS | {"expired": "过期"}, of="result", until="valid_until",
    only={"result": "open", "state": "posted"}, readonly=True, calc=True, width=84,
    help="跟进中的报价，过了有效期就是过期",
)  # fmt: skip


def _margin(line: Mapping[str, Any], sums: Mapping[str, int]) -> int | None:
    """What a line would bring at what its product costs now."""
    average = Pool(sums.get("booked", 0), sums.get("uncosted", 0), sums.get("value", 0)).average
    revenue = int(line["gross_amount"] or 0)
    if average is None:
        return None
    return profit_rate(revenue, divided(average * int(line["base_qty"] or 0), PRICED))


_HEADER: dict[str, Any] = {
    **header_start("报价单号", "", PREFIXES, "报价日期"),
    "customer": Ref("客户", "customer", required=True, index=True, width=200),
    "contact": Ref("联系人", "contact", loose=True, depends={"parent": "customer"}),
    "subject": Text("主题", width=180),
    "valid_until": Date("有效期至", index=True, width=100),
    "price_slot": Enum(
        "参考售价", {"1": "零售价", "2": "批发价", "3": "会员价", "4": "代理价"}, options_called=SLOT_NAMES.key
    ),
    "delivery_term": Text("交货条件"),
    "payment_term": Text("付款条件"),
    **header_tax(),
    "goods_amount": Money("货款", calc=True, readonly=True),
    "discount_amount": Money("整单优惠", min=0),
    "tax_amount": Money("税额", calc=True, readonly=True),
    "charge_amount": Money("运费", min=0),
    "total": Money("合计金额", calc=True, readonly=True, sum=True, width=120),
    "result": Enum("报价结果", RESULTS, default="open", index=True, width=84),
    "standing": _STANDING,
    "lost_reason": Dict("未成交原因", "lost_reason"),
    "previous": Ref("上一轮", "quote", loose=True, hidden=True),
    "previous_number": Text("上一轮报价", readonly=True, width=170),
    "revision": Int("报价轮次", readonly=True, default=1, width=70),
    "settlement_method": Ref("结算方式", "settlement_method", small=True),
    "may_oversell": Bool("可以多卖", help="按这张报价卖的可以比报的多。保存销货单时确认过多卖，就自动勾上"),
    "over_quoted": Quantity("多卖数", calc=True, readonly=True, index=True, hidden=True, width=80),
    "owner": Ref("业务员", "employee", index=True, copies={"department": "department"}, width=84),
    "department": Ref("部门", "department", readonly=True, index=True),
    **header_end(),
}
_REPEATED = "number doc_on customer valid_until owner state result"
_SHEETS = on_sheets(
    "sheet", {"": "报价单"},
    ("customer:2 number", "contact owner doc_on", "subject:2 valid_until", "delivery_term:2 payment_term"),
    columns=LINE_COLUMNS, spelled=TOTAL, signs=("报价人", "审核", "客户确认"),
    sums="total discount_amount charge_amount tax_amount", extras=" ".join(SLOTS), pictured="product",
)  # fmt: skip

quote = Module(
    name="quote",
    label="销售报价",
    noun="报价单",
    chapter="trading",
    icon="file-pen-line",
    position=30,
    title="number",
    scope="owner",
    when="doc_on",
    log=True,
    fields=_HEADER,
    document=Document(
        lines="quote_line",
        prefixes=PREFIXES,
        complete=_complete,
        fill=_fill,
        work_out=_work_out,
        judge=_judge,
        bound=_bound,
        sources=(_NEW_REVISION,),
        standing=lambda header, balance, rows: {"over_quoted": taken_too_much(header, rows)},
        stands="over_quoted",
        after="result lost_reason may_oversell note print_count",
        entry={"product": "product", "qty": "qty", "price": "price", "discount": "discount_rate", "unit": "unit_row"},
        find=PRODUCTS,
        choices=sale_choices,
        line_columns="product spec unit_row unit_name qty price discount_rate amount profit_rate is_gift price_1 "
        "price_2 price_3 price_4 note",
        foot="goods_amount discount_amount tax_amount charge_amount total",
        copied=_REPEATED,
        prints=_SHEETS,
    ),
    columns="doc_on number customer subject total valid_until standing revision owner state",
    quick="number customer subject owner doc_on",
    context="customer",
    sort="-doc_on",
    tabs=(
        Tab(
            "基本",
            "number doc_on customer contact subject valid_until price_slot owner handler",
            (
                Section(
                    "条件与结果",
                    "delivery_term payment_term settlement_method result lost_reason may_oversell revision "
                    "previous_number",
                ),
            ),
        ),
        Tab("其他", "note"),
    ),
    related=(Related("产品清单", "quote_line", "document"),),
    flaws=(OVER_QUOTED,),
    children="quote_line",
    rules=(drafts_only,),
    rights=RIGHTS | _RIGHTS,
    help="quote",
)

quote_line = Module(
    name="quote_line",
    label="报价明细",
    position=32,
    **GOODS_LINES,
    fields=dict(
        **line_start("quote", taxed=True),
        **slot_prices(readonly=True, width=88),
        **line_prices(),
        is_gift=gift_field(),
        **line_end(_HEADER, _REPEATED),
        standing=_STANDING,
        product_code=line_place()["product_code"],
        profit_rate=RateAgainst(
            "毛利率%",
            decimals=2,
            table="stock_balance",
            by="product",
            sums=("booked", "uncosted", "value"),
            work_out=_margin,
            see="see_cost",
            readonly=True,
            calc=True,
            width=80,
            help="按产品现在的平均成本",
        ),
        sold_qty=QuantityOf(
            "已成交数",
            table="sale_line",
            by="quote_line",
            of="base_qty",
            only={"state": "posted"},
            readonly=True,
            calc=True,
            width=84,
            help="从这一行做成的销货和订货，按基本单位",
        ),
    ),
    columns="doc_on number customer product qty unit_name price amount sold_qty is_gift price_1 price_2 price_3 "
    "price_4 product_code spec discount_rate net_amount profit_rate valid_until standing owner",
    quick="number customer product_code product owner",
    sort="-doc_on",
    rights=dict(manager="view export print", sales="view export print", finance="view export print"),
    help="quote",
)
