"""A pause from everything unasked: a no until a date for what was a yes, which comes back by itself."""

from datetime import datetime, timedelta

from services.customers import list_consents, set_consent
from services.work import Person, Work


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
