"""What another field says, until a day goes by: nothing is stored, so that no machine has to write at midnight."""

from dataclasses import dataclass
from typing import Any, ClassVar

from .base import CHOICE_OPERATORS, FieldError, Sql, Value, Where, any_of
from .enumeration import Enum
from .moment import today
from .unstored import Unstored


@dataclass(frozen=True, kw_only=True)
class Lapsed(Unstored, Enum):
    """Shows the value of `of`; the last of the options once the day in `until` is over, of rows that are still as in
    `only` (field → value)."""

    of: str
    until: str
    only: dict[str, str]

    operators: ClassVar[tuple[str, ...]] = CHOICE_OPERATORS
    is_ordered: ClassVar[bool] = True

    def load(self, name: str, row: Any) -> Value:
        is_open = all(row[one] == value for one, value in self.only.items())
        if is_open and row[self.until] and str(row[self.until]) < today():
            return list(self.options)[-1]
        return row[self.of]

    def order(self, where: Where) -> str:
        """As SQL; what stands in it was declared, or is a day."""
        is_open = "".join(f"{where.table}.\"{one}\" = '{value}' AND " for one, value in self.only.items())
        is_over = f"{is_open}{where.table}.\"{self.until}\" < '{today()}'"
        return f"CASE WHEN {is_over} THEN '{list(self.options)[-1]}' ELSE {where.table}.\"{self.of}\" END"

    def is_empty(self, where: Where) -> Sql:
        return Sql(f'{where.table}."{self.of}" IS NULL')

    def compare(self, op: str, raw: Value, where: Where) -> Sql:
        value, worked = self.parse(raw), self.order(where)
        if value is None:
            raise FieldError(f"请填写「{self.label}」要比较的值")
        return Sql(f"{worked} = ?" if op == "eq" else f"({worked} IS NULL OR {worked} <> ?)", (value,))

    def quick(self, text: str, where: Where) -> Sql:
        matches = [value for value, label in self.options.items() if text.strip() in label]
        return any_of([Sql(f"{self.order(where)} = ?", (value,)) for value in matches])
