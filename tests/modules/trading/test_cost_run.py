"""成本核算 (modules.md T6.11): what goods ought to have cost in the order of their days, entered and read through the
API."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from desktop.engine.documents import audit, verbs
from desktop.engine.fields.moment import today
from desktop.jobs import Cancelled
from desktop.modules.trading import cost_run
from tests.modules.trading.shop import D, Shop, costs, scaled, units, yuan


@pytest.fixture(autouse=True)
def goods(shop: Shop) -> None:
    shop.product()
    shop.customer()
    shop.supplier()


def days_ago(days: int) -> str:
    return (date.fromisoformat(today()) - timedelta(days=days)).isoformat()


def offered(shop: Shop) -> list[dict[str, Any]]:
    path = "/api/documents/cost_adjust/sources/run/all"
    job = shop.api.ended(shop.api.post(path, shop.body({"kind": "run"}, [])))
    assert job["state"] == "done", job
    return list(job["result"]["lines"])


def found(shop: Shop) -> list[tuple[str, Any, Any, Any]]:
    """(number, cost as it is, as it ought to be, difference) of what a run tells."""
    return [
        (one["source_number"] or "", yuan(one["old_amount"]), yuan(one["new_amount"]), yuan(one["amount"]))
        for one in offered(shop)
    ]


def run(shop: Shop) -> dict[str, Any]:
    return shop.enter("cost_adjust", {"kind": "run"}, *offered(shop))


def read(shop: Shop, document: dict[str, Any]) -> tuple[Any, Any]:
    """Cost and profit of a sale."""
    row = shop.read("sale", document)["row"]
    return yuan(row["cost_total"]), yuan(row["profit"])


def test_a_run_tells_how_far_it_is_and_stops_where_it_is_told_to(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost_run, "_AT_ONCE", 1)
    shop.product("Q")
    shop.buy(("P", 10, 10), ("Q", 1, 1))
    told: list[tuple[int, int]] = []
    engine, admin = shop.office.engine, shop.office.admin
    verbs.take(engine, admin, "cost_adjust", "run", "", {"kind": "run"}, [], lambda *step: told.append(step))
    assert told == [(0, 2), (1, 2)]

    def stop(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        verbs.take(engine, admin, "cost_adjust", "run", "", {"kind": "run"}, [], stop)
    path = "/api/documents/cost_adjust/sources/unknown/all"
    assert "选一张" in shop.api.refused("POST", path, 404, shop.body({"kind": "late"}, []))["title"]


def test_books_in_order_have_no_differences(shop: Shop) -> None:
    first = shop.buy(("P", 10, 10))
    shop.buy(("P", 5, None), confirmed=["unknown_cost"])
    sold = shop.sell(("P", 8, 20))
    shop.sell({"product": shop.names["P"], "qty": scaled(2), "price": scaled(20),
               "origin_line": sold["lines"][0]["id"]}, doc_type="return")  # fmt: skip
    gone = shop.sell(("P", 1, 20))
    shop.cancel("sale", gone)
    shop.sell(("P", 12, 20), confirmed=["negative_stock"])
    shop.enter("stock_entry", {"kind": "gain"}, {"product": shop.names["P"], "qty": scaled(9)})
    shop.buy({"product": shop.names["P"], "qty": scaled(3), "price": scaled(10),
              "origin_line": first["lines"][0]["id"]}, doc_type="return")  # fmt: skip
    assert offered(shop) == []
    problem = shop.refused("cost_adjust", {"kind": "run"})
    assert problem["fields"] == {"": "没有要核算的：各笔成本都和重算的一样，不用过账"}


def test_a_purchase_that_was_entered_late_changes_what_was_sold_after_its_day(shop: Shop) -> None:
    shop.buy(("P", 10, 10), doc_on=days_ago(3))
    sold = shop.sell(("P", 5, 30), doc_on=days_ago(1))
    late = shop.buy(("P", 10, 16), doc_on=days_ago(2))
    assert read(shop, sold) == (50, 100) and shop.stock() == (15, 210)
    assert found(shop) == [(sold["row"]["number"], -50, -65, -15)], "20 for 260.00 are 13.00 each"
    made = run(shop)
    assert made["row"]["number"].startswith("CB-") and yuan(made["row"]["total_cost"]) == -15
    assert (shop.stock(), shop.average()) == ((15, 195), 13)
    assert read(shop, sold) == (65, 85) and costs(shop.read("purchase", late)) == [160]
    (line,) = shop.read("sale", sold)["lines"]
    assert (yuan(line["cost_amount"]), yuan(line["cost_adjusted"])) == (-50, -15)
    (entry,) = shop.rows("stock_move", kind="run")
    assert (entry["number"], entry["book_on"], yuan(entry["cost_amount"])) == (sold["row"]["number"], today(), -15)
    assert found(shop) == [], "what was put right is right"


def test_what_a_run_put_right_is_what_a_return_brings_back(shop: Shop) -> None:
    shop.buy(("P", 10, 10), doc_on=days_ago(3))
    sold = shop.sell(("P", 4, 30), doc_on=days_ago(1))
    shop.buy(("P", 10, 20), doc_on=days_ago(2))
    run(shop)
    back = {"product": shop.names["P"], "qty": scaled(1), "price": scaled(30), "origin_line": sold["lines"][0]["id"]}
    assert costs(shop.sell(back, doc_type="return")) == [15] and found(shop) == []


def test_a_run_that_is_cancelled_leaves_everything_as_it_was(shop: Shop) -> None:
    shop.buy(("P", 10, 10), doc_on=days_ago(3))
    sold = shop.sell(("P", 5, 30), doc_on=days_ago(1))
    shop.buy(("P", 10, 16), doc_on=days_ago(2))
    before = found(shop)
    made = run(shop)
    path = f"/api/documents/cost_adjust/{made['row']['id']}"
    noted = shop.api.ok(shop.api.call("PATCH", path, shop.body({"note": "月底"}, made["lines"])))
    assert (noted["row"]["note"], noted["row"]["version"]) == ("月底", 1)
    other = {"source": shop.rows("stock_move", kind="purchase")[0]["id"], "amount": 1}
    changed = shop.api.refused("PATCH", path, 422, shop.body({}, [*made["lines"], other]))
    assert changed["fields"][""] == "成本核算过账以后不能改，可以作废了重新核算"
    shop.cancel("cost_adjust", made)
    assert read(shop, sold) == (50, 100) and shop.stock() == (15, 210) and found(shop) == before


def test_a_document_that_is_changed_or_cancelled_takes_what_was_put_right_along(shop: Shop) -> None:
    shop.buy(("P", 10, 10), doc_on=days_ago(3))
    first, second = (shop.sell(("P", 5, 30), doc_on=days_ago(1)) for _ in range(2))
    shop.buy(("P", 10, 16), doc_on=days_ago(2))
    run(shop)
    assert (read(shop, first), read(shop, second), shop.stock()) == ((65, 85), (65, 85), (10, 130))
    shop.cancel("sale", second)
    assert shop.stock() == (15, 195) and found(shop) == []
    shop.change("sale", first, [{**first["lines"][0], "qty": scaled(4)}])
    assert read(shop, first) == (52, 68) and shop.stock() == (16, 208) and found(shop) == []


def test_each_kind_of_move_is_replayed_by_its_own_rule(shop: Shop) -> None:
    """T6.4: 5 were missing on the day of the purchase, which was entered before the sale."""
    bought = shop.buy(("P", 10, 12), doc_on=days_ago(1))
    shop.buy(("P", 5, 10), doc_on=days_ago(5))
    sold = shop.sell(("P", 8, 20), doc_on=days_ago(3))
    assert costs(sold) == [D("-90.67")]
    rows = {number: (old, new) for number, old, new, _ in found(shop)}
    assert rows == {sold["row"]["number"]: (D("-90.67"), -80), bought["row"]["number"]: (120, 114)}
    run(shop)
    assert shop.stock() == (7, 84) and found(shop) == []
    (line,) = shop.read("purchase", bought)["lines"]
    assert yuan(line["cost_adjusted"]) == -6, "the difference of what was sold before it came"


def test_a_receipt_that_was_put_right_can_still_be_changed_and_told_its_cost(shop: Shop) -> None:
    shop.buy(("P", 10, 10), doc_on=days_ago(3))
    sold = shop.sell(("P", 12, 20), doc_on=days_ago(2), confirmed=["negative_stock"])
    bought = shop.buy(("P", 5, None), doc_on=days_ago(1), confirmed=["unknown_cost"])
    shop.buy(("P", 1, 22), doc_on=days_ago(4))
    assert bought["row"]["number"] in [number for number, *_ in found(shop)]
    run(shop)
    assert found(shop) == []
    (source,) = [one for one in shop.rows("stock_move", document=bought["row"]["id"]) if one["kind"] == "purchase"]
    line = {"source": source["id"], "unit_cost": scaled(9)}
    made = shop.enter("cost_adjust", {"kind": "late_cost"}, line)
    assert shop.stock()[0] == 4 and made["row"]["state"] == "posted"
    shop.cancel("cost_adjust", made)
    shop.change("purchase", bought, [{**bought["lines"][0], "price": scaled(9)}])
    assert costs(shop.read("purchase", bought)) == [45] and read(shop, sold)[0] > 0


def test_uncosted_goods_are_replayed_as_such(shop: Shop) -> None:
    sold_late = shop.enter("stock_entry", {"kind": "other_in", "doc_on": days_ago(4)},
                           {"product": shop.names["P"], "qty": scaled(3)})  # fmt: skip
    sold = shop.sell(("P", 2, 20), doc_on=days_ago(1))
    shop.buy(("P", 4, 10), doc_on=days_ago(2))
    (one,) = offered(shop)
    assert (yuan(one["old_amount"]), yuan(one["new_amount"]), units(one["uncosted_change"])) == (0, -20, 2)
    run(shop)
    (row,) = shop.rows("stock_balance")
    assert (shop.stock(), units(row["uncosted"])) == ((5, 20), 3) and read(shop, sold) == (20, 20)
    assert found(shop) == [] and sold_late["row"]["state"] == "posted"


def test_late_costs_and_values_put_right_are_replayed_on_their_days(shop: Shop) -> None:
    shop.enter("stock_entry", {"kind": "other_in", "doc_on": days_ago(5)},
               {"product": shop.names["P"], "qty": scaled(5)})  # fmt: skip
    (source,) = shop.rows("stock_move", kind="other_in")
    sold = shop.sell(("P", 2, 20), doc_on=days_ago(1))
    told = {"kind": "late_cost", "doc_on": days_ago(3)}
    made = shop.enter("cost_adjust", told, {"source": source["id"], "unit_cost": scaled(12)})
    assert (yuan(made["row"]["total_cost"]), yuan(made["row"]["issued_cost"]), read(shop, sold)) == (36, 24, (24, 16))
    numbers = {number: (old, new) for number, old, new, _ in found(shop)}
    assert numbers == {made["row"]["number"]: (36, 60), sold["row"]["number"]: (0, -24)}
    run(shop)
    assert shop.stock() == (3, 36) and found(shop) == []


def test_a_pool_without_goods_is_worth_nothing(shop: Shop) -> None:
    bought = shop.buy(("P", 2, 10))
    shop.buy(("P", 2, 20))
    shop.sell(("P", 2, 40))
    path = f"/api/documents/purchase/{bought['row']['id']}/cancel"
    shop.api.post(path, {"reason": "录错"})
    assert shop.stock() == (0, 10), "15.00 each left, 10.00 each were taken back"
    assert found(shop) == [("", 10, 0, -10)]
    made = run(shop)
    assert shop.stock() == (0, 0) and found(shop) == []
    shop.buy(("P", 1, 7))
    assert (shop.stock(), found(shop)) == ((1, 7), []), "what was written off stays so"
    assert yuan(made["row"]["total_cost"]) == -10


def test_what_came_between_is_told_to_whoever_saves(shop: Shop) -> None:
    shop.buy(("P", 10, 10), doc_on=days_ago(3))
    sold = shop.sell(("P", 5, 30), doc_on=days_ago(1))
    late = shop.buy(("P", 10, 16), doc_on=days_ago(2))
    lines = offered(shop)
    line = late["lines"][0]
    shop.change("purchase", late, [{**line, "price": scaled(10)}])
    problem = shop.refused("cost_adjust", {"kind": "run"}, *lines)
    assert "请重新「核算」" in problem["fields"]["lines.0.product"]
    shop.change("purchase", late, [{**line, "price": scaled(13)}])
    made = shop.enter("cost_adjust", {"kind": "run"}, *lines)
    assert yuan(made["lines"][0]["amount"]) == D("-7.50") and read(shop, sold) == (D("57.50"), D("92.50"))


def test_books_that_an_earlier_version_kept_under_other_ids_are_booked_anew_once(shop: Shop) -> None:
    """And each entry keeps its place, with the balance behind it."""
    shop.buy(("P", 10, 10), doc_on=days_ago(3))
    shop.sell(("P", 5, 30), doc_on=days_ago(1))
    shop.buy(("P", 10, 16), doc_on=days_ago(2))
    run(shop)
    shop.cancel("sale", shop.sell(("P", 1, 30)))
    shop.buy(("P", 1, 12))
    shop.sell(("P", 2, 30))
    shop.buy(("P", 10, 4), doc_on=days_ago(3))
    draft = shop.enter("cost_adjust", {"kind": "run"}, *offered(shop), post=False)
    before = shop.stock(), flow(shop)
    station = shop.office.workstation
    with station.db.write() as db, station.db.unguarded():
        for ledger in station.registry.ledgers:
            db.execute(f"UPDATE {ledger} SET id = lower(hex(randomblob(16)))")
        audit.rebuild(db, station.registry)
    assert (shop.stock(), flow(shop)) == before
    assert [kind for _, kind, _, _ in flow(shop)].count("run") == 1
    shop.change("cost_adjust", draft, [line | {"source": f"{place:032x}"} for place, line in enumerate(draft["lines"])])
    assert found(shop) == [], "a draft of then knows its entries by their documents"


def flow(shop: Shop) -> list[tuple[Any, ...]]:
    rows = shop.api.get("/api/records/stock_move")["rows"]
    return [(row["number"], row["kind"], row["qty"], row["stock_after"]) for row in rows]


def test_each_warehouse_is_replayed_by_itself(shop: Shop) -> None:
    shop.add("warehouse", "二仓", code="02")
    shop.api.ok(shop.api.call("PATCH", "/api/settings", {"values": {"cost.scope": "warehouse"}}))
    there = {"from_warehouse": "主仓", "to_warehouse": "二仓", "doc_on": days_ago(2)}
    shop.buy(("P", 10, 10), doc_on=days_ago(4))
    moved = shop.enter("stock_transfer", there, ("P", 5, None))
    sold = shop.sell(("P", 1, 30), warehouse="二仓", doc_on=days_ago(1))
    shop.buy(("P", 10, 16), doc_on=days_ago(3))
    rows = sorted((number, old, new) for number, old, new, _ in found(shop))
    number = moved["row"]["number"]
    assert rows == sorted([(number, -50, -65), (number, 50, 65), (sold["row"]["number"], -10, -13)])
    run(shop)
    assert read(shop, sold) == (13, 17) and shop.stock() == (19, 247) and found(shop) == []
