"""产品信息: added by keyboard alone, repriced with a look before, prices hidden from who may not see them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import FilePayload, Locator, expect

from tests.e2e.screen import ListScreen, Screen, text_field
from tests.e2e.test_files import photo
from tests.e2e.test_print import drawn, preview_of
from tests.e2e.window import DEMO_PASSWORD, Window


@pytest.fixture
def products(window: Window) -> ListScreen:
    """The list, opened through the menu bar, with the cursor in it."""
    screen = Screen(window.page)
    screen.press("F10")
    expect(window.page.get_by_role("menuitem", name="文件")).to_be_focused()
    screen.press(*("ArrowRight",) * 4, "ArrowDown")
    expect(screen.entry("产品信息")).to_be_focused()
    screen.press("Enter")
    shown = screen.list("产品信息").loaded()
    expect(shown.grid.locator(".ag-cell-focus")).to_have_count(1)
    return shown


def category(screen: Screen, name: str) -> str:
    return str(screen.api.find("product_category", name=name)["id"])


def new_product(screen: Screen, name: str, **values: object) -> str:
    values.setdefault("category", category(screen, "手套"))
    return str(screen.api.add("product", name=name, **values)["id"])


def find(products: ListScreen, name: str) -> None:
    products.bar("快速查询").click()
    popup = products.dialog("快速查询")
    popup.get_by_role("combobox").first.focus()
    popup.get_by_role("textbox", name="要找的内容").fill(name)
    popup.get_by_role("button", name="开始查找").click()
    products.loaded()


def field(dialog: Locator, name: str) -> Locator:
    return dialog.locator(f"[data-field={name}] input")


IN_SIGHT = """() => {
    const cell = document.querySelector('.ag-cell-focus')
    const box = cell?.getBoundingClientRect()
    const free = (y) => cell.contains(document.elementFromPoint(box.left + 8, y))
    return !!box && free(box.top + 2) && free(box.bottom - 2)
}"""
"""Nothing lies over the cell with the cursor."""


def make_unit(screen: Screen, dialog: Locator) -> None:
    """A unit that there is not yet, on the way."""
    screen.press("Control+A")
    screen.type("卷筒")
    expect(screen.page.get_by_text("没有「卷筒」，按 Enter 新建")).to_be_visible()
    screen.press("Enter")
    unit = screen.dialog("新增基本单位")
    expect(field(unit, "name")).to_have_value("卷筒")
    expect(unit.get_by_text("小数位")).to_be_visible()
    expect(unit.get_by_text("信用额度"), "that is of 客户级别").to_have_count(0)
    screen.press("Control+S")
    expect(field(dialog, "unit")).to_be_focused()
    expect(field(dialog, "unit")).to_have_value("卷筒")


def test_a_product_with_its_barcodes_is_added_by_keyboard_alone(products: ListScreen) -> None:
    screen, before = Screen(products.page), products.api.total("product")
    screen.press("Insert")
    dialog = screen.dialog("新增产品")
    # With 全部产品 chosen the category is empty; the cursor is where one types first.
    expect(field(dialog, "name")).to_be_focused()
    screen.type("键盘轴承 6999")
    screen.press("Enter")
    expect(field(dialog, "code")).to_be_focused()
    screen.type("KB-6999")
    screen.press("Enter")
    expect(field(dialog, "category")).to_be_focused()
    screen.type("sgqzc")
    expect(screen.page.get_by_role("option", selected=True)).to_contain_text("深沟球轴承")
    screen.press("Enter")
    expect(field(dialog, "category")).to_have_value("深沟球轴承")
    expect(field(dialog, "spec")).to_be_focused()
    screen.type("双面密封")
    for name in ("model", "brand", "origin", "unit"):
        screen.press("Enter")
        expect(field(dialog, name)).to_be_focused()
    make_unit(screen, dialog)
    for name in ("kind", "barcode"):
        screen.press("Enter")
        expect(field(dialog, name)).to_be_focused()
    screen.type("KB6999ONE")
    screen.press("Enter")
    expect(field(dialog, "price_1")).to_be_focused()
    screen.type("12*3.5")
    screen.press("Enter")
    expect(field(dialog, "price_1")).to_have_value("42.00")
    screen.press("Control+S")
    expect(dialog).to_have_count(0)
    products.shows(before + 1)
    made = screen.api.find("product", code="KB-6999")
    assert (made["name"], made["price_1"], made["spec"]) == ("键盘轴承 6999", 420_000, "双面密封")

    # The new row has the cursor and is wholly in sight; F6 goes to what belongs to it.
    expect(products.related).to_contain_text("键盘轴承 6999")
    screen.until(lambda: bool(screen.page.evaluate(IN_SIGHT)))
    screen.press("F6")
    screen.until(lambda: bool(screen.page.evaluate("!!document.activeElement.closest('.panel')")))
    screen.press("Insert")
    codes = screen.dialog("新增条码")
    expect(field(codes, "barcode")).to_be_focused()
    screen.type("6901234567890")
    expect(codes.get_by_role("status")).to_contain_text("最后一位校验码按算法应是 2")
    screen.press("Backspace")
    screen.type("2")
    expect(codes.get_by_role("status")).to_have_count(0)
    screen.press("Control+Enter")
    expect(field(codes, "barcode")).to_have_value("")
    expect(field(codes, "barcode")).to_be_focused()
    screen.type("KB6999BOX")
    screen.press("Control+S")
    expect(codes).to_have_count(0)
    expect(products.related.get_by_role("tab", name="条码")).to_contain_text("3")
    for barcode in ("KB6999ONE", "6901234567892", "KB6999BOX"):
        expect(products.related).to_contain_text(barcode)
    main = screen.api.find("product", code="KB-6999")["main_barcode"]
    assert screen.api.get(f"/api/records/product_barcode/{main}")["row"]["barcode"] == "KB6999ONE"

    screen.press("Control+K")
    screen.type("6901234567892")
    expect(screen.page.get_by_role("listbox").get_by_text("键盘轴承 6999").first).to_be_visible()
    screen.press("Escape")


def test_prices_are_shown_before_they_are_changed_and_taken_back(products: ListScreen) -> None:
    screen = Screen(products.page)
    new_product(screen, "调价手套甲", price_1=100_000, purchase_price=60_000)
    new_product(screen, "调价手套乙", price_1=200_000)
    products.tree_of("产品类别").get_by_role("treeitem", name=re.compile("^劳保用品")).click()
    find(products, "调价手套")
    products.shows(2)
    products.grid.get_by_role("checkbox", name="选择第 1 行").click()
    products.grid.get_by_role("checkbox", name="选择第 2 行").click()
    products.bar("更多").click()
    screen.entry("调价…").click()
    dialog = screen.dialog("调价")
    expect(dialog.get_by_role("radio", name="选中的 2 个")).to_be_checked()
    expect(dialog.get_by_role("button", name=re.compile("^调 0 个产品"))).to_be_disabled()
    text_field(dialog, "比例").fill("95")
    expect(dialog.get_by_role("status")).to_contain_text("改 2 个")
    expect(dialog.get_by_role("row", name=re.compile("调价手套甲"))).to_contain_text("10.009.50−0.50")
    assert {row["price_1"] for row in rows(screen)} == {100_000, 200_000}, "only looked at"

    # From the purchase price, which one of them has not.
    dialog.locator(".el-select").nth(1).click()
    screen.page.get_by_role("option", name="参考进价").click()
    text_field(dialog, "比例").fill("150")
    text_field(dialog, "加减金额").fill("-0.55")
    expect(dialog.get_by_role("status")).to_contain_text("1 个没有参考进价，不动")
    expect(dialog.get_by_role("row", name=re.compile("调价手套甲"))).to_contain_text("8.45")
    screen.press("Control+S")
    expect(dialog).to_have_count(0)
    expect(screen.toast).to_contain_text("已调 1 个产品的零售价")
    assert {row["price_1"] for row in rows(screen)} == {84_500, 200_000}
    screen.toast.get_by_role("button", name="撤销").click()
    expect(screen.toast).to_contain_text("已改回 1 个")
    assert {row["price_1"] for row in rows(screen)} == {100_000, 200_000}

    products.bar("更多").click()
    screen.entry("条码标签…").click()
    preview = preview_of(screen.page)
    expect(drawn(preview, 2)).to_be_visible()
    preview.get_by_role("textbox", name="每种几张").fill("3")
    preview.get_by_role("radio", name="A4 纸，排满后裁开").check()
    expect(drawn(preview, 2)).to_have_count(0)
    preview.get_by_role("button", name=re.compile("^关闭")).click()
    products.loaded()


def rows(screen: Screen) -> list[dict[str, object]]:
    return list(screen.api.rows("product", "field=name&value=调价手套"))


def test_products_go_out_of_use_and_back(products: ListScreen) -> None:
    screen = Screen(products.page)
    id = new_product(screen, "停用手套")
    find(products, "停用手套")
    products.shows(1)
    products.cell("停用手套").click(button="right")
    screen.entry("停用").click()
    expect(screen.toast).to_contain_text("停用：1 个产品")
    assert screen.api.get(f"/api/records/product/{id}")["row"]["is_stopped"] is True
    screen.toast.get_by_role("button", name="撤销").click()
    screen.until(lambda: screen.api.get(f"/api/records/product/{id}")["row"]["is_stopped"] is False)


def test_the_category_of_ticked_products_is_changed(products: ListScreen) -> None:
    screen = Screen(products.page)
    id = new_product(screen, "换类手套")
    find(products, "换类手套")
    products.shows(1)
    products.cell("换类手套").click(button="right")
    screen.entry("修改当前类别").click()
    picker = screen.dialog("选择类别")
    screen.type("手动工具")
    expect(picker.get_by_role("option", selected=True)).to_contain_text("手动工具")
    screen.press("Enter")
    expect(screen.toast).to_contain_text("已把 1 个产品移到「手动工具」")
    assert screen.api.get(f"/api/records/product/{id}")["row"]["category"] == category(screen, "手动工具")


@pytest.fixture
def storekeeper(window: Window) -> Iterator[str]:
    """Somebody of the demonstration data who is only 仓管 for this test."""
    window.watch.allow("status of 403", "status of 404", "status of 422")
    api = window.api
    role = next(one for one in api.get("/api/roles")["roles"] if one["name"] == "仓管")
    row = next(one for one in api.rows("operator") if one["login_name"] != "周敏")
    api.change("operator", row, roles=[role["id"]])
    yield str(row["login_name"])
    api = window.api
    api.sign_in()
    now = api.get(f"/api/records/operator/{row['id']}")["row"]
    api.change("operator", now, roles=row["roles"])


def test_to_whom_prices_are_hidden_they_are_on_no_screen(window: Window, storekeeper: str) -> None:
    page, screen = window.page, Screen(window.page)
    window.api.sign_in(storekeeper, DEMO_PASSWORD)
    page.reload()
    expect(page.get_by_role("tab", name="工作台")).to_be_visible()
    screen.menu("业务管理", "产品信息")
    products = screen.list("产品信息").loaded()
    assert "基本单位" in products.heads()
    assert not {"零售价", "批发价"} & set(products.heads())
    products.grid.get_by_role("gridcell").nth(2).dblclick()
    dialog = screen.dialog("查看产品")
    expect(text_field(dialog, "规格")).to_be_visible()
    for label in ("零售价", "批发价", "会员价", "代理价", "最低售价", "参考进价"):
        expect(dialog.get_by_text(label, exact=True)).to_have_count(0)
    screen.press("Escape")
    expect(products.related.get_by_role("tab")).to_have_text(
        [
            re.compile(name)
            for name in ("条码", "单位", "分仓上下限", "分仓库存", "库存流水", "进货明细", "附件", "评论", "变更历史")
        ]
    )
    products.bar("更多").click()
    expect(screen.entry("调价…")).to_have_count(0)
    screen.press("Escape")
    row = screen.api.get("/api/records/product?limit=1")["rows"][0]
    assert not [name for name in row if "price" in name]


def test_the_picture_of_a_product_stands_in_its_form_and_where_it_is_chosen(products: ListScreen) -> None:
    id = new_product(products, "有图的手套")
    find(products, "有图的手套")
    products.grid.get_by_role("gridcell", name="有图的手套").dblclick()
    dialog = products.dialog("修改产品")
    picture = dialog.get_by_role("group", name="产品的图片")
    photos: list[FilePayload] = [
        {"name": f"{name}.png", "mimeType": "image/png", "buffer": photo()} for name in ("正面", "反面")
    ]
    picture.get_by_label("要加的图片").set_input_files(photos)
    expect(picture).to_contain_text("共 2 张")
    picture.get_by_role("button", name="打开 正面.png").click()
    expect(products.dialog("正面.png")).to_be_visible()
    products.press("Escape")
    dialog.get_by_role("tab", name="附件").click()
    dialog.get_by_role("button", name="设为主图 反面.png").click()
    expect(picture.get_by_role("button", name="打开 反面.png")).to_be_visible()
    products.press("Escape")
    expect(dialog).to_have_count(0)

    products.page.evaluate("location.hash = '#/m/stock_entry'")
    products.list("其他出入库").loaded().bar("新增").click()
    sheet = products.dialog("新增出入库单")
    expect(sheet.get_by_role("textbox", name="单据日期")).to_be_focused()  # which a new sheet gives it
    sheet.get_by_role("combobox", name="编号、名称或拼音", exact=True).fill("有图的手套")
    products.press("F3")
    expect(products.dialog("选择产品").get_by_role("img", name="有图的手套")).to_be_visible()
    products.press("Escape")
    expect(products.dialog("选择产品")).to_have_count(0)
    products.api.ok("DELETE", f"/api/records/product/{id}")


def test_the_stock_is_looked_at_all_together(window: Window) -> None:
    screen = Screen(window.page)
    product = next(row for row in screen.api.rows("product", "sort=code") if row["kind"] == "goods")
    limits = {"stock_min": 10_000_000, "stock_max": 20_000_000}
    screen.api.ok("PATCH", f"/api/records/product/{product['id']}", limits)
    window.page.evaluate("location.hash = '#/m/stock_balance'")
    screen.list("库存查询").loaded()
    screen.page.get_by_role("button", name="库存一览").click()
    dialog = screen.dialog("库存一览")
    dialog.get_by_role("textbox", name="查找产品").fill(product["code"])
    row = dialog.get_by_role("row", name=re.compile(re.escape(product["code"])))
    expect(row.last).to_contain_text("不足")
    dialog.get_by_role("button", name=re.compile("^过高")).click()
    expect(dialog.get_by_text("没有符合的产品。")).to_be_visible()
    dialog.get_by_role("button", name=re.compile("^不足")).click()
    expect(row.last).to_contain_text("1,000")
    dialog.get_by_role("button", name="分仓库").click()
    expect(dialog.get_by_text("下限、上限是这个仓库自己的。")).to_be_visible()
    screen.press("Control+P")
    preview = screen.page.get_by_role("region", name="打印预览")
    expect(preview).to_be_visible()
    screen.press("Escape")
    screen.list("库存查询").loaded()


def test_what_documents_used_is_locked_and_tells_its_prices(products: ListScreen) -> None:
    """The base unit with what uses it; 价格历史, from which the document opens; 存量 in the list of stock."""
    id, api = new_product(products, "用过的手套", stock_min=1_000_000), products.api
    supplier = api.add("supplier", name="手套厂")["id"]
    line = {"product": id, "qty": 30_000, "price": 65_000, "discount_rate": 900_000}
    sheet = {"values": {"supplier": supplier, "doc_on": "2026-01-05"}, "lines": [line]}
    number = api.ok("POST", "/api/documents/purchase", sheet)["row"]["number"]
    find(products, "用过的手套")
    products.grid.get_by_role("gridcell", name="用过的手套").click()
    products.related.get_by_role("tab", name="价格历史").click()
    row = products.related.get_by_role("row", name=re.compile(number))
    for text in ("2026-01-05", "进货", "手套厂", "6.50", "90%", "17.55"):
        expect(row).to_contain_text(text)
    row.get_by_role("button", name=number).click()
    expect(products.page.get_by_role("dialog", name=re.compile("进货单"))).to_contain_text(number)
    products.press("Escape")

    products.grid.get_by_role("gridcell", name="用过的手套").dblclick()
    dialog = products.dialog("修改产品")
    locked = dialog.locator("[data-field=unit]")
    expect(locked).to_contain_text(f"进货单「{number}」已经用到，「基本单位」不能再改")
    expect(locked.get_by_role("combobox")).to_be_disabled()
    products.press("Escape")
    expect(dialog).to_have_count(0)

    products.page.evaluate("location.hash = '#/m/stock_balance'")
    stock = products.list("库存查询").loaded()
    stock.grid.get_by_role("gridcell", name="不足").first.click(button="right")
    stock.entry("按此值过滤「不足」").click()
    expect(stock.chip("存量")).to_be_visible()
    stock.loaded()
    expect(stock.grid.get_by_role("gridcell", name="用过的手套")).to_be_visible()
