"""One document on paper: letterhead, head, lines, what stands below them, places to sign. On sheets (A4, three-part
241 × 140 mm) the lines break over pages with their heads again; on a roll everything stands on one strip, as long as
it needs to be. Everything is made of blocks that are set one below the other.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import hypot
from pathlib import Path
from typing import Any, Literal

from .paper import MM, Align, Cells, Column, Pen, Told, canvas_of, face, finish, shortened, wrapped
from .qr import runs_of

Paper = Literal["a4", "form", "roll80", "roll58"]


@dataclass(frozen=True)
class Format:
    """A kind of paper in points: margins at the sides, above and below, and the sizes of what is written on it."""

    width: float
    height: float | None
    side: float
    edge: float
    size: float
    company: float
    title: float

    @property
    def room(self) -> float:
        return self.width - 2 * self.side

    @property
    def longest(self) -> float:
        """The longest page: no reader shows a strip of more than 14 400 points."""
        return self.height or 5_000 * MM


FORMATS: Mapping[Paper, Format] = {
    "a4": Format(210 * MM, 297 * MM, 14 * MM, 13 * MM, 9.5, 14.0, 18.0),
    "form": Format(241 * MM, 140 * MM, 16 * MM, 7 * MM, 9.5, 12.0, 15.0),
    "roll80": Format(80 * MM, None, 4 * MM, 4 * MM, 9.0, 13.0, 11.0),
    "roll58": Format(58 * MM, None, 3 * MM, 4 * MM, 8.0, 11.0, 10.0),
}

Pair = tuple[str, str]
"""Label and value."""


@dataclass(frozen=True)
class Item:
    """One entry of the head; `weight` is its share of the row's width."""

    label: str
    value: str
    weight: int = 1


@dataclass(frozen=True)
class Form:
    """What one print says, in words. Blank parts are left out."""

    paper: Paper
    title: str
    number: str
    company: str = ""
    head: Sequence[Sequence[Item]] = ()
    parties: Sequence[tuple[str, Sequence[Pair]]] = ()
    columns: Sequence[Column] = ()
    rows: Sequence[Cells] = ()
    totals: Cells = ()
    sums: Sequence[Pair] = ()
    spelled: Pair | None = None
    notes: Sequence[Pair] = ()
    terms: Sequence[str] = ()
    signs: Sequence[str] = ()
    seals: Sequence[str] = ()
    footer: str = ""
    printed: str = ""
    above: str = ""
    """Under the title."""
    below: str = ""
    """Under what stands below the lines."""
    logo: Path | None = None
    copies: int = 1
    pictures: Sequence[Path | None] = ()
    """What each row is about, to look at, in the first column of sheets; none of any: no such column."""
    watermark: str = ""
    """Across every page of a sheet, behind all else."""
    seal: Path | None = None
    seal_at: int = 0
    """On which of the places for seals it stands."""
    qr: str = ""
    """What a camera reads."""


def write(target: Path, form: Form, told: Told) -> int:
    """Writes a document to a PDF file; returns the number of pages."""
    tidied = _tidy(form)
    layout = _Roll(tidied) if FORMATS[form.paper].height is None else _Sheet(tidied)
    pages = list(_paged(layout))
    pen = Pen()
    canvas = canvas_of(target, layout.sized(pages[0]), f"{form.title} {form.number}", form.company)
    for copy in range(form.copies):
        for number, page in enumerate(pages, 1):
            canvas.setPageSize(layout.sized(page))
            foot = layout.foot(number, len(pages))
            _paint(canvas, layout, page)  # words stand on pictures, never behind them
            canvas.addLiteral(_drawn(pen, layout, page, foot))
            canvas.showPage()
            told(copy * len(pages) + number)
    finish(pen, canvas, target)
    return len(pages) * form.copies


