"""Columns of rows, taken out by their names. A posting builds whole rows some hundred times over: what the interpreter
would do column by column is left to what is written in C."""

import json
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

import orjson


def picked(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Some columns of a row, nothing for those that it has not."""
    return dict(zip(names, map(row.get, names), strict=True))


def fitted(row: Mapping[str, Any], blank: Mapping[str, None]) -> dict[str, Any]:
    """The columns of a table as a row has them; `blank` are they with nothing in them. Rows laid over each other take
    a third of the time of columns that are looked up one by one."""
    whole = {**blank, **row}
    if len(whole) > len(blank):
        for name in [name for name in row if name not in blank]:
            del whole[name]
    return whole


def filled(row: Mapping[str, Any], names: Container[str]) -> dict[str, Any]:
    """Some columns of a row, as far as there is something in them."""
    return {name: value for name, value in row.items() if value is not None and name in names}


def listed(values: Iterable[Any]) -> str:
    """Ids or numbers as the JSON list that a question about many rows takes."""
    given = list(values)
    try:
        return orjson.dumps(given).decode()
    except TypeError:  # a broken text, as somebody sent it: it finds nothing
        return json.dumps(given)
