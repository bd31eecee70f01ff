"""Surveys in a customer's chat: one question a message, one tap a question; words for what is written."""

from collections.abc import Awaitable, Callable
from typing import Any

from domain.interactions import Kind
from domain.outcomes import Refusal
from domain.surveys import Question, QuestionKind
from domain.words import says_only
from handlers.context import CareContext
from handlers.customers.conversation import dialogue_of, recorded
from handlers.customers.keyboards import menu
from services.surveys import answering
from services.surveys.answering import Step
from services.surveys.hearing import Heard, hear

_OVER = "survey.over."
_SCORE_QUESTION = 0
"""Where the score stands in the survey about a case, as buttons sent before there were surveys mean it."""

Deed = Callable[..., Awaitable[Step | Refusal]]


async def on_answer(context: CareContext) -> None:
    """Keep the number or option behind the button."""
    question = await _question(context)
    if question is not None:
        await _answer(context, question, context.tapped.number(2))


async def _answer(context: CareContext, question: Question, value: int) -> None:
    meant: object = value
    if question.kind is QuestionKind.CHOICE:
        meant = question.options[value].key if 0 <= value < len(question.options) else None
    await _do(context, answering.answer, question=question.key, value=meant)


async def on_pick(context: CareContext) -> None:
    """Choose one of several options, or take it back."""
    question, nth = await _question(context), context.tapped.number(2)
    if question is not None and 0 <= nth < len(question.options):
        await _do(context, answering.pick, question=question.key, option=question.options[nth].key)
    elif question is not None:
        context.answer("tap.stale")


async def on_picked(context: CareContext) -> None:
    """Answer with what was chosen."""
    await _with_question(context, answering.done)


async def on_skip(context: CareContext) -> None:
    """Leave the question out."""
    await _with_question(context, answering.skip)


async def on_back(context: CareContext) -> None:
    """Go back to the question before."""
    await _with_question(context, answering.back)


async def on_stop(context: CareContext) -> None:
    """End the survey here."""
    await _do(context, answering.stop)


async def on_survey(context: CareContext) -> None:
    """Go on with the survey that waits."""
    done = await answering.resume(context.work, context.customer)
    if isinstance(done, Refusal):
        await context.refuse(done)


async def on_old_score(context: CareContext) -> None:
    """Keep the score behind a button that was sent before there were surveys."""
    question = await _question(context, nth=_SCORE_QUESTION)
    if question is not None:
        await _answer(context, question, context.tapped.number(1))


async def on_old_done(context: CareContext) -> None:
    """End what an old button says is all."""
    await _do(context, answering.stop)


async def in_survey(context: CareContext) -> bool:
    """Take a message for an answer, or for more of the one before; other words belong elsewhere."""
    content = context.said.content
    if content.kind is Kind.TEXT and says_only(content.text, context.work.texts.phrases("closing")):
        return await _says_goodbye(context)
    heard = await hear(context.work, context.customer, interaction_id=recorded(context), content=content)
    return heard is not Heard.ELSE


async def _says_goodbye(context: CareContext) -> bool:
    """Let thanks end what nobody has to answer: a text that may be left out, or the wait for more of one."""
    response_id = int(dialogue_of(context).data["key"])
    run = await answering.open_run(context.work, context.customer, response_id)
    if not isinstance(run, Refusal) and run.at.kind is QuestionKind.TEXT and not run.at.required:
        await answering.skip(
            context.work, context.customer, response_id=response_id, question=run.at.key, replacing=None
        )
        return True
    context.customer.leave(context.work)
    if not isinstance(run, Refusal):
        return False
    await context.say("survey.bye", keyboard=menu(context))
    return True


async def _question(context: CareContext, *, nth: int | None = None) -> Question | None:
    """Return the question a button belongs to; for one that nobody knows the pop-up is said."""
    nth = context.tapped.number(1) if nth is None else nth
    found = await answering.question_at(context.work, context.customer, context.tapped.number(), nth)
    if isinstance(found, Refusal):
        await context.refuse(found)
        return None
    return found


async def _with_question(context: CareContext, deed: Deed) -> None:
    question = await _question(context)
    if question is not None:
        await _do(context, deed, question=question.key)


async def _do(context: CareContext, deed: Deed, **given: Any) -> None:
    """Do what a button asks for; a survey that is over says so in place of the question, without buttons."""
    tap = context.tapped
    done = await deed(context.work, context.customer, response_id=tap.number(), replacing=tap.message_id, **given)
    if not isinstance(done, Refusal):
        return
    if done.key.startswith(_OVER):
        await context.say(done.key, replacing=tap.message_id)
    else:
        await context.refuse(done)
