"""Field types: what they take, keep, refuse and show."""

import json
import re
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from desktop.engine.fields import (
    Barcode,
    Birthday,
    Bool,
    Date,
    DateTime,
    Dict,
    Email,
    Enum,
    Field,
    FieldError,
    Int,
    LongText,
    Money,
    Password,
    Phone,
    Price,
    Quantity,
    Rate,
    Ref,
    Refs,
    Serial,
    Text,
    Url,
)  # fmt: skip
from desktop.engine.fields.moment import local_minute
from desktop.engine.fields.password import verify_password
from desktop.engine.fields.usual import MOBILE, POSTCODE

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "format.json").read_text(encoding="utf-8"))

ID = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("one", "raw", "kept"),
    [
        (Text("名"), "  上海　申越 \n", "上海 申越"),
        (Text("名"), "   ", None),
        (LongText("注"), "一\r\n二\n", "一\n二"),
        (Phone("电话"), "0512-5733 9025", "0512-5733 9025"),
        (Email("邮件"), "a.b@example.com", "a.b@example.com"),
        (Url("网址"), "www.example.com", "www.example.com"),
        (Barcode("码"), " ６９０1 234 567892", "6901234567892"),
        (Int("数"), "12", 12),
        (Money("额"), -5, -5),
        (Bool("否"), None, False),
        (Bool("否"), "是", True),
        (Date("日"), "2024-02-29", "2024-02-29"),
        (DateTime("时"), "2026-11-23T09:30:00+08:00", "2026-11-23T01:30:00.000Z"),
        (Enum("类", {"a": "甲"}), "甲", "a"),
        (Ref("谁", "employee"), ID, ID),
        (Refs("谁", "employee"), [ID, ID], [ID]),
        (
            Birthday("生日"),
            {"month": 8, "day": 30, "kind": "lunar"},
            {"kind": "lunar", "year": None, "month": 8, "day": 30, "is_leap_month": False},
        ),
    ],
)
def test_good_values_are_tidied(one: Field, raw: Any, kept: Any) -> None:
    assert one.parse(raw) == kept


@pytest.mark.parametrize(
    ("one", "raw"),
    [
        (Text("名"), 5),
        (Text("名"), "x" * 201),
        (Text("名"), "a\x00b"),
        (Text("名"), "\ud800"),
        (Phone("电话"), "没有"),
        (Email("邮件"), "a@b"),
        (Url("网址"), "javascript:alert(1)"),
        (Int("数"), 1.5),
        (Int("数"), True),
        (Int("数"), "1e5"),
        (Int("数"), 2**60),
        (Money("额", min=0), -1),
        (Bool("否"), "也许"),
        (Date("日"), "2023-02-29"),
        (Date("日"), "23-2-9"),
        (Date("日"), "0001-01-01"),
        (DateTime("时"), "昨天"),
        (Enum("类", {"a": "甲"}), "b"),
        (Ref("谁", "employee"), "x' OR 1=1"),
        (Refs("谁", "employee"), "x"),
        (Birthday("生日"), {"month": 2, "day": 30, "kind": "solar"}),
        (Birthday("生日"), {"month": 13, "day": 1}),
        (Birthday("生日"), {"month": True, "day": 1}),
        (Password("密码"), "short"),
    ],
)
def test_bad_values_are_refused_naming_the_field(one: Field, raw: Any) -> None:
    with pytest.raises(FieldError, match=one.label):
        one.parse(raw)


def test_passwords_that_anybody_would_try_are_refused() -> None:
    one = Password("密码")
    for guessed in (
        "12345678", "87654321", "0987654321", "456789012", "11111111", "哈哈哈哈哈哈哈哈", "ABCDEFGH", "qwertyui",
        "poiuytrewq", "password", "Password1", "P@ssw0rd", "admin888!", "abcd1234", "a12345678", "qq123456",
        "１２３４５６７８", " 12345678 ", "1qaz2wsx", "woaini1314", "5201314520", "password2026",
    ):  # fmt: skip
        with pytest.raises(FieldError, match=r"太常见.*换一个"):
            one.parse(guessed)
    for fine in (
        "demo1234",
        "correct horse",
        "a84930217",
        "abcd84930217",
        "sales-password",
        "13479562",
        "苏州河边的柳树" * 2,
    ):
        assert one.parse(fine), fine


