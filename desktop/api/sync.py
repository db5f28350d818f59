"""Synchronising as the screens see it: how it stands, what waits, what two people both changed, which machines there
are."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .. import accounts
from ..engine.documents import disputes
from ..engine.work import iso_of
from ..errors import ApiError, BadRequest, Forbidden, Invalid, NotFound, NotSignedIn
from ..sync import changes, conflicts, diary, outbox
from ..sync.exchange import (
    CodeRefused,
    Exchange,
    NoCompany,
    NotAllowed,
    NotEmpty,
    OtherCompany,
    SyncError,
    Unreachable,
    WrongPassword,
)
from ..sync.files import ASK_MAX
from ..sync.identity import base_code
from . import shapes
from .http import Call, Routes

routes = Routes()
_SEEN = "sync.seen"
_MACHINES = "sync.machines"
_CODE_MINUTES = 10
_LACKING_MAX = 2_000


class NoServer(ApiError):
    """The server has to be asked and cannot be."""

    status, code, title = 503, "no-server", "连不上服务器，请连上网络后再试"


@contextmanager
def _asking() -> Iterator[None]:
    """What a server says no to, as this API's own errors."""
    try:
        yield
    except NotAllowed as error:
        raise Forbidden(str(error)) from error
    except WrongPassword as error:
        raise Invalid({"password": str(error)}) from error
    except Unreachable as error:
        raise NoServer from error
    except SyncError as error:
        raise BadRequest(f"{error}。{error.hint}") from error


def _admit(call: Call) -> None:
    """Anybody while the first start is unfinished, afterwards an administrator."""
    if call.desk.workstation.initialized and not call.principal.everything:
        raise Forbidden("只有管理员可以这样做")


# ------------------------------------------------------------------------------------------------------ how it stands


@routes.add("GET", "/api/sync", "How synchronising stands", shapes.SyncAnswer, public=True, errors=(401,))
def status(call: Call) -> dict[str, Any]:
    found = call.desk.workstation.sync.status()
    if not call.desk.workstation.initialized:
        return {**found, "conflicts": 0, "auto": 0}
    if not call.is_signed_in:
        raise NotSignedIn
    return found | conflicts.counts(call.engine, call.principal, _seen(call))


@routes.add("POST", "/api/sync", "Synchronise now, pause, go on, or confirm many deletes", shapes.SyncAnswer,
            body=shapes.SyncBody, errors=(403,))  # fmt: skip
def act(call: Call) -> dict[str, Any]:
    sync = call.desk.workstation.sync
    if call.body.action == "now":
        sync.now()
    elif call.body.action == "confirm":
        if not call.principal.everything:
            raise Forbidden("大量删除请由管理员确认")
        with _asking():
            sync.confirm()
    else:
        sync.pause(call.body.action == "pause")
    return status(call)


def _seen(call: Call) -> str:
    operator = call.principal.operator
    with call.engine.db.read() as db:
        row = db.execute("SELECT value FROM ui_state WHERE operator = ? AND key = ?", (operator, _SEEN)).fetchone()
    return str(json.loads(row[0])) if row else ""


# --------------------------------------------------------------------------------------------------------------- join


@routes.add("POST", "/api/sync/probe", "Whether a sync server answers there", shapes.ProbeAnswer, body=shapes.ProbeBody,
            public=True, errors=(401, 403))  # fmt: skip
def probe(call: Call) -> dict[str, Any]:
    _admit(call)
    return call.desk.workstation.sync.probe(call.body.server)


@routes.add("POST", "/api/sync/join", "Join a company by a one-time code", shapes.SyncAnswer, body=shapes.JoinBody,
            public=True, errors=(401, 403, 422))  # fmt: skip
def join(call: Call) -> dict[str, Any]:
    _admit(call)
    sync = call.desk.workstation.sync
    found = sync.status()
    is_lost = (found["problem"] or {}).get("code") in ("copied", "unknown-machine", "revoked", "other-company")
    if found["state"] != "alone" and not is_lost:
        raise Forbidden("本机已经加入了服务器")
    try:
        sync.join(call.body.server, call.body.code)
    except CodeRefused as error:
        raise Invalid({"code": f"{error}，请向管理员要一个新的"}) from error
    except (NotEmpty, NoCompany, OtherCompany) as error:
        raise Invalid({"server": f"{error}。{error.hint}"}) from error
    except SyncError as error:
        raise Invalid({"server": str(error)}) from error
    sync.start()
    return status(call)


# -------------------------------------------------------------------------------------------------- what waits, is held


