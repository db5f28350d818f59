"""T14: when a document is to be paid."""

from calendar import monthrange
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any


def due_on(doc_on: str, method: Mapping[str, Any] | None) -> str:
    """The due date (ISO) by a row of `settlement_method`: cash, days(n), monthly(months, day); without one, cash.

    Day d of a month that is shorter, or a blank day, is its last day.
    """
    start = date.fromisoformat(doc_on)
    kind = method["kind"] if method else "cash"
    if method and kind == "days":
        return (start + timedelta(days=method["days"] or 0)).isoformat()
    if method and kind == "monthly":
        return _day_of_month(start, method["months"] or 0, method["day"] or 31).isoformat()
    return doc_on


def _day_of_month(start: date, months: int, day: int) -> date:
    years, month = divmod(start.month - 1 + months, 12)
    year, month = start.year + years, month + 1
    return date(year, month, min(day, monthrange(year, month)[1]))
