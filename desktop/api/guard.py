"""Who may talk to the local port: this program's own page, and nobody else on the machine or on the web.

Threats: another user of the machine connects to 127.0.0.1; a web page in the user's browser posts here (CSRF,
DNS rebinding); another local web server, which the browser treats as the same site.
Answers: a launch URL that works once, an exact Host, Origin and Sec-Fetch-Site, a session cookie, and beside
the cookie (cookies are not bound to a port) a header that only our own page knows.
"""

from __future__ import annotations

import hmac
import html
import json
import re
import secrets
import threading
from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask, Response, redirect, request, send_from_directory
from werkzeug.wrappers import Response as AnyResponse

from ..engine.fields.moment import ZONE

COOKIE = "ecms_session"
PAGE_TOKEN_HEADER = "X-ECMS-Token"
CONTROL_PATH = "/__focus"
BODY_BYTES_MAX = 8 * 1024 * 1024
UPLOAD_PATH = re.compile(r"/api/import/\w+|/api/files/\w+/\w+")
UPLOAD_TYPE = "application/octet-stream"
UPLOAD_BYTES_MAX = 65 * 1024 * 1024
"""A little above what an import or an attachment takes, so that those can answer in words."""
LAUNCHES_MAX = 16

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})

CONTENT_SECURITY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        # The component library and the grid set inline styles.
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "frame-src 'self' blob:",
        "frame-ancestors 'none'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    )
)

# Fixed here because Windows takes its table from the registry, where other programs spoil it.
MEDIA_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".ttf": "font/ttf",
    ".wasm": "application/wasm",
    ".pdf": "application/pdf",
    ".bcmap": "application/octet-stream",
    ".txt": "text/plain",
}

BUILT_UI = Path(__file__).resolve().parents[1] / "web"


def _secret() -> str:
    return secrets.token_urlsafe(32)


@dataclass
class Guard:
    """The secrets of one run of the program. `port` is set as soon as the server is bound."""

    port: int = 0
    web: Path = BUILT_UI
    session: str = field(default_factory=_secret, repr=False)
    page_token: str = field(default_factory=_secret, repr=False)
    control_secret: str = field(default_factory=_secret, repr=False)
    _launches: list[str] = field(default_factory=list, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def origin(self) -> str:
        return f"http://{self.host}"

    def new_launch_url(self) -> str:
        """An address that opens the program once; another browser tab needs another one."""
        assert self.port, "the server must be bound first"
        token = _secret()
        with self._lock:
            self._launches = [*self._launches, token][-LAUNCHES_MAX:]
        return f"{self.origin}/?token={token}"

    def is_waiting(self, launch_url: str) -> bool:
        """Whether nobody has used this address yet."""
        token = launch_url.rpartition("=")[2]
        with self._lock:
            return token in self._launches

    def use_launch(self, token: str) -> bool:
        with self._lock:
            for waiting in self._launches:
                if _same(waiting, token):
                    self._launches.remove(waiting)
                    return True
        return False

    def is_session(self, cookie: str) -> bool:
        return _same(self.session, cookie)

    def is_page(self, token: str) -> bool:
        return _same(self.page_token, token)

    def is_control(self, secret: str) -> bool:
        return _same(self.control_secret, secret)


def install(app: Flask, guard: Guard) -> None:
    """Put the guard before every request of `app`, and serve the built UI behind it."""
    app.before_request(lambda: _refuse(guard))
    app.after_request(_protect)
    app.add_url_rule("/", "ui_index", lambda: _index(guard))
    app.add_url_rule("/assets/<path:name>", "ui_asset", lambda name: _file(guard.web / "assets", name))
    app.add_url_rule("/favicon.svg", "ui_icon", lambda: _file(guard.web, "favicon.svg"))


# --- before a request --------------------------------------------------------------------------------------


def _refuse(guard: Guard) -> AnyResponse | None:
    """The first reason not to answer this request, or None."""
    if request.headers.get("Host") != guard.host:
        return _no(421, "wrong-host", "地址不对，请从程序图标打开")
    if request.path == CONTROL_PATH:  # from a second start of the program, which proves itself with its own secret
        return None
    if request.path == "/" and "token" in request.args and request.method == "GET":
        return _launch(guard)
    if _is_foreign(guard):
        return _no(403, "foreign-origin", "请求不是来自本程序的页面")
    if not guard.is_session(_cookie()):
        return _no(401, "no-session", "请从程序图标打开")
    if request.path.startswith("/api/"):
        return _refuse_call(guard)
    return None


def _refuse_call(guard: Guard) -> AnyResponse | None:
    if not guard.is_page(request.headers.get(PAGE_TOKEN_HEADER, "")):
        return _no(401, "no-page-token", "页面已过期，请从程序图标重新打开")
    if request.method not in WRITES:
        return None
    length = request.content_length or 0
    if request.mimetype == UPLOAD_TYPE and UPLOAD_PATH.fullmatch(request.path):
        return None if length <= UPLOAD_BYTES_MAX else _no(413, "too-large", "文件太大，请分成几个文件")
    if length > BODY_BYTES_MAX:
        return _no(413, "too-large", f"内容太大，一次最多 {BODY_BYTES_MAX // 1024 // 1024} MB")
    # A form can post without asking for permission; JSON from elsewhere cannot.
    if length and request.mimetype != "application/json":
        return _no(415, "not-json", "请求内容必须是 JSON")
    return None


def _is_foreign(guard: Guard) -> bool:
    origin = request.headers.get("Origin")
    if origin is not None and origin != guard.origin:
        return True
    return request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none")


def _launch(guard: Guard) -> AnyResponse:
    """Exchange the one-use token for the session cookie."""
    is_ours = request.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin")
    is_navigation = request.headers.get("Sec-Fetch-Mode") == "navigate"
    if request.headers.get("Origin") is not None or not (is_ours or is_navigation):
        return _no(403, "foreign-origin", "请求不是来自本程序的页面")
    if not guard.use_launch(request.args["token"]):
        # Going back in the browser's history meets a used address; who has the cookie is let in all the same.
        return redirect("/") if guard.is_session(_cookie()) else _no(401, "launch-used", "请从程序图标打开")
    if is_ours:
        answer: AnyResponse = redirect("/")
    else:
        # Opened through the redirect file: a browser keeps a Strict cookie back on redirects that another
        # site began, so this page of ours begins a navigation of its own.
        answer = Response(_GO_ON, mimetype="text/html")
    answer.set_cookie(COOKIE, guard.session, httponly=True, samesite="Strict", path="/")
    return answer


def _cookie() -> str:
    return request.cookies.get(COOKIE, "")


# --- after a request ---------------------------------------------------------------------------------------


def _protect(response: AnyResponse) -> AnyResponse:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CONTENT_SECURITY)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if not request.path.startswith("/assets/") or response.status_code >= 400:
        headers["Cache-Control"] = "no-store"
    return response


