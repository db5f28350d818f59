"""What all documents of trading have in common (modules.md 0.3 "Document columns", 2.2.2 "产品清单")."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from ...engine.define import Draft, Fault
from ...engine.documents.declare import (
    APPROVAL,
    STATE_TONES,
    STATES,
    WAITING,
    Asking,
    Columns,
    Finder,
    Found,
    Hint,
    Posting,
    Sheet,
    Wanted,
    Wrong,
)
from ...engine.fields import (
    Bool,
    Date,
    DateTime,
    Enum,
    Field,
    Int,
    LongText,
    Money,
    Price,
    Quantity,
    QuantityOf,
    Rate,
    Ref,
    Serial,
    Signs,
    Text,
    TextThrough,
    Unknown,
)  # fmt: skip
from ...engine.fields.moment import today
from .amounts import Amounts, unit_price
from .cost import Costed, Origin
from .deposits import ORDERS, advance_of, held, left_of
from .offer import LIST_SLOT, LastLine, is_below_minimum
from .receipts import RECEIPT
from .refusal import shown_qty, yuan
from .rounding import PRICED, TEN_THOUSAND, WHOLE_RATE, divided
from .same import is_same
from .settings import BACK_DAYS, CHECK_AVAILABLE, FUTURE_DAYS, STOCK_NEGATIVE, TAX_INCLUDED

QTY_MAX, PRICE_MAX, AMOUNT_MAX = 10**11, 10**11, 10**13
"""Ten million units, ten million 元 each, a hundred thousand million 元: beyond them somebody slipped."""
BASE_MAX = 10**13
"""A thousand million base units in one line."""

RIGHTS = dict(
    manager="view add edit delete post cancel approve export print",
    storekeeper="view add edit delete post export print",
    finance="view export print",
)


def header_start(label: str, by: str, prefixes: Mapping[str, str], day: str) -> dict[str, Field]:
    """Number and day."""
    return {
        "number": Serial(
            label, prefix=next(iter(prefixes.values())), prefixes=prefixes, by=by, dated="doc_on", width=204
        ),
        "doc_on": Date(day, required=True, default="today", index=True, width=100),
    }


def header_end() -> dict[str, Field]:
    """What every document ends with; the states follow from its versions."""
    return {
        "handler": Ref("经手人", "employee", default="me", index=True, width=90),
        "state": Enum("状态", STATES, tones=STATE_TONES, calc=True, readonly=True, index=True, width=86),
        "version": Int("版本", calc=True, readonly=True),
        "book_on": Date("入账日期", calc=True, readonly=True),
        "posted_at": DateTime("过账时间", calc=True, readonly=True),
        "posted_by": Ref("过账人", "operator", calc=True, readonly=True, loose=True),
        "cancelled_on": Date("作废日期", calc=True, readonly=True),
        "cancel_reason": Text("作废原因", calc=True, readonly=True, width=160),
        **APPROVAL,
        "print_count": Int("打印次数", readonly=True, merge="max", default=0),
        "note": LongText("备注"),
    }


def header_tax() -> dict[str, Field]:
    """Whether prices contain the tax: a document keeps what was the rule when it was made (`tax.price_includes`)."""
    words = {"included": "含税", "excluded": "不含税"}
    return {"tax_basis": Enum("单价", words, readonly=True, hidden=True)}


def decide_tax(header: Columns, asking: Asking, basis: str | None = None) -> None:
    """Says it of a new document: as where its lines come from (`basis`), else as it was said, else by the setting. One
    that has its number and says nothing is older than the setting."""
    if header.get("number"):
        header["tax_basis"] = header.get("tax_basis") or "included"
        return
    by_setting = "included" if asking.settings[TAX_INCLUDED] else "excluded"
    header["tax_basis"] = basis or header.get("tax_basis") or by_setting


def tax_included(header: Columns) -> bool:
    return header.get("tax_basis") != "excluded"


KEPT: dict[str, Any] = dict(
    chapter="trading", icon="list", menu=False, local=True, writable=False, search=False, sought=False,
)  # fmt: skip
"""What every book is that only rules read: kept by the program, on no menu."""

GOODS_LINES: dict[str, Any] = dict(
    noun="产品", chapter="trading", icon="list", writable=False, search=False, title="product_name", scope="follow",
    parent="document", when="doc_on", log=True,
)  # fmt: skip
"""What every list of lines that name products is: seen with its document, written by it."""


def line_start(document: str, *, taxed: bool = False, signs: Signs | None = None) -> dict[str, Field]:
    """What is bought, sold or moved, and how lines of different kinds add up."""
    copies = {"product_name": "name", "spec": "spec"} | ({"tax_rate": "tax_rate"} if taxed else {})
    return {
        "document": Ref("单据", document, required=True, whole=True, hidden=True),
        "line_no": Int("行号", hidden=True, default=0),
        "product": Ref(
            "产品", "product", required=True, index=True, width=180, copies=copies,
            retired="origin_line" if taxed else False,  # what was sold comes back, whatever became of it
        ),
        "product_name": Text("名称", readonly=True, width=180),
        "spec": Text("规格", readonly=True, width=110),
        "barcode": Text("条码", max_length=40, hidden=True),
        "unit_row": Ref(
            "辅助单位", "product_unit", depends={"product": "product"}, copies={"ratio": "ratio"}, width=90,
            help="空着是基本单位",
        ),
        "ratio": Quantity("换算数量", readonly=True, hidden=True),
        "unit_name": Text("单位", max_length=40, readonly=True, width=56),
        "is_service": Bool("服务", readonly=True, hidden=True),
        "qty": Quantity(
            "数量", required=True, min=0, max=QTY_MAX, sum=True, sum_within="unit_name", sum_signs=signs, width=90
        ),
        "base_qty": Quantity("基本数量", calc=True, readonly=True, hidden=True),
    }  # fmt: skip


def line_prices(signs: Signs | None = None) -> dict[str, Field]:
    """T1–T3 of a line. What somebody typed as the amount stands apart from what follows."""
    return {
        "price": Price("单价", min=0, max=PRICE_MAX, width=88),
        "discount_rate": Rate("折扣%", min=0, max=WHOLE_RATE * 10, default=WHOLE_RATE, width=80),
        "amount": Money("金额", calc=True, sum=True, sum_signs=signs, width=104),
        "typed_amount": Money("手输金额", min=0, max=AMOUNT_MAX, hidden=True),
        "share_amount": Money("优惠分摊", calc=True, readonly=True, hidden=True),
        "net_amount": Money("净额", calc=True, readonly=True, sum=True, sum_signs=signs, width=110),
        "tax_rate": Rate("税率%", min=0, max=WHOLE_RATE, default=0, width=80),
        "tax_amount": Money("税额", calc=True, readonly=True),
        "gross_amount": Money("含税金额", calc=True, readonly=True, hidden=True),
        "ex_tax_amount": Money("不含税金额", calc=True, readonly=True, hidden=True),
    }


_ADJUSTED = "过账以后补录成本、成本核算改的，和「成本」加起来才是它的成本"


def cost_of(line: Mapping[str, Any]) -> int:
    """T29: what a line cost, with what became known of it later; signed as it moves the stock."""
    return int(line.get("cost_amount") or 0) + int(line.get("cost_adjusted") or 0)


_UNKNOWN = Unknown("uncosted_qty", but="cost_adjusted")


def line_costs() -> dict[str, Field]:
    """What the keeper of the books wrote (T6)."""
    hidden = dict(calc=True, readonly=True, see="see_cost")
    return {
        "cost_amount": Money("成本", sum=True, width=100, unknown=_UNKNOWN, **hidden),  # type: ignore[arg-type]
        "cost_variance": Money("成本差异", hidden=True, **hidden),  # type: ignore[arg-type]
        "uncosted_qty": Quantity("未计成本数", hidden=True, **hidden),  # type: ignore[arg-type]
        "cost_adjusted": Money("成本调整", sum=True, width=100, help=_ADJUSTED, **hidden),  # type: ignore[arg-type]
        "pool_cost": Money("核算的成本", hidden=True, **hidden),  # type: ignore[arg-type]
        "pool_uncosted": Quantity("核算的未计成本数", hidden=True, **hidden),  # type: ignore[arg-type]
    }


def line_place() -> dict[str, Field]:
    """Of what product and of which warehouse a line is, to be listed by."""
    return {
        "product_code": TextThrough(
            "产品编号", by="product", path=(("product", "code"),), readonly=True, calc=True, width=110
        ),
        "place": Ref("仓库", "warehouse", loose=True, calc=True, readonly=True, index=True, width=100),
    }  # fmt: skip


def delivered(label: str) -> dict[str, Field]:
    """How much of a line of an order came, and is still to come."""
    about: dict[str, Any] = {"table": "order_balance", "by": "order_line", "readonly": True, "calc": True, "width": 84}
    return {
        "delivered_qty": QuantityOf(f"已{label}数", of="delivered", help="订货的行：按基本单位", **about),
        "remaining_qty": QuantityOf(
            f"未{label}数", of="remaining", help="订货的行：按基本单位，关闭的订货没有", **about
        ),
    }


def line_end(header: Mapping[str, Field], names: str) -> dict[str, Field]:
    """What lines repeat of their header, so that they can be listed by themselves."""
    note: dict[str, Field] = {"note": Text("备注")}
    return note | {name: repeated(header[name]) for name in names.split()}


_PARTY_WIDTH, _NUMBER_WIDTH = 166, 168
"""Amounts of lines, and what they brought, stand inside a window of 1280 pixels."""


def repeated(one: Field) -> Field:
    """A field of the header as its lines repeat it."""
    extra: dict[str, Any] = {"calc": True, "readonly": True, "required": False, "default": None, "unique": False}
    if isinstance(one, Serial):
        return Text(one.label, calc=True, readonly=True, index=True, search=True, width=_NUMBER_WIDTH)
    if isinstance(one, Ref):
        extra |= {"copies": {}, "loose": True, "width": min(one.width, _PARTY_WIDTH)}
    return replace(one, **extra)


def place_of(line: Columns, header: Columns) -> Any:
    """The warehouse that a line is about."""
    return line.get("warehouse") or header.get("warehouse") or header.get("from_warehouse")


def in_base_units(lines: Sequence[Columns]) -> list[Columns]:
    """Lines with their base quantity (T4), for documents without prices."""
    return [
        line | {"base_qty": divided(int(line.get("qty") or 0) * int(line.get("ratio") or TEN_THOUSAND), TEN_THOUSAND)}
        for line in lines
    ]


def complete_orders(lines: Sequence[Columns], name: str, asking: Asking) -> None:
    """Order and warehouse of the order lines that lines deliver."""
    for line in lines:
        order_line = asking.look(name, str(line["order_line"])) if line.get("order_line") else None
        order = asking.look(name.removesuffix("_line"), str(order_line["document"])) if order_line else None
        line["order"], line["order_warehouse"] = (order["id"], order["warehouse"]) if order else (None, None)


def complete_line(line: Columns, asking: Asking) -> None:
    """Unit and ratio of a line whose product is known."""
    product = asking.look("product", str(line["product"])) if line.get("product") else None
    if product is None:
        return
    unit = asking.look("product_unit", str(line["unit_row"])) if line.get("unit_row") else None
    line["product_name"], line["spec"] = product["name"], product["spec"]
    line["is_service"] = product["kind"] == "service"
    line["ratio"] = unit["ratio"] if unit else TEN_THOUSAND
    base = asking.look("dict_item", str(product["unit"])) if product["unit"] else None
    line["unit_name"] = unit["name"] if unit else base["name"] if base else None


def _carrying(code: str, asking: Asking) -> Iterator[Found]:
    """Products in use with this barcode, else with this number; those that are one are found as one."""
    units: dict[tuple[Any, ...], Found] = {}
    for row in asking.find("product_barcode", {"barcode": code}):
        product = asking.look("product", str(row["product"]))
        if product and not product["is_stopped"]:
            found = Found(str(product["id"]), {"unit_row": row["unit_row"], "barcode": code})
            units.setdefault((found.id, *_counted_in(row["unit_row"], asking)), found)
    if units:
        yield from units.values()
        return
    for id in dict.fromkeys(asking.meant("product", row["id"]) for row in asking.find("product", {"code": code})):
        product = asking.look("product", str(id))
        if product and not product["is_stopped"]:
            yield Found(str(id), {"unit_row": None, "barcode": None})


def _counted_in(unit_row: Any, asking: Asking) -> tuple[Any, ...]:
    """What tells units of a product apart."""
    unit = asking.look("product_unit", str(unit_row)) if unit_row else None
    return (unit["unit"], unit["ratio"]) if unit else (unit_row,)


def _units_like(asking: Asking, line: Columns) -> Wanted:
    """The unit of a line, under all ids that it has in products that are one."""
    own = line.get("unit_row")
    if not own or len(asking.every("product", str(line["product"]))) == 1:
        return own
    rows = asking.find("product_unit", {"product": line["product"]})
    like = _counted_in(own, asking)
    return [str(own), *(str(row["id"]) for row in rows if row["id"] != own and (row["unit"], row["ratio"]) == like)]


def _about(row: Mapping[str, Any], labels: Mapping[str, str], found: Found, asking: Asking) -> dict[str, Any]:
    """In the unit that was found; stock is counted in the product's own."""
    unit = asking.look("product_unit", str(found.more["unit_row"])) if found.more.get("unit_row") else None
    own, names = (
        labels.get(row["unit"] or "", ""),
        [f"price_{level}" for level in range(1, 5) if f"price_{level}" in row],
    )
    return {
        "unit_row": found.more.get("unit_row"),
        "barcode": found.more.get("barcode"),
        "code": row["code"],
        "spec": row["spec"],
        "unit": unit["name"] if unit else own,
        "prices": {
            name: unit_price(row[name], int(unit["ratio"]), unit[name]) if unit else row[name] for name in names
        },
        "stock_unit": own,
        "on_hand": asking.balance("stock_balance", {"product": found.id})["on_hand"],
    }


