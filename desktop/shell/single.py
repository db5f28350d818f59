"""One program per data folder: a second start brings the first to the front instead."""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Self

from desktop.files import make_private, open_private
from desktop.shell.host import Mode

ANSWER_S = 5.0


@dataclass(frozen=True)
class Running:
    """What the holder of a data folder leaves for a second start; readable by the same user only."""

    port: int
    pid: int
    mode: Mode
    control_secret: str


@dataclass(frozen=True)
class Focused:
    """The first program's answer. In browser mode it gives an address that opens once."""

    mode: Mode
    url: str


class Instance:
    """The lock on a data folder; the system gives it back even when the program is killed."""

    def __init__(self, folder: Path, file: IO[bytes]) -> None:
        self._folder = folder
        self._file = file

    @classmethod
    def acquire(cls, folder: Path) -> Self | None:
        """Take the folder, or None when a running program has it."""
        make_private(folder)
        file = open(folder / "lock", "a+b", opener=open_private)  # noqa: SIM115  the lock lives as long as the program
        if not _lock(file):
            file.close()
            return None
        # What a killed program left behind must not be taken for ours.
        _card(folder).unlink(missing_ok=True)
        return cls(folder, file)

    def announce(self, running: Running) -> None:
        write_private(_card(self._folder), json.dumps(asdict(running)))

    def release(self) -> None:
        _card(self._folder).unlink(missing_ok=True)
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def running(folder: Path) -> Running | None:
    """Who holds the folder, as far as it has said so."""
    try:
        return Running(**json.loads(_card(folder).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def ask_to_focus(first: Running) -> Focused | None:
    """Ask the first program to come to the front; None when it does not answer."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{first.port}/__focus",
        method="POST",
        headers={"X-ECMS-Control": first.control_secret},
    )
    # A proxy set in the environment must not see this.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=ANSWER_S) as answer:
            return Focused(**json.load(answer))
    except (OSError, ValueError, TypeError):
        return None


def write_private(file: Path, text: str) -> None:
    """Write whole or not at all, readable by this user only from the first byte."""
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)
    fresh.replace(file)


def _card(folder: Path) -> Path:
    return folder / "instance.json"


def _lock(file: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
