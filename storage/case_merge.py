"""What belongs to a case, moved to another when the two are one."""

from sqlalchemy import delete, literal, select, update

from storage.database import Tx
from storage.tables import case_tags, cases, feedback, interactions


async def find_case_id(tx: Tx, number: int) -> int | None:
    """Return the id behind a public number, without locking the case."""
    value: int | None = (await tx.execute(select(cases.c.id).where(cases.c.number == number))).scalar()
    return value


async def move_words(tx: Tx, *, from_id: int, to_id: int) -> int:
    """Let everything said in one case, and the feedback it grew out of, belong to another; returns how many words."""
    moved = await tx.execute(update(interactions).where(interactions.c.case_id == from_id).values(case_id=to_id))
    await tx.execute(update(feedback).where(feedback.c.case_id == from_id).values(case_id=to_id))
    return moved.rowcount


async def move_tags(tx: Tx, *, from_id: int, to_id: int) -> None:
    """Put the tags of one case on another as well, and off the first."""
    theirs = select(literal(to_id), case_tags.c.tag, case_tags.c.at).where(case_tags.c.case_id == from_id)
    known = select(case_tags.c.tag).where(case_tags.c.case_id == to_id).scalar_subquery()
    insert = case_tags.insert().from_select(["case_id", "tag", "at"], theirs.where(case_tags.c.tag.not_in(known)))
    await tx.execute(insert)
    await tx.execute(delete(case_tags).where(case_tags.c.case_id == from_id))
