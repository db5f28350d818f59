"""text: one line, trimmed; the base of every type that is text with a check."""

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from ..text import fold, search_phrase
from .base import COMPARISONS, TEXT_OPERATORS, Field, FieldError, Sql, Value, Where

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
