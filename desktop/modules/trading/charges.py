"""T6.10, T29: who bears a cost that became known late: the oldest issues whose goods had left without one."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ...engine.documents.declare import Asking, Columns, Move, Wanted
from .cost import late_charges
from .stock import Pools

_ISSUES = ("sale", "retail", "purchase_return", "loss", "use", "scrap", "sample", "other_out")
"""What takes goods out for good; who moves them elsewhere, bears nothing."""


@dataclass(frozen=True)
class Issue:
    """A line that took out goods of unknown cost, and how many of them nobody has told the cost of."""

    module: str
    document: str
    line: str
    warehouse: str
    uncosted: int


class Bearers:
    """The issues of unknown cost, as the lines of one adjustment charge them one after the other."""

    def __init__(self, asking: Asking) -> None:
        self._asking, self._pools = asking, Pools(asking)
        self._taken: Counter[str] = Counter()

    def charge(self, product: str, warehouse: str, issued_qty: int, issued_cost: int) -> str | None:
        """Shares of a cost as a `line_cost` row keeps them."""
        if issued_qty <= 0:
            return None
        issues = list(self._open(product, warehouse))
        shares = late_charges(issued_qty, issued_cost, [one.uncosted for one in issues])
        found = [(one, qty, cost) for one, (qty, cost) in zip(issues, shares, strict=True) if qty]
        for one, qty, _ in found:
            self._taken[one.line] += qty
        said = [[one.module, one.document, one.line, self._asking.version(one.document), one.warehouse, qty, cost]
                for one, qty, cost in found]  # fmt: skip
        return json.dumps(said, separators=(",", ":")) if said else None

    def _open(self, product: str, warehouse: str) -> Iterator[Issue]:
        """Oldest first."""
        issues = list(self._issues(product, warehouse))
        told = self._told({one.document for one in issues})
        for one in issues:
            left = one.uncosted - told[one.line] - self._taken[one.line]
            if left > 0:
                yield Issue(one.module, one.document, one.line, one.warehouse, left)

    def _issues(self, product: str, warehouse: str) -> Iterator[Issue]:
        about: dict[str, Wanted] = {"product": product, "kind": (*_ISSUES, "run")}
        if self._pools.by_warehouse:
            about["warehouse"] = warehouse
        moves = sorted(self._asking.find("stock_move", about), key=_age)
        sums: Counter[str] = Counter()
        for move in moves:  # what was cancelled has its mirror
            sums[str(move["line"])] -= int(move["uncosted_qty"] or 0)
        first = {str(move["line"]): move for move in reversed(moves) if move["kind"] != "run"}
        for line in dict.fromkeys(str(move["line"]) for move in moves if sums[str(move["line"])] > 0):
            if line in first:
                yield _issue(first[line], sums[line])

    def _told(self, documents: Iterable[str]) -> Counter[str]:
        """Of how many units of a line others have told the cost, as long as its version counts."""
        rows = self._asking.find("cost_charge", {"target": sorted(documents), "kind": "late_cost"})
        told: Counter[str] = Counter()
        for row in rows:
            if row["target_version"] == self._asking.version(str(row["target"])):
                told[str(row["target_line"])] += int(row["charged_qty"] or 0)
        return told


def _age(move: Columns) -> tuple[str, str, int]:
    return str(move["book_on"]), str(move["posted_at"]), int(move["row"] or 0)


def _issue(move: Columns, uncosted: int) -> Issue:
    module, document, line, warehouse = (str(move[name]) for name in ("module", "document", "line", "warehouse"))
    return Issue(module, document, line, warehouse, uncosted)


def run_charge(line: Columns, amount: int, uncosted: int) -> Move:
    """T6.11: what a run puts right of a line, in the pool as well."""
    names = {"target_module": "source_module", "target": "source_document", "target_line": "source_line"}
    names |= {"target_version": "source_version", "warehouse": "warehouse"}
    about = {name: line.get(of) for name, of in names.items()}
    amounts = {"cost_adjusted": amount, "pool_cost": amount, "pool_uncosted": uncosted}
    return Move("cost_charge", "run", {**about, **amounts, "kind": "run"}, str(line["id"]))


def charge_moves(kind: str, line: str, text: Any) -> Iterator[Move]:
    """What a kept text says of other documents' lines: a cost that the pool does not know of."""
    for place, (module, document, of, version, warehouse, qty, cost) in enumerate(json.loads(text or "[]")):
        about = {"target_module": module, "target": document, "target_line": of, "target_version": version}
        amounts = {"warehouse": warehouse, "charged_qty": qty, "cost_adjusted": -cost}
        yield Move("cost_charge", f"{kind}:{place}", {**about, **amounts, "kind": kind}, line)
