"""The words a document and its ledgers are declared with (sync.md "Documents", modules.md T20 and 0.5).

Everything a document becomes is worked out by pure functions over its columns: on the machine where it is typed, where
it is shown and where it is booked alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from sync_server.replication.changeset import Scalar

from ..fields import Bool, DateTime, Enum, Field, Int, Ref, Text
from ..ids import derived_id
from ..numbering import NUMBER_DATE as NUMBER_DATE
from ..numbering import NUMBER_FORM as NUMBER_FORM
from ..numbering import SEQ_WIDTH as SEQ_WIDTH
from ..settings import BY_BRANCH as BY_BRANCH
from ..settings import Setting, Settings

if TYPE_CHECKING:
    from ..define import Look
    from ..form import Paper

Columns = dict[str, Scalar]


@dataclass(frozen=True)
class Above:
    """Of a column: more than so much."""

    amount: int


@dataclass(frozen=True)
class Below:
    """Of a column: less than so much."""

    amount: int


Wanted = Scalar | Sequence[str] | Above | Below
"""What a column has to be: a value, one of some texts, or above or below an amount."""

State = Literal["draft", "posted", "cancelled"]
STATES: Mapping[str, str] = {"draft": "草稿", "posted": "已过账", "cancelled": "已作废"}
STATE_TONES: Mapping[str, str] = {"draft": "draft", "posted": "good", "cancelled": "bad"}

SAVE_POSTS = Setting[bool](
    "doc.save_posts",
    Bool("保存时过账", default=True, help="关掉以后，「保存」只留草稿，核对后再按「过账」"),
    "单据",
    10,
    levels=BY_BRANCH,
)
"""T20: whether saving a document posts it."""

WAITING, REJECTED, APPROVED = "waiting", "rejected", "approved"

APPROVAL: Mapping[str, Field] = {
    "approval_round": Int("审批轮次", readonly=True, hidden=True, merge="max"),
    "approval": Enum(
        "审批", {WAITING: "待审批", REJECTED: "已驳回", APPROVED: "已通过"}, readonly=True, index=True, merge="max",
        tones={WAITING: "look", REJECTED: "bad", APPROVED: "good"}, width=86,
    ),
    "submitted_by": Ref("提交人", "operator", readonly=True, loose=True, merge="max"),
    "submitted_at": DateTime("提交时间", readonly=True, merge="max"),
    "approver": Ref("审批人", "operator", readonly=True, loose=True, merge="max"),
    "approved_at": DateTime("审批时间", readonly=True, merge="max"),
    "reject_reason": Text("驳回原因", readonly=True, width=160, merge="max"),
}  # fmt: skip
"""What the header of a document that may need approval has; a blank `approval` needs none, or nobody asked yet."""


@dataclass(frozen=True)
class Sheet:
    """Header and lines as columns, lines in their order."""

    header: Columns
    lines: Sequence[Columns]


@dataclass(frozen=True)
class Typing:
    """A sheet while somebody fills it in, and the cell he left last (`line` None: the header). `was`: what a choice in
    the header was before."""

    sheet: Sheet
    asking: Asking
    line: int | None = None
    field: str | None = None
    was: str | None = None


@dataclass(frozen=True)
class Back:
    """How what lines were changed in by itself is put back: the words of it, the lines, and the fields of them."""

    label: str
    lines: tuple[int, ...]
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Hint:
    """Something worth knowing about a sheet: of a cell, a line or all of it."""

    text: str
    field: str | None = None
    line: int | None = None
    level: Literal["info", "warn"] = "info"
    tells: tuple[str, str] | None = None
    """Module and field that it is read from: nobody is told who may not see that."""
    bare: str = ""
    """What is told instead."""
    until: tuple[str, ...] = ()
    """Fields of its line: it stays said until one of them is changed. Others speak of what was changed last."""
    back: Back | None = None
    """It tells that lines were changed by itself, and stays said until the sheet is saved or they are put back."""


@dataclass(frozen=True)
class Wrong:
    """Why a sheet cannot be posted: at a cell, or all of it. With `ask` it can, once somebody said yes to it."""

    text: str
    field: str | None = None
    line: int | None = None
    ask: str | None = None
    bare: str = ""
    """The same without amounts, for whom sees none."""


@dataclass(frozen=True)
class Asking:
    """What a rule may look up."""

    look: Look
    find: Callable[[str, Mapping[str, Wanted]], list[Columns]]
    """Live rows of a module whose columns are as wanted, all of them, the latest first, as columns. What is not wanted
    is said here, or a shop that has been open for years is read row by row."""
    balance: Callable[[str, Mapping[str, Scalar]], Mapping[str, int]]
    """Balance and keys → its sums."""
    newest: Callable[[str, Mapping[str, Wanted]], Iterator[Columns]] = lambda module, columns: iter(())
    """The same as `find`, the newest first and one by one, of a module that says by what (`newest_by`): the first
    of that is wanted, the others may be left open. Who has what he looks for goes no further."""
    settings: Settings = field(default_factory=Settings)
    version: Callable[[str], str | None] = lambda id: None
    """The version of a document that counts; None of a draft and of one that was cancelled."""
    keeps_books: Callable[[], bool] = lambda: False
    """Whether this machine writes what the books need beside documents (modules.md 0.5)."""
    step: Callable[[int, int], None] = lambda done, total: None
    """What takes long says how much is done, of how much; there it may be stopped, too."""
    foresee_balances: Callable[[str, Sequence[Mapping[str, Scalar]]], None] = lambda balance, keys: None
    """Says which balances will be asked for line by line, all by the same keys: they are looked up at once."""
    foresee_rows: Callable[[str, str, Iterable[str]], None] = lambda module, column, values: None
    """Says which rows will be asked for line by line, by one column alone."""
    meant: Callable[[str, Any], Any] = lambda module, id: id
    """Module and id → the record that is meant, since somebody merged two (T28). What is looked up is found so already;
    what a rule puts together by record itself goes by this."""
    every: Callable[[str, str], Sequence[str]] = lambda module, id: (id,)
    """Module and id → all ids of the record that is meant, its own first."""
    find_ids: Callable[[str, Mapping[str, Wanted]], list[str]] | None = None
    """The ids of what `find` finds, without reading it; None where `find` itself has to be asked."""

    sums: Callable[[str, Mapping[str, Wanted], str, str], Mapping[str, int]] = lambda module, columns, of, by: {}
    """What a column comes to over the live rows that `newest` would go through, by the values of another column:
    (module, wanted, the column, by)."""
    each: Callable[[str, Mapping[str, Wanted]], Iterator[Columns]] = lambda module, columns: iter(())
    """The same as `find`, one by one: who has enough goes no further."""
    earliest: Callable[[str, Mapping[str, Wanted]], Iterator[Columns]] = lambda module, columns: iter(())
    """The same of what is open, the earliest first, of a module that says by what (`open_by`): its reference is
    wanted."""
    me: str | None = None
    """The employee who enters the sheet."""

    def ids(self, module: str, columns: Mapping[str, Wanted]) -> list[str]:
        """The ids of live rows whose columns are as wanted."""
        if self.find_ids:
            return self.find_ids(module, columns)
        return [str(row["id"]) for row in self.find(module, columns)]


@dataclass(frozen=True)
class Posting:
    """What the rules of posting judge. `old` is the version that is changed, `balance` what a ledger holds."""

    id: str
    sheet: Sheet
    old: Sheet | None
    asking: Asking
    """Balances as they are: what the old version booked is in them."""
    moves: Callable[[Sheet], Iterable[Move]]
    """What a version would book."""
    rights: Callable[[str], bool]
    """Whether who posts has a special right."""
    is_blind: bool = False
    """Whether who posts sees no prices: then he has typed none."""


@dataclass(frozen=True)
class Posted:
    """A version that counts, as ledgers book it."""

    module: str
    id: str
    version: str
    sheet: Sheet
    book_on: str
    cancelled_on: str | None
    after: Mapping[str, Any] = field(default_factory=dict)
    """The header as it is now, with what was edited after posting."""
    annexes: Mapping[str, Mapping[str, Columns]] = field(default_factory=dict)
    """Annex module → line → its row for this version."""
    told: Mapping[str, Sequence[Columns]] = field(default_factory=dict)
    """Line → what other documents say of it (`Document.told_by`), as long as this version counts."""
    void: frozenset[str] = frozenset()
    """Lines that count for nothing, because what they rest on is there no more."""

    @property
    def counting(self) -> Posted:
        """The same without such lines."""
        if not self.void:
            return self
        sheet = Sheet(self.sheet.header, [line for line in self.sheet.lines if line["id"] not in self.void])
        annexes = {
            module: {line: row for line, row in rows.items() if line not in self.void}
            for module, rows in self.annexes.items()
        }
        return replace(self, sheet=sheet, annexes=annexes)


@dataclass(frozen=True)
class Move:
    """One entry of a ledger: `role` tells the moves of one line apart."""

    ledger: str
    role: str
    values: Mapping[str, Scalar]
    line: str | None = None
    is_named: bool = False
    """Whether lines of others may rest on it (`Rests`), and name it by its id: that stays what the first version of the
    program made it, UUIDv5."""


@dataclass(frozen=True)
class Feed:
    """By how much the sums of another balance turn."""

    balance: str
    key: tuple[Scalar, ...]
    sums: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Balance:
    """Running sums over the entries of a ledger, in a module that is kept locally.

    `keys` are the columns that one balance is kept for, entries without the last of them are left out; `sums` maps
    amounts of an entry to what the balance calls their sum; `derive` fills further columns from the sums. `header`
    names the two keys that are module and id of a document, whose header shows what its balances say; `of_line` the key
    that is a line of it, which goes along as `line` (empty: it has none any more). `feeds` tells what a change of a
    balance (as it was, as it is; empty: not there) does to the sums of others.
    """

    module: str
    keys: tuple[str, ...]
    sums: Mapping[str, str]
    derive: Callable[[Columns], Columns] = lambda row: {}
    header: tuple[str, str] | None = None
    of_line: str = ""
    fed: tuple[str, ...] = ()
    """Sums that only other balances feed."""
    feeds: Callable[[Columns, Columns], Iterator[Feed]] | None = None
    told_apart: str = ""
    """The sum that whoever merges or splits records among its keys is told before, warned where it falls below zero."""

    @property
    def totals(self) -> tuple[str, ...]:
        """Its sums, by what it calls them."""
        return (*self.sums.values(), *self.fed)


@dataclass(frozen=True)
class StatementSide:
    """What one kind of party has: the kinds of entries that are its debts, and what was paid ahead; and the words for
    both, for what adds to a debt and for what takes from it."""

    owed: str
    ahead: str
    words: tuple[str, str, str, str]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A statement of account over the entries of a ledger: `sides` by the column that points at the party, which is
    called like its module. `by` tells debts from advances, `settles` which document an entry is about, `items` what
    makes one debt, `due` when that is due. `balances` is the module whose rows are a party's balances."""

    label: str
    sides: Mapping[str, StatementSide]
    amount: str
    by: str
    settles: str
    items: tuple[str, ...]
    due: str
    balances: str
    letterhead: Party | None = None
    signs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What there is of every record of a module, in all or place by place, now or at the end of a day. `whole` and
    `part` are the keys of `balance` that point at the record and the place; `sums` are its sums, the first of them is
    what `amount` of an entry adds up to. `limits` are the two limits that a record has for itself, and in `part_limits`
    (a module with the same two keys) for one place. `judge` gives what follows: figures, and `condition`."""

    label: str
    balance: str
    whole: str
    part: str
    amount: str
    sums: tuple[str, ...]
    about: tuple[str, ...]
    """Fields of the record that are shown beside its title."""
    limits: tuple[str, str]
    part_limits: str
    without: Mapping[str, Scalar]
    """Records that have one of these values are left out while there is nothing of them."""
    heads: Mapping[str, str]
    """What follows from the sums, with its words, in the order of columns."""
    summed: tuple[str, ...]
    """Columns whose sum over all rows says something, as far as they are alike in `alike`, one of `about`."""
    alike: str
    conditions: Mapping[str, str]
    judge: Callable[[Columns], Columns]


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """Entries, in a module that is kept locally, and the balances over them."""

    moves: str
    amounts: tuple[str, ...]
    """Columns that a mirror turns round."""
    balances: tuple[Balance, ...]
    about: str = ""
    """A column that names a document, beside `<about>_module`, `<about>_line` and `<about>_version`: what one document
    says of a line of another."""
    revision: int = 1
    """Raised where a later version of the program books otherwise than the words above say; then all is booked anew."""
    statement: Statement | None = None
    survey: Survey | None = None


@dataclass(frozen=True)
class Annex:
    """A replicated module whose rows belong to one version of a document: `document`, `line` and `version` are its
    columns. The keeper of the books writes what `entries` says is missing (modules.md 0.5)."""

    module: str
    entries: Callable[[Posted, Asking], Iterator[tuple[str, Columns]]]
    """(line, columns) for each line of a version that counts."""


@dataclass(frozen=True, kw_only=True)
class Brings:
    """A document of another module that posting makes along (T11), the first time: one, whose id follows from its
    bringer's. `sheet` gives it, of (module, id, first posting); None: there is none. The first posting fixes columns of
    its header for it, which are worked out and never typed: `number`, which is drawn for it, and `link`, which points
    at it. It also keeps `notes`, which `sheet` finds in the header, and nobody else anywhere. `shared` are the fields
    that its stored row repeats, by which it is seen; all else follows from the first posting. `void` is the field of it
    that tells numbers drawn in vain."""

    module: str
    role: str
    sheet: Callable[[str, str, Sheet], Sheet | None]
    number: str
    link: str
    shared: str
    void: str
    notes: Callable[[Posting], Columns] = lambda posting: {}

    def id_of(self, document: str) -> str:
        """The id of what a document brings."""
        return derived_id(document, self.role)

    @property
    def own(self) -> tuple[str, ...]:
        """Columns of the bringing header that its first posting fixes."""
        return (self.number, self.link)


@dataclass(frozen=True, kw_only=True)
class Rests:
    """Lines that rest on an entry which another document booked: those that `lines` says. Where that document counts no
    longer, or `holds` is false of (line, entry), such a line counts for nothing: it books nothing, has no annex, and
    its column `mark` says so. The columns `entry` and `document` of a line name both."""

    ledger: str
    entry: str
    document: str
    mark: str
    lines: Callable[[Columns], bool]
    holds: Callable[[Columns, Columns], bool]


@dataclass(frozen=True)
class Found:
    """A record that a code means, and values that come into the line with it."""

    id: str
    more: Columns = field(default_factory=dict)


@dataclass(frozen=True)
class Choice:
    """A value that somebody may take for the price of a line: `field` of the found record says what it is called and
    who may see it, `label` calls it otherwise; `note` says where it comes from."""

    value: int
    field: str = ""
    label: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Finder:
    """How codes become lines: `exact` gives the records that carry a code, `about` what the chooser shows of one.
    A look at a line shows the rows of `behind` that are about its record: where (`place`), and the fields `shown`."""

    module: str
    field: str
    exact: Callable[[str, Asking], Iterator[Found]]
    about: Callable[[Mapping[str, Any], Mapping[str, str], Found, Asking], dict[str, Any]]
    behind: str = ""
    place: str = ""
    """The field of `behind` that names a place."""
    shown: str = ""
    without: tuple[tuple[str, str], ...] = ()
    """(field, value) of records that no line is about: they are not offered."""
    barred: str = ""
    """What is said of such a one, {title}, where it is all that was looked for."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Documents that a sheet can be filled from: `offers` those that fit a header, `take` the sheet with what one of
    them leaves to do. `kinds` are the kinds of sheets it is for. `turns` is what making such a sheet is called where
    one of them is looked at, which is offered on the kinds in `turning`; the first of `kinds` comes of it. One without
    a label is not offered on the sheet: a button of 账目疑点 fills it."""

    name: str
    label: str
    module: str
    kinds: tuple[str, ...]
    columns: str
    offers: Callable[[Columns, Asking], Iterable[Columns]]
    take: Callable[[Sheet, str, Asking], Sheet]
    turns: str = ""
    turning: tuple[str, ...] = ()
    none: str = ""
    """What is said where there are no such documents, where it is not for want of a party."""
    whole: bool = False
    """It fills the sheet by itself, with all there is, whoever's it is: for those who see all of the company's."""


@dataclass(frozen=True)
class Alike:
    """By which `fields`, of the header or a line, two rows of a spreadsheet say the same, or a row and a document;
    the first of them is filled in. `reason` calls that. A row `once` is there for good: nothing can be added."""

    fields: str
    reason: str
    once: bool = False


@dataclass(frozen=True, kw_only=True)
class Imports:
    """How rows of a spreadsheet become documents: rows that say the same in the fields `header` are the lines of one.
    `given` are values of the header that all of them have; what is `optional` may be left blank in the file, since the
    document fills it in by itself. A row is compared by the first of `alike` whose leading field it has; who wants one
    like another all the same has said yes to the questions `asks`. `help` tells whoever imports; `label` is what is
    imported, where that is only one kind of the documents; `hints` say in the template what to write into a field,
    where that is something else than elsewhere."""

    header: str
    lines: str = ""
    given: Columns = field(default_factory=dict)
    optional: str = ""
    alike: tuple[Alike, ...] = ()
    asks: str = ""
    help: str = ""
    label: str = ""
    hints: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Spelled:
    """An amount of the header that stands in words below the lines; without a label it is the field's."""

    field: str
    words: Callable[[int], str]
    label: str = ""


