"""ref (one record of another module) and refs (several, kept as link rows that merge element by element)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sync_server.replication.merge import Policy

from .base import Column, Columns, Field, FieldError, Sql, Value, Where

_OPERATORS = ("eq", "ne", "contains", "not_contains", "empty", "not_empty")


def _checked_id(label: str, raw: Value) -> str | None:
    if raw is None or raw == "":
        return None
    if not isinstance(raw, str) or len(raw) != 32 or not raw.isalnum():
        raise FieldError(f"「{label}」请从列表里选一项")
    return raw


@dataclass(frozen=True, kw_only=True)
class Ref(Field):
    """The id of one record.

    `target_by` makes it point at one of several modules, named by another field of the record. `copies` fills fields
    of this record from the target ({here: there}). `loose` references never stop the target's deletion.
    `depends` narrows the candidates to those whose field equals a field of this record ("id" is the record itself).
    """

    target: str = field(kw_only=False, default="")
    where: Mapping[str, str] = field(default_factory=dict)
    target_by: tuple[str, Mapping[str, str]] | None = None
    tree: bool = False
    small: bool = False
    loose: bool = False
    copies: Mapping[str, str] = field(default_factory=dict)
    depends: Mapping[str, str] = field(default_factory=dict)

    type: ClassVar[str] = "ref"
    operators: ClassVar[tuple[str, ...]] = _OPERATORS

    def targets(self) -> tuple[str, ...]:
        """The modules it may point at."""
        return tuple(self.target_by[1].values()) if self.target_by else (self.target,)

    def parse(self, raw: Value) -> Value:
        return _checked_id(self.label, raw)

    def format(self, value: Value, labels: Mapping[str, str]) -> str:
        return "" if value is None else labels.get(value, "（未知）")

    def search_text(self, value: Value) -> str:
        return ""

    def compare(self, op: str, raw: Value, where: Where) -> Sql:
        if op in ("contains", "not_contains"):
            found = self.quick(str(raw or ""), where)
            return found if op == "contains" else Sql(f"({where.column} IS NULL OR NOT {found.text})", found.params)
        value = self.parse(raw)
        if value is None:
            raise FieldError(f"请选择「{self.label}」要比较的值")
        inside = where.subtree(self.target, value) if self.tree else Sql("(?)", (value,))
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


@dataclass(frozen=True, kw_only=True)
class Dict(Ref):
    """An entry of one list of the dictionary module 基本资料."""

    list: str = field(kw_only=False, default="")
    default_width: ClassVar[int] = 66

    def __post_init__(self) -> None:
        # Dict("级别", "customer_level"): the second argument names the list, the target is always the dictionary
        if not self.list:
            object.__setattr__(self, "list", self.target)
            object.__setattr__(self, "target", "dict_item")
            object.__setattr__(self, "where", {"list": self.list})
            object.__setattr__(self, "small", True)


@dataclass(frozen=True, kw_only=True)
class Refs(Field):
    """Several records, as rows of the link table `<module>_<field>`; adding and removing merge per element."""

    target: str = field(kw_only=False, default="")
    where: Mapping[str, str] = field(default_factory=dict)
    merge: Policy = "set"
    type: ClassVar[str] = "refs"
    operators: ClassVar[tuple[str, ...]] = _OPERATORS

    def columns(self, name: str) -> tuple[Column, ...]:
        return ()

    def parse(self, raw: Value) -> Value:
        if raw is None or raw == "":
            return []
        if not isinstance(raw, list):
            raise FieldError(f"「{self.label}」应是若干项")
        ids = [_checked_id(self.label, item) for item in raw]
        return sorted({item for item in ids if item})

    def store(self, name: str, value: Value) -> Columns:
        return {}

    def load(self, name: str, row: Mapping[str, Any]) -> Value:
        return row[name]

    def format(self, value: Value, labels: Mapping[str, str]) -> str:
        return "、".join(labels.get(item, "（未知）") for item in value or ())

    def search_text(self, value: Value) -> str:
        return ""

    def _links(self, where: Where) -> str:
        link = f"{where.module}_{where.name}"
        return f"SELECT record FROM {link} WHERE deleted_at IS NULL"

    def is_empty(self, where: Where) -> Sql:
        return Sql(f"{where.table}.id NOT IN ({self._links(where)})")

    def compare(self, op: str, raw: Value, where: Where) -> Sql:
        if op in ("contains", "not_contains"):
            found = where.search(self.target, str(raw or ""))
            inside = Sql(f"target IN ({found.text})", found.params)
        else:
            value = _checked_id(self.label, raw[0] if isinstance(raw, list) and raw else raw)
            if value is None:
                raise FieldError(f"请选择「{self.label}」要比较的值")
            inside = Sql("target = ?", (value,))
        negated = "NOT " if op in ("ne", "not_contains") else ""
        return Sql(f"{where.table}.id {negated}IN ({self._links(where)} AND {inside.text})", inside.params)

    def quick(self, text: str, where: Where) -> Sql:
        return self.compare("contains", text, where)

    def order(self, where: Where) -> str:
        raise FieldError(f"不能按「{self.label}」排序")

    def describe(self, name: str) -> dict[str, Any]:
        return {"target": self.target, "where": dict(self.where), "small": True}
