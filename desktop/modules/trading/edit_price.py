"""Right `edit_price` (0.6): who has it not sells and offers at the prices there are, and gives back what was paid."""

from collections.abc import Iterator, Mapping
from typing import Any

from ...engine.documents.declare import Asking, Columns, Posting, Wrong
from ...engine.fields.moment import today
from .amounts import line_amount
from .carried import due, is_due, linked, links, price_of
from .choices import SOLD
from .offer import LastLine, Offer, sale_offers
from .papers import as_typed, newest_price
from .paying import rounded_off
from .refusal import shown_qty, yuan
from .rounding import WHOLE_RATE
from .settings import LAST_PRICE_DAYS, ROUNDING, USE_LAST_PRICE, WRITE_OFF_LIMIT

_PRICED = ("product", "unit_row", "price", "discount_rate", "typed_amount")
_RIGHT = "要有「改单价和优惠」的权限"


def offers_to(
    header: Columns, line: Columns, last: LastLine | None, day: str, asking: Asking
) -> Iterator[Offer]:  # fmt: skip
    """The prices there are of a product for a customer, the one that is offered first (T18)."""
    product = asking.look("product", str(line["product"]))
    if product is None:
        return
    unit = asking.look("product_unit", str(line["unit_row"])) if line.get("unit_row") else None
    customer = asking.look("customer", str(header["customer"])) if header.get("customer") else None
    slot = int(customer["price_level"]) if customer and customer["price_level"] else None
    days = asking.settings[LAST_PRICE_DAYS]
    yield from sale_offers(product, unit, slot=slot, last=last, doc_on=day, last_days=days)


def rate_of(header: Columns, asking: Asking) -> int:
    """默认折扣% of a customer: it goes with all prices but the last one, which has its discount taken off. Nobody gives
    everything away: 0 is none."""
    customer = asking.look("customer", str(header["customer"])) if header.get("customer") else None
    return int((customer and customer["discount_rate"]) or WHOLE_RATE)


def not_typed(posting: Posting, lines: str) -> Iterator[Wrong]:
    """Nothing for who has the right, and for who has typed no price as he sees none."""
    if not (posting.rights("edit_price") or posting.is_blind):
        yield from _typed_prices(posting, lines)
        yield from _given_back(posting, lines)
        yield from _given_away(posting, lines)


def _typed_prices(posting: Posting, lines: str) -> Iterator[Wrong]:
    """A price other than offered. What a change leaves as it was is not asked again."""
    before = {str(line["id"]): line for line in posting.old.lines} if posting.old else {}
    for place, line in enumerate(posting.sheet.lines):
        old = before.get(str(line["id"]))
        if line.get("price") is None or (old and all(old.get(name) == line.get(name) for name in _PRICED)):
            continue
        offered = dict.fromkeys(_offered(posting, line, lines))
        if offered and not _is_offered(line, offered) and not _is_carried(posting, place, lines):
            bare = f"单价和折扣要与带出的一样，改单价{_RIGHT}"
            prices = "、".join(_priced(*one) for one in offered)
            yield Wrong(f"带出的单价是 {prices}，改单价或折扣{_RIGHT}", "price", place, bare=bare)


def _priced(price: int, rate: int) -> str:
    return shown_qty(price) + ("" if rate == WHOLE_RATE else f"（折扣 {shown_qty(rate)}%）")


def _is_offered(line: Columns, offered: Mapping[tuple[int, int], None]) -> bool:
    """Whether a line costs what it may, a typed amount included: of many pieces it says more than their price."""
    rate = WHOLE_RATE if line.get("discount_rate") is None else int(str(line["discount_rate"]))
    typed, plain = line.get("typed_amount"), line_amount({**line, "is_amount_typed": False})
    return (int(str(line["price"])), rate) in offered and (typed is None or is_due(int(typed), plain))


def _is_carried(posting: Posting, place: int, lines: str) -> bool:
    """Whether a line costs its part of an amount that was agreed on where it comes from."""
    wanted = due(posting.sheet.lines, place, lines, posting.id, posting.asking)
    return wanted is not None and is_due(line_amount(as_typed([posting.sheet.lines[place]])[0]), wanted)


def _offered(posting: Posting, line: Columns, lines: str) -> Iterator[tuple[int, int]]:
    """Price and discount rate: of what the line comes from, else the prices there are for this customer."""
    asking, header = posting.asking, posting.sheet.header
    rows = [row for _, row in linked(line, lines, asking)]
    for row in rows:
        if (price := price_of(row, line)) is not None:
            yield price, int(row["discount_rate"] or 0)
    if not rows:
        is_asked = asking.settings[USE_LAST_PRICE]
        last = newest_price(asking, "sale_line", "customer", header, line, SOLD) if is_asked else None
        day = str(header.get("doc_on") or today())
        own = rate_of(header, asking)
        for one in offers_to(header, line, last, day, asking):
            if one.source != "last":
                yield one.price, own
            yield one.price, WHOLE_RATE  # nobody needs a right for giving nothing away


def _given_back(posting: Posting, lines: str) -> Iterator[Wrong]:
    """S3: a return is worth what was paid, 整单优惠 taken off."""
    before = {str(line["id"]): int(str(line["net_amount"] or 0)) for line in posting.old.lines} if posting.old else {}
    for place, line in enumerate(posting.sheet.lines):
        net = int(str(line.get("net_amount") or 0))
        most = due(posting.sheet.lines, place, lines, posting.id, posting.asking) if line.get("origin_line") else None
        if most is not None and net > most and not is_due(net, most) and net > before.get(str(line["id"]), 0):
            text = f"这一行当时扣除整单优惠收了 {yuan(most)}，退得更多{_RIGHT}"
            yield Wrong(text, "price", place, bare=f"退的不能超过当时收的，退得更多{_RIGHT}")


def _given_away(posting: Posting, lines: str) -> Iterator[Wrong]:
    """T10: 抹零 and 整单优惠 beyond the limit, and beyond what an order, a quote or rounding gave, need the same
    right."""
    header, old = posting.sheet.header, posting.old.header if posting.old else {}
    limit = posting.asking.settings[WRITE_OFF_LIMIT]
    rounded = rounded_off(header, posting.asking.settings[ROUNDING])
    granted = {"discount_amount": _granted(posting, lines), "write_off_amount": rounded}
    for name, label in (("discount_amount", "整单优惠"), ("write_off_amount", "抹零")):
        most = max(granted[name] + limit, _int(old, name))
        if _int(header, name) > most:
            bare = f"{label}超过上限，{_RIGHT}"
            yield Wrong(f"{label}最多 {yuan(most)}，更多{_RIGHT}", name, bare=bare)


def _granted(posting: Posting, lines: str) -> int:
    """The discounts of the orders and quotes that a sheet comes from."""
    found: dict[str, int] = {}
    for line in posting.sheet.lines:
        for name, row in linked(line, lines, posting.asking):
            module = links(lines)[name].removesuffix("_line")
            if paper := posting.asking.look(module, str(row["document"])):
                found[str(paper["id"])] = _int(paper, "discount_amount")
    return sum(found.values())


def _int(header: Mapping[str, Any], name: str) -> int:
    return int(header.get(name) or 0)
