"""T10, T12, T13: which documents a settlement settles, and what it leaves as an advance. All amounts in 分.

Headers and lines are plain mappings with the field names of `settlement` and `settlement_line`. `outstanding` gives
what is open of each target: above zero what is owed, below zero a return or another credit.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .refusal import Refusal, yuan

Row = Mapping[str, Any]

REFUNDS = ("refund_out", "refund_in")
ADVANCES = ("advance_in", "advance_out")


@dataclass(frozen=True)
class OpenItem:
    """A document that is not settled; `due_on` is an ISO date."""

    target: str
    number: str
    due_on: str | None
    outstanding: int


def to_advance(header: Row, lines: Sequence[Row]) -> int:
    """T10: what of the money is not allocated; below zero when too much is."""
    return _of(header, "amount") + _of(header, "advance_used") + write_off(lines) - _sum(lines, "amount")


def refund_amount(header: Row, lines: Sequence[Row]) -> int:
    """T10: the money that a refund pays: for returns (their lines are below zero) and out of the advance."""
    return _of(header, "from_advance") - _sum(lines, "amount")


def write_off(lines: Sequence[Row]) -> int:
    """T10: `write_off_amount` of the header is the sum of its lines'."""
    return _sum(lines, "write_off_amount")


def paid_state(total: int, outstanding: int) -> Literal["unpaid", "partial", "settled", "over"]:
    """T10: how far a document (a return has a total below zero) is settled."""
    if not outstanding:
        return "settled"
    if outstanding == total:
        return "unpaid"
    return "partial" if 0 < outstanding < total or total < outstanding < 0 else "over"


def allocate(money: int, items: Iterable[OpenItem], *, credits_first: bool) -> list[tuple[str, int]]:
    """自动分配 (T10): (target, amount) by due date, oldest first, then number; what is due on no day comes last.

    With `credits_first` (`money.auto_use_credit`) returns and credits are used before the money, but no more of
    them than there is to settle: a return does not become an advance.
    """
    ordered = sorted(items, key=lambda item: (item.due_on is None, item.due_on or "", item.number, item.target))
    debts = [item for item in ordered if item.outstanding > 0]
    credits = [item for item in ordered if item.outstanding < 0] if credits_first else []
    lacking = max(sum(item.outstanding for item in debts) - money, 0)
    used = [(target, -amount) for target, amount in _taken(lacking, credits)]
    return used + list(_taken(money - sum(amount for _, amount in used), debts))


def small_change_left(
    money: int, items: Iterable[OpenItem], given: Mapping[str, int], step: int
) -> tuple[str, int] | None:  # fmt: skip
    """`money.rounding`: the document that a round sum pays but for less than a step, and what it lacks."""
    if money <= 0 or money % step:
        return None
    lacks = ((one.target, one.outstanding - given[one.target]) for one in items if given.get(one.target, 0) > 0)
    return next(((target, lack) for target, lack in lacks if 0 < lack < step), None)


def refusals(
    header: Row,
    lines: Sequence[Row],
    *,
    outstanding: Mapping[str, int],
    advance_balance: int,
    write_off_limit: int | None,
    advance_name: str = "预收/付",
    overpaid: Collection[str] = (),
) -> Iterator[Refusal]:
    """Why a settlement of any kind but offset cannot be posted. What is given back of `overpaid` targets becomes an
    advance without any money.

    `write_off_limit` is the setting `money.write_off_limit`, or None for who may write off any amount. `advance_name`
    is what the balance is of: all that was paid ahead, or the deposit of an order.
    """
    yield from _negative(header)
    yield from _lines(lines, outstanding)
    if header["kind"] in REFUNDS:
        yield from _refund(header, lines, advance_balance, advance_name)
    else:
        yield from _write_off(lines, write_off_limit, overpaid)
        yield from _advance_used(header, lines, advance_balance, advance_name)
        yield from _kind(header, lines)


def offset_refusals(
    receivable: Sequence[Row], payable: Sequence[Row], *, outstanding: Mapping[str, int]
) -> Iterator[Refusal]:
    """T13: 应收冲应付 moves no money: the same amount on both sides, and lines on both."""
    yield from _lines([*receivable, *payable], outstanding)
    owed, owing = _sum(receivable, "amount"), _sum(payable, "amount")
    if not receivable or not payable:
        yield Refusal("offset-one-sided", "应收和应付两边都要有单据", "lines")
    elif owed != owing:
        yield Refusal("offset-unequal", f"应收 {yuan(owed)} 与应付 {yuan(owing)} 不相等", "lines")
    elif owed <= 0:
        yield Refusal("offset-empty", "冲抵金额要大于 0", "lines")


