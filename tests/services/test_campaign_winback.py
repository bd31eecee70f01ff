"""Whom to win back: those who left, the most valuable first, each cause with its own answer."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from domain.campaigns.winback import CAMPAIGNS, REASONS, Cause, Move, core_of
from domain.outcomes import Refusal
from domain.people import SYSTEM, Actor, ActorKind
from domain.records import LostReason
from services.campaigns.winback import WinBack, list_to_win_back
from services.records import add_tag, change_record
from services.work import Work
from storage.bans import insert_ban
from storage.tables import contact_points
from tests.services.sales import brings_back, buys, guest
from tests.services.shop import MORNING, Working
from texts.campaigns import shipped_campaign_files


async def listed(work: Work, **asked: object) -> WinBack:
    """Return the list as Mia sees it."""
    found = await list_to_win_back(work, by=SYSTEM, **asked)  # type: ignore[arg-type]
    assert isinstance(found, WinBack)
    return found


async def leaves(work: Work, customer_id: int, reason: LostReason) -> None:
    """Mark somebody as lost."""
    assert await change_record(work, customer_id, by=SYSTEM, lost_reason=reason.value) is None


async def gone(work: Work, name: str, yuan: int, reason: LostReason | None) -> int:
    """Return somebody who bought for so much and left."""
    customer_id = await guest(work, name, 1000 + len(name) * 7 + yuan)
    if yuan:
        await buys(work, customer_id, yuan, f"{name}-1")
    if reason is not None:
        await leaves(work, customer_id, reason)
    return customer_id


async def test_the_most_valuable_come_first_each_with_the_answer_to_why(working: Working) -> None:
    """Mia sees Ann, whom we let down, before Bob, who found us dear; both before Cy, who moved away."""
    async with working() as work:
        bob = await gone(work, "Bob", 300, LostReason.PRICE)
        ann = await gone(work, "Ann", 900, LostReason.COMPLAINT)
        cy = await gone(work, "Cy", 20, LostReason.MOVED)
        found = await listed(work)
    assert [(line.gone.customer_id, line.gone.worth_minor) for line in found.lines] == [
        (ann, 90_000),
        (bob, 30_000),
        (cy, 2_000),
    ]
    assert [CAMPAIGNS[line.gone.cause] for line in found.lines] == ["winback_fault", "winback_price", "winback_natural"]
    assert [(cause, group.people, group.worth_minor) for cause, group in found.groups.items()] == [
        (Cause.FAULT, 1, 90_000),
        (Cause.PRICE, 1, 30_000),
        (Cause.NATURAL, 1, 2_000),
    ]


async def test_worth_is_the_last_year_in_which_somebody_came_less_refunds(working: Working) -> None:
    """What Ann spent two years ago says little, and what she brought back nothing; other money is not added up."""
    async with working() as work:
        ann = await guest(work)
        for days, yuan in ((900, 5000), (364, 70), (10, 50), (0, 100)):
            await buys(work, ann, yuan, f"a{days}", bought_at=MORNING - timedelta(days=days))
        back = await buys(work, ann, 40, "back")
        await brings_back(work, back, "r", 4000)
        part = await buys(work, ann, 30, "part", bought_at=MORNING - timedelta(days=3))
        await brings_back(work, part, "r2", 1000)
        await buys(work, ann, 999, "usd", currency="USD", bought_at=MORNING - timedelta(days=1))
        await leaves(work, ann, LostReason.PRICE)
        (line,) = (await listed(work)).lines
    assert line.gone.worth_minor == (70 + 50 + 100 + 20) * 100
    assert line.gone.last_bought_at == MORNING


async def test_who_stays_away_is_on_the_list_unmarked(working: Working) -> None:
    """Ann bought half a year ago and nobody knows why she stays away; Bob bought last week; Cy never bought."""
    async with working() as work:
        ann = await gone(work, "Ann", 100, None)
        bob = await gone(work, "Bobby", 100, None)
        await gone(work, "Cy", 0, None)
    async with working(later=timedelta(days=180)) as work:
        await buys(work, bob, 10, "b2", bought_at=work.now - timedelta(days=7))
        found = await listed(work)
        assert [(line.gone.customer_id, line.gone.cause) for line in found.lines] == [(ann, Cause.QUIET)]
        assert (await listed(work, quiet_days=181)).lines == ()
        assert len((await listed(work, cause=Cause.QUIET)).lines) == 1
        assert (await listed(work, cause=Cause.PRICE)).lines == ()


async def test_credit_fraud_and_the_banned_are_not_won_back(working: Working) -> None:
    """Whoever did not pay, deceived us or is banned is on no list and in no sum; a ban that is over counts no more."""
    async with working() as work:
        await gone(work, "Cy", 5000, LostReason.CREDIT)
        fraud = await gone(work, "Fay", 400, LostReason.PRICE)
        assert await add_tag(work, fraud, "Fraud", by=SYSTEM) is None
        banned = await gone(work, "Dora", 300, LostReason.PRICE)
        await insert_ban(
            work.tx,
            customer_id=banned,
            reason="threats",
            by=SYSTEM,
            now=work.now,
            until_at=work.now + timedelta(days=9),
        )
        ann = await gone(work, "Annette", 100, LostReason.PRICE)
        found = await listed(work)
        assert [line.gone.customer_id for line in found.lines] == [ann]
        assert found.groups[Cause.PRICE].people == 1
    async with working(later=timedelta(days=10)) as work:
        assert [line.gone.customer_id for line in (await listed(work)).lines] == [banned, ann]


async def test_the_most_valuable_fifth_is_rung_and_whoever_cannot_be_written_to(working: Working) -> None:
    """Of six, two are worth a call; without a telephone they are written to; unreachable either way they are known."""
    async with working() as work:
        people = [await gone(work, "A" * (1 + n), 1000 - n * 100, LostReason.PRICE) for n in range(6)]
        for nth in (0, 3):
            assert await change_record(work, people[nth], by=SYSTEM, phone="+8613800138000") is None
        blocked = contact_points.c.customer_id.in_([people[3], people[4]])
        await work.tx.execute(update(contact_points).where(blocked).values(reach="blocked"))
        found = await listed(work)
        top = await listed(work, limit=1)
    assert [line.core for line in found.lines] == [True, True, False, False, False, False]
    assert [line.move for line in found.lines] == [
        Move.CALL,
        Move.MESSAGE,
        Move.MESSAGE,
        Move.CALL,
        Move.NONE,
        Move.MESSAGE,
    ]
    assert top.lines == found.lines[:1]
    assert top.groups == found.groups
    assert core_of(0) == 0


async def test_who_was_worth_nothing_is_never_core(working: Working) -> None:
    """Somebody who never bought is written to, even alone on the list."""
    async with working() as work:
        await gone(work, "Cy", 0, LostReason.RIVAL)
        (line,) = (await listed(work)).lines
    assert (line.core, line.move, line.gone.worth_minor, line.gone.last_bought_at) == (False, Move.MESSAGE, 0, None)


async def test_only_who_runs_campaigns_sees_the_list(working: Working) -> None:
    """Cy, a stranger, is refused."""
    async with working() as work:
        found = await list_to_win_back(work, by=Actor(ActorKind.STAFF, 99))
    assert isinstance(found, Refusal)


@pytest.mark.parametrize("reason", LostReason)
def test_each_reason_but_credit_has_one_cause_and_a_campaign(reason: LostReason) -> None:
    """Nobody falls between two answers."""
    causes = [cause for cause, reasons in REASONS.items() if reason in reasons]
    assert len(causes) == (0 if reason is LostReason.CREDIT else 1)
    names = [name for name, _ in shipped_campaign_files()]
    assert all(f"{CAMPAIGNS[cause]}.toml" in names for cause in causes)
