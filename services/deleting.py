"""Answers taken back: deleted at the customer's side while Telegram still allows it; the record keeps them."""

from datetime import timedelta

from domain.cases import Case, CaseState
from domain.deeds import Deed, why_not
from domain.interactions import Content, Direction, Interaction, Kind, Visibility
from domain.outcomes import Refusal
from domain.outgoing import Action, Outgoing, Purpose, to_contact
from domain.people import ActorKind, StaffMember
from services import private_desk
from services.case_door import access_case, actor_of
from services.casework import resume_case
from services.delivery import owe_again
from services.work import Work
from storage import deleting as rows
from storage.audit import add_audit
from storage.interactions import Origin, get_interaction
from storage.outbox import add_outgoing, mark_settled
from storage.staff import get_member

DELETE_WINDOW = timedelta(hours=48)
"""How long Telegram lets a bot delete what it sent to a private chat. Source: Bot API, deleteMessage."""
_CHOICE = 5


async def delete_answer(
    work: Work, *, by: StaffMember, case_id: int, answer_id: int, asked_in: int | None = None
) -> Interaction | Refusal:
    """Delete an answer at the customer's side; an album goes as a whole, one not sent yet is not sent.

    One's own, or anybody's for who supervises. ``asked_in`` is the chat in which it was asked.
    """
    case = await access_case(work, case_id=case_id, by=by)  # locks the case, so that one of two wins
    if isinstance(case, Refusal):
        return case
    said = await _answer(work, case, answer_id)
    if isinstance(said, Refusal):
        return said
    refusal = why_not(Deed.DELETE, by, case, whose=said.author.id)
    if refusal is not None:
        return refusal
    family = await rows.list_family(work.tx, said)
    if said.id in await rows.list_deleted(work.tx, family):
        return Refusal("private.refused.deleted_already")
    if work.now > said.at + DELETE_WINDOW:
        return Refusal("private.refused.delete_too_late")
    if await _drop(work, family):
        await _queue(work, case, said, family)
    else:
        await _unanswer(work, case, said, by=by)
    for one in family:
        add_audit(
            work.tx,
            at=work.now,
            actor=actor_of(by),
            action=rows.DELETED,
            subject=("words", one),
            customer_id=case.customer_id,
        )
    await _tell(work, case, said, by=by, asked_in=asked_in)
    return said


async def _answer(work: Work, case: Case, answer_id: int) -> Interaction | Refusal:
    """Return the first version of an answer that went from a member of staff to this case's customer."""
    said = await get_interaction(work.tx, answer_id)
    if said is not None and said.version_of is not None:
        said = await get_interaction(work.tx, said.version_of)
    if said is None or said.case_id != case.id or said.author.kind is not ActorKind.STAFF:
        return Refusal("private.refused.no_answer")
    sent = said.direction is Direction.OUT and said.visibility is Visibility.CUSTOMER
    return said if sent else Refusal("private.refused.no_answer")


async def _drop(work: Work, family: list[int]) -> bool:
    """Give up what waits to be sent; returns whether anything may stand at the customer's side."""
    found = await rows.list_answer_rows(work.tx, family)
    for row_id, state in found:
        if state == "queued":
            mark_settled(work.tx, row_id=row_id, state="dropped", now=work.now, error="deleted")
    return any(state in ("sent", "sending", "unknown") for _, state in found)


async def _unanswer(work: Work, case: Case, said: Interaction, *, by: StaffMember) -> None:
    """Let a case whose answer never went out wait for one again."""
    if case.state is CaseState.WAITING and case.last_staff_at == said.at:
        resumed = await resume_case(work, case_id=case.id, by=by)
        case = case if isinstance(resumed, Refusal) else resumed
    await owe_again(work, case, said)


async def _queue(work: Work, case: Case, said: Interaction, family: list[int]) -> None:
    if case.contact_point_id is None:
        return
    message = Outgoing(
        purpose=Purpose.DELETION,
        target=to_contact(case.contact_point_id),
        content=Content(Kind.TEXT),
        action=Action.DELETE,
        dedupe_key=f"delete:{said.id}",
        customer_id=case.customer_id,
        case_id=case.id,
        interaction_id=said.id,
        extra={"deletes": family},
    )
    await add_outgoing(work.tx, message, bot_id=work.bot_id, now=work.now)


async def _tell(work: Work, case: Case, said: Interaction, *, by: StaffMember, asked_in: int | None) -> None:
    """Let colleagues read that an answer is gone, and its author by name if that was somebody else."""
    author = await get_member(work.tx, said.author.id) if said.author.id and said.author.id != by.id else None
    if author is not None:
        await private_desk.tell_member(
            work, author, "private.deleted_by", case=case, name=by.name, number=case.public_number
        )
    await private_desk.tell_colleagues(
        work, case, by=by, content=said.content, origin=Origin(asked_in), key="private.line.deleted"
    )


async def list_deletable(work: Work, *, case_id: int, by: StaffMember) -> list[tuple[int, str]] | Refusal:
    """Return (id, words) of the newest answers in a case that this person could delete now."""
    case = await access_case(work, case_id=case_id, by=by)
    if isinstance(case, Refusal):
        return case
    since_at = work.now - DELETE_WINDOW
    found = await rows.list_recent_answers(work.tx, case.id, since_at=since_at, limit=_CHOICE * 4)
    theirs = [one for one in found if why_not(Deed.DELETE, by, whose=one[1]) is None]
    return [(answer_id, words) for answer_id, _, words in theirs][:_CHOICE]
