"""Without a window: the default browser, or only an address for someone to open."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

from desktop.shell.host import DOWNLOAD, Closing, Download, Mode
from desktop.shell.single import write_private

OPENED_WITHIN_S = 60.0


class BrowserHost:
    """The browser shows the program; it ends on Ctrl+C, on SIGTERM, or when the page asks."""

    mode: Mode = "browser"

    def __init__(self) -> None:
        self.closing = Closing()
        self.stopping = threading.Event()

    def save_dialog(self, suggested_name: str) -> Path | Download | None:
        return DOWNLOAD

    def print_file(self, path: Path) -> bool:
        return False

    def focus(self) -> None:
        """Nothing to raise: the second start opens a tab of its own."""

    def quit(self) -> None:
        self.stopping.set()

    def heed_signals(self) -> None:
        """From now on SIGTERM and Ctrl+C end the program in order, whatever it is at."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping.set()

    def wait(self) -> None:
        """Block until somebody ends the program."""
        # On Windows a wait without an end is deaf to Ctrl+C.
        while not self.stopping.wait(0.5 if os.name == "nt" else None):
            pass


def open_in_browser(url: str, folder: Path, is_waiting: Callable[[], bool]) -> bool:
    """Open the address without naming it on a command line, where other users could read it.

    The browser gets a private file that redirects; it is deleted as soon as the address has been used.
    """
    if not has_browser():
        return False
    page = folder / f"open-{os.getpid()}.html"
    write_private(page, f'<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url={url}">')
    if not _try_to_open(page):
        page.unlink(missing_ok=True)
        return False
    threading.Thread(target=_delete_when_used, args=(page, is_waiting), daemon=True).start()
    return True


def open_and_wait(url: str, folder: Path) -> bool:
    """For a second start, which ends at once: give the browser a moment to read the file."""
    deadline = time.monotonic() + 3
    opened = open_in_browser(url, folder, lambda: time.monotonic() < deadline)
    while opened and time.monotonic() < deadline + 0.3:
        time.sleep(0.1)
    return opened


def has_browser() -> bool:
    """A desktop to show a browser on; a text browser in this terminal would only be in the way."""
    if os.name == "nt" or os.environ.get("BROWSER"):
        return True
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _try_to_open(page: Path) -> bool:
    try:
        return webbrowser.open(page.as_uri())
    except (OSError, webbrowser.Error):
        return False


def _delete_when_used(page: Path, is_waiting: Callable[[], bool]) -> None:
    deadline = time.monotonic() + OPENED_WITHIN_S
    while is_waiting() and time.monotonic() < deadline:
        time.sleep(0.2)
    with suppress(OSError):
        page.unlink()
