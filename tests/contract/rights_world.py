"""Rows of every declared module in every place of a company, each with a mark of its own: what somebody may not see is
found wherever it leaks. Made from the declarations, so a new module is covered without a line here."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pypdfium2 import PdfDocument

from desktop.engine.define import VERBS
from desktop.engine.fields import Enum, LongText, Phone, Ref, Text
from desktop.engine.ids import derived_id, new_id
from desktop.engine.registry import Definition, targets_of
from sync_server.replication.changeset import Op, Scalar
from tests.support import Api, Office

PLACES: Final = ("mine", "here", "below", "beside", "abroad")
"""His own, a colleague's in his department, in one below it, in another of his branch, in another branch."""

COVERED: Final[Mapping[str, Mapping[str, int]]] = {
    "owner": {"own": 1, "department": 2, "department_tree": 3, "branch": 4, "all": 5},
    "department": {"own": 2, "department": 2, "department_tree": 3, "branch": 4, "all": 5},
    "branch": {"own": 4, "department": 4, "department_tree": 4, "branch": 4, "all": 5},
    "company": dict.fromkeys(("own", "department", "department_tree", "branch", "all"), 5),
}
"""How many of the places a data scope covers, by the scope of the module (modules.md 0.4)."""

AMOUNT: Final = 98_765_432
"""In every field of prices and amounts."""

PASSWORD: Final = "tester password"


@dataclass(frozen=True)
class Planted:
    """A row of the test."""

    module: str
    id: str
    place: str
    mark: str
    number: str
    parent: tuple[str, str] | None = None
    gone: bool = False


@dataclass
class World:
    """An office with somebody whose role the test changes, and rows in every place."""

    office: Office
    rows: list[Planted] = field(default_factory=list)
    employee: str = ""
    colleague: str = ""
    operator: str = ""
    role: str = ""
    special: str = ""
    departments: dict[str, str] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)

    @property
    def api(self) -> Api:
        return self.office.api

    @property
    def registry(self) -> Iterator[Definition]:
        return iter(self.office.engine.registry)

    @property
    def planted(self) -> Iterator[Definition]:
        """The modules that get rows of their own: not what follows from others, nor what belongs to one version."""
        registry = self.office.engine.registry
        inside = {"document_version", *registry.annexes}
        return (one for one in registry.sent.values() if one.name not in inside)

    def write(self, ops: list[Op], actor: str | None = None) -> None:
        author = self.office.admin.operator if actor is None else actor
        self.office.engine.applier.local(ops, actor=author)

    def of(self, module: str, *, gone: bool = False) -> list[Planted]:
        return [row for row in self.rows if row.module == module and row.gone == gone]

    # ------------------------------------------------------------------------------------------------ what is granted

    def grant(self, rights: Mapping[str, str], scope: str, special: str = "") -> None:
        """What the tester's role allows from now on, as another machine's administrator would have sent it."""
        self.special = special
        ops = [Op("role", self.role, "upd", {"data_scope": scope})]
        ops += [
            Op("role_right", self._right(one.name), "upd", {"actions": rights.get(one.name, "")})
            for one in self.registry
        ]
        sql = "SELECT special, id FROM role_special WHERE role = ? AND deleted_at IS NULL"
        applier = self.office.engine.applier
        with self.office.engine.db.read() as db:
            held = dict(db.execute(sql, (self.role,)).fetchall())
            ops += [
                Op("role_special", id, "del", seen=applier.clock(db, "role_special", id).seen())
                for word, id in held.items()
                if word not in special.split()
            ]
        ops += [
            Op("role_special", new_id(), "ins", {"role": self.role, "special": word})
            for word in special.split()
            if word not in held
        ]
        self.write(ops)

    def _right(self, module: str) -> str:
        return derived_id(f"test:{self.role}", module)

    # ------------------------------------------------------------------------------------- what somebody ought to see

    def sees(self, row: Planted, scope: str, viewed: frozenset[str]) -> bool:
        """Whether the tester sees a row, told from the specification alone."""
        module = self.office.engine.registry[row.module].module
        root = module.scope
        if row.module not in viewed or (module.view_right or "") not in ("", *self.special.split()):
            return False
        if root == "private":
            return row.place == "mine"
        if root == "follow":
            parent = next(one for one in self.rows if row.parent == (one.module, one.id))
            return self.sees(parent, scope, viewed)
        return PLACES.index(row.place) < COVERED[root][scope]

    def is_own(self, row: Planted) -> bool:
        """Whether he reads it unmasked."""
        root = self.office.engine.registry[row.module].module.scope
        if root == "follow":
            parent = next(one for one in self.rows if row.parent == (one.module, one.id))
            return self.is_own(parent)
        return root == "owner" and row.place == "mine"


