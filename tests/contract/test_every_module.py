"""The contract of the engine, asked of every declared module alike."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from openpyxl import load_workbook
from pypdfium2 import PdfDocument

from desktop.engine.text import initials, pinyin
from desktop.modules import load
from tests.importing import Importing, fetched
from tests.support import Office, fresh_key

REGISTRY = load()
MODULES = [definition.name for definition in REGISTRY]
WRITABLE = [
    d.name
    for d in REGISTRY
    if d.module.writable and not d.module.single and not d.module.document and d.module.scope != "private"
]
"""What is written record by record; documents are in tests/modules/trading and tests/engine/test_documents.py."""


def about(office: Office, module: str) -> dict[str, Any]:
    return office.samples.modules[module]


def records(module: str) -> str:
    return f"/api/records/{module}"


@pytest.mark.parametrize("module", MODULES)
def test_description_names_only_fields_that_exist(office: Office, module: str) -> None:
    described = about(office, module)
    names = {one["name"] for one in described["fields"]}
    shown = {name for tab in described["tabs"] for section in tab["sections"] for name in section["fields"]}
    shown |= set((described["document"] or {"foot": []})["foot"])
    assert set(described["columns"]) | set(described["quick"]) | shown | {described["title"]} <= names
    assert described["names"][0] == {
        "text": described["label"],
        "pinyin": pinyin(described["label"]).replace(" ", ""),
        "initials": initials(described["label"]),
    }
    words = [one["text"] for one in described["names"]]
    labels = {one["label"] for name, one in office.samples.modules.items() if name != module}
    assert len(set(words)) == len(words) and not labels & set(words), "another name is nobody else's own"
    typed = {one["name"] for one in described["fields"] if not one["readonly"] and not one["hidden"]}
    if described["tabs"]:
        assert typed <= shown, "every field that may be typed stands on the form"


@pytest.mark.parametrize("module", WRITABLE)
def test_a_record_is_created_listed_edited_deleted_and_restored(office: Office, module: str) -> None:
    values = office.samples.values(module)
    made = office.api.post(records(module), values, headers=fresh_key())["row"]
    for name, value in values.items():
        if about_field(office, module, name)["type"] != "password":
            assert made[name] == value, name
    assert office.api.get(f"{records(module)}/{made['id']}")["row"] == made

    title = about(office, module)["title"]
    assert made["id"] in ids(office.api.get(records(module), q=made[title]))

    changed = patch(
        office, module, made, {title: f"{made[title]}改"[: about_field(office, module, title)["max_length"]]}
    )
    assert changed["rev"] == made["rev"] + 1
    entries = office.api.get(f"{records(module)}/{made['id']}/history")["entries"]
    assert [entry["action"] for entry in entries] == (["edit", "add"] if changed[title] != made[title] else ["add"])
    assert all(entry["actor"] == "周敏" and entry["machine"] == "A1" for entry in entries)

    preview = office.api.post(f"{records(module)}/delete", {"ids": [made["id"]], "preview": True})
    assert preview["count"] == 1 and not preview["refused"]
    office.api.post(f"{records(module)}/delete", {"ids": [made["id"]]}, headers=fresh_key())
    office.api.refused("GET", f"{records(module)}/{made['id']}", 404)
    assert made["id"] not in ids(office.api.get(records(module), q=changed[title]))
    assert made["id"] in ids(office.api.get(records(module), deleted="1", limit=500))

    assert office.api.post(f"{records(module)}/restore", {"ids": [made["id"]]}) == {"restored": [made["id"]]}
    back = office.api.get(f"{records(module)}/{made['id']}")["row"]
    assert {name: back[name] for name in values if name != "password"} | {"rev": 0} == {
        name: changed[name] for name in values if name != "password"
    } | {"rev": 0}
    assert made["id"] in ids(office.api.get(records(module), q=changed[title]))


def about_field(office: Office, module: str, name: str) -> dict[str, Any]:
    return next(one for one in about(office, module)["fields"] if one["name"] == name)


def ids(page: dict[str, Any]) -> list[str]:
    return [row["id"] for row in page["rows"]]


def patch(office: Office, module: str, row: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    headers = {"If-Match": f'"{row["rev"]}"', **fresh_key()}
    return dict(
        office.api.ok(office.api.call("PATCH", f"{records(module)}/{row['id']}", values, headers=headers))["row"]
    )


@pytest.mark.parametrize("module", WRITABLE)
def test_a_stale_edit_gets_both_versions_and_changes_nothing(office: Office, module: str) -> None:
    made = office.samples.create(module)
    title = about(office, module)["title"]
    text = made[title]
    names = [
        one["name"]
        for one in about(office, module)["fields"]
        if one["type"] in ("text", "longtext") and not one["readonly"] and not one["unique"]
    ]
    other = next((name for name in names if name != title), title)
    limit = about_field(office, module, other)["max_length"]
    patch(office, module, made, {other: ("别处" + str(made[other] or ""))[:limit]})
    headers = {"If-Match": f'"{made["rev"]}"'}
    problem = office.api.refused("PATCH", f"{records(module)}/{made['id']}", 409, {title: text}, headers=headers)
    assert (
        problem["code"] == "stale" and problem["mine"] == {title: text} and problem["theirs"]["rev"] == made["rev"] + 1
    )
    office.api.post(f"{records(module)}/delete", {"ids": [made["id"]]})


@pytest.mark.parametrize("module", WRITABLE)
def test_the_same_key_saves_once(office: Office, module: str) -> None:
    values, headers = office.samples.values(module), fresh_key()
    first = office.api.post(records(module), values, headers=headers)["row"]
    second = office.api.post(records(module), values, headers=headers)["row"]
    assert first["id"] == second["id"]
    office.api.post(f"{records(module)}/delete", {"ids": [first["id"]]})


@pytest.mark.parametrize("module", WRITABLE)
def test_required_fields_are_named_when_missing(office: Office, module: str) -> None:
    required = {
        one["name"]: one["label"]
        for one in about(office, module)["fields"]
        if one["required"] and one["default"] in (None, []) and one["type"] != "serial"
    }
    problem = office.api.refused("POST", records(module), 422, {})
    assert required.keys() <= problem["fields"].keys()
    assert all(label in problem["fields"][name] for name, label in required.items())


@pytest.mark.parametrize("module", MODULES)
def test_every_operator_of_every_field_answers(office: Office, module: str) -> None:
    rows = office.api.get(records(module), limit=5)["rows"]
    every = office.api.get(records(module), want="total")["total"]
    for one in about(office, module)["fields"]:
        for value in _comparable(office, one, rows):
            found = {op: total(office, module, one["name"], op, value) for op in one["operators"] if "empty" not in op}
            for op, other in (("eq", "ne"), ("contains", "not_contains")):
                if op in found:
                    assert found[op] + found[other] == every, (one["name"], op, value)
        if "empty" in one["operators"]:
            both = [total(office, module, one["name"], op) for op in ("empty", "not_empty")]
            assert sum(both) == every, one["name"]


def total(office: Office, module: str, field: str, op: str, value: Any = None) -> int:
    condition = {"field": field, "op": op} | ({} if value is None else {"value": value})
    found: int = filtered(office, module, condition)["total"]
    return found


def filtered(office: Office, module: str, condition: dict[str, Any]) -> dict[str, Any]:
    return dict(office.api.get(records(module), filter=json.dumps({"and": [condition]}), want="total"))


def _comparable(office: Office, one: dict[str, Any], rows: list[dict[str, Any]]) -> list[Any]:
    """Values that can be compared: one that is there, or else a made-up one; of text also a nasty one."""
    present = next((row[one["name"]] for row in rows if row.get(one["name"]) not in (None, [])), None)
    match one["type"]:
        case "ref" | "refs":
            return [(present[0] if isinstance(present, list) else present) or "0" * 32]
        case "bool":
            return [True, False]
        case "int" | "money" | "quantity" | "price" | "rate":
            return [present or 1]
        case "date" | "datetime":
            return [present or "2026-03-01"]
        case "enum":
            return [present or one["options"][0]["value"]]
        case "birthday":
            return ["8-15", "8"]
    return [present or "甲", f"{present or '甲'}"[:40] + "%_'\"\\*"]


@pytest.mark.parametrize("module", MODULES)
def test_every_sort_gives_every_row_once_in_order_both_ways(office: Office, module: str) -> None:
    total = office.api.get(records(module), want="total")["total"]
    for one in about(office, module)["fields"]:
        if not one["sortable"]:
            continue
        for sign in ("", "-"):
            rows: list[dict[str, Any]] = []
            labels: dict[str, str] = {}
            after = ""
            while True:
                page = office.api.get(records(module), sort=sign + one["name"], limit=7, after=after)
                rows += page["rows"]
                labels |= page["labels"]
                if not page["next"]:
                    break
                after = page["next"]
            seen = [row["id"] for row in rows]
            assert_in_order(office, module, one, rows, labels, descending=bool(sign))
            assert len(seen) == len(set(seen)) == total, (one["name"], sign)
            jumped = [id for start in range(0, total, 7) for id in ids(jump(office, module, sign + one["name"], start))]
            assert jumped == seen, (one["name"], sign)


def assert_in_order(
    office: Office,
    module: str,
    one: dict[str, Any],
    rows: list[dict[str, Any]],
    labels: dict[str, str],
    *,
    descending: bool,
) -> None:
    """Blanks stand at one end, together; what is there stands in the order of its type."""
    values = [row[one["name"]] for row in rows]
    is_there = [value is not None for value in values]
    assert is_there == sorted(is_there, reverse=descending), (one["name"], "blanks first, last when descending")
    key: Callable[[Any], Any]
    if one["type"] in ("int", "date", "datetime", "bool"):
        key = identity
    elif one["type"] in ("money", "quantity", "price", "rate"):
        key = Decimal
    elif one["name"] == about(office, module)["title"]:
        key = pinyin
    elif one["type"] == "ref" and one.get("target") not in (None, "dict_item", "region"):
        key = partial(_by_label, labels)
    else:
        return
    keys = [key(value) for value in values if value is not None]
    assert keys == sorted(keys, reverse=descending), (one["name"], keys)


def identity(value: Any) -> Any:
    return value


def _by_label(labels: dict[str, str], id: str) -> str:
    return pinyin(labels.get(id, ""))


def jump(office: Office, module: str, sort: str, start: int) -> dict[str, Any]:
    return dict(office.api.get(records(module), sort=sort, limit=7, offset=start))


@pytest.mark.parametrize("module", MODULES)
def test_export_gives_what_the_list_shows(office: Office, module: str) -> None:
    described = about(office, module)
    columns = described["columns"]
    labels = [about_field(office, module, name)["label"] for name in columns]
    for kind in ("csv", "xlsx"):
        body = {"format": kind, "columns": columns, "query": {"sort": described["sort"]}}
        raw = _job_file(office, office.api.post(f"/api/export/{module}", body))
        table = _read(kind, raw)
        unknown = [REGISTRY[module].fields[name].unknown for name in columns]
        tells_part = kind == "csv" and any(one and one.partly for one in unknown)
        assert table[0] == [*labels, *(["部分未知"] if tells_part else [])]
        page = office.api.get(records(module), sort=described["sort"], limit=500)
        assert [row[: len(columns)] for row in table[1:]] == _cells(module, kind, columns, page["rows"], page["labels"])


@pytest.mark.parametrize("module", MODULES)
def test_export_takes_the_rows_and_columns_that_were_chosen(office: Office, module: str) -> None:
    described = about(office, module)
    title = described["title"]
    rows = office.api.get(records(module), limit=500)["rows"]
    if not rows:
        return
    query = {"sort": f"-{title}", "filter": {"and": [{"field": title, "op": "eq", "value": rows[0][title]}]}}
    page = office.api.get(records(module), sort=query["sort"], filter=json.dumps(query["filter"]), limit=500)
    body = {"format": "csv", "columns": [title], "query": query}
    table = _read("csv", _job_file(office, office.api.post(f"/api/export/{module}", body)))
    assert len(table[0]) == 1 and table[1:] == _cells(module, "csv", [title], page["rows"], page["labels"])
    ticked = {"format": "csv", "columns": [title], "query": {}, "ids": [rows[-1]["id"]]}
    table = _read("csv", _job_file(office, office.api.post(f"/api/export/{module}", ticked)))
    assert table[1:] == _cells(module, "csv", [title], rows[-1:], {})


@pytest.mark.parametrize("module", WRITABLE)
def test_the_template_is_filled_in_imported_and_taken_back(office: Office, module: str) -> None:
    row, labels = _written_once(office, module)
    book = load_workbook(io.BytesIO(fetched(office, office.api.post(f"/api/import/{module}/template"))))
    sheet = book.worksheets[0]
    fields = {one.label: name for name, one in REGISTRY[module].fields.items()}
    names = [fields[str(cell.value).removesuffix(" *")] for cell in sheet[1]]
    for column, name in enumerate(names, 1):
        value = "secret-word-1" if name == "password" else REGISTRY[module].fields[name].export(row[name], labels)
        sheet.cell(3, column).value = _cell("xlsx", value)
    target = io.BytesIO()
    book.save(target)
    one = Importing.of(office, target.getvalue(), module)
    assert {column["field"] for column in one.about["columns"]} == set(names)
    counts = one.check()
    assert (counts["rows"], counts["bad"]) == (1, 0), one.reasons()
    before = set(ids(office.api.get(records(module), limit=500)))
    batch = one.commit("new")["result"]["batch"]
    (made,) = (one for one in office.api.get(records(module), limit=500)["rows"] if one["id"] not in before)
    assert {name: made[name] for name in names} == {name: row[name] for name in names}
    assert one.undo(batch)["result"]["deleted"] == 1
    assert set(ids(office.api.get(records(module), limit=500))) == before


def _written_once(office: Office, module: str) -> tuple[dict[str, Any], dict[str, str]]:
    """A full record that is no longer there, and the titles of what it refers to."""
    made = office.samples.create(module)
    about_it = office.api.get(f"{records(module)}/{made['id']}")
    office.api.post(f"{records(module)}/delete", {"ids": [made["id"]]})
    return about_it["row"], about_it["labels"]


@pytest.mark.parametrize("module", WRITABLE)
@pytest.mark.parametrize("kind", ["xlsx", pytest.param("csv", marks=pytest.mark.soak)])
def test_an_export_is_imported_and_changes_nothing(office: Office, module: str, kind: str) -> None:
    made = office.samples.create(module)
    fields = REGISTRY[module].fields
    columns = [one["name"] for one in about(office, module)["fields"] if not one["hidden"] and one["operators"]]
    body = {"format": kind, "columns": columns, "query": {}, "ids": [made["id"]]}
    file = _job_file(office, office.api.post(f"/api/export/{module}", body))
    one = Importing.of(office, file, module, name=f"a.{kind}")
    counts = one.check()
    if "password" not in fields or counts["same"]:
        assert counts["bad"] == 0, one.reasons()
    if counts["same"]:
        result = one.commit("update")["result"]
        assert (result["changed"], result["left"]) == (0, {"unchanged": 1})
        now = office.api.get(f"{records(module)}/{made['id']}")["row"]
        assert {name: now[name] for name in fields} == {name: made[name] for name in fields}
    office.api.post(f"{records(module)}/delete", {"ids": [made["id"]]})


@pytest.mark.parametrize("module", MODULES)
def test_print_puts_on_paper_what_the_list_shows(office: Office, module: str) -> None:
    described = about(office, module)
    columns = described["columns"]
    page = office.api.get(records(module), sort=described["sort"], limit=500)
    wide = [{"name": name, "width": 160} for name in columns]
    body = {"columns": wide, "query": {"sort": described["sort"]}, "fit": False, "title": "清单"}
    job = office.api.ended(office.api.post(f"/api/print/{module}", body))
    if not page["rows"]:
        assert job["state"] == "failed" and "没有可打印的记录" in job["message"]
        return
    assert job["state"] == "done" and job["result"]["rows"] == len(page["rows"]), job
    for _ in range(2):
        answer = office.api.call("GET", f"/api/jobs/{job['id']}/view")
        assert answer.ok and answer.headers["Content-Type"] == "application/pdf"
    words = _plain("".join(_pdf_words(answer.content)))
    for name in columns:
        assert _plain(about_field(office, module, name)["label"]) in words
    title = REGISTRY[module].fields[described["title"]]
    for row in page["rows"]:
        assert _plain(title.format(row[described["title"]], page["labels"])[:8]) in words
    assert f"合计{len(page['rows']):,}条" in words or all(REGISTRY[module].fields[name].sum for name in columns)
    assert office.api.ok(office.api.call("DELETE", f"/api/jobs/{job['id']}/file")) == {"ok": True}
    office.api.refused("GET", f"/api/jobs/{job['id']}/view", 404)


def _pdf_words(raw: bytes) -> list[str]:
    document = PdfDocument(raw)
    try:
        return [page.get_textpage().get_text_range() for page in document]
    finally:
        document.close()


def _plain(text: str) -> str:
    """Without blanks and line breaks, which paper sets as it likes."""
    return "".join(text.split())


def _cells(
    module: str, kind: str, columns: list[str], rows: list[dict[str, Any]], labels: dict[str, str]
) -> list[list[Any]]:
    """The cells as the list's own field types write them."""
    fields = REGISTRY[module].fields
    table = [[fields[name].export(row[name], labels) for name in columns] for row in rows]
    return [[_cell(kind, value) for value in row] for row in table]


