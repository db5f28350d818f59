"""What belongs to the desk rather than to records: layouts, saved filters, jobs, export, backup, check, help."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Response

from ..accounts import company_name, operator_names
from ..engine import flaws, lists, records, removal
from ..engine import query as q
from ..engine.access import demand
from ..engine.export import export
from ..engine.fields.moment import ZONE
from ..engine.imports import running
from ..engine.paper import Sheet
from ..engine.printing import Wanted, print_list
from ..engine.printing import check as check_print
from ..errors import BadRequest, Forbidden, NotFound, TooLarge
from ..jobs import Job
from ..shell.host import Download
from . import help as manual
from . import shapes
from .http import Call, Routes, json_response

routes = Routes()
STATE_BYTES_MAX = 2_000_000
"""Room for what is typed into the longest document and not saved yet."""
_BLOCK_BYTES = 1 << 16

# ---------------------------------------------------------------- local state


@routes.add("GET", "/api/state/<key>", "Something this operator's screens keep", shapes.StateAnswer)
def get_state(call: Call, key: str) -> dict[str, Any]:
    return {"value": _state(call, key)}


@routes.add(
    "PUT",
    "/api/state/<key>",
    "Keep something for this operator's screens",
    shapes.OkAnswer,
    body=shapes.StateBody,
    errors=(413,),
)
def put_state(call: Call, key: str) -> dict[str, Any]:
    _keep(call, key, call.body.value)
    return {"ok": True}


@routes.add("DELETE", "/api/state/<key>", "Forget it", shapes.OkAnswer)
def delete_state(call: Call, key: str) -> dict[str, Any]:
    operator = call.principal.operator
    with call.engine.db.write() as db:
        db.execute("DELETE FROM ui_state WHERE operator = ? AND key = ?", (operator, key[:200]))
    return {"ok": True}


def _state(call: Call, key: str) -> Any:
    operator = call.principal.operator
    with call.engine.db.read() as db:
        row = db.execute("SELECT value FROM ui_state WHERE operator = ? AND key = ?", (operator, key[:200])).fetchone()
    return json.loads(row[0]) if row else None


def _keep(call: Call, key: str, value: Any) -> None:
    operator = call.principal.operator
    text = json.dumps(value, ensure_ascii=False)
    if len(text) > STATE_BYTES_MAX or len(key) > 200:
        raise TooLarge
    with call.engine.db.write() as db:
        db.execute(
            "INSERT OR REPLACE INTO ui_state VALUES (?, ?, ?, strftime('%Y-%m-%dT%H:%M:%fZ'))",
            (operator, key, text),
        )


@routes.add("GET", "/api/layout/<module>", "Columns, widths and order of a list", shapes.AnyObject, errors=(404,))
def get_layout(call: Call, module: str) -> dict[str, Any]:
    call.engine.definition(module)
    return _state(call, f"layout:{module}") or {}


@routes.add(
    "PUT",
    "/api/layout/<module>",
    "Remember the layout of a list",
    shapes.OkAnswer,
    body=shapes.Values,
    errors=(404,),
)
def put_layout(call: Call, module: str) -> dict[str, Any]:
    call.engine.definition(module)
    _keep(call, f"layout:{module}", call.body.given())
    return {"ok": True}


@routes.add("GET", "/api/filters/<module>", "Saved filters of a list", shapes.FilterList, errors=(404,))
def get_filters(call: Call, module: str) -> list[dict[str, Any]]:
    call.engine.definition(module)
    query = q.Query(fixed={"module": module}, limit=q.ROWS_MAX)
    found = lists.page(call.engine, _own(call), "saved_filter", query)["rows"]
    return [{"id": row["id"], "name": row["name"], "view": json.loads(row["view"])} for row in found]


@routes.add(
    "POST",
    "/api/filters/<module>",
    "Save a filter by name",
    shapes.AnyObject,
    body=shapes.FilterBody,
    status=201,
    errors=(404, 422),
)
def post_filter(call: Call, module: str) -> dict[str, Any]:
    call.engine.definition(module)
    view = json.dumps(call.body.view, ensure_ascii=False)
    same = [one for one in get_filters(call, module) if one["name"] == call.body.name.strip()]
    values = {"name": call.body.name, "module": module, "view": view}
    saved, _ = records.save(
        call.engine,
        _own(call),
        "saved_filter",
        values,
        id=same[0]["id"] if same else None,
        idempotent=call.idempotent,
    )
    return {"id": saved["row"]["id"], "name": saved["row"]["name"], "view": call.body.view}


@routes.add("DELETE", "/api/filters/<module>/<id>", "Delete a saved filter", shapes.DeleteAnswer, errors=(404,))
def delete_filter(call: Call, module: str, id: str) -> dict[str, Any]:
    return removal.delete(call.engine, _own(call), "saved_filter", [id])


def _own(call: Call) -> Any:
    """Everybody may keep filters of their own, whatever the role says."""
    every = frozenset(("view", "add", "edit", "delete"))
    return replace(call.principal, rights={**call.principal.rights, "saved_filter": every})


# ----------------------------------------------------------------------- jobs


@routes.add("GET", "/api/jobs", "This operator's jobs", shapes.JobList)
def all_jobs(call: Call) -> list[dict[str, Any]]:
    return [job.public() for job in call.desk.workstation.jobs.all(call.principal.operator)]


@routes.add("GET", "/api/jobs/<id>", "One job", shapes.JobAnswer, errors=(404,))
def one_job(call: Call, id: str) -> dict[str, Any]:
    return call.desk.workstation.jobs.get(id, call.principal.operator).public()


@routes.add("DELETE", "/api/jobs/<id>", "Cancel a job", shapes.JobAnswer, errors=(400, 404))
def cancel_job(call: Call, id: str) -> dict[str, Any]:
    job = call.desk.workstation.jobs.get(id, call.principal.operator)
    if not job.stops:
        raise BadRequest(f"{job.label}不能中途停止，请等它完成")
    job.cancel()
    return job.public()


@routes.add("POST", "/api/jobs/forget", "Take ended jobs off the list; what still runs stays", shapes.OkAnswer,
            body=shapes.ForgetBody)  # fmt: skip
def forget_jobs(call: Call) -> dict[str, Any]:
    call.desk.workstation.jobs.forget(call.body.ids, call.principal.operator)
    return {"ok": True}


@routes.add("GET", "/api/jobs/<id>/file", "The file a job made", None, media="application/octet-stream", errors=(404,))
def job_file(call: Call, id: str) -> Response:
    job = call.desk.workstation.jobs.get(id, call.principal.operator)
    file = job.to_fetch()
    response = Response(_sent(job, file), mimetype="application/octet-stream")
    response.content_length = file.stat().st_size
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"
    return response


@routes.add("GET", "/api/jobs/<id>/view", "A printed list to look at; it stays until it is dropped", None,
            media="application/pdf", errors=(404,))  # fmt: skip
def job_view(call: Call, id: str) -> Response:
    file = _printed(call, id).to_fetch()
    response = Response(_blocks(file), mimetype="application/pdf")
    response.content_length = file.stat().st_size
    response.headers["Content-Disposition"] = f"inline; filename*=UTF-8''{quote(file.name, safe='')}"
    return response


@routes.add("POST", "/api/jobs/<id>/save", "Save a printed list as a file of the user's", shapes.SavedAnswer,
            errors=(404, 422, 507))  # fmt: skip
def save_printed(call: Call, id: str) -> dict[str, Any]:
    job = _printed(call, id)
    file = job.to_fetch()
    answer = call.desk.host.save_dialog(file.name)
    if answer is None:
        return {"cancelled": True}
    if isinstance(answer, Download):
        job.taken()
        return {"download": file.name}
    target = with_ending(answer, file.suffix)
    job.save_as(target)
    job.taken()
    return {"path": str(target)}


@routes.add("POST", "/api/jobs/<id>/print", "Put a printed list on paper: the window does it, or leaves it to the page",
            shapes.PrintedAnswer, errors=(404,))  # fmt: skip
def put_on_paper(call: Call, id: str) -> dict[str, str]:
    job = _printed(call, id)
    by = "window" if call.desk.host.print_file(job.to_fetch()) else "page"
    job.taken()
    return {"by": by}


@routes.add("DELETE", "/api/jobs/<id>/file", "Drop a printed list", shapes.OkAnswer, errors=(404,))
def drop_printed(call: Call, id: str) -> dict[str, Any]:
    job = _printed(call, id)
    job.cancel()
    if job.state != "running":
        job.sent()
    return {"ok": True}


def _printed(call: Call, id: str) -> Job:
    job = call.desk.workstation.jobs.get(id, call.principal.operator)
    if job.kind != "print":
        raise NotFound("这项任务没有可看的文件")
    return job


def _sent(job: Job, path: Path) -> Iterator[bytes]:
    """The file, and its end once all of it was sent; a fetch that broke off may be tried again."""
    yield from _blocks(path)
    job.sent()


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            yield block


def with_ending(chosen: Path, ending: str) -> Path:
    """The chosen name with its ending, which people leave out; 客户名单 v1.2 has none. Nobody was asked about the
    longer name, so it must not overwrite anything."""
    if chosen.suffix.lower() == ending:
        return chosen
    names = (f"{chosen.name}{number}{ending}" for number in ("", *(f" ({n})" for n in range(2, 1_000))))
    return next(path for path in map(chosen.with_name, names) if not path.exists())


def into_file(call: Call, kind: str, label: str, name: str, work: Any) -> dict[str, Any]:
    """Starts a job that writes a file; `work(job, target)` does it."""
    answer = call.desk.host.save_dialog(name)
    if answer is None:
        return {"cancelled": True}
    jobs, job = call.desk.workstation.jobs, Job(kind, label, owner=call.principal.operator)
    is_download = isinstance(answer, Download)
    target = jobs.file_to_fetch(job, name) if isinstance(answer, Download) else with_ending(answer, Path(name).suffix)

    def run(running: Job) -> None:
        work(running, target)
        running.path = None if is_download else str(target)

    return jobs.start(job, run).public()


@routes.add(
    "POST",
    "/api/export/<module>",
    "Write a list to a file, as a job",
    shapes.JobAnswer,
    body=shapes.ExportBody,
    errors=(403, 404, 422),
)
def start_export(call: Call, module: str) -> dict[str, Any]:
    definition = call.engine.definition(module)
    demand(call.principal, "export", definition)
    asked: shapes.ExportBody = call.body
    for name in asked.columns:
        q.visible_field(definition, call.principal, name, "columns")
    query = checked_query(call, module, asked)

    def work(job: Job, target: Path) -> None:
        principal, engine = call.principal, call.engine
        count = export(engine, principal, module, query, asked.columns, asked.format, target, job.step)
        job.message = f"已导出 {count:,} 条"

    name = f"{definition.module.label}_{_stamp()}.{asked.format}"
    return into_file(call, "export", f"导出{definition.module.label}", name, work)


def checked_query(call: Call, module: str, asked: shapes.ExportBody | shapes.PrintBody | shapes.LabelsBody) -> q.Query:
    """The query; what is wrong with it is said now, not by the job."""
    query, definition = asked.query.query(), call.engine.definition(module)
    if asked.ids is not None:
        query = replace(query, ids=tuple(asked.ids))
    q.select(call.engine.registry, definition, call.principal, query)
    if query.flaw:
        flaws.named(definition, call.principal, query.flaw)
    q.sort_keys(call.engine.registry, definition, call.principal, query.sort)
    return query


@routes.add("POST", "/api/print/<module>", "Print a list to a PDF to look at, as a job", shapes.JobAnswer,
            body=shapes.PrintBody, errors=(403, 404, 422))  # fmt: skip
def start_print(call: Call, module: str) -> dict[str, Any]:
    definition = call.engine.definition(module)
    asked: shapes.PrintBody = call.body
    wanted = Wanted(tuple((column.name, column.width) for column in asked.columns), asked.first, asked.last)
    check_print(definition, call.principal, wanted)
    query = checked_query(call, module, asked)
    sheet = _sheet(call, asked, definition.module.label)

    def work(target: Path, job: Job) -> tuple[int, int]:
        return print_list(call.engine, call.principal, module, query, wanted, sheet, target, job.step)

    return into_pdf(call, definition.module.label, f"{definition.module.label}_{_stamp()}.pdf", work)


def into_pdf(
    call: Call, what: str, name: str, work: Callable[[Path, Job], tuple[int, int]],
    taken: Callable[[], None] = lambda: None, note: str = "",
) -> dict[str, Any]:  # fmt: skip
    """Starts a job that makes a PDF to look at; `work(target, job)` does it and returns (rows, pages). `note` is what
    whoever looks at it should know."""
    jobs = call.desk.workstation.jobs
    job = Job("print", f"打印{what}", owner=call.principal.operator, taken=taken)
    target = jobs.file_to_fetch(job, name)

    def run(running: Job) -> None:
        rows, pages = work(target, running)
        running.result = {"rows": rows, "pages": pages, "note": note}
        running.message = f"{pages:,} 页，{rows:,} 条"

    return jobs.start(job, run).public()


def printed_at(call: Call) -> str:
    """When and by whom something is printed."""
    by = operator_names(call.engine).get(call.principal.operator, "")
    return "　".join(filter(None, ("打印", datetime.now(ZONE).strftime("%Y-%m-%d %H:%M"), by)))


def _sheet(call: Call, asked: shapes.PrintBody, label: str) -> Sheet:
    by = operator_names(call.engine).get(call.principal.operator, "") if "operator" in asked.marks else ""
    at = datetime.now(ZONE).strftime("%Y-%m-%d %H:%M") if "date" in asked.marks else ""
    return Sheet(
        title=asked.title.strip() or label,
        landscape=asked.landscape,
        fit=asked.fit,
        company=company_name(call.engine) if "company" in asked.marks else "",
        printed="　".join(("打印", *filter(None, (at, by)))) if at or by else "",
        pages="page" in asked.marks,
    )


def _stamp() -> str:
    return datetime.now(ZONE).strftime("%Y%m%d_%H%M")


@routes.add("POST", "/api/backup", "Back up to a file, as a job", shapes.JobAnswer, errors=(403,))
def start_backup(call: Call) -> dict[str, Any]:
    if not call.principal.has("settings"):
        raise Forbidden("没有备份的权限，可请管理员来做")
    company = re.sub(r"[^\w]", "", company_name(call.engine))[:30]

    def work(job: Job, target: Path) -> None:
        from .. import maintenance

        job.message = "等正在进行的导入写完…"
        with running.alone(call.engine, job.step):  # none is half in it
            job.message = ""
            maintenance.backup(call.engine.db, target, job.step)
        job.message = f"已备份，{target.stat().st_size / 1_048_576:,.1f} MB，已打开检查过"

    return into_file(call, "backup", "数据备份", f"ECMS_{company}_{_stamp()}.bak", work)


@routes.add("POST", "/api/check", "Check the data, as a job", shapes.JobAnswer, errors=(403,))
def start_check(call: Call) -> dict[str, Any]:
    if not call.principal.has("settings"):
        raise Forbidden("没有数据检查的权限，可请管理员来做")
    job = Job("check", "数据检查", owner=call.principal.operator)

    def work(job: Job) -> None:
        from .. import maintenance

        findings = maintenance.check(call.engine, job.step)
        job.result = {"findings": [finding.public() for finding in findings]}
        problems = sum(finding.kind == "problem" for finding in findings)
        job.message = f"查到 {problems} 处问题" if problems else "数据完好"

    return call.desk.workstation.jobs.start(job, work).public()


# ----------------------------------------------------------------------- help


@routes.add("GET", "/api/help", "Pages of the manual", shapes.HelpList, public=True)
def help_pages(call: Call) -> list[dict[str, str]]:
    return manual.pages()


@routes.add("GET", "/api/help/<topic>", "One page of the manual", shapes.AnyObject, public=True, errors=(404,))
def help_page(call: Call, topic: str) -> dict[str, str]:
    return manual.page(topic)


# ---------------------------------------------------------------- description


@routes.add("GET", "/api/openapi.json", "This description", shapes.AnyObject)
def openapi(call: Call) -> Response:
    from .openapi import describe

    return json_response(describe(call.desk.routes))
