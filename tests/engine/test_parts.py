"""Counts, sums and pages of a narrower data scope: from the tally kept by owner, department and branch, and equal to
what counting the rows says, after any history."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest

from desktop.engine import lists, search
from desktop.engine.access import DATA_SCOPES, Principal
from desktop.engine.ids import new_id
from desktop.engine.query import Query
from desktop.inspection import check
from sync_server.replication.changeset import Op

from .kit import Desk, open_desk

PLACES = ("d1", "d2", "d3")


@pytest.fixture
def desk(template: Path, tmp_path: Path) -> Iterator[Desk]:
    shutil.copytree(template, tmp_path / "data")
    with open_desk(tmp_path / "data") as found:
        yield found


def users() -> list[Principal]:
    rights = dict.fromkeys(("customer", "contact", "customer_group"), frozenset(("view",)))
    user = Principal("u1", "e1", "d1", ("d1", "d2"), "b1", rights, special=frozenset(("unmask",)))
    return [replace(user, scopes=dict.fromkeys(rights, scope)) for scope in DATA_SCOPES]


def history(desk: Desk, seed: int) -> None:
    """Customers made, handed over, moved between groups, deleted and brought back, here and from elsewhere."""
    chance = random.Random(seed)
    groups = [row[0] for row in desk.ask("SELECT id FROM customer_group")]
    ids: list[str] = []
    for n in range(120):
        values = {
            "owner": chance.choice(("e1", "e2", None)), "department": chance.choice((*PLACES, None)),
            "branch": chance.choice(("b1", "b2")), "group": chance.choice(groups),
            "credit_limit": chance.randrange(900),
        }  # fmt: skip
        kind = chance.choice(("ins", "ins", "upd", "del", "undel")) if ids else "ins"
        id = new_id() if kind == "ins" else chance.choice(ids)
        if kind == "ins":
            ids.append(id)
            values["name"] = f"客户{n}"
            person = Op("contact", new_id(), "ins", {"name": f"人{n}", "parent_kind": "customer", "parent": id})
            desk.engine.applier.local([Op("customer", id, "ins", values), person], actor="u2")
        elif kind == "upd":
            some = dict(chance.sample(sorted(values.items(), key=str), 2))
            desk.engine.applier.local([Op("customer", id, "upd", some)], actor="u2")
        else:
            with desk.engine.db.read() as db:
                seen = desk.engine.applier.seen(db, "customer", id)
            op = Op("customer", id, "del", seen=seen) if kind == "del" else Op("customer", id, "undel")
            desk.engine.applier.local([op], actor="u2")


def counted(desk: Desk, user: Principal) -> tuple[int, int, dict[str, int]]:
    """Total, sum of the credit limits and rows by group, as plain SQL has them."""
    scope = {
        "own": "owner = 'e1'", "department": "(owner = 'e1' OR department = 'd1')",
        "department_tree": "(owner = 'e1' OR department IN ('d1', 'd2'))", "branch": "(owner = 'e1' OR branch = 'b1')",
        "all": "1",
    }[user.scope("customer")]  # fmt: skip
    sql = f"FROM customer WHERE deleted_at IS NULL AND {scope}"
    ((total, credit),) = desk.ask(f"SELECT count(*), COALESCE(sum(credit_limit), 0) {sql}")
    return total, credit, dict(desk.ask(f'SELECT "group", count(*) {sql} GROUP BY 1'))  # type: ignore[arg-type]


def problems(desk: Desk) -> set[str]:
    return {found.code for found in check(desk.engine, lambda done, total: None) if found.kind == "problem"}


@pytest.mark.parametrize("seed", range(3))
def test_counts_and_sums_of_each_scope_are_exact(desk: Desk, seed: int) -> None:
    history(desk, seed)
    for user in users():
        total, credit, groups = counted(desk, user)
        page = lists.page(desk.engine, user, "customer", Query(), frozenset(("total", "sums")))
        assert (page["total"], page["sums"]["credit_limit"]) == (total, credit), user.scopes
        nodes = search.tree(desk.engine, user, "customer_group", "customer")
        assert {node["id"]: node["count"] for node in nodes if node["count"]} == groups
    assert "tally-wrong" not in problems(desk)


@pytest.mark.parametrize("is_few", [True, False])
def test_what_follows_is_the_same_whichever_way_it_is_found(desk: Desk, is_few: bool) -> None:
    history(desk, 7)
    for user in users():
        with patch("desktop.engine.lists._sees_few", lambda *_: is_few):
            page = lists.page(desk.engine, user, "contact", Query(limit=500), frozenset(("rows", "total")))
        customers = lists.page(desk.engine, user, "customer", Query(limit=500), frozenset(("rows",)))["rows"]
        with_people = {row[0] for row in desk.ask("SELECT parent FROM contact")}
        seen = {row["id"] for row in customers} & with_people
        alive = {row[0] for row in desk.ask("SELECT id FROM customer WHERE deleted_at IS NULL")}
        found = [row for row in page["rows"] if row["parent"] in alive]
        assert {row["parent"] for row in found} == seen and page["total"] == len(page["rows"])


def test_the_data_check_sees_a_wrong_part(desk: Desk) -> None:
    history(desk, 1)
    with desk.engine.db.write() as db:
        db.execute("UPDATE tally_part SET n = n + 1 WHERE t = 'customer' AND value = '*' AND owner = 'e1'")
    assert "tally-wrong" in problems(desk)
