"""T11: 订金 is used by what delivers its order, and by nothing else while the order is open."""

from __future__ import annotations

from typing import Any

import pytest

from tests.modules.trading.shop import Shop, fen, scaled, yuan
from tests.modules.trading.test_golden_machines import Three, fleet, three  # noqa: F401 - the fixtures


@pytest.fixture(autouse=True)
def goods(shop: Shop) -> None:
    shop.product("P")
    shop.customer()
    shop.supplier()
    shop.buy(("P", 100, 5))


def ordered(shop: Shop, **values: Any) -> dict[str, Any]:
    return shop.sell(("P", 10, 20), doc_type="order", deliver_on="2030-01-01", account="现金", **values)


def delivery(order: dict[str, Any], qty: int, price: int = 20) -> dict[str, Any]:
    (line,) = order["lines"]
    return {"product": line["product"], "qty": scaled(qty), "price": scaled(price), "order_line": line["id"]}


def left(shop: Shop, order: dict[str, Any], module: str = "sale") -> Any:
    return yuan(shop.read(module, order)["row"]["deposit_left"])


def paid_ahead(shop: Shop, amount: int, order: dict[str, Any] | None = None, **values: Any) -> dict[str, Any]:
    about = {"order": order["row"]["id"]} if order else {}
    return shop.enter(
        "settlement", {"kind": "advance_in", "customer": "甲", "amount": amount, "account": "现金", **about, **values}
    )


def test_a_deposit_is_used_by_its_own_order_first(shop: Shop) -> None:
    order = ordered(shop, paid_amount=50)
    paid_ahead(shop, 30, order)
    paid_ahead(shop, 100)
    assert (left(shop, order), shop.owes("甲", "advance_in")) == (80, 180)
    take = f"/api/documents/sale/sources/order/{order['row']['id']}"
    filled = shop.api.post(take, shop.body({"customer": "甲", "doc_type": "sale"}, []))
    assert yuan(filled["values"]["advance_used"]) == 80
    sold = shop.sell(delivery(order, 5), advance_used=100)
    assert (left(shop, order), shop.owes("甲", "advance_in"), yuan(sold["row"]["outstanding"])) == (0, 80, 0)
    paid_ahead(shop, 40, order)
    assert left(shop, order) == 40, "what was used beyond the deposit is none of it"
    again = shop.change("sale", sold, [{**sold["lines"][0], "note": "x"}])
    assert again["row"]["version"] == 2 and (left(shop, order), shop.owes("甲", "advance_in")) == (40, 120)
    shop.cancel("sale", sold)
    assert (left(shop, order), shop.owes("甲", "advance_in")) == (120, 220)


def typing(shop: Shop, sheet: dict[str, Any], field: str, value: Any, line: int | None = None) -> dict[str, Any]:
    """The sheet as the screen sends it, after somebody typed into a cell."""
    values, lines = dict(sheet["values"]), [dict(one) for one in sheet["lines"]]
    (values if line is None else lines[line])[field] = value
    asked = {"values": values, "lines": lines, "changed": {"field": field} | ({} if line is None else {"line": line})}
    if values.get("id"):
        asked["id"] = values["id"]
    return dict(shop.api.post("/api/documents/sale/work-out", asked))


_TOLD = ("total", "advance_used", "outstanding")


def test_what_is_used_follows_the_total_until_somebody_types_it(shop: Shop) -> None:
    """Paid ahead in full, and less is delivered: what is not delivered stays paid for."""
    order = ordered(shop, paid_amount=200)
    taken = f"/api/documents/sale/sources/order/{order['row']['id']}"
    filled = shop.api.post(taken, shop.body({"customer": "甲", "doc_type": "sale"}, []))

    def told(sheet: dict[str, Any]) -> tuple[Any, ...]:
        return *(yuan(sheet["values"][name]) for name in _TOLD), sheet["hints"][0]["text"]

    words = f"订货 {order['row']['number']} 已收订金 200.00，这张单用 "
    assert told(filled) == (200, 200, 0, words + "200.00")
    less = typing(shop, filled, "qty", scaled(4), 0)
    assert told(less) == (80, 80, 0, words + "80.00，还留 120.00 给这张订货")
    assert told(typing(shop, less, "qty", scaled(6), 0))[:2] == (120, 120)
    assert told(typing(shop, less, "charge_amount", fen(10)))[:2] == (90, 90)
    assert told(typing(shop, less, "qty", scaled(30), 0))[:3] == (600, 200, 400)
    own = typing(shop, typing(shop, less, "advance_used", fen(70)), "qty", scaled(3), 0)
    assert told(own) == (60, 70, -10, words + "60.00，还留 140.00 给这张订货"), "what was typed stays"
    values = {name: own["values"][name] for name in ("customer", "doc_type", "advance_used", "warehouse")}
    body = {"values": values, "lines": own["lines"], "post": True}
    problem = shop.api.refused("POST", "/api/documents/sale", 422, body)
    assert problem["fields"] == {"advance_used": "使用预收比合计 60.00 多 10.00"}
    values |= {name: less["values"][name] for name in ("advance_used", "advance_source")}
    sold = shop.api.post("/api/documents/sale", {"values": values, "lines": less["lines"], "post": True})
    assert (left(shop, order), yuan(sold["row"]["outstanding"])) == (120, 0)
    again = typing(shop, {"values": sold["row"], "lines": sold["lines"]}, "qty", scaled(3), 0)
    assert told(again)[:2] == (60, 80), "what was posted stays"


