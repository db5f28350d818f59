"""First start, login and rights of the signed-in operator: the one place that knows how people are stored."""

import platform
import sqlite3
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any
from uuid import uuid4

from sync_server.replication.changeset import Op, Scalar

from . import rights
from .engine.access import Principal
from .engine.define import seed_id
from .engine.engine import Engine
from .engine.fields.moment import instant, today
from .engine.fields.password import hash_password, password_fault, verify_password
from .engine.ids import new_id
from .engine.records import save
from .engine.settings import settings_of
from .errors import Invalid, LoginElsewhere, LoginFailed, LoginWait, NotSignedIn
from .sync.identity import base_code
from .sync.rounds import about_me
from .workstation import Workstation

LONE_CODE = "A1"
"""Machine code of a workstation that belongs to no server yet (T19)."""
FREE_TRIES = 3
WAIT_MAX_S = 60


@dataclass(frozen=True)
class FirstStart:
    """What the first-start assistant asks."""

    company: str
    branch: str
    branch_code: str
    department: str
    name: str
    login_name: str
    password: str


def set_up(workstation: Workstation, first: FirstStart) -> str:
    """Company, branch, department, employee and administrator, as one transaction; returns the operator's id.

    Raises `Invalid` with the assistant's own field names.
    """
    _check_first(first)
    engine = workstation.engine
    with engine.db.write() as db:
        if workstation.initialized:
            raise Invalid({"company": "首次设置已经完成，请直接登录"})
        if db.execute("SELECT 1 FROM sync_self").fetchone():
            raise Invalid({"company": "这台电脑正在加入一家公司，等数据收完就可以登录"})
        _introduce_machine(db)
        founder = Principal(operator=new_id(), everything=True)
        ids = _found_company(engine, founder, first)
        db.execute("UPDATE sync_self SET branch = ?", (ids["branch"],))
        return ids["operator"]


def _check_first(first: FirstStart) -> None:
    wrong: dict[str, str] = {}
    words = {
        "company": "公司名称",
        "branch": "分公司名称",
        "branch_code": "编号",
        "department": "部门",
        "name": "姓名",
        "login_name": "用户名",
    }
    for field, label in words.items():
        if not getattr(first, field).strip():
            wrong[field] = f"请填写「{label}」"
    fault = password_fault(first.password, first.login_name)
    if fault:
        wrong["password"] = fault
    if wrong:
        raise Invalid(wrong)


def _introduce_machine(db: sqlite3.Connection) -> None:
    replica = uuid4().hex
    db.execute("INSERT INTO replica (uuid, code) VALUES (?, ?)", (replica, LONE_CODE))
    db.execute(
        "INSERT INTO sync_self (db_uuid, replica, code, last_n, last_h, hlc, schema) VALUES (?, ?, ?, 0, x'', 0, 1)",
        (uuid4().hex, replica, LONE_CODE),
    )


_ASKED_AS = {"company_profile.name": "company", "branch.name": "branch", "branch.code": "branch_code",
             "department.name": "department", "employee.name": "name", "operator.login_name": "login_name",
             "operator.password": "password"}  # fmt: skip


def _found_company(engine: Engine, founder: Principal, first: FirstStart) -> dict[str, str]:
    ids: dict[str, str] = {}

    def put(module: str, values: Mapping[str, Any], id: str | None = None) -> None:
        try:
            fresh = founder.operator if module == "operator" else None
            result, _ = save(engine, founder, module, values, id=id, system=True, fresh_id=fresh)
        except Invalid as error:
            raise Invalid(
                {_ASKED_AS.get(f"{module}.{name}", "company"): text for name, text in error.fields.items()}
            ) from None
        ids[module] = result["row"]["id"]

    put("company_profile", {"name": first.company, "start_on": today()}, seed_id("company_profile", "company"))
    put("branch", {"code": first.branch_code.upper(), "name": first.branch})
    put("department", {"name": first.department, "branch": ids["branch"]})
    put("employee", {"code": "001", "name": first.name, "department": ids["department"], "hired_on": today()})
    put("machine", {"code": LONE_CODE, "name": platform.node()[:40] or "第一台", "branch": ids["branch"]})
    put(
        "operator",
        {
            "login_name": first.login_name,
            "employee": ids["employee"],
            "department": ids["department"],
            "roles": [seed_id("role", "admin")],
            "password": first.password,
        },
    )
    return ids


# ---------------------------------------------------------------------- login


