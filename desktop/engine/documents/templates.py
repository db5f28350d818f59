"""Papers as users lay them out: a template changes what a print that ships puts on paper, and on which. What is wrong
with one is said in words; printing then goes by what ships."""

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ...errors import Invalid
from .. import form
from ..access import Principal
from ..engine import Engine
from ..fields import Field, FieldError, LongText
from ..registry import Definition
from .declare import Print
from .papers import PAPERS

TABLE = "print_template"
MARK = "template:"
"""How prints by a template are called."""
COPIES_MAX = 9
_TEXT_MAX, _TITLE_MAX, _LIST_MAX = 500, 60, 40
_WIDTHS = range(1, 2_001)
WATERMARK_MAX = 40
_PARTS = {"watermark": "水印", "title": "标题", "above": "上方文字", "below": "下方文字", "signs": "签名栏"}
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_BY_HAND = "__"
"""A blank that somebody fills in with a pen."""

Known = Callable[[str], str | None]
"""What a placeholder stands for."""


@dataclass(frozen=True)
class Layout:
    """What a template says. `head` are rows of (field, share), `columns` (field, width; 0: as lists have it)."""

    paper: form.Paper
    title: str = ""
    above: str = ""
    below: str = ""
    head: Sequence[Sequence[tuple[str, int]]] = ()
    columns: Sequence[tuple[str, int]] = ()
    sums: Sequence[str] = ()
    notes: Sequence[str] = ()
    signs: Sequence[str] = ()
    company: bool = True
    footer: bool = True
    spelled: bool = True
    logo: bool = False
    copies: int = 1
    qr: bool = False
    pictures: bool = False
    watermark: str = ""
    seal: bool = True

    def public(self) -> dict[str, Any]:
        """As it is kept and sent: pairs as objects."""
        shown = asdict(self)
        shown["head"] = [[{"name": name, "weight": weight} for name, weight in row] for row in self.head]
        shown["columns"] = [{"name": name, "width": width} for name, width in self.columns]
        return shown


@dataclass(frozen=True)
class Template:
    """A template that is kept; `layout` is None where it cannot be used, and `fault` says why."""

    id: str
    name: str
    module: str
    base: str
    is_default: bool
    layout: Layout | None
    fault: str
    row: Mapping[str, Any] = field(repr=False, default_factory=dict)


# ---------------------------------------------------------------------------------------------------------- what ships


def shipped(one: Print) -> Layout:
    """A print that ships, as a template would say it."""
    rows = [[_weighed(word) for word in row.split()] for row in one.head]
    return Layout(
        paper=one.paper, head=rows, columns=[(name, 0) for name in one.columns.split()], sums=one.sums.split(),
        notes=one.notes.split(), signs=list(one.signs), company=one.letterhead is not None,
        footer=one.letterhead is not None, spelled=one.spelled is not None, logo=one.logo, qr=one.qr,
    )  # fmt: skip


def _weighed(word: str) -> tuple[str, int]:
    name, _, weight = word.partition(":")
    return name, int(weight or 1)


def laid_out(one: Print, layout: Layout) -> Print:
    """A print that ships, changed by a layout."""
    letterhead = one.letterhead if layout.company else None
    kept_footer = one.letterhead and replace(one.letterhead, names="")
    return replace(
        one,
        paper=layout.paper,
        titles=dict.fromkeys(one.titles, layout.title) if layout.title else one.titles,
        head=tuple(" ".join(f"{name}:{weight}" for name, weight in row) for row in layout.head),
        columns=" ".join(name for name, _ in layout.columns),
        sums=" ".join(layout.sums),
        notes=" ".join(layout.notes),
        signs=tuple(layout.signs),
        spelled=one.spelled if layout.spelled else None,
        letterhead=_without_footer(letterhead or kept_footer, layout.footer),
    )


