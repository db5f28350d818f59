"""Calls without a network: for tests that ask the program tens of thousands of times what it may not say."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from email.message import Message
from http import HTTPStatus
from http.cookies import SimpleCookie
from types import TracebackType
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers, requote_uri
from urllib3 import HTTPHeaderDict, HTTPResponse

JSON = "application/json"

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class DirectSession(Session):
    """Hands the plain calls of a test to the application at once: what requests does for a call takes longer than the
    answer. Everything of the program is in it but the sockets; uploads take the long way round, to the same place."""

    def __init__(self, app: Wsgi, origin: str) -> None:
        super().__init__()
        self.app = app
        self.mount(origin, Direct(app))

    def request(self, method: Any, url: Any, *args: Any, **given: Any) -> Response:
        if args or given.keys() - {"params", "json", "headers", "timeout"}:
            return super().request(method, url, *args, **given)
        content = b"" if given.get("json") is None else json.dumps(given["json"]).encode()
        headers = {**self.headers, **(given.get("headers") or {})} | ({"Content-Type": JSON} if content else {})
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{one.name}={one.value}" for one in self.cookies)
        query = urlencode(
            [(name, value) for name, value in (given.get("params") or {}).items() if value is not None], doseq=True
        )
        address = requote_uri(f"{url}?{query}" if query else url)
        return self._answered(_environ_of(method, address, headers, content))

    def _answered(self, environ: dict[str, Any]) -> Response:
        said = _Said()
        response = Response()
        response._content = _body(self.app, environ, said)
        response.status_code = int(said.status.split(" ", 1)[0])
        response.headers = CaseInsensitiveDict(said.headers)
        response.encoding = get_encoding_from_headers(response.headers)
        for name, value in said.headers:
            if name.lower() == "set-cookie":
                for morsel in SimpleCookie(value).values():
                    where = {"domain": environ["SERVER_NAME"], "path": "/"}
                    if morsel["max-age"] == "0":
                        self.cookies.clear(**where, name=morsel.key)
                    else:
                        self.cookies.set(morsel.key, morsel.value, **where)
        return response


def _body(app: Wsgi, environ: dict[str, Any], said: _Said) -> bytes:
    parts = app(environ, said.start)
    try:
        return b"".join(parts)
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()


class Direct(HTTPAdapter):
    """Hands what a session sends to the application itself. Everything of the program is in it but the sockets."""

    def __init__(self, app: Wsgi) -> None:
        super().__init__()
        self.app = app

    def send(self, request: PreparedRequest, *args: object, **rest: object) -> Response:
        said = _Said()
        body = _body(self.app, _environ(request), said)
        return self.build_response(request, said.answer(body))


class _Said:
    """Status and headers of one answer."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: list[tuple[str, str]] = []

    def start(
        self,
        status: str,
        headers: list[tuple[str, str]],
        fault: tuple[type[BaseException], BaseException, TracebackType] | None = None,
    ) -> Callable[[bytes], object]:
        if fault is not None:
            raise fault[1]
        self.status, self.headers = status, headers
        return io.BytesIO().write

    def answer(self, body: bytes) -> HTTPResponse:
        message = Message()
        for name, value in self.headers:
            message.add_header(name, value)
        number = int(self.status.split(" ", 1)[0])
        return HTTPResponse(
            io.BytesIO(body),
            HTTPHeaderDict(self.headers),
            number,
            reason=HTTPStatus(number).phrase,
            preload_content=False,
            original_response=_Original(message),  # type: ignore[arg-type]  # where requests looks for cookies
        )


class _Original:
    def __init__(self, message: Message) -> None:
        self.msg = message

    def isclosed(self) -> bool:
        return True

    def close(self) -> None: ...


def _environ(request: PreparedRequest) -> dict[str, Any]:
    body = request.body or b""
    content = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else b"".join(body)
    return _environ_of(str(request.method), str(request.url), request.headers, content)


def _environ_of(method: str, address: str, headers: Mapping[str, Any], content: bytes) -> dict[str, Any]:
    url = urlsplit(address)
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(url.path, "latin-1"),
        "QUERY_STRING": url.query,
        "SERVER_NAME": url.hostname,
        "SERVER_PORT": str(url.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": url.netloc,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": url.scheme,
        "wsgi.input": io.BytesIO(content),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **_headers(headers, len(content)),
    }


def _headers(headers: Mapping[str, str], length: int) -> dict[str, str]:
    named = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    kind = named.pop("HTTP_CONTENT_TYPE", "")
    named.pop("HTTP_CONTENT_LENGTH", None)
    return named | {"CONTENT_TYPE": kind, "CONTENT_LENGTH": str(length)}
