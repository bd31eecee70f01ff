"""Birthday care: on the right day where the person lives, once a year, only while it is wanted."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from campaigns import delivery, planning
from domain.calendars import LeapDayPolicy, QuietHours
from domain.loyalty import ContactRules
from domain.people import SYSTEM, Birthday, ConsentClass, Reach
from domain.rules import BirthdayRules, Rules
from services import customers
from services.campaigns import control
from services.campaigns.book import Added, Kept, add_campaign, seed_shipped
from services.campaigns.document import read_toml
from services.delivery import after_failed, after_sent, after_unknown, assume_delivered, drop_unwanted, retry_unknown
from services.work import Person, Work, person_of_contact
from storage.database import Database
from storage.outbox import get_row, mark_settled
from storage.people import change_customer
from storage.tables import cases
from tests.handlers.harness import Said, Town
from texts.campaigns import shipped_campaign_files
from texts.catalogue import plain

BEGINNING = datetime(2026, 1, 1, 0, 0, tzinfo=UTC)
MORNING = datetime(2026, 5, 1, 0, 0, tzinfo=UTC)
CARE = ConsentClass.CARE


class Year:
    """A shop with customers and a clock that moves through the year."""

    def __init__(self, database: Database) -> None:
        rules = Rules(business_name="Tailor & Son", zone=ZoneInfo("UTC"))
        self.town = Town(database, rules)
        self.town.now = MORNING
        self._chat_id = 1000

    async def knows(
        self,
        name: str,
        born: tuple[int, int] | None,
        *,
        zone: str | None = None,
        consent: bool | None = True,
        language: str = "en",
    ) -> int:
        """Seed a customer; returns the contact point."""
        self._chat_id += 1
        async with self.town.work() as work:
            person = await customers.meet(work, chat_id=self._chat_id, name=name, username=None, language_code=language)
            if born:
                await customers.set_birthday(work, person, Birthday(*born))
            if zone:
                await customers.set_zone(work, person, zone)
            if consent is not None:
                await customers.set_consent(work, person, CARE, given=consent)
            return person.contact.id

    async def change(self, contact_id: int, deed: Any, *args: Any, **values: Any) -> None:
        """Let a customer change something about themselves."""
        async with self.town.work() as work:
            await deed(work, await self._person(work, contact_id), *args, **values)

    async def _person(self, work: Work, contact_id: int) -> Person:
        person = await person_of_contact(work, contact_id)
        assert person is not None
        return person

    async def begins(self) -> None:
        """Let the shipped campaigns be known, long before any story."""
        self.town.now = BEGINNING
        async with self.town.work() as work:
            await seed_shipped(work)
        self.town.now = MORNING

    async def allows(self, late_after: str) -> None:
        """Let greetings go out so much later."""
        files = dict(shipped_campaign_files())
        text = files["birthday.toml"].replace("[when]", f'[when]\nlate_after = "{late_after}"')
        async with self.town.work() as work:
            await control.pause(work, "birthday", by=SYSTEM)
            assert isinstance(await add_campaign(work, read_toml(text, name="birthday.toml"), by=SYSTEM), Added)
            assert isinstance(await control.resume(work, "birthday", by=SYSTEM), Kept)

    async def plans(self, *, limit: int = 500) -> int:
        """Let the planning tick run until it has nothing left; returns how many rows it made."""
        before = len(await self.deliveries())
        while True:
            async with self.town.work() as work:
                if not await planning.plan_dated(work, limit=limit):
                    return len(await self.deliveries()) - before

    async def feeds(self) -> int:
        """Let the feeding tick run until nobody is due."""
        fed = 0
        while True:
            async with self.town.work() as work:
                done = await delivery.feed(work, limit=100)
            if not done:
                return fed
            fed += done

    async def ticks(self) -> list[Said]:
        """Plan and feed; returns what went out."""
        await self.plans()
        await self.feeds()
        return await self.town.deliver()

    def at(self, *moment: int) -> None:
        """Move the clock to this UTC moment."""
        self.town.now = datetime(*moment, tzinfo=UTC)  # type: ignore[misc, arg-type]

    async def deliveries(self) -> list[Any]:
        """Return all deliveries."""
        return await self.town.rows("deliveries")

    async def states(self) -> list[tuple[str, str | None]]:
        """Return state and reason of every delivery."""
        return [(row.state, row.reason) for row in await self.deliveries()]


@pytest.fixture
async def year(database: Database) -> Year:
    """A shop on the morning of 1 May 2026."""
    shop = Year(database)
    await shop.begins()
    return shop


async def test_ann_is_congratulated_on_her_birthday_at_nine(year: Year) -> None:
    """By name, for the shop, in her language, with one tap to stop exactly this."""
    await year.knows("Ann", (5, 1))
    year.at(2026, 5, 1, 8, 59)
    assert await year.ticks() == []
    year.at(2026, 5, 1, 9, 0)
    said = await year.ticks()
    assert "Happy birthday, Ann!" in said[0].text
    assert "Tailor & Son" in said[0].text
    (row,) = await year.deliveries()
    assert [data for _, data in said[0].buttons] == [f"c:cm:{row.id}"]


async def test_the_day_is_the_persons_own(year: Year) -> None:
    """When it is nine in Kiritimati it is still yesterday in New York."""
    await year.knows("Tem", (5, 1), zone="Pacific/Kiritimati")
    await year.knows("Sam", (5, 1), zone="America/New_York")
    year.at(2026, 4, 30, 19, 0)
    assert ["Tem" in said.text for said in await year.ticks()] == [True]
    year.at(2026, 5, 1, 13, 0)
    assert ["Sam" in said.text for said in await year.ticks()] == [True]


async def test_only_who_said_yes_is_congratulated(year: Year) -> None:
    """No answer is a no, and a no is a no."""
    await year.knows("Yes", (5, 1))
    await year.knows("No", (5, 1), consent=False)
    await year.knows("Unasked", (5, 1), consent=None)
    await year.knows("Nobody", None)
    year.at(2026, 5, 1, 9, 0)
    assert len(await year.ticks()) == 1
    assert await year.states() == [("queued", None), ("skipped", "no_consent"), ("skipped", "no_consent")]


async def test_a_snooze_that_is_over_is_a_yes_again(year: Year) -> None:
    """A no until a date ends on that date."""
    ann = await year.knows("Ann", (5, 1))
    bob = await year.knows("Bob", (5, 1))
    await year.change(ann, customers.set_consent, CARE, given=False, until_at=datetime(2026, 4, 30, tzinfo=UTC))
    await year.change(bob, customers.set_consent, CARE, given=False, until_at=datetime(2026, 5, 2, tzinfo=UTC))
    year.at(2026, 5, 1, 9, 0)
    assert ["Ann" in said.text for said in await year.ticks()] == [True]


async def test_nobody_is_congratulated_twice_a_year(year: Year) -> None:
    """However often the ticks run, and also after a change of zone that makes it the day once more."""
    ann = await year.knows("Ann", (5, 1), zone="Pacific/Kiritimati")
    year.at(2026, 4, 30, 19, 0)
    assert len(await year.ticks()) == 1
    await year.change(ann, customers.set_zone, "Etc/GMT+12")
    for hour in range(48):
        year.town.now = datetime(2026, 4, 30, 19, tzinfo=UTC) + timedelta(hours=hour)
        assert await year.ticks() == []
    year.at(2027, 5, 1, 21, 0)
    assert len(await year.ticks()) == 1


async def test_consent_given_on_the_very_morning_is_in_time(year: Year) -> None:
    """Ann says yes and tells her birthday at ten; she hears at once, not next year."""
    ann = await year.knows("Ann", None, consent=None)
    year.at(2026, 5, 1, 9, 0)
    assert await year.ticks() == []
    year.at(2026, 5, 1, 10, 0)
    await year.change(ann, customers.set_birthday, Birthday(5, 1))
    await year.change(ann, customers.set_consent, CARE, given=True)
    assert len(await year.ticks()) == 1


async def test_a_birthday_told_late_in_the_evening_is_let_pass(year: Year) -> None:
    """After the lateness limit no belated wish goes out, and nothing is planned over and over."""
    await year.knows("Ann", (5, 1))
    year.at(2026, 5, 1, 21, 30)
    assert await year.ticks() == []
    assert await year.states() == [("skipped", "late")]
    assert await year.plans() == 0


async def test_a_long_standstill_skips_with_a_reason(year: Year) -> None:
    """Planned in time, but the program stood still until the next day: skipped, and said why."""
    await year.knows("Ann", (5, 1))
    await year.plans()
    year.at(2026, 5, 2, 9, 0)
    assert await year.ticks() == []
    assert await year.states() == [("skipped", "late")]


async def test_a_restart_in_the_morning_catches_up(year: Year) -> None:
    """Down from eight to noon: the wish goes out at noon."""
    await year.knows("Ann", (5, 1))
    await year.plans()
    year.at(2026, 5, 1, 12, 0)
    assert len(await year.ticks()) == 1


async def test_consent_withdrawn_before_the_hour_skips(year: Year) -> None:
    """Planned yesterday, stopped this morning: nothing goes out."""
    ann = await year.knows("Ann", (5, 1))
    await year.plans()
    await year.change(ann, customers.set_consent, CARE, given=False)
    year.at(2026, 5, 1, 9, 0)
    assert await year.ticks() == []
    assert await year.states() == [("skipped", "no_consent")]


async def test_consent_given_back_the_same_day_is_heard(year: Year) -> None:
    """Stopped by mistake and taken back: the wish goes out after all, once."""
    ann = await year.knows("Ann", (5, 1))
    await year.plans()
    await year.change(ann, customers.set_consent, CARE, given=False)
    year.at(2026, 5, 1, 9, 0)
    await year.ticks()
    await year.change(ann, customers.set_consent, CARE, given=True)
    year.at(2026, 5, 1, 10, 0)
    assert len(await year.ticks()) == 1
    assert await year.ticks() == []


async def test_a_corrected_birthday_is_kept_on_the_right_day(year: Year) -> None:
    """Ann mistyped the day; she hears on the true one and not on the false one."""
    ann = await year.knows("Ann", (5, 1))
    await year.plans()
    await year.change(ann, customers.set_birthday, Birthday(5, 2))
    year.at(2026, 5, 1, 9, 0)
    assert await year.ticks() == []
    year.at(2026, 5, 2, 9, 0)
    assert len(await year.ticks()) == 1
    assert await year.states() == [("queued", None)]


async def test_who_blocked_the_bot_is_skipped(year: Year) -> None:
    """A delivery that cannot arrive is not tried."""
    ann = await year.knows("Ann", (5, 1))
    await year.plans()
    await year.change(ann, customers.set_reach, Reach.BLOCKED, by=SYSTEM)
    year.at(2026, 5, 1, 9, 0)
    assert await year.ticks() == []
    assert await year.states() == [("skipped", "unreachable")]


@pytest.mark.parametrize(
    ("policy", "now", "heard"),
    [
        (LeapDayPolicy.FEB_28, (2026, 2, 28, 9), True),
        (LeapDayPolicy.FEB_28, (2026, 3, 1, 9), False),
        (LeapDayPolicy.MAR_1, (2026, 2, 28, 9), False),
        (LeapDayPolicy.MAR_1, (2026, 3, 1, 9), True),
        (LeapDayPolicy.FEB_28, (2028, 2, 28, 9), False),
        (LeapDayPolicy.FEB_28, (2028, 2, 29, 9), True),
    ],
)
async def test_leap_day_children_are_never_forgotten(
    year: Year, policy: LeapDayPolicy, now: tuple[int, ...], heard: bool
) -> None:
    """In common years by the shop's choice, in leap years on the day itself."""
    year.town.rules = replace(year.town.rules, birthday=BirthdayRules(leap_day=policy))
    await year.knows("Leo", (2, 29))
    year.at(*now)
    assert len(await year.ticks()) == int(heard)


