"""Lists, search and saves at 1,000,000 customers: ours beside the limit of the machine, measured in the same run.

    python3 build/ecms.py bench [--customers N] [--rounds N]

Judged: the median against the target of performance.md, and the 95th percentile of lists, searches and saves against
100 ms. A missed 95th percentile ends the run with exit code 1.

Each line: the job, ours at the median and the 95th percentile, the limit (raw SQLite on the same file, or the barest
answer the same server can give), the ratio of the medians, and the target of performance.md. Saves on both sides use
`synchronous=FULL`, so one fsync each is inside. The data set is made once and kept in `.bench/` (ignored by git).
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
import urllib.parse
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "bench-password"
P95_LIMIT_MS = 100


@dataclass(frozen=True)
class Measured:
    """Milliseconds of one job."""

    p50: float
    p95: float


def measure(job: Callable[[], object], rounds: int) -> Measured:
    """Runs a job some times over; the first run warms caches and does not count."""
    job()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        job()
        times.append((time.perf_counter() - start) * 1_000)
    times.sort()
    return Measured(statistics.median(times), times[min(len(times) - 1, round(0.95 * len(times)))])


# ------------------------------------------------------------------- data set


def data_set(customers: int) -> Path:
    """The folder with the big data set; made by the program's own commands when it is not there."""
    folder = ROOT / ".bench" / f"customers-{customers}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)  # of a run that was cut off
        folder.mkdir(parents=True)
        start = time.perf_counter()
        print(f"making {customers:,} customers in {folder.relative_to(ROOT)} …", flush=True)
        given = ["--company", "测试公司", "--branch", "总部", "--admin", "admin", "--password-stdin"]
        _ecms("init", "--data", str(folder), *given, text=PASSWORD + "\n")
        _ecms("demo", "--data", str(folder), "--customers", str(customers))
        (folder / "complete").write_text("")
        print(f"made in {time.perf_counter() - start:.0f} s", flush=True)
    return folder


def _ecms(*words: str, text: str = "") -> None:
    subprocess.run([sys.executable, "-m", "desktop", *words], cwd=ROOT, input=text, text=True, check=True)


# --------------------------------------------------------------------- server


class Page:
    """A signed-in page that speaks to a server process over one kept connection."""

    def __init__(self, folder: Path) -> None:
        words = [sys.executable, "-m", "desktop", "serve", "--data", str(folder)]
        self.process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        url = urllib.parse.urlsplit(self.process.stdout.readline().split()[1])
        self.connection = http.client.HTTPConnection(url.hostname or "", url.port)
        self.headers = {"Content-Type": "application/json"}
        answer = self._raw("GET", f"/?{url.query}")
        self.headers["Cookie"] = str(answer.getheader("Set-Cookie")).split(";")[0]
        answer.read()
        token = re.search(rb'name="ecms-token" content="([^"]+)"', self._raw("GET", "/").read())
        assert token
        self.headers["X-ECMS-Token"] = token[1].decode()
        where = self.get("/api/session")["departments"]
        department = next(one["id"] for one in where if "admin" in one["users"])
        self.send("POST", "/api/session", {"department": department, "user": "admin", "password": PASSWORD})

    def _raw(self, method: str, path: str, body: str | None = None, **more: str) -> http.client.HTTPResponse:
        self.connection.request(method, path, body, {**self.headers, **more})
        return self.connection.getresponse()

    def send(self, method: str, path: str, body: Any = None, **more: str) -> Any:
        answer = self._raw(method, path, None if body is None else json.dumps(body), **more)
        raw = answer.read()
        assert answer.status < 300, raw[:400]
        return json.loads(raw)

    def get(self, path: str, **params: Any) -> Any:
        return self.send("GET", f"{path}?{urllib.parse.urlencode(params)}" if params else path)

    def memory_mb(self) -> float:
        """Resident memory of the server process; nan where the system does not say."""
        status = Path(f"/proc/{self.process.pid}/status")
        found = re.search(r"VmRSS:\s+(\d+) kB", status.read_text()) if status.exists() else None
        return int(found[1]) / 1024 if found else float("nan")

    def close(self) -> None:
        self.connection.close()
        self.process.terminate()
        self.process.wait()


# ----------------------------------------------------------------------- jobs


@dataclass(frozen=True)
class Job:
    """One line of the table."""

    row: str
    name: str
    ours: Callable[[], object]
    limit: Callable[[], object]
    target_ms: float

    @property
    def p95_limit_ms(self) -> float:
        """100 ms for lists, searches and saves; a job with a target beyond that is no everyday one."""
        return max(P95_LIMIT_MS, self.target_ms)


