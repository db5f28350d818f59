"""The server's data in one SQLite file: the store for a company that wants one command and no database to run.

One writer at a time (BEGIN IMMEDIATE), so the position taken last is also the next to be seen. WAL, FULL: what was
acknowledged survives a kill and a power cut.
"""

import hashlib
import os
import re
import secrets
import shutil
import sqlite3
import threading
import time
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from .errors import Refused, StorageFull
from .manifest import Key, Manifest
from .replication.changeset import Scalar, canonical
from .replication.checksum import moved, row_sum, to_text
from .replication.clock import ZERO, Dot, to_hex, wall_ms
from .replication.conflicts import EPOCH_BITS, dot_text
from .replication.merge import RowClock, RowState
from .store import (
    LATE,
    PAGE_BYTES_MAX,
    SCOPE,
    Entry,
    Head,
    Held,
    Invite,
    Machine,
    Page,
    Refusal,
    Replica,
    Row,
    Stamp,
    Sums,
    Told,
    Versions,
)

FILE_NAME = "ecms-server.db"
VERSION = 2
_APPLICATION_ID = 0x45434D54  # "ECMT": tells a server's file from a workstation's
_ASK_MAX = 400
_TIME_ZERO_S = 1_700_000_000
_CACHE_KIB = 64_000
_READER_CACHE_KIB = 8_000
"""Each thread has a reader of its own."""
_PACK_BYTES_MIN = 700
_HASH = re.compile(r"[0-9a-f]{64}")
_COUNTED = "born"
"""Which rows the sums are over; another word lets them be added up anew."""

_TABLES = """
CREATE TABLE IF NOT EXISTS stream_head (tier TEXT NOT NULL, epoch TEXT NOT NULL, last_seq INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS machine (
    id TEXT PRIMARY KEY, code TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, branch TEXT NOT NULL, user TEXT,
    secret_hash TEXT NOT NULL, state TEXT NOT NULL, enrolled_at INTEGER NOT NULL, last_seen INTEGER,
    waiting INTEGER, version TEXT);
CREATE TABLE IF NOT EXISTS replica (
    no INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, machine TEXT NOT NULL, epoch TEXT, last_n INTEGER NOT NULL,
    last_h BLOB NOT NULL, last_eff INTEGER NOT NULL, last_seq INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS log (
    seq INTEGER PRIMARY KEY, r INTEGER NOT NULL, n INTEGER NOT NULL, h BLOB NOT NULL, hlc_eff INTEGER NOT NULL,
    old_seq INTEGER, ctx INTEGER NOT NULL, res TEXT, status TEXT NOT NULL, body BLOB NOT NULL, UNIQUE (r, n));
CREATE TABLE IF NOT EXISTS row_state (
    t TEXT NOT NULL, id TEXT NOT NULL, data BLOB NOT NULL, clock BLOB NOT NULL, stamp BLOB, gone INTEGER NOT NULL,
    via TEXT, last_seq INTEGER NOT NULL, PRIMARY KEY (t, id));
CREATE INDEX IF NOT EXISTS row_state_seq ON row_state (last_seq);
CREATE INDEX IF NOT EXISTS row_state_gone ON row_state (last_seq) WHERE gone;
CREATE INDEX IF NOT EXISTS row_state_via ON row_state (via) WHERE via IS NOT NULL;
CREATE TABLE IF NOT EXISTS checksum (
    t TEXT PRIMARY KEY, units TEXT NOT NULL, total INTEGER NOT NULL, sum TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blob_ref (
    sha256 TEXT NOT NULL, id TEXT NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (sha256, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS blob_ref_id ON blob_ref (id);
CREATE TABLE IF NOT EXISTS row_scope (
    t TEXT NOT NULL, id TEXT NOT NULL, scope TEXT NOT NULL, in_seq INTEGER NOT NULL, out_seq INTEGER,
    PRIMARY KEY (t, id, scope)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS "grant" (
    machine TEXT NOT NULL, module TEXT NOT NULL, scope TEXT NOT NULL, actions TEXT NOT NULL,
    from_seq INTEGER NOT NULL, to_seq INTEGER);
CREATE TABLE IF NOT EXISTS quarantine (
    r INTEGER NOT NULL, n INTEGER NOT NULL, h BLOB NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL,
    at INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (r, n));
CREATE TABLE IF NOT EXISTS quarantine_row (
    t TEXT NOT NULL, id TEXT NOT NULL, r INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (t, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS invite (
    hash TEXT PRIMARY KEY, branch TEXT NOT NULL, user TEXT, expires_at INTEGER NOT NULL, used_at INTEGER,
    machine TEXT);
"""


_ADDED = (("machine", "waiting", "INTEGER"), ("machine", "version", "TEXT"), ("invite", "machine", "TEXT"))
"""Columns that came after the first layout. Nothing is ever taken away, so a file is brought up in place."""


