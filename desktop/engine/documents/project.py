"""What follows from the versions of documents, on every machine alike: what header and lines show, what ledgers book.

The merged values of a posted document's rows are not what counts and not what is shown. Where they differ they wait in
the table `veil`, so that rows go on merging as if nothing stood before them (sync.md B4).
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from ..columns import fitted, listed, picked
from ..fields import Enum, Field, Ref
from ..ids import derived_id, following_id
from ..schema import LOOKED_UP, index_name
from . import approval, brought
from .balances import Meaning, balance_id
from .declare import Above, Balance, Below, Columns, Document, Ledger, Move, Posted, Rests, Sheet, Wanted
from .rivals import Draft, Row, lost_of, open_of
from .versions import TABLE, Chain, Version

if TYPE_CHECKING:
    from sync_server.replication.changeset import Scalar

    from ..registry import Definition
    from ..work import Held, Work

log = logging.getLogger(__name__)

VEIL = "veil"

Place = tuple[str, str]
"""Module and id of a header."""

_MIRROR = "mirror"
_SAID_OF_HEADER = ("number", "doc_on", "owner", "department", "branch", "posted_at")
"""What an entry repeats of the header of its document."""
_OF_VERSIONS = ("state", "version", "book_on", "posted_at", "posted_by", "cancelled_on", "cancel_reason")


def project(work: Work) -> list[Place]:
    """Works out anew every document that was touched; gives those whose annexes are missing, in the order in which
    their versions came: costs rest on what was booked before."""
    came = [(str(held.row["module"]), str(held.row["document"])) for held in _versions_under_change(work)]
    order = {place: number for number, place in enumerate(came)}
    places = dict.fromkeys(_touched(work))
    brought_along = _brought_along(work, places)
    itself = {brought_along.get(place, place) for place in places}
    beside = set(_touched_beside(work))
    touched = sorted(itself | beside, key=lambda place: (order.get(place, -1), place))
    resting = _resting(work, touched)
    pending = [*(one for one in touched if one not in resting), *resting]
    books, lacks = Books(work), dict.fromkeys((*touched, *resting), False)
    settles = len(touched) == 1 and not resting and _is_alone(work, touched[0][0])
    bringing = set(brought_along.values())
    while pending:
        for place in pending:
            one = _Projection(work, books, *place, is_beside=place not in itself, settles=settles)
            lacks[place] = one.run(is_bringing=place in bringing)
        pending = books.told()
    books.close()
    return [place for place, is_unbooked in lacks.items() if is_unbooked]


def _brought_along(work: Work, places: Iterable[Place]) -> dict[Place, Place]:
    """Documents that others brought → those others, of which they follow."""
    found = ((place, brought.source_in(work, *place)) for place in places)
    return {place: source for place, source in found if source}


def _is_alone(work: Work, module: str) -> bool:
    """Whether nothing but one document, with what it brings, is under change: what rules look up of others stands in
    the file as it will be once this is written."""
    document = work.registry.documents.get(module)
    own: tuple[str, ...] = (module, document.lines, TABLE) if document else ()
    if document and document.brings:
        own += (document.brings.module, work.registry.documents[document.brings.module].lines)
    return work.settle is not None and all(table in own for (table, _), _ in work.changing())


def _resting(work: Work, touched: Sequence[Place]) -> dict[Place, None]:
    """Documents with lines that rest on entries of others: those among the touched, and those that rest on them. They
    come after what they rest on."""
    found: dict[Place, None] = {}
    for name, document in work.registry.documents.items() if touched else ():
        if document.rests:
            column, ids = document.rests.document, json.dumps([id for module, id in touched if module != name])
            sql = (
                f'SELECT DISTINCT "{document.parent}" FROM {document.lines} '
                f'WHERE "{column}" IN (SELECT value FROM json_each(?)) AND "{document.parent}" IS NOT NULL'
            )
            found |= dict.fromkeys((name, str(id)) for (id,) in work.db.execute(sql, (ids,)).fetchall())
            found |= dict.fromkeys(place for place in touched if place[0] == name)
    return found


def _versions_under_change(work: Work) -> Iterator[Held]:
    return (held for (table, _), held in work.changing() if table == TABLE and held.row)


def _touched(work: Work) -> Iterator[Place]:
    documents = work.registry.documents
    for (table, id), held in work.changing():
        if table in documents:
            yield table, id
        elif table == TABLE:
            yield from ((str(row["module"]), str(row["document"])) for row in _sides(held))
        elif table in work.registry.document_of:
            header, parent = work.registry.document_of[table]
            yield from ((header, str(row[parent])) for row in _sides(held))


def _touched_beside(work: Work) -> Iterator[Place]:
    """Documents whose annexes change: what there is to decide about them stays."""
    for (table, _), held in work.changing():
        if table in work.registry.annexes:
            yield from ((str(row["module"]), str(row["document"])) for row in _sides(held))


def _is_one_save(rows: Iterable[Held], version: Version) -> bool:
    """Whether a version says what its rows say: they were made together."""
    return all(one.clock.newest() == version.dot for one in rows)


def _sides(held: Held) -> Iterator[Mapping[str, Any]]:
    """A row as it was and as it will be, where it points somewhere."""
    for row in (held.stored, held.row):
        if row:
            yield row


class _Projection:
    """One document."""

    def __init__(
        self, work: Work, books: Books, module: str, id: str, *, is_beside: bool = False, settles: bool = False
    ) -> None:
        self.work, self.books, self.module, self.id = work, books, module, id
        self.is_beside, self.settles = is_beside, settles
        self.is_void = False
        """Whether it books nothing, though it was posted."""
        definition = work.registry.definitions.get(module)
        self.is_known = definition is not None and definition.module.document is not None

    def run(self, *, is_bringing: bool = False) -> bool:
        """Whether the version that counts lacks its annexes. `is_bringing`: what it brings is under change, too."""
        if not self.is_known:
            return False
        self.definition: Definition = self.work.registry[self.module]
        self.document: Document = self.definition.module.document  # type: ignore[assignment]
        header = self.work.hold(self.module, self.id)
        if not self.is_beside:
            self.work.disputed[self.module, self.id] = []
        is_there = header.state is not None and not header.is_dropped
        chain = chain_of(self.work, self.id) if is_there else None
        is_unbooked = self._run(header, chain) if is_there else self._enter_nothing()
        brings = self.document.brings
        if brings and (is_bringing or (chain and brought.is_bringing(brings, chain))):
            along = _Projection(self.work, self.books, brings.module, brings.id_of(self.id), is_beside=True)
            along.run_along((self.module, self.id), chain)
        return is_unbooked

    def run_along(self, source: Place, chain: Chain | None) -> None:
        """The same of what another document brought, by the versions of that one."""
        self.definition = self.work.registry[self.module]
        self.document = self.definition.module.document  # type: ignore[assignment]
        header = self.work.hold(self.module, self.id)
        if not _is_there(header):
            self._enter_nothing()
            return
        try:
            made = brought.chain_of(self.work.registry, source, chain if chain and chain.is_whole else None)
        except (ValueError, KeyError, TypeError, AttributeError):
            log.exception("what a document brings cannot be worked out: %s %s", *source)
            made = None
        self.is_void = bool(made and chain and made.first.id != chain.first.id)
        self._run(header, made)
        if made:
            self.work.reveal(header)  # an older program may take it for a draft and delete it

    def _enter_nothing(self) -> bool:
        self.books.enter(self.module, self.id, ())
        return False

    def _run(self, header: Held, chain: Chain | None) -> bool:
        try:
            return self._work_out(header, chain)
        except (ValueError, KeyError, TypeError, AttributeError):
            # What another machine wrote and this one cannot read must hold up nothing else.
            log.exception("a document cannot be worked out: %s %s", self.module, self.id)
            return self._enter_nothing()

    def _work_out(self, header: Held, chain: Chain | None) -> bool:
        lines = _lines_of(self.work, self.document, self.id)
        if chain is None or not chain.is_whole:
            self._show_draft(header, lines, "draft" if chain is None else "cancelled")
            return self._enter_nothing()
        is_new = self.work.hold(TABLE, chain.winner.id).stored is None
        posted = posted_of(self.work, self.definition, self.id, chain)
        if self.settles and is_new and len(chain.versions) == 1 and chain.winner.state == "posted":
            posted = self._settled(posted)
        rows = (header, *lines)
        is_quiet = self.is_beside or (len(chain.versions) == 1 and _is_one_save(rows, chain.winner))
        self._show(header, lines, chain, posted, is_new=is_new)
        is_unbooked = self._book(header, chain, posted)
        if not is_quiet:
            self.work.disputed[self.module, self.id] = self._disputes(chain)
        return is_unbooked

    def _settled(self, posted: Posted) -> Posted:
        """The first version with what it needs beside it, so that its rows are shown and booked once. It has booked
        nothing yet: the balances it is judged by are those that others left."""
        assert self.work.settle is not None
        self.work.settle(posted)
        return replace(posted, annexes=_annexes_of(self.work, self.document, self.id, posted.version))

    def _disputes(self, chain: Chain) -> list[str]:
        try:
            return open_of(draft_of(self.work, self.module, self.id), chain)
        except (ValueError, KeyError, TypeError, AttributeError):
            log.exception("a merged draft cannot be worked out: %s %s", self.module, self.id)
            return [one.id for one in lost_of(chain, self.document)]

    # ------------------------------------------------------------------------------------------------------- drafts

    def _show_draft(self, header: Held, lines: Iterable[Held], state: str = "draft") -> None:
        """A draft shows what was merged, and what follows from it."""
        living = sorted((one for one in lines if not one.is_gone), key=_order)
        out = self.document.work_out(Sheet(_raw(header), [_raw(one) for one in living]))
        self._put(header, out.header | {"state": state, "version": 0} | _raw(header))
        copied = self._copied(header)
        for one, columns in zip(living, out.lines, strict=True):
            self._put(one, self._followed(out.header, columns) | copied | _raw(one))
        for one in lines:
            if one.is_gone:
                self._put(one, _raw(one))
            self.work.show_life(one)

    def _copied(self, header: Held) -> Columns:
        return picked(header.row, self.document.copied.split())

    def _followed(self, header: Columns, line: Columns) -> Columns:
        """A line with what follows from it and its annexes."""
        return line | self.document.line_totals(header, line)

    def _put(self, held: Held, values: Columns) -> None:
        """Shows values, of all columns; the merged ones wait where they are others."""
        shown = fitted(values, held.table.blank)
        if held.table is self.definition and self.document.stands:
            shown |= picked(held.row, self.document.stands.split())
        self.work.show(held, shown)

    # ------------------------------------------------------------------------------------------------------- posted

    def _show(self, header: Held, lines: Iterable[Held], chain: Chain, posted: Posted, *, is_new: bool) -> None:
        sheet, winner = posted.sheet, chain.winner
        raw = _raw(header)
        said = winner.said
        about = {
            "state": winner.state,
            "version": chain.shown.version,
            "book_on": chain.first.said.get("book_on"),
            "posted_at": chain.first.at,
            "posted_by": chain.first.by,
            "cancelled_on": said.get("cancelled_on"),
            "cancel_reason": winner.reason if winner.state == "cancelled" else None,
        }
        annexes = self._annexes(posted)
        followed = {
            str(line["id"]): self._followed(sheet.header, line | annexes.get(str(line["id"]), {}))
            for line in sheet.lines
        }
        about |= self.document.totals([*followed.values()])
        before = dict(header.row)
        after = picked(raw, self.definition.uncovered)
        after |= approval.shown(chain.shown, after)
        self._put(header, sheet.header | about | after)
        if is_new:
            self.work.tell_shown(header, before, winner)
        of_line = self.work.registry.lines_of(self.document).uncovered
        copied = self._copied(header)
        for one in lines:
            if one.id not in followed:  # whatever it showed before: on all machines the same
                self._put(one, _raw(one))
                self.work.hide(one, winner.at, f"{self.module}:{self.id}")
            else:
                assert one.state is not None
                self._put(one, followed[one.id] | copied | picked(one.state.data, of_line))
                self.work.reveal(one)

    def _annexes(self, posted: Posted) -> dict[str, Columns]:
        """What stands beside the lines of the version that counts, where a line has a column for it."""
        names = self.work.registry.lines_of(self.document).kept_names
        found: dict[str, Columns] = {}
        for module, rows in posted.counting.annexes.items():
            shared = [name for name in names if name in self.work.registry[module].blank]
            for line, row in rows.items():
                found.setdefault(line, {}).update(picked(row, shared))
        amounts = {name for ledger in self.document.told_by for name in self.work.registry.ledgers[ledger].amounts}
        for line, told in posted.told.items():
            sums: Columns = {name: sum(int(row[name] or 0) for row in told) for name in names if name in amounts}
            found.setdefault(line, {}).update(sums)
        for line in posted.void:
            found[line] = {self.document.rests.mark: True} if self.document.rests else {}
        return found

    def _book(self, header: Held, chain: Chain, posted: Posted) -> bool:
        moves = [] if self.is_void else list(self.document.moves(posted.counting))
        self.books.enter(self.module, self.id, moves, posted, header.row)
        return chain.winner.state == "posted" and any(
            not posted.annexes[annex.module] and posted.sheet.lines for annex in self.document.annexes
        )


def chain_of(work: Work, id: str) -> Chain | None:
    """The versions of a document; None of a draft."""
    found = [one for one in work.rows_of(TABLE, "document", id) if _is_there(one)]
    return Chain.of(Version.of(one.row, one.clock.base) for one in found) if found else None


def chain_in(work: Work, module: str, id: str) -> Chain | None:
    """The same of a document that another may have brought."""
    source = brought.source_in(work, module, id)
    if source is None:
        return chain_of(work, id)
    chain = chain_of(work, source[1])
    return brought.chain_of(work.registry, source, chain if chain and chain.is_whole else None)


def counting(work: Work, id: str) -> str | None:
    """The version that counts; None of a draft and of what was cancelled."""
    chain = chain_of(work, id)
    return chain.winner.id if chain and chain.winner.state == "posted" else None


def _lines_of(work: Work, document: Document, id: str) -> list[Held]:
    rows = work.rows_of(document.lines, document.parent, id) if document.lines else ()
    return [one for one in rows if _is_there(one)]


def draft_of(work: Work, module: str, id: str) -> Draft:
    """What was merged of a document, whatever it shows."""
    definition = work.registry[module]
    document = definition.module.document
    assert document is not None
    of_line = work.registry.lines_of(document)
    lines = sorted(_lines_of(work, document, id), key=_order)
    return Draft(
        document, Row(_raw(work.hold(module, id))), [Row(_raw(one), one.is_gone) for one in lines],
        definition.covered.intersection(definition.column_names),
        of_line.covered.intersection(of_line.column_names) - {document.parent, "line_no"},
    )  # fmt: skip


def posted_of(work: Work, definition: Definition, id: str, chain: Chain) -> Posted:
    """The version that counts, with its annexes."""
    document = definition.module.document
    assert document is not None
    said, sheet = chain.winner.said, chain.shown.sheet
    sheet = Sheet(sheet.header | brought.drawn(document.brings, chain.first), sheet.lines)
    return Posted(
        definition.name, id, chain.shown.id, sheet, str(chain.first.said.get("book_on") or ""),
        said.get("cancelled_on") if chain.winner.state == "cancelled" else None, work.hold(definition.name, id).row,
        _annexes_of(work, document, id, chain.shown.id), _told_of(work, document, id, chain.shown.id),
        frozenset(_void(work, document.rests, chain.shown.sheet.lines)) if document.rests else frozenset(),
    )  # fmt: skip


def _annexes_of(work: Work, document: Document, id: str, version: str) -> dict[str, dict[str, Columns]]:
    """What stands beside a version: annex module → line → its row. Where a keeper that was restored wrote one anew, it
    may stand there twice: the same of them everywhere."""
    return {
        annex.module: {
            str(one.row["line"]): one.row
            for one in sorted(work.rows_of(annex.module, "document", id), key=lambda one: one.id)
            if _is_there(one) and one.row["version"] == version
        }
        for annex in document.annexes
    }


def _told_of(work: Work, document: Document, id: str, version: str) -> dict[str, list[Columns]]:
    """What others say of the lines of a version."""
    found: dict[str, list[Columns]] = {}
    for name in document.told_by:
        about = work.registry.ledgers[name].about
        for one in work.rows_of(name, about, id):
            if _is_there(one) and one.row[f"{about}_version"] == version:
                found.setdefault(str(one.row[f"{about}_line"]), []).append(one.row)
    return found


def _void(work: Work, rests: Rests, lines: Sequence[Columns]) -> Iterator[str]:
    """Lines whose entry is there no more, is of a document that does not count, or is not what it was."""
    for line in lines:
        if not rests.lines(line):
            continue
        entry = work.hold(rests.ledger, str(line[rests.entry]))
        if not _is_there(entry) or not _counts(work, entry.row) or not rests.holds(line, entry.row):
            yield str(line["id"])


def _counts(work: Work, entry: Mapping[str, Any]) -> bool:
    header = work.hold(str(entry["module"]), str(entry["document"]))
    return _is_there(header) and header.row.get("state") == "posted"


def _is_there(held: Held) -> bool:
    return held.state is not None and not held.is_dropped


def _content(held: Held) -> tuple[Scalar, ...]:
    return tuple(held.row[name] for name in held.table.blank)


def _raw(held: Held) -> Columns:
    """The merged values of a row, whatever it shows."""
    assert held.state is not None
    data = held.state.data
    return {"id": held.id, **held.table.blank_sent, **data}


def _order(held: Held) -> tuple[int, str]:
    data = held.state.data if held.state else {}
    return int(data.get("line_no") or 0), held.id


# -------------------------------------------------------------------------------------------------------------- books


class Books:
    """The ledgers in one transaction: entries are replaced document by document, balances once at the end."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self._turned: defaultdict[tuple[str, tuple[Any, ...]], defaultdict[str, int]]
        self._turned = defaultdict(lambda: defaultdict(int))
        """Balance and key → by how much its sums turn."""
        self._standing: set[Place] = set()
        """Headers that may show other sums."""
        self._ids: dict[tuple[str, tuple[Any, ...]], str] = {}
        """Rows of the balances that turn."""
        self._told: set[Place] = set()
        """Documents of whose lines something else is said than before."""

    @cached_property
    def _meaning(self) -> Meaning:
        return Meaning(self.work.db, self.work.registry)

    def enter(
        self, module: str, id: str, moves: Iterable[Move], posted: Posted | None = None, header: Mapping[str, Any] = {}
    ) -> None:  # fmt: skip
        """Replaces what a document has booked."""
        wanted: dict[str, dict[str, Columns]] = {name: {} for name in self.work.registry.ledgers}
        self._standing.add((module, id))
        said = picked(header, _SAID_OF_HEADER) | {"module": module, "document": id}
        named = {name: self.work.registry[name].blank.keys() & said.keys() for name in wanted}
        fitting = {name: {one: said[one] for one in names} for name, names in named.items()}
        for move in moves:
            assert posted is not None
            for row_id, values in self._rows(posted, fitting[move.ledger], move):
                wanted[move.ledger][row_id] = values
        for name, ledger in self.work.registry.ledgers.items():
            self._replace(ledger, id, wanted[name])

    def _rows(self, posted: Posted, said: Columns, move: Move) -> Iterator[tuple[str, Columns]]:
        ledger = self.work.registry.ledgers[move.ledger]
        about: Columns = {**said, "line": move.line, "book_on": posted.book_on, **move.values}
        role = f"{move.ledger}:{move.line}:{move.role}"
        id_of = derived_id if move.is_named else following_id
        yield id_of(posted.id, role), about
        if posted.cancelled_on:
            back = {name: -int(about.get(name) or 0) for name in ledger.amounts}
            yield id_of(posted.id, f"{role}:{_MIRROR}"), {**about, **back, "book_on": posted.cancelled_on}

    def _replace(self, ledger: Ledger, id: str, wanted: Mapping[str, Columns]) -> None:
        places: defaultdict[tuple[Scalar, ...], list[int]] = defaultdict(list)
        # Those of this transaction, too: a document may be booked more than once before anything is written.
        for held in self.work.rows_of(ledger.moves, "document", id):
            if held.id not in wanted and _is_there(held):
                self._count(ledger, held.row, -1)
                self._tell(ledger, held.row, {})
                places[_content(held)].append(held.number)
                held.number = held.number if held.stored else 0
                self.work.drop(ledger.moves, held.id)
        self.work.load((ledger.moves, row_id) for row_id in wanted)
        for row_id, values in wanted.items():
            held = self.work.hold(ledger.moves, row_id)
            if held.state is not None and not held.is_dropped:
                self._count(ledger, held.row, -1)
            self._count(ledger, values, +1)
            self._tell(ledger, {} if held.is_dropped else held.row, values)
            self.work.keep(ledger.moves, row_id, values)
        if places:
            self._keep_places([self.work.hold(ledger.moves, row_id) for row_id in wanted], places)

    @staticmethod
    def _keep_places(entries: Sequence[Held], places: Mapping[tuple[Scalar, ...], list[int]]) -> None:
        """What an entry said under another id, it says in the same place: lists go by it within a day, and so do the
        balances behind entries."""
        taken = {held.number for held in entries}
        for held in entries:
            free = [one for one in places.get(_content(held), ()) if one not in taken]
            if free and not held.number:
                held.number = free[0]
                taken.add(held.number)

    def _count(self, ledger: Ledger, row: Mapping[str, Any], sign: int) -> None:
        for balance in ledger.balances:
            key = self._meaning.key(balance, row)
            if key[-1] is None:
                continue
            turned = self._turned[balance.module, key]
            turned["entries"] += sign
            for amount, total in balance.sums.items():
                turned[total] += sign * int(row.get(amount) or 0)

    def _tell(self, ledger: Ledger, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """Remembers of whom a ledger tells something else."""
        if not ledger.about:
            return
        if before and after and all(before[name] == value for name, value in after.items() if name in before):
            return
        for row in (before, after):
            if row:
                self._told.add((str(row[f"{ledger.about}_module"]), str(row[ledger.about])))

    def told(self) -> list[Place]:
        """Those of whom something else is told since the last call."""
        found, self._told = sorted(self._told), set()
        return found

    def close(self) -> None:
        """Turns the balances, those that feed others before them, and shows headers what stands in them."""
        self._ids = {
            (name, key): balance_id(self.work.registry.balances[name], key)
            for (name, key), turned in self._turned.items()
            if any(turned.values())
        }
        self.work.load((name, id) for (name, _), id in self._ids.items())
        for is_feeding in (True, False):
            for (name, key), turned in list(self._turned.items()):
                balance = self.work.registry.balances[name]
                if (balance.feeds is not None) is is_feeding and any(turned.values()):
                    self._turn(balance, key, turned)
        for place in sorted(self._standing):
            self._stand(*place)

    def _turn(self, balance: Balance, key: tuple[Any, ...], turned: Mapping[str, int]) -> None:
        row_id = self._ids.get((balance.module, key)) or balance_id(balance, key)
        held = self.work.hold(balance.module, row_id)
        known = held.row if held.state is not None and not held.is_dropped else {}
        names = ("entries", *balance.totals)
        sums = {name: int(known.get(name) or 0) + turned[name] for name in names}
        if balance.header:
            about = dict(zip(balance.keys, key, strict=True))
            self._standing.add((str(about[balance.header[0]]), str(about[balance.header[1]])))
        values: Columns = {**dict(zip(balance.keys, key, strict=True)), **sums}
        values |= balance.derive(values)
        if sums["entries"]:
            self.work.keep(balance.module, row_id, values)
        else:
            self.work.drop(balance.module, row_id)
        if balance.feeds is None:
            return
        before = picked(known, self.work.registry[balance.module].all_names) if known else {}
        for feed in balance.feeds(before, values if sums["entries"] else {}):
            for name, by in feed.sums.items():
                self._turned[feed.balance, feed.key][name] += by

    def _stand(self, module: str, id: str) -> None:
        """Shows a header what was booked about it: nothing while nothing is."""
        document = self.work.registry.documents.get(module)
        held = self.work.hold(module, id) if document and document.stands else None
        if document is None or held is None or held.state is None or held.is_dropped:
            return
        shown: Columns = dict.fromkeys(document.stands.split())
        for balance in self.work.registry.balances.values():
            found = self.work.rows_of(balance.module, balance.header[1], id) if balance.header else []
            rows = [one.row for one in found if one.state is not None and not one.is_dropped]
            rows = [row for row in rows if balance.header and row[balance.header[0]] == module]
            if rows and balance.of_line:
                rows = [row | {"line": self._line(document, str(row[balance.of_line]))} for row in rows]
            if rows:
                shown |= document.standing(held.row, balance.module, rows)
        self.work.show(held, shown)

    def _line(self, document: Document, id: str) -> Mapping[str, Any]:
        """A line as it counts now; empty where it counts no more."""
        held = self.work.hold(document.lines, id)
        return held.row if _is_there(held) and not held.row.get("deleted_at") else {}


def sums_of(db: sqlite3.Connection, balance: Balance, keys: Mapping[str, Wanted]) -> dict[str, int]:
    """The sums of all balances with these keys; without some of the keys, or with several of one, over all of them."""
    some = {name: json.dumps(value) for name, value in keys.items() if isinstance(value, list)}
    names = balance.totals
    sql = _sums_sql(balance.module, names, tuple((name, name in some) for name in keys))
    row = db.execute(sql, tuple(some.get(name, value) for name, value in keys.items())).fetchone()
    return dict(zip(names, row, strict=True))


@cache
def _sums_sql(module: str, names: tuple[str, ...], keys: tuple[tuple[str, bool], ...]) -> str:
    """`keys`: columns, and whether several values of each are wanted."""
    wanted = ", ".join(f'COALESCE(sum("{name}"), 0)' for name in names)
    several = "IN (SELECT value FROM json_each(?))"
    where = "".join(f' AND "{name}" {several if is_many else "IS ?"}' for name, is_many in keys)
    # Balances are never deleted; but the indexes know only of what is not.
    return f"SELECT {wanted} FROM {module} WHERE deleted_at IS NULL{where}"


def living(db: sqlite3.Connection, definition: Definition, columns: Mapping[str, Wanted]) -> list[Columns]:
    """Live rows whose columns are as wanted, the latest first."""
    return list(rows_of(_living(db, definition, columns, "*")))


def living_ids(db: sqlite3.Connection, definition: Definition, columns: Mapping[str, Wanted]) -> list[str]:
    """The ids of the same."""
    return [id for (id,) in _living(db, definition, columns, "id")]


def each(db: sqlite3.Connection, definition: Definition, columns: Mapping[str, Wanted]) -> Iterator[Columns]:
    """The same one by one, of a record from the index of the reference to it: who has enough reads no further."""
    by = (name for name, value in columns.items() if isinstance(value, str) and _is_walked(definition.fields.get(name)))
    return rows_of(_living(db, definition, columns, "*", next(by, "")))


def _is_indexed(definition: Definition, name: str) -> bool:
    """Whether rows are found by a column alone, as by an id or a reference."""
    return name == "id" or isinstance(definition.fields.get(name), Ref) or name in definition.sort_index.values()


def _is_walked(one: Field | None) -> bool:
    """Whether a column is a reference with an index of the live rows."""
    return isinstance(one, Ref) and not one.small and not one.whole


def rows_of(cursor: sqlite3.Cursor) -> Iterator[Columns]:
    """As columns, read as they are asked for."""
    names = [column[0] for column in cursor.description]
    yield from (dict(zip(names, row, strict=True)) for row in cursor)


def _living(
    db: sqlite3.Connection, definition: Definition, columns: Mapping[str, Wanted], what: str, walked: str = ""
) -> sqlite3.Cursor:
    """`walked`: a reference whose index is read from its end."""
    by = set(definition.module.looked_up_by.split())
    fine = by if by and columns.keys() >= by else set()
    # Where most lines name no order, SQLite holds an order to be no better a choice than a state that nearly all rows
    # share, and would read them all: the `+` keeps it from that.
    coarse = {name for name in columns.keys() - fine if isinstance(definition.fields.get(name), Enum)}
    marks = dict.fromkeys(coarse, "+") if any(_is_indexed(definition, name) for name in columns.keys() - coarse) else {}
    asked = [condition_of(f'{marks.get(name, "")}"{name}"', value) for name, value in columns.items()]
    conditions = "".join(f" AND {condition}" for condition, _ in asked)
    # Few rows are sorted sooner than all are read in their order, which SQLite takes for cheap.
    order = "+row" if asked and (fine or not walked) else "row"
    cursor = db.cursor()
    cursor.row_factory = None
    index = LOOKED_UP if fine else walked
    table = f"{definition.name} INDEXED BY {index_name(definition.name, index)}" if index else definition.name
    sql = f"SELECT {what} FROM {table} WHERE deleted_at IS NULL{conditions} ORDER BY {order} DESC"
    return cursor.execute(sql, [value for _, value in asked])


def condition_of(column: str, wanted: Wanted) -> tuple[str, Scalar]:
    """A condition as SQL, and its parameter."""
    if isinstance(wanted, Above):
        return f"{column} > ?", wanted.amount
    if isinstance(wanted, Below):
        return f"{column} < ?", wanted.amount
    if wanted is None or isinstance(wanted, str | int | float):
        return f"{column} = ?", wanted
    return f"{column} IN (SELECT value FROM json_each(?))", listed(wanted)


def unveiled(db: sqlite3.Connection, table: str, ids: str) -> dict[str, dict[str, Any]]:
    """What waits behind rows, by id; `ids` as a JSON list."""
    sql = f"SELECT id, data FROM {VEIL} WHERE t = ? AND id IN (SELECT value FROM json_each(?))"
    return {id: json.loads(data) for id, data in db.execute(sql, (table, ids))}
