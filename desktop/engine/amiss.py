"""Everything that lists hold and nobody could have saved, with what is wrong in words and what mends it (modules.md
0.5, 2.10.9 N22). Worked out from balances and headers when somebody asks: nothing is stored."""

from collections.abc import Iterator, Mapping
from typing import Any

from . import flaws, lists
from . import query as q
from .access import Principal
from .define import Act, Flaw
from .engine import Engine
from .registry import Definition
from .rows import Values


def count(engine: Engine, principal: Principal) -> int:
    """How many rows have a flaw, of all that the user sees."""
    return sum(_total(engine, principal, definition, one) for definition, one in _all(engine, principal))


_SORTED_BY = 3
"""Fields by which those that are alike stand together."""


def listed(engine: Engine, principal: Principal, limit: int) -> dict[str, Any]:
    """{groups, total}: kinds of flaws of which there are some, with their first rows."""
    groups = []
    for definition, one in _all(engine, principal):
        query = q.Query(flaw=one.name, sort=",".join(one.twice[:_SORTED_BY]), limit=limit)
        page = lists.page(engine, principal, definition.name, query, frozenset(("rows", "total")))
        if page["total"]:
            groups.append(_group(engine, principal, definition, one, page))
    return {"groups": groups, "total": sum(group["total"] for group in groups)}


def _all(engine: Engine, principal: Principal) -> Iterator[tuple[Definition, Flaw]]:
    for definition in engine.registry:
        if definition.module.flaws and principal.may("view", definition.name):
            yield from ((definition, one) for one in flaws.of(definition, principal))


def _total(engine: Engine, principal: Principal, definition: Definition, one: Flaw) -> int:
    page = lists.page(engine, principal, definition.name, q.Query(flaw=one.name, limit=0), frozenset(("total",)))
    return int(page["total"])


def _group(
    engine: Engine, principal: Principal, definition: Definition, one: Flaw, page: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "module": definition.name,
        "list": definition.module.label,
        "noun": definition.module.noun,
        "name": one.name,
        "label": one.label,
        "remedy": one.remedy,
        "total": page["total"],
        "items": [_item(engine, principal, definition, one, row, page["labels"]) for row in page["rows"]],
        "labels": page["labels"],
    }


def _item(
    engine: Engine, principal: Principal, definition: Definition, one: Flaw, row: Values, labels: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "id": row["id"],
        "text": _words(definition, one, row, labels),
        "opens": _opens(engine, principal, definition, row),
        "acts": [_act(act, row) for act in one.acts if _is_offered(engine, principal, act, row)],
    }


def _words(definition: Definition, one: Flaw, row: Values, labels: Mapping[str, str]) -> str:
    words = {name: field.format(row[name], labels) for name, field in definition.fields.items() if name in row}
    try:
        return one.text.format_map(words)
    except KeyError:  # it names an amount that this user does not see
        return one.bare.format_map(words)


def _opens(engine: Engine, principal: Principal, definition: Definition, row: Values) -> dict[str, str] | None:
    """The record: of a line the document it stands on; none of a balance."""
    if definition.name in engine.registry.document_of:
        module, parent = engine.registry.document_of[definition.name]
        return {"module": module, "id": row[parent]} if principal.may("view", module) else None
    is_kept_by_people = definition.module.writable and not definition.module.local
    return {"module": definition.name, "id": row["id"]} if is_kept_by_people or definition.module.document else None


def _is_offered(engine: Engine, principal: Principal, act: Act, row: Values) -> bool:
    right = "add" if act.makes else "view"
    fits = all(row.get(name) in values for name, values in act.only.items())
    return fits and principal.may(right, act.module)


def _act(act: Act, row: Values) -> dict[str, Any]:
    values = {theirs: row.get(ours) for theirs, ours in act.by.items()} | dict(act.given)
    fills = {"source": act.fills, "id": row["id"]} if act.fills else None
    return {"label": act.label, "module": act.module, "makes": act.makes, "values": values, "fills": fills}
