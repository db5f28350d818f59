"""The sync server over HTTP: thin. Bodies are JSON, packed with zlib as `Content-Encoding: deflate` where they can be
large; refusals are `application/problem+json` with a stable code.

GET  /sync/v1/about      POST /sync/v1/enrol    POST /sync/v1/hello
POST /sync/v1/push       GET  /sync/v1/pull     POST /sync/v1/rows     GET  /sync/v1/sums
HEAD /sync/v1/blob/…     PUT  /sync/v1/blob/…/n GET  /sync/v1/blob/…  POST /sync/v1/blobs
GET  /sync/v1/machines   POST /sync/v1/invite   POST /sync/v1/revoke
GET  /sync/v1/stats      GET  /metrics          GET  /
"""

import logging
import re
import threading
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Flask, Response, request, send_file
from werkzeug.datastructures import Range
from werkzeug.exceptions import HTTPException, RequestedRangeNotSatisfiable, RequestEntityTooLarge
from werkzeug.exceptions import NotFound as NoRoute

from . import accounts, intake, page
from .access import has_all_rights, has_password
from .accounts import CODE_VALID_MS, PASSWORDS_WRONG_MAX, Accounts, Attendance, Tries, wall_clock
from .errors import (
    BadRequest,
    ClientOlder,
    EpochChanged,
    FileMissing,
    NoSuchFile,
    NotAllowed,
    NotFound,
    OwnMachine,
    Refused,
    Revoked,
    ServerError,
    ServerOlder,
    StorageFull,
    TooManyPasswords,
    TooMuch,
    Unauthorized,
    WrongPassword,
)
from .files import FILE_BYTES_MAX, PART_BYTES, Files
from .manifest import SCHEMA_MIN, Manifest
from .replication import checksum
from .replication.changeset import canonical
from .replication.wire import ALONE_BYTES_MAX, Garbled, TooLarge, inflate, parse, read_push
from .store import PAGE_BYTES_MAX, Head, Machine, Page, Store

log = logging.getLogger(__name__)

Clock = Callable[[], int]
"""Milliseconds since 1970."""

SMALL_BYTES_MAX = 256_000
"""Body of every call but push."""
ITEMS_MAX = 1_000
ROWS_MAX = 5_000
IDS_MAX = 500
CODES_MAX = 100
PASSWORD_CHARS_MAX = 1_000
POLL_MS_PER_MACHINE = 10
POLL_MS_MIN, POLL_MS_MAX = 1_000, 30_000
_COUNTED_EVERY_MS = 10_000
_WAITING_MAX = 1_000_000_000
"""Sums over machines stay numbers a database can hold."""
_HASH = re.compile(r"[0-9a-f]{64}")
_DEFLATE = "deflate"
_LEVEL = 1