def _cell(kind: str, value: Any) -> Any:
    if kind == "csv":
        text = "" if value is None else str(value)
        return "'" + text if isinstance(value, str) and text.startswith(("=", "+", "-", "@")) else text
    if isinstance(value, Decimal):
        return float(value)
    return datetime.combine(value, datetime.min.time()) if isinstance(value, date) else value


def _read(kind: str, raw: bytes) -> list[list[Any]]:
    if kind == "csv":
        return list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    return [list(row) for row in load_workbook(io.BytesIO(raw)).worksheets[0].iter_rows(values_only=True)]


def _job_file(office: Office, job: dict[str, Any]) -> bytes:
    job = office.api.ended(job)
    assert job["state"] == "done", job
    response = office.api.call("GET", f"/api/jobs/{job['id']}/file")
    assert response.ok
    return response.content


@pytest.mark.parametrize("module", WRITABLE)
def test_a_record_has_files_and_comments_that_go_and_come_with_it(office: Office, module: str) -> None:
    id = office.samples.create(module)["id"]
    assert about(office, module)["files"]
    said = {"Content-Type": "application/octet-stream"}
    url = f"{office.api.base}/api/files/{module}/{id}"
    made = office.api.session.post(url, data=module.encode(), params={"name": "说明.txt"}, headers=said, timeout=60)
    assert made.status_code == 201, made.text
    office.api.post(f"/api/comments/{module}/{id}", {"text": "看过了"}, headers=fresh_key())
    paths = [f"/api/files/{module}/{id}", f"/api/comments/{module}/{id}"]
    assert [len(office.api.get(path)["items"]) for path in paths] == [1, 1]
    counts = office.api.get(f"{records(module)}/{id}/related")
    assert (counts["__attachment"], counts["__comment"]) == (1, 1)
    assert office.api.call("GET", f"/api/file/{made.json()['id']}/content").content == module.encode()
    office.api.post(f"{records(module)}/delete", {"ids": [id]})
    for path in (*paths, f"/api/file/{made.json()['id']}/content"):
        office.api.refused("GET", path, 404)
    office.api.post(f"{records(module)}/restore", {"ids": [id]})
    assert [len(office.api.get(path)["items"]) for path in paths] == [1, 1]
    office.api.post(f"{records(module)}/delete", {"ids": [id]})


