"""A workstation on a real file, served by the real server, and made-up records for any module."""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask

from desktop import accounts
from desktop.api.guard import Guard
from desktop.app import create_app
from desktop.engine.access import Principal
from desktop.engine.engine import Engine
from desktop.server import LocalServer
from desktop.shell.host import DOWNLOAD, Closing, Download
from desktop.workstation import Workstation
from tests.direct import DirectSession

PASSWORD = "correct horse"
FIRST = accounts.FirstStart("衡远测试公司", "总部", "01", "管理部", "周敏", "admin", PASSWORD)


class Host:
    """Stands in for the window: dialogs answer what the test says."""

    mode = "browser"

    def __init__(self, saves_to: Path | Download | None = DOWNLOAD) -> None:
        self.saves_to = saves_to
        self.closing = Closing()
        self.stopping = threading.Event()

    def save_dialog(self, suggested_name: str) -> Path | Download | None:
        return self.saves_to / suggested_name if isinstance(self.saves_to, Path) else self.saves_to

    def print_file(self, path: Path) -> bool:
        return False

    def focus(self) -> None: ...

    def quit(self) -> None: ...


def make_template(folder: Path) -> Path:
    """A company that has just been founded."""
    workstation = Workstation.open(folder)
    accounts.set_up(workstation, FIRST)
    workstation.close()
    return folder


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that the first process to ask makes for all processes of this test run; it is to be copied, not used."""
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, done, failed = shared / name, shared / f"{name}.done", shared / f"{name}.failed"
    try:
        (shared / f"{name}.making").mkdir()
    except FileExistsError:
        while not done.exists():
            assert not failed.exists(), f"{name} could not be made; another process says why"
            time.sleep(0.05)
        return folder
    try:
        make(folder)
    except BaseException:
        failed.touch()
        raise
    done.touch()
    return folder


def copy_of(template: Path, folder: Path) -> Path:
    shutil.copytree(template, folder)
    return folder


@dataclass
class Api:
    """The HTTP API as a page sees it."""

    base: str
    session: requests.Session

    @staticmethod
    def entered(session: requests.Session, launch: str) -> Api:
        """What a page at a launch address has: its cookie and its token."""
        session.get(launch, timeout=10)
        base = launch.partition("/?")[0]
        token = re.search(r'name="ecms-token" content="([^"]+)"', session.get(base + "/", timeout=10).text)
        assert token
        session.headers["X-ECMS-Token"] = token[1]
        return Api(base, session)

    def call(self, method: str, path: str, body: Any = None, **rest: Any) -> requests.Response:
        return self.session.request(method, self.base + path, json=body, timeout=60, **rest)

    def get(self, path: str, **params: Any) -> Any:
        return self.ok(self.call("GET", path, params=params))

    def post(self, path: str, body: Any = None, **rest: Any) -> Any:
        return self.ok(self.call("POST", path, {} if body is None else body, **rest))

    @staticmethod
    def ok(response: requests.Response) -> Any:
        assert response.ok, f"{response.status_code} {response.text}"
        return response.json()

    def ended(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """A job, once it has come to its end."""
        now, deadline = dict(job), time.monotonic() + 60
        while now["state"] == "running" and time.monotonic() < deadline:
            time.sleep(0.02)
            now = self.get(f"/api/jobs/{now['id']}")
        return now

    def refused(self, method: str, path: str, status: int, body: Any = None, **rest: Any) -> dict[str, Any]:
        """The problem that a call is answered with."""
        response = self.call(method, path, body, **rest)
        assert response.status_code == status, f"{response.status_code} {response.text}"
        assert response.headers["Content-Type"] == "application/problem+json"
        return dict(response.json())

    def sign_in(self, user: str = FIRST.login_name, password: str = PASSWORD, department: str = "") -> dict[str, Any]:
        known = self.get("/api/session")["departments"]
        where = department or next(one["id"] for one in known if user in one["users"])
        return dict(self.post("/api/session", {"department": where, "user": user, "password": password}))


@dataclass
class Office:
    """One workstation with its server and a page that is signed in."""

    workstation: Workstation
    api: Api
    host: Host
    guard: Guard
    samples: Samples = field(init=False)

    def __post_init__(self) -> None:
        self.samples = Samples(self.api)

    @property
    def engine(self) -> Engine:
        return self.workstation.engine

    @property
    def admin(self) -> Principal:
        with self.engine.db.read() as db:
            (operator,) = db.execute("SELECT id FROM operator WHERE login_name = 'admin'").fetchone()
        return accounts.principal_of(self.engine, operator)


@contextmanager
def open_office(folder: Path, *, sign_in: bool = True, direct: bool = False) -> Iterator[Office]:
    """Opens a data folder and serves it on a free port; `direct`: the calls of this page go to the program itself, and
    there is no server, whose threads would be most of what opening waits for."""
    workstation = Workstation.open(folder)
    guard, host = Guard(), Host()
    app = create_app(workstation, guard, host)  # type: ignore[arg-type]
    try:
        with (
            _unserved(guard) if direct else _served(app, guard, host),
            DirectSession(app, guard.origin) if direct else requests.Session() as session,
        ):
            session.trust_env = False  # looking for proxies in it would be half the cost of a call
            office = Office(workstation, Api.entered(session, guard.new_launch_url()), host, guard)
            if sign_in:
                office.api.sign_in()
            yield office
    finally:
        workstation.close()


@contextmanager
def _served(app: Flask, guard: Guard, host: Host) -> Iterator[None]:
    server = LocalServer(app, guard)
    server.start()
    try:
        yield
    finally:
        host.stopping.set()
        server.stop()


@contextmanager
def _unserved(guard: Guard) -> Iterator[None]:
    guard.port = 1  # where nobody answers
    yield


def _letters(count: int) -> str:
    """Five letters: what a new company has of its own goes by figures."""
    return "".join(chr(ord("A") + count // 26**place % 26) for place in reversed(range(5)))


class Samples:
    """Made-up values for any declared module, from its description alone."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self._modules: dict[str, dict[str, Any]] = {}
        self._count = 0

    @property
    def modules(self) -> dict[str, dict[str, Any]]:
        if not self._modules:
            self._modules = {one["name"]: one for one in self.api.get("/api/modules")["modules"]}
        return self._modules

    def values(self, module: str, **given: Any) -> dict[str, Any]:
        """A full record: every field that may be typed has a value."""
        self._count += 1
        values: dict[str, Any] = {}
        for one in self.modules[module]["fields"]:
            if not one["readonly"] and "for_new" not in one and one["name"] not in given:
                values[one["name"]] = self.value(module, one, values | given)
        return {name: value for name, value in (values | given).items() if value is not None}

    def create(self, module: str, **given: Any) -> dict[str, Any]:
        return dict(self.api.post(f"/api/records/{module}", self.values(module, **given))["row"])

    def value(self, module: str, one: Mapping[str, Any], sofar: Mapping[str, Any]) -> Any:
        """A value of one field; optional links to records of the same kind stay blank."""
        mark = f"{self._count:05d}"
        match one["type"]:
            case "text":
                return self._text(one, mark)
            case "longtext":
                return f"第一行 {mark}\n第二行"
            case "barcode":
                return f"69012345{mark}"
            case "phone":
                return f"138001{mark}"
            case "email":
                return f"a{mark}@example.com"
            case "url":
                return f"www.example.com/{mark}"
            case "password":
                return f"secret-{mark}"
            case "int" | "money" | "quantity" | "price" | "rate":
                return min(max(one.get("min", 0), 1) + self._count % 9, one.get("max", 10**9))
            case "bool":
                return False
            case "date":
                return f"2026-03-{1 + self._count % 28:02d}"
            case "datetime":
                return f"2026-03-{1 + self._count % 28:02d}T08:30:00.000Z"
            case "enum":
                return (
                    one["options"][self._count % len(one["options"])]["value"]
                    if one["name"] != "parent_kind"
                    else "customer"
                )
            case "birthday":
                return {"kind": "lunar", "year": None, "month": 8, "day": 15, "is_leap_month": False}
            case "ref":
                return self._reference(module, one, sofar)
            case "refs":
                return sorted(row["id"] for row in self._candidates(one, one["target"])[:2])
        return None

    @staticmethod
    def _text(one: Mapping[str, Any], mark: str) -> str:
        length = one.get("max_length", 200)
        return _letters(int(mark))[-length:] if length < 10 else f"{one['label'][:4]}甲{mark}"

    def _reference(self, module: str, one: Mapping[str, Any], sofar: Mapping[str, Any]) -> str | None:
        by = one.get("target_by")
        target = by["modules"][sofar[by["field"]]] if by else one["target"]
        if one.get("depends") or (target == module and not one["required"]):
            return None
        found = self._candidates(one, target)
        if not found and one["required"]:
            return str(self.create(target)["id"])
        is_another = (module, one["name"]) == ("product_unit", "unit")  # than that of the product
        return str(found[-1 if is_another else 0]["id"]) if found else None

    def _candidates(self, one: Mapping[str, Any], target: str) -> list[dict[str, Any]]:
        import json

        where = json.dumps(one.get("where") or {})
        rows = self.api.get(f"/api/lookup/{target}", where=where)["rows"]
        return [row for row in rows if not row["title"].startswith("零售")]


def fresh_key() -> dict[str, str]:
    return {"Idempotency-Key": uuid.uuid4().hex}
