"""Batches on the wire: canonical JSON under zlib, with limits on both sides. Pure.

Whoever reads a batch may be looking at garbage: cut, endless, nested without end, full of numbers too large. All of
that is one of two errors here.
"""

import json
import re
import zlib
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from .changeset import KINDS, ROWS_MAX, Changeset, canonical
from .clock import from_hex
from .clock import pack as pack_stamp

CHANGESETS_MAX = 500
"""Changesets in one push."""
BATCH_BYTES_MAX = 4_000_000
"""JSON bytes of several changesets together."""
ALONE_BYTES_MAX = 32_000_000
"""JSON bytes of a changeset that travels alone, so of any batch."""
TEXT_CHARS_MAX = 1_000_000
"""Characters in one column."""

INTEGER_MAX = (1 << 63) - 1
"""What a column of integers holds."""

STAMP_MAX = pack_stamp((1 << 47) - (1 << 40))
"""Room above it, so that who has seen the last of all stamps can still write. It is millennia away: an ordinary wrong
clock is below."""

_ID = re.compile(r"[0-9a-f]{32}")
_HASH = re.compile(r"[0-9a-f]{16}")
_NAME_CHARS_MAX = 64


class WireError(ValueError):
    """What came over the wire cannot be used.

    WireError
    ├── TooLarge       more than the limits allow, packed or unpacked
    ├── Garbled        no batch at all: not zlib, cut, not JSON, wrong outer shape
    └── Malformed      one changeset is wrong inside; the others may be fine
    """


class TooLarge(WireError):
    """Beyond a limit."""


class Garbled(WireError):
    """Not a batch."""


class Malformed(WireError):
    """A changeset that breaks the format."""


def pack(value: object, level: int = 6) -> bytes:
    """A value as a compressed batch."""
    return zlib.compress(canonical(value), level)


def unpack(data: bytes, bytes_max: int = ALONE_BYTES_MAX) -> Any:
    """What `pack` packed. Raises TooLarge before more than `bytes_max` are unpacked, Garbled on anything else."""
    return parse(inflate(data, bytes_max))


def inflate(data: bytes, bytes_max: int = ALONE_BYTES_MAX) -> bytes:
    """Unpacked bytes. Raises TooLarge or Garbled."""
    decompressor = zlib.decompressobj()
    try:
        unpacked = decompressor.decompress(data, bytes_max + 1)
    except zlib.error as error:
        raise Garbled("the batch is not compressed as it should be") from error
    if len(unpacked) > bytes_max:
        raise TooLarge(f"more than {bytes_max} bytes unpacked")
    if not decompressor.eof or decompressor.unused_data:
        raise Garbled("the batch was cut or has something behind it")
    return unpacked


def parse(text: bytes) -> Any:
    """JSON without floats. Raises Garbled."""
    try:
        return json.loads(text, parse_float=_no_float, parse_constant=_no_float)
    except (ValueError, RecursionError) as error:
        raise Garbled("the batch is not JSON of the kind used here") from error


def _no_float(text: str) -> NoReturn:
    raise ValueError(f"{text[:20]} is not an integer")


def sealed(body: Mapping[str, Any], h: bytes) -> dict[str, Any]:
    """The body of a changeset with the first 8 bytes of its chain hash, as it is pushed."""
    return {**body, "h": h[:8].hex()}


def batches(changesets: Iterable[dict[str, Any]]) -> Iterable[list[dict[str, Any]]]:
    """Sealed changesets cut into pushes that keep the limits, in order. Raises TooLarge on one beyond them."""
    batch: list[dict[str, Any]] = []
    total = 0
    for changeset in changesets:
        size = len(canonical(changeset)) + 1
        if size > ALONE_BYTES_MAX - 1_000:
            raise TooLarge(f"changeset {changeset['n']} has {size} bytes")
        if batch and (len(batch) == CHANGESETS_MAX or total + size > BATCH_BYTES_MAX - 1_000):
            yield batch
            batch, total = [], 0
        batch.append(changeset)
        total += size
    if batch:
        yield batch


