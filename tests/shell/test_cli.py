"""The commands as others script against them: what they print, and how they end."""

from __future__ import annotations

import http.client
import socket
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.conftest import StartProgram

# Without a display the program must not try to open anything.
NO_DISPLAY = {"DISPLAY": "", "WAYLAND_DISPLAY": "", "QT_QPA_PLATFORM": "", "ECMS_SHOW": ""}


def walk_in(address: str) -> tuple[int, str]:
    """Open a launch URL as a browser does: status and text of the page behind it."""
    url = urlsplit(address)
    connection = http.client.HTTPConnection(str(url.hostname), url.port, timeout=10)
    try:
        connection.request("GET", f"{url.path}?{url.query}")
        answer = connection.getresponse()
        answer.read()
        cookie = (answer.headers["Set-Cookie"] or "").partition(";")[0]
        connection.request("GET", answer.headers["Location"] or "/", headers={"Cookie": cookie})
        page = connection.getresponse()
        return page.status, page.read().decode()
    finally:
        connection.close()


def test_serve_prints_one_address_that_opens_once(start_program: StartProgram, tmp_path: Path) -> None:
    program = start_program("serve", "--data", str(tmp_path / "data"))
    address = program.address()
    status, page = walk_in(address)
    assert status == 200
    assert 'name="ecms-token"' in page
    assert 'name="ecms-zone" content="Asia/Shanghai"' in page, "whose days the screen goes by"
    assert walk_in(address)[0] == 401
    assert program.stop() == 0
    assert program.lines == [f"ready {address}\n"]


def test_serve_keeps_the_port_asked_for(start_program: StartProgram, tmp_path: Path) -> None:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    program = start_program("serve", "--data", str(tmp_path / "data"), "--port", str(port))
    assert urlsplit(program.address()).port == port


def test_a_program_that_is_just_ready_ends_in_order(start_program: StartProgram, tmp_path: Path) -> None:
    for turn in range(3):
        program = start_program("serve", "--data", str(tmp_path / "data"))
        program.address()
        assert program.stop() == 0, turn


def test_serve_on_a_taken_port_is_refused(start_program: StartProgram, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        program = start_program("serve", "--data", str(tmp_path / "data"), "--port", port)
        assert program.wait() == 1
    assert "端口" in "".join(program.errors)


def test_second_serve_on_the_same_data_is_refused(start_program: StartProgram, tmp_path: Path) -> None:
    first = start_program("serve", "--data", str(tmp_path / "data"))
    first.address()
    second = start_program("serve", "--data", str(tmp_path / "data"))
    assert second.wait() == 1
    assert len(second.errors) == 1
    assert "请先退出" in second.errors[0]


def test_data_of_a_killed_program_opens_again(start_program: StartProgram, tmp_path: Path) -> None:
    first = start_program("serve", "--data", str(tmp_path / "data"))
    first.address()
    first.kill()
    second = start_program("serve", "--data", str(tmp_path / "data"))
    assert walk_in(second.address())[0] == 200


def test_taking_older_data_over_says_what_it_is_at(start_program: StartProgram, tmp_path: Path) -> None:
    """Where somebody waits, and in the log; a new folder and the next start have nothing to say."""
    folder = tmp_path / "data"
    first = start_program("serve", "--data", str(folder))
    assert walk_in(first.address())[0] == 200
    assert first.stop() == 0
    assert first.errors == []
    with closing(sqlite3.connect(folder / "ecms.db")) as db, db:
        db.execute("UPDATE meta SET value = 'older' WHERE key IN ('fingerprint', 'checksums', 'books')")
        db.execute("UPDATE meta SET value = 'older' WHERE key = 'tally:dict_item'")
    steps = ["建立新的数据列和索引", "整理「基本资料」的查找索引和合计", "计算校验和"]
    second = start_program("serve", "--data", str(folder))
    assert walk_in(second.address())[0] == 200
    assert second.stop() == 0
    assert second.errors == [f"正在接管旧版本的数据：{step}……\n" for step in steps]
    assert all(step in (folder / "ecms.log").read_text("utf-8") for step in steps)
    third = start_program("serve", "--data", str(folder))
    assert walk_in(third.address())[0] == 200
    assert third.stop() == 0
    assert third.errors == []


def test_run_without_a_display_says_the_address(start_program: StartProgram, tmp_path: Path) -> None:
    program = start_program("run", "--data", str(tmp_path / "data"), **NO_DISPLAY)
    assert walk_in(program.line("http://").strip())[0] == 200
    program.line("Ctrl+C")
    program.error("没有图形界面")
    second = start_program("--data", str(tmp_path / "data"), **NO_DISPLAY)
    assert second.wait() == 0
    assert "程序已在运行" in second.lines[0]
    assert walk_in(second.line("http://").strip())[0] == 200
    assert program.stop() == 0


def test_data_folder_comes_from_the_environment(start_program: StartProgram, tmp_path: Path) -> None:
    program = start_program("serve", ECMS_DATA=str(tmp_path / "elsewhere"))
    program.address()
    assert (tmp_path / "elsewhere" / "instance.json").exists()


def test_file_in_place_of_the_data_folder_is_refused(start_program: StartProgram, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("something else")
    program = start_program("serve", "--data", str(tmp_path / "data"))
    assert program.wait() == 1
    assert len(program.errors) == 1
    assert (tmp_path / "data").read_text() == "something else"


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["serve", "--port", "many"],
        ["serve", "--unknown"],
        ["run", "--window", "--browser"],
        ["init", "--company", "甲"],
        ["backup"],
        ["digest", "--scope", "branch"],
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2_and_says_why(start_program: StartProgram, words: list[str]) -> None:
    program = start_program(*words)
    assert program.wait() == 2
    assert "用法不对：" in "".join(program.errors)


def test_help_is_chinese(start_program: StartProgram) -> None:
    program = start_program("--help")
    assert program.wait() == 0
    assert program.lines[0].startswith("用法：ecms")
    for command in ("run", "serve", "init", "demo", "backup", "restore", "check", "digest", "manifest"):
        assert any(line.strip().startswith(command) for line in program.lines)


@pytest.mark.parametrize("number", ["-5", "1.5", "many", "100000000"])
def test_demo_takes_only_a_number_of_customers(start_program: StartProgram, tmp_path: Path, number: str) -> None:
    program = start_program("demo", "--data", str(tmp_path), "--customers", number)
    assert program.wait() == 2
    assert any("--customers 的值不对" in line for line in program.errors)
