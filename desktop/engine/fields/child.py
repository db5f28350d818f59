"""What is typed with a new record and kept by a record of its own: a child that the new one then names."""

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from .barcode import Barcode
from .base import Cell, FieldError, Value, text_of
from .unstored import Unstored

MANY = 50
_PARTS = re.compile(r"[、,，;；\n]")


@dataclass(frozen=True, kw_only=True)
class OfFirstChild(Unstored, Barcode):
    """`table` is the module of the child, `by` its reference to the record, `kept` what it keeps, `names` the record's
    reference to it. Of a record that is there it says nothing: the child itself is shown and changed."""

    table: str
    by: str
    kept: str
    names: str

    type: ClassVar[str] = "barcode"
    write_only: ClassVar[bool] = True

    def parse(self, raw: Value) -> Value:
        """One, or several where a list is given: each once, in capitals or not; the first is the one that is named."""
        if not isinstance(raw, list):
            return super().parse(raw)
        if len(raw) > MANY:
            raise FieldError(f"「{self.label}」一次最多 {MANY} 个")
        each: dict[str, Value] = {}
        for part in raw:
            if (one := super().parse(part)) is not None:
                each.setdefault(str(one).casefold(), one)
        found = list(each.values())
        return found if len(found) > 1 else next(iter(found), None)

    def read(self, cell: Cell) -> Value:
        """A cell holds one or several, parted as people write lists."""
        return self.parse(_PARTS.split(text_of(cell) or ""))

    @staticmethod
    def each(value: Value) -> list[str]:
        """What was typed, as a list."""
        return [] if value is None else value if isinstance(value, list) else [value]

    def load(self, name: str, row: Any) -> Value:
        return None

    def describe(self, name: str) -> dict[str, Any]:
        return super().describe(name) | {"for_new": self.names}