# ------------------------------------------------------------------------------------------ making the rows


def found_world(office: Office) -> World:
    world = World(office)
    _places(world)
    _tester(world)
    waiting = list(world.planted)
    while waiting:  # parents before what follows them
        ready = [one for one in waiting if not _parents(one) & {other.name for other in waiting}]
        for definition in ready:
            _plant(world, definition)
        waiting = [one for one in waiting if one not in ready]
    _change_and_delete(world)
    return world


def _parents(definition: Definition) -> set[str]:
    if definition.module.scope != "follow":
        return set()
    return set(targets_of(definition.fields[definition.module.parent or "parent"])) - {definition.name}


def _places(world: World) -> None:
    api = world.api
    home = api.get("/api/lookup/branch")["rows"][0]["id"]
    here = api.get("/api/lookup/department")["rows"][0]["id"]
    world.branches = {
        "home": home,
        "away": api.post("/api/records/branch", {"code": "99", "name": "外地"})["row"]["id"],
    }
    world.departments = {"mine": here, "here": here}
    for place, branch, above in (("below", "home", here), ("beside", "home", None), ("abroad", "away", None)):
        values = {"name": f"部门{place}", "branch": world.branches[branch], "parent": above}
        world.departments[place] = api.post("/api/records/department", values)["row"]["id"]


def _tester(world: World) -> None:
    api, here = world.api, world.departments["here"]
    for code in ("employee", "colleague"):
        person = api.post("/api/records/employee", {"code": f"T-{code}", "name": code, "department": here})["row"]
        setattr(world, code, person["id"])
    world.role = new_id()
    world.write(
        [Op("role", world.role, "ins", {"name": "试验角色", "data_scope": "own"})]
        + [
            Op("role_right", world._right(one.name), "ins", {"role": world.role, "module": one.name, "actions": ""})
            for one in world.registry
        ]
    )
    values = {"login_name": "tester", "employee": world.employee, "roles": [world.role], "password": PASSWORD}
    world.operator = api.post("/api/records/operator", values)["row"]["id"]


def _plant(world: World, definition: Definition) -> None:
    """Rows of one module: one in each place, below each parent that is in one, and one that was deleted."""
    parents = [row for module in sorted(_parents(definition)) for row in world.of(module)]
    for row in parents:
        _plant_one(world, definition, row.place, row)
    for place in () if parents else (*PLACES, "abroad"):
        _plant_one(world, definition, place, None)


def _plant_one(world: World, definition: Definition, place: str, parent: Planted | None) -> None:
    count = len(world.rows)
    row = Planted(
        definition.name, new_id(), place, f"密{count:04d}标", f"139{count:08d}",
        (parent.module, parent.id) if parent else None,
    )  # fmt: skip
    columns = _columns(world, definition, row)
    author = world.operator if definition.module.scope == "private" and place == "mine" else None
    world.write([Op(definition.name, row.id, "ins", columns)], author)
    world.rows.append(row)


def _columns(world: World, definition: Definition, row: Planted) -> dict[str, Scalar]:
    found: dict[str, Scalar] = {}
    for name, one in definition.fields.items():
        value = _value(world, name, one, row)
        if value is not None:
            found |= one.store(name, value)
    away = row.place == "abroad"
    shared = {"branch": world.branches["away" if away else "home"], "department": world.departments[row.place],
              "owner": world.employee if row.place == "mine" else world.colleague}  # fmt: skip
    found |= {name: value for name, value in shared.items() if name in definition.column_names}
    return {name: value for name, value in found.items() if value is not None}


