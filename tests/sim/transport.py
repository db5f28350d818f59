"""The network of a run: real requests answered by the real server app, in memory, with everything that goes wrong."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3 import HTTPHeaderDict

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

URL = "http://sim"

Fault = Literal[
    "lost", "unanswered", "twice", "replayed", "cut", "shortened", "garbage", "gateway", "slow", "asleep",
    "before", "after", "server-crash",
]  # fmt: skip
FAULTS: tuple[Fault, ...] = Fault.__args__  # type: ignore[attr-defined]

_GARBAGE = (
    b"<html><body>Sign in to the guest network</body></html>", b"{}", b"[]", b"null", b"", b"\x00\xff\x10",
    b'{"items":[],"next":0}', b'{"items":"x","next":1,"head":1,"acks":{},"tier":1}',
)  # fmt: skip


class Crash(BaseException):
    """A machine ended while it was at work. Nothing catches it but the simulator."""


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


Serve = Callable[["WSGIEnvironment"], Answer]


@dataclass
class Weather:
    """Which faults strike the calls of one round: planned ones, by name of the call, then others by chance.

    `before` and `after` let something happen before the server has the request, or after it has answered.
    """

    chance: random.Random = field(default_factory=lambda: random.Random(0))
    rate: float = 0.0
    faults: tuple[Fault, ...] = FAULTS
    planned: dict[str, list[Fault]] = field(default_factory=dict)
    meanwhile: Callable[[random.Random], None] = lambda chance: None
    crash_server: Callable[[random.Random], None] = lambda chance: None

    def next(self, call: str) -> Fault | None:
        if self.planned.get(call):
            return self.planned[call].pop(0)
        if not self.rate or self.chance.random() >= self.rate:
            return None
        return self.chance.choice(self.faults)


@dataclass
class Network:
    """What lies between the machines and the server."""

    serve: Serve
    pass_ms: Callable[[int], None]
    pushes: list[WSGIEnvironment] = field(default_factory=list)
    """Pushes that were taken in, for late copies: what never arrived does not arrive after its author's disk was put
    back, either."""
    calls: Counter[str] = field(default_factory=Counter)

    def carry(self, request: requests.PreparedRequest, weather: Weather) -> Answer:
        """Takes one request to the server and its answer back. Raises what a real connection raises."""
        environ = _environ(request)
        self.pass_ms(3)
        call = _call(environ)
        self.calls[call] += 1
        fault = weather.next(call)
        if fault is None:
            return self._served(environ)
        return self._spoilt(environ, fault, weather.chance, weather)

    def _served(self, environ: WSGIEnvironment, *, crashes: bool = False) -> Answer:
        """`crashes`: the server may have ended before it kept what it answers to, so nobody copies it later."""
        answer = self.serve(fresh(environ))
        if environ["PATH_INFO"].endswith("/push") and answer.status == 200 and not crashes:
            self.pushes.append(environ)
        self.pass_ms(3)
        return answer

    def _spoilt(self, environ: WSGIEnvironment, fault: Fault, chance: random.Random, weather: Weather) -> Answer:
        if fault == "lost":
            raise requests.ConnectionError("lost on the way")
        if fault == "gateway":
            return Answer(chance.choice((500, 502, 503, 429)), [("Content-Type", "text/html")], b"<h1>Bad Gateway</h1>")
        if fault in ("slow", "asleep"):
            self.pass_ms(chance.randint(500, 90_000) if fault == "slow" else 3 * 86_400_000)
        if fault == "replayed" and self.pushes:
            self.serve(fresh(chance.choice(self.pushes)))
        if fault == "twice":
            self._served(environ)
        if fault == "server-crash":
            weather.crash_server(chance)
        if fault == "before":
            weather.meanwhile(chance)
        answer = self._served(environ, crashes=fault == "server-crash")
        if fault == "after":
            weather.meanwhile(chance)
        return self._damaged(answer, fault, chance)

    def _damaged(self, answer: Answer, fault: Fault, chance: random.Random) -> Answer:
        if fault in ("unanswered", "server-crash"):
            raise requests.ReadTimeout("no answer came")
        if fault == "slow":
            self.pass_ms(chance.randint(100, 90_000))
        if fault == "garbage":
            return Answer(200, [("Content-Type", "application/json")], chance.choice(_GARBAGE))
        kept = answer.body[: chance.randrange(len(answer.body))] if answer.body else b""
        if fault == "cut":  # the connection ends before what the header promised
            return Answer(answer.status, answer.headers, kept)
        if fault == "shortened":  # somebody on the way made a whole answer of a part
            headers = [(name, value) for name, value in answer.headers if name.lower() != "content-length"]
            return Answer(answer.status, headers, kept)
        return answer


@dataclass
class Session:
    """A machine's way to the server: a requests session whose weather changes from round to round."""

    network: Network
    weather: Weather = field(default_factory=Weather)
    is_dead: Callable[[], bool] = lambda: False

    def open(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.mount(URL, _Adapter(self))
        return session

    def carry(self, request: requests.PreparedRequest) -> Answer:
        if self.is_dead():
            raise Crash
        answer = self.network.carry(request, self.weather)
        if self.is_dead():  # it ended while it waited
            raise Crash
        return answer


class _Adapter(HTTPAdapter):
    def __init__(self, session: Session) -> None:
        self._session = session
        super().__init__()

    def send(self, request: requests.PreparedRequest, *words: Any, **options: Any) -> requests.Response:
        answer = self._session.carry(request)
        raw = urllib3.HTTPResponse(
            BytesIO(answer.body), HTTPHeaderDict(answer.headers), answer.status, preload_content=False,
            decode_content=False, request_method=request.method, enforce_content_length=True,
        )  # fmt: skip
        return self.build_response(request, raw)


def fresh(environ: WSGIEnvironment) -> WSGIEnvironment:
    """The same request once more, its body unread."""
    return environ | {"wsgi.input": BytesIO(environ["sim.body"])}


def _environ(request: requests.PreparedRequest) -> WSGIEnvironment:
    parts = urlsplit(request.url or "")
    body = request.body if isinstance(request.body, bytes) else (request.body or "").encode()
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": request.method, "SCRIPT_NAME": "", "PATH_INFO": unquote(str(parts.path)),
        "QUERY_STRING": str(parts.query), "SERVER_NAME": "sim", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(body)), "wsgi.version": (1, 0), "wsgi.url_scheme": "http",
        "wsgi.errors": _Silent(), "wsgi.multithread": False, "wsgi.multiprocess": False, "wsgi.run_once": False,
        "sim.body": body,
    }  # fmt: skip
    return environ | _named(request.headers)


def _call(environ: WSGIEnvironment) -> str:
    """What planned weather calls a request: blob_head, blob_put and blob_get for contents, else the end of its path."""
    path = str(environ["PATH_INFO"])
    return f"blob_{environ['REQUEST_METHOD'].lower()}" if "/blob/" in path else path.rpartition("/")[2]


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    names = {name: name.upper().replace("-", "_") for name in headers}
    plain = ("CONTENT_TYPE", "CONTENT_LENGTH")
    return {(big if big in plain else f"HTTP_{big}"): headers[name] for name, big in names.items()}


class _Silent:
    """The server's error stream."""

    def flush(self) -> None: ...

    def write(self, text: str) -> None: ...

    def writelines(self, lines: list[str]) -> None: ...


def answer_of(app: Any, environ: WSGIEnvironment) -> Answer:
    """What a WSGI app says."""
    found: list[Any] = []

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        found[:] = [int(status[:3]), headers]
        return lambda data: None

    parts = app(environ, start)
    try:
        body = b"".join(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()
    return Answer(found[0], found[1], body)
