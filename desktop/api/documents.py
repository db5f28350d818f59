"""Documents with lines: the same calls for every module that keeps them."""

import re
from functools import partial
from pathlib import Path
from typing import Any

from ..engine.define import Right
from ..engine.documents import finding, printing, verbs
from ..engine.documents.templates import Choice
from ..engine.documents.verbs import Entry
from ..errors import BadRequest, NotFound
from ..jobs import Job
from . import shapes
from .desk import into_file, into_pdf, printed_at
from .http import Call, Routes, json_response
from .sync import say_answered
from .templates import pictures

routes = Routes()
_DOCUMENTS = "/api/documents/<module>"
_DOCUMENT = f"{_DOCUMENTS}/<id>"


def _answer(found: dict[str, Any], status: int = 200) -> Any:
    response = json_response(found, status)
    response.headers["ETag"] = f'"{found["rev"]}"'
    return response


@routes.add("GET", _DOCUMENT, "A document with its lines and versions", shapes.DocumentAnswer, errors=(403, 404))
def read(call: Call, module: str, id: str) -> Any:
    return _answer(verbs.opened(call.engine, call.principal, module, id))


@routes.add("POST", f"{_DOCUMENTS}/work-out", "What follows from a sheet that is being filled in", shapes.AnyObject,
            body=shapes.SheetBody, errors=(403, 404, 422))  # fmt: skip
def work_out(call: Call, module: str) -> dict[str, Any]:
    asked: shapes.SheetBody = call.body
    changed = (asked.changed.line, asked.changed.field) if asked.changed else None
    was = asked.changed.was if asked.changed else None
    values = asked.values | ({"id": asked.id} if asked.id else {})
    return verbs.work_out(call.engine, call.principal, module, values, asked.lines, changed, was)


@routes.add("GET", f"{_DOCUMENTS}/find", "What a typed or scanned code means", shapes.AnyObject,
            query=shapes.FindQuery, errors=(403, 404, 422))  # fmt: skip
def find(call: Call, module: str) -> dict[str, Any]:
    return finding.find(call.engine, call.principal, module, call.query.text, call.query.limit)


@routes.add("POST", f"{_DOCUMENTS}/glance", "What stands behind a line, and the prices it may have", shapes.AnyObject,
            body=shapes.GlanceBody, errors=(403, 404, 422))  # fmt: skip
def glance(call: Call, module: str) -> dict[str, Any]:
    asked: shapes.GlanceBody = call.body
    values = asked.values | ({"id": asked.id} if asked.id else {})
    return finding.glance(call.engine, call.principal, module, values, asked.line)


@routes.add("POST", f"{_DOCUMENTS}/sources/<name>", "Documents that a sheet can be filled from", shapes.AnyObject,
            query=shapes.TextQuery, body=shapes.SheetBody, errors=(403, 404, 422))  # fmt: skip
def sources(call: Call, module: str, name: str) -> dict[str, Any]:
    return verbs.sources(call.engine, call.principal, module, name, call.body.values, call.query.text)


@routes.add("POST", f"{_DOCUMENTS}/sources/<name>/all", "A sheet filled with all there is, as a job: `result` is the "
            "sheet", shapes.JobAnswer, body=shapes.SheetBody, errors=(400, 403, 404, 422))  # fmt: skip
def take_all(call: Call, module: str, name: str) -> dict[str, Any]:
    asked: shapes.SheetBody = call.body
    definition, source = verbs.source_of(call.engine, module, name)
    if not source.whole:
        raise NotFound("这种来源要选一张单据")
    verbs.refuse_all(call.engine, call.principal, definition, source)
    engine, principal = call.engine, call.principal

    def work(job: Job) -> None:
        job.result = verbs.take(engine, principal, module, name, "", asked.values, asked.lines, job.step)

    job = Job("fill", source.label, owner=principal.operator)
    return call.desk.workstation.jobs.start(job, work).public()


@routes.add("POST", f"{_DOCUMENTS}/sources/<name>/<id>", "A sheet filled from another document", shapes.AnyObject,
            body=shapes.SheetBody, errors=(403, 404, 422))  # fmt: skip
def take(call: Call, module: str, name: str, id: str) -> dict[str, Any]:
    asked: shapes.SheetBody = call.body
    return verbs.take(call.engine, call.principal, module, name, id, asked.values, asked.lines)


