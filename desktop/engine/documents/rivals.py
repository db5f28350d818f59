"""What a document might say instead: versions that lost, and edits that came too late (sync.md B4). Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .declare import Columns, Document, Sheet
from .versions import Chain, Version

LATE = "late"
"""What a question is about, where it is no version."""


@dataclass(frozen=True)
class Row:
    """A header or line as it was merged, whatever it shows."""

    merged: Columns
    is_gone: bool = False


@dataclass(frozen=True)
class Draft:
    """What was merged of a document, and the columns that versions speak of."""

    document: Document
    header: Row
    lines: Sequence[Row]
    names: Collection[str]
    line_names: Collection[str]


@dataclass(frozen=True)
class Late:
    """What a draft says that no version does."""

    header: Columns = field(default_factory=dict)
    lines: Mapping[str, Columns] = field(default_factory=dict)
    added: tuple[Columns, ...] = ()
    dropped: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.header or self.lines or self.added or self.dropped)

    def laid_over(self, sheet: Sheet) -> Sheet:
        """A sheet as it would be with these edits, before anything is worked out."""
        kept = [line | self.lines.get(str(line["id"]), {}) for line in sheet.lines if line["id"] not in self.dropped]
        return Sheet(sheet.header | self.header, [*kept, *self.added])


def lost_of(chain: Chain, document: Document) -> list[Version]:
    """The versions that somebody still has to decide about: the latest of each line that does not count, unless it
    says what counts anyway. What a posting drew for itself nobody said."""
    lost = [one for one in chain.lost if one.state == "posted"]
    bases = {one.base for one in lost}
    own = document.brings.own if document.brings else ()
    said = [_without(one.sheet, own) for one in chain.line if one.state == "posted"]
    return [one for one in lost if one.id not in bases and not one.answered and _without(one.sheet, own) not in said]


def _without(sheet: Sheet, names: Collection[str]) -> Sheet:
    return Sheet({name: value for name, value in sheet.header.items() if name not in names}, sheet.lines)


def late_of(draft: Draft, chain: Chain, *more: Sheet) -> Late:
    """Edits that are in no version, nor in `more`."""
    sheets = [*(one.sheet for one in chain.versions if one.state == "posted"), *more]
    living = [row.merged for row in draft.lines if not row.is_gone]
    out = draft.document.work_out(Sheet(draft.header.merged, living))
    header = _unsaid(draft.header.merged, out.header, [one.header for one in sheets], draft.names)
    lines: dict[str, Columns] = {}
    added: list[Columns] = []
    by_id: dict[Any, list[Columns]] = {}
    for sheet in sheets:
        for line in sheet.lines:
            by_id.setdefault(line["id"], []).append(line)
    for merged, worked in zip(living, out.lines, strict=True):
        known = by_id.get(merged["id"], [])
        if not known:
            added.append(dict(worked))
        elif unsaid := _unsaid(merged, worked, known, draft.line_names):
            lines[str(merged["id"])] = unsaid
    shown = {line["id"] for line in (more[-1] if more else chain.shown.sheet).lines}
    dropped = frozenset(str(row.merged["id"]) for row in draft.lines if row.is_gone and row.merged["id"] in shown)
    return Late(header, lines, tuple(added), dropped)


def _unsaid(merged: Columns, worked: Columns, said: Iterable[Columns], names: Collection[str]) -> Columns:
    """Merged values that nothing says: neither as they were typed nor as they are worked out."""
    every, found = list(said), {}
    for name in names:
        typed, made = merged.get(name), worked.get(name)
        for one in every:
            value = one.get(name)
            if value in (typed, made):
                break
        else:
            found[name] = typed
    return found


def open_of(draft: Draft, chain: Chain) -> list[str]:
    """What somebody has to decide about a document: ids of versions, and `LATE`."""
    return [*(one.id for one in lost_of(chain, draft.document)), *([LATE] if late_of(draft, chain) else [])]
