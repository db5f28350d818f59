"""Data folders that are copied, moved, restored and joined again: every change stays, no number is drawn twice, and the
history is whole everywhere."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from desktop.db import FILE_NAME
from desktop.engine.apply import opened
from desktop.sync.identity import Identities, Identity, inode_of
from tests.chaos.kit import Company, Machine, assert_alike, attempt, names_of
from tests.engine.kit import Desk


@dataclass
class Work:
    """What people did, and where."""

    shared: str
    """A record that everybody changes, one after the other."""
    names: set[str]
    notes: list[str]

    def at(self, machine: Machine, name: str) -> str:
        """A new customer and a change of the common one at this machine; returns the customer's number."""
        with machine.desk() as desk:
            return self.by(desk, name)

    def by(self, desk: Desk, name: str) -> str:
        id = desk.customer(name)
        self.names.add(name)
        if desk.ask("SELECT 1 FROM customer WHERE id = ?", self.shared):
            desk.save("customer", self.shared, note=name)
            self.notes.append(name)
        return str(desk.value("customer", id, "code"))


@pytest.fixture
def work(company: Company) -> Work:
    """Both machines have worked and know of each other."""
    with company.first.desk() as desk:
        shared = desk.customer("共同的客户")
    company.settle()
    found = Work(shared, {"共同的客户"}, [])
    for machine in company.machines:
        found.at(machine, f"起初 {machine.folder.name}")
        company.settle()
    return found


def status_of(machine: Machine) -> dict[str, Any]:
    with machine.desk() as desk:
        return dict(desk.workstation.sync.status())


def copied_to(machine: Machine, folder: Path) -> Machine:
    shutil.copytree(machine.folder, folder)
    return Machine(folder)


def identity_of(machine: Machine) -> Identity:
    found = Identities.default().read(machine.folder)
    assert found is not None
    return found


def all_there(company: Company, work: Work, *more: Machine) -> None:
    machines = [*company.machines, *more]
    for machine in (*machines, *machines):
        machine.sync()
    for machine in machines:
        with machine.desk() as desk:
            assert names_of(desk) == work.names, machine.folder.name
            written = _written(desk, work.shared)
            assert written >= set(work.notes), f"missing at {machine.folder.name}: {set(work.notes) - written}"
    assert_alike(machines)


def _written(desk: Desk, id: str) -> set[Any]:
    """Every note that a record ever had, by the changes that this machine keeps."""
    ops = [op for row in desk.ask("SELECT body FROM changeset") for op in opened(row["body"])["ops"]]
    return {op["set"].get("note") for op in ops if op["id"] == id and "set" in op}


# --------------------------------------------------------------------------------------------------------------- copies


def test_a_copy_goes_on_under_a_name_of_its_own_and_joins_with_a_new_code(
    company: Company, work: Work, tmp_path: Path
) -> None:
    (machine,) = company.others
    waiting = work.at(machine, "未传的")
    copy = copied_to(machine, tmp_path / "copy")
    with copy.desk() as desk:
        status = attempt(desk)
        assert status["state"] == "attention" and status["problem"]["code"] == "copied"
        assert "新的加入码" in status["problem"]["hint"]
        number = work.by(desk, "副本上的")
    assert number[:6] == waiting[:6] and number[:9] != waiting[:9], "a number of the same branch and another series"
    assert copy.refused("sync").startswith("这份数据是从别处复制来的")
    work.at(machine, "原处的")
    assert status_of(machine)["problem"] is None
    machine.sync()
    copy.join(company.server)
    plain = work.at(copy, "重新加入以后")
    assert len(plain) == len(waiting), "numbers are plain again under the code the server gave"
    all_there(company, work, copy)


def test_a_copy_that_sends_first_takes_nothing_from_the_original(company: Company, work: Work, tmp_path: Path) -> None:
    (machine,) = company.others
    work.at(machine, "未传的")
    copy = copied_to(machine, tmp_path / "copy")
    copy.join(company.server)
    work.at(copy, "副本上的")
    copy.sync()
    work.at(machine, "原处的")
    all_there(company, work, copy)
    work.at(machine, "后来原处的")
    work.at(copy, "后来副本上的")
    all_there(company, work, copy)


@pytest.mark.soak
def test_a_copy_with_its_identity_on_another_disk_keeps_its_place(company: Company, work: Work, tmp_path: Path) -> None:
    """The whole home was brought to another computer: same machine, another file."""
    (machine,) = company.others
    work.at(machine, "未传的")
    copy = copied_to(machine, tmp_path / "copy")
    Identities.default().write(replace(identity_of(machine), path=str(copy.folder)))
    number = work.at(copy, "副本上的")
    assert work.at(machine, "原处的")[:9] != number[:9]
    assert status_of(copy)["problem"] is None
    all_there(company, work, copy)


