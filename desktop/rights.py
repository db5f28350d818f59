"""Rights of roles: how they are stored, what several roles add up to, and what the editor of roles reads and saves.

A row of role_right grants what its `actions` say, as shipped or as written by an older version, and over that what was
ticked box by box (`may_…`). Rows are never deleted while their role lives: boxes merge, deletions would clash.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sync_server.replication.changeset import Op, Scalar, value_hash

from .engine.access import DATA_SCOPES, DataScope, Principal, demand, offered
from .engine.define import VERBS, Right
from .engine.engine import Engine
from .engine.ids import derived_id, new_id
from .engine.records import Idempotent, answer, answered, get, parse
from .engine.registry import Definition, Registry, targets_of
from .engine.saving import Saving
from .errors import Forbidden, Invalid
from .modules.company.granting import BOXES, actions_of, ticked

_COLUMNS = ", ".join(("id", "role", "module", "actions", "data_scope", *BOXES.values()))
Row = sqlite3.Row


# ----------------------------------------------------------------------------------------------- what roles add up to


@dataclass(frozen=True)
class Granted:
    """The union of the rights of some roles."""

    actions: Mapping[str, frozenset[str]]
    scopes: Mapping[str, DataScope]
    special: frozenset[str]
    everything: bool
    no_prices: bool


def of_roles(db: sqlite3.Connection, roles: Sequence[Row]) -> Granted:
    """Rights add up, the widest scope counts, and prices are hidden only if every role hides them."""
    return _added_up(
        tuple((role, tuple(_rows(db, role["id"])), frozenset(_specials(db, role["id"]))) for role in roles)
    )


@lru_cache(maxsize=256)
def _added_up(roles: tuple[tuple[Row, tuple[Row, ...], frozenset[str]], ...]) -> Granted:
    """Of what is stored, read anew for each request: adding it up took half of a short one."""
    actions: dict[str, frozenset[str]] = {}
    scopes: dict[str, DataScope] = {}
    for role, rows, _ in roles:
        for module, one in _by_module(rows).items():
            scope = one.scope or data_scope(role["data_scope"])
            actions[module] = actions.get(module, frozenset()) | one.actions
            scopes[module] = max(scope, scopes.get(module, "own"), key=DATA_SCOPES.index)
    everything = any(role["all_rights"] for role, _, _ in roles)
    no_prices = bool(roles) and not everything and all(role["hide_prices"] for role, _, _ in roles)
    return Granted(actions, scopes, frozenset().union(*(special for _, _, special in roles)), everything, no_prices)


def opened(registry: Registry, granted: Granted) -> dict[str, frozenset[str]]:
    """Actions by module, without modules whose view is a special right that nobody gave."""
    closed = {module for module, special in registry.view_rights.items() if special not in granted.special}
    return {module: words for module, words in granted.actions.items() if module not in closed}


@dataclass(frozen=True)
class Grant:
    """What a role may do in one module; no scope is that of the role."""

    actions: frozenset[str]
    scope: DataScope | None


_NOTHING = Grant(frozenset(), None)


def _rows(db: sqlite3.Connection, role: str) -> list[Row]:
    sql = f"SELECT {_COLUMNS} FROM role_right WHERE role = ? AND deleted_at IS NULL ORDER BY id"
    return db.execute(sql, (role,)).fetchall()


def _by_module(rows: Iterable[Row]) -> dict[str, Grant]:
    """What rows grant, by module. A row that grants nothing widens nothing either."""
    found: dict[str, Grant] = {}
    for row in rows:
        actions = actions_of(row)
        if actions:
            scope = data_scope(row["data_scope"]) if row["data_scope"] else None
            before = found.get(row["module"], _NOTHING)
            found[row["module"]] = Grant(before.actions | actions, scope or before.scope)
    return found


def data_scope(stored: str | None) -> DataScope:
    """A stored scope; the narrowest for what a newer version may have written."""
    return next((scope for scope in DATA_SCOPES if scope == stored), "own")


def _specials(db: sqlite3.Connection, role: str) -> dict[str, list[str]]:
    """Special rights of a role, each with its rows."""
    found: dict[str, list[str]] = {}
    for id, special in db.execute(
        "SELECT id, special FROM role_special WHERE role = ? AND deleted_at IS NULL", (role,)
    ):
        found.setdefault(special, []).append(id)
    return found


# -------------------------------------------------------------------------------------------- what the editor shows


def editor(engine: Engine, principal: Principal) -> dict[str, Any]:
    """{chapters, specials, scopes, roles}: everything the page of roles shows."""
    demand(principal, "view", engine.definition("role"))
    with engine.db.read() as db:
        ids = [row[0] for row in db.execute("SELECT id FROM role WHERE deleted_at IS NULL ORDER BY row")]
        return {
            "chapters": _chapters(engine),
            "specials": [
                {"name": one.name, "label": one.label, "text": one.text} for one in engine.registry.specials.values()
            ],
            "scopes": [{"value": scope, "label": _scope_words(engine)[scope]} for scope in DATA_SCOPES],
            "roles": [_role(engine, db, id) for id in ids],
        }


def _scope_words(engine: Engine) -> Mapping[str, str]:
    return engine.registry["role"].fields["data_scope"].options  # type: ignore[attr-defined, no-any-return]


def _chapters(engine: Engine) -> list[dict[str, Any]]:
    chapters = []
    for chapter in engine.registry.chapters:
        modules = [_module(one) for one in granted_modules(engine) if one.module.chapter == chapter.name]
        if modules:
            chapters.append({"name": chapter.name, "label": chapter.label, "modules": modules})
    return chapters


def granted_modules(engine: Engine) -> list[Definition]:
    """The modules that roles give to people, in the order of the program."""
    return [definition for definition in engine.registry if definition.module.is_granted]


def _module(definition: Definition) -> dict[str, Any]:
    return {
        "name": definition.name,
        "label": definition.module.label,
        "actions": offered(definition),
        "scope": definition.module.scope,
        "needs": definition.module.edit_right,
        "opens": definition.module.view_right,
        "follows": _parents(definition) if definition.module.scope == "follow" else [],
    }


def _parents(definition: Definition) -> list[str]:
    """Modules with whose rows those of a `follow` module are seen."""
    return list(targets_of(definition.fields[definition.module.parent or "parent"]))


def _role(engine: Engine, db: sqlite3.Connection, id: str) -> dict[str, Any]:
    row = db.execute(
        "SELECT id, name, is_system, all_rights, data_scope, hide_prices FROM role WHERE id = ?", (id,)
    ).fetchone()
    grants = _by_module(_rows(db, id))
    return {
        "id": id,
        "name": row["name"] or "",
        "is_system": bool(row["is_system"]),
        "all_rights": bool(row["all_rights"]),
        "data_scope": data_scope(row["data_scope"]),
        "hide_prices": bool(row["hide_prices"]),
        "rights": {
            name: {"actions": [one for one in VERBS if one in grant.actions], "data_scope": grant.scope}
            for name, grant in grants.items()
            if name in engine.registry
        },
        "specials": [one for one in engine.registry.specials if one in _specials(db, id)],
        "operators": _operators(db, id),
    }


def _operators(db: sqlite3.Connection, role: str) -> list[str]:
    """Who has a role, by name."""
    sql = (
        "SELECT COALESCE(e.name, o.login_name) FROM operator_roles l JOIN operator o ON o.id = l.record "
        "LEFT JOIN employee e ON e.id = o.employee WHERE l.target = ? AND l.deleted_at IS NULL "
        "AND o.deleted_at IS NULL ORDER BY o.pinyin, o.row"
    )
    return [str(name) for (name,) in db.execute(sql, (role,))]


def summary(engine: Engine, principal: Principal, operator: str) -> dict[str, Any]:
    """What an operator may do, and from which of his roles: {roles, everything, modules, specials, no_prices}.

    Raises `NotFound`. Everybody may ask about himself.
    """
    if operator != principal.operator:
        get(engine, principal, "operator", operator)
    with engine.db.read() as db:
        ids = [
            row[0]
            for row in db.execute(
                "SELECT r.id FROM operator_roles l JOIN role r ON r.id = l.target WHERE l.record = ? "
                "AND l.deleted_at IS NULL AND r.deleted_at IS NULL ORDER BY r.row",
                (operator,),
            )
        ]
        roles = [_role(engine, db, id) for id in ids]
    return {
        "roles": [role["name"] for role in roles],
        "everything": any(role["all_rights"] for role in roles),
        "no_prices": bool(roles) and all(role["hide_prices"] and not role["all_rights"] for role in roles),
        "modules": [one for definition in granted_modules(engine) if (one := _summed(engine, definition, roles))],
        "specials": [
            {"label": special.label, "text": special.text, "from": holders}
            for special in engine.registry.specials.values()
            if (holders := [role["name"] for role in roles if role["all_rights"] or special.name in role["specials"]])
        ],
    }


def _summed(engine: Engine, definition: Definition, roles: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """One module of the summary; None if no role gives anything there."""
    given = {role["name"]: _given(definition, role) for role in roles}
    holders = {name: grant for name, grant in given.items() if grant.actions}
    opens = definition.module.view_right
    if not holders or not any(role["all_rights"] or opens in (None, *role["specials"]) for role in roles):
        return None
    widest = max((grant.scope or "own" for grant in holders.values()), key=DATA_SCOPES.index)
    return {
        "module": definition.name,
        "chapter": next(one.label for one in engine.registry.chapters if one.name == definition.module.chapter),
        "label": definition.module.label,
        "actions": [
            {"label": VERBS[right], "from": [name for name, grant in holders.items() if right in grant.actions]}
            for right in offered(definition)
            if any(right in grant.actions for grant in holders.values())
        ],
        "scope": definition.module.scope,
        "data_scope": _scope_words(engine)[widest],
    }


def _given(definition: Definition, role: Mapping[str, Any]) -> Grant:
    if role["all_rights"]:
        return Grant(frozenset(offered(definition)), "all")
    one = role["rights"].get(definition.name, {"actions": (), "data_scope": None})
    held = definition.module.edit_right is None or definition.module.edit_right in role["specials"]
    closed = () if held else ("add", "edit", "delete", "import")
    return Grant(frozenset(set(one["actions"]) - set(closed)), one["data_scope"] or role["data_scope"])


# ------------------------------------------------------------------------------------------------ what the editor saves


@dataclass(frozen=True)
class Wanted:
    """Only what was changed: a box that nobody touched here may have been ticked elsewhere."""

    values: Mapping[str, Any]
    """name, data_scope and hide_prices of the role itself."""
    boxes: Mapping[str, Mapping[Right, bool]]
    """Module → action → ticked."""
    scopes: Mapping[str, DataScope | None]
    """Module → its own scope, or None for that of the role."""
    specials: Mapping[str, bool]


def save_role(
    engine: Engine, principal: Principal, id: str | None, wanted: Wanted, idempotent: Idempotent | None = None
) -> dict[str, Any]:
    """Creates (`id` None) or changes a role with its rights, as one changeset; returns it as the editor shows it.

    Raises `Invalid` at name, rights, specials or data_scope, `Forbidden` and `NotFound`.
    """
    definition = engine.definition("role")
    demand(principal, "edit" if id else "add", definition)
    values = parse(definition, principal, wanted.values)
    with engine.db.write() as db:
        if idempotent and (known := answered(db, idempotent)) is not None:
            return _role(engine, db, known)
        role = id or new_id()
        old = get(engine, principal, "role", id)["row"] if id else None
        saving = Saving(engine, db, principal, definition)
        new = saving.complete(old, values)
        saving.check(role, old, new, values)
        ops = [*saving.ops(role, old, new), *_Change(engine, db, principal, role, new, wanted).ops()]
        changed = engine.applier.local(ops, actor=principal.operator, act=f"role.{'edit' if id else 'add'}")
        if idempotent:
            answer(db, idempotent, role)
        result = _role(engine, db, role)
    engine.tell(changed)
    return result


@dataclass(frozen=True)
class _Change:
    """The rights of one role on their way from what is stored to what is wanted."""

    engine: Engine
    db: sqlite3.Connection
    principal: Principal
    role: str
    values: Mapping[str, Any]
    wanted: Wanted

    def ops(self) -> list[Op]:
        rows = _rows(self.db, self.role)
        before, after = _by_module(rows), self._after(_by_module(rows))
        if not any(grant.actions for grant in after.values()):
            raise Invalid({"rights": "请至少勾选一个模块的「查看」，不然有这个角色的人什么也看不到"})
        if not self.principal.everything:
            self._refuse_more_than_own(before, after)
        modules = {**self.wanted.boxes, **self.wanted.scopes}
        found = [op for module in modules for op in self._row_ops(module, rows, after)]
        return [*found, *self._special_ops()]

    def _after(self, before: Mapping[str, Grant]) -> dict[str, Grant]:
        after = dict(before)
        for module, boxes in self.wanted.boxes.items():
            grant = after.get(self._granted(module).name, _NOTHING)
            after[module] = Grant(self._ticked(module, grant.actions, boxes), grant.scope)
        for module, scope in self.wanted.scopes.items():
            after[module] = Grant(after.get(self._granted(module).name, _NOTHING).actions, scope)
        return after

    def _ticked(self, module: str, before: frozenset[str], boxes: Mapping[Right, bool]) -> frozenset[str]:
        """Every action brings `view` along, and without it nothing is left."""
        if not boxes.keys() <= set(offered(self._granted(module))):
            raise Invalid({"rights": f"「{self._granted(module).module.label}」没有这项操作"})
        ticked = {right for right, is_on in boxes.items() if is_on}
        left = (before - boxes.keys()) | ticked
        is_closed = not left or (boxes.get("view") is False and not ticked)
        return frozenset() if is_closed else frozenset(left | {"view"})

    def _granted(self, module: str) -> Definition:
        definition = self.engine.registry.definitions.get(module)
        if definition is None or not definition.module.is_granted:
            raise Invalid({"rights": "没有这个模块"})
        return definition

    def _refuse_more_than_own(self, before: Mapping[str, Grant], after: Mapping[str, Grant]) -> None:
        """Who is no administrator hands on no more than he has, or he would only need a second login."""
        own = self.principal
        for module, grant in after.items():
            label = self.engine.registry[module].module.label if module in self.engine.registry else module
            more = grant.actions - before.get(module, _NOTHING).actions
            if any(not own.may(right, module) for right in more):
                raise Forbidden(f"你自己没有「{label}」的这项权限，不能给别人，请管理员来改")
            wanted = grant.scope or data_scope(self.values["data_scope"])
            if grant.actions and DATA_SCOPES.index(wanted) > DATA_SCOPES.index(own.scope(module)):
                raise Forbidden(f"「{label}」的数据范围比你自己的大，请管理员来改")
        if any(is_on and not own.has(special) for special, is_on in self.wanted.specials.items()):
            raise Forbidden("你自己没有这项特殊权限，不能给别人，请管理员来改")

    def _row_ops(self, module: str, rows: Sequence[Row], after: Mapping[str, Grant]) -> Iterator[Op]:
        wanted = after[module]
        mine = [row for row in rows if row["module"] == module]
        boxes: dict[str, Scalar] = {
            box: "yes" if right in wanted.actions else "no"
            for right, box in BOXES.items()
            if any((right in ticked(row)) != (right in wanted.actions) for row in mine) or not mine
        }
        if module in self.wanted.scopes:
            boxes["data_scope"] = wanted.scope
        for row in mine:
            changed = {name: value for name, value in boxes.items() if row[name] != value}
            if changed:
                yield Op("role_right", row["id"], "upd", changed, {name: value_hash(row[name]) for name in changed})
        if not mine:
            yield self._fresh_row(module, boxes)

    def _fresh_row(self, module: str, boxes: Mapping[str, Scalar]) -> Op:
        """A row of its own, also where another machine makes one at the same time: rows add up, but of two inserts of
        one row the later one would blank what the earlier one ticked."""
        label = f"{self.values['name']} · {self.engine.registry[module].module.label}"
        given = {name: value for name, value in boxes.items() if value not in (None, "no")}
        about: dict[str, Scalar] = {"name": label, "role": self.role, "module": module}
        return Op("role_right", new_id(), "ins", about | given)

    def _special_ops(self) -> Iterator[Op]:
        held = _specials(self.db, self.role)
        for special, is_on in self.wanted.specials.items():
            if special not in self.engine.registry.specials:
                raise Invalid({"specials": "没有这项特殊权限"})
            if is_on and special not in held:
                yield self._special_back(special)
            for id in held.get(special, ()) if not is_on else ():
                yield Op("role_special", id, "del", seen=self.engine.applier.clock(self.db, "role_special", id).seen())

    def _special_back(self, special: str) -> Op:
        """The row that was taken away before comes back; else a new one, which two machines make alike."""
        sql = "SELECT id FROM role_special WHERE role = ? AND special = ? AND deleted_at IS NOT NULL ORDER BY id"
        gone = self.db.execute(sql, (self.role, special)).fetchone()
        if gone:
            return Op("role_special", gone["id"], "undel")
        id = derived_id(f"role_special:{self.role}", special)
        return Op("role_special", id, "ins", {"role": self.role, "special": special})
