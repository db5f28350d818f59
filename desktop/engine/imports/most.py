"""How much one file may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..registry import Definition

ROWS = 100_000
LINES, DOCUMENTS = 50_000, 20_000
"""Of rows that become documents with lines, and documents: some minutes, in which others save."""


def rows_of(definition: Definition) -> int:
    """Rows of one file for a module."""
    document = definition.module.document
    if document is None:
        return ROWS
    return LINES if document.lines else DOCUMENTS
