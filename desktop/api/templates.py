"""打印模板: the editor of papers, and its preview."""

from pathlib import Path
from typing import Any

from ..accounts import operator_names
from ..blobs import Blob
from ..engine.documents import printing, templating
from ..jobs import Job
from . import shapes
from .desk import into_pdf, printed_at
from .http import Call, Routes

routes = Routes()
_TEMPLATES = "/api/templates"


@routes.add("GET", _TEMPLATES, "Print templates, and what they may be made of", shapes.AnyObject, errors=(403,))
def all_templates(call: Call) -> dict[str, Any]:
    return templating.editor(call.engine, call.principal, operator_names(call.engine))


@routes.add("POST", _TEMPLATES, "Make a print template", shapes.KeptTemplate, body=shapes.TemplateBody, status=201,
            errors=(403, 404, 409, 422, 507))  # fmt: skip
def create(call: Call) -> dict[str, Any]:
    return {"id": templating.keep(call.engine, call.principal, _wanted(call), idempotent=call.idempotent)}


@routes.add("PATCH", f"{_TEMPLATES}/<id>", "Change a print template", shapes.KeptTemplate, body=shapes.TemplateBody,
            errors=(403, 404, 409, 422, 507))  # fmt: skip
def change(call: Call, id: str) -> dict[str, Any]:
    wanted = _wanted(call)
    kept = templating.keep(call.engine, call.principal, wanted, id=id, rev=call.rev, idempotent=call.idempotent)
    return {"id": kept}


def _wanted(call: Call) -> templating.Wanted:
    asked: shapes.TemplateBody = call.body
    return templating.Wanted(asked.name, asked.module, asked.base, asked.is_default, asked.layout)


@routes.add("POST", f"{_TEMPLATES}/preview", "Print by a template that is being made, as a job", shapes.JobAnswer,
            body=shapes.TemplateProof, errors=(403, 404, 422))  # fmt: skip
def preview(call: Call) -> dict[str, Any]:
    asked: shapes.TemplateProof = call.body
    engine, principal = call.engine, call.principal
    id = None if asked.sample else printing.newest(engine, principal, asked.module, asked.base)
    paper = printing.proof_of(
        engine, principal, asked.module, asked.base, asked.layout, id, printed_at(call), pictures(call)
    )

    def work(target: Path, job: Job) -> tuple[int, int]:
        return paper.lines, paper.write(target, job.step)

    return into_pdf(
        call, paper.title, "preview.pdf", work, note="" if id or asked.sample else "还没有这种单据，用示例数据"
    )


def pictures(call: Call) -> printing.Picture:
    """Small pictures of contents that are here."""
    blobs = call.desk.workstation.blobs
    return lambda sha256, size: blobs.thumbnail(Blob(sha256, size))
