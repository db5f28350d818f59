"""What a faulty, cloned, stolen or hostile machine may try, and what happens around restores: nothing of another
machine's is lost or taken, nothing is overwritten in silence, and the server goes on."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sync_server.errors import Refused, ReplicaTaken
from sync_server.replication.changeset import Op, canonical, chain
from sync_server.replication.clock import pack as stamp_of
from sync_server.replication.clock import to_hex, wall_ms
from sync_server.replication.conflicts import EPOCH_BITS
from sync_server.replication.wire import STAMP_MAX, Garbled
from sync_server.store import Invite, Row, Store
from sync_server.store_sqlite import SqliteStore, restore
from tests.server.kit import (
    MANIFEST,
    NOW_MS,
    Author,
    conflicts,
    delete,
    enrolled,
    ins,
    new_id,
    pull,
    push,
    row,
    statuses,
    upd,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore(tmp_path / "server.db", MANIFEST)
    yield made
    made.close()


def crossed(store: Store) -> tuple[Author, Author, str]:
    """Two machines that know one customer, and its id."""
    maker, a, b, id = Author(), Author(now_ms=NOW_MS + 10), Author(now_ms=NOW_MS + 50), new_id()
    push(store, maker.write(ins("customer", id)))
    a.ctx = b.ctx = store.head().seq
    return a, b, id


# ------------------------------------------------------------------------------------------------ whose replica it is


def test_nobody_writes_as_the_server(store: SqliteStore) -> None:
    with store.transaction() as tx:
        server = tx.server_replica().uuid
    with pytest.raises(ReplicaTaken):
        push(store, Author(replica=server).write(ins("customer")))
    a, b, id = crossed(store)
    for one, value in ((a, "1"), (b, "2")):
        push(store, one.write(upd("customer", id, {}, phone=value), tier=store.head().tier))
    own = next(item for item in pull(store) if item["r"] == server)
    body = {key: value for key, value in own.items() if key not in ("seq", "hlc_eff")}
    follower = Author(replica=server, n=1, h=chain(b"", canonical(body)))  # whoever pulls can continue its chain
    with pytest.raises(ReplicaTaken):
        push(store, follower.write(ins("customer")))


def test_a_replica_that_brought_nothing_yet_belongs_to_nobody(store: Store) -> None:
    """A first push that was garbled on the way must not shut out the machine after it has joined anew."""
    a = Author()
    first = a.write(ins("customer"))
    assert statuses(push(store, {**first, "h": "0" * 16}, machine="before")) == ["fork"]
    assert statuses(push(store, first, machine="after")) == ["applied"]


def test_a_machine_that_was_turned_out_cannot_take_another_replica_along(store: Store) -> None:
    a = Author()
    push(store, a.write(ins("customer")), machine="mine")
    thief = Author(replica=a.replica, n=1, h=a.h)
    with pytest.raises(ReplicaTaken):
        push(store, thief.write(ins("customer")), machine="stolen", is_revoked=True)
    assert statuses(push(store, a.write(ins("customer")), machine="mine")) == ["applied"]


# --------------------------------------------------------------------------------------------- what an author claims


@pytest.mark.parametrize("claims", ["again", "ctx"])
def test_claims_about_the_present_epoch_hide_no_conflict(store: Store, claims: str) -> None:
    a, b, id = crossed(store)
    tier = store.head().tier
    push(store, a.write(upd("customer", id, {}, credit_limit=1), tier=tier))
    if claims == "ctx":
        b.ctx = 1 << 40
    one = b.write(upd("customer", id, {}, credit_limit=2), tier=tier)
    push(store, one, again={"1": {"old_seq": 1, "hlc_eff": one["hlc"]}} if claims == "again" else {})
    assert len(conflicts(store)) == 1


def test_a_stamp_of_the_present_epoch_cannot_be_had_by_pushing_again(store: Store) -> None:
    a, future = Author(), to_hex(stamp_of(NOW_MS * 2))
    (ack,) = push(store, a.write(ins("customer")), again={"1": {"old_seq": 1, "hlc_eff": future}})
    assert ack.hlc_eff == stamp_of(a.now_ms)


def test_a_changeset_after_a_held_one_is_numbered_and_chained_all_the_same(store: Store) -> None:
    a, id = Author(), new_id()
    acks = push(store, a.write(ins("customer")), a.write(ins("customer", id, name=1)), a.write(ins("customer")))
    assert [(ack.status, ack.seq) for ack in acks] == [("applied", 1), ("quarantined", None), ("applied", 2)]
    twin = Author(replica=a.replica, n=1, h=chain(b"", canonical(_bare(a.sealed[0]))))
    assert statuses(push(store, twin.write(ins("customer", id, name="x")))) == ["fork"]
    a.write(ins("customer"))
    assert statuses(push(store, *a.sealed)) == ["dup", "dup", "dup", "applied"]


def _bare(body: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in body.items() if name != "h"}


def test_an_answer_to_a_conflict_nobody_knows_stays_out_of_sight_and_two_answers_are_no_conflict(store: Store) -> None:
    a, b, id = crossed(store)
    unknown = new_id()
    assert statuses(push(store, a.write(upd("conflict", unknown, state="kept"), res=unknown))) == ["applied"]
    assert (found := row(store, "conflict", unknown)) and found["row"]["unborn"] == 1
    assert unknown not in store.living("conflict")
    for one, value in ((a, "1"), (b, "2")):
        push(store, one.write(upd("customer", id, {}, credit_limit=int(value)), tier=store.head().tier))
    conflict = next(id for id in store.living("conflict"))
    a.now_ms = b.now_ms = NOW_MS + 5_000
    for one, by in ((a, "甲"), (b, "乙")):  # both without having seen the other's answer
        answer = upd("conflict", conflict, {"state": "open"}, state="kept", resolved_by=by)
        assert statuses(push(store, one.write(answer, tier=store.head().tier, res=conflict))) == ["applied"]
    assert len(conflicts(store)) == 1
    assert (found := row(store, "conflict", conflict)) and found["data"]["resolved_by"] in ("甲", "乙")
    assert store.stats()["conflicts_open"] == 0


# ------------------------------------------------------------------------------------------------------------ pages


def test_own_changesets_are_passed_over_across_an_epoch(tmp_path: Path) -> None:
    path = tmp_path / "server.db"
    one = SqliteStore(path, MANIFEST)
    a, b = Author(), Author()
    push(one, *(a.write(ins("customer")) for _ in range(5)))
    one.backup(tmp_path / "copy")
    one.close()
    restore(tmp_path / "copy", path, MANIFEST)
    one = SqliteStore(path, MANIFEST)
    base = 1 << EPOCH_BITS
    assert one.kept(one.head()) == 5
    page = one.log_page(2, 3, 10**9, (a.replica, 5))
    assert (page.items, page.next, page.more) == ([], base, False)
    push(one, b.write(ins("customer")), b.write(ins("customer")))
    push(one, a.write(ins("customer")))
    assert one.kept(one.head()) == 5
    page = one.log_page(0, 2, 10**9, (a.replica, 5))
    assert (page.next, page.more, len(page.items)) == (base + 2, True, 2)
    assert [json.loads(item)["n"] for item in one.log_page(page.next, 2, 10**9, (a.replica, 5)).items] == [6]
    assert [item["seq"] for item in pull(one, 4)] == [5, base + 1, base + 2, base + 3]
    one.close()


def test_pages_of_rows_end_where_there_are_enough_bytes_and_never_inside_a_changeset(store: SqliteStore) -> None:
    a = Author()
    for _ in range(4):
        push(store, a.write(*(ins("customer", note="长" * 2_000) for _ in range(5))))
    cursor, sizes = 0, []
    while cursor < store.head().seq:
        page = store.rows_page(cursor, 1_000, 7 * 6_000)
        seqs = [json.loads(item)["seq"] for item in page.items]
        sizes.append(len(seqs))
        assert page.next == max(seqs) and all(seqs.count(seq) == 5 for seq in set(seqs))
        cursor = page.next
    assert sizes == [10, 10]
    assert [len(store.rows_page(cursor, 3).items) for cursor in range(4)] == [5, 5, 5, 5]


def test_an_old_delete_looks_only_at_what_refers_to_it(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that was away for long deletes one record; everything written since was read under the lock once."""
    a, b, group, other = Author(), Author(), new_id(), new_id()
    maker, tier = Author(), store.head().tier
    push(store, maker.write(*(ins("customer_group", id, name="组") for id in (group, other))))
    a.ctx = b.ctx = store.head().seq
    mine = new_id()
    many = [ins("customer", name="王", group=other) for _ in range(300)]
    push(store, b.write(*many, ins("customer", mine, name="李", group=group), tier=tier))
    loaded: list[str] = []
    real = SqliteStore.load

    def counting(self: SqliteStore, db: Any, row: Any) -> Row:
        loaded.append(row["id"])
        return real(self, db, row)

    monkeypatch.setattr(SqliteStore, "load", counting)
    push(store, a.write(delete("customer_group", group, maker), tier=tier))
    assert set(loaded) == {group, mine}
    assert (found := row(store, "customer_group", group)) and "gone" not in found["row"]
    assert [one["field"] for one in conflicts(store)] == ["deleted_at"]


