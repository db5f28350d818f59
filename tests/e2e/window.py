"""The program as tests of the screens meet it: the real window, or a plain browser on the same pages.

The real window is pywebview on Qt, shown offscreen and driven through its debugging port. What is about the window,
the first start and the end looks at it; the screens are looked at in Chromium, which is a third less work, and all of
them in the real window by `build/ecms.py soak`. The real window has one page, no downloads and no second context; what
needs those has `ecms serve` and a context of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Playwright, Request

from desktop.shell import display
from tests.conftest import ROOT, Program, started

OFFSCREEN: Final = {"QT_QPA_PLATFORM": "offscreen"}
SHOWN_S: Final = 30.0
WAITS_MS: Final = 20_000
SMALL: Final = (1280, 720)

COMPANY: Final = "苏州衡远工业品有限公司"
DEPARTMENT: Final = "管理部"
ADMIN: Final = "周敏"
PASSWORD: Final = "correct horse"
DEMO_PASSWORD: Final = "demo1234"
CUSTOMERS: Final = 3000

CALL: Final = """async ([method, path, body, headers]) => {
    const token = document.querySelector('meta[name="ecms-token"]').content
    const answer = await fetch(path, {
        method, headers: { 'X-ECMS-Token': token, ...(body === null ? {} : { 'Content-Type': 'application/json' }), ...headers },
        body: body === null ? null : JSON.stringify(body),
    })
    const text = await answer.text()
    return [answer.status, text ? JSON.parse(text) : null]
}"""  # noqa: E501


def run_ecms(*words: str, typed: str = "") -> None:
    """A command of the program, to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "desktop", *words],
        cwd=ROOT,
        input=typed,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, f"ecms {' '.join(words)}: {done.stdout} {done.stderr}"


def found_company(folder: Path, customers: int = CUSTOMERS) -> Path:
    """A company with demonstration data, made by the commands."""
    data = ("--data", str(folder))
    run_ecms(
        "init", *data, "--company", COMPANY, "--branch", "总部", "--admin", ADMIN, "--password-stdin",
        typed=f"{PASSWORD}\n",
    )  # fmt: skip
    if customers:
        run_ecms("demo", *data, "--customers", str(customers), "--documents", "0")
    return folder


def copy_of(template: Path, folder: Path) -> Path:
    shutil.copytree(template, folder, dirs_exist_ok=True)
    return folder


# --- what must not happen while a test looks on ------------------------------------------------------------


@dataclass
class Watch:
    """Collects what the page complains of: errors, violations of the policy, requests to elsewhere."""

    found: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def look_at(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.found.append(f"page error: {error}\n{error.stack or ''}"))
        page.on("request", self._request)

    def allow(self, *parts: str) -> None:
        """What this test makes happen on purpose, e.g. a refused login."""
        self.allowed.extend(parts)

    def start(self) -> None:
        self.found.clear()
        self.allowed.clear()

    def complaints(self) -> list[str]:
        found = [text for text in self.found if not _asked_for_what_just_went(text)]
        return [text for text in found if not any(part in text for part in self.allowed)]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.found.append(f"console {message.type}: {message.text} ({message.location.get('url', '')})")

    def _request(self, request: Request) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            self.found.append(f"request to elsewhere: {request.url}")


def _asked_for_what_just_went(text: str) -> bool:
    """The panel's or a picture's question about a record was under way when the record was deleted: no order of events
    forbids it."""
    return "404 (NOT FOUND)" in text and ("/related" in text or "/thumbnail" in text)


# --- a page, however it is shown ---------------------------------------------------------------------------


