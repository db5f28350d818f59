"""birthday: a solar or lunar day of the year, the year perhaps unknown. Five columns, one merge unit."""

import calendar
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, TypeGuard

from .base import COMPARISONS, ORDER_OPERATORS, Cell, Column, Columns, Field, FieldError, Sql, Value, Where
from .moment import serial_day, written_day

_PARTS = ("kind", "year", "month", "day", "is_leap_month")
_LUNAR_MONTHS = "正二三四五六七八九十冬腊"
_LUNAR_TENS = ("初", "十", "廿", "三")
_DIGITS = "一二三四五六七八九十"
_LUNAR_YEARS_END = 2100


@dataclass(frozen=True, kw_only=True)
class Birthday(Field):
    """The value is {kind, year, month, day, is_leap_month}; columns are `<name>_kind` and so on."""

    type: ClassVar[str] = "birthday"
    operators: ClassVar[tuple[str, ...]] = ORDER_OPERATORS
    default_width: ClassVar[int] = 110

    def columns(self, name: str) -> tuple[Column, ...]:
        return tuple(Column(f"{name}_{part}", "TEXT" if part == "kind" else "INTEGER", name) for part in _PARTS)

    def parse(self, raw: Value) -> Value:
        if raw is None or raw == "":
            return None
        if not isinstance(raw, Mapping) or not set(raw) <= set(_PARTS):
            raise FieldError(f"「{self.label}」要有月和日")
        kind, year = raw.get("kind", "solar"), raw.get("year")
        month, day, leap = raw.get("month"), raw.get("day"), raw.get("is_leap_month") or False
        if kind not in ("solar", "lunar") or not isinstance(leap, bool):
            raise FieldError(f"「{self.label}」应是公历或农历")
        if not _is_int(month) or not _is_int(day) or not (year is None or _is_int(year)):
            raise FieldError(f"「{self.label}」要有月和日")
        if year is not None and not 1900 <= year <= 2100:
            raise FieldError(f"「{self.label}」的年份在 1900 到 2100 之间，不知道可以不填")
        if not 1 <= month <= 12 or not 1 <= day <= _days(kind, year, month):
            raise FieldError(f"「{self.label}」没有这一天")
        if kind == "lunar" and year is not None and not _is_lunar_day(year, month, day, leap):
            words = f"农历{year}年{'闰' if leap else ''}{_LUNAR_MONTHS[month - 1]}月"
            raise FieldError(f"「{self.label}」没有{words}{lunar_day(day)}这一天")
        return {
            "kind": kind,
            "year": year,
            "month": month,
            "day": day,
            "is_leap_month": leap and kind == "lunar",
        }

    def read(self, cell: Cell) -> Value:
        """A date, 8月15日 or 8-15 without the year, 农历八月十五, 农历1980年闰四月初五."""
        text = unicodedata.normalize("NFKC", cell).strip() if isinstance(cell, str) else ""
        if cell is None or (isinstance(cell, str) and not text):
            return None
        if isinstance(cell, str):
            return self.parse(_written_birthday(text))
        if isinstance(cell, date):
            return self.parse(_solar(cell.strftime("%Y-%m-%d")))
        found = serial_day(Decimal(cell)) if not isinstance(cell, bool) else None
        return self.parse(_solar(found[0]) if found else "?")

    def store(self, name: str, value: Value) -> Columns:
        value = value or dict.fromkeys(_PARTS)
        stored = {f"{name}_{part}": value[part] for part in _PARTS}
        leap = stored[f"{name}_is_leap_month"]
        return stored | {f"{name}_is_leap_month": None if leap is None else int(leap)}

    def load(self, name: str, row: Mapping[str, Any]) -> Value:
        if row[f"{name}_month"] is None:
            return None
        value = {part: row[f"{name}_{part}"] for part in _PARTS}
        return value | {"is_leap_month": bool(value["is_leap_month"])}

    def format(self, value: Value, labels: Mapping[str, str]) -> str:
        if value is None:
            return ""
        year = f"{value['year']}年" if value["year"] else ""
        if value["kind"] == "lunar":
            leap = "闰" if value["is_leap_month"] else ""
            return f"农历{year}{leap}{_LUNAR_MONTHS[value['month'] - 1]}月{lunar_day(value['day'])}"
        return f"{year}{value['month']}月{value['day']}日"

    def search_text(self, value: Value) -> str:
        return ""

    def order(self, where: Where) -> str:
        return f"({where.table}.{where.name}_month * 100 + {where.table}.{where.name}_day)"

    def is_empty(self, where: Where) -> Sql:
        return Sql(f"{where.table}.{where.name}_month IS NULL")

    def compare(self, op: str, raw: Value, where: Where) -> Sql:
        """By day of the year; a month alone (`8`) compares by month."""
        month, day = _month_and_day(self.label, raw)
        if day is None:
            column, wanted = f"{where.table}.{where.name}_month", month
        else:
            column, wanted = self.order(where), month * 100 + day
        if op == "ne":
            return Sql(f"({where.table}.{where.name}_month IS NULL OR {column} <> ?)", (wanted,))
        return Sql(f"{column} {COMPARISONS[op]} ?", (wanted,))


