"""Search text: every substring is found, nothing else is; pinyin reads as people do."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypinyin.constants import PHRASES_DICT, PINYIN_DICT

from desktop.engine import text
from desktop.engine.text import fold, has, initials, pinyin, search_phrase, search_tokens
from tests.support import Office

ALPHABET = "张伟中石集团有限公司苏州重庆aBc019 -_.（）Ａ１ｂé"
texts = st.text(alphabet=ALPHABET, max_size=14)


def found(stored: str, wanted: str) -> bool:
    """What FTS5 says, with the very table the engine declares."""
    db = sqlite3.connect(":memory:")
    try:
        db.execute(
            "CREATE VIRTUAL TABLE f USING fts5(words, content='', tokenize='unicode61 remove_diacritics 0', "
            "columnsize=0)"
        )
        db.execute("INSERT INTO f (rowid, words) VALUES (1, ?)", (search_tokens(stored),))
        phrase = search_phrase(wanted)
        return phrase is not None and db.execute("SELECT 1 FROM f WHERE f MATCH ?", (phrase,)).fetchone() is not None
    finally:
        db.close()


@given(texts, texts)
def test_the_index_finds_exactly_the_texts_that_contain_the_words(stored: str, wanted: str) -> None:
    expected = bool(fold(wanted)) and fold(wanted) in fold(stored)
    assert found(stored, wanted) == expected
    assert has(stored, fold(wanted)) == expected or not fold(wanted)


@pytest.mark.parametrize("wanted", ["石", "中石", "石集", "中石集团", "集团", "团", "ＺＳ", "12号", "1", "c1"])
def test_one_character_and_up(wanted: str) -> None:
    assert found("中石集团 zsc12号楼", wanted)


@pytest.mark.parametrize(
    ("title", "syllables", "letters"),
    [
        ("中石集团", "zhong shi ji tuan", "zsjt"),
        ("重庆长安汽车", "chong qing chang an qi che", "cqcaqc"),
        ("厦门银行", "xia men yin hang", "xmyh"),
        ("成都音乐厅", "cheng du yin yue ting", "cdyyt"),
        ("ABC中石12号", "abc zhong shi 12 hao", "abczs12h"),
        ("女人", "nv ren", "nr"),
        ("", "", ""),
    ],
)
def test_pinyin_and_initials(title: str, syllables: str, letters: str) -> None:
    assert (pinyin(title), initials(title)) == (syllables, letters)


def test_the_dictionaries_are_read_as_their_library_reads_them() -> None:
    for number, readings in PINYIN_DICT.items():
        assert text._reading(chr(number)) == text._bare(readings.split(",")[0]), chr(number)
    wanted = {
        phrase: readings
        for phrase, readings in PHRASES_DICT.items()
        if 2 <= len(phrase) <= text._PHRASE_LENGTH and not text._AMBIGUOUS.isdisjoint(phrase)
    }
    assert len(wanted) > 1_000
    assert text._phrases() == wanted


def test_quick_query_by_name_takes_pinyin_initials_too(office: Office) -> None:
    made = office.samples.create("customer", name="中石集团")["id"]
    for typed in ("zsjt", "石集", "中石集团"):
        found = office.api.get("/api/records/customer", field="name", value=typed)["rows"]
        assert [row["id"] for row in found] == [made], typed
    assert not office.api.get("/api/records/customer", field="short_name", value="zsjt")["rows"]
