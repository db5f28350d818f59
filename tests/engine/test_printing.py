"""Lists on paper: the file is opened again and read, as a person with another program would."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from pypdfium2 import PdfDocument

from desktop.engine import paper
from desktop.engine.paper import Column, Sheet, wrapped
from desktop.errors import BadRequest
from desktop.jobs import Cancelled

COLUMNS = (Column("编号", "left", 90), Column("客户名称", "left", 200), Column("信用额度", "right", 110))
SHEET = Sheet("客户信息", company="苏州衡远工业品有限公司", printed="打印　2026-11-23 10:42　周敏")


def row(number: int) -> list[str]:
    return [f"KH{number:05d}", f"无锡锦泽 Precision {number}", f"{number * 1_000:,}.00"]


def printed(
    folder: Path,
    rows: Sequence[Sequence[str]],
    columns: Sequence[Column] = COLUMNS,
    sheet: Sheet = SHEET,
    told: Callable[[int], None] = lambda done: None,
) -> list[str]:
    """The words of every page."""
    target = folder / "list.pdf"
    totals = ["合计", *[""] * (len(columns) - 1)]
    pages = paper.write(target, sheet, columns, rows, totals, told)
    with_words = words(target)
    assert pages == len(with_words)
    return with_words


def words(path: Path) -> list[str]:
    document = PdfDocument(path)
    try:
        return [page.get_textpage().get_text_range() for page in document]
    finally:
        document.close()


def test_every_page_has_its_heads_its_foot_and_its_number(tmp_path: Path) -> None:
    pages = printed(tmp_path, [row(n) for n in range(1, 101)])
    assert len(pages) > 2
    for number, page in enumerate(pages, 1):
        for part in ("编号", "信用额度", "苏州衡远工业品有限公司", "2026-11-23 10:42　周敏"):
            assert part in page, (number, part)
        assert f"第 {number} 页，共 {len(pages)} 页" in page
    together = "".join(pages)
    assert all(f"KH{n:05d}" in together and f"Precision {n}" in together for n in range(1, 101))
    assert "100,000.00" in pages[-1] and "合计" in pages[-1] and "合计" not in pages[0]


def test_totals_are_never_alone_on_a_page(tmp_path: Path) -> None:
    for count in range(25, 75):
        last = printed(tmp_path, [row(n) for n in range(count)])[-1]
        assert f"KH{count - 1:05d}" in last and "合计" in last


def test_marks_that_are_not_wanted_are_not_there(tmp_path: Path) -> None:
    (page,) = printed(tmp_path, [row(1)], sheet=Sheet("表", pages=False))
    assert "打印" not in page and "页" not in page and "公司" not in page


def test_the_font_is_inside_and_is_a_part(tmp_path: Path) -> None:
    printed(tmp_path, [row(n) for n in range(50)])
    raw = (tmp_path / "list.pdf").read_bytes()
    assert b"/FontFile2" in raw and b"/Helvetica" not in raw.partition(b"/Type0")[2]
    assert len(raw) < 60_000


@pytest.mark.parametrize("text", ["长" * 20_000, "x" * 20_000, "a b " * 5_000, "，" * 3_000, "1234567890" * 300])
def test_a_text_longer_than_the_page_ends_in_dots(tmp_path: Path, text: str) -> None:
    for width in (20, 60, 800):
        rows = [["1", text, "1.00"]] * 3
        pages = printed(tmp_path, rows, (COLUMNS[0], Column("备注", "left", width), COLUMNS[2]), Sheet("表", fit=False))
        assert len(pages) < 8 and "…" in "".join(pages) and "合计" in pages[-1]


@pytest.mark.parametrize(
    "odd", ["a\nb", "\x00\x07", "😀𠮷", "مرحبا", "(a)\\<b>%", "\u200b\u202e", "　", "a\tb", "\ud800"]
)
def test_odd_characters_do_not_spoil_the_file(tmp_path: Path, odd: str) -> None:
    (page,) = printed(tmp_path, [[odd, f"前{odd}后", odd]], sheet=Sheet(f"表{odd}", company=odd, printed=odd))
    assert "前" in page and "后" in page


def test_what_the_font_lacks_is_a_box(tmp_path: Path) -> None:
    (page,) = printed(tmp_path, [["😀", "x", "y"]])
    assert "□" in page


def test_amounts_are_never_broken(tmp_path: Path) -> None:
    narrow = (COLUMNS[0], Column("金额", "right", 20))
    (page,) = printed(tmp_path, [["1", "−9,876,543,210.00"]], narrow, Sheet("表"))
    assert "9,876,543,210.00" in page


def test_two_hundred_columns_are_refused_in_words_or_split(tmp_path: Path) -> None:
    many = [Column(f"列{n}", "left", 110) for n in range(200)]
    cells = [[f"{r}-{n}" for n in range(200)] for r in range(3)]
    with pytest.raises(BadRequest, match=r"200 列.*改成横向.*少选几列"):
        printed(tmp_path, cells, many)
    pages = printed(tmp_path, cells, many, Sheet("表", fit=False, landscape=True))
    together = "".join(pages)
    assert all(f"列{n}" in together for n in range(200)) and "2-199" in together
    assert all("列0" in page for page in pages), "the first column stands on every page"
    assert f"第 {len(pages)} 页，共 {len(pages)} 页" in pages[-1]


def test_lines_break_where_reading_allows() -> None:
    assert wrapped("alpha beta gamma", 6.0) == ["alpha beta", "gamma"]
    lines = wrapped("苏州工业园区，星汉街", 6.0)
    assert "".join(lines) == "苏州工业园区，星汉街" and not any(line.startswith("，") for line in lines)
    assert wrapped("", 5.0) == [""] and wrapped("字", 0.1) == ["字"]
    assert len(wrapped("字" * 1_000, 3.0)) == paper.LINES_MAX


def test_progress_is_told_and_stops_the_work(tmp_path: Path) -> None:
    told: list[int] = []

    def stop(done: int) -> None:
        told.append(done)
        if len(told) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        printed(tmp_path, [row(n) for n in range(500)], told=stop)
    assert told == sorted(told) and not (tmp_path / "list.pdf").exists()
