"""Rows into a table, several by one statement: a statement keeps copies of the pages that it touches until it has
succeeded, and each row of a document touches one in every index."""

import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

_TOGETHER = 10
"""More hardly pay, and every number of rows would have to be prepared by itself."""


def insert(db: sqlite3.Connection, into: str, names: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
    """Writes rows, whose values stand in the order of `names`; `into` are the words up to the table."""
    whole = len(rows) - len(rows) % _TOGETHER
    if whole:
        tens = (tuple(chain(*rows[start : start + _TOGETHER])) for start in range(0, whole, _TOGETHER))
        db.executemany(_insertion(into, names, _TOGETHER), tens)
    if len(rows) > whole:
        db.executemany(_insertion(into, names, 1), rows[whole:])


@lru_cache(maxsize=800)
def _insertion(into: str, names: tuple[str, ...], times: int) -> str:
    columns, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
    return f"{into} ({columns}) VALUES {', '.join([f'({marks})'] * times)}"
