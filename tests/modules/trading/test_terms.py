"""Due dates (T14, G12)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.modules.trading.terms import due_on


def method(kind: str, days: int | None = None, months: int | None = None, day: int | None = None) -> dict[str, Any]:
    return {"kind": kind, "days": days, "months": months, "day": day}


@pytest.mark.parametrize(
    ("doc_on", "row", "expected"),
    [
        ("2026-11-23", method("cash"), "2026-11-23"),
        ("2026-11-23", None, "2026-11-23"),
        ("2026-11-23", method("days", days=30), "2026-12-23"),
        ("2026-11-23", method("days"), "2026-11-23"),
        ("2026-11-23", method("monthly", months=1, day=25), "2026-12-25"),
        ("2026-01-31", method("monthly", months=1, day=31), "2026-02-28"),
        ("2028-01-31", method("monthly", months=1, day=30), "2028-02-29"),
        ("2026-11-30", method("monthly", months=2, day=5), "2027-01-05"),
        ("2026-12-01", method("monthly", months=12, day=31), "2027-12-31"),
        ("2026-11-23", method("monthly", months=0, day=25), "2026-11-25"),
        ("2026-11-23", method("monthly", months=3), "2027-02-28"),
        ("2026-12-31", method("days", days=60), "2027-03-01"),
        ("2026-11-23", method("of-a-newer-version"), "2026-11-23"),
    ],
)
def test_due_dates(doc_on: str, row: dict[str, Any] | None, expected: str) -> None:
    assert due_on(doc_on, row) == expected


@given(st.dates().filter(lambda day: day.year < 9000), st.integers(0, 36), st.integers(1, 31))
def test_a_monthly_date_lies_in_its_month(doc_on: Any, months: int, day: int) -> None:
    due = due_on(doc_on.isoformat(), method("monthly", months=months, day=day))
    year, month, due_day = map(int, due.split("-"))
    assert year * 12 + month == doc_on.year * 12 + doc_on.month + months
    assert due_day == day or (due_day < day and due_day >= 28)
