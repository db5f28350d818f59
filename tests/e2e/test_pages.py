"""Every kind of page: nothing is cut off, nothing is English, and axe finds nothing serious, in light and in dark.

The pictures are kept in pytest's temporary folder for whoever wants to look.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import ROOT
from tests.e2e import places
from tests.e2e import window as w
from tests.e2e.conftest import begin_anew
from tests.e2e.screen import Screen
from tests.e2e.window import SMALL, RealWindow, Window

AXE: Final = ROOT / "web_ui" / "node_modules" / "axe-core" / "axe.min.js"
LARGE: Final = (1920, 1080)
BAD: Final = ("serious", "critical")
ENLARGED: Final = ("start", "list", "filter", "new", "roles", "document")
OFTEN: Final = frozenset((place, number % 2 == 1) for number, place in enumerate(ENLARGED))

# Texts that may end in … by design, or scroll, are not looked at; only what a person must read to act.
_CUT_OFF = """() => {
    const seen = (el) => el.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && el.getClientRects().length > 0
    const name = (el) => `${el.tagName.toLowerCase()}.${el.className} "${(el.innerText || '').trim().slice(0, 30)}"`
    const wrong = []
    const root = document.documentElement
    if (root.scrollWidth > root.clientWidth + 1) wrong.push(`the page is ${root.scrollWidth - root.clientWidth} px too wide`)
    for (const el of document.querySelectorAll('button, label, [role=menuitem], [role=tab], h1, h2, h3, legend, .hint')) {
        if (!seen(el) || el.closest('.sr-only, .cut, [role=row], [role=tablist], .el-radio__input') || el.matches('.words, :has(.cut)')) continue
        if (el.scrollWidth > el.clientWidth + 1 && getComputedStyle(el).display !== 'inline') wrong.push(`cut off: ${name(el)}`)
    }
    for (const el of document.querySelectorAll('[role=dialog], [role=alertdialog], [role=menu], .toast')) {
        const box = el.getBoundingClientRect()
        if (seen(el) && (box.left < -1 || box.top < -1 || box.right > innerWidth + 1 || box.bottom > innerHeight + 1)) wrong.push(`outside: ${name(el)}`)
    }
    return wrong
}"""  # noqa: E501
# What a status says names records.
_WORDS = """() => [...document.querySelectorAll('button, label, [role=menuitem], [role=tab], [role=columnheader], [role=treeitem], h1, h2, h3, p, legend, th, dt')]
    .filter((el) => el.checkVisibility() && !el.closest('[role=row]:not(:has([role=columnheader])), [role=status], article'))
    .flatMap((el) => [el.innerText, el.title, el.ariaLabel, el.placeholder]).filter(Boolean)"""  # noqa: E501
# Names of keys, and what is called so in Chinese, too.
_KNOWN = re.compile(
    r"Ctrl|Shift|Alt|MB|mm|Enter|Esc|Ins|Del|Tab|Space|Home|End|PgUp|PgDn|F\d+|ECMS|VIP|QQ|xlsx|csv|Excel|KH\w+|SMS",
    re.ASCII,
)


def findings(page: Page) -> list[str]:
    """What axe calls serious or critical: rule, words and the elements."""
    if not AXE.is_file():
        pytest.fail(f"{AXE} is missing: run python3 build/ecms.py setup")
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    # Rows of a list are alike, and to look at all of them would be a third of the time.
    found: list[dict[str, Any]] = page.evaluate(
        """axe.run({ exclude: [['.ag-row:nth-child(n+6)']] }, { resultTypes: ['violations'] })
            .then((result) => result.violations)"""
    )
    return [
        f"axe {one['id']} ({one['impact']}): {one['help']}: {[node['html'][:200] for node in one['nodes']][:4]}"
        for one in found
        if one["impact"] in BAD
    ]


def make_dark(page: Page) -> None:
    """As the preferences do, without losing what is open."""
    page.evaluate("document.documentElement.classList.add('dark')")


def layout(page: Page) -> list[str]:
    cut: list[str] = page.evaluate(_CUT_OFF)
    return cut


def english(page: Page) -> list[str]:
    words: list[str] = page.evaluate(_WORDS)
    return sorted({text for text in words if "/" not in text and re.search("[A-Za-z]{2}", _KNOWN.sub("", text))})


@pytest.fixture
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.getbasetemp() / "pictures"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def clean_window(
    window_on: Callable[[Path], Window], company: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Window]:
    """What other tests have typed is not in the pictures."""
    window = window_on(w.copy_of(company, tmp_path_factory.mktemp("pages") / "data"))
    window.open()
    yield window
    window.close()


@pytest.fixture
def looking(clean_window: Window) -> Iterator[Page]:
    """The window, which is small again afterwards."""
    begin_anew(clean_window)
    yield clean_window.page
    clean_window.page.set_viewport_size({"width": SMALL[0], "height": SMALL[1]})
    assert not clean_window.watch.complaints()


@pytest.mark.parametrize(
    ("place", "is_dark"),
    [
        pytest.param(place, is_dark, marks=[pytest.mark.soak] * ((place, is_dark) not in OFTEN))
        for place in places.PLACES
        for is_dark in (False, True)
    ],
)
def test_page_is_whole_readable_and_chinese(looking: Page, pictures: Path, place: str, is_dark: bool) -> None:
    """The pages that are made of most parts, by turns in light and in dark; the long tests see every page in both."""
    page = looking
    places.PLACES[place](Screen(page))
    if is_dark:
        make_dark(page)
    places.still(page)
    wrong = [*findings(page), *layout(page), *(f"English: {text}" for text in english(page))]
    page.screenshot(path=pictures / f"{place}-{'dark' if is_dark else 'light'}.png")
    if place in ENLARGED:
        page.set_viewport_size({"width": LARGE[0], "height": LARGE[1]})
        places.still(page)
        wrong += [f"large: {text}" for text in layout(page)]
        page.screenshot(path=pictures / f"{place}-large.png")
    assert not wrong


@pytest.mark.parametrize(
    ("place", "scale"),
    [
        pytest.param("list", 150, marks=pytest.mark.soak),
        ("new", 200),
        *(pytest.param(place, 200, marks=pytest.mark.soak) for place in ENLARGED if place != "new"),
    ],
)
def test_page_is_whole_when_enlarged(looking: Page, pictures: Path, place: str, scale: int) -> None:
    page, screen = looking, Screen(looking)
    screen.api.ok("PUT", "/api/state/appearance", {"value": {"theme": "light", "scale": scale}})
    page.reload()
    expect(page.get_by_role("tab", name="工作台")).to_be_visible()
    places.PLACES[place](screen)
    places.still(page)
    page.screenshot(path=pictures / f"{place}-{scale}.png")
    assert not layout(page)


def test_login_is_whole_and_readable(clean_window: Window, looking: Page, pictures: Path) -> None:
    clean_window.watch.allow("status of 401")
    clean_window.api.ok("DELETE", "/api/session")
    looking.reload()
    expect(looking.get_by_role("heading", name="登录")).to_be_visible()
    wrong = [*findings(looking), *layout(looking)]
    looking.screenshot(path=pictures / "login-light.png")
    make_dark(looking)
    wrong += findings(looking)
    looking.screenshot(path=pictures / "login-dark.png")
    assert not wrong


def test_assistant_is_whole_and_readable(empty_window: RealWindow, pictures: Path) -> None:
    page = empty_window.page
    expect(page.get_by_role("radio", name=re.compile("^单机使用"))).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="公司与部门")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text("请填写公司名称")).to_be_visible()
    wrong = [*findings(page), *layout(page), *english(page)]
    page.screenshot(path=pictures / "assistant-light.png")
    make_dark(page)
    wrong += findings(page)
    page.screenshot(path=pictures / "assistant-dark.png")
    assert not wrong
