"""A year of trade: what was there before it, purchases, quotes, orders, sales, returns, payments and transfers, day by
day, through the same verbs that people use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from ..engine import records
from ..engine.access import Principal
from ..engine.documents import verbs
from ..engine.documents.verbs import Entry
from ..engine.engine import Engine
from ..engine.ids import seed_id

QTY = 10_000
_QUESTIONS = frozenset({"negative_stock", "over_credit", "below_min_price", "unknown_cost"})
_GOODS_MAX = 60
_PARTIES_MAX = 120
_DAYS = 360
_TO_THE_BANK = 30
"""Documents from one transfer to the next."""


@dataclass
class Trade:
    """The documents of a year, `count` of them apart from the opening ones."""

    engine: Engine
    actor: str
    random: Random
    count: int
    made: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.who = Principal(self.actor, everything=True)
        self.goods = self._rows(
            "SELECT id, price_1 FROM product WHERE kind = 'goods' AND price_1 > 0 AND deleted_at IS NULL "
            f"AND COALESCE(is_stopped, 0) = 0 ORDER BY code LIMIT {_GOODS_MAX}"
        )
        self.customers = self._rows(
            "SELECT id FROM customer WHERE deleted_at IS NULL AND COALESCE(is_system, 0) = 0 "
            f"AND COALESCE(is_blacklisted, 0) = 0 ORDER BY code LIMIT {_PARTIES_MAX}"
        )
        self.suppliers = self._rows(
            "SELECT id FROM supplier WHERE deleted_at IS NULL AND COALESCE(is_system, 0) = 0 ORDER BY code LIMIT 12"
        )
        (self.account,) = self._rows("SELECT id FROM account WHERE is_default = 1")[0]
        self.stock: dict[str, int] = {}
        self.unpaid: list[tuple[str, str, int]] = []
        """Sales: (document, customer, outstanding)."""
        self.sent_back: set[str] = set()

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.engine.db.read() as db:
            return [tuple(row) for row in db.execute(sql)]

    def write(self, progress: Callable[[int, int], None]) -> dict[str, int]:
        """Writes them; the numbers by module."""
        if not self.goods or not self.customers or not self.suppliers:
            return {}
        first = date.today() - timedelta(days=_DAYS)  # noqa: DTZ011  (demonstration data may be a day off)
        is_new = not self._rows("SELECT 1 FROM document_version LIMIT 1")
        if is_new:
            self._begin_on(first + timedelta(days=1))
            self._open(first, "opening")
            self._open_money(first)
        else:
            self._open(first + timedelta(days=1), "other_in")
        for done, day in enumerate(self._days(first)):
            self._one(day)
            if is_new and done % _TO_THE_BANK == _TO_THE_BANK // 2:
                self._transfer(day)
            progress(done, self.count)
        if is_new:
            self._offset(first + timedelta(days=_DAYS // 2))
        return self.made

    def _days(self, first: date) -> Iterator[date]:
        for number in range(self.count):
            yield first + timedelta(days=1 + number * (_DAYS - 1) // max(self.count, 1))

    def _save(self, module: str, day: date, values: dict[str, Any], lines: list[dict[str, Any]]) -> dict[str, Any]:
        entry = Entry({"doc_on": day.isoformat(), **values}, lines, True, _QUESTIONS)
        saved = verbs.save(self.engine, self.who, module, entry)
        self.made[module] = self.made.get(module, 0) + 1
        return saved

    def _open(self, day: date, kind: str) -> None:
        """What there is to sell; what a warehouse held before the books began is said once."""
        lines = [self._bought(id, price, 40 + self.random.randrange(160)) for id, price in self.goods[:40]]
        opening = [{"product": one["product"], "qty": one["qty"], "unit_cost": one["price"]} for one in lines]
        self._save("stock_entry", day, {"kind": kind}, opening)
        self._save("settlement", day, {"kind": "advance_in", "customer": self.customers[0][0], "amount": 200_000_00,
                                       "account": self.account}, [])  # fmt: skip

    def _begin_on(self, day: date) -> None:
        """The books of a company that has none yet begin before the first of these documents."""
        id = seed_id("company_profile", "company")
        records.save(self.engine, self.who, "company_profile", {"start_on": day.isoformat()}, id=id)

    def _open_money(self, day: date) -> None:
        """What accounts held, and what was owed before the books began."""
        bank = {"name": "基本户", "kind": "bank", "bank_name": "工商银行城东支行"}
        made, _ = records.save(self.engine, self.who, "account", bank)
        self.bank = str(made["row"]["id"])
        for account, amount in ((self.account, 86_400_00), (self.bank, 312_000_00)):
            self._save("opening_account", day, {"account": account, "amount": amount}, [])
        for place, (customer,) in enumerate(self.customers[1:8]):
            owed = {"kind": "receivable", "customer": customer, "amount": (2_350 + 1_170 * place) * 100}
            self._before(day, place, owed)
        for place, (supplier,) in enumerate(self.suppliers[:3]):
            self._before(day, place, {"kind": "payable", "supplier": supplier, "amount": (1_800 + 940 * place) * 100})
        self._before(day, 8, {"kind": "advance_out", "supplier": self.suppliers[-1][0], "amount": 5_000_00})

    def _before(self, day: date, place: int, values: dict[str, Any]) -> dict[str, Any]:
        about = {"ref_number": f"旧账-{place + 1:03d}", **values}
        return self._save("opening_party", day - timedelta(days=6 + 13 * place), about, [])

    def _transfer(self, day: date) -> None:
        """Cash goes to the bank now and then."""
        about = {"from_account": self.account, "to_account": self.bank, "amount": 8_000_00, "fee": 5_00}
        self._save("account_transfer", day, about, [])

    def _offset(self, day: date) -> None:
        """One customer is a supplier as well: what both owe is set off."""
        customer, supplier = self.customers[-1][0], self.suppliers[0][0]
        records.save(self.engine, self.who, "customer", {"linked_supplier": supplier}, id=customer)
        about: dict[str, Any] = {"kind": "receivable", "customer": customer, "amount": 3_200_00}
        owed = self._before(day - timedelta(days=_DAYS), 9, about)["row"]["id"]
        sql = f"SELECT id FROM opening_party WHERE supplier = '{supplier}' AND kind = 'payable' ORDER BY row LIMIT 1"
        ((owing,),) = self._rows(sql)
        amount = 1_500_00
        lines = [{"target_kind": "opening_party", "target": one, "amount": amount} for one in (owed, owing)]
        about = {"kind": "offset", "customer": customer, "supplier": supplier, "amount": amount}
        self._save("settlement", day, about, lines)

    def _one(self, day: date) -> None:
        kinds = (self._sell, self._buy, self._receive, self._quote, self._order, self._give_back, self._use,
                 self._send_back, self._carry)  # fmt: skip
        (chosen,) = self.random.choices(kinds, (46, 16, 20, 6, 4, 4, 2, 2, 2))
        chosen(day)

    # -------------------------------------------------------------------------------------------------------- kinds

    def _bought(self, id: str, price: int, units: int) -> dict[str, Any]:
        self.stock[id] = self.stock.get(id, 0) + units
        cost = price * self.random.randrange(55, 75) // 100 // 100 * 100
        return {"product": id, "qty": units * QTY, "price": max(cost, 100)}

    def _buy(self, day: date) -> None:
        low = sorted(self.goods, key=lambda one: self.stock.get(one[0], 0))[: self.random.randrange(2, 8)]
        lines = [self._bought(id, price, 20 + self.random.randrange(120)) for id, price in low]
        self._save("purchase", day, {"supplier": self.random.choice(self.suppliers)[0]}, lines)

    def _wanted(self) -> list[dict[str, Any]]:
        there = [one for one in self.goods if self.stock.get(one[0], 0) > 4]
        chosen = self.random.sample(there, min(len(there), self.random.randrange(1, 6)))
        lines = []
        for id, price in chosen:
            units = 1 + self.random.randrange(min(20, self.stock[id] - 2))
            rate = self.random.choice((100, 100, 100, 95, 90))
            lines.append({"product": id, "qty": units * QTY, "price": price, "discount_rate": rate * QTY})
        return lines

    def _sell(self, day: date) -> None:
        lines = self._wanted()
        if not lines:
            return self._buy(day)
        for line in lines:
            self.stock[line["product"]] -= line["qty"] // QTY
        (customer,) = self.random.choice(self.customers)
        row = self._save("sale", day, {"customer": customer}, lines)["row"]
        if row["outstanding"]:
            self.unpaid.append((row["id"], customer, row["outstanding"]))
        return None

    def _receive(self, day: date) -> None:
        if not self.unpaid:
            return self._sell(day)
        id, customer, outstanding = self.unpaid.pop(self.random.randrange(len(self.unpaid)))
        amount = outstanding if self.random.random() < 0.8 else max(outstanding // 2, 1)
        if amount < outstanding:
            self.unpaid.append((id, customer, outstanding - amount))
        about = {"kind": "receipt", "customer": customer, "amount": amount, "account": self.account}
        self._save("settlement", day, about, [{"target_kind": "sale", "target": id, "amount": amount}])
        return None

    def _quote(self, day: date) -> None:
        lines = self._wanted()
        if lines:
            (customer,) = self.random.choice(self.customers)
            self._save("quote", day, {"customer": customer, "subject": "常用件报价"}, lines)

    def _order(self, day: date) -> None:
        lines = self._wanted()
        if lines:
            (customer,) = self.random.choice(self.customers)
            about: dict[str, Any] = {"customer": customer, "doc_type": "order", "account": self.account}
            about |= {"deliver_on": (day + timedelta(days=20)).isoformat(), "paid_amount": 300_00}
            self._save("sale", day, about, lines)

    def _give_back(self, day: date) -> None:
        if not self.unpaid:
            return
        id, customer, _ = self.random.choice(self.unpaid)
        line = verbs.opened(self.engine, self.who, "sale", id)["lines"][0]
        about = {"customer": customer, "doc_type": "return"}
        back = {"product": line["product"], "qty": QTY, "price": line["price"], "origin_line": line["id"]}
        with self.engine.db.read() as db:
            sql = "SELECT 1 FROM sale_line WHERE origin_line = ? AND deleted_at IS NULL"
            if db.execute(sql, (line["id"],)).fetchone():
                return
        self._save("sale", day, about, [back])
        self.stock[line["product"]] += 1

    def _send_back(self, day: date) -> None:
        """Some of what was bought last goes back to its supplier, but no more than is there."""
        sql = (
            "SELECT l.id, l.product, l.price, p.supplier FROM purchase_line l JOIN purchase p ON p.id = l.document "
            "WHERE p.doc_type = 'purchase' AND p.state = 'posted' ORDER BY l.row DESC LIMIT 20"
        )
        there = [one for one in self._rows(sql) if self.stock.get(one[1], 0) > 5 and one[0] not in self.sent_back]
        if there:
            line, product, price, supplier = self.random.choice(there)
            self.sent_back.add(line)
            self.stock[product] -= 2
            back = {"product": product, "qty": 2 * QTY, "price": price, "origin_line": line}
            self._save("purchase", day, {"supplier": supplier, "doc_type": "return"}, [back])

    def _carry(self, day: date) -> None:
        """Something is put on show."""
        there = [id for id, _ in self.goods if self.stock.get(id, 0) > 10]
        if there:
            id = self.random.choice(there)
            self.stock[id] -= 2
            about = {"from_warehouse": seed_id("warehouse", "main"), "to_warehouse": self._show_room()}
            self._save("stock_transfer", day, about, [{"product": id, "qty": 2 * QTY}])

    def _show_room(self) -> str:
        known = self._rows("SELECT id FROM warehouse WHERE name = '展厅' AND deleted_at IS NULL")
        if known:
            return str(known[0][0])
        made, _ = records.save(self.engine, self.who, "warehouse", {"code": "ZT", "name": "展厅", "kind": "exhibition"})
        return str(made["row"]["id"])

    def _use(self, day: date) -> None:
        there = [id for id, _ in self.goods if self.stock.get(id, 0) > 10]
        if there:
            id = self.random.choice(there)
            self.stock[id] -= 2
            self._save("stock_entry", day, {"kind": "use"}, [{"product": id, "qty": 2 * QTY}])
