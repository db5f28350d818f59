"""Files to import, and the way of one through the API."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from openpyxl import Workbook

from desktop.db import FILE_NAME
from desktop.engine.access import Principal
from desktop.uploads import Upload
from desktop.workstation import Workstation
from tests.support import Api, Office

BINARY = {"Content-Type": "application/octet-stream"}


def xlsx(*rows: Sequence[Any], title: str = "客户", book: Workbook | None = None) -> bytes:
    """A workbook with these rows on its first sheet."""
    made = book or Workbook()
    sheet = made.worksheets[0]
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    target = io.BytesIO()
    made.save(target)
    return target.getvalue()


class Reached(Protocol):
    """What an import is sent to: an office, or a program that runs by itself."""

    @property
    def api(self) -> Api: ...


@dataclass
class Importing:
    """One file on its way into a module."""

    office: Reached
    module: str
    id: str
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"/api/import/{self.module}/{self.id}"

    @staticmethod
    def of(office: Reached, file: bytes, module: str = "customer", name: str = "客户.xlsx") -> Importing:
        answer = send(office, file, module, name)
        one = Importing(office, module, office.api.ok(answer)["id"])
        one.look()
        return one

    def look(self, **asked: Any) -> dict[str, Any]:
        self.about = self.office.api.get(self.path, **asked)
        return self.about

    def fields(self) -> dict[str, str]:
        """Heading → field."""
        return {one["head"]: one["field"] for one in self.about["columns"]}

    def start_check(self, chosen: Mapping[str, str] | None = None, key: str = "") -> dict[str, Any]:
        fields = [(chosen or {}).get(one["head"], one["field"]) for one in self.about["columns"]]
        body = {"sheet": self.about["sheet"], "head": self.about["head"], "fields": fields, "key": key}
        return dict(self.office.api.post(f"{self.path}/check", body))

    def check(self, chosen: Mapping[str, str] | None = None, key: str = "") -> dict[str, Any]:
        """What the dry run counted."""
        job = self.office.api.ended(self.start_check(chosen, key))
        assert job["state"] == "done", job
        return dict(job["result"])

    def rows(self, kind: str = "bad") -> list[dict[str, Any]]:
        return list(self.office.api.get(f"{self.path}/rows", kind=kind)["rows"])

    def reasons(self) -> list[str]:
        return [row["reason"] for row in self.rows()]

    def commit(self, twice: str = "skip", rows: Mapping[int, str] | None = None) -> dict[str, Any]:
        """The job, ended."""
        body = {"twice": twice, "rows": {str(number): decision for number, decision in (rows or {}).items()}}
        return self.office.api.ended(self.office.api.post(f"{self.path}/commit", body))

    def undo(self, batch: str) -> dict[str, Any]:
        return self.office.api.ended(self.office.api.post(f"/api/import/{self.module}/{batch}/undo"))


def send(office: Reached, file: bytes, module: str = "customer", name: str = "客户.xlsx") -> Any:
    url = f"{office.api.base}/api/import/{module}"
    return office.api.session.post(url, data=file, params={"name": name}, headers=BINARY, timeout=60)


def imported(office: Office, file: bytes, module: str = "customer") -> dict[str, Any]:
    """The result of importing all of a file without a fault."""
    one = Importing.of(office, file, module)
    counts = one.check()
    assert counts["bad"] == 0, one.reasons()
    job = one.commit("new")
    assert job["state"] == "done", job
    return dict(job["result"])


def fetched(office: Office, job: dict[str, Any]) -> bytes:
    job = office.api.ended(job)
    assert job["state"] == "done", job
    return bytes(office.api.call("GET", f"/api/jobs/{job['id']}/file").content)


def cut(folder: Path, copy: Path) -> None:
    """The files of open data as a power cut leaves them just now."""
    copy.mkdir()
    for tail in ("", "-wal"):
        (copy / (FILE_NAME + tail)).write_bytes((folder / (FILE_NAME + tail)).read_bytes())


def quiet(done: int, total: int) -> None:
    """Nobody watches."""


def checked(workstation: Workstation, who: Principal, file: bytes, module: str = "customer") -> Upload:
    """A file on its way into a module, without the API."""
    definition, engine = workstation.engine.definition(module), workstation.engine
    upload = workstation.uploads.take(who, definition, "a.xlsx", io.BytesIO(file))
    about = upload.inspect(engine, who, None, None)
    fields = [column["field"] for column in about["columns"]]
    upload.prepare(engine, who, about["sheet"], about["head"], fields, "")
    upload.judge(engine, who, quiet)
    return upload
