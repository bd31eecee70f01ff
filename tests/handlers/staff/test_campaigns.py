"""Campaigns at the staff's desk: made by buttons, tried, approved, started and followed, each by who may."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from domain.campaigns import ApprovalNeeded, CampaignRules
from domain.interactions import Content, Kind
from domain.outcomes import Refusal
from domain.outgoing import Outgoing, Purpose, to_contact
from domain.people import SYSTEM, UNASKED
from domain.rules import Rules
from services.campaigns import book
from services.campaigns.book import Kept
from services.campaigns.document import read_toml
from services.customers import set_consent
from services.work import Person
from storage.campaign_taps import add_tap
from storage.database import Database
from storage.outbox import add_outgoing
from storage.people import load_contacts
from storage.tables import deliveries, outbox
from tests.handlers.harness import Said
from tests.handlers.staff.desk import ANN, BEN, MIA, SUE, Desk, Heard, SlowTown
from tests.handlers.staff.private import Alone

_TWO_EYES = CampaignRules(approval=ApprovalNeeded.ALWAYS)


def _buttons(said: list[Said]) -> dict[str, str]:
    return {label: data for one in said for label, data in one.buttons}


def _words(heard: Heard) -> str:
    return "\n".join(said.text for said in heard.staff)


class Mia:
    """The marketer in the group, who presses buttons by their words."""

    def __init__(self, desk: Desk, user_id: int = MIA) -> None:
        self.desk, self.user_id = desk, user_id
        self.heard = Heard([], [], [])

    async def writes(self, text: str, **where: Any) -> "Mia":
        """Write a command or words."""
        self.heard = await self.desk.writes(self.user_id, text, **where)
        return self

    async def presses(self, *labels: str) -> "Mia":
        """Press buttons one after the other, each on what came of the one before."""
        for label in labels:
            there = _buttons(self.heard.staff)
            found = [data for words, data in there.items() if label in words]
            assert found, f"no button {label} among {list(there)}"
            self.heard = await self.desk.taps(self.user_id, found[0])
        return self

    async def answers(self, text: str) -> "Mia":
        """Answer the question that was asked last."""
        [question] = [said for said in self.heard.staff if said.message_id]
        return await self.writes(text, reply_to=question.message_id)

    @property
    def read(self) -> str:
        """What was said last."""
        return _words(self.heard)


async def _kept(desk: Desk, key: str) -> Kept:
    async with desk.town.work() as work:
        kept = await book.get_campaign(work, key)
    assert kept is not None
    return kept


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
    kept = await _kept(mia.desk, "christmas")
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
    text = (await _kept(mia.desk, "birthday")).campaign.variants[0].text
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
    assert str((await _kept(mia.desk, "date")).campaign.when.on) == "2026-12-24"


async def test_a_half_made_draft_is_taken_up_again(mia: Mia) -> None:
    """Left in the middle, the draft stands on the first screen of whoever makes campaigns."""
    await mia.writes("/campaign")
    await mia.presses("Not seen for long", "60 days")
    await mia.writes("/campaign")
    await mia.presses("Go on: Not seen for long")
    assert "after 60 days of silence" in mia.read
    await mia.presses("For whom", "Gold and above", "Overview")
    assert (await _kept(mia.desk, "silence")).campaign.segment == "tier >= gold"


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
    assert (await _kept(mia.desk, "joined")).state.value == "draft"
    await mia.presses("Yes, throw away")
    assert (await _kept(mia.desk, "joined")).state.value == "cancelled"


async def test_ben_may_look_and_nothing_else(mia: Mia) -> None:
    """An agent reads the list and the card, sees none of the buttons, and is refused when he forges one."""
    await mia.writes("/campaign")
    await mia.presses("Birthday")
    kept = await _kept(mia.desk, "birthday")
    ben = Mia(mia.desk, BEN)
    await ben.writes("/campaigns")
    assert "Birthday · draft" in ben.read
    await ben.presses("Birthday")
    assert _buttons(ben.heard.staff) == {}
    for forged in (
        "campaigngo:0:{}:start:now",
        "campaignset:0:{}:drop:yes",
        "campaigntry:0:{}:me",
        "campaignyes:0:{}:1",
    ):
        await mia.desk.taps(BEN, f"k:{forged.format(kept.id)}")
        assert "may not" in mia.desk.popup or "only" in mia.desk.popup.lower() or "not" in mia.desk.popup
    assert await _kept(mia.desk, "birthday") == kept


async def test_a_test_comes_to_whoever_asks_as_a_customer_reads_it(mia: Mia) -> None:
    """The words with the name filled in, in private; no delivery is made."""
    alone = Alone(mia.desk, MIA, "Mia")
    begun = (await alone.writes("/campaign")).private[await alone.id()]
    shown = (await alone.taps(_buttons(begun)["🎉 Membership anniversary"])).private[await alone.id()]
    card = (await alone.taps(_buttons(shown)["📋 Overview"])).private[await alone.id()]
    sent = await alone.taps(_buttons(card)["🧪 Test to me"])
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
    assert (await _kept(mia.desk, "birthday")).state.value == "running"
    await mia.presses("Yes, end it")
    assert (await _kept(mia.desk, "birthday")).state.value == "cancelled"


async def test_a_start_for_tomorrow_is_scheduled(mia: Mia) -> None:
    """The second button starts it the next day at the usual hour."""
    await mia.writes("/campaign")
    await mia.presses("A certain day", "At once", "Overview", "Start", "⏰ Start tomorrow")
    assert "scheduled" in mia.read
    assert (await _kept(mia.desk, "date")).launch_at is not None


async def test_a_start_on_a_written_day_is_scheduled(mia: Mia) -> None:
    """The third button asks when; what is no time to come is refused with a hint, and nothing is started."""
    await mia.writes("/campaign")
    await mia.presses("Not seen for long", "60 days", "Overview", "Start", "another day")
    asked = mia.heard
    for words in ("soonish", "1 January 2020 10:00"):
        mia.heard = asked
        await mia.answers(words)
        assert "could not read a time to come" in mia.read
        assert (await _kept(mia.desk, "silence")).state.value == "draft"
    mia.heard = asked
    await mia.answers("24 December 4 pm")
    kept = await _kept(mia.desk, "silence")
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


async def _strict(database: Database) -> Mia:
    desk = await Desk(SlowTown(database, replace(Rules(), campaigns=_TWO_EYES))).opens()
    await desk.town.chat(ANN, "Ann").says("/start")
    return Mia(desk)


async def test_sue_approves_what_mia_asked_for(database: Database) -> None:
    """Start is refused with the way to ask; Sue reads it in private, says yes, Mia is told and starts."""
    mia = await _strict(database)
    await mia.writes("/campaign")
    await mia.presses("Birthday", "Overview", "Start", "Start now")
    assert "a second person looks at it first" in mia.read
    await mia.presses("Ask for approval")
    assert "Asked to look at it: Sue." in mia.read
    asked = [said for said in mia.heard.staff if "asks you to look" in said.text]
    sue = Mia(mia.desk, SUE)
    sue.heard = Heard([], asked, [])
    await sue.presses("Approve")
    assert "You can start it" in sue.read
    told = [said for said in sue.heard.staff if "You can start it" in said.text]
    mia.heard = Heard([], told, [])
    await mia.presses("Start", "Start now")
    assert (await _kept(mia.desk, "birthday")).state.value == "running"


async def test_sue_sends_it_back_with_words(database: Database) -> None:
    """Without words nothing happens; with them Mia reads what should be different."""
    mia = await _strict(database)
    await mia.writes("/campaign")
    await mia.presses("Birthday", "Overview", "Ask for approval")
    sue = Mia(mia.desk, SUE)
    sue.heard = Heard([], [said for said in mia.heard.staff if "asks you to look" in said.text], [])
    await sue.presses("Send back")
    await sue.answers("Please say which shop it is")
    assert "Please say which shop it is" in sue.read
    assert (await _kept(mia.desk, "birthday")).asked_at is None


async def test_mia_cannot_approve_her_own(database: Database) -> None:
    """A marketer has no yes to give, not even by a forged button."""
    mia = await _strict(database)
    await mia.writes("/campaign")
    await mia.presses("Birthday", "Overview", "Ask for approval")
    kept = await _kept(mia.desk, "birthday")
    await mia.desk.taps(MIA, f"k:campaignyes:0:{kept.id}:{kept.version}")
    assert (await _kept(mia.desk, "birthday")).approved_at is None


async def test_an_old_yes_is_refused_after_a_change(database: Database) -> None:
    """The button of a version that was looked at approves no other one."""
    mia = await _strict(database)
    await mia.writes("/campaign")
    await mia.presses("Birthday", "Overview", "Ask for approval")
    asked = [said for said in mia.heard.staff if "asks you to look" in said.text]
    kept = await _kept(mia.desk, "birthday")
    await mia.desk.taps(MIA, f"k:campaignset:0:{kept.id}:hour:at.1500")
    sue = Mia(mia.desk, SUE)
    sue.heard = Heard([], asked, [])
    await sue.presses("Approve")
    assert "changed meanwhile" in mia.desk.popup
    assert (await _kept(mia.desk, "birthday")).approved_at is None


async def test_the_calendar_shows_what_goes_out(mia: Mia) -> None:
    """The month's holidays and the campaign on its day; the picture is ordered for where it was asked."""
    await mia.writes("/campaign")
    await mia.presses("A holiday", "Qingming ·", "Overview", "Start", "Start now")
    await mia.writes("/calendar")
    await mia.presses("Month after")
    assert "April 2026" in mia.read
    assert "Sun 5 · 🕯 Qingming · 📣 Qingming 10:00" in mia.read
    await mia.presses("As a picture")
    [file] = await mia.desk.town.rows("files", kind="calendar")
    assert file.recipe["sent"]["target"][0] == "staff_group"


