"""The window. The only file that knows pywebview, and through it Qt on Linux and WebView2 on Windows."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from desktop.files import make_private
from desktop.shell.host import Closing, Download, Mode

TITLE = "企业客户管理系统"
ICON = Path(__file__).with_name("icon.svg")
SIZE = (1360, 840)
SIZE_MIN = (1024, 640)
ZOOM_STEP, ZOOM_MIN, ZOOM_MAX = 0.1, 0.5, 2.0

_WORDS = {
    "global.quitConfirmation": "确定要退出吗？",
    "global.ok": "确定",
    "global.quit": "退出",
    "global.cancel": "取消",
    "global.saveFile": "保存文件",
    "windows.fileFilter.allFiles": "所有文件",
    "windows.fileFilter.otherFiles": "其他文件",
    "linux.openFile": "打开文件",
    "linux.openFiles": "打开文件",
    "linux.openFolder": "打开文件夹",
}


class WindowHost:
    """One window on one page. `show` belongs on the main thread and blocks until the window is gone."""

    mode: Mode = "window"

    def __init__(self, folder: Path) -> None:
        self.closing = Closing()
        self.stopping = threading.Event()
        self._folder = folder
        self._window: Any = None
        self._dialog = threading.Lock()

    def load(self) -> None:
        """Raises ImportError where the window's libraries are missing."""
        _quiet_environment()
        import webview  # noqa: F401

        if sys.platform.startswith("linux"):
            import PySide6.QtWebEngineWidgets  # noqa: F401

    def show(self, url: str) -> None:
        import webview

        webview.settings["OPEN_EXTERNAL_LINKS_IN_BROWSER"] = True
        webview.settings["ALLOW_FILE_URLS"] = False
        toolkit: Any = _prepare_qt() if sys.platform.startswith("linux") else None
        size = _fitting(_remembered_size(self._folder), _screen(toolkit))
        self._window = webview.create_window(
            TITLE, url, width=size[0], height=size[1], min_size=SIZE_MIN, text_select=True, zoomable=True
        )
        self._window.events.closing += self._may_close
        if toolkit is not None:
            self._window.events.before_show += self._set_up_qt
        with suppress(ValueError):  # not the main thread: a test
            signal.signal(signal.SIGTERM, self._on_signal)
        storage = self._folder / "webview"
        make_private(storage)
        webview.start(
            gui="qt" if toolkit is not None else None,
            private_mode=False,
            storage_path=str(storage),
            localization=_WORDS,
            icon=str(ICON) if toolkit is not None else None,
        )
        self.stopping.set()

    def save_dialog(self, suggested_name: str) -> Path | Download | None:
        # One dialog at a time: pywebview keeps a single answer per window.
        with self._dialog:
            if sys.platform.startswith("linux"):
                return self._ask_on_qt(suggested_name)
            import webview

            chosen = self._window.create_file_dialog(
                webview.FileDialog.SAVE, directory=str(_documents()), save_filename=suggested_name
            )
        if not chosen:
            return None
        return Path(chosen if isinstance(chosen, str) else chosen[0])

    def print_file(self, path: Path) -> bool:
        # Qt's page never prints, whatever it is asked; WebView2's does.
        if not sys.platform.startswith("linux"):
            return False
        with self._dialog:
            self._answer_of_qt(lambda: _qt_print(self._window.native, path))
        return True

    def focus(self) -> None:
        if self._window is not None:
            self._window.restore()
            self._window.show()

    def quit(self) -> None:
        if not self.stopping.is_set() and self._window is not None:
            self.stopping.set()
            self._window.destroy()

    def _may_close(self) -> bool:
        # Runs on the window's own thread: anything that waits for the page would wait forever.
        if not (self.stopping.is_set() or self.closing.may_close()):
            return False
        _remember_size(self._folder, self._window)
        self.stopping.set()
        return True

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.quit()

    def _on_main_thread(self, work: Callable[[], None]) -> None:
        self._window.native.create_window_trigger.emit(work)

    def _ask_on_qt(self, suggested_name: str) -> Path | None:
        chosen = self._answer_of_qt(lambda: _qt_save_dialog(self._window.native, suggested_name))
        return chosen[0] if chosen else None

    def _answer_of_qt(self, ask: Callable[[], list[Path]]) -> list[Path]:
        """What a dialog on the window's own thread answers; nothing when the program ends meanwhile."""
        answered = threading.Event()
        chosen: list[Path] = []

        def work() -> None:
            try:
                chosen.extend(ask())
            finally:
                answered.set()

        self._on_main_thread(work)
        while not answered.wait(0.5):
            if self.stopping.is_set():
                return []
        return chosen

    def _set_up_qt(self) -> None:
        def work() -> None:
            _allow_clipboard(self._window.native)
            _add_zoom(self._window.native)

        self._on_main_thread(work)


# --- Qt ----------------------------------------------------------------------------------------------------


def _quiet_environment() -> None:
    if not sys.platform.startswith("linux"):
        return
    # Chromium refuses its sandbox to root, and to nobody else.
    if os.geteuid() == 0:
        os.environ["QTWEBENGINE_DISABLE_SANDBOX"] = "1"
    os.environ.setdefault("QT_LOGGING_RULES", "qt.webenginecontext.*=false;qt.qpa.*=false")
    os.environ["QT_API"] = "pyside6"