async def test_turn_of_the_year_belongs_to_the_new_one(year: Year) -> None:
    """Planned on New Year's Eve for 1 January: the occasion is the new year's."""
    await year.knows("Eve", (1, 1))
    year.at(2026, 12, 31, 12, 0)
    assert await year.plans() == 1
    row = (await year.deliveries())[0]
    assert (row.occasion, row.occasion_on) == ("2027", "2027-01-01")


async def test_quiet_hours_move_the_wish(year: Year) -> None:
    """Wanted at seven, quiet until eight: eight it is."""
    rules = BirthdayRules(send_at=time(7))
    year.town.rules = replace(year.town.rules, birthday=rules, quiet=QuietHours(time(21), time(8)))
    await year.knows("Ann", (5, 1))
    year.at(2026, 5, 1, 7, 30)
    assert await year.ticks() == []
    year.at(2026, 5, 1, 8, 0)
    assert len(await year.ticks()) == 1


async def test_a_late_wish_does_not_wake_anyone(year: Year) -> None:
    """Back from a standstill at night within the lateness limit: it waits for the morning."""
    await year.allows("24h")
    await year.knows("Ann", (5, 1))
    await year.plans()
    year.at(2026, 5, 1, 23, 0)
    assert await year.ticks() == []
    year.at(2026, 5, 2, 8, 0)
    assert len(await year.ticks()) == 1


