"""An import reaches every machine, and so does taking it back, as batches that are never cut inside a record."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from desktop import db as database
from desktop import maintenance
from desktop.engine.documents import verbs
from desktop.engine.imports.documents import undo_of
from desktop.engine.imports.undoing import Undo, past
from desktop.engine.imports.writing import Choices
from tests.chaos.kit import Company, Machine, assert_alike
from tests.engine.kit import Desk
from tests.importing import checked, quiet, xlsx
from tests.sync.test_conflicts import both, meet

HEADS = ("客户名称", "客户分组", "简称", "标签")


def test_an_import_and_its_undo_reach_the_other_machine(company: Company) -> None:
    """What the other one changed meanwhile without a network stays, and the undo leaves it alone."""
    (other,) = company.others
    with company.first.desk() as desk:
        old = desk.customer("老客户", short_name="旧")
        rows = [(f"第{n:03d}家", "一般客户", None, "价格敏感、需回访") for n in range(180)]
        file = xlsx(HEADS, ("老客户", "重点客户", "新", "价格敏感"), *rows)
        upload = checked(desk.workstation, desk.admin, file)
        done = upload.write(desk.engine, desk.admin, Choices("update"), quiet)
        assert (done.added, done.changed) == (180, 1)
    company.settle()
    assert_alike(company.machines)
    with other.desk() as desk:
        assert desk.value("customer", old, "short_name") == "新"
        assert desk.ask("SELECT count(*) FROM customer WHERE name LIKE '第%家'")[0][0] == 180
        (touched,) = desk.ask("SELECT id FROM customer WHERE name = '第007家'")
        desk.save("customer", touched[0], short_name="别处改的")
    company.settle()
    with company.first.desk() as desk:
        undo = Undo(desk.engine, desk.admin, desk.engine.definition("customer"), done.batch)
        undone = undo.run(quiet)
        assert (undone.deleted, undone.restored, undone.refused_count) == (179, 1, 1)
        assert undone.refused[0]["title"] == "第007家"
    company.settle()
    assert_alike(company.machines)
    with other.desk() as desk:
        assert desk.value("customer", old, "short_name") == "旧"
        assert desk.ask("SELECT name FROM customer WHERE name LIKE '第%家' AND deleted_at IS NULL")[0][0] == "第007家"


def test_documents_of_a_file_and_their_undo_reach_the_other_machine(company: Company) -> None:
    """From one that does not keep the books; what the keeper cancelled meanwhile is no fault."""
    (other,) = company.others
    sql = "SELECT state, count(*), count(DISTINCT number), sum(outstanding) FROM opening_party GROUP BY 1 ORDER BY 1"
    heads = ("类型", "客户", "金额")
    with other.desk() as desk:
        desk.customer("老客户")
        file = xlsx(heads, *(("应收", "老客户", 10 + n) for n in range(20)))
        batch = checked(desk.workstation, desk.admin, file, "opening_party").write(
            desk.engine, desk.admin, Choices(), quiet
        ).batch  # fmt: skip
    company.settle()
    assert_alike(company.machines)
    with company.first.desk() as desk:
        assert [tuple(row) for row in desk.ask(sql)] == [("posted", 20, 20, sum(range(10, 30)) * 100)]
        (id,) = desk.ask("SELECT id FROM opening_party ORDER BY number LIMIT 1")[0]
        verbs.cancel(desk.engine, desk.admin, "opening_party", id, "录错")
    company.settle()
    with other.desk() as desk:
        undone = undo_of(desk.engine, desk.admin, desk.engine.definition("opening_party"), batch).run(quiet)
        assert (undone.deleted, undone.refused_count) == (19, 0)
    company.settle()
    assert_alike(company.machines)
    for machine in company.machines:
        with machine.desk() as desk:
            assert [row["state"] for row in desk.ask("SELECT DISTINCT state FROM opening_party")] == ["cancelled"]
            assert desk.ask("SELECT count(*) FROM dispute")[0][0] == 0


def test_what_is_deleted_elsewhere_while_an_import_that_needs_it_is_written_comes_back(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows that came later say what was known when they were decided, not what has arrived since. In between the
    other machine sees the rows that are written."""
    monkeypatch.setattr(database, "_PIECE_S", 0.0)
    with both(company) as (a, b):
        group = a.save("customer_group", name="临时组")["id"]
        meet(a, b)
        rows = [(f"第{n:03d}家", "一般客户") for n in range(600)]
        upload = checked(a.workstation, a.admin, xlsx(HEADS[:2], *rows, ("最后一家", "临时组")))
        seen: list[int] = []

        def meanwhile(done: int, total: int) -> None:
            if not seen and a.ask("SELECT 1 FROM import_part WHERE place = 1"):
                written = a.ask("SELECT count(*) FROM customer WHERE name LIKE '第%家'")[0][0]
                if written:
                    b.delete("customer_group", group)
                    meet(a, b)
                    assert a.row("customer_group", group)["deleted_at"], "it is gone here, too"
                    seen.append(b.ask("SELECT count(*) FROM customer WHERE name LIKE '第%家'")[0][0])

        upload.write(a.engine, a.admin, Choices(), meanwhile)
        assert seen == [500]
        meet(a, b)
        for desk in (a, b):
            assert desk.row("customer_group", group)["deleted_at"] is None
            assert desk.ask('SELECT "group" FROM customer WHERE name = ?', "最后一家")[0][0] == group
    assert_alike(company.machines)


