"""The simulator has teeth: a bug of each kind, planted here and nowhere else, breaks the invariant one expects within a
few seeds."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from desktop import blobs
from desktop.db import Database
from desktop.engine.documents import project, verbs
from desktop.engine.documents.versions import Chain
from desktop.engine.engine import Engine
from desktop.sync import identity, outbox, reception
from desktop.sync.exchange import Exchange, Page, Unreachable
from desktop.sync.rounds import Round
from sync_server import intake
from sync_server.replication import conflicts, merge

from .play import attempt
from .world import Script

SEEDS = 80

Plant = Callable[[pytest.MonkeyPatch], None]


def cursor_before_apply(patch: pytest.MonkeyPatch) -> None:
    real = reception.take_log

    def early(engine: Engine, items: Sequence[Mapping[str, Any]], then: reception.Then) -> reception.Received:
        with engine.db.write() as db:
            then(db)
        return real(engine, items, lambda db: None)

    patch.setattr(reception, "take_log", early)


def lost_answer_is_sent_anew(patch: pytest.MonkeyPatch) -> None:
    """What went out without an answer goes out once more under another name, as if it were new."""
    real = Round._pushed

    def pushed(self: Round, batch: outbox.Batch) -> bool:
        try:
            return real(self, batch)
        except Unreachable:
            with self.engine.db.write() as db:
                if self.engine.applier.me(db).replica == batch.replica:
                    outbox.rotate(self.engine, db, batch.first_n)
            self._renew_identity()
            raise

    patch.setattr(Round, "_pushed", pushed)


def last_to_come_wins(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(merge, "wins", lambda *args: True)


def everybody_knew_everything(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(intake._Intake, "_ctx", lambda self, changeset: self.base)


def nobody_knew_anything(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(intake._Intake, "_ctx", lambda self, changeset: 0)


def deletes_hold_over_everything(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(merge, "delete_holds", lambda seen, clock: True)


def no_clamp(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(intake._Intake, "_bounded", lambda self, claimed: claimed)


def copies_keep_their_name(patch: pytest.MonkeyPatch) -> None:
    """A copied folder takes itself for the original, code and all."""

    def settle(db: Database, data: Path, identities: identity.Identities) -> tuple[identity.Identity | None, None]:
        return identities.read(data), None

    patch.setattr("desktop.sync.service.settle", settle)


def own_changes_are_passed_over(patch: pytest.MonkeyPatch) -> None:
    """A machine asks for nothing of its own, not even for what its restored data lack."""
    patch.setattr(outbox, "acked_n", lambda db, replica: 1 << 40)


def conflicts_at_random(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(conflicts, "conflict_id", lambda *args: uuid.uuid4().hex)


def last_of_a_page_is_dropped(patch: pytest.MonkeyPatch) -> None:
    real = Exchange.pull

    def pull(self: Exchange, *args: Any) -> Page:
        page = real(self, *args)
        return replace(page, items=page.items[:-1]) if len(page.items) > 1 else page

    patch.setattr(Exchange, "pull", pull)


def children_stay_deleted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(intake._Intake, "_taken_along", lambda self, via: [])


def nothing_is_offered_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(outbox, "offer_again", lambda *args: 0)


def old_positions_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A restored server takes what it lost for new."""
    patch.setattr(conflicts, "_knew", lambda ctx, write: write.seq is not None and write.seq <= ctx)


def clamped_rows_are_not_fetched(patch: pytest.MonkeyPatch) -> None:
    """Who got another stamp from the server goes on with the claimed one."""
    patch.setattr(outbox, "_restamp", lambda *args: None)


def mirrors_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    """What was cancelled goes on counting."""
    real = project.posted_of
    patch.setattr(project, "posted_of", lambda *args: replace(real(*args), cancelled_on=None))


def last_version_to_come_counts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Chain, "of", staticmethod(lambda versions: Chain(tuple(versions))))


