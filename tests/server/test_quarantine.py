"""What a changeset needs that the server did not accept (sync.md B6)."""

import json
from collections.abc import Collection

import pytest

from sync_server import manifest, quarantine
from sync_server.manifest import Key
from sync_server.replication.changeset import Changeset, Op

KNOWN = manifest.load()
SHEET = {
    "header": {"id": "d", "customer": "c"},
    "lines": [{"id": "l1", "product": "p1"}, {"id": "l2", "product": "p2"}],
}


def needed(*held: Key, body: str = json.dumps(SHEET), along: tuple[Op, ...] = ()) -> Key | None:
    """Of what is held, what a version of a sale needs."""

    def among(keys: Collection[Key]) -> Collection[Key]:
        return set(keys) & set(held)

    version = Op("document_version", "v", "ins", {"module": "sale", "document": "d", "state": "posted", "body": body})
    return quarantine.depends_on(KNOWN, Changeset("r", 1, 0, 0, "", 1, (*along, version)), among)


@pytest.mark.parametrize("key", [("sale", "d"), ("sale_line", "l2"), ("product", "p1"), ("customer", "c")])
def test_a_version_needs_the_rows_it_speaks_of(key: Key) -> None:
    """A long document is more than one changeset: accepted without one of them, it would show with holes."""
    assert needed(key) == key
    assert needed(("sale_line", "l3"), ("customer", "d")) is None


def test_a_version_does_not_wait_for_what_comes_with_it() -> None:
    assert needed(("sale_line", "l2"), along=(Op("sale_line", "l2", "ins", {"document": "d"}),)) is None


@pytest.mark.parametrize(
    "body",
    ["", "{", "null", "[]", "7", '{"header": 5, "lines": {"a": 1}}', '{"lines": [5, {"id": 7}, {"product": ["p1"]}]}',
     "[" * 100_000],
    ids=range(8),
)  # fmt: skip
def test_a_version_that_nobody_can_read_needs_no_lines(body: str) -> None:
    assert needed(("sale_line", "l1"), ("product", "p1"), body=body) is None
    assert needed(("sale", "d"), body=body) == ("sale", "d")
