"""Printed lists over HTTP: who may, what they hold, how long they stay, and where they are saved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pypdfium2 import PdfDocument

from desktop.engine import printing
from desktop.engine.define import seed_id
from desktop.shell.window import spooled
from tests.support import Office, copy_of, open_office

BODY = {"columns": [{"name": "name", "width": 200}, {"name": "phone", "width": 200}]}
SALES = seed_id("role", "sales")


@pytest.fixture(scope="module")
def office(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """With a salesman of his own customers, and customers of his and of a colleague."""
    with open_office(copy_of(template, tmp_path_factory.mktemp("print") / "data")) as opened:
        api = opened.api
        department = api.get("/api/lookup/department", q="管理部")["rows"][0]["id"]
        for code, login in (("002", "li"), ("003", "wang")):
            person = {"code": code, "name": f"职员{code}", "department": department}
            employee = api.post("/api/records/employee", person)["row"]["id"]
            values = {"login_name": login, "employee": employee, "roles": [SALES], "password": "sales-password"}
            operator = api.post("/api/records/operator", values)["row"]["id"]
            api.ok(api.call("PATCH", f"/api/records/operator/{operator}", {"password": "sales-password"}))
            for number in range(3):
                given = {"name": f"{login}的公司{number}", "owner": employee, "phone": f"0512-88{code}00{number}"}
                opened.samples.create("customer", **given)
        yield opened


@pytest.fixture(autouse=True)
def admin(office: Office) -> Iterator[None]:
    yield
    office.api.sign_in()


def ended(office: Office, body: dict[str, Any], module: str = "customer") -> dict[str, Any]:
    job: dict[str, Any] = office.api.post(f"/api/print/{module}", body)
    return office.api.ended(job)


def words(office: Office, job: dict[str, Any]) -> str:
    assert job["state"] == "done", job
    document = PdfDocument(office.api.call("GET", f"/api/jobs/{job['id']}/view").content)
    try:
        return "".join(page.get_textpage().get_text_range() for page in document)
    finally:
        document.close()


def test_a_part_of_the_rows_in_the_order_of_the_list(office: Office) -> None:
    names = [row["name"] for row in office.api.get("/api/records/customer", sort="-name")["rows"]]
    text = words(office, ended(office, BODY | {"query": {"sort": "-name"}, "first": 2, "last": 3}))
    assert names[1] in text and names[2] in text and names[0] not in text and names[3] not in text
    assert text.index(names[1]) < text.index(names[2]) and "合计 2 条" in text


def test_scope_holds_on_paper_even_for_rows_that_are_named(office: Office) -> None:
    every = [row["id"] for row in office.api.get("/api/records/customer")["rows"]]
    office.api.sign_in("li", "sales-password")
    for body in (BODY, BODY | {"ids": every}):
        text = words(office, ended(office, body))
        assert "li的公司0" in text and "wang" not in text


def test_nobody_prints_without_the_right_nor_what_he_does_not_see(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.api.sign_in("li", "sales-password")
    office.api.refused("POST", "/api/print/operator", 403, {"columns": [{"name": "login_name"}]})
    office.api.sign_in()
    office.api.refused("POST", "/api/print/operator", 422, {"columns": [{"name": "password"}]})
    office.api.refused("POST", "/api/print/customer", 422, {"columns": [{"name": "nothing"}]})
    office.api.refused("POST", "/api/print/customer", 400, BODY | {"first": 3, "last": 2})


def test_many_rows_need_the_right_to_export_all(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desktop.engine.export.FREE_ROWS", 2)
    office.api.sign_in("li", "sales-password")
    assert "导出全部" in ended(office, BODY)["message"]
    assert ended(office, BODY | {"first": 1, "last": 2})["state"] == "done"


def test_too_many_rows_and_none_are_said_in_words(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = office.workstation.folder / "downloads"
    before = sorted(folder.rglob("*.pdf"))
    job = ended(office, BODY | {"query": {"q": "没有这家"}})
    assert job["state"] == "failed" and "没有可打印的记录" in job["message"]
    assert ended(office, BODY | {"first": 9_999})["state"] == "failed"
    monkeypatch.setattr(printing, "ROWS_MAX", 3)
    assert "一次打印不了这么多" in ended(office, BODY)["message"]
    assert sorted(folder.rglob("*.pdf")) == before


def test_a_print_is_nobody_else_s_and_goes_when_it_is_dropped(office: Office) -> None:
    job = ended(office, BODY)
    path = f"/api/jobs/{job['id']}"
    office.api.sign_in("li", "sales-password")
    for call, method in (("view", "GET"), ("save", "POST"), ("print", "POST"), ("file", "DELETE")):
        office.api.refused(method, f"{path}/{call}", 404)
    office.api.sign_in()
    assert office.api.post(f"{path}/print") == {"by": "page"}
    assert office.api.post(f"{path}/save")["download"].endswith(".pdf")
    office.api.ok(office.api.call("DELETE", f"{path}/file"))
    office.api.refused("GET", f"{path}/view", 404)


def test_it_is_saved_where_the_dialog_says_or_the_reason_is_told(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ended(office, BODY)
    monkeypatch.setattr(office.host, "save_dialog", lambda name: tmp_path / "名单 v1.2")
    saved = Path(office.api.post(f"/api/jobs/{job['id']}/save")["path"])
    assert saved.name == "名单 v1.2.pdf" and saved.read_bytes().startswith(b"%PDF")
    monkeypatch.setattr(office.host, "save_dialog", lambda name: tmp_path / "missing" / name)
    assert "没有这个文件夹" in office.api.refused("POST", f"/api/jobs/{job['id']}/save", 422)["title"]
    monkeypatch.setattr(office.host, "save_dialog", lambda name: None)
    assert office.api.post(f"/api/jobs/{job['id']}/save") == {"cancelled": True}


def test_only_prints_can_be_looked_at(office: Office) -> None:
    job = office.api.post("/api/export/customer", {"format": "csv", "columns": ["name"]})
    office.api.refused("GET", f"/api/jobs/{job['id']}/view", 404)


def test_the_spooler_gets_copies_and_pages(tmp_path: Path) -> None:
    file = tmp_path / "a.pdf"
    assert spooled(file, "Laser", 2, (0, 0)) == ["lp", "-s", "-d", "Laser", "-n", "2", "--", str(file)]
    assert "-P 2-5" in " ".join(spooled(file, "Laser", 1, (2, 5)))
