"""What takes long at the first start of a newer version says what it is at, to whoever listens."""

import time
from collections.abc import Callable

Tell = Callable[[str], None]
"""Takes what is being done, in words for people."""

EVERY_S = 2.0


def untold(step: str) -> None:
    """Where nobody listens."""


class Progress:
    """How far a long step has come, said now and then."""

    def __init__(self, tell: Tell, step: str, unit: str, total: int) -> None:
        self._tell, self._step, self._unit, self._total = tell, step, unit, total
        self._done, self._said = 0, time.monotonic()

    def add(self, done: int) -> None:
        """So many more are done."""
        self._done += done
        if time.monotonic() - self._said >= EVERY_S:
            self._said = time.monotonic()
            self._tell(f"{self._step}（{self._done:,} / {self._total:,} {self._unit}）")
