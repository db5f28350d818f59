"""Finding one record among all: global search, pickers, trees, and records that look alike."""

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sync_server.replication.changeset import Scalar

from ..errors import Forbidden, Invalid, NotFound
from . import aliases
from . import query as q
from .access import Principal, compares, reached_by, scope_sql, tally_scope
from .define import Alike
from .engine import Engine
from .fields import Ref, Sql, all_of, any_of
from .likeness import is_equal, key_column, score
from .registry import Definition, targets_of
from .rows import Values, fetch, labels, titles
from .schema import index_name
from .text import fold, initials, pinyin, search_phrase

GROUP_ROWS = 6
_CANDIDATES = 40
ALIKE = 50
"""Points from which a record is shown to whoever types another."""
_RANKED = 400
"""Scores of T28: from 60 likely the same, from 100 the same."""


# ------------------------------------------------------------- global search


def everywhere(engine: Engine, principal: Principal, text: str) -> list[dict[str, Any]]:
    """[{module, label, rows: [{id, title, context}], more}] over all modules the user may view."""
    if search_phrase(text) is None:
        return []
    groups = []
    with engine.db.read() as db:
        for definition in engine.registry:
            if definition.module.search and principal.may("view", definition.name):
                numbers = _found(engine, db, definition, principal, text)
                if numbers:
                    groups.append(_group(engine, db, principal, definition, numbers))
    return groups


def _found(
    engine: Engine, db: sqlite3.Connection, definition: Definition, principal: Principal, text: str
) -> list[int]:
    """Rows in scope that contain the text, one more than are shown: first those whose title begins with it."""
    scope = scope_sql(engine.registry, definition, principal, q.T)
    alive = Sql(f"{q.T}.deleted_at IS NULL")
    conditions = all_of([alive, scope] if scope else [alive])
    found = dict.fromkeys(_led_to(engine, db, definition, principal, text, conditions, GROUP_ROWS + 1))
    found |= dict.fromkeys(_leading(db, definition, text, conditions, GROUP_ROWS + 1))
    found |= dict.fromkeys(
        row for row, _ in _containing_anywhere(db, definition, principal, text, conditions, GROUP_ROWS + 1)
    )
    return list(found)[: GROUP_ROWS + 1]


def _leading(db: sqlite3.Connection, definition: Definition, text: str, conditions: Sql, limit: int) -> list[int]:
    """Rows whose title begins with the text: the sort index knows them, however common the text is."""
    title, start = f'{q.T}."{definition.module.title}"', pinyin(text.strip())
    sql = (
        f"SELECT {q.T}.row FROM {definition.name} {q.T} INDEXED BY {index_name(definition.name, 'pinyin')} "
        f"WHERE {conditions.text} AND {q.T}.pinyin >= ? AND {q.T}.pinyin < ? AND substr({title}, 1, ?) = ? "
        f"ORDER BY {q.T}.pinyin LIMIT ?"
    )
    params = (*conditions.params, start, start + "\uffff", len(text.strip()), text.strip(), limit)
    return [row[0] for row in db.execute(sql, params)]


def _led_to(
    engine: Engine, db: sqlite3.Connection, definition: Definition, principal: Principal, text: str, conditions: Sql,
    limit: int, aliased: frozenset[str] = frozenset(),
) -> list[int]:  # fmt: skip
    """Rows with a child whose title begins with the text: a product by any of its barcodes, those of what was merged
    into it, too."""
    found: list[int] = []
    start = pinyin(text.strip())
    for name in definition.module.found_by.split():
        child = engine.registry[name]
        if not start or not principal.may("view", name):
            continue
        sql = (
            f"SELECT DISTINCT {q.T}.row FROM {name} k INDEXED BY {index_name(name, 'pinyin')} "
            f"JOIN {definition.name} {q.T} ON {q.T}.id = {_child_of(definition, child, aliased)} "
            f"WHERE k.deleted_at IS NULL AND k.pinyin >= ? AND k.pinyin < ? AND {conditions.text} "
            f"ORDER BY k.pinyin LIMIT ?"
        )
        found += [row[0] for row in db.execute(sql, (start, start + "\uffff", *conditions.params, limit))]
    return found


