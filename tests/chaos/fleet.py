"""A company of real processes: one server, and workstations that reach it over lines of their own."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from desktop.db import FILE_NAME
from tests.chaos.proxy import CLEAR, Proxy
from tests.conftest import ROOT, Program
from tests.server.conftest import Served, command
from tests.support import PASSWORD, Api

COMMAND_S = 120
BRANCH = "01"


@dataclass
class Station:
    """A workstation: its data, the place of its identity, the line to the server, and the program when it runs."""

    folder: Path
    identities: Path
    line: Proxy
    program: Program | None = None
    api: Api | None = None
    starts: int = 0

    @property
    def variables(self) -> dict[str, str]:
        return {**os.environ, "PYTHONUNBUFFERED": "1", "ECMS_IDENTITY": str(self.identities)}

    def command(self, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """One `ecms` command over these data, to its end."""
        return subprocess.run(
            [sys.executable, "-m", "desktop", words[0], "--data", str(self.folder), *words[1:]],
            cwd=ROOT, env=self.variables, input=given, capture_output=True, text=True, encoding="utf-8",
            timeout=COMMAND_S, check=False,
        )  # fmt: skip

    def done(self, *words: str, given: str = "") -> str:
        """What a command that must succeed printed."""
        run = self.command(*words, given=given)
        assert run.returncode == 0, run.stderr
        return run.stdout.strip()

    def found(self) -> None:
        self.done(
            "init", "--company", "衡远测试公司", "--branch", "总部", "--admin", "admin", "--password-stdin",
            given=PASSWORD + "\n",
        )  # fmt: skip

    def digest(self) -> dict[str, Any]:
        return dict(json.loads(self.done("digest")))

    # --------------------------------------------------------------------------------------------- the running program

    def launch(self) -> None:
        """Begins to start; `enter` waits until it is there."""
        process = subprocess.Popen(
            [sys.executable, "-m", "desktop", "serve", "--data", str(self.folder)],
            cwd=ROOT, env=self.variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, encoding="utf-8",
        )  # fmt: skip
        self.program = Program(process)

    def enter(self) -> Api:
        """The administrator signs in."""
        assert self.program is not None
        api = self.program.page()
        api.sign_in()
        self.starts += 1
        self.api = api
        return api

    def start(self) -> Api:
        self.launch()
        return self.enter()

    def kill(self) -> None:
        """SIGKILL, in the middle of whatever it does."""
        self._end(Program.kill)

    def stop(self) -> None:
        self._end(Program.stop)

    def _end(self, how: Callable[[Program], object]) -> None:
        program, api = self.program, self.api
        self.program = self.api = None
        if program is not None:
            how(program)
            for stream in (program.process.stdout, program.process.stderr):
                assert stream is not None
                stream.close()
        if api is not None:
            api.session.close()

    # ------------------------------------------------------------------------------------------------------- looking in

    def status(self) -> dict[str, Any]:
        assert self.api is not None
        return dict(self.api.get("/api/sync"))

    def ask(self, sql: str, *params: Any) -> list[sqlite3.Row]:
        """What stands in the data file, whoever has it open."""
        with closing(sqlite3.connect(f"file:{self.folder / FILE_NAME}?mode=ro", uri=True, timeout=10)) as db:
            db.row_factory = sqlite3.Row
            return db.execute(sql, params).fetchall()

    def row(self, module: str, id: str) -> Mapping[str, Any] | None:
        found = self.ask(f"SELECT * FROM {module} WHERE id = ?", id)
        return dict(found[0]) if found else None


@dataclass
class Fleet:
    """The server and its workstations, all on this computer."""

    room: Path
    seed: int = 0
    server: Served = field(init=False)
    stations: list[Station] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server = Served(self.room / "server")

    @property
    def server_port(self) -> int:
        return int(self.server.url.rsplit(":", 1)[1])

    def server_command(self, *words: str) -> str:
        """What a command of the server that must succeed printed."""
        run = command(self.server.folder, *words)
        assert run.returncode == 0, run.stderr
        return run.stdout.strip()

    def invite(self, *words: str) -> str:
        return self.server_command("invite", "--branch", BRANCH, *words)

    def add(self, name: str = "") -> Station:
        """A workstation that belongs to nobody yet."""
        name = name or f"station{len(self.stations) + 1}"
        line = Proxy(self.server_port, self.seed * 100 + len(self.stations))
        self.stations.append(Station(self.room / name, self.room / f"{name}-identity", line))
        return self.stations[-1]

    def join(self, station: Station) -> str:
        return station.done("join", "--server", station.line.url, "--code", self.invite())

    def founded(self) -> Station:
        """The first machine: founded alone, then joined to the empty server."""
        station = self.add()
        station.found()
        self.join(station)
        return station

    def restart_server(self) -> None:
        self.server.start()
        for station in self.stations:
            station.line.target = self.server_port

    def clear_up(self) -> None:
        """Nothing is wrong with any line any more."""
        for station in self.stations:
            station.line.weather = CLEAR

    def settle(self, timeout_s: float = 60) -> None:
        """Waits until every running workstation has sent everything and heard of everything."""
        running = [station for station in self.stations if station.api is not None]
        deadline = time.monotonic() + timeout_s
        calm = 0
        while calm < 2:
            states = [_poked(station) for station in running]
            positions = [station.ask("SELECT cursor, head_seen FROM sync_peer")[0] for station in running]
            is_calm = all(one["state"] == "synced" and one["waiting"] == 0 for one in states)
            is_even = len({tuple(one) for one in positions}) == 1 and all(one[0] == one[1] for one in positions)
            calm = calm + 1 if is_calm and is_even else 0
            assert time.monotonic() < deadline, (states, [tuple(one) for one in positions])
            time.sleep(0.3)

    @staticmethod
    def wait_for(is_so: Callable[[], bool], timeout_s: float = 30) -> None:
        deadline = time.monotonic() + timeout_s
        while not is_so():
            assert time.monotonic() < deadline, "it did not come about"
            time.sleep(0.1)

    def stop(self) -> None:
        for station in self.stations:
            station.stop()

    def close(self) -> None:
        for station in self.stations:
            station.kill()
            station.line.close()
        self.server.kill()


def _poked(station: Station) -> dict[str, Any]:
    """How a workstation stands; one that waits for better times is told to go on now."""
    found = station.status()
    if found["state"] != "synced" and station.api is not None:
        station.api.post("/api/sync", {"action": "now"})
    return found


@contextmanager
def fleet_in(room: Path, seed: int = 0) -> Iterator[Fleet]:
    fleet = Fleet(room, seed)
    try:
        yield fleet
    finally:
        fleet.close()


def assert_alike(stations: list[Station]) -> None:
    """Stopped workstations hold the same data, and the check finds nothing wrong with them."""
    digests = [station.digest() for station in stations]
    different = {table for table in digests[0] for other in digests[1:] if other[table] != digests[0][table]}
    assert not different, {table: [digest[table] for digest in digests] for table in different}
    pairs = [{row[0] for row in station.ask("SELECT id FROM conflict")} for station in stations]
    assert all(one == pairs[0] for one in pairs), "the same conflicts everywhere"
    for station in stations:
        station.done("check")
        assert station.ask("SELECT 1 FROM changeset WHERE state != 'acked' AND state != 'applied'") == []
        assert station.ask("SELECT 1 FROM parked_op") == [] and station.ask("SELECT 1 FROM sync_want") == []
