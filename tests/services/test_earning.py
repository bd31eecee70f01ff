"""Points by rule at the counter: bonus days by the shop's clock, the cap of a day, and occasions once each."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.loyalty import Bonus, EarningRules, LoyaltyRules, Occasion
from domain.people import SYSTEM, Birthday
from domain.rules import Rules
from services import points
from services.earning import reward_birthdays, reward_occasion
from services.feedback import begin_feedback, finish
from services.merging import merge_customers
from services.work import Work, person_of_contact
from storage.people import birthday_columns, change_customer
from tests.services.loyalty import spendable
from tests.services.sales import brings_back, buys, guest, notices_of
from tests.services.shop import ANN_CHAT, MORNING, Working, arrive

DAY = timedelta(days=1)
LONDON, AUCKLAND = ZoneInfo("Europe/London"), "Pacific/Auckland"


def rules(zone: ZoneInfo | None = None, **earning: Any) -> Rules:
    """Return rules with these rules of earning, in a shop of this zone."""
    found = Rules(loyalty=LoyaltyRules(earning=EarningRules(**earning)))
    return replace(found, zone=zone) if zone else found


def at(text: str) -> datetime:
    """Return a UTC instant."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


async def test_a_bonus_begins_and_ends_by_the_clock_of_the_shop(working: Working) -> None:
    """London's 25 October 2026 has 25 hours: all of them earn twice, not a millisecond before or after does."""
    autumn = date(2026, 10, 25)
    told = rules(LONDON, bonuses=(Bonus("autumn", autumn, autumn, 200),))
    ms = timedelta(milliseconds=1)
    first, end = at("2026-10-24T23:00"), at("2026-10-26T00:00")
    moments = {first - ms: 1, first: 2, at("2026-10-25T01:30"): 2, end - ms: 2, end: 1}
    async with working(rules=told) as work:
        ann = await guest(work)
        for nth, (bought_at, factor) in enumerate(moments.items()):
            done = await buys(work, ann, 10, str(nth), bought_at=bought_at)
            assert done.entry is not None
            assert done.entry.points == 10 * factor, bought_at


async def test_the_cap_counts_everything_earned_on_a_local_day(working: Working) -> None:
    """Purchases by when they were made, occasions too, gifts by hand not; what was refunded makes room again."""
    told = rules(day_cap=100, occasions={Occasion.SURVEY: 30})
    async with working(rules=told) as work:
        ann = await guest(work)
        await points.adjust(work, ann, points=500, source_key="gift", by=SYSTEM, reason="sorry")
        assert (await buys(work, ann, 80, "yesterday", bought_at=MORNING - DAY)).entry is not None
        first = await buys(work, ann, 90, "a")
        survey = await reward_occasion(work, ann, Occasion.SURVEY, ref="7", by=SYSTEM)
        assert survey is not None
        assert survey.points == 10
        assert survey.working["lines"][-1]["figures"] == {"cap": 100, "earned_today": 90, "cut": 20}
        assert (await buys(work, ann, 90, "b")).entry is None
        await brings_back(work, first, "r")
        third = await buys(work, ann, 95, "c")
        assert third.entry is not None
        assert third.entry.points == 90
        late = await buys(work, ann, 95, "late", bought_at=MORNING - DAY)
        assert late.entry is not None
        assert late.entry.points == 20


async def test_the_cap_knows_what_a_fast_till_told_before_its_day_began(working: Working) -> None:
    """A quarter of an hour before midnight a till tells of a sale of tomorrow: it counts to tomorrow's cap alone."""
    told = rules(ZoneInfo("UTC"), day_cap=100)
    midnight = at("2026-11-23T00:00")
    async with working(rules=told, later=midnight - MORNING - timedelta(minutes=15)) as work:
        ann = await guest(work)
        early = await buys(work, ann, 80, "early", bought_at=midnight + timedelta(minutes=30))
        today = await buys(work, ann, 90, "today")
    async with working(rules=told, later=midnight - MORNING + DAY / 2) as work:
        late = await buys(work, ann, 50, "late")
        assert [done.entry.points for done in (early, today, late) if done.entry] == [80, 90, 20]


async def test_an_occasion_is_rewarded_once_a_reference(working: Working) -> None:
    """Also when the rule changes meanwhile, and when two records turn out to be one person's."""
    async with working(rules=rules(occasions={Occasion.SURVEY: 30})) as work:
        ann, anna = await guest(work), await guest(work, "Anna", 1002)
        assert await reward_occasion(work, ann, Occasion.SURVEY, ref="7", by=SYSTEM) is not None
        assert await notices_of(work, ann) == [("earned", {"points": 30, "rule": "survey"})]
    async with working(rules=rules(occasions={Occasion.SURVEY: 99})) as work:
        assert await reward_occasion(work, ann, Occasion.SURVEY, ref="7", by=SYSTEM) is None
        await merge_customers(work, keep_id=anna, duplicate_id=ann, by=SYSTEM, reason="one person")
        assert await reward_occasion(work, anna, Occasion.SURVEY, ref="7", by=SYSTEM) is None
        assert await reward_occasion(work, anna, Occasion.SURVEY, ref="17", by=SYSTEM) is not None
        assert await reward_occasion(work, anna, Occasion.BIRTHDAY, ref="2026", by=SYSTEM) is None
        assert await spendable(work, anna) == 129


