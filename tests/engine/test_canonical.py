"""The canonical form that this machine writes is that of the wire, byte for byte: the server checks chains by it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.engine.canonical import canonical
from desktop.engine.columns import filled, fitted, listed, picked
from sync_server.replication.changeset import canonical as by_the_book

_SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text()
_VALUES = st.recursive(_SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(_VALUES)
def test_both_forms_are_one(value: object) -> None:
    assert canonical(value) == by_the_book(value)


def test_marks_and_odd_signs_are_written_alike() -> None:
    odd = "".join(map(chr, range(0x180))) + "\u2028\ufeff\uffff😀恒"
    assert canonical({odd: odd, "b": 1, "a": [odd]}) == by_the_book({odd: odd, "b": 1, "a": [odd]})


@pytest.mark.parametrize("value", ["\ud800", {"a": "\udfff"}])
def test_a_broken_text_fails_in_both(value: object) -> None:
    for form in (canonical, by_the_book):
        with pytest.raises(UnicodeEncodeError):
            form(value)


def test_columns_are_taken_out_by_name() -> None:
    row = {"a": 1, "b": None, "c": 0}
    assert picked(row, ("b", "c", "d")) == {"b": None, "c": 0, "d": None}
    assert filled(row, ("d", "c", "b", "a")) == {"c": 0, "a": 1}


def test_a_row_is_fitted_to_a_table() -> None:
    blank = dict.fromkeys(("a", "b", "d"))
    assert list(fitted({"c": 0, "b": 2, "a": 1}, blank).items()) == [("a", 1), ("b", 2), ("d", None)]
    assert fitted({"a": 1}, blank) == {"a": 1, "b": None, "d": None}
    assert blank == {"a": None, "b": None, "d": None}


def test_a_broken_text_in_a_list_of_ids_is_told_as_such() -> None:
    assert listed(iter(["a", 1])) == '["a",1]'
    assert listed(["\ud800"]) == '["\\ud800"]'
