"""What customers stand on: the office with its people, and the dictionaries with cities, groups and tags."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any

from sync_server.replication.changeset import Op, Scalar

from ..engine.define import seed_id
from ..engine.engine import Engine
from ..engine.fields.password import hash_password
from ..engine.ids import new_id
from ..engine.numbering import draw, master_number
from ..engine.registry import Link
from ..engine.saving import branch_code
from . import people, words

PASSWORD = "demo1234"
"""What the operators of the demonstration data log in with; printed when they are made."""

OPERATORS = 6
_DEPARTMENTS = ("销售一部", "销售二部", "采购部", "客服部", "财务部", "仓储部")
_BRANCH_DEPARTMENTS = ("销售部", "客服部")


@dataclass(frozen=True)
class Person:
    """An employee as far as customers need one."""

    id: str
    name: str
    department: str


@dataclass
class Ground:
    """Ids of everything that parties refer to."""

    random: Random
    today: date
    actor: str
    branch: str | None
    words: dict[str, dict[str, str]]
    """Dictionary → entry → id."""
    slots: dict[str, str]
    settlements: dict[str, str]
    regions: dict[tuple[str, str], str]
    """(province, city) → id."""
    groups: dict[str, str]
    links: Mapping[str, Link]
    tags: list[str] = field(default_factory=list)
    sellers: list[Person] = field(default_factory=list)
    buyers: list[Person] = field(default_factory=list)

    def word(self, dictionary: str, name: str) -> str | None:
        """An entry by name; users may have deleted it."""
        return self.words.get(dictionary, {}).get(name)

    def any_word(self, dictionary: str) -> str | None:
        entries = self.words.get(dictionary)
        return self.random.choice(list(entries.values())) if entries else None

    def link(self, table: str, record: str, target: str) -> Op:
        """An element of a set."""
        return Op(table, self.links[table].id_of(record, target), "ins", {"record": record, "target": target})

    def op(self, table: str, id: str, values: dict[str, Scalar], **more: Scalar) -> Op:
        """A new row as saving would make it: columns that hold something, and the branch of this machine."""
        own = {} if table in ("department", "machine") else {"branch": self.branch}
        columns = {**values, **more, **own}
        return Op(table, id, "ins", {name: value for name, value in columns.items() if value is not None})


def number(engine: Engine, db: sqlite3.Connection, ops: Sequence[Op], prefix: str) -> None:
    """Draws the numbers of new rows, all at once, in the saving transaction."""
    if not ops:
        return
    me = engine.applier.me(db)
    branch = branch_code(db, me.branch)
    first = draw(db, prefix, branch, me.code, count=len(ops))
    for seq, op in enumerate(ops, first):
        assert isinstance(op.set, dict)
        op.set["code"] = master_number(prefix, branch, me.code, seq)


def lay(engine: Engine, random: Random, today: date, customers: int) -> tuple[Ground, list[Op]]:
    """The ground and the rows that were missing. What is there already is used again."""
    with engine.db.read() as db:
        ground = _read(engine, db, random, today)
        ops = [*_lay_groups(db, ground), *_lay_regions(db, ground), *_lay_tags(db, ground)]
        ops += _lay_office(db, ground, people_count=min(60, max(20, customers // 2000)))
    return ground, ops


def _read(engine: Engine, db: sqlite3.Connection, random: Random, today: date) -> Ground:
    entries: dict[str, dict[str, str]] = {}
    slots: dict[str, str] = {}
    for row in _live(db, "dict_item", "sort, name, id"):
        if not row["is_stopped"]:
            entries.setdefault(row["list"], {})[row["name"]] = row["id"]
            slots[row["id"]] = row["price_slot"]
    return Ground(
        random=random,
        today=today,
        actor=_administrator(db),
        branch=engine.applier.me(db).branch,
        words=entries,
        slots=slots,
        settlements={row["name"]: row["id"] for row in _live(db, "settlement_method", "sort, name, id")},
        regions={},
        groups={row["name"]: row["id"] for row in _live(db, "customer_group", "sort, name, id")},
        links=engine.registry.links,
    )


def _live(db: sqlite3.Connection, table: str, order: str) -> Iterable[sqlite3.Row]:
    return db.execute(f"SELECT * FROM {table} WHERE deleted_at IS NULL ORDER BY {order}").fetchall()


def _administrator(db: sqlite3.Connection) -> str:
    """Whose name the history shows: the first administrator's."""
    (id,) = db.execute(
        "SELECT o.id FROM operator o JOIN operator_roles l ON l.record = o.id AND l.deleted_at IS NULL "
        "WHERE l.target = ? AND o.deleted_at IS NULL ORDER BY o.row LIMIT 1",
        (seed_id("role", "admin"),),
    ).fetchone()
    return str(id)


