"""Accounts: a long history is not read, and two who write at once wait for each other."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from domain.outcomes import Refusal
from domain.people import SYSTEM
from domain.points import Entry, EntryKind
from domain.rules import Rules
from services import points
from services.customers import meet
from services.work import Work
from storage import people as people_rows
from storage import points as rows
from storage.database import Database, Tx
from tests.storage.plans import plan_of
from texts import Texts

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
DAY = timedelta(days=1)
TEXTS = Texts(("en",))


def work_on(tx: Tx, *, later: timedelta = timedelta()) -> Work:
    """Return a transaction's work."""
    return Work(tx, NOW + later, 42, Rules(), TEXTS)


@pytest.fixture
async def people(database: Database) -> list[int]:
    """Ann and Bob with ten points each."""
    async with database.write() as tx:
        work = work_on(tx)
        met = [await meet(work, chat_id=nth, name="N", username=None, language_code="en") for nth in (1, 2)]
        ids = [person.customer.id for person in met]
        for customer_id in ids:
            await points.earn(
                work, customer_id, points=10, source_key=f"e{customer_id}", by=SYSTEM, expires_at=NOW + DAY
            )
    return ids


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_an_account_is_read_by_what_is_open_and_owed(database: Database) -> None:
    """Neither what was spent nor what was paid is looked at, however much there is."""
    plan = await plan_of(database, rows.WITH_LOTS, {"whose": 1})
    assert "ix_point_lots_open" in plan
    assert "ix_point_entries_owed" in plan
    assert "SCAN point" not in plan


async def test_who_comes_during_a_merge_is_booked_on_the_record_that_was_kept(
    database: Database, people: list[int]
) -> None:
    """Points earned by a record that is being merged away at this moment are not lost with it."""
    ann, bob = people
    started = asyncio.Event()

    async def earn_late() -> Entry | Refusal:
        async with database.write() as tx:
            started.set()
            return await points.earn(work_on(tx), ann, points=5, source_key="late", by=SYSTEM)

    async with database.write() as tx:
        work = work_on(tx)
        await points.join_accounts(work, from_id=ann, to_id=bob, by=SYSTEM)
        people_rows.change_customer(work.tx, ann, merged_into=bob)
        await tx.flush()
        late = asyncio.create_task(earn_late())
        if database.dialect == "postgresql":
            await started.wait()  # it has a transaction of its own and waits for ours
    entry = await late
    assert isinstance(entry, Entry)
    assert entry.customer_id == bob
    async with database.read() as tx:
        assert (await points.balance_of(work_on(tx), bob)).points == 25


async def test_one_key_at_the_same_moment_for_two_people_is_booked_once(database: Database, people: list[int]) -> None:
    """Whoever comes second is refused, and nothing is raised."""

    async def earn(customer_id: int) -> Entry | Refusal:
        async with database.write() as tx:
            return await points.earn(work_on(tx), customer_id, points=5, source_key="same", by=SYSTEM)

    results = await asyncio.gather(*(earn(each) for each in (*people, *people)))
    booked = {result.id for result in results if isinstance(result, Entry)}
    refused = [result for result in results if isinstance(result, Refusal)]
    assert len(booked) == 1
    assert refused == [Refusal("points.refused.key_taken")] * 2


async def test_expired_points_are_written_off_slice_by_slice(database: Database, people: list[int]) -> None:
    """The history shows it for everyone, however few are done at a time; no balance changes."""
    async with database.write() as tx:
        work = work_on(tx, later=2 * DAY)
        before = [await points.balance_of(work, each) for each in people]
        assert [await points.write_off_expired(work, limit=1) for _ in range(3)] == [1, 1, 0]
        assert [await points.balance_of(work, each) for each in people] == before
        newest = [(await points.list_history(work, each))[0] for each in people]
    assert [(entry.kind, entry.points) for entry in newest] == [(EntryKind.EXPIRE, -10)] * 2


async def test_all_accounts_are_checked_however_few_at_a_time(database: Database, people: list[int]) -> None:
    """Slices of one account each cover everyone, and end."""
    seen, after_id = 0, 0
    async with database.read() as tx:
        while True:
            checked = await points.check_accounts(work_on(tx), after_id=after_id, accounts=1)
            seen += checked.entries
            if checked.last_id is None:
                break
            after_id = checked.last_id
    assert (seen, checked.faults) == (len(people), ())
