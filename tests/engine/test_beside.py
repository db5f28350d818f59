"""What contacts and addresses keep beside them of their customers (`following.py`): after any history, in any order of
what comes, it is what a look at the customers says; and the list of who sees only his own is read from its index."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from desktop.engine import following, lists
from desktop.engine.access import DATA_SCOPES, Principal
from desktop.engine.aliases import alias_id
from desktop.engine.ids import new_id
from desktop.engine.query import Query
from desktop.engine.work import Work
from sync_server.replication.changeset import Op

from .kit import Desk, assert_checked, everything, open_desk, open_pair

FOLLOWERS = ("contact", "party_address")
ROWS = frozenset(("rows", "total"))


@pytest.fixture
def desk(template: Path, tmp_path: Path) -> Iterator[Desk]:
    shutil.copytree(template, tmp_path / "data")
    with open_desk(tmp_path / "data") as found:
        yield found


def user(scope: str = "own", but: Sequence[str] = ()) -> Principal:
    modules = [one for one in ("customer", "supplier", "competitor", *FOLLOWERS) if one not in but]
    rights = dict.fromkeys(modules, frozenset(("view",)))
    found = Principal("u1", "e1", "d1", ("d1", "d2"), "b1", rights, special=frozenset(("unmask",)))
    return replace(found, scopes=dict.fromkeys(modules, scope))  # type: ignore[arg-type]


# -------------------------------------------------------------------------------------------------------- the history


class Story:
    """Changes of machines far away: customers made, handed over, merged, split, deleted and brought back, and what
    hangs on them."""

    def __init__(self, seed: int, group: str) -> None:
        self.chance = random.Random(seed)
        self.group = group
        self.ids: dict[str, list[str]] = {"customer": [], "supplier": [], "contact": [], "party_address": []}
        self.merged: list[str] = []
        self.ops = [op for number in range(140) for op in self._step(number)]

    def _step(self, number: int) -> Iterator[Op]:
        kinds = (
            "customer",
            "supplier",
            "contact",
            "contact",
            "party_address",
            "hand over",
            "hand over",
            "move",
            "merge",
        )
        kind = self.chance.choice((*kinds, "merge", "split", "del", "del", "undel") if number > 20 else kinds[:5])
        if kind in self.ids:
            yield self._made(kind, number)
        elif kind == "hand over":
            some = dict(self.chance.sample(sorted(self._place().items()), 2))
            yield Op("customer", self._one("customer"), "upd", some)
        elif kind == "move":
            module = self.chance.choice(FOLLOWERS)
            yield Op(module, self._one(module), "upd", self._parent())
        elif kind == "merge":
            loser, winner = self._one("customer"), self._one("customer")
            self.merged.append(alias_id("customer", loser))
            yield Op("row_alias", self.merged[-1], "ins", {"t": "customer", "loser": loser, "winner": winner})
        elif kind == "split" and self.merged:
            yield Op("row_alias", self.chance.choice(self.merged), "del")
        elif kind in ("del", "undel"):
            module = self.chance.choice(("customer", "customer", "contact"))
            yield Op(module, self._one(module), "del" if kind == "del" else "undel")

    def _made(self, module: str, number: int) -> Op:
        values: dict[str, Any] = {"branch": "b1"}
        if module == "customer":
            values = {"name": f"客户{number}", "group": self.group, **self._place()}
        elif module == "supplier":
            values |= {"name": f"供应商{number}", "group": self.group}
        else:
            title = "name" if module == "contact" else "receiver"
            day = f"2026-01-{self.chance.randint(1, 28):02d}"
            values |= {title: f"人{number}", **self._parent(), **({"registered_on": day} if title == "name" else {})}
        self.ids[module].append(new_id())
        return Op(module, self.ids[module][-1], "ins", values)

    def _one(self, module: str) -> str:
        return self.chance.choice(self.ids[module] or [new_id()])

    def _place(self) -> dict[str, Any]:
        return {
            "owner": self.chance.choice(("e1", "e2", None)), "department": self.chance.choice(("d1", "d2", "d3", None)),
            "branch": self.chance.choice(("b1", "b2")),
        }  # fmt: skip

    def _parent(self) -> dict[str, Any]:
        kind = self.chance.choice(("customer", "customer", "customer", "supplier"))
        return {"parent_kind": kind, "parent": self._one(kind)}


def tell(desk: Desk, ops: Sequence[Op], order: Sequence[int], then: Callable[[], None]) -> None:
    """Each change comes from a machine of its own, so that they may come in any order."""
    start = desk.hlc
    for place, number in enumerate(order):
        desk.hear(start + ((number + 1) << 16), ops[number], replica=f"{number + 1:032x}")
        if place % 10 == 0:
            then()
    then()


def expected(desk: Desk, module: str) -> dict[str, tuple[Any, ...]]:
    """What each row ought to keep, told row by row."""
    sql = "SELECT id, winner FROM alias_of WHERE t = 'customer'"
    winners: dict[str, str] = dict(map(tuple, desk.ask(sql)))
    customers = {id: tuple(rest) for id, *rest in desk.ask("SELECT id, owner, department, branch FROM customer")}
    found = {}
    for id, kind, parent in desk.ask(f"SELECT id, parent_kind, parent FROM {module}"):
        if kind == "customer":
            found[id] = customers.get(winners.get(parent, parent), ("?", None, None))
        else:
            found[id] = (f"={kind}", None, None)
    return found


def kept(desk: Desk, module: str) -> dict[str, tuple[Any, ...]]:
    sql = f"SELECT id, scope_owner, scope_department, scope_branch FROM {module}"
    return {id: tuple(rest) for id, *rest in desk.ask(sql)}


def assert_kept(desk: Desk) -> None:
    for module in FOLLOWERS:
        assert kept(desk, module) == expected(desk, module)
        with desk.engine.db.read() as db:
            assert not following.wrong(db, desk.engine.registry[module]).fetchall()


def covers(scope: str, owner: str | None, department: str | None, branch: str | None) -> bool:
    return {
        "own": owner == "e1", "department": owner == "e1" or department == "d1",
        "department_tree": owner == "e1" or department in ("d1", "d2"), "branch": owner == "e1" or branch == "b1",
        "all": True,
    }[scope]  # fmt: skip


def read(desk: Desk, who: Principal, sort: str, size: int, filter: dict[str, Any] | None = None) -> list[str]:
    """A whole list, page by page."""
    ids: list[str] = []
    after: str | None = ""
    while after is not None:
        page = lists.page(desk.engine, who, "contact", Query(sort=sort, limit=size, after=after, filter=filter), ROWS)
        ids += [row["id"] for row in page["rows"]]
        after = page["next"]
    assert page["total"] == len(ids)
    return ids


@pytest.mark.parametrize("seed", range(4))
def test_it_is_right_after_any_history_in_any_order(template: Path, tmp_path: Path, seed: int) -> None:
    with open_pair(template, tmp_path) as (a, b):
        story = Story(seed, a.id_of("customer_group", "一般客户"))
        order = list(range(len(story.ops)))
        tell(a, story.ops, order, lambda: assert_kept(a))
        story.chance.shuffle(order)
        tell(b, story.ops, order, lambda: assert_kept(b))
        for module in FOLLOWERS:
            assert kept(a, module) == kept(b, module), "two machines show the same"
        assert_lists(b)
        (id,) = b.ask("SELECT parent FROM contact WHERE scope_owner NOT IN ('?', '=supplier') LIMIT 1")[0]
        with b.engine.db.write() as db, b.engine.db.unguarded():  # the server does not know this row
            work = Work(db, b.engine.registry)
            work.drop("customer", id)
            work.flush()
        assert_kept(b)


def assert_lists(desk: Desk) -> None:
    """Every list is what a look at the customers says, whichever way it is read."""
    above = expected(desk, "contact")
    alive = [row[0] for row in desk.ask("SELECT id FROM contact WHERE deleted_at IS NULL")]
    for scope in DATA_SCOPES:
        for but in ((), ("supplier",), ("customer",)):
            who = user(scope, but)
            seen = {
                id for id in alive
                if (above[id][0] == "=supplier" and "supplier" not in but)
                or (above[id][0] not in ("?", "=supplier") and "customer" not in but and covers(scope, *above[id]))
                or (above[id][0] == "?" and scope == "all" and "customer" not in but)
            }  # fmt: skip
            for is_few in (True, False):
                with patch("desktop.engine.lists._sees_few", lambda *_, is_few=is_few: is_few):
                    for sort in ("", "name", "-name", "parent"):
                        assert sorted(read(desk, who, sort, 7)) == sorted(seen), (scope, but, sort)
    for sort, column in (("", "registered_on DESC"), ("name", "pinyin")):
        theirs = read(desk, user("own"), sort, 7)
        place = {id: number for number, (id,) in enumerate(desk.ask(f"SELECT id FROM contact ORDER BY {column}, row"
                 f"{' DESC' if column.endswith('DESC') else ''}"))}  # fmt: skip
        assert theirs == sorted(theirs, key=place.__getitem__), "what is one's own and what is open come in one order"
        with patch.multiple("desktop.engine.lists", PROBE_ROWS=1, PROBE_WORD_ROWS=1):  # met one by one
            ones = {row[0] for row in desk.ask("SELECT id FROM contact WHERE name LIKE '%1%'")}
            name = {"and": [{"field": "name", "op": "contains", "value": "1"}]}
            assert read(desk, user("own"), sort, 7, name) == [id for id in theirs if id in ones]
    for finding in ("follow-wrong", "tally-wrong"):
        assert finding not in problems(desk)


def problems(desk: Desk) -> set[str]:
    from desktop.inspection import check

    return {found.code for found in check(desk.engine, lambda done, total: None) if found.kind == "problem"}


def test_a_parent_that_comes_after_its_rows_shows_them(desk: Desk) -> None:
    customer, contact, start = new_id(), new_id(), desk.hlc
    person = Op("contact", contact, "ins", {"name": "早到的人", "parent_kind": "customer", "parent": customer})
    desk.hear(start + (2 << 16), person, replica="2" * 32)
    assert read(desk, user(), "", 50) == []
    desk.hear(start + (1 << 16), Op("customer", customer, "ins", {"name": "晚到", "owner": "e1"}), replica="1" * 32)
    assert read(desk, user(), "", 50) == [contact]


# ----------------------------------------------------------------------------------------------- merging, and the rest


def test_the_merged_are_seen_with_their_winner_until_they_are_split(desk: Desk) -> None:
    mine, other = (desk.customer(name) for name in ("留下", "并入"))
    ops = [Op("customer", id, "upd", {"owner": owner}) for id, owner in ((mine, "e1"), (other, "e2"))]
    desk.engine.applier.local(ops, actor="u2")
    contact = desk.contact(other)
    assert read(desk, user(), "", 50) == []
    alias = Op("row_alias", alias_id("customer", other), "ins", {"t": "customer", "loser": other, "winner": mine})
    desk.engine.applier.local([alias], actor="u2")
    assert read(desk, user(), "", 50) == [contact]
    desk.engine.applier.local([Op("customer", mine, "upd", {"owner": "e2"})], actor="u2")
    assert read(desk, user(), "", 50) == []
    desk.engine.applier.local([Op("customer", other, "upd", {"owner": "e1"})], actor="u2")
    assert read(desk, user(), "", 50) == [], "it reads as its winner"
    with desk.engine.db.read() as db:
        seen = desk.engine.applier.seen(db, "row_alias", alias.id)
    desk.engine.applier.local([Op("row_alias", alias.id, "del", seen=seen)], actor="u2")
    assert read(desk, user(), "", 50) == [contact]
    assert_kept(desk)


def test_deleted_rows_follow_too(desk: Desk) -> None:
    customer = desk.customer()
    contact = desk.contact(customer)
    desk.delete("contact", contact)
    desk.engine.applier.local([Op("customer", customer, "upd", {"owner": "e1"})], actor="u2")
    assert_kept(desk)
    desk.restore("contact", contact)
    assert read(desk, user(), "", 50) == [contact]
    desk.delete("customer", customer)
    assert read(desk, user(), "", 50) == []
    desk.restore("customer", customer)
    assert read(desk, user(), "", 50) == [contact]
    assert_kept(desk)


# ------------------------------------------------------------------------------------------------------ how it is read


@pytest.mark.parametrize(("sort", "index"), [("", "own_by_when"), ("name", "own_by_title"), ("-name", "own_by_title")])
def test_the_list_of_ones_own_is_read_from_its_index(desk: Desk, sort: str, index: str) -> None:
    desk.contact(desk.customer())
    plans: list[str] = []
    real = lists._first_column

    def told(db: sqlite3.Connection, sql: str, params: Sequence[Any]) -> list[Any]:
        plans.extend(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}", params))
        return real(db, sql, params)

    with patch("desktop.engine.lists._first_column", told):
        lists.page(desk.engine, user(), "contact", Query(sort=sort), frozenset(("rows",)))
    walks = [plan for plan in plans if plan.startswith("SEARCH c ")]
    assert len(walks) == 3, "his own, and below suppliers and below competitors"
    assert all(f"ix_contact_{index} (scope_owner=?)" in plan for plan in walks), plans
    assert not any("TEMP B-TREE" in plan or plan.startswith("SCAN c") or "customer" in plan for plan in plans), plans


@pytest.mark.parametrize("strays", [False, True])
def test_what_follows_a_parent_is_found_by_an_index(desk: Desk, strays: bool) -> None:
    definition, sql = desk.engine.registry["contact"], list[str]()
    with desk.engine.db.read() as db:
        db.set_trace_callback(sql.append)
        following.below(db, definition, ["x"], strays=strays)
        db.set_trace_callback(None)
        plans = [row[3] for one in sql if "FROM contact c" in one for row in db.execute(f"EXPLAIN QUERY PLAN {one}")]
    assert plans and not any(plan.startswith("SCAN c") for plan in plans), plans


# ------------------------------------------------------------------------------------------------------------ old data


def test_data_of_a_version_that_kept_none_get_them_when_they_are_opened(desk: Desk, tmp_path: Path) -> None:
    story = Story(9, desk.id_of("customer_group", "一般客户"))
    tell(desk, story.ops, range(len(story.ops)), lambda: None)
    with desk.engine.db.read() as db:
        before = everything(db)
    desk.workstation.close()
    db = sqlite3.connect(tmp_path / "data" / "ecms.db")
    db.create_function("ecms_writing", 0, lambda: 1)
    for module in FOLLOWERS:
        for (name,) in db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql LIKE '%scope%'", (module,)
        ).fetchall():
            db.execute(f"DROP INDEX {name}")
        for column in ("scope_owner", "scope_department", "scope_branch"):
            db.execute(f"ALTER TABLE {module} DROP COLUMN {column}")
        db.execute("DELETE FROM tally_part WHERE t = ?", (module,))
    db.execute("UPDATE meta SET value = '' WHERE key = 'fingerprint' OR key LIKE 'tally:%'")
    db.commit()
    db.close()
    with open_desk(tmp_path / "data") as again, again.engine.db.read() as reader:
        after = everything(reader)
        for one in (before, after):
            one["tally_part"] = [row for row in one["tally_part"] if row[-1]]
        assert {name for name in before if before[name] != after[name]} <= {"meta", "sqlite_stat1", "sqlite_stat4"}


def test_what_an_older_version_wrote_meanwhile_is_put_right(desk: Desk, tmp_path: Path) -> None:
    contact = desk.contact(desk.customer())
    desk.workstation.close()
    db = sqlite3.connect(tmp_path / "data" / "ecms.db")
    db.create_function("ecms_writing", 0, lambda: 1)
    db.execute("UPDATE contact SET scope_owner = NULL, scope_branch = 'elsewhere'")
    db.execute("UPDATE meta SET value = 'older' WHERE key = 'fingerprint'")
    db.commit()
    db.close()
    with open_desk(tmp_path / "data") as again:
        assert_kept(again)
        assert again.value("contact", contact, "scope_branch") != "elsewhere"
        assert_checked(again.engine)
