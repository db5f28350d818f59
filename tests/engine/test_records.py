"""The verbs on records: what goes along, what stands in the way, what is refused where, what is written once."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from desktop.engine.define import seed_id
from tests.engine.kit import assert_sound
from tests.support import Api, Office, copy_of, fresh_key, open_office

GROUP = seed_id("customer_group", "general")
RETAIL = seed_id("customer", "retail")
SALES, ADMIN = seed_id("role", "sales"), seed_id("role", "admin")


def create(api: Api, module: str, **values: Any) -> dict[str, Any]:
    return dict(api.post(f"/api/records/{module}", values)["row"])


def customer(api: Api, name: str = "申越", **values: Any) -> dict[str, Any]:
    return create(api, "customer", **{"name": name, "group": GROUP} | values)


def contact(api: Api, parent: dict[str, Any], name: str = "王芳", **values: Any) -> dict[str, Any]:
    return create(api, "contact", name=name, parent_kind="customer", parent=parent["id"], **values)


def patch(api: Api, module: str, row: dict[str, Any], **values: Any) -> dict[str, Any]:
    return dict(api.ok(api.call("PATCH", f"/api/records/{module}/{row['id']}", values))["row"])


def delete(api: Api, module: str, *rows: dict[str, Any]) -> None:
    api.post(f"/api/records/{module}/delete", {"ids": [row["id"] for row in rows]})


def names(api: Api, module: str, **params: Any) -> set[str]:
    return {row["name"] for row in api.get(f"/api/records/{module}", limit=500, **params)["rows"]}


def written(office: Office) -> int:
    with office.engine.db.read() as db:
        return int(db.execute("SELECT count(*) FROM changeset").fetchone()[0])


# ------------------------------------------------------------ cascade, restrict


def test_a_restored_customer_brings_back_exactly_what_went_along(office: Office) -> None:
    api = office.api
    one = customer(api)
    early, late = contact(api, one, "早删"), contact(api, one, "同删")
    address = create(api, "party_address", parent_kind="customer", parent=one["id"], receiver="收", address="路")
    delete(api, "contact", early)
    preview = api.post("/api/records/customer/delete", {"ids": [one["id"]], "preview": True})
    assert preview == {
        "count": 1,
        "along": [{"label": "联系人", "count": 1}, {"label": "收货地址", "count": 1}],
        "refused": [],
    }
    assert names(api, "contact") == {"同删"}, "a preview deletes nothing"
    delete(api, "customer", one)
    assert names(api, "contact") == set() and api.get("/api/records/party_address", want="total")["total"] == 0
    api.post("/api/records/customer/restore", {"ids": [one["id"]]})
    assert names(api, "contact") == {"同删"}
    assert api.get(f"/api/records/party_address/{address['id']}")["row"]["receiver"] == "收"
    assert {early["id"]} == {row["id"] for row in api.get("/api/records/contact", deleted="1")["rows"]}
    assert late["id"] in {row["id"] for row in api.get("/api/records/contact", q="同删")["rows"]}
    assert_sound(office.engine)


def test_what_is_in_use_stays_and_says_by_how_many_of_what(office: Office) -> None:
    api = office.api
    group = create(api, "customer_group", name="外贸")
    create(api, "customer_group", name="欧洲", parent=group["id"])
    for number in range(3):
        customer(api, f"外贸客户{number}", group=group["id"])
    before = written(office)
    problem = api.refused("DELETE", f"/api/records/customer_group/{group['id']}", 409)
    assert problem["code"] == "in-use"
    (refused,) = problem["refused"]
    assert refused["title"] == "外贸" and "3 个客户" in refused["reason"] and "1 个分组" in refused["reason"]
    assert "外贸" in problem["title"] and "不能删除" in problem["title"]
    free = create(api, "customer_group", name="空组")
    api.refused("POST", "/api/records/customer_group/delete", 409, {"ids": [free["id"], group["id"]]})
    assert {"空组", "外贸"} <= names(api, "customer_group"), "one that may not go keeps them all"
    assert written(office) == before + 1
    delete(api, "customer_group", free)
    assert_sound(office.engine)


def test_a_parent_and_its_child_may_be_deleted_together(office: Office) -> None:
    api = office.api
    above = create(api, "customer_group", name="上")
    below = create(api, "customer_group", name="下", parent=above["id"])
    api.refused("DELETE", f"/api/records/customer_group/{above['id']}", 409)
    delete(api, "customer_group", above, below)
    assert not {"上", "下"} & names(api, "customer_group")


def test_a_tree_cannot_hang_below_itself(office: Office) -> None:
    api = office.api
    top = create(api, "customer_group", name="一")
    middle = create(api, "customer_group", name="二", parent=top["id"])
    leaf = create(api, "customer_group", name="三", parent=middle["id"])
    for parent in (top, middle, leaf):
        problem = api.refused("PATCH", f"/api/records/customer_group/{top['id']}", 422, {"parent": parent["id"]})
        assert "下级" in problem["fields"]["parent"]
    assert patch(api, "customer_group", leaf, parent=top["id"])["parent"] == top["id"]


def test_a_record_does_not_come_back_under_something_that_is_gone(office: Office) -> None:
    api = office.api
    group = create(api, "customer_group", name="短命")
    one = customer(api, group=group["id"])
    person = contact(api, one)
    delete(api, "contact", person)
    delete(api, "customer", one)
    delete(api, "customer_group", group)
    problem = api.refused("POST", "/api/records/contact/restore", 422, {"ids": [person["id"]]})
    assert "所属单位" in problem["fields"]["parent"] and "恢复" in problem["fields"]["parent"]
    assert "group" in api.refused("POST", "/api/records/customer/restore", 422, {"ids": [one["id"]]})["fields"]
    api.post("/api/records/customer_group/restore", {"ids": [group["id"]]})
    api.post("/api/records/customer/restore", {"ids": [one["id"]]})
    api.post("/api/records/contact/restore", {"ids": [person["id"]]})
    assert_sound(office.engine)


# ----------------------------------------------------------------- fixed rows


def operator(api: Api, login: str, role: str) -> dict[str, Any]:
    department = api.get("/api/lookup/department")["rows"][0]["id"]
    employee = create(api, "employee", code=login, name=login, department=department)
    return create(api, "operator", login_name=login, employee=employee["id"], roles=[role], password="long enough")


def test_the_last_administrator_stays_one(office: Office) -> None:
    api = office.api
    (me,) = api.get("/api/records/operator")["rows"]
    path = f"/api/records/operator/{me['id']}"
    for values in ({"roles": [SALES]}, {"is_stopped": True}):
        assert "最后一个管理员" in json.dumps(api.refused("PATCH", path, 422, values), ensure_ascii=False)
    assert "不能删除自己" in api.refused("DELETE", path, 409)["refused"][0]["reason"]
    other = operator(api, "second", ADMIN)
    both = {"ids": [me["id"], other["id"]]}
    for values in ({"roles": [SALES]}, {"is_stopped": True}):
        problem = api.refused("POST", "/api/records/operator/change", 422, {**both, "set": values})
        assert "最后一个管理员" in json.dumps(problem, ensure_ascii=False), "both at once would leave none"
    third = operator(api, "third", ADMIN)
    delete(api, "operator", other, third)
    assert "不能删除自己" in api.refused("DELETE", path, 409)["refused"][0]["reason"]


def test_two_administrators_cannot_be_deleted_in_one_go_by_a_third_person(office: Office) -> None:
    """Who may change settings without being an administrator must not leave the company without one."""
    from sync_server.replication.changeset import Op

    api, engine = office.api, office.engine
    (me,) = api.get("/api/records/operator")["rows"]
    other, clerk = operator(api, "second", ADMIN), operator(api, "clerk", SALES)
    rights = [
        Op("role_special", "5" * 32, "ins", {"role": SALES, "special": "settings"}),
        Op(
            "role_right",
            "6" * 32,
            "ins",
            {"role": SALES, "module": "operator", "actions": "view edit delete", "data_scope": "all"},
        ),
    ]
    engine.applier.local(rights, actor=office.admin.operator)
    api.sign_in("clerk", "long enough")
    problem = api.refused("POST", "/api/records/operator/delete", 409, {"ids": [me["id"], other["id"]]})
    assert "最后一个管理员" in json.dumps(problem, ensure_ascii=False)
    assert clerk["id"] and api.get("/api/records/operator", want="total")["total"] == 3


def test_the_retail_customer_is_fixed(office: Office) -> None:
    path = f"/api/records/customer/{RETAIL}"
    before = office.api.get(path)["row"]
    assert "系统自带" in json.dumps(office.api.refused("PATCH", path, 422, {"note": "x"}), ensure_ascii=False)
    assert "系统自带" in office.api.refused("DELETE", path, 409)["refused"][0]["reason"]
    body = {"ids": [RETAIL], "set": {"is_blacklisted": True}}
    office.api.refused("POST", "/api/records/customer/change", 422, body)
    assert office.api.get(path)["row"] == before


# ----------------------------------------------------------- what is copied in


def test_the_department_comes_from_the_owner(office: Office) -> None:
    api = office.api
    branch = api.get("/api/lookup/branch")["rows"][0]["id"]
    far = create(api, "department", name="二部", branch=branch)
    employee = create(api, "employee", code="9", name="远", department=far["id"])
    one = customer(api)
    assert one["owner"] and one["department"] != far["id"]
    assert patch(api, "customer", one, owner=employee["id"])["department"] == far["id"]
    assert (
        "department"
        in api.refused("PATCH", f"/api/records/customer/{one['id']}", 422, {"department": far["id"]})["fields"]
    )


def test_the_price_level_comes_from_the_level_unless_it_is_typed(office: Office) -> None:
    api = office.api
    levels = {row["name"]: row["id"] for row in api.get("/api/records/dict_item", q="", limit=200)["rows"]}
    one = customer(api)
    assert (one["level"], one["price_level"]) == (levels["普通"], "1")
    one = patch(api, "customer", one, level=levels["VIP"])
    assert one["price_level"] == "3"
    assert patch(api, "customer", one, price_level="2")["price_level"] == "2"
    assert patch(api, "customer", one, note="别的")["price_level"] == "2", (
        "it is copied when the level changes, only then"
    )
    assert patch(api, "customer", one, level=levels["代理"], price_level="1")["price_level"] == "1"


# -------------------------------------------------------------------- numbers


def test_numbers_ascend_are_never_used_again_and_never_typed(office: Office) -> None:
    api = office.api
    assert [customer(api, f"第{n}家")["code"] for n in range(3)] == ["KH01A100001", "KH01A100002", "KH01A100003"]
    last = api.get("/api/records/customer", q="KH01A100003")["rows"][0]
    delete(api, "customer", last)
    assert customer(api, "第四家")["code"] == "KH01A100004"
    assert create(api, "supplier", name="供")["code"] == "GY01A100001", "each kind has a series of its own"
    assert (
        "code"
        in api.refused("POST", "/api/records/customer", 422, {"name": "自编", "group": GROUP, "code": "KH01A199999"})[
            "fields"
        ]
    )
    path = f"/api/records/customer/{last['id']}"
    api.post("/api/records/customer/restore", {"ids": [last["id"]]})
    assert "code" in api.refused("PATCH", path, 422, {"code": "KH1"})["fields"]
    api.refused("POST", "/api/records/customer", 422, {"name": "没有分组"} | {"group": None})
    assert customer(api, "第五家")["code"] == "KH01A100005", "a refused save draws none"


def test_saves_of_eight_people_at_once_all_land_with_numbers_of_their_own(office: Office) -> None:
    codes: list[str] = []
    faults: list[BaseException] = []

    def work(person: int) -> None:
        try:
            for number in range(6):
                answer = office.api.call(
                    "POST", "/api/records/customer", {"name": f"{person}-{number}", "group": GROUP}
                )
                codes.append(office.api.ok(answer)["row"]["code"])
        except BaseException as error:
            faults.append(error)

    in_threads(work)
    assert not faults
    assert sorted(codes) == [f"KH01A1{number:05d}" for number in range(1, 49)]
    assert_sound(office.engine)


def test_changes_of_one_record_by_many_at_once_all_count_or_are_told(office: Office) -> None:
    one = customer(office.api)
    landed: list[int] = []
    headers = {"If-Match": f'"{one["rev"]}"'}

    def work(person: int) -> None:
        answer = office.api.call("PATCH", f"/api/records/customer/{one['id']}", {"note": f"{person}"}, headers=headers)
        landed.append(answer.status_code)

    in_threads(work)
    assert sorted(landed) == [200] + [409] * 7, "one wins, the others are shown both versions"


def in_threads(work: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=work, args=(person,)) for person in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# ------------------------------------------------------ once, nothing, nothing


def test_a_write_sent_again_after_a_lost_answer_happens_once(office: Office) -> None:
    api, key = office.api, fresh_key()
    body = {"name": "只一次", "group": GROUP}
    first = api.post("/api/records/customer", body, headers=key)
    count = written(office)
    assert api.post("/api/records/customer", body, headers=key)["row"]["id"] == first["row"]["id"]
    path, edit = f"/api/records/customer/{first['row']['id']}", fresh_key() | {"If-Match": f'"{first["row"]["rev"]}"'}
    changed = api.ok(api.call("PATCH", path, {"note": "改"}, headers=edit))
    again = api.ok(api.call("PATCH", path, {"note": "改"}, headers=edit))
    assert changed == again, "not taken for a stale edit"
    out = fresh_key()
    gone = api.ok(api.call("DELETE", path, headers=out))
    assert api.ok(api.call("DELETE", path, headers=out)) == gone
    assert written(office) == count + 2


def test_the_same_key_for_something_else_is_something_else(office: Office) -> None:
    key = fresh_key()
    one = office.api.post("/api/records/customer", {"name": "甲", "group": GROUP}, headers=key)["row"]
    assert create_with(office.api, "competitor", key)["id"] != one["id"]


def create_with(api: Api, module: str, headers: dict[str, str]) -> dict[str, Any]:
    return dict(api.post(f"/api/records/{module}", {"name": "乙"}, headers=headers)["row"])


def test_changing_nothing_writes_nothing(office: Office) -> None:
    api = office.api
    tag = api.get("/api/lookup/tag")["rows"][0]["id"]
    one = customer(api, note="同", tags=[tag], birth={"kind": "solar", "month": 5, "day": 1}, credit_limit=0)
    count = written(office)
    typed = {
        name: one[name] for name in ("name", "note", "tags", "birth", "credit_limit", "owner", "level", "is_no_sms")
    }
    assert patch(api, "customer", one, **typed, address=None)["rev"] == one["rev"]
    assert patch(api, "customer", one, name=f"  {one['name']} ", birth={"month": 5, "day": 1})["rev"] == one["rev"]
    api.post("/api/records/customer/change", {"ids": [one["id"]], "set": {"note": "同"}})
    assert written(office) == count
    assert len(api.get(f"/api/records/customer/{one['id']}/history")["entries"]) == 1


def test_a_change_of_many_is_all_or_nothing(office: Office) -> None:
    api = office.api
    rows = [customer(api, f"{n}家") for n in range(3)]
    ids = [row["id"] for row in rows]
    count = written(office)
    for bad, status in (([*ids, "0" * 32], 404), ([*ids, RETAIL], 422)):
        api.refused("POST", "/api/records/customer/change", status, {"ids": bad, "set": {"note": "齐"}})
    api.refused("POST", "/api/records/customer/change", 422, {"ids": ids, "set": {"name": None}})
    assert written(office) == count
    assert all(api.get(f"/api/records/customer/{id}")["row"]["note"] is None for id in ids)
    patch(api, "customer", rows[0], note="齐")
    changed = api.post("/api/records/customer/change", {"ids": [*ids, ids[0]], "set": {"note": "齐", "status": None}})[
        "changed"
    ]
    assert set(changed) == set(ids) and written(office) == count + 2, "one batch"
    assert_sound(office.engine)


# ----------------------------------------------------------------- references


def test_what_has_been_deleted_cannot_be_chosen(office: Office) -> None:
    api = office.api
    group, tag = create(api, "customer_group", name="临时"), create(api, "tag", name="临时")
    one = customer(api)
    person = contact(api, one, is_main=False)
    for module, row in (("customer_group", group), ("tag", tag), ("contact", person)):
        delete(api, module, row)
    path = f"/api/records/customer/{one['id']}"
    for values in ({"group": group["id"]}, {"tags": [tag["id"]]}, {"main_contact": person["id"]}, {"owner": "0" * 32}):
        problem = api.refused("PATCH", path, 422, values)
        assert problem["fields"].keys() == values.keys() and "不存在" in next(iter(problem["fields"].values()))
    delete(api, "customer", one)
    body = {"name": "来晚了", "parent_kind": "customer", "parent": one["id"]}
    assert "parent" in api.refused("POST", "/api/records/contact", 422, body)["fields"]


def test_a_reference_leads_to_the_right_kind_of_record(office: Office) -> None:
    api = office.api
    industry = next(row["id"] for row in api.get("/api/lookup/dict_item", where='{"list": "industry"}')["rows"])
    one, supplier = customer(api), create(api, "supplier", name="供")
    path = f"/api/records/customer/{one['id']}"
    for name, value in (
        ("level", industry),
        ("owner", one["id"]),
        ("region", GROUP),
        ("group", "x' OR 1=1"),
        ("group", 5),
    ):
        assert api.refused("PATCH", path, 422, {name: value})["fields"].keys() == {name}
    wrong = {"name": "错位", "parent_kind": "customer", "parent": supplier["id"]}
    assert "parent" in api.refused("POST", "/api/records/contact", 422, wrong)["fields"]


def test_the_main_contact_is_one_of_the_customer_s_own(office: Office) -> None:
    api = office.api
    one, other = customer(api), customer(api, "别家")
    own, foreign = contact(api, one), contact(api, other)
    path = f"/api/records/customer/{one['id']}"
    assert "main_contact" in api.refused("PATCH", path, 422, {"main_contact": foreign["id"]})["fields"]
    body = {"name": "新", "group": GROUP, "main_contact": foreign["id"]}
    assert "main_contact" in api.refused("POST", "/api/records/customer", 422, body)["fields"]
    assert patch(api, "customer", one, main_contact=own["id"])["main_contact"] == own["id"]
    patch(api, "contact", own, parent_kind="customer", parent=other["id"])
    patch(api, "customer", one, note="还能改")


# --------------------------------------------------------------- hostile values


@pytest.fixture(scope="module")
def shared(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One office for all of them: what is refused leaves no trace, and what is saved does no harm."""
    with open_office(copy_of(template, tmp_path_factory.mktemp("shared") / "data"), direct=True) as opened:
        yield opened