def departments(engine: Engine) -> list[dict[str, Any]]:
    """What the login window lists: departments with their users. Nothing else leaves before a password is given.

    Departments of one name are told apart by their branch.
    """
    with engine.db.read() as db:
        rows = db.execute(
            "SELECT d.id, d.name, b.name, o.login_name FROM operator o JOIN department d ON d.id = o.department "
            "LEFT JOIN branch b ON b.id = d.branch "
            "WHERE o.deleted_at IS NULL AND d.deleted_at IS NULL AND COALESCE(o.is_stopped, 0) = 0 "
            "AND (o.valid_until IS NULL OR o.valid_until >= ?) ORDER BY d.sort, d.pinyin, o.pinyin",
            (today(),),
        ).fetchall()
    found: dict[str, dict[str, Any]] = {}
    places = {id: name for id, name, _, _ in rows}
    for id, name, branch, user in rows:
        is_alone = sum(one == name for one in places.values()) == 1
        shown = name if is_alone or not branch else f"{name}（{branch}）"
        found.setdefault(id, {"id": id, "name": shown, "users": []})["users"].append(user)
    return list(found.values())


def sign_in(engine: Engine, department: str, user: str, password: str, now: float | None = None) -> str:
    """The operator's id. Raises `LoginFailed` (alike for a wrong password and an unknown user, in answer and time),
    `LoginWait` while the delay after several wrong tries lasts, and, to who knows the password, `LoginElsewhere`."""
    now = time.time() if now is None else now
    login = _login(department, user)
    with engine.db.write() as db:
        _wait_over(db, login, now)
        row = db.execute(
            "SELECT id, password FROM operator WHERE department = ? AND login_name = ? AND deleted_at IS NULL "
            "AND COALESCE(is_stopped, 0) = 0 AND (valid_until IS NULL OR valid_until >= ?)",
            (department, user.strip(), today()),
        ).fetchone()
        # Counted before the answer is known, so that tries sent at once cannot all slip through.
        failed = _count_try(db, login, now)
    decoy = _decoy()  # the first attempt makes it whoever it names, so that it says nothing either
    if not (verify_password(row["password"] if row and row["password"] else decoy, password) and row):
        raise LoginFailed(wait_s=_wait_s(failed))
    with engine.db.write() as db:
        _forget_tries(db, login)
        if not _may_use_machine(engine, db, row["id"]):
            raise LoginElsewhere
    return str(row["id"])


@cache
def _decoy() -> str:
    """What the password of a user whom nobody knows is compared with."""
    return hash_password("no such user has this password")


def _may_use_machine(engine: Engine, db: sqlite3.Connection, operator: str) -> bool:
    """Whether this machine is one of the operator's; who has none may use the shared ones of his branch and the
    personal one that joined for him, an administrator any."""
    me = engine.applier.me(db)
    # After a restore the code has a suffix; it still is the machine that was founded or joined under the plain one.
    here = db.execute(
        "SELECT id, branch, kind FROM machine WHERE deleted_at IS NULL AND (id = ? OR code IN (?, ?)) "
        "ORDER BY id = ? DESC, code = ? DESC",
        (about_me(db).get("machine"), me.code, base_code(me.code), about_me(db).get("machine"), me.code),
    ).fetchone()
    own = {
        row[0]
        for row in db.execute(
            "SELECT target FROM operator_machines WHERE record = ? AND deleted_at IS NULL", (operator,)
        )
    }
    if own or here is None:
        return here["id"] in own if here else not own
    if base_code(me.code) == LONE_CODE or _has_all_rights(db, operator):
        return True
    login, branch = db.execute(
        "SELECT o.login_name, d.branch FROM operator o LEFT JOIN department d ON d.id = o.department WHERE o.id = ?",
        (operator,),
    ).fetchone()
    if here["kind"] == "shared":
        return here["branch"] in (None, branch)
    return bool(login == about_me(db).get("user"))


def _has_all_rights(db: sqlite3.Connection, operator: str) -> bool:
    sql = (
        "SELECT 1 FROM operator_roles l JOIN role r ON r.id = l.target WHERE l.record = ? AND l.deleted_at IS NULL "
        "AND r.deleted_at IS NULL AND r.all_rights = 1"
    )
    return db.execute(sql, (operator,)).fetchone() is not None


