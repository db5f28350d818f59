"""Row ids, 32 hex digits: UUIDv7 made on the machine (sorted by time, so new rows land at the end of the index), or
UUIDv5 derived from a cause."""

import hashlib
import os
import threading
import time

_SEED_SPACE = bytes.fromhex("8e0f6f0a5f7b5d0e9a5345434d530001")
_VERSION_5, _VARIANT = 5 << 76, 0b10 << 62
_OTHER_BITS = ~(0xF << 76 | 0b11 << 62)

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
    digest = hashlib.sha1(_SEED_SPACE + f"{cause}:{role}".encode(), usedforsecurity=False).digest()
    return f"{int.from_bytes(digest[:16]) & _OTHER_BITS | _VERSION_5 | _VARIANT:032x}"


def seed_id(table: str, code: str) -> str:
    """The id of a row that ships with the program."""
    return derived_id(table, code)
