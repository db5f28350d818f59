"""系统配置 through the real API: each setting is a record of its own, only new things follow it, and nothing is decided
without the right."""

from __future__ import annotations

from typing import Any

import pytest

from desktop.api.help import page
from desktop.engine.configuring import id_of
from sync_server.replication.changeset import Op
from tests.support import Api, Office


def change(api: Api, defaults: tuple[str, ...] = (), **values: Any) -> dict[str, Any]:
    body = {"values": {key.replace("__", "."): value for key, value in values.items()}, "defaults": list(defaults)}
    return dict(api.ok(api.call("PATCH", "/api/settings", body)))


def settings(api: Api) -> dict[str, dict[str, Any]]:
    return {one["key"]: one for group in api.get("/api/settings")["groups"] for one in group["settings"]}


def test_every_setting_has_a_label_a_default_and_help(office: Office) -> None:
    found = settings(office.api)
    assert len(found) == len(office.workstation.registry.settings) > 10
    for one in found.values():
        assert one["is_default"] and one["value"] == one["field"]["default"] and one["default_words"]
        assert one["field"]["help"], one["key"]
        assert one["field"]["label"] in page("setting")["markdown"], one["key"]


def test_a_setting_is_changed_put_back_and_tells_its_history(office: Office) -> None:
    change(office.api, price__last_days=90)
    change(office.api, price__last_days=30, credit__check="block")
    assert settings(office.api)["price.last_days"]["value"] == 30
    found = change(office.api, ("price.last_days",))
    days = next(one for group in found["groups"] for one in group["settings"] if one["key"] == "price.last_days")
    assert (days["value"], days["is_default"], days["by"]) == (180, True, "周敏")
    told = office.api.get("/api/settings/price.last_days/history")
    assert [(one["before"], one["after"]) for one in told] == [
        ("30", "180（默认）"), ("90", "30"), ("180（默认）", "90"),
    ]  # fmt: skip
    assert [one["after"] for one in office.api.get("/api/settings/credit.check/history")] == ["不让过账"]
    assert office.api.get("/api/settings/stock.negative/history") == []


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("price.last_days", "many", "「上次价有效天数」应是数字"),
        ("price.last_days", None, "请填写「上次价有效天数」"),
        ("credit.check", "never", "「超出信用额度时」应是"),
        ("no.such", 1, "没有这项设置"),
    ],
)
def test_what_a_setting_cannot_be_is_said_at_it_and_nothing_is_changed(
    office: Office, key: str, value: Any, words: str
) -> None:
    body = {"values": {"file.max_mb": 20, key: value}}
    answer = office.api.call("PATCH", "/api/settings", body)
    assert answer.status_code == 422 and words in answer.json()["fields"][key]
    assert settings(office.api)["file.max_mb"]["is_default"]


def test_who_lacks_the_right_reads_and_changes_nothing(office: Office) -> None:
    body = {"values": {"name": "看看"}, "boxes": {"setting": {"view": True}}}
    role = office.api.post("/api/roles", body)["id"]
    department = office.api.get("/api/lookup/department")["rows"][0]["id"]
    person = {"code": "z9", "name": "小张", "department": department}
    employee = office.api.post("/api/records/employee", person)["row"]["id"]
    values = {"login_name": "zhang", "employee": employee, "roles": [role], "password": "another secret"}
    office.api.post("/api/records/operator", values)
    office.api.sign_in("zhang", "another secret")
    assert office.api.get("/api/settings")["may_change"] is False
    office.api.refused("PATCH", "/api/settings", 403, {"values": {"file.max_mb": 20}})


def test_what_a_newer_version_wrote_counts_as_never_set(office: Office) -> None:
    about = {"name": "信用", "key": "credit.check", "value": '"later"'}
    office.engine.applier.local([Op("setting", id_of("credit.check"), "ins", about)], actor="", act="setting.edit")
    assert settings(office.api)["credit.check"]["value"] == "warn"
