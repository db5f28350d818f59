"""T23: the day before the company began to keep its books here; what was there then is booked on it."""

from datetime import date, timedelta

from ...engine.documents.declare import Asking

IMPORTED_DAY = {"doc_on": "空着是启用日期的前一天；要填就填启用日期以前的日期"}
"""What is written into the template of an opening."""


def start_of(asking: Asking) -> str | None:
    """启用日期 (ISO)."""
    found = asking.find("company_profile", {})
    return str(found[0]["start_on"]) if found and found[0]["start_on"] else None


def day_before(day: str | None) -> str | None:
    """The day before a day (ISO)."""
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat() if day else None
