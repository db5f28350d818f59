"""What every store must do, whatever database is behind it. A second store joins by one more parameter."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sync_server.errors import Gap, Refused, ReplicaTaken, ServerOlder, StorageFull
from sync_server.intake import accept
from sync_server.replication.changeset import Op, Scalar
from sync_server.replication.clock import pack as stamp_of
from sync_server.replication.clock import to_hex
from sync_server.store import Invite, Store
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


@pytest.fixture(params=["sqlite"])
def store(tmp_path: Path) -> Iterator[Store]:
    made = SqliteStore(tmp_path / "server.db", MANIFEST)
    yield made
    made.close()


BIRTH = MANIFEST.tables["customer"].rules.columns["birth"][1:]


def tier(store: Store) -> str:
    return store.head().tier


def shared_customer(store: Store, *readers: Author, **values: Any) -> tuple[Author, str]:
    """A customer that one machine made and the others have read."""
    maker, id = Author(), new_id()
    push(store, maker.write(ins("customer", id, **{"name": "王", **values})))
    for one in (maker, *readers):
        one.ctx = store.head().seq
        one.now_ms += 10  # a stamp is always later than what its author has seen
    return maker, id


def is_gone(store: Store, table: str, id: str) -> bool:
    found = row(store, table, id)
    assert found is not None
    return bool(found["row"].get("gone"))


# ------------------------------------------------------------------------------------------------ numbers, chain, dup


def test_accepted_changesets_get_positions_without_gaps(store: Store) -> None:
    a, b = Author(), Author()
    acks = push(store, *(a.write(ins("customer")) for _ in range(3))) + push(store, b.write(ins("customer")))
    assert [ack.seq for ack in acks] == [1, 2, 3, 4]
    assert [item["seq"] for item in pull(store)] == [1, 2, 3, 4]
    assert store.head().seq == 4


def test_a_lost_answer_is_harmless(store: Store) -> None:
    a = Author()
    changesets = [a.write(ins("customer")) for _ in range(3)]
    first = push(store, *changesets[:2])
    again = push(store, *changesets)
    assert statuses(again) == ["dup", "dup", "applied"]
    assert [ack.seq for ack in again[:2]] == [ack.seq for ack in first]
    assert again[0].was == "applied"
    assert len(pull(store)) == 3


def test_a_number_left_out_is_refused(store: Store) -> None:
    a = Author()
    a.write(ins("customer"))
    with pytest.raises(Gap) as refused:
        push(store, a.write(ins("customer")))
    assert refused.value.extra == {"next": 1}
    assert store.replica(a.replica) is None


def test_a_second_branch_is_a_fork_and_the_first_stays(store: Store) -> None:
    a = Author()
    push(store, a.write(ins("customer")))
    twin = replace(a, sealed=list(a.sealed))
    id = new_id()
    push(store, a.write(ins("customer", id, name="甲")))
    assert statuses(push(store, twin.write(ins("customer", id, name="乙")), twin.write(ins("customer")))) == [
        "fork",
        "fork",
    ]
    assert statuses(push(store, *twin.sealed)) == ["dup", "fork", "fork"]
    assert (found := row(store, "customer", id)) and found["data"]["name"] == "甲"
    assert (known := store.replica(a.replica)) and known.last_n == 2


def test_whoever_continues_a_chain_may_and_nobody_else(store: Store) -> None:
    a = Author()
    push(store, a.write(ins("customer")), machine="one")
    stranger = Author(replica=a.replica, n=1)
    with pytest.raises(ReplicaTaken):
        push(store, stranger.write(ins("customer")), machine="two")
    with pytest.raises(ReplicaTaken):
        push(store, Author(replica=a.replica).write(ins("customer", name="x")), machine="two")
    assert statuses(push(store, a.write(ins("customer")), machine="two")) == ["applied"]


def test_a_newer_data_model_waits_for_the_server(store: Store) -> None:
    a = Author()
    with pytest.raises(ServerOlder):
        push(store, a.write(ins("customer"), schema=MANIFEST.schema + 1))
    assert store.replica(a.replica) is None


# ------------------------------------------------------------------------------------------------------------- clocks


def test_a_stamp_from_the_future_is_clamped_and_the_authors_order_kept(store: Store) -> None:
    a, b, id = Author(), Author(), new_id()
    push(store, a.write(ins("customer", id)))
    b.ctx = a.ctx = store.head().seq
    future = stamp_of(NOW_MS + 5 * 365 * 86_400_000)
    acks = push(
        store,
        a.write(upd("customer", id, {"name": "王"}, name="一"), tier=tier(store), hlc=future),
        a.write(upd("customer", id, {"name": "一"}, name="二"), tier=tier(store), hlc=future + 1),
        now_ms=NOW_MS + 1_000,
    )
    assert statuses(acks) == ["clamped", "clamped"]
    assert [ack.hlc_eff for ack in acks] == [stamp_of(NOW_MS + 1_000), stamp_of(NOW_MS + 1_000) + 1]
    assert (found := row(store, "customer", id)) and found["data"]["name"] == "二"
    b.ctx = store.head().seq
    late = b.write(upd("customer", id, {"name": "二"}, name="三"), tier=tier(store), hlc=stamp_of(NOW_MS + 2_000))
    push(store, late, now_ms=NOW_MS + 3_000)
    assert (found := row(store, "customer", id)) and found["data"]["name"] == "三"
    assert pull(store)[1]["hlc"] == to_hex(future)  # what was claimed stays in the body
    assert conflicts(store) == []


def test_two_minutes_ahead_is_let_pass(store: Store) -> None:
    a = Author()
    claimed = stamp_of(NOW_MS + 119_000)
    assert push(store, a.write(ins("customer"), hlc=claimed), now_ms=NOW_MS)[0].hlc_eff == claimed


LONG_AGO_MS = NOW_MS - 25 * 365 * 86_400_000


def test_who_knew_of_a_write_comes_after_it_though_the_servers_clock_is_behind(store: Store) -> None:
    """A server without a battery: its clock says 2001, or ran years ahead and was set right."""
    a, b, id = Author(), Author(now_ms=NOW_MS + 60_000), new_id()
    (made,) = push(store, a.write(ins("customer", id)))
    b.ctx = store.head().seq
    (ack,) = push(
        store, b.write(upd("customer", id, {"name": "王"}, name="乙"), tier=tier(store)), now_ms=LONG_AGO_MS
    )  # fmt: skip
    assert made.hlc_eff and ack.status == "clamped" and ack.hlc_eff == made.hlc_eff + 1
    assert (found := row(store, "customer", id)) and found["data"]["name"] == "乙"
    assert conflicts(store) == []


def test_a_name_given_up_while_the_servers_clock_was_behind_does_not_come_first_later(store: Store) -> None:
    """A machine that took a new name knows what it wrote under the old one, at whatever stamp that was let in."""
    newest, old, id = Author(now_ms=NOW_MS + 900_000), Author(), new_id()
    push(store, newest.write(ins("customer")), now_ms=NOW_MS + 901_000)
    new = Author(now_ms=NOW_MS + 500)
    (late,) = push(store, old.write(ins("customer", id, name="old"), tier=tier(store)), now_ms=LONG_AGO_MS)
    assert (late.status, late.hlc_eff) == ("applied", stamp_of(old.now_ms)), "others were given stamps as far"
    push(store, new.write(upd("customer", id, {"name": "old"}, name="new"), tier=tier(store)), now_ms=NOW_MS + 901_000)
    assert (found := row(store, "customer", id)) and found["data"]["name"] == "new"
    assert conflicts(store) == []


def test_the_latest_stamp_of_a_push_counts_for_what_follows_in_it(store: Store) -> None:
    a = Author()
    acks = push(store, a.write(ins("customer")), a.write(ins("customer")), now_ms=LONG_AGO_MS)
    assert [ack.hlc_eff for ack in acks] == [stamp_of(LONG_AGO_MS), stamp_of(LONG_AGO_MS) + 1]
    b = Author(now_ms=NOW_MS + 10)
    (ack,) = push(store, b.write(ins("customer")), now_ms=LONG_AGO_MS)
    assert ack.hlc_eff == stamp_of(LONG_AGO_MS) + 2


# ---------------------------------------------------------------------------------------------------------- conflicts


def test_different_fields_both_stay_without_a_conflict(store: Store) -> None:
    a, b = Author(), Author()
    _, id = shared_customer(store, a, b)
    push(store, a.write(upd("customer", id, {}, phone="1"), tier=tier(store)))
    push(store, b.write(upd("customer", id, {}, email="x"), tier=tier(store)))
    assert (found := row(store, "customer", id))
    assert found["data"] == {"name": "王", "phone": "1", "email": "x"}
    assert conflicts(store) == []


def test_the_same_field_keeps_both_values(store: Store) -> None:
    a, b = Author(), Author(now_ms=NOW_MS + 50)
    _, id = shared_customer(store, a, b)
    push(store, a.write(upd("customer", id, {}, credit_limit=1), tier=tier(store), actor="甲"))
    push(store, b.write(upd("customer", id, {}, credit_limit=2), tier=tier(store), actor="乙"))
    (found,) = conflicts(store)
    assert found["record"] == id and found["field"] == "credit_limit" and found["module"] == "customer"
    assert (found["winner_values"], found["winner_actor"]) == ('{"credit_limit":2}', "乙")
    assert (found["loser_values"], found["loser_actor"]) == ('{"credit_limit":1}', "甲")
    assert (found["is_flag"], found["state"]) == (1, "open")
    assert (stored := row(store, "customer", id)) and stored["data"]["credit_limit"] == 2


def test_knowing_of_the_other_value_is_no_conflict_whatever_the_clocks_say(store: Store) -> None:
    a, b = Author(), Author(now_ms=NOW_MS - 1_000_000)
    _, id = shared_customer(store, a, b)
    push(store, a.write(upd("customer", id, {}, phone="1"), tier=tier(store)))
    b.ctx = store.head().seq
    push(store, b.write(upd("customer", id, {"phone": "1"}, phone="2"), tier=tier(store), hlc=stamp_of(NOW_MS + 900)))
    assert conflicts(store) == []


def test_equal_values_and_values_based_on_each_other_are_no_conflict(store: Store) -> None:
    a, b, c = Author(), Author(), Author()
    _, id = shared_customer(store, a, b, c)
    push(store, a.write(upd("customer", id, {}, phone="1"), tier=tier(store)))
    push(store, b.write(upd("customer", id, {}, phone="1"), tier=tier(store)))
    push(store, c.write(upd("customer", id, {"phone": "1"}, phone="2"), tier=tier(store)))
    d = Author(ctx=a.ctx)
    push(store, d.write(upd("customer", id, {}, phone="1"), tier=tier(store)))  # c's value rests on this one
    assert conflicts(store) == []


def test_an_answer_is_no_new_conflict_and_only_answers_are_taken(store: Store) -> None:
    a, b, c = Author(), Author(), Author()
    _, id = shared_customer(store, a, b, c)
    push(store, a.write(upd("customer", id, {}, phone="1"), tier=tier(store)))
    push(store, b.write(upd("customer", id, {}, phone="2"), tier=tier(store)))
    conflict = next(op["id"] for item in pull(store) for op in item["ops"] if op["t"] == "conflict")
    b.ctx = c.ctx = store.head().seq
    for one, value in ((b, "3"), (c, "4")):
        answer = [upd("customer", id, phone=value), upd("conflict", conflict, state="swapped", resolved_by=value)]
        assert statuses(push(store, one.write(*answer, tier=tier(store), res=conflict))) == ["applied"]
    assert len(conflicts(store)) == 1
    forged = [upd("conflict", conflict, winner="x"), ins("conflict", state="open"), Op("conflict", conflict, "del")]
    assert [statuses(push(store, a.write(op))) for op in forged] == [["quarantined"]] * 3


def test_an_edit_lives_on_though_another_machine_deleted_the_row(store: Store) -> None:
    a, b = Author(), Author()
    maker, id = shared_customer(store, a, b)
    push(store, a.write(delete("customer", id, maker), tier=tier(store)))
    assert is_gone(store, "customer", id)
    push(store, b.write(upd("customer", id, {}, phone="2"), tier=tier(store)))
    assert not is_gone(store, "customer", id)
    assert (found := row(store, "customer", id)) and found["data"]["phone"] == "2"
    assert [one["field"] for one in conflicts(store)] == ["deleted_at"]


# ------------------------------------------------------------------------------------------------------------ parents


@pytest.mark.parametrize("is_delete_first", [True, False])
def test_a_parent_is_brought_back_for_a_child_its_deleter_did_not_know(store: Store, is_delete_first: bool) -> None:
    a, b = Author(), Author()
    maker, id = shared_customer(store, a, b)
    old_child = new_id()
    push(store, maker.write(ins("contact", old_child, name="旧", parent_kind="customer", parent=id)))
    a.ctx = store.head().seq
    b.ctx = 1  # b knows the customer, but not the old contact
    deletes = [delete("customer", id, maker), delete("contact", old_child, maker, via=f"customer:{id}")]
    child = new_id()
    both = [
        a.write(*deletes, tier=tier(store)),
        b.write(ins("contact", child, name="李", parent_kind="customer", parent=id), tier=tier(store)),
    ]
    for one in both if is_delete_first else reversed(both):
        push(store, one)
    for table, key in (("customer", id), ("contact", old_child), ("contact", child)):
        assert not is_gone(store, table, key), table
    assert [one["field"] for one in conflicts(store)] == ["deleted_at"]
    server = [item for item in pull(store) if item.get("act") == "sync.server"]
    assert len(server) == 1 and [op["k"] for op in server[0]["ops"]].count("undel") == 2
    assert [item["seq"] for item in pull(store)] == list(range(1, store.head().seq + 1))


def test_a_parent_stays_deleted_when_the_deleter_knew_the_child(store: Store) -> None:
    a = Author()
    maker, id = shared_customer(store, a)
    child = new_id()
    push(store, maker.write(ins("contact", child, name="李", parent_kind="customer", parent=id), tier=tier(store)))
    a.ctx = store.head().seq
    push(store, a.write(delete("customer", id, maker), tier=tier(store)))
    assert is_gone(store, "customer", id)
    assert conflicts(store) == []


# --------------------------------------------------------------------------------------------------------- quarantine


@pytest.mark.parametrize(
    "op",
    [
        ins('customer"; DROP TABLE log; --'),
        Op("customer", new_id(), "ins", {'a" , "b': 1}),
        ins("sqlite_schema"),
        ins("customer", name=5),
        ins("customer", credit_limit="much"),
        Op("customer_tags", new_id(), "ins", {"record": new_id()}),
    ],
)
def test_a_poisoned_changeset_is_set_aside_and_the_rest_flows(store: Store, op: Op) -> None:
    a = Author()
    changesets = [a.write(ins("customer")), a.write(op), a.write(ins("customer"))]
    acks = push(store, *changesets)
    assert statuses(acks) == ["applied", "quarantined", "applied"]
    assert acks[1].why
    assert [item["n"] for item in pull(store)] == [1, 3]
    again = push(store, *changesets)
    assert (again[1].status, again[1].was, again[1].why) == ("dup", "quarantined", acks[1].why)
    assert store.stats()["quarantined"] == 1


def test_a_changeset_of_the_wrong_shape_is_set_aside(store: Store) -> None:
    a = Author()
    poisoned = a.raw(ops={"t": []})
    assert statuses(push(store, poisoned, a.write(ins("customer")))) == ["quarantined", "applied"]


def test_what_needs_a_quarantined_row_waits_with_it_until_it_is_made(store: Store) -> None:
    a, b, id = Author(), Author(), new_id()
    child = ins("contact", name="李", parent_kind="customer", parent=id)
    acks = push(
        store, a.write(ins("customer", id, name=7)), a.write(upd("customer", id, phone="1")), a.write(child),
        a.write(ins("customer")),
    )  # fmt: skip
    assert statuses(acks) == ["quarantined", "depends", "depends", "applied"]
    assert statuses(push(store, b.write(child))) == ["depends"]
    assert statuses(push(store, a.write(ins("customer", id, name="七")), a.write(child))) == ["applied", "applied"]
    assert statuses(push(store, b.write(upd("customer", id, phone="1")))) == ["applied"]


def test_the_last_push_of_a_revoked_machine_is_kept_aside(store: Store) -> None:
    a, id = Author(), new_id()
    (ack,) = push(store, a.write(ins("customer", id)), is_revoked=True)
    assert (ack.status, ack.why) == ("quarantined", "revoked")
    assert row(store, "customer", id) is None and pull(store) == []


def let_in(store: Store, author: Author, n: int, now_ms: int = NOW_MS + 2_000) -> str | None:
    with store.transaction() as tx:
        held = tx.held(author.replica, n)
        assert held is not None
        return accept(tx, MANIFEST, held, now_ms)


def test_what_a_revoked_machine_had_written_is_taken_in_when_a_person_says_so(store: Store) -> None:
    a, b, id = Author(), Author(now_ms=NOW_MS + 100), new_id()
    maker, known = shared_customer(store, a, b)
    push(store, b.write(upd("customer", known, {}, phone="2"), tier=tier(store)))
    push(
        store, a.write(ins("customer", id), upd("customer", known, {}, phone="1"), tier=tier(store)),
        a.write(upd("customer", id, phone="3")), is_revoked=True,
    )  # fmt: skip
    why = let_in(store, a, 2)
    assert why == f"needs customer {id}" and len(store.quarantined()) == 2 and row(store, "customer", id) is None
    assert [let_in(store, a, n) for n in (1, 2)] == [None, None] and not store.quarantined()
    assert (found := row(store, "customer", id)) and found["data"]["phone"] == "3"
    assert [one["field"] for one in conflicts(store)] == ["phone"], "neither knew of the other"
    items = pull(store)
    assert [item["seq"] for item in items] == list(range(1, store.head().seq + 1))
    assert [item["n"] for item in pull(store, skip=(a.replica, 2)) if item["r"] == a.replica] == [1, 2]
    acks = push(store, *a.sealed)  # it still stands in its chain
    assert [(ack.status, ack.was) for ack in acks] == [("dup", "late")] * 2
    assert maker.n == 1 and statuses(push(store, a.write(ins("customer")))) == ["applied"]


def test_what_is_taken_in_late_does_not_undo_what_its_author_wrote_after_it(store: Store) -> None:
    """Even where the author's clock was set back between the two."""
    a, b, id = Author(), Author(), new_id()
    _, known = shared_customer(store, a)
    early, late = stamp_of(NOW_MS + 500), stamp_of(NOW_MS + 400)
    acks = push(
        store, a.write(ins("customer", id, name=5)),
        a.write(upd("customer", known, phone="early"), upd("customer", id, phone="1"), hlc=early),
        a.write(upd("customer", known, phone="late"), hlc=late),
    )  # fmt: skip
    assert statuses(acks) == ["quarantined", "depends", "applied"]
    assert let_in(store, a, 1) == "wrong-type: customer.name" and let_in(store, a, 2) == f"needs customer {id}"
    assert statuses(push(store, b.write(ins("customer", id)))) == ["applied"]
    assert let_in(store, a, 2) is None
    assert (found := row(store, "customer", known)) and found["data"]["phone"] == "late"
    assert (found := row(store, "customer", id)) and found["data"]["phone"] == "1"
    (ack,) = push(store, a.write(ins("customer")))
    assert ack.hlc_eff == late + 1


