"""成本核算: asked for among the tools, looked at as a sheet, and posted; in the real window."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from playwright.sync_api import expect

from desktop.engine.fields.moment import today
from tests.e2e.screen import Screen
from tests.e2e.window import Window


def days_ago(days: int) -> str:
    return (date.fromisoformat(today()) - timedelta(days=days)).isoformat()


def entered(screen: Screen, module: str, values: dict[str, Any], product: str, qty: int, price: int) -> dict[str, Any]:
    line = {"product": product, "qty": qty * 10_000, "price": price * 10_000}
    body = {"values": values, "lines": [line], "confirmed": ["back_date", "over_credit"]}
    found: dict[str, Any] = screen.api.ok("POST", f"/api/documents/{module}", body)["row"]
    return found


def test_a_cost_run_shows_and_puts_right_what_came_late(window: Window) -> None:
    screen = Screen(window.page)
    category = screen.api.rows("product_category")[0]["id"]
    product = screen.api.add("product", name="核算轴承", category=category)["id"]
    supplier = screen.api.add("supplier", name="核算供应商")["id"]
    group = screen.api.groups()["重点客户"]
    customer = screen.api.add("customer", name="核算商行", group=group)["id"]
    entered(screen, "purchase", {"supplier": supplier, "doc_on": days_ago(3)}, product, 10, 10)
    sold = entered(screen, "sale", {"customer": customer, "doc_on": days_ago(1)}, product, 5, 30)
    entered(screen, "purchase", {"supplier": supplier, "doc_on": days_ago(2)}, product, 10, 16)

    screen.menu("工具", "成本核算…")
    shown = screen.list("成本调整")
    dialog = shown.dialog("新增成本调整单")
    dialog.get_by_role("button", name="核算", exact=True).click()
    row = dialog.locator("[role=row]").filter(has_text=sold["number"])
    expect(row).to_contain_text("−50.00")
    expect(row).to_contain_text("−65.00")
    expect(row).to_contain_text("−15.00")
    expect(dialog.get_by_role("columnheader", name="单位成本")).to_have_count(0)
    dialog.get_by_role("button", name=re.compile("^保存退出")).click()
    expect(dialog).to_have_count(0)
    assert screen.api.rows("cost_adjust")[0]["kind"] == "run"
    assert screen.api.find("sale", number=sold["number"])["cost_total"] == 65_00
    screen.menu("工具", "成本核算…")
    dialog = shown.dialog("新增成本调整单")
    dialog.get_by_role("button", name="核算", exact=True).click()
    expect(screen.toast).to_contain_text("核算完了，没有要改的")


def test_the_scope_of_costs_says_why_it_stays(window: Window) -> None:
    screen = Screen(window.page)
    category = screen.api.rows("product_category")[0]["id"]
    product = screen.api.add("product", name="范围轴承", category=category)["id"]
    supplier = screen.api.add("supplier", name="范围供应商")["id"]
    entered(screen, "purchase", {"supplier": supplier}, product, 1, 10)
    window.page.evaluate("location.hash = '#/m/setting'")
    scope = window.page.locator('[data-setting="cost.scope"]')
    expect(scope).to_contain_text("已经有库存流水，成本都是按现在的范围算的，不能再改")
    expect(scope.get_by_role("radio", name="分仓库")).to_be_disabled()
