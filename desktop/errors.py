"""Every error a user can meet, drawn at the top.

EcmsError
├── Refused            the program will not start or go on, said in one plain sentence (exit code 1)
└── ApiError           an answer of the HTTP API: status, code, Chinese title
    ├── NotSignedIn    401 not-signed-in
    ├── LoginFailed    401 login-failed
    ├── LoginWait      429 login-wait
    ├── LoginElsewhere 403 login-elsewhere      right password, wrong machine
    ├── MustChange     403 must-change-password
    ├── OtherOperator  409 other-operator
    ├── KeyReused      422 key-reused
    ├── Forbidden      403 forbidden
    ├── NotFound       404 not-found
    │   └── Deleted    404 deleted        it was there, and can be brought back
    ├── Stale          409 stale          both versions inside
    ├── InUse          409 in-use
    ├── Confirm        409 confirm        questions inside; sent again with their names it goes on
    ├── Invalid        422 invalid        message per field
    │   └── StillDeleted 422 still-deleted  what it needs is in the recycle bin, too
    ├── BadRequest     400 bad-request
    ├── TooLarge       413 too-large
    ├── Damaged        503 damaged        nothing more is written until the program is started again
    └── StorageFull    507 storage-full
        └── Unfinished                       something began and goes on as soon as there is room
"""

from collections.abc import Mapping, Sequence
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


class LoginElsewhere(ApiError):
    status, code, title = 403, "login-elsewhere", "这个用户不能在本机登录，可请管理员在「允许的机器」里加上本机"


class MustChange(ApiError):
    status, code, title = 403, "must-change-password", "请先修改密码，再继续使用"


class OtherOperator(ApiError):
    status, code, title = 409, "other-operator", "本机已换了别的用户登录，这一步没有保存，请重新打开这一页"


class KeyReused(ApiError):
    status, code, title = 422, "key-reused", "这一步刚才已经用别的内容保存过，请重新打开再改"


class Forbidden(ApiError):
    status, code, title = 403, "forbidden", "没有这项权限，可请管理员开通"


class NotFound(ApiError):
    status, code, title = 404, "not-found", "没有找到，可能已被删除"


class Deleted(NotFound):
    code, title = "deleted", "这条记录刚被删除"


class Stale(ApiError):
    status, code, title = 409, "stale", "打开以后，这条记录已有新的修改"


class InUse(ApiError):
    status, code, title = 409, "in-use", "还有别的记录用到它，不能删除"


_TOLD = 5
"""Sentences that one question says."""


def all_of(texts: Sequence[str]) -> str:
    """One yes is said to all of it."""
    more = len(texts) - _TOLD
    return "；".join(texts[:_TOLD]) + (f"；还有 {more} 处" if more > 0 else "")


class Confirm(ApiError):
    status, code, title = 409, "confirm", "请先确认"

    def __init__(self, questions: Mapping[str, str], places: Mapping[str, str] | None = None) -> None:
        """`places`: the cell that a question is about, by its name."""
        self.places = places or {}
        asked = [{"name": name, "text": text} for name, text in questions.items()]
        super().__init__(next(iter(questions.values()), None), questions=asked)


class Invalid(ApiError):
    status, code, title = 422, "invalid", "有内容需要改正"

    def __init__(self, fields: Mapping[str, str], title: str | None = None, **extra: Any) -> None:
        super().__init__(title or next(iter(fields.values()), None), fields=dict(fields), **extra)
        self.fields = dict(fields)


class StillDeleted(Invalid):
    """`parents` names what can be restored along with it; `all`, whether that is everything that stands in the way."""

    code = "still-deleted"


class Damaged(ApiError):
    status, code = 503, "damaged"
    title = "数据文件已损坏，请停止录入，退出程序后从最近的备份恢复"


class TooLarge(ApiError):
    status, code, title = 413, "too-large", "要保存的内容太大"


class StorageFull(ApiError):
    status, code, title = 507, "storage-full", "磁盘已满，这次没有保存。清出空间后再保存，已输入的内容还在"


class Unfinished(StorageFull):
    """Part of it is written; the rest follows as soon as there is room."""
