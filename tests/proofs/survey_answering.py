"""How a guest's tap or words reach the program: through the service that a handler would call."""

from typing import Any

from domain.interactions import Content, Kind
from domain.outcomes import Refusal
from services.speech import record_heard
from services.surveys import answering
from services.surveys.asking import await_answer
from services.surveys.hearing import Heard, hear
from services.work import Person, Work
from storage import responses as rows
from storage.interactions import Origin
from tests.proofs.survey_ledger import Act

_MESSAGE = 77


async def react(work: Work, person: Person, act: Act, response_id: int) -> Any:
    """Do one thing to a response; returns what the service says."""
    assert act.reply is not None
    here: dict[str, Any] = {"response_id": response_id, "question": act.question, "replacing": _MESSAGE}
    if act.what == "skip":
        return await answering.skip(work, person, **here)
    if act.what == "back":
        return await answering.back(work, person, **here)
    if act.what == "stop":
        return await answering.stop(work, person, response_id=response_id, replacing=_MESSAGE)
    kind = act.reply.paper.question(act.question)["kind"]
    if kind == "multi_choice":
        return await _picks(work, person, act, here)
    if kind == "text":
        return await _writes(work, person, act, response_id)
    return await answering.answer(work, person, value=act.value, **here)


async def _picks(work: Work, person: Person, act: Act, here: dict[str, Any]) -> Any:
    """Tick and untick until the boxes are as the guest wants them, then press done."""
    response = await rows.get_response(work.tx, here["response_id"])
    standing = (await rows.list_answers(work.tx, here["response_id"])).get(act.question)
    assert response is not None
    ticked = response.picked if response.picked is not None else (standing.choices if standing else ())
    for option in sorted(set(ticked) ^ set(act.value)):
        done = await answering.pick(work, person, option=option, **here)
        if isinstance(done, Refusal):
            return done
    return await answering.done(work, person, **here)


async def _writes(work: Work, person: Person, act: Act, response_id: int) -> Any:
    """Write words; a question that is not the one asked now has no place for words, only buttons."""
    run = await answering.open_run(work, person, response_id)
    if isinstance(run, Refusal):
        return run
    if run.at.key != act.question:
        return await answering.skip(work, person, response_id=response_id, question=act.question, replacing=_MESSAGE)
    await_answer(work, person, run.at, response_id=response_id)
    content = Content(Kind.TEXT, act.value)
    said = await record_heard(
        work,
        author=person.actor,
        content=content,
        origin=Origin(chat_id=person.contact.chat_id),
        customer_id=person.customer.id,
    )
    heard = await hear(work, person, interaction_id=said, content=content)
    return heard if heard is Heard.ANSWERED else Refusal(heard.value)
