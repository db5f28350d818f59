"""Loads the declarations and compiles them: names resolved, links and shadows worked out, seeds given their ids."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from operator import itemgetter
from typing import Any, TypeVar, cast

from sync_server.replication.changeset import Scalar
from sync_server.replication.merge import Policy, Rules

from . import aliases
from .define import Chapter, Module, Special
from .documents import approval, versions
from .documents.declare import APPROVAL, STATES, Document, Ledger
from .fields import Column, Enum, Field, Mirror, OfFirstChild, Ref, Refs, Signs, Unstored
from .following import KEY, START, Follow, follow_of
from .ids import derived_id, seed_id
from .likeness import key_shadows
from .settings import Setting, Settings

SHARED_SENT = (Column("branch", "TEXT", "branch"), Column("custom", "TEXT", "custom"))
"""Columns every row has and every machine receives."""

_Kind = TypeVar("_Kind", "Definition", Module)

PARTS = ("owner", "department", "branch")
"""The columns that data scopes look at."""

SHARED_LOCAL = (
    Column("created_at", "TEXT", ""),
    Column("created_by", "TEXT", ""),
    Column("updated_at", "TEXT", ""),
    Column("updated_by", "TEXT", ""),
    Column("machine", "TEXT", ""),
    Column("deleted_at", "TEXT", ""),
    Column("via", "TEXT", ""),
)
"""Columns every machine derives from the changesets: they follow the newest change and are never a conflict."""


@dataclass(frozen=True)
class Incoming:
    """A reference to a module: field `field` of `definition`."""

    definition: "Definition"
    field: str
    ref: Ref | Refs
    cascades: bool


@dataclass(frozen=True)
class Definition:
    """A compiled module. What the declaration says in words stands here as tuples and tables."""

    module: Module
    columns: tuple[Column, ...]
    kept: tuple[Column, ...]
    """Columns that are worked out here and never sent."""
    shadows: Mapping[str, tuple[str, Callable[[Any], Scalar]]]
    """Local column → (field it comes from, function)."""
    list_columns: tuple[str, ...]
    quick: tuple[str, ...]
    searched: tuple[str, ...]
    """Fields in the full-text index, in its order; `initials` comes after them."""
    links: Mapping[str, "Link"]
    units: frozenset[str]
    policies: Mapping[str, Policy]
    ranks: Mapping[str, Mapping[Scalar, int]]
    incoming: list[Incoming] = field(default_factory=list, compare=False)
    imported: dict[str, Field] = field(default_factory=dict, compare=False)
    """Of a document that is imported: the fields of its header and its lines that a file may hold."""
    gathered: list[str] = field(default_factory=list, compare=False)
    """Columns by which all rows of one document are gathered, deleted ones too."""
    followed: list[Follow] = field(default_factory=list, compare=False)
    """How its rows follow their parents, if they do so by columns of their own."""

    @property
    def follow(self) -> Follow | None:
        return self.followed[0] if self.followed else None

    @property
    def name(self) -> str:
        return self.module.name

    @property
    def fields(self) -> Mapping[str, Field]:
        return self.module.fields

    def noun_of(self, row: Mapping[str, Any]) -> str:
        """What one record is called: a document by its kind."""
        document = self.module.document
        kind = str(row.get(document.kind)) if document and document.kind else ""
        return document.nouns.get(kind, self.module.noun) if document else self.module.noun

    @cached_property
    def shown_signs(self) -> Mapping[str, Signs]:
        """Fields whose amounts lists show with a minus where they count back."""
        found = {name: one.sum_signs for name, one in self.fields.items() if one.sum_signs}
        return {name: signs for name, signs in found.items() if signs.is_shown}

    @cached_property
    def column_names(self) -> tuple[str, ...]:
        """Columns that changesets may set."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def kept_names(self) -> tuple[str, ...]:
        """Columns that are worked out here."""
        return tuple(column.name for column in self.kept)

    @cached_property
    def all_names(self) -> tuple[str, ...]:
        """All columns with values of fields."""
        return self.column_names + self.kept_names

    @cached_property
    def blank(self) -> Mapping[str, None]:
        """A row with nothing in it."""
        return dict.fromkeys(self.all_names)

    @cached_property
    def blank_sent(self) -> Mapping[str, None]:
        """The columns that changesets may set, with nothing in them."""
        return dict.fromkeys(self.column_names)

    @cached_property
    def sent_of(self) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
        """Takes the columns that changesets may set out of a row, and what took it along when it was deleted."""
        return itemgetter(*self.column_names, "via")

    @cached_property
    def held_by(self) -> tuple[str, str, Mapping[str, str]] | None:
        """Of what hangs on records of many modules: the columns with the id and the kind of the record, and the module
        of each kind."""
        parent = self.fields.get(self.module.parent or "") if self.module.hangs else None
        by = parent.target_by if isinstance(parent, Ref) else None
        return (self.module.parent or "", *by) if by else None

    @cached_property
    def unit_of(self) -> Mapping[str, str]:
        return {column.name: column.unit for column in self.columns}

    @cached_property
    def rules(self) -> Rules:
        """How rows merge."""
        return Rules(self.unit_of, self.policies, self.ranks)

    @cached_property
    def inserted(self) -> tuple[str, ...]:
        """The columns of a whole row."""
        beside = self.follow.columns if self.follow else ()
        return (*_LOCAL_NAMES, *self.all_names, "pinyin", *self.shadows, *beside)

    @cached_property
    def _of_kinds(self) -> dict[tuple[type, ...], tuple[str, ...]]:
        return {}

    def names_of(self, *kinds: type) -> tuple[str, ...]:
        """The fields of some kinds."""
        if kinds not in self._of_kinds:
            self._of_kinds[kinds] = tuple(name for name, one in self.fields.items() if isinstance(one, kinds))
        return self._of_kinds[kinds]

    @cached_property
    def loaded_alike(self) -> tuple[str, ...]:
        """Fields whose value is what stands in the column of their name."""
        return tuple(name for name, one in self.fields.items() if type(one).load is Field.load)

    @cached_property
    def loaded_apart(self) -> tuple[str, ...]:
        """The other fields."""
        return tuple(name for name, one in self.fields.items() if type(one).load is not Field.load)

    @cached_property
    def stored_alike(self) -> tuple[str, ...]:
        """Fields whose value stands in one column of their name as it is."""
        return tuple(name for name, one in self.fields.items() if type(one).store is Field.store)

    @cached_property
    def sent_alike(self) -> tuple[str, ...]:
        """Those of them that travel."""
        return tuple(name for name in self.stored_alike if name in self.unit_of)

    @cached_property
    def sent_apart(self) -> tuple[str, ...]:
        """The same of the other fields that have columns."""
        return tuple(name for name in self.stored_apart if self.fields[name].columns(name)[0].name in self.unit_of)

    @cached_property
    def covered(self) -> frozenset[str]:
        """Columns that versions speak of: those of fields, without what is edited freely after posting."""
        document = self.module.document
        after = (*document.after.split(), *APPROVAL) if document else ()
        fields = ((name, one) for name, one in self.fields.items() if name not in after)
        return frozenset(column.name for name, one in fields for column in one.columns(name))

    @cached_property
    def uncovered(self) -> tuple[str, ...]:
        """The other columns that are sent."""
        return tuple(name for name in self.column_names if name not in self.covered)

    @cached_property
    def checked(self) -> tuple[str, ...]:
        """The fields of which anything is asked when a record is saved."""
        kinds = self.names_of(Ref, Refs, OfFirstChild)
        return tuple(name for name, one in self.fields.items() if one.required or one.stays_once or name in kinds)

    @cached_property
    def stored_apart(self) -> tuple[str, ...]:
        """The other fields that have columns."""
        fields = ((name, one) for name, one in self.fields.items() if one.columns(name))
        return tuple(name for name, one in fields if type(one).store is not Field.store)

    @cached_property
    def picked_by(self) -> frozenset[str]:
        """Fields by which references narrow their candidates here, and the parent."""
        named = {column for one in self.incoming if isinstance(one.ref, Ref) for column in _narrowing(one.ref)}
        return frozenset(named | ({self.module.parent} if self.module.parent else set()))

    @cached_property
    def search_columns(self) -> tuple[str, ...]:
        """Columns whose words stand in the full-text index."""
        names = dict.fromkeys((*self.searched, self.module.title)) if self.searched else ()
        return tuple(column.name for name in names for column in self.fields[name].columns(name))

    @cached_property
    def derived_from(self) -> frozenset[str]:
        """Columns that pinyin and shadows follow from."""
        names = (self.module.title, *(name for name, _ in self.shadows.values()))
        return frozenset(column.name for name in names for column in self.fields[name].columns(name))

    @cached_property
    def hanging(self) -> Mapping[str, tuple[str, ...]]:
        """Fields whose value fits only one value of others: a mirror its parent, a reference what it depends on."""
        found: dict[str, tuple[str, ...]] = {}
        for name, one in self.fields.items():
            if isinstance(one, Mirror):
                found[name] = (one.parent,)
            elif isinstance(one, Ref) and one.depends:
                found[name] = tuple(source for source in one.depends.values() if source != "id")
        return found

    @cached_property
    def sums(self) -> tuple[str, ...]:
        return tuple(name for name, one in self.fields.items() if one.sum)

    @cached_property
    def posts(self) -> bool:
        """Whether rows count once they are posted: documents and their lines."""
        state = self.fields.get("state")
        return isinstance(state, Enum) and state.options == STATES

    @cached_property
    def kept_sums(self) -> tuple[str, ...]:
        """Those that the tally keeps: not by what another record says, which may change by itself."""
        return tuple(
            name for name in self.sums if not isinstance(self.fields.get(self.fields[name].sum_within), Unstored)
        )

    @cached_property
    def counted_by(self) -> tuple[str, ...]:
        """Columns that the tally of a row follows from."""
        return tuple(dict.fromkeys((*self.kept_sums, *self.placed_by)))

    @cached_property
    def placed_by(self) -> tuple[str, ...]:
        """Those of them that say where, and whether, the tally counts it."""
        fields = [self.fields[name] for name in self.kept_sums]
        kinds = [by for one in fields for by in (one.sum_within, one.sum_signs.by if one.sum_signs else "")]
        found = (self.tallied or "", *self.parted, *kinds, "state" if self.posts else "")
        return tuple(dict.fromkeys(filter(None, found)))

    @cached_property
    def tallied(self) -> str | None:
        """The field whose values are counted all the time: the tree's."""
        return self.module.tree.field if self.module.tree else None

    @cached_property
    def parts(self) -> Mapping[str, str]:
        """Owner, department and branch → the column that says which, as far as the data scope of a user can narrow a
        list to them."""
        if self.follow:
            return {column.removeprefix(START): column for column in self.follow.columns}
        if self.module.scope not in ("owner", "department", "branch"):
            return {}
        return {name: name for name in PARTS if name in self.all_names}

    @cached_property
    def parted(self) -> tuple[str, ...]:
        """Columns by whose values rows are counted apart."""
        return tuple(self.parts.values())

    @property
    def is_placed(self) -> bool:
        """Whether the groups of its tree are narrowed by what a user may see."""
        return bool(self.tallied and self.parted)

    @property
    def keeps_own(self) -> bool:
        """Whether everybody's own rows stand together in the orders of lists: not so of entries, which nobody lists by
        their owner."""
        scope = self.follow.scope if self.follow else self.module.scope
        return scope == "owner" and not self.module.local

    @property
    def own_by(self) -> str:
        """The column that says whose a row is."""
        return KEY if self.follow else "owner"

    @cached_property
    def own_orders(self) -> Mapping[str, str]:
        """Columns in whose order everybody's own rows stand together → the name of that index."""
        newest = self.sort_index.get(self.module.when or "")
        orders = {"pinyin": "own_by_title"} | ({newest: "own_by_when"} if newest else {})
        return orders if self.keeps_own else {}

    @cached_property
    def sort_index(self) -> Mapping[str, str]:
        """Fields that a list can sort by from an index → the indexed expression."""
        title = self.module.title
        indexed = {
            name: one.sort_column(name)
            for name, one in self.fields.items()
            if one.index and len(one.columns(name)) == 1
        }
        return indexed | {title: "pinyin"}


