"""The same smoke over every module of the menu: its list opens, its dialog opens, Esc leaves."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e.screen import ListScreen, Screen
from tests.e2e.window import Window


def test_every_module_opens_its_list_and_its_dialog(window: Window) -> None:
    page, screen = window.page, Screen(window.page)
    modules = [one for one in screen.api.get("/api/modules")["modules"] if one["in_menu"]]
    assert len(modules) > 10
    names = {one["name"] for module in modules for one in module["fields"]}
    for module in modules:
        page.get_by_role("textbox", name="筛选模块").fill(module["label"])
        page.get_by_role("tree", name="模块").get_by_role("treeitem", name=module["label"], exact=True).last.click()
        expect(page.get_by_role("tab", name=module["label"], exact=True)).to_have_attribute("aria-selected", "true")
        if module["page"]:
            expect(page.get_by_role("heading", name=module["label"], exact=True)).to_be_visible()
        elif module["single"]:
            expect(page.get_by_role("region", name=module["label"], exact=True)).to_be_visible()
        else:
            one = screen.list(module["label"]).loaded()
            # Columns beyond the window's edge are not drawn.
            assert min(8, len(module["columns"])) <= len(one.heads()) <= len(module["columns"]), module["name"]
            assert not set(one.heads()) & names, f"{module['name']}: a head without a Chinese label"
            if "add" in module["rights"]:
                opens_and_leaves_the_dialog(screen, one, module["noun"])
        screen.close_tab(module["label"])
        expect(page.get_by_role("tab", name=module["label"], exact=True)).to_have_count(0)


def opens_and_leaves_the_dialog(screen: Screen, one: ListScreen, noun: str) -> None:
    one.bar("新增").click()
    dialog = screen.dialog(f"新增{noun}")
    expect(dialog.get_by_role("button", name="保存退出")).to_be_enabled()
    screen.until(lambda: bool(screen.page.evaluate("!!document.activeElement.closest('[role=dialog] [data-field]')")))
    screen.press("Escape")
    expect(dialog).to_have_count(0)