async def test_a_night_beyond_the_limit_is_not_planned_again_and_again(year: Year) -> None:
    """At night, when morning would be too late, ticks neither plan nor skip in a circle."""
    await year.allows("14h")
    await year.knows("Ann", (5, 1))
    year.at(2026, 5, 1, 22, 0)
    for _ in range(3):
        assert await year.ticks() == []
        assert await year.states() == [("skipped", "late")]


async def test_switched_off_plans_nothing(year: Year) -> None:
    """The shop may not want this."""
    year.town.rules = replace(year.town.rules, birthday=BirthdayRules(enabled=False))
    await year.knows("Ann", (5, 1))
    assert await year.plans() == 0


async def test_an_unknown_zone_holds_nobody_up(year: Year) -> None:
    """A damaged record gets the shop's clock, and everyone else their own."""
    await year.knows("Odd", (5, 1))
    await year.knows("Ann", (5, 1))
    async with year.town.work() as work:
        change_customer(work.tx, 1, zone="Mars/Olympus")
    year.at(2026, 5, 1, 9, 0)
    assert len(await year.ticks()) == 2


async def test_many_birthdays_are_planned_in_slices(year: Year) -> None:
    """Nobody is left out, also when those further down live where it is not yet the day."""
    for nth in range(5):
        await year.knows(f"West{nth}", (5, 2), zone="Etc/GMT+12")
    for nth in range(5):
        await year.knows(f"East{nth}", (5, 2), zone="Pacific/Kiritimati")
    year.at(2026, 4, 30, 11, 0)
    assert await year.plans(limit=2) == 5
    assert await year.plans(limit=2) == 0


