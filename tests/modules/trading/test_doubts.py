"""What is asked before a product is saved, and goes on with one yes."""

from __future__ import annotations

from typing import Any

import pytest

from desktop.engine.fields.moment import today
from tests.modules.trading.shop import Shop, scaled

PRODUCT = "/api/records/product"


def asked(shop: Shop, method: str, path: str, body: dict[str, Any]) -> dict[str, str]:
    """The questions by their names."""
    problem = shop.api.refused(method, path, 409, body)
    assert problem["code"] == "confirm"
    return {one["name"]: one["text"] for one in problem["questions"]}


def new(shop: Shop, **values: Any) -> dict[str, Any]:
    return {"name": "茶", "category": shop.category, **values}


def test_a_barcode_that_another_product_has_is_asked_about(shop: Shop) -> None:
    first = shop.api.post(PRODUCT, new(shop, name="糖", barcode="6901"))["row"]
    said = {"same_barcode": f"条码 6901 已是产品 {first['code']}「糖」的，保存以后每次扫它都要在两个里选一个"}
    assert asked(shop, "POST", PRODUCT, new(shop, barcode="6901")) == said
    second = shop.api.post(f"{PRODUCT}?confirmed=same_barcode", new(shop, barcode="6901"))["row"]
    assert {row["product"] for row in shop.rows("product_barcode")} == {first["id"], second["id"]}


def test_so_is_one_that_is_added_or_changed_later(shop: Shop) -> None:
    for name, code in (("糖", "6901"), ("盐", "6902")):
        shop.names[name] = shop.api.post(PRODUCT, new(shop, name=name, barcode=code))["row"]["id"]
    path = "/api/records/product_barcode"
    assert "same_barcode" in asked(shop, "POST", path, {"product": shop.names["盐"], "barcode": "6901"})
    (own,) = shop.rows("product_barcode", product=shop.names["盐"])
    assert "same_barcode" in asked(shop, "PATCH", f"{path}/{own['id']}", {"barcode": "6901"})
    shop.api.ok(shop.api.call("PATCH", f"{path}/{own['id']}?confirmed=same_barcode", {"barcode": "6901"}))
    unit = {"product": shop.names["盐"], "unit": shop._first("dict_item", "箱"), "ratio": scaled(12)}
    box = shop.api.post("/api/records/product_unit", unit)["row"]["id"]
    shop.api.ok(shop.api.call("PATCH", f"{path}/{own['id']}", {"unit_row": box}))  # the code itself stays
    shop.api.post("/api/records/product/delete", {"ids": [shop.names["糖"]]})
    third = shop.api.post(PRODUCT, new(shop, name="醋", barcode="6903"))["row"]["id"]
    assert "「盐」" in asked(shop, "POST", path, {"product": third, "barcode": "6901"})["same_barcode"]


@pytest.mark.parametrize(
    ("prices", "said"),
    [
        ({"min_price": 12, "price_1": 10}, "最低售价 12 高于零售价 10"),
        ({"price_1": 10, "price_2": 10.5}, "批发价 10.5 高于零售价 10"),
        ({"min_price": 9, "price_1": 10, "price_4": 8}, "最低售价 9 高于代理价 8"),
        ({"purchase_price": 11, "price_1": 10}, "参考进价 11 高于零售价 10"),
    ],
)
def test_prices_in_the_wrong_order_are_asked_about(shop: Shop, prices: dict[str, float], said: str) -> None:
    body = new(shop, **{name: scaled(price) for name, price in prices.items()})
    assert asked(shop, "POST", PRODUCT, body) == {"price_order": said}
    made = shop.api.post(f"{PRODUCT}?confirmed=price_order", body)["row"]
    path = f"{PRODUCT}/{made['id']}"
    shop.api.ok(shop.api.call("PATCH", path, {"spec": "大"}))  # what was said yes to is not asked about again
    assert "price_order" in asked(shop, "PATCH", path, {"min_price": scaled(20)})


def test_prices_in_order_are_not_asked_about(shop: Shop) -> None:
    prices = {"min_price": 8, "price_1": 10, "price_2": 10, "price_3": 9, "purchase_price": 7}
    shop.api.post(PRODUCT, new(shop, **{name: scaled(price) for name, price in prices.items()}))


def test_many_at_once_are_not_asked_about(shop: Shop) -> None:
    ids = [shop.api.post(PRODUCT, new(shop, name=name, price_1=scaled(5)))["row"]["id"] for name in "糖盐"]
    body = {"ids": ids, "set": {"min_price": scaled(9)}}
    assert len(shop.api.post(f"{PRODUCT}/change", body)["changed"]) == 2


def test_what_is_wrong_is_said_before_anything_is_asked(shop: Shop) -> None:
    body = new(shop, min_price=scaled(9), price_1=scaled(5), stock_min=scaled(9), stock_max=scaled(1))
    assert "stock_max" in shop.api.refused("POST", PRODUCT, 422, body)["fields"]


def test_days_far_off_are_asked_about_and_others_are_not(shop: Shop) -> None:
    """The same question for records and documents; what was saved before is not asked again."""
    early = new(shop, registered_on="1900-01-01")
    years = int(today()[:4]) - 1900
    assert asked(shop, "POST", PRODUCT, early) == {"far_day": f"「登记日期」写的是 1900-01-01，已经过了 {years} 年"}
    saved = shop.api.post(f"{PRODUCT}?confirmed=far_day", early)["row"]
    shop.api.ok(shop.api.call("PATCH", f"{PRODUCT}/{saved['id']}", {"spec": "大"}))
    shop.api.post(PRODUCT, new(shop, registered_on="1980-01-01"))
    path = f"/api/records/company_profile/{shop.rows('company_profile')[0]['id']}"
    assert "2199-01-01" in asked(shop, "PATCH", path, {"start_on": "2199-01-01"})["far_day"]
    shop.supplier()
    shop.product()
    order = {"supplier": "乙", "doc_type": "order", "deliver_on": "2199-01-01"}
    problem = shop.refused("purchase", order, ("P", 1, 1), status=409)
    assert [(one["name"], "「到货日期」写的是 2199-01-01" in one["text"]) for one in problem["questions"]] == [
        ("far_day", True)
    ]
    shop.enter("purchase", order, ("P", 1, 1), confirmed=["far_day"])
