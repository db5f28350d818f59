"""Number series (T19): drawn in the saving transaction, one series per machine, never reused.

How the numbers of documents are made is a setting. Whatever it is, was before, and is on machines that know nothing of
of it: branch and machine stand in every number so that they are read without doubt, and parts that grow never touch.
So two machines never draw the same.
"""

import re
import sqlite3
from dataclasses import dataclass
from typing import ClassVar, Literal

from .fields import Enum, FieldError, Int, Text
from .fields.base import Value
from .fields.serial import in_order
from .settings import Setting, Settings

SEQ_WIDTH_MASTER = 5
SEQ_WIDTH_DOCUMENT = 4
_SEQ_WIDTH_MOST = 8

_BETWEEN = "[-_./]"
_MACHINE_LAST = rf"\{{prefix\}}{_BETWEEN}?\{{branch\}}\{{machine\}}(?:{_BETWEEN}?\{{date\}})?{_BETWEEN}\{{seq\}}"
_MACHINE_SECOND = rf"\{{prefix\}}{_BETWEEN}?\{{date\}}{_BETWEEN}\{{branch\}}\{{machine\}}{_BETWEEN}\{{seq\}}"
_FORMS = re.compile(f"{_MACHINE_LAST}|{_MACHINE_SECOND}")
_NO_DATE = re.compile(rf"{_BETWEEN}?\{{date\}}(?={_BETWEEN}\{{seq\}})|\{{date\}}{_BETWEEN}")
_CODE = "[0-9A-Z]{2}[A-Z]{1,2}[1-9](?:[A-Z][A-Z2-7]{2})?"
"""Branch, machine, and the suffix of one that was restored and has no code of its own yet."""
_DRAWN_BY = re.compile(rf"[A-Z]{{2}}{_BETWEEN}?(?:\d{{4,8}}{_BETWEEN})?({_CODE})(?![A-Z])")

AS_SHIPPED = "{prefix}-{branch}{machine}-{date}-{seq}"
DatePart = Literal["day", "month", "year", "none"]
_DATE_LENGTHS: dict[DatePart, int] = {"day": 8, "month": 6, "year": 4, "none": 0}


@dataclass(frozen=True, kw_only=True)
class NumberForm(Text):
    """What numbers of documents are made of, in braces."""

    max_length: int = 60
    type: ClassVar[str] = "text"

    def parse(self, raw: Value) -> Value:
        text = super().parse(raw)
        if isinstance(text, str) and not _FORMS.fullmatch(text):
            raise FieldError(
                f"「{self.label}」写成 {AS_SHIPPED} 这样：{{prefix}} 在最前，{{seq}} 在最后，前面要有 - _ . / 中的一个"
                "隔开，{branch}{machine} 连着写，{date} 可以不要"
            )
        return text


NUMBER_FORM = Setting[str](
    "numbering.format",
    NumberForm(
        "单据编号的组成", required=True, default=AS_SHIPPED,
        help="{prefix} 单据种类，{branch}{machine} 分公司和本机号，{date} 日期，{seq} 流水号。"
        "已有的编号不变，以后新录的按它编",
    ),
    "编号",
    1,
)  # fmt: skip
NUMBER_DATE = Setting[DatePart](
    "numbering.date",
    Enum(
        "流水号从头排起", {"day": "每天", "month": "每月", "year": "每年", "none": "不从头排"}, required=True,
        default="day", help="编号里的日期跟着它写到日、月或年；不从头排的编号里没有日期",
    ),
    "编号",
    2,
)  # fmt: skip
SEQ_WIDTH = Setting[int](
    "numbering.seq_width",
    Int(
        "流水号位数", required=True, min=SEQ_WIDTH_DOCUMENT, max=_SEQ_WIDTH_MOST, default=SEQ_WIDTH_DOCUMENT,
        help="至少写几位，不够的前面补 0；用完了自动多一位",
    ),
    "编号",
    3,
)  # fmt: skip


@dataclass(frozen=True)
class Scheme:
    """How numbers of documents are made."""

    form: str = AS_SHIPPED
    date: DatePart = "day"
    width: int = SEQ_WIDTH_DOCUMENT

    def part(self, day: str) -> str:
        """What of a day (ISO) stands in a number, and by which its series begins anew."""
        return day.replace("-", "")[: _DATE_LENGTHS[self.date]] if "{date}" in self.form else ""

    def stem(self, prefix: str, branch: str, machine: str, day: str) -> str:
        """All of a number that stands before what counts up."""
        form, part = self.form, self.part(day)
        form = form if part else _NO_DATE.sub("", form)
        return form.removesuffix("{seq}").format(prefix=prefix, branch=branch, machine=machine, date=part)

    def number(self, stem: str, seq: int) -> str:
        """E.g. XS-01A3-20261123-0007."""
        return f"{stem}{seq:0{self.width}d}"


