"""A pause from everything unasked: a no until a date for what was a yes, which comes back by itself."""

from datetime import datetime, timedelta

from domain.people import ConsentClass
from services.customers import list_consents, set_consent
from services.work import Person, Work
from storage import people as people_rows


async def was_asked(work: Work, person: Person, kind: ConsentClass) -> bool:
    """Return whether this person has ever said yes or no to a kind of message."""
    return kind in await people_rows.list_consents(work.tx, person.customer.id)


async def snooze_unasked(work: Work, person: Person, span: timedelta) -> datetime | None:
    """Pause every kind this person wants, or has paused, for ``span`` from now; returns the end.

    ``None`` when there is nothing to pause. What was a no stays one.
    """
    until_at = work.now + span
    wanted = [
        kind
        for kind, consent in (await list_consents(work, person)).items()
        if consent.given or consent.until_at is not None
    ]
    for kind in wanted:
        await set_consent(work, person, kind, given=False, until_at=until_at)
    return until_at if wanted else None


async def end_snooze(work: Work, person: Person) -> None:
    """Let everything that is paused come again from now on."""
    for kind, consent in (await list_consents(work, person)).items():
        if not consent.given and consent.until_at is not None:
            await set_consent(work, person, kind, given=True)
