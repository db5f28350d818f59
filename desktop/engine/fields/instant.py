"""datetime: a UTC instant, shown and compared by the local clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from .base import ORDER_OPERATORS, Cell, Field, FieldError, Sql, Value, Where
from .date import Date
from .moment import ZONE, day_span, instant, local_minute, serial_day, written_day

YEAR_MAX = 9998
"""Every instant and the day after it must be in the calendar, in any zone."""


@dataclass(frozen=True, kw_only=True)
class DateTime(Field):
    """An instant, stored `YYYY-MM-DDThh:mm:ss.sssZ`. Filters compare by local day."""

    type: ClassVar[str] = "datetime"
    operators: ClassVar[tuple[str, ...]] = ORDER_OPERATORS
    default_width: ClassVar[int] = 130

    def parse(self, raw: Value) -> Value:
        if raw is None or raw == "":
            return None
        try:
            moment = datetime.fromisoformat(raw.replace("Z", "+00:00")) if isinstance(raw, str) else None
        except ValueError:
            moment = None
        if moment is None:
            raise FieldError(f"「{self.label}」写成 2026-11-23 09:30 的样子")
        if not 1900 <= moment.year <= YEAR_MAX:
            raise FieldError(f"「{self.label}」太早或太晚")
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZONE)
        return instant(moment)

    def read(self, cell: Cell) -> Value:
        if isinstance(cell, date):
            return self.parse(cell.isoformat())
        found = written_day(cell) if isinstance(cell, str) else None
        if isinstance(cell, int | Decimal) and not isinstance(cell, bool):
            found = serial_day(Decimal(cell))
        return self.parse(" ".join(found).strip() if found else cell)

    def format(self, value: Value, labels: Mapping[str, str]) -> str:
        return "" if value is None else local_minute(value, ZONE)

    def compare(self, op: str, raw: Value, where: Where) -> Sql:
        day = Date(self.label).parse(raw if not isinstance(raw, str) else raw[:10])
        if day is None:
            raise FieldError(f"请填写「{self.label}」要比较的日期")
        if int(day[:4]) > YEAR_MAX:
            raise FieldError(f"「{self.label}」太晚")
        start, end = day_span(day)
        inside = Sql(f"({where.column} >= ? AND {where.column} < ?)", (start, end))
        forms = {
            "eq": inside,
            "ne": Sql(f"({where.column} IS NULL OR NOT {inside.text})", inside.params),
            "lt": Sql(f"{where.column} < ?", (start,)),
            "le": Sql(f"{where.column} < ?", (end,)),
            "gt": Sql(f"{where.column} >= ?", (end,)),
            "ge": Sql(f"{where.column} >= ?", (start,)),
        }
        return forms[op]