class _Connection(sqlite3.Connection):
    """Knows replicas by number and back. What a push learnt inside its transaction must not reach other readers: it
    may be taken back, and the number given to somebody else."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.row_factory = sqlite3.Row
        self.uuids: dict[int, str] = {}
        self.numbers: dict[str, int] = {}

    def learn(self) -> None:
        """Reads who there is."""
        self.uuids = {row["no"]: row["uuid"] for row in self.execute("SELECT no, uuid FROM replica")}
        self.numbers = {uuid: no for no, uuid in self.uuids.items()}


class SqliteStore:
    """An open server file. Reads run beside the one writer; `transaction()` and every change commit before they
    return. Raises Refused when the file is not a server's, StorageFull when the disk is full."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.files_in = manifest.files
        self._units = {name: table.rules.units for name, table in manifest.tables.items()}
        self._lock = threading.RLock()
        self._readers = threading.local()
        self._all: list[_Connection] = []
        self._writer = self._connect(_CACHE_KIB)
        self._set_up(manifest)

    def _connect(self, cache_kib: int) -> _Connection:
        db = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, timeout=10, factory=_Connection
        )  # fmt: skip
        try:
            (kind,) = db.execute("PRAGMA application_id").fetchone()
            if kind not in (0, _APPLICATION_ID) or (kind == 0 and db.execute("SELECT 1 FROM sqlite_schema").fetchone()):
                raise Refused(f"{self.path} 不是同步服务器的数据文件")
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            db.execute(f"PRAGMA cache_size=-{cache_kib}")
        except sqlite3.DatabaseError as error:
            db.close()
            raise Refused(f"{self.path} 不能作为同步服务器的数据文件打开：{error}") from error
        except BaseException:
            db.close()
            raise
        self._all.append(db)  # without the lock: a reader never waits for a push
        return db

    def _set_up(self, manifest: Manifest) -> None:
        (version,) = self._writer.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise Refused("数据文件由更新的服务器程序写成，请升级本程序")
        with self._write() as db:
            for statement in _TABLES.split(";\n"):
                if statement.strip():
                    db.execute(statement)
            for table, column, kind in _ADDED:
                if column not in _columns(db, table):
                    db.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")
            if not db.execute("SELECT 1 FROM stream_head").fetchone():
                db.execute("INSERT INTO stream_head VALUES (?, ?, 0)", (secrets.token_hex(16), secrets.token_hex(8)))
            db.execute(f"PRAGMA application_id={_APPLICATION_ID}")
            db.execute(f"PRAGMA user_version={VERSION}")
            self._plant(db, manifest)
            self._count(db)
            self._open_epoch(db)

    def _plant(self, db: sqlite3.Connection, manifest: Manifest) -> None:
        """Rows that ship with the program: clock zero, so any person's edit is later."""
        db.executemany(
            "INSERT OR IGNORE INTO row_state (t, id, data, clock, gone, last_seq) VALUES (?, ?, ?, ?, 0, 0)",
            [
                (table, id, orjson.dumps({name: value for name, value in data.items() if value is not None}), b"{}")
                for table, rows in manifest.seeds.items()
                for id, data in rows.items()
            ],
        )

    def _count(self, db: _Connection) -> None:
        """Sums of tables that have none yet, or whose merge units are others than when they were added up."""
        known = {row["t"]: row["units"] for row in db.execute("SELECT t, units FROM checksum")}
        for table, units in self._units.items():
            mark = hashlib.sha256(canonical([_COUNTED, *sorted(units)])).hexdigest()[:16]
            if known.get(table) == mark:
                continue
            sum_, total = 0, 0
            for row in db.execute("SELECT id, clock, last_seq FROM row_state WHERE t = ?", (table,)):
                sum_ = moved(sum_, 0, self._sum(db, table, row["id"], row["clock"]))
                total += row["last_seq"] > 0
            db.execute("INSERT OR REPLACE INTO checksum VALUES (?, ?, ?, ?)", (table, mark, total, to_text(sum_)))

    def _sum(self, db: _Connection, table: str, id: str, clock: bytes) -> int:
        packed = orjson.loads(clock)
        return 0 if "u" in packed else row_sum(id, self._clock(db, packed), self.units(table))

    def sum_of(self, key: Key, row: Row | None) -> int:
        """What a row adds to the sum of its table. Machines put one that waits for its `ins` aside, so it adds
        nothing yet."""
        return row_sum(key[1], row.state.clock, self.units(key[0])) if row and row.state.is_born else 0

    def units(self, table: str) -> frozenset[str]:
        """The merge units of a table."""
        return self._units.get(table, frozenset())

    @staticmethod
    def _open_epoch(db: sqlite3.Connection) -> None:
        (epoch,) = db.execute("SELECT epoch FROM stream_head").fetchone()
        if not db.execute("SELECT 1 FROM replica WHERE epoch = ?", (epoch,)).fetchone():
            db.execute(
                "INSERT INTO replica (uuid, machine, epoch, last_n, last_h, last_eff, last_seq) "
                "VALUES (?, '', ?, 0, x'', 0, 0)",
                (secrets.token_hex(16), epoch),
            )

    @contextmanager
    def _write(self) -> Iterator[_Connection]:
        with self._lock:
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException as error:
                with suppress(sqlite3.Error):
                    self._writer.execute("ROLLBACK")
                self._writer.uuids, self._writer.numbers = {}, {}
                if isinstance(error, sqlite3.OperationalError) and "full" in str(error):
                    raise StorageFull() from error
                raise

    @contextmanager
    def _read(self) -> Iterator[_Connection]:
        """A reader with one snapshot for all its questions."""
        db = getattr(self._readers, "db", None)
        if db is None:
            db = self._readers.db = self._connect(_READER_CACHE_KIB)
        db.execute("BEGIN")
        try:
            yield db
        finally:
            db.execute("COMMIT")

    @contextmanager
    def transaction(self) -> Iterator["SqliteTransaction"]:
        with self._write() as db:
            yield SqliteTransaction(self, db)

    def close(self) -> None:
        with self._lock:
            for db in self._all:
                db.close()

    # ---------------------------------------------------------------------------------------------------- replicas

    @staticmethod
    def uuid_of(db: _Connection, no: int) -> str:
        """The replica stored under a number."""
        if no not in db.uuids:
            db.learn()
        return db.uuids[no]

    @staticmethod
    def number_of(db: _Connection, uuid: str) -> int:
        """The number a replica is stored under."""
        if uuid not in db.numbers:
            db.learn()
        return db.numbers[uuid]

    def replica(self, uuid: str) -> Replica | None:
        with self._read() as db:
            return _replica(db.execute("SELECT * FROM replica WHERE uuid = ?", (uuid,)).fetchone())

    def known_hash(self, uuid: str, n: int) -> bytes | None:
        sql = "SELECT h FROM {} x JOIN replica r ON r.no = x.r WHERE r.uuid = ? AND x.n = ?"
        with self._read() as db:
            for table in ("log", "quarantine"):
                if found := db.execute(sql.format(table), (uuid, n)).fetchone():
                    return bytes(found["h"])
        return None

    # ------------------------------------------------------------------------------------------------------ stream

    def head(self) -> Head:
        with self._read() as db:
            return _head(db)

    def kept(self, head: Head) -> int:
        base = head.seq >> EPOCH_BITS << EPOCH_BITS
        if not base:
            return head.seq
        with self._read() as db:
            return int(db.execute("SELECT COALESCE(max(seq), 0) FROM log WHERE seq <= ?", (base,)).fetchone()[0])

    def is_empty(self) -> bool:
        with self._read() as db:
            return db.execute("SELECT 1 FROM replica WHERE last_n > 0").fetchone() is None

    def rows_total(self) -> int:
        with self._read() as db:
            return _rows_total(db)

    def log_page(self, cursor: int, items_max: int, bytes_max: int, skip: tuple[str, int] | None) -> Page:
        items: list[bytes] = []
        size = 0
        with self._read() as db:
            head = _head(db)
            own = _replica(db.execute("SELECT * FROM replica WHERE uuid = ?", (skip[0],)).fetchone()) if skip else None
            no, upto = (own.no, skip[1]) if own and skip else (-1, 0)
            is_known = "r = ? AND n <= ? AND status != ?"
            sql = f"SELECT seq, hlc_eff, body FROM log WHERE seq > ? AND NOT ({is_known}) ORDER BY seq"
            for seq, hlc_eff, body in db.execute(sql, (cursor, no, upto, LATE)):
                items.append(_log_item(seq, hlc_eff, _opened(body)))
                size += len(items[-1])
                if len(items) >= items_max or size >= bytes_max:
                    return Page(items, seq, head)
        # Positions end here, so the cursor stands at the head, even where an epoch left a hole below it.
        return Page(items, max(cursor, head.seq), head)

    def rows_page(self, cursor: int, items_max: int, bytes_max: int = PAGE_BYTES_MAX) -> Page:
        items: list[bytes] = []
        size, last = 0, cursor
        with self._read() as db:
            head = _head(db)
            for row in db.execute(f"SELECT {_ROW} FROM row_state WHERE last_seq > ? ORDER BY last_seq", (cursor,)):
                is_enough = len(items) >= items_max or size >= bytes_max
                if is_enough and row["last_seq"] > last:
                    return Page(items, last, head)
                items.append(self._row_item(db, row))
                size, last = size + len(items[-1]), row["last_seq"]
        return Page(items, max(cursor, head.seq), head)

    def rows(self, table: str, ids: Sequence[str], bytes_max: int = PAGE_BYTES_MAX) -> Told:
        items: dict[str, bytes] = {}
        size, wanted, last = 0, sorted(set(ids)), ""
        with self._read() as db:
            for row in _ask(db, table, wanted):
                last = row["id"]
                items[last] = self._row_item(db, row)
                size += len(items[last])
                if size >= bytes_max:
                    break
        cut = [id for id in wanted if id > last] if size >= bytes_max else []
        return Told(list(items.values()), [id for id in wanted if id not in items and id not in cut], cut)

    def living(self, table: str, ids: Sequence[str] | None = None) -> dict[str, Mapping[str, Scalar]]:
        sql = f"SELECT {_ROW} FROM row_state WHERE t = ?"
        with self._read() as db:
            found = db.execute(sql, (table,)) if ids is None else _ask(db, table, sorted(set(ids)))
            return {
                row["id"]: orjson.loads(row["data"])
                for row in found
                if not row["gone"] and "u" not in orjson.loads(row["clock"])
            }

    def file_sizes(self, hashes: Sequence[str]) -> dict[str, set[int]]:
        found: dict[str, set[int]] = {}
        with self._read() as db:
            sql = "SELECT sha256, size FROM blob_ref WHERE sha256 IN (SELECT value FROM json_each(?))"
            for sha256, size in db.execute(sql, (orjson.dumps(list(hashes)).decode(),)):
                found.setdefault(sha256, set()).add(size)
        return found

    def files(self) -> Iterator[tuple[str, int]]:
        with self._read() as db:
            yield from db.execute("SELECT DISTINCT sha256, size FROM blob_ref ORDER BY sha256").fetchall()

    def files_ever(self) -> set[str]:
        about = self.files_in
        with self._read() as db:
            sql = "SELECT DISTINCT json_extract(CAST(data AS TEXT), ?) FROM row_state WHERE t = ?"
            found = db.execute(sql, (f"$.{about.get('hash')}", about.get("table"))).fetchall()
        return {row[0] for row in found if isinstance(row[0], str)}

    def sums(self) -> Sums:
        with self._read() as db:
            found = db.execute("SELECT t, sum FROM checksum").fetchall()
            return Sums({row["t"]: int(row["sum"], 16) for row in found if row["t"] in self._units}, _head(db))

    def versions(self, table: str, after: str, items_max: int) -> Versions:
        sql = "SELECT id, clock FROM row_state WHERE t = ? AND id > ? ORDER BY id LIMIT ?"
        with self._read() as db:
            head = _head(db)
            rows = db.execute(sql, (table, after, items_max)).fetchall()
            sums = {row["id"]: self._sum(db, table, row["id"], row["clock"]) for row in rows}
        more = rows[-1]["id"] if len(rows) == items_max else None
        return Versions({id: one for id, one in sums.items() if one}, more, head)

    def quarantined(self) -> list[Refusal]:
        sql = (
            "SELECT r.uuid, q.n, q.status, q.reason, q.at, COALESCE(m.code, '') FROM quarantine q "
            "JOIN replica r ON r.no = q.r LEFT JOIN machine m ON m.id = r.machine ORDER BY q.at, q.r, q.n"
        )
        with self._read() as db:
            return [Refusal(*row) for row in db.execute(sql)]

    def _row_item(self, db: _Connection, row: sqlite3.Row) -> bytes:
        t, id, data, clock, stamp, gone, via, last_seq = row
        packed = orjson.loads(clock)
        about = {"t": t, "id": id, "clock": self._clock_wire(db, packed)}
        about |= {"stamp": orjson.loads(stamp)} if stamp else {}
        about |= {"unborn": 1} if "u" in packed else {}
        about |= {"gone": 1} if gone else {}
        about |= {"via": via} if via else {}
        return b'{"seq":%d,"row":%s,"data":%s}' % (last_seq, orjson.dumps(about), data)

    def _clock_wire(self, db: _Connection, clock: dict[str, Any]) -> dict[str, Any]:
        found = self._clock(db, clock)
        wire: dict[str, Any] = {"base": dot_text(found.base)}
        if found.fields:
            wire["fields"] = {unit: dot_text(dot) for unit, dot in found.fields.items()}
        if found.life:
            wire["life"] = {"dot": dot_text(found.life), "out": int(found.is_out), "erased": dict(found.erased)}
        return wire

    def _clock(self, db: _Connection, clock: Mapping[str, Any]) -> RowClock:
        """From {b: base, f: dots by unit, l: life, o: is out, e: erased}; dots as [stamp, replica number, n]."""

        def dot(packed: Sequence[int]) -> Dot:
            return Dot(packed[0], self.uuid_of(db, packed[1]), packed[2])

        base = dot(clock["b"]) if "b" in clock else ZERO
        fields = {unit: dot(one) for unit, one in clock.get("f", {}).items()}
        life = dot(clock["l"]) if "l" in clock else None
        return RowClock(base, fields, life, bool(clock.get("o")), clock.get("e", {}))

    def _packed(self, db: _Connection, clock: RowClock) -> dict[str, Any]:
        def dot(one: Dot) -> list[int]:
            return [one.hlc, self.number_of(db, one.replica), one.n]

        packed: dict[str, Any] = {"b": dot(clock.base)} if clock.base.replica else {}
        if clock.fields:
            packed["f"] = {unit: dot(one) for unit, one in clock.fields.items()}
        if clock.life:
            packed |= {"l": dot(clock.life), "o": int(clock.is_out), "e": dict(clock.erased)}
        return packed

    def load(self, db: _Connection, row: sqlite3.Row) -> Row:
        """A stored row. One that waits for its `ins` is marked in the clock by `u`."""
        clock = orjson.loads(row["clock"])
        state = RowState(orjson.loads(row["data"]), self._clock(db, clock), "u" not in clock, row["via"])
        return Row(state, Stamp(*orjson.loads(row["stamp"])) if row["stamp"] else None, row["last_seq"])

    def dump(self, db: _Connection, row: Row) -> tuple[bytes, bytes, bytes | None]:
        """Data, clock and stamp as stored."""
        clock = self._packed(db, row.state.clock) | ({} if row.state.is_born else {"u": 1})
        one = row.stamp
        made = one and [one.created_at, one.created_by, one.machine, one.updated_at, one.updated_by]
        return orjson.dumps(row.state.data), orjson.dumps(clock), orjson.dumps(made) if made else None

    # ---------------------------------------------------------------------------------------------------- accounts

    def invite(self, invite: Invite) -> None:
        with self._write() as db:
            db.execute(
                "INSERT INTO invite (hash, branch, user, expires_at, machine) VALUES (?, ?, ?, ?, ?)",
                (invite.hash, invite.branch, invite.user, invite.expires_at, invite.machine),
            )

    def redeem(self, code_hash: str, now_ms: int) -> Invite | None:
        with self._read() as db:  # who guesses holds up nobody that writes
            if not db.execute("SELECT 1 FROM invite WHERE hash = ?", (code_hash,)).fetchone():
                return None
        with self._write() as db:
            row = db.execute(
                "UPDATE invite SET used_at = ? WHERE hash = ? AND used_at IS NULL AND expires_at > ? AND "
                "(machine IS NULL OR machine IN (SELECT id FROM machine WHERE state = 'active')) "
                "RETURNING hash, branch, user, expires_at, machine",
                (now_ms, code_hash, now_ms),
            ).fetchone()
        return Invite(*row) if row else None

    def add_machine(self, machine_id: str, secret_hash: str, invite: Invite, now_ms: int) -> Machine:
        kind = "personal" if invite.user else "shared"
        with self._write() as db:
            taken = {row["code"] for row in db.execute("SELECT code FROM machine")}
            code = next(code for code in _codes() if code not in taken)
            db.execute(
                "INSERT INTO machine (id, code, kind, branch, user, secret_hash, state, enrolled_at) "
                "VALUES (?, ?, ?, ?, ?, ?, 'active', ?)",
                (machine_id, code, kind, invite.branch, invite.user, secret_hash, now_ms),
            )
            db.execute(
                'INSERT INTO "grant" (machine, module, scope, actions, from_seq) VALUES (?, ?, ?, ?, ?)',
                (machine_id, "*", SCOPE, "*", _head(db).seq),
            )
        return Machine(machine_id, code, kind, invite.branch, invite.user, "active", now_ms, None)

    def machine(self, id: str) -> tuple[Machine, str] | None:
        with self._read() as db:
            row = db.execute("SELECT * FROM machine WHERE id = ?", (id,)).fetchone()
        return (_machine(row), row["secret_hash"]) if row else None

    def machines(self) -> list[Machine]:
        with self._read() as db:
            return [_machine(row) for row in db.execute("SELECT * FROM machine ORDER BY enrolled_at, code")]

    def codes(self, replicas: Sequence[str]) -> dict[str, str]:
        sql = "SELECT COALESCE(m.code, '') FROM replica r LEFT JOIN machine m ON m.id = r.machine WHERE r.uuid = ?"
        with self._read() as db:
            found = {uuid: db.execute(sql, (uuid,)).fetchone() for uuid in replicas}
        return {uuid: row[0] for uuid, row in found.items() if row}

    def has_grant(self, machine: str) -> bool:
        with self._read() as db:
            sql = 'SELECT 1 FROM "grant" WHERE machine = ? AND scope = ? AND to_seq IS NULL'
            return db.execute(sql, (machine, SCOPE)).fetchone() is not None

    def revoke(self, id: str, now_ms: int) -> bool:
        with self._write() as db:
            done = db.execute("UPDATE machine SET state = 'revoked' WHERE id = ? AND state = 'active'", (id,)).rowcount
            db.execute('UPDATE "grant" SET to_seq = ? WHERE machine = ? AND to_seq IS NULL', (_head(db).seq, id))
        return bool(done)

    def machines_active(self) -> int:
        with self._read() as db:
            return int(db.execute("SELECT count(*) FROM machine WHERE state = 'active'").fetchone()[0])

    def seen(self, id: str, now_ms: int, waiting: int | None = None, version: str | None = None) -> bool:
        sql = (
            "UPDATE machine SET last_seen = ?, waiting = COALESCE(?, waiting), version = COALESCE(?, version) "
            "WHERE id = ?"
        )
        if not self._lock.acquire(blocking=False):
            return False
        try:
            with self._write() as db:
                db.execute(sql, (now_ms, waiting, version, id))
        except (StorageFull, sqlite3.OperationalError):
            return False
        finally:
            self._lock.release()
        return True

    # ---------------------------------------------------------------------------------------------------- the whole

    def stats(self) -> dict[str, int | str]:
        def count(what: str, of: str = "count(*)") -> int:
            return int(db.execute(f"SELECT COALESCE({of}, 0) FROM {what}").fetchone()[0])

        with self._read() as db:
            head = _head(db)
            (pages,), (page_bytes,) = (db.execute(f"PRAGMA page_{one}").fetchone() for one in ("count", "size"))
            is_open = "json_extract(CAST(data AS TEXT), '$.state') = 'open'"
            return {
                "tier": head.tier,
                "epoch": head.epoch,
                "head": head.seq,
                "machines": count("machine WHERE state = 'active'"),
                "revoked": count("machine WHERE state = 'revoked'"),
                "last_seen_oldest": count("machine WHERE state = 'active'", "min(COALESCE(last_seen, enrolled_at))"),
                "waiting": count("machine WHERE state = 'active'", "sum(waiting)"),
                "changesets": count("log"),
                "rows": _rows_total(db),
                "conflicts_open": count(f"row_state WHERE t = 'conflict' AND {is_open}"),
                "conflicts": count("row_state WHERE t = 'conflict'"),
                "quarantined": count("quarantine"),
                "quarantined_refused": count("quarantine WHERE status = 'quarantined'"),
                "quarantined_depends": count("quarantine WHERE status = 'depends'"),
                "bytes": pages * page_bytes,
                "newest_ms": wall_ms(_newest(db)),
            }

    def new_epoch(self, least: int) -> None:
        """After a restore: a new epoch, its positions 2^32 beyond all that were ever given out here. Codes that were
        not used yet when the backup was made may have been since."""
        with self._write() as db:
            seq = max((_head(db).seq >> EPOCH_BITS) + 1, least) << EPOCH_BITS
            db.execute("UPDATE stream_head SET epoch = ?, last_seq = ?", (secrets.token_hex(8), seq))
            db.execute("DELETE FROM invite")
            self._open_epoch(db)

    def keep_machines(self, path: Path) -> None:
        """Takes over from the data that stood here who has joined and who was turned out since the backup, and how
        far stamps had come: machines go by those they were given, and send them again."""
        columns = "id, code, kind, branch, user, secret_hash, state, enrolled_at, last_seen"
        self._writer.execute("ATTACH ? AS old", (str(path),))
        with self._write() as db:
            db.execute(f"INSERT OR IGNORE INTO machine ({columns}) SELECT {columns} FROM old.machine")
            db.execute(
                'INSERT INTO "grant" SELECT * FROM old."grant" WHERE machine IN (SELECT id FROM machine) '
                'AND machine NOT IN (SELECT machine FROM "grant")'
            )
            turned_out = "SELECT id FROM old.machine WHERE state != 'active'"
            db.execute(f"UPDATE machine SET state = 'revoked' WHERE id IN ({turned_out})")
            db.execute(
                f'UPDATE "grant" SET to_seq = ? WHERE to_seq IS NULL AND machine IN ({turned_out})', (_head(db).seq,)
            )
            (newest,) = db.execute("SELECT COALESCE(max(last_eff), 0) FROM old.replica").fetchone()
            db.execute("UPDATE replica SET last_eff = max(last_eff, ?) WHERE epoch = ?", (newest, _head(db).epoch))
        self._writer.execute("DETACH old")

    def backup(self, file: Path) -> None:
        """A copy of this moment. Raises Refused if the file is there already or cannot be written."""
        if file.exists():
            raise Refused(f"{file} 已存在，备份不会覆盖它")
        part = file.with_name(file.name + ".part")
        part.unlink(missing_ok=True)
        with self._read() as db:
            db.execute("COMMIT")  # VACUUM runs outside a transaction
            try:
                db.execute("VACUUM INTO ?", (str(part),))
                with part.open("rb+") as written:
                    os.fsync(written.fileno())  # SQLite does not, here
            except (sqlite3.DatabaseError, OSError) as error:
                part.unlink(missing_ok=True)
                raise Refused(f"不能写入 {file}：{error}") from error
            finally:
                db.execute("BEGIN")
        part.rename(file)


