"""成本调整: costs that become known late, and values put right by hand (modules.md T5, T6.10). Quantities stay."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
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
from . import purchase, sale, stock_entry, stock_transfer
from .charges import Bearers, charge_moves, run_charge
from .cost import Costed, LateCost, Pool, late_cost
from .cost_run import RUN, Difference, Replayed, differences
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
from .stock import Pools, cost_row, stock_moves

LATE, MANUAL = "late_cost", "manual"
_KINDS = {LATE: "补录成本", MANUAL: "手工调整", RUN: "成本核算"}
_PREFIXES = dict.fromkeys(_KINDS, "CB")
_RECEIPTS = ("purchase", "opening", "gain", "gift_in", "return_use", "other_in")
_SOURCE_OF = {LATE: "stock_move", MANUAL: "stock_balance"}
"""What a line is about: a receipt, or what lies in a warehouse."""


_RUN_MAX = 2_000
"""Lines of one run; the next one takes up what is left."""


def _is_late(header: Columns) -> bool:
    return header.get("kind") == LATE


def _is_run(header: Columns) -> bool:
    return header.get("kind") == RUN


# ------------------------------------------------------------------------------------------------- what is there to do


def _covered(asking: Asking, document: str, sources: Sequence[str]) -> set[str]:
    """Those receipt moves whose cost other adjustments tell."""
    rows = asking.find("cost_adjust_line", {"state": "posted", "source": sources, "kind": LATE})
    return {str(row["source"]) for row in rows if row["document"] != document and not row["is_void"]}


def _unknown(header: Columns, asking: Asking) -> Iterable[Columns]:
    found = asking.find("stock_move", {"kind": _RECEIPTS, "uncosted_qty": Above(0)})
    covered = _covered(asking, str(header.get("id") or ""), [str(row["id"]) for row in found])
    return [row for row in found if row["id"] not in covered]


def _in_stock(header: Columns, asking: Asking) -> Iterable[Columns]:
    return asking.each("stock_balance", {"on_hand": Above(0)})


def _take(sheet: Sheet, id: str, asking: Asking) -> Sheet:
    """A sheet with one more line, unless it has it."""
    if any(line.get("source") == id for line in sheet.lines):
        return sheet
    return Sheet(sheet.header, [*sheet.lines, {"id": "", "source": id}])


def _replayed() -> Mapping[str, Replayed]:
    """What moves goods, and how it is costed."""
    goods = (purchase.purchase, sale.sale, stock_entry.stock_entry, stock_transfer.stock_transfer, cost_adjust)
    declared = {one.name: one.document for one in goods}
    found = {name: Replayed(one, one.annexes[0].entries) for name, one in declared.items() if one}
    return found | {"cost_adjust": replace(found["cost_adjust"], costs=_pool_costs)}


def _run(sheet: Sheet, id: str, asking: Asking) -> Sheet:
    """A sheet with every line that ought to have cost something else."""
    found = islice(differences(asking, _replayed()), _RUN_MAX)
    return Sheet(sheet.header, [_difference(one, asking) for one in found])


def _difference(one: Difference, asking: Asking) -> Columns:
    product = asking.look("product", one.product)
    return {
        "id": "", "source": one.source, "source_module": one.module or None, "source_document": one.document or None,
        "source_line": one.line or None, "source_number": one.number or None, "source_on": one.book_on or None,
        "source_version": asking.version(one.document) if one.document else None,
        "product": one.product, "product_name": product["name"] if product else None, "warehouse": one.warehouse,
        "old_amount": one.old[0], "new_amount": one.new[0], "amount": one.new[0] - one.old[0],
        "uncosted_change": one.new[1] - one.old[1], "qty": None, "unit_cost": None,
    }  # fmt: skip


def _complete_run(header: Columns, lines: Sequence[Columns], asking: Asking) -> None:
    """What its lines say is worked out once more where they are kept: meanwhile others may have come."""
    if asking.version(str(header.get("id") or "")):
        return
    named = _named(lines, asking)
    there = {str(row["id"]) for row in named}
    if lost := [line for line in lines if line.get("source_line") and str(line.get("source")) not in there]:
        _name_anew(lost, asking)
        named = _named(lines, asking)
    products = sorted({str(row["product"]) for row in named})
    found = {one.source: one for one in differences(asking, _replayed(), products)} if products else {}
    for line in lines:
        one = found.get(str(line.get("source")))
        about = _difference(one, asking) if one else dict.fromkeys((*_OF_RUN, "product", "warehouse", "amount"))
        line |= {name: value for name, value in about.items() if name not in ("id", "source")}


def _named(lines: Sequence[Columns], asking: Asking) -> list[Columns]:
    sources = [str(line["source"]) for line in lines if line.get("source")]
    return [row for module in ("stock_move", "stock_balance") for row in asking.find(module, {"id": sources})]


def _name_anew(lines: Sequence[Columns], asking: Asking) -> None:
    """A draft that an earlier version of the program left names entries by ids of then."""
    for line in lines:
        of = {"document": "source_document", "line": "source_line", "warehouse": "warehouse"}
        rows = asking.find("stock_move", {name: str(line.get(column)) for name, column in of.items()})
        goods = [row for row in rows if row["kind"] not in ("variance", RUN)]
        if goods:
            oldest = min(goods, key=lambda row: (str(row["book_on"]), int(row["row"] or 0)))
            line["source"] = oldest["id"]


_SOURCES = (
    Source(
        name="unknown", label="选未计成本的入库", module="stock_move", kinds=(LATE,),
        columns="number book_on kind product warehouse uncosted_qty", offers=_unknown, take=_take,
        none="没有成本未知的入库，不用补录。",
    ),
    Source(
        name="stock", label="选库存", module="stock_balance", kinds=(MANUAL,),
        columns="product warehouse on_hand average_cost value", offers=_in_stock, take=_take,
        none="没有可以调整的库存：要有数量，成本也要已知。",
    ),
    Source(
        name="run", label="核算", module="stock_move", kinds=(RUN,), columns="number", offers=lambda *_: (), take=_run,
        whole=True,
    ),
)  # fmt: skip


# ----------------------------------------------------------------------------------------------------------- the sheet


def _complete(header: Columns, lines: Sequence[Columns], asking: Asking) -> None:
    """A late cost repeats the receipt it is about; a value put right is about goods alone."""
    if _is_run(header):
        _complete_run(header, lines, asking)
        return
    module = _SOURCE_OF[LATE if _is_late(header) else MANUAL]
    for line in lines:
        found = asking.find(module, {"id": str(line["source"])}) if line.get("source") else []
        if not found and line.get("source") and not _is_late(header):
            found = _moved(line, asking)
        line |= {name: found[0][name] if found else None for name in ("product", "warehouse")}
        line |= _about(found[0] if found and _is_late(header) else None)
        line["amount" if _is_late(header) else "unit_cost"] = None
        product = asking.look("product", str(line["product"])) if line.get("product") else None
        line["product_name"] = product["name"] if product else None


def _moved(line: Columns, asking: Asking) -> list[Columns]:
    """The goods of a line that is kept already, where they stand under another product since: two were merged, or are
    two again."""
    about: Columns = {name: line.get(name) for name in ("product", "warehouse")}
    return [about] if all(about.values()) and asking.find("stock_balance", about) else []


def _about(move: Columns | None) -> Columns:
    names = {"source_document": "document", "source_number": "number", "source_on": "book_on"}
    found: Columns = {name: move[of] if move else None for name, of in names.items()}
    return found | {"qty": move["uncosted_qty"] if move else None}


def _fill(typing: Typing) -> tuple[Sheet, Sequence[Hint]]:
    if _is_run(typing.sheet.header):
        is_cut = len(typing.sheet.lines) == _RUN_MAX
        more = Hint(f"差异多于 {_RUN_MAX:,} 笔，过账以后再核算一次", level="warn")
        return typing.sheet, (more,) if is_cut else tuple(_to_do(typing.sheet))
    _complete(typing.sheet.header, typing.sheet.lines, typing.asking)
    return typing.sheet, tuple(_to_do(typing.sheet))


_BEGIN = {
    LATE: "点「选未计成本的入库」，带出入库时成本未知的，填单位成本",
    MANUAL: "点「选库存」，带出要调整的，填调整金额",
    RUN: "点「核算」，列出成本和按日期重算的不一样的",
}


def _to_do(sheet: Sheet) -> Iterator[Hint]:
    """What an empty sheet waits for."""
    kind = str(sheet.header.get("kind") or MANUAL)
    if not any(line.get("product") or line.get("source") for line in sheet.lines):
        yield Hint(_BEGIN[kind], "kind")


def _totals(lines: Sequence[Columns]) -> Columns:
    return {"total_cost": sum_of(lines, "cost_amount"), "issued_cost": sum_of(lines, "issued_cost")}


def _judge(posting: Posting) -> Iterator[Wrong]:
    yield from not_back_dated(posting)
    kinds = {LATE: _late_lines, MANUAL: _manual_lines, RUN: _run_lines}
    yield from kinds[str(posting.sheet.header.get("kind") or MANUAL)](posting)


def _run_lines(posting: Posting) -> Iterator[Wrong]:
    if posting.old and _sources(posting.old) != _sources(posting.sheet):
        yield Wrong("成本核算过账以后不能改，可以作废了重新核算", "")
    elif not posting.old and not posting.asking.keeps_books():
        yield Wrong("成本核算只在记账的机器上做，请到那台机器上过账", "")
    for place, line in enumerate(posting.sheet.lines):
        if not line.get("amount") and not line.get("uncosted_change"):
            yield Wrong("核算以后又来了新的单据，这一笔已经没有差异。请重新「核算」", "product", place)


def _sources(sheet: Sheet) -> list[Any]:
    return [line.get("source") for line in sheet.lines]


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
    pools = _without_old(posting)
    for place, line in enumerate(posting.sheet.lines):
        key, amount = (line.get("product"), line.get("warehouse")), int(line.get("amount") or 0)
        pool = pools.of(*key)
        pools.turn(*key, replace(pool, value=pool.value + amount))
        if not all(key):
            yield Wrong("请用「选库存」选产品和仓库", "product", place)
        elif not amount:
            yield Wrong("调整金额不能是 0", "amount", place)
        elif not _holds(pool, amount):
            yield Wrong(f"库存金额只有 {yuan(pool.value)}，调整后不能小于 0，也要有库存", "amount", place)


def _judge_cancel(posting: Posting) -> Iterator[Wrong]:
    """T20: a value put right by hand is taken back while there are goods that carry it, as a change of it is."""
    pools, booked = Pools(posting.asking), Counter[tuple[str, ...]]()
    for line in posting.asking.find("cost_adjust_line", {"document": posting.id}):
        booked[pools.key(line["product"], line["warehouse"])] += int(line["cost_amount"] or 0)
    for key, by in booked.items() if posting.sheet.header.get("kind") == MANUAL else ():
        if by and not _holds(pools.at(key), -by):
            found = posting.asking.look("product", key[0])
            name = found["name"] if found else ""
            yield Wrong(f"产品 {name} 已出库，调整的成本已随它走，现在不能作废", "")


def _without_old(posting: Posting) -> Pools:
    """The pools as they are without the version that is changed."""
    pools = Pools(posting.asking)
    for line in posting.old.lines if posting.old else ():
        key = line.get("product"), line.get("warehouse")
        pool = pools.of(*key)
        pools.turn(*key, replace(pool, value=pool.value - int(line.get("amount") or 0)))
    return pools


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
    bearers = Bearers(asking)
    for line, found in _told(posted, asking):
        charges = bearers.charge(str(line["product"]), str(line["warehouse"]), found.issued_qty, found.issued_cost)
        yield str(line["id"]), _row(found) | {"charges": charges}


def _pool_costs(posted: Posted, asking: Asking) -> Iterator[tuple[str, Columns]]:
    """The same as far as pools know of it."""
    yield from ((str(line["id"]), _row(found)) for line, found in _told(posted, asking))


def _row(found: LateCost) -> Columns:
    return cost_row(found.costed) | {"issued_cost": found.issued_cost}


def _told(posted: Posted, asking: Asking) -> Iterator[tuple[Columns, LateCost]]:
    """What each line does to its pool, as the lines before it left that."""
    pools, kind = Pools(asking), posted.sheet.header["kind"]
    for line in posted.sheet.lines:
        key, amount = (line["product"], line.get("warehouse")), int(line.get("amount") or 0)
        pool = pools.of(*key)
        if kind == LATE:
            found = late_cost(pool, int(line["qty"] or 0), int(line["unit_cost"] or 0))
        elif kind == RUN:
            found = LateCost(Costed(amount, int(line.get("uncosted_change") or 0), 0, pool), 0, 0)
        else:
            found = adjusted(pool, amount)
        pools.turn(*key, found.costed.pool)
        yield line, found


def _moves(posted: Posted) -> Iterable[Move]:
    kind = str(posted.sheet.header["kind"])
    if kind == RUN:
        yield from _run_moves(posted)
        return
    yield from stock_moves(posted, kind, 0)
    for line, cost in posted.annexes.get("line_cost", {}).items():
        yield from charge_moves(kind, line, cost["charges"])


def _run_moves(posted: Posted) -> Iterator[Move]:
    """What is put right is booked by the lines it is about, as long as the version counts that it speaks of; what an
    empty pool held, by the run."""
    residues = [line for line in posted.sheet.lines if not line.get("source_document")]
    yield from stock_moves(replace(posted, sheet=Sheet(posted.sheet.header, residues)), RUN, 0)
    for line in posted.sheet.lines:
        if line.get("source_document"):
            amount, uncosted = int(line.get("amount") or 0), int(line.get("uncosted_change") or 0)
            yield run_charge(line, amount, uncosted)


def _says_something(line: Mapping[str, Any]) -> bool:
    given = (line.get("unit_cost"), line.get("old_amount"), line.get("amount") or None)
    return any(one is not None for one in given)


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
_FIGURES = "source_number qty unit_cost old_amount new_amount amount"
_ABOUT = f"product warehouse {_FIGURES}"
_OF_RUN = (
    "source_module", "source_document", "source_line", "source_version", "source_number", "source_on", "product_name",
    "old_amount", "new_amount", "uncosted_change",
)  # fmt: skip
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
        empty={RUN: "没有要核算的：各笔成本都和重算的一样，不用过账"},
        lines="cost_adjust_line",
        kind="kind",
        prefixes=_PREFIXES,
        counts=_says_something,
        complete=_complete,
        fill=_fill,
        judge=_judge,
        judge_cancel=_judge_cancel,
        sources=_SOURCES,
        moves=_moves,
        totals=_totals,
        annexes=(Annex("line_cost", _costs),),
        told_by=("cost_charge",),
        rests=_RECEIPT,
        after="note print_count",
        entry={"product": "product"},
        line_only={
            "qty": LATE, "unit_cost": LATE, "source_number": f"{LATE} {RUN}", "amount": f"{MANUAL} {RUN}",
            "old_amount": RUN, "new_amount": RUN, "cost_amount": f"{LATE} {MANUAL}", "issued_cost": f"{LATE} {MANUAL}",
            "is_void": LATE,
        },
        line_columns=f"{_ABOUT} cost_amount issued_cost is_void note",
        foot="total_cost issued_cost",
        copied=_REPEATED,
        prints=on_sheets(
            "sheet", {LATE: "补录成本单", MANUAL: "成本调整单", RUN: "成本核算单"}, ("kind number", "handler doc_on"),
            columns=f"product_name {_FIGURES} cost_amount issued_cost note",
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
        document=Ref("单据", "cost_adjust", required=True, whole=True, hidden=True),
        line_no=Int("行号", hidden=True, default=0),
        source=Text("调整的流水或库存", max_length=32, index=True, hidden=True),
        source_document=Text("入库单据", max_length=32, index=True, readonly=True, hidden=True),
        source_module=Text("单据的种类", max_length=64, readonly=True, hidden=True),
        source_line=Text("单据的行", max_length=32, readonly=True, hidden=True),
        source_version=Text("单据的版本", max_length=32, readonly=True, hidden=True),
        product=Ref("产品", "product", readonly=True, index=True, width=200),
        product_name=Text("名称", readonly=True, width=180),
        warehouse=Ref("仓库", "warehouse", readonly=True, index=True, width=110),
        source_number=Text("单据编号", readonly=True, width=170),
        source_on=Date("单据日期", readonly=True, width=100),
        qty=Quantity("未计成本数", readonly=True, width=100),
        unit_cost=Price("单位成本", min=0, max=PRICE_MAX, width=100, help="补录成本时填，0 是免费"),
        old_amount=Money("原成本", readonly=True, width=100, help="成本核算：现在记着的成本，出库是负数"),
        new_amount=Money("新成本", readonly=True, width=100, help="成本核算：按日期先后重新算出来的"),
        amount=Money("调整金额", min=-AMOUNT_MAX, max=AMOUNT_MAX, width=110, help="手工调整时填，负数是调低"),
        uncosted_change=Quantity("未计成本数的变化", readonly=True, hidden=True),
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
    columns=f"doc_on number kind {_ABOUT} source_on cost_amount issued_cost handler state",
    quick="number product warehouse",
    sort="-doc_on",
    rights=dict(manager="view export print", finance="view export print"),
    help="cost_adjust",
)
