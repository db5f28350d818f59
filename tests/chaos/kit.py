"""A server in the test's own process, so that its clock, its answers and its disk are the test's, and machines that are
data folders spoken to through the command line or the open workstation."""

from __future__ import annotations

import io
import shutil
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from werkzeug.test import run_wsgi_app

from desktop import cli
from desktop.api.guard import Guard
from desktop.manifest import digests
from desktop.server import LocalServer
from desktop.sync.exchange import Exchange, SyncError
from desktop.sync.identity import Identities, inode_of
from sync_server import accounts
from sync_server.accounts import wall_clock
from sync_server.app import create_server_app
from sync_server.files import FOLDER, Files
from sync_server.manifest import Manifest
from sync_server.store_sqlite import FILE_NAME, SqliteStore
from tests.engine.kit import Desk, assert_checked, open_desk
from tests.server.kit import MANIFEST

BRANCH = "01"
MINUTE_MS, YEAR_MS = 60_000, 365 * 86_400_000

Change = Callable[[dict[str, Any]], dict[str, Any]]
"""What a test makes of a good answer."""


@dataclass(frozen=True)
class Bad:
    """An answer that is none: sent instead of the server's own, which is not even asked."""

    body: Iterable[bytes]
    status: str = "200 OK"
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)


UNAVAILABLE = Bad([b"{}"], "503 Service Unavailable")


