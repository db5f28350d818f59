"""An open data folder: database, compiled modules, engine. Everything else is handed this and opens nothing itself."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import modules
from .blobs import Blobs
from .db import Database, open_database, refusal, refuse_unsafe_place
from .engine import derived
from .engine.access import Principal
from .engine.apply import Applier
from .engine.documents import audit
from .engine.engine import SQL_FUNCTIONS, Engine
from .engine.events import Bus
from .engine.fields.base import Columns
from .engine.fields.moment import SEEDED
from .engine.imports import finishing, running
from .engine.registry import Definition, Registry
from .engine.schema import migrate, refuse_newer
from .engine.settings import settings_of
from .engine.telling import Tell, untold
from .engine.work import Work, rebuild_checksum
from .errors import Damaged, NotSignedIn, Refused, StorageFull
from .files import make_private, why
from .jobs import Job, Jobs, State
from .modules.system.setting import FILE_MAX_MB
from .sync.files import Files
from .sync.identity import Identities, is_foreign
from .sync.service import Sync
from .uploads import Uploads

_FINISHING = "import-finished"
_ROOM_S = 2.0
"""How often it is tried whether a full disk has room again."""


@dataclass
class Workstation:
    """Open it with `open`, close it when done."""

    folder: Path
    db: Database
    registry: Registry
    engine: Engine
    identities: Identities = field(default_factory=Identities.default)
    jobs: Jobs = field(init=False)
    uploads: Uploads = field(init=False)
    sync: Sync = field(init=False)
    blobs: Blobs = field(init=False)
    files: Files = field(init=False)

    def __post_init__(self) -> None:
        self.jobs = Jobs(self.engine.bus, self.folder / "downloads")
        self.uploads = Uploads(self.folder / "imports")
        self.add_files()
        self.sync = Sync(self.engine, self.folder, self.identities, settle_in=self._settle_in, wipe=self.wipe)
        self.sync.after_round = self.files.after_round
        self.engine.applier.catch_up_books()  # a machine that keeps the books since the last time

    def add_files(self) -> None:
        """The contents of attached files, and their moving. Before the sync, which may have to finish wiping them."""
        self.blobs = Blobs(self.db, self.folder / "files", self._largest_mb)
        self.files = Files(self.engine, self.blobs, lambda: self.sync.file_speaker())

    def _largest_mb(self) -> int:
        with self.db.read() as db:
            return settings_of(db)[FILE_MAX_MB]

    @staticmethod
    def open(folder: Path, identities: Identities | None = None, tell: Tell = untold) -> Workstation:
        """Opens the data folder, creating what is missing and bringing an older one up to date; `tell` hears of every
        step of that, which may take minutes.

        Raises `Refused` for a folder that is unsafe, damaged, in use or from a newer version; then nothing was changed.
        """
        refuse_unsafe_place(folder)
        try:
            make_private(folder)
        except OSError as error:
            raise Refused(f"不能在 {folder} 建立数据文件夹：{why(error)}。请换一个位置。") from error
        registry = modules.load().own()
        db = open_database(folder, SQL_FUNCTIONS)
        try:
            _bring_up_to_date(db, registry, tell)
        except BaseException:
            db.close()
            raise
        bus = Bus()
        engine = Engine(db, registry, Applier(db, registry), bus)
        engine.take_names()
        station = Workstation(folder, db, registry, engine, identities or Identities.default())
        station._finish_imports(tell)
        return station

    def _finish_imports(self, tell: Tell) -> None:
        """At a start: what a kill or a full disk cut off."""
        engine = self.engine
        is_copy = is_foreign(self.db, self.folder, self.identities)
        for one in finishing.finish_at_start(engine, self._principal_of, tell, is_foreign=is_copy):
            state: State = "done" if one.is_done else "failed"
            self.jobs.note(Job(_FINISHING, one.label, one.operator, state=state, message=one.message))
        engine.importing.finish_left = lambda: finishing.finish_left(engine, self._principal_of)
        for operator in {one["operator"] for one in finishing.left(engine)}:
            self.finish_when_there_is_room(operator)

    def finish_when_there_is_room(self, operator: str) -> None:
        """A job that goes on with what a full disk cut off. Until then whoever imports tries to, as well."""
        if any(job.kind == _FINISHING and job.state == "running" for job in self.jobs.all(operator)):
            return

        def work(job: Job) -> None:
            while True:
                try:
                    with running.turn(self.engine, job.step) as finished:
                        job.message = "；".join(one.message for one in finished) or "已经完成"
                    return
                except StorageFull as error:
                    job.message = str(error)
                    job.step(0, 0)
                    time.sleep(_ROOM_S)

        self.jobs.start(Job(_FINISHING, "接着做没有做完的导入", owner=operator, stops=False), work)

    def _principal_of(self, operator: str) -> Principal:
        """Who began what goes on now; one who has been stopped meanwhile had the right when he did."""
        from . import accounts  # accounts works on workstations

        try:
            return accounts.principal_of(self.engine, operator)
        except NotSignedIn:
            return Principal(operator, everything=True)

    @property
    def initialized(self) -> bool:
        """Whether the first start has been finished; not so while the first data of a company are still coming."""
        with self.db.read() as db:
            return (
                db.execute("SELECT 1 FROM sync_self").fetchone() is not None
                and db.execute("SELECT 1 FROM sync_peer WHERE state = 'rows'").fetchone() is None
            )

    def close(self) -> None:
        """Stops synchronising and running jobs and closes the file in order."""
        self.sync.stop()
        self.files.stop()
        self.jobs.stop()
        self.uploads.close()
        self.db.close()

    def _settle_in(self, about: Mapping[str, Any]) -> None:
        """Once, after this machine joined a company."""
        from . import accounts  # accounts works on workstations

        accounts.settle_in(self.engine, about)
        self.engine.bus.emit({"type": "session"})

    def wipe(self) -> None:
        """Takes all data out of a machine that was stopped from afar, with the copies that a restore set aside; it is
        then as on its first day."""
        for copy in self.folder.glob("*.bak*"):
            copy.unlink(missing_ok=True)
        with self.files.still():
            self.blobs.wipe()
        with self.db.write() as db, self.db.unguarded():
            for (name,) in db.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' "
                "AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '%_fts%'"
            ).fetchall():
                if name not in ("meta", "replica"):
                    db.execute(f"DELETE FROM {name}")
            db.execute("DELETE FROM replica WHERE no > 0")
            db.execute("DELETE FROM meta WHERE key != 'fingerprint'")
            seed(db, self.registry)
            derived.bring_up_to_date(db, self.registry)
        self.engine.take_names()
        self.db.shrink()
        self.engine.bus.emit({"type": "session"})


def _bring_up_to_date(db: Database, registry: Registry, tell: Tell = untold) -> None:
    """One transaction: a kill in the middle leaves the file as it was. Nothing is told of a new file."""
    try:
        with db.read() as reader:
            refuse_newer(reader)
            is_new = reader.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None
        told = untold if is_new else tell
        with db.write() as writer, db.unguarded():
            migrate(writer, registry, told)
            seed(writer, registry)
            derived.bring_up_to_date(writer, registry, told)
            _sum_up(writer, registry, told)
            Applier(db, registry).replay_parked()
            audit.bring_up_to_date(writer, registry, told)
            _lead_anew(writer, registry)
    except (sqlite3.Error, StorageFull, Damaged) as error:
        raise refusal(db.path, error) from error


def _lead_anew(db: sqlite3.Connection, registry: Registry) -> None:
    """What was merged elsewhere of modules that this program did not merge before."""
    known = db.execute("SELECT value FROM meta WHERE key = 'mergeable'").fetchone()
    before = set(str(known[0]).split()) if known else set()
    if before != set(registry.mergeable):
        Work(db, registry).lead_anew(set(registry.mergeable) - before)
        db.execute("INSERT OR REPLACE INTO meta VALUES ('mergeable', ?)", (" ".join(sorted(registry.mergeable)),))


def _sum_up(db: sqlite3.Connection, registry: Registry, tell: Tell) -> None:
    """Anew for data of a version that kept no checksums or knew other columns: what merges as one is in them."""
    known = db.execute("SELECT value FROM meta WHERE key = 'checksums'").fetchone()
    if known is None or known[0] != registry.fingerprint:
        tell("计算校验和")
        for name in (*registry.sent, *registry.links):
            rebuild_checksum(db, registry, name)
        db.execute("INSERT OR REPLACE INTO meta VALUES ('checksums', ?)", (registry.fingerprint,))


def seed(db: sqlite3.Connection, registry: Registry) -> None:
    """Inserts what ships with the program and is not there yet; clock zero, no changeset (sync.md "Seed rows")."""
    for definition in map(registry.__getitem__, registry.order):
        seeds = {values["id"]: values for values in registry.seeds(definition)}
        there = f"SELECT id FROM {definition.name} WHERE id IN (SELECT value FROM json_each(?))"
        known = {row[0] for row in db.execute(there, (json.dumps(list(seeds)),))} if seeds else set()
        fresh = [values for id, values in seeds.items() if id not in known]
        if not fresh:
            continue
        for values in fresh:
            row: dict[str, Any] = dict.fromkeys(definition.all_names)
            row |= seed_columns(definition, values)
            row |= {"id": values["id"], "created_at": SEEDED, "updated_at": SEEDED}
            row |= derived.local_values(definition, row)
            names = ", ".join(f'"{name}"' for name in row)
            marks = ", ".join("?" * len(row))
            made = db.execute(f"INSERT INTO {definition.name} ({names}) VALUES ({marks})", tuple(row.values()))
            if definition.searched and made.lastrowid is not None:
                derived.add_to_search(db, definition, [(made.lastrowid, row)])
        derived.rebuild_tally(db, definition)


def seed_columns(definition: Definition, values: Mapping[str, Any]) -> Columns:
    """What a seed row keeps in its columns, here and on the server."""
    stored: Columns = {}
    for name, one in definition.fields.items():
        stored |= one.store(name, values.get(name, _plain_default(one.default)))
    return stored


def _plain_default(default: object) -> object:
    """Defaults that depend on who saves mean nothing for a row nobody saved."""
    return None if default in ("today", "me", "default") else default
