"""What a survey is asked about, as deliveries and responses name it."""

from dataclasses import dataclass
from enum import StrEnum

CASE, PURCHASE, EVENT, REMINDER, BY_HAND = "case:", "p:", "e:", "r:", "hand-"


class Cause(StrEnum):
    """Why somebody is asked."""

    CASE = "case"
    PURCHASE = "purchase"
    EVENT = "event"
    SCHEDULE = "schedule"
    HAND = "hand"


@dataclass(frozen=True, slots=True)
class Occasion:
    """The occasion of a delivery, read; ``ref`` is the case, purchase, event or response it names, of a wave none."""

    written: str
    cause: Cause
    ref: int | None = None
    reminder: bool = False

    @property
    def case_id(self) -> int | None:
        """The case it is about."""
        return self.ref if self.cause is Cause.CASE else None

    @property
    def of_wave(self) -> bool:
        """Whether it is one of many askings at once."""
        return self.cause in (Cause.SCHEDULE, Cause.HAND)

    def of_response(self, customer_id: int) -> str:
        """Return how the response of this customer names it: a wave's names the person, too."""
        return f"{self.written}:{customer_id}" if self.of_wave else self.written


def read_occasion(written: str) -> Occasion:
    """Return what the occasion of a delivery is; what is written in no other way is a wave's."""
    for prefix, cause in ((CASE, Cause.CASE), (PURCHASE, Cause.PURCHASE), (EVENT, Cause.EVENT)):
        if written.startswith(prefix):
            return Occasion(written, cause, int(written.split(":")[1]))
    if written.startswith(REMINDER):
        return Occasion(written, Cause.SCHEDULE, int(written.removeprefix(REMINDER)), reminder=True)
    return Occasion(written, Cause.HAND if written.startswith(BY_HAND) else Cause.SCHEDULE)


def case_occasion(case_id: int, resolutions: int) -> str:
    """Return which resolution of a case a survey is about."""
    return f"{CASE}{case_id}:{resolutions}"
