"""The failure catalogue (sync.md C), row by row, end to end: real workstations, the real server, a network that fails
where the story wants it. Each test is named after its row and ends with the invariants."""

from __future__ import annotations

import io
import json
import random
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest

from desktop import manifest
from desktop.engine import aliases, attachments, duplicates, lists, merging
from desktop.engine.access import Principal
from desktop.engine.apply import Arrival, Me
from desktop.engine.query import Query
from desktop.engine.registry import Registry
from desktop.inspection import check as inspect
from desktop.sync import conflicts, reception
from sync_server.manifest import read as read_manifest
from sync_server.replication.changeset import Changeset, Op, canonical, value_hash
from sync_server.replication.clock import Clock, pack, wall_ms

from .contents import check_contents
from .documents import check_reader
from .invariants import check_all, check_replay, rows_of_node
from .modules import CHAPTERS, LEDGERS, MODULES, client
from .node import Node, contents_in, hash_of
from .office import Office
from .transport import Fault, Weather
from .world import SMALL_PARTS, World, world_of

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
YEAR_MS = 365 * DAY_MS
SEED = 7
SOMEBODY = Principal("u0", everything=True)


@pytest.fixture
def world() -> Iterator[World]:
    with world_of(SEED) as made:
        yield made


def finish(world: World) -> None:
    """All is quiet, and every invariant holds."""
    world.settle()
    check_all(world, deep=True)


def bad(**planned: Fault | Sequence[Fault]) -> Weather:
    """Weather in which these calls go wrong in this way, each so many times."""
    return Weather(planned={call: [one] if isinstance(one, str) else list(one) for call, one in planned.items()})


def new_client(world: World, node: Node, **values: Any) -> str:
    id = world.id()
    assert node.save("client", {"name": "苏州申越", **values}, fresh_id=id)
    return id


def shared_client(world: World, nodes: Sequence[Node], **values: Any) -> str:
    """A client that every machine has."""
    id = new_client(world, nodes[0], **values)
    for node in nodes:
        node.round()
    return id


def value(node: Node, id: str, column: str, table: str = "client") -> Any:
    (row,) = node.station.ask(f'SELECT "{column}" FROM {table} WHERE id = ?', id)
    return row[0]


def is_alive(node: Node, id: str, table: str = "client") -> bool:
    return id in node.ids(table)


def me(node: Node) -> Me:
    with node.station.db.read() as db:
        return node.station.engine.applier.me(db)


def pairs(node: Node) -> list[dict[str, Any]]:
    return [dict(row) for row in node.station.ask("SELECT * FROM conflict ORDER BY id")]


def everybody(nodes: Sequence[Node], times: int = 2) -> None:
    for _ in range(times):
        for node in nodes:
            node.round()


def states(node: Node) -> list[str]:
    """States of the own changesets, in order."""
    own = node.replicas()
    rows = node.station.ask("SELECT p.uuid, c.state FROM changeset c JOIN replica p ON p.no = c.r ORDER BY c.hlc, c.n")
    return [row[1] for row in rows if row[0] in own]


# ------------------------------------------------------------------------------------------- the wire and the crashes


def test_02_lost_push_response(world: World) -> None:
    a, b = world.company(2)
    id = new_client(world, a)
    head = world.office.store.head().seq
    assert a.round(bad(push="unanswered")) == "unreachable"
    assert states(a)[-1] == "pending" and world.office.store.head().seq == head + 1
    assert a.round() == "ok" and states(a)[-1] == "acked"
    assert world.office.store.head().seq == head + 1
    b.round()
    assert is_alive(b, id)
    finish(world)


