"""Words that raise a case: seeded by the configuration, then changed by those who supervise."""

from collections.abc import Mapping

from domain.cases import Priority
from domain.deeds import Deed, why_not
from domain.outcomes import Refusal
from domain.people import SYSTEM, Actor, StaffMember
from domain.priority import KeywordRule, keyword
from services.case_door import actor_of
from services.work import Work
from storage import keyword_rules as rows
from storage.audit import add_audit

MOST_RULES = 500


async def list_keywords(work: Work, *, by: StaffMember) -> list[KeywordRule] | Refusal:
    """Return the rules in use, by their words."""
    return why_not(Deed.KEYWORDS, by) or await rows.list_rules(work.tx)


async def add_keyword(work: Work, *, words: str, priority: Priority, by: StaffMember) -> KeywordRule | Refusal:
    """Let these words raise a case to ``priority`` from now on."""
    if (refusal := why_not(Deed.KEYWORDS, by)) is not None:
        return refusal
    folded = keyword(words)
    if folded is None:
        return Refusal("clock.refused.words")
    if priority.weight <= Priority.NORMAL.weight:
        return Refusal("clock.refused.only_raise", {"words": words.strip()})
    known = {rule.words: rule for rule in await rows.list_rules(work.tx)}
    if folded not in known and len(known) >= MOST_RULES:
        return Refusal("clock.refused.many", {"most": MOST_RULES})
    rule = await rows.put_rule(work.tx, words=folded, priority=priority, now=work.now)
    before = known[folded].priority.value if folded in known else None
    _audit(work, actor_of(by), "keyword.put", rule.id, words=folded, priority=priority.value, was=before)
    return rule


async def remove_keyword(
    work: Work, *, by: StaffMember, words: str | None = None, rule_id: int | None = None
) -> str | Refusal:
    """Let these words raise nothing any more; returns them as they were looked for."""
    if (refusal := why_not(Deed.KEYWORDS, by)) is not None:
        return refusal
    known = await rows.list_rules(work.tx)
    folded = keyword(words) if words is not None else None
    rule = next((one for one in known if one.id == rule_id or (folded is not None and one.words == folded)), None)
    removed = await rows.remove_rule(work.tx, rule_id=rule.id, now=work.now) if rule is not None else None
    if rule is None or removed is None:
        return Refusal("clock.refused.no_keyword")
    _audit(work, actor_of(by), "keyword.remove", rule.id, words=removed)
    return removed


async def seed_keywords(work: Work, keywords: Mapping[str, Priority]) -> None:
    """Insert the rules of the configuration that the database never knew; what was changed there stays so."""
    for words, priority in keywords.items():
        folded = keyword(words)
        if folded is None:
            continue
        fresh = await rows.insert_missing_rule(work.tx, words=folded, priority=priority, now=work.now)
        if fresh is not None:
            _audit(work, SYSTEM, "keyword.seed", fresh, words=folded, priority=priority.value)


def _audit(work: Work, by: Actor, action: str, rule_id: int, **after: object) -> None:
    add_audit(work.tx, at=work.now, actor=by, action=action, subject=("keyword", rule_id), after=after)
