"""The server is restored from a backup while machines are ahead of it: they bring back what it lost, whoever is away
comes later, and all end alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sync_server.store_sqlite import FILE_NAME, restore
from tests.chaos.kit import BRANCH, Company, Machine, ServerHere, assert_alike, attempt, names_of
from tests.engine.kit import Desk
from tests.server.kit import MANIFEST

DELETED = 260


@pytest.fixture
def back_to(company: Company) -> Callable[[Path], None]:
    """Stops the server and starts it again from a backup, at the same address."""

    def restored(file: Path, *, lost_all: bool = False) -> None:
        port, folder = company.server.port, company.server.folder
        company.server.close()
        if lost_all:
            for one in folder.glob(FILE_NAME + "*"):
                one.unlink()
        restore(file, folder / FILE_NAME, MANIFEST)
        ServerHere.__init__(company.server, folder, MANIFEST, port)

    return restored


BackTo = Callable[..., None]


def everybody(company: Company, *names: str) -> None:
    for machine in (*company.machines, *company.machines, *company.machines):
        machine.sync()
    for machine in company.machines:
        assert machine.names() == set(names), machine.folder.name
    assert_alike(company.machines)
    with company.first.desk() as desk:
        n = desk.ask("SELECT last_n FROM sync_self")[0][0]
        head = company.server.store.head().seq
        attempt(desk)
        assert desk.ask("SELECT last_n FROM sync_self")[0][0] == n and company.server.store.head().seq == head, "calm"


def made(machine: Machine, *names: str) -> list[str]:
    with machine.desk() as desk:
        return [desk.customer(name) for name in names]


@pytest.mark.parametrize(
    "lost_all", [pytest.param(False, marks=pytest.mark.soak), True], ids=["put back", "on a new disk"]
)
def test_machines_bring_back_what_a_restored_server_lost(
    lost_all: bool, company: Company, tmp_path: Path, back_to: BackTo
) -> None:
    first, (second,) = company.first, company.others
    (id, *_) = made(first, "备份以前")
    company.settle()
    company.server.store.backup(tmp_path / "backup")
    made(first, "一号以后")
    made(second, "二号以后")
    with second.desk() as desk:
        desk.save("customer", id, note="备份以后改的")
    company.settle()
    made(second, "还没传的")
    back_to(tmp_path / "backup", lost_all=lost_all)
    everybody(company, "备份以前", "一号以后", "二号以后", "还没传的")
    for machine in company.machines:
        with machine.desk() as desk:
            assert desk.value("customer", id, "note") == "备份以后改的"
            assert desk.ask("SELECT 1 FROM conflict") == [], (
                "who knew of the other is no conflict after a restore either"
            )
    fresh = Machine(tmp_path / "fresh")
    fresh.join(company.server)
    everybody(replace(company, others=[second, fresh]), "备份以前", "一号以后", "二号以后", "还没传的")


def test_deletes_after_the_backup_stay_deleted(company: Company, tmp_path: Path, back_to: BackTo) -> None:
    first, (second,) = company.first, company.others
    ids = made(first, "要删的", "要留的")
    company.settle()
    company.server.store.backup(tmp_path / "backup")
    with second.desk() as desk:
        desk.delete("customer", ids[0])
    company.settle()
    back_to(tmp_path / "backup")
    everybody(company, "要留的")


def test_a_machine_that_is_away_meanwhile_comes_back_later(company: Company, tmp_path: Path, back_to: BackTo) -> None:
    first, (second,) = company.first, company.others
    third = company.add()
    company.settle()
    (id, *_) = made(first, "备份以前")
    company.settle()
    company.server.store.backup(tmp_path / "backup")
    made(third, "三号传过的")
    company.settle()
    made(third, "三号没传的")
    with third.desk() as desk:
        desk.save("customer", id, note="三号改的")
    back_to(tmp_path / "backup")
    for machine in (first, second, first, second):
        made(machine, f"{machine.folder.name} {len(machine.names())}")
        machine.sync()
    with second.desk() as desk:
        desk.save("customer", id, note="二号后来改的")
    second.sync()
    names = second.names() | {"三号传过的", "三号没传的"}
    everybody(company, *names)
    with first.desk() as desk:
        (row,) = desk.ask("SELECT winner_values, loser_values FROM conflict WHERE record = ?", id)
        assert {"三号改的" in text or "二号后来改的" in text for text in row} == {True}, "both notes are kept"


def test_a_machine_that_joined_after_the_backup_is_still_one(company: Company, tmp_path: Path, back_to: BackTo) -> None:
    made(company.first, "备份以前")
    company.settle()
    company.server.store.backup(tmp_path / "backup")
    late = company.add()
    made(late, "新机器的")
    company.settle()
    back_to(tmp_path / "backup")
    assert late.sync()["state"] == "synced", "no new code is needed"
    everybody(company, "备份以前", "新机器的")


def test_a_revoked_machine_stays_revoked(company: Company, tmp_path: Path, back_to: BackTo) -> None:
    (second,) = company.others
    made(company.first, "备份以前")
    company.settle()
    company.server.store.backup(tmp_path / "backup")
    made(second, "传过的")
    second.sync()
    company.first.sync()
    with second.desk() as desk:
        assert desk.workstation.sync.identity is not None
        company.server.store.revoke(desk.workstation.sync.identity.machine, 0)
    back_to(tmp_path / "backup")
    assert second.refused("sync").startswith("这台机器已被停用")
    assert BRANCH and company.first.sync()["state"] == "synced"
    assert company.first.names() == {"备份以前", "传过的"}, "what others wrote stays where it was read"


def test_restoring_twice_heals_as_well(company: Company, tmp_path: Path, back_to: BackTo) -> None:
    first, (second,) = company.first, company.others
    names = {"备份以前"}
    made(first, *names)
    company.settle()
    company.server.store.backup(tmp_path / "backup")
    for turn in range(3):
        for machine in company.machines:
            made(machine, f"{turn} {machine.folder.name}")
            names.add(f"{turn} {machine.folder.name}")
        if turn != 1:
            company.settle()
        else:
            second.sync()
        back_to(tmp_path / "backup")
        if turn == 1:
            first.sync()
    everybody(company, *names)


def test_a_restore_in_the_middle_of_a_running_worker(company: Company, tmp_path: Path, back_to: BackTo) -> None:
    """The open program notices at its next question."""
    first, (second,) = company.first, company.others
    made(first, "备份以前")
    company.settle()
    company.server.store.backup(tmp_path / "backup")
    with second.desk() as desk, first.desk() as other:
        desk.customer("以后")
        attempt(desk)
        attempt(other)
        back_to(tmp_path / "backup")
        desk.customer("恢复以后")
        for one in (desk, other, desk, other, desk, other):
            status = attempt(one)
        assert status["problem"] is None and status["state"] == "synced"
        assert names_of(desk) == names_of(other) == {"备份以前", "以后", "恢复以后"}
        assert _diary(desk) and _diary(other)
    everybody(company, "备份以前", "以后", "恢复以后")


def _diary(desk: Desk) -> bool:
    return any("服务器恢复过备份" in row[0] for row in desk.ask("SELECT text FROM sync_log"))


def test_deletes_that_were_confirmed_once_are_not_asked_about_again(
    company: Company, tmp_path: Path, back_to: BackTo
) -> None:
    first, (second,) = company.first, company.others
    with first.desk() as desk:
        ids = [desk.customer(f"客户{number}") for number in range(DELETED + 20)]
    company.settle()
    company.server.store.backup(tmp_path / "backup")
    with second.desk() as desk:
        desk.delete("customer", *ids[:DELETED])
        assert attempt(desk)["problem"]["code"] == "mass-delete"
        desk.workstation.sync.confirm()
        assert attempt(desk)["problem"] is None
    company.settle()
    back_to(tmp_path / "backup")
    everybody(company, *(f"客户{number}" for number in range(DELETED, DELETED + 20)))
