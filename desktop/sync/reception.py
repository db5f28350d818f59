"""What comes in: items of the stream become changes, states become rows, and the cursor moves with them in one
transaction. Whatever is wrong with one item never holds up the next."""

from __future__ import annotations

import logging
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sync_server.replication import conflicts
from sync_server.replication.changeset import Changeset, Op, Scalar, canonical
from sync_server.replication.clock import ZERO, Dot, from_hex, wall_ms
from sync_server.replication.merge import RowClock, RowState

from ..db import is_damage, is_full
from ..engine.apply import ACKED, Arrival, Changed, codes_of, opened, receive_stamp
from ..engine.engine import Engine
from ..engine.work import NO_ROW, NO_TABLE, Cause, Key, Work, iso_of
from ..errors import Damaged, StorageFull
from . import outbox
from .exchange import unusable

log = logging.getLogger(__name__)

Then = Callable[[sqlite3.Connection], None]

_SCALARS = {int, str, type(None)}


@dataclass
class Received:
    """What a page brought: ids by module, changes by author and module for the diary, and what could not be applied."""

    changed: Changed = field(default_factory=Changed)
    changesets: int = 0
    conflicts: int = 0
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Ops by (actor, table)."""
    first: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    """(actor, table) → kind and id of the first op."""
    poisoned: list[str] = field(default_factory=list)
    is_forked: bool = False
    is_unbooked: bool = False
    """Whether documents came to count that the keeper of the books has not seen."""

    def count(self, changeset: Changeset) -> None:
        self.changesets += 1
        for op in changeset.ops:
            if op.table == conflicts.TABLE:
                self.conflicts += op.kind == "ins"
            else:
                self.counts[changeset.actor, op.table] += 1
                self.first.setdefault((changeset.actor, op.table), (op.kind, op.id))

    @property
    def of(self) -> list[dict[str, Any]]:
        """The same for the diary, most first."""
        return [
            dict(zip(("actor", "table", "kind", "id", "count"), (*key, *self.first[key], count), strict=True))
            for key, count in self.counts.most_common()
        ]


def take_log(engine: Engine, items: Sequence[Mapping[str, Any]], then: Then) -> Received:
    """Applies a page of the stream. `then` moves the cursor, in the same transaction."""
    received = Received()
    try:
        with engine.db.write() as db:
            arrivals = _sorted_out(engine, items, received)
            received.changed = engine.applier.arrive(arrivals, then)
    except Exception as error:
        if _is_ours(error):
            raise
        log.exception("a page could not be applied as a whole")
        received = Received()
        with engine.db.write() as db:
            arrivals = _sorted_out(engine, items, received)
            received.changed = _one_by_one(engine, arrivals, received)
            then(db)
    for one in arrivals:
        received.count(one.changeset)
    return received


def _is_ours(error: BaseException) -> bool:
    """Troubles of this machine: no reason to put anything aside."""
    return isinstance(error, StorageFull | Damaged | sqlite3.OperationalError | MemoryError) or (
        is_full(error) or is_damage(error)
    )


def _sorted_out(engine: Engine, items: Sequence[Mapping[str, Any]], received: Received) -> list[Arrival]:
    """The changes of a page that are to be applied: no malformed ones, and none of this replica's own."""
    arrivals: list[Arrival] = []
    own = _own_names(engine)
    for item in items:
        body = {name: value for name, value in item.items() if name not in ("seq", "hlc_eff")}
        try:
            arrival = Arrival(Changeset.read(body), from_hex(item["hlc_eff"]), int(item["seq"]), canonical(body))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            log.error("a change from the server cannot be read: %s %s", item.get("r"), item.get("n"))
            received.poisoned.append(f"{item.get('r')}:{item.get('n')} {error}")
            continue
        if arrival.changeset.replica not in own:
            arrivals.append(arrival)
        elif not _is_own(engine, arrival, received):
            arrivals.append(arrival)
            own = _own_names(engine)
    return arrivals


def _own_names(engine: Engine) -> frozenset[str]:
    with engine.db.write(joins=True) as db:
        return frozenset(outbox.replicas(engine, db))


