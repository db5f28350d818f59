"""The local HTTP server: bound to this machine only, on a port the system picks, stopped in order."""

from __future__ import annotations

import logging
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any, cast

from waitress import wasyncore
from waitress.server import TcpWSGIServer, create_server

from desktop.api.guard import UPLOAD_BYTES_MAX, Guard

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

THREADS = 24
"""More than there are streams of events (engine.events), so that calls are always answered."""
STOP_S = 3
# Above the guard's limit, so that the guard can still answer in words.
_RECEIVED_BYTES_MAX = 2 * UPLOAD_BYTES_MAX


class PortTaken(Exception):
    """The port asked for belongs to another program."""


class LocalServer:
    """Bound when made, so that `guard.port` is true before the first request; answers after `start()`."""

    def __init__(self, app: WsgiApp, guard: Guard, port: int = 0) -> None:
        server = create_server(
            app,
            sockets=[_bind(port)],
            threads=THREADS,
            ident="",
            clear_untrusted_proxy_headers=True,
            max_request_body_size=_RECEIVED_BYTES_MAX,
        )
        assert isinstance(server, TcpWSGIServer)  # one address, so one socket
        # The stubs know little of it: the accept switch, the trigger and the map of sockets are used below.
        self._server = cast(Any, server)
        self.port = int(self._server.effective_port)
        guard.port = self.port
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    def start(self) -> None:
        # A line in the log about two requests waiting helps nobody.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._thread.start()

    def stop(self) -> None:
        """No new connections; requests under way get a moment to finish and to be sent."""
        self._server.accepting = False
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=STOP_S)
        self._ended.set()
        if self._thread.is_alive():
            self._server.pull_trigger()
            self._thread.join(STOP_S)
        # Only now: closing would race with the thread's poll, and pulling the trigger with a closing by the thread.
        if not self._thread.is_alive():
            wasyncore.close_all(self._server._map, ignore_all=True)

    def _run(self) -> None:
        while not self._ended.is_set():
            wasyncore.loop(timeout=1, map=self._server._map, count=1, use_poll=True)


def _bind(port: int) -> socket.socket:
    """A socket on this machine's own address: nothing on the network can reach it."""
    made = socket.socket()
    try:
        if sys.platform == "win32":
            # There, reuse would let another program listen on our port beside us.
            made.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(("127.0.0.1", port))
    except (OSError, OverflowError) as error:
        made.close()
        raise PortTaken(port) from error
    return made
