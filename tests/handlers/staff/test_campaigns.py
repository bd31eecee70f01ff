"""Campaigns at the staff's desk: made by buttons, tried, approved, started and followed, each by who may."""

import pytest

from domain.people import UNASKED
from services.customers import set_consent
from services.work import Person
from storage.people import load_contacts
from tests.handlers.staff.desk import ANN, BEN, MIA, Desk
from tests.handlers.staff.marketer import Mia, buttons_of, kept_campaign
from tests.handlers.staff.private import Alone


@pytest.fixture
async def mia(desk: Desk) -> Mia:
    """Mia, in a shop with one customer."""
    await desk.town.chat(ANN, "Ann").says("/start")
    return Mia(desk)


async def test_mia_makes_a_campaign_without_a_word_of_syntax(mia: Mia) -> None:
    """Holiday, for whom with the count, ready words, hour, gift, overview: a draft that could start."""
    await mia.writes("/campaign")
    await mia.presses("A holiday", "More", "Christmas ·")
    assert "1 customer: Ann" in mia.read
    await mia.presses("Silver and above")
    assert "tier is at least Silver" in mia.read
    assert "Nobody at the moment" in mia.read
    await mia.presses(
        "Everybody", "Next", "Thank you", "Next", "09:00", "1 day before", "Next", "50 points", "Overview"
    )
    kept = await kept_campaign(mia.desk, "christmas")
    assert (kept.state.value, kept.campaign.segment, kept.campaign.when.lead_days) == ("draft", None, 1)
    assert "at 09:00" in mia.read
    assert "🎁 50 points" in mia.read
    assert "[name]" in mia.read
    assert "{{" not in mia.read


async def test_words_of_ones_own_are_taken_literally_and_the_name_is_inserted(mia: Mia) -> None:
    """Brackets become the name; HTML and template signs stay what was written."""
    await mia.writes("/campaign")
    await mia.presses("Birthday", "Next", "Write my own")
    await mia.answers("Dear [name], 1 < 2 & {{ points }}!")
    assert "Dear [name], 1 < 2 & {{ points }}!" in mia.read
    text = (await kept_campaign(mia.desk, "birthday")).campaign.variants[0].text
    assert set(text.values()) == {"Dear {{ name }}, 1 &lt; 2 &amp; &#123;&#123; points &#125;&#125;!"}


async def test_another_day_is_written_as_people_say_it(mia: Mia) -> None:
    """A prompt takes "24 December"; what is no day is refused with a hint."""
    await mia.writes("/campaign")
    await mia.presses("A certain day", "Another day")
    asked = mia.heard
    await mia.answers("soonish")
    assert "could not read a day" in mia.read
    mia.heard = asked
    await mia.answers("24 December")
    assert str((await kept_campaign(mia.desk, "date")).campaign.when.on) == "2026-12-24"


async def test_a_half_made_draft_is_taken_up_again(mia: Mia) -> None:
    """Left in the middle, the draft stands on the first screen of whoever makes campaigns."""
    await mia.writes("/campaign")
    await mia.presses("Not seen for long", "60 days")
    await mia.writes("/campaign")
    await mia.presses("Go on: Not seen for long")
    assert "after 60 days of silence" in mia.read
    await mia.presses("For whom", "Gold and above", "Overview")
    assert (await kept_campaign(mia.desk, "silence")).campaign.segment == "tier >= gold"


async def test_two_presses_begin_one_draft(mia: Mia) -> None:
    """The same button twice, before anything was changed, gives one draft; later a second one."""
    await mia.writes("/campaign")
    first = mia.heard
    await mia.presses("Birthday")
    mia.heard = first
    await mia.presses("Birthday", "Silver and above")
    mia.heard = first
    await mia.presses("Birthday")
    assert [row.key for row in await mia.desk.town.rows("campaigns")] == ["birthday", "birthday_2"]


async def test_a_draft_is_thrown_away_after_a_question(mia: Mia) -> None:
    """Only the yes throws it away."""
    await mia.writes("/campaign")
    await mia.presses("New customers", "At once", "Overview", "Throw away")
    assert (await kept_campaign(mia.desk, "joined")).state.value == "draft"
    await mia.presses("Yes, throw away")
    assert (await kept_campaign(mia.desk, "joined")).state.value == "cancelled"