# --------------------------------------------------------------------------------------------------------------- pull


def test_pages_hold_whole_changesets_and_the_cursor_may_pass_own_ones(store: Store) -> None:
    a, b = Author(), Author()
    for one in (a, b, b, a, b):
        push(store, one.write(ins("customer"), ins("customer")))
    page = store.log_page(0, 2, 10**9, (b.replica, 2))
    assert (page.next, page.more, len(page.items)) == (4, True, 2)
    page = store.log_page(4, 2, 10**9, (b.replica, 3))
    assert (page.next, page.more, len(page.items)) == (5, False, 0)
    assert len(store.log_page(0, 100, 1, None).items) == 1


def test_rows_come_once_in_their_present_state_and_pages_cut_between_positions(store: Store) -> None:
    a, id = Author(), new_id()
    push(store, a.write(ins("customer", id), ins("customer"), ins("customer")))
    for number in range(5):
        push(store, a.write(upd("customer", id, phone=str(number))))
    push(store, a.write(ins("customer"), ins("customer")))
    seen: list[tuple[str, int]] = []
    cursor, more = 0, True
    while more:
        page = store.rows_page(cursor, 1)
        seen += [(item["row"]["id"], item["seq"]) for item in map(_json, page.items)]
        cursor, more = page.next, page.more
    assert len(seen) == 5 and len(dict(seen)) == 5
    assert dict(seen)[id] == 6 and [seq for _, seq in seen] == sorted(seq for _, seq in seen)
    assert cursor == store.head().seq


