"""Posting looks things up: what it reads must not grow with what stands in the books."""

import re
import sqlite3
from contextlib import closing

from tests.modules.trading.shop import Shop

GROWING = (
    "sale sale_line purchase purchase_line stock_move stock_balance party_entry party_balance line_cost product_cost"
)
SALES = 30


def _plans(shop: Shop, statements: list[str]) -> list[tuple[str, str]]:
    """(step, statement) of the questions among them, as SQLite would answer them."""
    with closing(sqlite3.connect(shop.office.engine.db.path)) as db:
        asked = {text for text in statements if text.lstrip().startswith(("SELECT", "WITH"))}
        return [(row[3], text) for text in asked for row in db.execute(f"EXPLAIN QUERY PLAN {text}")]


def test_posting_reads_through_no_table(shop: Shop) -> None:
    shop.customer()
    shop.supplier()
    for name in "PQR":
        shop.product(name)
    shop.buy(*((name, 900, 5) for name in "PQR"))
    for _ in range(SALES):
        shop.sell(("P", 1, 9), ("Q", 2, 9))
    db = shop.office.engine.db
    with db.write() as writer:
        writer.execute("ANALYZE")
    said: list[str] = []
    connections = [db._writer, *db._readers.queue]
    for one in connections:
        one.set_trace_callback(said.append)
    shop.sell(("P", 1, 9), ("R", 3, 9), ("Q", 2, 9))
    shop.buy(("P", 1, 9), ("R", 3, 9), ("Q", 2, 9))
    shop.sell(("Q", 1, 9), doc_type="return")
    shop.enter("settlement", {"kind": "receipt", "customer": "甲", "amount": 18})
    for one in connections:
        one.set_trace_callback(None)
    assert any("stock_balance" in text for text in said)
    grown = "|".join(GROWING.split())
    whole = re.compile(rf"^SCAN ({grown})( |$)|USING INDEX ix_({grown})_(state|doc_type)\b")
    assert not [one for one in _plans(shop, said) if whole.search(one[0])]
