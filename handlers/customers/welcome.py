"""The first screen, the menu's further rooms, help, and the way out of any conversation."""

from domain.dialogues import DialogueName
from handlers.context import CareContext
from handlers.customers import free, linking
from handlers.customers.keyboards import button, column, menu
from services import referrals
from services.case_door import moment_for
from services.commands import set_commands
from services.customers import note_source
from services.dialogues import said_in
from services.drafts import settle
from services.linking import CODE_PREFIX
from texts.days import number_in_words


async def on_start(context: CareContext) -> None:
    """Welcome whoever comes, keep where they came from, and show what can be done."""
    person, work = context.customer, context.work
    if context.said.argument.startswith(CODE_PREFIX):
        await linking.on_code(context, context.said.argument.removeprefix(CODE_PREFIX))
        return
    brought = False
    if context.said.argument:
        await note_source(work, person, context.said.argument)
        brought = await referrals.note_referral(work, person, context.said.argument)
    await settle(work, person)
    await set_commands(work, person)
    live = [case for case in await person.cases(work) if case.live]
    if not live:
        await context.say("start.welcome", keyboard=menu(context), business=work.rules.business_name)
        if brought:
            await _greet_friend(context)
        return
    case = live[-1]
    awaited = case.promised_at if case.first_response_at is None else None
    await context.say(
        "start.with_promise" if awaited else "start.with_case",
        keyboard=menu(context),
        business=work.rules.business_name,
        number=case.public_number,
        moment=moment_for(work, person, awaited) if awaited else "",
    )


async def _greet_friend(context: CareContext) -> None:
    """Tell somebody who came by a customer's link what waits for them."""
    count = referrals.welcome_points(context.work)
    if count > 0:
        said = number_in_words(count, context.language)
        await context.say("points.referral.welcome", keyboard=menu(context), count=count, points=said)


async def on_help(context: CareContext) -> None:
    """Say what can be done here, and that plain words are enough."""
    await context.say("help", keyboard=menu(context), business=context.work.rules.business_name)


async def on_unknown_command(context: CareContext) -> None:
    """Answer a command nobody knows with those there are; words behind it are words like any others."""
    if context.said.argument:
        await free.on_words(context)
        return
    await context.say("help.unknown", keyboard=menu(context), business=context.work.rules.business_name)


async def on_more(context: CareContext) -> None:
    """Show the rooms behind the menu's last button."""
    rooms = (
        *(("points",) if context.work.rules.loyalty.enabled else ()),
        "language",
        "linking",
        "birthday",
        "wishes",
        "privacy",
        "help",
    )
    await context.say("more", buttons=column(button(context, f"more.{room}", f"c:{room}") for room in rooms))


async def on_cancel(context: CareContext) -> None:
    """Leave the conversation; what was said stays on record."""
    await _leave(context, replacing=None)


async def on_cancel_tap(context: CareContext) -> None:
    """Leave the conversation the button stands in."""
    dialogue = context.customer.dialogue
    if dialogue is None or dialogue.data.get("key") != context.tapped.number():
        context.answer("tap.stale")
        return
    await _leave(context, replacing=context.tapped.message_id)


async def _leave(context: CareContext, *, replacing: int | None) -> None:
    person = context.customer
    dialogue = person.dialogue
    keyboard = () if replacing else menu(context)
    if dialogue is None:
        await context.say("cancel.nothing", keyboard=keyboard)
        return
    if dialogue.name is DialogueName.FEEDBACK:
        await settle(context.work, person)
        await context.say("cancel.feedback", keyboard=keyboard, replacing=replacing)
        return
    kept = said_in(dialogue) and dialogue.name is not DialogueName.ADD_WORDS
    person.leave(context.work)
    await context.say("cancel.words_kept" if kept else "cancel.left", keyboard=keyboard, replacing=replacing)
