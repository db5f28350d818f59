"""Moving weighted average (T6): the golden examples and what must hold for any history."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from desktop.modules.trading.amounts import derive_purchase
from desktop.modules.trading.cost import (
    Costed,
    Origin,
    Pool,
    customer_return,
    gain,
    issue,
    late_charges,
    late_cost,
    receipt,
    receipt_amount,
    supplier_return,
    transfer,
)
from tests.modules.trading.kit import fen, line, n4

EMPTY = Pool()


def pool(qty: str | int, value: str | int, uncosted: str | int = 0) -> Pool:
    return Pool(n4(qty), n4(uncosted), fen(value))


def bought(*receipts: tuple[int, str | int | None], into: Pool = EMPTY) -> Pool:
    """A pool after receipts of (quantity, price)."""
    for qty, price in receipts:
        into = receipt(into, n4(qty), None if price is None else qty * fen(price)).pool
    return into


def assert_moved(before: Pool, qty: int, move: Costed) -> None:
    assert move.pool == Pool(
        before.qty + qty,
        before.uncosted + move.uncosted_qty,
        before.value + move.cost_amount + move.cost_variance,
    )


# --- receipts and issues -----------------------------------------------------------------------------------


def test_g2_moving_average() -> None:
    first = bought((10, 10))
    assert (first, first.average) == (pool(10, 100), n4(10))
    second = bought((10, 13), into=first)
    assert (second, second.average) == (pool(20, 230), n4("11.5"))
    sold = issue(second, n4(5), None)
    assert (sold.cost_amount, sold.pool) == (-fen("57.50"), pool(15, "172.50"))
    rest = issue(sold.pool, n4(15), None)
    assert (rest.cost_amount, rest.pool, rest.pool.average) == (-fen("172.50"), EMPTY, None)


def test_g3_no_residue() -> None:
    found = receipt(EMPTY, n4(3), fen(10)).pool
    costs, values = [], []
    for _ in range(3):
        sold = issue(found, n4(1), None)
        found = sold.pool
        costs.append(-sold.cost_amount)
        values.append(found.value)
    assert (costs, values) == ([333, 334, 333], [667, 333, 0])


def test_g6_unknown_cost_is_not_zero() -> None:
    found = bought((10, 10), (5, None))
    assert (found, found.average) == (pool(15, 100, 5), n4(10))
    sold = issue(found, n4(8), None)
    assert (sold.cost_amount, sold.uncosted_qty, sold.pool) == (-fen(80), 0, pool(7, 20, 5))
    sold = issue(sold.pool, n4(4), None)
    assert (sold.cost_amount, sold.uncosted_qty, sold.pool) == (-fen(20), -n4(2), pool(3, 0, 3))
    assert sold.pool.average is None

    late = late_cost(sold.pool, n4(5), n4(12))
    assert (late.costed.cost_amount, late.costed.uncosted_qty) == (fen(36), -n4(3))
    assert (late.costed.pool, late.costed.pool.average) == (pool(3, 36), n4(12))
    assert (late.issued_qty, late.issued_cost) == (n4(2), fen(24))
    assert list(late_charges(late.issued_qty, late.issued_cost, [n4(2)])) == [(n4(2), fen(24))]


def test_free_goods_are_costed_at_nothing() -> None:
    free = receipt(EMPTY, n4(4), 0)
    assert (free.uncosted_qty, free.pool.average) == (0, 0)
    assert issue(free.pool, n4(5), n4(9)).cost_amount == 0


def test_g7_negative_stock_filled_later() -> None:
    short = issue(bought((5, 10)), n4(8), None)
    assert (short.cost_amount, short.pool) == (-fen(80), pool(-3, -30))
    filled = receipt(short.pool, n4(10), fen(120))
    assert (filled.cost_variance, filled.pool, filled.pool.average) == (-fen(6), pool(7, 84), n4(12))

    little = receipt(short.pool, n4(2), fen(24))
    assert (little.cost_variance, little.pool) == (-fen(4), pool(-1, -10))
    even = receipt(little.pool, n4(1), fen(12))
    assert (even.cost_variance, even.pool) == (-fen(2), EMPTY)


def test_g16_two_machines_oversell() -> None:
    first = issue(pool(10, 100), n4(8), None)
    second = issue(first.pool, n4(8), None)
    assert (first.cost_amount, second.cost_amount, second.pool) == (-fen(80), -fen(80), pool(-6, -60))
    filled = receipt(second.pool, n4(10), fen(120))
    assert (filled.cost_variance, filled.pool) == (-fen(12), pool(4, 48))


def test_what_is_issued_from_nothing_takes_the_last_known_cost_or_none() -> None:
    known = issue(EMPTY, n4(3), n4("1.5"))
    assert (known.cost_amount, known.uncosted_qty, known.pool) == (-fen("4.50"), 0, pool(-3, "-4.50"))
    unknown = issue(EMPTY, n4(3), None)
    assert (unknown.cost_amount, unknown.uncosted_qty, unknown.pool) == (0, -n4(3), pool(-3, 0, -3))


def test_an_issue_below_zero_goes_on_at_the_cost_charged_before() -> None:
    assert issue(pool(-3, -30), n4(2), n4(99)).cost_amount == -fen(20)


def test_an_issue_takes_costed_then_uncosted_then_missing_units() -> None:
    sold = issue(pool(5, 20, 3), n4(9), None)
    assert (sold.cost_amount, sold.uncosted_qty, sold.pool) == (-fen(60), -n4(3), pool(-4, -40))


def test_uncosted_goods_fill_a_hole_at_what_was_charged() -> None:
    part = receipt(pool(-3, -30), n4(2), None)
    assert (part.cost_amount, part.uncosted_qty, part.pool) == (fen(20), 0, pool(-1, -10))
    more = receipt(pool(-3, -30), n4(5), None)
    assert (more.cost_amount, more.uncosted_qty, more.pool) == (fen(30), n4(2), pool(2, 0, 2))
    assert more.cost_variance == 0


@pytest.mark.parametrize(("with_tax", "own"), [(True, "500.00"), (False, "442.48")])
def test_a_receipt_costs_its_amount_and_its_shares(with_tax: bool, own: str) -> None:
    lines = [line(100, 5, line_no=1, tax_rate=n4(13)), line(50, 6, line_no=2)]
    header = {"fee_amount": fen("33.33"), "charge_amount": fen("4.80")}
    found = derive_purchase(header, lines, tax_included=True)
    assert receipt_amount(found.lines[0], with_tax=with_tax) == fen(own) + fen("20.83") + fen("3.00")


def test_g18_costs_with_fees_and_units() -> None:
    lines = [line(100, 5, line_no=1), line(50, 6, line_no=2)]
    found = derive_purchase({"fee_amount": fen("33.33")}, lines, tax_included=True)
    assert [receipt_amount(row, with_tax=True) for row in found.lines] == [fen("520.83"), fen("312.50")]
    assert found.header["total"] == fen(800)

    (box,) = derive_purchase({}, [line(2, 60, ratio=n4(12))], tax_included=True).lines
    stock = receipt(EMPTY, box["base_qty"] or 0, receipt_amount(box, with_tax=True)).pool
    assert (stock, stock.average) == (pool(24, 120), n4(5))
    assert issue(stock, n4(5), None).cost_amount == -fen(25)


def test_a_blank_price_is_an_unknown_cost_and_zero_is_free() -> None:
    def amount(price: int | None) -> int | None:
        (row,) = derive_purchase({}, [line(2, price)], tax_included=True).lines
        return receipt_amount(row, with_tax=True)

    assert (amount(None), amount(0)) == (None, 0)


# --- returns -----------------------------------------------------------------------------------------------


def test_g4_customer_return_at_its_own_cost() -> None:
    sold = issue(bought((10, 10), (10, 13)), n4(6), None)
    assert (sold.cost_amount, sold.pool) == (-fen(69), pool(14, 161))
    stock = bought((4, 15), into=sold.pool)
    assert (stock, stock.average) == (pool(18, 221), n4("12.2778"))
    back = customer_return(stock, n4(3), Origin(n4(6), fen(69)))
    assert (back.cost_amount, back.pool, back.pool.average) == (fen("34.50"), pool(21, "255.50"), n4("12.1667"))
    last = customer_return(stock, n4(3), Origin(n4(6), fen(69), 0, n4(3), fen("34.50")))
    assert last.cost_amount == fen("34.50")


def test_a_return_without_origin_comes_at_the_average_or_uncosted() -> None:
    assert customer_return(pool(3, 10), n4(1), None).cost_amount == 333
    unknown = customer_return(EMPTY, n4(1), None)
    assert (unknown.cost_amount, unknown.uncosted_qty) == (0, n4(1))


def test_what_left_uncosted_comes_back_uncosted() -> None:
    origin = Origin(n4(4), fen(20), n4(2))
    back = customer_return(pool(3, 0, 3), n4(2), origin)
    assert (back.cost_amount, back.uncosted_qty, back.pool) == (fen(10), n4(1), pool(5, 10, 4))


def test_a_customer_return_into_a_hole_is_a_costed_receipt() -> None:
    back = customer_return(pool(-3, -30), n4(2), Origin(n4(2), fen(24)))
    assert (back.cost_amount, back.cost_variance, back.pool) == (fen(24), -fen(4), pool(-1, -10))


def test_g5_return_to_supplier() -> None:
    sold = issue(bought((10, 10), (10, 14)), n4(4), None)
    assert (sold.cost_amount, sold.pool) == (-fen(48), pool(16, 192))
    back = supplier_return(sold.pool, n4(5), Origin(n4(10), fen(140)), None)
    assert (back.cost_amount, back.pool, back.pool.average) == (-fen(70), pool(11, 122), n4("11.0909"))


def test_g5_the_last_units_take_what_is_left() -> None:
    sold = issue(bought((2, 10), (2, 30)), n4(2), None)
    assert (sold.cost_amount, sold.pool) == (-fen(40), pool(2, 40))
    back = supplier_return(sold.pool, n4(2), Origin(n4(2), fen(60)), None)
    assert (back.cost_amount, back.pool) == (-fen(40), EMPTY)


def test_a_return_dearer_than_the_stock_goes_at_the_average() -> None:
    back = supplier_return(pool(10, 50), n4(2), Origin(n4(2), fen(60)), None)
    assert (back.cost_amount, back.pool) == (-fen(10), pool(8, 40))
    even = supplier_return(pool(10, 60), n4(2), Origin(n4(2), fen(60)), None)
    assert (even.cost_amount, even.pool) == (-fen(60), pool(8, 0))


def test_a_return_of_goods_sold_long_ago_goes_below_zero_at_its_own_cost() -> None:
    back = supplier_return(pool(1, 12), n4(3), Origin(n4(10), fen(100)), None)
    assert (back.cost_amount, back.pool) == (-fen(30), pool(-2, -18))


def test_a_return_to_the_supplier_ends_what_left_uncosted_before_it_came() -> None:
    """Sold from nothing at a cost nobody knew, then bought: no value may stay behind at zero."""
    short = issue(EMPTY, n4(3), None).pool
    stock = receipt(short, n4(10), fen(120)).pool
    assert supplier_return(stock, n4(7), Origin(n4(10), fen(120)), None).pool == EMPTY


def test_a_return_without_origin_goes_at_the_average() -> None:
    assert supplier_return(pool(10, 50), n4(2), None, None).cost_amount == -fen(10)


def test_no_value_stays_on_units_of_unknown_cost() -> None:
    back = supplier_return(pool(7, 40, 5), n4(2), Origin(n4(2), fen(20)), None)
    assert (back.cost_amount, back.pool) == (-fen(40), pool(5, 0, 5))


def test_what_came_uncosted_goes_back_uncosted() -> None:
    back = supplier_return(pool(15, 100, 5), n4(3), Origin(n4(5), 0, n4(5)), None)
    assert (back.cost_amount, back.uncosted_qty, back.pool) == (0, -n4(3), pool(12, 100, 2))


def test_a_return_to_the_supplier_of_all_there_is_empties_the_pool() -> None:
    back = supplier_return(pool(5, 20, 3), n4(5), Origin(n4(9), fen(90)), None)
    assert back.pool == EMPTY


# --- transfers and stock-takes -----------------------------------------------------------------------------


def test_g8_transfer_between_pools() -> None:
    out, into = transfer(pool(10, 100), pool(10, 140), n4(4), None)
    assert (out.cost_amount, out.pool) == (-fen(40), pool(6, 60))
    assert (into.cost_amount, into.pool, into.pool.average) == (fen(40), pool(14, 180), n4("12.8571"))
    sold = issue(into.pool, n4(7), None)
    assert (sold.cost_amount, sold.pool) == (-fen(90), pool(7, 90))


def test_g8_transfer_within_the_company_pool() -> None:
    company = bought((10, 10), (10, 14))
    out, into = transfer(company, None, n4(4), None)
    assert (out.cost_amount, into.cost_amount, into.pool) == (-fen(48), fen(48), company)
    sold = issue(into.pool, n4(7), None)
    assert (sold.cost_amount, sold.pool) == (-fen(84), pool(13, 156))


def test_a_transfer_beyond_the_stock_is_net_zero_within_the_pool() -> None:
    company = pool(2, 20, 1)
    assert transfer(company, None, n4(5), None)[1].pool == company


def test_a_transfer_takes_the_uncosted_part_along() -> None:
    out, into = transfer(pool(5, 20, 3), EMPTY, n4(4), None)
    assert (out.cost_amount, out.uncosted_qty) == (-fen(20), -n4(2))
    assert into.pool == pool(4, 20, 2)


def test_a_gain_takes_the_average_then_the_typed_cost_then_none() -> None:
    assert gain(pool(3, 10), n4(1), n4(99)).cost_amount == 333
    typed = gain(EMPTY, n4(2), n4("1.5"))
    assert (typed.cost_amount, typed.uncosted_qty) == (fen(3), 0)
    assert gain(EMPTY, n4(2), None).uncosted_qty == n4(2)
    assert gain(pool(-3, -30), n4(1), n4(12)).pool == pool(-2, -20)


def test_g13_loss_is_an_issue() -> None:
    assert issue(pool(20, 230), n4(2), None).cost_amount == -fen(23)


def test_a_late_cost_is_borne_by_the_oldest_issues_to_the_last_fen() -> None:
    assert list(late_charges(3, 100, [1, 1, 5])) == [(1, 33), (1, 34), (1, 33)]
    assert list(late_charges(2, 100, [2, 4])) == [(2, 100), (0, 0)]
    assert list(late_charges(0, 0, [2])) == [(0, 0)]


def test_a_late_cost_for_goods_all_gone_leaves_the_pool_alone() -> None:
    late = late_cost(pool(3, 30), n4(2), n4(9))
    assert (late.costed.pool, late.issued_cost) == (pool(3, 30), fen(18))


# --- any history -------------------------------------------------------------------------------------------

QTY = st.integers(1, 10**6)
AMOUNT = st.integers(0, 10**8)
MOVES = st.lists(st.tuples(st.booleans(), QTY, AMOUNT), max_size=25)


def run(moves: Iterable[tuple[bool, int, int]], found: Pool, last_cost: int | None) -> Iterable[Costed]:
    for is_receipt, qty, amount in moves:
        move = receipt(found, qty, amount) if is_receipt else issue(found, qty, last_cost)
        assert_moved(found, qty if is_receipt else -qty, move)
        found = move.pool
        yield move


@given(QTY, AMOUNT, MOVES, st.integers(0, 10**6))
@example(3, 10, [(False, 5, 0), (True, 1, 7), (True, 1, 1)], 0)
def test_nothing_is_left_of_a_costed_pool_at_zero(qty: int, amount: int, moves: list[Any], last: int) -> None:
    """Whatever came and went, also beyond the stock: costs out = costs in + variances once the pool is at zero."""
    history = list(run([(True, qty, amount), *moves], EMPTY, last))
    level = history[-1].pool.qty
    history += run([(level < 0, abs(level), 12345)] if level else [], history[-1].pool, last)
    assert history[-1].pool == EMPTY
    assert sum(move.cost_amount + move.cost_variance for move in history) == 0
    assert all(move.uncosted_qty == 0 for move in history)
    assert all(move.pool.value == 0 for move in history if move.pool.qty == 0)


@given(st.lists(st.tuples(QTY, st.none() | AMOUNT), min_size=1, max_size=10), st.data())
def test_stock_never_oversold_stays_sound(receipts: list[tuple[int, int | None]], data: st.DataObject) -> None:
    """Without negative stock: 0 ≤ U ≤ Q, V ≥ 0, and no value where no costed unit is."""
    found = EMPTY
    for qty, amount in receipts:
        found = receipt(found, qty, amount).pool
        sold = data.draw(st.integers(0, found.qty))
        move = issue(found, sold, None)
        assert_moved(found, -sold, move)
        found = move.pool
        assert 0 <= found.uncosted <= found.qty
        assert found.value >= 0
        assert found.costed or not found.value


@given(QTY, AMOUNT, st.data())
def test_all_pieces_that_come_back_bring_back_the_whole_cost(qty: int, cost: int, data: st.DataObject) -> None:
    uncosted = data.draw(st.integers(0, qty))
    seen = Origin(qty, cost, uncosted)
    while left := qty - seen.returned_qty:
        piece = data.draw(st.integers(max(1, left // 3), left))
        share, unknown = seen.share(piece)
        assert share >= 0
        assert 0 <= unknown <= piece
        seen = Origin(
            qty,
            cost,
            uncosted,
            seen.returned_qty + piece,
            seen.returned_cost + share,
            seen.returned_uncosted + unknown,
        )
    assert (seen.returned_cost, seen.returned_uncosted) == (cost, uncosted)


def pools(costed: st.SearchStrategy[int], uncosted: st.SearchStrategy[int]) -> st.SearchStrategy[Pool]:
    return st.builds(lambda k, unit, u: Pool(k + u, u, k * unit), costed, st.integers(0, 100), uncosted)


SOUND = pools(st.integers(0, 10**6), st.integers(0, 10**6))
POOLS = SOUND | pools(st.integers(-(10**6), 0), st.just(0))


@given(POOLS, QTY, AMOUNT, st.data())
def test_every_move_says_how_the_pool_moved(found: Pool, qty: int, cost: int, data: st.DataObject) -> None:
    origin = Origin(qty * 2, cost, data.draw(st.integers(0, qty * 2)))
    last = data.draw(st.none() | st.integers(0, 10**6))
    assert_moved(found, qty, customer_return(found, qty, origin))
    assert_moved(found, qty, customer_return(found, qty, None))
    assert_moved(found, qty, gain(found, qty, last))
    assert_moved(found, -qty, supplier_return(found, qty, origin, last))
    assert_moved(found, -qty, supplier_return(found, qty, None, last))
    assert_moved(found, 0, late_cost(found, qty, 77).costed)
    out, into = transfer(found, Pool(), qty, last)
    assert_moved(found, -qty, out)
    assert_moved(Pool(), qty, into)
    assert transfer(found, None, qty, last)[1].pool == found


@given(SOUND, st.data())
def test_a_return_to_the_supplier_leaves_a_sound_pool(found: Pool, data: st.DataObject) -> None:
    qty = data.draw(st.integers(0, found.qty))
    bought_qty = data.draw(st.integers(max(qty, 1), 10**6 * 3))
    origin = Origin(bought_qty, data.draw(AMOUNT), data.draw(st.integers(0, bought_qty)))
    after = supplier_return(found, qty, origin, None).pool
    assert 0 <= after.uncosted <= after.qty
    assert after.value >= 0
    assert after.costed or not after.value
