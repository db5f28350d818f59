"""Balances: one row of each kind for a party, seen with it (T9, T28), sums of like with like, what goods cost."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from desktop.engine import lists, printing
from desktop.engine import query as q
from desktop.engine.access import Principal
from tests.engine.kit import assert_checked
from tests.modules.trading.shop import Shop
from tests.modules.trading.test_flaws import Two, traders, two  # noqa: F401
from tests.modules.trading.test_settlement import merge


def balances(shop: Shop, who: Principal | None = None) -> dict[tuple[str, str], float]:
    """By party and kind, as a list shows them."""
    principal = who or shop.office.admin
    page = lists.page(shop.office.engine, principal, "party_balance", q.Query(limit=100))
    found = [((row["customer"] or row["supplier"], row["side"]), row["balance"] / 100) for row in page["rows"]]
    assert len(dict(found)) == len(found), "one row for each"
    return {(page["labels"][id], side): amount for (id, side), amount in found}


def stocked(shop: Shop) -> None:
    shop.product()
    shop.supplier()
    shop.buy(("P", 50, 1))
    shop.customer("甲")
    shop.customer("丙")


def unmerge(shop: Shop, *losers: str) -> None:
    shop.api.post("/api/merge/customer/undo", {"ids": [shop.names[name] for name in losers]})


def test_a_merged_party_has_one_balance_of_each_kind(shop: Shop) -> None:
    stocked(shop)
    shop.sell(("P", 1, 100))
    shop.sell(("P", 2, 100), customer="丙")
    shop.enter("settlement", {"kind": "advance_in", "customer": "丙", "amount": 30, "account": "现金"})
    owed = {("乙", "payable"): 50}
    apart = owed | {("甲", "receivable"): 100, ("丙", "receivable"): 200, ("丙", "advance_in"): 30}
    assert balances(shop) == apart
    merge(shop, "customer", "甲", "丙")
    assert balances(shop) == owed | {("甲", "receivable"): 300, ("甲", "advance_in"): 30}
    assert_checked(shop.office.engine)
    later = shop.sell(("P", 1, 5), customer="丙")
    assert balances(shop)["甲", "receivable"] == 305
    shop.cancel("sale", later)
    shop.customer("丁")
    merge(shop, "customer", "丁", "甲")
    assert balances(shop) == owed | {("丁", "receivable"): 300, ("丁", "advance_in"): 30}
    assert_checked(shop.office.engine)
    unmerge(shop, "丙", "甲")
    assert balances(shop) == apart
    assert_checked(shop.office.engine)


def test_balances_are_seen_with_their_party(shop: Shop) -> None:
    stocked(shop)
    for customer in ("甲", "丙"):
        shop.sell(("P", 1, 100), customer=customer)
    view = frozenset(("view",))
    rights = dict.fromkeys(("party_balance", "customer"), view)
    clerk = replace(shop.office.admin, everything=False, special=frozenset(), rights=rights, scopes={"customer": "own"})
    assert balances(shop, replace(clerk, scopes={"customer": "all"})) == {
        ("甲", "receivable"): 100,
        ("丙", "receivable"): 100,
    }
    other = replace(clerk, employee="somebody-else")
    assert balances(shop, other) == {}
    mine = replace(clerk, employee=owner_of(shop, "甲"))
    set_owner(shop, "丙", None)
    assert balances(shop, mine) == {("甲", "receivable"): 100}
    merge(shop, "customer", "甲", "丙")
    assert balances(shop, mine) == {("甲", "receivable"): 200}


def owner_of(shop: Shop, name: str) -> Any:
    return shop.api.get(f"/api/records/customer/{shop.names[name]}")["row"]["owner"]


def set_owner(shop: Shop, name: str, owner: Any) -> None:
    shop.api.ok(shop.api.call("PATCH", f"/api/records/customer/{shop.names[name]}", {"owner": owner}))


def test_machines_agree_on_the_balance_of_who_was_merged(two: Two) -> None:  # noqa: F811
    two.a.buy(("P", 50, 1))
    for shop in two.both:
        shop.names["丙"] = two.a.names.get("丙") or two.a.customer("丙")
    two.meet()
    merge(two.a, "customer", "甲", "丙")
    two.b.sell(("P", 2, 100), customer="丙")
    two.a.sell(("P", 1, 100))
    two.meet()
    assert balances(two.a) == balances(two.b) == {("乙", "payable"): 50, ("甲", "receivable"): 300}


def test_what_is_owed_and_what_one_owes_are_not_added_up(shop: Shop) -> None:
    stocked(shop)
    shop.sell(("P", 1, 100))
    for module, name in (("party_entry", "amount"), ("party_balance", "balance")):
        every = shop.api.get(f"/api/records/{module}", want="sums")["sums"]
        assert name not in every
        only = json.dumps({"and": [{"field": "side", "op": "eq", "value": "receivable"}]})
        assert shop.api.get(f"/api/records/{module}", want="sums", filter=only)["sums"][name] == 10_000
    query, columns = q.Query(), (("number", 100), ("amount", 80))
    engine, definition = shop.office.engine, shop.office.engine.definition("party_entry")
    with engine.db.read() as db:
        numbers = lists.row_numbers(engine, db, shop.office.admin, "party_entry", query)
        wanted = printing.Wanted(columns, None, None)
        cells, totals = printing._cells(engine, db, shop.office.admin, definition, wanted, numbers, lambda done: None)
    assert len(cells) == 2 and totals == ["合计 2 条（金额：应收 100.00，应付 50.00）", ""]


def test_goods_of_one_pool_cost_the_same_in_every_warehouse(shop: Shop) -> None:
    """`cost.scope` company: what came into one warehouse is not what goods in it cost."""
    shop.product()
    shop.supplier()
    shop.customer()
    shop.add("warehouse", "二仓", code="02")
    shop.buy(("P", 10, 10))
    shop.buy(("P", 10, 14), warehouse="二仓")
    shop.sell(("P", 6, 20))
    averages = {row["warehouse"]: row["average_cost"] / 10_000 for row in shop.rows("stock_balance")}
    assert averages == {shop.names["主仓"]: 12, shop.names["二仓"]: 12}
