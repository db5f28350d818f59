"""Text that nobody sees, days that no calendar has, and what the recycle bin tells of a record."""

from typing import Any

import pytest

from desktop.engine.fields import Birthday, FieldError, Text
from tests.support import Office

NAME = Text("名称", required=True)
BIRTH = Birthday("生日")


@pytest.mark.parametrize(
    "unseen", ["\u200b", "\u202e\u202c", "\uffff", "\ufe0f", "\u3164", "\u2060\ufeff", "\u200d", "\u00ad"]
)
def test_what_nobody_sees_is_blank(unseen: str, office: Office) -> None:
    assert NAME.parse(unseen) is None
    group = office.api.get("/api/tree/customer_group")[0]["id"]
    office.api.refused("POST", "/api/records/customer", 422, {"name": unseen, "group": group})


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("\u202eabc", "abc"),
        ("中\u200b石\ufeff", "中石"),
        ("a\u200db", "ab"),
        ("坏\uffff名\ufffe", "坏名"),
        ("👨\u200d👩\u200d👧\u200d👦", "👨\u200d👩\u200d👧\u200d👦"),
        ("❤\ufe0f\u200d🔥 👍🏽", "❤\ufe0f\u200d🔥 👍🏽"),
        ("𠮷野家·é", "𠮷野家·é"),
    ],
)
def test_marks_nobody_sees_are_taken_out_and_pictures_stay_whole(typed: str, kept: str) -> None:
    assert NAME.parse(typed) == kept


@pytest.mark.parametrize("control", ["a\u0000b", "a\u0085b\u009b", "a\u007f"])
def test_control_characters_are_refused_in_words(control: str) -> None:
    with pytest.raises(FieldError, match="控制字符"):
        NAME.parse(control)


def lunar(year: int | None, month: int, day: int, *, leap: bool) -> dict[str, Any]:
    return {"kind": "lunar", "year": year, "month": month, "day": day, "is_leap_month": leap}


def test_a_lunar_birthday_of_a_known_year_is_a_day_of_that_year() -> None:
    assert BIRTH.parse(lunar(2025, 6, 1, leap=True)) and BIRTH.parse(lunar(None, 6, 30, leap=True))
    for wrong in (lunar(2026, 12, 30, leap=True), lunar(2025, 2, 30, leap=False)):
        with pytest.raises(FieldError, match="没有农历"):
            BIRTH.parse(wrong)
    assert BIRTH.parse(lunar(2100, 2, 30, leap=False)), "beyond the tables a date is believed"


def test_the_recycle_bin_tells_what_happened_to_a_record(office: Office) -> None:
    made = office.samples.create("customer")
    office.api.ok(office.api.call("DELETE", f"/api/records/customer/{made['id']}"))
    told = office.api.get(f"/api/records/customer/{made['id']}/history")["entries"]
    assert [entry["action"] for entry in told] == ["delete", "add"]
    office.api.refused("GET", f"/api/records/customer/{made['id']}", 404)