def _is_own(engine: Engine, arrival: Arrival, received: Received) -> bool:
    """Whether a change under a name of this machine is its own, come back: its ack was lost. A different one under an
    own number means that two copies write under one name: this one takes another name and keeps all it wrote."""
    replica, n = arrival.changeset.replica, arrival.changeset.n
    with engine.db.write(joins=True) as db:
        me = engine.applier.me(db)
        mine = db.execute(
            "SELECT body, state FROM changeset WHERE r = (SELECT no FROM replica WHERE uuid = ?) AND n = ?",
            (replica, n),
        ).fetchone()
        if mine is not None and canonical(opened(mine["body"])) == arrival.body:
            if mine["state"] != ACKED:
                outbox.settle(engine, db, replica, [outbox.Ack(n, "dup", arrival.seq, arrival.hlc_eff)])
            return True
        if mine is not None or replica == me.replica:
            received.is_forked = True
            outbox.rotate(engine, db, n, None if replica == me.replica else replica)
    return False


def _one_by_one(engine: Engine, arrivals: Sequence[Arrival], received: Received) -> Changed:
    changed = Changed()
    for one in arrivals:
        try:
            with engine.db.write():
                changed.join(engine.applier.arrive([one]))
        except Exception as error:
            if _is_ours(error):
                raise
            log.exception("a change cannot be applied and is put aside: %s %s", one.changeset.replica, one.changeset.n)
            received.poisoned.append(f"{one.changeset.replica}:{one.changeset.n} {error}")
            engine.applier.arrive_poisoned(one)
    return changed


# ---------------------------------------------------------------------------------------------------------- states


@dataclass(frozen=True)
class Told:
    """A row as the server told it."""

    key: Key
    state: RowState
    stamp: Sequence[Any] | None
    is_unborn: bool
    seq: int
    """The position of its latest change."""

    @staticmethod
    def read(item: Mapping[str, Any]) -> Told:
        """From an item of the wire. Raises ValueError, KeyError, TypeError, AttributeError."""
        about, clock, data = item["row"], item["row"]["clock"], item["data"]
        created_at, _, _, updated_at, _ = about.get("stamp") or (0, "", "", 0, "")
        numbers = (created_at, updated_at, item["seq"])
        if not set(map(type, numbers)) <= {int} or not {type(one) for one in data.values()} <= _SCALARS:
            raise ValueError("values of a kind that no column holds")
        life = clock.get("life")
        fields = {unit: dot_of(text) for unit, text in clock.get("fields", {}).items()}
        state = RowState(
            data,
            RowClock(
                dot_of(clock["base"]),
                fields,
                dot_of(life["dot"]) if life else None,
                bool(life and life["out"]),
                life["erased"] if life else {},
            ),
            not about.get("unborn"),
            about.get("via"),
        )
        return Told((about["t"], about["id"]), state, about.get("stamp"), bool(about.get("unborn")), item["seq"])


def _told(items: Iterable[Mapping[str, Any]]) -> list[Told]:
    """Rows that cannot be read are no rows: nothing of the answer is taken. Raises Protocol."""
    try:
        return list(map(Told.read, items))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise unusable(f"rows that cannot be read: {error!r}") from error


def dot_of(text: str) -> Dot:
    """A dot from its text form."""
    hlc, replica, n = text.split(":")
    return Dot(from_hex(hlc), replica, int(n))


def take_rows(engine: Engine, items: Iterable[Mapping[str, Any]], then: Then) -> Received:
    """Puts rows in the state the server told, with the own changes that it does not know laid over them again."""
    received = Received()
    with engine.db.write() as db, engine.db.unguarded():
        work = Work(db, engine.registry)
        told = _told(items)
        work.load(one.key for one in told)
        codes, newest = codes_of(db), 0
        for one in told:
            _put(work, one, codes)
            newest = max(newest, one.state.clock.newest().hlc)
        _lay_over(db, engine, work, {one.key for one in told})
        received.changed = work.flush()
        received.is_unbooked = bool(work.unbooked)
        receive_stamp(db, newest)
        then(db)
        outbox.keep_ahead(db, ((*one.key, one.seq) for one in told))
    received.changesets = len(told)
    return received


