"""P2: what the stock of a product asks for."""

from dataclasses import dataclass


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
