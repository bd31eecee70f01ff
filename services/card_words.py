"""What stands on the card of a case, and the buttons under it."""

from datetime import datetime, timedelta
from typing import Any

from domain.cases import Case, CaseState, EndedAs, Priority
from domain.outgoing import Button, Rows
from domain.people import Reach
from services import points
from services.gathered import shortened
from services.membership import tier_in_words
from services.priority import why_in_words
from services.sla import due_in_words
from services.surveys.loop_words import answers_in_words
from services.work import Work
from storage.card_facts import CardFacts, load_card_facts
from texts.catalogue import safe
from texts.days import number_in_words

_SUMMARY_LETTERS = 600
_TAGS_LETTERS = 200
_ACROSS = 3
_LIVE = ("answer", "note", "resolve", "hold", "escalate")
_BUTTONS: dict[CaseState, tuple[str, ...]] = {
    CaseState.NEW: _LIVE,
    CaseState.OPEN: _LIVE,
    CaseState.WAITING: ("answer", "note", "resolve", "resume", "escalate"),
    CaseState.ON_HOLD: ("answer", "note", "resolve", "resume", "escalate"),
    CaseState.RESOLVED: ("answer", "note", "reopen"),
    CaseState.CLOSED: ("note", "reopen"),
}
"""The few deeds that stand under the card itself; all others are one tap further, behind ``more``."""


def in_rows(buttons: list[Button]) -> Rows:
    """Return buttons in rows of three."""
    return tuple(tuple(buttons[start : start + _ACROSS]) for start in range(0, len(buttons), _ACROSS))


def button_of(work: Work, verb: str, case: Case, language: str, *arguments: object) -> Button:
    """Return the button that asks for a verb about a case."""
    data = ":".join(map(str, ("k", verb, case.id, *arguments)))
    return Button(work.texts.button(f"staff.button.{verb}", language), data=data)


def card_verbs(case: Case) -> tuple[str, ...]:
    """Return the verbs that stand under the card of a case in its present state."""
    take = ("take",) if case.live and case.owner_id is None else ()
    if case.ended_as in (EndedAs.MERGED, EndedAs.ERASED):
        return ("note", "more")
    return (*take, *_BUTTONS[case.state], "more")


def card_buttons(work: Work, case: Case, language: str) -> Rows:
    """Return what staff may do with a case in its present state: the few things that fit, and ``more``."""
    return in_rows([button_of(work, verb, case, language) for verb in card_verbs(case)])


async def card_html(work: Work, case: Case, language: str) -> str:
    """Return the card of a case: what it is and how it presses, whose it is, whom it is for, and what was said."""
    facts = await load_card_facts(work.tx, case.id)
    lines = [
        *_head(work, case, facts, language),
        *await _time(work, case, language),
        *_owner(work, case, facts, language),
        *await _who(work, case, facts, language),
        *_about(work, case, facts, language),
        *await answers_in_words(work, case, language),
    ]
    return "\n".join(lines)


def _same_minute(case: Case) -> bool:
    """Return whether what was promised is what is due, rounded up to the full minute."""
    promised, due = case.promised_at, case.first_response_due_at
    return promised is not None and due is not None and timedelta() <= promised - due < timedelta(minutes=1)


def _moment(work: Work, at: datetime, language: str) -> str:
    return work.texts.moment(at, language, zone=work.rules.zone, now=work.now)


def _head(work: Work, case: Case, facts: CardFacts, language: str) -> list[str]:
    texts = work.texts
    head = texts.say(
        "desk.card.head",
        language,
        number=case.public_number,
        kind=texts.button(f"case.kind.{case.kind}", language),
        state=texts.button(f"desk.state.{case.state}", language),
    )
    lines = [head]
    if case.ended_as is EndedAs.MERGED and facts.merged_into is not None:
        lines.append(texts.say("desk.card.merged", language, number=f"C-{facts.merged_into}"))
    elif case.ended_as is EndedAs.SPAM:
        lines.append(texts.say("desk.card.spam", language))
    if case.confidential:
        lines.append(texts.say("desk.card.confidential", language))
    if case.level > 1 and case.live:
        level = texts.button(f"desk.level.{min(case.level, 3)}", language)
        lines.append(texts.say("desk.card.level", language, level=level))
    return lines


