"""Taking in one push: validate, merge row by row, add what the server itself has to say, number everything last.

Runs inside one transaction of the store (sync.md B6, B7). The server writes rows of its own in two cases only, both
blind to business: conflict rows, and the undelete of a record that something made without knowing of its deletion
refers to.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from . import quarantine
from .errors import Gap, ReplicaTaken, ServerOlder
from .manifest import Key, Manifest
from .replication import conflicts
from .replication.changeset import ROWS_MAX, Changeset, Op, canonical, chain
from .replication.clock import Dot, from_hex, pack, to_hex
from .replication.conflicts import (
    EPOCH_BITS,
    LIFE,
    Author,
    Pair,
    Side,
    Write,
    conflict_op,
    is_based_on,
    is_concurrent,
    lost_place,
)
from .replication.merge import RowState, merge_row
from .replication.wire import Malformed, read_changeset
from .store import LATE, Entry, Held, Replica, Row, Stamp, Transaction

DRIFT_MAX_MS = 120_000
"""A stamp further in the future than this is replaced by the server's time."""

_NOTHING = Row(RowState())


@dataclass(frozen=True)
class Ack:
    """What became of one changeset: applied, clamped, dup, fork, quarantined or depends."""

    n: int
    status: str
    seq: int | None = None
    hlc_eff: int | None = None
    why: str | None = None
    was: str | None = None

    def wire(self) -> dict[str, Any]:
        body: dict[str, Any] = {"n": self.n, "status": self.status, "seq": self.seq}
        body["hlc_eff"] = None if self.hlc_eff is None else to_hex(self.hlc_eff)
        return body | {key: value for key, value in (("why", self.why), ("was", self.was)) if value}


def take(
    tx: Transaction, manifest: Manifest, machine: str, push: Mapping[str, Any], now_ms: int, *, is_revoked: bool = False
) -> list[Ack]:
    """The answers to a push read by `wire.read_push`, in order. Raises ReplicaTaken, Gap, ServerOlder; nothing of the
    push is kept then."""
    return _Intake(tx, manifest, machine, now_ms, is_revoked).run(push["changesets"], push["again"])


def accept(tx: Transaction, manifest: Manifest, held: Held, now_ms: int) -> str | None:
    """Takes in after all what was set aside, since a person judged so: under its number, at the next position. Why it
    still cannot be, if so."""
    return _Intake(tx, manifest, held.replica.machine, now_ms, is_revoked=False).run_held(held)


