"""One machine of a run, with the person at it: what they know, what they made, and what can happen to their disk."""

from __future__ import annotations

import contextlib
import hashlib
import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from desktop.blobs import Blob
from desktop.engine import attachments, merging, records, removal
from desktop.engine.access import Principal
from desktop.engine.documents import verbs
from desktop.engine.registry import Registry
from desktop.errors import ApiError, StorageFull
from desktop.sync import conflicts, outbox
from desktop.sync.exchange import Revoked, SyncError
from desktop.sync.identity import Identity, inode_of
from desktop.sync.rounds import Peer
from sync_server.replication.changeset import Op

from .chance import Time
from .disk import Fuse, Image, folder_of, put_folder
from .ledger import Ledger
from .station import Station
from .transport import URL, Crash, Session, Weather

NAMES = ("苏州申越", "无锡恒达", "Acme", "常州金坛", "Bolt", "南通海安")
BAD = "坏"
"""Name of what the server will not accept."""
SHORT = (None, "a", "b", "c")
LEVELS = (None, "new", "active", "key", "closed")


@dataclass(frozen=True)
class Kept:
    """A copy of a machine's disk, with what its data hold."""

    image: Image
    known: int
    made: int
    is_whole: bool
    began_at: int
    contents: dict[str, bytes]


