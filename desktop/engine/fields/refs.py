"""refs: several records, kept as link rows that merge element by element."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sync_server.replication.merge import Policy

from .base import Column, Columns, Field, FieldError, Sql, Value, Where
from .ref import REFERENCE_OPERATORS, checked_id


@dataclass(frozen=True, kw_only=True)
class Refs(Field):
    """Several records, as rows of the link table `<module>_<field>`; adding and removing merge per element."""

    target: str = field(kw_only=False, default="")
    where: Mapping[str, str] = field(default_factory=dict)
    merge: Policy = "set"
    type: ClassVar[str] = "refs"
    operators: ClassVar[tuple[str, ...]] = REFERENCE_OPERATORS

    def columns(self, name: str) -> tuple[Column, ...]:
        return ()

    def parse(self, raw: Value) -> Value:
        if raw is None or raw == "":
            return []
        if not isinstance(raw, list):
            raise FieldError(f"「{self.label}」应是若干项")
        ids = [checked_id(self.label, item) for item in raw]
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
            value = checked_id(self.label, raw[0] if isinstance(raw, list) and raw else raw)
            if value is None:
                raise FieldError(f"请选择「{self.label}」要比较的值")
            found = where.same((self.target,), value)
            inside = Sql(f"target IN {found.text}", found.params)
        negated = "NOT " if op in ("ne", "not_contains") else ""
        return Sql(f"{where.table}.id {negated}IN ({self._links(where)} AND {inside.text})", inside.params)

    def quick(self, text: str, where: Where) -> Sql:
        return self.compare("contains", text, where)

    def order(self, where: Where) -> str:
        raise FieldError(f"不能按「{self.label}」排序")

    def describe(self, name: str) -> dict[str, Any]:
        return {"target": self.target, "where": dict(self.where), "small": True}
