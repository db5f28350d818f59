"""What the keeper of the books writes beside the versions that count (modules.md 0.5)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from functools import partial

from sync_server.replication.changeset import Op, Scalar

from ..ids import following_id
from ..registry import Registry
from ..settings import settings_of
from ..work import Work
from . import project
from .declare import Annex, Asking, Columns, Posted, Wanted
from .foreseen import Foreseen
from .newest import earliest, newest
from .project import chain_of, counting, posted_of
from .versions import TABLE


def unwritten(work: Work, module: str, id: str) -> list[Op]:
    """Annex rows that the version that counts lacks; none for a draft or a cancelled document."""
    definition, chain = work.registry[module], chain_of(work, id)
    if chain is None or definition.module.document is None or chain.winner.state != "posted":
        return []
    return missing(work, posted_of(work, definition, id, chain))


def missing(work: Work, posted: Posted) -> list[Op]:
    """Annex rows that a version lacks."""
    asking = _asking(work)
    return [
        op
        for annex in work.registry.documents[posted.module].annexes
        if not posted.annexes[annex.module]
        for op in _entries(annex, posted, asking)
    ]


def _entries(annex: Annex, posted: Posted, asking: Asking) -> list[Op]:
    return [
        Op(annex.module, following_id(posted.version, line), "ins", _about(posted, line) | _given(columns))
        for line, columns in annex.entries(posted, asking)
    ]


def _about(posted: Posted, line: str) -> dict[str, Scalar]:
    return {"module": posted.module, "document": posted.id, "line": line, "version": posted.version}


def _given(columns: Columns) -> Columns:
    return {name: value for name, value in columns.items() if value is not None}


def _asking(work: Work) -> Asking:
    ahead = Foreseen(work.db, work.registry)

    def look(module: str, id: str) -> Columns | None:
        return next(iter(ahead.found(module, {"id": ahead.meant(module, id)})), None)

    def latest(module: str, columns: Mapping[str, Wanted]) -> Iterator[Columns]:
        return newest(work.db, work.registry[module], ahead.through(module, columns))

    def each(module: str, columns: Mapping[str, Wanted]) -> Iterator[Columns]:
        return project.each(work.db, work.registry[module], ahead.through(module, columns))

    def first_due(module: str, columns: Mapping[str, Wanted]) -> Iterator[Columns]:
        return earliest(work.db, work.registry[module], ahead.through(module, columns))

    return Asking(
        look, ahead.found, ahead.sums, latest, settings_of(work.db), partial(counting, work), lambda: True,
        each=each, earliest=first_due, foresee_balances=ahead.balances, foresee_rows=ahead.rows, meant=ahead.meant,
        every=ahead.every,
    )  # fmt: skip


def unbooked(db: sqlite3.Connection, registry: Registry) -> list[tuple[str, str]]:
    """Posted documents of which some version lacks annex rows, in the order in which they were posted."""
    found: set[tuple[str, str, str]] = set()
    for module, document in registry.documents.items():
        for annex in document.annexes:
            sql = (
                f"SELECT h.posted_at, h.id FROM {TABLE} v JOIN {module} h ON h.id = v.document AND h.state = 'posted' "
                f"AND h.deleted_at IS NULL WHERE v.state = 'posted' AND v.module = ? "
                f"AND NOT EXISTS (SELECT 1 FROM {annex.module} a WHERE a.document = h.id AND a.version = v.id)"
            )
            found |= {(at or "", module, id) for at, id in db.execute(sql, (module,))}
    return [(module, id) for _, module, id in sorted(found)]
