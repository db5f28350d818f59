"""What numbers usually look like: others are kept as typed, with a word beside the box."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Usual:
    """`pattern` fits the whole text without blanks, hyphens and brackets; each part of a list of several. Written so
    that Python and JavaScript read it alike."""

    pattern: str
    words: str


POSTCODE = Usual(r"\d{6}", "国内的邮编是 6 位数字；国外的照写")
MOBILE = Usual(r"(?:(?:\+|00)?86)?1[3-9]\d{9}|(?:\+|00)(?!86)\d{7,15}", "国内的手机号是 11 位；国外的前面写 + 和国家号")
