"""What happens around the data file: readers beside a writer, a file found damaged, and who is told when."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from desktop.engine import records
from desktop.errors import Damaged
from tests.support import Office, copy_of, open_office


def test_new_readers_do_not_wait_for_a_writer(office: Office) -> None:
    db, answered = office.engine.db, []

    def read(meet: threading.Barrier) -> None:
        with db.read() as reader:
            meet.wait(5)  # all at once: each needs a connection of its own
            answered.append(reader.execute("SELECT count(*) FROM customer").fetchone()[0])

    with db.write():
        meet = threading.Barrier(6)
        threads = [threading.Thread(target=read, args=(meet,)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert len(answered) == 6, "answered while the transaction was open"


def test_the_page_is_told_when_the_outermost_transaction_has_committed(office: Office) -> None:
    engine, values = office.engine, office.samples.values("customer_group")
    with engine.bus.listen() as heard:
        with engine.db.write():
            records.save(engine, office.admin, "customer_group", values)
            assert heard.empty(), "a reader would still find the old data"
        assert heard.get_nowait()["module"] == "customer_group"


def test_what_was_undone_is_told_to_nobody(office: Office) -> None:
    engine, values = office.engine, office.samples.values("customer_group")
    with engine.bus.listen() as heard:
        with pytest.raises(KeyError), engine.db.write():
            records.save(engine, office.admin, "customer_group", values)
            raise KeyError
        assert heard.empty()


def test_a_damaged_file_is_said_and_takes_no_more_writes(template: Path, tmp_path: Path) -> None:
    folder = copy_of(template, tmp_path / "data")
    _destroy(folder / "ecms.db", "customer")
    with open_office(folder) as office:
        problem = office.api.refused("GET", "/api/records/customer", 503)
        assert problem["code"] == "damaged" and "备份" in problem["title"] and "停止录入" in problem["title"]
        assert office.api.refused("PUT", "/api/state/x", 503, {"value": 1})["code"] == "damaged"
        with pytest.raises(Damaged), office.engine.db.write():
            pass


def _destroy(path: Path, table: str) -> None:
    """Overwrites the first page of a table."""
    db = sqlite3.connect(path)
    (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    (size,) = db.execute("PRAGMA page_size").fetchone()
    db.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