def _is_int(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _days(kind: str, year: int | None, month: int) -> int:
    """Longest the month can be; 29 February is a birthday even when the year is unknown."""
    return 30 if kind == "lunar" else calendar.monthrange(year or 2000, month)[1]


def _is_lunar_day(year: int, month: int, day: int, leap: bool) -> bool:
    """Whether that year has the leap month and the month so many days, as far as the tables reach."""
    from lunardate import LunarDate

    if year >= _LUNAR_YEARS_END:
        return True
    try:
        LunarDate(year, month, day, leap).to_solar_date()
    except ValueError:
        return False
    return True


def lunar_day(day: int) -> str:
    """初一 … 三十."""
    if day in (10, 20, 30):
        return {10: "初十", 20: "二十", 30: "三十"}[day]
    return _LUNAR_TENS[day // 10] + _DIGITS[day % 10 - 1]


def _month_and_day(label: str, raw: Value) -> tuple[int, int | None]:
    if isinstance(raw, Mapping):
        raw = f"{raw.get('month')}-{raw.get('day')}"
    found = re.fullmatch(r"(?:\d{4}-)?(\d{1,2})(?:月)?(?:[-/.]?(\d{1,2})日?)?", str(raw or "").strip())
    if not found or not 1 <= int(found[1]) <= 12:
        raise FieldError(f"「{label}」写成 0815、8-15，或只写月份 8")
    return int(found[1]), int(found[2]) if found[2] else None


_LUNAR = re.compile(r"农历(?:(\d{4})年)?(闰?)(.{1,3})月(.{2,3})")
_SOLAR = re.compile(r"(\d{1,2})[月/.-](\d{1,2})日?")


def _solar(day: str) -> dict[str, Any]:
    year, month, of_month = map(int, day.split("-"))
    return {"kind": "solar", "year": year, "month": month, "day": of_month}


def _written_birthday(text: str) -> Value:
    """What a text says, as a value; the text itself when it says none."""
    if lunar := _LUNAR.fullmatch(text.replace("阴历", "农历").replace(" ", "")):
        return _written_lunar(*lunar.groups())
    if short := _SOLAR.fullmatch(text):
        return {"kind": "solar", "year": None, "month": int(short[1]), "day": int(short[2])}
    found = written_day(text)
    return _solar(found[0]) if found else text


def _written_lunar(year: str | None, leap: str, month: str, day: str) -> Value:
    """`month` and `day` in characters or digits."""
    months = {**{name: place for place, name in enumerate(_LUNAR_MONTHS, 1)}, "一": 1, "十一": 11, "十二": 12}
    days = {**{lunar_day(place): place for place in range(1, 31)}, "二十": 20, "三十": 30}
    days |= {f"二十{_DIGITS[place]}": 21 + place for place in range(9)} | {f"十{_DIGITS[n]}": 11 + n for n in range(9)}
    days |= {f"{place}日": place for place in range(1, 31)}
    of_month = days.get(day)
    return {
        "kind": "lunar", "year": int(year) if year else None, "day": of_month, "is_leap_month": bool(leap),
        "month": int(month) if month.isdigit() else months.get(month),
    }  # fmt: skip
