"""What a machine meets that it should not: wrong codes, wrong servers, wrong answers, wrong clocks, full disks. Each
time it says so in words, people go on working, and nothing is lost afterwards."""

from __future__ import annotations

import itertools
import sqlite3
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from desktop.db import FILE_NAME
from desktop.errors import StorageFull
from desktop.workstation import Workstation
from tests.chaos.fleet import fleet_in
from tests.chaos.kit import (
    MINUTE_MS,
    YEAR_MS,
    Bad,
    Company,
    Machine,
    ServerHere,
    assert_alike,
    at_time,
    attempt,
    found_company,
    names_of,
    server_in,
)
from tests.engine.kit import Desk
from tests.server.kit import MANIFEST
from tests.support import copy_of


def problem_of(status: Mapping[str, Any]) -> str:
    return str((status["problem"] or {}).get("code"))


def works_on(desk: Desk, name: str = "断网时的客户") -> str:
    """People go on saving; returns the customer made."""
    id = desk.customer(name)
    desk.save("customer", id, note="已核实")
    return id


def healed(company: Company, *names: str) -> None:
    """After everything is right again nothing is missing anywhere."""
    company.settle()
    for machine in company.machines:
        assert set(names) <= machine.names()
    assert_alike(company.machines)


# ---------------------------------------------------------------------------------------------------------------- codes


@pytest.mark.parametrize("why", ["wrong", "used", "expired"])
def test_a_code_that_is_not_good_is_refused_in_words_and_the_next_one_works(
    why: str, company: Company, tmp_path: Path
) -> None:
    code = company.server.invite()
    if why == "wrong":
        code = "AAAAA-AAAAA"
    elif why == "used":
        Machine(tmp_path / "another").join(company.server, code)
    else:
        company.server.shift_ms = 11 * MINUTE_MS
    machine = Machine(tmp_path / "machine3")
    said = machine.refused("join", "--server", company.server.url, "--code", code)
    assert said == "加入码不对、已用过或已过期。请管理员生成一个新的。"
    assert "还没有完成首次设置" in machine.refused("sync")
    company.server.shift_ms = 0
    assert machine.join(company.server).startswith("已加入，本机编号 A")
    healed(replace(company, others=[*company.others, machine]))


def test_a_workstation_with_data_keeps_them_when_its_code_is_refused(
    template: Path, tmp_path: Path, server: ServerHere
) -> None:
    machine = Machine(copy_of(template, tmp_path / "alone"))
    machine.refused("join", "--server", server.url, "--code", "AAAAA-AAAAA")
    with machine.desk() as desk:
        works_on(desk)
        assert desk.workstation.sync.status()["state"] == "alone"
    machine.join(server)
    assert machine.names() == {"断网时的客户"}


def test_guessing_codes_is_slowed_down(company: Company, tmp_path: Path) -> None:
    guesser, words = Machine(tmp_path / "guesser"), ("join", "--server", company.server.url, "--code", "AAAAA-AAAAA")
    for _ in range(10):
        assert "加入码不对" in guesser.refused(*words)
    assert "请稍候再试" in guesser.refused(*words)


@pytest.mark.parametrize(("server_name", "said"), [("http://127.0.0.1:1", "连不上"), ("不是 地址", "这不是服务器地址")])
def test_a_server_that_is_not_there(server_name: str, said: str, tmp_path: Path) -> None:
    assert said in Machine(tmp_path / "data").refused("join", "--server", server_name, "--code", "AAAAA-AAAAA")


def test_a_web_page_is_no_server(server: ServerHere, tmp_path: Path) -> None:
    server.bad["about"] = Bad([b"<html>login</html>"], headers=(("Content-Type", "text/html"),))
    said = Machine(tmp_path / "data").refused("join", "--server", server.url, "--code", server.invite())
    assert "服务器" in said and said.isprintable() and not any("a" <= letter <= "z" for letter in said)


# -------------------------------------------------------------------------------------------------------------- revoked


def test_a_revoked_machine_hands_over_what_waits_and_is_as_on_its_first_day(company: Company) -> None:
    server, (machine,) = company.server, company.others
    with machine.desk() as desk:
        id = works_on(desk, "机密客户")
        ours = desk.workstation.sync.identity.machine
        server.store.revoke(ours, 0)
        status = attempt(desk)
        assert problem_of(status) == "revoked" and status["state"] == "alone"
        assert "已被停用" in status["problem"]["title"] and "加入码" in status["problem"]["hint"]
        assert not desk.workstation.initialized
        assert desk.ask("SELECT 1 FROM customer WHERE name = '机密客户'") == []
    held = server.store.quarantined()
    assert {one.reason for one in held} == {"revoked"} and len(held) == 2
    assert id and "机密客户".encode() not in (machine.folder / FILE_NAME).read_bytes()
    assert "还没有完成首次设置" in machine.refused("sync")
    machine.join(server)
    healed(company)
    assert "机密客户" not in company.first.names()


