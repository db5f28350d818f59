"""The one write path: whole or not at all, guarded, and the same on every machine in whatever order changes come."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.db import FILE_NAME
from desktop.engine.apply import unpacked
from desktop.errors import ApiError
from sync_server.replication.changeset import Op, canonical, chain
from sync_server.replication.clock import ZERO, Clock, pack, wall_ms
from tests.engine.kit import ELSEWHERE, Desk, assert_sound, everything, guarded_tables, open_desk, open_pair
from tests.support import copy_of

HOUR_MS = 3_600_000


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    return copy_of(template, tmp_path / "data")


@pytest.fixture
def desk(folder: Path) -> Iterator[Desk]:
    with open_desk(folder) as opened:
        yield opened


@pytest.fixture
def pair(template: Path, tmp_path: Path) -> Iterator[tuple[Desk, Desk]]:
    with open_pair(template, tmp_path) as opened:
        yield opened


def snapshot(desk: Desk) -> dict[str, list[tuple[Any, ...]]]:
    with desk.engine.db.read() as db:
        return everything(db)


# ------------------------------------------------------------- one changeset


def test_every_save_is_one_changeset_and_the_chain_over_all_of_them_holds(desk: Desk) -> None:
    before = len(desk.changesets())
    customer = desk.customer(phone="0512-57339025")
    contact = desk.contact(customer)
    desk.save("customer", customer, name="苏州申越二厂")
    desk.delete("customer", customer)
    desk.restore("customer", customer)
    written = desk.changesets()
    assert [one.n for one, _ in written] == list(range(1, before + 6))
    acts = [one.act for one, _ in written[before:]]
    assert acts == ["customer.add", "contact.add", "customer.edit", "customer.delete", "customer.restore"]
    assert [[op.kind for op in one.ops] for one, _ in written[-2:]] == [["del", "del"], ["undel", "undel"]]
    assert {op.id for op in written[-1][0].ops} == {customer, contact}

    link = b""
    for (body,) in desk.ask("SELECT body FROM changeset ORDER BY n"):
        link = chain(link, unpacked(body))
    (me,) = desk.ask("SELECT last_n, last_h, hlc FROM sync_self")
    assert (me["last_n"], me["last_h"], me["hlc"]) == (len(written), link, written[-1][0].hlc)


def test_the_body_is_what_was_done_and_nothing_else(desk: Desk) -> None:
    customer = desk.customer(phone="1", note="旧")
    desk.save("customer", customer, phone="2")
    changeset, stamp = desk.changesets()[-1]
    assert changeset.hlc == stamp and changeset.actor == desk.admin.operator
    (op,) = changeset.ops
    assert (op.table, op.id, op.kind, dict(op.set)) == ("customer", customer, "upd", {"phone": "2"})
    assert op.based_on.keys() == {"phone"}
    (body,) = desk.ask("SELECT body FROM changeset ORDER BY n DESC LIMIT 1")[0]
    assert unpacked(body) == canonical(changeset.wire())


def test_a_save_writes_row_clock_and_history_under_the_stamp_of_its_changeset(desk: Desk) -> None:
    customer = desk.customer(phone="1")
    base = desk.hlc
    desk.save("customer", customer, phone="2")
    changeset, stamp = desk.changesets()[-1]
    with desk.engine.db.read() as db:
        clock = desk.engine.applier.clock(db, "customer", customer)
    assert clock.base.hlc == base and clock.of("phone") == changeset.dot and clock.of("name") == clock.base
    (entry,) = desk.ask("SELECT * FROM history WHERE t = 'customer' AND id = ?", customer)
    assert (entry["hlc"], entry["n"], entry["kind"]) == (stamp, changeset.n, "upd")
    assert json.loads(entry["changes"]) == {"phone": ["1", "2"]}


@pytest.mark.parametrize(
    "event",
    ["INSERT ON changeset", "INSERT ON customer", "INSERT ON row_clock", "INSERT ON customer_tags", "INSERT ON tally",
     "UPDATE ON tally", "UPDATE ON sync_self", "INSERT ON number_series", "UPDATE ON number_series"],
)  # fmt: skip
def test_a_save_that_fails_in_the_middle_leaves_nothing(desk: Desk, folder: Path, event: str) -> None:
    tags = [desk.id_of("tag", "重点跟进")]
    if event in ("UPDATE ON tally", "UPDATE ON number_series"):
        desk.customer("先有一个")
    with _failing(folder, event):
        before = snapshot(desk)
        with pytest.raises(sqlite3.IntegrityError, match="boom"):
            desk.customer("半途", tags=tags)
        assert snapshot(desk) == before
    desk.customer("半途", tags=tags)
    assert_sound(desk.engine)


@pytest.mark.parametrize(
    "event", ["UPDATE ON contact", "INSERT ON history", "UPDATE ON customer", "INSERT ON row_clock"]
)
def test_a_deletion_that_fails_in_the_middle_leaves_nothing(desk: Desk, folder: Path, event: str) -> None:
    customer = desk.customer()
    desk.contact(customer)
    with _failing(folder, event):
        before = snapshot(desk)
        with pytest.raises(sqlite3.IntegrityError, match="boom"):
            desk.delete("customer", customer)
        assert snapshot(desk) == before
    desk.delete("customer", customer)
    assert_sound(desk.engine)


@contextmanager
def _failing(folder: Path, event: str) -> Iterator[None]:
    """A statement that fails: a trigger made by another program, so the product has no switch for it."""

    def run(statement: str) -> None:
        db = sqlite3.connect(folder / FILE_NAME, isolation_level=None, timeout=10)
        db.execute(statement)
        db.close()

    run(f"CREATE TRIGGER boom BEFORE {event} BEGIN SELECT RAISE(ABORT, 'boom'); END")
    yield
    run("DROP TRIGGER boom")


def test_more_rows_than_one_changeset_holds_are_cut_and_keep_one_batch(desk: Desk) -> None:
    ops = [Op("tag", f"{number:032x}", "ins", {"name": f"签{number}"}) for number in range(1_201)]
    desk.engine.applier.local(ops, actor=desk.admin.operator, batch="b" * 32)
    written = [one for one, _ in desk.changesets()[-3:]]
    assert [len(one.ops) for one in written] == [500, 500, 201]
    assert {one.batch for one in written} == {"b" * 32}
    assert len({one.hlc for one in written}) == 3
    assert_sound(desk.engine)


# --------------------------------------------------------------------- guard


def test_another_program_cannot_write_any_guarded_table(desk: Desk, folder: Path) -> None:
    desk.contact(desk.customer(tags=[desk.id_of("tag", "重点跟进")]))
    before = snapshot(desk)
    db = sqlite3.connect(folder / FILE_NAME, isolation_level=None)
    try:
        for table in guarded_tables(desk.engine):
            for statement in _writes(table):
                with pytest.raises(sqlite3.OperationalError, match="ecms_writing"):
                    db.execute(statement)
    finally:
        db.close()
    assert snapshot(desk) == before


def test_inside_the_program_only_apply_may_write(desk: Desk) -> None:
    desk.contact(desk.customer())
    before = snapshot(desk)
    tables = [name for name in guarded_tables(desk.engine) if desk.ask(f"SELECT 1 FROM {name} LIMIT 1")]
    assert {"customer", "contact", "changeset", "row_clock", "operator_roles"} <= set(tables)
    for table in tables:
        for statement in _writes(table):
            with pytest.raises(sqlite3.IntegrityError, match="only apply may write"), desk.engine.db.write() as db:
                db.execute(statement)
    assert snapshot(desk) == before


def _writes(table: str) -> list[str]:
    return [
        f"INSERT INTO {table} SELECT * FROM {table} LIMIT 1",
        f"UPDATE {table} SET rowid = rowid"
        if table not in ("changeset", "row_clock", "history")
        else f"UPDATE {table} SET hlc = 0",
        f"DELETE FROM {table}",
    ]


# ------------------------------------------------- what other machines wrote


def test_an_older_stamp_loses_and_a_newer_one_wins_field_by_field(desk: Desk) -> None:
    customer = desk.customer(phone="110", address="here")
    older, newer = desk.hlc - 1, desk.hlc + 1
    desk.hear(older, Op("customer", customer, "upd", {"phone": "119"}), n=1)
    assert desk.value("customer", customer, "phone") == "110"
    desk.hear(newer, Op("customer", customer, "upd", {"phone": "119"}), n=2)
    row = desk.row("customer", customer)
    assert (row["phone"], row["address"]) == ("119", "here")
    assert_sound(desk.engine)


def test_changes_of_different_fields_of_one_record_both_survive(pair: tuple[Desk, Desk]) -> None:
    a, b = pair
    customer = a.customer()
    b.receive(a.changesets())
    a.save("customer", customer, phone="111")
    b.save("customer", customer, email="b@example.com")
    exchange(a, b)
    for one in pair:
        row = one.row("customer", customer)
        assert (row["phone"], row["email"]) == ("111", "b@example.com")
    assert_alike(a, b)


def test_a_contact_moved_on_two_machines_ends_with_a_kind_that_fits_its_parent(pair: tuple[Desk, Desk]) -> None:
    a, b = pair
    contact = a.contact(a.customer())
    supplier, competitor = a.save("supplier", name="供")["id"], a.save("competitor", name="敌")["id"]
    b.receive(a.changesets())
    a.save("contact", contact, parent_kind="supplier", parent=supplier)
    b.save("contact", contact, parent_kind="competitor", parent=competitor)
    exchange(a, b)
    for one in pair:
        row = one.row("contact", contact)
        assert (row["parent_kind"], row["parent"]) == ("competitor", competitor), "the later move wins as a whole"
    assert_alike(a, b)


def test_one_part_of_a_unit_that_changes_sends_the_whole_unit(desk: Desk) -> None:
    customer = desk.customer(birth={"kind": "lunar", "month": 8, "day": 15})
    desk.save("customer", customer, birth={"kind": "lunar", "month": 8, "day": 16})
    (op,) = desk.changesets()[-1][0].ops
    assert op.set == {
        "birth_kind": "lunar",
        "birth_year": None,
        "birth_month": 8,
        "birth_day": 16,
        "birth_is_leap_month": 0,
    }
    contact = desk.contact(customer)
    desk.save("contact", contact, parent=desk.customer("另一家"))
    moved, *chosen = desk.changesets()[-1][0].ops
    assert moved.set.keys() == {"parent_kind", "parent"}
    assert [(op.table, *op.set) for op in chosen] == [("customer", "main_contact")] * 2, "it was the main one there"


def test_a_birthday_changed_on_two_machines_is_never_mixed(pair: tuple[Desk, Desk]) -> None:
    a, b = pair
    customer = a.customer(birth={"kind": "solar", "year": 1980, "month": 1, "day": 31})
    b.receive(a.changesets())
    a.save("customer", customer, birth={"kind": "solar", "year": 1981, "month": 2, "day": 28})
    b.save("customer", customer, birth={"kind": "lunar", "month": 12, "day": 30})
    exchange(a, b)
    for one in pair:
        row = one.row("customer", customer)
        assert [row[f"birth_{part}"] for part in ("kind", "year", "month", "day")] == ["lunar", None, 12, 30]


def test_tags_merge_one_by_one(pair: tuple[Desk, Desk]) -> None:
    a, b = pair
    key, price, again = (a.id_of("tag", name) for name in ("重点跟进", "价格敏感", "需回访"))
    customer = a.customer(tags=[key])
    b.receive(a.changesets())
    a.save("customer", customer, tags=[key, price])
    b.save("customer", customer, tags=[again])
    exchange(a, b)
    for one in pair:
        live = one.ask("SELECT target FROM customer_tags WHERE record = ? AND deleted_at IS NULL", customer)
        assert {row[0] for row in live} == {price, again}
    assert_alike(a, b)


@pytest.mark.parametrize("first", ["delete", "edit"])
def test_an_edit_that_a_deletion_had_not_seen_keeps_the_record_alive(pair: tuple[Desk, Desk], first: str) -> None:
    a, b = pair
    customer = a.customer("申越")
    b.receive(a.changesets())
    for step in (first, "edit" if first == "delete" else "delete"):
        if step == "delete":
            a.delete("customer", customer)
        else:
            b.save("customer", customer, note="还在谈")
    exchange(a, b)
    for one in pair:
        row = one.row("customer", customer)
        assert (row["deleted_at"], row["note"]) == (None, "还在谈")
        assert_sound(one.engine)
    assert_alike(a, b)
    a.delete("customer", customer)
    exchange(a, b)
    assert all(one.value("customer", customer, "deleted_at") for one in pair), "now it was seen"
    assert_alike(a, b)


def test_a_deletion_that_had_seen_everything_holds(pair: tuple[Desk, Desk]) -> None:
    a, b = pair
    customer = a.customer()
    contact = a.contact(customer)
    b.receive(a.changesets())
    b.save("customer", customer, note="改过")
    a.receive(b.changesets())
    a.delete("customer", customer)
    exchange(a, b)
    for one in pair:
        assert one.value("customer", customer, "deleted_at")
        assert one.value("contact", contact, "via") == f"customer:{customer}"
        assert_sound(one.engine)
    assert_alike(a, b)


def test_a_deletion_has_seen_what_lost_here_and_what_never_reached_the_history(desk: Desk) -> None:
    """It counts again when what it lost to is not accepted: the deletion must hold all the same (seed 80001160)."""
    id = desk.customer(phone="1")
    early = desk.hlc
    desk.save("customer", id, phone="2")
    desk.hear(early, Op("customer", id, "upd", {"phone": "3"}), n=7)
    assert desk.value("customer", id, "phone") == "2"
    desk.delete("customer", id)
    assert _deleted(desk, id)[ELSEWHERE] == 7
    told = desk.customer(phone="1")
    desk.hear(desk.hlc + 1, Op("customer", told, "upd", {"phone": "4"}), n=8)
    with desk.engine.db.write() as db, desk.engine.db.unguarded():
        db.execute("DELETE FROM history")  # as after the first data
    desk.save("customer", told, phone="5")
    desk.delete("customer", told)
    assert _deleted(desk, told)[ELSEWHERE] == 8


def _deleted(desk: Desk, id: str) -> dict[str, int]:
    """What the deletion of a customer says it had seen."""
    (seen,) = [
        dict(op.seen) for changeset, _ in desk.changesets() for op in changeset.ops if op.id == id and op.kind == "del"
    ]
    return seen


def test_two_deletions_and_a_restore_end_alike(pair: tuple[Desk, Desk]) -> None:
    a, b = pair
    customer = a.customer()
    b.receive(a.changesets())
    b.delete("customer", customer)
    a.delete("customer", customer)
    a.restore("customer", customer)
    exchange(a, b)
    assert [one.value("customer", customer, "deleted_at") for one in pair] == [None, None]
    assert_alike(a, b)


def test_deletions_join_what_they_had_seen_and_the_edits_of_a_third_machine_decide(desk: Desk) -> None:
    customer = desk.customer()
    mine = desk.changesets()[-1][0]
    other, third, at = "d" * 32, "e" * 32, desk.hlc
    seen = {mine.replica: mine.n}
    desk.hear(at + 1, Op("customer", customer, "upd", {"note": "三"}), replica=third)
    desk.hear(at + 2, Op("customer", customer, "del", seen=seen), replica=other)
    assert desk.value("customer", customer, "deleted_at") is None, "the third machine's edit had not been seen"
    desk.hear(at + 3, Op("customer", customer, "del", seen={**seen, third: 1}), replica=ELSEWHERE)
    assert desk.value("customer", customer, "deleted_at")
    desk.hear(at - 1, Op("customer", customer, "upd", {"phone": "1"}), replica=third, n=2)
    assert desk.value("customer", customer, "deleted_at"), "an edit that lost its field brings nothing back"
    desk.hear(at + 4, Op("customer", customer, "upd", {"phone": "2"}), replica=third, n=3)
    assert desk.value("customer", customer, "deleted_at") is None
    assert_sound(desk.engine)


def test_applying_twice_changes_nothing(pair: tuple[Desk, Desk]) -> None:
    a, b = pair
    customer = a.customer(tags=[a.id_of("tag", "重点跟进")])
    a.contact(customer)
    a.save("customer", customer, note="一", tags=[])
    a.delete("customer", customer)
    b.receive(a.changesets())
    before = snapshot(b)
    b.receive(a.changesets())
    assert snapshot(b) == before


def test_what_this_version_does_not_know_is_parked_and_the_newest_stays(desk: Desk) -> None:
    customer = desk.customer()
    at = desk.hlc
    strange = Op("customer", customer, "upd", {"x_score": 5, "phone": "1"})
    desk.hear(at + 1, strange, Op("spaceship", "s" * 32, "ins", {"name": "阿波罗", "crew": 3}), n=1)
    desk.hear(at + 3, Op("customer", customer, "upd", {"x_score": 7}), n=3)
    desk.hear(at + 2, Op("customer", customer, "upd", {"x_score": 6}), n=2)
    desk.hear(at + 4, Op("customer", "0" * 32, "upd", {"phone": "9"}), n=4)
    assert desk.value("customer", customer, "phone") == "1", "what is known is applied all the same"
    parked = {(row["t"], row["reason"]): json.loads(row["body"]) for row in desk.ask("SELECT * FROM parked_op")}
    assert parked["customer", "unknown-column"] == {"k": "upd", "v": 7}
    assert parked["spaceship", "unknown-table"]["op"]["set"] == {"name": "阿波罗", "crew": 3}
    assert parked["customer", "no-row"]["op"]["set"] == {"phone": "9"}
    assert_sound(desk.engine)


def test_what_came_before_its_row_is_applied_when_the_row_comes(desk: Desk) -> None:
    at, id = desk.hlc, "0" * 32
    desk.hear(at + 3, Op("customer", id, "upd", {"phone": "9"}), n=3)
    desk.hear(at + 2, Op("customer", id, "upd", {"phone": "8", "name": "新名"}), n=2)
    desk.hear(at + 4, Op("customer", id, "del", seen={ELSEWHERE: 3}), n=4)
    desk.hear(at + 1, Op("customer", id, "ins", {"name": "旧名", "phone": "1"}), n=1)
    row = desk.row("customer", id)
    assert (row["name"], row["phone"]) == ("新名", "9")
    assert row["deleted_at"] is not None
    assert desk.ask("SELECT * FROM parked_op") == []
    assert_sound(desk.engine)


HOSTILE = [
    'a" , "b',
    "name; DROP TABLE customer",
    "name = 'x' --",
    "deleted_at",
    "rev",
    "row",
    "id",
    "pinyin",
    "via",
    "",
    "'",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_data_never_sql(desk: Desk, name: str) -> None:
    customer = desk.customer("申越", note="原样")
    keep = desk.row("customer", customer)
    at = desk.hlc
    desk.hear(at + 1, Op("customer", customer, "upd", {name: "x"}), n=1)
    desk.hear(at + 2, Op(name, customer, "upd", {"name": "x"}), n=2)
    desk.hear(at + 3, Op(name, customer, "ins", {name: "x"}), n=3)
    desk.hear(at + 4, Op("customer", "a" * 32, "ins", {name: "x", "name": "别家"}), n=4)
    assert desk.row("customer", customer) == keep
    assert desk.value("customer", "a" * 32, "name") == "别家" and desk.value("customer", "a" * 32, "deleted_at") is None
    assert {row["reason"] for row in desk.ask("SELECT reason FROM parked_op")} == {"unknown-column", "unknown-table"}
    assert_sound(desk.engine)


# --------------------------------------------------------------------- clock


def test_a_change_from_a_machine_ahead_moves_the_clock_and_later_saves_are_later(desk: Desk) -> None:
    customer = desk.customer()
    ahead = desk.hlc + pack(HOUR_MS)
    desk.hear(ahead, Op("customer", customer, "upd", {"phone": "1"}))
    assert desk.hlc == ahead
    desk.save("customer", customer, phone="2")
    assert desk.hlc == ahead + 1, "one step: the wall is an hour behind"
    assert desk.value("customer", customer, "phone") == "2"


def test_a_wall_clock_set_back_never_sets_back_the_stamps(desk: Desk, folder: Path) -> None:
    customer = desk.customer()
    stamps = [desk.hlc]
    for off in (-24 * HOUR_MS, 24 * HOUR_MS, -365 * 24 * HOUR_MS, 0):
        with desk.engine.db.write() as db:
            db.execute("UPDATE sync_self SET clock_off = ?", (off,))
        desk.save("customer", customer, note=str(off))
        stamps.append(desk.hlc)
        assert desk.value("customer", customer, "note") == str(off)
    assert stamps == sorted(set(stamps))
    assert wall_ms(stamps[2]) - wall_ms(stamps[0]) >= 24 * HOUR_MS


def test_a_change_that_fails_leaves_the_clock_where_it_was(desk: Desk, folder: Path) -> None:
    customer = desk.customer()
    before = snapshot(desk)
    with _failing(folder, "INSERT ON history"):
        for fails in (
            lambda: desk.hear(desk.hlc + 5, Op("customer", customer, "upd", {"phone": "1"})),
            lambda: desk.save("customer", customer, phone="1"),
        ):
            with pytest.raises(sqlite3.IntegrityError, match="boom"):
                fails()
    after = snapshot(desk)
    assert {name: rows for name, rows in after.items() if name != "replica"} == {
        name: rows for name, rows in before.items() if name != "replica"
    }


def test_a_counter_that_is_full_carries_into_the_next_millisecond(desk: Desk) -> None:
    full = pack(wall_ms(desk.hlc) + HOUR_MS, 0xFFFF)
    with desk.engine.db.write() as db:
        db.execute("UPDATE sync_self SET hlc = ?", (full,))
    desk.customer()
    assert desk.hlc == pack(wall_ms(full) + 1)
    assert desk.changesets()[-1][0].hlc == desk.hlc


@given(st.integers(0, 2**62), st.lists(st.tuples(st.booleans(), st.integers(0, 2**46)), max_size=40))
def test_a_clock_only_ever_moves_forward(last: int, steps: list[tuple[bool, int]]) -> None:
    clock = Clock(last)
    for is_local, value in steps:
        following = clock.tick(value) if is_local else clock.receive(pack(value))
        assert following.last > clock.last if is_local else following.last >= max(clock.last, pack(value))
        clock = following


# --------------------------------------------------------------- convergence


def exchange(a: Desk, b: Desk) -> None:
    """Both tell each other everything; what was told before is a no-op."""
    from_a, from_b = a.changesets(), b.changesets()
    a.receive(from_b)
    b.receive(from_a)


def assert_alike(a: Desk, b: Desk) -> None:
    """Equal rows and clocks, whatever order the changes came in."""
    assert state(a) == state(b)


def state(desk: Desk) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Of every row: its replicated columns, whether and through what it is deleted, and who wrote each part when."""
    registry, applier = desk.engine.registry, desk.engine.applier
    found: dict[tuple[str, str], tuple[Any, ...]] = {}
    with desk.engine.db.read() as db:
        for definition in (registry["customer"], registry["contact"], registry["tag"]):
            for row in db.execute(f"SELECT * FROM {definition.name}"):
                clock = applier.clock(db, definition.name, row["id"])
                found[definition.name, row["id"]] = (
                    [row[name] for name in definition.column_names], row["deleted_at"], row["via"],
                    {unit: clock.of(unit) for unit in definition.units}, clock.life, clock.is_out, clock.erased,
                )  # fmt: skip
        for row in db.execute("SELECT * FROM customer_tags"):
            clock = applier.clock(db, "customer_tags", row["id"])
            newest = max(clock.base, clock.life or ZERO)
            found["customer_tags", row["id"]] = (row["record"], row["target"], row["deleted_at"], newest)
    return found


