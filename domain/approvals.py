"""Changes of points by hand: how a member of staff writes them, how far one person may go, and who must agree."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.loyalty import LoyaltyRules
from domain.people import Permission, Role, StaffMember

_CHANGE = re.compile(
    r"(?P<sign>[+\-\u2212\u2013\u2014])\s*(?P<points>\d{1,3}(?:,\d{3})+|\d{1,12})"
    r"(?!\d|[.,]\d|e\d|[km](?![a-z])|[万萬千億亿])[\s,:;.，：；。]*(?P<reason>.*)",
    re.DOTALL | re.IGNORECASE,
)
LEAST_LETTERS = 3
"""A reason is at least so many letters or digits; one Chinese letter says as much as two others."""


class ApprovalState(StrEnum):
    """Where a question to a second person stands."""

    OPEN = "open"
    AGREED = "agreed"
    REFUSED = "refused"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Approval:
    """A change that waits for a second person; ``asked`` is what is done once that person agrees."""

    id: int
    kind: str
    customer_id: int
    case_id: int | None
    asked_by: int
    asked_at: datetime
    expires_at: datetime
    state: ApprovalState = ApprovalState.OPEN
    asked: dict[str, Any] = field(default_factory=dict)
    decided_by: int | None = None
    decided_at: datetime | None = None

    @property
    def points(self) -> int:
        """The signed points asked for; 0 once the question was emptied."""
        return int(self.asked.get("points", 0))

    @property
    def reason(self) -> str:
        """Why they were asked for."""
        return str(self.asked.get("reason", ""))


def read_change(text: str) -> tuple[int, str] | None:
    """Return the signed points and the reason of words such as "+50 late delivery"; ``None`` without a sign."""
    found = _CHANGE.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if found is None:
        return None
    points = int(found["points"].replace(",", ""))
    return (points if found["sign"] == "+" else -points), found["reason"].strip()


def is_reason(text: str) -> bool:
    """Return whether somebody who reads this later learns why."""
    letters = [sign for sign in text if sign.isalnum()]
    return sum(2 if unicodedata.east_asian_width(sign) == "W" else 1 for sign in letters) >= LEAST_LETTERS


def limit_of(role: Role, rules: LoyaltyRules) -> int | None:
    """Return how many points a person of this role may change alone; ``None`` is without a limit."""
    if role is Role.ADMIN:
        return None
    return rules.supervisor_limit if role is Role.SUPERVISOR else rules.agent_limit


def within(points: int, limit: int | None) -> bool:
    """Return whether a change of so many points, up or down, stays within a limit."""
    return limit is None or abs(points) <= limit


def may_agree(member: StaffMember, *, points: int, asked_by: int, rules: LoyaltyRules) -> bool:
    """Return whether this person may be the second one: another, allowed to, and with a limit that is high enough."""
    return member.id != asked_by and member.may(Permission.APPROVE) and within(points, limit_of(member.role, rules))