class SqliteTransaction:
    """One push over SQLite. The whole file is locked for writing, so rows need no locks of their own."""

    def __init__(self, store: SqliteStore, db: _Connection) -> None:
        self._store = store
        self._db = db
        self._before: dict[Key, Row] = {}
        """Rows as they were, for the checksums."""

    def head(self) -> Head:
        return _head(self._db)

    def replica(self, uuid: str) -> Replica | None:
        return _replica(self._db.execute("SELECT * FROM replica WHERE uuid = ?", (uuid,)).fetchone())

    def add_replica(self, uuid: str, machine: str) -> Replica:
        no = self._db.execute(
            "INSERT INTO replica (uuid, machine, last_n, last_h, last_eff, last_seq) VALUES (?, ?, 0, x'', 0, 0)",
            (uuid, machine),
        ).lastrowid
        assert no is not None
        return Replica(no, uuid, machine, 0, b"", 0)

    def server_replica(self) -> Replica:
        found = _replica(
            self._db.execute("SELECT r.* FROM replica r JOIN stream_head h ON h.epoch = r.epoch").fetchone()
        )
        assert found is not None
        return found

    def save_replica(self, replica: Replica) -> None:
        self._db.execute(
            "UPDATE replica SET machine = ?, last_n = ?, last_h = ?, last_eff = ? WHERE no = ?",
            (replica.machine, replica.last_n, replica.last_h, replica.last_eff, replica.no),
        )

    def newest(self) -> int:
        return _newest(self._db)

    def rows(self, keys: Collection[Key]) -> dict[Key, Row]:
        by_table: dict[str, list[str]] = {}
        for table, id in sorted(keys):
            by_table.setdefault(table, []).append(id)
        found = {
            (table, row["id"]): self._store.load(self._db, row)
            for table, ids in by_table.items()
            for row in _ask(self._db, table, ids)
        }
        self._before |= found
        return found

    def others_since(self, seq: int, author: Replica) -> bool:
        sql = "SELECT 1 FROM replica WHERE last_seq > ? AND no != ?"
        return self._db.execute(sql, (seq, author.no)).fetchone() is not None

    def gone_since(self, seq: int) -> set[Key]:
        sql = "SELECT t, id FROM row_state WHERE gone AND last_seq > ?"
        return {(row["t"], row["id"]) for row in self._db.execute(sql, (seq,))}

    def referring_since(self, seq: int, table: str, column: str, ids: Sequence[str]) -> list[str]:
        sql = (
            "SELECT id FROM row_state WHERE t = ? AND last_seq > ? "
            "AND json_extract(CAST(data AS TEXT), ?) IN (SELECT value FROM json_each(?))"
        )
        found = self._db.execute(sql, (table, seq, f'$."{column}"', orjson.dumps(ids).decode()))
        return [row["id"] for row in found]

    def taken_along(self, via: str) -> list[Key]:
        return [(row["t"], row["id"]) for row in self._db.execute("SELECT t, id FROM row_state WHERE via = ?", (via,))]

    def entry(self, replica: str, n: int) -> Entry | None:
        row = self._of("log", replica, n)
        if row is None:
            return None
        author = self.replica(replica)
        assert author is not None
        body = _opened(row["body"])
        return Entry(
            row["seq"], author, n, row["h"], row["hlc_eff"], row["old_seq"], row["ctx"], row["res"], row["status"], body
        )

    def held(self, replica: str, n: int) -> Held | None:
        row = self._of("quarantine", replica, n)
        author = self.replica(replica)
        if row is None or author is None:
            return None
        return Held(author, n, row["h"], row["status"], row["reason"], _opened(row["body"]), (), row["at"])

    def _of(self, table: str, replica: str, n: int) -> sqlite3.Row | None:
        sql = f"SELECT x.* FROM {table} x JOIN replica r ON r.no = x.r WHERE r.uuid = ? AND x.n = ?"
        found: sqlite3.Row | None = self._db.execute(sql, (replica, n)).fetchone()
        return found

    def has_held_rows(self) -> bool:
        return self._db.execute("SELECT 1 FROM quarantine_row").fetchone() is not None

    def held_rows(self, keys: Collection[Key]) -> set[Key]:
        sql = "SELECT 1 FROM quarantine_row WHERE t = ? AND id = ?"
        return {key for key in keys if self._db.execute(sql, key).fetchone()}

    def hold(self, held: Held) -> None:
        self._db.execute(
            "INSERT INTO quarantine (r, n, h, status, reason, at, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (held.replica.no, held.n, held.h, held.status, held.reason, held.at, _closed(held.body)),
        )
        self._db.executemany(
            "INSERT OR IGNORE INTO quarantine_row (t, id, r, n) VALUES (?, ?, ?, ?)",
            [(*key, held.replica.no, held.n) for key in held.rows],
        )

    def let_in(self, held: Held) -> None:
        self._db.execute("DELETE FROM quarantine WHERE r = ? AND n = ?", (held.replica.no, held.n))
        self._db.execute("DELETE FROM quarantine_row WHERE r = ? AND n = ?", (held.replica.no, held.n))

    def stamps_around(self, replica: Replica, n: int) -> tuple[int, int | None]:
        before, after = (
            self._db.execute(sql, (replica.no, n)).fetchone()
            for sql in (
                "SELECT hlc_eff FROM log WHERE r = ? AND n < ? ORDER BY n DESC LIMIT 1",
                "SELECT hlc_eff FROM log WHERE r = ? AND n > ? ORDER BY n LIMIT 1",
            )
        )
        return before[0] if before else 0, after[0] if after else None

    def release(self, keys: Collection[Key]) -> None:
        self._db.executemany("DELETE FROM quarantine_row WHERE t = ? AND id = ?", keys)

    def append(self, entries: Sequence[Entry], rows: Iterable[tuple[Key, Row]]) -> int:
        db = self._db
        (last,) = db.execute(
            "UPDATE stream_head SET last_seq = last_seq + ? RETURNING last_seq", (len(entries),)
        ).fetchone()
        base = int(last) - len(entries)
        db.executemany(
            "INSERT INTO log (seq, r, n, h, hlc_eff, old_seq, ctx, res, status, body) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    base + one.seq, one.replica.no, one.n, one.h, one.hlc_eff, one.old_seq, one.ctx, one.res,
                    one.status, _closed(one.body),
                )
                for one in entries
            ],
        )  # fmt: skip
        latest = {one.replica.no: base + one.seq for one in entries}
        db.executemany("UPDATE replica SET last_seq = ? WHERE no = ?", [(seq, no) for no, seq in latest.items()])
        self._write_rows([(key, replace(row, last_seq=base + row.last_seq)) for key, row in rows])
        return base

    def _write_rows(self, rows: Sequence[tuple[Key, Row]]) -> None:
        values = []
        for (table, id), row in rows:
            data, clock, stamp = self._store.dump(self._db, row)
            values.append((table, id, data, clock, stamp, row.is_gone, row.state.via, row.last_seq))
        self._db.executemany(
            f"INSERT INTO row_state ({_ROW}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET data = excluded.data, clock = excluded.clock, stamp = excluded.stamp, "
            "gone = excluded.gone, via = excluded.via, last_seq = excluded.last_seq",
            values,
        )
        self._db.executemany(
            "INSERT OR IGNORE INTO row_scope (t, id, scope, in_seq) VALUES (?, ?, ?, ?)",
            [(*key, SCOPE, row.last_seq) for key, row in rows],
        )
        self._point_at_files(rows)
        self._move_sums(rows)

    def _point_at_files(self, rows: Sequence[tuple[Key, Row]]) -> None:
        """Which rows speak of which contents, deleted ones left out: who may ask for a content follows from it."""
        about = self._store.files_in
        for (table, id), row in rows:
            if table != about.get("table"):
                continue
            self._db.execute("DELETE FROM blob_ref WHERE id = ?", (id,))
            sha256, size = row.state.data.get(about["hash"]), row.state.data.get(about["size"])
            if isinstance(sha256, str) and _HASH.fullmatch(sha256) and isinstance(size, int) and not row.is_gone:
                self._db.execute("INSERT INTO blob_ref VALUES (?, ?, ?)", (sha256, id, size))

    def _move_sums(self, rows: Sequence[tuple[Key, Row]]) -> None:
        sums = {row["t"]: int(row["sum"], 16) for row in self._db.execute("SELECT t, sum FROM checksum")}
        new: dict[str, int] = defaultdict(int)
        for key, row in rows:
            table, before = key[0], self._before.get(key)
            sums[table] = moved(sums[table], self._store.sum_of(key, before), self._store.sum_of(key, row))
            new[table] += not before or not before.last_seq
        self._db.executemany(
            "UPDATE checksum SET sum = ?, total = total + ? WHERE t = ?",
            [(to_text(sums[table]), more, table) for table, more in new.items()],
        )


