"""Documents that wait for somebody's word (T20, `approval.*`): submitted, withdrawn, rejected, approved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.api.test_roles import MANAGER, PASSWORD, hire, make
from tests.modules.trading.shop import Shop, scaled, yuan

CLERK = "view add edit delete post cancel"
LOOK = "view"


@pytest.fixture(autouse=True)
def staff(shop: Shop) -> None:
    """A clerk who enters sales, a manager who approves them, and goods to be sold."""
    shop.product("P", price_1=scaled(20))
    shop.product("Q")
    shop.customer()
    shop.supplier()
    shop.buy(("P", 10, 5))
    seen = dict.fromkeys(("customer", "supplier", "product", "warehouse", "account", "employee", "stock_balance"), LOOK)
    role = make(shop.api, "开单", {"sale": CLERK, "purchase": CLERK, **seen}, values={"data_scope": "all"})
    hire(shop.office, "kaidan", role["id"])
    hire(shop.office, "zongjingli", MANAGER)
    decide(shop, "sale")


def decide(shop: Shop, module: str, is_on: bool = True) -> None:
    shop.api.ok(shop.api.call("PATCH", "/api/settings", {"values": {f"approval.{module}": is_on}}))


@contextmanager
def signed_in(shop: Shop, user: str) -> Iterator[None]:
    shop.api.sign_in(user, PASSWORD)
    yield
    shop.api.sign_in()


def by_clerk(shop: Shop, qty: int = 4) -> dict[str, Any]:
    with signed_in(shop, "kaidan"):
        return shop.sell(("P", qty, 20))


def path(document: dict[str, Any], verb: str = "", module: str = "sale") -> str:
    return f"/api/documents/{module}/{document['row']['id']}" + (f"/{verb}" if verb else "")


def act(shop: Shop, document: dict[str, Any], verb: str, **body: Any) -> dict[str, Any]:
    return dict(shop.api.post(path(document, verb), body))


def described(shop: Shop) -> dict[str, Any]:
    return {one["name"]: one for one in shop.api.get("/api/modules")["modules"]}


def offered(document: dict[str, Any]) -> set[str]:
    return {one["name"] for one in document["actions"] if one["allowed"]}


def test_saving_submits_and_the_approver_posts(shop: Shop) -> None:
    sent = by_clerk(shop)
    assert (sent["row"]["state"], sent["row"]["approval"]) == ("draft", "waiting")
    assert offered(sent) == {"copy", "withdraw"} and shop.stock()[0] == 10
    with signed_in(shop, "zongjingli"):
        seen = shop.read("sale", sent)
        assert {"approve", "reject"} <= offered(seen) and "withdraw" not in offered(seen)
        done = act(shop, sent, "approve")
    assert (done["row"]["state"], done["row"]["approval"], done["row"]["version"]) == ("posted", "approved", 1)
    assert done["labels"][done["row"]["approver"]] == "zongjingli"
    assert done["labels"][done["row"]["submitted_by"]] == "kaidan"
    assert (shop.stock()[0], shop.owes("甲"), yuan(done["row"]["total"])) == (6, 80, 80)
    assert "没有在等审批" in shop.api.refused("POST", path(sent, "approve"), 400, {})["title"]


def test_what_is_paid_on_what_waits_is_received_when_it_is_approved(shop: Shop) -> None:
    """T11: who approves needs no right to receipts."""
    with signed_in(shop, "kaidan"):
        sent = shop.sell(("P", 4, 20), paid_amount=30, account="现金")
    assert (shop.rows("settlement"), shop.cash()) == ([], 0)
    with signed_in(shop, "zongjingli"):
        done = act(shop, sent, "approve")
    (receipt,) = shop.rows("settlement")
    assert (receipt["id"], receipt["state"], receipt["approval"]) == (done["row"]["receipt"], "posted", None)
    assert (receipt["owner"], shop.cash(), shop.owes("甲")) == (done["row"]["owner"], 30, 50)
    with signed_in(shop, "kaidan"):
        assert shop.read("sale", sent)["links"] == [], "who may not see receipts is not led to one"


def test_what_waits_is_locked_until_it_is_withdrawn(shop: Shop) -> None:
    sent = by_clerk(shop)
    body = shop.body({}, [{**sent["lines"][0], "qty": scaled(5)}])
    for post in (True, False):
        problem = shop.api.refused("PATCH", path(sent), 400, {**body, "post": post})
        assert "已提交审批，不能改" in problem["title"]
    gone = shop.api.refused("POST", "/api/records/sale/delete", 409, {"ids": [sent["row"]["id"]]})
    assert "已提交审批，要先撤回或驳回" in gone["title"]
    assert "只有提交的人" in shop.api.refused("POST", path(sent, "withdraw"), 403, {})["title"]
    with signed_in(shop, "kaidan"):
        back = act(shop, sent, "withdraw")
        assert (back["row"]["approval"], "save" in offered(back)) == (None, True)
        again = shop.change("sale", sent, [{**sent["lines"][0], "qty": scaled(5)}])
    assert (again["row"]["approval"], again["row"]["state"]) == ("waiting", "draft")
    assert yuan(act(shop, sent, "approve")["row"]["total"]) == 100


def test_a_rejection_says_why_and_what_was_mended_is_submitted_anew(shop: Shop) -> None:
    sent = by_clerk(shop)
    assert shop.api.refused("POST", path(sent, "reject"), 422, {})["fields"] == {"reason": "请写明驳回原因"}
    back = act(shop, sent, "reject", reason="价格太低")
    assert (back["row"]["approval"], back["row"]["reject_reason"]) == ("rejected", "价格太低")
    with signed_in(shop, "kaidan"):
        kept = shop.api.ok(shop.api.call("PATCH", path(sent), shop.body({}, back["lines"], post=False)))
        assert kept["row"]["approval"] == "rejected", "a draft that is only kept was not submitted"
        again = shop.change("sale", sent, [{**sent["lines"][0], "qty": scaled(3)}])
    assert (again["row"]["approval"], again["row"]["reject_reason"]) == ("waiting", None)
    assert act(shop, sent, "approve")["row"]["approval"] == "approved"
    entries = shop.api.get(f"/api/records/sale/{sent['row']['id']}/history")["entries"]
    told = [one["from"] for entry in entries for one in entry["changes"] if one["field"] == "reject_reason"]
    assert all(one["field"] != "approval_round" for entry in entries for one in entry["changes"])
    assert "价格太低" in told, "the history keeps why"


def test_only_who_may_approves_and_nobody_his_own_unless_he_is_the_only_one(shop: Shop) -> None:
    sent = by_clerk(shop)
    with signed_in(shop, "kaidan"):
        assert "审批权限" in shop.api.refused("POST", path(sent, "approve"), 403, {})["title"]
    own = shop.sell(("P", 1, 20))
    assert own["row"]["approval"] == "waiting" and {"approve", "reject"}.isdisjoint(offered(own))
    assert not described(shop)["sale"]["document"]["own"]
    assert "别的审批人" in shop.api.refused("POST", path(own, "approve"), 403, {})["title"]
    (manager,) = shop.rows("operator", login_name="zongjingli")
    shop.api.ok(shop.api.call("PATCH", f"/api/records/operator/{manager['id']}", {"is_stopped": True}))
    assert described(shop)["sale"]["document"]["own"]
    assert act(shop, own, "approve")["row"]["state"] == "posted"


def test_the_checks_and_questions_of_posting_are_asked_again(shop: Shop) -> None:
    sent = by_clerk(shop, 8)
    other = by_clerk(shop, 8)
    act(shop, sent, "approve")
    problem = shop.api.refused("POST", path(other, "approve"), 409, {})
    (question,) = problem["questions"]
    assert "库存" in question["text"]
    assert shop.read("sale", other)["row"]["approval"] == "waiting"
    act(shop, other, "approve", confirmed=[question["name"]])
    assert shop.stock()[0] == -6


def test_nobody_takes_the_print_of_what_waits_for_the_real_thing(shop: Shop) -> None:
    sent = by_clerk(shop)
    assert "待审批" in str(shop.api.post(path(sent, "print"), {"name": "sheet_a4"}))
    done = act(shop, sent, "approve")
    assert "待审批" not in str(shop.api.post(path(done, "print"), {"name": "sheet_a4"}))


def test_who_looked_at_something_else_approves_nothing(shop: Shop) -> None:
    sent = by_clerk(shop)
    with signed_in(shop, "kaidan"):
        act(shop, sent, "withdraw")
        shop.change("sale", sent, [{**sent["lines"][0], "qty": scaled(9)}])
    shop.api.refused("POST", path(sent, "approve"), 409, {}, headers={"If-Match": f'"{sent["rev"]}"'})


def test_a_posted_document_is_changed_by_who_approves(shop: Shop) -> None:
    sent = by_clerk(shop)
    act(shop, sent, "approve")
    line = {**sent["lines"][0], "qty": scaled(3)}
    with signed_in(shop, "kaidan"):
        problem = shop.api.refused("PATCH", path(sent), 403, shop.body({}, [line]))
        assert "只有审批人能改" in problem["title"]
        noted = shop.change("sale", sent, sent["lines"], note="送到后门")
        assert (noted["row"]["version"], noted["row"]["approval"]) == (1, "approved")
    again = shop.change("sale", sent, [line])
    assert (again["row"]["version"], again["row"]["approval"], shop.stock()[0]) == (2, "approved", 7)
    with signed_in(shop, "kaidan"):
        assert shop.cancel("sale", sent)["row"]["state"] == "cancelled"


def test_it_holds_where_it_is_on_and_what_waits_goes_on_waiting(shop: Shop) -> None:
    with signed_in(shop, "kaidan"):
        bought = shop.buy(("P", 1, 5))
    assert (bought["row"]["state"], bought["row"]["approval"]) == ("posted", None)
    sent = by_clerk(shop)
    about = described(shop)
    assert "approval" in about["sale"]["columns"] and "approval" not in about["purchase"]["columns"]
    assert about["sale"]["document"]["approval"] and about["sale"]["document"]["awaits"]
    decide(shop, "sale", is_on=False)
    assert by_clerk(shop)["row"]["state"] == "posted"
    assert "不能改" in shop.api.refused("PATCH", path(sent), 400, shop.body({}, sent["lines"]))["title"]
    later = described(shop)["sale"]
    assert not later["document"]["approval"] and later["document"]["awaits"], "something still waits"
    assert act(shop, sent, "approve")["row"]["approval"] == "approved"
    assert "approval" not in described(shop)["sale"]["columns"]


def test_the_settings_are_one_per_document(shop: Shop) -> None:
    (group,) = (one for one in shop.api.get("/api/settings")["groups"] if one["label"] == "审批")
    documents = shop.office.engine.registry.documents
    assert {one["key"] for one in group["settings"]} == {f"approval.{name}" for name in documents}
    assert {one["key"] for one in group["settings"] if one["value"]} == {"approval.sale"}
