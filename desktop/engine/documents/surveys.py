"""What there is of every record of a module (see `declare.Survey`): in all or place by place, now or at the end of a
day; on screen, on paper, in a file."""

import sqlite3
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from ...errors import BadRequest, NotFound
from .. import aliases, paper, summing
from ..access import Principal, demand, scope_sql
from ..engine import Engine
from ..export import write_table
from ..fields import Quantity, Ref, Sql
from ..registry import Definition
from ..text import fold
from .declare import Columns, Ledger, Survey

ROWS_MAX = 1_000
"""So many rows go to the screen; paper and files have all."""


@dataclass(frozen=True)
class Wanted:
    """`on`: the end of this day (ISO), blank: now. `by_part`: place by place. `condition`: only rows of this kind."""

    on: str = ""
    by_part: bool = False
    condition: str = ""
    words: str = ""


def survey_of(engine: Engine, principal: Principal, balance: str, wanted: Wanted) -> dict[str, Any]:
    """{label, heads, conditions, counts, rows, total, sums, parts}: the first rows, and the sums of all; what is no one
    sum is told in parts."""
    survey = declared(engine, balance)
    every, counts = _every(engine, principal, balance, wanted)
    names = _names(survey, wanted)
    sums, parts = _totals(survey, names, every)
    return {
        "label": survey.label,
        "heads": [{"name": name, "label": survey.heads[name]} for name in names],
        "conditions": [{"name": name, "label": words} for name, words in survey.conditions.items()],
        "counts": counts,
        "rows": every[:ROWS_MAX],
        "total": len(every),
        "sums": sums,
        "parts": parts,
    }


def _totals(
    survey: Survey, names: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, int], dict[str, str]]:
    """By column: the sum of rows that are alike, and in words what rows of several kinds come to."""
    place = survey.about.index(survey.alike)
    units = {row["about"][place] for row in rows}
    sums: dict[str, int] = {}
    parts: dict[str, str] = {}
    for name in [name for name in names if name in survey.summed]:
        of: Counter[str] = Counter()
        for row in rows:
            of[row["about"][place]] += int(row[name] or 0)
        found = {value: by for value, by in sorted(of.items()) if by}
        if found and len(units) > 1:
            parts[name] = summing.in_parts(_QUANTITY, found)
        else:
            sums[name] = sum(found.values())
    return sums, parts


def declared(engine: Engine, balance: str) -> Survey:
    """The survey over a balance; raises `NotFound`."""
    return _ledger(engine, balance)[1]


def _ledger(engine: Engine, balance: str) -> tuple[Ledger, Survey]:
    for ledger in engine.registry.ledgers.values():
        if ledger.survey and ledger.survey.balance == balance:
            return ledger, ledger.survey
    raise NotFound("没有这种一览")


def _names(survey: Survey, wanted: Wanted) -> list[str]:
    """On a day that is past there is only what there was."""
    kept = {survey.sums[0], "low", "high"}
    return [name for name in survey.heads if not wanted.on or name in kept]


