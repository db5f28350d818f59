"""Data that cannot be opened safely are refused in plain words and stay as they are; a full disk loses nothing."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from desktop import accounts, commands, maintenance, modules
from desktop import db as storage
from desktop.db import FILE_NAME
from desktop.engine.apply import Applier
from desktop.engine.define import Module, Tab
from desktop.engine.engine import SQL_FUNCTIONS, Engine
from desktop.engine.events import Bus
from desktop.engine.registry import Registry
from desktop.engine.schema import migrate
from desktop.errors import Refused, StorageFull
from desktop.workstation import Workstation, seed
from sync_server.replication.changeset import Op
from tests.engine.kit import Desk, assert_sound, everything, open_desk
from tests.support import FIRST, Office, copy_of, fresh_key

ROOT = Path(__file__).resolve().parents[2]
KILLS = 3


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    return copy_of(template, tmp_path / "data")


def fingerprint(folder: Path) -> dict[str, str]:
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir()) if file.is_file()
    }


def refusal(folder: Path) -> str:
    """What the user is told; the files are as they were before."""
    before = fingerprint(folder) if folder.is_dir() else {}
    with pytest.raises(Refused) as refused:
        Workstation.open(folder)
    assert (fingerprint(folder) if folder.is_dir() else {}) == before
    text = str(refused.value)
    assert sum("\u4e00" <= char <= "\u9fff" for char in text) > 8 and "\n" not in text
    assert not any(word in text for word in ("Error", "sqlite", "malformed", "None"))
    return text


# ------------------------------------------------------------------ refusals


def test_data_of_a_newer_version_are_left_alone(folder: Path) -> None:
    db = sqlite3.connect(folder / FILE_NAME)
    db.execute("PRAGMA user_version = 999")
    db.close()
    assert "升级" in refusal(folder)


@pytest.mark.parametrize(
    "content", [b"hello world, this is no database at all", b"\x00" * 8192, b"SQLite format 3", b"PK\x03\x04zip"]
)
def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    assert "损坏" in refusal(tmp_path)


def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / FILE_NAME)
    db.execute("CREATE TABLE notes (text)")
    db.commit()
    db.close()
    assert "不是本程序" in refusal(tmp_path)


def test_a_log_without_its_data_file_is_left_alone(folder: Path) -> None:
    (folder / FILE_NAME).rename(folder / f"{FILE_NAME}-wal")
    assert "备份" in refusal(folder)


@pytest.mark.parametrize("part", [0.02, 0.3, 0.7, 0.999])
def test_a_file_that_was_cut_short_is_left_alone(folder: Path, part: float) -> None:
    file = folder / FILE_NAME
    os.truncate(file, int(file.stat().st_size * part))
    assert "备份" in refusal(folder)


@pytest.mark.parametrize("page", ["schema", "meta", "sqlite_autoindex_role_1"])
def test_a_damaged_page_met_while_opening_is_left_alone(folder: Path, page: str) -> None:
    db = sqlite3.connect(folder / FILE_NAME)
    (size,) = db.execute("PRAGMA page_size").fetchone()
    (number,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (page,)).fetchone() or (1,)
    db.close()
    with (folder / FILE_NAME).open("r+b") as file:
        file.seek((number - 1) * size + (100 if number == 1 else 0))
        file.write(bytes(random.Random(page).randbytes(size - 100)))
    assert "备份" in refusal(folder)


def test_a_flipped_byte_of_the_header_is_refused_or_found_by_the_check_or_does_no_harm(
    folder: Path, tmp_path: Path
) -> None:
    whole = (folder / FILE_NAME).read_bytes()
    refused = 0
    for place in range(0, 100, 3):  # of each field of the header one or two
        damaged = tmp_path / f"flip{place}"
        damaged.mkdir()
        (damaged / FILE_NAME).write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        before = fingerprint(damaged)
        try:
            with open_desk(damaged) as desk:
                if "file-damaged" not in {one.code for one in maintenance.check(desk.engine, lambda done, total: None)}:
                    desk.customer()
                    assert_sound(desk.engine)
        except Refused:
            refused += 1
            assert fingerprint(damaged) == before, place
    assert refused > 8


@pytest.mark.parametrize("mode", ["exclusive", "rollback"])
def test_data_that_another_process_holds_are_left_alone(folder: Path, mode: str) -> None:
    with _held(folder, mode):
        assert "占用" in refusal(folder)
    with open_desk(folder) as desk:
        assert_sound(desk.engine)


@contextmanager
def _held(folder: Path, mode: str) -> Iterator[None]:
    """Another process that has the file locked, as a backup program or a database browser may."""
    lines = [
        "import sqlite3, sys",
        f"db = sqlite3.connect({str(folder / FILE_NAME)!r}, isolation_level=None)",
        f"db.execute('PRAGMA journal_mode={'DELETE' if mode == 'rollback' else 'WAL'}')",
        "db.execute('PRAGMA locking_mode=EXCLUSIVE')",
        "db.execute('BEGIN EXCLUSIVE')",
        "print('held', flush=True)",
        "sys.stdin.read()",
    ]
    with subprocess.Popen(
        [sys.executable, "-c", "\n".join(lines)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout and holder.stdout.readline() == "held\n"
        yield
        holder.communicate("")


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    for folder in (tmp_path / "file", tmp_path / "file" / "data", Path("/proc/ecms-data")):
        with pytest.raises(Refused, match="换一个位置"):
            Workstation.open(folder)
    assert (tmp_path / "file").read_text() == "not a folder"


@pytest.mark.parametrize("name", ["OneDrive", "Dropbox", "我的坚果云", "iCloud Drive", "GoogleDrive", "百度网盘同步"])
def test_a_folder_that_a_cloud_program_copies_is_refused(template: Path, tmp_path: Path, name: str) -> None:
    assert "云同步" in refusal(copy_of(template, tmp_path / name / "data"))
    with pytest.raises(Refused):
        Workstation.open(tmp_path / name / "fresh")
    assert not (tmp_path / name / "fresh").exists()


def test_the_file_system_is_that_of_the_longest_mount_point(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/vda / ext4 rw 0 0\n//nas/share /mnt/nas cifs rw 0 0\n"
        "/dev/sdb /mnt/nas/disk ext4 rw 0 0\nnas:/x /mnt/my\\040share nfs4 rw 0 0\n"
    )
    found = {
        place: storage._file_system(Path(place), mounts)
        for place in ("/srv/x", "/mnt/nas", "/mnt/nas/ecms", "/mnt/nasty", "/mnt/nas/disk/ecms", "/mnt/my share/ecms")
    }
    assert found == {
        "/srv/x": "ext4",
        "/mnt/nas": "cifs",
        "/mnt/nas/ecms": "cifs",
        "/mnt/nasty": "ext4",
        "/mnt/nas/disk/ecms": "ext4",
        "/mnt/my share/ecms": "nfs4",
    }
    assert storage._file_system(tmp_path, tmp_path / "nothing") == ""
    assert {"cifs", "nfs4"} <= storage._NETWORK_FILE_SYSTEMS and "ext4" not in storage._NETWORK_FILE_SYSTEMS


@pytest.mark.parametrize("left", ["", "header"])
def test_a_file_that_a_kill_left_empty_becomes_ours(tmp_path: Path, left: str) -> None:
    file = tmp_path / FILE_NAME
    file.touch()
    if left == "header":
        db = sqlite3.connect(file)
        db.execute("PRAGMA journal_mode=WAL")
        db.close()
    for _ in range(2):
        Workstation.open(tmp_path).close()


# ----------------------------------------------------------------- full disk


def test_a_full_disk_refuses_the_save_whole_and_the_next_one_works(office: Office) -> None:
    first = office.samples.create("customer")
    change = {"note": "很长的备注" * 3_000}
    group = office.samples.values("customer")["group"]
    with _full(office):
        before = _rows(office)
        for method, path, body in (
            ("POST", "/api/records/customer", {"name": "放不下", "group": group} | change),
            ("PATCH", f"/api/records/customer/{first['id']}", change),
            ("PUT", "/api/state/theme", {"value": change["note"]}),
        ):
            problem = office.api.refused(method, path, 507, body, headers=fresh_key())
            assert problem["code"] == "storage-full" and "磁盘已满" in problem["title"]
        assert _rows(office) == before
        assert office.api.get(f"/api/records/customer/{first['id']}")["row"]["note"] == first["note"]
    saved = office.api.post("/api/records/customer", {"name": "放得下", "group": group} | change)["row"]
    assert int(saved["code"][-5:]) == int(first["code"][-5:]) + 1, "the number drawn in vain was given back"
    assert_sound(office.engine)


@contextmanager
def _full(office: Office) -> Iterator[None]:
    """The file may not grow by more than a few pages."""
    with office.engine.db.write() as db:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        (spare,) = db.execute("PRAGMA freelist_count").fetchone()
        assert spare < 8
    writer = office.engine.db._writer
    writer.execute(f"PRAGMA max_page_count = {pages}")
    yield
    writer.execute("PRAGMA max_page_count = 1073741823")


def _rows(office: Office) -> dict[str, list[tuple[object, ...]]]:
    with office.engine.db.read() as db:
        return everything(db)


def test_a_disk_that_is_really_full_loses_nothing(template: Path, tmp_path: Path) -> None:
    """On a small disk of its own."""
    with _small_disk(tmp_path / "disk", (template / "ecms.db").stat().st_size) as disk:
        folder = copy_of(template, disk / "data")
        with open_desk(folder) as desk:
            saved = _save_until_full(desk)
            with pytest.raises(StorageFull):
                desk.customer("再来一个", note="长" * 20_000)
            assert {row[0] for row in desk.ask("SELECT note FROM customer WHERE code IS NOT NULL")} == saved
        with open_desk(folder) as desk:
            assert {row[0] for row in desk.ask("SELECT note FROM customer WHERE code IS NOT NULL")} == saved
            _make_room(disk)
            desk.customer("有地方了", note="长" * 20_000)
            assert_sound(desk.engine)


def _save_until_full(desk: Desk) -> set[str]:
    saved: set[str] = set()
    while True:
        note = f"{len(saved)}" + "长" * 6_000
        try:
            desk.customer(f"第{len(saved)}家", note=note)
        except StorageFull:
            return saved
        saved.add(note)
        assert len(saved) < 2_000


@contextmanager
def _small_disk(place: Path, size: int) -> Iterator[Path]:
    """A file system with room for a file of that size and a few megabytes; who may not mount one gets a limit on the
    size of files, which SQLite meets as a failed write."""
    place.mkdir()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    is_mounted = (
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size + 4_500_000}", "tmpfs", place], check=False
        ).returncode
        == 0
    )
    try:
        if is_mounted:
            (place / "ballast").write_bytes(b"x" * 2_000_000)
        else:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + 1_500_000, hard))
        yield place
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        if is_mounted:
            subprocess.run(["umount", "-l", place], check=True)


def _make_room(place: Path) -> None:
    (place / "ballast").unlink(missing_ok=True)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


# ----------------------------------------------------------------- migration

YOUNGER = {
    "customer": "tags next_contact_on order_cycle_days birth fax wechat",
    "contact": "mobile hobby",
    "tag": "color",
}
"""Fields that an earlier version did not have yet."""


def earlier() -> Registry:
    """The declarations of an earlier version: fewer modules, fields, indexes and searched columns."""
    now = modules.load()
    return Registry(
        now.chapters,
        [_without(one, YOUNGER.get(one.name, "").split()) for one in now.modules if one.name != "competitor_product"],
    )


def _without(module: Module, names: list[str]) -> Module:
    fields = {
        name: dataclasses.replace(one, index=False)
        if module.name == "customer" and name in ("status", "owner")
        else one
        for name, one in module.fields.items()
        if name not in names
    }
    return dataclasses.replace(
        module,
        fields=fields,
        columns=_less(module.columns, names),
        quick=_less(module.quick, names),
        tabs=(Tab("基本", module.title),),
        related=(),
        children=_less(module.children, ["competitor_product"]),
    )


def _less(words: str, names: list[str]) -> str:
    return " ".join(word for word in words.split() if word not in names)


def make_earlier(folder: Path, customers: int) -> dict[str, dict[str, object]]:
    """A data folder as the earlier version wrote it; returns its customers."""
    registry = earlier()
    folder.mkdir()
    db = storage.open_database(folder, SQL_FUNCTIONS)
    with db.write() as writer, db.unguarded():
        migrate(writer, registry)
        seed(writer, registry)
    applier = Applier(db, registry)
    workstation = Workstation(folder, db, registry, Engine(db, registry, applier, Bus()))
    operator = accounts.set_up(workstation, FIRST)
    ops = [
        Op(
            "customer",
            f"{number:032x}",
            "ins",
            {"name": f"公司{number}号", "phone": f"0512-{number:07d}", "code": f"K{number}"},
        )
        for number in range(1, customers + 1)
    ]
    applier.local(ops, actor=operator, batch="b" * 32)
    with db.read() as reader:
        rows = {row["id"]: dict(row) for row in reader.execute("SELECT * FROM customer")}
    workstation.close()
    return rows


def test_an_earlier_version_s_data_gain_columns_and_lose_nothing(tmp_path: Path) -> None:
    rows = make_earlier(tmp_path / "data", 300)
    assert "birth_month" not in rows[f"{1:032x}"]
    with open_desk(tmp_path / "data") as desk:
        for id, row in rows.items():
            now = desk.row("customer", id)
            assert {name: now[name] for name in row} == row
            assert now["birth_month"] is None and now["fax"] is None
        assert_sound(desk.engine)
        index = [row[0] for row in desk.ask("SELECT name FROM sqlite_master WHERE type = 'index'")]
        assert "ix_customer_owner" in index and "ix_contact_mobile" in index
        one = desk.save(
            "customer",
            f"{7:032x}",
            fax="0512-555",
            tags=[desk.id_of("tag", "重点跟进")],
            group=desk.id_of("customer_group", "一般客户"),
        )
        assert one["fax"] == "0512-555" and len(one["tags"]) == 1
        desk.save("competitor_product", name="新模块", competitor=desk.save("competitor", name="敌")["id"])
        assert_sound(desk.engine)


def test_killed_during_an_upgrade_the_data_are_old_or_new_never_broken(tmp_path: Path) -> None:
    rows = make_earlier(tmp_path / "made", 1_500)
    whole_s, upgraded = _upgrade(copy_of(tmp_path / "made", tmp_path / "whole"), None), 0
    for number in range(KILLS):
        folder = copy_of(tmp_path / "made", tmp_path / f"data{number}")
        _upgrade(folder, whole_s * number / (KILLS - 2) if number < KILLS - 1 else None)
        probe = sqlite3.connect(folder / FILE_NAME)
        columns = {row[1] for row in probe.execute("PRAGMA table_info(customer)")}
        probe.close()
        upgraded += "fax" in columns
        with open_desk(folder) as desk:
            found = {row["id"]: dict(row) for row in desk.ask("SELECT * FROM customer")}
            assert {id: {name: found[id][name] for name in row} for id, row in rows.items()} == rows
            assert_sound(desk.engine)
        shutil.rmtree(folder)
    assert 0 < upgraded < KILLS, "kills should fall before and after the upgrade took hold"


def _upgrade(folder: Path, kill_after_s: float | None) -> float:
    """Opens the data in a process of its own, which may be killed on the way; returns how long it took."""
    program = "import sys; from pathlib import Path; from desktop.workstation import Workstation\n"
    program += (
        "print('go', flush=True); Workstation.open(Path(sys.argv[1])); print('done', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(folder)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout and process.stdout.readline() == "go\n"
        started = time.monotonic()
        if kill_after_s is None:
            assert process.stdout.readline() == "done\n"
        else:
            time.sleep(kill_after_s)
        process.send_signal(signal.SIGKILL)
        return time.monotonic() - started


def test_booking_anew_says_how_far_it_has_come(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desktop.engine.telling.EVERY_S", 0)
    folder = copy_of(template, tmp_path / "data")
    commands.demo(folder, 10, 1, documents=20)
    with sqlite3.connect(folder / FILE_NAME) as db:
        db.execute("UPDATE meta SET value = 'older' WHERE key = 'books'")
    said: list[str] = []
    Workstation.open(folder, tell=said.append).close()
    assert said[0] == "重新登记单据的账目"
    assert said[-1] == "重新核算余额"
    assert any("/" in step and step.endswith(" 张）") for step in said[1:-1])
