"""An administrator makes a role with the editor and gives it to somebody, who then sees exactly that."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.screen import Screen
from tests.e2e.window import DEMO_PASSWORD, Window

REFUSED = ("status of 403", "status of 404", "status of 422")
"""What the page hears on purpose."""


@pytest.fixture(autouse=True)
def as_before(window: Window) -> Iterator[None]:
    """The company has its five roles and its operators theirs, whatever a test did."""
    api = window.api
    window.watch.allow(*REFUSED)
    operators = {row["id"]: row["roles"] for row in api.rows("operator")}
    yield
    api = window.api
    api.sign_in()
    for row in api.rows("operator"):
        if row["roles"] != operators[row["id"]]:
            api.change("operator", row, roles=operators[row["id"]])
    for role in api.get("/api/roles")["roles"]:
        if not role["is_system"]:
            api.ok("DELETE", f"/api/records/role/{role['id']}")


def open_roles(screen: Screen) -> Page:
    screen.menu("公司管理", "角色")
    expect(screen.page.get_by_role("grid", name="权限")).to_be_visible()
    return screen.page


def box(page: Page, words: str) -> Locator:
    return page.get_by_role("checkbox", name=words, exact=True)


def name_field(page: Page) -> Locator:
    return page.get_by_role("textbox", name="名称", exact=True)


def roles(page: Page) -> Locator:
    return page.get_by_role("navigation", name="角色")


def saved(page: Page, name: str) -> None:
    expect(roles(page).get_by_role("button", name=re.compile(f"^{name} "))).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("button", name="保存")).to_be_disabled()


def test_a_role_made_here_is_exactly_what_its_operator_sees(window: Window) -> None:
    page, screen = window.page, Screen(window.page)
    open_roles(screen)
    screen.press("Insert")
    expect(name_field(page)).to_be_focused()
    screen.type("内勤")
    screen.press("Control+S")
    expect(page.get_by_role("alert")).to_contain_text("请至少勾选一个模块的「查看」")

    box(page, "客户信息 修改").click()
    expect(box(page, "客户信息 查看")).to_have_attribute("aria-checked", "true")
    box(page, "标签 查看").click()
    page.get_by_role("radio", name=re.compile("^全部")).check()
    screen.press("Control+S")
    saved(page, "内勤")

    row = next(one for one in screen.api.rows("operator") if one["login_name"] != "周敏")
    role = next(one for one in screen.api.get("/api/roles")["roles"] if one["name"] == "内勤")
    screen.menu("公司管理", "操作人员权限")
    operators = screen.list("操作人员权限").loaded()
    operators.cell(row["login_name"]).dblclick()
    dialog = screen.dialog("修改操作员")
    dialog.get_by_role("button", name="去掉业务员").click()
    chooser = dialog.get_by_role("combobox", name="角色", exact=True)
    chooser.fill("内勤")
    expect(page.get_by_role("option", selected=True)).to_contain_text("内勤")
    chooser.press("Enter")
    dialog.get_by_role("button", name="保存退出").click()
    expect(dialog).to_have_count(0)
    assert screen.api.get(f"/api/records/operator/{row['id']}")["row"]["roles"] == [role["id"]]
    expect(operators.related.get_by_role("region", name="权限一览")).to_contain_text("角色 内勤：能用下面 2 个模块")

    window.api.sign_in(row["login_name"], DEMO_PASSWORD)
    page.reload()
    expect(page.get_by_role("tab", name="工作台")).to_be_visible()
    page.get_by_role("textbox", name="筛选模块").fill("信息")
    tree = page.get_by_role("tree", name="模块")
    expect(tree.get_by_role("treeitem")).to_have_text(["客户管理", "客户信息"])
    page.get_by_role("textbox", name="筛选模块").fill("")
    customers = screen.open_list()
    expect(customers.bar("修改")).to_be_visible()
    expect(customers.bar("新增")).to_have_count(0)
    expect(customers.bar("删除")).to_have_count(0)
    assert screen.api.total("customer") > 1000, "all of the company's"


def test_a_right_taken_away_holds_at_the_next_request(window: Window) -> None:
    page, screen = window.page, Screen(window.page)
    api = window.api
    window.watch.allow("status of 401")  # a page asks on while somebody else signs in
    role = api.ok("POST", "/api/roles", {"values": {"name": "内勤"}, "boxes": {"customer": {"edit": True}}})
    row = next(one for one in api.rows("operator") if one["login_name"] != "周敏")
    api.change("operator", row, roles=[role["id"]])
    attempt = ("POST", "/api/records/customer/change", {"ids": ["1" * 32], "set": {"qq": "1"}})
    api.sign_in(row["login_name"], DEMO_PASSWORD)
    assert api.call(*attempt)[0] == 404, "he may, but there is no such customer"
    api.sign_in()
    page.reload()
    open_roles(screen)
    roles(page).get_by_role("button", name=re.compile("^内勤")).click()
    box(page, "客户信息 修改").click()
    screen.press("Control+S")
    saved(page, "内勤")
    api.sign_in(row["login_name"], DEMO_PASSWORD)
    status, problem = api.call(*attempt)
    assert (status, problem["title"]) == (403, "没有「客户信息」的修改权限，可请管理员开通")


def test_the_boxes_by_keyboard_alone(window: Window) -> None:
    page, screen = window.page, Screen(window.page)
    open_roles(screen)
    roles(page).get_by_role("button", name=re.compile("^财务")).click()
    box(page, "客户信息 查看").focus()
    screen.press("ArrowRight", " ")
    expect(box(page, "客户信息 新增")).to_have_attribute("aria-checked", "true")
    screen.press("ArrowUp")
    expect(box(page, "客户管理 新增")).to_be_focused()
    expect(box(page, "客户管理 新增")).to_have_attribute("aria-checked", "mixed")
    screen.press(" ")
    expect(box(page, "联系人信息 新增")).to_have_attribute("aria-checked", "true")
    screen.press("ArrowDown", "Home", " ")
    expect(box(page, "客户信息 导入")).to_have_attribute("aria-checked", "true")
    screen.press("End", " ")
    page.get_by_role("menuitemcheckbox", name="本部门", exact=True).click()
    expect(page.get_by_role("button", name="「客户信息」的数据范围：本部门")).to_be_visible()
    screen.close_tab("角色")
    screen.question("角色「财务」还没保存").get_by_role("button", name="不保存").click()
    expect(page.get_by_role("tab", name="角色")).to_have_count(0)


def test_copy_and_delete_and_a_role_in_use(window: Window) -> None:
    page, screen = window.page, Screen(window.page)
    open_roles(screen)
    roles(page).get_by_role("button", name=re.compile("^业务员")).click()
    expect(page.get_by_role("button", name="删除", exact=True)).to_have_attribute("title", "系统自带的角色不能删除")
    screen.press("Control+D")
    expect(name_field(page)).to_have_value("业务员 副本")
    expect(box(page, "客户信息 打印")).to_have_attribute("aria-checked", "true")
    screen.press("Control+S")
    saved(page, "业务员 副本")
    page.get_by_role("button", name="删除", exact=True).click()
    screen.question("删除角色「业务员 副本」").get_by_role("button", name="删除 1 个角色").click()
    expect(roles(page)).not_to_contain_text("副本")
    screen.toast.get_by_role("button", name="撤销").click()
    expect(roles(page)).to_contain_text("业务员 副本")


def test_what_a_colleague_saves_meanwhile_stays_beside_what_is_ticked_here(window: Window) -> None:
    page, screen = window.page, Screen(window.page)
    role = window.api.ok("POST", "/api/roles", {"values": {"name": "内勤"}, "boxes": {"customer": {"view": True}}})
    open_roles(screen)
    roles(page).get_by_role("button", name=re.compile("^内勤")).click()
    box(page, "客户信息 打印").click()
    window.api.ok("PATCH", f"/api/roles/{role['id']}", {"boxes": {"customer": {"export": True}}})
    expect(box(page, "客户信息 导出")).to_have_attribute("aria-checked", "true")
    expect(box(page, "客户信息 打印")).to_have_attribute("aria-checked", "true")
    screen.press("Control+S")
    saved(page, "内勤")
    now = next(one for one in window.api.get("/api/roles")["roles"] if one["name"] == "内勤")
    assert now["rights"]["customer"]["actions"] == ["view", "export", "print"]


def test_nobody_s_own_role_and_the_administrators_say_why_not(window: Window) -> None:
    page, screen = window.page, Screen(window.page)
    open_roles(screen)
    roles(page).get_by_role("button", name=re.compile("^管理员")).click()
    expect(page.get_by_text("总有全部权限，不能修改")).to_be_visible()
    box(page, "客户信息 查看").click(force=True)
    expect(box(page, "客户信息 查看")).to_have_attribute("aria-checked", "true")
    expect(page.get_by_role("button", name="保存")).to_be_disabled()


def test_a_role_without_modules_says_so_at_the_first_page(window: Window) -> None:
    page, api = window.page, window.api
    hidden = {"customer_group": {"view": True}}  # stands in no menu
    role = api.ok("POST", "/api/roles", {"values": {"name": "还没勾选"}, "boxes": hidden})
    row = next(one for one in api.rows("operator") if one["login_name"] != "周敏")
    api.change("operator", row, roles=[role["id"]])
    api.sign_in(row["login_name"], DEMO_PASSWORD)
    page.reload()
    expect(page.get_by_role("heading", name="还不能使用任何模块")).to_be_visible()
    expect(page.get_by_role("tree", name="模块").get_by_role("treeitem")).to_have_text(["工作台"])
