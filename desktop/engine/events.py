"""Who wants to know what changed. Told only after commit; nobody refreshes anybody else's screen."""

import queue
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

_BACKLOG = 1_000


class Bus:
    """Hands events to every listener. A listener that falls far behind is told to reload instead."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[queue.Queue[dict[str, Any]]] = []

    @property
    def listening(self) -> bool:
        """Whether anybody would hear an event."""
        return bool(self._listeners)

    def emit(self, event: dict[str, Any]) -> None:
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            try:
                listener.put_nowait(event)
            except queue.Full:
                listener.queue.clear()
                listener.put_nowait({"type": "session"})

    def changed(self, ids: Mapping[str, list[str]]) -> None:
        """One event per module that changed; more than 500 ids are sent as none: reload the list."""
        for module, changed in ids.items():
            self.emit({"type": "changed", "module": module, "ids": changed if len(changed) <= 500 else []})

    @contextmanager
    def listen(self) -> Iterator[queue.Queue[dict[str, Any]]]:
        """A queue of events from now on."""
        mine: queue.Queue[dict[str, Any]] = queue.Queue(_BACKLOG)
        with self._lock:
            self._listeners.append(mine)
        try:
            yield mine
        finally:
            with self._lock:
                self._listeners.remove(mine)
