"""T16, T17: what is left of an order, what a delivery takes over from it, and how far it is. Quantities × 10⁴."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .rounding import TEN_THOUSAND, WHOLE_RATE, divided

Progress = Literal["draft", "open", "partial", "done", "closed", "cancelled"]
OPEN_ORDERS = ("open", "partial")
"""Of which something is still to come."""


@dataclass(frozen=True)
class OrderLine:
    """Base quantities of an order line: ordered, and delivered by posted, uncancelled lines linked to it."""

    ordered: int
    delivered: int

    @property
    def remaining(self) -> int:
        """Never below zero: two machines may have delivered the same (超交)."""
        return max(self.ordered - self.delivered, 0)


def delivered(deliveries: int, returns: int, *, return_reopens: bool) -> int:
    """Base quantity that counts as delivered; `return_reopens` is the setting `order.return_reopens`."""
    return deliveries - returns if return_reopens else deliveries


def is_over_delivered(line: OrderLine, over_rate: int) -> bool:
    """Whether more is delivered than `order.over_rate` allows."""
    return line.delivered * WHOLE_RATE > line.ordered * (WHOLE_RATE + over_rate)


def over_delivered(line: OrderLine) -> int:
    """By which part of what was ordered more is delivered, as a rate; all of it where nothing was ordered."""
    over = max(line.delivered - line.ordered, 0)
    return divided(over * WHOLE_RATE, line.ordered) if line.ordered > 0 else WHOLE_RATE if over else 0


def delivery_line(order_line: Mapping[str, Any], remaining: int) -> dict[str, Any]:
    """查询订货: the line that delivers what remains, in the order's unit if that comes out even, else in base units.

    `order_line` has id, product, unit_row, ratio, price, discount_rate and tax_rate.
    """
    ratio = order_line["ratio"] or TEN_THOUSAND
    copied = {name: order_line[name] for name in ("product", "unit_row", "price", "discount_rate", "tax_rate")}
    copied["order_line"] = order_line["id"]
    qty = divided(remaining * TEN_THOUSAND, ratio)
    if qty * ratio == remaining * TEN_THOUSAND:
        return copied | {"ratio": ratio, "qty": qty}
    price = order_line["price"]
    base_price = None if price is None else divided(price * TEN_THOUSAND, ratio)
    return copied | {"unit_row": None, "ratio": TEN_THOUSAND, "qty": remaining, "price": base_price}


def offered_discount(discount: int, order_amount: int, *, given: int, amount: int, is_last: bool) -> int:
    """The part of the order's 整单优惠 for a delivery of `amount`; the last one takes the rest. All in 分.

    `order_amount` is Σ amount of the order, `given` what earlier deliveries took of the discount.
    """
    rest = max(discount - given, 0)
    part = rest if is_last or not order_amount else divided(discount * amount, order_amount)
    return min(part, rest, amount)


def progress(state: str, lines: Sequence[OrderLine], *, is_closed: bool) -> Progress:
    """执行状态 of an order in `state` draft, posted or cancelled; `is_closed`: a person closed it (`closed_at`)."""
    if state == "cancelled":
        return "cancelled"
    if state == "draft":
        return "draft"
    if is_closed:
        return "closed"
    if not any(line.remaining for line in lines):
        return "done"
    return "partial" if any(line.delivered > 0 for line in lines) else "open"


def is_late(found: Progress, deliver_on: str | None, today: str) -> bool:
    """逾期: something is still to come and its day is over (ISO dates)."""
    return found in ("open", "partial") and deliver_on is not None and deliver_on < today