def create_server_app(store: Store, manifest: Manifest, clock: Clock = wall_clock, files: Files | None = None) -> Flask:
    """The server as a WSGI app over an open store and the folder of files beside it."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = ALONE_BYTES_MAX
    calls = _Calls(store, manifest, clock, files)
    for rule, method, call in (
        ("/sync/v1/about", "GET", calls.about),
        ("/sync/v1/enrol", "POST", calls.enrol),
        ("/sync/v1/hello", "POST", calls.hello),
        ("/sync/v1/push", "POST", calls.push),
        ("/sync/v1/pull", "GET", calls.pull),
        ("/sync/v1/rows", "POST", calls.rows),
        ("/sync/v1/sums", "GET", calls.sums),
        ("/sync/v1/blob/<sha256>", "GET", calls.blob),
        ("/sync/v1/blob/<sha256>/<int:part>", "PUT", calls.blob_part),
        ("/sync/v1/blobs", "POST", calls.blobs),
        ("/sync/v1/machines", "GET", calls.machines),
        ("/sync/v1/invite", "POST", calls.invite),
        ("/sync/v1/revoke", "POST", calls.revoke),
        ("/sync/v1/stats", "GET", calls.stats),
        ("/metrics", "GET", calls.metrics),
        ("/", "GET", calls.page),
    ):
        app.add_url_rule(rule, call.__name__, call, methods=[method])
    app.register_error_handler(Exception, _problem)
    return app


class _Calls:
    def __init__(self, store: Store, manifest: Manifest, clock: Clock, files: Files | None) -> None:
        self.store = store
        self._files = files
        self.manifest = manifest
        self.clock = clock
        self.accounts = Accounts(store)
        self.attendance = Attendance(store)
        self._passwords = Tries(PASSWORDS_WRONG_MAX)
        self._proving = threading.Lock()
        self._pushing = threading.Lock()
        self._counted: tuple[int, int] | None = None

    # ------------------------------------------------------------------------------------------------------- join

    def about(self) -> Response:
        """Whose server this is and whether it is still blank. Asks for no secret: a machine that nobody knows here
        must be able to tell another company's server from one that has forgotten it."""
        about = {"product": "ecms-sync", "tier": self.store.head().tier, "empty": self.store.is_empty()}
        return self._answer(about | self._versions())

    def enrol(self) -> Response:
        """{code, schema, tier?, has_data?} → {machine, secret, code, kind, branch, user, rows, tier, epoch, …}; the
        secret is told once. `tier` is the company of the caller's data, if they belong to one."""
        body = _json()
        self._check_schema(_number(body, "schema", 1))
        tier = _text(body, "tier") if body.get("tier") is not None else None
        self.accounts.check_company(tier, _flag(body, "has_data"))
        machine, secret = self.accounts.enrol(_text(body, "code"), request.remote_addr or "", self.clock())
        about: dict[str, Any] = {"machine": machine.id, "secret": secret, "code": machine.code, "kind": machine.kind}
        about |= {"branch": machine.branch, "user": machine.user, "rows": self.store.rows_total()}
        return self._answer(about | self._where(self.store.head()))

    def hello(self) -> Response:
        """{replica, last_n, last_h?, acked?, schema, peers?, waiting?, version?, codes?} → where the server stands, how
        far it knows the caller, its time for the offset, what the caller must do first, and the machine codes of the
        replicas under `codes` ("" is the server itself)."""
        machine = self._caller()
        body = _json()
        said = _said(body)
        replica, last_n = _text(body, "replica"), _number(body, "last_n", 0)
        self._check_schema(_number(body, "schema", 1), is_reading=True)
        known = self.store.replica(replica)
        head = self._head_for(machine, body, known.last_n if known and known.machine == machine.id else None)
        about: dict[str, Any] = {"your_n": 0, "your_h": None, "code": machine.code, "branch": machine.branch}
        if known is not None and known.machine == machine.id:
            about |= {"your_n": known.last_n, "your_h": known.last_h[:8].hex()}
        about |= {"rows": self.store.rows_total(), "kept": self.store.kept(head)}
        about |= {"codes": self.store.codes(_ids(body, "codes", CODES_MAX))}
        actions = self._actions(machine, head, body, replica, last_n)
        self.attendance.note(machine.id, self.clock(), said)
        return self._answer(about | self._where(head) | {"actions": actions})

    def _head_for(self, machine: Machine, body: Mapping[str, Any], known_n: int | None) -> Head:
        """Where the stream stands. Who was given more of it than is here, or had more taken in, says that the data file
        was put back without `restore`; its positions must not be given out once more for other changes."""
        head = self.store.head()
        peer = _peer_of(body, head)
        if machine.state != "active" or peer is None or peer.get("epoch") != head.epoch:
            return head
        acked = body.get("acked")
        is_beyond = known_n is not None and isinstance(acked, int) and acked > known_n
        cursor = peer.get("cursor")
        if is_beyond or (isinstance(cursor, int) and cursor > head.seq):
            log.error("the data file is older than what machine %s was given: a new epoch begins", machine.code)
            self.store.new_epoch(0)
        return self.store.head()

    def _actions(self, machine: Machine, head: Head, body: Mapping[str, Any], replica: str, last_n: int) -> list[str]:
        if machine.state != "active":
            return ["wipe"]
        actions = []
        peer = _peer_of(body, head)
        if peer is not None and peer.get("epoch", head.epoch) != head.epoch:
            actions.append("reconcile")
        known = self.store.known_hash(replica, last_n) if last_n else None
        if known is not None and body.get("last_h") and known[:8].hex() != body["last_h"]:
            actions.append("rotate_replica")
        return actions

    # ------------------------------------------------------------------------------------------------------- data

    def push(self) -> Response:
        """{changesets, again?} packed → {acks, …}, one for each changeset in order."""
        machine = self._caller()
        if request.headers.get("Content-Encoding") != _DEFLATE:
            raise BadRequest("a push is packed with deflate")
        is_revoked = machine.state != "active"
        # Only one can be written at a time; unpacked and parsed, each of those waiting would fill the memory.
        with self._pushing:
            push = read_push(request.get_data(cache=False))
            with self.store.transaction() as tx:
                acks = intake.take(tx, self.manifest, machine.id, push, self.clock(), is_revoked=is_revoked)
        self.attendance.note(machine.id, self.clock())
        return self._answer({"acks": [ack.wire() for ack in acks]} | self._where(self.store.head()))

    def pull(self) -> Response:
        """?epoch&cursor&max&as=log|rows&replica&last_n → {items, next, head, more}.

        As log: changesets in order, without those of `replica` up to `last_n`. As rows: rows touched since the cursor
        in their present state; whoever starts so goes on so until nothing is left, and only then is whole.
        """
        machine = self._active()
        head = self.store.head()
        if request.args.get("epoch", head.epoch) != head.epoch:
            raise EpochChanged(**self._where(head))
        cursor = _query("cursor", 0, 0, (1 << 63) - 1)
        if cursor > head.seq:
            raise BadRequest("the cursor is beyond the head")
        how = request.args.get("as", "log")
        if how == "rows":
            found = self.store.rows_page(cursor, _query("max", ROWS_MAX, 1, ROWS_MAX), PAGE_BYTES_MAX)
        elif how == "log":
            replica = request.args.get("replica")
            skip = (replica, _query("last_n", 0, 0, (1 << 63) - 1)) if replica else None
            found = self.store.log_page(cursor, _query("max", ITEMS_MAX, 1, ITEMS_MAX), PAGE_BYTES_MAX, skip)
        else:
            raise BadRequest("as is log or rows")
        self.attendance.note(machine.id, self.clock())
        return self._part(found)

    def rows(self) -> Response:
        """{t, ids} → {items, missing, cut?}: these rows as they are now and the ids of those that are not there; ids
        under `cut` are to be asked for again, as the answer was long enough. {t, after?} → {versions: {id: row sum},
        next, …}: which versions of its rows a table holds, seed rows that nobody touched left out; until `next` is
        empty. A table that only a newer program has is one without rows."""
        self._active()
        body = _json()
        table, ids = _text(body, "t"), body.get("ids")
        if ids is None:
            return self._table_versions(table, _text(body, "after") if body.get("after") is not None else "")
        if not isinstance(ids, list) or len(ids) > IDS_MAX or not all(isinstance(id, str) for id in ids):
            raise BadRequest(f"ids is a list of at most {IDS_MAX}")
        told = self.store.rows(table, ids)
        rest = {"missing": list(told.missing)} | ({"cut": list(told.cut)} if told.cut else {})
        return _packed(b'{"items":[%s],%s' % (b",".join(told.items), canonical(rest)[1:]))

    def _table_versions(self, table: str, after: str) -> Response:
        found = self.store.versions(table, after, ROWS_MAX)
        versions = {id: checksum.to_text(one) for id, one in found.versions.items()}
        return self._answer({"versions": versions, "next": found.next} | self._at(found.head))

    def sums(self) -> Response:
        """→ {sums: {table: 16 hex}, seq, epoch}: what every machine that stands at this position has to come to."""
        self._active()
        found = self.store.sums()
        sums = {table: checksum.to_text(one) for table, one in found.sums.items()}
        return self._answer({"sums": sums} | self._at(found.head))

    # ------------------------------------------------------------------------------------------------------- files

    @property
    def files(self) -> Files:
        if self._files is None:
            raise NotFound()
        return self._files

    def blob(self, sha256: str) -> Response:
        """HEAD ?size → which part is missing first, as `X-ECMS-Next`. GET → the content; of a range, at most a part
        at a time. For machines that have a row which speaks of it: knowing the hash is not enough."""
        self._active()
        sizes = self._spoken_of(sha256)
        if request.method == "HEAD":
            size = _query("size", 0, 0, FILE_BYTES_MAX)
            return Response(headers={"X-ECMS-Next": str(self.files.next_part(sha256, size))})
        length = next((size for size in sizes if self.files.has(sha256, size)), None)
        if length is None:
            raise FileMissing()
        if request.range is None:
            path = self.files.path(sha256)
            return send_file(path, mimetype="application/octet-stream", conditional=True, etag=sha256)
        return self._piece(sha256, length, request.range)

    def _piece(self, sha256: str, length: int, wanted: Range) -> Response:
        """As much of a range as fits in memory. A whole file waits for its reader without a thread, but a range of one
        would keep a thread until the last byte is read: a few slow readers would stop the server."""
        place = wanted.range_for_length(length)
        if place is None:
            raise RequestedRangeNotSatisfiable(length)
        piece = self.files.read(sha256, place[0], min(place[1] - place[0], PART_BYTES))
        where = f"bytes {place[0]}-{place[0] + len(piece) - 1}/{length}"
        return Response(piece, 206, {"Content-Range": where}, mimetype="application/octet-stream")

    def blob_part(self, sha256: str, part: int) -> Response:
        """?size and the bytes of a part → {whole}. The whole is there only once its hash is right."""
        self._active()
        size = _query("size", 0, 0, FILE_BYTES_MAX)
        if (request.content_length or 0) > PART_BYTES:
            raise TooMuch()
        if size not in self._spoken_of(sha256):
            raise NoSuchFile()
        return self._answer({"whole": self.files.put(sha256, size, part, request.get_data(cache=False))})

    def blobs(self) -> Response:
        """{hashes} → {missing}: those of which rows speak and which no machine has brought yet."""
        self._active()
        sizes = self.store.file_sizes(_ids(_json(), "hashes", IDS_MAX))
        missing = [one for one, known in sizes.items() if not any(self.files.has(one, size) for size in known)]
        return self._answer({"missing": missing})

    def _spoken_of(self, sha256: str) -> set[int]:
        """The lengths that rows name for a content. Raises NoSuchFile."""
        if not _HASH.fullmatch(sha256):
            raise NoSuchFile()
        sizes = self.store.file_sizes([sha256]).get(sha256)
        if not sizes:
            raise NoSuchFile()
        return sizes

    # ---------------------------------------------------------------------------------------------------- machines

    def machines(self) -> Response:
        """→ {machines, …}: all that ever joined."""
        self._active()
        names = ("id", "code", "kind", "branch", "user", "state", "enrolled_at", "last_seen", "waiting", "version")
        machines = [{name: getattr(one, name) for name in names} for one in self.store.machines()]
        return self._answer({"machines": machines} | self._where(self.store.head()))

    def invite(self) -> Response:
        """{actor, password, branch, user?} → {code, valid_ms}: a one-time code, for an operator with all rights. It is
        void once this machine is turned out."""
        caller, body = self._administered()
        user = _text(body, "user") if body.get("user") is not None else None
        try:
            code = accounts.invite(self.store, _text(body, "branch"), user, self.clock(), caller.id)
        except Refused as refused:
            raise BadRequest(str(refused)) from refused
        return self._answer({"code": code, "valid_ms": CODE_VALID_MS})

    def revoke(self) -> Response:
        """{actor, password, machine} → {revoked}: turns out a machine, for an operator with all rights."""
        caller, body = self._administered()
        machine = _text(body, "machine")
        if machine == caller.id:
            raise OwnMachine()
        return self._answer({"revoked": self.store.revoke(machine, self.clock())})

    def _administered(self) -> tuple[Machine, dict[str, Any]]:
        machine, body = self._active(), _json()
        if not has_all_rights(self.store, self.manifest.access, _text(body, "actor")):
            raise NotAllowed()
        self._check_password(machine, _text(body, "actor"), _text(body, "password", PASSWORD_CHARS_MAX))
        return machine, body

    def _check_password(self, machine: Machine, operator: str, password: str) -> None:
        """That the operator is there: a machine's secret lies where whoever uses it can read it. Raises WrongPassword,
        TooManyPasswords."""
        # One at a time: each takes much memory, and those at once must not get more tries.
        with self._proving:
            if self._passwords.are_too_many(machine.id, self.clock()):
                raise TooManyPasswords()
            if not has_password(self.store, self.manifest.access, operator, password):
                self._passwords.note(machine.id, self.clock())
                raise WrongPassword()

    # ------------------------------------------------------------------------------------------------------- watch

    def stats(self) -> Response:
        """Figures of this server, for its machines."""
        self._active()
        return self._answer(self._figures())

    def metrics(self) -> Response:
        """The same as plain text for monitoring. Counts only, so it asks for no secret."""
        figures = {name: value for name, value in self._figures().items() if isinstance(value, int)}
        text = "".join(f"# TYPE ecms_{name} gauge\necms_{name} {value}\n" for name, value in figures.items())
        return Response(text, mimetype="text/plain; version=0.0.4")

    def page(self) -> Response:
        """The same for people."""
        return Response(page.html(self._figures(), self.clock()), mimetype="text/html", headers=page.HEADERS)

    # ------------------------------------------------------------------------------------------------------ helpers

    def _figures(self) -> dict[str, int | str]:
        return page.figures(self.store.stats(), self.clock())

    def _caller(self) -> Machine:
        return self.accounts.caller(request.headers.get("Authorization", ""))

    def _active(self) -> Machine:
        """The caller, if it may have data. Raises Unauthorized, Revoked."""
        machine = self._caller()
        if machine.state != "active" or not self.store.has_grant(machine.id):
            raise Revoked(actions=["wipe"])
        return machine

    def _check_schema(self, schema: int, *, is_reading: bool = False) -> None:
        """A newer client goes on reading and keeps its pushes; `push` tells it to wait."""
        if schema < SCHEMA_MIN:
            raise ClientOlder(min_schema=SCHEMA_MIN)
        if schema > self.manifest.schema and not is_reading:
            raise ServerOlder(schema=self.manifest.schema)

    def _where(self, head: Head) -> dict[str, Any]:
        where = {"tier": head.tier, "epoch": head.epoch, "head": head.seq, "poll_ms": self._poll_ms()}
        return where | self._versions()

    def _versions(self) -> dict[str, Any]:
        return {"server_time": self.clock(), "schema": self.manifest.schema, "min_schema": SCHEMA_MIN}

    @staticmethod
    def _at(head: Head) -> dict[str, Any]:
        return {"seq": head.seq, "epoch": head.epoch}

    def _poll_ms(self) -> int:
        """When to ask again: the more machines there are, the later. They are counted now and then only."""
        now_ms = self.clock()
        if self._counted is None or abs(now_ms - self._counted[0]) > _COUNTED_EVERY_MS:
            self._counted = (now_ms, self.store.machines_active())
        return max(POLL_MS_MIN, min(POLL_MS_PER_MACHINE * self._counted[1], POLL_MS_MAX))

    @staticmethod
    def _answer(body: Mapping[str, Any]) -> Response:
        return _packed(canonical(dict(body)))

    def _part(self, found: Page) -> Response:
        if found.head.epoch != request.args.get("epoch", found.head.epoch):
            raise EpochChanged(**self._where(found.head))
        rest = {"next": found.next, "more": found.more} | self._where(found.head)
        return _packed(b'{"items":[%s],%s' % (b",".join(found.items), canonical(rest)[1:]))


