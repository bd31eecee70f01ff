"""Answers to surveys; the score of a case is the first of them, once a resolution."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, cast, exists, literal, select, update

from domain.cases import CaseState
from storage.database import Tx
from storage.tables import cases, customers, deliveries, survey_responses

CASE_SURVEY = "csat"
"""The one question about a case: how content its customer is, from 1 to 5."""


@dataclass(frozen=True, slots=True)
class Response:
    """One person's run through one survey; ``member_id`` is whom it is credited to."""

    id: int
    survey: str
    version: int
    occasion: str
    customer_id: int
    case_id: int | None
    member_id: int | None
    asked_at: datetime
    score: int | None
    text: str
    answered_at: datetime | None
    finished_at: datetime | None


_COLUMNS = tuple(survey_responses.c[name] for name in Response.__slots__)


async def insert_response(
    tx: Tx,
    *,
    survey: str,
    version: int,
    occasion: str,
    customer_id: int,
    case_id: int | None,
    member_id: int | None,
    now: datetime,
) -> int | None:
    """Keep that somebody is asked; ``None`` when they were asked on this occasion before."""
    insert = tx.insert(survey_responses).values(
        survey=survey,
        version=version,
        occasion=occasion,
        customer_id=customer_id,
        case_id=case_id,
        member_id=member_id,
        asked_at=now,
    )
    insert = insert.on_conflict_do_nothing(index_elements=["survey", "occasion"])
    return (await tx.execute(insert.returning(survey_responses.c.id))).scalar()


async def get_response(tx: Tx, response_id: int) -> Response | None:
    """Return one response."""
    row = (await tx.execute(select(*_COLUMNS).where(survey_responses.c.id == response_id))).first()
    return Response(**row._mapping) if row else None


async def set_score(tx: Tx, response_id: int, *, score: int, now: datetime) -> bool:
    """Keep a first score, which ends the survey; returns whether it was the first: of two taps at once one counts."""
    statement = (
        update(survey_responses)
        .where(survey_responses.c.id == response_id, survey_responses.c.score.is_(None))
        .values(score=score, answered_at=now, finished_at=now)
    )
    return (await tx.execute(statement)).rowcount == 1


async def change_response(tx: Tx, response_id: int, **values: Any) -> None:
    """Change columns of one response."""
    await tx.execute(update(survey_responses).where(survey_responses.c.id == response_id).values(**values))


async def get_last_score(tx: Tx, *, survey: str, customer_id: int) -> int | None:
    """Return the newest score a customer gave."""
    statement = (
        select(survey_responses.c.score)
        .where(
            survey_responses.c.customer_id == customer_id,
            survey_responses.c.survey == survey,
            survey_responses.c.score.is_not(None),
        )
        .order_by(survey_responses.c.answered_at.desc(), survey_responses.c.id.desc())
        .limit(1)
    )
    return (await tx.execute(statement)).scalar()


@dataclass(frozen=True, slots=True)
class Silent:
    """A case whose customer has said nothing since it was called solved."""

    case_id: int
    customer_id: int
    zone: str | None
    resolutions: int
    resolved_at: datetime


async def list_silent(
    tx: Tx, *, survey: str, prefix: str, before: datetime, since: datetime, limit: int
) -> list[Silent]:
    """Return cases called solved from ``since`` until ``before`` whose customer was not asked yet, oldest first.

    An occasion is ``prefix``, the case's id, a colon and which resolution it is; one that has a delivery was planned.
    """
    occasion = literal(prefix, String) + cast(cases.c.id, String) + ":" + cast(cases.c.resolutions, String)
    asked = exists().where(survey_responses.c.survey == survey, survey_responses.c.occasion == occasion)
    planned = exists().where(
        deliveries.c.campaign == survey,
        deliveries.c.customer_id == cases.c.customer_id,
        deliveries.c.occasion == occasion,
    )
    statement = (
        select(cases.c.id, cases.c.customer_id, customers.c.zone, cases.c.resolutions, cases.c.resolved_at)
        .join(customers, customers.c.id == cases.c.customer_id)
        .where(
            cases.c.state == CaseState.RESOLVED.value,
            cases.c.resolutions > 0,
            cases.c.resolved_at <= before,
            cases.c.resolved_at > since,
            cases.c.confidential.is_(False),
            ~asked,
            ~planned,
        )
        .order_by(cases.c.resolved_at, cases.c.id)
        .limit(limit)
    )
    return [Silent(*row) for row in await tx.execute(statement)]
