"""Rights and scope hold on the server side of every call: what a user may not see does not leak anywhere."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from desktop.engine.access import DATA_SCOPES
from desktop.engine.define import seed_id
from desktop.engine.ids import new_id
from desktop.modules import load
from sync_server.replication.changeset import Op
from tests.support import Api, Office, copy_of, open_office

SALES = seed_id("role", "sales")
GROUP = seed_id("customer_group", "general")
SECRET = "鸿鹄"
"""Stands in every text of what the salesman may not see, and nowhere else."""


@dataclass
class Floor:
    """An office with a salesman of his own customers, and customers of a colleague."""

    office: Office
    mine: dict[str, Any]
    theirs: dict[str, Any]
    my_contact: dict[str, Any]
    their_contact: dict[str, Any]
    their_address: dict[str, Any]
    operator: str
    me: str
    colleague: str

    @property
    def api(self) -> Api:
        return self.office.api

    def as_admin(self) -> Api:
        self.api.sign_in()
        return self.api

    def as_sales(self) -> Api:
        self.api.sign_in("xiaoli", "sales-password")
        return self.api


def person(office: Office, code: str, name: str, login: str, role: str) -> tuple[str, str]:
    """(employee, operator)."""
    department = picked(office.api, "department", "管理部")
    employee = office.api.post("/api/records/employee", {"code": code, "name": name, "department": department})["row"][
        "id"
    ]
    values = {
        "login_name": login,
        "employee": employee,
        "roles": [role],
        "password": f"{login.removeprefix('xiao')}-password",
    }
    return employee, office.api.post("/api/records/operator", values)["row"]["id"]


def picked(api: Api, module: str, title: str) -> str:
    return next(str(row["id"]) for row in api.get(f"/api/lookup/{module}", q=title)["rows"] if row["title"] == title)


def create(api: Api, module: str, **values: Any) -> dict[str, Any]:
    return dict(api.post(f"/api/records/{module}", values)["row"])


@pytest.fixture(scope="module")
def floor(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    with open_office(copy_of(template, tmp_path_factory.mktemp("floor") / "data")) as office:
        api = office.api
        me, operator = person(office, "002", "李销售", "xiaoli", SALES)
        api.call("PATCH", f"/api/records/operator/{operator}", {"password": "sales-password"})
        colleague, _ = person(office, "003", "王同事", "wang", SALES)
        secret = {
            "name": f"{SECRET}公司",
            "short_name": SECRET,
            "address": f"{SECRET}路",
            "note": SECRET,
            "tax_no": f"91{SECRET}",
        }
        theirs = create(
            api, "customer", **secret, group=GROUP, owner=colleague, phone="0512-9999001", credit_limit=777_00
        )
        parent = {"parent_kind": "customer", "parent": theirs["id"]}
        their_contact = create(api, "contact", name=f"{SECRET}先生", mobile="13899990011", note=SECRET, **parent)
        their_address = create(api, "party_address", receiver=f"{SECRET}收", address=f"{SECRET}仓", **parent)
        api.ok(api.call("PATCH", f"/api/records/customer/{theirs['id']}", {"main_contact": their_contact["id"]}))
        mine = create(api, "customer", name="我的公司", group=GROUP, owner=me, phone="0512-1111001", credit_limit=5_00)
        my_contact = create(
            api, "contact", name="张三", parent_kind="customer", parent=mine["id"], mobile="13811110011"
        )
        yield Floor(office, mine, theirs, my_contact, their_contact, their_address, operator, me, colleague)


@pytest.fixture
def sales(floor: Floor) -> Iterator[Api]:
    yield floor.as_sales()
    floor.as_admin()


# ------------------------------------------------------------ nothing leaks


def test_no_list_search_picker_or_file_shows_other_people_s_customers(floor: Floor, sales: Api) -> None:
    said: list[str] = []
    for path, params in _questions(floor):
        answer = sales.call("GET", path, params=params)
        assert answer.status_code < 500, (path, params, answer.text)
        said.append(answer.text)
    assert sales.post("/api/records/contact/similar", {"values": {"mobile": "13899990011"}}) == []
    for module in ("customer", "contact", "party_address"):
        said += [str(row) for row in exported(sales, floor, module)]
    found = [text for text in said if SECRET in text or "9999001" in text or floor.theirs["code"] in text]
    assert not found, found[0][:300]


def test_who_enters_a_colleague_s_customer_is_told_whose_it_is_and_nothing_else_of_it(floor: Floor, sales: Api) -> None:
    path = "/api/records/customer/similar"
    told = {"id": "", "title": "", "facts": "", "owner": "王同事"}
    for values, reason in (
        ({"name": f"{SECRET}（有限公司）"}, "名称相近"),
        ({"tax_no": f"91{SECRET}", "region": seed_id("region", "江苏")}, "税号相同"),
        ({"phone": "05129999001"}, "电话相同"),
    ):
        found = sales.post(path, {"values": values})
        assert [one.items() >= told.items() for one in found] == [True], values
        (only,) = found[0]["reasons"]
        assert only.endswith(reason), values
        assert SECRET not in str(found), values
    for values in ({"name": SECRET[:1]}, {"phone": "0512-999"}, {"name": f"{SECRET}贸易"}, {"email": "a@b.cn"}):
        assert sales.post(path, {"values": values}) == [], f"only what is wholly equal tells: {values}"
    own = sales.post(path, {"values": {"name": "我的公司"}})
    assert [one["title"] for one in own] == ["我的公司"] and "owner" not in own[0]
    with signed_in_with(floor, "all", {"customer": "view add edit"}) as everybody:
        found = everybody.post(path, {"values": {"name": f"{SECRET}公司"}})
        assert [one["id"] for one in found] == [floor.theirs["id"]], "who sees it is shown it, once"


def test_a_colleague_s_customer_is_found_among_many_of_longer_names(floor: Floor, sales: Api) -> None:
    names = [*(f"长城分号{place}公司" for place in range(45)), "长城公司", "大江（苏州）工具公司"]
    floor.as_admin()
    made = [create(floor.api, "customer", name=name, group=GROUP, owner=floor.colleague)["id"] for name in names]
    floor.as_sales()
    for name in ("长城有限公司", "大江工具"):
        found = sales.post("/api/records/customer/similar", {"values": {"name": name}})
        assert [one["owner"] for one in found] == ["王同事"], name
    floor.as_admin().post("/api/merge/customer", {"winner": made[-2], "losers": [made[-1]], "take": {}})
    floor.as_sales()
    found = sales.post("/api/records/customer/similar", {"values": {"name": "大江工具"}})
    assert [one["owner"] for one in found] == ["王同事"], "an old name of what it was merged into"
    api = floor.as_admin()
    api.post("/api/merge/customer/undo", {"ids": [made[-1]]})
    api.post("/api/records/customer/delete", {"ids": made})


def _questions(floor: Floor) -> Iterator[tuple[str, dict[str, str]]]:
    theirs, contact = floor.theirs["id"], floor.their_contact["id"]
    for module in [definition.name for definition in load()]:
        for query in ({}, {"q": "公司"}, {"sort": "-name"}, {"deleted": "1"}, {"offset": "1"}):
            yield f"/api/records/{module}", query
        yield f"/api/tree/{module}", {}
        for query in ({"q": ""}, {"q": "鸿"}, {"ids": f"{theirs},{contact}"}, {"where": json.dumps({"id": theirs})}):
            yield f"/api/lookup/{module}", query
    for module, id in (("customer", theirs), ("contact", contact), ("party_address", floor.their_address["id"])):
        for tail in ("", "/history", "/related", "/related/contact-parent", "/related/party_address-parent"):
            yield f"/api/records/{module}/{id}", {} if not tail else {"q": ""}
            yield f"/api/records/{module}/{id}{tail}", {}
        for name, op, value in (("owner", "eq", floor.colleague), ("name", "contains", "鸿"), ("parent", "eq", theirs)):
            condition = {
                "and": [{"or": [{"field": name, "op": op, "value": value}, {"field": "name", "op": "not_empty"}]}]
            }
            yield f"/api/records/{module}", {"filter": json.dumps(condition)}
    for word in ("鸿鹄", "hh", "9999001", "13899990011"):
        yield "/api/search", {"q": word}
    yield "/api/records/customer", {"field": "owner", "value": "王"}
    yield "/api/jobs", {}
    yield "/api/modules", {}


def exported(api: Api, floor: Floor, module: str, ids: list[str] | None = None) -> list[list[str]]:
    title = floor.office.engine.registry[module].module.title
    job = api.post(f"/api/export/{module}", {"format": "csv", "columns": [title], "ids": ids})
    job = api.ended(job)
    assert job["state"] == "done", job
    raw = api.call("GET", f"/api/jobs/{job['id']}/file").content
    return list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))


def test_counts_and_sums_are_those_of_one_s_own_rows(floor: Floor, sales: Api) -> None:
    page = sales.get("/api/records/customer", want="rows,total,sums")
    assert (page["total"], [row["id"] for row in page["rows"]]) == (1, [floor.mine["id"]])
    assert page["sums"]["credit_limit"] == 5_00
    assert sales.get("/api/records/contact", want="total")["total"] == 1
    counts = {node["id"]: node["count"] for node in sales.get("/api/tree/customer_group", count="customer")}
    assert counts[GROUP] == 1 and sum(counts.values()) == 1
    assert sales.get("/api/records/customer", group=GROUP, want="total")["total"] == 1
    assert sales.get(f"/api/records/customer/{floor.mine['id']}/related")["contact-parent"] == 1
    assert exported(sales, floor, "customer") == [["客户名称"], ["我的公司"]]
    assert exported(sales, floor, "customer", [floor.theirs["id"]]) == [["客户名称"]]


@pytest.mark.parametrize("kind", ["customer", "contact", "party_address"])
def test_another_s_record_cannot_be_read_changed_or_restored(floor: Floor, sales: Api, kind: str) -> None:
    id = {"customer": floor.theirs, "contact": floor.their_contact, "party_address": floor.their_address}[kind]["id"]
    path = f"/api/records/{kind}"
    for method, tail, body in (
        ("GET", f"/{id}", None),
        ("GET", f"/{id}/history", None),
        ("GET", f"/{id}/related", None),
        ("PATCH", f"/{id}", {"note": "改"}),
        ("POST", "/change", {"ids": [id], "set": {"note": "改"}}),
    ):
        if kind == "party_address" and body:
            body = json.loads(json.dumps(body).replace("note", "address"))
        problem = sales.refused(method, path + tail, 404, body)
        assert SECRET not in json.dumps(problem, ensure_ascii=False)
    floor.as_admin()
    assert floor.api.get(f"{path}/{id}")["row"]["rev"] >= 1, "and it is still as it was"
    assert len(floor.api.get(f"{path}/{id}/history")["entries"]) == (2 if kind == "customer" else 1)


def test_a_change_of_many_with_one_foreign_record_changes_none(floor: Floor, sales: Api) -> None:
    ids = [floor.mine["id"], floor.theirs["id"]]
    sales.refused("POST", "/api/records/customer/change", 404, {"ids": ids, "set": {"note": "一起改"}})
    assert sales.get(f"/api/records/customer/{floor.mine['id']}")["row"]["note"] is None


def test_nothing_can_be_hung_onto_another_s_customer(floor: Floor, sales: Api) -> None:
    parent = {"parent_kind": "customer", "parent": floor.theirs["id"]}
    problem = sales.refused("POST", "/api/records/contact", 422, {"name": "卧底", **parent})
    assert "parent" in problem["fields"] and SECRET not in json.dumps(problem, ensure_ascii=False)
    assert "parent" in sales.refused("PATCH", f"/api/records/contact/{floor.my_contact['id']}", 422, parent)["fields"]
    their_person = {"main_contact": floor.their_contact["id"]}
    assert (
        "main_contact"
        in sales.refused("PATCH", f"/api/records/customer/{floor.mine['id']}", 422, their_person)["fields"]
    )


def test_a_salesman_deletes_nothing_and_changes_no_settings(floor: Floor, sales: Api) -> None:
    id = floor.mine["id"]
    for method, path, body in (
        ("DELETE", f"/api/records/customer/{id}", None),
        ("POST", "/api/records/customer/delete", {"ids": [id]}),
        ("POST", "/api/records/customer/delete", {"ids": [id], "preview": True}),
        ("POST", "/api/records/customer/restore", {"ids": [id]}),
        ("POST", "/api/records/tag", {"name": "新标签"}),
        ("PATCH", f"/api/records/customer_group/{GROUP}", {"name": "改名"}),
        ("POST", "/api/records/dict_item", {"list": "industry", "name": "x"}),
        ("GET", "/api/records/operator", None),
        ("GET", f"/api/records/operator/{floor.operator}", None),
        ("PATCH", f"/api/records/operator/{floor.operator}", {"is_stopped": False}),
        ("GET", "/api/records/role_right", None),
        ("POST", "/api/export/operator", {"columns": ["login_name"]}),
        ("GET", "/api/tree/operator", None),
        ("GET", "/api/lookup/operator", None),
        ("POST", "/api/records/operator/similar", {"values": {"login_name": "admin"}}),
        ("POST", "/api/backup", None),
        ("POST", "/api/check", None),
    ):
        problem = sales.refused(method, path, 403, body)
        assert problem["code"] == "forbidden", path
    assert {one["name"] for one in sales.get("/api/modules")["modules"]} & {
        "operator",
        "role_right",
        "company_profile",
    } == set()


def test_the_owner_changes_only_with_the_right_to_assign(floor: Floor, sales: Api) -> None:
    path = f"/api/records/customer/{floor.mine['id']}"
    assert "owner" in sales.refused("PATCH", path, 422, {"owner": floor.colleague})["fields"]
    body = {"ids": [floor.mine["id"]], "set": {"owner": floor.colleague}}
    assert "owner" in sales.refused("POST", "/api/records/customer/change", 422, body)["fields"]
    fresh = {"name": "替人登记", "group": GROUP, "owner": floor.colleague}
    assert "owner" in sales.refused("POST", "/api/records/customer", 422, fresh)["fields"]
    own = create(sales, "customer", name="自己登记", group=GROUP)
    assert own["owner"] == floor.me and own["department"]
    api = floor.as_admin()
    api.post("/api/records/customer/delete", {"ids": [own["id"]]})


# --------------------------------------------------- masks and changed rights


def grant(office: Office, role: str, scope: str, rights: dict[str, str], special: str = "") -> None:
    """A role, written as another machine's administrator would have sent it."""
    ops = [Op("role", role, "ins", {"name": role[:8], "data_scope": scope})]
    ops += [
        Op("role_right", new_id(), "ins", {"role": role, "module": module, "actions": words})
        for module, words in rights.items()
    ]
    ops += [Op("role_special", new_id(), "ins", {"role": role, "special": word}) for word in special.split()]
    office.engine.applier.local(ops, actor=office.admin.operator)


