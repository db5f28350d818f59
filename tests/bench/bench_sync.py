"""Synchronising: ours beside the limit of the machine, measured in the same run (performance.md rows 1-5, 7, 8).

    python3 build/ecms.py bench sync [--customers N] [--rounds N]

A real server process, real workstations on files of their own, loopback HTTP. Every commit on both sides waits for its
fsync (`synchronous=FULL`), the limits' too. The data set is made once and kept in `.bench/` (ignored by git), and so is
a server that holds it.

The limits are the same transport with nothing of ours in it: the same bytes over the same HTTP, decoded, and written
to a plain table.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from desktop.engine.apply import Arrival
from desktop.sync.identity import Identities
from desktop.workstation import Workstation
from sync_server.replication.changeset import Changeset, Op, canonical, value_hash
from sync_server.replication.clock import pack
from tests.bench.bench_lists import ROOT, data_set


@dataclass(frozen=True)
class Line:
    """One row of the table. `ours` and `limit` in the unit; smaller is better unless `more`."""

    row: str
    name: str
    ours: float
    limit: float
    target: float
    unit: str = "ms"
    more: bool = False

    def text(self) -> str:
        met = self.ours >= self.target if self.more else self.ours <= self.target
        ratio = self.limit / self.ours if self.more else self.ours / self.limit
        return (
            f"{self.row:>4}  {self.name:44} {self.ours:12,.1f} {self.limit:12,.1f} {ratio:7.1f}x "
            f"{self.target:12,.1f} {self.unit}{'' if met else '  <-'}"
        )


class Server:
    """A sync server process."""

    def __init__(self, folder: Path) -> None:
        words = [sys.executable, "-m", "sync_server", "serve", "--data", str(folder), "--port", "0"]
        self.folder = folder
        self.process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().split()[1]

    def code(self) -> str:
        words = [sys.executable, "-m", "sync_server", "invite", "--data", str(self.folder), "--branch", "01"]
        return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()


@contextmanager
def served(folder: Path) -> Iterator[Server]:
    server = Server(folder)
    try:
        yield server
    finally:
        server.close()


def company(customers: int) -> tuple[Path, Path]:
    """The data folder of the first machine and the server's, with everything on it; made once and kept."""
    whole = data_set(customers)
    kept = ROOT / ".bench" / f"sync-{customers}"
    if not (kept / "complete").exists():
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        shutil.copytree(whole, kept / "first")
        with served(kept / "server") as server:
            first = Workstation.open(kept / "first", Identities(kept / "identities"))
            try:
                start = time.perf_counter()
                first.sync.join(server.url, server.code())
                first.sync.round()
                print(f"first machine pushed everything in {time.perf_counter() - start:.1f} s", flush=True)
            finally:
                first.close()
        (kept / "complete").write_text("")
    return kept, whole


def seconds(job: Callable[[], object]) -> float:
    gc.collect()
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


# ------------------------------------------------------------------------------------------------------- first sync


def first_sync(server: Server, work: Path, name: str) -> tuple[Workstation, float, int]:
    """An empty workstation that has joined; seconds, and rows that came."""
    station = Workstation.open(work / name, Identities(work / "identities"))
    code = server.code()

    def job() -> None:
        station.sync.join(server.url, code)
        station.sync.round()

    took = seconds(job)
    with station.db.read() as db:
        rows = int(db.execute("SELECT value FROM meta WHERE key = 'sync.first'").fetchone()[0])
    return station, took, rows


@dataclass(frozen=True)
class Wire:
    """The first sync as bytes."""

    items: list[dict[str, Any]]
    raw_s: float
    customers: int
    bytes_customers: int
    bytes_plain: int