# --- the page and its files --------------------------------------------------------------------------------

_EMPTY_TOKEN = '<meta name="ecms-token" content="">'
_GO_ON = '<!doctype html><meta http-equiv="refresh" content="0;url=/">'
_UNBUILT = (
    f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">{_EMPTY_TOKEN}'
    "<title>企业客户管理系统</title></head>"
    "<body><p>界面还没有构建。请运行 python3 build/ecms.py run。</p></body></html>"
)


def _index(guard: Guard) -> Response:
    try:
        page = (guard.web / "index.html").read_text(encoding="utf-8")
    except FileNotFoundError:
        page = _UNBUILT
    token, zone = (f'<meta name="ecms-{name}" content="{said}">' for name, said in _said(guard))
    filled = page.replace(_EMPTY_TOKEN, token + zone, 1)
    return Response(filled, mimetype="text/html")


def _said(guard: Guard) -> tuple[tuple[str, str], ...]:
    """What the page is told: what proves that a call is its own, and in which zone the program's days begin."""
    return ("token", guard.page_token), ("zone", ZONE.key)


def _file(folder: Path, name: str) -> AnyResponse:
    media_type = MEDIA_TYPES.get(Path(name).suffix.lower(), "application/octet-stream")
    answer = send_from_directory(folder, name, mimetype=media_type)
    # Names under assets/ change with the content; `_protect` takes this back for everything else.
    answer.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    return answer


_PAGE = """<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>企业客户管理系统</title>
<style>:root{{color-scheme:light dark}}
body{{font:16px/1.7 sans-serif;margin:20vh auto;max-width:28em;padding:0 1em}}</style>
</head><body><h1>企业客户管理系统</h1><p>{text}</p></body></html>"""


def _no(status: int, code: str, title: str) -> AnyResponse:
    if request.path.startswith("/api/"):
        problem = {"type": f"ecms:{code}", "code": code, "title": title, "status": status}
        return Response(json.dumps(problem, ensure_ascii=False), status, mimetype="application/problem+json")
    text = html.escape(f"{title}。为了您的数据安全，本页只在程序自己打开的窗口里显示。")
    return Response(_PAGE.format(text=text), status=status, mimetype="text/html")


def _same(known: str, given: str) -> bool:
    return hmac.compare_digest(known.encode(), given.encode("utf-8", "replace"))
