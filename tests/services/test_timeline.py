"""The timeline: everything that happened with one customer, newest first."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from domain.cases import CaseKind
from domain.errors import BadInput, NotFound
from domain.people import SYSTEM
from services import records
from services.cases import open_case
from services.confidential import make_confidential
from services.merging import merge_customers
from services.timeline import TimelineItem, list_timeline
from services.work import Person, Work
from storage import tables
from storage.database import Database
from storage.timeline import TimelineKind, timeline_query
from tests.services.shop import ANN_CHAT, MORNING, Working, arrive, hear
from tests.services.surveyed import Asked, checked
from tests.services.test_records import make
from tests.services.traces import insert, shop
from tests.storage.plans import plan_of


async def test_everything_a_person_left_is_told(working: Working) -> None:
    """One call tells of words, notes, cases, purchases, refunds, points, tiers, vouchers, consent, care and merges."""
    ann, bob = await shop(working)
    async with working(later=timedelta(days=1)) as work:
        await records.add_note(work, ann.customer.id, "likes tea", by=SYSTEM)
        used = {"state": "used", "used_at": work.now, "used_by_kind": "staff", "used_by_id": 1}
        voucher, event = tables.vouchers, {"name": "visited", "at": work.now}
        await work.tx.execute(voucher.update().where(voucher.c.customer_id == ann.customer.id).values(**used))
        await insert(work.tx, tables.customer_events, customer_id=ann.customer.id, **event)
        closed = {"resolved_at": work.now, "closed_at": work.now, "state": "closed"}
        case = tables.cases
        await work.tx.execute(case.update().where(case.c.customer_id == ann.customer.id).values(**closed))
        sent = {"state": "sent", "queued_at": work.now}
        await work.tx.execute(tables.deliveries.update().values(**sent))
        done = await merge_customers(work, keep_id=ann.customer.id, duplicate_id=bob.customer.id, by=SYSTEM)
        assert done is None
        items = await list_timeline(work, bob.customer.id, limit=200)
    assert {item.kind for item in items} == set(TimelineKind)
    newest = [(item.at, item.kind, item.id) for item in items]
    assert newest == sorted(newest, reverse=True)
    assert len(set(newest)) == len(newest)

    def told(kind: TimelineKind) -> TimelineItem:
        return next(item for item in items if item.kind is kind)

    note = next(item for item in items if item.internal)
    assert (note.text, note.actor_kind) == ("likes tea", "system")
    assert (told(TimelineKind.PURCHASE).number, told(TimelineKind.PURCHASE).extra) == (12_300, "CNY")
    assert (told(TimelineKind.REFUND).number, told(TimelineKind.REFUND).extra) == (300, "CNY")
    assert (told(TimelineKind.TIER).extra, told(TimelineKind.TIER).label) == ("new", "silver")
    assert (told(TimelineKind.POINTS).label, told(TimelineKind.POINTS).number) == ("earn", 123)
    consents = [(item.label, item.number) for item in items if item.kind is TimelineKind.CONSENT]
    assert ("consent.care", 1) in consents
    assert told(TimelineKind.MERGE).text == bob.customer.code
    assert told(TimelineKind.DELIVERY).extra == "sent"
    assert (told(TimelineKind.SURVEY).label, told(TimelineKind.SURVEY).number) == ("after_case", 4)


async def test_an_answered_survey_stands_with_its_title(working: Working) -> None:
    """Key, title, score and state; one nobody answered does not, nor one to do with a confidential case."""
    async with working() as work:
        asked = await checked(work)
        bob = await arrive(work, chat_id=2, name="Bob")
        case = await open_case(work, bob, kind=CaseKind.COMPLAINT, interaction_ids=[])
        await asked.asks(bob, Asked({"nps": 9}, columns={"score": 9}))
        await asked.asks(bob, Asked({}, "expired"))
        for column in ("case_id", "opened_case_id"):
            await asked.asks(bob, Asked({"nps": 1}, columns={"score": 1, column: case.id}))
        assert await _surveys(work, bob) == [("check", "Check", 1, "finished")] * 2 + [
            ("check", "Check", 9, "finished")
        ]
        await make_confidential(work, case_id=case.id, about_id=None, by=SYSTEM)
        assert await _surveys(work, bob) == [("check", "Check", 9, "finished")]


async def _surveys(work: Work, person: Person) -> list[tuple[str | None, str | None, int | None, str | None]]:
    items = await list_timeline(work, person.customer.id)
    return [(item.label, item.text, item.number, item.extra) for item in items if item.kind is TimelineKind.SURVEY]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
async def test_pages_join_without_gap_or_repeat(working: Working, size: int) -> None:
    """Whatever the page's size, and though much happens at one instant, each thing is told once, in one order."""
    ann, _ = await shop(working)
    async with working(later=timedelta(hours=1)) as work:
        whole = await list_timeline(work, ann.customer.id, limit=200)
        seen: list[TimelineItem] = []
        while page := await list_timeline(work, ann.customer.id, before=seen[-1].cursor if seen else None, limit=size):
            assert len(page) <= size
            seen += page
    assert seen == whole
    assert len({item.at for item in whole}) < len(whole)


async def test_nobody_else_is_told_of(working: Working) -> None:
    """Bob's words are not among Ann's; one who never was is not found; a damaged cursor is said to be one."""
    ann, _ = await shop(working)
    async with working() as work:
        assert "bobsecret" not in repr(await list_timeline(work, ann.customer.id, limit=200))
        with pytest.raises(NotFound):
            await list_timeline(work, 999)
        for cursor in ("", "1.2", "a.b.c", "1.2.-3", "9" * 40 + ".1.1", "999999999999999.1.1", "١.٢.٣"):
            with pytest.raises(BadInput):
                await list_timeline(work, ann.customer.id, before=cursor)


@pytest.mark.parametrize("before", [False, True])
async def test_no_table_is_read_through(database: Database, working: Working, before: bool) -> None:
    """Each branch finds its rows by an index on both engines; only the page itself is gone through."""
    async with working() as work:
        ann = await arrive(work, chat_id=ANN_CHAT, name="Ann")
        await hear(work, ann, "hello", message_id=1)
        await make(work)
    query = timeline_query(before=before)
    values = {"customer_id": 1, "most": 50, **({"at": MORNING, "kind": 3, "id": 9} if before else {})}
    if database.dialect == "sqlite":
        lines = (await plan_of(database, query, values)).splitlines()
        scanned = [line for line in lines if line.startswith("SCAN")]
        assert all(line.split()[1].startswith(("anon_", "timeline")) for line in scanned), scanned
        assert sum(line.startswith("SEARCH") for line in lines) >= len(TimelineKind)
        return
    async with database.read() as tx:
        await tx.execute(text("SET LOCAL enable_seqscan = off"))
        sql = query.params(**values).compile(dialect=tx.connection.dialect, compile_kwargs={"literal_binds": True})
        plan = [row[0] for row in await tx.connection.exec_driver_sql(f"EXPLAIN {sql}".replace("%%", "%"))]
    assert len(plan) > len(TimelineKind)
    assert not [line for line in plan if "Seq Scan" in line]
