"""Two machines that meant different things by one document: one version counts, the other is there to be decided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from desktop import accounts
from desktop.engine import configuring
from desktop.engine.documents import audit, disputes, verbs
from desktop.engine.documents.verbs import Entry
from desktop.errors import BadRequest, Forbidden, NotFound
from desktop.sync import conflicts
from tests.chaos.kit import Company, assert_alike
from tests.engine.kit import Desk
from tests.sync.test_conflicts import both, meet

Q = 10_000
Desks = tuple[Desk, Desk]


@pytest.fixture
def desks(company: Company) -> Iterator[Desks]:
    with both(company) as opened:
        yield opened
        meet(*opened)
        for desk in opened:
            kept = _kept(desk)
            with desk.engine.db.write() as db:
                db.execute("DELETE FROM dispute")
                audit.rebuild(db, desk.engine.registry)
            assert _kept(desk) == kept, "what is open follows from what is stored"
    assert_alike(company.machines)


def _kept(desk: Desk) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in desk.ask("SELECT * FROM dispute ORDER BY t, id, what")]


def product(desk: Desk, name: str = "P") -> str:
    return str(desk.save("product", name=name, category=desk.id_of("product_category", "未分类"))["id"])


def save(
    desk: Desk, lines: list[dict[str, Any]], *, id: str | None = None, post: bool = True, answers: str = "",
    **values: Any,
) -> dict[str, Any]:  # fmt: skip
    said = Entry({"kind": "other_in", **values} if id is None else values, lines, post, answers=answers)
    return verbs.save(desk.engine, desk.admin, "stock_entry", said, id=id)


def opened(desk: Desk, id: str) -> dict[str, Any]:
    return verbs.opened(desk.engine, desk.admin, "stock_entry", id)


def listed(desk: Desk) -> list[dict[str, Any]]:
    found = conflicts.listed(desk.engine, desk.admin, accounts.operator_names(desk.engine), "open", None, 50)
    assert found["total"] == len(found["items"]) == conflicts.counts(desk.engine, desk.admin, "")["conflicts"]
    return list(found["items"])


def quantity(desk: Desk, id: str) -> float:
    return float(sum(line["qty"] for line in opened(desk, id)["lines"]) / Q)


def test_the_change_that_lost_is_told_and_can_become_the_next_version(desks: Desks) -> None:
    a, b = desks
    first = save(a, [{"product": product(a), "qty": 10 * Q}], note="留着")
    meet(a, b)
    id, line = first["row"]["id"], first["lines"][0]
    assert listed(a) == listed(b) == []
    save(a, [{**line, "qty": 3 * Q}], id=id)
    save(b, [{**line, "qty": 4 * Q}], id=id)
    meet(a, b)
    (mine,), (theirs,) = listed(a), listed(b)
    assert mine["id"] == theirs["id"] and mine["title"] == first["row"]["number"] and mine["is_flag"]
    (difference,) = mine["document"]["differences"]
    now, other = (quantity(a, id), 7 - quantity(a, id))
    assert difference == {"where": "第 1 行　P", "label": "数量", "now": f"{now:g}", "other": f"{other:g}"}
    assert mine["document"]["why"] == "两处各自改了这张出入库单" and mine["document"]["may"]
    assert {side["machine"] for side in mine["sides"]} == {"A1", "A2"}
    assert opened(b, id)["disputes"] == [{"id": mine["id"], "version": mine["id"]}]

    sheet = verbs.other(b.engine, b.admin, "stock_entry", id, mine["id"])
    assert sheet["lines"][0]["qty"] == other * Q
    done = save(b, sheet["lines"], id=id, answers=mine["id"], note=sheet["values"]["note"])
    assert (done["row"]["version"], done["row"]["note"]) == (3, "留着") and done["disputes"] == []
    meet(a, b)
    assert listed(a) == listed(b) == [] and quantity(a, id) == other
    with pytest.raises(NotFound, match="已由别人处理"):
        disputes.keep(a.engine, a.admin, mine["id"])


def test_what_counts_can_stay(desks: Desks) -> None:
    a, b = desks
    first = save(a, [{"product": product(a), "qty": 10 * Q}])
    meet(a, b)
    id, line = first["row"]["id"], first["lines"][0]
    save(a, [{**line, "qty": 3 * Q}], id=id)
    save(b, [line, {"product": line["product"], "qty": Q}], id=id)
    meet(a, b)
    (one,) = listed(a)
    before = quantity(a, id)
    nobody = replace(
        a.admin, everything=False, rights={"stock_entry": frozenset(["view"])}, scopes={"stock_entry": "all"}
    )
    with pytest.raises(Forbidden):
        disputes.keep(a.engine, nobody, one["id"])
    disputes.keep(a.engine, a.admin, one["id"])
    meet(a, b)
    assert listed(a) == listed(b) == [] and quantity(b, id) == before
    assert opened(b, id)["row"]["version"] == 2


def test_one_draft_posted_twice(desks: Desks) -> None:
    a, b = desks
    draft = save(a, [{"product": product(a), "qty": 10 * Q}], post=False)
    meet(a, b)
    id, line = draft["row"]["id"], draft["lines"][0]
    save(a, [{**line, "qty": 7 * Q}], id=id)
    save(b, [line, {"product": line["product"], "qty": Q}], id=id)
    meet(a, b)
    (one,) = listed(a)
    assert one["document"]["why"] == "两处各自把这张出入库单的草稿过账，内容不同"
    rows = {(each["where"], each["label"]) for each in one["document"]["differences"]}
    assert rows == {("第 1 行　P", "数量"), ("第 2 行　P", "这一行")}
    disputes.keep(b.engine, b.admin, one["id"])


def test_one_draft_posted_twice_alike_asks_nothing(desks: Desks) -> None:
    a, b = desks
    draft = save(a, [{"product": product(a), "qty": 10 * Q}], post=False)
    meet(a, b)
    for desk in desks:
        save(desk, draft["lines"], id=draft["row"]["id"])
    meet(a, b)
    assert listed(a) == listed(b) == [] and len(opened(a, draft["row"]["id"])["versions"]) == 2


def test_a_change_of_what_was_cancelled_becomes_a_document_of_its_own(desks: Desks) -> None:
    a, b = desks
    first = save(a, [{"product": product(a), "qty": 10 * Q}])
    meet(a, b)
    id, line = first["row"]["id"], first["lines"][0]
    verbs.cancel(a.engine, a.admin, "stock_entry", id, "录错")
    save(b, [{**line, "qty": 4 * Q}], id=id)
    meet(a, b)
    (one,) = listed(b)
    assert one["document"]["is_cancelled"] and one["now"]["text"] == "已作废"
    sheet = verbs.other(b.engine, b.admin, "stock_entry", id, one["id"])
    lines = [{"product": line["product"], "qty": line["qty"]} for line in sheet["lines"]]
    another = save(b, lines, post=False)
    with pytest.raises(BadRequest, match="不是这张单据"):
        save(b, another["lines"], id=another["row"]["id"], answers=one["id"])
    fresh = save(b, lines, answers=one["id"])
    meet(a, b)
    assert fresh["row"]["id"] != id and listed(a) == listed(b) == []
    assert opened(a, id)["row"]["state"] == "cancelled" and quantity(a, fresh["row"]["id"]) == 4


def late(a: Desk, b: Desk) -> tuple[str, dict[str, Any]]:
    """A draft that one machine posts while the other goes on writing it."""
    goods, more = product(a), product(a, "R")
    draft = save(a, [{"product": goods, "qty": 10 * Q}, {"product": more, "qty": Q}], post=False)
    meet(a, b)
    id, (first, _) = draft["row"]["id"], draft["lines"]
    save(a, draft["lines"], id=id)
    save(b, [{**first, "qty": 9 * Q}, {"product": more, "qty": 5 * Q}], id=id, post=False, kind="other_in")
    meet(a, b)
    (one,) = listed(a)
    assert listed(b)[0]["id"] == one["id"] == f"late.{id}"
    return id, one


def test_an_edit_that_came_too_late_is_told_and_can_be_dropped(desks: Desks) -> None:
    a, b = desks
    id, one = late(a, b)
    assert one["document"]["why"] == "这张出入库单过账以后，才收到别处对草稿的改动"
    assert [(each["where"], each["label"], each["now"], each["other"]) for each in one["document"]["differences"]] == [
        ("第 1 行　P", "数量", "10", "9"),
        ("第 2 行　R", "这一行", "数量 1", "没有"),
        ("第 3 行　R", "这一行", "没有", "数量 5"),
    ]
    assert one["sides"][1]["machine"] == "A2"
    disputes.keep(a.engine, a.admin, one["id"])
    meet(a, b)
    assert listed(a) == listed(b) == []
    assert quantity(b, id) == 11 and opened(b, id)["row"]["version"] == 1
    assert not a.ask("SELECT 1 FROM veil WHERE json_extract(data, '$.qty') IS NOT NULL")


def test_an_edit_that_came_too_late_can_become_the_next_version(desks: Desks) -> None:
    a, b = desks
    id, one = late(a, b)
    sheet = verbs.other(a.engine, a.admin, "stock_entry", id, one["id"])
    assert [line["qty"] // Q for line in sheet["lines"]] == [9, 5]
    done = save(a, sheet["lines"], id=id, answers=one["id"])
    assert (done["row"]["version"], done["disputes"]) == (2, [])
    meet(a, b)
    assert listed(a) == listed(b) == [] and quantity(b, id) == 14


def test_an_ordinary_change_of_what_was_posted_asks_nothing(desks: Desks) -> None:
    a, b = desks
    goods = product(a)
    first = save(a, [{"product": goods, "qty": 10 * Q}, {"product": goods, "qty": Q}])
    meet(a, b)
    id = first["row"]["id"]
    save(b, [{**first["lines"][0], "qty": 2 * Q}, {"product": goods, "qty": 3 * Q}], id=id)
    meet(a, b)
    save(a, opened(a, id)["lines"][:1], id=id)
    meet(a, b)
    verbs.cancel(b.engine, b.admin, "stock_entry", id, "录错")
    meet(a, b)
    assert listed(a) == listed(b) == []
    with a.engine.db.write() as db:
        before = db.execute("SELECT * FROM dispute").fetchall()
    assert before == []


def test_one_lost_change_taken_on_two_machines_becomes_one_document(desks: Desks) -> None:
    a, b = desks
    first = save(a, [{"product": product(a), "qty": 10 * Q}])
    meet(a, b)
    id, line = first["row"]["id"], first["lines"][0]
    verbs.cancel(a.engine, a.admin, "stock_entry", id, "录错")
    save(b, [{**line, "qty": 4 * Q}], id=id)
    meet(a, b)
    taken = []
    for desk in desks:
        (one,) = listed(desk)
        taken.append(save(desk, [{"product": line["product"], "qty": 4 * Q}], answers=one["id"])["row"]["id"])
    meet(a, b)
    assert taken[0] == taken[1] and quantity(a, taken[0]) == quantity(b, taken[0]) == 4
    assert [tuple(row) for row in a.ask("SELECT on_hand FROM stock_balance")] == [(4 * Q,)]
    (one,) = listed(a)
    assert [each["label"] for each in one["document"]["differences"]] == ["单据编号"]
    disputes.keep(a.engine, a.admin, one["id"])


def bargain(
    desk: Desk, module: str, values: dict[str, Any], lines: list[dict[str, Any]], **more: Any
) -> dict[str, Any]:
    id, who = more.pop("id", None), more.pop("who", desk.admin)
    entry = Entry(values, lines, more.pop("post", True), **more)
    return verbs.save(desk.engine, who, module, entry, id=id)


def test_a_lost_price_is_decided_by_who_sees_it_and_may_post(desks: Desks) -> None:
    a, b = desks
    goods, supplier = product(a), str(a.save("supplier", name="乙")["id"])
    first = bargain(a, "purchase", {"supplier": supplier}, [{"product": goods, "qty": Q, "price": 20 * Q}])
    meet(a, b)
    id, line = first["row"]["id"], first["lines"][0]
    for desk, price in zip(desks, (30, 40), strict=True):
        bargain(desk, "purchase", {}, [{**line, "price": price * Q}], id=id)
    meet(a, b)
    (one,) = listed(a)
    known = ("purchase", "product", "supplier", "warehouse", "account")
    some = replace(
        a.admin, everything=False, rights=dict.fromkeys(known, frozenset(["view", "edit", "add", "post"])),
        scopes=dict.fromkeys(known, "all"),
    )  # fmt: skip
    blind, author = replace(some, no_prices=True), replace(some, rights={"purchase": frozenset(["view", "edit"])})
    (shown,) = conflicts.listed(a.engine, blind, {}, "open", None, 50)["items"]
    assert (shown["document"]["may"], shown["document"]["may_keep"]) == (False, False)
    assert "由看得到价格的同事处理" in shown["document"]["why"]
    sheet = verbs.other(a.engine, a.admin, "purchase", id, one["id"])
    with pytest.raises(Forbidden, match="看不到"):
        disputes.keep(a.engine, blind, one["id"])
    for who, post in ((blind, True), (author, False)):
        with pytest.raises(Forbidden):
            bargain(a, "purchase", {}, sheet["lines"], id=id, who=who, post=post, answers=one["id"])
    assert len(listed(a)) == 1
    bargain(a, "purchase", {}, sheet["lines"], id=id, who=some, answers=one["id"])
    assert listed(a) == []


def test_a_lost_change_keeps_how_its_prices_were_meant(desks: Desks) -> None:
    a, b = desks
    goods, supplier = product(a), str(a.save("supplier", name="乙")["id"])
    line = {"product": goods, "qty": Q, "price": 100 * Q, "tax_rate": 13 * Q}
    first = bargain(a, "purchase", {"supplier": supplier}, [line])
    meet(a, b)
    id, kept = first["row"]["id"], first["lines"][0]
    configuring.change(a.engine, a.admin, {"tax.price_includes": False}, [], None)
    bargain(b, "purchase", {}, [{**kept, "qty": 2 * Q}], id=id)
    verbs.cancel(a.engine, a.admin, "purchase", id, "录错")
    meet(a, b)
    (one,) = listed(a)
    sheet = verbs.other(a.engine, a.admin, "purchase", id, one["id"])
    lines = [{name: value for name, value in each.items() if name != "id"} for each in sheet["lines"]]
    fresh = bargain(a, "purchase", {"supplier": supplier}, lines, answers=one["id"])
    assert fresh["row"]["total"] == sheet["values"]["total"] == 200_00
