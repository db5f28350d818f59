"""What posting needs beside a document is written with it, once; the books say what they said when it came after."""

import json
from pathlib import Path
from typing import Any

import pytest

from desktop.engine.apply import unpacked
from desktop.engine.documents import project
from tests.engine.kit import assert_checked
from tests.modules.trading.shop import Shop
from tests.support import copy_of, open_office

BOOKED = {
    "stock_move": "number kind qty booked_qty uncosted_qty cost_amount",
    "stock_balance": "on_hand booked uncosted value entries",
    "line_cost": "module cost_amount uncosted_qty cost_variance issued_cost",
    "sale_line": "line_no qty state cost_amount uncosted_qty cost_variance",
    "purchase_line": "line_no qty state cost_amount uncosted_qty cost_variance",
    "sale": "number state version total profit",
}


def ask(shop: Shop, sql: str) -> list[tuple[Any, ...]]:
    with shop.office.engine.db.read() as db:
        return [tuple(row) for row in db.execute(sql)]


def booked(shop: Shop) -> dict[str, list[tuple[Any, ...]]]:
    registry = shop.office.engine.registry
    named = {
        module: [one for one in words.split() if one in registry[module].all_names] for module, words in BOOKED.items()
    }
    return {
        module: sorted(ask(shop, f"SELECT {', '.join(names)} FROM {module} WHERE deleted_at IS NULL"), key=str)
        for module, names in named.items()
    }


def story(shop: Shop) -> None:
    """Goods bought, sold, sold before they came, given back, changed and cancelled; one product twice on a sheet."""
    yes = ["negative_stock", "over_credit", "below_min_price", "unknown_cost"]
    shop.customer()
    shop.supplier()
    for name in "PQ":
        shop.product(name)
    first = shop.buy(("P", 10, 7), ("P", 3, 8), ("Q", 5, 2))
    sold = shop.sell(("P", 4, 9), ("Q", 9, 9), ("P", 2, 9), confirmed=yes)
    shop.buy(("Q", 20, 3))
    link = {"product": shop.names["P"], "qty": 10_000, "price": 90_000, "origin_line": sold["lines"][0]["id"]}
    shop.sell(link, link, doc_type="return")
    shop.change("purchase", first, [{**line, "price": 60_000} for line in lines_of(first)])
    shop.cancel("sale", shop.sell(("P", 1, 9), confirmed=yes))
    shop.buy(("P", 1, 6), doc_type="return", confirmed=yes)
    shop.enter("stock_entry", {"kind": "gain", "warehouse": "主仓"}, ("Q", 2, None))
    shop.sell(("P", 1, 9), doc_type="order", deliver_on="2030-01-01", confirmed=yes)


def lines_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [{name: line[name] for name in ("id", "product", "qty", "price")} for line in document["lines"]]


def test_costs_written_at_once_are_those_written_after(
    shop: Shop, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story(shop)
    monkeypatch.setattr(project, "_is_alone", lambda work, module: False)
    with open_office(copy_of(template, tmp_path / "after"), direct=True) as office:
        story(after := Shop(office))
        assert_checked(office.engine)
        assert booked(shop) == booked(after)
    assert any(cost for _, cost, *_ in booked(shop)["line_cost"])


def test_a_posted_document_is_written_once_and_its_costs_are_the_keepers(shop: Shop) -> None:
    shop.customer()
    shop.supplier()
    shop.product()
    shop.buy(("P", 10, 7))
    sold = shop.sell(("P", 4, 9))
    assert sold["lines"][0]["cost_amount"] == -28_00
    assert sold["rev"] == sold["lines"][0]["rev"] == 1
    assert set(ask(shop, "SELECT rev FROM stock_move")) == {(1,)}
    stored = ask(shop, "SELECT body FROM changeset ORDER BY n DESC LIMIT 2")
    keeping, selling = (json.loads(unpacked(body)) for (body,) in stored)
    assert (keeping["act"], selling["act"]) == ("books.keep", "sale.add")
    assert {op["t"] for op in keeping["ops"]} == {"line_cost"}
    assert "line_cost" not in {op["t"] for op in selling["ops"]}
    assert keeping["n"] == selling["n"] + 1
