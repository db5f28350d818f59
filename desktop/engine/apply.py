"""The one write path: whatever changes business rows goes through here, made on this machine or come from another.

In one transaction it writes rows, row clocks, the changeset, history, search index and tallies. It checks no rules:
those are checked on saving, and what others saved is never refused (sync.md "One apply").
"""

import json
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from sync_server.replication.changeset import ROWS_MAX, Changeset, Op, chain
from sync_server.replication.clock import Clock
from sync_server.replication.conflicts import lost_place
from sync_server.replication.merge import RowClock

from ..db import Database
from .canonical import canonical
from .documents import books
from .documents.declare import Posted
from .registry import Registry
from .schema import SCHEMA
from .work import POISON, Cause, Changed, Work, iso_of, keys_of

__all__ = ["Applier", "Arrival", "Changed", "Me", "iso_of"]

_HEARD = "sync.heard"
_PACK_BYTES_MIN = 700
_PART_BYTES_MAX = 3_000_000

KEEPER = "A1"
"""Code of the machine that keeps the books: the lone one, and the first one of a server."""
_SUFFIX = 3
_KEEPING = "books.keep"

PENDING, ACKED, REJECTED, RECEIVED, LOST = "pending", "acked", "rejected", "applied", "lost"
"""States of a changeset: made here and waiting, taken by the server, not accepted by it, come from elsewhere, come from
elsewhere and lost by a restored server until its author sends it again."""


OPEN = "c.state NOT IN ('acked', 'applied')"
"""Belongs into every question for changesets `c` of another state: the index of the few that are open is partial, and
SQLite uses it only where it reads these very words."""


def keeps_books(code: str) -> bool:
    """Whether a machine of this code writes costs: also one that was restored and has a suffix until it is named anew
    (T19)."""
    return code == KEEPER or (code.startswith(KEEPER) and len(code) == len(KEEPER) + _SUFFIX)


def wall_clock() -> int:
    """This machine's time in ms since 1970."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class Me:
    """This machine's place in the fleet (table sync_self)."""

    replica: str
    number: int
    code: str
    branch: str | None
    last_n: int
    last_h: bytes
    hlc: int
    off: int


@dataclass(frozen=True)
class Arrival:
    """A change that came from another machine, with the stamp the server made effective and its position there.

    `body` is what came, without stamp and position: a newer version may say more than this one reads.
    """

    changeset: Changeset
    hlc_eff: int
    seq: int | None
    body: bytes


