"""rate: percent × 10⁴."""

from dataclasses import dataclass
from typing import ClassVar

from .integer import Int


@dataclass(frozen=True, kw_only=True)
class Rate(Int):
    """Percent × 10⁴ (13 % = 130000)."""

    type: ClassVar[str] = "rate"
    scale: ClassVar[int] = 4
    unit: ClassVar[str] = "%"
