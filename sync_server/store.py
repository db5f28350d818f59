"""What the server asks of its storage. SQLite answers now; a PostgreSQL store answers the same questions and runs the
same tests. Nothing here knows SQL, nothing above it does either."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .manifest import Key
from .replication.changeset import Scalar
from .replication.clock import Dot
from .replication.merge import RowState

SCOPE = "co"
"""The one scope there is so far: the whole company."""

LATE = "late"
"""Status of a changeset in the log that was taken in after it had been set aside."""

PAGE_BYTES_MAX = 4_000_000
"""JSON bytes after which a page ends at the next position."""


@dataclass(frozen=True)
class Head:
    """Where the stream stands. `tier` names this server's company for good, `epoch` changes with every restore."""

    tier: str
    epoch: str
    seq: int


@dataclass(frozen=True)
class Replica:
    """The author of a chain of changesets: how far it came, under which number it is stored."""

    no: int
    uuid: str
    machine: str
    last_n: int
    last_h: bytes
    last_eff: int


@dataclass(frozen=True)
class Entry:
    """One accepted changeset in the log. `body` is canonical JSON without the chain hash."""

    seq: int
    replica: Replica
    n: int
    h: bytes
    hlc_eff: int
    old_seq: int | None
    ctx: int
    res: str | None
    status: str
    body: bytes

    @property
    def dot(self) -> Dot:
        return Dot(self.hlc_eff, self.replica.uuid, self.n)


@dataclass(frozen=True)
class Held:
    """One changeset that was not accepted, `reason` saying why, and the rows it would have made."""

    replica: Replica
    n: int
    h: bytes
    status: str
    reason: str
    body: bytes
    rows: Sequence[Key] = ()
    at: int = 0


@dataclass(frozen=True)
class Stamp:
    """Who made and who last changed a row, and when by their own wall clocks in ms."""

    created_at: int
    created_by: str
    machine: str
    updated_at: int
    updated_by: str


@dataclass(frozen=True)
class Row:
    """A row as the server keeps it."""

    state: RowState
    stamp: Stamp | None = None
    last_seq: int = 0
    is_gone: bool = False


@dataclass(frozen=True)
class Machine:
    """An enrolled machine."""

    id: str
    code: str
    kind: str
    branch: str
    user: str | None
    state: str
    enrolled_at: int
    last_seen: int | None
    waiting: int | None = None
    """Changesets it had not got rid of when it last said hello."""
    version: str | None = None
    """Its program, as it calls itself."""


@dataclass(frozen=True)
class Invite:
    """What a one-time code entitles to; `hash` stands for the code, `machine` is the one that asked for it."""

    hash: str
    branch: str
    user: str | None
    expires_at: int
    machine: str | None = None


@dataclass(frozen=True)
class Refusal:
    """One changeset in quarantine, as it is listed. `machine` is the code of the machine that pushed it."""

    replica: str
    n: int
    status: str
    reason: str
    at: int
    machine: str


@dataclass(frozen=True)
class Sums:
    """The checksum of each table at one moment."""

    sums: Mapping[str, int]
    head: Head


@dataclass(frozen=True)
class Told:
    """Rows that were asked for: as items in order of ids, the ids of those that are not there, and the ids that were
    not looked for since there were enough bytes."""

    items: Sequence[bytes]
    missing: Sequence[str]
    cut: Sequence[str]


@dataclass(frozen=True)
class Versions:
    """Part of a table, in order of ids: the row sum of each row, the id to go on after if there is more."""

    versions: Mapping[str, int]
    next: str | None
    head: Head


@dataclass(frozen=True)
class Page:
    """Part of the stream: JSON items in order, the cursor after them, the head at that moment."""

    items: Sequence[bytes]
    next: int
    head: Head

    @property
    def more(self) -> bool:
        return self.next < self.head.seq


