"""date: a local calendar day."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from .base import Cell, Field, FieldError, Value
from .moment import serial_day, written_day


@dataclass(frozen=True, kw_only=True)
class Date(Field):
    """A day, stored `YYYY-MM-DD`. The default may be "today"."""

    for_good: bool = False
    """A day that is very far off is meant so: until further notice."""

    type: ClassVar[str] = "date"
    default_width: ClassVar[int] = 88

    def parse(self, raw: Value) -> Value:
        if raw is None or raw == "":
            return None
        if not isinstance(raw, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", raw.strip()):
            raise FieldError(f"「{self.label}」写成 2026-11-23 的样子")
        try:
            day = date.fromisoformat(raw.strip())
        except ValueError:
            raise FieldError(f"「{self.label}」没有这一天") from None
        if day.year < 1900:
            raise FieldError(f"「{self.label}」太早")
        return day.isoformat()

    def read(self, cell: Cell) -> Value:
        """By day; a time beside it is left out."""
        if isinstance(cell, date):
            return self.parse(cell.strftime("%Y-%m-%d"))
        if isinstance(cell, str) and not cell.strip():
            return None
        found = written_day(cell) if isinstance(cell, str) else None
        if isinstance(cell, int | Decimal) and not isinstance(cell, bool):
            found = serial_day(Decimal(cell))
        if found is None and cell is not None:
            raise FieldError(f"「{self.label}」写成 2026-11-23、2026/11/23 或 2026年11月23日 都可以")
        return self.parse(found and found[0])

    def export(self, value: Value, labels: Mapping[str, str]) -> object:
        return None if value is None else date.fromisoformat(value)
