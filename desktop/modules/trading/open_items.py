"""Documents that settlements settle: sales, purchases and what was open before the books began (T10, T23)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...engine.documents.declare import Asking, Columns, Posting
from .allocation import OpenItem
from .money import Side
from .papers import is_same

TARGETS = {"sale": "销货", "purchase": "进货", "opening_party": "期初"}
_OF_PARTY = {"customer": ("sale", "opening_party"), "supplier": ("purchase", "opening_party")}
_SIDES: Mapping[str, Side] = {"sale": "receivable", "purchase": "payable"}

Found = tuple[OpenItem, str]
"""An open item, and the module of its document."""


def of_party(name: str, party: Any, asking: Asking, back: Mapping[str, int]) -> list[Found]:
    """What is open of a party (`name` is customer or supplier), the oldest due first; with what is given `back`."""
    found = []
    for module in _OF_PARTY[name] if party else ():
        for row in asking.find(module, {name: party, "state": "posted"}):
            left = int(row["outstanding"] or 0) + back.get(str(row["id"]), 0)
            if left:
                found.append((OpenItem(str(row["id"]), str(row["number"]), row["due_on"], left), module))  # type: ignore[arg-type]
    return sorted(found, key=lambda one: (one[0].due_on is None, one[0].due_on or "", one[0].number))


def given(lines: Iterable[Columns]) -> dict[str, int]:
    """What lines give each document."""
    found: dict[str, int] = {}
    for line in lines:
        found[str(line.get("target"))] = found.get(str(line.get("target")), 0) + int(line.get("amount") or 0)
    return found


def posted_lines(header: Mapping[str, Any], asking: Asking) -> list[Columns]:
    """The lines of a settlement as they count now: to change it is to give back first what they settle (T20)."""
    about = {"document": header.get("id"), "state": "posted"}
    return asking.find("settlement_line", about) if header.get("id") else []


def open_before(posting: Posting) -> dict[str, int]:
    """What would be open of the documents of a sheet without it."""
    back = given(posting.old.lines) if posting.old else {}
    return {
        str(line["target"]): open_of(posting.asking, line) + back.get(str(line["target"]), 0)
        for line in posting.sheet.lines
        if line.get("target")
    }


def known_amounts(found: Sequence[Found], given: Mapping[str, int], lines: Sequence[Columns]) -> list[Columns]:
    """A line for each open item with what it gets; what a line of it said before stays."""
    known = {line.get("target"): line for line in lines}
    return [
        {"id": "", **known.get(item.target, {}), "target_kind": module, "target": item.target}
        | {"amount": given.get(item.target, 0)}
        for item, module in found
    ]


def target_of(line: Mapping[str, Any], asking: Asking) -> Mapping[str, Any] | None:
    """The document that a line settles."""
    if not line.get("target") or line.get("target_kind") not in TARGETS:
        return None
    return asking.look(str(line["target_kind"]), str(line["target"]))


def about(module: str, target: Mapping[str, Any]) -> Columns:
    """What a line repeats of its document."""
    return {
        "document_number": target["number"], "document_on": target["doc_on"], "due_on": target["due_on"],
        "document_total": target["signed_total"], "side": _SIDES.get(module) or target["kind"],
    }  # fmt: skip


def side_of(line: Mapping[str, Any]) -> str:
    """Which of the two a line settles; versions of an older program say it by the kind of the document alone."""
    return str(line.get("side") or _SIDES.get(str(line.get("target_kind")), ""))


def is_of(asking: Asking, module: str, target: Mapping[str, Any], name: str, party: Any) -> bool:
    """Whether a document counts and says what this party owes or is owed."""
    side = _SIDES.get(module) or target["kind"]
    wanted = "receivable" if name == "customer" else "payable"
    return target["state"] == "posted" and side == wanted and is_same(asking, name, target.get(name), party)


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
