"""Backup and restore on real files, also with a full disk and a killed process."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from desktop import accounts, commands, maintenance
from desktop.db import FILE_NAME
from desktop.engine import history, records
from desktop.engine.access import Principal
from desktop.engine.define import seed_id
from desktop.engine.schema import SCHEMA
from desktop.errors import Refused
from desktop.manifest import digests
from desktop.workstation import Workstation
from tests.conftest import ROOT

GENERAL = seed_id("customer_group", "general")


def admin_of(workstation: Workstation) -> Principal:
    with workstation.db.read() as db:
        (operator,) = db.execute("SELECT id FROM operator WHERE login_name = 'admin'").fetchone()
    return accounts.principal_of(workstation.engine, operator)


def add(workstation: Workstation, name: str) -> dict[str, Any]:
    result, _ = records.save(
        workstation.engine, admin_of(workstation), "customer", {"name": name, "group": GENERAL}
    )  # fmt: skip
    return dict(result["row"])


def customers(folder: Path) -> dict[str, str]:
    """Name → number of the customers typed by the test."""
    opened = Workstation.open(folder)
    with opened.db.read() as db:
        found = dict(db.execute("SELECT name, code FROM customer WHERE name LIKE '手工%'").fetchall())
    opened.close()
    return found


def problems(folder: Path) -> list[maintenance.Finding]:
    opened = Workstation.open(folder)
    try:
        return maintenance.check(opened.engine, lambda done, total: None)
    finally:
        opened.close()


# --------------------------------------------------------------------- backup


def test_backup_holds_the_same_data(workstation: Workstation, tmp_path: Path) -> None:
    add(workstation, "手工一")
    target = tmp_path / "a.bak"
    maintenance.backup(workstation.db, target)
    expected = digests(workstation.engine, "all")
    other = tmp_path / "other"
    maintenance.restore(other, target)
    opened = Workstation.open(other)
    found = digests(opened.engine, "all")
    opened.close()
    assert found == expected
    assert list(tmp_path.glob(".*.part")) == []
    assert target.stat().st_mode & 0o077 == 0


def test_backup_while_somebody_writes(workstation: Workstation, tmp_path: Path) -> None:
    with workstation.db.write() as db:
        db.execute("INSERT INTO meta VALUES ('unfinished', 'x')")
        maintenance.backup(workstation.db, tmp_path / "a.bak")
    copy = sqlite3.connect(tmp_path / "a.bak")
    assert copy.execute("SELECT 1 FROM meta WHERE key = 'unfinished'").fetchone() is None
    copy.close()


def test_backup_takes_the_place_of_an_older_one(workstation: Workstation, tmp_path: Path) -> None:
    target = tmp_path / "a.bak"
    target.write_text("older")
    maintenance.backup(workstation.db, target)
    maintenance.verify(target)


@pytest.mark.parametrize("tail", ["", "-wal", "-shm", "-journal"])
def test_backup_never_onto_the_living_data(workstation: Workstation, tail: str) -> None:
    with pytest.raises(Refused, match="正在使用"):
        maintenance.backup(workstation.db, workstation.folder / (FILE_NAME + tail))
    with workstation.db.read() as db:
        assert db.execute("PRAGMA quick_check").fetchone()[0] == "ok"


def test_backup_never_through_another_name_of_the_living_data(workstation: Workstation, tmp_path: Path) -> None:
    link, twin = tmp_path / "link.bak", tmp_path / "twin.bak"
    link.symlink_to(workstation.db.path)
    os.link(workstation.db.path, twin)
    for target in (link, twin):
        with pytest.raises(Refused, match="正在使用"):
            maintenance.backup(workstation.db, target)


def test_backup_to_a_place_that_is_none(workstation: Workstation, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="没有这个文件夹"):
        maintenance.backup(workstation.db, tmp_path / "no" / "a.bak")
    with pytest.raises(Refused, match="是文件夹"):
        maintenance.backup(workstation.db, tmp_path)


def test_full_disk_leaves_no_half_backup(folder: Path, tmp_path: Path) -> None:
    """A limit on the size of files stands in for the disk; SQLite meets it in the middle of writing."""
    target = tmp_path / "out" / "a.bak"
    target.parent.mkdir()
    target.write_text("older")

    def small_files_only() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    ended = subprocess.run(
        [sys.executable, "-m", "desktop", "backup", "--data", str(folder), str(target)],
        cwd=ROOT, preexec_fn=small_files_only, capture_output=True, text=True, encoding="utf-8", timeout=60,
    )  # fmt: skip
    assert ended.returncode == 1
    assert "磁盘" in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1
    assert [file.name for file in target.parent.iterdir()] == ["a.bak"]
    assert target.read_text() == "older"


# -------------------------------------------------------------------- restore


def test_restore_goes_on_with_new_numbers(workstation: Workstation, tmp_path: Path) -> None:
    folder = workstation.folder
    before = add(workstation, "手工一")
    maintenance.backup(workstation.db, tmp_path / "a.bak")
    later = add(workstation, "手工二")
    with workstation.db.read() as db:
        old = dict(db.execute("SELECT * FROM sync_self").fetchone())
        pending = db.execute("SELECT count(*) FROM changeset WHERE state = 'pending'").fetchone()[0]
    workstation.close()

    kept = maintenance.restore(folder, tmp_path / "a.bak")

    assert customers(folder) == {"手工一": before["code"]}
    opened = Workstation.open(folder)
    after = add(opened, "手工三")
    with opened.db.read() as db:
        new = dict(db.execute("SELECT * FROM sync_self").fetchone())
        by_replica = dict(
            db.execute("SELECT r.uuid, count(*) FROM changeset c JOIN replica r ON r.no = c.r GROUP BY c.r").fetchall()
        )
    told = history.of_record(opened.engine, admin_of(opened), "customer", before["id"], {})
    opened.close()
    assert new["replica"] != old["replica"]
    assert new["db_uuid"] == old["db_uuid"]
    assert new["code"][:-3] == old["code"] == "A1"
    assert new["last_n"] == 1
    assert new["hlc"] > 0
    assert by_replica == {old["replica"]: pending - 1, new["replica"]: 1}
    assert after["code"] == f"KH01{new['code']}00001"
    assert after["code"] not in (before["code"], later["code"])
    assert told
    assert problems(folder) == []
    assert kept is not None
    assert set(customers_in(kept)) == {"手工一", "手工二"}


def customers_in(file: Path) -> set[str]:
    db = sqlite3.connect(file)
    found = {row[0] for row in db.execute("SELECT name FROM customer WHERE name LIKE '手工%'")}
    db.close()
    return found


def test_restored_twice_keeps_a_short_code(workstation: Workstation, tmp_path: Path) -> None:
    folder = workstation.folder
    maintenance.backup(workstation.db, tmp_path / "a.bak")
    workstation.close()
    codes = []
    for _ in range(2):
        maintenance.restore(folder, tmp_path / "a.bak")
        opened = Workstation.open(folder)
        codes.append(add(opened, "手工")["code"])
        maintenance.backup(opened.db, tmp_path / "a.bak")
        opened.close()
    assert len(set(codes)) == 2
    assert all(len(code) == len("KH01A1XXX00001") for code in codes)
    assert problems(folder) == []


def test_edits_after_a_restore_are_later_than_all_before(workstation: Workstation, tmp_path: Path) -> None:
    """Also when the clock of the machine ran ahead when the backup was made."""
    folder, ahead = workstation.folder, 1 << 62
    row = add(workstation, "手工一")
    with workstation.db.write() as db, workstation.db.unguarded():
        db.execute("UPDATE row_clock SET hlc = ? WHERE id = ?", (ahead, row["id"]))
    maintenance.backup(workstation.db, tmp_path / "a.bak")
    workstation.close()
    maintenance.restore(folder, tmp_path / "a.bak")
    opened = Workstation.open(folder)
    after, _ = records.save(opened.engine, admin_of(opened), "customer", {"note": "改过"}, id=row["id"])
    opened.close()
    assert after["row"]["note"] == "改过"


def test_restore_into_an_empty_folder(workstation: Workstation, tmp_path: Path) -> None:
    maintenance.backup(workstation.db, tmp_path / "a.bak")
    assert maintenance.restore(tmp_path / "fresh", tmp_path / "a.bak") is None
    assert problems(tmp_path / "fresh") == []
    assert sorted(file.name for file in (tmp_path / "fresh").iterdir()) == [FILE_NAME]


def test_restore_over_damaged_data_keeps_them(folder: Path, workstation: Workstation, tmp_path: Path) -> None:
    maintenance.backup(workstation.db, tmp_path / "a.bak")
    workstation.close()
    live = folder / FILE_NAME
    live.write_bytes(b"broken" * 10_000)
    live.with_name(FILE_NAME + "-wal").write_bytes(b"an old log")
    kept = maintenance.restore(folder, tmp_path / "a.bak")
    assert kept is not None
    assert kept.read_bytes().startswith(b"broken")
    assert not live.with_name(FILE_NAME + "-wal").exists()
    assert problems(folder) == []


def test_log_of_lost_data_is_not_replayed_into_the_restored(
    folder: Path, workstation: Workstation, tmp_path: Path
) -> None:
    maintenance.backup(workstation.db, tmp_path / "a.bak")
    workstation.close()
    live = folder / FILE_NAME
    live.unlink()
    live.with_name(FILE_NAME + "-wal").write_bytes(b"an old log")
    assert maintenance.restore(folder, tmp_path / "a.bak") is None
    assert not live.with_name(FILE_NAME + "-wal").exists()
    assert problems(folder) == []


def test_restore_folds_in_the_log_of_a_killed_program(folder: Path, tmp_path: Path) -> None:
    opened = Workstation.open(folder)
    maintenance.backup(opened.db, tmp_path / "a.bak")
    opened.close()
    write_and_die(folder)
    assert (folder / (FILE_NAME + "-wal")).stat().st_size > 0
    kept = maintenance.restore(folder, tmp_path / "a.bak")
    assert kept is not None
    assert customers_in(kept) == {"手工遗留"}
    assert customers(folder) == {}


def write_and_die(folder: Path) -> None:
    script = f"""
        import os
        from pathlib import Path
        from desktop.workstation import Workstation
        from tests.commands.test_backup import add
        add(Workstation.open(Path({str(folder)!r})), "手工遗留")
        os._exit(9)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT, timeout=60)


