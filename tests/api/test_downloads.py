"""Files that jobs make: where they lie, how long, under which name, and what is said when they cannot be written."""

from __future__ import annotations

import io
import stat
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from desktop.api.desk import with_ending
from desktop.engine import export as exporting
from desktop.jobs import Job
from tests.support import Office, copy_of, open_office

EXPORT = {"format": "xlsx", "columns": ["name"]}


def downloads(office: Office) -> Path:
    return office.workstation.folder / "downloads"


def kept(office: Office) -> list[Path]:
    return [path for path in downloads(office).rglob("*") if path.is_file()]


def test_a_fetched_file_is_gone_and_the_answer_says_so(office: Office) -> None:
    job = office.api.ended(office.api.post("/api/export/customer", EXPORT))
    (file,) = kept(office)
    assert stat.S_IMODE(downloads(office).stat().st_mode) == stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert office.api.call("HEAD", f"/api/jobs/{job['id']}/file").ok and kept(office) == [file]
    fetched = office.api.call("GET", f"/api/jobs/{job['id']}/file")
    assert int(fetched.headers["Content-Length"]) == len(fetched.content)
    assert "%E5%AE%A2%E6%88%B7" in fetched.headers["Content-Disposition"]  # 客户
    assert load_workbook(io.BytesIO(fetched.content)).worksheets[0].cell(1, 1).value == "客户名称"
    wait_until(lambda: list(downloads(office).iterdir()) == [])
    problem = office.api.refused("GET", f"/api/jobs/{job['id']}/file", 404)
    assert "已取走" in problem["title"]
    assert "download" not in office.api.get(f"/api/jobs/{job['id']}")


def test_ended_jobs_leave_the_list_for_good_and_running_ones_stay(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = office.api.ended(office.api.post("/api/export/customer", EXPORT))
    go_on = threading.Event()
    real = exporting._cells
    monkeypatch.setattr(exporting, "_cells", lambda *args: go_on.wait(10) and real(*args))
    running = office.api.post("/api/export/dict_item", EXPORT)
    assert len(kept(office)) >= 1
    ids = {"ids": [ended["id"], running["id"], "nobody", ended["id"]]}
    assert office.api.post("/api/jobs/forget", ids) == {"ok": True}
    listed = [one["id"] for one in office.api.get("/api/jobs")]
    assert running["id"] in listed and ended["id"] not in listed
    assert not (downloads(office) / ended["id"]).exists(), "nobody can fetch its file any more"
    go_on.set()
    assert office.api.ended(running)["state"] == "done"


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert is_so()


def test_nothing_is_left_after_the_program_has_ended_or_was_killed(template: Path, tmp_path: Path) -> None:
    folder = copy_of(template, tmp_path / "data")
    left = folder / "downloads" / "a" / "客户信息.xlsx"
    left.parent.mkdir(parents=True)
    left.write_text("left by a killed program")
    with open_office(folder) as office:
        assert not left.exists()
        office.api.ended(office.api.post("/api/export/customer", EXPORT))
        assert kept(office)
    assert not list((folder / "downloads").iterdir())


def test_a_job_that_the_list_drops_takes_its_file_along(office: Office) -> None:
    office.api.ended(office.api.post("/api/export/customer", EXPORT))
    (file,) = kept(office)
    for _ in range(32):
        office.workstation.jobs.start(Job("x", "别的"), lambda job: None)
        time.sleep(0.002)
    wait_until(lambda: not file.exists())


def test_a_cancelled_export_leaves_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "SLICE_ROWS", 1)
    go_on = threading.Event()
    real = exporting._cells
    monkeypatch.setattr(exporting, "_cells", lambda *args: go_on.wait(10) and real(*args))
    for target in (None, office.workstation.folder.parent / "mine"):
        go_on.clear()
        if target is not None:
            target.mkdir()
            office.host.saves_to = target
        job = office.api.post("/api/export/dict_item", {"format": "xlsx", "columns": ["name"]})
        assert "还没有写完" in office.api.refused("GET", f"/api/jobs/{job['id']}/file", 404)["title"]
        office.api.call("DELETE", f"/api/jobs/{job['id']}")
        go_on.set()
        assert office.api.ended(job)["state"] == "cancelled"
        wait_until(lambda: list(downloads(office).iterdir()) == [])
        assert target is None or not list(target.iterdir())


def test_a_name_with_a_dot_gets_the_ending_that_was_chosen(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office.host, "save_dialog", lambda name: tmp_path / "客户名单 v1.2")
    job = office.api.ended(office.api.post("/api/export/customer", EXPORT))
    assert job["path"] == str(tmp_path / "客户名单 v1.2.xlsx")
    assert zipfile.is_zipfile(job["path"])
    (tmp_path / "名单.xlsx").touch()
    assert with_ending(tmp_path / "名单", ".xlsx").name == "名单 (2).xlsx", "nobody agreed to overwrite"
    assert with_ending(tmp_path / "名单.XLSX", ".xlsx").name == "名单.XLSX"


@pytest.mark.parametrize(("call", "body"), [("/api/export/customer", EXPORT), ("/api/backup", {})])
def test_what_cannot_be_written_is_said_in_words(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, body: dict[str, Any]
) -> None:
    office.host.saves_to = tmp_path / "missing"
    assert "没有这个文件夹" in office.api.ended(office.api.post(call, body))["message"]
    (tmp_path / "file").touch()
    office.host.saves_to = tmp_path / "file"
    assert "没有这个文件夹" in office.api.ended(office.api.post(call, body))["message"]


@pytest.mark.parametrize(("number", "words"), [(28, "磁盘已满"), (13, "没有写入的权限"), (30, "只能读")])
def test_mishaps_of_the_disk_have_words(office: Office, number: int, words: str) -> None:
    def work(job: Job) -> None:
        raise OSError(number, "in English")

    job = office.workstation.jobs.start(Job("x", "导出"), work)
    wait_until(lambda: job.state == "failed")
    assert words in job.message and "日志" not in job.message


def test_a_backup_tells_how_far_it_is_and_can_be_cancelled(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.db._STEPS_BETWEEN_LOOKS", 500)
    target = tmp_path / "mine"
    target.mkdir()
    office.host.saves_to = target
    told: list[tuple[int, int]] = []
    real = Job.step

    def step(job: Job, done: int, total: int) -> None:
        told.append((done, total))
        if len(told) == 40:
            job.cancel()
        real(job, done, total)

    monkeypatch.setattr(Job, "step", step)
    assert office.api.ended(office.api.post("/api/backup"))["state"] == "cancelled"
    assert len(told) == 40 and told[-1][1] > 0 and not list(target.iterdir())
    assert office.api.ended(office.api.post("/api/backup"))["state"] == "done"
    assert [done for done, _ in told[40:]] == sorted(done for done, _ in told[40:])
    assert told[-1][0] == told[-1][1] and len(list(target.iterdir())) == 1