def _packed(body: bytes) -> Response:
    """JSON, packed if it is worth it and the caller can read it."""
    response = Response(body, mimetype="application/json")
    if len(body) > 1_000 and _DEFLATE in request.headers.get("Accept-Encoding", ""):
        response.set_data(zlib.compress(body, _LEVEL))
        response.headers["Content-Encoding"] = _DEFLATE
    return response


def _json() -> dict[str, Any]:
    """The body of a small call. Raises BadRequest, TooMuch."""
    if (request.content_length or 0) > SMALL_BYTES_MAX:
        raise TooMuch()
    data = request.get_data()
    if request.headers.get("Content-Encoding") == _DEFLATE:
        data = inflate(data, SMALL_BYTES_MAX)
    body = parse(data)
    if not isinstance(body, dict):
        raise BadRequest("the body is a map")
    return body


def _text(body: Mapping[str, Any], name: str, chars_max: int = 200) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= chars_max:
        raise BadRequest(f"{name} is a text")
    try:
        value.encode()
    except UnicodeEncodeError as error:  # half a character: no database takes it
        raise BadRequest(f"{name} is a text") from error
    return value


def _ids(body: Mapping[str, Any], name: str, most: int) -> list[str]:
    found = body.get(name) or []
    if not isinstance(found, list) or len(found) > most or not all(isinstance(id, str) for id in found):
        raise BadRequest(f"{name} is a list of at most {most}")
    return found


