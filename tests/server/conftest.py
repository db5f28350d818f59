"""A real server process on a free port, spoken to in raw requests."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from sync_server import cli
from sync_server.replication.wire import pack
from tests.conftest import ROOT, Program
from tests.server.kit import MANIFEST, Author

TIMEOUT_S = 30


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """One command of the server, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "sync_server", words[0], "--data", str(folder), *words[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def said(folder: Path, *words: str) -> str:
    """What a command that must succeed prints, run in the test's own process: starting one takes as long as most tests
    do, and those that are about commands start real ones."""
    printed, before = io.StringIO(), os.umask(0o077)  # as the command sets it
    try:
        with redirect_stdout(printed):
            assert cli.main([words[0], "--data", str(folder), *words[1:]]) == 0
    finally:
        os.umask(before)
    return printed.getvalue().strip()


@dataclass
class Served:
    """A server process over a data folder; can be killed and started again."""

    folder: Path
    process: Program = field(init=False)
    url: str = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        popen = subprocess.Popen(
            [sys.executable, "-m", "sync_server", "serve", "--data", str(self.folder), "--port", "0"],
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self.process = Program(popen)
        self.url = self.process.address()

    def stop(self) -> int:
        code = self.process.stop()
        self._close()
        return code

    def kill(self) -> None:
        self.process.kill()
        self._close()

    def _close(self) -> None:
        for stream in (self.process.process.stdout, self.process.process.stderr):
            assert stream is not None
            stream.close()  # again does no harm

    def join(self, branch: str = "01", *words: str) -> Client:
        code = said(self.folder, "invite", "--branch", branch, *words)
        answer = requests.post(f"{self.url}/sync/v1/enrol", json={"code": code, "schema": 1}, timeout=TIMEOUT_S)
        assert answer.status_code == 200, answer.text
        return Client(self, answer.json())


@dataclass
class Client:
    """One enrolled machine, with the author of its changesets."""

    served: Served
    about: dict[str, Any]
    author: Author = field(default_factory=lambda: Author(now_ms=time.time_ns() // 1_000_000))

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"ECMS {self.about['machine']}:{self.about['secret']}"}

    def get(self, path: str, **query: Any) -> requests.Response:
        return requests.get(self.served.url + path, params=query, headers=self.headers, timeout=TIMEOUT_S)

    def post(self, path: str, body: Any) -> requests.Response:
        return requests.post(self.served.url + path, json=body, headers=self.headers, timeout=TIMEOUT_S)

    def hello(self, **more: Any) -> requests.Response:
        one = self.author
        body = {"replica": one.replica, "last_n": one.n, "last_h": one.h[:8].hex(), "schema": MANIFEST.schema}
        return self.post("/sync/v1/hello", body | more)

    def push(self, *changesets: Any, **more: Any) -> requests.Response:
        return self.push_bytes(pack({"changesets": list(changesets), **more}))

    def push_bytes(self, data: bytes, encoding: str = "deflate", **headers: str) -> requests.Response:
        return requests.post(
            f"{self.served.url}/sync/v1/push",
            data=data,
            headers=self.headers | {"Content-Encoding": encoding} | headers,
            timeout=TIMEOUT_S,
        )

    def pull_all(self, **query: Any) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        cursor, more = 0, True
        while more:
            answer = self.get("/sync/v1/pull", cursor=cursor, **query).json()
            items += answer["items"]
            cursor, more = answer["next"], answer["more"]
        return items


Serve = Callable[[], Served]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    one = Served(tmp_path / "server")
    yield one
    one.kill()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for tests that leave it as they found it, or do not mind."""
    one = Served(tmp_path_factory.mktemp("shared") / "server")
    yield one
    one.kill()