@pytest.mark.parametrize("language", ["en", "zh-hans", "zh-hant"])
async def test_names_cannot_write_markup(year: Year, language: str) -> None:
    """Signs of HTML and templates in a name are read as they are."""
    await year.knows("<b>{{ 7*7 }}</b> & Co", (5, 1), language=language)
    year.at(2026, 5, 1, 9, 0)
    said = (await year.ticks())[0]
    assert "<b>{{ 7*7 }}</b> & Co" in said.text
    assert "&lt;b&gt;" in said.html


async def test_it_is_on_record_what_was_said(year: Year) -> None:
    """The wish stands among the interactions, with the campaign as its author."""
    await year.knows("Ann", (5, 1))
    year.at(2026, 5, 1, 9, 0)
    await year.ticks()
    row = (await year.town.rows("interactions"))[-1]
    assert (row.author_kind, row.direction, "Happy birthday" in row.text) == ("campaign", "out", True)
    assert plain(row.text) == row.text


# What becomes of a wish after it was queued


async def queued(year: Year) -> int:
    """Queue Ann's wish; returns its outbox row."""
    await year.knows("Ann", (5, 1))
    year.at(2026, 5, 1, 9, 0)
    await year.plans()
    await year.feeds()
    row_id: int = (await year.town.rows("outbox", purpose="campaign"))[0].id
    return row_id