PRODUCTS = Finder(
    module="product", field="product", exact=_carrying, about=_about, behind="stock_balance", place="warehouse",
    shown="on_hand reserved available on_order",
)  # fmt: skip
"""Codes, barcodes and names of products."""

_BOUGHT = ("purchase_price", "last_purchase_price")


def _about_bought(row: Mapping[str, Any], labels: Mapping[str, str], found: Found, asking: Asking) -> dict[str, Any]:
    """Who buys goes by what they cost him, and what he sells them for first."""
    about = _about(row, labels, found, asking)
    unit = asking.look("product_unit", str(found.more["unit_row"])) if found.more.get("unit_row") else None
    ratio = int(unit["ratio"]) if unit else TEN_THOUSAND
    bought = {name: unit_price(row[name], ratio) for name in _BOUGHT if name in row}
    sold = {name: price for name, price in about["prices"].items() if name == LIST_SLOT}
    return about | {"prices": bought | sold}


BOUGHT = replace(PRODUCTS, about=_about_bought)
"""The same for who buys."""

GOODS = replace(PRODUCTS, without=(("kind", "service"),), barred="「{title}」是服务，不进出库存")
"""Of those that lie in a warehouse (`no_services`)."""


def kind_stays(name: str, words: str) -> Any:
    """Rule: the kind decides the number, so it is fixed with the first save (T19)."""

    def rule(draft: Draft) -> Iterator[Fault]:
        if draft.old and draft.new and draft.old[name] != draft.new[name]:
            yield Fault(words, name)

    return rule


