"""The desk at one look: how many cases are in which trouble, and the five that press most. Confidential ones not."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select, union, union_all

from domain.cases import LIVE, CaseState, Priority
from domain.contact import LOW_STARS
from domain.people import Reach
from storage.database import Tx
from storage.tables import (
    audit,
    cases,
    contact_points,
    customers,
    feedback,
    sla_results,
    staff_members,
    survey_responses,
    tasks,
)

_LIVE = tuple(state.value for state in LIVE)
_WEIGHT = case({priority.value: priority.weight for priority in Priority}, value=cases.c.priority, else_=1)


@dataclass(frozen=True, slots=True)
class Span:
    """The instants a digest looks at: ``since`` until ``today`` is what went by, ``tomorrow`` ends the day."""

    now: datetime
    since: datetime
    today: datetime
    tomorrow: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """How many cases, customers and tasks a digest names."""

    open: int = 0
    unowned: int = 0
    waiting: int = 0
    overdue: int = 0
    breached: int = 0
    escalated: int = 0
    reopened: int = 0
    detractors: int = 0
    unreachable: int = 0
    tasks: int = 0


@dataclass(frozen=True, slots=True)
class Pressing:
    """One case that presses; ``due_at`` is when the next thing is due, ``None`` when nothing is."""

    case_id: int
    number: int
    customer: str
    priority: Priority
    level: int
    owner: str | None
    due_at: datetime | None


def _of(group_id: int | None) -> ColumnElement[bool]:
    """Return the condition for cases that this group's digest is about; without a group for all."""
    seen = cases.c.confidential.is_(False)
    return seen if group_id is None else and_(seen, cases.c.staff_group_id == group_id)


def _live(group_id: int | None) -> ColumnElement[bool]:
    return and_(_of(group_id), cases.c.state.in_(_LIVE), cases.c.closed_at.is_(None))


def _due(before: datetime) -> ColumnElement[bool]:
    """Return the condition for a clock that runs and was due before an instant."""
    first = and_(cases.c.first_response_at.is_(None), cases.c.first_response_due_at < before)
    late = or_(first, cases.c.next_response_due_at < before, cases.c.resolution_due_at < before)
    return and_(cases.c.paused_at.is_(None), late)


async def count(tx: Tx, span: Span, *, group_id: int | None) -> Counts:
    """Return the numbers of a digest, of one staff group's cases or of all."""
    return Counts(
        **await _count_cases(tx, span, group_id),
        breached=await _count_breached(tx, span, group_id),
        reopened=await _count_reopened(tx, span, group_id),
        detractors=await _count_detractors(tx, span),
        unreachable=await _count_unreachable(tx, group_id),
        tasks=await _count_tasks(tx, span),
    )


