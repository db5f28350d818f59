"""Workstations without a server, side by side: what one wrote is read as bytes and applied by the other."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desktop import accounts, inspection, maintenance
from desktop.engine import derived, records, removal
from desktop.engine.access import Principal
from desktop.engine.apply import unpacked
from desktop.engine.engine import Engine
from desktop.engine.registry import Definition
from desktop.engine.schema import GUARDED_OWN
from desktop.workstation import Workstation
from sync_server.replication.changeset import Changeset, Op, canonical, chain
from sync_server.replication.clock import to_hex

ELSEWHERE = "f" * 32
"""A replica that exists only in changesets a test makes up."""


@dataclass
class Desk:
    """An open data folder and its administrator."""

    workstation: Workstation
    admin: Principal

    @property
    def engine(self) -> Engine:
        return self.workstation.engine

    def save(self, module: str, id: str | None = None, **values: Any) -> dict[str, Any]:
        """The row after saving it as the administrator."""
        return dict(records.save(self.engine, self.admin, module, values, id=id)[0]["row"])

    def customer(self, name: str = "苏州申越", **values: Any) -> str:
        values.setdefault("group", self.id_of("customer_group", "一般客户"))
        return str(self.save("customer", name=name, **values)["id"])

    def contact(self, customer: str, name: str = "王芳", **values: Any) -> str:
        return str(self.save("contact", name=name, parent_kind="customer", parent=customer, **values)["id"])

    def delete(self, module: str, *ids: str) -> None:
        removal.delete(self.engine, self.admin, module, ids)

    def restore(self, module: str, *ids: str) -> None:
        removal.restore(self.engine, self.admin, module, ids)

    def id_of(self, module: str, title: str) -> str:
        definition = self.engine.registry[module]
        (found,) = self.ask(f"SELECT id FROM {module} WHERE {definition.module.title} = ?", title)
        return str(found[0])

    def ask(self, sql: str, *params: Any) -> list[sqlite3.Row]:
        with self.engine.db.read() as db:
            return db.execute(sql, params).fetchall()

    def row(self, module: str, id: str) -> dict[str, Any]:
        """The columns of a row, deleted or not."""
        (found,) = self.ask(f"SELECT * FROM {module} WHERE id = ?", id)
        return dict(found)

    def value(self, module: str, id: str, column: str) -> Any:
        return self.row(module, id)[column]

    def changesets(self) -> list[tuple[Changeset, int]]:
        """What this desk wrote, in order, each with its effective stamp."""
        rows = self.ask(
            "SELECT c.body, c.hlc_eff FROM changeset c JOIN replica r ON r.no = c.r JOIN sync_self s "
            "ON s.replica = r.uuid ORDER BY c.n"
        )
        return [(Changeset.read(json.loads(unpacked(body))), stamp) for body, stamp in rows]

    def receive(self, written: Sequence[tuple[Changeset, int]]) -> None:
        for changeset, stamp in written:
            self.engine.applier.remote(changeset, stamp, None)

    def hear(self, hlc: int, *ops: Op, n: int = 1, replica: str = ELSEWHERE, actor: str = "someone") -> None:
        """A change made up by the test, as if it came from another machine."""
        changeset = Changeset(replica, n, hlc, hlc >> 16, actor, 1, ops)
        read_back = Changeset.read(json.loads(canonical(changeset.wire())))
        assert to_hex(read_back.hlc) == to_hex(hlc)
        self.engine.applier.remote(read_back, hlc, None)

    @property
    def hlc(self) -> int:
        return int(self.ask("SELECT hlc FROM sync_self")[0][0])


@contextmanager
def open_desk(folder: Path) -> Iterator[Desk]:
    workstation = Workstation.open(folder)
    try:
        (operator,) = (row[0] for row in _administrator(workstation))
        yield Desk(workstation, accounts.principal_of(workstation.engine, operator))
    finally:
        workstation.close()


def _administrator(workstation: Workstation) -> list[sqlite3.Row]:
    with workstation.db.read() as db:
        return db.execute("SELECT id FROM operator WHERE login_name = 'admin'").fetchall()


@contextmanager
def open_pair(template: Path, folder: Path) -> Iterator[tuple[Desk, Desk]]:
    """Two desks that know the same rows; the second is a copy with an identity of its own, as a restore makes it."""
    for name in ("a", "b"):
        shutil.copytree(template, folder / name)
    with open_desk(folder / "a") as a, open_desk(folder / "b") as b:
        maintenance.renew_identity(b.workstation.db)
        yield a, b


def everything(db: sqlite3.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, the full-text index included."""
    names = [
        row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%fts5%'")
    ]
    return {
        name: sorted((tuple(row) for row in db.execute(f"SELECT * FROM {name}")), key=repr) for name in sorted(names)
    }


def guarded_tables(engine: Engine) -> list[str]:
    return [*GUARDED_OWN, *(definition.name for definition in engine.registry), *engine.registry.links]


def assert_checked(engine: Engine) -> None:
    """The data check finds nothing."""
    found = [finding for finding in maintenance.check(engine, lambda done, total: None) if finding.kind == "problem"]
    assert not found, found


def assert_books(engine: Engine) -> None:
    """What is booked and counted is what working it out anew gives: the part of the data check that examples of trade
    depend on, in a third of its time."""
    with engine.db.read() as db:
        one = inspection.Inspection(engine, db, lambda done, total: None)
        inspection.tallies(one)
        inspection.documents_and_books(one)
    found = [finding for finding in one.findings if finding.kind == "problem"]
    assert not found, found


def assert_sound(engine: Engine) -> None:
    """The data check finds nothing, and the search index holds exactly the words of the live rows."""
    assert_checked(engine)
    with engine.db.write() as db:  # the view on the index is a temporary table, which a reader may not make either
        for definition in engine.registry:
            if definition.searched:
                assert indexed_words(db, definition) == expected_words(db, definition), definition.name


def indexed_words(db: sqlite3.Connection, definition: Definition) -> list[tuple[int, str, int, str]]:
    """(row, column, place, word) as the full-text index holds them."""
    db.execute(f"CREATE VIRTUAL TABLE temp.words USING fts5vocab('main', '{definition.name}_fts', 'instance')")
    try:
        return sorted(tuple(row) for row in db.execute("SELECT doc, col, offset, term FROM temp.words"))
    finally:
        db.execute("DROP TABLE temp.words")


def expected_words(db: sqlite3.Connection, definition: Definition) -> list[tuple[int, str, int, str]]:
    columns = (*definition.searched, "initials")
    found = []
    for row in db.execute(f"SELECT * FROM {definition.name} WHERE deleted_at IS NULL"):
        for column, words in zip(columns, derived.search_values(definition, dict(row)), strict=True):
            found += [(int(row["row"]), column, place, word) for place, word in enumerate(words.split())]
    return sorted(found)


def chain_end(written: Sequence[tuple[Changeset, int]]) -> bytes:
    """The hash that the chain over these changesets ends with."""
    link = b""
    for changeset, _ in written:
        link = chain(link, canonical(changeset.wire()))
    return link
