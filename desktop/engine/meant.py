"""Which records are one (T28), as SQL over the local table `alias_of` (see `aliases`)."""

from collections.abc import Iterable


def meant(modules: Iterable[str], column: str) -> str:
    """The record that a column means."""
    return f"COALESCE((SELECT a.winner FROM alias_of a WHERE a.t IN ({quoted(modules)}) AND a.id = {column}), {column})"


def every(module: str, winner: str) -> str:
    """In brackets: all ids under which a record is referred to that nobody merged into another."""
    return f"(SELECT {winner} UNION ALL SELECT a.id FROM alias_of a WHERE a.t = '{module}' AND a.winner = {winner})"


def quoted(modules: Iterable[str]) -> str:
    return ", ".join(f"'{module}'" for module in sorted(modules))
