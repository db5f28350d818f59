"""Import of 50,000 customers: read, dry run, commit, undo; the commit beside raw inserts of the same rows (sync.md
"Big batches"), and how long somebody else's save takes during commit and undo.

    python3 tests/bench/bench_import.py [--rows N] [--existing N]

`raw` puts the same values into a plain table with the same columns and indexes, in one transaction on the same disk.
"""

from __future__ import annotations

import argparse
import resource
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from xlsxwriter import Workbook

from desktop import accounts, demo
from desktop.engine import records
from desktop.engine.access import Principal
from desktop.engine.imports.undoing import Undo
from desktop.engine.imports.writing import Choices
from desktop.engine.schema import index_statements
from desktop.uploads import Upload
from desktop.workstation import Workstation

HEADS = ("客户名称", "客户分组", "客户级别", "电话", "手机", "地址", "税号", "信用额度", "登记日期", "标签", "备注")
FIRST = accounts.FirstStart("衡远测试公司", "总部", "01", "管理部", "周敏", "admin", "correct horse")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--existing", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "customers.xlsx"
        write(source, asked.rows)
        station = Workstation.open(Path(folder) / "data")
        try:
            accounts.set_up(station, FIRST)
            if asked.existing:
                demo.fill(station.engine, asked.existing)
            measure(station, source, asked.rows, Path(folder))
        finally:
            station.close()
    return 0


def memory() -> float:
    """At most so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def write(target: Path, count: int) -> None:
    book = Workbook(str(target), {"constant_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, HEADS)
    for n in range(count):
        name = f"苏州{chr(0x4E00 + n % 5000)}{chr(0x5000 + n // 7 % 4000)}{n}精密机械有限公司"
        sheet.write_row(n + 1, 0, (
            name, "一般客户", "普通", f"0512-{60000000 + n}", 13800000000 + n, f"工业园区星湖街{n % 900}号",
            f"91320{n:013d}", 1000 + n % 700, f"2026-{1 + n % 12:02d}-{1 + n % 28:02d}", "价格敏感、需回访", "导入的",
        ))  # fmt: skip
    book.close()


def measure(station: Workstation, source: Path, count: int, folder: Path) -> None:
    with station.engine.db.read() as db:
        (row,) = db.execute("SELECT id FROM operator").fetchall()
    principal = accounts.principal_of(station.engine, row[0])
    upload = taken(station, principal, source)
    print(f"memory idle {memory():,.0f} MB")
    times: dict[str, float] = {}
    timed(times, "read", lambda: upload.inspect(station.engine, principal, None, None))
    fields = [one["field"] for one in upload.inspect(station.engine, principal, None, None)["columns"]]
    upload.prepare(station.engine, principal, upload.sheets[0].name, 1, fields, "")
    timed(times, "dry run", lambda: upload.judge(station.engine, principal, lambda done, total: None))
    assert upload.counts is not None and upload.counts.good == count, upload.counts
    with Saver(station, principal) as beside_commit:
        timed(times, "commit", lambda: upload.write(station.engine, principal, Choices(), lambda done, total: None))
    most = memory()
    raw = raw_inserts(station, folder)
    assert upload.done is not None
    definition = station.engine.definition("customer")
    undo = Undo(station.engine, principal, definition, upload.done.batch)
    with Saver(station, principal) as beside_undo:
        timed(times, "undo", lambda: undo.run(lambda done, total: None))
    print(f"memory at most {most:,.0f} MB up to the commit, {memory():,.0f} MB with the undo")
    for name, seconds in times.items():
        print(f"{name:8} {seconds:6.2f} s  {count / seconds:8,.0f} rows/s")
    print(f"raw      {raw:6.2f} s, commit is {times['commit'] / raw:.1f} times that")
    print(f"another save during commit: {beside_commit}")
    print(f"another save during undo:   {beside_undo}")


def taken(station: Workstation, principal: Principal, source: Path) -> Upload:
    with source.open("rb") as file:
        return station.uploads.take(principal, station.engine.definition("customer"), source.name, file)


def timed(times: dict[str, float], name: str, work: Callable[[], Any]) -> None:
    start, busy = time.perf_counter(), time.thread_time()
    work()
    times[name] = time.perf_counter() - start
    print(f"{name:8} {times[name]:6.2f} s, of it {time.thread_time() - busy:.2f} s at work")


class Saver:
    """Somebody who saves a tag again and again."""

    def __init__(self, station: Workstation, principal: Principal) -> None:
        self._station, self._principal = station, principal
        self._stop, self._took = threading.Event(), list[float]()

    def __enter__(self) -> Saver:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.2):
            start = time.perf_counter()
            records.save(self._station.engine, self._principal, "tag", {"name": f"标签{time.time_ns()}"})
            self._took.append(time.perf_counter() - start)

    def __str__(self) -> str:
        took = sorted(self._took)
        middle = took[len(took) // 2]
        return f"{took[-1]:.2f} s at most, {middle:.2f} s usually ({len(took):,} saves)"


def raw_inserts(station: Workstation, folder: Path) -> float:
    """The same rows into a plain table with the same indexes."""
    definition = station.engine.definition("customer")
    with station.engine.db.read() as db:
        (made,) = db.execute("SELECT sql FROM sqlite_master WHERE name = 'customer'").fetchone()
    plain = sqlite3.connect(folder / "raw.db")
    plain.execute("PRAGMA journal_mode=WAL")
    plain.execute(made)
    for statement in index_statements(definition):
        plain.execute(statement)
    seconds = 0.0
    with station.engine.db.read() as db, plain:
        cursor = db.execute("SELECT * FROM customer")
        marks = ", ".join("?" * len(cursor.description))
        plain.execute("BEGIN")
        while rows := [tuple(row) for row in cursor.fetchmany(1_000)]:
            start = time.perf_counter()
            plain.executemany(f"INSERT INTO customer VALUES ({marks})", rows)
            seconds += time.perf_counter() - start
        start = time.perf_counter()
        plain.commit()
    plain.close()
    return seconds + time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
