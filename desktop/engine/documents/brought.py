"""Documents that another brings when it is posted (T11): the receipt for what is paid on a sale.

Such a document has no versions of its own. Its row says where it comes from, and on every machine it is what the first
posting of that other document makes of it, as long as that one counts. So two machines that post one draft make one, it
follows whichever version wins and goes with its cancellation, in whatever order rows come; what the posting that lost
had drawn for it is told as void.

Versions of its own, each naming its cause, would have to be kept in step with those of the other document, and an older
program in the fleet would book the money twice: with the sale, as it always did, and as a receipt that it takes for one
like others. As it is, such a program sees a blank draft, books the sale as ever, and comes to the same balances. The
draft lacks even its kind, which is required and fixed by the first save: so nobody can fill it in there and post it.
For the same reason nothing is made of what an older program posted: it names no number, and goes on booking its money
itself. Which of the two it is, the first posting says for good, whatever program changes it later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..ids import derived_id
from .declare import Brings, Columns, Sheet
from .versions import Chain, Version, body_of

if TYPE_CHECKING:
    from ..registry import Registry
    from ..work import Work

NOTED = "noted"
"""Where the body of a first posting keeps what is noted for what it brings (`Brings.notes`)."""

_NOT_MADE = "两台机器各自过账了同一张单据，算数的那一次没有生成这一张"

Place = tuple[str, str]
"""Module and id of a document."""


def source_of(registry: Registry, module: str, row: Mapping[str, Any]) -> Place | None:
    """The document that brought one; None of those that somebody entered."""
    document = registry.documents.get(module)
    if document is None or not document.brought_by:
        return None
    by, id = (str(row.get(name) or "") for name in document.brought_by)
    brings = registry.documents[by].brings if by in registry.documents else None
    return (by, id) if brings and brings.module == module and brings.id_of(id) == row.get("id") else None


def source_in(work: Work, module: str, id: str) -> Place | None:
    """The same, in an open transaction."""
    document = work.registry.documents.get(module)
    return source_of(work.registry, module, work.hold(module, id).row) if document and document.brought_by else None


def drawn(brings: Brings | None, first: Version) -> Columns:
    """What the first posting fixed in the header for what it brings; blank where it was an older program's."""
    said = first.said.get("header", {}) if brings else {}
    return {name: said.get(name) for name in brings.own} if brings else {}


def is_bringing(brings: Brings | None, chain: Chain) -> bool:
    """Whether a version that was posted, whatever became of it, brought a document."""
    return brings is not None and any(_is_first(one) and drawn(brings, one)[brings.number] for one in chain.versions)


def _is_first(version: Version) -> bool:
    return version.base is None and version.state == "posted"


def sheet_of(registry: Registry, place: Place, first: Sheet) -> Sheet | None:
    """What a first posting brings; None where it brings nothing."""
    module, id = place
    brings = registry.documents[module].brings
    number = first.header.get(brings.number) if brings else None
    sheet = brings.sheet(module, id, first) if brings and number else None
    if brings is None or sheet is None:
        return None
    document, mine = registry.documents[brings.module], brings.id_of(id)
    source: Columns = dict(zip(document.brought_by, place, strict=True))
    lines = [
        {**line, "id": derived_id(mine, str(at)), document.parent: mine, "line_no": at}
        for at, line in enumerate(sheet.lines, 1)
    ]
    return document.work_out(Sheet({**sheet.header, **source, "id": mine, "number": number}, lines))


def chain_of(registry: Registry, place: Place, chain: Chain | None) -> Chain | None:
    """The versions of what a document brings, as they follow from its own: the one that counts last."""
    made = dict(_made(registry, place, chain)) if chain else {}
    if chain is None or not made:
        return None
    counts = made.pop(chain.first.id, None)
    lost = tuple(made.values())
    if counts is None:  # the posting that won brought nothing, or is an older program's
        counts = _with_void(registry, place, lost[-1], lost[:-1])
        return Chain((*lost[:-1], counts, _not_made(chain, counts)))
    counts = _with_void(registry, place, counts, lost)
    is_gone = chain.winner.state == "cancelled"
    gone = (replace(chain.winner, base=counts.id, version=counts.version),) if is_gone else ()
    return Chain((*lost, counts, *gone))


def _not_made(chain: Chain, lost: Version) -> Version:
    """The cancellation of what the posting that counts did not bring; whatever becomes of that, it stays."""
    day = max(str(one.said.get("book_on") or "") for one in (chain.first, lost))
    body = body_of(Sheet({}, ()), cancelled_on=day)
    return replace(chain.winner, state="cancelled", base=lost.id, version=lost.version, reason=_NOT_MADE, body=body)


def _made(registry: Registry, place: Place, chain: Chain) -> Iterator[tuple[str, Version]]:
    for one in filter(_is_first, chain.versions):
        sheet = sheet_of(registry, place, Sheet(one.sheet.header | one.said.get(NOTED, {}), one.sheet.lines))
        if sheet is not None:
            yield one.id, replace(one, body=body_of(sheet, book_on=str(one.said.get("book_on") or "")))


def _with_void(registry: Registry, place: Place, counts: Version, lost: tuple[Version, ...]) -> Version:
    """The version that counts, with the numbers that others drew in vain."""
    brings, sheet = registry.documents[place[0]].brings, counts.sheet
    numbers = {str(one.sheet.header["number"]) for one in lost} - {str(sheet.header["number"])}
    if not brings or not numbers:
        return counts
    header = sheet.header | {brings.void: "、".join(sorted(numbers))}
    return replace(counts, body=body_of(Sheet(header, sheet.lines), book_on=str(counts.said["book_on"])))