def test_nothing_else_uses_it_while_the_order_is_open(shop: Shop) -> None:
    order = ordered(shop, paid_amount=50)
    paid_ahead(shop, 30)
    told = shop.refused("sale", {"customer": "甲", "advance_used": 31}, ("P", 5, 20))
    assert told["fields"] == {"advance_used": "预收余额只有 80.00，其中 50.00 是别的订货的订金"}
    other = ordered(shop)
    shop.refused("sale", {"customer": "甲", "advance_used": 31}, delivery(other, 5))
    sold = shop.sell(("P", 5, 20))
    receipt = {"kind": "receipt", "customer": "甲", "advance_used": 31, "amount": 0}
    line = {"target_kind": "sale", "target": sold["row"]["id"], "amount": fen(31)}
    assert shop.refused("settlement", receipt, line)["fields"] == {"advance_used": "预收/付余额只有 30.00"}
    refund = {"kind": "refund_out", "customer": "甲", "amount": 31, "from_advance": 31, "account": "现金"}
    assert shop.refused("settlement", refund)["fields"] == {"from_advance": "预收/付余额只有 30.00"}
    shop.api.post(f"/api/documents/sale/{order['row']['id']}/close", {"reason": "不要了"})
    shop.enter("settlement", receipt, line)
    assert (left(shop, order), shop.owes("甲", "advance_in")) == (50, 49)


def test_what_was_delivered_in_full_leaves_the_rest_free(shop: Shop) -> None:
    order = ordered(shop, paid_amount=50)
    shop.sell(delivery(order, 10), advance_used=20)
    assert left(shop, order) == 30
    shop.sell(("P", 5, 20), advance_used=30)
    assert shop.owes("甲", "advance_in") == 0


def test_a_receipt_settles_deliveries_from_the_deposit(shop: Shop) -> None:
    order = ordered(shop, paid_amount=50)
    sold, other = shop.sell(delivery(order, 5)), shop.sell(("P", 5, 20))
    receipt = {"kind": "receipt", "customer": "甲", "amount": 0, "advance_used": 50, "order": order["row"]["id"]}
    about = {"target_kind": "sale", "amount": fen(50)}
    told = shop.refused("settlement", receipt, about | {"target": other["row"]["id"]})
    assert told["fields"] == {"lines.0.amount": f"订货 {order['row']['number']} 的订金只能结清按它交货的单据"}
    more = about | {"target": sold["row"]["id"], "amount": fen(51)}
    assert "订金余额只有 50.00" in str(shop.refused("settlement", receipt | {"advance_used": 51}, more)["fields"])
    made = shop.enter("settlement", receipt, about | {"target": sold["row"]["id"]})
    assert (left(shop, order), yuan(shop.read("sale", sold)["row"]["outstanding"])) == (0, 50)
    shop.cancel("settlement", made)
    assert left(shop, order) == 50


def test_a_deposit_goes_back_to_who_paid_it(shop: Shop) -> None:
    order = ordered(shop, paid_amount=50)
    refund = {"kind": "refund_out", "customer": "甲", "amount": 40, "from_advance": 40, "account": "现金"}
    shop.refused("settlement", refund)
    shop.enter("settlement", refund | {"order": order["row"]["id"]})
    assert (left(shop, order), shop.owes("甲", "advance_in")) == (10, 10)


