"""Files between machines and their server: attached without a network and opened elsewhere, cut, spoilt, resumed,
killed between, missing where they come from, asked for by who may not have them (sync.md rows 71, 72, 82)."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from desktop.blobs import Blob
from desktop.engine import attachments
from desktop.engine.access import actions
from desktop.engine.fields import Enum, Int, Ref
from desktop.engine.ids import new_id
from desktop.errors import StorageFull
from desktop.sync.exchange import Exchange, SyncError, Unreachable
from desktop.sync.files import Files as MovedFiles
from sync_server.files import FOLDER, PART_BYTES, Files
from sync_server.replication.changeset import Op, Scalar
from sync_server.store_sqlite import FILE_NAME, restore
from tests.chaos.kit import Bad, Company, Machine, ServerHere, assert_alike
from tests.engine.kit import Desk
from tests.server.kit import MANIFEST
from tests.support import copy_of, open_office

LARGE = os.urandom(2 * PART_BYTES + 12_345)


def attach(desk: Desk, customer: str, content: bytes = LARGE, name: str = "合同.bin", role: str = "file") -> Blob:
    blob = desk.workstation.blobs.take(io.BytesIO(content))
    about = {"file_name": name, "size": blob.size, "sha256": blob.sha256, "mime": "image/png", "role": role}
    attachments.attach(desk.engine, desk.admin, "customer", customer, about)
    return blob


def moved(desk: Desk) -> int:
    """A round, and what then moves of the files."""
    desk.workstation.sync.round()
    with desk.engine.db.write() as db:
        db.execute("UPDATE blob SET next_at = 0")  # no waiting in tests
    return desk.workstation.files.turn()


def state(desk: Desk, blob: Blob) -> str:
    rows = [dict(row) for row in desk.ask("SELECT * FROM attachment WHERE sha256 = ?", blob.sha256)]
    return str(desk.workstation.files.states(rows)[blob.sha256]["words"])


def fetched(desk: Desk, blob: Blob) -> bool:
    """Whether it is here after somebody opened it."""
    desk.workstation.files.want(blob)
    desk.workstation.files.turn()
    return desk.workstation.blobs.has(blob)


def content_of(desk: Desk, blob: Blob) -> bytes:
    return bytes(desk.workstation.blobs.path(blob.sha256).read_bytes())


@pytest.fixture
def customer(company: Company) -> str:
    with company.first.desk() as desk:
        id = desk.customer("有附件的客户")
    company.settle()
    return str(id)


def test_a_file_attached_without_a_network_is_opened_on_another_machine(company: Company, customer: str) -> None:
    (second,) = company.others
    with company.first.desk() as desk:
        blob = attach(desk, customer)
        assert state(desk, blob) == "仅在本机"
        assert moved(desk) == 1 and state(desk, blob) == ""
        assert desk.workstation.files.turn() == 0
    with second.desk() as desk:
        moved(desk)
        assert state(desk, blob) == "可下载" and not desk.workstation.blobs.has(blob)
        assert fetched(desk, blob) and content_of(desk, blob) == LARGE and state(desk, blob) == ""
    company.settle()
    assert_alike(company.machines)


def test_small_pictures_come_by_themselves_and_large_files_wait_until_somebody_wants_them(
    company: Company, customer: str
) -> None:
    out = io.BytesIO()
    Image.new("RGB", (90, 90), "red").save(out, "PNG")
    with company.first.desk() as desk:
        picture, large = attach(desk, customer, out.getvalue(), "小.png", "image"), attach(desk, customer)
        assert moved(desk) == 2
    with company.others[0].desk() as desk:
        assert moved(desk) == 1
        assert desk.workstation.blobs.has(picture) and not desk.workstation.blobs.has(large)
        assert desk.workstation.blobs.thumbnail(picture) is not None


def test_the_same_content_from_two_machines_is_one_file_and_two_rows(company: Company, customer: str) -> None:
    for machine in company.machines:
        with machine.desk() as desk:
            blob = attach(desk, customer)
            moved(desk)
    company.settle()
    found = [file for file in (company.server.folder / FOLDER).rglob("*") if file.is_file()]
    assert [file.name for file in found] == [blob.sha256]
    for machine in company.machines:
        with machine.desk() as desk:
            assert len(desk.ask("SELECT 1 FROM attachment WHERE deleted_at IS NULL")) == 2 and not state(desk, blob)


@pytest.mark.parametrize("how", ["lost", "unavailable", "full"])
def test_rows_go_on_while_a_file_cannot(how: str, company: Company, customer: str) -> None:
    with company.first.desk() as desk:
        blob = attach(desk, customer)
        if how == "lost":
            company.server.lost.add("blob")
        elif how == "unavailable":
            company.server.bad["blob"] = Bad([b"{}"], "503 Service Unavailable")
        else:
            full = b'{"code":"storage-full","status":507,"title":"x"}'
            company.server.bad["blob"] = Bad([full], "507 Insufficient Storage")
        for name in ("甲", "乙"):
            desk.customer(name)
            with suppress(Unreachable):
                moved(desk)
        assert desk.workstation.sync.status()["waiting"] == 0
        company.server.lost.clear()
        company.server.bad.clear()
        while not desk.ask("SELECT uploaded FROM blob")[0][0]:
            moved(desk)
        assert state(desk, blob) == ""
    with company.others[0].desk() as desk:
        moved(desk)
        assert {"甲", "乙"} <= {row[0] for row in desk.ask("SELECT name FROM customer")} and fetched(desk, blob)


def test_a_content_the_server_stumbles_over_does_not_stop_the_others(company: Company, customer: str) -> None:
    with company.first.desk() as desk:
        stuck, other = (attach(desk, customer, os.urandom(size), f"{size}.bin") for size in (5_000, 50_000))
        assert moved(desk) == 2
    company.server.bad[f"/sync/v1/blob/{stuck.sha256}"] = Bad([b"{}"], "500 Internal Server Error")
    with company.others[0].desk() as desk:
        desk.workstation.sync.round()
        for blob in (stuck, other):
            desk.workstation.files.want(blob)
        assert desk.workstation.files.turn() == 1
        assert desk.workstation.blobs.has(other) and not desk.workstation.blobs.has(stuck)
        assert desk.ask("SELECT fails FROM blob WHERE sha256 = ?", stuck.sha256)[0][0] == 1


def test_many_are_chosen_at_once_and_what_somebody_asks_for_still_comes_next(
    company: Company, customer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with company.first.desk() as desk:
        blobs = [attach(desk, customer, os.urandom(size), f"{size}.bin") for size in range(101, 107)]
        assert moved(desk) == 6
    with company.others[0].desk() as desk:
        desk.workstation.sync.round()
        files: MovedFiles = desk.workstation.files
        order, chosen = list[Blob](), list[int]()
        for blob in blobs[:5]:
            files.want(blob)
        with desk.engine.db.write() as db:
            db.execute("UPDATE blob SET want = 1")  # as pictures
        move, choose = files._move, files._due

        def choosing() -> list[tuple[Blob, bool]]:
            found = choose()
            chosen.append(len(found))
            return found

        def moving(exchange: Exchange, blob: Blob, goes_up: bool) -> bool:
            order.append(blob)
            if len(order) == 2:
                files.want(blobs[5])
            return move(exchange, blob, goes_up)

        monkeypatch.setattr(files, "_move", moving)
        monkeypatch.setattr(files, "_due", choosing)
        assert files.turn() == 6
        assert order == [blobs[0], blobs[1], blobs[5], *blobs[2:5]]
        assert chosen == [5, 4, 0]


def test_a_row_with_a_wrong_length_does_not_keep_the_content_from_travelling(company: Company, customer: str) -> None:
    values: dict[str, Scalar] = {
        "module": "customer",
        "record": customer,
        "file_name": "a",
        "size": 7,
        "mime": "x",
        "role": "file",
    }
    (second,) = company.others
    with company.first.desk() as desk:
        row = Op("attachment", new_id(), "ins", {**values, "sha256": hashlib.sha256(LARGE).hexdigest()})
        desk.engine.applier.local([row], actor=desk.admin.operator)
        moved(desk)
    with second.desk() as desk:
        moved(desk)
        assert desk.ask("SELECT size FROM blob")[0][0] == 7
        blob = attach(desk, customer)
        assert moved(desk) == 1
    assert Files(company.server.folder / FOLDER).has(blob.sha256, blob.size)
    with company.first.desk() as desk:
        moved(desk)
        assert fetched(desk, blob) and content_of(desk, blob) == LARGE


def test_files_leave_space_for_the_data(company: Company, customer: str) -> None:
    with company.first.desk() as desk:
        desk.workstation.blobs.spare = lambda folder: len(LARGE) - 1
        with pytest.raises(StorageFull, match="附件"):
            attach(desk, customer)
        assert not [one for one in desk.workstation.blobs.folder.rglob("*") if one.is_file()]
        desk.workstation.blobs.spare = lambda folder: len(LARGE)
        blob = attach(desk, customer)
        assert moved(desk) == 1
    with company.others[0].desk() as desk:
        desk.workstation.blobs.spare = lambda folder: len(LARGE) - 1
        moved(desk)
        assert not fetched(desk, blob) and "空间" in desk.ask("SELECT why FROM blob")[0][0]
        desk.workstation.blobs.spare = lambda folder: len(LARGE)
        assert fetched(desk, blob)


def test_an_upload_that_was_cut_goes_on_with_the_part_that_is_missing(company: Company, customer: str) -> None:
    with company.first.desk() as desk:
        blob = attach(desk, customer)
        desk.workstation.sync.round()
        company.server.lost.add("blob")  # each answer breaks off after the server kept the part
        for _ in range(2):
            with pytest.raises(Unreachable):
                desk.workstation.files.turn()
        company.server.lost.clear()
        assert Files(company.server.folder / FOLDER).next_part(blob.sha256, blob.size) == 2
        company.server.bad["push"] = Bad([b"{}"], "503 Service Unavailable")
        assert desk.workstation.files.turn() == 1 and state(desk, blob) == ""


def test_a_kill_between_parts_loses_nothing(company: Company, customer: str) -> None:
    with company.first.desk() as desk:
        blob = attach(desk, customer)
        desk.workstation.sync.round()
        company.server.lost.add("blob")
        with suppress(Unreachable):
            desk.workstation.files.turn()
        company.server.lost.clear()
    with company.first.desk() as desk:  # the program starts again
        assert state(desk, blob) == "仅在本机" and moved(desk) == 1
    with company.others[0].desk() as desk:
        moved(desk)
        company.server.lost.add("blob")
        with suppress(Unreachable):
            fetched(desk, blob)
        company.server.lost.clear()
        assert not desk.workstation.blobs.has(blob)
        come = desk.workstation.blobs.part(blob.sha256).stat().st_size
        assert 0 < come < blob.size
        part = desk.workstation.blobs.part(blob.sha256)
        part.write_bytes(part.read_bytes()[:1_000])  # more than one answer is still to come
    with company.others[0].desk() as desk:
        assert state(desk, blob) == "正在下载" and moved(desk) == 1
        assert content_of(desk, blob) == LARGE


def test_a_download_that_comes_spoilt_is_fetched_again_and_never_shown(company: Company, customer: str) -> None:
    with company.first.desk() as desk:
        blob = attach(desk, customer)
        moved(desk)
    with company.others[0].desk() as desk:
        moved(desk)
        company.server.bad["blob"] = Bad([b"x" * blob.size], headers=(("Content-Length", str(blob.size)),))
        assert not fetched(desk, blob)
        why = desk.ask("SELECT why, fails FROM blob")[0]
        assert tuple(why) == ("附件在途中损坏，会重新下载", 1) and state(desk, blob) == "可下载"
        company.server.bad.clear()
        assert moved(desk) == 1 and content_of(desk, blob) == LARGE


def test_parts_that_were_spoilt_on_the_way_are_thrown_away_and_brought_again(company: Company, customer: str) -> None:
    with company.first.desk() as desk:
        blob = attach(desk, customer)
        desk.workstation.sync.round()
        there = Files(company.server.folder / FOLDER)
        assert not there.put(blob.sha256, blob.size, 0, bytes(PART_BYTES))
        assert desk.workstation.files.turn() == 0
        assert not there.has(blob.sha256, blob.size) and there.next_part(blob.sha256, blob.size) == 0
        assert "损坏" in desk.ask("SELECT why FROM blob")[0][0]
        assert moved(desk) == 1 and there.has(blob.sha256, blob.size)


def test_what_its_machine_never_sent_says_where_it_is(company: Company, customer: str) -> None:
    with company.first.desk() as desk:
        blob = attach(desk, customer)
        desk.workstation.sync.round()  # the row goes; then the machine is switched off
        code = desk.ask("SELECT code FROM sync_self")[0][0]
    with company.others[0].desk() as desk:
        moved(desk)
        assert not fetched(desk, blob)
        assert state(desk, blob) == f"来源缺失（在设备 {code} 上）"
        desk.customer("照常工作")
        moved(desk)
        with company.first.desk() as source:
            assert moved(source) == 1
        assert moved(desk) == 1 and state(desk, blob) == ""


def test_the_sync_centre_says_how_many_files_lie_on_a_machine_alone(company: Company, customer: str) -> None:
    """Before it is stopped, and after: its contents are lost then, and everybody can see how many."""
    (second,) = company.others
    with second.desk() as desk:
        attach(desk, customer, b"brought")
        moved(desk)
        attach(desk, customer)
        attach(desk, customer, b"never sent")
        desk.workstation.sync.round()
        ours = desk.workstation.sync.identity
    with company.first.desk() as desk:
        desk.workstation.sync.round()
    for state in ("active", "revoked"):
        with open_office(company.first.folder) as office:
            machines = office.api.get("/api/sync/machines")
        assert machines["live"]
        assert {one["id"]: (one["state"], one["files_lacking"]) for one in machines["items"]} == {
            ours.machine: (state, 2), next(one["id"] for one in machines["items"] if one["is_me"]): ("active", 0),
        }  # fmt: skip
        company.server.store.revoke(ours.machine, 0)


def test_a_server_restored_without_its_files_is_given_them_again_by_whoever_has_them(
    company: Company, customer: str, tmp_path: Path
) -> None:
    with company.first.desk() as desk:
        blob = attach(desk, customer)
        moved(desk)
    with company.others[0].desk() as desk:
        moved(desk)
        assert fetched(desk, blob)
    company.server.store.backup(tmp_path / "backup")
    port, folder = company.server.port, company.server.folder
    company.server.close()
    shutil.rmtree(folder / FOLDER)
    restore(tmp_path / "backup", folder / FILE_NAME, MANIFEST)
    ServerHere.__init__(company.server, folder, MANIFEST, port)
    assert Files(folder / FOLDER).missing(company.server.store.files()) == [(blob.sha256, blob.size)]
    with company.others[0].desk() as desk:  # not the machine it came from
        while moved(desk) == 0:
            pass
    assert Files(folder / FOLDER).missing(company.server.store.files()) == []


def test_a_content_that_was_taken_away_here_comes_back_from_the_server(company: Company, customer: str) -> None:
    with company.first.desk() as desk:
        blob = attach(desk, customer)
        moved(desk)
        desk.workstation.blobs.path(blob.sha256).unlink()
        assert state(desk, blob) == "可下载" and "打开时会从服务器下载" in company.first.done("check")
        assert fetched(desk, blob) and content_of(desk, blob) == LARGE


def test_files_and_comments_of_every_module_reach_the_other_machine(company: Company) -> None:
    """Without a record of each: seed rows and what a founded company has, else one made by the samples' own rules."""
    planted: dict[str, str] = {}
    with company.first.desk() as desk:
        for module in attachments.holders(desk.engine):
            found = desk.ask(f"SELECT id FROM {module} WHERE deleted_at IS NULL LIMIT 1")
            id = found[0][0] if found else planted_in(desk, module)
            planted[module] = id
            blob = desk.workstation.blobs.take(io.BytesIO(module.encode()))
            about = {"file_name": f"{module}.txt", "size": blob.size, "sha256": blob.sha256, "mime": "text/plain"}
            assert "edit" in actions(desk.admin, desk.engine.registry[module]), module
            attachments.attach(desk.engine, desk.admin, module, id, about)
            attachments.comment(desk.engine, desk.admin, module, id, f"关于{module}")
        assert moved(desk) == len(planted)
    with company.others[0].desk() as desk:
        moved(desk)
        for module, id in planted.items():
            (file,) = attachments.of_record(desk.engine, desk.admin, "attachment", module, id)
            (said,) = attachments.of_record(desk.engine, desk.admin, "comment", module, id)
            assert said["text"] == f"关于{module}"
            blob = Blob(file["sha256"], file["size"])
            assert fetched(desk, blob) and content_of(desk, blob) == module.encode()
    company.settle()
    assert_alike(company.machines)