class Applier:
    """Applies changesets to an open database."""

    def __init__(self, db: Database, registry: Registry, now_ms: Callable[[], int] = wall_clock) -> None:
        self.db = db
        self.registry = registry
        self.now_ms = now_ms
        self.wrote: Callable[[], None] = lambda: None
        """Called after each commit of a change made here."""

    # --------------------------------------------------------------------------------------------------- made here

    def local(
        self,
        ops: Sequence[Op],
        *,
        actor: str,
        act: str | None = None,
        batch: str | None = None,
        res: str | None = None,
        ctx: Mapping[str, int] | None = None,
        schema: int = SCHEMA,
    ) -> Changed:
        """Changes made on this machine: numbered, chained, recorded as pending and applied. Joins an open `write()`.

        More than 500 rows or some megabytes are cut into several changesets; the caller names the batch they belong
        to. `res` names the conflict row that the change answers, `ctx` what it rests on if that is not what is applied
        now.
        """
        if not ops:
            return Changed()
        with self.db.write(joins=True) as db, self.db.unguarded():
            work = Work(db, self.registry)
            author = _Author(db, work, self.me(db), self.now_ms, context_of(db) if ctx is None else ctx)
            work.load((op.table, op.id) for op in ops)
            author.write(ops, actor, act, batch, res, schema)
            if keeps_books(author.me.code):
                work.settle = author.settle
            changed = work.flush()
            author.close()
            self.db.after_commit(self.wrote)
            self._keep_books(db, work, changed)
        return changed

    # ---------------------------------------------------------------------------------------------- the ledger keeper

    def _keep_books(self, db: sqlite3.Connection, work: Work, changed: Changed) -> None:
        """What the versions that came to count here need beside them, where this machine keeps the books: document by
        document, as each rests on the one before (modules.md 0.5)."""
        if not work.unbooked:
            return
        try:
            me = self.me(db)
        except LookupError:  # before the first start is finished
            return
        if keeps_books(me.code):
            for place in work.unbooked:
                ops = books.unwritten(Work(db, self.registry), *place)
                changed.join(self.local(ops, actor="", act=_KEEPING))

    def catch_up_books(self) -> Changed:
        """Books what came to count while nobody kept the books, or as a row instead of a change. Not while the first
        data are still coming."""
        changed = Changed()
        if not self.registry.annexes:
            return changed
        with self.db.write(joins=True) as db, self.db.unguarded():
            if db.execute("SELECT 1 FROM sync_peer WHERE state = 'rows'").fetchone() is None:
                work = Work(db, self.registry)
                work.unbooked = books.unbooked(db, self.registry)
                self._keep_books(db, work, changed)
        return changed

    # --------------------------------------------------------------------------------------------- come from elsewhere

    def remote(self, changeset: Changeset, hlc_eff: int, seq: int | None) -> Changed:
        """One change that came from another machine. Twice is a no-op."""
        return self.arrive([Arrival(changeset, hlc_eff, seq, canonical(changeset.wire()))])

    def arrive(
        self, arrivals: Sequence[Arrival], then: Callable[[sqlite3.Connection], None] = lambda db: None
    ) -> Changed:
        """Changes from elsewhere in the order of their positions, as one transaction in which `then` is called, too.
        What came before is passed over."""
        with self.db.write(joins=True) as db, self.db.unguarded():
            work = Work(db, self.registry)
            work.load(keys_of(one.changeset for one in arrivals))
            codes = codes_of(db)
            newest = 0
            for one in arrivals:
                if self._receive(db, work, one, codes):
                    newest = max(newest, one.hlc_eff)
            changed = work.flush()
            if newest:
                receive_stamp(db, newest)
            then(db)
            self._keep_books(db, work, changed)  # it knows of all that came
        return changed

    def _receive(self, db: sqlite3.Connection, work: Work, one: Arrival, codes: Mapping[str, str]) -> bool:
        changeset, number = one.changeset, work.number_of(one.changeset.replica)
        key = (number, changeset.n)
        known = db.execute("SELECT state FROM changeset WHERE r = ? AND n = ?", key).fetchone()
        if known is not None and known[0] != LOST:
            return False
        if known is not None:
            db.execute("DELETE FROM changeset WHERE r = ? AND n = ?", key)
        _store(
            db, number, changeset.n, changeset.hlc, one.hlc_eff, changeset.batch, one.body, RECEIVED, one.seq
        )  # fmt: skip
        cause = Cause.of(changeset, one.hlc_eff, codes.get(changeset.replica) or changeset.replica[:6])
        for op in changeset.ops:
            work.apply(op, cause)
        return True

    def arrive_poisoned(self, one: Arrival, then: Callable[[sqlite3.Connection], None] = lambda db: None) -> None:
        """Puts aside a change that cannot be applied, so that what follows it is not held up."""
        with self.db.write(joins=True) as db, self.db.unguarded():
            work = Work(db, self.registry)
            changeset = one.changeset
            number = work.number_of(changeset.replica)
            db.execute("DELETE FROM changeset WHERE r = ? AND n = ?", (number, changeset.n))
            _store(db, number, changeset.n, changeset.hlc, one.hlc_eff, changeset.batch, one.body, RECEIVED, one.seq)
            cause = Cause.of(changeset, one.hlc_eff, changeset.replica[:6])
            for op in changeset.ops:
                work.park(op, cause, POISON)
            then(db)

    # ------------------------------------------------------------------------------------------------------ questions

    def me(self, db: sqlite3.Connection) -> Me:
        """Who this machine is; raises LookupError before the first start is finished."""
        row = db.execute("SELECT s.*, r.no FROM sync_self s JOIN replica r ON r.uuid = s.replica").fetchone()
        if row is None:
            raise LookupError("the workstation is not initialized")
        return Me(
            row["replica"],
            row["no"],
            row["code"],
            row["branch"],
            row["last_n"],
            row["last_h"],
            row["hlc"],
            row["clock_off"],
        )

    def clock(self, db: sqlite3.Connection, table: str, id: str) -> RowClock:
        """The clock of a row."""
        return Work(db, self.registry).clock(table, id)

    def seen(self, db: sqlite3.Connection, table: str, id: str) -> dict[str, int]:
        """What a delete made now has seen of a row: every write that came here, not only those that count. What lost
        here to a change that the server set aside counts there, and here when that is given up. Of this machine's own
        changes that is all of them."""
        return self.seen_of(db, table, [id])[id]

    def seen_of(self, db: sqlite3.Connection, table: str, ids: Sequence[str]) -> dict[str, dict[str, int]]:
        """The same of many rows, asked all at once."""
        me, asked = self.me(db), json.dumps(list(ids))
        found = {id: dict(clock.seen()) for id, clock in Work(db, self.registry).clocks(table, ids).items()}
        heard = (
            "SELECT h.id, p.uuid, max(h.n) FROM history h JOIN replica p ON p.no = h.r "
            "WHERE h.t = ?1 AND h.id IN (SELECT value FROM json_each(?2)) GROUP BY h.id, h.r UNION ALL "
            "SELECT w.id, p.uuid, w.n FROM row_passed w JOIN replica p ON p.no = w.r "
            "WHERE w.t = ?1 AND w.id IN (SELECT value FROM json_each(?2))"
        )
        for id, replica, n in db.execute(heard, (table, asked)).fetchall():
            found[id][replica] = max(n, found[id].get(replica, 0))
        for seen in found.values():
            seen.update({me.replica: me.last_n} if me.replica in seen else {})
        return found

    def replay_parked(self) -> Changed:
        """Applies what waited for tables and columns that this version knows."""
        with self.db.write(joins=True) as db, self.db.unguarded():
            work = Work(db, self.registry)
            work.replay_parked()
            return work.flush()


