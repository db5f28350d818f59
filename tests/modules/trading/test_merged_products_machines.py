"""Products that are merged on one machine while others go on with them (T28, catalogue row 41): all machines come to
the same stock and value, each counted once; what is stored is what working it out anew gives (`three` asks that)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.modules.trading.merged import in_stock, merge, split
from tests.modules.trading.shop import D, Exact, costs, scaled, units
from tests.modules.trading.test_golden_machines import Three, fleet, no_conflicts, three

__all__ = ["fleet", "three"]


@pytest.fixture(autouse=True)
def doubles(three: Three) -> None:
    """P has 10 for 100; its double Q, made on another machine, 10 for 200."""
    three.a.product("Q", code="Q-1")
    three.keeper.names["Q"] = three.b.names["Q"] = three.a.names["Q"]
    three.a.buy(("Q", 10, 20))
    three.meet()


def alike(three: Three) -> dict[str, tuple[Exact, Exact]]:
    first, *others = [in_stock(one) for one in three.all]
    assert all(one == first for one in others), others
    return first


def costs_everywhere(three: Three, document: dict[str, Any]) -> list[Exact]:
    first, *others = [costs(one.read("sale", document)) for one in three.all]
    assert all(one == first for one in others)
    return first


@pytest.mark.parametrize("is_b_first", [False, True])
def test_merged_here_while_there_it_is_sold(three: Three, is_b_first: bool) -> None:
    """Which comes first at the keeper decides the cost, of which there is one; the stock is one in any case."""
    merge(three.a)
    sold = three.b.sell(("Q", 4, 30))
    three.meet(*((three.b, three.keeper, three.a) if is_b_first else (three.a, three.b)))
    cost = costs_everywhere(three, sold)
    assert cost == ([-80] if is_b_first else [-60])
    assert alike(three) == {"P": (16, 300 + cost[0])}
    later = three.b.sell(("P", 16, 30))
    three.meet()
    assert costs_everywhere(three, later) == [-300 - cost[0]] and alike(three) == {"P": (0, 0)}
    no_conflicts(three)


def test_merged_both_ways_round_ends_at_one_of_them(three: Three) -> None:
    merge(three.a)
    merge(three.b, loser="P", winner="Q")
    three.meet()
    (found,) = alike(three).values()
    assert found == (20, 300)
    names = {one.names[name]: name for one in (three.a,) for name in "PQ"}
    ends = {names[row["product"]] for one in three.all for row in one.rows("stock_balance")}
    assert ends == {names[min(names)]}
    split(three.keeper, names[max(names)])
    three.meet()
    assert alike(three) == {"P": (10, 100), "Q": (10, 200)}


def test_split_here_while_there_it_is_sold(three: Three) -> None:
    merge(three.a)
    three.meet()
    split(three.a)
    sold = three.b.sell(("P", 4, 30))
    three.meet(three.a, three.b)
    assert costs_everywhere(three, sold) == [-40]
    assert alike(three) == {"P": (6, 60), "Q": (10, 200)}


def test_merged_here_while_there_it_is_deleted(three: Three) -> None:
    """Lines name Q, so it cannot be deleted; a double that nothing names can, and comes back with its merger."""
    three.b.product("R", code="R-1")
    three.a.names["R"] = three.keeper.names["R"] = three.b.names["R"]
    three.meet()
    merge(three.a, "R", "P")
    three.b.api.ok(three.b.api.call("DELETE", f"/api/records/product/{three.b.names['R']}"))
    three.meet(three.a, three.b)
    assert alike(three) == {"P": (10, 100), "Q": (10, 200)}
    listed = [{row["id"] for row in one.rows("product")} for one in three.all]
    assert listed[0] == listed[1] == listed[2] and three.a.names["R"] not in listed[0]


def test_merged_here_while_there_the_unit_of_one_becomes_another(three: Three) -> None:
    three.b.product("S", code="S-1")
    three.a.names["S"] = three.keeper.names["S"] = three.b.names["S"]
    three.meet()
    merge(three.a, "S", "P")
    box = three.b.api.get("/api/lookup/dict_item", q="箱", where='{"list": "unit"}')["rows"][0]["id"]
    three.b.api.ok(three.b.api.call("PATCH", f"/api/records/product/{three.b.names['S']}", {"unit": box}))
    three.meet()
    for shop in three.all:
        groups = shop.api.get("/api/flaws")["groups"]
        assert [(one["name"], one["total"]) for one in groups] == [("merged_unlike", 1)]
    three.b.buy(("S", 5, 4))
    three.meet()
    assert alike(three) == {"P": (15, 120), "Q": (10, 200)}
    split(three.keeper, "S")
    three.meet()
    assert alike(three) == {"P": (10, 100), "Q": (10, 200), "S": (5, 20)}
    for shop in three.all:  # bought by the piece while it was one with P, and counted by the box by itself
        assert [one["name"] for one in shop.api.get("/api/flaws")["groups"]] == ["unit_strayed"]


def test_an_order_of_one_is_delivered_apart_as_the_other(three: Three) -> None:
    order = three.b.sell(("Q", 6, 30), doc_type="order", deliver_on="2039-01-01")
    three.meet()
    merge(three.a)
    line = {"product": three.a.names["P"], "qty": scaled(2), "price": scaled(30)}
    three.a.sell(line | {"order_line": order["lines"][0]["id"]})
    mine = {"product": three.b.names["Q"], "qty": scaled(1), "price": scaled(30)}
    three.b.sell(mine | {"order_line": order["lines"][0]["id"]})
    three.meet()
    for shop in three.all:
        (row,) = shop.rows("stock_balance")
        assert [units(row[name]) for name in ("on_hand", "reserved", "available")] == [17, 3, 14]
        assert shop.read("sale", order)["row"]["progress"] == "partial"
    assert alike(three)["P"][1] in (D(255), D(260), D(250), D("252.5"))


@pytest.mark.parametrize("three", ["warehouse"], indirect=True)
def test_by_warehouse_each_pool_is_of_both(three: Three) -> None:
    merge(three.b)
    sold = three.a.sell(("P", 4, 30))
    three.meet(three.b, three.a)
    assert costs_everywhere(three, sold) == [-60] and alike(three) == {"P": (16, 240)}
