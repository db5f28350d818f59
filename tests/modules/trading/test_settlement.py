"""What settlements settle, and what changing, cancelling and merging does to it (2.2.8, T5, T10, T20, T28)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from desktop.engine.documents import verbs
from desktop.engine.documents.declare import Posted, Sheet
from desktop.modules.trading import open_items
from desktop.modules.trading.money import PARTIES, party_move
from tests.modules.trading.shop import D, Shop, fen, scaled, yuan
from tests.modules.trading.test_guard import someone


@pytest.fixture(autouse=True)
def _stocked(shop: Shop) -> None:
    shop.product()
    shop.customer()
    shop.customer("丙")
    shop.supplier()


def part(document: dict[str, Any], module: str, amount: float, **more: Any) -> dict[str, Any]:
    return {"target_kind": module, "target": document["row"]["id"], "amount": fen(amount), **more}


def typed(shop: Shop, values: dict[str, Any], field: str, lines: Any = (), id: str | None = None) -> dict[str, Any]:
    """What follows once somebody has left a cell of the header."""
    about = {"id": id} if id else {}
    body = {**shop.body(values, lines), **about, "changed": {"field": field}}
    return dict(shop.api.post("/api/documents/settlement/work-out", body))


def again(shop: Shop, document: dict[str, Any], amount: float) -> dict[str, Any]:
    """The same settlement once its amount was corrected, as the sheet asks."""
    row = document["row"]
    values = {name: row[name] for name in ("kind", "customer", "supplier")}
    return typed(shop, {**values, "amount": amount}, "amount", document["lines"], row["id"])


def given(sheet: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(one["document_number"], yuan(one["amount"])) for one in sheet["lines"]]


def received(shop: Shop, amount: float, *lines: dict[str, Any], **values: Any) -> dict[str, Any]:
    return shop.enter("settlement", {"kind": "receipt", "customer": "甲", "amount": amount, **values}, *lines)


# ------------------------------------------------------------------------------------------------------------ changing


def test_a_corrected_receipt_gives_back_its_own_first(shop: Shop) -> None:
    shop.buy(("P", 50, 5))
    sold = shop.sell(("P", 5, 20))
    made = received(shop, 60, part(sold, "sale", 60))
    found = again(shop, made, 80)
    assert given(found) == [(sold["row"]["number"], 80)] and found["values"]["to_advance"] == 0
    assert found["lines"][0]["id"] == made["lines"][0]["id"]
    shop.change("settlement", made, found["lines"], amount=80)
    assert (shop.owes("甲"), shop.owes("甲", "advance_in"), shop.cash()) == (20, 0, 80)


def test_a_settled_document_stays_when_the_receipt_becomes_less(shop: Shop) -> None:
    shop.buy(("P", 50, 5))
    sold = shop.sell(("P", 5, 20))
    made = received(shop, 100, part(sold, "sale", 100))
    found = again(shop, made, 10)
    assert given(found) == [(sold["row"]["number"], 10)]
    shop.change("settlement", made, found["lines"], amount=10)
    assert (shop.owes("甲"), shop.read("sale", sold)["row"]["paid_state"]) == (90, "partial")


def test_a_corrected_offset_keeps_both_sides(shop: Shop) -> None:
    shop.customer("丁", linked_supplier=shop.names["乙"])
    bought, sold = shop.buy(("P", 20, 10)), shop.sell(("P", 2, 100), customer="丁")
    lines = (part(sold, "sale", 200), part(bought, "purchase", 200))
    made = shop.enter("settlement", {"kind": "offset", "customer": "丁", "supplier": "乙"}, *lines)
    found = again(shop, made, 50)
    assert given(found) == [(sold["row"]["number"], 50), (bought["row"]["number"], 50)]
    assert yuan(found["values"]["amount"]) == 50


def test_two_lines_on_one_document_stay_changeable(shop: Shop) -> None:
    shop.buy(("P", 50, 5))
    sold = shop.sell(("P", 5, 20))
    made = received(shop, 100, part(sold, "sale", 60), part(sold, "sale", 40))
    changed = shop.change("settlement", made, made["lines"], cheque_no="8")
    assert changed["row"]["version"] == 2 and shop.owes("甲") == 0


def test_an_offset_outlives_the_link_of_its_parties(shop: Shop) -> None:
    shop.customer("丁", linked_supplier=shop.names["乙"])
    bought, sold = shop.buy(("P", 20, 10)), shop.sell(("P", 2, 100), customer="丁")
    lines = (part(sold, "sale", 200), part(bought, "purchase", 200))
    made = shop.enter("settlement", {"kind": "offset", "customer": "丁", "supplier": "乙"}, *lines)
    customer = f"/api/records/customer/{shop.names['丁']}"
    shop.api.ok(shop.api.call("PATCH", customer, {"linked_supplier": None}))
    assert shop.change("settlement", made, made["lines"], cheque_no="8")["row"]["version"] == 2


def test_what_was_open_before_is_kept_with_the_receipt(shop: Shop) -> None:
    shop.buy(("P", 50, 5))
    sold = shop.sell(("P", 5, 20))
    made = received(shop, 60, part(sold, "sale", 60))
    assert yuan(made["lines"][0]["outstanding_before"]) == 100
    received(shop, 40, part(sold, "sale", 40))
    assert yuan(shop.read("settlement", made)["lines"][0]["outstanding_before"]) == 100
    assert yuan(again(shop, made, 60)["lines"][0]["outstanding_before"]) == 100
    assert shop.change("settlement", made, made["lines"])["row"]["version"] == 1


def test_a_sheet_tells_nothing_of_a_document_its_author_may_not_see(shop: Shop) -> None:
    shop.buy(("P", 50, 5))
    sold = shop.sell(("P", 5, 20))
    narrow = someone(shop, "settlement", "sale")
    narrow = replace(narrow, scopes={**narrow.scopes, "sale": "own"}, employee=None)
    values = shop.body({"kind": "receipt", "customer": "甲"}, [])["values"]
    found = verbs.work_out(shop.office.engine, narrow, "settlement", values, [part(sold, "sale", 1)], (0, "amount"))
    told = ("document_number", "document_total", "outstanding_before", "due_on")
    assert [found["lines"][0][name] for name in told] == [None] * 4


# ---------------------------------------------------------------------------------------------------------- cancelling


def kept_back(shop: Shop, module: str, document: dict[str, Any]) -> str:
    path = f"/api/documents/{module}/{document['row']['id']}"
    (offered,) = (one for one in shop.api.get(path)["actions"] if one["name"] == "cancel")
    said = str(shop.api.refused("POST", f"{path}/cancel", 422, {"reason": "x"})["fields"][""])
    assert not offered["allowed"] and said.endswith(offered["why"])
    return said


def test_what_brought_money_stays_while_the_money_is_gone(shop: Shop) -> None:
    shop.buy(("P", 50, 5))
    shop.add("account", "银行", kind="bank")
    receipt = shop.enter("settlement", {"kind": "advance_in", "customer": "甲", "amount": 100})
    sold = shop.sell(("P", 1, 60), paid_amount=60, account="现金")
    retail = shop.sell(("P", 1, 30), doc_type="retail", paid_amount=30, account="现金")
    moved = shop.enter("account_transfer", {"from_account": "现金", "to_account": "银行", "amount": 190})
    for module, document in (("settlement", receipt), ("sale", sold), ("sale", retail)):
        assert "先处理已从账户「现金」用掉的钱" in kept_back(shop, module, document)
    shop.cancel("account_transfer", moved)
    for module, document in (("settlement", receipt), ("sale", sold), ("sale", retail)):
        shop.cancel(module, document)
    assert shop.cash() == 0


def test_money_that_came_back_from_a_supplier_stays_while_it_is_gone(shop: Shop) -> None:
    shop.enter("opening_account", {"account": "现金", "amount": 50})
    shop.add("account", "银行", kind="bank")
    bought = shop.buy(("P", 10, 5), paid_amount=50, account="现金")
    back = {"product": shop.names["P"], "qty": scaled(10), "price": scaled(5), "origin_line": bought["lines"][0]["id"]}
    returned = shop.buy(back, doc_type="return", paid_amount=50, account="现金")
    shop.enter("account_transfer", {"from_account": "现金", "to_account": "银行", "amount": 20})
    assert "用掉的钱" in kept_back(shop, "purchase", returned)


def test_an_order_stays_while_its_deposit_is_used(shop: Shop) -> None:
    shop.buy(("P", 50, 5))
    order = shop.sell(("P", 10, 20), paid_amount=50, account="现金", doc_type="order", deliver_on="2030-01-01")
    line = {"product": shop.names["P"], "qty": scaled(5), "price": scaled(20), "order_line": order["lines"][0]["id"]}
    sold = shop.sell(line, advance_used=50)
    assert "用掉这笔预收/付的单据" in kept_back(shop, "sale", order)
    take = f"/api/documents/sale/sources/order/{order['row']['id']}"
    asked = shop.body({"customer": "甲", "doc_type": "sale"}, [])
    assert shop.api.post(take, asked)["values"]["advance_used"] is None
    shop.cancel("sale", sold)
    assert yuan(shop.api.post(take, asked)["values"]["advance_used"]) == 50
    shop.cancel("sale", order)
    assert (shop.owes("甲", "advance_in"), shop.cash()) == (0, 0)


def test_a_write_off_says_why(shop: Shop) -> None:
    shop.buy(("P", 50, 5))
    sold = shop.sell(("P", 1, 20))
    about, line = {"kind": "write_off", "customer": "甲"}, part(sold, "sale", 20, write_off_amount=fen(20))
    assert shop.refused("settlement", about, line)["fields"] == {"write_off_reason": "请选择核销原因"}
    where = '{"list": "write_off_reason"}'
    reason = shop.api.get("/api/lookup/dict_item", q="坏账", where=where)["rows"][0]["id"]
    made = shop.enter("settlement", {**about, "write_off_reason": reason}, line)
    assert (shop.owes("甲"), shop.cash(), made["labels"][reason]) == (0, 0, "坏账")


# ----------------------------------------------------------------------------------------------------------------- fees


@pytest.fixture
def fee(shop: Shop) -> dict[str, Any]:
    """A purchase of 100.00 with 33.33 owed to 物流."""
    shop.supplier("物流")
    shop.enter("opening_account", {"account": "现金", "amount": 1000})
    return shop.buy(("P", 10, 10), fee_amount="33.33", fee_supplier="物流")


def test_a_fee_is_paid_to_whom_it_is_owed(shop: Shop, fee: dict[str, Any]) -> None:
    number = fee["row"]["number"]
    found = typed(shop, {"kind": "payment", "supplier": "物流", "amount": "33.33"}, "amount")
    assert given(found) == [(f"{number} 采购费用", D("33.33"))] and yuan(found["lines"][0]["document_total"]) == D(
        "33.33"
    )
    paid = shop.enter("settlement", {"kind": "payment", "supplier": "物流", "amount": "33.33"}, *found["lines"])
    assert (shop.owes("物流", "payable"), shop.owes("乙", "payable")) == (0, 100)
    assert shop.read("purchase", fee)["row"]["paid_state"] == "unpaid"
    path = f"/api/documents/purchase/{fee['row']['id']}"
    assert paid["row"]["number"] in shop.api.refused("POST", f"{path}/cancel", 422, {"reason": "x"})["fields"][""]
    less = shop.api.refused("PATCH", path, 422, shop.body({"fee_amount": 33}, fee["lines"]))["fields"]
    assert less == {"fee_amount": "采购费用已经付了 33.33，不能更少"}
    other = shop.api.refused("PATCH", path, 422, shop.body({"fee_supplier": "乙"}, fee["lines"]))["fields"]
    assert other == {"fee_supplier": "采购费用已经付过，不能换费用单位"}
    shop.cancel("settlement", paid)
    assert shop.owes("物流", "payable") == D("33.33")


def test_a_supplier_who_also_gets_the_fee_is_owed_both(shop: Shop) -> None:
    shop.enter("opening_account", {"account": "现金", "amount": 1000})
    bought = shop.buy(("P", 10, 10), fee_amount=30, fee_supplier="乙")
    found = typed(shop, {"kind": "payment", "supplier": "乙", "amount": 125}, "amount")
    assert sorted((one["target_kind"], yuan(one["amount"])) for one in found["lines"]) == [
        ("purchase", 100), ("purchase_fee", 25)
    ]  # fmt: skip
    made = shop.enter("settlement", {"kind": "payment", "supplier": "乙", "amount": 125}, *found["lines"])
    assert (shop.owes("乙", "payable"), shop.read("purchase", bought)["row"]["paid_state"]) == (5, "settled")
    assert {one["target_kind"]: yuan(one["amount"]) for one in again(shop, made, 130)["lines"]} == {
        "purchase": 100, "purchase_fee": 30
    }  # fmt: skip


# ------------------------------------------------------------------------------------------------------------- merging


def merge(shop: Shop, module: str, winner: str, loser: str) -> None:
    shop.api.post(f"/api/merge/{module}", {"winner": shop.names[winner], "losers": [shop.names[loser]]})


def test_debts_of_a_merged_customer_are_collected(shop: Shop) -> None:
    shop.buy(("P", 50, 5))
    sold = shop.sell(("P", 5, 20), customer="丙")
    merge(shop, "customer", "甲", "丙")
    found = typed(shop, {"kind": "receipt", "customer": "甲", "amount": 100}, "amount")
    assert given(found) == [(sold["row"]["number"], 100)]
    shop.enter("settlement", {"kind": "receipt", "customer": "甲", "amount": 100}, *found["lines"])
    assert (shop.owes("甲"), shop.read("sale", sold)["row"]["paid_state"]) == (0, "settled")


def test_a_receipt_of_a_merged_customer_is_corrected_under_his_name_now(shop: Shop) -> None:
    shop.buy(("P", 50, 5))
    sold = shop.sell(("P", 5, 20), customer="丙")
    made = received(shop, 60, part(sold, "sale", 60), customer="丙")
    merge(shop, "customer", "甲", "丙")
    shop.change("settlement", made, [{**made["lines"][0], "amount": fen(80)}], customer="甲", amount=80)
    shop.change("sale", sold, sold["lines"], customer="甲")
    assert (shop.owes("甲"), shop.cash()) == (20, 80)


def test_advances_of_a_merged_customer_are_used(shop: Shop) -> None:
    shop.buy(("P", 50, 5))
    shop.enter("settlement", {"kind": "advance_in", "customer": "丙", "amount": 50})
    merge(shop, "customer", "甲", "丙")
    shop.sell(("P", 5, 20), advance_used=50)
    assert (shop.owes("甲"), shop.owes("甲", "advance_in")) == (50, 0)


def test_debts_to_a_merged_supplier_are_paid_and_offset(shop: Shop) -> None:
    shop.supplier("乙2")
    shop.customer("丁", linked_supplier=shop.names["乙2"])
    bought = shop.buy(("P", 10, 10), supplier="乙2")
    sold = shop.sell(("P", 1, 40), customer="丁")
    opened = shop.enter("opening_party", {"kind": "payable", "supplier": "乙2", "amount": 7})
    merge(shop, "supplier", "乙", "乙2")
    paid = typed(shop, {"kind": "payment", "supplier": "乙", "amount": 107}, "amount")
    numbers = {bought["row"]["number"], opened["row"]["number"]}
    assert {one["document_number"] for one in paid["lines"]} == numbers
    found = typed(shop, {"kind": "offset", "supplier": "乙"}, "supplier")
    assert found["values"]["customer"] == shop.names["丁"] and yuan(found["values"]["amount"]) == 40
    about = {"kind": "offset", "customer": "丁", "supplier": "乙"}
    shop.enter("settlement", about, part(sold, "sale", 40), part(bought, "purchase", 40))
    shop.change("opening_party", opened, [], supplier="乙", amount=8)
    assert shop.owes("乙", "payable") == 68


def test_orders_and_debts_of_a_merged_customer_count_for_his_credit(shop: Shop) -> None:
    shop.buy(("P", 50, 5))
    order = shop.sell(("P", 5, 100), customer="丙", doc_type="order", deliver_on="2030-01-01")
    path = f"/api/records/customer/{shop.names['甲']}"
    shop.api.ok(shop.api.call("PATCH", path, {"credit_limit": fen(500)}))
    merge(shop, "customer", "甲", "丙")
    offered = shop.api.post("/api/documents/sale/sources/order", shop.body({"customer": "甲", "doc_type": "sale"}, []))
    assert [one["id"] for one in offered["items"]] == [order["row"]["id"]]
    for customer in ("甲", "丙"):
        problem = shop.refused("sale", {"customer": customer}, ("P", 1, 100), status=409)
        assert [one["name"] for one in problem["questions"]] == ["over_credit"]


def test_the_balance_behind_an_entry_is_of_all_that_was_merged(shop: Shop) -> None:
    shop.buy(("P", 50, 5))
    for customer, price in (("甲", 10), ("丙", 20)):
        shop.sell(("P", 1, price), customer=customer)
    merge(shop, "customer", "甲", "丙")
    shop.sell(("P", 1, 40))
    rows = [one for one in shop.rows("party_entry") if one["side"] == "receivable"]
    assert sorted((yuan(one["amount"]), yuan(one["balance_after"])) for one in rows) == [(10, 10), (20, 30), (40, 70)]


# --------------------------------------------------------------------------------------------------------------- sheets


def hints(sheet: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["field"], one["text"]) for one in sheet["hints"]]


def test_an_empty_sheet_says_what_it_waits_for(shop: Shop) -> None:
    words = "选好以后，没结清的单据列在下面"
    assert hints(typed(shop, {"kind": "receipt"}, "kind")) == [("customer", words)]
    assert hints(typed(shop, {"kind": "payment"}, "kind")) == [("supplier", words)]
    nothing = "没有没结清的单据，金额转入预收/付"
    assert hints(typed(shop, {"kind": "receipt", "customer": "甲"}, "customer")) == [("customer", nothing)]
    told = hints(typed(shop, {"kind": "receipt", "customer": "甲", "amount": 50}, "amount"))
    assert [name for name, _ in told] == ["amount"], "that nothing is open is said once"
    shop.buy(("P", 5, 1))
    shop.sell(("P", 1, 20))
    assert not hints(typed(shop, {"kind": "receipt", "customer": "甲"}, "customer"))


def test_of_very_many_open_documents_a_sheet_lists_the_first_due(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sheet takes so many lines and no more; money goes further, credits are all there, and the rest is told."""
    monkeypatch.setattr(open_items, "LISTED", 2)
    monkeypatch.setattr(open_items, "DEBTS_MAX", 4)
    shop.buy(("P", 90, 1))
    for price in range(10, 16):
        shop.sell(("P", 1, price))
    shop.sell(("P", 1, 3), doc_type="return", confirmed=("never_had", "had_less"))
    values = {"kind": "receipt", "customer": "甲"}

    def listed(**more: Any) -> tuple[list[Any], bool]:
        found = typed(shop, {**values, **more}, "amount" if more else "customer")
        said = [text for _, text in hints(found) if "太多" in text]
        return [(yuan(one["outstanding_before"]), yuan(one["amount"])) for one in found["lines"]], bool(said)

    assert listed() == ([(10, 0), (11, 0), (-3, 0)], True)
    assert listed(amount=30) == ([(10, 10), (11, 11), (12, 9), (-3, 0)], True)
    assert listed(amount=99) == ([(10, 10), (11, 11), (12, 12), (13, 13), (-3, 0)], True)
    paid = shop.enter("settlement", {**values, "amount": 33}, *typed(shop, {**values, "amount": 33}, "amount")["lines"])
    assert again(shop, paid, 21)["lines"][0]["amount"] == fen(10), "what it settled itself is open to it"
    assert listed() == ([(13, 0), (14, 0), (-3, 0)], True)


