"""Who sits at the machine: windows that share a session, streams of events, machines, own passwords, keys, codes."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from desktop import accounts
from desktop.engine.define import seed_id
from desktop.engine.fields.moment import today
from desktop.engine.ids import new_id
from desktop.errors import Invalid
from desktop.workstation import Workstation
from sync_server.replication.changeset import Op
from tests.support import FIRST, PASSWORD, Office, copy_of, fresh_key, open_office

ADMIN, SALES = seed_id("role", "admin"), seed_id("role", "sales")
GROUP = seed_id("customer_group", "general")


@pytest.fixture
def served(template: Path, tmp_path: Path) -> Iterator[Office]:
    """One with a real server, whose streams of events stay open."""
    with open_office(copy_of(template, tmp_path / "data")) as opened:
        yield opened


def department(office: Office) -> str:
    return str(office.api.get("/api/session")["departments"][0]["id"])


def hire(office: Office, login: str, role: str = SALES, **values: Any) -> str:
    where = department(office)
    person = {"code": login, "name": f"职员{login}", "department": where}
    employee = office.api.post("/api/records/employee", person)["row"]["id"]
    account = {"login_name": login, "employee": employee, "roles": [role], "password": PASSWORD} | values
    return str(office.api.post("/api/records/operator", account)["row"]["id"])


# ------------------------------------------------------- an administrator stays


def test_no_batch_and_no_date_leaves_the_company_without_an_administrator(office: Office) -> None:
    api, me = office.api, office.admin.operator
    other = hire(office, "second", ADMIN)
    for change in ({"is_stopped": True}, {"valid_until": "2020-01-01"}, {"valid_until": today()}, {"roles": [SALES]}):
        problem = api.refused("POST", "/api/records/operator/change", 422, {"ids": [me, other], "set": change})
        assert "最后一个管理员" in problem["title"], change
    api.refused("POST", "/api/records/operator/delete", 409, {"ids": [me, other]})
    api.ok(api.call("PATCH", f"/api/records/operator/{other}", {"valid_until": today()}))
    assert "最后一个管理员" in api.refused("PATCH", f"/api/records/operator/{me}", 422, {"is_stopped": True})["title"]
    assert (
        "最后一个管理员" in api.refused("PATCH", f"/api/records/operator/{me}", 422, {"valid_until": today()})["title"]
    )
    api.ok(api.call("PATCH", f"/api/records/operator/{me}", {"valid_until": "2099-01-01"}))


# ------------------------------------------------------------- shared session


def test_what_was_typed_as_one_operator_is_never_saved_as_another(served: Office) -> None:
    api, me = served.api, served.admin.operator
    hire(served, "li")
    mine = {"X-ECMS-Operator": me}
    api.post("/api/records/customer", {"name": "自己的", "group": GROUP}, headers=mine)
    with listening(served) as heard:
        api.sign_in("li")
        until(lambda: {"type": "session"} in heard)
    fresh = {"name": "别人窗口里的", "group": GROUP}
    problem = api.refused("POST", "/api/records/customer", 409, fresh, headers=mine)
    assert problem["code"] == "other-operator"
    assert api.refused("GET", "/api/records/customer", 409, headers=mine)["code"] == "other-operator"
    assert api.get("/api/records/customer")["rows"] == []


@contextmanager
def listening(office: Office) -> Iterator[list[dict[str, Any]]]:
    """Events as they come in; `{"type": "closed"}` when the server ends the stream."""
    connection = http.client.HTTPConnection(office.guard.host, timeout=20)
    cookie = "; ".join(f"{one.name}={one.value}" for one in office.api.session.cookies)
    token = str(office.api.session.headers["X-ECMS-Token"])
    connection.request("GET", "/api/events", headers={"Cookie": cookie, "X-ECMS-Token": token})
    answer = connection.getresponse()
    assert answer.readline().startswith(b": hello")
    heard: list[dict[str, Any]] = []

    def read() -> None:
        try:
            for line in answer:
                if line.startswith(b"data: "):
                    heard.append(json.loads(line[6:]))
        except (OSError, http.client.HTTPException, AttributeError, ValueError):
            return
        heard.append({"type": "closed"})

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        connection.close()


def until(is_so: Any, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


# --------------------------------------------------------------------- events


def test_a_stream_ends_with_the_operator_who_opened_it(served: Office) -> None:
    with listening(served) as heard:
        served.api.call("DELETE", "/api/session")
        served.api.sign_in()
        served.api.post("/api/records/customer", {"name": "保密", "group": GROUP})
        served.api.call("DELETE", "/api/session")
        until(lambda: {"type": "closed"} in heard)
    assert heard[-2:] == [{"type": "session"}, {"type": "closed"}]
    served.api.sign_in()


def test_a_stream_tells_nobody_of_what_he_may_not_see(served: Office) -> None:
    operator = hire(served, "li")
    served.api.sign_in("li")
    actor = served.admin.operator
    with listening(served) as heard:
        served.engine.bus.emit({"type": "job", "job": {"id": "x"}, "to": actor})
        served.engine.bus.emit({"type": "job", "job": {"id": "y"}, "to": operator})
        served.engine.bus.changed({"operator": ["1"], "customer": ["2"], "supplier": ["3"]})
        until(lambda: len(heard) >= 3)
        time.sleep(0.2)
    assert heard == [
        {"type": "job", "job": {"id": "y"}},
        {"type": "changed", "module": "customer", "ids": []},
        {"type": "changed", "module": "supplier", "ids": ["3"]},
    ]


def test_twenty_streams_leave_the_program_answering(served: Office) -> None:
    streams = [listening(served) for _ in range(20)]
    opened = []
    try:
        for stream in streams:
            opened.append(stream.__enter__())
            assert served.api.call("GET", "/api/session").ok
        until(lambda: {"type": "closed"} in opened[0])
        assert {"type": "closed"} not in opened[-1], "the newest goes on"
    finally:
        for stream in streams[: len(opened)]:
            stream.__exit__(None, None, None)


# ------------------------------------------------------------------- logging in


def test_an_operator_logs_in_on_his_machines_only(office: Office) -> None:
    api = office.api
    elsewhere, here = new_id(), api.get("/api/lookup/machine")["rows"][0]["id"]
    ops = [Op("machine", elsewhere, "ins", {"code": "B7", "name": "别的机器", "kind": "shared"})]
    office.engine.applier.local(ops, actor=office.admin.operator)
    li = hire(office, "li", machines=[elsewhere])
    known = {"department": department(office), "user": "li"}
    wrong = api.refused("POST", "/api/session", 401, known | {"password": "wrong password"})
    assert wrong["code"] == "login-failed"
    problem = api.refused("POST", "/api/session", 403, known | {"password": PASSWORD})
    assert problem["code"] == "login-elsewhere" and "不能在本机登录" in problem["title"]
    for machines in ([elsewhere, here], []):
        api.ok(api.call("PATCH", f"/api/records/operator/{li}", {"machines": machines}))
        assert api.sign_in("li")["signed_in"]
        api.sign_in()


@pytest.mark.parametrize(("kind", "mine", "may"), [("shared", True, 1), ("personal", True, 0), ("shared", False, 0)])
def test_beside_a_server_the_shared_machines_of_the_branch_are_everybody_s(
    office: Office, kind: str, mine: bool, may: bool
) -> None:
    hire(office, "li")
    engine, branch = office.engine, new_id()
    engine.applier.local([Op("branch", branch, "ins", {"code": "02", "name": "外地"})], actor=office.admin.operator)
    here = office.api.get("/api/lookup/machine")["rows"][0]["id"]
    with engine.db.write() as db:
        db.execute("UPDATE sync_self SET code = 'C3'")
    change = {"code": "C3", "kind": kind} | ({} if mine else {"branch": branch})
    engine.applier.local([Op("machine", here, "upd", change)], actor=office.admin.operator)
    known = {"department": department(office), "user": "li", "password": PASSWORD}
    assert office.api.call("POST", "/api/session", known).status_code == (200 if may else 403)


def test_a_password_that_somebody_else_set_opens_nothing_but_its_change(office: Office) -> None:
    api = office.api
    hire(office, "li", must_change_password=True)
    assert api.sign_in("li")["operator"]["must_change_password"]
    for method, path in (("GET", "/api/records/customer"), ("GET", "/api/modules"), ("GET", "/api/events")):
        assert api.refused(method, path, 403)["code"] == "must-change-password"
    assert api.get("/api/session")["signed_in"]
    api.post("/api/session/password", {"old": PASSWORD, "new": "my own words"})
    assert api.get("/api/records/customer")["rows"] == []


def test_the_old_password_is_guessed_no_faster_than_at_the_login(office: Office) -> None:
    api = office.api
    tries = [api.call("POST", "/api/session/password", {"old": f"wrong {n}", "new": "long enough"}) for n in range(9)]
    assert [one.status_code for one in tries[:3]] == [422] * 3 and tries[-1].json()["code"] == "login-wait"
    time.sleep(tries[-1].json()["wait_s"] + 0.6)
    api.post("/api/session/password", {"old": PASSWORD, "new": "long enough"})


@pytest.mark.parametrize("password", ["short", "x" * 201, "  BOB-bob-bob "])
def test_the_rule_for_passwords_is_the_same_everywhere(office: Office, password: str, tmp_path: Any) -> None:
    api = office.api
    said = {
        api.refused("PATCH", f"/api/records/operator/{office.admin.operator}", 422,
                    {"login_name": "bob-bob-bob", "password": password})["fields"]["password"],
    }  # fmt: skip
    api.ok(api.call("PATCH", f"/api/records/operator/{office.admin.operator}", {"login_name": "bob-bob-bob"}))
    change = {"old": PASSWORD, "new": password}
    said.add(api.refused("POST", "/api/session/password", 422, change)["fields"]["new"])
    workstation = Workstation.open(tmp_path / "fresh")
    try:
        with pytest.raises(Invalid) as wrong:
            accounts.set_up(workstation, replace(FIRST, login_name="bob-bob-bob", password=password))
    finally:
        workstation.close()
    assert len(said | {wrong.value.fields["password"]}) == 1


# ------------------------------------------------------------ keys, branch codes


def test_a_key_stands_for_one_request(office: Office) -> None:
    api, key = office.api, fresh_key()
    first = api.post("/api/records/customer", {"name": "幂等", "group": GROUP}, headers=key)["row"]
    assert api.post("/api/records/customer", {"name": "幂等", "group": GROUP}, headers=key)["row"]["id"] == first["id"]
    other = {"name": "别的", "group": GROUP}
    assert api.refused("POST", "/api/records/customer", 422, other, headers=key)["code"] == "key-reused"
    change = {"ids": [first["id"]], "set": {"note": "一"}}
    done = api.post("/api/records/customer/change", change, headers=key)
    api.ok(api.call("PATCH", f"/api/records/customer/{first['id']}", {"note": "二"}))
    assert api.post("/api/records/customer/change", change, headers=key) == done
    assert api.get(f"/api/records/customer/{first['id']}")["row"]["note"] == "二", "nothing was done again"
    api.ok(api.call("DELETE", f"/api/records/customer/{first['id']}"))
    back = {"ids": [first["id"]]}
    assert api.post("/api/records/customer/restore", back, headers=key) == {"restored": [first["id"]]}
    assert api.post("/api/records/customer/restore", back, headers=key) == {"restored": [first["id"]]}


def test_a_branch_code_has_two_characters_once_and_for_all(office: Office) -> None:
    api = office.api
    for code in ("1", "a1", "一二", "-1", FIRST.branch_code):
        problem = api.refused("POST", "/api/records/branch", 422, {"code": code, "name": "分公司"})
        assert "code" in problem["fields"], code
    fresh = api.post("/api/records/branch", {"code": "B2", "name": "分公司"})["row"]["id"]
    api.ok(api.call("PATCH", f"/api/records/branch/{fresh}", {"code": "B3"}))
    used = api.get("/api/records/branch", q="总部")["rows"] or api.get("/api/records/branch")["rows"]
    mine = next(row["id"] for row in used if row["code"] == FIRST.branch_code)
    assert "code" in api.refused("PATCH", f"/api/records/branch/{mine}", 422, {"code": "Z9"})["fields"]
    api.ok(api.call("PATCH", f"/api/records/branch/{mine}", {"name": "总公司"}))


@pytest.mark.parametrize("code", ["1", "一二", "-1"])
def test_the_first_start_asks_for_the_same_code(tmp_path: Any, code: str) -> None:
    workstation = Workstation.open(tmp_path / "fresh")
    try:
        with pytest.raises(Invalid) as wrong:
            accounts.set_up(workstation, replace(FIRST, branch_code=code))
        assert "branch_code" in wrong.value.fields
        assert accounts.set_up(workstation, replace(FIRST, branch_code="a7"))
    finally:
        workstation.close()