def scheme_of(settings: Settings) -> Scheme:
    """How documents are numbered from now on."""
    return Scheme(settings[NUMBER_FORM], settings[NUMBER_DATE], settings[SEQ_WIDTH])


@dataclass(frozen=True)
class Series:
    """Numbers of one kind of document on this machine. They stand in the `places`, (table, field, its sort column): of
    all documents that count by one prefix, as their numbers would be the same."""

    places: tuple[tuple[str, str, str], ...]
    prefix: str
    branch: str
    machine: str

    def upcoming(self, db: sqlite3.Connection, scheme: Scheme, day: str) -> tuple[int, str]:
        """What counts up, and the number it makes, next. A counter that is behind its numbers, as in a data folder that
        was put back, goes on after the highest of them."""
        stem = scheme.stem(self.prefix, self.branch, self.machine, day)
        sql = "SELECT last FROM number_series WHERE prefix = ? AND machine = ? AND part = ?"
        row = db.execute(sql, (self.prefix, self._code, scheme.part(day))).fetchone()
        seq = (int(row[0]) if row else 0) + 1
        if self._is_taken(db, scheme.number(stem, seq)):
            seq = max(seq, self._highest(db, stem)) + 1
        return seq, scheme.number(stem, seq)

    def draw(self, db: sqlite3.Connection, scheme: Scheme, day: str) -> str:
        """The next number, which nobody draws again."""
        seq, number = self.upcoming(db, scheme, day)
        db.execute(
            "INSERT INTO number_series (prefix, machine, part, last) VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET last = excluded.last",
            (self.prefix, self._code, scheme.part(day), seq),
        )
        return number

    @property
    def _code(self) -> str:
        return f"{self.branch}{self.machine}"

    def _is_taken(self, db: sqlite3.Connection, number: str) -> bool:
        return any(
            db.execute(
                f'SELECT 1 FROM {table} WHERE "{column}" = ? AND deleted_at IS NULL', (in_order(number),)
            ).fetchone()
            for table, _, column in self.places
        )

    def _highest(self, db: sqlite3.Connection, stem: str) -> int:
        return max((_highest(db, stem, *place) for place in self.places), default=0)


def _highest(db: sqlite3.Connection, stem: str, table: str, name: str, column: str) -> int:
    first = in_order(stem)
    sql = (
        f'SELECT "{name}" FROM {table} WHERE "{column}" > ? AND "{column}" < ? '
        f'AND "{name}" NOT GLOB ? AND deleted_at IS NULL ORDER BY "{column}" DESC LIMIT 1'
    )
    # to the sign after the digits; others may go on behind theirs, as numbers with a date do
    row = db.execute(sql, (first, f"{first}:", f"{stem}*[^0-9]*")).fetchone()
    return int(str(row[0]).removeprefix(stem)) if row else 0


def draw(db: sqlite3.Connection, prefix: str, branch: str, machine: str, part: str = "", count: int = 1) -> int:
    """The first of `count` fresh numbers of the series (prefix, machine code, date part)."""
    code = f"{branch}{machine}"
    db.execute(
        "INSERT INTO number_series (prefix, machine, part, last) VALUES (?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET last = last + excluded.last",
        (prefix, code, part, count),
    )
    (last,) = db.execute(
        "SELECT last FROM number_series WHERE prefix = ? AND machine = ? AND part = ?", (prefix, code, part)
    ).fetchone()
    return int(last) - count + 1


def master_number(prefix: str, branch: str, machine: str, seq: int) -> str:
    """Numbers of customers, suppliers and the like: `{prefix}{branch}{machine}{seq:5}`, e.g. KH01A100001."""
    return f"{prefix}{branch}{machine}{seq:0{SEQ_WIDTH_MASTER}d}"


def machine_of(number: str) -> str:
    """Branch and machine that drew the number of a document, however numbers were made then: XS-01A3-20261123-0007 →
    01A3."""
    found = _DRAWN_BY.match(number)
    return found[1] if found else ""
