"""How much a case presses: raised by what is known of it and by what is said, and why, for the card."""

from collections.abc import Sequence
from typing import Any

from domain.cases import Case, CaseKind, Priority
from domain.people import SYSTEM, Actor
from domain.priority import Why, fresh, raised, reasons, telling
from services.case_door import change_case
from services.membership import tier_in_words
from services.sla import on_target_moved
from services.work import Work
from storage import cases as case_rows
from storage import people as people_rows
from storage.keyword_rules import list_rules
from storage.staff import get_member


async def judge_priority(work: Work, case: Case, texts: Sequence[str], *, opening: bool = False) -> Case:
    """Raise a case by the words that were said, at its ``opening`` by all else that is known of it too.

    It is never lowered. What raised it once raises it no second time: a person may have decided otherwise since.
    """
    rules, keywords = work.rules.desk.priority, await list_rules(work.tx)
    known: dict[str, Any] = await _known_of(work, case) if opening else {}
    found = fresh(reasons(rules, texts=texts, keywords=keywords, **known), case.priority_why)
    return await _raised(work, case, found, SYSTEM) if found else case


async def _known_of(work: Work, case: Case) -> dict[str, Any]:
    customer = await people_rows.get_customer(work.tx, case.customer_id)
    before = None
    if case.kind is CaseKind.COMPLAINT:
        since = case.opened_at - work.rules.desk.priority.repeat_within
        before = await case_rows.find_earlier_complaint(work.tx, case, since=since)
    return {"tier": customer.tier if customer else None, "aspect": case.aspect, "repeats": before}


async def raise_to(work: Work, case: Case, priority: Priority, why: dict[str, Any], by: Actor) -> Case:
    """Raise a case to ``priority`` for a reason (its ``kind`` and figures); it is never lowered."""
    found = fresh([{**why, "priority": priority.value}], case.priority_why)
    return await _raised(work, case, found, by) if found else case


async def _raised(work: Work, case: Case, found: list[Why], by: Actor) -> Case:
    why = (*case.priority_why, *found)
    case = change_case(
        work, case, by=by, action="case.priority", priority=raised(case.priority, found), priority_why=why
    )
    return await on_target_moved(work, case)


async def why_in_words(work: Work, case: Case, language: str) -> list[str]:
    """Return for the card (Telegram HTML) why a case presses as it does; nothing for one that is like most."""
    return [await _in_words(work, why, language) for why in telling(case.priority, case.priority_why)]


async def _in_words(work: Work, why: Why, language: str) -> str:
    texts, kind = work.texts, why["kind"]
    values = {name: value for name, value in why.items() if name not in ("kind", "priority")}
    if kind == "aspect":
        values["aspect"] = texts.button(f"aspect.{why['aspect']}", language)
    elif kind == "tier":
        values["tier"] = tier_in_words(work, why["tier"], language)
    elif kind == "repeat":
        values["number"] = f"C-{why['number']}"
    elif kind == "hand":
        member = await get_member(work.tx, why["by"])
        values["name"] = member.name if member else "?"
    return texts.say(f"clock.why.{kind}", language, **values)
