"""Campaigns' messages in the customers' chat: buttons counted once, one tap for fewer, invitations with places."""

from typing import Any

import pytest

from domain.outcomes import Refusal
from domain.people import SYSTEM, ConsentClass
from services.campaigns.book import add_campaign
from services.campaigns.document import read_toml
from services.campaigns.guests import check_in, party
from services.customers import set_consent
from services.erasure import erase_customer
from services.surveys.book import seed_shipped
from services.work import Person, Work, person_of_contact
from storage import tables
from storage.database import Database
from storage.staff import load_staff
from tests.handlers.harness import Chat
from tests.handlers.staff.desk import ANN, BEN, CY, Desk, SlowTown
from tests.services.traces import insert

GREETING = """
key = "mid_autumn"
fallback = "en"
title.en = "Mid-Autumn"
text.en = "Happy Mid-Autumn!"
[when]
occasion = "holiday"
holiday = "mid_autumn"
[[buttons]]
key = "thanks"
kind = "answer"
label.en = "Thank you"
reply.en = "You are <most> welcome"
[[buttons]]
key = "look"
kind = "tracked"
label.en = "Our mooncakes"
url = "https://shop.example/mooncakes"
[[buttons]]
key = "pulse"
kind = "survey"
label.en = "One question"
ref = "pulse"
"""
PARTY = """
key = "tasting"
fallback = "en"
title.en = "Tea tasting"
text.en = "Come to our tea tasting"
[when]
occasion = "date"
[invitation]
at = 2030-12-20T18:00:00
place.en = "The shop"
capacity = 1
[[buttons]]
key = "yes"
kind = "rsvp"
label.en = "I'm coming"
[[buttons]]
key = "no"
kind = "rsvp"
label.en = "I can't"
"""


class Story:
    """Ann and Cy, each with a message of a campaign."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.town = desk, desk.town
        self.ann, self.cy = desk.town.chat(ANN, "Ann"), desk.town.chat(CY, "Cy")

    async def got(self, who: Chat, chat_id: int, document: str = GREETING) -> int:
        """Let somebody have got a campaign's message; returns the delivery."""
        if not await self.town.rows("contact_points", chat_id=chat_id):
            await who.says("/start")
        async with self.town.work() as work:
            added = await add_campaign(work, read_toml(document, name="x.toml"), by=SYSTEM)
            assert not isinstance(added, Refusal)
            person = await self.person(work, chat_id)
            await set_consent(work, person, ConsentClass.CARE, given=True)
            times = dict.fromkeys(("due_at", "late_after_at", "planned_at", "queued_at", "settled_at"), work.now)
            row = {"campaign": added.kept.key, "occasion": "2026", "customer_id": person.customer.id, "version": 1}
            sent = {"state": "sent", "consent": "care", "occasion_on": "2026-09-25", "zone": "UTC"}
            return await insert(work.tx, tables.deliveries, **row, **sent, **times)

    async def person(self, work: Work, chat_id: int) -> Person:
        """Return somebody in their chat."""
        [contact] = await self.town.rows("contact_points", chat_id=chat_id)
        person = await person_of_contact(work, contact.id)
        assert person is not None
        return person

    async def taps(self) -> list[tuple[str, str]]:
        """Return what was counted."""
        return [(row.kind, row.button) for row in await self.town.rows("campaign_taps")]

    async def cares(self, chat_id: int = ANN) -> bool:
        """Return whether somebody wants care messages."""
        [contact] = await self.town.rows("contact_points", chat_id=chat_id)
        [row] = await self.town.rows("consents", customer_id=contact.customer_id, kind="care")
        return bool(row.given)


@pytest.fixture
async def story(database: Database) -> Story:
    """A desk with Ben, and the surveys that come with the program."""
    desk = await Desk(SlowTown(database)).opens()
    async with desk.town.work() as work:
        await seed_shipped(work)
    return Story(desk)


async def test_an_answer_is_counted_once_and_its_words_are_no_markup(story: Story) -> None:
    """Ann taps twice; she reads the shop's own words letter by letter."""
    message = await story.got(story.ann, ANN)
    [said] = await story.ann.taps(f"c:cp:{message}:thanks")
    await story.ann.taps(f"c:cp:{message}:thanks")
    assert said.text == "You are <most> welcome"
    assert await story.taps() == [("answer", "thanks")]


