"""系统配置 through the real API: each setting is a record of its own, only new things follow it, and nothing is decided
without the right."""

from __future__ import annotations

from typing import Any

import pytest

from desktop.api.help import page
from desktop.engine.configuring import id_of
from desktop.engine.fields import Int
from desktop.engine.settings import Place, Setting, Settings, settings_of
from desktop.modules.trading.settings import BACK_DAYS, STOCK_NEGATIVE
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


# ------------------------------------------------------------------------------------------- for less than the company


def branch_of(office: Office) -> str:
    """The branch of this machine."""
    with office.engine.db.read() as db:
        return str(office.engine.applier.me(db).branch)


def decide_at(api: Api, at: str, *defaults: str, **values: Any) -> dict[str, dict[str, Any]]:
    body = {"values": {key.replace("__", "."): value for key, value in values.items()}, "defaults": list(defaults)}
    found = api.ok(api.call("PATCH", "/api/settings", body | {"at": at}))
    return {one["key"]: one for group in found["groups"] for one in group["settings"]}


def holds(office: Office) -> tuple[Any, Any]:
    with office.engine.db.read() as db:
        settings = settings_of(db)
        return settings[BACK_DAYS], settings[STOCK_NEGATIVE]


def test_a_branch_decides_for_itself_and_goes_back_to_the_company(office: Office) -> None:
    api = office.api
    other = f"branch:{api.post('/api/records/branch', {'code': '02', 'name': '苏州'})['row']['id']}"
    own = f"branch:{branch_of(office)}"
    change(api, doc__back_days=10)
    found = decide_at(api, other, doc__back_days=3, stock__negative="allow")
    assert holds(office) == (10, "block"), "what another branch decides is none of ours"
    assert (found["doc.back_days"]["value"], found["doc.back_days"]["is_default"]) == (3, False)
    found = decide_at(api, own, doc__back_days=30)
    assert holds(office) == (30, "block")
    assert (found["doc.back_days"]["above"], found["doc.back_days"]["comes_from"]) == (10, "全公司")
    assert (found["stock.negative"]["comes_from"], found["stock.negative"]["value"]) == ("默认", "block")
    days = settings(api)["doc.back_days"]
    assert days["value"] == 10 and {one["label"]: one["words"] for one in days["narrower"]}["苏州"] == "3"
    decide_at(api, own, "doc.back_days")
    assert holds(office) == (10, "block")
    told = api.get("/api/settings/doc.back_days/history", at=own)
    assert [(one["before"], one["after"]) for one in told] == [("30", "按全公司的"), ("按全公司的", "30")]
    assert [one["after"] for one in api.get("/api/settings/doc.back_days/history")] == ["10"]


def test_only_what_may_differ_is_offered_and_taken_for_a_branch(office: Office) -> None:
    api, own = office.api, f"branch:{branch_of(office)}"
    page = api.get("/api/settings", at=own)
    offered = {one["key"] for group in page["groups"] for one in group["settings"]}
    assert {"doc.save_posts", "doc.future_days", "stock.check_available", "approval.sale"} <= offered
    assert "cost.scope" not in offered and "numbering.format" not in offered
    assert [one["at"] for one in page["places"]] == ["company", own]
    body = {"values": {"cost.basis": "net"}, "at": own}
    assert "只能由全公司定" in api.refused("PATCH", "/api/settings", 422, body)["fields"]["cost.basis"]
    api.refused("GET", "/api/settings?at=branch:nowhere", 404)
    for nowhere in ("branch:nowhere", "Branch:x", "everywhere", "💥"):
        api.refused("PATCH", "/api/settings", 404, {"values": {"doc.back_days": 1}, "at": nowhere})


def test_what_is_decided_for_less_holds_before_what_is_decided_for_more() -> None:
    one = Setting[int]("x", Int("x", default=1), "g", levels=("company", "branch", "user", "machine"))
    places = [Place("branch", "b"), Place("user", "u"), Place("machine", "m")]
    kept: dict[str, str] = {"x@b:other": "9", "x@u:other": "9"}

    def now() -> dict[str, str]:
        return kept

    for place, said in (("", 1), ("x", 2), ("x@b:b", 3), ("x@u:u", 4), ("x@m:m", 5)):
        kept |= {place: str(said)} if place else {}
        assert Settings(now, places)[one] == said
    assert Settings(lambda: kept | {"x@m:m": '"?"'}, places)[one] == 4, "what a newer version wrote is passed over"
    assert Settings(lambda: kept)[one] == 2
    company = Setting[int]("x", Int("x", default=1), "g")
    assert Settings(lambda: kept, places)[company] == 2, "what may not differ does not"
