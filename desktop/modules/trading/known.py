"""What of a sale can be judged: the part whose cost is known, and the rest (T6.12, RP10). All amounts in 分."""

from collections.abc import Mapping, Sequence
from typing import Any

from ...engine.documents.declare import Columns
from ...engine.fields import Field, Money, Quantity, Rate, Unknown
from .papers import cost_of
from .rounding import WHOLE_RATE, divided

PARTLY = "只算成本已知的部分，其余成本未知，可以补录成本"
"""Beside figures that leave out what nobody knows the cost of."""
_HUNDREDTH = 100
KNOWN = "cost_total profit known_revenue known_rate unknown_qty unknown_revenue"


def known_fields() -> dict[str, Field]:
    """Of the header, beside its cost and profit."""
    hidden: dict[str, Any] = dict(calc=True, readonly=True, see="see_cost")
    return {
        "known_revenue": Money("已计成本收入", help="销售额里成本已知的部分", **hidden),
        "known_profit": Money("已计成本毛利", help="已计成本收入减去成本，与毛利相同", **hidden),
        "known_rate": Rate(
            "毛利率%",
            decimals=2,
            help="只算成本已知的部分",
            width=92,
            unknown=Unknown("unknown_qty", partly=PARTLY),
            **hidden,
        ),
        "unknown_qty": Quantity("成本未知数量", help="按基本单位，可以补录成本", **hidden),
        "unknown_revenue": Money("成本未知收入", help="销售额里成本未知的部分", sum=True, **hidden),
    }


def told_fields() -> dict[str, Field]:
    """Of a line, beside its costs."""
    about: dict[str, Any] = dict(calc=True, readonly=True, see="see_cost", hidden=True)
    return {
        "charged_qty": Quantity("补过成本的数量", **about),
        "unknown_revenue": Money("成本未知收入", sum=True, help="退货为减", **about),
    }


def profit_totals(lines: Sequence[Columns]) -> Columns:
    """Cost and profit of a document: of what is not costed yet, or of an order, nothing is said; of what left without
    a cost nobody knows the profit."""
    told = [line for line in lines if line.get("cost_total") is not None]
    if not told:
        return {"cost_total": None, "profit": None}
    known = [int(line["profit"] or 0) for line in told if line.get("profit") is not None]
    cost = sum(int(line["cost_total"] or 0) for line in told)
    return {"cost_total": cost, "profit": sum(known) if known else None}


def known_totals(lines: Sequence[Columns]) -> Columns:
    """Nothing while no cost was worked out; a service has none to be known."""
    told = [line for line in lines if line.get("cost_amount") is not None or line.get("is_service")]
    if not any(int(line.get("signed_qty") or 0) for line in told):
        return dict.fromkeys(known_fields())
    revenue = sum(known_part(line, int(line.get("revenue") or 0)) for line in told)
    profit = revenue + sum(cost_of(line) for line in told)
    return {
        "known_revenue": revenue,
        "known_profit": profit,
        "known_rate": profit_rate(revenue, revenue - profit),
        "unknown_qty": sum(_sign(line) * unknown_of(line) for line in told) or None,
        "unknown_revenue": sum(int(line.get("revenue") or 0) for line in told) - revenue or None,
    }


def profit_rate(revenue: int, cost: int) -> int | None:
    """Of what came in, as a rate to the hundredth of a percent; None where nothing did."""
    return divided((revenue - cost) * (WHOLE_RATE // _HUNDREDTH), revenue) * _HUNDREDTH if revenue else None


def known_part(line: Mapping[str, Any], revenue: int) -> int:
    """What of the revenue of a line stands against a known cost (T6.12)."""
    qty = int(line.get("base_qty") or 0)
    return _sign(line) * divided(abs(revenue) * (qty - unknown_of(line)), qty) if qty else 0


def unknown_of(line: Mapping[str, Any]) -> int:
    """How much of a line left without a cost and has been told none since."""
    left = int(line.get("uncosted_qty") or 0) + int(line.get("pool_uncosted") or 0)
    return min(max(abs(left) - int(line.get("charged_qty") or 0), 0), int(line.get("base_qty") or 0))


def _sign(line: Mapping[str, Any]) -> int:
    return -1 if int(line.get("signed_qty") or 0) < 0 else 1
