"""What must hold when all is quiet again (sync.md C)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from desktop.engine.work import Work
from desktop.inspection import check as inspect
from desktop.sync.reception import dot_of
from sync_server.manifest import Key, Table
from sync_server.replication.checksum import row_sum
from sync_server.replication.clock import Dot
from sync_server.replication.conflicts import TABLE as CONFLICT
from sync_server.replication.conflicts import conflict_id
from sync_server.replication.merge import RowClock, RowState

from .documents import PAPERS, Paper, check_documents
from .ledger import Logged
from .node import Node
from .oracle import LIFE, LOST, Oracle, PairKey, Row, _rests
from .problem import Problem
from .transport import fresh
from .world import World, check_cursor


@dataclass(frozen=True)
class Seen:
    """A row as a machine or the server shows it: values, the dot of each unit, and its life."""

    data: Mapping[str, Any]
    dots: Mapping[str, Dot]
    life: tuple[Dot, bool] | None
    is_gone: bool
    via: str | None

    @staticmethod
    def of(state: RowState, table: Table, is_gone: bool) -> Seen:
        clock = state.clock
        dots = {unit: clock.of(unit) for unit in table.rules.units}
        life = (clock.life, clock.is_out) if clock.life else None
        data = {name: value for name, value in state.data.items() if value is not None}
        return Seen(data, dots, life, is_gone, state.via)


Rows = dict[Key, Seen]

NUMBERED = {"client": "code", "slip": "number"}
"""Tables whose rows get a number that nobody else may get."""


def check_all(world: World, *, deep: bool = False) -> None:
    """Everything, after `world.settle()`. `deep` looks at derived data and plays everything again, too."""
    server, clocks = rows_of_server(world)
    check_made(world)
    check_numbers(world)
    if not world.ledger.twice:  # one edit under two names has no one history
        oracle = Oracle.over(world.manifest, world.ledger)
        check_oracle(world, oracle, server)
        check_pairs(world, oracle)
        check_edits(world, oracle)
    for node in world.living:
        check_node(world, node, server, clocks)
    check_documents(world.living, {key: Paper.of(one) for key, one in server.items() if key[0] in PAPERS})
    check_cursor(world)
    check_delivery(world)
    check_rest(world)
    if deep:
        for node in world.living:
            check_replay(world, node)
            check_sound(node)
        check_pushed_again(world)


# --------------------------------------------------------------------------------------------------------------- rows


def rows_of_server(world: World) -> tuple[Rows, dict[Key, RowClock]]:
    rows: Rows = {}
    clocks: dict[Key, RowClock] = {}
    store = world.office.store
    with store._read() as db:
        for row in db.execute("SELECT t, id, data, clock, stamp, gone, via, last_seq FROM row_state").fetchall():
            loaded = store.load(db, row)
            key, table = (row["t"], row["id"]), world.manifest.tables[row["t"]]
            is_gone = loaded.state.is_gone(table.rules)
            if bool(row["gone"]) != is_gone:
                raise Problem("I1", f"the server's mark of {key} is wrong")
            clocks[key] = loaded.state.clock
            if loaded.state.is_born:
                rows[key] = Seen.of(loaded.state, table, is_gone)
            elif row["t"] != CONFLICT:
                raise Problem("I1", f"{key} waits on the server for what makes it")
    return rows, clocks


def rows_of_node(world: World, node: Node) -> tuple[Rows, dict[Key, RowClock]]:
    rows: Rows = {}
    clocks: dict[Key, RowClock] = {}
    station = node.station
    with station.db.read() as db:
        work = Work(db, station.registry)
        for name, table in world.manifest.tables.items():
            columns = ", ".join(f'"{one}"' for one in table.types)
            found = db.execute(f"SELECT id, deleted_at, via, {columns} FROM {name}").fetchall()
            work.load((name, row["id"]) for row in found)
            for row in found:
                clock, is_gone = work.clock(name, row["id"]), row["deleted_at"] is not None
                state = RowState({one: row[one] for one in table.types}, clock, True, row["via"])
                if name in station.registry.veiled:  # what is shown follows from other rows (check_documents)
                    held = work.hold(name, row["id"])
                    assert held.state is not None
                    state, is_gone = held.state, held.is_gone
                clocks[name, row["id"]] = clock
                rows[name, row["id"]] = Seen.of(state, table, is_gone)
    return rows, clocks


def check_node(world: World, node: Node, server: Rows, clocks: Mapping[Key, RowClock]) -> None:
    """I1, I9: the same rows under the same clocks as everywhere, and nothing left to be done."""
    mine, my_clocks = rows_of_node(world, node)
    for key in sorted(server.keys() | mine.keys()):
        if mine.get(key) != server.get(key):
            raise Problem("I1", f"{node.name} differs in {key}: {mine.get(key)} here, {server.get(key)} there")
    for name, table in world.manifest.tables.items():
        sums = [
            {id: row_sum(id, one[t, id], table.rules.units) for t, id in server if t == name}
            for one in (my_clocks, clocks)
        ]
        wrong = [id for id in sums[0] if sums[0][id] != sums[1][id]]
        if wrong:
            here, there = (one[name, wrong[0]] for one in (my_clocks, clocks))
            raise Problem("I9", f"{node.name} has other checksums in {name}: {here} here, {there} there")
    for queue in ("parked_op", "sync_want"):
        # An answer to a conflict that a restored server never finds again waits for ever, here as there.
        found = [tuple(row) for row in node.station.ask(f"SELECT * FROM {queue}")]
        left = [row for row in found if row[0] != CONFLICT or row[:2] in server]
        if left:
            raise Problem("I10", f"{node.name} still has in {queue}: {left}")


def check_oracle(world: World, oracle: Oracle, server: Rows) -> None:
    """The server's rows are what the log leads to."""
    for key in sorted(server.keys() | oracle.rows.keys()):
        table, expected = world.manifest.tables[key[0]], oracle.rows.get(key)
        if expected is not None and not expected.is_born:
            expected = None
        if (key in server) != (expected is not None):
            raise Problem("I2", f"{key} is {'there' if key in server else 'missing'} on the server")
        if expected is not None:
            _compare(key, table, server[key], expected)


