"""The window's and the browser's manners: when a close button closes, and what a command line gives away."""

from __future__ import annotations

import re
import stat
import sys
import time
from pathlib import Path

import pytest

from desktop.shell.browser import BrowserHost, has_browser
from desktop.shell.host import DOWNLOAD, Closing
from desktop.shell.window import SIZE, SIZE_MIN, WindowHost, _remembered_size
from tests.conftest import StartProgram
from tests.shell.test_cli import walk_in


class Native:
    """Stands for pywebview's window, which needs a screen."""

    width, height = 1280, 800
    destroyed = 0

    def destroy(self) -> None:
        self.destroyed += 1


@pytest.fixture
def window(tmp_path: Path) -> WindowHost:
    host = WindowHost(tmp_path)
    host._window = Native()
    return host


def test_window_with_nothing_unsaved_closes(window: WindowHost) -> None:
    assert window._may_close()
    assert window.stopping.is_set()


def test_window_with_unsaved_work_asks_the_page_and_stays(window: WindowHost) -> None:
    asked: list[tuple[str, ...]] = []

    def ask(unsaved: tuple[str, ...]) -> bool:
        asked.append(unsaved)
        return True

    window.closing.ask = ask
    window.closing.report(True, ("客户 甲",))
    assert not window._may_close()
    assert asked == [("客户 甲",)]
    window.closing.report(False, ())
    assert window._may_close()


def test_window_closes_when_no_page_is_there_to_answer(window: WindowHost) -> None:
    window.closing.report(True, ("客户 甲",))
    assert window._may_close()


def test_quit_does_not_ask_again(window: WindowHost) -> None:
    window.closing.ask = lambda _unsaved: True
    window.closing.report(True, ("客户 甲",))
    window.quit()
    window.quit()
    assert window._window.destroyed == 1
    assert window._may_close()


def test_window_remembers_its_size_and_distrusts_the_file(window: WindowHost, tmp_path: Path) -> None:
    assert _remembered_size(tmp_path) == SIZE
    assert window._may_close()
    assert _remembered_size(tmp_path) == (1280, 800)
    for content in ("", "[]", '{"width": "wide"}', '{"width": 1, "height": 1}'):
        (tmp_path / "window.json").write_text(content)
        assert _remembered_size(tmp_path) in (SIZE, SIZE_MIN)


def test_new_program_has_nothing_unsaved() -> None:
    assert Closing().may_close()


def test_browser_downloads_files_itself() -> None:
    assert BrowserHost().save_dialog("客户.xlsx") is DOWNLOAD


def test_no_desktop_no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert not has_browser()


def test_browser_start_keeps_the_token_off_the_command_line(start_program: StartProgram, tmp_path: Path) -> None:
    seen, fake = tmp_path / "seen", tmp_path / "browser"
    fake.write_text(f"#!/bin/sh\nprintf '%s' \"$1\" > {seen}\n")
    fake.chmod(0o755)
    program = start_program("run", "--browser", "--data", str(tmp_path / "data"), BROWSER=str(fake))
    program.line("已在浏览器中打开")
    address = _content_of(seen)
    assert "token" not in address
    page = Path(address.removeprefix("file://"))
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    found = re.search(r"url=([^\"]+)", page.read_text())
    assert found
    assert walk_in(found[1])[0] == 200
    deadline = time.monotonic() + 5
    while page.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not page.exists()
    assert program.stop() == 0


def _content_of(file: Path) -> str:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if file.exists() and file.read_text():
            return file.read_text()
        time.sleep(0.02)
    raise AssertionError("the browser was not started")
