"""Campaigns' messages in the customers' chat: their buttons, answers to invitations, and fewer of them."""

from domain.outcomes import Refusal
from domain.people import ConsentClass
from handlers.context import CareContext
from handlers.customers.keyboards import button, column
from services.campaigns import answers, stops
from services.campaigns.book import Kept


async def on_button(context: CareContext) -> None:
    """Do what a button of a campaign's message does, and say what came of it."""
    done = await answers.press(
        context.work, context.customer, delivery_id=context.tapped.number(), button=context.tapped.word(1)
    )
    if isinstance(done, Refusal):
        await context.refuse(done)
    elif done.key is not None:
        await context.say(done.key, buttons=done.buttons, **done.values)


async def on_fewer(context: CareContext) -> None:
    """Stop the kind of message this was; a second tap may narrow it to the occasion, or bring it back."""
    kept = await stops.stop_kind(context.work, context.customer, delivery_id=context.tapped.number())
    if isinstance(kept, Refusal):
        await context.refuse(kept)
        return
    if kept.campaign.consent is ConsentClass.SERVICE:
        await _say_stopped(context, kept)
        return
    number, kind = context.tapped.number(), kept.campaign.consent
    topic = await stops.topic_words(context.work, kept.campaign.topic, context.language)
    ways = (
        button(context, "campaign_tap.only_topic", f"c:cmo:{number}", topic=topic),
        button(context, "campaign_tap.back", f"c:cmb:{number}"),
    )
    context.answer(f"wishes.{kind}.off")
    await context.say(f"wishes.{kind}.muted", buttons=column(ways))


async def on_only_topic(context: CareContext) -> None:
    """Stop only what the message hung on; the rest of its kind comes again."""
    kept = await stops.stop_topic(context.work, context.customer, delivery_id=context.tapped.number())
    if isinstance(kept, Refusal):
        await context.refuse(kept)
        return
    await _say_stopped(context, kept)


async def _say_stopped(context: CareContext, kept: Kept) -> None:
    topic = await stops.topic_words(context.work, kept.campaign.topic, context.language)
    back = button(context, "campaign_tap.back", f"c:cmb:{context.tapped.number()}")
    await context.say("campaign_tap.stopped", buttons=((back,),), topic=topic)


async def on_back(context: CareContext) -> None:
    """Let the kind of a message come again, and its occasion."""
    kept = await stops.bring_back(context.work, context.customer, delivery_id=context.tapped.number())
    if isinstance(kept, Refusal):
        await context.refuse(kept)
        return
    await context.say("campaign_tap.again")


async def on_want_topic(context: CareContext) -> None:
    """Let an occasion come again that was not wanted; the button stands on the screen of wishes."""
    topic = context.tapped.word()
    if await stops.want_topic(context.work, context.customer, topic):
        await context.say("campaign_tap.again")
    else:
        context.answer("tap.stale")
