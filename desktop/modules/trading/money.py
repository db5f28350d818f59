"""Money: accounts, what parties owe, and the entries behind both (modules.md 2.2.8, T5, T9, T27)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from ...engine.define import Act, Aside, Balance, Flaw, Ledger, Module, Related, Tab
from ...engine.documents.declare import Columns, Move, Party, Posted, Statement, StatementSide
from ...engine.fields import Bool, Date, Enum, Int, Money, MoneyOf, Ref, RunningMoney, Text
from .allocation import paid_state

Side = Literal["receivable", "advance_in", "payable", "advance_out"]
PARTIES: Mapping[Side, str] = {
    "receivable": "customer", "advance_in": "customer", "payable": "supplier", "advance_out": "supplier",
}  # fmt: skip
"""Whose debts and advances they are."""
SIDES = {"receivable": "应收", "advance_in": "预收", "payable": "应付", "advance_out": "预付"}

PAID_STATES = {"unpaid": "未结", "partial": "部分结", "settled": "已结", "over": "超付"}

KINDS = {
    "purchase": "进货", "purchase_order": "进货订货", "purchase_return": "退货给厂商", "fee": "采购费用",
    "sale": "销货", "sale_order": "销货订货", "sale_return": "客户退货", "retail": "零售",
    "receipt": "收款", "payment": "付款", "advance_in": "预收", "advance_out": "预付",
    "refund_out": "退客户款", "refund_in": "收退款", "write_off": "核销", "offset": "应收冲应付",
    "transfer": "转账", "transfer_fee": "转账手续费", "money_fee": "收付手续费",
    "opening": "期初",
}  # fmt: skip

_RIGHTS = dict(manager="view export print", finance="view export print")
_RUNNING = "您看得到的流水到这一笔为止的合计；只看自己的或本部门的，会和「往来余额」不同"
_WITHIN = "应收和应付不能加在一起，合计按科目分开"

account = Module(
    name="account",
    label="账户",
    also="银行 现金",
    noun="账户",
    chapter="trading",
    icon="wallet",
    position=56,
    title="name",
    lookup=True,
    search=False,
    fields=dict(
        name=Text("名称", required=True, unique=True, max_length=60, width=160),
        kind=Enum(
            "类型",
            {"cash": "现金", "bank": "银行", "wallet": "微信/支付宝", "other": "其他"},
            default="cash",
            index=True,
        ),
        bank_name=Text("开户行", width=180),
        bank_no=Text("账号", merge="flag", width=160),
        balance=MoneyOf(
            "当前余额", table="account_balance", by="account", of="balance", readonly=True, calc=True, width=120
        ),
        allow_overdraft=Bool("允许透支", merge="flag", help="余额可以小于 0"),
        is_default=Bool("默认", help="新单据先选它"),
        is_stopped=Bool("停用", help="停用后不能再选，已用的照常显示"),
    ),
    retire="is_stopped",
    columns="name kind balance bank_name bank_no allow_overdraft is_default is_stopped",
    quick="name bank_name bank_no",
    context="kind",
    sort="name",
    tabs=(Tab("基本", "name kind balance bank_name bank_no allow_overdraft is_default is_stopped"),),
    related=(Related("余额", "account_balance", "account"), Related("流水", "account_entry", "account")),
    seed=(dict(seed="cash", name="现金", kind="cash", is_default=True),),
    rights=dict(manager="view add edit export print", sales="view", finance="view add edit export print"),
    help="account",
)

account_entry = Module(
    name="account_entry",
    label="账户流水",
    noun="流水",
    chapter="trading",
    icon="list-ordered",
    position=58,
    local=True,
    writable=False,
    search=False,
    title="number",
    when="book_on",
    fields=dict(
        number=Text("单据编号", index=True, width=170),
        book_on=Date("日期", index=True, width=100),
        kind=Enum("类型", KINDS, index=True, width=90),
        account=Ref("账户", "account", index=True, width=120),
        amount=Money("金额", sum=True, width=120),
        balance_after=RunningMoney("余额", of="amount", by=("account",), width=120),
        customer=Ref("客户", "customer", index=True, loose=True, width=180),
        supplier=Ref("供应商", "supplier", index=True, loose=True, width=180),
        module=Text("单据", max_length=64, hidden=True),
        document=Text("单据号", max_length=32, hidden=True),
        line=Text("行", max_length=32, hidden=True),
    ),
    columns="book_on number kind account amount balance_after customer supplier",
    quick="number account customer supplier",
    sort="-book_on",
    rights=_RIGHTS,
    help="account",
)

account_balance = Module(
    name="account_balance",
    label="账户余额",
    also="存款",
    noun="余额",
    chapter="trading",
    icon="wallet",
    position=57,
    local=True,
    writable=False,
    search=False,
    title="label",
    fields=dict(
        label=Text("说明", hidden=True),
        account=Ref("账户", "account", index=True, width=160),
        balance=Money("当前余额", index=True, sum=True, width=130),
        entries=Int("流水数", width=80),
    ),
    columns="account balance entries",
    quick="account",
    sort="account",
    flaws=(
        Flaw(
            name="overdrawn",
            label="账户透支",
            when=(("balance", "lt", 0),),
            unless=("account", "allow_overdraft"),
            text="账户「{account}」的余额是 {balance}：付出的比有的多",
            remedy="补录漏记的收款或转账，作废多做的付款；真能透支的账户，请在账户里勾选「允许透支」",
            acts=(
                Act(label="看流水", module="account_entry", by={"account": "account"}),
                Act(label="补做转账", module="account_transfer", by={"to_account": "account"}, makes=True),
            ),
        ),
    ),
    rights=_RIGHTS,
    help="account",
)

accounts = Ledger(
    moves="account_entry",
    amounts=("amount",),
    balances=(Balance(module="account_balance", keys=("account",), sums={"amount": "balance"}),),
)

party_entry = Module(
    name="party_entry",
    label="往来流水",
    also="应收明细 应付明细",
    noun="往来",
    chapter="trading",
    icon="arrow-left-right",
    position=54,
    local=True,
    writable=False,
    search=False,
    title="number",
    scope="owner",
    when="book_on",
    fields=dict(
        number=Text("单据编号", index=True, width=170),
        book_on=Date("日期", index=True, width=100),
        kind=Enum("类型", KINDS, index=True, width=90),
        side=Enum("科目", SIDES, index=True, width=70),
        customer=Ref("客户", "customer", index=True, loose=True, width=180),
        supplier=Ref("供应商", "supplier", index=True, loose=True, width=180),
        amount=Money("金额", sum=True, sum_within="side", width=120, help=_WITHIN),
        balance_after=RunningMoney("余额", of="amount", by=("customer", "supplier", "side"), width=120, help=_RUNNING),
        due_on=Date("到期日", index=True, width=100),
        settles_number=Text("结清的单据", width=170),
        settles=Text("结清", max_length=32, index=True, hidden=True),
        settles_module=Text("结清模块", max_length=64, hidden=True),
        order=Text("订金的订货单", max_length=32, index=True, hidden=True),
        order_module=Text("订货模块", max_length=64, hidden=True),
        owner=Ref("业务员", "employee", index=True, loose=True, width=90),
        department=Ref("部门", "department", index=True, loose=True, hidden=True),
        branch=Ref("分公司", "branch", index=True, loose=True, hidden=True),
        module=Text("单据", max_length=64, hidden=True),
        document=Text("单据号", max_length=32, hidden=True),
        line=Text("行", max_length=32, hidden=True),
    ),
    columns="book_on number kind side customer supplier amount balance_after settles_number due_on",
    quick="number customer supplier",
    sort="-book_on",
    rights=dict(manager="view export print", sales="view export print", finance="view export print"),
    help="settlement",
)


_OVERDRAWN = Flaw(
    name="overdrawn",
    label="预收/付透支",
    when=(("balance", "lt", 0), ("side", "eq", ("advance_in", "advance_out"))),
    text="{customer}{supplier} 的{side}余额是 {balance}：用掉的比有的多",
    bare="{customer}{supplier} 的{side}用掉的比有的多",
    remedy="补做一笔预收/付，或作废、改小多用的那张单据",
    acts=(
        Act(
            label="看流水", module="party_entry", by={"customer": "customer", "supplier": "supplier", "side": "side"}
        ),
        Act(
            label="补做预收", module="settlement", by={"customer": "customer"}, given={"kind": "advance_in"},
            makes=True, only={"side": ("advance_in",)},
        ),
        Act(
            label="补做预付", module="settlement", by={"supplier": "supplier"}, given={"kind": "advance_out"},
            makes=True, only={"side": ("advance_out",)},
        ),
    ),
)  # fmt: skip


def _balance_module(name: str, label: str, position: int, *, by_party: bool) -> Module:
    kinds = {"customer": "customer", "supplier": "supplier"}
    about: dict[str, Any] = dict(
        customer=Ref("客户", "customer", index=True, loose=True, width=220),
        supplier=Ref("供应商", "supplier", index=True, loose=True, width=220),
        side=Enum("科目", SIDES, index=True, width=80),
        party_kind=Enum("往来单位类型", {"customer": "客户", "supplier": "供应商"}, hidden=True),
        party=Ref("往来单位", target_by=("party_kind", kinds), index=True, loose=True, hidden=True),
    )
    settled: dict[str, Any] = dict(
        settles_module=Text("模块", max_length=64, hidden=True),
        settles=Text("单据号", max_length=32, index=True, hidden=True),
    )
    return Module(
        name=name,
        label=label,
        also="应收 应付 欠款" if by_party else "",
        noun="余额",
        chapter="trading",
        icon="scale",
        position=position,
        local=True,
        writable=False,
        search=False,
        menu=by_party,
        title="label",
        fields=dict(
            label=Text("说明", hidden=True),
            **(about if by_party else settled),
            balance=Money(
                "余额",
                index=True,
                sum=True,
                sum_within="side" if by_party else "",
                width=130,
                help=_WITHIN if by_party else "",
            ),
            entries=Int("笔数", width=80),
        ),
        columns="customer supplier side balance entries" if by_party else "settles balance entries",
        quick="customer supplier" if by_party else "",
        sort="customer" if by_party else "settles",
        flaws=(_OVERDRAWN,) if by_party else (),
        aside=Aside("balance", 0, "含零余额") if by_party else None,
        scope="follow" if by_party else "company",
        parent="party" if by_party else None,
        rights=_RIGHTS if by_party else {},
        help="settlement",
    )


party_balance = _balance_module("party_balance", "往来余额", 52, by_party=True)
open_item = _balance_module("open_item", "未结单据", 53, by_party=False)

deposit_balance = Module(
    name="deposit_balance",
    label="订金余额",
    noun="订金",
    chapter="trading",
    icon="scale",
    menu=False,
    local=True,
    writable=False,
    search=False,
    title="order_module",
    fields=dict(
        order_module=Text("订货模块", max_length=64, hidden=True),
        order=Text("订货单", max_length=32, index=True, hidden=True),
        balance=Money("订金余额", width=120),
        entries=Int("笔数"),
    ),
    columns="balance entries",
    sort="order_module",
)

_STATEMENT = Statement(
    label="对账单",
    sides={
        "customer": StatementSide("receivable", "advance_in", ("应收", "预收", "应收增加", "应收减少")),
        "supplier": StatementSide("payable", "advance_out", ("应付", "预付", "应付增加", "应付减少")),
    },
    amount="amount",
    by="side",
    settles="settles",
    items=("settles_module", "settles"),
    due="due_on",
    balances="party_balance",
    letterhead=Party("", "name", module="company_profile"),
    signs=("制单", "日期", "对方签章"),
)


def _party_of(row: Columns) -> Columns:
    """Whose balance it is: it is seen with its party."""
    kind = "customer" if row["customer"] else "supplier"
    return {"party_kind": kind, "party": row[kind]}


parties = Ledger(
    moves="party_entry",
    amounts=("amount",),
    revision=4,
    statement=_STATEMENT,
    balances=(
        Balance(
            module="party_balance", keys=("customer", "supplier", "side"), sums={"amount": "balance"}, derive=_party_of
        ),
        Balance(
            module="open_item",
            keys=("settles_module", "settles"),
            sums={"amount": "balance"},
            header=("settles_module", "settles"),
        ),
        Balance(
            module="deposit_balance",
            keys=("order_module", "order"),
            sums={"amount": "balance"},
            header=("order_module", "order"),
        ),
    ),
)


def party_move(
    posted: Posted, kind: str, side: Side, amount: int, role: str, *, settles: Mapping[str, Any] | None = None,
    line: str | None = None,
) -> Iterator[Move]:  # fmt: skip
    """One entry of what a party owes or is owed, under the one whose side it is; none of an amount of 0. `settles` is
    the document it is about, or the order whose deposit it is."""
    if not amount:
        return
    party = PARTIES[side]
    about: Columns = {"kind": kind, "side": side, party: posted.sheet.header.get(party), "amount": amount}
    yield Move("party_entry", role, about | dict(settles or {}), line)


def account_move(posted: Posted, kind: str, amount: int, role: str, account: Any = None) -> Iterator[Move]:
    """One entry of an account."""
    header = posted.sheet.header
    if amount:
        about: Columns = {
            "kind": kind, "account": account or header.get("account"), "amount": amount,
            "customer": header.get("customer"), "supplier": header.get("supplier"),
        }  # fmt: skip
        yield Move("account_entry", role, about)


def itself(posted: Posted) -> dict[str, Any]:
    """What makes an entry one about its own document."""
    header = posted.sheet.header
    return {
        "settles": posted.id, "settles_module": posted.module, "settles_number": header.get("number"),
        "due_on": header.get("due_on"),
    }  # fmt: skip


def settled(header: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Columns:
    """How far a document is settled (T10)."""
    outstanding = sum(int(row["balance"] or 0) for row in rows)
    total = int(header.get("signed_total") or 0)
    return {"outstanding": outstanding, "paid_state": paid_state(total, outstanding)}
