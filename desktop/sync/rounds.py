"""One round with the server: hello, what waits goes out, what is new comes in. No threads, no clocks of its own: the
worker, the command line and the simulator run the same code.

Trouble with what goes out never holds up what comes in (sync.md B6).
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from sync_server.replication import conflicts

from .. import __version__
from ..engine.apply import LOST, OPEN, PENDING, REJECTED, keep_lost_place, opened, unpacked
from ..engine.documents.versions import TABLE as VERSIONS
from ..engine.engine import Engine
from ..engine.imports.running import UNDO_ACT
from ..engine.schema import SCHEMA
from ..engine.work import rebuild_checksum, versions
from . import diary, outbox, reception
from .exchange import (
    ClientOlder,
    EpochChanged,
    Exchange,
    Gap,
    OtherCompany,
    Page,
    Protocol,
    ReplicaTaken,
    Revoked,
    ServerOlder,
    StorageFullThere,
    SyncError,
    TooLargeThere,
    UnknownMachine,
    unusable,
)
from .identity import Identities

log = logging.getLogger(__name__)

EPOCH_BITS = 32
LOG_ITEMS = 1_000
ROW_ITEMS = 4_000
_WANT_MAX = 400
_CODES_MAX = 100
_SERVER = "服务器"
"""Who wrote what the server itself says, in the history."""
_PIECE_ROWS = 1_500
"""Rows applied in one transaction: saves wait for about a fifth of a second."""
MASS_ROWS, MASS_SHARE = 200, 0.05
"""Deletes of one push beyond which a person is asked first: both a number and a share of the table."""
CLOCK_OFF_MS = 250
POLL_MS_MIN, POLL_MS_MAX = 500, 60_000
TRIES = 4


class MassDelete(SyncError):
    """So much would be deleted everywhere that a person confirms it first."""

    code, title = "mass-delete", "本机要把大量记录从全公司删除，还没有上传"
    hint = "确认是有意删除后再上传，否则请先从回收站恢复。"


@dataclass
class Outcome:
    """What a round did, in changesets; `state` as in the status bar."""

    pushed: int = 0
    pulled: int = 0
    conflicts: int = 0
    rejected: int = 0
    state: str = "synced"

    def public(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Peer:
    """The server as this machine remembers it; `state` is `rows` while the first data come, then `log`."""

    tier: str
    epoch: str
    cursor: int
    head_seen: int
    state: str
    last_ok: str | None

    @staticmethod
    def read(db: sqlite3.Connection) -> Peer | None:
        row = db.execute("SELECT tier, epoch, cursor, head_seen, state, last_ok FROM sync_peer").fetchone()
        return None if row is None else Peer(*row)


Progress = Callable[[int, int], None]


class Round:
    """The dealings of one machine with its server. One thread at a time; every method raises SyncError."""

    def __init__(
        self,
        engine: Engine,
        exchange: Exchange,
        identities: Identities,
        data: Path,
        *,
        progress: Progress = lambda done, total: None,
        settle_in: Callable[[Mapping[str, Any]], None] = lambda about: None,
    ) -> None:
        self.engine = engine
        self.exchange = exchange
        self.identities = identities
        self.data = data
        self.progress = progress
        self.settle_in = settle_in
        self.outcome = Outcome()
        self.poll_ms = 1_000
        self.trouble: SyncError | None = None
        """What holds up the push, while everything still comes in."""
        self.may_push = True
        self.has_news_of_conflicts = False
        """Whether conflicts came or were answered elsewhere, until somebody has been told."""
        self._is_leaving = False
        self._offered = ""
        """The replica of which something went out last."""
        self._left = 0
        """What the last push left behind, for the list of machines: what is just going out does not count."""

    # --------------------------------------------------------------------------------------------------------- a round

    def run(self) -> Outcome:
        """A whole round. What went wrong with the push is raised at the end, after everything has come in."""
        self.outcome = Outcome()
        try:
            where = self.hello()
        except ClientOlder as error:  # it gets nothing any more, but what it made goes out
            self.push()
            raise error
        self.push()
        self.fetch_wanted()
        self.pull(int(where["head"]))
        if self.trouble is not None:
            raise self.trouble
        if where.get("schema") == SCHEMA:
            self.compare()
        return self.outcome

    def quick(self) -> Outcome:
        """What waits goes out, what is new comes in, without a greeting: while all goes well."""
        self.outcome = Outcome()
        if self.may_push:
            self.push()
        self.fetch_wanted()
        self.pull()
        if self.trouble is not None:
            raise self.trouble
        return self.outcome

    # ------------------------------------------------------------------------------------------------------------ hello

    def hello(self) -> dict[str, Any]:
        """Greets the server and does first what it asks for. Raises OtherCompany, Revoked among others."""
        with self.engine.db.read() as db:
            me, peer = self.engine.applier.me(db), self._peer(db)
            acked = outbox.acked_n(db, me.replica)
        where = self._greet(me.replica, me.last_n, me.last_h, peer, acked=acked)
        if where["tier"] != peer.tier:
            raise OtherCompany()
        if "wipe" in where["actions"]:
            raise Revoked()
        self._pace(where)
        self._learn(where)
        self._keep_time()
        self._settle_in()
        if where["epoch"] != peer.epoch:
            self._reconcile(where)
        if where["your_n"] > me.last_n or "rotate_replica" in where["actions"]:
            self._leave_name(int(where["your_n"]), me.last_n)
        return where

    def _pace(self, about: Mapping[str, Any]) -> None:
        """When to ask again, as the server wishes; never all the time, never in days."""
        asked = about.get("poll_ms")
        if isinstance(asked, int):
            self.poll_ms = max(POLL_MS_MIN, min(asked, POLL_MS_MAX))

    def _greet(
        self, replica: str, last_n: int, last_h: bytes, peer: Peer, *, acked: int | None = None
    ) -> dict[str, Any]:
        body = {
            "replica": replica, "last_n": last_n, "last_h": last_h[:8].hex(), "schema": SCHEMA,
            "peers": {peer.tier: {"epoch": peer.epoch, "cursor": peer.cursor}}, "wall": self.exchange.now_ms(),
            "waiting": self._left, "version": __version__, "codes": self._nameless(), "acked": acked,
        }  # fmt: skip
        try:
            return self.exchange.hello(body)
        except UnknownMachine:
            # A blank server or another company's does not know the machine either, but it can be told apart.
            if self.exchange.about().get("tier") != peer.tier:
                raise OtherCompany("这个地址上是另一家公司的服务器，或是一台全新的服务器") from None
            raise

    def _nameless(self) -> list[str]:
        """Replicas met in the stream of which nobody has said yet on which machine they are."""
        with self.engine.db.read() as db:
            rows = db.execute("SELECT uuid FROM replica WHERE code IS NULL AND no > 0 LIMIT ?", (_CODES_MAX,))
            return [row[0] for row in rows]

    def _get_to_know(self, replicas: set[str]) -> None:
        """Asks on which machines replicas are before their changes are applied: rows say who made them."""
        with self.engine.db.read() as db:
            fresh = sorted(replicas - {row[0] for row in db.execute("SELECT uuid FROM replica")})
        if not fresh:
            return
        with self.engine.db.write() as db:
            db.executemany("INSERT OR IGNORE INTO replica (uuid) VALUES (?)", [(uuid,) for uuid in fresh])
            me, peer = self.engine.applier.me(db), self._peer(db)
        self._learn(self._greet(me.replica, me.last_n, me.last_h, peer))

    def _learn(self, where: Mapping[str, Any]) -> None:
        """The codes of the machines behind replicas, for the history."""
        codes = where.get("codes")
        if not isinstance(codes, dict) or not codes:
            return
        with self.engine.db.write() as db:
            db.executemany(
                "UPDATE replica SET code = ? WHERE uuid = ? AND code IS NULL",
                [(str(code) or _SERVER, uuid) for uuid, code in codes.items()],
            )

    def _keep_time(self) -> None:
        """The offset of the best of the last answers; small differences are not worth a write."""
        best = min(self.exchange.samples, key=lambda one: one.took_ms, default=None)
        if best is None:
            return
        with self.engine.db.read() as db:
            (known,) = db.execute("SELECT clock_off FROM sync_self").fetchone()
        if abs(best.off_ms - known) > CLOCK_OFF_MS + best.took_ms:
            with self.engine.db.write() as db:
                db.execute("UPDATE sync_self SET clock_off = ?", (best.off_ms,))

    def _leave_name(self, your_n: int, last_n: int) -> None:
        """The server knows more of this replica than these data: they are a copy. They go on under a new name; what
        they wrote and the server does not know is sorted out when it is pushed."""
        if your_n > last_n:
            with self.engine.db.write() as db:
                outbox.rotate(self.engine, db, last_n + 1)
                diary.note(db, "identity", text="这份数据是另一份的副本，本机从现在起用自己的编号。没有丢失改动。")
            self._renew_identity()

    def _renew_identity(self, **changes: Any) -> None:
        found = self.identities.read(self.data)
        if found is not None:
            with self.engine.db.read() as db:
                replica = self.engine.applier.me(db).replica
            if replica != found.replica:
                changes = {"offered_n": 0} | changes
            self.identities.write(replace(found, replica=replica, **changes))

    # -------------------------------------------------------------------------------------------------------- reconcile

    def _reconcile(self, where: Mapping[str, Any]) -> None:
        """The server was restored from a backup: everything of ours that it lost waits again, under its old position.

        What others wrote after the backup is forgotten as known, so that it is applied when they send it again; rows
        on which the lost server itself had a say are fetched anew.
        """
        base = (int(where["head"]) >> EPOCH_BITS) << EPOCH_BITS
        kept = int(where.get("kept", 0))
        with self.engine.db.read() as db:
            own = outbox.replicas(self.engine, db)
            peer, me = self._peer(db), self.engine.applier.me(db)
        known = {me.replica: int(where["your_n"])}
        for replica in own[:-1]:
            known[replica] = int(self._greet(replica, 0, b"", peer)["your_n"])
        with self.engine.db.write() as db, self.engine.db.unguarded():
            count = sum(outbox.offer_again(self.engine, db, replica, known[replica]) for replica in own)
            self._forget_lost(db, kept, base, own)
            outbox.want_ahead(db, kept)
            if peer.state == "log":
                for place in (peer.cursor, kept):
                    keep_lost_place(db, peer.tier, place)
            cursor = _cursor_after(db, peer, kept, base)
            if peer.state != "log" and cursor < peer.cursor:
                outbox.want_all(db)  # which of the first data were of the time that is lost, nobody knows
            db.execute("UPDATE sync_peer SET epoch = ?, cursor = ?", (where["epoch"], cursor))
            diary.note(db, "info", text=f"服务器恢复过备份，已重新核对。本机补传 {count:,} 条改动，没有丢失。")

    def _forget_lost(self, db: sqlite3.Connection, kept: int, base: int, own: list[str]) -> None:
        marks = ", ".join("?" * len(own))
        lost = f"seq > ? AND seq <= ? AND r NOT IN (SELECT no FROM replica WHERE uuid IN ({marks}))"
        for row in db.execute(f"SELECT r, n, body FROM changeset WHERE {lost}", (kept, base, *own)).fetchall():
            changeset = opened(row["body"])
            if changeset.get("act") == "sync.server":
                for op in changeset["ops"]:
                    outbox.want(db, op["t"], op["id"])
                db.execute("DELETE FROM changeset WHERE r = ? AND n = ?", (row["r"], row["n"]))
        db.execute(f"UPDATE changeset SET state = ? WHERE {lost}", (LOST, kept, base, *own))

    # ------------------------------------------------------------------------------------------------------------- push

    def push(self) -> None:
        """Everything that waits goes out. What holds it up is kept in `trouble`."""
        self.trouble = None
        try:
            self._push_all()
        except (ServerOlder, StorageFullThere, TooLargeThere, MassDelete, Protocol) as error:
            self.trouble = error
        finally:
            with self.engine.db.read() as db:
                self._left = outbox.waiting(db)[0]

    def hand_over(self) -> None:
        """The last push of a machine that was stopped: everything, whatever it deletes."""
        self._is_leaving = True
        self._push_all()

    def _push_all(self) -> None:
        for _ in range(TRIES):
            try:
                self._push_waiting()
                return
            except Gap as gap:
                self._fill(gap)
        raise unusable("it and this machine do not agree on what was sent")

    def _push_waiting(self) -> None:
        with self.engine.db.read() as db:
            if not outbox.waiting(db)[0]:
                return
            own = outbox.replicas(self.engine, db)
            last = {replica: outbox.last_waiting(db, replica) for replica in own}
        if not self._is_leaving:
            self._check_mass()
        for replica in own:
            while True:
                with self.engine.db.read() as db:
                    batch = outbox.next_batch(db, replica)
                if batch is None or batch.first_n > last[replica]:
                    break
                self._offer(batch)
                if self._pushed(batch):
                    self._push_waiting()
                    return

    def _offer(self, batch: outbox.Batch) -> None:
        """Says in the identity file how far the own numbers went out, before they do."""
        self._offered = batch.replica
        found = self.identities.read(self.data)
        if found is not None and found.replica == batch.replica and found.offered_n < batch.last_n:
            self.identities.write(replace(found, offered_n=batch.last_n))

    def _pushed(self, batch: outbox.Batch) -> bool:
        """Pushes and settles; true when the branch went on under a new name and has to be pushed again."""
        try:
            answered = self.exchange.push(batch.wire(), range(batch.first_n, batch.last_n + 1))
        except ReplicaTaken:  # another machine goes on under this name
            answered = [{"n": batch.first_n, "status": "fork"}]
        try:
            acks = [outbox.Ack.read(one) for one in answered]
        except (ValueError, KeyError, TypeError) as error:
            raise unusable("the acks cannot be read") from error
        forks = [ack for ack in acks if ack.status == "fork"]
        settled = [ack for ack in acks if ack.status != "fork"]
        with self.engine.db.write() as db:
            held = outbox.settle(self.engine, db, batch.replica, settled)
            if forks:
                outbox.leave_behind(self.engine, db, batch.replica, forks[0].n)
                diary.note(db, "identity", text="有另一台机器用着同一份数据，本机改用新的编号，改动都保留。")
            for ack in held:
                diary.note(
                    db, "problem", text=f"有 1 条改动服务器没有接受，可在「未被接受」里处理。（{ack.why or ''}）"
                )
            taken = len(settled) - len(held)
            if taken:
                diary.note(db, "push", count=taken)
        self.outcome.pushed += taken
        self.outcome.rejected += len(held)
        if forks:
            self._renew_identity()
        return bool(forks)

    def _fill(self, gap: Gap) -> None:
        """The server lacks earlier numbers: they go again. Where these data lack them, too, both were put back to
        before them, and what came after goes on under a new name, also what only came back to these data: it may be
        nowhere else."""
        first = gap.extra.get("next")
        if not isinstance(first, int):
            raise gap
        self.hello()  # hears how much was taken in, and says if it was put back in silence
        with self.engine.db.write() as db:
            for replica in outbox.replicas(self.engine, db):
                if outbox.acked_n(db, replica) >= first:
                    outbox.offer_again(self.engine, db, replica, first - 1)
            batch = outbox.next_batch(db, self._offered)
            is_lost = batch is not None and batch.first_n > first
            if is_lost:
                outbox.leave_behind(self.engine, db, self._offered, first, with_others=True)
                diary.note(
                    db, "identity", text="服务器和这份数据都没有较早的改动了，本机改用新的编号，其余改动都保留。"
                )
        if is_lost:
            self._renew_identity()

    def _check_mass(self) -> None:
        """Raises MassDelete for what nobody has confirmed and no server ever took, counted over all that waits. What
        was never uploaded is missed by nobody; and who takes an import back was asked, and only what it added goes."""
        deletes: dict[str, set[str]] = {}
        with self.engine.db.read() as db:
            sure, waits = _confirmed(db), [row for row in outbox.unsettled(db) if row["state"] == PENDING]
            waits = [row for row in waits if row["seq"] is None]
            asked = [row["body"] for row in waits if row["n"] > sure.get(row["uuid"], 0)]
            for table, id in _touched("del", asked):
                if table in self.engine.registry:
                    deletes.setdefault(table, set()).add(id)
            many = {table: ids for table, ids in deletes.items() if len(ids) > MASS_ROWS}
            fresh = set(_touched("ins", [row["body"] for row in waits])) if many else set()
            for table, ids in many.items():
                self._check_table(db, table, {id for id in ids if (table, id) not in fresh})

    def _check_table(self, db: sqlite3.Connection, table: str, ids: set[str]) -> None:
        """What was brought back meanwhile does not count."""
        (total,) = db.execute(f"SELECT count(*) FROM {table}").fetchone()
        (count,) = db.execute(
            f"SELECT count(*) FROM {table} WHERE deleted_at IS NOT NULL AND id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(ids)),),
        ).fetchone()
        if count > MASS_ROWS and count > total * MASS_SHARE:
            noun = self.engine.registry[table].module.noun
            raise MassDelete(f"本机要把 {count:,} 个{noun}从全公司删除，还没有上传")

    def confirm_mass(self) -> None:
        """A person means it: what waits now may go, however much it deletes, under whichever name it was written."""
        with self.engine.db.write() as db:
            last = {uuid: outbox.last_waiting(db, uuid) for uuid in outbox.replicas(self.engine, db)}
            db.execute("INSERT OR REPLACE INTO meta VALUES ('sync.confirmed', ?)", (json.dumps(last),))

    # ------------------------------------------------------------------------------------------------------------- pull

    def pull(self, head: int | None = None) -> None:
        """Takes what is new until the head as it was at the start; what comes meanwhile waits for the next round."""
        while True:
            with self.engine.db.read() as db:
                peer = self._peer(db)
            if peer.state == "rows":
                self._pull_rows(peer)
                continue
            page = self._page(peer, "log", LOG_ITEMS)
            head = page.head if head is None else head
            self._take(page)
            if page.next >= head or not page.more:
                break
        self.fetch_wanted()

    def _page(self, peer: Peer, how: str, items: int) -> Page:
        with self.engine.db.read() as db:
            me = self.engine.applier.me(db)
            acked = outbox.acked_n(db, me.replica)
        page = self.exchange.pull(peer.cursor, peer.epoch, how, me.replica, acked, items)
        self._pace(page.about)
        if page.about.get("tier", peer.tier) != peer.tier:
            raise OtherCompany()
        if page.about.get("epoch", peer.epoch) != peer.epoch:
            raise EpochChanged()
        return page

    def _take(self, page: Page) -> None:
        """Applies a page in pieces, each with its cursor, so that nobody who saves waits long."""
        with self.engine.db.read() as db:
            peer = self._peer(db)
        if not page.items and (page.next, page.head) == (peer.cursor, peer.head_seen):
            return  # nothing new: nothing is written
        self._get_to_know({str(item.get("r")) for item in page.items})
        for items, cursor in _pieces(page):
            received = reception.take_log(self.engine, items, partial(_move, cursor=cursor, head=page.head))
            self._tell(received)
            if received.is_forked:
                self._renew_identity()

    def _tell(self, received: reception.Received) -> None:
        self.outcome.pulled += received.changesets
        self.outcome.conflicts += received.conflicts
        told = {conflicts.TABLE, VERSIONS, *self.engine.registry.veiled}
        self.has_news_of_conflicts |= not told.isdisjoint(received.changed.ids)
        if received.changesets or received.poisoned:
            with self.engine.db.write() as db:
                if received.of:
                    diary.note(
                        db, "pull", count=received.changesets, of=received.of[:3], more=len(received.of) > 3
                    )  # fmt: skip
                if received.conflicts:
                    diary.note(db, "merge", text=f"有 {received.conflicts:,} 处两边都改过，两个值都保留着。")
                for one in received.poisoned:
                    diary.note(db, "problem", text=f"有 1 条改动读不懂，已放在一边，不影响别的。（{one[:80]}）")
        self.engine.tell(received.changed)

    def _pull_rows(self, peer: Peer) -> None:
        """One page of the first data. When nothing is left the machine is whole and goes on with the log."""
        page = self._page(peer, "rows", ROW_ITEMS)
        with self.engine.db.read() as db:
            total = int(about_me(db).get("rows", 0))
        self._get_to_know({str(stamp[2]) for item in page.items if (stamp := _stamp(item))})
        then = partial(_move, cursor=page.next, head=page.head)
        received = reception.take_rows(self.engine, page.items, then)
        done = self._count_first(received.changesets)
        self.progress(done, max(total, done))
        if not page.more:
            with self.engine.db.write() as db:
                db.execute("UPDATE sync_peer SET state = 'log'")
                diary.note(db, "join", text=f"已加入公司，收到 {done:,} 条记录。")
            self._settle_in()
            self.engine.tell(self.engine.applier.catch_up_books())

    def _count_first(self, more: int) -> int:
        with self.engine.db.write() as db:
            row = db.execute("SELECT value FROM meta WHERE key = 'sync.first'").fetchone()
            done = (int(row[0]) if row else 0) + more
            db.execute("INSERT OR REPLACE INTO meta VALUES ('sync.first', ?)", (str(done),))
        return done

    def _settle_in(self) -> None:
        """What a machine does once after it joined; again if a kill came between."""
        with self.engine.db.read() as db:
            is_due = (
                self._peer(db).state == "log"
                and not db.execute("SELECT 1 FROM meta WHERE key = 'sync.settled'").fetchone()
            )
            about = about_me(db)
        if is_due and about:
            self.settle_in(about)
            with self.engine.db.write() as db:
                db.execute("INSERT OR REPLACE INTO meta VALUES ('sync.settled', '1')")

    def fetch_wanted(self) -> None:
        """Rows whose state here cannot be worked out any more come from the server. One that does not give them holds
        up nothing else."""
        try:
            while True:
                with self.engine.db.read() as db:
                    asked = outbox.wanted(db, _WANT_MAX)
                if asked is None:
                    return
                table, ids = asked
                items, cut = self.exchange.rows(table, ids)
                if len(cut) == len(ids):
                    raise unusable("it gives none of the rows")
                answered = [id for id in ids if id not in cut]
                received = reception.take_wanted(self.engine, table, answered, items)
                self.engine.tell(received.changed)
                if received.is_unbooked:
                    self.engine.tell(self.engine.applier.catch_up_books())
        except Protocol as error:
            log.warning("rows could not be fetched: %s", error)

    # ------------------------------------------------------------------------------------------------------- integrity

    def compare(self) -> int:
        """Compares one checksum per table with the server's; where they differ, exactly the rows that differ are
        fetched (sync.md B6). Returns how many rows that were.

        Only at one and the same position, with nothing of ours under way: anything else would differ for good reason.
        """
        theirs, seq = self.exchange.sums()
        with self.engine.db.read() as db:
            peer = self._peer(db)
            is_quiet = not outbox.waiting(db)[0] and outbox.wanted(db, 1) is None
            ours = dict(db.execute("SELECT t, sum FROM checksum").fetchall())
        if peer.cursor != seq or not is_quiet:
            return 0
        tables = {*self.engine.registry.sent, *self.engine.registry.links} - self._unsure()
        differing = [name for name in sorted(tables) if _sum(theirs, name) != _sum(ours, name)]
        found = sum(self._mend(table) for table in differing)
        if found:
            self.fetch_wanted()
        return found

    def _unsure(self) -> set[str]:
        """Tables in which this machine differs for good reason: a restored server still lacks something that its author
        sends again, or a change of this machine was not accepted."""
        with self.engine.db.read() as db:
            open_ = db.execute(
                f"SELECT body FROM changeset c WHERE c.state IN (?, ?) AND {OPEN}", (LOST, REJECTED)
            ).fetchall()  # fmt: skip
        return {op["t"] for row in open_ for op in opened(row["body"])["ops"]}

    def _mend(self, table: str) -> int:
        theirs: dict[str, str] = {}
        after: str | None = ""
        while after is not None:
            part, after = self.exchange.versions(table, after)
            theirs |= part
        with self.engine.db.write() as db:
            ours = versions(db, self.engine.registry, table)
            with self.engine.db.unguarded():
                rebuild_checksum(db, self.engine.registry, table)
            ids = [id for id in {*ours, *theirs} if ours.get(id) != theirs.get(id)]
            surplus = len(ours.keys() - theirs.keys())
            if surplus > MASS_ROWS and surplus > len(ours) * MASS_SHARE:
                raise Protocol(f"服务器上少了 {surplus:,} 条本机有的记录，没有改动本机，请管理员检查服务器")
            for id in ids:
                outbox.want(db, table, id)
            if ids:
                diary.note(db, "info", text=f"有 {len(ids):,} 条记录与服务器不一致，已重新取回。")
        return len(ids)

    def _peer(self, db: sqlite3.Connection) -> Peer:
        peer = Peer.read(db)
        if peer is None:
            raise SyncError("本机还没有加入服务器")
        return peer


def _cursor_after(db: sqlite3.Connection, peer: Peer, kept: int, base: int) -> int:
    """Where to go on with a server that was put back to `kept` and goes on from `base`.

    What came after `kept` is forgotten as known. So a server that comes back once more with an older log may hold what
    was forgotten then, or never heard: of that log only what was `stood` on before is known. First data that reached
    beyond `kept` begin anew.
    """
    if peer.state != "log":
        return peer.cursor if peer.cursor <= kept else 0
    cursor = peer.cursor
    if kept < cursor >> EPOCH_BITS << EPOCH_BITS:
        row = db.execute("SELECT value FROM meta WHERE key = 'sync.stood'").fetchone()
        cursor = int(row[0]) if row else 0
    db.execute("INSERT OR REPLACE INTO meta VALUES ('sync.stood', ?)", (str(min(cursor, kept)),))
    return base if cursor >= kept else cursor


def _move(db: sqlite3.Connection, cursor: int, head: int) -> None:
    db.execute("UPDATE sync_peer SET cursor = ?, head_seen = ?", (cursor, head))
    db.execute("DELETE FROM sync_ahead WHERE seq <= ?", (cursor,))


def _pieces(page: Page) -> Iterator[tuple[Sequence[dict[str, Any]], int]]:
    """Items of a page cut so that each piece touches about so many rows, with the cursor after it."""
    start, rows = 0, 0
    for place, item in enumerate(page.items):
        ops = item.get("ops")
        count = len(ops) if isinstance(ops, list) else 1
        before = page.items[place - 1].get("seq") if place else None
        if place > start and rows + count > _PIECE_ROWS and isinstance(before, int):
            yield page.items[start:place], before
            start, rows = place, 0
        rows += count
    yield page.items[start:], page.next


def _sum(sums: Mapping[str, str], table: str) -> str:
    return sums.get(table, "0" * 16)


def _stamp(item: Mapping[str, Any]) -> list[Any]:
    """Who made and last changed a row, if the server says so."""
    about = item.get("row")
    stamp = about.get("stamp") if isinstance(about, dict) else None
    return stamp if isinstance(stamp, list) and len(stamp) == 5 else []


def _touched(kind: str, bodies: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    """(table, id) of all that these changesets add or delete, but for imports that are taken back."""
    for stored in bodies:
        body = unpacked(stored)
        if f'"k":"{kind}"'.encode() in body:
            changeset = opened(body)
            if not str(changeset.get("act", "")).endswith(f".{UNDO_ACT}"):
                yield from ((op["t"], op["id"]) for op in changeset["ops"] if op["k"] == kind)


def _confirmed(db: sqlite3.Connection) -> dict[str, int]:
    """Up to which number of each replica a person has confirmed what goes out."""
    row = db.execute("SELECT value FROM meta WHERE key = 'sync.confirmed'").fetchone()
    return dict(json.loads(row[0])) if row else {}


def about_me(db: sqlite3.Connection) -> dict[str, Any]:
    """What the server said when this machine joined."""
    row = db.execute("SELECT value FROM meta WHERE key = 'sync.enrolled'").fetchone()
    return dict(json.loads(row[0])) if row else {}
