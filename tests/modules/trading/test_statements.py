"""对账单 (G15): opening, every document with what stands open after it, closing; on screen, paper and in a file."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from openpyxl import load_workbook

from desktop.engine.documents import statements
from desktop.engine.fields.moment import today
from desktop.errors import Forbidden, NotFound
from tests.modules.trading.shop import Shop, fen, yuan
from tests.modules.trading.test_prints import flat, words


def ago(days: int) -> str:
    return (date.fromisoformat(today()) - timedelta(days=days)).isoformat()


SINCE = ago(25)


@pytest.fixture(autouse=True)
def goods(shop: Shop) -> None:
    shop.product("P")
    shop.customer()
    shop.supplier()
    shop.buy(("P", 1000, 1))


def path(shop: Shop, party: str = "customer", name: str = "甲") -> str:
    return f"/api/statements/party_entry/{party}/{shop.names[name]}"


def looked_at(shop: Shop, since: str = "", until: str = "", **of: str) -> dict[str, Any]:
    return dict(shop.api.get(path(shop, **of), since=since, until=until))


def settled(shop: Shop, days: int, amount: float, *lines: tuple[Any, float, float], **about: Any) -> dict[str, Any]:
    rows = [
        {"target_kind": "sale", "target": of["row"]["id"], "amount": fen(part), "write_off_amount": fen(off)}
        for of, part, off in lines
    ]
    values = {"kind": "receipt", "customer": "甲", "amount": amount, "account": "现金", "doc_on": ago(days), **about}
    return shop.enter("settlement", values, *rows)


@pytest.fixture
def november(shop: Shop) -> dict[str, Any]:
    """What G15 books."""
    before = shop.sell(("P", 120, 10), doc_on=ago(40), due_on=ago(40))
    sold = shop.sell(("P", 50, 10), doc_on=ago(23), due_on=ago(23))
    settled(shop, 18, 1000, (before, 1000, 0))
    back = shop.sell(("P", 8, 10), doc_type="return", doc_on=ago(16), due_on=ago(16))
    settled(shop, 11, 619.5, (before, 200, 0), (sold, 500, 0.5), (back, -80, 0))
    settled(shop, 6, 300, kind="advance_in")
    return sold


def figures(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(yuan(row[name]) for name in ("more", "less", "owed", "ahead"))


def test_g15_a_month_of_a_customer(shop: Shop, november: dict[str, Any]) -> None:
    found = looked_at(shop, SINCE, today())
    assert {name: yuan(amount) for name, amount in found["opening"].items()} == {"owed": 1200, "ahead": 0}
    assert [(row["kind"], *figures(row)) for row in found["rows"]] == [
        ("销货", 500, 0, 1700, 0), ("收款", 0, 1000, 700, 0), ("客户退货", 0, 80, 620, 0),
        ("收款", 0, 620, 0, 0), ("预收", 0, 0, 0, 300),
    ]  # fmt: skip
    assert {name: yuan(amount) for name, amount in found["closing"].items()} == {"owed": 0, "ahead": 300, "net": -300}
    assert (yuan(found["more"]), yuan(found["less"]), found["hidden"], found["ages"]) == (500, 1700, 0, [])
    assert (found["rows"][0]["module"], found["rows"][0]["document"]) == ("sale", november["row"]["id"])


def test_the_end_may_lie_before_what_was_booked_last(shop: Shop, november: dict[str, Any]) -> None:
    found = looked_at(shop, SINCE, ago(17))
    assert [row["kind"] for row in found["rows"]] == ["销货", "收款"] and yuan(found["closing"]["owed"]) == 700
    assert [(one["label"], yuan(one["amount"])) for one in found["ages"]] == [("1–30天", 700)]
    everything = looked_at(shop)
    assert len(everything["rows"]) == 6 and everything["opening"] == {"owed": 0, "ahead": 0}
    assert shop.api.refused("GET", f"{path(shop)}?since=2026-02-01&until=2026-01-01", 400)


def test_what_is_paid_at_once_is_a_receipt_and_what_was_cancelled_stands_on_both_sides(shop: Shop) -> None:
    sold = shop.sell(("P", 5, 10), paid_amount=20, account="现金")
    found = looked_at(shop)["rows"]
    assert [(row["kind"], *figures(row)) for row in found] == [("销货", 50, 0, 50, 0), ("收款", 0, 20, 30, 0)]
    assert (found[1]["module"], found[1]["document"]) == ("settlement", sold["row"]["receipt"])
    shop.cancel("sale", sold)
    assert [figures(row) for row in looked_at(shop)["rows"]] == [(50, 50, 0, 0), (0, 0, 0, 0)]


def test_ages_of_what_is_open(shop: Shop) -> None:
    for days, qty in ((-5, 1), (1, 2), (30, 3), (31, 4), (365, 5), (366, 6)):
        shop.sell(("P", qty, 10), doc_on=ago(max(days, 0)), due_on=ago(days))
    shop.sell(("P", 8, 1), doc_type="return")
    found = [(one["label"], yuan(one["amount"])) for one in looked_at(shop)["ages"]]
    assert found == [
        ("未到期", 10), ("1–30天", 50), ("31–60天", 40), ("181–365天", 50), (">365天", 60), ("未核销贷方", -8)
    ]  # fmt: skip
    assert [statements.age_of(days) for days in (0, 1, 60, 90, 180, 366)] == [
        "未到期", "1–30天", "31–60天", "61–90天", "91–180天", ">365天"
    ]  # fmt: skip


def test_a_purchase_and_its_fee_are_two_debts(shop: Shop) -> None:
    shop.buy(("P", 10, 1), fee_amount=30, fee_supplier="乙", doc_on=ago(40), due_on=ago(-5))
    found = looked_at(shop, party="supplier", name="乙")
    assert [(one["label"], yuan(one["amount"])) for one in found["ages"]] == [("未到期", 1010), ("31–60天", 30)]
    assert figures(found["rows"][0]) == (40, 0, 40, 0)


def test_a_supplier_has_one_too(shop: Shop) -> None:
    found = looked_at(shop, party="supplier", name="乙")
    assert [figures(row) for row in found["rows"]] == [(1000, 0, 1000, 0)] and found["words"]["owed"] == "应付"


def ended(shop: Shop, job: dict[str, Any]) -> dict[str, Any]:
    job = shop.api.ended(job)
    assert job["state"] == "done", job
    return job


def test_it_is_printed_with_a_line_to_sign(shop: Shop, november: dict[str, Any]) -> None:
    job = ended(shop, shop.api.post(f"{path(shop)}/print", {"since": SINCE, "until": today()}))
    said = flat(words(shop.api.call("GET", f"/api/jobs/{job['id']}/view").content))
    for part in (
        "对账单",
        "衡远测试公司",
        f"{SINCE}至{today()}",
        "期初1,200.001",
        "1,700.00",
        "期末应收",
        "净额",
        "-300.00",
    ):
        assert part.removesuffix("1") in said, part
    assert "对方签章" in said and november["row"]["number"] in said and "打印" in said


def test_it_is_taken_along_as_a_spreadsheet(shop: Shop, november: dict[str, Any]) -> None:
    job = ended(shop, shop.api.post(f"{path(shop)}/export", {"since": SINCE, "until": today()}))
    book = load_workbook(io.BytesIO(shop.api.call("GET", f"/api/jobs/{job['id']}/file").content))
    rows = [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]
    assert rows[0] == ["日期", "单据编号", "类型", "应收增加", "应收减少", "应收余额", "预收余额"]
    assert rows[1] == [None, "期初", None, None, None, 1200, 0]
    assert rows[2][1:] == [november["row"]["number"], "销货", 500, 0, 1700, 0]
    assert rows[-1] == [None, "期末", None, 500, 1700, 0, 300]


def test_only_who_may_see_a_party_and_its_entries_gets_it(shop: Shop, november: dict[str, Any]) -> None:
    admin, engine = shop.office.admin, shop.office.engine
    asked = ("party_entry", "customer", shop.names["甲"], statements.Span())
    seller = replace(
        admin, everything=False, special=frozenset(), employee="0" * 32,
        rights={"customer": frozenset(["view"]), "party_entry": frozenset(["view"])},
        scopes={"customer": "all", "party_entry": "own"},
    )  # fmt: skip
    found = statements.statement_of(engine, seller, *asked)
    assert found["rows"] == [] and found["hidden"] == 8, "of colleagues he learns that there is more, and no amount"
    with pytest.raises(Forbidden):
        statements.paper_of(engine, seller, *asked, "")
    with pytest.raises(NotFound):
        statements.statement_of(engine, replace(seller, scopes={"customer": "own", "party_entry": "all"}), *asked)
    with pytest.raises(Forbidden):
        statements.statement_of(engine, replace(seller, rights={"customer": frozenset(["view"])}), *asked)


def test_what_was_merged_is_on_the_statement_of_who_is_left(shop: Shop, november: dict[str, Any]) -> None:
    shop.customer("丙")
    shop.sell(("P", 1, 10), customer="丙", doc_on=ago(1))
    shop.api.post("/api/merge/customer", {"winner": shop.names["甲"], "losers": [shop.names["丙"]]})
    assert yuan(looked_at(shop)["closing"]["owed"]) == 10
