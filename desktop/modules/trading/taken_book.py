"""What other documents took of lines: returned of what was sold or bought, sold of what was quoted. No machine lets
more of it through than there is; two of them together may (T13, Q1, modules.md 0.5)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...engine.define import Act, Balance, Flaw, Ledger, Module
from ...engine.documents.declare import Columns, Move, Posted
from ...engine.fields import Date, Field, Int, Quantity, Text
from .papers import base_of

_LOCAL: dict[str, Any] = dict(
    chapter="trading", icon="list", menu=False, local=True, writable=False, search=False, sort="taken_module",
)  # fmt: skip


def _of_line() -> dict[str, Field]:
    """Of which line something was taken."""
    return {
        "taken_module": Text("模块", max_length=64, hidden=True),
        "taken": Text("单据", max_length=32, index=True, hidden=True),
        "taken_line": Text("行", max_length=32, index=True, hidden=True),
        "qty": Quantity("数量", width=90),
    }


taken_entry = Module(
    name="taken_entry",
    label="退货和成交流水",
    noun="流水",
    title="number",
    columns="number book_on qty",
    fields=dict(
        number=Text("单据编号", width=170),
        book_on=Date("日期", width=100),
        **_of_line(),
        module=Text("单据模块", max_length=64, hidden=True),
        document=Text("单据号", max_length=32, index=True, hidden=True),
        line=Text("单据行", max_length=32, hidden=True),
    ),
    **_LOCAL,
)

taken_balance = Module(
    name="taken_balance",
    label="退货和成交数",
    noun="数量",
    title="taken_module",
    columns="qty entries",
    fields=dict(**_of_line(), entries=Int("笔数")),
    **_LOCAL,
)

takings = Ledger(
    moves="taken_entry",
    amounts=("qty",),
    balances=(
        Balance(
            module="taken_balance",
            keys=("taken_module", "taken", "taken_line"),
            sums={"qty": "qty"},
            header=("taken_module", "taken"),
            line="taken_line",
        ),
    ),
)


def taken_moves(posted: Posted, kind: str) -> Iterator[Move]:
    """A return takes of what it gives back, a sale or an order of what was quoted: beyond that only what somebody said
    yes to."""
    for line in posted.sheet.lines:
        about: Columns | None = None
        if kind == "return" and line.get("origin"):
            about = {"taken_module": posted.module, "taken": line["origin"], "taken_line": line["origin_line"]}
        elif kind != "return" and line.get("quote"):
            about = {"taken_module": "quote", "taken": line["quote"], "taken_line": line["quote_line"]}
        if about:
            qty = base_of(line) - int(line.get("over_quoted") or 0)
            yield Move("taken_entry", "taken", about | {"qty": qty}, str(line["id"]))


def over_taken(header: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> int:
    """By how much more was taken than there is; of what was cancelled nothing is there."""
    is_there = header.get("state") == "posted"
    return sum(max(int(row["qty"] or 0) - (base_of(row["counts"]) if is_there else 0), 0) for row in rows)


def over_return(module: str, verb: str) -> Flaw:
    """超退: two returns of one sale from two machines, or one of a sale that the other made smaller or cancelled."""
    return Flaw(
        name="over_returned",
        label="超退",
        when=(("over_returned", "gt", 0),),
        text="{number}（{state}）退的比" + verb + "的多 {over_returned}",
        remedy="作废多做的那张退货，或把它的数量改小",
        acts=(
            Act(
                label="看退货明细", module=f"{module}_line", by={"origin": "id"},
                given={"state": "posted", "doc_type": "return"},
            ),
        ),
    )  # fmt: skip


OVER_SOLD = Flaw(
    name="over_sold",
    label="超出报价",
    when=(("over_sold", "gt", 0),),
    text="报价单 {number}（{state}）卖的比报的多 {over_sold}",
    remedy="一张报价在两台电脑上各卖了一次：作废多做的那张，或把它的数量改小",
    acts=(Act(label="看成交明细", module="sale_line", by={"quote": "id"}, given={"state": "posted"}),),
)
"""Q1: one quote sold on two machines."""