@contextmanager
def signed_in_with(floor: Floor, scope: str, rights: dict[str, str], special: str = "") -> Iterator[Api]:
    """The salesman with one made-up role instead of his own."""
    role = new_id()
    grant(floor.office, role, scope, rights, special)
    api = floor.as_admin()
    api.ok(api.call("PATCH", f"/api/records/operator/{floor.operator}", {"roles": [role]}))
    yield floor.as_sales()
    api = floor.as_admin()
    api.ok(api.call("PATCH", f"/api/records/operator/{floor.operator}", {"roles": [SALES]}))


def test_numbers_of_other_people_s_customers_are_masked(floor: Floor) -> None:
    rights = {"customer": "view edit export"}
    theirs, mine = floor.theirs["id"], floor.mine["id"]
    api = floor.as_admin()
    api.ok(api.call("PATCH", f"/api/records/customer/{theirs}", {"phone": "0512-9999002"}))
    with signed_in_with(floor, "all", rights) as api:
        assert api.get(f"/api/records/customer/{theirs}")["row"]["phone"] == "051****9002"
        assert api.get(f"/api/records/customer/{mine}")["row"]["phone"] == "0512-1111001"
        said = [
            api.call("GET", "/api/records/customer").text,
            api.call("GET", f"/api/records/customer/{theirs}/history").text,
            api.call("GET", "/api/search", params={"q": SECRET}).text,
            api.call("GET", "/api/lookup/customer", params={"q": SECRET}).text,
            api.call("POST", "/api/records/customer/similar", {"values": {"phone": "0512-9999002"}}).text,
            api.call("PATCH", f"/api/records/customer/{theirs}", {"qq": "1"}).text,
            api.call("PATCH", f"/api/records/customer/{theirs}", {"qq": "2"}, headers={"If-Match": '"1"'}).text,
        ]
        job = api.post("/api/export/customer", {"format": "csv", "columns": ["name", "phone"]})
        job = api.ended(job)
        said.append(api.call("GET", f"/api/jobs/{job['id']}/file").content.decode("utf-8-sig"))
        assert not [text for text in said if "9999" in text]
        assert "051****9002" in said[0] and "051****9002" in said[-1]
    with signed_in_with(floor, "all", rights, "unmask") as api:
        assert api.get(f"/api/records/customer/{theirs}")["row"]["phone"] == "0512-9999002"
    api = floor.as_admin()
    api.ok(api.call("PATCH", f"/api/records/customer/{theirs}", {"phone": "0512-9999001", "qq": None}))


