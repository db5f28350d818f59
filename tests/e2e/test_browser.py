"""What the real window cannot show a test: downloads, and two pages at once."""

from __future__ import annotations

import csv
import io
import json
import re

import openpyxl
import pytest
from playwright.sync_api import BrowserContext, Download, Page, expect

from tests.e2e.screen import ListScreen, Screen, first_page
from tests.e2e.test_lists import open_filter, set_condition
from tests.e2e.window import Served


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return first_page(context)


def export(customers: ListScreen, kind: str) -> Download:
    with customers.page.expect_download() as coming:
        customers.bar("导出列表").click()
        customers.entry(kind).click()
    return coming.value


def test_export_writes_what_the_list_shows(page: Page) -> None:
    screen = Screen(page)
    customers = screen.open_list()
    popup = open_filter(customers, "客户名称")
    set_condition(customers, popup, 0, "包含", "科技")
    popup.get_by_role("button", name="确定").click()
    expect(customers.chip("客户名称")).to_contain_text("科技")
    customers.loaded()
    customers.bar("列设置").click()
    chooser = screen.dialog("列设置")
    chooser.get_by_role("checkbox", name="主联系人").uncheck()
    screen.press("Escape")
    customers.head("信用额度").click()
    expect(customers.head("信用额度")).to_have_attribute("aria-sort", "ascending")
    heads = customers.heads()
    asked = json.dumps({"and": [{"field": "name", "op": "contains", "value": "科技"}]})
    wanted = screen.api.rows("customer", f"sort=credit_limit&filter={asked}")

    file = export(customers, "电子表格（xlsx）")
    assert file.suggested_filename.startswith("客户信息")
    assert file.suggested_filename.endswith(".xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(file.path().read_bytes())).worksheets[0]
    rows = list(sheet.iter_rows(values_only=True))
    start = next(at for at, row in enumerate(rows) if "客户编号" in row)
    assert [str(one) for one in rows[start] if one is not None] == heads
    body = rows[start + 1 : start + 1 + len(wanted)]
    assert [row[heads.index("客户编号")] for row in body] == [row["code"] for row in wanted]
    amounts = [None if row["credit_limit"] is None else row["credit_limit"] / 100 for row in wanted]
    assert [row[heads.index("信用额度")] for row in body] == amounts

    text = export(customers, "文本（csv）").path().read_bytes().decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(text)))
    start = next(at for at, line in enumerate(lines) if "客户编号" in line)
    assert lines[start] == heads
    codes = [line[heads.index("客户编号")] for line in lines[start + 1 :][: len(wanted)]]
    assert codes == [row["code"] for row in wanted]


def test_change_on_one_page_shows_on_the_other(page: Page, context: BrowserContext, served: Served) -> None:
    first = Screen(page)
    row = first.api.add("customer", name="两页同看客户", group=first.api.groups()["重点客户"])
    customers = first.open_list()
    customers.find("两页同看客户")
    customers.cell("两页同看客户").click()

    other = context.new_page()
    served.watch.look_at(other)
    other.goto(served.origin)
    second = Screen(other)
    second.open_list().find("两页同看客户")
    second.list().cell("两页同看客户").dblclick()
    second.fill(second.dialog("修改客户"), 电话="0512-66668888")
    second.press("Control+S")

    # Without a click on the first page; its place and its filter stay.
    expect(customers.row("两页同看客户")).to_contain_text("0512-66668888")
    expect(customers.chip("客户名称")).to_contain_text("两页同看客户")
    second.api.add("contact", name="另一页的联系人", parent_kind="customer", parent=row["id"])
    expect(customers.related.get_by_role("tab", name=re.compile("联系人"))).to_have_text("联系人1")
    expect(customers.related.get_by_role("gridcell", name="另一页的联系人")).to_be_visible()
