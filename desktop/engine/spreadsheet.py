"""Tables as xlsx, row by row in constant memory. The library passes over in silence what Excel cannot hold; here it is
cut to what fits, and says so."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from .fields.base import PARTLY, Partly

ROWS_MAX = 1_048_575
"""Without the line of heads."""
TEXT_MAX = 32_767
"""What Excel takes in a cell; longer text is cut, and ends in … to say so."""
AS_TEXT = "@"

_COUNTED_FROM = date(1900, 3, 1)
"""Excel takes 1900 for a leap year: days are counted rightly from here on."""
_NO_CHARACTER = re.compile("[\ud800-\udfff\ufffe\uffff]")
"""What no XML can hold, in no way of writing it."""


def write(target: Path, heads: Sequence[str], rows: Iterable[Sequence[object]], formats: Sequence[str]) -> None:
    """A sheet with heads that stay in sight. Cells are text, dates, whole or decimal numbers, or None; `formats` are
    Excel's number formats by column, which texts do not heed."""
    with book_at(target, constant_memory=True) as book:
        sheet = book.add_worksheet()
        try:
            _fill(book, sheet, heads, rows, formats)
        except BaseException:
            if sheet.row_data_fh is not None:
                sheet.row_data_fh.close()
            raise


def _fill(
    book: Any, sheet: Any, heads: Sequence[str], rows: Iterable[Sequence[object]], formats: Sequence[str]
) -> None:
    styles = [_style(book, pattern) for pattern in formats]
    marked = [_style(book, f'"{PARTLY}"{pattern};"{PARTLY}"-{pattern}') for pattern in formats]
    sheet.freeze_panes(1, 0)
    sheet.write_row(0, 0, heads, book.add_format({"bold": True, "bottom": 1}))
    for column, head in enumerate(heads):
        sheet.set_column(column, column, max(10, 2 * len(head) + 4))
    for number, row in enumerate(rows, 1):
        for column, cell in enumerate(row):
            write_cell(sheet, number, column, cell, (marked if isinstance(cell, Partly) else styles)[column])


def _style(book: Any, pattern: str) -> Any:
    return None if pattern == AS_TEXT else book.add_format({"num_format": pattern})


def write_cell(sheet: Any, row: int, column: int, cell: object, style: Any, text_style: Any = None) -> None:
    """One cell; what is text has a style of its own, and a blank one stands only where it has one."""
    if cell is None:
        if text_style is not None:
            sheet.write_blank(row, column, None, text_style)
        return
    if isinstance(cell, date) and cell >= _COUNTED_FROM:
        sheet.write_datetime(row, column, cell, style)
    elif isinstance(cell, int | Decimal):
        sheet.write_number(row, column, cell, style)
    else:
        assert isinstance(cell, str | date), f"no cell of a sheet: {cell!r}"
        sheet.write_string(row, column, fitted(str(cell)), text_style)


def fitted(text: str) -> str:
    """As Excel can hold it."""
    if len(text) > TEXT_MAX:
        text = f"{text[: TEXT_MAX - 1]}…"
    return _NO_CHARACTER.sub("\ufffd", text)


@contextmanager
def book_at(target: Path, **options: Any) -> Iterator[Any]:
    """A workbook; it appears whole or not at all. Half-made files lie beside `target`."""
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import FileCreateError

    safe = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    partial = target.with_name(f".{target.name}.part")
    book = Workbook(str(partial), {**safe, "tmpdir": str(target.parent), **options})
    try:
        yield book  # what goes wrong here leaves it open: closing it would pack all that was written so far
        book.close()
        partial.replace(target)
    except FileCreateError as error:  # the library hides what the system said
        raise next((said for said in error.args if isinstance(said, OSError)), error) from error
    finally:
        partial.unlink(missing_ok=True)
