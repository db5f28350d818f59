"""Row ids, 32 hex digits: UUIDv7 made on the machine (sorted by time, so new rows land at the end of the index), or
UUIDv5 derived from a cause."""

import hashlib
import os
import threading
import time

_SEED_SPACE = bytes.fromhex("8e0f6f0a5f7b5d0e9a5345434d530001")

_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """A fresh id, greater than every one this process made before."""
    global _last
    random = int.from_bytes(os.urandom(8))
    with _lock:
        # 48 bits of ms and 12 of counter move as one number, so ids of one process never run backwards
        _last = max(_last + 1, time.time_ns() // 1_000_000 << 12)
        stamp = _last
    high = (stamp >> 12) << 16 | 0x7000 | stamp & 0xFFF
    low = 0b10 << 62 | random & ((1 << 62) - 1)
    return f"{high << 64 | low:032x}"


def derived_id(cause: str, role: str) -> str:
    """UUIDv5 of a cause and a role: two machines with one cause make one record."""
    id = bytearray(hashlib.sha1(_SEED_SPACE + f"{cause}:{role}".encode(), usedforsecurity=False).digest()[:16])
    id[6] = id[6] & 0x0F | 0x50  # version 5
    id[8] = id[8] & 0x3F | 0x80  # of the variant of RFC 9562
    return id.hex()


def seed_id(table: str, code: str) -> str:
    """The id of a row that ships with the program."""
    return derived_id(table, code)
