"""What came of campaigns, counted by hand: shares, windows, those held out, money; on both engines."""

from datetime import timedelta

import pytest

from domain.campaigns import CampaignState
from domain.campaigns.learning import Finding, newcombe
from domain.campaigns.outcomes import Deed, Results, Worth
from domain.campaigns.rules import CampaignRules
from domain.outcomes import Refusal
from domain.people import SYSTEM, Actor, ActorKind
from domain.surveys.intervals import wilson
from services.campaigns.results import results
from services.campaigns.winners import decide_winners
from storage.campaigns import get_campaign
from storage.database import Database
from storage.people import change_contact
from tests.services.campaigned import DAY, NOON, ONE, TWO, Outing

HOUR = timedelta(hours=1)


@pytest.fixture
def outing(database: Database) -> Outing:
    """A shop on each engine that knows what work and messages cost."""
    return Outing(database, campaigns=CampaignRules(message_cost_minor=5, hour_cost_minor=20_000))


async def found(outing: Outing, occasion: str | None = None) -> Results:
    """Return what came of the campaign by now."""
    async with outing.work() as work:
        told = await results(work, "autumn", by=SYSTEM, occasion=occasion)
    assert not isinstance(told, Refusal)
    return told


def counts(told: Results) -> dict[str, int]:
    """Return how many of those reached did what, leaving out what nobody did."""
    shares = told.all.shares.items()
    return {deed.value: round((one.value or 0) * one.n) for deed, one in shares if one.value}


async def test_what_people_did_is_counted_of_those_reached(outing: Outing) -> None:
    """Ten were meant, six reached: two answered, one opened, one blocked, one opted out, one complained, one bought."""
    await outing.keeps()
    people = await outing.people(10)
    await outing.plans(people[:6])
    await outing.plans(people[6:8], "skipped", reason="no_consent")
    await outing.plans(people[8:9], "failed", reason="blocked")
    await outing.plans(people[9:], "unknown")
    await outing.taps([people[0], people[0]], "answer")
    await outing.taps([people[1]], "reply")
    await outing.taps([people[2]], "tracked")
    await outing.buys([people[3]], refunded_minor=4_000)
    await outing.puts("campaign_optouts", [{"customer_id": people[4], "topic": "autumn", "at": NOON + HOUR}])
    case = {"kind": "complaint", "state": "new", "opened_at": NOON + HOUR}
    await outing.puts("cases", [{"number": 1, "customer_id": people[5], **case}])
    async with outing.work() as work:
        change_contact(work.tx, people[0], reach="blocked", reach_since_at=NOON + HOUR)
    outing.now = NOON + 2 * DAY
    told = await found(outing)
    assert (told.all.meant, told.all.reached) == (10, 6)
    assert counts(told) == {
        "answers": 2,
        "clicks": 1,
        "blocks": 1,
        "optouts": 1,
        "complaints": 1,
        "purchases": 1,
    }
    answers = told.all.shares[Deed.ANSWERS]
    assert (answers.low, answers.high) == wilson(2, 6)
    assert told.all.spent_minor == 6_000


async def test_only_what_falls_into_the_window_counts(outing: Outing) -> None:
    """Seven days from when each message was sent, the last moment of them excluded; nothing before it."""
    await outing.keeps()
    people = await outing.people(4)
    await outing.plans(people)
    await outing.buys([people[0]], after=-HOUR)
    await outing.buys([people[1]], after=timedelta())
    await outing.buys([people[2]], after=7 * DAY - timedelta(milliseconds=1))
    await outing.buys([people[3]], after=7 * DAY)
    await outing.taps([people[3]], "answer", after=8 * DAY)
    outing.now = NOON + 30 * DAY
    told = await found(outing)
    assert counts(told) == {"purchases": 2}
    assert told.open_until is None


async def test_a_purchase_counts_for_the_last_message_before_it(outing: Outing) -> None:
    """Two greetings three days apart, one purchase after both: it is counted once, for the second."""
    await outing.keeps()
    [ann] = await outing.people(1)
    await outing.plans([ann], occasion="first")
    outing.now = NOON + 3 * DAY
    await outing.plans([ann], occasion="second")
    await outing.buys([ann], after=4 * DAY)
    outing.now = NOON + 5 * DAY
    assert counts(await found(outing)) == {"purchases": 1}
    assert counts(await found(outing, "first")) == {}
    assert (await found(outing, "second")).all.spent_minor == 10_000


