"""T6: the moving weighted average, without residue and without guessing at costs nobody knows.

Quantities are in base units × 10⁴, costs in 分, prices per base unit × 10⁴. Every result is signed as the move it
belongs to (+ into the pool, − out of it), so that always

    pool after = pool before + (qty, uncosted_qty, cost_amount + cost_variance).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .rounding import PRICED, divided


@dataclass(frozen=True)
class Pool:
    """Sums over the moves of a product, or of a product in a warehouse (`cost.scope`)."""

    qty: int = 0
    """Q."""
    uncosted: int = 0
    """U: units in it whose cost nobody knows."""
    value: int = 0
    """V."""

    @property
    def costed(self) -> int:
        """K = Q − U; below zero when more was issued than there was."""
        return self.qty - self.uncosted

    @property
    def average(self) -> int | None:
        """V ÷ K as a price, to be shown; None when unknown, which is not 0."""
        return divided(self.value * PRICED, self.costed) if self.costed > 0 else None

    def at_average(self, qty: int) -> int | None:
        """The cost of so many units at the exact average; None when it is unknown."""
        return divided(self.value * qty, self.costed) if self.costed > 0 else None


@dataclass(frozen=True)
class Costed:
    """What one move costs (a `line_cost` row), and the pool after it."""

    cost_amount: int
    uncosted_qty: int
    cost_variance: int
    """An extra move of the pool with quantity 0, charged to 销货成本差异."""
    pool: Pool


@dataclass(frozen=True)
class Origin:
    """The line a return goes back on, and what was returned of it before; all of them as they are, ≥ 0."""

    qty: int
    cost_amount: int
    uncosted_qty: int = 0
    returned_qty: int = 0
    returned_cost: int = 0
    returned_uncosted: int = 0

    def share(self, qty: int) -> tuple[int, int]:
        """Cost and uncosted quantity that belong to `qty` of it: in proportion, the last piece takes the rest."""
        cost_left = self.cost_amount - self.returned_cost
        uncosted_left = self.uncosted_qty - self.returned_uncosted
        qty_left = self.qty - self.returned_qty - qty
        if qty_left <= 0:
            return cost_left, uncosted_left
        uncosted = divided(self.uncosted_qty * qty, self.qty)
        # Many roundings up must not take more than there is, nor leave more uncosted units than units.
        return (
            min(divided(self.cost_amount * qty, self.qty), cost_left),
            max(min(uncosted, uncosted_left), uncosted_left - qty_left),
        )


@dataclass(frozen=True)
class LateCost:
    """T6.10: what a late cost does to the pool, and what it says of the units that had left before."""

    costed: Costed
    issued_qty: int
    issued_cost: int
    """To 销货成本差异 and to the profit of those issues; the pool does not know it."""


def receipt_amount(line: Mapping[str, Any], *, with_tax: bool) -> int | None:
    """T6.1: the cost of a purchase line with its shares; None when the price is blank, while 0 means free of charge.

    `line` is one of `derive_purchase`; `with_tax` is the setting `cost.basis`.
    """
    if line["price"] is None:
        return None
    own = line["gross_amount"] if with_tax else line["ex_tax_amount"]
    return int(own + line["fee_amount"] + line["charge_amount"])


def unit_cost_amount(qty: int, unit_cost: int) -> int:
    """The cost of `qty` base units at a price: of 其他入库 and 期初 lines, 盘盈, 补录成本."""
    return divided(qty * unit_cost, PRICED)


def receipt(pool: Pool, qty: int, amount: int | None) -> Costed:
    """T6.1, 4, 5: goods come in at `amount`, or at a cost nobody knows."""
    return _received(pool, 0, 0, qty) if amount is None else _received(pool, qty, amount, 0)


def issue(pool: Pool, qty: int, last_cost: int | None) -> Costed:
    """T6.2, 3: costed units leave first, then uncosted ones, then units that are not there.

    The last are charged at the average before, else at `last_cost` (the product's last known purchase cost).
    """
    costed = min(qty, max(pool.costed, 0))
    uncosted = min(qty - costed, max(pool.uncosted, 0))
    missing = qty - costed - uncosted
    cost = pool.value if costed and costed == pool.costed else pool.at_average(costed) or 0
    charged = _charge(pool, missing, last_cost)
    if charged is None:
        uncosted, charged = uncosted + missing, 0
    return _moved(pool, -qty, -(cost + charged), -uncosted)


def customer_return(pool: Pool, qty: int, origin: Origin | None) -> Costed:
    """T6.6: goods come back at what they cost when they left; without origin at the average; never at their price."""
    if origin is None:
        return receipt(pool, qty, pool.at_average(qty))
    cost, uncosted = origin.share(qty)
    return _received(pool, qty - uncosted, cost, uncosted)


def supplier_return(pool: Pool, qty: int, origin: Origin | None, last_cost: int | None) -> Costed:
    """T6.7: goods go back at what they cost when they came, unless the pool could not bear it."""
    if origin is None:
        return issue(pool, qty, last_cost)
    if qty == pool.qty:
        return _moved(pool, -qty, -pool.value, -pool.uncosted)
    cost, uncosted = origin.share(qty)
    uncosted = min(uncosted, max(pool.uncosted, 0))
    after = _moved(pool, -qty, -cost, -uncosted)
    # Where no costed unit would stay, the issue takes the whole value: it would have no unit to lie on.
    if after.pool.qty > 0 and (after.pool.value < 0 or after.pool.costed <= 0):
        return issue(pool, qty, last_cost)
    return after


def transfer(source: Pool, target: Pool | None, qty: int, last_cost: int | None) -> tuple[Costed, Costed]:
    """T6.9: out of one pool, into the other at the same cost; `target` None is the same pool, which ends as it was."""
    out = issue(source, qty, last_cost)
    cost, uncosted = -out.cost_amount, -out.uncosted_qty
    if target is None:
        return out, _moved(out.pool, qty, cost, uncosted)
    return out, _received(target, qty - uncosted, cost, uncosted)


def gain(pool: Pool, qty: int, unit_cost: int | None) -> Costed:
    """T6.9: 盘盈, at the average, else at the unit cost typed on the sheet. 盘亏 is an `issue`."""
    amount = pool.at_average(qty)
    if amount is None and unit_cost is not None:
        amount = unit_cost_amount(qty, unit_cost)
    return receipt(pool, qty, amount)


def late_cost(pool: Pool, qty: int, unit_cost: int) -> LateCost:
    """T6.10: the cost of `qty` uncosted units of a receipt becomes known. Those that still lie here take it on."""
    here = min(qty, max(pool.uncosted, 0))
    without = Pool(pool.qty - here, pool.uncosted - here, pool.value)
    received = _received(without, here, unit_cost_amount(here, unit_cost), 0)
    gone = qty - here
    return LateCost(replace(received, uncosted_qty=-here), gone, unit_cost_amount(gone, unit_cost))


def late_charges(issued_qty: int, issued_cost: int, uncosted: Sequence[int]) -> Iterator[tuple[int, int]]:
    """T6.10: who bears a late cost: (quantity, cost) for each of the issues, oldest first, by their uncosted units."""
    seen = charged = 0
    for qty in uncosted:
        taken = min(qty, issued_qty - seen)
        seen += taken
        cost = divided(issued_cost * seen, issued_qty) - charged if taken else 0
        charged += cost
        yield taken, cost


def _moved(pool: Pool, qty: int, cost: int, uncosted: int, variance: int = 0) -> Costed:
    after = Pool(pool.qty + qty, pool.uncosted + uncosted, pool.value + cost + variance)
    return Costed(cost, uncosted, variance, after)


def _received(pool: Pool, qty: int, amount: int, uncosted: int) -> Costed:
    """`qty` units at `amount` together with `uncosted` units of unknown cost."""
    known = _moved(pool, qty, amount, 0, _variance(pool, qty, amount))
    # Units of unknown cost that fill a hole take the cost at which the missing ones were charged.
    filling = min(uncosted, max(-known.pool.costed, 0))
    cost = divided(known.pool.value * filling, known.pool.costed) if filling else 0
    unknown = _moved(known.pool, uncosted, cost, uncosted - filling)
    return Costed(amount + cost, uncosted - filling, known.cost_variance, unknown.pool)


def _variance(pool: Pool, qty: int, amount: int) -> int:
    """T6.4: a costed receipt into K < 0 corrects what the missing units were charged at."""
    hole = -pool.costed
    if hole <= 0:
        return 0
    if qty <= hole:
        target = divided(pool.value * (pool.costed + qty), pool.costed)
    else:
        target = divided(amount * (pool.costed + qty), qty)
    return target - pool.value - amount


def _charge(pool: Pool, missing: int, last_cost: int | None) -> int | None:
    """T6.3: what units beyond the stock cost; None when nothing says so."""
    if not missing:
        return 0
    if pool.costed and pool.value * pool.costed >= 0:
        return divided(pool.value * missing, pool.costed)
    return None if last_cost is None else unit_cost_amount(missing, last_cost)
