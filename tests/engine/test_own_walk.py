"""Who sees only his own rows walks among them, by name or by day, whatever else narrows them; one index tells what is
seen of a group."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from desktop.engine import lists
from desktop.engine.access import DataScope, Principal
from desktop.engine.query import Query
from sync_server.replication.changeset import Op
from tests.engine.kit import ELSEWHERE, Desk, open_desk
from tests.support import copy_of

CUSTOMERS, PEOPLE = 400, 3


def of(letter: str, n: int) -> str:
    return f"{letter}{n:031x}"


@pytest.fixture(scope="module")
def desk(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with open_desk(copy_of(template, tmp_path_factory.mktemp("own") / "data")) as desk:
        rng, general = random.Random(5), desk.id_of("customer_group", "一般客户")
        ops = [Op("employee", of("e", n), "ins", {"name": f"员{n}", "code": f"E{n}"}) for n in range(PEOPLE)]
        ops += [Op("customer_group", of("a", n), "ins", {"name": f"组{n}", "parent": general}) for n in range(3)]
        for n in range(CUSTOMERS):
            about: dict[str, Any] = {"name": f"{rng.choice('安白长')}{n % 60}", "code": f"K{n}", "kind": "company"}
            about |= {"owner": rng.choice([None, *(of("e", one) for one in range(PEOPLE))])}
            about |= {"department": of("d", rng.randrange(3)), "registered_on": f"2026-0{rng.randrange(1, 5)}-01"}
            ops.append(Op("customer", of("c", n), "ins", about | {"group": rng.choice([general, of("a", n % 3)])}))
        desk.hear(desk.hlc + 1, *ops)
        gone = [Op("customer", of("c", n), "del", seen={ELSEWHERE: 1}) for n in range(0, CUSTOMERS, 5)]
        desk.hear(desk.hlc + 1, *gone, n=2)
        yield desk


def salesman(desk: Desk, n: int = 1) -> Principal:
    rights = {definition.name: frozenset(("view",)) for definition in desk.engine.registry}
    return Principal("o", of("e", n), rights=rights, scopes={"customer": "own"})


def paged(desk: Desk, asked: Query, *, jump: bool, who: Principal | None = None) -> list[str]:
    seen: list[str] = []
    while True:
        page = lists.page(desk.engine, who or salesman(desk), "customer", asked, frozenset(("rows", "total")))
        seen += [row["id"] for row in page["rows"]]
        assert who or {row["owner"] for row in page["rows"]} <= {of("e", 1)}
        if page["next"] is None:
            assert page["total"] == len(seen)
            return seen
        asked = replace(asked, offset=len(seen)) if jump else replace(asked, after=page["next"])


@pytest.mark.parametrize("sort", ["name", "-name", "-registered_on", "code", "-name,code"])
@pytest.mark.parametrize("group", ["", of("a", 1)])
@pytest.mark.parametrize("deleted", [False, True])
def test_the_walk_among_ones_own_gives_what_sorting_gives(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, sort: str, group: str, deleted: bool
) -> None:
    asked, ways = Query(sort=sort, group=group, deleted=deleted, limit=7), []
    for most in (10**6, -1):
        monkeypatch.setattr(lists, "PROBE_ROWS", most)
        ways += [paged(desk, asked, jump=jump) for jump in (False, True)]
    assert ways[0]
    assert all(way == ways[0] for way in ways[1:])


@pytest.mark.parametrize(
    ("asked", "order", "index"),
    [
        (Query(sort="name", group=of("a", 1)), "ORDER BY c.pinyin", "own_by_title"),
        (Query(sort="-registered_on"), 'ORDER BY c."registered_on"', "own_by_when"),
    ],
)
def test_the_walk_among_ones_own_reads_no_others_and_sorts_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, asked: Query, order: str, index: str
) -> None:
    monkeypatch.setattr(lists, "PROBE_ROWS", -1)
    plan = plan_of(desk, salesman(desk), asked, order)
    assert plan[0] == f"SEARCH c USING INDEX ix_customer_{index} (owner=?)"
    assert not [step for step in plan if "TEMP B-TREE" in step]


def plan_of(desk: Desk, who: Principal, asked: Query, wanted: str) -> list[str]:
    """How SQLite goes about the one statement of a page that says `wanted`."""
    said: list[str] = []
    with desk.engine.db.read() as db:
        db.set_trace_callback(said.append)
        lists.page(desk.engine, who, "customer", asked, frozenset(("rows",)))
        db.set_trace_callback(None)
        (one,) = (text for text in said if wanted in text)
        return [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {one}")]


@pytest.mark.parametrize("scope", ["department", "department_tree", "branch", "all"])
@pytest.mark.parametrize("sort", ["name", "-name"])
def test_what_is_seen_of_groups_is_walked_side_by_side(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, scope: DataScope, sort: str
) -> None:
    """The group and those below it; as sorting gives it, page by page, and counted without counting."""
    below = (of("d", 1), of("d", 2))
    who = replace(salesman(desk), scopes={"customer": scope}, department=of("d", 1), departments_below=below)
    asked = Query(sort=sort, group=desk.id_of("customer_group", "一般客户"), limit=7)
    plan = plan_of(desk, who, asked, "ORDER BY shown")
    assert len([step for step in plan if "USING INDEX ix_customer_placed (group=?)" in step]) == 4
    assert not [step for step in plan if "TEMP B-TREE" in step]
    ways = [paged(desk, asked, jump=jump, who=who) for jump in (False, True)]
    monkeypatch.setattr(lists, "GROUPS_MAX", 0)
    ways.append(paged(desk, asked, jump=False, who=who))
    assert ways[0] == ways[1] == ways[2]
    assert len(ways[0]) > (100 if scope != "branch" else 50)


def test_groups_in_which_little_is_seen_are_not_walked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "NEAR_ROWS", 10)
    who = replace(salesman(desk), scopes={"customer": "department"}, department=of("d", 9))
    asked = Query(sort="name", group=of("a", 1))
    plan = plan_of(desk, who, asked, "LIMIT 4001")
    assert not [step for step in plan if "ix_customer_placed" in step]
    assert paged(desk, asked, jump=False, who=who) == paged(desk, asked, jump=False)