async def test_those_held_out_are_compared_with_all_who_were_meant(outing: Outing) -> None:
    """12 of 80 meant bought, 2 of 40 held out: reached or not, all count; who is due later does not yet."""
    await outing.keeps()
    people = await outing.people(130)
    await outing.plans(people[:60])
    await outing.plans(people[60:80], "skipped", reason="no_consent")
    await outing.plans(people[80:120], "skipped", reason="holdout")
    await outing.plans(people[120:], "skipped", reason="holdout", due_at=NOON + 30 * DAY)
    await outing.buys([*people[:9], *people[60:63]], cost_minor=7_000)
    await outing.buys(people[80:82], cost_minor=7_000)
    await outing.buys(people[120:], cost_minor=7_000)
    outing.now = NOON + 8 * DAY
    told = await found(outing)
    assert told.held_out is not None
    assert (told.held_out.meant, told.all.meant, told.all.reached) == (40, 80, 60)
    more = told.uplifts[Deed.PURCHASES]
    assert more.share == pytest.approx(12 / 80 - 2 / 40)
    assert (more.low, more.high) == newcombe(12, 80, 2, 40)
    assert told.gain is not None
    assert (told.gain.worth, told.gain.per_buyer_minor) == (Worth.MARGIN, 3_000)
    assert told.gain.buyers == pytest.approx(8)
    assert told.gain.minor == 24_000


async def test_without_anybody_held_out_no_gain_is_claimed(outing: Outing) -> None:
    """What was bought is told, not what the campaign brought: nobody knows what would have happened anyway."""
    await outing.keeps()
    people = await outing.people(40)
    await outing.plans(people)
    await outing.buys(people[:10])
    outing.now = NOON + DAY
    told = await found(outing)
    assert told.gain is None
    assert told.uplifts == {}
    assert [one.key for one in told.warnings] == ["campaign_results.warn.open", "campaign_results.warn.no_holdout"]
    assert told.open_until == NOON + 7 * DAY


@pytest.mark.parametrize(
    ("margin", "worth", "each"), [(None, Worth.AMOUNT, 10_000), (0.25, Worth.ASSUMED_MARGIN, 2_750)]
)
async def test_a_margin_that_is_assumed_is_called_so(
    database: Database, margin: float | None, worth: Worth, each: int
) -> None:
    """Half of the sales came without their cost: the share that is set is taken for them, else the whole amount."""
    outing = Outing(database, campaigns=CampaignRules(assumed_margin=margin))
    await outing.keeps()
    people = await outing.people(80)
    await outing.plans(people[:40])
    await outing.plans(people[40:], "skipped", reason="holdout")
    await outing.buys(people[:5], cost_minor=7_000)
    await outing.buys(people[5:10])
    outing.now = NOON + DAY
    gain = (await found(outing)).gain
    assert gain is not None
    assert (gain.worth, gain.per_buyer_minor) == (worth, each)


async def test_what_a_campaign_cost_is_added_up(outing: Outing) -> None:
    """Messages that were sent, gifts that were given, hours of work; nothing for who was left out."""
    gift = "[gift]\npoints = 50\ncost_minor = 300\n[learning]\nhours = 1.5\n"
    await outing.keeps(ONE + gift)
    people = await outing.people(5)
    await outing.plans(people[:3], params={"gift_points": 50})
    await outing.plans(people[3:4], "skipped", reason="no_gift")
    await outing.plans(people[4:], "unknown", params={"gift_points": 50})
    cost = (await found(outing)).cost
    assert (cost.messages_minor, cost.gifts, cost.gifts_minor, cost.hours_minor) == (15, 4, 1_200, 30_000)
    assert cost.total_minor == 31_215


async def test_a_task_that_says_nothing_costs_no_message(outing: Outing) -> None:
    """Three visits were made, and nobody was written to."""
    await outing.keeps("[task]\nalone = true\ntitle.en = 'Visit'\ntitle.zh_CN = '拜访'\ntitle.zh_TW = '拜訪'\n")
    await outing.plans(await outing.people(3))
    assert (await found(outing)).cost.messages_minor == 0


async def test_the_better_message_is_named_and_taken_once(outing: Outing) -> None:
    """40 of 100 answer b, 15 of 100 answer a; after the time set b is for everybody, and that is decided only once."""
    await outing.keeps(TWO.format(learning='decide_after = "2d"'))
    people = await outing.people(200)
    await outing.plans(people[:100], variant="a")
    await outing.plans(people[100:], variant="b")
    await outing.taps([*people[:15], *people[100:140]], "answer")
    told = await found(outing)
    assert [(group.key, group.reached) for group in told.variants] == [("a", 100), ("b", 100)]
    assert (told.comparison.finding, told.comparison.winner, told.winner) == (Finding.WINNER, "b", None)
    outing.now = NOON + DAY
    async with outing.work() as work:
        assert await decide_winners(work) == 0
    outing.now = NOON + 2 * DAY
    async with outing.work() as work:
        assert await decide_winners(work) == 1
        assert await decide_winners(work) == 0
    assert (await found(outing)).winner == "b"
    [audited] = await outing.rows("audit", action="campaign.decide")
    assert audited.after == {"key": "autumn", "winner": "b", "finding": "winner"}


