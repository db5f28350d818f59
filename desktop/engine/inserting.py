"""Rows into a table, several by one statement: a statement keeps copies of the pages that it touches until it has
succeeded, and each row of a document touches one in every index."""

import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

_MOST = 32
"""More rows to a statement hardly pay. There are always 1, 2, 4 … of them, so that few statements are prepared."""


def insert(db: sqlite3.Connection, into: str, names: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
    """Writes rows, whose values stand in the order of `names`; `into` are the words up to the table."""
    start = 0
    while left := len(rows) - start:
        together = min(_MOST, 1 << left.bit_length() - 1)
        db.execute(_insertion(into, names, together), tuple(chain(*rows[start : start + together])))
        start += together


@lru_cache(maxsize=2_000)
def _insertion(into: str, names: tuple[str, ...], times: int) -> str:
    columns, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
    return f"{into} ({columns}) VALUES {', '.join([f'({marks})'] * times)}"
