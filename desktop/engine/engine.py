"""What the engine's verbs work on: the open database, the compiled declarations, the write path and the bus."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ..db import Database, Functions
from ..errors import NotFound
from . import settings
from .apply import Applier, Changed
from .events import Bus
from .registry import Definition, Registry
from .text import any_has, has, has_literally

SQL_FUNCTIONS: Functions = {
    "ecms_has": (2, lambda text, needle: int(has(text, needle))),
    "ecms_has_literally": (2, lambda text, needle: int(has_literally(text, needle))),
    "ecms_any_has": (-1, any_has),
}
"""Functions that the engine's statements use; the database registers them on every connection."""


@dataclass(frozen=True)
class Finished:
    """An import, or its undoing, that had been cut off and came to its end, as its user is told."""

    module: str
    operator: str
    label: str
    message: str
    is_done: bool = True


@dataclass
class Importing:
    """The one import or undoing that is being written."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    finish_left: Callable[[], Sequence[Finished]] = tuple
    """Comes to the end of what was cut off, in its turn; set by who opened the data. Raises `Unfinished`."""


@dataclass(frozen=True)
class Engine:
    db: Database
    registry: Registry
    applier: Applier
    bus: Bus
    importing: Importing = field(default_factory=Importing, compare=False, repr=False)

    def definition(self, module: str) -> Definition:
        """A module by name; raises `NotFound` for a name nobody declared."""
        if module not in self.registry:
            raise NotFound(f"没有这个模块：{module[:60]}")
        return self.registry[module]

    def tell(self, changed: Changed) -> None:
        """Says what changed, once the outermost transaction has committed."""
        if settings.TABLE in changed.ids:
            self.db.after_commit(self.take_names)
        self.db.after_commit(lambda: self.bus.changed(changed.ids))

    def take_names(self) -> None:
        """Fields are called what the company decided."""
        with self.db.read() as db:
            self.registry.call(settings.settings_of(db))
