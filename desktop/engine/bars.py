"""Barcodes as bars: EAN-13 and EAN-8 where a code is one, else Code 128."""

from typing import Any

Bar = tuple[int, int]
"""Where a bar begins, and how wide it is, in modules."""


def bars_of(code: str) -> tuple[list[Bar], int]:
    """The bars of a code and the width of all; nothing of what cannot be one."""
    return _ean(code) if is_ean(code) else _code_128(code)


def is_ean(code: str) -> bool:
    """Eight or thirteen digits of which the last one follows from the others."""
    return code.isascii() and code.isdigit() and len(code) in (8, 13) and check_digit(code[:-1]) == code[-1]


def check_digit(digits: str) -> str:
    """The last digit, from all before it."""
    total = sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def _ean(code: str) -> tuple[list[Bar], int]:
    from reportlab.graphics.barcode.eanbc import Ean8BarcodeWidget, Ean13BarcodeWidget

    made: Any = Ean8BarcodeWidget(code) if len(code) == 8 else Ean13BarcodeWidget(code)
    made.barWidth, made.quiet, made.humanReadable = 1, 0, 0
    whole, *bars = made.draw().contents
    return [(round(bar.x), round(bar.width)) for bar in bars], round(whole.width)


def _code_128(code: str) -> tuple[list[Bar], int]:
    """Digits in pairs where that is shorter. Letters beyond ASCII have no bars."""
    if not code or not code.isascii() or not code.isprintable():
        return [], 0
    from reportlab.graphics.barcode.code128 import Code128Auto

    made: Any = Code128Auto(code, quiet=0)
    made.validate()
    made.encode()
    made.decompose()
    # One letter for each bar (capital) and each gap: the letter says how wide it is.
    bars, place = list[Bar](), 0
    for one in made.decomposed:
        width = ord(one.lower()) - ord("a") + 1
        bars += [(place, width)] if one.isupper() else []
        place += width
    return bars, place
