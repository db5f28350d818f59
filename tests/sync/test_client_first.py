"""Who may join what: a workstation with data becomes the first machine of an empty server, and nothing else; deletes of
very many records wait for a person."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.sync.identity import Identities
from tests.chaos.fleet import Station, fleet_in
from tests.chaos.kit import (
    UNAVAILABLE,
    Company,
    Machine,
    ServerHere,
    assert_alike,
    attempt,
    found_company,
    joined,
    names_of,
    server_in,
)
from tests.chaos.kit import fleet_in as company_in
from tests.engine.kit import Desk
from tests.support import copy_of


def test_a_workstation_with_data_brings_them_to_an_empty_server(
    template: Path, tmp_path: Path, server: ServerHere
) -> None:
    first = Machine(copy_of(template, tmp_path / "first"))
    with first.desk() as desk:
        customer = desk.customer("单机时的客户")
        desk.contact(customer, "单机时的联系人")
        (before,) = desk.ask("SELECT last_n FROM sync_self")
    said = first.join(server)
    assert said == "已加入，本机编号 A1"
    with first.desk() as desk:
        found = desk.workstation.sync.status()
        assert found["state"] in ("synced", "waiting", "syncing") and found["machine"] == "A1"
        (n, acked) = desk.ask("SELECT min(n), count(*) FROM changeset WHERE state = 'acked'")[0]
        assert n == 1 and acked >= before[0], "everything from the very first change"
    second = Machine(tmp_path / "second")
    assert second.join(server) == "已加入，本机编号 A2"
    second.sync()
    first.sync()
    assert second.names() == {"单机时的客户"}
    assert_alike([first, second])


def test_data_of_two_companies_do_not_come_together_and_the_code_is_kept(
    company: Company, template: Path, tmp_path: Path
) -> None:
    stranger = Machine(copy_of(template, tmp_path / "stranger"))
    with stranger.desk() as desk:
        desk.customer("别家的客户")
    code = company.server.invite()
    said = stranger.refused("join", "--server", company.server.url, "--code", code)
    assert said.startswith("本机已有数据，服务器上也有数据，不能合在一起") and "导出" in said
    with stranger.desk() as desk:
        assert names_of(desk) == {"别家的客户"}
        assert desk.workstation.sync.status()["state"] == "alone"
        desk.customer("还能录入")
    fresh = Machine(tmp_path / "fresh")
    assert fresh.join(company.server, code) == "已加入，本机编号 A3", "the code was not used up"
    assert "别家的客户" not in fresh.names()


def test_a_machine_of_one_company_does_not_change_to_another(company: Company, template: Path, tmp_path: Path) -> None:
    with server_in(tmp_path / "other") as other:
        found_company(template, tmp_path / "elsewhere", other)
        code = other.invite()
        (machine,) = company.others
        said = machine.refused("join", "--server", other.url, "--code", code)
        assert said.startswith("这个地址上是另一家公司的服务器")
        machine.sync()
        assert Machine(tmp_path / "fresh").join(other, code).startswith("已加入")


def test_nobody_joins_an_empty_server_without_data(server: ServerHere, tmp_path: Path) -> None:
    code = server.invite()
    said = Machine(tmp_path / "fresh").refused("join", "--server", server.url, "--code", code)
    assert said.startswith("服务器上还没有公司的数据")
    with pytest.raises(AssertionError, match="还没有完成首次设置"):
        Machine(tmp_path / "fresh").sync()


def test_a_second_first_machine_is_refused_while_the_first_is_on_its_way(
    template: Path, tmp_path: Path, server: ServerHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The data of the first one have not arrived when the second asks."""
    first, second = (Machine(copy_of(template, tmp_path / name)) for name in ("first", "second"))
    monkeypatch.setattr("desktop.commands.FIRST_TRIES", 1)
    server.bad["push"] = UNAVAILABLE
    assert "服务器暂时不能回答" in first.refused("join", "--server", server.url, "--code", server.invite())
    said = second.refused("join", "--server", server.url, "--code", server.invite())
    assert said.startswith("本机已有数据，服务器上也有数据")
    server.bad.clear()
    first.sync()
    fresh = Machine(tmp_path / "fresh")
    fresh.join(server)
    fresh.sync()
    first.sync()
    assert_alike([first, fresh])


@pytest.mark.soak
def test_first_data_that_are_cut_go_on_where_they_stopped(tmp_path: Path) -> None:
    """As one command in the shell, over a line that ends after some thousand bytes. (The storms of the test command and
    scenario 60 of the simulator cut first data, too.)"""
    with fleet_in(tmp_path) as fleet:
        first = fleet.founded()
        first.done("demo", "--customers", "60")
        assert json.loads(first.done("sync"))["state"] == "synced"
        joiner = fleet.add()
        joiner.line.cut_after(30_000, times=2)
        assert fleet.join(joiner) == "已加入，本机编号 A2"
        assert joiner.line.count > 2
        joiner.done("sync")
        assert json.loads(first.done("sync"))["pulled"] >= 1
        assert_same(first, joiner)


def assert_same(*stations: Station) -> None:
    digests = [station.digest() for station in stations]
    assert all(one == digests[0] for one in digests)
    for station in stations:
        station.done("check")


@pytest.mark.soak
def test_exit_codes_of_the_commands(tmp_path: Path) -> None:
    with fleet_in(tmp_path) as fleet:
        station = fleet.founded()
        assert set(json.loads(station.done("sync"))) == {"pushed", "pulled", "conflicts", "rejected", "state"}
        run = station.command("join", "--server", station.line.url)
        assert run.returncode == 2 and not run.stdout and "--code" in run.stderr
        station.start()
        busy = station.command("sync")
        assert busy.returncode == 1 and not busy.stdout and "请先退出" in busy.stderr
        fleet.server.kill()
        station.stop()
        cut = station.command("sync")
        assert cut.returncode == 1 and not cut.stdout and cut.stderr.startswith("连不上 ")