@dataclass
class Api:
    """The HTTP API, called from within the page: the cookie is nobody's but the page's."""

    page: Page

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        status, answer = self.page.evaluate(CALL, [method, path, body, headers])
        return status, answer

    def ok(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        status, answer = self.call(method, path, body, **headers)
        assert status < 300, f"{method} {path}: {status} {answer}"
        return answer

    def get(self, path: str) -> Any:
        return self.ok("GET", path)

    def add(self, module: str, **values: Any) -> dict[str, Any]:
        row: dict[str, Any] = self.ok("POST", f"/api/records/{module}", values)["row"]
        return row

    def change(self, module: str, row: dict[str, Any], **values: Any) -> dict[str, Any]:
        """As somebody else would, who has just read the record."""
        path = f"/api/records/{module}/{row['id']}"
        now = self.get(path)["row"]
        changed: dict[str, Any] = self.ok("PATCH", path, values, **{"If-Match": f'"{now["rev"]}"'})["row"]
        return changed

    def rows(self, module: str, query: str = "") -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.get(f"/api/records/{module}?limit=500&{query}")["rows"]
        return rows

    def total(self, module: str, query: str = "") -> int:
        total: int = self.get(f"/api/records/{module}?limit=1&want=total&{query}")["total"]
        return total

    def find(self, module: str, **values: str) -> dict[str, Any]:
        """The one record with these values."""
        asked = json.dumps({"and": [{"field": name, "op": "eq", "value": value} for name, value in values.items()]})
        found = self.rows(module, f"filter={asked}")
        assert len(found) == 1, f"{module} {values}: {len(found)} found"
        return found[0]

    def groups(self) -> dict[str, str]:
        """Customer groups: title → id."""
        return {node["title"]: node["id"] for node in self.get("/api/tree/customer_group")}

    def sign_in(self, user: str = ADMIN, password: str = PASSWORD) -> None:
        known = self.get("/api/session")
        if known["signed_in"] and known["operator"]["login_name"] == user:
            return
        if known["signed_in"]:
            self.ok("DELETE", "/api/session")
            # Until the page has noticed, it would take the next one for an intruder and begin anew by itself.
            self.page.locator(".login").wait_for()
        department = next(one["id"] for one in known["departments"] if user in one["users"])
        self.ok("POST", "/api/session", {"department": department, "user": user, "password": password})

    def forget_screens(self) -> None:
        """Tabs, columns, colours and drafts of all operators are as on the first day."""
        # Straight from the database: asking for each key of each module would be a second of work before every test.
        folder = Path(self.get("/api/session")["data_dir"])
        with closing(sqlite3.connect(folder / "ecms.db", timeout=WAITS_MS / 1000)) as db, db:
            db.execute(
                """DELETE FROM ui_state WHERE key IN ('tabs', 'shell', 'appearance') OR key GLOB 'tree:*'
                OR key GLOB 'layout:*' OR key GLOB 'draft:*:new'"""
            )
        for module in ("customer", "contact"):
            for one in self.get(f"/api/filters/{module}"):
                self.ok("DELETE", f"/api/filters/{module}/{one['id']}")


# --- the real window ---------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def need_window() -> None:
    """Fails with the line that installs what is missing; a window that is never tried proves nothing."""
    before = {name: os.environ.get(name) for name in OFFSCREEN}
    os.environ.update(OFFSCREEN)
    try:
        answer = display.Question().answer()
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    if answer.shown != "window":
        pytest.fail(f"the Qt window cannot open here: {answer.reason}")


class Window(ABC):
    """The program on one data folder, and the page that shows it; may be closed, killed and opened again."""

    words: ClassVar[tuple[str, ...]]
    """What the program is started with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.watch = Watch()
        self._program: Program | None = None
        self._page: Page | None = None

    @property
    def page(self) -> Page:
        assert self._page is not None, "the window is closed"
        return self._page

    @property
    def program(self) -> Program:
        assert self._program is not None, "the window is closed"
        return self._program

    @property
    def api(self) -> Api:
        return Api(self.page)

    def open(self, size: tuple[int, int] = SMALL) -> Page:
        variables: dict[str, str] = {}
        show = self._shown_by(variables)
        self._program = started("desktop", *self.words, "--data", str(self.folder), **variables)
        self._page = show(self._program)
        self._page.set_default_timeout(WAITS_MS)
        self._page.set_viewport_size({"width": size[0], "height": size[1]})
        self.watch.look_at(self._page)
        return self._page

    def start_page(self, user: str = ADMIN, password: str = PASSWORD) -> None:
        """Signed in without the login page."""
        self.page.wait_for_selector("#app > *", state="attached")
        self.api.sign_in(user, password)
        self.begin_anew()
        self.page.get_by_role("tab", name="工作台").wait_for()

    def begin_anew(self) -> None:
        """The page from its first address. One that notices another user begins anew by itself, at the same time."""
        with suppress(Error):
            self.page.evaluate("window.isOld = true; history.replaceState(null, '', '/')")
        with suppress(Error):
            self.page.reload()
        self.page.wait_for_function("() => !window.isOld && document.readyState === 'complete'")

    def kill(self) -> None:
        """As a power cut would."""
        self._leave()
        if self._program is not None:
            self._program.kill()
            self._end()

    def close(self) -> None:
        """As the person at the desk would; kills what does not answer."""
        self._leave()
        if self._program is not None:
            try:
                self._program.stop()
            except subprocess.TimeoutExpired:
                self._program.kill()
            self._end()

    def ended(self) -> int:
        """The exit code, when the page itself has asked the program to quit."""
        code = self.program.wait()
        self._leave()
        self._end()
        return code

    @abstractmethod
    def _shown_by(self, variables: dict[str, str]) -> Callable[[Program], Page]:
        """What brings the page of a program on the screen; `variables` get what the program needs for it."""

    def _leave(self) -> None:
        self._page = None

    def _end(self) -> None:
        close_streams(self.program)
        self._program = None


def close_streams(program: Program) -> None:
    for stream in (program.process.stdout, program.process.stderr):
        assert stream is not None
        stream.close()


class RealWindow(Window):
    """`ecms run --window`: pywebview on Qt, driven through its debugging port."""

    words = ("run", "--window")

    def __init__(self, playwright: Playwright, folder: Path) -> None:
        super().__init__(folder)
        self._playwright = playwright
        self._browser: Browser | None = None

    def _shown_by(self, variables: dict[str, str]) -> Callable[[Program], Page]:
        port = free_port()
        variables |= {"QTWEBENGINE_REMOTE_DEBUGGING": f"127.0.0.1:{port}", **OFFSCREEN}

        def show(program: Program) -> Page:
            wait_for_page(port, program)
            # Without no_defaults: "Browser context management is not supported".
            self._browser = self._playwright.chromium.connect_over_cdp(
                f"http://127.0.0.1:{port}", no_defaults=True, timeout=SHOWN_S * 1000
            )
            return self._browser.contexts[0].pages[0]

        return show

    def _leave(self) -> None:
        super()._leave()
        if self._browser is not None:
            self._browser.close()
            self._browser = None


class BrowserWindow(Window):
    """`ecms serve` in Chromium: the same page at two thirds of the work, for what is not about the window."""

    words = ("serve",)

    def __init__(self, browser: Browser, folder: Path) -> None:
        super().__init__(folder)
        self._browser = browser
        self._context: BrowserContext | None = None

    def _shown_by(self, variables: dict[str, str]) -> Callable[[Program], Page]:
        def show(program: Program) -> Page:
            address = program.address()
            self._context = self._browser.new_context()
            page = self._context.new_page()
            page.goto(address)
            return page

        return show

    def _leave(self) -> None:
        super()._leave()
        if self._context is not None:
            self._context.close()
            self._context = None


def wait_for_page(port: int, program: Program) -> None:
    """Connecting before the page exists would hang."""
    deadline = time.monotonic() + SHOWN_S
    while time.monotonic() < deadline and program.process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=5) as answer:
                tabs = json.load(answer)
        except OSError:
            tabs = []
        if any(tab["type"] == "page" and tab["url"].startswith("http://127.0.0.1") for tab in tabs):
            return
        time.sleep(0.05)
    pytest.fail(f"the window did not show a page; said: {program.lines} {program.errors[-20:]}")


# --- a plain browser ---------------------------------------------------------------------------------------


@dataclass
class Served:
    """`ecms serve` on one data folder, and Chromium to look at it."""

    context: BrowserContext
    origin: str
    watch: Watch


@contextmanager
def serve(browser: Browser, folder: Path) -> Iterator[Served]:
    program = started("desktop", "serve", "--data", str(folder))
    try:
        address = program.address()
        context = browser.new_context(viewport={"width": SMALL[0], "height": SMALL[1]}, accept_downloads=True)
        context.set_default_timeout(WAITS_MS)
        page = context.new_page()
        watch = Watch()
        watch.look_at(page)
        page.goto(address)
        page.locator(".login").wait_for()
        Api(page).sign_in()
        page.reload()
        yield Served(context, address.partition("/?")[0], watch)
        context.close()
    finally:
        program.kill()
        close_streams(program)