def _value(world: World, name: str, one: Any, row: Planted) -> Any:
    registry = world.office.engine.registry
    if isinstance(one, Phone):
        return row.number if one.masked or row.module not in masked_modules(registry) else None
    if one.type in ("money", "price"):
        return AMOUNT
    if isinstance(one, Text | LongText) and one.type in ("text", "longtext", "serial"):
        return row.mark if getattr(one, "max_length", 200) >= len(row.mark) else row.mark[1:3]
    if isinstance(one, Ref) and row.parent and name == (registry[row.module].module.parent or "parent"):
        return row.parent[1]
    if isinstance(one, Enum) and one.required:
        kind = next(
            (kind for kind, module in _kinds(world, row, name).items() if (row.parent or ("",))[0] == module), ""
        )
        return kind or next(iter(one.options))
    if isinstance(one, Ref) and one.required and one.target:
        return _any_row(world, one.target)
    return None


def masked_modules(registry: Iterable[Definition]) -> set[str]:
    """Modules with numbers that others read masked; there nothing else holds the number of a row."""
    return {
        definition.name
        for definition in registry
        if any(isinstance(one, Phone) and one.masked for one in definition.fields.values())
    }


def _kinds(world: World, row: Planted, name: str) -> Mapping[str, str]:
    definition = world.office.engine.registry[row.module]
    parent = definition.fields.get(definition.module.parent or "parent")
    return parent.target_by[1] if isinstance(parent, Ref) and parent.target_by and parent.target_by[0] == name else {}


def _any_row(world: World, module: str) -> str:
    """A row that was there before the test: its title may stand as a reference in anybody's list."""
    with world.office.engine.db.read() as db:
        return str(db.execute(f"SELECT id FROM {module} ORDER BY row LIMIT 1").fetchone()[0])


def _change_and_delete(world: World) -> None:
    """Every row has a history; the second one abroad of each module is in the recycle bin."""
    applier = world.office.engine.applier
    for definition in world.planted:
        title = definition.module.title
        for row in world.of(definition.name):
            world.write([Op(row.module, row.id, "upd", {title: f"{row.mark}改"})])
        if definition.module.scope != "follow" and len(world.of(definition.name)) > len(PLACES):
            last = world.of(definition.name)[-1]
            with world.office.engine.db.read() as db:
                seen = applier.clock(db, last.module, last.id).seen()
            world.write([Op(last.module, last.id, "del", seen=seen)])
            world.rows[world.rows.index(last)] = Planted(*(last.module, last.id, last.place, last.mark, last.number),
                                                         parent=last.parent, gone=True)  # fmt: skip


# ------------------------------------------------------------------------------------------ asking for all of it


def exported(api: Api, module: str, columns: list[str], ids: list[str] | None = None) -> str:
    job = api.ended(api.post(f"/api/export/{module}", {"format": "csv", "columns": columns, "ids": ids}))
    assert job["state"] == "done", job
    raw = api.call("GET", f"/api/jobs/{job['id']}/file").content
    return "\n".join(" ".join(line) for line in csv.reader(io.StringIO(raw.decode("utf-8-sig"))))


def printed(api: Api, module: str, columns: list[str], ids: list[str] | None = None) -> str:
    """The words on paper; nothing when there was no row to print."""
    body = {"columns": [{"name": name, "width": 160} for name in columns], "landscape": True, "ids": ids}
    job = api.ended(api.post(f"/api/print/{module}", body))
    if job["state"] != "done":
        assert "没有可打印的记录" in job["message"], job
        return ""
    with PdfDocument(api.call("GET", f"/api/jobs/{job['id']}/view").content) as document:
        return "".join(page.get_textpage().get_text_bounded() for page in document).replace("\r\n", "")


def described(api: Api) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in api.get("/api/modules")["modules"]}


