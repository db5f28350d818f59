"""What an invariant says when it is broken."""

from __future__ import annotations


class Problem(AssertionError):
    """An invariant of sync.md C that does not hold; `rule` names it."""

    def __init__(self, rule: str, what: str) -> None:
        super().__init__(f"{rule}: {what}")
        self.rule = rule
