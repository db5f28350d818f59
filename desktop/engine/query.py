"""Quick query, filters, period, group and sort → SQL. Pure: takes declarations and a query, gives statements."""

import base64
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as made_by
from typing import Any

import orjson

from sync_server.replication.changeset import Scalar

from ..errors import Invalid
from . import aliases
from .access import Few, Principal, compares, own_values, scope_sql, tally_scope
from .fields import DateTime, Field, FieldError, Ref, Sql, Where, all_of, any_of
from .fields.moment import day_span
from .meant import every
from .registry import Definition, Registry, targets_of
from .text import fold, has_marks, search_phrase

ROWS_MAX = 500
"""Rows one page may hold."""
CONDITIONS_MAX = 60
"""Conditions one filter may hold."""
T = "c"
"""Alias of the listed table."""


@dataclass(frozen=True)
class Query:
    """What a list asks for; names as in the HTTP contract."""

    q: str = ""
    field: str = ""
    value: str = ""
    start: str = ""
    end: str = ""
    filter: Mapping[str, Any] | None = None
    sort: str = ""
    group: str = ""
    deleted: bool = False
    limit: int = 50
    after: str = ""
    offset: int = 0
    ids: tuple[str, ...] | None = None
    flaw: str = ""
    """Only rows that have this flaw."""
    fixed: Mapping[str, Scalar] = made_by(default_factory=dict)
    """Columns that must equal: the related tab's reference."""


@dataclass(frozen=True)
class Key:
    """One sort key: the SQL expression, its direction, and the field when it is a reference in display order."""

    name: str
    expression: str
    descending: bool
    index: str | None
    reference: Ref | None = None
    meant: str = ""
    """Of a reference: the record it means, as SQL."""


@dataclass(frozen=True)
class Selection:
    """The rows a query means. `conditions` leaves out what every list has (live or deleted rows)."""

    definition: Definition
    deleted: bool
    conditions: tuple[Sql, ...]
    words: tuple[Sql, ...]
    """Conditions answered by the full-text index, kept apart: the count of one alone comes straight from it."""
    slow_words: tuple[Sql, ...]
    """The same conditions without the index, for walking a sort order where most rows match."""
    walked: tuple[Sql, ...]
    """`conditions` as they are asked of rows that are met one by one."""
    aliased: frozenset[str] = frozenset()
    """Modules in which something was merged."""
    scope: Sql | None = None
    """Of the conditions the one that keeps to what the user may see."""
    tallied: Sql | None = None
    """The same of what the tally counts apart."""
    own: tuple[str | None, ...] = ()
    """The values that the scope asks for of the column that says whose a row is, if it asks for nothing else."""
    groups: Sql | None = None
    """Ids of the groups of the tree that they are kept to."""

    @property
    def is_group(self) -> bool:
        """Whether these are the rows of a group that the user may see, where both stand in one index."""
        is_only = len(self.conditions) == (1 if self.scope is None else 2)
        is_known = self.groups is not None and self.definition.is_placed
        return is_known and is_only and not (self.words or self.deleted)

    @property
    def hides(self) -> bool:
        """Whether there are live rows that no list shows: those merged into others."""
        return self.definition.name in self.aliased and not self.deleted

    @property
    def is_bare(self) -> bool:
        """Whether nothing but the scope narrows them."""
        return self.scope is not None and len(self.conditions) == 1 and not self.words and not self.deleted

    @property
    def is_scope(self) -> bool:
        """Whether these are all rows that the user may see of a module whose rows are counted by what he may see."""
        return self.is_bare and bool(self.definition.parted)

    @property
    def alive(self) -> str:
        hidden = f" AND {aliases.not_merged(self.definition.name, T)}" if self.hides else ""
        return f"{T}.deleted_at IS {'NOT ' if self.deleted else ''}NULL{hidden}"

    @property
    def is_all(self) -> bool:
        return not self.conditions and not self.words and not self.deleted

    def where(self, *, slow: bool = False) -> Sql:
        """The WHERE text; `slow` without the full-text index."""
        words = self.slow_words if slow or self.deleted else self.words
        return Sql(self.alive) & all_of([*self.conditions, *words])

    def where_own(self, value: str | None) -> Sql:
        """All rows of one of `own`."""
        return Sql(self.alive) & Sql(f'{T}."{self.definition.own_by}" = ?', (value,))

    @property
    def beyond_scope(self) -> tuple[Sql, ...]:
        """What else is asked of rows that are met one by one."""
        return (*(one for one in self.walked if one is not self.scope), *self.slow_words)

    def where_walked(self) -> Sql:
        """The same for rows that are met one by one in the order of a list."""
        return Sql(self.alive) & all_of([*self.walked, *self.slow_words])


