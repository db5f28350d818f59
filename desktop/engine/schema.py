"""Declarations → tables, indexes, guards. Changes are additive only: a newer program adds, never renames or drops."""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from ..errors import Refused
from . import following
from .fields import Ref
from .registry import SHARED_LOCAL, Definition, Link, Registry
from .telling import Tell, untold

if TYPE_CHECKING:
    from sqlite_utils.db import Table

SCHEMA = 1
"""Number of the data model; kept in the file and in every changeset. A file with a higher one is refused."""

_OWN_TABLES = """
CREATE TABLE IF NOT EXISTS sync_self (
    db_uuid TEXT NOT NULL, replica TEXT NOT NULL, code TEXT NOT NULL, branch TEXT,
    last_n INTEGER NOT NULL, last_h BLOB NOT NULL, hlc INTEGER NOT NULL,
    server_time_high INTEGER NOT NULL DEFAULT 0, clock_off INTEGER NOT NULL DEFAULT 0, schema INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS sync_peer (
    tier TEXT PRIMARY KEY, epoch TEXT, cursor INTEGER NOT NULL DEFAULT 0, head_seen INTEGER NOT NULL DEFAULT 0,
    grant_rev INTEGER, figure_rev INTEGER, last_ok TEXT, state TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS checksum (t TEXT PRIMARY KEY, sum TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sync_want (t TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (t, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sync_ahead (
    t TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (t, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sync_log (no INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS replica (no INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, code TEXT);
INSERT OR IGNORE INTO replica (no, uuid) VALUES (0, '');
CREATE TABLE IF NOT EXISTS changeset (
    r INTEGER NOT NULL, n INTEGER NOT NULL, hlc INTEGER NOT NULL, hlc_eff INTEGER NOT NULL, seq INTEGER,
    batch TEXT, body BLOB NOT NULL, state TEXT NOT NULL, why TEXT, PRIMARY KEY (r, n)) WITHOUT ROWID;
DROP INDEX IF EXISTS changeset_state;
CREATE INDEX IF NOT EXISTS changeset_open ON changeset (state, r, n) WHERE state NOT IN ('acked', 'applied');
CREATE TABLE IF NOT EXISTS row_clock (
    t TEXT NOT NULL, id TEXT NOT NULL, hlc INTEGER NOT NULL, r INTEGER NOT NULL, n INTEGER NOT NULL,
    fields TEXT, life TEXT, PRIMARY KEY (t, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS row_passed (
    t TEXT NOT NULL, id TEXT NOT NULL, r INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (t, id, r)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS parked_op (
    t TEXT NOT NULL, id TEXT NOT NULL, f TEXT NOT NULL, r INTEGER NOT NULL, n INTEGER NOT NULL, hlc INTEGER NOT NULL,
    body TEXT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (t, id, f)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS history (
    t TEXT NOT NULL, id TEXT NOT NULL, hlc INTEGER NOT NULL, r INTEGER NOT NULL, n INTEGER NOT NULL, part INTEGER NOT
    NULL,
    kind TEXT NOT NULL, at TEXT NOT NULL, actor TEXT, changes TEXT, PRIMARY KEY (t, id, hlc, r, n, part)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tally (
    t TEXT NOT NULL, value TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (t, value)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tally_part (
    t TEXT NOT NULL, value TEXT NOT NULL, owner TEXT NOT NULL, department TEXT NOT NULL, branch TEXT NOT NULL,
    n INTEGER NOT NULL, PRIMARY KEY (t, value, owner, department, branch)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS number_series (
    prefix TEXT NOT NULL, machine TEXT NOT NULL, part TEXT NOT NULL, last INTEGER NOT NULL,
    PRIMARY KEY (prefix, machine, part)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ui_state (
    operator TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (operator, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answered (
    key TEXT NOT NULL, actor TEXT NOT NULL, at TEXT NOT NULL, request TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (key, actor)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS login_try (
    login TEXT PRIMARY KEY, failed INTEGER NOT NULL, until REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS import_log (
    batch TEXT PRIMARY KEY, module TEXT NOT NULL, at TEXT NOT NULL, operator TEXT NOT NULL, file TEXT NOT NULL,
    added INTEGER NOT NULL, changed INTEGER NOT NULL, left_out INTEGER NOT NULL, undone_at TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS import_run (
    batch TEXT PRIMARY KEY, doing TEXT NOT NULL, was_cut INTEGER NOT NULL DEFAULT 0, total INTEGER NOT NULL DEFAULT 0,
    ctx TEXT, needs TEXT, undo TEXT, operator TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS import_part (
    batch TEXT NOT NULL, place INTEGER NOT NULL, ops BLOB NOT NULL, PRIMARY KEY (batch, place));
CREATE TABLE IF NOT EXISTS blob (
    sha256 TEXT PRIMARY KEY, size INTEGER NOT NULL, have INTEGER NOT NULL DEFAULT 0, want INTEGER NOT NULL DEFAULT 0,
    uploaded INTEGER NOT NULL DEFAULT 0, missing INTEGER NOT NULL DEFAULT 0, fails INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER NOT NULL DEFAULT 0, why TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS blob_open ON blob (next_at) WHERE (have != uploaded OR want > 0);
CREATE TABLE IF NOT EXISTS alias_of (
    t TEXT NOT NULL, id TEXT NOT NULL, winner TEXT NOT NULL, row INTEGER, PRIMARY KEY (t, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS alias_of_winner ON alias_of (t, winner);
CREATE INDEX IF NOT EXISTS alias_of_row ON alias_of (t, row);
CREATE INDEX IF NOT EXISTS changeset_batch ON changeset (batch) WHERE batch IS NOT NULL;
CREATE TABLE IF NOT EXISTS veil (
    t TEXT NOT NULL, id TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (t, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dispute (
    t TEXT NOT NULL, id TEXT NOT NULL, what TEXT NOT NULL, PRIMARY KEY (t, id, what)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""

_ADDED = (("import_run", "replica", "TEXT"), ("import_run", "part", "TEXT NOT NULL DEFAULT ''"))
"""Columns that came after their table."""

GUARDED_OWN = ("changeset", "row_clock", "history")


def refuse_newer(db: sqlite3.Connection) -> None:
    """Raises `Refused` for a file written by a newer version."""
    (found,) = db.execute("PRAGMA user_version").fetchone()
    if found > SCHEMA:
        raise Refused(
            f"这些数据由更新的版本保存（数据版本 {found}，本程序 {SCHEMA}）。请升级程序后再打开，数据没有改动。"
        )


def migrate(db: sqlite3.Connection, registry: Registry, tell: Tell = untold) -> None:
    """Brings tables, indexes and guards up to the declarations, inside the caller's transaction."""
    refuse_newer(db)
    own = hashlib.sha256(f"{_OWN_TABLES}{_ADDED}".encode()).hexdigest()[:16]
    fingerprint = f"{SCHEMA}:{own}:{registry.fingerprint}:{index_fingerprint(registry.root)}"
    if _stored_fingerprint(db) == fingerprint:
        return
    tell("建立新的数据列和索引")
    for statement in _OWN_TABLES.split(";"):
        if statement.strip():
            db.execute(statement)
    for table, name, kind in _ADDED:
        if name not in {column[1] for column in db.execute(f"PRAGMA table_info({table})")}:
            db.execute(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")
    for table in GUARDED_OWN:
        _guard(db, table)
    for definition in registry:
        _module_table(db, definition)
    _refill(db, registry, tell)  # before their indexes: rows move in them
    for definition in registry:
        _indexes(db, definition)
    for link in registry.links.values():
        _link_table(db, link)
    db.execute("INSERT OR REPLACE INTO meta VALUES ('fingerprint', ?)", (fingerprint,))
    db.execute(f"PRAGMA user_version={SCHEMA}")


def _refill(db: sqlite3.Connection, registry: Registry, tell: Tell) -> None:
    """What rows keep beside them of their parents: data of a version that kept nothing lack it, and one that wrote to
    them meanwhile did not keep to it."""
    for definition in registry:
        if definition.follow and db.execute(f"SELECT 1 FROM {definition.name} LIMIT 1").fetchone():
            tell(f"整理「{definition.module.label}」的数据范围")
            if following.refill(db, definition):
                db.execute("DELETE FROM meta WHERE key = ?", (f"tally:{definition.name}",))  # it is counted by them


def _stored_fingerprint(db: sqlite3.Connection) -> str | None:
    if not db.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'meta'").fetchone():
        return None
    row = db.execute("SELECT value FROM meta WHERE key = 'fingerprint'").fetchone()
    return None if row is None else str(row[0])


@lru_cache(maxsize=4)
def index_fingerprint(registry: Registry) -> str:
    """Changes with the set of indexes."""
    statements = "\n".join(statement for definition in registry for statement in index_statements(definition))
    return hashlib.sha256(statements.encode()).hexdigest()[:16]


def _module_table(db: sqlite3.Connection, definition: Definition) -> None:
    extra = [
        ("rev", "INTEGER NOT NULL DEFAULT 1"),
        ("pinyin", "TEXT"),
        *((name, "TEXT") for name in definition.shadows),
        *((name, "TEXT") for name in (definition.follow.columns if definition.follow else ())),
    ]
    columns = [*((c.name, c.sql_type) for c in (*definition.columns, *definition.kept, *SHARED_LOCAL)), *extra]
    _table(db, definition.name, columns)
    if definition.searched:
        _fts(db, definition)
    else:
        db.execute(f"DROP TABLE IF EXISTS {definition.name}_fts")  # of a version in which it was searched


def _indexes(db: sqlite3.Connection, definition: Definition) -> None:
    """One that an earlier version made otherwise is made anew, and what none needs any more is dropped: it would cost
    every save."""
    sql = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = ?"
    present = dict(db.execute(sql, (definition.name,)).fetchall())
    wanted = {one.removeprefix(_INDEX).split()[0]: one for one in index_statements(definition)}
    for name in present.keys() - wanted.keys():
        db.execute(f"DROP INDEX {name}")
    for name, statement in wanted.items():
        if present.get(name) != f"CREATE INDEX {statement.removeprefix(_INDEX)}":
            db.execute(f"DROP INDEX IF EXISTS {name}")
            db.execute(statement)


def _link_table(db: sqlite3.Connection, link: Link) -> None:
    columns = [(c.name, c.sql_type) for c in (*link.columns, *SHARED_LOCAL)]
    _table(db, link.name, [*columns, ("rev", "INTEGER NOT NULL DEFAULT 1")])
    db.execute(
        f"CREATE INDEX IF NOT EXISTS {index_name(link.name, 'record')} ON {link.name} (record) WHERE deleted_at IS NULL"
    )
    db.execute(
        f"CREATE INDEX IF NOT EXISTS {index_name(link.name, 'target')} ON {link.name} (target) WHERE deleted_at IS NULL"
    )


def _table(db: sqlite3.Connection, name: str, columns: Iterable[tuple[str, str]]) -> None:
    """Creates a table or adds the columns it lacks. `row` is a local number for the indexes: VACUUM must not change
    it."""
    table = _found(db, name)
    if not table.exists():
        body = ", ".join(f'"{column}" {kind}' for column, kind in columns)
        db.execute(f"CREATE TABLE {name} (row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, {body})")
    else:
        present = {column.name for column in table.columns}
        for column, kind in columns:
            if column not in present:
                db.execute(f'ALTER TABLE {name} ADD COLUMN "{column}" {kind}')
    _guard(db, name)


def _found(db: sqlite3.Connection, name: str) -> "Table":
    """A table to look at. Only a file that changes is looked at, and loading the library takes longer than most starts
    have."""
    from sqlite_utils import Database

    return Database(db).table(name)


def _guard(db: sqlite3.Connection, table: str) -> None:
    """A write that does not come through `apply` fails: in the program by the flag, in a foreign tool for want of
    the function."""
    for event in ("INSERT", "UPDATE", "DELETE"):
        db.execute(
            f"CREATE TRIGGER IF NOT EXISTS {table}_guard_{event.lower()} BEFORE {event} ON {table} WHEN "
            f"ecms_writing() = 0 "
            f"BEGIN SELECT RAISE(ABORT, 'only apply may write {table}'); END"
        )


_INDEX = "CREATE INDEX IF NOT EXISTS "

PLACED = "placed"
"""The index in which the rows of each group of a tree stand in the order of their titles, with what scopes ask for: a
list of what a user may see of a group is told from it alone."""


NEWEST = "newest"
"""The index in which the rows of some records stand by their day."""

LOOKED_UP = "looked_up"
"""The index by several columns at once, of the rows in which the last of them is filled."""

OPEN = "open"
"""The index in which what is open of some records stands by its day."""


def index_name(table: str, column: str) -> str:
    """Name of the index over live rows by one column; never that of a table."""
    return f"ix_{table}_{column}"


def index_statements(definition: Definition) -> Iterator[str]:
    """Indexes over live rows: what lists sort by, references, phone digits."""
    table = definition.name
    columns = set(definition.sort_index.values())
    columns |= {name for name, one in definition.fields.items() if isinstance(one, Ref) and not one.small}
    columns |= definition.shadows.keys()
    whole = {name for name, one in definition.fields.items() if isinstance(one, Ref) and one.whole}
    whole.update(definition.gathered)
    columns -= whole.difference(definition.sort_index.values())  # theirs knows the live rows, too
    filled = _looked_up(definition)
    for column in sorted(columns):
        some = f' AND "{column}" IS NOT NULL' if column in filled else ""
        yield f'{_INDEX}{index_name(table, column)} ON {table} ("{column}") WHERE deleted_at IS NULL{some}'
    for column, name in definition.own_orders.items():
        own, by = index_name(table, name), definition.own_by
        yield f'{_INDEX}{own} ON {table} ("{by}", "{column}") WHERE deleted_at IS NULL'
    if definition.follow:
        yield from _follow_indexes(definition)
    if definition.is_placed:
        placed = ", ".join(f'"{one}"' for one in (str(definition.tallied), "pinyin", "row", *definition.parted))
        yield f"{_INDEX}{index_name(table, PLACED)} ON {table} ({placed}) WHERE deleted_at IS NULL"
    if definition.module.newest_by:
        names = ", ".join(f'"{one}"' for one in (*definition.module.newest_by.split(), definition.module.when))
        yield f"{_INDEX}{index_name(table, NEWEST)} ON {table} ({names}) WHERE deleted_at IS NULL"
    if looked_up := definition.module.looked_up_by.split():
        names, some = ", ".join(f'"{one}"' for one in looked_up), f' AND "{looked_up[-1]}" IS NOT NULL'
        yield f"{_INDEX}{index_name(table, LOOKED_UP)} ON {table} ({names}) WHERE deleted_at IS NULL{some}"
    if definition.module.open_by:
        of, day, amount = definition.module.open_by.split()
        some = f'deleted_at IS NULL AND "{amount}" <> 0'
        yield f'{_INDEX}{index_name(table, OPEN)} ON {table} ("{of}", "{day}", "{amount}") WHERE {some}'
    for name in sorted(whole):
        yield f'{_INDEX}{index_name(table, name)}_all ON {table} ("{name}")'
    dead = index_name(table, "deleted_at")
    yield f"{_INDEX}{dead} ON {table} (deleted_at) WHERE deleted_at IS NOT NULL"
    by_itself = "deleted_at IS NOT NULL AND via IS NULL"
    yield f"{_INDEX}{index_name(table, 'bin')} ON {table} (deleted_at) WHERE {by_itself}"
    yield f"{_INDEX}{index_name(table, 'via')} ON {table} (via) WHERE via IS NOT NULL"


def _looked_up(definition: Definition) -> set[str]:
    """References by which rows are looked up, but no list is sorted: what is empty in most rows takes no place in their
    indexes. Books ask for empty ones, too (`IS ?`)."""
    sorted_by = set(definition.sort_index.values())
    optional = (name for name, one in definition.fields.items() if isinstance(one, Ref) and not one.required)
    return set() if definition.module.local else {name for name in optional if name not in sorted_by}


def _follow_indexes(definition: Definition) -> Iterator[str]:
    """Rows below a parent that wait for it, and deleted ones."""
    if definition.follow:
        on = f'ON {definition.name} ("{definition.follow.parent}") WHERE'
        strays, gone = (index_name(definition.name, name) for name in ("strays", "gone_below"))
        yield f"{_INDEX}{strays} {on} {following.KEY} = '{following.STRAY}'"
        yield f"{_INDEX}{gone} {on} deleted_at IS NOT NULL"


def _fts(db: sqlite3.Connection, definition: Definition) -> None:
    """The full-text index; contentless, since the words can always be made again from the row."""
    name = f"{definition.name}_fts"
    wanted = [*definition.searched, "initials"]
    table = _found(db, name)
    if table.exists():
        if [column.name for column in table.columns] == wanted:
            return
        db.execute(f"DROP TABLE {name}")
    db.execute(
        f"CREATE VIRTUAL TABLE {name} USING fts5({', '.join(wanted)}, content='', "
        "tokenize='unicode61 remove_diacritics 0', columnsize=0)"
    )
