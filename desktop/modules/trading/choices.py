"""The prices that a line may have, to choose among them: what the party paid last, and the reference prices."""

from collections.abc import Iterator, Sequence
from typing import Any

from ...engine.documents.declare import Asking, Choice, Columns
from .amounts import unit_price
from .papers import newest_price
from .product import SLOTS
from .rounding import TEN_THOUSAND
from .stock import reference_price

SOLD = ("sale", "retail")


def sale_choices(header: Columns, line: Columns, asking: Asking) -> Iterator[Choice]:
    """The last price to this customer, then the four reference prices, for the unit of the line."""
    yield from _last(asking, "sale_line", "customer", header, line, SOLD)
    product, unit = asking.look("product", str(line["product"])), _unit(line, asking)
    for name in SLOTS if product else ():
        assert product is not None
        price = unit_price(product[name], _ratio(unit), unit[name] if unit else None)
        if price is not None:
            yield Choice(price, field=name)


def purchase_choices(header: Columns, line: Columns, asking: Asking) -> Iterator[Choice]:
    """The last price from this supplier, what he offers, and the reference price."""
    yield from _last(asking, "purchase_line", "supplier", header, line, ("purchase",))
    unit = _unit(line, asking)
    about = {"product": line["product"], "supplier": header.get("supplier")}
    rows, own = asking.find("product_supplier", about) if header.get("supplier") else [], line["product"]
    for row in sorted(rows, key=lambda row: row["product"] != asking.meant("product", own)):
        price = None if row["price"] is None else unit_price(int(row["price"]), _ratio(unit))
        if price is not None:
            yield Choice(price, "purchase_price", "供货价", str(row["supplier_code"] or ""))
    listed = unit_price(reference_price(asking, str(line["product"])), _ratio(unit))
    if listed is not None:
        yield Choice(listed, field="purchase_price")


def _last(
    asking: Asking, lines: str, party: str, header: Columns, line: Columns, kinds: Sequence[str]
) -> Iterator[Choice]:  # fmt: skip
    found = newest_price(asking, lines, party, header, line, kinds)
    if found and found.net is not None:
        note = f"{found.doc_on} 折后价" if found.words else found.doc_on
        yield Choice(found.net, label="上次价", note=note)


def _unit(line: Columns, asking: Asking) -> Any:
    return asking.look("product_unit", str(line["unit_row"])) if line.get("unit_row") else None


def _ratio(unit: Any) -> int:
    return int(unit["ratio"]) if unit else TEN_THOUSAND