def _number(body: Mapping[str, Any], name: str, least: int) -> int:
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 1 << 63:
        raise BadRequest(f"{name} is a number")
    return value


def _flag(body: Mapping[str, Any], name: str) -> bool | None:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise BadRequest(f"{name} is true or false")
    return value


def _peer_of(body: Mapping[str, Any], head: Head) -> dict[str, Any] | None:
    """What a machine says of how far it has come with this company's stream."""
    peers = body.get("peers")
    peer = peers.get(head.tier) if isinstance(peers, dict) else None
    return peer if isinstance(peer, dict) else None


def _said(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a machine says of itself in its hello."""
    said: dict[str, Any] = {}
    if body.get("waiting") is not None:
        said["waiting"] = min(_number(body, "waiting", 0), _WAITING_MAX)
    if body.get("version") is not None:
        said["version"] = _text(body, "version", 40)
        if not said["version"].isprintable():
            raise BadRequest("version is a text in one line")
    return said


def _query(name: str, default: int, least: int, most: int) -> int:
    text = request.args.get(name, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 19:
        raise BadRequest(f"{name} is a number")
    return max(least, min(int(text), most))


def _problem(error: Exception) -> Response:
    """Every refusal in one form; what nobody foresaw is written to the log and says nothing about the inside."""
    known = _known(error)
    response = Response(canonical(known.problem()), known.status, mimetype="application/problem+json")
    if isinstance(known, Unauthorized):
        response.headers["WWW-Authenticate"] = "ECMS"
    return response


_KNOWN: Sequence[tuple[type[Exception], type[ServerError]]] = (
    (TooLarge, TooMuch),
    (Garbled, BadRequest),
    (RequestEntityTooLarge, TooMuch),
    (UnicodeEncodeError, BadRequest),  # half a character
    (RecursionError, BadRequest),
    (NoRoute, NotFound),
)


def _known(error: Exception) -> ServerError:
    if isinstance(error, ServerError):
        if isinstance(error, StorageFull):
            log.error("the disk is full")
        return error
    for kind, known in _KNOWN:
        if isinstance(error, kind):
            return known(None if kind is NoRoute else str(error))
    found = ServerError()
    if isinstance(error, HTTPException):
        found.status, found.code = error.code or 400, "http"
        return found
    log.exception("a call failed", exc_info=error)
    found.status, found.code, found.title = 500, "internal", "服务器出错，修改仍在本机"
    return found
