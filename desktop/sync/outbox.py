"""What goes out: the own changesets that wait, what became of those that went, and a new name for a branch that two
copies of one machine grew."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sync_server.replication.changeset import Changeset, Op, canonical, chain
from sync_server.replication.clock import from_hex, to_hex
from sync_server.replication.wire import BATCH_BYTES_MAX, CHANGESETS_MAX

from ..engine.apply import ACKED, LOST, OPEN, PENDING, REJECTED, closed, heard_stamp, opened, unpacked
from ..engine.documents.versions import TABLE as VERSIONS
from ..engine.engine import Engine
from ..engine.registry import Registry
from ..engine.work import Changed, Key, keys_of, rebuild_checksum
from .identity import end_of, former_replicas, keep_end, mint

RETRIED, DISCARDED = "retried", "discarded"
"""States of a changeset that was not accepted: made again as another one, or given up."""

_OWN = "JOIN replica p ON p.no = c.r"
_HELD = frozenset(("quarantined", "depends"))


@dataclass(frozen=True)
class Ack:
    """What became of one changeset, as the server says."""

    n: int
    status: str
    seq: int | None = None
    hlc_eff: int | None = None
    why: str | None = None
    was: str | None = None

    @staticmethod
    def read(body: Mapping[str, Any]) -> Ack:
        """From the wire. Raises ValueError, KeyError, TypeError."""
        hlc_eff = from_hex(body["hlc_eff"]) if body.get("hlc_eff") else None
        return Ack(body["n"], body["status"], body.get("seq"), hlc_eff, body.get("why"), body.get("was"))

    @property
    def is_held(self) -> bool:
        return (self.was if self.status == "dup" else self.status) in _HELD


@dataclass(frozen=True)
class Batch:
    """Changesets of one replica for one push: their canonical bytes, their hashes, and those that a restored server
    has lost under `again`."""

    replica: str
    first_n: int
    bodies: list[bytes]
    hashes: list[bytes]
    again: dict[str, Any]

    @property
    def last_n(self) -> int:
        return self.first_n + len(self.bodies) - 1

    def wire(self) -> bytes:
        """The body of the push. Put together from what is stored: nothing is read and written anew."""
        sealed = (
            b'%s,"h":"%s"}' % (body[:-1], h[:8].hex().encode())
            for body, h in zip(self.bodies, self.hashes, strict=True)
        )
        again = b',"again":' + canonical(self.again) if self.again else b""
        return b'{"changesets":[%s]%s}' % (b",".join(sealed), again)


def replicas(engine: Engine, db: sqlite3.Connection) -> list[str]:
    """All under which these data wrote, the present one last."""
    return [*former_replicas(db), engine.applier.me(db).replica]


def next_batch(db: sqlite3.Connection, replica: str) -> Batch | None:
    """What of this replica waits, as much as one push takes; its chain goes on from the last one taken."""
    rows = db.execute(
        f"SELECT c.n, c.seq, c.hlc_eff, c.body FROM changeset c {_OWN} WHERE p.uuid = ? AND c.state = ? AND {OPEN} "
        "ORDER BY c.n LIMIT ?",
        (replica, PENDING, CHANGESETS_MAX),
    ).fetchall()
    if not rows:
        return None
    h = _hash_before(db, replica, rows[0]["n"])
    batch, size = Batch(replica, rows[0]["n"], [], [], {}), 0
    for row in rows:
        body = unpacked(row["body"])
        is_full = size + len(body) > BATCH_BYTES_MAX - 50_000
        if batch.bodies and (is_full or row["n"] != batch.last_n + 1):
            break
        size, h = size + len(body) + 80, chain(h, body)
        batch.bodies.append(body)
        batch.hashes.append(h)
        if row["seq"] is not None:
            batch.again[str(row["n"])] = {"old_seq": row["seq"], "hlc_eff": to_hex(row["hlc_eff"])}
    return batch


def _hash_before(db: sqlite3.Connection, replica: str, n: int) -> bytes:
    """The chain hash of changeset n-1, from the nearest one that was kept."""
    start, h = 0, b""
    kept = db.execute("SELECT value FROM meta WHERE key = ?", (f"chain.{replica}",)).fetchone()
    if kept is not None:
        known_n, _, known_h = str(kept[0]).partition(" ")
        if int(known_n) < n:
            start, h = int(known_n), bytes.fromhex(known_h)
    for row in db.execute(
        f"SELECT c.body FROM changeset c {_OWN} WHERE p.uuid = ? AND c.n > ? AND c.n < ? ORDER BY c.n",
        (replica, start, n),
    ):
        h = chain(h, unpacked(row["body"]))
    return h


def _keep_hash(db: sqlite3.Connection, replica: str, n: int) -> None:
    h = _hash_before(db, replica, n + 1)
    db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (f"chain.{replica}", f"{n} {h.hex()}"))


def waiting(db: sqlite3.Connection) -> tuple[int, int]:
    """How many changesets wait, and their bytes as stored."""
    count, size = db.execute(
        f"SELECT count(*), COALESCE(sum(length(body)), 0) FROM changeset c WHERE c.state = ? AND {OPEN}", (PENDING,)
    ).fetchone()
    return count, size


def last_waiting(db: sqlite3.Connection, replica: str) -> int:
    """The last number of a replica that waits."""
    (last,) = db.execute(
        f"SELECT COALESCE(max(c.n), 0) FROM changeset c {_OWN} WHERE p.uuid = ? AND c.state = ? AND {OPEN}",
        (replica, PENDING),
    ).fetchone()
    return int(last)


def rejected(db: sqlite3.Connection) -> int:
    """How many changesets were not accepted and wait for a person."""
    (count,) = db.execute(f"SELECT count(*) FROM changeset c WHERE c.state = ? AND {OPEN}", (REJECTED,)).fetchone()
    return int(count)


def unsettled(db: sqlite3.Connection) -> list[sqlite3.Row]:
    """Own changesets that the server has not taken, in the order they were made."""
    return sorted(_in_states(db, PENDING, REJECTED), key=lambda row: (row["r"], row["n"]))


def lost(db: sqlite3.Connection) -> list[sqlite3.Row]:
    """What others wrote and a restored server lost, in the order of the stamps: they send it again."""
    return sorted(_in_states(db, LOST), key=lambda row: (row["hlc_eff"], row["n"]))


def _in_states(db: sqlite3.Connection, *states: str) -> list[sqlite3.Row]:
    marks = ", ".join("?" * len(states))
    return db.execute(
        "SELECT c.r, c.n, c.seq, c.hlc_eff, c.body, c.state, c.why, p.uuid FROM changeset c "
        f"{_OWN} WHERE c.state IN ({marks}) AND {OPEN}",
        states,
    ).fetchall()


def acked_n(db: sqlite3.Connection, replica: str) -> int:
    """Up to which number the server has this replica's changesets."""
    first = db.execute(
        f"SELECT min(c.n) FROM changeset c {_OWN} WHERE p.uuid = ? AND c.state = ? AND {OPEN}", (replica, PENDING)
    ).fetchone()[0]
    if first is not None:
        return int(first) - 1
    (last,) = db.execute(
        f"SELECT COALESCE(max(c.n), 0) FROM changeset c {_OWN} WHERE p.uuid = ?", (replica,)
    ).fetchone()
    return int(last)


