"""赠品: lines of quotes, orders and sales that cost their customer nothing. They leave stock and cost as others do."""

from ...engine.documents.declare import Asking, Columns, Typing
from ...engine.fields import Bool
from .prints import WITH_PRICES

LINE_COLUMNS = WITH_PRICES.replace(" note", " is_gift note")
"""Of papers that tell gifts from what was sold for nothing."""
_COMES_FROM = {"order_line": "sale_line", "origin_line": "sale_line", "quote_line": "quote_line"}


def gift_field() -> Bool:
    return Bool("赠品", width=52, help="不收钱，照常出库、计成本")


def complete_gift(line: Columns, asking: Asking) -> None:
    """A gift costs its customer nothing; what was one in the quote or order is one when it is delivered, or comes
    back."""
    links = [(module, str(line[name])) for name, module in _COMES_FROM.items() if line.get(name)]
    if not line.get("price") and not line.get("is_gift") and links:
        line["is_gift"] = any((asking.look(*link) or {}).get("is_gift") for link in links) or None
    if line.get("is_gift"):
        line |= {"price": 0, "typed_amount": None}


def ungift(typing: Typing) -> None:
    """What is a gift no more has a price again."""
    lines, place = typing.sheet.lines, typing.line
    if typing.field == "is_gift" and place is not None and place < len(lines) and not lines[place].get("is_gift"):
        lines[place]["price"] = None
