"""The one question before anything is said unasked: may this kind of message go to this person now, and if not,
why and until when?
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.calendars import QuietHours, next_send_at
from domain.loyalty import ContactRules
from domain.people import Consent, ConsentClass, Reach

LOW_STARS = 2
"""So many stars or fewer are a low score."""

SUPPRESSED = frozenset({ConsentClass.CARE, ConsentClass.OFFERS, ConsentClass.SURVEYS})
"""What an open complaint, a fresh low score or a refund holds back; news about one's own points is no such thing.

Surveys are held by any case that is still open: nobody is asked how content they are while they wait for an answer.
"""


class Hold(StrEnum):
    """Why a message may not go out now."""

    ERASED = "erased"
    NO_CONTACT = "no_contact"
    NO_CONSENT = "no_consent"
    UNREACHABLE = "unreachable"
    BANNED = "banned"
    OPEN_CASE = "open_case"
    SNOOZED = "snoozed"
    LOW_SCORE = "low_score"
    REFUND = "refund"
    REST = "rest"
    BUDGET = "budget"
    QUIET_HOURS = "quiet_hours"


FOR_GOOD = frozenset({Hold.ERASED, Hold.NO_CONTACT, Hold.NO_CONSENT, Hold.UNREACHABLE})
"""Reasons that waiting does not mend."""

_WEIGHT = {hold: nth for nth, hold in enumerate(reversed(Hold))}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer. ``until`` is when the reason named ends, ``None`` when only an event can end it."""

    allowed: bool
    why: Hold | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What the answer depends on, for one person and one kind of message.

    ``gone``: forgotten, or a duplicate of another record. ``reach`` is ``None`` without a contact point, ``consent``
    without an answer. ``banned_until_at`` is when the last ban in a chat of theirs ends. ``told_at`` are the instants
    at which unasked messages were queued, in any order. ``open_case``: any case of theirs is live, which holds surveys;
    ``open_complaint``: one of them is a complaint, which holds offers and birthday wishes, too.
    """

    zone: ZoneInfo
    gone: bool = False
    reach: Reach | None = Reach.REACHABLE
    consent: Consent | None = None
    banned_until_at: datetime | None = None
    open_complaint: bool = False
    open_case: bool = False
    low_score_at: datetime | None = None
    refund_at: datetime | None = None
    told_at: tuple[datetime, ...] = ()


def judge(
    facts: Facts,
    kind: ConsentClass,
    *,
    at: datetime,
    rules: ContactRules,
    quiet: QuietHours,
    campaign: str | None = None,
    about_case: bool = False,
) -> Verdict:
    """Answer the question for ``at``. When several reasons hold, the most lasting one is named.

    ``SERVICE`` needs no consent and no budget: it is about what the person asked for. What is ``about_case``, one of
    theirs that was solved, is not held by a low score: whether things are good again is asked of just those people.
    """
    holds = _of_person(facts, kind, at)
    if kind in SUPPRESSED:
        holds += _of_care(facts, kind, at, rules, about_case=about_case)
    if kind is not ConsentClass.SERVICE and campaign not in rules.unbudgeted:
        holds += _of_budget(facts, at, rules)
    send_at = next_send_at(at, quiet, facts.zone)
    if send_at > at:
        holds.append((Hold.QUIET_HOURS, send_at))
    if not holds:
        return Verdict(True)
    why, until = max(holds, key=lambda hold: (hold[1] is None, hold[1] or at, _WEIGHT[hold[0]]))
    return Verdict(False, why, until)


_Holds = list[tuple[Hold, datetime | None]]


def _of_person(facts: Facts, kind: ConsentClass, at: datetime) -> _Holds:
    holds: _Holds = []
    if facts.gone:
        holds.append((Hold.ERASED, None))
    if facts.reach is None:
        holds.append((Hold.NO_CONTACT, None))
    elif facts.reach is not Reach.REACHABLE:
        holds.append((Hold.UNREACHABLE, None))
    if facts.banned_until_at is not None and at < facts.banned_until_at:
        holds.append((Hold.BANNED, facts.banned_until_at))
    if kind is ConsentClass.SERVICE:
        return holds
    if facts.consent is None or (not facts.consent.given and facts.consent.until_at is None):
        holds.append((Hold.NO_CONSENT, None))
    elif not facts.consent.allows(at):
        holds.append((Hold.SNOOZED, facts.consent.until_at))
    return holds


def _of_care(facts: Facts, kind: ConsentClass, at: datetime, rules: ContactRules, *, about_case: bool) -> _Holds:
    holds: _Holds = []
    waits_for_us = facts.open_complaint or (facts.open_case and kind is ConsentClass.SURVEYS)
    if waits_for_us and rules.hold_on_open_case:
        holds.append((Hold.OPEN_CASE, None))
    low_score_at = None if about_case else facts.low_score_at
    if low_score_at is not None and at < (until := low_score_at + rules.hold_after_low_score):
        holds.append((Hold.LOW_SCORE, until))
    if facts.refund_at is not None and at < (until := facts.refund_at + rules.hold_after_refund):
        holds.append((Hold.REFUND, until))
    return holds


def _of_budget(facts: Facts, at: datetime, rules: ContactRules) -> _Holds:
    """Hold while as many messages as the budget has went out within its span; it ends when enough of them are old."""
    if rules.budget is None:
        return []
    if rules.budget <= 0:
        return [(Hold.BUDGET, None)]
    counted = sorted(told_at for told_at in facts.told_at if told_at > at - rules.budget_for)
    if len(counted) < rules.budget:
        return []
    return [(Hold.BUDGET, counted[len(counted) - rules.budget] + rules.budget_for)]
