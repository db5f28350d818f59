"""G16: two machines that trade while they are apart, and the one that keeps the books (modules.md G)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from desktop.engine.documents import audit, brought
from desktop.engine.documents.declare import Brings
from desktop.engine.fields.moment import today
from tests.chaos.kit import Company, fleet_in, joined
from tests.engine.kit import assert_checked
from tests.modules.trading.shop import Shop, costs, scaled, yuan
from tests.support import open_office


@dataclass
class Three:
    """The keeper of the books and two more, who meet only when the test lets them."""

    keeper: Shop
    a: Shop
    b: Shop

    @property
    def all(self) -> tuple[Shop, Shop, Shop]:
        return self.keeper, self.a, self.b

    def meet(self, *order: Shop) -> None:
        """Everybody sends and hears, those of `order` first; then all of it once more."""
        for shop in (*order, *self.all, *self.all, *self.all):
            shop.office.workstation.sync.round()


def three_in(company: Company, opened: ExitStack, names: Mapping[str, str] = {}) -> Three:
    offices = [opened.enter_context(open_office(machine.folder, direct=True)) for machine in company.machines]
    return Three(*(Shop(one, dict(names)) for one in offices))


@pytest.fixture(scope="session")
def fleet(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, dict[str, str]]]:
    """By the scope of costs: the folders of three machines, on hand 10, V 100.00 on all of them; and the names."""

    @cache
    def made(scope: str) -> tuple[Path, dict[str, str]]:
        room, names = tmp_path_factory.mktemp("three"), {}

        def work(company: Company) -> None:
            with ExitStack() as opened:
                three = three_in(company, opened)
                keeper = three.keeper
                keeper.product()
                keeper.customer()
                keeper.supplier()
                keeper.api.ok(keeper.api.call("PATCH", "/api/settings", {"values": {"cost.scope": scope}}))
                keeper.buy(("P", 10, 10))
                three.meet()
                names.update(keeper.names)

        fleet_in(template, room, 3, work)
        return room, names

    return made


@pytest.fixture
def three(
    fleet: Callable[[str], tuple[Path, dict[str, str]]], tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Three]:
    """Three machines of that fleet; the parameter is the scope of costs."""
    folders, names = fleet(getattr(request, "param", "company"))
    with joined(folders, tmp_path) as company, ExitStack() as opened:
        made = three_in(company, opened, names)
        yield made
        for shop in made.all:
            assert_checked(shop.office.engine)


def figures(shop: Shop) -> tuple[Any, Any]:
    return shop.stock()


def costs_of(shops: Sequence[Shop], *documents: dict[str, Any]) -> list[list[Any]]:
    """Costs of the documents, which are the same wherever one looks."""
    (first, *others) = [[costs(shop.read("sale", one)) for one in documents] for shop in shops]
    assert all(one == first for one in others)
    return first


def no_conflicts(three: Three) -> None:
    for shop in three.all:
        assert shop.api.get("/api/sync/conflicts")["items"] == []


@pytest.mark.parametrize("is_b_first", [False, True])
def test_g16_two_sales_made_apart_both_count(three: Three, is_b_first: bool) -> None:
    mine, theirs = three.a.sell(("P", 3, 20)), three.b.sell(("P", 4, 20))
    codes = {one["row"]["number"].split("-")[1] for one in (mine, theirs)}
    assert len(codes) == 2 and all(one["row"]["number"].endswith("-0001") for one in (mine, theirs))
    assert costs(mine) == costs(theirs) == [None], "only the keeper knows what it costs"
    three.meet(*((three.b, three.a) if is_b_first else (three.a, three.b)))
    assert costs_of(three.all, mine, theirs) == [[-30], [-40]]
    assert [figures(one) for one in three.all] == [(3, 30)] * 3
    three.meet()
    assert [figures(one) for one in three.all] == [(3, 30)] * 3
    no_conflicts(three)


def test_g16_what_was_sold_twice_is_found_and_filled_later(three: Three) -> None:
    mine, theirs = three.a.sell(("P", 8, 20)), three.b.sell(("P", 8, 20))
    three.meet(three.a, three.b)
    assert costs_of(three.all, mine, theirs) == [[-80], [-80]]
    assert [figures(one) for one in three.all] == [(-6, -60)] * 3
    (oversold,) = three.keeper.rows("stock_balance", condition="negative")
    assert oversold["product"] == three.keeper.names["P"]
    filled = three.b.buy(("P", 10, 12))
    three.meet()
    for shop in three.all:
        assert yuan(shop.read("purchase", filled)["lines"][0]["cost_variance"]) == -12
        assert figures(shop) == (4, 48)


def test_g16_costs_follow_the_order_in_which_the_keeper_hears_of_them(three: Three) -> None:
    three.a.buy(("P", 10, 20))
    mine = three.a.sell(("P", 5, 30))
    theirs = three.b.sell(("P", 5, 30))
    three.meet(three.a, three.b)
    assert costs_of(three.all, mine, theirs) == [[-75], [-75]]
    assert [figures(one) for one in three.all] == [(10, 150)] * 3
    assert [one.average() for one in three.all] == [15] * 3


@pytest.mark.parametrize(("three", "out", "sold", "left"), [("company", 48, 84, 156), ("warehouse", 40, 90, 150)],
                         indirect=["three"])  # fmt: skip
def test_g8_a_transfer_made_elsewhere_costs_the_same_on_all(three: Three, out: int, sold: int, left: int) -> None:
    three.keeper.add("warehouse", "二仓", code="02")
    three.meet()
    for shop in (three.a, three.b):
        shop.names |= three.keeper.names
    three.a.buy(("P", 10, 14), warehouse="二仓")
    three.meet(three.a)
    moved = three.b.enter("stock_transfer", {"from_warehouse": "主仓", "to_warehouse": "二仓"}, ("P", 4, None))
    three.meet(three.b)
    made = three.a.sell(("P", 7, 20), warehouse="二仓")
    three.meet(three.a)
    assert costs_of(three.all, made) == [[-sold]] and [figures(one) for one in three.all] == [(13, left)] * 3
    assert [costs(one.read("stock_transfer", moved)) for one in three.all] == [[-out]] * 3


def test_g6_a_late_cost_shows_on_the_old_sale_wherever_one_looks(three: Three) -> None:
    three.a.enter("stock_entry", {"kind": "other_in"}, {"product": three.a.names["P"], "qty": scaled(5)})
    sold = three.b.sell(("P", 10, 20))
    three.meet(three.a, three.b)
    last = three.b.sell(("P", 4, 20))
    three.meet(three.b)
    (source,) = three.a.rows("stock_move", kind="other_in")
    line = {"source": source["id"], "unit_cost": scaled(12)}
    made = three.a.enter("cost_adjust", {"kind": "late_cost"}, line)
    three.meet(three.a)
    for shop in three.all:
        first, second = shop.read("sale", sold), shop.read("sale", last)
        assert (yuan(first["row"]["profit"]), yuan(second["row"]["profit"])) == (100, 32)
        assert yuan(second["lines"][0]["cost_adjusted"]) == -48
    three.a.change("sale", last, [{**last["lines"][0], "qty": scaled(3)}])
    three.meet(three.a)
    assert {yuan(shop.read("sale", last)["row"]["profit"]) for shop in three.all} == {8}, "costed anew: 1 at 12"
    three.b.cancel("cost_adjust", made)
    three.meet(three.b)
    assert [shop.stock()[0] for shop in three.all] == [2] * 3


def changed_apart(three: Three) -> dict[str, Any]:
    """G14: of 20 units worth 230.00 five are sold; one machine makes it 3, then another, not knowing it, 4."""
    three.keeper.buy(("P", 10, 13))
    sold = three.keeper.sell(("P", 5, 20))
    three.meet()
    assert [shop.stock() for shop in three.all] == [(15, Decimal("172.50"))] * 3
    for shop, qty in ((three.a, 3), (three.b, 4)):
        shop.change("sale", sold, [{**sold["lines"][0], "qty": scaled(qty)}])
    return sold


def test_g14_changed_apart_the_later_counts_and_the_other_waits(three: Three) -> None:
    sold = changed_apart(three)
    three.meet(three.a, three.b)
    for shop in three.all:
        found = shop.read("sale", sold)
        assert (found["row"]["version"], found["lines"][0]["qty"]) == (2, scaled(4))
        assert costs(found) == [-46] and figures(shop) == (16, 184) and shop.owes("甲") == 80
        (other,) = found["disputes"]
        waiting = shop.api.get(f"/api/documents/sale/{sold['row']['id']}/other/{other['id']}")
        assert waiting["lines"][0]["qty"] == scaled(3)


def test_g14_cancelled_apart_cancelled_wins(three: Three) -> None:
    sold = changed_apart(three)
    three.keeper.cancel("sale", sold)
    three.meet(three.a, three.b)
    for shop in three.all:
        assert shop.read("sale", sold)["row"]["state"] == "cancelled"
        assert figures(shop) == (20, 230) and shop.owes("甲") == 0


def days_ago(days: int) -> str:
    return (date.fromisoformat(today()) - timedelta(days=days)).isoformat()


def test_a_cost_run_of_the_keeper_is_the_same_on_all(three: Three) -> None:
    """T6.11: 10 @ 10 are there; 10 @ 16 that came before the sale are entered after it."""
    three.keeper.product("Q")
    three.meet()
    for shop in (three.a, three.b):
        shop.names |= three.keeper.names
    three.a.buy(("Q", 10, 10), doc_on=days_ago(3))
    three.meet(three.a)
    sold = three.b.sell(("Q", 5, 30), doc_on=days_ago(1))
    three.meet(three.b)
    three.a.buy(("Q", 10, 16), doc_on=days_ago(2))
    three.meet(three.a)
    path, body = "/api/documents/cost_adjust/sources/run/all", three.keeper.body({"kind": "run"}, [])
    assert "记账的机器" in three.a.api.refused("POST", path, 400, body)["title"]
    lines = three.keeper.api.ended(three.keeper.api.post(path, body))["result"]["lines"]
    refused = three.a.refused("cost_adjust", {"kind": "run"}, *lines)
    assert "记账的机器" in refused["fields"][""]
    made = three.keeper.enter("cost_adjust", {"kind": "run"}, *lines)
    apart = three.b.change("sale", sold, [{**sold["lines"][0], "qty": scaled(4)}])
    three.meet(three.keeper, three.b)
    for shop in three.all:
        assert yuan(shop.read("cost_adjust", made)["row"]["total_cost"]) == -15
        assert shop.stock("Q") == (16, 208), "the version that was changed meanwhile takes its part along"
        assert yuan(shop.read("sale", apart)["row"]["profit"]) == 68
    assert three.keeper.api.ended(three.keeper.api.post(path, body))["result"]["lines"] == []
    three.a.cancel("cost_adjust", made)
    three.meet(three.a)
    assert [shop.stock("Q") for shop in three.all] == [(16, 208)] * 3


def test_a_document_without_lines_changed_apart_leaves_one_version_that_counts(three: Three) -> None:
    three.keeper.add("account", "银行", kind="bank")
    three.keeper.enter("opening_account", {"account": "现金", "amount": 500})
    about = {"from_account": "现金", "to_account": "银行", "amount": 100}
    made = three.keeper.enter("account_transfer", about)
    three.meet()
    for shop in (three.a, three.b):
        shop.names |= three.keeper.names
    three.a.change("account_transfer", made, [], amount=200)
    three.b.change("account_transfer", made, [], amount=300)
    three.meet(three.a, three.b)
    amounts = {(shop.cash(), shop.cash("银行")) for shop in three.all}
    assert amounts <= {(300, 200), (200, 300)} and len(amounts) == 1
    three.b.cancel("account_transfer", made)
    three.meet()
    assert {(shop.cash(), shop.cash("银行")) for shop in three.all} == {(500, 0)}


def post_apart(three: Three, **values: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A draft with 100.00 paid, and what comes of it where two machines post it; the second with other values."""
    draft = three.a.enter("sale", {"customer": "甲", "paid_amount": 100}, ("P", 5, 20), post=False)
    three.meet()
    line = [{**draft["lines"][0], "qty": scaled(5)}]
    posted = [shop.change("sale", draft, line, **more) for shop, more in ((three.a, {}), (three.b, values))]
    return draft, posted