def test_another_kind_keeps_no_amounts_that_it_does_not_show(shop: Shop) -> None:
    values = {"kind": "write_off", "customer": "甲", "amount": 5, "from_advance": 3, "account": "现金"}
    found = typed(shop, values, "kind")["values"]
    assert [found[name] for name in ("amount", "from_advance", "account", "customer")] == [
        None, None, None, shop.names["甲"]
    ]  # fmt: skip


def test_a_sheet_has_the_fields_of_its_kind(shop: Shop) -> None:
    modules = {one["name"]: one for one in shop.api.get("/api/modules")["modules"]}
    money, opening = modules["settlement"]["document"], modules["opening_party"]["document"]
    assert "receipt" in money["only"]["customer"] and "receipt" not in money["only"]["supplier"]
    assert money["only"]["write_off_reason"] == money["needs"]["write_off_reason"] == ["write_off"]
    assert opening["needs"] == {"customer": ["receivable", "advance_in"], "supplier": ["payable", "advance_out"]}


def test_a_write_off_is_of_one_party(shop: Shop) -> None:
    """Else the balance of the customer stood in two rows, one of them with a supplier who has nothing to do with it."""
    shop.buy(("P", 10, 1))
    sold = shop.sell(("P", 1, 100))
    where = '{"list": "write_off_reason"}'
    why = shop.api.get("/api/lookup/dict_item", q="坏账", where=where)["rows"][0]["id"]
    both = {"kind": "write_off", "customer": "甲", "supplier": "乙", "write_off_reason": why}
    line = {"target_kind": "sale", "target": sold["row"]["id"], "amount": fen(100), "write_off_amount": fen(100)}
    assert "只能选一个" in shop.refused("settlement", both, line)["fields"]["supplier"]
    for chosen, other in (("customer", "supplier"), ("supplier", "customer")):
        body = {**shop.body(both, []), "changed": {"field": chosen}}
        values = shop.api.post("/api/documents/settlement/work-out", body)["values"]
        assert values[chosen] and values[other] is None
    shop.enter("settlement", both | {"supplier": None}, line)
    assert len(shop.rows("party_balance", customer=shop.names["甲"])) == 1 and shop.owes("甲") == 0


