"""My wishes: language, the privacy notice, and a yes or no for each kind of message nobody asked for."""

from domain.outgoing import Button, Rows
from domain.people import UNASKED, ConsentClass
from handlers.context import CareContext
from handlers.customers.keyboards import button, column, menu, one_row
from services.commands import set_commands
from services.customers import choose_language, list_consents, see_notice, set_consent, stop_unasked
from services.speech import say_html
from storage.outbox import find_sent


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
    await context.say("wishes", buttons=await _toggles(context))


async def _toggles(context: CareContext) -> Rows:
    """Return one button a kind: what it is now, and a tap turns it."""
    given = await list_consents(context.work, context.customer)
    return column(
        button(
            context,
            f"wishes.{kind}.{'on' if consent.allows(context.work.now) else 'off'}",
            f"c:consent:{kind}:{'off' if consent.allows(context.work.now) else 'on'}",
        )
        for kind, consent in given.items()
    )


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
    await context.say("wishes", buttons=await _toggles(context), replacing=context.tapped.message_id)


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
    tap = context.tapped
    if tap.message_id is None:
        return ""
    row = await find_sent(context.work.tx, bot_id=context.work.bot_id, chat_id=tap.chat_id, message_id=tap.message_id)
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
