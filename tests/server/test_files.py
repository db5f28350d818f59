"""The contents of files on the server as a process: parts, resuming, who may have them, backup and restore."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from sync_server.cli import THREADS
from sync_server.errors import StorageFull
from sync_server.files import FOLDER, KEPT_S, PART_BYTES, RESERVE_BYTES, Files, spare_bytes
from sync_server.store_sqlite import FILE_NAME
from tests.server.conftest import TIMEOUT_S, Client, Served, command
from tests.server.kit import ins, new_id

CONTENT = os.urandom(PART_BYTES + 1_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def speak_of(client: Client, content: bytes = CONTENT) -> str:
    """A row that names a content; returns its hash."""
    sha256 = hashlib.sha256(content).hexdigest()
    customer = new_id()
    row = ins("attachment", module="customer", record=customer, file_name="a.bin", size=len(content), sha256=sha256)
    (ack,) = client.push(client.author.write(ins("customer", customer), row)).json()["acks"]
    assert ack["status"] == "applied"
    return sha256


def put(client: Client, part: int, content: bytes = CONTENT, data: bytes | None = None) -> requests.Response:
    sha256, body = hashlib.sha256(content).hexdigest(), content[part * PART_BYTES : (part + 1) * PART_BYTES]
    return requests.put(
        f"{client.served.url}/sync/v1/blob/{sha256}/{part}",
        params={"size": len(content)},
        data=body if data is None else data,
        headers=client.headers,
        timeout=TIMEOUT_S,
    )


def next_part(client: Client) -> int:
    answer = requests.head(
        f"{client.served.url}/sync/v1/blob/{SHA256}",
        params={"size": len(CONTENT)},
        headers=client.headers,
        timeout=TIMEOUT_S,
    )
    assert answer.status_code == 200
    return int(answer.headers["X-ECMS-Next"])


def test_parts_outlive_a_kill_and_the_whole_is_there_only_when_it_is_right(served: Served) -> None:
    a = served.join()
    speak_of(a)
    assert next_part(a) == 0
    assert put(a, 0).json() == {"whole": False}
    assert a.get(f"/sync/v1/blob/{SHA256}").json()["code"] == "file-missing"
    served.kill()
    served.start()
    assert next_part(a) == 1
    assert put(a, 1).json() == {"whole": True} and next_part(a) == 2
    b = served.join()
    assert b.get(f"/sync/v1/blob/{SHA256}").content == CONTENT
    part = requests.get(
        f"{served.url}/sync/v1/blob/{SHA256}", headers=b.headers | {"Range": "bytes=100-199"}, timeout=TIMEOUT_S
    )
    assert (part.status_code, part.content) == (206, CONTENT[100:200])


def test_slow_readers_do_not_stop_the_server(served: Served) -> None:
    a = served.join()
    content = os.urandom(6 * PART_BYTES)
    sha256 = speak_of(a, content)
    for part in range(6):
        assert put(a, part, content).ok
    address = urlsplit(served.url)
    asked = "".join(f"{name}: {value}\r\n" for name, value in a.headers.items())
    asked = f"GET /sync/v1/blob/{sha256} HTTP/1.1\r\nHost: x\r\n{asked}"
    with ExitStack() as readers:
        for number in range(2 * THREADS):  # some ask for all, some go on from a place; none reads
            place = f"Range: bytes={number // 2}-\r\n" if number % 2 else ""
            reader = readers.enter_context(socket.create_connection((address.hostname, address.port)))
            reader.sendall(f"{asked}{place}\r\n".encode())
        time.sleep(2)
        assert a.get("/sync/v1/about").ok and a.push(a.author.write(ins("customer", new_id()))).ok


def test_a_range_is_given_in_parts_and_one_beyond_the_end_not_at_all(served: Served) -> None:
    a = served.join()
    speak_of(a)
    put(a, 0), put(a, 1)
    url = f"{served.url}/sync/v1/blob/{SHA256}"
    rest = requests.get(url, headers=a.headers | {"Range": "bytes=100-"}, timeout=TIMEOUT_S)
    assert rest.status_code == 206 and rest.content == CONTENT[100 : 100 + PART_BYTES]
    assert rest.headers["Content-Range"] == f"bytes 100-{PART_BYTES + 99}/{len(CONTENT)}"
    for wrong in (f"bytes={len(CONTENT)}-", "bytes=9-1", "lines=1-"):
        assert requests.get(url, headers=a.headers | {"Range": wrong}, timeout=TIMEOUT_S).status_code == 416


def test_spoilt_parts_are_thrown_away(served: Served) -> None:
    a = served.join()
    speak_of(a)
    put(a, 0, data=bytes(PART_BYTES))
    refused = put(a, 1)
    assert (refused.status_code, refused.json()["code"]) == (422, "file-spoilt")
    assert next_part(a) == 0
    assert a.get(f"/sync/v1/blob/{SHA256}").status_code == 404
    assert put(a, 0).ok and put(a, 1).json() == {"whole": True}


def test_who_is_not_enrolled_or_turned_out_gets_nothing_and_brings_nothing(served: Served) -> None:
    a = served.join()
    speak_of(a)
    stranger = requests.get(f"{served.url}/sync/v1/blob/{SHA256}", timeout=TIMEOUT_S)
    assert stranger.status_code == 401
    command(served.folder, "revoke", a.about["code"])
    assert a.get(f"/sync/v1/blob/{SHA256}").json()["code"] == "revoked"
    assert put(a, 0).json()["code"] == "revoked"
    assert a.post("/sync/v1/blobs", {"hashes": [SHA256]}).json()["code"] == "revoked"


def test_a_content_without_a_row_is_not_taken(served: Served) -> None:
    a = served.join()
    assert put(a, 0).json()["code"] == "no-such-file"
    assert not (served.folder / FOLDER).exists()


def test_a_restored_server_says_what_it_lacks_until_machines_bring_it(served: Served, tmp_path: Path) -> None:
    a = served.join()
    small = speak_of(a, b"small")
    speak_of(a)
    put(a, 0), put(a, 1), put(a, 0, b"small")
    assert command(served.folder, "files").stdout.strip() == "附件齐全"
    said = command(served.folder, "backup", str(tmp_path / "backup")).stdout
    assert "2 个附件不在其中" in said and str(served.folder / FOLDER) in said
    served.stop()
    shutil.rmtree(served.folder / FOLDER)
    assert "缺少 2 个附件" in command(served.folder, "restore", str(tmp_path / "backup")).stdout
    listed = command(served.folder, "files").stdout
    assert SHA256 in listed and small in listed and "缺少 2 个附件" in listed
    served.start()
    assert sorted(a.post("/sync/v1/blobs", {"hashes": [SHA256, small]}).json()["missing"]) == sorted([SHA256, small])
    put(a, 0), put(a, 1), put(a, 0, b"small")
    assert a.post("/sync/v1/blobs", {"hashes": [SHA256, small]}).json()["missing"] == []


def test_what_lies_there_is_for_the_user_of_the_server_alone(served: Served, tmp_path: Path) -> None:
    a = served.join()
    speak_of(a)
    put(a, 0)
    speak_of(a, b"small")
    put(a, 0, b"small")
    assert command(served.folder, "backup", str(tmp_path / "backup")).returncode == 0
    served.stop()
    assert command(served.folder, "restore", str(tmp_path / "backup")).returncode == 0
    found = [served.folder, tmp_path / "backup", *served.folder.rglob("*")]
    assert {one.name for one in found} >= {FOLDER, "incoming", FILE_NAME, "0"}
    if sys.platform != "win32":  # there the user's folder keeps others out
        assert [one for one in found if one.stat().st_mode & 0o077] == []


def test_files_leave_space_for_rows(tmp_path: Path) -> None:
    left = [0]
    files = Files(tmp_path / FOLDER, lambda folder: left[0])
    parts = CONTENT[:PART_BYTES], CONTENT[PART_BYTES:]
    with pytest.raises(StorageFull):
        files.put(SHA256, len(CONTENT), 0, parts[0])
    assert files.next_part(SHA256, len(CONTENT)) == 0
    left[0] = PART_BYTES
    assert not files.put(SHA256, len(CONTENT), 0, parts[0])
    with pytest.raises(StorageFull):  # all parts are there, but not the space to make one of them
        files.put(SHA256, len(CONTENT), 1, parts[1])
    assert files.next_part(SHA256, len(CONTENT)) == 1
    left[0] = len(CONTENT)
    assert files.put(SHA256, len(CONTENT), 1, parts[1]) and files.has(SHA256, len(CONTENT))


@pytest.mark.parametrize("part", [0, 1])
def test_two_machines_bring_one_content_at_the_same_time(tmp_path: Path, part: int) -> None:
    first = Files(tmp_path / FOLDER)
    first.put(SHA256, len(CONTENT), 0, CONTENT[:PART_BYTES])

    def other_is_quicker(folder: Path) -> int:
        assert first.put(SHA256, len(CONTENT), 1, CONTENT[PART_BYTES:])
        return len(CONTENT)

    second = Files(tmp_path / FOLDER, other_is_quicker)
    assert second.put(SHA256, len(CONTENT), part, CONTENT[part * PART_BYTES :][:PART_BYTES])
    assert list((tmp_path / FOLDER / "incoming").iterdir()) == []


def test_the_real_disk_has_space_beyond_the_reserve_or_not(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    assert free - RESERVE_BYTES[1] - (1 << 30) < spare_bytes(tmp_path) < free - RESERVE_BYTES[0] + (1 << 30)


def test_parts_whose_rest_never_comes_are_swept_at_the_next_start(served: Served) -> None:
    a = served.join()
    speak_of(a)
    put(a, 0)
    served.stop()
    served.start()
    assert next_part(a) == 1
    served.stop()
    (room,) = (served.folder / FOLDER / "incoming").iterdir()
    os.utime(room, (0, time.time() - KEPT_S - 60))
    served.start()
    assert next_part(a) == 0