def test_an_entry_is_under_whose_side_it_is(shop: Shop) -> None:
    """What an earlier program posted with both parties stands under one of them."""
    sheet = Sheet({"customer": "c", "supplier": "s"}, ())
    posted = Posted("settlement", "d", "v", sheet, "2026-11-01", None)
    for side, party in PARTIES.items():
        (move,) = party_move(posted, "write_off", side, -100, "allocated")
        assert [name for name in ("customer", "supplier") if move.values.get(name)] == [party]


# ------------------------------------------------------------------------------------------------------- balances (M3)


def balances(values: dict[str, Any]) -> tuple[Any, Any]:
    return yuan(values["balance_before"]), yuan(values["balance_after"])


def test_the_balance_after_posting_is_shown_before(shop: Shop) -> None:
    bought = shop.buy(("P", 50, 5))
    sold = shop.sell(("P", 5, 20))
    shop.sell(("P", 2, 20))
    found = typed(shop, {"kind": "receipt", "customer": "甲", "amount": 60}, "amount")
    assert balances(found["values"]) == (140, 80)
    made = received(shop, 60, part(sold, "sale", 60))
    assert balances(made["row"]) == (140, 80) and shop.owes("甲") == 80
    shop.sell(("P", 1, 20))
    assert balances(again(shop, made, 70)["values"]) == (140, 70)
    changed = shop.change("settlement", made, [{**made["lines"][0], "amount": fen(70)}], amount=70)
    assert balances(changed["row"]) == (140, 70), "what it was when it was made"
    ahead = shop.enter("settlement", {"kind": "advance_in", "customer": "甲", "amount": 500})
    assert balances(ahead["row"]) == (90, 90)
    paid = shop.enter("settlement", {"kind": "payment", "supplier": "乙", "amount": 30}, part(bought, "purchase", 30))
    assert balances(paid["row"]) == (250, 220)
    back = shop.sell(("P", 1, 20), doc_type="return")
    refund = {"kind": "refund_out", "customer": "甲", "amount": 20}
    assert balances(shop.enter("settlement", refund, part(back, "sale", -20))["row"]) == (70, 90)