@pytest.mark.parametrize("module", MODULES)
def test_unknown_things_are_refused_in_words(office: Office, module: str) -> None:
    office.api.refused("GET", f"{records(module)}/{'0' * 32}", 404)
    office.api.refused("GET", records(module), 422, params={"sort": "no_such_column"})
    office.api.refused("GET", records(module), 422, params={"field": "no_such_column", "value": "x"})
    office.api.refused("GET", records(module), 422, params={"after": "rubbish"})
    if module in WRITABLE:
        problem = office.api.refused("POST", records(module), 422, {"no_such_field": 1})
        assert "no_such_field" in problem["fields"]


def test_unknown_module_is_404(office: Office) -> None:
    assert office.api.refused("GET", "/api/records/nothing", 404)["code"] == "not-found"


def test_all_of_a_query_but_one_is_changed_and_deleted(office: Office) -> None:
    group = office.samples.create("customer_group", name="整批")["id"]
    made = [office.samples.create("customer", group=group)["id"] for _ in range(4)]
    everybody = {"query": {"group": group}, "except": [made[0]]}
    level = office.api.get("/api/lookup/dict_item", q="VIP", where='{"list": "customer_level"}')["rows"][0]["id"]
    changed = office.api.post("/api/records/customer/change", {**everybody, "set": {"level": level}})["changed"]
    assert sorted(changed) == sorted(made[1:])
    assert office.api.post("/api/records/customer/delete", {**everybody, "preview": True})["count"] == 3
    assert sorted(office.api.post("/api/records/customer/delete", everybody)["deleted"]) == sorted(made[1:])
    assert office.api.get("/api/records/customer", group=group)["rows"][0]["id"] == made[0]
    office.api.refused("POST", "/api/records/customer/delete", 422, {"preview": True})


