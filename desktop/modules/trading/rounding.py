"""The two rounding rules of trade, on exact integers (modules.md 0.2 and T2)."""

from collections.abc import Sequence

TEN_THOUSAND = 10_000
"""Scale of quantities, prices, ratios and rates: 1 is stored as 10 000."""

WHOLE_RATE = 100 * TEN_THOUSAND
"""100 %, as rates are stored."""

PRICED = 1_000_000
"""quantity × price ÷ this = 分: both carry 10⁴, money carries 10²."""


def divided(numerator: int, denominator: int) -> int:
    """The nearest integer to the quotient; a tie goes away from zero (−0.5 → −1)."""
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    half_up = (2 * abs(numerator) + denominator) // (2 * denominator)
    return half_up if numerator >= 0 else -half_up


def shared(total: int, weights: Sequence[int]) -> list[int]:
    """T2: `total` ≥ 0 (分) in proportion to the weights; the shares add up to it exactly.

    Each share is cut to whole 分; what is left goes one 分 each to the largest cut-off fractions, ties to the
    earlier. A weight ≤ 0 takes nothing. Without any weight nothing is shared: all shares are 0.
    """
    counted = [max(weight, 0) for weight in weights]
    whole = sum(counted)
    if not whole:
        return [0] * len(counted)
    shares = [total * weight // whole for weight in counted]
    by_fraction = sorted(range(len(counted)), key=lambda at: -(total * counted[at] % whole))
    for at in by_fraction[: total - sum(shares)]:
        shares[at] += 1
    return shares
