"""What is written while a survey is asked: the answer, more of the answer before, or words of another kind."""

from dataclasses import replace
from datetime import timedelta
from enum import StrEnum

from domain.dialogues import Dialogue, DialogueName
from domain.interactions import Content, Kind
from domain.outcomes import Refusal
from domain.surveys import Question, QuestionKind
from domain.surveys.answers import MOST_LETTERS, Answer, typed_answer
from services.dialogues import PATIENCE, move
from services.gathered import shortened
from services.speech import say
from services.surveys import loop
from services.surveys.answering import LENGTHENED, Run, keep, lock_own, open_run
from services.surveys.question_words import hint_of
from services.work import Person, Work
from storage import responses as rows
from storage.responses import Response
from texts.catalogue import safe

_PICTURES = frozenset({Kind.PHOTO})
_MOST_TRIED = 20
"""Digits in so few letters are meant as a number or day, however often they do not fit."""
_LONG_AGO = timedelta(days=1)
"""Words so long after the question may mean something else: whoever wrote them reads what they were taken for."""


class Heard(StrEnum):
    """What words were taken for; ``ELSE`` is anything but an answer."""

    ANSWERED = "answered"
    ADDED = "added"
    WRONG = "wrong"
    ELSE = "else"


async def hear(work: Work, person: Person, *, interaction_id: int, content: Content) -> Heard:
    """Take a message for the answer to the question that is asked, or for more of the text before it."""
    dialogue = person.dialogue
    assert dialogue is not None
    if content.media_group_id is not None and content.media_group_id == dialogue.data.get("album"):
        return await _add(work, person, dialogue, interaction_id, content)
    run = await open_run(work, person, int(dialogue.data["key"]))
    if not isinstance(run, Refusal):
        given = _answer(work, person, run, interaction_id, content)
        if given is not None:
            await _keep(work, person, run, given, dialogue, content)
            return Heard.ANSWERED
    if dialogue.data.get("more"):
        return await _add(work, person, dialogue, interaction_id, content)
    if isinstance(run, Refusal) or not run.at.kind.typed or _means_else(dialogue, run.at, content):
        person.leave(work)
        return Heard.ELSE
    await _say_wrong(work, person, run.at)
    return Heard.WRONG


def _means_else(dialogue: Dialogue, question: Question, content: Content) -> bool:
    """Return whether words that are no answer, for the second time, are about something else than the question."""
    tries = question.kind is not QuestionKind.PHOTO and len(content.text) <= _MOST_TRIED
    is_try = tries and any(letter.isdigit() for letter in content.text)
    return dialogue.data.get("wrong") == question.key and not is_try


async def _keep(work: Work, person: Person, run: Run, given: Answer, dialogue: Dialogue, content: Content) -> None:
    """Keep an answer that was written; the other pictures of its album are known by it."""
    is_late = given.kind is QuestionKind.TEXT and work.now - dialogue.updated_at > _LONG_AGO
    head = work.texts.say("survey.taken_late", person.language) if is_late else ""
    await keep(work, person, run, given, replacing=None, head=head)
    running = person.dialogue
    if content.media_group_id is not None and running is not None and running.name is DialogueName.SURVEY:
        move(work, person, album=content.media_group_id)


def _answer(work: Work, person: Person, run: Run, interaction_id: int, content: Content) -> Answer | None:
    if content.kind is not Kind.TEXT and not run.at.kind.typed:
        return None
    is_picture = content.kind in _PICTURES or (
        content.media is not None and (content.media.mime or "").startswith("image/")
    )
    return typed_answer(
        run.at,
        content.text,
        at=work.now,
        today=work.now.astimezone(person.zone(work.rules)).date(),
        interaction_id=interaction_id,
        is_picture=is_picture,
    )


async def _say_wrong(work: Work, person: Person, question: Question) -> None:
    """Say kindly what is wanted, once; the question stays, and what is written next may be about something else."""
    hint = safe(hint_of(work, question, person.language))
    move(work, person, wrong=question.key)
    await say(work, person, f"survey.wrong.{question.kind}", hint=hint)


async def _add(work: Work, person: Person, dialogue: Dialogue, interaction_id: int, content: Content) -> Heard:
    """Add to the text given just before: several messages in a row are one answer, thanked for once."""
    response = await lock_own(work, person, int(dialogue.data["key"]))
    if response is None:
        person.leave(work)
        return Heard.ELSE
    question = str(dialogue.data["more"])
    before = (await rows.list_answers(work.tx, response.id)).get(question)
    if before is None or before.kind not in LENGTHENED:
        person.leave(work)
        return Heard.ELSE
    if content.text:
        await _lengthen(work, response, before, content.text)
    await loop.on_words(work, person, response, interaction_id=interaction_id, content=content)
    told = bool(dialogue.data.get("told"))
    move(work, person, waits=PATIENCE, told=True)
    if not told:
        await say(work, person, "survey.added", case_id=response.opened_case_id or response.case_id)
    return Heard.ADDED


async def _lengthen(work: Work, response: Response, before: Answer, text: str) -> None:
    whole = shortened("\n".join(part for part in (before.text, text) if part), MOST_LETTERS)
    counted = await rows.is_counted(work.tx, response.id, before.question)
    await rows.put_answer(work.tx, response.id, replace(before, text=whole, answered_at=work.now), counts=counted)
