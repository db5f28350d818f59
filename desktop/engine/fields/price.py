"""price: value × 10⁴ per unit of the line."""

from dataclasses import dataclass
from typing import ClassVar

from .integer import Int


@dataclass(frozen=True, kw_only=True)
class Price(Int):
    """Value × 10⁴, per unit of the line."""

    decimals: int = 2
    type: ClassVar[str] = "price"
    scale: ClassVar[int] = 4
