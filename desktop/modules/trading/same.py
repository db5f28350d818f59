"""Which records are one, since somebody merged them (T28)."""

from typing import Any

from ...engine.documents.declare import Asking


def is_same(asking: Asking, module: str, one: Any, other: Any) -> bool:
    """Whether two ids mean one record, merged ones included."""
    return bool(one == other or asking.meant(module, one) == asking.meant(module, other))
