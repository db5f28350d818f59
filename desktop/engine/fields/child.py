"""What is typed with a new record and kept by a record of its own: a child that the new one then names."""

from dataclasses import dataclass
from typing import Any, ClassVar

from .barcode import Barcode
from .base import Value
from .unstored import Unstored


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

    def load(self, name: str, row: Any) -> Value:
        return None

    def describe(self, name: str) -> dict[str, Any]:
        return super().describe(name) | {"for_new": self.names}
