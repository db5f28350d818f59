"""ref: one record of another module."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from .base import Field, FieldError, Sql, Value, Where

REFERENCE_OPERATORS = ("eq", "ne", "contains", "not_contains", "empty", "not_empty")


def checked_id(label: str, raw: Value) -> str | None:
    """An id as the API gives it; None when blank. Raises FieldError."""
    if raw is None or raw == "":
        return None
    if not isinstance(raw, str) or len(raw) != 32 or not raw.isalnum():
        raise FieldError(f"「{label}」请从列表里选一项")
    return raw


def live(target: str, id: str) -> str:
    """SQL: whether a record of a module is there and not deleted."""
    return f"EXISTS (SELECT 1 FROM {target} s WHERE s.id = {id} AND s.deleted_at IS NULL)"


@dataclass(frozen=True, kw_only=True)
class Ref(Field):
    """The id of one record.

    `target_by` makes it point at one of several modules, named by another field of the record. `copies` fills fields
    of this record from the target ({here: there}), those of `kept` only where the target has something. `loose`
    references never stop the target's deletion.
    `depends` narrows the candidates to those whose field equals a field of this record ("id" is the record itself).
    A `whole` one is found by its index in deleted rows, too.
    `retired` ones may still be chosen when they are out of use: always, or where another field of this record is
    filled in.
    `above` marks the record over this one: never itself or one below it.
    """

    target: str = field(kw_only=False, default="")
    where: Mapping[str, str] = field(default_factory=dict)
    target_by: tuple[str, Mapping[str, str]] | None = None
    tree: bool = False
    small: bool = False
    loose: bool = False
    whole: bool = False
    above: bool = False
    retired: bool | str = False
    copies: Mapping[str, str] = field(default_factory=dict)
    kept: tuple[str, ...] = ()
    depends: Mapping[str, str] = field(default_factory=dict)

    type: ClassVar[str] = "ref"
    operators: ClassVar[tuple[str, ...]] = REFERENCE_OPERATORS

    def targets(self) -> tuple[str, ...]:
        """The modules it may point at."""
        return tuple(self.target_by[1].values()) if self.target_by else (self.target,)

    def parse(self, raw: Value) -> Value:
        return checked_id(self.label, raw)

    def format(self, value: Value, labels: Mapping[str, str]) -> str:
        return "" if value is None else labels.get(value, "（未知）")

    def search_text(self, value: Value) -> str:
        return ""

    def is_empty(self, where: Where) -> Sql:
        """A loose reference to something deleted reads as blank, until that comes back."""
        if not self.loose:
            return super().is_empty(where)
        there = " AND ".join(f"NOT {live(target, where.column)}" for target in self.targets())
        return Sql(f"({where.column} IS NULL OR {there})")

    def compare(self, op: str, raw: Value, where: Where) -> Sql:
        if op in ("contains", "not_contains"):
            found = self.quick(str(raw or ""), where)
            return found if op == "contains" else Sql(f"({where.column} IS NULL OR NOT {found.text})", found.params)
        value = self.parse(raw)
        if value is None:
            raise FieldError(f"请选择「{self.label}」要比较的值")
        inside = where.subtree(self.target, value) if self.tree else where.same(self.targets(), value)
        if op == "eq":
            return Sql(f"{where.column} IN {inside.text}", inside.params)
        return Sql(f"({where.column} IS NULL OR {where.column} NOT IN {inside.text})", inside.params)

    def quick(self, text: str, where: Where) -> Sql:
        if not text.strip():
            raise FieldError(f"请填写「{self.label}」要查找的内容")
        parts = [where.search(target, text) for target in self.targets()]
        union = " UNION ALL ".join(part.text for part in parts)
        return Sql(f"{where.column} IN ({union})", tuple(p for part in parts for p in part.params))

    def describe(self, name: str) -> dict[str, Any]:
        about: dict[str, Any] = {
            "small": self.small,
            "tree": self.tree,
            "where": dict(self.where),
            "depends": dict(self.depends),
        }
        if self.target_by:
            about["target_by"] = {"field": self.target_by[0], "modules": dict(self.target_by[1])}
        else:
            about["target"] = self.target
        return about
