"""The sources stay tidy: no addresses or machine paths, no leftovers, no overgrown functions."""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FUNCTION_LINES_MAX = 70

# Functions that were longer when the rule came. The list may only get shorter.
LONG_FUNCTIONS: frozenset[str] = frozenset()

# Files that speak about these very words.
ABOUT_WORDS = frozenset({"tests/tidy/test_sources.py"})
_LEFTOVERS = re.compile(r"\b(TO" r"DO|FIX" r"ME|XXX|HACK)\b")
_REGISTRIES = re.compile(
    r"https?://[^\s\"')]*(registry\.|pypi\.|npmjs|npmmirror|pythonhosted|tuna\.tsinghua|mirrors\.|crates\.io)",
    re.I,
)
_MACHINE_PATHS = re.compile(r"(?<![\w.$}~])(/(home|root|Users|work|farm)/\w|[A-Z]:\\\\?Users\\)")


@cache
def committed() -> dict[str, str]:
    """Every committed text file. Files not added yet count too: they are about to be committed."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    texts = {}
    for name in filter(None, names):
        try:
            texts[name] = (ROOT / name).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue
    return texts


def offending(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in committed().items()
        if name not in ABOUT_WORDS
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_leftover_markers() -> None:
    assert not (found := offending(_LEFTOVERS)), "\n".join(found)


def test_no_registry_is_named() -> None:
    assert not (found := offending(_REGISTRIES)), "\n".join(found)


def test_no_path_of_a_machine() -> None:
    assert not (found := offending(_MACHINE_PATHS)), "\n".join(found)


def test_lock_files_hold_names_versions_and_hashes_only() -> None:
    locks = [name for name in committed() if name.endswith((".lock", "package-lock.json"))]
    assert "build/requirements.lock" in locks
    found = [name for name in locks if "://" in committed()[name]]
    assert not found, f"addresses in {found}: run python3 build/ecms.py lock"


def test_no_function_grows_too_long() -> None:
    long = {
        f"{name}:{node.name}"
        for name, text in committed().items()
        if name.endswith(".py")
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES_MAX
    }
    assert long <= LONG_FUNCTIONS, f"longer than {FUNCTION_LINES_MAX} lines: {sorted(long - LONG_FUNCTIONS)}"
    assert long >= LONG_FUNCTIONS, f"no longer too long, take off the list: {sorted(LONG_FUNCTIONS - long)}"


def test_scripts_start_with_old_python() -> None:
    """The set-up script itself must be readable for the Python that is too old, to say so."""
    for name in ("build/ecms.py",):
        ast.parse(committed()[name], feature_version=(3, 7))
