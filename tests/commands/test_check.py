"""`ecms check` on a real file that was damaged in every way the engine's own doors do not allow."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from desktop import commands, inspection, maintenance
from desktop.db import FILE_NAME
from desktop.engine.ids import new_id
from desktop.errors import Refused
from desktop.jobs import Cancelled
from desktop.workstation import Workstation

Damage = Callable[[sqlite3.Connection], object]


def damage(folder: Path, *statements: str | Damage) -> None:
    """Behind the engine's back: a foreign tool that has found out about the guard."""
    db = sqlite3.connect(folder / FILE_NAME)
    db.create_function("ecms_writing", 0, lambda: 1)
    for statement in statements:
        if callable(statement):
            statement(db)
        else:
            assert db.execute(statement).rowcount != 0
    db.commit()
    db.close()


def findings(folder: Path) -> list[maintenance.Finding]:
    opened = Workstation.open(folder)
    try:
        return maintenance.check(opened.engine, lambda done, total: None)
    finally:
        opened.close()


def codes(folder: Path) -> set[str]:
    return {finding.code for finding in findings(folder)}


A_CUSTOMER = "(SELECT id FROM customer WHERE is_system = 0 ORDER BY row LIMIT 1)"
A_CONTACT = "(SELECT id FROM contact ORDER BY row LIMIT 1)"
NOBODY = "0" * 32


def test_sound_data(folder: Path) -> None:
    assert commands.check(folder) == "数据完好"


def test_deleted_and_restored_rows_are_sound(folder: Path) -> None:
    from desktop.engine import removal
    from tests.commands.test_backup import admin_of

    opened = Workstation.open(folder)
    with opened.db.read() as db:
        ids = [row[0] for row in db.execute("SELECT id FROM customer WHERE is_system = 0 LIMIT 10")]
    removal.delete(opened.engine, admin_of(opened), "customer", ids)
    removal.restore(opened.engine, admin_of(opened), "customer", ids[:4])
    opened.close()
    assert findings(folder) == []


def test_rows_that_an_earlier_program_came_with_are_sound(folder: Path) -> None:
    """They stay where this one has them no more."""
    damage(folder, f"UPDATE role_right SET id = '{NOBODY}' WHERE row = (SELECT min(row) FROM role_right)")
    assert "row-unclocked" not in codes(folder)


def test_unusual_characters_are_sound(folder: Path) -> None:
    """What SQLite's tokenizer and ours might cut differently."""
    from tests.commands.test_backup import add

    opened = Workstation.open(folder)
    for name in (
        "ＡＢＣ（中国）№１",
        "Straße Ünïcode İI",
        "㈱㍿商会 𠮷野家",
        "ⅷ①² ﬁ",
        "Ωmega ＿_ ﾃｽﾄ",
        "🙂 笑脸 ᏣᎳᎩ",
        "ཀ་ཁ مرحبا ก่า",
    ):
        add(opened, name)
    opened.close()
    assert findings(folder) == []


