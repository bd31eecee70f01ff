"""The tour's chapters about campaigns: a birthday by the moon, a holiday with some held out, a pause, results."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from bot.tour_loyalty import Till
from bot.tour_stage import NotSeen, Persona, Stage
from bot.tour_surveys import MIA
from domain.campaigns.holidays import HOLIDAYS, next_day
from domain.lunar import lunar_day_of

REGION = "CN"
NEIGHBOURS = tuple(
    Persona(3001 + nth, name, "white")
    for nth, name in enumerate(("Ada", "Bo", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hal"))
)
_BIRTHDAY_IN_DAYS = 2
_BIRTHDAY_AT = time(9)
_HOLIDAY_AT = time(10)
_GREETING = "lanterns are lit"
_LOOK_S = 0.05
_PATIENCE_S = 20.0
_QUIET_S = 0.5


async def play_campaigns(stage: Stage, restart: Callable[[], Awaitable[None]], till: Till, *, wen: Persona) -> None:
    """Play the chapters. Raises :class:`NotSeen` at the first claim that does not show."""
    await _keeps_by_the_moon(stage, wen)
    day = await _makes_a_greeting(stage, till)
    campaign = await _starts(stage)
    await _pauses(stage, restart, campaign, day)
    await _reads(stage, campaign)


async def _keeps_by_the_moon(stage: Stage, wen: Persona) -> None:
    await stage.chapter("小雯 keeps her birthday by the moon")
    now = datetime.fromisoformat(await stage.verbs.now())
    day: date = (now.astimezone(stage.zone) + timedelta(days=_BIRTHDAY_IN_DAYS)).date()
    moon = lunar_day_of(day)
    leap = "闰" if moon.leap else ""
    await stage.say(wen, "/birthday")
    await stage.sees(wen.id, "she is asked in her language", button="c:cancel:")
    await stage.say(wen, f"农历{leap}{moon.month}月{moon.day}日")
    await stage.sees(wen.id, "the day is understood, with when it falls this year", "农历", button="c:bok:")
    await stage.tap(wen, "c:bok:")
    await stage.sees(wen.id, "by whose clock?", button="c:zone:")
    await stage.say(wen, "London")
    await stage.sees(wen.id, "by hers", "伦敦")
    morning = datetime.combine(day, _BIRTHDAY_AT, stage.zone)
    await stage.jump_to(morning + timedelta(seconds=5), f"The clock goes on to that morning, {day.day} {day:%B}.")
    await stage.sees(wen.id, "she is congratulated on her day by the moon", "生日快乐")


async def _makes_a_greeting(stage: Stage, till: Till) -> date:
    """Let eight neighbours join, and a greeting for the next holiday be written; returns its day."""
    await stage.chapter("Mia greets on a holiday, but for a few")
    await stage.screen.meanwhile("Eight neighbours have joined meanwhile, and said yes to greetings.")
    await asyncio.gather(*(_joins(stage, neighbour) for neighbour in NEIGHBOURS))
    today = datetime.fromisoformat(await stage.verbs.now()).astimezone(stage.zone).date()
    coming = {key: next_day(key, today + timedelta(days=1), REGION) for key, one in HOLIDAYS.items() if not one.solemn}
    day, holiday = min((on, key) for key, on in coming.items() if on is not None)
    document: dict[str, Any] = {
        "key": "neighbours",
        "fallback": "en",
        "title": {"en": "A greeting to the neighbours"},
        "seed": "lane",
        "when": {"occasion": "holiday", "holiday": holiday, "at": f"{_HOLIDAY_AT:%H:%M}"},
        "text": {"en": "Dear {{ name }}, the " + _GREETING + " at {{ business }}: {{ occasion }} is here."},
        "buttons": [{"key": "thanks", "kind": "answer", "label": {"en": "How nice!"}}],
        "learning": {"holdout": 0.3},
    }
    await till.add_campaign(document)
    return day


async def _joins(stage: Stage, person: Persona) -> None:
    """Have somebody join and say yes to greetings, without showing it."""
    await stage.verbs.add_person(person.name, person_id=person.id)
    await stage.verbs.start(person.id)
    await stage.verbs.send(person.id, "/privacy")
    for data in ("c:wishes", "c:consent:care:on"):
        await _taps(stage, person, data)
    await _waits_for(stage, person, "c:consent:care:off")


async def _taps(stage: Stage, person: Persona, data: str) -> None:
    message_id = await _waits_for(stage, person, data)
    await stage.verbs.tap(person.id, None, message_id, data=data)


async def _waits_for(stage: Stage, person: Persona, data: str) -> int:
    for _ in range(int(_PATIENCE_S / _LOOK_S)):
        found = _button(await stage.verbs.messages(person_id=person.id), data)
        if found is not None:
            return found
        await asyncio.sleep(_LOOK_S)
    raise NotSeen(f"{person.name} sees a button {data}", "There is none.")


def _button(messages: list[dict[str, Any]], data: str) -> int | None:
    for message in reversed(messages):
        if any(button["data"] == data for row in message["buttons"] for button in row):
            return int(message["id"])
    return None


async def _starts(stage: Stage) -> str:
    """Let Mia look at it and start it; returns the campaign's number, as its buttons have it."""
    await stage.say(MIA, "/campaigns")
    listed = await stage.sees(MIA.id, "it waits as a draft", "neighbours", button="k:campaignview:0:")
    data = next(b["data"] for row in listed["buttons"] for b in row if "neighbours" in b["text"])
    campaign = str(data).rpartition(":")[2]
    await stage.tap(MIA, data)
    await stage.sees(MIA.id, "when, for whom, what is said", "neighbours", button=f"k:campaigngo:0:{campaign}:start")
    await stage.tap(MIA, f"k:campaigntry:0:{campaign}:dry")
    await stage.sees(MIA.id, "tried on everybody: who would get it, and why others not", "neighbours")
    await stage.tap(MIA, f"k:campaignview:0:{campaign}")
    await stage.sees(MIA.id, "back at its card", button=f"k:campaigngo:0:{campaign}:start")
    await stage.tap(MIA, f"k:campaigngo:0:{campaign}:start")
    await stage.sees(MIA.id, "how many that is; now?", button=f"k:campaigngo:0:{campaign}:start:now")
    await stage.tap(MIA, f"k:campaigngo:0:{campaign}:start:now")
    await stage.sees(MIA.id, "it is started", "started", button=f"k:campaigngo:0:{campaign}:pause")
    return campaign


