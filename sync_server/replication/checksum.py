"""One number per table by which two machines see whether they hold the same winning writes (sync.md B6). Pure.

A sum over rows, so it is kept with every write and does not depend on the order of anything. It speaks of clocks, not
of values: equal clocks mean equal values, since a write never changes.
"""

import hashlib

from .changeset import canonical
from .clock import ZERO, Dot
from .conflicts import dot_text
from .merge import RowClock

_MASK = (1 << 64) - 1


def row_sum(id: str, clock: RowClock, units: frozenset[str]) -> int:
    """What a row adds to the sum of its table; 0 for a row that only ever shipped with the program.

    `units` are the merge units of the table. Only the dot of each counts, not how the clock keeps them: two machines
    may have split the same dots differently between the row and its fields.
    """
    base, others = _split(clock, units)
    if base == ZERO and not others and not clock.life:
        return 0
    text = f"{id} {dot_text(base)}".encode()
    if others or clock.life or clock.erased:
        life = dot_text(clock.life) if clock.life else None
        text += canonical([others, life, int(clock.is_out), dict(clock.erased)])
    return int.from_bytes(hashlib.sha256(text).digest()[:8])


def moved(total: int, old: int, new: int) -> int:
    """The sum of a table after one of its rows went from `old` to `new`; 0 stands for no row."""
    return (total - old + new) & _MASK


def to_text(total: int) -> str:
    """The wire form: 16 hex digits."""
    return f"{total:016x}"


def _split(clock: RowClock, units: frozenset[str]) -> tuple[Dot, dict[str, str]]:
    """The earliest dot, mostly that of the `ins`, and the units whose dot is another one."""
    fields = clock.fields
    if not fields:  # most rows were written once
        return clock.base, {}
    if len(fields) < len(units) and all(dot >= clock.base for dot in fields.values()):  # and most others added to later
        return clock.base, {unit: dot_text(dot) for unit, dot in fields.items() if dot != clock.base and unit in units}
    dots = {unit: clock.of(unit) for unit in units}
    base = min(dots.values(), default=clock.base)
    return base, {unit: dot_text(dot) for unit, dot in dots.items() if dot != base}