def restore(file: Path, target: Path, manifest: Manifest) -> None:
    """Puts a backup in the place of the server's data, with a new epoch whose positions no machine has ever seen.

    What stood there is kept beside it, and its machines stay as they are. The server must not be running. Raises
    Refused if the file is no sound backup.
    """
    if not file.is_file():
        raise Refused(f"没有找到备份 {file}")
    if not _is_ours(file):
        raise Refused(f"{file} 不是同步服务器的备份")
    part = target.with_name(target.name + ".restoring")
    _remove(part)
    try:
        shutil.copyfile(file, part)
        _check_sound(part, file)
        store = SqliteStore(part, manifest)
        try:
            head = _head_of(target) if target.exists() else None
            is_same = head is not None and head.tier == store.head().tier
            store.new_epoch((head.seq >> EPOCH_BITS) + 1 if head and is_same else _epoch_by_time())
            if is_same:
                with suppress(sqlite3.DatabaseError):  # broken there: better restored without it than not at all
                    store.keep_machines(target)
        finally:
            store.close()
    except BaseException:
        _remove(part)
        raise
    if target.exists():
        _move_aside(target)
    part.rename(target)


def _epoch_by_time() -> int:
    """The number of an epoch where nobody knows how far the lost server came: later than any that was ever opened.
    Quarters of an hour, so that positions stay below 2^53 for decades."""
    return (int(time.time()) - _TIME_ZERO_S) // 900