def sent(found: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {"values": found["values"], "lines": found["lines"], "changed": changed}


def test_a_discount_settles_with_the_money(shop: Shop) -> None:
    """T10: what is allocated includes it, however often it is typed anew, and no more than is open."""
    shop.buy(("P", 50, 5))
    first, second = shop.sell(("P", 5, 1000)), shop.sell(("P", 1, 660))
    found = typed(shop, {"kind": "receipt", "customer": "甲", "amount": 5658}, "amount")
    amounts = []
    for off in (2, 3, 2):
        found["lines"][1]["write_off_amount"] = fen(off)
        found = shop.api.post("/api/documents/settlement/work-out", sent(found, line=1, field="write_off_amount"))
        amounts.append((yuan(found["lines"][1]["amount"]), yuan(found["values"]["to_advance"])))
    assert amounts == [(660, 0), (660, 1), (660, 0)]
    found = typed(shop, {"kind": "receipt", "customer": "甲", "amount": 5658}, "amount", found["lines"])
    assert given(found) == [(first["row"]["number"], 5000), (second["row"]["number"], 660)], "typed in any order"
    values = {name: value for name, value in found["values"].items() if value is not None}
    shop.api.post("/api/documents/settlement", {"values": values, "lines": found["lines"]})
    assert shop.read("sale", second)["row"]["paid_state"] == "settled"
    assert (shop.owes("甲"), shop.cash()) == (0, 5658)


def test_an_offset_says_at_the_field_what_it_needs_first(shop: Shop) -> None:
    def told(field: str, **parties: str) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        found = typed(shop, {"kind": "offset", **parties}, field)
        return found["values"], [(one["field"], one["text"]) for one in found["hints"]]

    values, (hint,) = told("customer", customer="甲")
    assert values["supplier"] is None and hint[0] == "supplier" and "「企业」页里设好" in hint[1]
    values, (hint,) = told("supplier", supplier="乙")
    assert values["customer"] is None and hint[0] == "customer" and "没有客户的「对应供应商」是它" in hint[1]
    values, (hint,) = told("supplier", customer="甲", supplier="乙")
    assert values["customer"] == shop.names["甲"], "what was chosen stays"
    assert hint[0] == "supplier" and "不是这个客户的" in hint[1]
    shop.customer("甲方", linked_supplier=shop.names["乙"])
    values, found = told("customer", customer="甲方", supplier="")
    assert values["supplier"] == shop.names["乙"] and not found
