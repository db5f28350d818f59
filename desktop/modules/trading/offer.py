"""T18: the price offered for a line, and where it came from. Prices × 10⁴, per unit of the line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from .amounts import unit_price
from .refusal import shown_qty
from .rounding import PRICED, TEN_THOUSAND, WHOLE_RATE, divided

Row = Mapping[str, Any]
Source = Literal["last", "level", "list"]
"""上次价, 级别价, 标价: values of `price_source`."""

LIST_SLOT = "price_1"


@dataclass(frozen=True)
class LastLine:
    """The newest posted line of the same party, product, unit and direction (returns left out)."""

    price: int | None
    doc_on: str
    discount_rate: int = WHOLE_RATE

    @property
    def net(self) -> int | None:
        """What was really asked: its discount taken off."""
        return None if self.price is None else divided(self.price * self.discount_rate, WHOLE_RATE)

    @property
    def words(self) -> str:
        """How the net price came about; "" without a discount."""
        if not self.price or self.discount_rate == WHOLE_RATE:
            return ""
        return f"{shown_qty(self.price)} 的 {shown_qty(self.discount_rate)}%"


@dataclass(frozen=True)
class Offer:
    price: int
    source: Source


def sale_offer(
    product: Row, unit: Row | None, *, slot: int | None, last: LastLine | None, doc_on: str, last_days: int
) -> Offer | None:
    """The first of: last price, the customer's slot (1–4), the list price; None leaves the price blank.

    `product` has price_1…4, `unit` (a product_unit, None = base unit) its ratio and its own ones. `last` is None
    where `price.use_last` is off.
    """
    return next(sale_offers(product, unit, slot=slot, last=last, doc_on=doc_on, last_days=last_days), None)


def sale_offers(
    product: Row, unit: Row | None, *, slot: int | None, last: LastLine | None, doc_on: str, last_days: int
) -> Iterator[Offer]:
    """All that `sale_offer` takes the first of: whoever may not type prices chooses among them."""
    level = None if slot is None else f"price_{slot}"
    return _sale_offers(product, unit, level, _fresh(last, doc_on, last_days))


def purchase_offer(
    base_price: int | None, ratio: int, own_price: int | None, *, last: LastLine | None, doc_on: str, last_days: int
) -> Offer | None:
    """Last price, else the product's purchase price: its own for this unit, or the base unit's × ratio."""
    if (price := _fresh(last, doc_on, last_days)) is not None:
        return Offer(price, "last")
    price = unit_price(base_price, ratio, own_price)
    return None if price is None else Offer(price, "list")


def rate_along(rate: object, own: int, *, is_net: bool, is_fresh: bool, was: object = None) -> int | None:
    """The discount that goes with an offered price: the customer's `own`, but for the last price, which has its
    discount taken off. Another one that stands on a line stays, unless its product `is_fresh`; None: it stays. `was`
    is where the price before came from: what did not come along with it was typed, a whole price (100) as well."""
    came = {"last": (WHOLE_RATE,), "level": (own,), "list": (own,)}.get(str(was), (WHOLE_RATE, own))
    if not is_fresh and rate is not None and rate not in came:
        return None
    return WHOLE_RATE if is_net else own


def is_below_minimum(net_amount: int, base_qty: int, min_price: int | None) -> bool:
    """Whether a line, after its discount and share, sells a base unit below `min_price`: needs `below_min_price`."""
    return min_price is not None and net_amount * PRICED < min_price * base_qty


def _sale_offers(product: Row, unit: Row | None, level: str | None, last: int | None) -> Iterator[Offer]:
    if last is not None:
        yield Offer(last, "last")
    slots: tuple[tuple[str | None, Source], ...] = ((level, "level"), (LIST_SLOT, "list"))
    for name, source in slots:
        price = _slot(product, unit, name) if name else None
        if price is not None:
            yield Offer(price, source)


def _slot(product: Row, unit: Row | None, name: str) -> int | None:
    if unit is None:
        return unit_price(product[name], TEN_THOUSAND)
    return unit_price(product[name], unit["ratio"], unit[name])


def _fresh(last: LastLine | None, doc_on: str, last_days: int) -> int | None:
    """The last price, net of its discount, if it is not older than `price.last_days`."""
    if last is None or (date.fromisoformat(doc_on) - date.fromisoformat(last.doc_on)).days > last_days:
        return None
    return last.net
