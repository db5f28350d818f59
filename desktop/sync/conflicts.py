"""What two people changed without knowing of each other: shown with all three values, answered by one of them.

The server keeps the pair; which value counts meanwhile follows from the clocks. An answer is an ordinary change of the
record that names the pair, so that two answers make no new one (sync.md B3).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sync_server.replication.changeset import Changeset, Op, Scalar, value_hash
from sync_server.replication.clock import Dot
from sync_server.replication.conflicts import LIFE, TABLE

from ..engine import records, removal
from ..engine.access import Principal, demand
from ..engine.apply import opened
from ..engine.documents import disputes
from ..engine.engine import Engine
from ..engine.fields import Field
from ..engine.registry import Definition, targets_of
from ..engine.rows import Values, fetch, mask, own_rows, titles
from ..engine.saving import row_number
from ..engine.work import iso_of
from ..errors import ApiError, BadRequest, Forbidden, NotFound
from .reception import dot_of

Take = Literal["winner", "loser", "value"]
State = Literal["open", "auto"]
KEPT, SWAPPED = "kept", "swapped"
LOOKED_AT_MAX = 20_000
"""Conflicts that are looked at one by one for somebody who may see only some."""


@dataclass(frozen=True)
class _Side:
    dot: Dot
    values: Mapping[str, Scalar]
    actor: str
    at: int


@dataclass(frozen=True)
class _Pair:
    """A stored conflict row, read."""

    id: str
    definition: Definition
    record: str
    unit: str
    winner: _Side
    loser: _Side
    is_flag: bool
    state: str

    @property
    def is_life(self) -> bool:
        return self.unit == LIFE

    @property
    def fields(self) -> dict[str, Field]:
        """The fields that the unit is made of."""
        unit_of = self.definition.unit_of
        return {
            name: one
            for name, one in self.definition.fields.items()
            if any(unit_of.get(column.name) == self.unit for column in one.columns(name))
        }


# ---------------------------------------------------------------------------------------------------------- questions


def listed(
    engine: Engine, principal: Principal, names: Mapping[str, str], state: State, after: str | None, limit: int
) -> dict[str, Any]:
    """{items, total, next}: what the user may see of one state, newest first. `names` are operators by id."""
    with engine.db.read() as db:
        ids = _visible(engine, db, principal, state)
        papers = disputes.listed(engine, db, principal, names) if state == "open" else []
        start = ids.index(after) + 1 if after in ids else 0
        page = [_pair(engine, db, id) for id in ids[start : start + limit]]
        items = [_public(engine, db, principal, names, pair) for pair in page if pair is not None]
    more = start + limit < len(ids)
    items = [*papers, *items] if after is None else items
    return {"items": items, "total": len(ids) + len(papers), "next": ids[start + limit - 1] if more else None}


def counts(engine: Engine, principal: Principal, seen: str) -> dict[str, int]:
    """How many wait for a decision, and how many were merged by themselves since `seen` (a row's creation instant)."""
    with engine.db.read() as db:
        return {
            "conflicts": len(_visible(engine, db, principal, "open")) + disputes.count(engine, db, principal),
            "auto": len(_visible(engine, db, principal, "auto", seen)),
        }


def newest(engine: Engine) -> str:
    """The instant of the newest pair, for what has been looked at."""
    with engine.db.read() as db:
        (found,) = db.execute(f"SELECT COALESCE(max(created_at), '') FROM {TABLE}").fetchone()
    return str(found)


def _visible(engine: Engine, db: sqlite3.Connection, principal: Principal, state: str, since: str = "") -> list[str]:
    """Ids of the pairs about records that the user may see, by record: a pair is as secret as its record."""
    known = [
        definition.name
        for definition in engine.registry
        if principal.may("view", definition.name) and definition.module.scope != "private"
    ]
    marks = ", ".join("?" * len(known))
    where = (
        f"state = ? AND deleted_at IS NULL AND created_at > ? AND t IN ({marks}) "
        "ORDER BY module, record, winner_at DESC, id"
    )
    if principal.everything:
        return [row[0] for row in db.execute(f"SELECT id FROM {TABLE} WHERE {where}", (state, since, *known))]
    rows = db.execute(f"SELECT * FROM {TABLE} WHERE {where} LIMIT ?", (state, since, *known, LOOKED_AT_MAX)).fetchall()
    pairs = (_read(engine, row) for row in rows)
    return [pair.id for pair in pairs if pair is not None and _may_see(engine, db, principal, pair)]


def _pair(engine: Engine, db: sqlite3.Connection, id: str) -> _Pair | None:
    row = db.execute(f"SELECT * FROM {TABLE} WHERE id = ?", (id,)).fetchone()
    return _read(engine, row) if row is not None else None


def _read(engine: Engine, row: sqlite3.Row) -> _Pair | None:
    """None for a table nobody declared here, or a pair that cannot be read."""
    definition = engine.registry.definitions.get(row["t"])
    try:
        winner, loser = (
            _Side(dot_of(row[side]), json.loads(row[f"{side}_values"]), row[f"{side}_actor"] or "", row[f"{side}_at"])
            for side in ("winner", "loser")
        )
    except (ValueError, TypeError):
        return None
    if definition is None or not row["record"]:
        return None
    return _Pair(
        row["id"], definition, row["record"], row["field"], winner, loser, bool(row["is_flag"]), row["state"]
    )  # fmt: skip


def _may_see(engine: Engine, db: sqlite3.Connection, principal: Principal, pair: _Pair) -> bool:
    if not principal.may("view", pair.definition.name):
        return False
    if not pair.is_life and not all(principal.sees(one) for one in pair.fields.values()):
        return False
    if principal.everything and pair.definition.module.scope != "private":
        return True
    return row_number(engine, db, principal, pair.definition, pair.record, deleted=None) is not None


def _public(
    engine: Engine, db: sqlite3.Connection, principal: Principal, names: Mapping[str, str], pair: _Pair
) -> dict[str, Any]:
    number = row_number(engine, db, principal, pair.definition, pair.record, deleted=None)
    current = fetch(db, engine.registry, pair.definition, [number], None)[0] if number else {}
    is_own = bool(current) and bool(own_rows(db, engine.registry, pair.definition, [current], principal))
    show = _Shown(engine, db, principal, pair, is_own)
    sides = [
        {
            "side": side,
            "actor": names.get(one.actor, "") or "另一台机器",
            "machine": _machine(db, one.dot),
            "at": iso_of(one.at),
            "is_me": one.actor == principal.operator,
            **show.values(one.values, side == "winner"),
        }
        for side, one in (("winner", pair.winner), ("loser", pair.loser))
    ]
    fields = pair.fields
    return {
        "id": pair.id,
        "module": pair.definition.name,
        "noun": pair.definition.module.noun,
        "record": pair.record,
        "title": str(current.get(pair.definition.module.title) or "") or "无标题",
        "field": next(iter(fields), pair.unit),
        "label": "删除" if pair.is_life else "、".join(one.label for one in fields.values()) or pair.unit,
        "type": next(iter(fields.values())).type if _takes_any(pair) else "",
        "is_flag": pair.is_flag,
        "state": pair.state,
        "base": show.base(names),
        "sides": sides,
        "now": show.now(current),
        "can_take": _may_take(principal, pair),
        "is_life": pair.is_life,
    }


def _may_take(principal: Principal, pair: _Pair) -> bool:
    action = "delete" if pair.is_life else "edit"
    writable = pair.definition.module.writable and principal.has(pair.definition.module.edit_right)
    special = all(principal.writes(one) for one in pair.fields.values())
    return principal.may(action, pair.definition.name) and writable and (pair.is_life or special)


def _takes_any(pair: _Pair) -> bool:
    """Whether a third value may be typed: into one field that people write themselves."""
    return not pair.is_life and len(pair.fields) == 1 and not any(one.readonly for one in pair.fields.values())


def _machine(db: sqlite3.Connection, dot: Dot) -> str:
    row = db.execute("SELECT code FROM replica WHERE uuid = ?", (dot.replica,)).fetchone()
    return str(row[0]) if row and row[0] else dot.replica[:6]


@dataclass(frozen=True)
class _Shown:
    """Values of a pair as people read them."""

    engine: Engine
    db: sqlite3.Connection
    principal: Principal
    pair: _Pair
    is_own: bool

    def values(self, columns: Mapping[str, Any], is_winner: bool) -> dict[str, Any]:
        if self.pair.is_life:
            return {"value": None, "text": "保留记录" if is_winner else "删除"}
        return self._shown({name: self._load(name, one, columns) for name, one in self.pair.fields.items()})

    def now(self, current: Values) -> dict[str, Any]:
        if self.pair.is_life:
            return {"value": None, "text": "已删除" if current.get("deleted_at") else "保留记录"}
        return self._shown({name: current.get(name) for name in self.pair.fields})

    def base(self, names: Mapping[str, str]) -> dict[str, Any]:
        """What both started from: told by the history, and believed only if its hash is that of the overwritten
        value. A machine that joined later does not have it."""
        unknown = {"known": False, "value": None, "text": "", "at": None, "actor": ""}
        if self.pair.is_life:
            return unknown
        columns = {name: None for one, field in self.pair.fields.items() for name in _names(one, field)}
        for side in (self.pair.winner, self.pair.loser):
            found = self._before(side, columns)
            if found is not None:
                values = {name: self._load(name, one, found) for name, one in self.pair.fields.items()}
                return {"known": True, **self._origin(names, found), **self._shown(values)}
        return unknown

    def _before(self, side: _Side, columns: Mapping[str, None]) -> dict[str, Scalar] | None:
        """The values that a write overwrote, if the history knows them."""
        row = self.db.execute(
            "SELECT c.body FROM changeset c JOIN replica r ON r.no = c.r WHERE r.uuid = ? AND c.n = ?",
            (side.dot.replica, side.dot.n),
        ).fetchone()
        based_on: Mapping[str, str] = {}
        if row is not None:
            ops = Changeset.read(opened(row["body"])).ops
            based_on = next(
                (op.based_on for op in ops if (op.table, op.id) == (self.pair.definition.name, self.pair.record)), {}
            )
        if not based_on:
            return None
        return self._matching(columns, based_on)

    def _matching(self, columns: Mapping[str, None], based_on: Mapping[str, str]) -> dict[str, Scalar] | None:
        """Values from the history (or blanks) that hash to what was overwritten."""
        found: dict[str, Scalar] = {}
        candidates = self._candidates()
        for column in columns:
            values = [None, *candidates.get(column, ())]
            match = next((value for value in values if value_hash(value) == based_on.get(column)), _NONE)
            if match is _NONE:
                return None
            found[column] = match  # type: ignore[assignment]
        return found

    def _candidates(self) -> dict[str, list[Scalar]]:
        found: dict[str, list[Scalar]] = {}
        rows = self.db.execute(
            "SELECT changes FROM history WHERE t = ? AND id = ? AND changes IS NOT NULL ORDER BY hlc DESC LIMIT 200",
            (self.pair.definition.name, self.pair.record),
        )
        for (changes,) in rows:
            for column, pair in json.loads(changes).items():
                found.setdefault(column, []).extend(value for value in pair if not isinstance(value, list))
        return found

    def _origin(self, names: Mapping[str, str], values: Mapping[str, Scalar]) -> dict[str, Any]:
        """Who wrote the base value, and when."""
        column, value = next(iter(values.items()))
        rows = self.db.execute(
            "SELECT at, actor, changes FROM history WHERE t = ? AND id = ? AND changes IS NOT NULL ORDER BY hlc DESC",
            (self.pair.definition.name, self.pair.record),
        )
        for at, actor, changes in rows:
            pair = json.loads(changes).get(column)
            if pair is not None and pair[1] == value:
                return {"at": at, "actor": names.get(actor, "")}
        row = self.db.execute(
            f"SELECT created_at, created_by FROM {self.pair.definition.name} WHERE id = ?", (self.pair.record,)
        ).fetchone()
        return {"at": row[0] if row else None, "actor": names.get(row[1], "") if row else ""}

    @staticmethod
    def _load(name: str, one: Field, columns: Mapping[str, Any]) -> Any:
        return one.load(name, {column: columns.get(column) for column in _names(name, one)})

    def _shown(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """{value, text}: the value of a single field as the API has it, and the words for it."""
        fields = self.pair.fields
        wanted: dict[str, set[str]] = {}
        for name, one in fields.items():
            for target in targets_of(one) if values.get(name) else ():
                wanted.setdefault(target, set()).add(values[name])
        known = titles(self.db, self.engine.registry, wanted)
        shown = {
            name: mask(value) if self.principal.masks(fields[name]) and not self.is_own else value
            for name, value in values.items()
        }
        words = [
            "••••••" if fields[name].write_only else fields[name].format(value, known) for name, value in shown.items()
        ]
        value = None if len(shown) != 1 or next(iter(fields.values())).write_only else next(iter(shown.values()))
        return {"value": value, "text": " ".join(filter(None, words)) or "（空）"}


_NONE = object()


def _names(name: str, one: Field) -> list[str]:
    return [column.name for column in one.columns(name)]


# ------------------------------------------------------------------------------------------------------------ answers


def take(engine: Engine, principal: Principal, id: str, which: Take, value: Any = None) -> None:
    """Answers a pair: the value that counts stays, the other one takes its place, or a third one does.

    Raises `NotFound`, `Forbidden`, and what saving or deleting raises; nothing is changed then.
    """
    with engine.db.write() as db:
        pair = _pair(engine, db, id)
        if pair is None or not _may_see(engine, db, principal, pair):
            raise NotFound("没有找到这处冲突，可能已由别人处理")
        if pair.state in (KEPT, SWAPPED):
            return
        if not _may_take(principal, pair):
            raise Forbidden(f"没有修改「{pair.definition.module.label}」的权限，可请有权限的同事处理")
        answer = _answer(pair, KEPT if which == "winner" else SWAPPED, principal)
        row = db.execute(f"SELECT * FROM {pair.definition.name} WHERE id = ?", (pair.record,)).fetchone()
        is_deleted = row is None or row["deleted_at"] is not None
        if pair.is_life and which != "value" and is_deleted == (which == "loser"):
            _only_answer(engine, principal, pair, [answer])
        elif pair.is_life:
            _take_life(engine, principal, pair, which, answer)
        elif is_deleted and which != "winner":
            raise BadRequest("这条记录已经删除，请先从回收站恢复")
        elif is_deleted or (which == "winner" and _holds(row, pair)):
            _only_answer(engine, principal, pair, [*([] if is_deleted else [_said_again(row, pair)]), answer])
        else:
            _take_value(engine, principal, pair, which, value, answer)


def _only_answer(engine: Engine, principal: Principal, pair: _Pair, ops: Sequence[Op]) -> None:
    engine.tell(engine.applier.local(ops, actor=principal.operator, act="conflict.take", res=pair.id))


def _holds(row: sqlite3.Row, pair: _Pair) -> bool:
    """Whether the record still holds the value that won."""
    return all(row[name] == value for name, value in pair.winner.values.items() if name in pair.definition.column_names)


def _said_again(row: sqlite3.Row, pair: _Pair) -> Op:
    """The value that is kept, said again: somebody who took the other one elsewhere before was overruled."""
    values = {name: row[name] for name in pair.winner.values if name in pair.definition.column_names}
    return Op(pair.definition.name, pair.record, "upd", values, {name: value_hash(one) for name, one in values.items()})


def take_many(engine: Engine, principal: Principal, ids: Sequence[str], which: Take) -> dict[str, Any]:
    """The same answer to several: {done, refused: [{id, title, reason}]}."""
    done, refused = 0, []
    for id in dict.fromkeys(ids):
        try:
            take(engine, principal, id, which)
            done += 1
        except ApiError as error:
            refused.append({"id": id, "title": "", "reason": error.title})
    return {"done": done, "refused": refused}


def _answer(pair: _Pair, state: str, principal: Principal) -> Op:
    values: dict[str, Scalar] = {"state": state, "resolved_by": principal.operator}
    return Op(TABLE, pair.id, "upd", values, {"state": value_hash(pair.state), "resolved_by": value_hash(None)})


def _take_life(engine: Engine, principal: Principal, pair: _Pair, which: Take, answer: Op) -> None:
    if which == "winner":
        removal.restore(engine, principal, pair.definition.name, [pair.record], res=pair.id, also=[answer])
    elif which == "loser":
        removal.delete(engine, principal, pair.definition.name, [pair.record], res=pair.id, also=[answer])
    else:
        raise BadRequest("删除与修改的冲突只能保留或删除")


def _take_value(engine: Engine, principal: Principal, pair: _Pair, which: Take, value: Any, answer: Op) -> None:
    fields = pair.fields
    if which == "value":
        if not _takes_any(pair):
            raise BadRequest("这一处不能直接填写，请打开记录修改")
        values = {next(iter(fields)): value}
    else:
        side = pair.winner if which == "winner" else pair.loser
        values = {
            name: one.load(name, {column: side.values.get(column) for column in _names(name, one)})
            for name, one in fields.items()
        }
    demand(principal, "edit", pair.definition)
    # What follows from another field is read-only for typing; here one of its own former values is taken.
    is_following = which != "value" and any(one.readonly for one in fields.values())
    name = pair.definition.name
    records.save(
        engine, principal, name, values, id=pair.record, system=is_following, res=pair.id, also=[answer]
    )  # fmt: skip
