"""A run: machines, a server and a network, and the list of what happens to them, all from one seed."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from uuid import UUID

from desktop.db import FILE_NAME, open_database
from desktop.engine.engine import SQL_FUNCTIONS
from desktop.engine.registry import Registry
from desktop.sync.service import HELLO_EVERY_S
from desktop.workstation import _bring_up_to_date
from sync_server.manifest import Manifest
from sync_server.replication.changeset import Op

from .chance import Names, Time, governed
from .disk import Image, put_folder
from .documents import check_reader
from .ledger import Ledger
from .modules import registry, server_manifest
from .node import BAD, NAMES, Node, changed_lines, contents_in, slip_line, slip_values, some_values
from .office import Office
from .problem import Problem
from .transport import FAULTS, Answer, Network, Session, Weather

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

NODES_MAX = 6
QUIET_ROUNDS_MAX = 18
GREETING_MS = 1_000 * (HELLO_EVERY_S + 1)
"""After which a machine greets the server again, however well all goes."""
MODULES = ("client", "client", "client", "person", "person", "call", "tag", "branch")
DELETED = (*MODULES, "slip")


@dataclass(frozen=True)
class Action:
    """One thing that happens: to which machine, and the chance that decides the rest."""

    kind: str
    node: int
    seed: int

    def __str__(self) -> str:
        return f"{self.kind}:{self.node}:{self.seed}"

    @staticmethod
    def read(text: str) -> Action:
        kind, node, seed = text.split(":")
        return Action(kind, int(node), int(seed))


WEIGHTS: dict[str, float] = {
    "save": 24, "sheet": 7, "change": 8, "cancel": 1.5, "bulk": 3, "delete": 8, "undelete": 5, "answer": 4, "round": 30,
    "calm-round": 6, "crash-save": 2.5, "crash-round": 4, "reopen": 2, "clock": 3, "wait": 2, "backup": 2,
    "put-back": 1.5, "clone": 1, "server-restart": 1, "server-clock": 1, "server-backup": 1.2, "server-restore": 0.8,
    "join": 1, "revoke": 0.5, "poison": 1.5, "answer-rejected": 2,
}  # fmt: skip
FILE_WEIGHTS: dict[str, float] = {
    "attach": 10, "detach": 2, "bring-back": 1, "move": 10, "crash-attach": 1, "crash-move": 3, "crash-call": 3,
}  # fmt: skip
FILES_EVERY = 4
"""In every so many seeds files are attached, too, between what happens otherwise."""
MERGER_WEIGHTS: dict[str, float] = {"merge": 10, "split": 5, "sheet": 6, "round": 3}
MERGERS_EVERY = 5
"""In every so many seeds tags are merged and split, too: what stock is kept by."""
CONTENTS = tuple(f"{place}".encode() * length for place, length in enumerate((1, 7, 8, 9, 16, 30, 3, 24)))
"""Few, so that two people often attach the same; parts have 8 bytes."""
ORDINARY = frozenset((
    "save", "sheet", "change", "cancel", "delete", "undelete", "answer", "round", "calm-round", "backup",
    "server-backup",
))  # fmt: skip


@dataclass(frozen=True)
class Script:
    """What a seed makes happen: how many machines there are, how small pages are, and the actions."""

    seed: int
    nodes: int
    sizes: dict[str, int]
    actions: tuple[Action, ...]

    @staticmethod
    def of(seed: int, focus: Mapping[str, float] | None = None) -> Script:
        """`focus` are weights for what is to happen more often, and nothing else then."""
        chance = random.Random(seed)
        weights = {
            kind: weight * (1 if kind in ORDINARY else chance.choice((0, 1, 1, 4))) for kind, weight in WEIGHTS.items()
        }
        weights |= focus or {}
        nodes = chance.randint(2, 4)
        kinds = chance.choices(list(weights), list(weights.values()), k=chance.randint(25, 75))
        actions = tuple(Action(kind, chance.randrange(12), chance.getrandbits(32)) for kind in kinds)
        sizes = {
            "desktop.sync.rounds.LOG_ITEMS": chance.choice((1, 2, 5, 500)),
            "desktop.sync.rounds.ROW_ITEMS": chance.choice((1, 3, 4_000)),
            "desktop.sync.rounds._WANT_MAX": chance.choice((1, 400)),
            "desktop.sync.outbox.CHANGESETS_MAX": chance.choice((1, 3, 500)),
            "desktop.engine.apply.ROWS_MAX": chance.choice((2, 500)),
            "sync_server.intake.ROWS_MAX": chance.choice((1, 500)),
            **SMALL_PARTS,
        }
        has_files = focus is None and seed % FILES_EVERY == 1
        actions = with_files(seed, actions) if has_files else actions
        has_mergers = focus is None and seed % MERGERS_EVERY == MERGERS_EVERY - 1
        return Script(seed, nodes, sizes, with_mergers(seed, actions) if has_mergers else actions)


SMALL_PARTS = dict.fromkeys(
    ("sync_server.files.PART_BYTES", "sync_server.app.PART_BYTES", "desktop.sync.files.PART_BYTES"), 8
)


def with_files(seed: int, actions: Sequence[Action]) -> tuple[Action, ...]:
    """The same actions, with files attached and moved between them."""
    return _woven(random.Random(f"files {seed}"), FILE_WEIGHTS, actions, len(actions) // 2)


def with_mergers(seed: int, actions: Sequence[Action]) -> tuple[Action, ...]:
    """The same actions, with tags merged and split between them."""
    return _woven(random.Random(f"mergers {seed}"), MERGER_WEIGHTS, actions, len(actions) // 3)


def _woven(
    chance: random.Random, weights: Mapping[str, float], actions: Sequence[Action], count: int
) -> tuple[Action, ...]:  # fmt: skip
    kinds = chance.choices(list(weights), list(weights.values()), k=count)
    woven = list(actions)
    for kind in kinds:
        action = Action(kind, chance.randrange(12), chance.getrandbits(32))
        woven.insert(chance.randrange(len(woven) + 1), action)
    return tuple(woven)


# ---------------------------------------------------------------------------------------------------------- templates


@cache
def _room() -> Path:
    """Memory that behaves like a disk, where there is some."""
    shm = Path("/dev/shm")
    return shm if shm.is_dir() else Path(tempfile.gettempdir())


@cache
def template(modules: Registry) -> Image:
    """The data folder of a machine on its first day."""
    with tempfile.TemporaryDirectory(dir=_room()) as folder:
        db = open_database(Path(folder), SQL_FUNCTIONS)
        _bring_up_to_date(db, modules)
        db.close()
        return Image.of(Path(folder) / FILE_NAME)


@contextmanager
def workplace() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="ecms-sim-", dir=_room()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# -------------------------------------------------------------------------------------------------------------- world


@dataclass
class World:
    """Everything there is in one run. Scenarios use it by hand, seeds by their list of actions."""

    folder: Path
    chance: random.Random
    modules: Registry = field(default_factory=registry)
    manifest: Manifest = field(default_factory=server_manifest)
    time: Time = field(default_factory=Time)
    ledger: Ledger = field(default_factory=Ledger)
    nodes: list[Node] = field(default_factory=list)
    server_skew_ms: int = 0
    backups: list[tuple[Path, int]] = field(default_factory=list)
    """Backups of the server, each with the position it reaches to."""
    epochs: int = 0
    _people: int = 0

    def __post_init__(self) -> None:
        self.office = Office(self.folder / "server", self.manifest, lambda: self.time.now_ms + self.server_skew_ms)
        self.network = Network(self._serve, self.time.pass_ms)

    def _serve(self, environ: WSGIEnvironment) -> Answer:
        try:
            return self.office.serve(environ)
        finally:
            if environ["PATH_INFO"].endswith("/push"):
                self.ledger.read(self.office.store, self.office.now_ms())

    def person(self) -> str:
        self._people += 1
        return f"u{self._people}"

    def id(self) -> str:
        return UUID(int=self.chance.getrandbits(128), version=4).hex

    # -------------------------------------------------------------------------------------------------------- machines

    def machine(self, modules: Registry | None = None) -> Node:
        """A machine on its first day, that belongs to nobody yet."""
        folder = self.folder / f"m{len(self.nodes)}"
        modules = modules or self.modules
        template(modules).put(folder / "data" / FILE_NAME)
        node = Node(folder.name, folder, modules, self.ledger, self.time, Session(self.network), self.person)
        self.nodes.append(node)
        return node

    def found_alone(self) -> Node:
        """A workstation on its own, with nothing but what ships."""
        node = self.machine()
        names = Names(self.chance)
        with node.station.db.write() as db:
            replica = names.uuid4().hex
            db.execute("INSERT INTO replica (uuid, code) VALUES (?, 'A1')", (replica,))
            db.execute(
                "INSERT INTO sync_self (db_uuid, replica, code, last_n, last_h, hlc, schema) "
                "VALUES (?, ?, 'A1', 0, x'', 0, 1)",
                (names.uuid4().hex, replica),
            )
        node.is_whole = True
        return node

    def found(self) -> Node:
        """A workstation that already has a record and turns on sync: the first machine of the company."""
        node = self.found_alone()
        node.save("client", {"name": NAMES[0], "credit": 100}, fresh_id=self.id())
        node.join(self.office.invite())
        return node

    def join(self, node: Node | None = None, modules: Registry | None = None) -> Node:
        node = node or self.machine(modules)
        node.join(self.office.invite())
        return node

    def company(self, machines: int) -> list[Node]:
        """Machines that have all met the server."""
        nodes = [self.found()]
        nodes[0].round()
        nodes += [self.join() for _ in range(machines - 1)]
        for node in nodes:
            node.round()
        return nodes

    @property
    def living(self) -> list[Node]:
        return [node for node in self.nodes if not node.is_gone]

    def close(self) -> None:
        for node in self.nodes:
            node.close()
        self.office.kill()

    # ------------------------------------------------------------------------------------------------------- the server

    def backup(self) -> None:
        self.backups.append((self.office.backup(), self.office.store.head().seq))

    def lose_contents(self, lost: Callable[[str], bool] = lambda sha256: True) -> None:
        """The server's folder of contents comes back without these, and without what was still gathering there."""
        folder = self.office.files.folder
        every = contents_in(folder)
        gone = {one for one in sorted(every) if lost(one)}  # asked once: lots fall otherwise the next time
        put_folder(folder, {f"{one[:2]}/{one[2:4]}/{one}": every[one] for one in every if one not in gone})
        self.ledger.contents_lost |= gone

    def restore(self, place: int = -1, *, in_silence: bool = False) -> None:
        """The server comes back from a backup, perhaps by a hand that knew nothing of `restore`."""
        file = self.backups[place][0]
        # Who took another name before may have to move what the server lost once more, and with it what names that: a
        # delete has seen it under the new name only if it is told again, even where the server still has it.
        for node in self.living:
            if len(node.replicas()) > 1:
                self.ledger.copied |= node.stored()
        if in_silence:
            self.office.put_back(file)
        else:
            self.office.files.begin_anew()
            self.office.restore(file)
        self.ledger.restored(self.office.store)
        self.network.pushes.clear()
        self.epochs += 1

    def is_safe_to_restore(self, kept: int) -> bool:
        """Whether for all that would be lost a machine is still there that wrote it and can push it again, and nobody
        began with data of the lost time: what of them comes from whom, a machine cannot tell. Nor may two copies still
        write under one name: that would be two disasters at once, after which the checksums have to mend rows."""
        names = [name for node in self.living for name in {node.replicas()[-1], *node.unsettled()}]
        if len(names) != len(set(names)):
            return False
        if any(node.began_at > kept for node in self.living):
            return False
        own = {replica: node.stored() for node in self.living if self.is_welcome(node) for replica in node.replicas()}
        tail = [one for one in self.ledger.log if one.seq > kept and one.body.get("act") != "sync.server"]
        return all(own.get(one.dot.replica, 0) & one.write.bit for one in tail)

    def is_welcome(self, node: Node) -> bool:
        """Whether the server takes in what a machine writes."""
        identity = node.identity()
        known = self.office.store.machine(identity.machine) if identity else None
        return known is not None and known[0].state == "active"

    # -------------------------------------------------------------------------------------------------------- quiet

    def settle(self) -> None:
        """Faults end; people give up what was not accepted; everybody synchronises until nothing moves any more."""
        before: object = None
        have_greeted = False
        for _ in range(QUIET_ROUNDS_MAX):
            troubles = [self._calm(node) for node in self.living]
            state = self._state()
            is_quiet = state == before and not any(troubles)
            if is_quiet and have_greeted:
                return
            # Only who greets the server hears what it has to say besides the log.
            have_greeted = is_quiet
            before = state
            self.time.pass_ms(GREETING_MS if is_quiet else 1_000)
        waiting = {node.name: (node.pending(), node.peer) for node in self.living}
        raise Problem("I10", f"no rest after {QUIET_ROUNDS_MAX} rounds: {troubles} {waiting}")

    def _calm(self, node: Node) -> str:
        """One round in fair weather; a machine that is a copy joins first. What is still wrong, in a word."""
        if node.identity() is None or not node.station.sync.identity or not node.station.sync.identity.is_enrolled:
            self.join(node)
        said = node.round()
        for replica, n in node.rejected() if not node.is_gone else ():
            node.discard(replica, n)
            said = "rejected"
        return "" if said in ("ok", "revoked") else said

    def _state(self) -> object:
        """What a round that brings nothing must leave alone; a machine notes for itself when it last heard."""
        head = self.office.store.head()
        peers = {node.name: node.peer and replace(node.peer, last_ok=None) for node in self.living}
        return head, [(node.name, peers[node.name], node.pending(), node.last_n()) for node in self.living]


