"""Amounts of a document: T1 lines, T2 whole-document discount, T3 tax, T4 units, and the shares of fees (T6.8).

Quantities, prices and ratios are integers × 10⁴, rates percent × 10⁴, money 分. A blank is None; a draft may be full
of them. Header and lines are plain mappings with the field names of modules.md; `ratio` of a line is that of its unit.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .refusal import Refusal, yuan
from .rounding import PRICED, TEN_THOUSAND, WHOLE_RATE, divided, shared

Row = Mapping[str, Any]
Step = Literal["fen", "jiao", "yuan"]

_STEPS: dict[Step, int] = {"fen": 1, "jiao": 10, "yuan": 100}


@dataclass(frozen=True)
class Amounts:
    """What follows from a document. `lines` are in the order they were given, each to be merged into its line."""

    header: dict[str, int]
    """goods_amount, tax_amount, total."""
    lines: list[dict[str, int | None]]
    """price, amount, is_amount_typed, list_amount, share_amount, net_amount, tax_amount, gross_amount, ex_tax_amount,
    base_qty. An amount that was typed and cleared again is no longer typed."""


def derive(header: Row, lines: Sequence[Row], *, tax_included: bool) -> Amounts:
    """T1–T4 for any document; `tax_included` is the setting `tax.price_includes`."""
    derived = [_own(line) for line in lines]
    amounts = [line["amount"] for line in derived]
    for line, row, share in zip(derived, lines, _shared(_of(header, "discount_amount"), amounts, lines), strict=True):
        line |= _taxed(line["amount"] - share, _of(row, "tax_rate"), tax_included) | {"share_amount": share}
    gross = sum(line["gross_amount"] for line in derived)
    totals = {
        "goods_amount": sum(line["net_amount"] for line in derived),
        "tax_amount": sum(line["tax_amount"] for line in derived),
        "total": gross + _of(header, "charge_amount"),
    }
    return Amounts(totals, [{**line, "price": _price(row)} for line, row in zip(derived, lines, strict=True)])


def derive_purchase(header: Row, lines: Sequence[Row], *, tax_included: bool) -> Amounts:
    """`derive`, and per line `fee_amount` and `charge_amount`: its shares of the header's (T6.8, `fee_share`).

    A line of unknown cost takes no share: it has no costed unit that could carry it.
    Where no line counts, nothing is shared, as with `none`: the rest is 费用.
    """
    found = derive(header, lines, tax_included=tax_included)
    basis = _FEE_BASES.get(header.get("fee_share") or "amount", _by_amount)
    weights = [0 if line["price"] is None else basis(line) for line in found.lines]
    for name in ("fee_amount", "charge_amount"):
        for line, share in zip(found.lines, _shared(_of(header, name), weights, lines), strict=True):
            line[name] = share
    return found


def discount_refusals(header: Row, lines: Sequence[Row]) -> Iterator[Refusal]:
    """T2: 0 ≤ 整单优惠 ≤ Σ amount. A sum below zero is said at its line."""
    discount = _of(header, "discount_amount")
    most = sum(line_amount(line) for line in lines)
    if discount < 0:
        yield Refusal("discount-negative", "整单优惠不能小于 0", "discount_amount")
    elif discount > max(most, 0):
        yield Refusal(
            "discount-too-large", f"整单优惠最多 {yuan(most)}，等于各行金额之和", "discount_amount",
            bare="整单优惠不能超过各行金额之和",
        )  # fmt: skip


def step_of(step: Step) -> int:
    """The smallest money that is taken (分)."""
    return _STEPS[step]


def small_change(total: int, step: Step) -> int:
    """抹零 (T2): what to take off `total` so that it is whole 元 or 角 (`money.rounding`)."""
    return total % _STEPS[step]


def unit_price(base_price: int | None, ratio: int, own_price: int | None = None) -> int | None:
    """T4: the price of a unit is its own, or the base unit's × ratio (base units in one)."""
    if own_price is not None or base_price is None:
        return own_price
    return divided(base_price * ratio, TEN_THOUSAND)


def _own(line: Row) -> dict[str, int]:
    """What a line says without its document (T1, T4)."""
    qty = _of(line, "qty")
    return {
        "amount": line_amount(line),
        "is_amount_typed": _is_typed(line),
        "list_amount": divided(qty * (_price(line) or 0), PRICED),
        "base_qty": divided(qty * _of(line, "ratio", TEN_THOUSAND), TEN_THOUSAND),
    }


def line_amount(line: Row) -> int:
    """T1: qty × price × discount_rate, or what was typed; 0 while the price is blank."""
    if _is_typed(line):
        return int(line["amount"])
    discounted = _of(line, "qty") * _of(line, "discount_rate", WHOLE_RATE)
    return divided(discounted * _of(line, "price"), PRICED * WHOLE_RATE)


def _price(line: Row) -> int | None:
    """T1: a typed amount decides the price, if there is a quantity to divide it by."""
    discounted = _of(line, "qty") * _of(line, "discount_rate", WHOLE_RATE)
    if not _is_typed(line) or not discounted:
        return line.get("price")
    return divided(line["amount"] * PRICED * WHOLE_RATE, discounted)


def _is_typed(line: Row) -> bool:
    return bool(line.get("is_amount_typed")) and line.get("amount") is not None


def _taxed(net: int, rate: int, included: bool) -> dict[str, int]:
    """T3 of one line."""
    tax = net - divided(net * WHOLE_RATE, WHOLE_RATE + rate) if included else divided(net * rate, WHOLE_RATE)
    gross = net if included else net + tax
    return {"net_amount": net, "tax_amount": tax, "gross_amount": gross, "ex_tax_amount": gross - tax}


def _shared(total: int, weights: Sequence[int], lines: Sequence[Row]) -> list[int]:
    """Shares in the order of `lines`; ties go to the smaller (line_no, id)."""
    order = sorted(range(len(lines)), key=lambda at: (_of(lines[at], "line_no"), lines[at].get("id") or ""))
    shares = shared(total, [weights[at] for at in order])
    return [share for _, share in sorted(zip(order, shares, strict=True))]


def _of(row: Row, name: str, blank: int = 0) -> int:
    value = row.get(name)
    return blank if value is None else int(value)


def _by_amount(line: Mapping[str, int | None]) -> int:
    return line["amount"] or 0


_FEE_BASES: dict[str, Callable[[Mapping[str, int | None]], int]] = {
    "amount": _by_amount,
    "quantity": lambda line: line["base_qty"] or 0,
    "none": lambda line: 0,
}
