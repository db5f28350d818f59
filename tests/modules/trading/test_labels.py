"""Labels of products: what stands on them, how many there are, who may print them, and bars that can be read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pypdfium2 import PdfDocument

from desktop.engine import labels
from desktop.engine.bars import bars_of, is_ean
from desktop.engine.label_paper import too_long
from tests.api.test_roles import PASSWORD, hire, make
from tests.modules.trading.shop import Shop, scaled

MM = 72 / 25.4


def made(shop: Shop, path: str, **body: Any) -> dict[str, Any]:
    return dict(shop.api.ended(shop.api.post(f"/api/labels/{path}", body)))


def pages(shop: Shop, job: Mapping[str, Any]) -> list[tuple[tuple[int, int], str]]:
    """Size in millimetres and words of every page."""
    assert job["state"] == "done", job
    document = PdfDocument(shop.api.call("GET", f"/api/jobs/{job['id']}/view").content)
    try:
        return [
            ((round(page.get_width() / MM), round(page.get_height() / MM)), page.get_textpage().get_text_range())
            for page in document
        ]
    finally:
        document.close()


def boxed(shop: Shop, barcode: str | None) -> str:
    """A box of twelve, sold as such where it has a barcode."""
    unit = shop.api.get("/api/lookup/dict_item", q="箱")["rows"][0]["id"]
    given = {"product": shop.names["P"], "unit": unit, "ratio": scaled(12), "price_1": scaled(100)}
    box: str = shop.api.post("/api/records/product_unit", given)["row"]["id"]
    if barcode:
        about = {"product": shop.names["P"], "barcode": barcode, "unit_row": box}
        shop.api.post("/api/records/product_barcode", about)
    return box


def test_a_label_says_name_spec_price_and_code(shop: Shop) -> None:
    shop.product("P", spec="10 mm", price_1=scaled("12.5"), price_2=scaled(9))
    shop.api.post("/api/records/product_barcode", {"product": shop.names["P"], "barcode": "6901234567892"})
    found = pages(shop, made(shop, "product", ids=[shop.names["P"]], price="price_2", copies=3))
    assert [size for size, _ in found] == [(40, 30)] * 3
    assert all(word in found[0][1] for word in ("P", "10 mm", "¥9.00", "6901234567892"))
    plain = pages(shop, made(shop, "product", ids=[shop.names["P"]], size="60x40", company=True))
    assert plain[0][0] == (60, 40) and "¥" not in plain[0][1] and "测试公司" in plain[0][1]


def test_what_has_no_barcode_is_scanned_by_its_number(shop: Shop) -> None:
    shop.product("P")
    code = shop.rows("product")[0]["code"]
    assert code in pages(shop, made(shop, "product", ids=[shop.names["P"]]))[0][1]
    found = shop.api.get("/api/documents/sale/find", text=code)
    assert found["exact"] and found["items"][0]["product"] == shop.names["P"]


def test_a_purchase_has_a_label_for_each_piece(shop: Shop) -> None:
    """A box without a barcode is opened; one that has its own is sold as such."""
    shop.supplier()
    shop.product("P", price_1=scaled(9))
    shop.product("Q", price_1=scaled(5))
    shop.product("装卸", kind="service")
    box = boxed(shop, None)
    lines = [
        {"product": shop.names["P"], "unit_row": box, "qty": scaled(2), "price": scaled(1)},
        {"product": shop.names["Q"], "qty": scaled("1.5"), "price": scaled(1)},
        {"product": shop.names["装卸"], "qty": scaled(1), "price": scaled(1)},
    ]
    bought = shop.buy(*lines)
    path = f"purchase/{bought['row']['id']}"
    found = [text for _, text in pages(shop, made(shop, path, copies=None, price="price_1"))]
    assert sum("¥9.00" in one for one in found) == 24 and sum("¥5.00" in one for one in found) == 2
    assert len(found) == 26
    assert len(pages(shop, made(shop, path, copies=1))) == 2
    shop.api.post("/api/records/product_barcode", {"product": shop.names["P"], "barcode": "BOX-12", "unit_row": box})
    found = [text for _, text in pages(shop, made(shop, path, copies=None, price="price_1"))]
    assert sum("¥100.00/箱" in one and "BOX-12" in one for one in found) == 2 and len(found) == 4


def test_sheets_of_a4_hold_many(shop: Shop) -> None:
    shop.product("P")
    found = pages(shop, made(shop, "product", ids=[shop.names["P"]], copies=37, on_sheets=True))
    assert [size for size, _ in found] == [(210, 297)] * 2
    assert found[0][1].count("CP") == 36 and found[1][1].count("CP") == 1


def test_who_sees_no_price_has_none_on_labels(shop: Shop) -> None:
    shop.supplier()
    shop.product("P", price_1=scaled(9))
    bought = shop.buy(("P", 2, 1))
    boxes = {"purchase": "view print", "purchase_line": "view", "product": "view", "supplier": "view"}
    role = make(shop.api, "仓管员", boxes, values={"data_scope": "all", "hide_prices": True})
    hire(shop.office, "cang", role["id"])
    shop.api.sign_in("cang", PASSWORD)
    path = f"purchase/{bought['row']['id']}"
    assert len(pages(shop, made(shop, path, copies=None))) == 2
    shop.api.refused("POST", f"/api/labels/{path}", 422, {"price": "price_1"})
    shop.api.refused("POST", "/api/labels/product", 403, {"ids": [shop.names["P"]]})


def test_what_is_wrong_is_said_at_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.product("P")
    shop.api.refused("POST", "/api/labels/customer", 404, {})
    shop.api.refused("POST", "/api/labels/product", 422, {"price": "min_price"})
    assert "没有可以打标签的产品" in shop.api.refused("POST", "/api/labels/product", 400, {"ids": ["x"]})["title"]
    monkeypatch.setattr(labels, "LABELS_MAX", 5)
    said = shop.api.refused("POST", "/api/labels/product", 400, {"ids": [shop.names["P"]], "copies": 6})
    assert "一次最多 5 张" in said["title"]


def test_a_code_without_room_is_told(shop: Shop) -> None:
    shop.product("P")
    shop.api.post("/api/records/product_barcode", {"product": shop.names["P"], "barcode": "条码"})
    job = made(shop, "product", ids=[shop.names["P"]])
    assert "条码 太长，或不是数字和字母" in job["result"]["note"] and "条码" in pages(shop, job)[0][1]
    assert too_long("40x30", "ABCDEFGHIJKLMNOPQRSTUVWXYZ") and not too_long("60x40", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def test_bars_are_those_of_the_standard() -> None:
    assert is_ean("6901234567892") and is_ean("96385074")
    assert not is_ean("6901234567890") and not is_ean("036000291452") and not is_ean("６９０1234567892")
    assert bars_of("6901234567892")[1] == 95 and bars_of("96385074")[1] == 67
    assert bars_of("6901234567892")[0][:4] == [(0, 1), (2, 1), (6, 1), (8, 2)]  # 101, then 9: 0001011
    assert bars_of("12345678")[1] < bars_of("ABCDEFGH")[1]  # digits go in pairs
    assert bars_of("中文") == ([], 0) and bars_of("") == ([], 0)
