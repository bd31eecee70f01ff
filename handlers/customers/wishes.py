"""My wishes: language, the privacy notice, and a yes or no for each kind of message nobody asked for."""

from datetime import datetime, timedelta

from domain.outgoing import Button, Rows
from domain.people import UNASKED, Consent, ConsentClass
from handlers.context import CareContext
from handlers.customers.keyboards import button, column, menu, one_row
from services.campaigns.stops import list_unwanted
from services.commands import set_commands
from services.customers import choose_language, list_consents, see_notice, set_consent, stop_unasked
from services.snooze import end_snooze, snooze_unasked, was_asked
from services.speech import say_html
from storage.outbox import OutboxRow, find_sent
from texts.days import day_in_words
from texts.places import city_of_zone

_SPANS = {"week": timedelta(days=7), "month": timedelta(days=30)}


async def on_language(context: CareContext) -> None:
    """Offer the languages this business speaks, each in its own words."""
    texts = context.work.texts
    choices = (
        Button(texts.button(f"language.{code}", code), data=f"c:lang:{code}") for code in context.work.rules.languages
    )
    await context.say("language.ask", buttons=column(choices))


async def on_language_tap(context: CareContext) -> None:
    """Speak the chosen language at once, on the keyboard and in the commands too."""
    code = context.tapped.word()
    if code not in context.work.rules.languages:
        context.answer("tap.stale")
        return
    await choose_language(context.work, context.customer, code)
    await set_commands(context.work, context.customer, occasion=context.interaction_id)
    await context.say("language.chosen", keyboard=menu(context))


async def on_privacy(context: CareContext) -> None:
    """Show the privacy notice, and record which version was shown."""
    await see_notice(context.work, context.customer)
    rooms = (("more.wishes", "c:wishes"), ("privacy.my_data", "c:mydata"), ("privacy.forget_me", "c:forgetme"))
    buttons = column(button(context, key, data) for key, data in rooms)
    await context.say("privacy.notice", buttons=buttons, business=context.work.rules.business_name)


async def on_wishes(context: CareContext) -> None:
    """Show each kind of unasked message with the person's answer."""
    await _show(context)


async def _show(context: CareContext, *, replacing: int | None = None) -> None:
    """Show the screen of wishes: a button a kind, the quiet hours, and a pause from everything."""
    given = await list_consents(context.work, context.customer)
    asleep = [consent for consent in given.values() if _paused_until(context, consent)]
    lines = [context.text("wishes"), *_quiet_line(context)]
    if asleep:
        lines.append(context.text("wishes.snoozed", day=_day(context, max(c.until_at for c in asleep if c.until_at))))
    buttons = column(_toggle(context, consent) for consent in given.values())
    buttons += column(
        button(context, "campaign_tap.wish", f"c:cmw:{topic}", topic=words)
        for topic, words in await list_unwanted(context.work, context.customer)
    )
    if asleep:
        buttons += one_row(button(context, "wishes.snooze.end", "c:snooze:end"))
    elif any(consent.allows(context.work.now) for consent in given.values()):
        buttons += one_row(*(button(context, f"wishes.snooze.{span}", f"c:snooze:{span}") for span in _SPANS))
    await say_html(context.work, context.customer, "\n\n".join(lines), buttons=buttons, replacing=replacing)


def _toggle(context: CareContext, consent: Consent) -> Button:
    """Return the button of one kind: what it is now, and a tap turns it; one that is paused is turned on."""
    if (until_at := _paused_until(context, consent)) is not None:
        return button(
            context, f"wishes.{consent.kind}.snoozed", f"c:consent:{consent.kind}:on", day=_day(context, until_at)
        )
    now, then = ("on", "off") if consent.allows(context.work.now) else ("off", "on")
    return button(context, f"wishes.{consent.kind}.{now}", f"c:consent:{consent.kind}:{then}")


def _paused_until(context: CareContext, consent: Consent) -> datetime | None:
    return None if consent.allows(context.work.now) else consent.until_at


def _day(context: CareContext, at: datetime) -> str:
    zone = context.customer.zone(context.work.rules)
    today = context.work.now.astimezone(zone).date()
    return day_in_words(at.astimezone(zone).date(), context.language, today=today)


def _quiet_line(context: CareContext) -> list[str]:
    """Return the line that tells the quiet hours on the person's own clock, if there are any."""
    rules = context.work.rules
    if rules.quiet.start == rules.quiet.end:
        return []
    city = city_of_zone(context.customer.zone(rules).key, context.language)
    return [context.text("wishes.quiet", start=f"{rules.quiet.start:%H:%M}", end=f"{rules.quiet.end:%H:%M}", city=city)]


