"""其他出入库: what comes in or goes out without buying or selling (modules.md 2.2.9)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ...engine.define import Document, Flaw, Module, Related, Section, Shortcut, Tab
from ...engine.documents.declare import (
    Alike,
    Annex,
    Asking,
    Columns,
    Hint,
    Imports,
    Move,
    Posted,
    Posting,
    Sheet,
    Typing,
    Wrong,
)
from ...engine.fields import Dict, Enum, Money, Price, Ref, Signs
from ...engine.fields.moment import today
from .cost import Costed, Pool, gain, issue, receipt, unit_cost_amount
from .late import adjusted_by, not_adjusted
from .papers import (
    AMOUNT_MAX,
    GOODS,
    GOODS_LINES,
    RIGHTS,
    complete_line,
    cost_of,
    drafts_only,
    header_end,
    header_start,
    in_base_units,
    kind_stays,
    line_costs,
    line_end,
    line_start,
    no_services,
    not_back_dated,
    quantities,
    stock_is_there,
    stock_stays,
)
from .prints import WITHOUT_PRICES, on_sheets
from .rounding import TEN_THOUSAND, divided
from .sources import from_oversold
from .start import IMPORTED_DAY, day_before, start_of
from .stock import KINDS, costs_in_turn, last_cost, stock_moves

IN = ("opening", "gain", "gift_in", "return_use", "other_in")
OUT = ("loss", "use", "scrap", "sample", "other_out")
_PREFIXES = {**dict.fromkeys(IN, "QR"), **dict.fromkeys(OUT, "QC"), "opening": "QK"}


def _is_in(header: Columns) -> bool:
    return header.get("kind") in IN


def _complete(header: Columns, lines: Sequence[Columns], asking: Asking) -> None:
    for line in lines:
        complete_line(line, asking)


def _fill(typing: Typing) -> tuple[Sheet, Sequence[Hint]]:
    _date(typing)
    _complete(typing.sheet.header, typing.sheet.lines, typing.asking)
    return _with_costs(_work_out(typing.sheet)), ()


def _with_costs(sheet: Sheet) -> Sheet:
    """What comes in shows its worth while it is entered, to be held against the old books; the keeper books it."""
    if not _is_in(sheet.header):
        return sheet
    lines: list[Columns] = [line | {"cost_amount": _worth(line)} for line in sheet.lines]
    return Sheet(sheet.header | _totals(lines), lines)


def _worth(line: Columns) -> int | None:
    """Money of a line that comes in; None while its cost is unknown."""
    unit_cost = line.get("unit_cost")
    return None if unit_cost is None else unit_cost_amount(int(line.get("qty") or 0), int(unit_cost))


def _date(typing: Typing) -> None:
    """T23: who says that a sheet is an opening, means the day before the books began; another kind is of today. A new
    one may be an opening from the start."""
    header, before = typing.sheet.header, day_before(start_of(typing.asking))
    begins = typing.field is None and not typing.sheet.lines and not header.get("number")
    begins = begins and header.get("doc_on") == today()  # as it comes: nobody typed another
    if typing.line is not None or not before or not (begins or typing.field == "kind"):
        return
    if header.get("kind") == "opening":
        header["doc_on"] = before
    elif header.get("doc_on") == before:
        header["doc_on"] = today()


def _work_out(sheet: Sheet) -> Sheet:
    direction = "in" if _is_in(sheet.header) else "out"
    return Sheet(sheet.header | {"direction": direction}, in_base_units(sheet.lines))


def _judge(posting: Posting) -> Iterator[Wrong]:
    yield from quantities(posting, _days)
    yield from _worth_within_reason(posting)
    yield from no_services(posting)
    yield from not_adjusted(posting)
    yield from stock_is_there(posting)
    if posting.old is None:
        yield from _said_before(posting)


def _days(posting: Posting) -> Iterator[Wrong]:
    """T23: an opening is booked before the books began, whatever its own day: nobody needs a right for a day of then,
    and who wrote another that is far is told which it should be."""
    start, header = start_of(posting.asking), posting.sheet.header
    if header.get("kind") != "opening" or not start:
        yield from not_back_dated(posting)
    elif str(header.get("doc_on") or "") >= start and any(not_back_dated(posting)):
        yield Wrong(f"期初的日期要在启用日期 {start} 之前，一般是 {day_before(start)}", "doc_on")


def _worth_within_reason(posting: Posting) -> Iterator[Wrong]:
    """What comes in is worth what the books can hold, line by line and in all."""
    worth = 0
    for place, line in enumerate(posting.sheet.lines if _is_in(posting.sheet.header) else ()):
        worth += abs(_worth(line) or 0)
        if worth > AMOUNT_MAX:
            text = f"金额太大，最多 {AMOUNT_MAX // 100:,}，请核对数量和单位成本"
            yield Wrong(text, "qty", place)
            return


def _said_before(posting: Posting) -> Iterator[Wrong]:
    """T23: what a warehouse held before the books began stands in one document."""
    for place, line in enumerate(posting.sheet.lines):
        others = _doubles(posting.id, posting.sheet.header, line, posting.asking)
        if others:
            text = (
                f"产品 {line.get('product_name') or ''} 在这个仓库的期初已记在 {'、'.join(others)}，再记一次两张都算数"
            )
            yield Wrong(text, "product", place, ask="opening_twice")


def _doubles(id: str, header: Columns, line: Columns, asking: Asking) -> list[str]:
    """Numbers of other documents that open the same product in the same warehouse: two machines may have made them."""
    if header.get("kind") != "opening" or not line.get("product"):
        return []
    about = {"product": str(line["product"]), "warehouse": header["warehouse"], "kind": "opening", "state": "posted"}
    return sorted({str(row["number"]) for row in asking.find("stock_entry_line", about) if row["document"] != id})


def _judge_cancel(posting: Posting) -> Iterator[Wrong]:
    """What was opened twice was there but once, whatever was sold since."""
    old = posting.old
    if old is None:
        return
    once = [line for line in old.lines if not _doubles(posting.id, old.header, line, posting.asking)]
    yield from stock_stays(replace(posting, old=Sheet(old.header, once)))


def _book_on(header: Columns, asking: Asking) -> str | None:
    """T23: what was there before the books began."""
    return day_before(start_of(asking)) if header.get("kind") == "opening" else None


def _moves(posted: Posted) -> Iterable[Move]:
    header = posted.sheet.header
    return stock_moves(posted, str(header["kind"]), 1 if _is_in(header) else -1)


def _costs(posted: Posted, asking: Asking) -> Iterator[tuple[str, Columns]]:
    kind = posted.sheet.header["kind"]

    def judge(pool: Pool, line: Columns) -> Costed:
        qty, unit_cost = int(line["base_qty"] or 0), line.get("unit_cost")
        per_unit = (
            None
            if unit_cost is None
            else divided(int(unit_cost) * TEN_THOUSAND, int(line.get("ratio") or TEN_THOUSAND))
        )
        if kind == "gain":
            return gain(pool, qty, per_unit)
        if kind in IN:
            return receipt(pool, qty, _worth(line))
        return issue(pool, qty, last_cost(asking, str(line["product"]), pool, qty))

    return costs_in_turn(posted, asking, judge)


def _totals(lines: Sequence[Columns]) -> Columns:
    return {"total_cost": sum(cost_of(line) for line in lines)}


_HEADER = {
    **header_start("单据编号", "kind", _PREFIXES, "单据日期"),
    "kind": Enum(
        "类型", {name: KINDS[name] for name in (*IN, *OUT)}, required=True, default="other_in", index=True, width=90
    ),
    "direction": Enum("方向", {"in": "入库", "out": "出库"}, calc=True, readonly=True, index=True, width=70),
    "warehouse": Ref("仓库", "warehouse", required=True, default="default", index=True, width=110),
    "customer": Ref("客户", "customer", index=True, width=160),
    "supplier": Ref("供应商", "supplier", index=True, width=160),
    "reason": Dict("原因", "stock_reason", width=90),
    "total_cost": Money("成本金额", calc=True, readonly=True, see="see_cost", sum=True, width=110),
    **header_end(),
}
_REPEATED = "number doc_on kind direction warehouse handler state"
_SLIPS = on_sheets(
    "slip", {**dict.fromkeys(IN, "入库单"), **dict.fromkeys(OUT, "出库单")},
    ("kind warehouse number", "handler customer doc_on", "supplier"),
    columns=WITHOUT_PRICES, prices=False, signs=("制单", "仓库", "审核", "经手人"),
)  # fmt: skip

stock_entry = Module(
    name="stock_entry",
    label="其他出入库",
    also="盘点 报损",
    noun="出入库单",
    chapter="trading",
    icon="package-open",
    position=64,
    title="number",
    scope="branch",
    when="doc_on",
    log=True,
    fields=_HEADER,
    document=Document(
        lines="stock_entry_line",
        kind="kind",
        prefixes=_PREFIXES,
        complete=_complete,
        fill=_fill,
        work_out=_work_out,
        judge=_judge,
        sources=(from_oversold("gain"),),
        judge_cancel=_judge_cancel,
        blank_prices=True,
        moves=_moves,
        book_on=_book_on,
        bound=adjusted_by,
        totals=_totals,
        annexes=(Annex("line_cost", _costs),),
        told_by=("cost_charge",),
        after="note print_count",
        entry={"product": "product", "qty": "qty", "price": "unit_cost", "unit": "unit_row"},
        find=GOODS,
        line_columns="product spec unit_row unit_name qty unit_cost cost_amount note",
        imports=Imports(
            header="warehouse doc_on",
            lines="product unit_row qty unit_cost note",
            given={"kind": "opening"},
            optional="doc_on",
            alike=(Alike("product warehouse", "仓库、产品相同"),),
            asks="opening_twice",
            help="从表格导入的是库存期初：一行一个产品，仓库和日期相同的合成一张「期初」入库单，导入就过账",
            label="期初库存",
            hints=IMPORTED_DAY,
        ),
        foot="total_cost",
        copied=_REPEATED,
        prints=_SLIPS,
    ),
    columns="doc_on number kind reason direction warehouse total_cost handler state note",
    quick="number warehouse customer supplier handler",
    sort="-doc_on",
    tabs=(
        Tab("基本", "number doc_on kind warehouse reason handler", (Section("往来单位", "customer supplier"),)),
        Tab("其他", "note"),
    ),
    related=(Related("明细", "stock_entry_line", "document"),),
    shortcuts=(Shortcut("opening", "期初库存", "kind", "opening"),),
    children="stock_entry_line",
    rules=(drafts_only, kind_stays("kind", "类型决定单据编号，保存后不能再改")),
    rights=RIGHTS,
    help="stock_entry",
)

stock_entry_line = Module(
    name="stock_entry_line",
    label="出入库明细",
    position=66,
    **GOODS_LINES,
    fields=dict(
        **line_start("stock_entry", signs=Signs("direction", {"out": -1}, "出库为减")),
        unit_cost=Price("单位成本", min=0, see="see_cost", width=100, help="入库时填，空着是成本未知，0 是免费"),
        **line_costs(),
        **line_end(_HEADER, _REPEATED),
    ),
    flaws=(
        Flaw(
            name="doubled",
            label="期初重复",
            when=(("kind", "eq", "opening"), ("state", "eq", "posted")),
            twice=("product", "warehouse"),
            apart="document",
            text="产品 {product} 在「{warehouse}」的期初记了两次，这一张 {number} 是 {qty}{unit_name}",
            remedy="几张都算数。留下对的那张，作废其余的；本来就分几张记的，合在一张里",
        ),
    ),
    columns="doc_on number kind product spec unit_name qty cost_amount warehouse handler state",
    quick="number product warehouse handler",
    sort="-doc_on",
    rights=dict(manager="view export print", storekeeper="view export print", finance="view export print"),
    help="stock_entry",
)
