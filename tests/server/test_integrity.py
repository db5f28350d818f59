"""Checksums (sync.md B6, I9): equal where the same writes won, whatever the order they came in and however the clocks
keep them; kept along with every push; brought up in a file that has none."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_server.replication.changeset import Op
from sync_server.replication.checksum import moved, row_sum, to_text
from sync_server.replication.clock import ZERO, Dot, from_hex
from sync_server.replication.merge import RowClock
from sync_server.store import Store
from sync_server.store_sqlite import VERSION, SqliteStore
from tests.server.conftest import Served, command
from tests.server.kit import MANIFEST, NOW_MS, Author, delete, enrolled, ins, new_id, push, upd

UNITS = frozenset("abc")
IDS = [f"{number:032x}" for number in range(4)]
REPLICAS = ["1" * 32, "2" * 32]

dots = st.builds(Dot, st.integers(1, 4), st.sampled_from(REPLICAS), st.integers(1, 3)) | st.just(ZERO)
lives = st.none() | st.builds(Dot, st.integers(1, 4), st.sampled_from(REPLICAS), st.integers(1, 3))
seens = st.dictionaries(st.sampled_from(REPLICAS), st.integers(0, 3))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore(tmp_path / "server.db", MANIFEST)
    yield made
    made.close()


def recomputed(store: Store, table: str) -> int:
    """The sum over the rows as machines get and keep them."""
    total = 0
    for item in map(json.loads, store.rows_page(0, 1_000_000, 10**12).items):
        if item["row"]["t"] == table and "unborn" not in item["row"]:
            clock = _clock(item["row"]["clock"])
            total = moved(total, 0, row_sum(item["row"]["id"], clock, MANIFEST.tables[table].rules.units))
    return total


def _clock(wire: dict[str, Any]) -> RowClock:
    life = wire.get("life", {})
    fields = {unit: _dot(text) for unit, text in wire.get("fields", {}).items()}
    of_life = _dot(life["dot"]) if life else None
    return RowClock(_dot(wire["base"]), fields, of_life, bool(life.get("out")), life.get("erased", {}))


def _dot(text: str) -> Dot:
    hlc, replica, n = text.split(":")
    return Dot(from_hex(hlc), replica, int(n))


# ---------------------------------------------------------------------------------------------------------- the number


@given(dots, dots, dots, dots, dots, lives, st.booleans(), seens)
def test_only_the_dots_count_not_how_a_clock_keeps_them(
    a: Dot, b: Dot, c: Dot, one: Dot, other: Dot, life: Dot | None, is_out: bool, erased: dict[str, int]
) -> None:
    of = {"a": a, "b": b, "c": c}
    clocks = [
        RowClock(base, {unit: dot for unit, dot in of.items() if dot != base or is_full}, life, is_out, erased)
        for base in (one, other, a, b, c)
        for is_full in (True, False)
    ]
    assert len({row_sum("x", clock, UNITS) for clock in clocks}) == 1
    assert row_sum("x", clocks[0], UNITS) < 1 << 64


@given(st.lists(st.tuples(dots, dots, dots, lives, st.booleans(), seens), min_size=2, max_size=2))
def test_other_dots_other_sums(both: list[tuple[Dot, Dot, Dot, Dot | None, bool, dict[str, int]]]) -> None:
    clocks = [
        RowClock(ZERO, {"a": a, "b": b, "c": c}, life, bool(life and is_out), erased if life else {})
        for a, b, c, life, is_out, erased in both
    ]
    seen = [({unit: clock.of(unit) for unit in UNITS}, clock.life, clock.is_out, clock.erased) for clock in clocks]
    one, other = (row_sum("x", clock, UNITS) for clock in clocks)
    assert (one == other) == (seen[0] == seen[1])


def test_a_row_that_only_shipped_with_the_program_counts_nothing() -> None:
    assert row_sum("x", RowClock(), UNITS) == 0
    assert row_sum("x", RowClock(ZERO, {"a": ZERO}), UNITS) == 0
    assert row_sum("x", RowClock(life=Dot(1, "1" * 32, 1)), UNITS) != 0
    assert row_sum("x", RowClock(Dot(1, "1" * 32, 1)), UNITS) != row_sum("y", RowClock(Dot(1, "1" * 32, 1)), UNITS)


# --------------------------------------------------------------------------------------------------------- in a store


def random_op(chance: random.Random, known: list[Author]) -> Op:
    id, seed = chance.choice(IDS), chance.choice(list(MANIFEST.seeds["customer"]))
    return chance.choice(
        [
            ins("customer", id, name=chance.choice("甲乙")),
            ins("customer", new_id()),
            ins("contact", new_id(), name="李", parent_kind="customer", parent=id),
            upd("customer", id, {}, phone=chance.choice("12")),
            upd("customer", seed, {}, credit_limit=chance.randint(1, 2)),
            upd("customer", id, {}, birth_kind="solar", birth_year=chance.randint(1990, 1992)),
            delete("customer", id, *known),
            Op("customer", id, "undel"),
            Op("customer_tags", id, "ins", {"record": id, "target": IDS[0]}),
            delete("customer_tags", id, *known),
        ]
    )


@pytest.mark.parametrize("seed", range(12))
def test_sums_kept_with_every_push_equal_those_over_all_rows(store: SqliteStore, seed: int) -> None:
    chance = random.Random(seed)
    authors = [Author(machine=str(number)) for number in range(3)]
    for _ in range(25):
        one = chance.choice(authors)
        one.ctx = chance.choice([one.ctx, store.head().seq])
        changesets = [
            one.write(*(random_op(chance, authors) for _ in range(chance.randint(1, 4))), tier=store.head().tier)
            for _ in range(chance.randint(1, 3))
        ]
        if chance.random() < 0.1:
            changesets.append(one.write(ins("customer", name=7)))
        push(store, *changesets, machine=one.machine)
    found = store.sums()
    assert found.head == store.head() and found.sums.keys() == MANIFEST.tables.keys()
    for table in ("customer", "contact", "customer_tags", "conflict"):
        assert found.sums[table] == recomputed(store, table), table
    assert found.sums["customer"] and found.sums["role"] == 0
    assert store.rows_total() == len(store.rows_page(0, 1_000_000, 10**12).items)


def test_a_row_that_waits_for_what_makes_it_counts_nothing(tmp_path: Path) -> None:
    """Its maker's changes were lost with the server; machines put such a row aside."""
    path, id, maker, other = tmp_path / "server.db", new_id(), Author(), Author(now_ms=NOW_MS + 5)
    one = SqliteStore(path, MANIFEST)
    nothing = one.sums().sums["customer"]
    made = maker.write(ins("customer", id))
    push(one, other.write(upd("customer", id, phone="1")), other.write(delete("customer", id, other)))
    assert one.sums().sums["customer"] == nothing == recomputed(one, "customer")
    assert one.versions("customer", "", 10).versions == {}
    with one._write() as db:  # as an earlier program had added them up
        db.execute("UPDATE checksum SET sum = ?, units = 'earlier' WHERE t = 'customer'", (to_text(5),))
    one.close()
    one = SqliteStore(path, MANIFEST)
    assert one.sums().sums["customer"] == nothing
    push(one, made)
    assert list(one.versions("customer", "", 10).versions) == [id]
    assert one.sums().sums["customer"] == recomputed(one, "customer") != nothing
    one.close()