@routes.add("GET", "/api/sync/waiting", "Changes that wait to be sent", shapes.AnyObject)
def waiting(call: Call) -> dict[str, Any]:
    busy = call.desk.workstation.sync.status()["state"] == "syncing"
    found = changes.listed(call.engine, call.principal, "pending")
    return found | {"items": [one | {"state": "sent" if busy else "pending"} for one in found["items"]]}


@routes.add("GET", "/api/sync/rejected", "Changes the server did not accept", shapes.AnyObject)
def rejected(call: Call) -> dict[str, Any]:
    return changes.listed(call.engine, call.principal, "rejected")


@routes.add("POST", "/api/sync/rejected/<key>/<action>", "Send a change again, or give it up", shapes.OkAnswer,
            errors=(403, 404))  # fmt: skip
def settle_rejected(call: Call, key: str, action: str) -> dict[str, Any]:
    replica, _, number = key.partition(":")
    if action not in ("retry", "discard") or not number.isascii() or not number.isdigit() or len(number) > 18:
        raise NotFound
    try:
        if (
            not call.principal.everything
            and changes.author(call.engine, replica, int(number)) != call.principal.operator
        ):
            raise Forbidden("这是别人的改动，请由本人或管理员处理")
        if action == "retry":
            call.engine.tell(outbox.retry(call.engine, replica, int(number)))
        else:
            outbox.discard(call.engine, replica, int(number))
    except LookupError as error:
        raise NotFound("没有找到这条改动，可能已经处理过") from error
    call.desk.workstation.sync.now()
    return {"ok": True}


# ---------------------------------------------------------------------------------------------------------- conflicts


@routes.add("GET", "/api/sync/conflicts", "What two people both changed", shapes.AnyObject, query=shapes.ConflictQuery,
            errors=(422,))  # fmt: skip
def list_conflicts(call: Call) -> dict[str, Any]:
    query = call.query
    names = accounts.operator_names(call.engine)
    return conflicts.listed(call.engine, call.principal, names, query.state, query.after, query.limit)


@routes.add("POST", "/api/sync/conflicts", "The same answer to several", shapes.AnyObject, body=shapes.TakeMany)
def take_many(call: Call) -> dict[str, Any]:
    found = conflicts.take_many(call.engine, call.principal, call.body.ids, call.body.take)
    say_answered(call)
    return found


@routes.add("POST", "/api/sync/conflicts/seen", "All merged ones have been looked at", shapes.OkAnswer)
def seen(call: Call) -> dict[str, Any]:
    value = json.dumps(conflicts.newest(call.engine))
    with call.engine.db.write() as db:
        db.execute(
            "INSERT OR REPLACE INTO ui_state VALUES (?, ?, ?, strftime('%Y-%m-%dT%H:%M:%fZ'))",
            (call.principal.operator, _SEEN, value),
        )
    say_answered(call)
    return {"ok": True}


@routes.add("POST", "/api/sync/conflicts/<id>", "Take one of the values, or another", shapes.OkAnswer,
            body=shapes.Taken, errors=(403, 404, 409, 422))  # fmt: skip
def take(call: Call, id: str) -> dict[str, Any]:
    try:
        if disputes.is_open(call.engine, id):
            _keep(call, id)
        else:
            conflicts.take(call.engine, call.principal, id, call.body.take, call.body.value)
    except Invalid as error:
        raise Invalid({"value": next(iter(error.fields.values()), error.title)}) from error
    say_answered(call)
    return {"ok": True}


def _keep(call: Call, id: str) -> None:
    """Of a document what counts can stay; the other version is taken by saving its sheet."""
    if call.body.take != "winner":
        raise BadRequest("请打开另一版，看过再保存")
    disputes.keep(call.engine, call.principal, id)


def say_answered(call: Call) -> None:
    call.engine.bus.emit({"type": "sync", "sync": call.desk.workstation.sync.status(), "conflicts_changed": True})


# ----------------------------------------------------------------------------------------------------------- machines


@routes.add("GET", "/api/sync/machines", "The machines of the company", shapes.AnyObject)
def machines(call: Call) -> dict[str, Any]:
    """As the server says, or as it said the last time it could be asked."""
    found, as_of, live = _machines(call)
    with call.engine.db.read() as db:
        rows = db.execute("SELECT id, code, name FROM machine WHERE deleted_at IS NULL").fetchall()
        branches = dict(db.execute("SELECT code, name FROM branch WHERE deleted_at IS NULL").fetchall())
    # The first machine of a company had its row before the server knew it.
    named = {row["code"]: row["name"] for row in rows} | {row["id"]: row["name"] for row in rows}
    identity = call.desk.workstation.sync.identity
    me = identity.machine if identity else ""
    items = [
        {
            "id": one["id"], "code": one["code"], "name": named.get(one["id"]) or named.get(one["code"], one["code"]),
            "branch": branches.get(one["branch"], one["branch"]), "user": one.get("user") or "", "kind": one["kind"],
            "state": one["state"], "last_seen": _instant(one.get("last_seen")), "waiting": one.get("waiting"),
            "version": one.get("version") or "", "files_lacking": one.get("files_lacking", 0), "is_me": one["id"] == me,
        }
        for one in found
    ]  # fmt: skip
    return {"items": items, "as_of": as_of, "live": live}


