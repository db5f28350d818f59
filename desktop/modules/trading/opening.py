"""期初往来 and 账户期初: what parties owed and accounts held before the books began (modules.md 2.2.8, T23)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...engine.define import Document, Flaw, Module, Related, Tab
from ...engine.documents.declare import (
    Alike,
    Asking,
    Columns,
    Hint,
    Imports,
    Move,
    Posted,
    Posting,
    Sheet,
    Typing,
    Wrong,
)
from ...engine.fields import Date, Enum, Field, Money, Ref, Text
from .deposits import advance_of, held
from .looked_after import owner_of
from .money import PAID_STATES, SIDES, account_move, itself, party_move, settled
from .papers import (
    AMOUNT_MAX,
    RIGHTS,
    accounts_hold,
    days_in_turn,
    drafts_only,
    header_end,
    header_start,
    money_gone,
)
from .prints import on_sheets
from .refusal import yuan
from .same import is_same
from .start import IMPORTED_DAY, day_before, start_of
from .surplus import overpaid
from .terms import due_on

DEBTS = ("receivable", "payable")
_OF_CUSTOMERS = ("receivable", "advance_in")
_NEEDS = {"customer": " ".join(_OF_CUSTOMERS), "supplier": "payable advance_out"}
_ONLY = {**_NEEDS, "due_on": " ".join(DEBTS)}
_CALLED = {"customer": "客户", "supplier": "供应商"}
_PREFIXES = dict.fromkeys(SIDES, "QK")
_RIGHTS = RIGHTS | {"storekeeper": "", "finance": "view add edit delete post cancel export print"}


_TWICE = "opening_twice"
"""The question whether what was said before is said once more."""
_ONE_STAYS = "几张都算数。留下对的那张，作废其余的"


def _party(header: Mapping[str, Any]) -> str:
    return "customer" if header.get("kind") in _OF_CUSTOMERS else "supplier"


def _other(name: str) -> str:
    return "supplier" if name == "customer" else "customer"


def _book_on(header: Columns, asking: Asking) -> str | None:
    return day_before(start_of(asking))


def _complete(header: Columns, lines: Sequence[Columns], asking: Asking) -> None:
    """Debts are due by the terms of their party (T14)."""
    name = _party(header)
    party = asking.look(name, str(header[name])) if header.get(name) else None
    is_customer = party is not None and name == "customer"
    header |= owner_of(header, party, asking) if party and is_customer else {"owner": None, "department": None}
    header["doc_on"] = header.get("doc_on") or _book_on(header, asking)
    if header.get("kind") not in DEBTS:
        header["due_on"] = None
    elif party and header["doc_on"] and not header.get("due_on"):
        method = party["settlement_method"]
        terms = asking.look("settlement_method", str(method)) if method else None
        header["due_on"] = due_on(str(header["doc_on"]), terms)


def _fill(typing: Typing) -> tuple[Sheet, Sequence[Hint]]:
    sheet = typing.sheet
    if typing.field in ("kind", "customer", "supplier", "doc_on"):
        sheet.header["due_on"] = None
    if typing.field == "kind":  # the box of the other party is no longer there
        sheet.header[_other(_party(sheet.header))] = None
    _complete(sheet.header, sheet.lines, typing.asking)
    return sheet, ()


def _work_out(sheet: Sheet) -> Sheet:
    header = sheet.header
    owed = int(header.get("amount") or 0) if header.get("kind") in DEBTS else 0
    return Sheet(header | {"signed_total": owed}, sheet.lines)


def _judge(posting: Posting) -> Iterator[Wrong]:
    header, name = posting.sheet.header, _party(posting.sheet.header)
    amount = int(header.get("amount") or 0)
    if not header.get(name):
        yield Wrong(f"请选择{_CALLED[name]}", name)
    if header.get(_other(name)) and not posting.old:  # what is posted keeps its kind and its party
        kind = SIDES.get(str(header.get("kind")), "")
        yield Wrong(f"「{kind}」只填{_CALLED[name]}，不要填{_CALLED[_other(name)]}", _other(name))
    if amount < 0 and header.get("kind") not in DEBTS:
        yield Wrong("预收、预付的金额要大于 0", "amount")
    elif not amount:
        yield Wrong("金额不能是 0", "amount")
    yield from _before_start(header, posting.asking)
    yield from _due_in_turn(posting)
    if posting.old:
        yield from _still_fits(posting, posting.old.header)
    else:
        yield from _said_before(posting)


def _due_in_turn(posting: Posting) -> Iterator[Wrong]:
    """Nothing is due before the day it is of, where somebody knows that day."""
    if posting.sheet.header.get("doc_on") != _book_on(posting.sheet.header, posting.asking):
        yield from days_in_turn(posting, {"due_on": "到期日"})


def _said_before(posting: Posting) -> Iterator[Wrong]:
    """The same old number of the same party is most likely the same debt."""
    others = _doubles(posting.id, posting.sheet.header, posting.asking)
    if others:
        numbers, number = "、".join(others), posting.sheet.header.get("ref_number")
        yield Wrong(f"原单 {number} 的期初已记在 {numbers}，再记一次两张都算数", "ref_number", ask=_TWICE)


def _doubles(id: str, header: Mapping[str, Any], asking: Asking) -> list[str]:
    """Numbers of other openings of the same party, kind and old number: two machines may have made them (T23)."""
    name = _party(header)
    if not header.get("ref_number") or not header.get(name):
        return []
    about = {"state": "posted", "kind": header["kind"], "ref_number": header["ref_number"], name: header[name]}
    return sorted(str(row["number"]) for row in asking.find("opening_party", about) if row["id"] != id)


def _before_start(header: Columns, asking: Asking) -> Iterator[Wrong]:
    start = start_of(asking)
    if start and str(header.get("doc_on") or "") >= start:
        yield Wrong(f"期初的日期要在启用日期 {start} 之前", "doc_on")


def _still_fits(posting: Posting, old: Columns) -> Iterator[Wrong]:
    """T20: not less than what was settled of it, or used."""
    header = posting.sheet.header
    for name, words in (("kind", "类型"), ("customer", "客户"), ("supplier", "供应商")):
        if not is_same(posting.asking, name, old.get(name) or None, header.get(name) or None):
            yield Wrong(f"过账以后不能换{words}，请作废后重开一张", name)
            return
    before, after = int(old.get("amount") or 0), int(header.get("amount") or 0)
    left = _left(posting.id, old, posting.asking) - before + after
    if left < 0 <= before or left > 0 > before:
        yield Wrong(f"已经结清或用掉 {yuan(abs(after - left))}，金额不能更小", "amount")


def _left(id: str, header: Mapping[str, Any], asking: Asking) -> int:
    """What is open of a debt; of an advance, what is left of all that its party paid ahead, for no order."""
    if header.get("kind") in DEBTS:
        return asking.balance("open_item", {"settles_module": "opening_party", "settles": id})["balance"]
    name = _party(header)
    return advance_of(asking, name, header.get(name)) - held(asking, name, header.get(name))


def _bound(id: str, asking: Asking) -> Iterator[str]:
    """What settled it, or used it."""
    yield from sorted({str(row["number"]) for row in asking.find("settlement_line", {"target": id, "state": "posted"})})
    for header in asking.find("opening_party", {"id": id, "state": "posted"}):
        is_used = header["kind"] not in DEBTS and _left(id, header, asking) < int(header["amount"] or 0)
        if is_used and not _doubles(id, header, asking):  # what never was paid ahead was not used either
            yield "用掉这笔预收/付的单据"


def _moves(posted: Posted) -> Iterable[Move]:
    header = posted.sheet.header
    kind, amount = str(header["kind"]), int(header.get("amount") or 0)
    about = itself(posted) if kind in DEBTS else None
    yield from party_move(posted, "opening", kind, amount, "opening", settles=about)  # type: ignore[arg-type]


def _standing(header: Mapping[str, Any], balance: str, rows: Sequence[Mapping[str, Any]]) -> Columns:
    return settled(header, rows)


def _header(day: str) -> dict[str, Field]:
    """Its day is none of the days on which people write it down, so it has no default."""
    start = header_start("单据编号", "kind", _PREFIXES, day)
    return start | {"doc_on": Date(day, required=True, index=True, width=100, help="空着是启用日期的前一天")}


_HEADER: dict[str, Any] = {
    **_header("单据日期"),
    "kind": Enum("类型", SIDES, required=True, default="receivable", index=True, width=80),
    "customer": Ref("客户", "customer", index=True, width=200),
    "supplier": Ref("供应商", "supplier", index=True, width=200),
    "amount": Money(
        "金额", required=True, min=-AMOUNT_MAX, max=AMOUNT_MAX, sum=True, sum_within="kind", index=True, width=120
    ),
    "due_on": Date("到期日", index=True, width=100, help="空着按结算方式算"),
    "ref_number": Text("原单号", max_length=60, index=True, width=140),
    "signed_total": Money("应收付", calc=True, readonly=True, hidden=True),
    "outstanding": Money("未结", calc=True, readonly=True, index=True, sum=True, sum_within="kind", width=110),
    "paid_state": Enum("结清状态", PAID_STATES, calc=True, readonly=True, index=True, width=84),
    "owner": Ref("业务员", "employee", readonly=True, loose=True, index=True, width=84),
    "department": Ref("部门", "department", readonly=True, loose=True, index=True),
    **header_end(),
}
_SHEETS = on_sheets(
    "sheet", dict.fromkeys(SIDES, "期初往来单"),
    ("customer supplier number", "kind ref_number doc_on", "due_on handler"),
    signs=("制单", "审核", "经手人"), sums="amount outstanding",
)  # fmt: skip

opening_party = Module(
    name="opening_party",
    label="期初往来",
    also="期初应收 期初应付 期初欠款",
    noun="期初单",
    chapter="trading",
    icon="flag",
    position=80,
    title="number",
    scope="owner",
    when="doc_on",
    fields=_HEADER,
    document=Document(
        kind="kind",
        prefixes=_PREFIXES,
        complete=_complete,
        fill=_fill,
        work_out=_work_out,
        judge=_judge,
        bound=_bound,
        moves=_moves,
        only=_ONLY,
        needs=_NEEDS,
        imports=Imports(
            header="kind customer supplier amount doc_on due_on ref_number note",
            optional="doc_on",
            alike=(
                Alike("ref_number kind customer supplier", "单位、类型、原单号相同"),
                Alike("amount kind customer supplier doc_on", "单位、类型、金额、日期相同"),
            ),
            asks=_TWICE,
            help="一行一张期初单，导入就过账；应收和预收填客户，应付和预付填供应商",
            hints={"doc_on": f"原来那张单据的日期；{IMPORTED_DAY['doc_on']}"},
        ),
        book_on=_book_on,
        standing=_standing,
        stands="outstanding paid_state",
        after="note print_count",
        fixed="customer supplier",
        foot="outstanding",
        prints=_SHEETS,
    ),
    columns="doc_on number kind customer supplier ref_number amount due_on outstanding paid_state state book_on",
    quick="number customer supplier ref_number kind",
    sort="-number",
    tabs=(
        Tab("基本", "number kind customer supplier amount doc_on due_on ref_number handler owner"),
        Tab("其他", "paid_state book_on note"),
    ),
    related=(Related("收付记录", "settlement_line", "target", {"target_kind": "opening_party"}),),
    flaws=(
        *overpaid("opening_party", {"receipt": ("receivable",), "payment": ("payable",)}, "kind"),
        Flaw(
            name="doubled",
            label="期初重复",
            when=(("state", "eq", "posted"),),
            twice=("ref_number", "kind", "customer", "supplier"),
            text="{customer}{supplier} 的原单 {ref_number} 记了两次期初，这一张 {number} 是 {amount}",
            bare="{customer}{supplier} 的原单 {ref_number} 记了两次期初，这一张是 {number}",
            remedy=_ONE_STAYS,
        ),
        Flaw(
            name="alike",
            label="期初相同",
            when=(("ref_number", "empty", None), ("state", "eq", "posted")),
            twice=("amount", "kind", "customer", "supplier", "doc_on"),
            text="{customer}{supplier} 有两张期初类型、日期、金额都相同，这一张 {number} 是 {amount}",
            remedy="几张都算数。记重了的，留下一张，作废其余的；本来就是两笔的，填上各自的原单号",
        ),
    ),
    rules=(drafts_only,),
    rights=_RIGHTS | {"sales": "view"},
    help="opening",
)


# ------------------------------------------------------------------------------------------------------------ accounts


def _complete_account(header: Columns, lines: Sequence[Columns], asking: Asking) -> None:
    header["doc_on"] = header.get("doc_on") or _book_on(header, asking)


def _fill_account(typing: Typing) -> tuple[Sheet, Sequence[Hint]]:
    _complete_account(typing.sheet.header, (), typing.asking)
    return typing.sheet, ()


def _judge_account(posting: Posting) -> Iterator[Wrong]:
    header = posting.sheet.header
    if not header.get("amount"):
        yield Wrong("金额不能是 0", "amount")
    yield from _before_start(header, posting.asking)
    others = _of_same_account(posting.id, str(header["account"]), posting.asking)
    # Two machines may have made one each: then either can be put right.
    if others and (posting.old is None or posting.old.header.get("account") != header["account"]):
        yield Wrong(f"这个账户的期初已记在 {others[0]}，请改那一张", "account")
        return
    yield from accounts_hold(posting)


def _of_same_account(id: str, account: str, asking: Asking) -> list[str]:
    about = {"account": account, "state": "posted"}
    return sorted(str(row["number"]) for row in asking.find("opening_account", about) if row["id"] != id)


def _bound_account(id: str, asking: Asking) -> Iterator[str]:
    for header in asking.find("opening_account", {"id": id, "state": "posted"}):
        account = str(header["account"])
        if not _of_same_account(id, account, asking):  # what came in twice did not go out
            yield from money_gone(asking, account, int(header["amount"] or 0))


def _account_moves(posted: Posted) -> Iterable[Move]:
    yield from account_move(posted, "opening", int(posted.sheet.header.get("amount") or 0), "opening")


_OF_ACCOUNT: dict[str, Any] = {
    **header_start("单据编号", "", {"": "QK"}, "单据日期"),
    "doc_on": _HEADER["doc_on"],
    "account": Ref("账户", "account", required=True, default="default", index=True, width=160),
    "amount": Money("期初余额", required=True, min=-AMOUNT_MAX, max=AMOUNT_MAX, sum=True, width=130),
    **header_end(),
}

opening_account = Module(
    name="opening_account",
    label="账户期初",
    noun="账户期初",
    chapter="trading",
    icon="flag",
    position=82,
    title="number",
    scope="branch",
    when="doc_on",
    fields=_OF_ACCOUNT,
    document=Document(
        prefixes={"": "QK"},
        complete=_complete_account,
        fill=_fill_account,
        judge=_judge_account,
        bound=_bound_account,
        moves=_account_moves,
        imports=Imports(
            header="account amount doc_on note", optional="doc_on", alike=(Alike("account", "账户相同", once=True),),
            help="一行一个账户的期初余额，导入就过账", hints=IMPORTED_DAY,
        ),
        book_on=_book_on,
        after="note print_count",
        prints=on_sheets(
            "sheet", {"": "账户期初单"}, ("account number", "handler doc_on"), signs=("制单", "审核", "出纳"),
            sums="amount",
        ),
    ),
    columns="doc_on number account amount state book_on note",
    quick="number account",
    sort="-number",
    tabs=(Tab("基本", "number account amount doc_on handler"), Tab("其他", "book_on note")),
    flaws=(
        Flaw(
            name="doubled",
            label="期初重复",
            when=(("state", "eq", "posted"),),
            twice=("account",),
            text="账户「{account}」的期初记了两次，这一张 {number} 是 {amount}",
            bare="账户「{account}」的期初记了两次，这一张是 {number}",
            remedy=_ONE_STAYS,
        ),
    ),
    rules=(drafts_only,),
    rights=_RIGHTS,
    help="opening",
)  # fmt: skip
