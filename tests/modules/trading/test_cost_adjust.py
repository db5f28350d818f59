"""补录成本 and 手工调整 (modules.md T6.10), entered and read through the API."""

from __future__ import annotations

from typing import Any

import pytest

from desktop.engine.documents import offers
from desktop.engine.ids import derived_id, following_id
from desktop.modules.trading.cost import Pool
from desktop.modules.trading.cost_adjust import adjusted
from tests.modules.trading.shop import Shop, costs, fen, scaled, units, yuan


@pytest.fixture(autouse=True)
def parties(shop: Shop) -> None:
    shop.product()
    shop.customer()
    shop.supplier()


def unknown(shop: Shop, qty: int) -> dict[str, Any]:
    return shop.enter("stock_entry", {"kind": "other_in"}, {"product": shop.names["P"], "qty": scaled(qty)})


def offered(shop: Shop, source: str, kind: str) -> list[dict[str, Any]]:
    path = f"/api/documents/cost_adjust/sources/{source}"
    return list(shop.api.post(path, shop.body({"kind": kind}, []))["items"])


def taken(shop: Shop, source: str, kind: str) -> dict[str, Any]:
    """The one line that a source offers."""
    (one,) = offered(shop, source, kind)
    path = f"/api/documents/cost_adjust/sources/{source}/{one['id']}"
    (line,) = shop.api.post(path, shop.body({"kind": kind}, []))["lines"]
    return dict(line)


def late(shop: Shop, unit_cost: float) -> dict[str, Any]:
    line = taken(shop, "unknown", "late_cost")
    return shop.enter("cost_adjust", {"kind": "late_cost"}, {**line, "unit_cost": scaled(unit_cost)})


def test_g6_a_late_cost_goes_to_what_lies_here_and_the_rest_is_a_difference(shop: Shop) -> None:
    shop.buy(("P", 10, 10))
    came = unknown(shop, 5)
    shop.sell(("P", 8, 20))
    assert costs(shop.sell(("P", 4, 20))) == [-20] and shop.stock() == (3, 0)
    line = taken(shop, "unknown", "late_cost")
    assert (line["source_number"], units(line["qty"])) == (came["row"]["number"], 5)
    made = late(shop, 12)
    assert made["row"]["number"].startswith("CB-01A1-")
    assert (yuan(made["row"]["total_cost"]), yuan(made["row"]["issued_cost"])) == (36, 24)
    (found,) = made["lines"]
    assert (yuan(found["cost_amount"]), units(found["uncosted_qty"]), yuan(found["issued_cost"])) == (36, -3, 24)
    (row,) = shop.rows("stock_balance")
    assert (shop.stock(), units(row["uncosted"]), shop.average()) == ((3, 36), 0, 12)
    assert offered(shop, "unknown", "late_cost") == []
    shop.cancel("cost_adjust", made)
    assert shop.stock() == (3, 0) and shop.average() is None
    assert len(offered(shop, "unknown", "late_cost")) == 1


def test_what_a_late_cost_names_is_called_as_the_first_version_of_the_program_called_it(shop: Shop) -> None:
    """Lines that an earlier version saved name the entry of their receipt by its id; nobody names that of an issue."""
    came, sold = unknown(shop, 5), shop.sell(("P", 3, 20))
    entries = {row["document"]: row["id"] for row in shop.rows("stock_move")}

    def said(paper: dict[str, Any]) -> tuple[str, str]:
        (line,) = paper["lines"]
        return paper["row"]["id"], f"stock_move:{line['id']}:goods"

    assert entries[came["row"]["id"]] == taken(shop, "unknown", "late_cost")["source"] == derived_id(*said(came))
    assert entries[sold["row"]["id"]] == following_id(*said(sold))


def profit(shop: Shop, sold: dict[str, Any]) -> tuple[Any, Any, list[Any]]:
    """(cost, profit, what became known later of each line) of a sale."""
    found = shop.read("sale", sold)
    adjusted = [yuan(line["cost_adjusted"]) for line in found["lines"]]
    return yuan(found["row"]["cost_total"]), yuan(found["row"]["profit"]), adjusted