def test_two_stores_agree_whatever_the_order_of_pushes(tmp_path: Path) -> None:
    for seed in range(8):
        ends = []
        for order in range(2):
            one = SqliteStore(tmp_path / f"{seed}-{order}.db", MANIFEST)
            works = [_work(replica, seed) for replica in ("1" * 32, "2" * 32, "3" * 32)]
            random.Random(order).shuffle(works)
            for work in works:
                push(one, *work)
            ends.append({table: total for table, total in one.sums().sums.items() if table != "conflict"})
            one.close()
        assert ends[0] == ends[1] and ends[0]["customer"], f"seed {seed}"


def _work(replica: str, seed: int) -> list[dict[str, Any]]:
    chance = random.Random(f"{seed}{replica}")
    author = Author(replica=replica, now_ms=NOW_MS + chance.randint(10, 500))
    for _ in range(6):
        id = chance.choice(IDS)
        author.write(
            chance.choice(
                [
                    upd("customer", id, {}, phone=chance.choice("123")),
                    ins("customer", id, name=chance.choice("甲乙")),
                    delete("customer", id, author),
                ]
            )
        )
    return author.sealed


def test_a_lost_or_altered_row_is_found_by_its_version(store: SqliteStore) -> None:
    a = Author()
    ids = [new_id() for _ in range(7)]
    push(store, a.write(*(ins("customer", id) for id in ids)))
    first = store.versions("customer", "", 5)
    pages = [first.versions]
    while (after := first.next) is not None:
        first = store.versions("customer", after, 5)
        pages.append(first.versions)
    before = {id: one for page in pages for id, one in page.items()}
    assert before.keys() == set(ids)  # seed rows that nobody touched are left out
    push(store, a.write(upd("customer", ids[2], phone="1")))
    after_ = store.versions("customer", "", 100).versions
    assert [id for id in ids if before[id] != after_[id]] == [ids[2]]
    total = 0
    for one in after_.values():
        total = moved(total, 0, one)
    assert total == store.sums().sums["customer"]


