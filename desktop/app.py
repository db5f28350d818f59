"""The local application: a visible list of routes, one error handler."""

import logging
import sqlite3
from collections.abc import Callable

from flask import Flask, Response
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule

from .api import desk as desk_routes
from .api import (
    documents,
    files,
    imports,
    labels,
    records,
    roles,
    session,
    statements,
    stream,
    surveys,
    templates,
    tidying,
)
from .api import settings as settings_routes
from .api import sync as sync_routes
from .api.guard import Guard, install
from .api.http import Desk, Route, json_response, serve
from .db import is_damage, is_full
from .errors import ApiError, Damaged, StorageFull
from .shell import endpoints
from .shell.host import DesktopHost
from .workstation import Workstation

log = logging.getLogger(__name__)

ROUTES: list[Route] = [
    *session.routes.routes,
    *records.routes.routes,
    *roles.routes.routes,
    *settings_routes.routes.routes,
    *templates.routes.routes,
    *tidying.routes.routes,
    *desk_routes.routes.routes,
    *imports.routes.routes,
    *files.routes.routes,
    *sync_routes.routes.routes,
    *documents.routes.routes,
    *statements.routes.routes,
    *surveys.routes.routes,
    *labels.routes.routes,
    *stream.routes.routes,
]
"""Every call of the API but the window's own (desktop/shell/endpoints.py)."""

_HTTP_TITLES = {
    400: "请求不正确",
    404: "没有这个地址",
    405: "这个地址不支持这种操作",
    413: "内容太大",
    415: "请求内容必须是 JSON",
}


class _Rule(Rule):
    """A route from addresses to handlers alone: nobody asks for the way back, and compiling it was most of the time
    that making the application took."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        def build(*_: object, **__: object) -> tuple[str, str]:
            raise LookupError("no addresses are built from routes")

        return build


def create_app(workstation: Workstation, guard: Guard, host: DesktopHost) -> Flask:
    """The application over an open data folder, behind the guard."""
    app = Flask("ecms", static_folder=None)
    app.url_rule_class = _Rule
    desk = Desk(workstation, host, ROUTES)
    workstation.jobs.sweep()
    workstation.uploads.sweep()
    workstation.blobs.sweep()
    install(app, guard)
    serve(app, desk)
    app.register_blueprint(endpoints.blueprint(guard, host))
    app.register_error_handler(Exception, _problem)
    host.closing.ask = lambda unsaved: _ask_to_quit(desk, unsaved)
    return app


def _ask_to_quit(desk: Desk, unsaved: tuple[str, ...]) -> bool:
    """Asks the page about unsaved work; false when no page listens."""
    if not desk.engine.bus.listening:
        return False
    desk.engine.bus.emit({"type": "ask-quit", "what": list(unsaved)})
    return True


def _problem(error: Exception) -> Response:
    """Any error as application/problem+json. What was not meant for people goes to the log."""
    if isinstance(error, HTTPException):
        status = error.code or 500
        title = _HTTP_TITLES.get(status, "请求没有成功")
        body = {"type": f"ecms:http-{status}", "code": f"http-{status}", "title": title, "status": status}
        return json_response(body, status, "application/problem+json")
    if isinstance(error, sqlite3.Error) and is_full(error):
        error = StorageFull()
    if is_damage(error):
        error = Damaged()
    if not isinstance(error, ApiError):
        log.exception("unexpected error", exc_info=error)
        error = _Unexpected()
    return json_response(error.problem(), error.status, "application/problem+json")


class _Unexpected(ApiError):
    status, code, title = 500, "unexpected", "程序出了问题，已记入日志。已保存的数据不受影响，请再试一次"
