"""What is taken of lines of other documents: returned of what was sold or bought, sold of what was offered (S3, Q1).

One machine lets nobody take more than there is. Two that were apart may do so together: 超退, 报价超卖.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...engine.define import Act, Balance, Flaw, Ledger, Module
from ...engine.documents.declare import Move, Posted
from ...engine.fields import Date, Int, Quantity, Ref, Text
from .papers import KEPT, base_of

_KEYS = ("source_module", "source", "source_line")


def _source() -> dict[str, Any]:
    return {
        "source_module": Text("来源模块", max_length=64, hidden=True),
        "source": Text("来源单据", max_length=32, index=True, hidden=True),
        "source_line": Text("来源行", max_length=32, index=True, hidden=True),
    }


taken_entry = Module(
    name="taken_entry",
    label="退货和成交流水",
    noun="流水",
    **KEPT,
    title="number",
    scope="owner",
    when="book_on",
    fields=dict(
        number=Text("单据编号", width=170),
        book_on=Date("日期", width=100),
        **_source(),
        product=Ref("产品", "product", index=True, loose=True, width=200),
        taken=Quantity("数量", width=90, help="按基本单位"),
        owner=Ref("业务员", "employee", index=True, loose=True, width=90),
        department=Ref("部门", "department", index=True, loose=True, hidden=True),
        branch=Ref("分公司", "branch", index=True, loose=True, hidden=True),
        module=Text("单据", max_length=64, hidden=True),
        document=Text("单据号", max_length=32, index=True, hidden=True),
        line=Text("行", max_length=32, hidden=True),
    ),
    columns="book_on number product taken owner",
    sort="-book_on",
    help="flaws",
)

taken_balance = Module(
    name="taken_balance",
    label="退货和成交数",
    noun="数量",
    **KEPT,
    title="source_module",
    fields=dict(**_source(), taken=Quantity("数量", width=90), entries=Int("笔数")),
    columns="taken entries",
    sort="source_module",
)

taken = Ledger(
    moves="taken_entry",
    amounts=("taken",),
    balances=(
        Balance(
            module="taken_balance", keys=_KEYS, sums={"taken": "taken"}, header=("source_module", "source"),
            of_line="source_line",
        ),
    ),
)  # fmt: skip


def taken_moves(posted: Posted, link: str, source: str, module: str) -> Iterator[Move]:
    """What the lines of a document take of others: `link` names the line, `source` its document, of a `module`."""
    for line in posted.sheet.lines:
        if line.get(link) and line.get(source):
            about = dict(zip(_KEYS, (module, line[source], line[link]), strict=True))
            values = {**about, "product": line["product"], "taken": base_of(line)}
            yield Move("taken_entry", link, values, str(line["id"]))


def taken_too_much(header: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> int | None:
    """By how much more is taken of a document than it has; None if it is not: of one that was cancelled there is
    nothing to take."""
    counts = header.get("state") == "posted"
    over = sum(max(int(row["taken"] or 0) - (base_of(row["line"]) if counts else 0), 0) for row in rows)
    return over or None


def over_returned(module: str, verb: str) -> Flaw:
    """超退: two machines took the same goods back, or one did while the other made the document smaller."""
    return Flaw(
        name="over_returned",
        label="超退",
        when=(("over_returned", "gt", 0),),
        text=f"{{number}} 退的比{verb}的多 {{over_returned}}",
        remedy="打开多做的那张退货单，改小数量或作废；原单不该改小或作废的，复制它重开一张",
        acts=(
            Act(
                label="看退货明细", module=f"{module}_line", by={"origin": "id"},
                given={"state": "posted", "doc_type": "return"},
            ),
        ),
    )  # fmt: skip


OVER_QUOTED = Flaw(
    name="over_quoted",
    label="报价超卖",
    when=(("over_quoted", "gt", 0), ("may_oversell", "ne", True)),
    text="报价单 {number} 卖的比报的多 {over_quoted}",
    remedy="作废或改小多做的那张销货单；客户真要这么多的，在报价单里勾选「可以多卖」",
    acts=(Act(label="看成交明细", module="sale_line", by={"quote": "id"}, given={"state": "posted"}),),
)
"""Q1: one quote sold on two machines. What somebody confirmed, on one machine, is none."""
