"""The declarations as the screens need them, after rights: what GET /api/modules answers."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any

from . import flaws, trails
from .access import Principal, actions, compares, is_narrowed
from .define import Only, Tab, Trail
from .documents.declare import APPROVAL, SAVE_POSTS, WAITING, Document, Print, books_nothing
from .documents.papers import PAPERS
from .documents.templates import MARK, Layout, Template, kept, print_named, shipped
from .engine import Engine
from .fields import Field, NewestDay, OfFirstChild, PriceBeside, RateAgainst, TallyOf
from .form import FORMATS
from .imports import most
from .registry import Definition, targets_of
from .saving import default_of
from .settings import Settings, settings_of
from .text import initials, pinyin


def modules(engine: Engine, principal: Principal) -> dict[str, Any]:
    """{chapters, modules}. Modules the user may not view are left out; chapters without a module too."""
    shown = [definition for definition in engine.registry if actions(principal, definition)]
    used = {definition.module.chapter for definition in shown if definition.module.menu}
    with engine.db.read() as db:
        settings = settings_of(db)
        approving = frozenset(_approving(engine, db, settings))
        known = _Known(settings, kept(engine, db, principal), approving, cache(lambda: tuple(principal.colleagues())))
        described = [_module(engine, principal, definition, known) for definition in shown]
    return {
        "chapters": [
            {
                "name": chapter.name,
                "label": chapter.label,
                "icon": chapter.icon,
                "sections": [{"label": label, "modules": names.split()} for label, names in chapter.sections.items()],
            }
            for chapter in engine.registry.chapters
            if chapter.name in used
        ],
        "modules": described,
    }


@dataclass(frozen=True)
class _Known:
    """What the company decided about documents."""

    settings: Settings
    templates: list[Template]
    approving: frozenset[str]
    """Those that need approval, or are still waiting for it."""
    colleagues: Callable[[], tuple[Principal, ...]]
    """Who else may sign in; asked once, where it matters."""


def _approving(engine: Engine, db: sqlite3.Connection, settings: Settings) -> Iterator[str]:
    for name in engine.registry.approvals:
        sql = f"SELECT 1 FROM {name} WHERE approval = ? AND deleted_at IS NULL LIMIT 1"
        if engine.registry.needs_approval(name, settings) or db.execute(sql, (WAITING,)).fetchone():
            yield name


def _decides_own(principal: Principal, definition: Definition, known: _Known) -> bool:
    """Whether nobody else could approve what this user submits."""
    if definition.name not in known.approving or "approve" not in actions(principal, definition):
        return False
    return not any("approve" in actions(other, definition) for other in known.colleagues())


def _fields(definition: Definition, known: _Known) -> Iterator[tuple[str, Field]]:
    """What a module has to show: nothing of approval where nobody asks for it."""
    is_free = definition.module.document is not None and definition.name not in known.approving
    for name, one in definition.fields.items():
        yield name, replace(one, hidden=True) if is_free and name in APPROVAL else one


def _columns(definition: Definition, known: _Known) -> Iterator[str]:
    """Approval stands beside the state."""
    for name in definition.list_columns:
        yield name
        if name == "state" and definition.name in known.approving:
            yield "approval"


_SUMMED = (NewestDay, PriceBeside, RateAgainst, TallyOf)
"""Fields that say what rows of another module come to: a list is read anew when one of those changes."""


def _module(engine: Engine, principal: Principal, definition: Definition, known: _Known) -> dict[str, Any]:
    visible = {name: one for name, one in _fields(definition, known) if principal.sees(one)}
    return {
        **_itself(definition),
        "narrowed": is_narrowed(engine.registry, definition, principal),
        "shown_of": sorted({one.table for one in visible.values() if isinstance(one, _SUMMED)}),
        **_listed(engine, principal, definition, visible, known),
        **_opened(engine, principal, definition, visible, known),
        **_around(engine, principal, definition),
    }


def _itself(definition: Definition) -> dict[str, Any]:
    """What is the same for everybody."""
    module, parent = definition.module, definition.module.parent
    is_tree = parent is not None and definition.name in targets_of(definition.fields[parent])
    return {
        "name": module.name,
        "label": module.label,
        "names": [_name(word) for word in (module.label, *module.also.split())],
        "noun": module.noun,
        "chapter": module.chapter,
        "icon": module.icon,
        "in_menu": module.menu,
        "title": module.title,
        "when": module.when,
        "parent_field": parent if is_tree else None,
        "single": module.single,
        "fixed": module.fixed,
        "help": module.help,
        "page": module.page,
        "pictured": module.pictured,
        "emblems": [{"role": one.role, "label": one.label} for one in module.emblems],
        "local": module.local,
        "import_rows": most.rows_of(definition),
        "panes": [{"name": name, "label": label} for name, label in module.panes.items()],
        "shortcuts": [vars(one) for one in module.shortcuts],
        "only": _only(module.only) if module.only else None,
    }


def _name(word: str) -> dict[str, str]:
    """What something is looked for by, and as it is typed without a Chinese keyboard."""
    return {"text": word, "pinyin": pinyin(word).replace(" ", ""), "initials": initials(word)}


def _only(one: Only) -> dict[str, Any]:
    """By which field, and field → of which kinds."""
    fields: dict[str, list[str]] = {}
    for kind, names in one.fields.items():
        for name in names.split():
            fields.setdefault(name, []).append(kind)
    return {"by": one.by, "fields": fields}


def _listed(
    engine: Engine, principal: Principal, definition: Definition, visible: dict[str, Field], known: _Known
) -> dict[str, Any]:
    """What its list needs."""
    module = definition.module
    return {
        "marked": _marked(engine, definition, visible),
        "columns": [name for name in _columns(definition, known) if name in visible],
        "quick": [name for name in definition.quick if compares(principal, definition, definition.fields[name])],
        "default_show": "month" if module.log else "all",
        "sort": module.sort or module.title,
        "tree": _tree(definition),
        "opens": _OPENS if module.name in engine.registry.ledgers else None,
        "drills": _drills(engine, principal, definition),
        "flaws": [{"name": one.name, "label": one.label} for one in flaws.of(definition, principal)],
        "aside": asdict(module.aside) if module.aside and module.aside.field in visible else None,
    }


def _opened(
    engine: Engine, principal: Principal, definition: Definition, visible: dict[str, Field], known: _Known
) -> dict[str, Any]:
    """What the dialog of a record needs, and what may be done with it."""
    module, may = definition.module, actions(principal, definition)
    return {
        "fields": [_field(engine, principal, definition, name, one) for name, one in visible.items()],
        "tabs": [_tab(tab, visible) for tab in module.tabs],
        "rights": may,
        "mergeable": module.mergeable and principal.has("merge") and "edit" in may,
        "retire": module.retire if module.retire in visible else None,
        "alike": _alike(definition, visible),
        "adjusts": [name for name in module.adjusts.split() if name in visible],
        "adjusts_from": [name for name in f"{module.adjusts} {module.adjusts_from}".split() if name in visible],
        "labels": _labels(principal, definition, visible, known.settings),
        "document": _document(engine, principal, definition, visible, known),
    }


def _around(engine: Engine, principal: Principal, definition: Definition) -> dict[str, Any]:
    """What hangs on its records, and what is told of them elsewhere."""
    return {
        "related": [
            {
                "name": f"{one.module}-{one.field}",
                "label": one.label,
                "module": one.module,
                "field": one.field,
                "preset": dict(one.preset),
            }
            for one in definition.module.related
            if principal.may("view", one.module)
        ],
        "files": any(one.cascades and one.definition.module.hangs for one in definition.incoming),
        "statement": _statement(engine, principal, definition),
        "survey": _survey(engine, principal, definition),
        "trails": [_trail(one) for one in trails.of_module(definition, principal, engine)],
    }


def _trail(one: Trail) -> dict[str, Any]:
    heads = [{"name": name, "label": label} for name, label in one.heads.items()]
    return {
        "name": one.name,
        "label": one.label,
        "heads": heads,
        "shown": {s.module: dict(s.shown) for s in one.strands},
    }


def _marked(engine: Engine, definition: Definition, visible: Mapping[str, Field]) -> str | None:
    """The field that names a document, of a list of documents or of their lines: beside it lists say which do not
    count, for the state itself often stands off the screen."""
    owners = (one for one in engine.registry.documents if engine.registry.documents[one].lines == definition.name)
    owner = definition.name if definition.module.document else next(owners, None)
    title = engine.registry[owner].module.title if owner else None
    return title if title in visible and "state" in visible else None


def _labels(
    principal: Principal, definition: Definition, visible: dict[str, Field], settings: Settings
) -> dict[str, Any] | None:
    """The prices that may stand on labels of its records, and what a list of prices says beside them."""
    labelled = definition.module.labels
    if labelled is None or not principal.may("print", definition.name):
        return None
    prices, listed = ([n for n in names.split() if n in visible] for names in (labelled.prices, labelled.listed))
    return {"prices": _named(visible, prices), "listed": listed, "until": settings[labelled.until]}


def _line_labels(engine: Engine, principal: Principal, document: Document) -> dict[str, Any] | None:
    """The same for labels of what the lines of a document name."""
    target = engine.registry[document.find.module] if document.find and document.labels else None
    if target is None or target.module.labels is None:
        return None
    seen = {name: one for name, one in target.fields.items() if principal.sees(one)}
    names = target.module.labels.prices.split() if principal.may("view", target.name) else []
    return {"prices": _named(seen, [name for name in names if name in seen]), "listed": [], "until": None}


def _named(fields: Mapping[str, Field], names: Sequence[str]) -> list[dict[str, str]]:
    return [{"name": name, "label": fields[name].label} for name in names]


_OPENS = {"module": "module", "record": "document", "line": "line"}
"""Which of its columns name what an entry comes from."""


def _drills(engine: Engine, principal: Principal, definition: Definition) -> dict[str, Any] | None:
    """The entries behind a balance: their module, and by which of its columns they are found."""
    for name, ledger in engine.registry.ledgers.items():
        for balance in ledger.balances:
            if balance.module == definition.name and principal.may("view", name):
                return {"module": name, "by": [key for key in balance.keys if key in definition.fields]}
    return None


def _survey(engine: Engine, principal: Principal, definition: Definition) -> dict[str, Any] | None:
    """What its balances are looked at by, all records together."""
    for ledger in engine.registry.ledgers.values():
        one = ledger.survey
        if one and one.balance == definition.name and principal.may("view", one.whole):
            parts = {"whole": engine.registry[one.whole].module.noun, "part": engine.registry[one.part].module.noun}
            rights = {name: principal.may(name, definition.name) for name in ("print", "export")}
            return {"label": one.label, "record": one.whole, **parts, **rights}
    return None


def _statement(engine: Engine, principal: Principal, definition: Definition) -> dict[str, Any] | None:
    """The statement of account that its rows have: they are parties, or `by` names the fields that point at one."""
    for moves, ledger in engine.registry.ledgers.items():
        one = ledger.statement
        parties = [name for name in one.sides if principal.may("view", name)] if one else []
        entries = engine.registry[moves]
        if (
            one is None
            or not parties
            or not principal.may("view", moves)
            or not principal.sees(entries.fields[one.amount])
        ):
            continue
        rights = {"print": principal.may("print", moves), "export": principal.may("export", moves)}
        if definition.name == one.balances or definition.name in parties:
            by = parties if definition.name == one.balances else []
            return {"label": one.label, "entries": moves, "by": by, **rights}
    return None


def _document(
    engine: Engine, principal: Principal, definition: Definition, visible: dict[str, Field], known: _Known
) -> dict[str, Any] | None:
    document, prints = definition.module.document, principal.may("print", definition.name)
    if document is None:
        return None
    made = [one for one in known.templates if prints and document.prints and one.module == definition.name]
    return {
        "lines": document.lines,
        "kind": document.kind,
        "entry": dict(document.entry),
        "only": {name: kinds.split() for name, kinds in document.only.items() if name in visible},
        "line_only": {name: kinds.split() for name, kinds in document.line_only.items()},
        "needs": {name: kinds.split() for name, kinds in document.needs.items() if name in visible},
        "holds": {name: list(by) for name, by in document.holds.items() if name in visible},
        "nouns": dict(document.nouns),
        "imports": document.imports.help if document.imports else "",
        "imports_label": document.imports.label if document.imports else "",
        "called": {kind: dict(labels) for kind, labels in document.called.items()},
        "turned": {kind: dict(labels) for kind, labels in document.turned.items()},
        "line_called": {kind: dict(labels) for kind, labels in document.line_called.items()},
        "copied": document.copied.split(),
        "line_columns": document.line_columns.split(),
        "foot": [name for name in document.foot.split() if name in visible],
        "spelled": next((one.spelled.field for one in document.prints if one.spelled), None),
        "after": document.after.split(),
        "fixed": document.fixed.split(),
        "finds": document.find is not None,
        "books": document.moves is not books_nothing,
        "sources": [
            {
                "name": one.name,
                "label": one.label,
                "module": one.module,
                "kinds": list(one.kinds),
                "whole": one.whole,
                "none": one.none,
            }
            for one in document.sources
            if one.label
        ],
        # what leads on stands before what begins anew
        "turns": sorted(_turns(engine, principal, definition.name), key=lambda one: one["module"] == definition.name),
        "labels": _line_labels(engine, principal, document) if prints else None,
        "prints": [_print(engine, principal, document, one, shipped(one)) for one in document.prints if prints]
        + [_by_template(engine, principal, document, one) for one in made],
        "actions": ["post", "cancel", "copy"],
        "save_posts": known.settings[SAVE_POSTS],
        "approval": engine.registry.needs_approval(definition.name, known.settings),
        "awaits": definition.name in known.approving,
        "own": _decides_own(principal, definition, known),
    }


def _turns(engine: Engine, principal: Principal, name: str) -> Iterator[dict[str, Any]]:
    """What can be made of such a document: the sheets that it fills."""
    for module, document in engine.registry.documents.items():
        target = engine.registry[module]
        for one in document.sources if "add" in actions(principal, target) else ():
            if one.module == name and one.turns:
                preset = {document.kind: one.kinds[0]} if document.kind and one.kinds else {}
                yield {
                    "module": module, "source": one.name, "label": one.turns, "kinds": list(one.turning),
                    "preset": preset,
                }  # fmt: skip


def _print(
    engine: Engine, principal: Principal, document: Document, one: Print, layout: Layout
) -> dict[str, Any]:  # fmt: skip
    """A print, and what whoever prints may want otherwise for once: `options` say how it is laid out."""
    lines = engine.registry.lines_of(document)
    extras = [name for name in one.extras.split() if one.prices and principal.sees(lines.fields[name])]
    columns = {name for name, _ in layout.columns}
    is_sheet = FORMATS[layout.paper].height is not None
    return {
        "name": one.name, "titles": dict(one.titles), "paper": layout.paper, "paper_label": PAPERS[layout.paper],
        "options": {
            "pictures": layout.pictures if one.pictured and is_sheet else None,
            "watermark": layout.watermark if is_sheet else None,
            "extras": [name for name in extras if name in columns],
            "seal": layout.seal if one.sealed is not None and is_sheet else None,
        },
        "extras": _named(lines.fields, extras),
    }  # fmt: skip


def _by_template(engine: Engine, principal: Principal, document: Document, one: Template) -> dict[str, Any]:
    """A template among the prints, by its own name."""
    found = print_named(engine, one.module, one.base)
    base = found[2] if found else document.prints[0]
    about = _print(engine, principal, document, base, one.layout or shipped(base))
    return about | {
        "name": f"{MARK}{one.id}", "titles": dict(base.titles) if found else {}, "template": one.name,
        "is_default": one.is_default,
    }  # fmt: skip


def _alike(definition: Definition, visible: dict[str, Field]) -> list[str]:
    """Fields by which records that may be the same are looked for while somebody types."""
    strong = (alike.fields for alike in definition.module.alike if alike.points >= 50)
    return [name for names in strong for name in names.split() if name in visible]


def _tree(definition: Definition) -> dict[str, str] | None:
    tree = definition.module.tree
    if tree is None:
        return None
    one = definition.fields[tree.field]
    return {"field": tree.field, "module": targets_of(one)[0], "label": one.label, "root": tree.root}


def _tab(tab: Tab, visible: dict[str, Field]) -> dict[str, Any]:
    sections = [("", tab.fields), *((section.label, section.fields) for section in tab.sections)]
    kept = [
        {"label": label, "fields": [name for name in names.split() if name in visible]} for label, names in sections
    ]
    return {"label": tab.label, "sections": [section for section in kept if section["fields"]]}


def _field(engine: Engine, principal: Principal, definition: Definition, name: str, one: Field) -> dict[str, Any]:
    with engine.db.read() as db:
        default = default_of(engine, db, principal, one)
    may_compare = compares(principal, definition, one)
    return free_field(name, one, default=default) | {
        "readonly": one.readonly or not principal.writes(one) or not _may_bear(engine, principal, one),
        "sortable": (one.is_ordered or bool(one.columns(name))) and not one.write_only and may_compare,
        "operators": [op for op in one.operators if may_compare or op in ("empty", "not_empty")],
        "sum_rule": _sum_rule(definition, one),
        **({"unknown": asdict(one.unknown)} if one.unknown else {}),
    }


def _may_bear(engine: Engine, principal: Principal, one: Field) -> bool:
    """Whether the child that keeps what is typed may be made."""
    return not isinstance(one, OfFirstChild) or "add" in actions(principal, engine.registry[one.table])


def _sum_rule(definition: Definition, one: Field) -> dict[str, Any] | None:
    """Which rows the total of what is selected counts, as the total of the list does (see `summing`)."""
    signs = one.sum_signs
    if not one.sum:
        return None
    # what rows show with a minus needs none any more
    left = {kind: sign * signs.shown(kind) for kind, sign in signs.signs.items()} if signs else {}
    about = {"by": signs.by if signs else "", "signs": left}
    return about | {"posted": definition.posts, "within": one.sum_within}


def free_field(name: str, one: Field, *, default: Any = None) -> dict[str, Any]:
    """A field outside of any list: nothing is sorted or filtered by it."""
    return {
        "name": name,
        "label": one.label,
        "initials": initials(one.label),
        "type": one.type,
        "required": one.required,
        "readonly": one.readonly,
        "default": default,
        "help": one.help,
        "sortable": False,
        "sum": one.sum,
        "unique": one.unique,
        "operators": [],
        "width": one.width or max(one.default_width, 12 * len(one.label) + 20),
        "align": one.align,
        "hidden": one.hidden,
    } | one.describe(name)