def test_readers_know_authors_by_name_while_pushes_fail(store: SqliteStore) -> None:
    """A push that is taken back may have given a number to a replica; the next push gives it to another one."""
    known = Author()
    push(store, known.write(ins("customer")))
    done = threading.Event()
    wrong: list[str] = []

    def read() -> None:
        while not done.is_set():
            for item in store.rows_page(0, 1_000).items:
                replica = json.loads(item)["row"]["clock"]["base"].split(":")[1]
                if replica not in authors:
                    wrong.append(replica)

    authors = {known.replica}
    readers = [threading.Thread(target=read) for _ in range(2)]
    for thread in readers:
        thread.start()
    for _ in range(40):
        lost, kept = Author(), Author()
        with pytest.raises(RuntimeError), store.transaction() as tx:
            replica = tx.add_replica(lost.replica, "m")
            store.number_of(store._writer, replica.uuid)
            raise RuntimeError
        authors.add(kept.replica)
        push(store, kept.write(ins("customer")))
    done.set()
    for thread in readers:
        thread.join()
    assert not wrong


# ---------------------------------------------------------------------------------------------------------- restoring


def test_a_backup_made_while_machines_push_is_whole(store: SqliteStore, tmp_path: Path) -> None:
    done = threading.Event()

    def work() -> None:
        a = Author()
        while not done.is_set():
            push(store, a.write(ins("customer"), ins("contact", name="李")))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for number in range(5):
            store.backup(tmp_path / f"copy{number}")
    finally:
        done.set()
        thread.join()
    for number in range(5):
        restore(tmp_path / f"copy{number}", tmp_path / f"restored{number}", MANIFEST)
        one = SqliteStore(tmp_path / f"restored{number}", MANIFEST)
        items = pull(one)
        assert one.rows_total() == 2 * len(items) and [item["seq"] for item in items] == list(range(1, len(items) + 1))
        one.close()