def test_a_changed_role_holds_from_the_next_request_on(floor: Floor, sales: Api) -> None:
    engine, me = floor.office.engine, floor.office.admin.operator
    right = seed_id("role_right", "sales.customer")
    assert sales.get("/api/records/customer", want="total")["total"] == 1
    engine.applier.local([Op("role_right", right, "upd", {"data_scope": "all"})], actor=me)
    assert sales.get("/api/records/customer", want="total")["total"] == 3, "the two above and the retail customer"
    engine.applier.local([Op("role_right", right, "upd", {"data_scope": None, "actions": "add"})], actor=me)
    assert sales.refused("GET", "/api/records/customer", 403)["code"] == "forbidden"
    restored = {"data_scope": None, "actions": "view add edit export print"}
    engine.applier.local([Op("role_right", right, "upd", restored)], actor=me)
    assert sales.get("/api/records/customer", want="total")["total"] == 1


@pytest.mark.parametrize("change", [{"is_stopped": 1}, {"valid_until": "2020-01-01"}, None])
def test_a_stopped_operator_is_signed_out_at_the_next_request(
    floor: Floor, sales: Api, change: dict[str, Any] | None
) -> None:
    engine, me = floor.office.engine, floor.office.admin.operator
    seen = engine.applier.clock
    with engine.db.read() as db:
        clock = seen(db, "operator", floor.operator)
    out = (
        Op("operator", floor.operator, "del", seen=clock.seen())
        if change is None
        else Op("operator", floor.operator, "upd", change)
    )
    back = (
        Op("operator", floor.operator, "undel")
        if change is None
        else Op("operator", floor.operator, "upd", dict.fromkeys(change))
    )
    engine.applier.local([out], actor=me)
    try:
        assert sales.refused("GET", "/api/records/customer", 401)["code"] == "not-signed-in"
        session = sales.get("/api/session")
        assert session["signed_in"] is False and session["departments"], "the login screen opens"
        where = next(one["id"] for one in session["departments"] if "admin" in one["users"])
        tried = {"department": where, "user": "xiaoli", "password": "sales-password"}
        assert sales.refused("POST", "/api/session", 401, tried)["code"] == "login-failed"
    finally:
        engine.applier.local([back], actor=me)


