"""Letting campaigns go: who may, when, at what cost, and what nobody knows the arrival of."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from campaigns import delivery, planning
from domain.campaigns import ApprovalNeeded, CampaignRules, CampaignState
from domain.outcomes import Refusal
from domain.people import SYSTEM, Actor, ActorKind, ConsentClass, Role
from domain.rules import Rules
from services.campaigns import control
from services.campaigns.approval import approve, ask_approval
from services.campaigns.book import Kept, add_campaign, get_campaign
from services.campaigns.document import read_toml
from services.customers import set_consent
from services.delivery import after_unknown, assume_delivered, retry_unknown
from services.work import Work
from storage import staff as staff_rows
from storage.audit import list_of_subject
from storage.outbox import get_row, mark_settled
from storage.tables import outbox
from tests.services.shop import ANN_CHAT, Working, arrive

PAPER = """
key = "moon"
consent = "care"
fallback = "en"
{more}
[title]
en = "Mid-Autumn"
[when]
occasion = "date"
[text]
en = "Hello {{{{ name }}}}"
"""
HOUR = timedelta(hours=1)
PAID = replace(Rules(), campaigns=CampaignRules(paid_broadcast=True, paid_star_tenths=1))
LOOKED_AT = replace(Rules(), campaigns=CampaignRules(approval=ApprovalNeeded.ALWAYS))


async def _draft(work: Work, more: str = "", *, key: str = "moon", on: date | None = None) -> Kept:
    day = f'occasion = "date"\non = "{on}"' if on is not None else 'occasion = "date"'
    paper = PAPER.replace('"moon"', f'"{key}"', 1).replace('occasion = "date"', day).format(more=more)
    added = await add_campaign(work, read_toml(paper, name="moon.toml"), by=SYSTEM)
    assert not isinstance(added, Refusal)
    return added.kept


async def _hired(work: Work, name: str, role: Role) -> Actor:
    await staff_rows.insert_missing_member(work.tx, user_id=len(name) * 7, name=name, role=role, language=None)
    staff_rows.look_at_staff_again(work.tx)
    [member] = [one for one in await staff_rows.list_active(work.tx) if one.name == name]
    return Actor(ActorKind.STAFF, member.id)


async def _deeds(work: Work, kept: Kept) -> list[str]:
    return [row.action for row in await list_of_subject(work.tx, "campaign", kept.id)]


def _done(found: Kept | Refusal) -> Kept:
    assert not isinstance(found, Refusal), found
    return found


def _why(found: Any) -> str:
    assert isinstance(found, Refusal)
    return found.key.removeprefix("campaign_control.refused.")


async def test_a_campaign_goes_through_its_states_and_each_step_is_audited(working: Working) -> None:
    """Mia starts, pauses, resumes and cancels; what cannot follow is refused with the reason."""
    async with working() as work:
        kept = await _draft(work)
        mia = await _hired(work, "Mia", Role.MARKETER)
        assert _why(await control.pause(work, "moon", by=mia)) == "not_running"
        assert _why(await control.cancel(work, "moon", by=mia)) == "not_begun"
        started = _done(await control.launch(work, "moon", by=mia))
        assert (started.state, started.launched_at) == (CampaignState.RUNNING, work.now)
        assert _why(await control.launch(work, "moon", by=mia)) == "running"
        paused = _done(await control.pause(work, "moon", by=mia))
        assert (paused.state, paused.paused_at, paused.pause_reason) == (CampaignState.PAUSED, work.now, "hand")
        assert _why(await control.launch(work, "moon", by=mia)) == "paused"
        resumed = _done(await control.resume(work, "moon", by=mia))
        assert (resumed.state, resumed.paused_at, resumed.pause_reason) == (CampaignState.RUNNING, None, None)
        assert _done(await control.cancel(work, "moon", by=mia)).ended_at == work.now
        assert _why(await control.launch(work, "moon", by=mia)) == "over"
        assert _why(await control.resume(work, "moon", by=mia)) == "not_paused"
        assert _why(await control.launch(work, "sun", by=mia)) == "unknown"
        steps = ["add", "start", "pause", "resume", "cancel"]
        assert sorted(await _deeds(work, kept)) == sorted(f"campaign.{step}" for step in steps)


async def test_only_who_runs_campaigns_starts_one(working: Working) -> None:
    """Ben answers cases; campaigns are not his."""
    async with working() as work:
        await _draft(work)
        ben = await _hired(work, "Ben", Role.AGENT)
        for deed in (control.launch, control.pause, control.resume, control.cancel):
            assert _why(await deed(work, "moon", by=ben)) == "not_allowed"


async def test_a_scheduled_campaign_starts_when_its_time_comes(working: Working) -> None:
    """Not before, and once."""
    async with working() as work:
        await _draft(work)
        scheduled = _done(await control.launch(work, "moon", at=work.now + HOUR, by=SYSTEM))
        assert (scheduled.state, scheduled.launched_at) == (CampaignState.SCHEDULED, None)
        assert await control.start_due(work) == 0
    async with working(later=HOUR) as work:
        assert await control.start_due(work) == 1
        assert await control.start_due(work) == 0
        kept = await get_campaign(work, "moon")
        assert kept is not None
        assert (kept.state, kept.launched_at) == (CampaignState.RUNNING, work.now)


async def test_a_day_that_is_over_is_not_started(working: Working) -> None:
    """Nobody would hear of it, and whoever started it would think all did: on the day itself and the eve it starts."""
    async with working() as work:
        today = work.now.astimezone(work.rules.zone).date()
        for days, why in ((-1, "day_over"), (0, None), (1, None)):
            key = f"day{days + 1}"
            await _draft(work, key=key, on=today + timedelta(days=days))
            found = await control.launch(work, key, by=SYSTEM)
            assert (_why(found) if isinstance(found, Refusal) else None) == why
        await _draft(work, key="soon", on=today + timedelta(days=2))
        assert _why(await control.launch(work, "soon", at=work.now + timedelta(days=3), by=SYSTEM)) == "day_over"
        assert not isinstance(await control.launch(work, "soon", at=work.now + timedelta(days=2), by=SYSTEM), Refusal)


async def test_a_second_look_is_asked_for_again_when_the_words_changed(working: Working) -> None:
    """Sue approved other words: what was scheduled does not start, what was paused does not go on."""
    async with working(rules=LOOKED_AT) as work:
        await _draft(work)
        mia, sue = await _hired(work, "Mia", Role.MARKETER), await _hired(work, "Susan", Role.SUPERVISOR)
        assert isinstance(await control.launch(work, "moon", by=mia), Refusal)
        assert not isinstance(await ask_approval(work, "moon", by=mia), Refusal)
        _done(await approve(work, "moon", by=sue))
        _done(await control.launch(work, "moon", at=work.now + HOUR, by=mia))
        await _draft(work, "priority = 7")
    async with working(later=HOUR, rules=LOOKED_AT) as work:
        assert await control.start_due(work) == 1
        kept = await get_campaign(work, "moon")
        assert kept is not None
        assert kept.state is CampaignState.DRAFT


async def test_paid_broadcast_wants_the_setting_and_a_yes_to_its_cost(working: Working) -> None:
    """Off by default; on, the cost is shown first, and who said yes is kept."""
    async with working() as work:
        kept = await _draft(work, "paid = true")
        assert _why(await control.launch(work, "moon", by=SYSTEM, paid_yes=True)) == "paid_off"
    async with working(rules=PAID) as work:
        for nth in range(12):
            await arrive(work, chat_id=ANN_CHAT + nth, name="Ann")
        refused = await control.launch(work, "moon", by=SYSTEM)
        assert isinstance(refused, Refusal)
        assert refused.values == {"campaign": "moon", "people": 12, "stars": "1.2"}
        assert _done(await control.launch(work, "moon", by=SYSTEM, paid_yes=True)).paid_yes_at == work.now
        assert "campaign.paid_yes" in await _deeds(work, kept)


@pytest.mark.parametrize("way", ["paused", "over"])
async def test_a_yes_to_a_cost_is_for_that_cost(working: Working, way: str) -> None:
    """Other words keep the yes; for other people, or sent anew, the cost is shown again before anything goes out."""
    async with working(rules=PAID) as work:
        await arrive(work, chat_id=ANN_CHAT, name="Ann")
        await _draft(work, "paid = true\nsegment = 'points > 100'")
        _done(await control.launch(work, "moon", by=SYSTEM, paid_yes=True))
        _done(await control.pause(work, "moon", by=SYSTEM))
        await _draft(work, "paid = true\nsegment = 'points > 100'\npriority = 7")
        _done(await control.resume(work, "moon", by=SYSTEM))
        _done(await (control.pause if way == "paused" else control.cancel)(work, "moon", by=SYSTEM))
        kept = await _draft(work, "paid = true" if way == "paused" else "paid = true\nsegment = 'points > 100'")
        assert kept.paid_yes_at is None
        go_on = control.resume if way == "paused" else control.launch
        assert _why(await go_on(work, "moon", by=SYSTEM)) == "paid"
        assert _done(await go_on(work, "moon", by=SYSTEM, paid_yes=True)).paid_yes_at == work.now


async def test_what_nobody_knows_is_listed_and_answered(working: Working) -> None:
    """Each is sent again or taken for delivered; one of a cancelled campaign is not sent again."""
    noon = timedelta(hours=3)
    async with working(later=noon) as work:
        for nth in range(3):
            ann = await arrive(work, chat_id=ANN_CHAT + nth, name=f"Ann{nth}")
            await set_consent(work, ann, ConsentClass.CARE, given=True)
        await _draft(work)
        _done(await control.launch(work, "moon", by=SYSTEM))
        await planning.open_runs(work)
        await planning.plan_runs(work, limit=100)
        assert await delivery.feed(work, limit=100) == 3
        for row_id in [row.id for row in await _campaign_rows(work)]:
            row = await get_row(work.tx, row_id)
            assert row is not None
            mark_settled(work.tx, row_id=row_id, state="unknown", now=work.now, error="TimedOut")
            await after_unknown(work, row)
    async with working(later=noon) as work:
        first, second, third = await control.unknown_of(work, "moon", 10)
        assert (first.name, first.occasion) == ("Ann0", "once")
        assert await retry_unknown(work, first.row.id) is None
        assert await assume_delivered(work, second.row.id) is None
        assert [one.row.id for one in await control.unknown_of(work, "moon", 10)] == [third.row.id]
        _done(await control.cancel(work, "moon", by=SYSTEM))
        refused = await retry_unknown(work, third.row.id)
        assert refused is not None


async def _campaign_rows(work: Work) -> list[Any]:
    return list(await work.tx.execute(select(outbox.c.id).where(outbox.c.purpose == "campaign")))


@pytest.mark.parametrize(("people", "stars"), [(0, "0"), (9, "0.9"), (1000, "100")])
async def test_the_cost_is_in_stars(working: Working, people: int, stars: str) -> None:
    """A tenth of a Star a message."""
    async with working(rules=PAID) as work:
        assert control.stars_for(work, people) == stars


async def test_of_two_who_decide_about_one_message_at_once_one_does(working: Working) -> None:
    """While Mia sends it again Ben takes it for delivered: it goes her way, and he hears so."""
    noon = timedelta(hours=3)
    async with working(later=noon) as work:
        ann = await arrive(work, chat_id=ANN_CHAT, name="Ann")
        await set_consent(work, ann, ConsentClass.CARE, given=True)
        await _draft(work)
        _done(await control.launch(work, "moon", by=SYSTEM))
        await planning.open_runs(work)
        while await planning.plan_runs(work, limit=50):
            pass
        assert await delivery.feed(work, limit=50) == 1
    async with working(later=noon) as work:
        found = select(outbox.c.id).where(outbox.c.delivery_id.is_not(None))
        row_id = (await work.tx.execute(found)).scalar_one()
        row = await get_row(work.tx, row_id)
        assert row is not None
        mark_settled(work.tx, row_id=row_id, state="unknown", now=work.now, error="TimedOut")
        await after_unknown(work, row)

    async def assume() -> Refusal | None:
        async with working(later=noon) as work:
            return await assume_delivered(work, row_id)

    async with working(later=noon) as work:
        assert await retry_unknown(work, row_id) is None
        ben = asyncio.create_task(assume())
        await asyncio.wait({ben}, timeout=0.2)
    assert await ben == Refusal("desk.refused.not_unknown")
    async with working(later=noon) as work:
        assert len(await list_of_subject(work.tx, "outbox", row_id)) == 1