@dataclass(frozen=True)
class Party:
    """Somebody whose particulars stand on a paper: the record that the header's field `by` points at, or the one row of
    a module. `title` says who that is."""

    title: str
    fields: str
    by: str = ""
    module: str = ""


@dataclass(frozen=True)
class Letterhead:
    """Whose paper it is: the one row of `module`, by the first of `names` that is filled in; `footer` stands below.
    `logo` and `seal` are the roles of its emblems (`Emblem`)."""

    module: str
    names: str
    footer: str = ""
    logo: str = ""
    seal: str = ""


@dataclass(frozen=True, kw_only=True)
class Print:
    """A paper that a document is printed on. Names of fields are parted by spaces; who may not see a field finds
    neither it nor its column.

    `titles` are what stands on top by kind, which also says for which kinds it is ("" where there are none). `head`
    are the rows of header fields, `customer:2` takes twice the room. `sums` stand below the lines, the first of them
    always, the others where they are not 0. Without `prices` no price and no amount is on it. Columns in which nothing
    but blanks or the default stands are left out.
    """

    name: str
    titles: Mapping[str, str]
    paper: Paper
    head: tuple[str, ...]
    letterhead: Letterhead | None = None
    columns: str = ""
    sums: str = ""
    spelled: Spelled | None = None
    prices: bool = True
    notes: str = "note"
    parties: tuple[Party, ...] = ()
    terms: Party | None = None
    """Where the terms are kept: in `fields` of the one row of a module."""
    terms_else: tuple[str, ...] = ()
    """What stands in their place while there are none."""
    signs: tuple[str, ...] = ()
    seals: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    """What header fields are called on this paper, where that differs."""
    machine: str = ""
    """What the machine that drew the number is called, where it is on the paper."""
    extras: str = ""
    """Columns that whoever prints may have beside the others."""
    pictured: str = ""
    """The field of lines that points at what they are about: the first picture of it may stand beside each."""
    logo: bool = False
    qr: bool = False
    """Whether a camera finds the number on it."""
    sealed: int | None = None
    """Which of the places for seals is for the seal of whose paper it is (`Module.emblems`)."""


