"""What follows when something else changes: main contacts and superiors on a move, copies, entries out of use."""

from typing import Any

import pytest

from tests.support import Office


def make(office: Office, name: str, **more: Any) -> dict[str, Any]:
    group = {node["title"]: node["id"] for node in office.api.get("/api/tree/customer_group")}["一般客户"]
    return dict(office.api.post("/api/records/customer", {"name": name, "group": group} | more)["row"])


def contact(office: Office, parent: str, name: str, **more: Any) -> str:
    values = {"name": name, "parent_kind": "customer", "parent": parent} | more
    return str(office.api.post("/api/records/contact", values)["row"]["id"])


def patch(office: Office, module: str, id: str, **values: Any) -> dict[str, Any]:
    return dict(office.api.ok(office.api.call("PATCH", f"/api/records/{module}/{id}", values))["row"])


def row(office: Office, module: str, id: str) -> dict[str, Any]:
    return dict(office.api.get(f"/api/records/{module}/{id}")["row"])


def levels(office: Office) -> dict[str, str]:
    return {one["name"]: one["id"] for one in office.api.get("/api/records/dict_item", limit=200)["rows"]}


def test_a_parent_s_rules_hold_when_it_is_changed_through_a_tick(office: Office) -> None:
    (retail,) = office.api.get("/api/records/customer", q="零售客户")["rows"]
    values = {"name": "张三", "parent_kind": "customer", "parent": retail["id"]}
    problem = office.api.refused("POST", "/api/records/contact", 422, values | {"is_main": True})
    assert "零售客户" in problem["fields"]["is_main"]
    person = office.api.post("/api/records/contact", values)["row"]["id"]
    office.api.refused("PATCH", f"/api/records/contact/{person}", 422, {"is_main": True})
    assert row(office, "customer", retail["id"])["main_contact"] is None


def test_a_main_contact_that_moves_is_main_only_where_there_is_none(office: Office) -> None:
    here, there = make(office, "甲")["id"], make(office, "乙")["id"]
    theirs = contact(office, there, "乙主", is_main=True)
    ours = contact(office, here, "甲主", is_main=True)
    moved = patch(office, "contact", ours, parent=there)
    assert not moved["is_main"] and row(office, "customer", here)["main_contact"] is None
    assert row(office, "customer", there)["main_contact"] == theirs
    patch(office, "contact", theirs, parent=here)
    assert row(office, "customer", here)["main_contact"] == theirs, "nobody was main there"
    patch(office, "contact", theirs, parent=there, is_main=True)
    assert row(office, "customer", there)["main_contact"] == theirs, "ticked in this very request"


def test_superiors_stay_within_one_parent_and_close_no_circle(office: Office) -> None:
    here, there = make(office, "甲")["id"], make(office, "乙")["id"]
    top = contact(office, here, "上")
    middle = contact(office, here, "中", reports_to=top)
    leaf = contact(office, here, "下", reports_to=middle)
    for superior in (top, middle, leaf):
        problem = office.api.refused("PATCH", f"/api/records/contact/{top}", 422, {"reports_to": superior})
        assert "下级" in problem["fields"]["reports_to"]
    office.api.refused("PATCH", f"/api/records/contact/{middle}", 422, {"parent": there, "reports_to": top})
    assert patch(office, "contact", middle, parent=there)["reports_to"] is None
    assert row(office, "contact", leaf)["reports_to"] is None, "his superior is with somebody else now"


def test_what_is_out_of_use_is_not_chosen_anew_and_no_default(office: Office) -> None:
    known = levels(office)
    had = make(office, "甲", level=known["VIP"])["id"]
    for name in ("VIP", "普通"):
        patch(office, "dict_item", known[name], is_stopped=True)
    group = row(office, "customer", had)["group"]
    values = {"name": "乙", "group": group, "level": known["VIP"]}
    problem = office.api.refused("POST", "/api/records/customer", 422, values)
    assert "停用" in problem["fields"]["level"] and "VIP" in problem["fields"]["level"]
    assert patch(office, "customer", had, note="别的", level=known["VIP"])["level"] == known["VIP"]
    assert make(office, "丙")["level"] is None
    tags = [one["id"] for one in office.api.get("/api/records/tag")["rows"]]
    patch(office, "customer", had, tags=tags[:1])
    patch(office, "tag", tags[0], is_stopped=True)
    patch(office, "tag", tags[1], is_stopped=True)
    assert patch(office, "customer", had, tags=[tags[0], tags[2]])["tags"] == sorted([tags[0], tags[2]])
    office.api.refused("PATCH", f"/api/records/customer/{had}", 422, {"tags": tags[:2]})


def test_what_a_person_typed_is_not_overwritten_by_what_a_source_gives(office: Office) -> None:
    known = levels(office)
    follows = make(office, "甲", level=known["VIP"])
    assert patch(office, "customer", follows["id"], level=known["批发"])["price_level"] == "2"
    typed = make(office, "乙", level=known["VIP"], price_level="4")
    assert patch(office, "customer", typed["id"], level=known["批发"])["price_level"] == "4"
    blank = make(office, "丙", level=known["VIP"], price_level=None)
    assert blank["price_level"] is None, "left blank on purpose"
    assert patch(office, "customer", blank["id"], level=known["批发"])["price_level"] is None


def test_a_limit_comes_with_a_level_and_never_goes_with_one(office: Office) -> None:
    known = levels(office)
    patch(office, "dict_item", known["VIP"], credit_limit=50_000_00)
    patch(office, "dict_item", known["批发"], credit_limit=20_000_00)
    limits = [make(office, name, level=known["VIP"], **more)["credit_limit"] for name, more in (
        ("甲", {}), ("乙", {"credit_limit": 0}), ("丙", {"credit_limit": None}),
    )]  # fmt: skip
    assert limits == [50_000_00, 0, None], "what was typed stays, a blank on purpose included"
    one = make(office, "丁")
    assert one["credit_limit"] is None, "普通 has none"
    assert patch(office, "customer", one["id"], level=known["VIP"])["credit_limit"] == 50_000_00
    assert patch(office, "customer", one["id"], level=known["批发"])["credit_limit"] == 20_000_00
    gone_down = patch(office, "customer", one["id"], level=known["普通"])
    assert (gone_down["price_level"], gone_down["credit_limit"]) == ("1", 20_000_00), "nobody becomes unlimited so"


@pytest.mark.parametrize("given", [{"owner": None}, {"owner": ""}])
def test_without_an_owner_there_is_no_department(office: Office, given: dict[str, Any]) -> None:
    one = make(office, "甲")
    assert one["owner"] and one["department"]
    assert patch(office, "customer", one["id"], **given)["department"] is None
