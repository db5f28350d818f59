"""QR codes as squares: what a camera reads of a paper."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

QUIET = 2
"""Squares that stay white around a code on paper that is white anyway."""

Run = tuple[int, int, int]
"""Row from the top, first column, and how many dark squares stand side by side."""


@lru_cache(maxsize=32)
def runs_of(text: str) -> tuple[tuple[Run, ...], int]:
    """The dark runs of a code, and how many squares wide it is; nothing of no text."""
    if not text:
        return (), 0
    from reportlab.graphics.barcode import qrencoder

    made: Any = qrencoder
    code = made.QRCode(None, made.QRErrorCorrectLevel.M)
    code.addData(text)
    code.make()
    size = int(code.getModuleCount())
    rows = ([bool(code.isDark(row, column)) for column in range(size)] for row in range(size))
    return tuple(run for number, row in enumerate(rows) for run in _runs(number, row)), size


def _runs(number: int, row: list[bool]) -> Iterator[Run]:
    start = None
    for column, dark in enumerate([*row, False]):
        if dark and start is None:
            start = column
        elif not dark and start is not None:
            yield number, start, column - start
            start = None