def planted_in(desk: Desk, module: str) -> str:
    """A row with what is required, references to whatever is there."""
    id, columns = new_id(), dict[str, Any]()
    for name, one in desk.engine.registry[module].fields.items():
        if isinstance(one, Ref) and (one.required or name == desk.engine.registry[module].module.parent):
            kind, target = (next(iter(one.target_by[1].items()))) if one.target_by else ("", one.target)
            found = desk.ask(f"SELECT id FROM {target} WHERE deleted_at IS NULL LIMIT 1")
            columns[name] = found[0][0] if found else planted_in(desk, target)
            columns |= {one.target_by[0]: kind} if one.target_by else {}
        elif one.required and name not in columns:
            columns[name] = next(iter(one.options)) if isinstance(one, Enum) else 1 if isinstance(one, Int) else "甲"
    desk.engine.applier.local([Op(module, id, "ins", columns)], actor=desk.admin.operator)
    return id


def test_a_deleted_record_takes_its_files_along_everywhere_and_brings_them_back(
    company: Company, customer: str
) -> None:
    (second,) = company.others
    with company.first.desk() as desk:
        blob = attach(desk, customer, b"along")
        attachments.comment(desk.engine, desk.admin, "customer", customer, "说过")
        moved(desk)
    with second.desk() as desk:
        moved(desk)
        assert fetched(desk, blob)
        desk.delete("customer", customer)
        moved(desk)
    with company.first.desk() as desk:
        moved(desk)
        for kind in ("attachment", "comment"):
            assert desk.ask(f"SELECT 1 FROM {kind} WHERE deleted_at IS NULL") == []
        desk.restore("customer", customer)
        moved(desk)
    with second.desk() as desk:
        moved(desk)
        assert len(attachments.of_record(desk.engine, desk.admin, "attachment", "customer", customer)) == 1
        assert len(attachments.of_record(desk.engine, desk.admin, "comment", "customer", customer)) == 1
    company.settle()
    assert_alike(company.machines)


