"""Statements of account: looking at one, printing it, taking it along as a spreadsheet."""

import re
from pathlib import Path
from typing import Any

from ..engine.access import demand
from ..engine.documents import statements
from ..jobs import Job
from . import shapes
from .desk import into_file, into_pdf, printed_at
from .http import Call, Routes

routes = Routes()
_STATEMENT = "/api/statements/<entries>/<party>/<id>"


def _span(asked: shapes.StatementQuery) -> statements.Span:
    return statements.Span(asked.since, asked.until)


def _name(found: str, ending: str) -> str:
    return re.sub(r"[^\w()（）-]", "", found)[:80] + ending


@routes.add("GET", _STATEMENT, "The statement of account of one party", shapes.AnyObject,
            query=shapes.StatementQuery, errors=(400, 403, 404))  # fmt: skip
def look(call: Call, entries: str, party: str, id: str) -> dict[str, Any]:
    return statements.statement_of(call.engine, call.principal, entries, party, id, _span(call.query))


@routes.add("POST", f"{_STATEMENT}/print", "Print a statement of account to a PDF to look at, as a job",
            shapes.JobAnswer, body=shapes.StatementQuery, errors=(400, 403, 404, 422))  # fmt: skip
def start_print(call: Call, entries: str, party: str, id: str) -> dict[str, Any]:
    engine, principal, span = call.engine, call.principal, _span(call.body)
    paper = statements.paper_of(engine, principal, entries, party, id, span, printed_at(call))

    def work(target: Path, job: Job) -> tuple[int, int]:
        return statements.write_paper(target, paper, lambda done: job.step(done, done))

    return into_pdf(call, paper.title, _name(f"{paper.title}_{paper.number}", ".pdf"), work)


@routes.add("POST", f"{_STATEMENT}/export", "Write a statement of account to a spreadsheet, as a job",
            shapes.JobAnswer, body=shapes.StatementQuery, errors=(400, 403, 404, 422))  # fmt: skip
def start_export(call: Call, entries: str, party: str, id: str) -> dict[str, Any]:
    demand(call.principal, "export", call.engine.definition(entries))
    found = statements.statement_of(call.engine, call.principal, entries, party, id, _span(call.body))

    def work(job: Job, target: Path) -> None:
        job.message = f"已导出 {statements.export(target, found):,} 笔"

    return into_file(
        call, "export", f"导出{found['label']}", _name(f"{found['label']}_{found['title']}", ".xlsx"), work
    )
