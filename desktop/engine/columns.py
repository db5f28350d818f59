"""Columns of rows, taken out by their names. A posting builds whole rows some hundred times over: what the interpreter
would do column by column is left to what is written in C."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson


def picked(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Some columns of a row, nothing for those that it has not."""
    return dict(zip(names, map(row.get, names), strict=True))


def filled(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Some columns of a row, as far as there is something in them."""
    values = map(row.get, names)
    return {name: value for name, value in zip(names, values, strict=True) if value is not None}


def listed(values: Iterable[Any]) -> str:
    """Ids or numbers as the JSON list that a question about many rows takes."""
    given = list(values)
    try:
        return orjson.dumps(given).decode()
    except TypeError:  # a broken text, as somebody sent it: it finds nothing
        return json.dumps(given)
