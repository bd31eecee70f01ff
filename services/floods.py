"""Floods: who writes very much in a short time is told once to go slower; everything is kept all the same.

Counting costs no statement for an ordinary message. A flood of ``messages`` within ``within`` has somewhere two
messages not further apart than the average gap, so only those are counted that follow another so soon, as far as what
every update loads can tell: words of the same transaction, of a case not closed, of a conversation.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from domain.cases import Case
from domain.desk import FloodRules
from services.bans import is_banned
from services.speech import say
from services.work import Person, Work
from storage.cases import get_case
from storage.floods import count_recent
from storage.people import change_contact

_LEAST_GAP = timedelta(seconds=2)
_LOOKED_AT = 3
"""So many times the messages of a flood are looked at: what we answered and the parts of albums stand between."""


async def hear(work: Work, person: Person) -> bool:
    """Note that a person has written again; returns whether they write too much just now.

    The first time in a burst they are asked to go slower. Nothing is held back from the record.
    """
    before, person.heard_at = await _heard_before(work, person), work.now
    if is_banned(person, work.now):
        return False
    rules, slowed_at = work.rules.desk.flood, person.contact.slowed_at
    quick = before is not None and work.now - before <= _gap(rules)
    if not quick:
        return False
    if is_slowed(work, person):
        assert slowed_at is not None
        if work.now - slowed_at >= rules.within / 4:  # now and then is enough to know that the burst goes on
            _mark(work, person)
        return True
    if await _count(work, person) <= rules.messages:
        return False
    _mark(work, person)
    await say(work, person, "ready.flood.slower")
    return True


def is_slowed(work: Work, person: Person) -> bool:
    """Return whether this person is in a burst of which they were told."""
    slowed_at = person.contact.slowed_at
    return slowed_at is not None and work.now - slowed_at <= work.rules.desk.flood.within


def _gap(rules: FloodRules) -> timedelta:
    return max(_LEAST_GAP, rules.within / max(1, rules.messages))


async def _heard_before(work: Work, person: Person) -> datetime | None:
    """Return when this person was last heard, as far as it is known without asking the database."""
    known = [person.heard_at, person.dialogue.updated_at if person.dialogue else None]
    known += [case.last_customer_at for case in await _loaded_cases(work, person)]
    return max((at for at in known if at is not None), default=None)


async def _loaded_cases(work: Work, person: Person) -> list[Case]:
    return [case for case_id in person.case_ids if (case := await get_case(work.tx, case_id)) is not None]


async def _count(work: Work, person: Person) -> int:
    """Return how many messages this person wrote within the span of a flood; an album is one."""
    rules = work.rules.desk.flood
    return await count_recent(
        work.tx,
        customer_id=person.customer.id,
        since=work.now - rules.within,
        limit=_LOOKED_AT * (rules.messages + 1),
    )


def _mark(work: Work, person: Person) -> None:
    person.contact = replace(person.contact, slowed_at=work.now)
    change_contact(work.tx, person.contact.id, slowed_at=work.now)
