"""The product list at 100,000 products over HTTP, beside raw SQLite on the same file.

    python3 -m tests.bench.bench_products [--products N] [--rounds N]

Each line: the job, ours at the median and the 95th percentile, the limit and the ratio of the medians. A page of the
list above 50 ms at the 95th percentile ends the run with exit code 1. The data set is kept in `.bench/`.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

from tests.bench.bench_lists import PASSWORD, ROOT, Page, _ecms, measure

LIST_MS = 50
FILTER_MS = 100
"""Of a price that stands in a table of its own and that half of all products have."""


def data_set(products: int) -> Path:
    """A company with the products of the demonstration data, over and over in other sizes."""
    folder = ROOT / ".bench" / f"products-{products}"
    if not (folder / "complete").exists():
        folder.mkdir(parents=True, exist_ok=True)
        start = time.perf_counter()
        given = ["--company", "测试公司", "--branch", "总部", "--admin", "admin", "--password-stdin"]
        _ecms("init", "--data", str(folder), *given, text=PASSWORD + "\n")
        _ecms("demo", "--data", str(folder), "--customers", "100")
        _multiply(folder, products)
        (folder / "complete").write_text("")
        print(f"made {products:,} products in {time.perf_counter() - start:.0f} s", flush=True)
    return folder


def _multiply(folder: Path, products: int) -> None:
    from desktop.demo.goods import FAMILIES, Goods
    from desktop.demo.ground import lay
    from desktop.engine.fields.moment import today
    from desktop.workstation import Workstation

    workstation = Workstation.open(folder)
    try:
        engine, random, made = workstation.engine, Random(1), 0
        ground, _ = lay(engine, random, date.fromisoformat(today()), 0)
        with engine.db.bulk():
            for run in range(10_000):
                families = tuple(
                    replace(one, sizes=" ".join(f"{size}-{run}" for size in one.sizes.split())) for one in FAMILIES
                )
                with engine.db.read() as db:
                    ops = list(Goods(ground, db, random, families).ops())
                engine.applier.local(ops, actor=ground.actor, act="demo")
                made += sum(op.table == "product" for op in ops)
                if made >= products:
                    break
    finally:
        workstation.close()


def jobs(page: Page, raw: sqlite3.Connection) -> list[tuple[str, Callable[[], object], Callable[[], object], float]]:
    """(name, ours, limit, most milliseconds at the 95th percentile)."""
    path = "/api/records/product"
    (category,) = raw.execute("SELECT category FROM product WHERE row = 777").fetchone()
    barcode, product = raw.execute("SELECT barcode, product FROM product_barcode WHERE row = 5000").fetchone()
    (code,) = raw.execute("SELECT code FROM product WHERE id = ?", (product,)).fetchone()

    def ours(address: str = path, **params: Any) -> Callable[[], object]:
        return lambda: page.get(address, **params)

    def limit(sql: str, *params: Any) -> Callable[[], object]:
        return lambda: raw.execute(sql, params).fetchall()

    def filtered(field: str, value: int) -> str:
        return json.dumps({"and": [{"field": field, "op": "lt", "value": value}]})

    by_code = "SELECT * FROM product WHERE deleted_at IS NULL ORDER BY code_order LIMIT 50"
    found = "SELECT rowid FROM product_fts WHERE product_fts MATCH ? LIMIT 50"
    all_of_it = {"want": "rows,total,sums"}
    return [
        ("first page by code, with total", ours(sort="code", **all_of_it), limit(by_code), LIST_MS),
        ("first page by retail price", ours(sort="price_1"), limit(by_code.replace("code_order", "price_1")), LIST_MS),
        ("a category, by code", ours(group=category, sort="code", **all_of_it), limit(by_code), LIST_MS),
        ("contains 气缸, by code", ours(q="气缸", sort="code", **all_of_it), limit(found, '"气缸"'), LIST_MS),
        ("retail price under 5 yuan", ours(filter=filtered("price_1", 50_000), sort="code"), limit(by_code), LIST_MS),
        ("purchase price under 5 yuan", ours(filter=filtered("purchase_price", 50_000), sort="code"), limit(by_code),
         FILTER_MS),
        ("page at 90 %", ours(sort="code", offset=int(_count(raw) * 0.9)), limit(by_code), LIST_MS),
        ("picker by number", ours("/api/lookup/product", q=code), limit(by_code), LIST_MS),
        ("picker by barcode", ours("/api/lookup/product", q=barcode),
         limit("SELECT product FROM product_barcode WHERE barcode = ?", barcode), LIST_MS),
        ("global search by barcode", ours("/api/search", q=barcode), limit(found, f'"{code}"'), 100),
        ("tree with counts", ours("/api/tree/product_category", count="product"), limit("SELECT 1"), LIST_MS),
    ]  # fmt: skip


def _count(raw: sqlite3.Connection) -> int:
    return int(raw.execute("SELECT count(*) FROM product WHERE deleted_at IS NULL").fetchone()[0])


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--products", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=40)
    asked = parser.parse_args()
    folder = data_set(asked.products)
    page = Page(folder)
    slow = []
    try:
        raw = sqlite3.connect(f"file:{folder / 'ecms.db'}?mode=ro", uri=True)
        print(f"{'job':32} {'p50 ms':>9} {'p95 ms':>9} {'limit ms':>9} {'ratio':>8}")
        for name, ours, limit, most in jobs(page, raw):
            base, got = measure(limit, asked.rounds), measure(ours, asked.rounds)
            slow += [name] if got.p95 > most else []
            ratio = got.p50 / max(base.p50, 0.001)
            print(f"{name:32} {got.p50:9.2f} {got.p95:9.2f} {base.p50:9.2f} {ratio:7.1f}x", flush=True)
        print(f"{_count(raw):,} products")
        raw.close()
    finally:
        page.close()
    print("over the limit: " + ", ".join(slow) if slow else f"every page below {LIST_MS} ms")
    return 1 if slow else 0


if __name__ == "__main__":
    raise SystemExit(main())
