"""What documents rest on that are decided before the writer is there: while it stays so, what was decided holds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sync_server.replication.changeset import Op, Scalar

from .. import aliases, settings
from .declare import Asking, Columns, Wanted


@dataclass(frozen=True)
class _Search:
    """What a rule looked for, and which rows it found, in which version."""

    module: str
    wanted: Mapping[str, Wanted]
    found: tuple[tuple[str, int], ...]


@dataclass
class Foretold:
    """What some decisions rest on."""

    local: Collection[str] = ()
    """Modules that no checksum watches: what ledgers keep."""
    rests: dict[tuple[str, str], int | None] = field(default_factory=dict)
    """Records with their versions (None: not there)."""
    asked: set[str] = field(default_factory=lambda: {aliases.TABLE, settings.TABLE})
    """Modules that count as a whole."""
    is_of_figures: bool = False
    """Whether it rests on balances that documents decided before may turn, on entries, or on which version counts: then
    documents would have to know of one another, and can only be decided one after the other."""
    has_merged: bool = False
    """Whether one record may go by several ids."""
    _said: set[Scalar] = field(default_factory=set)
    """What stands in documents that were decided."""
    _figures: dict[tuple[str, tuple[tuple[str, Scalar], ...]], Mapping[str, int]] = field(default_factory=dict)
    _searches: list[_Search] = field(default_factory=list)

    def noting(self, asking: Asking) -> Asking:
        """The same, and whatever is looked up is noted."""

        def look(module: str, id: str) -> Mapping[str, Any] | None:
            row = asking.look(module, id)
            self.rests[module, str(row["id"]) if row else id] = int(row["rev"]) if row else None
            return row

        def find(module: str, wanted: Mapping[str, Wanted]) -> list[Columns]:
            rows = asking.find(module, wanted)
            self.is_of_figures = self.is_of_figures or module in self.local
            self._searches.append(_Search(module, dict(wanted), _versions(rows)))
            return rows

        def balance(name: str, keys: Mapping[str, Scalar]) -> Mapping[str, int]:
            sums = asking.balance(name, keys)
            # a document turns balances of what it names, and of nothing else
            self.is_of_figures |= self.has_merged or not self._said.isdisjoint(keys.values())
            self._figures.setdefault((name, tuple(keys.items())), dict(sums))
            return sums

        def version(id: str) -> str | None:
            self.is_of_figures = True
            return asking.version(id)

        def newest(module: str, wanted: Mapping[str, Wanted]) -> Iterator[Columns]:
            self.asked.add(module)  # which rows there are that nobody went on to is not known
            return asking.newest(module, wanted)

        def each(module: str, wanted: Mapping[str, Wanted]) -> Iterator[Columns]:
            self.asked.add(module)
            return asking.each(module, wanted)

        def earliest(module: str, wanted: Mapping[str, Wanted]) -> Iterator[Columns]:
            self.asked.add(module)
            return asking.earliest(module, wanted)

        def sums(module: str, wanted: Mapping[str, Wanted], of: str, by: str) -> Mapping[str, int]:
            self.asked.add(module)
            return asking.sums(module, wanted, of, by)

        return replace(
            asking, look=look, find=find, balance=balance, newest=newest, version=version, sums=sums, find_ids=None,
            each=each, earliest=earliest,
        )  # fmt: skip

    def decided(self, ops: Iterable[Op]) -> None:
        """Of a document: what comes after it may rest on it."""
        self._said.update(value for op in ops for value in op.set.values())

    def is_still_found(self, asking: Asking, touched: Collection[str]) -> bool:
        """Whether what was looked for in modules that were touched since is found again as it was, and balances are
        what they were."""
        if any(dict(asking.balance(name, dict(keys))) != sums for (name, keys), sums in self._figures.items()):
            return False
        searches = (one for one in self._searches if one.module in touched)
        return all(_versions(asking.find(one.module, one.wanted)) == one.found for one in searches)


def _versions(rows: list[Columns]) -> tuple[tuple[str, int], ...]:
    return tuple((str(row["id"]), int(row["rev"] or 0)) for row in rows)