def _compare(key: Key, table: Table, found: Seen, expected: Row) -> None:
    if dict(found.data) != expected.data:
        raise Problem("I2", f"{key} holds {found.data}, not {expected.data}")
    dots = {unit: cell.dot for unit, cell in expected.cells.items()}
    if {unit: dot for unit, dot in found.dots.items() if dot.replica} != dots:
        raise Problem("I2", f"{key} was written by {found.dots}, not {dots}")
    if found.is_gone != expected.should_be_gone(table):
        raise Problem("I2", f"{key} is {'gone' if found.is_gone else 'alive'} against all that was known of it")


# -------------------------------------------------------------------------------------------------------------- pairs


def pairs_of_server(world: World) -> dict[PairKey, str]:
    """The conflict rows, with the name of the write that won."""
    by_dot = {(one.dot.replica, one.dot.n): one.write for one in world.ledger.log}
    found: dict[PairKey, str] = {}
    with world.office.store._read() as db:
        rows = db.execute("SELECT id, data, clock FROM row_state WHERE t = ? ORDER BY id", (CONFLICT,)).fetchall()
    for row in rows:
        data = json.loads(row["data"])
        if "u" in json.loads(row["clock"]):
            continue
        sides = [by_dot.get(_place(data[side])) for side in ("winner", "loser")]
        if sides[0] is None or sides[1] is None:
            raise Problem("I3", f"a conflict of writes nobody made: {data}")
        key = (data["t"], data["record"], data["field"], frozenset(one.number for one in sides if one))
        if row["id"] != conflict_id(data["t"], data["record"], data["field"], *map(dot_of, _sides(data))):
            raise Problem("I3", f"a conflict under an id that another server would not give it: {data}")
        if key in found:
            raise Problem("I3", f"one conflict twice: {data}")
        found[key] = sides[0].name
    return found


