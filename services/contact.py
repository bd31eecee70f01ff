"""The one question everything asks that speaks unasked; the answer is reckoned in ``domain.contact``."""

from collections.abc import Sequence
from datetime import datetime

from domain.contact import Hold, Verdict, judge
from domain.people import ConsentClass
from services.work import Work
from storage.care import load_facts

_UNKNOWN = Verdict(False, Hold.ERASED)


async def verdicts(
    work: Work,
    customer_ids: Sequence[int],
    kind: ConsentClass,
    *,
    campaign: str | None = None,
    at: datetime | None = None,
    about_case: bool = False,
) -> dict[int, Verdict]:
    """Return for each customer whether this kind of message may go out at ``at`` (now), and if not, why and until when.

    ``campaign`` names what asks: some are not held back by the contact budget. ``about_case``: it is about a solved
    case of theirs, see :func:`domain.contact.judge`.
    """
    at, rules = at or work.now, work.rules.contact
    facts = await load_facts(
        work.tx,
        customer_ids,
        bot_id=work.bot_id,
        kind=kind,
        told_since=at - rules.budget_for,
        zone=work.rules.zone,
    )
    return {
        customer_id: judge(
            facts[customer_id],
            kind,
            at=at,
            rules=rules,
            quiet=work.rules.quiet,
            campaign=campaign,
            about_case=about_case,
        )
        if customer_id in facts
        else _UNKNOWN
        for customer_id in customer_ids
    }


async def may_contact(
    work: Work, customer_id: int, kind: ConsentClass, *, campaign: str | None = None, at: datetime | None = None
) -> Verdict:
    """Return whether this kind of message may go to this person now, and if not, why and until when."""
    return (await verdicts(work, [customer_id], kind, campaign=campaign, at=at))[customer_id]
