"""Flaws of a list (`define.Flaw`) as conditions of a query: within the rights and the scope of whoever asks."""

import sqlite3
from collections.abc import Iterator, Sequence

from ..errors import Invalid
from . import aliases, strayed
from . import query as q
from .access import Principal, compares
from .define import Flaw
from .fields import Ref, Sql, any_of
from .registry import Definition, Registry
from .settings import Setting, settings_of
from .unlike import words_of

_OTHER = "o"


def of(definition: Definition, principal: Principal) -> tuple[Flaw, ...]:
    """The flaws of a module that a user may look for: those of fields he sees."""
    return tuple(
        one
        for one in definition.module.flaws
        if all(compares(principal, definition, definition.fields[name]) for name in _looked_at(one))
    )


def _looked_at(one: Flaw) -> tuple[str, ...]:
    return (*(name for name, _, _ in one.when), *one.twice, *filter(None, (one.strayed,)), *one.unlike.split())


def named(definition: Definition, principal: Principal, name: str) -> Flaw:
    """One of them; raises `Invalid` where there is none."""
    for one in of(definition, principal):
        if one.name == name:
            return one
    raise Invalid({"flaw": f"「{definition.module.label}」没有这种检查：{name}"})


def conditions(
    db: sqlite3.Connection, registry: Registry, definition: Definition, principal: Principal, query: q.Query,
    aliased: frozenset[str],
) -> list[Sql]:  # fmt: skip
    """What narrows a list to the rows with a flaw. They are found by the first of its conditions, which few rows meet;
    the plus keeps SQLite from the index of another."""
    one, settings = named(definition, principal, query.flaw), settings_of(db)
    found = []
    for field, op, value in one.when:
        values = value if isinstance(value, tuple) else (settings[value] if isinstance(value, Setting) else value,)
        items = [{"field": field, "op": op, "value": each} for each in values]
        found.append(any_of([q.condition(registry, definition, principal, query, item, aliased) for item in items]))
    found = [*found[:1], *(Sql(part.text.replace(f"{q.T}.", f"+{q.T}."), part.params) for part in found[1:])]
    if one.unless:
        found.append(_not_allowed(definition, *one.unless))
    if one.strayed:
        found.append(strayed.is_among(registry, definition, one.strayed, aliased))
    if one.unlike:
        found.append(_is_unlike(registry, definition, one.unlike.split(), aliased))
    if one.twice:
        found.append(_has_double(definition, one, found, aliased))
    return found


def _is_unlike(registry: Registry, definition: Definition, names: Sequence[str], aliased: frozenset[str]) -> Sql:
    """Rows into which one was merged that is not like them."""
    if definition.name not in aliased:
        return Sql("0")
    words = [tuple(words_of(registry, definition, name, table) for table in (_OTHER, q.T)) for name in names]
    differs = " OR ".join(f"{theirs} IS NOT {its}" for theirs, its in words)
    return Sql(
        f"EXISTS (SELECT 1 FROM alias_of a JOIN {definition.name} {_OTHER} ON {_OTHER}.id = a.id "
        f"WHERE a.t = '{definition.name}' AND a.winner = {q.T}.id AND ({differs}))"
    )


def _not_allowed(definition: Definition, reference: str, field: str) -> Sql:
    named_by = definition.fields[reference]
    assert isinstance(named_by, Ref)
    allowed = f'{_OTHER}.id = {q.T}."{reference}" AND {_OTHER}."{field}" = 1'
    return Sql(f"NOT EXISTS (SELECT 1 FROM {named_by.target} {_OTHER} WHERE {allowed})")


def _has_double(definition: Definition, one: Flaw, when: list[Sql], aliased: frozenset[str]) -> Sql:
    """Another row that meets the same conditions and has the same values. Seen from a row, the values find the other;
    the plus keeps SQLite from an index on what all of them have in common."""
    first, *rest = (_sides(definition, name, aliased) for name in one.twice)
    same = [f"{first[0]} = {first[1]}", *(f"+{theirs} IS {its}" for theirs, its in rest)]
    also = [part.text.replace(f"{q.T}.", f"+{_OTHER}.") for part in when]
    other = " AND ".join(
        (f"{_OTHER}.deleted_at IS NULL", f'{_OTHER}."{one.apart}" <> {q.T}."{one.apart}"', *same, *also)
    )
    params = tuple(param for part in when for param in part.params)
    return Sql(f"EXISTS (SELECT 1 FROM {definition.name} {_OTHER} WHERE {other})", params)


def _sides(definition: Definition, name: str, aliased: frozenset[str]) -> tuple[str, str]:
    """A column of the other row and of this one; a reference as the record it means."""
    field = definition.fields[name]
    columns = f'{_OTHER}."{name}"', f'{q.T}."{name}"'
    if isinstance(field, Ref) and field.target in aliased:
        return tuple(aliases.meant((field.target,), column) for column in columns)  # type: ignore[return-value]
    return columns


def problems(registry: Registry, definition: Definition) -> Iterator[tuple[str, str]]:
    """(where, field) of what flaws name and nobody declared."""
    for one in definition.module.flaws:
        for name in (*_looked_at(one), one.apart, *(one.unless or ())[:1]):
            if name not in definition.fields and name != "id":
                yield f"flaw {one.name}", name
        for act in one.acts:
            target = registry.definitions.get(act.module)
            for theirs, ours in act.by.items():
                if target is None or theirs not in target.fields or (ours not in definition.fields and ours != "id"):
                    yield f"flaw {one.name}.{act.label}", f"{act.module}.{theirs}"
