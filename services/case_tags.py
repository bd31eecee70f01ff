"""Tags of cases: short words by which staff find and count them."""

from datetime import timedelta

from domain.cases import Case
from domain.deeds import Deed
from domain.outcomes import Refusal
from domain.people import Actor, StaffMember
from domain.records import tag_of
from services import cards
from services.case_door import access_case, actor_of
from services.work import Work
from storage import case_tags as rows
from storage.audit import add_audit

MOST_TAGS = 20
_LOOKED_BACK = timedelta(days=180)


async def list_tags(work: Work, case_id: int) -> list[str]:
    """Return the tags of a case."""
    return await rows.list_tags(work.tx, case_id)


async def list_common_tags(work: Work, *, limit: int) -> list[str]:
    """Return the tags used most in the last half year, to choose from."""
    return await rows.list_common_tags(work.tx, since=work.now - _LOOKED_BACK, limit=limit)


async def tag_case(work: Work, *, case_id: int, tag: str, by: StaffMember) -> Case | Refusal:
    """Put a tag on a case."""
    case = await access_case(work, case_id=case_id, by=by, deed=Deed.TAG)
    if isinstance(case, Refusal):
        return case
    kept = tag_of(tag.strip().removeprefix("#"))
    if kept is None:
        return Refusal("casework.refused.no_tag")
    if len(await rows.list_tags(work.tx, case_id)) >= MOST_TAGS:
        return Refusal("casework.refused.too_many_tags", {"number": case.public_number, "most": MOST_TAGS})
    if not await rows.add_tag(work.tx, case_id=case_id, tag=kept, now=work.now):
        return Refusal("casework.refused.tagged_already", {"number": case.public_number, "tag": kept})
    _audit(work, case, actor_of(by), "case.tag", after={"tag": kept})
    await cards.show_card(work, case)
    return case


async def untag_case(work: Work, *, case_id: int, tag: str, by: StaffMember) -> Case | Refusal:
    """Take a tag off a case."""
    case = await access_case(work, case_id=case_id, by=by, deed=Deed.TAG)
    if isinstance(case, Refusal):
        return case
    kept = tag_of(tag.strip().removeprefix("#"))
    if kept is None or not await rows.drop_tag(work.tx, case_id=case_id, tag=kept):
        return Refusal("casework.refused.not_tagged", {"number": case.public_number, "tag": kept or tag})
    _audit(work, case, actor_of(by), "case.untag", before={"tag": kept})
    await cards.show_card(work, case)
    return case


def _audit(
    work: Work,
    case: Case,
    by: Actor,
    action: str,
    *,
    before: dict[str, str] | None = None,
    after: dict[str, str] | None = None,
) -> None:
    add_audit(
        work.tx,
        at=work.now,
        actor=by,
        action=action,
        subject=("case", case.id),
        customer_id=case.customer_id,
        before=before,
        after=after,
    )
