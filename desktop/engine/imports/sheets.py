"""The files that come out: a template to fill in, and the rows that could not be imported, each with its reason."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from ..access import Principal
from ..documents.declare import Imports
from ..engine import Engine
from ..fields import Bool, Cell, Date, Enum, Field, OfFirstChild, Ref, Serial
from ..registry import Definition
from ..search import lookup
from ..spreadsheet import book_at
from .judging import WHOLE_ROW
from .matching import HINT, REASON, fields_for
from .staging import Lines, cells_of
from .tables import Flaw

Progress = Callable[[int, int], None]

_CHOICES_MAX = 200
_ROWS_WITH_CHOICES = 5_000
_CHOICES_SHEET = "可选项"
_PAGE = 500
_HINTS = {
    "date": "日期，如 2026-11-23",
    "datetime": "时间，如 2026-11-23 09:30",
    "birthday": "如 1980-08-15、8月15日、农历八月十五",
    "phone": "电话号码",
    "email": "如 name@example.com",
    "int": "整数",
    "money": "金额，如 1200.50",
    "price": "单价，如 12.5",
    "quantity": "数量，如 12.5",
    "rate": "百分数，如 13 或 13%",
    "bool": "是 或 否",
    "refs": "名称，几个之间用顿号分开",
    "ref": "名称或编号",
    "password": "至少 8 位，不要 12345678 这样好猜的",
}


# ------------------------------------------------------------------- template


def template(engine: Engine, principal: Principal, definition: Definition, target: Path) -> None:
    """Headings, a line that tells what to write, and lists to choose from."""
    fields = template_fields(principal, definition)
    said = imports.hints if (imports := _imports_of(definition)) else {}
    with book_at(target) as book:
        sheet = book.add_worksheet(imported_as(definition)[:31])
        sheet.freeze_panes(1, 0)
        styles = _styles(book)
        for column, (name, one) in enumerate(fields.items()):
            label = f"{one.label} *" if one.required else one.label
            is_number = one.align == "right" or isinstance(one, Date)
            sheet.set_column(column, column, max(12, 2 * len(label) + 2), None if is_number else styles["text"])
            sheet.write_string(0, column, label, styles["needed" if one.required else "head"])
            sheet.write_string(1, column, f"{HINT}{_hint(engine, one, said.get(name, ''))}", styles["hint"])
        _choose(book, sheet, _choices(engine, principal, definition, fields))


def template_fields(principal: Principal, definition: Definition) -> dict[str, Field]:
    """In the order of the form, of a document in that of its declaration; without numbers, which are drawn, and without
    what only a record that is there already can have."""
    known = {name: one for name, one in fields_for(principal, definition).items() if not _comes_later(one)}
    if definition.imported:
        return known
    shown = [
        name
        for tab in definition.module.tabs
        for names in (tab.fields, *(section.fields for section in tab.sections))
        for name in names.split()
    ]
    order = dict.fromkeys([*shown, *known])
    return {name: known[name] for name in order if name in known}


def _comes_later(one: Field) -> bool:
    return (isinstance(one, Serial) and one.readonly) or (isinstance(one, Ref) and "id" in one.depends.values())


def _styles(book: Any) -> dict[str, Any]:
    head = {"bold": True, "bottom": 1, "text_wrap": True, "valign": "vcenter"}
    return {
        "head": book.add_format(head),
        "needed": book.add_format({**head, "font_color": "#B8322A"}),
        "hint": book.add_format({"font_color": "#5F6A6C", "italic": True, "text_wrap": True, "valign": "top"}),
        "text": book.add_format({"num_format": "@"}),
    }


def _imports_of(definition: Definition) -> Imports | None:
    return definition.module.document.imports if definition.module.document else None


def imported_as(definition: Definition) -> str:
    """What is imported, named."""
    imports = _imports_of(definition)
    return (imports.label if imports else "") or definition.module.label


def _named_by(engine: Engine, one: Ref) -> str:
    """How a record is named: a product by its barcode, too."""
    children = engine.registry[one.target].module.found_by.split() if not one.target_by else []
    nouns = [engine.registry[name].module.noun for name in children]
    return f"名称、编号或{'、'.join(nouns)}" if nouns else _HINTS["ref"]


def _hint(engine: Engine, one: Field, said: str) -> str:
    """`said` by the declaration, else what fields of its kind take."""
    if said:
        return f"必填；{said}" if one.required else said
    kind = "ref" if isinstance(one, Ref) and not getattr(one, "small", False) else one.type
    plain = _named_by(engine, one) if kind == "ref" and isinstance(one, Ref) else _HINTS.get(kind, "")
    words = [
        "必填" if one.required else "",
        "从下拉里选" if isinstance(one, Enum) or getattr(one, "small", False) else plain,
        _HINTS["refs"].removeprefix("名称，") if isinstance(one, OfFirstChild) else one.help,
    ]
    return "；".join(word for word in words if word) or "可不填"


def _choices(
    engine: Engine, principal: Principal, definition: Definition, fields: Mapping[str, Field]
) -> dict[int, list[str]]:
    """Column → what may be chosen, where that is a short list; of a document what its sheet would find, too."""
    document = definition.module.document
    finder = document.find if document else None
    found: dict[int, list[str]] = {}
    for column, (name, one) in enumerate(fields.items()):
        if isinstance(one, Enum):
            found[column] = list(one.options.values())
        elif isinstance(one, Bool):
            found[column] = ["是", "否"]
        elif isinstance(one, Ref) and not one.target_by and not one.depends and _is_open(engine, principal, one):
            without = finder.without if finder and finder.field == name else ()
            page = lookup(engine, principal, one.target, where=one.where, limit=_CHOICES_MAX, without=without)
            found[column] = [row["title"] for row in page["rows"]] if not page["more"] else []
    return {column: words for column, words in found.items() if words}


def _is_open(engine: Engine, principal: Principal, one: Ref) -> bool:
    return principal.may("view", one.target) or engine.registry[one.target].module.lookup


def _choose(book: Any, sheet: Any, choices: Mapping[int, Sequence[str]]) -> None:
    """Lists stand on a sheet of their own: Excel takes no long ones inside a cell's rule."""
    if not choices:
        return
    lists = book.add_worksheet(_CHOICES_SHEET)
    lists.hide()
    for place, (column, words) in enumerate(choices.items()):
        lists.write_column(0, place, words)
        name = _column_name(place)
        source = f"='{_CHOICES_SHEET}'!${name}$1:${name}${len(words)}"
        sheet.data_validation(
            2, column, _ROWS_WITH_CHOICES, column,
            {"validate": "list", "source": source, "error_title": "请从列表里选", "error_type": "warning",
             "error_message": "列表里没有这一项，导入时会认不出"},
        )  # fmt: skip


