"""The stream of events: what changed, told to those who may know."""

import json
import queue
import time
from collections.abc import Iterator
from typing import Any

from flask import Response

from ..accounts import principal_of
from ..engine import query as q
from ..engine.access import scope_sql
from ..engine.engine import Engine
from ..engine.events import END
from ..errors import NotSignedIn
from .http import Call, Routes

routes = Routes()
SESSION = {"type": "session"}
_HEARTBEAT_S = 15


@routes.add("GET", "/api/events", "What changed, as it happens", None, media="text/event-stream")
def events(call: Call) -> Response:
    """Ends, after one last word, when somebody else is signed in than who opened it."""
    desk, operator = call.desk, call.principal.operator

    def stream() -> Iterator[bytes]:
        with desk.engine.bus.listen() as mine:
            yield b": hello\n\n"
            told = time.monotonic()
            while not desk.host.stopping.is_set():
                event = _next(mine)
                if desk.operator != operator:
                    event = SESSION
                if event is END:
                    return
                if event is not None and (shown := _shown_to(desk.engine, operator, event)) is not None:
                    yield b"data: " + json.dumps(shown, ensure_ascii=False).encode() + b"\n\n"
                    told = time.monotonic()
                elif time.monotonic() - told > _HEARTBEAT_S:
                    yield b": still here\n\n"
                    told = time.monotonic()
                if desk.operator != operator:
                    return

    return Response(stream(), mimetype="text/event-stream", headers={"X-Accel-Buffering": "no"})


def _next(mine: queue.Queue[dict[str, Any]]) -> dict[str, Any] | None:
    try:
        return mine.get(timeout=0.5)
    except queue.Empty:
        return None


def _shown_to(engine: Engine, operator: str, event: dict[str, Any]) -> dict[str, Any] | None:
    """What an operator hears of an event, by the rights he has now: jobs are their owner's, changes those of modules he
    may view, without ids where some rows are held back from him."""
    if event.get("to", operator) != operator:
        return None
    if event["type"] != "changed":
        return {name: value for name, value in event.items() if name != "to"}
    try:
        principal = principal_of(engine, operator)
    except NotSignedIn:
        return SESSION
    if not principal.may("view", event["module"]) or event["module"] not in engine.registry:
        return None
    is_open = scope_sql(engine.registry, engine.registry[event["module"]], principal, q.T) is None
    return event if is_open else event | {"ids": []}
