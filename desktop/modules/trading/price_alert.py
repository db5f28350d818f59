"""B8: a purchase price that is far from the last one is marked (`purchase.price_alert`)."""

from collections.abc import Iterator

from ...engine.documents.declare import Asking, Columns, Hint
from .refusal import shown_qty
from .rounding import TEN_THOUSAND, WHOLE_RATE, divided
from .settings import PRICE_ALERT

_TOLD = ("purchase_line", "price")


def price_hints(line: Columns, place: int, document: str, asking: Asking) -> Iterator[Hint]:
    """The last price of the line somebody is at, where the new one is far from it; the line keeps it."""
    limit, price = asking.settings[PRICE_ALERT], line.get("price")
    line["last_price"] = last_price(line, document, asking) if price is not None else None
    if not limit or not price or not line["last_price"]:
        return
    last = int(line["last_price"])
    by = divided((int(price) - last) * WHOLE_RATE, last)
    if abs(by) > limit:
        words = "高" if by > 0 else "低"
        yield Hint(
            f"上次进价 {shown_qty(last)}，这次{words} {shown_qty(_tenths(abs(by)))}%",
            "price",
            place,
            "warn",
            tells=_TOLD,
        )


def last_price(line: Columns, document: str, asking: Asking) -> int | None:
    """The price of the newest purchase of a product, from whomever, in the unit of the line."""
    about = {"product": line["product"], "state": "posted", "doc_type": "purchase"}
    found = asking.newest("purchase_line", about)
    newest = next((row for row in found if row["price"] and row["document"] != document), None)
    if newest is None:
        return None
    ratios = int(line.get("ratio") or TEN_THOUSAND), int(newest["ratio"] or TEN_THOUSAND)
    return divided(int(newest["price"] or 0) * ratios[0], ratios[1])


def _tenths(rate: int) -> int:
    return divided(rate, 1_000) * 1_000
