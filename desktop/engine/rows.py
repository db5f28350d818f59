"""Rows as the API shows them: columns → values, links, titles of what they refer to, masks."""

import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from operator import methodcaller
from typing import Any, cast

from . import aliases
from .access import Principal, scope_sql
from .columns import listed
from .fields import (
    Bounded,
    Field,
    LimitOf,
    Mirror,
    NewestDay,
    PriceBeside,
    PricePooled,
    RateAgainst,
    Ref,
    Refs,
    Running,
    TallyOf,
    TextThrough,
)
from .fields.limits import Bounds, kind_of
from .fields.text import MASK
from .registry import Definition, Registry, targets_of
from .schema import index_name
from .settings import settings_of

Values = dict[str, Any]

MACHINERY = ("id", "rev", "created_at", "created_by", "updated_at", "updated_by", "machine", "deleted_at")
"""Shared columns that are shown with every row."""


_ELSEWHERE = (Mirror, PriceBeside, Running, PricePooled, TallyOf, TextThrough, RateAgainst, NewestDay, Bounded)
"""Fields whose values stand in other rows."""
_FIGURES = (Running, PricePooled, TallyOf, RateAgainst, NewestDay, Bounded)
"""Those of them that are summed up for whoever looks at a list: rules ask the books themselves."""


def select_list(definition: Definition, table: str) -> tuple[str, tuple[str, ...]]:
    """The columns to fetch and their names: explicit, so that values can be zipped without looking names up."""
    names = (*MACHINERY, "row", *definition.all_names)
    return _listed(table, names), names


@cache
def _listed(table: str, names: tuple[str, ...]) -> str:
    return ", ".join(f'{table}."{name}"' for name in names)


def fetch(
    db: sqlite3.Connection,
    registry: Registry,
    definition: Definition,
    numbers: Sequence[int],
    principal: Principal | None,
) -> list[Values]:
    """Rows by row number, in that order, as values. Without a principal nothing is hidden or masked (rules,
    history)."""
    if not numbers:
        return []
    found = _raw(db, definition, "c.row IN (SELECT value FROM json_each(?))", listed(numbers))
    by_number = {row["row"]: row for row in found}
    inside = [by_number[number] for number in numbers if number in by_number]
    return present(db, registry, definition, inside, principal)


def fetch_where(
    db: sqlite3.Connection,
    registry: Registry,
    definition: Definition,
    condition: str,
    asked: str,
    principal: Principal | None,
) -> list[Values]:
    """The same of the rows `c` that fulfil a condition, in any order."""
    return present(db, registry, definition, _raw(db, definition, condition, asked), principal)


def living(db: sqlite3.Connection, registry: Registry, definition: Definition, ids: Sequence[str]) -> list[Values]:
    """Live rows by their ids, in any order, as rules see them: without figures."""
    condition = "c.deleted_at IS NULL AND c.id IN (SELECT value FROM json_each(?))"
    found = _raw(db, definition, condition, listed(ids)) if ids else []
    return _presented(db, registry, definition, _for_rules(definition), found, None) if found else []


def living_one(db: sqlite3.Connection, registry: Registry, definition: Definition, id: str) -> Values | None:
    """The same of one; None where there is none."""
    found = _raw(db, definition, "c.deleted_at IS NULL AND c.id = ?", id)
    return _presented(db, registry, definition, _for_rules(definition), found, None)[0] if found else None


def _for_rules(definition: Definition) -> Mapping[str, Field]:
    figures = definition.names_of(*_FIGURES)
    return {name: one for name, one in definition.fields.items() if name not in figures}


def _raw(db: sqlite3.Connection, definition: Definition, condition: str, asked: str) -> list[Values]:
    columns, names = select_list(definition, "c")
    cursor = db.cursor()
    cursor.row_factory = None  # plain tuples are made faster
    cursor.execute(f"SELECT {columns} FROM {definition.name} c WHERE {condition}", (asked,))
    return [dict(zip(names, row, strict=True)) for row in cursor]


def as_listed(definition: Definition, rows: list[Values]) -> list[Values]:
    """Rows as lists show them: what counts back has its minus. They are changed in place."""
    for name, signs in definition.shown_signs.items():
        for row in rows:
            if row.get(name) and signs.shown(row.get(signs.by)) < 0:
                row[name] = -row[name]
    return rows


