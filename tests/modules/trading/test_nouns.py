"""A document is called by its kind: in titles, messages and links, and so are its fields, on sheets and on paper."""

from __future__ import annotations

from typing import Any

import pytest

from tests.modules.trading.shop import Shop, yuan
from tests.modules.trading.test_prints import flat, printed


@pytest.fixture(autouse=True)
def parties(shop: Shop) -> None:
    shop.product("P")
    shop.customer()
    shop.supplier()
    shop.buy(("P", 100, 1))
    shop.sell(("P", 1, 50), paid_amount=50)  # money to give back


def about(shop: Shop, module: str) -> dict[str, Any]:
    (found,) = [one for one in shop.api.get("/api/modules")["modules"] if one["name"] == module]
    return dict(found["document"])


@pytest.mark.parametrize(("module", "party"), [("sale", {"customer": "甲"}), ("purchase", {"supplier": "乙"})])
def test_a_return_is_called_one_and_asks_for_what_a_return_asks_for(
    shop: Shop, module: str, party: dict[str, str]
) -> None:
    words = about(shop, module)
    assert (words["nouns"]["return"], words["nouns"]["order"]) == ("退货单", "订货单")
    assert words["called"]["return"]["doc_on"] == "退货日期"
    assert words["line_called"]["return"]["qty"] == "退货数量"
    assert words["turned"]["return"]["outstanding"] == "未退"

    back = shop.enter(module, {"doc_type": "return", "paid_amount": 3, **party}, ("P", 2, 5), confirmed=["had_less"])
    assert yuan(back["row"]["outstanding"]) == -7
    said = flat(printed(shop, module, back, "sheet_a4"))
    assert "退货数量" in said and "退货单价" in said and "未退：7.00" in said and "退货日期：" in said
    (link,) = back["links"]
    receipt = shop.api.get(f"/api/documents/{link['module']}/{link['id']}")
    assert receipt["made_by"].startswith(f"由退货单 {back['row']['number']} 生成")
    assert receipt["links"][0]["label"] == "退货单"

    shop.cancel(module, back)
    path = f"/api/documents/{module}/{back['row']['id']}"
    refused = shop.api.refused("PATCH", path, 400, shop.body(party, (("P", 1, 5),)))
    assert refused["title"].startswith(f"退货单{back['row']['number']}已作废")


def test_what_is_no_return_keeps_its_own_words(shop: Shop) -> None:
    sold = shop.sell(("P", 2, 5))
    said = flat(printed(shop, "sale", sold, "sheet_a4"))
    assert "退货" not in said and "未收：10.00" in said
    order = shop.sell(("P", 2, 5), doc_type="order", deliver_on="2030-01-01")
    assert "订货数量" in flat(printed(shop, "sale", order, "sheet_a4"))


def test_lists_of_documents_and_of_their_lines_name_the_column_that_tells_the_state(shop: Shop) -> None:
    marked = {one["name"]: one["marked"] for one in shop.api.get("/api/modules")["modules"]}
    for name in ("sale", "purchase", "quote", "settlement", "sale_line", "purchase_line", "account_transfer"):
        assert marked[name] == "number", name
    assert marked["customer"] is None and marked["stock_move"] is None
    draft = shop.enter("sale", {"customer": "甲"}, ("P", 1, 5), post=False)
    (line,) = shop.rows("sale_line", document=draft["row"]["id"])
    assert line["state"] == "draft"  # what the mark is read from is there, whatever columns are shown


def test_settled_balances_are_passed_over_until_asked_for(shop: Shop) -> None:
    modules = {one["name"]: one for one in shop.api.get("/api/modules")["modules"]}
    assert modules["party_balance"]["aside"] == {"field": "balance", "value": 0, "label": "含零余额"}
    assert modules["account_balance"]["aside"] is None, "an account without money is worth seeing"
    opening = {one["name"]: one for one in modules["opening_account"]["fields"]}
    assert opening["account"]["default"] == shop.names["现金"]
