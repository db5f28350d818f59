"""What is paid on a document is a receipt of its own (T11)."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from random import Random
from typing import Any

import pytest

from desktop import maintenance
from desktop.engine.check import problems
from desktop.modules import load
from tests.api.test_roles import PASSWORD, hire, make
from tests.engine.kit import Desk, assert_sound, open_desk
from tests.modules.trading.shop import Shop, yuan


@pytest.fixture(autouse=True)
def goods(shop: Shop) -> None:
    shop.product()
    shop.customer()
    shop.supplier()
    shop.buy(("P", 50, 20))


def receipt(shop: Shop, document: dict[str, Any]) -> dict[str, Any]:
    """The receipt that came of posting a document."""
    return shop.read("settlement", {"row": {"id": document["row"]["receipt"]}})


def balances(shop: Shop) -> list[Any]:
    """Everything that money on documents turns."""
    parties = ("甲", "receivable"), ("甲", "advance_in"), ("乙", "payable"), ("乙", "advance_out")
    return [shop.cash(), shop.stock(), *(shop.owes(*one) for one in parties)]


PAID: dict[str, Any] = {"paid_amount": 30, "account": "现金"}


def test_what_is_paid_on_a_sale_is_a_receipt_of_its_own(shop: Shop) -> None:
    sold = shop.sell(("P", 5, 20), **PAID)
    found, row = receipt(shop, sold), receipt(shop, sold)["row"]
    assert row["number"].startswith("SK-") and row["number"].endswith("-0001")
    assert (row["kind"], row["customer"], row["account"], row["state"]) == (
        "receipt", shop.names["甲"], shop.names["现金"], "posted",
    )  # fmt: skip
    assert [yuan(row[name]) for name in ("amount", "allocated", "to_advance", "balance_before", "balance_after")] == [
        30, 30, 0, 100, 70,
    ]  # fmt: skip
    assert (row["doc_on"], row["handler"], row["owner"]) == tuple(
        sold["row"][name] for name in ("doc_on", "handler", "owner")
    )
    (line,) = found["lines"]
    assert (line["target"], line["document_number"]) == (sold["row"]["id"], sold["row"]["number"])
    assert [yuan(line[name]) for name in ("document_total", "outstanding_before", "amount")] == [100, 100, 30]
    assert [found["links"][0]["id"], sold["links"][0]["id"]] == [sold["row"]["id"], row["id"]]
    assert yuan(sold["row"]["outstanding"]) == 70 and yuan(sold["row"]["settled"]) == 30
    assert (shop.owes("甲"), shop.cash()) == (70, 30), "counted once"
    assert [one["number"] for one in shop.rows("settlement_line", target=sold["row"]["id"])] == [row["number"]]
    assert [one["document"] for one in shop.rows("account_entry")] == [row["id"]]
    assert shop.enter("settlement", {"kind": "receipt", "customer": "甲", "amount": 1})["row"]["number"].endswith(
        "-0002"
    )


@pytest.mark.parametrize(
    ("module", "values", "kind", "cash", "side"),
    [
        ("sale", {"doc_type": "retail", "customer": None, "paid_amount": 100}, "receipt", 100, "receivable"),
        ("sale", {"doc_type": "return"}, "refund_out", -30, "receivable"),
        ("sale", {"doc_type": "order", "deliver_on": "2030-01-01"}, "advance_in", 30, "advance_in"),
        ("purchase", {}, "payment", -30, "payable"),
        ("purchase", {"doc_type": "return"}, "refund_in", 30, "payable"),
        ("purchase", {"doc_type": "order", "deliver_on": "2030-01-01"}, "advance_out", -30, "advance_out"),
    ],
)
def test_every_kind_has_its_receipt_and_cancelling_returns_every_balance(
    shop: Shop, module: str, values: dict[str, Any], kind: str, cash: int, side: str
) -> None:
    shop.enter("opening_account", {"account": "现金", "amount": 500})
    party = {"sale": {"customer": "甲"}, "purchase": {"supplier": "乙"}}[module]
    before = balances(shop)
    document = shop.enter(module, party | PAID | values, ("P", 5, 20), confirmed=["never_had"])
    found = receipt(shop, document)["row"]
    assert (found["kind"], found["number"][:2]) == (kind, "SK" if module == "sale" else "FK")
    assert shop.cash() == 500 + cash
    if side.startswith("advance"):
        order = found["order" if module == "sale" else "purchase_order"]
        assert (order, yuan(document["row"]["deposit_left"])) == (document["row"]["id"], 30)
    else:
        assert yuan(document["row"]["settled"]) == cash * (1 if module == "sale" else -1)
    gone = shop.cancel(module, document, "客户不要了")
    after = receipt(shop, gone)["row"]
    assert (after["state"], after["cancel_reason"]) == ("cancelled", "客户不要了")
    assert after["cancelled_on"] == gone["row"]["cancelled_on"]
    assert balances(shop) == before


def test_a_receipt_is_not_changed_or_cancelled_by_itself(shop: Shop) -> None:
    sold = shop.sell(("P", 5, 20), **PAID)
    found = receipt(shop, sold)
    path = f"/api/documents/settlement/{found['row']['id']}"
    words = f"由销货单 {sold['row']['number']} 生成，不能单独修改或作废，请在那张单据上作废"
    (cancel,) = (one for one in found["actions"] if one["name"] == "cancel")
    assert (found["made_by"], cancel["allowed"], cancel["why"]) == (words, False, words)
    assert shop.api.refused("POST", f"{path}/cancel", 422, {"reason": "x"})["fields"] == {"": words}
    bodies: list[dict[str, Any]] = [
        {"values": {"amount": 20_00}, "lines": found["lines"]},
        {"values": {}, "lines": []},
        {"values": {}, "lines": [found["lines"][0] | {"amount": 20_00}]},
    ]
    for body in bodies:
        assert words in shop.api.refused("PATCH", path, 422, body)["fields"].values()
    gone = shop.api.refused("DELETE", f"/api/records/settlement/{found['row']['id']}", 409)
    assert "请在那张单据上作废" in gone["refused"][0]["reason"]
    noted = shop.change("settlement", found, found["lines"], note="现金，当面点清")
    assert (noted["row"]["note"], noted["row"]["version"], shop.cash()) == ("现金，当面点清", 1, 30)


def test_changing_a_document_keeps_its_receipt(shop: Shop) -> None:
    sold = shop.sell(("P", 5, 20), **PAID)
    before = receipt(shop, sold)
    line = sold["lines"][0]
    changed = shop.change("sale", sold, [line | {"qty": line["qty"] * 2}])
    assert (receipt(shop, changed), shop.owes("甲"), shop.cash()) == (before, 170, 30)
    same = shop.change("sale", sold, changed["lines"])
    assert same["row"]["version"] == changed["row"]["version"] == 2, "nothing was changed"
    path = f"/api/documents/sale/{sold['row']['id']}"
    body = shop.body({"paid_amount": 40}, changed["lines"])
    assert "不能再改" in shop.api.refused("PATCH", path, 422, body)["fields"]["paid_amount"]
    small = shop.body({}, [line | {"qty": line["qty"] // 5}])
    assert "已经结清 30.00" in str(shop.api.refused("PATCH", path, 422, small)["fields"])


def test_a_draft_has_no_receipt_and_a_copy_makes_its_own(shop: Shop) -> None:
    draft = shop.enter("sale", {"customer": "甲", **PAID}, ("P", 5, 20), post=False)
    assert (draft["row"]["receipt"], shop.rows("settlement"), shop.cash()) == (None, [], 0)
    first = shop.change("sale", draft, draft["lines"])
    values = {name: first["row"][name] for name in ("customer", "doc_type", "paid_amount", "account", "receipt")}
    second = shop.api.post("/api/documents/sale", {"values": values, "lines": [first["lines"][0] | {"id": ""}]})
    assert [receipt(shop, one)["row"]["number"][-4:] for one in (first, second)] == ["0001", "0002"]
    assert (shop.cash(), len(shop.rows("settlement"))) == (60, 2)


@pytest.mark.parametrize(("fee_to", "owed"), [("乙", 120), ("运", 100)])
def test_a_receipt_says_what_the_books_say_where_fees_go_to_the_supplier_himself(
    shop: Shop, fee_to: str, owed: int
) -> None:
    shop.supplier("运")
    shop.enter("opening_account", {"account": "现金", "amount": 500})
    before = shop.owes("乙", "payable")
    fee: dict[str, Any] = {"fee_amount": 20, "fee_supplier": fee_to}
    bought = shop.buy(("P", 5, 20), paid_amount=30, account="现金", **fee)
    found = receipt(shop, bought)
    assert shop.owes("乙", "payable") == before + owed - 30
    assert [yuan(found["row"][name]) for name in ("balance_before", "balance_after")] == [
        before + owed, before + owed - 30,
    ]  # fmt: skip
    (line,) = found["lines"]
    assert [yuan(line[name]) for name in ("document_total", "outstanding_before", "amount")] == [100, 100, 30]
    by_hand = {"kind": "payment", "supplier": "乙", "amount": 1, "account": "现金"}
    assert shop.enter("settlement", by_hand)["row"]["balance_before"] == found["row"]["balance_after"]


def told(shop: Shop, sold: dict[str, Any]) -> str:
    """All that is told of a sale, whoever asks."""
    id = sold["row"]["id"]
    paths = f"/api/documents/sale/{id}", "/api/records/sale", f"/api/records/sale/{id}/history", "/api/modules"
    answers = [shop.api.get(path) for path in paths]
    answers.append(shop.api.call("GET", "/api/records/settlement").text)
    answers.append(shop.api.get("/api/search", q=sold["row"].get("receipt_number") or sold["row"]["number"]))
    return json.dumps(answers, ensure_ascii=False)


def test_who_may_not_see_settlements_is_told_nothing_of_a_receipt(shop: Shop) -> None:
    sold = shop.sell(("P", 5, 20), **PAID)
    secrets = {sold["row"]["receipt"], sold["links"][0]["title"], "receipt_number"}
    everything = told(shop, sold)
    assert all(secret in everything for secret in secrets)
    assert "receipt_before" not in everything, "what the customer owes with it stands on the receipt alone"
    path = "/api/records/sale?filter=" + json.dumps(
        {"and": [{"field": "receipt_number", "op": "contains", "value": "SK"}]}
    )
    assert shop.api.call("GET", path).ok
    boxes = dict.fromkeys(["customer", "product", "warehouse", "account"], "view")
    boxes |= {"sale": "view add edit post export"}
    for name, more in (("看单", {}), ("看收付", {"settlement": "view"})):
        role = make(shop.api, name, boxes | more, values={"data_scope": "all"})
        hire(shop.office, {"看单": "kan", "看收付": "shou"}[name], role["id"])
    shop.api.sign_in("kan", PASSWORD)
    nothing = told(shop, sold)
    assert not [secret for secret in secrets if secret in nothing]
    assert shop.api.call("GET", path).status_code == 422
    assert shop.api.call("GET", "/api/records/document_version").status_code == 403
    mine = shop.sell(("P", 1, 20), paid_amount=20, account="现金")
    assert (mine["links"], mine["row"].get("receipt"), mine["row"]["paid_state"]) == ([], None, "settled")
    changed = shop.change("sale", mine, [mine["lines"][0] | {"qty": 2_0000}])
    assert changed["row"]["version"] == 2
    shop.api.sign_in("shou", PASSWORD)
    assert all(secret in told(shop, sold) for secret in secrets)
    shop.api.sign_in()
    assert receipt(shop, shop.read("sale", mine))["row"]["state"] == "posted", "it came of the posting all the same"
    assert (shop.cash(), shop.owes("甲")) == (50, 90)


def test_a_field_hangs_on_the_sight_of_a_module_that_is_there() -> None:
    registry = load()
    sale = registry["sale"]
    assert not list(problems(registry, sale))
    lost = {**sale.fields, "receipt": replace(sale.fields["receipt"], see_module="nobody")}
    given = replace(sale, module=replace(sale.module, fields=lost))
    assert "M015" in [one.id for one in problems(registry, given)]


_KINDS: list[tuple[str, dict[str, Any]]] = [
    ("sale", {}),
    ("sale", {"doc_type": "retail", "customer": None, "paid_amount": 100}),
    ("sale", {"doc_type": "return"}),
    ("sale", {"doc_type": "order", "deliver_on": "2030-01-01"}),
    ("purchase", {}),
    ("purchase", {"doc_type": "return"}),
    ("purchase", {"doc_type": "order", "deliver_on": "2030-01-01"}),
]


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_was_paid_changed_and_settled_cancelling_it_all_leaves_nothing(shop: Shop, seed: int) -> None:
    """Cancelling the latest first; the receipts of the documents go with them."""
    random = Random(seed)
    shop.enter("opening_account", {"account": "现金", "amount": 2_000})
    before, made = balances(shop), []
    for module, values in random.choices(_KINDS, k=9):
        party = {"sale": {"customer": "甲"}, "purchase": {"supplier": "乙"}}[module]
        paid = {"paid_amount": random.choice([None, 1, 30, 100]), "account": "现金"}
        document = shop.enter(module, party | paid | values, ("P", 5, 20))
        made.append((module, document))
        if random.random() < 0.5 and values.get("doc_type") not in ("retail", "order"):
            line = document["lines"][0]
            shop.change(module, document, [line | {"qty": line["qty"] * 2}])
            kind = {"sale": "receipt", "purchase": "payment"}[module]
            if "doc_type" not in values:
                part = {"target_kind": module, "target": document["row"]["id"], "amount": 500}
                made.append(("settlement", shop.enter("settlement", party | {"kind": kind, "amount": 5}, part)))
    assert len(shop.rows("settlement")) == sum(bool(one["row"].get("receipt")) for _, one in made) + sum(
        module == "settlement" for module, _ in made
    )
    for module, document in reversed(made):
        shop.cancel(module, document)
    assert balances(shop) == before
    assert {row["state"] for row in shop.rows("settlement")} == {"cancelled"}


_STANDS = {
    "settlement": "id number kind customer amount account state cancel_reason note balance_after source void_numbers",
    "settlement_line": "id document number target amount state",
    "party_entry": "id number document side amount book_on settles",
    "account_entry": "id number document account amount book_on",
    "party_balance": "id balance",
    "sale": "id state settled outstanding receipt",
}


def stands(desk: Desk) -> dict[str, set[tuple[Any, ...]]]:
    return {
        table: {tuple(row) for row in desk.ask(f"SELECT deleted_at, {', '.join(names.split())} FROM {table}")}
        for table, names in _STANDS.items()
    }


def test_a_receipt_is_the_same_in_whatever_order_what_it_follows_from_comes(
    shop: Shop, template: Path, tmp_path: Path
) -> None:
    """Posting, a note on the receipt, a change of the sale and its cancellation, each told by itself."""
    here = Desk(shop.office.workstation, None)  # type: ignore[arg-type]
    before = here.changesets()

    def told() -> list[Any]:
        return here.changesets()[len(before) + sum(map(len, parts)) :]

    orders = Random(3).sample([*permutations(range(4))], 6)
    parts: list[list[Any]] = []
    for _ in orders:
        sold = shop.sell(("P", 2, 20), **PAID)
        parts.append(told())
        found = receipt(shop, sold)
        shop.change("settlement", found, found["lines"], note="当面点清")
        parts.append(told())
        shop.change("sale", sold, [sold["lines"][0] | {"qty": sold["lines"][0]["qty"] * 2}])
        parts.append(told())
        shop.cancel("sale", sold)
        parts.append(told())
    shutil.copytree(template, tmp_path / "there")
    with open_desk(tmp_path / "there") as there:
        maintenance.renew_identity(there.workstation.db)
        there.receive(before)
        for at, order in enumerate(orders):
            for step in order:
                there.receive(parts[at * 4 + step])
        assert stands(there) == stands(here)
        assert_sound(there.engine)