# ------------------------------------------------------------------------------------------------------------ acks


def settle(engine: Engine, db: sqlite3.Connection, replica: str, acks: Sequence[Ack]) -> list[Ack]:
    """Notes what became of pushed changesets, inside the caller's transaction; returns those newly not accepted.

    A stamp the server changed is kept beside the body. The rows it concerns are fetched: their clocks still name the
    claimed stamp, and others may have won meanwhile.
    """
    held: list[Ack] = []
    with engine.db.unguarded():
        for ack in acks:
            row = db.execute(
                f"SELECT c.r, c.hlc_eff, c.body, c.state, c.why FROM changeset c {_OWN} WHERE p.uuid = ? AND c.n = ?",
                (replica, ack.n),
            ).fetchone()
            if row is None:
                continue
            state = _settled_state(row, ack)
            if state == REJECTED and row["why"] is None:
                held.append(ack)
            db.execute(
                "UPDATE changeset SET state = ?, seq = ?, hlc_eff = ?, why = ? WHERE r = ? AND n = ?",
                (state, ack.seq, ack.hlc_eff or row["hlc_eff"], _why(row, ack), row["r"], ack.n),
            )
            is_other_stamp = ack.hlc_eff is not None and ack.hlc_eff != row["hlc_eff"]
            if is_other_stamp or (state == ACKED and row["why"] == DISCARDED):
                _restamp(db, row, ack)
        if acks:
            _keep_hash(db, replica, acks[-1].n)
        slow_down(db)
    return held


