"""What the commands do, without a screen. Each returns the text to print; what cannot be done raises `Refused`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from . import accounts, maintenance
from .db import FILE_NAME, open_database
from .engine.engine import SQL_FUNCTIONS
from .errors import ApiError, Refused
from .sync import outbox
from .sync.exchange import SyncError, Unreachable
from .workstation import Workstation

FIRST_BRANCH_CODE = "01"
FIRST_DEPARTMENT = "管理部"
FIRST_TRIES = 6
"""How often the first sync goes on after a cut before the command gives up."""


def init(folder: Path, company: str, branch: str, admin: str, password: str) -> str:
    """First start without the screen."""
    first = accounts.FirstStart(company, branch, FIRST_BRANCH_CODE, FIRST_DEPARTMENT, admin, admin, password)
    with _open(folder) as workstation:
        accounts.set_up(workstation, first)
    return f"「{company.strip()}」已设置好。登录部门 {FIRST_DEPARTMENT}，用户 {admin.strip()}。数据在 {folder}"


def demo(folder: Path, customers: int, seed: int, documents: int = 0) -> str:
    """Demonstration data into a founded company."""
    from . import demo as demonstration

    with _open_existing(folder) as workstation:
        made = demonstration.fill(workstation.engine, customers, seed, _progress, documents)
        return demonstration.summary(workstation.engine, made)


def backup(folder: Path, file: Path) -> str:
    """A checked copy of the data; the program may be running."""
    target = file.expanduser().absolute()
    _refuse_missing(folder)
    db = open_database(folder, SQL_FUNCTIONS)
    try:
        maintenance.backup(db, target, _progress)
        apart = maintenance.files_apart(db, folder)
    finally:
        db.close()
    return f"已备份到 {target}（{target.stat().st_size / 1_048_576:,.1f} MB，已打开检查过）{apart}"


def restore(folder: Path, file: Path) -> str:
    """Puts a backup in the place of the data."""
    kept = maintenance.restore(folder, file.expanduser().absolute())
    former = f"。原来的数据保留在 {kept}" if kept else ""
    return f"已恢复 {file}{former}{maintenance.files_lacking(folder)}"


def check(folder: Path) -> str:
    """数据完好, or a refusal that lists what was found."""
    with _open_existing(folder) as workstation:
        findings = maintenance.check(workstation.engine, _progress)
    lines = [f"{finding.title}：{finding.detail}" for finding in findings]
    problems = [finding for finding in findings if finding.kind == "problem"]
    if problems:
        raise Refused("\n".join([f"查到 {len(problems)} 处问题", *lines]))
    return "\n".join(["数据完好", *lines])


def join(folder: Path, server: str, code: str) -> str:
    """Joins a company by a one-time code and waits until the first data are here."""
    workstation = Workstation.open(folder)
    try:
        workstation.sync.join(server, code)
        _first_round(workstation)
        with suppress(SyncError):  # the machine's own row; it may wait for the next round as well
            workstation.sync.round()
        with workstation.db.read() as db:
            me = workstation.engine.applier.me(db)
    except SyncError as error:
        raise Refused(f"{error}。{error.hint}") from error
    finally:
        workstation.close()
    return f"已加入，本机编号 {me.code}"


def _first_round(workstation: Workstation) -> None:
    """The first data may be cut: they go on where they stopped."""
    for attempt in range(FIRST_TRIES):
        try:
            workstation.sync.round()
            return
        except Unreachable:
            if attempt == FIRST_TRIES - 1:
                raise
            time.sleep(2**attempt)


def sync(folder: Path) -> str:
    """One round with the server: one line of JSON."""
    with _open_existing(folder) as workstation:
        try:
            outcome = workstation.sync.round()
        except SyncError as error:
            raise Refused(f"{error}。{error.hint}") from error
        with suppress(SyncError):  # the rows are through; the files go on the next time
            workstation.files.turn()
        with workstation.db.read() as db:
            outcome.rejected = outbox.rejected(db)
        return json.dumps(outcome.public())


def digest(folder: Path, scope: str) -> str:
    """{table: {rows, sha256}} over the replicated rows."""
    from .manifest import digests

    with _open_existing(folder) as workstation:
        return json.dumps(digests(workstation.engine, scope), ensure_ascii=False, indent=1)


def manifest() -> str:
    """What the server learns of the modules."""
    from . import modules
    from .manifest import build, text

    return text(build(modules.load())).rstrip("\n")


@contextmanager
def _open(folder: Path) -> Iterator[Workstation]:
    """An open data folder; errors that the API would answer become the one line of a refusal."""
    workstation = Workstation.open(folder)
    try:
        yield workstation
    except ApiError as error:
        raise Refused(error.title) from error
    finally:
        workstation.close()


@contextmanager
def _open_existing(folder: Path) -> Iterator[Workstation]:
    _refuse_missing(folder)
    with _open(folder) as workstation:
        if not workstation.initialized:
            raise Refused(_NOT_FOUNDED)
        yield workstation


_NOT_FOUNDED = "还没有完成首次设置，请先打开程序，或用 ecms init"


def _refuse_missing(folder: Path) -> None:
    if not (folder / FILE_NAME).exists():
        raise Refused(f"{folder} 里没有数据。{_NOT_FOUNDED}")


def _progress(done: int, total: int) -> None:
    """A line on stderr that overwrites itself, only where somebody watches."""
    if sys.stderr.isatty():
        end = "\n" if done >= total else ""
        print(f"\r{done:,} / {total:,}", end=end, file=sys.stderr, flush=True)
