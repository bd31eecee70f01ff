"""Write ``docs/permissions.md`` from the permission table of ``domain/deeds.py``, so that the two cannot differ.

Run it with ``.venv/bin/python docs/make_permissions.py`` after changing a rule.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from domain.cases import CaseState  # noqa: E402
from domain.deeds import TABLE, Deed, Rule  # noqa: E402
from domain.people import Role, StaffMember  # noqa: E402

PAGE = ROOT / "docs" / "permissions.md"
ROLES = (Role.VIEWER, Role.MARKETER, Role.AGENT, Role.SUPERVISOR, Role.ADMIN)
WORDS = {
    Deed.TAKE: "take a case that is nobody's, or whose owner is away",
    Deed.ASSIGN: "give a case to somebody",
    Deed.TRANSFER: "give a case on, with a note",
    Deed.NOTE: "keep a note among staff",
    Deed.ANSWER: "answer the customer",
    Deed.DELETE: "delete an answer at the customer's side",
    Deed.ESCALATE: "hand a case up",
    Deed.ACKNOWLEDGE: "say *I have it* to what was handed up",
    Deed.PASS_ON: "pass on what was handed up",
    Deed.LADDER: "read how a case was handed up",
    Deed.HOLD: "put a case on hold",
    Deed.RESUME: "go on with a case on hold, or waiting for the customer",
    Deed.RESOLVE: "call a case solved",
    Deed.REOPEN: "take up an ended case again (not a merged one)",
    Deed.MERGE: "merge a duplicate of the same customer",
    Deed.SPAM: "close a case as spam",
    Deed.BAN: "ban a customer until a date",
    Deed.UNBAN: "see and lift bans",
    Deed.PRIORITY: "change how much a case presses",
    Deed.LOWER_PRIORITY: "let a case press less",
    Deed.TAG: "put tags on a case and take them off",
    Deed.MOVETO: "show a case in another staff group",
    Deed.HISTORY: "read the history of a case",
    Deed.CONFIDENTIAL: "keep a case from the colleague it is about",
    Deed.CAUSE: "name the cause of a case",
    Deed.TASK: "make tasks and promises",
    Deed.CHANGE_TASK: "look at, finish, put off, give and call off a task",
    Deed.CALL: "log a call",
    Deed.VISIT: "log a visit",
    Deed.CANNED: "send a ready answer",
    Deed.WORK_HERE: "work on a case in one's private chat",
    Deed.RECOVER: "make it good with points or a voucher, within the role's limit",
    Deed.POINTS: "see and change a customer's points, within the role's limit",
    Deed.VOUCHER: "look at a voucher, mark it used, take it back",
    Deed.DECIDE: "agree to what is above somebody's limit",
    Deed.READ_CARD: "read the card of a case",
    Deed.AWAY: "be away",
    Deed.BACK: "be back",
    Deed.HANDOVER: "hand over everything of a person",
    Deed.EDIT_CANNED: "write ready answers",
    Deed.CAUSES: "read why customers complain",
    Deed.EDIT_CAUSES: "plan what is done about a cause, and tell what has changed",
    Deed.KEYWORDS: "say which words make a case press",
    Deed.DIGEST: "read the digest",
    Deed.SURVEYS: "read what surveys say",
    Deed.RUN_SURVEYS: "switch surveys on and off, and send them",
    Deed.CAMPAIGNS: "see what campaigns there are, what comes of them, and the calendar",
    Deed.RUN_CAMPAIGNS: "make, try, start, pause and end campaigns",
    Deed.APPROVE_CAMPAIGNS: "approve a colleague's campaign, or send it back",
    Deed.CHECK_IN: "check in guests of what a campaign invites to",
    Deed.TASKS: "list one's tasks",
    Deed.ALL_TASKS: "list everybody's tasks",
    Deed.HELP: "read the help",
    Deed.CASES: "list one's cases in private",
    Deed.LEAVE: "leave the case one works on in private",
    Deed.DESK: "have one's cases come to one's private chat",
}

HEAD = """# Who may do what

Made from the table in `domain/deeds.py` by `docs/make_permissions.py`; a test presses every button and gives every
command as everybody, on every state, and compares.

*yes*: may do it. *own*: may do it to what is their own, or nobody's. Nobody else may do anything: strangers and
anonymous admins are refused aloud. Roles are asked of the person, whatever the chat or button.

**States** are those of the case in which it can be done; *any* where the state does not matter, or it is about no case.

A **confidential** case is seen by supervisors and admins alone, and never by the person it is about: to all others
there is no such case.
"""


def page() -> str:
    """Return the page as it should be."""
    titles = [role.value.capitalize() for role in ROLES]
    lines = [f"| Deed | {' | '.join(titles)} | States |", f"| --- |{' --- |' * (len(ROLES) + 1)}"]
    for deed, rule in TABLE.items():
        cells = [_may(role, rule) for role in ROLES]
        lines.append(f"| {WORDS[deed]} | {' | '.join(cells)} | {_states(rule)} |")
    return HEAD + "\n" + "\n".join(lines) + "\n"


def _may(role: Role, rule: Rule) -> str:
    member = StaffMember(1, 1, "", role)
    if not member.may(rule.permission):
        return "–"
    return "yes" if rule.others is None or member.may(rule.others) else "own"


def _states(rule: Rule) -> str:
    if rule.states is None:
        return "any"
    return ", ".join(state.value.replace("_", " ") for state in CaseState if state in rule.states)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
