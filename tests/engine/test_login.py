"""Logging in: nothing tells an unknown user from a wrong password, guessing grows slow, and passwords stay unread."""

from __future__ import annotations

import json
import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import argon2
import pytest

from desktop import accounts
from desktop.engine.apply import unpacked
from desktop.engine.define import seed_id
from desktop.engine.fields import password
from desktop.engine.fields.password import hash_password
from desktop.errors import LoginFailed, LoginWait
from desktop.workstation import Workstation
from sync_server.replication.changeset import Op
from tests.conftest import REAL_HASHER
from tests.engine.kit import everything
from tests.support import PASSWORD, Api, Office, copy_of, open_office

WAITS_S = [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]
"""After the first, second … wrong try."""


def department(api: Api) -> str:
    return str(api.get("/api/session")["departments"][0]["id"])


def attempt(api: Api, user: str, password: str, where: str | None = None) -> dict[str, Any]:
    return {"department": where or department(api), "user": user, "password": password}


def test_passwords_are_hashed_at_the_cost_the_library_recommends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password, "hasher", REAL_HASHER)
    assert argon2.extract_parameters(hash_password(PASSWORD)) == argon2.profiles.RFC_9106_LOW_MEMORY


def test_an_unknown_user_is_answered_exactly_like_a_wrong_password(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str] = []
    real = argon2.PasswordHasher.verify

    def counting(self: argon2.PasswordHasher, hash: str, password: str) -> bool:
        verified.append(hash)
        return real(self, hash, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", counting)
    answers = []
    for tried in (
        attempt(office.api, "admin", "wrong password"),
        attempt(office.api, "nobody", "wrong password"),
        attempt(office.api, "admin", PASSWORD, "0" * 32),
        attempt(office.api, "' OR 1=1 --", "wrong password"),
        attempt(office.api, "", ""),
    ):
        verified.clear()
        answer = office.api.call("POST", "/api/session", tried)
        answers.append((answer.status_code, answer.text))
        assert len(verified) == 1, "the costly comparison is made for all alike"
        costs = [argon2.extract_parameters(one) for one in verified]
        assert costs[0] == argon2.extract_parameters(hash_password(PASSWORD)), "and costs for all the same"
    assert set(answers) == {(401, answers[0][1])}
    assert json.loads(answers[0][1])["code"] == "login-failed"


def test_wrong_tries_make_the_next_one_wait_longer_and_longer(office: Office) -> None:
    engine, where, now = office.engine, department(office.api), 1_000_000.0
    for wait_s in WAITS_S:
        with pytest.raises(LoginFailed) as failed:
            accounts.sign_in(engine, where, "admin", "wrong password", now)
        assert failed.value.extra["wait_s"] == wait_s
        if wait_s:
            with pytest.raises(LoginWait) as wait:
                accounts.sign_in(engine, where, "admin", PASSWORD, now + wait_s - 0.5)
            assert 0 < wait.value.extra["wait_s"] <= wait_s, "not even the right one is looked at"
        now += wait_s
    assert accounts.sign_in(engine, where, "admin", PASSWORD, now) == office.admin.operator
    with pytest.raises(LoginFailed) as failed:
        accounts.sign_in(engine, where, "admin", "wrong password", now)
    assert failed.value.extra["wait_s"] == 0, "a right password begins anew"


def test_unknown_users_wait_as_long_as_known_ones(office: Office) -> None:
    steps = WAITS_S[:5]
    waits: dict[str, list[int]] = {"admin": [], "nobody": []}
    for user, seen in waits.items():
        now = 1_000_000.0
        for _ in steps:
            with pytest.raises(LoginFailed) as failed:
                accounts.sign_in(office.engine, department(office.api), user, "wrong password", now)
            seen.append(failed.value.extra["wait_s"])
            now += seen[-1]
    assert waits == {"admin": steps, "nobody": steps}


def test_one_login_s_wrong_tries_hold_up_nobody_else(office: Office) -> None:
    for _ in range(3):
        with pytest.raises(LoginFailed):
            accounts.sign_in(office.engine, department(office.api), "nobody", "wrong password")
    problem = office.api.refused("POST", "/api/session", 429, attempt(office.api, "nobody", "x"))
    assert problem["code"] == "login-wait" and problem["wait_s"] == 1
    assert office.api.sign_in()["signed_in"]


def test_the_wait_outlasts_a_restart_and_a_clock_set_back_ends_it(template: Path, tmp_path: Path) -> None:
    folder, now = copy_of(template, tmp_path / "data"), 1_000_000.0
    for turn in range(6):
        workstation = Workstation.open(folder)
        (where,) = (one["id"] for one in accounts.departments(workstation.engine))
        with pytest.raises(LoginFailed):
            accounts.sign_in(workstation.engine, where, "admin", "wrong password", now)
        now += WAITS_S[turn] - (1 if turn == 5 else 0)
        workstation.close()
    workstation = Workstation.open(folder)
    with pytest.raises(LoginWait):
        accounts.sign_in(workstation.engine, where, "admin", PASSWORD, now)
    assert accounts.sign_in(workstation.engine, where, "admin", PASSWORD, now - 86_400)
    workstation.close()


def test_tries_sent_at_once_are_all_counted(office: Office) -> None:
    import threading

    where = department(office.api)
    codes: list[int] = []

    def work() -> None:
        tried = {"department": where, "user": "admin", "password": "wrong password"}
        answer = office.api.call("POST", "/api/session", tried)
        codes.append(answer.status_code)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes.count(401) == 3 and codes.count(429) == 5


# ------------------------------------------------------------ own password


def test_one_s_password_is_changed_by_who_knows_the_old_one(office: Office) -> None:
    api = office.api
    for body, field in (
        ({"old": "not mine", "new": "long enough"}, "old"),
        ({"old": PASSWORD, "new": "short"}, "new"),
        ({"old": PASSWORD, "new": "x" * 201}, "new"),
        ({"old": PASSWORD, "new": "  ADMIN "}, "new"),
    ):
        assert field in api.refused("POST", "/api/session/password", 422, body)["fields"]
    api.post("/api/session/password", {"old": PASSWORD, "new": "another password"})
    assert api.get("/api/records/customer")["rows"] is not None, "still signed in"
    assert api.refused("POST", "/api/session", 401, attempt(api, "admin", PASSWORD))["code"] == "login-failed"
    assert api.sign_in(password="another password")["signed_in"]


def test_a_password_of_before_that_would_be_refused_today_still_opens(office: Office) -> None:
    api = office.api
    refused = api.refused("POST", "/api/session/password", 422, {"old": PASSWORD, "new": "12345678"})["fields"]["new"]
    assert "太常见" in refused and "换一个" in refused
    kept = Op("operator", office.admin.operator, "upd", {"password": hash_password("12345678")})
    office.engine.applier.local([kept], actor=office.admin.operator, act="operator.save")
    assert api.sign_in(password="12345678")["signed_in"]
    api.ok(api.call("PATCH", f"/api/records/operator/{office.admin.operator}", {"must_change_password": False}))


def test_who_must_change_his_password_is_asked_until_he_does(office: Office) -> None:
    api = office.api
    me = f"/api/records/operator/{office.admin.operator}"
    assert api.sign_in()["operator"]["must_change_password"] is False
    api.ok(api.call("PATCH", me, {"must_change_password": True}))
    assert api.sign_in()["operator"]["must_change_password"] is True
    assert (
        "old" in api.refused("POST", "/api/session/password", 422, {"old": "wrong one", "new": "long enough"})["fields"]
    )
    assert api.sign_in()["operator"]["must_change_password"] is True
    api.post("/api/session/password", {"old": PASSWORD, "new": "another password"})
    assert api.sign_in(password="another password")["operator"]["must_change_password"] is False


def test_an_edit_without_a_password_keeps_the_old_one(office: Office) -> None:
    me = f"/api/records/operator/{office.admin.operator}"
    for values in ({"valid_until": "2099-01-01"}, {"password": ""}, {"password": None}, {"password": True}):
        assert office.api.ok(office.api.call("PATCH", me, values))["row"]["password"] is True
    assert office.api.sign_in()["signed_in"]


# ------------------------------------------------------------ never in clear


def test_no_password_stands_in_any_answer_file_log_or_change(
    template: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = [PASSWORD, "geheim-neu-1", "geheim-neu-2", "geheim-falsch", "geheim-kurz"]
    said: list[str] = []
    folder = copy_of(template, tmp_path / "data")
    with open_office(folder) as office:
        for method, path, body in _calls_with(office, secrets):
            said.append(office.api.call(method, path, body).text)
        me = office.admin.operator
        for path in (
            "/api/session", "/api/records/operator", f"/api/records/operator/{me}",
            f"/api/records/operator/{me}/history",
            "/api/lookup/operator", "/api/modules", "/api/openapi.json", "/api/jobs", "/api/search?q=geheim",
            "/api/records/operator?field=password&value=geheim", "/api/records/operator?sort=password",
        ):  # fmt: skip
            said.append(office.api.call("GET", path).text)
        for body in ({"columns": ["password"]}, {"columns": ["login_name"], "query": {"filter": _on_password("eq")}}):
            said.append(json.dumps(office.api.refused("POST", "/api/export/operator", 422, body)))
        with office.engine.db.read() as db:
            bodies = [unpacked(row[0]).decode() for row in db.execute("SELECT body FROM changeset")]
            tables = json.dumps(everything(db), ensure_ascii=False, default=repr)
    files = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    for secret in secrets:
        assert not [text for text in [*said, *bodies, tables, caplog.text] if secret in text], secret
        assert not [content for content in files if secret.encode() in content]
    assert not [text for text in said if "argon2" in text], "nor its hash in any answer"
    assert any("$argon2id$" in body for body in bodies), "the hash travels to the other machines"


def _on_password(op: str) -> dict[str, Any]:
    return {"and": [{"field": "password", "op": op, "value": "x"}]}


def _calls_with(office: Office, secrets: list[str]) -> list[tuple[str, str, Any]]:
    old, first, second, wrong, short = secrets
    employee = office.samples.create("employee")["id"]
    person = {"login_name": "zhang", "employee": employee, "roles": [seed_id("role", "sales")]}
    where = department(office.api)
    return [
        ("POST", "/api/session", {"department": where, "user": "zhang", "password": wrong}),
        ("POST", "/api/session", {"department": where, "user": "zhang", "password": wrong, "extra": wrong}),
        ("POST", "/api/session", {"department": where, "user": "zhang", "password": [wrong]}),
        ("POST", "/api/records/operator", {**person, "password": first}),
        ("POST", "/api/records/operator", {**person, "password": short[:6]}),
        ("POST", "/api/records/operator", {**person, "password": {"x": short}}),
        ("POST", "/api/records/operator/similar", {"values": {"password": second, "login_name": "zhang"}}),
        ("POST", "/api/session/password", {"old": wrong, "new": second}),
        ("POST", "/api/session/password", {"old": old, "new": second}),
        ("PATCH", f"/api/records/operator/{office.admin.operator}", {"password": first, "login_name": None}),
        ("PATCH", f"/api/records/operator/{office.admin.operator}", {"password": old}),
    ]


def test_departments_of_one_name_are_told_apart_by_their_branch(office: Office) -> None:
    branch = office.samples.create("branch", code="02", name="昆山分公司")["id"]
    twin = office.samples.create("department", name="管理部", branch=branch)["id"]
    office.samples.create("operator", department=twin, valid_until="2099-01-01")
    names = sorted(one["name"] for one in office.api.get("/api/session")["departments"])
    assert names == ["管理部（总部）", "管理部（昆山分公司）"]


def test_what_is_known_of_an_operator_is_forgotten_as_soon_as_another_program_writes(office: Office) -> None:
    """Rights are kept between requests; what somebody writes past this process counts from the next one on (O3)."""
    engine = office.engine
    first = next(iter(accounts.operator_names(engine)))
    known = accounts.principal_of(engine, first)
    assert accounts.principal_of(engine, first) is known
    assert not accounts.must_change_password(engine, first)
    with closing(sqlite3.connect(engine.db.path)) as other, other:
        other.create_function("ecms_writing", 0, lambda: 1)
        other.execute("UPDATE operator SET must_change_password = 1 WHERE id = ?", (first,))
    assert accounts.principal_of(engine, first) is not known
    assert accounts.must_change_password(engine, first)
    with engine.db.write():  # who writes sees what nobody else does
        assert accounts.principal_of(engine, first) is not accounts.principal_of(engine, first)
