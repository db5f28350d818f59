"""Files and comments of a record, as two people at two computers meet them."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, FilePayload, Locator, Route, expect
from reportlab.pdfgen.canvas import Canvas

from tests.conftest import ROOT
from tests.e2e import window as w
from tests.e2e.screen import ListScreen
from tests.e2e.test_sync_pages import SLOW_MS, Desk, Server

NAME: Final = "苏州申越精密机械有限公司"


def photo(words: str = "门头", size: tuple[int, int] = (1200, 800)) -> bytes:
    picture = Image.new("RGB", size, "#5b8fb0")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((size[0] // 4, size[1] // 3, size[0] * 3 // 4, size[1]), fill="#e8d9b5")
    draw.ellipse((size[0] * 3 // 4, 40, size[0] * 3 // 4 + 160, 200), fill="#f4c542")
    out = io.BytesIO()
    picture.save(out, "PNG", pnginfo=None)
    return out.getvalue() + words.encode()


def paper() -> bytes:
    """A PDF of two pages."""
    out = io.BytesIO()
    sheet = Canvas(out)
    for number in (1, 2):
        sheet.drawString(100, 700, f"page {number}")
        sheet.showPage()
    sheet.save()
    return out.getvalue()


def _joined(folder: Path, server: Server) -> Path:
    words = [sys.executable, "-m", "desktop", "join", "--data", str(folder), "--server", f"http://{server.address}"]
    identity = folder.with_name(f"{folder.name}-identity")
    subprocess.run([*words, "--code", server.invite()], cwd=ROOT, check=True, capture_output=True,
                   env={**os.environ, "ECMS_IDENTITY": str(identity)})  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def desks(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, Desk]]:
    """Two computers of one company, signed in."""
    room = tmp_path_factory.mktemp("files")
    server = Server(room / "server")
    opened: list[Desk] = []
    try:
        w.found_company(room / "first", customers=0)
        for name in ("first", "second"):
            desk = Desk(browser, _joined(room / name, server))
            opened.append(desk)
            desk.page.locator(".login").wait_for()
            desk.api.sign_in()
            desk.page.reload()
            desk.is_in_sync()
        opened[0].api.add("customer", name=NAME, group=next(iter(opened[0].api.groups().values())))
        opened[1].until(lambda: opened[1].api.total("customer") == opened[0].api.total("customer"))
        yield opened[0], opened[1]
    finally:
        for desk in opened:
            desk.close()
        server.stop()


def _tab(desk: Desk, label: str) -> Locator:
    customers = ListScreen(desk.page, "客户信息")
    desk.open_list()
    customers.cell(NAME).click()
    customers.related.get_by_role("tab", name=re.compile(f"^{label}")).click()
    place = customers.related.get_by_role("region", name=label, exact=True)
    expect(place).to_be_visible()
    return place


def test_a_picture_and_a_comment_go_from_one_desk_to_the_other(desks: tuple[Desk, Desk]) -> None:
    first, second = desks
    place = _tab(first, "附件")
    expect(place.get_by_text("还没有附件")).to_be_visible()
    picture: FilePayload = {"name": "门头照片.png", "mimeType": "image/png", "buffer": photo()}
    contract: FilePayload = {"name": "合同.pdf", "mimeType": "application/pdf", "buffer": paper()}
    place.get_by_label("要附上的文件").set_input_files([picture, contract])
    expect(place.get_by_role("listitem")).to_have_count(2)
    expect(place.locator("img")).to_have_js_property("complete", True)

    # by keyboard: Enter opens the picture, Esc closes it
    place.get_by_role("button", name=re.compile("门头照片")).first.focus()
    first.press("Enter")
    preview = first.dialog("门头照片.png")
    expect(preview.locator("img")).to_be_visible()
    assert preview.locator("img").evaluate("one => one.naturalWidth") == 1200
    first.press("Escape")
    expect(preview).to_have_count(0)

    said = _tab(first, "评论")
    said.get_by_role("textbox", name="写评论").fill("门头已换新的\n下次带名片")
    first.press("Control+Enter")
    expect(said.get_by_text("门头已换新的")).to_be_visible()
    expect(said.get_by_role("textbox", name="写评论")).to_have_value("")
    # by keyboard on to the next part of the page, and around to this one
    first.press("F6")
    first.until(lambda: bool(first.page.evaluate("!!document.activeElement.closest('.group-tree')")))
    first.press("F6", "F6")
    expect(ListScreen(first.page, "客户信息").related.get_by_role("tab", name=re.compile("^评论"))).to_be_focused()

    place = _tab(second, "附件")
    expect(place.get_by_role("listitem")).to_have_count(2, timeout=SLOW_MS)
    expect(place.locator("img")).to_be_visible(timeout=SLOW_MS)  # a small picture comes by itself
    expect(place.get_by_text("可下载")).to_be_visible()
    # The list is read again while the question for the content is still on its way: the wish to save it stays.
    held: list[Route] = []
    fetches = re.compile("/api/file/[^/]+/fetch$")
    second.page.route(fetches, lambda route: held.append(route))
    place.get_by_role("button", name="另存为 合同.pdf").first.click()
    second.until(lambda: bool(held))
    with second.page.expect_response(lambda one: "/api/files/" in one.url and one.request.method == "GET"):
        first.press("F6", "F6")
        said.get_by_role("textbox", name="写评论").fill("再来一句")
        first.press("Control+Enter")
    with second.page.expect_download(timeout=SLOW_MS) as download:
        held[0].continue_()
    second.page.unroute(fetches)
    assert download.value.suggested_filename == "合同.pdf"
    assert Path(download.value.path()).read_bytes() == contract["buffer"]
    expect(place.get_by_text("可下载")).to_have_count(0)
    expect(_tab(second, "评论").get_by_text("下次带名片")).to_be_visible()
    for desk in desks:
        assert not desk.watch.complaints()


def test_what_is_typed_while_a_comment_is_sent_stays(desks: tuple[Desk, Desk]) -> None:
    first, _ = desks
    said = _tab(first, "评论")
    box = said.get_by_role("textbox", name="写评论")
    held: list[Route] = []
    calls = re.compile("/api/comments/")
    first.page.route(calls, lambda route: held.append(route) if route.request.method == "POST" else route.fallback())
    box.fill("第一句")
    first.press("Control+Enter")
    expect(said.get_by_role("button", name="发送")).to_be_disabled()
    first.page.keyboard.insert_text("第二句")
    with first.page.expect_request(lambda one: "/api/state/comment." in one.url and "第一句" not in str(one.post_data)):
        held[0].continue_()
        expect(said.get_by_text("第一句", exact=True)).to_be_visible()
        expect(box).to_have_value("第二句")
    first.page.unroute(calls)
    first.page.reload()
    expect(_tab(first, "评论").get_by_role("textbox", name="写评论")).to_have_value("第二句")
    said.get_by_role("textbox", name="写评论").fill("")


def test_a_file_is_taken_away_by_key_and_brought_back(desks: tuple[Desk, Desk]) -> None:
    first, _ = desks
    place = _tab(first, "附件")
    note: FilePayload = {"name": "备忘.txt", "mimeType": "text/plain", "buffer": "记一笔".encode()}
    place.get_by_label("要附上的文件").set_input_files(note)
    card = place.get_by_role("listitem").filter(has_text="备忘.txt")
    card.get_by_role("button", name=re.compile("^备忘")).first.focus()
    first.press("Delete")
    expect(card).to_have_count(0)
    first.toast.get_by_role("button", name="撤销").click()
    expect(card).to_be_visible()
    card.get_by_role("button", name=re.compile("^备忘")).first.focus()
    first.press("Delete")
    expect(card).to_have_count(0)
    first.toast.get_by_role("button", name="关闭").click()
    place.get_by_text("已删除的附件（1）").click()
    place.get_by_role("button", name="恢复附件 备忘.txt").click()
    expect(card).to_be_visible()
    expect(place.get_by_text("已删除的附件")).to_have_count(0)


def test_a_picture_is_pasted_and_a_program_refused_in_words(desks: tuple[Desk, Desk]) -> None:
    first, _ = desks
    place = _tab(first, "附件")
    first.page.evaluate(
        """(bytes) => {
            const data = new DataTransfer()
            data.items.add(new File([new Uint8Array(bytes)], 'image.png', { type: 'image/png' }))
            document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true }))
        }""",
        list(photo("粘贴", (60, 40))),
    )
    expect(place.get_by_text(re.compile("^粘贴的图片 .*png$"))).to_be_visible()
    program: FilePayload = {"name": "setup.exe", "mimeType": "application/octet-stream", "buffer": b"MZ"}
    place.get_by_label("要附上的文件").set_input_files(program)
    expect(first.toast).to_contain_text("为了安全，不能附上 .exe 文件")
    first.toast.get_by_role("button", name="关闭").click()


def test_a_paper_is_opened_and_one_that_is_none_says_so(desks: tuple[Desk, Desk]) -> None:
    first, _ = desks
    place = _tab(first, "附件")
    spoilt: FilePayload = {"name": "坏的.pdf", "mimeType": "application/pdf", "buffer": b"no paper at all"}
    order: FilePayload = {"name": "订单.pdf", "mimeType": "application/pdf", "buffer": paper()}
    place.get_by_label("要附上的文件").set_input_files([spoilt, order])
    place.get_by_role("button", name=re.compile("^订单.pdf")).click()
    opened = first.dialog("订单.pdf")
    expect(opened.get_by_role("img", name="第 1 页").locator("canvas")).to_be_visible()
    expect(opened.get_by_role("img", name="第 2 页")).to_be_attached()
    first.press("Escape")
    place.get_by_role("button", name=re.compile("^坏的.pdf")).click()
    expect(first.dialog("坏的.pdf").get_by_text("这个文件在这里打不开")).to_be_visible()
    first.press("Escape")


def test_the_form_has_both_tabs_and_keeps_what_was_half_said(desks: tuple[Desk, Desk]) -> None:
    first, _ = desks
    drawing: FilePayload = {"name": "图纸.png", "mimeType": "image/png", "buffer": photo("图纸", (60, 40))}
    _tab(first, "附件").get_by_label("要附上的文件").set_input_files(drawing)
    customers = ListScreen(first.page, "客户信息")
    customers.cell(NAME).dblclick()
    dialog = first.dialog("修改客户")
    dialog.get_by_role("tab", name="评论").click()
    box = dialog.get_by_role("textbox", name="写评论")
    box.fill("说到一半")
    dialog.get_by_role("tab", name="附件").click()
    expect(dialog.get_by_text("图纸.png")).to_be_visible()
    dialog.get_by_role("tab", name="评论").click()
    expect(box).to_have_value("说到一半")
    box.fill("")
    first.press("Escape")
    expect(dialog).to_have_count(0)