def _column_name(number: int) -> str:
    name = ""
    while number >= 0:
        name, number = chr(65 + number % 26) + name, number // 26 - 1
    return name


# ----------------------------------------------------------------- error file


def error_file(heads: Sequence[str], judged: Lines, target: Path, progress: Progress) -> int:
    """The rows that cannot be imported, as they were, marked where they are wrong, each with its reason. Mended, the
    same file can be imported."""
    total = judged.count("bad")
    width = len(heads)
    with book_at(target, constant_memory=True) as book:
        sheet = book.add_worksheet("要改的行")
        styles = _styles(book) | {
            "bad": book.add_format({"bg_color": "#FDEFED", "font_color": "#B8322A"}),
            "day": book.add_format({"num_format": "yyyy-mm-dd"}),
            "reason": book.add_format({"text_wrap": False, "font_color": "#B8322A"}),
        }
        sheet.freeze_panes(1, 0)
        for column, head in enumerate([*heads, REASON]):
            sheet.set_column(column, column, 60 if column == width else max(10, min(40, 2 * len(head) + 4)))
            sheet.write_string(0, column, head, styles["head"])
        for done, line in enumerate(_all(judged)):
            if done % _PAGE == 0:
                progress(done, total)
            _write_row(sheet, done + 1, line, heads, styles)
    return total


def _all(judged: Lines) -> Iterable[dict[str, Any]]:
    for start in range(0, judged.count("bad"), _PAGE):
        yield from judged.page("bad", start, _PAGE)


def _write_row(sheet: Any, row: int, line: Mapping[str, Any], heads: Sequence[str], styles: Mapping[str, Any]) -> None:
    for column, cell in enumerate(cells_of(line["c"])[: len(heads)]):
        if str(column) in line["e"]:
            _write(sheet, row, column, cell, styles["bad"], styles["bad"])
        else:
            _write(sheet, row, column, cell, None, styles["day"])
    sheet.write_string(row, len(heads), f"第 {line['n']} 行：{reason_of(line)}", styles["reason"])


def reason_of(line: Mapping[str, Any]) -> str:
    """Everything that is wrong with a row."""
    faults = sorted(line["e"].items(), key=lambda item: int(item[0]) if item[0] != WHOLE_ROW else 10**6)
    return "；".join(text for _, text in faults)


def _write(sheet: Any, row: int, column: int, cell: Cell | Flaw, style: Any, day_style: Any) -> None:
    if isinstance(cell, bool | str):
        sheet.write_string(row, column, cell if isinstance(cell, str) else "是" if cell else "否", style)
    elif isinstance(cell, datetime | date):
        sheet.write_datetime(row, column, cell, day_style)
    elif isinstance(cell, int | Decimal):
        sheet.write_number(row, column, cell, style)
    elif style is not None:
        sheet.write_blank(row, column, None, style)