# ------------------------------------------------------------------------------------------------------ recycle bin


@pytest.mark.parametrize("module", WRITABLE)
def test_the_bin_lists_a_deleted_record_shows_it_and_gives_it_back(office: Office, module: str) -> None:
    made = office.samples.create(module)
    office.api.post(f"{records(module)}/delete", {"ids": [made["id"]]})
    listed = {(row["module"], row["id"]) for row in office.api.get("/api/bin", limit=200)["rows"]}
    assert listed & {(module, made["id"])} == {
        (row["module"], row["id"])
        for row in office.api.get("/api/bin", module=module, limit=200)["rows"]
        if row["id"] == made["id"]
    }
    assert (module, made["id"]) in listed
    shown = office.api.get(f"/api/bin/{module}/{made['id']}")
    changed = {"deleted_at": None, "updated_at": "", "rev": 0}
    assert shown["row"] | changed == made | changed
    key = fresh_key()
    picked = {"records": [{"module": module, "id": made["id"]}]}
    for _ in range(2):
        assert office.api.post("/api/bin/restore", picked, headers=key) == {"restored": {module: [made["id"]]}}
    office.api.refused("GET", f"/api/bin/{module}/{made['id']}", 404)
    assert office.api.get(f"{records(module)}/{made['id']}")["row"]["deleted_at"] is None
    office.api.refused("POST", "/api/bin/restore", 404, picked)
    office.api.post(f"{records(module)}/delete", {"ids": [made["id"]]})


