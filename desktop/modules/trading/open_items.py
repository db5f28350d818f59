"""Documents that settlements settle: sales, purchases and what was open before the books began (T10, T23)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...engine.documents.declare import Asking, Columns, Posting
from .allocation import OpenItem
from .money import Side
from .same import is_same

FEE = "purchase_fee"
"""What a purchase owes to whom its 采购费用 go (T6.8), beside what it owes to its supplier."""
TARGETS = {"sale": "销货", "purchase": "进货", FEE: "采购费用", "opening_party": "期初"}
MODULES = {kind: "purchase" if kind == FEE else kind for kind in TARGETS}
_OF_PARTY = {"customer": ("sale", "opening_party"), "supplier": ("purchase", "opening_party")}
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


def of_party(name: str, party: Any, asking: Asking, back: Mapping[str, int]) -> list[Found]:
    """What is open of a party (`name` is customer or supplier), the oldest due first; with what is given `back`."""
    found = [*_documents(name, party, asking, back), *(_fees(party, asking, back) if name == "supplier" else ())]
    return sorted(found, key=lambda one: (one.item.due_on is None, one.item.due_on or "", one.item.number))


def _documents(name: str, party: Any, asking: Asking, back: Mapping[str, int]) -> Iterator[Found]:
    for module in _OF_PARTY[name] if party else ():
        for row in asking.find(module, {name: party, "state": "posted"}):
            yield from _found(module, row, int(row["outstanding"] or 0), row["due_on"], back)


def _fees(party: Any, asking: Asking, back: Mapping[str, int]) -> Iterator[Found]:
    rows = asking.find("party_entry", {"supplier": party, "settles_module": FEE}) if party else ()
    for id in sorted({str(row["settles"]) for row in rows}):
        purchase = asking.look("purchase", id)
        if purchase and purchase["state"] == "posted":
            left = open_of(asking, {"target_kind": FEE, "target": id})
            yield from _found(FEE, purchase, left, purchase["doc_on"], back)


def _found(kind: str, row: Mapping[str, Any], left: int, due_on: Any, back: Mapping[str, int]) -> Iterator[Found]:
    about = {"target_kind": kind, "target": row["id"]}
    left += back.get(key_of(about), 0)
    if left:
        yield Found(OpenItem(key_of(about), str(row["number"]), due_on, left), kind, str(row["id"]))


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
