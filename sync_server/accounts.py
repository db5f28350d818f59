"""Machines, their secrets, the one-time codes by which they join, and who may do what.

Secrets and codes are kept as hashes only. A secret has 256 random bits, so a plain hash is enough.
"""

import hashlib
import hmac
import secrets
import threading
from dataclasses import dataclass, field

from .errors import CodeRefused, Refused, TooMany, Unauthorized
from .store import Invite, Machine, Store

CODE_VALID_MS = 600_000
TRIES_MAX = 10
"""Wrong codes within the time below; a code has 50 bits, so guessing leads nowhere."""
TRIES_WITHIN_MS = 60_000

_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ0123456789"
_LOOKS_LIKE = str.maketrans("OILU", "011V")


def invite(store: Store, branch: str, user: str | None, now_ms: int) -> str:
    """A new one-time code, like `K7Q2M-9F4MX`. Raises Refused on a branch code that cannot stand in numbers."""
    if not (branch.isascii() and branch.isalnum() and len(branch) <= 8):
        raise Refused("门店编号由 1 到 8 个字母或数字组成")
    letters = "".join(secrets.choice(_LETTERS) for _ in range(10))
    store.invite(Invite(_hash(letters), branch, user, now_ms + CODE_VALID_MS))
    return f"{letters[:5]}-{letters[5:]}"


@dataclass
class Accounts:
    """Who is calling. Counts wrong codes, so that nobody tries them all."""

    store: Store
    _wrong: list[int] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def enrol(self, code: str, now_ms: int) -> tuple[Machine, str]:
        """A new machine and its secret, which is told only now. Raises CodeRefused, TooMany."""
        with self._lock:
            self._wrong = [at for at in self._wrong if at > now_ms - TRIES_WITHIN_MS]
            if len(self._wrong) >= TRIES_MAX:
                raise TooMany()
        # What people type: any case, with or without the dash, and letters taken for digits.
        typed = "".join(one for one in code.upper() if one.isalnum()).translate(_LOOKS_LIKE)
        found = self.store.redeem(_hash(typed), now_ms)
        if found is None:
            with self._lock:
                self._wrong.append(now_ms)
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


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
