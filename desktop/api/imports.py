"""Import of xlsx and csv: upload, look, dry run, commit, undo. Long steps are jobs."""

from pathlib import Path
from typing import Any

from flask import request

from ..engine.access import demand
from ..engine.imports import documents
from ..engine.imports.matching import demand_import, heads_of
from ..engine.imports.sheets import imported_as, reason_of, template
from ..engine.imports.staging import cells_of
from ..engine.imports.undoing import Undo, past
from ..engine.imports.writing import Choices
from ..errors import Unfinished
from ..jobs import Job
from ..uploads import Upload
from . import shapes
from .desk import into_file
from .http import Call, Routes

routes = Routes()
_IMPORT = "/api/import/<module>"
_ONE = f"{_IMPORT}/<id>"
_MADE = {
    documents.POSTED: "单据",
    documents.DRAFT: "草稿，过账以后才算数",
    documents.WAITING: "待审批的单据，通过以后才算数",
}
_ERRORS = (400, 403, 404, 413, 422)


@routes.add("POST", _IMPORT, "Upload a file (application/octet-stream) to import into a module", shapes.UploadAnswer,
            query=shapes.UploadQuery, errors=_ERRORS)  # fmt: skip
def upload(call: Call, module: str) -> dict[str, Any]:
    definition = call.engine.definition(module)
    uploads = call.desk.workstation.uploads
    return uploads.take(call.principal, definition, call.query.name, request.stream).public()


@routes.add("GET", _IMPORT, "Imports into a module made on this machine, newest first", shapes.PastImports,
            errors=(403, 404))  # fmt: skip
def past_imports(call: Call, module: str) -> list[dict[str, Any]]:
    from ..accounts import operator_names

    names = operator_names(call.engine)
    own = call.principal.operator
    return [
        one | {"operator": names.get(one["operator"], ""), "own": one["operator"] == own}
        for one in past(call.engine, call.principal, module)
    ]


@routes.add("POST", f"{_IMPORT}/template", "A spreadsheet to fill in, as a job", shapes.JobAnswer, errors=(403, 404))
def make_template(call: Call, module: str) -> dict[str, Any]:
    definition = call.engine.definition(module)
    demand_import(call.principal, definition)

    def work(job: Job, target: Path) -> None:
        template(call.engine, call.principal, definition, target)
        job.message = "已做好模板"

    label = imported_as(definition)
    return into_file(call, "template", f"{label}导入模板", f"{label}_导入模板.xlsx", work)


@routes.add("GET", _ONE, "What an uploaded file holds, and what its columns are taken for", shapes.InspectAnswer,
            query=shapes.InspectQuery, errors=_ERRORS)  # fmt: skip
def inspect(call: Call, module: str, id: str) -> dict[str, Any]:
    asked: shapes.InspectQuery = call.query
    return _upload(call, module, id).inspect(call.engine, call.principal, asked.sheet, asked.head)


@routes.add("DELETE", _ONE, "Drop an uploaded file", shapes.OkAnswer, errors=(404,))
def drop(call: Call, module: str, id: str) -> dict[str, Any]:
    call.desk.workstation.uploads.drop(_upload(call, module, id))
    return {"ok": True}


@routes.add("POST", f"{_ONE}/check", "The dry run, as a job", shapes.JobAnswer, body=shapes.CheckBody, errors=_ERRORS)
def check(call: Call, module: str, id: str) -> dict[str, Any]:
    one, asked = _upload(call, module, id), call.body
    engine, principal = call.engine, call.principal
    one.prepare(engine, principal, asked.sheet, asked.head, asked.fields, asked.key)

    def work(job: Job) -> None:
        counts = one.judge(engine, principal, job.step)
        job.result = vars(counts) | {"key": one.plan.key if one.plan else ""}
        job.message = f"{counts.good:,} 行可以导入，{counts.bad:,} 行有误"

    job = Job("import-check", f"检查{imported_as(engine.definition(module))}", owner=principal.operator)
    return call.desk.workstation.jobs.start(job, work).public()


@routes.add("GET", f"{_ONE}/rows", "Rows of a dry run with what is wrong or alike", shapes.JudgedPage,
            query=shapes.JudgedQuery, errors=_ERRORS)  # fmt: skip
def judged_rows(call: Call, module: str, id: str) -> dict[str, Any]:
    one, asked = _upload(call, module, id), call.query
    lines = one.judged.page(asked.kind, asked.offset, asked.limit) if one.counts else []
    return {
        "heads": one.heads,
        "total": one.judged.count(asked.kind) if one.counts else 0,
        "rows": [_shown(line, len(one.heads)) for line in lines],
    }