def test_passwords_are_hashed_and_never_read_back() -> None:
    one = Password("密码")
    stored = one.parse("correct horse")
    assert "correct" not in stored and verify_password(stored, "correct horse")
    assert not verify_password(stored, "wrong horse")
    assert one.load("password", {"password": stored}) is True
    assert one.format(True, {}) == "••••••"


def test_dictionary_fields_point_at_one_list() -> None:
    one = Dict("级别", "customer_level")
    assert one.target == "dict_item" and dict(one.where) == {"list": "customer_level"} and one.small


_MADE: dict[str, type[Field]] = {
    "text": Text, "longtext": LongText, "int": Int, "bool": Bool, "quantity": Quantity, "price": Price, "money": Money,
    "rate": Rate, "date": Date, "datetime": DateTime, "ref": Ref, "refs": Refs, "phone": Phone, "email": Email,
    "url": Url, "serial": Serial, "birthday": Birthday, "password": Password,
    "barcode": Barcode,
}  # fmt: skip


@pytest.mark.parametrize(
    "case", GOLDEN["cases"] if isinstance(GOLDEN, dict) else GOLDEN, ids=lambda case: f"{case['type']}-{case['text']}"
)
def test_words_on_paper_equal_words_on_screen(case: dict[str, Any]) -> None:
    options = case.get("options") or {}
    if case["type"] == "enum":
        pairs = options if isinstance(options, dict) and "options" not in options else options["options"]
        choices = {one["value"]: one["label"] for one in pairs} if isinstance(pairs, list) else pairs
        one: Field = Enum("类", choices)
    else:
        given = {"decimals": options["decimals"]} if "decimals" in options else {}
        one = _MADE[case["type"]]("栏", **given)
    if options.get("timezone", "Asia/Shanghai") != "Asia/Shanghai":
        assert local_minute(case["raw"], ZoneInfo(options["timezone"])) == case["text"]
    else:
        assert one.format(case["raw"], options.get("labels", {})) == case["text"]


MOBILES = ("13812345678", "+8613812345678", "008613812345678", "+85291234567", "0044207946000")
POSTCODES = ("215000", "000000")
ODD = ("1381234567", "138123456789", "12812345678", "88888888", "+86138", "abc", "+8612345678901")


def test_what_numbers_look_like_as_a_rule() -> None:
    """Blanks and hyphens are taken out before (web_ui: usual.spec.ts)."""
    assert all(re.fullmatch(MOBILE.pattern, one) for one in MOBILES)
    assert all(re.fullmatch(POSTCODE.pattern, one) for one in POSTCODES)
    assert not any(re.fullmatch(MOBILE.pattern, one) for one in ODD)
    assert not any(re.fullmatch(POSTCODE.pattern, one) for one in ("21500", "2150001", "SW1A1AA"))


def test_blanks_marks_and_several_at_once_are_as_usual() -> None:
    """As in web_ui: usual.spec.ts."""
    assert all(POSTCODE.fits(one) for one in ("215 000", "２１５０００", "215000、100000", "215-000"))
    assert not any(POSTCODE.fits(one) for one in ("21500", "SW1A 1AA", "215000、12"))
    assert MOBILE.fits("13812345678 13987654321") and MOBILE.fits("138 1234 5678 +86 139-8765 4321")
    assert not MOBILE.fits("13812345678 901") and not POSTCODE.fits("215000、")
    assert MOBILE.fits("138 1234 5678/+86 138-1234-5678") and not MOBILE.fits("0512-88888888")


def test_what_looks_odd_is_kept_all_the_same() -> None:
    assert Text("邮编", usual=POSTCODE).parse("SW1A 1AA") == "SW1A 1AA"
    assert Phone("手机", usual=MOBILE).parse("139") == "139"
    assert Text("邮编", usual=POSTCODE).describe("postcode")["usual"]["pattern"] == POSTCODE.pattern
    assert "usual" not in Text("名称").describe("name")
