"""What must hold of the contents of files, once rows and contents have come to rest (sync.md B11)."""

from __future__ import annotations

from collections.abc import Mapping

from .node import Node, contents_in, hash_of
from .problem import Problem
from .world import World

PAUSE_MS = 900_000
"""The longest time after which a content that failed is tried again."""
TURNS_MAX = 8


def check_contents(world: World) -> None:
    """F1–F3, after `world.settle()`. Somebody opens every file on every machine, until no content moves any more."""
    rows = world._state()
    _settle(world)
    if world._state() != rows:
        raise Problem("F1", "contents that moved changed what is told of rows")
    server = contents_in(world.office.files.folder)
    _check_hashes("the server", server)
    for node in world.living:
        _check_hashes(node.name, node.contents())
    for node in world.living:
        _check_wanted(world, node, server)


def _settle(world: World) -> None:
    before: object = None
    for _ in range(TURNS_MAX):
        for node in world.living:
            node.open_all()
            node.move()
        state = [sorted(node.contents()) for node in world.living], sorted(contents_in(world.office.files.folder))
        if state == before:
            return
        before = state
        world.time.pass_ms(PAUSE_MS)
    raise Problem("F1", f"contents still move after {TURNS_MAX} turns of everybody")


def _check_hashes(where: str, contents: Mapping[str, bytes]) -> None:
    """F2: whatever lies in the place of a content is that content."""
    wrong = [sha256 for sha256, content in contents.items() if hash_of(content) != sha256]
    if wrong:
        raise Problem("F2", f"{where} shows something else as {wrong[0]}")


def _check_wanted(world: World, node: Node, server: Mapping[str, bytes]) -> None:
    """F3: what any machine has or was told to be safe, everybody gets; the rest is said to be missing."""
    ledger = world.ledger
    for sha256, blob in node.wanted().items():
        holders = [one.name for one in world.living if one.station.blobs.has(blob)]
        if sha256 not in server and holders:
            raise Problem("F3", f"{holders} have {sha256} and nobody brings it to the server")
        if sha256 not in server and sha256 in ledger.acknowledged - ledger.contents_lost:
            raise Problem("F3", f"the server acknowledged {sha256} and does not have it")
        if sha256 in server and node.name not in holders:
            raise Problem("F3", f"{node.name} does not get {sha256}")
        said = node.station.files.states([{"sha256": sha256, "size": blob.size, "machine": "A1"}])[sha256]["state"]
        if said != ("here" if sha256 in server else "missing"):
            raise Problem("F3", f"{node.name} says of {sha256} that it is {said}")