def select(
    registry: Registry, definition: Definition, principal: Principal, query: Query,
    aliased: frozenset[str] = frozenset(), few: Few = lambda parent: False,
) -> Selection:  # fmt: skip
    """Which rows a query means, within the user's scope (`few`: see there); `aliased` as in `Selection`. Raises
    `Invalid` naming the part that is wrong."""
    conditions: list[Sql] = []
    scope = scope_sql(registry, definition, principal, T, few)
    if scope is not None:
        conditions.append(scope)
    if query.ids is not None:
        conditions.append(Sql(f"{T}.id IN (SELECT value FROM json_each(?))", (json.dumps(query.ids),)))
    conditions += [equals(definition, column, value, aliased) for column, value in query.fixed.items()]
    conditions += _period(definition, query)
    twins = None if query.deleted or query.ids is not None else shown_once(registry, definition, aliased)
    if twins is not None:
        conditions.append(twins)
    groups = _groups(registry, definition, query.group) if query.group else None
    if groups is not None:
        conditions.append(Sql(f'{T}."{definition.tallied}" IN {groups.text}', groups.params))
    words, slow_words = _words(registry, definition, principal, query, aliased)
    walked = list(conditions)
    for is_walked, some in ((False, conditions), (True, walked)):
        filtered = _filter(registry, definition, principal, query, aliased, is_walked=is_walked)
        some += [] if filtered is None else [filtered]
    tallied = tally_scope(registry, definition, principal, T) if definition.parted else None
    own = own_values(definition, principal)
    return Selection(
        definition, query.deleted, tuple(conditions), tuple(words), tuple(slow_words), tuple(walked), aliased, scope,
        tallied, own, groups,
    )  # fmt: skip


# ---------------------------------------------------------------- conditions


def shown_once(registry: Registry, definition: Definition, aliased: frozenset[str]) -> Sql | None:
    """Rows but those of a merged record that say the same as one of its winner, or an earlier one of another that was
    merged into it (`one_by`); None where there is nothing to leave out. A split shows each its own again."""
    names, parent = definition.module.one_by.split(), definition.module.parent or ""
    above = aliased.intersection(targets_of(definition.fields[parent])) if names else frozenset[str]()
    if not above:
        return None
    (module,) = above
    winner = aliases.meant(above, f'{T}."{parent}"')
    alike = " AND ".join(_is_same(registry, definition, name) for name in names)
    return Sql(
        f"NOT ({aliases.is_merged(module, f'{T}.{parent}')} AND EXISTS (SELECT 1 FROM {definition.name} k "
        f'WHERE k."{parent}" IN {every(module, winner)} AND k.deleted_at IS NULL AND k.id <> {T}.id AND {alike} '
        f'AND (k."{parent}" = {winner} OR k.id < {T}.id)))'
    )


def _is_same(registry: Registry, definition: Definition, name: str) -> str:
    """Whether a field says the same in two rows; one that refers to what hangs on the merged records, too (a box)."""
    equal, one = f'k."{name}" IS {T}."{name}"', definition.fields[name]
    target = registry[one.target] if isinstance(one, Ref) and one.target else None
    if target is None or not target.module.one_by:
        return equal
    same = " AND ".join(f'x."{each}" IS y."{each}"' for each in target.module.one_by.split())
    return (
        f'({equal} OR EXISTS (SELECT 1 FROM {target.name} x JOIN {target.name} y ON y.id = {T}."{name}" '
        f'WHERE x.id = k."{name}" AND {same}))'
    )


def equals(definition: Definition, column: str, value: Scalar, aliased: frozenset[str]) -> Sql:
    """Rows with a value in a column; a reference also through what was merged into the record."""
    one = definition.fields.get(column)
    merged = aliased.intersection(targets_of(one)) if one is not None else frozenset[str]()
    if not merged or not isinstance(value, str):
        return Sql(f'{T}."{column}" = ?', (value,))
    ids = aliases.same(merged, value)
    return Sql(f'{T}."{column}" IN {ids.text}', ids.params)


