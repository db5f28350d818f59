"""Barcodes as bars: EAN-13 and EAN-8 where a code is one, else Code 128."""

from typing import Any

_LEFT = ("0001101", "0011001", "0010011", "0111101", "0100011", "0110001", "0101111", "0111011", "0110111", "0001011")
"""How digits look left of the middle; right of it they are the other way round in black and white."""
_PARITY = ("", "001011", "001101", "001110", "010011", "011001", "011100", "010101", "010110", "011010")
"""By the first digit of thirteen: which of the next six stand mirrored."""
_EDGE, _MIDDLE = "101", "01010"

Bar = tuple[int, int]
"""Where a bar begins, and how wide it is, in modules."""


def bars_of(code: str) -> tuple[list[Bar], int]:
    """The bars of a code and the width of all; nothing of what cannot be one."""
    black = _ean(code) if is_ean(code) else _code_128(code)
    return _bars(black), len(black)


def is_ean(code: str) -> bool:
    """Eight or thirteen digits of which the last one follows from the others."""
    return code.isascii() and code.isdigit() and len(code) in (8, 13) and check_digit(code[:-1]) == code[-1]


def check_digit(digits: str) -> str:
    """The last digit, from all before it."""
    total = sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def _ean(code: str) -> str:
    """Black modules as 1, white ones as 0."""
    first, rest = (code[0], code[1:]) if len(code) == 13 else ("0", code)
    half, mirrored = len(rest) // 2, _PARITY[int(first)] or "0" * 6
    left = "".join(
        _turned(_LEFT[int(digit)])[::-1] if is_mirrored == "1" else _LEFT[int(digit)]
        for digit, is_mirrored in zip(rest[:half], mirrored, strict=False)
    )
    right = "".join(_turned(_LEFT[int(digit)]) for digit in rest[half:])
    return _EDGE + left + _MIDDLE + right + _EDGE


def _turned(modules: str) -> str:
    return modules.translate({ord("0"): "1", ord("1"): "0"})


def _code_128(code: str) -> str:
    """Digits in pairs where that is shorter. Letters beyond ASCII have no bars."""
    if not code or not code.isascii() or not code.isprintable():
        return ""
    from reportlab.graphics.barcode.code128 import Code128Auto

    made: Any = Code128Auto(code, quiet=0)
    made.validate()
    made.encode()
    made.decompose()
    return "".join(("1" if one.isupper() else "0") * (ord(one.lower()) - ord("a") + 1) for one in made.decomposed)


def _bars(black: str) -> list[Bar]:
    found, start = list[Bar](), None
    for place, one in enumerate(black + "0"):
        if one == "1" and start is None:
            start = place
        elif one == "0" and start is not None:
            found.append((start, place - start))
            start = None
    return found
