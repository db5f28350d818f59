"""serial: a number drawn from a series at the first save (T19)."""

from dataclasses import dataclass
from typing import ClassVar

from .base import Column
from .text import Text


@dataclass(frozen=True, kw_only=True)
class Serial(Text):
    """A number from a series (T19), drawn at the first save. Typed numbers are not accepted."""

    prefix: str = ""
    max_length: int = 40
    readonly: bool = True
    search: bool = True
    index: bool = True
    type: ClassVar[str] = "serial"
    default_width: ClassVar[int] = 110

    def columns(self, name: str) -> tuple[Column, ...]:
        return (Column(name, "TEXT", name),)
