"""库存一览 (modules.md 2.2.9, P2): what there is of every product, in all or by warehouse, now or on a day, and which
products are short or too many."""

from ...engine.documents.declare import Columns, Survey
from .stock_hints import stock_hint

CONDITIONS = {"low": "不足", "high": "过高", "none": "零库存", "negative": "负库存", "normal": "正常"}


def judged(row: Columns) -> Columns:
    """`low` and `high` are the limits; on a day that is past nobody knows what had been ordered. What keeps to its
    limits is not bought, as far as it may be below the upper one, nor is what is too many: a purchase says nothing of
    it either."""
    on_hand = int(row["on_hand"] or 0)
    available = on_hand - int(row["reserved"] or 0)
    projected = available + int(row["on_order"] or 0)
    low, high = (None if row[name] is None else int(row[name] or 0) for name in ("low", "high"))
    hint = stock_hint(on_hand=on_hand, available=available, projected=projected, stock_min=low, stock_max=high)
    condition = _condition(on_hand, is_low=hint.is_low, is_high=hint.is_high)
    asks = condition not in ("normal", "high") and (low is not None or high is not None)
    return {
        "available": available,
        "projected": projected,
        "suggested": hint.suggested if asks else None,
        "condition": condition,
    }


def _condition(on_hand: int, *, is_low: bool, is_high: bool) -> str:
    if on_hand < 0:
        return "negative"
    if is_low:
        return "low"
    if is_high:
        return "high"
    return "normal" if on_hand else "none"


SURVEY = Survey(
    label="库存一览",
    balance="stock_balance",
    whole="product",
    part="warehouse",
    amount="qty",
    sums=("on_hand", "reserved", "on_order"),
    about=("code", "spec", "unit"),
    limits=("stock_min", "stock_max"),
    part_limits="stock_limit",
    without={"kind": "service", "is_stopped": 1},
    heads={
        "on_hand": "库存数量", "reserved": "已订未交", "available": "可用数量", "on_order": "在订", "projected": "预计",
        "low": "下限", "high": "上限", "suggested": "建议进货",
    },
    summed=("on_hand", "reserved", "available", "on_order", "projected"),
    alike="unit",
    conditions=CONDITIONS,
    judge=judged,
)  # fmt: skip
