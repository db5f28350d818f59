"""Lists on paper: the rows and columns of the list as it stands, under the same rights, scope and masks."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import BadRequest
from . import paper, summing
from . import query as q
from .access import Principal, demand
from .engine import Engine
from .export import SLICE_ROWS, Progress, chosen_rows
from .registry import Definition
from .rows import as_listed, fetch, labels

ROWS_MAX = 50_000
CELLS_MAX = 1_000_000
"""Beyond these a print is a mistake, and thousands of pages."""


@dataclass(frozen=True)
class Wanted:
    """What to print: columns with their widths in pixels, and which part of the rows, counted from 1."""

    columns: Sequence[tuple[str, int]]
    first: int | None = None
    last: int | None = None


def print_list(
    engine: Engine,
    principal: Principal,
    module: str,
    query: q.Query,
    wanted: Wanted,
    sheet: paper.Sheet,
    target: Path,
    progress: Progress,
) -> tuple[int, int]:
    """Writes the rows of a query to a PDF that appears whole or not at all; returns (rows, pages)."""
    definition = engine.definition(module)
    check(definition, principal, wanted)
    with tempfile.TemporaryDirectory(prefix=".ecms-", dir=target.parent) as work:
        with engine.db.read() as db:
            numbers = _numbers(engine, db, principal, module, query, wanted)
            count = len(numbers)
            cells, totals = _cells(engine, db, principal, definition, wanted, numbers, lambda n: progress(n, 3 * count))
        columns = [
            paper.Column(definition.fields[name].label, definition.fields[name].align, width)  # type: ignore[arg-type]
            for name, width in wanted.columns
        ]
        partial = Path(work) / target.name
        passed = _Passes(count, lambda n: progress(n, 3 * count))
        pages = paper.write(partial, sheet, columns, cells, totals, passed)
        partial.replace(target)
    return count, pages


class _Passes:
    """Joins the two passes of the paper, laying out and drawing, into one count that never falls."""

    def __init__(self, rows: int, told: Callable[[int], None]) -> None:
        self._rows, self._told = rows, told
        self._start, self._before = rows, 0

    def __call__(self, done: int) -> None:
        if done < self._before:
            self._start = 2 * self._rows
        self._before = done
        self._told(min(self._start + done, 3 * self._rows))


def check(definition: Definition, principal: Principal, wanted: Wanted) -> None:
    """Raises for what the user may not print, and for columns that he does not see or nobody can print."""
    demand(principal, "print", definition)
    if not wanted.columns:
        raise BadRequest("请至少选一列")
    for name, _ in wanted.columns:
        q.visible_field(definition, principal, name, "columns")
    if wanted.first and wanted.last and wanted.first > wanted.last:
        raise BadRequest("「从第几行」不能大于「到第几行」")


def _numbers(
    engine: Engine, db: Any, principal: Principal, module: str, query: q.Query, wanted: Wanted
) -> Sequence[int]:
    span = slice((wanted.first or 1) - 1, wanted.last)
    numbers = chosen_rows(engine, db, principal, module, query, span)
    if not numbers:
        raise BadRequest("没有可打印的记录，请换一个范围或条件")
    if len(numbers) > ROWS_MAX or len(numbers) * len(wanted.columns) > CELLS_MAX:
        raise BadRequest(f"这次有 {len(numbers):,} 条，一次打印不了这么多。请先过滤，或按「从…到…」分几次打印")
    return numbers


def _cells(
    engine: Engine,
    db: Any,
    principal: Principal,
    definition: Definition,
    wanted: Wanted,
    numbers: Sequence[int],
    told: Callable[[int], None],
) -> tuple[list[list[str]], list[str]]:
    """The words of every cell, as on screen, and of the row of totals."""
    fields = [(name, definition.fields[name]) for name, _ in wanted.columns]
    summed = [name for name, one in fields if one.sum]
    but = [definition.fields[name].sum_but for name in summed]
    adder = summing.Adder(definition, dict.fromkeys([*summed, *filter(None, but)]))
    cells: list[list[str]] = []
    for start in range(0, len(numbers), SLICE_ROWS):
        told(start)
        rows = fetch(db, engine.registry, definition, numbers[start : start + SLICE_ROWS], principal)
        known = labels(db, engine.registry, definition, rows)
        for row in rows:
            adder.add(row)  # before they have their minus, which the rule of totals gives
        cells += [[one.words_in(row, name, known) for name, one in fields] for row in as_listed(definition, rows)]
    sums, words = adder.told()
    totals = [one.format(sums[name], {}) if name in sums else "" for name, one in fields]
    if "" in totals:
        counted = summing.joined(words[name] for name in summed)
        totals[totals.index("")] = f"合计 {len(cells):,} 条" + (f"（{counted}）" if counted else "")
    return cells, totals
