"""Documents without lines (账户转账, 期初往来) by keyboard, and an offset that fills itself, in the real window."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, expect

from tests.e2e.screen import ListScreen, Screen
from tests.e2e.window import Window


def open_list(window: Window, module: str, label: str) -> ListScreen:
    window.page.evaluate(f"location.hash = '#/m/{module}'")
    return Screen(window.page).list(label).loaded()


def new_sheet(shown: ListScreen, title: str) -> Locator:
    shown.grid.focus()
    shown.press("Insert")
    dialog = shown.dialog(title)
    expect(dialog.get_by_role("button", name=re.compile("^保存退出"))).to_be_enabled()
    return dialog


def pick(screen: Screen, dialog: Locator, field: str, words: str) -> None:
    box = dialog.locator(f"[data-field={field}] input")
    box.fill(words)
    screen.page.get_by_role("option", name=re.compile(words)).first.click()


def amount(dialog: Locator, field: str, value: str) -> None:
    box = dialog.locator(f"[data-field={field}] input")
    box.fill(value)
    box.press("Tab")


def made(screen: Screen, module: str, values: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = screen.api.ok("POST", f"/api/documents/{module}", {"values": values, "lines": []})
    return found


def test_money_moves_between_accounts_and_back(window: Window) -> None:
    screen = Screen(window.page)
    cash = screen.api.add("account", name="周转现金", kind="cash")["id"]  # the till is everybody's
    screen.api.add("account", name="结算户", kind="bank")
    made(screen, "opening_account", {"account": cash, "amount": 50_000})
    shown = open_list(window, "account_transfer", "账户转账")
    dialog = new_sheet(shown, "新增转账单")
    expect(dialog.get_by_role("grid")).to_have_count(0)
    pick(screen, dialog, "from_account", "周转现金")
    expect(dialog.locator("[data-field=from_account]")).to_contain_text("余额 500.00")
    pick(screen, dialog, "to_account", "结算户")
    window.watch.allow("status of 422")
    amount(dialog, "amount", "600")
    shown.press("Control+S")
    expect(dialog.locator("[data-field=from_account]")).to_contain_text("账户「周转现金」余额不够，还差 100.00")
    amount(dialog, "amount", "120")
    amount(dialog, "fee", "2")
    expect(dialog.get_by_role("status").get_by_text("122.00")).to_be_visible()
    expect(dialog.get_by_text("壹佰贰拾元整")).to_be_visible()  # as on paper: what was moved, without the fee
    shown.press("Control+S")
    expect(dialog).to_have_count(0)
    row = screen.api.rows("account_transfer")[0]
    assert (row["state"], row["amount"], row["fee"]) == ("posted", 12_000, 200)
    shown.row(row["number"]).get_by_role("gridcell", name=row["number"]).dblclick()
    dialog = shown.dialog("修改转账单")
    dialog.get_by_role("button", name="作废").click()
    reason = shown.dialog(f"作废转账单「{row['number']}」")
    reason.get_by_role("textbox").fill("转错账户")
    reason.get_by_role("button", name=re.compile("^作废")).click()
    expect(shown.row(row["number"])).to_contain_text("已作废")
    (balance,) = [one for one in screen.api.rows("account_balance") if one["account"] == cash]
    assert balance["balance"] == 50_000


def test_what_was_owed_before_is_set_off_against_a_supplier(window: Window) -> None:
    screen = Screen(window.page)
    supplier = screen.api.add("supplier", name="又买又卖轴承厂")
    group = screen.api.groups()["重点客户"]
    customer = screen.api.add("customer", name="又买又卖商行", group=group, linked_supplier=supplier["id"])
    shown = open_list(window, "opening_party", "期初往来")
    dialog = new_sheet(shown, "新增期初单")
    expect(dialog.locator("[data-field=customer] .must")).to_be_visible()
    expect(dialog.locator("[data-field=supplier]")).to_have_count(0)
    pick(screen, dialog, "customer", customer["name"])
    amount(dialog, "amount", "400")
    expect(dialog.locator("[data-field=due_on] input")).not_to_have_value("")
    shown.press("Control+S")
    expect(dialog).to_have_count(0)
    owed = screen.api.rows("opening_party")[0]
    made(screen, "opening_party", {"kind": "payable", "supplier": supplier["id"], "amount": 25_000})

    shown = open_list(window, "settlement", "收付货款")
    dialog = new_sheet(shown, "新增收付单")
    dialog.locator("[data-field=kind] .el-select__wrapper").click()
    screen.page.get_by_role("option", name="应收冲应付").click()
    pick(screen, dialog, "customer", customer["name"])
    expect(dialog.locator("[data-field=supplier] input")).to_have_value(supplier["name"])
    expect(dialog.locator("[data-field=amount] input")).to_have_value("250.00")
    lines = dialog.locator("[role=row] [data-column=side]")
    expect(lines).to_have_text(["应收", "应付"])
    shown.press("Control+S")
    expect(dialog).to_have_count(0)
    found = screen.api.find("opening_party", number=owed["number"])
    assert (found["outstanding"], found["paid_state"]) == (15_000, "partial")


def test_a_receipt_shows_what_a_receipt_needs(window: Window) -> None:
    screen = Screen(window.page)
    customer = screen.api.rows("customer", "sort=-code")[1]
    owed = made(screen, "opening_party", {"kind": "receivable", "customer": customer["id"], "amount": 40_000})
    shown = open_list(window, "settlement", "收付货款")
    dialog = new_sheet(shown, "新增收付单")
    expect(dialog.locator("[data-field=supplier]")).to_have_count(0)
    for name in ("account", "customer", "amount"):
        expect(dialog.locator(f"[data-field={name}]")).to_be_visible()
    expect(dialog.get_by_text("选好以后，没结清的单据列在下面")).to_be_visible()
    expect(dialog.locator("[data-field=customer] .must")).to_be_visible()
    pick(screen, dialog, "customer", customer["name"])
    screen.page.keyboard.press("Enter")
    expect(dialog.locator("[data-field=amount] input")).to_be_focused()
    expect(dialog.locator("[role=row] [data-column=document_number]")).to_contain_text([owed["row"]["number"]])
    dialog.locator("[data-field=kind] .el-select__wrapper").click()
    screen.page.get_by_role("option", name="付款", exact=True).click()
    expect(dialog.locator("[data-field=supplier]")).to_be_visible()
    expect(dialog.locator("[data-field=customer]")).to_have_count(0)


def test_a_statement_of_account_is_looked_at_and_printed(window: Window) -> None:
    screen = Screen(window.page)
    group = screen.api.groups()["重点客户"]
    customer = screen.api.add("customer", name="对账商行", group=group)
    owed = made(screen, "opening_party", {"kind": "receivable", "customer": customer["id"], "amount": 40_000})
    about = {"kind": "advance_in", "customer": customer["id"], "amount": 15_000}
    made(screen, "settlement", about)
    shown = open_list(window, "party_balance", "往来余额")
    shown.grid.get_by_role("gridcell", name="对账商行").first.click()
    screen.page.get_by_role("button", name="对账单").click()
    dialog = shown.dialog("对账单 · 对账商行")
    dialog.get_by_role("button", name="全部").click()
    expect(dialog.get_by_role("row", name=re.compile("^期末"))).to_contain_text("400.00")
    expect(dialog.get_by_role("row", name=re.compile(owed["row"]["number"]))).to_contain_text("400.00")
    expect(dialog.get_by_role("status")).to_contain_text("净额 250.00")
    dialog.get_by_role("button", name=owed["row"]["number"]).click()
    sheet = shown.dialog("修改期初单")
    expect(sheet).to_be_visible()
    shown.press("Escape")
    expect(sheet).to_have_count(0)
    shown.press("Control+P")
    preview = screen.page.get_by_role("region", name="打印预览")
    expect(preview.get_by_role("region", name="打印的页")).to_be_visible()
    shown.press("Escape")
    expect(preview).to_have_count(0)
    screen.list("往来余额").loaded()


def test_what_is_paid_on_a_sale_is_a_receipt_that_leads_to_it_and_back(window: Window) -> None:
    screen = Screen(window.page)
    customer = screen.api.add("customer", name="当面付清商行", group=screen.api.groups()["重点客户"])
    product = next(row for row in screen.api.rows("product", "sort=code") if row["kind"] == "service" or row)
    about = {"customer": customer["id"], "paid_amount": 3_000}
    line = {"product": product["id"], "qty": 10_000, "price": 1_000_000}
    body = {"values": about, "lines": [line], "confirmed": ["negative_stock", "below_min_price"]}
    sold = screen.api.ok("POST", "/api/documents/sale", body)
    receipt = sold["links"][0]["title"]

    shown = open_list(window, "settlement", "收付货款")
    shown.row(receipt).get_by_role("gridcell", name=receipt).dblclick()
    dialog = shown.dialog("查看收付单")
    words = f"由销货单 {sold['row']['number']} 生成，不能单独修改或作废，请在那张单据上作废"
    expect(dialog.get_by_text(words)).to_be_visible()
    expect(dialog.locator("[data-field=amount] input")).not_to_be_editable()
    expect(dialog.locator("[role=row] [data-column=document_number]")).to_contain_text([sold["row"]["number"]])
    dialog.get_by_role("textbox", name="备注", exact=True).first.fill("当面点清")
    shown.press("Control+S")
    expect(dialog).to_have_count(0)
    assert screen.api.find("settlement", number=receipt)["note"] == "当面点清"

    shown.row(receipt).get_by_role("gridcell", name=receipt).dblclick()
    shown.dialog("查看收付单").get_by_role("button", name=re.compile(sold["row"]["number"])).first.click()
    sale = shown.dialog("修改销货单")
    expect(sale.get_by_role("button", name=re.compile(receipt)).first).to_be_visible()
    sale.get_by_role("button", name="作废").click()
    reason = shown.dialog(f"作废销货单「{sold['row']['number']}」")
    reason.get_by_role("textbox").fill("客户不要了")
    reason.get_by_role("button", name=re.compile("^作废")).click()
    expect(shown.dialog("查看销货单").get_by_text("已作废，只能查看")).to_be_visible()
    assert screen.api.find("settlement", number=receipt)["state"] == "cancelled"
