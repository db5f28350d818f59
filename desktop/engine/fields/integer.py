"""int: a whole number; the base of the scaled decimals, which are integers all the way, never floats."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, ClassVar

from .base import Cell, Field, FieldError, Sql, Value, Where

INTEGER_MAX = 2**53 - 1
"""Beyond it JavaScript rounds; 90 trillion 元 is enough."""


_NUMBER = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d{1,20})(?:\.\d{0,20})?|[+-]?\.\d{1,20}")


def _written(text: str, unit: str) -> Decimal | None:
    """The number a text writes: with thousands, a currency, the field's own unit, or in brackets when below zero."""
    bare = unicodedata.normalize("NFKC", text).replace("−", "-").strip()
    if bare.startswith("(") and bare.endswith(")"):
        bare = f"-{bare[1:-1]}"
    bare = "".join(bare.strip("¥$元").removesuffix(unit).split())
    return Decimal(bare.replace(",", "")) if _NUMBER.fullmatch(bare) else None


@dataclass(frozen=True, kw_only=True)
class Int(Field):
    """A whole number."""

    min: int | None = None
    max: int | None = None
    decimals: int = 0
    """Digits after the point that are always shown; more only where the value has them."""

    type: ClassVar[str] = "int"
    align: ClassVar[str] = "right"
    default_width: ClassVar[int] = 80
    sql_type: ClassVar[str] = "INTEGER"
    scale: ClassVar[int] = 0
    unit: ClassVar[str] = ""

    def parse(self, raw: Value) -> Value:
        if raw is None or raw == "":
            return None
        if isinstance(raw, str) and re.fullmatch(r"-?[0-9]{1,20}", raw.strip()):
            raw = int(raw)
        if isinstance(raw, bool) or not isinstance(raw, int):
            raise FieldError(f"「{self.label}」应是数字")
        if self.min is not None and raw < self.min:
            raise FieldError(f"「{self.label}」不能小于 {self.format(self.min, {})}")
        if self.max is not None and raw > self.max:
            raise FieldError(f"「{self.label}」不能大于 {self.format(self.max, {})}")
        if raw > INTEGER_MAX:
            raise FieldError(f"「{self.label}」太大，最多 {self.format(INTEGER_MAX, {})}")
        if raw < -INTEGER_MAX:
            raise FieldError(f"「{self.label}」太小，最少 {self.format(-INTEGER_MAX, {})}")
        return raw

    def read(self, cell: Cell) -> Value:
        """In units people know, as a spreadsheet has it."""
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            return None
        number = _written(cell, self.unit) if isinstance(cell, str) else None
        if isinstance(cell, int | Decimal) and not isinstance(cell, bool):
            number = Decimal(cell)
        if number is None:
            raise FieldError(f"「{self.label}」应是数字")
        scaled = number.scaleb(self.scale)
        if scaled != int(scaled):
            raise FieldError(f"「{self.label}」最多 {self.scale} 位小数" if self.scale else f"「{self.label}」应是整数")
        return self.parse(int(scaled))

    def compare(self, op: str, raw: Value, where: Where) -> Sql:
        """Limits are for what is kept, not for what is looked for: lists show what came back with a minus."""
        if self.min is None and self.max is None:
            return super().compare(op, raw, where)
        return replace(self, min=None, max=None).compare(op, raw, where)

    def format(self, value: Value, labels: Mapping[str, str]) -> str:
        """Thousands by comma, minus as U+2212."""
        if value is None:
            return ""
        text = f"{abs(self.decimal(value)):,f}{self.unit}"
        return f"−{text}" if value < 0 else text

    def decimal(self, value: int) -> Decimal:
        """The value in units people know, with its shown decimals."""
        exact = Decimal(value).scaleb(-self.scale)
        shown = exact.quantize(Decimal(1).scaleb(-self.decimals))
        return shown if shown == exact else exact.normalize()

    def export(self, value: Value, labels: Mapping[str, str]) -> object:
        return None if value is None else self.decimal(value)

    def search_text(self, value: Value) -> str:
        return ""

    def describe(self, name: str) -> dict[str, Any]:
        limits = {"min": self.min, "max": self.max}
        return {"decimals": self.decimals} | {key: limit for key, limit in limits.items() if limit is not None}