# ----------------------------------------------------------------------------------------------------------- merging


@pytest.mark.parametrize("module", REGISTRY.mergeable)
def test_two_records_are_compared_merged_and_taken_apart(office: Office, module: str) -> None:
    one = office.samples.create(module)
    two = office.samples.create(module, **{name: one[name] for name in REGISTRY[module].module.merges_alike.split()})
    title = about(office, module)["title"]
    total = office.api.get(records(module), want="total")["total"]
    compared = office.api.post(f"/api/merge/{module}/compare", {"ids": [one["id"], two["id"]]})
    assert [row["id"] for row in compared["rows"]] == [one["id"], two["id"]]

    key, body = fresh_key(), {"winner": one["id"], "losers": [two["id"]], "take": {title: two["id"]}}
    done = office.api.post(f"/api/merge/{module}", body, headers=key)
    assert done == office.api.post(f"/api/merge/{module}", body, headers=key), "sent twice is done once"
    assert done["merged"] == [two["id"]] and done["before"] == {title: one[title]}
    page = office.api.get(records(module), want="rows,total", limit=500)
    assert page["total"] == total - 1 == len(page["rows"]) and two["id"] not in ids(page)
    assert next(row for row in page["rows"] if row["id"] == one["id"])[title] == two[title]
    led = office.api.get(f"{records(module)}/{two['id']}")
    assert led["merged_into"] == {"id": one["id"], "title": two[title]}
    found = office.api.get(f"/api/lookup/{module}", q=two[title])["rows"]
    assert one["id"] in {row["id"] for row in found} and two["id"] not in {row["id"] for row in found}
    groups = {group["module"]: group for group in office.api.get("/api/search", q=two[title])["groups"]}
    assert two["id"] not in {row["id"] for row in groups[module]["rows"]}
    assert office.api.get(f"/api/merge/{module}")["rows"][0]["id"] == two["id"]
    entries = office.api.get(f"{records(module)}/{one['id']}/history")["entries"]
    assert {"edit", "merge", "add"} <= {entry["action"] for entry in entries}
    assert two[title] in {entry.get("of") for entry in entries}
    office.api.refused("POST", f"/api/merge/{module}", 400, {"winner": two["id"], "losers": [one["id"]]})

    assert office.api.post(f"/api/merge/{module}/undo", {"ids": [two["id"]]}) == {"unmerged": [two["id"]]}
    page = office.api.get(records(module), want="rows,total", limit=500)
    assert page["total"] == total and {one["id"], two["id"]} <= set(ids(page))
    office.api.refused("POST", f"/api/merge/{module}/undo", 404, {"ids": [two["id"]]})
    assert "merged_into" not in office.api.get(f"{records(module)}/{two['id']}")
    office.api.post(f"/api/merge/{module}", {"winner": two["id"], "losers": [one["id"]]})
    assert one["id"] not in ids(office.api.get(records(module), limit=500)), "and merged again the other way round"
    office.api.post(f"{records(module)}/delete", {"ids": [two["id"]]})


@pytest.mark.parametrize("module", MODULES)
def test_merging_is_offered_where_the_module_says_so(office: Office, module: str) -> None:
    is_mergeable = module in REGISTRY.mergeable
    assert about(office, module)["mergeable"] == is_mergeable
    assert (module in {one["name"] for one in office.api.get("/api/duplicates")["modules"]}) == is_mergeable
    if not is_mergeable:
        office.api.refused("GET", f"/api/duplicates/{module}", 404)
        office.api.refused("POST", f"/api/merge/{module}", 404, {"winner": "0" * 32, "losers": ["1" * 32]})
