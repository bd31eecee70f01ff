"""The birthday, asked for when somebody taps it: the day, what it is for, and whose clock it is kept by."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import available_timezones

from domain.calendars import is_birthday, next_birthday
from domain.dates import known_day, looks_like_date, read_birthday
from domain.dialogues import Dialogue, DialogueName
from domain.interactions import Kind
from domain.outgoing import Button, Rows
from domain.people import Birthday, ConsentClass
from domain.words import says_only, says_thanks
from handlers.context import CareContext
from handlers.customers.conversation import dialogue_of, running
from handlers.customers.keyboards import button, column, menu, one_row
from services.customers import set_birthday, set_consent, set_zone
from services.dialogues import begin, move
from services.drafts import settle
from texts.places import birthday_in_words, city_of_zone, day_in_words, zone_of_city

_COMMON_ZONES = ("Asia/Shanghai", "Asia/Taipei", "Europe/London", "America/New_York")
_PATIENCE = timedelta(hours=1)
_SKIP = "skip"
_LUNAR = 1
_CITY_WORDS = 3
_CITY_LETTERS = 24


async def on_begin(context: CareContext) -> None:
    """Ask for the day; one that is known is shown with it."""
    person = context.customer
    await settle(context.work, person)
    begin(context.work, person, DialogueName.BIRTHDAY, "ask", key=context.interaction_id, waits=_PATIENCE)
    known = person.customer.birthday
    cancel = one_row(button(context, "button.cancel", f"c:cancel:{context.interaction_id}"))
    if known is None:
        await context.say("birthday.ask", buttons=cancel)
    else:
        await context.say("birthday.known", buttons=cancel, day=birthday_in_words(known, context.language))


async def in_birthday(context: CareContext) -> bool:
    """Read a day or a city; words that are neither are not for this conversation."""
    content, person, work = context.said.content, context.customer, context.work
    dialogue = dialogue_of(context)
    if content.kind is Kind.TEXT and _declines(context, dialogue):
        person.leave(work)
        key = "birthday.no_zone" if dialogue.step == "zone" else "birthday.refused"
        await context.say(key, keyboard=menu(context))
        return True
    if content.kind is Kind.TEXT and dialogue.step == "zone":
        return await _in_zone(context)
    if content.kind is Kind.TEXT and dialogue.step == "confirm" and says_only(content.text, work.texts.phrases("yes")):
        await _keep(context, dialogue, replacing=None)
        return True
    if content.kind is Kind.TEXT and looks_like_date(content.text):
        await _read(context, content.text)
        return True
    person.leave(work)
    return False


def _declines(context: CareContext, dialogue: Dialogue) -> bool:
    """Return whether this is a plain no, or, once the day is kept, just thanks."""
    text, texts = context.said.content.text, context.work.texts
    if dialogue.step == "zone" and says_thanks(text, texts.phrases("closing")):
        return True
    return says_only(text, texts.phrases("no"))


async def _read(context: CareContext, text: str) -> None:
    work = context.work
    today = work.now.astimezone(context.customer.zone(work.rules)).date()
    found = read_birthday(text, today=today)
    if len(found.days) == 1:
        await _confirm(context, found.days[0], replacing=None)
    elif found.days:
        dialogue = move(work, context.customer, step="which", waits=_PATIENCE)
        choices = (_choice(context, dialogue, day) for day in found.days)
        either = len({day.lunar for day in found.days}) > 1
        await context.say("record.birthday.calendar" if either else "birthday.which", buttons=column(choices))
    else:
        move(work, context.customer, step="ask", waits=_PATIENCE)
        key = "birthday.impossible" if found.impossible else "birthday.unclear"
        await context.say(key, understood=found.impossible)


def _choice(context: CareContext, dialogue: Dialogue, day: Birthday) -> Button:
    data = f"c:bday:{dialogue.data['key']}:{day.month}:{day.day}:{day.year or 0}:{_LUNAR if day.lunar else 0}"
    return Button(birthday_in_words(day, context.language), data=data)


async def on_chosen(context: CareContext) -> None:
    """Take one of the two days that were offered."""
    if running(context, DialogueName.BIRTHDAY, "which") is None:
        return
    month, day, year = (context.tapped.number(index) for index in (1, 2, 3))
    lunar = context.tapped.number(4) == _LUNAR
    if not is_birthday(month, day, lunar=lunar):
        context.answer("tap.stale")
        return
    await _confirm(context, known_day(month, day, year, lunar=lunar), replacing=context.tapped.message_id)


async def _confirm(context: CareContext, day: Birthday, *, replacing: int | None) -> None:
    kept = [day.year or 0, day.month, day.day, _LUNAR if day.lunar else 0, int(day.leap)]
    dialogue = move(context.work, context.customer, step="confirm", waits=_PATIENCE, day=kept)
    key = dialogue.data["key"]
    buttons = one_row(
        button(context, "button.yes", f"c:bok:{key}"), button(context, "button.change", f"c:bchange:{key}")
    )
    values: dict[str, Any] = {"day": birthday_in_words(day, context.language)}
    if day.lunar:
        values["next"] = day_in_words(_next(context, day), context.language)
    said = "record.birthday.confirm_lunar" if day.lunar else "birthday.confirm"
    shop = context.work.rules.business_name
    await context.say(said, buttons=buttons, replacing=replacing, business=shop, **values)


def _next(context: CareContext, day: Birthday) -> date:
    rules = context.work.rules
    today = context.work.now.astimezone(context.customer.zone(rules)).date()
    return next_birthday(day, today, rules.birthday.leap_day)


async def on_change(context: CareContext) -> None:
    """Ask again."""
    if running(context, DialogueName.BIRTHDAY, "confirm") is None:
        return
    dialogue = move(context.work, context.customer, step="ask", waits=_PATIENCE)
    cancel = one_row(button(context, "button.cancel", f"c:cancel:{dialogue.data['key']}"))
    await context.say("birthday.ask", buttons=cancel, replacing=context.tapped.message_id)


async def on_confirmed(context: CareContext) -> None:
    """Keep the day together with the yes to be congratulated."""
    dialogue = running(context, DialogueName.BIRTHDAY, "confirm")
    if dialogue is not None:
        await _keep(context, dialogue, replacing=context.tapped.message_id)


async def _keep(context: CareContext, dialogue: Dialogue, *, replacing: int | None) -> None:
    year, month, day, *calendar = dialogue.data["day"]  # one kept before lunar days were known has no more
    lunar, leap = calendar or (0, 0)
    birthday = Birthday(month, day, year or None, lunar == _LUNAR, bool(leap))
    await set_birthday(context.work, context.customer, birthday)
    await set_consent(context.work, context.customer, ConsentClass.CARE, given=True)
    in_words = birthday_in_words(birthday, context.language)
    if context.customer.customer.zone is not None:
        context.customer.leave(context.work)
        await context.say("birthday.kept", replacing=replacing, day=in_words)
        return
    move(context.work, context.customer, step="zone", waits=_PATIENCE)
    await context.say("birthday.zone", buttons=_zones(context), replacing=replacing, day=in_words)


def _zones(context: CareContext) -> Rows:
    key = dialogue_of(context).data["key"]
    zones = [zone for zone in dict.fromkeys((context.work.rules.zone.key, *_COMMON_ZONES)) if "/" in zone]
    cities = tuple(Button(city_of_zone(zone, context.language), data=f"c:zone:{key}:{zone}") for zone in zones)
    return (cities[:3], cities[3:], (button(context, "button.skip", f"c:zone:{key}:{_SKIP}"),))


async def on_zone(context: CareContext) -> None:
    """Keep the chosen city's clock, or the business's."""
    if running(context, DialogueName.BIRTHDAY, "zone") is None:
        return
    zone = context.tapped.word(1)
    if zone == _SKIP:
        context.customer.leave(context.work)
        await context.say("birthday.no_zone", replacing=context.tapped.message_id)
    elif zone in available_timezones():
        await _keep_zone(context, zone, replacing=context.tapped.message_id)
    else:
        context.answer("tap.stale")


async def _in_zone(context: CareContext) -> bool:
    """Take a typed city; a longer text is no city but words for a person."""
    text = context.said.content.text
    zone = zone_of_city(text)
    if zone is not None:
        await _keep_zone(context, zone, replacing=None)
        return True
    if len(text.split()) > _CITY_WORDS or len(text) > _CITY_LETTERS:
        context.customer.leave(context.work)
        return False
    move(context.work, context.customer, waits=_PATIENCE)
    await context.say("birthday.zone_unknown", buttons=_zones(context), city=text)
    return True


async def _keep_zone(context: CareContext, zone: str, *, replacing: int | None) -> None:
    await set_zone(context.work, context.customer, zone)
    context.customer.leave(context.work)
    await context.say("birthday.zone_kept", replacing=replacing, city=city_of_zone(zone, context.language))