def drafts_only(draft: Draft) -> Iterator[Fault]:
    """Rule: what was posted is cancelled, never deleted (T20)."""
    if draft.old and draft.new is None and draft.old["state"] != "draft":
        yield Fault("已过账的单据不能删除，可以作废")
    elif draft.old and draft.new is None and draft.old["approval"] == WAITING:
        yield Fault("已提交审批，要先撤回或驳回")


def not_back_dated(posting: Posting) -> Iterator[Wrong]:
    """A document of long ago needs the right `back_date` (0.6), and none is of a day to come; unless it had that day
    before."""
    day, now = posting.sheet.header.get("doc_on"), date.fromisoformat(today())
    if not day or (posting.old is not None and posting.old.header.get("doc_on") == day):
        return
    settings = posting.asking.settings
    first = (now - timedelta(days=settings[BACK_DAYS])).isoformat()
    last = (now + timedelta(days=settings[FUTURE_DAYS])).isoformat()
    if str(day) > last:
        yield Wrong(f"日期不能晚于 {last}，要提前过账，请在系统配置里改「可提前天数」", "doc_on")
    elif str(day) < first and not posting.rights("back_date"):
        yield Wrong(f"只能补录 {first} 以后的单据，更早的需要「补录以前的单据」权限", "doc_on")


