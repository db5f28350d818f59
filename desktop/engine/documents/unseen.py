"""What somebody who sees no prices may make count (modules.md 0.6): quantities, never amounts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ..access import Principal
from ..registry import Definition
from .declare import Columns, Document, Sheet

_WORDS = "这样会改变您看不到的价格或金额，请由看得到价格的同事处理"


@dataclass(frozen=True)
class Unseen:
    """The fields of one document that do not exist for its author, and what he may not do to them.

    A draft that somebody else filled in may be posted as it stands, and a posted document changed in what touches no
    amount. Lines of his own have no price: only a document with `blank_prices` may be posted with them.
    """

    principal: Principal
    header: Definition
    line: Definition
    document: Document

    @cached_property
    def of_header(self) -> frozenset[str]:
        return self._of(self.header)

    @cached_property
    def of_line(self) -> frozenset[str]:
        return self._of(self.line)

    def _of(self, definition: Definition) -> frozenset[str]:
        fields = ((name, one) for name, one in definition.fields.items() if not self.principal.sees(one))
        return frozenset(column.name for name, one in fields for column in one.columns(name))

    @property
    def is_nothing(self) -> bool:
        """Whether he sees all that people type."""
        every = ((self.header, self.of_header), (self.line, self.of_line))
        return not any(not definition.fields[name].calc for definition, names in every for name in names)

    def faults(self, sheet: Sheet, before: Sheet | None) -> Iterator[tuple[str, str]]:
        """Place and words; `before` is the document as others made it."""
        known = {str(line["id"]): line for line in before.lines} if before else {}
        for place, line in enumerate(sheet.lines):
            old = known.get(str(line["id"]))
            if old is None and not self.document.blank_prices:
                yield f"lines.{place}.{self._cell}", self._blank
            elif old is not None and self._turns(line, old):
                yield f"lines.{place}.{self._cell}", _WORDS
        if before is None and not sheet.lines and not self.document.blank_prices:
            yield "", self._blank
        elif before is not None and _differ(sheet.header, before.header, self.of_header):
            yield "", _WORDS

    @property
    def _blank(self) -> str:
        """Why he posts nothing that nobody gave a price, in the words of the lines."""
        what, price = (self.line.fields.get(self.document.entry.get(part, "")) for part in ("product", "price"))
        about = f"给没有{price.label}的{what.label}" if what and price else ""
        return f"您看不到价格，不能{about}过账，请暂存，由看得到价格的同事过账"

    @property
    def _cell(self) -> str:
        return self.document.entry.get("qty", "")

    def _turns(self, line: Columns, old: Columns) -> bool:
        """Whether a hidden figure changes, or means something else from now on."""
        about = [name for name in map(self.document.entry.get, ("product", "unit")) if name]
        has_any = any(old.get(name) for name in self.of_line)
        return _differ(line, old, self.of_line) or (has_any and _differ(line, old, frozenset(about)))


def _differ(one: Columns, other: Columns, names: frozenset[str]) -> bool:
    return any((one.get(name) or None) != (other.get(name) or None) for name in names)