def test_a_file_attached_here_and_its_record_deleted_there_end_alike(company: Company, customer: str) -> None:
    (second,) = company.others
    with company.first.desk() as desk:
        attach(desk, customer, b"late")
    with second.desk() as desk:
        desk.delete("customer", customer)
    company.settle()
    company.settle()
    assert_alike(company.machines)
    with second.desk() as desk:
        row = desk.ask("SELECT deleted_at FROM customer WHERE id = ?", customer)[0]
        (held,) = desk.ask("SELECT deleted_at FROM attachment")
        assert (row[0] is None) == (held[0] is None), "a file is never left without its record"


def test_a_backup_lists_its_files_and_a_restore_says_which_are_missing(template: Path, tmp_path: Path) -> None:
    machine = Machine(copy_of(template, tmp_path / "data"))
    assert "附件" not in machine.done("backup", str(tmp_path / "without.bak"))
    with machine.desk() as desk:
        id = desk.customer("有附件的客户")
        attach(desk, id, b"content", "合同.txt")
    said = machine.done("backup", str(tmp_path / "a.bak"))
    assert "1 个附件（0.0 MB）只列了清单" in said and str(machine.folder / "files") in said
    other = Machine(tmp_path / "other")
    assert "缺少 1 个附件的内容" in other.done("restore", str(tmp_path / "a.bak"))
    assert "合同.txt" in other.run("check").err
    shutil.copytree(machine.folder / "files", other.folder / "files")
    assert "数据完好" in other.done("check")
    assert "缺少" not in other.done("restore", str(tmp_path / "a.bak"))


