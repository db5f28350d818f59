"""password: written, never read. Kept as an argon2id hash; not shown, exported, searched or logged."""

import re
import unicodedata
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
    if is_guessed(password):
        return "这个密码太常见，别人一猜就中。换一个不连续、不重复的，比如几个词连起来，或字母和数字混着写"
    return None


_WORDS = frozenset({
    "password", "passwd", "passw0rd", "p@ssw0rd", "p@ssword", "admin", "administrator", "root", "user", "guest", "test",
    "welcome", "letmein", "monkey", "dragon", "master", "login", "iloveyou", "woaini", "aini", "qwerty", "qwert",
    "qwer", "asdf", "asdfgh", "zxcv", "zxcvbn", "zxcvbnm", "qwertyuiop", "asdfghjkl", "abc", "abcd", "abcde", "a", "aa",
    "aaa", "q", "qq", "qaz", "qazwsx", "wsx", "asd", "zxc", "qwe", "mima",
})  # fmt: skip
"""What many take whole, or put a few figures behind."""
_COMMON = frozenset({
    "1q2w3e4r", "1q2w3e4r5t", "q1w2e3r4", "1qaz2wsx", "zaq12wsx", "1qazxsw2", "qazwsxedc", "1234qwer", "123qweasd",
    "123456qq", "12345678a", "123456789a", "123456abc", "123abc123", "11223344", "112233445566", "1122334455",
    "12341234", "123123123", "123321123", "12344321", "1234554321", "123454321", "12121212", "11112222", "66668888",
    "88886666", "147258369", "159357456", "789456123", "14725836", "25802580", "13145200", "5201314520", "52013145",
    "7758521521", "woaini1314", "1314woaini",
})  # fmt: skip
_ROWS = ("0123456789", "1234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_FEW = 4
_PARTS = re.compile(r"(.*?)([\d!@#$%.*_-]*)", re.DOTALL)
"""A word and what stands behind it."""


def is_guessed(password: str) -> bool:
    """Whether it is among the first that somebody tries: one character, a straight run, or what many people take."""
    said = unicodedata.normalize("NFKC", password).strip().casefold()
    parts = _PARTS.fullmatch(said)
    word, behind = parts.groups() if parts else (said, "")
    return _is_common(said) or (word in _WORDS and (len(behind) <= _FEW or _is_common(behind)))


def _is_common(said: str) -> bool:
    return len(set(said)) < 2 or said in _COMMON or _is_run(said)


def _is_run(said: str) -> bool:
    """Letters or figures in their order, or as they lie side by side, to and fro; figures go on at 0 after 9."""
    return any(said in row * 2 or said in row[::-1] * 2 for row in _ROWS)


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


def fault_of_new(value: Value, name: str) -> str | None:
    """What is wrong with a password that is being set, for somebody who logs in with this name: it is a `NewPassword`,
    or the text itself where a file is only looked at (`imports.judging`). One that was set before only says so."""
    if isinstance(value, NewPassword):
        return value.fault(name)
    return password_fault(value, name) if isinstance(value, str) else None


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
