"""password: written, never read. Kept as an argon2id hash; not shown, exported, searched or logged."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from .base import Columns, Field, FieldError, Sql, Value, Where

LENGTH_MIN = 8
"""Default of the setting security.password_length (rule O1)."""


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
        if len(raw) < LENGTH_MIN:
            raise FieldError(f"「{self.label}」至少 {LENGTH_MIN} 位")
        if len(raw) > 200:
            raise FieldError(f"「{self.label}」最多 200 位")
        return hash_password(raw)

    def load(self, name: str, row: Mapping[str, Any]) -> Value:
        return row[name] is not None

    def store(self, name: str, value: Value) -> Columns:
        return {name: value}

    def format(self, value: Value, labels: Mapping[str, str]) -> str:
        return "••••••" if value else ""

    def search_text(self, value: Value) -> str:
        return ""

    def quick(self, text: str, where: Where) -> Sql:
        raise FieldError(f"不能按「{self.label}」查找")


def hash_password(password: str) -> str:
    """argon2id with the library's recommended cost."""
    from argon2 import PasswordHasher

    return PasswordHasher().hash(password)


def verify_password(stored: str, password: str) -> bool:
    """Whether a password fits its hash; takes the same time for a wrong one."""
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return PasswordHasher().verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
