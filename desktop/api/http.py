"""How an HTTP call becomes a function call: one list of routes that serves requests and describes itself.

A handler gets a `Call` and returns what is to be sent as JSON, or a Flask response. Errors are raised and rendered
once, in `desktop/app.py`. The same list makes /api/openapi.json, so the description cannot drift from the routes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson
from flask import Flask, Request, Response, request
from pydantic import BaseModel, ValidationError

from ..accounts import must_change_password, principal_of
from ..engine.access import Principal
from ..engine.engine import Engine
from ..engine.records import Idempotent
from ..errors import BadRequest, Invalid, MustChange, NotSignedIn, OtherOperator
from ..shell.host import DesktopHost
from ..workstation import Workstation

M = TypeVar("M", bound=BaseModel)
KEY_LENGTH_MAX = 128
_LEVELS_OF_ANSWERS = 150
OPERATOR_HEADER = "X-ECMS-Operator"


@dataclass
class Desk:
    """What a running workstation serves: the open data, its window, and who is signed in."""

    workstation: Workstation
    host: DesktopHost
    routes: Sequence[Route] = ()
    operator: str | None = None

    @property
    def engine(self) -> Engine:
        return self.workstation.engine


@dataclass
class Call:
    """One request, with its parts already read and checked."""

    desk: Desk
    request: Request
    query: Any = None
    body: Any = None
    _principal: Principal | None = field(default=None, repr=False)

    @property
    def engine(self) -> Engine:
        return self.desk.engine

    @property
    def principal(self) -> Principal:
        """The signed-in operator; raises `NotSignedIn`."""
        if self._principal is None:
            if self.desk.operator is None:
                raise NotSignedIn
            self._principal = principal_of(self.engine, self.desk.operator)
        return self._principal

    @property
    def is_signed_in(self) -> bool:
        """Whether somebody is signed in; an operator who has been stopped meanwhile is not."""
        try:
            return self.principal is not None
        except NotSignedIn:
            return False

    @property
    def idempotent(self) -> Idempotent | None:
        """The `Idempotency-Key` of a write that may be sent twice."""
        return self.once(None)

    def once(self, digest: str | None) -> Idempotent | None:
        """The same for a body that went by as a stream, told apart by `digest`."""
        key = self.request.headers.get("Idempotency-Key")
        if key is None:
            return None
        if not key or len(key) > KEY_LENGTH_MAX:
            raise BadRequest("Idempotency-Key 太长或为空")
        digest = digest or hashlib.sha256(self.request.get_data()).hexdigest()
        return Idempotent(f"{self.request.method} {self.request.path} {key}", self.principal.operator, digest)

    @property
    def rev(self) -> int | None:
        """The version named by `If-Match`."""
        text = self.request.headers.get("If-Match")
        if text is None or text.strip() == "*":
            return None
        bare = text.strip().removeprefix("W/").strip('"')
        if not bare.isascii() or not bare.isdigit() or len(bare) > 15:
            raise BadRequest("If-Match 应是记录的版本号")
        return int(bare)


Handler = Callable[..., Any]
H = TypeVar("H", bound=Handler)


@dataclass(frozen=True)
class Route:
    """One call of the API. `public` ones need no signed-in operator; `always` ones are open to who must change his
    password first."""

    method: str
    path: str
    summary: str
    handler: Handler
    answers: type[BaseModel] | None
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    public: bool = False
    always: bool = False
    status: int = 200
    media: str = "application/json"
    errors: tuple[int, ...] = ()


@dataclass
class Routes:
    """A list of routes, filled by a decorator in the file that holds the handlers."""

    routes: list[Route] = field(default_factory=list)

    def add(
        self, method: str, path: str, summary: str, answers: type[BaseModel] | None = None, **rest: Any
    ) -> Callable[[H], H]:
        def keep(handler: H) -> H:
            self.routes.append(Route(method, path, summary, handler, answers, **rest))
            return handler

        return keep


def serve(app: Flask, desk: Desk) -> None:
    """Puts the routes into the application."""
    for route in desk.routes:
        view = _view(desk, route)
        name = f"{route.method} {route.path}"
        app.add_url_rule(route.path, name, view, methods=[route.method])


def _view(desk: Desk, route: Route) -> Callable[..., Response]:
    def view(**parts: str) -> Response:
        call = Call(desk, request)
        if not route.public:
            _admit(call, route)
        if route.query is not None:
            call.query = _read(route.query, request.args.to_dict())
        if route.body is not None:
            call.body = _read(route.body, _json())
        answer = route.handler(call, **parts)
        if isinstance(answer, Response):
            return answer
        status = route.status
        if isinstance(answer, tuple):
            answer, status = answer
        return json_response(answer, status)

    return view


def _admit(call: Call, route: Route) -> None:
    """Raises unless somebody is signed in, is whom the page takes him for, and has a password only he knows.

    Browser windows share one session: in a window that missed a change of operator, what was typed as one would be
    saved as the other.
    """
    operator = call.principal.operator
    if call.request.headers.get(OPERATOR_HEADER, operator) != operator:
        raise OtherOperator
    if not route.always and must_change_password(call.engine, operator):
        raise MustChange


def json_response(body: object, status: int = 200, media: str = "application/json") -> Response:
    """JSON the fast way."""
    return Response(orjson.dumps(body), status, mimetype=media)


def _json() -> Any:
    raw = request.get_data()
    if not raw:
        return {}
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise BadRequest("内容不是正确的 JSON") from None
    try:
        orjson.dumps(_wrapped(body))
    except orjson.JSONEncodeError:
        raise BadRequest("内容嵌套太深") from None
    return body


def _wrapped(body: Any) -> Any:
    """A body inside so many lists that it can be written only when it leaves room: what is kept now will be part of
    some answer later, and orjson reads deeper nesting than it writes."""
    for _ in range(_LEVELS_OF_ANSWERS):
        body = [body]
    return body


def _read(model: type[M], data: Any) -> M:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        fields = {".".join(str(part) for part in one["loc"]) or "body": _chinese(dict(one)) for one in error.errors()}
        raise Invalid(fields, "请求的内容不对") from None


_WORDS = {
    "missing": "缺少这一项",
    "extra_forbidden": "没有这一项",
    "string_type": "应是文字",
    "string_too_long": "太长",
    "string_too_short": "太短",
    "int_parsing": "应是整数",
    "int_type": "应是整数",
    "bool_type": "应是 true 或 false",
    "list_type": "应是列表",
    "dict_type": "应是对象",
    "model_type": "应是对象",
}


def _chinese(one: dict[str, Any]) -> str:
    return _WORDS.get(str(one["type"]), "写法不对")
