"""What a line of a sale brought (T29): what the customer pays for it less what it cost, on the part whose cost is known
(T6.12)."""

from collections.abc import Mapping
from typing import Any

from ...engine.documents.declare import Columns
from .known import known_part, profit_rate, unknown_of
from .papers import cost_of

Row = Mapping[str, Any]


def sale_totals(header: Columns, line: Columns) -> Columns:
    """Of an order nothing yet. `revenue` and `cost_total` are signed as the document counts: a return takes back."""
    sign = (int(line.get("signed_qty") or 0) > 0) - (int(line.get("signed_qty") or 0) < 0)
    place = line.get("warehouse") or header.get("warehouse")
    if not sign:
        return {"place": place, "revenue": _worth(header, line)}
    revenue, cost = sign * _worth(header, line), -cost_of(line)
    found: Columns = {"place": place, "revenue": revenue}
    if line.get("cost_amount") is None and not line.get("is_service"):
        return found
    known, qty = known_part(line, revenue), abs(int(line.get("base_qty") or 0))
    found |= {"cost_total": cost, "unknown_revenue": revenue - known or None}
    if qty and unknown_of(line) == qty and not cost:
        return found  # nobody knows anything of it
    return found | {"profit": known - cost, "profit_rate": profit_rate(known, cost)}


def _worth(header: Row, line: Row) -> int:
    """With the tax or without it (`profit.ex_tax`), as it was the rule when the document was made."""
    name = "ex_tax_amount" if header.get("profit_basis") == "net" else "gross_amount"
    worth = line.get(name)
    return int(line.get("net_amount") or 0) if worth is None else int(worth)
