"""What was deleted comes back from the recycle bin; customers that are one are merged and taken apart again."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.screen import Screen
from tests.e2e.window import Window


def customer(screen: Screen, name: str, **values: Any) -> dict[str, Any]:
    return screen.api.add("customer", name=name, group=screen.api.groups()["重点客户"], **values)


def contact(screen: Screen, parent: dict[str, Any], name: str) -> dict[str, Any]:
    return screen.api.add("contact", name=name, parent_kind="customer", parent=parent["id"])


def bin_row(page: Page, words: str) -> Locator:
    return page.get_by_role("table", name="已删除的记录").get_by_role("row").filter(has_text=words)


def test_a_deleted_customer_comes_back_from_the_bin_with_his_contact(window: Window) -> None:
    screen, page = Screen(window.page), window.page
    one = customer(screen, "回收站里的客户")
    contact(screen, one, "随行的联系人")
    customers = screen.open_list()
    customers.find("回收站里的客户")
    customers.tick("回收站里的客户")
    customers.bar("删除").click()
    screen.question(re.compile("删除客户")).get_by_role("button", name="删除 1 个客户").click()
    expect(screen.toast).to_contain_text("已删除 1 个客户")

    screen.menu("编辑", "回收站")
    row = bin_row(page, "回收站里的客户")
    expect(row).to_contain_text("1 联系人")
    expect(row).to_contain_text(screen.api.get("/api/session")["operator"]["name"])
    row.click()
    before = page.get_by_role("complementary", name="删除前的内容")
    expect(before).to_contain_text("随行的联系人")
    expect(before).to_contain_text("重点客户")
    # By the keyboard alone.
    screen.press("Control+Enter")
    expect(screen.toast).to_contain_text("已恢复客户「回收站里的客户」")
    expect(bin_row(page, "回收站里的客户")).to_have_count(0)
    assert screen.api.find("contact", name="随行的联系人")["parent"] == one["id"]


def test_what_needs_a_deleted_record_brings_it_back_along(window: Window) -> None:
    screen, page = Screen(window.page), window.page
    one = customer(screen, "先删联系人的客户")
    person = contact(screen, one, "先删的联系人")
    screen.api.ok("POST", "/api/records/contact/delete", {"ids": [person["id"]]})
    screen.api.ok("POST", "/api/records/customer/delete", {"ids": [one["id"]]})
    window.watch.allow("status of 422")
    screen.menu("工具", "回收站")
    page.get_by_role("combobox", name="模块").select_option(label="联系人信息")
    page.get_by_role("textbox", name="按名称查找").fill("先删的")
    bin_row(page, "先删的联系人").click()
    page.get_by_role("button", name="恢复", exact=True).click()
    question = screen.question("要一起恢复上级记录")
    expect(question).to_contain_text("先删联系人的客户")
    question.get_by_role("button", name="一起恢复").click()
    expect(screen.toast).to_contain_text("已恢复 2 条记录")
    assert screen.api.find("contact", name="先删的联系人")["parent"] == one["id"]


def test_two_customers_are_merged_show_both_contacts_and_are_split_again(window: Window) -> None:
    screen, page = Screen(window.page), window.page
    one = customer(screen, "苏州宏远精工机械有限公司", tax_no="91320500MA1XYZ7788", phone="0512-61234567")
    two = customer(screen, "宏远精工机械", tax_no="91320500MA1XYZ7788", website="www.hongyuan.example")
    contact(screen, one, "宏远张工")
    contact(screen, two, "宏远李工")
    screen.menu("工具", "合并重复")
    group = page.get_by_role("listitem").filter(has_text="宏远精工机械")
    expect(group).to_contain_text("税号相同")
    group.get_by_role("button", name="对照合并").click()
    dialog = screen.dialog("合并重复的客户")
    expect(dialog.get_by_role("radio", name="苏州宏远精工机械有限公司", exact=True)).to_be_checked()
    # What only the other knows is taken over.
    expect(dialog.get_by_role("radio", name="网址用「www.hongyuan.example」", exact=True)).to_be_checked()
    dialog.get_by_role("button", name="合并成 1 个客户").click()
    expect(dialog).to_have_count(0)
    expect(screen.toast).to_contain_text("已把「宏远精工机械」并入「苏州宏远精工机械有限公司」。")
    expect(group).to_have_count(0)
    assert screen.api.get(f"/api/records/customer/{one['id']}")["row"]["website"] == "www.hongyuan.example"

    customers = screen.open_list()
    customers.find("宏远精工")
    customers.shows(1)
    customers.row("苏州宏远精工机械有限公司").click()
    expect(customers.related.get_by_text("宏远张工")).to_be_visible()
    expect(customers.related.get_by_text("宏远李工")).to_be_visible()
    # The other name still finds it.
    page.get_by_role("combobox", name="全局查找").fill("宏远精工")
    found = page.get_by_role("option").filter(has_text="已并入「苏州宏远精工机械有限公司」")
    expect(found).to_be_visible()
    found.click()
    expect(screen.dialog("客户 苏州宏远精工机械有限公司").or_(page.get_by_role("dialog"))).to_be_visible()
    screen.press("Escape")

    screen.menu("工具", "合并重复")
    page.get_by_role("tab", name="已合并").click()
    row = page.get_by_role("row").filter(has_text="宏远精工机械").last
    row.get_by_role("button", name="拆分").click()
    dialog = screen.dialog("拆分客户")
    expect(dialog).to_contain_text("又是两个客户")
    dialog.get_by_role("button", name="拆分").click()
    expect(screen.toast).to_contain_text("已拆分")
    screen.open_list()
    customers.shows(2)


def test_chosen_customers_are_merged_from_the_list_and_it_is_undone_at_once(window: Window) -> None:
    screen, page = Screen(window.page), window.page
    customer(screen, "列表合并前")
    one, two = customer(screen, "列表合并甲"), customer(screen, "列表合并乙", note="乙的备注")
    customer(screen, "列表合并后")
    customers = screen.open_list()
    customers.find("列表合并")
    customers.shows(4)
    customers.tick("列表合并甲")
    customers.tick("列表合并乙")
    customers.bar("更多").click()
    screen.entry("合并重复…").click()
    dialog = screen.dialog("合并重复的客户")
    dialog.get_by_role("radio", name="列表合并甲", exact=True).check()
    dialog.get_by_role("button", name="合并成 1 个客户").click()
    customers.shows(3)
    expect(screen.toast).to_contain_text("已把「列表合并乙」并入「列表合并甲」。")
    cursor = customers.grid.get_by_role("row").filter(has=page.locator(".ag-cell-focus"))
    expect(cursor, "the cursor is on the one that stays").to_contain_text("列表合并甲")
    assert screen.api.get(f"/api/records/customer/{one['id']}")["row"]["note"] == "乙的备注"
    screen.toast.get_by_role("button", name="撤销").click()
    customers.shows(4)
    screen.until(lambda: screen.api.get(f"/api/records/customer/{one['id']}")["row"]["note"] is None)
    assert "merged_into" not in screen.api.get(f"/api/records/customer/{two['id']}")
    page.get_by_role("tab", name="客户信息").click()


@pytest.mark.soak
def test_who_merges_a_colleague_s_customer_is_told_that_it_leaves_his_list(window: Window) -> None:
    """Which one stays decides; and so does whose salesman is taken over."""
    screen = Screen(window.page)
    somebody = screen.api.get("/api/lookup/employee?limit=5")["rows"][-1]
    customer(screen, "归谁甲", owner=somebody["id"])
    customer(screen, "归谁乙")
    customers = screen.open_list()
    customers.find("归谁")
    customers.tick("归谁甲")
    customers.tick("归谁乙")
    customers.bar("更多").click()
    screen.entry("合并重复…").click()
    dialog = screen.dialog("合并重复的客户")
    dialog.get_by_role("radio", name="归谁乙", exact=True).check()
    warning = dialog.get_by_role("status")
    expect(warning).to_contain_text(f"「归谁甲」现在归{somebody['title']}")
    dialog.get_by_role("radio", name=f"业务员用「{somebody['title']}」", exact=True).check()
    expect(warning).to_have_count(0)
    dialog.get_by_role("button", name="取消").click()


@pytest.mark.soak
def test_a_pair_that_was_told_apart_is_proposed_no_more(window: Window) -> None:
    screen, page = Screen(window.page), window.page
    customer(screen, "同号甲", tax_no="91440300TWINS0001", phone="0755-81234567")
    customer(screen, "同号乙", tax_no="91440300TWINS0001", phone="0755-81234567")
    screen.menu("工具", "合并重复")
    group = page.get_by_role("listitem").filter(has_text="同号甲")
    group.get_by_role("button", name="不是重复").click()
    expect(group).to_have_count(0)
    page.get_by_role("tab", name="已排除").click()
    page.get_by_role("row").filter(has_text="同号甲").get_by_role("button", name="重新列出").click()
    page.get_by_role("tab", name="可能重复").click()
    expect(page.get_by_role("listitem").filter(has_text="同号甲")).to_be_visible()