def test_g6_the_oldest_sales_of_unknown_cost_bear_what_had_left(shop: Shop) -> None:
    """T6.10, T29: 80 − 20 − 24 = 36; before, the profit of what is known (RP10: 40 − 20)."""
    shop.buy(("P", 10, 10))
    unknown(shop, 5)
    first, last = shop.sell(("P", 8, 20)), shop.sell(("P", 4, 20))
    assert profit(shop, last) == (20, 20, [None])
    made = late(shop, 12)
    assert profit(shop, last) == (44, 36, [-24]) and profit(shop, first) == (80, 80, [None])
    shop.change("cost_adjust", made, [{**made["lines"][0], "unit_cost": scaled(10)}])
    assert profit(shop, last) == (40, 40, [-20])
    shop.cancel("cost_adjust", made)
    assert profit(shop, last) == (20, 20, [0])


def test_a_sale_that_is_changed_or_cancelled_bears_nothing_of_before(shop: Shop) -> None:
    unknown(shop, 5)
    sold, other = shop.sell(("P", 3, 20)), shop.sell(("P", 2, 20))
    late(shop, 12)
    assert profit(shop, sold) == (36, 24, [-36]) and profit(shop, other) == (24, 16, [-24])
    shop.change("sale", sold, [{**sold["lines"][0], "qty": scaled(2)}])
    assert profit(shop, sold)[2] == [None], "its costs are taken anew"
    shop.cancel("sale", other)
    assert shop.stock()[0] == 3


def test_two_late_costs_are_borne_one_after_the_other(shop: Shop) -> None:
    """The first two of three that one sale took, then the rest, whoever comes next."""
    for qty in (2, 3):
        unknown(shop, qty)
    first, second = shop.sell(("P", 3, 20)), shop.sell(("P", 2, 20))
    sources = {units(one["uncosted_qty"]): one["id"] for one in offered(shop, "unknown", "late_cost")}
    shop.enter("cost_adjust", {"kind": "late_cost"}, {"source": sources[2], "unit_cost": scaled(5)})
    assert profit(shop, first)[2] == [-10] and profit(shop, second)[2] == [None]
    shop.enter("cost_adjust", {"kind": "late_cost"}, {"source": sources[3], "unit_cost": scaled(7)})
    assert profit(shop, first)[2] == [-17] and profit(shop, second)[2] == [-14]


def test_what_was_taken_otherwise_bears_its_part(shop: Shop) -> None:
    unknown(shop, 5)
    used = shop.enter("stock_entry", {"kind": "use"}, ("P", 1, None))
    sold = shop.sell(("P", 2, 20))
    made = late(shop, 12)
    assert (yuan(made["row"]["total_cost"]), yuan(made["row"]["issued_cost"])) == (24, 36)
    assert profit(shop, sold)[2] == [-24]
    assert yuan(shop.read("stock_entry", used)["row"]["total_cost"]) == -12


def test_a_late_cost_is_changed_as_if_the_old_one_had_never_been(shop: Shop) -> None:
    shop.buy(("P", 5, None), confirmed=["unknown_cost"])
    made = late(shop, 12)
    assert shop.stock() == (5, 60)
    shop.change("cost_adjust", made, [{**made["lines"][0], "unit_cost": scaled(14)}])
    assert shop.stock() == (5, 70) and shop.average() == 14


