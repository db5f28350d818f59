"""The balance behind each entry of a ledger: it opens a number up to the lines that make it."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from desktop.engine import rows
from desktop.engine.fields.moment import today
from desktop.modules import load
from tests.modules.trading.shop import Shop, fen, scaled

START = today()


def days_ago(count: int) -> str:
    return str(date.fromisoformat(START) - timedelta(days=count))


def test_each_entry_shows_the_balance_behind_it_whatever_came_late(shop: Shop) -> None:
    shop.product()
    shop.customer()
    shop.supplier()
    shop.buy(("P", 10, 2), doc_on=days_ago(9))
    shop.sell(("P", 3, 5), doc_on=days_ago(3))
    shop.sell(("P", 2, 5), doc_on=days_ago(3))
    moves = shop.rows("stock_move", product=shop.names["P"])  # newest first
    assert [row["stock_after"] for row in moves] == [scaled(5), scaled(7), scaled(10)]
    assert [row["cost_after"] for row in moves] == [fen(10), fen(14), fen(20)]
    shop.sell(("P", 1, 5), doc_on=days_ago(5))  # entered last, of an earlier day
    moves = shop.rows("stock_move", product=shop.names["P"])
    assert [row["stock_after"] for row in moves] == [scaled(4), scaled(6), scaled(9), scaled(10)]
    assert moves[0]["stock_after"] == shop.rows("stock_balance", product=shop.names["P"])[0]["on_hand"]
    owed = shop.rows("party_entry", customer=shop.names["甲"])
    assert [row["balance_after"] for row in owed] == [fen(30), fen(20), fen(5)]


def test_the_last_of_many_entries_are_told_back_from_what_stands_now(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many came before, the newest page reads what comes after its oldest entry alone."""
    shop.product()
    shop.customer()
    shop.supplier()
    shop.customer("丙")
    shop.buy(("P", 90, 2), doc_on=days_ago(30))
    for day in range(20, 0, -1):
        shop.sell(("P", 1, day), doc_on=days_ago(day))
        shop.sell(("P", 1, 2), customer="丙", doc_on=days_ago(day))
    asked = {"filter": json.dumps({"and": [{"field": "customer", "op": "eq", "value": shop.names["甲"]}]}), "limit": 3}
    moved = {"filter": json.dumps({"and": [{"field": "product", "op": "eq", "value": shop.names["P"]}]}), "limit": 3}

    def told() -> list[list[int]]:
        owed = [
            shop.api.get("/api/records/party_entry", sort=sort, **asked)["rows"] for sort in ("-book_on", "book_on")
        ]
        there = shop.api.get("/api/records/stock_move", sort="-book_on", **moved)["rows"]
        names = ("stock_after", "cost_after")
        return [[one["balance_after"] for one in rows] for rows in owed] + [[one[n] for one in there] for n in names]

    every = [fen(sum(range(day, 21))) for day in (1, 2, 3)], [fen(sum(range(day, 21))) for day in (20, 19, 18)]
    before, said = told(), list[str]()
    assert before[:2] == list(every)
    assert before[2:] == [[scaled(one) for one in (50, 51, 52)], [fen(2 * one) for one in (50, 51, 52)]]
    monkeypatch.setattr(rows, "_MANY_ENTRIES", 3)
    monkeypatch.setattr(rows, "_AFTER", 1)
    connections = list(shop.office.engine.db._readers.queue)
    for one in connections:
        one.set_trace_callback(said.append)
    assert told() == before
    for one in connections:
        one.set_trace_callback(None)
    back = [text for text in said if "OVER (ORDER BY" in text and "DESC" in text]
    assert [text.split(" FROM ")[2].split()[0] for text in back] == ["party_entry", "stock_move", "stock_move"]


def test_a_period_begins_with_what_was_there_before(shop: Shop) -> None:
    shop.product()
    shop.supplier()
    shop.buy(("P", 10, 2), doc_on=days_ago(40))
    shop.buy(("P", 4, 2), doc_on=START)
    asked = {"filter": json.dumps({"and": [{"field": "book_on", "op": "ge", "value": START}]}), "sort": "book_on"}
    (row,) = shop.api.get("/api/records/stock_move", **asked)["rows"]
    assert (row["qty"], row["stock_after"]) == (scaled(4), scaled(14))


def test_each_warehouse_and_account_counts_alone(shop: Shop) -> None:
    shop.product()
    shop.supplier()
    shop.customer()
    away = shop.api.post("/api/records/warehouse", {"code": "02", "name": "分仓"})["row"]["id"]
    shop.buy(("P", 10, 2))
    shop.buy(("P", 1, 2), warehouse=away)
    (there,) = shop.rows("stock_move", warehouse=away)
    assert there["stock_after"] == scaled(1)
    for amount in (5, 7):
        shop.enter("settlement", {"kind": "receipt", "customer": "甲", "amount": amount, "account": "现金"})
    assert [row["balance_after"] for row in shop.rows("account_entry")] == [fen(12), fen(5)]


def test_a_running_balance_is_no_thing_to_sort_filter_or_sum_by(shop: Shop) -> None:
    asked = {"and": [{"field": "stock_after", "op": "eq", "value": 1}]}
    assert shop.api.call("GET", "/api/records/stock_move", params={"filter": json.dumps(asked)}).status_code == 422
    assert shop.api.call("GET", "/api/records/stock_move", params={"sort": "stock_after"}).status_code == 422
    described = {one["name"]: one for one in shop.api.get("/api/modules")["modules"]}
    field = next(one for one in described["stock_move"]["fields"] if one["name"] == "stock_after")
    assert (field["sortable"], field["operators"], field["sum"]) == (False, [], False)
    assert {one.fields["balance_after"].type for one in (load()["party_entry"], load()["account_entry"])} == {"money"}


def test_export_and_paper_show_it_too(shop: Shop) -> None:
    shop.product()
    shop.supplier()
    shop.buy(("P", 10, 2))
    body = {"columns": ["qty", "stock_after"], "format": "csv"}
    job = shop.api.post("/api/export/stock_move", body)
    job = shop.api.ended(job)
    text = shop.api.call("GET", f"/api/jobs/{job['id']}/file").content.decode("utf-8-sig")
    assert text.split() == ["数量,结存", "10,10"]
