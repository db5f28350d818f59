"""Tables as xlsx, read by another's eyes."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape

from desktop.engine import spreadsheet

FORMATS = ["@", "yyyy-mm-dd", "#,##0.00", "#,##0"]


def at(year: int, month: int, day: int) -> datetime:
    """As openpyxl reads a date."""
    return datetime.combine(date(year, month, day), time())


def sheet(target: Path) -> Any:
    return load_workbook(target).active


def read(target: Path) -> list[list[object]]:
    return [[cell.value for cell in row] for row in sheet(target).iter_rows(min_row=2)]


def test_cells_come_back_as_what_they_are(tmp_path: Path) -> None:
    rows: list[list[object]] = [["张三", date(2026, 3, 1), Decimal("1234.50"), 7], ["=1+1", None, Decimal("-0.01"), -3]]
    spreadsheet.write(tmp_path / "a.xlsx", ["姓名", "日期", "金额", "数"], rows, FORMATS)
    assert read(tmp_path / "a.xlsx") == [["张三", at(2026, 3, 1), 1234.5, 7], ["=1+1", None, -0.01, -3]]
    found = sheet(tmp_path / "a.xlsx")
    assert [found.cell(2, column).number_format for column in (2, 3, 4)] == FORMATS[1:]
    assert found["A3"].data_type == "s", "no formula"
    assert [cell.value for cell in found[1]] == ["姓名", "日期", "金额", "数"] and found["A1"].font.b
    assert found.freeze_panes == "A2"


@pytest.mark.parametrize(
    "text",
    [
        "<a & 'b' \"c\">",
        "  两边有空格 ",
        "两\n行",
        "制表\t符",
        "响\x07铃",
        "回\r车",
        "_x0041_",
        "𝄞 王",
        "",
        "7",
    ],
)
def test_any_text_comes_back(tmp_path: Path, text: str) -> None:
    spreadsheet.write(tmp_path / "a.xlsx", ["文字"], [[text], ["平常"]], ["@"])
    assert unescape(sheet(tmp_path / "a.xlsx")["A2"].value or "") == text


def test_what_excel_cannot_hold(tmp_path: Path) -> None:
    """Too long a text is cut and says so; a day before its calendar is text; what is no character is seen as lost."""
    rows: list[list[object]] = [["长" * 40_000, date(1899, 5, 1)], ["短", date(1900, 3, 1)], ["\ufffe半\ud800", None]]
    spreadsheet.write(tmp_path / "a.xlsx", ["文字", "日期"], rows, FORMATS[:2])
    (long, early), (_, first), (lost, _) = read(tmp_path / "a.xlsx")
    assert isinstance(long, str) and len(long) == spreadsheet.TEXT_MAX and long.endswith("长…")
    assert (early, first, lost) == ("1899-05-01", at(1900, 3, 1), "�半�")


def test_many_rows_and_columns_and_none(tmp_path: Path) -> None:
    heads = [f"列{at}" for at in range(60)]
    rows = [[f"{row}/{at}" if (row + at) % 7 else None for at in range(60)] for row in range(1_201)]
    spreadsheet.write(tmp_path / "a.xlsx", heads, iter(rows), ["@"] * 60)
    assert read(tmp_path / "a.xlsx") == rows
    spreadsheet.write(tmp_path / "b.xlsx", heads, iter(()), ["@"] * 60)
    assert read(tmp_path / "b.xlsx") == []
