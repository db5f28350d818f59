"""Who may import whom (architecture: "Rooms"). An arrow that is not drawn here does not exist.

web_ui ──HTTP──> desktop.api ──> desktop.engine ──> desktop.db
desktop.modules ──> engine.define, engine.fields, engine.ledger     never another chapter
desktop.engine  ──> sync_server.replication                         never modules, api, flask, webview
sync_server     ──> never desktop; its replication ──> the standard library only
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = ("desktop", "sync_server")

# Room -> what of ours it may import beside itself. The longest matching name decides; rooms without
# a line here (app, cli, commands, workstation …) put the program together and may import anything.
ARROWS: dict[str, tuple[str, ...]] = {
    "desktop.errors": (),
    "desktop.files": (),
    "desktop.usage": (),
    "desktop.settings": ("desktop.errors",),
    "desktop.db": ("desktop.errors", "desktop.files", "desktop.migrations"),
    "desktop.engine": ("desktop.db", "desktop.errors", "desktop.settings", "sync_server.replication"),
    "desktop.modules": ("desktop.engine.define", "desktop.engine.fields", "desktop.engine.documents.declare"),
    "desktop.api": (
        "desktop.__version__",
        "desktop.accounts",
        "desktop.blobs",
        "desktop.demo",
        "desktop.engine",
        "desktop.errors",
        "desktop.file_names",
        "desktop.files",
        "desktop.jobs",
        "desktop.maintenance",
        "desktop.pictures",
        "desktop.rights",
        "desktop.settings",
        "desktop.sync",
        "desktop.uploads",
        "desktop.workstation",
        "desktop.shell.host",
    ),
    "desktop.sync": (
        "desktop.__version__",
        "desktop.blobs",
        "desktop.engine",
        "desktop.db",
        "desktop.errors",
        "desktop.files",
        "sync_server.replication",
    ),
    "desktop.shell": ("desktop.api.guard", "desktop.errors", "desktop.files"),
    "desktop.server": ("desktop.api.guard",),
    "sync_server": (),
    "sync_server.replication": (),
}

# Libraries that only these rooms may know.
ONLY_IN: dict[str, tuple[str, ...]] = {
    "webview": ("desktop.shell.window",),
    "PySide6": ("desktop.shell.window",),
    "qtpy": (),
    "flask": ("desktop.api", "desktop.app", "desktop.shell.endpoints", "sync_server.app"),
    "waitress": ("desktop.server", "sync_server"),
    "requests": ("desktop.sync", "sync_server"),
    "urllib3": ("desktop.sync",),
    "argparse": ("desktop.cli", "desktop.usage", "sync_server.cli"),
}


@dataclass(frozen=True)
class Import:
    """One import statement: `late` ones run inside a function or serve the type checker only."""

    importer: str
    imported: str
    line: int
    late: bool

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


def test_imports_follow_the_arrows() -> None:
    wrong = [str(found) for found in _imports() if _is_ours(found.imported) and not _may(found)]
    assert not wrong, "\n".join(wrong)


def test_libraries_stay_in_their_rooms() -> None:
    wrong = [
        str(found)
        for found in _imports()
        for library, rooms in ONLY_IN.items()
        if _is_in(found.imported, library) and not any(_is_in(found.importer, room) for room in rooms)
    ]
    assert not wrong, "\n".join(wrong)


def test_replication_needs_only_the_standard_library() -> None:
    wrong = [
        str(found)
        for found in _imports()
        if _is_in(found.importer, "sync_server.replication")
        and not _is_in(found.imported, "sync_server.replication")
        and found.imported.partition(".")[0] not in sys.stdlib_module_names
    ]
    assert not wrong, "\n".join(wrong)


def test_chapters_do_not_import_each_other() -> None:
    wrong = [
        str(found)
        for found in _imports()
        if _is_in(found.importer, "desktop.modules")
        and _is_in(found.imported, "desktop.modules")
        and _chapter(found.importer) != _chapter(found.imported)
    ]
    assert not wrong, "\n".join(wrong)


def test_only_db_opens_the_database() -> None:
    allowed = ("desktop.db", "sync_server.store_sqlite")
    wrong = [
        f"{module}:{node.lineno} opens SQLite"
        for module, tree in _trees().items()
        if not any(_is_in(module, room) for room in allowed)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "sqlite3.connect"
    ]
    assert not wrong, "\n".join(wrong)


def test_no_circle_of_imports() -> None:
    edges: dict[str, set[str]] = {module: set() for module in _trees()}
    for found in _imports():
        target = _nearest(found.imported)
        if target and target != found.importer and not found.late:
            edges[found.importer].add(target)
    circle = _circle(edges)
    assert not circle, " → ".join(circle)


# --- reading -----------------------------------------------------------------------------------------------


def _may(found: Import) -> bool:
    rooms = [room for room in ARROWS if _is_in(found.importer, room)]
    if not rooms:
        # A file that puts the program together still belongs to its own side.
        return found.importer.partition(".")[0] == "desktop"
    room = max(rooms, key=len)
    if found.importer == "desktop.modules":  # the package itself gathers the chapters for the engine
        return _is_in(found.imported, "desktop.engine") or _is_in(found.imported, room)
    if room == "desktop.modules" and _chapter(found.importer) == _chapter(found.imported):
        return True
    if room != "desktop.modules" and _is_in(found.imported, room):
        return True
    if room == "sync_server.replication":
        return False
    return any(_is_in(found.imported, allowed) for allowed in ARROWS[room])


def _chapter(module: str) -> str:
    return ".".join(module.split(".")[:3])


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in OURS


def _is_in(module: str, room: str) -> bool:
    return module == room or module.startswith(f"{room}.")


def _nearest(imported: str) -> str:
    """The module a name belongs to: `desktop.db.open_database` is in `desktop.db`."""
    while imported and imported not in _trees():
        imported = imported.rpartition(".")[0]
    return imported


@cache
def _trees() -> dict[str, ast.Module]:
    files = sorted(file for room in OURS for file in (ROOT / room).rglob("*.py"))
    return {_module_name(file): ast.parse(file.read_text(encoding="utf-8"), str(file)) for file in files}


def _module_name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def _imports() -> tuple[Import, ...]:
    return tuple(found for module, tree in _trees().items() for found in _read(module, tree, late=False))


def _read(module: str, node: ast.AST, *, late: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for name in child.names:
                yield Import(module, name.name, child.lineno, late)
        elif isinstance(child, ast.ImportFrom):
            yield from _from(module, child, late)
        else:
            is_late = late or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) or _is_for_types(child)
            yield from _read(module, child, late=is_late)


def _from(module: str, node: ast.ImportFrom, late: bool) -> Iterator[Import]:
    base = node.module or ""
    if node.level:
        file = ROOT.joinpath(*module.split("."))
        package = module.split(".") if file.is_dir() else module.split(".")[:-1]
        package = package[: len(package) - node.level + 1]
        base = ".".join([*package, base] if base else package)
    for name in node.names:
        yield Import(module, f"{base}.{name.name}", node.lineno, late)


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _circle(edges: dict[str, set[str]]) -> list[str]:
    """Some circle in the graph, or nothing."""
    done: set[str] = set()

    def visit(module: str, path: list[str]) -> list[str]:
        if module in path:
            return [*path[path.index(module) :], module]
        if module in done:
            return []
        for target in sorted(edges[module]):
            found = visit(target, [*path, module])
            if found:
                return found
        done.add(module)
        return []

    return next((found for module in sorted(edges) if (found := visit(module, []))), [])
