"""Whom to win back: why people left, which answer each reason has, and who of them is worth a call; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from domain.records import LostReason

FRAUD_TAG = "fraud"
"""Whoever has this tag is not won back."""
CORE_SHARE = 5
"""One in so many of those who left, the most valuable, is rung rather than written to."""


class Cause(StrEnum):
    """Why somebody left, as far as it decides what is done about it; ``quiet`` is who just stays away."""

    FAULT = "fault"
    PRICE = "price"
    RIVAL = "rival"
    NATURAL = "natural"
    QUIET = "quiet"


class Move(StrEnum):
    """What is done first: somebody rings them, the campaign of the cause goes out, or there is no way to reach them."""

    CALL = "call"
    MESSAGE = "message"
    NONE = "none"


_CAUSES: Mapping[LostReason, Cause] = MappingProxyType(
    {
        LostReason.SERVICE: Cause.FAULT,
        LostReason.PRODUCT: Cause.FAULT,
        LostReason.COMPLAINT: Cause.FAULT,
        LostReason.PRICE: Cause.PRICE,
        LostReason.RIVAL: Cause.RIVAL,
        LostReason.MOVED: Cause.NATURAL,
        LostReason.LOST_INTEREST: Cause.NATURAL,
        LostReason.NATURAL: Cause.NATURAL,
        LostReason.OTHER: Cause.NATURAL,
    }
)
REASONS: Mapping[Cause, tuple[LostReason, ...]] = MappingProxyType(
    {cause: tuple(reason for reason, one in _CAUSES.items() if one is cause) for cause in Cause}
)
"""The reasons on record behind each cause. Who left over credit is not won back."""
CAMPAIGNS: Mapping[Cause, str] = MappingProxyType(
    {cause: "winback_90" if cause is Cause.QUIET else f"winback_{cause}" for cause in Cause}
)
"""The shipped campaign that answers each cause."""


@dataclass(frozen=True, slots=True)
class Gone:
    """Somebody who left, or stays away; ``worth_minor`` is what they spent in the last year in which they came.

    ``reachable``: we can write to them on Telegram; ``can_ring``: there is a telephone number.
    """

    customer_id: int
    name: str
    tier: str
    owner: str | None
    reason: LostReason | None
    worth_minor: int
    last_bought_at: datetime | None
    reachable: bool
    can_ring: bool

    @property
    def cause(self) -> Cause:
        """What decides about the answer."""
        return _CAUSES[self.reason] if self.reason is not None else Cause.QUIET


def core_of(how_many: int) -> int:
    """Return how many of those who left are worth a call, the most valuable first: a fifth, rounded up."""
    return -(-how_many // CORE_SHARE)


def move_of(gone: Gone, *, core: bool) -> Move:
    """Return what is done first: the most valuable are rung, and so is whoever cannot be written to."""
    if gone.can_ring and (core or not gone.reachable):
        return Move.CALL
    return Move.MESSAGE if gone.reachable else Move.NONE
