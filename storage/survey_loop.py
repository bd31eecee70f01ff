"""What low answers led to: the cases they opened, the answers behind a case, a customer's newest score."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, func, literal, or_, select, type_coerce, union_all

from domain.cases import LIVE
from storage.database import Tx
from storage.tables import cases, customers, survey_responses, survey_versions, surveys

_LIVE = tuple(state.value for state in LIVE)
_R = survey_responses.c


async def lock_customer(tx: Tx, customer_id: int) -> None:
    """Make others wait who open a case for a low answer of this customer, but nobody who writes rows of theirs."""
    if tx.for_update:
        their_row = select(customers.c.id).where(customers.c.id == customer_id)
        await tx.execute(their_row.with_for_update(key_share=True))


async def list_live_opened(tx: Tx, customer_id: int) -> list[int]:
    """Return the ids of the live cases in which low answers of this customer are put right, by id; nothing is locked.

    A case that was merged into another is that other one.
    """
    main = cases.alias("main")
    statement = (
        select(main.c.id)
        .select_from(
            survey_responses.join(cases, cases.c.id == _R.opened_case_id).join(
                main, main.c.id == func.coalesce(cases.c.merged_into, cases.c.id)
            )
        )
        .where(
            _R.customer_id == customer_id,
            main.c.customer_id == customer_id,
            main.c.state.in_(_LIVE),
            main.c.confidential.is_(False),
        )
        .distinct()
        .order_by(main.c.id)
    )
    return [int(case_id) for case_id in (await tx.execute(statement)).scalars()]


def _one_of(case_id: int) -> Select[Any]:
    """Return the query for the id of a case and of all duplicates that were merged into it, and into those."""
    found = select(literal(case_id, cases.c.id.type).label("id")).cte("joined", recursive=True)
    found = found.union(select(cases.c.id).where(cases.c.merged_into == found.c.id))
    return select(found.c.id)


async def came_of_low_answer(tx: Tx, case_id: int) -> bool:
    """Return whether a low answer opened this case or took it up again, or one that was merged into it."""
    found = await tx.execute(select(_R.id).where(_R.opened_case_id.in_(_one_of(case_id))).limit(1))
    return found.first() is not None


@dataclass(frozen=True, slots=True)
class Told:
    """A response as the card of a case tells of it, with the ``document`` of its survey as it was asked.

    ``behind``: it is about this case or led to it; else it is the newest of its customer that has a score.
    """

    id: int
    behind: bool
    at: datetime
    score: int | None
    document: str


async def list_told(tx: Tx, case_id: int, customer_id: int, *, limit: int) -> list[Told]:
    """Return the newest answered responses behind a case, at most ``limit``, and then its customer's newest score."""
    found = union_all(select(_behind(case_id, limit)), select(_last_scored(customer_id))).subquery()
    statement = (
        select(found.c.id, found.c.behind, found.c.at, found.c.score, survey_versions.c.document)
        .join(surveys, surveys.c.key == found.c.survey)
        .join(survey_versions, _of_survey(found.c.version))
        .order_by(found.c.behind.desc(), found.c.at.desc(), found.c.id.desc())
    )
    return [Told(row.id, bool(row.behind), row.at, row.score, row.document) for row in await tx.execute(statement)]


def _of_survey(version: ColumnElement[int]) -> ColumnElement[bool]:
    return and_(survey_versions.c.survey_id == surveys.c.id, survey_versions.c.version == version)


_AT = func.coalesce(_R.answered_at, _R.low_at)


def _told(behind: int) -> Select[Any]:
    at = type_coerce(_AT, _R.answered_at.type).label("at")
    return select(_R.id, literal(behind).label("behind"), at, _R.score, _R.survey, _R.version)


def _behind(case_id: int, limit: int) -> Subquery:
    joined = _one_of(case_id)
    answered = or_(_R.answered_at.is_not(None), _R.low_at.is_not(None))
    statement = _told(1).where(answered, or_(_R.case_id.in_(joined), _R.opened_case_id.in_(joined)))
    return statement.order_by(_AT.desc(), _R.id.desc()).limit(limit).subquery("behind")


def _last_scored(customer_id: int) -> Subquery:
    """Return the query for the newest score; what has to do with a confidential case is nobody's to see elsewhere."""
    hidden = select(cases.c.id).where(cases.c.customer_id == customer_id, cases.c.confidential)
    statement = _told(0).where(
        _R.customer_id == customer_id,
        _R.score.is_not(None),
        _R.answered_at.is_not(None),
        or_(_R.case_id.is_(None), _R.case_id.not_in(hidden)),
        or_(_R.opened_case_id.is_(None), _R.opened_case_id.not_in(hidden)),
    )
    return statement.order_by(_AT.desc(), _R.id.desc()).limit(1).subquery("last_scored")
