"""What every round and every look at the status bar asks stays cheap, however long the history is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.sync import changes, outbox
from tests.engine.kit import Desk, open_desk
from tests.support import copy_of


@pytest.fixture
def desk(template: Path, tmp_path: Path) -> Iterator[Desk]:
    with open_desk(copy_of(template, tmp_path / "data")) as opened:
        yield opened


def test_no_question_of_a_round_reads_through_all_changesets(desk: Desk) -> None:
    asked: list[str] = []
    engine = desk.engine
    with engine.db.write() as db:
        me = engine.applier.me(db)
        db.set_trace_callback(asked.append)
        try:
            outbox.waiting(db)
            outbox.rejected(db)
            outbox.next_batch(db, me.replica)
            outbox.acked_n(db, me.replica)
            outbox.unsettled(db)
            outbox.settle(engine, db, me.replica, [outbox.Ack(1, "applied", 1, None)])
            changes.listed(engine, desk.admin, "pending")
            changes.listed(engine, desk.admin, "rejected")
        finally:
            db.set_trace_callback(None)
        asked = [sql for sql in asked if "changeset" in sql and sql.startswith(("SELECT", "UPDATE"))]
        assert len(asked) > 8
        for sql in asked:
            plan = [row["detail"] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}")]
            assert not [step for step in plan if step.startswith("SCAN") and "INDEX" not in step], (sql, plan)