def _child_of(definition: Definition, child: Definition, aliased: frozenset[str]) -> str:
    column = f'k."{child.module.parent}"'
    return aliases.meant((definition.name,), column) if definition.name in aliased else column


def _containing_anywhere(
    db: sqlite3.Connection, definition: Definition, principal: Principal, text: str, conditions: Sql, limit: int,
    names: Collection[str] | None = None,
) -> list[tuple[int, str]]:  # fmt: skip
    """(row, title) of rows that contain the text, as the full-text index meets them. The index drives and stops at the
    limit: inside IN (…) SQLite would collect every hit of a common word first."""
    match = q.match_anywhere(definition, text, principal, names)
    if match is None:
        return []
    table = f"{definition.name}_fts"
    sql = (
        f"SELECT {q.T}.row, COALESCE({q.T}.\"{definition.module.title}\", '') FROM {table} "
        f"CROSS JOIN {definition.name} {q.T} ON {q.T}.row = {table}.rowid "
        f"WHERE {table} MATCH ? AND {conditions.text} LIMIT ?"
    )
    return [(row, title) for row, title in db.execute(sql, (match, *conditions.params, limit))]


def _hits(
    engine: Engine,
    db: sqlite3.Connection,
    definition: Definition,
    principal: Principal,
    found: Sql,
    limit: int,
) -> list[int]:
    """Live rows in scope that meet a condition."""
    scope = scope_sql(engine.registry, definition, principal, q.T)
    where = all_of([Sql(f"{q.T}.deleted_at IS NULL"), found, *([scope] if scope else [])])
    sql = f"SELECT {q.T}.row FROM {definition.name} {q.T} WHERE {where.text} LIMIT {limit}"
    return [row[0] for row in db.execute(sql, where.params)]


def _group(
    engine: Engine,
    db: sqlite3.Connection,
    principal: Principal,
    definition: Definition,
    numbers: Sequence[int],
) -> dict[str, Any]:
    rows = fetch(db, engine.registry, definition, numbers[:GROUP_ROWS], principal)
    known = labels(db, engine.registry, definition, rows)
    winners, names = _merged(engine, db, principal, definition, [row["id"] for row in rows])
    return {
        "module": definition.name,
        "label": definition.module.label,
        "rows": [
            {
                "id": winners.get(row["id"], row["id"]),
                "title": title_of(definition, row),
                "context": f"已并入「{names[row['id']]}」"
                if row["id"] in names
                else context_of(definition, row, known),
            }
            for row in rows
        ],
        "more": len(numbers) > GROUP_ROWS,
    }