# ------------------------------------------------------------------------------------------------------------- actions


class Run:
    """A script under way in a world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.depth = 0
        self.actions: dict[str, Callable[[Node, random.Random], object]] = {
            "save": self._save,
            "sheet": self._sheet,
            "change": self._change,
            "cancel": self._cancel,
            "bulk": self._bulk,
            "delete": self._delete,
            "undelete": self._undelete,
            "answer": self._answer,
            "round": self._round,
            "calm-round": lambda node, chance: node.round(),
            "crash-save": self._crash_save,
            "crash-round": self._crash_round,
            "reopen": lambda node, chance: node.reopen(),
            "clock": self._clock,
            "wait": self._wait,
            "backup": lambda node, chance: node.backups.append(node.kept()) if node.is_whole else None,
            "put-back": self._put_back,
            "clone": self._clone,
            "server-restart": lambda node, chance: world.office.restart(),
            "server-clock": self._server_clock,
            "server-backup": lambda node, chance: world.backup(),
            "server-restore": self._server_restore,
            "join": self._join,
            "revoke": self._revoke,
            "poison": self._poison,
            "answer-rejected": self._answer_rejected,
            "merge": self._merge,
            "split": self._split,
            "attach": self._attach,
            "detach": self._detach,
            "bring-back": self._bring_back,
            "move": lambda node, chance: node.move(self._weather(chance, node)),
            "crash-attach": lambda node, chance: node.crash(
                1 + chance.randrange(40), lambda: self._attach(node, chance)
            ),
            "crash-move": lambda node, chance: node.crash(1 + chance.randrange(12), node.move),
            "crash-call": lambda node, chance: node.crash_at_call(1 + chance.randrange(12), node.move),
        }

    def do(self, action: Action) -> None:
        world = self.world
        world.time.pass_ms(1 + action.seed % 5_000)
        living = world.living
        node = living[action.node % len(living)]
        chance = random.Random(action.seed)
        self.actions[action.kind](node, chance)
        check_cursor(world)
        for one in world.living:
            check_reader(one)

    # ---------------------------------------------------------------------------------------------------------- people

    def _save(self, node: Node, chance: random.Random) -> None:
        if not node.is_ready:
            return
        module = chance.choice(MODULES)
        ids = node.ids(module)
        if ids and chance.random() < 0.7:
            node.save(module, some_values(chance, node, module), id=chance.choice(ids))
        else:
            self._create(node, chance, module)

    def _create(self, node: Node, chance: random.Random, module: str) -> None:
        values = some_values(chance, node, module) | {"about" if module == "call" else "name": chance.choice(NAMES)}
        for child, parent in (("person", "client"), ("call", "person")):
            if module == child:
                values[parent] = chance.choice(node.ids(parent) or [""])
        node.save(module, values, fresh_id=UUID(int=chance.getrandbits(128), version=4).hex)

    def _sheet(self, node: Node, chance: random.Random) -> None:
        """A new document, half of them posted at once."""
        if node.is_ready and node.ids("tag"):
            lines = [slip_line(chance, node) for _ in range(chance.randint(1, 3))]
            node.sheet(slip_values(chance, node), lines, post=chance.random() < 0.5)

    def _change(self, node: Node, chance: random.Random) -> None:
        """A draft is changed or posted, or a posted document changed."""
        ids = node.slips(chance.choice(("draft", "posted"))) if node.is_ready and node.ids("tag") else []
        if ids:
            id = chance.choice(ids)
            values = slip_values(chance, node)
            node.sheet(values, changed_lines(chance, node, id), id, post=chance.random() < 0.5)

    def _cancel(self, node: Node, chance: random.Random) -> None:
        ids = node.slips("posted") if node.is_ready else []
        if ids:
            node.cancel(chance.choice(ids))

    def _bulk(self, node: Node, chance: random.Random) -> None:
        if node.is_ready:
            ids = node.ids("client")
            values = some_values(chance, node, "client")
            node.change("client", chance.sample(ids, min(len(ids), chance.randint(2, 6))), values)

    def _delete(self, node: Node, chance: random.Random) -> None:
        module = chance.choice(DELETED)
        ids = node.ids(module) if node.is_ready else []
        if ids:
            node.delete(module, *chance.sample(ids, min(len(ids), chance.choice((1, 1, 2)))))

    def _undelete(self, node: Node, chance: random.Random) -> None:
        module = chance.choice(DELETED)
        ids = node.ids(module, deleted=True) if node.is_ready else []
        if ids:
            node.restore(module, chance.choice(ids))

    def _answer(self, node: Node, chance: random.Random) -> None:
        ids = node.ids("conflict") if node.is_ready else []
        if ids:
            node.take(chance.choice(ids), chance.choice(("winner", "loser")))

    def _poison(self, node: Node, chance: random.Random) -> None:
        """What the server cannot accept: a number where a text belongs."""
        if node.is_ready:
            id = UUID(int=chance.getrandbits(128), version=4).hex
            node.write(Op("client", id, "ins", {"name": BAD, "memo": 5}))

    def _answer_rejected(self, node: Node, chance: random.Random) -> None:
        found = node.rejected() if node.is_ready else []
        if found:
            (node.retry if chance.random() < 0.5 else node.discard)(*chance.choice(found))

    # --------------------------------------------------------------------------------------------------------- mergers

    def _merge(self, node: Node, chance: random.Random) -> None:
        ids = node.ids("tag") if node.is_ready else []
        if len(ids) > 1:
            node.merge("tag", *chance.sample(ids, 2))

    def _split(self, node: Node, chance: random.Random) -> None:
        ids = node.merged("tag") if node.is_ready else []
        if ids:
            node.split("tag", chance.choice(ids))

    # ----------------------------------------------------------------------------------------------------------- files

    def _attach(self, node: Node, chance: random.Random) -> None:
        module = chance.choice(("client", "client", "slip", "branch"))
        ids = node.ids(module) if node.is_ready else []
        if ids:
            node.attach(module, chance.choice(ids), chance.choice(CONTENTS), chance.choice(("file", "image")))

    def _detach(self, node: Node, chance: random.Random) -> None:
        ids = node.ids("attachment") if node.is_ready else []
        if ids:
            node.detach(chance.choice(ids))

    def _bring_back(self, node: Node, chance: random.Random) -> None:
        ids = node.ids("attachment", deleted=True) if node.is_ready else []
        if ids:
            node.bring_back(chance.choice(ids))

    # ------------------------------------------------------------------------------------------------------------ sync

    def _weather(self, chance: random.Random, node: Node) -> Weather:
        rate = chance.choice((0, 0.1, 0.3, 0.6))
        faults = tuple(chance.sample(FAULTS, chance.randint(1, len(FAULTS))))
        return Weather(chance, rate, faults, meanwhile=self._meanwhile(node), crash_server=self._crash_server)

    def _meanwhile(self, node: Node) -> Callable[[random.Random], None]:
        def happen(chance: random.Random) -> None:
            if self.depth:
                return
            self.depth += 1
            try:
                self._happen(node, chance)
            finally:
                self.depth -= 1

        return happen

    def _happen(self, node: Node, chance: random.Random) -> None:
        others = [one for one in self.world.living if one is not node]
        what = chance.random()
        if what < 0.6 or not others:
            work = (self._save, self._sheet, self._change, self._cancel, self._delete, self._undelete)
            chance.choice(work)(node, chance)
        elif what < 0.95:
            other = chance.choice(others)
            chance.choice((self._save, self._change))(other, chance)
            other.round()
        else:
            self.world.office.restart()

    def _crash_server(self, chance: random.Random) -> None:
        self.world.office.crash_at(1 + int(2 ** (chance.random() * 6)))

    def _round(self, node: Node, chance: random.Random) -> None:
        node.round(self._weather(chance, node))

    def _crash_save(self, node: Node, chance: random.Random) -> None:
        if node.is_ready:
            do = chance.choice((self._save, self._sheet, self._change))
            node.crash(1 + chance.randrange(40), lambda: do(node, chance))

    def _crash_round(self, node: Node, chance: random.Random) -> None:
        weather = self._weather(chance, node) if chance.random() < 0.5 else None
        node.crash(1 + int(2 ** (chance.random() * 8)), lambda: node.round(weather))

    # ---------------------------------------------------------------------------------------------------- time, disks

    def _clock(self, node: Node, chance: random.Random) -> None:
        hour, day = 3_600_000, 86_400_000
        to_2001 = 978_307_200_000 - self.world.time.now_ms
        node.skew_ms = chance.choice(
            (0, 0, hour, -hour, day, -day, 5 * 365 * day, to_2001, chance.randint(-9_000, 9_000))
        )

    def _server_clock(self, node: Node, chance: random.Random) -> None:
        self.world.server_skew_ms = chance.choice((0, 0, -3_600_000, 3_600_000, -86_400_000, chance.randint(-500, 500)))

    def _wait(self, node: Node, chance: random.Random) -> None:
        self.world.time.pass_ms(chance.choice((60_000, 3_600_000, 86_400_000, 30 * 86_400_000)))
        self.world.office.collect()

    @property
    def is_healing(self) -> bool:
        """While a restored server lacks something, no author's disk is lost, too: that would be two disasters."""
        return bool(self.world.ledger.missing)

    def _put_back(self, node: Node, chance: random.Random) -> None:
        if node.backups and not self.is_healing:
            kept = chance.choice(node.backups)
            in_place = chance.random() < 0.5
            with_identity, with_contents = chance.random() < 0.5, chance.random() < 0.5
            node.put_back(kept, in_place=in_place, with_identity=with_identity, with_contents=with_contents)

    def _clone(self, node: Node, chance: random.Random) -> None:
        if len(self.world.living) < NODES_MAX and node.is_whole and not self.is_healing:
            kept, identity = node.kept(), node.identity()
            self.world.ledger.twins.add(node.code)
            self.world.machine().take_over(kept, identity if chance.random() < 0.6 else None)

    def _join(self, node: Node, chance: random.Random) -> None:
        if len(self.world.living) < NODES_MAX:
            joined = self.world.join()
            joined.round(self._weather(chance, joined))

    def _revoke(self, node: Node, chance: random.Random) -> None:
        identity, welcome = node.identity(), [one for one in self.world.living if self.world.is_welcome(one)]
        if len(welcome) > 2 and node in welcome and identity and not self.is_healing:
            self.world.office.store.revoke(identity.machine, self.world.office.now_ms())

    def _server_restore(self, node: Node, chance: random.Random) -> None:
        world = self.world
        if world.backups and not self.is_healing:
            place = chance.randrange(len(world.backups))
            if world.is_safe_to_restore(world.backups[place][1]):
                world.restore(place)
                world.lose_contents(lambda sha256: chance.random() < 0.3)


