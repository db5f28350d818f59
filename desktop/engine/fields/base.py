"""What every field type offers. One file per type; adding a type touches nothing else.

A field has one *value* (what the API speaks) kept in one or more *columns* (what SQLite and changesets hold: text,
integers or nothing, never floats).
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from sync_server.replication.changeset import Scalar
from sync_server.replication.merge import Policy

Value = Any
"""A raw value as it travels in JSON; its shape is the type's business."""

Cell = str | int | bool | Decimal | date | datetime | None
"""What stands in a cell of a spreadsheet: what somebody typed, or what Excel made of it."""

Columns = dict[str, Scalar]

COMPARISONS: dict[str, str] = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
TEXT_OPERATORS = (
    "eq",
    "ne",
    "contains",
    "not_contains",
    "like",
    "lt",
    "le",
    "gt",
    "ge",
    "empty",
    "not_empty",
)
ORDER_OPERATORS = ("eq", "ne", "lt", "le", "gt", "ge", "empty", "not_empty")
CHOICE_OPERATORS = ("eq", "ne", "empty", "not_empty")


class FieldError(ValueError):
    """A value that this field cannot hold; the message is Chinese and stands at the field."""


def text_of(cell: Cell) -> str | None:
    """A cell as text: a telephone number that Excel took for a number has no decimals."""
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d %H:%M")
    return cell.isoformat() if isinstance(cell, date) else f"{cell:f}" if isinstance(cell, Decimal) else str(cell)


@dataclass(frozen=True)
class Sql:
    """A piece of SQL with its parameters."""

    text: str
    params: tuple[Scalar, ...] = ()

    def __and__(self, other: "Sql") -> "Sql":
        return Sql(f"{self.text} AND {other.text}", self.params + other.params)


def any_of(parts: Sequence[Sql]) -> Sql:
    """Parts joined by OR; no part is false."""
    return _joined(parts, " OR ", "0")


def all_of(parts: Sequence[Sql]) -> Sql:
    """Parts joined by AND; no part is true."""
    return _joined(parts, " AND ", "1")


def _joined(parts: Sequence[Sql], word: str, empty: str) -> Sql:
    if not parts:
        return Sql(empty)
    return Sql("(" + word.join(part.text for part in parts) + ")", tuple(p for part in parts for p in part.params))


@dataclass(frozen=True)
class Column:
    """A column of the module's table. `unit` is its clock: columns of one unit move as one."""

    name: str
    sql_type: str
    unit: str


@dataclass(frozen=True)
class Signs:
    """How the rows of a list add up that are of different kinds: by the value of the field `by`, -1 counts back and 0
    not at all; what is not named counts. `words` say so where the total stands. `is_shown`: lists show what counts
    back with its minus, and find and sort by it."""

    by: str
    signs: Mapping[str, int]
    words: str
    is_shown: bool = False

    def of(self, kind: Any) -> int:
        return self.signs.get(kind or "", 1)

    def shown(self, kind: Any) -> int:
        """What the amount of a row of a kind is multiplied by where lists show it."""
        return -1 if self.is_shown and self.of(kind) < 0 else 1

    def stands_alone(self, kind: Any) -> bool:
        """Whether a list of this kind alone shows its total as if nothing else counted."""
        return self.of(kind) == 0 or (self.of(kind) < 0 and not self.is_shown)

    def shown_sql(self, table: str, name: str) -> str:
        """The amount as lists show it."""
        back = ", ".join(f"'{kind}'" for kind, sign in self.signs.items() if sign < 0)
        return f'{table}."{name}" * CASE WHEN {table}."{self.by}" IN ({back}) THEN -1 ELSE 1 END'