async def test_ben_may_look_and_nothing_else(mia: Mia) -> None:
    """An agent reads the list and the card, sees none of the buttons, and is refused when he forges one."""
    await mia.writes("/campaign")
    await mia.presses("Birthday")
    kept = await kept_campaign(mia.desk, "birthday")
    ben = Mia(mia.desk, BEN)
    await ben.writes("/campaigns")
    assert "Birthday · draft" in ben.read
    await ben.presses("Birthday")
    assert buttons_of(ben.heard.staff) == {}
    for forged in (
        "campaigngo:0:{}:start:now",
        "campaignset:0:{}:drop:yes",
        "campaigntry:0:{}:me",
        "campaignyes:0:{}:1",
    ):
        await mia.desk.taps(BEN, f"k:{forged.format(kept.id)}")
        assert "may not" in mia.desk.popup or "only" in mia.desk.popup.lower() or "not" in mia.desk.popup
    assert await kept_campaign(mia.desk, "birthday") == kept


async def test_a_test_comes_to_whoever_asks_as_a_customer_reads_it(mia: Mia) -> None:
    """The words with the name filled in, in private; no delivery is made."""
    alone = Alone(mia.desk, MIA, "Mia")
    begun = (await alone.writes("/campaign")).private[await alone.id()]
    shown = (await alone.taps(buttons_of(begun)["🎉 Membership anniversary"])).private[await alone.id()]
    card = (await alone.taps(buttons_of(shown)["📋 Overview"])).private[await alone.id()]
    sent = await alone.taps(buttons_of(card)["🧪 Test to me"])
    assert "Mia" in sent.told(await alone.id())
    assert "{{" not in sent.told(await alone.id())
    assert await mia.desk.town.rows("deliveries") == []


async def test_mia_starts_pauses_and_ends_a_campaign(mia: Mia) -> None:
    """Each is asked about or said, and the card shows where it stands."""
    await mia.writes("/campaign")
    await mia.presses("Birthday", "Overview", "Start")
    assert "meant for 1 customer now" in mia.read
    await mia.presses("Start now")
    assert "is started" in mia.read
    await mia.presses("Pause")
    assert "paused: by hand" in mia.read
    await mia.presses("Go on")
    await mia.presses("End it")
    assert (await kept_campaign(mia.desk, "birthday")).state.value == "running"
    await mia.presses("Yes, end it")
    assert (await kept_campaign(mia.desk, "birthday")).state.value == "cancelled"


async def test_a_start_for_tomorrow_is_scheduled(mia: Mia) -> None:
    """The second button starts it the next day at the usual hour."""
    await mia.writes("/campaign")
    await mia.presses("A certain day", "At once", "Overview", "Start", "⏰ Start tomorrow")
    assert "scheduled" in mia.read
    assert (await kept_campaign(mia.desk, "date")).launch_at is not None


async def test_a_start_on_a_written_day_is_scheduled(mia: Mia) -> None:
    """The third button asks when; what is no time to come is refused with a hint, and nothing is started."""
    await mia.writes("/campaign")
    await mia.presses("Not seen for long", "60 days", "Overview", "Start", "another day")
    asked = mia.heard
    for words in ("soonish", "1 January 2020 10:00"):
        mia.heard = asked
        await mia.answers(words)
        assert "could not read a time to come" in mia.read
        assert (await kept_campaign(mia.desk, "silence")).state.value == "draft"
    mia.heard = asked
    await mia.answers("24 December 4 pm")
    kept = await kept_campaign(mia.desk, "silence")
    assert (kept.state.value, str(kept.launch_at)) == ("scheduled", "2026-12-24 16:00:00+00:00")


async def test_the_dry_run_says_who_would_get_it(mia: Mia) -> None:
    """How many are meant, how many of them now, and why not the others."""
    await mia.writes("/campaign")
    await mia.presses("Birthday", "Overview", "Dry run")
    assert "meant for 1" in mia.read
    assert "Of 1 looked at, 0 would get it now." in mia.read
    assert "Not now:" in mia.read


async def test_the_dry_run_says_when_the_last_would_have_it(mia: Mia) -> None:
    """Of a message for everybody; a birthday has no such hour."""
    async with mia.desk.town.work() as work:
        known = (await load_contacts(work.tx, bot_id=work.bot_id, chat_ids=[ANN]))[ANN]
        for kind in UNASKED:
            await set_consent(work, Person(known.contact, known.customer), kind, given=True)
    await mia.writes("/campaign")
    await mia.presses("A certain day", "At once", "Everybody", "Overview", "Dry run")
    assert "Of 1 looked at, 1 would get it now." in mia.read
    assert "the last one has it by about" in mia.read
