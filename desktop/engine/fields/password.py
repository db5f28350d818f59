"""password: written, never read. Kept as an argon2id hash; not shown, exported, searched or logged."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from .base import Columns, Field, FieldError, Sql, Value, Where

if TYPE_CHECKING:
    from argon2 import PasswordHasher

LENGTH_MIN = 8
"""Default of the setting security.password_length (rule O1)."""
LENGTH_MAX = 200


def password_fault(password: str, name: str | None = None) -> str | None:
    """What is wrong with a new password (rule O1), or None; `name` is what its owner logs in with."""
    if len(password) < LENGTH_MIN:
        return f"密码至少 {LENGTH_MIN} 位"
    if len(password) > LENGTH_MAX:
        return f"密码最多 {LENGTH_MAX} 位"
    if name is not None and password.strip().casefold() == name.strip().casefold():
        return "密码不能和用户名相同"
    return None


class NewPassword(str):
    """The hash of a password that was just typed: all that is stored or printed. Until then it also knows the typed
    text, for what the field alone cannot judge."""

    _typed: str

    def __new__(cls, typed: str) -> "NewPassword":
        made = super().__new__(cls, hash_password(typed))
        made._typed = typed
        return made

    def fault(self, name: str) -> str | None:
        """What is wrong with it for somebody who logs in with this name."""
        return password_fault(self._typed, name)


@dataclass(frozen=True, kw_only=True)
class Password(Field):
    """The API takes a new password as text and always answers whether one is set."""

    type: ClassVar[str] = "password"
    write_only: ClassVar[bool] = True
    operators: ClassVar[tuple[str, ...]] = ()
    default_width: ClassVar[int] = 80

    def parse(self, raw: Value) -> Value:
        if raw is None or raw == "" or isinstance(raw, bool):
            return None
        if not isinstance(raw, str):
            raise FieldError(f"「{self.label}」应是文字")
        if fault := password_fault(raw):
            raise FieldError(fault)
        return NewPassword(raw)

    def load(self, name: str, row: Mapping[str, Any]) -> Value:
        return row[name] is not None

    def store(self, name: str, value: Value) -> Columns:
        return {name: value if value is None else str(value)}

    def format(self, value: Value, labels: Mapping[str, str]) -> str:
        return "••••••" if value else ""

    def search_text(self, value: Value) -> str:
        return ""

    def quick(self, text: str, where: Where) -> Sql:
        raise FieldError(f"不能按「{self.label}」查找")


def hasher() -> "PasswordHasher":
    """argon2id with the library's recommended cost."""
    from argon2 import PasswordHasher  # takes its time to load, and most starts need none

    return PasswordHasher()


def hash_password(password: str) -> str:
    """The hash says with what cost it was made."""
    return hasher().hash(password)


def verify_password(stored: str, password: str) -> bool:
    """Whether a password fits its hash; takes the same time for a wrong one."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return hasher().verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