@pytest.mark.parametrize("what", ["text", "empty", "other", "cut", "newer", "missing", "unfounded"])
def test_restore_refuses_what_is_no_good_backup(
    workstation: Workstation, folder: Path, tmp_path: Path, what: str
) -> None:
    file = tmp_path / "a.bak"
    maintenance.backup(workstation.db, file)
    workstation.close()
    spoil(file, what)
    before = (folder / FILE_NAME).read_bytes()
    with pytest.raises(Refused) as refusal:
        commands.restore(folder, file)
    assert "\n" not in str(refusal.value)
    assert (folder / FILE_NAME).read_bytes() == before
    assert [one.name for one in folder.glob("*.bak")] == []


def spoil(file: Path, what: str) -> None:
    if what == "text":
        file.write_text("这不是备份")
    elif what == "empty":
        file.write_bytes(b"")
    elif what == "cut":
        os.truncate(file, file.stat().st_size // 2)
    elif what == "missing":
        file.unlink()
    else:
        db = sqlite3.connect(file)
        pragma = {"other": "application_id = 7", "newer": f"user_version = {SCHEMA + 1}"}
        db.execute(f"PRAGMA {pragma[what]}" if what in pragma else "DROP TABLE sync_self")
        db.commit()
        db.close()


def test_restore_refuses_the_living_file(folder: Path) -> None:
    with pytest.raises(Refused, match="正在使用"):
        maintenance.restore(folder, folder / FILE_NAME)


KILLED_AT = """
    import os, signal, sys
    from pathlib import Path
    left = int(sys.argv[3])
    def dying(function):
        def wrapped(*args, **more):
            global left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **more)
        return wrapped
    os.fsync, os.link, os.open = dying(os.fsync), dying(os.link), dying(os.open)
    Path.replace, Path.unlink, Path.mkdir, Path.rmdir = (
        dying(one) for one in (Path.replace, Path.unlink, Path.mkdir, Path.rmdir))
    from desktop import maintenance
    maintenance.restore(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def test_killed_restore_leaves_old_or_new_data(workstation: Workstation, tmp_path: Path) -> None:
    """Killed before every single step that touches the disk, one after the other, on the same folder."""
    folder, backup = workstation.folder, tmp_path / "a.bak"
    add(workstation, "手工备份")
    maintenance.backup(workstation.db, backup)
    add(workstation, "手工后来")
    workstation.close()
    old, new = {"手工备份", "手工后来"}, {"手工备份"}
    seen = []
    for steps in range(60):
        words = [sys.executable, "-c", textwrap.dedent(KILLED_AT), str(folder), str(backup), str(steps)]
        code = subprocess.run(words, cwd=ROOT, timeout=60).returncode
        seen.append(set(customers(folder)))
        assert seen[-1] in (old, new)
        if code == 0:
            break
    assert code == 0
    assert old in seen
    assert seen[-1] == new
    assert len(seen) > 8
    assert problems(folder) == []
    assert not list(folder.glob("restore-*"))
