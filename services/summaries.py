"""The summary of a case, made of the customer's first words: it follows when they are corrected."""

import re

from domain.cases import Case
from domain.people import Actor
from services import cards
from services.case_door import change_case
from services.work import Work

_BETWEEN = " / "
_MOST_LETTERS = 2000


def corrected(summary: str, before: str, after: str) -> str:
    """Return ``summary`` with the words ``before``, where they are a part of it, as they read ``after`` the change."""
    before, after = before.strip(), after.strip()
    if not before:
        return summary
    whole = before[:_MOST_LETTERS] == summary
    part = re.compile(rf"(?:^|(?<= )){re.escape(before)}(?=$|{re.escape(_BETWEEN)})")
    changed = after if whole else part.sub(lambda _: after, summary, count=1)
    parts = [words.strip() for words in changed.split(_BETWEEN)]
    return _BETWEEN.join(words for words in parts if words)[:_MOST_LETTERS] if changed != summary else summary


async def correct_summary(work: Work, case: Case, *, before: str, after: str, by: Actor) -> Case:
    """Let the summary of a case follow what its customer corrected, and show it so; returns the case as it is now."""
    summary = corrected(case.summary, before, after)
    if summary == case.summary:
        return case
    changed = change_case(work, case, by=by, action="case.summary", summary=summary)
    await cards.show_card(work, changed)
    return changed
