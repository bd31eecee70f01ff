"""Fewer of these: one tap stops a kind, a second narrows it to what the message hung on; never more than was meant."""

import pytest
from sqlalchemy import select

from domain.campaigns import OccasionKind
from domain.outcomes import Refusal
from domain.people import UNASKED, ConsentClass
from services.campaigns.stops import bring_back, list_unwanted, stop_kind, stop_topic, topic_words, want_topic
from services.customers import list_consents, set_consent
from services.work import Person, Work
from storage.campaign_optouts import list_opted_out
from storage.tables import audit, campaign_taps
from tests.services.campaign_guests import guest, invite, keep
from tests.services.shop import ANN_CHAT, BOB_CHAT, Working
from texts import Texts

CARE = ConsentClass.CARE
LANGUAGES = ("en", "zh_CN", "zh_TW")
NAMES = [*(kind.value for kind in OccasionKind if kind is not OccasionKind.HOLIDAY), "invitation"]
"""What a topic that is no holiday may be called by."""


async def wants(work: Work, person: Person, kind: ConsentClass = CARE) -> bool:
    """Return whether somebody wants a kind of message."""
    return (await list_consents(work, person))[kind].allows(work.now)


async def stops(work: Work, kind: str) -> int:
    """Count what was kept of a kind."""
    return len((await work.tx.execute(select(campaign_taps.c.id).where(campaign_taps.c.kind == kind))).all())


async def test_people_never_read_what_staff_call_a_campaign(working: Working) -> None:
    """Staff call it "Lost for the price"; Ann reads in no language that they do."""
    async with working() as work:
        kept = await keep(work)
        ann, hers = await guest(work, kept, chat_id=ANN_CHAT, name="Ann")
        await stop_topic(work, ann, delivery_id=hers.id)
        [(topic, words)] = await list_unwanted(work, ann)
        assert (topic, words) == ("tea", "One-off news")
        assert not {await topic_words(work, "tea", language) for language in LANGUAGES} & {"Lost for the price", "tea"}
        party = await invite(work)
        assert await topic_words(work, party.campaign.topic, "en") == "Invitations"


@pytest.mark.parametrize("name", NAMES)
def test_every_topic_has_a_name_for_people(name: str, texts: Texts) -> None:
    """Whatever a campaign hangs on, a button can say what is stopped."""
    for language in LANGUAGES:
        assert texts.button(f"campaign_tap.topic.{name}", language) not in ("", f"campaign_tap.topic.{name}")


async def test_one_tap_stops_that_kind_alone(working: Working) -> None:
    """Ann wants no more care messages; news of her points, offers and surveys stay as they were."""
    async with working() as work:
        ann, hers = await guest(work, await keep(work), chat_id=ANN_CHAT, name="Ann")
        for kind in UNASKED:
            await set_consent(work, ann, kind, given=True)
        await stop_kind(work, ann, delivery_id=hers.id)
        assert {kind for kind in UNASKED if not await wants(work, ann, kind)} == {CARE}
        assert await list_unwanted(work, ann) == []


async def test_a_double_tap_stops_once(working: Working) -> None:
    """The second tap keeps no second line, neither of the tap nor in the audit."""
    async with working() as work:
        ann, hers = await guest(work, await keep(work), chat_id=ANN_CHAT, name="Ann")
        for _ in range(2):
            assert not isinstance(await stop_kind(work, ann, delivery_id=hers.id), Refusal)
        assert await stops(work, "mute") == 1
        audited = select(audit.c.after).where(audit.c.action == "consent.care").order_by(audit.c.id)
        assert [row["given"] for row in (await work.tx.execute(audited)).scalars()] == [True, False]


async def test_narrowing_brings_the_rest_of_the_kind_back(working: Working) -> None:
    """Stopped here, brought back, stopped again here: then only this topic is to stop, and the rest comes again."""
    async with working() as work:
        ann, hers = await guest(work, await keep(work), chat_id=ANN_CHAT, name="Ann")
        for step in (stop_kind, bring_back, stop_kind, stop_topic):
            work.now += work.rules.campaigns.catch_up
            assert not isinstance(await step(work, ann, delivery_id=hers.id), Refusal)
        assert await wants(work, ann)
        assert await list_opted_out(work.tx, "tea", [ann.customer.id]) == {ann.customer.id}


async def test_an_opt_out_never_gives_a_yes(working: Working) -> None:
    """Ann said no in her wishes afterwards; the old button "stop only …" leaves that no as it is."""
    async with working() as work:
        ann, hers = await guest(work, await keep(work), chat_id=ANN_CHAT, name="Ann")
        await stop_kind(work, ann, delivery_id=hers.id)
        for given in (True, False):
            work.now += work.rules.campaigns.catch_up
            await set_consent(work, ann, CARE, given=given)
        await stop_topic(work, ann, delivery_id=hers.id)
        assert not await wants(work, ann)


async def test_a_no_from_before_stays_a_no(working: Working) -> None:
    """Ann withdrew her yes before she ever tapped: narrowing does not bring it back, asking for it does."""
    async with working() as work:
        ann, hers = await guest(work, await keep(work), chat_id=ANN_CHAT, name="Ann")
        await set_consent(work, ann, CARE, given=False)
        await stop_kind(work, ann, delivery_id=hers.id)
        await stop_topic(work, ann, delivery_id=hers.id)
        assert not await wants(work, ann)
        await bring_back(work, ann, delivery_id=hers.id)
        assert await wants(work, ann)
        assert await list_unwanted(work, ann) == []


async def test_what_is_service_stops_by_its_topic_alone(working: Working) -> None:
    """A reminder is service: Ann stops this one, and no class of messages with it."""
    async with working() as work:
        kept = await keep(work, consent="service")
        ann, hers = await guest(work, kept, chat_id=ANN_CHAT, name="Ann")
        await stop_kind(work, ann, delivery_id=hers.id)
        assert await wants(work, ann)
        assert [topic for topic, _ in await list_unwanted(work, ann)] == ["tea"]
        assert await want_topic(work, ann, "tea")
        assert not await want_topic(work, ann, "tea")


async def test_nobody_stops_anything_for_somebody_else(working: Working) -> None:
    """Bob knows the number of Ann's message."""
    async with working() as work:
        kept = await keep(work)
        ann, hers = await guest(work, kept, chat_id=ANN_CHAT, name="Ann")
        bob, _ = await guest(work, kept, chat_id=BOB_CHAT, name="Bob")
        for step in (stop_kind, stop_topic, bring_back):
            assert await step(work, bob, delivery_id=hers.id) == Refusal("tap.stale")
        assert await wants(work, ann)
        assert await wants(work, bob)
