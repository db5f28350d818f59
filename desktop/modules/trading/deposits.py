"""订金 (T11): money that a party paid ahead for one order. What delivers the order uses it; as long as something of the
order is still to come, nothing else does. All amounts in 分."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ...engine.documents.declare import Above, Asking, Columns, Hint, Posting, Sheet, Typing, Wanted
from ...engine.fields import Enum
from .orders import OPEN_ORDERS
from .paying import deposit_offered
from .refusal import yuan

ORDERS = {"customer": "sale", "supplier": "purchase"}
"""Whose orders are kept where."""
ADVANCES = {"customer": "advance_in", "supplier": "advance_out"}


def held_for(module: str, order: Any) -> Columns:
    """What makes an entry of an advance one of the deposit of an order; nothing where there is no order."""
    return {"order_module": module, "order": order} if order else {}


def left_of(asking: Asking, module: str, order: Any) -> int:
    """What is left of the deposit of an order; below zero once two machines have used it."""
    return asking.balance("deposit_balance", {"order_module": module, "order": order})["balance"]


def held(asking: Asking, name: str, party: Any, *, but: Collection[Any] = ()) -> int:
    """What of the advance of a party (`name` is customer or supplier) is kept for its open orders, `but` some."""
    about: dict[str, Wanted] = {
        name: party, "state": "posted", "doc_type": "order", "progress": OPEN_ORDERS, "deposit_left": Above(0),
    }  # fmt: skip
    orders = asking.find(ORDERS[name], about) if party else ()
    return sum(int(row["deposit_left"] or 0) for row in orders if row["id"] not in but)


def is_held(asking: Asking, name: str, order: Any) -> bool:
    """Whether the deposit of an order is kept from other uses."""
    row = asking.look(ORDERS[name], str(order)) if order else None
    return row is not None and row["state"] == "posted" and row["progress"] in OPEN_ORDERS


def advance_of(asking: Asking, name: str, party: Any) -> int:
    """All that a party paid ahead and that is not used, deposits included."""
    return asking.balance("party_balance", {name: party, "side": ADVANCES[name]})["balance"]


def use_deposits(header: Mapping[str, Any], lines: Sequence[Columns], asking: Asking) -> None:
    """Says in the first line of each order how much of its deposit the advance that a delivery uses is."""
    rest, met = int(header.get("advance_used") or 0), set()
    before = _used_before(header, asking) if any(line.get("order") for line in lines) else Counter()
    for line in lines:
        order = str(line.get("order") or "")
        line["deposit_used"] = None
        if order and order not in met:
            met.add(order)
            used = max(min(rest, before[order] if order in before else left_of(asking, "sale", order)), 0)
            line["deposit_used"], rest = used, rest - used


def deposit_source() -> Enum:
    """Where the amount comes from that a delivery uses."""
    return Enum("预收来源", {"deposit": "订金", "typed": "手输"}, hidden=True)


def follow_deposits(header: Columns, lines: Sequence[Columns], typing: Typing, *, total: int) -> None:
    """What a delivery uses of the deposits of its orders goes by its total, until somebody types otherwise. What was
    posted stays."""
    if typing.asking.version(str(header["id"])):
        return
    if typing.line is None and typing.field == "advance_used":
        header["advance_source"] = "typed"
    if header.get("advance_source") == "deposit":
        orders = dict.fromkeys(str(line["order"]) for line in lines if line.get("order"))
        there = sum(max(left_of(typing.asking, "sale", order), 0) for order in orders)
        there = min(there, advance_of(typing.asking, "customer", header.get("customer")))
        header["advance_used"] = deposit_offered(there, 0, total) or None
    use_deposits(header, lines, typing.asking)


def _used_before(header: Mapping[str, Any], asking: Asking) -> Counter[str]:
    """What was decided by the first posting stays (T11)."""
    about: dict[str, Wanted] = {"document": header.get("id"), "state": "posted"}
    return _by_order(asking.find("sale_line", about) if header.get("id") else ())


def deposit_hints(name: str, sheet: Sheet, asking: Asking, *, total: int = 0) -> Iterator[Hint]:
    """What was paid ahead for the orders that a sheet delivers, and what of it a sheet of `total` takes (T11)."""
    module = ORDERS[name]
    before = _used_before(sheet.header, asking) if module == "sale" else Counter[str]()
    used = _by_order(sheet.lines) if module == "sale" else Counter[str]()
    for order in dict.fromkeys(str(line["order"]) for line in sheet.lines if line.get("order")):
        there = left_of(asking, module, order) + before[order]
        row, takes = asking.look(module, order), min(used[order], total)
        total -= takes
        if row and there > 0:
            yield Hint(_deposit_words(module, str(row["number"]), there, takes), tells=(module, "deposit_left"))


def _deposit_words(module: str, number: str, there: int, used: int) -> str:
    if module == "purchase":
        how = "过账后在「收付货款」付款时选这张订货，填「使用预收/付」，就抵掉这张进货单"
        return f"订货 {number} 已付订金 {yuan(there)}，还没有用掉：{how}"
    left = f"，还留 {yuan(there - used)} 给这张订货" if there > used else ""
    return f"订货 {number} 已收订金 {yuan(there)}，这张单用 {yuan(used)}{left}"


def freed_deposits(posting: Posting) -> dict[str, int]:
    """Order → what a change takes no longer from its deposit, as it has no line of it left: kept for the order again
    as long as something of it is to come, so what is used has to come from elsewhere."""
    freed = _by_order(posting.old.lines if posting.old else ())
    freed.subtract(_by_order(posting.sheet.lines))
    orders = {order: posting.asking.look("sale", order) for order, amount in freed.items() if amount > 0}
    return {
        order: freed[order]
        for order, row in orders.items()
        if row and row["state"] == "posted" and not row["closed_at"]
    }


def _by_order(lines: Sequence[Columns]) -> Counter[str]:
    found: Counter[str] = Counter()
    for line in lines:
        if line.get("order"):
            found[str(line["order"])] += int(line.get("deposit_used") or 0)
    return found