@dataclass
class Node:
    """A machine. `known` is what its data have seen, `made` what was written on them and is still to count."""

    name: str
    folder: Path
    registry: Registry
    ledger: Ledger
    time: Time
    session: Session
    people: Callable[[], str]
    """Names the next writer."""
    skew_ms: int = 0
    known: int = 0
    made: int = 0
    is_whole: bool = False
    """Whether the first data are all there."""
    began_at: int = 0
    """Up to which position the first data reached."""
    is_gone: bool = False
    backups: list[Kept] = field(default_factory=list)
    station: Station = field(init=False)
    _looked_at: int = -1
    """How much had been written into this station when it was looked at last."""
    _is_at_work: bool = False
    """Whether it is a person who writes."""
    _wake: Callable[[], None] = field(init=False)

    def __post_init__(self) -> None:
        self._open()

    def _open(self) -> None:
        self._looked_at = -1
        self.station = Station(self.folder, self.registry, self.session, self.now_ms, self.refresh, self.people)
        applier = self.station.engine.applier
        applier.wrote, self._wake = self._wrote, applier.wrote

    def _wrote(self) -> None:
        """What the program writes by itself rests on all that is here when it does."""
        self._wake()
        if not self._is_at_work:
            self.register(self.refresh())

    def now_ms(self) -> int:
        return max(1, self.time.now_ms + self.skew_ms)

    # ----------------------------------------------------------------------------------------------------- knowledge

    def refresh(self) -> int:
        """What the data have seen by now: all changes that are stored here, and the rows the machine began with."""
        written = self.station.db._writer.total_changes
        if self._looked_at == written:
            return self.known
        self._looked_at = written
        for (body,) in self.station.ask("SELECT body FROM changeset"):
            self.known |= self.ledger.of(body).bit
        peer = self.peer
        if peer is not None and peer.state == "log" and not self.is_whole:
            self.is_whole, self.began_at = True, peer.cursor
            self.known |= self.ledger.upto(peer.cursor)
        return self.known

    def register(self, before: int) -> None:
        """Names what was just written here, with what its author knew."""
        rows = self.station.ask("SELECT body FROM changeset WHERE state = 'pending' ORDER BY r, n")
        for (body,) in rows:
            write = self.ledger.of(body)
            if write.known is None:
                first = self.ledger.first_try(write)
                write.known = before if first is None else (first.known or 0) | self.made
                before |= write.bit
            self.made |= write.bit
        self.known |= before

    def stored(self) -> int:
        """The changes whose bodies are here."""
        mask = 0
        for (body,) in self.station.ask("SELECT body FROM changeset"):
            mask |= self.ledger.of(body).bit
        return mask

    @property
    def peer(self) -> Peer | None:
        with self.station.db.read() as db:
            return Peer.read(db)

    @property
    def is_ready(self) -> bool:
        """Whether somebody can work here."""
        return not self.is_gone and self.is_whole

    def replicas(self) -> list[str]:
        with self.station.db.read() as db:
            return outbox.replicas(self.station.engine, db)

    def last_n(self) -> list[int]:
        """How far the own numbers go."""
        return [row[0] for row in self.station.ask("SELECT last_n FROM sync_self")]

    def pending(self) -> int:
        return int(self.station.ask("SELECT count(*) FROM changeset WHERE state = 'pending'")[0][0])

    # ---------------------------------------------------------------------------------------------------------- work

    def work(self, do: Callable[[Station, Principal], object]) -> bool:
        """Something a person does; false if the program would not have it."""
        before, was_at_work, self._is_at_work = self.refresh(), self._is_at_work, True
        try:
            do(self.station, Principal(self.people(), everything=True))
        except (ApiError, LookupError):
            return False
        finally:
            self._is_at_work = was_at_work
        self.register(before)
        return True

    def ids(self, module: str, *, deleted: bool = False) -> list[str]:
        life = "NOT NULL" if deleted else "NULL"
        return [row[0] for row in self.station.ask(f"SELECT id FROM {module} WHERE deleted_at IS {life} ORDER BY id")]

    def save(self, module: str, values: dict[str, Any], id: str | None = None, fresh_id: str | None = None) -> bool:
        return self.work(
            lambda station, who: records.save(station.engine, who, module, values, id=id, fresh_id=fresh_id)
        )

    def delete(self, module: str, *ids: str) -> bool:
        return self.work(lambda station, who: removal.delete(station.engine, who, module, ids))

    def restore(self, module: str, *ids: str) -> bool:
        return self.work(lambda station, who: removal.restore(station.engine, who, module, ids))

    def change(self, module: str, ids: list[str], values: dict[str, Any]) -> bool:
        return self.work(lambda station, who: records.change(station.engine, who, module, ids, values))

    def take(self, id: str, which: conflicts.Take) -> bool:
        return self.work(lambda station, who: conflicts.take(station.engine, who, id, which))

    def write(self, *ops: Op) -> bool:
        """Ops as another version of the program might make them."""
        return self.work(lambda station, who: station.engine.applier.local(ops, actor=who.operator, act="sim"))

    def sheet(
        self, values: dict[str, Any], lines: Sequence[dict[str, Any]], id: str | None = None, *, post: bool = True
    ) -> bool:
        """Saves a document."""
        said = verbs.Entry(values, lines, post)
        return self.work(lambda station, who: verbs.save(station.engine, who, "slip", said, id=id))

    def cancel(self, id: str) -> bool:
        return self.work(lambda station, who: verbs.cancel(station.engine, who, "slip", id, "录错"))

    def merge(self, module: str, loser: str, winner: str) -> bool:
        return self.work(lambda station, who: merging.merge(station.engine, who, module, winner, [loser], {}))

    def split(self, module: str, loser: str) -> bool:
        return self.work(lambda station, who: merging.unmerge(station.engine, who, module, [loser]))

    def merged(self, module: str) -> list[str]:
        """What means another here."""
        return [row[0] for row in self.station.ask("SELECT id FROM alias_of WHERE t = ? ORDER BY id", module)]

    def catch_up(self) -> None:
        """What a start does for the books, where this machine keeps them."""
        self.station.engine.applier.catch_up_books()

    def slips(self, state: str) -> list[str]:
        """Documents that show this state."""
        sql = "SELECT id FROM slip WHERE deleted_at IS NULL AND state = ? ORDER BY id"
        return [row[0] for row in self.station.ask(sql, state)]

    def lines(self, id: str) -> list[dict[str, Any]]:
        """What a document shows, as somebody saves it again."""
        sql = "SELECT id, tag, qty, price FROM slip_line WHERE document = ? AND deleted_at IS NULL ORDER BY line_no, id"
        return [dict(row) for row in self.station.ask(sql, id)]

    def unsettled(self) -> set[str]:
        """The names under which something written here is still to be settled."""
        names = "SELECT DISTINCT p.uuid FROM changeset c JOIN replica p ON p.no = c.r"
        return {row[0] for row in self.station.ask(f"{names} WHERE c.state IN ('pending', 'rejected')")}

    def rejected(self) -> list[tuple[str, int]]:
        sql = (
            "SELECT p.uuid, c.n FROM changeset c JOIN replica p ON p.no = c.r WHERE c.state = 'rejected' ORDER BY 1, 2"
        )
        return [(row[0], row[1]) for row in self.station.ask(sql)]

    def retry(self, replica: str, n: int) -> bool:
        return self.work(lambda station, who: outbox.retry(station.engine, replica, n))

    def discard(self, replica: str, n: int) -> bool:
        return self.work(lambda station, who: outbox.discard(station.engine, replica, n))

    # ----------------------------------------------------------------------------------------------------------- sync

    def join(self, code: str) -> None:
        self.refresh()
        self.station.sync.join(URL, code)

    def round(self, weather: Weather | None = None) -> str:
        """One round; what came of it: ok, or the code of the trouble."""
        if self.is_gone:
            return "gone"
        self.session.weather = weather or Weather()
        try:
            self.station.sync.round()
            said = "ok"
        except Revoked:
            said = "revoked"
        except SyncError as error:
            said = error.code
        except StorageFull:
            said = "full"
        finally:
            self.session.weather = Weather()
        if self.station.is_wiped:
            self.retire()
        else:
            self.refresh()
        return said

    # ---------------------------------------------------------------------------------------------------------- files

    def attach(self, module: str, id: str, content: bytes, role: str = "file") -> bool:
        """Hangs a content on a record."""

        def do(station: Station, who: Principal) -> None:
            blob = station.blobs.take(io.BytesIO(content))
            about = {"file_name": "合同.bin", "size": blob.size, "sha256": blob.sha256, "role": role}
            attachments.attach(station.engine, who, module, id, about)

        return self.work(do)

    def detach(self, id: str) -> bool:
        return self.work(lambda station, who: attachments.remove(station.engine, who, id))

    def bring_back(self, id: str) -> bool:
        return self.work(lambda station, who: attachments.bring_back(station.engine, who, id))

    def move(self, weather: Weather | None = None) -> str:
        """Moves the contents that are due; what came of it: ok, or the code of the trouble."""
        if self.is_gone:
            return "gone"
        self.session.weather = weather or Weather()
        try:
            self.station.files.turn()
            said = "ok"
        except SyncError as error:
            said = error.code
        finally:
            self.session.weather = Weather()
        self.ledger.acknowledged |= {row[0] for row in self.station.ask("SELECT sha256 FROM blob WHERE uploaded = 1")}
        return said

    def wanted(self) -> dict[str, Blob]:
        """The contents that records here speak of."""
        rows = self.station.ask("SELECT DISTINCT sha256, size FROM attachment WHERE deleted_at IS NULL ORDER BY 1")
        return {row[0]: Blob(*row) for row in rows}

    def open_all(self) -> None:
        """Somebody opens every file that is not here."""
        for blob in self.wanted().values():
            if not self.station.blobs.has(blob):
                self.station.files.want(blob)

    def contents(self) -> dict[str, bytes]:
        """All that is shown as the content of a file, by the hash that names it."""
        return contents_in(self.station.blobs.folder)

    # ----------------------------------------------------------------------------------------------------------- disk

    def reopen(self, modules: Registry | None = None) -> None:
        """The program ends in order and starts again, perhaps as a newer version."""
        self.station.close()
        self.registry = modules or self.registry
        self._open()

    def crash(self, statement: int, do: Callable[[], object]) -> None:
        """Ends before a statement of what it does, and starts again with what lies on the disk."""
        before, made, whole = self.refresh(), self.made, self.is_whole
        fuse = self.station.fuse(statement)
        with contextlib.suppress(Crash):
            do()
        self._come_back(fuse, before, made, whole)

    def crash_at_call(self, call: int, do: Callable[[], object]) -> None:
        """Ends at a call of what it does: every other one before the request goes out, or after it was answered."""
        before, made, whole = self.refresh(), self.made, self.is_whole
        fuse = self.station.fuse(1 << 30)
        left = iter(range(call - 1, -1, -1))

        def is_dead() -> bool:
            if next(left, 0) == 0:
                fuse.burn()
            return fuse.is_burnt

        self.session.is_dead = is_dead
        with contextlib.suppress(Crash):
            do()
        self._come_back(fuse, before, made, whole)

    def _come_back(self, fuse: Fuse, before: int, made: int, whole: bool) -> None:
        image = fuse.burn()
        self.station.kill()
        image.put(self.station.path, self.station.identities.folder)
        self.known, self.made, self.is_whole = before, made, whole
        self.is_gone = False
        self._open()
        if before and self.peer is None:  # turned out and emptied before it ended
            self.retire()
            return
        self.register(self.refresh())

    def kept(self) -> Kept:
        """A copy of this disk as it is."""
        known = self.refresh()
        self.ledger.copies += 1
        for (body,) in self.station.ask("SELECT body FROM changeset WHERE state = 'pending'"):
            self.ledger.copied |= self.ledger.of(body).bit
        contents = folder_of(self.station.blobs.folder)
        return Kept(self.station.image(), known, self.made, self.is_whole, self.began_at, contents)

    def put_back(self, kept: Kept, *, in_place: bool, with_identity: bool, with_contents: bool = False) -> None:
        """An older copy takes the place of the data; perhaps so do that of the identity file and of the contents."""
        if with_identity or self.code in self.ledger.twins:
            self.ledger.images.add(self.code)
        self.station.close()
        image = kept.image if with_identity else replace(kept.image, beside=self.station.image().beside)
        if with_contents:
            put_folder(self.station.blobs.folder, kept.contents)
        image.put(self.station.path, self.station.identities.folder, in_place=in_place)
        self.known, self.made = kept.known, kept.made
        self.is_whole, self.began_at = kept.is_whole, kept.began_at
        self._open()
        self.refresh()

    def take_over(self, kept: Kept, identity: Identity | None) -> None:
        """This machine begins as a copy of another's disk; with its identity file, if it was a copy of the whole."""
        self.station.kill()
        replace(kept.image, beside={}).put(self.station.path, self.station.identities.folder, in_place=False)
        put_folder(self.station.blobs.folder, kept.contents)
        if identity is not None:
            data = self.station.folder
            self.station.identities.write(replace(identity, path=str(data.resolve()), inode=inode_of(data)))
        self.known, self.made = kept.known, kept.made
        self.is_whole, self.began_at = kept.is_whole, kept.began_at
        self._open()
        self.refresh()
        if identity is not None:
            self.ledger.images.add(self.code)

    @property
    def code(self) -> str:
        """What stands in the numbers of this machine."""
        return str(self.station.ask("SELECT code FROM sync_self")[0][0])

    def identity(self) -> Identity | None:
        return self.station.identities.read(self.station.folder)

    def retire(self) -> None:
        self.is_gone = True
        self.known = self.made = 0

    def close(self) -> None:
        self.station.kill()