def days_in_turn(posting: Posting, labels: Mapping[str, str]) -> Iterator[Wrong]:
    """What is to follow a document is not before it; `labels` are the days by field."""
    header, old = posting.sheet.header, posting.old.header if posting.old else {}
    for name, label in labels.items():
        is_as_before = all(old.get(one) == header.get(one) for one in ("doc_on", name))
        if header.get(name) and str(header[name]) < str(header.get("doc_on") or today()) and not is_as_before:
            yield Wrong(f"「{label}」不能早于单据日期", name)


def quantities(
    posting: Posting, days: Callable[[Posting], Iterator[Wrong]] = not_back_dated
) -> Iterator[Wrong]:  # fmt: skip
    """Every line moves something, on a day that may be."""
    yield from days(posting)
    for place, line in enumerate(posting.sheet.lines):
        if not isinstance(line["qty"], int) or line["qty"] <= 0:
            yield Wrong("数量要大于 0", "qty", place)
        elif abs(int(line.get("base_qty") or 0)) > BASE_MAX:
            yield Wrong(f"数量太大，最多 {shown_qty(BASE_MAX)}，请核对数量和单位", "qty", place)
        elif abs(int(line.get("amount") or 0)) > AMOUNT_MAX:
            yield Wrong(f"金额太大，最多 {AMOUNT_MAX // 100:,}，请核对数量和单价", "qty", place)


def no_services(posting: Posting) -> Iterator[Wrong]:
    """What only moves goods has no line without any."""
    before = links_of(posting.old, "product")
    for place, line in enumerate(posting.sheet.lines):
        if line.get("is_service") and before.get(str(line["id"])) != line["product"]:
            yield Wrong(f"「{line.get('product_name') or ''}」是服务，不进出库存", "product", place)


def accounts_hold(posting: Posting, fields: Sequence[str] = ("account",)) -> Iterator[Wrong]:
    """T27: no account goes below zero, unless it may; `fields` name the accounts of a sheet."""
    turned: dict[str, int] = {}
    for moves, sign in ((posting.moves(posting.sheet), 1), (posting.moves(posting.old) if posting.old else (), -1)):
        for move in moves:
            if move.ledger == "account_entry":
                key = str(move.values["account"])
                turned[key] = turned.get(key, 0) + sign * int(move.values["amount"] or 0)
    for id, by in turned.items():
        if by < 0 and (short := account_short(posting.asking, id, by)):
            field = next((name for name in fields if posting.sheet.header.get(name) == id), fields[0])
            bare = f"账户「{short[0]}」余额不够"
            yield Wrong(f"{bare}，还差 {yuan(short[1])}", field, bare=bare)


