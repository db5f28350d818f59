"""longtext: text of several lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from .base import Value
from .text import Text


@dataclass(frozen=True, kw_only=True)
class LongText(Text):
    """Text of several lines."""

    max_length: int = 20_000
    type: ClassVar[str] = "longtext"
    operators: ClassVar[tuple[str, ...]] = ("contains", "not_contains", "like", "empty", "not_empty")
    default_width: ClassVar[int] = 200
    multiline: ClassVar[bool] = True

    def format(self, value: Value, labels: Mapping[str, str]) -> str:
        """On one line; a spreadsheet gets the lines as they are."""
        return "" if value is None else " ".join(value.split())

    def export(self, value: Value, labels: Mapping[str, str]) -> object:
        return value
