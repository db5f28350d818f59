"""Machines, their secrets, the one-time codes by which they join, and who may do what.

Secrets and codes are kept as hashes only. A secret has 256 random bits, so a plain hash is enough.
"""

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import CodeRefused, NoCompany, NotEmpty, OtherCompany, Refused, TooMany, Unauthorized
from .store import Invite, Machine, Store

CODE_VALID_MS = 600_000
CODES_WRONG_MAX = 10
"""Wrong codes from one address within the time below; a code has 50 bits, so guessing leads nowhere."""
PASSWORDS_WRONG_MAX = 5
"""Wrong passwords from one machine within the time below."""
TRIES_WITHIN_MS = 60_000
SEEN_EVERY_MS = 30_000
"""How often it is written down that a machine called: once per poll would be a write per poll."""

_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ0123456789"
_LOOKS_LIKE = str.maketrans("OILU", "011V")


def wall_clock() -> int:
    """This machine's time."""
    return time.time_ns() // 1_000_000


def invite(store: Store, branch: str, user: str | None, now_ms: int, machine: str | None = None) -> str:
    """A new one-time code, like `K7Q2M-9F4MX`, that `machine` asked for. Raises Refused on a branch code that cannot
    stand in numbers."""
    if not (branch.isascii() and branch.isalnum() and len(branch) <= 8):
        raise Refused("门店编号由 1 到 8 个字母或数字组成")
    letters = "".join(secrets.choice(_LETTERS) for _ in range(10))
    store.invite(Invite(_hash(letters), branch, user, now_ms + CODE_VALID_MS, machine))
    return f"{letters[:5]}-{letters[5:]}"


@dataclass
class Tries:
    """What was tried in vain of late, and from where."""

    most: int
    _wrong: list[tuple[int, str]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def are_too_many(self, by: str, now_ms: int) -> bool:
        """Whether somebody has to wait before the next one."""
        with self._lock:
            self._wrong = [one for one in self._wrong if abs(now_ms - one[0]) < TRIES_WITHIN_MS]
            return sum(one[1] == by for one in self._wrong) >= self.most

    def note(self, by: str, now_ms: int) -> None:
        """One more in vain."""
        with self._lock:
            self._wrong.append((now_ms, by))


@dataclass
class Accounts:
    """Who is calling. Counts wrong codes, so that nobody tries them all."""

    store: Store
    _tries: Tries = field(default_factory=lambda: Tries(CODES_WRONG_MAX))

    def check_company(self, tier: str | None, has_data: bool | None) -> None:
        """Whether data of that company, or of none yet, may come here, and whether there is anything to come for (None:
        the caller does not say). Raises OtherCompany, NotEmpty, NoCompany."""
        if tier is not None and tier != self.store.head().tier:
            raise OtherCompany()
        if tier is not None or has_data is None:
            return
        if has_data and not (self.store.is_empty() and self._is_unclaimed()):
            raise NotEmpty()
        if not has_data and self.store.is_empty():
            raise NoCompany()

    def _is_unclaimed(self) -> bool:
        """Whether no machine has begun to bring its company here: the first one's data may still be on their way."""
        return all(one.last_seen is None for one in self.store.machines())

    def enrol(self, code: str, address: str, now_ms: int) -> tuple[Machine, str]:
        """A new machine and its secret, which is told only now. A right code counts whatever was tried before it.
        Raises CodeRefused, TooMany."""
        # What people type: any case, with or without the dash, and letters taken for digits.
        typed = "".join(one for one in code.upper() if one.isalnum()).translate(_LOOKS_LIKE)
        found = self.store.redeem(_hash(typed), now_ms)
        if found is None:
            if self._tries.are_too_many(address, now_ms):
                raise TooMany()
            self._tries.note(address, now_ms)
            raise CodeRefused()
        secret = secrets.token_hex(32)
        return self.store.add_machine(secrets.token_hex(16), _hash(secret), found, now_ms), secret

    def caller(self, authorization: str) -> Machine:
        """The machine behind `ECMS <id>:<secret>`, revoked or not. Raises Unauthorized, saying no more."""
        scheme, _, credentials = authorization.partition(" ")
        id, _, secret = credentials.strip().partition(":")
        found = self.store.machine(id) if scheme == "ECMS" and id and secret else None
        if found is None or not hmac.compare_digest(found[1], _hash(secret)):
            raise Unauthorized()
        return found[0]


@dataclass
class Attendance:
    """When each machine last called and what it said of itself; in memory until it is worth a write."""

    store: Store
    _noted: dict[str, tuple[int, Mapping[str, Any]]] = field(default_factory=dict)

    def note(self, machine: str, now_ms: int, said: Mapping[str, Any] | None = None) -> None:
        """A machine called; `said` is the number of changesets it has `waiting` and its `version`."""
        at, known = self._noted.get(machine, (None, {}))
        about = {**known, **(said or {})}
        if at is not None and abs(now_ms - at) < SEEN_EVERY_MS and about == known:
            return
        if self.store.seen(machine, now_ms, **about):
            self._noted[machine] = (now_ms, about)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