def _check_sound(part: Path, file: Path) -> None:
    db = sqlite3.connect(part)
    try:
        found = [row[0] for row in db.execute("PRAGMA quick_check(1)")]
    except sqlite3.DatabaseError as error:
        found = [str(error)]
    finally:
        db.close()
    if found != ["ok"]:
        raise Refused(f"备份 {file} 已损坏，不能用来恢复：{found[0]}")


def _is_ours(file: Path) -> bool:
    """By the header alone: an empty file would make a fine new database."""
    with file.open("rb") as opened:
        header = opened.read(72)
    return header.startswith(b"SQLite format 3\0") and header[68:] == _APPLICATION_ID.to_bytes(4)


def _head_of(path: Path) -> Head | None:
    """How far the data that is there came; nothing if it cannot be read any more."""
    db = sqlite3.connect(path)
    try:
        return _head(db)
    except (sqlite3.DatabaseError, TypeError):
        return None
    finally:
        db.close()


def _move_aside(path: Path) -> None:
    number = next(n for n in range(1, 10_000) if not path.with_name(f"{path.name}.before-restore-{n}").exists())
    for suffix in ("", "-wal", "-shm"):
        one = path.with_name(path.name + suffix)
        if one.exists():
            one.rename(path.with_name(f"{path.name}.before-restore-{number}{suffix}"))


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


