"""Lists of cases as the desk asks for them: on hold and due, without an owner, of one owner, of one customer."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select

from domain.cases import LIVE, Case, CaseState
from storage.cases import COLUMNS, load_cases
from storage.database import Tx
from storage.tables import cases, customers, staff_members

_LIVE = tuple(state.value for state in LIVE)
_NOT_CLOSED = cases.c.closed_at.is_(None)


async def list_holds_due(tx: Tx, *, now: datetime, limit: int) -> list[Case]:
    """Return the cases whose hold ends by ``now``, the oldest first."""
    statement = select(*COLUMNS).where(
        cases.c.held_until_at <= now, cases.c.state == CaseState.ON_HOLD.value, _NOT_CLOSED
    )
    return await load_cases(tx, statement.order_by(cases.c.id).limit(limit))


async def list_live_of_owner(tx: Tx, owner_id: int, *, states: Sequence[CaseState] = tuple(LIVE)) -> list[Case]:
    """Return a member's live cases in the order of their ids, in which they are locked."""
    chosen = [state.value for state in states]
    statement = select(*COLUMNS).where(cases.c.owner_id == owner_id, cases.c.state.in_(chosen), _NOT_CLOSED)
    return await load_cases(tx, statement.order_by(cases.c.id))


async def list_owed_of_owner(tx: Tx, owner_id: int) -> list[Case]:
    """Return a member's cases that are not closed: live ones, and solved ones that may be taken up again."""
    statement = select(*COLUMNS).where(cases.c.owner_id == owner_id, _NOT_CLOSED)
    return await load_cases(tx, statement.order_by(cases.c.id))


async def list_without_owner(tx: Tx, *, limit: int) -> list[Case]:
    """Return live cases that are nobody's, or whose owner works here no more, the oldest first."""
    gone = select(staff_members.c.id).where(staff_members.c.active.is_(False))
    statement = select(*COLUMNS).where(
        or_(cases.c.owner_id.is_(None), cases.c.owner_id.in_(gone)), cases.c.state.in_(_LIVE), _NOT_CLOSED
    )
    return await load_cases(tx, statement.order_by(cases.c.id).limit(limit))


async def list_live_of_customer(tx: Tx, customer_id: int) -> list[Case]:
    """Return a customer's live cases in the order of their ids."""
    statement = select(*COLUMNS).where(cases.c.customer_id == customer_id, cases.c.state.in_(_LIVE))
    return await load_cases(tx, statement.order_by(cases.c.id))


async def lock_customers_of(tx: Tx, owner_id: int) -> list[int]:
    """Return the customers whom this member looks after, locked until the end of the transaction."""
    statement = select(customers.c.id).where(
        customers.c.owner_id == owner_id, customers.c.erased_at.is_(None), customers.c.merged_into.is_(None)
    )
    statement = statement.order_by(customers.c.id)
    rows = await tx.execute(statement.with_for_update() if tx.for_update else statement)
    return [int(row.id) for row in rows]


def give_customer(tx: Tx, customer_id: int, *, owner_id: int | None) -> None:
    """Let somebody look after this customer from now on, with the next bulk write."""
    tx.change(customers, customer_id, owner_id=owner_id)