def new_lines_stay_at_home(patch: pytest.MonkeyPatch) -> None:
    """A version names lines that nobody else gets."""
    patch.setattr(verbs._Saving, "_fresh_lines", lambda *args: [])


def any_answer_is_a_whole_content(patch: pytest.MonkeyPatch) -> None:
    """What came is taken for the content by its length."""
    patch.setattr(blobs, "hash_of", lambda part: part.name.removesuffix(".part"))


def an_upload_counts_before_it_is_whole(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Exchange, "put_part", lambda self, *args: _put_part(self, *args) or True)


_put_part = Exchange.put_part


def restored_servers_are_not_asked_what_they_lack(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Exchange, "files_missing", lambda self, hashes: set())


@dataclass(frozen=True)
class Planted:
    """A bug, the invariants of which one must break, and what has to happen often for it to show soon."""

    plant: Plant
    rules: frozenset[str]
    focus: Mapping[str, float] = field(default_factory=dict)
    seen: int = 0
    """The seed that showed it first when it was planted; others are tried where that one no longer does."""


PAPERS = {"sheet": 14, "change": 30, "cancel": 8}
FILES = {"attach": 20, "move": 40}
DISKS = {"server-backup": 8, "server-restore": 8}
PLANTED = [
    Planted(cursor_before_apply, frozenset({"I11"}), seen=1),
    Planted(lost_answer_is_sent_anew, frozenset({"I2"}), seen=20),
    Planted(last_to_come_wins, frozenset({"I1", "I2", "I9"}), seen=11),
    Planted(everybody_knew_everything, frozenset({"I3"}), seen=1),
    Planted(nobody_knew_anything, frozenset({"I3"}), seen=8),
    Planted(deletes_hold_over_everything, frozenset({"I2"}), seen=18),
    Planted(no_clamp, frozenset({"clamp"}), seen=4),
    Planted(
        copies_keep_their_name,
        frozenset({"I5"}),
        {"save": 90, "clone": 8, "round": 8, "calm-round": 0, "delete": 0},
        seen=50,
    ),
    Planted(own_changes_are_passed_over, frozenset({"I1", "I9", "I11"}), {"backup": 6, "put-back": 6}, seen=21),
    Planted(conflicts_at_random, frozenset({"I3"}), seen=1),
    Planted(last_of_a_page_is_dropped, frozenset({"I11"}), seen=11),
    Planted(children_stay_deleted, frozenset({"I12"}), {"delete": 25}, seen=60),
    Planted(nothing_is_offered_again, frozenset({"I2", "I10"}), DISKS, seen=36),
    Planted(old_positions_are_forgotten, frozenset({"I3"}), DISKS | dict.fromkeys(PAPERS, 0), seen=20),
    Planted(clamped_rows_are_not_fetched, frozenset({"I1", "I9"}), {"clock": 10}, seen=4),
    Planted(mirrors_are_forgotten, frozenset({"I4"}), PAPERS, seen=2),
    Planted(last_version_to_come_counts, frozenset({"I4", "I6"}), PAPERS, seen=11),
    Planted(new_lines_stay_at_home, frozenset({"I6"}), PAPERS, seen=6),
    Planted(an_upload_counts_before_it_is_whole, frozenset({"F3"}), FILES),
    Planted(restored_servers_are_not_asked_what_they_lack, frozenset({"F3"}), DISKS | FILES, seen=13),
    Planted(any_answer_is_a_whole_content, frozenset({"F2"}), FILES, seen=45),
]


@pytest.mark.parametrize("planted", PLANTED, ids=lambda one: one.plant.__name__)
def test_a_planted_bug_is_caught(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    planted.plant(monkeypatch)
    seeds = dict.fromkeys((planted.seen, *range(SEEDS)))
    broken = (attempt(Script.of(seed, planted.focus)) for seed in seeds)
    assert any(failure is not None and failure.rule in planted.rules for failure in broken)
