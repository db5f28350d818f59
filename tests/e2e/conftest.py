"""The real window over a company with demonstration data, and a browser for what the window cannot do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests.e2e import window as w
from tests.e2e.window import BrowserWindow, RealWindow, Served, Window
from tests.support import made_once


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        expect.set_options(timeout=w.WAITS_MS)
        yield started


@pytest.fixture(scope="package")
def browser(playwright: Playwright, chromium: str) -> Iterator[Browser]:
    # Pages live for seconds here: code that is compiled to run fast for hours never gives back what that takes.
    scripts = "--js-flags=--no-opt --no-maglev"
    launched = playwright.chromium.launch(
        executable_path=chromium, args=["--no-sandbox", "--headless=new", "--disable-gpu", scripts]
    )
    yield launched
    launched.close()


@pytest.fixture(scope="package")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder to copy from."""
    return made_once(tmp_path_factory, "company", w.found_company)


@pytest.fixture(scope="package")
def window_on(request: pytest.FixtureRequest, playwright: Playwright) -> Callable[[Path], Window]:
    """Makes what shows the screens of a data folder: Chromium, or with `--real-window` the window itself."""
    if request.config.getoption("--real-window"):
        w.need_window()
        return partial(RealWindow, playwright)
    return partial(BrowserWindow, request.getfixturevalue("browser"))


@pytest.fixture(scope="package")
def shared_window(
    window_on: Callable[[Path], Window], company: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Window]:
    window = window_on(w.copy_of(company, tmp_path_factory.mktemp("window") / "data"))
    window.open()
    yield window
    window.close()


@pytest.fixture
def window(shared_window: Window) -> Iterator[Window]:
    """The administrator's window as on the first day; complaints of the page fail the test."""
    begin_anew(shared_window)
    yield shared_window
    assert not shared_window.watch.complaints()


def begin_anew(window: Window) -> None:
    window.watch.start()
    window.api.sign_in()
    window.api.forget_screens()
    window.begin_anew()
    expect(window.page.get_by_role("tab", name="工作台")).to_be_visible()


@pytest.fixture
def page(window: Window) -> Page:
    return window.page


@pytest.fixture
def empty_window(playwright: Playwright, tmp_path: Path) -> Iterator[RealWindow]:
    """The real window on the first day, before anybody has set it up."""
    w.need_window()
    window = RealWindow(playwright, tmp_path / "data")
    window.open()
    yield window
    window.close()
    assert not window.watch.complaints()


@pytest.fixture(scope="package")
def served(browser: Browser, company: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = w.copy_of(company, tmp_path_factory.mktemp("served") / "data")
    with w.serve(browser, folder) as started:
        yield started


@pytest.fixture
def own_window(playwright: Playwright, company: Path, tmp_path: Path) -> Iterator[RealWindow]:
    """The real window, of the test's own, at the login page: it may be closed for good."""
    w.need_window()
    window = RealWindow(playwright, w.copy_of(company, tmp_path / "data"))
    window.open()
    yield window
    window.close()
    assert not window.watch.complaints()


@pytest.fixture
def context(served: Served) -> Iterator[BrowserContext]:
    """A browser that is signed in; complaints of its pages fail the test."""
    served.watch.start()
    yield served.context
    for page in served.context.pages[1:]:
        page.close()
    assert not served.watch.complaints()