def wire(station: Workstation, work: Path) -> Wire:
    """The limit of a first sync: the same pages fetched, decoded and put into a plain table; and what customers weigh
    with and without their clocks."""
    exchange = station.sync.speaker()
    db = sqlite3.connect(work / "plain.db", isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE plain (id TEXT PRIMARY KEY, t TEXT, data TEXT)")
    found: list[dict[str, Any]] = []

    def fetch() -> None:
        cursor, more = 0, True
        while more:
            page = exchange.pull(cursor, _epoch(station), "rows", "", 0, 4_000)
            db.execute("BEGIN")
            db.executemany(
                "INSERT OR REPLACE INTO plain VALUES (?, ?, ?)",
                [(one["row"]["id"], one["row"]["t"], orjson.dumps(one["data"])) for one in page.items],
            )
            db.execute("COMMIT")
            found.extend(page.items)
            cursor, more = page.next, page.more

    took = seconds(fetch)
    db.close()
    exchange.close()
    customers = [one for one in found if one["row"]["t"] == "customer"]
    pages = [customers[start : start + 4_000] for start in range(0, len(customers), 4_000)]
    with_clocks = sum(len(zlib.compress(orjson.dumps(page), 1)) for page in pages)
    plain = sum(len(zlib.compress(orjson.dumps([one["data"] for one in page]), 1)) for page in pages)
    return Wire(found, took, len(customers), with_clocks, plain)


def _epoch(station: Workstation) -> str:
    with station.db.read() as db:
        return str(db.execute("SELECT epoch FROM sync_peer").fetchone()[0])


# ------------------------------------------------------------------------------------------------------ small things


def edit(station: Workstation, ids: Sequence[str], mark: str) -> None:
    """Changes one field of each record, each a changeset of its own, as saves are."""
    station.sync.pause(True)
    for start in range(0, len(ids), 500):
        with station.db.write() as db:  # only to make the data quicker; the changesets are the same
            for id in ids[start : start + 500]:
                (old,) = db.execute("SELECT note FROM customer WHERE id = ?", (id,)).fetchone()
                op = Op("customer", id, "upd", {"note": f"{mark} {id[-6:]}"}, {"note": value_hash(old)})
                station.engine.applier.local([op], actor="bench", act="customer.edit")
    station.sync.pause(False)


def customers_of(station: Workstation) -> list[str]:
    with station.db.read() as db:
        return [row[0] for row in db.execute("SELECT id FROM customer WHERE deleted_at IS NULL ORDER BY id")]


def pull_times(a: Workstation, b: Workstation, ids: Sequence[str], rounds: int, mark: str) -> list[float]:
    """Milliseconds from asking the server to stored at B, for changes that A has already brought there."""
    times = []
    for place in range(rounds):
        edit(a, ids, f"{mark}{place}")
        a.sync.round()
        times.append(seconds(lambda: b.sync.round()) * 1_000)
    return times


def raw_pull(station: Workstation, work: Path, changes: int) -> float:
    """The limit of a pull: as many changes fetched over HTTP, decoded, and one column each written in one commit."""
    db = sqlite3.connect(work / "limit.db", isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE IF NOT EXISTS plain (id TEXT PRIMARY KEY, note TEXT, hlc INTEGER)")
    exchange = station.sync.speaker()
    with station.db.read() as reader:
        epoch, head = reader.execute("SELECT epoch, cursor FROM sync_peer").fetchone()

    def job() -> None:
        page = exchange.pull(max(0, head - changes), epoch, "log", "", 0, changes)
        db.execute("BEGIN IMMEDIATE")
        db.executemany(
            "INSERT INTO plain VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET note = excluded.note, hlc = excluded.hlc "
            "WHERE excluded.hlc > hlc",
            [(op["id"], str(op.get("set")), one["seq"]) for one in page.items for op in one["ops"]],
        )
        db.execute("COMMIT")

    job()
    took = statistics.median(seconds(job) for _ in range(5)) * 1_000
    exchange.close()
    db.close()
    return took


def merge_speed(station: Workstation, ids: Sequence[str], changes: int, work: Path) -> tuple[float, float]:
    """Field changes per second that a workstation merges (rows, clocks, history, search index and all), and that raw
    SQLite merges by `ON CONFLICT DO UPDATE WHERE`."""
    rng = random.Random(5)
    base = time.time_ns() // 1_000_000
    arrivals = []
    for n in range(1, changes // 100 + 1):
        ops = [Op("customer", rng.choice(ids), "upd", {"note": f"r{n}-{k}"}) for k in range(100)]
        one = Changeset("b" * 32, n, pack(base + n), base, "bench", 1, ops)
        arrivals.append(Arrival(one, pack(base + n), None, canonical(one.wire())))

    def ours() -> None:
        for start in range(0, len(arrivals), 50):
            station.engine.applier.arrive(arrivals[start : start + 50])

    took = seconds(ours)
    db = sqlite3.connect(work / "merge.db", isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE cell (id TEXT PRIMARY KEY, v TEXT, hlc INTEGER)")
    db.executemany("INSERT INTO cell VALUES (?, '', 0)", [(id,) for id in ids])
    values = [(op.id, op.set["note"], one.hlc_eff) for one in arrivals for op in one.changeset.ops]

    def limit() -> None:
        for start in range(0, len(values), 5_000):
            db.execute("BEGIN IMMEDIATE")
            db.executemany(
                "INSERT INTO cell VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET v = excluded.v, hlc = excluded.hlc "
                "WHERE excluded.hlc > hlc",
                values[start : start + 5_000],
            )
            db.execute("COMMIT")

    limit_s = seconds(limit)
    db.close()
    return len(values) / took, len(values) / limit_s


def raw_push(count: int, work: Path) -> float:
    """The limit of a push: as many small changes encoded, packed, unpacked, decoded and logged in one commit."""
    db = sqlite3.connect(work / "push.db", isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE IF NOT EXISTS log (n INTEGER PRIMARY KEY, body BLOB)")
    one = {"r": "a" * 32, "hlc": "0" * 16, "at": 1, "ops": [{"t": "customer", "id": "c" * 32, "set": {"note": "x"}}]}

    def job() -> None:
        for start in range(0, count, 500):
            body = zlib.compress(orjson.dumps([one | {"n": start + k} for k in range(500)]), 1)
            rows = orjson.loads(zlib.decompress(body))
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT OR REPLACE INTO log VALUES (?, ?)", [(row["n"], orjson.dumps(row)) for row in rows])
            db.execute("COMMIT")

    took = seconds(job) * 1_000
    db.close()
    return took


def disk(station: Workstation, work: Path) -> tuple[float, float]:
    """MB of the customers with and without what replication adds to them."""
    sizes = []
    for name, statements in (
        ("with", ("CREATE TABLE row_clock AS SELECT * FROM src.row_clock WHERE t = 'customer'",
                  "CREATE UNIQUE INDEX u ON row_clock (t, id)")),
        ("without", ()),
    ):  # fmt: skip
        file = work / f"{name}.db"
        db = sqlite3.connect(file)
        db.execute("ATTACH ? AS src", (str(station.db.path),))
        db.execute("CREATE TABLE customer AS SELECT * FROM src.customer")
        db.execute("CREATE UNIQUE INDEX c ON customer (id)")
        for statement in statements:
            db.execute(statement)
        db.commit()
        db.close()
        sizes.append(file.stat().st_size / 1e6)
    return sizes[0], sizes[1]


# ------------------------------------------------------------------------------------------------------------- main


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    kept, _ = company(asked.customers)
    with tempfile.TemporaryDirectory(dir=ROOT / ".bench") as temporary:
        work = Path(temporary)
        shutil.copytree(kept / "server", work / "server")
        shutil.copytree(kept / "first", work / "first")
        shutil.copytree(kept / "identities", work / "identities")
        with served(work / "server") as server:
            report(server, work, asked.rounds)
    return 0


def report(server: Server, work: Path, rounds: int) -> None:
    print(f"{'row':>4}  {'job':44} {'ours':>12} {'limit':>12} {'ratio':>8} {'target':>12}")

    def say(*parts: Any, **more: Any) -> None:
        print(Line(*parts, **more).text(), flush=True)

    a, took_a, _ = first_sync(server, work, "a")
    b, took_b, rows = first_sync(server, work, "b")
    bytes_ = wire(b, work)
    took = min(took_a, took_b)
    say("1", f"first sync of {rows:,} rows", took * 1_000, bytes_.raw_s * 1_000, 5 * bytes_.raw_s * 1_000)
    say("7", f"wire, {bytes_.customers:,} customers, clocks in", bytes_.bytes_customers / 1e6, bytes_.bytes_plain / 1e6,
        1.2 * bytes_.bytes_plain / 1e6, "MB")  # fmt: skip
    ids = customers_of(a)
    for station in (a, b):
        station.sync.round()
    one = pull_times(a, b, ids[:1], rounds * 3, "one")
    say("2", "1 changed field, server to stored", statistics.median(one), raw_pull(b, work, 1), 2.5)
    many = pull_times(a, b, random.Random(1).sample(ids, 1_000), rounds, "many")
    say("3", "pull of 1,000 changed records", statistics.median(many), raw_pull(b, work, 1_000), 40)
    pushes = []
    for place in range(2):
        edit(a, random.Random(place).sample(ids, 10_000), f"off{place}")
        pushes.append(seconds(lambda: a.sync.round()) * 1_000)
    say("4", "push of 10,000 offline edits, the first", pushes[0], raw_push(10_000, work), 300)
    say("4", "the same, the second", pushes[1], raw_push(10_000, work), 300)
    b.sync.round()
    ours, limit = merge_speed(b, ids, 100_000, work)
    say("5", "merge of field changes, all derived data", ours, limit, 100_000, "/s", more=True)
    with_clocks, plain = disk(b, work)
    say("8", "disk, customers with replication", with_clocks, plain, 1.3 * plain, "MB")
    print(f"\n{len(ids):,} customers · load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for station in (a, b):
        station.close()


if __name__ == "__main__":
    raise SystemExit(main())
