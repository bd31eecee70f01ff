"""The audit trail: who changed what, before and after, in the transaction of the change itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from domain.people import Actor
from storage.database import Tx
from storage.tables import audit


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One recorded change."""

    at: datetime
    actor_kind: str
    actor_id: int | None
    action: str
    subject_kind: str
    subject_id: int
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def add_audit(
    tx: Tx,
    *,
    at: datetime,
    actor: Actor,
    action: str,
    subject: tuple[str, int],
    customer_id: int | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Record a change with the next bulk write; ``subject`` is its kind and id, such as ``("case", 7)``."""
    tx.add(
        audit,
        at=at,
        actor_kind=actor.kind.value,
        actor_id=actor.id,
        action=action,
        subject_kind=subject[0],
        subject_id=subject[1],
        customer_id=customer_id,
        before=before,
        after=after,
    )


async def list_of_subject(tx: Tx, kind: str, subject_id: int) -> list[AuditRow]:
    """Return the changes of one thing, oldest first."""
    columns = [audit.c[name] for name in AuditRow.__slots__]
    rows = await tx.execute(
        select(*columns).where(audit.c.subject_kind == kind, audit.c.subject_id == subject_id).order_by(audit.c.id)
    )
    return [AuditRow(*row) for row in rows]
