"""What requests and answers look like: pydantic at the edge, and the source of the OpenAPI description."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, RootModel, field_validator, model_validator
from pydantic_core import PydanticCustomError

from ..engine.access import DataScope
from ..engine.define import Right
from ..engine.query import ROWS_MAX, Query
from ..errors import Invalid

Id = Annotated[str, Field(min_length=1, max_length=64)]
Ids = Annotated[list[Id], Field(min_length=1, max_length=200_000)]
Name = Annotated[str, Field(max_length=200)]
Day = Annotated[str, Field(pattern=r"^((19|20|21)\d{2}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]))?$", max_length=10)]


class Strict(BaseModel):
    """A request: what is not named is refused."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


class Loose(BaseModel):
    """An answer: the description names what one may rely on."""

    model_config = ConfigDict(extra="allow", defer_build=True)


Operator = Literal["eq", "ne", "lt", "le", "gt", "ge", "contains", "not_contains", "like", "empty", "not_empty"]


TEXT_LENGTH_MAX = 500
"""Of a text that is compared: longer ones are in no field worth filtering, and make patterns SQLite refuses."""
_PARTS_MAX = 1_000


def _is_comparable(value: object) -> bool:
    """Whether the texts in a value are short and its parts few, as far as any field type looks into it."""
    parts = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else [value]
    return len(parts) <= _PARTS_MAX and all(len(part) <= TEXT_LENGTH_MAX for part in parts if isinstance(part, str))


class Condition(Strict):
    field: Name
    op: Operator
    value: Any = None

    @field_validator("value")
    @classmethod
    def _value(cls, value: Any) -> Any:
        if not _is_comparable(value):
            raise PydanticCustomError("string_too_long", "too long")
        return value


class EitherClause(Strict):
    or_: list[Condition] = Field(alias="or", min_length=1, max_length=20)


class BothClause(Strict):
    and_: list[Condition] = Field(alias="and", min_length=1, max_length=20)


class Filter(Strict):
    """Conditions of several columns; two of one column stand together in `or` or `and`."""

    and_: list[Condition | EitherClause | BothClause] = Field(alias="and", max_length=60)


class ListQuery(Strict):
    q: Name = ""
    field: Name = ""
    value: Name = ""
    start: Day = Field("", alias="from")
    end: Day = Field("", alias="to")
    filter: Annotated[str, Field(max_length=20_000)] = ""
    sort: Name = ""
    group: Annotated[str, Field(max_length=64)] = ""
    flaw: Name = ""
    deleted: Literal["", "0", "1"] = ""
    limit: Annotated[int, Field(ge=0, le=ROWS_MAX)] = 50
    after: Annotated[str, Field(max_length=2_000)] = ""
    offset: Annotated[int, Field(ge=0, le=2**31)] = 0
    want: Annotated[str, Field(pattern=r"^[a-z,]*$", max_length=40)] = ""

    @field_validator("filter")
    @classmethod
    def _filter(cls, text: str) -> str:
        if text:
            Filter.model_validate(orjson.loads(text))
        return text

    def query(self) -> Query:
        """As the engine takes it."""
        return Query(
            q=self.q,
            field=self.field,
            value=self.value,
            start=self.start,
            end=self.end,
            filter=orjson.loads(self.filter) if self.filter else None,
            sort=self.sort,
            group=self.group,
            flaw=self.flaw,
            deleted=self.deleted == "1",
            limit=self.limit,
            after=self.after,
            offset=self.offset,
        )

    def wanted(self) -> frozenset[str]:
        wanted = frozenset(part for part in self.want.split(",") if part)
        if not wanted <= {"rows", "total", "sums"}:
            raise Invalid({"want": "只能是 rows、total、sums"})
        return wanted


class TrailQuery(Strict):
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    after: Annotated[str, Field(max_length=4_000)] = ""


class BodyQuery(ListQuery):
    """The same query inside a body, where the filter is an object."""

    filter: Filter | None = None  # type: ignore[assignment]

    @field_validator("filter")
    @classmethod
    def _filter(cls, value: Any) -> Any:
        return value

    def query(self) -> Query:
        text = ListQuery.model_validate(self.model_dump(by_alias=True, exclude={"filter"}))
        made = text.query()
        body = self.filter.model_dump(by_alias=True) if self.filter else None
        return replace(made, filter=body)


class Login(Strict):
    department: Id
    user: Annotated[str, Field(max_length=80)]
    password: Annotated[str, Field(max_length=1_000)]


