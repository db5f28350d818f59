"""What people write in the cells of a spreadsheet, and what each field type makes of it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from desktop.engine.fields import (
    Birthday,
    Bool,
    Cell,
    Date,
    DateTime,
    Enum,
    Field,
    FieldError,
    Int,
    Money,
    Phone,
    Quantity,
    Rate,
    Text,
)  # fmt: skip

MOMENT = datetime.fromisoformat("2026-11-23 09:30")
SOLAR = {"kind": "solar", "is_leap_month": False}
LUNAR = {"kind": "lunar", "is_leap_month": False}


@pytest.mark.parametrize(
    ("field", "cell", "value"),
    [
        *((Date("日"), cell, "2026-11-23") for cell in (
            "2026-11-23", "2026/11/23", "2026.11.23", "2026年11月23日", "20261123", "２０２６-11-23", "46349", 46349,
            20261123, Decimal("46349.75"), date(2026, 11, 23), MOMENT, "2026-11-23 09:30:00", "2026年11月23日 9:30",
        )),
        (Date("日"), "2026/1/3", "2026-01-03"), (Date("日"), "  ", None), (Date("日"), None, None),
        (DateTime("时"), MOMENT, "2026-11-23T01:30:00.000Z"),
        (DateTime("时"), "2026/11/23 9:30", "2026-11-23T01:30:00.000Z"),
        (DateTime("时"), Decimal("46349.5"), "2026-11-23T04:00:00.000Z"),
        (Money("钱"), "1,234.50", 123450), (Money("钱"), "￥１２", 1200), (Money("钱"), "（3.5）", -350),
        (Money("钱"), "−5元", -500), (Money("钱"), Decimal("0.1"), 10), (Money("钱"), 7, 700), (Money("钱"), "", None),
        (Rate("率"), "13%", 130_000), (Rate("率"), Decimal("13.5"), 135_000), (Int("数"), "1,000", 1000),
        (Bool("否"), "√", True), (Bool("否"), "否", False), (Bool("否"), "N", False), (Bool("否"), 1, True),
        (Enum("性别", {"m": "男", "f": "女"}), " 男 ", "m"), (Enum("性别", {"m": "男"}), "m", "m"),
        (Phone("电话"), 13800000001, "13800000001"), (Text("名"), Decimal("1.50"), "1.50"), (Text("名"), True, "是"),
        (Text("名"), date(2026, 1, 2), "2026-01-02"),
        (Birthday("生日"), "8月15日", SOLAR | {"year": None, "month": 8, "day": 15}),
        (Birthday("生日"), "1980-8-15", SOLAR | {"year": 1980, "month": 8, "day": 15}),
        (Birthday("生日"), date(1980, 8, 15), SOLAR | {"year": 1980, "month": 8, "day": 15}),
        (Birthday("生日"), "农历八月十五", LUNAR | {"year": None, "month": 8, "day": 15}),
        (Birthday("生日"), "阴历1990年腊月廿三", LUNAR | {"year": 1990, "month": 12, "day": 23}),
    ],
)  # fmt: skip
def test_cell_is_understood(field: Field, cell: Cell, value: Any) -> None:
    assert field.read(cell) == value


@pytest.mark.parametrize(
    ("field", "cell", "words"),
    [
        (Date("日"), "11-23", "都可以"), (Date("日"), "2026-02-30", "没有这一天"), (Date("日"), True, "都可以"),
        (Date("日"), -5, "都可以"), (Money("钱"), "1,2", "应是数字"), (Money("钱"), "很多", "应是数字"),
        (Money("钱"), Decimal("1.234"), "最多 2 位小数"), (Int("数"), Decimal("1.5"), "应是整数"),
        (Int("数"), True, "应是数字"), (Int("数"), 2**60, "太大，最多 9,007,199,254,740,991"),
        (Money("钱"), "99,999,999,999,999.00", "「钱」太大，最多 90,071,992,547,409.91"),
        (Money("钱"), "-99999999999999", "「钱」太小，最少 −90,071,992,547,409.91"),
        (Quantity("量"), 10**13, "太大，最多 900,719,925,474.0991"), (Rate("率"), 10**13, "最多 900,719,925,474.0991%"),
        (Money("钱", max=100), 10**17, "不能大于 1.00"),
        (Bool("否"), "也许", "是 或 否"), (Enum("性别", {"m": "男"}), "雄", "男"), (Phone("电话"), "没有", "没有号码"),
        (Birthday("生日"), "春节", "要有月和日"), (Birthday("生日"), "2月30日", "没有这一天"),
        (Birthday("生日"), "农历1980年闰四月初五", "没有"),
    ],
)  # fmt: skip
def test_cell_that_cannot_be_meant_is_told(field: Field, cell: Cell, words: str) -> None:
    with pytest.raises(FieldError, match=words):
        field.read(cell)


@pytest.mark.parametrize("day", range(1, 31))
def test_a_birthday_is_read_as_it_is_written(day: int) -> None:
    for month in range(1, 13):
        one = Birthday("生日")
        value = one.parse({"kind": "lunar", "year": None, "month": month, "day": day})
        assert one.read(one.format(value, {})) == value