async def born(work: Work, name: str, birthday: Birthday, *, zone: str | None = None) -> int:
    """Return a customer with this birthday, who lives in this zone."""
    customer_id = await guest(work, name, 2000 + sum(map(ord, name)))
    change_customer(work.tx, customer_id, zone=zone, **birthday_columns(birthday))
    return customer_id


GIFT = rules(occasions={Occasion.BIRTHDAY: 88})


async def test_birthday_points_come_on_the_day_where_one_lives_once_a_year(working: Working) -> None:
    """It is the 22nd in London and nearly the 23rd in Auckland: each has the own day, and none a second time."""
    async with working(rules=GIFT) as work:
        ann = await born(work, "Ann", Birthday(11, 22, 1990))
        kiri = await born(work, "Kiri", Birthday(11, 23), zone=AUCKLAND)
        bob = await born(work, "Bob", Birthday(11, 23))
        lin = await born(work, "Lin", Birthday(10, 14, lunar=True))  # 22 November 2026
        for _ in range(2):
            while await reward_birthdays(work, limit=1):
                pass
        assert [await spendable(work, each) for each in (ann, kiri, bob, lin)] == [88, 0, 0, 88]
    async with working(later=timedelta(hours=3), rules=GIFT) as work:  # midnight in Auckland is past
        assert await reward_birthdays(work, limit=10) == 1
        assert [await spendable(work, each) for each in (kiri, bob)] == [88, 0]
    for _ in range(2):
        async with working(later=365 * DAY, rules=GIFT) as work:
            await reward_birthdays(work, limit=10)
            assert [await spendable(work, each) for each in (ann, bob, lin)] == [88, 0, 0]
            history = await points.list_history(work, ann)
            assert sorted(entry.source_key for entry in history) == [f"birthday:{ann}:{year}" for year in (2026, 2027)]


async def test_a_birthday_missed_for_a_few_days_is_made_up_for(working: Working) -> None:
    """The program was down over a long weekend; after a week it is too late."""
    async with working(rules=GIFT) as work:
        ann, bob = await born(work, "Ann", Birthday(11, 19)), await born(work, "Bob", Birthday(11, 17))
        while await reward_birthdays(work, limit=10):
            pass
        assert [await spendable(work, each) for each in (ann, bob)] == [88, 0]


async def test_new_year_belongs_to_the_new_year(working: Working) -> None:
    """Somebody born on 1 January, and rewarded last January, is not passed over while it is 2026 elsewhere."""
    later = at("2027-01-01T00:30") - MORNING
    async with working(rules=GIFT) as work:
        ann = await born(work, "Ann", Birthday(1, 1))
        await reward_occasion(work, ann, Occasion.BIRTHDAY, ref="2026", by=SYSTEM)
    async with working(later=later, rules=GIFT) as work:
        assert await reward_birthdays(work, limit=10) == 1


async def test_leap_day_is_kept_as_the_rules_say(working: Working) -> None:
    """On 28 February by default."""
    later = at("2027-02-28T09:00") - MORNING
    async with working(later=later, rules=GIFT) as work:
        ann = await born(work, "Ann", Birthday(2, 29))
        assert await reward_birthdays(work, limit=10) == 1
        assert await spendable(work, ann) == 88


async def test_without_a_birthday_rule_nobody_is_looked_for(working: Working) -> None:
    """Nor with loyalty off."""
    off = replace(GIFT, loyalty=replace(GIFT.loyalty, enabled=False))
    for name, told in (("Ann", rules()), ("Bob", off)):
        async with working(rules=told) as work:
            await born(work, name, Birthday(11, 22))
            assert await reward_birthdays(work, limit=10) == 0


async def test_feedback_is_thanked_in_points_once_a_day(working: Working) -> None:
    """The second one of the day is as welcome, and brings none; an empty one is none."""
    told = rules(occasions={Occasion.FEEDBACK: 5})
    async with working(rules=told) as work:
        contact_id = (await arrive(work, chat_id=ANN_CHAT, name="Ann")).contact.id
    for later, points_then in ((timedelta(), 5), (timedelta(hours=1), 5), (DAY, 10)):
        async with working(later=later, rules=told) as work:
            ann = await person_of_contact(work, contact_id)
            assert ann is not None
            await begin_feedback(work, ann, kind="suggestion")
            await finish(work, ann)
            assert await spendable(work, ann.customer.id) == points_then - 5 * (later != timedelta(hours=1))
            await begin_feedback(work, ann, kind="rating", stars=5)
            await finish(work, ann)
            assert await spendable(work, ann.customer.id) == points_then
            assert (await points.list_history(work, ann.customer.id))[0].actor == ann.actor
