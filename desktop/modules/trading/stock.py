"""Stock: entries, balances and what they cost (modules.md 2.2.9, T6, T7). All of it follows from posted documents."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ...engine.define import Act, Balance, Flaw, Ledger, Module
from ...engine.documents.declare import Asking, Columns, Move, Posted
from ...engine.fields import (
    Bounds,
    Date,
    DateTime,
    Enum,
    Int,
    LimitOf,
    LongText,
    Money,
    NewestDay,
    PricePooled,
    Quantity,
    Ref,
    RunningMoney,
    RunningQuantity,
    Text,
    TextThrough,
    Unknown,
    WithinLimits,
)
from ...engine.fields.limits import HIGH, LOW, NORMAL
from .cost import Costed, Pool
from .papers import place_of
from .rounding import PRICED, divided
from .settings import COST_SCOPE
from .stock_survey import CONDITIONS, SURVEY

Judge = Callable[[Pool, Columns], Costed]
"""What a line costs, from the pool before it."""

KINDS = {
    "opening": "期初", "gain": "盘盈", "gift_in": "赠入", "return_use": "退料", "other_in": "其他入库",
    "loss": "盘亏", "use": "领用", "scrap": "报损", "sample": "样品", "other_out": "其他出库",
    "purchase": "进货", "purchase_return": "退货给厂商", "sale": "销货", "sale_return": "客户退货", "retail": "零售",
    "transfer": "调拨", "variance": "成本差异", "late_cost": "补录成本", "manual": "成本调整", "run": "成本核算",
}  # fmt: skip
"""What a stock entry comes from."""

_OF_PRODUCT: dict[str, Any] = {"by": "product", "readonly": True, "calc": True, "width": 100}
_UNIT = (("product", "unit"), ("dict_item", "name"))
_BY_UNIT: dict[str, Any] = {"sum": True, "sum_within": "unit"}
"""Pieces of one product and boxes of another are no sum."""

_RIGHTS = dict(manager="view export print", sales="view", storekeeper="view export print", finance="view export print")

stock_move = Module(
    name="stock_move",
    label="库存流水",
    noun="流水",
    chapter="trading",
    icon="list-ordered",
    position=62,
    local=True,
    writable=False,
    search=False,
    title="number",
    when="book_on",
    fields=dict(
        number=Text("单据编号", index=True, width=170),
        book_on=Date("日期", index=True, width=100),
        kind=Enum("类型", KINDS, index=True, width=90),
        product=Ref("产品", "product", index=True, width=200),
        warehouse=Ref("仓库", "warehouse", index=True, width=110),
        unit=TextThrough("单位", path=_UNIT, **(_OF_PRODUCT | {"width": 60})),
        qty=Quantity("数量", width=100, **_BY_UNIT),
        stock_after=RunningQuantity("结存", of="qty", by=("product", "warehouse"), width=100),
        cost_amount=Money("成本", see="see_cost", sum=True, width=110, unknown=Unknown("uncosted_qty")),
        cost_after=RunningMoney(
            "结存成本",
            of="cost_amount",
            by=("product", "warehouse"),
            see="see_cost",
            width=110,
            unknown=Unknown("uncosted_qty stock_after"),
        ),
        uncosted_qty=Quantity("未计成本数", see="see_cost", hidden=True),
        booked_qty=Quantity("已核算数", see="see_cost", hidden=True),
        posted_at=DateTime("过账时间", width=150),
        module=Text("单据", max_length=64, hidden=True),
        document=Text("单据号", max_length=32, hidden=True),
        line=Text("行", max_length=32, hidden=True),
    ),
    columns="book_on number kind product warehouse unit qty stock_after cost_amount cost_after posted_at",
    quick="number product warehouse kind",
    sort="-book_on",
    rights=_RIGHTS,
    help="stock",
)

_LIMITS: dict[str, Any] = {
    "bounds": Bounds(
        table="stock_balance", thing="product", place="warehouse", own="stock_limit", common="product",
        least="stock_min", most="stock_max", short="available", held="on_hand",
    ),
    "see_module": "stock_limit", "readonly": True, "calc": True,
}  # fmt: skip
"""P2, warehouse by warehouse; what has no limits there goes by those of the company, with what there is in all."""
_LIMITED = "先看分仓的上下限；没有的，按全公司的上下限和全公司的数量"

stock_balance = Module(
    name="stock_balance",
    label="库存查询",
    also="存货 现存量",
    noun="库存",
    chapter="trading",
    icon="boxes",
    position=60,
    local=True,
    writable=False,
    search=False,
    title="label",
    fields=dict(
        label=Text("说明", hidden=True),
        product=Ref("产品", "product", index=True, width=220),
        product_code=TextThrough("产品编号", path=(("product", "code"),), **_OF_PRODUCT),
        spec=TextThrough("规格", path=(("product", "spec"),), **_OF_PRODUCT),
        unit=TextThrough("单位", path=_UNIT, **(_OF_PRODUCT | {"width": 60})),
        warehouse=Ref("仓库", "warehouse", index=True, width=120),
        on_hand=Quantity("库存数量", index=True, width=110, **_BY_UNIT),
        reserved=Quantity("已订未交", width=100, **_BY_UNIT),
        on_order=Quantity("在订", width=90, **_BY_UNIT),
        available=Quantity("可用数量", index=True, width=100, **_BY_UNIT),
        projected=Quantity("预计", width=90, **_BY_UNIT),
        condition=Enum("状态", {"some": "有货", "none": "无货", "negative": "负库存"}, index=True, width=80),
        level=WithinLimits(
            "存量",
            {LOW: CONDITIONS[LOW], HIGH: CONDITIONS[HIGH], NORMAL: CONDITIONS[NORMAL]},
            tones={LOW: "bad", HIGH: "look"},
            width=72,
            help=f"可用数量低于下限是不足，库存数量高于上限是过高。{_LIMITED}",
            **_LIMITS,
        ),
        low=LimitOf("下限", width=80, help=_LIMITED, **_LIMITS),
        high=LimitOf("上限", width=80, is_most=True, help=_LIMITED, **_LIMITS),
        average_cost=PricePooled(
            "平均成本",
            see="see_cost",
            width=100,
            sums=("booked", "uncosted", "value"),
            by=("product",),
            apart=("cost.scope", "warehouse", "warehouse"),
            work_out=lambda sums: pool_of(sums).average,
            help="按公司核算时，各仓库的成本是同一个",
            unknown=Unknown("uncosted"),
        ),
        value=Money(
            "库存金额", see="see_cost", sum=True, width=120, unknown=Unknown("uncosted"), help="只算成本已知的部分"
        ),
        uncosted=Quantity("成本未知数", see="see_cost", width=100),
        moved_on=NewestDay("最后变动日", table="stock_move", by=("product", "warehouse"), of="book_on", width=100),
        booked=Quantity("已核算数", see="see_cost", hidden=True),
        entries=Int("流水数", hidden=True),
    ),
    columns="product_code product spec unit warehouse on_hand reserved available level on_order projected low "
    "high condition average_cost value uncosted moved_on",
    quick="product_code product warehouse",
    sort="product",
    flaws=(
        Flaw(
            name="oversold",
            label="超卖",
            when=(("condition", "eq", "negative"),),
            text="「{warehouse}」的产品 {product} 库存是 {on_hand}：出库的比有的多",
            remedy="补录漏记的进货或入库，或作废多开的出库单",
            acts=(
                Act(label="看流水", module="stock_move", by={"product": "product", "warehouse": "warehouse"}),
                Act(
                    label="补做入库",
                    module="stock_entry",
                    by={"warehouse": "warehouse"},
                    given={"kind": "gain"},
                    makes=True,
                    fills="oversold",
                ),
                Act(
                    label="补做进货",
                    module="purchase",
                    by={"warehouse": "warehouse"},
                    given={"doc_type": "purchase"},
                    makes=True,
                    fills="oversold",
                ),
            ),
        ),
    ),
    rights=_RIGHTS,
    help="stock",
)


def _derived(row: Columns) -> Columns:
    on_hand = int(row["on_hand"] or 0)
    condition = "negative" if on_hand < 0 else "some" if on_hand else "none"
    available = on_hand - int(row["reserved"] or 0)
    projected = available + int(row["on_order"] or 0)
    return {"condition": condition, "available": available, "projected": projected}


def pool_of(sums: Mapping[str, Any]) -> Pool:
    """What was booked with its cost."""
    return Pool(int(sums["booked"] or 0), int(sums["uncosted"] or 0), int(sums["value"] or 0))


stock = Ledger(
    moves="stock_move",
    survey=SURVEY,
    amounts=("qty", "booked_qty", "uncosted_qty", "cost_amount"),
    balances=(
        Balance(
            module="stock_balance",
            keys=("product", "warehouse"),
            sums={"qty": "on_hand", "booked_qty": "booked", "uncosted_qty": "uncosted", "cost_amount": "value"},
            fed=("reserved", "on_order"),
            derive=_derived,
            told_apart="on_hand",
        ),
    ),
)

line_cost = Module(
    name="line_cost",
    label="成本记录",
    noun="成本",
    chapter="trading",
    menu=False,
    search=False,
    writable=False,
    title="label",
    view_right="see_cost",
    fields=dict(
        label=Text("说明"),
        module=Text("模块", max_length=64),
        document=Text("单据", max_length=32),
        line=Text("行", max_length=32),
        version=Text("版本", max_length=32),
        cost_amount=Money("成本", see="see_cost"),
        uncosted_qty=Quantity("未计成本数", see="see_cost"),
        cost_variance=Money("成本差异", see="see_cost"),
        issued_cost=Money("已出库部分", see="see_cost"),
        in_cost_amount=Money("调入成本", see="see_cost"),
        in_uncosted_qty=Quantity("调入未计成本数", see="see_cost"),
        charges=LongText("已出库部分的分摊", see="see_cost"),
    ),
    columns="document line cost_amount uncosted_qty cost_variance",
    sort="document",
)

cost_charge = Module(
    name="cost_charge",
    label="成本分摊",
    noun="分摊",
    chapter="trading",
    menu=False,
    local=True,
    writable=False,
    search=False,
    title="number",
    view_right="see_cost",
    fields=dict(
        number=Text("单据编号"),
        book_on=Date("日期"),
        kind=Enum("类型", {"late_cost": KINDS["late_cost"], "run": KINDS["run"]}),
        target_module=Text("所属单据", max_length=64),
        target=Text("所属单据号", max_length=32),
        target_line=Text("所属行", max_length=32),
        target_version=Text("所属版本", max_length=32),
        warehouse=Text("仓库", max_length=32),
        charged_qty=Quantity("数量", see="see_cost"),
        cost_adjusted=Money("成本", see="see_cost"),
        pool_cost=Money("库存金额", see="see_cost"),
        pool_uncosted=Quantity("未计成本数", see="see_cost"),
        module=Text("单据", max_length=64),
        document=Text("单据号", max_length=32),
        line=Text("行", max_length=32),
    ),
    columns="book_on number kind cost_adjusted",
    sort="-book_on",
)

charges = Ledger(
    moves="cost_charge",
    amounts=("charged_qty", "cost_adjusted", "pool_cost", "pool_uncosted"),
    balances=(),
    about="target",
)
"""What became known later of the cost of lines that had been booked: it shows with them, and in their profit."""


def stock_moves(posted: Posted, kind: str, sign: int) -> Iterator[Move]:
    """One entry for each line, and one without quantity where a receipt corrects what was charged before."""
    costs = posted.annexes.get("line_cost", {})
    for line in posted.sheet.lines:
        if line.get("is_service"):
            continue
        id, cost = str(line["id"]), costs.get(str(line["id"]))
        place = {"product": line["product"], "warehouse": place_of(line, posted.sheet.header)}
        qty = sign * int(line.get("base_qty") or 0)
        booked = {name: int(cost[name] or 0) for name in ("cost_amount", "uncosted_qty")} if cost else {}
        goods = place | {"kind": kind, "qty": qty, "booked_qty": qty if cost else 0} | booked
        yield Move("stock_move", "goods", goods, id, is_named=qty >= 0)  # a late cost names what came in
        if cost and cost["cost_variance"]:
            yield Move("stock_move", "variance", place | {"kind": "variance", "cost_amount": cost["cost_variance"]}, id)
        for told in posted.told.get(id, ()):
            yield from _put_right(told, line, id)


def _put_right(told: Columns, line: Columns, id: str) -> Iterator[Move]:
    """T6.11: what a cost run says of a line, booked on the day of the run."""
    about = {"product": line["product"], "warehouse": told["warehouse"], "kind": "run", "book_on": told["book_on"]}
    amounts = {"cost_amount": told["pool_cost"], "uncosted_qty": told["pool_uncosted"]}
    if any(amounts.values()):
        yield Move("stock_move", f"run:{told['id']}", about | amounts, id)


class Pools:
    """The pools that the lines of a document turn, one line after the other (`cost.scope`)."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self.by_warehouse = asking.settings[COST_SCOPE] == "warehouse"
        self._known: dict[tuple[str, ...], Pool] = {}

    def foresee(self, places: Iterable[tuple[object, object]]) -> None:
        """Says which pools will be asked for: they are looked up at once."""
        keys = dict.fromkeys(self.key(*place) for place in places)
        self._asking.foresee_balances("stock_balance", [self._named(key) for key in keys])

    def of(self, product: object, warehouse: object) -> Pool:
        """The pool that goods in a warehouse belong to, as the lines before left it."""
        return self.at(self.key(product, warehouse))

    def at(self, key: tuple[str, ...]) -> Pool:
        """The same by its key."""
        if key not in self._known:
            sums = self._asking.balance("stock_balance", self._named(key))
            self._known[key] = pool_of(dict(sums))
        return self._known[key]

    @staticmethod
    def _named(key: tuple[str, ...]) -> Mapping[str, str]:
        return dict(zip(("product", "warehouse"), key, strict=False))

    def turn(self, product: object, warehouse: object, pool: Pool) -> None:
        """What a line left."""
        self._known[self.key(product, warehouse)] = pool

    def key(self, product: object, warehouse: object) -> tuple[str, ...]:
        """Which pool that is."""
        meant = str(self._asking.meant("product", product))
        return (meant, str(warehouse)) if self.by_warehouse else (meant,)


