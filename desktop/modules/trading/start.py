"""T23: the day before the company began to keep its books here; what was there then is booked on it."""

from datetime import date, timedelta

from ...engine.documents.declare import Asking


def start_of(asking: Asking) -> str | None:
    """启用日期 (ISO)."""
    found = asking.find("company_profile", {})
    return str(found[0]["start_on"]) if found and found[0]["start_on"] else None


def day_before(day: str | None) -> str | None:
    """The day before a day (ISO)."""
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat() if day else None