def _tidy(form: Form) -> Form:
    """Every word with what the font has."""
    tidy = face().tidy

    def pairs(found: Sequence[Pair]) -> list[Pair]:
        return [(tidy(label), tidy(value)) for label, value in found]

    return replace(
        form, title=tidy(form.title), company=tidy(form.company), number=tidy(form.number),
        head=[[replace(one, value=tidy(one.value)) for one in row] for row in form.head],
        parties=[(tidy(title), pairs(about)) for title, about in form.parties],
        columns=[replace(one, label=tidy(one.label)) for one in form.columns],
        rows=[[tidy(cell) for cell in row] for row in form.rows], totals=[tidy(cell) for cell in form.totals],
        sums=pairs(form.sums), spelled=pairs([form.spelled])[0] if form.spelled else None, notes=pairs(form.notes),
        terms=[tidy(one) for one in form.terms], footer=tidy(form.footer), printed=tidy(form.printed),
        above=_tidy_lines(form.above), below=_tidy_lines(form.below), watermark=tidy(form.watermark),
    )  # fmt: skip


def _tidy_lines(text: str) -> str:
    return "\n".join(face().tidy(line) for line in text.splitlines())


# --------------------------------------------------------------------- blocks


@dataclass(frozen=True)
class _Word:
    """A line of text; `x` and `y` from the left margin and the top of its block, to the foot of the letters."""

    x: float
    y: float
    text: str
    size: float
    bold: bool = False


@dataclass(frozen=True)
class _Line:
    """A line from one point to another, with its thickness."""

    x: float
    y: float
    to_x: float
    to_y: float
    width: float = 0.5
    dashed: bool = False


@dataclass(frozen=True)
class _Picture:
    """A picture as large as it fits into its room; `x` and `y` from the left margin and the top of its block."""

    file: Path
    x: float
    y: float
    width: float
    height: float
    anchor: Literal["w", "c"] = "c"