def costs_in_turn(posted: Posted, asking: Asking, judge: Judge) -> Iterator[tuple[str, Columns]]:
    """T6: each line is costed from the pool as the lines before it left it."""
    pools = Pools(asking)
    goods = [line for line in posted.sheet.lines if not line.get("is_service")]
    pools.foresee((line["product"], place_of(line, posted.sheet.header)) for line in goods)
    foresee_prices(asking, goods)
    for line in goods:
        key = line["product"], place_of(line, posted.sheet.header)
        costed = judge(pools.of(*key), line)
        pools.turn(*key, costed.pool)
        yield str(line["id"]), cost_row(costed)


def cost_row(costed: Costed) -> Columns:
    """A `line_cost` row."""
    return {
        "cost_amount": costed.cost_amount, "uncosted_qty": costed.uncosted_qty, "cost_variance": costed.cost_variance
    }  # fmt: skip


def last_cost(asking: Asking, product: str, pool: Pool, qty: int) -> int | None:
    """The product's last known purchase cost (T6.3): its reference price, else what it was last bought for. Nobody asks
    for it while the pool has so many units."""
    if qty <= pool.qty:
        return None
    listed = reference_price(asking, product)
    return bought_at(asking, product) if listed is None else listed


def bought_at(asking: Asking, product: str) -> int | None:
    """What a base unit of the newest purchase whose cost is known had cost."""
    about = {"product": product, "state": "posted", "doc_type": "purchase"}
    lines = (
        line
        for line in asking.newest("purchase_line", about)
        if line["cost_amount"] is not None and line["base_qty"] and not line["uncosted_qty"]
    )
    newest = next(lines, None)
    return divided(abs(int(newest["cost_amount"])) * PRICED, int(newest["base_qty"])) if newest else None  # type: ignore[arg-type]


def foresee_prices(asking: Asking, lines: Iterable[Columns]) -> None:
    """Looks up at once what `reference_price` will ask for."""
    asking.foresee_rows("product_cost", "product", (str(line["product"]) for line in lines))


def reference_price(asking: Asking, product: str) -> int | None:
    """参考进价: of products that are one, that of the one that stays."""
    kept, own = asking.find("product_cost", {"product": product}), asking.meant("product", product)
    prices = [row["purchase_price"] for row in kept if row["product"] == own]
    return next((int(price) for price in prices if price is not None), None)
