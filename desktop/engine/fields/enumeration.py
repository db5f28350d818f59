"""enum: a value from a list fixed by the program."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from ..text import fold_width
from .base import CHOICE_OPERATORS, Cell, Field, FieldError, Sql, Value, Where, any_of, text_of


@dataclass(frozen=True, kw_only=True)
class Enum(Field):
    """`options` maps stored values to Chinese words, in order; `tones` marks states for the screen. Of values that
    merge by rank the later option wins, unless `ranks` says otherwise: of equal ones the later write."""

    options: Mapping[str, str] = field(kw_only=False, default_factory=dict)
    tones: Mapping[str, str] = field(default_factory=dict)
    ranks: Mapping[str, int] = field(default_factory=dict)
    options_called: str = ""
    """The setting that lists what the options are called, in their order."""

    type: ClassVar[str] = "enum"
    operators: ClassVar[tuple[str, ...]] = CHOICE_OPERATORS
    default_width: ClassVar[int] = 72

    def named(self, names: Mapping[str, Sequence[str]]) -> Field:
        if not self.options_called:
            return super().named(names)
        return replace(self, options=dict(zip(self.options, names[self.options_called], strict=True)))

    @property
    def namers(self) -> tuple[str, ...]:
        return (*super().namers, *((self.options_called,) if self.options_called else ()))

    def parse(self, raw: Value) -> Value:
        if raw is None or raw == "":
            return None
        by_label = {label: value for value, label in self.options.items()}
        if isinstance(raw, str) and raw in self.options:
            return raw
        if isinstance(raw, str) and raw in by_label:
            return by_label[raw]
        raise FieldError(f"「{self.label}」应是 {'、'.join(self.options.values())} 之一")

    def read(self, cell: Cell) -> Value:
        """By its words, whatever their width and spaces."""
        text = text_of(cell) or ""
        alike = {fold_width(label): value for value, label in self.options.items()}
        return self.parse(alike.get(fold_width(text), text.strip()))

    def format(self, value: Value, labels: Mapping[str, str]) -> str:
        """A value from a newer version is kept and shown as 未知(v)."""
        return "" if value is None else self.options.get(value, f"未知({value})")

    def quick(self, text: str, where: Where) -> Sql:
        matches = [value for value, label in self.options.items() if text.strip() in label]
        return any_of([Sql(f"{where.column} = ?", (value,)) for value in matches])

    def search_text(self, value: Value) -> str:
        return ""

    def describe(self, name: str) -> dict[str, Any]:
        return {
            "options": [
                {"value": value, "label": label} | ({"tone": self.tones[value]} if value in self.tones else {})
                for value, label in self.options.items()
            ]
        }