def receipt_of(shop: Shop, document: dict[str, Any]) -> dict[str, Any]:
    return shop.read("settlement", {"row": {"id": shop.read("sale", document)["row"]["receipt"]}})


def test_g16_one_draft_that_both_post_is_one_sale_and_one_receipt(three: Three) -> None:
    draft, posted = post_apart(three)
    numbers = [one["links"][0]["title"] for one in posted]
    assert len({*numbers}) == 2 and all(number.startswith("SK") for number in numbers)
    three.meet(three.b, three.a)
    kept = set()
    for shop in three.all:
        assert (shop.cash(), shop.owes("甲"), figures(shop)) == (100, 0, (5, 50))
        found = shop.read("sale", draft)
        assert (found["row"]["state"], found["row"]["paid_state"]) == ("posted", "settled")
        (receipt,) = shop.rows("settlement")
        assert (receipt["kind"], yuan(receipt["amount"]), receipt["state"]) == ("receipt", 100, "posted")
        assert {receipt["number"], receipt["void_numbers"]} == {*numbers}, "the loser's number is told as void"
        assert [one["document"] for one in shop.rows("account_entry", number=receipt["number"])] == [receipt["id"]]
        assert len(shop.rows("account_entry")) == 1
        kept.add(receipt["number"])
        hits = shop.api.get("/api/search", q=receipt["void_numbers"])["groups"]
        assert "settlement" in {group["module"] for group in hits}, "and it is found by it"
        (version, lost) = receipt_of(shop, draft)["versions"]
        assert (version["is_winner"], lost["is_lost"]) == (True, True)
    assert len(kept) == 1
    no_conflicts(three)


