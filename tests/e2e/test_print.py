"""打印预览 by keyboard and by mouse: the pages are the very file, and what is chosen beside them comes out on paper."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect
from pypdfium2 import PdfDocument

from tests.e2e.screen import Screen, first_page
from tests.e2e.test_pages import english, findings, layout, make_dark
from tests.e2e.window import Served


@pytest.fixture
def page(context: BrowserContext) -> Page:
    Screen(context.pages[0]).api.call("DELETE", "/api/state/print:customer")
    return first_page(context)


def preview_of(page: Page) -> Locator:
    return page.get_by_role("region", name="打印预览", exact=True)


def drawn(preview: Locator, number: int) -> Locator:
    return preview.get_by_role("img", name=f"第 {number} 页", exact=True).locator("canvas")


def open_preview(page: Page) -> Locator:
    Screen(page).open_list().press("Control+p")
    preview = preview_of(page)
    expect(drawn(preview, 1)).to_be_visible()
    return preview


def words(path: Path) -> list[str]:
    document = PdfDocument(path)
    try:
        return [one.get_textpage().get_text_range() for one in document]
    finally:
        document.close()


def test_preview_is_walked_by_keys(page: Page) -> None:
    screen = Screen(page)
    preview = open_preview(page)
    expect(preview.get_by_role("region", name="打印的页")).to_be_focused()
    zoom = preview.get_by_role("textbox", name="缩放")
    number = preview.get_by_role("textbox", name="页码")
    before = zoom.input_value()
    screen.press("w")
    expect(preview.get_by_role("button", name="适合宽度")).to_have_attribute("aria-pressed", "true")
    assert zoom.input_value() != before
    screen.press("+")
    wider = zoom.input_value()
    screen.press("-", "-")
    assert int(zoom.input_value().rstrip("%")) < int(wider.rstrip("%"))
    screen.press("PageDown")
    expect(number).to_have_value("2")
    expect(drawn(preview, 2)).to_be_visible()
    screen.press("4")
    expect(preview.get_by_role("button", name="一次看 4 页")).to_have_attribute("aria-pressed", "true")
    screen.press("End")
    last = int(preview.locator(".page .soft").inner_text().removeprefix("/ "))
    assert last > 20
    expect(number).to_have_value(str(last))
    expect(drawn(preview, last)).to_be_visible()
    screen.press("1", "Control+g")
    expect(number).to_be_focused()
    screen.type("7")
    screen.press("Enter")
    expect(drawn(preview, 7)).to_be_visible()
    screen.press("F6")
    expect(preview.get_by_role("navigation", name="页的缩略图").get_by_role("button", name="第 7 页")).to_be_focused()
    screen.press("ArrowDown")
    expect(number).to_have_value("8")
    screen.press("Escape")
    expect(preview).to_be_hidden()
    expect(Screen(page).list().panel).to_be_visible()


def test_settings_come_out_on_paper_and_are_remembered(page: Page, tmp_path: Path) -> None:
    screen = Screen(page)
    preview = open_preview(page)
    settings = preview.get_by_role("form", name="打印设置")
    settings.get_by_role("textbox", name="标题").fill("拜访名单")
    settings.get_by_role("radio", name="一部分").check()
    settings.get_by_role("textbox", name="从第几行").fill("3")
    settings.get_by_role("textbox", name="到第几行").fill("2")
    settings.get_by_role("radio", name="A4 纵向").check()
    expect(settings.get_by_role("alert")).to_contain_text("不能大于")
    settings.get_by_role("textbox", name="到第几行").fill("6")
    settings.get_by_role("checkbox", name="操作员").uncheck()
    settings.get_by_role("checkbox", name="信用额度").uncheck()
    expect(screen.status).to_contain_text("1 页，4 条")
    with page.expect_download() as coming:
        screen.press("Control+s")
    coming.value.save_as(tmp_path / "list.pdf")
    (text,) = words(tmp_path / "list.pdf")
    assert coming.value.suggested_filename.startswith("客户信息_")
    assert "拜" in text and "合计 4 条" in text and "信用额度" not in text and "周敏" not in text
    screen.press("Escape")
    preview = open_preview(page)
    settings = preview.get_by_role("form", name="打印设置")
    expect(settings.get_by_role("textbox", name="标题")).to_have_value("拜访名单")
    expect(settings.get_by_role("checkbox", name="信用额度")).not_to_be_checked()
    settings.get_by_role("button", name="与列表相同").click()
    expect(settings.get_by_role("checkbox", name="信用额度")).to_be_checked()


def test_ticked_rows_alone_and_a_list_without_rows(page: Page, tmp_path: Path) -> None:
    screen = Screen(page)
    customers = screen.open_list()
    shown = customers.column("客户名称")[:2]
    for name in shown:
        customers.tick(name)
    customers.bar("打印报表").click()
    preview = preview_of(page)
    expect(drawn(preview, 1)).to_be_visible()
    preview.get_by_role("radio", name="选中的 2 条").check()
    expect(screen.status).to_contain_text("1 页，2 条")
    screen.press("Escape")
    customers.find("没有这家公司")
    screen.press("Control+p")
    expect(preview).to_contain_text("没有可打印的记录")


@pytest.mark.parametrize("dark", [pytest.param(False, marks=pytest.mark.soak), True])
def test_preview_is_whole_readable_and_chinese(
    page: Page, dark: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    open_preview(page)
    if dark:
        make_dark(page)
    page.wait_for_timeout(500)
    page.screenshot(path=tmp_path_factory.getbasetemp() / f"print-{'dark' if dark else 'light'}.png")
    assert not layout(page) and not findings(page)
    assert [text for text in english(page) if "存为 PDF" not in text and "A4" not in text] == []


def test_print_hands_the_very_file_to_the_browser(page: Page, context: BrowserContext, served: Served) -> None:
    """In a page of its own: a browser without a screen has no print dialog, and may take the page along."""
    served.watch.allow("request to elsewhere: chrome")  # the browser's own viewer, inside the hidden frame
    own = context.new_page()
    refused: list[str] = []
    own.on("console", lambda message: refused.append(message.text) if "Security Policy" in message.text else None)
    own.goto(served.origin)
    preview = open_preview(own)
    with own.expect_response(re.compile(r"/api/jobs/\w+/print$")) as answer:
        preview.get_by_role("button", name=re.compile("^打印")).click()
    assert answer.value.json() == {"by": "page"}
    expect(own.locator("iframe.print-frame")).to_have_attribute("src", re.compile("^blob:"))
    page.wait_for_timeout(500)  # not on its own page, which may be gone by now
    assert not refused
    own.close()