def read_push(data: bytes) -> dict[str, Any]:
    """The body of a push: {changesets: [sealed changeset], again?}. Each changeset has a usable r, n and h, numbers
    of one replica that follow each other; what else is in them is looked at by `read_changeset`. Raises TooLarge,
    Garbled."""
    text = inflate(data)
    push = parse(text)
    if not isinstance(push, dict) or not isinstance(push.get("changesets"), list) or not push["changesets"]:
        raise Garbled("a push holds changesets")
    changesets = push["changesets"]
    if len(changesets) > CHANGESETS_MAX or (len(changesets) > 1 and len(text) > BATCH_BYTES_MAX):
        raise TooLarge(f"a push holds {CHANGESETS_MAX} changesets and {BATCH_BYTES_MAX} bytes at most")
    for place, body in enumerate(changesets):
        if not isinstance(body, dict) or not _is_id(body.get("r")) or not _is_count(body.get("n"), 1):
            raise Garbled("a changeset names its replica and number")
        if not isinstance(body.get("h"), str) or not _HASH.fullmatch(body["h"]):
            raise Garbled("a changeset carries its chain hash")
        if body["r"] != changesets[0]["r"] or body["n"] != changesets[0]["n"] + place:
            raise Garbled("a push holds changesets of one replica, in order")
    _read_again(push.setdefault("again", {}))
    return push


def _read_again(again: object) -> None:
    """{n as text: {old_seq, hlc_eff}}: what a server that was restored has lost."""
    if not isinstance(again, dict):
        raise Garbled("again is a map by number")
    for one in again.values():
        if not isinstance(one, dict) or not _is_count(one.get("old_seq"), 1) or not _is_stamp(one.get("hlc_eff")):
            raise Garbled("again names the old position and stamp")


def read_changeset(body: Mapping[str, Any]) -> Changeset:
    """A changeset whose every part has the right shape. Raises Malformed with what is wrong."""
    if wrong := _wrong_head(body):
        raise Malformed(f"malformed: {wrong}")
    for op in body["ops"]:
        if wrong := _wrong_op(op):
            raise Malformed(f"malformed: {wrong}")
    return Changeset.read(body)


def _wrong_head(body: Mapping[str, Any]) -> str | None:
    """What is wrong with a changeset beside its ops, if anything is."""
    ops = body.get("ops")
    checks = (
        (_is_id(body.get("r")) and _is_count(body.get("n"), 1), "replica or number"),
        (_is_stamp(body.get("hlc")), "stamp"),
        (_is_count(body.get("at"), 0), "wall time"),
        ("off" not in body or _is_integer(body["off"]), "clock offset"),
        ("ctx" not in body or _is_counts(body["ctx"]), "context"),
        (_is_count(body.get("schema"), 1), "schema"),
        (_is_name(body.get("actor"), 0), "actor"),
        (body.get("act") is None or _is_name(body["act"]), "act"),
        (body.get("batch") is None or _is_name(body["batch"]), "batch"),
        (body.get("res") is None or _is_name(body["res"]), "answer"),
        (type(ops) is list and 1 <= len(ops) <= ROWS_MAX, "number of ops"),
    )
    return next((what for is_right, what in checks if not is_right), None)


def _wrong_op(op: object) -> str | None:
    """What is wrong with an op, if anything is."""
    if not isinstance(op, dict) or type(op.get("k")) is not str or op["k"] not in KINDS:
        return "op"
    if not _is_name(op.get("t")) or not _is_id(op.get("id")):
        return "table or id"
    if "set" in op and not _is_values(op["set"]):
        return "values"
    if "bh" in op and not _is_texts(op["bh"]):
        return "hashes"
    if "seen" in op and not _is_counts(op["seen"]):
        return "what a delete has seen"
    if op.get("via") is not None and not _is_name(op["via"], 1, 2 * _NAME_CHARS_MAX):
        return "via"
    return None


# What was parsed from JSON has exactly these types, so `type` tells a number from true and false.


def _is_integer(value: object) -> bool:
    return type(value) is int and -INTEGER_MAX - 1 <= value <= INTEGER_MAX


def _is_count(value: object, least: int) -> bool:
    return type(value) is int and least <= value <= INTEGER_MAX


def _is_id(value: object) -> bool:
    return type(value) is str and _ID.fullmatch(value) is not None


def _is_stamp(value: object) -> bool:
    return type(value) is str and _HASH.fullmatch(value) is not None and from_hex(value) <= STAMP_MAX


def _is_name(value: object, least: int = 1, most: int = _NAME_CHARS_MAX) -> bool:
    return type(value) is str and least <= len(value) <= most


def _is_values(value: object) -> bool:
    if type(value) is not dict:
        return False
    for name, one in value.items():
        is_text = type(one) is str and len(one) <= TEXT_CHARS_MAX
        if not _is_name(name) or not (is_text or one is None or _is_integer(one)):
            return False
    return True


def _is_texts(value: object) -> bool:
    return type(value) is dict and all(_is_name(name) and _is_name(one) for name, one in value.items())


def _is_counts(value: object) -> bool:
    return type(value) is dict and all(_is_name(name) and _is_count(one, 0) for name, one in value.items())
