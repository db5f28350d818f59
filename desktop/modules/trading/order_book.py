"""Orders: what of them is still to come (T7, T16, T17). Follows from posted orders and what delivers them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...engine.define import Act, Balance, Flaw, Ledger, Module
from ...engine.documents.declare import Columns, Feed, Move, Posted, Posting, Wrong
from ...engine.fields import Date, Int, Quantity, Ref, Text
from .orders import OrderLine, is_over_delivered, over_delivered, progress
from .papers import KEPT, base_of, numbers_of, pairs_of, sum_of, taken_of
from .refusal import shown_in, shown_qty
from .same import is_same
from .settings import OVER_RATE

PROGRESS = {
    "draft": "草稿", "open": "未交", "partial": "部分", "done": "完成", "closed": "已关闭", "cancelled": "已作废",
}  # fmt: skip

order_entry = Module(
    name="order_entry",
    label="订货流水",
    noun="流水",
    **KEPT,
    title="number",
    fields=dict(
        number=Text("单据编号", width=170),
        book_on=Date("日期", width=100),
        order_module=Text("订货模块", max_length=64, hidden=True),
        order=Text("订货单", max_length=32, index=True, hidden=True),
        order_line=Text("订货行", max_length=32, index=True, hidden=True),
        product=Ref("产品", "product", index=True, loose=True, width=200),
        warehouse=Ref("仓库", "warehouse", index=True, loose=True, width=110),
        ordered=Quantity("订货数", width=90),
        delivered=Quantity("已交数", width=90),
        module=Text("单据", max_length=64, hidden=True),
        document=Text("单据号", max_length=32, index=True, hidden=True),
        line=Text("行", max_length=32, hidden=True),
    ),
    columns="number book_on product warehouse ordered delivered",
    sort="-book_on",
)

order_balance = Module(
    name="order_balance",
    label="订货余量",
    noun="余量",
    **KEPT,
    title="order_module",
    fields=dict(
        order_module=Text("订货模块", max_length=64, hidden=True),
        order=Text("订货单", max_length=32, index=True, hidden=True),
        order_line=Text("订货行", max_length=32, index=True, hidden=True),
        product=Ref("产品", "product", index=True, loose=True, width=200),
        warehouse=Ref("仓库", "warehouse", index=True, loose=True, width=110),
        ordered=Quantity("订货数", width=90),
        delivered=Quantity("已交数", width=90),
        remaining=Quantity("未交数", width=90),
        entries=Int("笔数"),
    ),
    columns="product warehouse ordered delivered remaining",
    sort="product",
)


def _derived(row: Columns) -> Columns:
    line = OrderLine(int(row["ordered"] or 0), int(row["delivered"] or 0))
    return {"remaining": line.remaining}


def _feeds(before: Columns, after: Columns) -> Iterator[Feed]:
    """What is still to come is reserved, or on its way, in the stock of its warehouse (T7)."""
    for row, sign in ((before, -1), (after, 1)):
        if row and row["product"]:
            name = "reserved" if row["order_module"] == "sale" else "on_order"
            turned = {name: sign * int(row["remaining"] or 0), "entries": sign}
            yield Feed("stock_balance", (row["product"], row["warehouse"]), turned)


orders = Ledger(
    moves="order_entry",
    amounts=("ordered", "delivered"),
    revision=2,
    balances=(
        Balance(
            module="order_balance",
            keys=("order_module", "order", "product", "warehouse", "order_line"),
            sums={"ordered": "ordered", "delivered": "delivered"},
            derive=_derived,
            header=("order_module", "order"),
            feeds=_feeds,
        ),
    ),
)


def order_moves(posted: Posted, kind: str) -> Iterator[Move]:
    """What an order asks for, unless somebody closed it, or what a document delivers of orders. A return takes
    back what was delivered if it was made while returns reopened orders."""
    is_order, reopens = kind == "order", posted.sheet.header.get("order_effect") == "reopens"
    for line in posted.sheet.lines:
        product = None if line.get("is_service") else line["product"]  # of a service nothing is kept in any stock
        about: Columns = {"product": product, "order_module": posted.module}
        qty = int(line.get("base_qty") or 0)
        if is_order:
            ordered = 0 if posted.after.get("closed_at") else qty
            place = {"order": posted.id, "order_line": line["id"], "warehouse": posted.sheet.header.get("warehouse")}
            yield Move("order_entry", "ordered", {**about, **place, "ordered": ordered}, str(line["id"]))
        elif line.get("order_line") and (kind != "return" or reopens):
            qty = -qty if kind == "return" else qty
            place = {
                "order": line.get("order"),
                "order_line": line["order_line"],
                "warehouse": line.get("order_warehouse"),
            }
            yield Move("order_entry", "delivered", {**about, **place, "delivered": qty}, str(line["id"]))


def order_progress(header: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Columns:
    """执行状态 of an order."""
    lines = [OrderLine(int(row["ordered"] or 0), int(row["delivered"] or 0)) for row in rows]
    state = str(header.get("state") or "draft")
    found = progress(state, lines, is_closed=bool(header.get("closed_at")))
    is_over = state == "posted" and found != "closed"
    return {"progress": found, "over_delivered": max(map(over_delivered, lines), default=0) if is_over else 0}


def over_delivery(module: str) -> Flaw:
    """超交 (T16): two deliveries of one order, from two machines, come to more than `order.over_rate` allows."""
    return Flaw(
        name="over_delivered",
        label="超交",
        when=(("over_delivered", "gt", OVER_RATE),),
        text="订货单 {number} 交的比订的多 {over_delivered}",
        remedy="退货，或作废多交的那张；已经说好多交的，关闭订货单",
        acts=(Act(label="看交货明细", module=f"{module}_line", by={"order": "id"}, given={"state": "posted"}),),
    )


def not_more_than_ordered(posting: Posting, module: str) -> Iterator[Wrong]:
    """T16: what is delivered of an order line is still to come, or little more (`order.over_rate`)."""
    old = taken_of(posting.old.lines if posting.old else (), "order_line")
    rate, taken = posting.asking.settings[OVER_RATE], taken_of((), "order_line")
    for place, line in enumerate(posting.sheet.lines):
        if not line.get("order_line"):
            continue
        link = str(line["order_line"])
        rows = posting.asking.find("order_balance", {"order_module": module, "order_line": link})
        others = sum_of(rows, "delivered") - old[link]
        done = OrderLine(sum_of(rows, "ordered"), others + taken[link] + base_of(line))
        left = done.ordered - others - taken[link]
        taken[link] += base_of(line)
        if is_over_delivered(done, rate) and taken[link] > old[link]:
            yield Wrong(f"订货还剩 {shown_in(max(left, 0), line)}{_more(rate)}", "qty", place)


def _more(rate: int) -> str:
    return f"，最多可以超交订货的 {shown_qty(rate)}%" if rate else ""


def delivered_stays(posting: Posting, module: str) -> Iterator[Wrong]:
    """T20: a changed order asks for no less than what was delivered of it, from the same warehouse."""
    every: list[Columns] = []
    for line, new, place in pairs_of(posting):
        rows = posting.asking.find(f"{module}_line", {"order_line": line["id"], "state": "posted"})
        every += rows
        done = sum_of(rows, "signed_qty")  # without what came back and is to be delivered again
        if base_of(new) < min(done, base_of(line)):
            yield Wrong(f"已经交货 {shown_qty(done)}（{numbers_of(rows)}），不能更少", "qty", place)
        elif rows and new and not is_same(posting.asking, "product", new["product"], line["product"]):
            yield Wrong(f"已经交货（{numbers_of(rows)}），不能换产品", "product", place)
    if posting.old and every and posting.old.header.get("warehouse") != posting.sheet.header.get("warehouse"):
        yield Wrong(f"已经交货（{numbers_of(every)}），不能换仓库", "warehouse")
