"""url: a web address, never one that runs something."""

import re
from dataclasses import dataclass
from typing import ClassVar

from .base import FieldError, Value
from .text import Text


@dataclass(frozen=True, kw_only=True)
class Url(Text):
    type: ClassVar[str] = "url"
    default_width: ClassVar[int] = 170

    def parse(self, raw: Value) -> Value:
        text = super().parse(raw)
        if text is not None and (" " in text or re.match(r"(?i)(javascript|data|file|vbscript):", text)):
            raise FieldError(f"「{self.label}」写成 www.example.com 的样子")
        return text
