"""The editor of roles through the real API: what is ticked holds, what would lock people out or lift them up is
refused at its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from desktop.engine.define import VERBS, seed_id
from desktop.engine.ids import new_id
from desktop.workstation import Workstation
from sync_server.replication.changeset import Op
from tests.importing import Importing, xlsx
from tests.support import Api, Office, copy_of

ADMIN, SALES, MANAGER = (seed_id("role", name) for name in ("admin", "sales", "manager"))
PASSWORD = "another secret"


def roles(api: Api) -> dict[str, dict[str, Any]]:
    return {role["name"]: role for role in api.get("/api/roles")["roles"]}


def boxes(words: str, is_on: bool = True) -> dict[str, bool]:
    return dict.fromkeys(words.split(), is_on)


def make(api: Api, name: str, rights: dict[str, str], **rest: Any) -> dict[str, Any]:
    values = {"name": name} | rest.pop("values", {})
    body = {"values": values, "boxes": {module: boxes(words) for module, words in rights.items()}}
    return dict(api.post("/api/roles", body | rest))


def change(api: Api, role: str, **body: Any) -> dict[str, Any]:
    return dict(api.ok(api.call("PATCH", f"/api/roles/{role}", body)))


def actions(role: dict[str, Any], module: str) -> str:
    return " ".join(role["rights"].get(module, {"actions": []})["actions"])


def hire(office: Office, login: str, *held: str) -> str:
    """An operator with these roles."""
    api = office.api
    department = api.get("/api/lookup/department")["rows"][0]["id"]
    person = {"code": new_id()[-8:], "name": f"职员{login}", "department": department}
    employee = api.post("/api/records/employee", person)["row"]["id"]
    values = {"login_name": login, "employee": employee, "roles": list(held), "password": PASSWORD}
    return str(api.post("/api/records/operator", values)["row"]["id"])


# ------------------------------------------------------------------------------------------------------ the first roles


def test_the_first_five_roles_are_there_with_their_rights(office: Office) -> None:
    found = roles(office.api)
    assert list(found) == ["管理员", "业务员", "总经理", "仓管", "财务"]
    assert [role["data_scope"] for role in found.values()] == ["all", "own", "all", "branch", "branch"]
    assert found["管理员"]["all_rights"] and found["管理员"]["operators"] == ["周敏"]
    assert actions(found["业务员"], "customer") == "view add edit export print"
    assert actions(found["总经理"], "customer") == actions(found["财务"], "supplier") == "view export print"
    assert actions(found["总经理"], "company_profile") == actions(found["财务"], "dict_item") == "view"
    assert actions(found["仓管"], "product") == "view" and "customer" not in found["仓管"]["rights"]
    assert found["仓管"]["hide_prices"]
    assert found["总经理"]["specials"] == ["assign", "unmask", "see_purchase_price", "see_cost", "over_credit"]


def test_new_first_roles_come_to_existing_files_and_what_was_changed_stays(template: Path, tmp_path: Path) -> None:
    folder = copy_of(template, tmp_path / "data")
    workstation = Workstation.open(folder)
    right = seed_id("role_right", "sales.customer")
    workstation.engine.applier.local([Op("role_right", right, "upd", {"may_export": "no"})], actor="")
    with workstation.db.write() as db, workstation.db.unguarded():
        db.execute("DELETE FROM role WHERE id = ?", (seed_id("role", "finance"),))
        db.execute("DELETE FROM role_right WHERE role = ?", (seed_id("role", "finance"),))
    workstation.close()
    workstation = Workstation.open(folder)
    with workstation.db.read() as db:
        assert db.execute("SELECT name FROM role WHERE id = ?", (seed_id("role", "finance"),)).fetchone()[0] == "财务"
        assert db.execute("SELECT count(*) FROM role_right WHERE name LIKE '财务%'").fetchone()[0] > 10
        assert db.execute("SELECT may_export FROM role_right WHERE id = ?", (right,)).fetchone()[0] == "no"
    workstation.close()


# ----------------------------------------------------------------------------------------------------- making, changing


def test_a_new_role_is_one_changeset_and_holds_from_the_next_request_on(office: Office) -> None:
    before = changesets(office)
    made = make(office.api, "内勤", {"customer": "add", "tag": "view"}, specials={"unmask": True},
                scopes={"customer": "all"}, values={"data_scope": "branch"})  # fmt: skip
    assert changesets(office) == before + 1
    assert actions(made, "customer") == "view add", "an action brings 查看 along"
    assert made["rights"]["customer"]["data_scope"] == "all" and made["rights"]["tag"]["data_scope"] is None
    assert made["specials"] == ["unmask"] and made["data_scope"] == "branch"
    hire(office, "neiqin", made["id"])
    assert roles(office.api)["内勤"]["operators"] == ["职员neiqin"]
    office.api.sign_in("neiqin", PASSWORD)
    modules = {one["name"]: one["rights"] for one in office.api.get("/api/modules")["modules"]}
    assert modules == {"customer": ["view", "add"], "tag": ["view"]}


def changesets(office: Office) -> int:
    with office.engine.db.read() as db:
        return int(db.execute("SELECT count(*) FROM changeset").fetchone()[0])


def test_boxes_go_one_by_one_and_without_view_nothing_is_left(office: Office) -> None:
    made = make(office.api, "内勤", {"customer": "view edit", "contact": "view"})
    changed = change(office.api, made["id"], boxes={"customer": boxes("delete")})
    assert actions(changed, "customer") == "view edit delete"
    changed = change(office.api, made["id"], boxes={"customer": boxes("edit", False)})
    assert actions(changed, "customer") == "view delete"
    changed = change(office.api, made["id"], boxes={"customer": boxes("view", False)})
    assert "customer" not in changed["rights"] and actions(changed, "contact") == "view"
    changed = change(office.api, made["id"], boxes={"customer": boxes("print")})
    assert actions(changed, "customer") == "view print", "what was cleared does not come back"


def test_shipped_rights_are_changed_box_by_box(office: Office) -> None:
    changed = change(office.api, SALES, boxes={"customer": boxes("export", False) | boxes("delete")},
                     specials={"export_all": True})  # fmt: skip
    assert actions(changed, "customer") == "view add edit delete print" and changed["specials"] == ["export_all"]
    assert changed["is_system"]
    again = change(office.api, SALES, specials={"export_all": False})
    assert again["specials"] == []
    assert change(office.api, SALES, specials={"export_all": True})["specials"] == ["export_all"]


def test_the_same_save_sent_twice_makes_one_role(office: Office) -> None:
    body = {"values": {"name": "内勤"}, "boxes": {"tag": boxes("view")}}
    first, second = (office.api.post("/api/roles", body, headers={"Idempotency-Key": "k1"}) for _ in range(2))
    assert first == second and len(roles(office.api)) == 6


def test_a_role_in_use_is_not_deleted_and_one_that_comes_back_has_its_rights(office: Office) -> None:
    made = make(office.api, "内勤", {"customer": "view"}, specials={"unmask": True})
    operator = hire(office, "neiqin", made["id"])
    problem = office.api.refused("DELETE", f"/api/records/role/{made['id']}", 409)
    assert problem["title"] == "「内勤」还有 1 个操作员在用，不能删除"
    office.api.ok(office.api.call("PATCH", f"/api/records/operator/{operator}", {"roles": [SALES]}))
    office.api.ok(office.api.call("DELETE", f"/api/records/role/{made['id']}"))
    assert "内勤" not in roles(office.api)
    office.api.post("/api/records/role/restore", {"ids": [made["id"]]})
    assert roles(office.api)["内勤"] == made


def test_prices_are_hidden_only_if_every_role_hides_them(office: Office) -> None:
    hiding = make(
        office.api, "看不到价格", {"customer": "view export"}, values={"hide_prices": True, "data_scope": "all"}
    )
    plain = make(office.api, "看得到价格", {"tag": "view"})
    operator = hire(office, "neiqin", hiding["id"])
    office.api.sign_in("neiqin", PASSWORD)
    row = office.api.get("/api/records/customer")["rows"][0]
    assert "credit_limit" not in row and "registered_capital" not in row and "name" in row
    assert office.api.get("/api/records/customer", want="sums")["sums"] == {}
    office.api.refused("POST", "/api/export/customer", 422, {"columns": ["credit_limit"], "format": "csv"})
    office.api.sign_in()
    office.api.ok(office.api.call("PATCH", f"/api/records/operator/{operator}", {"roles": [hiding["id"], plain["id"]]}))
    office.api.sign_in("neiqin", PASSWORD)
    assert "credit_limit" in office.api.get("/api/records/customer")["rows"][0]


# ------------------------------------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"values": {"name": "空"}}, "rights", "请至少勾选一个模块"),
        ({"values": {"name": "空"}, "boxes": {"customer": {"view": False}}}, "rights", "请至少勾选一个模块"),
        ({"values": {"name": ""}, "boxes": {"tag": {"view": True}}}, "name", "请填写「名称」"),
        ({"values": {"name": "财务"}, "boxes": {"tag": {"view": True}}}, "name", "已有角色「财务」"),
        (
            {"values": {"name": "空", "all_rights": True}, "boxes": {"tag": {"view": True}}},
            "all_rights",
            "不能直接修改",
        ),
        ({"values": {"name": "空"}, "boxes": {"nothing": {"view": True}}}, "rights", "没有这个模块"),
        ({"values": {"name": "空"}, "boxes": {"conflict": {"view": True}}}, "rights", "没有这个模块"),
        ({"values": {"name": "空"}, "boxes": {"company_profile": {"delete": True}}}, "rights", "没有这项操作"),
        ({"values": {"name": "空"}, "boxes": {"tag": {"view": True}}, "specials": {"x": True}}, "specials", "没有这项"),
        ({"values": {"name": "空"}, "boxes": {"tag": {"fly": True}}}, "boxes.tag.fly.[key]", "写法不对"),
    ],
)
def test_a_bad_role_is_refused_at_its_place(office: Office, body: dict[str, Any], field: str, words: str) -> None:
    assert words in office.api.refused("POST", "/api/roles", 422, body)["fields"][field]
    assert len(roles(office.api)) == 5


def test_shipped_roles_stay(office: Office) -> None:
    for method, path, body in (
        ("PATCH", f"/api/roles/{ADMIN}", {"boxes": {"customer": {"view": False}}}),
        ("PATCH", f"/api/roles/{ADMIN}", {"values": {"name": "别的"}}),
        ("PATCH", f"/api/records/role/{ADMIN}", {"data_scope": "own"}),
    ):
        assert "总有全部权限" in office.api.refused(method, path, 422, body)["fields"][""]
    for role in (ADMIN, SALES):
        office.api.refused("DELETE", f"/api/records/role/{role}", 409)
    assert "系统自带" in office.api.refused("DELETE", f"/api/records/role/{SALES}", 409)["title"]


def clerk_with_settings(office: Office) -> tuple[str, str]:
    """(role, operator) of somebody who may edit operators and roles, but is no administrator; he is signed in."""
    role = make(
        office.api, "人事", {"operator": "view add edit delete", "role": "view add edit delete", "customer": "view"},
        specials={"settings": True}, values={"data_scope": "branch"},
    )  # fmt: skip
    operator = hire(office, "renshi", role["id"])
    office.api.sign_in("renshi", PASSWORD)
    return role["id"], operator


def test_nobody_lifts_himself(office: Office) -> None:
    admin = office.admin.operator
    role, operator = clerk_with_settings(office)
    api = office.api
    mine = f"/api/records/operator/{operator}"
    assert "不能改自己的角色" in api.refused("PATCH", mine, 422, {"roles": [role, SALES]})["fields"]["roles"]
    assert "管理员" in api.refused("PATCH", mine, 422, {"roles": [ADMIN]})["fields"]["roles"]
    assert "不能改自己的" in api.refused("PATCH", mine, 422, {"valid_until": "2099-01-01"})["fields"]["valid_until"]
    own = {"boxes": {"customer": {"delete": True}}}
    assert "自己的角色" in api.refused("PATCH", f"/api/roles/{role}", 422, own)["fields"][""]
    assert "自己的角色" in api.refused("PATCH", f"/api/records/role/{role}", 422, {"data_scope": "all"})["fields"][""]
    # nor by way of somebody else's login or another role
    assert "管理员" in api.refused("PATCH", f"/api/records/operator/{admin}", 422, {"password": PASSWORD})["fields"][""]
    assert "管理员" in api.refused("DELETE", f"/api/records/operator/{admin}", 409)["title"]
    assert "没有「客户信息」" in api.refused("PATCH", f"/api/roles/{SALES}", 403, own)["title"]
    for body in ({"specials": {"unmask": True}}, {"scopes": {"customer": "all"}}):
        api.refused("PATCH", f"/api/roles/{SALES}", 403, body)
    wider = {"values": {"data_scope": "all"}}
    assert "比你自己的多" in api.refused("PATCH", f"/api/roles/{SALES}", 422, wider)["fields"]["data_scope"]
    fewer = change(api, SALES, boxes={"customer": boxes("export", False)})
    assert actions(fewer, "customer") == "view add edit print", "taking away is his work"


def test_nobody_hands_on_more_than_he_has_by_another_login(office: Office) -> None:
    small = make(office.api, "看客户", {"customer": "view"})["id"]
    clerk, manager = hire(office, "wang", small), hire(office, "zong", MANAGER)
    clerk_with_settings(office)
    api = office.api
    other, boss = f"/api/records/operator/{clerk}", f"/api/records/operator/{manager}"
    for role in (MANAGER, SALES):
        assert "比你自己的多" in api.refused("PATCH", other, 422, {"roles": [small, role]})["fields"]["roles"]
    assert "比你自己的多" in api.refused("PATCH", boss, 422, {"password": "another secret"})["fields"]["password"]
    with office.engine.db.read() as db:
        (employee,) = db.execute("SELECT employee FROM operator WHERE id = ?", (clerk,)).fetchone()
    second = {"login_name": "second", "employee": employee, "password": PASSWORD}
    problem = api.refused("POST", "/api/records/operator", 422, second | {"roles": [MANAGER]})
    assert problem["fields"] == {"roles": "角色「总经理」的权限比你自己的多，请管理员来给"}
    many = {"ids": [clerk], "set": {"roles": [MANAGER]}}
    assert "比你自己的多" in str(api.refused("POST", "/api/records/operator/change", 422, many))
    api.ok(api.call("PATCH", boss, {"valid_until": "2099-01-01"}))
    api.ok(api.call("PATCH", other, {"password": "another secret"}))
    api.post("/api/records/operator", second | {"roles": [small]})
    api.sign_in()
    api.ok(api.call("PATCH", boss, {"password": "another secret", "roles": [MANAGER, SALES]}))


def test_an_import_hands_on_no_more_than_one_has(office: Office) -> None:
    make(office.api, "看客户", {"customer": "view"})
    role = make(
        office.api, "人事", {"operator": "view add import", "role": "view", "employee": "view", "customer": "view"},
        specials={"settings": True},
    )  # fmt: skip
    hire(office, "renshi", role["id"])
    office.api.sign_in("renshi", PASSWORD)
    lines = [
        (name, "职员renshi", given, PASSWORD) for name, given in (("甲", "总经理"), ("乙", "管理员"), ("丙", "看客户"))
    ]
    lines.append(("renshi-2026", "职员renshi", "看客户", "Renshi-2026"))
    one = Importing.of(office, xlsx(("用户名", "职员", "角色", "密码"), *lines), "operator")
    counted = one.check()
    assert counted["bad"] == 3 and "比你自己的多" in one.reasons()[0], one.reasons()
    assert "密码不能和用户名相同" in one.reasons()[2], "told before anything is written"


def test_a_role_is_widened_only_within_one_s_own(office: Office) -> None:
    small = make(office.api, "看客户", {"customer": "view"}, values={"hide_prices": True})["id"]
    large = make(office.api, "改客户", {"customer": "view edit"})["id"]
    hiding = make(
        office.api, "人事", {"operator": "view add edit", "role": "view add edit", "customer": "view"},
        specials={"settings": True}, values={"data_scope": "branch", "hide_prices": True},
    )["id"]  # fmt: skip
    hire(office, "renshi", hiding)
    api = office.api
    api.sign_in("renshi", PASSWORD)
    for path, body in (("records/role", lambda values: values), ("roles", lambda values: {"values": values})):
        for role, values in (
            (small, {"data_scope": "all"}),
            (small, {"hide_prices": False}),
            (large, {"data_scope": "branch"}),
        ):
            problem = api.refused("PATCH", f"/api/{path}/{role}", 422, body(values))
            assert "比你自己的多" in problem["fields"][next(iter(values))]
    assert "hide_prices" in api.refused("POST", "/api/records/role", 422, {"name": "新", "data_scope": "own"})["fields"]
    api.ok(api.call("PATCH", f"/api/records/role/{small}", {"data_scope": "branch", "name": "看分公司"}))
    api.ok(api.call("PATCH", f"/api/records/role/{large}", {"hide_prices": True}))


def test_an_administrator_takes_no_role_from_himself(office: Office) -> None:
    mine = f"/api/records/operator/{office.admin.operator}"
    assert "最后一个管理员" in office.api.refused("PATCH", mine, 422, {"roles": [SALES]})["fields"]["roles"]
    hire(office, "second", ADMIN)
    assert "不能改自己的角色" in office.api.refused("PATCH", mine, 422, {"roles": [SALES]})["fields"]["roles"]


def test_a_circle_of_departments_is_refused_at_the_field_and_cut_when_two_machines_close_one(office: Office) -> None:
    api = office.api
    branch = api.get("/api/lookup/branch")["rows"][0]["id"]
    upper = api.post("/api/records/department", {"name": "上", "branch": branch})["row"]["id"]
    lower = api.post("/api/records/department", {"name": "下", "branch": branch, "parent": upper})["row"]["id"]
    problem = api.refused("PATCH", f"/api/records/department/{upper}", 422, {"parent": lower})
    assert problem["fields"] == {"parent": "「上级」不能选自己或自己的下级"}
    office.engine.applier.local([Op("department", upper, "upd", {"parent": lower})], actor="")
    assert upper < lower
    assert below(office, upper) == {upper, lower}, "the smallest id is the top"
    assert below(office, lower) == {lower}, "who is below does not see above"


def below(office: Office, department: str) -> set[str]:
    from desktop.accounts import _below

    with office.engine.db.read() as db:
        return set(_below(db, department))


# -------------------------------------------------------------------------------------------------------------- reading


def test_a_row_that_grants_nothing_widens_nothing(office: Office) -> None:
    narrow = make(office.api, "窄", {"customer": "view"}, values={"data_scope": "own"})
    wide = make(office.api, "宽", {"tag": "view"}, scopes={"customer": "all"}, values={"data_scope": "all"})
    hire(office, "neiqin", narrow["id"], wide["id"])
    office.api.sign_in("neiqin", PASSWORD)
    assert office.api.get("/api/records/customer", want="total")["total"] == 0


def test_words_of_a_newer_version_give_the_least(office: Office) -> None:
    role = new_id()
    ops = [
        Op("role", role, "ins", {"name": "新", "data_scope": "galaxy"}),
        Op("role_right", new_id(), "ins", {"role": role, "module": "customer", "actions": "view teleport",
                                           "data_scope": "moon"}),
        Op("role_right", new_id(), "ins", {"role": role, "module": "spaceship", "actions": "view"}),
        Op("role_special", new_id(), "ins", {"role": role, "special": "gravity"}),
    ]  # fmt: skip
    office.engine.applier.local(ops, actor="")
    shown = roles(office.api)["新"]
    assert shown["rights"] == {"customer": {"actions": ["view"], "data_scope": "own"}} and shown["data_scope"] == "own"
    hire(office, "neiqin", role)
    office.api.sign_in("neiqin", PASSWORD)
    assert office.api.get("/api/records/customer", want="total")["total"] == 0


def test_the_summary_says_what_comes_from_which_role(office: Office) -> None:
    extra = make(office.api, "客户删除", {"customer": "delete"}, scopes={"customer": "all"}, specials={"assign": True})
    operator = hire(office, "neiqin", SALES, extra["id"])
    found = office.api.get(f"/api/operators/{operator}/rights")
    assert found["roles"] == ["业务员", "客户删除"] and not found["everything"]
    customer = next(one for one in found["modules"] if one["module"] == "customer")
    assert {one["label"]: one["from"] for one in customer["actions"]} == {
        "查看": ["业务员", "客户删除"], "新增": ["业务员"], "修改": ["业务员"], "删除": ["客户删除"],
        "导出": ["业务员"], "打印": ["业务员"],
    }  # fmt: skip
    assert customer["data_scope"] == "全部"
    assert [(one["label"], one["from"]) for one in found["specials"]] == [("数据分配", ["客户删除"])]
    office.api.sign_in("neiqin", PASSWORD)
    assert office.api.get(f"/api/operators/{operator}/rights") == found, "everybody may ask about himself"
    office.api.refused("GET", f"/api/operators/{office.admin.operator}/rights", 403)
    office.api.refused("GET", "/api/roles", 403)


def test_what_is_offered_follows_from_the_declarations(office: Office) -> None:
    shown = office.api.get("/api/roles")
    modules = {one["name"]: one for chapter in shown["chapters"] for one in chapter["modules"]}
    declared = {one.name: one.module for one in office.engine.registry}
    assert set(modules) == {name for name, module in declared.items() if module.is_granted}
    assert {"role_right", "conflict", "saved_filter"} & set(modules) == set()
    assert modules["customer"]["actions"] == [one for one in VERBS if one not in ("post", "cancel", "approve")]
    assert modules["sale"]["actions"] == [one for one in VERBS if one != "import"]
    assert modules["company_profile"]["actions"] == ["view", "edit", "export", "print"]
    assert modules["tag"]["needs"] == "settings"
    names = [one["name"] for one in shown["specials"]]
    assert names == [
        *("settings", "assign", "unmask", "export_all", "merge", "see_purchase_price", "see_cost", "negative_stock"),
        *("over_credit", "back_date", "edit_price", "below_min_price"),
    ]
    assert all(one["text"].endswith("。") for one in shown["specials"])


def test_a_module_behind_a_special_right_opens_only_with_it(office: Office) -> None:
    boxes = {"product": "view", "product_supplier": "view add"}
    closed = make(office.api, "没有进价", boxes, values={"data_scope": "all"})
    opened = make(office.api, "有进价", boxes, values={"data_scope": "all"}, specials={"see_purchase_price": True})
    for role, is_open in ((closed, False), (opened, True)):
        name = f"u{int(is_open)}"
        operator = hire(office, name, role["id"])
        summary = office.api.get(f"/api/operators/{operator}/rights")
        assert ("product_supplier" in [one["module"] for one in summary["modules"]]) == is_open
        office.api.sign_in(name, PASSWORD)
        assert (office.api.call("GET", "/api/records/product_supplier").status_code == 200) == is_open
        described = {one["name"]: one for one in office.api.get("/api/modules")["modules"]}
        assert ("product_supplier" in described) == is_open
        prices = {one["name"] for one in described["product"]["fields"] if "price" in one["name"]}
        assert ("purchase_price" in prices) == is_open and "price_1" in prices
        office.api.sign_in()
