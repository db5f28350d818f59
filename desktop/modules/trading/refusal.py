"""What a trade rule refuses, and where on the form."""

from dataclasses import dataclass


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


def shown_qty(qty: int) -> str:
    """A quantity (× 10⁴) in a message: 25000 → 2.5."""
    whole, part = divmod(abs(qty), 10_000)
    digits = f"{part:04d}".rstrip("0")
    return f"{'-' if qty < 0 else ''}{whole:,}{'.' + digits if digits else ''}"
