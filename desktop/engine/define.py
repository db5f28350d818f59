"""The words a module is declared with. Frozen values; the registry compiles them.

A module is declared once: table, API, list, form, filter, export, history, help and replication follow from it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as made_by
from typing import Any, Literal, Protocol

from sync_server.replication.changeset import Scalar

from .documents.declare import Asking, Columns
from .documents.declare import Balance as Balance
from .documents.declare import Document as Document
from .documents.declare import Ledger as Ledger
from .fields import Field
from .ids import seed_id as seed_id
from .settings import Setting as Setting

Scope = Literal["company", "branch", "department", "owner", "follow", "private"]
"""Who may see a row (modules.md 0.4). `follow` rows are seen with their parent, `private` ones by their author only."""

Right = Literal["view", "add", "edit", "delete", "post", "cancel", "approve", "import", "export", "print"]

VERBS: Mapping[Right, str] = {
    "view": "查看",
    "add": "新增",
    "edit": "修改",
    "delete": "删除",
    "post": "过账",
    "cancel": "作废",
    "approve": "审批",
    "import": "导入",
    "export": "导出",
    "print": "打印",
}
"""What a role may do in a module, in the order people read it."""


class Look(Protocol):
    """Read access for rules, inside the saving transaction."""

    def __call__(self, module: str, id: str) -> Mapping[str, Any] | None:
        """Values of a live record, or None."""


@dataclass(frozen=True)
class Draft:
    """What a rule judges: the record as it was (None when new) and as it would be (None when deleted), as values."""

    module: str
    id: str
    old: Mapping[str, Any] | None
    new: Mapping[str, Any] | None
    look: Look
    find: Callable[[str, Mapping[str, Scalar]], list[dict[str, Any]]]
    """Live records of a module whose columns equal the given ones (2,000 at most), as values."""
    author: str
    """The operator who saves."""
    meant: Callable[[str, str], str] = lambda module, id: id
    """The record of a module that an id means: what was merged means its winner."""
    label: Callable[[str], str] = lambda field: field
    """What the company calls a field of the record."""

    def changes(self, *names: str) -> bool:
        """Whether one of these fields is filled in anew."""
        return self.new is not None and any(self.new.get(name) != (self.old or {}).get(name) for name in names)


@dataclass(frozen=True)
class Fault:
    """A refusal by a rule: at a field, or of the whole record."""

    message: str
    field: str | None = None


Rule = Callable[[Draft], Iterator[Fault]]
"""A pure check on saving (never when applying what others saved)."""


@dataclass(frozen=True)
class Doubt:
    """What may be meant, but more likely is a slip: a person who saves one record is asked, and goes on with one yes to
    all of this `name`."""

    name: str
    message: str


@dataclass(frozen=True)
class Section:
    """A titled part of a form tab."""

    label: str
    fields: str


@dataclass(frozen=True)
class Tab:
    """A tab of the form: names of fields, parted by spaces, and titled sections after them."""

    label: str
    fields: str
    sections: tuple[Section, ...] = ()


@dataclass(frozen=True)
class Related:
    """A pane under the list: rows of `module` whose `field` is the selected record. `preset` are values new rows
    get."""

    label: str
    module: str
    field: str
    preset: Mapping[str, Any] = made_by(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Strand:
    """The lines of one kind of document in a trail: those of list `module` whose `field` is the record, as far as they
    are posted. `shown` says which of its fields stands under which head of the trail; `label` is what a line is where
    no field says so. Who does not see `needs`, or has not the special right `see`, gets none of them."""

    module: str
    field: str
    label: str
    shown: Mapping[str, str]
    needs: str
    see: str | None = None


@dataclass(frozen=True, kw_only=True)
class Trail:
    """A pane under the list: lines of several kinds of documents about the selected record, mixed by the field `when`,
    which all of them have, the newest first. `heads` are its columns: name → label."""

    name: str
    label: str
    when: str
    heads: Mapping[str, str]
    strands: tuple[Strand, ...]


@dataclass(frozen=True)
class Tree:
    """The tree left of the list: `field` points at nodes; `root` is the words of the virtual top node."""

    field: str
    root: str


@dataclass(frozen=True)
class Alike:
    """One ground for taking two records for the same (T28): equal `fields`, compared after `normal`, score `points`.
    Where both say something and nothing of it is equal, `apart` is taken away."""

    fields: str
    points: int
    reason: str
    normal: Callable[[str], str | None]
    apart: int = 0


@dataclass(frozen=True, kw_only=True)
class AlikeBelow:
    """Another ground: two records have a child of `module` with the same `field`."""

    module: str
    field: str
    points: int
    reason: str

    @property
    def key(self) -> str:
        """Under which name the values stand beside a record that is compared."""
        return f"{self.module}.{self.field}"


@dataclass(frozen=True, kw_only=True)
class Act:
    """A button beside a flaw: the list of `module`, narrowed to rows whose fields are as in the row that is flawed
    (`by`: theirs → its), or with `makes` a new record that starts with them. `given` are values of its own. A new
    document with `fills` is filled from the row, by its source of that name."""

    label: str
    module: str
    by: Mapping[str, str] = made_by(default_factory=dict)
    given: Mapping[str, Scalar] = made_by(default_factory=dict)
    makes: bool = False
    fills: str = ""
    only: Mapping[str, Sequence[Scalar]] = made_by(default_factory=dict)
    """Of what rows it is offered: field → values."""


@dataclass(frozen=True, kw_only=True)
class Flaw:
    """What no save lets through and a meeting of machines may leave in a list: found by question, changed by people.

    `when` are conditions as a filter has them, (field, operator, value), which hold together, the one that few rows
    meet first; a value may be a setting, or several values of which one holds. `unless` names a reference and the
    yes/no field of what it names that makes it right. `twice` are fields that another row has alike, the first of them
    filled in, while `apart` tells the two from each other. `strayed` is a field that records which settle it say
    otherwise. `text` says of a row what is wrong, fields in braces; `bare`
    the same for whom does not see all of them; `remedy` what to do.
    """

    name: str
    label: str
    when: tuple[tuple[str, str, Any], ...]
    text: str
    remedy: str
    bare: str = ""
    unless: tuple[str, str] | None = None
    twice: tuple[str, ...] = ()
    apart: str = "id"
    strayed: str = ""
    unlike: str = ""
    """Fields (`Module.merges_alike`) in which a record that was merged is not like the one it was merged into."""
    acts: tuple[Act, ...] = ()


@dataclass(frozen=True)
class Tag:
    """What stands on one label, in words; `code` also as bars. Blank parts are left out."""

    title: str
    below: str = ""
    price: str = ""
    code: str = ""


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """Records that have labels. `prices` are the fields one of which may stand on them; `tag` says what stands on one:
    (record, the line of a document that names it, field of the price or "", what may be looked up); `copies` how many
    labels such a line asks for. `listed` are the fields that stand before prices in a list of prices, which goes by
    the first of them; `until` is the setting that says how long prices hold."""

    prices: str
    listed: str
    until: Setting[str | None]
    tag: Callable[[Mapping[str, Any], Columns, str, Asking], Tag]
    copies: Callable[[Columns, Asking], int]


@dataclass(frozen=True)
class Emblem:
    """A picture among the files of a record that stands for something on papers: its `role` among those of files. With
    `right`, only who has that special right sees it, and papers bear it for him alone or once they were approved."""

    role: str
    label: str
    right: str = ""


@dataclass(frozen=True)
class Aside:
    """Rows that lists leave out until somebody asks for them: those with this value; `label` is what asks."""

    field: str
    value: int
    label: str


@dataclass(frozen=True)
class Only:
    """Fields that only records of some kinds have: `by` names the kind, `fields` are those of each kind."""

    by: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Shortcut:
    """A way into a list that people look for by a name of its own: the rows with this value. Menus name it
    "module:name"."""

    name: str
    label: str
    field: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Module:
    """One declaration. Names of fields in `columns`, `quick` and tabs are parted by spaces.

    `when` is the date behind 数据显示; `log` modules open on the current month. `parent` is the field that points at
    the parent: of a `follow` row its owner, of a tree node the node above. `children` go along when a record is
    deleted.
    `seed` rows ship with the program: their ids follow from `code`, their clocks are zero.
    """

    name: str
    label: str
    noun: str
    fields: Mapping[str, Field]
    title: str
    columns: str
    chapter: str
    icon: str = "file"
    quick: str = ""
    tabs: tuple[Tab, ...] = ()
    related: tuple[Related, ...] = ()
    tree: Tree | None = None
    parent: str | None = None
    when: str | None = None
    log: bool = False
    sought: bool = True
    """Whether anybody looks for its records by words: of those that only rules read there is no index of words."""
    newest_by: str = ""
    """References by which rules find its newest rows (by `when`) one by one, without reading the others."""
    looked_up_by: str = ""
    """Columns by which rules find few of the many rows that one of them alone would give: together they are an index of
    the rows in which the last of them is filled."""
    open_by: str = ""
    """A reference, a day and an amount: rules find the rows of a record whose amount is not zero by this day one by
    one, the earliest first, without reading what is settled."""
    sort: str = ""
    scope: Scope = "company"
    children: str = ""
    rules: tuple[Rule, ...] = ()
    doubts: tuple[Callable[[Draft], Iterator[Doubt]], ...] = ()
    """What is asked before a save. Imports and changes of many at once, where nobody answers, do without."""
    alike: tuple[Alike, ...] = ()
    alike_below: tuple[AlikeBelow, ...] = ()
    seed: tuple[Mapping[str, Any], ...] | Callable[[Sequence["Module"]], Iterable[Mapping[str, Any]]] = ()
    """Rows that ship with the program, or what makes them from all declarations."""
    rights: Mapping[str, str] = made_by(default_factory=dict)
    """What the roles that ship with the program may do here: code of the role → actions, parted by spaces."""
    units: tuple[str, ...] = ()
    """Fields that belong together: each entry names fields that merge as one."""
    retire: str | None = None
    """The yes/no field that takes a record out of use; pickers leave such records out."""
    mergeable: bool = False
    """Whether two of its records that mean the same can be merged (T28)."""
    merges_alike: str = ""
    """Fields in which they have to be alike for that, as people read them; while they are merged they stay so."""
    one_by: str = ""
    """Fields in which two of its records that belong to records merged into one are the same: it is offered and listed
    once."""
    fixed: str | None = None
    """The yes/no field that marks records of the system: they are neither edited nor deleted."""
    context: str = ""
    """Fields shown beside the title in pickers and search."""
    menu: bool = True
    also: str = ""
    """Other words by which people look for it, parted by spaces."""
    search: bool = True
    """Whether the global search covers it."""
    lookup: bool = False
    """Reference data whose titles everybody who is signed in may pick."""
    edit_right: str | None = None
    """Special right that writing needs, beyond the role's actions."""
    view_right: str | None = None
    """Special right without which the module does not exist for a user."""
    found_by: str = ""
    """Children by whose titles search and pickers find the record, too."""
    adjusts: str = ""
    """Prices that may be worked out from others for many records at once."""
    adjusts_from: str = ""
    """Prices they may be worked out from, beside themselves."""
    single: bool = False
    """Exactly one row, which is seeded, edited and never deleted."""
    writable: bool = True
    """False: rows come from the program itself, never from a form."""
    help: str = ""
    position: int = 100
    """Order inside its chapter's menu."""
    page: str = ""
    """The hand-made page that its menu entry opens instead of the list."""

    local: bool = False
    """Its rows follow from others on every machine and are never sent: what a ledger or a projection keeps."""
    document: Document | None = None
    """What makes its records documents with lines, drafts and versions."""
    aside: Aside | None = None
    shortcuts: tuple[Shortcut, ...] = ()
    only: Only | None = None
    panes: Mapping[str, str] = made_by(default_factory=dict)
    """Hand-made panes under the list, beside the related records: name → label."""
    trails: tuple[Trail, ...] = ()
    """Panes under the list with lines of several lists."""
    pictured: bool = False
    """Whether the first picture among its files stands for a record, in its form and where it is chosen."""
    emblems: tuple[Emblem, ...] = ()
    """What pictures among the files of a record may be."""
    labels: Labelled | None = None
    """What stands on labels of its records."""
    flaws: tuple[Flaw, ...] = ()
    """What may stand in it though nobody could have saved it."""
    hangs: bool = False
    """Rows hang on any record of any module that roles give to people: the registry fills in which modules `parent` may
    mean. They are seen with their record and go along when it is deleted."""

    @property
    def is_granted(self) -> bool:
        """Whether roles give it to people: not what is everybody's own or kept by the program itself."""
        return self.scope != "private" and (self.menu or self.writable)


@dataclass(frozen=True)
class Special:
    """A right beyond the actions of a module; `text` says in a sentence what it allows."""

    name: str
    label: str
    text: str
    position: int = 100


@dataclass(frozen=True)
class Chapter:
    """A menu of the main window."""

    name: str
    label: str
    icon: str
    position: int = 100
    sections: Mapping[str, str] = made_by(default_factory=dict)
    """Heading → names of modules and of their shortcuts: how its menu is parted, where it is long."""