class Transaction(Protocol):
    """One push. Rows are locked in key order; everything commits together or not at all."""

    def head(self) -> Head: ...
    def replica(self, uuid: str) -> Replica | None: ...
    def add_replica(self, uuid: str, machine: str) -> Replica: ...
    def server_replica(self) -> Replica:
        """The replica under which the server itself writes; a new one with each epoch."""
        ...

    def save_replica(self, replica: Replica) -> None: ...
    def newest(self) -> int:
        """The latest stamp that was ever given out here."""
        ...

    def rows(self, keys: Collection[Key]) -> dict[Key, Row]:
        """The rows there are, locked in key order."""
        ...

    def others_since(self, seq: int, author: Replica) -> bool:
        """Whether anyone but this replica has an entry after a position."""
        ...

    def gone_since(self, seq: int) -> set[Key]:
        """Rows deleted now and touched after a position."""
        ...

    def referring_since(self, seq: int, table: str, column: str, ids: Sequence[str]) -> list[str]:
        """Rows of a table touched after a position that hold one of these ids in a column, deleted ones too: what is
        needed may be brought back by the same push."""
        ...

    def taken_along(self, via: str) -> list[Key]:
        """Rows deleted together with the record `table:id`."""
        ...

    def entry(self, replica: str, n: int) -> Entry | None: ...
    def held(self, replica: str, n: int) -> Held | None: ...
    def has_held_rows(self) -> bool: ...
    def held_rows(self, keys: Collection[Key]) -> set[Key]:
        """Which of these rows only a quarantined changeset would have made."""
        ...

    def hold(self, held: Held) -> None: ...
    def let_in(self, held: Held) -> None:
        """Takes a changeset out of quarantine."""
        ...

    def stamps_around(self, replica: Replica, n: int) -> tuple[int, int | None]:
        """The stamps of what a replica has in the log before and after a number; nothing if it has none after."""
        ...

    def release(self, keys: Collection[Key]) -> None:
        """These rows exist now; nothing needs to wait for them any more."""
        ...

    def append(self, entries: Sequence[Entry], rows: Iterable[tuple[Key, Row]]) -> int:
        """The last thing a push does: takes the next positions from the head, writes log and rows with them and moves
        the checksums along.

        The positions in `entries` and `rows` count from 1; the position before the first one is added and returned.
        Whoever reads position p sees all positions before it: the head stays locked until the commit.
        """
        ...


class Store(Protocol):
    """The server's data."""

    def transaction(self) -> AbstractContextManager[Transaction]: ...
    def head(self) -> Head: ...
    def kept(self, head: Head) -> int:
        """The last position that came through the latest restore; before any restore that is the head."""
        ...

    def is_empty(self) -> bool:
        """Whether nothing was ever pushed."""
        ...

    def rows_total(self) -> int:
        """Rows that did not ship with the program, deleted ones too: what a first sync brings."""
        ...

    def replica(self, uuid: str) -> Replica | None: ...
    def known_hash(self, uuid: str, n: int) -> bytes | None:
        """The chain hash of a changeset that came, accepted or not."""
        ...

    def log_page(self, cursor: int, items_max: int, bytes_max: int, skip: tuple[str, int] | None) -> Page:
        """Changesets after a cursor, without those of replica `skip` up to its number, but with its late ones: it
        knows them as not accepted."""
        ...

    def rows_page(self, cursor: int, items_max: int, bytes_max: int = PAGE_BYTES_MAX) -> Page:
        """Rows touched after a cursor in their present state, cut at the first position at which there are enough."""
        ...

    def rows(self, table: str, ids: Sequence[str], bytes_max: int = PAGE_BYTES_MAX) -> Told:
        """These rows as they are."""
        ...

    def living(self, table: str, ids: Sequence[str] | None = None) -> dict[str, Mapping[str, Scalar]]:
        """The values of the rows of a table, or of some of them, that are there and not deleted."""
        ...

    def file_sizes(self, hashes: Sequence[str]) -> dict[str, set[int]]:
        """Of these contents, those that rows which are not deleted speak of, each with the lengths they name."""
        ...

    def files(self) -> Iterator[tuple[str, int]]:
        """Every content that rows which are not deleted speak of, with its length."""
        ...

    def files_ever(self) -> set[str]:
        """Every content that any row speaks of, also deleted ones: they can be restored."""
        ...

    def sums(self) -> Sums: ...
    def versions(self, table: str, after: str, items_max: int) -> Versions: ...
    def quarantined(self) -> list[Refusal]:
        """All that is in quarantine, oldest first."""
        ...

    def invite(self, invite: Invite) -> None: ...
    def redeem(self, code_hash: str, now_ms: int) -> Invite | None:
        """Takes a code out of circulation; nothing if it is unknown, used or expired, or its machine was turned out."""
        ...

    def add_machine(self, machine_id: str, secret_hash: str, invite: Invite, now_ms: int) -> Machine: ...
    def machine(self, id: str) -> tuple[Machine, str] | None:
        """A machine and the hash of its secret."""
        ...

    def machines(self) -> list[Machine]: ...
    def codes(self, replicas: Sequence[str]) -> dict[str, str]:
        """The codes of the machines behind replicas; the server's own have none."""
        ...

    def has_grant(self, machine: str) -> bool: ...
    def revoke(self, id: str, now_ms: int) -> bool: ...
    def machines_active(self) -> int: ...
    def seen(self, id: str, now_ms: int, waiting: int | None = None, version: str | None = None) -> bool:
        """Notes that a machine called, and what it said of itself. Never waits for a push: false if it was not
        noted, so that who only reads is not held up."""
        ...

    def stats(self) -> dict[str, int | str]: ...
    def new_epoch(self, least: int) -> None:
        """These data are older than what was given out: a new epoch, at least this one, at positions nobody knows."""
        ...

    def backup(self, file: Path) -> None: ...
    def close(self) -> None: ...