def contents_in(folder: Path) -> dict[str, bytes]:
    """The contents that lie in their place in a folder of contents, here or on the server."""
    places = sorted(one for one in folder.glob("??/??/*") if one.is_file())
    return {one.name: one.read_bytes() for one in places}


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# ------------------------------------------------------------------------------------------------ what people type


def client_values(chance: random.Random, node: Node) -> dict[str, Any]:
    """Some fields of a client; few values, so that two people often write the same."""
    tags, homes = node.ids("tag"), node.ids("branch")
    every: dict[str, Callable[[], Any]] = {
        "name": lambda: chance.choice(NAMES),
        "credit": lambda: chance.choice((None, 0, 100, 100, 9_000_000_000)),
        "level": lambda: chance.choice(LEVELS),
        "visits": lambda: chance.choice((None, 1, 2, 3, 50)),
        "month": lambda: chance.choice((None, 1, 2)),
        "day": lambda: chance.choice((None, 1, 2)),
        "note": lambda: chance.choice((*SHORT, "长\n备注 😀")),
        "home": lambda: chance.choice([None, *homes]),
        "tags": lambda: chance.sample(tags, min(len(tags), chance.randint(0, 2))),
    }
    return {name: every[name]() for name in chance.sample(list(every), chance.randint(1, 3))}


