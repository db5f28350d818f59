"""What a company decides (modules.md 2.10.7), for all of it or narrower: declared by its chapter, kept as one record
per key and place, read as typed values. A setting says how new things are made; what was saved keeps what held then.

Where one may be decided says the setting (`levels`). What is decided for less holds before what is decided for more:
for this machine, for who uses it, for its branch, for the company, and as the program ships.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, Literal, TypeVar, cast

from .fields import Field, FieldError

TABLE = "setting"

T = TypeVar("T")

Level = Literal["company", "branch", "user", "machine"]
NARROWEST_FIRST: tuple[Level, ...] = ("machine", "user", "branch", "company")
BY_BRANCH: tuple[Level, ...] = ("company", "branch")


@dataclass(frozen=True)
class Place:
    """For whom something is decided: all of the company, or the branch, operator or machine (replica) with this id."""

    level: Level = "company"
    id: str = ""

    def kept_as(self, key: str) -> str:
        """The key of the record that keeps a setting for it. Versions that know of no levels know no such key."""
        return key if self.level == "company" else f"{key}@{self.level[0]}:{self.id}"


COMPANY = Place()


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
    levels: tuple[Level, ...] = ("company",)
    """Where it may be decided."""

    @property
    def default(self) -> T:
        return cast(T, self.field.default)

    def read(self, text: str | None) -> T:
        """What is kept, as a value."""
        value = None if text is None else self.parsed(text)
        return self.default if value is None else value

    def is_read(self, text: str) -> bool:
        """Whether this version can read what is kept: what it cannot counts as never set."""
        return self.parsed(text) is not None

    def parsed(self, text: str) -> T | None:
        """The same; None of what a newer version wrote and this one cannot read."""
        try:
            return cast(T | None, self.field.parse(json.loads(text)))
        except (ValueError, FieldError):
            return None

    def write(self, value: object) -> str:
        """A checked value as it is kept."""
        return json.dumps(value, ensure_ascii=False)


class Settings:
    """The settings that hold at some places, read at most once: a posting asks for several of them."""

    def __init__(self, kept: Callable[[], Mapping[str, str]] = dict, places: Iterable[Place] = ()) -> None:
        self._read = kept
        self._places = {COMPANY.level: COMPANY} | {place.level: place for place in places if place.id}
        self._asked: dict[str, object] = {}

    @cached_property
    def _kept(self) -> Mapping[str, str]:
        return self._read()

    def kept(self, key: str) -> object:
        """What somebody set, by key alone; None where nobody did."""
        text = self._kept.get(key)
        return None if text is None else json.loads(text)

    def __getitem__(self, one: Setting[T]) -> T:
        if one.key not in self._asked:
            self._asked[one.key] = self._decision(one)[1]
        return cast(T, self._asked[one.key])

    def decided(self, one: Setting[T]) -> Place | None:
        """The narrowest place where somebody decided it; None where it is as shipped."""
        return self._decision(one)[0]

    def _decision(self, one: Setting[T]) -> tuple[Place | None, T]:
        for level in NARROWEST_FIRST:
            place = self._places.get(level) if level in one.levels else None
            text = self._kept.get(place.kept_as(one.key)) if place else None
            if text is not None and (value := one.parsed(text)) is not None:
                return place, value
        return None, one.default


def reason_to_stay(db: sqlite3.Connection, one: Setting[T]) -> str:
    """Why a setting can no longer be changed; "" while it can."""
    is_used = one.stays_once and db.execute(f"SELECT 1 FROM {one.stays_once} LIMIT 1").fetchone()
    return one.stays_because if is_used else ""


def settings_of(db: sqlite3.Connection, operator: str = "") -> Settings:
    """Those of an open transaction that hold on this machine, for an operator; all defaults where the program keeps no
    settings."""
    return Settings(lambda: _kept(db), places_of(db, operator))


def settings_at(db: sqlite3.Connection, place: Place) -> Settings:
    """Those that hold at a place, whatever machine this is."""
    return Settings(lambda: _kept(db), [place])


def places_of(db: sqlite3.Connection, operator: str = "") -> list[Place]:
    """Where this machine is, and who uses it."""
    found = _rows(db, "SELECT branch, replica FROM sync_self")
    if found is None:
        return []
    here = [Place("branch", str(found[0][0] or "")), Place("machine", str(found[0][1]))] if found else []
    return [*here, Place("user", operator)]


def _rows(db: sqlite3.Connection, sql: str) -> list[tuple[str, str]] | None:
    """None where the table is not there. Nobody looks for it first: that would be asked several times a posting."""
    try:
        return db.execute(sql).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
        return None


def _kept(db: sqlite3.Connection) -> dict[str, str]:
    return dict(_rows(db, f"SELECT key, value FROM {TABLE} WHERE deleted_at IS NULL AND value IS NOT NULL") or ())
