"""mirror: yes or no, read from the parent: is this record the one that the parent names?

Nothing is stored here. The parent's reference is the one source, so two records can never both say yes; ticking the
box sets that reference, and on every machine the newest choice wins.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from .base import Column, Columns, FieldError, Sql, Value, Where
from .boolean import Bool


@dataclass(frozen=True, kw_only=True)
class Mirror(Bool):
    """`parent` is this module's reference to the parent, `names` the parent's reference to the chosen record."""

    parent: str
    names: str
    targets: tuple[str, ...]
    """The modules the parent may be of; each has a field `names`."""
    first: bool = False
    """Whether a new record is the one where it is the first of its parent."""

    type: ClassVar[str] = "bool"
    default_width: ClassVar[int] = 84

    def columns(self, name: str) -> tuple[Column, ...]:
        return ()

    def store(self, name: str, value: Value) -> Columns:
        return {}

    def chosen(self) -> str:
        """SQL for the ids that some parent names."""
        parts = (
            f'SELECT "{self.names}" FROM {target} WHERE "{self.names}" IS NOT NULL AND deleted_at IS NULL '
            f"AND id NOT IN (SELECT id FROM alias_of WHERE t = '{target}')"
            for target in self.targets
        )
        return " UNION ALL ".join(parts)

    def is_empty(self, where: Where) -> Sql:
        return Sql(f"{where.table}.id NOT IN ({self.chosen()})")

    def compare(self, op: str, raw: Value, where: Where) -> Sql:
        wanted = bool(self.parse(raw)) == (op == "eq")
        return Sql(f"{where.table}.id {'' if wanted else 'NOT '}IN ({self.chosen()})")

    def order(self, where: Where) -> str:
        raise FieldError(f"不能按「{self.label}」排序")

    def describe(self, name: str) -> dict[str, Any]:
        return {}
