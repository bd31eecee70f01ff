"""Waves by hand: made by those who may, once, of whom is meant; tried out dry, stopped, on record."""

import asyncio
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from domain.outcomes import Refusal
from domain.people import SYSTEM, Actor, ActorKind, ConsentClass, Role
from domain.segments import SegmentError
from domain.surveys import SurveyState
from services import customers, segments
from services.surveys import book
from services.surveys.document import read_toml
from services.surveys.waves import Preview, Wave, list_waves, preview_wave, send_wave, stop_wave, why_key
from services.work import Work
from storage.audit import list_of_subject
from storage.survey_waves import count_deliveries
from storage.tables import consents, deliveries, survey_responses, survey_waves
from tests.services.loyalty import hire
from tests.services.one_question import ONE_QUESTION
from tests.services.shop import MORNING, Working, arrive

DAY = timedelta(days=1)


async def keeps(work: Work, key: str = "pulse", when: str = "", *, state: SurveyState = SurveyState.ON) -> None:
    """Add a survey of one question."""
    speaks = replace(work.rules, languages=("en",))
    document = read_toml(ONE_QUESTION.format(key=key) + when, name=f"{key}.toml")
    added = await book.add_survey(replace(work, rules=speaks), document, by=SYSTEM, state=state)
    assert not isinstance(added, Refusal), added


async def send(work: Work, key: str = "pulse", **wish: Any) -> Wave | Refusal:
    """Send a survey to everybody at once, unless wished otherwise."""
    given = {"segment": None, "at": None, "on": None, "late_after": None, "by": SYSTEM}
    return await send_wave(work, key, **{**given, **wish})


async def sent(work: Work, key: str = "pulse", **wish: Any) -> Wave:
    """Send a survey, which works."""
    made = await send(work, key, **wish)
    assert isinstance(made, Wave), made
    return made


async def guests(work: Work, count: int, *, consent: bool = True) -> list[int]:
    """Return customers who may be asked."""
    found = []
    for nth in range(count):
        person = await arrive(work, chat_id=2000 + nth + (500 if consent else 0), name=f"P{nth}")
        await customers.set_consent(work, person, ConsentClass.SURVEYS, given=consent)
        found.append(person.customer.id)
    return found


async def test_a_wave_is_made_by_a_marketer_and_on_record(working: Working) -> None:
    """Mia sends it on the first of December at six: it is planned from when that day begins anywhere."""
    async with working() as work:
        mia = await hire(work, 7, "Mia", Role.MARKETER)
        await keeps(work)
        wave = await sent(
            work, segment="LANGUAGE=en", sample_permille=200, seed="s", on=date(2026, 12, 1), at=time(18), by=mia
        )
        assert (wave.occasion, wave.cause, wave.segment) == (f"hand-{wave.id}", "hand", "language = en")
        assert wave.starts_at == datetime(2026, 11, 30, 10, tzinfo=MORNING.tzinfo)
        assert wave.late_after == 7 * DAY
        assert await list_waves(work) == await list_waves(work, "pulse") == [wave]
        [row] = await list_of_subject(work.tx, "survey_wave", wave.id)
        assert (row.action, row.actor_id) == ("survey.send", mia.id)


@pytest.mark.parametrize("deed", ["send", "preview", "stop"])
async def test_who_may_not_run_campaigns_is_refused(working: Working, deed: str) -> None:
    """Ben answers customers; he asks nobody, and stops nothing."""
    async with working() as work:
        ben = await hire(work, 8, "Ben", Role.AGENT)
        await keeps(work)
        wave = await sent(work)
        if deed == "send":
            done: object = await send(work, by=ben)
        elif deed == "preview":
            done = await preview_wave(work, "pulse", segment=None, by=ben)
        else:
            done = await stop_wave(work, wave.id, by=ben)
        assert done == Refusal("survey_send.refused.not_allowed")
        assert [one.stopped_at for one in await list_waves(work)] == [None]
        assert await send(work, by=Actor(ActorKind.STAFF, 999)) == Refusal("survey_send.refused.not_allowed")


@pytest.mark.parametrize(
    ("wish", "refused"),
    [
        ({"key": "nope"}, "unknown"),
        ({"key": "asleep"}, "off"),
        ({"sample_permille": 0}, "sample"),
        ({"sample_permille": 1001}, "sample"),
        ({"seed": "x" * 65}, "seed"),
        ({"on": date(2026, 11, 21)}, "past"),
        ({"late_after": timedelta()}, "late_after"),
    ],
)
async def test_what_cannot_be_sent_is_refused_with_the_reason(
    working: Working, wish: dict[str, Any], refused: str
) -> None:
    """One reason each, and nothing is stored."""
    async with working() as work:
        await keeps(work)
        await keeps(work, "asleep", state=SurveyState.OFF)
        done = await send(work, **{"key": "pulse", **wish})
        assert isinstance(done, Refusal)
        assert done.key == f"survey_send.refused.{refused}"
        assert await list_waves(work) == []
        assert work.texts.say(done.key, "zh_TW", **done.values)


