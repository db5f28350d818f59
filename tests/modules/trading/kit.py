"""Numbers as people write them, for the golden examples of modules.md."""

from __future__ import annotations

from decimal import Decimal
from typing import Any


def n4(value: str | int) -> int:
    """A quantity, price, ratio or rate × 10⁴."""
    return _scaled(value, 4)


def fen(value: str | int) -> int:
    """元 in 分."""
    return _scaled(value, 2)


def line(qty: str | int, price: str | int | None, **values: Any) -> dict[str, Any]:
    """A document line as a draft has it."""
    return {"qty": n4(qty), "price": None if price is None else n4(price)} | values


def _scaled(value: str | int, places: int) -> int:
    exact = Decimal(value).scaleb(places)
    assert exact == int(exact), f"{value} has more than {places} places"
    return int(exact)
