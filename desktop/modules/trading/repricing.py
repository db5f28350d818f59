"""Another party is chosen, or other reference prices, and lines are there already: prices and discounts that came by
themselves come anew (T18); what somebody typed stays. Whoever wants them as they were puts them back."""

from collections.abc import Iterator, Mapping, Sequence

from ...engine.documents.declare import Back, Columns, Hint

OFFERED = ("last", "level", "list")
"""Values of `price_source` that come by themselves; an order, a quote or an original document gave its lines theirs."""
_FIELDS = ("price", "discount_rate", "price_source")


def set_aside(line: Columns, along: int) -> Columns:
    """Takes price and discount off a line, so that they are offered anew, and gives them as they were. A discount other
    than what came `along` was typed: it stays."""
    was = {name: line[name] for name in _FIELDS if name in line}
    line["price"] = None
    if line.get("discount_rate") == along:
        line["discount_rate"] = None
    return was


def settle(line: Columns, was: Columns, along: int) -> bool:
    """What is offered stands, where anything is; whether that is something else than it `was`."""
    if line["price"] is None:
        line |= was
    elif was.get("discount_rate") not in (None, along):
        line["discount_rate"] = was["discount_rate"]
    return any(line.get(name) != was.get(name) for name in ("price", "discount_rate"))


def told(lines: str, whose: str, changed: Sequence[int], typed: int) -> Iterator[Hint]:
    """What is said of it, once for all lines; `whose` names what they go by now."""
    if changed:
        rest = f"；手输的 {typed} 行没有动" if typed else ""
        text = f"{len(changed)} 行的单价、折扣已按{whose}重新带出{rest}"
        back = Back("保留原价", tuple(changed), _FIELDS)
        yield Hint(text, tells=(lines, "price"), back=back)


def is_priced(line: Mapping[str, object]) -> bool:
    """Whether a line has a price that could be another: a gift has none, and a typed amount decides its own."""
    return bool(line.get("product")) and line.get("price") is not None and not line.get("is_gift")
