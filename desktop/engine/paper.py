"""A table on paper: A4 pages as PDF with one embedded font for Chinese and Latin.

The content of the pages is written here, operator by operator, onto reportlab's canvas: its own tables take four times
as long. Lines are drawn as design-system §10 says; nothing relies on colour.
"""

import threading
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from ..errors import BadRequest

Align = Literal["left", "right", "center"]
Cells = Sequence[str]
Told = Callable[[int], None]
"""Called with the number of rows that are on paper; may raise to stop."""

MM = 72 / 25.4
SHORT, LONG = 210 * MM, 297 * MM
MARGIN = 14 * MM
PX = 9 / 13
"""Points on paper for a pixel of the screen: the list is set in 13 px, the paper in 9 pt."""
SIZE, SIZE_MIN = 9.0, 5.0
LINES_MAX = 12
"""More lines of one cell end in …: no row grows past its page."""

_ROW = 7.7 * MM
_LEADING = 1.3
_PAD = 4.0
_COMPANY, _TITLE, _SMALL = 16.5, 19.5, 7.5
_FOOT = 8 * MM
_FONT = "ECMS"
_MISSING = "□"
_NOT_FIRST = frozenset("，。、；：！？）」』】》〉”’…%,.;:!?)]}")
"""No line begins with one of these."""

_saving = threading.Lock()
"""reportlab cuts subsets with the one reading position of the font: one document at a time."""


@dataclass(frozen=True)
class Column:
    """A column as the list shows it: its width in pixels, before the paper is known."""

    label: str
    align: Align
    width: float


@dataclass(frozen=True)
class Sheet:
    """How the paper is laid out and what stands around the table; a blank mark is left out."""

    title: str
    landscape: bool = False
    fit: bool = True
    company: str = ""
    printed: str = ""
    pages: bool = True

    @property
    def size(self) -> tuple[float, float]:
        return (LONG, SHORT) if self.landscape else (SHORT, LONG)

    @property
    def room(self) -> float:
        return self.size[0] - 2 * MARGIN