@routes.add("POST", _DOCUMENTS, "Create a document, as a draft or posted", shapes.DocumentAnswer,
            body=shapes.DocumentBody, status=201, errors=(403, 404, 409, 422, 507))  # fmt: skip
def create(call: Call, module: str) -> Any:
    saved = verbs.save(call.engine, call.principal, module, _entry(call.body), idempotent=call.idempotent)
    _say(call)
    return _answer(saved, 201)


@routes.add("PATCH", _DOCUMENT, "Change a document: a draft as it is, a posted one by its next version",
            shapes.DocumentAnswer, body=shapes.DocumentBody, errors=(403, 404, 409, 422, 507))  # fmt: skip
def change(call: Call, module: str, id: str) -> Any:
    entry = _entry(call.body)
    saved = verbs.save(call.engine, call.principal, module, entry, id=id, rev=call.rev, idempotent=call.idempotent)
    _say(call)
    return _answer(saved)


def _say(call: Call) -> None:
    """A sheet may have answered what was open between two machines."""
    if call.body.answers:
        say_answered(call)


def _entry(body: shapes.DocumentBody) -> Entry:
    return Entry(body.values, body.lines, body.post, frozenset(body.confirmed), body.reason or None, body.answers)


@routes.add("GET", f"{_DOCUMENT}/other/<key>", "The version that lost, as a sheet", shapes.AnyObject, errors=(403, 404))
def other(call: Call, module: str, id: str, key: str) -> dict[str, Any]:
    return verbs.other(call.engine, call.principal, module, id, key)


@routes.add("POST", f"{_DOCUMENT}/print", "Print a document to a PDF to look at, as a job", shapes.JobAnswer,
            body=shapes.PaperBody, errors=(403, 404, 422))  # fmt: skip
def start_print(call: Call, module: str, id: str) -> dict[str, Any]:
    engine, principal = call.engine, call.principal
    paper = _paper(call, module, id, "print")

    def work(target: Path, job: Job) -> tuple[int, int]:
        return paper.lines, paper.write(target, job.step)

    counted = partial(printing.count, engine, principal, module, id)
    return into_pdf(call, paper.title, f"{_file_name(paper)}.pdf", work, taken=counted, note=paper.note)


@routes.add("POST", f"{_DOCUMENT}/export", "Write a document, as one of its prints has it, to an xlsx file, as a job",
            shapes.JobAnswer, body=shapes.PaperBody, errors=(403, 404, 422))  # fmt: skip
def start_export(call: Call, module: str, id: str) -> dict[str, Any]:
    paper = _paper(call, module, id, "export")

    def work(job: Job, target: Path) -> None:
        paper.write_table(target)
        job.message = f"已导出「{paper.form.number or paper.title}」，{paper.lines:,} 行"

    return into_file(call, "export", f"导出{paper.title}", f"{_file_name(paper)}.xlsx", work)


def _paper(call: Call, module: str, id: str, right: Right) -> printing.Paper:
    asked: shapes.PaperBody = call.body
    choice = Choice(asked.pictures, asked.watermark, asked.extras, asked.seal)
    return printing.paper_of(
        call.engine, call.principal, module, id, asked.name, printed_at(call), pictures(call), choice, right
    )


def _file_name(paper: printing.Paper) -> str:
    return re.sub(r"[^\w()（）-]", "", f"{paper.title}_{paper.form.number}")


@routes.add("POST", f"{_DOCUMENT}/<action>", "Cancel, close or reopen a document, or decide about one that waits for "
            "approval: approve, reject, withdraw", shapes.DocumentAnswer,
            body=shapes.ActionBody, errors=(400, 403, 404, 409, 422))  # fmt: skip
def act(call: Call, module: str, id: str, action: str) -> Any:
    said = frozenset(call.body.confirmed)
    if action == "approve":
        return _answer(verbs.approve(call.engine, call.principal, module, id, call.rev, said))
    if action == "reject":
        return _answer(verbs.reject(call.engine, call.principal, module, id, call.body.reason))
    if action == "withdraw":
        return _answer(verbs.withdraw(call.engine, call.principal, module, id))
    if action == "cancel":
        return _answer(verbs.cancel(call.engine, call.principal, module, id, call.body.reason, call.rev, said))
    if action in ("close", "reopen"):
        again = action == "reopen"
        return _answer(verbs.close(call.engine, call.principal, module, id, call.body.reason, again=again))
    raise BadRequest("没有这种操作")