def answers(world: World, modules: Mapping[str, dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """(question, answer) of everything that somebody can ask about the modules described to him."""
    for definition in world.registry:
        yield from _about_module(world, definition, modules.get(definition.name))
        rows = (*world.of(definition.name), *world.of(definition.name, gone=True))
        for row in rows[::11] if definition.module.hangs else rows:  # of these there are some on every other row
            yield from _about_row(world, definition, row)
    for text in ("密", "标改", *(row.number for row in world.rows[::7])):
        yield _asked(world.api, "/api/search", q=text)
    for path in ("/api/sync", "/api/sync/waiting", "/api/sync/rejected", "/api/sync/log", "/api/jobs", "/api/modules"):
        yield _asked(world.api, path)
    for state in ("open", "auto"):
        yield _asked(world.api, "/api/sync/conflicts", state=state, limit=200)


def _asked(api: Api, path: str, **params: Any) -> tuple[str, str]:
    answer = api.call("GET", path, params=params)
    assert answer.status_code < 500, (path, params, answer.text)
    return f"{path} {params}", answer.text


def _about_module(world: World, definition: Definition, about: dict[str, Any] | None) -> Iterator[tuple[str, str]]:
    api, name, title = world.api, definition.name, definition.module.title
    ids = [row.id for row in world.of(name)]
    path = f"/api/records/{name}"
    contains = json.dumps({"and": [{"field": title, "op": "contains", "value": "密"}]})
    queries: list[dict[str, Any]] = [{"limit": 500, "want": "rows,total,sums"}, {"q": "密", "limit": 500}]
    queries += [{"deleted": "1", "limit": 500}, {"filter": contains, "limit": 500}, {"offset": 1}]
    sortable = [one["name"] for one in (about or {"fields": []})["fields"] if one["sortable"]]
    queries += [{"sort": f"-{one}", "limit": 500} for one in sortable[:3]]
    for query in queries:
        yield _asked(api, path, **query)
    for query in ({"q": ""}, {"q": "密"}, {"ids": ",".join(ids)}):
        if not definition.module.lookup:
            yield _asked(api, f"/api/lookup/{name}", **query)
    if not definition.module.lookup:
        yield _asked(api, f"/api/tree/{name}")
    for row in world.of(name)[-1:]:
        values = {one: row.number if isinstance(field, Phone) else row.mark for one, field in definition.fields.items()
                  if isinstance(field, Phone | Text)}  # fmt: skip
        yield f"similar {name}", api.call("POST", f"{path}/similar", {"values": values}).text
    fields = (about or {"fields": []})["fields"]
    columns = [one["name"] for one in fields if one["type"] != "password" and "for_new" not in one]
    if {"export", "print"} <= set((about or {"rights": []})["rights"]):
        yield f"export {name}", exported(api, name, columns)
        yield f"export {name} by id", exported(api, name, columns, ids)
        yield f"print {name}", printed(api, name, columns[:8])
        yield f"print {name} by id", printed(api, name, columns[:8], ids)


def _about_row(world: World, definition: Definition, row: Planted) -> Iterator[tuple[str, str]]:
    path = f"/api/records/{row.module}/{row.id}"
    for tail in ("", "/history", "/related"):
        yield _asked(world.api, path + tail)
    for kind in ("files", "comments"):
        yield _asked(world.api, f"/api/{kind}/{row.module}/{row.id}")
    for tail in ("content", "thumbnail"):
        yield _asked(world.api, f"/api/file/{row.id}/{tail}")
    for tab in definition.module.related:
        yield _asked(world.api, f"{path}/related/{tab.module}-{tab.field}", limit=500)
    for trail in definition.module.trails:
        yield _asked(world.api, f"{path}/trail/{trail.name}", limit=200)


WRITES: Final = ("add", "edit", "delete", "post", "cancel", "approve", "import")


def allowed(definition: Definition, action: str, words: str, special: str) -> bool:
    """What ought to be allowed, told from the declaration alone."""
    module = definition.module
    if not {action, "view"} <= set(words.split()) or action not in VERBS:
        return False
    if module.view_right and module.view_right not in special.split():
        return False
    if action in WRITES and not (module.writable and (module.edit_right or "") in ("", *special.split())):
        return False
    if action in ("post", "cancel", "approve") and not module.document:
        return False
    return not ((module.single and action in ("add", "delete")) or (action == "import" and _has_no_import(definition)))


def _has_no_import(definition: Definition) -> bool:
    document = definition.module.document
    return definition.module.single or (document is not None and document.imports is None)
