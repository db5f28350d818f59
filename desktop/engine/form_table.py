"""One document as a spreadsheet: what stands on its paper, in cells, with figures that can be reckoned with."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .form import Form, Item, Pair
from .spreadsheet import book_at, fitted, write_cell

_NARROW, _WIDE = 6.0, 48.0
_PX = 7.0
"""Of a character, as Excel counts widths."""
_PICTURE = 64
"""Pixels of a picture's side; Excel's rows are measured in points, three to four pixels."""


def write(
    target: Path, form: Form, cells: Sequence[Sequence[object]], totals: Sequence[object], formats: Sequence[str]
) -> None:  # fmt: skip
    """Letterhead, head, lines and what stands below them. `cells` are the rows of the form as values, `totals` those of
    all of them."""
    with book_at(target) as book:
        _Sheet(book, form, cells, totals, formats).write()


class _Sheet:
    def __init__(
        self, book: Any, form: Form, cells: Sequence[Sequence[object]], totals: Sequence[object], formats: Sequence[str]
    ) -> None:  # fmt: skip
        self._form, self._cells, self._totals = form, cells, totals
        self._shift = 1 if any(form.pictures) else 0
        self._sheet = book.add_worksheet()
        self._at = 0
        self._across = max(len(form.columns) + self._shift, 4)
        centred = {"align": "center", "valign": "vcenter"}
        self._company = book.add_format({**centred, "bold": True, "font_size": 14})
        self._title = book.add_format({**centred, "bold": True, "font_size": 16})
        self._head = book.add_format({**centred, "bold": True, "border": 1, "text_wrap": True})
        self._plain = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
        self._of_column = [
            book.add_format({"num_format": one, "border": 1, "valign": "vcenter", "text_wrap": one == "@"})
            for one in formats
        ]
        self._total = [book.add_format({"num_format": one, "bold": True, "border": 1}) for one in formats]
        self._framed = book.add_format({"border": 1})

    def write(self) -> None:
        form = self._form
        for text, style in ((form.company, self._company), (form.title, self._title)):
            if text:
                self._whole(text, style)
        self._texts(form.above)
        for row in form.head:
            self._items(row)
        for title, pairs in form.parties:
            self._texts("\n".join((title, *(f"{label}：{value}" for label, value in pairs))))
        self._table()
        self._pairs([*([form.spelled] if form.spelled else []), *form.sums, *form.notes])
        self._texts("\n".join(filter(None, (*form.terms, form.below, form.footer, form.printed))))
        self._sheet.set_paper(9)
        self._sheet.fit_to_pages(1, 0)

    def _whole(self, text: str, style: Any) -> None:
        """Over all columns."""
        self._sheet.merge_range(self._at, 0, self._at, self._across - 1, fitted(text), style)
        self._at += 1

    def _texts(self, text: str) -> None:
        for line in text.splitlines():
            self._whole(line, self._plain)

    def _items(self, row: Sequence[Item]) -> None:
        said = [f"{one.label}：{one.value}" if one.label else one.value for one in row if one.value]
        if said:
            self._whole("　　".join(said), self._plain)

    def _pairs(self, pairs: Sequence[Pair]) -> None:
        for label, value in pairs:
            self._whole(f"{label}：{value}", self._plain)

    def _table(self) -> None:
        form, sheet, shift = self._form, self._sheet, self._shift
        if not form.columns:
            return
        if shift:
            sheet.set_column(0, 0, _PICTURE / _PX + 1)
            sheet.write_string(self._at, 0, "图片", self._head)
        for place, column in enumerate(form.columns):
            sheet.set_column(place + shift, place + shift, min(max(column.width / _PX, _NARROW), _WIDE))
            sheet.write_string(self._at, place + shift, column.label, self._head)
        self._at += 1
        for number, row in enumerate(self._cells):
            self._picture(number)
            for place, value in enumerate(row):
                style = self._of_column[place]
                write_cell(self._sheet, self._at, place + self._shift, value, style, style)
            self._at += 1
        for place, value in enumerate(self._totals):
            style = self._total[place]
            write_cell(sheet, self._at, place + shift, None if value == "" else value, style, style)
        self._at += 1 if self._totals else 0

    def _picture(self, number: int) -> None:
        if not self._shift:
            return
        self._sheet.set_row(self._at, (_PICTURE + 6) * 0.75)
        self._sheet.write_blank(self._at, 0, None, self._framed)
        file = self._form.pictures[number]
        if file:
            from PIL import Image

            with Image.open(file) as picture:
                scale = _PICTURE / max(picture.size)
            where = {"x_scale": scale, "y_scale": scale, "x_offset": 3, "y_offset": 3, "object_position": 1}
            self._sheet.insert_image(self._at, 0, str(file), where)