@dataclass(frozen=True)
class Unknown:
    """When nothing stands for something that nobody knows, which is not 0: while the fields `by` say that there is
    such, and the field `but` has not told it since. Where `partly` has words, what stands for the known part alone is
    marked, and they say why."""

    by: str
    but: str = ""
    partly: str = ""

    def of(self, row: Mapping[str, Any], name: str) -> bool:
        return not row.get(name) and self._is_open(row)

    def is_partly(self, row: Mapping[str, Any], name: str) -> bool:
        """Whether only a part of it is known."""
        return bool(self.partly and row.get(name)) and self._is_open(row)

    def _is_open(self, row: Mapping[str, Any]) -> bool:
        return all(row.get(one) for one in self.by.split()) and not row.get(self.but)


UNKNOWN = "未知"
PARTLY = "≈"
"""Before what is known in part only."""


class Partly(Decimal):
    """A number in a cell of a spreadsheet that is known in part only: it stays a number, and is shown with the mark."""


@dataclass(frozen=True)
class Where:
    """What a field needs to know to turn a condition into SQL.

    `table` is the alias of the module's table; `indexed` tells whether the field is in the full-text index;
    `search` gives the rows of another module whose title contains a text; `subtree` the ids below a node, itself
    included; `same` all ids that mean one record of some modules.
    """

    table: str
    module: str
    name: str
    indexed: bool
    search: Callable[[str, str], Sql]
    subtree: Callable[[str, str], Sql]
    same: Callable[[Sequence[str], str], Sql]
    signs: Signs | None = None
    """By what lists show the amount with a minus."""
    merged: frozenset[str] = frozenset()
    """Modules in which records were merged (T28)."""
    is_walked: bool = False
    """Whether rows are met one by one in the order of a list, and the page may be full soon: what would be collected
    first is asked of each instead."""

    @property
    def column(self) -> str:
        return f"({self.signs.shown_sql(self.table, self.name)})" if self.signs else f'{self.table}."{self.name}"'


