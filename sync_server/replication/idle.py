"""How long contents have lain without any row that speaks of them, deleted or not. Pure; both sides collect by it.

A deleted record can be restored for ever, so a content with a deleted row is not idle. What is idle was attached while
the program was killed or the row was refused, or its row is still to come from a machine that is away.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

KEPT_MS = 90 * 86_400_000
"""As long as machines keep their own changes, by which rows come again (sync.md B8)."""
STEP_MS = 7 * 86_400_000
"""How much one look adds at most: a clock that jumps by years must not cost a content."""
EVERY_MS = 86_400_000
"""How often somebody looks."""


@dataclass(frozen=True)
class Idle:
    """When somebody looked last, and how long each idle content had waited then."""

    looked_ms: int = 0
    waited_ms: Mapping[str, int] = field(default_factory=dict)

    def looked(self, idle: Iterable[str], now_ms: int) -> "Idle":
        """What a look at these makes of it; what is spoken of again begins anew the next time."""
        passed = max(0, min(now_ms - self.looked_ms, STEP_MS))
        known = self.waited_ms
        return Idle(now_ms, {one: known[one] + passed if one in known else 0 for one in sorted(idle)})

    @property
    def due(self) -> list[str]:
        return [one for one, waited_ms in self.waited_ms.items() if waited_ms >= KEPT_MS]

    def without(self, gone: Iterable[str]) -> "Idle":
        rest = set(gone)
        return Idle(self.looked_ms, {one: waited for one, waited in self.waited_ms.items() if one not in rest})

    def text(self) -> str:
        return json.dumps({"looked_ms": self.looked_ms, "waited_ms": dict(self.waited_ms)})

    @staticmethod
    def read(text: str) -> "Idle":
        """What `text` said; what cannot be read says that nobody looked yet, so that everything begins anew."""
        try:
            said = json.loads(text)
            return Idle(int(said["looked_ms"]), {str(one): int(ms) for one, ms in said["waited_ms"].items()})
        except (ValueError, TypeError, KeyError, AttributeError):
            return Idle()