EDITS: dict[str, list[Any]] = {
    "note": ["甲", "乙", None],
    "phone": ["1", "2", None],
    "level": ["普通", "VIP"],
    "birth": [{"kind": "solar", "month": 5, "day": 1}, {"kind": "lunar", "month": 8, "day": 15}, None],
    "tags": [[], ["重点跟进"], ["价格敏感", "需回访"]],
}
TAG_EDITS: dict[str, list[Any]] = {"color": ["红", "蓝"], "is_stopped": [True, False]}
CONTACT_EDITS: dict[str, list[Any]] = {"title": ["经理", "会计"], "birth": EDITS["birth"]}

places = st.integers(0, 3)
actions = st.one_of(
    st.tuples(st.just("new"), places),
    st.tuples(st.just("edit"), places, st.sampled_from([(k, v) for k, values in EDITS.items() for v in values])),
    st.tuples(st.just("contact"), places),
    st.tuples(
        st.just("edit contact"),
        places,
        st.sampled_from([(k, v) for k, values in CONTACT_EDITS.items() for v in values]),
    ),
    st.tuples(st.just("move contact"), places, places),
    st.tuples(
        st.just("edit tag"), places, st.sampled_from([(k, v) for k, values in TAG_EDITS.items() for v in values])
    ),
    st.tuples(st.just("delete"), st.sampled_from(["customer", "contact", "tag"]), places),
    st.tuples(st.just("restore"), st.sampled_from(["customer", "contact", "tag"]), places),
    st.tuples(st.just("hear"), st.integers(1, 4)),
)