def books_nothing(posted: Posted) -> Iterable[Move]:
    """What a document moves that is about nothing but itself: an offer."""
    return ()


@dataclass(frozen=True, kw_only=True)
class Document:
    """What makes a module a document. `work_out` gives every column that follows from others; `fill` puts in what
    somebody would else have to type; `judge` says why a sheet cannot be posted; `moves` what a version books."""

    lines: str = ""
    """The module of its lines; "" where the header says it all."""
    parent: str = "document"
    """The field by which lines point at their header."""
    kind: str | None = None
    prefixes: Mapping[str, str]
    """Kind → prefix of the number; "" where there are no kinds."""
    counts: Callable[[Mapping[str, Any]], bool] = lambda line: True
    """Whether a line is kept: a sheet may offer more of them than somebody fills in."""
    may_be_empty: bool = False
    empty: Mapping[str, str] = field(default_factory=dict)
    """What a sheet without lines is told, by kind, where it is not just to enter some."""
    complete: Callable[[Columns, Sequence[Columns], Asking], None] = lambda header, lines, asking: None
    """Puts in what somebody left blank on purpose or for want of a screen, before it is judged and kept."""
    work_out: Callable[[Sheet], Sheet] = lambda sheet: sheet
    totals: Callable[[Sequence[Columns]], Columns] = lambda lines: {}
    """Columns of the header that follow from the lines with their annexes, and with what follows from those."""
    line_totals: Callable[[Columns, Columns], Columns] = lambda header, line: {}
    """Columns of a line that follow from it with its annexes, and from its header."""
    fill: Callable[[Typing], tuple[Sheet, Sequence[Hint]]] = lambda typing: (typing.sheet, ())
    judge: Callable[[Posting], Iterator[Wrong]] = lambda posting: iter(())
    judge_cancel: Callable[[Posting], Iterator[Wrong]] = lambda posting: iter(())
    """The same before it is cancelled: `sheet` has no lines then, `old` is what goes."""
    along: Callable[[Columns, Asking], Iterator[Hint]] = lambda header, asking: iter(())
    """What goes with it when it is cancelled, said to whoever is about to."""
    blank_prices: bool = False
    """Whether somebody who sees no prices may post lines without them: they are filled in later (T6.5)."""
    fixed: str = ""
    """Header fields that the first posting fixes: they are shown, and no more asked for, from then on."""
    sources: tuple[Source, ...] = ()
    beside: Callable[[Posting], Iterator[tuple[str, str, Columns]]] = lambda posting: iter(())
    """(module, id, columns) of other records that posting changes, a later version too, or cancelling (then `sheet` has
    no lines): fields that lie outside of any version."""
    bound: Callable[[str, Asking], Iterator[str]] = lambda id, asking: iter(())
    """What depends on a document that counts, named: it cannot be cancelled before."""
    moves: Callable[[Posted], Iterable[Move]] = books_nothing
    book_on: Callable[[Columns, Asking], str | None] = lambda header, asking: None
    """The day it is booked on, where that is not its own (ISO)."""
    annexes: tuple[Annex, ...] = ()
    told_by: tuple[str, ...] = ()
    """Ledgers in which others say something of its lines: those show the sums of their amounts."""
    rests: Rests | None = None
    brings: Brings | None = None
    brought_by: tuple[str, ...] = ()
    """The two fields of a header, module and id, that name the document which brought it (`brought`)."""
    standing: Callable[[Mapping[str, Any], str, Sequence[Mapping[str, Any]]], Columns] = lambda header, name, rows: {}
    """Columns of the header that follow from what documents booked about it: (header, balance, its rows)."""
    stands: str = ""
    """The names of those columns."""
    closes: Callable[[Mapping[str, Any]], bool] | None = None
    """Whether a posted document can be closed by hand: then its header has `closed_at` and `close_reason`."""
    after: str = ""
    """Fields of the header that are edited freely after posting; they lie outside the versions."""
    entry: Mapping[str, str] = field(default_factory=dict)
    """Which fields of a line the entry row asks for: product, qty, price, discount, unit."""
    find: Finder | None = None
    choices: Callable[[Columns, Columns, Asking], Iterable[Choice]] = lambda header, line, asking: ()
    """The prices that a line may have, by its header and itself."""
    only: Mapping[str, str] = field(default_factory=dict)
    """Fields of the header that only some kinds have a use for, with those kinds: sheets of others do not show them."""
    line_only: Mapping[str, str] = field(default_factory=dict)
    """The same of columns of its lines."""
    needs: Mapping[str, str] = field(default_factory=dict)
    """Fields of the header that some kinds cannot do without, with those kinds: sheets mark them and `judge` asks."""
    holds: Mapping[str, tuple[str, Scalar, str]] = field(default_factory=dict)
    """Fields of the header that another one settles, as long as it has some value, and why: (the other, value, why)."""
    nouns: Mapping[str, str] = field(default_factory=dict)
    """Kind → what one of it is called, where that is not the noun of the module."""
    called: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Kind → what fields of the header are called on its sheets and papers, where that differs."""
    line_called: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The same of columns of its lines."""
    turned: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Kind → header amounts that stand the other way round on its sheets and papers, where the total counts back, and
    what they are called there."""
    imports: Imports | None = None
    """Where there is none, such documents are not imported: a sheet of rows has no lines."""
    line_columns: str = ""
    foot: str = ""
    copied: str = ""
    """Fields of the header that lines repeat, so that they can be listed by themselves."""
    prints: tuple[Print, ...] = ()
    labels: bool = False
    """Whether labels are printed of what its lines name."""
    revision: int = 1
    """Raised where a later version of the program works documents out otherwise; then all are worked out anew."""
