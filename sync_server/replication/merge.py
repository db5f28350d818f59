"""Which of two writes of one field counts (sync.md "Merge policies"). Pure.

A row has one base dot and a dot of its own only for the fields that differ from it: one clock per row costs
1.05 times the plain table, one per cell 5 to 6 times (performance.md, trap 3).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Literal

from .changeset import Op, Scalar
from .clock import ZERO, Dot
from .conflicts import LIFE, Pair, Side, is_based_on

Policy = Literal["lww", "flag", "set", "max", "rank", "document", "local"]


@dataclass(frozen=True)
class RowClock:
    """Who wrote a row: `base` for the row, `fields` for the units that differ, `life` for its last delete or
    undelete (`is_out` tells which), `erased` for what all its deletes together had seen.

    A delete stays on record even while it does not hold: an edit may arrive after it, or another delete join it.
    """

    base: Dot = ZERO
    fields: Mapping[str, Dot] = field(default_factory=dict)
    life: Dot | None = None
    is_out: bool = False
    erased: Mapping[str, int] = field(default_factory=dict)

    def of(self, unit: str) -> Dot:
        """The dot of one field or merge unit."""
        return self.fields.get(unit, self.base)

    def dots(self) -> tuple[Dot, ...]:
        """The dots of what was written, without deletes and undeletes."""
        return (self.base, *self.fields.values())

    def newest(self) -> Dot:
        """The latest dot anywhere in the row."""
        return max((*self.dots(), self.life) if self.life else self.dots())

    def seen(self) -> dict[str, int]:
        """Newest changeset number per replica among the row's dots: what a delete of it has seen."""
        seen: dict[str, int] = {}
        for dot in self.dots():
            if dot.replica:
                seen[dot.replica] = max(seen.get(dot.replica, 0), dot.n)
        return seen

    def stamped(self, units: Iterable[str], dot: Dot, all_units: frozenset[str]) -> "RowClock":
        """After `units` were written by `dot`. A base that no unit has any more gives way to the latest dot: it must
        not speak for the row, or a delete would hold on one machine and not on another."""
        fields = {**self.fields, **dict.fromkeys(units, dot)}
        if len(fields) < len(all_units) or not all_units <= fields.keys():
            return RowClock(self.base, fields, self.life, self.is_out, self.erased)
        base = max(fields[unit] for unit in all_units)
        fields = {unit: one for unit, one in fields.items() if one != base}
        return RowClock(base, fields, self.life, self.is_out, self.erased)

    def lived(self, dot: Dot, seen: Mapping[str, int] | None) -> "RowClock":
        """After a delete that had `seen` this much, or an undelete (None). Of several the latest decides."""
        erased = dict(self.erased)
        for replica, n in (seen or {}).items():
            erased[replica] = max(erased.get(replica, 0), n)
        if self.life is not None and self.life > dot:
            return replace(self, erased=erased)
        return replace(self, life=dot, is_out=seen is not None, erased=erased)

    @property
    def is_deleted(self) -> bool:
        """Whether the row is gone: the same on every machine, in whatever order edits and deletes came."""
        return self.is_out and delete_holds(self.erased, self)


def wins(
    policy: Policy,
    old: Scalar,
    old_dot: Dot,
    new: Scalar,
    new_dot: Dot,
    order: Mapping[Scalar, int] | None = None,
) -> bool:
    """Whether the incoming value replaces the present one.

    `order` ranks the values of a `rank` field; a value it does not know ranks lowest.
    """
    if policy == "max":
        return (_size(new), new_dot) > (_size(old), old_dot)
    if policy == "rank" and order is not None:
        old_rank, new_rank = order.get(old, -1), order.get(new, -1)
        return new_dot > old_dot if old_rank == new_rank else new_rank > old_rank
    return new_dot > old_dot


def _size(value: Scalar) -> tuple[int, int, str]:
    """Order of the values of a `max` field: nothing, numbers, text."""
    if value is None:
        return (0, 0, "")
    return (1, value, "") if isinstance(value, int) else (2, 0, value)


def delete_holds(seen: Mapping[str, int], clock: RowClock) -> bool:
    """Whether a delete covers every write of the row; a write its author had not seen lets the row live."""
    return all(n <= seen.get(replica, 0) for replica, n in clock.seen().items())


# ------------------------------------------------------------------------------------------------------- whole rows

QUIET: frozenset[str] = frozenset(("set", "max"))
"""Policies under which nothing is lost, so they make no conflicts."""


@dataclass(frozen=True)
class Rules:
    """How the columns of one table merge: the merge unit of each column, the policy of each unit, the order of ranked
    values by unit. Columns of one unit are always written together."""

    unit_of: Mapping[str, str]
    policies: Mapping[str, Policy] = field(default_factory=dict)
    ranks: Mapping[str, Mapping[Scalar, int]] = field(default_factory=dict)
    is_link: bool = False
    """Rows of a link table are elements of a set: the later of adding and taking out counts."""

    @cached_property
    def columns(self) -> Mapping[str, tuple[str, ...]]:
        """The columns of each unit; the first one decides where values are ranked."""
        found: dict[str, tuple[str, ...]] = {}
        for column, unit in self.unit_of.items():
            found[unit] = (*found.get(unit, ()), column)
        return found

    @cached_property
    def units(self) -> frozenset[str]:
        return frozenset(self.unit_of.values())


@dataclass(frozen=True)
class RowState:
    """A row as the merge knows it: values that are not empty, clock, whether its `ins` has come (an op may precede it
    after an epoch change), and the record that took it along when it was deleted."""

    data: Mapping[str, Scalar] = field(default_factory=dict)
    clock: RowClock = field(default_factory=RowClock)
    is_born: bool = False
    via: str | None = None

    def is_gone(self, rules: Rules) -> bool:
        """Whether the row is deleted."""
        clock = self.clock
        if rules.is_link:
            return clock.is_out and clock.life is not None and clock.life > max(clock.dots())
        return clock.is_deleted


