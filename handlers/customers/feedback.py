"""Feedback in three taps at most: stars, what they are about, done; words, photos and voice may follow."""

from domain.dialogues import DialogueName
from domain.interactions import Kind
from domain.outcomes import Refusal
from domain.outgoing import Button, Rows
from domain.words import says_only
from handlers.context import CareContext
from handlers.customers.conversation import dialogue_of, recorded, running
from handlers.customers.free import keep_as_feedback
from handlers.customers.keyboards import aspect_of, aspects, button, menu, one_row
from services.dialogues import is_full, said_in
from services.drafts import settle
from services.feedback import (
    KINDS,
    LOW_STARS,
    MOST_STARS,
    add_to_feedback,
    begin_feedback,
    begin_stars,
    choose_aspect,
    finish,
    is_about,
    open_case_of,
    own_feedback,
    stars_in_signs,
)
from storage.interactions import get_interaction

_DIGITS = {"1": 1, "2": 2, "3": 3, "4": 4, "5": 5}


async def on_begin(context: CareContext) -> None:
    """Ask for stars; words already kept as a draft become the feedback."""
    person = context.customer
    dialogue = person.dialogue
    if dialogue and dialogue.name is DialogueName.DRAFT and dialogue.step == "ask":
        await keep_as_feedback(context)
        return
    await settle(context.work, person)
    key = context.interaction_id
    begin_stars(context.work, person, key=key)
    stars = tuple(Button(f"{n} ★", data=f"c:star:{key}:{n}") for n in range(1, MOST_STARS + 1))
    kinds = tuple(button(context, f"feedback.button.{kind}", f"c:fkind:{key}:{kind}") for kind in KINDS)
    await context.say("feedback.ask", buttons=(stars, kinds), business=context.work.rules.business_name)


async def on_star(context: CareContext) -> None:
    """Keep the stars at once and ask what they are about."""
    stars = _DIGITS.get(context.tapped.word(1))
    if stars is None or not await _may_begin(context):
        context.answer("tap.stale")
        return
    await _rate(context, stars, replacing=context.tapped.message_id)


async def _may_begin(context: CareContext) -> bool:
    """Return whether the stars asked for may be given: while asked, and later too unless something else runs."""
    if context.customer.dialogue is not None:
        return running(context, DialogueName.FEEDBACK, "stars") is not None
    asked = await get_interaction(context.work.tx, context.tapped.number())
    return asked is not None and asked.customer_id == context.customer.customer.id


async def _rate(context: CareContext, stars: int, *, replacing: int | None) -> None:
    feedback_id = await begin_feedback(context.work, context.customer, kind="rating", stars=stars)
    buttons = (
        *aspects(context, f"c:faspect:{feedback_id}"),
        (button(context, "button.skip", f"c:faspect:{feedback_id}:skip"),),
    )
    key = "feedback.aspect_low" if stars <= LOW_STARS else "feedback.aspect"
    await context.say(key, buttons=buttons, replacing=replacing, stars=stars_in_signs(stars))


async def on_kind(context: CareContext) -> None:
    """Ask for the words of a suggestion or of praise."""
    kind = context.tapped.word(1)
    if kind not in KINDS or not await _may_begin(context):
        context.answer("tap.stale")
        return
    feedback_id = await begin_feedback(context.work, context.customer, kind=kind)
    await context.say(f"feedback.ask.{kind}", buttons=_done(context, feedback_id), replacing=context.tapped.message_id)


def _done(context: CareContext, feedback_id: int) -> Rows:
    return one_row(button(context, "button.done", f"c:fdone:{feedback_id}"))


async def on_aspect(context: CareContext) -> None:
    """Keep what the rating is about, even after a pause; after few stars a person is offered."""
    feedback_id, aspect = context.tapped.number(), aspect_of(context.tapped.word(1))
    rated = await own_feedback(context.work, context.customer, feedback_id)
    if isinstance(rated, Refusal) or rated.aspect or (aspect is None and context.tapped.word(1) != "skip"):
        context.answer("tap.stale")
        return
    found = await choose_aspect(context.work, context.customer, feedback_id=feedback_id, aspect=aspect)
    if (found.stars or MOST_STARS) <= LOW_STARS:
        await context.say("feedback.low", buttons=_offer(context, feedback_id), replacing=context.tapped.message_id)
    else:
        await _more_or_done(context, "feedback.thanks", feedback_id)


async def _more_or_done(context: CareContext, key: str, feedback_id: int) -> None:
    """Ask for more while the conversation runs; after it, thank."""
    if is_about(context.customer, feedback_id):
        await context.say(key, buttons=_done(context, feedback_id), replacing=context.tapped.message_id)
    else:
        await context.say("feedback.finished", replacing=context.tapped.message_id)


def _offer(context: CareContext, feedback_id: int) -> Rows:
    return one_row(
        button(context, "feedback.button.case", f"c:fcase:{feedback_id}:yes"),
        button(context, "feedback.button.no_case", f"c:fcase:{feedback_id}:no"),
    )


async def on_case(context: CareContext) -> None:
    """Open a case from a low rating, even after a pause, or leave it at that."""
    feedback_id = context.tapped.number()
    found = await own_feedback(context.work, context.customer, feedback_id)
    if isinstance(found, Refusal) or found.case_id is not None or (found.stars or MOST_STARS) > LOW_STARS:
        context.answer("tap.stale")
    elif context.tapped.word(1) == "yes":
        await context.say("feedback.passed_on", replacing=context.tapped.message_id)
        await open_case_of(context.work, context.customer, found)
    else:
        await _more_or_done(context, "feedback.no_case", feedback_id)


async def in_feedback(context: CareContext) -> bool:
    """Add words, photos and voice; a bare digit instead of a tap gives stars."""
    person, work, content = context.customer, context.work, context.said.content
    if dialogue_of(context).step == "stars":
        if content.kind is Kind.TEXT and content.text.strip() in _DIGITS:
            await _rate(context, _DIGITS[content.text.strip()], replacing=None)
            return True
        await begin_feedback(work, person, kind="suggestion")
    elif content.kind is Kind.TEXT and says_only(content.text, work.texts.phrases("closing")):
        await finish(work, person)
        await context.say("feedback.finished", keyboard=menu(context))
        return True
    feedback_id = int(dialogue_of(context).data["key"])
    starts = await add_to_feedback(work, person, feedback_id=feedback_id, interaction_id=recorded(context))
    if is_full(person):
        await finish(work, person)
    elif starts:
        await _acknowledge(context, feedback_id)
    return True


async def _acknowledge(context: CareContext, feedback_id: int) -> None:
    """Answer a burst once; after few stars a person is offered again."""
    found = await own_feedback(context.work, context.customer, feedback_id)
    low = not isinstance(found, Refusal) and found.stars is not None and found.stars <= LOW_STARS
    if low:
        await context.say("feedback.added_low", buttons=_offer(context, feedback_id))
    else:
        await context.say("feedback.added", buttons=_done(context, feedback_id))


async def on_done(context: CareContext) -> None:
    """End the feedback with thanks; a suggestion without a word is asked for once more."""
    dialogue = running(context, DialogueName.FEEDBACK)
    if dialogue is None:
        return
    found = await own_feedback(context.work, context.customer, context.tapped.number())
    wordless = not isinstance(found, Refusal) and found.kind != "rating" and not said_in(dialogue)
    await finish(context.work, context.customer)
    key = "cancel.left" if wordless else "feedback.finished"
    await context.say(key, replacing=context.tapped.message_id)
