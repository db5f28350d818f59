"""What of a sale can be judged: the part whose cost is known, and the rest (T6.12, RP10). All amounts in 分."""

from collections.abc import Mapping, Sequence
from typing import Any

from ...engine.documents.declare import Columns
from ...engine.fields import Field, Money, Quantity, Rate
from .papers import cost_of
from .rounding import WHOLE_RATE, divided

KNOWN = "cost_total profit known_revenue known_profit known_rate unknown_qty unknown_revenue"


def known_fields() -> dict[str, Field]:
    """Of the header, beside its cost and profit."""
    hidden: dict[str, Any] = dict(calc=True, readonly=True, see="see_cost")
    return {
        "known_revenue": Money("已计成本收入", help="销售额里成本已知的部分", **hidden),
        "known_profit": Money("已计成本毛利", help="已计成本收入减去成本", **hidden),
        "known_rate": Rate("毛利率%", help="只算成本已知的部分", width=80, **hidden),
        "unknown_qty": Quantity("成本未知数量", help="按基本单位，可以补录成本", **hidden),
        "unknown_revenue": Money("成本未知收入", help="销售额里成本未知的部分", **hidden),
    }


def told_fields() -> dict[str, Field]:
    """Of a line, beside its costs."""
    about: dict[str, Any] = dict(calc=True, readonly=True, see="see_cost", hidden=True)
    return {"charged_qty": Quantity("补过成本的数量", **about)}


def known_totals(lines: Sequence[Columns]) -> Columns:
    """Nothing while no cost was worked out; a service has none to be known."""
    told = [line for line in lines if line.get("cost_amount") is not None or line.get("is_service")]
    if not any(int(line.get("signed_qty") or 0) for line in told):
        return dict.fromkeys(known_fields())
    revenue = sum(_known_revenue(line) for line in told)
    profit = revenue + sum(cost_of(line) for line in told)
    return {
        "known_revenue": revenue,
        "known_profit": profit,
        "known_rate": divided(profit * WHOLE_RATE, revenue) if revenue else None,
        "unknown_qty": sum(_sign(line) * _unknown(line) for line in told) or None,
        "unknown_revenue": sum(_sign(line) * _worth(line) - _known_revenue(line) for line in told) or None,
    }


def _known_revenue(line: Mapping[str, Any]) -> int:
    qty = int(line.get("base_qty") or 0)
    return _sign(line) * divided(_worth(line) * (qty - _unknown(line)), qty) if qty else 0


def _unknown(line: Mapping[str, Any]) -> int:
    """How much of a line left without a cost and has been told none since."""
    left = int(line.get("uncosted_qty") or 0) + int(line.get("pool_uncosted") or 0)
    return min(max(abs(left) - int(line.get("charged_qty") or 0), 0), int(line.get("base_qty") or 0))


def _worth(line: Mapping[str, Any]) -> int:
    """With the tax or without it, as the profit beside it is counted."""
    return abs(int(line.get("revenue") or 0))


def _sign(line: Mapping[str, Any]) -> int:
    return -1 if int(line.get("signed_qty") or 0) < 0 else 1