def test_a_file_of_the_first_layout_is_brought_up_in_place(tmp_path: Path) -> None:
    path = tmp_path / "server.db"
    one = SqliteStore(path, MANIFEST)
    a, id = Author(), new_id()
    enrolled(one)
    push(one, a.write(ins("customer", id)), a.write(upd("customer", id, phone="1")))
    before, total, machines = one.sums(), one.rows_total(), one.machines()
    one.close()
    old = sqlite3.connect(path)
    old.executescript(
        "DROP TABLE checksum; ALTER TABLE machine DROP COLUMN waiting; ALTER TABLE machine DROP COLUMN version; "
        "ALTER TABLE invite DROP COLUMN machine; "
        "PRAGMA user_version = 1"
    )
    old.close()
    one = SqliteStore(path, MANIFEST)
    assert (one.sums(), one.rows_total(), one.machines()) == (before, total, machines)
    assert one.seen("m", NOW_MS, 3, "1.2") and one.machines()[0].waiting == 3
    one.close()
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA user_version").fetchone() == (VERSION,)
    db.close()


def test_sums_follow_a_data_model_with_other_merge_units(tmp_path: Path) -> None:
    """A field that comes with an upgrade has the dot of its row; what was added up without it must not stay."""
    path, customer = tmp_path / "server.db", MANIFEST.tables["customer"]
    small = replace(customer.rules, unit_of={"name": "name", "phone": "phone"})
    old = replace(MANIFEST, tables={**MANIFEST.tables, "customer": replace(customer, rules=small)})
    one = SqliteStore(path, old)
    a, id = Author(), new_id()
    push(one, a.write(ins("customer", id)), a.write(upd("customer", id, name="乙")))
    one.close()
    one = SqliteStore(path, MANIFEST)
    assert one.sums().sums["customer"] == recomputed(one, "customer")
    push(one, a.write(upd("customer", id, phone="2")), a.write(upd("customer", id, email="x")))
    assert one.sums().sums["customer"] == recomputed(one, "customer")
    one.close()


# ------------------------------------------------------------------------------------------------------- over the wire


def test_machines_ask_for_sums_and_versions(shared: Served) -> None:
    a, id = shared.join(), new_id()
    (ack,) = a.push(a.author.write(ins("supplier", id))).json()["acks"]
    about = a.get("/sync/v1/sums").json()
    assert (about["seq"], about["epoch"]) == (ack["seq"], a.about["epoch"])
    units = MANIFEST.tables["supplier"].rules.units
    own = to_text(row_sum(id, RowClock(Dot(from_hex(ack["hlc_eff"]), a.author.replica, 1)), units))
    assert about["sums"]["supplier"] == own
    found = a.post("/sync/v1/rows", {"t": "supplier"}).json()
    assert (found["versions"], found["next"], found["seq"]) == ({id: own}, None, ack["seq"])
    assert a.post("/sync/v1/rows", {"t": "supplier", "after": id}).json()["versions"] == {}
    assert a.post("/sync/v1/rows", {"t": "supplier", "after": 5}).status_code == 400
    assert command(shared.folder, "revoke", a.about["code"]).returncode == 0
    assert a.get("/sync/v1/sums").status_code == 403
