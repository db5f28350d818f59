"""产品信息 (modules.md 2.2.1)."""

from collections.abc import Iterator, Mapping
from typing import Any

from ...engine.define import (
    Act,
    Alike,
    AlikeBelow,
    Doubt,
    Draft,
    Fault,
    Flaw,
    Module,
    Related,
    Section,
    Strand,
    Tab,
    Trail,
    Tree,
)
from ...engine.fields import (
    Barcode,
    Bool,
    Date,
    Dict,
    Enum,
    Field,
    Int,
    LongText,
    Mirror,
    NewestPrice,
    OfFirstChild,
    Price,
    PriceBeside,
    PriceOf,
    Quantity,
    QuantityOf,
    Rate,
    Ref,
    Serial,
    Text,
)  # fmt: skip
from .cost import Pool
from .labels import LABELS
from .refusal import shown_qty
from .settings import OFFICE_PRICES, SLOT_NAMES, TAX_RATE

SLOTS = {f"price_{place}": name for place, name in enumerate(SLOT_NAMES.default.split(","), 1)}
"""The four reference prices (参考售价1–4), as they are called where the company calls them nothing else."""


def slot_prices(*, indexed: str = "", **about: Any) -> dict[str, Field]:
    """A column for each of the four reference prices."""
    return {
        name: Price(label, called=(SLOT_NAMES.key, place), index=name in indexed.split(), **about)
        for place, (name, label) in enumerate(SLOTS.items())
    }


_BY_OFFICE: dict[str, Any] = {"edit": "settings", "edit_if": OFFICE_PRICES.key}


def plain(text: str) -> str | None:
    """Words without spaces and marks, upper or lower case alike."""
    return "".join(char for char in text.casefold() if char.isalnum()) or None


def folded(text: str) -> str | None:
    """A number, upper or lower case alike."""
    return text.strip().casefold() or None


def limits_in_order(draft: Draft) -> Iterator[Fault]:
    """P1: the lower limit is not above the upper one."""
    if draft.new is None:
        return
    low, high = draft.new["stock_min"], draft.new["stock_max"]
    if low is not None and high is not None and low > high:
        yield Fault("库存上限不能小于库存下限", "stock_max")


def _not_above(draft: Draft, lower: str, upper: str) -> Iterator[Doubt]:
    """A price that is not meant to be above another, where one of the two was just typed."""
    if draft.new is None or not draft.changes(lower, upper):
        return
    low, high = draft.new.get(lower), draft.new.get(upper)
    if low is not None and high is not None and low > high:
        text = f"{draft.label(lower)} {shown_qty(low)} 高于{draft.label(upper)} {shown_qty(high)}"
        yield Doubt("price_order", text)


def prices_in_order(draft: Draft) -> Iterator[Doubt]:
    """The first reference price is the highest, and none is below the lowest price. The purchase price is compared
    with what is typed along with it only: who types other prices need not see it."""
    first, *others = SLOTS
    for slot in others:
        yield from _not_above(draft, slot, first)
    if draft.new and "min_price" in draft.new:
        for slot in SLOTS:
            yield from _not_above(draft, "min_price", slot)
    if draft.changes("purchase_price"):
        yield from _not_above(draft, "purchase_price", first)


def barcodes_are_free(draft: Draft) -> Iterator[Doubt]:
    """A barcode that another product has: whoever scans it is asked each time which one is meant."""
    if draft.new is None or not draft.changes("barcode", "product"):
        return
    own = draft.id if draft.module == "product" else draft.new["product"]
    for code in OfFirstChild.each(draft.new.get("barcode")):
        named = draft.find("product_barcode", {"barcode": code})
        others = {draft.meant("product", str(row["product"])) for row in named} - {draft.meant("product", str(own))}
        for other in filter(None, (draft.look("product", id) for id in sorted(others))):
            text = f"条码 {code} 已是产品 {other['code']}「{other['name']}」的，保存以后每次扫它都要在两个里选一个"
            yield Doubt("same_barcode", text)


GOODS_OF_LINES = "purchase_line quote_line sale_line stock_entry_line stock_transfer_line cost_adjust_line"
UNITS_OF_LINES = "purchase_line quote_line sale_line stock_entry_line stock_transfer_line"
"""Whose lines name products, and units of them: what is counted and costed in a unit keeps it (modules.md 2.2.1)."""

_PRICES = "price_1 price_2 price_3 price_4 min_price purchase_price last_purchase_price tax_rate"


def _average(sums: Mapping[str, int]) -> int | None:
    """What a unit costs over all warehouses (T6)."""
    return Pool(sums["booked"], sums["uncosted"], sums["value"]).average