async def test_results_and_watching_are_a_tap_away(mia: Mia) -> None:
    """From the card of what runs: the results in words, and a message that is kept up to date."""
    await mia.writes("/campaign")
    await mia.presses("Birthday", "Overview", "Start", "Start now")
    card = mia.heard
    await mia.presses("Results")
    assert "Birthday" in mia.read
    mia.heard = card
    await mia.presses("Watch")
    assert "kept up to date" in mia.desk.popup
    [watcher] = await mia.desk.town.rows("campaign_watchers")
    assert (watcher.campaign, watcher.target_kind) == ("birthday", "staff_group")


async def test_what_nobody_knows_the_arrival_of_is_settled_by_a_tap(mia: Mia) -> None:
    """One is sent again, the others are taken for delivered; of another campaign's row nothing is touched."""
    await mia.writes("/campaign")
    await mia.presses("Birthday", "Overview", "Start", "Start now")
    kept = await _kept(mia.desk, "birthday")
    rows = [await _lost(mia.desk, "birthday", nth) for nth in (1, 2, 3)]
    other = await _lost(mia.desk, "another", 4)
    await mia.presses("Arrived or not?")
    assert "🔁 Ann" in _buttons(mia.heard.staff)
    await mia.desk.taps(MIA, f"k:campaignlost:0:{kept.id}:again:{other}")
    assert "settled meanwhile" in mia.desk.popup
    with mia.desk.town.holding_back():
        await mia.desk.taps(MIA, f"k:campaignlost:0:{kept.id}:there:{rows[0]}")
        await mia.desk.taps(MIA, f"k:campaignlost:0:{kept.id}:there")
    states = {row.id: row.state for row in await mia.desk.town.rows("outbox")}
    assert [states[row] for row in (*rows, other)] == ["sent", "sent", "sent", "unknown"]