def _sides(data: Mapping[str, Any]) -> tuple[str, str]:
    return data["winner"], data["loser"]


def _place(text: str) -> tuple[str, int]:
    _, replica, n = text.split(":")
    return replica, int(n)


def check_pairs(world: World, oracle: Oracle) -> None:
    """I3: the conflict rows are exactly the concurrent pairs."""
    every = pairs_of_server(world)
    found = {key: name for key, name in every.items() if _is_proved(world, key)}
    true = {key: name for key, name in oracle.pairs.items() if _is_proved(world, key)}
    true = {key: name for key, name in true.items() if key in found or not _is_said_of_another(world, key, every)}
    for title, keys in (("missed", true.keys() - found.keys()), ("false", found.keys() - true.keys())):
        for table, id, unit, both in sorted(keys, key=lambda key: (key[0], key[1], key[2], sorted(key[3]))):
            names = [world.ledger.writes[number].name for number in sorted(both)]
            raise Problem("I3", f"a {title} conflict in {table} {id} {unit}: {names}")
    for key, winner in true.items():
        if found[key] != winner:
            raise Problem("I3", f"{key[:3]}: {found[key]} is said to have won, not {winner}")


def _is_said_of_another(world: World, key: PairKey, every: Mapping[PairKey, str]) -> bool:
    """Whether the one conflict there is about a deletion names, of several who need the row, one that the server could
    not tell from those who did not know of it."""
    alike = (one for one in every if one[:3] == key[:3] and key[2] == LIFE and one[3] & key[3])
    return any(not _is_proved(world, one) for one in alike)


def _is_proved(world: World, key: PairKey) -> bool:
    return not any(world.ledger.unproved & 1 << number for number in key[3])


def check_edits(world: World, oracle: Oracle) -> None:
    """I2: every edit counts, or gave way to one that knew of it or says the same, or stands in a conflict row."""
    in_conflict = {(*key[:3], number) for key in pairs_of_server(world) for number in key[3]}
    writers: dict[tuple[str, str, str], list[tuple[Logged, Mapping[str, Any], Mapping[str, str]]]] = {}
    for one in world.ledger.log:
        for op in one.body["ops"]:
            for unit, given in _units(world.manifest.tables[op["t"]], op):
                writers.setdefault((op["t"], op["id"], unit), []).append((one, given, op.get("bh", {})))
    for (t, id, unit), all_of in writers.items():
        table = world.manifest.tables[t]
        if table.rules.is_link or table.rules.policies.get(unit) in (*LOST, "rank") or t == CONFLICT:
            continue
        cell = oracle.rows[t, id].cells.get(unit)
        for one, values, based_on in all_of:
            if (cell is not None and cell.by is one) or (t, id, unit, one.write.number) in in_conflict:
                continue
            if not any(_gives_way(one, values, based_on, *other) for other in all_of if other[0] is not one):
                raise Problem("I2", f"{one.write.name} is lost without a trace in {t} {id} {unit}: {values}")


