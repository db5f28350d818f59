"""Demonstration data: believable, made up, the same for the same seed."""

from collections.abc import Callable

from .engine.engine import Engine
from .errors import Refused

Progress = Callable[[int, int], None]


def fill(engine: Engine, customers: int, seed: int = 1, progress: Progress = lambda done, total: None) -> dict[str, int]:
    """Rows made, by module."""
    raise Refused("演示数据还没有做好")


def summary(made: dict[str, int]) -> str:
    """What was made, in words."""
    return "、".join(f"{module} {count:,}" for module, count in made.items())