def _settled_state(row: sqlite3.Row, ack: Ack) -> str:
    if not ack.is_held:
        return ACKED
    # What was given up or made again before a server was restored stays so.
    return row["why"] if row["why"] in (RETRIED, DISCARDED) else REJECTED


def _why(row: sqlite3.Row, ack: Ack) -> str | None:
    return f"{ack.was or ack.status}: {ack.why or ''}" if ack.is_held else None


def _restamp(db: sqlite3.Connection, row: sqlite3.Row, ack: Ack) -> None:
    for op in Changeset.read(opened(row["body"])).ops:
        want(db, op.table, op.id)
        if ack.hlc_eff is not None:
            db.execute(
                "UPDATE OR REPLACE history SET hlc = ? WHERE t = ? AND id = ? AND r = ? AND n = ?",
                (ack.hlc_eff, op.table, op.id, row["r"], ack.n),
            )


def slow_down(db: sqlite3.Connection) -> None:
    """A clock that ran ahead comes back as soon as nothing waits under its stamps and no row here has them any more:
    what is typed until then must be later than what it changes."""
    if wanted(db, 1) or db.execute(f"SELECT 1 FROM changeset c WHERE c.state = ? AND {OPEN}", (PENDING,)).fetchone():
        return
    row = db.execute(
        "SELECT s.hlc, c.hlc, c.hlc_eff FROM sync_self s JOIN replica p ON p.uuid = s.replica "
        "JOIN changeset c ON c.r = p.no AND c.n = s.last_n"
    ).fetchone()
    if row is not None and row[1] > row[2] and row[0] == row[1]:
        db.execute("UPDATE sync_self SET hlc = ?", (max(row[2], heard_stamp(db)),))


def want(db: sqlite3.Connection, table: str, id: str) -> None:
    """The row is to be fetched from the server."""
    db.execute("INSERT OR IGNORE INTO sync_want VALUES (?, ?)", (table, id))


def want_all(db: sqlite3.Connection) -> None:
    """Every row that ever came is to be fetched anew."""
    db.execute("INSERT OR IGNORE INTO sync_want SELECT t, id FROM row_clock")


def keep_ahead(db: sqlite3.Connection, rows: Iterable[tuple[str, str, int]]) -> None:
    """Rows that the server told in a state later than the cursor: should it lose that state, they are fetched anew."""
    sql = "INSERT OR REPLACE INTO sync_ahead SELECT ?, ?, ? FROM sync_peer WHERE cursor < ?"
    db.executemany(sql, ((table, id, seq, seq) for table, id, seq in rows))


def want_ahead(db: sqlite3.Connection, kept: int) -> None:
    """What was told of the time after `kept`, which the server has lost, is to be fetched."""
    db.execute("INSERT OR IGNORE INTO sync_want SELECT t, id FROM sync_ahead WHERE seq > ?", (kept,))
    db.execute("DELETE FROM sync_ahead")


def wanted(db: sqlite3.Connection, most: int) -> tuple[str, list[str]] | None:
    """Ids of one table that are to be fetched."""
    first = db.execute("SELECT t FROM sync_want ORDER BY t LIMIT 1").fetchone()
    if first is None:
        return None
    rows = db.execute("SELECT id FROM sync_want WHERE t = ? ORDER BY id LIMIT ?", (first[0], most))
    return first[0], [row[0] for row in rows]


# --------------------------------------------------------------------------------------------------- not accepted