# -------------------------------------------------------------------------------------------------- who may have them


def asked(company: Company, machine: Machine, method: str, path: str, **rest: Any) -> requests.Response:
    with machine.desk() as desk:
        identity = desk.workstation.sync.identity
    headers = {"Authorization": f"ECMS {identity.machine}:{identity.secret}"}
    return requests.request(method, f"{company.server.url}/sync/v1/{path}", headers=headers, timeout=30, **rest)


def test_knowing_the_hash_is_not_enough(company: Company, customer: str) -> None:
    with company.first.desk() as desk:
        blob = attach(desk, customer)
        moved(desk)
        (row,) = desk.ask("SELECT id FROM attachment")
    path = f"blob/{blob.sha256}"
    assert requests.get(f"{company.server.url}/sync/v1/{path}", timeout=30).status_code == 401
    (second,) = company.others
    found = asked(company, second, "GET", path)
    assert found.content == LARGE and hashlib.sha256(found.content).hexdigest() == blob.sha256
    with company.first.desk() as desk:
        attachments.remove(desk.engine, desk.admin, row["id"])
        moved(desk)
    assert asked(company, second, "GET", path).json()["code"] == "no-such-file"
    assert asked(company, second, "PUT", f"{path}/0?size={blob.size}", data=b"x").status_code == 404