def _every(
    engine: Engine, principal: Principal, balance: str, wanted: Wanted
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """All rows that are wanted, and how many there are of each condition."""
    ledger, survey = _ledger(engine, balance)
    if wanted.condition and wanted.condition not in survey.conditions:
        raise BadRequest("没有这种情况")
    for name in (balance, survey.whole):
        demand(principal, "view", engine.definition(name))
    with engine.db.read() as db:
        found = list(_judged(engine, db, principal, ledger, survey, wanted))
    counts = dict.fromkeys(survey.conditions, 0)
    for row in found:
        counts[row["condition"]] += 1
    return [row for row in found if wanted.condition in ("", row["condition"])], counts


def _judged(
    engine: Engine, db: sqlite3.Connection, principal: Principal, ledger: Ledger, survey: Survey, wanted: Wanted
) -> Iterator[dict[str, Any]]:
    about, places = _about(engine, db, principal, survey), _titles(engine, db, survey.part)
    merged = aliases.present(db, engine.registry.mergeable) & {survey.whole}
    sums, limits = _sums(db, ledger, survey, wanted, merged), _limits(db, survey, wanted, merged)
    needle = fold(wanted.words)
    keys = sums.keys() | limits.keys() | (set() if wanted.by_part else {(id, None) for id in about})
    rows = []
    for id, place in keys:
        named = about.get(id)
        amounts = sums.get((id, place))
        if named is None or (named["is_out"] and not any((amounts or {}).values())):
            continue
        low, high = limits.get((id, place), (None, None))
        row: Columns = {**dict.fromkeys(survey.sums, 0), **(amounts or {}), "low": low, "high": high}
        shown = {"record": id, "title": named["title"], "about": named["about"], "place": places.get(place or "", "")}
        if needle in fold(" ".join((shown["title"], shown["place"], *shown["about"]))):
            rows.append(shown | row | survey.judge(row))
    yield from sorted(rows, key=lambda row: (row["about"], row["title"], row["place"]))


def _about(engine: Engine, db: sqlite3.Connection, principal: Principal, survey: Survey) -> dict[str, dict[str, Any]]:
    definition = engine.definition(survey.whole)
    scope = scope_sql(engine.registry, definition, principal, survey.whole)
    names = [definition.module.title, *survey.about, *survey.without]
    columns = ", ".join(_said(engine, definition, name) for name in names)
    where = f" AND {scope.text}" if scope else ""
    where += f" AND NOT {aliases.is_merged(survey.whole, f'{survey.whole}.id')}"
    sql = f"SELECT id, {columns} FROM {survey.whole} WHERE deleted_at IS NULL{where}"
    end = 2 + len(survey.about)
    return {
        row[0]: {
            "title": str(row[1] or ""),
            "about": tuple(str(one or "") for one in row[2:end]),
            "is_out": any(value == out for value, out in zip(row[end:], survey.without.values(), strict=True)),
        }
        for row in map(tuple, db.execute(sql, scope.params if scope else ()))
    }


def _said(engine: Engine, definition: Definition, name: str) -> str:
    """A field in SQL; a reference by its title."""
    one = definition.fields[name]
    if not isinstance(one, Ref):
        return f'"{name}"'
    title = engine.definition(one.target).module.title
    return f'(SELECT r."{title}" FROM {one.target} r WHERE r.id = {definition.name}."{name}")'


def _titles(engine: Engine, db: sqlite3.Connection, module: str) -> dict[str, str]:
    title = engine.definition(module).module.title
    return {row[0]: str(row[1] or "") for row in db.execute(f'SELECT id, "{title}" FROM {module}')}


def _sums(
    db: sqlite3.Connection, ledger: Ledger, survey: Survey, wanted: Wanted, merged: Collection[str]
) -> dict[tuple[str, str | None], Columns]:
    part = f'"{survey.part}"' if wanted.by_part else "NULL"
    if wanted.on:
        names, source = survey.sums[:1], Sql(f"{ledger.moves} WHERE book_on <= ?", (wanted.on,))
        amounts = f'COALESCE(sum("{survey.amount}"), 0)'
    else:
        names, source = survey.sums, Sql(f"{survey.balance} WHERE 1")
        amounts = ", ".join(f'COALESCE(sum("{name}"), 0)' for name in names)
    sql = f"SELECT {_meant(survey, merged)}, {part}, {amounts} FROM {source.text} AND deleted_at IS NULL GROUP BY 1, 2"
    found = map(tuple, db.execute(sql, source.params))
    return {(str(row[0]), row[1]): dict(zip(names, row[2:], strict=True)) for row in found}


def _meant(survey: Survey, merged: Collection[str]) -> str:
    """The record that a row is about."""
    return aliases.meant(merged, f'"{survey.whole}"') if merged else f'"{survey.whole}"'


def _limits(
    db: sqlite3.Connection, survey: Survey, wanted: Wanted, merged: Collection[str]
) -> dict[tuple[str, str | None], tuple[int | None, int | None]]:  # fmt: skip
    """Those of a place are its own: what the company wants of a thing in all says nothing about one place."""
    low, high = (f'"{name}"' for name in survey.limits)
    key = f'{_meant(survey, merged)}, "{survey.part}"' if wanted.by_part else "id, NULL"
    own = f'"{survey.whole}" = {_meant(survey, merged)}, ' if wanted.by_part and merged else ""
    module = survey.part_limits if wanted.by_part else survey.whole
    sql = (
        f"SELECT {key}, {low}, {high} FROM {module} "
        f"WHERE deleted_at IS NULL AND ({low} IS NOT NULL OR {high} IS NOT NULL) ORDER BY {own}updated_at, id"
    )
    return {(str(row[0]), row[1]): (row[2], row[3]) for row in map(tuple, db.execute(sql))}


# ------------------------------------------------------------------------------------------------------ paper and files

_QUANTITY = Quantity("数量")


def _table(
    engine: Engine, survey: Survey, rows: Sequence[Mapping[str, Any]], wanted: Wanted
) -> tuple[list[str], list[str]]:  # fmt: skip
    """Heads, and the names of the figures."""
    definition = engine.definition(survey.whole)
    names = _names(survey, wanted)
    place = [engine.definition(survey.part).module.label] if wanted.by_part else []
    words = [definition.fields[name].label for name in survey.about]
    title = definition.fields[definition.module.title].label
    return [*words, title, *place, *(survey.heads[name] for name in names), "状态"], names


def _words(row: Mapping[str, Any], wanted: Wanted) -> list[str]:
    return [*row["about"], row["title"], *([row["place"]] if wanted.by_part else [])]


def print_survey(
    engine: Engine, principal: Principal, balance: str, wanted: Wanted, sheet: paper.Sheet, target: Path,
    told: paper.Told,
) -> tuple[int, int]:  # fmt: skip
    """Writes it to a PDF file, which appears whole or not at all; returns (rows, pages)."""
    demand(principal, "print", engine.definition(balance))
    survey, (rows, _) = declared(engine, balance), _every(engine, principal, balance, wanted)
    heads, names = _table(engine, survey, rows, wanted)
    words = len(heads) - len(names) - 1
    widths = [*[100] * len(survey.about), 150, 70]
    columns = [paper.Column(label, "left", width) for label, width in zip(heads[:words], widths, strict=False)]
    columns += [paper.Column(label, "right", 66) for label in heads[words:-1]] + [paper.Column(heads[-1], "left", 48)]
    cells = [
        [*_words(row, wanted), *(_shown(row[name]) for name in names), survey.conditions[row["condition"]]]
        for row in rows
    ]
    known, parts = _totals(survey, names, rows)
    sums = [_shown(known.get(name)) for name in names]
    told_apart = "；".join(f"{survey.heads[name]}：{said}" for name, said in parts.items())
    total = f"合计（{told_apart}）" if parts else "合计"
    with tempfile.TemporaryDirectory(prefix=".ecms-", dir=target.parent) as work:
        partial = Path(work) / target.name
        pages = paper.write(partial, sheet, columns, cells, [total, *[""] * (words - 1), *sums, ""], told)
        partial.replace(target)
    return len(rows), pages


def _shown(amount: int | None) -> str:
    return "" if amount is None else _QUANTITY.format(amount, {})


def export(engine: Engine, principal: Principal, balance: str, wanted: Wanted, target: Path) -> int:
    """Writes it to an xlsx file; returns how many rows there are."""
    demand(principal, "export", engine.definition(balance))
    survey, (rows, _) = declared(engine, balance), _every(engine, principal, balance, wanted)
    heads, names = _table(engine, survey, rows, wanted)
    words = len(heads) - len(names) - 1
    cells: list[list[object]] = [
        [*_words(row, wanted), *(_exact(row[name]) for name in names), survey.conditions[row["condition"]]]
        for row in rows
    ]
    write_table(target, heads, iter(cells), [*["@"] * words, *["#,##0.00##"] * len(names), "@"])
    return len(rows)


def _exact(amount: int | None) -> Decimal | None:
    return None if amount is None else Decimal(amount).scaleb(-4)
