"""Questions to a second person."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, literal_column, select, update

from domain.approvals import Approval, ApprovalState
from domain.people import ActorKind, Role, StaffMember
from storage.database import Tx
from storage.tables import approvals, point_entries, staff_members

POINTS = "points"
"""The kind of a question about points."""
VOUCHER = "voucher"
"""The kind of a question about a voucher that costs its customer nothing."""
APPROVED = "approval:"
"""What the source key of an approved ledger entry begins with."""
_OPEN: ColumnElement[str] = literal_column("'open'")  # a literal, so that SQLite may use the partial index
_COLUMNS = tuple(approvals.c[name] for name in Approval.__slots__)


def _approval(row: Any) -> Approval:
    return Approval(**{**row._mapping, "state": ApprovalState(row.state), "asked": dict(row.asked or {})})


async def insert_approval(
    tx: Tx,
    *,
    kind: str,
    customer_id: int,
    case_id: int | None,
    asked: dict[str, Any],
    asked_by: int,
    asked_at: datetime,
    expires_at: datetime,
) -> Approval:
    """Insert an open question."""
    statement = tx.insert(approvals).values(
        kind=kind,
        customer_id=customer_id,
        case_id=case_id,
        asked=asked,
        asked_by=asked_by,
        asked_at=asked_at,
        expires_at=expires_at,
        state=ApprovalState.OPEN.value,
    )
    return _approval((await tx.execute(statement.returning(*_COLUMNS))).one())


async def get_approval(tx: Tx, approval_id: int) -> Approval | None:
    """Return one question."""
    row = (await tx.execute(select(*_COLUMNS).where(approvals.c.id == approval_id))).first()
    return _approval(row) if row else None


async def list_of_customer(tx: Tx, customer_id: int) -> list[Approval]:
    """Return all questions about a customer, the oldest first."""
    rows = await tx.execute(select(*_COLUMNS).where(approvals.c.customer_id == customer_id).order_by(approvals.c.id))
    return [_approval(row) for row in rows]


async def settle(tx: Tx, approval_id: int, *, state: ApprovalState, by: int | None, now: datetime) -> bool:
    """Decide an open question, or close it with nobody's decision; returns whether it was still open."""
    decided_at = now if by is not None else None
    statement = update(approvals).where(approvals.c.id == approval_id, approvals.c.state == ApprovalState.OPEN.value)
    done = await tx.execute(statement.values(state=state.value, decided_by=by, decided_at=decided_at))
    return done.rowcount == 1


async def reopen(tx: Tx, approval_id: int) -> None:
    """Take a decision of this transaction back, because what was agreed to could not be done."""
    statement = update(approvals).where(approvals.c.id == approval_id)
    await tx.execute(statement.values(state=ApprovalState.OPEN.value, decided_by=None, decided_at=None))


async def list_overdue(tx: Tx, *, now: datetime, limit: int) -> list[Approval]:
    """Return open questions whose time is over at ``now``."""
    due = select(*_COLUMNS).where(approvals.c.state == _OPEN, approvals.c.expires_at <= now)
    return [_approval(row) for row in await tx.execute(due.order_by(approvals.c.expires_at).limit(limit))]


async def sum_changed_alone(tx: Tx, *, customer_id: int, member_id: int, since_at: datetime) -> int:
    """Return how many points, up and down together, one person has changed by hand for a customer since then.

    What a second person agreed to does not count.
    """
    statement = select(func.coalesce(func.sum(func.abs(point_entries.c.points)), 0)).where(
        point_entries.c.customer_id == customer_id,
        point_entries.c.kind == "adjust",
        point_entries.c.actor_kind == ActorKind.STAFF.value,
        point_entries.c.actor_id == member_id,
        point_entries.c.at > since_at,
        point_entries.c.source_key.not_like(f"{APPROVED}%"),
    )
    return int((await tx.execute(statement)).scalar_one())


async def list_members(tx: Tx) -> list[StaffMember]:
    """Return everyone who works here."""
    rows = await tx.execute(select(staff_members).where(staff_members.c.active).order_by(staff_members.c.id))
    return [StaffMember(row.id, row.user_id, row.name, Role(row.role), row.active, row.language) for row in rows]
