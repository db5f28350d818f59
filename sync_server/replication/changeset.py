"""The unit of sync: one local transaction, numbered without gaps and hash-chained (sync.md B1)."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from .clock import Dot, from_hex, to_hex

Scalar = str | int | None
"""What a column holds on the wire. Floats never travel."""

Kind = Literal["ins", "upd", "del", "undel"]
KINDS: frozenset[str] = frozenset(("ins", "upd", "del", "undel"))

ROWS_MAX = 500
"""Rows in one changeset; a larger batch is cut into several under one batch id."""


@dataclass(frozen=True)
class Op:
    """One row touched: table, id, kind, columns set; for deletes what the author had seen and which parent took it
    along."""

    table: str
    id: str
    kind: Kind
    set: Mapping[str, Scalar] = field(default_factory=dict)
    based_on: Mapping[str, str] = field(default_factory=dict)
    """8 hex digits of the hash of each value that was overwritten."""
    seen: Mapping[str, int] = field(default_factory=dict)
    """Deletes: newest changeset number per replica among the row's dots."""
    via: str | None = None
    """Deletes: `table:id` of the record whose deletion took this one along."""

    def wire(self) -> dict[str, Any]:
        body: dict[str, Any] = {"t": self.table, "id": self.id, "k": self.kind}
        if self.set:
            body["set"] = dict(self.set)
        if self.based_on:
            body["bh"] = dict(self.based_on)
        if self.seen:
            body["seen"] = dict(self.seen)
        if self.via:
            body["via"] = self.via
        return body

    @staticmethod
    def read(body: Mapping[str, Any]) -> "Op":
        """From the wire; raises ValueError on a malformed op."""
        kind = body.get("k")
        if kind not in KINDS or not isinstance(body.get("t"), str) or not isinstance(body.get("id"), str):
            raise ValueError("an op names a table, an id and a kind")
        values = body.get("set", {})
        if any(isinstance(value, float | list | dict) for value in values.values()):
            raise ValueError("columns hold text, integers or nothing")
        return Op(body["t"], body["id"], kind, values, body.get("bh", {}), body.get("seen", {}), body.get("via"))


@dataclass(frozen=True)
class Changeset:
    """What one replica did in one transaction.

    `hlc` is the claimed stamp and never changes; `at` is the wall time in ms the author believed; `off` the clock
    offset it knew; `ctx` what it had fully applied per tier.
    """

    replica: str
    n: int
    hlc: int
    at: int
    actor: str
    schema: int
    ops: Sequence[Op]
    off: int = 0
    ctx: Mapping[str, int] = field(default_factory=dict)
    act: str | None = None
    batch: str | None = None
    res: str | None = None

    @property
    def dot(self) -> Dot:
        return Dot(self.hlc, self.replica, self.n)

    def wire(self) -> dict[str, Any]:
        """The body without the chain hash, ready for `canonical`."""
        body: dict[str, Any] = {
            "r": self.replica,
            "n": self.n,
            "hlc": to_hex(self.hlc),
            "at": self.at,
            "off": self.off,
            "ctx": dict(self.ctx),
            "schema": self.schema,
            "actor": self.actor,
            "ops": [op.wire() for op in self.ops],
        }
        body.update(
            {key: value for key, value in (("act", self.act), ("batch", self.batch), ("res", self.res)) if value}
        )
        return body

    @staticmethod
    def read(body: Mapping[str, Any]) -> "Changeset":
        """From the wire; raises ValueError or KeyError on a malformed body."""
        return Changeset(
            replica=body["r"],
            n=body["n"],
            hlc=from_hex(body["hlc"]),
            at=body["at"],
            off=body.get("off", 0),
            ctx=body.get("ctx", {}),
            schema=body["schema"],
            actor=body["actor"],
            act=body.get("act"),
            batch=body.get("batch"),
            res=body.get("res"),
            ops=[Op.read(op) for op in body["ops"]],
        )


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical(value: object) -> bytes:
    """The one byte form of a value: sorted keys, no spaces, UTF-8, no floats (raises ValueError on NaN, TypeError on
    foreign types)."""
    return _ENCODER.encode(value).encode()


def chain(previous: bytes, body: bytes) -> bytes:
    """h_n = SHA-256(h_{n-1} ‖ canonical(changeset n)); 32 bytes. The server detects forks by it."""
    return hashlib.sha256(previous + body).digest()


def value_hash(value: Scalar) -> str:
    """8 hex digits that stand for an overwritten value, so the server can drop conflicts that are none."""
    return hashlib.sha256(canonical(value)).hexdigest()[:8]