def test_a_revoked_machine_that_ended_before_it_was_wiped_is_wiped_at_the_next_start(company: Company) -> None:
    """Found by seed 30000033: what wipes the attached files must be there before what finishes the leaving."""
    (machine,) = company.others
    with machine.desk() as desk:
        identities, folder = desk.workstation.identities, desk.workstation.folder
        identities.write(replace(desk.workstation.sync.identity, is_revoked=True))
    workstation = Workstation.open(folder, identities)
    try:
        assert not workstation.initialized and not (folder / "files").exists()
    finally:
        workstation.close()


def test_a_revoked_machine_says_so_on_the_command_line(company: Company) -> None:
    server, (machine,) = company.server, company.others
    with machine.desk() as desk:
        server.store.revoke(desk.workstation.sync.identity.machine, 0)
    assert machine.refused("sync").startswith("这台机器已被停用。")
    healed(replace(company, others=[]))


def test_a_running_workstation_that_is_revoked_goes_back_to_the_first_start(tmp_path: Path) -> None:
    with fleet_in(tmp_path) as fleet:
        fleet.founded()
        station = fleet.add()
        fleet.join(station)
        (code,) = {row[0] for row in station.ask("SELECT code FROM sync_self")}
        api = station.start()
        fleet.server_command("revoke", code)
        api.post("/api/sync", {"action": "now"})
        fleet.wait_for(lambda: not api.get("/api/session")["initialized"])
        fleet.wait_for(lambda: problem_of(api.get("/api/sync")) == "revoked")
        api.post("/api/sync/join", {"server": station.line.url, "code": fleet.invite()})
        fleet.wait_for(lambda: api.get("/api/session")["initialized"])
        api.sign_in()
        fleet.wait_for(lambda: api.get("/api/sync")["state"] == "synced")


# -------------------------------------------------------------------------------------------------------- wrong servers


@pytest.mark.parametrize("has_company", [True, False], ids=["another company", "blank"])
def test_another_server_at_the_same_address_changes_nothing(has_company: bool, template: Path, tmp_path: Path) -> None:
    with server_in(tmp_path / "server") as server:
        company = found_company(template, tmp_path, server)
        (port, folder) = server.port, server.folder
        company.add()
    with server_in(tmp_path / "other", port=port) as other:
        if has_company:
            found_company(template, tmp_path / "elsewhere", other)
        for machine in company.machines:
            said = machine.refused("sync")
            assert "另一家公司的服务器" in said and "本机没有改动" in said
        with company.first.desk() as desk:
            works_on(desk)
            status = attempt(desk)
            assert problem_of(status) == "other-company" and status["state"] == "attention" and status["waiting"] > 0
            assert desk.workstation.initialized
        assert len(list(other.store.machines())) == int(has_company)
    with server_in(folder, port=port) as server:
        healed(replace(company, server=server), "断网时的客户")


def test_a_server_that_forgot_this_machine_takes_it_back_with_a_new_code(company: Company) -> None:
    (machine,) = company.others
    with closing(sqlite3.connect(company.server.store.path)) as db:
        db.execute("DELETE FROM machine WHERE id = ?", (_identity(machine),))
        db.commit()
    assert machine.refused("sync").startswith("服务器不认识这台机器")
    with machine.desk() as desk:
        works_on(desk)
        assert problem_of(attempt(desk)) == "unknown-machine"
    machine.join(company.server)
    healed(company, "断网时的客户")


def _identity(machine: Machine) -> str:
    with machine.desk() as desk:
        return str(desk.workstation.sync.identity.machine)