def account_short(asking: Asking, id: str, by: int) -> tuple[str, int] | None:
    """Name of an account, and what it lacks once its balance turns by so much; None when it holds (T27)."""
    account = asking.look("account", id)
    balance = asking.balance("account_balance", {"account": id})["balance"] + by
    if balance >= 0 or account is None or account["allow_overdraft"]:
        return None
    return str(account["name"]), -balance


def money_gone(asking: Asking, id: str, amount: int) -> Iterator[str]:
    """Why a document that brought `amount` to an account is not cancelled: the money went on."""
    short = account_short(asking, id, -amount)
    if short and amount > 0:
        yield f"已从账户「{short[0]}」用掉的 {yuan(short[1])}"


def spent(id: str, asking: Asking) -> Iterator[str]:
    """What a document, or the receipt that goes with it, brought and is there no more: cancelling cannot take it back
    (T20, T27)."""
    money: Counter[str] = Counter()
    for row in asking.find("account_entry", {"document": _with_receipt(id)}):
        money[str(row["account"])] += int(row["amount"] or 0)
    for account, amount in sorted(money.items()):
        if amount > 0 and (short := account_short(asking, account, -amount)):
            yield f"已从账户「{short[0]}」用掉的钱"
    if any(_advances_gone(id, asking)):
        yield "用掉这笔预收/付的单据"


def _with_receipt(id: str) -> list[str]:
    return [id, RECEIPT.id_of(id)]


def _advances_gone(id: str, asking: Asking) -> Iterator[bool]:
    ahead: Counter[tuple[str, Any, Any]] = Counter()
    for row in asking.find("party_entry", {"document": _with_receipt(id), "side": ["advance_in", "advance_out"]}):
        name = "customer" if row["side"] == "advance_in" else "supplier"
        ahead[name, row[name], row["order"]] += int(row["amount"] or 0)
    for (name, party, order), amount in ahead.items():
        there = advance_of(asking, name, party)
        if order:
            there = min(there, left_of(asking, ORDERS[name], order))
        else:
            there -= held(asking, name, party)
        yield amount > 0 and amount > there


def frozen_money(posting: Posting, names: str) -> Iterator[Wrong]:
    """T11: what was paid on a document is fixed by its first posting."""
    for name in names.split() if posting.old else ():
        assert posting.old is not None
        if (posting.old.header.get(name) or None) != (posting.sheet.header.get(name) or None):
            yield Wrong("首次过账时定下的收付款不能再改，请另做收付单", name)


PARTY_STAYS = "过账以后不能换往来单位，请作废后重开一张"


def still_fits(posting: Posting, module: str) -> Iterator[Wrong]:
    """T20: a changed document is not smaller than what was settled of it."""
    if posting.old is None:
        return
    party = "customer" if module == "sale" else "supplier"
    if not is_same(posting.asking, party, posting.old.header.get(party), posting.sheet.header.get(party)):
        yield Wrong(PARTY_STAYS, party)
        return
    yield from _returns_fit(posting, f"{module}_line")
    before, after = (int(sheet.header.get("signed_total") or 0) for sheet in (posting.old, posting.sheet))
    keys = {"settles_module": module, "settles": posting.id}
    left = posting.asking.balance("open_item", keys)["balance"] - before + after
    if left < 0 <= before or left > 0 > before:
        text = f"已经结清 {yuan(abs(after - left))}，合计不能更小"
        yield Wrong(text, "total", bare="合计不能小于已经结清的")


def _returns_fit(posting: Posting, lines: str) -> Iterator[Wrong]:
    """A changed document leaves no less than what was returned of it."""
    assert posting.old is not None
    for line, new, place in pairs_of(posting):
        rows = _returns(posting.asking, lines, posting.id, {"origin_line": line["id"]})
        returned = sum_of(rows, "base_qty")
        if returned > base_of(new):
            text = f"已经退了 {shown_qty(returned)}（{numbers_of(rows)}），不能更少"
            yield Wrong(text, "qty", place)
        elif rows and new and not is_same(posting.asking, "product", new["product"], line["product"]):
            yield Wrong(f"已经退货（{numbers_of(rows)}），不能换产品", "product", place)


def pairs_of(posting: Posting) -> Iterator[tuple[Columns, Columns | None, int | None]]:
    """The lines that a change had before: as they were, as they will be, and where they stand."""
    places = {str(line["id"]): place for place, line in enumerate(posting.sheet.lines)}
    for line in posting.old.lines if posting.old else ():
        place = places.get(str(line["id"]))
        yield line, None if place is None else posting.sheet.lines[place], place


