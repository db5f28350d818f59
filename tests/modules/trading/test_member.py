"""Who buys in the shop may be told (2.2.6 `member`): found by it, printed, and nothing owed by him."""

from __future__ import annotations

from typing import Any

import pytest

from tests.modules.trading.shop import Shop
from tests.modules.trading.test_prints import flat, printed

RETAIL: dict[str, Any] = {"doc_type": "retail", "account": "现金"}


@pytest.fixture(autouse=True)
def goods(shop: Shop) -> None:
    shop.customer("甲")
    shop.customer("乙方")
    shop.supplier("乙")
    shop.product("P")
    shop.buy(("P", 10, 5))


def related(shop: Shop, name: str) -> list[str]:
    path = f"/api/records/customer/{shop.names[name]}/related"
    rows = shop.api.get(f"{path}/sale-member")["rows"]
    assert shop.api.get(path)["sale-member"] == len(rows)
    return [row["number"] for row in rows]


def test_a_retail_sale_is_found_with_its_member_who_owes_nothing(shop: Shop) -> None:
    sold = shop.enter("sale", {**RETAIL, "member": "甲", "paid_amount": 9}, ("P", 1, 9))
    row, words = sold["row"], sold["labels"]
    assert (words[row["customer"]], words[row["member"]]) == ("零售客户", "甲")
    assert related(shop, "甲") == [row["number"]] and related(shop, "乙方") == []
    (line,) = shop.rows("sale_line", member=shop.names["甲"])
    assert line["number"] == row["number"] and shop.owes("甲") == 0
    assert shop.api.get("/api/records/sale", field="member", value="甲")["total"] == 1
    changed = shop.change("sale", sold, [("P", 1, 9)], **RETAIL, member="乙方", paid_amount=9)
    assert changed["row"]["version"] == 2 and related(shop, "甲") == [] and related(shop, "乙方") == [row["number"]]
    refused = shop.api.refused("DELETE", f"/api/records/customer/{shop.names['乙方']}", 409)
    assert "1 个销货单在用" in refused["title"]


def test_what_was_merged_keeps_what_he_bought(shop: Shop) -> None:
    number = shop.enter("sale", {**RETAIL, "member": "甲", "paid_amount": 9}, ("P", 1, 9))["row"]["number"]
    shop.api.post("/api/merge/customer", {"winner": shop.names["乙方"], "losers": [shop.names["甲"]]})
    assert related(shop, "乙方") == [number]


def test_only_retail_has_a_member_and_it_is_somebody(shop: Shop) -> None:
    sold = shop.sell(("P", 1, 9), member="乙方")
    assert sold["row"]["member"] is None and related(shop, "乙方") == []
    shop.names["零售"] = shop.api.get("/api/lookup/customer", q="零售客户")["rows"][0]["id"]
    paid = {**RETAIL, "paid_amount": 9}
    told = shop.refused("sale", {**paid, "member": "零售"}, ("P", 1, 9))["fields"]
    assert told == {"member": "「零售客户」不是会员，不知道是谁就空着"}
    shop.api.ok(shop.api.call("PATCH", f"/api/records/customer/{shop.names['甲']}", {"is_blacklisted": True}))
    assert "黑名单" in shop.refused("sale", {**paid, "member": "甲"}, ("P", 1, 9))["fields"]["member"]


@pytest.mark.parametrize("paper", ["receipt_80", "receipt_58"])
def test_the_receipt_names_the_member_where_there_is_one(shop: Shop, paper: str) -> None:
    sold = shop.enter("sale", {**RETAIL, "member": "甲", "paid_amount": 9}, ("P", 1, 9))
    (page,) = printed(shop, "sale", sold, paper)
    assert "会员：甲" in flat(page)
    other = shop.enter("sale", {**RETAIL, "paid_amount": 9}, ("P", 1, 9))
    (page,) = printed(shop, "sale", other, paper)
    assert "会员" not in flat(page)