def test_two_machines_from_one_disk_image_part_ways(company: Company, work: Work, tmp_path: Path) -> None:
    """Not even the file's number tells them apart: the server sees two changes under one name."""
    (machine,) = company.others
    copy = copied_to(machine, tmp_path / "copy")
    Identities.default().write(replace(identity_of(machine), path=str(copy.folder), inode=inode_of(copy.folder)))
    names = {}
    for one in (machine, copy):
        for number in range(3):
            names[one.folder.name, number] = one.names() and work.at(one, f"{one.folder.name} 第{number}个")
    assert names["machine2", 0] == names["copy", 0], "the same number twice, as an imaged disk must"
    for one in (machine, copy, machine, copy):
        one.sync()
    for one in (machine, copy):
        work.at(one, f"{one.folder.name} 之后")
    for one in (*company.machines, copy, *company.machines, copy):
        one.sync()
    for one in (*company.machines, copy):
        assert one.names() == work.names
    digests = [one.digest() for one in (*company.machines, copy)]
    assert digests[0] == digests[1] == digests[2]
    with company.first.desk() as desk:
        duplicates = desk.ask("SELECT code FROM customer GROUP BY code HAVING count(*) > 1 AND code IS NOT NULL")
    assert len(duplicates) == 3, "only what both drew before they met"


def test_a_folder_that_is_moved_stays_the_same_machine(company: Company, work: Work, tmp_path: Path) -> None:
    (machine,) = company.others
    before = identity_of(machine)
    work.at(machine, "未传的")
    machine.folder.rename(tmp_path / "moved")
    machine.folder = tmp_path / "moved"
    work.at(machine, "搬家以后")
    after = identity_of(machine)
    assert (after.replica, after.secret, after.machine) == (before.replica, before.secret, before.machine)
    assert after.path == str(tmp_path / "moved")
    all_there(company, work)


def test_a_copy_in_the_place_of_a_moved_folder_is_a_copy(company: Company, work: Work, tmp_path: Path) -> None:
    """Moved away and copied back: the copy must not write under the name of the one that moved."""
    (machine,) = company.others
    place = machine.folder
    place.rename(tmp_path / "moved")
    moved = Machine(tmp_path / "moved")
    shutil.copytree(moved.folder, place)
    numbers = {work.at(machine, "在原来的地方")[:9], work.at(moved, "在新的地方")[:9]}
    assert len(numbers) == 2
    for one in (machine, moved):
        if status_of(one)["problem"] is not None:
            one.join(company.server)
    all_there(company, work, moved)


# ------------------------------------------------------------------------------------------------------------- restores


def test_an_older_backup_on_a_joined_machine(company: Company, work: Work, tmp_path: Path) -> None:
    (machine,) = company.others
    machine.done("backup", str(tmp_path / "backup.ecms"))
    numbers = [work.at(machine, f"备份以后 {number}") for number in range(5)]
    machine.sync()
    machine.done("restore", str(tmp_path / "backup.ecms"))
    fresh = work.at(machine, "恢复以后")
    assert fresh not in numbers and len(fresh) == len(numbers[0]) + 3, "the code has its suffix"
    assert status_of(machine)["problem"] is None, "it is still this machine"
    all_there(company, work)


def test_what_was_not_sent_before_a_restore_lies_in_the_former_file(
    company: Company, work: Work, tmp_path: Path
) -> None:
    (machine,) = company.others
    machine.done("backup", str(tmp_path / "backup.ecms"))
    work.at(machine, "未传的")
    said = machine.done("restore", str(tmp_path / "backup.ecms"))
    former = Path(said.rpartition(" ")[2])
    work.at(machine, "恢复以后")
    machine.sync()
    machine.done("backup", str(tmp_path / "later.ecms"))
    machine.done("restore", str(former))
    work.at(machine, "又恢复以后")
    all_there(company, work)


@pytest.mark.soak
def test_one_backup_restored_on_two_machines(company: Company, work: Work, tmp_path: Path) -> None:
    (machine,) = company.others
    work.at(machine, "未传的")
    machine.done("backup", str(tmp_path / "backup.ecms"))
    places = [Machine(tmp_path / name) for name in ("one", "two")]
    numbers = set()
    for one in places:
        one.done("restore", str(tmp_path / "backup.ecms"))
        numbers.add(work.at(one, f"离线 {one.folder.name}"))
    numbers.add(work.at(machine, "原处的"))
    assert len(numbers) == 3
    for one in places:
        assert status_of(one)["problem"]["code"] == "copied"
        one.join(company.server)
    all_there(company, work, *places)


