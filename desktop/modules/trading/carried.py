"""What a line takes over from the one it gives back, delivers or was offered in (T1–T3, T16, S3, Q1): one rule."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...engine.documents.declare import Asking, Columns
from .amounts import line_amount
from .papers import as_typed, base_of, in_base_units, sum_of
from .rounding import TEN_THOUSAND, divided
from .same import is_same

Row = Mapping[str, Any]
_CENT = 1


def links(lines: str) -> dict[str, str]:
    """Fields by which lines of a module point at others → the module of those; the first one says what a line is."""
    quoted = {"quote_line": "quote_line"} if lines == "sale_line" else {}
    return {"origin_line": lines, "order_line": lines, **quoted}


def linked(line: Columns, lines: str, asking: Asking) -> Iterator[tuple[str, Row]]:
    """The rows that a line points at, of the same product, with the field that does."""
    for name, module in links(lines).items():
        row = asking.look(module, str(line[name])) if line.get(name) else None
        if row and is_same(asking, "product", row["product"], line.get("product")):
            yield name, row


def basis_of(lines: Sequence[Columns], module: str, asking: Asking) -> str | None:
    """Whether prices contain the tax where lines come from: what was agreed there means the same here."""
    for line in lines:
        for name, row in linked(line, module, asking):
            paper = asking.look(links(module)[name].removesuffix("_line"), str(row["document"]))
            if paper:
                return str(paper["tax_basis"] or "included")
    return None


def price_of(row: Row, line: Columns) -> int | None:
    """The price of a row, for the unit of a line that comes from it."""
    if row["price"] is None or row["unit_row"] == line.get("unit_row"):
        return row["price"]  # type: ignore[no-any-return]
    return divided(int(row["price"]) * TEN_THOUSAND, int(row["ratio"] or TEN_THOUSAND))


def part_of(amount: int, whole: int, done: int, taken: int) -> int:
    """Of an amount for a whole quantity what falls to the next `taken` of it after `done`: parts that make up the whole
    make up the amount, to the 分."""
    return divided(amount * (done + taken), whole) - divided(amount * done, whole) if whole else 0


def due(lines: Sequence[Columns], place: int, module: str, document: str, asking: Asking) -> int | None:
    """What a line comes to by the row it comes from: given back, what was paid for it after the whole discount (T2);
    else its part of an amount that somebody typed (T1). None: quantity and price say it."""
    for name, row in linked(lines[place], module, asking):
        if name != "origin_line" and row["typed_amount"] is None:
            return None
        amount = int(row["net_amount" if name == "origin_line" else "amount"] or 0)
        qty = _base(lines[place])
        before = sum(_base(line) for line in lines[:place] if line.get(name) == row["id"])
        done = _done(name, str(row["id"]), module, document, asking) + before
        return part_of(amount, int(row["base_qty"] or 0), done, qty)
    return None


def _base(line: Columns) -> int:
    return base_of(in_base_units([line])[0])


def _done(name: str, id: str, module: str, document: str, asking: Asking) -> int:
    """What other documents took of a row; of an order without what came back to be delivered again."""
    rows = asking.find(module, {name: id, "state": "posted"})
    others = [row for row in rows if row["document"] != document]
    return sum_of(others, "signed_qty" if name == "order_line" else "base_qty")


def carry(lines: Sequence[Columns], place: int, module: str, document: str, asking: Asking) -> None:
    """Gives a line the amount that is due, where its quantity and the price it comes with do not say the same."""
    line, amount = lines[place], due(lines, place, module, document, asking)
    if amount is None:
        return
    _, row = next(linked(line, module, asking))
    line["price"], line["typed_amount"] = price_of(row, line), None
    if amount != line_amount(as_typed([line])[0]):
        line["typed_amount"] = amount


def is_due(amount: int, wanted: int) -> bool:
    """Whether an amount is the one that is due; where others took their parts in another order it may be a 分 off."""
    return abs(amount - wanted) <= _CENT
