"""系统配置: what is decided, for whom, by whom and when, and deciding it. One record per key and place, so that people
who change different settings never undo each other."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from sync_server.replication.changeset import Op, Scalar, value_hash

from ..errors import Forbidden, Invalid, NotFound
from . import history
from .access import Principal, demand
from .describe import free_field
from .engine import Engine
from .fields import FieldError, Serial
from .fields.moment import today
from .ids import derived_id
from .numbering import NUMBER_DATE, NUMBER_FORM, SEQ_WIDTH, Scheme, scheme_of
from .records import Idempotent, answer, answered
from .registry import Definition
from .saving import branch_code, series_of
from .settings import (
    COMPANY,
    NARROWEST_FIRST,
    TABLE,
    Level,
    Place,
    Setting,
    Settings,
    reason_to_stay,
    settings_at,
    settings_of,
)


def id_of(key: str) -> str:
    """Two machines that set one key set one record; `key` as it is kept for a place."""
    return derived_id(TABLE, key)


def shown(engine: Engine, principal: Principal, names: Mapping[str, str], at: Place = COMPANY) -> dict[str, Any]:
    """{groups: [{label, settings}], places, at, may_change}: what is decided at a place, and where it comes from if not
    there; `names` are operators by id."""
    demand(principal, "view", engine.definition(TABLE))
    with engine.db.read() as db:
        offered = _places(engine, db)
        _checked_place(at, offered)
        there = _There(engine, db, at, offered, names)
        every = [one for one in engine.registry.settings.values() if at.level in one.levels]
        groups = [
            {"label": label, "settings": [there.shown(one) for one in group]}
            for label, group in groupby(every, key=lambda one: one.group)
        ]
    return {
        "groups": groups,
        "places": [{"at": _said(place), "label": label} for place, label in offered.items()],
        "at": _said(at),
        "may_change": principal.has("settings"),
    }


def place_from(text: str) -> Place:
    """What a screen means by a place: as `_said` says it. Raises `NotFound` for what is none: nothing is decided for
    all by a slip of the pen."""
    level, _, id = text.partition(":")
    found: Level | None = next((one for one in NARROWEST_FIRST if one == level), None)
    if found is None:
        raise NotFound("没有这个范围，设置没有改动")
    return Place(found, "" if found == "company" else id)


def _said(place: Place) -> str:
    return place.level if place.level == "company" else f"{place.level}:{place.id}"


def _places(engine: Engine, db: sqlite3.Connection) -> dict[Place, str]:
    """Where something may be decided, with what it is called: all of the company, and branches, where any setting may
    be decided for them."""
    levels = {level for one in engine.registry.settings.values() for level in one.levels}
    found = {COMPANY: "全公司"}
    if "branch" in levels:
        rows = db.execute("SELECT id, name FROM branch WHERE deleted_at IS NULL ORDER BY code, id")
        found |= {Place("branch", row["id"]): str(row["name"] or "") for row in rows}
    return found


def _checked_place(at: Place, offered: Mapping[Place, str]) -> str:
    """What a place is called; raises `NotFound`."""
    if at not in offered:
        raise NotFound("没有这个分公司，可能已被删除")
    return offered[at]


class _There:
    """What is decided at one place, and for all that is wider or narrower."""

    def __init__(
        self, engine: Engine, db: sqlite3.Connection, at: Place, offered: Mapping[Place, str],
        names: Mapping[str, str],
    ) -> None:  # fmt: skip
        self._db, self._at, self._offered, self._names = db, at, offered, names
        self._rows = {row["key"]: row for row in db.execute(f"SELECT * FROM {TABLE} WHERE deleted_at IS NULL")}
        self._above = settings_at(db, COMPANY)

    def shown(self, one: Setting[Any]) -> dict[str, Any]:
        row = self._row(one, self._at)
        kept = row["value"] if row else None
        above = one.default if self._at == COMPANY else self._above[one]
        return {
            "key": one.key,
            "field": free_field(one.key, one.field, default=one.default),
            "value": above if kept is None or not one.is_read(kept) else one.read(kept),
            "is_default": kept is None,
            "above": above,
            "default_words": _spoken(one, above),
            "comes_from": self._comes_from(one),
            "narrower": list(self._narrower(one)) if self._at == COMPANY else [],
            "stays": reason_to_stay(self._db, one),
            "at": row["updated_at"] if row else None,
            "by": self._names.get(row["updated_by"] or "", "") if row else "",
        }

    def _row(self, one: Setting[Any], place: Place) -> sqlite3.Row | None:
        return self._rows.get(place.kept_as(one.key))

    def _comes_from(self, one: Setting[Any]) -> str:
        """What decides while nobody decides here."""
        is_above = self._at != COMPANY and self._above.decided(one) is not None
        return self._offered[COMPANY] if is_above else "默认"

    def _narrower(self, one: Setting[Any]) -> Iterator[dict[str, str]]:
        """Who decided otherwise for himself."""
        for place, label in self._offered.items():
            row = self._row(one, place) if place.level != "company" and place.level in one.levels else None
            if row and row["value"] is not None and one.is_read(row["value"]):
                yield {"at": _said(place), "label": label, "words": _spoken(one, one.read(row["value"]))}


SAMPLES_MAX = 3


def sampled(
    engine: Engine, principal: Principal, values: Mapping[str, Any], defaults: Sequence[str]
) -> dict[str, list[dict[str, str]]]:
    """{numbers: [{noun, number}]}: the next number of some documents if `values` were decided and `defaults` put back;
    nothing while something about numbers is no value."""
    demand(principal, "view", engine.definition(TABLE))
    about = {one.key: one for one in (NUMBER_FORM, NUMBER_DATE, SEQ_WIDTH)}
    try:
        wanted = {key: one.write(one.field.parse(values[key])) for key, one in about.items() if key in values}
    except FieldError:
        return {"numbers": []}
    with engine.db.read() as db:
        kept = settings_of(db)
        now = {key: json.dumps(kept.kept(key)) for key in about if kept.kept(key) is not None and key not in defaults}
        scheme = scheme_of(Settings(lambda: {**now, **wanted}))
        me = engine.applier.me(db)
        branch = branch_code(db, me.branch)
        return {"numbers": [_upcoming(engine, db, one, scheme, branch, me.code) for one in _numbered(engine)]}


def _numbered(engine: Engine) -> list[Definition]:
    """Documents that people make, as menus have them."""
    return [engine.registry[name] for name in engine.registry.documents if engine.registry[name].module.menu][
        :SAMPLES_MAX
    ]


def _upcoming(
    engine: Engine, db: sqlite3.Connection, definition: Definition, scheme: Scheme, branch: str, machine: str
) -> dict[str, str]:  # fmt: skip
    one = next(one for one in definition.fields.values() if isinstance(one, Serial) and one.dated)
    series = series_of(engine.registry, one, "", branch, machine)
    return {"noun": definition.module.noun, "number": series.upcoming(db, scheme, today())[1]}


def change(
    engine: Engine, principal: Principal, values: Mapping[str, Any], defaults: Sequence[str],
    idempotent: Idempotent | None = None, at: Place = COMPANY,
) -> None:  # fmt: skip
    """Decides `values` by key at a place and puts `defaults` back to what holds without it, all or nothing; what is not
    named stays. Raises `Invalid` with a message per key, `Forbidden`, and `NotFound` for a place that is not there."""
    demand(principal, "view", engine.definition(TABLE))
    if not principal.has("settings"):
        raise Forbidden("没有「系统设置」的权限，不能修改，可请管理员来改")
    wanted = {**_checked(engine, values), **dict.fromkeys(_known(engine, defaults))}
    _refuse_elsewhere(engine, wanted, at)
    with engine.db.write() as db:
        label = _checked_place(at, _places(engine, db))
        if idempotent and answered(db, idempotent) is not None:
            return
        _refuse_settled(engine, db, wanted)
        ops = [op for key, text in wanted.items() for op in _ops(engine, db, key, text, at, label)]
        changed = engine.applier.local(ops, actor=principal.operator, act=f"{TABLE}.edit")
        if idempotent:
            answer(db, idempotent, "")
    engine.tell(changed)


def _known(engine: Engine, keys: Sequence[str]) -> Sequence[str]:
    unknown = [key for key in keys if key not in engine.registry.settings]
    if unknown:
        raise Invalid(dict.fromkeys(unknown, "没有这项设置"))
    return keys


def _checked(engine: Engine, values: Mapping[str, Any]) -> dict[str, str]:
    """Values as they are kept."""
    _known(engine, list(values))
    found: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for key, raw in values.items():
        one = engine.registry.settings[key]
        try:
            value = one.field.parse(raw)
        except FieldError as error:
            wrong[key] = str(error)
            continue
        if value is None and one.default is not None:
            wrong[key] = f"请填写「{one.field.label}」"
        found[key] = one.write(value)
    if wrong:
        raise Invalid(wrong)
    return found


def _refuse_elsewhere(engine: Engine, keys: Iterable[str], at: Place) -> None:
    """Raises `Invalid` for what is not decided at such a place."""
    wrong = [key for key in keys if at.level not in engine.registry.settings[key].levels]
    if wrong:
        raise Invalid(dict.fromkeys(wrong, "这一项只能由全公司定"))


def _refuse_settled(engine: Engine, db: sqlite3.Connection, wanted: Mapping[str, str | None]) -> None:
    """What was decided for good stays: raises `Invalid` with the reason."""
    kept = settings_of(db)
    changed = (one for key, text in wanted.items() if (one := engine.registry.settings[key]).read(text) != kept[one])
    wrong = {one.key: reason for one in changed if (reason := reason_to_stay(db, one))}
    if wrong:
        raise Invalid(wrong)


def _ops(engine: Engine, db: sqlite3.Connection, key: str, text: str | None, at: Place, label: str) -> list[Op]:
    kept = at.kept_as(key)
    row = db.execute(f"SELECT value FROM {TABLE} WHERE id = ?", (id_of(kept),)).fetchone()
    if row is None:
        name = engine.registry.settings[key].field.label
        about: dict[str, Scalar] = {"name": name if at == COMPANY else f"{name}（{label}）", "key": kept}
        return [Op(TABLE, id_of(kept), "ins", about | {"value": text})] if text is not None else []
    if row["value"] == text:
        return []
    return [Op(TABLE, id_of(kept), "upd", {"value": text}, {"value": value_hash(row["value"])})]


def history_of(
    engine: Engine, principal: Principal, key: str, names: Mapping[str, str], at: Place = COMPANY
) -> list[dict[str, Any]]:
    """[{at, by, machine, before, after}], newest first, in words; raises `NotFound`."""
    demand(principal, "view", engine.definition(TABLE))
    one = engine.registry.settings.get(key)
    if one is None:
        raise NotFound("没有这项设置")
    id = id_of(at.kept_as(key))
    with engine.db.read() as db:
        row = db.execute(f"SELECT value FROM {TABLE} WHERE id = ? AND deleted_at IS NULL", (id,)).fetchone()
    if row is None:
        return []
    entries = history.of_record(engine, principal, TABLE, id, names)["entries"]
    return _told(one, entries, row["value"], at)


def _told(
    one: Setting[Any], entries: Sequence[Mapping[str, Any]], now: str | None, at: Place
) -> list[dict[str, Any]]:  # fmt: skip
    """From the newest to the oldest: what an entry came to is what the one after it began with."""
    found, after = [], now
    for entry in entries:
        pair = next((each for each in entry["changes"] if each["field"] == "value"), None)
        if pair is None and entry["action"] != "add":
            continue
        before = pair["from"] if pair else None
        about = {"at": entry["at"], "by": entry["actor"], "machine": entry["machine"]}
        found.append(about | {"before": _words(one, before, at), "after": _words(one, after, at)})
        after = before
    return found


def _words(one: Setting[Any], text: str | None, at: Place) -> str:
    if text is None and at != COMPANY:
        return "按全公司的"
    words = _spoken(one, one.read(text))
    return f"{words}（默认）" if text is None else words


def _spoken(one: Setting[Any], value: Any) -> str:
    return one.field.format(value, {}) or "空"
