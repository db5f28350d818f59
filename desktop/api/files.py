"""Files and comments of a record: attach, list, look at, save, take away, say something."""

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Response, request

from ..accounts import operator_names
from ..blobs import Blob
from ..engine import attachments
from ..engine.records import Idempotent
from ..errors import BadRequest, NotFound
from ..file_names import display_name, media_type, name_on_disk, refuse_blocked
from ..files import why
from ..pictures import SHOWN, picture_type
from ..shell.host import Download
from . import shapes
from .desk import with_ending
from .http import Call, Routes

routes = Routes()
_FILES = "/api/files/<module>/<id>"
_FILE = "/api/file/<id>"
_ERRORS = (400, 403, 404, 413, 422, 507)
_BLOCK_BYTES = 1 << 16

_SANDBOX = "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'"
"""What somebody attached runs nothing and reaches nothing, even opened by itself."""


# ------------------------------------------------------------------------------------------------------------ the files


@routes.add("GET", _FILES, "Files of a record", shapes.FilesAnswer, errors=(403, 404))
def listed(call: Call, module: str, id: str) -> dict[str, Any]:
    rows = attachments.of_record(call.engine, call.principal, attachments.ATTACHMENT, module, id)
    return {
        "items": _shown(call, rows),
        "earlier": _earlier(call, attachments.ATTACHMENT, module, id, len(rows)),
        "removed": _removed(call, attachments.removed(call.engine, call.principal, module, id)),
        "may_attach": attachments.may_attach(call.engine, call.principal, module),
        "bytes_max": call.desk.workstation.blobs.bytes_max,
    }


def _earlier(call: Call, kind: str, module: str, id: str, shown: int) -> int:
    """How many older ones there are than those shown."""
    if shown < attachments.PER_RECORD_MAX:
        return 0
    return max(0, attachments.counts(call.engine, call.principal, module, id)[f"__{kind}"] - shown)


