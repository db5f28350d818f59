"""Batches: what is packed comes back bit for bit; whatever else arrives is one typed error, quickly."""

from __future__ import annotations

import json
import zlib
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync_server.replication.changeset import ROWS_MAX, Changeset, Op, canonical, chain
from sync_server.replication.wire import (
    ALONE_BYTES_MAX,
    BATCH_BYTES_MAX,
    CHANGESETS_MAX,
    Garbled,
    Malformed,
    TooLarge,
    WireError,
    batches,
    pack,
    read_changeset,
    read_push,
    sealed,
    unpack,
)

R = "a" * 32
text = st.text(st.characters(codec="utf-8"), max_size=20)
values = st.dictionaries(
    st.text("abc_", min_size=1, max_size=5),
    st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), text, st.just("\0 𝄞 王")),
    max_size=4,
)


def body(n: Any = 1, **changes: Any) -> dict[str, Any]:
    one = Changeset(R, n, 5, 6, "u", 1, [Op("customer", "b" * 32, "ins", {"name": "王"})]).wire()
    return sealed(one | changes, b"\1" * 32)


@settings(max_examples=200)
@given(values)
def test_values_come_back_bit_for_bit(sets: dict[str, Any]) -> None:
    one = Changeset(R, 1, 5, 6, "u", 1, [Op("t", "b" * 32, "upd", sets)], ctx={"hq": 2**40})
    (back,) = read_push(pack({"changesets": [sealed(one.wire(), b"\1" * 32)]}))["changesets"]
    assert back.pop("h") == "01" * 8
    assert canonical(back) == canonical(one.wire())
    assert read_changeset(back) == one


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_garbage_is_garbled(data: bytes) -> None:
    for given_data in (data, zlib.compress(data)):
        with pytest.raises(WireError):
            read_push(given_data)


@pytest.mark.parametrize("cut", [0, 1, 5, 20, -1, -4])
def test_a_cut_batch_is_garbled(cut: int) -> None:
    with pytest.raises(Garbled):
        read_push(pack({"changesets": [body()]})[:cut])


def test_something_behind_a_batch_is_garbled() -> None:
    with pytest.raises(Garbled):
        read_push(pack({"changesets": [body()]}) + b"x")


@pytest.mark.parametrize(
    "raw",
    [b"[" * 100_000, b'{"changesets":[1.5]}', b'{"changesets":NaN}', b"9" * 10_000, b'{"a":1e9}', b'"\xff"', b"null"],
)
def test_json_of_another_kind_is_garbled(raw: bytes) -> None:
    with pytest.raises(Garbled):
        read_push(zlib.compress(raw))


@pytest.mark.parametrize(
    "push",
    [
        [],
        {"changesets": {}},
        {"changesets": []},
        {"changesets": [5]},
        {"changesets": [body(r="A" * 32)]},
        {"changesets": [body(n=0)]},
        {"changesets": [body(n=True)]},
        {"changesets": [body(n="1")]},
        {"changesets": [body() | {"h": "zz"}]},
        {"changesets": [body(1), body(3)]},
        {"changesets": [body(1), body(2, r="b" * 32)]},
        {"changesets": [body()], "again": []},
        {"changesets": [body()], "again": {"1": {"old_seq": -1, "hlc_eff": "0" * 16}}},
        {"changesets": [body()], "again": {"1": {"old_seq": 1, "hlc_eff": "f" * 16}}},
    ],
)
def test_a_wrong_outer_shape_is_garbled(push: Any) -> None:
    with pytest.raises(Garbled):
        read_push(pack(push))


def test_a_bomb_is_not_unpacked() -> None:
    bomb = zlib.compress(b"\0" * (ALONE_BYTES_MAX * 4), 9)
    assert len(bomb) < 200_000
    with pytest.raises(TooLarge):
        unpack(bomb)