def test_machines_that_joined_or_were_turned_out_since_the_backup_stay_so(tmp_path: Path) -> None:
    """Otherwise a stolen machine would be let in again, and a code given out twice."""
    path = tmp_path / "server.db"
    one = SqliteStore(path, MANIFEST)
    for id in ("stays", "stolen"):
        enrolled(one, id)
    one.invite(Invite("code", "01", None, NOW_MS))
    one.backup(tmp_path / "copy")
    assert one.redeem("code", NOW_MS - 1) and one.revoke("stolen", NOW_MS)
    enrolled(one, "later")
    before = {machine.id: (machine.code, machine.state) for machine in one.machines()}
    one.close()
    restore(tmp_path / "copy", path, MANIFEST)
    one = SqliteStore(path, MANIFEST)
    assert {machine.id: (machine.code, machine.state) for machine in one.machines()} == before
    assert [one.has_grant(id) for id in ("stays", "stolen", "later")] == [True, False, True]
    assert one.redeem("code", NOW_MS - 1) is None
    one.close()


def test_a_backup_that_was_cut_or_has_rotted_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "server.db"
    one = SqliteStore(path, MANIFEST)
    a = Author()
    push(one, *(a.write(ins("customer", note="长" * 500)) for _ in range(100)))
    one.backup(tmp_path / "copy")
    head = one.head()
    one.close()
    whole = (tmp_path / "copy").read_bytes()
    (tmp_path / "cut").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "rotten").write_bytes(whole[:8_192] + b"\xff" * 4_096 + whole[12_288:])
    for name in ("cut", "rotten"):
        with pytest.raises(Refused, match="损坏"):
            restore(tmp_path / name, path, MANIFEST)
    one = SqliteStore(path, MANIFEST)
    assert one.head() == head
    one.close()
    assert not list(tmp_path.glob("*.restoring*"))


