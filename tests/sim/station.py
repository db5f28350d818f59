"""A workstation of a run: the real engine and the real synchronising over a real file, without threads and screens."""

from __future__ import annotations

import queue
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from desktop.db import FILE_NAME, open_database
from desktop.engine.apply import Applier, Changed
from desktop.engine.engine import SQL_FUNCTIONS, Engine
from desktop.engine.events import Bus
from desktop.engine.registry import Registry
from desktop.sync.exchange import Exchange
from desktop.sync.identity import Identities
from desktop.sync.service import Sync
from desktop.workstation import Workstation, _bring_up_to_date
from sync_server.replication.changeset import Op

from .disk import Fuse, Image, drop
from .transport import Session


class Signing(Applier):
    """Has somebody sign what the program writes by itself, so that every write of a run has a name of its own."""

    sign: Callable[[], str]

    def local(self, ops: Sequence[Op], *, actor: str, **about: Any) -> Changed:
        return super().local(ops, actor=actor or (self.sign() if ops else ""), **about)


class Station(Workstation):
    """Open data folder of a machine. `settled` is called once after it joined, `people` names who writes next."""

    def __init__(
        self,
        folder: Path,
        registry: Registry,
        session: Session,
        now_ms: Callable[[], int],
        settled: Callable[[], object] = lambda: None,
        people: Callable[[], str] = lambda: "",
    ) -> None:
        self.folder = folder / "data"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.identities = Identities(folder / "identities")
        self.registry = registry
        self.session = session
        self.settled = settled
        self.is_wiped = False
        self.db = open_database(self.folder, SQL_FUNCTIONS)
        _bring_up_to_date(self.db, registry)
        applier = Signing(self.db, registry, now_ms)
        applier.sign = people
        self.engine = Engine(self.db, registry, applier, Bus())
        wire = session.open()

        def exchange(server: str, machine: str, secret: str) -> Exchange:
            return Exchange(server, machine, secret, session=wire, now_ms=now_ms)

        self.add_files()
        self.blobs.spare = lambda folder: 1 << 40  # whatever the disk of the test has left
        self.sync = Sync(
            self.engine, self.folder, self.identities, settle_in=self._settle_in, wipe=self.wipe, exchange=exchange
        )
        self.sync.after_round = self.files.after_round

    def _settle_in(self, about: Mapping[str, Any]) -> None:
        self.settled()

    def wipe(self) -> None:
        self.is_wiped = True
        super().wipe()

    def __repr__(self) -> str:
        return f"Station({self.folder.parent.name})"

    @property
    def path(self) -> Path:
        return self.folder / FILE_NAME

    def image(self) -> Image:
        return Image.of(self.path, self.identities.folder)

    def fuse(self, left: int) -> Fuse:
        """Makes this machine end before its next statement number `left`."""
        fuse = Fuse(self.image, left)
        fuse.lay(self.db._writer)
        self.session.is_dead = lambda: fuse.is_burnt
        return fuse

    def kill(self) -> None:
        """Gone without a word; what lies on the disk is up to the caller."""
        readers = []
        while True:
            try:
                readers.append(self.db._readers.get_nowait())
            except queue.Empty:
                break
        drop(*readers, self.db._writer)
        self.db._closed = True
        self.session.is_dead = lambda: False

    def close(self) -> None:
        self.db.close()

    def ask(self, sql: str, *params: Any) -> list[Any]:
        with self.db.read() as db:
            return db.execute(sql, params).fetchall()
