"""Files and comments of a record over HTTP: attached, looked at, saved, taken away; what is refused and why."""

from __future__ import annotations

import hashlib
import io
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from desktop.blobs import Blob
from desktop.engine import attachments
from desktop.pictures import PIXELS_MAX
from sync_server.replication.changeset import Op, Scalar
from tests.support import Office, fresh_key


def picture(size: tuple[int, int] = (640, 480), kind: str = "PNG", color: str = "teal") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, color).save(out, kind)
    return out.getvalue()


def send(office: Office, content: Any, name: str, module: str, id: str, **headers: str) -> requests.Response:
    said = {"Content-Type": "application/octet-stream", **headers}
    url = f"{office.api.base}/api/files/{module}/{id}"
    return office.api.session.post(url, data=content, params={"name": name}, headers=said, timeout=60)


def attach(office: Office, content: bytes, name: str, id: str, module: str = "customer") -> dict[str, Any]:
    answer = send(office, content, name, module, id)
    assert answer.status_code == 201 or answer.ok, answer.text
    return dict(answer.json())


@pytest.fixture
def customer(office: Office) -> str:
    return str(office.samples.create("customer")["id"])


def files_of(office: Office, id: str, module: str = "customer") -> list[dict[str, Any]]:
    return list(office.api.get(f"/api/files/{module}/{id}")["items"])


def test_a_picture_is_attached_listed_shown_small_and_counted(office: Office, customer: str) -> None:
    content = picture()
    made = attach(office, content, "门头照片.png", customer)
    assert (made["file_name"], made["size"], made["mime"], made["role"]) == (
        "门头照片.png", len(content), "image/png", "image",
    )  # fmt: skip
    assert made["by"] == "周敏" and made["state"] == {"state": "here", "words": "", "done": None}
    assert files_of(office, customer) == [made]
    assert office.api.get(f"/api/records/customer/{customer}/related")["__attachment"] == 1
    small = office.api.call("GET", f"/api/file/{made['id']}/thumbnail")
    assert small.headers["Content-Type"] == "image/png" and max(Image.open(io.BytesIO(small.content)).size) == 240
    whole = office.api.call("GET", f"/api/file/{made['id']}/content")
    assert whole.content == content and whole.headers["Content-Disposition"].startswith("inline")


