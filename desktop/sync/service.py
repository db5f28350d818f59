"""When to synchronise, and how it stands: one thread of its own, so that no screen ever waits for a server."""

from __future__ import annotations

import json
import logging
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from ..engine.engine import Engine
from ..engine.fields.moment import instant
from ..engine.schema import SCHEMA
from ..errors import Damaged, StorageFull
from . import diary, outbox
from .exchange import (
    EpochChanged,
    Exchange,
    OtherCompany,
    Protocol,
    Revoked,
    SyncError,
    UnknownMachine,
    Unreachable,
    candidates,
)
from .identity import Identities, Identity, inode_of, settle
from .rounds import Outcome, Peer, Round, about_me

log = logging.getLogger(__name__)

HELLO_EVERY_S = 60
GATHER_S = 0.15
"""Saves that follow each other go out together."""
BACK_OFF_S = (1, 2, 4, 8, 10)
TROUBLE_S = 15
STOP_S = 4
"""How long closing waits for a call under way; what it brings is asked for again the next time."""
ASIDE_S = 3
"""How long a screen waits for a server that hangs."""
_STALE_S = 60
CLOCK_WRONG_MS = 15 * 60_000
_OK_EVERY_S = 60

State = Literal["alone", "joining", "synced", "syncing", "waiting", "offline", "paused", "attention"]


class Copied(SyncError):
    """These data come from another machine: they have a name of their own, but no secret."""

    code, title = "copied", "这份数据是从别处复制来的"
    hint = "请管理员生成新的加入码，在同步中心重新加入。没有改动丢失。"


class ClockWrong(SyncError):
    code, title = "clock", "本机的时钟不对"
    hint = "同步照常进行，先后顺序不会错。请在系统设置里校正日期和时间。"


