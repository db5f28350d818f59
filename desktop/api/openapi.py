"""/api/openapi.json, made from the same list of routes that serves requests."""

import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from .. import __version__
from . import shapes
from .http import OPERATOR_HEADER, Route

_ABOUT = (
    f"The local API of a workstation. A call may name in the header {OPERATOR_HEADER} whose page it comes from; "
    "when somebody else is signed in, it is answered with 409 other-operator."
)
_PROBLEM = {
    "type": "object",
    "required": ["type", "code", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "code": {"type": "string"},
        "title": {"type": "string"},
        "detail": {"type": "string"},
        "status": {"type": "integer"},
        "fields": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
_ALWAYS = (400, 401, 403, 404, 405, 409, 413, 415, 421, 422, 500, 503, 507)
"""Answers any call may give: the guard's, and those of a request that is malformed."""


def _served_elsewhere(*_: Any) -> None:
    raise AssertionError("the window answers this itself")


WINDOW = (
    Route("POST", "/api/desktop/quit", "End the program", _served_elsewhere, shapes.OkAnswer, public=True),
    Route("POST", "/api/desktop/dirty", "Say whether there is unsaved work, so that closing the window asks",
          _served_elsewhere, shapes.OkAnswer, body=shapes.UnsavedWork, public=True),
)  # fmt: skip
"""The window's own calls (desktop/shell/endpoints.py), which are only described here."""


def describe(routes: Sequence[Route]) -> dict[str, Any]:
    """The whole description: the calls in `routes` and the window's own."""
    routes = [*routes, *WINDOW]
    models = {model for route in routes for model in (route.body, route.answers, route.query) if model is not None}
    keys, top = models_json_schema(
        [(model, "validation") for model in sorted(models, key=lambda model: model.__name__)],
        ref_template="#/components/schemas/{model}",
    )
    schemas: dict[Any, Any] = {model: schema for (model, _), schema in keys.items()}
    paths: dict[str, Any] = {}
    for route in routes:
        path = re.sub(r"<(\w+)>", r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, schemas)
    components = {**top.get("$defs", {}), "Problem": _PROBLEM}
    return {
        "openapi": "3.1.0",
        "info": {"title": "ECMS", "version": __version__, "description": _ABOUT},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "ecms_session"},
                "page": {"type": "apiKey", "in": "header", "name": "X-ECMS-Token"},
            },
        },
        "security": [{"session": [], "page": []}],
    }


def _operation(route: Route, schemas: dict[type[BaseModel], Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.summary,
        "operationId": re.sub(r"\W+", "_", f"{route.method}_{route.path}").strip("_").lower(),
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_headers(route)],
        "responses": _responses(route, schemas),
    }
    if route.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schemas[route.body]}},
        }
    return operation


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"<(\w+)>", route.path)
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    properties = route.query.model_json_schema(by_alias=True)["properties"]
    return [{"name": name, "in": "query", "required": False, "schema": schema} for name, schema in properties.items()]


def _headers(route: Route) -> list[dict[str, Any]]:
    found = []
    if _takes_key(route):
        schema = {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[ -~]+$"}
        found.append({"name": "Idempotency-Key", "in": "header", "required": False, "schema": schema})
    if route.method == "PATCH":
        found.append(
            {
                "name": "If-Match",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "pattern": '^"[0-9]{1,15}"$'},
            }
        )
    return found


def _takes_key(route: Route) -> bool:
    """Whether a call sent twice with one key is done once. The other writes come to the same when done twice."""
    if route.path.startswith("/api/records"):
        return route.method in ("POST", "PATCH", "DELETE") and not route.path.endswith("/similar")
    return route.method == "POST" and route.path.startswith("/api/filters")


def _responses(route: Route, schemas: dict[type[BaseModel], Any]) -> dict[str, Any]:
    schema = schemas[route.answers] if route.answers is not None else {}
    answers: dict[str, Any] = {str(route.status): {"description": "OK", "content": {route.media: {"schema": schema}}}}
    problem = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for status in sorted({*_ALWAYS, *route.errors}):
        answers[str(status)] = {"description": "Problem", **problem}
    return answers
