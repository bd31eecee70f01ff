"""Campaigns at the staff's desk after they were made: approved, looked at, settled, guests let in."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update

from domain.campaigns import ApprovalNeeded, CampaignRules
from domain.interactions import Content, Kind
from domain.outcomes import Refusal
from domain.outgoing import Outgoing, Purpose, to_contact
from domain.people import SYSTEM
from domain.rules import Rules
from services.campaigns import book
from services.campaigns.book import Kept
from services.campaigns.document import read_toml
from storage.campaign_taps import add_tap
from storage.database import Database
from storage.outbox import add_outgoing
from storage.tables import deliveries, outbox
from tests.handlers.staff.desk import ANN, BEN, MIA, SUE, Desk, Heard, SlowTown
from tests.handlers.staff.marketer import Mia, buttons_of, kept_campaign, words_of

_TWO_EYES = CampaignRules(approval=ApprovalNeeded.ALWAYS)


@pytest.fixture
async def mia(desk: Desk) -> Mia:
    """Mia, in a shop with one customer."""
    await desk.town.chat(ANN, "Ann").says("/start")
    return Mia(desk)


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
    assert (await kept_campaign(mia.desk, "birthday")).state.value == "running"


async def test_sue_sends_it_back_withwords_of(database: Database) -> None:
    """Without words nothing happens; with them Mia reads what should be different."""
    mia = await _strict(database)
    await mia.writes("/campaign")
    await mia.presses("Birthday", "Overview", "Ask for approval")
    sue = Mia(mia.desk, SUE)
    sue.heard = Heard([], [said for said in mia.heard.staff if "asks you to look" in said.text], [])
    await sue.presses("Send back")
    await sue.answers("Please say which shop it is")
    assert "Please say which shop it is" in sue.read
    assert (await kept_campaign(mia.desk, "birthday")).asked_at is None


async def test_mia_cannot_approve_her_own(database: Database) -> None:
    """A marketer has no yes to give, not even by a forged button."""
    mia = await _strict(database)
    await mia.writes("/campaign")
    await mia.presses("Birthday", "Overview", "Ask for approval")
    kept = await kept_campaign(mia.desk, "birthday")
    await mia.desk.taps(MIA, f"k:campaignyes:0:{kept.id}:{kept.version}")
    assert (await kept_campaign(mia.desk, "birthday")).approved_at is None


async def test_an_old_yes_is_refused_after_a_change(database: Database) -> None:
    """The button of a version that was looked at approves no other one."""
    mia = await _strict(database)
    await mia.writes("/campaign")
    await mia.presses("Birthday", "Overview", "Ask for approval")
    asked = [said for said in mia.heard.staff if "asks you to look" in said.text]
    kept = await kept_campaign(mia.desk, "birthday")
    await mia.desk.taps(MIA, f"k:campaignset:0:{kept.id}:hour:at.1500")
    sue = Mia(mia.desk, SUE)
    sue.heard = Heard([], asked, [])
    await sue.presses("Approve")
    assert "changed meanwhile" in mia.desk.popup
    assert (await kept_campaign(mia.desk, "birthday")).approved_at is None


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
    kept = await kept_campaign(mia.desk, "birthday")
    rows = [await _lost(mia.desk, "birthday", nth) for nth in (1, 2, 3)]
    other = await _lost(mia.desk, "another", 4)
    await mia.presses("Arrived or not?")
    assert "🔁 Ann" in buttons_of(mia.heard.staff)
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
    assert "1 coming: ✓ Ann" in words_of(listed)


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
