"""Rows as lines of a file: read once from the spreadsheet, then streamed as often as needed, so that memory stays
flat."""

from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from ..fields import Cell
from .tables import Flaw, Row

_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_APPEND_NEWLINE


def packed(value: object) -> bytes:
    """A line."""
    return orjson.dumps(value, _pack, _OPTIONS)


def _pack(value: object) -> dict[str, str | list[str]]:
    if isinstance(value, Decimal):
        return {"n": str(value)}
    if isinstance(value, datetime):
        return {"t": value.isoformat()}
    if isinstance(value, date):
        return {"d": value.isoformat()}
    if isinstance(value, Flaw):
        return {"x": [value.reason, value.shown]}
    raise TypeError(type(value).__name__)


def _unpacked(cell: Any) -> Cell | Flaw:
    if not isinstance(cell, dict):
        return cell  # type: ignore[no-any-return]
    ((kind, text),) = cell.items()
    if kind == "n":
        return Decimal(text)
    if kind == "x":
        return Flaw(*text)
    return datetime.fromisoformat(text) if kind == "t" else date.fromisoformat(text)


def write_rows(target: Path, rows: Iterator[Row]) -> int:
    """Appears whole or not at all; returns how many."""
    partial, count = target.with_suffix(".part"), 0
    with partial.open("wb") as file:
        for count, row in enumerate(rows, 1):  # noqa: B007
            file.write(packed(row))
    partial.replace(target)
    return count


def read_rows(source: Path) -> Iterator[Row]:
    with source.open("rb") as file:
        for line in file:
            number, cells = orjson.loads(line)
            yield number, [_unpacked(cell) for cell in cells]


def cells_of(raw: Sequence[Any]) -> list[Cell | Flaw]:
    """Cells of a line that holds more than a row."""
    return [_unpacked(cell) for cell in raw]


class Lines:
    """A file of lines of which some are looked up by number: where they begin is kept, not what they say."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.starts: dict[str, array[int]] = {}

    @contextmanager
    def writing(self) -> Iterator["_Writer"]:
        partial = self.path.with_suffix(".part")
        with partial.open("wb") as file:
            yield _Writer(self, file)
        partial.replace(self.path)

    def count(self, kind: str) -> int:
        return len(self.starts.get(kind, ()))

    def page(self, kind: str, offset: int, limit: int) -> list[Any]:
        """Lines of a kind."""
        with self.path.open("rb") as file:
            return [self._line(file, start) for start in self.starts.get(kind, array("Q"))[offset : offset + limit]]

    @staticmethod
    def _line(file: Any, start: int) -> Any:
        file.seek(start)
        return orjson.loads(file.readline())

    def all(self) -> Iterator[Any]:
        with self.path.open("rb") as file:
            yield from map(orjson.loads, file)


class _Writer:
    def __init__(self, lines: Lines, file: Any) -> None:
        self._starts, self._file, self._at = lines.starts, file, 0
        self._starts.clear()

    def add(self, value: object, kinds: Sequence[str]) -> None:
        line = packed(value)
        for kind in kinds:
            self._starts.setdefault(kind, array("Q")).append(self._at)
        self._file.write(line)
        self._at += len(line)
