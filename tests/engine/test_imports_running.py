"""An import and its undoing under way: others save in between, and whatever ends them early leaves all or nothing."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import requests

from desktop import db as database
from desktop import maintenance, workstation
from desktop.engine.imports import finishing, running
from desktop.engine.imports.undoing import Undo, past
from desktop.engine.imports.writing import Choices
from desktop.engine.work import Changed
from desktop.errors import BadRequest, StorageFull, Unfinished
from desktop.uploads import Upload
from desktop.workstation import Workstation
from sync_server.replication.changeset import Op
from tests.conftest import StartProgram
from tests.engine.kit import assert_sound, open_desk
from tests.engine.test_kill import dice
from tests.importing import Importing, checked, cut, fetched, quiet, xlsx
from tests.support import Api, Office, copy_of

HEADS = ("客户名称", "客户分组", "标签", "备注")
ROWS = 900


@dataclass
class Running:
    """A program that runs by itself."""

    api: Api


class Stopped(Exception):
    """What a job raises when its user wants it stopped."""


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """One changeset at a time, so that there is much in between."""
    monkeypatch.setattr(database, "_PIECE_S", 0.0)


@cache
def customers_file(count: int = ROWS, mark: str = "甲") -> bytes:
    rows = ((f"{mark}{n:05d}厂", "一般客户", "价格敏感、需回访", f"第{n}行") for n in range(count))
    return xlsx(HEADS, *rows)


def ready(office: Office, count: int = ROWS, mark: str = "甲") -> Upload:
    return checked(office.workstation, office.admin, customers_file(count, mark))


def ask(office: Office, sql: str, *params: Any) -> int:
    with office.engine.db.read() as db:
        return int(db.execute(sql, params).fetchone()[0])


def imported(office: Office, mark: str = "甲") -> int:
    """How many there are in the lists."""
    return ask(office, "SELECT count(*) FROM customer WHERE deleted_at IS NULL AND name LIKE ?", f"{mark}_____厂")


def is_under_way(office: Office) -> bool:
    return ask(office, "SELECT count(*) FROM import_run WHERE doing != ''") > 0


def in_the_middle(office: Office, work: Callable[[], object], pieces: int = 3) -> Callable[[int, int], None]:
    """Progress that does something once, when some pieces of the import are written or taken back."""
    seen: list[int] = []

    def told(done: int, total: int) -> None:
        seen.append(is_under_way(office))
        if sum(seen) == pieces and seen[-1]:
            work()

    return told


def stop() -> None:
    raise Stopped


# -------------------------------------------------------------------------------------------------- others at work


def save_beside(office: Office, work: Callable[[], object]) -> tuple[int, float]:
    """How many saves somebody made before `work`, an import under way, had ended, and the longest."""
    ended, took = threading.Event(), list[float]()

    def saver() -> None:
        while not ended.wait(0.005):
            start, was_under_way = time.monotonic(), is_under_way(office)
            office.samples.create("tag")
            if was_under_way and is_under_way(office):
                took.append(time.monotonic() - start)

    thread = threading.Thread(target=saver)
    thread.start()
    try:
        work()
    finally:
        ended.set()
        thread.join(30)
    return len(took), max(took, default=0.0)


def test_others_save_while_an_import_is_written_and_while_it_is_taken_back(office: Office) -> None:
    upload, admin = ready(office), office.admin
    written, longest = save_beside(office, lambda: upload.write(office.engine, admin, Choices(), quiet))
    assert written >= 3 and longest < 5, (written, longest)
    assert imported(office) == ROWS and upload.done is not None
    undo = Undo(office.engine, admin, office.engine.definition("customer"), upload.done.batch)
    written, longest = save_beside(office, lambda: undo.run(quiet))
    assert written >= 3 and longest < 5, (written, longest)
    assert imported(office) == 0 and not is_under_way(office)
    assert_sound(office.engine)


def test_two_imports_wait_for_one_another(office: Office) -> None:
    first, second, admin = ready(office, 700, "甲"), ready(office, 700, "乙"), office.admin
    threads = [
        threading.Thread(target=one.write, args=(office.engine, admin, Choices(), quiet)) for one in (first, second)
    ]
    for thread in threads:
        thread.start()
    at_once = 0
    while any(thread.is_alive() for thread in threads):
        at_once = max(at_once, ask(office, "SELECT count(*) FROM import_run WHERE doing != ''"))
        time.sleep(0.005)
    assert (imported(office, "甲"), imported(office, "乙"), at_once) == (700, 700, 1)
    assert ask(office, "SELECT count(*) - count(DISTINCT code) FROM customer WHERE code IS NOT NULL") == 0
    assert_sound(office.engine)


def test_what_an_import_still_needs_is_not_deleted_meanwhile(office: Office) -> None:
    group = office.samples.create("customer_group", name="临时组", parent=None)
    rows = [(f"甲{n:05d}厂", "一般客户") for n in range(900)] + [("乙00000厂", "临时组")]
    upload = checked(office.workstation, office.admin, xlsx(HEADS[:2], *rows))
    refused: list[str] = []

    def delete() -> None:
        answer = office.api.call("POST", "/api/records/customer_group/delete", {"ids": [group["id"]]})
        refused.append(answer.text)

    upload.write(office.engine, office.admin, Choices(), in_the_middle(office, delete, 1))
    assert "正在导入的内容要用到" in refused[0]
    assert imported(office, "乙") == 1
    answer = office.api.call("POST", "/api/records/customer_group/delete", {"ids": [group["id"]]})
    assert "还有 1 个客户在用" in answer.text, "and the import over, the usual rule holds"


def test_the_later_value_counts_in_a_record_that_the_import_changes(office: Office) -> None:
    """As between two machines. Nothing is lost: undoing the import gives back what it replaced."""
    ready(office, 520).write(office.engine, office.admin, Choices(), quiet)
    with office.engine.db.read() as db:
        old = db.execute("SELECT id, code FROM customer WHERE name LIKE '甲%' ORDER BY code").fetchall()
    file = xlsx(("客户编号", "简称"), *((code, "新") for _, code in old))
    upload = checked(office.workstation, office.admin, file)
    path = f"/api/records/customer/{old[-1][0]}"

    def save() -> None:
        office.api.ok(office.api.call("PATCH", path, {"short_name": "他写的", "wechat": "w"}))

    done = upload.write(office.engine, office.admin, Choices("update"), in_the_middle(office, save, 1))
    row = office.api.get(path)["row"]
    assert (done.changed, row["short_name"], row["wechat"]) == (520, "新", "w")
    Undo(office.engine, office.admin, office.engine.definition("customer"), done.batch).run(quiet)
    assert office.api.get(path)["row"]["short_name"] == "他写的"


def test_what_somebody_touches_before_its_piece_is_taken_back_stays(office: Office) -> None:
    upload, admin = ready(office), office.admin
    batch = upload.write(office.engine, admin, Choices(), quiet).batch
    ids = {
        name: office.api.get("/api/records/customer", q=name)["rows"][0]["id"] for name in ("甲00000厂", "甲00001厂")
    }

    def touch() -> None:
        path = f"/api/records/customer/{ids['甲00000厂']}"
        office.api.ok(office.api.call("PATCH", path, {"note": "还要用"}))
        office.samples.create("contact", parent_kind="customer", parent=ids["甲00001厂"])

    undo = Undo(office.engine, admin, office.engine.definition("customer"), batch)
    undone = undo.run(in_the_middle(office, touch, 1))
    assert {one["title"]: one["reason"] for one in undone.refused} == {
        "甲00000厂": "导入以后改过",
        "甲00001厂": "已有联系人",
    }
    assert (undone.deleted, imported(office)) == (ROWS - 2, 2)
    assert_sound(office.engine)


def test_rows_that_change_the_same_parent_are_decided_before_anybody_waits(office: Office) -> None:
    """Two main contacts of each customer: the last one counts, as if they were saved one after the other."""
    upload, admin, count = ready(office, 300), office.admin, 600
    upload.write(office.engine, admin, Choices(), quiet)
    rows = [(f"联系人{n:03d}", "客户", f"甲{n // 2:05d}厂", "是") for n in range(count)]
    contacts = checked(office.workstation, admin, xlsx(("姓名", "所属类型", "所属单位", "主联系人"), *rows), "contact")
    seen: list[bool] = []
    done = contacts.write(office.engine, admin, Choices("new"), lambda *_: seen.append(is_under_way(office)))
    assert done.added == count and any(seen), "it was written in pieces"
    named = "SELECT count(*) FROM customer k JOIN contact c ON c.id = k.main_contact WHERE c.name LIKE '联系人%'"
    assert ask(office, f"{named} AND CAST(substr(c.name, 4) AS INTEGER) % 2 = 1") == 300 == ask(office, named)
    assert_sound(office.engine)
    undone = Undo(office.engine, admin, office.engine.definition("contact"), done.batch).run(quiet)
    assert (undone.deleted, undone.refused_count, ask(office, named)) == (count, 0, 0)
    assert ask(office, "SELECT count(*) FROM customer WHERE main_contact IS NOT NULL") == 0
    assert_sound(office.engine)


# ------------------------------------------------------------------------------------------------------ ended early


@pytest.mark.parametrize("wrong", [Stopped(), OSError(28, "full")])
def test_an_import_that_is_stopped_or_fails_half_way_leaves_nothing(office: Office, wrong: Exception) -> None:
    upload, admin = ready(office), office.admin
    written: list[int] = []

    def fail() -> None:
        written.append(imported(office))
        raise wrong

    with pytest.raises(type(wrong)):
        upload.write(office.engine, admin, Choices(), in_the_middle(office, fail))
    assert 0 < written[0] < ROWS, "it was in the middle"
    assert imported(office) == 0 and not is_under_way(office)
    assert past(office.engine, admin, "customer") == []
    with pytest.raises(BadRequest, match="先检查"):
        upload.write(office.engine, admin, Choices(), quiet)
    upload.judge(office.engine, admin, quiet)
    assert upload.write(office.engine, admin, Choices(), quiet).added == ROWS and imported(office) == ROWS
    assert_sound(office.engine)


def test_of_a_stopped_import_stays_what_somebody_touched(office: Office) -> None:
    upload, admin = ready(office), office.admin

    def touch_and_stop() -> None:
        with office.engine.db.read() as db:
            (id,) = db.execute("SELECT id FROM customer WHERE name = '甲00000厂'").fetchone()
        office.api.ok(office.api.call("PATCH", f"/api/records/customer/{id}", {"note": "还要用"}))
        raise Stopped

    with pytest.raises(Stopped):
        upload.write(office.engine, admin, Choices(), in_the_middle(office, touch_and_stop))
    (line,) = past(office.engine, admin, "customer")
    assert imported(office) == 1 and line["undone_at"], "and the log tells where it comes from"


def cut_off(office: Office, write: Callable[[Callable[[int, int], None]], object]) -> Path:
    """The files of the data as a power cut in the middle of `write` leaves them."""
    copy = office.workstation.folder.with_name("cut")
    write(in_the_middle(office, lambda: cut(office.workstation.folder, copy)))
    return copy


def test_a_start_finishes_an_import_that_was_cut_off_and_says_so(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finishing, "EVERY_S", 0)
    upload, admin = ready(office), office.admin
    copy = cut_off(office, lambda told: upload.write(office.engine, admin, Choices(), told))
    said: list[str] = []
    station = Workstation.open(copy, tell=said.append)
    try:
        words = "接着写完上次中断的导入「a.xlsx」"
        assert words in said and f"{words}（4 / 6）" in said, said
        with station.engine.db.read() as db:
            (count,) = db.execute("SELECT count(*) FROM customer WHERE name LIKE '甲_____厂'").fetchone()
        (job,) = station.jobs.all(admin.operator)
        assert count == ROWS and (job.state, job.message) == ("done", f"新增 {ROWS} 条，更新 0 条")
        (line,) = past(station.engine, admin, "customer")
        assert line["was_cut"] and not line["doing"] and line["added"] == ROWS
        undone = Undo(station.engine, admin, station.engine.definition("customer"), line["batch"]).run(quiet)
        assert (undone.deleted, undone.refused_count) == (ROWS, 0), "one batch, taken back as one"
        assert_sound(station.engine)
    finally:
        station.close()


@pytest.mark.parametrize("is_stopped", [False, True])
def test_a_start_finishes_an_undoing_that_was_cut_off(office: Office, is_stopped: bool) -> None:
    """Also that of an import that was stopped while it was written, and where its user has been stopped meanwhile."""
    upload, admin = ready(office), office.admin
    definition = office.engine.definition("customer")

    def undo_it(told: Callable[[int, int], None]) -> None:
        undo = Undo(office.engine, admin, definition, upload.write(office.engine, admin, Choices(), quiet).batch)
        with office.engine.db.write() as db:
            undo._begin(db, running.STOPPING if is_stopped else running.UNDOING)
        undo.go_on(told)

    copy = cut_off(office, undo_it)
    station = Workstation.open(copy)
    try:
        with station.engine.db.read() as db:
            (count,) = db.execute(
                "SELECT count(*) FROM customer WHERE name LIKE '甲_____厂' AND deleted_at IS NULL"
            ).fetchone()
            (batches,) = db.execute("SELECT count(DISTINCT batch) FROM changeset WHERE batch IS NOT NULL").fetchone()
        (line,) = past(station.engine, admin, "customer")
        assert (count, batches) == (0, 2), "it goes on in its batch"
        assert line["undone_at"] and line["was_cut"] and not line["doing"]
        assert_sound(station.engine)
    finally:
        station.close()


# ------------------------------------------------------------------------------------------------------------ killed


@pytest.mark.parametrize("kills", [1, pytest.param(10, marks=pytest.mark.soak)])
@pytest.mark.parametrize("what", ["commit", "stop", "undo"])
def test_killed_at_any_moment_there_is_all_of_it_or_nothing(
    template: Path, tmp_path: Path, start_program: StartProgram, what: str, kills: int
) -> None:
    """A real process, SIGKILL; in between somebody stops the import, or takes it back."""
    rng = dice()
    for place in range(kills):
        folder = copy_of(template, tmp_path / f"data{place}")
        program = start_program("serve", "--data", str(folder))
        office = Running(program.page())
        office.api.sign_in()
        one = Importing.of(office, customers_file())
        one.check()
        if what == "undo":
            done = one.commit()["result"]
            office.api.post(f"/api/import/customer/{done['batch']}/undo")
        else:
            job = office.api.post(f"{one.path}/commit", {"twice": "skip", "rows": {}})
            wait_until_written(office.api)
        if what == "stop":
            office.api.call("DELETE", f"/api/jobs/{job['id']}")
        time.sleep(rng.uniform(0.0, 0.8))
        program.kill()
        with open_desk(folder) as desk:
            (found,) = desk.ask("SELECT count(*) FROM customer WHERE deleted_at IS NULL AND name LIKE '甲_____厂'")
            assert found[0] in {"commit": (ROWS,), "undo": (0,), "stop": (0, ROWS)}[what]
            assert desk.ask("SELECT count(*) FROM import_part")[0][0] == 0
            assert desk.ask("SELECT count(*) FROM import_run WHERE doing != ''")[0][0] == 0
            assert_sound(desk.engine)


def wait_until_written(api: Api) -> None:
    """Until the first rows are there."""
    until = time.monotonic() + 60
    while api.get("/api/records/customer", want="total")["total"] < 2 and time.monotonic() < until:
        time.sleep(0.01)


def test_an_undoing_is_not_stopped_half_way(office: Office) -> None:
    one = Importing.of(office, customers_file())
    one.check()
    batch = one.commit()["result"]["batch"]
    job = office.api.post(f"/api/import/customer/{batch}/undo")
    assert job["stops"] is False
    answer: requests.Response = office.api.call("DELETE", f"/api/jobs/{job['id']}")
    assert answer.status_code == 400 and "不能中途停止" in answer.text


# --------------------------------------------------------------------------------------------------------- disk full


@dataclass
class Disk:
    """One that can be filled: every transaction of its own fails then."""

    is_full: bool = False

    def fill(self) -> None:
        self.is_full = True

    def free(self) -> None:
        self.is_full = False


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    one, real = Disk(), database.Database._nested

    @contextmanager
    def nested(self: database.Database) -> Iterator[sqlite3.Connection]:
        if one.is_full:
            raise StorageFull
        with real(self) as db:
            yield db

    monkeypatch.setattr(database.Database, "_nested", nested)
    monkeypatch.setattr(workstation, "_ROOM_S", 0.05)
    yield one
    one.free()


def assert_once(office: Office, count: int = ROWS) -> None:
    assert (imported(office), is_under_way(office), ask(office, "SELECT count(*) FROM import_part")) == (count, 0, 0)
    sql = "SELECT count(DISTINCT name) FROM customer WHERE deleted_at IS NULL AND name LIKE '甲_____厂'"
    assert ask(office, sql) == count
    assert_sound(office.engine)


def test_an_import_that_finds_the_disk_full_is_finished_before_it_is_tried_again(office: Office, disk: Disk) -> None:
    upload, admin = ready(office), office.admin
    with pytest.raises(Unfinished) as told:
        upload.write(office.engine, admin, Choices(), in_the_middle(office, disk.fill))
    assert 0 < imported(office) < ROWS
    assert str(told.value).startswith(f"已写入 {imported(office):,} 条，磁盘已满")
    with pytest.raises(Unfinished, match="磁盘已满"):
        upload.judge(office.engine, admin, quiet)
    disk.free()
    counts = upload.judge(office.engine, admin, quiet)
    assert counts.twice == ROWS, "all of them were there when it was looked"
    done = upload.write(office.engine, admin, Choices(), quiet)
    assert (done.added, done.left_out) == (0, ROWS)
    assert_once(office)


def test_another_import_finishes_it_first_and_is_checked_anew(office: Office, disk: Disk) -> None:
    first, second, admin = ready(office), ready(office), office.admin
    with pytest.raises(Unfinished):
        first.write(office.engine, admin, Choices(), in_the_middle(office, disk.fill))
    with pytest.raises(Unfinished):
        second.write(office.engine, admin, Choices(), quiet)
    disk.free()
    with pytest.raises(BadRequest, match="重新检查"):
        second.write(office.engine, admin, Choices(), quiet)
    assert_once(office)
    second.judge(office.engine, admin, quiet)
    assert second.write(office.engine, admin, Choices(), quiet).added == 0
    assert_once(office)


def test_a_start_finishes_what_found_the_disk_full(office: Office, disk: Disk) -> None:
    upload, admin, copy = ready(office), office.admin, office.workstation.folder.with_name("cut")
    with pytest.raises(Unfinished):
        upload.write(office.engine, admin, Choices(), in_the_middle(office, disk.fill))
    cut(office.workstation.folder, copy)
    disk.free()
    with open_desk(copy) as desk:
        sql = "SELECT count(*), count(DISTINCT name) FROM customer WHERE deleted_at IS NULL AND name LIKE '甲_____厂'"
        assert tuple(desk.ask(sql)[0]) == (ROWS, ROWS)
        assert_sound(desk.engine)


def test_an_import_that_is_stopped_and_then_finds_the_disk_full_is_finished_all_the_same(
    office: Office, disk: Disk
) -> None:
    """It cannot even be noted down that it was stopped; its user is told so."""
    upload, admin = ready(office), office.admin

    def stop_full() -> None:
        disk.fill()
        raise Stopped

    with pytest.raises(Unfinished, match=r"没能停下：.*写完以后可以撤销"):
        upload.write(office.engine, admin, Choices(), in_the_middle(office, stop_full))
    disk.free()
    upload.judge(office.engine, admin, quiet)
    assert_once(office)


def test_what_is_being_taken_back_goes_on_when_there_is_room(office: Office, disk: Disk) -> None:
    upload, admin = ready(office), office.admin
    batch = upload.write(office.engine, admin, Choices(), quiet).batch
    undo = Undo(office.engine, admin, office.engine.definition("customer"), batch)
    with pytest.raises(Unfinished, match="还没有撤完"):
        undo.run(in_the_middle(office, disk.fill))
    assert 0 < imported(office) < ROWS
    disk.free()
    again = ready(office)
    assert again.counts is not None and again.counts.twice == 0, "it was gone before it was looked"
    (line,) = past(office.engine, admin, "customer")
    assert line["undone_at"] and imported(office) == 0
    assert again.write(office.engine, admin, Choices(), quiet).added == ROWS
    assert_once(office)


@pytest.mark.parametrize("is_undone", [False, True])
def test_the_program_goes_on_by_itself_as_soon_as_there_is_room(office: Office, disk: Disk, is_undone: bool) -> None:
    """Through the API; and what was needed may be deleted then."""
    one = Importing.of(office, customers_file(2_500))
    one.check()
    if is_undone:
        batch = one.commit()["result"]["batch"]
        job = office.api.post(f"/api/import/customer/{batch}/undo")
    else:
        job = office.api.post(f"{one.path}/commit", {"twice": "skip", "rows": {}})
    until = time.monotonic() + 60
    while imported(office) in (0, 2_500) and time.monotonic() < until:
        time.sleep(0.002)
    disk.fill()
    job = office.api.ended(job)
    assert job["state"] == "failed" and ("会接着撤销" if is_undone else "会接着写完") in job["message"]
    office.workstation.finish_when_there_is_room(office.admin.operator)  # as every try that is refused does
    (waiting,) = [one for one in office.api.get("/api/jobs") if one["kind"] == "import-finished"]
    assert waiting["state"] == "running" and "接着" in waiting["label"]
    disk.free()
    waiting = office.api.ended(waiting)
    assert waiting["state"] == "done", waiting
    assert_once(office, 0 if is_undone else 2_500)


def test_a_piece_that_cannot_be_finished_is_taken_back_instead_of_tried_for_ever(
    office: Office, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload, admin, real = ready(office), office.admin, office.engine.applier.local
    with pytest.raises(Unfinished):
        upload.write(office.engine, admin, Choices(), in_the_middle(office, disk.fill))

    def local(ops: Sequence[Op], **about: Any) -> Changed:
        if about["act"] == "customer.import":
            raise ValueError("坏了")
        return real(ops, **about)

    monkeypatch.setattr(office.engine.applier, "local", local)
    disk.free()
    with running.turn(office.engine, quiet) as finished:
        assert [one.message for one in finished] == ["没有写完：坏了。已写入的都撤回了"]
    assert_once(office, 0)
    with running.turn(office.engine, quiet) as finished:
        assert not finished


# ------------------------------------------------------------------------------------------------ told to who looks


def test_of_a_stopped_update_it_is_told_what_stayed_and_why(office: Office) -> None:
    ready(office, 4_000).write(office.engine, office.admin, Choices(), quiet)
    with office.engine.db.read() as db:
        old = db.execute("SELECT id, code, name FROM customer WHERE name LIKE '甲%' ORDER BY code").fetchall()
    one = Importing.of(office, xlsx(("客户编号", "简称"), *((code, "新") for _, code, _ in old)))
    one.check(key="code")
    job = office.api.post(f"{one.path}/commit", {"twice": "update", "rows": {}})
    until = time.monotonic() + 60
    while not ask(office, "SELECT count(*) FROM customer WHERE short_name = '新'") and time.monotonic() < until:
        time.sleep(0.002)
    office.api.ok(office.api.call("PATCH", f"/api/records/customer/{old[0][0]}", {"note": "还要用"}))
    office.api.ok(office.api.call("DELETE", f"/api/jobs/{job['id']}"))
    job = office.api.ended(job)
    assert job["state"] == "cancelled" and job["result"]["refused_count"] == 1, job
    assert job["message"] == f"已取消。已写入的撤回了，1 条没有动：「{old[0]['name']}」导入以后改过"
    assert ask(office, "SELECT count(*) FROM customer WHERE short_name = '新'") == 1


def test_an_import_that_is_still_written_is_not_counted_for_its_undoing(office: Office) -> None:
    upload, admin, said = ready(office), office.admin, list[str]()

    def look() -> None:
        (line,) = past(office.engine, admin, "customer")
        said.append(office.api.call("GET", f"/api/import/customer/{line['batch']}/undo").text)

    upload.write(office.engine, admin, Choices(), in_the_middle(office, look))
    assert "还没有写完，写完以后再撤销" in said[0]


def test_a_backup_waits_for_the_import_that_is_being_written(office: Office, tmp_path: Path) -> None:
    upload, admin, jobs = ready(office), office.admin, list[dict[str, Any]]()

    def back_up() -> None:
        job = office.api.post("/api/backup")
        time.sleep(0.5)
        jobs.append(office.api.get(f"/api/jobs/{job['id']}"))

    upload.write(office.engine, admin, Choices(), in_the_middle(office, back_up))
    assert (jobs[0]["state"], jobs[0]["message"]) == ("running", "等正在进行的导入写完…")
    copy = tmp_path / "whole.bak"
    copy.write_bytes(fetched(office, jobs[0]))
    maintenance.restore(tmp_path / "restored", copy)
    with open_desk(tmp_path / "restored") as desk:
        assert desk.ask("SELECT count(*) FROM customer WHERE name LIKE '甲_____厂'")[0][0] == ROWS
