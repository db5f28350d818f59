"""Rows written several by one statement, and indexes that an earlier version made otherwise."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from desktop.engine.inserting import insert
from desktop.engine.schema import index_statements, migrate
from tests.engine.kit import open_desk


@pytest.mark.parametrize("count", [0, 1, 2, 31, 32, 33, 50, 100])
def test_all_rows_arrive_in_their_order(count: int) -> None:
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE t (no INTEGER PRIMARY KEY, a TEXT, b TEXT)")
    rows = [(f"a{number}", None if number % 3 else f"b{number}") for number in range(count)]
    insert(db, "INSERT INTO t", ("a", "b"), rows)
    assert db.execute("SELECT a, b FROM t ORDER BY no").fetchall() == rows


def test_an_index_that_an_earlier_version_made_otherwise_is_made_anew(template: Path, tmp_path: Path) -> None:
    """References that are mostly empty left their indexes; who looks rows up by them still finds them there."""
    with open_desk(shutil.copytree(template, tmp_path / "data")) as desk, desk.engine.db.write() as db:
        wanted = {sql.replace("IF NOT EXISTS ", "") for sql in index_statements(desk.engine.registry["sale_line"])}
        db.execute("DROP INDEX ix_sale_line_unit_row")
        db.execute("CREATE INDEX ix_sale_line_unit_row ON sale_line (unit_row) WHERE deleted_at IS NULL")
        db.execute("CREATE INDEX ix_sale_line_document ON sale_line (document) WHERE deleted_at IS NULL")
        db.execute("DELETE FROM meta WHERE key = 'fingerprint'")
        migrate(db, desk.engine.registry)
        indexes = "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = 'sale_line'"
        assert {sql for (sql,) in db.execute(indexes)} == wanted, "what none needs any more is dropped"
        for asked in ("= ?", "IN (SELECT value FROM json_each(?))"):
            sql = f"EXPLAIN QUERY PLAN SELECT id FROM sale_line WHERE deleted_at IS NULL AND unit_row {asked}"
            assert any("ix_sale_line_unit_row" in step["detail"] for step in db.execute(sql, ("x",)))
