"""The local server: this machine only, quick on small answers, orderly at the end."""

from __future__ import annotations

import http.client
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from desktop.api.guard import Guard
from desktop.server import LocalServer, PortTaken

Begin = Callable[..., Any]
SMALL_ANSWER_MS_MAX = 20.0


def say_ok(_environ: dict[str, Any], begin: Begin) -> Iterable[bytes]:
    begin("200 OK", [("Content-Type", "application/json"), ("Content-Length", "11")])
    return [b'{"ok":true}']


@pytest.fixture
def server() -> Iterator[LocalServer]:
    made = LocalServer(say_ok, Guard())
    made.start()
    yield made
    made.stop()


def test_small_answers_on_a_kept_connection_are_quick(server: LocalServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    taken_ms = []
    for _ in range(200):
        started = time.perf_counter()
        connection.request("GET", "/")
        connection.getresponse().read()
        taken_ms.append((time.perf_counter() - started) * 1000)
    connection.close()
    # A delayed acknowledgement (Nagle) would show as 40 ms in nearly all of them, however busy the machine is.
    assert statistics.quantiles(taken_ms, n=10)[0] < SMALL_ANSWER_MS_MAX


def test_bound_to_this_machine_only(server: LocalServer) -> None:
    assert server._server.effective_host == "127.0.0.1"


def test_port_in_use_is_said_so(server: LocalServer) -> None:
    with pytest.raises(PortTaken):
        LocalServer(say_ok, Guard(), server.port)


def test_guard_knows_the_port_before_the_first_request() -> None:
    guard = Guard()
    made = LocalServer(say_ok, guard)
    assert guard.port == made.port > 0
    made.start()
    made.stop()


def test_stop_lets_a_request_finish() -> None:
    entered = threading.Event()

    def slow(_environ: dict[str, Any], begin: Begin) -> Iterable[bytes]:
        entered.set()
        time.sleep(0.4)
        begin("200 OK", [("Content-Length", "4")])
        return [b"done"]

    server = LocalServer(slow, Guard())
    server.start()
    answers: list[bytes] = []

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        connection.request("GET", "/")
        answers.append(connection.getresponse().read())
        connection.close()

    asking = threading.Thread(target=ask)
    asking.start()
    assert entered.wait(5)
    server.stop()
    asking.join(5)
    assert answers == [b"done"]
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", server.port), 2):
        pass


def test_stop_does_not_wait_forever_for_a_stream() -> None:
    entered = threading.Event()

    def stream(_environ: dict[str, Any], begin: Begin) -> Iterable[bytes]:
        begin("200 OK", [("Content-Type", "text/event-stream")])
        entered.set()
        for _ in range(100):
            yield b": still here\n\n"
            time.sleep(0.1)

    server = LocalServer(stream, Guard())
    server.start()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    connection.request("GET", "/")
    assert entered.wait(5)
    started = time.monotonic()
    server.stop()
    assert time.monotonic() - started < 8
    connection.close()
