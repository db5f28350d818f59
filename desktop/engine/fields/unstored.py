"""What a row shows and does not keep: `rows.present` works it out when somebody looks."""

from dataclasses import dataclass
from typing import Any, ClassVar

from .base import Column, Columns, Field, FieldError, Value, Where


@dataclass(frozen=True, kw_only=True)
class Unstored(Field):
    """Has no column, so nothing can be sorted or filtered by it."""

    operators: ClassVar[tuple[str, ...]] = ()

    def columns(self, name: str) -> tuple[Column, ...]:
        return ()

    def store(self, name: str, value: Value) -> Columns:
        return {}

    def order(self, where: Where) -> str:
        raise FieldError(f"不能按「{self.label}」排序")

    def load(self, name: str, row: Any) -> Value:
        return row.get(name)
