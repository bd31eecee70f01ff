"""Who brought whom."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from storage.database import Tx
from storage.tables import customers, referrals


@dataclass(frozen=True, slots=True)
class Referral:
    """One person brought by another."""

    id: int
    referrer_id: int
    referred_id: int
    at: datetime
    rewarded_at: datetime | None = None
    void_reason: str | None = None

    @property
    def open(self) -> bool:
        """Whether it may still be rewarded."""
        return self.rewarded_at is None and self.void_reason is None


@dataclass(frozen=True, slots=True)
class Standing:
    """What matters of a customer's record for a referral."""

    id: int
    created_at: datetime
    merged_into: int | None
    erased_at: datetime | None


_COLUMNS = tuple(referrals.c[name] for name in Referral.__slots__)
_STANDING = tuple(customers.c[name] for name in Standing.__slots__)


def _referral(row: Any) -> Referral:
    return Referral(*row)


async def insert_referral(tx: Tx, *, referrer_id: int, referred_id: int, now: datetime) -> int | None:
    """Insert who brought whom; ``None`` when somebody else did already."""
    statement = tx.insert(referrals).values(referrer_id=referrer_id, referred_id=referred_id, at=now)
    statement = statement.on_conflict_do_nothing(index_elements=["referred_id"]).returning(referrals.c.id)
    return (await tx.execute(statement)).scalar()


async def get_of_referred(tx: Tx, customer_id: int) -> Referral | None:
    """Return who brought this customer."""
    row = (await tx.execute(select(*_COLUMNS).where(referrals.c.referred_id == customer_id))).first()
    return _referral(row) if row else None


async def mark_rewarded(tx: Tx, referral_id: int, *, now: datetime) -> bool:
    """Mark a referral rewarded; returns whether it still was to be."""
    statement = update(referrals).where(
        referrals.c.id == referral_id, referrals.c.rewarded_at.is_(None), referrals.c.void_reason.is_(None)
    )
    return (await tx.execute(statement.values(rewarded_at=now))).rowcount == 1


async def mark_void(tx: Tx, referral_id: int, *, reason: str) -> None:
    """Keep why a referral does not count."""
    await tx.execute(update(referrals).where(referrals.c.id == referral_id).values(void_reason=reason))


async def count_brought(tx: Tx, customer_id: int) -> tuple[int, int]:
    """Return how many people a customer has brought, and for how many of them there were points."""
    statement = select(func.count(), func.count(referrals.c.rewarded_at)).where(
        referrals.c.referrer_id == customer_id, referrals.c.void_reason.is_(None)
    )
    row = (await tx.execute(statement)).one()
    return int(row[0]), int(row[1])


async def get_standing(tx: Tx, customer_id: int) -> Standing | None:
    """Return what matters of a record."""
    row = (await tx.execute(select(*_STANDING).where(customers.c.id == customer_id))).first()
    return Standing(*row) if row else None