def taken_of(lines: Iterable[Columns], link: str) -> Counter[str]:
    """The base quantity that lines take together of each line they point at."""
    found: Counter[str] = Counter()
    for line in lines:
        if line.get(link):
            found[str(line[link])] += base_of(line)
    return found


def base_of(line: Columns | None) -> int:
    """The base quantity of a line; none where it was dropped."""
    return int(line.get("base_qty") or 0) if line else 0


def numbers_of(rows: Iterable[Columns]) -> str:
    """The documents that lines are of, named."""
    return "、".join(sorted({str(row["number"]) for row in rows}))


def links_of(sheet: Sheet | None, name: str) -> dict[str, Any]:
    """What lines already pointed at: it is not asked again when they are changed."""
    return {str(line["id"]): line.get(name) for line in sheet.lines} if sheet else {}


def bound_by(lines: str) -> Callable[[str, Asking], Iterator[str]]:
    """What has to go before a document is cancelled: settlements, returns, and what its money paid for (T20)."""

    def bound(id: str, asking: Asking) -> Iterator[str]:
        settled = asking.find("settlement_line", {"target": id, "state": "posted"})
        numbers = {str(row["number"]) for row in settled if row["document"] != RECEIPT.id_of(id)}
        numbers |= {str(row["number"]) for row in asking.find(lines, {"order": id, "state": "posted"})}
        own = asking.ids(lines, {"document": id})
        numbers |= {str(row["number"]) for row in asking.find(lines, {"origin_line": own, "state": "posted"})}
        yield from sorted(numbers)
        yield from spent(id, asking)

    return bound


def stock_is_there(posting: Posting) -> Iterator[Wrong]:
    """T8: no warehouse goes below zero by a posting, nor below what other orders are to get of it
    (`stock.check_available`); what the old version took is given back first."""
    rule = posting.asking.settings[STOCK_NEGATIVE]
    before = _by_place(posting, posting.old) if posting.old else {}
    after = _by_place(posting, posting.sheet)
    less = [{"product": product, "warehouse": where} for (product, where), by in after.items() if by < 0]
    posting.asking.foresee_balances("stock_balance", less)
    taken: dict[tuple[str, str], int] = {}
    for place, line in enumerate(posting.sheet.lines):
        key = _goods(posting.asking, line["product"], place_of(line, posting.sheet.header))
        if after.get(key, 0) >= 0:
            continue
        taken[key] = taken.get(key, 0) + int(line["base_qty"] or 0)
        on_hand = posting.asking.balance("stock_balance", {"product": key[0], "warehouse": key[1]})["on_hand"]
        there, kept = on_hand - before.get(key, 0), _kept_for_others(posting, *key)
        if taken[key] > there - kept and rule != "allow":
            held = f"，留给别的订货 {shown_qty(kept)}" if kept else ""
            has = f"产品 {line.get('product_name') or ''} 库存 {shown_qty(there)}{held}"
            about, left = f"{has}，需要 {shown_qty(-after[key])}", there + after[key]
            may = rule == "warn" or posting.rights("negative_stock")
            comes_to = f"，过账后是 {shown_qty(left)}" if may and left < 0 else ""
            yield Wrong(about + comes_to, "qty", place, ask="negative_stock" if may else None)
    yield from stock_stays(posting)


def _kept_for_others(posting: Posting, product: str, warehouse: str) -> int:
    """What is reserved of a product by other orders than those that a sheet delivers, where they are asked for."""
    if not posting.asking.settings[CHECK_AVAILABLE]:
        return 0
    place: dict[str, Wanted] = {"product": product, "warehouse": warehouse}
    reserved = posting.asking.balance("stock_balance", {"product": product, "warehouse": warehouse})["reserved"]
    own = sorted({str(line["order"]) for line in posting.sheet.lines if line.get("order")})
    rows = posting.asking.find("order_balance", place | {"order_module": "sale", "order": own}) if own else ()
    return max(reserved - sum_of(rows, "remaining"), 0)


def stock_stays(posting: Posting) -> Iterator[Wrong]:
    """T8, T20: what came in by a document and is gone since cannot be taken back by changing or cancelling it."""
    rule = posting.asking.settings[STOCK_NEGATIVE]
    before = _by_place(posting, posting.old) if posting.old and rule != "allow" else {}
    after = _by_place(posting, posting.sheet) if before else {}
    for key, was in before.items():
        now = after.get(key, 0)
        on_hand = posting.asking.balance("stock_balance", {"product": key[0], "warehouse": key[1]})["on_hand"]
        if 0 <= now < was and on_hand - was + now < 0:
            may = rule == "warn" or posting.rights("negative_stock")
            text = f"{_thing(posting.asking, *key)}只剩 {shown_qty(on_hand)}，不能收回 {shown_qty(was - now)}"
            yield Wrong(text, "qty", _line_of(posting, key), ask="negative_stock" if may else None)


