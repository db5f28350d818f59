"""Lists as xlsx and csv: exactly what the list shows, a slice at a time so that memory stays flat."""

import csv
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from ..errors import BadRequest, Forbidden
from . import query as q
from . import spreadsheet
from .access import Principal, demand
from .engine import Engine
from .fields import Field
from .fields.base import Partly
from .lists import row_numbers
from .rows import as_listed, fetch, labels

SLICE_ROWS = 500
FREE_ROWS = 5_000
"""More rows than this need the special right `export_all`."""
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

Kind = Literal["xlsx", "csv"]
Progress = Callable[[int, int], None]
"""Called with (rows done, rows in all); may raise to stop."""


def export(
    engine: Engine,
    principal: Principal,
    module: str,
    query: q.Query,
    columns: Sequence[str],
    kind: Kind,
    target: Path,
    progress: Progress,
) -> int:
    """Writes the rows of a query to `target`, which appears whole or not at all; returns how many."""
    definition = engine.definition(module)
    demand(principal, "export", definition)
    for name in columns:
        q.visible_field(definition, principal, name, "columns")
    if not columns:
        raise BadRequest("请至少选一列")
    # What is half-made stays in one private folder on the target's own disk.
    with tempfile.TemporaryDirectory(prefix=".ecms-", dir=target.parent) as work, engine.db.read() as db:
        numbers = _numbers(engine, db, principal, module, query, kind)
        heads = [definition.fields[name].label for name in columns]
        cells = _cells(engine, db, principal, module, columns, numbers, progress)
        partial = Path(work) / target.name
        if kind == "xlsx":
            spreadsheet.write(partial, heads, cells, _formats(engine, module, columns))
        else:
            fields = [definition.fields[name] for name in columns]
            _write_csv(partial, heads, cells, tells_part=any(one.unknown and one.unknown.partly for one in fields))
        partial.replace(target)
    return len(numbers)


def _numbers(engine: Engine, db: Any, principal: Principal, module: str, query: q.Query, kind: Kind) -> Sequence[int]:
    """The rows, if there are not too many for this kind of file."""
    numbers = chosen_rows(engine, db, principal, module, query)
    if kind == "xlsx" and len(numbers) > spreadsheet.ROWS_MAX:
        raise BadRequest("Excel 一页放不下这么多行，请改用 csv")
    return numbers


def chosen_rows(
    engine: Engine, db: Any, principal: Principal, module: str, query: q.Query, span: slice = slice(None)
) -> Sequence[int]:
    """The rows of a query that leave the program, or a part of them, if there are not too many for this person."""
    numbers = row_numbers(engine, db, principal, module, query)[span]
    if len(numbers) > FREE_ROWS and not principal.has("export_all"):
        raise Forbidden(f"这次有 {len(numbers):,} 条，超过 {FREE_ROWS:,} 条要有「导出全部」权限")
    return numbers


def _cells(
    engine: Engine,
    db: Any,
    principal: Principal,
    module: str,
    columns: Sequence[str],
    numbers: Sequence[int],
    progress: Progress,
) -> Iterator[list[object]]:
    definition = engine.definition(module)
    fields = [(name, definition.fields[name]) for name in columns]
    for start in range(0, len(numbers), SLICE_ROWS):
        progress(start, len(numbers))
        rows = as_listed(
            definition, fetch(db, engine.registry, definition, numbers[start : start + SLICE_ROWS], principal)
        )
        known = labels(db, engine.registry, definition, rows)
        for row in rows:
            yield [one.cell_in(row, name, known) for name, one in fields]
    progress(len(numbers), len(numbers))


def _formats(engine: Engine, module: str, columns: Sequence[str]) -> list[str]:
    definition = engine.definition(module)
    return [format_of(definition.fields[name]) for name in columns]


_BY_TYPE = {
    "money": "#,##0.00",
    "quantity": "#,##0.00##",
    "price": "#,##0.00##",
    "rate": "0.00##",
    "int": "#,##0",
    "date": "yyyy-mm-dd",
}


def format_of(one: Field) -> str:
    """Excel's number format for a field: money with two decimals, dates as dates, the rest as it is."""
    return _BY_TYPE.get(one.type, spreadsheet.AS_TEXT)


PARTLY_HEAD = "部分未知"
"""Of the column of a csv file that names the figures of a row which are known in part only: a mark before them would
make texts of them."""


def _write_csv(target: Path, heads: Sequence[str], rows: Iterator[list[object]], *, tells_part: bool) -> None:
    """UTF-8 with a byte order mark, or Excel shows Chinese as garbage. Text that looks like a formula is disarmed."""
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*heads, PARTLY_HEAD] if tells_part else heads)
        for row in rows:
            partly = [head for head, cell in zip(heads, row, strict=True) if isinstance(cell, Partly)]
            writer.writerow([_csv_cell(cell) for cell in (*row, *(["、".join(partly)] if tells_part else []))])


def _csv_cell(cell: object) -> object:
    if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS):
        return "'" + cell
    return "" if cell is None else cell


def write_table(target: Path, heads: Sequence[str], rows: Iterator[list[object]], formats: Sequence[str]) -> None:
    """An xlsx file that appears whole or not at all."""
    with tempfile.TemporaryDirectory(prefix=".ecms-", dir=target.parent) as work:
        partial = Path(work) / target.name
        spreadsheet.write(partial, heads, rows, formats)
        partial.replace(target)