async def points_question(context: CareContext) -> Rows:
    """Return the button that asks for news about points, for whoever was never asked."""
    answered = await was_asked(context.work, context.customer, ConsentClass.POINTS)
    return () if answered else one_row(button(context, "notices.consent.button", "c:consent:points:on"))


async def on_snooze(context: CareContext) -> None:
    """Pause everything unasked for a while, or end the pause."""
    word, message_id = context.tapped.word(), context.tapped.message_id
    if word == "end":
        await end_snooze(context.work, context.customer)
    elif word not in _SPANS:
        context.answer("tap.stale")
        return
    elif (until_at := await snooze_unasked(context.work, context.customer, _SPANS[word])) is not None:
        context.answer("wishes.snoozed", day=_day(context, until_at))
    await _show(context, replacing=message_id)


def _tapped_kind(context: CareContext) -> ConsentClass | None:
    """Return the kind of message a button names; service is none that can be turned off."""
    return next((kind for kind in UNASKED if kind == context.tapped.word()), None)


async def on_consent(context: CareContext) -> None:
    """Keep a yes or no, said outright by the button, so that a double tap changes nothing twice."""
    kind, wanted = _tapped_kind(context), context.tapped.word(1)
    if kind is None or wanted not in ("on", "off"):
        context.answer("tap.stale")
        return
    await set_consent(context.work, context.customer, kind, given=wanted == "on")
    context.answer(f"wishes.{kind}.{wanted}")
    if await _stands_on_wishes(context):
        await _show(context, replacing=context.tapped.message_id)
    elif kind is ConsentClass.POINTS and wanted == "on":
        await context.say(
            "notices.consent.on", buttons=one_row(button(context, "notices.button.stop", "c:mute:points"))
        )


async def _stands_on_wishes(context: CareContext) -> bool:
    """Return whether the tapped button is one of the screen of wishes, and not below a question elsewhere."""
    row = await _tapped_row(context)
    shown = (
        {one.get("callback_data", "") for line in (row.body or {}).get("buttons", []) for one in line} if row else ()
    )
    return not row or all(any(data.startswith(f"c:consent:{kind}:") for data in shown) for kind in UNASKED)


async def _tapped_row(context: CareContext) -> OutboxRow | None:
    """Return the row by which the message under the tapped button was said, if the outbox knows it."""
    tap = context.tapped
    if tap.message_id is None:
        return None
    return await find_sent(context.work.tx, bot_id=context.work.bot_id, chat_id=tap.chat_id, message_id=tap.message_id)


async def on_stop(context: CareContext) -> None:
    """Turn off everything unasked at once, confirmed in one line."""
    await stop_unasked(context.work, context.customer)
    buttons = column(button(context, f"wishes.{kind}.back", f"c:unmute:{kind}") for kind in UNASKED)
    await context.say("wishes.stopped", buttons=buttons)


async def on_mute(context: CareContext) -> None:
    """Turn off one kind from under such a message; the message stays readable and says so."""
    kind = _tapped_kind(context)
    if kind is None:
        context.answer("tap.stale")
        return
    await set_consent(context.work, context.customer, kind, given=False)
    confirmed = context.text(f"wishes.{kind}.muted")
    buttons = one_row(button(context, f"wishes.{kind}.back", f"c:unmute:{kind}"))
    shown = await _shown_html(context)
    context.answer(f"wishes.{kind}.off")
    await say_html(
        context.work,
        context.customer,
        f"{shown.removesuffix(confirmed).rstrip()}\n\n{confirmed}" if shown else confirmed,
        buttons=buttons,
        replacing=context.tapped.message_id if shown else None,
    )


async def _shown_html(context: CareContext) -> str:
    """Return our own words under which the button stands, while the outbox still knows them."""
    row = await _tapped_row(context)
    content = (row.body or {}).get("content", {}) if row else {}
    return str(content.get("text", "")) if content.get("kind") == "text" and not content.get("entities") else ""


async def on_unmute(context: CareContext) -> None:
    """Turn one kind on again."""
    kind = _tapped_kind(context)
    if kind is None:
        context.answer("tap.stale")
        return
    await set_consent(context.work, context.customer, kind, given=True)
    context.answer(f"wishes.{kind}.on")
    await context.say(f"wishes.{kind}.again")