async def test_a_tracked_link_is_counted_and_given(story: Story) -> None:
    """The tap is known; the link stands on a button of its own."""
    message = await story.got(story.ann, ANN)
    [said] = await story.ann.taps(f"c:cp:{message}:look")
    assert [data for _, data in said.buttons] == ["https://shop.example/mooncakes"]
    assert await story.taps() == [("tracked", "look")]


async def test_a_survey_opens_from_a_message_once(story: Story) -> None:
    """The first question comes; a second tap says where it is."""
    message = await story.got(story.ann, ANN)
    [asked] = await story.ann.taps(f"c:cp:{message}:pulse")
    assert any(data.startswith("c:sv:") for _, data in asked.buttons)
    await story.ann.taps(f"c:cp:{message}:pulse")
    [response] = await story.town.rows("survey_responses")
    assert (response.survey, response.campaign) == ("pulse", "mid_autumn")


@pytest.mark.parametrize("data", ["c:cp:{0}:thanks", "c:cm:{0}", "c:cmo:{0}", "c:cmb:{0}"])
async def test_nobody_taps_for_somebody_else(story: Story, data: str) -> None:
    """Cy knows the number of Ann's message: nothing is counted, nothing changes."""
    message = await story.got(story.ann, ANN)
    await story.cy.says("/start")
    await story.cy.taps(data.format(message))
    assert await story.taps() == []
    assert await story.cares()


@pytest.mark.parametrize("data", ["c:cp:999:thanks", "c:cp:{0}:nope", "c:cp:x:y", "c:cp", "c:cm", "c:cmw:nothing"])
async def test_buttons_of_no_message_change_nothing(story: Story, data: str) -> None:
    """Made-up and old buttons get a kind pop-up."""
    message = await story.got(story.ann, ANN)
    assert not await story.ann.taps(data.format(message))
    assert await story.taps() == []


STAFF_TAPS = (
    *(
        "campaignview",
        "campaigngo:start:now",
        "campaigngo:pause",
        "campaigngo:cancel:yes",
        "campaignyes",
        "campaignback",
    ),
    *("campaigntry:me", "campaigntry:dry", "campaignlost:again", "campaignset:drop:yes", "campaignset:hour:at.0300"),
    *("campaignnews:results", "campaignnews", "guests", "campaign", "campaign:new:birthday"),
)


async def test_no_customer_taps_what_is_for_staff(story: Story) -> None:
    """Ann makes buttons of staff by hand: no campaign changes, nothing of it is shown, nothing is counted."""
    await story.got(story.ann, ANN)
    before = await story.town.rows("campaigns")
    [kept] = before
    for verb in STAFF_TAPS:
        name, _, rest = verb.partition(":")
        data = f"k:{name}:0:{rest}" if name == "campaign" and rest else f"k:{name}:0:{kept.id}:{rest}".rstrip(":")
        assert not await story.ann.taps(data), data
    for data in ("k:campaigns:0", "k:calendar:0", "k:checkin:0:mid_autumn:ABCD1234"):
        assert not await story.ann.taps(data), data
    assert await story.town.rows("campaigns") == before
    assert await story.taps() == []
    assert not await story.town.rows("campaign_watchers")


async def test_one_tap_stops_that_kind_and_a_second_narrows_it(story: Story) -> None:
    """Ann wants no more of these; then only no Mid-Autumn; then all of it again, from her wishes."""
    message = await story.got(story.ann, ANN)
    [said] = await story.ann.taps(f"c:cm:{message}")
    assert not await story.cares()
    assert [data for _, data in said.buttons] == [f"c:cmo:{message}", f"c:cmb:{message}"]
    await story.ann.taps(f"c:cmo:{message}")
    assert await story.cares()
    [row] = await story.town.rows("campaign_optouts")
    assert row.topic == "mid_autumn"
    await story.ann.says("/privacy")
    [wishes] = await story.ann.taps("c:wishes")
    assert "c:cmw:mid_autumn" in [data for _, data in wishes.buttons]
    await story.ann.taps("c:cmw:mid_autumn")
    assert await story.town.rows("campaign_optouts") == []


async def test_places_are_given_in_order_and_who_waits_hears_of_a_free_one(story: Story) -> None:
    """One place: Ann has it, Cy waits; Ann cannot come after all, so Cy is told."""
    hers, his = await story.got(story.ann, ANN, PARTY), await story.got(story.cy, CY, PARTY)
    [yes] = await story.ann.taps(f"c:cp:{hers}:yes")
    assert "on the list" in yes.text
    [waits] = await story.cy.taps(f"c:cp:{his}:yes")
    assert "waiting list" in waits.text
    await story.ann.taps(f"c:cp:{hers}:no")
    told = [str(row.body) for row in await story.town.rows("outbox") if row.customer_id]
    assert sum("A place is free" in words for words in told) == 1
    async with story.town.work() as work:
        found = await party(work, "tasting")
        assert found is not None
        assert [guest.name for guest in found.coming] == ["Cy"]
        assert [guest.name for guest in found.declined] == ["Ann"]


