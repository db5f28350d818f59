"""What customers, suppliers and contacts share: how two of them are recognised as one (T28)."""

import re
import unicodedata

from ...engine.define import Alike

_FREE_MAIL = frozenset(
    (
        "qq.com",
        "163.com",
        "126.com",
        "sina.com",
        "sohu.com",
        "gmail.com",
        "outlook.com",
        "hotmail.com",
        "foxmail.com",
        "139.com",
    )
)
_NOISE = re.compile(r"(股份有限公司|有限责任公司|有限公司|集团|公司|总厂|厂|[（(][^）)]*[）)]|\W)")
_CITY = re.compile(r"^[\u4e00-\u9fff]{2,3}?(市|省)")


def company_core(name: str) -> str | None:
    """The part of a company name that tells it from others: without legal form, brackets, spaces and city suffix."""
    text = unicodedata.normalize("NFKC", name).casefold()
    core = _CITY.sub("", _NOISE.sub("", text))
    return core if len(core) >= 2 else None


def exact(text: str) -> str | None:
    """Letters and digits only, upper or lower case alike."""
    folded = re.sub(r"\W", "", unicodedata.normalize("NFKC", text).casefold())
    return folded or None


def phone_digits(text: str) -> str | None:
    """At least 7 digits, or nothing to compare."""
    digits = re.sub(r"\D", "", text)
    return digits if len(digits) >= 7 else None


def mail_domain(address: str) -> str | None:
    """The domain of an address, unless everybody can have one there."""
    domain = address.rpartition("@")[2].casefold()
    return domain if domain and domain not in _FREE_MAIL else None


def party_grounds(phones: str) -> tuple[Alike, ...]:
    """The scores of T28 for a party whose telephone numbers are the fields `phones`."""
    return (
        Alike("tax_no", 100, "税号相同", exact),
        Alike(phones, 60, "电话相同", phone_digits),
        Alike("name", 50, "名称相近", company_core),
        Alike("region", 20, "同一区域", str),
        Alike("email", 15, "邮箱域名相同", mail_domain),
    )


def contact_grounds() -> tuple[Alike, ...]:
    """The scores for a contact. Many people have one name, and colleagues one telephone at work: each counts only
    beside something else."""
    return (
        Alike("mobile", 60, "手机相同", phone_digits),
        Alike("name", 40, "姓名相同", exact),
        Alike("phone", 20, "办公电话相同", phone_digits),
        Alike("parent", 20, "同一单位", str),
    )
