"""Who sees only his own rows walks among them, by name, whatever else narrows them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from desktop.engine import lists
from desktop.engine.access import Principal
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
            ops.append(Op("customer", of("c", n), "ins", about | {"group": rng.choice([general, of("a", n % 3)])}))
        desk.hear(desk.hlc + 1, *ops)
        gone = [Op("customer", of("c", n), "del", seen={ELSEWHERE: 1}) for n in range(0, CUSTOMERS, 5)]
        desk.hear(desk.hlc + 1, *gone, n=2)
        yield desk


def salesman(desk: Desk, n: int = 1) -> Principal:
    rights = {definition.name: frozenset(("view",)) for definition in desk.engine.registry}
    return Principal("o", of("e", n), rights=rights, scopes={"customer": "own"})


def paged(desk: Desk, asked: Query, *, jump: bool) -> list[str]:
    seen: list[str] = []
    while True:
        page = lists.page(desk.engine, salesman(desk), "customer", asked, frozenset(("rows", "total")))
        seen += [row["id"] for row in page["rows"]]
        assert {row["owner"] for row in page["rows"]} <= {of("e", 1)}
        if page["next"] is None:
            assert page["total"] == len(seen)
            return seen
        asked = replace(asked, offset=len(seen)) if jump else replace(asked, after=page["next"])


@pytest.mark.parametrize("sort", ["name", "-name", "code", "-name,code"])
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


def test_the_walk_among_ones_own_reads_no_others_and_sorts_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "PROBE_ROWS", -1)
    said: list[str] = []
    with desk.engine.db.read() as db:
        db.set_trace_callback(said.append)
        lists.page(desk.engine, salesman(desk), "customer", Query(sort="name", group=of("a", 1)), frozenset(("rows",)))
        db.set_trace_callback(None)
        (walked,) = (text for text in said if "ORDER BY c.pinyin" in text)
        plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {walked}")]
    assert plan[0] == "SEARCH c USING INDEX ix_customer_own_by_title (owner=?)"
    assert not [step for step in plan if "TEMP B-TREE" in step]
