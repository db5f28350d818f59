"""What two people changed without knowing of each other: nothing is lost, and one of them decides (S6)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from desktop import accounts
from desktop.engine.define import seed_id
from desktop.errors import BadRequest, Forbidden, Invalid, NotFound
from desktop.sync import conflicts
from tests.chaos.kit import Company, assert_alike
from tests.engine.kit import Desk
from tests.support import open_office


@contextmanager
def both(company: Company) -> Iterator[tuple[Desk, Desk]]:
    """The two machines of the company, open."""
    with ExitStack() as stack:
        a, b = (stack.enter_context(machine.desk()) for machine in company.machines)
        yield a, b


def meet(*desks: Desk) -> None:
    """Everybody sends and hears everything."""
    for desk in (*desks, *desks):
        desk.workstation.sync.round()


def known_to_both(a: Desk, b: Desk, **values: Any) -> str:
    id = a.customer(**values)
    meet(a, b)
    return id


def shown(desk: Desk, state: conflicts.State = "open") -> list[dict[str, Any]]:
    names = accounts.operator_names(desk.engine)
    return list(conflicts.listed(desk.engine, desk.admin, names, state, None, 50)["items"])


def take(desk: Desk, id: str, which: conflicts.Take, value: Any = None) -> None:
    conflicts.take(desk.engine, desk.admin, id, which, value)


def states(desk: Desk) -> list[str]:
    return [row[0] for row in desk.ask("SELECT state FROM conflict ORDER BY state")]


def test_different_fields_of_one_record_both_survive_without_a_word(company: Company) -> None:
    with both(company) as (a, b):
        id = known_to_both(a, b)
        a.save("customer", id, phone="0512-1")
        b.save("customer", id, email="a@example.com")
        meet(a, b)
        for desk in (a, b):
            assert (desk.value("customer", id, "phone"), desk.value("customer", id, "email")) == (
                "0512-1", "a@example.com",
            )  # fmt: skip
            assert states(desk) == []
    assert_alike(company.machines)


def test_of_the_same_field_one_wins_and_the_other_can_be_taken_instead(company: Company) -> None:
    with both(company) as (a, b):
        id = known_to_both(a, b, credit_limit=20_000_000)
        a.save("customer", id, credit_limit=26_000_000)
        b.save("customer", id, credit_limit=30_000_000)
        meet(a, b)
        (mine,), (theirs,) = shown(a), shown(b)
        assert mine["id"] == theirs["id"] and mine["label"] == "信用额度" and mine["is_flag"]
        assert (mine["base"]["known"], mine["base"]["text"]) == (True, "200,000.00")
        assert [side["text"] for side in mine["sides"]] == ["300,000.00", "260,000.00"]
        assert [side["machine"] for side in mine["sides"]] == ["A2", "A1"]
        assert mine["now"]["value"] == 30_000_000 and mine["can_take"] and mine["type"] == "money"
        assert a.value("customer", id, "credit_limit") == 30_000_000
        take(a, mine["id"], "loser")
        assert a.value("customer", id, "credit_limit") == 26_000_000
        meet(a, b)
        for desk in (a, b):
            assert desk.value("customer", id, "credit_limit") == 26_000_000
            assert states(desk) == ["swapped"] and shown(desk) == []
    assert_alike(company.machines)


def test_keeping_what_counts_only_answers(company: Company) -> None:
    with both(company) as (a, b):
        id = known_to_both(a, b)
        a.save("customer", id, bank_name="甲银行")
        b.save("customer", id, bank_name="乙银行")
        meet(a, b)
        take(a, shown(a)[0]["id"], "winner")
        take(a, a.ask("SELECT id FROM conflict")[0][0], "loser")
        assert a.value("customer", id, "bank_name") == "乙银行", "an answered one is not answered again"
        meet(a, b)
        assert states(b) == ["kept"]


def test_a_third_value_is_checked_like_any_other(company: Company) -> None:
    with both(company) as (a, b):
        id = known_to_both(a, b)
        a.save("customer", id, credit_limit=1)
        b.save("customer", id, credit_limit=2)
        meet(a, b)
        (one,) = shown(a)
        with pytest.raises(Invalid):
            take(a, one["id"], "value", "abc")
        assert states(a) == ["open"] and a.value("customer", id, "credit_limit") == 2
        take(a, one["id"], "value", 3)
        meet(a, b)
        assert b.value("customer", id, "credit_limit") == 3 and states(b) == ["swapped"]


def test_the_same_value_on_both_is_no_conflict(company: Company) -> None:
    with both(company) as (a, b):
        id = known_to_both(a, b)
        a.save("customer", id, credit_limit=5)
        b.save("customer", id, credit_limit=5)
        meet(a, b)
        assert states(a) == states(b) == []


def test_a_change_after_the_other_one_was_seen_is_no_conflict(company: Company) -> None:
    with both(company) as (a, b):
        id = known_to_both(a, b)
        a.save("customer", id, credit_limit=5)
        meet(a, b)
        b.save("customer", id, credit_limit=6)
        meet(a, b)
        assert states(a) == [] and a.value("customer", id, "credit_limit") == 6


def test_what_matters_less_is_merged_quietly_and_the_other_value_kept(company: Company) -> None:
    with both(company) as (a, b):
        id = known_to_both(a, b)
        long = "付款及时。" * 200
        a.save("customer", id, note=long)
        b.save("customer", id, note="送货到新厂")
        meet(a, b)
        assert shown(a) == []
        (one,) = shown(a, "auto")
        assert {side["text"] for side in one["sides"]} == {long, "送货到新厂"}, "the losing text is there whole"
        seen = conflicts.newest(a.engine)
        assert conflicts.counts(a.engine, a.admin, "") == {"conflicts": 0, "auto": 1}
        assert conflicts.counts(a.engine, a.admin, seen) == {"conflicts": 0, "auto": 0}


def test_an_edit_against_a_delete_keeps_the_record_and_asks(company: Company) -> None:
    with both(company) as (a, b):
        first, second = known_to_both(a, b, name="甲"), known_to_both(a, b, name="乙")
        a.delete("customer", first, second)
        b.save("customer", first, phone="1")
        b.save("customer", second, phone="2")
        meet(a, b)
        assert a.row("customer", first)["deleted_at"] is None
        pairs = {one["record"]: one for one in shown(a)}
        assert pairs[first]["is_life"] and [side["text"] for side in pairs[first]["sides"]] == ["保留记录", "删除"]
        with pytest.raises(BadRequest):
            take(a, pairs[first]["id"], "value", 1)
        take(a, pairs[first]["id"], "loser")
        take(b, pairs[second]["id"], "winner")
        meet(a, b)
        for desk in (a, b):
            assert desk.row("customer", first)["deleted_at"] is not None
            assert desk.row("customer", second)["deleted_at"] is None
            assert states(desk) == ["kept", "swapped"]
    assert_alike(company.machines)


def test_a_customer_deleted_here_and_used_there_comes_back_with_all_that_went_along(company: Company) -> None:
    with both(company) as (a, b):
        id = known_to_both(a, b)
        old = a.contact(id, "王芳")
        meet(a, b)
        a.delete("customer", id)
        new = b.contact(id, "李强")
        meet(a, b)
        for desk in (a, b):
            assert desk.row("customer", id)["deleted_at"] is None
            assert desk.row("contact", old)["deleted_at"] is None and desk.row("contact", new)["deleted_at"] is None
    assert_alike(company.machines)


def test_two_answers_to_one_conflict_make_no_new_one(company: Company) -> None:
    with both(company) as (a, b):
        id = known_to_both(a, b)
        a.save("customer", id, credit_limit=1)
        b.save("customer", id, credit_limit=2)
        meet(a, b)
        (one,) = shown(a)
        take(a, one["id"], "loser")
        take(b, one["id"], "value", 9)
        meet(a, b)
        assert len(a.ask("SELECT 1 FROM conflict")) == 1
        assert a.value("customer", id, "credit_limit") == b.value("customer", id, "credit_limit")
    assert_alike(company.machines)


def test_of_two_answers_the_later_one_holds(company: Company) -> None:
    with both(company) as (a, b):
        id = known_to_both(a, b)
        a.save("customer", id, credit_limit=1)
        b.save("customer", id, credit_limit=2)
        meet(a, b)
        (one,) = shown(a)
        take(b, one["id"], "loser")
        take(a, one["id"], "winner")
        meet(a, b)
        for desk in (a, b):
            assert desk.value("customer", id, "credit_limit") == 2 and states(desk) == ["kept"]
    assert_alike(company.machines)


def test_what_already_is_as_chosen_is_only_answered(company: Company) -> None:
    with both(company) as (a, b):
        first, second = known_to_both(a, b, name="甲"), known_to_both(a, b, name="乙")
        a.delete("customer", first)
        a.save("customer", second, phone="1")
        b.save("customer", first, phone="1")
        b.save("customer", second, phone="2")
        meet(a, b)
        b.delete("customer", first, second)
        pairs = {one["record"]: one for one in (*shown(b), *shown(b, "auto"))}
        take(b, pairs[first]["id"], "loser")
        with pytest.raises(BadRequest):
            take(b, pairs[second]["id"], "loser")
        take(b, pairs[second]["id"], "winner")
        meet(a, b)
        assert shown(a) == shown(a, "auto") == [] and a.row("customer", second)["deleted_at"] is not None


def test_many_are_answered_alike_in_one_go(company: Company) -> None:
    with both(company) as (a, b):
        ids = [a.customer(name=f"客户{n}") for n in range(5)]
        meet(a, b)
        for id in ids:
            a.save("customer", id, credit_limit=1)
            b.save("customer", id, credit_limit=2)
        meet(a, b)
        pairs = shown(a)
        lost = {one["record"]: one["sides"][1]["value"] for one in pairs}
        found = conflicts.take_many(a.engine, a.admin, [one["id"] for one in pairs], "loser")
        assert found == {"done": 5, "refused": []}
        meet(a, b)
        assert {id: b.value("customer", id, "credit_limit") for id in ids} == lost and shown(b) == []


def test_a_machine_that_joined_later_says_that_it_does_not_know_the_first_value(company: Company) -> None:
    with both(company) as (a, b):
        id = known_to_both(a, b, credit_limit=7)
        a.save("customer", id, credit_limit=8)
        b.save("customer", id, credit_limit=9)
        meet(a, b)
    late = company.add()
    with late.desk() as desk:
        (one,) = shown(desk)
        assert one["base"] == {"known": False, "value": None, "text": "", "at": None, "actor": ""}
        take(desk, one["id"], "loser")
        assert desk.value("customer", id, "credit_limit") == 8


def test_a_field_that_follows_another_can_be_settled_too(company: Company) -> None:
    """The department of a customer follows its owner and is typed by nobody."""
    with both(company) as (a, b):
        id = known_to_both(a, b)
        departments = [
            a.save("department", name=name, branch=a.id_of("branch", "总部"))["id"] for name in ("一部", "二部")
        ]
        owners = [
            a.save("employee", code=f"9{n}", name=f"业务{n}", department=one, hired_on="2026-01-01")["id"]
            for n, one in enumerate(departments)
        ]
        meet(a, b)
        a.save("customer", id, owner=owners[0])
        b.save("customer", id, owner=owners[1])
        meet(a, b)
        for one in shown(a):
            assert one["can_take"] and (one["type"] == "") == (one["field"] == "department")
            take(a, one["id"], "loser")
        meet(a, b)
        for desk in (a, b):
            row = desk.row("customer", id)
            assert (row["owner"], row["department"]) == (owners[0], departments[0]) and shown(desk) == []


def test_a_conflict_is_as_secret_as_its_record(company: Company) -> None:
    """A salesman sees and answers what concerns his own customers, and nothing of his colleagues'."""
    with both(company) as (a, b):
        department = a.id_of("department", "管理部")
        employee = a.save("employee", code="77", name="小李", department=department, hired_on="2026-01-01")["id"]
        a.save(
            "operator", login_name="xiaoli", employee=employee, department=department, roles=[seed_id("role", "sales")],
            password="sales-password",
        )  # fmt: skip
        mine, theirs = known_to_both(a, b, name="我的", owner=employee), known_to_both(a, b, name="别人的")
        for id in (mine, theirs):
            a.save("customer", id, phone="1")
            b.save("customer", id, phone="2")
        meet(a, b)
        assert len(shown(a, "auto")) == 2
    with open_office(company.first.folder, sign_in=False) as office:
        office.api.sign_in("xiaoli", "sales-password")
        found = office.api.get("/api/sync/conflicts", state="auto")["items"]
        assert [one["record"] for one in found] == [mine]
        with office.engine.db.read() as db:
            (secret,) = db.execute("SELECT id FROM conflict WHERE record = ?", (theirs,)).fetchone()
        office.api.refused("POST", f"/api/sync/conflicts/{secret}", 404, {"take": "loser"})
        listed = office.api.call("GET", "/api/records/conflict")
        assert listed.status_code == 403 or theirs not in json.dumps(listed.json())
        assert office.api.get("/api/sync")["auto"] == 1
        office.api.post(f"/api/sync/conflicts/{found[0]['id']}", {"take": "loser"})
        for path, body in (
            ("/api/sync/machines/invite", {"branch": "x"}),
            ("/api/sync/machines/x/revoke", None),
            ("/api/sync/join", {"server": "127.0.0.1:1", "code": "x"}),
            ("/api/sync/probe", {"server": "127.0.0.1:1"}),
            ("/api/sync", {"action": "confirm"}),
        ):
            office.api.refused("POST", path, 403, body)