def take_wanted(engine: Engine, table: str, ids: Sequence[str], items: Iterable[Mapping[str, Any]]) -> Received:
    """The rows that were asked for; those the server does not have go, unless an own change makes them."""

    def then(db: sqlite3.Connection) -> None:
        db.executemany("DELETE FROM sync_want WHERE t = ? AND id = ?", [(table, id) for id in ids])

    with engine.db.write() as db, engine.db.unguarded():
        found = list(items)
        # What waited for one of them is in what is told, or in an own change that is laid over it once more.
        db.executemany(
            "DELETE FROM parked_op WHERE t = ? AND id = ? AND reason = ?", [(table, id, NO_ROW) for id in ids]
        )
        received = take_rows(engine, found, then)
        missing = set(ids) - {item["row"]["id"] for item in found}
        if missing and table in (*engine.registry.sent, *engine.registry.links):
            work = Work(db, engine.registry)
            work.load((table, id) for id in missing)
            for id in sorted(missing):
                work.drop(table, id)
            _lay_over(db, engine, work, {(table, id) for id in missing})
            received.changed.join(work.flush())
        outbox.slow_down(db)
    return received


def _put(work: Work, one: Told, codes: Mapping[str, str]) -> None:
    table, id = one.key
    definition = work.registry.sent.get(table) or work.registry.links.get(table)
    if definition is None or one.is_unborn:
        work.drop(table, id)
        _park(work, one, NO_ROW if definition else NO_TABLE)
        return
    for column, value in one.state.data.items():
        if column not in definition.rules.unit_of:
            work.park_cell(table, id, column, one.state.clock.of(_unit(one.state.clock, column)), value)
    stamps: Mapping[str, Any] = {}
    if one.stamp is not None:
        created_at, created_by, replica, updated_at, updated_by = one.stamp
        stamps = {
            "created_at": iso_of(created_at), "created_by": created_by, "updated_at": iso_of(updated_at),
            "updated_by": updated_by, "machine": codes.get(replica) or replica[:6],
        }  # fmt: skip
    work.put(table, id, one.state, stamps)


def _park(work: Work, one: Told, reason: str) -> None:
    """Keeps a state that has no place yet as the ops that make it."""
    (table, id), clock, data = one.key, one.state.clock, one.state.data
    written: dict[Dot, dict[str, Scalar]] = {}
    for unit, dot in clock.fields.items():
        written.setdefault(dot, {}).update((name, data.get(name)) for name in unit.split("+"))
    if not one.is_unborn:
        whole = {name: value for name, value in data.items() if _unit(clock, name) not in clock.fields}
        work.park(Op(table, id, "ins", whole), Cause(clock.base, iso_of(wall_ms(clock.base.hlc)), "", ""), reason)
    for dot, values in written.items():
        work.park(Op(table, id, "upd", values), Cause(dot, iso_of(wall_ms(dot.hlc)), "", ""), reason)
    if clock.life is not None:
        at = iso_of(wall_ms(clock.life.hlc))
        if not clock.is_out and clock.erased:  # an undelete does not say what the deletes before it had seen
            work.park(Op(table, id, "del", seen=clock.erased), Cause(ZERO, at, "", ""), reason)
        op = Op(table, id, "del" if clock.is_out else "undel", seen=clock.erased, via=one.state.via)
        work.park(op, Cause(clock.life, at, "", ""), reason)


def _unit(clock: RowClock, column: str) -> str:
    """The merge unit of a column that may be unknown here: units of several are named after all of theirs."""
    return next((unit for unit in clock.fields if column in unit.split("+")), column)


def _lay_over(db: sqlite3.Connection, engine: Engine, work: Work, keys: set[Key]) -> None:
    """What the server has not taken over what it told: what others send it again, the own changes in their order."""
    codes = codes_of(db)
    for row in (*outbox.lost(db), *outbox.unsettled(db)):
        changeset = Changeset.read(opened(row["body"]))
        cause = Cause.of(changeset, row["hlc_eff"], codes.get(changeset.replica, ""))
        for op in changeset.ops:
            if (op.table, op.id) in keys:
                work.apply(op, cause)