async def _lost(desk: Desk, campaign: str, nth: int) -> int:
    """Return a row of a campaign's message of which nobody knows whether it arrived."""
    async with desk.town.work() as work:
        delivery = {
            "campaign": campaign,
            "occasion": f"o{nth}",
            "customer_id": 1,
            "state": "unknown",
            "due_at": work.now,
            "late_after_at": work.now,
            "occasion_on": "2026-03-03",
            "zone": "UTC",
            "planned_at": work.now,
        }
        made = await work.tx.execute(insert(deliveries).values(**delivery).returning(deliveries.c.id))
        message = Outgoing(
            purpose=Purpose.CAMPAIGN,
            target=to_contact(1),
            content=Content(Kind.TEXT, "Hello"),
            customer_id=1,
            delivery_id=made.scalar_one(),
        )
        row = await add_outgoing(work.tx, message, bot_id=work.bot_id, now=work.now)
        await work.tx.flush()
        await work.tx.execute(update(outbox).where(outbox.c.id == row).values(state="unknown"))
    return row


async def test_guests_are_listed_and_checked_in_at_the_door(mia: Mia) -> None:
    """By the code they show: expected ones are welcomed, once; without a party there is nothing to check in to."""
    ben = Mia(mia.desk, BEN)
    await ben.writes("/checkin ABC123")
    assert "takes place now" in ben.read
    kept = await _invites(mia.desk)
    [ann] = await mia.desk.town.rows("customers")
    await ben.writes(f"/checkin {ann.code}")
    assert "Ann is here. Welcome!" in ben.read
    await ben.writes("/checkin")
    await ben.answers(ann.code)
    assert "Ann is here since" in ben.read
    await ben.writes("/checkin NOBODY")
    assert "No guest with that code" in ben.read
    listed = await mia.desk.taps(MIA, f"k:guests:0:{kept.id}")
    assert "1 coming: ✓ Ann" in _words(listed)


async def _invites(desk: Desk) -> Kept:
    """Return a party that begins in an hour, to which Ann has said yes."""
    async with desk.town.work() as work:
        at = (work.now + timedelta(hours=1)).astimezone(work.rules.zone).replace(tzinfo=None)
        text = f"""
key = "party"
fallback = "en"
title.en = "Tea party"
text.en = "Come!"
[when]
occasion = "date"
[invitation]
at = {at.isoformat(timespec="seconds")}
[[buttons]]
key = "yes"
kind = "rsvp"
label.en = "Yes"
"""
        added = await book.add_campaign(work, read_toml(text, name="party.toml"), by=SYSTEM)
        assert not isinstance(added, Refusal), added
    row = await _lost(desk, "party", 9)
    async with desk.town.work() as work:
        found = await work.tx.execute(select(outbox.c.delivery_id).where(outbox.c.id == row))
        await add_tap(
            work.tx,
            delivery_id=found.scalar_one(),
            customer_id=1,
            campaign="party",
            kind="rsvp",
            button="yes",
            now=work.now,
        )
    return added.kept
