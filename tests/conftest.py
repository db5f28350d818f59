"""What tests of every room share: the program as a real process, and the browser that looks at it."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
from argon2 import PasswordHasher
from flask import Flask
from hypothesis import HealthCheck, settings
from werkzeug.routing import Map, RuleFactory

import desktop.app
import sync_server.app
from desktop.engine.fields import password
from tests.support import Api, made_once, make_template

ROOT = Path(__file__).resolve().parent.parent
START_S = 60.0
REAL_HASHER = password.hasher

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")  # nothing here is timed: several tests share two cores


_E2E = Path(__file__).parent / "e2e"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--real-window", action="store_true", help="screens in the window itself instead of Chromium")


@pytest.fixture(autouse=True, scope="session")
def identities(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Machines that tests make have their identity files with the tests, not with the person who runs them."""
    os.environ["ECMS_IDENTITY"] = str(tmp_path_factory.mktemp("identities"))


@pytest.fixture(autouse=True, scope="session")
def cheap_passwords() -> Iterator[None]:
    """Most tests sign in, and the cost of a password is meant to be felt; one test looks at the real cost."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(password, "hasher", lambda: PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        yield


class Routes(Map):
    """The routes of a program that is made again and again: what is known already is not worked out anew."""

    def __init__(self) -> None:
        super().__init__()
        self.known: set[tuple[str, str, frozenset[str]]] = set()

    def add(self, rulefactory: RuleFactory) -> None:
        for rule in rulefactory.get_rules(self):
            key = (rule.rule, rule.endpoint, frozenset(rule.methods or ()))
            if key not in self.known:
                self.known.add(key)
                super().add(rule)


def routed_by(routes: Routes) -> type[Flask]:
    """What a program is made of, with these routes."""

    def same(host_matching: bool) -> Routes:
        return routes

    return type("Flask", (Flask,), {"url_map_class": staticmethod(same)})


@pytest.fixture(autouse=True, scope="session")
def routes_made_once() -> Iterator[None]:
    """Most tests make the program anew, whose routes are always the same; to work them out took half of that. Each of
    the two programs has its own; what answers a route is the new program's all the same."""
    with pytest.MonkeyPatch.context() as patch:
        for program in (desktop.app, sync_server.app):
            once = Routes()
            patch.setattr(program, "Flask", routed_by(once))
        yield


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company that has just been founded; to copy."""
    return made_once(tmp_path_factory, "founded", make_template)


@dataclass
class Program:
    """A running `ecms …`; what it prints is collected as it comes."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    _arrived: threading.Condition = field(default_factory=threading.Condition)
    _readers: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        for stream, kept in ((self.process.stdout, self.lines), (self.process.stderr, self.errors)):
            assert stream is not None
            self._readers.append(threading.Thread(target=self._collect, args=(stream, kept), daemon=True))
            self._readers[-1].start()

    def line(self, wanted: str) -> str:
        """The first printed line that holds `wanted`; fails with everything said if it does not come."""
        return self._awaited(wanted, self.lines)

    def error(self, wanted: str) -> str:
        """The same for what it complains of."""
        return self._awaited(wanted, self.errors)

    def _awaited(self, wanted: str, said: list[str]) -> str:
        def found() -> str:
            return next((line for line in said if wanted in line), "")

        with self._arrived:
            self._arrived.wait_for(lambda: found() or self.process.poll() is not None, START_S)
        assert found(), f"no line with {wanted!r}; said: {self.lines} {self.errors[-20:]}"
        return found()

    def address(self) -> str:
        """The launch URL of `ecms serve`."""
        return self.line("ready ").removeprefix("ready ").strip()

    def page(self) -> Api:
        """What a page at the launch URL has."""
        return Api.entered(requests.Session(), self.address())

    def wait(self, timeout_s: float = 30) -> int:
        """The exit code, once the program has ended and all it said is here."""
        code = self.process.wait(timeout_s)
        for reader in self._readers:
            reader.join(timeout_s)
        return code

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        return self.wait()

    def kill(self) -> None:
        self.process.kill()
        self.wait()

    def _collect(self, stream: Iterator[str], kept: list[str]) -> None:
        for line in stream:
            with self._arrived:
                kept.append(line)
                self._arrived.notify_all()
        with self._arrived:
            self._arrived.notify_all()


def started(*words: str, **variables: str) -> Program:
    """`python -m …` with these words, on its way."""
    return Program(
        subprocess.Popen(
            [sys.executable, "-m", *words],
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
    )


StartProgram = Callable[..., Program]


@pytest.fixture
def start_program(tmp_path: Path) -> Iterator[StartProgram]:
    """Start `ecms` with these words; ended after the test whatever happens."""
    running: list[Program] = []

    def start(*words: str, **variables: str) -> Program:
        running.append(started("desktop", *words, **variables))
        return running[-1]

    yield start
    for program in running:
        program.kill()
        for stream in (program.process.stdout, program.process.stderr):
            assert stream is not None
            stream.close()


@pytest.fixture(scope="session")
def pair(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders of a server and of two machines that have everything; to be copied."""
    from tests.chaos.kit import fleet_in  # most rooms have no server

    room = tmp_path_factory.mktemp("pair")
    fleet_in(template, room)
    return room


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser for tests that need several pages or downloads."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = os.environ.get("ECMS_CHROMIUM") or next((path for path in map(shutil.which, names) if path), None)
    if found is None:
        pytest.fail("Chromium is missing: sudo apt-get install -y chromium, or name one in ECMS_CHROMIUM")
    return found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Screens first, machines that talk to each other before the others: each process takes what is next in its part of
    the list and gives away from the end, so what is dear to set up is set up by one."""
    items.sort(key=lambda item: (_E2E not in item.path.parents, item.path.name != "test_sync_pages.py"))


def pytest_collection_finish() -> None:
    """The tests themselves are never garbage: to look through them again and again was a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """`build/ecms.py test` ends with pytest's line; what failed before must not scroll out of sight."""
    failed = os.environ.get("ECMS_FAILED_CHECKS")
    if failed:
        terminalreporter.write_line(f"在此之前未通过：{failed}", red=True)
