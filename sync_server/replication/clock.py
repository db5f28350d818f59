"""Hybrid logical clock and dots.

A stamp is one 63-bit integer: 48 bits of milliseconds since 1970 and 16 bits of counter (sync.md B2).
It decides who wins and what is shown, never what is delivered.
"""

from dataclasses import dataclass
from typing import NamedTuple

COUNTER_BITS = 16


class Dot(NamedTuple):
    """One write: its stamp, the replica that made it and the number of the changeset.

    Dots compare as tuples: later stamp first, then replica (never the value), then number.
    """

    hlc: int
    replica: str
    n: int


ZERO = Dot(0, "", 0)
"""The clock of seed rows: any person's edit is later."""


def pack(wall_ms: int, counter: int = 0) -> int:
    """Stamp of a wall time; a counter that overflows carries into the next millisecond."""
    return (wall_ms << COUNTER_BITS) + counter


def wall_ms(hlc: int) -> int:
    """Milliseconds since 1970 inside a stamp."""
    return hlc >> COUNTER_BITS


def to_hex(hlc: int) -> str:
    """The wire form: 16 hex digits, since a JSON number above 2^53 is rounded by JavaScript."""
    return f"{hlc:016x}"


def from_hex(text: str) -> int:
    """Read the wire form; raises ValueError on anything but 16 hex digits."""
    if len(text) != 16:
        raise ValueError(f"a stamp has 16 hex digits, not {len(text)}")
    return int(text, 16)


@dataclass(frozen=True)
class Clock:
    """The last stamp a replica has given or seen. Pure: every step returns the next clock."""

    last: int = 0

    def tick(self, now_ms: int) -> "Clock":
        """The stamp of a local write at wall time `now_ms`: always after the last one, even if the wall ran back."""
        return Clock(max(pack(now_ms), self.last + 1))

    def receive(self, seen: int) -> "Clock":
        """After applying a change stamped `seen`. Called inside the transaction that applied it, never before."""
        return Clock(max(self.last, seen))
