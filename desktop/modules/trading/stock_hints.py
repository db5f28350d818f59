"""P2: what the stock of a product asks for."""

from dataclasses import dataclass

from ...engine.documents.declare import Asking
from .refusal import shown_qty


@dataclass(frozen=True)
class StockHint:
    """`suggested` is the quantity to buy, never below zero."""

    is_low: bool
    is_high: bool
    suggested: int


def stock_hint(
    *, on_hand: int, available: int, projected: int, stock_min: int | None, stock_max: int | None
) -> StockHint:
    """The quantities shown (T7) against the limits, all × 10⁴: buy up to the upper limit, else to the lower."""
    wanted = stock_min if stock_max is None else stock_max
    return StockHint(
        is_low=stock_min is not None and available < stock_min,
        is_high=stock_max is not None and on_hand > stock_max,
        suggested=0 if wanted is None else max(wanted - projected, 0),
    )


def stock_words(asking: Asking, product: str) -> str:
    """What the stock of a product asks of who buys it; "" when nothing."""
    about = asking.look("product", product)
    if about is None or (about["stock_min"] is None and about["stock_max"] is None):
        return ""
    sums = asking.balance("stock_balance", {"product": product})
    available = sums["on_hand"] - sums["reserved"]
    projected = available + sums["on_order"]
    low, high = about["stock_min"], about["stock_max"]
    found = stock_hint(
        on_hand=sums["on_hand"], available=available, projected=projected, stock_min=low, stock_max=high
    )  # fmt: skip
    if found.is_high:
        return f"库存 {shown_qty(sums['on_hand'])}，高于上限 {shown_qty(high)}"
    if not found.is_low:
        return ""
    wanted = f"建议进 {shown_qty(found.suggested)}" if found.suggested else "不用再进"
    return f"可用 {shown_qty(available)}，低于下限 {shown_qty(low)}；预计 {shown_qty(projected)}，{wanted}"
