"""What kind of file it is, its sheets, and its rows as cells. Refuses what cannot be read, and says what to do."""

import codecs
import csv
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from ...errors import BadRequest
from ..fields import Cell
from . import most
from .survey import Survey, survey

Kind = Literal["xlsx", "csv"]

BYTES_MAX = 64 * 1024 * 1024
COLUMNS_MAX = 300
_BLOCK = 1 << 20
_UNPACKED_MAX, _WORDS_MAX = 600 << 20, 150 << 20
"""Bytes of a whole spreadsheet, and of its shared words."""
_SAMPLE_LINES = 20
_DELIMITERS = ",\t;"
_FORMULA_STARTS = ("=", "+", "-", "@")
_DIGITS_EXACT = 10**15
_SAVE_AS = "请用 Excel 或 WPS 打开它，另存为「Excel 工作簿（.xlsx）」再导入"


@dataclass(frozen=True)
class Flaw:
    """A cell that cannot be used as it is, why, and what it says in the file, as far as that is known."""

    reason: str
    shown: str = ""


Row = tuple[int, list[Cell | Flaw]]
"""Its number as the spreadsheet shows it, and its cells from the first column on."""


@dataclass(frozen=True)
class Sheet:
    """A sheet that can be chosen."""

    name: str
    hidden: bool = False


