"""Masked numbers: not overwritten by what was shown, not read through a comparison, masked alike everywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from desktop.engine.define import seed_id
from desktop.engine.ids import new_id
from sync_server.replication.changeset import Op
from tests.support import PASSWORD, Api, Office, copy_of, open_office

GROUP = seed_id("customer_group", "general")
PHONE, ID_NO = "0512-66778899", "320101198005059876"


@dataclass
class Shop:
    """A salesman who sees everybody's customers but may not unmask, and a colleague's customer."""

    office: Office
    api: Api
    role: str
    mine: dict[str, Any]
    theirs: dict[str, Any]
    my_contact: dict[str, Any]
    their_contact: dict[str, Any]

    def put_right(self, scope: str) -> None:
        right = Op("role_right", seed_id("test", self.role), "upd", {"data_scope": scope})
        self.office.engine.applier.local([right], actor=self.office.admin.operator)


@pytest.fixture(scope="module")
def shop(template: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_office(copy_of(template, tmp_path_factory.mktemp("shop") / "data")) as office:
        api, role = office.api, new_id()
        words = {"customer": "view add edit", "contact": "view add edit", "supplier": "view"}
        ops = [Op("role", role, "ins", {"name": "看全部", "data_scope": "all"})]
        for module, actions in words.items():
            id = seed_id("test", role) if module == "customer" else new_id()
            ops.append(Op("role_right", id, "ins", {"role": role, "module": module, "actions": actions}))
        office.engine.applier.local(ops, actor=office.admin.operator)
        where = api.get("/api/session")["departments"][0]["id"]
        people = [
            api.post("/api/records/employee", {"code": code, "name": f"职员{code}", "department": where,
                                               "mobile": f"1390000000{n}"})["row"]["id"]
            for n, code in enumerate(("x1", "x2"))
        ]  # fmt: skip
        account = {"login_name": "li", "employee": people[0], "roles": [role], "password": PASSWORD}
        api.post("/api/records/operator", account)
        rows = [
            api.post("/api/records/customer", {"name": name, "group": GROUP, "owner": owner, "phone": phone})["row"]
            for name, owner, phone in (("我的", people[0], "0512-11112222"), ("别人的", people[1], PHONE))
        ]
        contacts = [
            api.post("/api/records/contact", {"name": "某人", "parent_kind": "customer", "parent": row["id"],
                                              "id_no": number})["row"]
            for row, number in zip(rows, ("110101199001011234", ID_NO), strict=True)
        ]  # fmt: skip
        api.sign_in("li")
        yield Shop(office, api, role, rows[0], rows[1], contacts[0], contacts[1])


def on(field: str, op: str, value: str) -> dict[str, str]:
    condition = {"field": field, "op": op, "value": value}
    return {"filter": json.dumps({"and": [{"or": [condition, {"field": "name", "op": "eq", "value": "无"}]}]})}


def test_what_was_shown_masked_is_not_saved_as_the_number(shop: Shop) -> None:
    path = f"/api/records/customer/{shop.theirs['id']}"
    shown = shop.api.get(path)["row"]["phone"]
    assert shown == "051****8899"
    for text in (shown, f" {shown} ", "****"):
        for method, where, body in (
            ("PATCH", path, {"phone": text}),
            ("POST", "/api/records/customer", {"name": "抄", "group": GROUP, "phone": text}),
            ("POST", "/api/records/customer/change", {"ids": [shop.theirs["id"]], "set": {"phone": text}}),
        ):
            assert "请填写完整" in shop.api.refused(method, where, 422, body)["fields"]["phone"]
    with shop.office.engine.db.read() as db:
        stored = db.execute("SELECT phone FROM customer WHERE id = ?", (shop.theirs["id"],)).fetchone()
    assert stored[0] == PHONE


@pytest.mark.parametrize(("module", "field", "number"), [("customer", "phone", PHONE), ("contact", "id_no", ID_NO)])
def test_no_question_reads_through_a_mask(shop: Shop, module: str, field: str, number: str) -> None:
    path = f"/api/records/{module}"
    for op in ("eq", "ne", "like", "contains", "not_contains", "lt", "le", "gt", "ge"):
        problem = shop.api.refused("GET", path, 422, params=on(field, op, number))
        assert "没有查看完整" in problem["title"]
    for params in ({"field": field, "value": number}, {"sort": field}, {"sort": f"name,-{field}"}):
        shop.api.refused("GET", path, 422, params=params)
    shop.api.refused("POST", f"{path}/change", 422, {"query": {"sort": field}, "set": {"name": "x"}})
    shop.api.refused("GET", f"/api/lookup/{module}", 422, params={"where": json.dumps({field: number})})
    assert shop.api.get(path, q=number)["rows"] == []
    assert shop.api.get(path, q=number, deleted="1")["rows"] == []
    assert shop.api.get(f"/api/lookup/{module}", q=number)["rows"] == []
    assert number not in json.dumps(shop.api.get("/api/search", q=number))
    assert shop.api.get("/api/search", q=number)["groups"] == []
    fields = {name: number for name in ("phone", "mobile", "fax", "id_no") if name == field or module == "customer"}
    assert shop.api.post(f"{path}/similar", {"values": fields}) == []
    assert len(shop.api.get(path, **on(field, "not_empty", ""))["rows"]) == 2
    described = {one["name"]: one for one in shop.api.get("/api/modules")["modules"]}[module]
    (shown,) = (one for one in described["fields"] if one["name"] == field)
    assert shown["operators"] == ["empty", "not_empty"] and not shown["sortable"] and field not in described["quick"]


def test_who_sees_only_his_own_rows_finds_them_by_their_numbers(shop: Shop) -> None:
    shop.put_right("own")
    try:
        assert [row["name"] for row in shop.api.get("/api/records/customer", q="11112222")["rows"]] == ["我的"]
        found = shop.api.get("/api/records/customer", **on("phone", "eq", "0512-11112222"))["rows"]
        assert [row["phone"] for row in found] == ["0512-11112222"]
        assert shop.api.get("/api/records/customer", **on("phone", "eq", PHONE))["rows"] == []
    finally:
        shop.put_right("all")


def test_a_record_is_masked_by_the_owner_it_follows_in_list_and_history(shop: Shop) -> None:
    shown = {row["id"]: row["id_no"] for row in shop.api.get("/api/records/contact")["rows"]}
    assert shown == {shop.my_contact["id"]: "110101199001011234", shop.their_contact["id"]: "320****9876"}
    for contact, number in ((shop.my_contact, "1101011990010112"), (shop.their_contact, "3201011980050598")):
        shop.office.engine.applier.local(
            [Op("contact", contact["id"], "upd", {"id_no": f"{number}77"})], actor=shop.office.admin.operator
        )
        said = json.dumps(shop.api.get(f"/api/records/contact/{contact['id']}/history"))
        assert (number in said) == (contact is shop.my_contact)


def test_an_owner_that_is_nobody_is_not_everybody_without_an_employee(shop: Shop) -> None:
    fresh = new_id()
    ops = [Op("customer", fresh, "ins", {"name": "没人管", "group": GROUP, "phone": PHONE})]
    shop.office.engine.applier.local(ops, actor=shop.office.admin.operator)
    assert shop.api.get(f"/api/records/customer/{fresh}")["row"]["phone"] == "051****8899"
    shop.office.engine.applier.local([Op("customer", fresh, "del", seen={})], actor=shop.office.admin.operator)


def test_merging_takes_over_no_number_that_is_read_masked(shop: Shop) -> None:
    mine, theirs = shop.mine["id"], shop.theirs["id"]
    merge = Op("role_special", new_id(), "ins", {"role": shop.role, "special": "merge"})
    shop.office.engine.applier.local([merge], actor=shop.office.admin.operator)
    for winner, loser, source in ((mine, theirs, theirs), (theirs, mine, mine), (theirs, mine, theirs)):
        body = {"winner": winner, "losers": [loser], "take": {"phone": source}}
        problem = shop.api.refused("POST", "/api/merge/customer", 400, body)
        assert "「电话」您看不到完整内容" in problem["title"] and PHONE not in json.dumps(problem)
    assert {mine, theirs} <= {row["id"] for row in shop.api.get("/api/records/customer")["rows"]}, "nothing was merged"
    also_mine = {"name": "也是我的", "group": GROUP, "owner": shop.mine["owner"], "phone": "0512-33334444"}
    other = Op("customer", new_id(), "ins", also_mine)
    shop.office.engine.applier.local([other], actor=shop.office.admin.operator)
    done = shop.api.post("/api/merge/customer", {"winner": mine, "losers": [other.id], "take": {"phone": other.id}})
    assert done["before"] == {"phone": shop.mine["phone"]}, "what one reads whole is taken over as ever"


def test_pickers_take_only_the_conditions_that_references_name(shop: Shop) -> None:
    for where in ({"mobile": "13900000000"}, {"name": "职员x1"}, {"email": "a@b.c"}):
        shop.api.refused("GET", "/api/lookup/employee", 422, params={"where": json.dumps(where)})
    assert shop.api.get("/api/lookup/employee", q="13900000000")["rows"] == [], "a picker tells no number apart"
    assert shop.api.get("/api/lookup/employee", q="职员x1")["rows"]
    assert shop.api.get("/api/lookup/dict_item", where=json.dumps({"list": "customer_level"}))["rows"]
