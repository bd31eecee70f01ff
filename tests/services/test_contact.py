"""The contact question, asked of the database: every fact that decides is found, for many people at once."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from domain.contact import Hold
from domain.outcomes import Refusal
from domain.people import SYSTEM, ConsentClass, Reach
from domain.rules import Rules
from services import customers, erasure
from services.contact import may_contact, verdicts
from services.work import Person, Work
from storage import tables
from storage.database import Database
from storage.people import get_contact
from tests.services.shop import Working, arrive

CARE, POINTS = ConsentClass.CARE, ConsentClass.POINTS
DAY = timedelta(days=1)


@dataclass
class Ann:
    """Ann, who wants care and points news, and a way to ask about her."""

    working: Working
    id: int
    contact_id: int

    async def asks(self, kind: ConsentClass = CARE, *, later: timedelta = timedelta(), **how: Any) -> Hold | None:
        """Return what holds such a message back."""
        async with self.working(later=later) as work:
            return (await may_contact(work, self.id, kind, **how)).why

    async def is_told(self, *, ago: timedelta, state: str = "sent", campaign: str = "spring") -> None:
        """Let a delivery of hers have been queued."""
        async with self.working() as work:
            queued_at = work.now - ago
            await work.tx.execute(
                tables.deliveries.insert().values(
                    campaign=campaign,
                    occasion=f"{ago} {state}",
                    customer_id=self.id,
                    occasion_on="2026-11-22",
                    zone="UTC",
                    due_at=queued_at,
                    late_after_at=queued_at,
                    state=state,
                    planned_at=queued_at,
                    queued_at=queued_at,
                )
            )


async def person(work: Work, contact_id: int) -> Person:
    """Return who is behind a contact point."""
    known = await get_contact(work.tx, contact_id)
    assert known is not None
    return Person(known.contact, known.customer)


@pytest.fixture
async def ann(working: Working) -> Ann:
    """Ann."""
    async with working() as work:
        met = await arrive(work, chat_id=1001, name="Ann")
        for kind in (CARE, POINTS):
            await customers.set_consent(work, met, kind, given=True)
    return Ann(working, met.customer.id, met.contact.id)


async def test_ann_may_be_written_to(ann: Ann) -> None:
    """She said yes to care and to points, to nothing else."""
    assert await ann.asks() is None
    assert await ann.asks(POINTS) is None
    assert await ann.asks(ConsentClass.OFFERS) is Hold.NO_CONSENT
    assert await ann.asks(ConsentClass.SERVICE) is None
    assert await ann.asks(later=timedelta(hours=13)) is Hold.QUIET_HOURS


async def test_her_wishes_count(ann: Ann, working: Working) -> None:
    """A zone, a snooze and a block are hers."""
    async with working() as work:
        await customers.set_zone(work, await person(work, ann.contact_id), "Asia/Tokyo")
    assert await ann.asks(later=timedelta(hours=4)) is Hold.QUIET_HOURS
    async with working() as work:
        until_at = work.now + 7 * DAY
        await customers.set_consent(work, await person(work, ann.contact_id), CARE, given=False, until_at=until_at)
    assert await ann.asks() is Hold.SNOOZED
    assert await ann.asks(POINTS) is None
    async with working() as work:
        await customers.set_reach(work, await person(work, ann.contact_id), Reach.BLOCKED, by=SYSTEM)
    assert await ann.asks(POINTS) is Hold.UNREACHABLE


@pytest.mark.parametrize(
    ("state", "kind", "held"),
    [
        ("new", "complaint", True),
        ("waiting", "complaint", True),
        ("resolved", "complaint", False),
        ("closed", "complaint", False),
        ("open", "question", False),
    ],
)
async def test_an_open_complaint_holds_and_releases(
    ann: Ann, working: Working, state: str, kind: str, held: bool
) -> None:
    """Only a complaint, and only while something is owed."""
    async with working() as work:
        await work.tx.execute(
            tables.cases.insert().values(number=1001, customer_id=ann.id, kind=kind, state=state, opened_at=work.now)
        )
    assert await ann.asks() is (Hold.OPEN_CASE if held else None)
    assert await ann.asks(POINTS) is None


@pytest.mark.parametrize(("state", "held"), [("open", True), ("waiting", True), ("resolved", False), ("closed", False)])
async def test_any_open_case_holds_surveys(ann: Ann, working: Working, state: str, held: bool) -> None:
    """A question that waits is enough; care is not held by it."""
    async with working() as work:
        await customers.set_consent(work, await person(work, ann.contact_id), ConsentClass.SURVEYS, given=True)
        await work.tx.execute(
            tables.cases.insert().values(
                number=1001, customer_id=ann.id, kind="question", state=state, opened_at=work.now
            )
        )
    assert await ann.asks(ConsentClass.SURVEYS) is (Hold.OPEN_CASE if held else None)
    assert await ann.asks() is None


async def test_low_scores_and_refunds_hold_for_their_time(ann: Ann, working: Working) -> None:
    """The newest counts; three stars are not low."""
    async with working() as work:
        for stars, ago in ((2, 20), (1, 13), (3, 0)):
            at = work.now - ago * DAY
            await work.tx.execute(
                tables.feedback.insert().values(at=at, customer_id=ann.id, kind="rating", stars=stars)
            )
        purchase: dict[str, Any] = {"customer_id": ann.id, "amount_minor": 100, "currency": "CNY"}
        bought = tables.purchases.insert().values(source_key="p1", bought_at=work.now, noted_at=work.now, **purchase)
        purchase_id = (await work.tx.execute(bought.returning(tables.purchases.c.id))).scalar_one()
        await work.tx.execute(
            tables.refunds.insert().values(
                purchase_id=purchase_id, source_key="r1", at=work.now - DAY, amount_minor=100
            )
        )
    assert await ann.asks() is Hold.REFUND
    assert await ann.asks(later=6 * DAY) is None


async def test_the_budget_counts_what_went_out_over_all_kinds(ann: Ann) -> None:
    """Sent, queued and of unknown fate count; skipped and failed do not, nor what is old."""
    for nth, state in enumerate(("sent", "queued", "unknown", "skipped", "failed")):
        await ann.is_told(ago=timedelta(hours=nth), state=state)
    await ann.is_told(ago=7 * DAY)
    assert await ann.asks(POINTS) is None
    await ann.is_told(ago=2 * DAY)
    assert await ann.asks(POINTS) is Hold.BUDGET
    assert await ann.asks(campaign="birthday") is None
    assert await ann.asks(POINTS, later=5 * DAY) is None


async def test_who_is_forgotten_merged_or_unheard_of_is_left_alone(ann: Ann, working: Working) -> None:
    """A duplicate is written to under the other record; nobody at all is nobody."""
    async with working() as work:
        bob = await arrive(work, chat_id=1002, name="Bob")
        await customers.set_consent(work, bob, CARE, given=True)
        merged = tables.customers.update().where(tables.customers.c.id == bob.customer.id)
        await work.tx.execute(merged.values(merged_into=ann.id))
        assert (await may_contact(work, bob.customer.id, CARE)).why is Hold.ERASED
        assert (await may_contact(work, 999, CARE)).why is Hold.ERASED
        assert not isinstance(await erasure.erase_customer(work, ann.id, by=SYSTEM), Refusal)
        assert (await may_contact(work, ann.id, CARE)).why is Hold.ERASED


async def test_who_never_wrote_has_no_chat(working: Working) -> None:
    """An imported customer can say yes on paper, and still cannot be written to."""
    async with working() as work:
        met = await arrive(work, chat_id=1001, name="Ann")
        await customers.set_consent(work, met, CARE, given=True)
        await work.tx.execute(tables.contact_points.delete())
        assert (await may_contact(work, met.customer.id, CARE)).why is Hold.NO_CONTACT


async def test_many_are_asked_about_at_the_cost_of_one(working: Working, database: Database) -> None:
    """Two queries, however many people."""
    ids = []
    async with working() as work:
        for nth in range(30):
            met = await arrive(work, chat_id=2000 + nth, name=f"Guest {nth}")
            ids.append(met.customer.id)
            if nth % 2:
                await customers.set_consent(work, met, CARE, given=True)
    async with working(rules=Rules()) as work:
        statements: list[str] = []
        engine = work.tx.connection.engine.sync_engine

        def count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            statements.append(statement)

        event.listen(engine, "before_cursor_execute", count)
        found = await verdicts(work, ids, CARE)
        event.remove(engine, "before_cursor_execute", count)
    assert len(statements) == 2
    assert [found[customer_id].allowed for customer_id in ids] == [bool(nth % 2) for nth in range(30)]