def test_03_double_trigger(world: World) -> None:
    """The button five times, the timer and a second window: one push at a time, each changeset once."""
    a, _ = world.company(2)
    for _ in range(20):
        new_client(world, a)
    head, inside, most = world.office.store.head().seq, 0, 0
    serve = world.network.serve

    def watched(environ: Any) -> Any:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        try:
            return serve(environ)
        finally:
            inside -= 1

    world.network.serve = watched
    threads = [threading.Thread(target=a.station.sync.round) for _ in range(7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    world.network.serve = serve
    assert most == 1 and world.office.store.head().seq == head + 20
    finish(world)


def test_04_crash_after_commit_before_ack_stored(world: World) -> None:
    """Whatever statement of the round it dies at, the push is one, and is acknowledged in the end."""
    a, _ = world.company(2)
    for statement in range(1, 40, 2):
        id = new_client(world, a)
        a.crash(statement, a.round)
        a.round()
        assert states(a)[-1] == "acked"
        assert len([one for one in world.ledger.log if one.body["ops"][0]["id"] == id]) == 1
    finish(world)


def test_05_crash_mid_apply(world: World) -> None:
    """A page is there as a whole or not at all, and the cursor tells which."""
    a, b = world.company(2)
    ids = [new_client(world, a, note="一") for _ in range(3)]
    a.round()
    before, after = b.peer, world.office.store.head().seq
    kept = b.kept()
    found = set()
    assert before is not None
    for statement in (*range(1, 30), *range(30, 90, 3)):
        b.put_back(kept, in_place=True, with_identity=True)
        b.crash(statement, b.round)
        peer, there = b.peer, [id for id in ids if is_alive(b, id)]
        assert peer is not None
        assert (peer.cursor, there) in ((before.cursor, []), (after, ids))
        found.add(peer.cursor)
    assert found == {before.cursor, after}
    finish(world)


# ----------------------------------------------------------------------------------------------------------- clocks


def test_06_clock_one_hour_ahead(world: World) -> None:
    a, b = world.company(2)
    id = shared_client(world, [a, b], note="零")
    a.skew_ms = HOUR_MS
    everybody([a], 6)
    a.station.sync.now()
    a.round()
    assert me(a).off == pytest.approx(-HOUR_MS, abs=1_000)
    a.save("client", {"note": "一"}, id)
    assert a.round() == "ok" and world.ledger.log[-1].body["hlc"] == f"{world.ledger.log[-1].dot.hlc:016x}"
    b.round()
    b.save("client", {"note": "二"}, id)
    everybody([b, a])
    assert value(a, id, "note") == value(b, id, "note") == "二" and not pairs(a)
    finish(world)


def test_06_typed_before_the_own_stamps_are_put_right(world: World) -> None:
    """Found by seed 6000333: the line breaks after the answer that put back the clock; the row still has its stamp."""
    (a,) = world.company(1)
    a.skew_ms = HOUR_MS
    a.reopen()
    id = new_client(world, a, note="钟快时")
    a.skew_ms = 0
    a.reopen()
    a.round(bad(rows="lost"))
    a.save("client", {"note": "钟准了"}, id)
    assert value(a, id, "note") == "钟准了"
    everybody([a])
    assert value(a, id, "note") == "钟准了" and not a.pending()
    new_client(world, a)
    a.round()
    assert world.ledger.newest < pack(world.office.now_ms() + 3 * 60_000)
    finish(world)


def test_07_clock_five_years_ahead(world: World) -> None:
    a, b = world.company(2)
    id = shared_client(world, [a, b])
    a.skew_ms = 5 * YEAR_MS
    for note in ("一", "二", "三"):
        a.save("client", {"note": note}, id)
    assert wall_ms(me(a).hlc) > world.time.now_ms + 4 * YEAR_MS
    a.round()
    stamps = [one.dot.hlc for one in world.ledger.log[-3:]]
    assert stamps == sorted(stamps) and wall_ms(stamps[-1]) <= world.time.now_ms + 1
    assert wall_ms(me(a).hlc) <= world.time.now_ms + 1, "its own clock comes down again"
    a.skew_ms = 0
    b.round()
    assert value(b, id, "note") == "三"
    b.save("client", {"note": "四"}, id)
    everybody([b, a])
    assert value(a, id, "note") == "四" and not pairs(a)
    finish(world)


def test_08_clock_back_to_2001(world: World) -> None:
    a, b = world.company(2)
    id = shared_client(world, [a, b])
    b.save("client", {"note": "一"}, id)
    everybody([b, a])
    a.skew_ms = 978_307_200_000 - world.time.now_ms
    seen = max(one.dot.hlc for one in world.ledger.log)
    a.save("client", {"note": "二"}, id)
    assert me(a).hlc > seen
    everybody([a, b])
    assert value(b, id, "note") == "二" and not pairs(a)
    finish(world)


def test_09_clock_jumps_during_session(world: World) -> None:
    a, b = world.company(2)
    id = shared_client(world, [a, b])
    stamps = []
    for skew_ms in (0, DAY_MS, -DAY_MS, 0):
        a.skew_ms = skew_ms
        a.save("client", {"note": str(skew_ms)}, id)
        stamps.append(me(a).hlc)
    assert stamps == sorted(set(stamps))
    everybody([a, b])
    assert value(b, id, "note") == "0"
    finish(world)


def test_10_bad_batch_must_not_move_clock(world: World) -> None:
    """A page that fails is undone with the clock; tried again it is applied but for the change that cannot be."""
    (a,) = world.company(1)
    hlc = me(a).hlc
    good, poor = (
        Changeset("e" * 32, n, pack(world.time.now_ms + YEAR_MS) + n, 1, "x", 1, [Op("client", world.id(), "ins", set)])
        for n, set in ((1, {"name": "好"}), (2, {"name": 5}))
    )
    arrivals = [Arrival(one, one.hlc, None, canonical(one.wire())) for one in (good, poor)]
    with pytest.raises(TypeError):
        a.station.engine.applier.arrive(arrivals)
    assert me(a).hlc == hlc and len(a.ids("client")) == 1
    a.station.engine.applier.arrive(arrivals[:1])
    assert me(a).hlc == good.hlc and len(a.ids("client")) == 2


def test_11_counter_flood(world: World) -> None:
    """70 000 events in one millisecond: the counter carries into the next one."""
    clock, now_ms = Clock(), world.time.now_ms
    for _ in range(70_000):
        later = clock.tick(now_ms)
        assert later.last > clock.last
        clock = later
    assert wall_ms(clock.last) == now_ms + 1


# ------------------------------------------------------------------------------------------------ restores and clones


def test_12_restored_client_database(world: World) -> None:
    a, b = world.company(2)
    for _ in range(3):
        new_client(world, a)
    a.round()
    kept, name = a.kept(), me(a).replica
    lost = [new_client(world, a) for _ in range(5)]
    a.round()
    a.put_back(kept, in_place=False, with_identity=False)
    assert me(a).replica != name and me(a).last_n == 0
    fresh = new_client(world, a)
    assert value(a, fresh, "code").startswith("KH00A1") and len(value(a, fresh, "code")) == len("KH00A1K7Q00001")
    everybody([a, b])
    assert all(is_alive(node, id) for node in (a, b) for id in [*lost, fresh])
    codes = [value(b, id, "code") for id in b.ids("client")]
    assert len(set(codes)) == len(codes)
    finish(world)


def test_13_cloned_laptop_image(world: World) -> None:
    a, b, c = world.company(3)
    id = shared_client(world, [a, b, c])
    twin = world.machine()
    twin.take_over(b.kept(), b.identity())
    assert me(twin).replica == me(b).replica
    b.save("client", {"note": "原机"}, id)
    twin.save("client", {"memo": "镜像"}, id)
    extra = new_client(world, twin)
    everybody([b, twin, a, c])
    assert me(twin).replica != me(b).replica
    for node in (a, b, c, twin):
        assert (value(node, id, "note"), value(node, id, "memo")) == ("原机", "镜像") and is_alive(node, extra)
    finish(world)


def test_13_a_clone_that_writes_less_than_its_twin_loses_nothing(world: World) -> None:
    """Found by seed 64: what waits under the old name stays when the name is left before it was sent."""
    a, b = world.company(2)
    id = shared_client(world, [a, b])
    twin = world.machine()
    twin.take_over(b.kept(), b.identity())
    for note in ("一", "二"):
        b.save("client", {"note": note}, id)
    twin.save("client", {"memo": "只写一次"}, id)
    b.round()
    everybody([twin, a, b])
    assert value(a, id, "memo") == "只写一次"
    finish(world)


def test_13_deletes_of_a_clone_hold_over_what_it_wrote_under_its_old_name(world: World) -> None:
    """Found by seed 284: no false conflict between a machine and its own former name."""
    a, b = world.company(2)
    id = shared_client(world, [a, b])
    b.save("person", {"name": "王芳", "client": id}, fresh_id=world.id())
    twin = world.machine()
    twin.take_over(b.kept(), b.identity())
    twin.delete("client", id)
    new_client(world, b)
    everybody([b, twin, a])
    assert not is_alive(a, id) and not pairs(a)
    finish(world)


def test_13_a_delete_rests_on_what_was_written_under_the_name_before(world: World) -> None:
    """Found by seed 501: the name is left, a record deleted under the next one, and only then the fork found."""
    a, b = world.company(2)
    id = shared_client(world, [a, b])
    twin = world.machine()
    twin.take_over(b.kept(), b.identity())
    twin.save("client", {"note": "分叉以后"}, id)
    for _ in range(2):
        new_client(world, b)
    b.round()
    assert twin.round(bad(push="lost")) == "unreachable" and len(twin.replicas()) == 2
    twin.delete("client", id)
    everybody([twin, a, b])
    assert not any(is_alive(node, id) for node in (a, b, twin)) and not pairs(a)
    finish(world)


def test_13_a_copy_whose_twin_was_refused_something(world: World) -> None:
    """Found by seed 20000: the twin's numbers go on beyond a gap that only quarantine fills."""
    a, b = world.company(2)
    new_client(world, b)
    b.round()
    twin = world.machine()
    twin.take_over(b.kept(), b.identity())
    poison(world, b)
    id = new_client(world, b)
    b.round()
    everybody([twin, a])
    assert is_alive(twin, id)
    finish(world)


def test_13_what_the_other_copy_wrote_is_not_made_again(world: World) -> None:
    """Found by seed 7000116: a copy that hears of the other's changes before its own are refused."""
    a, b = world.company(2)
    id = shared_client(world, [a, b])
    twin = world.machine()
    twin.take_over(b.kept(), b.identity())
    poison(world, b)
    b.delete("client", id)
    b.round()
    own = new_client(world, twin)
    twin.round(bad(push="garbage"))
    everybody([twin, a, b], 3)
    assert not any(is_alive(node, id) for node in (a, b, twin)) and is_alive(a, own)
    assert [one.body["act"] for one in world.ledger.log].count("client.delete") == 1
    finish(world)


def test_14_restore_then_deletes(world: World) -> None:
    a, b = world.company(2)
    id = shared_client(world, [a, b])
    kept = b.kept()
    a.delete("client", id)
    everybody([a, b])
    b.put_back(kept, in_place=False, with_identity=False)
    assert is_alive(b, id)
    new_client(world, b)
    everybody([b, a])
    assert not is_alive(a, id) and not is_alive(b, id) and not pairs(a)
    finish(world)


@pytest.mark.parametrize("in_place", [True, False])
def test_15_stale_profile_after_reinstall(world: World, in_place: bool) -> None:
    a, b = world.company(2)
    id = shared_client(world, [a, b], note="旧")
    kept = b.kept()
    for note in ("新一", "新二"):
        b.save("client", {"note": note}, id)
        everybody([b, a])
    world.time.pass_ms(60 * DAY_MS)
    b.put_back(kept, in_place=in_place, with_identity=True)
    b.save("client", {"memo": "恢复以后"}, id)
    everybody([b, a])
    assert value(a, id, "note") == value(b, id, "note") == "新二" and value(a, id, "memo") == "恢复以后"
    finish(world)


def test_16_server_restored_to_yesterday(world: World) -> None:
    a, b, c = world.company(3)
    id = shared_client(world, [a, b, c], credit=1)
    world.backup()
    a.save("client", {"credit": 2}, id)
    b.save("client", {"credit": 3}, id)
    extra = [new_client(world, node) for node in (a, b, c)]
    everybody([a, b, c])
    world.restore()
    c.save("client", {"note": "之后"}, id)
    everybody([c, a, b], 4)
    for node in (a, b, c):
        assert all(is_alive(node, one) for one in extra) and value(node, id, "note") == "之后"
        assert [pair["state"] for pair in pairs(node)] == ["open"]
    finish(world)


def test_16_a_data_file_put_back_in_silence(world: World) -> None:
    """A snapshot of the disk instead of `restore`: who was given more says so, and all give back what they have."""
    a, b, c = world.company(3)
    id = shared_client(world, [a, b, c], credit=1)
    world.backup()
    epoch = world.office.store.head().epoch
    a.save("client", {"credit": 2}, id)
    extra = [new_client(world, node) for node in (a, b, c)]
    everybody([a, b, c])
    world.restore(in_silence=True)
    c.save("client", {"note": "之后"}, id)
    everybody([b, c, a], 4)
    assert world.office.store.head().epoch != epoch
    for node in (a, b, c):
        assert all(is_alive(node, one) for one in extra)
        assert value(node, id, "credit") == 2 and value(node, id, "note") == "之后"
        assert not pairs(node)
    finish(world)


def test_16_numbers_that_server_and_machine_have_both_lost(world: World) -> None:
    """Found by seed 5000132: a machine was put back to before a change that the server held and then lost, too."""
    a, b = world.company(2)
    id = shared_client(world, [a, b])
    world.backup()
    kept = b.kept()
    poison(world, b)
    b.round()
    b.put_back(kept, in_place=True, with_identity=True)
    b.save("client", {"note": "其后"}, id)
    b.round()
    world.restore()
    everybody([a, b], 4)
    assert value(a, id, "note") == "其后" and not b.pending()
    finish(world)


def test_16_what_came_back_to_its_author_alone_is_brought_by_him(world: World) -> None:
    """Found by seed 72002997: its number could not be pushed again without the one before, which nobody has now."""
    a, b = world.company(2)
    kept = b.kept()
    poison(world, b)
    id = new_client(world, b)
    world.backup()
    b.round()
    b.put_back(kept, in_place=True, with_identity=False)
    b.round()
    assert is_alive(b, id)
    world.restore()
    everybody([a, b], 4)
    assert is_alive(a, id) and is_alive(b, id) and not b.pending()
    finish(world)


def test_16_first_data_that_reached_into_the_time_that_is_lost(world: World) -> None:
    """Found by seed 73000224: they began anew, but what had come of that time stayed, unlike anybody else's."""
    a, b = world.company(2)
    id = shared_client(world, [a, b])
    world.backup()
    b.save("client", {"note": "之后"}, id)
    extra = [new_client(world, b) for _ in range(3)]
    b.round()
    c = world.join()
    with patch("desktop.sync.rounds.ROW_ITEMS", 1):
        assert (
            c.round(bad(pull=["slow", "slow", "slow", "lost"])) == "unreachable" and c.peer and c.peer.state == "rows"
        )
    assert set(extra).intersection(c.ids("client"))
    world.restore()
    assert c.round() == "ok" and not set(extra).intersection(c.ids("client"))
    everybody([a])
    assert value(c, id, "note") == value(a, id, "note") is None
    everybody([b, c, a])
    assert value(c, id, "note") == "之后" and all(is_alive(c, one) for one in extra)
    finish(world)


def test_16_a_row_told_of_the_time_that_is_lost(world: World) -> None:
    """Found by seed 9502861: a row fetched ahead of the log held what the server alone had said of it."""
    a, b = world.company(2)
    id = shared_client(world, [a, b])
    b.save("person", {"name": "王芳", "client": id}, fresh_id=world.id())
    world.backup()
    b.round()
    a.skew_ms = YEAR_MS  # its stamp is not taken, so the row is fetched at once
    a.reopen()
    a.delete("client", id)
    assert a.round(bad(pull="lost")) == "unreachable" and is_alive(a, id)
    world.restore()
    a.round()
    assert not is_alive(a, id)
    everybody([b, a])
    assert is_alive(a, id) and is_alive(b, id)
    finish(world)


def test_16_back_in_an_epoch_that_was_left_early(world: World) -> None:
    """Found by seed 20001787: the server restored once more holds what this machine had not heard before it left."""
    a, b, c = world.company(3)
    world.backup()
    id = new_client(world, b)
    assert b.round(bad(push="unanswered")) == "unreachable"
    world.backup()
    world.restore(0)
    new_client(world, c)
    everybody([c, a], 2)
    b.round()
    world.restore(1)
    everybody([a])
    assert is_alive(a, id)
    everybody([a, b, c])
    finish(world)


def test_16_back_in_an_epoch_whose_end_was_forgotten(world: World) -> None:
    """Found by seed 20001787: what the first restored server lacked is there again with the second."""
    a, b = world.company(2)
    id = shared_client(world, [a, b], credit=1)
    world.backup()
    for number, node in enumerate((a, b)):
        node.save("client", {"credit": 100 + number}, id)
    everybody([a, b])
    world.backup()
    world.restore(0)
    everybody([a])
    world.restore(1)
    everybody([a])
    assert len(pairs(a)) == 1
    finish(world)


def test_16_what_another_copy_wrote_is_that_copy_s_to_bring_again(world: World) -> None:
    """Found by seed 30002650: offered under the name both once had, it was refused for ever, round after round."""
    _, b = world.company(2)
    new_client(world, b)
    twin, moved = world.machine(), world.machine()
    twin.take_over(b.kept(), b.identity())
    moved.take_over(b.kept(), None)
    world.backup()
    poison(world, twin)
    id = new_client(world, twin)
    twin.round()
    new_client(world, b)
    b.round()
    assert len(b.replicas()) == 2 and is_alive(b, id)
    world.restore()
    before = world.network.calls["push"]
    everybody([twin], 2)
    world.join(moved)
    everybody([moved, b, twin], 3)
    assert world.network.calls["push"] - before < 20 and not b.pending()
    finish(world)


def test_16_nothing_vanishes_while_its_author_is_away(world: World) -> None:
    """Found by seed 4: a machine does not drop what the author has yet to send to the restored server."""
    a, b = world.company(2)
    world.backup()
    id = new_client(world, a)
    everybody([a, b])
    world.restore()
    everybody([b], 4)
    assert is_alive(b, id)
    everybody([a, b])
    assert is_alive(b, id)
    finish(world)


def test_16_a_link_taken_out_before_it_is_made_again(world: World) -> None:
    """Found by seed 5233: who takes a link out comes to the restored server before who had put it in."""
    a, b = world.company(2)
    id = shared_client(world, [a, b])
    world.backup()
    a.save("client", {"tags": a.ids("tag")[:1]}, id)
    everybody([a, b])
    b.skew_ms = HOUR_MS
    b.reopen()
    b.save("client", {"tags": []}, id)
    world.restore()
    everybody([b, b, a, b, a])
    assert not a.station.ask("SELECT 1 FROM client_tags WHERE deleted_at IS NULL")
    finish(world)


def test_16_a_revived_row_that_the_restored_server_has_yet_to_hear_of(world: World) -> None:
    """Found by seed 50000286: what the deletes of a row had seen is known while it waits for the row itself."""
    a, b, c = world.company(3)
    id = shared_client(world, [a, b, c])
    world.backup()
    world.server_skew_ms = -24 * HOUR_MS  # its stamps take the place of all others, so that rows are asked for
    person, other = world.id(), world.id()
    b.save("person", {"name": "王芳", "client": id}, fresh_id=person)
    everybody([b, a])
    world.restore()
    c.save("person", {"name": "李强", "client": id}, fresh_id=other)
    c.round()
    a.delete("client", id)
    everybody([a, c], 3)
    everybody([b, a, c])
    for node in (a, b, c):
        assert is_alive(node, id) and set(node.ids("person")) == {person, other}
    finish(world)


def test_16_an_answer_outlasts_the_restored_server(world: World) -> None:
    """Found by seed 10011: the answer is there before the two edits it chose between; nobody is asked again."""
    a, b, c = world.company(3)
    id = shared_client(world, [a, b, c], credit=1)
    world.backup()
    for number, node in enumerate((a, b)):
        node.save("client", {"credit": 100 + number}, id)
    everybody([a, b, c], 3)
    assert c.take(pairs(c)[0]["id"], "winner")
    everybody([c, a, b])
    world.restore()
    everybody([c, c, a, a, b, b])
    finish(world)
    for node in (a, b, c):
        assert value(node, id, "credit") == 101 and "open" not in [pair["state"] for pair in pairs(node)]


def test_17_empty_server_by_mistake(world: World) -> None:
    a, b = world.company(2)
    id = new_client(world, a)
    before = rows_of_node(world, a)
    real = world.office
    world.office = Office(world.folder / "blank", world.manifest, real.now_ms)
    for node in (a, b):
        node.station.sync.now()
        assert node.round() == "other-company"
    assert world.office.store.is_empty() and rows_of_node(world, a) == before and a.pending() == 1
    world.office.kill()
    world.office = real
    everybody([a, b])
    assert is_alive(b, id)
    finish(world)


def test_18_mass_delete_guard(world: World) -> None:
    a, b = world.company(2)
    ids = [world.id() for _ in range(260)]
    a.write(*(Op("client", id, "ins", {"name": "批量"}) for id in ids))
    everybody([a, b])
    head = world.office.store.head().seq
    b.save("client", {"note": "在用"}, ids[0])
    b.round()
    a.delete("client", *ids[1:])
    assert a.round() == "mass-delete" and world.office.store.head().seq == head + 1
    assert value(a, ids[0], "note") == "在用", "what comes in is not held up"
    a.station.sync.confirm()
    everybody([a, b])
    assert len(b.ids("client")) == 2
    finish(world)


# ---------------------------------------------------------------------------------------------------------- conflicts


def test_19_different_fields_edited(world: World) -> None:
    a, b = world.company(2)
    id = shared_client(world, [a, b])
    a.save("client", {"note": "甲"}, id)
    b.save("client", {"memo": "乙"}, id)
    everybody([a, b])
    assert (value(a, id, "note"), value(a, id, "memo")) == ("甲", "乙") and not pairs(a)
    finish(world)


@pytest.mark.parametrize(("field", "state"), [("credit", "open"), ("visits_note", "auto")])
def test_20_same_field_concurrently(world: World, field: str, state: conflicts.State) -> None:
    column = "credit" if field == "credit" else "note"
    base, mine, theirs = (100, 200, 300) if column == "credit" else ("原", "甲", "乙")
    a, b = world.company(2)
    id = shared_client(world, [a, b], **{column: base})
    a.save("client", {column: mine}, id)
    world.time.pass_ms(1_000)
    b.save("client", {column: theirs}, id)
    everybody([a, b])
    (pair,) = pairs(a)
    assert value(a, id, column) == value(b, id, column) == theirs
    assert (pair["state"], pair["field"]) == (state, column)
    assert str(theirs) in pair["winner_values"] and str(mine) in pair["loser_values"]
    shown = conflicts.listed(a.station.engine, SOMEBODY, {}, state, None, 10)["items"][0]
    assert (shown["base"]["value"], shown["sides"][0]["value"], shown["sides"][1]["value"]) == (base, theirs, mine)
    finish(world)


def test_21_same_field_one_after_the_other_with_a_slow_clock(world: World) -> None:
    a, b = world.company(2)
    id = shared_client(world, [a, b])
    b.skew_ms = -HOUR_MS
    a.save("client", {"credit": 1}, id)
    everybody([a, b])
    b.save("client", {"credit": 2}, id)
    everybody([b, a])
    assert value(a, id, "credit") == 2 and not pairs(a)
    finish(world)


def test_22_same_value_on_both(world: World) -> None:
    a, b = world.company(2)
    id = shared_client(world, [a, b])
    for node in (a, b):
        node.save("client", {"credit": 5, "level": "key"}, id)
    everybody([a, b])
    assert value(a, id, "credit") == 5 and not pairs(a)
    finish(world)


@pytest.mark.parametrize("edits_first", [True, False])
def test_23_edit_against_delete(world: World, edits_first: bool) -> None:
    a, b = world.company(2)
    id = shared_client(world, [a, b])
    a.delete("client", id)
    b.save("client", {"note": "还在用"}, id)
    everybody([b, a] if edits_first else [a, b], 3)
    assert is_alive(a, id) and is_alive(b, id) and value(a, id, "note") == "还在用"
    assert [pair["field"] for pair in pairs(a)] == ["deleted_at"]
    finish(world)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_24_delete_against_delete_by_way_of_a_third(world: World, order: tuple[int, int]) -> None:
    nodes = world.company(3)
    id = shared_client(world, nodes)
    for node in nodes[:2]:
        node.delete("client", id)
    for place in order:
        nodes[place].round()
        nodes[2].round()
    everybody(nodes)
    assert not any(is_alive(node, id) for node in nodes) and not pairs(nodes[2])
    finish(world)


def test_25_resurrected_out_of_order(world: World) -> None:
    """Made, deleted, brought back and changed: in whatever order the pieces come, it lives with the newest values."""
    a, _ = world.company(2)
    id = new_client(world, a, note="一")
    a.delete("client", id)
    a.restore("client", id)
    a.save("client", {"note": "二"}, id)
    a.round()
    pieces = [one for one in world.ledger.log if any(op["id"] == id for op in one.body["ops"])]
    for order in (pieces, pieces[::-1], [pieces[1], pieces[3], pieces[0], pieces[2]]):
        other = world.found_alone()
        for one in order:
            changeset = Changeset.read(one.body)
            other.station.engine.applier.remote(changeset, one.dot.hlc, one.seq)
        assert is_alive(other, id) and value(other, id, "note") == "二"
        assert not other.station.ask("SELECT 1 FROM parked_op")
        other.retire()
    finish(world)


@pytest.mark.parametrize("delete_first", [True, False])
def test_28_parent_deleted_child_added(world: World, delete_first: bool) -> None:
    a, b = world.company(2)
    id = shared_client(world, [a, b])
    other, fresh, call = world.id(), world.id(), world.id()
    a.save("person", {"name": "老联系人", "client": id}, fresh_id=other)
    a.save("call", {"about": "报价", "person": other}, fresh_id=call)
    everybody([a, b])
    a.delete("client", id)
    b.save("person", {"name": "新联系人", "client": id}, fresh_id=fresh)
    everybody([a, b] if delete_first else [b, a], 3)
    for node in (a, b):
        assert is_alive(node, id) and is_alive(node, other, "person") and is_alive(node, fresh, "person")
        assert is_alive(node, call, "call"), "however deep"
        assert [pair["field"] for pair in pairs(node)] == ["deleted_at"]
    finish(world)


def test_29_category_moves_that_close_a_circle(world: World) -> None:
    a, b = world.company(2)
    one, other = world.id(), world.id()
    for id, name in ((one, "一店"), (other, "二店")):
        a.save("branch", {"name": name}, fresh_id=id)
    everybody([a, b])
    a.save("branch", {"above": other}, one)
    b.save("branch", {"above": one}, other)
    everybody([a, b])
    for node in (a, b):
        assert (value(node, one, "above", "branch"), value(node, other, "above", "branch")) == (other, one)
        found = inspect(node.station.engine, lambda done, total: None)
        assert [one.kind for one in found if "绕成了圈" in one.detail] == ["note", "note"]
    assert b.save("branch", {"above": None}, other), "a person cuts it"
    finish(world)


# --------------------------------------------------------------------------------------------------------- quarantine


def new_slip(node: Node, *quantities: int, post: bool = True, **values: Any) -> str:
    """A document with a line for each quantity, at a price of 10."""
    (tag, *_), known = node.ids("tag"), node.ids("slip")
    assert node.sheet(values, [{"tag": tag, "qty": one, "price": 10} for one in quantities], post=post)
    (id,) = set(node.ids("slip")) - set(known)
    return id


def change_slip(node: Node, id: str, *quantities: int, post: bool = True, **values: Any) -> None:
    """Other quantities for the lines there are, and more lines."""
    lines = node.lines(id)
    lines += [{**lines[0], "id": None} for _ in quantities[len(lines) :]]
    given = [line | {"qty": one} for line, one in zip(lines, quantities, strict=False)]
    assert node.sheet(values, given, id, post=post)


def shown(node: Node, id: str) -> tuple[str, int, list[int]]:
    """State, version and quantities that a machine shows."""
    ((state, version),) = node.station.ask("SELECT state, version FROM slip WHERE id = ?", id)
    return state, version, [line["qty"] for line in node.lines(id)]


def in_stock(node: Node) -> tuple[int, int]:
    """How much there is, and what it cost."""
    (row,) = node.station.ask("SELECT COALESCE(sum(on_hand), 0), COALESCE(sum(cost), 0) FROM stock")
    return row[0], row[1]


def veiled(node: Node, column: str) -> list[Any]:
    """Values that wait behind what is shown."""
    return [json.loads(row[0]).get(column) for row in node.station.ask("SELECT data FROM veil ORDER BY id")]


@pytest.mark.parametrize("post_first", [True, False])
def test_32_posted_vs_edited(world: World, post_first: bool) -> None:
    """What was posted stands on all machines; the late edit counts nothing and is not lost."""
    a, b, c = nodes = world.company(3)
    id = new_slip(a, 2, post=False)
    everybody(nodes)
    change_slip(a, id, 3)
    change_slip(b, id, 7, post=False, remark="晚了")
    everybody([a, b, c] if post_first else [b, a, c])
    for node in nodes:
        assert shown(node, id) == ("posted", 1, [3]) and in_stock(node) == (3, 30)
        assert 7 in veiled(node, "qty") and "晚了" in veiled(node, "remark")
    finish(world)


def test_32_a_late_edit_can_be_made_the_next_version(world: World) -> None:
    a, b = nodes = world.company(2)
    id = new_slip(a, 2, post=False)
    everybody(nodes)
    change_slip(a, id, 3)
    change_slip(b, id, 7, post=False)
    everybody(nodes)
    change_slip(b, id, 7)
    everybody(nodes, 3)
    assert shown(a, id) == shown(b, id) == ("posted", 2, [7]) and in_stock(a) == in_stock(b) == (7, 70)
    finish(world)


def test_33_posted_offline_while_the_server_has_the_draft(world: World) -> None:
    a, b = nodes = world.company(2)
    id = new_slip(a, 2, post=False)
    a.round()
    change_slip(a, id, 4)
    b.round()
    assert shown(b, id) == ("draft", 0, [2]) and in_stock(b) == (0, 0)
    change_slip(b, id, 2, post=False, remark="还是草稿")
    b.round()
    everybody(nodes)
    for node in nodes:
        assert shown(node, id) == ("posted", 1, [4]) and in_stock(node) == (4, 40)
    finish(world)


@pytest.mark.parametrize("cancel_first", [True, False])
def test_88_cancel_against_change(world: World, cancel_first: bool) -> None:
    """Cancelled everywhere, what was cancelled is shown, and the change stays in the chain."""
    a, b, c = nodes = world.company(3)
    id = new_slip(a, 2, 5)
    everybody(nodes)
    assert a.cancel(id)
    change_slip(b, id, 2, 9)
    everybody([a, b, c] if cancel_first else [b, a, c])
    for node in nodes:
        assert shown(node, id) == ("cancelled", 1, [2, 5]) and in_stock(node) == (0, 0)
        versions = node.station.ask("SELECT version, state FROM document_version ORDER BY version, state")
        assert [tuple(row) for row in versions] == [(1, "cancelled"), (1, "posted"), (2, "posted")]
    finish(world)


def test_86_one_draft_posted_on_two_machines_counts_once(world: World) -> None:
    a, b, c = nodes = world.company(3)
    id = new_slip(a, 2, post=False)
    everybody(nodes)
    change_slip(a, id, 3)
    change_slip(b, id, 2, 6)
    everybody(nodes, 3)
    (winner,) = {(*shown(node, id)[:2], *shown(node, id)[2]) for node in nodes}
    assert winner in (("posted", 1, 3), ("posted", 1, 2, 6))
    assert {in_stock(node) for node in nodes} == {(sum(winner[2:]), 10 * sum(winner[2:]))}
    assert len(c.station.ask("SELECT 1 FROM document_version")) == 2
    finish(world)


def test_costs_of_the_keeper_arrive_everywhere(world: World) -> None:
    """Who does not keep the books shows no cost until the keeper has seen the document."""
    a, b, c = nodes = world.company(3)
    assert a.code == "A1"
    for quantity in (4, 4):
        new_slip(b, quantity)
    out = new_slip(c, 2, kind="out")
    everybody([b, c])
    assert in_stock(b)[1] == in_stock(c)[1] == 0 and not b.station.ask("SELECT 1 FROM slip_cost")
    everybody(nodes)
    assert {in_stock(node) for node in nodes} == {(6, 60)}
    assert [value(node, out, "cost", "slip") for node in nodes] == [20, 20, 20]
    finish(world)


def test_costs_are_caught_up_with_by_a_machine_that_comes_to_keep_the_books(world: World) -> None:
    """What was posted meanwhile is booked at its next start, and again for a later version."""
    (a,) = world.company(1)
    with a.station.db.write() as db:
        db.execute("UPDATE sync_self SET code = 'A9'")
    id = new_slip(a, 4)
    change_slip(a, id, 5)
    assert in_stock(a) == (5, 0)
    with a.station.db.write() as db:
        db.execute("UPDATE sync_self SET code = 'A1'")
    a.catch_up()
    assert in_stock(a) == (5, 50)
    finish(world)


def test_30_a_version_that_comes_before_its_lines(world: World) -> None:
    """Whatever order it comes in: nobody sees half a document, and all is there in the end."""
    a, b = world.company(2)
    with patch("desktop.engine.apply.ROWS_MAX", 1):
        id = new_slip(a, 2, 5)
    a.round()
    parts = [one for one in world.ledger.log if one.body["ops"][0]["t"] in ("slip", "slip_line", "document_version")]
    assert [one.body["ops"][0]["t"] for one in parts] == ["slip", "slip_line", "slip_line", "document_version"]
    for one in reversed(parts):
        b.station.engine.applier.remote(Changeset.read(one.body), one.dot.hlc, one.seq)
        check_reader(b)
    assert shown(b, id) == ("posted", 1, [2, 5])
    b.refresh()
    finish(world)


def test_digests_are_of_what_was_merged(world: World) -> None:
    """Machines that hold the same writes have equal digests, whatever stands before them."""
    a, b = nodes = world.company(2)
    id = new_slip(a, 2, 5, post=False)
    everybody(nodes)
    change_slip(a, id, 3)
    change_slip(b, id, 7, 8, post=False)
    everybody(nodes)
    assert veiled(a, "qty")
    assert manifest.digests(a.station.engine, "all") == manifest.digests(b.station.engine, "all")
    before = manifest.digests(a.station.engine, "all")["slip_line"]
    (line,) = (line["id"] for line in a.lines(id))
    a.write(Op("slip_line", line, "upd", {"qty": 9}))
    assert shown(a, id) == ("posted", 1, [3]) and manifest.digests(a.station.engine, "all")["slip_line"] != before
    finish(world)


def poison(world: World, node: Node) -> str:
    """A client in a changeset the server cannot accept; here it is an ordinary record."""
    id = world.id()
    node.write(Op("client", id, "ins", {"name": "坏", "memo": 5}))
    return id


# ---------------------------------------------------------------------------------------------------------- mergers


def merge(node: Node, loser: str, winner: str) -> None:
    assert node.work(lambda station, somebody: merging.merge(station.engine, somebody, "client", winner, [loser], {}))


def split(node: Node, *losers: str) -> None:
    assert node.work(lambda station, somebody: merging.unmerge(station.engine, somebody, "client", losers))


def new_person(world: World, node: Node, client: str) -> str:
    """A person of a client, under a name of his own."""
    id = world.id()
    assert node.save("person", {"name": f"人{id[-6:]}", "client": client}, fresh_id=id)
    return id


def people_of(node: Node, client: str) -> set[str]:
    """The persons that the related tab of a client shows."""
    query = Query(fixed={"client": client}, limit=100)
    return {row["id"] for row in lists.page(node.station.engine, SOMEBODY, "person", query)["rows"]}


def listed(node: Node) -> set[str]:
    page = lists.page(node.station.engine, SOMEBODY, "client", Query(limit=100), frozenset(("rows", "total")))
    assert page["total"] == len(page["rows"])
    return {row["id"] for row in page["rows"]}


def means(node: Node, id: str) -> str:
    with node.station.db.read() as db:
        return aliases.winner_of(db, "client", id)


def test_38_the_same_client_at_two_branches(world: World) -> None:
    """Both stay until a person merges; then all is shown with the winner, and unmerging gives both back."""
    a, b = world.company(2)
    one, two = new_client(world, a), new_client(world, b)
    first, second = new_person(world, a, one), new_person(world, b, two)
    everybody((a, b))
    assert {one, two} <= listed(a) == listed(b)
    merge(a, two, one)
    everybody((a, b))
    for node in (a, b):
        assert one in listed(node) and two not in listed(node)
        assert people_of(node, one) == people_of(node, two) == {first, second}
        assert value(node, second, "client", "person") == two, "the reference stays as its author wrote it"
    split(b, two)
    everybody((a, b))
    for node in (a, b):
        assert {one, two} <= listed(node)
        assert (people_of(node, one), people_of(node, two)) == ({first}, {second})
    finish(world)


def test_39_a_late_child_of_a_merged_loser(world: World) -> None:
    """A third machine, offline, goes on using the loser."""
    a, b, c = world.company(3)
    one, two = shared_client(world, (a, b, c)), shared_client(world, (a, b, c))
    merge(a, two, one)
    late = new_person(world, c, two)
    assert c.save("client", {"note": "离线时改的"}, id=two)
    everybody((a, b, c))
    for node in (a, b, c):
        assert people_of(node, one) == {late} and value(node, late, "client", "person") == two
        assert means(node, two) == one and value(node, two, "note") == "离线时改的"
    split(a, two)
    everybody((a, b, c))
    assert all(people_of(node, two) == {late} and people_of(node, one) == set() for node in (a, b, c))
    finish(world)


@pytest.mark.parametrize("late", [False, True])
def test_40_merged_both_ways_at_the_same_time(world: World, late: bool) -> None:
    """The smallest id wins on every machine, nothing loops, and unmerging gives both back."""
    a, b, c = world.company(3)
    one, two = (shared_client(world, (a, b, c)) for _ in range(2))
    merge(a, one, two)
    merge(b, two, one)
    if late:
        a.round()
        c.round()
        assert means(c, one) == two
    everybody((a, b, c))
    winner, loser = sorted((one, two))
    for node in (a, b, c):
        assert (means(node, loser), means(node, winner)) == (winner, winner)
        assert winner in listed(node) and loser not in listed(node)
    split(c, loser)
    everybody((a, b, c))
    assert all({one, two} <= listed(node) for node in (a, b, c))
    assert all(node.station.ask("SELECT count(*) FROM alias_of")[0][0] == 0 for node in (a, b, c))
    finish(world)


def test_40_a_circle_of_three_and_a_chain_into_it(world: World) -> None:
    nodes = world.company(4)
    ids = sorted(shared_client(world, nodes) for _ in range(4))
    one, two, three, four = ids
    for node, (loser, winner) in zip(nodes, ((one, two), (two, three), (three, one), (four, two)), strict=True):
        merge(node, loser, winner)
    everybody(nodes)
    assert all({means(node, id) for id in ids} == {one} for node in nodes)
    assert all(listed(node) & set(ids) == {one} for node in nodes)
    finish(world)


def test_40_merged_into_two_winners(world: World) -> None:
    """The later merger counts everywhere; the other one is told."""
    a, b = world.company(2)
    one, two, three = (shared_client(world, (a, b)) for _ in range(3))
    merge(a, three, one)
    world.time.now_ms += 1_000
    merge(b, three, two)
    everybody((a, b))
    assert means(a, three) == means(b, three) == two
    finish(world)


@pytest.mark.parametrize("delete_first", [True, False])
def test_40_a_winner_that_is_deleted_where_nobody_knew_of_the_merger_comes_back(
    world: World, delete_first: bool
) -> None:
    a, b = world.company(2)
    one, two = (shared_client(world, (a, b)) for _ in range(2))
    assert a.delete("client", one)
    merge(b, two, one)
    everybody((a, b) if delete_first else (b, a))
    for node in (a, b):
        assert is_alive(node, one) and is_alive(node, two) and one in listed(node)
    finish(world)


def test_40_a_winner_takes_the_merged_along_and_brings_them_back(world: World) -> None:
    a, b = world.company(2)
    one, two = (shared_client(world, (a, b)) for _ in range(2))
    person = new_person(world, a, two)
    merge(a, two, one)
    everybody((a, b))
    assert b.delete("client", one)
    everybody((a, b))
    assert not any(is_alive(node, id) for node in (a, b) for id in (one, two))
    assert not any(is_alive(node, person, "person") for node in (a, b))
    assert a.restore("client", one)
    everybody((a, b))
    assert all(people_of(node, one) == {person} and two not in listed(node) for node in (a, b))
    finish(world)


def test_41_two_records_with_one_code(world: World) -> None:
    """Both keep it, both can be used, and both are proposed; who is told apart is so everywhere."""
    a, b = world.company(2)
    one, two = new_client(world, a), new_client(world, b)
    for node, id in ((a, one), (b, two)):
        before = value_hash(value(node, id, "code"))
        assert node.write(Op("client", id, "upd", {"code": "SKU-1"}, {"code": before}))
    everybody((a, b))
    for node in (a, b):
        assert [value(node, id, "code") for id in (one, two)] == ["SKU-1", "SKU-1"]
        found = duplicates.groups(node.station.engine, SOMEBODY, "client")["groups"]
        assert {row["id"] for group in found for row in group["rows"]} >= {one, two}
    assert a.work(lambda station, somebody: duplicates.dismiss(station.engine, somebody, "client", [one, two]))
    everybody((a, b))
    assert not any(duplicates.groups(node.station.engine, SOMEBODY, "client")["total"] for node in (a, b))
    finish(world)


def test_42_a_delete_covers_what_lost_only_here(world: World) -> None:
    """Found by seed 8000293: the own higher rank is set aside with the change it hangs on, the own lower one counts."""
    a, b = world.company(2)
    id = shared_client(world, [a, b], level="new")
    needed = poison(world, b)
    hangs = Op("client", needed, "upd", {"note": "一起"}, {"note": value_hash(None)})
    b.write(Op("client", id, "upd", {"level": "key"}, {"level": value_hash("new")}), hangs)
    b.write(Op("client", id, "upd", {"level": "active"}, {"level": value_hash("key")}))
    b.delete("client", id)
    everybody([b, a], 3)
    assert not is_alive(a, id) and not is_alive(b, id)
    finish(world)


def test_42_a_delete_covers_what_a_refused_edit_hid(world: World) -> None:
    """Found by seed 30002689: who deletes had overwritten what a colleague wrote, by an edit that was set aside."""
    a, b = world.company(2)
    id = shared_client(world, [a, b])
    a.save("client", {"note": "甲"}, id)
    everybody([a, b])
    needed = poison(world, b)
    hangs = Op("client", needed, "upd", {"note": "一起"}, {"note": value_hash(None)})
    b.write(Op("client", id, "upd", {"note": "乙"}, {"note": value_hash("甲")}), hangs)
    b.delete("client", id)
    everybody([b, a], 3)
    assert not is_alive(a, id) and not is_alive(b, id)
    finish(world)


def test_42_poison_changeset(world: World) -> None:
    a, b = world.company(2)
    for number in range(50):
        poison(world, a) if number == 2 else new_client(world, a)
    a.round()
    b.round()
    assert states(a).count("rejected") == 1 and len(b.ids("client")) == 50
    assert [one.reason for one in world.office.store.quarantined()] == ["wrong-type: client.memo"]
    finish(world)


@pytest.mark.parametrize("answer", ["retry", "discard"])
def test_43_dependents_of_a_quarantined_row(world: World, answer: str) -> None:
    a, b = world.company(2)
    id, person = poison(world, a), world.id()
    a.save("person", {"name": "王芳", "client": id}, fresh_id=person)
    a.round()
    assert [one.status for one in world.office.store.quarantined()] == ["quarantined", "depends"]
    for replica, n in a.rejected()[: 1 if answer == "retry" else 2]:
        getattr(a, answer)(replica, n)
    everybody([a, b])
    assert [is_alive(b, id), is_alive(b, person, "person")] == [answer == "retry"] * 2
    assert not a.station.ask("SELECT 1 FROM parked_op")
    finish(world)


def test_43_a_second_try_under_an_earlier_stamp(world: World) -> None:
    """Found by seed 2464: the clock ran ahead when the first try was made, and has been put right since."""
    a, b = world.company(2)
    a.skew_ms = 5 * YEAR_MS
    id = poison(world, a)
    new_client(world, a)
    a.round()
    assert a.retry(*a.rejected()[0])
    everybody([a, b])
    assert is_alive(b, id)
    finish(world)


def test_43_a_second_try_stays_when_the_server_does_not_have_it_yet(world: World) -> None:
    """A row that is fetched while only an own change makes it, which is still on its way."""
    a, b = world.company(2)
    id = poison(world, a)
    a.round()
    assert a.retry(*a.rejected()[0])
    reception.take_wanted(a.station.engine, "client", [id], [])
    assert is_alive(a, id)
    everybody([a, b])
    assert is_alive(a, id) and is_alive(b, id)
    finish(world)


@pytest.mark.parametrize("fault", [None, "garbage", "shortened"])
def test_44_upload_stuck_downloads_flow(world: World, fault: Fault | None) -> None:
    """The server accepts nothing of a machine, or its answers to pushes are spoilt: what colleagues do still comes."""
    a, b = world.company(2)
    id = new_client(world, b)
    b.round()
    poison(world, a) if fault is None else new_client(world, a)
    assert a.round(bad(push=fault) if fault else None) == ("protocol" if fault else "ok")
    assert is_alive(a, id)
    finish(world)


def test_45_ack_lost_forever(world: World) -> None:
    a, b = world.company(2)
    id = new_client(world, a)
    for _ in range(6):
        assert a.round(bad(push="unanswered")) == "unreachable"
    a.reopen()
    assert a.pending() == 1
    a.round()
    assert a.pending() == 0
    b.round()
    assert is_alive(b, id) and len([one for one in world.ledger.log if one.body["ops"][0]["id"] == id]) == 1
    finish(world)


# ------------------------------------------------------------------------------------------------------------ versions


def older() -> Registry:
    """The program of last year: clients had no `memo` yet, and there were no calls."""
    fields = {name: one for name, one in client.fields.items() if name != "memo"}
    tabs = tuple(replace(tab, fields=tab.fields.replace(" memo", "")) for tab in client.tabs)
    before = replace(client, fields=fields, tabs=tabs)
    kept = [replace(one, children="") if one.name == "person" else one for one in MODULES if one.name != "call"]
    return Registry(CHAPTERS, [before if one is client else one for one in kept], ledgers=LEDGERS)


def old_pair(world: World) -> tuple[Node, Node, str]:
    """A machine of today, one of last year, and a client both have."""
    a = world.company(1)[0]
    b = world.join(modules=older())
    id = shared_client(world, [a, b])
    b.round()
    return a, b, id


def test_54_old_client_new_column(world: World) -> None:
    a, b, id = old_pair(world)
    a.save("client", {"memo": "新栏"}, id)
    everybody([a, b])
    assert b.station.ask("SELECT reason FROM parked_op")[0][0] == "unknown-column"
    b.reopen(world.modules)
    assert value(b, id, "memo") == "新栏"
    finish(world)


def test_55_old_client_new_table(world: World) -> None:
    a, b, id = old_pair(world)
    person, call = world.id(), world.id()
    a.save("person", {"name": "王芳", "client": id}, fresh_id=person)
    a.save("call", {"about": "报价", "person": person}, fresh_id=call)
    a.save("call", {"about": "回访"}, call)
    everybody([a, b])
    peer = b.peer
    assert peer is not None and peer.cursor == world.office.store.head().seq
    b.reopen(world.modules)
    assert value(b, call, "about", "call") == "回访"
    finish(world)


def test_56_old_client_writes_row_with_new_fields(world: World) -> None:
    a, b, id = old_pair(world)
    a.save("client", {"memo": "新栏"}, id)
    everybody([a, b])
    b.save("client", {"name": "改名"}, id)
    everybody([b, a])
    assert (value(a, id, "name"), value(a, id, "memo")) == ("改名", "新栏")
    b.reopen(world.modules)
    assert value(b, id, "memo") == "新栏"
    finish(world)


HOSTILE = ('a" , "b', "select", "x'; DROP TABLE client; --", "Name", "rowid")


def test_57_hostile_identifiers(world: World) -> None:
    a, b = world.company(2)
    id = shared_client(world, [a, b])
    told = manifest.build(world.modules)
    column = {"type": "TEXT", "merge": "lww"}
    told["tables"]["client"]["fields"] |= dict.fromkeys(HOSTILE, column)
    told["tables"] |= dict.fromkeys(HOSTILE, told["tables"]["tag"])
    world.office.restart(read_manifest(told))
    tables = b.station.ask("SELECT name, sql FROM sqlite_master ORDER BY name")
    a.write(Op("client", id, "upd", {"note": "好", **dict.fromkeys(HOSTILE, "坏")}))
    for name in HOSTILE:
        a.write(Op(name, world.id(), "ins", {"name": "坏"}))
    everybody([a, b])
    assert states(a)[-1] == "acked" and value(b, id, "note") == "好"
    assert [tuple(row) for row in b.station.ask("SELECT name, sql FROM sqlite_master ORDER BY name")] == [
        tuple(row) for row in tables
    ]
    parked = {(row[0], row[1]) for row in b.station.ask("SELECT t, f FROM parked_op")}
    assert {f for t, f in parked if t == "client"} == set(HOSTILE) and {t for t, f in parked} == {"client", *HOSTILE}


def test_58_default_values_do_not_beat_edits(world: World) -> None:
    """Rows that ship with the program have clock zero: whoever edits or deletes them wins, whoever comes later."""
    a, b = world.company(2)
    vip, slow = sorted(a.ids("tag"))
    a.save("tag", {"name": "改过"}, vip)
    a.delete("tag", slow)
    a.round()
    late = world.join()
    everybody([late, b])
    for node in (b, late):
        assert value(node, vip, "name", "tag") == "改过" and not is_alive(node, slow, "tag")
        node.reopen()  # what ships is offered again at each start
        assert value(node, vip, "name", "tag") == "改过" and not is_alive(node, slow, "tag") and not pairs(node)
    finish(world)


# ---------------------------------------------------------------------------------------------- first data and replays


def test_60_first_sync_cut_repeatedly(world: World) -> None:
    a = world.company(1)[0]
    a.write(*(Op("client", world.id(), "ins", {"name": f"客户{number}"}) for number in range(200)))
    for number in range(60):
        new_client(world, a, visits=number)
    a.round()
    with patch("desktop.sync.rounds.ROW_ITEMS", 10):
        late = world.join()
        cursors, pulls = [0], world.network.calls["pull"]
        for _ in range(20):
            late.round(Weather(random.Random(SEED), 0.0, planned={"pull": ["slow", "slow", "cut"]}))
            peer = late.peer
            assert peer is not None
            cursors.append(peer.cursor)
            if peer.state == "log":
                break
    assert cursors == sorted(cursors) and peer is not None and peer.state == "log"
    assert world.network.calls["pull"] - pulls < 45, "never again from the beginning"
    assert len(late.ids("client")) == 261
    finish(world)


def test_62_own_rows_after_reinstalling(world: World) -> None:
    a, b = world.company(2)
    own = [new_client(world, b) for _ in range(3)]
    everybody([b, a])
    b.retire()
    again = world.join()
    again.round()
    assert all(is_alive(again, id) for id in own)
    finish(world)


def test_64_first_data_and_log_replayed_twice(world: World) -> None:
    a, b = world.company(2)
    id = shared_client(world, [a, b])
    a.save("client", {"credit": 1}, id)
    b.save("client", {"credit": 2}, id)
    b.delete("tag", b.ids("tag")[0])
    everybody([a, b], 3)
    late = world.join()
    late.round()
    before = rows_of_node(world, late)
    for _ in range(2):
        with late.station.db.write() as db:
            db.execute("UPDATE sync_peer SET cursor = 0, state = 'rows'")
        late.round()
        assert rows_of_node(world, late) == before
        check_replay(world, late)
    finish(world)


# ------------------------------------------------------------------------------------------------ answers to conflicts


def conflict_of(world: World, nodes: Sequence[Node]) -> tuple[str, str]:
    """A client with one open conflict, known everywhere: (client, conflict)."""
    id = shared_client(world, nodes, credit=1)
    for number, node in enumerate(nodes[:2]):
        node.save("client", {"credit": 100 + number}, id)
    everybody(nodes, 3)
    (pair,) = pairs(nodes[0])
    return id, str(pair["id"])


@pytest.mark.parametrize("answers", [("winner", "winner"), ("winner", "loser"), ("loser", "loser")])
def test_68_conflict_of_a_conflict(world: World, answers: tuple[conflicts.Take, conflicts.Take]) -> None:
    a, b = world.company(2)
    id, pair = conflict_of(world, [a, b])
    for node, answer in zip((a, b), answers, strict=True):
        assert node.take(pair, answer)
    everybody([a, b], 3)
    assert value(a, id, "credit") == value(b, id, "credit")
    assert [one["state"] in ("kept", "swapped") for one in pairs(a)] == [True]
    finish(world)


def test_69_conflict_storm(world: World) -> None:
    many = 300
    a, b = world.company(2)
    ids = sorted(world.id() for _ in range(many))
    a.write(*(Op("client", id, "ins", {"name": "批量"}) for id in ids))
    everybody([a, b])
    a.change("client", ids, {"credit": 1})
    b.change("client", ids, {"credit": 2})
    everybody([a, b])
    found = [pair["id"] for pair in pairs(a)]
    assert len(found) == many and {pair["record"] for pair in pairs(a)} == set(ids)
    told: list[dict[str, Any]] = []
    a.work(lambda station, who: told.append(conflicts.take_many(station.engine, who, found, "loser")))
    assert told == [{"done": many, "refused": []}]
    everybody([a, b])
    assert {value(b, id, "credit") for id in ids} == {1} and {pair["state"] for pair in pairs(b)} == {"swapped"}
    finish(world)


# --------------------------------------------------------------------------------------------------- people meanwhile


def test_75_out_of_band_write(world: World) -> None:
    a, b = world.company(2)
    id = shared_client(world, [a, b], note="原")
    before = manifest.digests(a.station.engine, "all")
    with closing(sqlite3.connect(a.station.path)) as tool:
        for statement in ("UPDATE client SET note = 'x'", "DELETE FROM client", "UPDATE row_clock SET hlc = 1"):
            with pytest.raises(sqlite3.Error):
                tool.execute(statement)
    assert manifest.digests(a.station.engine, "all") == before == manifest.digests(b.station.engine, "all")
    with closing(sqlite3.connect(a.station.path, isolation_level=None)) as tool:
        for (name,) in tool.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            tool.execute(f"DROP TRIGGER {name}")
        tool.execute("UPDATE client SET note = '绕过程序' WHERE id = ?", (id,))
    assert manifest.digests(a.station.engine, "all") != before


def test_76_checksum_drift() -> None:
    """One row and its clock altered, another lost: exactly these are fetched."""
    with world_of(SEED, may_mend=True) as world:
        a, b = world.company(2)
        ids = [shared_client(world, [a, b], note="原") for _ in range(12)]
        with a.station.db.write() as db, a.station.db.unguarded():
            db.execute("UPDATE client SET note = '走样' WHERE id = ?", (ids[0],))
            db.execute("UPDATE row_clock SET hlc = hlc + 1 WHERE id = ?", (ids[0],))
            for table, column in (("client", "id"), ("row_clock", "id")):
                db.execute(f"DELETE FROM {table} WHERE {column} = ?", (ids[1],))
            db.execute("UPDATE checksum SET sum = '0' WHERE t = 'client'")
        fetched: list[str] = []
        serve = world.network.serve

        def watched(environ: Any) -> Any:
            body = json.loads(environ["sim.body"]) if environ["PATH_INFO"].endswith("/rows") else {}
            fetched.extend(body.get("ids", []))
            return serve(environ)

        world.network.serve = watched
        a.station.sync.now()
        a.round()
        assert sorted(fetched) == sorted(ids[:2])
        assert value(a, ids[0], "note") == value(a, ids[1], "note") == "原"
        world.settle()
        check_all(world)


def test_77_sync_while_the_user_edits_all_the_time(world: World) -> None:
    """Every call meets a fresh edit; the round ends all the same, and the next quiet one has it all."""
    a, b = world.company(2)
    id = shared_client(world, [a, b])
    for _ in range(30):
        new_client(world, b)
    b.round()
    count = 0

    def edit(chance: random.Random) -> None:
        nonlocal count
        count += 1
        if count > 400:
            raise AssertionError("the round does not end")
        a.save("client", {"note": str(count)}, id)

    with patch("desktop.sync.rounds.LOG_ITEMS", 3):
        a.reopen()
        assert a.round(Weather(random.Random(1), 1.0, ("before", "after"), meanwhile=edit)) == "ok"
    assert a.station.sync.status()["as_of"] and len(a.ids("client")) == 32
    finish(world)
    assert value(b, id, "note") == str(count)


@pytest.mark.parametrize(
    "text", ["😀🏴‍☠️ 𠮷野家", "a\u0301é", "עברית", "行一\n行二\t末", "'; --", "０１２３ＡＢＣ", " ", "长" * 5_000]
)
def test_80_precision_of_texts(world: World, text: str) -> None:
    a, b = world.company(2)
    id = shared_client(world, [a, b], note=text)
    assert value(b, id, "note") == value(a, id, "note")
    assert value(a, id, "note") == (text if text.strip() else None)
    finish(world)


@pytest.mark.parametrize("number", [(1 << 53) + 1, (1 << 62) + 3, (1 << 63) - 1, -(1 << 53) - 1, 0])
def test_80_precision_of_numbers(world: World, number: int) -> None:
    a, b = world.company(2)
    id = world.id()
    a.write(Op("client", id, "ins", {"name": "大数", "visits": number}))
    a.write(Op("client", world.id(), "ins", {"name": "零\x00字节", "note": "a\x00b"}))
    everybody([a, b])
    assert value(b, id, "visits") == number
    assert sorted(map(tuple, b.station.ask("SELECT name, note, hex(note) FROM client"))) == sorted(
        map(tuple, a.station.ask("SELECT name, note, hex(note) FROM client"))
    )
    finish(world)


def test_83_user_edits_a_row_while_pull_is_applying_it(world: World) -> None:
    a, b = world.company(2)
    id = shared_client(world, [a, b])
    b.save("client", {"credit": 2, "note": "乙"}, id)
    b.round()

    def edit(chance: random.Random) -> None:
        a.save("client", {"credit": 3}, id)

    a.round(Weather(planned={"pull": ["after"]}, meanwhile=edit))
    assert (value(a, id, "credit"), value(a, id, "note")) == (3, "乙") and a.pending() == 1
    assert not pairs(a), "the server judges"
    everybody([a, b])
    assert [pair["field"] for pair in pairs(a)] == ["credit"] and value(b, id, "credit") == 3
    finish(world)


@pytest.mark.parametrize("how", ["cut", "shortened", "garbage", "gateway", "unanswered"])
@pytest.mark.parametrize("seed", range(4))
def test_84_server_answers_partially(world: World, how: Fault, seed: int) -> None:
    a, b = world.company(2)
    ids = [new_client(world, b) for _ in range(8)]
    b.round()
    before, peer = rows_of_node(world, a), a.peer
    assert a.round(Weather(random.Random(seed), planned={"pull": [how]})) in ("unreachable", "protocol")
    assert rows_of_node(world, a) == before and a.peer == peer
    a.round()
    assert all(is_alive(a, id) for id in ids)
    finish(world)


# ------------------------------------------------------------------------------------------- the contents of files


CONTENT = b"twenty bytes of text"
"""Three parts."""


@pytest.fixture
def filing() -> Iterator[World]:
    """A world in which files travel in parts of eight bytes."""
    with world_of(SEED, SMALL_PARTS) as made:
        yield made


def finish_files(world: World) -> None:
    world.settle()
    check_contents(world)
    check_all(world, deep=True)


def attached(world: World, node: Node, content: bytes = CONTENT) -> str:
    """A client with a file; the hash of its content."""
    assert node.attach("client", new_client(world, node), content)
    return hash_of(content)


def on_server(world: World) -> set[str]:
    return set(contents_in(world.office.files.folder))


def said_of(node: Node, sha256: str) -> str:
    rows = [dict(row) for row in node.station.ask("SELECT sha256, size, 'A1' AS machine FROM attachment")]
    return str(node.station.files.states(rows)[sha256]["words"])


def opens(node: Node, sha256: str) -> bool:
    """Whether a file is here after somebody opened it."""
    node.open_all()
    node.move()
    return sha256 in node.contents()


@pytest.mark.parametrize("fault", ["lost", "unanswered", "gateway", "garbage", "server-crash", "twice"])
@pytest.mark.parametrize("call", ["blob_head", "blob_put"])
def test_44_rows_flow_while_a_content_is_stuck(filing: World, call: str, fault: Fault) -> None:
    a, b = filing.company(2)
    sha256 = attached(filing, a)
    a.round()
    for _ in range(3):
        a.move(bad(**{call: fault}))
        filing.time.pass_ms(HOUR_MS)
        id = new_client(filing, a)
        assert a.round() == "ok" and a.pending() == 0
        b.round()
        assert is_alive(b, id)
    a.move()
    assert opens(b, sha256)
    finish_files(filing)


def test_a_content_goes_on_after_kills_at_every_call(filing: World) -> None:
    """Both machines end before or after each call they make; what was brought is not brought again."""
    a, b = filing.company(2)
    sha256 = attached(filing, a)
    a.round()
    b.round()
    for call in range(1, 6):
        a.crash_at_call(2 * call, a.move)
        b.open_all()
        b.crash_at_call(1 + call % 3, b.move)
        filing.time.pass_ms(HOUR_MS)
    puts = filing.network.calls["blob_put"]
    assert sha256 in on_server(filing) and puts <= 5
    assert opens(b, sha256) and b.contents()[sha256] == CONTENT
    finish_files(filing)


def test_a_kill_after_a_content_came_and_before_that_was_noted(filing: World) -> None:
    a, b = filing.company(2)
    sha256 = attached(filing, a)
    a.round()
    a.move()
    b.round()
    b.open_all()
    b.crash(1, b.move)
    for statement in range(2, 12):
        b.open_all()
        b.crash(statement, b.move)
    asked = filing.network.calls["blob_get"]
    assert opens(b, sha256) and filing.network.calls["blob_get"] <= asked + 3
    assert not list((b.station.blobs.folder / "incoming").iterdir())
    finish_files(filing)


@pytest.mark.parametrize("fault", ["cut", "shortened", "garbage", "unanswered"])
def test_71_a_content_that_comes_spoilt_is_never_shown(filing: World, fault: Fault) -> None:
    a, b = filing.company(2)
    sha256 = attached(filing, a)
    a.round()
    a.move()
    b.round()
    for seed in range(4):
        b.open_all()
        b.move(replace(bad(blob_get=[fault]), chance=random.Random(seed)))
        assert b.contents().get(sha256, CONTENT) == CONTENT
        filing.time.pass_ms(HOUR_MS)
    assert opens(b, sha256) or opens(b, sha256)  # what spoilt bytes began is thrown away first
    finish_files(filing)


def test_72_what_a_turned_out_machine_never_brought_is_said_to_be_missing(filing: World) -> None:
    """Its rows are everywhere, one content went up whole, of the other only a part."""
    a, b, c = filing.company(3)
    safe = attached(filing, b, b"safe")
    b.round()
    b.move()
    lost = attached(filing, b)
    b.round()
    b.crash_at_call(6, b.move)
    identity = b.identity()
    assert identity is not None
    filing.office.store.revoke(identity.machine, filing.office.now_ms())
    assert b.round() == "revoked" and b.is_gone and not b.contents()
    everybody([a, c])
    for one in (a, c):
        assert opens(one, safe) and not opens(one, lost)
        assert said_of(one, lost) == "来源缺失（在设备 A1 上）"
    id = new_client(filing, c)
    everybody([a, c])
    assert is_alive(a, id)
    finish_files(filing)


def test_16_what_a_server_lost_is_known_whatever_the_lots(filing: World) -> None:
    """Seed 85002633: a content that was drawn once for the disk and once for the ledger counted as acknowledged."""
    (a,) = filing.company(1)
    every = {attached(filing, a, bytes([place])) for place in range(4)}
    a.round()
    a.move()
    lots = iter([True, False, True, False, False, True, False, True])
    filing.lose_contents(lambda sha256: next(lots))
    assert on_server(filing) == every - filing.ledger.contents_lost and len(on_server(filing)) == 2


def test_16_a_server_restored_without_contents_gets_them_from_whoever_has_them(filing: World) -> None:
    """The author of one has lost it meanwhile; another machine, that once opened it, still has it."""
    a, b = filing.company(2)
    opened, kept = attached(filing, a, b"opened by the other"), attached(filing, a)
    a.round()
    a.move()
    b.round()
    assert opens(b, opened)
    filing.backup()
    late = attached(filing, b, b"after the backup")
    b.round()
    b.move()
    assert on_server(filing) == {opened, kept, late} == filing.ledger.acknowledged
    filing.restore()
    filing.lose_contents()
    a.station.blobs.path(opened).unlink()
    everybody([a, b])
    for node in (a, b):
        node.move()
    assert on_server(filing) == {opened, kept, late}
    finish_files(filing)


def test_12_restored_data_that_forgot_a_content_still_bring_it(filing: World) -> None:
    """The row went out, the content did not; then a backup of the time before takes the place of the data."""
    a, b = filing.company(2)
    kept = a.kept()
    sha256 = attached(filing, a)
    assert a.round() == "ok"
    a.put_back(kept, in_place=False, with_identity=False)
    finish_files(filing)
    assert sha256 in on_server(filing) and sha256 in b.contents()


def test_13_a_clone_brings_what_its_twin_was_about_to(filing: World) -> None:
    a, b = filing.company(2)
    sha256 = attached(filing, a)
    a.round()
    twin = filing.machine()
    twin.take_over(a.kept(), None)
    a.station.blobs.path(sha256).unlink()
    filing.join(twin)
    twin.round()
    twin.move()
    b.round()
    assert opens(b, sha256)
    finish_files(filing)


def test_82_one_content_from_two_machines_at_once(filing: World) -> None:
    """While the first brings its parts the second does so, too; one takes its file away again."""
    a, b = filing.company(2)
    sha256 = attached(filing, a)
    assert attached(filing, b) == sha256
    everybody([a, b])

    def meanwhile(chance: random.Random) -> None:
        b.move(bad(blob_put="unanswered"))

    a.move(replace(bad(blob_put=["before", "after"]), meanwhile=meanwhile))
    filing.time.pass_ms(HOUR_MS)
    (id,) = [row[0] for row in a.station.ask("SELECT id FROM attachment WHERE machine = (SELECT code FROM sync_self)")]
    assert a.detach(id)
    everybody([a, b])
    assert on_server(filing) == {sha256} and opens(a, sha256)
    finish_files(filing)


def test_a_file_replaced_on_two_machines_leaves_both_contents(filing: World) -> None:
    """Each takes away the file that was there and adds its own."""
    a, b = filing.company(2)
    client_id = shared_client(filing, [a, b])
    assert a.attach("client", client_id, CONTENT, "image")
    everybody([a, b])
    for node, content in ((a, b"picture of a"), (b, b"picture of b")):
        assert node.detach(node.ids("attachment")[0]) and node.attach("client", client_id, content, "image")
    everybody([a, b])
    assert set(a.wanted()) == set(b.wanted()) == {hash_of(b"picture of a"), hash_of(b"picture of b")}
    finish_files(filing)


def test_39_a_file_added_to_a_merged_loser_elsewhere_is_the_winner_s(filing: World) -> None:
    a, b = filing.company(2)
    winner, loser = (shared_client(filing, [a, b], name=name) for name in ("甲", "乙"))
    merge(a, loser, winner)
    assert b.attach("client", loser, CONTENT)
    everybody([a, b])
    for node in (a, b):
        found = attachments.of_record(node.station.engine, SOMEBODY, "attachment", "client", winner)
        assert [row["sha256"] for row in found] == [hash_of(CONTENT)]
    finish_files(filing)


def days_pass(world: World, days: int) -> None:
    """Everybody is at work every day, and looks once what is needed no more."""
    for _ in range(days):
        world.time.pass_ms(DAY_MS)
        world.office.collect()
        for node in world.living:
            node.move()


def test_contents_without_a_row_go_after_90_days_and_no_sooner(filing: World) -> None:
    """Their row is lost with data that were put back, on the server with a restore, before anybody else got it."""
    a, b = filing.company(2)
    filing.backup()
    before = b.kept()
    sent = attached(filing, b, b"sent")
    b.round()
    b.move()
    b.put_back(before, in_place=True, with_identity=False)
    filing.restore()
    everybody([a, b])
    assert sent in on_server(filing) and sent in b.contents() and sent not in b.wanted()
    days_pass(filing, 89)
    assert sent in on_server(filing) and sent in b.contents()
    days_pass(filing, 3)
    assert not on_server(filing) and not b.contents()
    assert not b.station.ask("SELECT 1 FROM blob WHERE sha256 = ?", sent)


def test_what_a_restore_or_a_late_row_may_need_stays(filing: World) -> None:
    """A deleted file, one whose record is deleted, and one that was attached where nobody synchronised for long."""
    a, b, away = filing.company(3)
    deleted = attached(filing, a, b"deleted")
    held = attached(filing, a, b"held by a deleted record")
    (record,) = [row[0] for row in a.station.ask("SELECT record FROM attachment WHERE sha256 = ?", held)]
    late = attached(filing, away, b"late")
    a.round()
    a.move()
    (file,) = [row[0] for row in a.station.ask("SELECT id FROM attachment WHERE sha256 = ?", deleted)]
    assert a.detach(file) and a.delete("client", record)
    everybody([a, b])
    days_pass(filing, 200)
    assert {deleted, held} <= on_server(filing) and {deleted, held} <= set(a.contents())
    assert late in away.contents()
    assert a.bring_back(file) and a.restore("client", record)
    everybody([a, b, away])
    filing.time.pass_ms(HOUR_MS)
    away.move()
    assert opens(b, deleted) and opens(b, held) and opens(b, late)
    finish_files(filing)


def test_a_clock_that_jumps_costs_no_content(filing: World) -> None:
    """A year passes between two looks; what came again meanwhile begins anew."""
    (a,) = filing.company(1)
    assert a.work(lambda station, who: station.blobs.take(io.BytesIO(CONTENT)))
    a.reopen()
    sha256 = hash_of(CONTENT)
    days_pass(filing, 80)
    filing.time.pass_ms(YEAR_MS)
    days_pass(filing, 1)
    assert sha256 in a.contents()
    assert a.attach("client", new_client(filing, a), CONTENT)
    days_pass(filing, 1)
    assert a.work(lambda station, who: station.blobs.collect(filing.time.now_ms + YEAR_MS))
    a.round()
    finish_files(filing)
    assert on_server(filing) == {sha256}
