"""What lines of sales, purchases and quotes say beside their amounts: where from, at what price, what it brought."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from typing import Any

import pytest
from openpyxl import load_workbook

from desktop.engine.fields.moment import today
from tests.api.test_roles import PASSWORD, hire, make
from tests.modules.trading.shop import D, Shop, fen, scaled, units, yuan


@pytest.fixture(autouse=True)
def goods(shop: Shop) -> None:
    shop.product("P", price_1=scaled("12.5"))
    shop.customer()
    shop.supplier()
    shop.buy(("P", 100, 6))


def line_of(shop: Shop, module: str, document: dict[str, Any]) -> dict[str, Any]:
    (row,) = shop.rows(f"{module}_line", document=document["row"]["id"])
    return row


def set_to(shop: Shop, **values: Any) -> None:
    given = {name.replace("__", "."): value for name, value in values.items()}
    shop.api.ok(shop.api.call("PATCH", "/api/settings", {"values": given}))


def test_a_line_says_what_it_brought(shop: Shop) -> None:
    """T29 line by line: a return takes back, an order brings nothing yet; the sums are those of the documents."""
    sold = shop.sell(("P", 10, 10))
    line = line_of(shop, "sale", sold)
    assert (yuan(line["cost_total"]), yuan(line["profit"]), units(line["profit_rate"])) == (60, 40, 40)
    origin = sold["lines"][0]["id"]
    back = {"product": shop.names["P"], "qty": scaled(2), "price": scaled(10), "origin_line": origin}
    returned = line_of(shop, "sale", shop.sell(back, doc_type="return"))
    assert (yuan(returned["cost_total"]), yuan(returned["profit"]), units(returned["profit_rate"])) == (-12, -8, 40)
    order = line_of(shop, "sale", shop.sell(("P", 5, 10), doc_type="order", deliver_on="2030-01-01"))
    assert (order["cost_total"], order["profit"], order["profit_rate"]) == (None, None, None)
    sums = shop.api.get("/api/records/sale_line", want="rows,sums")["sums"]
    assert (yuan(sums["cost_total"]), yuan(sums["profit"])) == (48, 32)
    headers = shop.api.get("/api/records/sale", want="rows,sums")["sums"]
    assert yuan(headers["profit"]) == 32


def test_the_rate_is_of_what_is_costed_alone(shop: Shop) -> None:
    """T6.12, G6: of ten sold four have a cost."""
    shop.product("Q")
    shop.buy(("Q", 4, 5))
    shop.buy(("Q", 6, None), confirmed=["unknown_cost"])
    sold = shop.sell(("Q", 10, 10))
    line = line_of(shop, "sale", sold)
    assert (units(line["uncosted_qty"]), yuan(line["cost_total"])) == (-6, 20)
    assert (yuan(line["profit"]), units(line["profit_rate"])) == (20, 50)
    assert shop.office.engine.registry["sale_line"].fields["profit_rate"].format(370_000, {}) == "37.00%"
    (header,) = shop.rows("sale", number=sold["row"]["number"])
    for module, row, names in (("sale_line", line, "profit profit_rate"), ("sale", header, "profit known_rate")):
        fields = shop.office.engine.registry[module].fields
        assert all(fields[name].words_in(row, name, {})[:1] == "≈" for name in names.split()), "half of it is not known"
        asked = {"format": "xlsx", "columns": names.split(), "ids": [row["id"]]}
        job = shop.api.ended(shop.api.post(f"/api/export/{module}", asked))
        book = load_workbook(io.BytesIO(shop.api.call("GET", f"/api/jobs/{job['id']}/file").content))
        cells = [book.worksheets[0].cell(2, column) for column in (1, 2)]
        assert [cell.value for cell in cells] == [20, 50], "numbers to go on working with"
        assert all(cell.number_format.startswith('"≈"') for cell in cells)
        asked = {"format": "csv", "columns": ["number", *names.split()], "ids": [row["id"]]}
        job = shop.api.ended(shop.api.post(f"/api/export/{module}", asked))
        text = shop.api.call("GET", f"/api/jobs/{job['id']}/file").content.decode("utf-8-sig")
        heads, values = csv.reader(io.StringIO(text))
        assert values[1:3] == ["20.00", "50.00"] and heads[3] == "部分未知"
        assert values[3] == "、".join(heads[1:3]), "which of them are known in part"


def test_profit_without_the_tax_where_the_company_says_so(shop: Shop) -> None:
    """`profit.ex_tax` holds for sales that are made from then on."""
    taxed = {"product": shop.names["P"], "qty": scaled(10), "price": scaled("11.3"), "tax_rate": scaled(13)}
    before = shop.sell(taxed)
    set_to(shop, profit__ex_tax=True)
    after = shop.sell(taxed)
    assert (yuan(before["row"]["profit"]), yuan(after["row"]["profit"])) == (53, 40)
    assert yuan(line_of(shop, "sale", after)["profit"]) == 40
    changed = shop.change("sale", before, before["lines"], note="改")
    assert yuan(changed["row"]["profit"]) == 53


def test_who_sees_no_cost_sees_no_profit_of_a_line(shop: Shop) -> None:
    shop.sell(("P", 10, 10))
    quoted = shop.enter("quote", {"customer": "甲"}, ("P", 1, 10))
    boxes = dict.fromkeys(("sale", "sale_line", "quote", "quote_line", "product", "customer", "stock_balance"), "view")
    role = make(shop.api, "看的人", boxes, values={"data_scope": "all"})
    hire(shop.office, "kan", role["id"])
    shop.api.sign_in("kan", PASSWORD)
    assert not {"profit", "profit_rate", "cost_total"} & set(shop.api.get("/api/records/sale_line")["rows"][0])
    assert "profit_rate" not in shop.read("quote", quoted)["lines"][0]


def test_the_list_price_stays_as_it_was(shop: Shop) -> None:
    """T30: later prices change no line, not even one that is saved again."""
    sold = shop.sell(("P", 1, 10))
    assert units(sold["lines"][0]["list_price"]) == D("12.5")
    path = f"/api/records/product/{shop.names['P']}"
    shop.api.ok(shop.api.call("PATCH", path, {"price_1": scaled(20)}))
    changed = shop.change("sale", sold, [{**sold["lines"][0], "qty": scaled(2)}])
    assert units(changed["lines"][0]["list_price"]) == D("12.5")
    assert units(shop.sell(("P", 1, 10))["lines"][0]["list_price"]) == 20


def test_a_line_says_where_its_price_is_from(shop: Shop) -> None:
    def worked(field: str, line: dict[str, Any]) -> dict[str, Any]:
        body = {**shop.body({"customer": "甲"}, [line]), "changed": {"line": 0, "field": field}}
        found: dict[str, Any] = shop.api.post("/api/documents/sale/work-out", body)["lines"][0]
        return found

    fresh = worked("product", {"product": shop.names["P"], "qty": scaled(1)})
    assert fresh["price_source"] == "level" and units(fresh["list_price"]) == D("12.5")
    assert worked("price", {**fresh, "price": scaled(9)})["price_source"] == "typed"
    assert worked("amount", {**fresh, "amount": fen(9)})["price_source"] == "typed"
    assert shop.sell(("P", 1, 10))["lines"][0]["price_source"] == "typed"
    quote = shop.enter("quote", {"customer": "甲"}, ("P", 1, 10))
    taken = shop.api.post(f"/api/documents/sale/sources/quote/{quote['row']['id']}", shop.body({}, []))
    assert taken["lines"][0]["price_source"] == "quote"


def test_lines_are_found_by_the_number_of_their_product_and_the_region(shop: Shop) -> None:
    region = shop.api.get("/api/lookup/region")["rows"][0]
    api = shop.api
    api.ok(api.call("PATCH", f"/api/records/customer/{shop.names['甲']}", {"region": region["id"]}))
    api.ok(api.call("PATCH", f"/api/records/product/{shop.names['P']}", {"code": "AB-7"}))
    shop.product("Q", code="AC-9")
    shop.buy(("Q", 9, 1))
    shop.sell(("P", 1, 10), ("Q", 1, 10))
    rows = shop.api.get("/api/records/sale_line", sort="-product_code")["rows"]
    assert [row["product_code"] for row in rows] == ["AC-9", "AB-7"]
    assert {row["region"] for row in rows} == {region["title"]}

    def codes(op: str, value: str = "") -> list[str]:
        filter = f'{{"and": [{{"field": "product_code", "op": "{op}", "value": "{value}"}}]}}'
        found = shop.api.get("/api/records/sale_line", filter=filter, sort="product_code")["rows"]
        return [row["product_code"] for row in found]

    assert codes("contains", "b-") == ["AB-7"] and codes("not_contains", "b-") == ["AC-9"]
    assert codes("eq", "AC-9") == ["AC-9"] and codes("ne", "AC-9") == ["AB-7"]
    assert codes("like", "A%") == ["AB-7", "AC-9"] and codes("empty") == [] and len(codes("not_empty")) == 2
    quick = shop.api.get("/api/records/sale_line", field="product_code", value="ac")["rows"]
    assert [row["product_code"] for row in quick] == ["AC-9"]


def test_lines_of_orders_say_what_came(shop: Shop) -> None:
    ordered = shop.sell(("P", 5, 10), doc_type="order", deliver_on="2030-01-01")
    line = {"product": shop.names["P"], "qty": scaled(2), "price": scaled(10), "order_line": ordered["lines"][0]["id"]}
    sold = shop.sell(line)
    found = line_of(shop, "sale", ordered)
    assert (units(found["delivered_qty"]), units(found["remaining_qty"])) == (2, 3)
    assert line_of(shop, "sale", sold)["delivered_qty"] is None
    main = line_of(shop, "sale", sold)
    assert main["place"] == shop.names["主仓"]


def test_an_expired_quote_is_found_and_sorted_as_such(shop: Shop) -> None:
    late = (date.fromisoformat(today()) - timedelta(days=3)).isoformat()
    old = shop.enter("quote", {"customer": "甲", "doc_on": late, "valid_until": late}, ("P", 1, 10))
    shop.enter("quote", {"customer": "甲"}, ("P", 2, 10))
    for module, name in (("quote", "id"), ("quote_line", "document")):
        assert [row[name] for row in shop.rows(module, standing="expired")] == [old["row"]["id"]]
        assert len(shop.rows(module, standing="open")) == 1
        found = shop.api.get(f"/api/records/{module}", sort="-standing")["rows"]
        assert [row["standing"] for row in found] == ["open", "expired"]
    shop.change("quote", old, old["lines"], result="lost")
    assert [row["standing"] for row in shop.rows("quote_line", result="lost")] == ["lost"]


def test_a_quoted_line_says_what_it_would_bring(shop: Shop) -> None:
    quoted = shop.enter("quote", {"customer": "甲"}, ("P", 1, 10))
    assert units(quoted["lines"][0]["profit_rate"]) == 40
    shop.product("Q")
    body = shop.body({"customer": "甲"}, [("P", 1, 12), ("Q", 1, 5)])
    lines = shop.api.post("/api/documents/quote/work-out", body)["lines"]
    assert [units(line["profit_rate"]) for line in lines] == [50, None]


def test_goods_go_where_the_customer_wants_them(shop: Shop) -> None:
    """The marked address of a customer is offered, frozen in words, and may be written otherwise."""
    about = {"parent_kind": "customer", "parent": shop.names["甲"]}
    given = {"receiver": "李工", "phone": "13800000001", "address": "长江路 9 号", "is_default": True}
    place = shop.api.post("/api/records/party_address", about | given)["row"]["id"]
    body = {**shop.body({"customer": "甲"}, [("P", 1, 10)]), "changed": {"field": "customer"}}
    values = shop.api.post("/api/documents/sale/work-out", body)["values"]
    assert values["address"] == place and values["ship_to"] == "李工 13800000001 长江路 9 号"
    sold = shop.sell(("P", 1, 10), address=place)
    assert sold["row"]["ship_to"] == "李工 13800000001 长江路 9 号"
    written = shop.sell(("P", 1, 10), address=place, ship_to="工地门口")
    assert written["row"]["ship_to"] == "工地门口"


def test_retail_lets_off_what_is_less_than_a_yuan_where_the_company_says_so(shop: Shop) -> None:
    """`money.rounding`; what somebody types as let off stays."""

    def paid(**values: Any) -> tuple[Any, Any]:
        field = values.pop("field", "qty")
        changed = {"field": field} | ({"line": 0} if field == "qty" else {})
        body = {**shop.body({"doc_type": "retail", **values}, [("P", 7, "12.39")]), "changed": changed}
        found = shop.api.post("/api/documents/sale/work-out", body)["values"]
        return yuan(found["write_off_amount"]), yuan(found["paid_amount"])

    assert paid() == (None, D("86.73"))
    set_to(shop, money__rounding="jiao")
    assert paid() == (D("0.03"), D("86.70"))
    set_to(shop, money__rounding="yuan")
    assert paid() == (D("0.73"), 86)
    assert paid(field="write_off_amount", write_off_amount="0.5") == (D("0.5"), D("86.23"))
    values = {"doc_type": "retail", "write_off_amount": "0.73", "paid_amount": 86}
    sold = shop.enter("sale", values, ("P", 7, "12.39"))
    assert yuan(sold["row"]["outstanding"]) == 0


def test_a_round_sum_that_pays_all_but_the_small_change_pays_all(shop: Shop) -> None:
    """`money.rounding` beyond retail: on the sale itself and by a receipt."""

    def paid(amount: str, **values: Any) -> Any:
        body = shop.body({"doc_type": "sale", "customer": "甲", "paid_amount": amount, **values}, [("P", 7, "12.39")])
        changed = {"changed": {"field": "paid_amount"}}
        return yuan(shop.api.post("/api/documents/sale/work-out", body | changed)["values"]["write_off_amount"])

    assert paid("86") is None, "as shipped, what is open stays open"
    set_to(shop, money__rounding="yuan")
    assert paid("86") == D("0.73")
    assert paid("50") is None and paid("86.73") is None and paid("86.70") is None
    assert paid("50", write_off_amount="0.73") is None, "other money, and it is owed again"
    assert paid("50", write_off_amount="0.5") == D("0.5"), "what somebody typed stays"
    assert paid("86", doc_type="order", deliver_on="2030-01-01") is None, "a deposit lets nothing off"

    def turned(qty: int, **values: Any) -> Any:
        body = shop.body({"doc_type": "sale", "customer": "甲", "paid_amount": 86, **values}, [("P", qty, "12.39")])
        changed = {"changed": {"line": 0, "field": "qty"}}
        return yuan(shop.api.post("/api/documents/sale/work-out", body | changed)["values"]["write_off_amount"])

    assert turned(14, write_off_amount="0.73") is None, "more is due, and what was let off is owed again"
    assert turned(7) == D("0.73") and turned(14, write_off_amount=5) == 5, "nobody rounds off so much"
    sold = shop.sell(("P", 7, "12.39"), paid_amount=86, write_off_amount="0.73")
    assert yuan(sold["row"]["outstanding"]) == 0

    first, second = shop.sell(("P", 7, "12.39")), shop.sell(("P", 3, "10.10"))

    def spread(amount: str, lines: Any = ()) -> Any:
        body = shop.body({"kind": "receipt", "customer": "甲", "amount": amount}, lines)
        return shop.api.post("/api/documents/settlement/work-out", body | {"changed": {"field": "amount"}})["lines"]

    def said(lines: Any) -> list[tuple[Any, Any]]:
        return [(yuan(line["amount"]), yuan(line["write_off_amount"])) for line in lines]

    once = spread("86")
    assert said(once) == [(D("86.73"), D("0.73")), (0, None)]
    rounded = spread("117", once)
    assert said(rounded) == [(D("86.73"), None), (D("30.30"), D("0.03"))]
    assert said(spread("116.50", rounded)) == [(D("86.73"), None), (D("29.77"), None)], "no round sum"
    assert said(spread("100")) == [(D("86.73"), None), (D("13.27"), None)], "more than small change is open"
    shop.enter("settlement", {"kind": "receipt", "customer": "甲", "amount": 117}, *rounded)
    assert [yuan(shop.read("sale", one)["row"]["outstanding"]) for one in (first, second)] == [0, 0]
    set_to(shop, money__rounding="jiao")
    shop.sell(("P", 1, "12.39"))
    assert said(spread("12.30")) == [(D("12.39"), D("0.09"))] and said(spread("12")) == [(12, None)]


def test_s7_what_is_sold_by_prices_of_yesterday_waits_for_a_look(shop: Shop) -> None:
    late = (date.fromisoformat(today()) - timedelta(days=1)).isoformat()
    line = {"product": shop.names["P"], "qty": scaled(1)}
    offered = {**line, "price": scaled("12.5"), "price_source": "list"}
    shop.customer("丙")
    assert shop.sell(offered)["row"]["price_check"] is None
    set_to(shop, price__valid_until=late)
    body = {**shop.body({"customer": "丙"}, [line]), "changed": {"line": 0, "field": "product"}}
    hints = [one["text"] for one in shop.api.post("/api/documents/sale/work-out", body)["hints"]]
    assert any("价目有效期" in text and "总部确认" in text for text in hints)
    marked = shop.sell(offered)
    assert marked["row"]["price_check"] == "ask" and shop.sell(("P", 1, 9))["row"]["price_check"] is None
    (amiss,) = shop.api.get("/api/records/sale", flaw="old_prices")["rows"]
    assert amiss["id"] == marked["row"]["id"]
    shop.change("sale", marked, marked["lines"], is_price_checked=True)
    assert shop.api.get("/api/records/sale", flaw="old_prices")["rows"] == []
    set_to(shop, price__valid_until=None)
    assert shop.sell(offered, customer="丙")["row"]["price_check"] is None


IN_SIGHT = 1280 - 184 - 32 - 10
"""A small window without the menu at its left, the boxes to tick, and the bar to scroll by."""


@pytest.mark.parametrize(("module", "last"), [("sale_line", "profit"), ("purchase_line", "amount")])
def test_what_a_line_brought_stands_in_a_small_window(shop: Shop, module: str, last: str) -> None:
    about = next(one for one in shop.api.get("/api/modules")["modules"] if one["name"] == module)
    widths = {one["name"]: one["width"] for one in about["fields"]}
    columns = about["columns"]
    assert sum(widths[name] for name in columns[: columns.index(last) + 1]) <= IN_SIGHT