@dataclass
class _Intake:
    tx: Transaction
    manifest: Manifest
    machine: str
    now_ms: int
    is_revoked: bool
    rows: dict[Key, Row] = field(default_factory=dict)
    changed: set[Key] = field(default_factory=set)
    entries: list[Entry] = field(default_factory=list)
    fresh: dict[tuple[str, int], Entry] = field(default_factory=dict)
    """Entries of this push by replica and number; their positions count from the head."""
    known: dict[tuple[str, int], Entry | None] = field(default_factory=dict)
    """Entries of the log that were asked for."""
    told: dict[tuple[str, int], Changeset] = field(default_factory=dict)
    """What stands in entries, read once: a push may meet one in a thousand rows."""
    gone: set[Key] = field(default_factory=set)
    children: dict[Key, list[Key]] = field(default_factory=dict)
    """Rows touched since the oldest context of the push that refer to what it deletes, by what they refer to."""

    def _begin(self, author: Replica) -> None:
        head = self.tx.head()
        self.tier, self.base = head.tier, head.seq
        self.author = author
        self.last_n, self.last_h, self.last_eff = author.last_n, author.last_h, author.last_eff
        self.server = self.tx.server_replica()
        self.newest = self.tx.newest()
        self.has_held = self.tx.has_held_rows()

    def run(self, bodies: Sequence[Mapping[str, Any]], again: Mapping[str, Mapping[str, Any]]) -> list[Ack]:
        self._check_schema(bodies)
        self._begin(self._author(bodies[0]))
        new = [self._read(body) for body in bodies if body["n"] > self.author.last_n]
        self._fetch([one for one in new if isinstance(one, Changeset)])
        first = self.author.last_n + 1
        acks = []
        for body in bodies:
            if body["n"] < first:
                acks.append(self._known(body))
            elif acks and acks[-1].status == "fork":
                acks.append(Ack(body["n"], "fork"))
            else:
                acks.append(self._next(body, new[body["n"] - first], self._lost(again.get(str(body["n"])))))
        self._finish()
        return acks

    def run_held(self, held: Held) -> str | None:
        """Lays a changeset that was set aside over the rows as they are now; why it still cannot be, if so."""
        self._begin(held.replica)
        read = self._read(json.loads(held.body) | {"h": held.h[:8].hex()})
        why = self._refusal(read)
        if isinstance(read, str) or why:
            return why[1] if why else str(read)
        self._fetch([read])
        least, most = self.tx.stamps_around(held.replica, held.n)
        # Its author's later changes stay later: of equal stamps of one replica the higher number is.
        hlc_eff = max(self._bounded(read.hlc), least)
        hlc_eff = hlc_eff if most is None else min(hlc_eff, most)
        self.tx.let_in(held)
        self._enter(read, held.h, hlc_eff, LATE, None, held.body)
        self.last_eff = max(self.last_eff, hlc_eff)
        self._finish()
        return None

    # ------------------------------------------------------------------------------------------------------ who, what

    def _check_schema(self, bodies: Iterable[Mapping[str, Any]]) -> None:
        newest = max((body["schema"] for body in bodies if isinstance(body.get("schema"), int)), default=0)
        if newest > self.manifest.schema:
            raise ServerOlder(schema=self.manifest.schema)

    def _author(self, first: Mapping[str, Any]) -> Replica:
        """The replica that pushes. Whoever continues a chain has proved to hold it, whichever machine it is now; the
        server's own belongs to no machine."""
        author = self.tx.replica(first["r"])
        if author is None:
            author = self.tx.add_replica(first["r"], self.machine)
        if first["n"] > author.last_n + 1:
            raise Gap(next=author.last_n + 1)
        if author.machine != self.machine:
            is_free = author.last_n == 0 or (not self.is_revoked and self._continues(author, first))
            if not author.machine or not is_free:
                raise ReplicaTaken()
            author = replace(author, machine=self.machine)
        return author

    def _continues(self, author: Replica, first: Mapping[str, Any]) -> bool:
        if first["n"] <= author.last_n:
            return self._hash_of(first) == str(first["h"])
        return chain(author.last_h, canonical(_bare(first)))[:8].hex() == str(first["h"])

    def _hash_of(self, body: Mapping[str, Any]) -> str | None:
        found = self.tx.entry(body["r"], body["n"]) or self.tx.held(body["r"], body["n"])
        return found.h[:8].hex() if found else None

    def _known(self, body: Mapping[str, Any]) -> Ack:
        """A changeset that came before: the stored result, or a fork if it is another one under this number."""
        n = body["n"]
        if entry := self.tx.entry(body["r"], n):
            if entry.h[:8].hex() != body["h"]:
                return Ack(n, "fork")
            return Ack(n, "dup", entry.seq, entry.hlc_eff, was=entry.status)
        held = self.tx.held(body["r"], n)
        assert held is not None, "every number up to last_n is in the log or in quarantine"
        if held.h[:8].hex() != body["h"]:
            return Ack(n, "fork")
        return Ack(n, "dup", why=held.reason, was=held.status)

    # ---------------------------------------------------------------------------------------------------------- merge

    @staticmethod
    def _read(body: Mapping[str, Any]) -> Changeset | str:
        try:
            return read_changeset(body)
        except Malformed as error:
            return str(error)

    def _fetch(self, changesets: Sequence[Changeset]) -> None:
        """Everything a push will look at, in few questions and in key order."""
        ops = [(changeset, op) for changeset in changesets for op in changeset.ops if op.table in self.manifest.tables]
        self._load({(op.table, op.id) for _, op in ops})
        deleted = {(op.table, op.id) for _, op in ops if op.kind == "del"}
        # A delete on record may come to hold by what comes now; who made it knew less than who pushes.
        lives = {key: life for _, op in ops if (life := self._hanging(key := (op.table, op.id))) is not None}
        known = [*map(self._ctx, changesets), *(self._entry(life).ctx for life in lives.values())]
        least = min(known, default=self.base)
        # Mostly nobody else has written since: then nothing can have crossed, however long the history.
        if self.tx.others_since(least, self.author):
            self.gone = self.tx.gone_since(least)
            self._remember_children(deleted | lives.keys(), least)

    def _hanging(self, key: Key) -> Dot | None:
        """The delete of a row that lives all the same."""
        state = self.rows[key].state
        is_hanging = state.clock.is_out and not state.is_gone(self.manifest.tables[key[0]].rules)
        return state.clock.life if is_hanging else None

    def _remember_children(self, deleted: Collection[Key], least: int) -> None:
        found: set[Key] = set()
        for table in sorted({table for table, _ in deleted}):
            ids = sorted(id for name, id in deleted if name == table)
            for name, column in self.manifest.referring(table):
                found.update((name, id) for id in self.tx.referring_since(least, name, column, ids))
        self._load(found)
        for key in sorted(found):
            for target in self.manifest.tables[key[0]].targets(self.rows[key].state.data):
                self.children.setdefault(target, []).append(key)

    def _load(self, keys: Collection[Key]) -> None:
        missing = [key for key in keys if key not in self.rows]
        if missing:
            self.rows |= dict.fromkeys(missing, _NOTHING) | self.tx.rows(missing)

    def _next(self, body: Mapping[str, Any], read: Changeset | str, again: Mapping[str, Any]) -> Ack:
        bare = canonical(_bare(body))
        h = chain(self.last_h, bare)
        if h[:8].hex() != body["h"]:
            return Ack(body["n"], "fork")
        self.last_n, self.last_h = body["n"], h
        why = self._refusal(read)
        if isinstance(read, str) or why:
            return self._hold(read, h, bare, why or ("quarantined", str(read)))
        return self._accept(read, h, bare, again)

    def _refusal(self, read: Changeset | str) -> tuple[str, str] | None:
        """Status and reason, if a changeset is not to be accepted."""
        if self.is_revoked:
            return "quarantined", quarantine.REVOKED
        if isinstance(read, str):
            return "quarantined", read
        if wrong := quarantine.reason(self.manifest, read):
            return "quarantined", wrong
        if self.has_held and (needed := quarantine.depends_on(self.manifest, read, self.tx.held_rows)):
            return "depends", f"needs {needed[0]} {needed[1]}"
        return None

    def _hold(self, read: Changeset | str, h: bytes, bare: bytes, why: tuple[str, str]) -> Ack:
        n, (status, reason) = self.last_n, why
        made = [] if isinstance(read, str) else quarantine.made_by(read)
        self._load([key for key in made if key[0] in self.manifest.tables])
        missing = [key for key in made if not self.rows.get(key, _NOTHING).state.is_born]
        self.has_held = True
        self.tx.hold(Held(self.author, n, h, status, reason, bare, missing, self.now_ms))
        return Ack(n, status, why=reason)

    def _accept(self, changeset: Changeset, h: bytes, bare: bytes, again: Mapping[str, Any]) -> Ack:
        hlc_eff = self._effective(changeset, again)
        status = "applied" if hlc_eff == changeset.hlc else "clamped"
        self.last_eff = hlc_eff
        seq = self._enter(changeset, h, hlc_eff, status, again.get("old_seq"), bare)
        return Ack(changeset.n, status, self.base + seq, hlc_eff)

    def _enter(
        self, changeset: Changeset, h: bytes, hlc_eff: int, status: str, old_seq: int | None, bare: bytes
    ) -> int:
        entry = Entry(
            len(self.entries) + 1, self.author, changeset.n, h, hlc_eff, old_seq, self._ctx(changeset),
            changeset.res, status, bare,
        )  # fmt: skip
        self._log(entry)
        said = self._merge(changeset, entry)
        if self.has_held:
            self.tx.release(quarantine.made_by(changeset))
        if said:
            self._say(said, entry)
        return entry.seq

    def _effective(self, changeset: Changeset, again: Mapping[str, Any]) -> int:
        """No stamp from the future counts, and one replica's changesets stay in order.

        A stamp as far as others that were given out is none from the future, and what replaces one comes after them
        all: where this server's clock lies behind, who knew of another's write would lose to it otherwise.
        """
        return max(self._bounded(from_hex(again["hlc_eff"]) if again else changeset.hlc), self.last_eff + 1)

    def _bounded(self, claimed: int) -> int:
        is_sound = claimed <= max(pack(self.now_ms + DRIFT_MAX_MS), self.newest)
        return claimed if is_sound else max(pack(self.now_ms), self.newest + 1)

    def _lost(self, again: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """The old position and stamp, if the position is of a lost epoch. One of the present epoch would claim that
        everybody knew of the changeset."""
        is_lost = again is not None and again["old_seq"] <= self.base >> EPOCH_BITS << EPOCH_BITS
        return again if again is not None and is_lost else {}

    def _ctx(self, changeset: Changeset) -> int:
        """What the author knew. A position that nobody was ever given proves nothing: rather a conflict row too many
        than an overwrite in silence."""
        ctx = changeset.ctx.get(self.tier, 0)
        return ctx if ctx <= self.base else 0

    def _log(self, entry: Entry) -> None:
        self.entries.append(entry)
        self.newest = max(self.newest, entry.hlc_eff)
        self.fresh[entry.replica.uuid, entry.n] = entry

    def _merge(self, changeset: Changeset, entry: Entry) -> list[Op]:
        """Lays the ops over the rows; what the server has to add comes back."""
        said: list[Op] = []
        judge = partial(self._is_concurrent, entry.dot)
        done: list[tuple[Op, Mapping[str, Any], bool]] = []
        ops = sorted(changeset.ops, key=lambda op: (op.table, op.id)) if len(changeset.ops) > 1 else changeset.ops
        for op in ops:
            key, rules = (op.table, op.id), self.manifest.tables[op.table].rules
            row = self.rows[key]
            known = row.state if row is not _NOTHING else None
            merged = merge_row(known, op, entry.dot, rules, _nobody if op.table == conflicts.TABLE else judge)
            self._put(key, row, merged.state, entry, changeset)
            for pair in merged.pairs:
                said += self._conflict(key, pair, entry)
            done.append((op, merged.won, known is not None and known.is_gone(rules)))
        for op, won, was_gone in done:  # what a deletion takes along is gone by now
            said += self._revive(op, won, entry, was_gone=was_gone)
        return said

    def _put(self, key: Key, row: Row, state: RowState, entry: Entry, changeset: Changeset) -> None:
        stamp = row.stamp
        if stamp is None or entry.dot > row.state.clock.newest():
            made = stamp or Stamp(changeset.at, changeset.actor, changeset.replica, 0, "")
            stamp = Stamp(made.created_at, made.created_by, made.machine, changeset.at, changeset.actor)
        is_gone = state.is_gone(self.manifest.tables[key[0]].rules)
        self.rows[key] = Row(state, stamp, entry.seq, is_gone)
        self.changed.add(key)
        if is_gone:
            self.gone.add(key)
        else:
            self.gone.discard(key)

    # ------------------------------------------------------------------------------------------------------ judgement

    def _is_concurrent(self, new: Dot, present: Dot) -> bool:
        if new.replica == present.replica or not present.replica:
            return False
        if not is_concurrent(self._write(new, present), self._write(present, new)):
            return False
        return not any(self._is_own(*pair) or self._knew_lost(*pair) for pair in ((new, present), (present, new)))

    def _is_own(self, dot: Dot, earlier: Dot) -> bool:
        """Whether who wrote says that the other write was his own, too, under a name he gave up since."""
        return earlier.n <= self._told(self._entry(dot)).ctx.get(earlier.replica, 0)

    def _knew_lost(self, dot: Dot, earlier: Dot) -> bool:
        """Whether who wrote had seen the other write at a position that the server lost since."""
        old_seq = self._entry(earlier).old_seq
        if old_seq is None:
            return False
        return old_seq <= self._told(self._entry(dot)).ctx.get(lost_place(self.tier, old_seq), 0)

    def _told(self, entry: Entry) -> Changeset:
        place = (entry.replica.uuid, entry.n)
        if place not in self.told:
            self.told[place] = Changeset.read(json.loads(entry.body))
        return self.told[place]

    def _by(self, entry: Entry) -> Author:
        changeset = self._told(entry)
        return Author(changeset.actor, changeset.at)

    def _write(self, dot: Dot, other: Dot) -> Write:
        entry = self._entry(dot)
        return Write(dot.replica, self._heard(entry, self._seq(other)), self._seq(dot), entry.old_seq, entry.res)

    def _seq(self, dot: Dot) -> int:
        entry = self._entry(dot)
        return self.base + entry.seq if (dot.replica, dot.n) in self.fresh else entry.seq

    def _heard(self, entry: Entry, seq: int) -> int:
        """How far the author had come, where that says something of a position. Of an epoch before the one he was in he
        says it apart: the server he had come to may have been restored to less than this one was."""
        if seq >> EPOCH_BITS >= entry.ctx >> EPOCH_BITS:
            return entry.ctx
        return self._told(entry).ctx.get(lost_place(self.tier, seq), entry.ctx)

    def _entry(self, dot: Dot) -> Entry:
        place = (dot.replica, dot.n)
        if place in self.fresh:
            return self.fresh[place]
        if place not in self.known:
            self.known[place] = self.tx.entry(*place)
        found = self.known[place]
        assert found is not None, f"a winning write is in the log: {dot}"
        return found

    def _conflict(self, key: Key, pair: Pair, entry: Entry) -> list[Op]:
        """The conflict row of a pair, unless the other write rests on this one's very value."""
        mine, theirs = (pair.winner, pair.loser) if pair.winner.dot == entry.dot else (pair.loser, pair.winner)
        present = self._entry(theirs.dot)
        if pair.unit != LIFE and _rests_on(self._told(present), key, mine, theirs):
            return []
        table = self.manifest.tables[key[0]]
        winner, loser = (self._by(self._entry(side.dot)) for side in (pair.winner, pair.loser))
        return [conflict_op(*key, table.module, pair, winner, loser)]

    # -------------------------------------------------------------------------------------------------------- parents

    def _revive(self, op: Op, won: Mapping[str, Any], entry: Entry, *, was_gone: bool) -> list[Op]:
        """Undeletes what is still needed: the target of a reference deleted by someone who did not know of it, or the
        row deleted here to which something unknown here refers."""
        if not self.gone:
            return []
        key, table = (op.table, op.id), self.manifest.tables[op.table]
        state = self.rows[key].state
        if state.is_gone(table.rules):
            by = entry.dot if op.kind == "del" else None
            return self._still_needed(key, by) if not was_gone or state.clock.life == entry.dot else []
        is_whole = op.kind == "ins" or state.clock.life is not None
        said: list[Op] = []
        for target in table.targets(state.data, None if is_whole else won):
            said += self._undelete(target, entry.dot)
        return said

    def _still_needed(self, key: Key, deleted_by: Dot | None) -> list[Op]:
        """Brings a row back if something refers to it of which nobody knew who deleted it, now or earlier."""
        for child in self.children.get(key, ()):
            state, table = self.rows[child].state, self.manifest.tables[child[0]]
            if state.is_gone(table.rules):
                continue
            for column, reference in table.references.items():
                if not reference.is_loose and reference.target(column, state.data) == key:
                    needed_by = state.clock.of(table.rules.unit_of[column])
                    if deleted_by is not None and not self._is_concurrent(deleted_by, needed_by):
                        continue
                    if said := self._undelete(key, needed_by):
                        return said
        return []

    def _undelete(self, key: Key, needed_by: Dot) -> list[Op]:
        """Brings a row back with what went along with it, and what it refers to in turn, if who deleted it and who
        needs it did not know of each other."""
        if key not in self.gone:
            return []
        self._load([key])
        life = self.rows[key].state.clock.life
        if life is None or not needed_by.replica or not self._is_concurrent(needed_by, life):
            return []
        pair = Pair(LIFE, Side(needed_by, {}), Side(life, {LIFE: 1}), is_flag=True)
        table = self.manifest.tables[key[0]]
        authors = self._by(self._entry(needed_by)), self._by(self._entry(life))
        said = [Op(*key, "undel"), conflict_op(*key, table.module, pair, *authors)]
        said += self._with_it(key, set())
        for target in table.targets(self.rows[key].state.data):
            said += self._undelete(target, needed_by)
        return said

    def _with_it(self, key: Key, back: set[Key]) -> list[Op]:
        """Brings back what went along with a row, and with that in turn."""
        said: list[Op] = []
        self.gone.discard(key)
        back.add(key)
        for child in self._taken_along(f"{key[0]}:{key[1]}"):
            if child not in back:
                said += [Op(*child, "undel"), *self._with_it(child, back)]
        return said

    def _taken_along(self, via: str) -> list[Key]:
        self._load(self.tx.taken_along(via))
        return sorted(
            key
            for key, row in self.rows.items()
            if row.state.via == via and row.state.is_gone(self.manifest.tables[key[0]].rules)
        )

    # ------------------------------------------------------------------------------------------------- the server says

    def _say(self, said: Sequence[Op], entry: Entry) -> None:
        """Changesets of the server's own, right after the one that gave rise to them."""
        ops = list({(op.table, op.id, op.kind): op for op in said}.values())
        self._load([(op.table, op.id) for op in ops])
        # The same pair may be met again after an epoch change: its row is there already.
        ops = [op for op in ops if op.kind == "undel" or not self.rows[op.table, op.id].state.is_born]
        for start in range(0, len(ops), ROWS_MAX):
            self._say_part(ops[start : start + ROWS_MAX])

    def _say_part(self, ops: Sequence[Op]) -> None:
        lives = [life.hlc for op in ops if (life := self.rows[op.table, op.id].state.clock.life)]
        hlc = max(pack(self.now_ms), self.server.last_eff + 1, *(one + 1 for one in lives))
        seq = len(self.entries) + 1
        ctx = self.base + seq - 1
        changeset = Changeset(
            self.server.uuid, self.server.last_n + 1, hlc, self.now_ms, "", self.manifest.schema, ops,
            ctx={self.tier: ctx}, act="sync.server",
        )  # fmt: skip
        body = canonical(changeset.wire())
        h = chain(self.server.last_h, body)
        self.server = replace(self.server, last_n=changeset.n, last_h=h, last_eff=hlc)
        entry = Entry(seq, self.server, changeset.n, h, hlc, None, ctx, None, "applied", body)
        self._log(entry)
        for op in ops:
            key = (op.table, op.id)
            row = self.rows[key]
            known = row.state if row is not _NOTHING else None
            merged = merge_row(known, op, entry.dot, self.manifest.tables[op.table].rules)
            self._put(key, row, merged.state, entry, changeset)

    def _finish(self) -> None:
        self.tx.save_replica(replace(self.author, last_n=self.last_n, last_h=self.last_h, last_eff=self.last_eff))
        if not self.entries:
            return
        if any(entry.replica.no == self.server.no for entry in self.entries):
            self.tx.save_replica(self.server)
        self.tx.append(self.entries, [(key, self.rows[key]) for key in sorted(self.changed)])


def _bare(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "h"}


def _nobody(_: Dot) -> bool:
    return False


def _rests_on(present: Changeset, key: Key, mine: Side, theirs: Side) -> bool:
    """Whether the write that stood there overwrote the very value that is coming in."""
    return any(
        is_based_on(op.based_on, mine.values, theirs.values)
        for op in present.ops
        if (op.table, op.id) == key and op.based_on
    )
