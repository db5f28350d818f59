"""Posting looks things up: what it reads must not grow with what stands in the books."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date, timedelta
from urllib.parse import quote

from desktop.engine.documents.declare import Above, Below, Wanted
from desktop.engine.documents.newest import newest
from desktop.engine.documents.verbs import asking_of
from desktop.engine.fields.moment import today
from desktop.modules.trading.price_alert import last_price
from desktop.modules.trading.stock import bought_at
from tests.modules.trading.shop import Shop, scaled

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
    party = r"ix_(sale|purchase)_(customer|supplier)"  # one may have half of all
    whole = re.compile(rf"^SCAN ({grown})( |$)|USING INDEX (ix_({grown})_(state|doc_type)|{party})\b")
    assert not [one for one in _plans(shop, said) if whole.search(one[0])]


def test_the_last_price_is_one_step_whatever_was_sold_before(shop: Shop) -> None:
    """T18: the newest line of a party, product and unit is found in its index; the others are not read."""
    customer = shop.customer()
    shop.supplier()
    shop.product("P")
    shop.buy(("P", 900, 5))
    first = date.fromisoformat(today()) - timedelta(days=SALES)
    for day in range(SALES):
        shop.sell(("P", 1, 9 + day), doc_on=(first + timedelta(days=day)).isoformat())
    engine, said = shop.office.engine, list[str]()
    wanted: dict[str, Wanted] = {"product": shop.names["P"], "customer": customer, "unit_row": None}
    wanted |= {"state": "posted", "doc_type": ["sale", "retail"]}
    with engine.db.read() as db:
        steps: list[int] = []
        db.set_trace_callback(said.append)
        db.set_progress_handler(lambda: steps.append(1), 1)
        found = newest(db, engine.definition("sale_line"), wanted)
        row = next(found)
        one = len(steps)
        rest = list(found)
        db.set_progress_handler(None, 0)
        db.set_trace_callback(None)
        assert (row["price"], len(rest)) == ((9 + SALES - 1) * 10_000, SALES - 1)
        assert one * 4 < len(steps), "the first costs no more with others behind it"
        assert next(asking_of(engine, db).newest("sale_line", wanted))["id"] == row["id"]
    (plan,) = [step for step, _ in _plans(shop, said) if "sale_line" in step]
    assert "USING INDEX ix_sale_line_newest (customer=? AND product=? AND unit_row=?)" in plan
    assert not [step for step, _ in _plans(shop, said) if step == "USE TEMP B-TREE FOR ORDER BY"]


def test_what_a_customer_owes_first_is_one_step_whatever_else_he_owes(shop: Shop) -> None:
    """T10, T15, S3: of years of sales the first due, and the newest, are read without the others."""
    customer = shop.customer()
    shop.supplier()
    shop.product("P")
    shop.buy(("P", 900, 5))
    for price in range(SALES):
        shop.sell(("P", 1, 9 + price))
    engine, steps, said = shop.office.engine, list[int](), list[str]()
    about: dict[str, Wanted] = {"customer": customer, "state": "posted"}
    with engine.db.read() as db:
        asking = asking_of(engine, db)
        db.set_trace_callback(said.append)
        db.set_progress_handler(lambda: steps.append(1), 1)
        for ask, wanted, total in (
            (asking.earliest, about | {"outstanding": Above(0)}, 9),
            (asking.each, about, 9 + SALES - 1),
        ):
            steps.clear()
            found = ask("sale", wanted)
            row = next(found)
            one = len(steps)
            assert (row["total"], len(list(found))) == (total * 100, SALES - 1)
            assert one * 4 < len(steps), "the others are not read"
        db.set_progress_handler(None, 0)
        db.set_trace_callback(None)
        assert not list(asking.earliest("sale", about | {"outstanding": Below(0)}))
    plans = {step for step, text in _plans(shop, said) if "FROM sale" in text}
    assert "SEARCH sale USING INDEX ix_sale_open (customer=? AND due_on>?)" in plans
    assert "SEARCH sale USING INDEX ix_sale_customer (customer=?)" in plans
    assert not {step for step in plans if "B-TREE" in step}


def test_what_a_product_was_bought_for_last_is_one_step_from_whomever(shop: Shop) -> None:
    """B8, T6.3: of all purchases of a product the newest alone is read, whoever sold it and in whatever unit."""
    for name in ("乙", "丙"):
        shop.supplier(name)
    product, first = shop.product("P"), date.fromisoformat(today()) - timedelta(days=SALES)
    box = {"product": product, "unit": shop._first("dict_item", "箱"), "ratio": scaled(10)}
    unit = shop.api.post("/api/records/product_unit", box)["row"]["id"]
    for day in range(SALES):
        shop.buy(*[("P", 1, 5)] * 5, supplier="乙", doc_on=(first + timedelta(days=day)).isoformat())
    shop.buy({"product": product, "unit_row": unit, "qty": scaled(1), "price": scaled(80)}, supplier="丙")
    engine, steps = shop.office.engine, list[int]()
    with engine.db.read() as db:
        asking = asking_of(engine, db)

        def counted(what: Callable[[], object]) -> tuple[object, int]:
            steps.clear()
            db.set_progress_handler(lambda: steps.append(1), 1)
            found = what()
            db.set_progress_handler(None, 0)
            return found, len(steps)

        price, one = counted(lambda: last_price({"product": product, "ratio": scaled(1)}, "", asking))
        cost, other = counted(lambda: bought_at(asking, product))
        about = {"product": product, "state": "posted", "doc_type": "purchase"}
        _, every = counted(lambda: asking.find("purchase_line", about))
        assert (price, cost) == (scaled(8), scaled(8))
        assert max(one, other) * 4 < every, "the others are not read"


def test_what_came_without_a_cost_is_looked_for_among_receipts_alone(shop: Shop) -> None:
    """T29: sales are most of what moves goods."""
    shop.customer()
    shop.supplier()
    shop.product("P")
    shop.buy(("P", 900, None), confirmed=("unknown_cost",))
    for _ in range(SALES):
        shop.sell(("P", 1, 9))
    engine, said = shop.office.engine, list[str]()
    with engine.db.write() as writer:
        writer.execute("ANALYZE")
    connections = list(engine.db._readers.queue)
    for one in connections:
        one.set_trace_callback(said.append)
    shop.api.post("/api/documents/cost_adjust/sources/unknown", {"values": {}, "lines": []})
    for one in connections:
        one.set_trace_callback(None)
    plans = [step for step, text in _plans(shop, said) if "FROM stock_move WHERE" in text and "uncosted_qty" in text]
    assert "SEARCH stock_move USING INDEX ix_stock_move_kind (kind=?)" in plans


def test_a_scanned_code_is_found_by_index(shop: Shop) -> None:
    """The entry row reads neither all barcodes nor all products for one."""
    product = shop.product("P")
    shop.api.post("/api/records/product_barcode", {"product": product, "barcode": "6901234567892"})
    said: list[str] = []
    connections = list(shop.office.engine.db._readers.queue)
    for one in connections:
        one.set_trace_callback(said.append)
    for text, count in (("6901234567892", 1), ("没有这个", 0)):
        found = shop.api.get(f"/api/documents/sale/find?text={quote(text)}")
        assert len(found["items"]) == count
    for one in connections:
        one.set_trace_callback(None)
    plans = _plans(shop, said)
    assert {"ix_product_looked_up", "ix_product_barcode_looked_up"} <= {
        name for step, _ in plans for name in step.split() if name.endswith("looked_up")
    }
    assert not [step for step, _ in plans if re.match(r"SCAN product(_barcode)?( |$)", step)]


def test_opening_a_product_looks_at_no_other_clock(shop: Shop) -> None:
    """Its unit stays once it is in use, but for what two machines made of it: its own clock says whether they may."""
    product, said = shop.product("P"), list[str]()
    shop.supplier()
    shop.buy(("P", 9, 5))
    connections = list(shop.office.engine.db._readers.queue)
    for one in connections:
        one.set_trace_callback(said.append)
    shop.api.get(f"/api/records/product/{product}")
    for one in connections:
        one.set_trace_callback(None)
    plans = {step for step, text in _plans(shop, said) if "row_clock" in text}
    assert plans == {"SEARCH row_clock USING PRIMARY KEY (t=? AND id=?)"}