def _taken(money: int, items: Iterable[OpenItem]) -> Iterator[tuple[str, int]]:
    """`money` over the sizes of the items in their order, as far as it goes."""
    for item in items:
        amount = min(abs(item.outstanding), money)
        if amount > 0:
            money -= amount
            yield item.target, amount


def _negative(header: Row) -> Iterator[Refusal]:
    for name, label in (("amount", "金额"), ("advance_used", "使用预收/付"), ("from_advance", "退预收/付")):
        if _of(header, name) < 0:
            yield Refusal("negative", f"{label}不能小于 0", name)


def _lines(lines: Sequence[Row], outstanding: Mapping[str, int]) -> Iterator[Refusal]:
    """A line goes the way of what is open, and all lines of a document together not beyond it."""
    given: dict[str, int] = defaultdict(int)
    for line in lines:
        amount, off, target = _of(line, "amount"), _of(line, "write_off_amount"), line["target"]
        given[target] += amount
        is_open = outstanding.get(target, 0)
        if not (_is_within(amount, is_open) and _is_within(given[target], is_open)):
            words = f"未结 {yuan(is_open)}，不能分配更多" if is_open else "已经结清；这一行改成 0，多出的留作预收/付"
            yield Refusal("exceeds-outstanding", words, "amount", line.get("id"))
        if not _is_within(off, amount):
            yield Refusal("write-off-exceeds-line", "优惠不能超过本次分配", "write_off_amount", line.get("id"))


def _write_off(lines: Sequence[Row], limit: int | None, overpaid: Collection[str]) -> Iterator[Refusal]:
    off, allocated = write_off(lines), _sum(lines, "amount")
    if not off and _sum([line for line in lines if line["target"] not in overpaid], "amount") < 0:
        yield Refusal("returns-alone", "退货比单据多：多出的请退款，或留着以后抵", "lines")
    elif off and off > allocated:
        yield Refusal("write-off-exceeds-allocated", "优惠不能超过分配的总额", "write_off_amount")
    elif limit is not None and abs(off) > limit:
        yield Refusal("write-off-limit", f"优惠超过 {yuan(limit)} 需要改价权限", "write_off_amount")


def _refund(header: Row, lines: Sequence[Row], balance: int, name: str) -> Iterator[Refusal]:
    if _of(header, "advance_used") or write_off(lines):
        yield Refusal("refund-plain", "退款不能使用预收/付，也没有优惠", "advance_used")
    if any(_of(line, "amount") > 0 for line in lines):
        yield Refusal("refund-of-debt", "退款只能分配给退货或多付的单据", "lines")
    if _of(header, "from_advance") > balance:
        yield Refusal("advance-exceeded", f"{name}余额只有 {yuan(balance)}", "from_advance")
    if _of(header, "amount") != (due := refund_amount(header, lines)):
        yield Refusal("refund-unequal", f"退款金额应是 {yuan(due)}", "amount")


def _advance_used(header: Row, lines: Sequence[Row], balance: int, name: str) -> Iterator[Refusal]:
    used, rest = _of(header, "advance_used"), to_advance(header, lines)
    if rest < 0:
        yield Refusal("allocated-too-much", f"分配的比收付的多 {yuan(-rest)}", "amount")
    if used > max(balance, 0):
        yield Refusal("advance-exceeded", f"{name}余额只有 {yuan(balance)}", "advance_used")
    elif used > 0 and rest > 0:
        yield Refusal("advance-not-needed", f"还有 {yuan(rest)} 未分配，不需要使用这么多预收/付", "advance_used")


def _kind(header: Row, lines: Sequence[Row]) -> Iterator[Refusal]:
    """What only some kinds have: an advance settles no document, a write-off moves no money."""
    kind = header["kind"]
    if _of(header, "from_advance"):
        yield Refusal("not-a-refund", "只有退款才能退预收/付", "from_advance")
    if kind in ADVANCES and (lines or _of(header, "advance_used")):
        yield Refusal("advance-settles-nothing", "预收/付不分配给单据，请用收款或付款", "lines")
    if kind == "write_off" and (_of(header, "amount") or _of(header, "advance_used")):
        yield Refusal("write-off-moves-no-money", "核销不收付款项", "amount")


def _is_within(amount: int, limit: int) -> bool:
    """Between 0 and the limit, whichever sign that has."""
    return 0 <= amount <= limit or limit <= amount <= 0


def _sum(lines: Iterable[Row], name: str) -> int:
    return sum(_of(line, name) for line in lines)


def _of(row: Row, name: str) -> int:
    return int(row.get(name) or 0)
