"""Why a changeset is not accepted. Its number is consumed all the same: nothing that follows ever waits for it
(sync.md B6). Business state is never a reason."""

from collections.abc import Callable, Collection, Iterable

from .manifest import Key, Manifest
from .replication import conflicts
from .replication.changeset import Changeset, Op

REVOKED = "revoked"
"""The one push of a machine that was revoked."""


def reason(manifest: Manifest, changeset: Changeset) -> str | None:
    """What is wrong with a changeset of the right shape: names and types the manifest does not know."""
    return next((wrong for op in changeset.ops if (wrong := _wrong(manifest, op))), None)


def _wrong(manifest: Manifest, op: Op) -> str | None:
    table = manifest.tables.get(op.table)
    if table is None:
        return f"unknown-table: {op.table[:64]!r}"
    for column, value in op.set.items():
        kind = table.types.get(column)
        if kind is None:
            return f"unknown-column: {op.table}.{column[:64]!r}"
        if value is not None and isinstance(value, int) != (kind == "INTEGER"):
            return f"wrong-type: {op.table}.{column}"
    if op.table == conflicts.TABLE and (op.kind != "upd" or not set(op.set) <= conflicts.ANSWERS):
        return "conflict rows are written by the server; they are only answered"
    if table.rules.is_link and op.kind == "ins" and any(op.set.get(column) is None for column in table.types):
        return f"incomplete: {op.table}"
    return None


def depends_on(
    manifest: Manifest, changeset: Changeset, held: Callable[[Collection[Key]], Collection[Key]]
) -> Key | None:
    """A row this changeset needs that only a quarantined changeset made: it changes it, refers to it, or is the version
    of a document that speaks of it. (A long document is more than one changeset: what counts comes with the last.)

    A changeset that makes the row itself needs nobody: that is how a person's retry gets through.
    """
    made = {(op.table, op.id) for op in changeset.ops if op.kind == "ins"}
    needed = {key for op in changeset.ops for key in _needs(manifest, op)} - made
    return min(held(needed), default=None) if needed else None


def _needs(manifest: Manifest, op: Op) -> Iterable[Key]:
    yield op.table, op.id
    yield from manifest.tables[op.table].targets(op.set, op.set)
    yield from manifest.said(op.table, op.set)


def made_by(changeset: Changeset) -> list[Key]:
    """Rows that come into being with a changeset."""
    return [(op.table, op.id) for op in changeset.ops if op.kind == "ins"]