@pytest.mark.parametrize(
    ("path", "data", "status"),
    [
        ("blob/{sha}/0?size={size}", b"short", 400),
        ("blob/{sha}/7?size={size}", b"x", 400),
        ("blob/{sha}/0?size=5", b"12345", 404),
        ("blob/{sha}/0?size=-1", b"x", 400),
        ("blob/..%2F..%2Fetc/0?size=1", b"x", 404),
        ("blob/{other}/0?size=1", b"x", 404),
        ("blob/{sha}/0?size={size}", b"x" * (PART_BYTES + 1), 413),
    ],
)
def test_parts_that_do_not_belong_are_refused(
    path: str, data: bytes, status: int, company: Company, customer: str
) -> None:
    with company.first.desk() as desk:
        blob = attach(desk, customer)
        desk.workstation.sync.round()
    filled = path.format(sha=blob.sha256, size=blob.size, other="0" * 64)
    assert asked(company, company.first, "PUT", filled, data=data).status_code == status
    assert not [one for one in (company.server.folder / FOLDER).rglob("*") if one.is_file()]


def test_a_revoked_machine_gets_no_file_and_keeps_none(company: Company, customer: str) -> None:
    (second,) = company.others
    with company.first.desk() as desk:
        blob = attach(desk, customer)
        moved(desk)
    with second.desk() as desk:
        moved(desk)
        assert fetched(desk, blob)
        ours = desk.workstation.sync.identity
        company.server.store.revoke(ours.machine, 0)
        exchange = Exchange(company.server.url, ours.machine, ours.secret)
        with pytest.raises(SyncError, match="停用"):
            exchange.get_file(blob.sha256, 0, blob.size, lambda block: None)
        with suppress(SyncError):
            desk.workstation.sync.round()
        assert not (second.folder / "files").exists() and desk.ask("SELECT 1 FROM blob") == []
        desk.workstation.sync.join(company.server.url, company.server.invite())  # taken back, without a restart
        desk.workstation.sync.round()
        moved(desk)
        assert desk.ask("SELECT have, uploaded FROM blob")[0][:] == (0, 0) and fetched(desk, blob)


def test_a_file_that_fails_waits_and_another_goes_on(company: Company, customer: str) -> None:
    with company.first.desk() as desk:
        bad, good = attach(desk, customer, b"bad" * 10), attach(desk, customer, b"good" * 10)
        desk.workstation.sync.round()
        desk.workstation.blobs.path(bad.sha256).write_bytes(b"bax" * 10)  # spoilt on this disk
        assert desk.workstation.files.turn() == 1
        fails = dict(desk.ask("SELECT sha256, fails FROM blob"))
        assert fails == {bad.sha256: 1, good.sha256: 0}
        assert desk.workstation.files.turn() == 0, "not due yet"