def _prepare_qt() -> Any:
    """An application that speaks Chinese; pywebview takes over the one it finds."""
    from PySide6.QtCore import QLibraryInfo, QTranslator
    from PySide6.QtWidgets import QApplication

    application = QApplication.instance() or QApplication([TITLE])
    application.setApplicationName(TITLE)
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    for name in ("qtbase_zh_CN", "qtwebengine_zh_CN"):
        translator = QTranslator(application)
        if translator.load(name, folder):
            application.installTranslator(translator)
    return application


def _qt_save_dialog(parent: Any, suggested_name: str) -> list[Path]:
    """A dialog of our own: the one pywebview opens stays half English and starts in the program's folder."""
    from PySide6.QtWidgets import QFileDialog

    dialog = QFileDialog(parent, "保存文件", str(_documents()))
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setFileMode(QFileDialog.FileMode.AnyFile)
    dialog.setDefaultSuffix(Path(suggested_name).suffix.lstrip("."))
    labels = QFileDialog.DialogLabel
    for label, text in (
        (labels.LookIn, "位置："),
        (labels.FileName, "文件名："),
        (labels.FileType, "类型："),
        (labels.Accept, "保存"),
        (labels.Reject, "取消"),
    ):
        dialog.setLabelText(label, text)
    dialog.setNameFilters(["所有文件 (*)"])
    dialog.selectFile(suggested_name)
    return [Path(name) for name in dialog.selectedFiles()] if dialog.exec() else []


def _qt_print(parent: Any, path: Path) -> list[Path]:
    """The system's dialog, then the system's spooler, which prints PDF as it is; without a spooler the PDF is opened
    in whatever shows PDFs."""
    from PySide6.QtCore import QUrl
    from PySide6.QtGui import QDesktopServices
    from PySide6.QtPrintSupport import QPrintDialog, QPrinter, QPrinterInfo

    if shutil.which("lp") is None or not QPrinterInfo.availablePrinterNames():
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
        return []
    printer = QPrinter()
    dialog = QPrintDialog(printer, parent)
    dialog.setWindowTitle("打印")
    dialog.setOption(QPrintDialog.PrintDialogOption.PrintToFile, False)
    if dialog.exec():
        pages = (printer.fromPage(), printer.toPage())
        subprocess.run(spooled(path, printer.printerName(), printer.copyCount(), pages), check=False)
    return []


def spooled(path: Path, printer: str, copies: int, pages: tuple[int, int]) -> list[str]:
    """The command that hands a PDF to the spooler; pages from 0 are all."""
    some = ["-P", f"{pages[0]}-{pages[1]}"] if pages[0] else []
    return ["lp", "-s", "-d", printer, "-n", str(max(1, copies)), *some, "--", str(path)]


def _allow_clipboard(native: Any) -> None:
    """Without these the page's calls to copy and paste are never answered; only our own page is shown here."""
    from PySide6.QtWebEngineCore import QWebEngineSettings

    settings = native.webview.settings()
    for name in ("JavascriptCanAccessClipboard", "JavascriptCanPaste"):
        settings.setAttribute(getattr(QWebEngineSettings.WebAttribute, name), True)


def _add_zoom(native: Any) -> None:
    from PySide6.QtGui import QKeySequence, QShortcut

    page = native.webview.page()

    def zoom(step: float) -> None:
        factor = page.zoomFactor() + step if step else 1.0
        page.setZoomFactor(min(ZOOM_MAX, max(ZOOM_MIN, round(factor, 2))))

    for keys, step in (("Ctrl++", ZOOM_STEP), ("Ctrl+=", ZOOM_STEP), ("Ctrl+-", -ZOOM_STEP), ("Ctrl+0", 0.0)):
        QShortcut(QKeySequence(keys), native).activated.connect(lambda step=step: zoom(step))


# --- small things ------------------------------------------------------------------------------------------


def _documents() -> Path:
    import platformdirs

    folder = platformdirs.user_documents_path()
    return folder if folder.is_dir() else Path.home()


def _remembered_size(folder: Path) -> tuple[int, int]:
    with suppress(OSError, ValueError, TypeError, KeyError):
        read = json.loads((folder / "window.json").read_text(encoding="utf-8"))
        return max(SIZE_MIN[0], int(read["width"])), max(SIZE_MIN[1], int(read["height"]))
    return SIZE


def _screen(toolkit: Any) -> tuple[int, int] | None:
    """What the screen offers beside its bars; None where nobody can say."""
    if toolkit is not None:
        room = toolkit.primaryScreen().availableGeometry()
        return room.width(), room.height()
    if sys.platform == "win32":
        import ctypes

        metrics = ctypes.windll.user32.GetSystemMetrics
        return metrics(16), metrics(17)  # SM_CXFULLSCREEN, SM_CYFULLSCREEN: without the task bar
    return None


def _fitting(size: tuple[int, int], screen: tuple[int, int] | None) -> tuple[int, int]:
    """The wanted size, but never past the edges of the screen."""
    return size if screen is None else (min(size[0], screen[0]), min(size[1], screen[1]))


def _remember_size(folder: Path, window: Any) -> None:
    with suppress(OSError, TypeError, ValueError):
        text = json.dumps({"width": int(window.width), "height": int(window.height)})
        (folder / "window.json").write_text(text, encoding="utf-8")
