"""The manual: a page for every module in the menu, plain Chinese, and every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from desktop import modules
from tests.conftest import ROOT

FOLDER = ROOT / "desktop" / "help"
PAGES = sorted(FOLDER.glob("*.md"))
EXTRA = ("start", "lists", "search", "backup", "shortcuts", "sync")


def test_every_module_of_the_menu_has_its_page() -> None:
    topics = {page.stem for page in PAGES}
    for definition in modules.load():
        if definition.module.menu:
            assert definition.module.help in topics, definition.name
    assert set(EXTRA) <= topics


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.stem))
def test_page_is_written_as_agreed(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    first, *rest = text.splitlines()
    assert re.fullmatch(r"# \S.*", first)
    assert not any(line.startswith("# ") for line in rest)
    assert not re.search(r"[!！]", text)
    assert not re.search(r"[，。；：？]\s*[,.;:?]", text)
    assert 200 < len(text) < 4_000


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.stem))
def test_links_lead_to_pages(page: Path) -> None:
    topics = {one.stem for one in PAGES}
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        assert target in topics, target


@pytest.mark.parametrize("module", ["customer", "contact", "supplier", "competitor", "employee", "operator"])
def test_page_names_fields_as_the_screen_does(module: str) -> None:
    """Words in 「」 that are fields must be labels: a renamed field must be renamed in the manual."""
    text = (FOLDER / f"{module}.md").read_text(encoding="utf-8")
    fields = modules.load()[module].fields.values()
    used = [one.label for one in fields if f"「{one.label}」" in text]
    assert len(used) >= 4