def retry(engine: Engine, replica: str, n: int) -> Changed:
    """Makes a changeset that was not accepted again, as a new one by the same person: rows it made are sent whole as
    they stand now, other rows with what it set. Changesets that only waited for it go again with it.

    Raises LookupError when there is none such.
    """
    with engine.db.write() as db:
        row = _rejected(db, replica, n)
        changeset = Changeset.read(opened(row["body"]))
        ops = [again for op in changeset.ops if (again := _again(engine, db, op)) is not None]
        _put_away(engine, db, row, RETRIED)
        changed = engine.applier.local(
            ops, actor=changeset.actor, act=changeset.act, batch=changeset.batch, res=changeset.res, ctx=changeset.ctx
        )
        for table, id in keys_of([changeset]):  # a clock that ran ahead gave the first try a later stamp than this one
            want(db, table, id)
        made = {(op.table, op.id) for op in changeset.ops if op.kind == "ins"}
        for other in unsettled(db):
            if other["state"] == REJECTED and _names(other["why"] or "", made):
                changed.join(retry(engine, other["uuid"], other["n"]))
    return changed


def _names(why: str, keys: set[tuple[str, str]]) -> bool:
    """Whether a reason is that one of these rows is missing (`depends: needs table id`)."""
    words = why.split()
    return tuple(words[-2:]) in keys


def _again(engine: Engine, db: sqlite3.Connection, op: Op) -> Op | None:
    definition = engine.registry.definitions.get(op.table) or engine.registry.links.get(op.table)
    row = db.execute(f"SELECT * FROM {op.table} WHERE id = ?", (op.id,)).fetchone() if definition else None
    if definition is None or row is None:
        return None
    if op.kind == "ins":
        return Op(op.table, op.id, "ins", {n: row[n] for n in definition.column_names if row[n] is not None})
    if op.kind == "upd":
        # It still rests on what its author knew then: what somebody else wrote meanwhile was not seen by anybody here.
        known = {name: row[name] for name in op.set if name in definition.column_names}
        return Op(op.table, op.id, "upd", known, op.based_on) if known else None
    return replace(op, seen=engine.applier.seen(db, op.table, op.id) if op.kind == "del" else {})


def discard(engine: Engine, replica: str, n: int) -> None:
    """Gives up a changeset that was not accepted; its rows are fetched from the server. Raises LookupError.

    A line that a posted version says stays: what counts was accepted for itself, and is made whole by a new changeset.
    """
    with engine.db.write() as db:
        row = _rejected(db, replica, n)
        changeset = Changeset.read(opened(row["body"]))
        said = [again for op in _said(engine, db, changeset) if (again := _again(engine, db, op)) is not None]
        _put_away(engine, db, row, DISCARDED)
        for op in changeset.ops:
            want(db, op.table, op.id)
        engine.applier.local(said, actor=changeset.actor, act=changeset.act)


def _said(engine: Engine, db: sqlite3.Connection, changeset: Changeset) -> list[Op]:
    """Of the ops those that made lines of documents that were posted since, as far as that is not refused, too."""
    posted = (
        f"SELECT 1 FROM {VERSIONS} v JOIN row_clock k ON k.t = '{VERSIONS}' AND k.id = v.id "
        "LEFT JOIN changeset c ON c.r = k.r AND c.n = k.n "
        "WHERE v.document = ? AND v.deleted_at IS NULL AND c.state IS NOT ? LIMIT 1"
    )
    return [
        op
        for op in changeset.ops
        if op.kind == "ins" and (parent := engine.registry.document_of.get(op.table))
        and db.execute(posted, (op.set.get(parent[1]), REJECTED)).fetchone()
    ]  # fmt: skip


def _rejected(db: sqlite3.Connection, replica: str, n: int) -> sqlite3.Row:
    found: sqlite3.Row | None = db.execute(
        f"SELECT c.r, c.n, c.body, c.why FROM changeset c {_OWN} WHERE p.uuid = ? AND c.n = ? AND c.state = ?",
        (replica, n, REJECTED),
    ).fetchone()
    if found is None:
        raise LookupError(f"{replica}:{n}")
    return found


def _put_away(engine: Engine, db: sqlite3.Connection, row: sqlite3.Row, state: str) -> None:
    with engine.db.unguarded():
        db.execute("UPDATE changeset SET state = ? WHERE r = ? AND n = ?", (state, row["r"], row["n"]))


# ------------------------------------------------------------------------------------------------ a restored server