def _thing(asking: Asking, product: str, warehouse: str) -> str:
    """A product in a warehouse, named."""
    what, where = asking.look("product", product), asking.look("warehouse", warehouse)
    return f"「{where['name'] if where else ''}」的产品 {what['name'] if what else ''} "


def _line_of(posting: Posting, key: tuple[str, str]) -> int | None:
    meant = posting.asking.meant
    places = (i for i, line in enumerate(posting.sheet.lines) if meant("product", str(line["product"])) == key[0])
    return next(places, None)


def _goods(asking: Asking, product: object, warehouse: object) -> tuple[str, str]:
    """What lies where: products that are one lie together (T28)."""
    return str(asking.meant("product", str(product))), str(warehouse)


def _by_place(posting: Posting, sheet: Sheet) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for move in posting.moves(sheet):
        if move.ledger == "stock_move":
            key = _goods(posting.asking, move.values["product"], move.values["warehouse"])
            found[key] = found.get(key, 0) + int(move.values["qty"] or 0)
    return found


_WORKED_OUT = (
    "amount", "share_amount", "net_amount", "tax_amount", "gross_amount", "ex_tax_amount", "base_qty", "price",
    "fee_amount", "charge_amount",
)  # fmt: skip


def as_typed(lines: Sequence[Columns]) -> list[Columns]:
    """Lines as the rules of amounts take them."""
    return [
        line | {"amount": line.get("typed_amount"), "is_amount_typed": line.get("typed_amount") is not None}
        for line in lines
    ]


def worked_out(sheet: Sheet, amounts: Amounts) -> tuple[Columns, list[Columns]]:
    """A sheet with its amounts (T1–T4)."""
    wanted = (
        "amount",
        "share_amount",
        "net_amount",
        "tax_amount",
        "gross_amount",
        "ex_tax_amount",
        "base_qty",
        "price",
    )
    lines = [
        line | {name: found[name] for name in (*wanted, "fee_amount", "charge_amount") if name in found}
        for line, found in zip(sheet.lines, amounts.lines, strict=True)
    ]
    return sheet.header | amounts.header, lines


def discounted(line: Columns, changed: str | None, *, by_hand: bool) -> Columns:
    """What the cell that was left does to others of its line: an amount somebody types decides the price until he
    types a price again (T1); another product has another price, and another unit, too, unless it was typed `by_hand`:
    it is not known which unit that was meant for, so it stays, and the reference price is told beside it."""
    if changed == "amount":
        return {"typed_amount": line.get("amount"), "price_source": "typed"}
    if changed == "price":
        return {"typed_amount": None, "price_source": "typed"}
    if changed == "discount_rate":
        return {"typed_amount": None}
    if changed == "product" or (changed == "unit_row" and not by_hand):
        return {"price": None, "typed_amount": None}
    return {}


def price_stays(line: Columns, place: int, lines: str, offered: int | None, source: str) -> Iterator[Hint]:
    """What is said beside a typed price whose unit was chosen afterwards."""
    if line.get("is_gift") or offered == line.get("price"):
        return
    plain = "换了单位，手输的单价没有跟着变"
    words = "" if offered is None else f"；{line.get('unit_name') or '这个单位'}的{source}是 {shown_qty(offered)}"
    until = ("product", "unit_row", "price", "is_gift")
    yield Hint(plain + words, "price", place, level="warn", tells=(lines, "price"), bare=plain, until=until)


def below_minima(posting: Posting) -> Iterator[Wrong]:
    """Lines that sell below what their product may cost at the least (T18), with both prices."""
    ask = "below_min_price" if posting.rights("below_min_price") else None
    for place, name, text in _below_minima(posting.sheet.lines, posting.asking):
        yield Wrong(f"产品 {name} {text}", "price", place, ask=ask, bare=f"产品 {name} 低于最低售价")


def minimum_hints(lines: Sequence[Columns], asking: Asking) -> Iterator[Hint]:
    """The same while a sheet is filled in: it may be the program that brought the price."""
    for place, _, text in _below_minima(lines, asking):
        yield Hint(text, "price", place, level="warn", tells=("product", "min_price"), bare="低于最低售价")