def _units(table: Table, op: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    given = op.get("set", {})
    if op["k"] == "ins":
        given = {name: given.get(name) for name in table.rules.unit_of}
    units: dict[str, dict[str, Any]] = {}
    for name, value in given.items():
        units.setdefault(table.rules.unit_of[name], {})[name] = value
    yield from units.items()


def _gives_way(
    one: Logged, values: Mapping[str, Any], based_on: Mapping[str, str],
    other: Logged, theirs: Mapping[str, Any], their_base: Mapping[str, str],
) -> bool:  # fmt: skip
    if (other.write.known or 0) & one.write.bit or values == theirs:
        return True
    if one.body.get("res") is not None and one.body.get("res") == other.body.get("res"):
        return True
    return _rests(their_base, values, theirs) or _rests(based_on, theirs, values)


# ------------------------------------------------------------------------------------------------------------ the rest


def check_made(world: World) -> None:
    """I2: what people wrote is in the log, or in quarantine; and nothing is there twice."""
    twice = world.ledger.twice & ~world.ledger.copied
    if twice:
        raise Problem("I2", f"twice in the log: {world.ledger.names(twice)}")
    held = _held(world)
    for node in world.living:
        lost = node.made & ~world.ledger.mask & ~held
        if lost:
            raise Problem("I2", f"{node.name} wrote what never came: {world.ledger.names(lost)}")
    if world.ledger.missing & ~held:
        raise Problem("I2", f"lost with the old server: {world.ledger.names(world.ledger.missing)}")


def check_numbers(world: World) -> None:
    """I5: no number is drawn twice, unless a disk was copied with all that tells a machine from its copy."""
    drawn: dict[str, set[str]] = {}
    for one in world.ledger.log:
        for op in one.body["ops"]:
            if op["k"] == "ins" and op["t"] in NUMBERED and (number := op.get("set", {}).get(NUMBERED[op["t"]])):
                drawn.setdefault(number, set()).add(op["id"])
    imaged = tuple(f"{prefix}00{code}0" for code in world.ledger.images for prefix in ("KH", "DJ"))
    twice = {code: ids for code, ids in drawn.items() if len(ids) > 1 and not code.startswith(imaged)}
    if twice:
        raise Problem("I5", f"numbers drawn twice: {twice}")


def _held(world: World) -> int:
    mask = 0
    with world.office.store._read() as db:
        for (body,) in db.execute("SELECT body FROM quarantine").fetchall():
            mask |= world.ledger.of(bytes(body)).bit
    return mask


def check_delivery(world: World) -> None:
    """I11: what the log holds beyond a machine's first data was delivered to it, and stands at its position."""
    for node in world.living:
        lacking = world.ledger.mask & ~node.known
        if lacking:
            raise Problem("I11", f"{node.name} never got {world.ledger.names(lacking)}")


def check_rest(world: World) -> None:
    """I10: one more round of everybody writes nothing that others would get."""
    before = world._state()
    for node in world.living:
        node.round()
    if world._state() != before:
        raise Problem("I10", f"the next round still wrote: {before} became {world._state()}")
    waiting = {node.name: node.pending() for node in world.living if node.pending()}
    if waiting:
        raise Problem("I10", f"still waiting: {waiting}")


def check_sound(node: Node) -> None:
    """Search index, tallies, chains and clocks of a machine are what its rows make them."""
    wrong = [one for one in inspect(node.station.engine, lambda done, total: None) if one.kind == "problem"]
    # Two copies of one disk draw the same numbers while they are apart; that is shown, never refused (sync.md B5).
    wrong = [one for one in wrong if one.code != "series-behind" or not node.ledger.copies]
    if wrong:
        raise Problem("sound", f"{node.name}: {[(one.code, one.detail) for one in wrong]}")


def check_replay(world: World, node: Node) -> None:
    """I8: a machine to which the whole log is delivered once more does not change."""
    before = rows_of_node(world, node)
    with node.station.db.write() as db:
        db.execute("UPDATE sync_peer SET cursor = 0")
    said = node.round()
    if said != "ok" or rows_of_node(world, node) != before:
        raise Problem("I8", f"{node.name} changed when the log came again ({said})")


def check_pushed_again(world: World) -> None:
    """I8: pushes that come once more add nothing."""
    before = world.office.store.head()
    for environ in list(world.network.pushes):
        world.network.serve(fresh(environ))
    if world.office.store.head() != before:
        raise Problem("I8", "a push that came again was taken for a new one")
