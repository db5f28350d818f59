"""Every error a user can meet, drawn at the top.

EcmsError
├── Refused            the program will not start or go on, said in one plain sentence (exit code 1)
└── ApiError           an answer of the HTTP API: status, code, Chinese title
    ├── NotSignedIn    401 not-signed-in
    ├── LoginFailed    401 login-failed
    ├── LoginWait      429 login-wait
    ├── Forbidden      403 forbidden
    ├── NotFound       404 not-found
    ├── Stale          409 stale          both versions inside
    ├── InUse          409 in-use
    ├── Invalid        422 invalid        message per field
    ├── BadRequest     400 bad-request
    └── StorageFull    507 storage-full
"""

from collections.abc import Mapping
from typing import Any


class EcmsError(Exception):
    """Base of all errors that are meant for people."""


class Refused(EcmsError):
    """The program cannot do this; `str(error)` is one Chinese sentence that says what to do."""


class ApiError(EcmsError):
    status = 400
    code = "bad-request"
    title = "请求不正确"

    def __init__(self, title: str | None = None, *, detail: str | None = None, **extra: Any) -> None:
        super().__init__(title or self.title)
        self.title = title or self.title
        self.detail = detail
        self.extra = extra

    def problem(self) -> dict[str, Any]:
        """The body of an `application/problem+json` answer."""
        body: dict[str, Any] = {
            "type": f"ecms:{self.code}",
            "code": self.code,
            "title": self.title,
            "status": self.status,
        }
        if self.detail:
            body["detail"] = self.detail
        return body | self.extra


class BadRequest(ApiError):
    """The request itself is malformed."""


class NotSignedIn(ApiError):
    status, code, title = 401, "not-signed-in", "请先登录"


class LoginFailed(ApiError):
    status, code, title = 401, "login-failed", "用户名或密码不对"


class LoginWait(ApiError):
    status, code, title = 429, "login-wait", "密码错误次数较多，请稍候再试"


class Forbidden(ApiError):
    status, code, title = 403, "forbidden", "没有这项权限，可请管理员开通"


class NotFound(ApiError):
    status, code, title = 404, "not-found", "没有找到，可能已被删除"


class Stale(ApiError):
    status, code, title = 409, "stale", "打开以后，这条记录已有新的修改"


class InUse(ApiError):
    status, code, title = 409, "in-use", "还有别的记录用到它，不能删除"


class Invalid(ApiError):
    status, code, title = 422, "invalid", "有内容需要改正"

    def __init__(self, fields: Mapping[str, str], title: str | None = None, **extra: Any) -> None:
        super().__init__(title or next(iter(fields.values()), None), fields=dict(fields), **extra)
        self.fields = dict(fields)


class StorageFull(ApiError):
    status, code, title = 507, "storage-full", "磁盘已满，这次没有保存。清出空间后再保存，已输入的内容还在"
