"""Labels on paper: one after the other on a roll of labels, each a page, or many on sheets of A4 to be cut apart.

Bars are drawn in widths that a label printer of 203 dots to the inch prints evenly: whole eighths of a millimetre.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .bars import bars_of
from .define import Tag
from .paper import LONG, MM, SHORT, Pen, Told, canvas_of, face, finish, shortened, wrapped

Size = Literal["40x30", "60x40"]


@dataclass(frozen=True)
class Labels:
    """Tags, each with how many of it there are. `company` stands small on top."""

    title: str
    size: Size
    tags: Sequence[tuple[Tag, int]]
    on_sheets: bool = False
    company: str = ""


@dataclass(frozen=True)
class _Format:
    width: float
    height: float
    title: float
    small: float
    price: float
    bars: float
    """How high the bars are."""


_FORMATS: Mapping[Size, _Format] = {
    "40x30": _Format(40 * MM, 30 * MM, 8.0, 6.0, 10.0, 8 * MM),
    "60x40": _Format(60 * MM, 40 * MM, 11.0, 7.5, 14.0, 11.5 * MM),
}
_PAD = 1.8 * MM
_EDGE = 10 * MM
"""Of a sheet: no printer reaches further."""
_MODULES = tuple(eighths * MM / 8 for eighths in (3, 2, 1))
"""How wide the narrowest bar may be, the widest first."""
_QUIET = 6
"""Modules that stay white beside the bars."""
_LEADING = 1.25
_CUT = ".25 w .7 G"


def write(target: Path, labels: Labels, told: Told) -> int:
    """Writes labels to a PDF file; returns the number of pages."""
    form = _FORMATS[labels.size]
    places = list(_places(form)) if labels.on_sheets else [(0.0, 0.0)]
    size = (SHORT, LONG) if labels.on_sheets else (form.width, form.height)
    canvas, pen = canvas_of(target, size, labels.title, labels.company), Pen()
    pages, page = 0, list[str]()
    for number, drawn in enumerate(_every(pen, form, labels), 1):
        x, y = places[len(page)]
        cut = f"{_CUT} 0 0 {form.width:.2f} {form.height:.2f} re S" if labels.on_sheets else ""
        page.append(f"q 1 0 0 1 {x:.2f} {y:.2f} cm {cut}\n{drawn}\nQ")
        if len(page) == len(places):
            _turn(canvas, page)
            pages += 1
        told(number)
    if page:
        _turn(canvas, page)
        pages += 1
    finish(pen, canvas, target)
    return pages


def too_long(size: Size, code: str) -> bool:
    """Whether the bars of a code find no room on such a label; so it is with what has no bars."""
    return _module(_FORMATS[size], bars_of(code)[1]) is None


def _turn(canvas: object, page: list[str]) -> None:
    canvas.addLiteral("\n".join(page))  # type: ignore[attr-defined]
    canvas.showPage()  # type: ignore[attr-defined]
    page.clear()


def _places(form: _Format) -> Iterator[tuple[float, float]]:
    """Lower left corners on a sheet of A4, row by row, in its middle."""
    across, down = int((SHORT - 2 * _EDGE) / form.width), int((LONG - 2 * _EDGE) / form.height)
    left, top = (SHORT - across * form.width) / 2, LONG - _EDGE
    for row in range(down):
        for column in range(across):
            yield left + column * form.width, top - (row + 1) * form.height


def _every(pen: Pen, form: _Format, labels: Labels) -> Iterator[str]:
    for tag, copies in labels.tags:
        drawn = "\n".join(_drawn(pen, form, tag, labels.company))
        for _ in range(copies):
            yield drawn


def _drawn(pen: Pen, form: _Format, tag: Tag, company: str) -> Iterator[str]:
    """One label: from the top company, title and what is below it; from the bottom code, bars and price."""
    foot = _PAD + (form.small * _LEADING if tag.code else 0.0)
    bars = list(_bars(form, tag.code, foot))
    yield f"0 g {pen.begin()}"
    yield from _above(pen, form, tag, company)
    if tag.code:
        yield f"{pen.sized(form.small)} 0 Tr"
        yield _centred(pen, form, face().tidy(tag.code), _PAD, form.small)
    if tag.price:
        yield from _price(pen, form, face().tidy(tag.price), foot + (form.bars + form.price * 0.3 if bars else 0.0))
    yield "0 Tr ET"
    yield from bars


def _above(pen: Pen, form: _Format, tag: Tag, company: str) -> Iterator[str]:
    room, y = form.width - 2 * _PAD, form.height - _PAD
    for text, size, most, is_bold in (
        (company, form.small, 1, False), (tag.title, form.title, 1 if company else 2, True),
        (tag.below, form.small, 1, False),
    ):  # fmt: skip
        yield f"{pen.sized(size)} {'2 Tr 0.25 w 0 G' if is_bold else '0 Tr'}"
        for line in wrapped(face().tidy(text), room / size, most) if text else ():
            y -= size * _LEADING
            yield pen.line(_PAD, y + size * (_LEADING - 1), line)


def _price(pen: Pen, form: _Format, text: str, y: float) -> Iterator[str]:
    """On the right, as large as there is room for."""
    wide = face().width(text)
    size = min(form.price, (form.width - 2 * _PAD) / wide)
    yield f"{pen.sized(size)} 2 Tr 0.3 w 0 G"
    yield pen.line(form.width - _PAD - wide * size, y, text)


def _centred(pen: Pen, form: _Format, text: str, y: float, size: float) -> str:
    room = (form.width - 2 * _PAD) / size
    line = text if face().width(text) <= room else shortened(text, room)
    return pen.line((form.width - face().width(line) * size) / 2, y, line)


def _module(form: _Format, modules: int) -> float | None:
    """The width of the narrowest bar: as wide as there is room for, all in all."""
    fits = (one for one in _MODULES if (modules + 2 * _QUIET) * one <= form.width)
    return next(fits, None) if modules else None


def _bars(form: _Format, code: str, y: float) -> Iterator[str]:
    bars, modules = bars_of(code)
    width = _module(form, modules)
    if width is None:
        return
    left = (form.width - modules * width) / 2
    for start, wide in bars:
        yield f"{left + start * width:.3f} {y:.2f} {wide * width:.3f} {form.bars:.2f} re"
    yield "f"