async def _time(work: Work, case: Case, language: str) -> list[str]:
    """Return how a case presses and why, what is due next, and what was promised where that is another time."""
    texts, lines = work.texts, []
    why = await why_in_words(work, case, language)
    if case.priority is not Priority.NORMAL or why:
        priority = texts.button(f"desk.priority.{case.priority}", language)
        reasons = safe(" · ".join(why))
        key = "desk.card.priority_why" if why else "desk.card.priority"
        lines.append(texts.say(key, language, priority=priority, why=reasons))
    if (due := await due_in_words(work, case, language)) is not None:
        lines.append(due)
    if case.held_until_at is not None and case.state is CaseState.ON_HOLD:
        lines.append(texts.say("desk.card.held", language, moment=_moment(work, case.held_until_at, language)))
    if case.first_response_at:
        lines.append(texts.say("desk.card.answered", language, moment=_moment(work, case.first_response_at, language)))
    elif case.promised_at and case.live and (due is None or not _same_minute(case)):
        lines.append(texts.say("desk.card.promised", language, moment=_moment(work, case.promised_at, language)))
    return lines


def _owner(work: Work, case: Case, facts: CardFacts, language: str) -> list[str]:
    texts = work.texts
    if facts.owner is None:
        return [texts.say("desk.card.no_owner", language)]
    until = facts.owner_absent_until_at
    if facts.owner_absent_since_at is None or (until is not None and until <= work.now):
        return [texts.say("desk.card.owner", language, owner=facts.owner)]
    if until is None:
        return [texts.say("desk.card.owner_absent", language, owner=facts.owner)]
    moment = _moment(work, until, language)
    return [texts.say("desk.card.owner_absent_until", language, owner=facts.owner, moment=moment)]


async def _who(work: Work, case: Case, facts: CardFacts, language: str) -> list[str]:
    texts = work.texts
    if not facts.name:
        return [texts.say("desk.card.nobody", language)]
    name = f"{facts.name} (@{facts.username})" if facts.username else facts.name
    values: dict[str, Any] = {"name": name, "spoken": texts.button(f"language.{facts.language}", language)}
    if work.rules.loyalty.enabled:
        balance = (await points.balance_of(work, case.customer_id)).points
        values |= {
            "tier": tier_in_words(work, facts.tier, language),
            "count": balance,
            "points": number_in_words(balance, language),
        }
        lines = [texts.say("desk.card.who_member", language, **values)]
    else:
        lines = [texts.say("desk.card.who", language, **values)]
    if facts.earlier and facts.last_opened_at is not None:
        lines.append(
            texts.say(
                "desk.card.earlier",
                language,
                count=facts.earlier,
                number=f"C-{facts.last_number}",
                moment=_moment(work, facts.last_opened_at, language),
            )
        )
    if facts.banned_until_at is not None and facts.banned_until_at > work.now:
        lines.append(texts.say("desk.card.banned", language, moment=_moment(work, facts.banned_until_at, language)))
    if facts.reach is Reach.BLOCKED:
        lines.append(texts.say("desk.card.blocked", language))
    return lines


def _about(work: Work, case: Case, facts: CardFacts, language: str) -> list[str]:
    texts, lines = work.texts, []
    if case.aspect:
        aspect = texts.button(f"aspect.{case.aspect}", language)
        lines.append(texts.say("desk.card.aspect", language, aspect=aspect))
    if case.order_ref:
        lines.append(texts.say("desk.card.order", language, order=case.order_ref))
    if facts.branch:
        lines.append(texts.say("desk.card.branch", language, branch=facts.branch))
    if facts.cause:
        lines.append(texts.say("desk.card.cause", language, cause=facts.cause))
    if facts.tags:
        lines.append(texts.say("desk.card.tags", language, tags=shortened(", ".join(facts.tags), _TAGS_LETTERS)))
    if case.summary:
        lines.append(texts.say("desk.card.summary", language, summary=shortened(case.summary, _SUMMARY_LETTERS)))
    return lines