# ------------------------------------------------------------------- matrix


@pytest.mark.parametrize("scope", DATA_SCOPES)
def test_each_data_scope_shows_what_it_covers(floor: Floor, scope: str) -> None:
    api = floor.as_admin()
    places = _places(floor, picked(api, "department", "管理部"), picked(api, "branch", "总部"))
    with signed_in_with(floor, scope, {"customer": "view", "contact": "view"}) as api:
        seen = {row["name"] for row in api.get("/api/records/customer", limit=100)["rows"]} & {
            *places.values(),
            "我的公司",
        }
        contacts = {row["name"] for row in api.get("/api/records/contact", limit=100)["rows"]}
    covered = {
        "own": set(),
        "department": {"here"},
        "department_tree": {"here", "below"},
        "branch": {"here", "below", "beside"},
        "all": {"here", "below", "beside", "abroad"},
    }[scope]
    assert seen == {places[name] for name in covered} | {"我的公司"}
    assert {name for name in places if f"{places[name]}的人" in contacts} == covered, "contacts follow their customer"


def _places(floor: Floor, here: str, branch: str) -> dict[str, str]:
    """Customers in the user's department, below it, beside it and in another branch, each with a contact."""
    mark = new_id()[-12:]
    engine, actor = floor.office.engine, floor.office.admin.operator
    departments = {"here": here, "below": new_id(), "beside": new_id(), "abroad": new_id()}
    elsewhere = new_id()
    ops = [Op("branch", elsewhere, "ins", {"name": "外地", "code": mark[-2:]})]
    for name in ("below", "beside", "abroad"):
        above = {"parent": here} if name == "below" else {}
        values = {"name": name, "branch": elsewhere if name == "abroad" else branch} | above
        ops.append(Op("department", departments[name], "ins", values))
    titles = {name: f"{mark}{name}" for name in departments}
    for name, title in titles.items():
        customer = new_id()
        values = {"name": title, "group": GROUP, "owner": floor.colleague, "department": departments[name]}
        ops.append(Op("customer", customer, "ins", values | {"branch": elsewhere if name == "abroad" else branch}))
        ops.append(
            Op("contact", new_id(), "ins", {"name": f"{title}的人", "parent_kind": "customer", "parent": customer})
        )
    engine.applier.local(ops, actor=actor)
    return titles


def test_who_may_not_see_all_is_told_so_of_each_list(floor: Floor) -> None:
    """So that an empty list says 没有您能看到的, not 还没有."""

    def narrowed(api: Api) -> set[str]:
        return {one["name"] for one in api.get("/api/modules")["modules"] if one["narrowed"]}

    mine = narrowed(floor.as_sales())
    assert {"customer", "contact", "sale", "sale_line"} <= mine and not mine & {"product", "dict_item", "saved_filter"}
    assert narrowed(floor.as_admin()) == set()
