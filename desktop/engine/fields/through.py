"""A text that a referred record says, or one that it refers to in turn: the number of the product of a line, the region
of its customer. Nothing is stored: it is as the record says when somebody looks."""

from dataclasses import dataclass
from typing import Any, ClassVar

from ..meant import meant
from .base import FieldError, Sql, Value, Where
from .text import Text
from .unstored import Unstored

_BUT = {"ne": "eq", "not_contains": "contains", "empty": "not_empty"}
"""Comparisons that hold of all rows of which another does not."""


@dataclass(frozen=True)
class _Column(Where):
    """What a comparison of another record's column needs to know."""

    @property
    def column(self) -> str:
        return f"{self.table}.{self.name}"


@dataclass(frozen=True, kw_only=True)
class TextThrough(Unstored, Text):
    """`by` is the reference here, `path` the modules on the way, each with its column that is read: references to the
    next module, and a text in the end."""

    by: str
    path: tuple[tuple[str, str], ...]

    operators: ClassVar[tuple[str, ...]] = Text.operators
    is_ordered: ClassVar[bool] = True

    def sql(self, id: str, merged: frozenset[str] = frozenset()) -> str:
        """The text, by the SQL of what `by` says; of what was `merged` that of whom it means."""
        module, column = self.path[-1]
        return f'(SELECT t."{column}" FROM {module} t WHERE t.id = {self.record(id, merged)})'

    def record(self, id: str, merged: frozenset[str] = frozenset()) -> str:
        """The record that says it, by the SQL of what `by` says."""
        first = self.path[0][0]
        found = meant((first,), id) if first in merged else id
        for place, (module, column) in enumerate(self.path[:-1]):
            found = f'(SELECT t{place}."{column}" FROM {module} t{place} WHERE t{place}.id = {found})'
        return found

    def order(self, where: Where) -> str:
        return self.sql(f'{where.table}."{self.by}"', where.merged)

    def condition(self, op: str, raw: Value, where: Where) -> Sql:
        if op not in self.operators:
            raise FieldError(f"「{self.label}」不支持这种比较")
        found = self._found(_BUT.get(op, op), raw, where)
        return Sql(f"({found.text}) IS NOT 1", found.params) if op in _BUT else found

    def _found(self, op: str, raw: Value, where: Where) -> Sql:
        """Rows that lead to a record of which a comparison holds."""
        *between, (module, column) = self.path
        at = _Column(module, module, f'"{column}"', False, where.search, where.subtree, where.same)
        inner = Sql(f"{at.column} IS NOT NULL") if op == "not_empty" else Text.compare(self, op, raw, at)
        ids = f"SELECT {module}.id FROM {module} WHERE {inner.text}"
        for name, reference in reversed(between):
            ids = f'SELECT {name}.id FROM {name} WHERE {name}."{reference}" IN ({ids})'
        first = self.path[0][0]
        if first not in where.merged:
            return Sql(f'{where.table}."{self.by}" IN ({ids})', inner.params)
        column = meant((first,), f'{where.table}."{self.by}"')
        return Sql(f"{column} IN ({ids})", inner.params)

    def load(self, name: str, row: Any) -> Value:
        return row.get(name)