def _shown(call: Call, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = operator_names(call.engine)
    states = call.desk.workstation.files.states(rows)
    return [
        {
            "id": row["id"], "file_name": row["file_name"], "size": row["size"], "mime": row["mime"],
            "role": row["role"], "at": row["created_at"], "by": names.get(row["created_by"], ""),
            "machine": row["machine"], "main_at": row["main_at"], "state": states[row["sha256"]],
        }
        for row in rows
    ]  # fmt: skip


def _removed(call: Call, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = operator_names(call.engine)
    return [
        {
            "id": row["id"], "file_name": row["file_name"], "size": row["size"], "at": row["deleted_at"],
            "by": names.get(row["updated_by"], ""),
        }
        for row in rows
    ]  # fmt: skip


@routes.add("POST", _FILES, "Attach a file (application/octet-stream) to a record", shapes.FileAnswer,
            query=shapes.FileQuery, status=201, errors=_ERRORS)  # fmt: skip
def attach(call: Call, module: str, id: str) -> dict[str, Any]:
    name = display_name(call.query.name)
    refuse_blocked(name)
    attachments.refuse_attach(call.engine, call.principal, module, id)
    blobs = call.desk.workstation.blobs
    blob = blobs.take(request.stream)
    picture = picture_type(blobs.path(blob.sha256))
    about = {
        "file_name": name, "size": blob.size, "sha256": blob.sha256, "mime": picture or media_type(name),
        "role": "image" if picture else "file",
    }  # fmt: skip
    row = attachments.attach(call.engine, call.principal, module, id, about, _once(call, name, blob))
    return _shown(call, [row])[0]


def _once(call: Call, name: str, blob: Blob) -> Idempotent | None:
    """The content went by as a stream: what tells another request by is its hash."""
    return call.once(hashlib.sha256(f"{name}\n{blob.sha256}".encode()).hexdigest())


@routes.add("GET", f"{_FILE}/content", "The content of a file", None, media="application/octet-stream",
            errors=(403, 404))  # fmt: skip
def content(call: Call, id: str) -> Response:
    row = attachments.file_of(call.engine, call.principal, id)
    path = _here(call, row)
    is_shown = row["mime"] in SHOWN
    response = Response(_blocks(path), mimetype=row["mime"] if is_shown else "application/octet-stream")
    response.content_length = path.stat().st_size
    how = "inline" if is_shown else "attachment"
    response.headers["Content-Disposition"] = (
        f"{how}; filename*=UTF-8''{quote(name_on_disk(row['file_name']), safe='')}"
    )
    response.headers["Content-Security-Policy"] = _SANDBOX
    return response


def _here(call: Call, row: Mapping[str, Any]) -> Path:
    blobs, blob = call.desk.workstation.blobs, Blob(row["sha256"], row["size"])
    if not blobs.has(blob):
        raise NotFound("附件的内容还不在本机，请先下载")
    return blobs.path(blob.sha256)


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            yield block


@routes.add("GET", f"{_FILE}/thumbnail", "A small picture of a file", None, media="image/png", errors=(403, 404))
def thumbnail(call: Call, id: str) -> Response:
    row = attachments.file_of(call.engine, call.principal, id)
    path = call.desk.workstation.blobs.thumbnail(Blob(row["sha256"], row["size"])) if row["mime"] in SHOWN else None
    if path is None:
        raise NotFound("这个附件没有缩略图")
    return Response(path.read_bytes(), mimetype="image/png", headers={"Content-Security-Policy": _SANDBOX})


@routes.add("POST", f"{_FILE}/fetch", "Bring the content of a file from the server", shapes.FileAnswer,
            errors=(403, 404))  # fmt: skip
def fetch(call: Call, id: str) -> dict[str, Any]:
    row = attachments.file_of(call.engine, call.principal, id)
    blob = Blob(row["sha256"], row["size"])
    if not call.desk.workstation.blobs.has(blob):
        call.desk.workstation.files.want(blob)
    return _shown(call, [row])[0]


@routes.add("POST", f"{_FILE}/save", "Save a file as one of the user's own", shapes.SavedAnswer, errors=(403, 404, 507))
def save_as(call: Call, id: str) -> dict[str, Any]:
    row = attachments.file_of(call.engine, call.principal, id)
    path, name = _here(call, row), name_on_disk(row["file_name"])
    answer = call.desk.host.save_dialog(name)
    if answer is None:
        return {"cancelled": True}
    if isinstance(answer, Download):
        return {"download": name}
    target = with_ending(answer, Path(name).suffix.lower()) if Path(name).suffix else answer
    try:
        shutil.copyfile(path, target)
    except OSError as error:
        raise BadRequest(f"没有存成「{target}」：{why(error)}") from error
    return {"path": str(target)}


@routes.add("POST", f"{_FILE}/main", "Make a picture the one that stands for its record", shapes.OkAnswer,
            errors=(400, 403, 404))  # fmt: skip
def lead(call: Call, id: str) -> dict[str, Any]:
    attachments.lead(call.engine, call.principal, id)
    return {"ok": True}


@routes.add("POST", f"{_FILE}/role", "Say what a picture stands for on papers", shapes.OkAnswer,
            body=shapes.EmblemBody, errors=(400, 403, 404))  # fmt: skip
def assign(call: Call, id: str) -> dict[str, Any]:
    attachments.assign(call.engine, call.principal, id, call.body.role)
    return {"ok": True}


@routes.add("DELETE", _FILE, "Take a file away from its record", shapes.OkAnswer, errors=(403, 404))
def remove(call: Call, id: str) -> dict[str, Any]:
    attachments.remove(call.engine, call.principal, id)
    return {"ok": True}


@routes.add("POST", f"{_FILE}/restore", "Bring a file back to its record", shapes.OkAnswer, errors=(403, 404))
def restore(call: Call, id: str) -> dict[str, Any]:
    attachments.bring_back(call.engine, call.principal, id)
    return {"ok": True}


# --------------------------------------------------------------------------------------------------------- the comments

_COMMENTS = "/api/comments/<module>/<id>"


@routes.add("GET", _COMMENTS, "Comments on a record, oldest first", shapes.CommentsAnswer, errors=(403, 404))
def comments(call: Call, module: str, id: str) -> dict[str, Any]:
    rows = attachments.of_record(call.engine, call.principal, attachments.COMMENT, module, id)
    names = operator_names(call.engine)
    earlier = _earlier(call, attachments.COMMENT, module, id, len(rows))
    return {"items": [_said(names, row) for row in rows], "earlier": earlier}


@routes.add("POST", _COMMENTS, "Comment on a record", shapes.CommentAnswer, body=shapes.CommentBody, status=201,
            errors=(403, 404, 422, 507))  # fmt: skip
def say(call: Call, module: str, id: str) -> dict[str, Any]:
    row = attachments.comment(call.engine, call.principal, module, id, call.body.text, call.idempotent)
    return _said(operator_names(call.engine), row)


def _said(names: Mapping[str, str], row: Mapping[str, Any]) -> dict[str, Any]:
    by = names.get(row["created_by"], "")
    return {"id": row["id"], "text": row["text"], "at": row["created_at"], "by": by, "machine": row["machine"]}
