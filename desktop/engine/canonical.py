"""The canonical form of the wire (`changeset.canonical`), byte for byte, in a third of the time: a posting writes three
long ones. The server keeps to the standard library, and its form is the one that counts."""

import orjson

from sync_server.replication.changeset import canonical as by_the_book

_OPTIONS = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)


def canonical(value: object) -> bytes:
    """Of texts, integers, yes and no, nothing, and lists and tables of them. What orjson does not take (broken texts,
    integers of more than 64 bits) goes, or fails, as the book has it."""
    try:
        return orjson.dumps(value, option=_OPTIONS)
    except TypeError:
        return by_the_book(value)
