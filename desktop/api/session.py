"""First start, login, password, modules."""

from typing import Any

from .. import __version__, accounts
from ..engine import describe
from ..errors import BadRequest, Forbidden
from ..jobs import Job
from . import shapes
from .http import Call, Routes

routes = Routes()
LAST_LOGIN = "last-login"


@routes.add("GET", "/api/session", "What the login screen needs", shapes.SessionAnswer, public=True)
def session(call: Call) -> dict[str, Any]:
    desk = call.desk
    body: dict[str, Any] = {
        "initialized": desk.workstation.initialized,
        "signed_in": call.is_signed_in,
        "company": "",
        "machine": "",
        "version": __version__,
        "mode": desk.host.mode,
        "data_dir": str(desk.workstation.folder) if call.is_signed_in else "",
        "departments": [],
    }
    if not body["initialized"]:
        return body
    with call.engine.db.read() as db:
        me = call.engine.applier.me(db)
        last = db.execute("SELECT value FROM ui_state WHERE operator = '' AND key = ?", (LAST_LOGIN,)).fetchone()
    company = accounts.company_name(call.engine)
    body |= {"company": company, "machine": me.code, "departments": accounts.departments(call.engine)}
    if last:
        department, _, user = str(last[0]).partition("\n")
        body["last"] = {"department": department, "user": user}
    if call.is_signed_in:
        body["operator"] = accounts.about(call.engine, call.principal.operator)
    return body


@routes.add("POST", "/api/session", "Log in", shapes.SessionAnswer, body=shapes.Login, public=True,
            errors=(401, 403, 429))  # fmt: skip
def log_in(call: Call) -> dict[str, Any]:
    if not call.desk.workstation.initialized:
        raise BadRequest("还没有完成首次设置")
    login: shapes.Login = call.body
    before = call.desk.operator
    call.desk.operator = accounts.sign_in(call.engine, login.department, login.user, login.password)
    if before not in (None, call.desk.operator):
        call.engine.bus.emit({"type": "session"})
    _remember(call, login.department, login.user.strip())
    return session(call)


def _remember(call: Call, department: str, user: str) -> None:
    with call.engine.db.write() as db:
        db.execute(
            "INSERT OR REPLACE INTO ui_state VALUES ('', ?, ?, strftime('%Y-%m-%dT%H:%M:%fZ'))",
            (LAST_LOGIN, f"{department}\n{user}"),
        )


@routes.add("DELETE", "/api/session", "Log out", shapes.SessionAnswer, public=True)
def log_out(call: Call) -> dict[str, Any]:
    call.desk.operator = None
    call.engine.bus.emit({"type": "session"})
    return session(call)


@routes.add("POST", "/api/session/password", "Change one's own password", shapes.OkAnswer, body=shapes.PasswordChange,
            always=True, errors=(422, 429))  # fmt: skip
def change_password(call: Call) -> dict[str, Any]:
    accounts.change_password(call.engine, call.principal, call.body.old, call.body.new)
    return {"ok": True}


@routes.add(
    "POST",
    "/api/setup",
    "First start: company, branch, department, administrator",
    shapes.SessionAnswer,
    body=shapes.Setup,
    public=True,
)
def set_up(call: Call) -> dict[str, Any]:
    asked: shapes.Setup = call.body
    if call.desk.workstation.initialized:
        raise Forbidden("首次设置已经完成，请直接登录")
    first = accounts.FirstStart(
        company=asked.company, branch=asked.branch, branch_code=asked.branch_code, department=asked.department,
        name=asked.name, login_name=asked.login_name, password=asked.password,
    )  # fmt: skip
    call.desk.operator = accounts.set_up(call.desk.workstation, first)
    department = accounts.about(call.engine, call.desk.operator)["department"]
    _remember(call, department, asked.login_name.strip())
    if asked.demo:
        _start_demo(call, asked.demo)
    return session(call)


def _start_demo(call: Call, customers: int) -> None:
    from ..demo import fill

    job = Job("demo", "装入演示数据", owner=call.desk.operator or "")
    documents = min(customers // 2, 200)
    call.desk.workstation.jobs.start(
        job, lambda running: fill(call.engine, customers, progress=running.step, documents=documents)
    )


@routes.add("GET", "/api/modules", "The declarations, after rights", shapes.ModulesAnswer)
def modules(call: Call) -> dict[str, Any]:
    return describe.modules(call.engine, call.principal)
