"""Which of two writes of one field counts (sync.md "Merge policies"). Pure.

A row has one base dot and a dot of its own only for the fields that differ from it: one clock per row costs
1.05 times the plain table, one per cell 5 to 6 times (performance.md, trap 3).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from .changeset import Scalar
from .clock import ZERO, Dot

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

    def newest(self) -> Dot:
        """The latest dot anywhere in the row."""
        dots: list[Dot] = [self.base, *self.fields.values()]
        return max([*dots, self.life] if self.life else dots)

    def seen(self) -> dict[str, int]:
        """Newest changeset number per replica among the row's dots: what a delete of it has seen."""
        seen: dict[str, int] = {}
        for dot in (self.base, *self.fields.values()):
            if dot.replica:
                seen[dot.replica] = max(seen.get(dot.replica, 0), dot.n)
        return seen

    def stamped(self, units: Iterable[str], dot: Dot, all_units: frozenset[str]) -> "RowClock":
        """After `units` were written by `dot`. A write of every unit becomes the new base."""
        fields = {**self.fields, **dict.fromkeys(units, dot)}
        if all_units <= fields.keys() and len(set(fields.values())) == 1:
            return replace(self, base=dot, fields={})
        return replace(self, fields=fields)

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
        return new is not None and (old is None or (isinstance(new, int) and isinstance(old, int) and new > old))
    if policy == "rank" and order is not None:
        old_rank, new_rank = order.get(old, -1), order.get(new, -1)
        return new_dot > old_dot if old_rank == new_rank else new_rank > old_rank
    return new_dot > old_dot


def delete_holds(seen: Mapping[str, int], clock: RowClock) -> bool:
    """Whether a delete covers every write of the row; a write its author had not seen lets the row live."""
    return all(n <= seen.get(replica, 0) for replica, n in clock.seen().items())