def test_a_deposit_that_is_used_stays_with_its_order(shop: Shop) -> None:
    order, other = ordered(shop), ordered(shop)
    deposit = paid_ahead(shop, 50, order)
    paid_ahead(shop, 200)
    sold = shop.sell(delivery(order, 3), advance_used=50)
    path = f"/api/documents/settlement/{deposit['row']['id']}"
    for changed in ({"order": None}, {"order": other["row"]["id"]}, {"amount": 20}):
        assert shop.api.refused("PATCH", path, 422, shop.body(changed, []))["fields"]
    assert "用掉这笔预收/付的单据" in shop.api.refused("POST", f"{path}/cancel", 422, {"reason": "x"})["fields"][""]
    shop.cancel("sale", sold)
    shop.api.ok(shop.api.call("PATCH", path, shop.body({"order": other["row"]["id"]}, [])))
    assert (left(shop, order), left(shop, other)) == (0, 50)
    shop.api.ok(shop.api.call("PATCH", path, shop.body({"order": None}, [])))
    assert (left(shop, other), shop.owes("甲", "advance_in")) == (None, 250)


def test_a_free_advance_is_not_taken_back_over_the_deposits(shop: Shop) -> None:
    ordered(shop, paid_amount=50)
    free = paid_ahead(shop, 100)
    shop.sell(("P", 5, 20), advance_used=30)
    path = f"/api/documents/settlement/{free['row']['id']}"
    shop.api.refused("POST", f"{path}/cancel", 422, {"reason": "x"})
    shop.api.refused("PATCH", path, 422, shop.body({"amount": 29}, []))
    shop.api.ok(shop.api.call("PATCH", path, shop.body({"amount": 30}, [])))
    assert shop.owes("甲", "advance_in") == 50


def test_a_deposit_is_of_an_order_of_this_party(shop: Shop) -> None:
    shop.customer("丙")
    order, sold = ordered(shop), shop.sell(("P", 1, 20))
    about = {"kind": "advance_in", "customer": "丙", "amount": 5, "account": "现金"}
    assert "order" in shop.refused("settlement", about | {"order": order["row"]["id"]})["fields"]
    wrong = about | {"customer": "甲", "order": sold["row"]["id"]}
    assert "order" in shop.refused("settlement", wrong)["fields"]
    shop.cancel("sale", order)
    told = shop.refused("settlement", about | {"customer": "甲", "order": order["row"]["id"]})
    assert "没有过账，或已作废" in told["fields"]["order"]


def test_what_is_paid_to_a_supplier_ahead_is_kept_for_the_order(shop: Shop) -> None:
    paid_ahead(shop, 500)
    order = shop.buy(("P", 10, 5), doc_type="order", deliver_on="2030-01-01", paid_amount=20, account="现金")
    about = {"kind": "advance_out", "supplier": "乙", "account": "现金", "purchase_order": order["row"]["id"]}
    shop.enter("settlement", about | {"amount": 10})
    assert (left(shop, order, "purchase"), shop.owes("乙", "advance_out")) == (30, 30)
    line = {"product": shop.names["P"], "qty": scaled(10), "price": scaled(5), "order_line": order["lines"][0]["id"]}
    bought, other = shop.enter("purchase", {"supplier": "乙"}, line), shop.buy(("P", 2, 5))
    payment = {"kind": "payment", "supplier": "乙", "amount": 0, "advance_used": 30}
    target = {"target_kind": "purchase", "amount": fen(30), "target": bought["row"]["id"]}
    shop.enter("settlement", payment | {"purchase_order": order["row"]["id"]}, target)
    assert (left(shop, order, "purchase"), yuan(shop.read("purchase", bought)["row"]["outstanding"])) == (0, 20)
    assert yuan(other["row"]["outstanding"]) == 10


def test_what_a_deposit_pays_is_filled_in_for_its_deliveries_alone(shop: Shop) -> None:
    """The older debt waits."""
    other, order = shop.sell(("P", 5, 20)), ordered(shop, paid_amount=50)
    sold = shop.sell(delivery(order, 5))
    about = {"kind": "receipt", "customer": "甲", "amount": 30, "order": order["row"]["id"]}

    def spread(**values: Any) -> dict[str, int]:
        told = typed(shop, about | values, "amount")
        return {line["target"]: yuan(line["amount"] or 0) for line in told["lines"]}

    assert spread(advance_used=50) == {other["row"]["id"]: 0, sold["row"]["id"]: 80}
    assert spread() == {other["row"]["id"]: 30, sold["row"]["id"]: 0}


def typed(shop: Shop, values: dict[str, Any], field: str) -> dict[str, Any]:
    body = {**shop.body(values, []), "changed": {"field": field}}
    return dict(shop.api.post("/api/documents/settlement/work-out", body))


def test_a_sheet_says_what_is_kept_and_forgets_the_order_of_another_party(shop: Shop) -> None:
    order = ordered(shop, paid_amount=50)
    hints = typed(shop, {"kind": "advance_in", "customer": "甲"}, "customer")["hints"]
    assert {"text": "另有订金 50.00 留给没交完的订货", "field": "order"}.items() <= hints[-1].items()
    about = {"kind": "advance_in", "customer": "甲", "order": order["row"]["id"]}
    assert typed(shop, about, "order")["hints"][-1]["text"] == "订金余额 50.00"
    shop.customer("丙")
    assert typed(shop, about | {"customer": "丙"}, "customer")["values"]["order"] is None
    assert typed(shop, about | {"kind": "write_off"}, "kind")["values"]["order"] is None