@pytest.mark.parametrize("is_changed", [False, True])
def test_a_receipt_follows_the_version_that_counts(three: Three, is_changed: bool) -> None:
    three.keeper.add("account", "银行", kind="bank")
    three.meet()
    for shop in (three.a, three.b):
        shop.names |= three.keeper.names
    draft, _ = post_apart(three, paid_amount=60, account="银行")
    if is_changed:  # a later version counts more than a later posting, and brings the receipt of its own first one
        three.a.change("sale", draft, [{**draft["lines"][0], "qty": scaled(6)}])
    three.meet(three.a, three.b)
    for shop in three.all:
        sale, receipt = shop.read("sale", draft)["row"], receipt_of(shop, draft)["row"]
        assert (receipt["amount"], receipt["account"]) == (sale["paid_amount"], sale["account"])
        wanted = (100, 0, 20) if is_changed else (0, 60, 40)
        assert (shop.cash(), shop.cash("银行"), shop.owes("甲")) == wanted


def test_a_receipt_goes_with_its_document_wherever_that_is_cancelled(three: Three) -> None:
    sold = three.a.sell(("P", 5, 20), paid_amount=30, account="现金")
    three.meet()
    three.b.cancel("sale", sold, "客户退单")
    three.a.change("sale", sold, [{**sold["lines"][0], "qty": scaled(4)}])  # knows nothing of it
    three.meet(three.a, three.b)
    for shop in three.all:
        assert (shop.cash(), shop.owes("甲"), figures(shop)) == (0, 0, (10, 100))
        receipt = receipt_of(shop, sold)["row"]
        assert (receipt["state"], receipt["cancel_reason"]) == ("cancelled", "客户退单")
        assert receipt["number"] == sold["links"][0]["title"]