# -------------------------------------------------------------- dictionaries


def _lay_groups(db: sqlite3.Connection, ground: Ground) -> list[Op]:
    ops: list[Op] = []
    for parent, names in words.GROUPS.items():
        if parent not in ground.groups:
            ground.groups[parent] = new_id()
            ops.append(ground.op("customer_group", ground.groups[parent], {"name": parent, "is_default": 0}))
        for place, name in enumerate(names, 1):
            if name not in ground.groups:
                ground.groups[name] = new_id()
                values: dict[str, Scalar] = {
                    "name": name, "parent": ground.groups[parent], "sort": place * 10, "is_default": 0,
                }  # fmt: skip
                ops.append(ground.op("customer_group", ground.groups[name], values))
    return ops


def _lay_regions(db: sqlite3.Connection, ground: Ground) -> list[Op]:
    rows = _live(db, "region", "sort, name, id")
    names = {row["id"]: row["name"] for row in rows}
    ground.regions = {(names.get(row["parent"], ""), row["name"]): row["id"] for row in rows}
    provinces = {row["name"]: row["id"] for row in rows if row["level"] == 2}
    ops: list[Op] = []
    for place, city in enumerate(words.CITIES, 1):
        key = (city.province, city.name)
        if key in ground.regions:
            continue
        ground.regions[key] = new_id()
        values: dict[str, Scalar] = {
            "name": city.name, "parent": provinces.get(city.province), "code": city.area_code, "level": 3,
            "sort": place * 10,
        }  # fmt: skip
        ops.append(ground.op("region", ground.regions[key], values))
    return ops


def _lay_tags(db: sqlite3.Connection, ground: Ground) -> list[Op]:
    known = {row["name"]: row["id"] for row in _live(db, "tag", "name, id")}
    ops: list[Op] = []
    for name in words.TAGS:
        if name not in known:
            known[name] = new_id()
            ops.append(ground.op("tag", known[name], {"name": name, "is_stopped": 0}))
    ground.tags = [known[name] for name in sorted(known)]
    return ops


# ------------------------------------------------------------------- office


def _lay_office(db: sqlite3.Connection, ground: Ground, people_count: int) -> list[Op]:
    """Branches, departments, employees and operators, unless an earlier run has left its salespeople."""
    ground.sellers = _staff(db, "销售")
    ground.buyers = _staff(db, "采购")
    if ground.sellers and ground.buyers:
        return []
    branches, ops = _branches(db, ground)
    departments: list[tuple[str, str]] = []
    for branch in branches:
        names = _DEPARTMENTS if branch == branches[0] else _BRANCH_DEPARTMENTS
        for place, name in enumerate(names, 1):
            departments.append((new_id(), name))
            values: dict[str, Scalar] = {"name": name, "branch": branch, "sort": place * 10}
            ops.append(ground.op("department", departments[-1][0], values))
    employees = _employees(db, ground, departments, people_count)
    ops += employees
    ground.sellers = _of(employees, departments, "销售")
    ground.buyers = _of(employees, departments, "采购")
    return [*ops, *_operators(ground)]


