"""One row, many writers: whatever order the ops come in and how often, every machine ends with the same row.

The oracle knows nothing of clocks per row: it takes the list of all writes and asks for each unit which is greatest.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sync_server.replication.changeset import Op, Scalar, value_hash
from sync_server.replication.clock import ZERO, Dot
from sync_server.replication.conflicts import LIFE, conflict_id
from sync_server.replication.merge import RowState, Rules, merge_row

RULES = Rules(
    unit_of={"name": "name", "limit": "limit", "day": "birth", "month": "birth", "seen": "seen", "state": "state"},
    policies={"limit": "flag", "seen": "max", "state": "rank"},
    ranks={"state": {"trial": 0, "regular": 1, "left": 2}},
)
LINK = Rules(unit_of={"record": "record", "target": "target"}, is_link=True)
REPLICAS = ("a", "b", "c")
UNITS: dict[str, tuple[dict[str, Scalar], ...]] = {
    "name": ({"name": "x"}, {"name": "y"}, {"name": None}),
    "limit": ({"limit": 1}, {"limit": 2}),
    "birth": ({"day": 1, "month": 2}, {"day": 3, "month": None}),
    "seen": ({"seen": 5}, {"seen": 7}, {"seen": None}),
    "state": ({"state": "trial"}, {"state": "regular"}, {"state": "left"}, {"state": "unknown"}),
}
Sent = tuple[Op, Dot]


@dataclass
class Writer:
    """A machine that holds one row, writes it and hears of others' writes when the plan says so."""

    replica: str
    hlc: int = 0
    n: int = 0
    state: RowState | None = None
    heard: set[int] = field(default_factory=set)

    def write(self, op: Op, now: int, rules: Rules) -> Sent:
        self.n += 1
        self.hlc = max(self.hlc + 1, now)
        dot = Dot(self.hlc, self.replica, self.n)
        self.state = merge_row(self.state, op, dot, rules).state
        return op, dot

    def hear(self, sent: list[Sent], number: int, rules: Rules) -> None:
        op, dot = sent[number]
        self.heard.add(number)
        self.hlc = max(self.hlc, dot.hlc)
        self.state = merge_row(self.state, op, dot, rules).state


def history(seed: int, rules: Rules = RULES) -> list[Sent]:
    """Writes of three machines that hear of each other at random: what real machines could have sent."""
    chance = random.Random(seed)
    sent: list[Sent] = []
    writers = [Writer(name) for name in REPLICAS]
    for step in range(chance.randint(3, 25)):
        writer = chance.choice(writers)
        for number in range(len(sent)):
            if number not in writer.heard and chance.random() < 0.4:
                writer.hear(sent, number, rules)
        op = _link_op(chance) if rules.is_link else _op(chance, writer)
        sent.append(writer.write(op, chance.randint(0, 10) + step, rules))
        writer.heard.add(len(sent) - 1)
    return sent


def _op(chance: random.Random, writer: Writer) -> Op:
    kind = chance.choice(["upd"] * 5 + ["ins", "del", "undel"])
    if kind == "del":
        seen = writer.state.clock.seen() if writer.state else {}
        return Op("t", "1", "del", seen=seen, via=chance.choice([None, "p:1"]))
    sets: dict[str, Scalar] = {}
    if kind != "undel":
        for unit in chance.sample(sorted(UNITS), chance.randint(1, len(UNITS))):
            sets |= chance.choice(UNITS[unit])
    return Op("t", "1", kind, sets)  # type: ignore[arg-type]


def _link_op(chance: random.Random) -> Op:
    kind = chance.choice(["ins", "del", "undel"])
    return Op("t", "1", kind, {"record": "r", "target": "g"} if kind == "ins" else {})  # type: ignore[arg-type]


def play(sent: list[Sent], rules: Rules = RULES) -> RowState:
    state = None
    for op, dot in sent:
        state = merge_row(state, op, dot, rules).state
    assert state is not None
    return state


def seen_as(state: RowState, rules: Rules = RULES) -> dict[str, Any]:
    """All of a row that machines must agree on."""
    clock = state.clock
    return {
        "data": dict(state.data),
        "dots": {unit: clock.of(unit) for unit in rules.units},
        "life": (clock.life, clock.is_out, dict(clock.erased), state.via),
        "seen": clock.seen(),
        "born": state.is_born,
        "gone": state.is_gone(rules),
    }


def naive(sent: list[Sent]) -> dict[str, Any]:
    """The row by looking at every write there is."""
    data: dict[str, Scalar] = {}
    dots: dict[str, Dot] = {}
    for unit, columns in RULES.columns.items():
        writes = []
        for op, dot in sent:
            if op.kind == "ins" or any(name in op.set for name in columns):
                values = {name: op.set.get(name) for name in columns}
                writes.append((_weight(unit, values[columns[0]]), dot, values))
        weight, dots[unit], values = max(writes, key=lambda one: (one[0], one[1]), default=(0, ZERO, {}))
        if (weight, dots[unit]) > (_weight(unit, None), ZERO):
            data |= {name: value for name, value in values.items() if value is not None}
    lives = [(dot, op) for op, dot in sent if op.kind in ("del", "undel")]
    erased: dict[str, int] = {}
    for _, op in lives:
        for replica, n in op.seen.items():
            erased[replica] = max(erased.get(replica, 0), n)
    life, last = max(lives, key=lambda one: one[0], default=(None, None))
    is_out = last is not None and last.kind == "del"
    covered = all(dot.n <= erased.get(dot.replica, 0) for dot in dots.values())
    return {
        "data": data,
        "dots": dots,
        "life": (life, is_out, erased, last.via if last and is_out else None),
        "born": any(op.kind == "ins" for op, _ in sent),
        "gone": is_out and covered,
    }


