"""bool: 0 or 1 in the table, true or false outside."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from .base import CHOICE_OPERATORS, Cell, Columns, Field, FieldError, Sql, Value, Where

_WRITTEN = dict.fromkeys(("y", "yes", "t", "√", "✓", "✔", "有", "对", "真"), True) | dict.fromkeys(
    ("n", "no", "f", "×", "✗", "✘", "x", "无", "错", "假", "不", "-"), False
)
"""What people write in a spreadsheet besides."""
_WORDS = {"是": True, "否": False, "1": True, "0": False, "true": True, "false": False}


@dataclass(frozen=True, kw_only=True)
class Bool(Field):
    """Yes or no; never blank: a new record without a value says no."""

    default: Value = False
    type: ClassVar[str] = "bool"
    operators: ClassVar[tuple[str, ...]] = CHOICE_OPERATORS
    align: ClassVar[str] = "center"
    default_width: ClassVar[int] = 64
    sql_type: ClassVar[str] = "INTEGER"

    def parse(self, raw: Value) -> Value:
        if raw is None or isinstance(raw, bool):
            return bool(raw)
        if isinstance(raw, str | int) and str(raw).strip().lower() in _WORDS:
            return _WORDS[str(raw).strip().lower()]
        raise FieldError(f"「{self.label}」应是 是 或 否")

    def read(self, cell: Cell) -> Value:
        return self.parse(_WRITTEN.get(cell.strip().lower(), cell) if isinstance(cell, str) else cell)

    def store(self, name: str, value: Value) -> Columns:
        return {name: int(bool(value))}

    def load(self, name: str, row: Mapping[str, Any]) -> Value:
        return bool(row[name])

    def is_empty(self, where: Where) -> Sql:
        return Sql(f"COALESCE({where.column}, 0) = 0")

    def compare(self, op: str, raw: Value, where: Where) -> Sql:
        wanted = self.parse(raw) if op == "eq" else not self.parse(raw)
        return Sql(f"COALESCE({where.column}, 0) = ?", (int(wanted),))

    def format(self, value: Value, labels: Mapping[str, str]) -> str:
        return "" if value is None else "是" if value else "否"

    def search_text(self, value: Value) -> str:
        return ""
