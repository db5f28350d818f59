"""What a company decides once for all its machines (modules.md 2.10.7): declared by its chapter, kept as one record per
key, read as typed values. A setting says how new things are made; what was saved keeps what held then.
"""

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar, cast

from .fields import Field, FieldError

TABLE = "setting"

T = TypeVar("T")


@dataclass(frozen=True)
class Setting(Generic[T]):
    """One setting. Its field says what it is called, what it may be, what it is where nobody set it, and what for."""

    key: str
    field: Field
    group: str
    position: int = 100
    stays_once: str = ""
    """A module: as soon as it has rows the setting stays as it is, for what follows from them would no longer agree."""
    stays_because: str = ""
    """What whoever wants to change it then is told."""

    @property
    def default(self) -> T:
        return cast(T, self.field.default)

    def read(self, text: str | None) -> T:
        """What is kept, as a value; what a newer version wrote and this one cannot read counts as never set."""
        if text is None:
            return self.default
        try:
            found = self.field.parse(json.loads(text))
        except (ValueError, FieldError):
            return self.default
        return self.default if found is None else cast(T, found)

    def write(self, value: object) -> str:
        """A checked value as it is kept."""
        return json.dumps(value, ensure_ascii=False)


class Settings:
    """The settings that hold, read at most once: a posting asks for several of them."""

    def __init__(self, kept: Callable[[], Mapping[str, str]] = dict) -> None:
        self._read = kept

    @cached_property
    def _kept(self) -> Mapping[str, str]:
        return self._read()

    def kept(self, key: str) -> object:
        """What somebody set, by key alone; None where nobody did."""
        text = self._kept.get(key)
        return None if text is None else json.loads(text)

    def __getitem__(self, one: Setting[T]) -> T:
        return one.read(self._kept.get(one.key))


def reason_to_stay(db: sqlite3.Connection, one: Setting[T]) -> str:
    """Why a setting can no longer be changed; "" while it can."""
    is_used = one.stays_once and db.execute(f"SELECT 1 FROM {one.stays_once} LIMIT 1").fetchone()
    return one.stays_because if is_used else ""


def settings_of(db: sqlite3.Connection) -> Settings:
    """Those of an open transaction; all defaults where the program keeps no settings."""
    return Settings(lambda: _kept(db))


def _kept(db: sqlite3.Connection) -> dict[str, str]:
    if not db.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (TABLE,)).fetchone():
        return {}
    return dict(db.execute(f"SELECT key, value FROM {TABLE} WHERE deleted_at IS NULL AND value IS NOT NULL").fetchall())
