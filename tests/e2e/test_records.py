"""One record: added, changed, refused, kept as a draft, changed by two, deleted and brought back."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.screen import Screen, text_field
from tests.e2e.window import ADMIN, Window


def test_add_by_mouse_then_the_next_blank_one(window: Window) -> None:
    screen = Screen(window.page)
    customers = screen.open_list()
    before = screen.api.total("customer")
    customers.bar("新增").click()
    dialog = screen.dialog("新增客户")
    # With 全部客户 chosen the group is empty; the cursor is where one types first.
    expect(text_field(dialog, "客户名称")).to_be_focused()
    screen.choose(dialog, "客户分组", "重点客户")
    screen.fill(dialog, 客户名称="昆山立源电子科技有限公司", 电话="0512-57339025")
    somebody = screen.api.get("/api/lookup/employee?limit=5")["rows"][-1]
    screen.choose(dialog, "业务员", somebody["pinyin"], somebody["title"])
    dialog.get_by_role("button", name="保存新增").click()

    # The next one starts blank in the same group, the first one stands in the list behind.
    expect(text_field(dialog, "客户名称")).to_have_value("")
    expect(text_field(dialog, "客户名称")).to_be_focused()
    expect(dialog.get_by_role("combobox", name="客户分组", exact=True)).to_have_value("重点客户")
    expect(text_field(dialog, "电话")).to_have_value("")
    customers.shows(before + 1)
    screen.choose(dialog, "客户分组", "一般客户")
    screen.fill(dialog, 客户名称="昆山立源贸易有限公司", 电话="0512 5733 9025")
    # Similar ones are listed while typing.
    expect(dialog.get_by_role("complementary")).to_contain_text("昆山立源电子科技有限公司")
    dialog.get_by_role("button", name="保存退出").click()
    expect(dialog).to_have_count(0)
    customers.shows(before + 2)
    expect(customers.row("昆山立源贸易有限公司")).to_be_visible()
    added = screen.api.find("customer", name="昆山立源电子科技有限公司")
    assert (added["group"], added["owner"]) == (screen.api.groups()["重点客户"], somebody["id"])


def test_group_chosen_in_the_tree_is_the_group_of_the_new_one(window: Window) -> None:
    screen = Screen(window.page)
    customers = screen.open_list()
    customers.tree.get_by_role("treeitem", name=re.compile("^合作伙伴")).click()
    customers.bar("新增").click()
    dialog = screen.dialog("新增客户")
    expect(text_field(dialog, "客户名称")).to_be_focused()
    expect(dialog.get_by_role("combobox", name="客户分组", exact=True)).to_have_value("合作伙伴")


def test_missing_fields_are_named_at_the_field_and_get_the_cursor(window: Window) -> None:
    screen = Screen(window.page)
    screen.open_list().bar("新增").click()
    dialog = screen.dialog("新增客户")
    dialog.get_by_role("button", name="保存退出").click()
    name = text_field(dialog, "客户名称")
    expect(name).to_be_focused()
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(dialog.get_by_role("alert").filter(has_text="客户名称")).to_be_visible()
    expect(dialog.get_by_role("alert").filter(has_text="客户分组")).to_be_visible()
    # A field of another tab: the tab says how many, and comes to the front.
    screen.choose(dialog, "客户分组", "重点客户")
    name.fill("必填检查客户")
    dialog.get_by_role("tab", name="价格与信用").click()
    text_field(dialog, "信用额度").fill("不是数字")
    dialog.get_by_role("tab", name="基本").click()
    dialog.get_by_role("button", name="保存退出").click()
    expect(dialog.get_by_role("tab", name=re.compile("价格与信用"))).to_have_attribute("aria-selected", "true")
    expect(text_field(dialog, "信用额度")).to_be_focused()
    expect(text_field(dialog, "信用额度")).to_have_attribute("aria-invalid", "true")
    assert not screen.api.rows("customer", "field=name&value=必填检查客户")


def test_escape_from_a_changed_form_asks_and_does_what_is_answered(window: Window) -> None:
    screen = Screen(window.page)
    screen.api.add("customer", name="改动守护客户", group=screen.api.groups()["重点客户"])
    customers = screen.open_list()
    customers.find("改动守护客户")
    customers.cell("改动守护客户").dblclick()
    dialog = screen.dialog("修改客户")
    name = text_field(dialog, "客户名称")
    expect(name).to_have_value("改动守护客户")
    # Unchanged: no question.
    screen.press("Escape")
    expect(dialog).to_have_count(0)

    question = screen.question("客户「改动守护客户（新）」还没保存")
    customers.cell("改动守护客户").dblclick()
    name.fill("改动守护客户（新）")
    screen.press("Escape")
    question.get_by_role("button", name="继续编辑").click()
    expect(name).to_have_value("改动守护客户（新）")
    screen.press("Escape")
    expect(question).to_be_visible()
    screen.press("Escape")  # the question's own Esc goes on editing, too
    expect(question).to_have_count(0)
    expect(dialog).to_be_visible()
    screen.press("Escape")
    question.get_by_role("button", name="不保存").click()
    expect(dialog).to_have_count(0)
    assert screen.api.rows("customer", "field=name&value=改动守护客户")[0]["name"] == "改动守护客户"

    customers.cell("改动守护客户").dblclick()
    expect(name).to_have_value("改动守护客户")
    name.fill("改动守护客户（新）")
    screen.press("Escape")
    screen.press("Enter")  # 保存 has the cursor
    expect(dialog).to_have_count(0)
    expect(customers.row("改动守护客户（新）")).to_be_visible()


def test_draft_is_offered_again_after_the_power_went_off(window: Window) -> None:
    screen = Screen(window.page)
    screen.open_list().bar("新增").click()
    dialog = screen.dialog("新增客户")
    screen.choose(dialog, "客户分组", "重点客户")
    screen.fill(dialog, 客户名称="断电前没保存的客户", 地址="苏州市相城区 1 号")
    expect(dialog.get_by_text(re.compile("^草稿已存在本机"))).to_be_visible()
    window.kill()
    window.open()
    window.start_page()

    screen = Screen(window.page)
    expect(screen.page.get_by_role("tab", name="客户信息")).to_have_attribute("aria-selected", "true")
    screen.list().loaded().bar("新增").click()
    dialog = screen.dialog("新增客户")
    expect(text_field(dialog, "客户名称")).to_have_value("")
    dialog.get_by_role("button", name="接着上次没保存的内容").click()
    expect(text_field(dialog, "客户名称")).to_have_value("断电前没保存的客户")
    expect(text_field(dialog, "地址")).to_have_value("苏州市相城区 1 号")
    expect(dialog.get_by_role("combobox", name="客户分组", exact=True)).to_have_value("重点客户")
    dialog.get_by_role("button", name="保存退出").click()
    expect(dialog).to_have_count(0)
    assert screen.api.find("customer", name="断电前没保存的客户")["address"] == "苏州市相城区 1 号"
    # Saved: nothing is offered any more.
    screen.list().bar("新增").click()
    expect(text_field(dialog, "客户名称")).to_be_visible()
    expect(dialog.get_by_role("button", name="接着上次没保存的内容")).to_have_count(0)


def test_two_changed_the_same_record_and_both_versions_are_shown(window: Window) -> None:
    screen = Screen(window.page)
    window.watch.allow("status of 409")
    row = screen.api.add("customer", name="两人同改客户", phone="0512-1111111", group=screen.api.groups()["重点客户"])
    customers = screen.open_list()
    customers.find("两人同改客户")
    customers.cell("两人同改客户").dblclick()
    dialog = screen.dialog("修改客户")
    expect(text_field(dialog, "电话")).to_have_value("0512-1111111")
    screen.api.change("customer", row, phone="0512-2222222", address="别人填的地址")
    screen.fill(dialog, 电话="0512-3333333", 邮编="215000")
    screen.press("Control+S")
    choice = screen.dialog("客户「两人同改客户」刚被别人改过")
    phone = choice.get_by_role("radiogroup", name="电话")
    expect(phone).to_contain_text("0512-3333333")
    expect(phone).to_contain_text("0512-2222222")
    expect(choice.get_by_role("radiogroup")).to_have_count(1)  # the address only they changed
    choice.get_by_role("radio", name=re.compile("^我的")).check()
    choice.get_by_role("button", name="按选的保存").click()
    expect(dialog).to_have_count(0)
    saved = screen.api.find("customer", name="两人同改客户")
    assert (saved["phone"], saved["address"], saved["postcode"]) == ("0512-3333333", "别人填的地址", "215000")

    # Different fields of both: no question at all.
    customers.cell("两人同改客户").dblclick()
    expect(text_field(dialog, "电话")).to_have_value("0512-3333333")
    screen.api.change("customer", row, address="又是别人")
    screen.fill(dialog, 邮编="215100")
    screen.press("Control+S")
    expect(dialog).to_have_count(0)
    saved = screen.api.find("customer", name="两人同改客户")
    assert (saved["address"], saved["postcode"]) == ("又是别人", "215100")


def test_what_a_colleague_deleted_meanwhile_is_brought_back_with_what_was_typed(window: Window) -> None:
    screen = Screen(window.page)
    window.watch.allow("status of 409")
    window.watch.allow("status of 404")
    row = screen.api.add("customer", name="刚被删的客户", group=screen.api.groups()["重点客户"])
    customers = screen.open_list()
    customers.find("刚被删的客户")
    customers.cell("刚被删的客户").dblclick()
    dialog = screen.dialog("修改客户")
    screen.fill(dialog, 电话="0512-7777777")
    screen.api.ok("DELETE", f"/api/records/customer/{row['id']}")
    screen.press("Control+S")
    question = screen.question("这个客户刚被同事删除")
    expect(question).to_contain_text("可以把它恢复，再保存你填的内容。")
    screen.press("Escape")
    expect(text_field(dialog, "电话")).to_have_value("0512-7777777")
    screen.press("Control+S")
    question.get_by_role("button", name="恢复并保存").click()
    expect(dialog).to_have_count(0)
    assert screen.api.find("customer", name="刚被删的客户")["phone"] == "0512-7777777"
    expect(customers.row("刚被删的客户")).to_contain_text("0512-7777777")


def test_delete_several_says_what_goes_along_and_undo_brings_all_back(window: Window) -> None:
    screen = Screen(window.page)
    group = screen.api.groups()["重点客户"]
    rows = [screen.api.add("customer", name=f"待删客户{n}", group=group) for n in "甲乙丙"]
    for row in rows[:2]:
        screen.api.add("contact", name="随删联系人", parent_kind="customer", parent=row["id"])
    customers = screen.open_list()
    before = screen.api.total("customer")
    customers.find("待删客户")
    for n in "甲乙":
        customers.tick(f"待删客户{n}")
    expect(screen.status).to_contain_text("已选 2 条")
    customers.bar("删除").click()
    question = screen.question("删除 2 个客户")
    expect(question).to_contain_text("2 个联系人")
    expect(question.get_by_role("button", name="取消")).to_be_focused()  # nothing is deleted by a hasty Enter
    question.get_by_role("button", name="删除 2 个客户").click()
    expect(screen.toast).to_contain_text("已删除 2 个客户")
    screen.toast.hover()  # it stays while the mouse is on it
    customers.shows(1)
    assert screen.api.total("customer") == before - 2
    screen.toast.get_by_role("button", name="撤销").click()
    customers.shows(3)
    assert screen.api.total("customer") == before
    assert len(screen.api.rows("contact", "field=name&value=随删联系人")) == 2


def test_what_is_needed_elsewhere_is_not_deleted_and_says_why(window: Window) -> None:
    screen = Screen(window.page)
    customers = screen.open_list()
    customers.find("零售客户")
    expect(customers.row("零售客户")).to_contain_text("系统自带")
    customers.row("零售客户").get_by_text("零售客户", exact=True).click()
    screen.press("Delete")
    question = screen.question("这个客户不能删除")
    expect(question).to_contain_text("「零售客户」")
    expect(question).to_contain_text("不能修改或删除")
    question.get_by_role("button", name="知道了").click()
    group = customers.tree.get_by_role("treeitem", name=re.compile("^重点客户"))
    group.click(button="right")
    screen.entry("删除分组").click()
    question = screen.question("这个分组不能删除")
    expect(question).to_contain_text("重点客户")
    question.get_by_role("button", name="知道了").click()


def test_related_contact_is_added_from_the_panel_with_its_customer_given(window: Window) -> None:
    screen = Screen(window.page)
    row = screen.api.add("customer", name="有联系人的客户", group=screen.api.groups()["重点客户"])
    screen.api.add("contact", name="林雅婷", parent_kind="customer", parent=row["id"])
    customers = screen.open_list()
    customers.find("有联系人的客户")
    customers.cell("有联系人的客户").click()
    expect(customers.related.get_by_role("tab", name=re.compile("联系人"))).to_have_text("联系人1")
    expect(customers.related.get_by_role("gridcell", name="林雅婷")).to_be_visible()
    customers.related.get_by_role("button", name="新增联系人").click()
    dialog = screen.dialog("新增联系人")
    expect(dialog.get_by_role("combobox", name="所属单位", exact=True)).to_have_value("有联系人的客户")
    expect(text_field(dialog, "姓名")).to_be_focused()
    screen.type("顾文斌")
    screen.press("Control+S")
    expect(dialog).to_have_count(0)
    expect(customers.related.get_by_role("tab", name=re.compile("联系人"))).to_have_text("联系人2")
    expect(customers.related.get_by_role("gridcell", name="顾文斌")).to_be_visible()
    # Its name opens it, with the customer's list still behind.
    customers.related.get_by_role("button", name="顾文斌").click()
    expect(text_field(screen.dialog("修改联系人"), "姓名")).to_have_value("顾文斌")


def test_history_says_who_when_and_from_what_to_what(window: Window) -> None:
    screen = Screen(window.page)
    row = screen.api.add("customer", name="有历史的客户", phone="0512-1111111", group=screen.api.groups()["重点客户"])
    screen.api.change("customer", row, phone="0512-2222222")
    customers = screen.open_list()
    customers.find("有历史的客户")
    customers.cell("有历史的客户").click()
    customers.related.get_by_role("tab", name="变更历史").click()
    newest = customers.related.get_by_role("row").nth(1)
    expect(newest).to_contain_text(ADMIN)
    expect(newest).to_contain_text("修改")
    expect(newest).to_contain_text(re.compile(r"电话\s*0512-1111111\s*→?\s*(改为)?\s*0512-2222222"))
    expect(newest.get_by_role("cell").first).to_contain_text(re.compile(r"\d\d:\d\d"))
    expect(customers.related.get_by_role("row").nth(2)).to_contain_text("新增")


def test_f1_in_a_form_shows_its_page_and_gives_the_cursor_back(window: Window) -> None:
    """Also in a form that was opened to make what a reference lacks, which is about another module."""
    screen = Screen(window.page)
    screen.open_list("联系人信息").bar("新增").click()
    dialog = screen.dialog("新增联系人")
    screen.fill(dialog, 姓名="写到一半")
    text_field(dialog, "姓名").focus()
    window.page.keyboard.press("F1")
    manual = screen.dialog("联系人信息")
    expect(manual).to_contain_text("联系人")
    window.page.keyboard.press("F1")
    manual.get_by_role("link").first.click()
    expect(manual).to_have_count(0)  # it now bears the title of another page
    back = window.page.get_by_role("button", name="返回")
    back.click()
    expect(manual).to_be_visible()
    expect(back).to_have_count(0)
    window.page.keyboard.press("Escape")
    expect(manual).to_have_count(0)
    expect(text_field(dialog, "姓名")).to_be_focused()
    expect(text_field(dialog, "姓名")).to_have_value("写到一半")


def test_a_new_record_has_the_cursor_in_the_first_field_that_a_person_fills(window: Window) -> None:
    screen = Screen(window.page)
    screen.open_list("供应商信息").bar("新增").click()
    expect(text_field(screen.dialog("新增供应商"), "供应商名称")).to_be_focused()
