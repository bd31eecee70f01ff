"""Who will be asked a survey, and when: one delivery row a person and occasion, frozen, in slices of people."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from domain.instants import zone_named
from domain.people import ConsentClass
from domain.segments import SegmentError
from domain.surveys import AfterCase, SurveyState
from domain.surveys.occasions import EVENT, PURCHASE, REMINDER, case_occasion
from domain.surveys.periods import asked_at, first_at
from domain.surveys.sampling import WHOLE, is_sampled
from domain.surveys.turns import WhyNot
from services import segments
from services.feeding import LATE
from services.surveys import book
from services.surveys.after_case import survey_for_case
from services.surveys.book import Kept
from services.surveys.waves import campaign_of, end_wave, end_wave_without_segment, open_period
from services.work import Work
from storage import cases as case_rows
from storage import survey_due as rows
from storage import survey_waves as wave_rows
from storage.survey_due import Happened, Silent
from storage.survey_waves import Wave

_STALE_AFTER = timedelta(days=3)
"""For so long after a case would be closed in silence its customer may still be asked."""
_A_DAY = timedelta(days=1)
"""By no more is an asking moved on to its time of day."""


async def plan_cases(work: Work, *, limit: int) -> int:
    """Plan to ask those who said nothing since their case was called solved; returns how many."""
    rules = work.rules
    if not (rules.surveys.enabled and rules.desk.ask_score):
        return 0
    on = [kept for after in AfterCase if (kept := await book.survey_after_case(work, after)) is not None]
    if not on:
        return 0
    before = work.now - rules.desk.ask_score_after
    since = min(before, work.now - (rules.reopen_within + _STALE_AFTER))
    keys = sorted({kept.key for kept in on})
    after = (since, 0)
    while True:
        silent = await rows.list_silent(
            work.tx, bot_id=work.bot_id, surveys=keys, before=before, after=after, limit=limit
        )
        found = sorted(silent, key=lambda one: one.case_id)  # cases are locked in the order of their ids
        planned = [row for one in found if (row := await _after_case(work, one)) is not None]
        await rows.insert_rows(work.tx, planned)
        if planned or len(silent) < limit:  # those after which no survey is asked are passed over
            return len(planned)
        after = (silent[-1].resolved_at, silent[-1].case_id)


async def _after_case(work: Work, found: Silent) -> dict[str, Any] | None:
    case = await case_rows.get_case(work.tx, found.case_id)
    kept = await survey_for_case(work, case) if case is not None else None
    if kept is None:
        return None
    wait = max(work.rules.reopen_within, work.rules.desk.ask_score_after)
    return _planned(
        work,
        kept,
        occasion=case_occasion(found.case_id, found.resolutions),
        customer_id=found.customer_id,
        zone=found.zone,
        due_at=work.now,
        late_after_at=found.resolved_at + wait + _STALE_AFTER,
        sample=(kept.survey.when.sample_permille, kept.survey.when.seed),
    )


async def plan_purchases(work: Work, *, limit: int) -> int:
    """Plan to ask about purchases made some time ago; returns how many."""
    planned = 0
    for kept in await _on(work):
        after = kept.survey.when.after_purchase
        if after is None or planned >= limit:
            continue
        since, until = _span(work, kept, after)
        found = await rows.list_purchases(
            work.tx,
            bot_id=work.bot_id,
            survey=kept.key,
            since=since,
            until=until,
            limit=limit - planned,
        )
        planned += await _plan_happened(work, kept, PURCHASE, found, after)
    return planned


async def plan_events(work: Work, *, limit: int) -> int:
    """Plan to ask about what other systems told of customers some time ago; returns how many."""
    planned = 0
    for kept in await _on(work):
        when = kept.survey.when
        if when.after_event is None or planned >= limit:
            continue
        since, until = _span(work, kept, when.event_delay)
        found = await rows.list_events(
            work.tx,
            bot_id=work.bot_id,
            survey=kept.key,
            name=when.after_event,
            since=since,
            until=until,
            limit=limit - planned,
        )
        planned += await _plan_happened(work, kept, EVENT, found, when.event_delay)
    return planned


def _span(work: Work, kept: Kept, after: timedelta) -> tuple[datetime, datetime]:
    """Return from when to when it happened what is to be planned now: due, not all too late, since switched on."""
    when = kept.survey.when
    since = work.now - after - when.late_after - (_A_DAY if when.at else timedelta())
    if kept.on_at is not None:
        since = max(since, kept.on_at - after)
    return since, work.now - after


async def _plan_happened(work: Work, kept: Kept, prefix: str, found: Sequence[Happened], after: timedelta) -> int:
    when = kept.survey.when
    planned = []
    for one in found:
        due_at = first_at(one.at + after, when.at, zone_named(one.zone, work.rules.zone))
        planned.append(
            _planned(
                work,
                kept,
                occasion=f"{prefix}{one.id}",
                customer_id=one.customer_id,
                zone=one.zone,
                due_at=due_at,
                late_after_at=due_at + when.late_after,
                sample=(when.sample_permille, when.seed),
            )
        )
    await rows.insert_rows(work.tx, planned)
    return len(planned)


async def plan_waves(work: Work, *, limit: int) -> int:
    """Open the waves whose day has come, and plan one slice of one of them.

    Returns how many customers it looked at and waves it opened or ended, so that it is asked again until 0. The wave
    keeps how far it has come: a restart goes on from there.
    """
    on = {kept.key: kept for kept in await _on(work)}
    opened = sum([await open_period(work, kept) is not None for kept in on.values()])
    wave = await wave_rows.take_unplanned(work.tx, now=work.now)
    if wave is None:
        return opened
    kept = on.get(wave.survey)
    if kept is None:  # switched off meanwhile: who was planned is not asked either
        await end_wave(work, wave, why=str(WhyNot.OFF))
        return opened + 1
    until_id = await rows.end_of_slice(work.tx, after_id=wave.after_id, size=limit)
    if until_id is None:
        await wave_rows.change_wave(work.tx, wave.id, planned_at=work.now)
        return opened + 1
    try:
        members = await _members(work, wave.segment)
    except SegmentError as error:  # a name in it was deleted since, or a field of the business's own
        await end_wave_without_segment(work, wave, kept.survey, why=str(error))
        return opened + 1
    people = await rows.list_people(
        work.tx, bot_id=work.bot_id, members=members, after_id=wave.after_id, until_id=until_id
    )
    await rows.insert_rows(work.tx, [_of_wave(work, kept, wave, person) for person in people])
    await wave_rows.change_wave(work.tx, wave.id, after_id=until_id)
    return opened + 1


def _of_wave(work: Work, kept: Kept, wave: Wave, person: rows.Person) -> dict[str, Any]:
    zone = zone_named(person.zone, work.rules.zone)
    due_at = asked_at(wave.on, wave.at, zone) if wave.on else first_at(wave.starts_at, wave.at, zone)
    return _planned(
        work,
        kept,
        occasion=wave.occasion,
        customer_id=person.customer_id,
        zone=person.zone,
        due_at=due_at,
        late_after_at=due_at + wave.late_after,
        sample=(wave.sample_permille, wave.seed),
    )


async def plan_reminders(work: Work, *, limit: int) -> int:
    """Plan to remind, once, of surveys begun or not that are still open; returns how many."""
    if not work.rules.surveys.enabled:
        return 0
    known = {kept.key: kept for kept in await book.list_surveys(work)}
    unfinished = await rows.take_unfinished(work.tx, now=work.now, limit=limit)
    planned = [
        _planned(
            work,
            known[one.survey],
            occasion=f"{REMINDER}{one.id}",
            customer_id=one.customer_id,
            zone=one.zone,
            due_at=one.remind_at,
            late_after_at=one.expires_at or one.remind_at + known[one.survey].survey.when.late_after,
        )
        for one in unfinished
        if one.survey in known
    ]
    await rows.insert_rows(work.tx, planned)
    return len(unfinished)


async def _on(work: Work) -> list[Kept]:
    """Return the surveys that are asked."""
    if not work.rules.surveys.enabled:
        return []
    return [kept for kept in await book.list_surveys(work) if kept.state is SurveyState.ON]


async def _members(work: Work, expression: str | None) -> Any:
    """Return the query of who is meant, ``None`` for everybody."""
    return await segments.members(work, segments.parse(work, expression)) if expression else None


def _planned(
    work: Work,
    kept: Kept,
    *,
    occasion: str,
    customer_id: int,
    zone: str | None,
    due_at: datetime,
    late_after_at: datetime,
    sample: tuple[int, str] = (WHOLE, ""),
) -> dict[str, Any]:
    """Return the delivery to freeze: planned, or skipped at once when it is out of the sample or too late."""
    permille, seed = sample
    local = zone_named(zone, work.rules.zone)
    reason = None
    if not is_sampled(seed, kept.key, occasion, customer_id, permille):
        reason = str(WhyNot.NOT_SAMPLED)
    elif work.now > late_after_at:
        reason = LATE
    return {
        "campaign": campaign_of(kept.key),
        "occasion": occasion,
        "customer_id": customer_id,
        "occasion_on": due_at.astimezone(local).date().isoformat(),
        "zone": local.key,
        "due_at": due_at,
        "late_after_at": late_after_at,
        "state": "skipped" if reason else "planned",
        "reason": reason,
        "consent": ConsentClass.SURVEYS.value,
        "planned_at": work.now,
        "settled_at": work.now if reason else None,
    }
