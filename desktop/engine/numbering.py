"""Number series (T19): drawn in the saving transaction, one series per machine, never reused."""

import sqlite3

SEQ_WIDTH_MASTER = 5
SEQ_WIDTH_DOCUMENT = 4


def draw(db: sqlite3.Connection, prefix: str, branch: str, machine: str, part: str = "", count: int = 1) -> int:
    """The first of `count` fresh numbers of the series (prefix, machine code, date part)."""
    code = f"{branch}{machine}"
    db.execute(
        "INSERT INTO number_series (prefix, machine, part, last) VALUES (?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET last = last + excluded.last",
        (prefix, code, part, count),
    )
    (last,) = db.execute(
        "SELECT last FROM number_series WHERE prefix = ? AND machine = ? AND part = ?", (prefix, code, part)
    ).fetchone()
    return int(last) - count + 1


def master_number(prefix: str, branch: str, machine: str, seq: int) -> str:
    """Numbers of customers, suppliers and the like: `{prefix}{branch}{machine}{seq:5}`, e.g. KH01A100001."""
    return f"{prefix}{branch}{machine}{seq:0{SEQ_WIDTH_MASTER}d}"


def document_number(prefix: str, branch: str, machine: str, day: str, seq: int) -> str:
    """Numbers of documents: `{prefix}-{branch}{machine}-{yyyyMMdd}-{seq:4}`, e.g. XS-01A3-20261123-0007."""
    return f"{prefix}-{branch}{machine}-{day}-{seq:0{SEQ_WIDTH_DOCUMENT}d}"


def machine_of(number: str) -> str:
    """Branch and machine that drew the number of a document: XS-01A3-20261123-0007 → 01A3."""
    parts = number.split("-")
    return parts[1] if len(parts) == 4 else ""
