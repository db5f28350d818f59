"""Speaking to the sync server over HTTP: every call, its limits, and what can go wrong, in words.

What comes back is looked at as what it may be: cut, endless, garbage, or another company's.
"""

from __future__ import annotations

import logging
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from sync_server.replication.wire import ALONE_BYTES_MAX, INTEGER_MAX, Garbled, TooLarge, inflate

from ..errors import EcmsError

if TYPE_CHECKING:
    import requests  # loaded when it is needed: a tenth of a start, and most commands speak to nobody

CONNECT_S, READ_S = 5, 15
LONG_S = 90
"""For calls that make the server work: pushes and the first data."""
ANSWER_BYTES_MAX = 2 * ALONE_BYTES_MAX
ANSWER_S = 600
"""Within which an answer is there whole: one that only drips is none."""
PORT = 8630
_PACK_LEVEL = 1
_BLOCK_BYTES = 1 << 16
_TIME_MS_MAX = 1 << 47
"""Milliseconds that fit into a stamp, with room for more."""

log = logging.getLogger(__name__)


class SyncError(EcmsError):
    """A round could not be finished; local work goes on.

    SyncError
    ├── Unreachable      no connection, or it broke
    │   └── Troubled     it answers that it cannot just now
    ├── Protocol         the answer makes no sense
    └── Refusal          the server said no
        ├── UnknownMachine, Revoked, OtherCompany, CodeRefused, NotEmpty, NoCompany, NotAllowed,
        │   WrongPassword
        ├── EpochChanged, Gap, ReplicaTaken
        ├── NoSuchFile, FileMissing, FileSpoilt
        └── ServerOlder, ClientOlder, StorageFullThere, TooLargeThere
    """

    code = "protocol"
    title = "同步没有成功"
    hint = "会自动再试。"

    def __init__(self, detail: str = "", **extra: Any) -> None:
        super().__init__(detail or self.title)
        self.extra = extra


class Unreachable(SyncError):
    code, title = "unreachable", "连不上服务器"
    hint = "可以照常工作，连上后会自动补传。"


class Troubled(Unreachable):
    """A server, or what stands before it, answered with an error of its own: perhaps with this one call only."""


class Protocol(SyncError):
    code, title = "protocol", "服务器的回答看不懂"
    hint = "会自动再试。一直这样时，请管理员检查服务器地址。"


def unusable(detail: str) -> Protocol:
    """What exactly is wrong with an answer is for the log."""
    log.warning("an answer of the server cannot be used: %s", detail)
    return Protocol()


class Refusal(SyncError):
    """The server said no; `extra` holds the rest of its answer."""


class UnknownMachine(Refusal):
    code, title = "unknown-machine", "服务器不认识这台机器"
    hint = "请管理员生成新的加入码，在同步中心重新加入。本机的数据和未传的改动都在。"


class Revoked(Refusal):
    code, title = "revoked", "这台机器已被停用"
    hint = "未传的改动已交给管理员。需要继续使用时，请管理员生成新的加入码。"


class OtherCompany(Refusal):
    code, title = "other-company", "这个地址上是另一家公司的服务器"
    hint = "本机没有改动。请核对服务器地址。"


class NotEmpty(Refusal):
    code, title = "not-empty", "本机已有数据，服务器上也有数据，不能合在一起"
    hint = "请先从本机导出，再在新的数据文件夹里加入，然后导入。"


class NoCompany(Refusal):
    code, title = "no-company", "服务器上还没有公司的数据"
    hint = "请先在第一台电脑上选「单机使用」建好公司，再从它的同步中心加入这台服务器。"


class CodeRefused(Refusal):
    code, title = "code-refused", "加入码不对、已用过或已过期"
    hint = "请管理员生成一个新的。"


class NotAllowed(Refusal):
    code, title = "not-allowed", "只有管理员可以这样做"
    hint = ""


class WrongPassword(Refusal):
    code, title = "wrong-password", "密码不对"
    hint = ""


class EpochChanged(Refusal):
    code, title = "epoch-changed", "服务器恢复过备份"
    hint = "正在重新核对。"


class Gap(Refusal):
    code, title = "gap", "服务器缺少较早的改动"
    hint = "正在补传。"


class ReplicaTaken(Refusal):
    code, title = "replica-taken", "这份数据在服务器上属于另一台机器"
    hint = "正在改用新的编号。"


class ServerOlder(Refusal):
    code, title = "server-older", "服务器需要升级"
    hint = "可以照常工作，也能收到同事的改动。本机的改动等服务器升级后自动上传。"


class ClientOlder(Refusal):
    code, title = "client-older", "本机的程序版本太旧"
    hint = "请升级程序。可以照常工作，改动都存在本机。"