def write(
    target: Path, sheet: Sheet, columns: Sequence[Column], rows: Sequence[Cells], totals: Cells, told: Told
) -> int:
    """Writes the table to a PDF file; returns the number of pages."""
    table = _Table(sheet, columns, rows, totals)
    pages = list(table.pages(told))
    canvas = canvas_of(target, sheet.size, sheet.title, sheet.company)
    pen = Pen()
    numbers = len(pages) * len(table.bands)
    for number in range(numbers):
        page, band = pages[number // len(table.bands)], table.bands[number % len(table.bands)]
        canvas.addLiteral(_content(pen, table, page, band, (number + 1, numbers)))
        canvas.showPage()
        told(page.last)
    finish(pen, canvas, target)
    return numbers


def canvas_of(target: Path, size: tuple[float, float], title: str, author: str) -> Any:
    """What pages are drawn on, in the one font."""
    from reportlab.pdfgen.canvas import Canvas

    make: Any = Canvas
    tidy = face().tidy  # which makes the font known
    canvas = make(target.name, size, pageCompression=1, initialFontName=_FONT, lang="zh-CN")
    canvas.setTitle(tidy(title))
    canvas.setAuthor(tidy(author))
    canvas.setCreator("ECMS")
    return canvas


def finish(pen: "Pen", canvas: Any, target: Path) -> None:
    """Writes the file, once all pages are drawn."""
    with _saving:
        pen.embed(canvas._doc)
        target.write_bytes(canvas.getpdfdata())


# ----------------------------------------------------------------------- font


class _Face:
    """The font, and how wide its characters are in units of the size."""

    def __init__(self) -> None:
        from reportlab import rl_config
        from reportlab.pdfbase import pdfmetrics
        from reportlab.pdfbase.ttfonts import TTFont

        rl_config.useA85 = 0  # bytes, not a quarter more of them as letters

        self.font: Any = TTFont(_FONT, str(_font_file()), shapable=False)
        pdfmetrics.registerFont(self.font)
        face = self.font.face
        # Beyond the basic plane the font has little, and reportlab cannot say what it stands for.
        known = ((code, face.charWidths[code]) for code in face.charToGlyph if 32 <= code <= 0xFFFF)
        self.widths: dict[str, float] = {chr(code): width / 1_000 for code, width in known}
        self._tidied = _Tidied(self.widths)

    def tidy(self, text: str) -> str:
        """With a box for what the font does not have, and blanks for line breaks and the like."""
        return text.translate(self._tidied)

    def width(self, text: str) -> float:
        """Of a tidy text."""
        return sum(map(self.widths.__getitem__, text))


class _Tidied(dict[int, str]):
    """Character → what is printed for it."""

    def __init__(self, known: Container[str]) -> None:
        super().__init__()
        self._known = known

    def __missing__(self, code: int) -> str:
        one = chr(code)
        missing = " " if one.isspace() else "" if code < 32 else _MISSING
        self[code] = one if one in self._known else missing
        return self[code]


def _font_file() -> Path:
    """Read from where it is installed: importing that package would need the library it draws with."""
    found = find_spec("zhplot")
    assert found is not None and found.origin is not None, "the font is among what the program needs"
    return Path(found.origin).parent / "fonts" / "NotoSansSC-Regular.ttf"


@cache
def face() -> _Face:
    """Read once: it takes a while."""
    return _Face()


# --------------------------------------------------------------------- layout


def wrapped(text: str, room: float, most: int = LINES_MAX) -> list[str]:
    """A text in lines of at most `room` (in units of the size): broken at blanks and between Chinese characters, words
    only where one fills a line; what has no place ends in …."""
    widths = face().widths
    lines: list[str] = []
    start, end = 0, len(text)
    while start < end:
        stop, used = start, 0.0
        while stop < end and (used + widths[text[stop]] <= room or stop == start):
            used += widths[text[stop]]
            stop += 1
        if len(lines) == most - 1 and stop < end:
            lines.append(shortened(text[start:stop], room))
            return lines
        stop = _break(text, start, stop)
        lines.append(text[start:stop].rstrip())
        start = stop
        while start < end and text[start] == " ":
            start += 1
    return lines or [""]


def _break(text: str, start: int, stop: int) -> int:
    """Where to break a line that could reach to `stop`."""
    if stop == len(text):
        return stop
    if text[stop] in _NOT_FIRST and stop - start > 1:
        return stop - 1
    back = stop
    while back > start and _is_inside_word(text[back - 1], text[back]):
        back -= 1
    return back if back > start else stop


def _is_inside_word(before: str, after: str) -> bool:
    return before < "\u2000" and after < "\u2000" and before not in " -/," and after != " "


def shortened(text: str, room: float) -> str:
    while text and face().width(text + "…") > room:
        text = text[:-1]
    return text + "…"


@dataclass(frozen=True)
class _Band:
    """Columns that stand side by side on one page: their numbers, where each begins, and where the last ends."""

    columns: tuple[int, ...]
    lefts: tuple[float, ...]
    right: float


@dataclass(frozen=True)
class _Row:
    cells: tuple[tuple[str, ...], ...]
    height: float


@dataclass(frozen=True)
class _Page:
    rows: tuple[_Row, ...]
    last: int
    """How many rows of the table are on paper with this page."""
    is_first: bool
    has_totals: bool


class _Table:
    """The table as it fits on the paper: sizes, columns in bands, rows in lines."""

    def __init__(self, sheet: Sheet, columns: Sequence[Column], rows: Sequence[Cells], totals: Cells) -> None:
        self.sheet, self.columns, self._rows, self._totals = sheet, columns, rows, totals
        natural = self._natural()
        scale = sheet.room / sum(natural) if sheet.fit else 1.0
        self.size = SIZE * min(1.0, scale)
        if self.size < SIZE_MIN:
            other = "少选几列" if sheet.landscape else "改成横向、少选几列"
            raise BadRequest(
                f"这 {len(columns)} 列缩到一页宽，字会小到看不清。请{other}，或不勾「缩到一页宽」，让列分到几页上"
            )
        self.zoom = self.size / SIZE
        self.pad = _PAD * self.zoom
        self.widths = [min(width * scale, sheet.room) for width in natural]
        self._rooms = [(width - 2 * self.pad) / self.size for width in self.widths]
        self.bands = self._bands()
        self.heads = self._row([face().tidy(column.label) for column in columns], 3)

    def _natural(self) -> list[float]:
        """Widths at full size; amounts are never broken, so their column is as wide as its longest."""
        widths = [column.width * PX for column in self.columns]
        for number, column in enumerate(self.columns):
            if column.align == "right":
                cells = {row[number] for row in self._rows} | {self._totals[number]}
                longest = max((face().width(face().tidy(cell)) for cell in cells), default=0.0)
                widths[number] = max(widths[number], min(longest * SIZE * 1.01 + 2 * _PAD, SHORT / 2))
        return widths

    def _bands(self) -> list[_Band]:
        """Columns that do not fit side by side go on further pages, each with the first column again."""
        key = self.widths[0] if self.widths[0] <= self.sheet.room / 3 else 0.0
        bands, band, used = [], [0], self.widths[0]
        for number in range(1, len(self.widths)):
            if used + self.widths[number] > self.sheet.room + 0.01:
                bands.append(band)
                band, used = ([0], key) if key and key + self.widths[number] <= self.sheet.room else ([], 0.0)
            band.append(number)
            used += self.widths[number]
        return [self._band(band) for band in (*bands, band)]

    def _band(self, columns: Sequence[int]) -> _Band:
        lefts, left = [], MARGIN
        for number in columns:
            lefts.append(left)
            left += self.widths[number]
        return _Band(tuple(columns), tuple(lefts), left)

    def _row(self, texts: Cells, most: int = LINES_MAX) -> _Row:
        """Most cells fit on their line: only the others are broken."""
        width, size = face().width, 1
        cells: list[tuple[str, ...]] = []
        for text, room in zip(texts, self._rooms, strict=True):
            if len(text) <= room or width(text) <= room:
                cells.append((text,))
            else:
                cells.append(tuple(wrapped(text, room, most)))
                size = max(size, len(cells[-1]))
        return _Row(tuple(cells), (_ROW + (size - 1) * SIZE * _LEADING) * self.zoom)

    def _sum_row(self, texts: Cells) -> _Row:
        """The words of the totals reach into the next column where nothing stands."""
        row = self._row(texts)
        alone = [not any(texts[number + 1 : number + 2]) for number in range(len(texts))]
        cells = tuple((text,) if free else cell for text, cell, free in zip(texts, row.cells, alone, strict=True))
        size = max(map(len, cells))
        return _Row(cells, (_ROW + (size - 1) * SIZE * _LEADING) * self.zoom)

    def pages(self, told: Told) -> Iterator[_Page]:
        """Rows filled into pages; the totals are never parted from the last row."""
        tidy = face().tidy
        totals = self._sum_row([tidy(cell) for cell in self._totals])
        room, rows, done = self._height(is_first=True), list[_Row](), 0
        is_first = True
        for number, texts in enumerate(self._rows, 1):
            row = self._row([cell if cell.isascii() and cell.isprintable() else tidy(cell) for cell in texts])
            needed = row.height + (totals.height if number == len(self._rows) else 0.0)
            if needed > room and rows:
                yield _Page(tuple(rows), done, is_first, has_totals=False)
                is_first, rows, room = False, [], self._height(is_first=False)
                told(done)
            rows.append(row)
            room -= row.height
            done = number
        yield _Page((*rows, totals), done, is_first, has_totals=True)

    def _height(self, *, is_first: bool) -> float:
        """What a page has for rows."""
        return self.sheet.size[1] - 2 * MARGIN - _FOOT - self.above(is_first=is_first) - self.heads.height

    def above(self, *, is_first: bool) -> float:
        """What stands above the table: large on the first page, one line on the others."""
        if not is_first:
            return _SMALL * 2
        return (_COMPANY * 1.6 if self.sheet.company else 0.0) + _TITLE * 1.9


# -------------------------------------------------------------------- drawing


class Pen:
    """Turns tidy texts into operators. Every glyph that is used gets a number of two bytes; the font of the document
    holds just these."""

    def __init__(self) -> None:
        self._codes = _Codes()
        self._x = self._y = 0
        """Where the text before began, in tenths of a point."""

    def begin(self) -> str:
        """Before the first text of a page or a label, in the order in which they are drawn."""
        self._x = self._y = 0
        return "BT"

    def line(self, x: float, y: float, text: str) -> str:
        """A text in the size that is set. How far it is from the one before repeats from row to row, and so takes a
        quarter less room in the file than where it is."""
        right, up = round(x * 10), round(y * 10)
        step = f"{(right - self._x) / 10:g} {(up - self._y) / 10:g}"
        self._x, self._y = right, up
        return f"{step} Td <{text.translate(self._codes)}> Tj"

    @staticmethod
    def sized(size: float) -> str:
        return f"/{_FONT} {size:.2f} Tf"

    def embed(self, document: Any) -> None:
        """Puts the font into the document, once all has been drawn."""
        from reportlab.pdfbase import pdfdoc

        name = f"AAAAAA+{_FONT}"
        used, known = self._codes.used, face().font.face
        part = {
            "Type": "/Font",
            "Subtype": "/CIDFontType2",
            "BaseFont": f"/{name}",
            "CIDSystemInfo": "<< /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>",
            "FontDescriptor": known.addSubsetObjects(document, name, used),
            "CIDToGIDMap": "/Identity",
            "DW": 1000,
            "W": f"[1 [{' '.join(str(round(known.charWidths[code])) for code in used)}]]",
        }
        meaning: Any = pdfdoc.PDFStream(content=_meaning(used), filters=[pdfdoc.PDFZCompress])
        font = {
            "Type": "/Font",
            "Subtype": "/Type0",
            "BaseFont": f"/{name}",
            "Encoding": "/Identity-H",
            "DescendantFonts": pdfdoc.PDFArray([document.Reference(pdfdoc.PDFDictionary(part), "glyphs")]),
            "ToUnicode": document.Reference(meaning, "meaning"),
        }
        document.idToObject["BasicFonts"].dict[_FONT] = document.Reference(pdfdoc.PDFDictionary(font), "font")


class _Codes(dict[int, str]):
    """Character → the number of its glyph, in hexadecimal; glyphs are numbered as they are met."""

    def __init__(self) -> None:
        super().__init__()
        self.used: list[int] = []
        self._glyphs: dict[int, str] = {}

    def __missing__(self, code: int) -> str:
        glyph = face().font.face.charToGlyph[code]
        if glyph not in self._glyphs:
            self.used.append(code)
            self._glyphs[glyph] = f"{len(self.used):04x}"
        self[code] = self._glyphs[glyph]
        return self[code]


def _meaning(used: Sequence[int]) -> str:
    """What the numbers stand for, so that text can be searched and copied; at most 100 go into one block."""
    lines = [f"<{number:04x}> <{code:04x}>" for number, code in enumerate(used, 1)]
    blocks = [lines[start : start + 100] for start in range(0, len(lines), 100)]
    return "\n".join(
        [
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
            f"/CMapName /{_FONT} def /CMapType 2 def",
            "1 begincodespacerange <0000> <ffff> endcodespacerange",
            *("\n".join([f"{len(block)} beginbfchar", *block, "endbfchar"]) for block in blocks),
            "endcmap CMapName currentdict /CMap defineresource pop end end",
        ]
    )


_BOLD, _PLAIN = "2 Tr 0.25 w", "0 Tr"
"""The font has one weight: a thin outline makes it bold."""


def _content(pen: Pen, table: _Table, page: _Page, band: _Band, number: tuple[int, int]) -> str:
    """All operators of one page."""
    begin = f"0 g 0 G {pen.begin()}"
    top = table.sheet.size[1] - MARGIN - table.above(is_first=page.is_first)
    words = [*_above(pen, table, page, top), pen.sized(_SMALL), *_around(pen, table.sheet, number)]
    words += [pen.sized(table.size), _BOLD, *_cells(pen, table, band, table.heads, top), _PLAIN]
    y = top - table.heads.height
    rules = [_rule(band, top, 1.125), _rule(band, y, 0.75)]
    rows, totals = (page.rows[:-1], page.rows[-1]) if page.has_totals else (page.rows, None)
    for row in rows:
        words += _cells(pen, table, band, row, y)
        y -= row.height
        rules.append(_rule(band, y, 0.375, ".733"))
    if totals is not None:
        words += [_BOLD, *_cells(pen, table, band, totals, y)]
        rules += [_rule(band, y, 0.75), _rule(band, y - totals.height, 0.75)]
    return "\n".join([begin, *words, "ET", *rules])


def _rule(band: _Band, y: float, width: float, grey: str = "0") -> str:
    return f"{width} w {grey} G {MARGIN:.2f} {y:.2f} m {band.right:.2f} {y:.2f} l S"


def _cells(pen: Pen, table: _Table, band: _Band, row: _Row, top: float) -> Iterator[str]:
    """The words of one row. A single line stands in the middle of it; of more, the first stands where that would."""
    size, step = table.size, table.size * _LEADING
    first = top - (_ROW * table.zoom + size * 0.72) / 2
    for number, left in zip(band.columns, band.lefts, strict=True):
        align = table.columns[number].align
        for line, text in enumerate(row.cells[number]):
            x = left + table.pad
            if align != "left":
                free = table.widths[number] - 2 * table.pad - face().width(text) * size
                x += free if align == "right" else free / 2
            if text:
                yield pen.line(x, first - line * step, text)


def _above(pen: Pen, table: _Table, page: _Page, top: float) -> Iterator[str]:
    """Company and title: large on the first page, small on the others."""
    sheet, width = table.sheet, face().width
    company, title = face().tidy(sheet.company), face().tidy(sheet.title)
    if not page.is_first:
        half = sheet.room / _SMALL / 2.2
        company, title = (shortened(text, half) if width(text) > half else text for text in (company, title))
        yield pen.sized(_SMALL)
        yield pen.line(MARGIN, top + _SMALL, company)
        yield pen.line(sheet.size[0] - MARGIN - width(title) * _SMALL, top + _SMALL, title)
        return
    yield "2 Tr 0.45 w"
    if company:
        yield pen.sized(min(_COMPANY, sheet.room / width(company)))
        yield pen.line(MARGIN, sheet.size[1] - MARGIN - _COMPANY, company)
    size = min(_TITLE, sheet.room / max(width(title), 1))
    space = size / 2 if (width(title) + len(title) / 2) * size <= sheet.room else 0.0
    wide = width(title) * size + space * (len(title) - 1)
    yield f"{pen.sized(size)} {space:.2f} Tc"
    yield pen.line((sheet.size[0] - wide) / 2, top + _TITLE * 0.7, title)
    yield "0 Tc 0 Tr"


def _around(pen: Pen, sheet: Sheet, number: tuple[int, int]) -> Iterator[str]:
    """The foot: when and by whom it was printed, and which page this is."""
    yield pen.line(MARGIN, MARGIN, face().tidy(sheet.printed))
    if sheet.pages:
        text = f"第 {number[0]} 页，共 {number[1]} 页"
        yield pen.line(sheet.size[0] - MARGIN - face().width(text) * _SMALL, MARGIN, text)
