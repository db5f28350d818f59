"""Documents at 1,000,000 lines or more, beside raw SQLite on the same disk: posting a sale of 50 lines and opening one
of 200 in the data layer; over HTTP the stock of 100,000 products, and the statement of a customer with half of all
sales.

    python3 build/ecms.py bench documents [--lines N] [--products N] [--rounds N]

Judged by the medians: 20 ms for posting, 100 ms for opening, 50 ms for a page of stock or of a statement, on the
machine on which these were set: by what the raw steps of performance.md take longer here in this very run (`yardstick`)
they are divided. A missed one ends the run with exit code 1. The limit of posting is a bare file that takes as many
rows in one durable commit; that of the others, the rows alone. The data set is one posted sale, copied with other
customers and products, whose balances are then summed up; it is made once and kept in `.bench/`.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from desktop import accounts
from desktop.cli import GARBAGE
from desktop.engine import derived
from desktop.engine.access import Principal
from desktop.engine.documents import audit, project, verbs
from desktop.engine.documents.declare import Move, Posted
from desktop.engine.documents.verbs import Entry
from desktop.engine.ids import following_id
from desktop.engine.registry import Registry
from desktop.engine.work import Work, rebuild_checksum
from desktop.workstation import Workstation
from tests.bench.bench_lists import PASSWORD, ROOT, Page, _ecms, measure
from tests.bench.bench_products import _multiply
from tests.bench.yardstick import slowness

POST_MS, OPEN_MS, LIST_MS = 20, 100, 50
POSTED, OPENED = 50, 200
"""Lines of the document that is posted, and of the one that is opened."""
CUSTOMERS, PRODUCTS = 1_000, 100_000
PART = 2_000
"""Sales that are copied in one transaction."""
YES = frozenset(("negative_stock", "over_credit", "below_min_price", "unknown_cost"))

Job = tuple[str, Callable[[], object], Callable[[], object], float]
"""Name, ours, limit, most milliseconds."""

MOVED = {
    "sale": ("id",),
    "sale_line": ("id", "document"),
    "document_version": ("id", "document"),
    "line_cost": ("id", "document", "line", "version"),
    "stock_move": ("id", "document", "line"),
    "party_entry": ("id", "document", "line", "settles"),
}
"""Tables that a sale fills, and their columns that name it or what belongs to it."""


# ------------------------------------------------------------------------------------------------------- the data set


def data_set(lines: int, products: int) -> Path:
    """A company with so many lines of posted sales, of so many products."""
    folder = ROOT / ".bench" / f"documents-{lines}-{products}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)  # of a run that was cut off
        folder.mkdir(parents=True)
        start = time.perf_counter()
        print(f"making {lines:,} lines in {folder.relative_to(ROOT)} …", flush=True)
        given = ["--company", "测试公司", "--branch", "总部", "--admin", "admin", "--password-stdin"]
        _ecms("init", "--data", str(folder), *given, text=PASSWORD + "\n")
        _ecms("demo", "--data", str(folder), "--customers", str(CUSTOMERS))
        _multiply(folder, products)
        _fill(folder, lines // POSTED)
        (folder / "complete").write_text("")
        print(f"made in {time.perf_counter() - start:.0f} s", flush=True)
    return folder


def _fill(folder: Path, documents: int) -> None:
    station = Workstation.open(folder)
    try:
        shop = Shop(station)
        model = shop.sell(POSTED)
        with station.db.bulk():
            for work in _steps(station, model, documents):
                with station.db.write() as db, station.db.unguarded():
                    work(db)
    finally:
        station.close()


def _steps(station: Workstation, model: str, documents: int) -> Iterator[Callable[[sqlite3.Connection], object]]:
    """Each a transaction, so that the log stays short. Indexes are sorted once at the end: row by row they took most of
    the time."""
    registry = station.registry
    known = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = ?"
    with station.db.read() as reader:
        indexes = [index for table in MOVED for index in reader.execute(known, (table,)).fetchall()]
    yield from (partial(_execute, f'DROP INDEX "{name}"') for name, _ in indexes)
    for table in MOVED:
        for first in range(1, documents, PART):
            yield partial(_copy, registry, table, model, range(first, min(first + PART, documents)))
    for table in MOVED:
        yield partial(derived.rebuild, definition=registry[table])
        if table in registry.sent:
            yield partial(rebuild_checksum, registry=registry, table=table)
    yield from (partial(_execute, made_by) for _, made_by in indexes)
    yield partial(_sum_up, registry)
    yield partial(_execute, "ANALYZE")


def _execute(sql: str, db: sqlite3.Connection) -> None:
    db.execute(sql)


def _sum_up(registry: Registry, db: sqlite3.Connection) -> None:
    """The balances alone: each sale was copied along with what it shows of them."""
    every = [(ledger, balance) for ledger in registry.ledgers.values() for balance in ledger.balances]
    for ledger, balance in sorted(every, key=lambda one: one[1].feeds is None):
        wrong = list(audit.balances_amiss(db, registry, ledger, balance))
        for start in range(0, len(wrong), audit.BATCH):
            work = Work(db, registry)
            for one in wrong[start : start + audit.BATCH]:
                work.keep(balance.module, one.id, one.values or {})
            work.flush()


def _copy(registry: Registry, table: str, model: str, times: range, db: sqlite3.Connection) -> None:
    """Rows of the model sale once more for each other sale: under other ids, of another customer and other products."""
    names = [row[1] for row in db.execute(f"PRAGMA table_info({table})") if row[1] != "row"]
    which = "id" if table == "sale" else "document"
    order = "line_no" if table == "sale_line" else "row"
    db.execute("DROP TABLE IF EXISTS temp.model")
    db.execute(
        f"CREATE TEMP TABLE model AS SELECT *, row_number() OVER (ORDER BY {order}) - 1 AS nth FROM {table} "
        f"WHERE {which} = ?",
        (model,),
    )
    db.execute("DROP TABLE IF EXISTS temp.clock")  # apart: else it would be looked for again for each copy
    db.execute(
        "CREATE TEMP TABLE clock AS SELECT c.id, c.hlc, c.r, c.n AS n_ FROM model m JOIN row_clock c ON c.t = ? "
        "AND c.id = m.id",
        (table,),
    )
    products, customers = _in_use(db, "product", "NOT is_stopped"), _in_use(db, "customer")
    named = _named(db, registry, table)
    db.create_function("moved", 2, _moved)
    db.create_function("named", 2, named)
    db.create_function("product_of", 2, lambda n, nth: products[(n * 7 + nth) % len(products)])
    db.create_function("customer_of", 1, lambda n: _customer(n, customers))
    db.create_function("body_of", 2, lambda body, n: _body(json.loads(body), n, products, customers))
    chosen = ", ".join(_expression(table, name) for name in names)
    listed = ", ".join(f'"{name}"' for name in names)
    every = f"WITH RECURSIVE k (n) AS (SELECT {times[0]} UNION ALL SELECT n + 1 FROM k WHERE n < {times[-1]})"
    db.execute(f"{every} INSERT INTO {table} ({listed}) SELECT {chosen} FROM k CROSS JOIN model")
    db.execute(
        f"{every} INSERT INTO row_clock SELECT '{table}', named(id, n), hlc, r, n_, NULL, NULL FROM k CROSS JOIN clock"
    )


def _in_use(db: sqlite3.Connection, table: str, condition: str = "1") -> list[str]:
    sql = f"SELECT id FROM {table} WHERE deleted_at IS NULL AND {condition} ORDER BY id"
    return [row[0] for row in db.execute(sql)]


def _expression(table: str, name: str) -> str:
    if name in MOVED[table]:
        return f'{"named" if name == "id" else "moved"}("{name}", n)'
    known = {"product": "product_of(n, nth)", "customer": "customer_of(n)", "body": "body_of(body, n)"}
    return known.get(name, f"{name} || '-' || n" if name in ("number", "settles_number") else f'"{name}"')


def _named(db: sqlite3.Connection, registry: Registry, table: str) -> Callable[[str, int], str | None]:
    """The id of a copied row. Entries and costs are called as the program calls them."""
    entries: dict[str, Move] = {}
    costs: dict[str, tuple[str, str]] = {}
    version = ""
    if table in ("stock_move", "party_entry"):
        (model,) = db.execute("SELECT document FROM temp.model LIMIT 1").fetchone()
        posted = _posted(db, registry, str(model))
        version, document = posted.id, registry["sale"].module.document
        assert document is not None
        entries = {following_id(version, f"{one.ledger}:{one.line}:{one.role}"): one for one in document.moves(posted)}
    elif table == "line_cost":
        costs = {id: (line, of) for id, line, of in db.execute("SELECT id, line, version FROM temp.model")}

    def name(id: str, n: int) -> str | None:
        if id in entries:
            one = entries[id]
            return following_id(str(_moved(version, n)), f"{one.ledger}:{_moved(one.line, n)}:{one.role}")
        if id in costs:
            line, of = costs[id]
            return following_id(str(_moved(of, n)), str(_moved(line, n)))
        return _moved(id, n)

    return name


def _posted(db: sqlite3.Connection, registry: Registry, id: str) -> Posted:
    work = Work(db, registry)
    chain = project.chain_of(work, id)
    assert chain is not None
    return project.posted_of(work, registry["sale"], id, chain)


def _moved(id: str | None, n: int) -> str | None:
    """Another id for each copy, in the order of the copies."""
    return id and f"{n:08x}{id[8:]}"


def _customer(n: int, customers: list[str]) -> str:
    """Every other sale is to the same one."""
    return customers[n % len(customers) if n % 2 else 0]


def _body(body: dict[str, Any], n: int, products: list[str], customers: list[str]) -> str:
    """The body of a version, moved like the rows."""
    header = body["header"]
    header |= {"id": _moved(header["id"], n), "customer": _customer(n, customers)}
    header["number"] = f"{header['number']}-{n}"
    for place, line in enumerate(body["lines"]):
        line |= {"id": _moved(line["id"], n), "document": header["id"]}
        line["product"] = products[(n * 7 + place) % len(products)]
    return json.dumps(body, ensure_ascii=False)


# ------------------------------------------------------------------------------------------------------------ the jobs


class Shop:
    """Who sells, and what."""

    def __init__(self, station: Workstation) -> None:
        self.engine = station.engine
        where = next(one["id"] for one in accounts.departments(self.engine) if "admin" in one["users"])
        self.who: Principal = accounts.principal_of(
            self.engine, accounts.sign_in(self.engine, where, "admin", PASSWORD)
        )
        with self.engine.db.read() as db:
            self.products, self.customers = _in_use(db, "product", "NOT is_stopped"), _in_use(db, "customer")
            self._prices = dict(db.execute("SELECT id, price_1 FROM product").fetchall())
            self._supplier = _in_use(db, "supplier")[0]
        self._sold = 0

    def buy(self, sales: int, lines: int) -> None:
        """Buys what so many sales from now on will sell: who sells what is not there is asked about every line."""
        wanted = {one for sale in range(sales) for one in self._chosen(self._sold + 1 + sale, lines)}
        rows = [{"product": one, "qty": 10_000_000, "price": 40_000} for one in sorted(wanted)]
        for start in range(0, len(rows), 500):
            said = Entry({"supplier": self._supplier}, rows[start : start + 500], True, YES)
            verbs.write(self.engine, self.who, "purchase", said)

    def sell(self, lines: int) -> str:
        """Posts a sale to another customer, of other products each time; gives its id."""
        return verbs.write(self.engine, self.who, "sale", self._sale(lines))

    def sell_and_look(self, lines: int) -> dict[str, Any]:
        """The same, with what the screen shows of it then."""
        return verbs.save(self.engine, self.who, "sale", self._sale(lines))

    def _sale(self, lines: int) -> Entry:
        self._sold += 1
        chosen = self._chosen(self._sold, lines)
        rows = [{"product": one, "qty": 10_000, "price": self._prices[one] or 90_000} for one in chosen]
        return Entry({"customer": self.customers[self._sold % len(self.customers)]}, rows, True, YES)

    def _chosen(self, sale: int, lines: int) -> list[str]:
        return [self.products[(sale * 31 + place) % len(self.products)] for place in range(lines)]

    def open(self, id: str) -> dict[str, Any]:
        return verbs.opened(self.engine, self.who, "sale", id)


def bare_posting(path: Path, rows: int) -> Callable[[], object]:
    """A file that takes as many rows as a posting writes, in one durable commit."""
    path.unlink(missing_ok=True)
    db = sqlite3.connect(path)
    db.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)"
    )

    def write() -> None:
        db.executemany("INSERT INTO t (a) VALUES (?)", [("x" * 340,)] * rows)
        db.commit()

    return write


def bare_opening(folder: Path, id: str) -> Callable[[], object]:
    """The rows alone."""
    db = sqlite3.connect(f"file:{folder / 'ecms.db'}?mode=ro", uri=True)

    def read() -> object:
        head = db.execute("SELECT * FROM sale WHERE id = ?", (id,)).fetchall()
        return head + db.execute("SELECT * FROM sale_line WHERE document = ? ORDER BY line_no", (id,)).fetchall()

    return read


def lists(page: Page, folder: Path, shop: Shop) -> list[Job]:
    """What stands behind documents."""
    raw = sqlite3.connect(f"file:{folder / 'ecms.db'}?mode=ro", uri=True)
    own = json.dumps({"and": [{"field": "customer", "op": "eq", "value": shop.customers[0]}]})
    few = json.dumps({"and": [{"field": "condition", "op": "eq", "value": "negative"}]})

    def ours(module: str, **asked: Any) -> Callable[[], object]:
        return lambda: page.get(f"/api/records/{module}", **asked)

    def rows(sql: str, *params: str) -> Callable[[], object]:
        return lambda: raw.execute(sql, params).fetchall()

    stock = rows("SELECT * FROM stock_balance ORDER BY on_hand LIMIT 50")
    entries = "SELECT * FROM party_entry WHERE customer = ? ORDER BY book_on DESC LIMIT 50"
    return [
        ("stock, first page, by product", ours("stock_balance", sort="product"), stock, LIST_MS),
        ("stock by what is there, sums", ours("stock_balance", sort="-on_hand", want="rows,total,sums"), stock,
         LIST_MS),
        ("stock below zero", ours("stock_balance", filter=few), stock, LIST_MS),
        ("a statement with balances", ours("party_entry", filter=own, sort="-book_on"),
         rows(entries, shop.customers[0]), LIST_MS),
    ]  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--products", type=int, default=PRODUCTS)
    parser.add_argument("--rounds", type=int, default=40)
    asked = parser.parse_args()
    gc.set_threshold(*GARBAGE)  # as the program does
    folder = data_set(asked.lines, asked.products)
    station = Workstation.open(folder)
    try:
        shop = Shop(station)
        slow = report(station, _jobs(shop, folder, asked.rounds), asked.rounds)
    finally:
        station.close()
    page = Page(folder)
    try:
        slow += _report(lists(page, folder, shop), asked.rounds)
    finally:
        page.close()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print("medians over the limit: " + ", ".join(slow) if slow else "every median below its limit")
    return 1 if slow else 0


def _jobs(shop: Shop, folder: Path, rounds: int) -> list[Job]:
    long = shop.sell(OPENED)
    shop.buy(3 * rounds, POSTED)  # each job is warmed up
    bare = bare_posting(folder / "limit.db", 5 * POSTED)
    return [
        (f"post a sale of {POSTED} lines", lambda: shop.sell(POSTED), bare, POST_MS),
        ("the same, and what is shown then", lambda: shop.sell_and_look(POSTED), bare, 2 * POST_MS),
        (f"open a sale of {OPENED} lines", lambda: shop.open(long), bare_opening(folder, long), OPEN_MS),
    ]  # fmt: skip


def report(station: Workstation, jobs: list[Job], rounds: int) -> list[str]:
    """Prints the table; returns what is too slow."""
    print(
        f"{'job':32} {'p50 ms':>9} {'p95 ms':>9} {'limit ms':>9} {'ratio':>8} {'slower':>7} {'there':>7} {'target':>7}"
    )
    with station.db.read() as db:
        print(f"{db.execute('SELECT count(*) FROM sale_line').fetchone()[0]:,} lines")
    return _report(jobs, rounds)


def _report(jobs: list[Job], rounds: int) -> list[str]:
    slow = []
    before = slowness()
    for name, ours, limit, target_ms in jobs:
        base, got = measure(limit, rounds), measure(ours, rounds)
        after = slowness()
        slower = max((before + after) / 2, 1)
        there, before = got.p50 / slower, after
        slow += [name] if there > target_ms else []
        figures = f"{got.p50:9.2f} {got.p95:9.2f} {base.p50:9.2f} {got.p50 / max(base.p50, 0.001):7.1f}x"
        print(f"{name:32} {figures} {slower:6.2f}x {there:7.2f} {target_ms:7}", flush=True)
    return slow


if __name__ == "__main__":
    raise SystemExit(main())