def where_of(
    registry: Registry, definition: Definition, name: str, *, indexed: bool | None = None,
    aliased: frozenset[str] = frozenset(),
) -> Where:  # fmt: skip
    """What field `name` needs to turn a condition into SQL."""
    return Where(
        table=T,
        module=definition.name,
        name=name,
        indexed=name in definition.searched if indexed is None else indexed,
        search=lambda target, text: titles_like(registry[target], text, aliased),
        subtree=lambda target, id: subtree(registry[target], id),
        same=lambda targets, id: aliases.same(aliased.intersection(targets), id),
        signs=definition.shown_signs.get(name),
        merged=aliased,
    )


def titles_like(definition: Definition, text: str, aliased: frozenset[str] = frozenset()) -> Sql:
    """Ids of a module whose title contains a text, or whose initials do. What was merged reads as its winner."""
    phrase = search_phrase(text)
    if phrase is None:
        raise FieldError("请填写要查找的文字")
    rows = f"SELECT rowid FROM {definition.name}_fts WHERE {definition.name}_fts MATCH ?"
    match, name = f"{{{definition.module.title} initials}} : {phrase}", definition.name
    if name not in aliased:
        return Sql(f"SELECT id FROM {name} WHERE row IN ({rows})", (match,))
    shown = f"SELECT o.id FROM {name} o WHERE o.row IN ({rows}) AND {aliases.not_merged(name, 'o')}"
    merged = (
        f"SELECT l.id FROM alias_of l CROSS JOIN {name} w ON w.id = l.winner WHERE l.t = '{name}' AND w.row IN ({rows})"
    )
    return Sql(f"{shown} UNION ALL {merged}", (match, match))


def subtree(definition: Definition, id: str) -> Sql:
    """Ids of a node and all below it; a tree closed into a circle by a merge is cut by UNION."""
    parent = definition.module.parent
    if parent is None or definition.name not in targets_of(definition.fields[parent]):
        return Sql("(?)", (id,))
    return Sql(
        f"(WITH RECURSIVE below(id) AS (VALUES(?) UNION SELECT n.id FROM {definition.name} n "
        f'JOIN below ON n."{parent}" = below.id WHERE n.deleted_at IS NULL) SELECT id FROM below)',
        (id,),
    )


def _groups(registry: Registry, definition: Definition, group: str) -> Sql:
    tree = definition.module.tree
    if tree is None:
        raise Invalid({"group": f"「{definition.module.label}」没有分组"})
    (target,) = targets_of(definition.fields[tree.field])
    return subtree(registry[target], group)


def _period(definition: Definition, query: Query) -> list[Sql]:
    if not query.start and not query.end:
        return []
    when = definition.module.when
    if when is None:
        raise Invalid({"from": f"「{definition.module.label}」没有日期列"})
    is_instant = isinstance(definition.fields[when], DateTime)
    parts: list[Sql] = []
    if query.start:
        parts.append(Sql(f"{T}.{when} >= ?", (day_span(query.start)[0] if is_instant else query.start,)))
    if query.end and is_instant:
        parts.append(Sql(f"{T}.{when} < ?", (day_span(query.end)[1],)))
    elif query.end:
        parts.append(Sql(f"{T}.{when} <= ?", (query.end,)))
    return parts


def _words(
    registry: Registry, definition: Definition, principal: Principal, query: Query, aliased: frozenset[str]
) -> tuple[list[Sql], list[Sql]]:
    fast: list[Sql] = []
    slow: list[Sql] = []
    if query.q.strip():
        fast.append(anywhere(definition, query.q, principal))
        slow.append(_walked(definition, query.q, _searched(definition, principal)))
    if query.value.strip():
        one = comparable_field(definition, principal, query.field, "field")
        is_plain = search_phrase(query.value) and not has_marks(query.value)  # marks count, and initials have none
        if query.field == definition.module.title and is_plain:
            fast.append(_indexed(definition, _match(query.value, [query.field])))
            slow.append(_walked(definition, query.value, [query.field]))
            return fast, slow
        try:
            where = where_of(registry, definition, query.field, aliased=aliased)
            fast.append(one.quick(query.value, where))
            slow.append(one.quick(query.value, replace(where, indexed=False, is_walked=True)))
        except FieldError as error:
            raise Invalid({"value": str(error)}) from None
    return fast, slow


def anywhere(definition: Definition, text: str, principal: Principal) -> Sql:
    """Rows that contain a text in any searched field the user may find by, or in the initials of the title."""
    return _indexed(definition, match_anywhere(definition, text, principal))


