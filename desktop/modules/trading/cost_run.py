"""T6.11 成本核算: what goods ought to have cost, had everything been booked in the order of its days.

The keeper costs what it hears of as it comes. A run replays the moves in the order of their days, by the very rules of
their documents, and tells where that comes to something else.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...engine.documents.declare import Asking, Columns, Document, Move, Posted, Sheet, Wanted
from .stock import Pools

Entries = Callable[[Posted, Asking], Iterator[tuple[str, Columns]]]

RUN = "run"
_AT_ONCE = 100
"""Products that are replayed together: they know nothing of each other."""

_AMOUNTS = ("cost_amount", "uncosted_qty")


@dataclass(frozen=True)
class Replayed:
    """A kind of document that moves goods, and how its lines are costed."""

    document: Document
    costs: Entries


@dataclass(frozen=True)
class Difference:
    """A line whose cost in a warehouse ought to be another; without `document` it is what an empty pool still holds."""

    source: str
    """The stock entry, or the balance of the pool."""
    product: str
    warehouse: str
    old: tuple[int, int]
    new: tuple[int, int]
    """Cost and uncosted quantity, signed as the move."""
    module: str = ""
    document: str = ""
    line: str = ""
    number: str = ""
    book_on: str = ""


def differences(
    asking: Asking, kinds: Mapping[str, Replayed], products: Sequence[str] | None = None
) -> Iterator[Difference]:  # fmt: skip
    """Of these products, else of all there are."""
    if products is None:
        products = [str(row["product"]) for row in asking.find("stock_balance", {})]
    products = sorted({str(asking.meant("product", id)) for id in products})
    for start in range(0, len(products), _AT_ONCE):
        asking.step(start, len(products))
        yield from _Replay(asking, kinds, products[start : start + _AT_ONCE]).differences()


@dataclass(frozen=True)
class _Event:
    """A document that is posted, or cancelled, at its place in time."""

    at: tuple[str, str, str]
    """Day, clock and document."""
    module: str
    header: Columns
    is_cancel: bool = False


@dataclass
class _Replay:
    """Some products from the beginning."""

    asking: Asking
    kinds: Mapping[str, Replayed]
    products: Sequence[str]
    _lines: dict[str, list[Columns]] = field(default_factory=lambda: defaultdict(list))
    """Document → its lines of these products."""
    _costs: dict[str, Columns] = field(default_factory=dict)
    """Line → what it costs, of those replayed so far."""
    _moves: dict[str, list[Move]] = field(default_factory=dict)
    _sums: dict[str, dict[str, list[int]]] = field(default_factory=lambda: defaultdict(dict))
    """Product → warehouse → Q, U, V."""

    def __post_init__(self) -> None:
        self._own = replace(self.asking, look=self._look, find=self._find, balance=self._balance)
        self._parents = {replayed.document.lines: module for module, replayed in self.kinds.items()}

    def differences(self) -> Iterator[Difference]:
        posted: dict[str, str] = {}
        for event in sorted(self._events(), key=lambda one: one.at):
            document = str(event.header["id"])
            if event.is_cancel:
                self._turn(self._moves[document], -1)
            else:
                self._moves[document] = self._book(event)
                self._turn(self._moves[document], +1)
                posted |= {document: event.module} if event.header["state"] == "posted" else {}
        yield from self._compare(posted)
        yield from self._residues()

    # ------------------------------------------------------------------------------------------------------ the order

    def _events(self) -> Iterator[_Event]:
        for module, replayed in self.kinds.items():
            documents: dict[str, None] = {}
            for line in self.asking.find(replayed.document.lines, {"product": self.products}):
                if line["state"] != "draft" and not line.get("is_service") and line["cost_amount"] is not None:
                    documents[str(line["document"])] = None
                    self._lines[str(line["document"])].append(line)
            yield from self._of_kind(module, list(documents))

    def _of_kind(self, module: str, documents: Sequence[str]) -> Iterator[_Event]:
        headers = self.asking.find(module, {"id": documents})
        gone = [str(one["id"]) for one in headers if one["state"] == "cancelled"]
        cancels = self.asking.find("document_version", {"document": gone, "state": "cancelled"}) if gone else []
        clocks = {str(one["document"]): str(one["created_at"]) for one in sorted(cancels, key=lambda one: _at(one))}
        for header in headers:
            id = str(header["id"])
            yield _Event((str(header["book_on"]), str(header["posted_at"]), id), module, header)
            if header["state"] == "cancelled":
                yield _Event((str(header["cancelled_on"]), clocks.get(id, "~"), id), module, header, is_cancel=True)

    # ------------------------------------------------------------------------------------------------------ the costs

    def _book(self, event: _Event) -> list[Move]:
        """What a document books of these products."""
        id, header = str(event.header["id"]), event.header
        lines = sorted(self._lines[id], key=lambda one: (int(one["line_no"] or 0), str(one["id"])))
        if event.module == "cost_adjust" and header["kind"] == RUN:
            lines = [one for one in lines if not one["source_document"]]  # the others are what their documents book
        posted = Posted(event.module, id, "", Sheet(header, lines), str(header["book_on"]), None, header)
        replayed = self.kinds[event.module]
        costs = dict(replayed.costs(posted, self._own))
        self._costs |= costs
        blank = dict.fromkeys(("cost_amount", "uncosted_qty", "cost_variance", "charges"))
        rows = {line: {**blank, **row} for line, row in costs.items()}
        moves = replayed.document.moves(replace(posted, annexes={"line_cost": rows}))
        return [one for one in moves if one.ledger == "stock_move"]

    def _turn(self, moves: Iterable[Move], sign: int) -> None:
        for move in moves:
            product = str(self.asking.meant("product", move.values["product"]))
            sums = self._sums[product].setdefault(str(move.values["warehouse"]), [0, 0, 0])
            for place, name in enumerate(("booked_qty", "uncosted_qty", "cost_amount")):
                sums[place] += sign * int(move.values.get(name) or 0)

    # ---------------------------------------------------------------------------------- what the rules may look up now

    def _balance(self, name: str, keys: Mapping[str, Any]) -> Mapping[str, int]:
        """The pool as it is at this place in time."""
        of_product = self._sums[str(self.asking.meant("product", keys["product"]))]
        found = [sums for place, sums in of_product.items() if keys.get("warehouse", place) == place]
        names = ("booked", "uncosted", "value")
        return {name: sum(sums[place] for sums in found) for place, name in enumerate(names)}

    def _look(self, module: str, id: str) -> Any:
        found = self.asking.look(module, id)
        return self._as_replayed(dict(found)) if found and module in self._parents else found

    def _find(self, module: str, columns: Mapping[str, Wanted]) -> list[Columns]:
        """Lines that came before, with what they cost here."""
        found = self.asking.find(module, columns)
        if module not in self._parents:
            return found
        return [self._as_replayed(row) for row in found if str(row["id"]) in self._costs]

    def _as_replayed(self, line: Columns) -> Columns:
        blank = {"cost_adjusted": None, "pool_cost": None, "pool_uncosted": None}
        return {**line, **self._costs.get(str(line["id"]), {"cost_amount": None}), **blank}

    # ------------------------------------------------------------------------------------------------ what is otherwise

    def _compare(self, posted: Mapping[str, str]) -> Iterator[Difference]:
        wanted: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
        for document in posted:
            for move in self._moves[document]:
                _add(wanted[document, str(move.line), str(move.values["warehouse"])], move.values)
        booked = self._booked(posted)
        for key, rows in booked.items():
            first, old = next((row for row in rows if row["kind"] not in ("variance", RUN)), rows[0]), [0, 0]
            for row in rows:
                _add(old, row)
            new = wanted[key]
            if old != new:
                yield _difference(first, (old[0], old[1]), (new[0], new[1]))

    def _booked(self, posted: Mapping[str, str]) -> dict[tuple[str, str, str], list[Columns]]:
        """The entries of what counts by document, line and warehouse, in the order of their days."""
        moves = self.asking.find("stock_move", {"product": self.products})
        found: dict[tuple[str, str, str], list[Columns]] = defaultdict(list)
        for move in sorted(moves, key=lambda row: (str(row["book_on"]), int(row["row"] or 0))):
            line = str(move["line"])
            if move["document"] in posted and line in self._costs:
                found[str(move["document"]), line, str(move["warehouse"])].append(move)
        return found

    def _residues(self) -> Iterator[Difference]:
        """A pool without goods is worth nothing."""
        pools: dict[tuple[str, ...], list[tuple[str, str]]] = defaultdict(list)
        names = Pools(self._own)
        for product, places in self._sums.items():
            for warehouse in places:
                pools[names.key(product, warehouse)].append((product, warehouse))
        for key, every in pools.items():
            pool = names.at(key)
            if pool.qty == 0 and (pool.value or pool.uncosted):
                product, warehouse = max(every)
                for row in self.asking.find("stock_balance", {"product": product, "warehouse": warehouse}):
                    old = (pool.value, pool.uncosted)
                    yield Difference(str(row["id"]), product, warehouse, old, (0, 0))


def _add(sums: list[int], values: Mapping[str, Any]) -> None:
    for place, name in enumerate(_AMOUNTS):
        sums[place] += int(values.get(name) or 0)


def _at(version: Columns) -> str:
    return str(version["created_at"])


def _difference(move: Columns, old: tuple[int, int], new: tuple[int, int]) -> Difference:
    text = {name: str(move[name] or "") for name in ("module", "document", "line", "number", "book_on")}
    return Difference(str(move["id"]), str(move["product"]), str(move["warehouse"]), old, new, **text)
