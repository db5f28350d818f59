"""email: an address with one @ and a domain."""

import re
from dataclasses import dataclass
from typing import ClassVar

from .base import FieldError, Value
from .text import Text


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