def check_cursor(world: World) -> None:
    """I11, at any moment: everything up to the cursor has been applied."""
    head = world.office.store.head()
    for node in world.living:
        peer = node.peer
        if peer is not None and peer.state == "log" and peer.epoch == head.epoch:
            lacking = world.ledger.upto(peer.cursor) & ~node.refresh()
            if lacking:
                raise Problem("I11", f"{node.name} stands at {peer.cursor} without {world.ledger.names(lacking)}")


# ---------------------------------------------------------------------------------------------------------------- runs


def _nothing_to_mend(round: object, table: str) -> int:
    raise Problem("I9", f"the checksums of {table} differ")


@contextmanager
def world_of(
    seed: int, sizes: dict[str, int] | None = None, *, may_mend: bool = False, **parts: Any
) -> Iterator[World]:
    """A world in which nothing but the seed decides. What the comparing of checksums would put right in silence is
    a broken invariant, unless the test itself alters data (`may_mend`)."""
    chance = random.Random(f"world {seed}")
    time = Time()
    with workplace() as folder, governed(time, Names(chance)), ExitStack() as stack:
        if not may_mend:
            stack.enter_context(patch("desktop.sync.rounds.Round._mend", _nothing_to_mend))
        for name, size in (sizes or {}).items():
            stack.enter_context(patch(name, size))
        world = World(folder, chance, time=time, **parts)
        try:
            yield world
        finally:
            world.close()