def settle_in(engine: Engine, about: Mapping[str, Any]) -> None:
    """What a machine says of itself when it has joined a company: its row under 机器, and the branch it stands in.

    `about` is what the server said: {machine: id, code, kind, branch: code}. Twice does no harm.
    """
    with engine.db.write() as db:
        me = engine.applier.me(db)
        branch = db.execute(
            "SELECT id FROM branch WHERE code = ? AND deleted_at IS NULL ORDER BY row", (about.get("branch"),)
        ).fetchone()
        if me.branch is None and branch is not None:
            db.execute("UPDATE sync_self SET branch = ?", (branch[0],))
        known = db.execute("SELECT 1 FROM machine WHERE code = ? AND deleted_at IS NULL", (me.code,)).fetchone()
        if known is not None:
            return
        values: dict[str, Scalar] = {
            "code": me.code, "name": platform.node()[:40] or me.code, "branch": branch[0] if branch else None,
            "kind": str(about.get("kind") or "shared"), "enrolled_at": instant(datetime.now(UTC)), "state": "active",
        }  # fmt: skip
        op = Op("machine", str(about["machine"]), "ins", {k: v for k, v in values.items() if v is not None})
        changed = engine.applier.local([op], actor="", act="machine.join")
    engine.tell(changed)


def _login(department: str, user: str) -> str:
    """What wrong tries are counted by: also names that nobody has."""
    return f"{department}\n{user.strip()}"


def _forget_tries(db: sqlite3.Connection, login: str) -> None:
    db.execute("DELETE FROM login_try WHERE login = ?", (login,))


def _wait_over(db: sqlite3.Connection, login: str, now: float) -> None:
    row = db.execute("SELECT until FROM login_try WHERE login = ?", (login,)).fetchone()
    if row and now < row[0] <= now + WAIT_MAX_S:
        raise LoginWait(wait_s=max(1, round(row[0] - now)))


def _wait_s(failed: int) -> int:
    """1, 2, 4 … 60 seconds after the third wrong try: growing, never a lock."""
    return 0 if failed < FREE_TRIES else min(WAIT_MAX_S, 2 ** min(failed - FREE_TRIES, 10))


def _count_try(db: sqlite3.Connection, login: str, now: float) -> int:
    row = db.execute("SELECT failed FROM login_try WHERE login = ?", (login,)).fetchone()
    failed = (row[0] if row else 0) + 1
    db.execute("INSERT OR REPLACE INTO login_try VALUES (?, ?, ?)", (login, failed, now + _wait_s(failed)))
    db.execute("DELETE FROM login_try WHERE until < ?", (now - 86_400,))
    return failed


def change_password(engine: Engine, principal: Principal, old: str, new: str) -> None:
    """The signed-in operator's own password. Raises `Invalid` at `old` or `new`, and `LoginWait`: whoever sits down at
    an open window guesses no faster than at the login."""
    now = time.time()
    with engine.db.write() as db:
        row = db.execute(
            "SELECT department, login_name, password FROM operator WHERE id = ?", (principal.operator,)
        ).fetchone()
        login = _login(row["department"], row["login_name"])
        _wait_over(db, login, now)
        failed = _count_try(db, login, now)
    if not verify_password(row["password"], old):
        raise Invalid({"old": "原密码不对"}, wait_s=_wait_s(failed))
    with engine.db.write() as db:
        _forget_tries(db, login)
    fault = password_fault(new, row["login_name"])
    if fault:
        raise Invalid({"new": fault})
    save(
        engine,
        principal,
        "operator",
        {"password": new, "must_change_password": False},
        id=principal.operator,
        system=True,
    )


# ------------------------------------------------------------------ principal


def principal_of(engine: Engine, operator: str) -> Principal:
    """The operator with the union of the rights of all roles and the widest scope.

    Asked for every request and known until anything is written, so a change of rights holds from the next one on (O3).
    Raises `NotSignedIn` for an operator who has been stopped or deleted meanwhile.
    """
    with engine.db.read() as db:
        memory, asked = engine.db.memory(db), ("principal", operator, day := today())
        found: Principal | None = memory.get(asked)
        if found is None:
            found = memory[asked] = _read_principal(engine, db, operator, day)
    return found


