"""Where words and pictures stand on paper: nothing is written on anything else."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from desktop.engine import form
from desktop.engine.paper import Column

_COLUMNS = [
    Column("名称", "left", 180),
    *(Column(one, "right", 80) for one in ("数量", "单位", "单价", "折扣%", "金额")),
]
_FORM = form.Form(
    paper="a4", title="购销合同", number="XS-01A1-20261126-0001", columns=_COLUMNS,
    head=[[form.Item("合同编号", "XS-01A1-20261126-0001"), form.Item("签订日期", "2026-11-26")]],
    rows=[["手套", "1,005", "箱", "1,236.00", "90%", "1,117,962.00"]],
)  # fmt: skip
_LONG = "苏州市吴中区衡远工业紧固件制品与五金机电设备有限责任公司第一分公司"


@pytest.mark.parametrize("paper", ["a4", "form"])
@pytest.mark.parametrize("company", ["", "衡远五金", _LONG])
@pytest.mark.parametrize("qr", ["", "XS-01A1-20261126-0001"])
@pytest.mark.parametrize("logo", [None, Path("logo.png")])
def test_nothing_is_written_on_the_logo_or_the_code(
    paper: form.Paper, company: str, qr: str, logo: Path | None
) -> None:
    about = replace(_FORM, paper=paper, company=company, qr=qr, logo=logo, above="服务热线 0512-65980001" * 2)
    layout = form._Sheet(about)
    side = form._QR[paper]
    corners = [(0.0, *form._LOGO)] if logo else []
    corners += [(layout.room - side, side, side)] if qr else []
    top, seen = 0.0, 0
    for block in layout.blocks():
        for word in block.words:
            begin, end = word.x, word.x + form._width(word.text, word.size)
            for left, wide, high in corners:
                beside = end <= left or begin >= left + wide
                assert beside or top + word.y - word.size * 0.9 >= high, word.text
            seen += 1
        top += block.height
    assert seen > 6


@pytest.mark.parametrize("paper", ["roll80", "roll58"])
@pytest.mark.parametrize("columns", [3, 6])
def test_the_heads_of_a_strip_do_not_run_into_each_other(paper: form.Paper, columns: int) -> None:
    about = replace(_FORM, paper=paper, columns=_COLUMNS[:columns], rows=[row[:columns] for row in _FORM.rows])
    layout = form._Roll(about)
    for block in (layout.heads(), layout._row(about.rows[0])):
        words = sorted(block.words, key=lambda word: (word.y, word.x))
        assert len(words) == columns and max(word.y for word in words) < block.height
        for before, after in pairwise(words):
            assert after.y > before.y or after.x > before.x + form._width(before.text, before.size)
