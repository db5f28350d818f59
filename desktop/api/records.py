"""The same calls for every module: list, create, read, change, delete, restore, history, related, find."""

from dataclasses import replace
from typing import Any

from flask import Response

from ..accounts import operator_names
from ..engine import adjusting, attachments, elsewhere, history, lists, records, removal, search, trails
from ..engine import query as q
from ..errors import NotFound
from . import shapes
from .http import Call, Routes, json_response

routes = Routes()
_RECORDS = "/api/records/<module>"
_RECORD = f"{_RECORDS}/<id>"


@routes.add("GET", _RECORDS, "A page of a list", shapes.PageAnswer, query=shapes.ListQuery, errors=(403, 404, 422))
def page(call: Call, module: str) -> dict[str, Any]:
    return lists.page(call.engine, call.principal, module, call.query.query(), call.query.wanted())


@routes.add(
    "POST",
    _RECORDS,
    "Create a record",
    shapes.RecordAnswer,
    query=shapes.Confirmed,
    body=shapes.Values,
    status=201,
    errors=(403, 404, 409, 422, 507),
)
def create(call: Call, module: str) -> Any:
    saved, _ = records.save(
        call.engine,
        call.principal,
        module,
        call.body.given(),
        idempotent=call.idempotent,
        confirmed=call.query.names(),
    )
    return _with_version(saved, 201)


@routes.add("GET", _RECORD, "One record", shapes.RecordAnswer, errors=(403, 404))
def read(call: Call, module: str, id: str) -> Any:
    return _with_version(records.get(call.engine, call.principal, module, id), 200)


@routes.add("PATCH", _RECORD, "Change a record; If-Match names the version it came from, else the newest is changed",
            shapes.RecordAnswer, query=shapes.Confirmed,
            body=shapes.Values, errors=(403, 404, 409, 422, 507))  # fmt: skip
def change(call: Call, module: str, id: str) -> Any:
    saved, _ = records.save(
        call.engine,
        call.principal,
        module,
        call.body.given(),
        id=id,
        rev=call.rev,
        idempotent=call.idempotent,
        confirmed=call.query.names(),
    )
    return _with_version(saved, 200)


def _with_version(saved: dict[str, Any], status: int) -> Response:
    response = json_response(saved, status)
    response.headers["ETag"] = f'"{saved["row"]["rev"]}"'
    return response


@routes.add("DELETE", _RECORD, "Delete a record with what goes along", shapes.DeleteAnswer, errors=(403, 404, 409))
def delete_one(call: Call, module: str, id: str) -> dict[str, Any]:
    return removal.delete(call.engine, call.principal, module, [id], call.idempotent)


@routes.add("POST", f"{_RECORDS}/delete", "Delete several records, or say what would go along", shapes.DeleteAnswer,
            body=shapes.DeleteMany, errors=(403, 404, 409, 422))  # fmt: skip
def delete_many(call: Call, module: str) -> dict[str, Any]:
    asked: shapes.DeleteMany = call.body
    ids, left_out = _meant(call, module, asked)
    if asked.preview:
        answer = removal.preview(call.engine, call.principal, module, ids)
    else:
        answer = removal.delete(call.engine, call.principal, module, ids, call.idempotent)
    return answer | left_out


def _meant(call: Call, module: str, asked: shapes.Many) -> tuple[list[str], dict[str, int]]:
    """The records of a request by id, or all of its query but some; and how many fixed ones the query left out."""
    if asked.query is None:
        return asked.ids or [], {}
    ids, count = lists.ids_of(call.engine, call.principal, module, asked.query.query(), frozenset(asked.except_))
    return ids, {"left_out": count}


@routes.add(
    "POST",
    f"{_RECORDS}/restore",
    "Bring deleted records back",
    shapes.IdsAnswer,
    body=shapes.RestoreMany,
    errors=(403, 404, 422),
)
def restore(call: Call, module: str) -> dict[str, Any]:
    return {"restored": removal.restore(call.engine, call.principal, module, call.body.ids, call.idempotent)}


@routes.add("POST", f"{_RECORDS}/change", "Set the same values on several records", shapes.IdsAnswer,
            body=shapes.ChangeMany, errors=(403, 404, 422))  # fmt: skip
def change_many(call: Call, module: str) -> dict[str, Any]:
    ids, left_out = _meant(call, module, call.body)
    return {
        "changed": records.change(call.engine, call.principal, module, ids, call.body.set, call.idempotent)
    } | left_out


@routes.add("POST", f"{_RECORDS}/adjust", "Work out a price of several records from another, or say what comes of it",
            shapes.AnyObject, body=shapes.AdjustMany, errors=(400, 403, 404, 422))  # fmt: skip
