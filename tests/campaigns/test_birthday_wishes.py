"""What becomes of a birthday wish: after it was queued, and when the contact question holds it back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.loyalty import ContactRules
from services import customers
from services.delivery import after_failed, after_sent, after_unknown, assume_delivered, drop_unwanted, retry_unknown
from storage.database import Database
from storage.outbox import get_row, mark_settled
from storage.tables import cases
from tests.campaigns.birthdays import CARE, Year


@pytest.fixture
async def year(database: Database) -> Year:
    """A shop on the morning of 1 May 2026."""
    shop = Year(database)
    await shop.begins()
    return shop


# What becomes of a wish after it was queued


async def queued(year: Year) -> int:
    """Queue Ann's wish; returns its outbox row."""
    await year.knows("Ann", (5, 1))
    year.at(2026, 5, 1, 9, 0)
    await year.plans()
    await year.feeds()
    row_id: int = (await year.town.rows("outbox", purpose="campaign"))[0].id
    return row_id


async def test_the_delivery_follows_its_row(year: Year) -> None:
    """Sent, failed with a reason, unknown: the delivery says what the sender saw."""
    row_id = await queued(year)
    for settle, expected in (
        (lambda work, row: after_sent(work, row, 5), ("sent", None)),
        (lambda work, row: after_failed(work, row, "blocked"), ("failed", "blocked")),
        (lambda work, row: after_unknown(work, row), ("unknown", None)),
    ):
        async with year.town.work() as work:
            row = await get_row(work.tx, row_id)
            await settle(work, row)  # type: ignore[no-untyped-call]
        assert await year.states() == [expected]


async def test_a_wish_refused_as_blocked_marks_the_contact(year: Year) -> None:
    """Whoever blocked us is left in peace from now on."""
    row_id = await queued(year)
    async with year.town.work() as work:
        row = await get_row(work.tx, row_id)
        assert row is not None
        await after_failed(work, row, "blocked")
    assert [row.reach for row in await year.town.rows("contact_points")] == ["blocked"]


async def lost(year: Year) -> int:
    """Lose sight of Ann's wish; returns its outbox row."""
    row_id = await queued(year)
    async with year.town.work() as work:
        row = await get_row(work.tx, row_id)
        assert row is not None
        mark_settled(work.tx, row_id=row_id, state="unknown", now=work.now, error="killed")
        await after_unknown(work, row)
    return row_id


async def test_an_unknown_wish_is_sent_again_only_by_a_persons_decision(year: Year) -> None:
    """It stands in the list until somebody says retry; then it goes out, and who said so is on record."""
    row_id = await lost(year)
    assert await year.ticks() == []
    async with year.town.work() as work:
        assert await retry_unknown(work, row_id) is None
    assert len(await year.town.deliver()) == 1
    assert await year.states() == [("queued", None)]
    assert await year.town.rows("audit", action="outbox.retry")


async def test_an_unknown_wish_is_not_sent_again_days_later(year: Year) -> None:
    """A decision that comes too late for the occasion is refused, not quietly dropped."""
    row_id = await lost(year)
    year.town.moves(days=2)
    async with year.town.work() as work:
        refusal = await retry_unknown(work, row_id)
    assert refusal is not None
    assert refusal.key == "desk.refused.unwanted"


async def test_an_unknown_wish_can_be_taken_for_delivered(year: Year) -> None:
    """Nothing goes out, the delivery counts as sent, and a second decision is refused."""
    row_id = await lost(year)
    async with year.town.work() as work:
        assert await assume_delivered(work, row_id) is None
    assert await year.states() == [("sent", "assumed")]
    async with year.town.work() as work:
        refusal = await retry_unknown(work, row_id)
    assert refusal is not None
    assert await year.town.deliver() == []


async def test_a_wish_still_waiting_is_not_sent_to_who_said_stop(year: Year) -> None:
    """Between queueing and sending consent may go or the hour may pass; the sender can ask."""
    row_id = await queued(year)
    contact_id = (await year.town.rows("contact_points"))[0].id
    async with year.town.work() as work:
        row = await get_row(work.tx, row_id)
        assert row is not None
        assert await drop_unwanted(work, [row]) == frozenset()
    await year.change(contact_id, customers.set_consent, CARE, given=False)
    async with year.town.work() as work:
        assert await drop_unwanted(work, [row]) == {row.id}
    assert await year.states() == [("skipped", "withdrawn")]


