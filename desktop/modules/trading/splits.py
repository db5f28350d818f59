"""账户分录: money of one settlement that goes to, or comes from, up to three accounts, and what the bank takes for it
(modules.md 2.2.8, T10: the amount is the sum over the accounts). All amounts in 分."""

from collections.abc import Iterator, Mapping
from typing import Any

from ...engine.documents.declare import Columns, Hint, Move, Posted, Wrong
from ...engine.fields import Field, Money, Ref
from .money import account_move
from .refusal import yuan

ACCOUNTS = ("account", "second_account", "third_account")
_OTHERS = {"second_account": "second_amount", "third_account": "third_amount"}
SPLITS = (*(name for pair in _OTHERS.items() for name in pair), "fee")
"""Fields beside `amount` and `account`."""


def split_fields() -> dict[str, Field]:
    """The first account gets what the others do not."""
    return {
        "second_account": Ref("第二账户", "account", small=True, width=110),
        "second_amount": Money("第二账户金额", min=0, help="包含在「金额」里，其余的记入「账户」"),
        "third_account": Ref("第三账户", "account", small=True, width=110),
        "third_amount": Money("第三账户金额", min=0, help="包含在「金额」里，其余的记入「账户」"),
        "fee": Money("手续费", min=0, help="银行、微信等收的，另从「账户」里扣，不影响结清多少"),
    }


def parts(header: Mapping[str, Any]) -> dict[str, int]:
    """What of the amount is on each account."""
    others = {name: _of(header, amount) for name, amount in _OTHERS.items()}
    return {"account": _of(header, "amount") - sum(others.values()), **others}


def splits_wrong(header: Mapping[str, Any]) -> Iterator[Wrong]:
    """Every part has its account, every account once its part."""
    if (header.get("amount") or header.get("fee")) and not header.get("account"):
        yield Wrong("请选择账户", "account")
    if header.get("fee") and not header.get("amount"):
        yield Wrong("没有收付款，不用手续费", "fee")
    met = {header.get("account")}
    for name, amount in _OTHERS.items():
        if bool(header.get(name)) != bool(header.get(amount)):
            yield Wrong("请填写金额", amount) if header.get(name) else Wrong("请选择账户", name)
        elif header.get(name) and header[name] in met:
            yield Wrong("账户不能相同", name)
        met.add(header.get(name))
    if (rest := parts(header)["account"]) < 0:
        yield Wrong(f"分到别的账户的比金额多 {yuan(-rest)}", "amount", bare="分到别的账户的比金额多")


def split_hints(header: Columns) -> Iterator[Hint]:
    """What is left for the first account."""
    found = parts(header)
    if header.get("account") and found["account"] != _of(header, "amount"):
        yield Hint(f"其余 {yuan(max(found['account'], 0))} 记入这个账户", "account")


def split_moves(posted: Posted, kind: str, sign: int) -> Iterator[Move]:
    """One entry for each account, and one for the fee."""
    header = posted.sheet.header
    for (name, amount), role in zip(parts(header).items(), ("money", "second", "third"), strict=True):
        if header.get(name):
            yield from account_move(posted, kind, sign * amount, role, header[name])
    if sign:
        yield from account_move(posted, "money_fee", -_of(header, "fee"), "fee")


def _of(header: Mapping[str, Any], name: str) -> int:
    return int(header.get(name) or 0)
