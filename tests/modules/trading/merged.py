"""Merging products and splitting them, as people do (T28)."""

from __future__ import annotations

from tests.modules.trading.shop import Exact, Shop, units, yuan


def merge(shop: Shop, loser: str = "Q", winner: str = "P", take: dict[str, str] | None = None) -> None:
    body = {"winner": shop.names[winner], "losers": [shop.names[loser]], "take": take or {}}
    shop.api.post("/api/merge/product", body)


def split(shop: Shop, loser: str = "Q") -> None:
    shop.api.post("/api/merge/product/undo", {"ids": [shop.names[loser]]})


def in_stock(shop: Shop) -> dict[str, tuple[Exact, Exact]]:
    """On hand and value by product, of all rows that 库存查询 has."""
    names = {id: name for name, id in shop.names.items()}
    rows = shop.api.get("/api/records/stock_balance", limit=100)["rows"]
    return {names[row["product"]]: (units(row["on_hand"]), yuan(row["value"])) for row in rows}