def present(
    db: sqlite3.Connection,
    registry: Registry,
    definition: Definition,
    raw: Sequence[Mapping[str, Any]],
    principal: Principal | None,
) -> list[Values]:
    """Column values → API values."""
    shown = {n: f for n, f in definition.fields.items() if principal is None or principal.sees(f)}
    rows = _presented(db, registry, definition, shown, raw, principal)
    if principal is not None:
        _blank_gone(db, definition, rows)
        _mask(db, registry, definition, rows, principal)
    return rows


def _presented(
    db: sqlite3.Connection, registry: Registry, definition: Definition, shown: Mapping[str, Field],
    raw: Sequence[Mapping[str, Any]], principal: Principal | None,
) -> list[Values]:  # fmt: skip
    """`raw` rows have all the same columns: what is not shown of the first one is taken out of each."""
    looks = _looks(db, registry, definition, shown, raw, principal)
    plain = (*MACHINERY, *(name for name in definition.loaded_alike if name in shown and name not in looks))
    special = {name: shown[name] for name in definition.loaded_apart if name in shown and name not in looks}
    hidden = set(raw[0]).difference(plain) if raw else ()
    rows: list[Values] = []
    for source in raw:
        row = {**source}
        for name in hidden:
            del row[name]
        for name, one in special.items():
            row[name] = one.load(name, source)
        for name, look in looks.items():
            row[name] = look(source)
        rows.append(row)
    return rows


Looked = Callable[[Mapping[str, Any]], Any]
"""What other rows say of one."""


def _looks(
    db: sqlite3.Connection, registry: Registry, definition: Definition, shown: Mapping[str, Field],
    raw: Sequence[Mapping[str, Any]], principal: Principal | None,
) -> dict[str, Looked]:  # fmt: skip
    """The fields that stand in other rows, each looked up for all rows at once."""
    ids, merged = [row["id"] for row in raw], aliases.present(db, registry.mergeable)
    looks = {name: _linked(db, definition, name, ids) for name in definition.links if name in shown}
    for name in definition.names_of(*_ELSEWHERE):
        one = shown.get(name)
        if isinstance(one, Mirror):
            looks[name] = _is_chosen(_chosen(db, one, ids))
        elif isinstance(one, PriceBeside):
            looks[name] = _by("id", _prices(db, one, ids))
        elif isinstance(one, TallyOf):
            granted = registry[one.table].module.is_granted
            of = definition.name if definition.name in merged else ""
            looks[name] = _by("id", _counted(db, one, ids, principal, of, granted=granted))
        elif isinstance(one, Running):
            looks[name] = _by("row", _balances(db, registry, definition, one, raw, principal))
        elif isinstance(one, PricePooled):
            looks[name] = _by("row", _pooled(db, definition, one, raw))
        elif isinstance(one, TextThrough | RateAgainst | NewestDay):
            looks[name] = _looked(db, definition, one, raw, principal, merged)
    bounded = {name: shown[name] for name in definition.names_of(Bounded) if name in shown}
    return looks | _limited(db, cast(Mapping[str, Bounded], bounded), raw, merged)


def _by(key: str, found: Mapping[Any, Any]) -> Looked:
    return lambda source: found.get(source[key])


def _is_chosen(ids: set[str]) -> Looked:
    return lambda source: source["id"] in ids


def _linked(db: sqlite3.Connection, definition: Definition, name: str, ids: Sequence[str]) -> Looked:
    found = _links(db, definition, name, ids)
    return lambda source: found.get(source["id"], [])


def _blank_gone(db: sqlite3.Connection, definition: Definition, rows: Sequence[Values]) -> None:
    """A loose reference to something deleted reads as blank; it stays stored, so that a restore brings it back."""
    for name in definition.names_of(Ref):
        one = definition.fields[name]
        assert isinstance(one, Ref)
        ids = _ids_in(rows, name) if one.loose else set()
        for target in one.targets() if ids else ():
            sql = f"SELECT id FROM {target} WHERE deleted_at IS NULL AND id IN (SELECT value FROM json_each(?))"
            ids -= {found[0] for found in db.execute(sql, (listed(ids),))}
        for row in rows if ids else ():
            if row.get(name) in ids:
                row[name] = None


