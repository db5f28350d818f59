"""Labels of records, and of the lines of a document that name some: what stands on them, under the rights of whoever
prints them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import BadRequest, Invalid, NotFound
from . import label_paper
from . import query as q
from .access import Principal, demand
from .define import Labelled, Tag
from .documents.verbs import asking_for, document_of, opened
from .engine import Engine
from .export import SLICE_ROWS, chosen_rows
from .label_paper import Labels, Size
from .registry import Definition
from .rows import fetch

LABELS_MAX = 5_000
"""Beyond them a print is a mistake."""
COPIES_MAX = 999


@dataclass(frozen=True)
class Wanted:
    """`price`: the field whose price stands on labels, blank: none. `copies`: of each, None: as many as a line says."""

    size: Size
    on_sheets: bool = False
    price: str = ""
    company: str = ""
    copies: int | None = 1


@dataclass(frozen=True)
class Made:
    """Labels ready to be put on paper. `note` is what whoever looks at them should know."""

    labels: Labels
    note: str

    @property
    def count(self) -> int:
        return sum(copies for _, copies in self.labels.tags)

    def write(self, target: Path, told: Callable[[int], None]) -> tuple[int, int]:
        """Returns (labels, pages)."""
        return self.count, label_paper.write(target, self.labels, told)


def of_records(engine: Engine, principal: Principal, module: str, query: q.Query, wanted: Wanted) -> Made:
    """The labels of the records of a list."""
    definition, labelled = _labelled(engine, principal, module, wanted)
    demand(principal, "print", definition)
    with engine.db.read() as db:
        numbers = chosen_rows(engine, db, principal, module, query)
        if len(numbers) > LABELS_MAX:
            raise _too_many(len(numbers))
        asking = asking_for(engine, db, principal)
        slices = (numbers[start : start + SLICE_ROWS] for start in range(0, len(numbers), SLICE_ROWS))
        rows = [row for some in slices for row in fetch(db, engine.registry, definition, some, principal)]
        copies = 1 if wanted.copies is None else wanted.copies
        return _made(definition, wanted, [(labelled.tag(row, {}, wanted.price, asking), copies) for row in rows])


def of_document(engine: Engine, principal: Principal, module: str, id: str, wanted: Wanted) -> Made:
    """The labels of what the lines of a document name, as many as they say or so many of each."""
    header, document, _ = document_of(engine, module)
    if document.find is None or not document.labels:
        raise NotFound("这种单据没有标签")
    demand(principal, "print", header)
    definition, labelled = _labelled(engine, principal, document.find.module, wanted)
    lines, field = opened(engine, principal, module, id)["lines"], document.find.field
    found = []
    with engine.db.read() as db:
        asking = asking_for(engine, db, principal)
        for line in lines:
            row = asking.look(definition.name, str(line[field]))
            copies = labelled.copies(line, asking)
            if row and copies:
                tag = labelled.tag(row, line, wanted.price, asking)
                found.append((tag, copies if wanted.copies is None else wanted.copies))
    return _made(definition, wanted, found)


def _labelled(engine: Engine, principal: Principal, module: str, wanted: Wanted) -> tuple[Definition, Labelled]:
    """What is declared of labels; raises for a price that the user does not see."""
    definition = engine.definition(module)
    labelled = definition.module.labels
    if labelled is None:
        raise NotFound(f"「{definition.module.label}」没有标签")
    if wanted.price:
        one = q.visible_field(definition, principal, wanted.price, "price")
        if wanted.price not in labelled.prices.split() or not principal.may("view", module):
            raise Invalid({"price": f"「{one.label}」不能印在标签上"})
    return definition, labelled


def _made(definition: Definition, wanted: Wanted, tags: list[tuple[Tag, int]]) -> Made:
    count = sum(copies for _, copies in tags)
    if not count:
        raise BadRequest(f"没有可以打标签的{definition.module.noun}")
    if count > LABELS_MAX:
        raise _too_many(count)
    title = f"{definition.module.noun}标签"
    made = Labels(title, wanted.size, tags, wanted.on_sheets, wanted.company)
    return Made(made, _note([tag.code for tag, _ in tags if label_paper.too_long(wanted.size, tag.code)]))


def _too_many(count: int) -> BadRequest:
    return BadRequest(f"这次有 {count:,} 张标签，一次最多 {LABELS_MAX:,} 张，请分几次打印")


def _note(codes: list[str]) -> str:
    """What could not be drawn as bars."""
    if not codes:
        return ""
    named = "、".join(dict.fromkeys(codes[:3])) + ("等" if len(codes) > 3 else "")
    return f"{named} 太长，或不是数字和字母，印不成条码，只印了字。可以换大一点的标签。"
