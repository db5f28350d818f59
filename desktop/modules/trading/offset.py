"""往来抵销 (T13): what a customer owes against what he is owed as a supplier. No money moves."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...engine.documents.declare import Asking, Columns, Hint, Move, Posted, Posting, Typing, Wrong
from .allocation import allocate, offset_refusals
from .money import Side, party_move
from .open_items import (
    Found,
    given,
    is_of,
    keyed,
    known_amounts,
    of_party,
    open_before,
    posted_lines,
    settling,
    side_of,
    target_of,
)
from .papers import sum_of
from .refusal import yuan
from .same import is_same

KIND = "offset"
_PARTIES: Mapping[Side, str] = {"receivable": "customer", "payable": "supplier"}
_MONEY = ("account", "advance_used", "from_advance")
"""What only kinds that move money have a use for."""


def is_one(header: Mapping[str, Any]) -> bool:
    """Whether a settlement is an offset."""
    return header.get("kind") == KIND


def complete(header: Columns, asking: Asking) -> None:
    """A customer brings his supplier, and a supplier the one customer that is linked with him."""
    header |= dict.fromkeys(_MONEY)
    if header.get("customer") and not header.get("supplier"):
        header["supplier"] = _linked(header, asking)
    elif header.get("supplier") and not header.get("customer"):
        found = _customers_of(header, asking)
        header["customer"] = found.pop() if len(found) == 1 else None


def _customers_of(header: Columns, asking: Asking) -> set[Any]:
    """The customers that are linked with a supplier."""
    rows = asking.find("customer", {"linked_supplier": header["supplier"]})
    return {asking.meant("customer", row["id"]) for row in rows}


_WHERE = "在「客户信息」的「企业」页里设好，再回来选"


def hints(header: Columns, asking: Asking) -> Iterator[Hint]:
    """That both have to be one, and where that is said: who chooses one of them alone gets no further."""
    customer, supplier = header.get("customer"), header.get("supplier")
    if not customer and not supplier:
        yield Hint("客户要有「对应供应商」才能冲抵，选好以后两边没结清的单据列在下面", "customer")
    elif not supplier:
        yield Hint(f"这个客户还没有「对应供应商」，先{_WHERE}", "supplier", level="warn")
    elif not customer:
        several = len(_customers_of(header, asking)) > 1
        text = "几个客户的「对应供应商」都是它，请选一个" if several else f"没有客户的「对应供应商」是它，先{_WHERE}"
        yield Hint(text, "customer", level="warn")
    elif not is_same(asking, "supplier", _linked(header, asking), supplier):
        yield Hint(f"不是这个客户的「对应供应商」，先{_WHERE}", "supplier", level="warn")


def _linked(header: Mapping[str, Any], asking: Asking) -> Any:
    customer = asking.look("customer", str(header["customer"])) if header.get("customer") else None
    return customer["linked_supplier"] if customer else None


def sum_of_side(lines: Sequence[Columns], side: str) -> int:
    """Σ of the lines of one side."""
    return sum_of(_side(lines, side), "amount")


def _side(lines: Sequence[Columns], side: str) -> list[Columns]:
    return [line for line in lines if side_of(line) == side]


def spread(typing: Typing) -> list[Columns]:
    """自动分配 on both sides, the oldest due first: what was typed, but no more than either side has."""
    header, asking = typing.sheet.header, typing.asking
    if typing.field != "amount":
        header["amount"] = None
    _follow(header, typing.field, asking)
    back = given(posted_lines(header, asking))
    typed = int(header.get("amount") or 0)
    found = {side: of_party(name, header.get(name), asking, back, typed) for side, name in _PARTIES.items()}
    most = min(max(_owed(items), 0) for items in found.values())
    money = min(typed or most, most)
    made = []
    for items in found.values():
        spread = dict(allocate(money, [one.item for one in items], credits_first=False))
        made += known_amounts(items, spread, typing.sheet.lines)
    if not header.get("amount"):
        header["amount"] = money or None
    return made


def _follow(header: Columns, chosen: str | None, asking: Asking) -> None:
    """The other one goes by who was chosen; where nobody is linked, it stays as somebody chose it."""
    other = {"customer": "supplier", "supplier": "customer"}.get(chosen or "")
    kept = header.get(other) if other else None
    if other:
        header[other] = None
    complete(header, asking)
    if other and not header.get(other):
        header[other] = kept


def _owed(items: Sequence[Found]) -> int:
    return sum(one.item.outstanding for one in items if one.item.outstanding > 0)


def judge(posting: Posting) -> Iterator[Wrong]:
    """Both parties are one, and both sides give the same."""
    header, lines = posting.sheet.header, posting.sheet.lines
    wrong = list(_parties(posting))
    yield from wrong
    yield from _targets(posting)
    if wrong:
        return
    places = {str(line["id"]): place for place, line in enumerate(lines)}
    receivable, payable = _side(lines, "receivable"), _side(lines, "payable")
    for one in offset_refusals(keyed(receivable), keyed(payable), outstanding=open_before(posting)):
        field = "" if one.field == "lines" else one.field
        yield Wrong(one.message, field, places.get(one.line) if one.line else None)
    yield from _plain(header, lines)


def _parties(posting: Posting) -> Iterator[Wrong]:
    header = posting.sheet.header
    for name, label in (("customer", "客户"), ("supplier", "供应商")):
        if not header.get(name):
            yield Wrong(f"请选择{label}", name)
            return
        if posting.old and not is_same(posting.asking, name, posting.old.header.get(name), header[name]):
            yield Wrong("过账以后不能换往来单位，请作废后重开一张", name)
            return
    linked = _linked(header, posting.asking)
    if posting.old is None and not is_same(posting.asking, "supplier", linked, header["supplier"]):
        yield Wrong("这个供应商不是客户的「对应供应商」，请先在客户信息里设好", "supplier")


def _targets(posting: Posting) -> Iterator[Wrong]:
    for place, line in enumerate(posting.sheet.lines):
        target, module = target_of(line, posting.asking), str(line.get("target_kind"))
        if target is None:
            yield Wrong("请选择要结清的单据", "target", place)
        elif not any(
            is_of(posting.asking, module, target, name, posting.sheet.header.get(name)) for name in _PARTIES.values()
        ):
            yield Wrong(f"单据 {target['number']} 不是这两个往来单位的，或没有过账", "target", place)


def _plain(header: Columns, lines: Sequence[Columns]) -> Iterator[Wrong]:
    if any(line.get("write_off_amount") for line in lines):
        yield Wrong("抵销没有优惠，尾差请用核销", "write_off_amount")
    elif int(header.get("amount") or 0) != (owed := sum_of_side(lines, "receivable")):
        yield Wrong(f"金额应是分配的 {yuan(owed)}", "amount")


def moves(posted: Posted) -> Iterator[Move]:
    """Each side becomes less by the same, under its own party alone."""
    for line in posted.sheet.lines:
        side: Side = "payable" if side_of(line) == "payable" else "receivable"
        amount = -int(line.get("amount") or 0)
        yield from party_move(posted, KIND, side, amount, "allocated", settles=settling(line), line=str(line["id"]))
