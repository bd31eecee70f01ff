"""What staff wrote and decided about a customer's cases, emptied or deleted when the customer is forgotten."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, null, select, update

from storage.database import Tx
from storage.tables import bans, case_tags, cases, escalations, survey_answers, survey_responses, tasks


def _his_cases(customer_id: int) -> Any:
    return select(cases.c.id).where(cases.c.customer_id == customer_id)


async def erase_case_tags(tx: Tx, customer_id: int, _now: datetime) -> None:
    """Delete the tags of the customer's cases."""
    await tx.execute(delete(case_tags).where(case_tags.c.case_id.in_(_his_cases(customer_id))))


async def erase_escalations(tx: Tx, customer_id: int, now: datetime) -> None:
    """Empty why the customer's cases were escalated, and let nobody be waited for any more."""
    his = escalations.c.case_id.in_(_his_cases(customer_id))
    over = {"ended_at": now, "ended_as": "case_ended", "answer_due_at": None}
    await tx.execute(update(escalations).where(his, escalations.c.ended_at.is_(None)).values(**over))
    await tx.execute(update(escalations).where(his).values(reason=""))


async def erase_tasks(tx: Tx, customer_id: int, now: datetime) -> None:
    """Empty what was to be done for the customer; what is still to do is cancelled."""
    his = tasks.c.customer_id == customer_id
    to_do = (tasks.c.done_at.is_(None), tasks.c.cancelled_at.is_(None))
    await tx.execute(update(tasks).where(his, *to_do).values(cancelled_at=now))
    await tx.execute(update(tasks).where(his).values(text="", why=null(), outcome=None, key=None, word_at=None))


async def erase_survey_responses(tx: Tx, customer_id: int, now: datetime) -> None:
    """Empty the words of the customer's answers and ask nothing more; the scores stay, as sums do."""
    his = survey_responses.c.customer_id == customer_id
    over = {"state": "stopped", "ended_at": now, "step": None, "picked": null(), "remind_at": None}
    await tx.execute(update(survey_responses).where(his, survey_responses.c.state == "open").values(**over))
    await tx.execute(update(survey_responses).where(his).values(text=""))


async def erase_survey_answers(tx: Tx, customer_id: int, _now: datetime) -> None:
    """Empty what the customer wrote, dated and showed in answers; what was tapped stays, as sums do."""
    his = select(survey_responses.c.id).where(survey_responses.c.customer_id == customer_id)
    told = {"text": "", "on_date": None, "interaction_id": None}
    await tx.execute(update(survey_answers).where(survey_answers.c.response_id.in_(his)).values(**told))


async def erase_bans(tx: Tx, customer_id: int, _now: datetime) -> None:
    """Empty why the customer was banned."""
    await tx.execute(update(bans).where(bans.c.customer_id == customer_id).values(reason=""))
