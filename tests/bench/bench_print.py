"""A list on paper: 10,000 rows × 10 columns as PDF with the font inside, ours beside the limit (performance.md row 14).

    python3 tests/bench/bench_print.py [--rows N] [--rounds N]

The limit is what cannot be left out, measured in the same run on the same cells: every text encoded, its width known
where it stands at the right, one operator a cell, compressed; no lines broken, no rules, no heads. `first page` is a
print of the first rows alone, as its own file. Target: ≤ 0.8 s, first page ≤ 0.3 s, ≤ 1.5 MB. A missed one ends the run
with exit code 1.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from desktop.demo import words
from desktop.engine import paper

WHOLE_S, FIRST_S, MEGABYTES = 0.8, 0.3, 1.5
FIRST_ROWS = 18
COLUMNS = (
    paper.Column("编号", "left", 88), paper.Column("客户名称", "left", 200), paper.Column("联系人", "left", 80),
    paper.Column("电话", "left", 120), paper.Column("日期", "left", 88), paper.Column("地区", "left", 100),
    paper.Column("地址", "left", 220), paper.Column("级别", "center", 64), paper.Column("信用额度", "right", 110),
    paper.Column("应收余额", "right", 110),
)  # fmt: skip
SHEET = paper.Sheet("客户信息", landscape=True, company="苏州衡远工业品有限公司", printed="打印　2026-11-23　周敏")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    rows = made_up(asked.rows)
    start = time.perf_counter()
    paper.face()
    print(f"the font, once a start: {time.perf_counter() - start:.2f} s")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "list.pdf"
        first = median(lambda: written(target, rows[:FIRST_ROWS]), asked.rounds)
        whole = median(lambda: written(target, rows), asked.rounds)
        size = target.stat().st_size / 1e6
    least = median(lambda: limit(rows), asked.rounds)
    print(f"{asked.rows:,} rows × {len(COLUMNS)}: {whole:.2f} s, limit {least:.2f} s, ratio {whole / least:.1f}")
    print(f"first page {first:.3f} s, {size:.2f} MB; targets {WHOLE_S} s, {FIRST_S} s, {MEGABYTES} MB")
    return int(whole > WHOLE_S or first > FIRST_S or size > MEGABYTES)


def made_up(count: int) -> list[list[str]]:
    """Rows as the demonstration data look."""
    chance = random.Random(14)
    return [_row(chance, number) for number in range(count)]


def _row(chance: random.Random, number: int) -> list[str]:
    city, industry = chance.choice(words.CITIES), chance.choice(list(words.INDUSTRIES))
    brand = chance.choice(words.TRADE_FIRST) + chance.choice(words.TRADE_SECOND)
    name = f"{city.prefix}{brand}{industry[:4]}{chance.choice(words.FORMS)}"
    money = [f"{chance.randrange(10**9) / 100:,.2f}" for _ in range(2)]
    day = f"2026-{1 + number % 12:02d}-{1 + number % 28:02d}"
    address = f"{city.name}{chance.choice(words.ROADS)}路{chance.randrange(1, 999)}号"
    phone = f"{city.area_code}-{chance.randrange(10**6, 10**7)}"
    person = f"{chance.choice('王李张刘陈杨赵黄周吴')}{chance.choice(words.GIVEN_MALE)}"
    return [f"KH{number:06d}", name, person, phone, day, city.province, address, "VIP", *money]


def written(target: Path, rows: list[list[str]]) -> int:
    return paper.write(target, SHEET, COLUMNS, rows, ["合计", *[""] * 9], lambda done: None)


def limit(rows: list[list[str]]) -> int:
    width, codes = paper.face().width, dict.fromkeys(range(0x10000), "0001")
    right = [column.align == "right" for column in COLUMNS]
    cells = []
    for row in rows:
        for text, is_right in zip(row, right, strict=True):
            x = 700 - width(text) * 9 if is_right else 40
            cells.append(f"1 0 0 1 {x:.2f} 500 Tm <{text.translate(codes)}> Tj")
    return len(zlib.compress("\n".join(cells).encode()))


def median(job: Callable[[], object], rounds: int) -> float:
    job()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        job()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


if __name__ == "__main__":
    sys.exit(main())