def as_an_older_program(patch: pytest.MonkeyPatch, shop: Shop, post: Callable[[], object]) -> None:
    """Posts or changes with a program that knows nothing of receipts: no version of it names any."""

    def drawn(brings: Brings | None, first: object) -> dict[str, None]:
        return dict.fromkeys(brings.own) if brings else {}

    with patch.context() as old:
        old.setattr("desktop.engine.documents.verbs._Saving._bring", lambda self, sheet: (sheet, []))
        old.setattr("desktop.engine.documents.verbs.brought", SimpleNamespace(**{**vars(brought), "drawn": drawn}))
        post()


def test_what_an_older_program_posted_keeps_its_money(three: Three, monkeypatch: pytest.MonkeyPatch) -> None:
    sold: list[dict[str, Any]] = []
    about: dict[str, Any] = {"paid_amount": 30, "account": "现金"}
    as_an_older_program(monkeypatch, three.a, lambda: sold.append(three.a.sell(("P", 5, 20), **about)))
    three.meet()
    line = [{**sold[0]["lines"][0], "qty": scaled(4)}]
    for shop in three.all:
        assert (shop.cash(), shop.owes("甲"), shop.rows("settlement")) == (30, 70, [])
    three.b.change("sale", sold[0], line)
    three.meet()
    for shop in three.all:
        assert (shop.cash(), shop.owes("甲"), shop.rows("settlement")) == (30, 50, [])
    three.a.cancel("sale", sold[0])
    three.meet()
    assert {(shop.cash(), shop.owes("甲")) for shop in three.all} == {(0, 0)}


def test_a_receipt_stays_whatever_program_changes_its_document(three: Three, monkeypatch: pytest.MonkeyPatch) -> None:
    sold = three.a.sell(("P", 5, 20), paid_amount=30, account="现金")
    three.meet()
    line = [{**sold["lines"][0], "qty": scaled(4)}]
    as_an_older_program(monkeypatch, three.b, lambda: three.b.change("sale", sold, line))
    three.meet()
    for shop in three.all:
        assert (shop.cash(), shop.owes("甲")) == (30, 50)
        assert receipt_of(shop, sold)["row"]["state"] == "posted"
        assert len(shop.rows("account_entry")) == 1


