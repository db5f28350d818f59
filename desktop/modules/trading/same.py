"""Which parties are one, since somebody merged them (T28)."""

from typing import Any

from ...engine.documents.declare import Asking


def is_same(asking: Asking, module: str, one: Any, other: Any) -> bool:
    """Whether two ids mean one party, merged ones included (T28)."""
    return bool(one == other or winner_of(asking, module, one) == winner_of(asking, module, other))


def winner_of(asking: Asking, module: str, id: Any) -> Any:
    """The party that an id means."""
    met = []
    while id not in met:
        met.append(id)
        rows = asking.find("row_alias", {"t": module, "loser": id})
        id = rows[0]["winner"] if rows else id
    return id
