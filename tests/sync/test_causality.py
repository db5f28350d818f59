"""Invariant I3: the pairs found by one number per changeset are exactly those that full causal histories show.

The oracle carries with every write the set of all writes its author knew. The judge sees positions only.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from functools import partial

import pytest

from sync_server.replication.changeset import Op, Scalar, value_hash
from sync_server.replication.clock import Dot
from sync_server.replication.conflicts import EPOCH_BITS, Write, is_concurrent
from sync_server.replication.merge import RowState, Rules, merge_row

FIELDS = ("f", "g")
RULES = Rules({name: name for name in FIELDS})
ROWS = tuple("rstu")


@dataclass(eq=False)
class Edit:
    """One changeset of one op, with all its author knew."""

    row: str
    op: Op
    dot: Dot
    ctx: int
    known: frozenset[Dot]
    old_seq: int | None = None


@dataclass
class Server:
    log: list[tuple[int, Edit]] = field(default_factory=list)
    place: dict[Dot, int] = field(default_factory=dict)
    edits: dict[Dot, Edit] = field(default_factory=dict)
    rows: dict[str, RowState] = field(default_factory=dict)
    base: int = 0
    found: set[tuple[str, str, frozenset[Dot]]] = field(default_factory=set)
    true: set[tuple[str, str, frozenset[Dot]]] = field(default_factory=set)

    @property
    def head(self) -> int:
        return max(self.base, self.log[-1][0] if self.log else 0)

    def write_of(self, edit: Edit) -> Write:
        return Write(edit.dot.replica, edit.ctx, self.place.get(edit.dot), edit.old_seq)

    def take(self, edit: Edit) -> None:
        if edit.dot in self.place:
            return
        present = self.rows.get(edit.row)
        self._ask_oracle(edit, present)
        merged = merge_row(present, edit.op, edit.dot, RULES, partial(self._judge, edit))
        self.rows[edit.row] = merged.state
        self.found |= {
            (edit.row, pair.unit, frozenset((pair.winner.dot, pair.loser.dot)))
            for pair in merged.pairs
            # the other direction of "based on": the present value may rest on the incoming one
            if not self._rests_on(pair.unit, edit, pair.winner.dot, pair.loser.dot)
        }
        self.log.append((self.head + 1, edit))
        self.place[edit.dot], self.edits[edit.dot] = self.head, edit

    def _judge(self, edit: Edit, present: Dot) -> bool:
        return is_concurrent(self.write_of(edit), self.write_of(self.edits[present]))

    def _rests_on(self, unit: str, edit: Edit, one: Dot, other: Dot) -> bool:
        present = self.edits[other if one == edit.dot else one]
        return present.op.based_on.get(unit) == value_hash(edit.op.set[unit])

    def _ask_oracle(self, edit: Edit, present: RowState | None) -> None:
        for name, value in edit.op.set.items() if present else ():
            winner = self.edits.get(present.clock.of(name))  # type: ignore[union-attr]
            if winner is None or winner.dot in edit.known or edit.dot in winner.known or winner.op.kind == "ins":
                continue
            theirs = winner.op.set[name]
            is_based = edit.op.based_on[name] == value_hash(theirs) or winner.op.based_on[name] == value_hash(value)
            if value != theirs and not is_based:
                self.true.add((edit.row, name, frozenset((edit.dot, winner.dot))))

    def restore(self, length: int) -> None:
        """Back to a backup: the tail is lost, the positions jump."""
        kept = [edit for _, edit in self.log[:length]]
        seqs = [seq for seq, _ in self.log[:length]]
        lost = self.log[length:]
        self.log, self.place, self.edits, self.rows, self.found, self.true = [], {}, {}, {}, set(), set()
        for seq, edit in zip(seqs, kept, strict=True):
            self.rows[edit.row] = merge_row(self.rows.get(edit.row), edit.op, edit.dot, RULES).state
            self.log.append((seq, edit))
            self.place[edit.dot], self.edits[edit.dot] = seq, edit
        for seq, edit in lost:
            edit.old_seq = seq
        self.base += 1 << EPOCH_BITS


@dataclass
class Machine:
    replica: str
    skew: int
    hlc: int = 0
    n: int = 0
    ctx: int = 0
    known: set[Dot] = field(default_factory=set)
    rows: dict[str, RowState] = field(default_factory=dict)
    own: list[Edit] = field(default_factory=list)
    sent: int = 0

    def edit(self, chance: random.Random, now: int) -> None:
        row = chance.choice(ROWS)
        old = self.rows[row].data
        sets: dict[str, Scalar] = {
            name: chance.randint(1, 4) for name in chance.sample(FIELDS, chance.randint(1, len(FIELDS)))
        }
        op = Op("t", row, "upd", sets, {name: value_hash(old.get(name)) for name in sets})
        self.n += 1
        self.hlc = max(self.hlc + 1, now + self.skew)
        made = Edit(row, op, Dot(self.hlc, self.replica, self.n), self.ctx, frozenset(self.known))
        self.own.append(made)
        self.learn(made)

    def learn(self, edit: Edit) -> None:
        self.known.add(edit.dot)
        self.hlc = max(self.hlc, edit.dot.hlc)
        self.rows[edit.row] = merge_row(self.rows.get(edit.row), edit.op, edit.dot, RULES).state

    def push(self, server: Server, many: int) -> None:
        for edit in self.own[self.sent : self.sent + many]:
            server.take(edit)
            self.sent += 1

    def pull(self, server: Server, many: int) -> None:
        page = [(seq, edit) for seq, edit in server.log if seq > self.ctx][:many]
        for seq, edit in page:
            self.learn(edit)
            self.ctx = seq


def start(chance: random.Random) -> tuple[Server, list[Machine]]:
    server = Server()
    for number, row in enumerate(ROWS, 1):
        op = Op("t", row, "ins", dict.fromkeys(FIELDS, 0))
        server.take(Edit(row, op, Dot(1, "seed", number), 0, frozenset()))
    machines = [Machine(name, chance.choice([0, 0, 5_000, -5_000])) for name in "abcde"]
    for machine in machines:
        machine.pull(server, len(ROWS))
    return server, machines


def run(seed: int, steps: int = 250) -> Server:
    chance = random.Random(seed)
    server, machines = start(chance)
    now = 10_000
    for _ in range(steps):
        now += chance.randint(1, 50)
        machine = chance.choice(machines)
        doing = chance.random()
        if doing < 0.45:
            machine.edit(chance, now)
        elif doing < 0.7:
            machine.push(server, chance.randint(1, 10))
        else:
            machine.pull(server, chance.randint(1, 40))
    return server


@pytest.mark.parametrize("part", range(4))
def test_judged_pairs_are_exactly_the_true_ones(part: int) -> None:
    pairs = 0
    for seed in range(part * 40, part * 40 + 40):
        server = run(seed)
        assert server.found == server.true, f"seed {seed}"
        pairs += len(server.true)
    assert pairs > 100  # the histories do hold something to find


@pytest.mark.parametrize("part", range(2))
def test_pairs_after_a_restored_server_are_exact_too(part: int) -> None:
    for seed in range(part * 40, part * 40 + 40):
        chance = random.Random(seed)
        server = run(seed, 120)
        machines = _machines_of(server)
        server.restore(max(len(ROWS), len(server.log) - chance.randint(1, 40)))
        chance.shuffle(machines)
        for own in machines:
            for edit in own:
                server.take(edit)
        assert server.found == server.true, f"seed {seed}"


def _machines_of(server: Server) -> list[list[Edit]]:
    own: dict[str, list[Edit]] = {}
    for _, edit in server.log:
        own.setdefault(edit.dot.replica, []).append(edit)
    return list(own.values())


def test_without_positions_of_the_lost_epoch_there_are_false_alarms() -> None:
    """The oracle has teeth: forget the old positions, and the pairs are no longer the true ones."""
    wrong = 0
    for seed in range(30):
        server = run(seed, 120)
        machines = _machines_of(server)
        server.restore(len(ROWS))
        for own in machines:
            for edit in own:
                edit.old_seq = None
                server.take(edit)
        wrong += len(server.found - server.true)
    assert wrong > 0
