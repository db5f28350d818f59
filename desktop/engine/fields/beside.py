"""A price that is kept in a row of its own table beside the record, so that it need not reach every machine.

The row is made by the first price, has an id that follows from the record, and is never deleted: a record that comes
back finds its price again.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from .base import COMPARISONS, Column, Columns, FieldError, Sql, Value, Where
from .price import Price


@dataclass(frozen=True, kw_only=True)
class PriceBeside(Price):
    """`table` is the module beside, `by` its reference to the record, `kept` its column with the price; rows of it
    with something in `but` are about something else."""

    table: str
    by: str
    kept: str
    but: str = ""

    type: ClassVar[str] = "price"

    def columns(self, name: str) -> tuple[Column, ...]:
        return ()

    def store(self, name: str, value: Value) -> Columns:
        return {}

    def those(self, condition: str) -> str:
        """SQL for (record, price) of the rows beside that meet a condition. The plus keeps SQLite from an index on what
        nearly all rows have in common."""
        own = f' AND +"{self.but}" IS NULL' if self.but else ""
        return f'FROM {self.table} WHERE deleted_at IS NULL AND "{self.kept}" {condition}{own}'

    def is_empty(self, where: Where) -> Sql:
        return Sql(f'{where.table}.id NOT IN (SELECT "{self.by}" {self.those("IS NOT NULL")})')

    def compare(self, op: str, raw: Value, where: Where) -> Sql:
        value = self.parse(raw)
        if value is None:
            raise FieldError(f"请填写「{self.label}」要比较的值")
        if op == "ne":
            return Sql(f'{where.table}.id NOT IN (SELECT "{self.by}" {self.those("= ?")})', (value,))
        return Sql(f'{where.table}.id IN (SELECT "{self.by}" {self.those(f"{COMPARISONS[op]} ?")})', (value,))

    def order(self, where: Where) -> str:
        raise FieldError(f"不能按「{self.label}」排序")

    def load(self, name: str, row: Any) -> Value:
        return row.get(name)