def _machines(call: Call) -> tuple[list[dict[str, Any]], str | None, bool]:
    """What the server says within seconds. One call at a time: a server that hangs must not take all threads."""
    sync = call.desk.workstation.sync
    found = None
    if sync.aside.acquire(blocking=False):
        try:
            exchange = sync.speaker()
            try:
                found = exchange.machines()
                _count_lacking(call, exchange, found)
            finally:
                exchange.close()
        except SyncError:
            pass
        finally:
            sync.aside.release()
    if found is None:
        with call.engine.db.read() as db:
            row = db.execute("SELECT value FROM meta WHERE key = ?", (_MACHINES,)).fetchone()
        kept = json.loads(row[0]) if row else {"machines": [], "at": None}
        return kept["machines"], kept["at"], False
    at = iso_of(call.engine.applier.now_ms())
    with call.engine.db.write() as db:
        db.execute(
            "INSERT OR REPLACE INTO meta VALUES (?, ?)", (_MACHINES, json.dumps({"machines": found, "at": at}))
        )  # fmt: skip
    return found, at, True


def _count_lacking(call: Call, exchange: Exchange, found: list[dict[str, Any]]) -> None:
    """Notes for each machine how many files it added and never brought to the server: they may lie there alone. The
    newest are looked at; what a machine added before those it has long brought."""
    with call.engine.db.read() as db:
        rows = db.execute(
            "SELECT a.sha256, a.machine FROM attachment a LEFT JOIN blob b ON b.sha256 = a.sha256 "
            "WHERE a.deleted_at IS NULL AND COALESCE(b.have, 0) = 0 AND a.sha256 IS NOT NULL "
            "ORDER BY a.row DESC LIMIT ?",
            (_LACKING_MAX,),
        ).fetchall()
    hashes = sorted({str(row[0]) for row in rows})
    lacking: set[str] = set()
    for start in range(0, len(hashes), ASK_MAX):
        lacking |= exchange.files_missing(hashes[start : start + ASK_MAX])
    counts = Counter(base_code(str(row[1])) for row in rows if row[0] in lacking)
    for one in found:
        one["files_lacking"] = counts[one["code"]]


def _instant(ms: object) -> str | None:
    return iso_of(ms) if isinstance(ms, int) else None


@routes.add("POST", "/api/sync/machines/invite", "A one-time code for another machine", shapes.AnyObject,
            body=shapes.InviteBody, errors=(403, 422, 503))  # fmt: skip
def invite(call: Call) -> dict[str, Any]:
    if not call.principal.everything:
        raise Forbidden("只有管理员可以生成加入码")
    with call.engine.db.read() as db:
        row = db.execute(
            "SELECT code FROM branch WHERE id = ? AND deleted_at IS NULL", (call.body.branch,)
        ).fetchone()  # fmt: skip
    if row is None:
        raise Invalid({"branch": "请选择分公司"})
    with _asking():
        exchange = call.desk.workstation.sync.speaker()
        try:
            found = exchange.invite(call.principal.operator, call.body.password, str(row[0]), call.body.user or None)
        finally:
            exchange.close()
    return {"code": found["code"], "minutes": int(found.get("valid_ms", _CODE_MINUTES * 60_000)) // 60_000}


@routes.add("POST", "/api/sync/machines/<id>/revoke", "Stop a machine", shapes.OkAnswer, body=shapes.ProofBody,
            errors=(403, 404, 422, 503))  # fmt: skip
def revoke(call: Call, id: str) -> dict[str, Any]:
    if not call.principal.everything:
        raise Forbidden("只有管理员可以停用机器")
    with _asking():
        exchange = call.desk.workstation.sync.speaker()
        try:
            exchange.revoke(call.principal.operator, call.body.password, id)
        finally:
            exchange.close()
    return {"ok": True}


# -------------------------------------------------------------------------------------------------------------- diary


@routes.add("GET", "/api/sync/log", "What synchronising did, in words", shapes.AnyObject, query=shapes.LogQuery,
            errors=(422,))  # fmt: skip
def log(call: Call) -> dict[str, Any]:
    return {"items": diary.lines(call.engine, call.principal, accounts.operator_names(call.engine), call.query.limit)}