HOSTILE: list[Any] = [
    1.5, -0.0, 2**53, 2**63, 2**64, 2**200, -(2**63), "9" * 5_000, "--5", "-", "1e5", "٣", [], {}, [[]], [None],
    {"kind": []}, {"month": {}}, {"kind": "solar", "month": "5", "day": 1}, True, "", " ", "\x00", "\x1b[31m", "\ufeff",
    "x" * 30_000, "0001-01-01", "9999-12-31", "0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59Z", 20260101,
    "'; DROP TABLE customer; --",
]  # fmt: skip


@pytest.mark.parametrize("module", ["customer", "contact", "competitor_product", "operator", "settlement_method"])
def test_no_value_of_a_field_of_any_type_upsets_the_program(shared: Office, module: str) -> None:
    """Whatever JSON can say is saved or refused at its field."""
    fields = {one["type"]: one for one in shared.samples.modules[module]["fields"] if not one["readonly"]}
    for one in fields.values():
        for value in HOSTILE:
            answer = raw(shared.api, f"/api/records/{module}", f'{{"{one["name"]}": {json.dumps(value)}}}')
            assert answer.status_code in (201, 422), (one["name"], value, answer.text)
            if answer.status_code == 422:
                assert answer.json()["fields"]
    assert_sound(shared.engine)