async def test_two_who_send_at_once_send_one_wave(working: Working) -> None:
    """Mia and Sue press the button in the same moment: nobody is asked twice for it."""
    async with working() as work:
        await keeps(work)

    async def press() -> Wave | Refusal:
        async with working() as work:
            made = await send(work)
            await asyncio.sleep(0.1)  # the other looks meanwhile
            return made

    done = await asyncio.gather(press(), press())
    assert sorted(one.key if isinstance(one, Refusal) else "" for one in done) == ["", "survey_send.refused.just_now"]


async def test_a_segment_that_cannot_be_read_sends_nothing(working: Working) -> None:
    """Neither one of unknown words nor one that nobody saved."""
    async with working() as work:
        await keeps(work)
        for expression in ("teir = gold", 'segment("regulars")'):
            with pytest.raises(SegmentError):
                await send(work, segment=expression)
        assert await list_waves(work) == []
        await segments.save(work, name="regulars", expression="purchases > 3", by=SYSTEM)
        assert (await sent(work, segment='segment("regulars")')).segment == 'segment("regulars")'


async def test_the_same_tap_twice_sends_once(working: Working) -> None:
    """Sent again at once it is refused with the number of the first; another wish, or later, is another wave."""
    async with working() as work:
        await keeps(work)
        first = await sent(work)
        assert await send(work) == Refusal("survey_send.refused.just_now", {"wave": first.id})
        await sent(work, sample_permille=500)
    async with working(later=timedelta(minutes=11)) as work:
        await sent(work)
        assert len(await list_waves(work)) == 3


async def test_a_wave_is_stopped_once(working: Working) -> None:
    """Stopped, it stays stopped; one that does not exist cannot be."""
    async with working() as work:
        await keeps(work)
        wave = await sent(work)
        done = await stop_wave(work, wave.id, by=SYSTEM)
        assert isinstance(done, Wave)
        assert done.stopped_at == work.now
        assert await stop_wave(work, wave.id, by=SYSTEM) == Refusal("survey_send.refused.stopped", {"wave": wave.id})
        assert await stop_wave(work, 99, by=SYSTEM) == Refusal("survey_send.refused.unknown_wave", {"wave": 99})
        assert [row.action for row in await list_of_subject(work.tx, "survey_wave", wave.id)] == [
            "survey.send",
            "survey.stop_wave",
        ]


@pytest.fixture
async def before(working: Working) -> Working:
    """Ten who want surveys and four who do not."""
    async with working() as work:
        await keeps(work)
        await guests(work, 10)
        await guests(work, 4, consent=False)
    return working


async def test_a_preview_counts_everybody_and_stores_nothing(before: Working) -> None:
    """How many are meant, in the sample, askable, and why the others are not; without a row more."""
    async with before() as work:
        whole = await preview_wave(work, "pulse", segment=None, by=SYSTEM)
        assert whole == Preview(14, 14, 10, {"no_consent": 4}, 14)
        half = await preview_wave(work, "pulse", segment=None, sample_permille=500, seed="s", by=SYSTEM)
        assert isinstance(half, Preview)
        assert half.sampled == half.askable + sum(half.held.values()) == half.judged < 14
        assert not await list_waves(work)
        assert not (await work.tx.execute(select(deliveries.c.id))).all()
        assert not (await work.tx.execute(select(survey_waves.c.id))).all()


async def test_a_preview_of_many_looks_at_some(before: Working) -> None:
    """Where nobody can wait for all, a few are judged and the figures scaled; they still add up."""
    async with before() as work:
        found = await preview_wave(work, "pulse", segment=None, by=SYSTEM, most=5)
        assert isinstance(found, Preview)
        assert found.judged < 14
        assert found.meant == found.sampled == found.askable + sum(found.held.values()) == 14


async def test_a_preview_knows_cadence_and_rest_and_not_the_night(before: Working) -> None:
    """Who was asked it this month, and who was asked another an hour ago; at night all are counted as in the day."""
    async with before() as work:
        await keeps(work, "nps", 'cadence = "30d"')
        willing = select(consents.c.customer_id).where(consents.c.kind == "surveys", consents.c.given)
        ids = list((await work.tx.execute(willing)).scalars())
        for nth, (customer_id, survey, ago) in enumerate([(ids[0], "nps", 20 * DAY), (ids[1], "pulse", DAY)]):
            await work.tx.execute(
                survey_responses.insert().values(
                    survey=survey,
                    version=1,
                    occasion=f"hand-9{nth}:{customer_id}",
                    customer_id=customer_id,
                    asked_at=work.now - ago,
                    cause="hand",
                )
            )
    for later in (timedelta(), timedelta(hours=14)):
        async with before(later=later) as work:
            found = await preview_wave(work, "nps", segment=None, by=SYSTEM)
            assert isinstance(found, Preview)
            assert found.held == {"cadence": 1, "no_consent": 4, "rest": 1}


async def test_every_reason_has_words(working: Working) -> None:
    """Also one that nobody has thought of."""
    async with working() as work:
        for reason in ("no_consent", "rest", "cadence", "not_sampled", "late", "something new", None):
            assert work.texts.say(why_key(reason), "zh_CN")
        assert why_key("rest") != why_key("something new")
        assert await count_deliveries(work.tx, "survey:pulse", "hand-1") == {}