ROWS = 1_200
LIVING = "SELECT count(*) FROM customer WHERE name LIKE '第%家' AND deleted_at IS NULL"
PART = "数据是从备份恢复或复制来的。可以在「以前的导入」里撤销"


class Stopped(Exception):
    """What a job raises when its user wants it stopped."""


def many(desk: Desk, told: Callable[[int, int], None], count: int = ROWS) -> str:
    """The batch of an import that is written while `told` hears of it."""
    rows = [(f"第{n:04d}家", "一般客户") for n in range(count)]
    upload = checked(desk.workstation, desk.admin, xlsx(HEADS[:2], *rows))
    return upload.write(desk.engine, desk.admin, Choices(), told).batch


def undo(desk: Desk, batch: str, told: Callable[[int, int], None] = quiet) -> int:
    return Undo(desk.engine, desk.admin, desk.engine.definition("customer"), batch).run(told).deleted


def once(desk: Desk, work: Callable[[], object]) -> Callable[[int, int], None]:
    """Progress that does something once, when some of it is there and some is not."""
    done: list[int] = []

    def told(*_: int) -> None:
        if not done and 0 < desk.ask(LIVING)[0][0] < ROWS:
            done.append(1)
            work()

    return told


def used_since(other: Machine) -> tuple[str, str]:
    """One that a colleague writes in, and one that he deletes."""
    with other.desk() as desk:
        ((kept,), (gone,)) = desk.ask("SELECT id FROM customer WHERE name IN ('第1100家', '第1101家') ORDER BY name")
        desk.save("customer", kept, note="同事后来写的", short_name="新简称")
        desk.delete("customer", gone)
    return kept, gone


def assert_left_alone(company: Company, kept: str, gone: str) -> None:
    for machine in company.machines:
        with machine.desk() as desk:
            row = desk.row("customer", kept)
            assert (row["note"], row["short_name"], row["deleted_at"]) == ("同事后来写的", "新简称", None)
            assert desk.row("customer", gone)["deleted_at"], "what he deleted stays so"
            assert desk.ask("SELECT count(*) FROM conflict")[0][0] == 0
    assert_alike(company.machines)