@pytest.mark.parametrize(
    ("code", "statement"),
    [
        ("guard-missing", "DROP TRIGGER customer_guard_update"),
        ("derived-wrong", f"UPDATE customer SET pinyin = 'zzz' WHERE id = {A_CUSTOMER}"),
        ("derived-wrong", f"UPDATE contact SET mobile_digits = '1' WHERE id = {A_CONTACT}"),
        ("index-wrong", f"UPDATE contact SET name = '改名', pinyin = 'gai ming' WHERE id = {A_CONTACT}"),
        ("index-wrong", f"UPDATE customer SET deleted_at = '2026-01-01T00:00:00.000Z' WHERE id = {A_CUSTOMER}"),
        ("tally-wrong", "UPDATE tally SET n = n + 1 WHERE t = 'customer' AND value = '*'"),
        ("tally-wrong", "UPDATE tally SET n = n + 1 WHERE t = 'customer' AND value <> '*'"),
        ("tally-wrong", "DELETE FROM tally WHERE t = 'supplier'"),
        ("follow-wrong", f"UPDATE contact SET scope_owner = '{NOBODY}' WHERE id = {A_CONTACT}"),
        ("chain-broken", "DELETE FROM changeset WHERE n = 3"),
        ("chain-broken", "DELETE FROM changeset WHERE n = (SELECT max(n) FROM changeset)"),
        ("chain-broken", "UPDATE changeset SET body = (SELECT body FROM changeset WHERE n = 2) WHERE n = 3"),
        ("chain-broken", "UPDATE changeset SET body = x'00' WHERE n = 3"),
        ("chain-broken", "UPDATE sync_self SET last_h = x'00'"),
        ("chain-broken", "UPDATE sync_self SET last_n = last_n + 1"),
        ("clock-alone", f"UPDATE row_clock SET id = '{NOBODY}' WHERE t = 'contact' AND id = {A_CONTACT}"),
        ("row-unclocked", f"DELETE FROM row_clock WHERE id = {A_CUSTOMER}"),
        ("row-unclocked", "DELETE FROM row_clock WHERE t = 'customer_tags'"),
        ("clock-foreign", f"UPDATE row_clock SET r = 99 WHERE id = {A_CUSTOMER}"),
        ("clock-foreign", "INSERT INTO row_clock (t, id, hlc, r, n) VALUES ('ghost', 'x', 1, 1, 1)"),
        ("reference-dangling", f"UPDATE customer SET owner = '{NOBODY}' WHERE id = {A_CUSTOMER}"),
        ("reference-dangling", f"UPDATE contact SET parent = '{NOBODY}' WHERE id = {A_CONTACT}"),
        ("reference-dangling", f"UPDATE customer_tags SET target = '{NOBODY}' WHERE row = 1"),
        ("link-alone", f"UPDATE customer_tags SET record = '{NOBODY}' WHERE row = 1"),
        ("link-misnamed", f"UPDATE customer_tags SET id = '{NOBODY}' WHERE row = 1"),
        ("series-behind", "UPDATE number_series SET last = 7 WHERE prefix = 'KH'"),
    ],
)  # fmt: skip
def test_damage_is_found(folder: Path, code: str, statement: str, monkeypatch: pytest.MonkeyPatch) -> None:
    damage(folder, statement)
    found: list[maintenance.Finding] = []

    def noted(*given: Any) -> list[maintenance.Finding]:
        found.extend(inspection.check(*given))
        return found

    monkeypatch.setattr(maintenance, "check", noted)
    with pytest.raises(Refused, match="处问题"):
        commands.check(folder)
    assert code in {finding.code for finding in found if finding.kind == "problem"}


