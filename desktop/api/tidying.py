"""Putting data in order: the recycle bin, and merging records that are one."""

from typing import Any

from ..accounts import operator_names
from ..engine import amiss, duplicates, merging, recycle, removal
from . import shapes
from .http import Call, Routes

routes = Routes()

# ------------------------------------------------------------------ recycle bin


@routes.add("GET", "/api/bin", "What was deleted in all modules, the newest first", shapes.AnyObject,
            query=shapes.BinQuery, errors=(403, 422))  # fmt: skip
def deleted(call: Call) -> dict[str, Any]:
    asked: shapes.BinQuery = call.query
    wanted = recycle.Wanted(asked.module, asked.q, asked.start, asked.end, asked.after, asked.limit)
    return recycle.page(call.engine, call.principal, wanted, operator_names(call.engine))


@routes.add("GET", "/api/bin/<module>/<id>", "A deleted record, and what would come back with it", shapes.AnyObject,
            errors=(403, 404))  # fmt: skip
def deleted_one(call: Call, module: str, id: str) -> dict[str, Any]:
    return recycle.preview(call.engine, call.principal, module, id)


@routes.add("POST", "/api/bin/restore", "Bring back records of several modules", shapes.AnyObject,
            body=shapes.BinRestore, errors=(403, 404, 422))  # fmt: skip
def restore(call: Call) -> dict[str, Any]:
    asked: shapes.BinRestore = call.body
    picks: dict[str, list[str]] = {}
    for one in asked.records:
        picks.setdefault(one.module, []).append(one.id)
    found = removal.restore_many(call.engine, call.principal, picks, call.idempotent, with_parents=asked.with_parents)
    return {"restored": found}


# ------------------------------------------------------------------------ flaws


@routes.add("GET", "/api/flaws", "What stands in the lists and nobody could have saved", shapes.AnyObject,
            query=shapes.FlawQuery, errors=(422,))  # fmt: skip
def what_is_amiss(call: Call) -> dict[str, Any]:
    return amiss.listed(call.engine, call.principal, call.query.limit)


@routes.add("GET", "/api/flaws/count", "How much of it there is", shapes.CountAnswer)
def how_much_is_amiss(call: Call) -> dict[str, Any]:
    return {"total": amiss.count(call.engine, call.principal)}


# ------------------------------------------------------------------- duplicates


@routes.add("GET", "/api/duplicates", "Modules whose records this person may merge", shapes.AnyObject)
def duplicate_modules(call: Call) -> dict[str, Any]:
    found = merging.modules(call.engine, call.principal)
    return {"modules": [{"name": one.name, "label": one.module.label, "noun": one.module.noun} for one in found]}


@routes.add("GET", "/api/duplicates/<module>", "Records that may be the same, the surest first", shapes.AnyObject,
            query=shapes.DuplicatesQuery, errors=(403, 404))  # fmt: skip
def candidates(call: Call, module: str) -> dict[str, Any]:
    asked: shapes.DuplicatesQuery = call.query
    return duplicates.groups(call.engine, call.principal, module, asked.kind, asked.offset, asked.limit)


@routes.add("POST", "/api/duplicates/<module>/dismiss", "These are different ones; `again` takes that back",
            shapes.OkAnswer, body=shapes.Dismissal, errors=(400, 403, 404))  # fmt: skip
def dismiss(call: Call, module: str) -> dict[str, Any]:
    pairs = duplicates.dismiss(call.engine, call.principal, module, call.body.ids, again=call.body.again)
    return {"ok": True, "pairs": pairs}


@routes.add("GET", "/api/duplicates/<module>/dismissed", "Pairs that were told apart", shapes.AnyObject,
            query=shapes.OffsetQuery, errors=(403, 404))  # fmt: skip
def dismissed(call: Call, module: str) -> dict[str, Any]:
    return duplicates.told_apart(call.engine, call.principal, module, call.query.offset, call.query.limit)


# ---------------------------------------------------------------------- merging


@routes.add("POST", "/api/merge/<module>/compare", "Records side by side", shapes.AnyObject, body=shapes.Compared,
            errors=(400, 403, 404))  # fmt: skip
def compare(call: Call, module: str) -> dict[str, Any]:
    return merging.compare(call.engine, call.principal, module, call.body.ids)


@routes.add("POST", "/api/merge/<module>", "Merge records into one of them", shapes.AnyObject, body=shapes.MergeBody,
            errors=(400, 403, 404, 422))  # fmt: skip
def merge(call: Call, module: str) -> dict[str, Any]:
    asked: shapes.MergeBody = call.body
    return merging.merge(call.engine, call.principal, module, asked.winner, asked.losers, asked.take, call.idempotent)


@routes.add("POST", "/api/merge/<module>/undo", "Let merged records stand for themselves again", shapes.IdsAnswer,
            body=shapes.Compared, errors=(400, 403, 404))  # fmt: skip
def unmerge(call: Call, module: str) -> dict[str, Any]:
    return {"unmerged": merging.unmerge(call.engine, call.principal, module, call.body.ids, call.idempotent)}


@routes.add("GET", "/api/merge/<module>/<id>/parting", "What comes of splitting a merged record off", shapes.AnyObject,
            errors=(403, 404))  # fmt: skip
def parting(call: Call, module: str, id: str) -> dict[str, Any]:
    return merging.parting(call.engine, call.principal, module, id)


@routes.add("GET", "/api/merge/<module>", "What is merged now, the newest first", shapes.AnyObject,
            query=shapes.OffsetQuery, errors=(403, 404))  # fmt: skip
def merged(call: Call, module: str) -> dict[str, Any]:
    names = operator_names(call.engine)
    return merging.merged(call.engine, call.principal, module, names, call.query.offset, call.query.limit)
