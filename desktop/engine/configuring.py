"""系统配置: what is decided, by whom and when, and deciding it. One record per key, so that people who change different
settings never undo each other."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
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
from .settings import TABLE, Setting, Settings, reason_to_stay, settings_of


def id_of(key: str) -> str:
    """Two machines that set one key set one record."""
    return derived_id(TABLE, key)


def shown(engine: Engine, principal: Principal, names: Mapping[str, str]) -> dict[str, Any]:
    """{groups: [{label, settings}], may_change}; `names` are operators by id."""
    demand(principal, "view", engine.definition(TABLE))
    with engine.db.read() as db:
        rows = {row["key"]: row for row in db.execute(f"SELECT * FROM {TABLE} WHERE deleted_at IS NULL")}
        stays = {key: reason_to_stay(db, one) for key, one in engine.registry.settings.items()}
    groups = groupby(engine.registry.settings.values(), key=lambda one: one.group)
    return {
        "groups": [
            {"label": label, "settings": [_shown(one, rows.get(one.key), names, stays[one.key]) for one in group]}
            for label, group in groups
        ],
        "may_change": principal.has("settings"),
    }


def _shown(one: Setting[Any], row: sqlite3.Row | None, names: Mapping[str, str], stays: str) -> dict[str, Any]:
    kept = row["value"] if row else None
    return {
        "key": one.key,
        "field": free_field(one.key, one.field, default=one.default),
        "value": one.read(kept),
        "is_default": kept is None,
        "default_words": _spoken(one, one.default),
        "stays": stays,
        "at": row["updated_at"] if row else None,
        "by": names.get(row["updated_by"] or "", "") if row else "",
    }


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
        return {"numbers": [_upcoming(db, one, scheme, branch, me.code) for one in _numbered(engine)]}


def _numbered(engine: Engine) -> list[Definition]:
    """Documents that people make, as menus have them."""
    return [engine.registry[name] for name in engine.registry.documents if engine.registry[name].module.menu][
        :SAMPLES_MAX
    ]


def _upcoming(
    db: sqlite3.Connection, definition: Definition, scheme: Scheme, branch: str, machine: str
) -> dict[str, str]:  # fmt: skip
    name, one = next((name, one) for name, one in definition.fields.items() if isinstance(one, Serial) and one.dated)
    series = series_of(definition.name, name, one, "", branch, machine)
    return {"noun": definition.module.noun, "number": series.upcoming(db, scheme, today())[1]}


def change(
    engine: Engine, principal: Principal, values: Mapping[str, Any], defaults: Sequence[str],
    idempotent: Idempotent | None = None,
) -> None:  # fmt: skip
    """Decides `values` by key and puts `defaults` back to what ships, all or nothing; what is not named stays. Raises
    `Invalid` with a message per key and `Forbidden`."""
    demand(principal, "view", engine.definition(TABLE))
    if not principal.has("settings"):
        raise Forbidden("没有「系统设置」的权限，不能修改，可请管理员来改")
    wanted = {**_checked(engine, values), **dict.fromkeys(_known(engine, defaults))}
    with engine.db.write() as db:
        if idempotent and answered(db, idempotent) is not None:
            return
        _refuse_settled(engine, db, wanted)
        ops = [op for key, text in wanted.items() for op in _ops(engine, db, key, text)]
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


def _refuse_settled(engine: Engine, db: sqlite3.Connection, wanted: Mapping[str, str | None]) -> None:
    """What was decided for good stays: raises `Invalid` with the reason."""
    kept = settings_of(db)
    changed = (one for key, text in wanted.items() if (one := engine.registry.settings[key]).read(text) != kept[one])
    wrong = {one.key: reason for one in changed if (reason := reason_to_stay(db, one))}
    if wrong:
        raise Invalid(wrong)


def _ops(engine: Engine, db: sqlite3.Connection, key: str, text: str | None) -> list[Op]:
    row = db.execute(f"SELECT value FROM {TABLE} WHERE id = ?", (id_of(key),)).fetchone()
    if row is None:
        about: dict[str, Scalar] = {"name": engine.registry.settings[key].field.label, "key": key}
        return [Op(TABLE, id_of(key), "ins", about | {"value": text})] if text is not None else []
    if row["value"] == text:
        return []
    return [Op(TABLE, id_of(key), "upd", {"value": text}, {"value": value_hash(row["value"])})]


def history_of(engine: Engine, principal: Principal, key: str, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """[{at, by, machine, before, after}], newest first, in words; raises `NotFound`."""
    demand(principal, "view", engine.definition(TABLE))
    one = engine.registry.settings.get(key)
    if one is None:
        raise NotFound("没有这项设置")
    with engine.db.read() as db:
        row = db.execute(f"SELECT value FROM {TABLE} WHERE id = ? AND deleted_at IS NULL", (id_of(key),)).fetchone()
    if row is None:
        return []
    entries = history.of_record(engine, principal, TABLE, id_of(key), names)["entries"]
    return _told(one, entries, row["value"])


def _told(one: Setting[Any], entries: Sequence[Mapping[str, Any]], now: str | None) -> list[dict[str, Any]]:
    """From the newest to the oldest: what an entry came to is what the one after it began with."""
    found, after = [], now
    for entry in entries:
        pair = next((each for each in entry["changes"] if each["field"] == "value"), None)
        if pair is None and entry["action"] != "add":
            continue
        before = pair["from"] if pair else None
        about = {"at": entry["at"], "by": entry["actor"], "machine": entry["machine"]}
        found.append(about | {"before": _words(one, before), "after": _words(one, after)})
        after = before
    return found


def _words(one: Setting[Any], text: str | None) -> str:
    words = _spoken(one, one.read(text))
    return f"{words}（默认）" if text is None else words


def _spoken(one: Setting[Any], value: Any) -> str:
    return one.field.format(value, {}) or "空"
