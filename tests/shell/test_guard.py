"""The attack table: who gets which answer from the local port."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask, jsonify

from desktop.api import guard as guarding
from desktop.api.guard import BODY_BYTES_MAX, Guard
from desktop.server import LocalServer

INDEX = '<html><head><meta name="ecms-token" content=""></head><body>页面</body></html>'


@dataclass
class Site:
    guard: Guard

    def ask(
        self, path: str, method: str = "GET", headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> tuple[int, http.client.HTTPMessage, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.guard.port, timeout=10)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in {"Host": self.guard.host, **(headers or {})}.items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode("utf-8", "replace")
        finally:
            connection.close()

    @property
    def mine(self) -> dict[str, str]:
        """What the program's own page sends with a call."""
        return {
            "Cookie": f"ecms_session={self.guard.session}",
            "X-ECMS-Token": self.guard.page_token,
            "Origin": self.guard.origin,
            "Sec-Fetch-Site": "same-origin",
        }


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(INDEX, encoding="utf-8")
    (tmp_path / "assets" / "app-1a2b.js").write_text("1", encoding="utf-8")
    (tmp_path / "assets" / "pdf.worker.mjs").write_text("1", encoding="utf-8")
    (tmp_path / "secret.txt").write_text("not an asset", encoding="utf-8")
    guard = Guard(web=tmp_path)
    app = Flask(__name__)
    guarding.install(app, guard)
    app.add_url_rule("/api/thing", "get_thing", lambda: jsonify(ok=True), methods=["GET"])
    app.add_url_rule("/api/thing", "set_thing", lambda: jsonify(ok=True), methods=["POST", "DELETE"])
    server = LocalServer(app, guard)
    server.start()
    yield Site(guard)
    server.stop()


def token_of(url: str) -> str:
    return url.partition("?")[2]


def test_launch_url_opens_once_and_gives_the_session(site: Site) -> None:
    url = site.guard.new_launch_url()
    assert re.fullmatch(rf"http://127\.0\.0\.1:{site.guard.port}/\?token=[\w-]{{43}}", url)
    status, headers, _ = site.ask(f"/?{token_of(url)}")
    assert (status, headers["Location"]) == (302, "/")
    cookie = headers["Set-Cookie"]
    assert cookie.startswith(f"ecms_session={site.guard.session};")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert site.ask(f"/?{token_of(url)}")[0] == 401


def test_used_launch_url_is_harmless_for_who_is_already_in(site: Site) -> None:
    url = site.guard.new_launch_url()
    site.ask(f"/?{token_of(url)}")
    assert site.ask(f"/?{token_of(url)}", headers=site.mine | {"Origin": ""})[0] == 403
    own = {"Cookie": site.mine["Cookie"]}
    assert site.ask(f"/?{token_of(url)}", headers=own)[0] == 302


def test_second_launch_url_opens_a_second_tab(site: Site) -> None:
    first, second = site.guard.new_launch_url(), site.guard.new_launch_url()
    assert site.guard.is_waiting(first)
    assert site.ask(f"/?{token_of(second)}")[0] == 302
    assert site.ask(f"/?{token_of(first)}")[0] == 302
    assert not site.guard.is_waiting(first)


def test_redirect_file_lets_the_browser_keep_the_strict_cookie(site: Site) -> None:
    url = site.guard.new_launch_url()
    from_file = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    status, headers, text = site.ask(f"/?{token_of(url)}", headers=from_file)
    assert status == 200
    assert "ecms_session" in headers["Set-Cookie"]
    assert "url=/" in text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://example.com"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
    ],
)
def test_foreign_page_cannot_spend_the_launch_url(site: Site, headers: dict[str, str]) -> None:
    url = site.guard.new_launch_url()
    assert site.ask(f"/?{token_of(url)}", headers=headers)[0] == 403
    assert site.guard.is_waiting(url)


@pytest.mark.parametrize(
    "token",
    ["", "x", "é" * 43, "0" * 43],
)
def test_wrong_launch_token_is_refused_in_plain_chinese(site: Site, token: str) -> None:
    status, headers, text = site.ask(f"/?token={token.encode().hex()}")
    assert status == 401
    assert "请从程序图标打开" in text
    assert headers["Content-Type"].startswith("text/html")