def kind_of(path: Path) -> Kind:
    """By what is in the file, not by its name; raises `BadRequest` for what is no table."""
    size = path.stat().st_size
    if size == 0:
        raise BadRequest("文件是空的，请重新选择")
    if size > BYTES_MAX:
        raise BadRequest(f"文件有 {size / 2**20:,.0f} MB，一次最多 {BYTES_MAX // 2**20} MB，请分成几个文件导入")
    with path.open("rb") as file:
        head = file.read(4_096)
    if head.startswith(b"PK"):
        return _of_archive(path)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise BadRequest(_of_old_format(path))
    if head.lstrip().lower().startswith((b"<html", b"<!doctype", b"<?xml", b"<table")):
        raise BadRequest(f"这个文件其实是网页，不是表格。{_SAVE_AS}")
    if head.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8", b"GIF8", b"{\\rtf")):
        raise BadRequest("这不是表格文件，请选 xlsx 或 csv")
    encoding_of(path)
    return "csv"


def _of_archive(path: Path) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            _refuse_bomb(archive)
    except zipfile.BadZipFile:
        raise BadRequest("文件不完整或已损坏，请重新保存后再导入") from None
    if any(name.endswith("vbaProject.bin") for name in names):
        raise BadRequest(f"这个文件带宏（xlsm）。{_SAVE_AS}")
    if "xl/workbook.xml" not in names:
        raise BadRequest(f"不能读这种表格文件。{_SAVE_AS}")
    return "xlsx"


def _refuse_bomb(archive: zipfile.ZipFile) -> None:
    """Before anything is unpacked: words that many cells share are held in memory as a whole, whatever the part that
    holds them is called."""
    sizes = {one.filename.lower(): one.file_size for one in archive.infolist()}
    words = sum(size for name, size in sizes.items() if "sharedstrings" in name)
    if words > _WORDS_MAX or sum(sizes.values()) > _UNPACKED_MAX:
        raise BadRequest("这个表格解开后太大，请分成几个文件导入")


def _of_old_format(path: Path) -> str:
    """The old format of Excel, or a new one behind a password: both come in the same container."""
    if "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
        return "这个文件设了打开密码。请在 Excel 里去掉密码（文件 → 信息 → 保护工作簿），保存后再导入"
    return f"这是旧版的 xls 文件。{_SAVE_AS}"


def encoding_of(path: Path) -> str:
    """Raises `BadRequest` when the text is none that is known."""
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for encoding in ("utf-8-sig", "gb18030"):
        if _decodes(path, encoding):
            return encoding
    raise BadRequest("看不懂这个文件的文字。请另存为 xlsx，或编码为 UTF-8 的 csv")


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                if "\0" in decoder.decode(block):
                    return False
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def sheets(path: Path, kind: Kind) -> list[Sheet]:
    """The sheets with cells, as their tabs stand; a csv file is one without a name."""
    if kind == "csv":
        return [Sheet("")]
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    with _workbook(path) as book:
        found = [one for one in book.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet]
    return [Sheet(one.name, one.visible != SheetVisibleEnum.Visible) for one in found]


def rows(path: Path, kind: Kind, sheet: str) -> Iterator[Row]:
    """Rows that hold something. Raises `BadRequest` for a sheet that is too large or cannot be read."""
    source = _csv_rows(path) if kind == "csv" else _xlsx_rows(path, sheet)
    for count, (number, cells) in enumerate(source):
        if count > most.ROWS:
            raise BadRequest(f"这张表超过 {most.ROWS:,} 行，请分成几个文件导入")
        if len(cells) > COLUMNS_MAX:
            raise BadRequest(f"第 {number} 行有 {len(cells):,} 列，最多 {COLUMNS_MAX} 列。请去掉不用的列")
        yield number, cells


def _bare(cells: list[Cell | Flaw]) -> list[Cell | Flaw]:
    """Without the blank cells at the end."""
    while cells and cells[-1] is None:
        cells.pop()
    return cells


# ------------------------------------------------------------------------ csv


def _csv_rows(path: Path) -> Iterator[Row]:
    encoding = encoding_of(path)
    with path.open(encoding=encoding, newline="") as file:
        lines = list(islice(file, _SAMPLE_LINES))
        file.seek(0)
        reader = csv.reader(file, delimiter=delimiter_of(lines))
        try:
            for number, texts in enumerate(reader, 1):
                if cells := _bare([_csv_cell(text) for text in texts]):
                    yield number, cells
        except csv.Error:
            raise BadRequest(f"第 {reader.line_num:,} 行附近的引号没有成对，读不下去。请改好，或另存为 xlsx") from None


def delimiter_of(lines: Sequence[str]) -> str:
    """What parts the columns: the sign that parts most lines into equally many."""

    def score(sign: str) -> tuple[int, int]:
        try:
            counts = [len(row) for row in csv.reader(lines, delimiter=sign)]
        except csv.Error:  # reading on says what is wrong
            return (0, 0)
        usual = max(set(counts), key=counts.count) if counts else 1
        return (counts.count(usual) if usual > 1 else 0, usual)

    return max(_DELIMITERS, key=score)


def _csv_cell(text: str) -> Cell:
    """Our own export marks text that looks like a formula; the mark is none of the text."""
    if text.startswith("'") and text[1:].startswith(_FORMULA_STARTS):
        return text[1:]
    return text if text.strip() else None


# ----------------------------------------------------------------------- xlsx


@contextmanager
def _workbook(path: Path) -> Iterator[Any]:
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            yield book
    except PasswordError:
        raise BadRequest("这个文件设了打开密码，请去掉密码再导入") from None
    except (CalamineError, OSError):
        raise BadRequest("文件不完整或已损坏，请在 Excel 里打开，重新保存后再导入") from None


def _xlsx_rows(path: Path, sheet: str) -> Iterator[Row]:
    known = survey(path, sheet)
    with _workbook(path) as book:
        page = book.get_sheet_by_name(sheet)
        left = page.start[1] if page.start else 0
        merged = _Merged(page.merged_cell_ranges or (), left)
        for number, values in enumerate(page.iter_rows(), 1):
            cells: list[Cell | Flaw] = [None] * left
            cells += [_xlsx_cell(value) for value in values]
            _mark(cells, number, known)
            merged.fill(number - 1, cells)
            if _bare(cells):
                yield number, cells


def _mark(cells: list[Cell | Flaw], number: int, known: Survey) -> None:
    """What the library does not tell: errors, formulas without a result, per cents; and days counted from 1904."""
    for place, reason, shown in known.flaws.get(number, ()):
        cells += [None] * (place + 1 - len(cells))
        cells[place] = Flaw(reason, shown)
    for place in known.percents.get(number, ()):
        cell = cells[place] if place < len(cells) else None
        if isinstance(cell, int | Decimal) and not isinstance(cell, bool):
            cells[place] = f"{(cell * Decimal(100)).normalize():f}%"


def _xlsx_cell(value: object) -> Cell | Flaw:
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, timedelta):
        return f"{value.total_seconds() / 3600:g} 小时"
    return value if isinstance(value, bool | int | datetime | date) else None


def _number(value: float) -> Cell | Flaw:
    """As Excel shows it: 15 digits at most."""
    if abs(value) >= _DIGITS_EXACT:
        return Flaw(
            "这个数超过 15 位，Excel 已改掉后面的数字。请把这一列设成文本，重新填写", f"{Decimal(f'{value:.15g}'):f}"
        )
    return int(value) if value.is_integer() else Decimal(f"{value:.15g}")


class _Merged:
    """Cells merged over several rows mean that the value holds for each of them."""

    def __init__(self, ranges: Sequence[tuple[tuple[int, int], tuple[int, int]]], left: int) -> None:
        self._coming = sorted((one for one in ranges if one[1][0] > one[0][0]), reverse=True)
        self._open: dict[int, tuple[int, Cell | Flaw]] = {}

    def fill(self, row: int, cells: list[Cell | Flaw]) -> None:
        for column, (last, value) in list(self._open.items()):
            if row > last:
                del self._open[column]
            else:
                cells += [None] * (column + 1 - len(cells))
                cells[column] = value
        while self._coming and self._coming[-1][0][0] <= row:
            (top, column), (last, _) = self._coming.pop()
            if top == row and column < len(cells):
                self._open[column] = (last, cells[column])
