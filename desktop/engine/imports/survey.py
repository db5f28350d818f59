"""What a sheet holds that its cells do not tell, by one look through its XML before anything is loaded: how far it
reaches (a loaded sheet takes memory for every cell up to its last), cells that show an error, formulas that nobody
has worked out, per cents, and where days are counted from."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO
from xml.etree import ElementTree

from ...errors import BadRequest

AREA_MAX = 3_000_000
"""Cells: a loaded one takes about 90 bytes."""
_SMALL_PART_MAX = 20 * 1024 * 1024
_FLAWS_MAX = 200_000
_BLOCK = 1 << 20
_TAG = rb"<(?:\w+:)?"
_CELL = re.compile(_TAG + rb'c r="([A-Z]{1,3})([0-9]{1,7})"([^>]*[^/>])?>')
_NO_RESULT = re.compile(
    _TAG + rb'c r="([A-Z]{1,3})([0-9]{1,7})"[^>]*>\s*' + _TAG + rb"f(?:\s[^>]*)?(?:/>|>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_STYLE = re.compile(rb' s="(\d+)"')
_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_PERCENT_BUILT_IN = ("9", "10")


@dataclass
class Survey:
    """By row number as the spreadsheet shows it: columns counted from 0. Of flaws the reason and what stands there."""

    flaws: dict[int, list[tuple[int, str, str]]] = field(default_factory=dict)
    percents: dict[int, list[int]] = field(default_factory=dict)


@dataclass
class _Extent:
    """The rectangle that holds something."""

    first: int = 2**31
    last: int = 0
    columns: set[bytes] = field(default_factory=set)

    def refuse_too_large(self) -> None:
        columns = {column_number(name) for name in self.columns}
        if not columns:
            return
        height, width = self.last - self.first + 1, max(columns) - min(columns) + 1
        if height * width > AREA_MAX:
            raise BadRequest(
                f"这张表占到第 {self.last:,} 行、{width:,} 列，太大了。请把要导入的部分复制到一张新表，或分成几个文件"
            )


_DAMAGED = (zipfile.BadZipFile, KeyError, ElementTree.ParseError, EOFError, zlib.error, RuntimeError)
"""What the standard library raises on a broken archive; a way of packing it cannot undo and an encrypted part are
RuntimeErrors."""


def survey(path: Path, sheet: str) -> Survey:
    """Raises `BadRequest` for a sheet that is too large to load or that cannot be read."""
    found, extent = Survey(), _Extent()
    try:
        with zipfile.ZipFile(path) as archive:
            percents = _percent_styles(archive)
            with archive.open(_part_of(archive, sheet)) as file:
                for text in _pieces(file):
                    _look(text, found, extent, percents)
    except _DAMAGED:
        raise BadRequest("文件不完整或已损坏，请在 Excel 里打开，重新保存后再导入") from None
    extent.refuse_too_large()
    return found


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    """The XML in pieces that end before a cell begins."""
    rest = b""
    while block := file.read(_BLOCK):
        text = rest + block
        cut = max(text.rfind(b"<c "), text.rfind(b":c "))
        cut = text.rfind(b"<", 0, cut + 1) if cut > 0 else 0
        yield text[:cut]
        rest = text[cut:]
    yield rest


def _look(text: bytes, found: Survey, extent: _Extent, percents: frozenset[bytes]) -> None:
    for column, row, rest in _CELL.findall(text):
        number = int(row)
        extent.first, extent.last = min(extent.first, number), max(extent.last, number)
        extent.columns.add(column)
        if b't="e"' in rest:
            _note(found, number, column, "Excel 里这一格是错误值（如 #N/A），请改好", "#错误值")
        elif percents and (style := _STYLE.search(rest)) and style[1] in percents:
            found.percents.setdefault(number, []).append(column_number(column))
    for column, row in _NO_RESULT.findall(text) if b"<f" in text or b":f" in text else ():
        _note(found, int(row), column, "这一格的公式还没有算出结果。请在 Excel 里打开，保存一次再导入", "=公式")


def _note(found: Survey, row: int, column: bytes, reason: str, shown: str) -> None:
    if len(found.flaws) < _FLAWS_MAX:
        found.flaws.setdefault(row, []).append((column_number(column), reason, shown))


def column_number(name: bytes) -> int:
    """`A` → 0, `AA` → 26."""
    number = 0
    for letter in name:
        number = number * 26 + letter - 64
    return number - 1


def _small(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    if archive.getinfo(name).file_size > _SMALL_PART_MAX:
        raise zipfile.BadZipFile(name)
    return ElementTree.fromstring(archive.read(name))


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str:
    """Where the cells of a sheet lie in the archive."""
    book, links = _small(archive, "xl/workbook.xml"), _small(archive, "xl/_rels/workbook.xml.rels")
    targets = {one.get("Id"): one.get("Target") or "" for one in links}
    for one in book.iter():
        if one.tag.endswith("}sheet") and one.get("name") == sheet:
            target = targets[one.get(_REL)]
            return target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)
    raise BadRequest(f"文件里没有「{sheet[:40]}」这张表")


def counts_from_1904(path: Path) -> bool:
    """Whether the days of a workbook are counted from 1904, as old Macs did."""
    try:
        with zipfile.ZipFile(path) as archive:
            book = _small(archive, "xl/workbook.xml")
    except (zipfile.BadZipFile, KeyError, ElementTree.ParseError):
        return False
    marks = (one.get("date1904") for one in book.iter() if one.tag.endswith("}workbookPr"))
    return any(mark in ("1", "true") for mark in marks)


def _percent_styles(archive: zipfile.ZipFile) -> frozenset[bytes]:
    """Numbers of the cell styles that show per cents: what shows 13% is kept as 0.13."""
    if "xl/styles.xml" not in archive.namelist():
        return frozenset()
    styles = _small(archive, "xl/styles.xml")
    formats = {
        one.get("numFmtId")
        for one in styles.iter()
        if one.tag.endswith("}numFmt") and "%" in (one.get("formatCode") or "")
    }
    cells = next((one for one in styles.iter() if one.tag.endswith("}cellXfs")), None)
    places = enumerate(cells if cells is not None else ())
    return frozenset(
        str(place).encode() for place, one in places if one.get("numFmtId") in {*formats, *_PERCENT_BUILT_IN}
    )