def _ids_in(rows: Iterable[Mapping[str, Any]], name: str) -> set[str]:
    """What rows have in a column."""
    return set(map(methodcaller("get", name), rows)) - {None, ""}


def _chosen(db: sqlite3.Connection, one: Mirror, ids: Sequence[str]) -> set[str]:
    """Which of the records their parents name."""
    given = "(SELECT value FROM json_each(?))"
    parts = [
        f'SELECT "{one.names}" FROM {target} WHERE "{one.names}" IN {given} AND deleted_at IS NULL '
        f"AND id NOT IN (SELECT id FROM alias_of WHERE t = '{target}')"
        for target in one.targets
    ]
    return {row[0] for row in db.execute(" UNION ALL ".join(parts), [listed(ids)] * len(parts))}


def _prices(db: sqlite3.Connection, one: PriceBeside, ids: Sequence[str]) -> dict[str, int]:
    """What stands beside the records, by id."""
    sql = (
        f'SELECT "{one.by}", "{one.kept}" {one.those("IS NOT NULL")} '
        f'AND "{one.by}" IN (SELECT value FROM json_each(?)) ORDER BY id'
    )
    return dict(db.execute(sql, (listed(ids),)).fetchall())


def _looked(
    db: sqlite3.Connection, definition: Definition, one: TextThrough | RateAgainst | NewestDay,
    raw: Sequence[Mapping[str, Any]], principal: Principal | None, merged: frozenset[str],
) -> Looked:  # fmt: skip
    if isinstance(one, TextThrough):
        return _through(db, one, raw, merged)
    if principal is not None and not principal.may("view", one.table):
        return lambda source: None
    by = one.by if isinstance(one, RateAgainst) else one.by[0]
    named = {source[by] for source in raw if source[by]}
    target = next(iter(merged.intersection(targets_of(definition.fields[by]))), None)
    if isinstance(one, RateAgainst):
        return _against(db, one, named, aliases.winners(db, target, named) if target else {})
    return _newest(db, one, named, aliases.losers_of(db, target, named) if target else {})


def _through(
    db: sqlite3.Connection, one: TextThrough, raw: Sequence[Mapping[str, Any]], merged: frozenset[str]
) -> Looked:  # fmt: skip
    ids = listed({source[one.by] for source in raw if source[one.by]})
    found = dict(db.execute(f"SELECT p.value, {one.sql('p.value', merged)} FROM json_each(?) p", (ids,)).fetchall())
    return lambda source: found.get(source[one.by])


def _against(db: sqlite3.Connection, one: RateAgainst, named: Collection[str], led: Mapping[str, str]) -> Looked:
    """`led`: those that were merged, with whom they mean: what there is stands under these."""
    ids = listed({led.get(id, id) for id in named})
    sums = ", ".join(f'COALESCE(sum("{name}"), 0)' for name in one.sums)
    sql = (
        f'SELECT "{one.by}", {sums} FROM {one.table} '
        f'WHERE deleted_at IS NULL AND "{one.by}" IN (SELECT value FROM json_each(?)) GROUP BY 1'
    )
    found = {id: dict(zip(one.sums, row, strict=True)) for id, *row in db.execute(sql, (ids,))}
    return lambda source: one.work_out(source, found.get(led.get(source[one.by], source[one.by]), {}))


def _newest(db: sqlite3.Connection, one: NewestDay, named: Collection[str], led: Mapping[str, str]) -> Looked:
    """`led`: what was merged into those named."""
    first = listed({*named, *led})
    by = ", ".join(f'"{name}"' for name in one.by)
    sql = (
        f'SELECT {by}, max("{one.of}") FROM {one.table} '
        f'WHERE deleted_at IS NULL AND "{one.by[0]}" IN (SELECT value FROM json_each(?)) GROUP BY {by}'
    )
    found: dict[tuple[Any, ...], str] = {}
    for leading, *rest, day in db.execute(sql, (first,)):
        key = led.get(leading, leading), *rest
        found[key] = max(day or "", found.get(key, ""))
    return lambda source: found.get(tuple(source[name] for name in one.by)) or None


