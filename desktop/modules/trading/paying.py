"""T11: money paid on the document itself, with posting. All amounts in 分."""

from collections.abc import Iterator, Mapping
from typing import Any

from ...engine.documents.declare import Columns, Typing
from ...engine.fields import Enum
from .amounts import Step, small_change, step_of
from .refusal import Refusal, yuan
from .settings import ROUNDING

_AHEAD = {"收款": "，多收的另做一张收款单，会转入预收", "付款": "，多付的另做一张付款单，会转入预付"}
"""Where what is beyond the total belongs."""


def paid_refusals(
    *, total: int, paid: int, advance_used: int, write_off: int, in_full: bool, what: str = "付款"
) -> Iterator[Refusal]:  # fmt: skip
    """A document (not an order, where all of it is an advance) takes no more than its total. `what` it is that is paid.

    `in_full`: retail and 零购 are paid at once, up to what was written off. A total below zero is said elsewhere.
    """
    total = max(total, 0)
    settled = paid + advance_used + write_off
    if advance_used > total:
        text = f"使用预收比合计 {yuan(total)} 多 {yuan(advance_used - total)}"
        yield Refusal("paid-too-much", text, "advance_used", bare="使用预收超过合计")
    elif settled > total:
        text = f"{what}比合计 {yuan(total)} 多 {yuan(settled - total)}{_AHEAD.get(what, '')}"
        yield Refusal("paid-too-much", text, "paid_amount", bare=f"{what}超过合计")
    elif in_full and settled < total:
        text = f"须全额付清，还差 {yuan(total - settled)}"
        yield Refusal("not-paid-in-full", text, "paid_amount", bare="须全额付清")


def paid_source() -> Enum:
    """Where the amount of a document that is paid at once comes from."""
    return Enum("收付来源", {"due": "应付清的", "typed": "手输"}, hidden=True)


def pay_at_once(header: Columns, typing: Typing, *, due: int, in_full: bool) -> None:
    """Retail and 零购: what is due is paid, until somebody types otherwise. What was posted stays."""
    if typing.asking.version(str(header["id"])):
        return
    is_typed = typing.line is None and typing.field == "paid_amount"
    if is_typed or not header.get("paid_source"):
        header["paid_source"] = "due" if header.get("paid_amount") is None else "typed"
    if header["paid_source"] == "due":
        header["paid_amount"] = due if in_full and due > 0 else None
    if not in_full:
        header["paid_source"] = None


def pay_of_tendered(header: Columns, typing: Typing, *, due: int) -> None:
    """Whoever hands money over pays with it: as much as is due, where nobody said how much is paid."""
    is_handed = typing.line is None and typing.field == "tendered" and not header.get("paid_amount")
    if is_handed and due > 0 and not typing.asking.version(str(header["id"])):
        header["paid_amount"] = min(int(header.get("tendered") or 0), due) or None


def tendered_too_little(header: Columns, called: tuple[str, str]) -> str:
    """What is said where less was handed over than is paid with it; `called`: both in the words of the sheet."""
    tendered, paid = header.get("tendered"), int(header.get("paid_amount") or 0)
    if tendered is None or int(tendered) >= paid:
        return ""
    return f"{called[0]}比{called[1]}少 {yuan(paid - int(tendered))}"


_TURNS_TOTAL = (None, "discount_amount", "charge_amount", "advance_used", "doc_type", "customer")


def let_off(header: Columns, typing: Typing, *, due: int) -> None:
    """`money.rounding`: retail lets off what is less than whole 角 or 元. What somebody typed as let off stays as long
    as the total does, and what was posted for good."""
    step = typing.asking.settings[ROUNDING]
    turns = typing.line is not None or typing.field in _TURNS_TOTAL
    if step != "fen" and turns and not typing.asking.version(str(header["id"])):
        header["write_off_amount"] = small_change(max(due, 0), step) or None


def let_off_paid(header: Columns, typing: Typing, *, due: int) -> None:
    """`money.rounding` where a sale need not be paid at once: whoever pays all but the small change owes no more. What
    was let off so is owed again as soon as another amount is paid or due; what is a step and more, somebody typed."""
    step = typing.asking.settings[ROUNDING]
    turns = typing.line is not None or typing.field in _TURNS_TOTAL
    is_paid = typing.line is None and typing.field == "paid_amount"
    if step == "fen" or not (turns or is_paid) or typing.asking.version(str(header["id"])):
        return
    small, off = small_change(max(due, 0), step), int(header.get("write_off_amount") or 0)
    if off in (0, small) or (turns and off < step_of(step)):
        is_paid_so = bool(small) and int(header.get("paid_amount") or 0) == due - small
        header["write_off_amount"] = small if is_paid_so else None


def rounded_off(header: Mapping[str, Any], step: Step) -> int:
    """What of 抹零 `money.rounding` makes by itself, on a sheet that is settled with it: nobody gives that away."""
    if step == "fen" or header.get("doc_type") not in ("sale", "retail"):
        return 0
    total, paid, used, off = (
        int(header.get(name) or 0) for name in ("total", "paid_amount", "advance_used", "write_off_amount")
    )
    return small_change(max(total - used, 0), step) if paid + used + off == total else 0


def deposit_offered(deposit: int, used: int, total: int) -> int:
    """订金: what of the advance tagged with the order a delivery of `total` uses; none when it is overdrawn."""
    return max(min(deposit - used, total), 0)


def change(tendered: int, paid: int) -> int:
    """找零; below zero when too little was handed over."""
    return tendered - paid