class TooLargeThere(Refusal):
    code, title = "too-large", "有一条改动太大，服务器收不下"
    hint = "请管理员查看服务器和代理的大小限制。改动都存在本机，别人的改动照常收到。"


class StorageFullThere(Refusal):
    code, title = "storage-full", "服务器磁盘已满"
    hint = "请管理员清出空间。改动都存在本机，之后会自动上传。"


class NoSuchFile(Refusal):
    code, title = "no-such-file", "服务器还没有收到这个附件的记录"


class FileMissing(Refusal):
    code, title = "file-missing", "附件还没有上传到服务器"


class FileSpoilt(Refusal):
    code, title = "file-spoilt", "附件在途中损坏，会重新上传"


_BY_CODE: Mapping[str, type[Refusal]] = {
    "unauthorized": UnknownMachine,
    **{
        kind.code: kind
        for kind in (
            Revoked, OtherCompany, NotEmpty, NoCompany, CodeRefused, NotAllowed, WrongPassword, EpochChanged, Gap,
            ReplicaTaken, ServerOlder, ClientOlder, StorageFullThere, TooLargeThere, NoSuchFile, FileMissing,
            FileSpoilt,
        )
    },
}  # fmt: skip


@dataclass(frozen=True)
class Page:
    """Part of the stream: items in order, the cursor after them, the head, and the rest of the answer."""

    items: Sequence[dict[str, Any]]
    next: int
    head: int
    more: bool
    about: Mapping[str, Any]


@dataclass(frozen=True)
class Sample:
    """The server's clock against this one's: how long the answer took and how far apart they are, in ms."""

    took_ms: float
    off_ms: int


