"""Who may do what, and which rows they see. The engine knows a principal, not how rights are stored.

Rights and scope hold in lists, pickers, totals, search, export, history and API alike, on the server side of every
call.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from ..errors import Forbidden
from .define import VERBS, Right
from .fields import Field, Ref, Sql, all_of, any_of
from .following import KEY, NO_KIND, START, Follow, sign_of
from .registry import Definition, Registry, targets_of

DataScope = Literal["own", "department", "department_tree", "branch", "all"]
DATA_SCOPES: tuple[DataScope, ...] = get_args(DataScope)
"""From the narrowest to the widest."""

NOBODY = ("-",)
"""Whose no row is."""

_PRICES = ("price", "money")

Few = Callable[[str], bool]
"""Whether a user sees so few rows of a module that what hangs on them is best found from them."""


@dataclass(frozen=True)
class Principal:
    """The signed-in operator with the union of the rights of all roles."""

    operator: str
    employee: str | None = None
    department: str | None = None
    departments_below: tuple[str, ...] = ()
    branch: str | None = None
    rights: Mapping[str, frozenset[str]] = field(default_factory=dict)
    scopes: Mapping[str, DataScope] = field(default_factory=dict)
    special: frozenset[str] = frozenset()
    everything: bool = False
    strict: frozenset[str] = frozenset()
    """The settings that ask for more rights (`Field.edit_if`), by their keys."""
    no_prices: bool = False
    """Whether fields of prices and amounts do not exist for him."""
    colleagues: "Callable[[], Iterable[Principal]]" = field(default=tuple, compare=False, repr=False)
    """The others who may sign in, looked up only where somebody else has to be asked."""

    def may(self, action: str, module: str) -> bool:
        """Nothing without `view`: what was changed is read back, and what is deleted is named."""
        words = self.rights.get(module, frozenset())
        return self.everything or (action in words and "view" in words)

    def has(self, special: str | None) -> bool:
        return special is None or self.everything or special in self.special

    def writes(self, one: Field) -> bool:
        """Whether this user may write what he sees of a field."""
        return self.has(one.edit) or bool(one.edit_if and one.edit_if not in self.strict)

    def scope(self, module: str) -> DataScope:
        return "all" if self.everything else self.scopes.get(module, "own")

    def sees(self, one: Field) -> bool:
        """Whether a field exists for this user."""
        if self.everything and not self.no_prices:
            return True
        may = self.has(one.see) and (not one.see_module or self.may("view", one.see_module))
        return may and not (self.no_prices and one.type in _PRICES)

    def masks(self, one: Field) -> bool:
        """Whether the middle of a field is hidden from this user, in rows that are not his own."""
        return getattr(one, "masked", False) and not self.has("unmask")


def compares(principal: Principal, definition: Definition, one: Field) -> bool:
    """Whether a user may find, compare and sort by a field.

    Not by one that he reads masked: comparing reads a number digit by digit, sorting brackets it. Only where his list
    holds nothing but his own rows nothing is masked; a list that also holds others' rows is judged as a whole, as what
    an answer says about a row must not hang on whose row it is.
    """
    is_all_own = definition.module.scope == "owner" and principal.scope(definition.name) == "own"
    return principal.sees(one) and (is_all_own or not principal.masks(one))


_WRITES = ("add", "edit", "delete", "post", "cancel", "approve", "import")


def offered(definition: Definition) -> list[Right]:
    """The actions that a module has at all: what a role can be given."""
    module = definition.module
    missing: tuple[str, ...] = () if module.writable else _WRITES
    missing += ("add", "delete", "import") if module.single else ()
    missing += () if module.document else ("post", "cancel", "approve")
    missing += ("import",) if module.document and not module.document.imports else ()
    return [action for action in VERBS if action not in missing]


def demand(principal: Principal, action: Right, definition: Definition) -> None:
    """Raises `Forbidden` unless the action is allowed on the module."""
    allowed = principal.may(action, definition.name)
    if definition.module.document and action not in offered(definition):
        raise Forbidden(f"「{definition.module.label}」是单据，不能从表格{VERBS[action]}")
    if action in _WRITES:
        allowed = allowed and definition.module.writable and principal.has(definition.module.edit_right)
    if not allowed:
        raise Forbidden(f"没有「{definition.module.label}」的{VERBS[action]}权限，可请管理员开通")


def actions(principal: Principal, definition: Definition) -> list[Right]:
    """What the user may do in a module: the buttons of its list."""
    if not principal.may("view", definition.name):
        return []
    closed = () if principal.has(definition.module.edit_right) else _WRITES
    return [one for one in offered(definition) if one not in closed and principal.may(one, definition.name)]


def scope_sql(
    registry: Registry, definition: Definition, principal: Principal, table: str, few: Few = lambda parent: False
) -> Sql | None:
    """The condition that keeps a list to the rows its user may see; None when nothing is held back.

    Rows that are seen with their parent are looked up by it one by one, or, where `few` says that the user sees few of
    those parents, found from them.
    """
    scope = definition.module.scope
    if scope == "company" or (principal.everything and scope != "private"):
        return None
    if scope == "private":
        return Sql(f"{table}.created_by = ?", (principal.operator,))
    if definition.follow:
        return _beside(registry, definition.follow, principal, table, few)
    if scope == "follow":
        return _follows(registry, definition, principal, table, few)
    return _covered(scope, principal.scope(definition.name), principal, f"{table}.")


def reach_sql(registry: Registry, definition: Definition, principal: Principal, table: str) -> Sql | None:
    """The condition on what a user may refer to: what he sees, and what ships with the program (`Module.fixed`), which
    is nobody's in particular; his lists leave that out all the same. None when nothing is held back."""
    ways = reached_by(registry, definition, principal, table)
    return any_of(ways) if ways else None


