"""Text as people search it: folded, cut into search tokens, and as pinyin."""

import re
import unicodedata
from functools import cache, lru_cache

_KEEP = re.compile(r"[^\w]|_", re.UNICODE)
_ASCII_GRAM = 3
_GRAM = 2


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Full-width and half-width alike, lower case, only letters and digits: `Ａ－１ 厂` and `a1厂` are one."""
    return _KEEP.sub("", unicodedata.normalize("NFKC", text).casefold())


def _gram_at(text: str, start: int) -> tuple[str, bool]:
    """The token at a position and whether more text could still lengthen it."""
    ascii_part = text[start : start + _ASCII_GRAM]
    if ascii_part.isascii():
        return ascii_part, len(ascii_part) < _ASCII_GRAM
    pair = text[start : start + _GRAM]
    return pair, len(pair) < _GRAM


def search_tokens(text: str) -> str:
    """What the full-text index stores for a text: one overlapping token per position, so any substring is a phrase.

    Chinese goes in pairs, letters and digits in threes (a pair of digits is far too common). FTS5's own trigram
    tokenizer answers one or two Chinese characters with nothing (performance.md, trap 1).
    """
    folded = fold(text)
    return " ".join(_gram_at(folded, position)[0] for position in range(len(folded)))


def search_phrase(text: str) -> str | None:
    """The FTS5 phrase that finds every text containing `text`; None when nothing searchable is in it."""
    folded = fold(text)
    if not folded:
        return None
    tokens: list[str] = []
    covered = 0
    for position in range(len(folded)):
        if covered >= len(folded):
            break
        token, is_open = _gram_at(folded, position)
        tokens.append(token)
        covered = position + len(token)
        if is_open:
            return f'"{" ".join(tokens)}" *'
    return f'"{" ".join(tokens)}"'


def has(text: str | None, folded_needle: str) -> bool:
    """Whether a text contains an already folded needle: the same answer as the index gives."""
    return text is not None and folded_needle in fold(text)


@cache
def _single() -> dict[int, str]:
    from pypinyin.constants import PINYIN_DICT

    return {code: _bare(reading.split(",")[0]) for code, reading in PINYIN_DICT.items()}


def _bare(reading: str) -> str:
    """A reading without tone marks; ü is written v, as everybody types it."""
    decomposed = unicodedata.normalize("NFD", reading)
    return "".join(
        "v" if char == "ü" else char
        for char in unicodedata.normalize("NFC", "".join(c for c in decomposed if c not in "\u0304\u0301\u030c\u0300"))
    )


# Characters whose common reading depends on the word; only names with one of them need the (slower) phrase dictionary.
_AMBIGUOUS = frozenset("重长行厦都乐曾单解朴调朝盛传藏会仇区查尉召行校柏番参降便乘干角觉")


@lru_cache(maxsize=200_000)
def pinyin(text: str) -> str:
    """Syllables without tones, parted by spaces: `中石集团` → `zhong shi ji tuan`. Sorts a Chinese list as people
    expect."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    if not _AMBIGUOUS.isdisjoint(folded):
        from pypinyin import lazy_pinyin

        return " ".join(lazy_pinyin(folded, v_to_u=False))
    single = _single()
    parts: list[str] = []
    in_word = False
    for char in folded:
        reading = single.get(ord(char))
        if reading is not None:
            parts.append(reading)
            in_word = False
        elif in_word:
            parts[-1] += char
        else:
            parts.append(char)
            in_word = True
    return " ".join(parts)


@lru_cache(maxsize=200_000)
def initials(text: str) -> str:
    """First letters: `中石集团` → `zsjt`; letters and digits stay whole."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    if not _AMBIGUOUS.isdisjoint(folded):
        from pypinyin import Style, lazy_pinyin

        return fold("".join(lazy_pinyin(folded, style=Style.FIRST_LETTER)))
    single = _single()
    return fold("".join(single[ord(char)][0] if ord(char) in single else char for char in folded))
