"""The first day: nothing is set up yet."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.screen import Screen, text_field
from tests.e2e.window import RealWindow


def first_steps_lead_there(screen: Screen) -> None:
    """What to do first is told by the start page."""
    page = screen.page
    page.get_by_role("button", name="期初库存 启用以前就有的货").click()
    opened = screen.list("期初库存")
    expect(opened.panel).to_contain_text("还没有期初库存")
    tree = page.get_by_role("tree", name="模块")
    page.get_by_role("textbox", name="筛选模块").fill("期初库存")
    expect(tree.get_by_role("treeitem", name="期初库存", selected=True)).to_be_visible()
    page.get_by_role("textbox", name="筛选模块").fill("")
    page.reload()
    expect(opened.panel, "it comes back as what it was opened as").to_contain_text("还没有期初库存")
    expect(opened.panel.get_by_role("button", name="从表格导入")).to_be_visible()
    opened.bar("新增").click()
    expect(screen.dialog("新增出入库单").locator("[data-field=kind]")).to_contain_text("期初")
    screen.press("Escape")
    opened.panel.get_by_role("button", name="数据显示").click()
    page.get_by_role("menuitemcheckbox", name="按月").click()
    expect(opened.panel, "other months may have some").not_to_contain_text("还没有期初库存")
    page.get_by_role("textbox", name="筛选模块").fill("其他出入库")
    screen.press("Enter")
    opened = screen.list("其他出入库")
    expect(opened.panel, "its own entry means all of it").not_to_contain_text("等于 期初")
    opened.bar("新增").click()
    expect(screen.dialog("新增出入库单").locator("[data-field=kind]")).not_to_contain_text("期初")
    screen.press("Escape")
    page.get_by_role("tab", name="工作台").click()
    page.get_by_role("button", name="不再显示").click()
    expect(page.get_by_role("heading", name="开始使用")).to_have_count(0)


def test_assistant_by_keyboard_alone_with_every_mistake_shown_at_its_field(empty_window: RealWindow) -> None:
    page, screen = empty_window.page, Screen(empty_window.page)
    expect(page.get_by_role("heading", name="这台电脑怎么用？")).to_be_visible()
    expect(page.get_by_role("radio", name=re.compile("^单机使用"))).to_be_focused()
    screen.press("Enter")
    expect(page.get_by_role("heading", name="公司与部门")).to_be_visible()
    company = text_field(page, "公司名称")
    expect(company).to_be_focused()

    screen.press("Enter")
    expect(company).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("请填写公司名称")).to_be_visible()
    expect(company).to_be_focused()
    screen.type("苏州衡远工业品有限公司")
    screen.press("Tab", "Tab")
    expect(text_field(page, "分公司编号")).to_be_focused()
    screen.press("Control+A")
    screen.type("0123")
    expect(page.get_by_text("写两位数字或字母，例如 01"), "said while it is typed").to_be_visible()
    expect(text_field(page, "分公司编号"), "nothing is cut off").to_have_value("0123")
    screen.press("Control+A")
    screen.type("甲")
    screen.press("Enter")
    expect(page.get_by_text("写两位数字或字母，例如 01")).to_be_visible()
    expect(text_field(page, "分公司编号")).to_be_focused()
    screen.press("Control+A")
    screen.type("01")
    screen.press("Enter")

    expect(page.get_by_role("heading", name="管理员与密码")).to_be_visible()
    expect(text_field(page, "姓名")).to_be_focused()
    screen.type("周敏")
    # The user name follows the name.
    expect(text_field(page, "用户名")).to_have_value("周敏")
    screen.press("Tab", "Tab")
    screen.type("short")
    screen.press("Enter")
    expect(page.get_by_text("密码至少 8 位，现在 5 位")).to_be_visible()
    expect(page.get_by_text("请再输一次密码")).to_be_visible()
    expect(text_field(page, "密码")).to_be_focused()
    screen.press("Control+A")
    screen.type("correct horse")
    screen.press("Tab")
    screen.type("correct mouse")
    screen.press("Enter")
    expect(page.get_by_text("两次输入的密码不一样")).to_be_visible()
    expect(text_field(page, "再输一次")).to_be_focused()
    screen.press("Control+A")
    screen.type("correct horse")

    # Back and forth keeps what was typed.
    screen.press("Alt+ArrowLeft")
    expect(company).to_have_value("苏州衡远工业品有限公司")
    screen.press("Enter", "Enter")
    expect(page.get_by_role("radio", name=re.compile("^从空白开始"))).to_be_focused()
    expect(page.get_by_role("radio", name=re.compile("^从空白开始"))).to_be_checked()
    screen.press("Enter")
    expect(page.get_by_role("heading", name="周敏，")).to_be_visible()
    expect(screen.status).to_contain_text("周敏 · 综合部 · 总部")
    session = screen.api.get("/api/session")
    assert session["company"] == "苏州衡远工业品有限公司"
    assert screen.api.total("customer") == 1  # 零售客户

    first_steps_lead_there(screen)


@pytest.mark.soak
def test_assistant_brings_demonstration_data_while_the_program_is_already_usable(empty_window: RealWindow) -> None:
    page, screen = empty_window.page, Screen(empty_window.page)
    page.get_by_role("button", name="下一步").click()
    text_field(page, "公司名称").fill("衡远")
    page.get_by_role("button", name="下一步").click()
    for label, text in (("姓名", "周敏"), ("密码", "correct horse"), ("再输一次", "correct horse")):
        text_field(page, label).fill(text)
    page.get_by_role("button", name="下一步").click()
    page.get_by_role("radio", name=re.compile("^装入演示数据")).check()
    page.get_by_role("button", name="完成并进入").click()
    # The list opens and the dialog answers while the data are still on their way.
    page.get_by_role("button", name="新增客户", exact=True).click()
    expect(text_field(screen.dialog("新增客户"), "客户名称")).to_be_focused()
    screen.press("Escape")
    expect(screen.toast).to_contain_text("演示数据", timeout=30_000)
    customers = screen.list().loaded()
    customers.shows(2001)