_LOCAL_NAMES = ("row", "id", "rev", *(column.name for column in SHARED_LOCAL))
"""Columns that every table has beside those of its fields."""


def _narrowing(ref: Ref) -> set[str]:
    return {*ref.where, *ref.depends}


@cache
def sum_key(name: str) -> str:
    """Under which a summed field stands in the tally, beside counts by value and "*" for all rows."""
    return f"sum:{name}"


@dataclass(frozen=True)
class Link:
    """The link table of a `refs` field: rows (record, target), one per element, ids derived from both."""

    name: str
    owner: str
    field: str
    target: str

    columns = (Column("record", "TEXT", "link"), Column("target", "TEXT", "link"))
    column_names = ("record", "target")
    all_names = column_names
    blank = blank_sent = dict.fromkeys(column_names)
    sent_of = itemgetter(*column_names, "via")
    rules = Rules({"record": "record", "target": "target"}, {"record": "set", "target": "set"}, is_link=True)

    inserted = (*_LOCAL_NAMES, *column_names)

    def id_of(self, record: str, target: str) -> str:
        return derived_id(f"{self.name}:{record}", target)


class Registry:
    """All modules of the program, compiled. Raises nothing: `check.problems` lists what is wrong."""

    def __init__(
        self,
        chapters: Iterable[Chapter],
        modules: Iterable[Module],
        specials: Iterable[Special] = (),
        ledgers: Sequence[Ledger] = (),
        settings: Iterable[Setting[Any]] = (),
    ) -> None:
        self.root: Registry = self
        """The one that this was copied from: what does not hang on names is the same there."""
        self.chapters = tuple(chapters)
        declared, specials, settings = tuple(modules), tuple(specials), tuple(settings)
        self.modules = _hung(declared + aliases.modules_of(declared) + versions.modules_of(declared))
        self.ledgers = {ledger.moves: ledger for ledger in ledgers}
        self.balances = {balance.module: balance for ledger in ledgers for balance in ledger.balances}
        self.documents = {module.name: module.document for module in declared if module.document}
        self.document_of = {one.lines: (name, one.parent) for name, one in self.documents.items() if one.lines}
        """Tables of lines → the module of their header, and their column that points at it."""
        self.annexes = frozenset(annex.module for one in self.documents.values() for annex in one.annexes)
        self.veiled = frozenset((*self.documents, *self.document_of))
        """Tables whose rows may show something else than what was merged."""
        self.mergeable = tuple(module.name for module in declared if module.mergeable)
        self.approvals = approval.settings_of(declared)
        """Document → the setting that says whether it needs approval."""
        every = sorted((*settings, *self.approvals.values()), key=lambda one: (one.position, one.key))
        self.settings = {one.key: one for one in every}
        self.specials = {special.name: special for special in specials}
        self.definitions: dict[str, Definition] = {module.name: _compile(module) for module in self.modules}
        self.view_rights = {module.name: module.view_right for module in self.modules if module.view_right}
        """Module → the special right without which nobody sees it."""
        self.sent = {name: one for name, one in self.definitions.items() if not one.module.local}
        """The modules whose rows travel."""
        self.links: dict[str, Link] = {
            link.name: link for definition in self.definitions.values() for link in definition.links.values()
        }
        self._resolve_incoming()
        self._resolve_gathered()
        self._resolve_imported()
        self._resolve_followed()

    @cached_property
    def guarding(self) -> frozenset[str]:
        """The settings that say whether fields ask for a right."""
        return frozenset(one.edit_if for definition in self for one in definition.fields.values() if one.edit_if)

    def own(self) -> "Registry":
        """The same for one workstation, whose company has names of its own. What was worked out stays known."""
        _ = self.fingerprint, self._seeds, self.order, self._namable
        mine = copy(self)
        mine.definitions = {name: _own(one) for name, one in self.definitions.items()}
        mine.sent = {name: mine.definitions[name] for name in self.sent}
        for name, one in mine.definitions.items():
            known = self.definitions[name].incoming
            one.incoming.extend(
                Incoming(mine.definitions[each.definition.name], each.field, each.ref, each.cascades) for each in known
            )
        return mine

    def call(self, settings: Settings) -> None:
        """Fields and options get the names that the company gave them."""
        keys = {key for fields in self._namable.values() for one in fields.values() for key in one.namers}
        names = {key: settings[self.settings[key]].split(",") for key in keys}
        for module, fields in self._namable.items():
            called = {name: one.named(names) for name, one in fields.items()}
            cast(dict[str, Field], self.definitions[module].fields).update(called)

    @cached_property
    def _namable(self) -> Mapping[str, Mapping[str, Field]]:
        """The fields that a company may call otherwise, as they are declared, by module."""
        found = {one.name: {name: field for name, field in one.fields.items() if field.namers} for one in self}
        return {module: fields for module, fields in found.items() if fields}

    def __getitem__(self, name: str) -> Definition:
        return self.definitions[name]

    def __contains__(self, name: str) -> bool:
        return name in self.definitions

    def __iter__(self) -> Iterator[Definition]:
        return iter(self.definitions.values())

    def needs_approval(self, document: str, settings: Settings) -> bool:
        """Whether a kind of document is approved before it counts, as the company decided."""
        setting = self.approvals.get(document)
        return setting is not None and settings[setting]

    def lines_of(self, document: Document) -> Definition:
        """The lines of a document; of one that has none, a module that keeps nothing."""
        return self.definitions[document.lines] if document.lines else NO_LINES

    def left_out(self, of: str) -> tuple[tuple[str, str], ...]:
        """(field, value) of records that a reference, "module.field" of lines, is never to."""
        module, _, name = of.partition(".")
        documents = (one.module.document for one in self)
        finders = (one.find for one in documents if one and one.lines == module)
        return next((one.without for one in finders if one and one.field == name), ())

    def _resolve_incoming(self) -> None:
        for definition in self:
            if definition.name in (aliases.TABLE, aliases.PAIRS):
                continue  # who merged a record does not refer to it as others do
            for name, one in definition.fields.items():
                for target in targets_of(one):
                    if target in self.definitions:
                        children = self.definitions[target].module.children.split()
                        cascades = definition.name in children and name == definition.module.parent
                        self.definitions[target].incoming.append(Incoming(definition, name, one, cascades))  # type: ignore[arg-type]

    def _resolve_gathered(self) -> None:
        of_documents = ((name, parent) for name, (_, parent) in self.document_of.items())
        beside = ((name, "document") for name in (*self.annexes, *self.ledgers, versions.TABLE))
        standing = ((name, one.header[1]) for name, one in self.balances.items() if one.header)
        telling = ((name, one.about) for name, one in self.ledgers.items() if one.about)
        for name, column in (*of_documents, *beside, *standing, *telling):
            if name in self.definitions:
                self.definitions[name].gathered.append(column)

    def _resolve_followed(self) -> None:
        for definition in self:
            above = definition.fields.get(definition.module.parent or "parent")
            follow = follow_of(definition, self.definitions, targets_of(above)) if above else None
            if follow:
                definition.followed.append(follow)

    @cached_property
    def followers(self) -> Mapping[str, tuple[str, ...]]:
        """Module → those whose rows follow its rows by columns of their own."""
        found: dict[str, tuple[str, ...]] = {}
        for definition in self:
            if definition.follow:
                above = definition.follow.narrow
                found[above] = (*found.get(above, ()), definition.name)
        return found

    def _resolve_imported(self) -> None:
        for name, document in self.documents.items():
            about, definition = document.imports, self.definitions[name]
            if about:
                of_lines = self.definitions[document.lines].fields if document.lines else {}
                fields = {one: definition.fields[one] for one in about.header.split()}
                fields |= {one: of_lines[one] for one in about.lines.split()}
                blank = {one: replace(fields[one], required=False) for one in about.optional.split()}
                definition.imported.update(fields | blank)

    def seeds(self, definition: Definition) -> tuple[Mapping[str, Any], ...]:
        """Rows that ship with the program, as values with their `id`; references are written `@module:code`."""
        return self._seeds[definition.name]

    @cached_property
    def _seeds(self) -> dict[str, tuple[Mapping[str, Any], ...]]:
        return {definition.name: tuple(self._resolved_seeds(definition)) for definition in self}

    def _resolved_seeds(self, definition: Definition) -> Iterator[Mapping[str, Any]]:
        for row in self.seed_rows(definition):
            values = {key: _resolve_seed(value) for key, value in row.items() if key != "seed"}
            yield {"id": seed_id(definition.name, row["seed"]), **values}

    def seed_rows(self, definition: Definition) -> tuple[Mapping[str, Any], ...]:
        """Seed rows as they are declared, those that follow from other declarations included."""
        seed = definition.module.seed
        return tuple(seed(self.modules)) if callable(seed) else seed

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The modules, parents before what points at them: so seeds and demonstration data can be inserted."""
        done: dict[str, None] = {}

        def visit(definition: Definition, path: tuple[str, ...]) -> None:
            if definition.name in done or definition.name in path:
                return
            for one in definition.fields.values():
                for target in targets_of(one):
                    if target in self and not getattr(one, "loose", False):
                        visit(self[target], (*path, definition.name))
            done[definition.name] = None

        for definition in self:
            visit(definition, ())
        return tuple(done)

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever what tables and derived columns look like changes."""
        parts = [repr((d.name, d.columns, d.kept, sorted(d.shadows), d.searched, sorted(d.links))) for d in self]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _hung(modules: tuple[Module, ...]) -> tuple[Module, ...]:
    """What hangs on any record learns which modules there are, and they learn what goes along with their records."""
    hanging = " ".join(module.name for module in modules if module.hangs)
    holders = {
        module.name: module.label for module in modules if module.is_granted and module.writable and not module.hangs
    }
    if not hanging:
        return modules
    return tuple(
        _hanging(module, holders)
        if module.hangs
        else replace(module, children=f"{module.children} {hanging}".strip())
        if module.name in holders
        else module
        for module in modules
    )


