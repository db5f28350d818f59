"""T19: how documents are numbered is a setting; whatever it is and was, no number comes twice."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from desktop.engine.fields import FieldError
from desktop.engine.fields.serial import in_order
from desktop.engine.numbering import AS_SHIPPED, NUMBER_FORM, DatePart, Scheme, machine_of
from tests.modules.trading.shop import Shop
from tests.modules.trading.test_prints import flat, printed
from tests.modules.trading.test_settings import decide

FORMS = [
    AS_SHIPPED, "{prefix}{branch}{machine}-{date}-{seq}", "{prefix}{branch}{machine}{date}-{seq}",
    "{prefix}-{date}-{branch}{machine}-{seq}", "{prefix}{date}-{branch}{machine}-{seq}",
    "{prefix}-{branch}{machine}-{seq}", "{prefix}{branch}{machine}.{seq}", "{prefix}/{branch}{machine}_{date}/{seq}",
]  # fmt: skip
DATES: tuple[DatePart, ...] = ("day", "month", "year", "none")
MACHINES = ["A1", "A2", "B1", "AA1", "A1A22", "A1K72", "A1A2A", "AA1B23"]
BRANCHES = ["01", "20", "AB", "2A"]


def test_what_is_shipped_is_as_it_was() -> None:
    scheme = Scheme()
    stem = scheme.stem("XS", "01", "A3", "2026-11-23")
    assert scheme.number(stem, 7) == "XS-01A3-20261123-0007" and scheme.number(stem, 12345).endswith("-12345")
    month = Scheme(AS_SHIPPED, "month", 6)
    assert month.number(month.stem("XS", "01", "A3", "2026-11-23"), 7) == "XS-01A3-202611-000007"
    for form in FORMS:
        never = Scheme(form, "none")
        assert "{" not in never.stem("XS", "01", "A3", "2026-11-23") and never.part("2026-11-23") == ""


def test_no_two_machines_make_one_number_whatever_each_was_set_to() -> None:
    """Machines of before the setting are those with what is shipped. Numbers that only differ in blank places count as
    one, as where lists stand in order."""
    drawn: dict[object, str] = {}
    places = list(product(BRANCHES, MACHINES))
    figures = (1, 7, 2026, 202611, 20261123, 112611)
    for form, date in product(FORMS, DATES):
        scheme = Scheme(form, date)
        for (branch, machine), seq in product(places, figures):
            number = scheme.number(scheme.stem("XS", branch, machine, "2026-11-23"), seq)
            assert machine_of(number) == f"{branch}{machine}", number
            assert drawn.setdefault(in_order(number), f"{branch}{machine}") == f"{branch}{machine}", number


@pytest.mark.parametrize(
    "text",
    [
        "{prefix}-{date}-{seq}", "{prefix}-{branch}-{machine}-{seq}", "{prefix}-{machine}{branch}-{seq}",
        "{branch}{machine}-{prefix}-{seq}", "{prefix}-{branch}{machine}-{date}{seq}", "{prefix}-{branch}{machine}{seq}",
        "{prefix}-{branch}{machine}-{seq}-{date}", "{prefix}-{branch}{machine}-{date}",
        "A{prefix}-{branch}{machine}-{seq}",
        "{prefix}-{branch}{machine}-{date}-{seq}-{seq}", "{prefix}-{branch}{machine}-{no}-{seq}", "{", "{prefix!r}",
    ],
)  # fmt: skip
def test_what_could_make_doubles_is_no_form(text: str) -> None:
    with pytest.raises(FieldError, match="最前"):
        NUMBER_FORM.field.parse(text)
    assert [NUMBER_FORM.field.parse(one) for one in FORMS] == FORMS


@pytest.fixture
def numbered(shop: Shop) -> Shop:
    shop.product("P")
    shop.customer()
    return shop


def made(shop: Shop, day: str = "2026-11-23") -> str:
    return str(shop.enter("quote", {"customer": "甲", "doc_on": day}, ("P", 1, 1), post=False)["row"]["number"])


def shown(shop: Shop, **values: Any) -> list[str]:
    body = {"values": {key.replace("__", "."): value for key, value in values.items()}}
    return [one["number"] for one in shop.api.post("/api/settings/samples", body)["numbers"]]


def test_documents_are_numbered_as_it_is_decided_and_go_on_when_it_is_put_back(numbered: Shop) -> None:
    assert [made(numbered), made(numbered)] == ["BJ-01A1-20261123-0001", "BJ-01A1-20261123-0002"]
    decide(numbered, numbering__date="month", numbering__seq_width=6)
    assert [made(numbered), made(numbered, "2026-11-02")] == ["BJ-01A1-202611-000001", "BJ-01A1-202611-000002"]
    decide(numbered, numbering__format="{prefix}{branch}{machine}.{seq}", numbering__date="none")
    assert made(numbered) == "BJ01A1.000001"
    sold = numbered.enter("sale", {"doc_type": "order", "customer": "甲", "deliver_on": "2030-01-01"}, ("P", 1, 1))
    assert sold["row"]["number"] == "XD01A1.000001"
    numbered.api.ok(numbered.api.call("PATCH", "/api/settings", {"values": {}, "defaults": [
        "numbering.format", "numbering.date", "numbering.seq_width"
    ]}))  # fmt: skip
    assert made(numbered) == "BJ-01A1-20261123-0003"


def test_what_is_being_decided_is_shown_before_it_is(numbered: Shop) -> None:
    quotes = [one for one in shown(numbered) if one.startswith("BJ")]
    assert quotes and quotes[0].endswith("-0001")
    assert any(one.startswith("BJ-01A1-") and len(one) == 15 for one in shown(
        numbered, numbering__date="none", numbering__seq_width=7
    ))  # fmt: skip
    assert shown(numbered, numbering__format="{seq}") == []
    body = {"values": {"numbering.format": "{prefix}-{seq}", "numbering.seq_width": 3}}
    wrong = numbered.api.refused("PATCH", "/api/settings", 422, body)["fields"]
    assert "最前" in wrong["numbering.format"] and "numbering.seq_width" in wrong
    assert made(numbered).endswith("-20261123-0001"), "looking draws nothing"


def test_a_counter_that_was_put_back_goes_on_after_the_numbers_that_are_there(numbered: Shop) -> None:
    for _ in range(3):
        made(numbered)
    decide(numbered, numbering__date="none")
    assert [made(numbered), made(numbered)] == ["BJ-01A1-0001", "BJ-01A1-0002"]
    with numbered.office.engine.db.write() as db:
        db.execute("DELETE FROM number_series WHERE prefix = 'BJ'")
    assert made(numbered) == "BJ-01A1-0003", "numbers with a date begin alike, and are others"
    decide(numbered, numbering__date="day", numbering__seq_width=5)
    assert made(numbered) == "BJ-01A1-20261123-00004"


def test_documents_that_count_by_one_prefix_share_no_number(numbered: Shop) -> None:
    """Openings of stock, parties and accounts are QK, all of them: also where the counter was put back."""

    def opening(module: str, **values: Any) -> str:
        lines = ({"product": numbered.names["P"], "qty": 10000, "unit_cost": 10000},) if module == "stock_entry" else ()
        return str(numbered.enter(module, {"doc_on": "2019-12-31", **values}, *lines)["row"]["number"])

    def all_three() -> list[str]:
        return [
            opening("stock_entry", kind="opening", warehouse="主仓"),
            opening("opening_party", kind="receivable", customer="甲", amount=5),
            opening("opening_account", account="现金", amount=5),
        ]

    found = all_three()
    with numbered.office.engine.db.write() as db:
        db.execute("DELETE FROM number_series WHERE prefix = 'QK'")
    found.append(opening("opening_party", kind="receivable", customer="甲", amount=6))
    assert [one[-4:] for one in found] == ["0001", "0002", "0003", "0004"]


def test_the_machine_of_a_receipt_is_told_however_it_is_numbered(numbered: Shop) -> None:
    decide(numbered, numbering__format="{prefix}{date}-{branch}{machine}-{seq}")
    stock = {"product": numbered.names["P"], "qty": 9_0000, "unit_cost": 10000}
    numbered.enter("stock_entry", {"kind": "other_in"}, stock)
    sold = numbered.sell(("P", 1, 10), doc_type="retail", paid_amount=10, tendered=10)
    assert "本机号：01A1" in flat(printed(numbered, "sale", sold, "receipt_80"))