def _limited(
    db: sqlite3.Connection, fields: Mapping[str, Bounded], raw: Sequence[Mapping[str, Any]], merged: frozenset[str]
) -> dict[str, Looked]:  # fmt: skip
    """What limits say of each row, by field."""
    known = {one.bounds: _within(db, one.bounds, raw, merged) for one in fields.values()}
    return {name: _part(known[one.bounds], _place_in(one)) for name, one in fields.items()}


def _place_in(one: Bounded) -> int:
    """Which of least, most and the judgement a field shows."""
    return int(one.is_most) if isinstance(one, LimitOf) else 2


def _part(look: Looked, place: int) -> Looked:
    return lambda source: look(source)[place]


def _within(
    db: sqlite3.Connection, one: Bounds, raw: Sequence[Mapping[str, Any]], merged: frozenset[str]
) -> Looked:  # fmt: skip
    """(least, most, judgement) of a row."""
    things = listed({source[one.thing] for source in raw if source[one.thing]})
    own = {(thing, place): limits for thing, place, *limits in db.execute(one.own_limits(merged), (things,))}
    common = {thing: limits for thing, *limits in db.execute(one.common_limits(), (things,))}

    def look(source: Mapping[str, Any]) -> tuple[int | None, int | None, str | None]:
        amounts = source[one.short], source[one.held]
        least, most = own.get((source[one.thing], source[one.place]), (None, None))
        if least is None and most is None:
            least, most, *amounts = common.get(source[one.thing], (None, None, *amounts))
        return least, most, kind_of(least, most, *(amount or 0 for amount in amounts))

    return look


def _counted(
    db: sqlite3.Connection, one: TallyOf, ids: Sequence[str], principal: Principal | None, merged: str, *,
    granted: bool,
) -> dict[str, int | None]:  # fmt: skip
    """What points at the records comes to, by id, for whoever may look at it; what nobody is granted says no more than
    the records do. `merged`: their module, where some were merged."""
    if principal is not None and not principal.may("view", one.table) and granted:
        return {}
    found = db.execute(one.sql(merged), (listed(ids), *one.only.values()))
    return {id: one.figure(sums) for id, *sums in found}


def _balances(
    db: sqlite3.Connection, registry: Registry, definition: Definition, one: Running, raw: Sequence[Mapping[str, Any]],
    principal: Principal | None,
) -> dict[int, int]:  # fmt: skip
    """The balance behind each entry, by row number, over the entries that the user sees."""
    when, scope = definition.module.when or "row", principal and scope_sql(registry, definition, principal, "c")
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    kinds = _merged(db, registry, definition, one.by)
    for row in raw:
        key = tuple(_all_ids(db, kinds[name], row[name]) if name in kinds else row[name] for name in one.by)
        groups.setdefault(key, []).append(row)
    found: dict[int, int] = {}
    for key, rows in groups.items():
        # The first value there is finds the entries; the plus keeps SQLite from an index on what many have in common.
        leading = next((place for place, value in enumerate(key) if value is not None), 0)
        same = " AND ".join(
            f'{"" if place == leading else "+"}c."{name}" '
            f"{'IN (SELECT value FROM json_each(?))' if name in kinds and key[place] else 'IS ?'}"
            for place, name in enumerate(one.by)
        )
        total = None if scope else _near_the_end(db, registry, definition, one, rows)
        if total is not None:
            # what comes after is less than what came before: from what stands at the end, back to them
            first, number = min((str(row[when]), int(row["row"])) for row in rows)
            behind = (
                f'SELECT c.row, ? - sum(COALESCE(c."{one.of}", 0)) OVER (ORDER BY c."{when}" DESC, c.row DESC) '
                f'+ COALESCE(c."{one.of}", 0) '
                f"FROM {definition.name} c INDEXED BY {index_name(definition.name, when)} "
                f"WHERE {same} AND c.deleted_at IS NULL "
                f'AND c."{when}" >= ? AND (c."{when}" > ? OR c.row >= ?)'
            )
            params = (total, *key, first, first, number)
        else:
            behind = (
                f'SELECT c.row, sum(c."{one.of}") OVER (ORDER BY c."{when}", c.row) FROM {definition.name} c '
                f'WHERE {same} AND c.deleted_at IS NULL AND +c."{when}" <= ?{f" AND {scope.text}" if scope else ""}'
            )
            params = (*key, max(str(row[when]) for row in rows), *(scope.params if scope else ()))
        sql = f"SELECT * FROM ({behind}) WHERE row IN (SELECT value FROM json_each(?))"
        found |= db.execute(sql, (*params, listed([row["row"] for row in rows]))).fetchall()
    return found