def test_index_damage_names_the_records(folder: Path) -> None:
    """An entry too few and one too many, in the index alone: the rows themselves are in order."""

    def spoil(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO contact_fts (rowid, name) VALUES (999999, '幽灵')")
        (row, name) = db.execute("SELECT row, name FROM contact ORDER BY row LIMIT 1").fetchone()
        db.execute(
            "INSERT INTO contact_fts (contact_fts, rowid, name) VALUES ('delete', ?, ?)", (row, name[:2])
        )  # fmt: skip

    with sqlite3.connect(folder / FILE_NAME) as db:
        (name,) = db.execute("SELECT name FROM contact ORDER BY row LIMIT 1").fetchone()
    db.close()
    damage(folder, spoil)
    found = [finding.detail for finding in findings(folder)]
    assert any(name in detail for detail in found)
    assert any("999999" in detail for detail in found)


def test_words_in_another_column_are_found(folder: Path) -> None:
    """The words and their number are the same; only the place differs."""

    def swap(db: sqlite3.Connection) -> None:
        for sign in ("'delete', ", ""):
            head = "customer_fts, " if sign else ""
            column = "name" if not sign else "short_name"
            db.execute(f"INSERT INTO customer_fts ({head}rowid, {column}) VALUES ({sign}1, '词语')")

    damage(folder, "INSERT INTO customer_fts (rowid, short_name) VALUES (1, '词语')")
    assert "index-wrong" in codes(folder)
    damage(folder, swap)
    assert "index-wrong" in codes(folder)


def test_damaged_pages_are_found_or_refused(folder: Path) -> None:
    file = folder / FILE_NAME
    with file.open("r+b") as raw:
        for place in range(20, file.stat().st_size // 4096, 9):
            raw.seek(place * 4096)
            raw.write(b"\xa5" * 4096)
    with pytest.raises(Refused):
        commands.check(folder)


def test_circle_of_groups_is_a_note(folder: Path) -> None:
    """A merge of two machines can close one; saving refuses it, reading cuts it (modules.md 0.4)."""
    two = "(SELECT id FROM customer_group WHERE parent IS NOT NULL ORDER BY row LIMIT 1)"
    damage(
        folder,
        f"UPDATE customer_group SET parent = {two} WHERE id = (SELECT parent FROM customer_group WHERE id = {two})",
    )
    found = findings(folder)
    assert {(one.code, one.kind) for one in found} == {("rule-broken", "note")}
    assert "圈" in found[0].detail
    assert commands.check(folder).startswith("数据完好")


def test_broken_rules_are_notes(folder: Path) -> None:
    foreign = f"(SELECT id FROM contact WHERE parent_kind = 'customer' AND parent <> {A_CUSTOMER} LIMIT 1)"
    damage(
        folder,
        f"UPDATE customer SET main_contact = {foreign} WHERE id = {A_CUSTOMER}",
        "UPDATE department SET branch = NULL WHERE row = 1",
        "UPDATE operator SET employee = NULL WHERE row = 1",
    )
    found = findings(folder)
    assert {(one.code, one.kind) for one in found} == {("rule-broken", "note")}
    assert len(found) >= 3


def test_double_numbers_are_notes(folder: Path) -> None:
    def double(db: sqlite3.Connection) -> None:
        (code,) = db.execute("SELECT code FROM supplier WHERE code IS NOT NULL ORDER BY row LIMIT 1").fetchone()
        db.execute("UPDATE supplier SET code = ? WHERE row = (SELECT max(row) FROM supplier)", (code,))

    damage(folder, double)
    assert ("number-double", "note") in {(one.code, one.kind) for one in findings(folder)}


def test_parked_changes_are_a_note(folder: Path) -> None:
    damage(folder, "INSERT INTO parked_op VALUES ('future', 'x', 'y', 1, 1, 1, '{}', 'unknown-table')")
    assert [(one.code, one.kind) for one in findings(folder)] == [("parked", "note")]


def test_many_findings_are_counted(folder: Path) -> None:
    damage(folder, "UPDATE customer SET pinyin = 'zzz'")
    found = [one for one in findings(folder) if one.code == "derived-wrong"]
    assert len(found) == inspection.NAMED_MAX + 1
    assert found[-1].detail == f"还有 {151 - inspection.NAMED_MAX} 处"


def test_progress_and_cancel(workstation: Workstation) -> None:
    seen: list[tuple[int, int]] = []
    maintenance.check(workstation.engine, lambda done, total: seen.append((done, total)))
    assert seen[-1][0] > 0
    assert all(0 <= done <= total for done, total in seen)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)

    def stop(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        maintenance.check(workstation.engine, stop)
    assert maintenance.check(workstation.engine, lambda done, total: None) == []


def test_check_writes_nothing(workstation: Workstation) -> None:
    with workstation.db.read() as db:
        before = db.execute("PRAGMA data_version").fetchone()[0]
    changes = workstation.db.path.stat().st_mtime_ns
    maintenance.check(workstation.engine, lambda done, total: None)
    with workstation.db.read() as db:
        assert db.execute("PRAGMA data_version").fetchone()[0] == before
        assert db.execute("SELECT count(*) FROM sqlite_temp_master").fetchone()[0] == 0
    assert workstation.db.path.stat().st_mtime_ns == changes


def test_public_form() -> None:
    finding = maintenance.Finding("a", "标题", new_id())
    assert finding.public() == {"code": "a", "title": "标题", "detail": finding.detail, "kind": "problem"}