def _below_minima(lines: Sequence[Columns], asking: Asking) -> Iterator[tuple[int, str, str]]:
    """(place, product, both prices)"""
    for place, line in enumerate(lines):
        product = asking.look("product", str(line["product"])) if line.get("price") is not None else None
        net, qty = int(line["net_amount"] or 0), base_of(line)
        if product and not line.get("is_gift") and is_below_minimum(net, qty, product["min_price"]):
            at = _priced(line, product, net * PRICED // qty, asking)
            yield place, str(product["name"]), f"{at}，低于最低售价 {shown_qty(product['min_price'])}"


def _priced(line: Columns, product: Mapping[str, Any], net: int, asking: Asking) -> str:
    """A price as it stands on a line, and what a base unit comes to where that is something else. Cut, not rounded: it
    shall not look like the limit it is below."""
    typed = int(line.get("price") or 0)
    if net == typed:
        return f"单价 {shown_qty(typed)}"
    unit = asking.look("dict_item", str(product["unit"]))
    is_cut = line.get("discount_rate") not in (None, WHOLE_RATE) or line["net_amount"] != line["amount"]
    comes_to = f"{'优惠后' if is_cut else '折合'}每{unit['name'] if unit else '单位'} {shown_qty(net)}"
    return f"单价 {shown_qty(typed)}，{comes_to}"


def taxed(line: Columns, changed: str | None, asking: Asking) -> None:
    """Another product has another tax rate."""
    product = asking.look("product", str(line["product"])) if changed == "product" and line.get("product") else None
    if product:
        line["tax_rate"] = product["tax_rate"]


def newest_price(
    asking: Asking, lines: str, party: str, header: Columns, line: Columns, kinds: Sequence[str]
) -> LastLine | None:
    """The newest posted line of this party, product and unit (T18). What one stranger in the shop paid is no price for
    the next: 零售客户 stands for them all."""
    known = asking.look(party, str(header[party])) if header.get(party) else None
    if not header.get(party) or (party == "customer" and known is not None and known["is_system"]):
        return None
    about: dict[str, Wanted] = {"product": line["product"], party: header[party], "unit_row": _units_like(asking, line)}
    found = asking.newest(lines, about | {"state": "posted", "doc_type": kinds})
    newest = next((row for row in found if row["document"] != header.get("id") and not _is_free(row)), None)
    if newest is None:
        return None
    rate = newest.get("discount_rate")
    price = None if newest["price"] is None else int(newest["price"])
    return LastLine(price, str(newest["doc_on"]), WHOLE_RATE if rate is None else int(rate))


def _is_free(line: Columns) -> bool:
    """Given away: that says nothing of its price."""
    return bool(line.get("is_gift")) or line.get("discount_rate") == 0


def returned_before(asking: Asking, lines: str, document: str, line: Columns) -> int:
    """Base quantity that other posted returns took of the same origin line."""
    return sum(int(row["base_qty"] or 0) for row in _returns(asking, lines, document, line))


def _returns(asking: Asking, lines: str, document: str, line: Columns) -> list[Columns]:
    about = {"origin_line": line["origin_line"], "state": "posted"}
    return [row for row in asking.find(lines, about) if row["document"] != document]


def origin_of(asking: Asking, lines: str, document: str, line: Columns) -> Origin | None:
    """What a return goes back on (T6.6, T6.7), as it was booked."""
    origin = asking.look(lines, str(line["origin_line"])) if line.get("origin_line") else None
    if origin is None or origin["cost_amount"] is None:
        return None
    before = _returns(asking, lines, document, line)
    return Origin(
        qty=int(origin["base_qty"]),
        cost_amount=_in_pool(origin, "cost_amount", "pool_cost"),
        uncosted_qty=_in_pool(origin, "uncosted_qty", "pool_uncosted"),
        returned_qty=sum_of(before, "base_qty"),
        returned_cost=sum(_in_pool(row, "cost_amount", "pool_cost") for row in before),
        returned_uncosted=sum(_in_pool(row, "uncosted_qty", "pool_uncosted") for row in before),
    )


def _in_pool(line: Mapping[str, Any], name: str, later: str) -> int:
    """How much of it a line moved, with what a cost run put right."""
    return abs(int(line[name] or 0) + int(line[later] or 0))


class Origins:
    """What the lines of one return go back on: two lines of one origin one after the other."""

    def __init__(self, asking: Asking, lines: str, document: str) -> None:
        self._asking, self._lines, self._document = asking, lines, document
        self._known: dict[str, Origin | None] = {}

    def of(self, line: Columns) -> Origin | None:
        link = str(line.get("origin_line") or "")
        if link not in self._known:
            self._known[link] = origin_of(self._asking, self._lines, self._document, line)
        return self._known[link]

    def took(self, line: Columns, costed: Costed) -> Costed:
        """Remembers what went back with a line."""
        origin = self.of(line)
        if origin:
            self._known[str(line["origin_line"])] = replace(
                origin,
                returned_qty=origin.returned_qty + int(line["base_qty"] or 0),
                returned_cost=origin.returned_cost + abs(costed.cost_amount),
                returned_uncosted=origin.returned_uncosted + abs(costed.uncosted_qty),
            )
        return costed


def sum_of(lines: Iterable[Mapping[str, Any]], name: str) -> int:
    """Σ of a column."""
    return sum(int(line.get(name) or 0) for line in lines)
