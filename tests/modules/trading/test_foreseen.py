"""What rules look up for all lines at once is what they would have found line by line."""

from __future__ import annotations

from desktop.engine.documents.foreseen import Foreseen
from desktop.engine.documents.project import living, sums_of
from tests.modules.trading.shop import Shop


def test_what_was_looked_up_ahead_is_what_a_question_finds_and_is_void_once_anything_is_written(shop: Shop) -> None:
    for name in ("P", "Q", "R"):
        shop.product(name)
    shop.supplier()
    shop.buy(("P", 50, 1), ("Q", 20, 2))
    engine, main = shop.office.engine, shop.names["主仓"]
    keys = [{"product": shop.names[name], "warehouse": main} for name in ("P", "Q", "R")]
    with engine.db.write() as db, engine.db.unguarded():
        balance, costs = engine.registry.balances["stock_balance"], engine.registry["product_cost"]
        ahead = Foreseen(db, engine.registry)
        ahead.balances("stock_balance", keys)
        ahead.rows("product_cost", "product", [one["product"] for one in keys])
        assert [ahead.sums("stock_balance", one)["on_hand"] for one in keys] == [500_000, 200_000, 0]
        for one in keys:
            assert ahead.sums("stock_balance", one) == sums_of(db, balance, one)
            by_product = {"product": one["product"]}
            assert ahead.found("product_cost", by_product) == living(db, costs, by_product)
        ahead.sums("stock_balance", keys[0])["on_hand"] = 0  # what one rule does with its answer is not told to others
        assert ahead.sums("stock_balance", keys[0])["on_hand"] == 500_000
        db.execute("UPDATE stock_balance SET on_hand = 7 WHERE product = ?", (shop.names["P"],))
        assert ahead.sums("stock_balance", keys[0])["on_hand"] == 7
        db.execute("UPDATE stock_balance SET on_hand = 500000 WHERE product = ?", (shop.names["P"],))
