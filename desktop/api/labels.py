"""Labels: of the records of a list, and of what the lines of a document name."""

from typing import Any

from ..accounts import company_name
from ..engine import labels
from . import shapes
from .desk import checked_query, into_pdf
from .http import Call, Routes

routes = Routes()
_LABELS = "/api/labels/<module>"


@routes.add("POST", _LABELS, "Print labels of the records of a list to a PDF to look at, as a job", shapes.JobAnswer,
            body=shapes.LabelsBody, errors=(400, 403, 404, 422))  # fmt: skip
def of_list(call: Call, module: str) -> dict[str, Any]:
    query = checked_query(call, module, call.body)
    return _started(call, labels.of_records(call.engine, call.principal, module, query, _wanted(call)))


@routes.add("POST", f"{_LABELS}/<id>", "Print labels of what the lines of a document name, as a job", shapes.JobAnswer,
            body=shapes.LabelBody, errors=(400, 403, 404, 422))  # fmt: skip
def of_document(call: Call, module: str, id: str) -> dict[str, Any]:
    return _started(call, labels.of_document(call.engine, call.principal, module, id, _wanted(call)))


def _wanted(call: Call) -> labels.Wanted:
    asked: shapes.LabelBody = call.body
    company = company_name(call.engine, short=True) if asked.company else ""
    return labels.Wanted(asked.size, asked.on_sheets, asked.price, company, asked.copies)


def _started(call: Call, made: labels.Made) -> dict[str, Any]:
    what = made.labels.title
    return into_pdf(
        call, what, f"{what}.pdf",
        lambda target, job: made.write(target, lambda done: job.step(done, made.count)), note=made.note,
    )  # fmt: skip