def _staff(db: sqlite3.Connection, department: str) -> list[Person]:
    rows = db.execute(
        "SELECT e.id, e.name, e.department FROM employee e JOIN department d ON d.id = e.department "
        "WHERE e.deleted_at IS NULL AND d.deleted_at IS NULL AND e.state IN ('trial', 'regular') "
        "AND d.name LIKE ? ORDER BY e.code, e.id",
        (f"{department}%部",),
    )
    return [Person(*row) for row in rows]


def _branches(db: sqlite3.Connection, ground: Ground) -> tuple[list[str], list[Op]]:
    """The machine's own branch first, then the new ones under codes nobody has."""
    taken = {row["code"] for row in _live(db, "branch", "code")}
    free = (code for code in (f"{n:02d}" for n in range(2, 100)) if code not in taken)
    ids = [ground.branch] if ground.branch else []
    ops: list[Op] = []
    for city_name, name in words.BRANCHES:
        city = next(city for city in words.CITIES if city.prefix == city_name)
        ids.append(new_id())
        values: dict[str, Scalar] = {
            "code": next(free), "name": name, "parent": ground.branch,
            "address": people.address(ground.random, city), "phone": people.landline(ground.random, city),
            "is_stopped": 0,
        }  # fmt: skip
        ops.append(ground.op("branch", ids[-1], values))
    return ids, ops


def _employees(db: sqlite3.Connection, ground: Ground, departments: list[tuple[str, str]], count: int) -> list[Op]:
    codes = [row["code"] for row in _live(db, "employee", "code")]
    names = {row["name"] for row in _live(db, "employee", "code")}
    first = max((int(code) for code in codes if code.isdigit()), default=0) + 1
    ops: list[Op] = []
    for place in range(count):
        name, gender = people.person(ground.random)
        while name in names:
            name, gender = people.person(ground.random)
        names.add(name)
        # every department gets somebody, the sales departments most
        department, kind = departments[place % len(departments)]
        if place >= len(departments) * 2:
            department, kind = ground.random.choice([one for one in departments if "销售" in one[1]])
        ops.append(_employee(ground, f"{first + place:03d}", name, gender, department, kind, place))
    return ops


_POSITIONS = {"销售": "业务员", "采购": "采购员", "客服": "客服", "财务": "会计", "仓储": "仓管员"}


def _employee(
    ground: Ground, code: str, name: str, gender: str, department: str, kind: str, place: int
) -> Op:  # fmt: skip
    random = ground.random
    state = "left" if place % 17 == 16 else "trial" if place % 13 == 12 else "regular"
    hired = people.day_before(random, ground.today, 90 if state == "trial" else 2_500)
    position = "主管" if place < 8 else _POSITIONS[kind[:2]]
    values: dict[str, Scalar] = {
        "code": code, "name": name, "department": department, "gender": gender, "state": state,
        "position": ground.word("position", position), "mobile": people.mobile(random), "hired_on": hired,
        "left_on": ground.today.isoformat() if state == "left" else None,
        "email": f"staff{code}@example.com",
        "education": ground.word("education", random.choice(("大专", "本科", "本科", "中专", "硕士"))),
    }  # fmt: skip
    values |= people.birthday(random, "birth", oldest=1970, youngest=2003, lunar=0.3)
    return ground.op("employee", new_id(), values)


def _of(employees: Sequence[Op], departments: list[tuple[str, str]], kind: str) -> list[Person]:
    names = dict(departments)
    return [
        Person(op.id, str(op.set["name"]), str(op.set["department"]))
        for op in employees
        if op.set["state"] != "left" and kind in names[str(op.set["department"])]
    ]


def _operators(ground: Ground) -> list[Op]:
    """Salespeople who can log in; the login window offers department and name."""
    ops: list[Op] = []
    sales, password = seed_id("role", "sales"), hash_password(PASSWORD)
    for person in ground.sellers[:OPERATORS]:
        id = new_id()
        values: dict[str, Any] = {
            "login_name": person.name, "employee": person.id, "department": person.department,
            "password": password, "is_stopped": 0, "must_change_password": 0,
        }  # fmt: skip
        ops.append(ground.op("operator", id, values))
        ops.append(ground.link("operator_roles", id, sales))
    return ops
