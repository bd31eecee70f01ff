"""The arithmetic of lots, uses and debts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.loyalty import Clawback
from domain.points import (
    Account,
    Debt,
    Forgiven,
    Lot,
    Taking,
    Use,
    WrittenOff,
    apply,
    balance,
    give_back,
    in_spending_order,
    settle,
    settled,
    spend,
    take_back,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)

# Few distinct hours, so that lots become available and expire at the very moments that are looked at.
hours = st.integers(-4, 8).map(lambda hour: NOON + hour * HOUR)


@st.composite
def accounts(draw: st.DrawFn) -> Account:
    """Accounts settled at some hour before noon, with lots of all states and debts nobody paid yet."""
    lots = []
    for nth in range(draw(st.integers(0, 5))):
        points = draw(st.integers(1, 9))
        lots.append(
            Lot(
                nth + 1,
                nth + 101,
                points,
                draw(st.integers(0, points)),
                draw(st.none() | hours),
                draw(st.none() | hours),
            )
        )
    debts = tuple(
        Debt(nth + 201, draw(st.integers(1, 9)), NOON, draw(st.none() | st.integers(101, 106)))
        for nth in range(draw(st.integers(0, 3)))
    )
    return Account(draw(st.integers(-4, 0).map(lambda hour: NOON + hour * HOUR)), tuple(lots), debts)


def total(account: Account) -> int:
    """Everything that lies in lots, less everything owed."""
    return sum(lot.remaining for lot in account.lots) - account.owed


@given(accounts(), hours)
def test_settling_moves_points_and_makes_none(account: Account, at: datetime) -> None:
    """What lots lose is what debts lose; nothing becomes negative."""
    after, _ = settled(account, at)
    assert total(after) == total(account)
    assert all(lot.remaining >= 0 for lot in after.lots)
    assert all(debt.owed >= 0 for debt in after.debts)


@given(accounts(), hours)
def test_after_settling_nobody_owes_and_has(account: Account, at: datetime) -> None:
    """As long as something is owed nothing can be spent, and nothing lies in the lot the debt took back."""
    after, _ = settled(account, at)
    if after.owed:
        assert after.available(after.settled_at) == 0
        owing = {debt.own_entry_id for debt in after.debts if debt.owed}
        assert all(lot.remaining == 0 for lot in after.lots if lot.entry_id in owing)


@given(accounts(), hours, hours)
def test_settling_on_the_way_changes_nothing(account: Account, first: datetime, second: datetime) -> None:
    """Who looks at an account in between has no influence on what it comes to."""
    assume(first <= second)
    account, _ = settled(account, account.settled_at)
    on_the_way, _ = settled(account, first)
    there, _ = settled(on_the_way, second)
    at_once, _ = settled(account, second)
    assert there == at_once
    assert balance(on_the_way, second) == balance(account, second)


@given(accounts(), st.integers(1, 20))
def test_a_spend_takes_what_expires_first(account: Account, points: int) -> None:
    """No point that expires later is taken while one that expires earlier lies there, and none that cannot be had."""
    account, _ = settled(account, NOON)
    takings = spend(account, points)
    there = in_spending_order(lot for lot in account.lots if lot.is_available(NOON) and lot.remaining)
    if takings is None:
        assert sum(lot.remaining for lot in there) - account.owed < points
        return
    assert sum(taking.points for taking in takings) == points
    taken = {taking.lot_id: taking.points for taking in takings}
    assert list(taken) == [lot.id for lot in there[: len(taken)]]
    assert all(taken[lot.id] == lot.remaining for lot in there[: len(taken) - 1])


@given(accounts(), st.integers(1, 20))
def test_a_returned_spend_leaves_no_trace(account: Account, points: int) -> None:
    """Every lot has again what it had, with its expiry."""
    account, _ = settled(account, NOON)
    takings = spend(account, points)
    if takings is not None:
        spent = apply(account, [taking.by(1) for taking in takings])
        giving = give_back(spent, takings, ())
        assert apply(spent, [taking.by(2) for taking in giving.uses]) == account
        assert giving.caught_up == ()


@given(accounts(), st.integers(1, 12), st.sampled_from(Clawback), st.none() | st.integers(101, 106))
def test_what_is_taken_back_adds_up(account: Account, points: int, policy: Clawback, own: int | None) -> None:
    """What was asked is taken, owed or forgiven; nobody owes under one policy, nothing is forgiven under the other."""
    account, _ = settled(account, NOON)
    back = take_back(account, points, policy=policy, own_entry_id=own)
    assert back.taken + back.forgiven == points
    assert (back.owed if policy is Clawback.ZERO else back.forgiven) == 0
    after = apply(account, [taking.by(1) for taking in back.takings])
    if back.owed or back.forgiven:
        assert after.available(NOON) == 0
    for lot in after.lots:
        touched = lot not in account.lots
        assert not touched or lot.entry_id == own or lot.is_available(NOON)


@given(accounts(), st.integers(1, 12), st.sampled_from(Clawback), st.integers(101, 106))
def test_it_makes_no_difference_whether_expired_points_were_written_off(
    account: Account, points: int, policy: Clawback, own: int
) -> None:
    """A refund finds the same, and leaves the same to spend, whether the tick ran before it or not."""
    account, _ = settled(account, NOON)
    gone = [lot for lot in account.lots if lot.entry_id == own and lot.is_expired(NOON) and lot.remaining]
    untouched = take_back(account, points, policy=policy, own_entry_id=own)
    written_off = [WrittenOff(901, lot.id, lot.remaining) for lot in gone]
    emptied = apply(account, [Use(each.lot_id, 901, each.points) for each in written_off])
    late = take_back(emptied, points, policy=policy, own_entry_id=own, written_off=written_off)
    assert (late.takings, late.owed, late.forgiven) == (untouched.takings, untouched.owed, untouched.forgiven)


def test_a_lot_pays_as_of_the_moment_it_became_available() -> None:
    """Points that came and expired while nobody looked have paid what was owed then."""
    lot = Lot(1, 101, 5, 5, NOON + HOUR, NOON + 2 * HOUR)
    account = Account(NOON, (lot,), (Debt(201, 3, NOON),))
    assert settle(account, NOON + 5 * HOUR) == [Use(1, 201, 3)]
    assert balance(account, NOON + 5 * HOUR).points == 0


def test_what_was_expired_all_the_time_pays_nothing() -> None:
    """Points that expired before anything was owed are gone."""
    lot = Lot(1, 101, 5, 5, NOON - 3 * HOUR, NOON - HOUR)
    account = Account(NOON, (lot,), (Debt(201, 3, NOON),))
    assert balance(account, NOON + HOUR).points == -3


def test_the_oldest_debt_is_paid_first() -> None:
    """Of two debts the elder gets the points, whichever number it has."""
    debts = (Debt(201, 3, NOON), Debt(200, 3, NOON + HOUR))
    account = Account(NOON + HOUR, (Lot(1, 101, 4, 4, NOON),), debts)
    assert settle(account, NOON + HOUR) == [Use(1, 201, 3), Use(1, 200, 1)]


def test_points_are_good_until_just_before_they_expire() -> None:
    """The instant of expiry is the first at which they cannot be spent; that of availability the first they can."""
    lot = Lot(1, 101, 5, 5, NOON, NOON + HOUR)
    account = Account(NOON - HOUR, (lot,))
    just_before = timedelta(milliseconds=1)
    assert [
        balance(account, at).available for at in (NOON - just_before, NOON, NOON + HOUR - just_before, NOON + HOUR)
    ] == [0, 5, 5, 0]
    assert balance(account, NOON - just_before).pending == 5


def test_a_clock_that_goes_back_takes_no_time_back() -> None:
    """An account stays at the moment at which it was settled last."""
    lot = Lot(1, 101, 5, 5, NOON - HOUR, NOON)
    account = Account(NOON, (lot,))
    assert balance(account, NOON - 2 * HOUR).available == 0


def test_points_that_come_back_are_taken_if_their_purchase_was_refunded() -> None:
    """Who redeems, is refunded and returns the reward has no more than before the purchase."""
    account = Account(NOON, (Lot(1, 101, 5, 0, NOON),))
    giving = give_back(account, (Taking(1, 4),), (Forgiven(101, 3),))
    assert giving.uses == (Taking(1, -4),)
    assert giving.caught_up == ((101, Taking(1, 3)),)


def test_uses_that_do_not_fit_are_an_error() -> None:
    """A lot never holds less than nothing or more than it began with, and no debt is paid twice."""
    account = Account(NOON, (Lot(1, 101, 5, 3, NOON),), (Debt(201, 2, NOON),))
    for use in (Use(1, 9, 4), Use(1, 9, -3), Use(1, 201, 3), Use(2, 9, 1)):
        with pytest.raises(ValueError, match="account"):
            apply(account, [use])
    assert apply(account, [Use(1, 201, 2)]) == replace(
        account, lots=(replace(account.lots[0], remaining=1),), debts=(replace(account.debts[0], owed=0),)
    )