async def test_the_delivery_follows_its_row(year: Year) -> None:
    """Sent, failed with a reason, unknown: the delivery says what the sender saw."""
    row_id = await queued(year)
    for settle, expected in (
        (lambda work, row: after_sent(work, row, 5), ("sent", None)),
        (lambda work, row: after_failed(work, row, "blocked"), ("failed", "blocked")),
        (lambda work, row: after_unknown(work, row), ("unknown", None)),
    ):
        async with year.town.work() as work:
            row = await get_row(work.tx, row_id)
            await settle(work, row)  # type: ignore[no-untyped-call]
        assert await year.states() == [expected]


async def test_a_wish_refused_as_blocked_marks_the_contact(year: Year) -> None:
    """Whoever blocked us is left in peace from now on."""
    row_id = await queued(year)
    async with year.town.work() as work:
        row = await get_row(work.tx, row_id)
        assert row is not None
        await after_failed(work, row, "blocked")
    assert [row.reach for row in await year.town.rows("contact_points")] == ["blocked"]


async def lost(year: Year) -> int:
    """Lose sight of Ann's wish; returns its outbox row."""
    row_id = await queued(year)
    async with year.town.work() as work:
        row = await get_row(work.tx, row_id)
        assert row is not None
        mark_settled(work.tx, row_id=row_id, state="unknown", now=work.now, error="killed")
        await after_unknown(work, row)
    return row_id


async def test_an_unknown_wish_is_sent_again_only_by_a_persons_decision(year: Year) -> None:
    """It stands in the list until somebody says retry; then it goes out, and who said so is on record."""
    row_id = await lost(year)
    assert await year.ticks() == []
    async with year.town.work() as work:
        assert await retry_unknown(work, row_id) is None
    assert len(await year.town.deliver()) == 1
    assert await year.states() == [("queued", None)]
    assert await year.town.rows("audit", action="outbox.retry")


async def test_an_unknown_wish_is_not_sent_again_days_later(year: Year) -> None:
    """A decision that comes too late for the occasion is refused, not quietly dropped."""
    row_id = await lost(year)
    year.town.moves(days=2)
    async with year.town.work() as work:
        refusal = await retry_unknown(work, row_id)
    assert refusal is not None
    assert refusal.key == "desk.refused.unwanted"


async def test_an_unknown_wish_can_be_taken_for_delivered(year: Year) -> None:
    """Nothing goes out, the delivery counts as sent, and a second decision is refused."""
    row_id = await lost(year)
    async with year.town.work() as work:
        assert await assume_delivered(work, row_id) is None
    assert await year.states() == [("sent", "assumed")]
    async with year.town.work() as work:
        refusal = await retry_unknown(work, row_id)
    assert refusal is not None
    assert await year.town.deliver() == []


async def test_a_wish_still_waiting_is_not_sent_to_who_said_stop(year: Year) -> None:
    """Between queueing and sending consent may go or the hour may pass; the sender can ask."""
    row_id = await queued(year)
    contact_id = (await year.town.rows("contact_points"))[0].id
    async with year.town.work() as work:
        row = await get_row(work.tx, row_id)
        assert row is not None
        assert await drop_unwanted(work, [row]) == frozenset()
    await year.change(contact_id, customers.set_consent, CARE, given=False)
    async with year.town.work() as work:
        assert await drop_unwanted(work, [row]) == {row.id}
    assert await year.states() == [("skipped", "withdrawn")]


def every_hour(start: datetime, hours: int) -> Iterator[datetime]:
    """Return the full hours from ``start`` on."""
    return (start + timedelta(hours=nth) for nth in range(hours))


async def test_round_the_world_everyone_hears_once_at_nine(year: Year) -> None:
    """Ticks every hour over three days: each zone's person hears exactly once, when their clock shows nine."""
    zones = ["Pacific/Kiritimati", "Asia/Taipei", "Europe/Berlin", "UTC", "America/New_York", "Etc/GMT+12"]
    for zone in zones:
        await year.knows(zone, (5, 1), zone=zone)
    heard: dict[str, datetime] = {}
    for now in every_hour(datetime(2026, 4, 30, 0, tzinfo=UTC), 72):
        year.town.now = now
        for said in await year.ticks():
            zone = next(zone for zone in zones if zone in said.text)
            assert zone not in heard
            heard[zone] = now
    assert set(heard) == set(zones)
    for zone, now in heard.items():
        local = now.astimezone(ZoneInfo(zone))
        assert (local.date(), local.hour) == (date(2026, 5, 1), 9)