def test_a_backup_of_another_machine_is_no_part_of_this_one(company: Company, work: Work, tmp_path: Path) -> None:
    (machine,) = company.others
    company.first.done("backup", str(tmp_path / "first.ecms"))
    machine.done("restore", str(tmp_path / "first.ecms"))
    work.at(machine, "恢复以后")
    assert status_of(machine)["problem"]["code"] == "copied"
    machine.join(company.server)
    all_there(company, work)


@pytest.mark.parametrize("keeps_inode", [True, False], ids=["written over", "put in place"])
def test_an_older_file_put_in_place_by_hand(keeps_inode: bool, company: Company, work: Work, tmp_path: Path) -> None:
    """Somebody copies an old data file over the present one while the program is closed."""
    (machine,) = company.others
    live, old = machine.folder / FILE_NAME, tmp_path / "old.db"
    _fold(live)
    shutil.copyfile(live, old)
    numbers = [work.at(machine, f"之后 {number}") for number in range(3)]
    machine.sync()
    _fold(live)
    if keeps_inode:
        live.write_bytes(old.read_bytes())
    else:
        old.replace(live)
    fresh = work.at(machine, "放回以后")
    assert fresh not in numbers and fresh[:9] != numbers[0][:9]
    all_there(company, work)


def _fold(live: Path) -> None:
    """One file without logs, as a copied one is."""
    with closing(sqlite3.connect(live)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for tail in ("-wal", "-shm"):
        live.with_name(live.name + tail).unlink(missing_ok=True)


@pytest.mark.soak
def test_restoring_again_and_again_loses_nothing(company: Company, work: Work, tmp_path: Path) -> None:
    (machine,) = company.others
    numbers = set()
    for turn in range(4):
        backup = tmp_path / f"backup{turn}.ecms"
        machine.done("backup", str(backup))
        numbers.add(work.at(machine, f"第{turn}次之前"))
        machine.sync()
        machine.done("restore", str(backup))
        numbers.add(work.at(machine, f"第{turn}次之后"))
        company.first.sync()
    assert len(numbers) == 8
    all_there(company, work)


def test_without_its_identity_file_a_machine_needs_a_new_code(company: Company, work: Work) -> None:
    (machine,) = company.others
    work.at(machine, "未传的")
    Identities.default().forget(machine.folder)
    work.at(machine, "丢了身份以后")
    assert machine.refused("sync").startswith("这份数据是从别处复制来的")
    machine.join(company.server)
    all_there(company, work)


BAD_FILES = (b'{"path": 7}', os.urandom(500), b"", b"{", b"[]", b'"text"', b"7", b"\xff\xfe")


@pytest.mark.parametrize(
    "body", [pytest.param(one, marks=[pytest.mark.soak] * (place > 1)) for place, one in enumerate(BAD_FILES)],
    ids=range(len(BAD_FILES)),
)  # fmt: skip
def test_an_identity_file_that_cannot_be_read_is_none(body: bytes, company: Company, work: Work) -> None:
    (machine,) = company.others
    mine = identity_of(machine).path.encode()
    (file,) = [one for one in Identities.default().folder.glob("*.json") if mine in one.read_bytes()]
    file.write_bytes(body)
    work.at(machine, "身份坏了以后")
    assert status_of(machine)["problem"]["code"] == "copied"
    machine.join(company.server)
    all_there(company, work)


def test_two_running_copies_heal_by_themselves(company: Company, work: Work, tmp_path: Path) -> None:
    """Both open at once and speaking in turn, from one disk image."""
    (machine,) = company.others
    copy = copied_to(machine, tmp_path / "copy")
    Identities.default().write(replace(identity_of(machine), path=str(copy.folder), inode=inode_of(copy.folder)))
    with machine.desk() as one, copy.desk() as other:
        for turn in range(4):
            for name, desk in (("原", one), ("副", other)):
                work.by(desk, f"{name}{turn}")
                attempt(desk)
        for desk in (one, other, one, other):
            assert attempt(desk)["problem"] is None
        assert names_of(one) == names_of(other) == work.names
    for each in (company.first, machine, copy, company.first):
        each.sync()
    assert company.first.digest() == machine.digest() == copy.digest()