def _figures() -> dict[str, Field]:
    """What is there of a product and what it costs, as the books say when somebody looks."""
    seen: dict[str, Any] = {"readonly": True, "calc": True, "width": 90}
    stock: dict[str, Any] = {"table": "stock_balance", "by": "product", **seen}
    bought = {"state": "posted", "doc_type": "purchase"}
    return {
        "on_hand": QuantityOf("库存数量", of="on_hand", **stock),
        "available": QuantityOf("可用数量", of="available", help="库存减去已订未交", **stock),
        "average_cost": PriceOf(
            "平均成本", of=("booked", "uncosted", "value"), work_out=_average, see="see_cost",
            help="各仓库合起来的", **stock,
        ),
        "last_purchase_price": NewestPrice(
            "最近进价", table="purchase_line", by="product", of="price", on="doc_on", per="ratio", only=bought,
            see="see_purchase_price", help="最近一次进货的单价，按基本单位", **seen,
        ),
    }  # fmt: skip


def _strand(module: str, label: str, party: str, kind: str | None, see: str | None = None) -> Strand:
    own = {"party": party} | ({"kind": kind} if kind else {})
    same = {"on": "doc_on", "number": "number", "qty": "qty", "unit": "unit_name", "price": "price"}
    same |= {"discount": "discount_rate", "amount": "amount"}
    return Strand(module=module, field="product", label=label, shown=own | same, needs="price", see=see)


PRICES = Trail(
    name="prices",
    label="价格历史",
    when="doc_on",
    heads={
        "on": "日期", "kind": "类型", "number": "单据编号", "party": "往来单位", "qty": "数量", "unit": "单位",
        "price": "单价", "discount": "折扣%", "amount": "金额",
    },
    strands=(
        _strand("purchase_line", "进货", "supplier", "doc_type", "see_purchase_price"),
        _strand("sale_line", "销货", "customer", "doc_type"),
        _strand("quote_line", "报价", "customer", None),
    ),
)  # fmt: skip
"""For how much it was bought, sold and offered."""

_STRAYED = Flaw(
    name="unit_strayed",
    label="基本单位不符",
    when=(),
    strayed="unit",
    text="产品 {code} {name} 的基本单位是 {unit}，有单据记的是别的单位",
    remedy="一台电脑改了基本单位，另一台同时开了单。打开产品，把基本单位改回单据上的；单据要用新单位的，先改或作废单据",
    acts=(
        Act(label="看进货明细", module="purchase_line", by={"product": "id"}),
        Act(label="看销货明细", module="sale_line", by={"product": "id"}),
    ),
)

_UNLIKE = Flaw(
    name="merged_unlike",
    label="合并的产品不一样",
    when=(),
    unlike="unit kind",
    text="并入产品 {code} {name}（{unit}，{kind}）的产品，基本单位或性质和它不同，数量合在一起不对",
    remedy="一台电脑合并，另一台同时改了其中一个。在 工具 → 合并重复 → 已合并 里拆分，或把基本单位、性质改成一样的",
    acts=(Act(label="看库存", module="stock_balance", by={"product": "id"}),),
)

