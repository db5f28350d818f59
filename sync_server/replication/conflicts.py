"""Which two writes were made without knowing of each other, and which of those pairs are kept (sync.md B3). Pure.

The stamp decides who wins; it never proves concurrency. What an author knew is one number: the position up to which
it had applied everything (`ctx`). Only the server judges.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from .changeset import Op, Scalar, canonical, value_hash
from .clock import Dot, to_hex

TABLE = "conflict"
"""The replicated table of kept pairs. The server alone adds rows to it."""

COLUMNS: Mapping[str, str] = {
    "t": "TEXT",
    "record": "TEXT",
    "module": "TEXT",
    "field": "TEXT",
    "winner": "TEXT",
    "winner_values": "TEXT",
    "winner_actor": "TEXT",
    "winner_at": "INTEGER",
    "loser": "TEXT",
    "loser_values": "TEXT",
    "loser_actor": "TEXT",
    "loser_at": "INTEGER",
    "is_flag": "INTEGER",
    "state": "TEXT",
    "resolved_by": "TEXT",
}
"""Storage type of each column. `winner` and `loser` are dots, `…_values` canonical JSON {column: value}, `…_at` the
wall time in ms the author believed; the value both started from stands in the history of the record."""

ANSWERS: frozenset[str] = frozenset(("state", "resolved_by"))
"""The columns by which a person answers; a client may write no other."""

OPEN, AUTO = "open", "auto"
"""States of a new row: 待决定 for fields that matter, 已自动合并 for the rest."""

LIFE = "deleted_at"
"""The field under which an edit against a delete is kept."""

EPOCH_BITS = 32
"""A restored server jumps by 2^32 positions, so the high part of a position tells its epoch."""

_SPACE = uuid.UUID("8e0f6f0a-5f7b-5d0e-9a53-45434d530002")


@dataclass(frozen=True)
class Write:
    """A changeset as the judge knows it.

    `seq` is its position here (None while it is only coming in), `ctx` the position up to which its author had
    applied everything, `old_seq` its position before a restored server lost it, `res` the conflict row it answers.
    """

    replica: str
    ctx: int
    seq: int | None = None
    old_seq: int | None = None
    res: str | None = None


def is_concurrent(new: Write, present: Write) -> bool:
    """Whether neither author knew of the other's write. Two answers to one conflict row count as knowing."""
    if new.replica == present.replica:
        return False
    if new.res is not None and new.res == present.res:
        return False
    return not _knew(new.ctx, present) and not _knew(present.ctx, new)


def _knew(ctx: int, write: Write) -> bool:
    if write.seq is not None and write.seq <= ctx:
        return True
    # A position of a lost epoch says something only to who was in that epoch.
    return write.old_seq is not None and write.old_seq >> EPOCH_BITS == ctx >> EPOCH_BITS and write.old_seq <= ctx


def lost_place(tier: str, seq: int) -> str:
    """The name under which a context tells how far its author had come in the epoch of a position, once that epoch was
    lost: a restored server hears only later of what he had known long ago."""
    return f"{tier}.{seq >> EPOCH_BITS}"


def is_based_on(based_on: Mapping[str, str], old: Mapping[str, Scalar], new: Mapping[str, Scalar]) -> bool:
    """Whether a write of `new` overwrote these very `old` values: then it is no conflict with them."""
    differing = [name for name, value in new.items() if old.get(name) != value]
    return all(based_on.get(name) == value_hash(old.get(name)) for name in differing)


@dataclass(frozen=True)
class Side:
    """One write of a pair: its dot and the values it gave."""

    dot: Dot
    values: Mapping[str, Scalar]


@dataclass(frozen=True)
class Pair:
    """Two concurrent writes of one merge unit with different values."""

    unit: str
    winner: Side
    loser: Side
    is_flag: bool


@dataclass(frozen=True)
class Author:
    """Who made a write, and when by the own wall clock in ms."""

    actor: str
    at: int


def conflict_id(table: str, id: str, unit: str, one: Dot, other: Dot) -> str:
    """The same id for the same two writes, whichever came first and whoever judges."""
    first, second = sorted((one, other))
    return uuid.uuid5(_SPACE, canonical([table, id, unit, dot_text(first), dot_text(second)]).decode()).hex


def conflict_op(table: str, id: str, module: str, pair: Pair, winner: Author, loser: Author) -> Op:
    """The op that adds the conflict row of a pair."""
    values: dict[str, Scalar] = {
        "t": table,
        "record": id,
        "module": module,
        "field": pair.unit,
        "winner": dot_text(pair.winner.dot),
        "winner_values": canonical(dict(pair.winner.values)).decode(),
        "winner_actor": winner.actor,
        "winner_at": winner.at,
        "loser": dot_text(pair.loser.dot),
        "loser_values": canonical(dict(pair.loser.values)).decode(),
        "loser_actor": loser.actor,
        "loser_at": loser.at,
        "is_flag": int(pair.is_flag),
        "state": OPEN if pair.is_flag else AUTO,
    }
    return Op(TABLE, conflict_id(table, id, pair.unit, pair.winner.dot, pair.loser.dot), "ins", values)


@lru_cache(maxsize=16)  # all rows of one changeset have one dot
def dot_text(dot: Dot) -> str:
    """A dot as text: stamp, replica, number."""
    return f"{to_hex(dot.hlc)}:{dot.replica}:{dot.n}"