async def test_guests_are_checked_in_once(story: Story) -> None:
    """Ben checks Ann in by her code, twice; a stranger to the party is none."""
    hers = await story.got(story.ann, ANN, PARTY)
    await story.cy.says("/start")
    await story.ann.taps(f"c:cp:{hers}:yes")
    async with story.town.work() as work:
        ann, cy = await story.person(work, ANN), await story.person(work, CY)
        ben = (await load_staff(work.tx, bot_id=work.bot_id)).member(BEN)
        for _ in range(2):
            assert not isinstance(await check_in(work, code=ann.customer.code, key="tasting", by=ben), Refusal)
        for code in (cy.customer.code, "NOBODY"):
            assert isinstance(await check_in(work, code=code, key="tasting", by=ben), Refusal)
    assert [kind for kind, _ in await story.taps()] == ["rsvp", "checkin"]


async def test_the_forgotten_press_old_buttons_in_vain(story: Story) -> None:
    """Ann was forgotten; the message still stands in her chat."""
    message = await story.got(story.ann, ANN)
    async with story.town.work() as work:
        person: Any = await story.person(work, ANN)
        assert not isinstance(await erase_customer(work, person.customer.id, by=SYSTEM), Refusal)
    await story.ann.taps(f"c:cp:{message}:thanks")
    assert await story.taps() == []


async def test_words_written_back_are_counted_once_and_go_their_usual_way(story: Story) -> None:
    """Ann answers a greeting with a complaint: an answer, and a draft all the same; Cy got none, and answers none."""
    await story.got(story.ann, ANN)
    await story.cy.says("/start")
    await story.cy.says("Hello there, my coat is torn")
    assert await story.taps() == []
    await story.ann.says("My coat is torn")
    await story.ann.says("at the left seam")
    assert await story.taps() == [("reply", "reply")]
    assert await story.town.rows("dialogues", name="draft")


async def test_who_is_forgotten_leaves_the_place_to_who_waits(story: Story) -> None:
    """Ann had the only place and is forgotten: Cy, who waited, comes."""
    hers, his = await story.got(story.ann, ANN, PARTY), await story.got(story.cy, CY, PARTY)
    await story.ann.taps(f"c:cp:{hers}:yes")
    await story.cy.taps(f"c:cp:{his}:yes")
    async with story.town.work() as work:
        person = await story.person(work, ANN)
        assert not isinstance(await erase_customer(work, person.customer.id, by=SYSTEM), Refusal)
    async with story.town.work() as work:
        found = await party(work, "tasting")
        assert found is not None
        assert [guest.name for guest in found.everybody] == ["Cy"]
        assert [guest.name for guest in found.coming] == ["Cy"]


async def test_a_message_that_waits_is_taken_back_by_an_opt_out(story: Story) -> None:
    """Ann opts out of the day while this year's greeting waits in the outbox: it does not go."""
    message = await story.got(story.ann, ANN)
    async with story.town.work() as work:
        person = await story.person(work, ANN)
        times = dict.fromkeys(("due_at", "late_after_at", "planned_at", "queued_at"), work.now)
        row = {"campaign": "mid_autumn", "occasion": "2027", "customer_id": person.customer.id, "version": 1}
        more = {"state": "queued", "consent": "care", "occasion_on": "2027-09-15", "zone": "UTC"}
        waits = await insert(work.tx, tables.deliveries, **row, **more, **times)
        where = {"bot_id": 1, "lane": 3, "chat_key": "c9", "target_kind": "contact", "target_ref": 9}
        what = {"purpose": "campaign", "on_unknown": "list", "action": "send", "state": "queued"}
        await insert(work.tx, tables.outbox, **where, **what, delivery_id=waits, created_at=work.now)
    await story.ann.taps(f"c:cmo:{message}")
    [delivery] = await story.town.rows("deliveries", id=waits)
    assert (delivery.state, delivery.reason) == ("skipped", "opted_out")
    [queued] = await story.town.rows("outbox", delivery_id=waits)
    assert queued.state == "dropped"
