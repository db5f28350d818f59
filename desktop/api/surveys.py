"""What there is of everything: looking at it, printing it, taking it along as a spreadsheet."""

from pathlib import Path
from typing import Any

from ..accounts import company_name
from ..engine.access import demand
from ..engine.documents import surveys
from ..engine.paper import Sheet
from ..jobs import Job
from . import shapes
from .desk import into_file, into_pdf, printed_at
from .http import Call, Routes

routes = Routes()
_SURVEY = "/api/surveys/<balance>"


def _wanted(asked: shapes.SurveyQuery) -> surveys.Wanted:
    return surveys.Wanted(asked.on, asked.by == "part", asked.condition, asked.words.strip())


@routes.add("GET", _SURVEY, "What there is of every record of a module", shapes.AnyObject,
            query=shapes.SurveyQuery, errors=(400, 403, 404))  # fmt: skip
def look(call: Call, balance: str) -> dict[str, Any]:
    return surveys.survey_of(call.engine, call.principal, balance, _wanted(call.query))


@routes.add("POST", f"{_SURVEY}/print", "Print it to a PDF to look at, as a job", shapes.JobAnswer,
            body=shapes.SurveyQuery, errors=(400, 403, 404, 422))  # fmt: skip
def start_print(call: Call, balance: str) -> dict[str, Any]:
    engine, principal, wanted = call.engine, call.principal, _wanted(call.body)
    label = surveys.declared(engine, balance).label
    demand(principal, "print", engine.definition(balance))
    title = f"{label}（{wanted.on}）" if wanted.on else label
    sheet = Sheet(title, landscape=True, company=company_name(engine), printed=printed_at(call))

    def work(target: Path, job: Job) -> tuple[int, int]:
        return surveys.print_survey(engine, principal, balance, wanted, sheet, target, lambda n: job.step(n, n))

    return into_pdf(call, label, f"{label}.pdf", work)


@routes.add("POST", f"{_SURVEY}/export", "Write it to a spreadsheet, as a job", shapes.JobAnswer,
            body=shapes.SurveyQuery, errors=(400, 403, 404, 422))  # fmt: skip
def start_export(call: Call, balance: str) -> dict[str, Any]:
    engine, principal, wanted = call.engine, call.principal, _wanted(call.body)
    label = surveys.declared(engine, balance).label
    demand(principal, "export", engine.definition(balance))

    def work(job: Job, target: Path) -> None:
        job.message = f"已导出 {surveys.export(engine, principal, balance, wanted, target):,} 行"

    return into_file(call, "export", f"导出{label}", f"{label}.xlsx", work)