class Exchange:
    """One machine's calls to one server. Every call raises SyncError."""

    def __init__(
        self,
        server: str,
        machine: str = "",
        secret: str = "",
        *,
        session: requests.Session | None = None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self.server = server
        self.now_ms = now_ms
        self.samples: list[Sample] = []
        self.read_s = READ_S
        self._session = session or _session()
        self._headers = {"Accept-Encoding": "deflate"}
        if machine:
            self._headers["Authorization"] = f"ECMS {machine}:{secret}"

    def close(self) -> None:
        self._session.close()

    # --------------------------------------------------------------------------------------------------------- calls

    def about(self) -> dict[str, Any]:
        """What server this is; needs no secret."""
        found = self._call("GET", "about")
        if found.get("product") != "ecms-sync":
            raise Protocol("这个地址上不是企业客户管理系统的同步服务器")
        return found

    def enrol(self, code: str, schema: int, tier: str | None, has_data: bool) -> dict[str, Any]:
        """Joins by a one-time code: {machine, secret, code, branch, kind, user, tier, epoch, head, rows}."""
        body = {"code": code, "schema": schema, "tier": tier, "has_data": has_data}
        return _with(self._call("POST", "enrol", body), machine=str, secret=str, code=str, tier=str, epoch=str)

    def hello(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Where the server stands and what it wants done first."""
        return _with(self._call("POST", "hello", body), tier=str, epoch=str, head=int, your_n=int, actions=list)

    def push(self, body: bytes, numbers: Sequence[int]) -> list[dict[str, Any]]:
        """An ack for each changeset of a push, in order."""
        acks = _with(self._call("POST", "push", data=zlib.compress(body, _PACK_LEVEL)), acks=list)["acks"]
        if not _are_maps(acks) or [ack.get("n") for ack in acks] != list(numbers):
            raise unusable("the acks are not those of the changesets")
        return list(acks)

    def pull(self, cursor: int, epoch: str, how: str, replica: str, last_n: int, items_max: int) -> Page:
        """What came after the cursor: as log without the own changesets up to `last_n`, or as rows."""
        query = {"cursor": cursor, "epoch": epoch, "as": how, "replica": replica, "last_n": last_n, "max": items_max}
        body = _with(self._call("GET", "pull", query=query), items=list, next=int, head=int)
        page = Page(body.pop("items"), body["next"], body["head"], bool(body.get("more")), body)
        if not _are_maps(page.items):
            raise unusable("an item is no map")
        if not cursor <= page.next <= page.head or (page.more and page.next == cursor):
            raise unusable("the answer leads nowhere")
        return page

    def rows(self, table: str, ids: Sequence[str]) -> tuple[list[dict[str, Any]], set[str]]:
        """These rows as they are there now, and the ids of which the answer says nothing, for want of room or because
        it was spoilt on the way. Rows that are in neither are not there, says the server."""
        body = _with(self._call("POST", "rows", {"t": table, "ids": list(ids)}), items=list, missing=list)
        rows = [item["row"] for item in body["items"] if isinstance(item, dict) and isinstance(item.get("row"), dict)]
        return list(body["items"]), set(ids) - {row.get("id") for row in rows} - set(map(str, body["missing"]))

    def versions(self, table: str, after: str) -> tuple[dict[str, str], str | None]:
        """Ids and row sums of a table, from an id on, and where to go on."""
        asked = {"t": table} | ({"after": after} if after else {})
        body = _with(self._call("POST", "rows", asked), versions=dict)
        return body["versions"], body.get("next")

    def sums(self) -> tuple[dict[str, str], int]:
        """One checksum per table, and the position they hold for."""
        body = _with(self._call("GET", "sums"), sums=dict, seq=int)
        return body["sums"], body["seq"]

    def machines(self) -> list[dict[str, Any]]:
        """All machines of the company."""
        return list(_with(self._call("GET", "machines"), machines=list)["machines"])

    def invite(self, actor: str, password: str, branch: str, user: str | None) -> dict[str, Any]:
        """A one-time code for another machine."""
        body = {"actor": actor, "password": password, "branch": branch, "user": user}
        return _with(self._call("POST", "invite", body), code=str)

    def revoke(self, actor: str, password: str, machine: str) -> None:
        """Stops a machine."""
        self._call("POST", "revoke", {"actor": actor, "password": password, "machine": machine})

    # ---------------------------------------------------------------------------------------------------------- files

    def files_missing(self, hashes: Sequence[str]) -> set[str]:
        """Of these contents, those that the server knows of and does not have."""
        return set(map(str, _with(self._call("POST", "blobs", {"hashes": list(hashes)}), missing=list)["missing"]))

    def next_part(self, sha256: str, size: int) -> int:
        """The first part of a content that the server lacks; their number when it has all."""
        with self._asked("HEAD", f"blob/{sha256}", query={"size": size}) as answer:
            if answer.status_code == 404:  # an answer without a body cannot say more
                raise NoSuchFile()
            text = answer.headers.get("X-ECMS-Next", "")
        if answer.status_code != 200 or not text.isdigit():
            raise _refusal(answer.status_code, {})
        return int(text)

    def put_part(self, sha256: str, size: int, part: int, data: bytes) -> bool:
        """Brings one part; true when the server has the whole, and it is that content."""
        query = {"size": size}
        with self._asked("PUT", f"blob/{sha256}/{part}", query=query, data=data) as answer:
            return bool(_with(self._answered(answer), whole=bool)["whole"])

    def get_file(self, sha256: str, start: int, size: int, keep: Callable[[bytes], None]) -> None:
        """The content from a place on, block by block; what breaks off has been kept so far."""
        while start < size:
            start += self._get_piece(sha256, start, size, keep)

    def _get_piece(self, sha256: str, start: int, size: int, keep: Callable[[bytes], None]) -> int:
        """As much from a place on as the server gives at once: all from the beginning, else a part; how much it was."""
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        with self._asked("GET", f"blob/{sha256}", headers=headers) as answer:
            if answer.status_code != (206 if start else 200):
                self._answered(answer)
                raise unusable("no part of a file")
            length = answer.headers.get("Content-Length", "")
            ends = min(size, start + int(length)) if length.isdecimal() else size
            here = start
            try:
                while here < ends and (block := answer.raw.read1(min(ends - here, _BLOCK_BYTES), decode_content=False)):
                    keep(block)
                    here += len(block)
            except _broken() as error:
                raise Unreachable(f"连不上 {self.server}") from error
            if here < ends or here == start:
                raise Unreachable("附件没有传完，会接着传")
            return here - start

    @contextmanager
    def _asked(
        self, method: str, path: str, *, query: Mapping[str, Any] | None = None, data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[requests.Response]:  # fmt: skip
        """An answer whose body is still to be read. Raises Unreachable."""
        said = {**self._headers, **(headers or {})}
        if data is not None:
            said["Content-Type"] = "application/octet-stream"
        try:
            answer = self._session.request(
                method, f"{self.server}/sync/v1/{path}", params=query, data=data, headers=said, auth=_as_it_is,
                timeout=(min(CONNECT_S, self.read_s), LONG_S), stream=True, allow_redirects=False,
            )  # fmt: skip
        except _broken() as error:
            raise Unreachable(f"连不上 {self.server}") from error
        with answer:
            yield answer

    @staticmethod
    def _answered(answer: requests.Response) -> dict[str, Any]:
        """The words of an answer; raises what they refuse with."""
        try:
            raw = _whole(answer, ANSWER_S)
        except _broken() as error:
            raise Unreachable("连接断开了") from error
        read = _read(raw, answer.headers.get("Content-Encoding", ""), answer.status_code)
        if answer.status_code != 200:
            raise _refusal(answer.status_code, read)
        return read

    # ------------------------------------------------------------------------------------------------------ transport

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        data: bytes | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        headers = dict(self._headers)
        if data is not None:
            headers["Content-Encoding"] = "deflate"
        elif body is not None:
            data = orjson.dumps(dict(body))
        if data is not None:
            headers["Content-Type"] = "application/json"
        is_long = path in ("push", "enrol") or (query or {}).get("as") == "rows"
        started, sent_ms = time.perf_counter(), self.now_ms()
        try:
            with self._session.request(
                method, f"{self.server}/sync/v1/{path}", params=query, data=data, headers=headers,
                auth=_as_it_is, timeout=(min(CONNECT_S, self.read_s), LONG_S if is_long else self.read_s), stream=True,
                allow_redirects=False,
            ) as answer:  # fmt: skip
                raw, status = _whole(answer, ANSWER_S if is_long else 2 * self.read_s), answer.status_code
        except _broken() as error:
            raise Unreachable(f"连不上 {self.server}") from error
        read = _read(raw, answer.headers.get("Content-Encoding", ""), status)
        if status != 200:
            raise _refusal(status, read)
        self._sample(started, sent_ms, read.get("server_time"))
        return read

    def _sample(self, started: float, sent_ms: int, server_time: object) -> None:
        """Half of the way there and back is taken off, as NTP does."""
        if isinstance(server_time, int) and 0 <= server_time < _TIME_MS_MAX:
            took_ms = (time.perf_counter() - started) * 1_000
            self.samples.append(Sample(took_ms, server_time - sent_ms - int(took_ms / 2)))
            del self.samples[:-5]


def _session() -> requests.Session:
    import requests

    return requests.Session()


def _broken() -> tuple[type[Exception], ...]:
    """What a call ends with that did not come through."""
    import requests
    import urllib3

    return requests.RequestException, urllib3.exceptions.HTTPError, OSError


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keeps the machine's own words: a `.netrc` of the person would put a password of theirs in their place."""
    return request


def _whole(answer: requests.Response, within_s: float) -> bytes:
    """The body as it came. A connection that breaks before its end is no shorter answer: urllib3 raises then."""
    deadline = time.monotonic() + within_s
    blocks: list[bytes] = []
    size = 0
    while block := answer.raw.read1(_BLOCK_BYTES, decode_content=False):
        blocks.append(block)
        size += len(block)
        if size > ANSWER_BYTES_MAX or time.monotonic() > deadline:
            raise unusable("it has no end")
    return b"".join(blocks)


def _read(raw: bytes, encoding: str, status: int) -> dict[str, Any]:
    try:
        if encoding == "deflate":
            raw = inflate(raw, ANSWER_BYTES_MAX)
        body = orjson.loads(raw)
    except (Garbled, TooLarge, orjson.JSONDecodeError) as error:
        if status >= 500:  # what stands before the server says so in its own way
            raise Unreachable("服务器暂时不能回答") from error
        raise unusable(f"{status}, no JSON") from error
    if not isinstance(body, dict):
        raise unusable("no map")
    return body


def _with(body: dict[str, Any], **parts: type) -> dict[str, Any]:
    """The answer, if it has these parts."""
    for name, kind in parts.items():
        value = body.get(name)
        if not isinstance(value, kind) or (isinstance(value, int) and not 0 <= value <= INTEGER_MAX):
            raise unusable(f"it lacks {name}")
    return body


def _are_maps(items: Sequence[object]) -> bool:
    return all(isinstance(item, dict) for item in items)


def _refusal(status: int, body: Mapping[str, Any]) -> SyncError:
    known = _BY_CODE.get(str(body.get("code")))
    if known is not None:
        refusal = known(str(body.get("detail") or ""))
        refusal.extra = dict(body)
        return refusal
    if status >= 500 or status in (408, 429):
        return Troubled(str(body.get("title") or "服务器暂时不能回答"))
    return unusable(f"{status} {body.get('code')}: {body.get('detail')}")


def candidates(server: str) -> list[str]:
    """What a person typed as the server's address, as the URLs worth trying in order.

    A name of the internet is tried with https first; an address of the own network, or one with a port, as the server
    speaks without a proxy before it. Raises ValueError for what is no address.
    """
    text = server.strip().rstrip("/")
    if "://" in text:
        return [_normalized(text)]
    plain = _normalized(f"http://{text}")
    parts = urlsplit(plain)
    secure = _normalized(f"https://{text}")
    if parts.port is None:
        plain = _normalized(f"http://{text}:{PORT}") if "/" not in text else plain
    is_near = parts.port is not None or "." not in (parts.hostname or "") or _is_number(parts.hostname or "")
    return [plain, secure] if is_near else [secure, plain]


def _normalized(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError(text)
    if any(one.isspace() for one in parts.hostname):
        raise ValueError(text)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}{parts.path.rstrip('/')}"


def _is_number(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()
