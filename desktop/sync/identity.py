"""Who this machine is, kept in two places: in the data and in a file outside the data folder (sync.md B8).

A data folder that was copied, restored or put on another disk finds no file of its own, or one that speaks of another
file. It then gets a new replica before its first write, so that two copies never number their changes alike.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from uuid import UUID, uuid4

from sync_server.replication.clock import Clock

from ..db import FILE_NAME, Database, looked_into
from ..errors import Refused
from ..files import make_private, open_private, why

BASE_CODE_LENGTH_MAX = 3
"""Codes given at enrolment have two or three characters; longer ones carry the suffix of a restore (T19)."""


@dataclass(frozen=True)
class Identity:
    """What the file says: which database it belongs to, how far that was offered to a server, the machine's secret."""

    path: str
    inode: str
    db_uuid: str
    replica: str
    offered_n: int = 0
    server: str = ""
    machine: str = ""
    secret: str = ""
    user: str = ""
    is_revoked: bool = False

    @property
    def is_enrolled(self) -> bool:
        return bool(self.machine and self.secret)


_TEXTS = [one.name for one in fields(Identity) if one.name not in ("offered_n", "is_revoked")]


@dataclass(frozen=True)
class Identities:
    """The folder of identity files of this user, one for each data folder."""

    folder: Path

    @staticmethod
    def default() -> Identities:
        """Outside every data folder; `ECMS_IDENTITY` names another place."""
        if given := os.environ.get("ECMS_IDENTITY"):
            return Identities(Path(given))
        import platformdirs

        return Identities(platformdirs.user_config_path("ECMS-identity", appauthor=False))

    def read(self, data: Path) -> Identity | None:
        """The identity of a data folder; none if there is no readable one."""
        return _read(self._file(data))

    def write(self, identity: Identity) -> None:
        """Durable before it returns. Raises Refused where it cannot be written."""
        file = self._file(Path(identity.path))
        part = file.with_suffix(".part")
        body = asdict(identity) | {"secret": _sealed(identity.secret)}
        try:
            make_private(self.folder)
            with open(part, "w", encoding="utf-8", opener=open_private) as written:
                json.dump(body, written)
                written.flush()
                os.fsync(written.fileno())
            part.replace(file)
        except OSError as error:
            raise Refused(f"不能写本机的身份文件 {file}：{why(error)}") from error

    def forget(self, data: Path) -> None:
        self._file(data).unlink(missing_ok=True)

    def moved(self, db_uuid: str, inode: str) -> Identity | None:
        """The identity of this very file under a path where nothing lies any more: the folder was moved."""
        for identity in self._all():
            is_same = (identity.db_uuid, identity.inode) == (db_uuid, inode)
            if is_same and not (Path(identity.path) / FILE_NAME).exists():
                return identity
        return None

    def _all(self) -> Iterator[Identity]:
        for file in self.folder.glob("*.json"):
            if found := _read(file):
                yield found

    def _file(self, data: Path) -> Path:
        return self.folder / f"{hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:32]}.json"


def _read(file: Path) -> Identity | None:
    try:
        body = json.loads(file.read_text(encoding="utf-8"))
        values = {one.name: body[one.name] for one in fields(Identity) if one.name in body}
        found = Identity(**values | {"secret": _opened(values.get("secret", ""))})
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    is_sound = type(found.offered_n) is int and all(isinstance(getattr(found, name), str) for name in _TEXTS)
    return found if is_sound else None


def inode_of(data: Path) -> str:
    """What tells a file from its copy."""
    found = (data / FILE_NAME).stat()
    return f"{found.st_dev}:{found.st_ino}"


# --------------------------------------------------------------------------------------------------------- settle


def settle(db: Database, data: Path, identities: Identities) -> tuple[Identity | None, str | None]:
    """The identity of an open data folder that has a server, and what was found out about it: "moved" when the folder
    was moved, "restored" when another file took its place, "copied" when these data come from elsewhere. In the last
    two cases the data have a new replica from here on. None for a workstation without a server."""
    with db.read() as reader:
        me = reader.execute("SELECT db_uuid, replica, last_n FROM sync_self").fetchone()
        is_joined = reader.execute("SELECT 1 FROM sync_peer").fetchone() is not None
        former = former_replicas(reader)
    if me is None or not is_joined:
        return None, None
    inode = inode_of(data)
    found = identities.read(data)
    if found is None and (other := identities.moved(me["db_uuid"], inode)):
        found = replace(other, path=str(data.resolve()))
        identities.write(found)
        identities.forget(Path(other.path))
        return found, "moved"
    is_mine = found is not None and found.db_uuid == me["db_uuid"]
    if found is not None and is_mine and found.inode == inode and found.replica == me["replica"]:
        if found.offered_n <= me["last_n"]:
            return found, None
    elif found is not None and is_mine and found.inode == inode and found.replica in former:
        # A kill came between the data and their identity: nothing was offered under the new name yet.
        kept = replace(found, replica=me["replica"], offered_n=0)
        identities.write(kept)
        return kept, None
    replica = renew_identity(db) or me["replica"]
    kept = Identity(str(data.resolve()), inode, me["db_uuid"], replica)
    if found is not None and is_mine:
        kept = replace(
            kept, server=found.server, machine=found.machine, secret=found.secret, user=found.user,
            is_revoked=found.is_revoked,
        )  # fmt: skip
    identities.write(kept)
    return kept, "restored" if is_mine else "copied"