class Jobs:
    """The jobs of performance.md rows 6 and 9–13, and what people do all day besides."""

    def __init__(self, page: Page, raw: sqlite3.Connection, seed: int) -> None:
        self.page = page
        self.raw = raw
        self.random = random.Random(seed)
        self.list = "/api/records/customer"
        (self.total,) = raw.execute("SELECT count(*) FROM customer WHERE deleted_at IS NULL").fetchone()
        name = raw.execute("SELECT name FROM customer WHERE row = ?", (self.total // 3,)).fetchone()[0]
        self.two, self.one = name[2:4], name[2]
        (self.group,) = raw.execute('SELECT "group" FROM customer WHERE row = 777').fetchone()
        (self.id,) = raw.execute("SELECT id FROM customer WHERE row = 5000").fetchone()
        far = self.page.get(self.list, sort="name", offset=self.total * 9 // 10)
        self.after, self.place = far["next"], far["rows"][-1]["name"]
        raw.execute("CREATE TEMP TABLE scratch (id INTEGER PRIMARY KEY, name TEXT)")

    def all(self) -> list[Job]:
        return [*self._pages(), *self._searches(), *self._jumps_and_counts(), *self._daily(), *self._saves()]

    def _pages(self) -> list[Job]:
        return [
            Job("9", "first page of 50 by name", self._page(sort="name"), self._sql(self._by_name()), 5),
            Job("9", "first page, default order", self._page(), self._sql(self._by_name()), 5),
        ]

    def _searches(self) -> list[Job]:
        return [
            Job(
                "10",
                f"contains {self.two} by name, 50 + count",
                self._page(q=self.two, sort="name", want="rows,total"),
                self._sql(self._match(), f'"{self.two}"'),
                8,
            ),
            Job(
                "10",
                f"contains {self.one} by name, 50 + count",
                self._page(q=self.one, sort="name", want="rows,total"),
                self._sql(self._match(), f'"{self.one}" *'),
                100,
            ),
            Job(
                "10",
                "contains 有限公司 by name, 50",
                self._page(q="有限公司", sort="name", want="rows"),
                self._sql(self._by_name()),
                100,
            ),
            Job(
                "10",
                "pinyin initials",
                self._page(q="szhy", sort="name", want="rows,total"),
                self._sql(self._match(), '"szh zhy"'),
                8,
            ),
            Job(
                "10",
                "global search",
                lambda: self.page.get("/api/search", q=self.two),
                self._sql(self._match(), f'"{self.two}"'),
                20,  # nine modules
            ),
        ]

    def _jumps_and_counts(self) -> list[Job]:
        return [
            Job("11", "page at 90 % by key", self._page(sort="name", after=self.after), self._sql(self._by_name()), 5),
            Job(
                "11",
                "jump to 90 %",
                self._page(sort="name", offset=self.total * 9 // 10),
                self._offset(self.total // 10),
                15,
            ),
            Job(
                "11",
                "jump to the middle",
                self._page(sort="name", offset=self.total // 2),
                self._offset(self.total // 2),
                15,
            ),
            Job(
                "12",
                "count of the list",
                self._page(want="total"),
                self._sql("SELECT n FROM tally WHERE t = 'customer' AND value = '*'"),
                3,
            ),
            Job(
                "12",
                "tree with counts",
                lambda: self.page.get("/api/tree/customer_group", count="customer"),
                self._sql("SELECT value, n FROM tally WHERE t = 'customer'"),
                5,
            ),
        ]

    def _daily(self) -> list[Job]:
        return [
            Job("Q1", "a group, default order", self._page(group=self.group), self._sql(self._by_name()), 100),
            Job("Q1", "by owner (display order)", self._page(sort="owner"), self._sql(self._by_name()), 100),
            Job(
                "Q1",
                "one month",
                self._page(**{"from": "2025-03-01", "to": "2025-03-31"}),
                self._sql(self._by_name()),
                100,
            ),
            Job("Q1", "two filters", self._page(filter=self._filter()), self._sql(self._by_name()), 100),
            Job(
                "Q1",
                "sums of all",
                self._page(want="sums"),
                self._sql("SELECT sum(credit_limit) FROM customer WHERE deleted_at IS NULL"),
                1_000,
            ),
            Job(
                "Q1",
                "by a column without index",
                self._page(sort="address"),
                self._sql("SELECT row FROM customer WHERE deleted_at IS NULL ORDER BY address LIMIT 50"),
                1_000,
            ),
        ]

    def _saves(self) -> list[Job]:
        return [
            Job("13", "new customer over the API", self._create, self._insert, 3),
            Job("6", "change one field over the API", self._edit, self._insert, 5),
        ]

    def _page(self, **params: Any) -> Callable[[], object]:
        return lambda: self.page.get(self.list, **params)

    def _sql(self, statement: str, *params: Any) -> Callable[[], object]:
        return lambda: self.raw.execute(statement, params).fetchall()

    @staticmethod
    def _by_name() -> str:
        return "SELECT * FROM customer INDEXED BY ix_customer_pinyin WHERE deleted_at IS NULL ORDER BY pinyin LIMIT 50"

    @staticmethod
    def _match() -> str:
        return "SELECT rowid FROM customer_fts WHERE customer_fts MATCH ?"

    def _offset(self, offset: int) -> Callable[[], object]:
        inner = "SELECT row FROM customer WHERE deleted_at IS NULL ORDER BY pinyin LIMIT 50 OFFSET ?"
        return self._sql(f"SELECT * FROM customer WHERE row IN ({inner})", offset)

    def _filter(self) -> str:
        status = self.raw.execute("SELECT status FROM customer WHERE row = 999").fetchone()[0]
        first = {"field": "status", "op": "eq", "value": status}
        second = {
            "or": [
                {"field": "name", "op": "contains", "value": "机械"},
                {"field": "name", "op": "like", "value": "%电子%"},
            ]
        }
        return json.dumps({"and": [first, second]})

    def _create(self) -> object:
        body = {"name": f"基准客户{self.random.random()}", "group": self.group, "phone": "0512-57339025"}
        return self.page.send("POST", self.list, body, **{"Idempotency-Key": uuid.uuid4().hex})

    def _edit(self) -> object:
        return self.page.send("PATCH", f"{self.list}/{self.id}", {"short_name": str(self.random.random())})

    def _insert(self) -> object:
        self.limit_file.execute("INSERT INTO t (a) VALUES (?)", ("x" * 340,))
        self.limit_file.commit()
        return None

    def open_limit_file(self, path: Path) -> None:
        """A bare file for the limit of a durable insert."""
        path.unlink(missing_ok=True)
        self.limit_file = sqlite3.connect(path)
        self.limit_file.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)"
        )


def in_process_edit(folder: Path, rounds: int) -> Measured:
    """Row 6 in the data layer: one field changed and committed with its changeset, clock and history."""
    from desktop import accounts
    from desktop.engine import records
    from desktop.workstation import Workstation

    workstation = Workstation.open(folder)
    try:
        engine = workstation.engine
        where = next(one["id"] for one in accounts.departments(engine) if "admin" in one["users"])
        principal = accounts.principal_of(engine, accounts.sign_in(engine, where, "admin", PASSWORD))
        with engine.db.read() as db:
            (id,) = db.execute("SELECT id FROM customer WHERE row = 6000").fetchone()
        number = iter(range(10**9))

        def edit() -> object:
            return records.save(engine, principal, "customer", {"postcode": str(next(number) % 10**6)}, id=id)

        return measure(edit, rounds)
    finally:
        workstation.close()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=40)
    asked = parser.parse_args()
    folder = data_set(asked.customers)
    data_layer = in_process_edit(folder, asked.rounds * 5)
    start = time.perf_counter()
    page = Page(folder)
    ready = time.perf_counter() - start
    try:
        raw = sqlite3.connect(f"file:{folder / 'ecms.db'}?mode=ro", uri=True)
        jobs = Jobs(page, raw, seed=1)
        jobs.open_limit_file(folder / "limit.db")
        missed, slow = report(jobs, asked.rounds)
        insert = measure(jobs._insert, asked.rounds * 5)
        print(
            f"   6  {'one field, data layer':38} {data_layer.p50:9.2f} {data_layer.p95:9.2f} {insert.p50:9.2f} "
            f"{data_layer.p50 / insert.p50:7.1f}x {0.15:9.2f}"
        )
        print(
            f"\n{jobs.total:,} customers · serve answers after {ready:.2f} s"
            f" · server process {page.memory_mb():.0f} MB (limit 400)"
            f" · load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
        )
        raw.close()
        jobs.limit_file.close()
    finally:
        page.close()
    print("medians that missed their target: " + ", ".join(missed) if missed else "every target met")
    print("95th percentiles over the limit: " + ", ".join(slow) if slow else f"every p95 below {P95_LIMIT_MS} ms")
    return 1 if slow else 0


def report(jobs: Jobs, rounds: int) -> tuple[list[str], list[str]]:
    """Prints the table; returns what missed its target at the median, and its limit at the 95th percentile."""
    print(f"{'row':>4}  {'job':38} {'p50 ms':>9} {'p95 ms':>9} {'limit ms':>9} {'ratio':>8} {'target':>9}")
    missed, slow = [], []
    for job in jobs.all():
        limit = measure(job.limit, rounds)
        ours = measure(job.ours, rounds)
        mark = "" if ours.p50 <= job.target_ms else "  <-"
        if mark:
            missed.append(job.name)
        if ours.p95 >= job.p95_limit_ms:
            slow.append(job.name)
            mark += "  p95 <-"
        print(
            f"{job.row:>4}  {job.name:38} {ours.p50:9.2f} {ours.p95:9.2f} {limit.p50:9.2f} "
            f"{ours.p50 / max(limit.p50, 0.001):7.1f}x {job.target_ms:9.2f}{mark}",
            flush=True,
        )
    return missed, slow


if __name__ == "__main__":
    raise SystemExit(main())
