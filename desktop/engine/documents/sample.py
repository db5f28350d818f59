"""A made-up document, for looking at a paper before there is a real one."""

import sqlite3
from typing import Any

from ..access import Principal
from ..engine import Engine
from ..fields import Date, Enum, Field, Ref, Serial
from ..fields.moment import today
from ..registry import Definition
from ..settings import Setting
from .declare import Columns, Sheet
from .showing import presented

_LINES = 3
_QTY, _PRICE, _AMOUNT = 100_000, 125_000, 1_000_00


def sheet(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, kind: str
) -> dict[str, Any]:
    """{row, lines, labels} as `verbs.opened` gives them."""
    document = definition.module.document
    assert document is not None
    lines = engine.registry.lines_of(document)
    head = _columns(definition, 0) | ({document.kind: kind} if document.kind else {})
    made = document.work_out(Sheet(head, [_columns(lines, number) for number in range(_LINES)]))
    stated = made.header | {"state": "posted", "version": 1}
    return {
        "row": presented(engine, db, definition, [stated], principal)[0],
        "lines": presented(engine, db, lines, made.lines, principal),
        "labels": _labels(definition) | _labels(lines),
    }


def _columns(definition: Definition, number: int) -> Columns:
    found: Columns = {"id": f"sample{number}"}
    for name, one in definition.fields.items():
        found |= one.store(name, _value(definition, name, one, number))
    return found


def _value(definition: Definition, name: str, one: Field, number: int) -> Any:
    """Something of the right kind; what follows from others is worked out, what is hidden is left as it starts."""
    if isinstance(one, Serial):
        return "XX-01A1-20260101-0001"
    if one.default == "today" or (isinstance(one, Date) and one.required):
        return today()
    if one.calc or one.hidden:
        return None
    if isinstance(one, Ref):
        return _sample_id(one)
    if isinstance(one, Enum):
        return one.default or next(iter(one.options), None)
    if name == definition.module.title:
        return f"示例{definition.module.noun} {number + 1}"
    if one.default not in (None, "", 0) and not isinstance(one.default, Setting | str):
        return one.default
    amount = _AMOUNT * (number + 1) if one.sum else None
    return {"quantity": _QTY * (number + 1), "price": _PRICE, "money": amount}.get(one.type)


def _sample_id(one: Ref) -> str:
    return f"sample-{next(iter(one.targets()), one.label)}"


def _labels(definition: Definition) -> dict[str, str]:
    refs = (one for one in definition.fields.values() if isinstance(one, Ref))
    return {_sample_id(one): f"示例{one.label}" for one in refs}
