"""Sheets that are no stored rows, as the API shows rows."""

import sqlite3
from collections.abc import Iterable
from typing import Any

from ..access import Principal
from ..columns import fitted
from ..engine import Engine
from ..registry import Definition
from ..rows import MACHINERY, Values, present
from .declare import Columns

LARGEST = 10**15
"""Of one document. Far below what a column holds, so that sums over thousands of them are still numbers."""


def presented(
    engine: Engine, db: sqlite3.Connection, definition: Definition, columns: Iterable[Columns], principal: Principal
) -> list[Values]:
    """Columns as the API shows them; without the machinery of stored rows."""
    blank: dict[str, Any] = dict.fromkeys((*MACHINERY, *definition.all_names))
    raw = [{**fitted(_bearable(one), blank), "row": 0} for one in columns]
    names = {"id", *definition.fields}
    shown = present(db, engine.registry, definition, raw, principal)
    return [{name: value for name, value in row.items() if name in names} for row in shown]


def _bearable(columns: Columns) -> Columns:
    """Without figures that no column holds."""
    return {name: None if isinstance(value, int) and abs(value) > LARGEST else value for name, value in columns.items()}