def reached_by(registry: Registry, definition: Definition, principal: Principal, table: str) -> list[Sql]:
    """The same, part by part: each has an index of its own, and a search for either of two walks past everybody's rows
    in order. Nothing when nothing is held back."""
    scope = None if definition.module.lookup else scope_sql(registry, definition, principal, table)
    if scope is None or not definition.module.fixed:
        return [scope] if scope else []
    ids = json.dumps([seed["id"] for seed in registry.seeds(definition)])
    shipped = f"{table}.id IN (SELECT value FROM json_each(?)) AND {table}.{definition.module.fixed} = 1"
    return [scope, Sql(f"({shipped})", (ids,))]


def is_narrowed(registry: Registry, definition: Definition, principal: Principal) -> bool:
    """Whether there may be rows that this user does not see, for all he is told."""
    scope = definition.module.scope
    if scope in ("company", "private") or principal.everything:
        return False
    if definition.follow:
        return is_narrowed(registry, registry[definition.follow.narrow], principal)
    if scope != "follow":
        return principal.scope(definition.name) != "all"
    one = definition.fields[definition.module.parent or "parent"]
    parents = one.targets() if isinstance(one, Ref) else ()
    return any(is_narrowed(registry, registry[name], principal) for name in parents)


def tally_scope(registry: Registry, definition: Definition, principal: Principal, table: str) -> Sql | None:
    """The same condition on what the tally counts apart, where it does."""
    if definition.follow:
        return None if principal.everything else _kept_beside(definition.follow, principal, f"{table}.")
    return scope_sql(registry, definition, principal, table)


def own_values(definition: Definition, principal: Principal) -> tuple[str | None, ...]:
    """The values of `own_by` that alone say which rows a user may see, where he sees nothing but his own and what is
    open; the rows of each stand together. None where more says it."""
    if not definition.keeps_own or principal.everything:
        return ()
    follow = definition.follow
    if follow is None:
        return (principal.employee,) if principal.scope(definition.name) == "own" else ()
    if not principal.may("view", follow.narrow):
        return _signs(follow, principal)
    return (principal.employee, *_signs(follow, principal)) if _sees_own(follow, principal) else ()


def _signs(follow: Follow, principal: Principal) -> tuple[str, ...]:
    """What stands for the parents that are open to him."""
    return tuple(sign_of(module) for module in follow.open if principal.may("view", module))


def _beside(registry: Registry, follow: Follow, principal: Principal, table: str, few: Few) -> Sql | None:
    """Rows seen exactly with their parent, by what they keep beside them of it. Where the parents are few, those help
    to find them: nothing else has an index by department."""
    kept = _kept_beside(follow, principal, f"{table}.{START}")
    target = registry[follow.narrow]
    inner = scope_sql(registry, target, principal, f"{table}_up") if principal.may("view", target.name) else None
    if kept is None or inner is None or _sees_own(follow, principal) or not few(target.name):
        return kept
    signs = _signs(follow, principal)
    found = _below(target, f'{table}."{follow.parent}"', f"{table}_up", inner, is_few=True)
    others = [Sql(f"{table}.{KEY} IN ({_marks(signs)})", signs)] if signs else []
    return all_of([kept, any_of([found, *others])])