product = Module(
    name="product",
    label="产品信息",
    also="商品 货品 物料",
    noun="产品",
    mergeable=True,
    merges_alike="unit kind",
    chapter="trading",
    icon="package",
    position=10,
    title="name",
    looked_up_by="code",
    fields=dict(
        code=Serial(
            "产品编号",
            prefix="CP",
            unique=True,
            readonly=False,
            required=True,
            width=116,
        ),
        name=Text("产品名称", required=True, width=200),
        category=Ref("产品类别", "product_category", tree=True, required=True, index=True, width=92),
        spec=Text("规格", width=110),
        model=Text("型号", width=96),
        brand=Text("品牌", index=True),
        origin=Text("产地"),
        unit=Dict(
            "基本单位",
            "unit",
            required=True,
            default="default",
            index=True,
            width=66,
            stays_once=f"{GOODS_OF_LINES} product_unit",
            said_by=("unit_name", "unit_row"),
        ),
        barcode=OfFirstChild(
            "条码",
            table="product_barcode",
            by="product",
            kept="barcode",
            names="main_barcode",
            help="扫描或输入，保存后就是主条码；以后在下面的「条码」里加",
        ),
        main_barcode=Ref("主条码", "product_barcode", loose=True, depends={"product": "id"}, width=126),
        kind=Enum(
            "性质",
            {"goods": "商品", "service": "服务", "gift": "赠品", "asset": "耗材"},
            default="goods",
            index=True,
        ),
        **slot_prices(min=0, merge="flag", indexed="price_1 price_2", width=88, **_BY_OFFICE),
        min_price=Price("最低售价", min=0, merge="flag"),
        purchase_price=PriceBeside(
            "参考进价",
            table="product_cost",
            by="product",
            kept="purchase_price",
            but="unit_row",
            min=0,
            see="see_purchase_price",
            width=88,
        ),
        **_figures(),
        tax_rate=Rate("税率%", min=0, max=1_000_000, default=TAX_RATE, merge="flag"),
        stock_min=Quantity("库存下限", min=0, index=True),
        stock_max=Quantity("库存上限", min=0, index=True),
        supplier=Ref("主供应商", "supplier", index=True, width=160),
        weight=Quantity("重量kg", min=0),
        volume=Quantity("体积m³", min=0),
        shelf_days=Int("保质期(天)", min=0, max=36_500),
        warranty_months=Int("保修(月)", min=0, max=1_200),
        description=LongText("说明"),
        is_stopped=Bool("停用", index=True, help="停用后不能再选，已用的照常显示"),
        registered_on=Date("登记日期", default="today", index=True),
    ),
    tree=Tree("category", "全部产品"),
    retire="is_stopped",
    columns="code name spec model unit price_1 price_2 on_hand available category main_barcode",
    quick="code name spec model brand main_barcode category supplier",
    context="code spec model",
    sort="code",
    tabs=(
        Tab(
            "基本",
            "name code category spec model brand origin unit kind barcode main_barcode",
            (
                Section("参考价格", _PRICES),
                Section("供应与登记", "supplier registered_on is_stopped"),
            ),
        ),
        Tab(
            "库存与说明",
            "on_hand available average_cost stock_min stock_max weight volume shelf_days warranty_months description",
        ),
    ),
    related=(
        Related("条码", "product_barcode", "product"),
        Related("单位", "product_unit", "product"),
        Related("供应商", "product_supplier", "product"),
        Related("分仓上下限", "stock_limit", "product"),
        Related("竞品价格", "competitor_product", "product"),
        Related("分仓库存", "stock_balance", "product"),
        Related("库存流水", "stock_move", "product"),
        Related("进货明细", "purchase_line", "product"),
        Related("销货明细", "sale_line", "product"),
        Related("报价明细", "quote_line", "product"),
    ),
    trails=(PRICES,),
    flaws=(_STRAYED, _UNLIKE),
    children="product_barcode product_unit product_supplier stock_limit",
    found_by="product_barcode",
    pictured=True,
    labels=LABELS,
    adjusts="price_1 price_2 price_3 price_4 min_price",
    adjusts_from="purchase_price",
    rules=(limits_in_order,),
    doubts=(prices_in_order, barcodes_are_free),
    alike=(
        Alike("code", 60, "产品编号相同", folded),
        Alike("name", 60, "名称相同", plain),
        Alike("spec", 20, "规格相同", plain, apart=30),
        Alike("model", 20, "型号相同", plain, apart=30),
    ),
    alike_below=(AlikeBelow(module="product_barcode", field="barcode", points=100, reason="条码相同"),),
    rights=dict(manager="view export print", sales="view", storekeeper="view", finance="view export print"),
    help="product",
)

product_cost = Module(
    name="product_cost",
    label="参考进价",
    noun="参考进价",
    chapter="trading",
    icon="tag",
    menu=False,
    search=False,
    writable=False,
    title="name",
    view_right="see_purchase_price",
    fields=dict(
        name=Text("产品"),
        product=Ref("产品编号", "product", loose=True, index=True),
        unit_row=Ref("单位", "product_unit", loose=True, help="空着是基本单位"),
        purchase_price=Price("参考进价", merge="flag", index=True, see="see_purchase_price"),
    ),
    columns="name unit_row purchase_price",
    sort="name",
)


def barcode_is_one(draft: Draft) -> Iterator[Fault]:
    """Within a product a barcode stands once."""
    if draft.new is None or not draft.new["barcode"]:
        return
    same = draft.find("product_barcode", {"product": draft.new["product"], "barcode": draft.new["barcode"]})
    if any(one["id"] != draft.id for one in same):
        yield Fault("这个产品已有这个条码", "barcode")


