"""Calls without a network: for tests that ask the program tens of thousands of times what it may not say."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Mapping
from email.message import Message
from http import HTTPStatus
from types import TracebackType
from typing import Any
from urllib.parse import unquote, urlsplit

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Direct(HTTPAdapter):
    """Hands what a session sends to the application itself. Everything of the program is in it but the sockets."""

    def __init__(self, app: Wsgi) -> None:
        super().__init__()
        self.app = app

    def send(self, request: PreparedRequest, *args: object, **rest: object) -> Response:
        said = _Said()
        parts = self.app(_environ(request), said.start)
        try:
            body = b"".join(parts)
        finally:
            close = getattr(parts, "close", None)
            if close is not None:
                close()
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
    url = urlsplit(str(request.url))
    body = request.body or b""
    content = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else b"".join(body)
    return {
        "REQUEST_METHOD": request.method,
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
        **_headers(request.headers, len(content)),
    }


def _headers(headers: Mapping[str, str], length: int) -> dict[str, str]:
    named = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    kind = named.pop("HTTP_CONTENT_TYPE", "")
    named.pop("HTTP_CONTENT_LENGTH", None)
    return named | {"CONTENT_TYPE": kind, "CONTENT_LENGTH": str(length)}