def test_what_cannot_be_answered_is_refused(company: Company) -> None:
    with both(company) as (a, b):
        id = known_to_both(a, b)
        a.save("customer", id, credit_limit=1)
        b.save("customer", id, credit_limit=2)
        meet(a, b)
        (one,) = shown(a)
        with pytest.raises(NotFound):
            take(a, "0" * 32, "loser")
        reader = replace(
            a.admin, everything=False, rights={"customer": frozenset(("view",))}, scopes={"customer": "all"}
        )
        with pytest.raises(Forbidden):
            conflicts.take(a.engine, reader, one["id"], "loser")
        blind = replace(a.admin, everything=False)
        with pytest.raises(NotFound):
            conflicts.take(a.engine, blind, one["id"], "loser")
        assert states(a) == ["open"]


def test_no_round_writes_anything_when_nothing_changed(company: Company) -> None:
    with both(company) as (a, b):
        known_to_both(a, b)
        before = [Path(desk.workstation.db.path).read_bytes() for desk in (a, b)]
        head = company.server.store.head()
        a.workstation.sync.round()
        b.workstation.sync.round()
        numbers = [desk.ask("SELECT last_n FROM sync_self")[0][0] for desk in (a, b)]
        a.workstation.sync.round()
        b.workstation.sync.round()
        assert company.server.store.head() == head
        assert [desk.ask("SELECT last_n FROM sync_self")[0][0] for desk in (a, b)] == numbers
        assert [Path(desk.workstation.db.path).read_bytes() for desk in (a, b)] == before
