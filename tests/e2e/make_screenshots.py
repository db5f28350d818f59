"""Makes the pictures of the README anew, in the real window: `python -m tests.e2e.make_screenshots`."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from playwright.sync_api import expect, sync_playwright

from tests.conftest import ROOT
from tests.e2e import places
from tests.e2e import window as w
from tests.e2e.screen import ListScreen, Screen
from tests.e2e.window import RealWindow

FOLDER: Final = ROOT / "web_ui" / "screenshots"


def login(screen: Screen) -> None:
    screen.api.ok("DELETE", "/api/session")
    screen.page.reload()
    expect(screen.page.get_by_role("heading", name="登录")).to_be_visible()


def main_list(screen: Screen) -> ListScreen:
    """Key accounts, one of them chosen."""
    customers = screen.open_list()
    group = customers.tree.get_by_role("treeitem", name=re.compile("^重点客户"))
    group.click()
    group.press("ArrowRight")
    customers.loaded()
    customers.grid.get_by_role("gridcell", name="成交").nth(2).click(button="right")
    customers.entry("按此值过滤「成交」").click()
    expect(customers.chip("客户状态")).to_be_visible()
    customers.loaded()
    customers.grid.get_by_role("checkbox", name="选择第 2 行").click()
    customers.grid.get_by_role("gridcell", name="选择第 2 行").locator("xpath=following-sibling::*[2]").click()
    expect(customers.related.get_by_role("gridcell").first).not_to_be_empty()
    return customers


def dark(screen: Screen) -> None:
    screen.api.ok("PUT", "/api/state/appearance", {"value": {"theme": "dark", "scale": 100}})
    screen.page.reload()
    main_list(screen)


PICTURES: Final[dict[str, Callable[[Screen], object]]] = {
    "start": places.start_page,
    "list": main_list,
    "dialog": places.record,
    "filter": places.filtered,
    "list-dark": dark,
    "login": login,
}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        window = RealWindow(playwright, w.found_company(Path(folder) / "data"))
        window.open()
        try:
            for name, go in PICTURES.items():
                window.start_page()
                screen = Screen(window.page)
                screen.api.forget_screens()
                window.page.evaluate("history.replaceState(null, '', '/')")
                window.page.reload()
                expect(window.page.get_by_role("tab", name="工作台")).to_be_visible()
                go(screen)
                places.still(window.page)
                window.page.mouse.move(0, 0)
                window.page.screenshot(path=FOLDER / f"{name}.png")
                print(f"{name}.png")
        finally:
            window.close()


if __name__ == "__main__":
    main()