product_barcode = Module(
    name="product_barcode",
    label="条码",
    noun="条码",
    chapter="trading",
    icon="tag",
    menu=False,
    search=False,
    title="barcode",
    looked_up_by="barcode",
    one_by="barcode unit_row",
    scope="follow",
    parent="product",
    fields=dict(
        product=Ref("产品", "product", required=True, index=True, width=180),
        barcode=Barcode("条码", required=True, unique=True, index=True, width=160),
        unit_row=Ref("单位", "product_unit", depends={"product": "product"}, help="空着是基本单位", width=90),
        is_main=Mirror(
            "主条码", parent="product", names="main_barcode", targets=("product",), first=True, default=None
        ),
    ),
    columns="barcode unit_row is_main",
    quick="barcode",
    context="product",
    sort="barcode",
    tabs=(Tab("基本", "product barcode unit_row is_main"),),
    rules=(barcode_is_one,),
    doubts=(barcodes_are_free,),
    rights=dict(manager="view export print", sales="view", storekeeper="view", finance="view export print"),
    help="product",
)


def unit_is_another(draft: Draft) -> Iterator[Fault]:
    """An auxiliary unit is not the base unit."""
    product = draft.new and draft.look("product", draft.new["product"])
    if product and draft.new and product["unit"] == draft.new["unit"]:
        yield Fault("这是产品的基本单位，不用再加", "unit")


def ratio_is_positive(draft: Draft) -> Iterator[Fault]:
    """How many base units are in one."""
    if draft.new and draft.new["ratio"] is not None and draft.new["ratio"] <= 0:
        yield Fault("换算数量要大于 0", "ratio")


product_unit = Module(
    name="product_unit",
    label="辅助单位",
    noun="辅助单位",
    one_by="unit ratio",
    chapter="trading",
    icon="package-search",
    menu=False,
    search=False,
    title="name",
    scope="follow",
    parent="product",
    fields=dict(
        product=Ref("产品", "product", required=True, index=True, width=180, stays_once=UNITS_OF_LINES),
        unit=Dict("单位", "unit", required=True, copies={"name": "name"}, width=80, stays_once=UNITS_OF_LINES),
        name=Text("显示为", max_length=40, width=90, help="随单位，也可以自己写，如「大箱」"),
        ratio=Quantity(
            "换算数量",
            required=True,
            width=100,
            help="一个这样的单位等于多少基本单位，单据用过就不能再改",
            stays_once=UNITS_OF_LINES,
        ),
        **slot_prices(min=0, merge="flag", **_BY_OFFICE),
    ),
    columns="name unit ratio price_1 price_2 price_3 price_4",
    quick="name",
    context="product",
    sort="name",
    tabs=(
        Tab(
            "基本",
            "product unit ratio name",
            (Section("参考价格，空着就用基本单位的价格乘换算数量", "price_1 price_2 price_3 price_4"),),
        ),
    ),
    rules=(ratio_is_positive, unit_is_another),
    doubts=(prices_in_order,),
    rights=dict(manager="view export print", sales="view", storekeeper="view", finance="view export print"),
    help="product",
)


stock_limit = Module(
    name="stock_limit",
    label="分仓上下限",
    noun="分仓上下限",
    chapter="trading",
    icon="warehouse",
    menu=False,
    search=False,
    title="place",
    scope="branch",
    parent="product",
    fields=dict(
        product=Ref("产品", "product", required=True, index=True, width=180),
        warehouse=Ref("仓库", "warehouse", required=True, index=True, width=120),
        stock_min=Quantity("下限", min=0, width=96),
        stock_max=Quantity("上限", min=0, width=96),
        place=Text("货位", max_length=40),
    ),
    columns="product warehouse stock_min stock_max place",
    quick="place product warehouse",
    context="product warehouse",
    sort="place",
    tabs=(Tab("基本", "product warehouse stock_min stock_max place"),),
    rules=(limits_in_order,),
    rights=dict(manager="view export print", sales="view", storekeeper="view", finance="view export print"),
    help="product",
)

product_supplier = Module(
    name="product_supplier",
    label="供应产品",
    noun="供应产品",
    chapter="trading",
    icon="truck",
    menu=False,
    search=False,
    title="supplier_name",
    view_right="see_purchase_price",
    parent="product",
    fields=dict(
        product=Ref("产品", "product", required=True, index=True, width=180),
        supplier=Ref("供应商", "supplier", required=True, index=True, width=180),
        supplier_code=Text("对方编号", max_length=60),
        supplier_name=Text("对方品名", width=160),
        price=Price("供货价", min=0, see="see_purchase_price"),
        min_qty=Quantity("起订量", min=0),
        lead_days=Int("供货天数", min=0, max=3650),
    ),
    columns="product supplier supplier_code supplier_name price min_qty lead_days",
    quick="supplier product supplier_code supplier_name",
    context="product supplier",
    sort="supplier_name",
    tabs=(Tab("基本", "product supplier supplier_code supplier_name price min_qty lead_days"),),
    rights=dict(manager="view export print", finance="view export print"),
    help="product",
)
