"""Start-up checks of the declarations: every problem at once, each with an id.

M001 a name is not snake_case           M006 a sort field cannot be sorted
M002 an unknown field is named          M007 a reference points at an unknown module
M003 the title is not a text field      M008 a tree or parent field is not a reference to a module of nodes
M004 a field stands on two form tabs    M009 the scope lacks its fields
M005 `when` is not a date               M010 a seed row is wrong
M011 the chapter is unknown             M012 a name is reserved
M013 a related tab names no reference   M014 a label is missing
M015 an unknown right is named           M016 the default of a setting is not one of its values
M017 a setting lists no such names       M018 a total goes by what is no choice of values
M019 the sections of a chapter do not part its menu
M020 a field stays once there is what never refers to its record
M021 a strand of a trail is no list of lines, or has not what it shows
M022 a shortcut leads to a value that no record can have
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from . import flaws
from .define import VERBS
from .fields import Date, DateTime, Enum, Field, FieldError, Ref, Text, TextThrough, Words
from .registry import SHARED_LOCAL, SHARED_SENT, Definition, Registry, targets_of

_RESERVED = frozenset(column.name for column in SHARED_LOCAL + SHARED_SENT) | {
    "id",
    "row",
    "rev",
    "pinyin",
    "custom",
}
_OPEN_RESERVED = frozenset(("branch",))
"""Shared columns that a module may declare itself."""


@dataclass(frozen=True)
class Problem:
    """One mistake in a declaration."""

    id: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.id} {self.where}: {self.what}"


class DefinitionError(Exception):
    """The declarations contradict themselves; lists every problem."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def check(registry: Registry) -> None:
    """Raises `DefinitionError` with all problems of all modules."""
    found = [problem for definition in registry for problem in problems(registry, definition)]
    if len(registry.definitions) != len(registry.modules):
        found.append(Problem("M001", "modules", "two modules have the same name"))
    found += _settings(registry)
    found += _sections(registry)
    if found:
        raise DefinitionError(found)


def _sections(registry: Registry) -> Iterator[Problem]:
    """A chapter that parts its menu parts all of it."""
    for chapter in registry.chapters:
        named = [name for names in chapter.sections.values() for name in names.split()]
        inside = [one for one in registry if one.module.menu and one.module.chapter == chapter.name]
        shown = [one.name for one in inside]
        shown += [f"{one.name}:{way.name}" for one in inside for way in one.module.shortcuts]
        if named and sorted(named) != sorted(shown):
            odd = ", ".join(sorted({*named} ^ {*shown}))
            yield Problem("M019", chapter.name, f"its sections do not name each module of its menu once: {odd}")


def _settings(registry: Registry) -> Iterator[Problem]:
    for one in registry.settings.values():
        try:
            is_one = one.field.parse(one.default) == one.default
        except FieldError:
            is_one = False
        if not is_one:
            yield Problem("M016", one.key, f"{one.default!r} is not a value of the field")
        if one.stays_once and one.stays_once not in registry.definitions:
            yield Problem("M016", one.key, f"it stays once there is a {one.stays_once}, which is no module")


def problems(registry: Registry, definition: Definition) -> Iterator[Problem]:
    """What is wrong with one module."""
    yield from _names(definition)
    yield from _called(registry, definition)
    yield from _shortcuts(definition)
    yield from _sums(definition)
    yield from _staying(definition)
    yield from _trails(registry, definition)
    yield from _field_lists(definition)
    if definition.module.newest_by and definition.module.when is None:
        yield Problem("M002", f"{definition.name}.newest_by", "no day to be the newest by")
    for where, name in flaws.problems(registry, definition):
        yield Problem("M002", f"{definition.name}.{where}", f"no field {name!r}")
    yield from _references(registry, definition)
    yield from _special_fields(registry, definition)
    yield from _seeds(registry, definition)
    yield from _rights(registry, definition)
    if definition.module.chapter not in {chapter.name for chapter in registry.chapters}:
        yield Problem("M011", definition.name, f"no chapter {definition.module.chapter!r}")


def _names(definition: Definition) -> Iterator[Problem]:
    for name in (definition.name, *definition.fields):
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            yield Problem("M001", definition.name, f"{name!r} is not snake_case")
    for name in definition.fields.keys() & (_RESERVED - _OPEN_RESERVED):
        yield Problem("M012", f"{definition.name}.{name}", "the name is reserved")
    for name, one in definition.fields.items():
        if not one.label:
            yield Problem("M014", f"{definition.name}.{name}", "no label")


