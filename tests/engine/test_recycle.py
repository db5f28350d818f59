"""The recycle bin: pages over all modules, filters, what is too old, and what comes back together."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from desktop.engine.apply import wall_clock
from desktop.engine.fields.moment import ZONE
from tests.engine.kit import assert_sound
from tests.engine.test_records import contact, create, customer, delete, names, operator
from tests.support import Api, Office

DAY_MS = 86_400_000


def listed(api: Api, **params: Any) -> list[str]:
    """Titles over all pages, newest first."""
    found: list[str] = []
    after = ""
    while True:
        page = api.get("/api/bin", after=after, **params)
        found += [row["title"] for row in page["rows"]]
        after = page["next"]
        if not after:
            return found


def restore(api: Api, *picks: tuple[str, dict[str, Any]], **more: Any) -> Any:
    records = [{"module": module, "id": row["id"]} for module, row in picks]
    return api.post("/api/bin/restore", {"records": records, **more})["restored"]


def test_pages_join_all_modules_and_lose_nothing_of_one_instant(office: Office) -> None:
    api = office.api
    made = [customer(api, f"客{number:02d}") for number in range(9)]
    suppliers = [create(api, "supplier", name=f"供{number:02d}") for number in range(9)]
    office.engine.applier.now_ms = lambda: 1_900_000_000_000  # all of one instant
    delete(api, "customer", *made[:5])
    delete(api, "supplier", *suppliers[:5])
    for one in (*made[5:], *suppliers[5:]):
        delete(api, "customer" if one in made else "supplier", one)
    for limit in (1, 3, 4, 50):
        found = listed(api, limit=limit)
        assert sorted(found) == sorted(row["name"] for row in (*made, *suppliers)) and len(found) == 18, limit
    assert listed(api, module="supplier", limit=2) == [f"供{number:02d}" for number in reversed(range(9))]
    assert listed(api, q="客0", limit=2) == [f"客{number:02d}" for number in reversed(range(9))]
    assert listed(api, q="gong") == [] and len(listed(api, q="g0")) == 9, "initials find as well"
    api.refused("GET", "/api/bin", 422, params={"after": "rubbish"})
    api.refused("GET", "/api/bin", 403, params={"module": "conflict"})


def test_the_newest_come_first_within_a_period_and_ninety_days(office: Office) -> None:
    api, now = office.api, wall_clock()

    def later(days: int) -> None:
        office.engine.applier.now_ms = lambda: now + days * DAY_MS

    delete(api, "customer", customer(api, "先删的"))
    later(40)
    delete(api, "customer", customer(api, "后删的"))
    later(89)
    assert listed(api) == ["后删的", "先删的"]
    first, second = (datetime.fromtimestamp((now + days * DAY_MS) / 1000, ZONE).date().isoformat() for days in (0, 40))
    assert listed(api, **{"from": second}) == ["后删的"] and listed(api, to=first) == ["先删的"]
    assert listed(api, **{"from": first, "to": second}) == ["后删的", "先删的"]
    later(91)
    assert listed(api) == ["后删的"]
    later(140)
    assert listed(api) == []
    assert names(api, "customer", deleted="1") == {"先删的", "后删的"}, "nothing is erased"


def test_a_child_and_its_parent_come_back_together_in_one_go(office: Office) -> None:
    api = office.api
    group = create(api, "customer_group", name="先走的分组")
    one = customer(api, "中间的客户", group=group["id"])
    person, later = contact(api, one, "先走的联系人"), contact(api, one, "随行的联系人")
    delete(api, "contact", person)
    delete(api, "customer", one)
    delete(api, "customer_group", group)
    problem = api.refused("POST", "/api/bin/restore", 422, {"records": [{"module": "contact", "id": person["id"]}]})
    assert problem["code"] == "still-deleted" and problem["all"]
    assert [parent["title"] for parent in problem["parents"]] == ["中间的客户"]
    back = restore(api, ("contact", person), with_parents=True)
    assert back == {"contact": [person["id"]], "customer": [one["id"]], "customer_group": [group["id"]]}
    assert names(api, "contact") == {"先走的联系人", "随行的联系人"} and later["id"]
    assert listed(api) == []
    assert_sound(office.engine)


def test_several_of_several_modules_need_no_question_when_all_is_chosen(office: Office) -> None:
    api = office.api
    one = customer(api, "一起选中的")
    person = contact(api, one, "也选中的")
    delete(api, "contact", person)
    delete(api, "customer", one)
    restore(api, ("contact", person), ("customer", one))
    assert names(api, "contact") == {"也选中的"} and "一起选中的" in names(api, "customer")


def test_who_may_not_restore_the_parent_is_told_so(office: Office) -> None:
    api = office.api
    made = api.post(
        "/api/roles",
        {
            "values": {"name": "只管联系人", "data_scope": "all"},
            "boxes": {"customer": {"view": True}, "contact": {"view": True, "delete": True}},
        },
    )
    one = customer(api, "别人删的")
    person = contact(api, one, "他删的")
    delete(api, "contact", person)
    delete(api, "customer", one)
    department = api.get("/api/lookup/department")["rows"][0]["id"]
    employee = create(api, "employee", code="BIN", name="BIN", department=department)
    create(api, "operator", login_name="bin", employee=employee["id"], roles=[made["id"]], password="long enough")
    api.sign_in("bin", "long enough")
    assert {row["module"] for row in api.get("/api/bin")["rows"]} == {"contact"}
    records = {"records": [{"module": "contact", "id": person["id"]}], "with_parents": True}
    problem = api.refused("POST", "/api/bin/restore", 422, records)
    assert problem["parents"] == [] and not problem["all"]
    api.refused("POST", "/api/bin/restore", 403, {"records": [{"module": "customer", "id": one["id"]}]})
    api.refused("GET", f"/api/bin/customer/{one['id']}", 403)
    api.sign_in()


def test_what_went_along_is_named_only_to_who_may_read_it(office: Office) -> None:
    api = office.api
    made = api.post(
        "/api/roles",
        {"values": {"name": "只删客户", "data_scope": "own"}, "boxes": {"customer": {"view": True, "delete": True}}},
    )
    clerk = operator(api, "clerk", made["id"])
    one, other = customer(api, "被删的", owner=clerk["employee"]), customer(api, "别人的")
    contact(api, one, "机密联系人")
    hidden = contact(api, other, "别处的联系人")
    for module, row, text in (("customer", one, "看得到的"), ("contact", hidden, "看不到的")):
        api.post(f"/api/comments/{module}/{row['id']}", {"text": text})
    api.post("/api/merge/customer", {"winner": one["id"], "losers": [other["id"]]})
    delete(api, "customer", one)
    counts = {"客户": 1, "联系人": 2, "评论": 2}
    path = f"/api/bin/customer/{one['id']}"
    for login, titles in (
        ("admin", {"客户": ["别人的"], "联系人": ["别处的联系人", "机密联系人"], "评论": ["看不到的", "看得到的"]}),
        ("clerk", {"客户": [], "联系人": [], "评论": ["看得到的"]}),
    ):
        api.sign_in(login, "long enough") if login == "clerk" else api.sign_in()
        along = api.get(path)["along"]
        assert {row["label"]: row["count"] for row in along} == counts
        assert {row["label"]: sorted(row["titles"]) for row in along} == {k: sorted(v) for k, v in titles.items()}
    api.sign_in()


@pytest.mark.parametrize("restored_first", [True, False])
def test_the_merged_come_back_with_their_winner_and_not_alone(office: Office, *, restored_first: bool) -> None:
    api = office.api
    one, other = customer(api, "胜者"), customer(api, "并者")
    contact(api, other, "并者的人")
    api.post("/api/merge/customer", {"winner": one["id"], "losers": [other["id"]]})
    delete(api, "customer", one)
    (row,) = api.get("/api/bin")["rows"]
    assert row["title"] == "胜者"
    assert row["along"] == [{"label": "客户", "count": 1}, {"label": "联系人", "count": 1}]
    assert api.get(f"/api/bin/customer/{one['id']}")["along"][0]["titles"] == ["并者"]
    alone = {"records": [{"module": "customer", "id": other["id"]}]}
    assert api.refused("POST", "/api/bin/restore", 422, alone)["parents"][0]["id"] == one["id"]
    restore(api, ("customer", one if restored_first else other), with_parents=True)
    assert names(api, "customer") & {"胜者", "并者"} == {"胜者"} and names(api, "contact") == {"并者的人"}
    assert_sound(office.engine)