def _hanging(module: Module, holders: Mapping[str, str]) -> Module:
    name = module.parent or "parent"
    parent = module.fields[name]
    assert isinstance(parent, Ref) and parent.target_by, "what hangs needs a parent of many kinds"
    kind = parent.target_by[0]
    fields = dict(module.fields)
    fields[name] = replace(parent, target_by=(kind, {holder: holder for holder in holders}))
    fields[kind] = replace(fields[kind], options=dict(holders))  # type: ignore[call-arg]
    return replace(module, fields=fields)


def _resolve_seed(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("@"):
        table, _, code = value[1:].partition(":")
        return seed_id(table, code)
    if isinstance(value, list):
        return [_resolve_seed(item) for item in value]
    return value


def targets_of(one: Field) -> tuple[str, ...]:
    """Modules a field points at; nothing for fields that are no references."""
    if isinstance(one, Ref):
        return one.targets()
    return (one.target,) if isinstance(one, Refs) else ()


def _compile(module: Module) -> Definition:
    units = module.units + ((approval.UNIT,) if module.document and "approval" in module.fields else ())
    together = {name: "+".join(entry.split()) for entry in units for name in entry.split()}
    columns = _columns(module, together, is_kept=False)
    if not module.local:
        columns += [column for column in SHARED_SENT if column.name not in module.fields]
    links = {
        name: Link(f"{module.name}_{name}", module.name, name, one.target)
        for name, one in module.fields.items()
        if isinstance(one, Refs)
    }
    shadows = {
        column: (name, function)
        for name, one in module.fields.items()
        for column, function in one.shadows(name).items()
    }
    shadows |= key_shadows(module, shadows)
    searched = tuple(
        name
        for name, one in (module.fields.items() if module.sought else ())
        if name == module.title
        or one.search
        or (name in module.quick.split() and "contains" in one.operators and one.columns(name) and not targets_of(one))
    )
    policies = {together.get(name, name): one.merge for name, one in module.fields.items()}
    ranks: dict[str, Mapping[Scalar, int]] = {
        together.get(name, name): {value: one.ranks.get(value, rank) for rank, value in enumerate(one.options)}
        for name, one in module.fields.items()
        if isinstance(one, Enum) and one.merge == "rank"
    }
    return Definition(
        module=replace(module, fields=dict(module.fields)),  # a company may call them otherwise
        columns=tuple(columns),
        kept=tuple(_columns(module, together, is_kept=True)),
        shadows=shadows,
        list_columns=tuple(module.columns.split()),
        quick=tuple(module.quick.split()),
        searched=searched,
        links=links,
        units=frozenset(column.unit for column in columns),
        policies=policies,
        ranks=ranks,
    )


def _own(compiled: Definition) -> Definition:
    """A copy whose fields may be called otherwise, and with nothing yet that refers to it."""
    module = _alike(compiled.module, fields=dict(compiled.fields))
    return _alike(compiled, module=module, incoming=[], imported=dict(compiled.imported))


def _alike(one: _Kind, **changed: object) -> _Kind:
    """A copy, with what was worked out of it. A start makes more than a hundred: `copy()` takes ten times as long."""
    made = object.__new__(type(one))
    vars(made).update(vars(one), **changed)
    return made


def _columns(module: Module, together: Mapping[str, str], *, is_kept: bool) -> list[Column]:
    return [
        Column(column.name, column.sql_type, together.get(name, column.unit))
        for name, one in module.fields.items()
        if (module.local or one.calc) is is_kept
        for column in one.columns(name)
    ]


NO_LINES = _compile(Module(name="", label="", noun="", fields={}, title="", columns="", chapter="", local=True))
