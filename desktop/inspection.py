"""数据检查: everything the engine derives is worked out anew and compared with what is stored."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from sync_server.replication.changeset import chain

from .engine import derived
from .engine.engine import Engine
from .engine.registry import Definition
from .engine.schema import GUARDED_OWN

Step = Callable[[int, int], None]
"""Called with (done, total); raises to stop."""

NAMED_MAX = 20
"""Findings of one kind that are named one by one; the rest are counted."""


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be. A `note` is worth knowing but nothing is broken."""

    code: str
    title: str
    detail: str
    kind: Literal["problem", "note"] = "problem"

    def public(self) -> dict[str, str]:
        return {"code": self.code, "title": self.title, "detail": self.detail, "kind": self.kind}


def check(engine: Engine, step: Step) -> list[Finding]:
    """All findings over one snapshot of the data; others go on working meanwhile."""
    with engine.db.read() as db:
        inspection = _Inspection(engine, db, step)
        for part in (_integrity, _guards, _chain, _rows, _tallies):
            part(inspection)
        return inspection.findings


@dataclass
class _Inspection:
    engine: Engine
    db: sqlite3.Connection
    step: Step
    findings: list[Finding] = field(default_factory=list)
    _done: int = 0
    _total: int = 0

    def __post_init__(self) -> None:
        self._total = sum(self.count(definition.name) for definition in self.engine.registry) or 1

    def count(self, table: str) -> int:
        return int(self.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    def advance(self, rows: int) -> None:
        self._done += rows
        self.step(min(self._done, self._total), self._total)

    def add(
        self, code: str, title: str, details: Iterator[str] | list[str], **more: Literal["problem", "note"]
    ) -> None:
        """Names the first few and counts the rest."""
        count = 0
        for detail in details:
            count += 1
            if count <= NAMED_MAX:
                self.findings.append(Finding(code, title, detail, **more))
        if count > NAMED_MAX:
            self.findings.append(Finding(code, title, f"还有 {count - NAMED_MAX:,} 处", **more))


def _integrity(one: _Inspection) -> None:
    said = [row[0] for row in one.db.execute(f"PRAGMA integrity_check({NAMED_MAX})")]
    if said != ["ok"]:
        one.add("file-damaged", "数据文件有损坏", said)


def _guards(one: _Inspection) -> None:
    present = {row[0] for row in one.db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
    tables = [*GUARDED_OWN, *(d.name for d in one.engine.registry), *one.engine.registry.links]
    wanted = {f"{table}_guard_{event}": table for table in tables for event in ("insert", "update", "delete")}
    one.add(
        "guard-missing",
        "写入保护不全",
        [f"表 {table} 的保护「{name}」不在了" for name, table in wanted.items() if name not in present],
    )


def _chain(one: _Inspection) -> None:
    """Own changesets are numbered without gaps and their hashes end where sync_self says."""
    me = one.engine.applier.me(one.db)
    one.add("chain-broken", "变更记录不连续", list(_chain_faults(one.db, me.number, me.last_n, me.last_h)))


def _chain_faults(db: sqlite3.Connection, replica: int, last_n: int, last_h: bytes) -> Iterator[str]:
    expected, link = 1, b""
    for n, body in db.execute("SELECT n, body FROM changeset WHERE r = ? ORDER BY n", (replica,)):
        if n != expected:
            yield f"缺少第 {expected} 至 {n - 1} 号变更"
            return
        try:
            link = chain(link, zlib.decompress(body))
        except zlib.error:
            yield f"第 {n} 号变更读不出来"
            return
        expected = n + 1
    if expected - 1 != last_n:
        yield f"变更应到第 {last_n} 号，实际到第 {expected - 1} 号"
    elif link != last_h:
        yield "变更内容和校验值不符"


def _rows(one: _Inspection) -> None:
    for definition in one.engine.registry:
        one.add("derived-wrong", f"{definition.module.label}：拼音或检索列不对", _derived_faults(one, definition))


def _derived_faults(one: _Inspection, definition: Definition) -> Iterator[str]:
    names = ("row", "id", "pinyin", *definition.shadows, *definition.column_names)
    columns = ", ".join(f'"{name}"' for name in names)
    for place, record in enumerate(one.db.execute(f"SELECT {columns} FROM {definition.name}"), 1):
        row = dict(zip(names, record, strict=True))
        wrong = [name for name, value in derived.local_values(definition, row).items() if row[name] != value]
        if wrong:
            yield f"{row[definition.module.title]}（{row['id']}）：{'、'.join(wrong)}"
        if place % 5_000 == 0:
            one.advance(5_000)


def _tallies(one: _Inspection) -> None:
    for definition in one.engine.registry:
        stored = dict(
            one.db.execute("SELECT value, n FROM tally WHERE t = ? AND n <> 0", (definition.name,)).fetchall()
        )
        if stored != derived.counted(one.db, definition):
            one.add("tally-wrong", f"{definition.module.label}：条数统计不对", ["统计和实际的条数不一致"])