def _sees_own(follow: Follow, principal: Principal) -> bool:
    """Whether of the parents that are not open he sees nothing but his own."""
    return follow.scope == "owner" and principal.scope(follow.narrow) == "own"


def _kept_beside(follow: Follow, principal: Principal, start: str) -> Sql | None:
    owner, signs = start + KEY.removeprefix(START), _signs(follow, principal)
    # What no row has, where nothing is open: a plain "never" would take the indexes of the living from SQLite.
    is_open = Sql(f"{owner} IN ({_marks(signs or NOBODY)})", signs or NOBODY)
    if not principal.may("view", follow.narrow):
        return is_open
    data_scope = principal.scope(follow.narrow)
    covered = _covered(follow.scope, data_scope, principal, start)
    if covered is None:
        closed = [sign_of(module) for module in follow.open if sign_of(module) not in signs]
        if not closed:
            return None
        return Sql(f"COALESCE({owner}, '') NOT IN ({_marks(closed)}, ?)", (*closed, NO_KIND))
    if not signs:
        return covered
    if _sees_own(follow, principal):
        own = (principal.employee, *signs)
        return Sql(f"{owner} IN ({_marks(own)})", own)
    return any_of([covered, is_open])


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _covered(scope: str, data_scope: DataScope, principal: Principal, start: str) -> Sql | None:
    """`start`: of the names of the columns."""
    if data_scope == "all":
        return None
    own = [Sql(f"{start}owner = ?", (principal.employee,))] if scope == "owner" else []
    if data_scope == "branch" or scope == "branch":
        return any_of([*own, Sql(f"{start}branch = ?", (principal.branch,))])
    if data_scope == "department_tree":
        marks = ", ".join("?" * len(principal.departments_below))
        return any_of([*own, Sql(f"{start}department IN ({marks})", principal.departments_below)])
    if data_scope == "department" or scope == "department":
        return any_of([*own, Sql(f"{start}department = ?", (principal.department,))])
    return any_of(own)


def _follows(registry: Registry, definition: Definition, principal: Principal, table: str, few: Few) -> Sql | None:
    """Rows seen exactly with their parent; where the parent may be of several modules, each is judged by its own."""
    parent = definition.module.parent or "parent"
    one = definition.fields[parent]
    kind_field, kinds = one.target_by if isinstance(one, Ref) and one.target_by else ("", {})
    kind_of = {module: kind for kind, module in kinds.items()}
    parts: list[Sql] = []
    is_open = True
    for target in targets_of(one):
        inner = Sql("0")
        if principal.may("view", target):
            inner = scope_sql(registry, registry[target], principal, f"{table}_up", few) or Sql("1")
        conditions = [Sql(f"{table}.{kind_field} = ?", (kind_of[target],))] if kind_of else []
        if inner.text != "1":
            is_open = False
            conditions.append(_below(registry[target], f"{table}.{parent}", f"{table}_up", inner, is_few=few(target)))
        parts.append(all_of(conditions))
    return None if is_open else any_of(parts)


def _below(target: Definition, column: str, up: str, inner: Sql, *, is_few: bool) -> Sql:
    """Rows whose parent, `up`, is seen, or was merged into one that is seen."""
    seen, through = f"{target.name} {up}", f"alias_of {up}_a CROSS JOIN {target.name} {up} ON {up}.id = {up}_a.winner"
    merged = f"{up}_a.t = '{target.name}' AND "
    if is_few:
        # Said one after the other, the living are found by their index: it knows nothing of the deleted.
        parts = [
            Sql(f"SELECT {up}.id FROM {seen} WHERE {up}.deleted_at IS {life} AND ({inner.text})", inner.params)
            for life in ("NULL", "NOT NULL")
        ]
        if target.module.mergeable:
            parts.append(Sql(f"SELECT {up}_a.id FROM {through} WHERE {merged}({inner.text})", inner.params))
        every = " UNION ALL ".join(part.text for part in parts)
        return Sql(f"{column} IN ({every})", tuple(param for part in parts for param in part.params))
    one = Sql(f"EXISTS (SELECT 1 FROM {seen} WHERE {up}.id = {column} AND {inner.text})", inner.params)
    if not target.module.mergeable:
        return one
    other = f"EXISTS (SELECT 1 FROM {through} WHERE {merged}{up}_a.id = {column} AND ({inner.text}))"
    return any_of([one, Sql(other, inner.params)])
