"""What rows of a file give to children of their records (barcodes of products): what is new of it, and what is told."""

import sqlite3
from typing import Any

from .. import aliases
from ..fields import OfFirstChild, Sql
from ..registry import Definition, Registry
from ..rows import Values
from ..text import pinyin


def titled(alias: str, child: Definition, value: str) -> Sql:
    """Rows of this title, in capitals or not: for a scanner, and on screen, `abc-1` and `ABC-1` are one code."""
    return Sql(f'{alias}.pinyin = ? AND {alias}."{child.module.title}" = ? COLLATE NOCASE', (pinyin(value), value))


class Children:
    """One walk through the rows of a file, each named once."""

    def __init__(self, registry: Registry, db: sqlite3.Connection, definition: Definition) -> None:
        self._registry, self._db, self._definition = registry, db, definition
        self._fields = [(name, one) for name, one in definition.fields.items() if isinstance(one, OfFirstChild)]
        self._is_merged = definition.name in aliases.present(db, (definition.name,))
        self._met: dict[tuple[str, str], int] = {}
        """Which row gave a value first."""

    def asked_of(self, values: Values) -> set[str]:
        """The modules that are looked through for a row."""
        return {one.table for name, one in self._fields if values.get(name) is not None}

    def take(self, number: int, old: Values | None, values: dict[str, Any]) -> dict[str, str]:
        """Leaves in `values` what the record of a row does not have yet; tells what others have, by field."""
        wrong: dict[str, str] = {}
        for name, one in self._fields:
            given = one.each(values.pop(name, None))
            fresh = []
            for value in given:
                owners = self._owners(one, value)
                fault = self._fault(one, value, number, owners, old)
                if fault:
                    wrong.setdefault(name, fault)
                elif not owners:
                    fresh.append(value)
            if fresh:
                values[name] = fresh
        return wrong

    def _fault(
        self, one: OfFirstChild, value: str, number: int, owners: dict[str, str], old: Values | None
    ) -> str | None:
        noun = self._definition.module.noun
        others = [title for id, title in owners.items() if old is None or id != old["id"]]
        if others:
            several = f"等 {len(others)} 个{noun}" if len(others) > 1 else ""
            return f"「{one.label}」{value} 已是{noun}「{others[0]}」{several}的"
        first = self._met.setdefault((one.table, value.casefold()), number)
        return None if first == number else f"「{one.label}」{value} 第 {first} 行已经有了"

    def _owners(self, one: OfFirstChild, value: str) -> dict[str, str]:
        """The records that have a value already: id → title. What was merged into another counts as that."""
        title, child, by = self._definition.module.title, self._registry[one.table], f'c."{one.by}"'
        is_title = one.kept == child.module.title
        same = titled("c", child, value) if is_title else Sql(f'c."{one.kept}" = ?', (value,))
        owner = aliases.meant((self._definition.name,), by) if self._is_merged else by
        sql = (
            f"SELECT p.id, COALESCE(p.\"{title}\", '') FROM {one.table} c JOIN {self._definition.name} p "
            f"ON p.id = {owner} WHERE {same.text} AND c.deleted_at IS NULL AND p.deleted_at IS NULL"
        )
        return dict(self._db.execute(sql, same.params).fetchall())
