"""Filling a sheet from another document: 查询订货, 查询原单, 形成销货单 (T16, B2, S3, Q1)."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ...engine.documents.declare import Asking, Columns, Sheet, Source, Wanted
from .amounts import line_amount
from .deposits import advance_of, left_of
from .orders import OPEN_ORDERS, delivery_line, offered_discount
from .papers import returned_before, sum_of
from .paying import deposit_offered

_OFFERED_MAX = 2_000


def from_order(module: str, party: str, kinds: tuple[str, ...]) -> Source:
    """查询订货: what is still to come of an order."""
    return Source(
        name="order", label="查询订货", module=module, kinds=kinds, columns="number doc_on total progress deliver_on",
        offers=_open_orders(module, party), take=_delivered_from(module, party),
        turns="转销货" if module == "sale" else "转进货", turning=("order",),
    )  # fmt: skip


def _open_orders(module: str, party: str) -> Callable[[Columns, Asking], Iterable[Columns]]:
    def offers(header: Columns, asking: Asking) -> Iterable[Columns]:
        about: dict[str, Wanted] = {"state": "posted", "doc_type": "order", "progress": OPEN_ORDERS}
        return asking.find(module, about | {party: header[party]})[:_OFFERED_MAX] if header.get(party) else []

    return offers


def _delivered_from(module: str, party: str) -> Callable[[Sheet, str, Asking], Sheet]:
    lines_module = f"{module}_line"

    def take(sheet: Sheet, id: str, asking: Asking) -> Sheet:
        order = asking.find(module, {"id": id})[0]
        known = {line.get("order_line") for line in sheet.lines}
        fresh = []
        for line in _lines_of(asking, lines_module, id):
            rows = asking.find("order_balance", {"order_module": module, "order_line": line["id"]})
            remaining = sum_of(rows, "remaining")
            if remaining > 0 and line["id"] not in known:
                fresh.append(_blank(delivery_line(line, remaining), "order"))
        header = sheet.header | {party: order[party], "warehouse": order["warehouse"] or sheet.header.get("warehouse")}
        filled = Sheet(header, [*_typed(sheet.lines), *fresh])
        return Sheet(filled.header | _rest_of(module, order, fresh, asking), filled.lines)

    return take


def _rest_of(module: str, order: Columns, lines: Sequence[Columns], asking: Asking) -> Columns:
    """The order's discount that is left, and its deposit (T11)."""
    about: dict[str, Wanted] = {"order": order["id"], "state": "posted", "doc_type": module}
    rows = asking.find(f"{module}_line", about)
    before = [asking.find(module, {"id": id})[0] for id in sorted({str(row["document"]) for row in rows})]
    amount = sum(line_amount(line) for line in lines)
    whole = sum_of(_lines_of(asking, f"{module}_line", str(order["id"])), "amount")
    done = sum_of(rows, "amount")
    discount = offered_discount(
        int(order["discount_amount"] or 0), whole, given=sum_of(before, "discount_amount"), amount=amount,
        is_last=done + amount >= whole,
    )  # fmt: skip
    left: Columns = {"discount_amount": discount or None}
    if module == "sale":
        deposit = min(left_of(asking, module, order["id"]), advance_of(asking, "customer", order["customer"]))
        left["advance_used"] = deposit_offered(deposit, 0, amount - discount) or None
    return left


def from_origin(module: str, party: str) -> Source:
    """查询原单: a return goes back on what was sold or bought."""
    lines_module = f"{module}_line"
    done = ("sale", "retail") if module == "sale" else ("purchase",)

    def offers(header: Columns, asking: Asking) -> Iterable[Columns]:
        about: dict[str, Wanted] = {"state": "posted", "doc_type": done}
        return asking.find(module, about | {party: header[party]})[:_OFFERED_MAX] if header.get(party) else []

    def take(sheet: Sheet, id: str, asking: Asking) -> Sheet:
        origin = asking.find(module, {"id": id})[0]
        known = {line.get("origin_line") for line in sheet.lines}
        fresh = []
        for line in _lines_of(asking, lines_module, id):
            left = int(line["base_qty"] or 0) - returned_before(asking, lines_module, "", {"origin_line": line["id"]})
            if left > 0 and line["id"] not in known:
                copied = delivery_line(line, left)
                copied["origin_line"] = copied.pop("order_line")
                fresh.append(_blank(copied | {"warehouse": line["warehouse"]}, "order"))
        header = sheet.header | {party: origin[party], "warehouse": origin["warehouse"]}
        return Sheet(header, [*_typed(sheet.lines), *fresh])

    return Source(
        name="origin", label="查询原单", module=module, kinds=("return",), columns="number doc_on doc_type total",
        offers=offers, take=take, turns="退货", turning=done,
    )  # fmt: skip


def from_quote() -> Source:
    """形成销货单: what was offered and not sold yet (Q1)."""

    def offers(header: Columns, asking: Asking) -> Iterable[Columns]:
        about: dict[str, Wanted] = {"state": "posted", "result": ("open", "won")}
        of = {"customer": header["customer"]} if header.get("customer") else {}
        return asking.find("quote", about | of)[:_OFFERED_MAX]

    def take(sheet: Sheet, id: str, asking: Asking) -> Sheet:
        quote = asking.find("quote", {"id": id})[0]
        known = {line.get("quote_line") for line in sheet.lines}
        fresh = []
        for line in _lines_of(asking, "quote_line", id):
            left = int(line["base_qty"] or 0) - sum_of(sold_of(asking, [str(line["id"])]), "base_qty")
            if left > 0 and line["id"] not in known:
                copied = delivery_line(line, left)
                copied["quote_line"] = copied.pop("order_line")
                fresh.append(_blank(copied, "typed"))
        header = sheet.header | {"customer": quote["customer"], "contact": quote["contact"]}
        typed = int(sheet.header.get("discount_amount") or 0)
        header["discount_amount"] = typed + _discount_of(quote, fresh, asking) or None
        return Sheet(header, [*_typed(sheet.lines), *fresh])

    return Source(
        name="quote", label="从报价单", module="quote", kinds=("sale", "order"), columns="number doc_on subject total",
        offers=offers, take=take, turns="形成销货单",
    )  # fmt: skip


def sold_of(asking: Asking, quote_lines: Sequence[str]) -> list[Columns]:
    """Posted lines that were made of lines of a quote."""
    return asking.find("sale_line", {"quote_line": quote_lines, "state": "posted"})


def _discount_of(quote: Columns, fresh: Sequence[Columns], asking: Asking) -> int:
    """The part of the quote's discount that goes with these lines."""
    lines = _lines_of(asking, "quote_line", str(quote["id"]))
    sold, whole = sold_of(asking, [str(line["id"]) for line in lines]), sum_of(lines, "amount")
    amount = sum(line_amount(line) for line in fresh)
    return offered_discount(
        int(quote["discount_amount"] or 0), whole, given=sum_of(sold, "share_amount"), amount=amount,
        is_last=sum_of(sold, "amount") + amount >= whole,
    )  # fmt: skip


def _lines_of(asking: Asking, module: str, document: str) -> list[Columns]:
    return sorted(asking.find(module, {"document": document}), key=lambda line: int(line["line_no"] or 0))


def _blank(line: dict[str, Any], source: str) -> Columns:
    return {"id": "", "price_source": source, **line}


def _typed(lines: Sequence[Columns]) -> list[Columns]:
    """Lines in which somebody has entered something."""
    return [line for line in lines if line.get("product")]
