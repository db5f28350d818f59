"""Every error the sync server answers with or refuses by, drawn at the top.

ServerError              an answer: HTTP status, stable code, Chinese title
├── BadRequest           400 bad-request       no batch, wrong shape
├── Unauthorized         401 unauthorized      unknown machine or wrong secret
├── Revoked              403 revoked           the machine may get no data any more
├── ReplicaTaken         403 replica-taken     the replica belongs to another machine
├── CodeRefused          403 code-refused      wrong, used or expired code
├── NotAllowed           403 not-allowed       the operator has not all rights
├── WrongPassword        403 wrong-password    not the password of the operator who is named
├── NotFound             404 not-found
│   ├── NoSuchFile       404 no-such-file      no row that is here speaks of this content
│   └── FileMissing      404 file-missing      a row does, but no machine has brought the content
├── FileSpoilt           422 file-spoilt       what was brought is not that content: bring it again
├── EpochChanged         409 epoch-changed     the server was restored: reconcile first
├── OtherCompany         409 other-company     the caller's data belong to another server
├── NotEmpty             409 not-empty         data on both sides, which nobody can merge
├── NoCompany            409 no-company        the first machine with data has not come yet
├── OwnMachine           409 own-machine       a machine cannot turn itself out
├── Gap                  409 gap               a number is missing; the answer says which comes next
├── ServerOlder          409 server-older      the client's data model is newer than the server's
├── ClientOlder          409 client-older      below the oldest data model that is served
├── TooMuch              413 too-large
├── TooMany              429 too-many          wrong codes one after the other
│   └── TooManyPasswords 429 too-many          wrong passwords one after the other
└── StorageFull          507 storage-full
Refused                  a command cannot do this; one Chinese sentence for stderr
"""

from typing import Any


class Refused(Exception):
    """The command cannot do this; `str(error)` says why and what to do."""


class ServerError(Exception):
    """An answer that is not the one hoped for."""

    status = 400
    code = "bad-request"
    title = "请求不正确"

    def __init__(self, detail: str | None = None, **extra: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.extra = extra

    def problem(self) -> dict[str, Any]:
        """The body of an `application/problem+json` answer."""
        body = {"type": f"ecms:{self.code}", "code": self.code, "title": self.title, "status": self.status}
        return body | ({"detail": self.detail} if self.detail else {}) | self.extra


class BadRequest(ServerError):
    """The request is malformed."""


class Unauthorized(ServerError):
    status, code, title = 401, "unauthorized", "服务器不认识这台机器，请重新加入"


class Revoked(ServerError):
    status, code, title = 403, "revoked", "这台机器已被停用"


class ReplicaTaken(ServerError):
    status, code, title = 403, "replica-taken", "这份数据属于另一台机器"


class CodeRefused(ServerError):
    status, code, title = 403, "code-refused", "加入码不对、已用过或已过期，请向管理员要一个新的"


class NotAllowed(ServerError):
    status, code, title = 403, "not-allowed", "只有管理员可以生成加入码或停用机器"


class WrongPassword(ServerError):
    status, code, title = 403, "wrong-password", "密码不对"


class NotFound(ServerError):
    status, code, title = 404, "not-found", "没有这个地址"


class NoSuchFile(NotFound):
    code, title = "no-such-file", "没有记录用到这个附件"


class FileMissing(NotFound):
    code, title = "file-missing", "附件还没有上传到服务器"


class FileSpoilt(ServerError):
    status, code, title = 422, "file-spoilt", "附件在途中损坏，会重新上传"


class EpochChanged(ServerError):
    status, code, title = 409, "epoch-changed", "服务器恢复过备份，需要先重新核对"


class OtherCompany(ServerError):
    status, code, title = 409, "other-company", "这个地址上是另一家公司的服务器，本机没有改动"


class NotEmpty(ServerError):
    status, code = 409, "not-empty"
    title = "本机已有数据，服务器上也有数据，不能合在一起。请先从本机导出，再在新的数据文件夹加入后导入"


class NoCompany(ServerError):
    status, code = 409, "no-company"
    title = "服务器上还没有公司的数据。请先在第一台电脑上选「单机使用」建好公司，再从它的同步中心加入这台服务器"


class OwnMachine(ServerError):
    status, code, title = 409, "own-machine", "不能停用正在使用的这台机器，请在另一台机器上操作"


class Gap(ServerError):
    status, code, title = 409, "gap", "中间缺少修改，需从缺少处重新上传"


class ServerOlder(ServerError):
    status, code, title = 409, "server-older", "服务器需要升级"


class ClientOlder(ServerError):
    status, code, title = 409, "client-older", "本机的程序版本太旧，请升级"


class TooMuch(ServerError):
    status, code, title = 413, "too-large", "一次传输的内容太大"


class TooMany(ServerError):
    status, code, title = 429, "too-many", "加入码错误次数较多，请稍候再试"


class TooManyPasswords(TooMany):
    title = "密码错误次数较多，请一分钟后再试"


class StorageFull(ServerError):
    status, code, title = 507, "storage-full", "服务器磁盘已满，修改仍在本机，清出空间后会自动上传"
