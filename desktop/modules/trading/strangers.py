"""Lines that come from papers of another party than the sheet's: such a sheet cannot be posted (T16, S3, Q1)."""

from collections.abc import Iterator

from ...engine.documents.declare import Asking, Hint, Sheet
from .carried import linked, links
from .same import is_same

_CALLED = {"customer": "客户", "supplier": "供货单位"}
_NAMED = 3


def not_of_party(paper: str, party: str) -> str:
    """Why a line is refused, and what to do."""
    called = _CALLED[party]
    return f"{paper} 不是这个{called}的：请换回原来的{called}，或删掉这一行"


def stranger_hints(party: str, lines: str, sheet: Sheet, asking: Asking) -> Iterator[Hint]:
    """The same at the box of the party, as soon as another one is chosen."""
    now, found = sheet.header.get(party), dict[str, tuple[set[str], set[int]]]()
    for place, line in enumerate(sheet.lines) if now else ():
        for name, row in linked(line, lines, asking):
            paper = asking.look(links(lines)[name].removesuffix("_line"), str(row["document"]))
            if paper and not is_same(asking, party, paper[party], now):
                numbers, places = found.setdefault(str(paper[party]), (set(), set()))
                numbers.add(str(paper["number"]))
                places.add(place)
    called = _CALLED[party]
    for id, (numbers, places) in found.items():
        whose = asking.look(party, id)
        name = f"「{whose['name']}」" if whose else f"原来的{called}"
        few = "、".join(sorted(numbers)[:_NAMED]) + (" 等" if len(numbers) > _NAMED else "")
        text = f"有 {len(places)} 行出自{name}的 {few}：请换回去，或删掉这些行"
        yield Hint(text, party, level="warn")