def _shown(line: dict[str, Any], width: int) -> dict[str, Any]:
    cells = heads_of(cells_of(line["c"][:width]))
    return {
        "number": line["n"],
        "cells": [cell[:200] for cell in cells] + [""] * (width - len(cells)),
        "faults": line["e"],
        "odd": line.get("o", {}),
        "reason": reason_of(line),
        "same": line["s"],
        "like": [{"id": id, "title": title, "reason": reason} for id, title, reason in line["l"]],
        "earlier": line["f"] and {"number": line["f"][0], "reason": line["f"][1]},
    }


@routes.add("POST", f"{_ONE}/errors", "The bad rows as a spreadsheet to mend, as a job", shapes.JobAnswer,
            errors=_ERRORS)  # fmt: skip
def errors(call: Call, module: str, id: str) -> dict[str, Any]:
    one = _upload(call, module, id)
    label = imported_as(call.engine.definition(module))

    def work(job: Job, target: Path) -> None:
        job.message = f"{one.write_errors(target, job.step):,} 行"

    return into_file(call, "import-errors", f"{label}要改的行", f"{label}_要改的行.xlsx", work)


@routes.add("POST", f"{_ONE}/commit", "Import the good rows, all or none, as a job", shapes.JobAnswer,
            body=shapes.CommitBody, errors=_ERRORS)  # fmt: skip
def commit(call: Call, module: str, id: str) -> dict[str, Any]:
    one, asked = _upload(call, module, id), call.body
    engine, principal = call.engine, call.principal
    choices = Choices(asked.twice, {int(number): decision for number, decision in asked.rows.items()})

    def work(job: Job) -> None:
        try:
            done = one.write(engine, principal, choices, job.step)
        except Unfinished:
            call.desk.workstation.finish_when_there_is_room(principal.operator)
            raise
        except BaseException:
            if one.stayed and one.stayed.refused_count:
                job.result, job.aside = one.stayed.public(), f"已写入的撤回了，{one.stayed.stayed()}"
            elif one.stayed and one.stayed.cancelled and engine.definition(module).module.document:
                job.aside = f"已写入的 {one.stayed.cancelled:,} 张都作废了"
            raise
        job.result = vars(done)
        if engine.definition(module).module.document:
            job.message = f"新增 {done.added:,} 张{_MADE[done.state]}，{done.left_words()}"
            return
        job.message = f"新增 {done.added:,} 条，更新 {done.changed:,} 条，{done.left_words()}"

    job = Job("import", f"导入{imported_as(engine.definition(module))}", owner=principal.operator)
    return call.desk.workstation.jobs.start(job, work).public()


@routes.add("GET", f"{_ONE}/undo", "What taking an import back would do", shapes.UndoneAnswer, errors=(400, 403, 404))
def preview_undo(call: Call, module: str, id: str) -> dict[str, Any]:
    return _taking_back(call, module, id).preview().public()


def _taking_back(call: Call, module: str, id: str) -> Undo:
    return documents.undo_of(call.engine, call.principal, call.engine.definition(module), id)


@routes.add("POST", f"{_ONE}/undo", "Take an import back, as a job; what was changed since stays and is named",
            shapes.JobAnswer, errors=(400, 403, 404))  # fmt: skip
def undo(call: Call, module: str, id: str) -> dict[str, Any]:
    definition = call.engine.definition(module)
    taking_back = _taking_back(call, module, id)
    taking_back.refuse()

    def work(job: Job) -> None:
        try:
            undone = taking_back.run(job.show)
        except Unfinished:
            call.desk.workstation.finish_when_there_is_room(call.principal.operator)
            raise
        job.result = undone.public()
        if definition.module.document:
            drafts = f"，删除草稿 {undone.drafts:,} 张" if undone.drafts else ""
            cancelled = undone.deleted - undone.drafts
            job.message = f"作废 {cancelled:,} 张{drafts}，{undone.refused_count:,} 张没有动"
            return
        job.message = f"删除 {undone.deleted:,} 条，恢复 {undone.restored:,} 条，{undone.refused_count:,} 条没有动"

    job = Job("import-undo", f"撤销导入{imported_as(definition)}", owner=call.principal.operator, stops=False)
    return call.desk.workstation.jobs.start(job, work).public()


def _upload(call: Call, module: str, id: str) -> Upload:
    demand(call.principal, "import", call.engine.definition(module))
    return call.desk.workstation.uploads.get(id, module, call.principal.operator)