def test_more_than_a_push_may_hold_is_too_large() -> None:
    with pytest.raises(TooLarge):
        read_push(pack({"changesets": [body(n) for n in range(1, CHANGESETS_MAX + 2)]}))
    half = body(act="x" * (BATCH_BYTES_MAX // 2))
    with pytest.raises(TooLarge):
        read_push(pack({"changesets": [half, half | {"n": 2}]}))
    alone = body(act="x" * BATCH_BYTES_MAX)
    assert read_push(pack({"changesets": [alone]}))["changesets"] == [alone]


@pytest.mark.parametrize(
    "changes",
    [
        {"hlc": 5},
        {"hlc": "f" * 16},
        {"hlc": "-" + "0" * 15},
        {"at": -1},
        {"at": None},
        {"off": "1"},
        {"ctx": []},
        {"ctx": {"hq": -1}},
        {"ctx": {"hq": 2**63}},
        {"schema": 0},
        {"actor": 7},
        {"actor": "x" * 100},
        {"res": 5},
        {"batch": ["x"]},
        {"ops": {}},
        {"ops": []},
        {"ops": [None]},
        {"ops": [{}]},
        {"ops": [{"t": "t", "id": "1", "k": "upd"}]},
        {"ops": [{"t": "t", "id": "b" * 32, "k": ["upd"]}]},
        {"ops": [{"t": "t", "id": "b" * 32, "k": "drop"}]},
        {"ops": [{"t": "t" * 65, "id": "b" * 32, "k": "upd"}]},
        {"ops": [{"t": "t", "id": "b" * 32, "k": "upd", "set": []}]},
        {"ops": [{"t": "t", "id": "b" * 32, "k": "upd", "set": {"a": 2**63}}]},
        {"ops": [{"t": "t", "id": "b" * 32, "k": "upd", "set": {"a": True}}]},
        {"ops": [{"t": "t", "id": "b" * 32, "k": "upd", "set": {"a": {}}}]},
        {"ops": [{"t": "t", "id": "b" * 32, "k": "upd", "set": {"a": "x" * 1_000_001}}]},
        {"ops": [{"t": "t", "id": "b" * 32, "k": "upd", "bh": {"a": 1}}]},
        {"ops": [{"t": "t", "id": "b" * 32, "k": "del", "seen": {"a": "1"}}]},
        {"ops": [{"t": "t", "id": "b" * 32, "k": "del", "via": 1}]},
        {"ops": [{"t": "t", "id": "b" * 32, "k": "upd"}] * (ROWS_MAX + 1)},
    ],
)
def test_a_changeset_wrong_inside_is_malformed(changes: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        read_changeset(body(**changes))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300)
@given(st.sampled_from(["hlc", "at", "off", "ctx", "schema", "actor", "act", "batch", "res", "ops"]), json_values)
def test_whatever_stands_in_a_part_is_read_or_malformed(part: str, value: Any) -> None:
    with suppress(Malformed):
        read_changeset(json.loads(json.dumps(body(**{part: value}))))


def test_changesets_are_cut_into_pushes_within_the_limits() -> None:
    many = [body(n) for n in range(1, 1_201)]
    cut = list(batches(many))
    assert [len(batch) for batch in cut] == [500, 500, 200]
    assert [one for batch in cut for one in batch] == many
    large = [body(1, act="x" * 3_000_000), body(2, act="x" * 3_000_000), body(3), body(4, act="x" * 9_000_000)]
    assert [[one["n"] for one in batch] for batch in batches(large)] == [[1], [2, 3], [4]]
    for batch in batches(large):
        assert read_push(pack({"changesets": batch}))["changesets"] == batch
    with pytest.raises(TooLarge):
        list(batches([body(act="x" * ALONE_BYTES_MAX)]))


def test_the_seal_is_the_start_of_the_chain() -> None:
    one = Changeset(R, 1, 5, 6, "u", 1, []).wire()
    h = chain(b"", canonical(one))
    assert sealed(one, h) == one | {"h": h.hex()[:16]}
