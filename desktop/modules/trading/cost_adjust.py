"""成本调整: costs that become known late, and values put right by hand (modules.md T5, T6.10). Quantities stay."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ...engine.define import Document, Flaw, Module, Related, Tab
from ...engine.documents.declare import (
    Above,
    Annex,
    Asking,
    Columns,
    Hint,
    Move,
    Posted,
    Posting,
    Rests,
    Sheet,
    Source,
    Typing,
    Wrong,
)
from ...engine.fields import Bool, Date, Enum, Int, Money, Price, Quantity, Ref, Text
from .cost import Costed, LateCost, Pool, late_cost
from .papers import (
    AMOUNT_MAX,
    GOODS_LINES,
    PRICE_MAX,
    RIGHTS,
    drafts_only,
    header_end,
    header_start,
    kind_stays,
    line_costs,
    line_end,
    not_back_dated,
    sum_of,
)
from .prints import on_sheets
from .refusal import yuan
from .stock import cost_row, pool_of, stock_moves

LATE, MANUAL = "late_cost", "manual"
_KINDS = {LATE: "补录成本", MANUAL: "手工调整"}
_PREFIXES = dict.fromkeys(_KINDS, "CB")
_RECEIPTS = ("purchase", "opening", "gain", "gift_in", "return_use", "other_in")
_SOURCE_OF = {LATE: "stock_move", MANUAL: "stock_balance"}
"""What a line is about: a receipt, or what lies in a warehouse."""


def _is_late(header: Columns) -> bool:
    return header.get("kind") == LATE


# ------------------------------------------------------------------------------------------------- what is there to do


def _covered(asking: Asking, document: str, sources: Sequence[str]) -> set[str]:
    """Those receipt moves whose cost other adjustments tell."""
    rows = asking.find("cost_adjust_line", {"state": "posted", "source": sources})
    return {str(row["source"]) for row in rows if row["document"] != document and not row["is_void"]}


def _unknown(header: Columns, asking: Asking) -> Iterable[Columns]:
    found = asking.find("stock_move", {"kind": _RECEIPTS, "uncosted_qty": Above(0)})
    covered = _covered(asking, str(header.get("id") or ""), [str(row["id"]) for row in found])
    return [row for row in found if row["id"] not in covered]


def _in_stock(header: Columns, asking: Asking) -> Iterable[Columns]:
    return asking.find("stock_balance", {"on_hand": Above(0)})


def _take(sheet: Sheet, id: str, asking: Asking) -> Sheet:
    """A sheet with one more line, unless it has it."""
    if any(line.get("source") == id for line in sheet.lines):
        return sheet
    return Sheet(sheet.header, [*sheet.lines, {"id": "", "source": id}])


_SOURCES = (
    Source(
        name="unknown", label="选未计成本的入库", module="stock_move", kinds=(LATE,),
        columns="number book_on kind product warehouse uncosted_qty", offers=_unknown, take=_take,
    ),
    Source(
        name="stock", label="选库存", module="stock_balance", kinds=(MANUAL,),
        columns="product warehouse on_hand average_cost value", offers=_in_stock, take=_take,
    ),
)  # fmt: skip


# ----------------------------------------------------------------------------------------------------------- the sheet


def _complete(header: Columns, lines: Sequence[Columns], asking: Asking) -> None:
    """A late cost repeats the receipt it is about; a value put right is about goods alone."""
    module = _SOURCE_OF[LATE if _is_late(header) else MANUAL]
    for line in lines:
        found = asking.find(module, {"id": str(line["source"])}) if line.get("source") else []
        line |= {name: found[0][name] if found else None for name in ("product", "warehouse")}
        line |= _about(found[0] if found and _is_late(header) else None)
        line["amount" if _is_late(header) else "unit_cost"] = None
        product = asking.look("product", str(line["product"])) if line.get("product") else None
        line["product_name"] = product["name"] if product else None


def _about(move: Columns | None) -> Columns:
    names = {"source_document": "document", "source_number": "number", "source_on": "book_on"}
    found: Columns = {name: move[of] if move else None for name, of in names.items()}
    return found | {"qty": move["uncosted_qty"] if move else None}


def _fill(typing: Typing) -> tuple[Sheet, Sequence[Hint]]:
    _complete(typing.sheet.header, typing.sheet.lines, typing.asking)
    return typing.sheet, ()


def _totals(lines: Sequence[Columns]) -> Columns:
    return {"total_cost": sum_of(lines, "cost_amount"), "issued_cost": sum_of(lines, "issued_cost")}


def _judge(posting: Posting) -> Iterator[Wrong]:
    yield from not_back_dated(posting)
    yield from (_late_lines if _is_late(posting.sheet.header) else _manual_lines)(posting)


def _late_lines(posting: Posting) -> Iterator[Wrong]:
    sources = [str(line["source"]) for line in posting.sheet.lines if line.get("source")]
    seen = _covered(posting.asking, posting.id, sources)
    for place, line in enumerate(posting.sheet.lines):
        source = str(line.get("source") or "")
        if not line.get("product") or int(line.get("qty") or 0) <= 0:
            yield Wrong("请用「选未计成本的入库」选一笔入库", "product", place)
        elif source in seen:
            yield Wrong("这笔入库的成本已经补录过", "product", place)
        elif line.get("unit_cost") is None:
            yield Wrong("请填写单位成本，免费的填 0", "unit_cost", place)
        seen.add(source)


def _manual_lines(posting: Posting) -> Iterator[Wrong]:
    pools: dict[str, Pool] = {}
    for place, line in enumerate(posting.sheet.lines):
        product, amount = str(line.get("product") or ""), int(line.get("amount") or 0)
        pool = pools.get(product) or _pool(posting, product)
        pools[product] = Pool(pool.qty, pool.uncosted, pool.value + amount)
        if not product or not line.get("warehouse"):
            yield Wrong("请用「选库存」选产品和仓库", "product", place)
        elif not amount:
            yield Wrong("调整金额不能是 0", "amount", place)
        elif not _holds(pool, amount):
            yield Wrong(f"库存金额只有 {yuan(pool.value)}，调整后不能小于 0，也要有库存", "amount", place)


def _judge_cancel(posting: Posting) -> Iterator[Wrong]:
    """T20: a value put right by hand is taken back while there are goods that carry it, as a change of it is."""
    booked: Counter[str] = Counter()
    for line in posting.asking.find("cost_adjust_line", {"document": posting.id}):
        booked[str(line["product"])] += int(line["cost_amount"] or 0)
    for product, by in booked.items() if not _is_late(posting.sheet.header) else ():
        pool = pool_of(dict(posting.asking.balance("stock_balance", {"product": product})))
        if by and not _holds(pool, -by):
            found = posting.asking.look("product", product)
            name = found["name"] if found else ""
            yield Wrong(f"产品 {name} 已出库，调整的成本已随它走，现在不能作废", "")


def _pool(posting: Posting, product: str) -> Pool:
    """As it is without the version that is changed."""
    found = pool_of(dict(posting.asking.balance("stock_balance", {"product": product})))
    old = sum_of([line for line in posting.old.lines if line.get("product") == product], "amount") if posting.old else 0
    return Pool(found.qty, found.uncosted, found.value - old)


def _holds(pool: Pool, amount: int) -> bool:
    return pool.costed > 0 and pool.value + amount >= 0


# ----------------------------------------------------------------------------------------------------------- the costs


def adjusted(pool: Pool, amount: int) -> LateCost:
    """A value put right by hand; where no costed unit is left meanwhile, it is a difference of what was sold."""
    if _holds(pool, amount):
        return LateCost(Costed(amount, 0, 0, Pool(pool.qty, pool.uncosted, pool.value + amount)), 0, 0)
    return LateCost(Costed(0, 0, 0, pool), 0, amount)


def _costs(posted: Posted, asking: Asking) -> Iterator[tuple[str, Columns]]:
    """Each line from the pool as the lines before it left it."""
    pools: dict[str, Pool] = {}
    for line in posted.sheet.lines:
        product = str(line["product"])
        if product not in pools:
            pools[product] = pool_of(dict(asking.balance("stock_balance", {"product": product})))
        if _is_late(posted.sheet.header):
            found = late_cost(pools[product], int(line["qty"] or 0), int(line["unit_cost"] or 0))
        else:
            found = adjusted(pools[product], int(line["amount"] or 0))
        pools[product] = found.costed.pool
        yield str(line["id"]), cost_row(found.costed) | {"issued_cost": found.issued_cost}


def _moves(posted: Posted) -> Iterable[Move]:
    return stock_moves(posted, str(posted.sheet.header["kind"]), 0)


def _tells_late_cost(line: Columns) -> bool:
    return line.get("unit_cost") is not None


def _is_as_it_was(line: Columns, entry: Columns) -> bool:
    """T6.10: a late cost is of so many units of a receipt whose cost nobody knows; another machine may have changed
    the receipt meanwhile."""
    return bool(line["qty"] == entry["uncosted_qty"])


_RECEIPT = Rests(
    ledger="stock_move", entry="source", document="source_document", mark="is_void", lines=_tells_late_cost,
    holds=_is_as_it_was,
)  # fmt: skip


_ISSUED = "已出库部分，计入销货成本差异"
_HEADER: dict[str, Any] = {
    **header_start("单据编号", "kind", _PREFIXES, "单据日期"),
    "kind": Enum("类型", _KINDS, required=True, default=LATE, index=True, width=90),
    "total_cost": Money("计入库存", calc=True, readonly=True, sum=True, width=110),
    "issued_cost": Money("成本差异", calc=True, readonly=True, sum=True, width=110, help=_ISSUED),
    **header_end(),
}
_REPEATED = "number doc_on kind handler state"
_ABOUT = "product warehouse source_number source_on qty unit_cost amount"
_RIGHTS = RIGHTS | {"storekeeper": "", "finance": "view add edit delete post cancel export print"}

cost_adjust = Module(
    name="cost_adjust",
    label="成本调整",
    noun="成本调整单",
    chapter="trading",
    icon="calculator",
    position=68,
    title="number",
    scope="branch",
    when="doc_on",
    log=True,
    view_right="see_cost",
    fields=_HEADER,
    document=Document(
        lines="cost_adjust_line",
        kind="kind",
        prefixes=_PREFIXES,
        counts=lambda line: line.get("unit_cost") is not None or bool(line.get("amount")),
        complete=_complete,
        fill=_fill,
        judge=_judge,
        judge_cancel=_judge_cancel,
        sources=_SOURCES,
        moves=_moves,
        totals=_totals,
        annexes=(Annex("line_cost", _costs),),
        rests=_RECEIPT,
        after="note print_count",
        entry={"product": "product"},
        line_columns="product warehouse source_number qty unit_cost amount cost_amount issued_cost is_void note",
        foot="total_cost issued_cost",
        copied=_REPEATED,
        prints=on_sheets(
            "sheet", {LATE: "补录成本单", MANUAL: "成本调整单"}, ("kind number", "handler doc_on"),
            columns="product_name source_number qty unit_cost amount cost_amount issued_cost note",
            signs=("制单", "审核", "经手人"), sums="total_cost issued_cost",
        ),
    ),
    columns="doc_on number kind total_cost issued_cost handler state note",
    quick="number kind handler doc_on",
    sort="-doc_on",
    tabs=(Tab("基本", "number doc_on kind handler"), Tab("其他", "note")),
    related=(Related("明细", "cost_adjust_line", "document"),),
    children="cost_adjust_line",
    rules=(drafts_only, kind_stays("kind", "类型保存后不能再改")),
    rights=_RIGHTS,
    help="cost_adjust",
)  # fmt: skip

cost_adjust_line = Module(
    name="cost_adjust_line",
    label="成本调整明细",
    position=69,
    **GOODS_LINES,
    view_right="see_cost",
    fields=dict(
        document=Ref("单据", "cost_adjust", required=True, whole=True, index=True, hidden=True),
        line_no=Int("行号", hidden=True, default=0),
        source=Text("调整的流水或库存", max_length=32, index=True, hidden=True),
        source_document=Text("入库单据", max_length=32, index=True, readonly=True, hidden=True),
        product=Ref("产品", "product", readonly=True, index=True, width=200),
        product_name=Text("名称", readonly=True, width=180),
        warehouse=Ref("仓库", "warehouse", readonly=True, index=True, width=110),
        source_number=Text("入库单号", readonly=True, width=170),
        source_on=Date("入库日期", readonly=True, width=100),
        qty=Quantity("未计成本数", readonly=True, width=100),
        unit_cost=Price("单位成本", min=0, max=PRICE_MAX, width=100, help="补录成本时填，0 是免费"),
        amount=Money("调整金额", min=-AMOUNT_MAX, max=AMOUNT_MAX, width=110, help="手工调整时填，负数是调低"),
        **line_costs(),
        issued_cost=Money("成本差异", calc=True, readonly=True, see="see_cost", sum=True, width=100, help=_ISSUED),
        is_void=Bool("未计入", calc=True, readonly=True, index=True, width=70, help="入库单已改过或作废"),
        **line_end(_HEADER, _REPEATED),
    ),
    flaws=(
        Flaw(
            name="doubled",
            label="补录成本重复",
            when=(("kind", "eq", LATE), ("state", "eq", "posted"), ("is_void", "ne", True)),
            twice=("source",),
            apart="document",
            text="入库单 {source_number} 的产品 {product} 补录了两次成本，这一张 {number} 是单价 {unit_cost}",
            bare="入库单 {source_number} 的产品 {product} 补录了两次成本，这一张是 {number}",
            remedy="留下对的那张，作废其余的",
        ),
        Flaw(
            name="void",
            label="补录成本落空",
            when=(("is_void", "eq", True), ("state", "eq", "posted")),
            text="{number} 给入库单 {source_number} 的产品 {product} 补录的成本没有计入：那张入库单已改过或作废",
            remedy="作废这张成本调整单；入库的成本还不知道的，重新补录",
        ),
    ),
    columns=f"doc_on number kind {_ABOUT} cost_amount issued_cost handler state",
    quick="number product warehouse",
    sort="-doc_on",
    rights=dict(manager="view export print", finance="view export print"),
    help="cost_adjust",
)
