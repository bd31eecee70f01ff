"""“How was it?”: five buttons, then words if the person likes; asked once a resolution, the first tap counts."""

from domain.dialogues import DialogueName
from domain.interactions import Kind
from domain.outcomes import Refusal
from domain.outgoing import Rows
from domain.words import says_only
from handlers.context import CareContext
from handlers.customers.conversation import dialogue_of, recorded
from handlers.customers.keyboards import button, menu, one_row
from services.check_back import answer_check
from services.dialogues import PATIENCE, begin
from services.drafts import settle
from services.scores import MOST
from services.scoring import LOW, Scored, add_words, finish_words, own_response, promise_in_words, score_case

_DIGITS = {str(n): n for n in range(1, MOST + 1)} | dict(zip("１２３４５", range(1, MOST + 1), strict=True))
_MIDDLE = 3


async def on_score(context: CareContext) -> None:
    """Keep the score behind the button."""
    await _score(context, context.tapped.number(), context.tapped.number(1), replacing=context.tapped.message_id)


async def _score(context: CareContext, response_id: int, score: int, *, replacing: int | None) -> None:
    scored = await score_case(context.work, context.customer, response_id=response_id, score=score)
    if isinstance(scored, Refusal):
        await context.refuse(scored)
        return
    await context.say(
        _thanks(scored),
        buttons=_skip(context, scored.response_id),
        replacing=replacing,
        name=scored.name or context.work.rules.business_name,
        number=scored.number,
        moment=promise_in_words(context.work, context.customer, scored),
    )


def _thanks(scored: Scored) -> str:
    if scored.score <= LOW:
        return "aftercare.scored.low" if scored.name else "aftercare.scored.low_unnamed"
    return "aftercare.scored.middle" if scored.score == _MIDDLE else "aftercare.scored.high"


def _skip(context: CareContext, response_id: int) -> Rows:
    return one_row(button(context, "aftercare.button.no_words", f"c:sdone:{response_id}"))


async def in_score(context: CareContext) -> bool:
    """Take a bare digit for the score, and words after it; thanks end the conversation."""
    content, dialogue = context.said.content, dialogue_of(context)
    if dialogue.step == "score":
        if content.kind is Kind.TEXT and content.text.strip() in _DIGITS:
            await _score(context, int(dialogue.data["key"]), _DIGITS[content.text.strip()], replacing=None)
            return True
        context.customer.leave(context.work)
        return False
    if content.kind is Kind.TEXT and says_only(content.text, context.work.texts.phrases("closing")):
        await finish_words(context.work, context.customer)
        await context.say("aftercare.words.bye", keyboard=menu(context))
        return True
    starts = await add_words(context.work, context.customer, interaction_id=recorded(context), content=content)
    if starts:
        key = "aftercare.words.low" if dialogue.data.get("low") else "aftercare.words.kept"
        await context.say(key, buttons=one_row(button(context, "button.done", f"c:sdone:{dialogue.data['key']}")))
    return True


async def on_done(context: CareContext) -> None:
    """End it: nothing more is to be said."""
    found = await own_response(context.work, context.customer, context.tapped.number())
    if isinstance(found, Refusal):
        await context.refuse(found)
        return
    dialogue = context.customer.dialogue
    if dialogue is not None and dialogue.data.get("key") == found.id:
        await finish_words(context.work, context.customer)
    await context.say("aftercare.words.bye", replacing=context.tapped.message_id)


async def on_check_back(context: CareContext) -> None:
    """Take the answer to “is all still well?”; what is written next about a no goes into the case."""
    tap = context.tapped
    answer = tap.word(1)
    if answer not in ("yes", "no"):
        context.answer("tap.stale")
        return
    done = await answer_check(
        context.work, context.customer, task_id=tap.number(), holds=answer == "yes", replacing=tap.message_id
    )
    if isinstance(done, Refusal):
        await context.refuse(done)
    elif answer == "no" and done.case_id is not None:
        await settle(context.work, context.customer)
        begin(context.work, context.customer, DialogueName.ADD_WORDS, "add", key=done.case_id, waits=PATIENCE)
