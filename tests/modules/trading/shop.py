"""What the golden examples need to be entered and read as a person would: figures in 元 and whole units (part G)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.support import Office

Figure = int | float | str | Decimal | None
Exact = Any
"""A Decimal, which the examples compare with whole numbers as well."""


def fen(amount: Figure) -> int | None:
    """元 → 分."""
    return None if amount is None else int(Decimal(str(amount)) * 100)


def scaled(value: Figure) -> int | None:
    """A quantity, price or rate as it is kept."""
    return None if value is None else int(Decimal(str(value)) * 10_000)


def yuan(amount: int | None) -> Exact:
    return None if amount is None else Decimal(amount) / 100


def units(qty: int | None) -> Exact:
    return None if qty is None else Decimal(qty) / 10_000


_MONEY = {
    "discount_amount",
    "charge_amount",
    "fee_amount",
    "paid_amount",
    "advance_used",
    "write_off_amount",
    "tendered",
    "amount",
    "from_advance",
    "fee",
}


@dataclass
class Shop:
    """An office that buys and sells. `names` are ids by the names of the examples (P, 甲, 乙)."""

    office: Office
    names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.category = self._first("product_category", "未分类")
        self.names |= {"主仓": self._first("warehouse", "主仓"), "现金": self._first("account", "现金")}

    @property
    def api(self) -> Any:
        return self.office.api

    def _first(self, module: str, text: str) -> str:
        return str(self.api.get(f"/api/lookup/{module}", q=text)["rows"][0]["id"])

    def add(self, module: str, name: str, **values: Any) -> str:
        self.names[name] = self.api.post(f"/api/records/{module}", {"name": name, **values})["row"]["id"]
        return self.names[name]

    def product(self, name: str = "P", **values: Any) -> str:
        return self.add("product", name, category=self.category, **values)

    def customer(self, name: str = "甲", **values: Any) -> str:
        group = self._first("customer_group", "一般客户")
        return self.add("customer", name, group=group, **values)

    def supplier(self, name: str = "乙", **values: Any) -> str:
        return self.add("supplier", name, **values)

    # ------------------------------------------------------------------------------------------------------ documents

    def body(self, values: Mapping[str, Any], lines: Sequence[Sequence[Any] | Mapping[str, Any]], **more: Any) -> Any:
        """(product, quantity, price[, discount %]) lines as the API takes them."""
        return {"values": self._values(values), "lines": [self._line(line) for line in lines], **more}

    def _values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: fen(value) if name in _MONEY else self.names.get(value, value) if isinstance(value, str) else value
            for name, value in values.items()
        }

    def _line(self, line: Sequence[Any] | Mapping[str, Any]) -> dict[str, Any]:
        if isinstance(line, Mapping):
            return dict(line)
        product, qty, price, *discount = line
        about: dict[str, Any] = {"product": self.names[product], "qty": scaled(qty)}
        if price is not None:
            about["price"] = scaled(price)
        return about | ({"discount_rate": scaled(discount[0])} if discount else {})

    def enter(self, module: str, values: Mapping[str, Any], *lines: Any, **more: Any) -> dict[str, Any]:
        """Posts a document (`post=False`: keeps it as a draft)."""
        return dict(self.api.post(f"/api/documents/{module}", self.body(values, lines, **more)))

    def buy(self, *lines: Any, supplier: str = "乙", confirmed: Sequence[str] = (), **values: Any) -> dict[str, Any]:
        return self.enter("purchase", {"supplier": supplier, **values}, *lines, confirmed=list(confirmed))

    def sell(self, *lines: Any, customer: str = "甲", confirmed: Sequence[str] = (), **values: Any) -> dict[str, Any]:
        return self.enter("sale", {"customer": customer, **values}, *lines, confirmed=list(confirmed))

    def refused(self, module: str, values: Mapping[str, Any], *lines: Any, status: int = 422, **more: Any) -> Any:
        return self.api.refused("POST", f"/api/documents/{module}", status, self.body(values, lines, **more))

    def cancel(self, module: str, document: Mapping[str, Any], reason: str = "录错") -> dict[str, Any]:
        path = f"/api/documents/{module}/{document['row']['id']}/cancel"
        return dict(self.api.post(path, {"reason": reason}))

    def change(self, module: str, document: Mapping[str, Any], lines: Sequence[Any], **values: Any) -> dict[str, Any]:
        path = f"/api/documents/{module}/{document['row']['id']}"
        return dict(self.api.ok(self.api.call("PATCH", path, self.body(values, lines))))

    def read(self, module: str, document: Mapping[str, Any]) -> dict[str, Any]:
        return dict(self.api.get(f"/api/documents/{module}/{document['row']['id']}"))

    # ----------------------------------------------------------------------------------------------------------- books

    def rows(self, module: str, **conditions: str) -> list[dict[str, Any]]:
        given = [{"field": name, "op": "eq", "value": value} for name, value in conditions.items()]
        found = self.api.get(f"/api/records/{module}", filter=json.dumps({"and": given}) if given else "", limit=500)
        return list(found["rows"])

    def stock(self, product: str = "P") -> tuple[Exact, Exact]:
        """Q and V of a product over all warehouses, from the list."""
        rows = self.rows("stock_balance", product=self.names[product])
        return sum((Decimal(row["on_hand"]) for row in rows), Decimal(0)) / 10_000, sum(
            (Decimal(row["value"]) for row in rows), Decimal(0)
        ) / 100

    def average(self, product: str = "P") -> Exact:
        (row,) = self.rows("stock_balance", product=self.names[product])
        return units(row["average_cost"])

    def owes(self, party: str, side: str = "receivable") -> Exact:
        kind = "supplier" if side in ("payable", "advance_out") else "customer"
        rows = self.rows("party_balance", **{kind: self.names[party]}, side=side)
        return sum((Decimal(row["balance"]) for row in rows), Decimal(0)) / 100

    def cash(self, account: str = "现金") -> Exact:
        rows = self.rows("account_balance", account=self.names[account])
        return sum((Decimal(row["balance"]) for row in rows), Decimal(0)) / 100


def costs(document: Mapping[str, Any]) -> list[Exact]:
    """cost_amount of each line, in 元."""
    return [yuan(line["cost_amount"]) for line in document["lines"]]


D = Decimal