_ROW = "t, id, data, clock, stamp, gone, via, last_seq"


def _ask(db: sqlite3.Connection, table: str, ids: Sequence[str]) -> Iterator[sqlite3.Row]:
    for start in range(0, len(ids), _ASK_MAX):
        part = ids[start : start + _ASK_MAX]
        marks = ", ".join("?" * len(part))
        yield from db.execute(
            f"SELECT {_ROW} FROM row_state WHERE t = ? AND id IN ({marks}) ORDER BY id", (table, *part)
        )


def _columns(db: sqlite3.Connection, table: str) -> set[str]:
    return {row["name"] for row in db.execute(f"PRAGMA table_info({table})")}


def _rows_total(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT COALESCE(sum(total), 0) FROM checksum").fetchone()[0])


def _head(db: sqlite3.Connection) -> Head:
    return Head(*db.execute("SELECT tier, epoch, last_seq FROM stream_head").fetchone())


def _newest(db: sqlite3.Connection) -> int:
    """The latest stamp given out: that of the last changeset of some replica."""
    return int(db.execute("SELECT COALESCE(max(last_eff), 0) FROM replica").fetchone()[0])


def _replica(row: sqlite3.Row | None) -> Replica | None:
    if row is None:
        return None
    return Replica(row["no"], row["uuid"], row["machine"], row["last_n"], row["last_h"], row["last_eff"])


def _machine(row: sqlite3.Row) -> Machine:
    return Machine(
        row["id"], row["code"], row["kind"], row["branch"], row["user"], row["state"], row["enrolled_at"],
        row["last_seen"], row["waiting"], row["version"],
    )  # fmt: skip


def _codes() -> Iterator[str]:
    """A1 … A9, B1 … Z9, then AA1 …: short enough for document numbers."""
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    heads = [*letters, *(one + other for one in letters for other in letters)]
    return (f"{head}{digit}" for head in heads for digit in range(1, 10))


def _closed(body: bytes) -> bytes:
    """A body as stored: small ones as they are, since packing them costs more than it saves."""
    return body if len(body) < _PACK_BYTES_MIN else zlib.compress(body, 1)


def _opened(stored: bytes) -> bytes:
    return stored if stored.startswith(b"{") else zlib.decompress(stored)


def _log_item(seq: int, hlc_eff: int, body: bytes) -> bytes:
    return b'{"seq":%d,"hlc_eff":"%s",%s' % (seq, to_hex(hlc_eff).encode(), body[1:])
