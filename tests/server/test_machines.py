"""Machines over HTTP: whose server this is, who may join with what, who is here, who may invite and turn out; and what
whoever runs the server gets to see."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from argon2 import PasswordHasher

from sync_server.accounts import SEEN_EVERY_MS, Attendance, invite
from sync_server.app import create_server_app
from sync_server.replication.changeset import Op
from sync_server.store import Invite
from sync_server.store_sqlite import SqliteStore
from tests.server.conftest import TIMEOUT_S, Client, Served, command
from tests.server.kit import MANIFEST, NOW_MS, Author, delete, enrolled, ins, new_id, push, upd
from tests.server.test_http import code_of

ADMINISTRATORS = next(id for id, role in MANIFEST.seeds["role"].items() if role["all_rights"])
OTHERS = next(id for id, role in MANIFEST.seeds["role"].items() if not role["all_rights"])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore(tmp_path / "server.db", MANIFEST)
    yield made
    made.close()


PASSWORD = "Zhang 123"


def about(served: Served) -> dict[str, Any]:
    answer = requests.get(f"{served.url}/sync/v1/about", timeout=TIMEOUT_S)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def enrol(served: Served, code: str, **more: Any) -> requests.Response:
    body = {"code": code, "schema": MANIFEST.schema} | more
    return requests.post(f"{served.url}/sync/v1/enrol", json=body, timeout=TIMEOUT_S)


def operator(client: Client, *roles: str, **values: Any) -> str:
    """An operator with these roles, pushed by a machine."""
    id = new_id()
    links = [Op("operator_roles", new_id(), "ins", {"record": id, "target": role}) for role in roles]
    about = {"login_name": "zhang", "password": PasswordHasher().hash(PASSWORD)} | values
    client.push(client.author.write(ins("operator", id, **about), *links))
    return id


# ---------------------------------------------------------------------------------------------------------- joining


def test_anyone_may_ask_whose_server_this_is(served: Served) -> None:
    first = about(served)
    assert (first["product"], first["empty"], first["schema"]) == ("ecms-sync", True, MANIFEST.schema)
    assert first["min_schema"] == 1 and first["server_time"] > NOW_MS / 2
    a = served.join()
    assert about(served)["empty"] and a.about["tier"] == first["tier"]
    a.push(a.author.write(ins("customer", name=5)))  # not accepted, but it came
    assert not about(served)["empty"]


def test_data_of_another_company_or_data_on_both_sides_do_not_come_together(served: Served) -> None:
    code = command(served.folder, "invite", "--branch", "01").stdout.strip()
    assert code_of(enrol(served, code, tier="other")) == (409, "other-company")
    assert code_of(enrol(served, code, has_data="yes")) == (400, "bad-request")
    a = served.join()
    a.push(a.author.write(ins("customer"), ins("customer")))
    assert code_of(enrol(served, code, tier=None, has_data=True)) == (409, "not-empty")
    answer = enrol(served, code, tier=a.about["tier"], has_data=True)  # refusals have not used the code up
    assert answer.status_code == 200 and answer.json()["rows"] == 2
    blank = command(served.folder, "invite", "--branch", "01").stdout.strip()
    assert enrol(served, blank, has_data=False).status_code == 200


def test_the_first_machine_may_bring_its_data_to_an_empty_server(served: Served) -> None:
    code = command(served.folder, "invite", "--branch", "01").stdout.strip()
    answer = enrol(served, code, has_data=True)
    assert answer.status_code == 200 and answer.json()["rows"] == 0


# -------------------------------------------------------------------------------------------------------- who is here


def test_machines_see_each_other_with_what_they_said(shared: Served) -> None:
    a, b = shared.join("01"), shared.join("02", "--user", "li")
    a.hello(waiting=7, version="0.1.0")
    told = {one["id"]: one for one in b.get("/sync/v1/machines").json()["machines"]}
    mine, other = told[a.about["machine"]], told[b.about["machine"]]
    assert (mine["waiting"], mine["version"], mine["state"], mine["code"]) == (7, "0.1.0", "active", a.about["code"])
    assert mine["last_seen"] >= mine["enrolled_at"] and mine["branch"] == "01"
    assert (other["kind"], other["user"], other["waiting"]) == ("personal", "li", None)
    a.hello(waiting=0)
    told = {one["id"]: one for one in b.get("/sync/v1/machines").json()["machines"]}
    assert (told[a.about["machine"]]["waiting"], told[a.about["machine"]]["version"]) == (0, "0.1.0")
    line = next(one for one in command(shared.folder, "machines").stdout.splitlines() if a.about["machine"] in one)
    assert line.split("\t")[-2:] == ["0", "0.1.0"]
    odd: Any
    for odd in ({"waiting": -1}, {"waiting": "1"}, {"version": "x" * 41}, {"version": "a\tb"}, {"version": 1}):
        assert code_of(a.hello(**odd)) == (400, "bad-request")
    assert a.hello(waiting=2**63 - 1).status_code == 200
    assert a.get("/sync/v1/stats").status_code == 200


def test_that_a_machine_called_is_written_down_now_and_then(store: SqliteStore) -> None:
    enrolled(store)
    attendance = Attendance(store)

    def last_seen() -> int | None:
        return store.machines()[0].last_seen

    for ms, expected in ((0, 0), (1, 0), (SEEN_EVERY_MS - 1, 0), (SEEN_EVERY_MS, SEEN_EVERY_MS), (5, SEEN_EVERY_MS)):
        attendance.note("m", NOW_MS + ms)
        assert last_seen() == NOW_MS + expected
    attendance.note("m", NOW_MS + SEEN_EVERY_MS + 1, {"waiting": 4})
    attendance.note("m", NOW_MS + SEEN_EVERY_MS + 2)
    assert (last_seen(), store.machines()[0].waiting) == (NOW_MS + SEEN_EVERY_MS + 1, 4)
    attendance.note("m", NOW_MS)  # the clock was set back
    assert last_seen() == NOW_MS


def test_pulls_and_pushes_count_as_seen_and_reads_never_wait_for_a_push(store: SqliteStore) -> None:
    now_ms = NOW_MS
    app = create_server_app(store, MANIFEST, lambda: now_ms)
    store.add_machine("m", hashlib.sha256(b"s").hexdigest(), _invite(), NOW_MS)
    client = app.test_client()
    with store.transaction() as tx:  # a push under way, in this thread; the pull comes in another
        assert tx.head().seq == 0
        assert _in_thread(lambda: client.get("/sync/v1/pull", headers={"Authorization": "ECMS m:s"})) == 200
    assert store.machines()[0].last_seen is None
    assert client.get("/sync/v1/pull", headers={"Authorization": "ECMS m:s"}).status_code == 200
    assert store.machines()[0].last_seen == NOW_MS


def _invite() -> Invite:
    return Invite("h", "01", None, NOW_MS)


def _in_thread(ask: Callable[[], Any]) -> int:
    with ThreadPoolExecutor(1) as pool:
        return int(pool.submit(ask).result(timeout=10).status_code)


@pytest.mark.parametrize(("machines", "poll_ms"), [(1, 1_000), (100, 1_000), (250, 2_500), (3_500, 30_000)])
def test_many_machines_ask_less_often(store: SqliteStore, machines: int, poll_ms: int) -> None:
    store.add_machine("m", hashlib.sha256(b"s").hexdigest(), _invite(), NOW_MS)
    with store._write() as db:
        db.executemany(
            "INSERT INTO machine (id, code, kind, branch, secret_hash, state, enrolled_at) "
            "VALUES (?, ?, 'shared', '01', '', ?, 0)",
            [(str(n), str(n), "active" if n < machines else "revoked") for n in range(1, machines + 5)],
        )
    client = create_server_app(store, MANIFEST, lambda: NOW_MS).test_client()
    answer = client.get("/sync/v1/pull", headers={"Authorization": "ECMS m:s"})
    assert answer.get_json()["poll_ms"] == poll_ms


def test_hello_says_how_much_there_is(shared: Served) -> None:
    a = shared.join()
    before = a.hello().json()
    a.push(a.author.write(ins("customer"), ins("customer")), a.author.write(ins("customer")))
    after = a.hello().json()
    assert after["rows"] == before["rows"] + 3
    assert after["kept"] == after["head"] == before["head"] + 2 and after["poll_ms"] == 1_000


# ----------------------------------------------------------------------------------------------- inviting, turning out


def test_operators_with_all_rights_invite_and_turn_out(served: Served) -> None:
    a = served.join()
    boss = operator(a, OTHERS, ADMINISTRATORS)
    answer = a.post("/sync/v1/invite", {"actor": boss, "password": PASSWORD, "branch": "02", "user": "li"}).json()
    assert answer["valid_ms"] == 600_000
    joined = enrol(served, answer["code"]).json()
    assert (joined["branch"], joined["user"], joined["kind"]) == ("02", "li", "personal")
    assert code_of(a.post("/sync/v1/invite", {"actor": boss, "password": PASSWORD, "branch": "北京"})) == (
        400,
        "bad-request",
    )
    assert code_of(a.post("/sync/v1/revoke", {"actor": boss, "password": PASSWORD, "machine": a.about["machine"]})) == (
        409,
        "own-machine",
    )
    for expected in (True, False):
        told = a.post("/sync/v1/revoke", {"actor": boss, "password": PASSWORD, "machine": joined["machine"]}).json()
        assert told == {"revoked": expected}
    assert not a.post("/sync/v1/revoke", {"actor": boss, "password": PASSWORD, "machine": "nobody"}).json()["revoked"]
    b = Client(served, joined)
    assert b.hello().json()["actions"] == ["wipe"]
    assert code_of(b.post("/sync/v1/invite", {"actor": boss, "password": PASSWORD, "branch": "01"})) == (403, "revoked")


def test_nobody_else_does(served: Served) -> None:
    a = served.join()
    deleted, unlinked = operator(a, ADMINISTRATORS), operator(a)
    link = new_id()
    a.push(
        a.author.write(delete("operator", deleted, a.author)),
        a.author.write(Op("operator_roles", link, "ins", {"record": unlinked, "target": ADMINISTRATORS})),
        a.author.write(delete("operator_roles", link, a.author)),
    )
    nobodies = [
        "nobody", operator(a), operator(a, OTHERS), operator(a, ADMINISTRATORS, is_stopped=1), deleted, unlinked,
        operator(a, new_id()), ADMINISTRATORS,
    ]  # fmt: skip
    for actor in nobodies:
        assert code_of(a.post("/sync/v1/invite", {"actor": actor, "password": PASSWORD, "branch": "01"})) == (
            403,
            "not-allowed",
        )
        assert code_of(a.post("/sync/v1/revoke", {"actor": actor, "password": PASSWORD, "machine": "x"})) == (
            403,
            "not-allowed",
        )
    assert code_of(a.post("/sync/v1/invite", {"branch": "01"})) == (400, "bad-request")
    boss = operator(a, ADMINISTRATORS)
    role = a.author.write(Op("role", ADMINISTRATORS, "upd", {"all_rights": 0}))
    assert a.post("/sync/v1/invite", {"actor": boss, "password": PASSWORD, "branch": "01"}).status_code == 200
    a.push(role)
    assert code_of(a.post("/sync/v1/invite", {"actor": boss, "password": PASSWORD, "branch": "01"})) == (
        403,
        "not-allowed",
    )


def test_a_machine_alone_is_no_administrator(served: Served) -> None:
    """Its secret lies in a file that whoever uses the machine can read."""
    a, b = served.join(), served.join()
    boss, bare = operator(a, ADMINISTRATORS), operator(a, ADMINISTRATORS, password=None)
    for actor, password in ((boss, "zhang 123"), (bare, PASSWORD), (boss, "x" * 1_000)):
        asked = {"actor": actor, "password": password, "branch": "01", "machine": b.about["machine"]}
        assert code_of(a.post("/sync/v1/revoke", asked)) == (403, "wrong-password")
    assert code_of(a.post("/sync/v1/revoke", {"actor": boss, "machine": b.about["machine"]})) == (400, "bad-request")
    for _ in range(2):
        assert code_of(a.post("/sync/v1/invite", asked)) == (403, "wrong-password")
    assert code_of(a.post("/sync/v1/invite", asked | {"password": PASSWORD})) == (429, "too-many")
    assert b.post("/sync/v1/invite", asked | {"password": PASSWORD}).status_code == 200, "others are not held up"


def test_codes_that_a_machine_asked_for_go_with_it(served: Served) -> None:
    a, b = served.join(), served.join()
    asked = {"actor": operator(a, ADMINISTRATORS), "password": PASSWORD, "branch": "01"}
    first, second = (b.post("/sync/v1/invite", asked).json()["code"] for _ in range(2))
    assert enrol(served, first).status_code == 200
    assert a.post("/sync/v1/revoke", asked | {"machine": b.about["machine"]}).json()["revoked"]
    assert code_of(enrol(served, second)) == (403, "code-refused")


def test_wrong_codes_hold_up_nobody_else_and_no_right_code(store: SqliteStore) -> None:
    client = create_server_app(store, MANIFEST, lambda: NOW_MS).test_client()

    def ask(code: str, address: str) -> int:
        body = {"code": code, "schema": MANIFEST.schema}
        return client.post("/sync/v1/enrol", json=body, environ_base={"REMOTE_ADDR": address}).status_code

    right = invite(store, "01", None, NOW_MS)
    assert [ask("AAAAA-AAAAA", "192.0.2.1") for _ in range(12)] == [403] * 10 + [429] * 2
    assert ask("AAAAA-AAAAA", "192.0.2.2") == 403
    assert ask(right, "192.0.2.1") == 200


@pytest.mark.parametrize("path", ["machines", "sums", "invite", "revoke"])
def test_strangers_get_nothing(shared: Served, path: str) -> None:
    method = "POST" if path in ("invite", "revoke") else "GET"
    answer = requests.request(method, f"{shared.url}/sync/v1/{path}", timeout=TIMEOUT_S)
    assert code_of(answer) == (401, "unauthorized")


# --------------------------------------------------------------------------------------------- whoever runs the server


def test_the_page_shows_counts_without_scripts(served: Served) -> None:
    a = served.join()
    a.hello(waiting=1234)
    a.push(a.author.write(ins("customer")), a.author.write(ins("customer", name=5)))
    answer = requests.get(served.url, timeout=TIMEOUT_S)
    assert answer.headers["Content-Type"].startswith("text/html")
    rows = dict(re.findall(r"<th scope=row>(.*?)<td>([^<]*)", answer.text))
    assert (rows["在用的机器"], rows["记录"], rows["各台机器等待上传的修改"]) == ("1", "1", "1,234")
    assert rows["未接受的修改"].startswith("1") and rows["最久没有联系的机器"] == "0 分钟前"
    policy = answer.headers["Content-Security-Policy"]
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style and "<script" not in answer.text and "default-src 'none'" in policy
    assert base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode() in policy
    assert a.about["tier"] not in answer.text and a.about["machine"] not in answer.text


@pytest.mark.parametrize(("behind_min", "said"), [(9, None), (11, "11 分钟"), (5 * 365 * 1_440, "1825 天")])
def test_a_clock_far_behind_what_was_written_is_told(store: SqliteStore, behind_min: int, said: str | None) -> None:
    push(store, Author().write(ins("customer")), now_ms=NOW_MS)
    client = create_server_app(store, MANIFEST, lambda: NOW_MS + 1 - behind_min * 60_000).test_client()
    page = client.get("/").text
    assert ("服务器的时钟" in page) == (said is not None) and (said is None or f"慢了 {said}" in page)
    figures = client.get("/metrics").text
    assert f"\necms_clock_behind_ms {behind_min * 60_000 if said else 0}\n" in figures


def test_metrics_count_what_waits_and_what_was_not_accepted(served: Served) -> None:
    a, b = served.join(), served.join()
    a.hello(waiting=2)
    b.hello(waiting=3)
    id = new_id()
    a.push(a.author.write(ins("customer", id, name=5)), a.author.write(Op("customer", id, "upd", {"phone": "1"})))
    lines = requests.get(f"{served.url}/metrics", timeout=TIMEOUT_S).text.splitlines()
    figures = dict(line.split() for line in lines if not line.startswith("#"))
    assert (figures["ecms_waiting"], figures["ecms_quarantined"]) == ("5", "2")
    assert (figures["ecms_quarantined_refused"], figures["ecms_quarantined_depends"]) == ("1", "1")
    assert int(figures["ecms_bytes"]) > 0 and int(figures["ecms_last_seen_oldest"]) > NOW_MS / 2


def test_what_was_not_accepted_is_listed(served: Served) -> None:
    a, id = served.join(), new_id()
    a.push(a.author.write(Op("customer", id, "ins", {"a\tb\x1b": 1})), a.author.write(ins("customer")))
    a.push(a.author.write(Op("customer", id, "upd", {"phone": "1"})))
    first, second = (line.split("\t") for line in command(served.folder, "quarantine").stdout.splitlines())
    assert first[:3] == [a.author.replica, "1", "quarantined"] and "unknown-column" in first[3]
    assert "\x1b" not in first[3] and first[5] == second[5] == a.about["code"]
    assert second[1:4] == ["3", "depends", f"needs customer {id}"]


def test_what_was_not_accepted_can_be_looked_at_and_accepted_after_all(served: Served) -> None:
    a, b, id = served.join(), served.join(), new_id()
    assert command(served.folder, "revoke", a.about["code"]).returncode == 0
    a.push(a.author.write(ins("customer", id, name="丢失的")), a.author.write(ins("customer", name=5)))
    first, second = (f"{a.author.replica}:{n}" for n in (1, 2))
    shown = json.loads(command(served.folder, "quarantine", "--show", first).stdout)
    assert (shown["n"], shown["ops"][0]["set"]["name"]) == (1, "丢失的")
    said = command(served.folder, "quarantine", "--accept", first)
    assert (said.returncode, said.stdout.strip()) == (0, "已接受")
    assert [op["id"] for item in b.pull_all() for op in item["ops"]] == [id]
    for words, expected in (
        (("--accept", second), "仍不能接受：wrong-type"),
        (("--accept", first), "没有"),
        (("--show", first), "没有"),
    ):
        refused = command(served.folder, "quarantine", *words)
        assert refused.returncode == 1 and expected in refused.stderr and refused.stderr.count("\n") == 1
    assert command(served.folder, "quarantine", "--show", "x").returncode == 2
    b.push(b.author.write(upd("customer", id, {}, phone="1")))
    assert len(b.pull_all()) == 2


def test_more_connections_than_machines_poll_at_once(served: Served) -> None:
    """Machines keep theirs between polls; one more must still get in."""
    host, port = served.url.removeprefix("http://").split(":")
    idle = [socket.create_connection((host, int(port)), timeout=TIMEOUT_S) for _ in range(150)]
    try:
        for one in idle:
            one.sendall(b"GET /sync/v1/about HTTP/1.1\r\nHost: x\r\n\r\n")
        assert all(one.recv(12) == b"HTTP/1.1 200" for one in idle)
        assert about(served)["product"] == "ecms-sync"
    finally:
        for one in idle:
            one.close()


def test_a_server_process_sees_machines_that_a_command_turned_out(served: Served) -> None:
    a, b = served.join(), served.join()
    assert command(served.folder, "revoke", b.about["code"]).returncode == 0
    states = {one["id"]: one["state"] for one in a.get("/sync/v1/machines").json()["machines"]}
    assert states == {a.about["machine"]: "active", b.about["machine"]: "revoked"}


def test_who_is_empty_is_not_only_who_has_no_rows(store: SqliteStore) -> None:
    assert store.is_empty() and store.rows_total() == 0
    push(store, Author().write(ins("customer", name=5)))
    assert not store.is_empty() and store.rows_total() == 0


def test_who_has_no_data_cannot_join_before_the_company_is_there(served: Served) -> None:
    code = command(served.folder, "invite", "--branch", "01").stdout.strip()
    assert code_of(enrol(served, code, has_data=False)) == (409, "no-company")
    assert enrol(served, code, has_data=True).status_code == 200, "the code was not used up"
    first = served.join()
    first.hello()
    other = command(served.folder, "invite", "--branch", "01").stdout.strip()
    assert code_of(enrol(served, other, has_data=True)) == (409, "not-empty"), "another company is on its way here"
