"""barcode: what stands under the bars; its check digit is looked at by the screen, which only hints."""

import re
import unicodedata
from dataclasses import dataclass
from typing import ClassVar

from .base import Value
from .text import Text


@dataclass(frozen=True, kw_only=True)
class Barcode(Text):
    """Half-width and without spaces, as scanners send it. A wrong check digit is kept: shops invent codes of their
    own."""

    max_length: int = 40
    type: ClassVar[str] = "barcode"
    default_width: ClassVar[int] = 130

    def parse(self, raw: Value) -> Value:
        text = super().parse(raw)
        return None if text is None else re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
