"""打印模板: laid out beside its preview, kept, and what a document is printed by from then on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e import places
from tests.e2e.screen import Screen, first_page
from tests.e2e.test_document_print import opened, sales, sold
from tests.e2e.test_print import preview_of


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    page = first_page(context)
    yield page
    api = Screen(page).api
    for row in api.rows("print_template"):
        api.ok("DELETE", f"/api/records/print_template/{row['id']}")


def test_a_template_is_laid_out_kept_and_printed_by(page: Page) -> None:
    screen = Screen(page)
    number = sold(screen)["number"]
    sales(screen)  # the list is open before the template is made
    places.templates(screen)
    page.get_by_role("button", name="还原").click()
    page.get_by_role("button", name="销货单、销货订货单、销货退货单（A4）").click()
    page.get_by_role("button", name="新建模板").click()
    page.get_by_role("textbox", name="名称", exact=True).fill("发货单")
    page.get_by_role("textbox", name="标题").fill("发货单")
    page.get_by_role("combobox", name="页头文字：插入").select_option("单据编号")
    expect(page.get_by_role("textbox", name="页头文字")).to_have_value("{单据编号}")
    page.get_by_role("button", name="上移 数量").click()
    page.get_by_role("button", name="去掉 规格").click()
    page.get_by_role("combobox", name="表格的列：加一项").select_option(label="净额")
    page.get_by_role("checkbox", name="默认，打印时先用它").check()
    screen.press("Control+S")
    expect(screen.toast).to_contain_text("已保存打印模板「发货单」")
    (kept,) = screen.api.get("/api/templates")["templates"]
    names = [one["name"] for one in kept["layout"]["columns"]]
    assert names.index("qty") < names.index("unit_name") and names[-1] == "net_amount" and "spec" not in names
    assert (kept["layout"]["title"], kept["layout"]["above"]) == ("发货单", "{单据编号}")

    shown = sales(screen)
    shown.row(number).get_by_role("gridcell", name=number).click()
    screen.press("Control+Shift+P")
    preview = preview_of(page)
    expect(preview.get_by_role("radio", name="发货单（A4）")).to_be_checked()

    opened(screen, number)
    screen.press("Control+P")
    preview = preview_of(page)
    expect(preview.get_by_role("radio", name="发货单（A4）")).to_be_checked()
    expect(preview.get_by_role("img", name="第 1 页")).to_be_visible()
