"""What was written in a run and what each author knew, told by whole causal histories: never by positions or stamps.

A write keeps its name (who made it, under which claimed stamp) whatever replica and number it travels under. Sets of
writes are bits of one number.
"""

from __future__ import annotations

import json
import zlib
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any

from sync_server.replication.clock import Dot, from_hex, pack
from sync_server.store_sqlite import SqliteStore

from .problem import Problem

DRIFT_MS = 120_000


@dataclass
class Write:
    """One changeset, with all its author knew when it was made; None until that is told."""

    number: int
    name: str
    known: int | None = None

    @property
    def bit(self) -> int:
        return 1 << self.number


@dataclass(frozen=True)
class Logged:
    """A write at its place in the server's log."""

    seq: int
    write: Write
    dot: Dot
    body: dict[str, Any]
    is_again: bool


@dataclass
class Ledger:
    writes: list[Write] = field(default_factory=list)
    log: list[Logged] = field(default_factory=list)
    lost: list[Logged] = field(default_factory=list)
    """What a restored server had and has no more, until it is pushed again."""
    unproved: int = 0
    """What came back to a restored server without its old position, since its author never heard of it, or was lost a
    second time, with only the latest one: the server cannot tell who knew of it, and rather shows a conflict too
    many."""
    copied: int = 0
    """What still waited when a disk was copied, or may be told again under another name: it may be there twice."""
    copies: int = 0
    """How many disks were copied."""
    images: set[str] = field(default_factory=set)
    """Codes of machines whose disk was copied with all that tells a machine from its copy."""
    twins: set[str] = field(default_factory=set)
    """Codes of machines of whose data there is a copy: put back to before, they cannot know what they drew until then
    and what the copy will tell."""
    effective: dict[str, int] = field(default_factory=dict)
    """The stamp by which the others go, by name of the write."""
    acknowledged: set[str] = field(default_factory=set)
    """Contents of which some machine was told that the server has them."""
    contents_lost: set[str] = field(default_factory=set)
    """Contents that a restored server did not get back."""
    newest: int = 0
    """The latest stamp that was ever given out."""
    _by_name: dict[str, Write] = field(default_factory=dict)
    _by_body: dict[bytes, Write] = field(default_factory=dict)
    _ever: dict[int, Logged] = field(default_factory=dict)
    """What ever stood in a log, by its position: no epoch gives one out twice."""
    _seqs: list[int] = field(default_factory=list)
    _masks: list[int] = field(default_factory=list)
    _last: dict[str, Dot] = field(default_factory=dict)
    """The latest dot of each replica."""

    # ------------------------------------------------------------------------------------------------------- names

    def of(self, stored: bytes) -> Write:
        """The write that a stored changeset is."""
        found = self._by_body.get(stored)
        if found is None:
            found = self._by_body[stored] = self._named(name_of(_opened(stored)))
        return found

    def _named(self, name: str) -> Write:
        if name not in self._by_name:
            self._by_name[name] = Write(len(self.writes), name)
            self.writes.append(self._by_name[name])
        return self._by_name[name]

    def first_try(self, write: Write) -> Write | None:
        """What the same person wrote before, if this makes again what was not accepted."""
        who = write.name.split()[0]
        return next((one for one in self.writes if one is not write and one.name.split()[0] == who), None)

    def names(self, mask: int) -> list[str]:
        return [write.name for write in self.writes if write.bit & mask]

    # --------------------------------------------------------------------------------------------------------- log

    def read(self, store: SqliteStore, now_ms: int) -> None:
        """What the server took in since the last time, with a look at the stamps it made effective."""
        sql = (
            "SELECT l.seq, l.n, l.hlc_eff, l.old_seq, l.body, r.uuid, r.no FROM log l JOIN replica r ON r.no = l.r "
            "WHERE l.seq > ? ORDER BY l.seq"
        )
        for row in store._writer.execute(sql, (self._seqs[-1] if self._seqs else -1,)).fetchall():
            write, body = self.of(row["body"]), _opened(row["body"])
            dot = Dot(row["hlc_eff"], row["uuid"], row["n"])
            logged = Logged(row["seq"], write, dot, body, row["old_seq"] is not None)
            self._look_at_stamp(logged, now_ms)
            if not logged.is_again and any(one.write is write for one in self.lost):
                self.unproved |= write.bit
            if body.get("act") == "sync.server":
                write.known = self.mask
            self._add(logged)

    def _add(self, logged: Logged) -> None:
        self._ever[logged.seq] = logged
        self._stand(logged)
        self.newest = max(self.newest, logged.dot.hlc)
        if not logged.is_again:  # what its author never heard of, a restored server stamps anew
            self.effective[logged.write.name] = logged.dot.hlc

    def _stand(self, logged: Logged) -> None:
        self.log.append(logged)
        self._seqs.append(logged.seq)
        self._masks.append(self.mask | logged.write.bit)
        self._last[logged.dot.replica] = logged.dot

    @property
    def mask(self) -> int:
        return self._masks[-1] if self._masks else 0

    def upto(self, seq: int) -> int:
        """All writes at positions up to this one."""
        place = bisect_right(self._seqs, seq)
        return self._masks[place - 1] if place else 0

    def at(self, seq: int) -> list[Logged]:
        return [one for one in self.log if one.seq == seq]

    def _look_at_stamp(self, logged: Logged, now_ms: int) -> None:
        """No stamp from the future counts, and those of one replica stay in order."""
        before = self._last.get(logged.dot.replica)
        floor = before.hlc + 1 if before else 0
        claimed = from_hex(logged.body["hlc"])
        if logged.dot.hlc < floor:
            raise Problem("clamp", f"{logged.dot} is not after what its author wrote before")
        if logged.is_again:
            claimed = self.effective.get(logged.write.name, logged.dot.hlc)
        is_sound = claimed <= max(pack(now_ms + DRIFT_MS), self.newest)
        expected = max(claimed if is_sound else max(pack(now_ms), self.newest + 1), floor)
        if logged.body.get("act") != "sync.server" and logged.dot.hlc != expected:
            raise Problem("clamp", f"{logged.write.name} got the stamp {logged.dot.hlc:x}, not {expected:x}")

    def restored(self, store: SqliteStore) -> None:
        """The server came back from a backup: its log is what that file holds, perhaps more than it had just now."""
        kept = [row[0] for row in store._writer.execute("SELECT seq FROM log ORDER BY seq").fetchall()]
        before = {one.write.name for one in self.lost}
        gone = [one for one in self.log if one.seq not in kept]
        for one in gone:
            if one.write.name in before:
                self.unproved |= one.write.bit
        lost = [one for one in self.lost + gone if one.body.get("act") != "sync.server"]
        self.lost = [one for one in lost if one.seq not in kept]
        self.log, self._seqs, self._masks, self._last = [], [], [], {}
        for seq in kept:
            self._stand(self._ever[seq])

    @property
    def twice(self) -> int:
        """What stands in the log under two names."""
        once = both = 0
        for one in self.log:
            both |= once & one.write.bit
            once |= one.write.bit
        return both

    @property
    def missing(self) -> int:
        """What people wrote and a restored server still lacks."""
        mask = 0
        for one in self.lost:
            mask |= one.write.bit
        return mask & ~self.mask


def name_of(body: dict[str, Any]) -> str:
    if body.get("act") == "sync.server":
        return f"server {body['r'][:6]}:{body['n']}"
    return f"{body['actor']} {body['hlc']}"


def _opened(stored: bytes) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(stored if stored.startswith(b"{") else zlib.decompress(stored))
    return body