# What the contact question holds back


async def complains(year: Year, contact_id: int) -> None:
    """Let a customer have an open complaint."""
    async with year.town.work() as work:
        customer_id = (await year._person(work, contact_id)).customer.id
        complaint = cases.insert().values(
            number=1001, customer_id=customer_id, kind="complaint", state="new", opened_at=work.now
        )
        await work.tx.execute(complaint)


async def test_an_open_complaint_holds_a_wish_until_it_is_settled(year: Year) -> None:
    """No cheer while Ann waits for an answer; once it is settled she hears, still on her day."""
    ann = await year.knows("Ann", (5, 1))
    await complains(year, ann)
    year.at(2026, 5, 1, 9, 0)
    assert await year.ticks() == []
    assert await year.states() == [("planned", None)]
    async with year.town.work() as work:
        await work.tx.execute(cases.update().values(state="closed", closed_at=work.now))
    year.at(2026, 5, 1, 10, 0)
    assert len(await year.ticks()) == 1


async def test_a_complaint_open_all_day_skips_with_its_reason(year: Year) -> None:
    """Asked now and then until it is too late, and then said why; never planned again."""
    ann = await year.knows("Ann", (5, 1))
    await complains(year, ann)
    for minute in range(0, 13 * 60, 5):
        year.town.now = datetime(2026, 5, 1, 9, tzinfo=UTC) + timedelta(minutes=minute)
        assert await year.ticks() == []
    assert await year.states() == [("skipped", "open_case")]


async def test_a_snooze_over_the_day_skips_and_one_that_ends_in_time_does_not(year: Year) -> None:
    """Planned the day before; paused meanwhile."""
    ann, bob = await year.knows("Ann", (5, 1)), await year.knows("Bob", (5, 1))
    await year.plans()
    await year.change(ann, customers.set_consent, CARE, given=False, until_at=datetime(2026, 5, 8, tzinfo=UTC))
    await year.change(bob, customers.set_consent, CARE, given=False, until_at=datetime(2026, 5, 1, 11, tzinfo=UTC))
    year.at(2026, 5, 1, 9, 0)
    assert await year.ticks() == []
    year.at(2026, 5, 1, 11, 0)
    assert ["Bob" in said.text for said in await year.ticks()] == [True]
    assert await year.states() == [("skipped", "snoozed"), ("queued", None)]


async def test_a_wish_counts_in_the_budget_and_is_not_held_by_it(year: Year) -> None:
    """When it was queued is on the delivery."""
    await year.knows("Ann", (5, 1))
    year.town.rules = replace(year.town.rules, contact=ContactRules(budget=0))
    year.at(2026, 5, 1, 9, 0)
    assert len(await year.ticks()) == 1
    assert [row.queued_at for row in await year.deliveries()] == [year.town.now]


async def test_a_wish_queued_before_a_standstill_does_not_wake_anyone(year: Year) -> None:
    """Nothing was sent all day; at night it waits for the morning, and by then it is too late."""
    await year.allows("16h")
    row_id = await queued(year)
    assert await asked_again(year, row_id, 2026, 5, 1, 23) == ("queued", datetime(2026, 5, 2, 8, tzinfo=UTC))
    assert (await asked_again(year, row_id, 2026, 5, 2, 8))[0] == "dropped"


async def asked_again(year: Year, row_id: int, *moment: int) -> tuple[str, datetime | None]:
    """Let the sender ask whether a queued row may still go, which it may not; returns its state and its wait."""
    year.at(*moment)
    async with year.town.work() as work:
        row = await get_row(work.tx, row_id)
        assert row is not None
        assert await drop_unwanted(work, [row]) == {row_id}
    (after,) = await year.town.rows("outbox", id=row_id)
    return after.state, after.not_before_at
