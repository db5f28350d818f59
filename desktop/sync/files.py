"""The contents of attached files on their way to the server and back: a thread and a queue of their own, so that no
file ever holds up a row.

Rows go first; a content follows once the server knows a row that speaks of it. What was cut goes on where it stopped,
what came spoilt is fetched again, and nothing is shown before its hash is right.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from sync_server.replication.idle import EVERY_MS

from ..blobs import Blob, Blobs
from ..engine.engine import Engine
from ..errors import Damaged, StorageFull
from .exchange import EpochChanged, Exchange, FileMissing, Revoked, SyncError, Troubled, UnknownMachine, Unreachable

log = logging.getLogger(__name__)

PART_BYTES = 4 << 20
EAGER_BYTES_MAX = 1 << 20
"""Pictures up to this size come by themselves: people look at them in lists."""
ASK_MAX = 500
CHOSEN = 300
EAGER, ASKED = 1, 2
"""Why a content is wanted."""
BACK_OFF_S = (2, 5, 15, 60, 300, 900)
STOP_S = 4

State = Literal["here", "local", "uploading", "available", "fetching", "missing"]

_WORDS: Mapping[State, str] = {
    "here": "",
    "local": "仅在本机",
    "uploading": "正在上传",
    "available": "可下载",
    "fetching": "正在下载",
    "missing": "来源缺失（在设备 {machine} 上）",
}


class Files:
    """The moving of contents for one open data folder."""

    def __init__(self, engine: Engine, blobs: Blobs, speaker: Callable[[], Exchange | None]) -> None:
        self.engine = engine
        self.blobs = blobs
        self._speaker = speaker
        self._awake = threading.Condition()
        self._wanted = False
        self._stopping = threading.Event()
        self._quiet = threading.Event()
        self._turning = threading.Lock()
        self._thread: threading.Thread | None = None
        self._epoch: str | None = None
        self._seen_row = 0
        """Rows up to this one have been looked at since the start."""
        self._seen_id = ""
        """Whose number that was."""
        self._collected_ms: int | None = None
        self._asked = 0
        """How often somebody asked for a content."""
        self._is_stuck = True
        self._is_down = False
        """Whether the last turn got nowhere: what somebody waits for then waits for the server."""
        self.progress: dict[str, tuple[int, int]] = {}
        """Bytes done and all, of what is moving just now."""

    # ---------------------------------------------------------------------------------------------------- the thread

    def start(self) -> None:
        """Begins to move contents in the background, whenever a round went well or somebody wants one."""
        if self._thread is None:
            self._wanted = self._is_alone()
            self._thread = threading.Thread(target=self._live, name="files", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self.wake()
        if self._thread is not None:
            self._thread.join(timeout=STOP_S)
            self._thread = None

    def after_round(self, is_fresh: bool) -> None:
        """The server answers: what waited for that goes on, and after news there may be more to move."""
        if is_fresh or self._is_stuck:
            self.wake()

    @contextmanager
    def still(self) -> Iterator[None]:
        """Nothing moves meanwhile, what is moving stops after the block under way, and all is looked at anew then."""
        self._quiet.set()
        try:
            with self._turning:
                self._seen_row, self._seen_id, self._epoch = 0, "", None
                yield
        finally:
            self._quiet.clear()

    def wake(self) -> None:
        with self._awake:
            self._wanted = True
            self._awake.notify_all()

    def _live(self) -> None:
        while not self._stopping.is_set():
            with self._awake:
                self._awake.wait_for(lambda: self._wanted or self._stopping.is_set(), self._pause_s())
                self._wanted = False
            if self._stopping.is_set():
                return
            try:
                self.turn()
            except SyncError:
                pass  # the rows meet the same trouble and say so
            except Exception:  # whatever it is, the next turn may do better, and nobody else would start one
                log.exception("moving files stumbled")

    def _pause_s(self) -> float:
        """Until something that failed is due again, at most a day; what is due already waits for a server."""
        with self.engine.db.read() as db:
            sql = f"SELECT min(next_at) FROM blob WHERE {_OPEN} AND next_at > ?"
            (due,) = db.execute(sql, (_now_ms(),)).fetchone()
        return EVERY_MS / 1_000 if due is None else max(0.1, min(due, _now_ms() + EVERY_MS) / 1_000 - time.time())

    # ------------------------------------------------------------------------------------------------------ one turn

    def turn(self) -> int:
        """Moves what is due, on the calling thread; how many contents moved. Raises SyncError when there is no speaking
        to the server at all; what is wrong with one content is that one's trouble."""
        with self._turning:
            try:
                moved = self._moved()
            except SyncError:
                self._is_stuck = self._is_down = True
                raise
            finally:
                self.progress.clear()
            return moved

    def _moved(self) -> int:
        exchange = self._speaker()
        if exchange is None:
            self._is_down = True
            if self._is_alone():
                self._collect()
            return 0
        try:
            self._look_around(exchange)
            moved = self._move_all(exchange)
        finally:
            exchange.close()
        self._is_stuck = self._is_down = False
        self._collect()
        return moved

    def _is_alone(self) -> bool:
        with self.engine.db.read() as db:
            return db.execute("SELECT 1 FROM sync_peer").fetchone() is None

    def _collect(self) -> None:
        """Once a day, and only where rows are not about to come: what no row speaks of goes after long."""
        now_ms = _now_ms()
        if self._collected_ms is None or abs(now_ms - self._collected_ms) >= EVERY_MS:
            self._collected_ms = now_ms
            self.blobs.collect(now_ms)

    def _move_all(self, exchange: Exchange) -> int:
        """Moves one after the other. An error of the server at one content is that one's, at two in a row the server's:
        one that it stumbles over must not keep the others waiting for ever."""
        moved, was_troubled = 0, False
        for blob, goes_up in self._next():
            if self._stopping.is_set():
                break
            try:
                moved += self._move(exchange, blob, goes_up)
                was_troubled = False
            except Troubled as error:
                self._failed(blob, str(error))
                if was_troubled:
                    raise
                was_troubled = True
        return moved

    def _look_around(self, exchange: Exchange) -> None:
        """Contents that rows speak of and nobody noted yet; and once per start, and when the server was restored, which
        of those that are here it lacks."""
        with self.engine.db.read() as db:
            if _last_row(db, self._seen_row) != self._seen_id:  # rows went, and others may have their numbers now
                self._seen_row = 0
            # Deleted ones, too: they may come back, and nobody looks at them again then.
            fresh = db.execute(
                "SELECT sha256, size, max(role = 'image' AND size <= ? AND deleted_at IS NULL) FROM attachment a "
                "WHERE row > ? AND size > 0 AND length(sha256) = 64 AND sha256 NOT GLOB '*[^0-9a-f]*' "
                "AND NOT EXISTS (SELECT 1 FROM blob b WHERE b.sha256 = a.sha256) GROUP BY sha256, size",
                (EAGER_BYTES_MAX, self._seen_row),
            ).fetchall()
            (newest,) = db.execute("SELECT COALESCE(max(row), 0) FROM attachment").fetchone()
            newest_id = _last_row(db, newest)
            row = db.execute("SELECT epoch FROM sync_peer").fetchone()
        if fresh:
            # Data that were put back may have forgotten a content that still lies here, perhaps here alone.
            found = [(row[0], row[1], row[2], self.blobs.has(Blob(row[0], row[1]))) for row in fresh]
            noted = [(sha256, size, 0 if have else want, have) for sha256, size, want, have in found]
            with self.engine.db.write() as db:
                db.executemany("INSERT OR IGNORE INTO blob (sha256, size, want, have) VALUES (?, ?, ?, ?)", noted)
        self._seen_row, self._seen_id = newest, newest_id
        epoch = str(row[0]) if row else ""
        if epoch != self._epoch:
            self._compare(exchange)
            self._epoch = epoch

    def _compare(self, exchange: Exchange) -> None:
        with self.engine.db.read() as db:
            known = {Blob(row[0], row[1]): bool(row[2]) for row in db.execute("SELECT sha256, size, have FROM blob")}
        here = [blob.sha256 for blob in known if self.blobs.has(blob)]
        gone = [blob.sha256 for blob, have in known.items() if have and not self.blobs.has(blob)]
        lacking: set[str] = set()
        for start in range(0, len(here), ASK_MAX):
            lacking |= exchange.files_missing(here[start : start + ASK_MAX])
        with self.engine.db.write() as db:
            given = "sha256 IN (SELECT value FROM json_each(?))"
            db.execute(f"UPDATE blob SET have = 0, uploaded = 0, next_at = 0 WHERE {given}", (json.dumps(gone),))
            db.execute(f"UPDATE blob SET have = 1, want = 0 WHERE have = 0 AND {given}", (json.dumps(here),))
            db.execute(f"UPDATE blob SET uploaded = 0, next_at = 0 WHERE {given}", (json.dumps(list(lacking)),))
            db.execute("UPDATE blob SET missing = 0, fails = 0, next_at = 0 WHERE have = 0")

    def _next(self) -> Iterator[tuple[Blob, bool]]:
        """What moves one after the other until nothing is due; chosen anew once somebody waits for one."""
        while found := self._due():
            asked = self._asked
            for one in found:
                if self._asked != asked:
                    break
                yield one

    def _due(self) -> list[tuple[Blob, bool]]:
        """What moves next, up (true) or down: what somebody waits for, then what others may need, then pictures. Many
        at once: to choose means to look at all that are open."""
        with self.engine.db.read() as db:
            rows = db.execute(
                f"SELECT sha256, size, have FROM blob b WHERE {_OPEN} AND next_at <= ? AND (have = 0 OR {_SPOKEN_OF}) "
                f"ORDER BY want = {ASKED} DESC, have DESC, size LIMIT {CHOSEN}",
                (_now_ms(),),
            ).fetchall()
        return [(Blob(row["sha256"], row["size"]), bool(row["have"])) for row in rows]

    def _move(self, exchange: Exchange, blob: Blob, goes_up: bool) -> bool:
        """Moves one content. Trouble with it is noted and waits; only where nobody answers the turn ends."""
        try:
            if goes_up:
                self._send(exchange, blob)
            else:
                self._fetch(exchange, blob)
            return True
        except FileMissing as error:
            self._failed(blob, str(error), is_missing=True)
        except (Unreachable, Revoked, UnknownMachine, EpochChanged):
            raise
        except (SyncError, OSError, StorageFull, Damaged) as error:
            self._failed(blob, str(error))
        finally:
            self.progress.pop(blob.sha256, None)
        return False

    def _send(self, exchange: Exchange, blob: Blob) -> None:
        if not self.blobs.has(blob):  # somebody took the file away: it is fetched when it is wanted
            self._set(blob, "have = 0, uploaded = 0")
            return
        parts = -(-blob.size // PART_BYTES)
        part = exchange.next_part(blob.sha256, blob.size)
        is_whole = part >= parts
        with self.blobs.path(blob.sha256).open("rb") as file:
            while not is_whole and part < parts:
                self._step(blob, part * PART_BYTES)
                file.seek(part * PART_BYTES)
                is_whole = exchange.put_part(blob.sha256, blob.size, part, file.read(PART_BYTES))
                part += 1
        if not is_whole:  # parts between were lost: asked again at once
            raise SyncError("服务器缺少附件的一部分，会重新上传")
        self._set(blob, "uploaded = 1, fails = 0, next_at = 0, missing = 0, why = NULL")

    def _fetch(self, exchange: Exchange, blob: Blob) -> None:
        if self.blobs.has(blob):  # a kill after it came, before that was noted
            self.blobs.note(blob, have=True)
            return
        part = self.blobs.part(blob.sha256)
        start = part.stat().st_size if part.exists() else 0
        if start > blob.size:
            part.unlink()
            start = 0
        if start < blob.size:
            self.blobs.refuse_beyond_reserve(blob.size - start)
            with part.open("ab") as file:

                def keep(block: bytes) -> None:
                    file.write(block)
                    self._step(blob, file.tell())

                exchange.get_file(blob.sha256, start, blob.size, keep)
        if not self.blobs.adopt(blob):
            raise SyncError("附件在途中损坏，会重新下载")
        self._tell(blob)

    def _step(self, blob: Blob, done: int) -> None:
        if self._stopping.is_set() or self._quiet.is_set():
            raise Unreachable("程序正在退出")
        self.progress[blob.sha256] = (done, blob.size)

    def _failed(self, blob: Blob, why: str, *, is_missing: bool = False) -> None:
        with self.engine.db.write() as db:
            row = db.execute("SELECT fails FROM blob WHERE sha256 = ?", (blob.sha256,)).fetchone()
            fails = (row[0] if row else 0) + 1
            wait_ms = int(BACK_OFF_S[min(fails, len(BACK_OFF_S)) - 1] * 1_000)
            db.execute(
                "UPDATE blob SET fails = ?, next_at = ?, missing = ?, why = ? WHERE sha256 = ?",
                (fails, _now_ms() + wait_ms, is_missing, why, blob.sha256),
            )

    def _set(self, blob: Blob, what: str) -> None:
        with self.engine.db.write() as db:
            db.execute(f"UPDATE blob SET {what} WHERE sha256 = ?", (blob.sha256,))
        self._tell(blob)

    def _tell(self, blob: Blob) -> None:
        """Screens that show the file look again."""
        with self.engine.db.read() as db:
            rows = db.execute(
                "SELECT module, record FROM attachment WHERE sha256 = ? AND deleted_at IS NULL", (blob.sha256,)
            ).fetchall()
        for module, record in rows:
            self.engine.bus.changed({module: [record]})

    # ---------------------------------------------------------------------------------------------------------- asked

    def want(self, blob: Blob) -> None:
        """Somebody opens a content that is not here: it comes next, whatever failed before."""
        if not blob.is_sound:
            return
        with self.engine.db.write() as db:
            db.execute("INSERT OR IGNORE INTO blob (sha256, size) VALUES (?, ?)", (blob.sha256, blob.size))
            db.execute(
                "UPDATE blob SET size = ?, want = ?, have = 0, fails = 0, next_at = 0, missing = 0 WHERE sha256 = ?",
                (blob.size, ASKED, blob.sha256),
            )
        self._is_down = False
        self._asked += 1
        self.wake()

    def states(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """How it stands with the contents of rows, by hash, in a word for the program and in words for people."""
        with self.engine.db.read() as db:
            hashes = json.dumps([row["sha256"] for row in rows])
            known = {
                row["sha256"]: row
                for row in db.execute("SELECT * FROM blob WHERE sha256 IN (SELECT value FROM json_each(?))", (hashes,))
            }
        is_alone = self._is_alone()
        found = {}
        for row in rows:
            state = self._state(Blob(row["sha256"], row["size"]), known.get(row["sha256"]), is_alone)
            done = self.progress.get(row["sha256"])
            words = _WORDS[state].format(machine=row["machine"] or "")
            found[row["sha256"]] = {"state": state, "words": words, "done": done[0] if done else None}
        return found

    def _state(self, blob: Blob, row: sqlite3.Row | None, is_alone: bool) -> State:
        if self.blobs.has(blob):
            is_there = is_alone or bool(row and row["uploaded"])
            return "here" if is_there else "uploading" if blob.sha256 in self.progress else "local"
        is_next = row and row["want"] == ASKED and not row["fails"] and not self._is_down
        if blob.sha256 in self.progress or (is_next and not is_alone):
            return "fetching"
        return "missing" if is_alone or (row and row["missing"]) else "available"


_OPEN = "(have != uploaded OR want > 0)"
"""These very words: SQLite uses an index of the few that are open only where it reads them."""
_SPOKEN_OF = "EXISTS (SELECT 1 FROM attachment a WHERE a.sha256 = b.sha256 AND a.deleted_at IS NULL)"


def _last_row(db: sqlite3.Connection, number: int) -> str:
    """The attachment with this local number; empty where there is none."""
    row = db.execute("SELECT id FROM attachment WHERE row = ?", (number,)).fetchone()
    return str(row[0]) if row else ""


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
