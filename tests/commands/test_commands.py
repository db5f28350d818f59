"""The commands as real processes: words on stdout, one line on stderr, exit codes 0, 1 and 2."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from desktop.db import FILE_NAME
from tests.conftest import ROOT, StartProgram
from tests.support import copy_of


def ecms(*words: str, said: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "desktop", *words],
        cwd=ROOT, input=said, capture_output=True, text=True, encoding="utf-8", timeout=120,
    )  # fmt: skip


def init(folder: Path, password: str = "blue kettle", **given: str) -> subprocess.CompletedProcess[str]:
    words = {"company": "测试公司", "branch": "总部", "admin": "admin", **given}
    options = [part for name, value in words.items() for part in (f"--{name}", value)]
    return ecms("init", "--data", str(folder), *options, "--password-stdin", said=password + "\n")


def done(ended: subprocess.CompletedProcess[str]) -> str:
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    return ended.stdout.strip()


def refused(ended: subprocess.CompletedProcess[str]) -> str:
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert len(ended.stderr.strip().splitlines()) == 1
    assert "Traceback" not in ended.stderr
    return ended.stderr.strip()


def test_a_company_from_founding_to_restore(tmp_path: Path) -> None:
    folder, file = tmp_path / "data", tmp_path / "a.bak"
    data = ("--data", str(folder))
    assert "测试公司" in done(init(folder))
    assert done(ecms("check", *data)) == "数据完好"
    said = done(ecms("demo", *data, "--customers", "40", "--documents", "40", "--seed", "7"))
    assert "客户 40" in said
    assert "demo1234" in said
    assert done(ecms("check", *data)) == "数据完好"
    before = json.loads(done(ecms("digest", *data)))
    assert before["customer"]["rows"] == 41
    assert str(file) in done(ecms("backup", *data, str(file)))
    done(ecms("demo", *data, "--customers", "5", "--documents", "0", "--seed", "8"))
    assert json.loads(done(ecms("digest", *data))) != before
    assert "原来的数据保留在" in done(ecms("restore", *data, str(file)))
    assert json.loads(done(ecms("digest", *data))) == before
    assert done(ecms("check", *data)) == "数据完好"


def test_manifest_is_printed_as_committed() -> None:
    committed = (ROOT / "sync_server" / "manifest.json").read_text(encoding="utf-8")
    assert done(ecms("manifest")) + "\n" == committed


@pytest.mark.parametrize(
    ("given", "about"),
    [
        ({"password": "short"}, "密码"),
        ({"company": " "}, "公司名称"),
        ({"branch": ""}, "分公司名称"),
        ({"admin": "", "password": "blue kettle"}, "姓名"),
    ],
)  # fmt: skip
def test_init_says_what_is_missing(tmp_path: Path, given: dict[str, str], about: str) -> None:
    assert about in refused(init(tmp_path / "data", **given))


def test_init_twice_is_refused(template: Path, tmp_path: Path) -> None:
    folder = copy_of(template, tmp_path / "data")
    assert "首次设置已经完成" in refused(init(folder))


@pytest.mark.parametrize("command", ["demo", "check", "digest", "backup"])
def test_no_data_no_company(tmp_path: Path, command: str) -> None:
    words = [command, "--data", str(tmp_path / "data"), *([str(tmp_path / "a.bak")] if command == "backup" else [])]
    assert "没有数据" in refused(ecms(*words))
    assert not (tmp_path / "data" / FILE_NAME).exists()


def test_wrong_usage_ends_with_two(tmp_path: Path) -> None:
    for words in (
        ("backup",),
        ("demo", "--customers", "many"),
        ("demo", "--papers", "5"),
        ("digest", "--scope", "x"),
    ):
        assert ecms(*words).returncode == 2


def test_check_lists_findings_and_ends_with_one(folder: Path) -> None:
    from tests.commands.test_check import damage

    damage(folder, "UPDATE tally SET n = n + 1 WHERE value = '*' AND t = 'customer'")
    ended = ecms("check", "--data", str(folder))
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.splitlines()[0] == "查到 1 处问题"
    assert "条数统计" in ended.stderr


def test_backup_and_check_while_the_program_runs(
    start_program: StartProgram, folder: Path, tmp_path: Path
) -> None:  # fmt: skip
    start_program("serve", "--data", str(folder)).address()
    data = ("--data", str(folder))
    assert "已备份" in done(ecms("backup", *data, str(tmp_path / "a.bak")))
    assert done(ecms("check", *data)) == "数据完好"
    for words in (("restore", *data, str(tmp_path / "a.bak")), ("demo", *data)):
        assert "运行中的程序" in refused(ecms(*words))