def adjust_many(call: Call, module: str) -> dict[str, Any]:
    asked: shapes.AdjustMany = call.body
    ids, left_out = _meant(call, module, asked)
    formula = adjusting.Formula(asked.target, asked.source, asked.rate, asked.amount, asked.step)
    if asked.preview:
        return adjusting.preview(call.engine, call.principal, module, ids, formula) | left_out
    done = adjusting.adjust(call.engine, call.principal, module, ids, formula, asked.digest, call.idempotent)
    return done | left_out


@routes.add("POST", f"{_RECORDS}/adjust/undo", "Give prices that were worked out their old values", shapes.AnyObject,
            body=shapes.UndoBatch, errors=(403, 404, 422))  # fmt: skip
def undo_adjust(call: Call, module: str) -> dict[str, Any]:
    return adjusting.undo(call.engine, call.principal, module, call.body.batch)


@routes.add("POST", f"{_RECORDS}/similar", "Records that may be the same as what is being typed", shapes.SimilarList,
            body=shapes.SimilarTo, errors=(403, 404, 422))  # fmt: skip
def similar(call: Call, module: str) -> list[dict[str, Any]]:
    asked = call.engine, call.principal, module, call.body.values, call.body.id
    return [*search.similar(*asked), *elsewhere.kept_elsewhere(*asked)]


@routes.add("GET", f"{_RECORD}/place", "Where a record stands in a list, from 0", shapes.AnyObject,
            query=shapes.ListQuery, errors=(403, 404, 422))  # fmt: skip
def place(call: Call, module: str, id: str) -> dict[str, int | None]:
    return {"place": lists.place_of(call.engine, call.principal, module, call.query.query(), id)}


@routes.add(
    "GET",
    f"{_RECORD}/history",
    "Who changed what, when, on which machine",
    shapes.HistoryAnswer,
    errors=(403, 404),
)
def record_history(call: Call, module: str, id: str) -> dict[str, Any]:
    return history.of_record(call.engine, call.principal, module, id, operator_names(call.engine))


@routes.add("GET", f"{_RECORD}/related", "How many rows each related tab has", shapes.AnyObject, errors=(403, 404))
def related_counts(call: Call, module: str, id: str) -> dict[str, int]:
    records.get(call.engine, call.principal, module, id)
    counts: dict[str, int] = {}
    for tab in call.engine.definition(module).module.related:
        if call.principal.may("view", tab.module):
            found = _related(call, module, id, f"{tab.module}-{tab.field}", q.Query(limit=0), frozenset(("total",)))
            counts[f"{tab.module}-{tab.field}"] = found["total"]
    return counts | attachments.counts(call.engine, call.principal, module, id)


@routes.add(
    "GET",
    f"{_RECORD}/related/<tab>",
    "Rows of a related tab",
    shapes.PageAnswer,
    query=shapes.ListQuery,
    errors=(403, 404, 422),
)
def related(call: Call, module: str, id: str, tab: str) -> dict[str, Any]:
    records.get(call.engine, call.principal, module, id)
    return _related(call, module, id, tab, call.query.query(), call.query.wanted())


def _related(call: Call, module: str, id: str, tab: str, query: q.Query, want: frozenset[str]) -> dict[str, Any]:
    for one in call.engine.definition(module).module.related:
        if f"{one.module}-{one.field}" == tab:
            fixed = {one.field: id, **dict(one.preset)}
            return lists.page(call.engine, call.principal, one.module, replace(query, fixed=fixed), want)
    raise NotFound("没有这个相关页")


@routes.add("GET", f"{_RECORD}/trail/<name>", "Lines of several lists about a record, the newest first",
            shapes.TrailAnswer, query=shapes.TrailQuery, errors=(403, 404, 422))  # fmt: skip
def trail(call: Call, module: str, id: str, name: str) -> dict[str, Any]:
    asked: shapes.TrailQuery = call.query
    return trails.trail_of(call.engine, call.principal, module, id, name, asked.limit, asked.after)


@routes.add(
    "GET",
    "/api/lookup/<module>",
    "Candidates for a reference",
    shapes.LookupAnswer,
    query=shapes.LookupQuery,
    errors=(403, 404, 422),
)
def lookup(call: Call, module: str) -> dict[str, Any]:
    asked: shapes.LookupQuery = call.query
    ids = [id for id in asked.ids.split(",") if id][:500]
    return search.lookup(
        call.engine,
        call.principal,
        module,
        text=asked.q,
        where=asked.conditions(),
        ids=ids,
        limit=asked.limit,
        of=asked.for_,
    )


@routes.add(
    "GET", "/api/tree/<module>", "All nodes of a tree", shapes.NodeList, query=shapes.TreeQuery, errors=(403, 404)
)
def tree(call: Call, module: str) -> list[dict[str, Any]]:
    return search.tree(call.engine, call.principal, module, call.query.count)


@routes.add(
    "GET",
    "/api/search",
    "Search all modules: Chinese text or pinyin initials",
    shapes.SearchAnswer,
    query=shapes.SearchQuery,
)
def everywhere(call: Call) -> dict[str, Any]:
    return {"groups": search.everywhere(call.engine, call.principal, call.query.q)}
