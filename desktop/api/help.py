"""The manual inside the program: Markdown pages in desktop/help, one per topic."""

import re
from functools import cache
from pathlib import Path

from ..errors import NotFound

_FOLDER = Path(__file__).resolve().parents[1] / "help"


@cache
def _texts() -> dict[str, str]:
    return {file.stem: file.read_text(encoding="utf-8") for file in sorted(_FOLDER.glob("*.md"))}


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
