"""Text as people search it: folded, cut into search tokens, and as pinyin."""

import re
import unicodedata
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

import orjson

TEXT_VERSION = 1
"""Raise it when folding, tokens or pinyin change: every index is then made anew."""

_KEEP = re.compile(r"[^\w]|_", re.UNICODE)
_ASCII_GRAM = 3
_GRAM = 2


def fold(text: str) -> str:
    """Full-width and half-width alike, lower case, only letters and digits: `Ａ－１ 厂` and `a1厂` are one."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return _KEEP.sub("", text.casefold())


def fold_width(text: str) -> str:
    """Full-width and half-width alike, lower case, without spaces; marks stay: `１００ %` and `100%` are one."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return "".join(text.casefold().split())


def has_marks(text: str) -> bool:
    """Whether a text holds more than letters and digits: then what contains it is not what the index says."""
    return fold_width(text) != fold(text)


def has_literally(text: str | None, width_folded_needle: str) -> bool:
    """Whether a text contains a needle (see `fold_width`) with its marks."""
    return text is not None and width_folded_needle in fold_width(text)


def _gram_at(text: str, start: int) -> tuple[str, bool]:
    """The token at a position and whether more text could still lengthen it."""
    ascii_part = text[start : start + _ASCII_GRAM]
    if ascii_part.isascii():
        return ascii_part, len(ascii_part) < _ASCII_GRAM
    pair = text[start : start + _GRAM]
    return pair, len(pair) < _GRAM


@lru_cache(maxsize=1_000)
def search_tokens(text: str) -> str:
    """What the full-text index stores for a text: one overlapping token per position, so any substring is a phrase.

    Chinese goes in pairs, letters and digits in threes (a pair of digits is far too common). FTS5's own trigram
    tokenizer answers one or two Chinese characters with nothing (performance.md, trap 1).
    """
    folded = fold(text)
    threes = [folded[position : position + _ASCII_GRAM] for position in range(len(folded))]
    if not folded.isascii():  # as `_gram_at` has it, without a call for each character of a million rows
        threes = [part if part.isascii() else part[:_GRAM] for part in threes]
    return " ".join(threes)


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


def _dictionary(name: str) -> str:
    """One of pypinyin's dictionaries, as it lies there. Loading the library, which takes both of them apart, would be a
    third of what it takes to start and save a first record."""
    found = find_spec("pypinyin")
    assert found is not None and found.origin is not None
    return Path(found.origin).with_name(f"{name}.json").read_text(encoding="utf-8")


@cache
def _all_readings() -> dict[str, str]:
    """By the number of the character."""
    read: dict[str, str] = orjson.loads(_dictionary("pinyin_dict"))
    return read


@cache
def _reading(char: str) -> str | None:
    """The usual reading of a character, without tones."""
    known = _all_readings().get(str(ord(char)))
    return None if known is None else _bare(known.split(",")[0])


@cache
def _phrases() -> dict[str, list[list[str]]]:
    """Words in which a character of several readings has a certain one: 重庆 → [[chóng], [qìng]]."""
    return {
        phrase: orjson.loads(readings)
        for phrase, readings in _SHORT_PHRASE.findall(_dictionary("phrases_dict"))
        if not _AMBIGUOUS.isdisjoint(phrase)
    }


def _bare(reading: str) -> str:
    """A reading without tone marks; ü is written v, as everybody types it."""
    decomposed = unicodedata.normalize("NFD", reading)
    toneless = "".join(char for char in decomposed if char not in "\u0304\u0301\u030c\u0300")
    return unicodedata.normalize("NFC", toneless).replace("ü", "v")


# Characters whose common reading depends on the word; only they need a look into the phrase dictionary.
_AMBIGUOUS = frozenset("重长行厦都乐曾单解朴调朝盛传藏会仇区查尉召校柏番参降便乘干角觉")
_PHRASE_LENGTH = 4
_SHORT_PHRASE = re.compile(rf'"([^"]{{2,{_PHRASE_LENGTH}}})":\s*(\[(?:\s*\[[^\]]*\],?)+\s*\])')
"""A phrase and its readings in the file: to take all of it apart would take four times as long."""


def _reading_in(text: str, place: int) -> str | None:
    """The reading of an ambiguous character by the longest word around it."""
    phrases = _phrases()
    for length in range(_PHRASE_LENGTH, 1, -1):
        for start in range(max(0, place - length + 1), place + 1):
            found = phrases.get(text[start : start + length])
            if found and len(found) == length:
                return _bare(found[place - start][0])
    return _reading(text[place])


@lru_cache(maxsize=2_000)
def _syllables(text: str) -> tuple[tuple[str, bool], ...]:
    """(part, is it a syllable): Chinese characters one by one, everything else in runs. A title is asked for twice,
    for its pinyin and its initials, and once more when it leaves the index."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    parts: list[tuple[str, bool]] = []
    for place, char in enumerate(folded):
        reading = _reading_in(folded, place) if char in _AMBIGUOUS else _reading(char)
        if reading is not None:
            parts.append((reading, True))
        elif parts and not parts[-1][1]:
            parts[-1] = (parts[-1][0] + char, False)
        else:
            parts.append((char, False))
    return tuple(parts)


@lru_cache(maxsize=2_000)
def pinyin(text: str) -> str:
    """Syllables without tones, parted by spaces: `中石集团` → `zhong shi ji tuan`.

    A Chinese list sorted by it stands as people expect.
    """
    return " ".join([part for part, _ in _syllables(text)])


@lru_cache(maxsize=2_000)
def initials(text: str) -> str:
    """First letters: `中石集团` → `zsjt`; letters and digits stay whole."""
    return fold("".join([part[0] if is_syllable else part for part, is_syllable in _syllables(text)]))


def any_has(needle: str, title: str | None, *texts: str | None) -> int:
    """Whether a folded needle is in one of the texts, or in the initials of the title: what the index says of a row."""
    is_latin = needle.isascii()
    for text in texts:
        if text and (is_latin or not text.isascii()) and needle in fold(text):
            return 1
    return int(is_latin and bool(title) and needle in initials(title or ""))
