"""Customers, their contact points and consents; members of staff and what each role may do."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ConsentClass(StrEnum):
    """The kinds of message a person says yes or no to, each for itself."""

    SERVICE = "service"
    CARE = "care"
    OFFERS = "offers"
    POINTS = "points"
    SURVEYS = "surveys"


UNASKED = (ConsentClass.CARE, ConsentClass.OFFERS, ConsentClass.POINTS, ConsentClass.SURVEYS)


class Reach(StrEnum):
    """Whether a contact point can be written to."""

    REACHABLE = "reachable"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Birthday:
    """A birthday, solar or lunar; the year is optional. ``leap`` is a lunar leap month."""

    month: int
    day: int
    year: int | None = None
    lunar: bool = False
    leap: bool = False


@dataclass(frozen=True, slots=True)
class Customer:
    """A person the business serves. ``zone`` is an IANA name or ``None`` when not known (the business's then).

    ``code`` is public (member number and referral link), ``call_name`` how the person likes to be addressed.
    """

    id: int
    name: str
    language: str
    zone: str | None = None
    birthday: Birthday | None = None
    source: str | None = None
    branch_id: int | None = None
    code: str = ""
    tier: str = "new"
    call_name: str | None = None
    phone: str | None = None
    owner_id: int | None = None

    @property
    def called(self) -> str:
        """How this person is addressed."""
        return (self.call_name or self.name).strip()


@dataclass(frozen=True, slots=True)
class ContactPoint:
    """A Telegram private chat in which a customer is reached."""

    id: int
    customer_id: int
    bot_id: int
    chat_id: int
    username: str | None
    reach: Reach
    banned_until_at: datetime | None = None
    slowed_at: datetime | None = None


class Role(StrEnum):
    """What a member of staff is here to do."""

    VIEWER = "viewer"
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    MARKETER = "marketer"
    ADMIN = "admin"


class MemberReach(StrEnum):
    """Whether a member of staff can be written to in private: not before that person has written to the bot."""

    UNKNOWN = "unknown"
    REACHABLE = "reachable"
    BLOCKED = "blocked"


class Permission(StrEnum):
    """One thing a member of staff may be allowed to do."""

    READ = "read"
    WORK_CASES = "work_cases"
    SUPERVISE = "supervise"
    RUN_CAMPAIGNS = "run_campaigns"
    EDIT_CUSTOMERS = "edit_customers"
    MERGE_CUSTOMERS = "merge_customers"
    CHANGE_POINTS = "change_points"
    APPROVE = "approve"
    ADMINISTER = "administer"


_AGENT = frozenset({Permission.READ, Permission.WORK_CASES, Permission.EDIT_CUSTOMERS, Permission.CHANGE_POINTS})
_MAY: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({Permission.READ}),
    Role.AGENT: _AGENT,
    Role.MARKETER: frozenset({Permission.READ, Permission.RUN_CAMPAIGNS}),
    Role.SUPERVISOR: _AGENT | {Permission.SUPERVISE, Permission.MERGE_CUSTOMERS, Permission.APPROVE},
    Role.ADMIN: frozenset(Permission),
}


@dataclass(frozen=True, slots=True)
class StaffMember:
    """A person who works here, known by the Telegram user id.

    ``reach`` is that of the private chat with the bot. Somebody ``absent_since_at`` an instant is back at
    ``absent_until_at``, or, when that is empty, when they say so. ``works_privately``: own cases come to that chat too.
    """

    id: int
    user_id: int
    name: str
    role: Role
    active: bool = True
    language: str | None = None
    reach: MemberReach = MemberReach.UNKNOWN
    absent_since_at: datetime | None = None
    absent_until_at: datetime | None = None
    assigned_at: datetime | None = None
    works_privately: bool = False
    username: str | None = None

    def may(self, permission: Permission) -> bool:
        """Return whether this person, still working here, may do ``permission``."""
        return self.active and permission in _MAY[self.role]

    def present(self, now: datetime) -> bool:
        """Return whether this person works here and is not absent at ``now``."""
        if not self.active:
            return False
        return self.absent_since_at is None or (self.absent_until_at is not None and self.absent_until_at <= now)


NOBODY = StaffMember(0, 0, "", Role.VIEWER, active=False)
"""Stands for a person who does not work here: may do nothing."""


@dataclass(frozen=True, slots=True)
class StaffGroup:
    """A Telegram group in which staff work; ``forum`` is ``None`` until it was looked at.

    ``takes`` says which cases come here (``branches``, ``aspects``, ``tiers``, ``languages``); ``None`` is all.
    """

    id: int
    bot_id: int
    chat_id: int
    name: str
    forum: bool | None = None
    language: str | None = None
    unreachable_since_at: datetime | None = None
    takes: dict[str, list[str]] | None = None
    lag_told_at: datetime | None = None
    lag_message_id: int | None = None


class ActorKind(StrEnum):
    """Who changed or said something."""

    CUSTOMER = "customer"
    STAFF = "staff"
    SYSTEM = "system"
    CAMPAIGN = "campaign"
    API = "api"


@dataclass(frozen=True, slots=True)
class Actor:
    """The author of a change: its kind, and the id of the customer, member of staff or API key."""

    kind: ActorKind
    id: int | None = None


SYSTEM = Actor(ActorKind.SYSTEM)


@dataclass(frozen=True, slots=True)
class Consent:
    """A person's answer for one class; a no until ``until_at`` is a snooze."""

    kind: ConsentClass
    given: bool
    until_at: datetime | None = None

    def allows(self, now: datetime) -> bool:
        """Return whether a message of this class may go out at ``now``."""
        return self.given or (self.until_at is not None and self.until_at <= now)
