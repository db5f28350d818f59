"""Invariant I3 over the real store: the conflict rows that stand in the log after random work on several machines are
exactly the pairs that full causal histories show. And I8, I11: replays change nothing, pullers miss nothing."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sync_server.replication.clock import Dot, from_hex
from sync_server.replication.clock import pack as stamp_of
from sync_server.store import Store
from sync_server.store_sqlite import SqliteStore
from tests.server.kit import MANIFEST, NOW_MS, Author, ins, pull, push, row, upd

FIELDS = ("phone", "email", "credit_limit")
IDS = tuple(f"{number:032x}" for number in range(4))
START_MS = NOW_MS - 10_000_000
Values = dict[tuple[str, str], tuple[Dot, Any]]


@dataclass
class Known:
    """A write with all that its author knew."""

    dot: Dot
    knew: frozenset[Dot]
    values: dict[str, Any]
    based_on: dict[str, Any]


@dataclass
class Machine:
    author: Author
    skew_ms: int
    hlc: int = 0
    knows: set[Dot] = field(default_factory=set)
    rows: Values = field(default_factory=dict)
    made: list[Known] = field(default_factory=list)
    sent: int = 0

    def edit(self, chance: random.Random, now_ms: int, tier: str) -> None:
        id = chance.choice(IDS)
        values = {name: _value(name, chance) for name in chance.sample(FIELDS, chance.randint(1, 2))}
        old = {name: self.rows.get((id, name), (None, None))[1] for name in FIELDS}
        self.hlc = max(self.hlc + 1, stamp_of(now_ms + self.skew_ms))
        self.author.write(upd("customer", id, old, **values), tier=tier, hlc=self.hlc)
        dot = Dot(self.hlc, self.author.replica, self.author.n)
        self.made.append(Known(dot, frozenset(self.knows), {"id": id, **values}, {n: old[n] for n in values}))
        self.learn(dot, id, values)

    def learn(self, dot: Dot, id: str, values: dict[str, Any]) -> None:
        self.knows.add(dot)
        self.hlc = max(self.hlc, dot.hlc)
        for name, value in values.items():
            present = self.rows.get((id, name))
            if present is None or dot > present[0]:
                self.rows[id, name] = (dot, value)

    def pull(self, store: Store, many: int) -> None:
        page = store.log_page(self.author.ctx, many, 10**9, None)
        for item in pull(store, self.author.ctx, items_max=many):
            dot = Dot(from_hex(item["hlc_eff"]), item["r"], item["n"])
            for op in item["ops"]:
                if op["t"] == "customer":
                    self.learn(dot, op["id"], op["set"])
        self.author.ctx = page.next


@dataclass
class Oracle:
    winners: dict[tuple[str, str], Known] = field(default_factory=dict)
    pairs: set[tuple[str, str, frozenset[str]]] = field(default_factory=set)

    def meet(self, write: Known) -> None:
        id = write.values["id"]
        for name in write.based_on:
            present = self.winners.get((id, name))
            if present and self._crossed(write, present, name):
                self.pairs.add((id, name, frozenset((_text(write.dot), _text(present.dot)))))
            if present is None or write.dot > present.dot:
                self.winners[id, name] = write

    @staticmethod
    def _crossed(write: Known, present: Known, name: str) -> bool:
        if present.dot in write.knew or write.dot in present.knew:
            return False
        mine, theirs = write.values[name], present.values[name]
        return bool(mine != theirs and write.based_on[name] != theirs and present.based_on[name] != mine)


def _value(name: str, chance: random.Random) -> Any:
    return chance.randint(1, 3) if name == "credit_limit" else chance.choice(["1", "2", "3", None])


def _text(dot: Dot) -> str:
    return f"{dot.hlc:016x}:{dot.replica}:{dot.n}"


def run(store: Store, seed: int) -> tuple[Oracle, list[Machine]]:
    chance = random.Random(seed)
    tier = store.head().tier
    push(store, Author(now_ms=START_MS - 50_000).write(*(ins("customer", id) for id in IDS)))
    machines = [Machine(Author(machine=str(n)), chance.choice([0, 5_000, -5_000])) for n in range(4)]
    for machine in machines:
        machine.pull(store, 10)
    oracle, now_ms = Oracle(), START_MS
    for _ in range(120):
        now_ms += chance.randint(1, 50)
        machine = chance.choice(machines)
        doing = chance.random()
        if doing < 0.45:
            machine.edit(chance, now_ms, tier)
        elif doing < 0.7 and machine.sent < len(machine.made):
            upto = min(len(machine.made), machine.sent + chance.randint(1, 6))
            first = max(0, machine.sent - chance.randint(0, 2))  # now and then some come a second time
            push(store, *machine.author.sealed[first:upto], machine=machine.author.machine, now_ms=NOW_MS)
            for write in machine.made[machine.sent : upto]:
                oracle.meet(write)
            machine.sent = upto
        else:
            machine.pull(store, chance.randint(1, 20))
    return oracle, machines


@pytest.mark.parametrize("seed", range(20))
def test_conflict_rows_are_exactly_the_true_pairs(tmp_path: Path, seed: int) -> None:
    store = SqliteStore(tmp_path / "server.db", MANIFEST)
    oracle, machines = run(store, seed)
    found = [
        (op["set"]["record"], op["set"]["field"], frozenset((op["set"]["winner"], op["set"]["loser"])))
        for item in pull(store)
        for op in item["ops"]
        if op["t"] == "conflict"
    ]
    assert len(found) == len(set(found)) and set(found) == oracle.pairs
    # Whoever pulls to the end holds what the server holds, and what the true winners wrote.
    for machine in machines:
        push(
            store, *machine.author.sealed[machine.sent :] or machine.author.sealed[-1:], machine=machine.author.machine
        )
    for machine in machines:
        machine.pull(store, 100_000)
        for id in IDS:
            stored = row(store, "customer", id)
            assert stored is not None
            mine = {name: machine.rows[id, name][1] for name in FIELDS if (id, name) in machine.rows}
            assert {name: value for name, value in mine.items() if value is not None} == {
                name: stored["data"][name] for name in FIELDS if name in stored["data"]
            }
    store.close()
