"""Ids that follow from a cause are UUIDv5, however they are worked out."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from desktop.engine.ids import derived_id

SPACE = uuid.UUID("8e0f6f0a-5f7b-5d0e-9a53-45434d530001")


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_derived_id_is_the_uuid_of_cause_and_role(cause: str, role: str) -> None:
    assert derived_id(cause, role) == uuid.uuid5(SPACE, f"{cause}:{role}").hex
