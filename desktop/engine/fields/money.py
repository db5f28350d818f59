"""money: integer 分."""

from dataclasses import dataclass
from typing import ClassVar

from .integer import Int


@dataclass(frozen=True, kw_only=True)
class Money(Int):
    """Integer 分."""

    decimals: int = 2
    type: ClassVar[str] = "money"
    scale: ClassVar[int] = 2
    default_width: ClassVar[int] = 110