class PasswordChange(Strict):
    old: Annotated[str, Field(max_length=1_000)]
    new: Annotated[str, Field(max_length=1_000)]


class Setup(Strict):
    company: Name
    branch: Name = "总部"
    branch_code: Name = "01"
    department: Name
    name: Name
    login_name: Name
    password: Annotated[str, Field(max_length=1_000)]
    demo: Annotated[int, Field(ge=0, le=1_000_000)] = 0


class Confirmed(Strict):
    """The names of the questions that were answered with yes, parted by commas."""

    confirmed: Name = ""

    def names(self) -> frozenset[str]:
        return frozenset(filter(None, self.confirmed.split(",")))


class Values(BaseModel):
    """Values by field name; which fields there are says GET /api/modules."""

    model_config = ConfigDict(extra="allow", defer_build=True)

    def given(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


class Many(Strict):
    """Records by id, or all of a query but some."""

    ids: Ids | None = None
    query: BodyQuery | None = None
    except_: list[Id] = Field(default_factory=list, alias="except", max_length=10_000)

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.ids is None) == (self.query is None):
            raise ValueError("ids or query")
        return self


class DeleteMany(Many):
    preview: bool = False


class RestoreMany(Strict):
    ids: Ids


class BinQuery(Strict):
    module: Name = ""
    q: Name = ""
    start: Day = Field("", alias="from")
    end: Day = Field("", alias="to")
    after: Annotated[str, Field(max_length=500)] = ""
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class DeletedOne(Strict):
    module: Name
    id: Id


class BinRestore(Strict):
    """`with_parents` also brings back what the records need and what is deleted, too."""

    records: list[DeletedOne] = Field(min_length=1, max_length=10_000)
    with_parents: bool = False


class OffsetQuery(Strict):
    offset: Annotated[int, Field(ge=0, le=2**31)] = 0
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class FlawQuery(Strict):
    limit: Annotated[int, Field(ge=1, le=200)] = 20


class DuplicatesQuery(OffsetQuery):
    kind: Literal["", "same", "likely"] = ""
    limit: Annotated[int, Field(ge=1, le=100)] = 20


class Dismissal(Strict):
    ids: Annotated[list[Id], Field(min_length=2, max_length=50)]
    again: bool = False


class Compared(Strict):
    ids: Annotated[list[Id], Field(min_length=1, max_length=20)]


class MergeBody(Strict):
    """`take`: fields whose value comes from one of the losers, by its id."""

    winner: Id
    losers: Annotated[list[Id], Field(min_length=1, max_length=20)]
    take: dict[Name, Id] = Field(default_factory=dict, max_length=200)


class ChangeMany(Many):
    set: dict[str, Any] = Field(min_length=1, max_length=50)


class AdjustMany(Many):
    """A price worked out from another: `target` := `source` × `rate` + `amount`, rounded to multiples of `step`."""

    target: Name
    source: Name
    rate: Annotated[int, Field(ge=0, le=10**9)] = 1_000_000
    amount: Annotated[int, Field(ge=-(10**13), le=10**13)] = 0
    step: Literal[100, 1_000, 10_000] = 100
    preview: bool = False
    digest: Annotated[str, Field(max_length=64)] = ""


class UndoBatch(Strict):
    batch: Id


class ForgetBody(Strict):
    ids: Annotated[list[Id], Field(min_length=1, max_length=100)]


