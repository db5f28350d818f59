"""Documents with lines: drafts, versions, what they book, and that all machines come to the same (sync.md B4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from desktop import maintenance
from desktop.engine import lists
from desktop.engine.documents import verbs
from desktop.engine.documents.verbs import Entry
from desktop.engine.query import Query
from desktop.errors import BadRequest, Confirm, InUse, Invalid, Stale
from tests.engine.kit import Desk, assert_sound, open_desk, open_pair
from tests.support import copy_of

Q = 10_000


@pytest.fixture
def desk(template: Path, tmp_path: Path) -> Iterator[Desk]:
    with open_desk(copy_of(template, tmp_path / "data")) as opened:
        yield opened
        assert_sound(opened.engine)


def product(desk: Desk, name: str = "P", **values: Any) -> str:
    return str(desk.save("product", name=name, category=desk.id_of("product_category", "未分类"), **values)["id"])


def entry(
    desk: Desk, kind: str, *lines: tuple[str, int, int | None], id: str | None = None, post: bool = True
) -> dict[str, Any]:
    """A stock entry of (product, quantity, unit cost) lines in whole units and 元."""
    rows = [
        {"product": one, "qty": qty * Q} | ({"unit_cost": cost * Q} if cost is not None else {})
        for one, qty, cost in lines
    ]
    return save(desk, "stock_entry", {"kind": kind}, rows, id=id, post=post)


def save(
    desk: Desk, module: str, values: dict[str, Any], lines: Sequence[dict[str, Any]], *, id: str | None = None,
    post: bool = True, confirmed: Sequence[str] = (), rev: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    said = Entry(values, lines, post, frozenset(confirmed))
    return verbs.save(desk.engine, desk.admin, module, said, id=id, rev=rev)


def stock(desk: Desk, id: str) -> tuple[int, int, int]:
    """On hand, value in 分, quantity of unknown cost."""
    rows = desk.ask("SELECT on_hand, value, uncosted FROM stock_balance WHERE product = ?", id)
    return tuple(sum(row[at] for row in rows) / (Q if at != 1 else 1) for at in range(3))


def cancel(desk: Desk, found: dict[str, Any], reason: str = "录错") -> dict[str, Any]:
    module = "stock_entry"
    return verbs.cancel(desk.engine, desk.admin, module, found["row"]["id"], reason)


# -------------------------------------------------------------------------------------------------- draft, post, change


def test_a_draft_books_nothing_and_posting_it_does(desk: Desk) -> None:
    p = product(desk)
    draft = entry(desk, "other_in", (p, 10, 10), post=False)
    assert (draft["row"]["state"], draft["row"]["version"], stock(desk, p)) == ("draft", 0, (0, 0, 0))
    assert draft["row"]["number"].startswith("QR-01A1-") and draft["row"]["number"].endswith("-0001")
    line = draft["lines"][0]
    posted = save(desk, "stock_entry", {}, [{**line, "qty": 12 * Q}], id=draft["row"]["id"])
    assert (posted["row"]["state"], posted["row"]["version"]) == ("posted", 1)
    assert posted["row"]["number"] == draft["row"]["number"] and posted["lines"][0]["id"] == line["id"]
    assert stock(desk, p) == (12, 12_000, 0)
    assert posted["row"]["total_cost"] == 12_000 and posted["lines"][0]["cost_amount"] == 12_000


def test_the_next_version_takes_the_place_of_the_old_one(desk: Desk) -> None:
    p, other = product(desk), product(desk, "R")
    first = entry(desk, "other_in", (p, 10, 10), (other, 1, 5))
    kept, gone = first["lines"]
    second = save(desk, "stock_entry", {}, [{**kept, "qty": 3 * Q}, {"product": p, "qty": 2 * Q, "unit_cost": 20 * Q}],
                  id=first["row"]["id"])  # fmt: skip
    assert second["row"]["version"] == 2 and second["row"]["number"] == first["row"]["number"]
    assert [line["qty"] // Q for line in second["lines"]] == [3, 2]
    assert stock(desk, p) == (5, 7_000, 0) and stock(desk, other) == (0, 0, 0)
    assert [(one["version"], one["is_winner"]) for one in second["versions"]] == [(2, True), (1, False)]
    again = save(desk, "stock_entry", {}, second["lines"], id=first["row"]["id"])
    assert again["row"]["version"] == 2, "nothing changed, so there is no further version"
    assert desk.value("stock_entry_line", gone["id"], "deleted_at")
    assert not desk.ask("SELECT 1 FROM stock_move WHERE product = ?", other)


def test_a_cancelled_document_and_its_mirror_come_to_nothing(desk: Desk) -> None:
    p = product(desk)
    entry(desk, "other_in", (p, 10, 10))
    out = entry(desk, "use", (p, 4, None))
    assert stock(desk, p) == (6, 6_000, 0)
    done = cancel(desk, out)
    assert done["row"]["state"] == "cancelled" and done["row"]["cancel_reason"] == "录错"
    assert [line["qty"] for line in done["lines"]] == [4 * Q], "what was cancelled stays to be read"
    assert stock(desk, p) == (10, 10_000, 0)
    assert [row[0] for row in desk.ask("SELECT qty FROM stock_move ORDER BY row")] == [10 * Q, -4 * Q, 4 * Q]
    with pytest.raises(BadRequest, match="已作废"):
        save(desk, "stock_entry", {}, done["lines"], id=out["row"]["id"])
    with pytest.raises(BadRequest, match="已经作废"):
        cancel(desk, out)


def test_what_was_posted_is_not_deleted_and_a_draft_is(desk: Desk) -> None:
    p = product(desk)
    draft, posted = entry(desk, "other_in", (p, 1, 1), post=False), entry(desk, "other_in", (p, 1, 1))
    desk.delete("stock_entry", draft["row"]["id"])
    assert desk.value("stock_entry_line", draft["lines"][0]["id"], "deleted_at")
    with pytest.raises(InUse, match="可以作废"):
        desk.delete("stock_entry", posted["row"]["id"])
    desk.restore("stock_entry", draft["row"]["id"])
    assert not desk.value("stock_entry_line", draft["lines"][0]["id"], "deleted_at")


def test_what_is_wrong_is_said_at_its_place_and_nothing_is_half_posted(desk: Desk) -> None:
    p = product(desk)
    with pytest.raises(Invalid) as error:
        save(desk, "stock_entry", {"kind": "other_in"}, [{"product": p, "qty": 0}, {"qty": Q}])
    assert error.value.fields == {"lines.1.product": "请填写「产品」"}
    with pytest.raises(Invalid) as error:
        save(desk, "stock_entry", {"kind": "other_in"}, [{"product": p, "qty": 0}])
    assert error.value.fields == {"lines.0.qty": "数量要大于 0"}
    with pytest.raises(Invalid) as error:
        save(desk, "stock_entry", {"kind": "other_in"}, [])
    assert "至少录入一行" in error.value.fields[""]
    assert not desk.ask("SELECT 1 FROM stock_entry") and not desk.ask("SELECT 1 FROM number_series WHERE prefix = 'QR'")
    draft = entry(desk, "other_in", (p, 1, 1), post=False)
    with pytest.raises(Invalid, match="不能再改"):
        save(desk, "stock_entry", {"kind": "use"}, draft["lines"], id=draft["row"]["id"], post=False)
    with pytest.raises(Stale):
        save(desk, "stock_entry", {}, draft["lines"], id=draft["row"]["id"], rev=draft["rev"] + 1)


def test_stock_does_not_go_below_zero_unasked(desk: Desk) -> None:
    p = product(desk)
    entry(desk, "other_in", (p, 5, 10))
    with pytest.raises(Confirm, match="库存 5，需要 8"):
        entry(desk, "use", (p, 8, None))
    out = save(desk, "stock_entry", {"kind": "use"}, [{"product": p, "qty": 8 * Q}], confirmed=["negative_stock"])
    assert stock(desk, p) == (-3, -3_000, 0)  # G7
    with pytest.raises(Confirm, match="库存 5，需要 6"):
        save(desk, "stock_entry", {}, [{**out["lines"][0], "qty": 6 * Q}], id=out["row"]["id"])
    save(desk, "stock_entry", {}, [{**out["lines"][0], "qty": 5 * Q}], id=out["row"]["id"])
    assert stock(desk, p) == (0, 0, 0)


# ------------------------------------------------------------------------------------------------------------ machines


@pytest.fixture
def pair(template: Path, tmp_path: Path) -> Iterator[tuple[Desk, Desk]]:
    with open_pair(template, tmp_path) as desks:
        yield desks
        for desk in desks:
            assert_sound(desk.engine)


def shown(desk: Desk) -> dict[str, Any]:
    """What documents and books show, whoever kept them."""
    tables = {
        "stock_entry": "id, number, state, version, kind, book_on, cancel_reason, deleted_at IS NULL",
        "stock_entry_line": "id, product, qty, base_qty, state, deleted_at IS NULL",
        "stock_move": "id, product, qty, cost_amount, booked_qty, book_on",
        "stock_balance": "id, on_hand, value, uncosted, entries",
        "line_cost": "id, cost_amount",
    }
    return {
        table: sorted(map(tuple, desk.ask(f"SELECT {columns} FROM {table}")), key=repr)
        for table, columns in tables.items()
    }


def meet(a: Desk, b: Desk, since: tuple[int, int] = (0, 0)) -> tuple[int, int]:
    """Both get what the other wrote."""
    mine, theirs = a.changesets()[since[0] :], b.changesets()[since[1] :]
    a.receive(theirs)
    b.receive(mine)
    late_a, late_b = a.changesets()[since[0] + len(mine) :], b.changesets()[since[1] + len(theirs) :]
    a.receive(late_b)
    b.receive(late_a)
    return len(a.changesets()), len(b.changesets())


def test_two_changes_of_one_document_leave_one_version_that_counts(pair: tuple[Desk, Desk]) -> None:
    a, b = pair
    p = product(a)
    first = entry(a, "other_in", (p, 10, 10))
    since = meet(a, b)
    assert shown(a) == shown(b)
    id, line = first["row"]["id"], first["lines"][0]
    save(a, "stock_entry", {}, [{**line, "qty": 3 * Q}], id=id)
    save(b, "stock_entry", {}, [{**line, "qty": 4 * Q}], id=id)
    meet(a, b, since)
    assert shown(a) == shown(b)
    opened = verbs.opened(a.engine, a.admin, "stock_entry", id)
    assert opened["row"]["version"] == 2 and sum(one["is_lost"] for one in opened["versions"]) == 1
    assert stock(a, p)[0] == opened["lines"][0]["qty"] / Q


def test_a_cancelled_document_beats_what_was_changed_meanwhile(pair: tuple[Desk, Desk]) -> None:
    a, b = pair
    p = product(a)
    first = entry(a, "other_in", (p, 10, 10))
    since = meet(a, b)
    cancel(a, first)
    save(b, "stock_entry", {}, [{**first["lines"][0], "qty": 4 * Q}], id=first["row"]["id"])
    meet(a, b, since)
    assert shown(a) == shown(b) and stock(a, p)[0] == 0
    opened = verbs.opened(b.engine, b.admin, "stock_entry", first["row"]["id"])
    assert (opened["row"]["state"], [line["qty"] for line in opened["lines"]]) == ("cancelled", [10 * Q])


def test_one_draft_posted_on_two_machines_counts_once(pair: tuple[Desk, Desk]) -> None:
    a, b = pair
    p = product(a)
    draft = entry(a, "other_in", (p, 10, 10), post=False)
    since = meet(a, b)
    id, line = draft["row"]["id"], draft["lines"][0]
    save(a, "stock_entry", {}, [{**line, "qty": 7 * Q}], id=id)
    save(b, "stock_entry", {}, [line, {"product": p, "qty": Q}], id=id)
    meet(a, b, since)
    assert shown(a) == shown(b)
    opened = verbs.opened(a.engine, a.admin, "stock_entry", id)
    assert stock(a, p)[0] == sum(one["qty"] for one in opened["lines"]) / Q in (7, 11)
    assert len(opened["versions"]) == 2


def test_a_late_edit_of_the_draft_neither_counts_nor_is_lost(pair: tuple[Desk, Desk]) -> None:
    a, b = pair
    p = product(a)
    draft = entry(a, "other_in", (p, 10, 10), post=False)
    since = meet(a, b)
    id, line = draft["row"]["id"], draft["lines"][0]
    save(a, "stock_entry", {}, [line], id=id)
    save(b, "stock_entry", {}, [{**line, "qty": 9 * Q}], id=id, post=False)
    meet(a, b, since)
    assert shown(a) == shown(b) and stock(b, p)[0] == 10
    for desk in pair:
        assert desk.value("stock_entry_line", line["id"], "qty") == 10 * Q
        assert [row[0] for row in desk.ask("SELECT json_extract(data, '$.qty') FROM veil")] == [9 * Q]


def test_any_order_of_what_came_gives_the_same(template: Path, tmp_path: Path) -> None:
    with open_desk(copy_of(template, tmp_path / "author")) as author:
        p = product(author)
        before = len(author.changesets())
        first = entry(author, "other_in", (p, 10, 10))
        save(author, "stock_entry", {}, [{**first["lines"][0], "qty": 6 * Q}], id=first["row"]["id"])
        cancel(author, first)
        written, wanted = author.changesets(), shown(author)
    assert len(written) - before == 5  # each version and its costs; a cancellation has none of its own
    for number, order in enumerate(permutations(range(before, len(written)))):
        if number % 7:
            continue
        with open_desk(copy_of(template, tmp_path / f"reader{number}")) as reader:
            maintenance.renew_identity(reader.workstation.db)
            with reader.engine.db.write() as db:
                db.execute("UPDATE sync_self SET code = 'B7'")  # the costs come from the keeper alone
            reader.receive([*written[:before], *(written[at] for at in order)])
            assert shown(reader) == wanted
            assert_sound(reader.engine)


# --------------------------------------------------------------------------------------------------------------- costs


def test_the_moving_average_follows_the_entries(desk: Desk) -> None:
    """G2, G3 and G6 as stock entries."""
    p = product(desk)
    entry(desk, "other_in", (p, 10, 10))
    entry(desk, "other_in", (p, 10, 13))
    assert stock(desk, p) == (20, 23_000, 0)
    out = entry(desk, "use", (p, 5, None))
    assert out["row"]["total_cost"] == -5_750 and stock(desk, p) == (15, 17_250, 0)
    assert entry(desk, "use", (p, 15, None))["row"]["total_cost"] == -17_250 and stock(desk, p) == (0, 0, 0)


def test_unknown_cost_is_not_zero(desk: Desk) -> None:
    """G6."""
    p = product(desk)
    entry(desk, "other_in", (p, 10, 10))
    entry(desk, "other_in", (p, 5, None))
    assert stock(desk, p) == (15, 10_000, 5)
    assert averages(desk) == [10 * Q]
    entry(desk, "use", (p, 8, None))
    entry(desk, "use", (p, 4, None))
    assert stock(desk, p) == (3, 0, 3)
    assert averages(desk) == [None]


def averages(desk: Desk) -> list[int | None]:
    page = lists.page(desk.engine, desk.admin, "stock_balance", Query())
    return [row["average_cost"] for row in page["rows"]]
