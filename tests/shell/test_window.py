"""The real window: pywebview on Qt, shown offscreen, driven through its debugging port."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from desktop.shell import display
from desktop.shell.window import _fitting
from tests.conftest import Program, StartProgram
from tests.e2e.window import SHOWN_S, free_port, wait_for_page

CALL = """async ([path, body]) => {
    const token = document.querySelector('meta[name="ecms-token"]').content
    const headers = { 'X-ECMS-Token': token, 'Content-Type': 'application/json' }
    return (await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) })).status
}"""


@pytest.fixture
def window(start_program: StartProgram, tmp_path: Path) -> Iterator[tuple[Program, Page]]:
    shows_on = {"QT_QPA_PLATFORM": "offscreen"}
    port = free_port()
    answer = _probe(shows_on)
    assert answer.shown == "window", f"the Qt window cannot open here: {answer.reason}"
    program = start_program(
        "run", "--window", "--data", str(tmp_path / "data"),
        **shows_on, QTWEBENGINE_REMOTE_DEBUGGING=f"127.0.0.1:{port}",
    )  # fmt: skip
    wait_for_page(port, program)
    with sync_playwright() as playwright:
        browser = playwright.chromium.connect_over_cdp(
            f"http://127.0.0.1:{port}", no_defaults=True, timeout=SHOWN_S * 1000
        )
        yield program, browser.contexts[0].pages[0]
        browser.close()


def _probe(variables: dict[str, str]) -> display.Answer:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        return display.Question().answer()
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def test_window_shows_the_page_asks_back_and_quits(window: tuple[Program, Page], tmp_path: Path) -> None:
    program, page = window
    page.wait_for_selector("body *", state="attached")
    assert page.title() == "企业客户管理系统"
    # The launch token was spent and has left the address.
    assert "token" not in page.url
    assert page.evaluate("document.querySelector('meta[name=\"ecms-token\"]').content.length") == 43
    assert page.evaluate("fetch('/api/desktop/dirty', { method: 'POST' }).then(r => r.status)") == 401
    assert page.evaluate(CALL, ["/api/desktop/dirty", {"dirty": True, "what": ["客户"]}]) == 200
    assert page.evaluate(CALL, ["/api/desktop/dirty", {"dirty": "yes"}]) == 400
    # The policy forbids code from strings. (Evaluated here directly it would pass: debuggers may.)
    page.evaluate("() => { setTimeout('window.ranText = true') }")
    page.wait_for_timeout(100)
    assert page.evaluate("window.ranText") is None
    assert page.evaluate(CALL, ["/api/desktop/quit", None]) == 200
    assert program.wait() == 0
    assert not (tmp_path / "data" / "instance.json").exists()


def test_second_start_says_so_and_ends(
    window: tuple[Program, Page], start_program: StartProgram, tmp_path: Path
) -> None:
    program, _page = window
    second = start_program("run", "--data", str(tmp_path / "data"), QT_QPA_PLATFORM="offscreen")
    assert second.wait() == 0
    assert "程序已在运行，已切换到它的窗口" in second.line("程序已在运行")
    assert program.stop() == 0


def test_the_window_never_opens_past_the_edges_of_the_screen() -> None:
    assert _fitting((1360, 840), (1280, 720)) == (1280, 720)
    assert _fitting((1100, 700), (1920, 1080)) == (1100, 700)
    assert _fitting((1360, 840), None) == (1360, 840)
