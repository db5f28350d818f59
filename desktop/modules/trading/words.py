"""人民币大写: an amount in words, as it stands on documents and receipts."""

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_WAN = 10_000
_YI = _WAN * _WAN
LIMIT = _YI * _YI * 100
"""From 一亿亿元 on (in 分) there are no words."""


def in_words(amount: int) -> str:
    """分 in words: 123450 → 壹仟贰佰叁拾肆元伍角整; below zero with 负 before it.

    整 stands where no 分 follow; one 零 stands for any zeros between digits.
    """
    if abs(amount) >= LIMIT:
        raise ValueError(f"no words for {amount}")
    yuan, cents = divmod(abs(amount), 100)
    words = _whole(yuan) + "元" if yuan else ""
    return ("负" if amount < 0 else "") + (words + _cents(cents, gap=bool(words)) if words or cents else "零元整")


def _cents(cents: int, *, gap: bool) -> str:
    jiao, fen = divmod(cents, 10)
    if not cents:
        return "整"
    if not fen:
        return f"{_DIGITS[jiao]}角整"
    if jiao:
        return f"{_DIGITS[jiao]}角{_DIGITS[fen]}分"
    return f"{'零' if gap else ''}{_DIGITS[fen]}分"


def _whole(number: int) -> str:
    """Any number > 0: what stands before 亿 is read like a number of its own (壹万零壹亿)."""
    if number >= _YI:
        return _split(number, _YI, "亿")
    return _split(number, _WAN, "万") if number >= _WAN else _below_wan(number)


def _split(number: int, base: int, name: str) -> str:
    high, low = divmod(number, base)
    gap = "零" if 0 < low < base // 10 else ""
    return _whole(high) + name + (gap + _whole(low) if low else "")


def _below_wan(number: int) -> str:
    words, is_gap = "", False
    for place in range(3, -1, -1):
        digit = number // 10**place % 10
        if digit:
            words += ("零" if is_gap and words else "") + _DIGITS[digit] + _PLACES[place]
        is_gap = not digit
    return words
