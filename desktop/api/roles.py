"""The editor of roles, and what an operator may do in all."""

from typing import Any

from .. import rights
from . import shapes
from .http import Call, Routes

routes = Routes()


@routes.add("GET", "/api/roles", "All roles with their rights, and what can be given", shapes.AnyObject, errors=(403,))
def roles(call: Call) -> dict[str, Any]:
    return rights.editor(call.engine, call.principal)


@routes.add("POST", "/api/roles", "Create a role with its rights", shapes.AnyObject, body=shapes.RoleBody, status=201,
            errors=(403, 422, 507))  # fmt: skip
def create(call: Call) -> dict[str, Any]:
    return rights.save_role(call.engine, call.principal, None, _wanted(call), call.idempotent)


@routes.add("PATCH", "/api/roles/<id>", "Change a role: what is not named stays", shapes.AnyObject,
            body=shapes.RoleBody, errors=(403, 404, 422, 507))  # fmt: skip
def change(call: Call, id: str) -> dict[str, Any]:
    return rights.save_role(call.engine, call.principal, id, _wanted(call), call.idempotent)


def _wanted(call: Call) -> rights.Wanted:
    asked: shapes.RoleBody = call.body
    return rights.Wanted(asked.values, asked.boxes, asked.scopes, asked.specials)


@routes.add("GET", "/api/operators/<id>/rights", "What an operator may do, and from which role", shapes.AnyObject,
            errors=(403, 404))  # fmt: skip
def summary(call: Call, id: str) -> dict[str, Any]:
    return rights.summary(call.engine, call.principal, id)