_MANY_ENTRIES = 2_000
"""So many entries are added up from the first on, whatever comes after them."""
_AFTER = 4
"""Going by the index of days past one entry of whomever is so much less work than adding up one of the same."""


def _near_the_end(
    db: sqlite3.Connection, registry: Registry, definition: Definition, one: Running, rows: Sequence[Mapping[str, Any]]
) -> int | None:  # fmt: skip
    """What stands at the end of all entries of a balance, where there are many of which `rows` are among the last."""
    when = definition.module.when or ""
    ledger = registry.ledgers.get(definition.name)
    kept = ledger.balances if ledger else ()
    balance = next((each for each in kept if {*each.keys} == {*one.by} and one.of in each.sums), None)
    if balance is None or rows[0][balance.keys[-1]] is None or when not in definition.sort_index.values():
        return None
    kinds = _merged(db, registry, definition, one.by)
    key = [
        aliases.all_of(db, kinds[name], rows[0][name])[0] if name in kinds and rows[0][name] else rows[0][name]
        for name in balance.keys
    ]
    same = " AND ".join(f'"{name}" IS ?' for name in balance.keys)
    sql = f'SELECT "{balance.sums[one.of]}", entries FROM {balance.module} WHERE deleted_at IS NULL AND {same}'
    total, entries = db.execute(sql, key).fetchone() or (None, 0)
    if total is None or entries <= _MANY_ENTRIES:
        return None
    after = (
        f"SELECT 1 FROM {definition.name} INDEXED BY {index_name(definition.name, when)} "
        f'WHERE deleted_at IS NULL AND "{when}" >= ? LIMIT 1 OFFSET ?'
    )
    first = min(str(row[when]) for row in rows)
    return None if db.execute(after, (first, entries * _AFTER)).fetchone() else int(total)


def _pooled(
    db: sqlite3.Connection, definition: Definition, one: PricePooled, raw: Sequence[Mapping[str, Any]]
) -> dict[int, int | None]:
    """The price of each row, by row number, from the sums over all that share it."""
    is_apart = one.apart is not None and settings_of(db).kept(one.apart[0]) == one.apart[1]
    by = (*one.by, one.apart[2]) if one.apart and is_apart else one.by
    sums = ", ".join(f'COALESCE(sum("{name}"), 0)' for name in one.sums)
    same = " AND ".join(f'"{name}" IS ?' for name in by)
    sql = f"SELECT {sums} FROM {definition.name} WHERE deleted_at IS NULL AND {same}"
    known: dict[tuple[Any, ...], int | None] = {}
    for row in raw:
        key = tuple(row[name] for name in by)
        if key not in known:
            known[key] = one.work_out(dict(zip(one.sums, db.execute(sql, key).fetchone(), strict=True)))
    return {row["row"]: known[tuple(row[name] for name in by)] for row in raw}


def _merged(db: sqlite3.Connection, registry: Registry, definition: Definition, names: Sequence[str]) -> dict[str, str]:
    """Module by name, of the references that may name what was merged."""
    present = aliases.present(db, registry.mergeable)
    fields = {name: definition.fields[name] for name in names} if present else {}
    return {name: one.target for name, one in fields.items() if isinstance(one, Ref) and one.target in present}


def _all_ids(db: sqlite3.Connection, module: str, id: str | None) -> str | None:
    """All ids of the record that one means, as JSON: the same for each of them."""
    return listed(aliases.all_of(db, module, id)) if id else None


def _links(db: sqlite3.Connection, definition: Definition, name: str, ids: Sequence[str]) -> dict[str, list[str]]:
    link = definition.links[name]
    found: dict[str, list[str]] = {}
    for record, target in db.execute(
        f"SELECT record, target FROM {link.name} WHERE deleted_at IS NULL AND record IN (SELECT value FROM "
        f"json_each(?)) "
        "ORDER BY target",
        (listed(ids),),
    ):
        found.setdefault(record, []).append(target)
    return found


