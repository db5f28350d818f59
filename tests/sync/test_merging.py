"""Records that are one, on several machines with the real server: rows 38 to 41 of the failure catalogue, and the
recycle bin across machines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from desktop.engine import aliases, duplicates, lists, merging, recycle, removal
from desktop.engine.query import Query
from desktop.errors import StillDeleted
from desktop.modules import load
from tests.chaos.kit import Company, assert_alike
from tests.engine.kit import Desk
from tests.sync.test_conflicts import both, meet

REGISTRY = load()
TAX = "91320500MA1MERGED7"


def merge(desk: Desk, loser: str, winner: str, module: str = "customer") -> None:
    merging.merge(desk.engine, desk.admin, module, winner, [loser], {})


def contacts_of(desk: Desk, customer: str) -> set[str]:
    """Names in the related tab of a customer."""
    query = Query(fixed={"parent": customer, "parent_kind": "customer"}, limit=100)
    return {row["name"] for row in lists.page(desk.engine, desk.admin, "contact", query)["rows"]}


def listed(desk: Desk, module: str = "customer") -> set[str]:
    page = lists.page(desk.engine, desk.admin, module, Query(limit=200), frozenset(("rows", "total")))
    assert page["total"] == len(page["rows"])
    return {row["id"] for row in page["rows"]}


def proposed(desk: Desk, module: str = "customer") -> list[set[str]]:
    found = duplicates.groups(desk.engine, desk.admin, module)["groups"]
    return [{row["id"] for row in group["rows"]} for group in found]


def means(desk: Desk, id: str) -> str:
    with desk.engine.db.read() as db:
        return aliases.winner_of(db, "customer", id)


def test_38_one_customer_at_two_branches_is_proposed_merged_and_given_back(company: Company) -> None:
    with both(company) as (a, b):
        one, two = a.customer("申越（苏州）", tax_no=TAX), b.customer("申越精密", tax_no=TAX)
        a.contact(one, "张工")
        b.contact(two, "李工")
        meet(a, b)
        for desk in (a, b):
            assert {one, two} in proposed(desk) and {one, two} <= listed(desk)
        merge(b, two, one)
        meet(a, b)
        for desk in (a, b):
            assert proposed(desk) == [] and two not in listed(desk)
            assert contacts_of(desk, one) == {"张工", "李工"}
        merging.unmerge(a.engine, a.admin, "customer", [two])
        meet(a, b)
        for desk in (a, b):
            assert {one, two} <= listed(desk)
            assert (contacts_of(desk, one), contacts_of(desk, two)) == ({"张工"}, {"李工"})
    assert_alike(company.machines)


def test_39_a_late_contact_of_a_merged_customer_stands_with_the_winner(company: Company) -> None:
    with both(company) as (a, b):
        one, two = a.customer("胜出"), a.customer("并入")
        meet(a, b)
        merge(a, two, one)
        late = b.contact(two, "迟到的")
        meet(a, b)
        for desk in (a, b):
            assert contacts_of(desk, one) == {"迟到的"} and desk.value("contact", late, "parent") == two
            row = lists.page(desk.engine, desk.admin, "contact", Query(q="迟到的"))
            assert row["labels"][two] == "胜出"
    assert_alike(company.machines)


def test_40_merged_both_ways_ends_at_the_smallest_id_and_both_come_back(company: Company) -> None:
    with both(company) as (a, b):
        one, two = sorted((a.customer("甲"), a.customer("乙")))
        meet(a, b)
        merge(a, one, two)
        merge(b, two, one)
        meet(a, b)
        for desk in (a, b):
            assert means(desk, two) == means(desk, one) == one and two not in listed(desk)
        merging.unmerge(b.engine, b.admin, "customer", [two])
        meet(a, b)
        assert all({one, two} <= listed(desk) for desk in (a, b))
    assert_alike(company.machines)


def test_41_doubles_of_one_code_are_proposed_and_told_apart_everywhere(company: Company) -> None:
    with both(company) as (a, b):
        one, two = a.customer("同码甲", tax_no="T-77"), b.customer("同码乙", tax_no="T-77")
        meet(a, b)
        assert all({one, two} in proposed(desk) for desk in (a, b))
        duplicates.dismiss(b.engine, b.admin, "customer", [two, one])
        meet(a, b)
        assert all(proposed(desk) == [] for desk in (a, b))
        duplicates.dismiss(a.engine, a.admin, "customer", [one, two], again=True)
        meet(a, b)
        assert all({one, two} in proposed(desk) for desk in (a, b))
    assert_alike(company.machines)


@pytest.mark.parametrize("module", REGISTRY.mergeable)
def test_every_mergeable_module_merges_on_another_machine_too(company: Company, module: str) -> None:
    with both(company) as (a, b):
        one, two = _two(a, module)
        meet(a, b)
        merge(a, two, one, module)
        meet(a, b)
        assert one in listed(b, module) and two not in listed(b, module)
        merging.unmerge(b.engine, b.admin, module, [two])
        meet(a, b)
        assert {one, two} <= listed(a, module)
    assert_alike(company.machines)


def _two(desk: Desk, module: str) -> Sequence[str]:
    if module == "contact":
        parent = desk.customer("单位")
        return [desk.contact(parent, name) for name in ("王芳", "王方")]
    if module == "customer":
        return [desk.customer(name) for name in ("申越", "申粤")]
    if module == "product":
        return [
            str(desk.save(module, name=name, category=desk.id_of("product_category", "未分类"))["id"])
            for name in ("轴承", "轴承二")
        ]
    return [str(desk.save(module, name=name)["id"]) for name in ("恒达轴承", "恒达轴承厂")]


def bin_of(desk: Desk) -> dict[str, Any]:
    page = recycle.page(desk.engine, desk.admin, recycle.Wanted(), {desk.admin.operator: "周敏"})
    return {row["id"]: row for row in page["rows"]}


def test_what_was_deleted_here_is_restored_there_with_what_went_along(company: Company) -> None:
    with both(company) as (a, b):
        one = a.customer("两地")
        early, late = a.contact(one, "早删"), a.contact(one, "随行")
        meet(a, b)
        a.delete("contact", early)
        a.delete("customer", one)
        meet(a, b)
        found = bin_of(b)
        assert set(found) >= {one, early} and late not in found
        assert found[one]["along"] == [{"label": "联系人", "count": 1}] and found[one]["by"] == "周敏"
        with pytest.raises(StillDeleted) as told:
            removal.restore_many(b.engine, b.admin, {"contact": [early]})
        assert [parent["id"] for parent in told.value.extra["parents"]] == [one]
        removal.restore_many(b.engine, b.admin, {"contact": [early]}, with_parents=True)
        meet(a, b)
        for desk in (a, b):
            assert contacts_of(desk, one) == {"早删", "随行"} and not {one, early} & bin_of(desk).keys()
    assert_alike(company.machines)


def test_what_went_along_with_a_customer_that_an_edit_kept_is_in_the_bin(company: Company) -> None:
    """An edit elsewhere beats the deletion, but not that of the contact: nothing is out of reach."""
    with both(company) as (a, b):
        one = a.customer("有争议")
        person = a.contact(one, "没回来的")
        meet(a, b)
        a.delete("customer", one)
        b.save("customer", id=one, note="还在用")
        meet(a, b)
        for desk in (a, b):
            assert one in listed(desk)
            assert (person in bin_of(desk)) == (desk.value("contact", person, "deleted_at") is not None)
        if person in bin_of(b):
            removal.restore_many(b.engine, b.admin, {"contact": [person]})
            meet(a, b)
        assert all(contacts_of(desk, one) == {"没回来的"} for desk in (a, b))
    assert_alike(company.machines)


def test_a_merged_customer_that_somebody_kept_alive_stands_for_itself(company: Company) -> None:
    """Its winner was deleted elsewhere meanwhile, and it with him: the edit keeps it, so it has to be found."""
    with both(company) as (a, b):
        one, two = a.customer("申越（苏州）"), a.customer("申越精密")
        meet(a, b)
        merge(a, two, one)
        meet(a, b)
        a.delete("customer", one)
        b.save("customer", two, note="断网时改的")
        meet(a, b)
        for desk in (a, b):
            assert two in listed(desk) and one not in listed(desk) and means(desk, two) == two
        a.restore("customer", one)
        meet(a, b)
        for desk in (a, b):
            assert one in listed(desk) and two not in listed(desk) and means(desk, two) == one
    company.settle()
    assert_alike(company.machines)