def offer_again(engine: Engine, db: sqlite3.Connection, replica: str, your_n: int) -> int:
    """What the restored server has lost of this replica waits again, under its old position; returns how many. What a
    person had given up or made again keeps that mark in `why`."""
    with engine.db.unguarded():
        done = db.execute(
            "UPDATE changeset SET why = CASE WHEN state IN (?, ?, ?) THEN state ELSE why END, state = ? "
            "WHERE r = (SELECT no FROM replica WHERE uuid = ?) AND n > ? AND state != ?",
            (RETRIED, DISCARDED, REJECTED, PENDING, replica, your_n, PENDING),
        )
    if your_n:
        _keep_hash(db, replica, your_n)
    else:
        db.execute("DELETE FROM meta WHERE key = ?", (f"chain.{replica}",))
    return done.rowcount


# --------------------------------------------------------------------------------------------------------- rotate


def rotate(
    engine: Engine, db: sqlite3.Connection, from_n: int, old: str | None = None, *, with_others: bool = False
) -> int:
    """Two copies wrote under one name: what these data wrote from `from_n` on is made again under a new replica, stamps
    and bodies kept but for the name. Returns how many changesets that were.

    Inside the caller's transaction; the server has accepted nothing of theirs from `from_n` on. `old` names a replica
    that was given up before; without it the machine itself goes on under the new one. `with_others`: also what came
    from elsewhere under that name, for there may be nobody else who can bring it.
    """
    me = engine.applier.me(db)
    old = old or me.replica
    (old_no,) = db.execute("SELECT no FROM replica WHERE uuid = ?", (old,)).fetchone()
    last_n = me.last_n if old == me.replica else end_of(db, old)
    if with_others:
        (last_n,) = db.execute(
            "SELECT max(?, COALESCE(max(n), 0)) FROM changeset WHERE r = ?", (last_n, old_no)
        ).fetchone()
    # What came from elsewhere under a name given up is the other copy's.
    sql = "SELECT * FROM changeset WHERE r = ? AND n BETWEEN ? AND ? ORDER BY n"
    rows = db.execute(sql, (old_no, from_n, last_n)).fetchall()
    end = min(from_n - 1, last_n)
    keep_end(db, old, end, _hash_before(db, old, end + 1))
    known = {row[0] for row in db.execute("SELECT code FROM replica WHERE code IS NOT NULL")}
    new, code = mint(me.code, known)
    db.execute("INSERT INTO replica (uuid, code) VALUES (?, ?)", (new, code))
    (new_no,) = db.execute("SELECT no FROM replica WHERE uuid = ?", (new,)).fetchone()
    names = _Names(old, old_no, new, new_no, {row["n"]: place for place, row in enumerate(rows, 1)})
    with engine.db.unguarded():
        h = _make_again(db, engine.registry, rows, names)
        for later in (one for one in replicas(engine, db) if one not in (old, new)):
            _refer_anew(db, engine, later, names)
    if old == me.replica:
        db.execute("UPDATE sync_self SET replica = ?, code = ?, last_n = ?, last_h = ?", (new, code, len(rows), h))
    else:
        keep_end(db, new, len(rows), h)
    return len(rows)


def leave_behind(
    engine: Engine, db: sqlite3.Connection, replica: str, from_n: int, *, with_others: bool = False
) -> None:
    """From number `from_n` on these data are not what the server goes by under this name (another copy wrote on, or
    these lack it): what they wrote later goes on under a new one. Another copy's later changes under this one are that
    copy's to bring, unless `with_others`."""
    rotate(engine, db, from_n, None if replica == engine.applier.me(db).replica else replica, with_others=with_others)
    with engine.db.unguarded():
        db.execute(
            "UPDATE changeset SET state = ? WHERE r = (SELECT no FROM replica WHERE uuid = ?) AND n >= ? AND state = ?",
            (LOST, replica, from_n, PENDING),
        )


@dataclass(frozen=True)
class _Names:
    """A branch before and after: replica, its number in this file, and the new number of each changeset."""

    old: str
    old_no: int
    new: str
    new_no: int
    numbers: Mapping[int, int]

    def dot(self, packed: Sequence[int]) -> list[int]:
        hlc, r, n = packed
        return [hlc, self.new_no, self.numbers[n]] if r == self.old_no and n in self.numbers else [hlc, r, n]

    def seen(self, seen: Mapping[str, int]) -> dict[str, int]:
        """What a delete had seen: of the old name only what both copies share."""
        last = seen.get(self.old, 0)
        if last not in self.numbers:
            return dict(seen)
        both = {**seen, self.old: min(self.numbers) - 1, self.new: self.numbers[last]}
        return {replica: n for replica, n in both.items() if n > 0}


