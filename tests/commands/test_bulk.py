"""Writing in bulk: applying joins the transaction around it, and nothing of a failed one stays."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from datetime import date
from random import Random

import pytest

from desktop.demo.ground import lay
from desktop.demo.parties import Batch, Parties
from desktop.engine.fields.moment import today
from desktop.workstation import Workstation
from tests.commands.test_backup import admin_of


class Broken(Exception):
    """What a test raises."""


def count(workstation: Workstation) -> int:
    with workstation.db.read() as db:
        return int(db.execute("SELECT count(*) FROM meta").fetchone()[0])


def put(db: sqlite3.Connection, key: str) -> None:
    db.execute("INSERT INTO meta VALUES (?, '')", (key,))


def test_a_joined_write_goes_with_the_one_around_it(workstation: Workstation) -> None:
    before = count(workstation)
    with pytest.raises(Broken), workstation.db.write() as db:
        put(db, "outer")
        with workstation.db.write(joins=True) as inner:
            put(inner, "inner")
        raise Broken
    assert count(workstation) == before
    with workstation.db.write(joins=True) as db:  # alone it is a transaction of its own
        put(db, "alone")
    assert count(workstation) == before + 1


def test_an_error_inside_cannot_be_swallowed(workstation: Workstation) -> None:
    before = count(workstation)
    with pytest.raises(RuntimeError), workstation.db.write() as db:
        put(db, "outer")
        with pytest.raises(Broken), workstation.db.write(joins=True) as inner:
            put(inner, "half")
            raise Broken
    assert count(workstation) == before
    with workstation.db.write() as db:
        put(db, "later")
    assert count(workstation) == before + 1


def test_a_savepoint_around_it_contains_the_error(workstation: Workstation) -> None:
    before = count(workstation)
    with workstation.db.write() as db:
        put(db, "outer")
        with pytest.raises(Broken), workstation.db.write(), workstation.db.write(joins=True) as inner:
            put(inner, "half")
            raise Broken
    assert count(workstation) == before + 1


def test_bulk_tuning_ends_with_the_work(workstation: Workstation) -> None:
    def tuned() -> tuple[int, int]:
        with workstation.db.write() as db:
            return db.execute("PRAGMA cache_size").fetchone()[0], db.execute("PRAGMA wal_autocheckpoint").fetchone()[0]

    before = tuned()
    with workstation.db.bulk():
        with pytest.raises(Broken), workstation.db.bulk():
            assert tuned() != before
            raise Broken
        assert tuned() != before, "there is other such work"
    assert tuned() == before


def test_the_log_is_folded_in_behind_whoever_works(workstation: Workstation) -> None:
    """Not while somebody saves, who would wait for it."""
    before = count(workstation)
    for save in range(3_000):
        with workstation.db.write() as db:
            put(db, f"many {save}")
    for behind in [one for one in threading.enumerate() if one.name == "fold log"]:
        behind.join()
    with closing(sqlite3.connect(f"file:{workstation.db.path}?immutable=1", uri=True)) as db:  # without the log
        assert db.execute("SELECT 1 FROM meta WHERE key = 'many 1500'").fetchone()
    assert count(workstation) == before + 3_000


def test_what_was_wiped_is_in_no_log_though_it_is_just_folded_in(
    workstation: Workstation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite folds nothing in, and cuts no log, while somebody else folds: it says so and goes on."""
    monkeypatch.setattr(workstation.db, "_fold", lambda: time.sleep(0.3))
    with workstation.db.write() as db:
        db.executemany("INSERT INTO meta VALUES (?, 'a secret')", [(f"wiped {one}",) for one in range(2_500)])
    with workstation.db.write() as db:
        db.execute("DELETE FROM meta WHERE key LIKE 'wiped %'")
    workstation.db.shrink()
    assert not [one for one in threading.enumerate() if one.name == "fold log"]
    path = workstation.db.path
    assert not any(b"a secret" in one.read_bytes() for one in path.parent.glob(f"{path.name}*"))


def test_many_changesets_in_one_transaction_do_not_slow_down(workstation: Workstation) -> None:
    """Under a savepoint the last rows of a transaction cost ten times the first: this found it."""

    engine = workstation.engine
    ground, _ = lay(engine, Random(5), date.fromisoformat(today()), 100)
    parties, times = Parties(ground), []
    with engine.db.write():
        for _ in range(12):
            batch = Batch()
            for _ in range(100):
                parties.customer(batch)
            started = time.process_time()
            engine.applier.local(batch.ops, actor=admin_of(workstation).operator, batch="b" * 32)
            times.append((time.process_time() - started) / len(batch))
    assert min(times[-4:]) < 5 * max(times[:4])
