"""An import reaches every machine, and so does taking it back, as batches that are never cut inside a record."""

from __future__ import annotations

import pytest

from desktop import db as database
from desktop.engine.imports.undoing import Undo
from desktop.engine.imports.writing import Choices
from tests.chaos.kit import Company, assert_alike
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
