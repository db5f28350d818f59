"""账户转账, 期初 and 往来抵销 (modules.md 2.2.8, T13, T23, T27), entered and read through the API."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from desktop.engine.documents import printing
from desktop.engine.fields.moment import today
from tests.modules.trading.shop import D, Exact, Shop, fen, scaled, yuan


@pytest.fixture(autouse=True)
def parties(shop: Shop) -> None:
    shop.product()
    shop.customer()
    shop.supplier()


def day_before_start() -> str:
    """The company of the tests began today."""
    return (date.fromisoformat(today()) - timedelta(days=1)).isoformat()


def old(days: int) -> str:
    return (date.fromisoformat(today()) - timedelta(days=days)).isoformat()


def line(document: dict[str, Any], module: str, amount: float | str) -> dict[str, Any]:
    return {"target_kind": module, "target": document["row"]["id"], "amount": fen(amount)}


# ----------------------------------------------------------------------------------------------------------- transfers


@pytest.fixture
def bank(shop: Shop) -> str:
    return shop.add("account", "银行", kind="bank")


def opened_with(shop: Shop, amount: float | str, account: str = "现金") -> dict[str, Any]:
    return shop.enter("opening_account", {"account": account, "amount": amount})


def transfer(shop: Shop, amount: float | str, fee: float | str | None = None, **values: Any) -> dict[str, Any]:
    about = {"from_account": "现金", "to_account": "银行", "amount": amount, "fee": fee, **values}
    return shop.enter("account_transfer", about)


def test_a_transfer_moves_money_and_the_giving_account_bears_the_fee(shop: Shop, bank: str) -> None:
    opened_with(shop, 1000)
    made = transfer(shop, 300, "1.50")
    assert made["row"]["number"].startswith("ZZ-01A1-") and made["lines"] == []
    assert yuan(made["row"]["total"]) == D("301.50")
    assert (shop.cash(), shop.cash("银行")) == (D("698.50"), 300)
    rows = shop.rows("account_entry", document=made["row"]["id"])
    assert sorted((row["kind"], yuan(row["amount"])) for row in rows) == [
        ("transfer", D(-300)), ("transfer", D(300)), ("transfer_fee", D("-1.50"))
    ]  # fmt: skip


def test_a_transfer_is_changed_and_cancelled_with_both_entries(shop: Shop, bank: str) -> None:
    opened_with(shop, 1000)
    made = transfer(shop, 300)
    again = shop.change("account_transfer", made, [], amount=400)
    assert (again["row"]["version"], shop.cash(), shop.cash("银行")) == (2, 600, 400)
    gone = shop.cancel("account_transfer", again)
    assert (gone["row"]["state"], shop.cash(), shop.cash("银行")) == ("cancelled", 1000, 0)


def test_an_account_gives_only_what_it_has(shop: Shop, bank: str) -> None:
    opened_with(shop, 100)
    about = {"from_account": "现金", "to_account": "银行", "amount": 100, "fee": "0.01"}
    problem = shop.refused("account_transfer", about)
    assert problem["fields"] == {"from_account": "账户「现金」余额不够，还差 0.01"}
    shop.add("account", "透支户", allow_overdraft=True)
    transfer(shop, 50, from_account="透支户")
    assert (shop.cash("透支户"), shop.cash("银行")) == (-50, 50)


def test_a_transfer_stays_while_its_money_was_spent(shop: Shop, bank: str) -> None:
    opened_with(shop, 100)
    made = transfer(shop, 80)
    transfer(shop, 30, from_account="银行", to_account="现金")
    path = f"/api/documents/account_transfer/{made['row']['id']}"
    assert (
        "已从账户「银行」用掉的 30.00" in shop.api.refused("POST", f"{path}/cancel", 422, {"reason": "x"})["fields"][""]
    )
    smaller = shop.api.refused("PATCH", path, 422, shop.body({"amount": 20}, []))
    assert smaller["fields"] == {"to_account": "账户「银行」余额不够，还差 10.00"}


def test_bad_transfers_are_refused_at_their_field(shop: Shop, bank: str) -> None:
    problem = shop.refused("account_transfer", {"from_account": "现金", "to_account": "现金", "amount": 1})
    assert problem["fields"] == {"to_account": "转入账户和转出账户不能相同"}
    problem = shop.refused("account_transfer", {"from_account": "现金", "to_account": "银行", "amount": 0})
    assert problem["fields"]["amount"] == "转账金额要大于 0"
    problem = shop.refused("account_transfer", {"from_account": "现金", "amount": 1})
    assert "to_account" in problem["fields"]


def test_a_draft_of_a_transfer_moves_nothing_and_lines_mean_nothing(shop: Shop, bank: str) -> None:
    opened_with(shop, 100)
    about = {"from_account": "现金", "to_account": "银行", "amount": 40}
    draft = shop.enter("account_transfer", about, {"note": "x"}, post=False)
    assert (draft["row"]["state"], draft["lines"], shop.cash()) == ("draft", [], 100)
    hints = shop.api.post("/api/documents/account_transfer/work-out", shop.body(about, []))
    assert [(one["field"], one["text"]) for one in hints["hints"]] == [
        ("from_account", "余额 100.00"), ("to_account", "余额 0.00")
    ]  # fmt: skip
    posted = shop.change("account_transfer", draft, [])
    assert (posted["row"]["state"], shop.cash("银行")) == ("posted", 40)


# ------------------------------------------------------------------------------------------------------------- opening


def owes_before(shop: Shop, amount: float | str, kind: str = "receivable", **values: Any) -> dict[str, Any]:
    party = {"customer": "甲"} if kind in ("receivable", "advance_in") else {"supplier": "乙"}
    return shop.enter("opening_party", {"kind": kind, **party, "amount": amount, **values})


def test_g25_what_was_open_before_the_books_began(shop: Shop) -> None:
    """G25 without reports: 甲 owes 1 200.00, 现金 5 000.00; 收款 200.00 on it."""
    opened_with(shop, 5000)
    made = owes_before(shop, 1200, ref_number="A-77", due_on="2026-10-15", doc_on="2026-09-15")
    row = made["row"]
    assert row["number"].startswith("QK-01A1-20260915-") and row["book_on"] == day_before_start()
    assert (row["paid_state"], yuan(row["outstanding"]), shop.owes("甲")) == ("unpaid", 1200, 1200)
    (entry,) = shop.rows("party_entry", document=row["id"])
    assert (entry["kind"], entry["book_on"], entry["due_on"]) == ("opening", day_before_start(), "2026-10-15")
    shop.enter("settlement", {"kind": "receipt", "customer": "甲", "amount": 200}, line(made, "opening_party", 200))
    row = shop.read("opening_party", made)["row"]
    assert (row["paid_state"], yuan(row["outstanding"]), shop.cash()) == ("partial", 1000, 5200)
    (cash,) = shop.rows("account_entry", kind="opening")
    assert cash["book_on"] == day_before_start()


def test_nothing_is_due_before_the_day_it_is_of(shop: Shop) -> None:
    about = {"kind": "receivable", "customer": "甲", "amount": 5, "due_on": "2026-09-01"}
    problem = shop.refused("opening_party", about | {"doc_on": "2026-09-02"})
    assert problem["fields"] == {"due_on": "「到期日」不能早于单据日期"}
    shop.enter("opening_party", about | {"doc_on": "2026-09-01"})
    shop.enter("opening_party", about)  # nobody knows of which day it is


def test_an_account_in_use_says_once_by_what(shop: Shop) -> None:
    shop.add("account", "银行", kind="bank")
    opened_with(shop, 50)
    shop.enter("account_transfer", {"from_account": "银行", "to_account": "现金", "amount": 40}, post=False)
    shop.enter("account_transfer", {"from_account": "现金", "to_account": "银行", "amount": 40}, post=False)
    problem = shop.api.refused("DELETE", f"/api/records/account/{shop.names['现金']}", 409)
    assert problem["title"] == "「现金」还有 2 个转账单、1 个账户期初在用，不能删除"


def test_the_first_day_stays_once_anything_is_booked(shop: Shop) -> None:
    (row,) = shop.rows("company_profile")
    path, first = f"/api/records/company_profile/{row['id']}", {"start_on": "2026-11-01"}
    changed = shop.api.ok(shop.api.call("PATCH", path, first))
    assert changed["row"]["start_on"] == "2026-11-01"
    assert owes_before(shop, 5)["row"]["book_on"] == "2026-10-31"
    problem = shop.api.refused("PATCH", path, 422, {"start_on": "2026-12-01"})
    assert problem["fields"] == {"start_on": "已有过账的单据，启用日期不能再改"}


def test_an_opening_of_stock_is_dated_before_the_books_began(shop: Shop) -> None:
    def chosen(kind: str, day: str) -> str:
        body = {"values": {"kind": kind, "doc_on": day}, "lines": [], "changed": {"field": "kind"}}
        return str(shop.api.post("/api/documents/stock_entry/work-out", body)["values"]["doc_on"])

    assert chosen("opening", "2030-05-01") == day_before_start()
    assert chosen("other_in", day_before_start()) == today()
    assert chosen("other_in", "2030-05-01") == "2030-05-01"


def test_what_a_sheet_leaves_blank_follows_from_the_party(shop: Shop) -> None:
    asked = shop.body({"kind": "receivable", "customer": "甲"}, [])
    found = shop.api.post("/api/documents/opening_party/work-out", {**asked, "changed": {"field": "customer"}})
    assert (found["values"]["doc_on"], found["values"]["due_on"]) == (day_before_start(), day_before_start())
    assert owes_before(shop, 10, "payable")["row"]["due_on"] == day_before_start()


def test_an_opening_of_two_parties_is_refused_and_loses_neither(shop: Shop) -> None:
    both = {"customer": "甲", "supplier": "乙", "amount": 5}
    for kind, field, text in (
        ("payable", "customer", "「应付」只填供应商，不要填客户"),
        ("advance_in", "supplier", "「预收」只填客户，不要填供应商"),
    ):
        problem = shop.refused("opening_party", {"kind": kind, **both})
        assert problem["fields"] == {field: text}
    draft = shop.enter("opening_party", {"kind": "payable", **both}, post=False)["row"]
    assert (draft["customer"], draft["supplier"]) == (shop.names["甲"], shop.names["乙"]), "a draft keeps both"
    asked = shop.body({"kind": "payable", **both}, [])
    found = shop.api.post("/api/documents/opening_party/work-out", {**asked, "changed": {"field": "kind"}})
    assert found["values"]["customer"] is None, "who chooses another kind on screen leaves the other box behind"


def test_opening_items_are_settled_in_turn_with_others_the_oldest_due_first(shop: Shop) -> None:
    shop.buy(("P", 100, 1))
    sold = shop.sell(("P", 1, 300), doc_on=old(20), due_on=old(20))
    early = owes_before(shop, 500, due_on=old(30), doc_on=old(40))
    late = owes_before(shop, 50, due_on=old(1), doc_on=old(40))
    asked = shop.body({"kind": "receipt", "customer": "甲", "amount": 600}, [])
    spread = shop.api.post("/api/documents/settlement/work-out", {**asked, "changed": {"field": "amount"}})
    assert [(one["document_number"], yuan(one["amount"])) for one in spread["lines"]] == [
        (early["row"]["number"], 500), (sold["row"]["number"], 100), (late["row"]["number"], 0)
    ]  # fmt: skip
    shop.enter("settlement", {"kind": "receipt", "customer": "甲", "amount": 600}, *spread["lines"])
    assert shop.read("opening_party", early)["row"]["paid_state"] == "settled" and shop.owes("甲") == 250


def test_opening_debts_keep_what_was_settled_of_them(shop: Shop) -> None:
    opened_with(shop, 1000)
    made = owes_before(shop, 400, "payable")
    paid = shop.enter(
        "settlement", {"kind": "payment", "supplier": "乙", "amount": 150}, line(made, "opening_party", 150)
    )
    path = f"/api/documents/opening_party/{made['row']['id']}"
    assert paid["row"]["number"] in shop.api.refused("POST", f"{path}/cancel", 422, {"reason": "x"})["fields"][""]
    problem = shop.api.refused("PATCH", path, 422, shop.body({"amount": "149.99"}, []))
    assert problem["fields"] == {"amount": "已经结清或用掉 150.00，金额不能更小"}
    problem = shop.api.refused("PATCH", path, 422, shop.body({"kind": "receivable", "customer": "甲"}, []))
    assert problem["fields"] == {"kind": "过账以后不能换类型，请作废后重开一张"}
    shop.change("opening_party", made, [], amount=150)
    assert (shop.read("opening_party", made)["row"]["paid_state"], shop.owes("乙", "payable")) == ("settled", 0)
    shop.cancel("settlement", paid)
    shop.cancel("opening_party", made)
    assert (shop.owes("乙", "payable"), shop.cash()) == (0, 1000)


def test_opening_advances_are_used_and_keep_what_was_used(shop: Shop) -> None:
    shop.buy(("P", 100, 1))
    made = owes_before(shop, 300, "advance_in")
    assert (shop.owes("甲", "advance_in"), made["row"]["outstanding"]) == (300, None)
    sold = shop.sell(("P", 1, 200), advance_used=200)
    path = f"/api/documents/opening_party/{made['row']['id']}"
    assert "用掉" in shop.api.refused("POST", f"{path}/cancel", 422, {"reason": "x"})["fields"][""]
    problem = shop.api.refused("PATCH", path, 422, shop.body({"amount": 199}, []))
    assert problem["fields"] == {"amount": "已经结清或用掉 200.00，金额不能更小"}
    shop.cancel("sale", sold)
    shop.cancel("opening_party", made)
    assert shop.owes("甲", "advance_in") == 0


def test_openings_lie_before_the_first_day_and_say_something(shop: Shop) -> None:
    about = {"kind": "receivable", "customer": "甲", "amount": 1}
    problem = shop.refused("opening_party", {**about, "doc_on": today()})
    assert problem["fields"] == {"doc_on": f"期初的日期要在启用日期 {today()} 之前"}
    assert shop.refused("opening_party", {**about, "amount": 0})["fields"] == {"amount": "金额不能是 0"}
    problem = shop.refused("opening_party", {**about, "kind": "advance_in", "amount": -5})
    assert problem["fields"] == {"amount": "预收、预付的金额要大于 0"}
    assert shop.refused("opening_party", {"kind": "payable", "amount": 5})["fields"] == {"supplier": "请选择供应商"}
    assert owes_before(shop, -80)["row"]["paid_state"] == "unpaid" and shop.owes("甲") == -80


def test_an_account_is_opened_once(shop: Shop) -> None:
    made = opened_with(shop, 500)
    problem = shop.refused("opening_account", {"account": "现金", "amount": 5})
    assert made["row"]["number"] in problem["fields"]["account"]
    assert shop.refused("opening_account", {"account": "现金", "amount": 0})["fields"]["amount"] == "金额不能是 0"
    shop.change("opening_account", made, [], amount=600)
    assert shop.cash() == 600
    shop.cancel("opening_account", made)
    assert shop.cash() == 0 and opened_with(shop, 5)["row"]["state"] == "posted"


def test_opening_stock_is_booked_the_day_before_the_first(shop: Shop) -> None:
    lines = [{"product": shop.names["P"], "qty": scaled(20), "unit_cost": scaled(8)}]
    made = shop.enter("stock_entry", {"kind": "opening"}, *lines)
    assert made["row"]["book_on"] == day_before_start() and shop.stock() == (20, 160)
    other = shop.enter("stock_entry", {"kind": "other_in"}, *lines)
    assert other["row"]["book_on"] == today()


# -------------------------------------------------------------------------------------------------------------- offset


@pytest.fixture
def both(shop: Shop) -> tuple[dict[str, Any], dict[str, Any]]:
    """甲 is 乙 as a supplier; he owes 400.00 and is owed 250.00."""
    shop.customer("丁", linked_supplier=shop.names["乙"])
    bought = shop.buy(("P", 25, 10))
    sold = shop.sell(("P", 4, 100), customer="丁")
    return sold, bought


OFFSET = {"kind": "offset", "customer": "丁", "supplier": "乙"}


def sides(shop: Shop) -> tuple[Exact, Exact, Exact]:
    return shop.owes("丁"), shop.owes("乙", "payable"), shop.cash()


def test_an_offset_takes_the_same_from_both_sides(shop: Shop, both: Any) -> None:
    sold, bought = both
    made = shop.enter("settlement", OFFSET, line(sold, "sale", 250), line(bought, "purchase", 250))
    row = made["row"]
    assert row["number"].startswith("CZ-01A1-") and (row["account"], row["to_advance"]) == (None, None)
    assert (yuan(row["amount"]), yuan(row["allocated"]), sides(shop)) == (250, 250, (150, 0, 0))
    assert [one["side"] for one in made["lines"]] == ["receivable", "payable"]
    entries = shop.rows("party_entry", document=row["id"])
    assert {(one["side"], bool(one["customer"]), bool(one["supplier"])) for one in entries} == {
        ("receivable", True, False), ("payable", False, True)
    }  # fmt: skip
    assert shop.read("purchase", bought)["row"]["paid_state"] == "settled"
    number = row["number"]
    path = f"/api/documents/sale/{sold['row']['id']}/cancel"
    assert number in shop.api.refused("POST", path, 422, {"reason": "x"})["fields"][""]
    shop.cancel("settlement", made)
    assert sides(shop) == (400, 250, 0)


def test_an_offset_fills_itself(shop: Shop, both: Any) -> None:
    sold, bought = both
    earlier = shop.enter("opening_party", {"kind": "payable", "supplier": "乙", "amount": 30, "due_on": old(9)})
    for asked in ({"kind": "offset", "customer": "丁"}, {"kind": "offset", "supplier": "乙"}):
        (name,) = asked.keys() - {"kind"}
        found = shop.api.post(
            "/api/documents/settlement/work-out", {**shop.body(asked, []), "changed": {"field": name}}
        )
        assert (found["values"]["customer"], found["values"]["supplier"]) == (shop.names["丁"], shop.names["乙"])
        assert [(one["document_number"], yuan(one["amount"])) for one in found["lines"]] == [
            (sold["row"]["number"], 280), (earlier["row"]["number"], 30), (bought["row"]["number"], 250)
        ]  # fmt: skip
        assert (yuan(found["values"]["amount"]), found["values"]["to_advance"]) == (280, None)
    made = shop.enter("settlement", {**OFFSET, "amount": 280}, *found["lines"])
    assert sides(shop) == (120, 0, 0) and made["row"]["allocated"] == fen(280)


def test_offsets_are_refused_where_the_sides_differ(shop: Shop, both: Any) -> None:
    sold, bought = both
    ours, theirs = line(sold, "sale", 250), line(bought, "purchase", 250)
    assert shop.refused("settlement", OFFSET, ours)["fields"] == {"": "应收和应付两边都要有单据"}
    problem = shop.refused("settlement", OFFSET, ours, line(bought, "purchase", 200))
    assert problem["fields"] == {"": "应收 250.00 与应付 200.00 不相等"}
    problem = shop.refused("settlement", OFFSET, line(sold, "sale", 251), line(bought, "purchase", 251))
    assert problem["fields"]["lines.1.amount"] == "未结 250.00，不能分配更多"
    problem = shop.refused("settlement", {**OFFSET, "amount": 240}, ours, theirs)
    assert problem["fields"] == {"amount": "金额应是分配的 250.00"}
    problem = shop.refused("settlement", OFFSET, {**ours, "write_off_amount": 1}, theirs)
    assert problem["fields"] == {"write_off_amount": "抵销没有优惠，尾差请用核销"}
    shop.supplier("丙")
    problem = shop.refused("settlement", {**OFFSET, "supplier": "丙"}, ours, theirs)
    assert problem["fields"]["supplier"] == "这个供应商不是客户的「对应供应商」，请先在客户信息里设好"
    assert "不是这两个往来单位的" in problem["fields"]["lines.1.target"]
    assert shop.refused("settlement", {"kind": "offset"}, ours)["fields"]["customer"] == "请选择客户"
    assert sides(shop) == (400, 250, 0)


def test_an_offset_is_changed_within_what_is_open(shop: Shop, both: Any) -> None:
    sold, bought = both
    made = shop.enter("settlement", OFFSET, line(sold, "sale", 100), line(bought, "purchase", 100))
    kept = [{"id": one["id"], **pair} for one, pair in zip(
        made["lines"], (line(sold, "sale", 250), line(bought, "purchase", 250)), strict=True
    )]  # fmt: skip
    shop.change("settlement", made, kept, amount=250)
    assert sides(shop) == (150, 0, 0)
    over = [{**one, "amount": fen(251)} for one in kept]
    path = f"/api/documents/settlement/{made['row']['id']}"
    problem = shop.api.refused("PATCH", path, 422, shop.body({"amount": 251}, over))
    assert problem["fields"]["lines.1.amount"] == "未结 250.00，不能分配更多"


# --------------------------------------------------------------------------------------------------------------- paper


def test_vouchers_of_documents_without_lines(shop: Shop, bank: str) -> None:
    opened_with(shop, 1000)
    papers = {
        "account_transfer": transfer(shop, 300, "1.50"),
        "opening_party": owes_before(shop, 12),
        "settlement": shop.enter("settlement", {"kind": "advance_in", "customer": "甲", "amount": 5}),
    }
    made = {
        module: printing.paper_of(
            shop.office.engine, shop.office.admin, module, one["row"]["id"], f"{name}_a4", "打印"
        ).form
        for (module, one), name in zip(papers.items(), ("voucher", "sheet", "voucher"), strict=True)
    }
    assert made["account_transfer"].title == "账户转账单" and made["account_transfer"].rows == []
    assert made["account_transfer"].spelled == ("金额（大写）", "叁佰元整")
    assert ("转出合计", "301.50") in made["account_transfer"].sums
    assert made["opening_party"].title == "期初往来单" and ("金额", "12.00") in made["opening_party"].sums
