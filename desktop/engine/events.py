"""Who wants to know what changed. Told only after commit; nobody refreshes anybody else's screen."""

import queue
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

_BACKLOG = 1_000
LISTENERS_MAX = 8
"""Each listener holds a thread of the server, and a window that was closed is noticed late."""
END: dict[str, Any] = {"type": "end"}
"""Told to a listener that had to make room: it should stop."""


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
        """Tells everybody; an event with `to` is meant for that operator alone."""
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            _put(listener, event)

    def changed(self, ids: Mapping[str, list[str]]) -> None:
        """One event per module that changed; more than 500 ids are sent as none: reload the list."""
        for module, changed in ids.items():
            self.emit({"type": "changed", "module": module, "ids": changed if len(changed) <= 500 else []})

    @contextmanager
    def listen(self) -> Iterator[queue.Queue[dict[str, Any]]]:
        """A queue of events from now on. One listener too many ends the oldest."""
        mine: queue.Queue[dict[str, Any]] = queue.Queue(_BACKLOG)
        with self._lock:
            self._listeners.append(mine)
            surplus, self._listeners = self._listeners[:-LISTENERS_MAX], self._listeners[-LISTENERS_MAX:]
        for oldest in surplus:
            _put(oldest, END)
        try:
            yield mine
        finally:
            with self._lock:
                self._listeners = [one for one in self._listeners if one is not mine]


def _put(listener: queue.Queue[dict[str, Any]], event: dict[str, Any]) -> None:
    try:
        listener.put_nowait(event)
    except queue.Full:
        with listener.mutex:
            listener.queue.clear()
        listener.put_nowait(END if event is END else {"type": "session"})
