"""What staff can do, and the one table of who may do it, to which cases. ``docs/permissions.md`` is made from it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from domain.cases import LIVE, Case, CaseEvent, CaseState, EndedAs, states_knowing
from domain.outcomes import Refusal
from domain.people import Permission, StaffMember


class Deed(StrEnum):
    """One thing a member of staff can do; the name is also that of its command and button, see :func:`deed_of`."""

    TAKE = "take"
    ASSIGN = "assign"
    TRANSFER = "transfer"
    NOTE = "note"
    ANSWER = "answer"
    DELETE = "delete"
    ESCALATE = "escalate"
    ACKNOWLEDGE = "ack"
    PASS_ON = "pass"
    LADDER = "ladder"
    HOLD = "hold"
    RESUME = "resume"
    RESOLVE = "resolve"
    REOPEN = "reopen"
    MERGE = "merge"
    SPAM = "spam"
    BAN = "ban"
    UNBAN = "unban"
    PRIORITY = "priority"
    LOWER_PRIORITY = "lower_priority"
    TAG = "tag"
    HISTORY = "history"
    CONFIDENTIAL = "confidential"
    MOVETO = "moveto"
    CAUSE = "cause"
    TASK = "task"
    CHANGE_TASK = "change_task"
    CALL = "call"
    VISIT = "visit"
    CANNED = "canned"
    WORK_HERE = "work_here"
    RECOVER = "recover"
    POINTS = "points"
    VOUCHER = "voucher"
    DECIDE = "decide"
    READ_CARD = "read_card"
    AWAY = "away"
    BACK = "back"
    HANDOVER = "handover"
    EDIT_CANNED = "edit_canned"
    CAUSES = "causes"
    EDIT_CAUSES = "edit_causes"
    KEYWORDS = "keywords"
    DIGEST = "digest"
    SURVEYS = "surveys"
    RUN_SURVEYS = "run_surveys"
    CAMPAIGNS = "campaigns"
    RUN_CAMPAIGNS = "run_campaigns"
    APPROVE_CAMPAIGNS = "approve_campaigns"
    CHECK_IN = "checkin"
    TASKS = "tasks"
    ALL_TASKS = "all_tasks"
    HELP = "help"
    CASES = "cases"
    LEAVE = "done"
    DESK = "desk"


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may do a deed, and to a case in which ``states`` (``None``: any, or it is not about a case).

    What is somebody else's needs the permission ``others`` instead, where there is one. ``otherwise`` is the text key
    said when the case is in another state.
    """

    permission: Permission
    states: frozenset[CaseState] | None = None
    others: Permission | None = None
    otherwise: str = "desk.refused.state"


_WORK, _LEAD, _READ = Permission.WORK_CASES, Permission.SUPERVISE, Permission.READ
_TAKEN, _GIVEN = states_knowing(CaseEvent.TAKE), states_knowing(CaseEvent.ASSIGN)
_ANSWERED = states_knowing(CaseEvent.ANSWER)

TABLE: dict[Deed, Rule] = {
    Deed.TAKE: Rule(_WORK, _TAKEN),
    Deed.ASSIGN: Rule(_WORK, _GIVEN, others=_LEAD),
    Deed.TRANSFER: Rule(_WORK, _GIVEN, others=_LEAD),
    Deed.NOTE: Rule(_WORK),
    Deed.ANSWER: Rule(_WORK, _ANSWERED, otherwise="desk.refused.closed"),
    Deed.DELETE: Rule(_WORK, others=_LEAD),
    Deed.ESCALATE: Rule(_WORK, LIVE),
    Deed.ACKNOWLEDGE: Rule(_WORK, LIVE),
    Deed.PASS_ON: Rule(_WORK, LIVE),
    Deed.LADDER: Rule(_LEAD),
    Deed.HOLD: Rule(_WORK, states_knowing(CaseEvent.HOLD)),
    Deed.RESUME: Rule(_WORK, states_knowing(CaseEvent.RESUME), otherwise="casework.refused.not_waiting"),
    Deed.RESOLVE: Rule(_WORK, states_knowing(CaseEvent.RESOLVE)),
    Deed.REOPEN: Rule(_WORK, states_knowing(CaseEvent.REOPEN), otherwise="desk.refused.open_already"),
    Deed.MERGE: Rule(_WORK, states_knowing(CaseEvent.MERGE)),
    Deed.SPAM: Rule(_WORK, states_knowing(CaseEvent.SPAM)),
    Deed.BAN: Rule(_LEAD),
    Deed.UNBAN: Rule(_LEAD),
    Deed.PRIORITY: Rule(_WORK, LIVE),
    Deed.LOWER_PRIORITY: Rule(_LEAD, LIVE),
    Deed.TAG: Rule(_WORK),
    Deed.HISTORY: Rule(_READ),
    Deed.CONFIDENTIAL: Rule(_LEAD),
    Deed.MOVETO: Rule(_LEAD),
    Deed.CAUSE: Rule(_WORK),
    Deed.TASK: Rule(_WORK),
    Deed.CHANGE_TASK: Rule(_WORK, others=_LEAD),
    Deed.CALL: Rule(_WORK),
    Deed.VISIT: Rule(_WORK),
    Deed.CANNED: Rule(_WORK, _ANSWERED, otherwise="desk.refused.closed"),
    Deed.WORK_HERE: Rule(_WORK, _ANSWERED),
    Deed.RECOVER: Rule(Permission.CHANGE_POINTS),
    Deed.POINTS: Rule(Permission.CHANGE_POINTS),
    Deed.VOUCHER: Rule(Permission.CHANGE_POINTS),
    Deed.DECIDE: Rule(Permission.APPROVE),
    Deed.READ_CARD: Rule(_READ),
    Deed.AWAY: Rule(_READ, others=_LEAD),
    Deed.BACK: Rule(_READ, others=_LEAD),
    Deed.HANDOVER: Rule(_WORK, others=_LEAD),
    Deed.EDIT_CANNED: Rule(_LEAD),
    Deed.CAUSES: Rule(_READ),
    Deed.EDIT_CAUSES: Rule(_LEAD),
    Deed.KEYWORDS: Rule(_LEAD),
    Deed.DIGEST: Rule(_READ),
    Deed.SURVEYS: Rule(_READ),
    Deed.RUN_SURVEYS: Rule(Permission.RUN_CAMPAIGNS),
    Deed.CAMPAIGNS: Rule(_READ),
    Deed.RUN_CAMPAIGNS: Rule(Permission.RUN_CAMPAIGNS),
    Deed.APPROVE_CAMPAIGNS: Rule(Permission.APPROVE),
    Deed.CHECK_IN: Rule(_READ),
    Deed.TASKS: Rule(_WORK),
    Deed.ALL_TASKS: Rule(_LEAD),
    Deed.HELP: Rule(_READ),
    Deed.CASES: Rule(_WORK),
    Deed.LEAVE: Rule(_WORK),
    Deed.DESK: Rule(_WORK),
}
"""The one permission table. A deed that is missing here may be done by nobody."""

