"""What 包含 and 等于 find when marks are typed, and references to what was deleted."""

import json
from typing import Any

import pytest

from tests.support import Office


def make(office: Office, name: str, **more: Any) -> dict[str, Any]:
    group = {node["title"]: node["id"] for node in office.api.get("/api/tree/customer_group")}["一般客户"]
    return dict(office.api.post("/api/records/customer", {"name": name, "group": group} | more)["row"])


def found(office: Office, op: str, value: str | None, field: str = "name", **more: Any) -> set[str]:
    wanted = json.dumps({"and": [{"field": field, "op": op, "value": value}]})
    page = office.api.get("/api/records/customer", filter=wanted, want="rows,total", **more)
    assert page["total"] == len(page["rows"])
    return {row["name"] for row in page["rows"]}


NAMES = ("A-B公司", "AB公司", "100%纯棉", "1005纯", "申越 (苏州)", "申越苏州", "x@AB.com", "笑😀脸", "笑脸")


@pytest.mark.parametrize(
    ("needle", "names"),
    [
        ("A-B", {"A-B公司"}),
        ("ａ－ｂ", {"A-B公司"}),
        ("ab", {"A-B公司", "AB公司", "x@AB.com"}),
        ("100%", {"100%纯棉"}),
        ("１００％", {"100%纯棉"}),
        ("@AB", {"x@AB.com"}),
        ("申越（苏州）", {"申越 (苏州)"}),
        ("申越 苏州", {"申越 (苏州)", "申越苏州"}),
        ("😀", {"笑😀脸"}),
        ("笑😀脸", {"笑😀脸"}),
        ("%", {"100%纯棉"}),
    ],
)
def test_marks_count_in_lists_and_in_the_recycle_bin(office: Office, needle: str, names: set[str]) -> None:
    made = [make(office, name)["id"] for name in NAMES]
    assert found(office, "contains", needle) == names
    assert found(office, "not_contains", needle) == {*NAMES, "零售客户"} - names
    quick = office.api.get("/api/records/customer", field="name", value=needle, want="rows,total")
    assert {row["name"] for row in quick["rows"]} == names and quick["total"] == len(names)
    anywhere = office.api.get("/api/records/customer", q=needle)["rows"]
    office.api.post("/api/records/customer/delete", {"ids": made})
    assert found(office, "contains", needle, deleted="1") == names
    assert len(office.api.get("/api/records/customer", q=needle, deleted="1")["rows"]) == len(anywhere)


def test_equal_is_exact_and_found_by_the_index(office: Office) -> None:
    make(office, "A-B公司", phone="0512-66668888", fax="0512-1234567")
    make(office, "AB公司", phone="051266668888")
    assert found(office, "eq", "AB公司") == {"AB公司"}
    assert found(office, "eq", "A-B公司") == {"A-B公司"}
    assert found(office, "eq", "ab公司") == set()
    assert found(office, "eq", "0512-66668888", "phone") == {"A-B公司"}
    assert found(office, "eq", "0512-1234567", "fax") == {"A-B公司"}
    assert found(office, "contains", "0512-6666", "phone") == {"A-B公司", "AB公司"}


def test_a_main_contact_that_was_deleted_reads_as_none_until_it_comes_back(office: Office) -> None:
    api = office.api
    one, other = make(office, "甲"), make(office, "乙")
    person = api.post(
        "/api/records/contact", {"name": "王五", "parent_kind": "customer", "parent": one["id"], "is_main": True}
    )["row"]["id"]
    version = api.get(f"/api/records/customer/{one['id']}")["row"]["rev"]
    api.ok(api.call("DELETE", f"/api/records/contact/{person}"))
    read = api.get(f"/api/records/customer/{one['id']}")
    assert (read["row"]["main_contact"], read["labels"].get(person), read["row"]["rev"]) == (None, None, version)
    assert found(office, "not_empty", None, "main_contact") == set()
    assert found(office, "empty", None, "main_contact") == {"甲", "乙", "零售客户"}
    for sort in ("main_contact", "-main_contact"):
        rows = api.get("/api/records/customer", sort=sort)["rows"]
        assert {row["id"] for row in rows} >= {one["id"], other["id"]} and len(rows) == 3
    api.ok(api.call("PATCH", f"/api/records/customer/{one['id']}", {"note": "别的"}))
    api.post("/api/records/contact/restore", {"ids": [person]})
    assert found(office, "not_empty", None, "main_contact") == {"甲"}
