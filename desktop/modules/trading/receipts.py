"""T11: what is paid on a document with its first posting is a receipt of its own, 收款 or 付款, 退款, or 预收/付 for an
order, with a number of its series. All amounts in 分.

Documents that an older program posted keep their money themselves: nothing is made of them afterwards. That needs no
step at the start, on which all machines of a company would have to agree while some have it and some do not, and what
was printed of them stays as it was (`engine.documents.brought` tells how the two are told apart)."""

from collections.abc import Iterator, Mapping
from typing import Any

from ...engine.define import Draft, Fault
from ...engine.documents.declare import Asking, Brings, Columns, Hint, Posting, Sheet
from ...engine.fields import Enum, Field, Ref, Text
from .refusal import yuan
from .same import is_same

_CUSTOMER = {"order": "advance_in", "return": "refund_out"}
_SUPPLIER = {"order": "advance_out", "return": "refund_in"}
_SIDES = {"sale": ("customer", "receivable"), "purchase": ("supplier", "payable")}


def is_apart(header: Mapping[str, Any]) -> bool:
    """Whether the money of a document is booked by a receipt of its own."""
    return bool(header.get("receipt_number"))


def _receipt(module: str, id: str, first: Sheet) -> Sheet | None:
    """What the first posting of a document makes of what is paid on it."""
    header, paid = first.header, int(first.header.get("paid_amount") or 0)
    if not paid:
        return None
    party, _ = _SIDES[module]
    is_order = header.get("doc_type") == "order"
    about: Columns = {name: header.get(name) for name in (party, "doc_on", "account", "handler", "owner", "department")}
    about |= {"kind": _kind(module, header), "amount": paid, "balance_before": header.get("receipt_before")}
    about |= {("order" if module == "sale" else "purchase_order"): id} if is_order else {}
    return Sheet(about, () if is_order else (_line(module, id, header, paid),))


def _kind(module: str, header: Columns) -> str:
    kind = str(header.get("doc_type") or module)
    return _CUSTOMER.get(kind, "receipt") if module == "sale" else _SUPPLIER.get(kind, "payment")


def _line(module: str, id: str, header: Columns, paid: int) -> Columns:
    """What it settles: money given back settles a return, which counts the other way."""
    return {
        "target_kind": module, "target": id, "side": _SIDES[module][1], "document_number": header.get("number"),
        "document_on": header.get("doc_on"), "due_on": header.get("due_on"),
        "document_total": header.get("signed_total"), "outstanding_before": _owed(header),
        "amount": -paid if _is_back(header) else paid,
    }  # fmt: skip


def _is_back(header: Columns) -> bool:
    return header.get("doc_type") == "return"


def _owed(header: Columns) -> int:
    """What is open of a document once it is posted, before its receipt."""
    other = sum(int(header.get(name) or 0) for name in ("advance_used", "write_off_amount"))
    return int(header.get("signed_total") or 0) + (other if _is_back(header) else -other)


def show_open(header: Columns, asking: Asking) -> None:
    """What will be settled of a sheet and what stays open, while it is typed; of what was posted the books say so."""
    if asking.version(str(header.get("id") or "")):
        return
    paid, total, off = (int(header.get(name) or 0) for name in ("paid_amount", "signed_total", "write_off_amount"))
    if header.get("doc_type") == "order":
        header |= {"settled": paid or None, "outstanding": None}
        return
    back = -1 if _is_back(header) else 1
    left = _owed(header) - back * paid
    header |= {"outstanding": left, "settled": total - left - back * off}


def undone_along(header: Columns, asking: Asking) -> Iterator[Hint]:
    """What goes with a document when it is cancelled: its receipt, and the money that it moved."""
    module, amount = ("sale" if "customer" in header else "purchase"), int(header.get("paid_amount") or 0)
    if amount and is_apart(header):
        kind = "退" if _is_back(header) else "收" if module == "sale" else "付"
        words = f"{kind}款单 {header['receipt_number']} 一并作废"
        yield Hint(words, tells=(module, "receipt_number"), bare=f"随它过账的{kind}款单一并作废")
    account = asking.look("account", str(header["account"])) if amount and header.get("account") else None
    if account:
        is_in = (module == "sale") is not _is_back(header)
        turned = f"账户「{account['name']}」{'减少' if is_in else '加回'}"
        yield Hint(f"{turned} {yuan(amount)}", tells=(module, "paid_amount"), bare=f"{turned}这笔钱")
    if used := int(header.get("advance_used") or 0):
        back = "退回预收余额"
        yield Hint(f"用掉的预收 {yuan(used)} {back}", tells=(module, "advance_used"), bare=f"用掉的预收{back}")


def _notes(posting: Posting) -> Columns:
    """What the party owes, or is owed, with the document and before its receipt (M3). Of 零售客户,
    which is everybody's, nothing: what others have with it is not for who sold in the shop."""
    header = posting.sheet.header
    party, side = _SIDES["sale" if "customer" in header else "purchase"]
    known = posting.asking.look(party, str(header.get(party)))
    if known is not None and known["is_system"]:
        return {"receipt_before": None}
    before = posting.asking.balance("party_balance", {party: header.get(party), "side": side})["balance"]
    return {"receipt_before": before + sum(_turns(posting, party, side))}


def _turns(posting: Posting, party: str, side: str) -> Iterator[int]:
    """By how much a document turns what its party owes: 采购费用 may go to the supplier himself. What is paid turns it
    with the receipt."""
    mine = posting.sheet.header.get(party)
    for move in posting.moves(posting.sheet):
        is_debt = move.ledger == "party_entry" and move.values["side"] == side and move.role != "paid"
        if is_debt and is_same(posting.asking, party, mine, move.values[party]):
            yield int(move.values["amount"] or 0)


RECEIPT = Brings(
    module="settlement",
    role="paid",
    sheet=_receipt,
    number="receipt_number",
    link="receipt",
    shared="customer supplier owner department",
    void="void_numbers",
    notes=_notes,
)


def receipt_fields(label: str) -> dict[str, Field]:
    """What a document says of the receipt that came of its posting, to who sees settlements."""
    about: dict[str, Any] = dict(calc=True, readonly=True, see_module="settlement")
    return {
        "receipt": Ref(label, "settlement", loose=True, width=170, **about),
        "receipt_number": Text(f"{label}号", max_length=60, hidden=True, **about),
    }


def made_from() -> dict[str, Field]:
    """What a settlement says of the document that it came of, and of numbers drawn in vain for it."""
    kinds = {"sale": "sale", "purchase": "purchase"}
    return {
        "source_module": Enum("来源", {"sale": "销货", "purchase": "进货"}, readonly=True, hidden=True),
        "source": Ref("来源单据", target_by=("source_module", kinds), readonly=True, loose=True, width=170),
        "void_numbers": Text("作废的单号", calc=True, readonly=True, width=170, search=True,
                             help="两台机器把同一张单据各自过账，各取了一个号，只有一个算数"),
    }  # fmt: skip


def goes_along(draft: Draft) -> Iterator[Fault]:
    """Rule: what came of a document goes with it."""
    if draft.old and draft.new is None and draft.old["source"]:
        yield Fault("由单据生成的收付单不能单独删除，请在那张单据上作废")