@pytest.mark.parametrize("name", ["a.html", "a.svg", "a.xml", "a.png", "a.pdf"])
def test_what_may_hold_a_script_is_never_shown_as_a_page(office: Office, customer: str, name: str) -> None:
    made = attach(office, b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", name, customer)
    answer = office.api.call("GET", f"/api/file/{made['id']}/content")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox;")
    office.api.refused("GET", f"/api/file/{made['id']}/thumbnail", 404)


@pytest.mark.parametrize(
    "name",
    [
        "坏.exe", "坏.EXE", "坏.exe.", "坏.exe  ", "坏.exe.txt", "坏.ｅｘｅ", "照片\u202egnp.exe", "坏.js",
        "a/b/坏.bat", "坏.exe::$DATA", "坏.\u200bexe",
    ],
)  # fmt: skip
def test_programs_are_refused_however_they_are_called(office: Office, customer: str, name: str) -> None:
    answer = send(office, b"MZ", name, "customer", customer)
    assert answer.status_code == 422 and "为了安全" in answer.json()["title"], name
    assert files_of(office, customer) == []


@pytest.mark.parametrize(
    ("name", "shown", "saved"),
    [
        ("..\\..\\etc\\passwd", "passwd", "passwd"),
        ("../../../合同.pdf", "合同.pdf", "合同.pdf"),
        ("报价：2026?*.xlsx", "报价：2026?*.xlsx", "报价：2026__.xlsx"),
        ("CON.txt", "CON.txt", "_CON.txt"),
        ("...", "未命名", "未命名"),
        ("名\x00字\n.txt", "名字.txt", "名字.txt"),
        ("长" * 400 + ".pdf", "长" * 196 + ".pdf", "长" * 65 + ".pdf"),
        ("照片\u202efdp.txt", "照片fdp.txt", "照片fdp.txt"),
    ],
)
def test_odd_names_are_kept_to_read_and_harmless_to_save(
    office: Office, customer: str, name: str, shown: str, saved: str, tmp_path: Path
) -> None:
    made = attach(office, b"x", name, customer)
    assert made["file_name"] == shown
    office.host.saves_to = tmp_path
    answer = office.api.post(f"/api/file/{made['id']}/save")
    assert Path(answer["path"]).parent == tmp_path and Path(answer["path"]).read_bytes() == b"x"
    assert Path(answer["path"]).name == saved
    folder = office.workstation.folder / "files"
    assert all(len(file.name) in (64, 68) for file in folder.rglob("*") if file.is_file())


def test_an_empty_file_and_one_that_is_too_large_are_refused_in_words(office: Office, customer: str) -> None:
    empty = send(office, b"", "空.txt", "customer", customer)
    assert empty.status_code == 400 and "空的" in empty.json()["title"]
    office.api.ok(office.api.call("PATCH", "/api/settings", {"values": {"file.max_mb": 3}}))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    large = send(office, _endless(40), "大.bin", "customer", customer)
    assert large.status_code == 413 and "超过 3 MB" in large.json()["title"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000
    assert files_of(office, customer) == [] and not list((office.workstation.folder / "files" / "incoming").iterdir())


def _endless(megabytes: int) -> Iterator[bytes]:
    for _ in range(megabytes):
        yield bytes(1 << 20)


def test_the_same_content_twice_is_one_file_and_two_rows(office: Office, customer: str) -> None:
    content = picture(color="navy")
    other = str(office.samples.create("supplier")["id"])
    first, second = attach(office, content, "甲.png", customer), attach(office, content, "乙.png", other, "supplier")
    assert first["id"] != second["id"]
    sha256 = hashlib.sha256(content).hexdigest()
    assert len(list((office.workstation.folder / "files").rglob(sha256))) == 1
    office.api.ok(office.api.call("DELETE", f"/api/file/{first['id']}"))
    assert office.api.call("GET", f"/api/file/{second['id']}/content").content == content


def test_the_same_key_attaches_and_comments_once(office: Office, customer: str) -> None:
    key = fresh_key()
    first = send(office, b"abc", "a.txt", "customer", customer, **key).json()
    assert send(office, b"abc", "a.txt", "customer", customer, **key).json() == first
    assert send(office, b"other", "a.txt", "customer", customer, **key).status_code == 422
    said = [office.api.post(f"/api/comments/customer/{customer}", {"text": "好"}, headers=key) for _ in range(2)]
    assert said[0] == said[1] and len(files_of(office, customer)) == 1


def test_a_file_is_taken_away_and_brought_back(office: Office, customer: str) -> None:
    made = attach(office, b"abc", "合同.txt", customer)
    office.api.ok(office.api.call("DELETE", f"/api/file/{made['id']}"))
    assert files_of(office, customer) == []
    office.api.refused("GET", f"/api/file/{made['id']}/content", 404)
    office.api.post(f"/api/file/{made['id']}/restore")
    assert files_of(office, customer) == [made]


def test_a_file_that_was_taken_away_stays_within_reach_and_history_tells_of_it(office: Office, customer: str) -> None:
    made = attach(office, b"abc", "合同.txt", customer)
    office.api.ok(office.api.call("DELETE", f"/api/file/{made['id']}"))
    (gone,) = office.api.get(f"/api/files/customer/{customer}")["removed"]
    assert (gone["id"], gone["file_name"], gone["size"], gone["by"]) == (made["id"], "合同.txt", 3, "周敏")
    office.api.post(f"/api/file/{gone['id']}/restore")
    assert office.api.get(f"/api/files/customer/{customer}")["removed"] == []
    office.api.post("/api/records/customer/delete", {"ids": [customer]})
    office.api.post("/api/records/customer/restore", {"ids": [customer]})
    told = office.api.get(f"/api/records/customer/{customer}/history")["entries"]
    assert [one["action"] for one in told] == ["restore", "delete", "attach", "detach", "attach", "add"]
    assert {one["file"] for one in told[2:5]} == {"合同.txt"} and {one["actor"] for one in told} == {"周敏"}


def test_a_picture_is_chosen_to_stand_for_its_record(office: Office) -> None:
    category = office.api.get("/api/lookup/product_category", q="未分类")["rows"][0]["id"]
    product = office.api.post("/api/records/product", {"name": "有图", "category": category})["row"]["id"]
    first, second = (attach(office, picture((size, 9)), f"{size}.png", product, "product") for size in (60, 70))
    text = attach(office, b"abc", "a.txt", product, "product")
    assert [one["main_at"] for one in files_of(office, product, "product")] == [None] * 3
    office.api.post(f"/api/file/{second['id']}/main")
    chosen = {one["id"]: one["main_at"] for one in files_of(office, product, "product")}
    assert chosen[second["id"]] and not chosen[first["id"]]
    assert "只有图片" in office.api.refused("POST", f"/api/file/{text['id']}/main", 400)["title"]


def test_files_and_comments_go_along_with_their_record_and_come_back_with_it(office: Office, customer: str) -> None:
    kept, gone = attach(office, b"1", "留.txt", customer), attach(office, b"2", "删.txt", customer)
    office.api.post(f"/api/comments/customer/{customer}", {"text": "说过的话"})
    office.api.ok(office.api.call("DELETE", f"/api/file/{gone['id']}"))
    along = office.api.post("/api/records/customer/delete", {"ids": [customer], "preview": True})["along"]
    assert {one["label"]: one["count"] for one in along} == {"附件": 1, "评论": 1}
    office.api.post("/api/records/customer/delete", {"ids": [customer]})
    for path in (f"files/customer/{customer}", f"comments/customer/{customer}", f"file/{kept['id']}/content"):
        office.api.refused("GET", f"/api/{path}", 404)
    office.api.post("/api/records/customer/restore", {"ids": [customer]})
    assert [one["file_name"] for one in files_of(office, customer)] == ["留.txt"]
    assert [one["text"] for one in office.api.get(f"/api/comments/customer/{customer}")["items"]] == ["说过的话"]


def test_comments_stand_in_order_with_author_and_time_and_blank_ones_are_refused(office: Office, customer: str) -> None:
    path = f"/api/comments/customer/{customer}"
    for text in ("第一", "第二\n两行"):
        office.api.post(path, {"text": text})
    items = office.api.get(path)["items"]
    assert [(one["text"], one["by"]) for one in items] == [("第一", "周敏"), ("第二\n两行", "周敏")]
    assert all(one["at"].endswith("Z") for one in items)
    assert "请填写" in office.api.refused("POST", path, 422, {"text": "  \n "})["fields"]["text"]
    office.api.refused("POST", path, 422, {"text": "长" * 2_001})


def test_of_more_than_can_be_shown_the_newest_are(
    office: Office, customer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "PER_RECORD_MAX", 2)
    for number in range(4):
        attach(office, b"%d" % number, f"{number}.txt", customer)
        office.api.post(f"/api/comments/customer/{customer}", {"text": f"{number}"})
        said = office.api.get(f"/api/comments/customer/{customer}")
        assert [int(one["text"]) for one in said["items"]] == list(range(number + 1))[-2:]
        assert said["earlier"] == office.api.get(f"/api/files/customer/{customer}")["earlier"] == max(0, number - 1)
    assert [one["file_name"] for one in files_of(office, customer)] == ["2.txt", "3.txt"]


def test_a_picture_that_would_fill_the_memory_has_no_thumbnail(office: Office, customer: str) -> None:
    content = picture((20_000, PIXELS_MAX // 20_000 + 1))
    assert len(content) < 2 << 20
    made = attach(office, content, "炸弹.png", customer)
    office.api.refused("GET", f"/api/file/{made['id']}/thumbnail", 404)


def test_a_broken_picture_is_a_file(office: Office, customer: str) -> None:
    made = attach(office, picture()[:60], "半张.png", customer)
    office.api.call("GET", f"/api/file/{made['id']}/thumbnail")
    assert office.api.call("GET", f"/api/file/{made['id']}/content").ok


def test_a_content_that_is_gone_is_named_by_the_check(office: Office, customer: str) -> None:
    from desktop import maintenance

    made = attach(office, b"content", "丢了.txt", customer)
    sha256 = hashlib.sha256(b"content").hexdigest()
    office.workstation.blobs.path(sha256).unlink()
    assert not office.workstation.blobs.has(Blob(sha256, 7))
    found = [one for one in maintenance.check(office.engine, lambda done, total: None) if one.code == "file-missing"]
    assert len(found) == 1 and "丢了.txt" in found[0].detail and found[0].kind == "problem"
    problem = office.api.refused("GET", f"/api/file/{made['id']}/content", 404)
    assert "不在本机" in problem["title"]
    assert files_of(office, customer)[0]["state"]["state"] == "missing"


@pytest.mark.parametrize("module", ["conflict", "saved_filter", "attachment", "nothing"])
def test_only_records_that_people_are_given_have_files(office: Office, module: str) -> None:
    office.api.refused("GET", f"/api/files/{module}/{'0' * 32}", 404)
    assert send(office, b"x", "a.txt", module, "0" * 32).status_code == 404


def test_a_row_from_elsewhere_leads_nowhere_but_to_contents(office: Office, customer: str) -> None:
    (office.workstation.folder / "secret.txt").write_text("secret")
    for number, sha256 in enumerate(("../secret.txt", "../../data/secret.txt", "", None, "A" * 64)):
        values: dict[str, Scalar] = {"module": "customer", "record": customer, "file_name": "x.png", "size": 6}
        values |= {"mime": "image/png"} | ({} if sha256 is None else {"sha256": sha256})
        op = Op("attachment", f"{number:032x}", "ins", values)
        office.engine.applier.local([op], actor="")
        for tail in ("content", "thumbnail"):
            office.api.refused("GET", f"/api/file/{number:032x}/{tail}", 404)
        office.api.post(f"/api/file/{number:032x}/fetch")
    assert len(files_of(office, customer)) == 5
    with office.engine.db.read() as db:
        assert db.execute("SELECT count(*) FROM blob").fetchone()[0] == 0


def test_what_hangs_on_a_merged_record_shows_with_its_winner(office: Office, customer: str) -> None:
    other = str(office.samples.create("customer")["id"])
    made = attach(office, b"abc", "合同.txt", other)
    office.api.ok(office.api.call("POST", f"/api/comments/customer/{other}", {"text": "老客户"}))
    office.api.ok(office.api.call("POST", "/api/merge/customer", {"winner": customer, "losers": [other]}))
    assert [one["id"] for one in files_of(office, customer)] == [made["id"]]
    assert office.api.get(f"/api/records/customer/{customer}/related")["__comment"] == 1
    assert office.api.call("GET", f"/api/file/{made['id']}/content").content == b"abc"


def test_who_looks_at_the_winner_hears_of_what_is_hung_on_the_merged(office: Office, customer: str) -> None:
    other = str(office.samples.create("customer")["id"])
    office.api.ok(office.api.call("POST", "/api/merge/customer", {"winner": customer, "losers": [other]}))
    with office.engine.bus.listen() as heard:
        made = attach(office, b"abc", "合同.txt", other)
        office.api.post(f"/api/comments/customer/{other}", {"text": "老客户"})
        office.api.ok(office.api.call("DELETE", f"/api/file/{made['id']}"))
        events = [heard.get_nowait() for _ in range(heard.qsize())]
    told = [event["ids"] for event in events if event.get("module") == "customer"]
    assert [sorted(ids) for ids in told] == [sorted((customer, other))] * 3
