"""客户信息 as a list: what it shows, how it is narrowed, and what it remembers."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta

import pytest
from playwright.sync_api import Locator, expect

from desktop.engine.fields import moment
from tests.e2e.screen import ListScreen, Screen, text_field
from tests.e2e.window import Window


def filter_query(*clauses: object) -> str:
    return f"filter={json.dumps({'and': clauses})}"


def open_filter(customers: ListScreen, column: str) -> Locator:
    """数据过滤 of one column, from the head of that column."""
    customers.head(column).click(button="right")
    customers.entry("数据过滤").click()
    popup = customers.dialog("数据过滤")
    expect(popup).to_be_visible()
    return popup


def set_condition(customers: ListScreen, popup: Locator, which: int, operator: str, value: str) -> None:
    popup.get_by_role("combobox", name="条件").nth(which).press("Enter")
    customers.page.get_by_role("option", name=operator, exact=True).click()
    popup.locator("[data-value]").nth(which).get_by_role("textbox").fill(value)


# --- groups ------------------------------------------------------------------------------------------------


def test_group_shows_its_whole_subtree(window: Window) -> None:
    screen = Screen(window.page)
    nodes = screen.api.get("/api/tree/customer_group?count=customer")
    parent = next(one for one in nodes if any(child["parent"] == one["id"] for child in nodes))
    child = next(one for one in nodes if one["parent"] == parent["id"])
    customers = screen.open_list()
    customers.tree.get_by_role("treeitem", name=re.compile(f"^{parent['title']}")).click()
    whole = screen.api.total("customer", f"group={parent['id']}")
    customers.shows(whole)
    screen.press("ArrowRight", "ArrowRight")
    expect(customers.tree.get_by_role("treeitem", name=re.compile(f"^{child['title']}"))).to_be_focused()
    screen.press("Enter")
    part = screen.api.total("customer", f"group={child['id']}")
    customers.shows(part)
    assert 0 < part < whole
    customers.tree.get_by_role("treeitem", name=re.compile("^全部客户")).click()
    customers.shows(screen.api.total("customer"))


def test_group_is_added_renamed_and_deleted_from_the_tree(window: Window) -> None:
    screen = Screen(window.page)
    customers = screen.open_list()
    customers.tree.get_by_role("treeitem", name=re.compile("^全部客户")).click(button="right")
    screen.entry("新增分组").click()
    dialog = screen.dialog("新增分组")
    screen.fill(dialog, 分组名称="测试分组")
    screen.press("Control+S")
    node = customers.tree.get_by_role("treeitem", name=re.compile("^测试分组"))
    node.focus()
    screen.press("Insert")
    expect(screen.dialog("新增客户").locator("[data-field=group] input")).to_have_value("测试分组")
    screen.press("Escape")
    node.focus()
    screen.press("Shift+Insert")
    expect(screen.dialog("新增分组").locator("[data-field=parent] input")).to_have_value("测试分组")
    screen.press("Escape")
    node.click(button="right")
    screen.entry("修改分组").click()
    screen.fill(screen.dialog("修改分组"), 分组名称="改名分组")
    screen.press("Control+S")
    renamed = customers.tree.get_by_role("treeitem", name=re.compile("^改名分组"))
    renamed.click(button="right")
    screen.entry("删除分组").click()
    screen.question("删除分组「改名分组」").get_by_role("button", name="删除 1 个分组").click()
    expect(renamed).to_have_count(0)
    assert "改名分组" not in screen.api.groups()


def test_group_is_changed_by_the_menu_for_the_ticked_rows(window: Window) -> None:
    screen = Screen(window.page)
    groups = screen.api.groups()
    for n in "甲乙":
        screen.api.add("customer", name=f"换组客户{n}", group=groups["重点客户"])
    customers = screen.open_list()
    customers.find("换组客户")
    customers.tick("换组客户甲")
    customers.tick("换组客户乙")
    customers.cell("换组客户甲").click(button="right")
    screen.entry("修改当前分组").click()
    picker = screen.dialog("选择分组")
    screen.type("一般")
    expect(picker.get_by_role("option", selected=True)).to_contain_text("一般客户")
    screen.press("Enter")
    expect(screen.toast).to_contain_text("已把 2 个客户移到「一般客户」")
    moved = screen.api.rows("customer", "field=name&value=换组客户")
    assert {row["group"] for row in moved} == {groups["一般客户"]}


def test_group_is_changed_by_dragging_a_row_onto_it(window: Window) -> None:
    screen = Screen(window.page)
    groups = screen.api.groups()
    screen.api.add("customer", name="拖动客户", group=groups["重点客户"])
    customers = screen.open_list()
    customers.find("拖动客户")
    customers.cell("拖动客户").drag_to(customers.tree.get_by_role("treeitem", name=re.compile("^合作伙伴")))
    expect(screen.toast).to_contain_text("已把 1 个客户移到「合作伙伴」")
    assert screen.api.find("customer", name="拖动客户")["group"] == groups["合作伙伴"]


# --- finding and filtering ---------------------------------------------------------------------------------


def test_quick_query_uses_the_dates_only_when_ticked(window: Window) -> None:
    screen = Screen(window.page)
    group = screen.api.groups()["重点客户"]
    for name, day in (("旧快查客户", "2025-03-15"), ("新快查客户", "2026-11-02")):
        screen.api.add("customer", name=name, registered_on=day, group=group)
    customers = screen.open_list()
    customers.find("快查客户")
    customers.shows(2)
    customers.bar("快速查询").click()
    popup = screen.dialog("快速查询")
    expect(text_field(popup, "要找的内容")).to_have_value("快查客户")
    expect(text_field(popup, "从")).to_be_disabled()
    popup.get_by_role("checkbox", name="按登记日期限定").press("Space")
    text_field(popup, "从").fill("2026-01-01")
    text_field(popup, "至").fill("2026-12-31")
    screen.press("Enter")
    customers.shows(1)
    assert customers.column("客户名称")[:1] == ["新快查客户"]
    customers.bar("快速查询").click()
    popup.get_by_role("checkbox", name="按登记日期限定").press("Space")
    text_field(popup, "要找的内容").press("Enter")
    customers.shows(2)
    customers.chip("客户名称").get_by_role("button", name="清除查询").click()
    customers.shows(screen.api.total("customer"))


def test_filter_joins_two_conditions_by_or_by_and_or_takes_the_first_alone(window: Window) -> None:
    screen = Screen(window.page)
    customers = screen.open_list()
    first = {"field": "name", "op": "contains", "value": "科技"}
    second = {"field": "name", "op": "contains", "value": "苏州"}

    def count(clause: object) -> int:
        return screen.api.total("customer", filter_query(clause))

    popup = open_filter(customers, "客户名称")
    set_condition(customers, popup, 0, "包含", "科技")
    expect(popup.get_by_role("status")).to_have_text(re.compile(f"{count(first):,} 条"))
    popup.get_by_role("button", name="确定").click()
    customers.shows(count(first))
    expect(customers.chip("客户名称")).to_contain_text("包含 科技")

    customers.chip("客户名称").get_by_role("button").first.click()
    set_condition(customers, popup, 1, "包含", "苏州")
    popup.get_by_role("radio", name="或者").check(force=True)
    popup.get_by_role("button", name="确定").click()
    customers.shows(count({"or": [first, second]}))
    expect(customers.chip("客户名称")).to_contain_text("包含 科技 或者 包含 苏州")

    customers.chip("客户名称").get_by_role("button").first.click()
    popup.get_by_role("radio", name="并且").check(force=True)
    popup.get_by_role("button", name="确定").click()
    both = count({"and": [first, second]})
    customers.shows(both)

    # Neither chosen: the second waits greyed, the first counts alone.
    customers.chip("客户名称").get_by_role("button").first.click()
    popup.get_by_role("button", name="只用第一个条件").click()
    popup.get_by_role("button", name="确定").click()
    customers.shows(count(first))
    assert both < count(first) < count({"or": [first, second]})


@pytest.mark.soak
def test_wildcards_mean_themselves_unless_the_operator_is_like(window: Window) -> None:
    screen = Screen(window.page)
    group = screen.api.groups()["重点客户"]
    for name in ("A_1%", "A_1%试样", "AB1试样"):
        screen.api.add("customer", name=name, group=group)
    customers = screen.open_list()
    popup = open_filter(customers, "客户名称")
    set_condition(customers, popup, 0, "等于", "A_1%")
    expect(popup.get_by_role("status")).to_have_text(re.compile(r"符合条件 1 条"))
    # 等于 with a wildcard in it offers 像 in one click.
    popup.get_by_role("button", name="改为「像」").click()
    popup.get_by_role("button", name="确定").click()
    expect(customers.chip("客户名称")).to_contain_text("像 A_1%")
    customers.shows(3)
    assert sorted(customers.column("客户名称")[:3]) == ["AB1试样", "A_1%", "A_1%试样"]


@pytest.mark.soak
def test_filters_of_several_columns_stack_and_their_chips_go_one_by_one(window: Window) -> None:
    screen = Screen(window.page)
    customers = screen.open_list()
    name = {"field": "name", "op": "contains", "value": "公司"}
    code = {"field": "code", "op": "contains", "value": "1"}
    popup = open_filter(customers, "客户名称")
    set_condition(customers, popup, 0, "包含", "公司")
    popup.get_by_role("button", name="确定").click()
    popup = open_filter(customers, "客户编号")
    set_condition(customers, popup, 0, "包含", "1")
    expect(popup).to_contain_text("已有条件")
    popup.get_by_role("button", name="确定").click()
    customers.shows(screen.api.total("customer", filter_query(name, code)))
    expect(screen.status).to_contain_text(f"共 {screen.api.total('customer'):,} 条，显示")
    customers.chip("客户名称").get_by_role("button", name="去掉「客户名称」的条件").click()
    customers.shows(screen.api.total("customer", filter_query(code)))
    # Twice Esc clears what is left.
    customers.grid.get_by_role("gridcell").nth(1).click()
    screen.press("Escape", "Escape")
    customers.shows(screen.api.total("customer"))
    expect(customers.panel.get_by_role("button", name="清除过滤")).to_have_count(0)


def test_value_under_the_pointer_becomes_the_filter(window: Window) -> None:
    screen = Screen(window.page)
    customers = screen.open_list()
    status = customers.column("客户状态")[0]
    customers.cell(status).click(button="right")
    screen.entry(f"按此值过滤「{status}」").click()
    expect(customers.chip("客户状态")).to_contain_text(f"等于 {status}")
    customers.loaded()
    assert set(customers.column("客户状态")[:5]) == {status}


# --- what a restart keeps ----------------------------------------------------------------------------------


def test_columns_and_saved_filter_are_there_after_a_restart(window: Window) -> None:
    screen = Screen(window.page)
    customers = screen.open_list()
    popup = open_filter(customers, "客户名称")
    set_condition(customers, popup, 0, "包含", "有限公司")
    popup.get_by_role("button", name="存为方案…").click()
    save = screen.dialog("存为方案")
    text_field(save, "方案名称").fill("公司客户")
    save.get_by_role("button", name="保存").click()
    filtered = screen.api.total("customer", filter_query({"field": "name", "op": "contains", "value": "有限公司"}))
    customers.shows(filtered)

    customers.bar("列设置").click()
    chooser = screen.dialog("列设置")
    chooser.get_by_role("checkbox", name="所在区域").uncheck()
    chooser.get_by_role("checkbox", name="邮编").check()
    text_field(chooser, "「客户名称」的宽度").fill("260")
    screen.press("Enter")
    chooser.get_by_role("button", name="冻结「客户名称」").click(force=True)
    chooser.get_by_role("checkbox", name="业务员").focus()
    screen.press("Alt+ArrowUp")
    screen.press("Escape")
    expect(customers.head("邮编")).to_be_attached()
    expect(customers.head("所在区域")).to_have_count(0)
    wanted = customers.heads()
    assert wanted[0] == "客户名称"  # frozen ones stand at the left
    assert wanted.index("业务员") < wanted.index("主联系人")
    customers.head("客户名称").click()  # sorted
    expect(customers.head("客户名称")).to_have_attribute("aria-sort", "ascending")
    customers.wait_for_layout("sort", "name")

    window.close()
    window.open()
    window.start_page()
    screen = Screen(window.page)
    customers = screen.list().loaded()
    assert customers.heads() == wanted
    expect(customers.head("客户名称")).to_have_attribute("aria-sort", "ascending")
    width = customers.head("客户名称").bounding_box()
    assert width is not None
    assert round(width["width"]) == 260
    customers.panel.get_by_role("button", name="过滤方案").click()
    screen.entry("公司客户").click()
    customers.shows(filtered)
    expect(customers.chip("客户名称")).to_contain_text("包含 有限公司")


def test_period_is_stepped_and_remembered(window: Window) -> None:
    screen = Screen(window.page)
    today = date.fromisoformat(moment.today())  # of the company, wherever this machine stands
    month = today.replace(day=1)
    before = (month - timedelta(days=1)).replace(day=1)
    group = screen.api.groups()["重点客户"]
    screen.api.add("customer", name="今天登记", group=group)
    customers = screen.open_list()
    everything = screen.api.total("customer")

    def between(start: date, end: date) -> int:
        return screen.api.total("customer", f"from={start}&to={end}")

    customers.show("按月")
    customers.shows(between(month, (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)))
    expect(customers.chip("数据显示")).to_contain_text(f"{today.year}年{today.month}月")
    customers.chip("数据显示").get_by_role("button", name="上一段").click()
    customers.shows(between(before, month - timedelta(days=1)))
    customers.chip("数据显示").get_by_role("button", name="下一段").click()
    customers.show("按周")
    monday = today - timedelta(days=today.weekday())
    customers.shows(between(monday, monday + timedelta(days=6)))
    customers.show("按天")
    customers.shows(between(today, today))
    customers.show("时间段…")
    span = screen.dialog("时间段")
    text_field(span, "从").fill("2026-10-01")
    text_field(span, "至").fill("2026-10-15")
    screen.press("Enter")
    customers.shows(between(date(2026, 10, 1), date(2026, 10, 15)))
    customers.show("不显示")
    expect(customers.panel.get_by_role("heading", name="现在选的是「不显示」")).to_be_visible()
    customers.show("按天")
    customers.wait_for_layout("show", {"kind": "day", "offset": 0})
    window.page.reload()
    customers.shows(between(today, today))
    customers.chip("数据显示").get_by_role("button", name="显示所有").click()
    customers.shows(everything)


# --- the grid ----------------------------------------------------------------------------------------------


def test_sort_by_a_click_and_several_by_shift(window: Window) -> None:
    screen = Screen(window.page)
    customers = screen.open_list()
    customers.head("信用额度").click()
    expect(customers.head("信用额度")).to_have_attribute("aria-sort", "ascending")
    customers.head("信用额度").click()
    expect(customers.head("信用额度")).to_have_attribute("aria-sort", "descending")
    most = screen.api.rows("customer", "sort=-credit_limit")[0]["credit_limit"]
    wanted = f"{most / 100:,.2f}"
    expect(customers.grid.get_by_role("gridcell", name=wanted, exact=True).first).to_be_attached()
    assert customers.column("信用额度")[0] == wanted
    customers.head("客户编号").click(modifiers=["Shift"])
    expect(customers.head("客户编号")).to_have_attribute("aria-sort", "ascending")
    expect(customers.head("信用额度")).to_have_attribute("aria-sort", "descending")
    codes = [row["code"] for row in screen.api.rows("customer", "sort=-credit_limit,code")[:3]]
    expect(customers.row(codes[0])).to_be_visible()
    assert customers.column("客户编号")[:3] == codes


def test_keys_reach_the_end_of_a_long_list_and_back(window: Window) -> None:
    screen = Screen(window.page)
    customers = screen.open_list()
    total = screen.api.total("customer")
    last = screen.api.get(f"/api/records/customer?sort=-code&limit=1&offset={total - 1}")["rows"][0]["code"]
    first = screen.api.rows("customer", "sort=-code")[0]["code"]
    customers.cell(first).click()
    screen.press("End")
    expect(customers.cell(last)).to_be_visible()
    expect(customers.related).to_contain_text("联系人")
    screen.press("Home")
    expect(customers.cell(first)).to_be_visible()
    screen.press("PageDown", "PageDown", "PageDown", "ArrowDown")
    expect(customers.cell(first)).to_have_count(0)


def test_select_all_means_the_whole_query_not_only_what_is_loaded(window: Window) -> None:
    screen = Screen(window.page)
    customers = screen.open_list()
    total = screen.api.total("customer")
    customers.grid.get_by_role("gridcell").nth(1).click()
    screen.press("Control+A")
    expect(screen.status).to_contain_text(f"已选 {total:,} 条")
    expect(screen.status).to_contain_text("元")  # the sum of them all
    customers.grid.get_by_role("checkbox", name="选择第 1 行").click()
    expect(screen.status).to_contain_text(f"已选 {total - 1:,} 条")
    customers.grid.get_by_role("checkbox", name="选择全部行").click()
    expect(screen.status).to_contain_text(f"已选 {total:,} 条")
    customers.grid.get_by_role("checkbox", name="选择全部行").click()
    expect(screen.status).not_to_contain_text("已选")
    # Space ticks, Shift and the arrows tick on.
    customers.grid.get_by_role("gridcell").nth(1).click()
    screen.press("Space", "Shift+ArrowDown", "Shift+ArrowDown")
    expect(screen.status).to_contain_text("已选 3 条")


def test_context_menu_by_mouse_and_by_keyboard(window: Window) -> None:
    screen = Screen(window.page)
    customers = screen.open_list()
    code = customers.column("客户编号")[0]
    wanted = ["新增", "修改", "复制记录", "删除", "修改当前分组", "数据过滤"]
    customers.cell(code).click(button="right")
    menu = window.page.get_by_role("menu")
    for words in wanted:
        expect(screen.entry(words)).to_be_visible()
    screen.press("Escape")
    expect(menu).to_have_count(0)
    customers.cell(code).click()
    for key in ("Shift+F10", "ContextMenu"):
        screen.press(key)
        expect(menu).to_be_visible()
        screen.press("ArrowDown", "ArrowDown")
        expect(screen.entry("修改")).to_be_focused()
        screen.press("Escape")
        expect(menu).to_have_count(0)
    screen.press("Shift+F10", "ArrowDown", "ArrowDown", "Enter")
    expect(text_field(screen.dialog("修改客户"), "客户名称")).to_be_focused()


def test_cells_and_rows_are_copied(window: Window) -> None:
    screen = Screen(window.page)
    customers = screen.open_list()
    search = window.page.get_by_role("combobox", name="全局查找")
    name = customers.column("客户名称")[0]
    customers.cell(name).click()
    screen.press("Control+C")
    search.focus()
    screen.press("Control+V")
    expect(search).to_have_value(name)
    screen.press("Escape")
    customers.grid.get_by_role("checkbox", name="选择第 1 行").click()
    customers.grid.get_by_role("checkbox", name="选择第 2 行").click()
    screen.press("Control+C")
    expect(screen.toast).to_contain_text("已复制 2 行")


def test_button_that_needs_a_row_says_so(window: Window) -> None:
    screen = Screen(window.page)
    customers = screen.open_list()
    customers.find("没有这个客户的名字")
    customers.bar("修改").click()
    expect(screen.toast).to_contain_text("请先选中要修改的客户")
    customers.bar("删除").click()
    expect(screen.toast).to_contain_text("请先选中要删除的客户")
    expect(customers.panel.get_by_role("heading", name="没有符合条件的客户")).to_be_visible()