def match_anywhere(
    definition: Definition, text: str, principal: Principal, names: Collection[str] | None = None
) -> str | None:
    """The question to the full-text index: any searched field the user may find by, or the initials; None: nothing.
    `names` narrows it to those fields."""
    return _match(text, [name for name in _searched(definition, principal) if names is None or name in names])


def _searched(definition: Definition, principal: Principal) -> list[str]:
    return [name for name in definition.searched if compares(principal, definition, definition.fields[name])]


def _match(text: str, names: Sequence[str]) -> str | None:
    phrase = search_phrase(text)
    return f"{{{' '.join([*names, 'initials'])}}} : {phrase}" if phrase and names else None


def _indexed(definition: Definition, match: str | None) -> Sql:
    """Rows by the full-text index."""
    if match is None:
        return Sql("0")
    table = f"{definition.name}_fts"
    return Sql(f"{T}.row IN (SELECT rowid FROM {table} WHERE {table} MATCH ?)", (match,))


def _walked(definition: Definition, text: str, names: Sequence[str]) -> Sql:
    """The same rows, told one by one."""
    if search_phrase(text) is None:
        return Sql("0")
    columns = ", ".join(f'{T}."{name}"' for name in (definition.module.title, *names))
    return Sql(f"ecms_any_has(?, {columns})", (fold(text),))


def visible_field(definition: Definition, principal: Principal, name: str, part: str) -> Field:
    """A field of the module that exists for the user; raises `Invalid` at `part` of the request."""
    one = definition.fields.get(name)
    if one is None or not principal.sees(one) or one.write_only:
        raise Invalid({part: f"「{definition.module.label}」没有这一列：{name}"})
    return one


def comparable_field(definition: Definition, principal: Principal, name: str, part: str) -> Field:
    """A visible field that the user may also find and sort by (see `compares`)."""
    one = visible_field(definition, principal, name, part)
    if not compares(principal, definition, one):
        raise Invalid({part: f"没有查看完整「{one.label}」的权限，不能按它查找或排序"})
    return one


def _filter(
    registry: Registry, definition: Definition, principal: Principal, query: Query, aliased: frozenset[str],
    *, is_walked: bool,
) -> Sql | None:  # fmt: skip
    clauses = (query.filter or {}).get("and", [])
    if not clauses:
        return None
    if sum(len(clause.get("or") or clause.get("and") or (1,)) for clause in clauses) > CONDITIONS_MAX:
        raise Invalid({"filter": f"条件太多，最多 {CONDITIONS_MAX} 个"})
    parts = []
    for clause in clauses:
        if "or" in clause or "and" in clause:
            inner = [
                condition(registry, definition, principal, query, item, aliased, is_walked=is_walked)
                for item in clause.get("or") or clause.get("and") or ()
            ]
            parts.append(any_of(inner) if "or" in clause else all_of(inner))
        else:
            parts.append(condition(registry, definition, principal, query, clause, aliased, is_walked=is_walked))
    return all_of(parts)


def condition(
    registry: Registry, definition: Definition, principal: Principal, query: Query, item: Mapping[str, Any],
    aliased: frozenset[str], *, is_walked: bool = False,
) -> Sql:  # fmt: skip
    """One condition of a filter; raises `Invalid` for a field the user may not find by."""
    name = item["field"]
    allowed = visible_field if item["op"] in ("empty", "not_empty") else comparable_field
    one = allowed(definition, principal, name, "filter")
    try:
        indexed = False if query.deleted else None  # deleted rows are not in the full-text index
        where = where_of(registry, definition, name, indexed=indexed, aliased=aliased)
        return one.condition(item["op"], item.get("value"), replace(where, is_walked=is_walked))
    except FieldError as error:
        raise Invalid({"filter": str(error)}) from None


# ---------------------------------------------------------------------- sort


def sort_keys(
    registry: Registry, definition: Definition, principal: Principal, sort: str, aliased: frozenset[str] = frozenset()
) -> tuple[Key, ...]:
    """The sort keys of a query; the module's own order when it names none. Raises `Invalid`."""
    keys = []
    for part in (sort or definition.module.sort or definition.module.title).split(",")[:4]:
        name = part.strip().lstrip("-+")
        one = comparable_field(definition, principal, name, "sort")
        try:
            keys.append(_key(registry, definition, name, one, part.strip().startswith("-"), aliased))
        except FieldError as error:
            raise Invalid({"sort": str(error)}) from None
    return tuple(keys)


