"""quantity: value × 10⁴."""

from dataclasses import dataclass
from typing import ClassVar

from .integer import Int


@dataclass(frozen=True, kw_only=True)
class Quantity(Int):
    """Value × 10⁴."""

    type: ClassVar[str] = "quantity"
    scale: ClassVar[int] = 4
