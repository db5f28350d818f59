"""Documents that settlements settle: sales, purchases and what was open before the books began (T10, T23)."""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from ...engine.documents.declare import Above, Asking, Below, Columns, Posting, Wanted
from .allocation import OpenItem
from .money import Side
from .same import is_same

FEE = "purchase_fee"
"""What a purchase owes to whom its 采购费用 go (T6.8), beside what it owes to its supplier."""
TARGETS = {"sale": "销货", "purchase": "进货", FEE: "采购费用", "opening_party": "期初"}
MODULES = {kind: "purchase" if kind == FEE else kind for kind in TARGETS}
_OF_PARTY = {"customer": ("sale", "opening_party"), "supplier": ("purchase", "opening_party")}
LISTED = 300
"""So many debts are listed whatever is paid; with 700 of them, and all credits beside them, on both sides of an offset
is a sheet full."""
DEBTS_MAX, CREDITS_MAX = 700, 250
_SIDES: Mapping[str, Side] = {"sale": "receivable", "purchase": "payable", FEE: "payable"}


@dataclass(frozen=True)
class Found:
    """An open item, its kind and the id of its document."""

    item: OpenItem
    kind: str
    target: str


def key_of(line: Mapping[str, Any]) -> str:
    """Tells the two debts of one purchase apart."""
    return f"{line.get('target_kind')}:{line.get('target')}"


def keyed(lines: Iterable[Columns]) -> list[Columns]:
    """Lines as the rules of allocation take them."""
    return [line | {"target": key_of(line)} for line in lines]


def of_party(name: str, party: Any, asking: Asking, back: Mapping[str, int], money: int = 0) -> list[Found]:
    """What is open of a party (`name` is customer or supplier), the oldest due first; with what is given `back`. Of
    very much that is owed only what is due first, and on as far as `money` goes."""
    if not party:
        return []
    own = {one.item.target: one for one in _given_back(name, party, asking, back)}

    def others(wanted: Above | Below) -> Iterator[Found]:
        return (one for one in _open(name, party, asking, wanted) if one.item.target not in own)

    credits = [one for one in own.values() if _left(one) < 0]
    credits += islice(others(Below(0)), max(CREDITS_MAX - len(credits), 0))
    owed = chain((one for one in own.values() if _left(one) > 0), others(Above(0)))
    found = [*credits, *_as_far_as(owed, money - sum(map(_left, credits)))]
    return sorted(found, key=lambda one: (*_due(one), one.item.number))


def is_more_open(name: str, party: Any, asking: Asking, lines: Sequence[Columns]) -> bool:
    """Whether a sheet lists not all that is owed."""
    if not party or len(lines) < LISTED:
        return False
    listed = {key_of(line) for line in lines}
    return any(one.item.target not in listed for one in _open(name, party, asking, Above(0)))


def _as_far_as(owed: Iterator[Found], money: int) -> Iterator[Found]:
    for place, one in enumerate(owed):
        if place >= DEBTS_MAX or (place >= LISTED and money <= 0):
            return
        money -= _left(one)
        yield one


def _left(one: Found) -> int:
    return one.item.outstanding


def _due(one: Found) -> tuple[bool, str]:
    return one.item.due_on is None, str(one.item.due_on or "")


def _given_back(name: str, party: Any, asking: Asking, back: Mapping[str, int]) -> Iterator[Found]:
    """What a settlement that counts settles itself: it is listed whatever else is open."""
    for key, amount in back.items():
        kind, id = key.split(":", 1)
        row = asking.look(MODULES[kind], id) if kind in TARGETS else None
        if row and is_of(asking, kind, row, name, party):
            yield from _found(kind, row, open_of(asking, {"target_kind": kind, "target": id}) + amount)


def _open(name: str, party: Any, asking: Asking, wanted: Above | Below) -> Iterator[Found]:
    """What is open on one side, the oldest due first."""
    first, *others = _OF_PARTY[name]
    about: dict[str, Wanted] = {name: party, "state": "posted", "outstanding": wanted}
    walked = (one for row in asking.earliest(first, about) for one in _documents(first, row))
    few = [one for module in others for row in asking.find(module, about) for one in _documents(module, row)]
    if name == "supplier":
        few += (one for one in _fees(party, asking) if (_left(one) > 0) is isinstance(wanted, Above))
    yield from heapq.merge(walked, sorted(few, key=_due), key=_due)


