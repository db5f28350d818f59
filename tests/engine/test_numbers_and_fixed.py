"""Numbers in their order past 99,999, and records of the system that whole-query actions leave alone."""

import json
from typing import Any

from tests.support import Office


def make(office: Office, name: str, **more: Any) -> dict[str, Any]:
    return office.samples.create("customer", name=name, **more)


def test_numbers_stand_in_order_when_they_grow_longer(office: Office) -> None:
    with office.engine.db.write() as db:
        db.execute("INSERT INTO number_series VALUES ('KH', '01A1', '', 99997)")
    made = [make(office, f"客户{place}")["code"] for place in range(4)]
    assert [len(code) for code in made] == [11, 11, 12, 12]
    listed = [row["code"] for row in office.api.get("/api/records/customer", limit=4)["rows"]]
    assert listed == made[::-1]
    page = office.api.get("/api/records/customer", sort="code", limit=3)
    rest = office.api.get("/api/records/customer", sort="code", limit=3, after=page["next"])
    assert [row["code"] for row in page["rows"] + rest["rows"] if row["code"] in made] == made
    only = json.dumps({"and": [{"field": "code", "op": "eq", "value": made[2]}]})
    assert [row["code"] for row in office.api.get("/api/records/customer", filter=only)["rows"]] == [made[2]]


def test_everything_does_not_mean_the_records_of_the_system(office: Office) -> None:
    made = [make(office, f"客户{place}")["id"] for place in range(3)]
    group = {node["title"]: node["id"] for node in office.api.get("/api/tree/customer_group")}["重点客户"]
    moved = office.api.post("/api/records/customer/change", {"query": {}, "set": {"group": group}})
    assert moved["left_out"] == 1 and sorted(moved["changed"]) == sorted(made)
    shown = office.api.post("/api/records/customer/delete", {"query": {}, "preview": True})
    assert (shown["count"], shown["refused"], shown["left_out"]) == (3, [], 1)
    gone = office.api.post("/api/records/customer/delete", {"query": {}, "except": made[:1]})
    assert sorted(gone["deleted"]) == sorted(made[1:]) and gone["left_out"] == 1


def test_a_record_of_the_system_named_by_id_is_refused(office: Office) -> None:
    (retail,) = office.api.get("/api/records/customer", q="零售客户")["rows"]
    office.api.refused("PATCH", f"/api/records/customer/{retail['id']}", 422, {"note": "x"})
    office.api.refused("DELETE", f"/api/records/customer/{retail['id']}", 409)
    assert {one["name"]: one["fixed"] for one in office.api.get("/api/modules")["modules"]}["customer"] == "is_system"


def test_ten_thousand_come_back_without_looking_through_all_for_each(office: Office) -> None:
    """Plans, not seconds: neither question of a restore may scan the deleted rows once per parent."""
    with office.engine.db.read() as db:
        plan = db.execute(
            "EXPLAIN QUERY PLAN SELECT id FROM contact WHERE via IN (SELECT ? || value FROM json_each(?)) "
            "AND deleted_at IS NOT NULL AND via = ? || parent",
            ("customer:", "[]", "customer:"),
        ).fetchall()
    assert any("ix_contact_via" in row[3] for row in plan), [row[3] for row in plan]


def test_what_comes_back_names_what_it_needs_first(office: Office) -> None:
    api = office.api
    above = api.post("/api/records/customer_group", {"name": "总公司客户"})["row"]["id"]
    below = api.post("/api/records/customer_group", {"name": "分公司客户", "parent": above})["row"]["id"]
    for id in (below, above):
        api.ok(api.call("DELETE", f"/api/records/customer_group/{id}"))
    problem = api.refused("POST", "/api/records/customer_group/restore", 422, {"ids": [below]})
    assert "「总公司客户」" in problem["fields"]["parent"]
    api.post("/api/records/customer_group/restore", {"ids": [below, above]})
    assert {above, below} <= {node["id"] for node in api.get("/api/tree/customer_group")}