def _weight(unit: str, value: Scalar) -> int:
    if unit == "seen":
        return -1 if value is None else int(value)
    return RULES.ranks["state"].get(value, -1) if unit == "state" else 0


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 10**9), st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(seed: int, chance: random.Random) -> None:
    sent = history(seed)
    expected = seen_as(play(sent))
    for _ in range(3):
        shuffled = [*sent, *chance.choices(sent, k=3)]
        chance.shuffle(shuffled)
        assert seen_as(play(shuffled)) == expected


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 10**9))
def test_merge_agrees_with_looking_at_every_write(seed: int) -> None:
    sent = history(seed)
    found, expected = seen_as(play(sent)), naive(sent)
    assert {name: found[name] for name in expected} == expected


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10**9), st.randoms(use_true_random=False))
def test_elements_of_sets_agree_in_any_order(seed: int, chance: random.Random) -> None:
    sent = history(seed, LINK)
    shuffled = [*sent, *chance.choices(sent, k=2)]
    chance.shuffle(shuffled)
    latest, dot = max(sent, key=lambda one: one[1])
    found = play(shuffled, LINK)
    assert found.is_gone(LINK) == (latest.kind == "del"), dot
    assert seen_as(found, LINK) == seen_as(play(sent, LINK), LINK)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_two_halves_merge_like_the_whole(seed: int, cut: int) -> None:
    sent = history(seed)
    middle = cut % (len(sent) + 1)
    assert seen_as(play(sent[middle:] + sent[:middle])) == seen_as(play(sent))


def always(_: Dot) -> bool:
    return True


BORN = play([(Op("t", "1", "ins", {"name": "x", "limit": 1, "seen": 5}), Dot(1, "a", 1))])


def test_a_flag_is_shown_for_decision_and_the_rest_is_not() -> None:
    op = Op("t", "1", "upd", {"name": "y", "limit": 2}, {"name": "00000000"})
    pairs = {pair.unit: pair for pair in merge_row(BORN, op, Dot(2, "b", 1), RULES, always).pairs}
    assert {unit: pair.is_flag for unit, pair in pairs.items()} == {"name": False, "limit": True}
    assert pairs["limit"].winner.values == {"limit": 2} and pairs["limit"].loser.values == {"limit": 1}
    late = merge_row(BORN, op, Dot(0, "b", 1), RULES, always).pairs
    assert {pair.unit: pair.winner.dot for pair in late} == {"name": Dot(1, "a", 1), "limit": Dot(1, "a", 1)}


def test_what_loses_nothing_makes_no_pair() -> None:
    same = Op("t", "1", "upd", {"name": "x"})
    based = Op("t", "1", "upd", {"name": "z"}, {"name": value_hash("x")})
    biggest = Op("t", "1", "upd", {"seen": 9})
    for op in (same, based, biggest):
        assert merge_row(BORN, op, Dot(2, "b", 1), RULES, always).pairs == ()
    link = play([(Op("t", "1", "ins", {"record": "r", "target": "g"}), Dot(1, "a", 1))], LINK)
    assert merge_row(link, Op("t", "1", "del"), Dot(2, "b", 1), LINK, always).pairs == ()
    seed = RowState({"name": "x"}, is_born=True)
    assert merge_row(seed, Op("t", "1", "upd", {"name": "y"}), Dot(2, "b", 1), RULES, always).pairs == ()


def test_an_edit_the_delete_had_not_seen_keeps_the_row_and_the_pair() -> None:
    delete = Op("t", "1", "del", seen={"a": 1})
    edit = Op("t", "1", "upd", {"name": "y"}, {"name": value_hash("x")})
    deleted = merge_row(BORN, delete, Dot(3, "b", 1), RULES, always)
    assert deleted.state.is_gone(RULES) and not deleted.pairs
    after = merge_row(deleted.state, edit, Dot(2, "c", 1), RULES, always)
    edited = merge_row(BORN, edit, Dot(2, "c", 1), RULES)
    before = merge_row(edited.state, delete, Dot(3, "b", 1), RULES, always)
    for merged in (after, before):
        assert not merged.state.is_gone(RULES)
        (pair,) = merged.pairs
        assert (pair.unit, pair.winner.dot, pair.loser.dot) == (LIFE, Dot(2, "c", 1), Dot(3, "b", 1))


def test_a_conflict_has_one_id_whoever_finds_it() -> None:
    one, other = Dot(1, "a" * 32, 1), Dot(2, "b" * 32, 7)
    assert conflict_id("t", "1", "name", one, other) == conflict_id("t", "1", "name", other, one)
    assert conflict_id("t", "1", "name", one, other) != conflict_id("t", "1", "phone", one, other)
