"""Ids that follow from a cause are UUIDv5, or UUIDv8 with the time of their cause, however they are worked out."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from desktop.engine.ids import derived_id, following_id, new_id

SPACE = uuid.UUID("8e0f6f0a-5f7b-5d0e-9a53-45434d530001")


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_derived_id_is_the_uuid_of_cause_and_role(cause: str, role: str) -> None:
    assert derived_id(cause, role) == uuid.uuid5(SPACE, f"{cause}:{role}").hex


@given(st.text(max_size=60))
def test_what_follows_from_a_row_stands_behind_what_followed_before(role: str) -> None:
    earlier, later = new_id(), f"{int(new_id()[:12], 16) + 1:012x}{new_id()[12:]}"
    first, second = uuid.UUID(following_id(earlier, role)), uuid.UUID(following_id(later, role))
    assert first < second, "ids of rows that follow go by the time of their cause"
    assert first.version == second.version == 8
    assert first.variant == uuid.RFC_4122
    assert first.hex == following_id(earlier, role), "two machines with one cause make one record"


@given(st.text(max_size=60), st.text(max_size=60))
def test_what_follows_from_one_row_is_told_apart_by_its_role(one: str, other: str) -> None:
    cause = new_id()
    assert (following_id(cause, one) == following_id(cause, other)) is (one == other)
