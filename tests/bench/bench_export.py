"""A list as xlsx and csv: 100,000 rows × 20 columns, ours beside the limit (performance.md row 15).

    python3 tests/bench/bench_export.py [--rows N] [--rounds N]

The limit is what cannot be left out, measured in the same run on the same cells: each as text, compressed; no places,
no kinds, no rows. The files are made by XlsxWriter: what we add to its time is judged, and the memory. Target: ≤ 1.3
times XlsxWriter alone, ≤ 20 MB of memory beyond the rows. A missed one ends the run with exit code 1.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
import tracemalloc
import zlib
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from xlsxwriter import Workbook

from desktop.engine import spreadsheet
from tests.bench.bench_print import made_up, median

TIMES, MEGABYTES = 1.3, 20
FORMATS = ["@", "@", "@", "@", "yyyy-mm-dd", "@", "@", "@", "#,##0.00", "#,##0"] * 2
HEADS = [f"第{at}列" for at in range(20)]
Rows = Sequence[Sequence[object]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    rows = [_cells(number, row) for number, row in enumerate(made_up(asked.rows))]
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "list.xlsx"
        whole = median(lambda: spreadsheet.write(target, HEADS, rows, FORMATS), asked.rounds)
        size = target.stat().st_size / 1e6
        library = median(lambda: _library(target, rows), 1)
        plain = median(lambda: _csv(target, rows), asked.rounds)
        extra = _memory(target, rows)
    least = median(lambda: limit(rows), asked.rounds)
    print(f"{asked.rows:,} rows × {len(HEADS)}: {whole:.2f} s, limit {least:.2f} s, ratio {whole / least:.1f}")
    print(f"{whole / library:.2f} times XlsxWriter alone ({library:.2f} s); csv {plain:.2f} s")
    print(f"{size:.1f} MB, {extra:.1f} MB of memory; targets {TIMES} times, {MEGABYTES} MB of memory")
    return int(whole > TIMES * library or extra > MEGABYTES)


def _cells(number: int, row: list[str]) -> list[object]:
    day = date(2026, 1 + number % 12, 1 + number % 28)
    return [*row[:4], day, *row[5:8], Decimal(row[8].replace(",", "")), number] * 2


def _library(target: Path, rows: Rows) -> None:
    """The same cells with nothing of ours."""
    book = Workbook(str(target), {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet, styles = book.add_worksheet(), [book.add_format({"num_format": one}) for one in FORMATS]
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            sheet.write(number, column, cell, styles[column])
    book.close()


def _csv(target: Path, rows: Rows) -> None:
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)


def _memory(target: Path, rows: Rows) -> float:
    """MB at most while a tenth of it is written: more rows take no more."""
    tracemalloc.start()
    spreadsheet.write(target, HEADS, rows[: len(rows) // 10], FORMATS)
    most = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return most


def limit(rows: Rows) -> int:
    packer, size = zlib.compressobj(1), 0
    for start in range(0, len(rows), 500):
        size += len(packer.compress("".join(str(cell) for row in rows[start : start + 500] for cell in row).encode()))
    return size + len(packer.flush())


if __name__ == "__main__":
    sys.exit(main())