@dataclass(frozen=True)
class Choice:
    """What whoever prints wants for this once; None: as the template has it. `extras` are the columns of those that a
    print offers beside its own."""

    pictures: bool | None = None
    watermark: str | None = None
    extras: Sequence[str] | None = None
    seal: bool | None = None


def chosen(one: Print, layout: Layout, lines: Definition, choice: Choice) -> Layout:
    """A layout with what is chosen for this once."""
    extras = None if choice.extras is None else [name for name in one.extras.split() if name in choice.extras]
    return replace(
        layout,
        pictures=layout.pictures if choice.pictures is None else choice.pictures,
        watermark=layout.watermark if choice.watermark is None else choice.watermark,
        seal=layout.seal if choice.seal is None else choice.seal,
        columns=layout.columns if extras is None else _with_extras(one, layout.columns, lines, extras),
    )


def _with_extras(
    one: Print, columns: Sequence[tuple[str, int]], lines: Definition, extras: Sequence[str]
) -> Sequence[tuple[str, int]]:
    """The columns that were laid out, and those that were asked for: where such a column stands, else before the first
    amount."""
    offered, widths = one.extras.split(), dict(columns)
    is_here = [name in offered or lines.fields[name].type == "money" for name, _ in columns]
    place = is_here.index(True) if any(is_here) else len(columns)
    before, after = ([pair for pair in part if pair[0] not in offered] for part in (columns[:place], columns[place:]))
    return [*before, *((name, widths.get(name, 0)) for name in extras), *after]


def _without_footer(letterhead: Any, is_kept: bool) -> Any:
    return letterhead if is_kept or letterhead is None else replace(letterhead, footer="")


# ------------------------------------------------------------------------------------------------------ what may stand


def offered_head(definition: Definition, principal: Principal) -> dict[str, Field]:
    """Fields of the header that may stand on paper."""
    return {name: one for name, one in definition.fields.items() if _is_offered(one, principal)}


def offered_columns(lines: Definition, principal: Principal) -> dict[str, Field]:
    """Fields of the lines that may be columns."""
    document = next((name for name, one in lines.fields.items() if getattr(one, "whole", False)), "")
    return {name: one for name, one in lines.fields.items() if name != document and _is_offered(one, principal)}


def _is_offered(one: Field, principal: Principal) -> bool:
    return not one.hidden and not one.write_only and principal.sees(one)


def offered_sums(definition: Definition, principal: Principal) -> dict[str, Field]:
    """Amounts and quantities of the header."""
    found = offered_head(definition, principal).items()
    return {name: one for name, one in found if one.type in ("money", "quantity")}


def offered_notes(definition: Definition, principal: Principal) -> dict[str, Field]:
    found = offered_head(definition, principal).items()
    return {name: one for name, one in found if one.type in ("longtext", "text")}


def placeholders(
    engine: Engine, definition: Definition, one: Print, principal: Principal
) -> dict[str, tuple[str, str]]:
    """Words that stand for something in texts → (module, field)."""
    found = {field.label: (definition.name, name) for name, field in offered_head(definition, principal).items()}
    if one.letterhead:
        company = engine.definition(one.letterhead.module)
        for name, about in offered_head(company, principal).items():
            label = about.label if about.label.startswith("公司") else f"公司{about.label}"
            found.setdefault(label, (company.name, name))
    return found


def filled(text: str, value: Known) -> str:
    """A text with what its placeholders stand for."""
    return _PLACEHOLDER.sub(lambda match: value(match[1].strip()) or "", text)


def filled_lines(text: str, value: Known) -> str:
    """The same line by line, without those whose placeholders all stand for nothing: 「地址：」 alone tells nobody
    anything. Where something is to be written by hand (「签收：____ 电话：{电话}」), a line stays."""
    return "\n".join(filled(line, value) for line in text.splitlines() if _says(line, value))


def _says(line: str, value: Known) -> bool:
    words = _PLACEHOLDER.findall(line)
    return not words or _BY_HAND in line or any((value(word.strip()) or "").strip() for word in words)