async def _count_cases(tx: Tx, span: Span, group_id: int | None) -> dict[str, int]:
    gone = select(staff_members.c.id).where(staff_members.c.active.is_(False))
    nobodys = or_(cases.c.owner_id.is_(None), cases.c.owner_id.in_(gone))

    def counted(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    statement = select(
        func.count().label("open"),
        counted(nobodys).label("unowned"),
        counted(cases.c.state == CaseState.WAITING.value).label("waiting"),
        counted(_due(span.now)).label("overdue"),
        counted(cases.c.level > 1).label("escalated"),
    ).where(_live(group_id))
    row = (await tx.execute(statement)).one()
    return {name: int(value) for name, value in row._mapping.items()}


async def _count_breached(tx: Tx, span: Span, group_id: int | None) -> int:
    """Count cases of which something was due in the span and was not done by then."""
    ended = (
        select(cases.c.id)
        .join(sla_results, sla_results.c.case_id == cases.c.id)
        .where(
            sla_results.c.kept.is_(False),
            sla_results.c.due_at >= span.since,
            sla_results.c.due_at < span.today,
            _of(group_id),
        )
    )

    def due_in_span(column: ColumnElement[Any]) -> ColumnElement[bool]:
        return and_(column >= span.since, column < span.today)

    runs_on = select(cases.c.id).where(
        _live(group_id),
        cases.c.paused_at.is_(None),
        or_(
            and_(cases.c.first_response_at.is_(None), due_in_span(cases.c.first_response_due_at)),
            due_in_span(cases.c.next_response_due_at),
            due_in_span(cases.c.resolution_due_at),
        ),
    )
    both = union(ended, runs_on).subquery()
    return await _number(tx, select(func.count()).select_from(both))


async def _count_reopened(tx: Tx, span: Span, group_id: int | None) -> int:
    statement = (
        select(func.count(cases.c.id.distinct()))
        .join(audit, and_(audit.c.subject_kind == "case", audit.c.subject_id == cases.c.id))
        .where(audit.c.action == "case.reopen", audit.c.at >= span.since, audit.c.at <= span.now, _of(group_id))
    )
    return await _number(tx, statement)


async def _count_detractors(tx: Tx, span: Span) -> int:
    """Count customers who gave a low score or few stars in the span."""
    scored = select(survey_responses.c.customer_id).where(
        survey_responses.c.low_at >= span.since,
        survey_responses.c.low_at <= span.now,
        _told_to_all(survey_responses.c.case_id),
        _told_to_all(survey_responses.c.opened_case_id),
    )
    starred = select(feedback.c.customer_id).where(
        feedback.c.stars <= LOW_STARS,
        feedback.c.at >= span.since,
        feedback.c.at <= span.now,
        _told_to_all(feedback.c.case_id),
    )
    both = union_all(scored, starred).subquery()
    return await _number(tx, select(func.count(both.c.customer_id.distinct())))


def _told_to_all(case_id: ColumnElement[Any]) -> ColumnElement[bool]:
    confidential = select(cases.c.id).where(cases.c.confidential)
    return or_(case_id.is_(None), case_id.not_in(confidential))


async def _count_unreachable(tx: Tx, group_id: int | None) -> int:
    """Count customers with a live case whom the bot cannot write to."""
    statement = (
        select(func.count(cases.c.customer_id.distinct()))
        .join(contact_points, contact_points.c.id == cases.c.contact_point_id)
        .where(_live(group_id), contact_points.c.reach != Reach.REACHABLE.value)
    )
    return await _number(tx, statement)


async def _count_tasks(tx: Tx, span: Span) -> int:
    """Count tasks that are due until the end of the day, or were before."""
    hidden = select(cases.c.id).where(cases.c.confidential)
    statement = (
        select(func.count())
        .select_from(tasks)
        .where(
            tasks.c.done_at.is_(None),
            tasks.c.cancelled_at.is_(None),
            tasks.c.due_at < span.tomorrow,
            or_(tasks.c.case_id.is_(None), tasks.c.case_id.not_in(hidden)),
        )
    )
    return await _number(tx, statement)


async def _number(tx: Tx, statement: Any) -> int:
    return int((await tx.execute(statement)).scalar_one())


async def list_pressing(tx: Tx, span: Span, *, group_id: int | None, limit: int) -> list[Pressing]:
    """Return the cases that press most: overdue ones first, then by priority, level and age."""
    first = case((cases.c.first_response_at.is_(None), cases.c.first_response_due_at), else_=None)
    late = case((_due(span.now), 1), else_=0)
    statement = (
        select(
            cases.c.id,
            cases.c.number,
            customers.c.name,
            cases.c.priority,
            cases.c.level,
            staff_members.c.name.label("owner"),
            cases.c.paused_at,
            first.label("first_due_at"),
            cases.c.next_response_due_at,
            cases.c.resolution_due_at,
        )
        .join(customers, customers.c.id == cases.c.customer_id)
        .outerjoin(staff_members, staff_members.c.id == cases.c.owner_id)
        .where(_live(group_id))
        .order_by(late.desc(), _WEIGHT.desc(), cases.c.level.desc(), cases.c.id)
        .limit(limit)
    )
    return [_pressing(row) for row in await tx.execute(statement)]


def _pressing(row: Any) -> Pressing:
    dues = [at for at in (row.first_due_at, row.next_response_due_at, row.resolution_due_at) if at is not None]
    due_at = min(dues) if dues and row.paused_at is None else None
    return Pressing(row.id, row.number, row.name, Priority(row.priority), row.level, row.owner, due_at)
