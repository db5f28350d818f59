"""Columns of rows, taken out by their names. A posting builds whole rows some hundred times over: what the interpreter
would do column by column is left to what is written in C."""

from collections.abc import Mapping, Sequence
from typing import Any


def picked(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Some columns of a row, nothing for those that it has not."""
    return dict(zip(names, map(row.get, names), strict=True))


def filled(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Some columns of a row, as far as there is something in them."""
    values = map(row.get, names)
    return {name: value for name, value in zip(names, values, strict=True) if value is not None}
