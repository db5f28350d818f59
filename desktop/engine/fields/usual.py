"""What numbers usually look like: others are kept as typed, with a word beside the box."""

import re
import unicodedata
from dataclasses import dataclass

_SEVERAL = re.compile(r"[、,;/]")
_MARKS = re.compile(r"[\s\-()。.·–—−]")


@dataclass(frozen=True)
class Usual:
    """`pattern` fits the whole text without blanks, hyphens and brackets; each part of a list of several. Written so
    that Python and JavaScript read it alike."""

    pattern: str
    words: str

    def fits(self, text: str) -> bool:
        """Whether a text looks so (web_ui: usual.ts)."""
        parts = _SEVERAL.split(unicodedata.normalize("NFKC", text))
        return all(self._fits_one(_MARKS.sub("", part)) or self._fits_parted(part) for part in parts)

    def _fits_one(self, number: str) -> bool:
        return re.fullmatch(self.pattern, number) is not None

    def _fits_parted(self, part: str) -> bool:
        """A blank may stand within a number (138 1234 5678) and between two: one ends as soon as it is whole."""
        begun = ""
        for piece in part.split():
            begun += _MARKS.sub("", piece)
            if self._fits_one(begun):
                begun = ""
        return bool(part.strip()) and not begun


POSTCODE = Usual(r"\d{6}", "国内的邮编是 6 位数字；国外的照写")
MOBILE = Usual(r"(?:(?:\+|00)?86)?1[3-9]\d{9}|(?:\+|00)(?!86)\d{7,15}", "国内的手机号是 11 位；国外的前面写 + 和国家号")