def _make_again(db: sqlite3.Connection, registry: Registry, rows: Sequence[sqlite3.Row], names: _Names) -> bytes:
    db.executemany("DELETE FROM changeset WHERE r = ? AND n = ?", [(names.old_no, n) for n in names.numbers])
    h, keys = b"", set()
    for row in rows:
        body = _renamed(opened(row["body"]), names)
        raw = canonical(body)
        h = chain(h, raw)
        db.execute(
            "INSERT INTO changeset (r, n, hlc, hlc_eff, batch, body, state) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (names.new_no, body["n"], row["hlc"], row["hlc_eff"], row["batch"], closed(raw), PENDING),
        )
        for key in keys_of([Changeset.read(body)]):
            keys.add(key)
            db.execute(
                "UPDATE history SET r = ?, n = ? WHERE t = ? AND id = ? AND r = ? AND n = ?",
                (names.new_no, body["n"], *key, names.old_no, row["n"]),
            )
    _rename_clocks(db, registry, keys, names)
    return h


def _refer_anew(db: sqlite3.Connection, engine: Engine, replica: str, names: _Names) -> None:
    """What waits under another name of these data rests on the branch that has a new one. None of it ever went out:
    what was written before it goes first."""
    rows = db.execute(
        f"SELECT c.r, c.n, c.body FROM changeset c {_OWN} WHERE p.uuid = ? AND c.state = ? ORDER BY c.n",
        (replica, PENDING),
    ).fetchall()
    if not rows or not any(names.old.encode() in unpacked(row["body"]) for row in rows):
        return
    h = _hash_before(db, replica, rows[0]["n"])
    keys: set[Key] = set()
    for row in rows:
        body = _referring(opened(row["body"]), names)
        raw = canonical(body)
        h = chain(h, raw)
        db.execute("UPDATE changeset SET body = ? WHERE r = ? AND n = ?", (closed(raw), row["r"], row["n"]))
        keys.update(keys_of([Changeset.read(body)]))
    _rename_clocks(db, engine.registry, keys, names)
    if replica == engine.applier.me(db).replica:
        db.execute("UPDATE sync_self SET last_h = ?", (h,))
    else:
        keep_end(db, replica, rows[-1]["n"], h)


def _renamed(body: dict[str, Any], names: _Names) -> dict[str, Any]:
    before = min(names.numbers) - 1
    ctx = body["ctx"] | ({names.old: before} if before else {})
    return _referring(body, names) | {"r": names.new, "n": names.numbers[body["n"]], "ctx": ctx}


def _referring(body: dict[str, Any], names: _Names) -> dict[str, Any]:
    """A changeset that names the branch anew where it says what it knew of it."""
    ops = [op | {"seen": names.seen(op["seen"])} if op.get("seen") else op for op in body["ops"]]
    return body | {"ctx": names.seen(body["ctx"]), "ops": ops}


def _rename_clocks(db: sqlite3.Connection, registry: Registry, keys: set[Key], names: _Names) -> None:
    for table, id in sorted(keys):
        _rename_clock(db, table, id, names)
    for table in sorted({table for table, _ in keys}):
        if table in registry or table in registry.links:
            rebuild_checksum(db, registry, table)


def _rename_clock(db: sqlite3.Connection, table: str, id: str, names: _Names) -> None:
    row = db.execute("SELECT hlc, r, n, fields, life FROM row_clock WHERE t = ? AND id = ?", (table, id)).fetchone()
    if row is None:
        return
    base = names.dot((row["hlc"], row["r"], row["n"]))
    fields = {unit: names.dot(dot) for unit, dot in json.loads(row["fields"] or "{}").items()}
    life = json.loads(row["life"]) if row["life"] else None
    if life:
        *dot, is_out, erased = life
        life = [*names.dot(dot), is_out, names.seen(erased)]
    db.execute(
        "UPDATE row_clock SET hlc = ?, r = ?, n = ?, fields = ?, life = ? WHERE t = ? AND id = ?",
        (*base, json.dumps(fields) if fields else None, json.dumps(life) if life else None, table, id),
    )
