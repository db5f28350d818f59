"""Days that lie so far off that they are more likely a slip: whoever saves one is asked, of records and documents
alike."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from .fields import Date, Field

ASK = "far_day"
YEARS_BACK, YEARS_AHEAD = 50, 20


def far_days(
    fields: Mapping[str, Field], old: Mapping[str, Any] | None, new: Mapping[str, Any], now: str
) -> Iterator[tuple[str, str]]:
    """(field, what is asked) of the days that were just typed."""
    for name, one in fields.items():
        day = new.get(name)
        if not isinstance(one, Date) or one.readonly or one.for_good or not day or (old or {}).get(name) == day:
            continue
        years = date.fromisoformat(str(day)).year - date.fromisoformat(now).year
        if not -YEARS_BACK <= years <= YEARS_AHEAD:
            yield name, f"「{one.label}」写的是 {day}，{'离今天还有' if years > 0 else '已经过了'} {abs(years)} 年"