@dataclass(frozen=True)
class _Square:
    """Something black all over."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class _Block:
    """Something that is never broken. `joined`: the next one stands on the same page; `row`: the table's heads stand
    above it where it begins a page."""

    height: float
    words: tuple[_Word, ...] = ()
    lines: tuple[_Line, ...] = ()
    joined: bool = False
    row: bool = False
    pictures: tuple[_Picture, ...] = ()
    squares: tuple[_Square, ...] = ()


_LOGO = (34 * MM, 14 * MM)
"""Room for the logo: of a sheet in its upper left corner, of a roll in a block of its own."""
_SEAL = 38 * MM
_QR = {"a4": 15 * MM, "form": 13 * MM, "roll80": 22 * MM, "roll58": 20 * MM}
_ROW_PICTURE = {"a4": 15 * MM, "form": 11 * MM}
"""How large the picture of a line is."""
_LEADING = 1.35
_FOOT = 7.5


def _width(text: str, size: float) -> float:
    return face().width(text) * size


def _placed(text: str, left: float, width: float, align: Align, size: float) -> float:
    """Where a line begins."""
    free = width - _width(text, size)
    return left + (0.0 if align == "left" else free if align == "right" else free / 2)


def _paragraph(text: str, left: float, width: float, size: float, align: Align = "left") -> list[_Word]:
    """A text in lines, the first of them at the top."""
    lines = wrapped(text, width / size, 200)
    return [
        _Word(_placed(line, left, width, align, size), size * (1.05 + _LEADING * number), line, size)
        for number, line in enumerate(lines)
    ]


def _lines_of(words: Iterable[_Word], size: float) -> float:
    """How high words of one size stand."""
    return max((word.y for word in words), default=size * 1.05) + size * (_LEADING - 1.05)


def _bold(words: Iterable[_Word]) -> tuple[_Word, ...]:
    return tuple(replace(word, bold=True) for word in words)


class _Layout(ABC):
    """Blocks of a form on its paper."""

    def __init__(self, form: Form) -> None:
        self.form, self.format = form, FORMATS[form.paper]
        self.room, self.size = self.format.room, self.format.size

    @abstractmethod
    def blocks(self) -> Iterator[_Block]:
        """All that stands on the pages, in its order."""

    def again(self) -> _Block:
        """What stands above on every page but the first."""
        text = f"{self.form.title}　{self.form.number}"
        half = self.room / _FOOT / 2
        company = self.form.company
        company = shortened(company, half) if face().width(company) > half else company
        right = _placed(text, 0, self.room, "right", _FOOT)
        words = [_Word(right, _FOOT, text, _FOOT)]
        if right > _width(company, _FOOT):
            words.insert(0, _Word(0, _FOOT, company, _FOOT))
        return _Block(_FOOT * 2, tuple(words))

    @abstractmethod
    def heads(self) -> _Block:
        """The heads of the table."""

    @abstractmethod
    def sized(self, page: Sequence[_Block]) -> tuple[float, float]:
        """Width and height of a page with these blocks."""

    def foot(self, number: int, pages: int) -> tuple[_Word, ...]:
        """At the lower edge, from the bottom up."""
        return ()

    @property
    def height(self) -> float:
        """What a page holds."""
        return self.format.longest - 2 * self.format.edge

    def _texts(self, text: str, align: Align = "left", aside: float = 0) -> Iterator[_Block]:
        """What somebody wrote, line by line."""
        for line in text.splitlines():
            words = tuple(_paragraph(line, aside, self.room - 2 * aside, self.size, align))
            yield _Block(_lines_of(words, self.size), words)

    def _logo(self, left: float, anchor: Literal["w", "c"]) -> tuple[_Picture, ...]:
        logo = self.form.logo
        return (_Picture(logo, left, 0, *_LOGO, anchor),) if logo else ()

    def _qr(self, left: float) -> tuple[_Square, ...]:
        """A little taller than it is, or white hairs stand between its rows."""
        runs, size = runs_of(self.form.qr)
        step = _QR[self.form.paper] / max(size, 1)
        return tuple(_Square(left + at * step, row * step, wide * step, step * 1.02) for row, at, wide in runs)

    def _centred(self, text: str, size: float, most: int = 3, aside: float = 0) -> _Block:
        """`aside`: what stands at both sides of it."""
        room = self.room - 2 * aside
        fits = min(size, max(size * 0.6, room / max(face().width(text), 0.01)))
        words = _paragraph(text, aside, room, fits, "center")[:most]
        return _Block(_lines_of(words, fits), _bold(words))


def _paged(layout: _Layout) -> Iterator[list[_Block]]:
    """Blocks filled into pages."""
    page: list[_Block] = []
    left = layout.height
    for chunk in _chunks(layout.blocks()):
        needed = sum(block.height for block in chunk)
        parts = [[one] for one in chunk] if needed > layout.height * 0.8 else [chunk]
        for part in parts:
            needed = sum(block.height for block in part)
            if needed > left and page:
                yield page
                page = [layout.again(), *([layout.heads()] if part[0].row else [])]
                left = layout.height - sum(block.height for block in page)
            page += part
            left -= needed
    yield page


def _chunks(blocks: Iterable[_Block]) -> Iterator[list[_Block]]:
    chunk: list[_Block] = []
    for block in blocks:
        chunk.append(block)
        if not block.joined:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


# --------------------------------------------------------------------- sheets


class _Sheet(_Layout):
    """A4 and three-part paper."""

    _pad = 3.0

    def __init__(self, form: Form) -> None:
        super().__init__(form)
        self.pictured = any(form.pictures) and bool(form.columns)
        self.form = form = _with_pictures(form) if self.pictured else form
        self.widths = self._widths() if form.columns else []

    @property
    def height(self) -> float:
        return super().height - _FOOT * 1.8

    def sized(self, page: Sequence[_Block]) -> tuple[float, float]:
        return self.format.width, self.format.longest

    def foot(self, number: int, pages: int) -> tuple[_Word, ...]:
        text = f"第 {number} 页，共 {pages} 页"
        left = _Word(0, 0, self.form.printed, _FOOT)
        return left, _Word(_placed(text, 0, self.room, "right", _FOOT), 0, text, _FOOT)

    def blocks(self) -> Iterator[_Block]:
        form = self.form
        yield _Block(0, pictures=self._logo(0, "w"), squares=self._qr(self.room - _QR[form.paper]))
        wide, high = self._corners()
        letterhead = list(self._letterhead(wide + 6 if wide else 0))
        yield from letterhead
        yield _Block(max(4, high + 3 - sum(block.height for block in letterhead)))
        yield from (self._head(row) for row in form.head)
        yield from self._parties()
        yield _Block(3)
        if form.columns:
            yield replace(self.heads(), joined=True)
            yield from self._table()
        yield from self._below()

    def _corners(self) -> tuple[float, float]:
        """How much room the logo and the code in the upper corners take: nothing is written on them."""
        side = _QR[self.form.paper]
        sizes = [*([_LOGO] if self.form.logo else []), *([(side, side)] if self.form.qr else [])]
        return max((wide for wide, _ in sizes), default=0), max((high for _, high in sizes), default=0)

    def _letterhead(self, aside: float) -> Iterator[_Block]:
        form = self.form
        if form.company:
            yield self._centred(form.company, self.format.company, aside=aside)
        title = "　".join(form.title) if len(form.title) < 5 else form.title
        yield self._centred(title, self.format.title, aside=aside)
        yield from self._texts(form.above, "center", aside)

    def _below(self) -> Iterator[_Block]:
        form = self.form
        tail = [*self._sums(), *self._notes(), *self._texts(form.below), *self._footer()]
        signs = [*self._signs(), *self._seals()]
        terms = list(self._terms())
        # nobody signs a page with nothing else on it
        keeps = tail if not terms else []
        yield from (replace(block, joined=bool(keeps and (signs or block is not tail[-1]))) for block in tail)
        last = len(terms) - 2
        yield from (replace(block, joined=bool(signs) and n >= last) for n, block in enumerate(terms))
        yield from (replace(block, joined=block is not signs[-1]) for block in signs)
        if not form.columns and not tail and not signs:
            yield _Block(1)

    def _head(self, row: Sequence[Item]) -> _Block:
        """Entries side by side, each with its label."""
        share = self.room / sum(one.weight for one in row)
        words: list[_Word] = []
        left = 0.0
        for one in row:
            words += self._labelled(one.label, one.value, left, share * one.weight - 6)
            left += share * one.weight
        return _Block(_lines_of(words, self.size) + 2, tuple(words))

    def _labelled(self, label: str, value: str, left: float, width: float) -> list[_Word]:
        """Value behind its label, further lines below the value."""
        before = f"{label}：" if label else ""
        indent = _width(before, self.size)
        words = _paragraph(value, left + indent, max(width - indent, self.size * 4), self.size)
        return [_Word(left, self.size * 1.05, before, self.size), *words]

    def _parties(self) -> Iterator[_Block]:
        """Parties side by side."""
        parties = self.form.parties
        if not parties:
            return
        share = self.room / len(parties)
        yield _Block(6)
        size = self.size * 1.05
        titles = [_Word(share * n, size, title, size, True) for n, (title, _) in enumerate(parties)]
        yield _Block(self.size * 1.8, tuple(titles))
        for number in range(max(len(about) for _, about in parties)):
            words: list[_Word] = []
            for place, (_, about) in enumerate(parties):
                if number < len(about):
                    words += self._labelled(*about[number], share * place, share - 10)
            yield _Block(_lines_of(words, self.size) + 2, tuple(words))

    # ---------------------------------------------------------------- the table

    def _widths(self) -> list[float]:
        """Amounts are never broken: their columns are as wide as they need, the others share what is left."""
        columns = self.form.columns
        share = self.room / sum(column.width for column in columns)
        fixed = {
            place: max(min(column.width * share, self.room / 7), self._longest(place))
            for place, column in enumerate(columns)
            if column.align != "left"
        }
        if self.pictured:
            fixed[0] = _ROW_PICTURE[self.form.paper] + 2 * self._pad
        left = max(self.room - sum(fixed.values()), self.room * 0.2)
        free = sum(column.width for place, column in enumerate(columns) if place not in fixed) or 1.0
        widths = [fixed.get(place, column.width / free * left) for place, column in enumerate(columns)]
        return [width * self.room / sum(widths) for width in widths]

    def _longest(self, place: int) -> float:
        cells = [self.form.columns[place].label, *(row[place] for row in (*self.form.rows, self.form.totals) if row)]
        return max(_width(cell, self.size) for cell in cells) * 1.02 + 2 * self._pad

    def heads(self) -> _Block:
        row = self._row([column.label for column in self.form.columns], ["center"] * len(self.widths))
        top = _Line(0, 0, self.room, 0, 0.75)
        return replace(row, words=_bold(row.words), lines=(*row.lines, top))

    def _table(self) -> Iterator[_Block]:
        aligns: list[Align] = [column.align for column in self.form.columns]
        last = len(self.form.rows) - 1
        for number, cells in enumerate(self.form.rows):
            row = self._row(cells, aligns)
            if self.pictured and (file := self.form.pictures[number]):
                row = self._with_picture(row, file)
            yield replace(row, joined=number == last and bool(self.form.totals))
        if self.form.totals:
            row = self._row(self.form.totals, aligns)
            yield replace(row, words=_bold(row.words), joined=bool(self.form.spelled or self.form.sums))

    def _with_picture(self, row: _Block, file: Path) -> _Block:
        """As high as its picture; the words stay at the top."""
        side = _ROW_PICTURE[self.form.paper]
        height = max(row.height, side + 2 * self._pad)
        lines = tuple(
            replace(line, y=height, to_y=height) if line.y == line.to_y else replace(line, to_y=height)
            for line in row.lines
        )
        return replace(row, height=height, lines=lines, pictures=(_Picture(file, self._pad, self._pad, side, side),))

    def _row(self, cells: Cells, aligns: Sequence[Align]) -> _Block:
        lefts = self._lefts()
        words: list[_Word] = []
        for cell, left, width, align in zip(cells, lefts, self.widths, aligns, strict=False):
            words += _paragraph(cell, left + self._pad, width - 2 * self._pad, self.size, align)
        height = max(_lines_of(words, self.size) + 4.5, self.size * 1.9)
        down = tuple(replace(word, y=word.y + 2.2) for word in words)
        sides = [_Line(left, 0, left, height) for left in (*lefts, self.room)]
        return _Block(height, down, (*sides, _Line(0, height, self.room, height)), row=True)

    def _lefts(self) -> list[float]:
        return [sum(self.widths[:place]) for place in range(len(self.widths))]

    # ------------------------------------------------------------ what stands below

    def _sums(self) -> Iterator[_Block]:
        if self.form.spelled:
            yield self._spelled(*self.form.spelled)
        yield from self._packed([f"{label}：{value}" for label, value in self.form.sums])

    def _spelled(self, label: str, value: str) -> _Block:
        """In one row of the table, over its whole width."""
        words = _bold(self._labelled(label, value, self._pad, self.room - 2 * self._pad))
        height = max(_lines_of(words, self.size) + 4.5, self.size * 1.9)
        down = tuple(replace(word, y=word.y + 2.2) for word in words)
        top = () if self.form.columns else (_Line(0, 0, self.room, 0),)
        sides = (_Line(0, 0, 0, height), _Line(self.room, 0, self.room, height), _Line(0, height, self.room, height))
        return _Block(height, down, (*sides, *top))

    def _packed(self, texts: Sequence[str]) -> Iterator[_Block]:
        """Short texts side by side, as many as a line holds."""
        gap = self.size * 2
        words: list[_Word] = []
        left = 0.0
        for text in texts:
            if words and left + _width(text, self.size) > self.room:
                yield _Block(self.size * 1.7, tuple(words))
                words, left = [], 0.0
            words.append(_Word(left, self.size * 1.35, text, self.size))
            left += _width(text, self.size) + gap
        if words:
            yield _Block(self.size * 1.7, tuple(words))

    def _notes(self) -> Iterator[_Block]:
        for label, value in self.form.notes:
            words = tuple(self._labelled(label, value, 0, self.room))
            yield _Block(_lines_of(words, self.size) + 3, tuple(replace(word, y=word.y + 2) for word in words))

    def _terms(self) -> Iterator[_Block]:
        if self.form.terms:
            yield _Block(6)
        for text in self.form.terms:
            for word in _paragraph(text, 0, self.room, self.size):
                yield _Block(self.size * 1.55, (replace(word, y=self.size * 1.2),))

    def _footer(self) -> Iterator[_Block]:
        if self.form.footer:
            words = tuple(_paragraph(self.form.footer, 0, self.room, self.size * 0.9))
            yield _Block(_lines_of(words, self.size) + 3, tuple(replace(word, y=word.y + 3) for word in words))

    def _signs(self) -> Iterator[_Block]:
        """Places to sign, side by side, each with a line to write on."""
        signs = self.form.signs
        if not signs:
            return
        share, y = self.room / len(signs), self.size * 2.1
        words = [_Word(share * place, y, f"{label}：", self.size) for place, label in enumerate(signs)]
        lines = [
            _Line(word.x + _width(word.text, self.size), y + 2, word.x + share - 14, y + 2) for word in words
        ]  # fmt: skip
        yield _Block(self.size * 2.6, tuple(words), tuple(lines))

    def _seals(self) -> Iterator[_Block]:
        """Places for seals: as large as a seal is."""
        seals = self.form.seals
        if not seals:
            return
        share, step = self.room / len(seals), self.size * 2.6
        words: list[_Word] = []
        lines: list[_Line] = []
        for place, label in enumerate(seals):
            for number, text in enumerate((f"{label}（盖章）：", "代表签字：", "日期：")):
                y = self.size * 2 + number * step + (step * 1.2 if number else 0)
                words.append(_Word(share * place, y, text, self.size))
                start = share * place + _width(text, self.size)
                lines += [_Line(start, y + 2, share * (place + 1) - 30, y + 2)] if number else []
        yield _Block(self.size * 3 + step * 3.4, tuple(words), tuple(lines), pictures=self._seal(share))

    def _seal(self, share: float) -> tuple[_Picture, ...]:
        """On the name of its party, as one is set."""
        left = share * self.form.seal_at + self.size * 3
        return (_Picture(self.form.seal, left, 0, _SEAL, _SEAL),) if self.form.seal else ()


def _with_pictures(form: Form) -> Form:
    """With a column for the pictures, before the others."""
    totals = ["", *form.totals] if form.totals else []
    columns, rows = [Column("图片", "center", 60), *form.columns], [["", *row] for row in form.rows]
    return replace(form, columns=columns, rows=rows, totals=totals)


# ---------------------------------------------------------------------- rolls


class _Roll(_Layout):
    """A strip for a receipt printer: the name of a line over the whole width, its figures below."""

    @cached_property
    def _needs(self) -> list[float]:
        """How wide figures are at most, column by column."""
        heads = [column.label for column in self.form.columns]
        return [max(map(face().width, column)) for column in list(zip(heads, *self.form.rows, strict=True))[1:]]

    def sized(self, page: Sequence[_Block]) -> tuple[float, float]:
        return self.format.width, sum(block.height for block in page) + 2 * self.format.edge

    def heads(self) -> _Block:
        labels = [column.label for column in self.form.columns]
        name, figures = _Word(0, self.size * 1.05, labels[0], self.size), self._figures(labels[1:], 0)
        end = _width(name.text, self.size) + self.size / 2
        down = self.size * _LEADING if figures and figures[0].x < end else 0  # many of them: below, as in the rows
        figures = [replace(word, y=word.y + down) for word in figures]
        return _Block(self.size * 1.6 + down, (name, *figures))

    def blocks(self) -> Iterator[_Block]:
        form = self.form
        if form.logo:
            yield _Block(_LOGO[1] + 4, pictures=self._logo((self.room - _LOGO[0]) / 2, "c"))
        if form.company:
            yield self._centred(form.company, self.format.company)
        yield self._centred(form.title, self.format.title)
        yield from self._texts(form.above, "center")
        yield _Block(3)
        for row in form.head:
            for one in row:
                yield self._pair(one.label, one.value)
        if form.columns:
            yield self._rule()
            yield self.heads()
            yield self._rule()
            yield from (self._row(cells) for cells in form.rows)
            yield self._rule()
        yield from self._ending()

    def _ending(self) -> Iterator[_Block]:
        form = self.form
        for place, (label, value) in enumerate(form.sums):
            yield self._sum(label, value, large=place == 0)
        if form.spelled:
            yield self._pair(*form.spelled)
        if form.notes:
            yield self._rule()
        yield from (self._pair(label, value) for label, value in form.notes)
        yield from (_Block(self.size * 2.2, (_Word(0, self.size * 1.8, f"{one}：", self.size),)) for one in form.signs)
        yield self._rule()
        yield from self._texts(form.below)
        if form.footer:
            words = tuple(_paragraph(form.footer, 0, self.room, self.size, "center"))
            yield _Block(_lines_of(words, self.size) + 2, words)
        if form.qr:
            side = _QR[form.paper]
            yield _Block(side + self.size, squares=self._qr((self.room - side) / 2))
        words = tuple(_paragraph(form.printed, 0, self.room, self.size * 0.85, "center"))
        yield _Block(_lines_of(words, self.size) + self.size, words)

    def _pair(self, label: str, value: str) -> _Block:
        words = tuple(_paragraph(f"{label}：{value}" if label else value, 0, self.room, self.size))
        return _Block(_lines_of(words, self.size), words)

    def _rule(self) -> _Block:
        return _Block(5, (), (_Line(0, 2.5, self.room, 2.5, 0.6, dashed=True),))

    def _row(self, cells: Cells) -> _Block:
        name = _paragraph(cells[0], 0, self.room, self.size)
        height = _lines_of(name, self.size)
        figures = self._figures(cells[1:], height)
        return _Block(height + (self.size * _LEADING if figures else 0) + 1.5, (*name, *figures), row=True)

    def _figures(self, cells: Cells, top: float) -> list[_Word]:
        """Figures below each other in their columns; a line too long for the strip is written smaller."""
        if not cells:
            return []
        needs = self._needs
        total = sum(needs) + len(cells) * 0.8
        size = min(self.size, self.room / total)
        spare = (self.room / size - total) / len(cells)
        words, right = [], 0.0
        for cell, need in zip(cells, needs, strict=True):
            right += (need + 0.8 + spare) * size
            words.append(_Word(right - _width(cell, size), top + self.size * 1.05, cell, size))
        return words

    def _sum(self, label: str, value: str, *, large: bool) -> _Block:
        size = self.size * (1.3 if large else 1)
        right = _Word(_placed(value, 0, self.room, "right", size), size * 1.05, value, size, large)
        return _Block(size * 1.5, (_Word(0, size * 1.05, label, size, large), right))


# -------------------------------------------------------------------- drawing

_ON, _OFF = "2 Tr 0.25 w", "0 Tr"


def _drawn(pen: Pen, layout: _Layout, page: Sequence[_Block], foot: Sequence[_Word]) -> str:
    """All operators of one page."""
    side, edge = layout.format.side, layout.format.edge
    top = layout.sized(page)[1] - edge
    behind = _watermark(pen, layout)
    begin = f"0 g 0 G {pen.begin()}"
    words = [_written(pen, replace(word, x=word.x + side), edge) for word in foot]
    rules: list[str] = []
    for block in page:
        words += [_written(pen, replace(word, x=word.x + side), top - word.y) for word in block.words]
        rules += [_ruled(line, side, top) for line in block.lines]
        rules += [_filled(square, side, top) for square in block.squares]
        top -= block.height
    return "\n".join([behind, begin, *words, "ET", *rules])


_WATERMARK_MOST = 72.0
"""How large the letters of a watermark are at most."""


def _watermark(pen: Pen, layout: _Layout) -> str:
    """From the lower left to the upper right, so grey that words on it are read."""
    text, height = layout.form.watermark, layout.format.height
    if not text or height is None:
        return ""
    width = layout.format.width
    long = hypot(width, height)
    wide = face().width(text)
    size = min(_WATERMARK_MOST, long * 0.7 / max(wide, 0.01))
    right, up = width / long, height / long
    turned = f"{right:.4f} {up:.4f} {-up:.4f} {right:.4f} {width / 2:.2f} {height / 2:.2f} cm"
    written = f"{pen.begin()} {pen.sized(size)} {_OFF} {pen.line(-wide * size / 2, -size * 0.35, text)} ET"
    return f"q .9 g {turned} {written} Q"


def _paint(canvas: Any, layout: _Layout, page: Sequence[_Block]) -> None:
    """The pictures of one page."""
    left, top = layout.format.side, layout.sized(page)[1] - layout.format.edge
    for block in page:
        for one in block.pictures:
            canvas.drawImage(
                str(one.file), left + one.x, top - one.y - one.height, one.width, one.height, mask="auto",
                preserveAspectRatio=True, anchor=one.anchor,
            )  # fmt: skip
        top -= block.height


def _filled(square: _Square, side: float, top: float) -> str:
    return f"{square.x + side:.2f} {top - square.y - square.height:.2f} {square.width:.2f} {square.height:.2f} re f"


def _written(pen: Pen, word: _Word, y: float) -> str:
    return f"{pen.sized(word.size)} {_ON if word.bold else _OFF} {pen.line(word.x, y, word.text)}"


def _ruled(line: _Line, side: float, top: float) -> str:
    dash = "[2 2] 0 d" if line.dashed else "[] 0 d"
    start, end = f"{line.x + side:.2f} {top - line.y:.2f}", f"{line.to_x + side:.2f} {top - line.to_y:.2f}"
    return f"{dash} {line.width} w {start} m {end} l S"