def test_a_receipt_counts_nothing_where_an_older_program_posted_later(
    three: Three, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = three.a.enter("sale", {"customer": "甲", "paid_amount": 100}, ("P", 5, 20), post=False)
    three.meet()
    line = [{**draft["lines"][0], "qty": scaled(5)}]
    mine = three.a.change("sale", draft, line)
    as_an_older_program(monkeypatch, three.b, lambda: three.b.change("sale", draft, line))
    three.meet(three.a, three.b)
    for shop in three.all:
        assert (shop.cash(), shop.owes("甲")) == (100, 0)
        (receipt,) = shop.rows("settlement")
        assert shop.read("sale", draft)["row"]["receipt"] is None
        assert (receipt["state"], receipt["number"]) == ("cancelled", mine["links"][0]["title"])
        assert len(shop.rows("account_entry")) == 1


@pytest.mark.parametrize("does_cancel", [False, True])
def test_every_number_drawn_in_vain_is_told_where_the_posting_that_counts_has_nothing_paid(
    three: Three, does_cancel: bool
) -> None:
    draft = three.a.enter("sale", {"customer": "甲", "paid_amount": 100}, ("P", 5, 20), post=False)
    three.meet()
    line = [{**draft["lines"][0], "qty": scaled(5)}]
    lost = [three.keeper.change("sale", draft, line), three.a.change("sale", draft, line, paid_amount=60)]
    counts = three.b.change("sale", draft, line, paid_amount=None)
    if does_cancel:
        three.b.cancel("sale", counts, "客户退单")
    three.meet(three.b, three.a)
    numbers = {one["row"]["receipt_number"] for one in lost}
    assert len(numbers) == 2
    for shop in three.all:
        assert (shop.cash(), shop.owes("甲")) == (0, 0 if does_cancel else 100)
        (receipt,) = shop.rows("settlement")
        assert {receipt["number"], receipt["void_numbers"]} == numbers
        assert (receipt["state"], receipt["cancelled_on"]) == ("cancelled", today())
        assert receipt["cancel_reason"] == "两台机器各自过账了同一张单据，算数的那一次没有生成这一张"
        for number in numbers:
            hits = shop.api.get("/api/search", q=number)["groups"]
            assert "settlement" in {group["module"] for group in hits}


@contextmanager
def running_an_older_program(patch: pytest.MonkeyPatch, shop: Shop) -> Iterator[None]:
    """A machine whose program knows nothing of receipts at all, and takes their rows for drafts; then the new one."""
    with patch.context() as old:
        for module in ("sale", "purchase"):
            old.setattr(f"desktop.modules.trading.{module}.is_apart", lambda header: False)
        old.setattr(brought, "source_of", lambda *about: None)
        old.setattr(brought, "source_in", lambda *about: None)
        old.setattr(brought, "is_bringing", lambda *about: False)
        old.setattr(brought, "drawn", lambda *about: {})
        yield
    with shop.office.engine.db.write() as db, shop.office.engine.db.unguarded():
        audit.rebuild(db, shop.office.engine.registry)


@pytest.mark.parametrize("module", ["sale", "purchase"])
def test_an_older_program_cannot_post_what_it_takes_for_a_blank_draft(
    three: Three, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    three.keeper.enter("opening_account", {"account": "现金", "amount": 500})
    three.meet()
    party, kind = {"sale": ({"customer": "甲"}, "receipt"), "purchase": ({"supplier": "乙"}, "payment")}[module]
    three.a.enter(module, {**party, "paid_amount": 30, "account": "现金"}, ("P", 5, 20))
    for shop in (three.a, three.keeper):
        shop.office.workstation.sync.round()
    wanted = three.a.cash(), three.a.owes("甲"), three.a.owes("乙", "payable")
    old = three.b
    with running_an_older_program(monkeypatch, old):
        old.office.workstation.sync.round()
        (draft,) = old.rows("settlement")
        assert (draft["state"], draft["kind"], draft["amount"]) == ("draft", None, None)
        path = f"/api/documents/settlement/{draft['id']}"
        for typed, words in ((None, "请填写「类型」"), (kind, "类型决定单据编号，保存后不能再改")):
            body = old.body({**party, "kind": typed, "amount": 30, "account": "现金"}, [])
            assert old.api.refused("PATCH", path, 422, body)["fields"] == {"kind": words}
        # Nobody's screen leaves it out; whatever came of that books nothing.
        old.api.call("PATCH", path, old.body({**party, "amount": 30, "account": "现金"}, []))
        assert (old.cash(), old.owes("甲"), old.owes("乙", "payable")) == wanted
        old.office.workstation.sync.round()
    three.meet()
    for shop in three.all:
        (receipt,) = shop.rows("settlement")
        assert (receipt["state"], receipt["kind"], yuan(receipt["amount"])) == ("posted", kind, 30)
        assert (shop.cash(), shop.owes("甲"), shop.owes("乙", "payable")) == wanted
