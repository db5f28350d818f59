"""The kinds of paper, as people call them."""

from collections.abc import Mapping

from .. import form

PAPERS: Mapping[form.Paper, str] = {
    "a4": "A4", "form": "三联 241×140", "roll80": "小票纸 80 mm", "roll58": "小票纸 58 mm",
}  # fmt: skip
