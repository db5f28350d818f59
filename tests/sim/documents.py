"""What must hold of documents and books, worked out anew from the rows of the server: which version counts, what it
shows and what it books (sync.md C, I4 and I6)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from desktop.engine.documents import audit
from sync_server.manifest import Key

from .modules import amount_of
from .problem import Problem

if TYPE_CHECKING:
    from .invariants import Seen
    from .node import Node
    from .station import Station

PAPERS = ("slip", "slip_line", "slip_cost", "document_version", "row_alias", "tag")
_RANK = {"posted": 1, "cancelled": 2}


@dataclass(frozen=True)
class Paper:
    """A row of the server that documents are made of."""

    data: Mapping[str, Any]
    stamp: tuple[int, str]
    is_gone: bool

    @staticmethod
    def of(seen: Seen) -> Paper:
        return Paper(seen.data, max((dot.hlc, dot.replica) for dot in seen.dots.values()), seen.is_gone)


@dataclass(frozen=True)
class Version:
    id: str
    data: Mapping[str, Any]
    stamp: tuple[int, str]

    @property
    def place(self) -> tuple[int, int, tuple[int, str]]:
        return _RANK[self.data["state"]], self.data["version"], self.stamp


@dataclass
class Sheet:
    """All versions of one document."""

    versions: dict[str, Version] = field(default_factory=dict)

    @cached_property
    def winner(self) -> Version:
        return max(self.versions.values(), key=lambda one: one.place)

    @cached_property
    def shown(self) -> Version | None:
        """The version whose content counts, if it is there."""
        if self.winner.data["state"] == "posted":
            return self.winner
        return self.versions.get(self.winner.data["base"])

    @property
    def place(self) -> tuple[str, int]:
        return self.winner.data["state"], (self.shown or self.winner).data["version"]

    @cached_property
    def lines(self) -> dict[str, Any]:
        return {line["id"]: line for line in json.loads(self.shown.data["body"])["lines"]} if self.shown else {}

    @cached_property
    def sign(self) -> int:
        return 1 if self.shown and json.loads(self.shown.data["body"])["header"].get("kind") == "in" else -1


# ------------------------------------------------------------------------------------------------------ at any moment


def check_reader(node: Node) -> None:
    """I6: whoever looks sees a document with all its lines, or not at all."""
    peer = node.peer
    if not node.is_ready or (peer is not None and peer.state != "log"):
        return
    bare = node.station.ask(
        "SELECT id FROM slip h WHERE deleted_at IS NULL AND NOT EXISTS "
        "(SELECT 1 FROM slip_line l WHERE l.document = h.id)"
    )
    if bare:
        raise Problem("I6", f"{node.name} shows {bare[0][0]} without lines")
    for id, sheet in _sheets_of(node.station).items():
        found = node.station.ask("SELECT id FROM slip_line WHERE document = ? AND deleted_at IS NULL", id)
        here = node.station.ask("SELECT 1 FROM slip WHERE id = ? AND deleted_at IS NULL", id)
        if here and sheet.shown and {row[0] for row in found} != sheet.lines.keys():
            raise Problem("I6", f"{node.name} shows {len(found)} of {len(sheet.lines)} lines of {id}")


def _sheets_of(station: Station) -> dict[str, Sheet]:
    """The documents with versions, as a machine has them."""
    rows = station.ask(
        "SELECT v.id, v.document, v.state, v.version, v.base, v.body, c.hlc, p.uuid FROM document_version v "
        "JOIN row_clock c ON c.t = 'document_version' AND c.id = v.id JOIN replica p ON p.no = c.r"
    )
    sheets: dict[str, Sheet] = {}
    for row in rows:
        version = Version(row["id"], dict(row), (row["hlc"], row["uuid"]))
        sheets.setdefault(row["document"], Sheet()).versions[row["id"]] = version
    return sheets


# --------------------------------------------------------------------------------------------------- when all is quiet


def check_documents(nodes: Sequence[Node], papers: Mapping[Key, Paper]) -> None:
    """I4: on all machines the books are what the versions that count make them, worked out here by other code."""
    sheets: dict[str, Sheet] = {}
    for (table, id), paper in papers.items():
        if table == "document_version":
            document = str(paper.data["document"])
            sheets.setdefault(document, Sheet()).versions[id] = Version(id, paper.data, paper.stamp)
    costs = {
        (one.data["version"], one.data["line"]): int(one.data.get("cost") or 0)
        for (table, _), one in papers.items()
        if table == "slip_cost"
    }
    entries, meant = _sums(sheets.values(), costs), _meant(papers)
    for node in nodes:
        _check_books(node, entries, meant)
        _check_shown(node, sheets)
        _check_same(node, nodes[0])
        _check_rebuilt(node.station)


def _sums(sheets: Iterable[Sheet], costs: Mapping[Any, int]) -> dict[str, tuple[int, int]]:
    """Quantity and cost by tag; what was cancelled and its mirror come to nothing."""
    qty: Counter[str] = Counter()
    cost: Counter[str] = Counter()
    for sheet in sheets:
        for id, line in sheet.lines.items():
            is_back = sheet.winner.data["state"] == "cancelled"
            assert sheet.shown is not None
            qty[line["tag"]] += 0 if is_back else sheet.sign * line.get("qty", 0)
            cost[line["tag"]] += 0 if is_back else sheet.sign * costs.get((sheet.shown.id, id), 0)
    return {tag: (qty[tag], cost[tag]) for tag in qty}


def _meant(papers: Mapping[Key, Paper]) -> dict[str, str]:
    """Tag → the tag that it means, as people merged them: one step after the other, a circle ends at its smallest id,
    and nobody is led to what is deleted."""
    links = {
        str(one.data["loser"]): str(one.data["winner"])
        for (table, _), one in papers.items()
        if table == "row_alias" and one.data.get("t") == "tag" and not one.is_gone
    }
    gone = {id for (table, id), one in papers.items() if table == "tag" and one.is_gone}
    found: dict[str, str] = {}
    for start in links:
        way = [start]
        while way[-1] in links and links[way[-1]] not in way:
            way.append(links[way[-1]])
        end = min(way[way.index(links[way[-1]]) :]) if way[-1] in links else way[-1]
        if end != start and end not in gone:
            found[start] = end
    return found


def _check_books(node: Node, entries: Mapping[str, tuple[int, int]], meant: Mapping[str, str]) -> None:
    qty: Counter[str] = Counter()
    cost: Counter[str] = Counter()
    for tag, sums in entries.items():
        qty[meant.get(tag, tag)] += sums[0]
        cost[meant.get(tag, tag)] += sums[1]
    balances = {meant.get(tag, tag): (qty[meant.get(tag, tag)], cost[meant.get(tag, tag)]) for tag in entries}
    for what, sql, expected in (
        ("entries", "SELECT tag, sum(qty), sum(cost) FROM entry GROUP BY tag", entries),
        ("balances", "SELECT tag, on_hand, cost FROM stock", balances),
    ):
        found = {row[0]: (row[1], row[2]) for row in node.station.ask(sql)}
        if found != expected:
            raise Problem("I4", f"{node.name} has {what} {found}, not {dict(expected)}")
    gone = "SELECT document FROM entry e JOIN slip h ON h.id = e.document AND h.state = 'cancelled'"
    left = node.station.ask(f"{gone} GROUP BY document HAVING sum(qty) <> 0 OR sum(e.cost) <> 0")
    if left:
        raise Problem("I4", f"{node.name}: {left[0][0]} was cancelled, and something is left of it")


def _check_shown(node: Node, sheets: Mapping[str, Sheet]) -> None:
    """Header and lines are those of the version that counts."""
    for row in node.station.ask("SELECT id, state, version, deleted_at FROM slip"):
        sheet = sheets.get(row["id"])
        wanted = sheet.place if sheet else ("draft", 0)
        if (row["state"], row["version"]) != wanted or (sheet and row["deleted_at"]):
            raise Problem("I4", f"{node.name} shows {dict(row)}, not {wanted}")
        lines = node.station.ask("SELECT * FROM slip_line WHERE document = ? AND deleted_at IS NULL", row["id"])
        found = {line["id"]: (line["tag"], line["qty"], line["amount"]) for line in lines}
        said = {id: (one["tag"], one.get("qty"), amount_of(one)) for id, one in sheet.lines.items()} if sheet else found
        if found != said:
            raise Problem("I4", f"{node.name} shows the lines {found} of {row['id']}, not {said}")


def _check_same(node: Node, other: Node) -> None:
    """Whatever is shown and booked is the same everywhere, column by column."""
    for table in ("slip", "slip_line", "entry", "stock"):
        names = ", ".join(f'"{name}"' for name in ("id", *node.registry[table].all_names))
        sql = f"SELECT deleted_at, via, {names} FROM {table} ORDER BY id"
        mine, theirs = ([tuple(row) for row in one.station.ask(sql)] for one in (node, other))
        if mine != theirs:
            here, there = set(mine) - set(theirs), set(theirs) - set(mine)
            raise Problem("I4", f"{node.name} shows {here} in {table}, {other.name} {there}")


def _check_rebuilt(station: Station) -> None:
    registry = station.registry
    with station.db.read() as db:
        every = (audit.compare(db, registry, places) for places in audit.batches(db, registry))
        wrong: list[object] = [one for found in every for one in found]
        for ledger in registry.ledgers.values():
            wrong += audit.alone(db, registry, ledger)
            for balance in ledger.balances:
                wrong += audit.balances_amiss(db, registry, ledger, balance)
        wrong += audit.veils_alone(db, registry)
    if wrong:
        raise Problem("I4", f"{station} would book otherwise: {wrong[0]}")
