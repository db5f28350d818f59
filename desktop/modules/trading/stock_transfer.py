"""调拨: goods that go from one warehouse to another in one step (modules.md 2.2.9, T6.9)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ...engine.define import Document, Draft, Fault, Module, Related, Tab
from ...engine.documents.declare import Annex, Asking, Columns, Hint, Move, Posted, Posting, Sheet, Typing, Wrong
from ...engine.fields import Ref
from .cost import Costed, transfer
from .papers import (
    GOODS,
    GOODS_LINES,
    RIGHTS,
    complete_line,
    drafts_only,
    header_end,
    header_start,
    in_base_units,
    line_costs,
    line_end,
    line_start,
    no_services,
    quantities,
    stock_is_there,
    stock_stays,
)
from .prints import WITHOUT_PRICES, on_sheets
from .stock import Pools, cost_row, last_cost, stock_moves

PREFIXES = {"": "DB"}


def _complete(header: Columns, lines: Sequence[Columns], asking: Asking) -> None:
    for line in lines:
        complete_line(line, asking)


def _fill(typing: Typing) -> tuple[Sheet, Sequence[Hint]]:
    _complete(typing.sheet.header, typing.sheet.lines, typing.asking)
    return typing.sheet, ()


def _work_out(sheet: Sheet) -> Sheet:
    return Sheet(sheet.header, in_base_units(sheet.lines))


def _judge(posting: Posting) -> Iterator[Wrong]:
    yield from quantities(posting)
    yield from no_services(posting)
    yield from stock_is_there(posting)


def _moves(posted: Posted) -> Iterable[Move]:
    """The same goods at the same cost out of one warehouse and into the other. What they correct of goods that were
    missing there is no matter of the one they left."""
    to: Columns = {"warehouse": posted.sheet.header.get("to_warehouse")}
    costs = posted.annexes.get("line_cost", {})
    for move in stock_moves(posted, "transfer", -1):
        if move.role == "variance":
            yield Move(move.ledger, "variance in", {**move.values, **to}, move.line)
            continue
        yield move
        if move.role != "goods":
            continue
        back = {name: -int(move.values.get(name) or 0) for name in ("qty", "booked_qty", "cost_amount", "uncosted_qty")}
        back |= _taken_in(costs.get(str(move.line), {}))
        yield Move(move.ledger, f"{move.role} in", {**move.values, **to, **back}, move.line)


def _taken_in(cost: Columns) -> dict[str, int]:
    """What a pool of its own took in, where that is said apart."""
    names = {"cost_amount": "in_cost_amount", "uncosted_qty": "in_uncosted_qty"}
    return {name: int(cost[of] or 0) for name, of in names.items() if cost.get(of) is not None}


def _costs(posted: Posted, asking: Asking) -> Iterator[tuple[str, Columns]]:
    pools, header = Pools(asking), posted.sheet.header
    for line in posted.sheet.lines:
        if line.get("is_service"):
            continue
        source, target = ((line["product"], header.get(name)) for name in ("from_warehouse", "to_warehouse"))
        pool, qty = pools.of(*source), int(line["base_qty"] or 0)
        known = last_cost(asking, str(line["product"]), pool, qty)
        out, back = transfer(pool, pools.of(*target) if pools.by_warehouse else None, qty, known)
        pools.turn(*source, out.pool)
        pools.turn(*target, back.pool)
        yield str(line["id"]), cost_row(out) | (_apart(back) if pools.by_warehouse else {})


def _apart(back: Costed) -> Columns:
    """What the pool it comes into makes of it: that may miss goods which this one does not."""
    return {
        "in_cost_amount": back.cost_amount, "in_uncosted_qty": back.uncosted_qty, "cost_variance": back.cost_variance
    }  # fmt: skip


def warehouses_differ(draft: Draft) -> Iterator[Fault]:
    """Nothing moves within one warehouse."""
    if draft.new and draft.new["from_warehouse"] and draft.new["from_warehouse"] == draft.new["to_warehouse"]:
        yield Fault("调入仓和调出仓不能相同", "to_warehouse")


_HEADER: dict[str, Any] = {
    **header_start("单据编号", "", PREFIXES, "调拨日期"),
    "from_warehouse": Ref("调出仓", "warehouse", required=True, default="default", index=True, width=120, retired=True),
    "to_warehouse": Ref("调入仓", "warehouse", required=True, index=True, width=120),
    **header_end(),
}
_REPEATED = "number doc_on from_warehouse to_warehouse handler state"
_SLIPS = on_sheets(
    "slip", {"": "调拨单"}, ("from_warehouse to_warehouse number", "handler:2 doc_on"), columns=WITHOUT_PRICES,
    prices=False, signs=("制单", "调出仓", "调入仓", "审核"),
)  # fmt: skip

stock_transfer = Module(
    name="stock_transfer",
    label="调拨",
    also="调货 移库",
    noun="调拨单",
    chapter="trading",
    icon="arrow-right-left",
    position=65,
    title="number",
    scope="branch",
    when="doc_on",
    log=True,
    fields=_HEADER,
    document=Document(
        lines="stock_transfer_line",
        prefixes=PREFIXES,
        complete=_complete,
        fill=_fill,
        work_out=_work_out,
        judge=_judge,
        judge_cancel=stock_stays,
        blank_prices=True,
        moves=_moves,
        annexes=(Annex("line_cost", _costs),),
        told_by=("cost_charge",),
        after="note print_count",
        entry={"product": "product", "qty": "qty", "unit": "unit_row"},
        find=GOODS,
        line_columns="product spec unit_row unit_name qty note",
        copied=_REPEATED,
        prints=_SLIPS,
    ),
    columns="doc_on number from_warehouse to_warehouse handler state note",
    quick="number from_warehouse to_warehouse handler",
    sort="-doc_on",
    tabs=(Tab("基本", "number doc_on from_warehouse to_warehouse handler"), Tab("其他", "note")),
    related=(Related("明细", "stock_transfer_line", "document"),),
    children="stock_transfer_line",
    rules=(drafts_only, warehouses_differ),
    rights=RIGHTS,
    help="stock_entry",
)

stock_transfer_line = Module(
    name="stock_transfer_line",
    label="调拨明细",
    position=67,
    **GOODS_LINES,
    fields=dict(**line_start("stock_transfer"), **line_costs(), **line_end(_HEADER, _REPEATED)),
    columns="doc_on number product spec unit_name qty from_warehouse to_warehouse handler state",
    quick="number product from_warehouse to_warehouse",
    sort="-doc_on",
    rights=dict(manager="view export print", storekeeper="view export print", finance="view export print"),
    help="stock_entry",
)