@pytest.mark.parametrize("there", ["nothing", "another company", "garbage"])
def test_where_nobody_knows_how_far_the_lost_server_came_positions_are_new_all_the_same(
    tmp_path: Path, there: str
) -> None:
    """Two servers were lost with their disks, and one backup brought up twice."""
    one = SqliteStore(tmp_path / "first.db", MANIFEST)
    push(one, Author().write(ins("customer")))
    one.backup(tmp_path / "copy")
    one.close()
    restore(tmp_path / "copy", tmp_path / "first.db", MANIFEST)
    path = tmp_path / "second.db"
    if there == "another company":
        SqliteStore(path, MANIFEST).close()
    elif there == "garbage":
        path.write_bytes(b"garbage" * 1_000)
    restore(tmp_path / "copy", path, MANIFEST)
    one = SqliteStore(path, MANIFEST)
    assert (2 << EPOCH_BITS) < one.head().seq < 1 << 53
    assert one.kept(one.head()) == 1 and one.head().seq % (1 << EPOCH_BITS) == 0
    one.close()


def test_what_is_uploaded_again_keeps_its_stamp_though_the_new_servers_clock_is_behind(tmp_path: Path) -> None:
    """Machines that pulled it go by that stamp; another one would leave them with different clocks for good."""
    path = tmp_path / "server.db"
    one = SqliteStore(path, MANIFEST)
    one.backup(tmp_path / "copy")
    a = Author()
    (old,) = push(one, a.write(ins("customer")))
    one.close()
    restore(tmp_path / "copy", path, MANIFEST)
    one = SqliteStore(path, MANIFEST)
    assert old.hlc_eff is not None
    again = {"1": {"old_seq": old.seq, "hlc_eff": to_hex(old.hlc_eff)}}
    late = a.write(ins("customer"))
    acks = push(one, *a.sealed, again=again, now_ms=NOW_MS - 86_400_000)
    assert [ack.hlc_eff for ack in acks] == [old.hlc_eff, old.hlc_eff + 1] and late["n"] == 2
    one.close()


def test_a_stamp_that_nobody_was_given_cannot_be_had_by_pushing_again(tmp_path: Path) -> None:
    """The last of all stamps would leave nobody a later one to write with."""
    path, lost = tmp_path / "server.db", [{"1": {"old_seq": 1, "hlc_eff": to_hex(one)}} for one in (STAMP_MAX, 1 << 62)]
    one = SqliteStore(path, MANIFEST)
    one.backup(tmp_path / "copy")
    (old,) = push(one, Author().write(ins("customer")))
    one.close()
    restore(tmp_path / "copy", path, MANIFEST)
    one = SqliteStore(path, MANIFEST)
    for again, now_ms, expected in ((lost[0], NOW_MS + 5_000, NOW_MS + 5_000), (lost[1], NOW_MS, NOW_MS + 5_000)):
        (ack,) = push(one, Author().write(ins("customer")), again=again, now_ms=now_ms)
        assert ack.hlc_eff is not None and wall_ms(ack.hlc_eff) == expected and ack.status == "clamped"
    with pytest.raises(Garbled):
        push(one, Author().write(ins("customer")), again={"1": {"old_seq": 1, "hlc_eff": to_hex(STAMP_MAX + 1)}})
    (ack,) = push(one, Author().write(ins("customer"), hlc=(1 << 63) - 1))
    assert ack.status == "quarantined" and "stamp" in str(ack.why) and old.hlc_eff
    one.close()


def test_rows_of_a_seed_table_can_be_listed_and_deleted_ones_are_not_there(store: SqliteStore) -> None:
    role = next(iter(MANIFEST.seeds["role"]))
    assert store.living("role", [role])[role]["is_system"] == 1
    push(store, Author().write(Op("role", role, "del")))
    assert role not in store.living("role") and store.living("nothing") == {}
