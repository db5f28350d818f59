"""账户转账: money that goes from one account to another (modules.md 2.2.8, T5, T27)."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from ...engine.define import Document, Draft, Fault, Module, Tab
from ...engine.documents.declare import Asking, Columns, Hint, Move, Posted, Posting, Sheet, Spelled, Typing, Wrong
from ...engine.fields import Money, Ref
from .money import account_move
from .papers import AMOUNT_MAX, RIGHTS, accounts_hold, drafts_only, header_end, header_start, money_gone, not_back_dated
from .prints import on_sheets
from .words import in_words

_PREFIXES = {"": "ZZ"}
_ACCOUNTS = ("from_account", "to_account")


def leaving(header: Columns) -> int:
    """What the giving account loses: the fee is its own."""
    return int(header.get("amount") or 0) + int(header.get("fee") or 0)


def _fill(typing: Typing) -> tuple[Sheet, list[Hint]]:
    """What the accounts hold is worth knowing before money moves."""
    header, asking = typing.sheet.header, typing.asking
    known = [name for name in _ACCOUNTS if header.get(name) and asking.look("account", str(header[name]))]
    held = {name: asking.balance("account_balance", {"account": header[name]})["balance"] for name in known}
    return typing.sheet, [
        Hint(f"余额 {Decimal(amount) / 100:,.2f}", name, tells=("account_balance", "balance"))
        for name, amount in held.items()
    ]


def _work_out(sheet: Sheet) -> Sheet:
    return Sheet(sheet.header | {"total": leaving(sheet.header)}, sheet.lines)


def _judge(posting: Posting) -> Iterator[Wrong]:
    yield from not_back_dated(posting)
    if int(posting.sheet.header.get("amount") or 0) <= 0:
        yield Wrong("转账金额要大于 0", "amount")
    yield from accounts_hold(posting, _ACCOUNTS)


def _bound(id: str, asking: Asking) -> Iterator[str]:
    """The money may have gone on from where it came to."""
    for header in asking.find("account_transfer", {"id": id, "state": "posted"}):
        yield from money_gone(asking, str(header["to_account"]), int(header["amount"] or 0))


def _moves(posted: Posted) -> Iterable[Move]:
    header = posted.sheet.header
    amount, fee = int(header.get("amount") or 0), int(header.get("fee") or 0)
    yield from account_move(posted, "transfer", -amount, "out", header.get("from_account"))
    yield from account_move(posted, "transfer", amount, "in", header.get("to_account"))
    yield from account_move(posted, "transfer_fee", -fee, "fee", header.get("from_account"))


def accounts_differ(draft: Draft) -> Iterator[Fault]:
    """Nothing moves within one account."""
    if draft.new and draft.new["from_account"] and draft.new["from_account"] == draft.new["to_account"]:
        yield Fault("转入账户和转出账户不能相同", "to_account")


_HEADER: dict[str, Any] = {
    **header_start("单据编号", "", _PREFIXES, "转账日期"),
    "from_account": Ref("转出账户", "account", required=True, default="default", index=True, width=140),
    "to_account": Ref("转入账户", "account", required=True, index=True, width=140),
    "amount": Money("金额", required=True, min=0, max=AMOUNT_MAX, sum=True, width=120),
    "fee": Money("手续费", min=0, max=AMOUNT_MAX, sum=True, width=100, help="由转出账户另付，不含在金额里"),
    "total": Money("转出合计", calc=True, readonly=True, sum=True, width=120),
    **header_end(),
}
_SHEETS = on_sheets(
    "voucher", {"": "账户转账单"}, ("from_account to_account number", "amount fee doc_on", "handler"),
    spelled=Spelled("amount", in_words, "金额（大写）"), signs=("制单", "审核", "出纳", "经手人"), sums="total",
)  # fmt: skip

account_transfer = Module(
    name="account_transfer",
    label="账户转账",
    noun="转账单",
    chapter="trading",
    icon="landmark",
    position=55,
    title="number",
    scope="branch",
    when="doc_on",
    log=True,
    fields=_HEADER,
    document=Document(
        prefixes=_PREFIXES,
        fill=_fill,
        work_out=_work_out,
        judge=_judge,
        bound=_bound,
        moves=_moves,
        after="note print_count",
        foot="total",
        prints=_SHEETS,
    ),
    columns="doc_on number from_account to_account amount fee total handler state note",
    quick="number from_account to_account handler doc_on",
    sort="-doc_on",
    tabs=(Tab("基本", "number doc_on from_account to_account amount fee handler"), Tab("其他", "note")),
    rules=(drafts_only, accounts_differ),
    rights=RIGHTS | {"storekeeper": "", "finance": "view add edit delete post cancel export print"},
    help="account_transfer",
)