OTHERS: list[tuple[str, dict[str, str | None], int]] = [
    ("everything in order", {}, 200),
    ("no cookie", {"Cookie": None}, 401),
    ("wrong cookie", {"Cookie": "ecms_session=guess"}, 401),
    ("no page token", {"X-ECMS-Token": None}, 401),
    ("wrong page token", {"X-ECMS-Token": "guess"}, 401),
    ("page token that is not ASCII", {"X-ECMS-Token": "\u00e9\u00ff"}, 401),
    ("no Origin, as same-origin GET sends none", {"Origin": None}, 200),
    ("Origin of a web page", {"Origin": "http://example.com"}, 403),
    ("Origin of another local port", {"Origin": "http://127.0.0.1:9"}, 403),
    ("opaque Origin", {"Origin": "null"}, 403),
    ("Origin with the right port and another name", {"Origin": "http://localhost:{port}"}, 403),
    ("called by another site", {"Sec-Fetch-Site": "cross-site"}, 403),
    ("called by another local port", {"Sec-Fetch-Site": "same-site"}, 403),
    ("address typed by the user", {"Sec-Fetch-Site": "none"}, 200),
    ("rebound name", {"Host": "evil.example:{port}"}, 421),
    ("localhost", {"Host": "localhost:{port}"}, 421),
    ("no port", {"Host": "127.0.0.1"}, 421),
    ("another port", {"Host": "127.0.0.1:1"}, 421),
    ("Host with a suffix", {"Host": "127.0.0.1:{port}.evil.example"}, 421),
    ("trusted proxy headers", {"X-Forwarded-Host": "evil.example", "X-Forwarded-For": "1.2.3.4"}, 200),
]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(("changed", "status"), [case[1:] for case in OTHERS], ids=[case[0] for case in OTHERS])
def test_call_is_answered_only_to_our_own_page(
    site: Site, method: str, changed: dict[str, str | None], status: int
) -> None:
    headers = {"Host": site.guard.host, **site.mine}
    for name, value in changed.items():
        if value is None:
            del headers[name]
        else:
            headers[name] = value.replace("{port}", str(site.guard.port))
    body = b"{}" if method == "POST" else None
    if body:
        headers["Content-Type"] = "application/json"
    got, answered, text = site.ask("/api/thing", method, headers, body)
    assert got == status, text
    if status >= 400:
        assert answered["Content-Type"] == "application/problem+json"
        assert '"code"' in text


@pytest.mark.parametrize(
    ("media_type", "body", "status"),
    [
        ("application/json", b"{}", 200),
        ("application/json; charset=utf-8", b"{}", 200),
        ("application/x-www-form-urlencoded", b"a=1", 415),
        ("multipart/form-data; boundary=x", b"--x--", 415),
        ("text/plain", b"{}", 415),
        ("", b"{}", 415),
        ("", b"", 200),
    ],
)
def test_only_json_is_written(site: Site, media_type: str, body: bytes, status: int) -> None:
    headers = site.mine | ({"Content-Type": media_type} if media_type else {})
    assert site.ask("/api/thing", "POST", headers, body)[0] == status


def test_body_is_bounded(site: Site) -> None:
    headers = site.mine | {"Content-Type": "application/json"}
    status, _, text = site.ask("/api/thing", "POST", headers, b" " * (BODY_BYTES_MAX + 1))
    assert status == 413
    assert "太大" in text


def test_delete_without_body_is_fine(site: Site) -> None:
    assert site.ask("/api/thing", "DELETE", site.mine)[0] == 200


def test_page_carries_its_token_and_is_never_stored(site: Site) -> None:
    status, headers, text = site.ask("/", headers={"Cookie": site.mine["Cookie"]})
    assert status == 200
    assert f'content="{site.guard.page_token}"' in text
    assert headers["Cache-Control"] == "no-store"


def test_page_is_closed_to_visitors(site: Site) -> None:
    status, headers, text = site.ask("/")
    assert status == 401
    assert "请从程序图标打开" in text
    assert site.guard.page_token not in text
    assert headers["Cache-Control"] == "no-store"


def test_hashed_files_stay_in_the_cache_and_have_fixed_types(site: Site) -> None:
    own = {"Cookie": site.mine["Cookie"]}
    status, headers, _ = site.ask("/assets/app-1a2b.js", headers=own)
    assert status == 200
    assert headers["Content-Type"].startswith("text/javascript")
    assert "immutable" in headers["Cache-Control"]
    assert site.ask("/assets/pdf.worker.mjs", headers=own)[1]["Content-Type"].startswith("text/javascript")


@pytest.mark.parametrize(
    "path", ["/assets/../secret.txt", "/assets/%2e%2e/secret.txt", "/secret.txt", "/assets/none.js"]
)
def test_nothing_outside_the_assets_is_served(site: Site, path: str) -> None:
    status, headers, text = site.ask(path, headers={"Cookie": site.mine["Cookie"]})
    assert status == 404
    assert "not an asset" not in text
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/api/thing", "/assets/app-1a2b.js"])
def test_every_answer_is_protected(site: Site, path: str) -> None:
    _, headers, _ = site.ask(path, headers=site.mine)
    policy = headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe-eval" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    if path != "/assets/app-1a2b.js":
        assert headers["Cache-Control"] == "no-store"


def test_secrets_stay_out_of_what_is_printed(site: Site) -> None:
    guard = site.guard
    shown = repr(guard)
    assert not any(secret in shown for secret in (guard.session, guard.page_token, guard.control_secret))