def test_passwords_that_a_person_keeps_for_other_programs_are_not_sent(
    company: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login person password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert company.first.sync()["state"] == "synced"


def test_an_older_server_sends_and_the_pushes_wait(company: Company) -> None:
    server, (machine,) = company.server, company.others
    with company.first.desk() as desk:
        desk.customer("早先的客户")
    company.first.sync()
    port = server.port
    server.close()
    with server_in(server.folder, replace(MANIFEST, schema=0), port) as older, machine.desk() as desk:
        works_on(desk)
        status = attempt(desk)
        assert problem_of(status) == "server-older" and status["waiting"] == 2
        assert status["problem"]["title"] == "服务器需要升级" and "收到同事的改动" in status["problem"]["hint"]
        assert "早先的客户" in names_of(desk)
        code = older.invite()
        joiner = Machine(company.room / "joiner")
        assert joiner.refused("join", "--server", older.url, "--code", code).startswith("服务器需要升级")
    with server_in(server.folder, port=port) as upgraded:
        joiner.join(upgraded, code)
        healed(replace(company, server=upgraded), "断网时的客户", "早先的客户")


def test_a_client_that_is_too_old_sends_but_gets_nothing(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    server, (machine,) = company.server, company.others
    monkeypatch.setattr("sync_server.app.SCHEMA_MIN", 2)
    with machine.desk() as desk:
        works_on(desk)
        status = attempt(desk)
        assert problem_of(status) == "client-older" and status["waiting"] == 0
        works_on(desk, "还能录入")
    monkeypatch.undo()
    assert server.store.stats()
    healed(company, "断网时的客户", "还能录入")


# -------------------------------------------------------------------------------------------------------- wrong answers


def _endless() -> Iterator[bytes]:
    return itertools.repeat(b" " * 65_536)


def _dripping() -> Iterator[bytes]:
    for _ in range(600):
        time.sleep(0.05)
        yield b" "


class _Bomb:
    """Made when it is sent: a second's work."""

    @cached_property
    def packed(self) -> bytes:
        return zlib.compress(b"0" * 300_000_000, 9)

    def __iter__(self) -> Iterator[bytes]:
        yield self.packed


_JSON, _DEFLATE = ("Content-Type", "application/json"), ("Content-Encoding", "deflate")
BAD: dict[str, Bad] = {
    "garbage": Bad([bytes(range(256)) * 9]),
    "garbage packed": Bad([bytes(range(256)) * 9], headers=(_JSON, _DEFLATE)),
    "nothing": Bad([b""]),
    "cut": Bad([b'{"items": ['], headers=(_JSON, ("Content-Length", "5000"))),
    "cut packed": Bad([zlib.compress(b'{"items": []}' * 500)[:-9]], headers=(_JSON, _DEFLATE)),
    "bomb": Bad(_Bomb(), headers=(_JSON, _DEFLATE)),
    "another shape": Bad([b"[1, 2, 3]"]),
    "empty map": Bad([b"{}"]),
    "deep": Bad([b'{"items":' + b"[" * 200_000 + b"]" * 200_000 + b"}"]),
    "a web page": Bad([b"<html>sign in</html>"], headers=(("Content-Type", "text/html"),)),
    "moved": Bad([b""], "302 Found", (("Location", "http://127.0.0.1:1/"),)),
    "broken gateway": Bad([b"<html>502</html>"], "502 Bad Gateway", (("Content-Type", "text/html"),)),
    "refusal without words": Bad([b"{}"], "403 Forbidden"),
    "wrong kinds": Bad(
        [b'{"tier":1,"epoch":[],"head":"x","your_n":{},"actions":"wipe","items":{},"next":null,"acks":{}}']
    ),
}


@pytest.fixture(scope="module")
def shared(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """For tests that end with everything as it should be."""
    room = tmp_path_factory.mktemp("shared")
    with server_in(room / "server") as server:
        company = found_company(template, room, server)
        company.add()
        company.settle()
        yield company


@pytest.mark.parametrize("what", list(BAD))
def test_an_answer_that_is_none_is_survived(what: str, shared: Company) -> None:
    server, (machine,) = shared.server, shared.others
    with shared.first.desk() as desk:
        desk.customer(f"同事 {what}")
    shared.first.sync()
    with machine.desk() as desk:
        for call in ("hello", "push", "pull"):
            (before,) = desk.ask("SELECT cursor FROM sync_peer")
            works_on(desk, f"{call} {what}")
            server.bad = {call: BAD[what]}
            status = attempt(desk)
            assert status["state"] in ("attention", "offline"), status
            assert_in_words(status)
            if call == "pull":
                assert desk.ask("SELECT cursor FROM sync_peer")[0][0] == before[0], "the cursor moved past nothing"
            works_on(desk, f"nach {call} {what}")
    said = machine.refused("sync")
    assert said.endswith("。")
    server.bad = {}
    shared.settle()
    for one in shared.machines:
        assert {f"同事 {what}", *(f"{call} {what}" for call in ("hello", "push", "pull"))} <= one.names()


def assert_in_words(status: Mapping[str, Any]) -> None:
    """What a person reads is Chinese, whatever the server sent."""
    if status["problem"] is not None:
        for name in ("title", "hint"):
            assert status["problem"][name] and not any("a" <= one <= "z" for one in status["problem"][name]), status


@pytest.mark.parametrize(
    "items",
    [
        [{"row": 1}],
        [{"row": {"t": "customer"}}],
        [{"row": {"t": "customer", "id": "f" * 32, "clock": {"base": "x"}}, "data": {}}],
        [
            {
                "row": {"t": "customer", "id": "f" * 32, "clock": {"base": f"{'0' * 16}:{'a' * 32}:1"}},
                "data": {"name": []},
            }
        ],
        [{"row": {"t": "customer", "id": "f" * 32, "clock": {"base": f"{'0' * 16}:{'a' * 32}:1"}, "stamp": "now"}}],
    ],
    ids=["no row", "half a row", "no clock", "no value", "no stamp"],
)
def test_first_data_that_cannot_be_read_are_asked_for_again(items: list[Any], shared: Company, tmp_path: Path) -> None:
    machine, code = Machine(tmp_path / "joiner"), shared.server.invite()
    shared.server.changes = {"pull": lambda answer: answer | {"items": items}}
    said = machine.refused("join", "--server", shared.server.url, "--code", code)
    shared.server.changes = {}
    assert said.startswith("服务器的回答看不懂")
    with closing(Workstation.open(machine.folder)) as workstation:
        assert workstation.sync.status()["state"] == "joining" and not workstation.initialized
        workstation.sync.round()
        assert workstation.initialized
    shared.settle()
    assert machine.names() == shared.first.names()


def test_rows_that_a_server_leaves_out_are_not_lost(company: Company) -> None:
    """A stamp from the future is put right, so the row is fetched; an empty answer must not be the end of it."""
    (machine,) = company.others
    with machine.desk() as desk:
        at_time(desk, YEAR_MS)
        works_on(desk)
        company.server.changes = {"rows": lambda answer: answer | {"items": []}}
        attempt(desk)
    company.server.changes = {}
    healed(company, "断网时的客户")


def test_an_endless_answer_ends(company: Company) -> None:
    (machine,) = company.others
    with machine.desk() as desk:
        works_on(desk)
        company.server.bad["pull"] = Bad(_endless())
        status = attempt(desk)
        assert status["state"] == "attention"
        assert_in_words(status)
    company.server.bad.clear()
    healed(company, "断网时的客户")


@pytest.mark.soak
def test_an_answer_that_only_drips_ends(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desktop.sync.exchange.ANSWER_S", 0.5)
    (machine,) = company.others
    with machine.desk() as desk:
        works_on(desk)
        company.server.bad["pull"] = Bad(_dripping())
        assert_in_words(attempt(desk))
    company.server.bad.clear()
    healed(company, "断网时的客户")


def test_an_answer_lost_half_way_is_asked_for_again(company: Company) -> None:
    """The server did what was asked; nothing is there twice."""
    (machine,) = company.others
    with company.first.desk() as desk:
        desk.customer("同事的客户")
    company.first.sync()
    with machine.desk() as desk:
        for call in ("hello", "push", "pull"):
            works_on(desk, call)
            company.server.lost = {call}
            status = attempt(desk)
            assert status["state"] == "offline", "a line that broke is no riddle"
    company.server.lost = set()
    healed(company, "hello", "push", "pull", "同事的客户")
    with machine.desk() as desk:
        (count,) = desk.ask("SELECT count(*) FROM customer WHERE name IN ('hello', 'push', 'pull')")
        assert count[0] == 3


NONSENSE: tuple[dict[str, Any], ...] = (
    {"items": [1, "x", None]},
    {"items": [{}]},
    {"items": [{"r": "x", "n": -1, "seq": "a", "hlc_eff": "zz", "ops": 7}]},
    {"head": 1 << 70},
    {"next": -1},
    {"next": 1 << 62},
    {"poll_ms": -5},
    {"poll_ms": "soon"},
    {"poll_ms": 1 << 60},
    {"server_time": -(1 << 62)},
    {"server_time": 1 << 100},
)


@pytest.mark.parametrize("change", NONSENSE, ids=repr)
def test_a_page_with_nonsense_in_it_is_survived(change: dict[str, Any], shared: Company) -> None:
    (machine,) = shared.others
    names = [f"{who} {change!r}" for who in ("同事", "本机", "之后")]
    with shared.first.desk() as desk:
        desk.customer(names[0])
    shared.first.sync()
    with machine.desk() as desk:
        works_on(desk, names[1])
        shared.server.changes = {"pull": lambda answer: answer | change}
        assert_in_words(attempt(desk))
        assert desk.workstation.sync._round is not None
        assert 500 <= desk.workstation.sync._round.poll_ms <= 60_000, "neither a storm nor silence for years"
        assert abs(desk.ask("SELECT clock_off FROM sync_self")[0][0]) < MINUTE_MS
        works_on(desk, names[2])
    shared.server.changes = {}
    shared.settle()
    for one in shared.machines:
        assert set(names) <= one.names(), "what was left out comes when the checksums are compared"


def test_after_all_wrong_answers_everything_is_alike(shared: Company) -> None:
    healed(shared)


# -------------------------------------------------------------------------------------------------------- hostile names


HOSTILE = (
    'customer"; DROP TABLE customer; --',
    "customer; DELETE FROM customer",
    "sqlite_master",
    "sync_self",
    "changeset",
    "meta",
    "select",
    'a" , "b',
    "客户",
    "",
    "row",
    "rev",
    "deleted_at",
    "id",
    "' OR 1=1 --",
    "a\x00b",
)


def test_hostile_names_in_a_pull_are_parked_and_do_nothing(company: Company) -> None:
    (machine,) = company.others
    with company.first.desk() as desk:
        desk.customer("同事的客户")
    company.first.sync()

    def spoil(answer: dict[str, Any]) -> dict[str, Any]:
        for item in answer["items"]:
            real = item["ops"][0]
            item["ops"] += [{"t": name, "id": "f" * 32, "k": "ins", "set": {"name": "坏"}} for name in HOSTILE]
            item["ops"] += [{"t": name, "id": "e" * 32, "k": "del", "seen": {}} for name in HOSTILE]
            real["set"] |= dict.fromkeys(HOSTILE, "坏")
        return answer

    with machine.desk() as desk:
        before = _shape(desk)
        company.server.changes["pull"] = spoil
        status = attempt(desk)
        assert status["problem"] is None, status
        assert _shape(desk) == before, "no table, column or trigger came or went"
        (row,) = desk.ask("SELECT * FROM customer WHERE name = '同事的客户'")
        assert "坏" not in tuple(row) and row["deleted_at"] is None and row["rev"] == 1
        parked = {row["t"] for row in desk.ask("SELECT t FROM parked_op")}
        assert set(HOSTILE) - {""} <= parked | {"", *parked}
        cells = {row["f"] for row in desk.ask("SELECT f FROM parked_op WHERE t = 'customer'")}
        assert cells >= set(HOSTILE)
        assert len(desk.ask("SELECT 1 FROM sync_self")) == 1
        works_on(desk)
    company.server.changes.clear()
    company.settle()
    assert {"断网时的客户", "同事的客户"} <= machine.names()
    machine.done("check")


def _shape(desk: Desk) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in desk.ask("SELECT type, name, sql FROM sqlite_master ORDER BY type, name")]


# --------------------------------------------------------------------------------------------------------------- clocks


@pytest.mark.parametrize(
    ("own_off", "server_off"),
    [
        pytest.param(5 * YEAR_MS, 0, id="fast-right"),
        pytest.param(-24 * YEAR_MS, 9 * YEAR_MS, id="slow-fast"),
        pytest.param(5 * YEAR_MS, -24 * YEAR_MS, id="fast-2002"),
        pytest.param(5 * YEAR_MS, 9 * YEAR_MS, id="fast-fast", marks=pytest.mark.soak),
        pytest.param(-24 * YEAR_MS, 0, id="slow-right", marks=pytest.mark.soak),
        pytest.param(-24 * YEAR_MS, -24 * YEAR_MS, id="slow-2002", marks=pytest.mark.soak),
    ],
)
def test_clocks_years_off_change_neither_order_nor_data(own_off: int, server_off: int, company: Company) -> None:
    server, (machine,) = company.server, company.others
    server.shift_ms = server_off
    with machine.desk() as desk, company.first.desk() as right:
        at_time(desk, own_off)
        id = works_on(desk, "错钟客户")
        status = attempt(desk)
        assert status["waiting"] == 0 and problem_of(status) == ("clock" if own_off != server_off else "None")
        assert_in_words(status)
        desk.save("customer", id, note="错钟之后的备注")
        attempt(desk)
        attempt(right)
        assert right.value("customer", id, "note") == "错钟之后的备注"
        right.save("customer", id, note="看过以后改的")
        attempt(right)
        attempt(desk)
        assert desk.value("customer", id, "note") == "看过以后改的", "who knew of the other wins"
        desk.save("customer", id, note="又改回来")
        attempt(desk)
        attempt(right)
        assert right.value("customer", id, "note") == "又改回来"
        assert desk.ask("SELECT 1 FROM conflict") == []
    server.shift_ms = 0
    healed(company, "错钟客户")


def test_a_server_whose_clock_is_put_back_loses_no_later_edit(company: Company) -> None:
    """Ten minutes fast, then right: stamps that everybody has seen lie in the future of the server."""
    server, (machine,) = company.server, company.others
    server.shift_ms = 10 * MINUTE_MS
    company.settle()
    with machine.desk() as desk, company.first.desk() as other:
        id = other.customer("客户", note="一号写的")
        for one in (other, desk):
            attempt(one)
        server.shift_ms = 0
        desk.save("customer", id, note="二号后来改的")
        for one in (desk, other, desk):
            attempt(one)
        assert desk.value("customer", id, "note") == other.value("customer", id, "note") == "二号后来改的"


# ----------------------------------------------------------------------------------------------------------- full disks


def test_a_full_disk_at_the_server_holds_up_pushes_only(company: Company) -> None:
    server, (machine,) = company.server, company.others
    with company.first.desk() as desk:
        desk.customer("同事的客户")
    company.first.sync()
    server.fill_up()
    with machine.desk() as desk:
        for number in range(40):
            desk.customer(f"客户{number}", note="很长的备注" * 200)
        status = attempt(desk)
        assert problem_of(status) == "storage-full" and status["waiting"] == 40, status
        assert status["problem"]["title"].startswith("服务器磁盘已满")
        assert "同事的客户" in names_of(desk), "what others did comes in all the same"
    assert machine.refused("sync").startswith("服务器磁盘已满")
    server.free_space()
    healed(company, *(f"客户{number}" for number in range(40)))


def test_a_full_disk_here_takes_a_page_whole_or_not_at_all(company: Company) -> None:
    (machine,) = company.others
    with company.first.desk() as desk:
        for number in range(40):
            desk.customer(f"客户{number}", note="很长的备注" * 200)
    company.first.sync()
    with machine.desk() as desk:
        writer = desk.workstation.db._writer
        writer.execute(f"PRAGMA max_page_count={writer.execute('PRAGMA page_count').fetchone()[0]}")
        (before,) = desk.ask("SELECT cursor FROM sync_peer")
        status = attempt(desk)
        assert problem_of(status) == "local" and "磁盘已满" in status["problem"]["title"], status
        assert desk.ask("SELECT cursor FROM sync_peer")[0][0] == before[0]
        assert names_of(desk) == set()
        with pytest.raises(StorageFull):
            for number in range(100):
                desk.customer(f"本机客户{number}", note="很长的备注" * 500)
        writer.execute("PRAGMA max_page_count=1000000")
        assert attempt(desk)["problem"] is None
        works_on(desk)
    healed(company, "断网时的客户", *(f"客户{number}" for number in range(40)))


# ----------------------------------------------------------------------------------------------------- the command line


def test_a_round_on_the_command_line_is_one_line_of_json(company: Company) -> None:
    with company.first.desk() as desk:
        works_on(desk)
    assert company.first.sync() == {"pushed": 2, "pulled": 0, "conflicts": 0, "rejected": 0, "state": "synced"}
    (machine,) = company.others
    assert machine.sync() == {"pushed": 0, "pulled": 2, "conflicts": 0, "rejected": 0, "state": "synced"}
    assert machine.sync()["pulled"] == 0


def test_without_a_server_a_round_is_refused(template: Path, tmp_path: Path) -> None:
    machine = Machine(copy_of(template, tmp_path / "alone"))
    assert machine.refused("sync").startswith("本机还没有加入服务器")


def test_without_the_line_a_round_is_refused_and_work_goes_on(company: Company) -> None:
    company.server.close()
    assert company.first.refused("sync").startswith("连不上 ")
    with company.first.desk() as desk:
        works_on(desk)
        assert attempt(desk)["state"] == "offline"