class _Author:
    """This machine in one transaction: it numbers, chains and applies what it makes."""

    def __init__(
        self, db: sqlite3.Connection, work: Work, me: Me, now_ms: Callable[[], int], known: Mapping[str, int]
    ) -> None:
        self.db, self.work, self.me = db, work, me
        self._now_ms, self._known = now_ms, known

    def write(
        self, ops: Sequence[Op], actor: str, act: str | None, batch: str | None = None, res: str | None = None,
        schema: int = SCHEMA,
    ) -> None:  # fmt: skip
        """Changesets of one act, as many as its ops need."""
        for part in _parts(ops) if ops else ():
            me, now_ms = self.me, self._now_ms()
            changeset = Changeset(
                me.replica, me.last_n + 1, Clock(me.hlc).tick(now_ms + me.off).last, now_ms, actor, schema, part,
                me.off, self._known, act, batch, res,
            )  # fmt: skip
            self.me = self._apply(changeset)

    def _apply(self, changeset: Changeset) -> Me:
        me, body = self.me, canonical(changeset.wire())
        _store(self.db, me.number, changeset.n, changeset.hlc, changeset.hlc, changeset.batch, body, PENDING)
        cause = Cause.of(changeset, changeset.hlc, me.code)
        for op in changeset.ops:
            self.work.apply(op, cause)
        return replace(me, last_n=changeset.n, last_h=chain(me.last_h, body), hlc=changeset.hlc)

    def settle(self, posted: Posted) -> None:
        """What a version needs beside it, while its own rows are still under change."""
        ops = books.missing(self.work, posted)
        self.work.load((op.table, op.id) for op in ops)
        self.write(ops, "", _KEEPING)

    def close(self) -> None:
        """Remembers what came last."""
        me = self.me
        self.db.execute("UPDATE sync_self SET last_n = ?, last_h = ?, hlc = ?", (me.last_n, me.last_h, me.hlc))