def _merged(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, ids: Sequence[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Of records that were merged: the winner, where the user may open it, and the winner's title."""
    winners = aliases.winners(db, definition.name, ids) if definition.module.mergeable else {}
    if not winners:
        return {}, {}
    numbers = _hits(engine, db, definition, principal, _among(winners.values()), len(winners))
    rows = fetch(db, engine.registry, definition, numbers, principal)
    opened = {row["id"] for row in rows}
    named = titles(db, engine.registry, {definition.name: set(winners.values())})
    names = {loser: named.get(winner, "") for loser, winner in winners.items()}
    return {loser: winner for loser, winner in winners.items() if winner in opened}, names


def _among(ids: Iterable[str]) -> Sql:
    return Sql(f"{q.T}.id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),))


def title_of(definition: Definition, row: Mapping[str, Any]) -> str:
    return str(row[definition.module.title] or "")


def context_of(definition: Definition, row: Mapping[str, Any], known: Mapping[str, str]) -> str:
    """The facts beside a title, e.g. `KH01A100001 · 周敏`."""
    names = [name for name in definition.module.context.split() if name in row]
    parts = [definition.fields[name].format(row[name], known) for name in names]
    return " · ".join(part for part in parts if part)


# -------------------------------------------------------------------- picker


def lookup(
    engine: Engine, principal: Principal, module: str, *, text: str = "", where: Mapping[str, Scalar] | None = None,
    ids: Sequence[str] = (), limit: int = 20, of: str = "", without: Sequence[tuple[str, str]] = (),
) -> dict[str, Any]:  # fmt: skip
    """{rows, more}: candidates for a reference (`of`: its module and field, "a.b"), but for those `without`. Chinese,
    code or pinyin initials; exact and leading matches first.

    Reference data may be picked by everybody, by title and what stands beside it; other modules need the right to view
    them.
    """
    definition = engine.definition(module)
    may_view = principal.may("view", module)
    if not (may_view or definition.module.lookup):
        raise Forbidden(f"没有「{definition.module.label}」的查看权限，可请管理员开通")
    with engine.db.read() as db:
        aliased = aliases.present(db, engine.registry.mergeable)
        has_retired = bool(ids) or _takes_retired(engine, of)
        conditions = _candidate_conditions(engine, definition, principal, where or {}, ids, aliased, has_retired)
        left_out = without if ids else (*without, *engine.registry.left_out(of))
        conditions += [Sql(f"{q.T}.{column} IS NOT ?", (value,)) for column, value in left_out]
        is_merged = module in aliased
        if is_merged and not ids and not text.strip():
            conditions.append(Sql(aliases.not_merged(module, q.T)))
        ways = reached_by(engine.registry, definition, principal, q.T)
        if text.strip():
            conditions += [any_of(ways)] if ways else []
            numbers = _candidates(db, definition, principal, text, conditions, limit + 1, only_titles=not may_view)
        else:
            numbers = _first(db, definition, [[*conditions, way] for way in ways] or [conditions], limit + 1)
            conditions += [any_of(ways)] if ways else []
        if may_view and text.strip():
            found = _led_to(engine, db, definition, principal, text, all_of(conditions), limit + 1, aliased)
            numbers = list(dict.fromkeys([*found, *numbers]))[: limit + 1]
        led = _led(db, definition, numbers, conditions) if is_merged and not ids else {}
        shown = list(dict.fromkeys(led.get(number, (number, ""))[0] for number in numbers))
        rows = fetch(db, engine.registry, definition, [n for n in shown if n][:limit], principal)
        known = labels(db, engine.registry, definition, rows)
        if not ids:
            rows = offered_once(db, definition, rows, aliased)
        candidates = [_candidate(definition, row, known) for row in rows]
        if is_merged:
            _tell_merged(db, engine, definition, candidates, dict(led.values()))
        return {"rows": candidates, "more": len(numbers) > limit}


def offered_once(
    db: sqlite3.Connection, definition: Definition, rows: list[Values], aliased: frozenset[str]
) -> list[Values]:  # fmt: skip
    """Without those that say the same as another of a record that is one with theirs (`one_by`): that of the winner
    stays."""
    names, parent = definition.module.one_by.split(), definition.module.parent or ""
    above = aliased.intersection(targets_of(definition.fields[parent])) if names else frozenset[str]()
    if not above:
        return rows
    led = aliases.winners(db, next(iter(above)), {row[parent] for row in rows if row[parent]})
    known: dict[tuple[Any, ...], str] = {}
    for row in sorted(rows, key=lambda row: (row[parent] in led, row["id"])):
        known.setdefault((led.get(row[parent], row[parent]), *(row[name] for name in names)), row["id"])
    stay = set(known.values())
    return [row for row in rows if row["id"] in stay]


def _takes_retired(engine: Engine, of: str) -> bool:
    """Whether a reference may always be to what is out of use."""
    module, _, name = of.partition(".")
    one = engine.registry.definitions[module].fields.get(name) if module in engine.registry.definitions else None
    return isinstance(one, Ref) and one.retired is True


def _led(
    db: sqlite3.Connection, definition: Definition, numbers: Sequence[int], conditions: Sequence[Sql]
) -> dict[int, tuple[int, str]]:
    """Found rows that were merged → the row of the winner (0: it is none to be picked) and the title that was found."""
    where, title = all_of(conditions), definition.module.title
    sql = (
        f"SELECT l.row, COALESCE((SELECT {q.T}.row FROM {definition.name} {q.T} WHERE {q.T}.id = a.winner "
        f'AND {where.text}), 0), l."{title}" FROM alias_of a JOIN {definition.name} l ON l.id = a.id '
        "WHERE a.t = ? AND l.row IN (SELECT value FROM json_each(?))"
    )
    found = db.execute(sql, (*where.params, definition.name, json.dumps(list(numbers)))).fetchall()
    return {row: (winner, title or "") for row, winner, title in found}


def _tell_merged(
    db: sqlite3.Connection, engine: Engine, definition: Definition, candidates: Sequence[dict[str, Any]],
    found: Mapping[int, str],
) -> None:  # fmt: skip
    """A winner says under which other name it was found; what was asked for by its id reads as its winner."""
    known = titles(db, engine.registry, {definition.name: [one["id"] for one in candidates]})
    under: dict[str, str] = {}
    for row, name in found.items():
        if row:
            (id,) = db.execute(f"SELECT id FROM {definition.name} WHERE row = ?", (row,)).fetchone()
            under[id] = name
    for one in candidates:
        one["title"] = known.get(one["id"], one["title"])
        other = under.get(one["id"])
        if other and other != one["title"]:
            one["context"] = " · ".join(filter(None, (one["context"], f"「{other}」已并入")))


def _candidate(definition: Definition, row: Values, known: Mapping[str, str]) -> dict[str, Any]:
    title = title_of(definition, row)
    retire = definition.module.retire
    return {
        "id": row["id"],
        "title": title,
        "context": context_of(definition, row, known),
        "pinyin": initials(title),
        "is_default": bool(row.get("is_default")),
        "is_stopped": bool(retire and row.get(retire)),
    }


def _candidate_conditions(
    engine: Engine,
    definition: Definition,
    principal: Principal,
    where: Mapping[str, Scalar],
    ids: Sequence[str],
    aliased: frozenset[str],
    has_retired: bool,
) -> list[Sql]:
    conditions = [Sql(f"{q.T}.deleted_at IS NULL")]
    for column, value in where.items():
        q.comparable_field(definition, principal, column, "where")
        if column not in definition.picked_by:
            raise Invalid({"where": f"不能按「{definition.fields[column].label}」挑选"})
        conditions.append(q.equals(definition, column, value, aliased))
    if ids:
        conditions.append(Sql(f"{q.T}.id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)))
    if definition.module.retire and not has_retired:
        conditions.append(Sql(f"COALESCE({q.T}.{definition.module.retire}, 0) = 0"))
    return conditions


def _first(db: sqlite3.Connection, definition: Definition, ways: Sequence[Sequence[Sql]], limit: int) -> list[int]:
    """The first rows in their order that one of some ways leads to, each by its own index."""
    order, parts = "sort" if "sort" in definition.fields else "pinyin", [all_of(way) for way in ways]
    sql = " UNION ".join(
        f"SELECT * FROM (SELECT {q.T}.row, {q.T}.{order} FROM {definition.name} {q.T} WHERE {part.text} "
        f"ORDER BY {q.T}.{order}, {q.T}.row LIMIT ?)"
        for part in parts
    )
    params = [value for part in parts for value in (*part.params, limit)]
    return [row for row, _ in db.execute(f"{sql} ORDER BY 2, 1 LIMIT ?", (*params, limit))]


def _candidates(
    db: sqlite3.Connection,
    definition: Definition,
    principal: Principal,
    text: str,
    conditions: Sequence[Sql],
    limit: int,
    *,
    only_titles: bool,
) -> list[int]:
    base = all_of(conditions)
    found = _leading(db, definition, text, base, _CANDIDATES)
    needle = fold(text)
    names = {definition.module.title, *definition.module.context.split()} if only_titles else None
    hits = _containing_anywhere(db, definition, principal, text, base, _RANKED, names)
    hits.sort(key=lambda hit: _rank(hit[1], needle))
    titles = sorted(found, key=lambda row: _rank(_title(db, definition, row), needle))
    return list(dict.fromkeys([*titles, *(row for row, _ in hits)]))[:limit]


def _title(db: sqlite3.Connection, definition: Definition, row: int) -> str:
    found = db.execute(f'SELECT "{definition.module.title}" FROM {definition.name} WHERE row = ?', (row,)).fetchone()
    return str(found[0] or "")


def _rank(title: str, needle: str) -> tuple[int, int, str]:
    """Whole match, then leading match of words or initials, then anywhere; short titles first."""
    folded, letters = fold(title), initials(title)
    place = 0 if needle in (folded, letters) else 1 if folded.startswith(needle) or letters.startswith(needle) else 2
    return place, len(title), title


def tree(engine: Engine, principal: Principal, module: str, count: str = "") -> list[dict[str, Any]]:
    """All nodes of a tree module: [{id, title, parent, count, is_default}]; `count` names the module whose rows are
    counted."""
    definition = engine.definition(module)
    if not (principal.may("view", module) or definition.module.lookup):
        raise Forbidden
    parent = definition.module.parent
    order = "sort, pinyin" if "sort" in definition.fields else "pinyin"
    default = "is_default" if "is_default" in definition.fields else "0"
    if parent is None or definition.name not in targets_of(definition.fields[parent]):
        raise NotFound(f"「{definition.module.label}」没有上下级")  # nor may its rows be listed here, past the scope
    with engine.db.read() as db:
        counts = _node_counts(engine, db, principal, engine.definition(count), definition) if count else None
        nodes = db.execute(
            f"SELECT id, {definition.module.title}, {parent}, {default} FROM {module} "
            f"WHERE deleted_at IS NULL ORDER BY {order}, row"
        ).fetchall()
    return [
        {
            "id": id,
            "title": title or "",
            "parent": above,
            "is_default": bool(is_default),
            "count": None if counts is None else counts.get(id, 0),
        }
        for id, title, above, is_default in nodes
    ]


def _node_counts(
    engine: Engine, db: sqlite3.Connection, principal: Principal, counted: Definition, nodes: Definition
) -> dict[str, int]:
    """Rows directly at each node that the user may see: from the tally where nothing is held back."""
    if not principal.may("view", counted.name) or counted.module.tree is None:
        return {}
    field = counted.module.tree.field
    if targets_of(counted.fields[field]) != (nodes.name,):
        return {}
    scope = scope_sql(engine.registry, counted, principal, q.T)
    if scope is None:
        return dict(db.execute("SELECT value, n FROM tally WHERE t = ?", (counted.name,)).fetchall())
    if counted.parted and (tallied := tally_scope(engine.registry, counted, principal, q.T)):
        sql = f"SELECT value, sum(n) FROM tally_part {q.T} WHERE t = ? AND {tallied.text} GROUP BY 1"
        return dict(db.execute(sql, (counted.name, *tallied.params)).fetchall())
    hidden = aliases.not_merged(counted.name, q.T) if aliases.present(db, [counted.name]) else "1"
    alive = f"{q.T}.deleted_at IS NULL AND {hidden} AND {scope.text}"
    sql = f'SELECT "{field}", count(*) FROM {counted.name} {q.T} WHERE {alive} GROUP BY 1'
    return dict(db.execute(sql, scope.params).fetchall())


# --------------------------------------------------------------------- alike


def similar(
    engine: Engine, principal: Principal, module: str, values: Mapping[str, Any], id: str | None = None
) -> list[dict[str, Any]]:
    """Records that may be the same as what is being typed: [{id, title, facts, reasons, score}], best first. Only
    proposes.

    Grounds are the module's `alike` scores (T28) and equal values of fields marked `unique`.
    """
    definition = engine.definition(module)
    if not principal.may("view", module):
        raise Forbidden
    hidden = [name for name, one in definition.fields.items() if not compares(principal, definition, one)]
    values = {name: value for name, value in values.items() if name not in hidden}
    with engine.db.read() as db:
        numbers = alike_candidates(engine, db, definition, principal, values)
        full = fetch(db, engine.registry, definition, sorted(numbers)[:200], None)
        rows = [row | dict.fromkeys(hidden) for row in full]
        shown = {row["id"]: row for row in fetch(db, engine.registry, definition, sorted(numbers)[:200], principal)}
        known = labels(db, engine.registry, definition, list(shown.values()))
        winners, names = _merged(engine, db, principal, definition, list(shown))
    scored = [(row, *score(definition, values, row)) for row in rows if row["id"] != id]
    found = [
        {
            "id": winners.get(row["id"], row["id"]),
            "title": title_of(definition, row),
            "facts": context_of(definition, shown[row["id"]], known),
            "reasons": [*reasons, *([f"已并入「{names[row['id']]}」"] if row["id"] in winners else [])],
            "score": points,
        }
        for row, points, reasons in scored
        if reasons and is_alike(definition, values, row, points)
    ]
    best = sorted((one for one in found if one["id"] != id), key=lambda one: -int(str(one["score"])))
    return list({one["id"]: one for one in reversed(best)}.values())[::-1][:5]


def alike_candidates(
    engine: Engine, db: sqlite3.Connection, definition: Definition, principal: Principal, values: Mapping[str, Any]
) -> set[int]:
    """Rows in scope that are worth comparing with what is typed."""
    numbers: set[int] = set()
    for alike in definition.module.alike:
        if alike.points >= ALIKE:
            numbers |= set(_like_candidates(engine, db, definition, principal, alike, values))
    for name in _unique_names(definition, principal):
        numbers |= set(_equal_candidates(engine, db, definition, principal, name, values.get(name)))
    return numbers


def is_alike(definition: Definition, values: Mapping[str, Any], row: Mapping[str, Any], points: int) -> bool:
    return points >= ALIKE or any(
        is_equal(one, values.get(name), row.get(name)) for name, one in definition.fields.items()
    )


def _unique_names(definition: Definition, principal: Principal) -> list[str]:
    return [
        n for n, one in definition.fields.items() if one.unique and principal.sees(one) and "contains" in one.operators
    ]


def _like_candidates(
    engine: Engine,
    db: sqlite3.Connection,
    definition: Definition,
    principal: Principal,
    alike: Alike,
    values: Mapping[str, Any],
) -> Iterable[int]:
    for name in alike.fields.split():
        typed = values.get(name)
        needle = alike.normal(typed) if isinstance(typed, str) else None
        if needle and len(needle) >= 2:
            yield from _equal_or_containing(engine, db, definition, principal, alike.fields.split(), needle)


def _equal_or_containing(
    engine: Engine,
    db: sqlite3.Connection,
    definition: Definition,
    principal: Principal,
    names: Sequence[str],
    needle: str,
) -> Iterable[int]:
    """By the column that keeps what is compared, which no crowd of longer names hides; where a module has none, rows
    that contain it."""
    for name in names:
        column = key_column(definition.shadows, name)
        if column:
            yield from _hits(engine, db, definition, principal, Sql(f"{q.T}.{column} = ?", (needle,)), _CANDIDATES)
        else:
            yield from _containing(engine, db, definition, principal, (name,), needle)


def _containing(
    engine: Engine,
    db: sqlite3.Connection,
    definition: Definition,
    principal: Principal,
    names: Sequence[str],
    needle: str,
) -> list[int]:
    """Rows in which one of the fields contains a text, by the full-text index or the digits of a telephone number."""
    parts: list[Sql] = []
    for name in names:
        if f"{name}_digits" in definition.shadows and needle.isdigit():
            parts.append(Sql(f"{q.T}.{name}_digits = ?", (needle,)))
        elif name in definition.searched and (phrase := search_phrase(needle)):
            table = f"{definition.name}_fts"
            parts.append(
                Sql(
                    f"{q.T}.row IN (SELECT rowid FROM {table} WHERE {table} MATCH ? LIMIT {_CANDIDATES})",
                    (f"{name} : {phrase}",),
                )
            )
    return [n for part in parts for n in _hits(engine, db, definition, principal, part, _CANDIDATES)]


def _equal_candidates(
    engine: Engine,
    db: sqlite3.Connection,
    definition: Definition,
    principal: Principal,
    name: str,
    typed: Any,
) -> list[int]:
    if not isinstance(typed, str) or not fold(typed):
        return []
    digits = definition.shadows.get(f"{name}_digits")
    needle = digits[1](typed) if digits else fold(typed)
    return _containing(engine, db, definition, principal, (name,), str(needle)) if needle else []
