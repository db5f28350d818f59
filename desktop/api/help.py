"""The manual inside the program: Markdown pages in desktop/help, one per topic."""

import re
from functools import cache
from pathlib import Path

from ..errors import NotFound

# The order people read in; pages it does not name come last.
_ORDER = (
    "start", "lists", "print", "import", "bin", "merge", "search", "files", "shortcuts", "customer", "contact",
    "supplier", "competitor", "product", "warehouse", "company_profile", "branch", "department", "employee",
    "operator", "role", "setting", "template", "dict_item", "sync", "flaws", "backup",
)  # fmt: skip
_FOLDER = Path(__file__).resolve().parents[1] / "help"


@cache
def _texts() -> dict[str, str]:
    files = sorted(_FOLDER.glob("*.md"), key=lambda file: (_place(file.stem), file.stem))
    return {file.stem: file.read_text(encoding="utf-8") for file in files}


def _place(topic: str) -> int:
    return _ORDER.index(topic) if topic in _ORDER else len(_ORDER)


def _title(text: str) -> str:
    found = re.match(r"# (.+)", text)
    return found[1].strip() if found else ""


def pages() -> list[dict[str, str]]:
    """[{topic, title}] in the order of the manual: files name themselves, the first line is the title."""
    return [{"topic": topic, "title": _title(text)} for topic, text in _texts().items()]


def page(topic: str) -> dict[str, str]:
    """{title, markdown}; raises `NotFound`."""
    text = _texts().get(topic)
    if text is None:
        raise NotFound("手册里没有这一页")
    return {"topic": topic, "title": _title(text), "markdown": text}