def _read_principal(engine: Engine, db: sqlite3.Connection, operator: str, day: str) -> Principal:
    row = db.execute(
        "SELECT o.employee, o.department, d.branch "
        "FROM operator o LEFT JOIN department d ON d.id = o.department "
        "WHERE o.id = ? AND o.deleted_at IS NULL AND COALESCE(o.is_stopped, 0) = 0 "
        "AND (o.valid_until IS NULL OR o.valid_until >= ?)",
        (operator, day),
    ).fetchone()
    if row is None:
        raise NotSignedIn("这个用户已停用，请用别的用户登录")
    roles = db.execute(
        "SELECT r.id, r.all_rights, r.data_scope, r.hide_prices FROM operator_roles l "
        "JOIN role r ON r.id = l.target WHERE l.record = ? AND l.deleted_at IS NULL AND r.deleted_at IS NULL",
        (operator,),
    ).fetchall()
    granted = rights.of_roles(db, roles)
    return Principal(
        operator=operator,
        employee=row["employee"],
        department=row["department"],
        departments_below=_below(db, row["department"]),
        branch=row["branch"],
        rights=rights.opened(engine.registry, granted),
        scopes=granted.scopes,
        special=granted.special,
        everything=granted.everything,
        strict=_strict(engine, db),
        no_prices=granted.no_prices,
        colleagues=partial(_colleagues, engine, operator),
    )


def _strict(engine: Engine, db: sqlite3.Connection) -> frozenset[str]:
    """The settings that ask for more rights, of those that fields name."""
    named, settings = engine.registry.guarding, settings_of(db)
    return frozenset(key for key in named if settings[engine.registry.settings[key]])


def _colleagues(engine: Engine, operator: str) -> Iterator[Principal]:
    """All others who may sign in."""
    with engine.db.read() as db:
        ids = [row[0] for row in db.execute("SELECT id FROM operator WHERE id != ? ORDER BY row", (operator,))]
    for id in ids:
        try:
            yield principal_of(engine, id)
        except NotSignedIn:
            continue


def _below(db: sqlite3.Connection, department: str | None) -> tuple[str, ...]:
    """A department and all below it. A circle that two machines closed is cut at its smallest id, or everybody in it
    would be above everybody else (modules.md 0.4)."""
    if department is None:
        return ()
    above = dict(db.execute("SELECT id, parent FROM department WHERE deleted_at IS NULL").fetchall())
    way = [department]
    while (up := above.get(way[-1])) is not None and up not in way:
        way.append(up)
    if up is not None:
        above[min(way[way.index(up) :])] = None
    found = [department]
    for one in found:
        found += [id for id, parent in above.items() if parent == one]
    return tuple(found)


def must_change_password(engine: Engine, operator: str) -> bool:
    """Whether an operator was given a password by somebody else, which he may only replace."""
    with engine.db.read() as db:
        memory, asked = engine.db.memory(db), ("must_change_password", operator)
        found: bool | None = memory.get(asked)
        if found is None:
            row = db.execute("SELECT must_change_password FROM operator WHERE id = ?", (operator,)).fetchone()
            found = memory[asked] = bool(row and row[0])
    return found


def operator_names(engine: Engine) -> dict[str, str]:
    """Who an operator id is, in words: the employee's name."""
    with engine.db.read() as db:
        return dict(
            db.execute(
                "SELECT o.id, COALESCE(e.name, o.login_name) FROM operator o LEFT JOIN employee e ON e.id = o.employee"
            )
        )


def about(engine: Engine, operator: str) -> dict[str, Any]:
    """What the status bar says of the signed-in operator."""
    with engine.db.read() as db:
        row = db.execute(
            "SELECT o.id, o.login_name, o.employee, o.department, o.must_change_password, e.name, d.name AS "
            "department_name, "
            "b.name AS branch_name FROM operator o LEFT JOIN employee e ON e.id = o.employee "
            "LEFT JOIN department d ON d.id = o.department LEFT JOIN branch b ON b.id = d.branch WHERE o.id = ?",
            (operator,),
        ).fetchone()
    principal = principal_of(engine, operator)
    return {
        "id": row["id"],
        "name": row["name"] or row["login_name"],
        "login_name": row["login_name"],
        "employee": row["employee"],
        "department": row["department"],
        "department_name": row["department_name"] or "",
        "branch_name": row["branch_name"] or "",
        "is_admin": principal.everything,
        "must_change_password": bool(row["must_change_password"]),
        "special": sorted(principal.special),
    }


def company_name(engine: Engine, *, short: bool = False) -> str:
    """The company's name, for title bar, login and backups; its short one, where it has one and there is little
    room."""
    name = "COALESCE(short_name, name)" if short else "name"
    with engine.db.read() as db:
        row = db.execute(f"SELECT {name} FROM company_profile WHERE deleted_at IS NULL ORDER BY row LIMIT 1").fetchone()
    return str(row[0]) if row else ""
