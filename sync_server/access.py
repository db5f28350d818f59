"""Who may decide over machines. The manifest names the tables; that an operator can be stopped and a role can have all
rights, and where an operator's password is kept, is all that is known here of what they hold."""

from collections.abc import Mapping

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from .store import Store


def has_all_rights(store: Store, access: Mapping[str, str], operator: str) -> bool:
    """Whether an operator who is not stopped has a role with all rights."""
    found = store.living(access.get("operator", ""), [operator]).get(operator)
    if found is None or found.get("is_stopped"):
        return False
    links = store.living(access.get("operator_roles", "")).values()
    roles = [str(link.get("target")) for link in links if link.get("record") == operator]
    return any(role.get("all_rights") == 1 for role in store.living(access.get("role", ""), roles).values())


def has_password(store: Store, access: Mapping[str, str], operator: str, password: str) -> bool:
    """Whether this is the password of an operator, who has one."""
    found = store.living(access.get("operator", ""), [operator]).get(operator, {})
    try:
        return PasswordHasher().verify(str(found.get("password") or ""), password)
    except (VerificationError, InvalidHashError):
        return False