def _shortcuts(definition: Definition) -> Iterator[Problem]:
    """A shortcut to a value that no record can have leads nowhere."""
    for way in definition.module.shortcuts:
        one = definition.fields.get(way.field)
        if one is not None and not (isinstance(one, Enum) and way.value in one.options):
            where = f"{definition.name}.shortcut {way.name}"
            yield Problem("M022", where, f"{way.value!r} is no choice of {way.field!r}")


def _sums(definition: Definition) -> Iterator[Problem]:
    """What totals are told by is a choice of values."""
    for name in definition.sums:
        one = definition.fields[name]
        if one.sum_but and one.sum_but not in definition.sums:
            yield Problem("M018", f"{definition.name}.{name}", f"{one.sum_but!r} is not summed")
        within, by = one.sum_within, one.sum_signs.by if one.sum_signs else ""
        is_text = type(definition.fields.get(within)) in (Text, TextThrough)
        for wanted in filter(None, ("" if is_text else within, by)):
            if not isinstance(definition.fields.get(wanted), Enum):
                yield Problem("M018", f"{definition.name}.{name}", f"{wanted!r} is no choice of values")


def _staying(definition: Definition) -> Iterator[Problem]:
    """What settles a field refers to its record."""
    referring = {one.definition.name for one in definition.incoming}
    for name, one in definition.fields.items():
        for module in one.stays_once.split():
            if module not in referring:
                yield Problem("M020", f"{definition.name}.{name}", f"{module} does not refer to it")


def _trails(registry: Registry, definition: Definition) -> Iterator[Problem]:
    for trail in definition.module.trails:
        for one in trail.strands:
            where, lines = f"{definition.name}.{trail.name}", registry.definitions.get(one.module)
            if lines is None or one.module not in registry.document_of:
                yield Problem("M021", where, f"{one.module} are no lines of a document")
                continue
            for name in (one.field, one.needs, trail.when, *one.shown.values()):
                if name not in lines.fields:
                    yield Problem("M021", where, f"no field {one.module}.{name}")
            for head in one.shown.keys() - trail.heads.keys():
                yield Problem("M021", where, f"no head {head!r}")
            if trail.when not in lines.sort_index:
                yield Problem("M021", where, f"{one.module} has no order by {trail.when}")


def _called(registry: Registry, definition: Definition) -> Iterator[Problem]:
    """Settings that name fields are there and list as many names as are asked for."""
    for name, one in definition.fields.items():
        for key in one.namers:
            setting = registry.settings.get(key)
            fits = setting is not None and isinstance(setting.field, Words) and setting.field.count >= _asked(one)
            if not fits:
                yield Problem("M017", f"{definition.name}.{name}", f"{key!r} lists no such names")


def _asked(one: Field) -> int:
    """How many names a field needs of the setting that names it."""
    by_place = one.called[1] + 1 if one.called else 0
    return max(by_place, len(one.options) if isinstance(one, Enum) and one.options_called else 0)


def _named_fields(definition: Definition) -> Iterator[tuple[str, str]]:
    module = definition.module
    lists = {
        "columns": module.columns,
        "quick": module.quick,
        "newest_by": module.newest_by,
        "looked_up_by": module.looked_up_by,
        "open_by": module.open_by,
        "context": module.context,
        "title": module.title,
    }
    lists |= {
        "sort": module.sort.replace("-", "").replace(",", " "),
        "parent": module.parent or "",
        "retire": module.retire or "",
        "fixed": module.fixed or "",
        "merges_alike": module.merges_alike,
        "one_by": module.one_by,
        "adjusts": f"{module.adjusts} {module.adjusts_from}",
    }
    lists["aside"] = module.aside.field if module.aside else ""
    lists |= {f"shortcut {one.name}": one.field for one in module.shortcuts}
    lists["only"] = " ".join([module.only.by, *module.only.fields.values()]) if module.only else ""
    lists |= {f"units[{entry}]": entry for entry in module.units}
    for tab in module.tabs:
        lists[f"tab {tab.label}"] = " ".join((tab.fields, *(section.fields for section in tab.sections)))
    for alike in module.alike:
        lists[f"alike {alike.reason}"] = alike.fields
    for where, names in lists.items():
        for name in names.split():
            yield where, name


