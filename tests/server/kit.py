"""Machines as the server meets them: authors of chained changesets, without a workstation behind them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from sync_server import manifest
from sync_server.intake import Ack, take
from sync_server.replication.changeset import Changeset, Op, Scalar, canonical, chain, value_hash
from sync_server.replication.clock import pack as stamp_of
from sync_server.replication.wire import pack, read_push, sealed
from sync_server.store import Invite, Store

NOW_MS = 1_800_000_000_000
MANIFEST = manifest.load()


def new_id() -> str:
    return uuid4().hex


@dataclass
class Author:
    """One replica: numbers, chains and seals what it writes, and remembers how far it has read."""

    machine: str = "m"
    replica: str = field(default_factory=new_id)
    now_ms: int = NOW_MS
    n: int = 0
    h: bytes = b""
    ctx: int = 0
    sealed: list[dict[str, Any]] = field(default_factory=list)

    def write(self, *ops: Op, tier: str = "", **parts: Any) -> dict[str, Any]:
        """The next changeset, ready to push."""
        self.n += 1
        self.now_ms += 1
        values: dict[str, Any] = {"actor": "u", "schema": MANIFEST.schema, "hlc": stamp_of(self.now_ms)} | parts
        one = Changeset(self.replica, self.n, at=self.now_ms, ops=ops, ctx={tier: self.ctx} if tier else {}, **values)
        body = one.wire()
        self.h = chain(self.h, canonical(body))
        self.sealed.append(sealed(body, self.h))
        return self.sealed[-1]

    def raw(self, **parts: Any) -> dict[str, Any]:
        """A changeset with something wrong in it, chained like any other."""
        body = {key: value for key, value in self.write(ins("customer")).items() if key != "h"} | parts
        previous = b""
        for one in self.sealed[:-1]:
            previous = chain(previous, canonical({key: value for key, value in one.items() if key != "h"}))
        self.h = chain(previous, canonical(body))
        self.sealed[-1] = sealed(body, self.h)
        return self.sealed[-1]


def ins(table: str, id: str | None = None, **values: Scalar) -> Op:
    return Op(table, id or new_id(), "ins", values or {"name": "王"})


def upd(table: str, id: str, old: Mapping[str, Scalar] | None = None, **values: Scalar) -> Op:
    based = {name: value_hash((old or {}).get(name)) for name in values} if old is not None else {}
    return Op(table, id, "upd", values, based)


def delete(table: str, id: str, *seen: Author, via: str | None = None) -> Op:
    return Op(table, id, "del", seen={one.replica: one.n for one in seen}, via=via)


def push(
    store: Store, *changesets: Mapping[str, Any], machine: str = "m", now_ms: int = NOW_MS + 1_000, **more: Any
) -> list[Ack]:
    """Pushes as the wire would bring them."""
    is_revoked = more.pop("is_revoked", False)
    read = read_push(pack({"changesets": list(changesets), **more}))
    with store.transaction() as tx:
        return take(tx, MANIFEST, machine, read, now_ms, is_revoked=is_revoked)


def pull(store: Store, cursor: int = 0, **more: Any) -> list[dict[str, Any]]:
    page = store.log_page(cursor, more.get("items_max", 10_000), more.get("bytes_max", 10**9), more.get("skip"))
    return [json.loads(item) for item in page.items]


def row(store: Store, table: str, id: str) -> dict[str, Any] | None:
    found = store.rows(table, [id]).items
    return json.loads(found[0]) if found else None


def conflicts(store: Store) -> list[dict[str, Any]]:
    """The kept pairs, as the log delivers them."""
    return [
        op["set"]
        for item in pull(store)
        for op in item["ops"]
        if op["t"] == "conflict" and op["k"] == "ins"
    ]  # fmt: skip


def statuses(acks: Sequence[Ack]) -> list[str]:
    return [ack.status for ack in acks]


def enrolled(store: Store, id: str = "m") -> str:
    store.add_machine(id, "hash", Invite("h", "01", None, NOW_MS), NOW_MS)
    return id
