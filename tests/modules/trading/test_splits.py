"""Money of one settlement on several accounts, and what the bank takes for it (T10, G10)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.modules.trading.shop import Shop, fen, yuan


@pytest.fixture(autouse=True)
def goods(shop: Shop) -> None:
    shop.product("P")
    shop.customer()
    shop.supplier()
    shop.buy(("P", 100, 5))
    shop.add("account", "银行", kind="bank")
    shop.add("account", "微信", kind="wallet")


def receipt(shop: Shop, sold: dict[str, Any], **values: Any) -> dict[str, Any]:
    line = {"target_kind": "sale", "target": sold["row"]["id"], "amount": fen(600)}
    about = {"kind": "receipt", "customer": "甲", "amount": 600, "account": "银行", **values}
    scaled = {name: fen(about.pop(name)) for name in ("second_amount", "third_amount") if name in about}
    return shop.enter("settlement", about | scaled, line)


def balances(shop: Shop) -> tuple[Any, ...]:
    return tuple(shop.cash(name) for name in ("银行", "现金", "微信"))


def test_g10_a_receipt_on_three_accounts(shop: Shop) -> None:
    sold = shop.sell(("P", 6, 100))
    split = {"second_account": "现金", "second_amount": 100, "third_account": "微信", "third_amount": 50}
    made = receipt(shop, sold, **split, fee=1.5)
    assert balances(shop) == (448.5, 100, 50) and shop.owes("甲") == 0
    assert yuan(made["row"]["amount"]) == 600 and made["row"]["to_advance"] == 0
    rows = shop.rows("account_entry", account=shop.names["银行"])
    assert sorted((row["kind"], yuan(row["amount"])) for row in rows) == [("money_fee", -1.5), ("receipt", 450)]
    shop.enter("account_transfer", {"from_account": "微信", "to_account": "现金", "amount": 20})
    path = f"/api/documents/settlement/{made['row']['id']}"
    told = shop.api.refused("POST", f"{path}/cancel", 422, {"reason": "x"})
    assert told["fields"] == {"": told["fields"][""]} and "已从账户「微信」用掉的钱" in told["fields"][""]
    assert shop.api.refused("PATCH", path, 422, shop.body({"third_amount": 0, "third_account": None}, made["lines"]))
    changed = shop.change("settlement", made, made["lines"], second_amount=fen(120))
    assert changed["row"]["version"] == 2 and balances(shop) == (428.5, 140, 30)


def test_a_payment_takes_from_accounts_what_they_have(shop: Shop) -> None:
    shop.enter("settlement", {"kind": "advance_in", "customer": "甲", "amount": 60, "account": "现金"})
    shop.enter("settlement", {"kind": "advance_in", "customer": "甲", "amount": 60, "account": "银行"})
    paid = {"kind": "advance_out", "supplier": "乙", "amount": 100, "account": "现金", "second_account": "银行"}
    told = shop.refused("settlement", paid | {"second_amount": fen(61)})
    assert told["fields"] == {"second_account": "账户「银行」余额不够，还差 1.00"}
    told = shop.refused("settlement", paid | {"second_amount": fen(45), "fee": 6})
    assert told["fields"] == {"account": "账户「现金」余额不够，还差 1.00"}
    shop.enter("settlement", paid | {"second_amount": fen(45), "fee": 5})
    assert balances(shop) == (15, 0, 0) and shop.owes("乙", "advance_out") == 100


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"second_account": "现金"}, "second_amount"),
        ({"third_amount": 100}, "third_account"),
        ({"second_account": "银行", "second_amount": 100}, "second_account"),
        ({"second_account": "现金", "second_amount": 60001}, "amount"),
        ({"amount": 0, "fee": 1}, "fee"),
        ({"account": None}, "account"),
    ],
)
def test_parts_without_account_or_amount_are_refused_at_their_field(
    shop: Shop, values: dict[str, Any], field: str
) -> None:
    about = {"kind": "advance_in", "customer": "甲", "amount": 600, "account": "银行"}
    assert field in shop.refused("settlement", about | values)["fields"]


def test_the_sheet_says_what_is_left_for_the_first_account(shop: Shop) -> None:
    about = {"kind": "receipt", "customer": "甲", "amount": 600, "account": "银行"}
    body = {**shop.body(about, []), "changed": {"field": "second_amount"}}
    body["values"] |= {"second_account": shop.names["现金"], "second_amount": fen(100)}
    hints = shop.api.post("/api/documents/settlement/work-out", body)["hints"]
    assert ("account", "其余 500.00 记入这个账户") in [(one["field"], one["text"]) for one in hints]
    body["values"]["kind"] = "write_off"
    values = shop.api.post("/api/documents/settlement/work-out", body | {"changed": {"field": "kind"}})["values"]
    assert values["second_account"] is None and values["second_amount"] is None