def _json(item: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(item)
    return found


def test_seed_rows_are_there_and_any_edit_wins(store: Store) -> None:
    a = Author()
    id = next(iter(MANIFEST.seeds["customer"]))
    push(store, a.write(upd("customer", id, name="散客"), hlc=stamp_of(1)))
    assert (found := row(store, "customer", id))
    assert found["data"]["name"] == "散客" and found["data"]["kind"] == "person"
    assert conflicts(store) == []


def test_values_come_back_bit_for_bit(store: Store) -> None:
    a, id = Author(), new_id()
    values: dict[str, Scalar] = {
        "name": "𝄞\0王 'x\"",
        "credit_limit": 2**63 - 1,
        "registered_capital": -(2**63),
        "note": "",
    }
    push(store, a.write(Op("customer", id, "ins", values)))
    assert (found := row(store, "customer", id)) and found["data"] == values
    assert pull(store)[0]["ops"][0]["set"] == values


# ------------------------------------------------------------------------------------------- accounts, restore, order


def test_a_code_works_once_and_not_too_late(store: Store) -> None:
    store.invite(Invite("a", "01", None, NOW_MS))
    assert store.redeem("b", NOW_MS - 1) is None
    assert store.redeem("a", NOW_MS) is None
    assert store.redeem("a", NOW_MS - 1) == Invite("a", "01", None, NOW_MS)
    assert store.redeem("a", NOW_MS - 1) is None


def test_machines_get_codes_of_their_own_and_can_be_revoked(store: Store) -> None:
    for number in range(11):
        enrolled(store, f"m{number}")
    codes = [one.code for one in store.machines()]
    assert len(set(codes)) == 11 and codes[0] == "A1" and "B2" in codes
    assert store.has_grant("m3") and store.revoke("m3", NOW_MS) and not store.has_grant("m3")
    assert not store.revoke("m3", NOW_MS) and not store.revoke("nobody", NOW_MS)


def test_two_pushes_at_once_leave_a_gapless_log(store: Store) -> None:
    authors = [Author(machine=str(number)) for number in range(4)]
    seen: list[int] = []
    done = threading.Event()

    def work(author: Author) -> None:
        for _ in range(15):
            push(store, *(author.write(ins("customer")) for _ in range(3)), machine=author.machine)

    def watch() -> None:
        cursor = 0
        while not done.is_set() or store.head().seq > cursor:
            page = store.log_page(cursor, 7, 10**9, None)
            seen.extend(_json(item)["seq"] for item in page.items)
            cursor = page.next

    threads = [threading.Thread(target=work, args=(author,)) for author in authors]
    watcher = threading.Thread(target=watch)
    for thread in (watcher, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    watcher.join()
    assert seen == list(range(1, 4 * 15 * 3 + 1))


def test_a_restored_server_is_healed_by_its_machines(tmp_path: Path) -> None:
    path = tmp_path / "server.db"
    server = SqliteStore(path, MANIFEST)
    a, b = Author(), Author(now_ms=NOW_MS + 5)
    _, id = shared_customer(server, a, b)
    server.backup(tmp_path / "copy")
    with pytest.raises(Refused):
        server.backup(tmp_path / "copy")
    old = [
        *push(server, a.write(upd("customer", id, {}, phone="1"), tier=tier(server))),
        *push(server, b.write(upd("customer", id, {}, phone="2"), tier=tier(server))),
    ]
    before, lost_conflicts = server.head(), conflicts(server)
    server.close()
    restore(tmp_path / "copy", path, MANIFEST)
    server = SqliteStore(path, MANIFEST)
    after = server.head()
    assert (after.tier, after.seq) == (before.tier, 1 << 32) and after.epoch != before.epoch
    for author, ack in ((b, old[1]), (a, old[0])):
        assert ack.hlc_eff is not None
        again = {"1": {"old_seq": ack.seq, "hlc_eff": to_hex(ack.hlc_eff)}}
        assert statuses(push(server, *author.sealed, again=again)) == ["applied"]
    assert (found := row(server, "customer", id)) and found["data"]["phone"] == "2"
    assert conflicts(server) == lost_conflicts and len(lost_conflicts) == 1
    assert pull(server)[-1]["seq"] > 1 << 32
    server.close()
    restore(tmp_path / "copy", path, MANIFEST)  # the same backup once more: positions still never seen before
    server = SqliteStore(path, MANIFEST)
    assert server.head().seq == 2 << 32
    server.close()
    assert len(list(tmp_path.glob("server.db.before-restore-?"))) == 2


@pytest.mark.parametrize("content", [b"", b"garbage" * 1_000, b"SQLite format 3\0" + b"\0" * 5_000])
def test_a_file_that_is_no_backup_changes_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "server.db"
    server = SqliteStore(path, MANIFEST)
    push(server, Author().write(ins("customer")))
    head = server.head()
    server.close()
    (tmp_path / "bad").write_bytes(content)
    with pytest.raises(Refused):
        restore(tmp_path / "bad", path, MANIFEST)
    server = SqliteStore(path, MANIFEST)
    assert server.head() == head
    server.close()


def test_any_order_of_pushes_ends_in_the_same_rows(tmp_path: Path) -> None:
    """Three machines that know nothing of each other; whichever pushes first, the rows are the same."""
    for seed in range(15):
        ends = []
        for order in range(3):
            server = SqliteStore(tmp_path / f"{seed}-{order}.db", MANIFEST)
            ids = [f"{number:032x}" for number in range(3)]
            push(server, *(changesets := _random_work("0" * 32, seed, ids, is_first=True)))
            works = [_random_work(str(number) * 32, seed * 10 + number, ids) for number in (1, 2, 3)]
            random.Random(order).shuffle(works)
            for work in works:
                push(server, *work)
            ends.append([_without_seq(row(server, "customer", id)) for id in ids])
            server.close()
            assert changesets
        assert ends[0] == ends[1] == ends[2], f"seed {seed}"


def _random_work(replica: str, seed: int, ids: list[str], *, is_first: bool = False) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    author = Author(replica=replica, now_ms=NOW_MS + (0 if is_first else chance.randint(10, 500)))
    if is_first:
        return [author.write(*(ins("customer", id) for id in ids))]
    known = Author(replica="0" * 32, n=1)
    for _ in range(6):
        id = chance.choice(ids)
        op = chance.choice(
            [
                upd("customer", id, {}, phone=chance.choice("123")),
                upd("customer", id, {}, credit_limit=chance.randint(1, 3)),
                upd("customer", id, {}, **{name: chance.randint(1, 3) for name in BIRTH}),
                delete("customer", id, known),
            ]
        )
        author.write(op)
    return author.sealed


def _without_seq(item: dict[str, Any] | None) -> dict[str, Any]:
    assert item is not None
    return {key: value for key, value in item.items() if key != "seq"}


def test_a_full_disk_is_told_and_leaves_nothing_half_done(tmp_path: Path) -> None:
    server = SqliteStore(tmp_path / "server.db", MANIFEST)
    a = Author()
    push(server, a.write(ins("customer")))
    head = server.head()
    (pages,) = server._writer.execute("PRAGMA page_count").fetchone()
    server._writer.execute(f"PRAGMA max_page_count={pages + 1}")
    changesets = [a.write(*(ins("customer", note="长" * 3_000) for _ in range(20))) for _ in range(5)]
    with pytest.raises(StorageFull):
        push(server, *changesets)
    assert server.head() == head and len(pull(server)) == 1
    server._writer.execute("PRAGMA max_page_count=1000000")
    assert statuses(push(server, *changesets)) == ["applied"] * 5
    server.close()