def some_values(chance: random.Random, node: Node, module: str) -> dict[str, Any]:
    """Some fields of a record of any module."""
    if module == "client":
        return client_values(chance, node)
    if module == "tag":
        return {chance.choice(("name", "note")): chance.choice(("新", "旧", "好"))}
    if module == "call":
        return {"about": chance.choice(("报价", "投诉", "回访"))}
    if module == "branch":
        name = chance.choice(("name", "above"))
        return {name: chance.choice(NAMES) if name == "name" else chance.choice([None, *node.ids("branch")])}
    name = chance.choice(("name", "phone", "client"))
    given = {"name": chance.choice(NAMES), "phone": chance.choice(SHORT)}
    return {name: given[name] if name in given else chance.choice(node.ids("client") or [""])}


def slip_values(chance: random.Random, node: Node) -> dict[str, Any]:
    """Some fields of a document's header. What the server did not accept is not referred to: a version refers to it in
    its body, into which the server does not look, so nothing would hold the version up."""
    sql = "SELECT id FROM client WHERE deleted_at IS NULL AND name <> ? ORDER BY id"
    clients = [row[0] for row in node.station.ask(sql, BAD)]
    every: dict[str, Callable[[], Any]] = {
        "client": lambda: chance.choice([None, *clients]),
        "level": lambda: chance.choice(LEVELS),
        "remark": lambda: chance.choice(SHORT),
        "note": lambda: chance.choice(SHORT),
        "kind": lambda: chance.choice(("in", "in", "out")),
    }
    return {name: every[name]() for name in chance.sample(list(every), chance.randint(0, 2))}


def slip_line(chance: random.Random, node: Node) -> dict[str, Any]:
    return {
        "tag": chance.choice(node.ids("tag")),
        "qty": chance.choice((1, 2, 3, 50)),
        "price": chance.choice((0, 7, 100)),
    }


def changed_lines(chance: random.Random, node: Node, id: str) -> list[dict[str, Any]]:
    """The lines of a document as somebody leaves them: one changed, one more, one fewer."""
    lines = node.lines(id)
    if lines and chance.random() < 0.6:
        chance.choice(lines).update(qty=chance.choice((1, 2, 3, 50)))
    if len(lines) > 1 and chance.random() < 0.3:
        lines.pop(chance.randrange(len(lines)))
    if not lines or chance.random() < 0.3:
        lines.append(slip_line(chance, node))
    return lines
