"""Purchases and refunds, as they are kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Purchase:
    """A sale to a customer; ``source_key`` is its key where it was made. Amounts are in minor units of ``currency``."""

    id: int
    customer_id: int
    source_key: str
    bought_at: datetime
    amount_minor: int
    currency: str
    cost_minor: int | None = None
    refunded_minor: int = 0
    items: Any = None
    channel: str | None = None
    branch_id: int | None = None
    noted_at: datetime | None = None

    @property
    def left_minor(self) -> int:
        """What of the amount was not refunded."""
        return self.amount_minor - self.refunded_minor

    def is_told_again(self, other: "Purchase") -> bool:
        """Return whether ``other`` tells of the same sale: alike in what matters, and in all that both of them say."""
        if self._core() != other._core():
            return False
        pairs = zip(self._details(), other._details(), strict=True)
        return all(mine == theirs for mine, theirs in pairs if mine is not None and theirs is not None)

    def _core(self) -> tuple[Any, ...]:
        return (self.customer_id, self.source_key, self.bought_at, self.amount_minor, self.currency)

    def _details(self) -> tuple[Any, ...]:
        return (self.cost_minor, self.items, self.channel, self.branch_id)


@dataclass(frozen=True, slots=True)
class Refund:
    """So much of a purchase was given back."""

    id: int
    purchase_id: int
    source_key: str
    at: datetime
    amount_minor: int
    reason: str | None = None