def _key(
    registry: Registry, definition: Definition, name: str, one: Field, descending: bool, aliased: frozenset[str]
) -> Key:
    if name == definition.module.title:
        return Key(name, f"{T}.pinyin", descending, "pinyin")
    expression = one.order(where_of(registry, definition, name))
    index = definition.sort_index.get(name)
    if isinstance(one, Ref):
        merged = aliased.intersection(one.targets())
        meant = aliases.meant(merged, expression) if merged else expression
        return Key(name, _display_order(registry, one, expression, aliased), descending, index, one, meant)
    return Key(name, expression, descending, index)


def _display_order(registry: Registry, one: Ref, expression: str, aliased: frozenset[str]) -> str:
    """A reference sorts as people read it: dictionaries in their own order, records by pinyin."""
    orders = []
    alive = " AND s.deleted_at IS NULL" if one.loose else ""
    for target in one.targets():
        key = target_order(registry[target])
        id = aliases.meant((target,), expression) if target in aliased else expression
        orders.append(f"(SELECT {key.replace('t.', 's.')} FROM {target} s WHERE s.id = {id}{alive})")
    return orders[0] if len(orders) == 1 else f"COALESCE({', '.join(orders)})"


def target_order(target: Definition) -> str:
    """Order of the records of a module where another one refers to them (alias t)."""
    return "t.sort" if "sort" in target.fields else "t.pinyin"


def order_by(keys: Sequence[Key], *, forced: bool = False) -> str:
    """ORDER BY text; the row number makes every order total. `forced` keeps SQLite from walking an index for it.

    Rows that refer to one record stay together even if another reads alike: so they come when the records drive.
    """
    plus = "+" if forced else ""
    parts = []
    is_driven = len(keys) == 1 and keys[0].reference is not None
    for key in keys:
        down = " DESC" if key.descending else ""
        parts.append(f"{plus}{key.expression}{down}")
        if key.reference is not None:
            # Where the records drive, they come one by one, those that were merged too.
            id = f'{T}."{key.name}"' if is_driven else key.meant
            parts.append(f"{plus}{id}{down}")
    return ", ".join([*parts, f"{T}.row{' DESC' if keys[0].descending and not is_driven else ''}"])


def reversed_keys(keys: Sequence[Key]) -> tuple[Key, ...]:
    """The opposite order: the nearer way to rows behind the middle."""
    return tuple(replace(key, descending=not key.descending) for key in keys)


# -------------------------------------------------------------------- cursor


def cursor(value: Scalar, row: int) -> str:
    """An opaque place in a list: after this sort value and row number."""
    return base64.urlsafe_b64encode(json.dumps(["k", value, row]).encode()).decode()


def offset_cursor(offset: int) -> str:
    """A place by count, where the sort has no single indexed column."""
    return base64.urlsafe_b64encode(json.dumps(["o", offset]).encode()).decode()


def read_cursor(text: str) -> list[Any]:
    """Raises `Invalid` for anything that `cursor` or `offset_cursor` did not make."""
    try:
        parts = orjson.loads(base64.urlsafe_b64decode(text.encode()))
        match parts:
            case ["k", str() | int() | None as value, int(row)]:
                ok = abs(row) < 2**62 and (not isinstance(value, int) or abs(value) < 2**62)
            case ["o", int(offset)]:
                ok = 0 <= offset < 2**62
            case _:
                ok = False
    except ValueError:
        ok, parts = False, []
    if not ok:
        raise Invalid({"after": "续页标记不对，请从第一页重新读取"})
    return list(parts)


def after(key: Key, value: Scalar, row: int) -> list[Sql]:
    """Rows behind a place in the order of one column: conditions to be asked one after the other, since a single
    OR would keep SQLite from seeking in the index. Blank values come first ascending and last descending."""
    this, beyond = key.expression, "<" if key.descending else ">"
    if value is None:
        here = Sql(f"{this} IS NULL AND {T}.row {beyond} ?", (row,))
        return [here] if key.descending else [here, Sql(f"{this} IS NOT NULL")]
    here = Sql(f"{this} {beyond}= ? AND ({this} {beyond} ? OR {T}.row {beyond} ?)", (value, value, row))
    return [here, Sql(f"{this} IS NULL")] if key.descending else [here]
