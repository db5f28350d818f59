"""Lists in the order of what a reference shows: by the walk and by sorting alike, and the walk without a sort."""

from __future__ import annotations

import itertools
import json
import random
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from desktop.engine import by_reference, lists, query
from desktop.engine.access import Principal
from desktop.engine.aliases import alias_id
from desktop.engine.query import Query
from sync_server.replication.changeset import Op
from tests.engine.kit import ELSEWHERE, Desk, open_desk
from tests.support import copy_of

CUSTOMERS, CONTACTS, PRODUCTS = 60, 400, 300


def of(letter: str, n: int) -> str:
    return f"{letter}{n:031x}"


@pytest.fixture(scope="module")
def desk(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """References to what is there, deleted, merged, merged into what is deleted, or nowhere; many that read alike."""
    with open_desk(copy_of(template, tmp_path_factory.mktemp("ordered") / "data")) as desk:
        rng = random.Random(11)
        group = desk.id_of("customer_group", "一般客户")
        parents = {
            "customer": [of("c", n) for n in range(CUSTOMERS)],
            "supplier": [of("d", n) for n in range(20)],
            "competitor": [of("e", n) for n in range(10)],
        }
        ops = [Op("contact", of("b", n), "ins", person(rng, n, parents)) for n in range(CONTACTS)]
        for module, ids in parents.items():
            ops += [Op(module, id, "ins", party(rng, module, n, group)) for n, id in enumerate(ids)]
        ops += [
            Op("row_alias", alias_id(module, loser), "ins", {"t": module, "loser": loser, "winner": winner})
            for module, loser, winner in merged(parents)
        ]
        desk.hear(desk.hlc + 1, *ops)
        gone = [("customer", of("c", n)) for n in range(0, CUSTOMERS, 7)]
        gone += [("contact", of("b", n)) for n in range(0, CONTACTS, 9)]
        desk.hear(desk.hlc + 1, *(Op(module, id, "del", seen={ELSEWHERE: 1}) for module, id in gone), n=2)
        goods = [Op("product", of("7", n), "ins", {"name": f"产品{n}", "code": f"P{n}"}) for n in range(PRODUCTS)]
        desk.hear(desk.hlc + 1, *goods, n=3)
        yield desk


def person(rng: random.Random, n: int, parents: dict[str, list[str]]) -> dict[str, Any]:
    kind = rng.choice(list(parents))
    parent = rng.choice([*parents[kind], of("9", rng.randrange(5))])  # some are not there
    return {"name": rng.choice("王李张赵") + str(n % 40), "parent_kind": kind, "parent": parent}


def party(rng: random.Random, module: str, n: int, group: str) -> dict[str, Any]:
    main = rng.choice([None, of("b", rng.randrange(CONTACTS)), of("8", rng.randrange(4))])
    given: dict[str, Any] = {"name": f"{rng.choice('安白长')}{n % 15}"}
    given |= {"code": f"K{n}"} if module != "competitor" else {}
    return given | ({"group": group, "kind": "company", "main_contact": main} if module == "customer" else {})


def merged(parents: dict[str, list[str]]) -> list[tuple[str, str, str]]:
    customers = parents["customer"]
    pairs = [("customer", customers[n], customers[n + 4]) for n in range(1, CUSTOMERS - 8, 6)]
    return [*pairs, *(("contact", of("b", n), of("b", n + 1)) for n in range(2, 200, 11))]


def paged(desk: Desk, module: str, asked: Query, *, jump: bool) -> list[str]:
    seen: list[str] = []
    while True:
        page = lists.page(desk.engine, desk.admin, module, asked)
        seen += [row["id"] for row in page["rows"]]
        if page["next"] is None:
            return seen
        asked = replace(asked, offset=len(seen)) if jump else replace(asked, after=page["next"])


def own(desk: Desk) -> Principal:
    rights = {definition.name: frozenset(("view",)) for definition in desk.engine.registry}
    return Principal(desk.admin.operator, desk.admin.employee, rights=rights, scopes={"customer": "branch"})


@pytest.mark.parametrize("few", [0, 10**6])
@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("narrowed", [False, True])
@pytest.mark.parametrize(("module", "field"), [("contact", "parent"), ("customer", "main_contact")])
def test_the_walk_gives_what_sorting_gives(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, module: str, field: str, narrowed: bool, sign: str, few: int
) -> None:
    """Blanks first, then what is not there by its id, then the others as they read; ties by id and row."""
    one = {"and": [{"field": "name", "op": "contains", "value": "安" if module == "customer" else "王"}]}
    asked = Query(sort=sign + field, filter=one if narrowed else None, limit=37)
    ways = []
    monkeypatch.setattr(lists, "FEW_TARGETS", few)
    for most in (10**6, -1):
        monkeypatch.setattr(lists, "PROBE_ROWS", most)
        monkeypatch.setattr(lists, "PROBE_WORD_ROWS", most)
        ways += [paged(desk, module, asked, jump=jump) for jump in (False, True)]
    assert len(ways[0]) > 10
    assert all(way == ways[0] for way in ways[1:])
    assert sorted(ways[0]) == sorted(paged(desk, module, replace(asked, sort="name"), jump=False))


@pytest.mark.parametrize("sort", ["parent", "-parent", "name", "-name"])
def test_what_a_walk_does_not_meet_in_time_is_sorted(desk: Desk, monkeypatch: pytest.MonkeyPatch, sort: str) -> None:
    """Rows that stand together far from the beginning come in the same order, page by page."""
    asked = Query(sort=sort, filter={"and": [{"field": "name", "op": "contains", "value": "王"}]}, limit=37)
    expected = paged(desk, "contact", asked, jump=False)
    monkeypatch.setattr(lists, "PROBE_ROWS", -1)
    monkeypatch.setattr(lists, "PROBE_WORD_ROWS", -1)
    steps, sorted_hits, used = itertools.cycle((True, False)), lists._sorted_hits, list[int]()

    @contextmanager
    def late(db: sqlite3.Connection, seconds: float) -> Iterator[None]:
        """Every walk is, no question for its hits."""
        if seconds == lists.WALK_S and next(steps):
            raise sqlite3.OperationalError("interrupted")
        yield

    def counted(*asked: Any) -> list[int]:
        used.append(1)
        return sorted_hits(*asked)

    monkeypatch.setattr(lists, "_time_limit", late)
    monkeypatch.setattr(lists, "_sorted_hits", counted)
    assert len(expected) > 37
    assert [paged(desk, "contact", asked, jump=jump) for jump in (False, True)] == [expected, expected]
    assert used


@pytest.mark.parametrize("sign", ["", "-"])
def test_within_a_scope_the_walk_gives_what_sorting_gives(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, sign: str
) -> None:
    ways = []
    for most in (10**6, -1):
        monkeypatch.setattr(lists, "PROBE_ROWS", most)
        page = lists.page(desk.engine, own(desk), "contact", Query(sort=f"{sign}parent", limit=500))
        ways.append([row["id"] for row in page["rows"]])
    assert ways[0] == ways[1]
    assert 0 < len(ways[0]) < len(paged(desk, "contact", Query(), jump=False))


@pytest.mark.parametrize("few", [False, True])
def test_the_records_referred_to_are_walked_by_their_index(desk: Desk, few: bool) -> None:
    """No living record is sorted, and no index is read in whole for a filter before the first row."""
    registry = desk.engine.registry
    definition = registry["stock_balance"]
    selection = query.select(registry, definition, desk.admin, Query())
    (key,) = query.sort_keys(registry, definition, desk.admin, "product")
    walk = by_reference.Walk(registry, selection, key, few).sql()
    with desk.engine.db.write() as db:
        db.execute("ANALYZE")
    plan = [row[3] for row in desk.ask(f"EXPLAIN QUERY PLAN {walk.text} LIMIT 50", *walk.params)]
    assert "SCAN t USING INDEX ix_product_pinyin" in plan
    assert plan.count("SEARCH c USING INDEX ix_stock_balance_product (product=?)") == 3
    assert "MERGE (EXCEPT)" in plan
    assert ("RECURSIVE STEP" in plan) is few
    assert not [step for step in plan if "BLOOM" in step or step.startswith("SCAN c")], json.dumps(plan)
    assert plan.count("USE TEMP B-TREE FOR ORDER BY") == 1 + few, "deleted products, and the few values"
