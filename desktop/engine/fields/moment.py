"""date (a local calendar day) and datetime (a UTC instant)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from .base import ORDER_OPERATORS, Field, FieldError, Sql, Value, Where

ZONE = ZoneInfo("Asia/Shanghai")
"""Instants are shown in the branch's zone (setting sync.timezone; the default until settings can change it)."""


@dataclass(frozen=True, kw_only=True)
class Date(Field):
    """A day, stored `YYYY-MM-DD`. The default may be "today"."""

    type: ClassVar[str] = "date"
    default_width: ClassVar[int] = 88

    def parse(self, raw: Value) -> Value:
        if raw is None or raw == "":
            return None
        if not isinstance(raw, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", raw.strip()):
            raise FieldError(f"「{self.label}」写成 2026-11-23 的样子")
        try:
            day = date.fromisoformat(raw.strip())
        except ValueError:
            raise FieldError(f"「{self.label}」没有这一天") from None
        if day.year < 1900:
            raise FieldError(f"「{self.label}」太早")
        return day.isoformat()

    def export(self, value: Value, labels: Mapping[str, str]) -> object:
        return None if value is None else date.fromisoformat(value)


@dataclass(frozen=True, kw_only=True)
class DateTime(Field):
    """An instant, stored `YYYY-MM-DDThh:mm:ss.sssZ`. Filters compare by local day."""

    type: ClassVar[str] = "datetime"
    operators: ClassVar[tuple[str, ...]] = ORDER_OPERATORS
    default_width: ClassVar[int] = 130

    def parse(self, raw: Value) -> Value:
        if raw is None or raw == "":
            return None
        try:
            moment = datetime.fromisoformat(str(raw).replace("Z", "+00:00"))
        except ValueError:
            raise FieldError(f"「{self.label}」写成 2026-11-23 09:30 的样子") from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZONE)
        return instant(moment)

    def format(self, value: Value, labels: Mapping[str, str]) -> str:
        return "" if value is None else local_minute(value, ZONE)

    def compare(self, op: str, raw: Value, where: Where) -> Sql:
        day = Date(self.label).parse(raw if not isinstance(raw, str) else raw[:10])
        if day is None:
            raise FieldError(f"请填写「{self.label}」要比较的日期")
        start, end = day_span(day)
        inside = Sql(f"({where.column} >= ? AND {where.column} < ?)", (start, end))
        forms = {
            "eq": inside,
            "ne": Sql(f"({where.column} IS NULL OR NOT {inside.text})", inside.params),
            "lt": Sql(f"{where.column} < ?", (start,)),
            "le": Sql(f"{where.column} < ?", (end,)),
            "gt": Sql(f"{where.column} >= ?", (end,)),
            "ge": Sql(f"{where.column} >= ?", (start,)),
        }
        return forms[op]


def local_minute(value: str, zone: ZoneInfo) -> str:
    """An instant as the clock on the wall shows it."""
    return datetime.fromisoformat(value.replace("Z", "+00:00")).astimezone(zone).strftime("%Y-%m-%d %H:%M")


def instant(moment: datetime) -> str:
    """The one text form of an instant."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def day_span(day: str) -> tuple[str, str]:
    """First instant of a local day and of the next."""
    start = datetime.fromisoformat(day).replace(tzinfo=ZONE)
    return instant(start), instant(start + timedelta(days=1))


def today() -> str:
    """The local calendar day."""
    return datetime.now(ZONE).date().isoformat()
