"""What a trade rule refuses, and where on the form."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .rounding import TEN_THOUSAND


@dataclass(frozen=True)
class Refusal:
    """`code` for programs, `message` for people, `field` as modules.md names it; `line` is the id of its line."""

    code: str
    message: str
    field: str
    line: str | None = None
    bare: str = ""
    """The message without amounts, for whom sees none."""


def yuan(amount: int) -> str:
    """分 as 元 in a message: 123456 → 1234.56."""
    return f"{'-' if amount < 0 else ''}{abs(amount) // 100}.{abs(amount) % 100:02d}"


def shown_in(qty: int, line: Mapping[str, Any]) -> str:
    """Base units (× 10⁴) as a line counts them: in its unit, which is named where it is not the base unit."""
    ratio = int(line.get("ratio") or TEN_THOUSAND)
    if ratio == TEN_THOUSAND:
        return shown_qty(qty)
    return f"{shown_qty(qty * TEN_THOUSAND // ratio)} {line.get('unit_name') or ''}".rstrip()


def shown_qty(qty: int) -> str:
    """A quantity (× 10⁴) in a message: 25000 → 2.5."""
    whole, part = divmod(abs(qty), 10_000)
    digits = f"{part:04d}".rstrip("0")
    return f"{'-' if qty < 0 else ''}{whole:,}{'.' + digits if digits else ''}"
