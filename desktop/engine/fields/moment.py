"""Local days and UTC instants: what date and datetime fields share."""

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
"""Instants are shown in the branch's zone (setting sync.timezone; the default until settings can change it)."""


SEEDED = "2020-01-01T00:00:00.000Z"
"""When rows that ship with the program say they were made: the same on every machine."""


def local_minute(value: str, zone: ZoneInfo) -> str:
    """An instant as the clock on the wall shows it."""
    return datetime.fromisoformat(value.replace("Z", "+00:00")).astimezone(zone).strftime("%Y-%m-%d %H:%M")


def instant(moment: datetime) -> str:
    """The one text form of an instant."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def day_span(day: str) -> tuple[str, str]:
    """First instant of a local day and of the next. A day that its month does not have is one of the next month."""
    year, month, number = map(int, day.split("-"))
    start = datetime(year, month, 1, tzinfo=ZONE) + timedelta(days=number - 1)
    return instant(start), instant(start + timedelta(days=1))


def today() -> str:
    """The local calendar day."""
    return datetime.now(ZONE).date().isoformat()


_DAY = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{2})(\d{2}))(?:(?:[T ]\s*|(?<=日))(\d.*))?")
_SERIAL_ZERO = date(1899, 12, 30)
_SERIAL_DIGITS = 5
_SERIAL_MAX = 2_958_465


def written_day(text: str) -> tuple[str, str] | None:
    """The day, as `YYYY-MM-DD`, and the time that a text names: 2026-11-23, 2026/11/23, 2026.11.23, 2026年11月23日,
    20261123, or the number that Excel counts days by. Only its shape is judged."""
    text = unicodedata.normalize("NFKC", text).strip()
    if len(text) == _SERIAL_DIGITS and text.isdigit():
        return serial_day(Decimal(text))
    found = _DAY.fullmatch(text)
    if found is None:
        return None
    year, month, day = found[1], found[2] or found[4], found[3] or found[5]
    time = found[6] or ""
    return f"{year}-{int(month):02d}-{int(day):02d}", f"0{time}" if time[1:2] == ":" else time


def serial_day(number: Decimal) -> tuple[str, str] | None:
    """The day and the time of a number that Excel counts days by; eight digits are the day itself."""
    if number == int(number) and len(str(int(number))) == 8:
        return written_day(str(int(number)))
    if not 1 <= number <= _SERIAL_MAX:
        return None
    minutes = round(number % 1 * 1440)
    moment = datetime.combine(_SERIAL_ZERO, datetime.min.time()) + timedelta(days=int(number), minutes=minutes)
    return moment.date().isoformat(), moment.strftime("%H:%M") if minutes else ""
