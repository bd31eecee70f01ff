"""Responses to a survey, one by one, as other systems list them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from storage.database import Tx
from storage.survey_results import Scope, responses_within
from storage.tables import cases, customers, staff_members, survey_responses

_ABOUT, _OPENED = cases.alias("about"), cases.alias("opened")
_NAMED = {
    "customer": customers.c.code,
    "name": customers.c.name,
    "member": staff_members.c.name.label("member"),
    "case_number": _ABOUT.c.number.label("case_number"),
    "opened_case_number": _OPENED.c.number.label("opened_case_number"),
}


@dataclass(frozen=True, slots=True)
class ResponseRow:
    """A response with whose it is, by public code, and the numbers of the cases it is about and has opened.

    ``member`` is the name of whom it is credited to.
    """

    id: int
    version: int
    customer: str
    name: str
    member: str | None
    cause: str
    campaign: str | None
    state: str
    asked_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    score: int | None
    low_at: datetime | None
    language: str
    tier: str
    purchase_id: int | None
    case_number: int | None
    opened_case_number: int | None


_COLUMNS = tuple(
    _NAMED[name] if name in _NAMED else survey_responses.c[name] for name in ResponseRow.__dataclass_fields__
)


async def list_responses(
    tx: Tx, scope: Scope, *, customer_id: int | None, state: str | None, before_id: int | None, limit: int
) -> list[ResponseRow]:
    """Return responses of living customers, the one asked last first, before response ``before_id``."""
    found = (
        select(*_COLUMNS)
        .select_from(
            survey_responses.join(customers, customers.c.id == survey_responses.c.customer_id)
            .outerjoin(_ABOUT, _ABOUT.c.id == survey_responses.c.case_id)
            .outerjoin(staff_members, staff_members.c.id == survey_responses.c.member_id)
            .outerjoin(_OPENED, _OPENED.c.id == survey_responses.c.opened_case_id)
        )
        .where(responses_within(scope), customers.c.erased_at.is_(None))
        .order_by(survey_responses.c.id.desc())
        .limit(limit)
    )
    if customer_id is not None:
        found = found.where(survey_responses.c.customer_id == customer_id)
    if state is not None:
        found = found.where(survey_responses.c.state == state)
    if before_id is not None:
        found = found.where(survey_responses.c.id < before_id)
    return [ResponseRow(*row) for row in await tx.execute(found)]