class SimilarTo(Strict):
    values: dict[str, Any] = Field(max_length=200)
    id: Id | None = None

    @field_validator("values")
    @classmethod
    def _short(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Long texts are resembled by nothing, and comparing them takes seconds."""
        return {name: value for name, value in values.items() if _is_comparable(value)}


def _is_scalar(value: object) -> bool:
    """What a column can be compared with."""
    return value is None or isinstance(value, str) or (isinstance(value, int) and abs(value) < 2**62)


class LookupQuery(Strict):
    q: Name = ""
    limit: Annotated[int, Field(ge=1, le=200)] = 20
    where: Annotated[str, Field(max_length=2_000)] = ""
    ids: Annotated[str, Field(max_length=20_000)] = ""
    for_: Name = Field("", alias="for")

    def conditions(self) -> dict[str, Any]:
        """`where` as columns; raises `Invalid`."""
        try:
            found = orjson.loads(self.where) if self.where else {}
            if not isinstance(found, dict) or not all(map(_is_scalar, found.values())):
                raise ValueError
        except ValueError:
            raise Invalid({"where": "应是 JSON 对象"}) from None
        return found


class TreeQuery(Strict):
    count: Name = ""


class SearchQuery(Strict):
    q: Name = ""


class ExportBody(Strict):
    format: Literal["xlsx", "csv"] = "xlsx"
    columns: list[Name] = Field(min_length=1, max_length=200)
    query: BodyQuery = Field(default_factory=lambda: BodyQuery.model_validate({}))
    ids: list[Id] | None = Field(None, max_length=200_000)


Mark = Literal["page", "date", "company", "operator"]


class PrintColumn(Strict):
    name: Name
    width: Annotated[int, Field(ge=20, le=2_000)] = 100


class PrintBody(Strict):
    columns: list[PrintColumn] = Field(min_length=1, max_length=500)
    query: BodyQuery = Field(default_factory=lambda: BodyQuery.model_validate({}))
    ids: list[Id] | None = Field(None, max_length=200_000)
    first: Annotated[int, Field(ge=1, le=2**31)] | None = None
    last: Annotated[int, Field(ge=1, le=2**31)] | None = None
    title: Annotated[str, Field(max_length=60)] = ""
    landscape: bool = False
    fit: bool = True
    marks: list[Mark] = Field(["page", "date", "company", "operator"], max_length=4)


class LabelBody(Strict):
    """How labels are printed: `copies` of each, none: as many as a document says."""

    size: Literal["40x30", "60x40"] = "40x30"
    on_sheets: bool = False
    price: Name = ""
    company: bool = False
    copies: Annotated[int, Field(ge=1, le=999)] | None = 1


class LabelsBody(LabelBody):
    """Of the records of a list, or some of them."""

    query: BodyQuery = Field(default_factory=lambda: BodyQuery.model_validate({}))
    ids: list[Id] | None = Field(None, max_length=200_000)


class UploadQuery(Strict):
    name: Annotated[str, Field(max_length=300)] = ""


RowNumber = Annotated[int, Field(ge=1, le=2**31)]


class InspectQuery(Strict):
    sheet: Annotated[str, Field(max_length=100)] | None = None
    head: RowNumber | None = None


class CheckBody(Strict):
    """`fields` names the field of each column, "" for a column that is left out; `key` the field by which a row means
    a record that is there already."""

    sheet: Annotated[str, Field(max_length=100)] = ""
    head: RowNumber
    fields: list[Name] = Field(min_length=1, max_length=1_000)
    key: Name = ""


class JudgedQuery(Strict):
    kind: Literal["good", "bad", "twice", "plain", "odd"] = "bad"
    offset: Annotated[int, Field(ge=0, le=2**31)] = 0
    limit: Annotated[int, Field(ge=1, le=500)] = 100


Decision = Literal["skip", "new", "update"]


class CommitBody(Strict):
    """What becomes of rows of which something like it is there already: all alike, some by row number."""

    twice: Decision = "skip"
    rows: dict[Annotated[str, Field(pattern=r"^[0-9]{1,9}$")], Decision] = Field({}, max_length=10_000)


class StateBody(Strict):
    value: Any = None


class FilterBody(Strict):
    name: Annotated[str, Field(min_length=1, max_length=60)]
    view: dict[str, Any]


# ------------------------------------------------------------------- answers


class SessionAnswer(Loose):
    initialized: bool
    signed_in: bool
    company: str
    machine: str
    version: str
    mode: str
    departments: list[dict[str, Any]]


class ModulesAnswer(Loose):
    chapters: list[dict[str, Any]]
    modules: list[dict[str, Any]]


class PageAnswer(Loose):
    rows: list[dict[str, Any]]
    next: str | None
    labels: dict[str, str]


class TrailAnswer(Loose):
    rows: list[dict[str, Any]]
    labels: dict[str, str]
    next: str | None


class RecordAnswer(Loose):
    row: dict[str, Any]
    labels: dict[str, str]


class HistoryAnswer(Loose):
    entries: list[dict[str, Any]]
    labels: dict[str, str]


class DeleteAnswer(Loose):
    """With preview: count, along, refused. Without: deleted, batch. `left_out`: fixed records of a query."""


class IdsAnswer(Loose):
    """The ids that changed, under the name of what happened. `left_out`: fixed records of a query."""


class LookupAnswer(Loose):
    rows: list[dict[str, Any]]
    more: bool


class SearchAnswer(Loose):
    groups: list[dict[str, Any]]


class JobAnswer(Loose):
    """A job, or {cancelled: true} when the save dialog was closed."""


class SavedAnswer(Loose):
    """{path} where it was written, {download: name} when the page has to fetch it, or {cancelled: true}."""


class PrintedAnswer(Loose):
    by: Literal["window", "page"]


class UploadAnswer(Loose):
    id: str
    name: str
    kind: Literal["xlsx", "csv"]
    sheets: list[dict[str, Any]]


class InspectAnswer(UploadAnswer):
    sheet: str
    head: int
    rows: list[dict[str, Any]]
    columns: list[dict[str, Any]]
    fields: list[dict[str, Any]]
    keys: list[str]


class JudgedPage(Loose):
    heads: list[str]
    total: int
    rows: list[dict[str, Any]]


class PastImport(Loose):
    batch: str
    at: str
    operator: str
    file: str
    added: int
    changed: int
    left_out: int
    undone_at: str | None
    doing: Literal["", "write", "undo", "stop"]
    """Whether it is being written or taken back just now."""
    was_cut: bool
    """Whether it was cut off, and finished later."""
    part: Literal["", "write", "undo", "stop"]
    """What came to no end, since these data were restored or copied in the middle of it."""


class PastImports(RootModel[list[PastImport]]):
    """Newest first."""


class UndoneAnswer(Loose):
    deleted: int
    drafts: int
    """Of documents: those that are deleted; the others are cancelled."""
    restored: int
    refused: list[dict[str, str]]
    refused_count: int


class JobList(RootModel[list[JobAnswer]]):
    """The jobs of this run, oldest first."""


class SavedFilter(Loose):
    id: str
    name: str
    view: dict[str, Any]


class FilterList(RootModel[list[SavedFilter]]):
    """By name."""


class Likeness(Loose):
    id: str
    title: str
    reasons: list[str]
    score: int


class SimilarList(RootModel[list[Likeness]]):
    """Best first."""


class Node(Loose):
    id: str
    title: str
    parent: str | None


class NodeList(RootModel[list[Node]]):
    """All nodes, parents named by id."""


class HelpTopic(Loose):
    topic: str
    title: str


class HelpList(RootModel[list[HelpTopic]]):
    """In the order of the manual."""


class UnsavedWork(Strict):
    dirty: bool
    what: list[str] = Field(default_factory=list)


class StateAnswer(Loose):
    value: Any


class OkAnswer(Loose):
    ok: bool


class CountAnswer(Loose):
    total: int


class AnyObject(Loose):
    """An object."""


Line = dict[Name, Any]


class DocumentAnswer(Loose):
    row: dict[str, Any]
    lines: list[dict[str, Any]]
    labels: dict[str, str]
    rev: int
    actions: list[dict[str, Any]]
    versions: list[dict[str, Any]]
    disputes: list[dict[str, str]] = Field(default_factory=list)


class Cell(Strict):
    """A cell of a sheet: of the header where no line is named, and there what a choice `was` before."""

    line: Annotated[int, Field(ge=0, le=5_000)] | None = None
    field: Name
    was: Annotated[str, Field(max_length=64)] | None = None


class SheetBody(Strict):
    """A sheet that is being filled in, and the cell that was left last."""

    id: Annotated[str, Field(max_length=64)] | None = None
    values: dict[Name, Any] = Field(default_factory=dict, max_length=500)
    lines: list[Line] = Field(default_factory=list, max_length=5_000)
    changed: Cell | None = None


class GlanceBody(Strict):
    """The line somebody is at, and the head of its sheet. `id`: of a document that is there already."""

    id: Annotated[str, Field(max_length=64)] | None = None
    values: dict[Name, Any] = Field(default_factory=dict, max_length=500)
    line: Line


class DocumentBody(Strict):
    """A document as somebody saves it: all of its lines in their order. `post` makes it count; `confirmed` names the
    questions that were answered with yes."""

    values: dict[Name, Any] = Field(default_factory=dict, max_length=500)
    lines: list[Line] = Field(default_factory=list, max_length=5_000)
    post: bool = True
    confirmed: list[Name] = Field(default_factory=list, max_length=50)
    reason: Name = ""
    answers: Annotated[str, Field(max_length=64)] = ""


class TextQuery(Strict):
    text: Name = ""


class FindQuery(TextQuery):
    limit: Annotated[int, Field(ge=1, le=50)] = 20


class StatementQuery(Strict):
    """The days of a statement of account, both included; blank: from the first, to the last."""

    since: Day = ""
    until: Day = ""


class SurveyQuery(Strict):
    """A day, blank: now; in all or place by place; only rows of one condition, or with some words."""

    on: Day = ""
    by: Literal["whole", "part"] = "whole"
    condition: Name = ""
    words: Name = ""


class ActionBody(Strict):
    reason: Name = ""
    confirmed: list[Name] = Field(default_factory=list, max_length=50)


class PaperBody(Strict):
    """Which of its prints, and what is wanted for this once; what is not named stays as the print has it."""

    name: Name
    pictures: bool | None = None
    watermark: Annotated[str, Field(max_length=40)] | None = None
    extras: Annotated[list[Name], Field(max_length=40)] | None = None
    seal: bool | None = None


class EmblemBody(Strict):
    """What a picture stands for."""

    role: Name


class PlaceQuery(Strict):
    """For whom settings are decided: `company`, or `branch:` and its id."""

    at: Name = "company"


class SettingsBody(PlaceQuery):
    """Settings as their page saves them: only what was changed, by key."""

    values: dict[Name, Any] = Field(default_factory=dict, max_length=200)
    defaults: Annotated[list[Name], Field(max_length=200)] = Field(default_factory=list)


class SettingChange(Loose):
    at: str
    by: str
    machine: str
    before: str
    after: str


class SettingHistory(RootModel[list[SettingChange]]):
    """Newest first."""


class TemplateBody(Strict):
    """A print template as its editor saves it; what a layout may say, `desktop/engine/documents/templates.py` knows."""

    name: Annotated[str, Field(max_length=40)]
    module: Name
    base: Name
    is_default: bool = False
    layout: dict[Name, Any] = Field(max_length=30)


class TemplateProof(Strict):
    """What to look at: by the newest document of its kind, or by made-up data."""

    module: Name
    base: Name
    layout: dict[Name, Any] = Field(max_length=30)
    sample: bool = False


class KeptTemplate(Loose):
    id: str


class RoleBody(Strict):
    """A role as its editor saves it: only what was changed."""

    values: dict[Name, Any] = Field(default_factory=dict, max_length=20)
    boxes: dict[Name, dict[Right, bool]] = Field(default_factory=dict, max_length=500)
    scopes: dict[Name, DataScope | None] = Field(default_factory=dict, max_length=500)
    specials: dict[Name, bool] = Field(default_factory=dict, max_length=200)


class SyncBody(Strict):
    action: Literal["now", "pause", "resume", "confirm"] = "now"


class ProbeBody(Strict):
    server: Annotated[str, Field(max_length=300)]


class JoinBody(Strict):
    server: Annotated[str, Field(max_length=300)]
    code: Annotated[str, Field(max_length=60)]


class ConflictQuery(Strict):
    state: Literal["open", "auto"] = "open"
    after: Id | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50


class Taken(Strict):
    take: Literal["winner", "loser", "value"]
    value: Any = None


class TakeMany(Strict):
    ids: Annotated[list[Id], Field(min_length=1, max_length=2_000)]
    take: Literal["winner", "loser"]


class ProofBody(Strict):
    """That the administrator is there: his password."""

    password: Annotated[str, Field(max_length=200)] = ""


class InviteBody(ProofBody):
    branch: Id
    user: Name = ""


class LogQuery(Strict):
    limit: Annotated[int, Field(ge=1, le=2_000)] = 100


class SyncAnswer(Loose):
    """How synchronising stands."""

    state: Literal["alone", "joining", "synced", "syncing", "waiting", "offline", "paused", "attention"]
    server: str
    waiting: int
    conflicts: int
    rejected: int


class ProbeAnswer(Loose):
    ok: bool
    title: str
    server: str


class FileQuery(Strict):
    name: Annotated[str, Field(min_length=1, max_length=1_000)]


class CommentBody(Strict):
    text: Annotated[str, Field(max_length=20_000)]


class FileAnswer(Loose):
    """One file: id, file_name, size, mime, role, at, by, machine, has_thumbnail, state {state, words, done}."""


class FilesAnswer(Loose):
    items: list[dict[str, Any]]
    earlier: int
    removed: list[dict[str, Any]]
    may_attach: bool
    bytes_max: int


class CommentAnswer(Loose):
    """One comment: id, text, at, by, machine."""


class CommentsAnswer(Loose):
    items: list[dict[str, Any]]
    earlier: int
