"""Equal digests mean equal data: a canonical hash over the rows a machine holds."""

import hashlib
from collections.abc import Iterable, Mapping

from .changeset import Scalar, canonical


def table_digest(rows: Iterable[Mapping[str, Scalar]]) -> dict[str, int | str]:
    """{rows, sha256} over rows already sorted by id. Columns that hold nothing are left out, so a newer
    column that nobody filled does not tell two machines apart."""
    total, digest = 0, hashlib.sha256()
    for row in rows:
        total += 1
        digest.update(canonical({key: value for key, value in row.items() if value is not None}))
        digest.update(b"\n")
    return {"rows": total, "sha256": digest.hexdigest()}