@dataclass(frozen=True)
class Merged:
    """What one op did to a row: the new state, the columns whose value it gave, the pairs it made."""

    state: RowState
    won: Mapping[str, Scalar]
    pairs: tuple[Pair, ...] = ()


Judge = Callable[[Dot], bool]
"""Whether the write that made this dot is concurrent with the one coming in."""


def _never(_: Dot) -> bool:
    return False


def merge_row(state: RowState | None, op: Op, dot: Dot, rules: Rules, is_concurrent: Judge = _never) -> Merged:
    """One op laid over a row, in any order and any number of times with the same outcome.

    Pairs arise only where a judge says what was concurrent; workstations pass none, the server judges. Columns the
    rules do not know are left out.
    """
    if state is None and op.kind == "ins":
        data = {name: value for name, value in op.set.items() if value is not None and name in rules.unit_of}
        return Merged(RowState(data, _made_by(dot), True), data)
    state = state or RowState()
    pairs: tuple[Pair, ...] = ()
    if op.kind in ("del", "undel"):
        state, pairs = _change_life(state, op, dot, rules, is_concurrent)
    elif op.kind == "ins":
        state = replace(state, is_born=True)
    if not op.set and op.kind != "ins":
        return Merged(state, {}, pairs)
    merged = _write(state, op, dot, rules, is_concurrent)
    return replace(merged, pairs=pairs + merged.pairs) if pairs else merged


@lru_cache(maxsize=16)
def _made_by(dot: Dot) -> RowClock:
    """The clock of rows that one changeset made: they all have the same."""
    return RowClock(dot)


def _change_life(
    state: RowState, op: Op, dot: Dot, rules: Rules, is_concurrent: Judge
) -> tuple[RowState, tuple[Pair, ...]]:
    is_out = op.kind == "del"
    clock = state.clock.lived(dot, op.seen if is_out else None)
    if clock.life != dot:
        return replace(state, clock=clock), ()
    state = replace(state, clock=clock, via=op.via if is_out else None)
    if not is_out or rules.is_link:
        return state, ()
    unseen = [one for one in clock.dots() if one.n > clock.erased.get(one.replica, 0) and is_concurrent(one)]
    if not unseen:
        return state, ()
    edit = max(unseen)
    values = {name: state.data.get(name) for name, unit in rules.unit_of.items() if clock.of(unit) == edit}
    return state, (Pair(LIFE, Side(edit, values), Side(dot, {LIFE: 1}), is_flag=True),)


def _write(state: RowState, op: Op, dot: Dot, rules: Rules, is_concurrent: Judge) -> Merged:
    # An `ins` writes the whole row, empty columns too; otherwise two of one id would leave a mixture that depends on
    # who came first.
    given = {name: op.set.get(name) for name in rules.unit_of} if op.kind == "ins" else op.set
    won: dict[str, Scalar] = {}
    units: list[str] = []
    pairs: list[Pair] = []
    is_judged = is_concurrent is not _never
    for unit in dict.fromkeys(rules.unit_of[name] for name in given if name in rules.unit_of):
        new = {name: given[name] for name in rules.columns[unit] if name in given}
        old = {name: state.data.get(name) for name in new}
        present = state.clock.of(unit)
        is_won = _unit_wins(unit, old, present, new, dot, rules)
        if is_won:
            won |= new
            units.append(unit)
        # One author's writes are never concurrent; asked first, since what a write rests on is dear to work out.
        is_open = is_judged and old != new and present.replica != dot.replica
        if is_open and _may_conflict(unit, op, old, new, present, rules) and is_concurrent(present):
            mine, theirs = Side(dot, new), Side(present, old)
            winner, loser = (mine, theirs) if is_won else (theirs, mine)
            pairs.append(Pair(unit, winner, loser, rules.policies.get(unit) == "flag"))
    if not won:
        return Merged(state, {}, tuple(pairs))
    if pair := _against_delete(state, dot, won, rules, is_concurrent):
        pairs.append(pair)
    data = {name: value for name, value in {**state.data, **won}.items() if value is not None}
    clock = state.clock.stamped(units, dot, rules.units)
    return Merged(RowState(data, clock, state.is_born, state.via), won, tuple(pairs))


def _unit_wins(
    unit: str, old: Mapping[str, Scalar], old_dot: Dot, new: Mapping[str, Scalar], new_dot: Dot, rules: Rules
) -> bool:
    leading = next(iter(new))
    return wins(rules.policies.get(unit, "lww"), old[leading], old_dot, new[leading], new_dot, rules.ranks.get(unit))


def _may_conflict(
    unit: str, op: Op, old: Mapping[str, Scalar], new: Mapping[str, Scalar], present: Dot, rules: Rules
) -> bool:
    """Seed values and sets lose nothing; nor is a change of the very value that the other wrote a conflict."""
    if not present.replica or rules.is_link or rules.policies.get(unit) in QUIET:
        return False
    return not is_based_on(op.based_on, old, new)


def _against_delete(
    state: RowState, dot: Dot, won: Mapping[str, Scalar], rules: Rules, is_concurrent: Judge
) -> Pair | None:
    """An edit that the delete on record had not seen keeps the row alive; both are kept to look at."""
    clock = state.clock
    if rules.is_link or clock.life is None or not clock.is_out or dot.n <= clock.erased.get(dot.replica, 0):
        return None
    if not is_concurrent(clock.life):
        return None
    return Pair(LIFE, Side(dot, won), Side(clock.life, {LIFE: 1}), is_flag=True)