def test_a_deposit_used_on_two_machines_stands_below_zero(three: Three) -> None:  # noqa: F811
    order = ordered(three.keeper, paid_amount=50)
    three.meet()
    for shop in (three.a, three.b):
        shop.sell(delivery(order, 3), advance_used=50)
    three.meet()
    for shop in three.all:
        assert (left(shop, order), shop.owes("甲", "advance_in")) == (-50, -50)


def test_a_change_gives_no_deposit_back_that_is_used(shop: Shop) -> None:
    """T11: `deposit_left = Σ tagged − Σ used`, or an order shows a deposit that was spent."""
    first, second = (ordered(shop, paid_amount=amount) for amount in (50, 30))
    both = shop.sell(delivery(first, 4), delivery(second, 4), advance_used=80)
    body = shop.body({}, [both["lines"][0]])
    told = shop.api.refused("PATCH", f"/api/documents/sale/{both['row']['id']}", 422, body)["fields"]["advance_used"]
    assert second["row"]["number"] in told and "30.00" in told
    assert (left(shop, second), shop.owes("甲", "advance_in")) == (0, 0)
    less = shop.change("sale", both, [both["lines"][0], both["lines"][1] | {"qty": scaled(1)}])
    assert yuan(less["row"]["total"]) == 100, "with a line of each order left it is another matter"

    paid_ahead(shop, 100)
    shop.change("sale", both, [both["lines"][0]])
    assert (left(shop, second), shop.owes("甲", "advance_in")) == (30, 100), "30 of what was free were used instead"
    shop.refused("sale", {"customer": "甲", "advance_used": 71}, ("P", 5, 20))
    shop.sell(("P", 5, 20), advance_used=70)
    assert (left(shop, second), shop.owes("甲", "advance_in")) == (30, 30)


def test_the_lines_of_a_closed_order_may_go(shop: Shop) -> None:
    first, second = (ordered(shop, paid_amount=amount) for amount in (50, 30))
    both = shop.sell(delivery(first, 4), delivery(second, 4), advance_used=80)
    shop.api.post(f"/api/documents/sale/{second['row']['id']}/close", {"reason": "不要了"})
    shop.change("sale", both, [both["lines"][0]])
    assert shop.owes("甲", "advance_in") == 0


def hints(shop: Shop, module: str, body: dict[str, Any]) -> list[str]:
    said = shop.api.post(f"/api/documents/{module}/work-out", body)["hints"]
    return [one["text"] for one in said if "line" not in one and "订金" in one["text"]]


def test_a_delivery_says_what_was_paid_ahead_and_what_it_takes_of_it(shop: Shop) -> None:
    order = ordered(shop, paid_amount=300)
    number = order["row"]["number"]
    take = f"/api/documents/sale/sources/order/{order['row']['id']}"
    filled = shop.api.post(take, shop.body({"customer": "甲", "doc_type": "sale"}, []))
    assert [one["text"] for one in filled["hints"]] == [
        f"订货 {number} 已收订金 300.00，这张单用 200.00，还留 100.00 给这张订货"
    ]
    sold = shop.sell(delivery(order, 5), advance_used=100)
    again = {**shop.body({"customer": "甲", "advance_used": 60}, [sold["lines"][0]]), "id": sold["row"]["id"]}
    assert hints(shop, "sale", again) == [f"订货 {number} 已收订金 300.00，这张单用 60.00，还留 240.00 给这张订货"]
    assert hints(shop, "sale", shop.body({"customer": "甲"}, [("P", 1, 20)])) == []


def test_what_comes_of_an_order_to_a_supplier_says_what_was_paid_ahead(shop: Shop) -> None:
    shop.enter("settlement", {"kind": "advance_in", "customer": "甲", "amount": 500, "account": "现金"})
    about: dict[str, Any] = {"doc_type": "order", "deliver_on": "2030-01-01", "paid_amount": 30}
    order = shop.buy(("P", 10, 5), account="现金", **about)
    take = f"/api/documents/purchase/sources/order/{order['row']['id']}"
    filled = shop.api.post(take, shop.body({"supplier": "乙", "doc_type": "purchase"}, []))
    (said,) = [one["text"] for one in filled["hints"] if "订金" in one["text"]]
    assert said.startswith(f"订货 {order['row']['number']} 已付订金 30.00，还没有用掉")