class Sync:
    """The synchronising of one open data folder."""

    def __init__(
        self,
        engine: Engine,
        data: Path,
        identities: Identities | None = None,
        *,
        settle_in: Callable[[Mapping[str, Any]], None] = lambda about: None,
        wipe: Callable[[], None] = lambda: None,
        exchange: Callable[[str, str, str], Exchange] = Exchange,
    ) -> None:
        self.engine = engine
        self.data = data
        self.identities = identities or Identities.default()
        self._settle_in = settle_in
        self._wipe = wipe
        self._exchange = exchange
        self._lock = threading.Lock()
        self._turning = threading.Lock()
        self._awake = threading.Condition()
        self._wanted = False
        self._full = True
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._round: Round | None = None
        self._problem: SyncError | None = None
        self._failures = 0
        self._offline_since: datetime | None = None
        self._as_of: datetime | None = None
        self._progress: tuple[int, int] | None = None
        self._busy = False
        self._hello_at = 0.0
        self._push_at = 0.0
        self.aside = threading.Lock()
        """Held by the one call beside the rounds that may be under way."""
        self._ok_at = 0.0
        self._told: tuple[str, ...] = ()
        self.after_round: Callable[[bool], None] = lambda is_fresh: None
        """Called after each round that went well, with whether anything moved."""
        engine.applier.wrote = self.wake
        self._identify()

    def _identify(self) -> None:
        """Who this machine is, before anything is written; a copy gets a name of its own here."""
        self._identity, found = settle(self.engine.db, self.data, self.identities)
        if found in ("restored", "copied"):
            words = {"restored": "数据文件被换成了另一份（例如恢复了备份）", "copied": "数据是从别处复制来的"}
            with self.engine.db.write() as db:
                diary.note(db, "identity", text=f"{words[found]}，本机从现在起用新的编号，没有丢失改动。")
        with self.engine.db.read() as db:
            peer = Peer.read(db)
            row = db.execute("SELECT 1 FROM meta WHERE key = 'sync.paused'").fetchone()
        self._paused = row is not None
        self._as_of = datetime.fromisoformat(peer.last_ok) if peer is not None and peer.last_ok else None
        if peer is not None and not (self._identity and self._identity.is_enrolled):
            self._problem = Copied()
        elif self._identity is not None and self._identity.is_revoked and self._has_nothing_left():
            self._leave(Revoked())

    def _has_nothing_left(self) -> bool:
        with self.engine.db.read() as db:
            return outbox.waiting(db)[0] == 0

    # ---------------------------------------------------------------------------------------------------- the thread

    def start(self) -> None:
        """Begins to synchronise in the background."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._live, name="sync", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ends after the call under way; what waits goes out the next time."""
        self._stopping.set()
        self.wake()
        if self._thread is not None:
            self._thread.join(timeout=STOP_S)
            self._thread = None
        if self._round is not None:
            self._round.exchange.close()

    def wake(self) -> None:
        """Something waits to be sent."""
        with self._awake:
            self._wanted = True
            self._awake.notify_all()

    def _live(self) -> None:
        while not self._stopping.is_set():
            try:
                pause_s = self._turn()
            except Exception:  # whatever it is, the next round may do better, and nobody else would start one
                log.exception("synchronising stumbled")
                pause_s = TROUBLE_S
            with self._awake:
                self._awake.wait_for(lambda: self._wanted or self._stopping.is_set(), pause_s)
                is_wanted, self._wanted = self._wanted, False
            if is_wanted and not self._stopping.is_set():
                self._stopping.wait(GATHER_S if not self._failures else min(self._failures, 5))

    def _turn(self) -> float | None:
        """One round, if there is anybody to speak to; returns after how long the next is due."""
        if not self._may_speak():
            self._tell()
            return None
        if self._round is not None:
            self._round.may_push = time.monotonic() >= self._push_at
        try:
            self.round()
        except EpochChanged:
            self._full = True
            return 0.1
        except Unreachable:
            pause = BACK_OFF_S[min(self._failures - 1, len(BACK_OFF_S) - 1)]
            return pause * random.uniform(0.8, 1.2)
        except Revoked:
            return None
        except SyncError as error:
            if self._is_push_trouble(error):  # the next push waits, what comes in does not
                if self._round is not None and self._round.may_push:
                    self._push_at = time.monotonic() + TROUBLE_S
                return self._poll_s()
            return TROUBLE_S * random.uniform(0.8, 1.2)
        except Exception:
            log.exception("a round failed")
            self._fail(Protocol("同步时程序出了问题，已记入日志"))
            return TROUBLE_S
        return self._poll_s()

    def _poll_s(self) -> float:
        return (self._round.poll_ms if self._round else 1_000) / 1_000

    def _is_push_trouble(self, error: SyncError) -> bool:
        return self._round is not None and error is self._round.trouble

    def _may_speak(self) -> bool:
        identity = self._identity
        return identity is not None and identity.is_enrolled and not self._paused

    # ------------------------------------------------------------------------------------------------------ one round

    def round(self) -> Outcome:
        """One round now, on the calling thread. Raises SyncError."""
        with self._turning:
            try:
                one = self._speaker()
                is_full = self._full or time.monotonic() - self._hello_at > HELLO_EVERY_S or bool(self._failures)
                with self.engine.db.read() as db:
                    self._busy = bool(outbox.waiting(db)[0])
                outcome = one.run() if is_full else one.quick()
                if is_full:
                    self._hello_at, self._full = time.monotonic(), False
            except Revoked as error:
                self._revoked(error)
                raise
            except SyncError as error:
                if self._is_push_trouble(error):
                    self._hello_at, self._full = time.monotonic() if is_full else self._hello_at, False
                    self._came_in(one.outcome)
                    self._say_problem(error)
                    self._tell(conflicts_changed=self._news_of_conflicts())
                else:
                    self._fail(error)
                raise
            except (StorageFull, Damaged) as error:
                self._fail(trouble := LocalTrouble(error.title))
                raise trouble from error
            finally:
                self._busy = False
                self._progress = None
        self._succeed(outcome)
        return outcome

    def _speaker(self) -> Round:
        identity = self._identity
        if identity is None or not identity.is_enrolled:
            raise Copied() if self._problem else SyncError("本机还没有加入服务器")
        if self._round is None:
            exchange = self._exchange(identity.server, identity.machine, identity.secret)
            self._round = Round(
                self.engine, exchange, self.identities, self.data, progress=self._step, settle_in=self._settle_in
            )
        return self._round

    def _step(self, done: int, total: int) -> None:
        if self._stopping.is_set():
            raise Unreachable("程序正在退出")
        self._progress = (done, total)
        self._tell()

    def _succeed(self, outcome: Outcome) -> None:
        self._came_in(outcome)
        self._problem = self._clock_problem()
        is_fresh = bool(outcome.pulled or outcome.pushed)
        self._tell(conflicts_changed=self._news_of_conflicts(), is_fresh=is_fresh)
        self.after_round(is_fresh)

    def _came_in(self, outcome: Outcome) -> None:
        """Everything there was has come in: the machine is as of now."""
        now = datetime.now(UTC)
        self._failures = 0
        if self._offline_since is not None:
            minutes = int((now - self._offline_since).total_seconds() // 60)
            self._note("online", minutes=minutes, count=outcome.pushed)
        self._offline_since, self._as_of = None, now
        if time.monotonic() - self._ok_at > _OK_EVERY_S:
            self._ok_at = time.monotonic()
            with self.engine.db.write() as db:
                db.execute("UPDATE sync_peer SET last_ok = ?", (instant(now),))

    def _news_of_conflicts(self) -> bool:
        found = self._round is not None and self._round.has_news_of_conflicts
        if self._round is not None:
            self._round.has_news_of_conflicts = False
        return found

    def _note(self, kind: diary.Kind, **facts: Any) -> None:
        """A line for the diary. A disk that is full or damaged must not end the synchronising."""
        try:
            with self.engine.db.write() as db:
                diary.note(db, kind, **facts)
        except (StorageFull, Damaged, sqlite3.Error):
            log.warning("no line for the diary: %s %s", kind, facts)

    def _clock_problem(self) -> SyncError | None:
        with self.engine.db.read() as db:
            (off,) = db.execute("SELECT clock_off FROM sync_self").fetchone()
        return (
            ClockWrong(f"本机的时钟{'慢' if off > 0 else '快'}了{_about(off)}") if abs(off) > CLOCK_WRONG_MS else None
        )

    def _fail(self, error: SyncError) -> None:
        self._failures += 1
        if isinstance(error, Unreachable):
            if self._offline_since is None:
                self._offline_since = datetime.now(UTC)
                self._note("offline", title=error.title)
        else:
            self._say_problem(error)
        self._tell()

    def _say_problem(self, error: SyncError) -> None:
        is_new = self._problem is None or self._problem.code != error.code
        self._problem = error
        if is_new and not isinstance(error, EpochChanged):
            self._note("problem", text=f"{error}。{error.hint}")

    def _revoked(self, error: Revoked) -> None:
        """What was not sent goes out one last time, for the administrator to look at; then the data go. Cut anywhere,
        the next call to the server goes on from here."""
        assert self._round is not None and self._identity is not None
        self._identity = replace(self._identity, is_revoked=True)
        self.identities.write(self._identity)
        try:
            self._round.hand_over()
        except Revoked:
            pass
        except Unreachable as trouble:
            self._fail(trouble)
            raise
        except SyncError:
            log.exception("what was left could not be handed over")
        self._leave(error)

    def _leave(self, error: SyncError) -> None:
        self._wipe()
        self.identities.forget(self.data)
        self._identity, self._round, self._problem = None, None, error
        self._tell()

    # ----------------------------------------------------------------------------------------------------------- join

    def probe(self, server: str) -> dict[str, Any]:
        """Whether a sync server answers at what a person typed: {ok, ms, empty, title, server}."""
        try:
            urls = candidates(server)
        except ValueError:
            return {
                "ok": False,
                "ms": 0,
                "empty": False,
                "title": "这不是服务器地址，例如 192.168.1.10:8630 或 sync.example.com",
                "server": server.strip(),
            }
        troubles: list[SyncError] = []
        for url in urls:
            exchange = self._exchange(url, "", "")
            exchange.read_s = ASIDE_S
            started = time.perf_counter()
            try:
                about = exchange.about()
            except SyncError as error:
                troubles.append(error)
                continue
            finally:
                exchange.close()
            ms = max(1, round((time.perf_counter() - started) * 1_000))
            return {"ok": True, "ms": ms, "empty": bool(about.get("empty")), "title": "已连上", "server": url}
        # What answers but is no sync server says more than what does not answer at all.
        is_other = any(isinstance(one, Protocol) for one in troubles)
        title = (
            "这个地址上不是同步服务器" if is_other else f"连不上 {urls[0]}，请核对地址和端口，看看服务器是否已经启动"
        )
        return {"ok": False, "ms": 0, "empty": False, "title": title, "server": urls[0]}

    def join(self, server: str, code: str) -> None:
        """Joins by a one-time code: an empty data folder takes the company's data, a workstation with data becomes the
        first machine of a new server, a machine that lost its secret comes back. Raises SyncError."""
        found = self.probe(server)
        if not found["ok"]:
            raise Unreachable(str(found["title"]))
        with self._turning, self.engine.db.read() as db:
            me = db.execute("SELECT db_uuid, replica FROM sync_self").fetchone()
            peer = Peer.read(db)
        is_new = me is None or (peer is not None and peer.state == "rows" and peer.cursor == 0)
        exchange = self._exchange(str(found["server"]), "", "")
        try:
            about = exchange.enrol(code, SCHEMA, None if is_new or peer is None else peer.tier, not is_new)
        finally:
            exchange.close()
        with self._turning:
            self._enrol(str(found["server"]), about, None if is_new else me)
        self.wake()

    def _enrol(self, server: str, about: Mapping[str, Any], me: Mapping[str, Any] | None) -> None:
        db_uuid, replica = (me["db_uuid"], me["replica"]) if me else (uuid4().hex, uuid4().hex)
        secret = {"secret": about["secret"]}
        self._identity = Identity(
            str(self.data.resolve()), inode_of(self.data), db_uuid, replica, 0, server, str(about["machine"]),
            secret["secret"], str(about.get("user") or ""),
        )  # fmt: skip
        self.identities.write(self._identity)
        kept = {name: about.get(name) for name in ("machine", "code", "kind", "branch", "user", "rows")}
        with self.engine.db.write() as db:
            peer = Peer.read(db)
            db.execute("INSERT OR REPLACE INTO meta VALUES ('sync.enrolled', ?)", (json.dumps(kept),))
            db.execute("DELETE FROM meta WHERE key IN ('sync.settled', 'sync.paused')")
            if me is None:
                self._begin(db, db_uuid, replica, about)
            elif peer is None:
                db.execute(
                    "INSERT INTO sync_peer (tier, epoch, cursor, state) VALUES (?, ?, 0, 'log')",
                    (about["tier"], about["epoch"]),
                )
                diary.note(db, "join", text="已连上新的服务器，本机的数据正在上传，以后加入的机器会得到它们。")
            else:
                self._take_code(db, str(about["code"]))
                diary.note(db, "join", text="已重新加入公司。")
        if self._round is not None:
            self._round.exchange.close()
        self._round, self._problem, self._failures, self._full, self._paused = None, None, 0, True, False
        self._offline_since = None
        self._tell()

    @staticmethod
    def _begin(db: Any, db_uuid: str, replica: str, about: Mapping[str, Any]) -> None:
        """An empty machine: a name, a code, and the promise of the first data."""
        db.execute("DELETE FROM sync_self")
        db.execute("DELETE FROM sync_peer")
        db.execute("DELETE FROM meta WHERE key = 'sync.first'")
        db.execute("INSERT OR IGNORE INTO replica (uuid, code) VALUES (?, ?)", (replica, about["code"]))
        db.execute(
            "INSERT INTO sync_self (db_uuid, replica, code, last_n, last_h, hlc, schema) "
            "VALUES (?, ?, ?, 0, x'', 0, ?)",
            (db_uuid, replica, about["code"], SCHEMA),
        )
        db.execute(
            "INSERT INTO sync_peer (tier, epoch, cursor, state) VALUES (?, ?, 0, 'rows')",
            (about["tier"], about["epoch"]),
        )

    @staticmethod
    def _take_code(db: Any, code: str) -> None:
        """A machine that joined again draws its numbers under the new code; no other machine ever had it."""
        db.execute("UPDATE replica SET code = ? WHERE uuid = (SELECT replica FROM sync_self)", (code,))
        db.execute("UPDATE sync_self SET code = ?", (code,))

    # -------------------------------------------------------------------------------------------------------- commands

    def now(self) -> None:
        """A person wants a round at once."""
        self._failures = 0
        self._push_at = 0.0
        self._full = True
        self.wake()

    def pause(self, is_paused: bool) -> None:
        """Stops or goes on; kept over a restart."""
        with self.engine.db.write() as db:
            if is_paused:
                db.execute("INSERT OR REPLACE INTO meta VALUES ('sync.paused', '1')")
            else:
                db.execute("DELETE FROM meta WHERE key = 'sync.paused'")
        self._paused = is_paused
        self.wake()

    def confirm(self) -> None:
        """A person means the many deletes that wait."""
        self._speaker().confirm_mass()
        self.now()

    def speaker(self) -> Exchange:
        """For calls beside the rounds (machines, codes). Raises SyncError for a machine without a server."""
        identity = self._identity
        if identity is None or not identity.is_enrolled:
            raise Copied() if self._problem else SyncError("本机还没有加入服务器")
        exchange = self._exchange(identity.server, identity.machine, identity.secret)
        exchange.read_s = ASIDE_S
        return exchange

    def file_speaker(self) -> Exchange | None:
        """For the contents of files; nobody while this machine is alone, paused or still joining."""
        return self.speaker() if self._may_speak() and not self.is_joining else None

    @property
    def identity(self) -> Identity | None:
        """What this machine is to its server, if it has one."""
        return self._identity

    @property
    def is_joining(self) -> bool:
        """Whether the first data are still coming."""
        with self.engine.db.read() as db:
            peer = Peer.read(db)
        return peer is not None and peer.state == "rows"

    # ---------------------------------------------------------------------------------------------------------- status

    def status(self) -> dict[str, Any]:
        """How it stands, without what depends on who asks."""
        with self.engine.db.read() as db:
            count, size = outbox.waiting(db)
            held = outbox.rejected(db)
            peer = Peer.read(db)
            me = db.execute("SELECT code, clock_off FROM sync_self").fetchone()
            total = int(about_me(db).get("rows") or 0) if peer is not None and peer.state == "rows" else 0
        if peer is None:
            count, size = 0, 0  # nobody to send it to
        problem = self._problem
        progress = self._progress or ((0, total) if peer is not None and peer.state == "rows" else None)
        return {
            "state": self._state(peer, count),
            "server": self._identity.server if self._identity else "",
            "machine": me["code"] if me else "",
            "as_of": instant(self._as_of) if self._as_of else None,
            "since": instant(self._offline_since) if self._offline_since else None,
            "waiting": count,
            "waiting_bytes": size,
            "rejected": held,
            "progress": {"done": progress[0], "total": progress[1]} if progress else None,
            "problem": {"code": problem.code, "title": str(problem), "hint": problem.hint} if problem else None,
            "clock_off_ms": me["clock_off"] if me else 0,
        }

    def _state(self, peer: Peer | None, waiting: int) -> State:
        if peer is None:
            return "alone"
        if peer.state == "rows" and not isinstance(self._problem, Copied | UnknownMachine | OtherCompany):
            return "joining"
        if self._paused:
            return "paused"
        if self._offline_since is not None and isinstance(self._problem, ClockWrong | None):
            return "offline"
        if self._problem is not None:
            return "attention"
        if self._busy or self._is_stale():
            return "syncing"
        return "waiting" if waiting else "synced"

    def _is_stale(self) -> bool:
        """Whether the last word from the server is old: it may hang, or this machine has just woken up."""
        return self._as_of is None or (datetime.now(UTC) - self._as_of).total_seconds() > _STALE_S

    def _tell(self, *, conflicts_changed: bool = False, is_fresh: bool = False) -> None:
        """Tells the screens, when there is something new to say."""
        if not self.engine.bus.listening:
            return
        status = self.status()
        said = (*(str(status[name]) for name in ("state", "waiting", "rejected", "problem", "progress")), _beat())
        if said == self._told and not conflicts_changed and not is_fresh:
            return
        self._told = said
        self.engine.bus.emit({"type": "sync", "sync": status, "conflicts_changed": conflicts_changed})


class LocalTrouble(SyncError):
    """This machine cannot write."""

    code, hint = "local", "清出空间或恢复备份以后会自动继续。"


def _beat() -> str:
    """So that 「刚刚」 is told now and then, though nothing else changed."""
    return str(int(time.monotonic() // 20))


def _about(off_ms: int) -> str:
    minutes = abs(off_ms) // 60_000
    if minutes < 120:
        return f" {minutes} 分钟"
    return f" {minutes // 60} 小时" if minutes < 2_880 else f" {minutes // 1_440} 天"
