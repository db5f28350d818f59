"""What the rest of the program may ask of the place it is shown in; tests bring a host of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Protocol

Mode = Literal["window", "browser"]


@dataclass(frozen=True)
class Download:
    """There is no dialog of ours: the browser downloads the file, and asks where to if it likes."""


DOWNLOAD: Final = Download()


class Closing:
    """Whether the window may close. The page reports unsaved work; a close button pressed then is asked back.

    `ask` is connected by the application to its events. It says whether a page was there to hear the
    question: with nobody to answer, the window closes.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._unsaved: tuple[str, ...] = ()
        self._is_dirty = False
        self.ask: Callable[[tuple[str, ...]], bool] = lambda _unsaved: False

    def report(self, is_dirty: bool, unsaved: tuple[str, ...]) -> None:
        with self._lock:
            self._is_dirty, self._unsaved = is_dirty, unsaved

    def may_close(self) -> bool:
        with self._lock:
            is_dirty, unsaved = self._is_dirty, self._unsaved
        return not (is_dirty and self.ask(unsaved))


class DesktopHost(Protocol):
    """The window, or the browser that stands in for it."""

    mode: Mode
    closing: Closing
    stopping: threading.Event
    """Set as soon as the program is ending; long answers such as the event stream must then end too."""

    def save_dialog(self, suggested_name: str) -> Path | Download | None:
        """Ask where to save. None: the person changed their mind. Blocks; call from a request thread."""

    def print_file(self, path: Path) -> bool:
        """Print a PDF through the system's dialog, which blocks as `save_dialog` does. False: the page can print it
        by itself."""

    def focus(self) -> None:
        """Bring the program to the front."""

    def quit(self) -> None:
        """End the program without further questions; returns at once."""
