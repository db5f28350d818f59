"""What the totals of a list count, and with which sign: one rule for lists, their tally and print.

Of documents and their lines only what is posted counts: a draft is nothing yet, and what was cancelled nothing any
more. A field says by its `sum_signs` which kinds count back or not at all (a list of one kind alone shows its plain
total), and by `sum_within` which rows must not be added up: their total is told value by value.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from .fields import Enum, Field, Signs
from .registry import Definition, sum_key

PARTS_MAX = 8
"""So many parts are told, of the rest only how many there are."""
NO_OPTIONS: Mapping[str, str] = {}
_POSTED = "posted"
_PART = "："
"""Parts the name of a field from its totals value by value."""


def signs_of(definition: Definition, name: str, *, plain: bool = False) -> Signs | None:
    return None if plain else definition.fields[name].sum_signs


def expression(definition: Definition, name: str, table: str = "", *, plain: bool = False) -> str:
    """What a row adds to a total, as SQL; `plain` without regard to its kind."""
    where = f"{table}." if table else ""
    value, signs = f'{where}"{name}"', signs_of(definition, name, plain=plain)
    if signs:
        whens = " ".join(f"WHEN '{kind}' THEN {sign}" for kind, sign in signs.signs.items())
        value = f'{value} * CASE {where}"{signs.by}" {whens} ELSE 1 END'
    return f"CASE WHEN {where}\"state\" = '{_POSTED}' THEN {value} END" if definition.posts else value


def counts(definition: Definition, row: Mapping[str, Any]) -> bool:
    """Whether a row adds to totals at all."""
    return not definition.posts or row["state"] == _POSTED


def amount(definition: Definition, name: str, row: Mapping[str, Any], *, plain: bool = False) -> int:
    """The same of a row."""
    if not row[name] or not counts(definition, row):
        return 0
    signs = signs_of(definition, name, plain=plain)
    return int(row[name]) * (signs.of(row[signs.by]) if signs else 1)


def added(definition: Definition, rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, int]]:
    """Where the tally keeps the amounts of rows that are alike in all that they hang on, as far as they are not 0."""
    first = rows[0]
    for name in definition.kept_sums if counts(definition, first) else ():
        total, signs = sum(filter(None, map(itemgetter(name), rows))), signs_of(definition, name)
        if total and (by := total * (signs.of(first[signs.by]) if signs else 1)):
            yield key(definition, name, first), by


def key(definition: Definition, name: str, row: Mapping[str, Any]) -> str:
    """Where the tally keeps it."""
    within = definition.fields[name].sum_within
    return part_key(name, row[within]) if within else sum_key(name)


def part_key(name: str, value: Any) -> str:
    return f"{sum_key(name)}:{value or ''}"


def span(definition: Definition, name: str) -> tuple[str, str]:
    """The keys of a total in the tally: from the first to the last, both included."""
    if not definition.fields[name].sum_within:
        return sum_key(name), sum_key(name)
    return part_key(name, ""), part_key(name, _LAST)


_LAST = chr(0x10FFFF)


def value_of(definition: Definition, name: str, key: str) -> str:
    """What the rows of a key in the tally are alike in."""
    return key.removeprefix(part_key(name, "")) if definition.fields[name].sum_within else ""


def _options(definition: Definition, name: str) -> Mapping[str, str]:
    """The values there may be, and their words; none of a text, which says itself what it means."""
    one = definition.fields[name]
    return one.options if isinstance(one, Enum) else {}


def told(
    definition: Definition, found: Mapping[str, Mapping[str, int]], plain: Iterable[str] = ()
) -> tuple[dict[str, int], dict[str, list[str]]]:
    """Totals, and in words what each of them counts. `found` has the amounts by field and by the value that its rows
    have to be alike in ("" where they need not); those in `plain` are without signs."""
    sums: dict[str, int] = {}
    words: dict[str, list[str]] = {}
    for name, by_value in found.items():
        within = definition.fields[name].sum_within
        parts = {value: by for value, by in by_value.items() if by or not within}
        if len(parts) < 2:
            sums[name] = sum(parts.values())
        words[name] = [*_rule(definition, name, name in plain), *(_parts(definition, name, parts) if within else ())]
    for name in found:
        words[name] += _left_out(definition, name, sums)
    return sums, words


def _left_out(definition: Definition, name: str, sums: Mapping[str, int]) -> Iterator[str]:
    one = definition.fields[name]
    if sums.get(one.sum_but):
        but = definition.fields[one.sum_but]
        yield f"{one.label}不含{but.label} {but.format(sums[one.sum_but], {})}"


def _rule(definition: Definition, name: str, plain: bool) -> Iterator[str]:
    if definition.posts:
        yield "只算已过账的"
    signs = signs_of(definition, name, plain=plain)
    if signs:
        yield signs.words


def _parts(definition: Definition, name: str, parts: Mapping[str, int]) -> Iterator[str]:
    one = definition.fields[name]
    options = _options(definition, one.sum_within)
    if len(parts) == 1:
        yield from (f"都是{options[value]}" for value in parts if value in options)
    elif len(parts) > 1:
        yield f"{one.label}：{_amounts(definition, name, parts)}"


def _amounts(definition: Definition, name: str, parts: Mapping[str, int]) -> str:
    one = definition.fields[name]
    return in_parts(one, parts, _options(definition, one.sum_within))


def in_parts(one: Field, parts: Mapping[str, int], options: Mapping[str, str] = NO_OPTIONS) -> str:
    """Totals of a field value by value, in words."""
    said = [(options.get(value) or (not options and value) or "其他", by) for value, by in _ordered(options, parts)]
    more = f" 等 {len(said)} 种" if len(said) > PARTS_MAX else ""
    return "，".join(f"{words} {one.format(by, {})}" for words, by in said[:PARTS_MAX]) + more


def joined(words: Iterable[Sequence[str]]) -> str:
    """What some totals count, each word once: rules, then parts."""
    every = dict.fromkeys(word for some in words for word in some)
    rules = [word for word in every if _PART not in word]
    parts = [word for word in every if _PART in word]
    return "，".join([*rules, *(["；".join(parts)] if parts else [])])


def apart(definition: Definition, name: str, rows: Iterable[Mapping[str, Any]]) -> str:
    """The totals of the rows of one document value by value; "" where they are one total."""
    parts: dict[str, int] = {}
    within = definition.fields[name].sum_within
    for row in rows if within else ():
        if row[name]:
            value = str(row[within] or "")
            parts[value] = parts.get(value, 0) + int(row[name])
    return _amounts(definition, name, parts) if len(parts) > 1 else ""


def _ordered(options: Mapping[str, str], parts: Mapping[str, int]) -> Sequence[tuple[str, int]]:
    order = [*options, *(value for value in parts if value not in options)]
    return [(value, parts[value]) for value in order if value in parts]


class Adder:
    """Totals over rows that are met one after the other."""

    def __init__(self, definition: Definition, names: Iterable[str]) -> None:
        self._definition, self._names = definition, list(names)
        self._signed: dict[str, dict[str, int]] = {name: {} for name in self._names}
        self._plain: dict[str, dict[str, int]] = {name: {} for name in self._names}
        self._kinds: dict[str, set[Any]] = {name: set() for name in self._names}

    def add(self, row: Mapping[str, Any]) -> None:
        for name in self._names:
            one, by = self._definition.fields[name], self._signed[name]
            value = str(row[one.sum_within] or "") if one.sum_within else ""
            by[value] = by.get(value, 0) + amount(self._definition, name, row)
            if one.sum_signs:
                plain = self._plain[name]
                plain[value] = plain.get(value, 0) + amount(self._definition, name, row, plain=True)
                self._kinds[name].add(row[one.sum_signs.by])

    def told(self) -> tuple[dict[str, int], dict[str, list[str]]]:
        plain = {name for name in self._names if self._is_plain(name)}
        found = {name: self._plain[name] if name in plain else self._signed[name] for name in self._names}
        return told(self._definition, {name: dict(sorted(by.items())) or {"": 0} for name, by in found.items()}, plain)

    def _is_plain(self, name: str) -> bool:
        signs, kinds = self._definition.fields[name].sum_signs, self._kinds[name]
        return signs is not None and len(kinds) == 1 and all(map(signs.stands_alone, kinds))
