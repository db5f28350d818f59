"""Demonstration data: a believable year of trade, and books that agree with it."""

from __future__ import annotations

from pathlib import Path

from desktop.demo import fill
from tests.engine.kit import assert_checked, open_desk
from tests.support import copy_of


def test_a_year_of_trade_leaves_books_that_agree(template: Path, tmp_path: Path) -> None:
    with open_desk(copy_of(template, tmp_path / "data")) as desk:
        made = fill(desk.engine, 40, seed=3, documents=120)
        assert {"sale", "purchase", "settlement", "quote", "stock_entry"} <= made.keys()
        assert {"account_transfer", "opening_party", "opening_account"} <= made.keys()
        assert_checked(desk.engine)
        kinds = {row[0] for row in desk.ask("SELECT DISTINCT doc_type FROM sale")}
        assert {"sale", "order", "return"} <= kinds
        assert "stock_transfer" in made and desk.ask("SELECT count(*) FROM purchase WHERE doc_type = 'return'")[0][0]
        (paid,) = desk.ask("SELECT count(DISTINCT paid_state) FROM sale")[0]
        assert paid >= 3, "some are paid, some in part, some not"
        (first, last) = desk.ask("SELECT min(doc_on), max(doc_on) FROM sale")[0]
        assert last[:4] != first[:4] or last[5:7] != first[5:7]
        owed = desk.ask("SELECT sum(balance) FROM party_balance WHERE side = 'receivable'")[0][0]
        open_ = desk.ask("SELECT sum(outstanding) FROM sale WHERE state = 'posted'")[0][0]
        before = desk.ask("SELECT sum(outstanding) FROM opening_party WHERE kind = 'receivable'")[0][0]
        assert owed == open_ + before
        assert desk.ask("SELECT count(*) FROM settlement WHERE kind = 'offset'")[0][0] == 1
        assert desk.ask("SELECT min(balance) FROM account_balance")[0][0] >= 0