async def test_a_yes_to_offers_is_no_yes_to_care(year: Year) -> None:
    """Each class of message has its own answer."""
    ann = await year.knows("Ann", (5, 1), consent=None)
    await year.change(ann, customers.set_consent, ConsentClass.OFFERS, given=True)
    year.at(2026, 5, 1, 9, 0)
    assert await year.ticks() == []


# What the contact question holds back


async def complains(year: Year, contact_id: int) -> None:
    """Let a customer have an open complaint."""
    async with year.town.work() as work:
        customer_id = (await year._person(work, contact_id)).customer.id
        complaint = cases.insert().values(
            number=1001, customer_id=customer_id, kind="complaint", state="new", opened_at=work.now
        )
        await work.tx.execute(complaint)


async def test_an_open_complaint_holds_a_wish_until_it_is_settled(year: Year) -> None:
    """No cheer while Ann waits for an answer; once it is settled she hears, still on her day."""
    ann = await year.knows("Ann", (5, 1))
    await complains(year, ann)
    year.at(2026, 5, 1, 9, 0)
    assert await year.ticks() == []
    assert await year.states() == [("planned", None)]
    async with year.town.work() as work:
        await work.tx.execute(cases.update().values(state="closed", closed_at=work.now))
    year.at(2026, 5, 1, 10, 0)
    assert len(await year.ticks()) == 1


async def test_a_complaint_open_all_day_skips_with_its_reason(year: Year) -> None:
    """Asked now and then until it is too late, and then said why; never planned again."""
    ann = await year.knows("Ann", (5, 1))
    await complains(year, ann)
    for minute in range(0, 13 * 60, 5):
        year.town.now = datetime(2026, 5, 1, 9, tzinfo=UTC) + timedelta(minutes=minute)
        assert await year.ticks() == []
    assert await year.states() == [("skipped", "open_case")]


async def test_a_snooze_over_the_day_skips_and_one_that_ends_in_time_does_not(year: Year) -> None:
    """Planned the day before; paused meanwhile."""
    ann, bob = await year.knows("Ann", (5, 1)), await year.knows("Bob", (5, 1))
    await year.plans()
    await year.change(ann, customers.set_consent, CARE, given=False, until_at=datetime(2026, 5, 8, tzinfo=UTC))
    await year.change(bob, customers.set_consent, CARE, given=False, until_at=datetime(2026, 5, 1, 11, tzinfo=UTC))
    year.at(2026, 5, 1, 9, 0)
    assert await year.ticks() == []
    year.at(2026, 5, 1, 11, 0)
    assert ["Bob" in said.text for said in await year.ticks()] == [True]
    assert await year.states() == [("skipped", "snoozed"), ("queued", None)]


async def test_a_wish_counts_in_the_budget_and_is_not_held_by_it(year: Year) -> None:
    """When it was queued is on the delivery."""
    await year.knows("Ann", (5, 1))
    year.town.rules = replace(year.town.rules, contact=ContactRules(budget=0))
    year.at(2026, 5, 1, 9, 0)
    assert len(await year.ticks()) == 1
    assert [row.queued_at for row in await year.deliveries()] == [year.town.now]


async def test_a_wish_queued_before_a_standstill_does_not_wake_anyone(year: Year) -> None:
    """Nothing was sent all day; at night it waits for the morning, and by then it is too late."""
    await year.allows("16h")
    row_id = await queued(year)
    assert await asked_again(year, row_id, 2026, 5, 1, 23) == ("queued", datetime(2026, 5, 2, 8, tzinfo=UTC))
    assert (await asked_again(year, row_id, 2026, 5, 2, 8))[0] == "dropped"


async def asked_again(year: Year, row_id: int, *moment: int) -> tuple[str, datetime | None]:
    """Let the sender ask whether a queued row may still go, which it may not; returns its state and its wait."""
    year.at(*moment)
    async with year.town.work() as work:
        row = await get_row(work.tx, row_id)
        assert row is not None
        assert await drop_unwanted(work, [row]) == {row_id}
    (after,) = await year.town.rows("outbox", id=row_id)
    return after.state, after.not_before_at