def _field_lists(definition: Definition) -> Iterator[Problem]:
    on_tab: dict[str, str] = {}
    for where, name in _named_fields(definition):
        if name not in definition.fields:
            yield Problem("M002", f"{definition.name}.{where}", f"no field {name!r}")
        elif where.startswith("tab "):
            if name in on_tab:
                yield Problem("M004", f"{definition.name}.{name}", f"stands on {on_tab[name]} and {where}")
            on_tab[name] = where
    for name in definition.module.sort.replace("-", "").split(","):
        one = definition.fields.get(name)
        if one is not None and not one.columns(name):
            yield Problem("M006", f"{definition.name}.sort", f"cannot sort by {name!r}")


def _references(registry: Registry, definition: Definition) -> Iterator[Problem]:
    for name, one in definition.fields.items():
        for target in targets_of(one):
            if target not in registry:
                yield Problem("M007", f"{definition.name}.{name}", f"no module {target!r}")
        if isinstance(one, Ref):
            for here in one.copies:
                if here not in definition.fields:
                    yield Problem("M002", f"{definition.name}.{name}.copies", f"no field {here!r}")
            for here in set(one.kept) - set(one.copies):
                yield Problem("M002", f"{definition.name}.{name}.kept", f"{here!r} is not copied")
            if one.target_by and one.target_by[0] not in definition.fields:
                yield Problem("M002", f"{definition.name}.{name}.target_by", f"no field {one.target_by[0]!r}")
    for related in definition.module.related:
        target_field = registry[related.module].fields.get(related.field) if related.module in registry else None
        if target_field is None or definition.name not in targets_of(target_field):
            yield Problem(
                "M013",
                f"{definition.name}.{related.label}",
                f"{related.module}.{related.field} does not point here",
            )
    for child in definition.module.children.split():
        if child not in registry or registry[child].module.parent is None:
            yield Problem("M007", f"{definition.name}.children", f"{child!r} is no module with a parent field")


def _special_fields(registry: Registry, definition: Definition) -> Iterator[Problem]:
    module = definition.module
    title = definition.fields.get(module.title)
    if title is not None and not isinstance(title, Text):
        yield Problem("M003", definition.name, f"the title {module.title!r} is no text")
    if module.when and not isinstance(definition.fields.get(module.when), Date | DateTime):
        yield Problem("M005", definition.name, f"{module.when!r} is no date")
    if module.tree:
        nodes = targets_of(definition.fields[module.tree.field]) if module.tree.field in definition.fields else ()
        if not nodes or nodes[0] not in registry or registry[nodes[0]].module.parent is None:
            yield Problem("M008", definition.name, f"{module.tree.field!r} points at no tree")
    needed = {
        "owner": ("owner", "department"),
        "department": ("department",),
        "follow": (module.parent or "parent",),
    }
    for name in needed.get(module.scope, ()):
        if name not in definition.fields:
            yield Problem("M009", definition.name, f"scope {module.scope} needs the field {name!r}")


def _rights(registry: Registry, definition: Definition) -> Iterator[Problem]:
    module = definition.module
    for role, words in module.rights.items():
        if not set(words.split()) <= VERBS.keys():
            yield Problem("M015", f"{definition.name}.rights", f"{role!r} may do something unknown: {words!r}")
    if any(module.rights.values()) and not module.is_granted:
        yield Problem("M015", f"{definition.name}.rights", "no role can be given what only the program keeps")
    of_fields = (right for one in definition.fields.values() for right in (one.see, one.edit))
    named = {module.edit_right, module.view_right, *of_fields}
    for name, one in definition.fields.items():
        if one.see_module and one.see_module not in registry.definitions:
            yield Problem("M015", f"{definition.name}.{name}", f"no module {one.see_module!r}")
        if one.edit_if and not (one.edit and one.edit_if in registry.settings):
            yield Problem("M015", f"{definition.name}.{name}", "edit_if needs a right and a setting that is there")
    for special in sorted(filter(None, named)):
        if special not in registry.specials:
            yield Problem("M015", definition.name, f"no special right {special!r}")


def _seeds(registry: Registry, definition: Definition) -> Iterator[Problem]:
    rows = registry.seed_rows(definition)
    codes = [row.get("seed") for row in rows]
    if None in codes or len(set(codes)) != len(codes):
        yield Problem("M010", definition.name, "every seed row needs a `seed` code of its own")
    for row in rows:
        for name in row.keys() - definition.fields.keys() - {"seed"}:
            yield Problem("M010", definition.name, f"no field {name!r}")
