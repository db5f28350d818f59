"""How long contents have lain without a row: pure, and what a killed look on the server leaves behind."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from sync_server.files import Files
from sync_server.replication.idle import KEPT_MS, STEP_MS, Idle

DAY_MS = 86_400_000
CONTENT = b"content"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def test_what_is_idle_at_every_look_is_due_after_ninety_days() -> None:
    idle = Idle()
    for day in range(91):
        assert idle.due == []
        idle = idle.looked(["a"] if day != 40 else [], day * DAY_MS) if day else idle.looked(["a", "b"], 0)
    for day in range(91, 132):
        idle = idle.looked(["a"], day * DAY_MS)
    assert idle.due == ["a"] and idle.without(["a"]).waited_ms == {}


def test_a_look_adds_a_week_at_most_and_a_clock_set_back_nothing() -> None:
    idle = Idle().looked(["a"], 1_000).looked(["a"], 1_000 + 10 * KEPT_MS)
    assert idle.waited_ms == {"a": STEP_MS}
    assert idle.looked(["a"], 5).waited_ms == {"a": STEP_MS}


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"looked_ms": 1, "waited_ms": 3}', '{"looked_ms": "x"'])
def test_what_cannot_be_read_begins_anew(text: str) -> None:
    assert Idle.read(text) == Idle()


def test_what_was_written_is_read() -> None:
    idle = Idle(7, {"a": 3})
    assert Idle.read(idle.text()) == idle


def kept(folder: Path) -> Files:
    """A server's folder with one content that has waited long enough."""
    files = Files(folder, lambda folder: 1 << 40)
    assert files.put(SHA256, len(CONTENT), 0, CONTENT)
    files._keep(Idle(0, {SHA256: KEPT_MS}))
    return files


def test_a_content_that_is_spoken_of_between_two_answers_stays(tmp_path: Path) -> None:
    files = kept(tmp_path)
    answers = iter([set[str](), {SHA256}])
    assert files.collect(lambda: next(answers), DAY_MS) == 0
    assert files.has(SHA256, len(CONTENT))
    assert files.collect(set, 2 * DAY_MS) == 0  # its time begins anew


def test_a_look_that_was_killed_leaves_the_content_to_the_next(tmp_path: Path) -> None:
    files = kept(tmp_path)
    files._set_aside(SHA256)
    assert not files.has(SHA256, len(CONTENT))
    assert files.collect(lambda: {SHA256}, DAY_MS) == 0 and files.has(SHA256, len(CONTENT))
    files = kept(tmp_path)
    assert files.collect(set, DAY_MS) == 1 and not files.has(SHA256, len(CONTENT))