# ----------------------------------------------------------------------------------------------------------- very many

MANY, DELETED = 500, 300


@pytest.fixture(scope="session")
def crowd(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two machines and their server, where there is much to delete; to be copied."""

    def work(company: Company) -> None:
        with company.first.desk() as desk:
            for number in range(MANY):
                desk.customer(f"客户{number:03}")
        company.settle()

    room = tmp_path_factory.mktemp("crowd")
    company_in(template, room, work=work)
    return room


@pytest.fixture
def crowded(crowd: Path, tmp_path: Path) -> Iterator[Company]:
    with joined(crowd, tmp_path) as company:
        yield company


def living(desk: Desk) -> int:
    return len(names_of(desk))


def test_deleting_most_of_a_table_waits_for_a_person(crowded: Company) -> None:
    (machine,) = crowded.others
    with machine.desk() as desk, crowded.first.desk() as other:
        ids = [row[0] for row in desk.ask("SELECT id FROM customer WHERE name LIKE '客户%' ORDER BY name")]
        desk.delete("customer", *ids[:DELETED])
        other.save("customer", ids[-1], note="同事改的")
        attempt(other)
        status = attempt(desk)
        assert status["state"] == "attention" and status["problem"]["code"] == "mass-delete", status
        assert f"{DELETED} 个客户" in status["problem"]["title"] and "确认" in status["problem"]["hint"]
        assert status["waiting"] > 0
        assert desk.value("customer", ids[-1], "note") == "同事改的", "what others did comes in all the same"
        attempt(other)
        assert living(other) == MANY, "nothing was deleted elsewhere"
        desk.customer("照常录入")
        assert attempt(desk)["problem"]["code"] == "mass-delete"
        desk.workstation.sync.confirm()
        status = attempt(desk)
        assert status["problem"] is None and status["waiting"] == 0
        attempt(other)
        assert living(other) == living(desk) == MANY - DELETED + 1
        desk.delete("customer", *ids[DELETED : DELETED + 199])
        assert attempt(desk)["problem"] is None, "a few are nobody's business"
    crowded.settle()
    assert_alike(crowded.machines)


def test_a_confirmation_covers_what_was_there_and_no_more(crowded: Company) -> None:
    (machine,) = crowded.others
    with machine.desk() as desk:
        ids = [row[0] for row in desk.ask("SELECT id FROM customer WHERE name LIKE '客户%' ORDER BY name")]
        desk.delete("customer", *ids[:210])
        assert attempt(desk)["problem"]["code"] == "mass-delete"
        desk.workstation.sync.confirm()
        assert attempt(desk)["problem"] is None
        desk.delete("customer", *ids[210:430])
        assert attempt(desk)["problem"]["code"] == "mass-delete", "the next batch is asked about again"
        desk.restore("customer", *ids[210:430])
        assert attempt(desk)["problem"] is None, "brought back, nothing of it goes out as a delete"
    crowded.settle()
    assert_alike(crowded.machines)


def test_a_confirmation_holds_while_people_go_on(crowded: Company) -> None:
    """Between the yes and the push somebody saves, or the machine gets another name."""
    (machine,) = crowded.others
    with machine.desk() as desk:
        ids = [row[0] for row in desk.ask("SELECT id FROM customer WHERE name LIKE '客户%'")]
        desk.delete("customer", *ids[:DELETED])
        assert attempt(desk)["problem"]["code"] == "mass-delete"
        desk.workstation.sync.confirm()
        desk.customer("之后的")
        assert attempt(desk)["problem"] is None
    crowded.settle()
    assert_alike(crowded.machines)


def test_deletes_that_wait_under_a_former_name_can_be_confirmed(crowded: Company) -> None:
    (machine,) = crowded.others
    with machine.desk() as desk:
        ids = [row[0] for row in desk.ask("SELECT id FROM customer WHERE name LIKE '客户%'")]
        desk.delete("customer", *ids[:DELETED])
    Identities.default().forget(machine.folder)
    assert machine.refused("sync").startswith("这份数据是从别处复制来的")
    said = machine.refused("join", "--server", crowded.server.url, "--code", crowded.server.invite())
    assert said.startswith("本机要把")
    with machine.desk() as desk:
        assert attempt(desk)["problem"]["code"] == "mass-delete"
        desk.workstation.sync.confirm()
        assert attempt(desk)["problem"] is None
    crowded.settle()
    assert_alike(crowded.machines)


def test_many_single_deletes_count_as_many(crowded: Company) -> None:
    """A script that deletes one by one is no less of an accident."""
    (machine,) = crowded.others
    with machine.desk() as desk:
        ids = [row[0] for row in desk.ask("SELECT id FROM customer WHERE name LIKE '客户%' ORDER BY name")]
        for id in ids[:DELETED]:
            desk.delete("customer", id)
        assert attempt(desk)["problem"]["code"] == "mass-delete"


def test_the_guard_on_the_command_line_and_after_a_restart(crowded: Company) -> None:
    (machine,) = crowded.others
    with machine.desk() as desk:
        ids = [row[0] for row in desk.ask("SELECT id FROM customer WHERE name LIKE '客户%'")]
        desk.delete("customer", *ids[:DELETED])
    assert machine.refused("sync").startswith(f"本机要把 {DELETED} 个客户从全公司删除，还没有上传")
    with machine.desk() as desk:
        attempt(desk)
        desk.workstation.sync.confirm()
    assert machine.sync()["state"] == "synced"
    crowded.settle()
    assert_alike(crowded.machines)
