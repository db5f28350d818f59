"""Time and chance of a run: a clock that only the simulator moves, and names that follow from the seed."""

from __future__ import annotations

import random
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from unittest.mock import patch
from uuid import UUID, uuid4

from desktop.engine.fields.moment import today
from desktop.engine.ids import new_id

START_MS = 1_800_000_000_000


@dataclass
class Time:
    """True time. Stands in for the module `time` where the code measures or waits."""

    now_ms: int = START_MS

    def pass_ms(self, ms: int) -> None:
        self.now_ms += ms

    def perf_counter(self) -> float:
        return self.now_ms / 1_000

    monotonic = perf_counter

    def time_ns(self) -> int:
        return self.now_ms * 1_000_000

    def today(self) -> str:
        return datetime.fromtimestamp(self.now_ms / 1_000, UTC).date().isoformat()


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

    def new_id(self) -> str:
        return self.uuid4().hex


_ROOMS = (
    "desktop.sync.", "desktop.engine.documents.", "desktop.engine.saving", "desktop.engine.attachments", "sync_server.",
)  # fmt: skip


@contextmanager
def governed(governing: Time, names: Names) -> Iterator[None]:
    """While it lasts, nothing in a run depends on the real clock or on real chance."""
    instead = {
        "time": (time, governing),
        "uuid4": (uuid4, names.uuid4),
        "secrets": (secrets, names),
        "new_id": (new_id, names.new_id),
        "today": (today, governing.today),
    }
    with ExitStack() as stack:
        for name, module in sorted(sys.modules.items()):
            for word, (real, ours) in instead.items():
                if name.startswith(_ROOMS) and getattr(module, word, None) is real:
                    stack.enter_context(patch.object(module, word, ours))
        yield
