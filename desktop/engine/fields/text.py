"""text, and the types that are text with a check: phone, email, url, serial, longtext."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sync_server.replication.changeset import Scalar

from ..text import fold, search_phrase
from .base import COMPARISONS, TEXT_OPERATORS, Column, Field, FieldError, Sql, Value, Where

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True)
class Text(Field):
    """A line of text; trimmed, folded on search only."""

    max_length: int = 200
    masked: bool = False
    """Shown with its middle hidden to those without the right `unmask`."""

    type: ClassVar[str] = "text"
    operators: ClassVar[tuple[str, ...]] = TEXT_OPERATORS
    default_width: ClassVar[int] = 130
    multiline: ClassVar[bool] = False

    def parse(self, raw: Value) -> Value:
        if raw is None:
            return None
        if not isinstance(raw, str):
            raise FieldError(f"「{self.label}」应是文字")
        text = self._tidy(raw)
        if not text:
            return None
        if _CONTROL.search(text):
            raise FieldError(f"「{self.label}」里有不能保存的控制字符")
        if len(text) > self.max_length:
            raise FieldError(f"「{self.label}」最多 {self.max_length} 个字，现在是 {len(text)} 个")
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
        return Sql(f"{where.column} {COMPARISONS[op]} ?", (raw.strip(),))

    def _contains(self, raw: str, where: Where) -> Sql:
        """Through the index where there is one; `ecms_has` gives the same answer for every other column."""
        phrase = search_phrase(raw)
        if phrase is None:  # only punctuation: compare as typed
            escaped = raw.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            return Sql(f"COALESCE({where.column}, '') LIKE ? ESCAPE '\\'", (f"%{escaped}%",))
        if where.indexed:
            rows = f"SELECT rowid FROM {where.module}_fts WHERE {where.module}_fts MATCH ?"
            return Sql(f"{where.table}.row IN ({rows})", (f"{where.name} : {phrase}",))
        return Sql(f"ecms_has({where.column}, ?)", (fold(raw),))

    def describe(self, name: str) -> dict[str, Any]:
        return {"max_length": self.max_length, "masked": self.masked}


@dataclass(frozen=True, kw_only=True)
class LongText(Text):
    """Text of several lines."""

    max_length: int = 20_000
    type: ClassVar[str] = "longtext"
    operators: ClassVar[tuple[str, ...]] = ("contains", "not_contains", "like", "empty", "not_empty")
    default_width: ClassVar[int] = 200
    multiline: ClassVar[bool] = True

    def format(self, value: Value, labels: Mapping[str, str]) -> str:
        """On one line; a spreadsheet gets the lines as they are."""
        return "" if value is None else " ".join(value.split())

    def export(self, value: Value, labels: Mapping[str, str]) -> object:
        return value


def digits(text: Value) -> Scalar:
    """Only the digits of a telephone number: what search and the duplicate test compare. None below 5 digits."""
    found = re.sub(r"\D", "", fold(text)) if isinstance(text, str) else ""
    return found if len(found) >= 5 else None


@dataclass(frozen=True, kw_only=True)
class Phone(Text):
    """A telephone number as typed; a local shadow column keeps its digits."""

    max_length: int = 40
    type: ClassVar[str] = "phone"
    default_width: ClassVar[int] = 120

    def shadows(self, name: str) -> Mapping[str, Callable[[Value], Scalar]]:
        return {f"{name}_digits": digits}

    def parse(self, raw: Value) -> Value:
        text = super().parse(raw)
        if text is not None and not re.search(r"\d", fold(text)):
            raise FieldError(f"「{self.label}」里没有号码")
        return text


@dataclass(frozen=True, kw_only=True)
class Email(Text):
    max_length: int = 120
    type: ClassVar[str] = "email"
    default_width: ClassVar[int] = 170

    def parse(self, raw: Value) -> Value:
        text = super().parse(raw)
        if text is not None and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", text):
            raise FieldError(f"「{self.label}」写成 name@example.com 的样子")
        return text


@dataclass(frozen=True, kw_only=True)
class Url(Text):
    type: ClassVar[str] = "url"
    default_width: ClassVar[int] = 170

    def parse(self, raw: Value) -> Value:
        text = super().parse(raw)
        if text is not None and (" " in text or re.match(r"(?i)(javascript|data|file|vbscript):", text)):
            raise FieldError(f"「{self.label}」写成 www.example.com 的样子")
        return text


@dataclass(frozen=True, kw_only=True)
class Serial(Text):
    """A number from a series (T19), drawn at the first save. Typed numbers are not accepted."""

    prefix: str = ""
    max_length: int = 40
    readonly: bool = True
    search: bool = True
    index: bool = True
    type: ClassVar[str] = "serial"
    default_width: ClassVar[int] = 110

    def columns(self, name: str) -> tuple[Column, ...]:
        return (Column(name, "TEXT", name),)
