"""One program per data folder, whatever ends the first one."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from desktop.api import guard as guarding
from desktop.api.guard import Guard
from desktop.server import LocalServer
from desktop.shell import endpoints, single
from desktop.shell.browser import BrowserHost
from desktop.shell.host import Mode
from desktop.shell.single import Instance, Running
from desktop.workstation import Workstation

HOLD = """
import sys, time
from pathlib import Path
from desktop.shell.single import Instance
instance = Instance.acquire(Path(sys.argv[1]))
print("have" if instance else "busy", flush=True)
time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    words = [sys.executable, "-c", HOLD, str(tmp_path / "data")]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "have\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_second_process_finds_the_folder_taken(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    assert Instance.acquire(tmp_path / "data") is None


def test_killed_holder_leaves_the_folder_free(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    instance = Instance.acquire(tmp_path / "data")
    assert instance is not None
    instance.release()


def test_released_folder_is_free_and_clean(tmp_path: Path) -> None:
    for _ in range(2):
        instance = Instance.acquire(tmp_path)
        assert instance is not None
        instance.announce(Running(1, 2, "window", "s"))
        instance.release()
    assert single.running(tmp_path) is None


def test_left_over_card_is_not_taken_for_ours(tmp_path: Path) -> None:
    (tmp_path / "instance.json").write_text('{"port": 1, "pid": 2, "mode": "window", "control_secret": "old"}')
    with_lock = Instance.acquire(tmp_path)
    assert with_lock is not None
    assert single.running(tmp_path) is None
    with_lock.release()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"port": 1}', '{"port": 1, "more": 2}'])
def test_broken_card_is_no_card(tmp_path: Path, content: str) -> None:
    (tmp_path / "instance.json").write_text(content)
    assert single.running(tmp_path) is None


def test_folder_and_card_are_private(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    instance = Instance.acquire(folder)
    assert instance is not None
    instance.announce(Running(1, 2, "browser", "s"))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "instance.json").stat().st_mode) == 0o600
    assert single.running(folder) == Running(1, 2, "browser", "s")
    instance.release()


def test_a_folder_that_exists_keeps_its_permissions_and_our_files_in_it_are_private(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir(mode=0o755)
    (folder / "lock").touch(mode=0o644)
    instance = Instance.acquire(folder)
    assert instance is not None
    instance.announce(Running(1, 2, "browser", "s"))
    workstation = Workstation.open(folder)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    workstation.close()
    instance.release()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert modes.keys() >= {"lock", "instance.json", "ecms.db", "ecms.db-wal"}
    assert set(modes.values()) == {0o600}, modes


class Noted(BrowserHost):
    """Remembers that it was asked to come to the front."""

    def __init__(self, mode: Mode) -> None:
        super().__init__()
        self.mode = mode
        self.focused = 0

    def focus(self) -> None:
        self.focused += 1


def first_program(mode: Mode) -> tuple[Guard, Noted, LocalServer]:
    guard, host, app = Guard(), Noted(mode), Flask(__name__)
    guarding.install(app, guard)
    app.register_blueprint(endpoints.blueprint(guard, host))
    server = LocalServer(app, guard)
    server.start()
    return guard, host, server


@pytest.mark.parametrize("mode", ["window", "browser"])
def test_second_start_brings_the_first_to_the_front(mode: Mode) -> None:
    guard, host, server = first_program(mode)
    try:
        answer = single.ask_to_focus(Running(server.port, 1, mode, guard.control_secret))
        assert answer is not None
        assert (answer.mode, host.focused) == (mode, 1)
        # Only a browser needs another address; a window shows the page it has.
        assert guard.is_waiting(answer.url) == (mode == "browser")
    finally:
        server.stop()


def test_only_who_can_read_the_card_may_ask() -> None:
    _guard, host, server = first_program("window")
    try:
        assert single.ask_to_focus(Running(server.port, 1, "window", "guess")) is None
        assert host.focused == 0
    finally:
        server.stop()


def test_first_program_that_is_gone_does_not_answer() -> None:
    assert single.ask_to_focus(Running(9, 1, "window", "s")) is None