@settings(max_examples=8, deadline=None, derandomize=True, database=None)
@given(st.lists(st.tuples(st.booleans(), actions), min_size=6, max_size=30), st.sampled_from([-HOUR_MS, 0, HOUR_MS]))
def test_two_machines_that_exchange_everything_end_alike(
    template: Path, steps: list[tuple[bool, tuple[Any, ...]]], skew_ms: int
) -> None:
    with tempfile.TemporaryDirectory() as folder, open_pair(template, Path(folder)) as (a, b):
        with b.engine.db.write() as db:
            db.execute("UPDATE sync_self SET clock_off = ?", (skew_ms,))
        for name in ("一", "二"):
            a.contact(a.customer(name))
        b.receive(a.changesets())
        heard = {True: len(a.changesets()), False: 0}
        for is_a, action in steps:
            one, other = (a, b) if is_a else (b, a)
            if action[0] == "hear":
                written = other.changesets()[heard[not is_a] :][: action[1]]
                one.receive(written)
                heard[not is_a] += len(written)
            else:
                act(one, action)
        exchange(a, b)
        assert_alike(a, b)
        for one in (a, b):
            assert_sound(one.engine)


def act(desk: Desk, action: tuple[Any, ...]) -> None:
    """One thing a person does; what the rules refuse is not done."""
    kind, *rest = action
    try:
        match kind:
            case "new":
                desk.customer(f"新{rest[0]}")
            case "edit":
                desk.save("customer", nth(desk, "customer", rest[0]), **typed(desk, *rest[1]))
            case "contact":
                desk.contact(nth(desk, "customer", rest[0]), "新人")
            case "edit contact":
                desk.save("contact", nth(desk, "contact", rest[0]), **typed(desk, *rest[1]))
            case "move contact":
                parent = nth(desk, "customer", rest[1])
                desk.save("contact", nth(desk, "contact", rest[0]), parent_kind="customer", parent=parent)
            case "edit tag":
                desk.save("tag", nth(desk, "tag", rest[0]), **typed(desk, *rest[1]))
            case "delete":
                desk.delete(rest[0], nth(desk, rest[0], rest[1]))
            case "restore":
                desk.restore(rest[0], nth(desk, rest[0], rest[1]))
    except ApiError:
        pass


def nth(desk: Desk, table: str, place: int) -> str:
    ids = [
        row[0]
        for row in desk.ask(
            f"SELECT id FROM {table} WHERE COALESCE(created_by, '') <> '' OR ? = 'tag' ORDER BY id", table
        )
    ]
    return str(ids[place % len(ids)]) if ids else ""


def typed(desk: Desk, name: str, value: Any) -> dict[str, Any]:
    if name == "tags":
        value = [desk.id_of("tag", one) for one in value]
    if name == "level":
        value = desk.id_of("dict_item", value)
    return {name: value}
