"""Local days and UTC instants: what date and datetime fields share."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
"""Instants are shown in the branch's zone (setting sync.timezone; the default until settings can change it)."""


def local_minute(value: str, zone: ZoneInfo) -> str:
    """An instant as the clock on the wall shows it."""
    return datetime.fromisoformat(value.replace("Z", "+00:00")).astimezone(zone).strftime("%Y-%m-%d %H:%M")


def instant(moment: datetime) -> str:
    """The one text form of an instant."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def day_span(day: str) -> tuple[str, str]:
    """First instant of a local day and of the next."""
    start = datetime.fromisoformat(day).replace(tzinfo=ZONE)
    return instant(start), instant(start + timedelta(days=1))


def today() -> str:
    """The local calendar day."""
    return datetime.now(ZONE).date().isoformat()
