"""Nobody is told by a glance, a hint or a statement what his lists do not show him (modules.md 0.6)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from desktop.engine.documents import verbs
from tests.api.test_roles import PASSWORD, hire, make
from tests.modules.trading.shop import Shop, scaled, yuan
from tests.modules.trading.test_golden import allocated

ORDER: dict[str, Any] = {"doc_type": "order", "deliver_on": "2030-01-01"}


@pytest.fixture(autouse=True)
def goods(shop: Shop) -> None:
    shop.product("P", stock_min=scaled(200))
    shop.customer()
    shop.supplier()
    shop.buy(("P", 100, "7.77"))
    shop.sell(("P", 5, "23.45"))
    shop.add("account", "银行", kind="bank")


def sign_in(shop: Shop, rights: str, **values: Any) -> None:
    """As somebody who may see these modules, and print and take along what he sees."""
    boxes = dict.fromkeys(rights.split(), "view export print")
    role = make(shop.api, "某人", boxes, values={"data_scope": "all", **values})
    hire(shop.office, "mou", role["id"])
    shop.api.sign_in("mou", PASSWORD)


def hints(shop: Shop, module: str, field: str, *lines: dict[str, Any], line: int | None = None, **values: Any) -> str:
    """What a sheet tells."""
    changed = {"field": field} | ({} if line is None else {"line": line})
    body = {**shop.body(values, lines), "changed": changed}
    return "、".join(one["text"] for one in shop.api.post(f"/api/documents/{module}/work-out", body)["hints"])


def test_who_sees_no_prices_sees_none_at_a_glance(shop: Shop) -> None:
    sign_in(shop, "sale purchase product customer supplier", hide_prices=True)
    for module, party, name in (("sale", "customer", "甲"), ("purchase", "supplier", "乙")):
        body = {"values": {party: shop.names[name]}, "line": {"product": shop.names["P"]}}
        assert shop.api.post(f"/api/documents/{module}/glance", body)["choices"] == []


def test_a_line_without_a_price_has_none_to_choose(shop: Shop) -> None:
    for module in ("stock_entry", "stock_transfer"):
        body = {"values": {}, "line": {"product": shop.names["P"]}}
        found = shop.api.post(f"/api/documents/{module}/glance", body)
        assert found["title"] == "P" and found["places"] and found["choices"] == []


def test_who_sees_no_amounts_gets_no_statement(shop: Shop) -> None:
    sign_in(shop, "customer party_entry party_balance", hide_prices=True)
    path = f"/api/statements/party_entry/customer/{shop.names['甲']}"
    assert "金额" in shop.api.refused("GET", path, 403)["title"]
    for verb in ("print", "export"):
        shop.api.refused("POST", f"{path}/{verb}", 403, {"since": "", "until": ""})
    modules = {one["name"]: one for one in shop.api.get("/api/modules")["modules"]}
    assert [modules[name]["statement"] for name in ("customer", "party_balance")] == [None, None]


def test_what_accounts_hold_is_told_to_who_may_see_it(shop: Shop) -> None:
    shop.enter("opening_account", {"account": "现金", "amount": "777.77"})
    about: dict[str, Any] = {"from_account": "现金", "to_account": "银行"}
    assert hints(shop, "account_transfer", "from_account", **about) == "余额 777.77、余额 0.00"
    sign_in(shop, "account_transfer account")
    assert hints(shop, "account_transfer", "from_account", **about) == ""


def test_the_last_purchase_price_is_told_to_who_sees_prices(shop: Shop) -> None:
    line = {"product": shop.names["P"], "qty": scaled(1), "price": scaled(20)}
    assert "上次进价 7.77" in hints(shop, "purchase", "price", line, line=0, supplier="乙")
    sign_in(shop, "purchase purchase_line product supplier", hide_prices=True)
    assert "上次进价" not in hints(shop, "purchase", "price", line, line=0, supplier="乙")


def test_a_deposit_is_told_to_who_sees_the_order_and_amounts(shop: Shop) -> None:
    order = shop.sell(("P", 5, 20), **ORDER, paid_amount="31.31", account="现金")
    about: dict[str, Any] = {"kind": "receipt", "customer": "甲"}
    both = (about | {"order": order["row"]["id"]}, about)
    assert [hints(shop, "settlement", "order", **one) for one in both] == [
        "没有没结清的单据，金额转入预收/付、订金余额 31.31",
        "没有没结清的单据，金额转入预收/付、另有订金 31.31 留给没交完的订货",
    ]
    sign_in(shop, "settlement customer account sale", data_scope="own")
    assert not any("订金" in hints(shop, "settlement", "order", **one) for one in both)


@pytest.mark.parametrize(("rights", "hides"), [("settlement customer sale", True), ("settlement customer", False)])
def test_a_deposit_is_an_amount_and_on_an_order(shop: Shop, rights: str, hides: bool) -> None:
    order = shop.sell(("P", 5, 20), **ORDER, paid_amount="31.31", account="现金")
    about: dict[str, Any] = {"kind": "receipt", "customer": "甲"}
    sign_in(shop, rights, hide_prices=hides)
    for one in (about | {"order": order["row"]["id"]}, about):
        assert "31" not in hints(shop, "settlement", "order", **one)


def test_what_the_stock_asks_for_is_told_to_who_may_see_the_stock(shop: Shop) -> None:
    line = {"product": shop.names["P"], "qty": scaled(1)}
    assert "可用 95" in hints(shop, "purchase", "product", line, line=0, supplier="乙")
    sign_in(shop, "purchase product supplier")
    assert "95" not in hints(shop, "purchase", "product", line, line=0, supplier="乙")


def test_an_advance_of_a_customer_one_does_not_see_is_offered_to_nobody(shop: Shop) -> None:
    """Balances of what is outside somebody's scope are none for a sheet that he fills in."""
    shop.enter("settlement", {"kind": "advance_in", "customer": "甲", "amount": 50})
    engine, admin = shop.office.engine, shop.office.admin
    with engine.db.read() as db:
        own = replace(admin, everything=False, employee="other", scopes={"customer": "own"})
        clerk = replace(own, rights={"customer": frozenset(["view"])})
        keys = {"customer": shop.names["甲"], "side": "advance_in"}
        assert verbs.asking_for(engine, db, clerk).balance("party_balance", keys) == {"balance": 0}
        assert verbs.asking_for(engine, db, admin).balance("party_balance", keys) == {"balance": 5000}


def test_the_statement_runs_in_the_order_of_booking(shop: Shop) -> None:
    """SK stands before XS in the alphabet, yet what is paid was sold before."""
    shop.customer("丙")
    sold = shop.sell(("P", 5, 20), customer="丙")
    shop.enter("settlement", {"kind": "receipt", "customer": "丙", "amount": 100}, allocated(sold, 100))
    rows = shop.api.get(f"/api/statements/party_entry/customer/{shop.names['丙']}")["rows"]
    assert [(row["number"][:2], yuan(row["owed"])) for row in rows] == [("XS", 100), ("SK", 0)]
    entries = shop.rows("party_entry", customer=shop.names["丙"])
    assert sorted((row["number"][:2], yuan(row["balance_after"])) for row in entries) == [("SK", 0), ("XS", 100)]


def test_a_running_balance_says_what_it_runs_over(shop: Shop) -> None:
    fields = {one["name"]: one for one in shop.api.get("/api/modules")["modules"]}["party_entry"]["fields"]
    assert "看得到" in next(one["help"] for one in fields if one["name"] == "balance_after")
