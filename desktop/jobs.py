"""Long work in the background: progress as events, cancel, and a file to fetch at the end.

Files to fetch lie in a private folder of their own under the data folder until they have been fetched, at the latest
until the program ends: they are copies of what only this user may see.
"""

import logging
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from .db import is_damage, is_full
from .engine.events import Bus
from .engine.ids import new_id
from .errors import Damaged, EcmsError, Invalid, NotFound
from .files import make_private, why

log = logging.getLogger(__name__)

State = Literal["running", "done", "failed", "cancelled"]
_KEEP = 30
_TELL_EVERY_S = 0.2


class Cancelled(Exception):
    """Raised inside a job when the user wants it stopped."""


@dataclass
class Job:
    """One piece of work. `step` reports progress and stops the work when it was cancelled."""

    kind: str
    label: str
    owner: str = ""
    id: str = field(default_factory=new_id)
    state: State = "running"
    done: int = 0
    total: int = 0
    message: str = ""
    file: Path | None = None
    folder: Path | None = None
    is_fetched: bool = False
    path: str | None = None
    result: Any = None
    aside: str = ""
    """What its user has to know besides, should it be stopped or fail."""
    stops: bool = True
    """Whether it can be cancelled; else it comes to its end, as stopping half-way would leave half."""
    taken: Callable[[], None] = field(default=lambda: None, repr=False)
    """Called each time somebody printed or saved what was made."""
    _cancel: threading.Event = field(default_factory=threading.Event, repr=False)
    _told: float = 0.0
    _tell: Callable[["Job"], None] = field(default=lambda job: None, repr=False)

    def step(self, done: int, total: int) -> None:
        """Progress; raises `Cancelled`."""
        if self._cancel.is_set():
            raise Cancelled
        self.show(done, total)

    def show(self, done: int, total: int) -> None:
        """Progress of what does not stop half done."""
        self.done, self.total = done, total
        if time.monotonic() - self._told > _TELL_EVERY_S:
            self._told = time.monotonic()
            self._tell(self)

    def cancel(self) -> None:
        """Asks it to stop."""
        self._cancel.set()

    def sent(self) -> None:
        """The file has been fetched; nobody needs it any more."""
        self.is_fetched = True
        self.discard()

    def discard(self) -> None:
        """Removes the file to fetch, or what there is of it."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def save_as(self, target: Path) -> None:
        """A copy of the file where the user wants it, whole or not at all; raises `Invalid` with the reason."""
        file = self.to_fetch()
        try:
            with tempfile.TemporaryDirectory(prefix=".ecms-", dir=target.parent) as work:
                shutil.copyfile(file, Path(work) / "copy").replace(target)
        except OSError as error:
            raise Invalid({"path": f"没有存成：{why(error)}。请换一个位置再试"}) from error

    def to_fetch(self) -> Path:
        """The file; raises `NotFound` with the reason why there is none."""
        if self.is_fetched:
            raise NotFound("这个文件已取走，需要时请重新导出")
        if self.state == "running":
            raise NotFound("文件还没有写完，请稍候")
        if self.state != "done" or self.file is None or not self.file.exists():
            raise NotFound("这项任务没有可取的文件，需要时请重新导出")
        return self.file

    def public(self) -> dict[str, Any]:
        """What the API answers."""
        body: dict[str, Any] = {
            "id": self.id, "kind": self.kind, "label": self.label, "state": self.state, "done": self.done,
            "total": self.total, "message": self.message, "stops": self.stops,
        }  # fmt: skip
        if self.state == "done" and self.file is not None and not self.is_fetched:
            body["download"] = self.file.name
        if self.path is not None:
            body["path"] = self.path
        if self.result is not None:
            body["result"] = self.result
        return body


Work = Callable[[Job], object]


class Jobs:
    """The jobs of this run."""

    def __init__(self, bus: Bus, downloads: Path) -> None:
        self._bus = bus
        self._downloads = downloads
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._threads: list[threading.Thread] = []

    def sweep(self) -> None:
        """Removes files that a killed program left. Only for who holds the data folder alone."""
        shutil.rmtree(self._downloads, ignore_errors=True)

    def file_to_fetch(self, job: Job, name: str) -> Path:
        """Where a job writes a file that the page will fetch."""
        make_private(self._downloads)
        job.folder = self._downloads / job.id
        make_private(job.folder)
        job.file = job.folder / name
        return job.file

    def note(self, job: Job) -> None:
        """Shows what has been done before anybody could look."""
        with self._lock:
            self._jobs[job.id] = job

    def start(self, job: Job, work: Work) -> Job:
        """Runs `work` in a thread of its own."""
        job._tell = self._announce
        with self._lock:
            self._jobs[job.id] = job
            for old in [one for one in self._jobs.values() if one.state != "running"][:-_KEEP]:
                del self._jobs[old.id]
                old.discard()
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            thread = threading.Thread(target=self._run, args=(job, work), name=f"job-{job.kind}", daemon=True)
            self._threads.append(thread)
        thread.start()
        return job

    def _run(self, job: Job, work: Work) -> None:
        try:
            work(job)
            job.state = "done"
        except Cancelled:
            job.state, job.message = "cancelled", "已取消"
        except EcmsError as error:
            job.state, job.message = "failed", str(error)
        except Exception as error:
            log.exception("job %s failed", job.kind)
            job.state, job.message = "failed", _reason(job, error)
        finally:
            if job.state != "done":
                job.message = "。".join(filter(None, (job.message, job.aside)))
                job.discard()
            self._announce(job)

    def _announce(self, job: Job) -> None:
        self._bus.emit({"type": "job", "job": job.public(), "to": job.owner})

    def get(self, id: str, owner: str) -> Job:
        """A job of this operator; raises `NotFound`."""
        with self._lock:
            job = self._jobs.get(id)
        if job is None or job.owner != owner:
            raise NotFound("没有这项任务")
        return job

    def all(self, owner: str) -> list[Job]:
        with self._lock:
            return [job for job in self._jobs.values() if job.owner == owner]

    def forget(self, ids: Iterable[str], owner: str) -> None:
        """Takes ended ones of this operator off the list, with files that nobody fetched."""
        with self._lock:
            known = [self._jobs[id] for id in dict.fromkeys(ids) if id in self._jobs]
            ended = [one for one in known if one.owner == owner and one.state != "running"]
            for one in ended:
                del self._jobs[one.id]
        for one in ended:
            one.discard()

    def stop(self) -> None:
        """Cancels everything and waits a moment for it to end."""
        with self._lock:
            jobs, threads = list(self._jobs.values()), list(self._threads)
        for job in jobs:
            job.cancel()
        for thread in threads:
            thread.join(timeout=10)
        for job in jobs:
            job.discard()


def _reason(job: Job, error: Exception) -> str:
    if is_full(error):
        return f"{job.label}没有完成：磁盘已满。请换一个位置，或清出空间后再试"
    if is_damage(error):
        return Damaged.title
    if isinstance(error, OSError):
        return f"{job.label}没有完成：{why(error)}。请换一个位置再试"
    return f"{job.label}没有完成，详情在日志里"
