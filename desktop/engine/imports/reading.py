"""Cells → values: references by code, name or pinyin initials, the rest by the field's own parser."""

import re
import sqlite3
from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

from ...errors import Forbidden
from .. import aliases
from .. import query as q
from ..access import Principal, reach_sql
from ..engine import Engine
from ..fields import Cell, Field, FieldError, OfFirstChild, Ref, Refs, Serial, Sql, all_of
from ..fields.base import text_of
from ..fields.serial import in_order
from ..registry import Definition
from ..rows import Values, living, titles
from ..search import lookup, offered_once
from ..text import fold, pinyin
from .children import titled
from .tables import Flaw

_CACHE_MAX = 20_000
_LOOKED_AT = 8
_DAYS_TO_1904 = 1_462
_SERIALS_END = 3_000_000
_PARTS = re.compile(r"[、,，;；\n]")
_INITIALS = re.compile(r"[0-9A-Za-z]{2,}")
_SHORTENED = re.compile(r"\d(\.\d+)?[Ee]\+\d+")
"""A code of many digits as a spreadsheet shows it, and saves it as text: the last digits are lost."""
_NAMED = 3


class Reading:
    """Reads rows of one file for one user. What a name means is remembered, since it comes again and again."""

    def __init__(
        self,
        engine: Engine,
        db: sqlite3.Connection,
        principal: Principal,
        definition: Definition,
        columns: Mapping[int, str],
        *,
        from_1904: bool,
    ) -> None:
        self.engine, self.db, self.principal, self.definition = engine, db, principal, definition
        self.columns = columns
        self._from_1904 = from_1904
        self._first = [item for item in columns.items() if not self._hangs(item[1])]
        self.hanging = [item for item in columns.items() if self._hangs(item[1])]
        """Columns that can be read only when it is known which record a row means: their candidates hang on it."""
        self._known: dict[tuple[Any, ...], list[str]] = {}
        self.fresh: dict[str, list[str]] = {}
        """Ids that rows of this very file will have, by title, where records refer to their own kind."""

    def _hangs(self, name: str) -> bool:
        one = self.definition.fields[name]
        return isinstance(one, Ref) and bool(one.depends or one.target_by)

    def values(self, cells: Sequence[Cell | Flaw]) -> tuple[Values, dict[int, str]]:
        """(values by field, what is wrong by column) of what hangs on nothing else. Blank cells give none."""
        return self._read(cells, self._first, {})

    def hanging_values(self, cells: Sequence[Cell | Flaw], record: Values) -> tuple[Values, dict[int, str]]:
        """The same of what hangs on the record that it becomes part of."""
        order = sorted(self.hanging, key=lambda item: bool(getattr(self.definition.fields[item[1]], "depends", None)))
        return self._read(cells, order, record)

    def _read(
        self, cells: Sequence[Cell | Flaw], columns: Sequence[tuple[int, str]], record: Values
    ) -> tuple[Values, dict[int, str]]:
        values: Values = {}
        wrong: dict[int, str] = {}
        sofar = ChainMap(values, record)
        for index, name in columns:
            cell = cells[index] if index < len(cells) else None
            if cell is None:
                continue
            try:
                value = self._value(self.definition.fields[name], cell, sofar)
            except FieldError as error:
                wrong[index] = str(error)
                continue
            if value is not None:
                values[name] = value
        return values, wrong

    def _value(self, one: Field, cell: Cell | Flaw, sofar: Mapping[str, Any]) -> Any:
        if isinstance(cell, Flaw):
            raise FieldError(f"「{one.label}」{cell.reason}")
        if isinstance(one, Refs):
            parts = [part for part in _PARTS.split(text_of(cell) or "") if part.strip()]
            return sorted({self._id(one, one.target, part, one.where) for part in parts})
        if isinstance(one, Ref):
            return self._id(one, self._target(one, sofar), text_of(cell) or "", self._narrowed(one, sofar))
        if one.write_only and not isinstance(one, OfFirstChild):
            one.read(cell)
            return text_of(cell)  # what is kept of it is made when it is saved
        return one.read(self._counted(one, cell))

    def _counted(self, one: Field, cell: Cell) -> Cell:
        """Days of old Macs are counted from 1904, where they are bare numbers."""
        if not self._from_1904 or one.type not in ("date", "datetime", "birthday"):
            return cell
        is_serial = isinstance(cell, int | Decimal) and not isinstance(cell, bool) and cell < _SERIALS_END
        return cell + _DAYS_TO_1904 if is_serial else cell  # type: ignore[operator]

    def _target(self, one: Ref, sofar: Mapping[str, Any]) -> str:
        if not one.target_by:
            return one.target
        field, modules = one.target_by
        kind = str(sofar.get(field))
        if kind not in modules:
            raise FieldError(f"「{one.label}」要先填「{self.definition.fields[field].label}」")
        return modules[kind]

    @staticmethod
    def _narrowed(one: Ref, sofar: Mapping[str, Any]) -> dict[str, Any]:
        """What a candidate must have: fixed by the declaration, or the same as in this record."""
        return {**one.where, **{column: sofar.get(source) for column, source in one.depends.items()}}

    # ------------------------------------------------------------- references

    def _id(self, one: Ref | Refs, module: str, text: str, where: Mapping[str, Any]) -> str:
        """The one record that a text names; raises `FieldError`."""
        text = " ".join(text.split())
        found = self._found(module, text, where)
        if len(found) == 1:
            return found[0]
        noun = self.engine.registry[module].module.noun
        if found:
            known = titles(self.db, self.engine.registry, {module: found[:_NAMED]})
            each = "、".join(known.get(id, "") for id in found[:_NAMED]) + (" 等" if len(found) > _NAMED else "")
            raise FieldError(f"「{one.label}」有几个都叫「{text[:60]}」（{each}），请改写编号或更全的名称")
        if _SHORTENED.fullmatch(text):
            raise FieldError(f"「{one.label}」的「{text}」是长数字被表格改短了：把那一列设成文本，再填一次")
        if reach_sql(self.engine.registry, self.engine.registry[module], self.principal, q.T) is not None:
            noun = f"您能看到的{noun}"
        raise FieldError(f"「{one.label}」没有叫「{text[:60]}」的{noun}，请改写，或先新增它")

    def _found(self, module: str, text: str, where: Mapping[str, Any]) -> list[str]:
        if module == self.definition.name and text in self.fresh:
            return self.fresh[text]
        key = (module, text, *where.items())
        if key not in self._known:
            if len(self._known) > _CACHE_MAX:
                self._known.clear()
            self._known[key] = self._search(self.engine.registry[module], text, where)
        return self._known[key]

    def _search(self, target: Definition, text: str, where: Mapping[str, Any]) -> list[str]:
        """Ids by code, else by title, else by initials; two at most are enough to know."""
        base = self._base(target, where)
        for condition in self._ways(target, text):
            both = all_of([*base, condition])
            sql = f"SELECT {q.T}.id FROM {target.name} {q.T} WHERE {both.text} LIMIT {_LOOKED_AT}"
            if found := self._meant(target, [row[0] for row in self.db.execute(sql, both.params)]):
                return found
        if found := self._by_child(target, text, base):
            return found
        return self._by_initials(target, text, where) if _INITIALS.fullmatch(text) else []

    def _by_child(self, target: Definition, text: str, base: list[Sql]) -> list[str]:
        """Ids by a child that people find it by: a product by its barcode. One that names a part of the record (a box)
        does not mean the record alone; raises `FieldError`."""
        for child in (self.engine.registry[name] for name in target.module.found_by.split()):
            part = next((name for name, one in child.fields.items() if isinstance(one, Ref) and one.depends), None)
            rows = self._children(target, child, part, text, base) if self.principal.may("view", child.name) else []
            if part and rows and all(row[1] for row in rows):
                label, noun = child.fields[part].label, child.module.noun
                told = f"「{text[:60]}」是辅助{label}的{noun}，请写{target.module.noun}的编号，{label}另写一列"
                raise FieldError(told)
            if found := self._meant(target, [row[0] for row in rows if not row[1]]):
                return found
        return []

    def _children(
        self, target: Definition, child: Definition, part: str | None, text: str, base: list[Sql]
    ) -> list[Any]:  # fmt: skip
        """(record, its part) that a child of this title names, written as it is kept."""
        title, parent = child.module.title, child.module.parent
        try:
            kept = str(child.fields[title].parse(text))
        except FieldError:
            return []
        alive = Sql("k.deleted_at IS NULL")
        both, column = all_of([*base, alive, titled("k", child, kept)]), f'k."{part}"' if part else "NULL"
        sql = (
            f'SELECT DISTINCT k."{parent}", {column} FROM {child.name} k '
            f'JOIN {target.name} {q.T} ON {q.T}.id = k."{parent}" WHERE {both.text} LIMIT {_LOOKED_AT}'
        )
        return self.db.execute(sql, both.params).fetchall()

    def _meant(self, target: Definition, ids: list[str]) -> list[str]:
        """What was merged means its winner: two names of one record are no doubt."""
        winners = aliases.winners(self.db, target.name, ids) if target.module.mergeable else {}
        return self._once(target, list(dict.fromkeys(winners.get(id, id) for id in ids)))[:2]

    def _once(self, target: Definition, ids: list[str]) -> list[str]:
        """Of several that are the same below records that are one, one."""
        if len(ids) < 2 or not target.module.one_by or not self._aliased:
            return ids
        rows = living(self.db, self.engine.registry, target, ids)
        stay = {row["id"] for row in offered_once(self.db, target, rows, self._aliased)}
        return [id for id in ids if id in stay]

    @cached_property
    def _aliased(self) -> frozenset[str]:
        return aliases.present(self.db, self.engine.registry.mergeable)

    def _base(self, target: Definition, where: Mapping[str, Any]) -> list[Sql]:
        if not (self.principal.may("view", target.name) or target.module.lookup):
            return [Sql("0")]
        scope = reach_sql(self.engine.registry, target, self.principal, q.T)
        parts = [Sql(f"{q.T}.deleted_at IS NULL"), *([scope] if scope else [])]
        return [*parts, *(self._has(target, column, value) for column, value in where.items())]

    def _has(self, target: Definition, column: str, value: Any) -> Sql:
        if value is None:
            return Sql(f'{q.T}."{column}" IS NULL')
        return q.equals(target, column, value, self._aliased)

    @staticmethod
    def _ways(target: Definition, text: str) -> Iterator[Sql]:
        title = target.module.title
        for name, one in target.fields.items():
            if isinstance(one, Serial):
                column = one.sort_column(name)
                yield Sql(f'{q.T}."{column}" = ? AND {q.T}."{name}" = ?', (in_order(text), text))
            elif one.unique and one.required and name != title:
                yield Sql(f'{q.T}."{name}" = ?', (text,))
        yield Sql(f'{q.T}.pinyin = ? AND {q.T}."{title}" = ?', (pinyin(text), text))
        if text.isascii():
            yield Sql(f"{q.T}.pinyin = ?", (text.casefold(),))

    def _by_initials(self, target: Definition, text: str, where: Mapping[str, Any]) -> list[str]:
        given = {column: value for column, value in where.items() if column in target.picked_by}
        try:
            rows = lookup(self.engine, self.principal, target.name, text=text, where=given, limit=20)["rows"]
        except Forbidden:
            return []
        return [row["id"] for row in rows if row["pinyin"] == fold(text)][:2]