async def test_chance_is_looked_at_once_and_not_until_it_wins(outing: Outing) -> None:
    """No sure difference when it is time: both go on, and a later lucky streak changes nothing any more."""
    await outing.keeps(TWO.format(learning='decide_after = "1d"'))
    people = await outing.people(200)
    await outing.plans(people[:100], variant="a")
    await outing.plans(people[100:], variant="b")
    await outing.taps([*people[:15], *people[100:118]], "answer")
    outing.now = NOON + DAY
    async with outing.work() as work:
        assert await decide_winners(work) == 1
    await outing.taps(people[118:180], "answer")
    outing.now = NOON + 2 * DAY
    async with outing.work() as work:
        assert await decide_winners(work) == 0
        row = await get_campaign(work.tx, "autumn")
    assert row is not None
    assert (row.winner, row.winner_at) == (None, NOON + DAY)


async def test_with_too_few_people_the_decision_waits(outing: Outing) -> None:
    """Before each message reached enough people nothing is decided, nor is the one look spent."""
    await outing.keeps(TWO.format(learning='decide_after = "1d"'))
    people = await outing.people(60)
    await outing.plans(people[:20], variant="a")
    await outing.plans(people[20:40], variant="b")
    outing.now = NOON + DAY
    async with outing.work() as work:
        assert await decide_winners(work) == 0
    assert (await found(outing)).comparison.finding is Finding.TOO_FEW


async def test_messages_are_compared_as_they_stand_now(outing: Outing) -> None:
    """What answered the words of an older version says nothing about the new ones."""
    await outing.keeps(TWO.format(learning=""))
    people = await outing.people(120)
    await outing.plans(people[:60], variant="a")
    await outing.plans(people[60:], variant="b")
    await outing.taps(people[60:100], "answer")
    outing.now = NOON + DAY
    assert (await found(outing)).comparison.winner == "b"
    await outing.keeps(TWO.format(learning="").replace("Good day", "Good evening"))
    told = await found(outing)
    assert (told.version, told.comparison.finding) == (2, Finding.TOO_FEW)
    assert "campaign_results.warn.versions" in [one.key for one in told.warnings]
    assert told.all.reached == 120


async def test_nothing_confidential_is_counted(outing: Outing) -> None:
    """A complaint that supervisors alone may see is in no figure, however few there are."""
    await outing.keeps()
    [ann] = await outing.people(1)
    await outing.plans([ann])
    case = {"kind": "complaint", "state": "new", "opened_at": NOON + HOUR, "confidential": True}
    await outing.puts("cases", [{"number": 1, "customer_id": ann, **case}])
    outing.now = NOON + DAY
    assert counts(await found(outing)) == {}


async def test_who_may_not_read_is_told_so(outing: Outing) -> None:
    """A stranger sees no results, and of a campaign that is not there anybody is told that."""
    await outing.keeps()
    async with outing.work() as work:
        stranger = await results(work, "autumn", by=Actor(ActorKind.CUSTOMER, 1))
        unknown = await results(work, "winter", by=SYSTEM)
    assert stranger == Refusal("desk.refused.not_allowed")
    assert unknown == Refusal("campaign_results.refused.unknown", {"campaign": "winter"})


async def test_after_a_campaign_was_cancelled_nobody_new_is_counted(outing: Outing) -> None:
    """Who would have been due later is in no group, held out or not."""
    await outing.keeps()
    people = await outing.people(4)
    await outing.plans(people[:1])
    await outing.plans(people[1:2], "skipped", reason="holdout")
    await outing.plans(people[2:3], "skipped", reason="cancelled", due_at=NOON + 2 * DAY)
    await outing.plans(people[3:], "skipped", reason="holdout", due_at=NOON + 2 * DAY)
    outing.now = NOON + DAY
    await outing.stands(CampaignState.CANCELLED)
    outing.now = NOON + 5 * DAY
    told = await found(outing)
    assert told.held_out is not None
    assert (told.all.meant, told.held_out.meant) == (1, 1)


async def test_new_words_are_compared_anew(outing: Outing) -> None:
    """A winner among older words is none of the new ones: they are drawn and decided on as at first."""
    await outing.keeps(TWO.format(learning='decide_after = "1d"'))
    people = await outing.people(200)
    await outing.plans(people[:100], variant="a")
    await outing.plans(people[100:], variant="b")
    await outing.taps(people[100:140], "answer")
    outing.now = NOON + DAY
    async with outing.work() as work:
        await decide_winners(work)
    assert (await found(outing)).winner == "b"
    await outing.keeps(TWO.format(learning='decide_after = "2d"'))
    assert (await found(outing)).winner == "b"
    await outing.keeps(TWO.format(learning='decide_after = "2d"').replace("Good day", "Good evening"))
    assert (await found(outing)).winner is None