def _documents(module: str, row: Mapping[str, Any]) -> Iterator[Found]:
    return _found(module, row, int(row["outstanding"] or 0))


def _fees(party: Any, asking: Asking) -> Iterator[Found]:
    for purchase in asking.find("purchase", {"fee_supplier": party, "state": "posted"}):
        yield from _found(FEE, purchase, open_of(asking, {"target_kind": FEE, "target": purchase["id"]}))


def _found(kind: str, row: Mapping[str, Any], left: int) -> Iterator[Found]:
    key, due_on = key_of({"target_kind": kind, "target": row["id"]}), row["doc_on" if kind == FEE else "due_on"]
    if left:
        yield Found(OpenItem(key, str(row["number"]), due_on, left), kind, str(row["id"]))


def given(lines: Iterable[Columns]) -> dict[str, int]:
    """What lines give each document."""
    found: dict[str, int] = {}
    for line in lines:
        found[key_of(line)] = found.get(key_of(line), 0) + int(line.get("amount") or 0)
    return found


def posted_lines(header: Mapping[str, Any], asking: Asking) -> list[Columns]:
    """The lines of a settlement as they count now: to change it is to give back first what they settle (T20)."""
    about = {"document": header.get("id"), "state": "posted"}
    return asking.find("settlement_line", about) if header.get("id") else []


def open_before(posting: Posting) -> dict[str, int]:
    """What would be open of the documents of a sheet without it."""
    back = given(posting.old.lines) if posting.old else {}
    return {
        key_of(line): open_of(posting.asking, line) + back.get(key_of(line), 0)
        for line in posting.sheet.lines
        if line.get("target")
    }


def known_amounts(found: Sequence[Found], given: Mapping[str, int], lines: Sequence[Columns]) -> list[Columns]:
    """A line for each open item with what it gets; what a line of it said before stays."""
    known = {key_of(line): line for line in lines}
    return [
        {"id": "", **known.get(one.item.target, {}), "target_kind": one.kind, "target": one.target}
        | {"amount": given.get(one.item.target, 0)}
        for one in found
    ]


def target_of(line: Mapping[str, Any], asking: Asking) -> Mapping[str, Any] | None:
    """The document that a line settles."""
    if not line.get("target") or line.get("target_kind") not in TARGETS:
        return None
    return asking.look(MODULES[str(line["target_kind"])], str(line["target"]))


def about(kind: str, target: Mapping[str, Any]) -> Columns:
    """What a line repeats of its document."""
    is_fee = kind == FEE
    return {
        "document_number": f"{target['number']} {TARGETS[FEE]}" if is_fee else target["number"],
        "document_on": target["doc_on"],
        "due_on": target["doc_on" if is_fee else "due_on"],
        "document_total": target["fee_amount" if is_fee else "signed_total"],
        "side": _SIDES.get(kind) or target["kind"],
    }  # fmt: skip


def side_of(line: Mapping[str, Any]) -> str:
    """Which of the two a line settles; versions of an older program say it by the kind of the document alone."""
    return str(line.get("side") or _SIDES.get(str(line.get("target_kind")), ""))


def is_of(asking: Asking, kind: str, target: Mapping[str, Any], name: str, party: Any) -> bool:
    """Whether a document counts and says what this party owes or is owed."""
    side = _SIDES.get(kind) or target["kind"]
    wanted = "receivable" if name == "customer" else "payable"
    owed = target.get("fee_supplier" if kind == FEE else name)
    return target["state"] == "posted" and side == wanted and is_same(asking, name, owed, party)


def open_of(asking: Asking, line: Mapping[str, Any]) -> int:
    """What is open of the document of a line."""
    keys = {"settles_module": line["target_kind"], "settles": line["target"]}
    return asking.balance("open_item", keys)["balance"]


def settling(line: Mapping[str, Any]) -> Columns:
    """What makes an entry one about the document of a line."""
    return {
        "settles": line["target"],
        "settles_module": line["target_kind"],
        "settles_number": line.get("document_number"),
    }