class ServerHere:
    """The real server app over a real file, on a port."""

    def __init__(self, folder: Path, manifest: Manifest = MANIFEST, port: int = 0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.shift_ms = folder, 0
        self.bad: dict[str, Bad] = {}
        """Instead of the answers to a call, by its name."""
        self.changes: dict[str, Change] = {}
        """What becomes of the answers to a call, by its name, after the server did what was asked."""
        self.lost: set[str] = set()
        """Calls that are carried out and whose answers end in the middle."""
        self.store = SqliteStore(folder / FILE_NAME, manifest)
        self._app = create_server_app(
            self.store, manifest, lambda: wall_clock() + self.shift_ms, Files(folder / FOLDER)
        )
        self._server = LocalServer(self._answer, Guard(), port)
        self._server.start()

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._server.stop()
        self.store.close()

    def invite(self, user: str | None = None) -> str:
        return accounts.invite(self.store, BRANCH, user, wall_clock() + self.shift_ms)

    def fill_up(self) -> None:
        """No page more fits on the disk."""
        writer = self.store._writer
        writer.execute(f"PRAGMA max_page_count={writer.execute('PRAGMA page_count').fetchone()[0]}")

    def free_space(self) -> None:
        self.store._writer.execute("PRAGMA max_page_count=1000000")

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        call = "blob" if "/blob/" in path else path.rpartition("/")[2]
        if bad := self.bad.get(path) or self.bad.get(call):
            environ["wsgi.input"].read()
            start(bad.status, list(bad.headers))
            return bad.body
        if call not in self.changes and call not in self.lost:
            return self._app(environ, start)
        found, status, headers = run_wsgi_app(self._app, environ)
        body = b"".join(found)
        getattr(found, "close", lambda: None)()  # the file that was sent
        if call in self.lost:
            start(status, [*((name, value) for name, value in headers if name != "Content-Length"),
                           ("Content-Length", str(len(body)))])  # fmt: skip
            return [body[: len(body) // 2]]
        if headers.get("Content-Encoding") == "deflate":
            body = zlib.decompress(body)
        changed = orjson.dumps(self.changes[call](orjson.loads(body)))
        start(status, [("Content-Type", "application/json"), ("Content-Length", str(len(changed)))])
        return [changed]


@contextmanager
def server_in(folder: Path, manifest: Manifest = MANIFEST, port: int = 0) -> Iterator[ServerHere]:
    with closing(ServerHere(folder, manifest, port)) as server:
        yield server


@dataclass(frozen=True)
class Run:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


@dataclass
class Machine:
    """A data folder, spoken to by commands or as an open desk."""

    folder: Path

    def run(self, *words: str) -> Run:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = cli.main([words[0], "--data", str(self.folder), *words[1:]])
        return Run(code, out.getvalue().strip(), err.getvalue().strip())

    def done(self, *words: str) -> str:
        """What a command that must succeed printed."""
        run = self.run(*words)
        assert run.code == 0, run.err
        return run.out

    def refused(self, *words: str) -> str:
        """The one line of a refusal."""
        run = self.run(*words)
        assert run.code == 1 and run.out == "", run
        assert len(run.err.splitlines()) == 1, run.err
        return run.err

    def join(self, server: ServerHere, code: str = "") -> str:
        return self.done("join", "--server", server.url, "--code", code or server.invite())

    def sync(self) -> dict[str, Any]:
        return dict(orjson.loads(self.done("sync")))

    def digest(self) -> dict[str, Any]:
        return dict(orjson.loads(self.done("digest")))

    def desk(self) -> Any:
        return open_desk(self.folder)

    def names(self) -> set[str]:
        """The customers that are there."""
        with open_desk(self.folder) as desk:
            return names_of(desk)


def names_of(desk: Desk) -> set[str]:
    return {row[0] for row in desk.ask("SELECT name FROM customer WHERE deleted_at IS NULL AND is_system IS NOT 1")}


@dataclass
class Company:
    """A server and the machines that joined it; `first` founded the company."""

    server: ServerHere
    room: Path
    first: Machine
    others: list[Machine] = field(default_factory=list)

    def add(self) -> Machine:
        machine = Machine(self.room / f"machine{len(self.others) + 2}")
        machine.join(self.server)
        self.others.append(machine)
        return machine

    def settle(self) -> None:
        """Everybody sends and hears everything."""
        with ExitStack() as open_desks:
            desks = [open_desks.enter_context(open_desk(machine.folder)) for machine in self.machines]
            for desk in (*desks, *desks):
                desk.workstation.sync.round()
                with suppress(SyncError):
                    desk.workstation.files.turn()

    @property
    def machines(self) -> list[Machine]:
        return [self.first, *self.others]


def found_company(template: Path, room: Path, server: ServerHere) -> Company:
    shutil.copytree(template, room / "machine1")
    first = Machine(room / "machine1")
    first.join(server)
    return Company(server, room, first)


def fleet_in(
    template: Path, room: Path, machines: int = 2, work: Callable[[Company], object] = lambda company: None
) -> None:
    """A company of several machines that have everything and where `work` was done, with its server at rest: to be
    copied, for all that is the same before each test, and takes longer than most of them."""
    with server_in(room / "server") as server:
        found = found_company(template, room, server)
        while len(found.machines) < machines:
            found.add()
        found.settle()
        work(found)


def copy_of_fleet(fleet: Path, room: Path, server: ServerHere) -> Company:
    """That company in another place; `server` runs there on a copy of its folder. The machines stay who they are: what
    would make copies of them is told to their identities."""
    identities, machines = Identities.default(), []
    for name in sorted(one.name for one in fleet.glob("machine*")):
        shutil.copytree(fleet / name, room / name)
        known = identities.read(fleet / name)
        assert known is not None
        place = str((room / name).resolve())
        identities.write(replace(known, path=place, inode=inode_of(room / name), server=server.url))
        machines.append(Machine(room / name))
    return Company(server, room, machines[0], machines[1:])


@contextmanager
def joined(fleet: Path, room: Path) -> Iterator[Company]:
    """The same with its server."""
    shutil.copytree(fleet / "server", room / "server")
    with server_in(room / "server") as server:
        yield copy_of_fleet(fleet, room, server)


def attempt(desk: Desk) -> Mapping[str, Any]:
    """One round that may fail, and how the machine stands then."""
    with suppress(SyncError):
        desk.workstation.sync.round()
    return desk.workstation.sync.status()


def at_time(desk: Desk, shift_ms: int) -> None:
    """Lets the desk's own clock go wrong by so much."""

    def now_ms() -> int:
        return wall_clock() + shift_ms

    desk.engine.applier.now_ms = now_ms
    desk.workstation.sync._exchange = partial(Exchange, now_ms=now_ms)


def assert_alike(machines: list[Machine]) -> None:
    """The same data everywhere, nothing under way, and the check finds nothing wrong."""
    found = []
    for machine in machines:
        with open_desk(machine.folder) as desk:
            assert_checked(desk.engine)
            codes = [row[0] for row in desk.ask("SELECT code FROM customer WHERE code IS NOT NULL")]
            assert len(codes) == len(set(codes)), "a number was given twice"
            assert desk.ask("SELECT 1 FROM changeset WHERE state = 'pending'") == []
            found.append(digests(desk.engine, "all"))
    different = {table for table in found[0] for other in found[1:] if other[table] != found[0][table]}
    assert not different, different
