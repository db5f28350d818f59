"""phone: a number as typed; its digits are kept beside it for search and the duplicate test."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from sync_server.replication.changeset import Scalar

from ..text import fold
from .base import FieldError, Sql, Value, Where
from .text import Text


def digits(text: Value) -> Scalar:
    """Only the digits of a telephone number: what search and the duplicate test compare. None below 5 digits."""
    found = re.sub(r"\D", "", fold(text)) if isinstance(text, str) else ""
    return found if len(found) >= 5 else None


@dataclass(frozen=True, kw_only=True)
class Phone(Text):
    """A telephone number as typed; a local shadow column keeps its digits."""

    max_length: int = 40
    type: ClassVar[str] = "phone"
    default_width: ClassVar[int] = 120
    literal: ClassVar[bool] = False  # 0512-6666 and 05126666 are one number

    def shadows(self, name: str) -> Mapping[str, Callable[[Value], Scalar]]:
        return {f"{name}_digits": digits}

    def _near(self, raw: str, where: Where) -> Sql | None:
        number = digits(raw)
        if where.indexed or number is None:
            return super()._near(raw, where)
        return Sql(f'{where.table}."{where.name}_digits" = ?', (number,))

    def _contains(self, raw: str, where: Where) -> Sql:
        near = super()._near(raw, where)  # by the index alone: equal digits are more than contained ones ask for
        return near or Sql(f"ecms_has({where.column}, ?)", (fold(raw),))

    def parse(self, raw: Value) -> Value:
        text = super().parse(raw)
        if text is not None and not re.search(r"\d", fold(text)):
            raise FieldError(f"「{self.label}」里没有号码")
        return text
