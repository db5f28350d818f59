"""words: so many names in one line, as a setting keeps them."""

import re
from dataclasses import dataclass

from .base import FieldError, Value
from .text import Text

_BETWEEN = re.compile(r"[,，、;；]")


@dataclass(frozen=True, kw_only=True)
class Words(Text):
    """`count` different names, parted by commas."""

    count: int
    longest: int = 8

    def parse(self, raw: Value) -> Value:
        text = super().parse(raw)
        if text is None:
            return None
        names = [one.strip() for one in _BETWEEN.split(text)]
        if len(names) != self.count or not all(names):
            raise FieldError(f"「{self.label}」要写 {self.count} 个名称，用逗号隔开")
        if len(set(names)) < self.count:
            raise FieldError(f"「{self.label}」的 {self.count} 个名称不能相同")
        if any(len(one) > self.longest for one in names):
            raise FieldError(f"「{self.label}」每个名称最多 {self.longest} 个字")
        return ",".join(names)
