"""超付 (M4): what two machines settled twice, or one while another cancelled it, and how it becomes an advance."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ...engine.define import Act, Flaw
from ...engine.documents.declare import Asking, Columns, Sheet, Source
from .open_items import key_of, open_of, target_of

_OVER = ("paid_state", "eq", "over")
_SETTLEMENTS = Act(label="看收付记录", module="settlement_line", by={"target": "id"}, given={"state": "posted"})
_OVERPAID = Flaw(
    name="overpaid",
    label="超付",
    when=(_OVER, ("state", "eq", "posted")),
    text="{number} 合计 {signed_total}，结清的比它多，未结 {outstanding}",
    bare="{number} 结清的比合计多",
    remedy="真收付了两次的，转入预收/付，或退款；多记的，作废多做的那张收付单，或把它这一行的分配改小",
)
_SETTLED_IN_VAIN = Flaw(
    name="settled_in_vain",
    label="作废后仍有收付",
    when=(_OVER, ("state", "eq", "cancelled")),
    text="{number} 已作废，收付款却还结清着它，未结 {outstanding}",
    bare="{number} 已作废，收付款却还结清着它",
    remedy="打开那张收付单，去掉这一行，钱就转入预收/付；或作废收付单",
    acts=(_SETTLEMENTS,),
)


def overpaid(module: str, kinds: Mapping[str, Sequence[str]], field: str) -> tuple[Flaw, Flaw]:
    """The flaws of documents that settlements settle. `kinds` are those, by `field`, whose surplus becomes an advance
    of the customer (receipt) or of what we paid ahead (payment)."""
    labels = {"receipt": "转预收", "payment": "转预付"}
    turned = (
        Act(
            label=labels[kind], module="settlement", given={"kind": kind}, makes=True, fills=f"over_{module}",
            only={field: wanted},
        )
        for kind, wanted in kinds.items()
    )  # fmt: skip
    return replace(_OVERPAID, acts=(_SETTLEMENTS, *turned)), _SETTLED_IN_VAIN


def from_overpaid(module: str) -> Source:
    """转预收: a settlement without money that gives back to a document what it got too much."""
    return Source(
        name=f"over_{module}", label="", module=module, kinds=("receipt", "payment"), columns="number",
        offers=lambda header, asking: (), take=_given_back(module),
    )  # fmt: skip


def _given_back(module: str) -> Callable[[Sheet, str, Asking], Sheet]:
    def take(sheet: Sheet, id: str, asking: Asking) -> Sheet:
        name = "customer" if sheet.header.get("kind") == "receipt" else "supplier"
        document = asking.find(module, {"id": id})[0]
        line: Columns = {"id": "", "target_kind": module, "target": id}
        line["amount"] = min(open_of(asking, line), 0)
        return Sheet(sheet.header | {name: document[name], "amount": 0}, [line])

    return take


def too_much(lines: Sequence[Columns], open_before: Mapping[str, int], asking: Asking) -> frozenset[str]:
    """Which documents of a sheet got more than they came to: what is too much is given back to an advance."""
    found = {key_of(line): target_of(line, asking) for line in lines}
    return frozenset(
        key
        for key, target in found.items()
        if target and int(target["signed_total"] or 0) > 0 and open_before.get(key, 0) < 0
    )
