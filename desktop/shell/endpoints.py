"""What the page and a second start of the program may ask of the window."""

from __future__ import annotations

import threading
from typing import Any

from flask import Blueprint, Response, jsonify, request

from desktop.api.guard import CONTROL_PATH, Guard
from desktop.errors import BadRequest
from desktop.shell.host import DesktopHost

UNSAVED_MAX = 50
# Long enough for the answer to reach the page before the server closes.
QUIT_AFTER_S = 0.15


def blueprint(guard: Guard, host: DesktopHost) -> Blueprint:
    routes = Blueprint("desktop", __name__)

    @routes.post("/api/desktop/quit")
    def quit_program() -> Response:
        timer = threading.Timer(QUIT_AFTER_S, host.quit)
        timer.daemon = True
        timer.start()
        return jsonify(ok=True)

    @routes.post("/api/desktop/dirty")
    def report_unsaved() -> Response:
        body: Any = request.get_json(silent=True)
        if not _is_report(body):
            raise BadRequest(detail="dirty: true/false, what: [text]")
        host.closing.report(body["dirty"], tuple(body.get("what", ())[:UNSAVED_MAX]))
        return jsonify(ok=True)

    @routes.post(CONTROL_PATH)
    def focus() -> tuple[Response, int]:
        if not guard.is_control(request.headers.get("X-ECMS-Control", "")):
            return jsonify(), 401
        host.focus()
        url = guard.new_launch_url() if host.mode == "browser" else ""
        return jsonify(mode=host.mode, url=url), 200

    return routes


def _is_report(body: Any) -> bool:
    if not isinstance(body, dict) or not isinstance(body.get("dirty"), bool):
        return False
    what = body.get("what", [])
    return isinstance(what, list) and all(isinstance(name, str) for name in what)