@pytest.mark.parametrize("is_copied", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_restored_or_copied_data_do_not_go_on_with_an_import_that_was_being_written(
    company: Company, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_copied: bool
) -> None:
    monkeypatch.setattr(database, "_PIECE_S", 0.0)
    (other,), folder, kept_file = company.others, company.first.folder, tmp_path / "mid.bak"
    with company.first.desk() as desk:
        batch = many(desk, once(desk, lambda: maintenance.backup(desk.workstation.db, kept_file)))
    company.settle()
    kept, gone = used_since(other)
    company.settle()
    if is_copied:  # somebody puts the file in its place by himself
        shutil.copyfile(kept_file, folder / "fresh")
        for tail in ("-wal", "-shm"):
            (folder / (database.FILE_NAME + tail)).unlink(missing_ok=True)
        (folder / "fresh").replace(folder / database.FILE_NAME)
    else:
        maintenance.restore(folder, kept_file)
    with company.first.desk() as desk:
        there = desk.ask(LIVING)[0][0]
        (line,) = past(desk.engine, desk.admin, "customer")
        assert 0 < there < ROWS and (line["part"], line["added"], line["doing"]) == ("write", there, "")
        (job,) = desk.workstation.jobs.all(desk.admin.operator)
        assert job.message == f"导入了一部分（新增 {there} 条，更新 0 条），其余没有写：{PART}"
    company.settle()
    company.settle()
    assert_left_alone(company, kept, gone)
    with company.first.desk() as desk:
        assert undo(desk, batch) == ROWS - 2, "it is undone as ever, with what came back from the others"
        (line,) = past(desk.engine, desk.admin, "customer")
        assert line["undone_at"] and not line["part"]


def test_restored_data_do_not_go_on_with_an_import_that_was_being_taken_back(
    company: Company, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(database, "_PIECE_S", 0.0)
    (other,) = company.others
    with company.first.desk() as desk:
        batch = many(desk, quiet)
    company.settle()
    with company.first.desk() as desk:
        undo(desk, batch, once(desk, lambda: maintenance.backup(desk.workstation.db, tmp_path / "mid.bak")))
    company.settle()
    with other.desk() as desk:
        (id,) = desk.ask("SELECT id FROM customer WHERE name = '第0001家'")[0]
        desk.restore("customer", id)
        desk.save("customer", id, note="还要用")
    company.settle()
    maintenance.restore(company.first.folder, tmp_path / "mid.bak")
    with company.first.desk() as desk:
        (job,) = desk.workstation.jobs.all(desk.admin.operator)
        assert job.message == f"撤销了一部分，其余没有动：{PART}"
        assert past(desk.engine, desk.admin, "customer")[0]["part"] == "undo"
    company.settle()
    company.settle()
    for machine in company.machines:
        with machine.desk() as desk:
            assert (desk.value("customer", id, "note"), desk.ask(LIVING)[0][0]) == ("还要用", 1)
    assert_alike(company.machines)


@pytest.mark.parametrize("is_sent", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_stopping_an_import_does_not_stop_the_sync(
    company: Company, monkeypatch: pytest.MonkeyPatch, is_sent: bool
) -> None:
    """Also where the other machine has some of it already: a person wanted it, and only what was added goes."""
    monkeypatch.setattr(database, "_PIECE_S", 0.0)
    with both(company) as (a, b):
        seen: list[int] = []

        def stop() -> None:
            if is_sent:
                meet(a, b)
            seen.append(b.ask(LIVING)[0][0])
            raise Stopped

        with pytest.raises(Stopped):
            many(a, once(a, stop))
        assert (seen[0] > 200) is is_sent
        assert a.ask(LIVING)[0][0] == 0
        meet(a, b)
        assert b.ask(LIVING)[0][0] == 0
    assert_alike(company.machines)


def test_an_import_is_taken_back_everywhere_without_another_question(company: Company) -> None:
    with both(company) as (a, b):
        batch = many(a, quiet)
        meet(a, b)
        assert undo(a, batch) == ROWS
        meet(a, b)
        assert b.ask(LIVING)[0][0] == 0
    assert_alike(company.machines)


def test_what_was_never_uploaded_may_be_deleted_however_much_it_is(company: Company) -> None:
    with both(company) as (a, b):
        many(a, quiet)
        a.delete("customer", *(row[0] for row in a.ask("SELECT id FROM customer WHERE name LIKE '第%家'")))
        meet(a, b)
        assert (a.ask(LIVING)[0][0], b.ask(LIVING)[0][0]) == (0, 0)
    assert_alike(company.machines)
