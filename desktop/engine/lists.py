"""Pages of lists over any number of rows.

A filtered query is probed first: up to PROBE_ROWS hits are found by whatever index serves them, then sorted; more
hits than that are common enough to be met soon when walking the sort order. Either way a page costs milliseconds.
Words of the full-text index are met row by row in a walk, which is dear, so they may have more hits before one walks.
A probe that no index serves is given up after a moment for a look at the nearest rows in sort order, and taken up again
only when the page is not filled from them. The answer is the same whichever way it was found.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from operator import add
from typing import Any

from sync_server.replication.changeset import Scalar

from . import aliases, by_reference, flaws, summing
from . import query as q
from .access import Principal, demand
from .columns import listed
from .engine import Engine
from .fields import Field, Signs, Sql, TextThrough, all_of
from .registry import Definition, Registry, targets_of
from .rows import as_listed, fetch, labels
from .schema import PLACED, index_name

PROBE_ROWS = 4_000
PROBE_WORD_ROWS = 12_000
PROBE_S = 0.02
PROBE_OWN_S = 0.002
"""The same where a walk meets nothing but what the user may see."""
NEAR_ROWS = 20_000
NEAR_S = 0.15
"""For a page in the order of what a reference shows, before the probe is carried to its end."""
WALK_S = 0.05
"""For a walk, before its hits are sorted instead."""
SORTED_MAX = 100_000
"""More hits than so many are walked to, however far off they are."""
GROUPS_MAX = 16
"""More groups than so many are not walked side by side."""
FEW_TARGETS = 4
"""From so many rows for each record referred to, looking for the next value of a reference is less work than reading
on to it."""


@dataclass(frozen=True)
class _Plan:
    """How a selection will be read: its hits, when they are few, and the order."""

    selection: q.Selection
    keys: tuple[q.Key, ...]
    hits: list[int] | None
    is_open: bool = False
    """The probe was given up: nobody knows yet whether the hits are few."""
    groups: tuple[str, ...] = ()
    """Groups of the tree that are walked side by side in the order of titles."""
    counted: int | None = None
    """How many rows there are, where the tally knows."""

    @property
    def definition(self) -> Definition:
        return self.selection.definition

    @property
    def index(self) -> str | None:
        """The index in the order of which it is walked. Who sees only his own rows walks among them."""
        key = self.keys[0]
        if key.reference or self.selection.deleted:
            return None
        return self._own_index or key.index

    @property
    def _own_index(self) -> str | None:
        """The index in which all that the user may see stands together, in the order that is asked for."""
        key, is_plain = self.keys[0], self.selection.own and len(self.keys) == 1
        return self.definition.own_orders.get(key.index or "") if is_plain else None

    @property
    def is_near(self) -> bool:
        """Whether a walk meets nothing but what the user may see."""
        return self.index is not None and self.index == self._own_index and not self.selection.words

    @property
    def is_near_apart(self) -> bool:
        """Whether it meets them in several places of the index."""
        return self.index is not None and self.index == self._own_index and len(self.selection.own) > 1


def page(
    engine: Engine, principal: Principal, module: str, query: q.Query, want: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """{rows, next, labels, total?, sums?, sum_words?}. `want` may hold rows, total, sums; without it rows, and the
    total if it is free."""
    definition = engine.definition(module)
    demand(principal, "view", definition)
    with engine.db.read() as db:
        plan = _plan(engine, db, principal, definition, query)
        total = _total(db, plan, must="total" in want)
        result: dict[str, Any] = {"rows": [], "next": None, "labels": {}}
        if not want or "rows" in want:
            numbers, result["next"] = _numbers(engine, db, plan, query, total)
            result["rows"] = as_listed(definition, fetch(db, engine.registry, definition, numbers, principal))
            result["labels"] = labels(db, engine.registry, definition, result["rows"])
        if total is not None:
            result["total"] = total
        if "sums" in want:
            result["sums"], result["sum_words"] = _sums(engine, db, plan, principal)
    return result


def row_numbers(engine: Engine, db: sqlite3.Connection, principal: Principal, module: str, query: q.Query) -> list[int]:
    """All rows of a query in its order, as row numbers: export and whole-query actions. Eight bytes a row."""
    definition = engine.definition(module)
    plan = _settled(db, _plan(engine, db, principal, definition, query))
    if plan.hits is not None:
        return _sorted_hits(db, plan, -1, 0)
    return _walk(engine, db, plan, -1, 0, ())


def place_of(engine: Engine, principal: Principal, module: str, query: q.Query, id: str) -> int | None:
    """Where a record stands in the list of a query, from 0; None if it is not in it."""
    definition = engine.definition(module)
    demand(principal, "view", definition)
    with engine.db.read() as db:
        found = db.execute(f"SELECT row FROM {module} WHERE id = ?", (id,)).fetchone()
        numbers = row_numbers(engine, db, principal, module, query) if found else []
    return numbers.index(found[0]) if found and found[0] in numbers else None


def ids_of(
    engine: Engine, principal: Principal, module: str, query: q.Query, but: frozenset[str] = frozenset()
) -> tuple[list[str], int]:
    """Ids of all rows of a query but some, in its order, and how many fixed records of the system were left out: who
    means everything does not mean them."""
    definition = engine.definition(module)
    demand(principal, "view", definition)
    fixed = f'COALESCE("{definition.module.fixed}", 0)' if definition.module.fixed else "0"
    with engine.db.read() as db:
        numbers = row_numbers(engine, db, principal, module, query)
        sql = f"SELECT row, id, {fixed} FROM {module} WHERE row IN (SELECT value FROM json_each(?))"
        found = {row: (id, is_fixed) for row, id, is_fixed in db.execute(sql, (json.dumps(numbers),))}
    meant = [found[number] for number in numbers if found[number][0] not in but]
    ids = [id for id, is_fixed in meant if not is_fixed]
    return ids, len(meant) - len(ids)


def _plan(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, query: q.Query
) -> _Plan:
    parents: list[bool] = []

    def few(parent: str) -> bool:
        parents.append(_sees_few(engine, db, principal, parent))
        return parents[-1]

    aliased = aliases.present(db, engine.registry.mergeable)
    selection = q.select(engine.registry, definition, principal, query, aliased, few)
    if query.flaw:
        found = flaws.conditions(db, engine.registry, definition, principal, query, aliased)
        selection = replace(
            selection, conditions=(*selection.conditions, *found), walked=(*selection.walked, *found)
        )  # fmt: skip
    keys = q.sort_keys(engine.registry, definition, principal, query.sort, aliased)
    is_wide = selection.is_bare and not all(parents)  # what is seen is met soon among all
    is_all = selection.is_all and not (keys[0].reference and _rows(db, definition.name) <= PROBE_ROWS)
    if is_all or is_wide or (selection.is_scope and _in_scope(db, selection) > PROBE_ROWS):
        return _Plan(selection, keys, None)
    walk = _Plan(selection, keys, None)
    if walk.is_near and selection.is_bare:
        return walk
    if selection.is_group and (through := _through_groups(db, walk)):
        return through
    try:
        with _time_limit(db, PROBE_OWN_S if walk.is_near else PROBE_S):
            return replace(walk, hits=_probe(db, selection))
    except sqlite3.OperationalError as error:
        if "interrupted" not in str(error):
            raise
        return replace(walk, is_open=not walk.is_near)


def _through_groups(db: sqlite3.Connection, plan: _Plan) -> _Plan | None:
    """A walk through groups in the order of titles, where what the user may see comes often enough there; who sees
    only his own rows meets them sooner among those."""
    selection, definition = plan.selection, plan.definition
    if selection.groups is None or not (plan.is_near or (plan.index == "pinyin" and len(plan.keys) == 1)):
        return None
    (target,) = targets_of(definition.fields[str(definition.tallied)])
    inside = f"SELECT id FROM {target} WHERE id IN {selection.groups.text} LIMIT {GROUPS_MAX + 1}"
    groups = _first_column(db, inside, selection.groups.params)
    if not 0 < len(groups) <= GROUPS_MAX:
        return None
    sizes = f"SELECT COALESCE(sum(n), 0) FROM tally WHERE t = ? AND value IN ({_marks(groups)})"
    (size,) = db.execute(sizes, (definition.name, *groups)).fetchone()
    counted = size if selection.scope is None else _in_scope(db, selection, *groups)
    met = _in_scope(db, selection) if plan.is_near else size
    if met > NEAR_ROWS and met * q.Query().limit > counted * NEAR_ROWS:
        return None
    return replace(plan, groups=() if plan.is_near else tuple(groups), counted=counted)


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _sees_few(engine: Engine, db: sqlite3.Connection, principal: Principal, parent: str) -> bool:
    """Whether collecting the parents that a user sees is less work than meeting a page of what hangs on them among
    that of all: p parents against 50 · T / p of T."""
    selection = q.select(engine.registry, engine.registry[parent], principal, q.Query())
    return selection.is_scope and _in_scope(db, selection) ** 2 <= q.Query().limit * _rows(db, parent)


def _rows(db: sqlite3.Connection, module: str) -> int:
    """How many rows of a module there are, as the tally says."""
    found = db.execute("SELECT n FROM tally WHERE t = ? AND value = '*'", (module,)).fetchone()
    return found[0] if found else 0


def _in_scope(db: sqlite3.Connection, selection: q.Selection, *values: str) -> int:
    """What the tally says of the rows that the user may see; `values`: of those alone."""
    assert selection.tallied is not None
    asked = values or ("*",)
    (found,) = db.execute(
        f"SELECT COALESCE(sum(n), 0) FROM tally_part {q.T} WHERE t = ? AND value IN ({_marks(asked)}) "
        f"AND {selection.tallied.text}",
        (selection.definition.name, *asked, *selection.tallied.params),
    ).fetchone()
    return int(found)


def _settled(db: sqlite3.Connection, plan: _Plan) -> _Plan:
    """The plan with the probe carried to its end."""
    return replace(plan, hits=_probe(db, plan.selection), is_open=False) if plan.is_open else plan


@contextmanager
def _time_limit(db: sqlite3.Connection, seconds: float) -> Iterator[None]:
    """Statements inside are interrupted (OperationalError) once the time is up."""
    deadline = time.monotonic() + seconds
    db.set_progress_handler(lambda: time.monotonic() > deadline, 5_000)
    try:
        yield
    finally:
        db.set_progress_handler(None, 0)


def _probe(db: sqlite3.Connection, selection: q.Selection) -> list[int] | None:
    """The hits, unless they are many."""
    most = PROBE_WORD_ROWS if selection.words else PROBE_ROWS
    is_common = not selection.deleted and any(_is_common(db, word, most) for word in selection.words)
    if is_common and not selection.conditions:
        return None
    where, table = selection.where(slow=is_common), selection.definition.name
    sql = f"SELECT {q.T}.row FROM {table} {q.T} WHERE {where.text} LIMIT {most + 1}"
    found = _first_column(db, sql, where.params)
    return found if len(found) <= most else None


def _is_common(db: sqlite3.Connection, word: Sql, most: int) -> bool:
    """Whether the index knows more hits of a word than would be sorted. Asked of the index alone: inside IN (…) SQLite
    would collect all of them first."""
    inner = _index_part(word)
    if inner is None:
        return False
    (hits,) = db.execute(f"SELECT count(*) FROM ({inner} LIMIT {most + 1})", word.params).fetchone()
    return bool(hits > most)


def _index_part(word: Sql) -> str | None:
    """The question to the full-text index inside a condition, if the condition is nothing else."""
    start = f"{q.T}.row IN ("
    return word.text.removeprefix(start).removesuffix(")") if word.text.startswith(start + "SELECT rowid") else None


def _total(db: sqlite3.Connection, plan: _Plan, *, must: bool) -> int | None:
    """The exact count: free from the tally or the probe; counted only when it must be."""
    selection = plan.selection
    if selection.is_all:
        return _rows(db, selection.definition.name)
    if selection.is_scope:
        return _in_scope(db, selection)
    if plan.counted is not None:
        return plan.counted
    if plan.hits is not None:
        return len(plan.hits)
    if not must:
        return None
    if not selection.conditions and len(selection.words) == 1 and not (selection.deleted or selection.hides):
        inner = _index_part(selection.words[0])  # deleted rows are not in the index, so it can be counted alone
        if inner is not None:
            statement = inner.replace("rowid", "count(*)", 1)
            return int(db.execute(statement, selection.words[0].params).fetchone()[0])
    where = selection.where()
    return int(
        db.execute(f"SELECT count(*) FROM {plan.definition.name} {q.T} WHERE {where.text}", where.params).fetchone()[0]
    )


def _sums(
    engine: Engine, db: sqlite3.Connection, plan: _Plan, principal: Principal
) -> tuple[dict[str, int], dict[str, list[str]]]:
    """Totals over all rows of the list, and what they count; those of a whole module are kept by the tally."""
    definition = plan.definition
    names = [name for name in definition.sums if principal.sees(definition.fields[name])]
    plain = {name for name in names if _is_plain(db, plan, definition.fields[name].sum_signs)}
    is_kept = plan.selection.is_all or plan.selection.is_scope
    kept = [name for name in definition.kept_sums if is_kept and name in names and name not in plain]
    found = {name: _kept(db, plan, name) for name in kept}
    left = [name for name in names if name not in found]
    if left:
        found |= _over_all(engine, db, plan, left, plain) if plan.selection.is_all else _added(db, plan, left, plain)
    return summing.told(definition, {name: found[name] for name in names}, plain)


def _over_all(
    engine: Engine, db: sqlite3.Connection, plan: _Plan, names: Sequence[str], plain: set[str]
) -> dict[str, dict[str, int]]:
    """Totals over a whole module that the tally does not keep: by the balances over its entries, which are fewer, else
    row by row. They hold until anybody writes: a list is often looked at again, and goes through all rows for them."""
    memory, asked = engine.db.memory(db), ("sums", plan.definition.name, *names)
    if asked not in memory:
        found = _balanced(engine.registry, db, plan.definition, names)
        left = [name for name in names if name not in found]
        memory[asked] = found | (_added(db, plan, left, plain) if left else {})
    known: dict[str, dict[str, int]] = memory[asked]
    return known


def _is_plain(db: sqlite3.Connection, plan: _Plan, signs: Signs | None) -> bool:
    """Whether all rows are of one kind that counts back, or not at all, beside others."""
    if signs is None:
        return False
    where, table = plan.selection.where(), f"{plan.definition.name} {q.T}"
    first = db.execute(f'SELECT {q.T}."{signs.by}" FROM {table} WHERE {where.text} LIMIT 1', where.params).fetchone()
    return first is not None and signs.stands_alone(first[0]) and _is_alike(db, plan, signs.by)


def _kept(db: sqlite3.Connection, plan: _Plan, name: str) -> dict[str, int]:
    """What the tally says of a field, by the value that its rows have to be alike in."""
    definition, scope = plan.definition, plan.selection.tallied
    table = f"tally_part {q.T}" if plan.selection.is_scope else "tally"
    where = f" AND {scope.text}" if scope and plan.selection.is_scope else ""
    params = scope.params if scope and where else ()
    rows = db.execute(
        f"SELECT value, sum(n) FROM {table} WHERE t = ? AND value BETWEEN ? AND ?{where} GROUP BY value",
        (definition.name, *summing.span(definition, name), *params),
    )
    return {summing.value_of(definition, name, key): by for key, by in rows} or {"": 0}


def _balanced(
    registry: Registry, db: sqlite3.Connection, definition: Definition, names: Sequence[str]
) -> dict[str, dict[str, int]]:
    """Totals over all entries of a ledger, by what a key of one of its balances says."""
    fields, found = definition.fields, dict[str, dict[str, int]]()
    for ledger in registry.ledgers.values():
        for one in ledger.balances if ledger.moves == definition.name else ():
            for by in dict.fromkeys(fields[name].sum_within for name in names):
                within = fields.get(by)
                some = [name for name in names if fields[name].sum_within == by and name in one.sums.keys() - found]
                if some and isinstance(within, TextThrough) and within.by in one.keys:
                    amounts = ", ".join(f'COALESCE(sum(b."{one.sums[name]}"), 0)' for name in some)
                    record = within.record(f'b."{within.by}"')
                    sql = f"SELECT {record}, {amounts} FROM {one.module} b WHERE b.deleted_at IS NULL GROUP BY 1"
                    rows = _worded(db, within, db.execute(sql).fetchall())
                    found |= {name: {row[0]: row[place] for row in rows} for place, name in enumerate(some, 1)}
    return found


def _value_sql(definition: Definition, name: str) -> str:
    """What the rows of a total have to be alike in; of a text that others say, the record that says it."""
    one = definition.fields.get(name)
    found = one.record(f'{q.T}."{one.by}"') if isinstance(one, TextThrough) else f'{q.T}."{name}"'
    return f"COALESCE({found}, '')" if name else "''"


def _worded(db: sqlite3.Connection, one: Field | None, rows: Iterable[Sequence[Any]]) -> list[Sequence[Any]]:
    """Amounts by a record that says a text, added up by the text; others stay as they are."""
    if not isinstance(one, TextThrough):
        return list(rows)
    module, column = one.path[-1]
    by_id = {row[0] or "": tuple(row)[1:] for row in rows}
    sql = f'SELECT id, "{column}" FROM {module} WHERE id IN (SELECT value FROM json_each(?))'
    texts = dict(db.execute(sql, (listed(by_id),)).fetchall())
    found: dict[str, list[int]] = {}
    for id, amounts in by_id.items():
        known = found.setdefault(texts.get(id) or "", [0] * len(amounts))
        known[:] = map(add, known, amounts)
    return [(text, *found[text]) for text in sorted(found)]


def _added(db: sqlite3.Connection, plan: _Plan, names: Sequence[str], plain: set[str]) -> dict[str, dict[str, int]]:
    """The same, added up; rows of one kind alone without regard to it."""
    definition, where = plan.definition, plan.selection.where()
    found: dict[str, dict[str, int]] = {}
    of = {name: definition.fields[name].sum_within for name in names}
    apart = [within for within in dict.fromkeys(of.values()) if within]
    for within in apart or [""]:
        # what is added up over all rows comes along with the first: the rows are read once
        some = [name for name in names if of[name] == within or (not of[name] and within == apart[0])]
        sums = ", ".join(
            f"COALESCE(sum({summing.expression(definition, name, q.T, plain=name in plain)}), 0)" for name in some
        )
        value, grouped = _value_sql(definition, within), " GROUP BY 1" if within else ""
        sql = f"SELECT {value}, {sums} FROM {definition.name} {q.T} WHERE {where.text}{grouped}"
        rows = _worded(db, definition.fields.get(within), db.execute(sql, where.params).fetchall())
        for place, name in enumerate(some, 1):
            by_value = {row[0]: row[place] for row in rows}
            found[name] = (by_value if of[name] else {"": sum(by_value.values())}) or {"": 0}
    return found


def _is_alike(db: sqlite3.Connection, plan: _Plan, name: str) -> bool:
    """Whether all rows of a list have the same in a column: it ends at the first that has another."""
    where, table = plan.selection.where(), f"{plan.definition.name} {q.T}"
    first = db.execute(f'SELECT {q.T}."{name}" FROM {table} WHERE {where.text} LIMIT 1', where.params).fetchone()
    if first is None:
        return True
    other = f'SELECT 1 FROM {table} WHERE {where.text} AND {q.T}."{name}" IS NOT ? LIMIT 1'
    return db.execute(other, (*where.params, first[0])).fetchone() is None


# --------------------------------------------------------------------- order


def _numbers(
    engine: Engine, db: sqlite3.Connection, plan: _Plan, query: q.Query, total: int | None
) -> tuple[list[int], str | None]:
    """Row numbers of one page and the cursor of the next."""
    limit = max(0, min(query.limit, q.ROWS_MAX))
    offset, place = query.offset, None
    if query.after:
        kind, *rest = q.read_cursor(query.after)
        offset, place = (rest[0], None) if kind == "o" else (0, rest)
    is_keyset = len(plan.keys) == 1 and plan.keys[0].reference is None
    near = _near(engine, db, plan, limit, offset) if plan.is_open and place is None else None
    plan = plan if near is not None else _settled(db, plan)

    def read(plan: _Plan) -> list[int]:
        if place is not None and is_keyset:
            return _behind(engine, db, plan, place, limit)
        if plan.hits is not None:
            return _sorted_hits(db, plan, limit, offset)
        return _jump(engine, db, plan, limit, offset, total)

    numbers = near if near is not None else _read_soon(db, plan, read)
    if len(numbers) < limit or not limit:
        return numbers, None
    return numbers, (_cursor(db, plan, numbers[-1]) if is_keyset else q.offset_cursor(offset + limit))


def _read_soon(db: sqlite3.Connection, plan: _Plan, read: Callable[[_Plan], list[int]]) -> list[int]:
    """A page by walking, where its rows are met soon. Those of a product that is new, or of a customer who came late,
    stand far from the beginning, all together: what is not met in time is found and sorted, if it can be."""
    is_walk = plan.hits is None and plan.keys[0].index and not (plan.groups or plan.is_near)
    if not is_walk or not plan.selection.conditions:
        return read(plan)
    try:
        with _time_limit(db, WALK_S):
            return read(plan)
    except sqlite3.OperationalError as error:
        if "interrupted" not in str(error):
            raise
    where = plan.selection.where()
    sql = f"SELECT {q.T}.row FROM {plan.definition.name} {q.T} WHERE {where.text} LIMIT {SORTED_MAX + 1}"
    try:
        with _time_limit(db, WALK_S):
            hits = _first_column(db, sql, where.params)
    except sqlite3.OperationalError as error:
        if "interrupted" not in str(error):
            raise
        return read(plan)
    return read(plan if len(hits) > SORTED_MAX else replace(plan, hits=hits))


def _cursor(db: sqlite3.Connection, plan: _Plan, number: int) -> str:
    expression = plan.keys[0].expression
    (value,) = db.execute(f"SELECT {expression} FROM {plan.definition.name} {q.T} WHERE row = ?", (number,)).fetchone()
    return q.cursor(value, number)


def _sorted_hits(db: sqlite3.Connection, plan: _Plan, limit: int, offset: int, extra: Sequence[Sql] = ()) -> list[int]:
    condition = all_of([Sql(f"{q.T}.row IN (SELECT value FROM json_each(?))", (json.dumps(plan.hits),)), *extra])
    order = q.order_by(plan.keys, forced=True)
    sql = f"SELECT {q.T}.row FROM {plan.definition.name} {q.T} WHERE {condition.text} ORDER BY {order} LIMIT ? OFFSET ?"
    return _first_column(db, sql, (*condition.params, limit, offset))


def _behind(engine: Engine, db: sqlite3.Connection, plan: _Plan, place: Sequence[Any], limit: int) -> list[int]:
    numbers: list[int] = []
    for phase in q.after(plan.keys[0], place[0], place[1]):
        rest = limit - len(numbers)
        if rest > 0 and plan.hits is not None:
            numbers += _sorted_hits(db, plan, rest, 0, (phase,))
        elif rest > 0:
            numbers += _walk(engine, db, plan, rest, 0, (phase,))
    return numbers


def _near(
    engine: Engine, db: sqlite3.Connection, plan: _Plan, limit: int, offset: int
) -> list[int] | None:  # fmt: skip
    """A full page from the first rows in sort order, or None: then the hits are too thin for that."""
    key, table = plan.keys[0], plan.definition.name
    if not key.index or len(plan.keys) > 1 or plan.selection.deleted or not limit:
        return None
    if key.reference:
        return _met_soon(engine, db, plan, limit, offset)
    where, order = plan.selection.where_walked(), q.order_by(plan.keys)
    first = (
        f"SELECT {q.T}.row FROM {table} {q.T} INDEXED BY {index_name(table, key.index)} "
        f"WHERE {plan.selection.alive} ORDER BY {order} LIMIT {NEAR_ROWS}"
    )
    sql = (
        f"SELECT {q.T}.row FROM ({first}) near CROSS JOIN {table} {q.T} ON {q.T}.row = near.row "
        f"WHERE {where.text} LIMIT ? OFFSET ?"
    )
    numbers = _first_column(db, sql, (*where.params, limit, offset))
    return numbers if len(numbers) == limit else None


def _met_soon(engine: Engine, db: sqlite3.Connection, plan: _Plan, limit: int, offset: int) -> list[int] | None:
    """The same in the order of what a reference shows, in which nobody knows what the nearest rows are: as long as it
    may take."""
    try:
        with _time_limit(db, NEAR_S):
            return _walk_reference(engine, db, plan, limit, offset)
    except sqlite3.OperationalError as error:
        if "interrupted" not in str(error):
            raise
        return None


def _jump(engine: Engine, db: sqlite3.Connection, plan: _Plan, limit: int, offset: int, total: int | None) -> list[int]:
    """Any page by count; what lies behind the middle is reached from the end."""
    if total is None or offset <= total // 2 or plan.keys[0].reference is not None:
        return _walk(engine, db, plan, limit, offset, ())
    stop = min(offset + limit, total)
    if stop <= offset:
        return []
    back = replace(plan, keys=q.reversed_keys(plan.keys))
    return _walk(engine, db, back, stop - offset, total - stop, ())[::-1]


def _walk(
    engine: Engine, db: sqlite3.Connection, plan: _Plan, limit: int, offset: int, extra: Sequence[Sql]
) -> list[int]:
    """Rows in sort order straight from the index of the sort column, testing the conditions on the way."""
    key = plan.keys[0]
    if plan.groups:
        return _walk_groups(db, plan, limit, offset, extra)
    if plan.is_near_apart:
        return _walk_own(db, plan, limit, offset, extra)
    if key.reference is not None and key.index and len(plan.keys) == 1 and not plan.selection.deleted:
        return _walk_reference(engine, db, plan, limit, offset)
    where = all_of([plan.selection.where_walked() if key.index else plan.selection.where(), *extra])
    table = plan.definition.name
    hint = f"INDEXED BY {index_name(table, plan.index)}" if plan.index else ""
    sql = (
        f"SELECT {q.T}.row FROM {table} {q.T} {hint} WHERE {where.text} "
        f"ORDER BY {q.order_by(plan.keys)} LIMIT ? OFFSET ?"
    )
    return _first_column(db, sql, (*where.params, limit, offset))


def _walk_groups(db: sqlite3.Connection, plan: _Plan, limit: int, offset: int, extra: Sequence[Sql]) -> list[int]:
    """The groups one beside the other, each in the order of its index: SQLite merges them as they come."""
    selection = plan.selection
    where = all_of([Sql(selection.alive), *([selection.scope] if selection.scope else []), *extra])
    here = f'{q.T}."{plan.definition.tallied}" = ?'
    merged = _merged(plan, PLACED, [all_of([Sql(here, (group,)), where]) for group in plan.groups])
    return _first_column(db, f"{merged.text} LIMIT ? OFFSET ?", (*merged.params, limit, offset))


def _walk_own(db: sqlite3.Connection, plan: _Plan, limit: int, offset: int, extra: Sequence[Sql]) -> list[int]:
    """The same with what is a user's own, and with what is open to him by each kind of parent. What else is asked of
    them is asked once, of what comes: not in each part, where hits of words would be collected for each."""
    selection, table = plan.selection, plan.definition.name
    walk = _merged(plan, str(plan.index), [all_of([selection.where_own(value), *extra]) for value in selection.own])
    if selection.beyond_scope:
        asked = all_of(selection.beyond_scope)
        near = f"{walk.text} LIMIT -1"  # the limit keeps SQLite from dropping the order
        text = (
            f"SELECT {q.T}.row FROM ({near}) near CROSS JOIN {table} {q.T} ON {q.T}.row = near.row WHERE {asked.text}"
        )
        walk = Sql(text, (*walk.params, *asked.params))
    return _first_column(db, f"{walk.text} LIMIT ? OFFSET ?", (*walk.params, limit, offset))


def _merged(plan: _Plan, index: str, parts: Sequence[Sql]) -> Sql:
    """Rows of several parts of one index, each of which it has in the order of the list."""
    key, table = plan.keys[0], plan.definition.name
    chosen = (
        f"SELECT {q.T}.row AS row, {key.expression} AS shown FROM {table} {q.T} INDEXED BY {index_name(table, index)}"
    )
    down = " DESC" if key.descending else ""
    every = " UNION ALL ".join(f"{chosen} WHERE {part.text}" for part in parts)
    text = f"SELECT row FROM ({every} ORDER BY shown{down}, row{down} LIMIT -1)"
    return Sql(text, tuple(param for part in parts for param in part.params))


def _walk_reference(engine: Engine, db: sqlite3.Connection, plan: _Plan, limit: int, offset: int) -> list[int]:
    """Sorted by what a reference shows."""
    targets = plan.keys[0].reference.targets() if plan.keys[0].reference else ()
    few = sum(_rows(db, target) for target in targets) * FEW_TARGETS < _rows(db, plan.definition.name)
    walk = by_reference.Walk(engine.registry, plan.selection, plan.keys[0], few).sql()
    return _first_column(db, f"{walk.text} LIMIT ? OFFSET ?", (*walk.params, limit, offset))


def _first_column(db: sqlite3.Connection, sql: str, params: Sequence[Scalar]) -> list[Any]:
    return [row[0] for row in db.execute(sql, params)]
