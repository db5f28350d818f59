"""What another field says, until a day goes by: nothing is stored, so that no machine has to write at midnight."""

from dataclasses import dataclass
from typing import Any

from .base import Value
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

    def load(self, name: str, row: Any) -> Value:
        is_open = all(row[one] == value for one, value in self.only.items())
        if is_open and row[self.until] and str(row[self.until]) < today():
            return list(self.options)[-1]
        return row[self.of]