_VERBS: dict[str, Deed] = {
    **{deed.value: deed for deed in Deed},
    "send": Deed.ANSWER,
    "keep": Deed.NOTE,
    "untag": Deed.TAG,
    "agree": Deed.DECIDE,
    "refuse": Deed.DECIDE,
    "vuse": Deed.VOUCHER,
    "more": Deed.READ_CARD,
    "less": Deed.READ_CARD,
    "card": Deed.READ_CARD,
    "unassign": Deed.ASSIGN,
    **dict.fromkeys(("promise", "checkback", "tdone", "tlater", "tgive", "tdrop", "ttell", "asknow"), Deed.TASK),
    "taskview": Deed.TASKS,
    "visits": Deed.TASKS,
    "callwords": Deed.CALL,
    "work": Deed.WORK_HERE,
    "answers": Deed.CANNED,
    "bans": Deed.UNBAN,
    "causeplan": Deed.EDIT_CAUSES,
    "causedue": Deed.EDIT_CAUSES,
    "causechanged": Deed.EDIT_CAUSES,
    "survey": Deed.SURVEYS,
    "surveywords": Deed.SURVEYS,
    "surveyset": Deed.RUN_SURVEYS,
    "surveysend": Deed.RUN_SURVEYS,
    **dict.fromkeys(("campaignview", "campaignnews", "calendar", "guests"), Deed.CAMPAIGNS),
    **dict.fromkeys(("campaign", "campaignset", "campaigngo", "campaigntry", "campaignlost"), Deed.RUN_CAMPAIGNS),
    **dict.fromkeys(("campaignyes", "campaignback"), Deed.APPROVE_CAMPAIGNS),
}


def deed_of(verb: str) -> Deed | None:
    """Return the deed behind the verb of a button or command; ``None`` when nobody has decided who may do it."""
    return _VERBS.get(verb)


class Confided(Protocol):
    """What may be confidential, and about whom it then is."""

    @property
    def confidential(self) -> bool:
        """Whether only those who supervise may know of it."""

    @property
    def about_member_id(self) -> int | None:
        """The member of staff it is about."""


def sees(case: Confided, member: StaffMember) -> bool:
    """Return whether this person may know of the case: a confidential one only who supervises, never whom it is about.

    The person whom it is about never sees it, whatever their role.
    """
    if not member.may(Permission.READ):
        return False
    if not case.confidential:
        return True
    return member.may(Permission.SUPERVISE) and case.about_member_id != member.id


def lacks(member: StaffMember, permission: Permission) -> Refusal | None:
    """Return the words for somebody whose role does not have a permission, ``None`` for one who has it."""
    if member.may(permission):
        return None
    leads = permission is Permission.SUPERVISE and member.may(Permission.WORK_CASES)
    return Refusal("casework.refused.supervisors" if leads else "desk.refused.not_allowed")


def why_not(deed: Deed, member: StaffMember, case: Case | None = None, *, whose: int | None = None) -> Refusal | None:
    """Return why this person may not do ``deed`` (to ``case``), ``None`` when they may.

    ``whose`` is the member of staff whose it is (an answer, a task, an absence); of a case it is the owner.
    """
    rule = TABLE[deed]
    if (refusal := lacks(member, rule.permission)) is not None:
        return refusal
    if case is not None and not sees(case, member):
        return Refusal("desk.refused.no_such_case")
    owner = whose if whose is not None else case.owner_id if case is not None else None
    if rule.others is not None and owner not in (None, member.id) and not member.may(rule.others):
        return Refusal("casework.refused.not_yours")
    return _wrong_state(deed, rule, case) if case is not None else None


def _wrong_state(deed: Deed, rule: Rule, case: Case) -> Refusal | None:
    if rule.states is not None and case.state not in rule.states:
        return Refusal(rule.otherwise, {"number": case.public_number})
    if deed is Deed.REOPEN and case.ended_as in (EndedAs.MERGED, EndedAs.ERASED):
        return Refusal(f"casework.refused.{case.ended_as}", {"number": case.public_number})
    return None
