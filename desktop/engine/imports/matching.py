"""Which column of a file is which field: by its heading, and by what was chosen for the same headings before."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import BadRequest
from ..access import Principal, demand
from ..engine import Engine
from ..fields import Cell, Field, OfFirstChild, Serial
from ..fields.base import text_of
from ..registry import Definition
from .tables import Flaw, Row

HINT = "※"
"""Begins each cell of the line below the headings of our templates, which tells what to write."""
REASON = "原因"
"""Heading of the column that an error file adds."""
_HEAD_ROWS = 20
_SAMPLES = 3
_SAMPLE_LENGTH = 40


def demand_import(principal: Principal, definition: Definition) -> None:
    """Raises unless this user may import into the module."""
    demand(principal, "import", definition)
    if definition.module.single:
        raise BadRequest(f"「{definition.module.label}」只有一份，请直接修改")


def fields_for(principal: Principal, definition: Definition) -> dict[str, Field]:
    """Fields that a file may fill for this user. A number from a series only says which record is meant."""
    return {
        name: one
        for name, one in (definition.imported or definition.fields).items()
        if principal.sees(one)
        and not one.hidden
        and (not isinstance(one, OfFirstChild) or principal.may("add", one.table))
        and (isinstance(one, Serial) or (not one.readonly and principal.writes(one)))
    }


def keys_for(fields: Mapping[str, Field]) -> list[str]:
    """Fields by which a record that is there already may be recognised, the best first."""
    unique = [name for name, one in fields.items() if one.unique]
    return sorted(unique, key=lambda name: (not isinstance(fields[name], Serial), not fields[name].required))


def plain(head: str) -> str:
    """A heading without marks, brackets and spaces: `客户名称 *`, `客户名称（必填）` and `客户名称` are one."""
    text = unicodedata.normalize("NFKC", head).casefold()
    return re.sub(r"\((?:必填|选填)\)|[\s*:_]", "", text)


def heads_of(cells: Sequence[Cell | Flaw]) -> list[str]:
    """Texts of a heading row, one for each column."""
    return [_shown(cell) for cell in cells]


def _shown(cell: Cell | Flaw) -> str:
    return cell.shown if isinstance(cell, Flaw) else " ".join((text_of(cell) or "").split())


def head_row(rows: Sequence[Row], fields: Mapping[str, Field]) -> int:
    """The row number that the headings most likely stand in: titles and notes may stand above them."""
    labels = {plain(one.label) for one in fields.values()}

    def score(row: Row) -> int:
        return len({plain(head) for head in heads_of(row[1])} & labels)

    best = max(rows[:_HEAD_ROWS], key=score, default=(1, []))
    if score(best):
        return best[0]
    texts = (row for row in rows[:_HEAD_ROWS] if sum(isinstance(cell, str) for cell in row[1]) > 1)
    return next(texts, rows[0] if rows else (1, []))[0]


def proposed(heads: Sequence[str], fields: Mapping[str, Field], known: Mapping[str, str]) -> list[str]:
    """The field for each column, "" for none: what was chosen before, else by heading. No field comes twice. What
    stands under the name of a record's own child (主条码, as lists export it) is what the child keeps."""
    by_label = {plain(one.label): name for name, one in reversed(list(fields.items()))}
    kept = {one.names: name for name, one in fields.items() if isinstance(one, OfFirstChild)}
    by_label |= {plain(fields[names].label): name for names, name in kept.items() if names in fields}
    found: list[str] = []
    for head in heads:
        name = known.get(head, by_label.get(plain(head), ""))
        found.append(name if name in fields and name not in found else "")
    return found


def is_hint(cells: Sequence[Cell | Flaw]) -> bool:
    """Whether a row is the line of hints of a template."""
    texts = [cell for cell in cells if cell is not None]
    return bool(texts) and all(isinstance(cell, str) and cell.startswith(HINT) for cell in texts)


@dataclass(frozen=True)
class Columns:
    """What the page shows of the columns of a file."""

    heads: list[str]
    samples: list[list[str]]
    fields: list[str]

    def public(self) -> list[dict[str, Any]]:
        return [
            {"index": index, "head": head, "samples": self.samples[index], "field": self.fields[index]}
            for index, head in enumerate(self.heads)
        ]


def columns_of(rows: Sequence[Row], head: int, fields: Mapping[str, Field], known: Mapping[str, str]) -> Columns:
    """Headings, some values of each column, and what they are taken for."""
    below = [cells for number, cells in rows if number > head and not is_hint(cells)]
    heads = heads_of(next((cells for number, cells in rows if number == head), []))
    width = max([len(heads), *map(len, below)])
    heads += [""] * (width - len(heads))
    samples = [
        [_shown(cells[place])[:_SAMPLE_LENGTH] for cells in below if place < len(cells) and cells[place] is not None]
        for place in range(width)
    ]
    return Columns(heads, [some[:_SAMPLES] for some in samples], proposed(heads, fields, known))


# ----------------------------------------------------------------- remembered


def _key(module: str, heads: Sequence[str]) -> str:
    own = sorted(head for head in heads if head != REASON)  # a mended error file is the file it came from
    digest = hashlib.sha256(json.dumps(own, ensure_ascii=False).encode()).hexdigest()[:24]
    return f"import:{module}:{digest}"


_MACHINE = ""
"""What is kept for the machine, not for one operator."""


def remembered(engine: Engine, module: str, heads: Sequence[str]) -> dict[str, str]:
    """Heading → field, as chosen the last time for the same headings on this machine."""
    with engine.db.read() as db:
        sql = "SELECT value FROM ui_state WHERE operator = ? AND key = ?"
        row = db.execute(sql, (_MACHINE, _key(module, heads))).fetchone()
    return dict(json.loads(row[0])) if row else {}


def remember(engine: Engine, module: str, heads: Sequence[str], fields: Sequence[str]) -> None:
    chosen = {head: name for head, name in zip(heads, fields, strict=False) if head}
    with engine.db.write() as db:
        db.execute(
            "INSERT OR REPLACE INTO ui_state VALUES (?, ?, ?, strftime('%Y-%m-%dT%H:%M:%fZ'))",
            (_MACHINE, _key(module, heads), json.dumps(chosen, ensure_ascii=False)),
        )
