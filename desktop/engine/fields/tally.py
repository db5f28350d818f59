"""How much the rows of another module that point at a record come to. Nothing is stored: it is as they are when it is
looked at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from .quantity import Quantity
from .unstored import Unstored


@dataclass(frozen=True, kw_only=True)
class QuantityOf(Unstored, Quantity):
    """`table` is the module that points here by `by`; `of` its column that is summed up, over the rows with the values
    in `only`."""

    table: str
    by: str
    of: str
    only: Mapping[str, str]

    type: ClassVar[str] = "quantity"

    def sql(self) -> str:
        """Record and sum, of some records."""
        only = "".join(f' AND +"{name}" = ?' for name in self.only)
        return (
            f'SELECT "{self.by}", sum("{self.of}") FROM {self.table} '
            f'WHERE "{self.by}" IN (SELECT value FROM json_each(?)) AND deleted_at IS NULL{only} GROUP BY 1'
        )
