"""An older program and a newer one share a company: what the older one does not know waits for its upgrade (B10)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from desktop import modules
from desktop.engine.registry import Registry
from desktop.engine.work import checksum_of, versions
from sync_server.replication.changeset import Op
from tests.engine.kit import Desk, assert_sound, open_desk
from tests.support import copy_of

COLUMN = "website"
"""A column of customers that the older program is made not to know."""


@pytest.fixture(autouse=True)
def own_declarations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each machine has its declarations for itself: here they change under it."""
    monkeypatch.setattr(modules, "load", modules.load.__wrapped__)


def older() -> Registry:
    """The modules of a program that has no such column yet."""
    registry = modules.load()
    definition = registry["customer"]
    columns = tuple(one for one in definition.columns if one.name != COLUMN)
    object.__setattr__(definition, "columns", columns)
    object.__setattr__(definition, "units", definition.units - {COLUMN})
    for name in ("column_names", "unit_of", "rules", "inserted"):
        definition.__dict__.pop(name, None)
    return registry


def forget_column(desk: Desk) -> None:
    """The desk goes on as an older program would."""
    registry = older()
    desk.engine.registry.definitions["customer"] = registry["customer"]


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    return copy_of(template, tmp_path / "data")


def test_values_of_a_column_that_came_with_the_row_or_after_it_are_there_after_the_upgrade(folder: Path) -> None:
    with_row, after_row, overwritten = "1" * 32, "2" * 32, "3" * 32
    with open_desk(folder) as desk:
        forget_column(desk)
        at = desk.hlc
        desk.hear(at + 1, Op("customer", with_row, "ins", {"name": "甲", COLUMN: "a.example"}), n=1)
        desk.hear(at + 2, Op("customer", after_row, "ins", {"name": "乙"}), n=2)
        desk.hear(at + 3, Op("customer", after_row, "upd", {COLUMN: "b.example"}), n=3)
        desk.hear(at + 4, Op("customer", overwritten, "ins", {"name": "丙", COLUMN: "c.example"}), n=4)
        desk.hear(at + 5, Op("customer", overwritten, "upd", {COLUMN: "d.example"}), n=5)
        assert len(desk.ask("SELECT 1 FROM parked_op WHERE f = ?", COLUMN)) == 3
    with open_desk(folder) as desk:  # the upgrade
        values = [desk.value("customer", id, COLUMN) for id in (with_row, after_row, overwritten)]
        assert values == ["a.example", "b.example", "d.example"]
        assert desk.ask("SELECT 1 FROM parked_op") == []
        assert desk.engine.registry["customer"].unit_of[COLUMN] == COLUMN
        with desk.engine.db.read() as db:
            clock = desk.engine.applier.clock(db, "customer", overwritten)
            assert (clock.of("name").n, clock.of(COLUMN).n) == (4, 5)
            (kept,) = db.execute("SELECT sum FROM checksum WHERE t = 'customer'").fetchone()
            assert kept == checksum_of(versions(db, desk.engine.registry, "customer"))
        assert_sound(desk.engine)


def test_an_edit_made_after_the_upgrade_is_not_overwritten_by_what_waited(folder: Path) -> None:
    id = "4" * 32
    with open_desk(folder) as desk:
        forget_column(desk)
        desk.hear(desk.hlc + 1, Op("customer", id, "ins", {"name": "甲", COLUMN: "old.example"}), n=1)
        shutil.copytree(folder, folder.with_name("later"))
    with open_desk(folder.with_name("later")) as desk:
        desk.save("customer", id, website="new.example")
    with open_desk(folder.with_name("later")) as desk:
        assert desk.value("customer", id, COLUMN) == "new.example"
