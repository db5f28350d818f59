"""Signing in, locking, and somebody else at the same desk."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.screen import Screen, text_field
from tests.e2e.window import ADMIN, DEMO_PASSWORD, DEPARTMENT, PASSWORD, Window

WRONG = "status of 401"


@pytest.fixture
def signed_out(window: Window) -> Page:
    window.api.ok("DELETE", "/api/session")
    window.page.reload()
    expect(window.page.get_by_role("heading", name="登录")).to_be_visible()
    return window.page


def test_department_then_user_then_password_and_enter(signed_out: Page, window: Window) -> None:
    page, screen = signed_out, Screen(signed_out)
    window.watch.allow(WRONG)
    department = page.get_by_role("combobox", name="部门")
    user = page.get_by_role("combobox", name="用户名")
    # The last ones are remembered, and the cursor waits at the password.
    expect(page.locator(".login")).to_contain_text(DEPARTMENT)
    expect(page.locator(".login")).to_contain_text(ADMIN)
    secret = text_field(page.locator(".login"), "密码")
    expect(secret).to_be_focused()

    department.click()
    page.get_by_role("option", name="销售一部").click()
    expect(page.locator(".login form")).not_to_contain_text(ADMIN)
    department.click()
    page.get_by_role("option", name=DEPARTMENT).click()
    # The only user of a department is chosen at once.
    expect(page.locator(".login form")).to_contain_text(ADMIN)
    expect(user).to_be_visible()

    secret.fill("wrong horse")
    secret.press("Enter")
    expect(page.locator("#login-message")).to_have_text(re.compile("密码"))
    expect(secret).to_be_focused()
    screen.type(PASSWORD)  # the wrong one is selected and typed over
    screen.press("Enter")
    expect(page.get_by_role("heading", name=f"{ADMIN}，")).to_be_visible()


def test_lock_keeps_the_tabs_and_lets_nobody_reach_them(window: Window) -> None:
    page, screen = window.page, Screen(window.page)
    window.watch.allow(WRONG)
    screen.open_list("联系人信息")
    customers = screen.open_list()
    screen.press("Control+L")
    expect(page.get_by_role("heading", name="已锁定")).to_be_visible()
    secret = text_field(page.locator(".login"), "密码")
    expect(secret).to_be_focused()
    for _ in range(8):
        screen.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('.login')")
    secret.fill(PASSWORD)
    screen.press("Enter")
    expect(page.get_by_role("tab", name="客户信息")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("tab", name="联系人信息")).to_be_visible()
    customers.loaded()


def test_session_that_ends_elsewhere_keeps_the_open_form(window: Window) -> None:
    page, screen = window.page, Screen(window.page)
    window.watch.allow(WRONG)
    screen.open_list().bar("新增").click()
    dialog = screen.dialog("新增客户")
    screen.fill(dialog, 客户名称="锁定时没保存的客户")
    screen.api.ok("DELETE", "/api/session")
    expect(page.get_by_role("heading", name="已锁定")).to_be_visible()
    text_field(page.locator(".login"), "密码").fill(PASSWORD)
    screen.press("Enter")
    expect(page.locator(".login")).to_have_count(0)
    expect(text_field(dialog, "客户名称")).to_have_value("锁定时没保存的客户")


def test_salesman_sees_his_own_customers_and_deletes_none(window: Window) -> None:
    page, screen = window.page, Screen(window.page)
    window.watch.allow(WRONG)
    everybody = screen.api.total("customer")
    salesman = next(
        user
        for one in screen.api.get("/api/session")["departments"]
        if one["name"] == "销售一部"
        for user in one["users"]
    )
    screen.open_list()
    screen.menu("文件", "切换用户")
    expect(page.get_by_role("heading", name="登录")).to_be_visible()
    page.get_by_role("combobox", name="部门").click()
    page.get_by_role("option", name="销售一部").click()
    page.get_by_role("combobox", name="用户名").click()
    page.get_by_role("option", name=salesman).click()
    text_field(page.locator(".login"), "密码").fill(DEMO_PASSWORD)
    screen.press("Enter")
    expect(screen.status).to_contain_text(salesman)
    # A clean window: the tabs of the one before are not his.
    expect(page.get_by_role("tab", name="客户信息")).to_have_count(0)
    expect(page.get_by_role("treeitem", name="操作人员权限")).to_have_count(0)

    customers = screen.open_list()
    own = screen.api.total("customer")
    assert 0 < own < everybody
    customers.shows(own)
    assert set(customers.column("业务员")) == {salesman}
    # Neither a button nor a key nor the server deletes anything for him.
    expect(customers.bar("修改")).to_be_visible()
    expect(customers.bar("删除")).to_have_count(0)
    customers.grid.get_by_role("gridcell").nth(1).click(button="right")
    expect(screen.entry("修改")).to_be_visible()
    expect(screen.entry("删除").and_(page.locator(":not([aria-disabled])"))).to_have_count(0)
    screen.press("Escape", "Delete")
    expect(page.get_by_role("alertdialog")).to_have_count(0)
    window.watch.allow("status of 403")
    someone = screen.api.rows("customer")[0]["id"]
    assert screen.api.call("DELETE", f"/api/records/customer/{someone}")[0] == 403
    assert screen.api.total("customer") == own