def is_foreign(db: Database, data: Path, identities: Identities) -> bool:
    """Whether `settle` will give these data a new replica, since they come from elsewhere or from another time."""
    with db.read() as reader:
        me = reader.execute("SELECT db_uuid, replica, last_n FROM sync_self").fetchone()
        is_joined = reader.execute("SELECT 1 FROM sync_peer").fetchone() is not None
        former = former_replicas(reader)
    if me is None or not is_joined:
        return False
    inode, found = inode_of(data), identities.read(data)
    if found is None:
        return identities.moved(me["db_uuid"], inode) is None
    if found.db_uuid != me["db_uuid"] or found.inode != inode:
        return True
    return found.offered_n > me["last_n"] if found.replica == me["replica"] else found.replica not in former


def renew_file(data: Path, identities: Identities) -> None:
    """After the program itself replaced its file: the same machine under the replica that now stands in the data."""
    found = identities.read(data)
    if found is None:
        return
    with looked_into(data / FILE_NAME) as db:
        row = db.execute("SELECT db_uuid, replica FROM sync_self").fetchone()
    if row is not None and row[0] == found.db_uuid:
        identities.write(replace(found, inode=inode_of(data), replica=row[1], offered_n=0))


# ------------------------------------------------------------------------------------------------------ new replica


def renew_identity(db: Database) -> str | None:
    """A new replica for a file that was restored or copied, so that numbers and changes never collide (sync.md B8).

    What waits to be sent stays under the old replica, whose end of the chain is kept in `meta`. Returns the new
    replica; none for a company that was never founded.
    """
    with db.write() as writer:
        me = writer.execute("SELECT * FROM sync_self").fetchone()
        if me is None:
            return None
        keep_end(writer, me["replica"], me["last_n"], me["last_h"])
        known = {row[0] for row in writer.execute("SELECT code FROM replica WHERE code IS NOT NULL")}
        replica, code = mint(me["code"], known)
        writer.execute("INSERT INTO replica (uuid, code) VALUES (?, ?)", (replica, code))
        writer.execute(
            "UPDATE sync_self SET replica = ?, code = ?, last_n = 0, last_h = x'', hlc = ?",
            (replica, code, _newest_stamp(writer, me["hlc"])),
        )
        return replica


def keep_end(db: sqlite3.Connection, replica: str, n: int, h: bytes) -> None:
    """Remembers where the chain of a replica that was given up ends."""
    db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (f"replica.{replica}", f"{n} {h.hex()}"))


def end_of(db: sqlite3.Connection, replica: str) -> int:
    """The last number written here under a name that was given up."""
    row = db.execute("SELECT CAST(value AS INTEGER) FROM meta WHERE key = ?", (f"replica.{replica}",)).fetchone()
    return int(row[0]) if row else 0


def former_replicas(db: sqlite3.Connection) -> list[str]:
    """Replicas under which these data wrote before, oldest first."""
    rows = db.execute(
        "SELECT substr(m.key, 9) FROM meta m JOIN replica r ON r.uuid = substr(m.key, 9) WHERE m.key LIKE 'replica.%' "
        "ORDER BY r.no"
    )
    return [row[0] for row in rows]


def base_code(code: str) -> str:
    """The code a machine was given, without the suffix of a restore."""
    return code[:-3] if len(code) > BASE_CODE_LENGTH_MAX else code


def mint(code: str, known: set[str]) -> tuple[str, str]:
    """A new replica id and the code that goes with it: the plain code and three base32 characters of the id."""
    base = base_code(code)
    while True:
        replica = uuid4().hex
        suffix = base64.b32encode(UUID(replica).bytes).decode()[:3]
        # A letter first: digits alone would read like the beginning of a longer number of the plain code.
        if suffix[0].isalpha() and base + suffix not in known:
            return replica, base + suffix


def _newest_stamp(db: sqlite3.Connection, hlc: int) -> int:
    clock = Clock(hlc)
    for table, column in (("row_clock", "hlc"), ("changeset", "hlc_eff")):
        (newest,) = db.execute(f"SELECT COALESCE(max({column}), 0) FROM {table}").fetchone()
        clock = clock.receive(newest)
    return clock.last


# ----------------------------------------------------------------------------------------------------- the secret

# On Windows the secret is sealed for the signed-in user (DPAPI); elsewhere the file is for its owner alone (0600).

if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    class _Blob(ctypes.Structure):
        _fields_ = (("size", wintypes.DWORD), ("data", ctypes.POINTER(ctypes.c_char)))

    def _protected(call: str, data: bytes) -> bytes:
        given = _Blob(len(data), ctypes.create_string_buffer(data, len(data)))
        taken = _Blob()
        done = getattr(ctypes.windll.crypt32, call)(ctypes.byref(given), None, None, None, None, 0, ctypes.byref(taken))
        if not done:
            raise OSError(ctypes.GetLastError(), call)
        try:
            return ctypes.string_at(taken.data, taken.size)
        finally:
            ctypes.windll.kernel32.LocalFree(taken.data)

    def _sealed(secret: str) -> str:
        return base64.b64encode(_protected("CryptProtectData", secret.encode())).decode() if secret else ""

    def _opened(sealed: str) -> str:
        return _protected("CryptUnprotectData", base64.b64decode(sealed)).decode() if sealed else ""

else:

    def _sealed(secret: str) -> str:
        return secret

    def _opened(sealed: str) -> str:
        return sealed
