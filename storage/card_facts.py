"""What stands on the card of a case beside the case itself, gathered in two statements."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, or_, select

from domain.cases import EndedAs
from domain.people import Reach
from storage.database import Tx
from storage.tables import (
    branches,
    case_tags,
    cases,
    causes,
    contact_points,
    customers,
    staff_members,
)


@dataclass(frozen=True, slots=True)
class CardFacts:
    """The customer, the owner and the past of a case. ``name`` is empty when the customer's record is gone.

    ``earlier`` counts the customer's other cases, of which ``last_number`` was opened last, at ``last_opened_at``;
    those that only some may see and duplicates are left out.
    """

    name: str
    language: str
    tier: str
    username: str | None
    reach: Reach | None
    banned_until_at: datetime | None
    branch: str | None
    owner: str | None
    owner_absent_since_at: datetime | None
    owner_absent_until_at: datetime | None
    cause: str | None
    merged_into: int | None
    earlier: int
    last_number: int | None
    last_opened_at: datetime | None
    tags: tuple[str, ...] = ()


_others = cases.alias("others")
_past = cases.alias("past")
_target = cases.alias("target")
_OTHERS = (
    _others.c.customer_id == cases.c.customer_id,
    _others.c.id != cases.c.id,
    _others.c.confidential.is_(False),
    or_(_others.c.ended_as.is_(None), _others.c.ended_as != EndedAs.MERGED.value),
)
_EARLIER = select(func.count()).where(*_OTHERS).correlate(cases).scalar_subquery()
_LAST = select(func.max(_others.c.id)).where(*_OTHERS).correlate(cases).scalar_subquery()
_FACTS = (
    select(
        customers.c.name,
        customers.c.language,
        customers.c.tier,
        contact_points.c.username,
        contact_points.c.reach,
        contact_points.c.banned_until_at,
        branches.c.name.label("branch"),
        staff_members.c.name.label("owner"),
        staff_members.c.absent_since_at.label("owner_absent_since_at"),
        staff_members.c.absent_until_at.label("owner_absent_until_at"),
        causes.c.name.label("cause"),
        _target.c.number.label("merged_into"),
        _EARLIER.label("earlier"),
        _past.c.number.label("last_number"),
        _past.c.opened_at.label("last_opened_at"),
    )
    .select_from(
        cases.outerjoin(customers, customers.c.id == cases.c.customer_id)
        .outerjoin(contact_points, contact_points.c.id == cases.c.contact_point_id)
        .outerjoin(branches, branches.c.id == customers.c.branch_id)
        .outerjoin(staff_members, staff_members.c.id == cases.c.owner_id)
        .outerjoin(causes, causes.c.id == cases.c.cause_id)
        .outerjoin(_target, _target.c.id == cases.c.merged_into)
        .outerjoin(_past, _past.c.id == _LAST)
    )
    .where(cases.c.id == bindparam("case"))
)
_TAGS = select(case_tags.c.tag).where(case_tags.c.case_id == bindparam("case")).order_by(case_tags.c.tag)


async def load_card_facts(tx: Tx, case_id: int) -> CardFacts:
    """Return what stands on the card of a case beside the case itself."""
    row = (await tx.execute(_FACTS, {"case": case_id})).one()
    values = {**row._mapping, "name": row.name or "", "reach": Reach(row.reach) if row.reach else None}
    tags = tuple((await tx.execute(_TAGS, {"case": case_id})).scalars())
    return CardFacts(**{**values, "language": row.language or "", "tier": row.tier or ""}, tags=tags)