# ------------------------------------------------------------------------------------------------------------- reading


@dataclass
class _Reading:
    """A layout from outside, on its way to one that can be used; `wrong` says what it says wrongly."""

    raw: Mapping[str, Any]
    wrong: dict[str, str] = field(default_factory=dict)

    def text(self, name: str, most: int) -> str:
        """What nobody sees is left out, as of every text that is typed."""
        value = self.raw.get(name, "")
        if not isinstance(value, str) or len(value) > most:
            self.wrong[name] = f"最多 {most} 个字"
            return ""
        return self.tidy(name, value)

    def tidy(self, name: str, text: str) -> str:
        try:
            return str(LongText(_PARTS.get(name, "文字"), max_length=_TEXT_MAX).parse(text) or "")
        except FieldError as error:
            self.wrong[name] = str(error)
            return ""

    def once(self, found: Sequence[str], name: str, offered: Mapping[str, Field]) -> None:
        """The same twice is a slip."""
        for one, times in Counter(found).items():
            if times > 1:
                self.wrong.setdefault(name, f"「{offered[one].label}」重复了，只留一个")

    def flag(self, name: str) -> bool:
        return bool(self.raw.get(name))

    def number(self, value: Any, allowed: range, name: str, words: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value not in allowed:
            self.wrong[name] = f"{words}应是 {allowed[0]} 到 {allowed[-1]}"
            return allowed[0]
        return value

    def names(self, name: str, offered: Mapping[str, Field]) -> list[str]:
        found = [one for one in self.words(name) if self.is_known(one, name, offered)]
        self.once(found, name, offered)
        return found

    def words(self, name: str) -> list[str]:
        found = self.raw.get(name, [])
        if not isinstance(found, list) or len(found) > _LIST_MAX or not all(isinstance(one, str) for one in found):
            self.wrong[name] = "写法不对"
            return []
        return found

    def objects(self, value: Any, name: str) -> list[Mapping[str, Any]]:
        if not isinstance(value, list) or len(value) > _LIST_MAX or not all(isinstance(one, dict) for one in value):
            self.wrong[name] = "写法不对"
            return []
        return value

    def is_known(self, one: Any, name: str, offered: Mapping[str, Field]) -> bool:
        is_known = isinstance(one, str) and one in offered
        if not is_known:
            self.wrong[name] = f"没有「{str(one)[:40]}」这一项"
        return is_known


def read_layout(
    engine: Engine, principal: Principal, definition: Definition, lines: Definition, one: Print, raw: Any
) -> Layout:
    """A checked layout for a print; raises `Invalid` with a message per part."""
    if not isinstance(raw, dict):
        raise Invalid({"layout": "模板的内容读不了"})
    reading = _Reading(raw)
    paper = next((paper for paper in PAPERS if paper == raw.get("paper")), None)
    if paper is None:
        reading.wrong["paper"] = "请选择纸张"
    head = offered_head(definition, principal)
    layout = Layout(
        paper=paper or "a4",
        title=reading.text("title", _TITLE_MAX), above=reading.text("above", _TEXT_MAX),
        below=reading.text("below", _TEXT_MAX), head=list(_head(reading, head)),
        columns=list(_columns(reading, offered_columns(lines, principal))),
        sums=reading.names("sums", offered_sums(definition, principal)),
        notes=reading.names("notes", offered_notes(definition, principal)),
        signs=[sign for word in reading.words("signs") if (sign := reading.tidy("signs", word)[:20])],
        company=reading.flag("company"), footer=reading.flag("footer"), spelled=reading.flag("spelled"),
        logo=reading.flag("logo"), qr=reading.flag("qr"), pictures=reading.flag("pictures"),
        watermark=reading.text("watermark", WATERMARK_MAX),
        seal=reading.raw.get("seal") is not False,  # a layout of before there were seals leaves theirs to who prints
        copies=reading.number(raw.get("copies", 1), range(1, COPIES_MAX + 1), "copies", "份数"),
    )  # fmt: skip
    known = placeholders(engine, definition, one, principal)
    for name in ("title", "above", "below", "watermark"):
        for word in _PLACEHOLDER.findall(getattr(layout, name)):
            if word.strip() not in known:
                reading.wrong[name] = f"没有「{{{word[:20]}}}」这一项，请从列表里选"
    if one.columns and not layout.columns and not reading.wrong:
        reading.wrong["columns"] = "至少留一列"
    if reading.wrong:
        raise Invalid(reading.wrong)
    return layout


def _head(reading: _Reading, offered: Mapping[str, Field]) -> Iterator[list[tuple[str, int]]]:
    rows = reading.raw.get("head", [])
    if not isinstance(rows, list) or len(rows) > _LIST_MAX:
        reading.wrong["head"] = "写法不对"
        return
    for row in rows:
        found = [
            (one["name"], reading.number(one.get("weight", 1), range(1, 10), "head", "宽度"))
            for one in reading.objects(row, "head")
            if reading.is_known(one.get("name"), "head", offered)
        ]
        reading.once([name for name, _ in found], "head", offered)
        if found:
            yield found


def _columns(reading: _Reading, offered: Mapping[str, Field]) -> Iterator[tuple[str, int]]:
    known = [
        one
        for one in reading.objects(reading.raw.get("columns", []), "columns")
        if reading.is_known(one.get("name"), "columns", offered)
    ]
    reading.once([one["name"] for one in known], "columns", offered)
    for one in known:
        width = one.get("width", 0)
        yield one["name"], 0 if width == 0 else reading.number(width, _WIDTHS, "columns", "列宽")


# ------------------------------------------------------------------------------------------------------------- keeping


def kept(engine: Engine, db: sqlite3.Connection, principal: Principal, module: str | None = None) -> list[Template]:
    """Templates, of one module or all, those made last first."""
    if TABLE not in engine.registry:
        return []
    condition, params = (" AND module = ?", (module,)) if module else ("", ())
    sql = f"SELECT * FROM {TABLE} WHERE deleted_at IS NULL{condition} ORDER BY updated_at DESC, id DESC"
    return [_template(engine, principal, row) for row in db.execute(sql, params)]


def one_of(engine: Engine, db: sqlite3.Connection, principal: Principal, id: str) -> Template | None:
    sql = f"SELECT * FROM {TABLE} WHERE id = ? AND deleted_at IS NULL"
    row = db.execute(sql, (id,)).fetchone() if TABLE in engine.registry else None
    return _template(engine, principal, row) if row else None


def print_named(engine: Engine, module: str, name: str) -> tuple[Definition, Definition, Print] | None:
    """A print that ships."""
    document = engine.registry.documents.get(module)
    one = next((one for one in document.prints if one.name == name), None) if document else None
    return (engine.registry[module], engine.registry.lines_of(document), one) if document and one else None


def _template(engine: Engine, principal: Principal, row: sqlite3.Row) -> Template:
    layout, fault = None, "它的单据在这一版程序里没有这种打印"
    found = print_named(engine, row["module"], row["base"])
    if found:
        try:
            # a template that somebody else made may name what this user does not see: it is left out when printing
            layout, fault = read_layout(engine, _ANYBODY, *found, json.loads(row["layout"] or "")), ""
        except (ValueError, TypeError, RecursionError):  # it may have come from anywhere
            fault = "模板的内容读不了"
        except Invalid as error:
            fault = "；".join(error.fields.values())
    return Template(
        row["id"], str(row["name"] or ""), str(row["module"]), str(row["base"]), bool(row["is_default"]), layout, fault,
        dict(row),
    )  # fmt: skip


_ANYBODY = Principal("", everything=True)
