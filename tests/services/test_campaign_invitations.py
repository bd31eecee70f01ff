"""Invitations: places in the order of the answers, a waiting list that is told, guests who come."""

import asyncio
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import select

from domain.calendars import QuietHours
from domain.outcomes import Refusal
from domain.people import SYSTEM, Role
from domain.rules import Rules
from services.campaigns.answers import Pressed, press
from services.campaigns.guests import check_in, party, tell_placed
from services.erasure import erase_customer
from services.work import Person, Work, person_of_contact
from storage.deliveries import Delivery
from storage.tables import campaign_taps, outbox
from tests.services.campaign_guests import guest, invite
from tests.services.campaign_office import hire
from tests.services.shop import Working

Invited = tuple[Person, Delivery]
NIGHT = Rules(quiet=QuietHours(time(0), time(23)))


async def everybody(work: Work, count: int, *, capacity: int = 1) -> list[Invited]:
    """Let so many people be invited to a tasting with so many places."""
    kept = await invite(work, capacity=capacity)
    return [await guest(work, kept, chat_id=1001 + nth, name=f"Guest {nth}") for nth in range(count)]


async def say(work: Work, one: Invited, answer: str) -> Pressed | Refusal:
    """Tap an answer under the invitation."""
    return await press(work, one[0], delivery_id=one[1].id, button=answer)


async def coming(work: Work) -> list[str]:
    """Return who has a place."""
    found = await party(work, "tea")
    assert found is not None
    return [each.name for each in found.coming]


async def told(work: Work, one: Invited) -> int:
    """Count how often somebody was told of a free place."""
    said = select(outbox.c.body).where(outbox.c.customer_id == one[0].customer.id)
    return sum("A place is free" in str(body) for body in (await work.tx.execute(said)).scalars())


async def test_who_changes_their_mind_goes_to_the_end(working: Working) -> None:
    """Guest 0 says yes, perhaps, yes: meanwhile Guest 1 has the place. A double tap costs nobody theirs."""
    async with working() as work:
        people = await everybody(work, 2)
        for nth, answer in ((0, "yes"), (0, "yes"), (1, "yes")):
            await say(work, people[nth], answer)
        assert await coming(work) == ["Guest 0"]
        for answer in ("maybe", "yes"):
            await say(work, people[0], answer)
        assert await coming(work) == ["Guest 1"]
        assert await told(work, people[1]) == 1
        assert await told(work, people[0]) == 0


async def test_many_at_once_get_no_more_places_than_there_are(working: Working) -> None:
    """Eight people tap at the same moment, some take it back: three places stay three, and nobody waits for nothing."""
    async with working() as work:
        people = await everybody(work, 8, capacity=3)

    async def tap(nth: int, answer: str) -> None:
        async with working() as work:
            person = await person_of_contact(work, people[nth][0].contact.id)
            assert person is not None
            assert not isinstance(await press(work, person, delivery_id=people[nth][1].id, button=answer), Refusal)

    for turn in range(3):
        await asyncio.gather(*(tap(nth, "no" if (nth + turn) % 3 == 0 else "yes") for nth in range(8)))
    async with working() as work:
        found = await party(work, "tea")
        assert found is not None
        assert (len(found.coming), len(found.waiting), len(found.declined)) == (3, 2, 3)


async def test_who_waits_hears_of_the_place_of_the_forgotten(working: Working) -> None:
    """Guest 0 had the place and is forgotten: Guest 1, who waited, is told, once."""
    async with working() as work:
        people = await everybody(work, 2)
        for one in people:
            await say(work, one, "yes")
        assert await tell_placed(work) == 0
        assert not isinstance(await erase_customer(work, people[0][0].customer.id, by=SYSTEM), Refusal)
    async with working() as work:
        assert [await tell_placed(work) for _ in range(2)] == [1, 0]
        assert await told(work, people[1]) == 1


async def test_who_waits_hears_of_more_places_in_the_morning(working: Working) -> None:
    """There are three places now. It is night: nobody is rung up for that; in the morning both hear of theirs."""
    async with working() as work:
        people = await everybody(work, 3)
        for one in people:
            await say(work, one, "yes")
        await invite(work, capacity=3)
    async with working(rules=NIGHT) as work:
        assert await tell_placed(work) == 0
    async with working() as work:
        assert await tell_placed(work) == 2
        assert [await told(work, one) for one in people] == [0, 1, 1]


async def test_nobody_is_told_of_a_place_when_it_is_over(working: Working) -> None:
    """The tasting has begun: nothing is answered any more, and nobody hears of a place."""
    begins = datetime(2030, 12, 20, 18, tzinfo=UTC)
    async with working() as work:
        people = await everybody(work, 2)
        for one in people:
            await say(work, one, "yes")
        work.now = begins
        await invite(work, capacity=2)
        assert await tell_placed(work) == 0
        assert await say(work, people[0], "no") == Refusal("campaign_tap.refused.party_over")
        work.now = begins - timedelta(days=1)
        assert await tell_placed(work) == 1


async def test_nobody_answers_for_somebody_else(working: Working) -> None:
    """Guest 1 taps with the number of Guest 0's invitation."""
    async with working() as work:
        people = await everybody(work, 2)
        assert await say(work, (people[1][0], people[0][1]), "yes") == Refusal("tap.stale")
        assert await coming(work) == []


async def test_two_at_the_door_check_a_guest_in_once(working: Working) -> None:
    """Ben and Sue read the same code at the same moment."""
    async with working() as work:
        people = await everybody(work, 1)
        await say(work, people[0], "yes")
        door = [await hire(work, 7, "Ben", Role.AGENT), await hire(work, 8, "Sue", Role.AGENT)]

    async def reads(nth: int) -> None:
        async with working() as work:
            found = await check_in(work, code=people[0][0].customer.code, key="tea", by=door[nth])
            assert not isinstance(found, Refusal)

    await asyncio.gather(reads(0), reads(1))
    async with working() as work:
        arrivals = select(campaign_taps.c.button).where(campaign_taps.c.kind == "checkin")
        assert list((await work.tx.execute(arrivals)).scalars()) == ["yes"]