def test_what_a_late_cost_is_about_stays_and_is_told_once(shop: Shop) -> None:
    bought = shop.buy(("P", 5, None), confirmed=["unknown_cost"])
    came = unknown(shop, 2)
    line = {"source": next(one["id"] for one in offered(shop, "unknown", "late_cost")), "unit_cost": scaled(3)}
    about = {"kind": "late_cost"}
    problem = shop.refused("cost_adjust", about, line, line)
    assert problem["fields"] == {"lines.1.product": "这笔入库的成本已经补录过"}
    assert shop.refused("cost_adjust", about, {**line, "unit_cost": None, "amount": 1})["fields"] == {
        "lines.0.unit_cost": "请填写单位成本，免费的填 0"
    }
    empty = shop.refused("cost_adjust", about, {**line, "unit_cost": None})
    assert empty["fields"] == {"": "还没有产品，请至少录入一行"}, "lines in which nothing is entered are left out"
    problem = shop.refused("cost_adjust", about, {"product": shop.names["P"], "unit_cost": 1})
    assert problem["fields"] == {"lines.0.product": "请用「选未计成本的入库」选一笔入库"}
    both = [{"source": one["id"], "unit_cost": scaled(3)} for one in offered(shop, "unknown", "late_cost")]
    made = shop.enter("cost_adjust", about, *both)
    assert shop.stock() == (7, 21)
    for module, one in (("purchase", bought), ("stock_entry", came)):
        path = f"/api/documents/{module}/{one['row']['id']}"
        number = made["row"]["number"]
        assert number in shop.api.refused("POST", f"{path}/cancel", 422, {"reason": "x"})["fields"][""]
        changed = shop.body({}, [{**one["lines"][0], "qty": scaled(1)}], confirmed=["unknown_cost"])
        assert number in shop.api.refused("PATCH", path, 422, changed)["fields"][""]
    assert "已经补录过" in shop.refused("cost_adjust", about, line)["fields"]["lines.0.product"]


def test_a_value_is_put_right_by_hand_within_what_is_there(shop: Shop) -> None:
    shop.buy(("P", 10, 10))
    line = taken(shop, "stock", "manual")
    about = {"kind": "manual"}
    made = shop.enter("cost_adjust", about, {**line, "amount": fen("-12.50")})
    assert shop.stock() == (10, yuan(8750)) and yuan(made["row"]["total_cost"]) == yuan(-1250)
    shop.change("cost_adjust", made, [{**made["lines"][0], "amount": fen(-100)}])
    assert shop.stock() == (10, 0)
    assert "调整后不能小于 0" in shop.refused("cost_adjust", about, {**line, "amount": -1})["fields"]["lines.0.amount"]
    assert shop.refused("cost_adjust", about, {**line, "unit_cost": 1})["fields"] == {
        "lines.0.amount": "调整金额不能是 0"
    }  # fmt: skip
    problem = shop.refused("cost_adjust", about, {"amount": 5})
    assert problem["fields"] == {"lines.0.product": "请用「选库存」选产品和仓库"}
    shop.cancel("cost_adjust", made)
    assert shop.stock() == (10, 100)


def test_an_adjustment_of_goods_that_are_gone_is_a_difference() -> None:
    found = adjusted(Pool(0, 0, 0), 500)
    assert (found.costed.cost_amount, found.issued_cost, found.costed.pool) == (0, 500, Pool(0, 0, 0))
    found = adjusted(Pool(2, 0, 300), -300)
    assert (found.costed.cost_amount, found.issued_cost, found.costed.pool) == (-300, 0, Pool(2, 0, 0))


def test_what_is_not_among_the_first_offers_is_found_by_words(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers, "SHOWN_MAX", 1)
    shop.product("轴承 6204", code="ZC-6204")
    shop.product("螺栓", code="LS-8")
    shop.buy(("轴承 6204", 5, 10), ("螺栓", 7, 2))

    def found(text: str) -> tuple[list[str], bool]:
        path = f"/api/documents/cost_adjust/sources/stock?text={text}"
        answer = shop.api.post(path, shop.body({"kind": "manual"}, []))
        return [answer["labels"][row["product"]] for row in answer["items"]], answer["more"]

    names, more = found("")
    assert len(names) == 1 and more
    for text in ("轴承", "6204", "ZC-62"):
        assert found(text) == (["轴承 6204"], False), text
    assert found("螺") == (["螺栓"], False) and found("没有的") == ([], False)
    assert len(found("主仓")[0]) == 1 and found("主仓")[1]
