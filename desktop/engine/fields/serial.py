"""serial: a number drawn from a series at the first save (T19)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from sync_server.replication.changeset import Scalar

from .base import Column, Value
from .text import Text

_DIGITS = 12


def in_order(number: Value) -> Scalar:
    """A number so written that text order is number order: as it stands, 100000 would come before 99999."""
    return re.sub("[0-9]+", lambda run: run[0].zfill(_DIGITS), number) if isinstance(number, str) else None


@dataclass(frozen=True, kw_only=True)
class Serial(Text):
    """A number from a series (T19), drawn at the first save. Typed ones are accepted only where it is not
    `readonly`."""

    prefix: str = ""
    prefixes: Mapping[str, str] = field(default_factory=dict)
    """Numbers of documents: value of the field `by` → prefix; the day is that of the field `dated`."""
    by: str = ""
    dated: str = ""
    max_length: int = 40
    readonly: bool = True
    search: bool = True
    index: bool = True
    type: ClassVar[str] = "serial"
    default_width: ClassVar[int] = 110

    def columns(self, name: str) -> tuple[Column, ...]:
        return (Column(name, "TEXT", name),)

    def shadows(self, name: str) -> Mapping[str, Callable[[Value], Scalar]]:
        return {self.sort_column(name): in_order}

    def sort_column(self, name: str) -> str:
        return f"{name}_order"