def context_of(db: sqlite3.Connection) -> dict[str, int]:
    """What a change made now rests on: how far this machine has applied everything, per tier, and had in epochs that a
    restored server lost; and, per name it gave up, what it wrote under it and has not come back from the server yet."""
    known: dict[str, int] = dict(db.execute("SELECT tier, cursor FROM sync_peer WHERE state = 'log'").fetchall())
    lost = db.execute("SELECT substr(key, 6), CAST(value AS INTEGER) FROM meta WHERE key > 'lost.' AND key < 'lost/'")
    former = db.execute(
        "SELECT p.uuid, max(c.n) FROM meta m JOIN replica p ON p.uuid = substr(m.key, 9) "
        "JOIN changeset c ON c.r = p.no WHERE m.key > 'replica.' AND m.key < 'replica/' "
        "AND c.n <= CAST(m.value AS INTEGER) AND (c.seq IS NULL OR c.seq > ?) GROUP BY p.uuid",
        (max(known.values(), default=0),),
    )
    return known | dict(lost.fetchall()) | dict(former.fetchall())


def keep_lost_place(db: sqlite3.Connection, tier: str, seq: int) -> None:
    """What this machine had seen up to a position stays known to it when the server has lost that position, or goes on
    in another epoch."""
    db.execute(
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value "
        "WHERE CAST(excluded.value AS INTEGER) > CAST(value AS INTEGER)",
        (f"lost.{lost_place(tier, seq)}", str(seq)),
    )


def codes_of(db: sqlite3.Connection) -> dict[str, str]:
    """The codes of the machines behind replicas, where they are known."""
    return {row[0]: row[1] for row in db.execute("SELECT uuid, code FROM replica WHERE code IS NOT NULL")}


def receive_stamp(db: sqlite3.Connection, seen: int) -> None:
    """What is made here from now on is later than what was seen. Inside the transaction that applied it."""
    db.execute("UPDATE sync_self SET hlc = max(hlc, ?)", (seen,))
    if seen > heard_stamp(db):
        db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_HEARD, str(seen)))


def heard_stamp(db: sqlite3.Connection) -> int:
    """The latest stamp that came from elsewhere, whatever this machine's own clock claimed meanwhile."""
    row = db.execute("SELECT value FROM meta WHERE key = ?", (_HEARD,)).fetchone()
    return int(row[0]) if row else 0


def _parts(ops: Sequence[Op]) -> Iterator[Sequence[Op]]:
    """Ops cut into what one changeset holds: so many rows, and so many bytes that it travels easily."""
    start, size = 0, 0
    for place, op in enumerate(ops):
        weight = 200 + 4 * sum([len(value) for value in op.set.values() if isinstance(value, str)])
        if place > start and (place - start == ROWS_MAX or size + weight > _PART_BYTES_MAX):
            yield ops[start:place]
            start, size = place, 0
        size += weight
    yield ops[start:]


def opened(stored: bytes) -> dict[str, Any]:
    """A stored changeset."""
    parsed: dict[str, Any] = orjson.loads(unpacked(stored))
    return parsed


def unpacked(stored: bytes) -> bytes:
    """The canonical bytes of a stored changeset."""
    return stored if stored.startswith(b"{") else zlib.decompress(stored)


def closed(body: bytes) -> bytes:
    """A changeset as it is stored: small ones as they are, since packing them costs more than it saves."""
    return body if len(body) < _PACK_BYTES_MIN else zlib.compress(body, 1)


def _store(
    db: sqlite3.Connection, number: int, n: int, hlc: int, hlc_eff: int, batch: str | None, body: bytes, state: str,
    seq: int | None = None,
) -> None:  # fmt: skip
    db.execute(
        "INSERT INTO changeset (r, n, hlc, hlc_eff, seq, batch, body, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (number, n, hlc, hlc_eff, seq, batch, closed(body), state),
    )
