"""补录成本 stands on a receipt: while it counts, the receipt is neither changed nor cancelled (T6.10, T20)."""

from collections.abc import Iterator

from ...engine.documents.declare import Asking, Posting, Wrong


def adjusted_by(id: str, asking: Asking) -> Iterator[str]:
    """Numbers of the cost adjustments that say what a receipt cost."""
    rows = asking.find("cost_adjust_line", {"source_document": id, "state": "posted", "kind": "late_cost"})
    yield from sorted({str(row["number"]) for row in rows if not row["is_void"]})


def not_adjusted(posting: Posting) -> Iterator[Wrong]:
    """Refuses another version of a receipt whose cost was told later."""
    numbers = list(adjusted_by(posting.id, posting.asking)) if posting.old else []
    if numbers:
        yield Wrong(f"成本已在 {'、'.join(numbers)} 补录，请先作废它", "")
