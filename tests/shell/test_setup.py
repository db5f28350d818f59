"""The set-up script's own decisions, without installing anything."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "build"))

import ecms  # noqa: E402
import environment  # noqa: E402
import machine  # noqa: E402
import ui  # noqa: E402


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[^\w.-]", text, maxsplit=1)[0].lower().replace("_", "-") for text in requirements}


def locked(file: Path) -> set[str]:
    return names([line for line in file.read_text(encoding="utf-8").splitlines() if "==" in line])


def test_locks_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    run = names(project["project"]["dependencies"]) | names(project["dependency-groups"]["build"])
    assert run <= locked(environment.LOCK_RUN), "run python3 build/ecms.py lock"
    assert run | names(project["dependency-groups"]["dev"]) <= locked(environment.LOCK_DEV)


@pytest.mark.parametrize("file", [environment.LOCK_RUN, environment.LOCK_DEV], ids=lambda file: str(file.name))
def test_every_locked_package_has_hashes(file: Path) -> None:
    entries = re.split(r"\n(?=\w)", file.read_text(encoding="utf-8").strip())
    assert not [entry.partition(" ")[0] for entry in entries if "--hash=sha256:" not in entry]


def test_uv_is_installed_with_its_hashes_before_it_installs_the_rest() -> None:
    entry = environment._entry("uv", environment.LOCK_RUN)
    assert re.match(r"uv==[\d.]+ \\\n", entry)
    assert entry.count("--hash=sha256:") > 5
    assert entry.count("==") == 1


def test_package_missing_from_the_lock_names_the_remedy() -> None:
    with pytest.raises(environment.SetupError, match="lock"):
        environment._entry("no-such-package", environment.LOCK_RUN)


def test_installed_packages_are_not_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "is_debian", lambda: True)
    monkeypatch.setattr(machine, "_installed", lambda asked: {"liba", "libb2"})
    monkeypatch.setattr(machine, "_known", lambda asked: asked[0])
    assert machine.missing_packages((("liba",), ("libb2t64", "libb2"), ("libc3t64", "libc3"))) == ["libc3t64"]


def test_without_root_the_line_to_run_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(machine, "is_root", lambda: False)
    assert not machine.install(["libnss3"])
    assert "sudo apt-get install -y --no-install-recommends libnss3" in capsys.readouterr().out


def test_browser_named_by_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECMS_CHROMIUM", sys.executable)
    assert machine.find_chromium() == sys.executable
    monkeypatch.setenv("ECMS_CHROMIUM", "/nowhere/chromium")
    assert machine.find_chromium() is None


def test_npm_lock_keeps_versions_and_hashes_only(tmp_path: Path) -> None:
    file = tmp_path / "package-lock.json"
    package = {"version": "1.0.0", "integrity": "sha512-x", "resolved": "https://a", "funding": {"url": "https://b"}}
    file.write_text(json.dumps({"packages": {"node_modules/a": package}}))
    ecms._drop_addresses(file)
    assert json.loads(file.read_text()) == {
        "packages": {"node_modules/a": {"version": "1.0.0", "integrity": "sha512-x"}}
    }


def test_ui_is_rebuilt_only_when_its_sources_change(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sources, built = tmp_path / "web_ui", tmp_path / "web"
    (sources / "src").mkdir(parents=True)
    (sources / "node_modules").mkdir()
    (sources / "src" / "main.ts").write_text("1")
    monkeypatch.setattr(ui, "ROOT", tmp_path)
    monkeypatch.setattr(ui, "SOURCES", sources)
    monkeypatch.setattr(ui, "BUILT", built)
    built.mkdir()
    (built / ".stamp").write_text(ui._wanted())
    assert ui.is_built()
    (sources / "node_modules" / "other.js").write_text("2")
    (sources / "src" / "main.spec.ts").write_text("a test is not part of the page")
    assert ui.is_built()
    (sources / "src" / "main.ts").write_text("3")
    assert not ui.is_built()


def test_unknown_command_is_wrong_usage() -> None:
    words = [sys.executable, str(ROOT / "build" / "ecms.py"), "nonsense"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "build/ecms.py run" in done.stderr