async def _pauses(stage: Stage, restart: Callable[[], Awaitable[None]], campaign: str, day: date) -> None:
    await stage.chapter("A pause that outlives the program")
    eve = datetime.combine(day - timedelta(days=1), time(18), stage.zone)
    await stage.jump_to(eve, f"The clock goes on to the evening before, {eve.day} {eve:%B}.")
    await stage.tap(MIA, f"k:campaigngo:0:{campaign}:pause")
    await stage.sees(MIA.id, "paused", "paused", button=f"k:campaigngo:0:{campaign}:resume")
    await stage.screen.meanwhile("The program is killed (SIGKILL) and started again.")
    await restart()
    noon = datetime.combine(day, _HOLIDAY_AT, stage.zone) + timedelta(minutes=30)
    await stage.jump_to(noon, f"The holiday has come: {day.day} {day:%B}, half past ten.")
    await stage.watch("a paused campaign stays paused over a restart", lambda: True, seconds=_QUIET_S)
    if await _told(stage):
        raise NotSeen("nobody is written to while it is paused", "Somebody was.")
    await stage.tap(MIA, f"k:campaigngo:0:{campaign}:resume")
    await stage.sees(MIA.id, "it goes on", "goes on")
    for _ in range(int(_PATIENCE_S / _LOOK_S)):
        if await _told(stage):
            break
        await asyncio.sleep(_LOOK_S)
    await stage.watch("the greetings go out", lambda: True, seconds=_QUIET_S)
    told = await _told(stage)
    if not told or len(told) >= len(NEIGHBOURS) or any(count > 1 for count in told.values()):
        raise NotSeen("some are held out, the others greeted once", f"It was {told}.")
    await stage.screen.meanwhile(f"{len(told)} of {len(NEIGHBOURS)} neighbours were greeted, once each.")
    first = next(person for person in NEIGHBOURS if person.name in told)
    await _taps_thanks(stage, first)


async def _told(stage: Stage) -> dict[str, int]:
    """Return how often each neighbour was greeted, of those who were."""
    counts = {}
    for person in NEIGHBOURS:
        messages = await stage.verbs.messages(person_id=person.id)
        counts[person.name] = sum(_GREETING in (message["text"] or "") for message in messages)
    return {name: count for name, count in counts.items() if count}


async def _taps_thanks(stage: Stage, person: Persona) -> None:
    messages = await stage.verbs.messages(person_id=person.id)
    for message in reversed(messages):
        for row in message["buttons"]:
            for button in row:
                if str(button["data"]).endswith(":thanks"):
                    await stage.verbs.tap(person.id, None, message["id"], data=button["data"])
                    return
    raise NotSeen(f"{person.name} can answer with a tap", "There is no such button.")


async def _reads(stage: Stage, campaign: str) -> None:
    await stage.chapter("Mia looks at what came of it")
    await stage.say(MIA, "/campaigns")
    await stage.sees(MIA.id, "the campaigns", button=f"k:campaignview:0:{campaign}")
    await stage.tap(MIA, f"k:campaignview:0:{campaign}")
    await stage.sees(MIA.id, "this one", button=f"k:campaignnews:0:{campaign}:results")
    await stage.tap(MIA, f"k:campaignnews:0:{campaign}:results")
    await stage.sees(MIA.id, "who was reached, who was held out, and how little so few can tell", "neighbours")