def _mask(
    db: sqlite3.Connection, registry: Registry, definition: Definition, rows: Sequence[Values], principal: Principal
) -> None:
    names = [name for name, one in definition.fields.items() if principal.masks(one) and principal.sees(one)]
    own = own_rows(db, registry, definition, rows, principal) if names else set()
    for row in rows if names else ():
        if row["id"] not in own:
            row.update({name: mask(row[name]) for name in names})


def own_rows(
    db: sqlite3.Connection,
    registry: Registry,
    definition: Definition,
    rows: Sequence[Mapping[str, Any]],
    principal: Principal,
) -> set[str]:
    """Ids of the rows whose owner the user is, which he reads unmasked: by their own owner, or the one of the parent
    they follow."""
    if principal.employee is None:
        return set()
    if definition.module.scope != "follow":
        return {row["id"] for row in rows if row.get("owner") == principal.employee}
    parent = definition.module.parent or "parent"
    ids = {row[parent] for row in rows if row.get(parent)}
    mine: set[str] = set()
    for target in targets_of(definition.fields[parent]):
        if "owner" in registry[target].fields:
            led = aliases.winners(db, target, ids) if registry[target].module.mergeable else {}
            asked = listed([led.get(id, id) for id in ids])
            sql = f"SELECT id FROM {target} WHERE owner = ? AND id IN (SELECT value FROM json_each(?))"
            own = {found[0] for found in db.execute(sql, (principal.employee, asked))}
            mine |= {id for id in ids if led.get(id, id) in own}
    return {row["id"] for row in rows if row.get(parent) in mine}


def mask(text: str | None) -> str | None:
    """`13812345678` → `138****5678`: enough to recognise, not enough to use."""
    if text is None:
        return None
    return f"{text[:3]}{MASK}{text[-4:]}" if len(text) > 7 else MASK


def labels(
    db: sqlite3.Connection, registry: Registry, definition: Definition, rows: Sequence[Mapping[str, Any]]
) -> dict[str, str]:
    """Titles of everything the rows refer to, by id; deleted records keep theirs."""
    return titles(db, registry, referred((definition, rows)))


def referred(*some: tuple[Definition, Sequence[Mapping[str, Any]]]) -> dict[str, set[str]]:
    """The ids that rows of some modules refer to, by module."""
    wanted: dict[str, set[str]] = {}
    for definition, rows in some:
        for name in definition.names_of(Ref, Refs):
            is_link = name in definition.links
            ids = {id for row in rows for id in row.get(name) or ()} if is_link else _ids_in(rows, name)
            for target in targets_of(definition.fields[name]):
                wanted.setdefault(target, set()).update(ids)
    return wanted


def titles(db: sqlite3.Connection, registry: Registry, wanted: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Titles by id, for ids grouped by module."""
    found: dict[str, str] = {}
    for target, ids in wanted.items():
        missing = [id for id in ids if id not in found]
        if missing:
            title = registry[target].module.title
            found.update(
                db.execute(
                    f"SELECT id, COALESCE({title}, '') FROM {target} WHERE id IN (SELECT value FROM json_each(?))",
                    (listed(missing),),
                ).fetchall()
            )
            if registry[target].module.mergeable:
                found.update(_titles_of_winners(db, target, title, missing))
    return found


def own_titles(db: sqlite3.Connection, definition: Definition, ids: Sequence[str]) -> dict[str, str]:
    """What records are called themselves, also those that mean another."""
    sql = (
        f"SELECT id, COALESCE(\"{definition.module.title}\", '') FROM {definition.name} "
        "WHERE id IN (SELECT value FROM json_each(?))"
    )
    return dict.fromkeys(ids, "") | dict(db.execute(sql, (listed(ids),)).fetchall())


def _titles_of_winners(db: sqlite3.Connection, target: str, title: str, ids: Sequence[str]) -> list[tuple[str, str]]:
    """What was merged reads as the record it was merged into."""
    sql = (
        f"SELECT a.id, COALESCE(w.{title}, '') FROM alias_of a JOIN {target} w ON w.id = a.winner "
        "WHERE a.t = ? AND a.id IN (SELECT value FROM json_each(?))"
    )
    return db.execute(sql, (target, listed(ids))).fetchall()