@dataclass(frozen=True, kw_only=True)
class Field:
    """Base of all field types; the label comes first, the rest by keyword. No `ABC`: asking which type a field is would
    cost ten times as much, and every save asks that for every field.

    `see` names the special right without which the field does not exist for a user; `edit` the one needed to write it.
    `search` puts it into the full-text index. `index` makes lists sort and filter by it at once.
    """

    label: str = field(kw_only=False)
    required: bool = False
    default: Value = None
    readonly: bool = False
    unique: bool = False
    search: bool = False
    index: bool = False
    sum: bool = False
    sum_within: str = ""
    """The field (an `Enum`, or a `Text` of few values: a unit, also of a record referred to) in which rows have to be
    alike to be added up."""
    sum_signs: Signs | None = None
    sum_but: str = ""
    """A field that is summed, too, and says what the total of this one leaves out."""
    unknown: Unknown | None = None
    hidden: bool = False
    help: str = ""
    width: int = 0
    merge: Policy = "lww"
    see: str | None = None
    see_module: str = ""
    """A module: the field does not exist for who may not see its records."""
    edit: str | None = None
    edit_if: str = ""
    """The key of a yes/no setting: where it says no, `edit` is not asked for."""
    calc: bool = False
    """Worked out on every machine from what is sent; never sent itself."""
    stays_once: str = ""
    """Modules, parted by spaces: once a record of theirs refers to this one, what stands here is changed no more."""
    said_by: tuple[str, str] | None = None
    """How these repeat in words what stands here: the column, and the one that is blank where they speak of this field.
    Where they say otherwise (`strayed`), it may be put back."""
    called: tuple[str, int] | None = None
    """Which of the names that a setting lists (see `Words`) is its label; the declared one is what ships."""

    type: ClassVar[str]
    operators: ClassVar[tuple[str, ...]] = ORDER_OPERATORS
    align: ClassVar[str] = "left"
    default_width: ClassVar[int] = 110
    sql_type: ClassVar[str] = "TEXT"
    write_only: ClassVar[bool] = False
    is_ordered: ClassVar[bool] = False
    """Whether lists sort by it though it has no column."""

    def named(self, names: Mapping[str, Sequence[str]]) -> "Field":
        """The same as the company calls it; `names` are what settings list, by their key."""
        return replace(self, label=names[self.called[0]][self.called[1]]) if self.called else self

    @property
    def namers(self) -> tuple[str, ...]:
        """The settings that name it."""
        return (self.called[0],) if self.called else ()

    def columns(self, name: str) -> tuple[Column, ...]:
        """The columns that keep the value."""
        return (Column(name, self.sql_type, name),)

    def shadows(self, name: str) -> Mapping[str, Callable[[Value], Scalar]]:
        """Local columns derived from the value, never sent."""
        return {}

    @abstractmethod
    def parse(self, raw: Value) -> Value:
        """A checked, tidied value from what the API got; None when blank. Raises FieldError."""

    def read(self, cell: Cell) -> Value:
        """A checked value from a cell of a spreadsheet, written as people write it. Raises FieldError."""
        return self.parse(text_of(cell))

    def store(self, name: str, value: Value) -> Columns:
        """Value → columns."""
        return {name: value}

    def load(self, name: str, row: Mapping[str, Any]) -> Value:
        """Columns → value."""
        return row[name]

    def format(self, value: Value, labels: Mapping[str, str]) -> str:
        """The words on paper: print, export to csv, history. Must equal the screen (tests/golden/format.json)."""
        return "" if value is None else str(value)

    def export(self, value: Value, labels: Mapping[str, str]) -> object:
        """The cell of a spreadsheet: text, int, Decimal, date or None."""
        return self.format(value, labels) or None

    def words_in(self, row: Mapping[str, Any], name: str, labels: Mapping[str, str]) -> str:
        """The words of a cell of a row: what nobody knows is no 0, and what is known in part says so."""
        if self.unknown and self.unknown.of(row, name):
            return UNKNOWN
        words = self.format(row[name], labels)
        return PARTLY + words if self.unknown and self.unknown.is_partly(row, name) else words

    def cell_in(self, row: Mapping[str, Any], name: str, labels: Mapping[str, str]) -> object:
        """The same for a spreadsheet."""
        cell = self.export(row[name], labels)
        if self.unknown is None:
            return cell
        if self.unknown.of(row, name):
            return UNKNOWN
        return Partly(cell) if isinstance(cell, Decimal) and self.unknown.is_partly(row, name) else cell

    def search_text(self, value: Value) -> str:
        """What the full-text index knows of the value."""
        return "" if value is None else str(value)

    def sort_column(self, name: str) -> str:
        """The column whose index lists sort by."""
        return name

    def order(self, where: Where) -> str:
        """The SQL expression that lists sort by."""
        return f'{where.table}."{self.sort_column(where.name)}"'

    def condition(self, op: str, raw: Value, where: Where) -> Sql:
        """A filter condition as SQL. Raises FieldError for an operator or value the type does not know."""
        if op not in self.operators:
            raise FieldError(f"「{self.label}」不支持这种比较")
        if op == "empty":
            return self.is_empty(where)
        if op == "not_empty":
            empty = self.is_empty(where)
            return Sql(f"NOT ({empty.text})", empty.params)
        return self.compare(op, raw, where)

    def is_empty(self, where: Where) -> Sql:
        return Sql(f"{where.column} IS NULL")

    def compare(self, op: str, raw: Value, where: Where) -> Sql:
        """A comparison by value; 不等于 includes rows without a value, as people expect."""
        value = self.parse(raw)
        if value is None:
            raise FieldError(f"请填写「{self.label}」要比较的值")
        (stored,) = self.store(where.name, value).values()
        if op == "ne":
            return Sql(f"({where.column} IS NULL OR {where.column} <> ?)", (stored,))
        return Sql(f"{where.column} {COMPARISONS[op]} ?", (stored,))

    def quick(self, text: str, where: Where) -> Sql:
        """快速查询: the condition for what somebody typed beside this column."""
        return self.condition("contains" if "contains" in self.operators else "eq", text, where)

    def describe(self, name: str) -> dict[str, Any]:
        """What the screen needs beyond the common properties."""
        return {}
