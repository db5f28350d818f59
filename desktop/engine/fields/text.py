"""text: one line, trimmed; the base of every type that is text with a check."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, ClassVar

from ..text import fold, fold_width, has_marks, search_phrase
from .base import COMPARISONS, TEXT_OPERATORS, Field, FieldError, Sql, Value, Where, all_of
from .usual import Usual

MASK = "****"
"""Stands for the hidden middle of a masked text."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")

# What nobody sees and pasted text brings along: it makes equal names differ, or turns what follows around (bidi).
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\u2800"
    "\u3164\ufeff\uffa0\ufff0-\ufffb\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e0fff"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000))
    + "]"
)
_PICTURE = "\u2190-\u2bff\ufe0f\U0001f000-\U0001faff"
_STRAY_JOINER = re.compile(f"(?<![{_PICTURE}])\u200d|\u200d(?![{_PICTURE}])")  # inside an emoji it makes one of many


def is_seen(text: str) -> bool:
    """Whether anything stands on the paper: a letter, a digit, a sign or a picture."""
    return any(unicodedata.category(char)[0] in "LNPS" for char in text)


@dataclass(frozen=True, kw_only=True)
class Text(Field):
    """A line of text; trimmed, folded on search only."""

    max_length: int = 200
    masked: bool = False
    """Shown with its middle hidden to those without the right `unmask`."""
    usual: Usual | None = None
    """What it looks like as a rule: what does not is pointed out, never refused."""

    type: ClassVar[str] = "text"
    operators: ClassVar[tuple[str, ...]] = TEXT_OPERATORS
    default_width: ClassVar[int] = 130
    multiline: ClassVar[bool] = False
    literal: ClassVar[bool] = True
    """Marks in what is looked for count."""

    def parse(self, raw: Value) -> Value:
        if raw is None:
            return None
        if not isinstance(raw, str):
            raise FieldError(f"「{self.label}」应是文字")
        text = self._tidy(_STRAY_JOINER.sub("", _UNSEEN.sub("", raw)))
        if not text:
            return None
        if _CONTROL.search(text):
            raise FieldError(f"「{self.label}」里有不能保存的控制字符")
        if not is_seen(text):
            return None
        if len(text) > self.max_length:
            raise FieldError(f"「{self.label}」最多 {self.max_length} 个字，现在是 {len(text)} 个")
        if self.masked and MASK in text:  # what was shown masked must not come back as the value
            raise FieldError(f"请填写完整的「{self.label}」，不要带 {MASK}")
        return text

    def _tidy(self, raw: str) -> str:
        return raw.replace("\r\n", "\n").strip() if self.multiline else " ".join(raw.split())

    def compare(self, op: str, raw: Value, where: Where) -> Sql:
        if not isinstance(raw, str) or not raw.strip():
            raise FieldError(f"请填写「{self.label}」要比较的值")
        if op in ("contains", "not_contains"):
            found = self._contains(raw, where)
            return found if op == "contains" else Sql(f"NOT ({found.text})", found.params)
        if op == "like":
            return Sql(f"COALESCE({where.column}, '') LIKE ? ESCAPE '\\'", (raw.strip().replace("\\", "\\\\"),))
        if op == "ne":
            return Sql(f"({where.column} IS NULL OR {where.column} <> ?)", (raw.strip(),))
        found = Sql(f"{where.column} {COMPARISONS[op]} ?", (raw.strip(),))
        near = self._near(raw, where) if op == "eq" else None
        return all_of([near, found]) if near else found

    def _near(self, raw: str, where: Where) -> Sql | None:
        """Rows that hold the letters and digits of a text, by the full-text index: a comparison need see no others."""
        phrase = search_phrase(raw)
        if phrase is None or not where.indexed:
            return None
        rows = f"SELECT rowid FROM {where.module}_fts WHERE {where.module}_fts MATCH ?"
        return Sql(f"{where.table}.row IN ({rows})", (f"{where.name} : {phrase}",))

    def _contains(self, raw: str, where: Where) -> Sql:
        """Through the index where there is one; the functions give the same answer for every other column. The index
        knows letters and digits alone, so marks are looked for in what it finds."""
        near = self._near(raw, where)
        if self.literal and has_marks(raw):
            found = Sql(f"ecms_has_literally({where.column}, ?)", (fold_width(raw),))
            return all_of([near, found]) if near else found
        return near or Sql(f"ecms_has({where.column}, ?)", (fold(raw),))

    def describe(self, name: str) -> dict[str, Any]:
        usual = {"usual": {"pattern": self.usual.pattern, "words": self.usual.words}} if self.usual else {}
        return {"max_length": self.max_length, "masked": self.masked} | usual