def raw(api: Api, path: str, body: str, method: str = "POST") -> Any:
    headers = {"Content-Type": "application/json"}
    return api.session.request(method, api.base + path, data=body.encode(), headers=headers, timeout=30)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("credit_limit", "1.5"), ("credit_limit", "1e3"), ("credit_limit", str(2**70)), ("credit_limit", "-1"),
        ("credit_limit", "true"), ("employee_count", '"--5"'), ("employee_count", '"' + "9" * 5_000 + '"'),
        ("kind", "[]"), ("kind", "{}"), ("kind", '"x"'), ("name", "5"), ("name", "[]"), ("tags", '"x"'),
        ("tags", "[5]"), ("birth", '{"month": 2, "day": 30}'), ("birth", "[1]"), ("is_no_sms", "2"),
        ("is_no_sms", "[]"),
        ("registered_on", "20260101"), ("registered_on", '"2026-02-30"'), ("email", '"x@"'), ("owner", "{}"),
        ("website", '"javascript:alert(1)"'), ("phone", "12345678"), ("no_such_field", "1"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_at_its_field(shared: Office, name: str, value: str) -> None:
    answer = raw(shared.api, "/api/records/customer", f'{{"name": "申越", "group": "{GROUP}", "{name}": {value}}}')
    assert answer.status_code == 422, answer.text
    assert answer.json()["fields"].keys() == {name}


@pytest.mark.parametrize(
    "body",
    ["NaN", '{"name": NaN}', '{"name": 1e400}', '{"credit_limit": Infinity}', "{", '"\\ud800"', "\xff", "[" * 100_000],
)
def test_what_is_not_json_is_refused_as_such(shared: Office, body: str) -> None:
    assert raw(shared.api, "/api/records/customer", body).status_code == 400


@pytest.mark.parametrize("body", ["null", "[]", "5", '"x"', "true"])
def test_json_that_is_no_object_is_refused(shared: Office, body: str) -> None:
    assert raw(shared.api, "/api/records/customer", body).status_code == 422


HOSTILE_QUERIES: list[dict[str, str]] = [
    {"filter": "[" * 19_000},
    {"filter": '{"and": [{"field": "name", "op": "eq", "value": "\\ud800"}]}'},
    {"filter": '{"and": [{"field": "note", "op": "like", "value": "\\ud800"}]}'},
    {"filter": '{"and": [{"field": "birth", "op": "eq", "value": {"month": "x"}}]}'},
    {"filter": '{"and": [{"field": "birth", "op": "eq", "value": {}}]}'},
    {"filter": '{"and": [{"field": "birth", "op": "eq", "value": {"month": 5, "day": null}}]}'},
    {"filter": '{"and": [{"field": "kind", "op": "eq", "value": []}]}'},
    {"filter": '{"and": [{"field": "credit_limit", "op": "eq", "value": "--5"}]}'},
    {"filter": '{"and": [{"field": "credit_limit", "op": "gt", "value": 1e999}]}'},
    {"filter": '{"and": [{"field": "tags", "op": "eq", "value": [[]]}]}'},
    {"filter": '{"and": [{"field": "registered_on", "op": "le", "value": "9999-12-31"}]}'},
    {"filter": '{"and": [{"field": "name", "op": "contains", "value": "\\"\\u0000*^:"}]}'},
    {"filter": "NaN"},
    {"filter": '{"and": [{"or": []}]}'},
    {"field": "employee_count", "value": "--5"},
    {"field": "credit_limit", "value": "9" * 200},
    {"field": "birth", "value": "99999999"},
    {"field": "name", "value": '"*'},
    {"q": '"' * 200},
    {"q": "a" * 200},
    {"from": "2026-02-31", "to": "0000-01-01"},
    {"after": "WyJrIiwgMTE4MDU5MTYyMDcxNzQxMTMwMzQyNCwgMV0="},  # ["k", 2**70, 1]
    {"after": "WyJrIiwgIngiLCAxMTgwNTkxNjIwNzE3NDExMzAzNDI0XQ=="},  # ["k", "x", 2**70]
    {"after": "WyJrIiwgIlx1ZDgwMCIsIDFd"},  # ["k", "\ud800", 1]
    {"after": "WyJvIiwgNDYxMTY4NjAxODQyNzM4NzkwM10="},  # ["o", 2**62 - 1]
    {"sort": "name,name,-name,name"},
    {"sort": "tags"},
    {"sort": "-"},
]  # fmt: skip


@pytest.mark.parametrize("place", range(len(HOSTILE_QUERIES)))
def test_no_query_upsets_the_program(shared: Office, place: int) -> None:
    customer(shared.api)
    for sort in ("name", "-credit_limit", "birth"):
        params = {"sort": sort} | HOSTILE_QUERIES[place] | {"want": "rows,total,sums"}
        answer = shared.api.call("GET", "/api/records/customer", params=params)
        assert answer.status_code in (200, 422), answer.text
    query = {key: value for key, value in HOSTILE_QUERIES[place].items() if key != "filter"}
    if "filter" in HOSTILE_QUERIES[place]:
        body = f'{{"columns": ["name"], "query": {{"filter": {HOSTILE_QUERIES[place]["filter"]}}}}}'
        assert raw(shared.api, "/api/export/customer", body).status_code in (200, 400, 422)
    else:
        answer = shared.api.call("POST", "/api/export/customer", {"columns": ["name"], "query": query})
        assert answer.status_code in (200, 422), answer.text


@pytest.mark.parametrize(
    "where",
    [
        '{"birth": 1}',
        '{"tags": "x"}',
        f'{{"list": {2**70}}}',
        '{"name": 1.5}',
        '{"name": "\\ud800"}',
        "[" * 1_900,
        "NaN",
        '{"x": 1}',
        '{"id": "x"}',
    ],
)
def test_no_condition_of_a_picker_upsets_the_program(shared: Office, where: str) -> None:
    answer = shared.api.call("GET", "/api/lookup/customer", params={"where": where})
    assert answer.status_code in (200, 422), answer.text
