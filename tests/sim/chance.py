"""Time and chance of a run: a clock that only the simulator moves, and names that follow from the seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from unittest.mock import patch
from uuid import UUID

START_MS = 1_800_000_000_000


@dataclass
class Time:
    """True time. Stands in for the module `time` where the code measures or waits."""

    now_ms: int = START_MS

    def pass_ms(self, ms: int) -> None:
        self.now_ms += ms

    def perf_counter(self) -> float:
        return self.now_ms / 1_000

    monotonic = time = perf_counter

    def time_ns(self) -> int:
        return self.now_ms * 1_000_000


@dataclass
class Names:
    """Replicas, machines, epochs and codes, as far as the code draws them at random."""

    chance: random.Random

    def uuid4(self) -> UUID:
        return UUID(int=self.chance.getrandbits(128), version=4)

    def token_hex(self, bytes_: int) -> str:
        return f"{self.chance.getrandbits(8 * bytes_):0{2 * bytes_}x}"

    def choice(self, some: Sequence[str]) -> str:
        return self.chance.choice(some)


_TIMED = ("desktop.sync.exchange", "desktop.sync.rounds", "desktop.sync.service")
_NAMED = ("desktop.sync.identity", "desktop.sync.service")
_SECRET = ("sync_server.store_sqlite", "sync_server.accounts")


@contextmanager
def governed(time: Time, names: Names) -> Iterator[None]:
    """While it lasts, nothing in a run depends on the real clock or on real chance."""
    with ExitStack() as stack:
        for module in _TIMED:
            stack.enter_context(patch(f"{module}.time", time))
        for module in _NAMED:
            stack.enter_context(patch(f"{module}.uuid4", names.uuid4))
        for module in _SECRET:
            stack.enter_context(patch(f"{module}.secrets", names))
        yield
