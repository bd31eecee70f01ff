"""Waves: a survey is asked of everybody or of a segment, by hand or by its schedule; stopped, listed, tried out dry."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from domain.contact import Hold, Verdict
from domain.outcomes import Refusal
from domain.people import SYSTEM, Actor, ConsentClass, Permission
from domain.segments import format_segment
from domain.surveys import Survey, SurveyState, When
from domain.surveys.occasions import BY_HAND, Cause
from domain.surveys.periods import USUAL_AT, begins_at, last_asked_at, newest_period
from domain.surveys.sampling import WHOLE, is_sampled
from domain.surveys.turns import Asked, WhyNot, is_within_cadence, rests_until
from services import segments
from services.contact import verdicts
from services.document_parts import MOST_SEED
from services.marketers import tell_those_who_run_campaigns
from services.permits import may
from services.surveys import book
from services.surveys.book import Kept
from services.surveys.loop_words import title_of
from services.work import Work
from storage import survey_due as due_rows
from storage import survey_waves as rows
from storage.audit import add_audit
from storage.survey_waves import Wave
from storage.surveys import hold_surveys

__all__ = (
    "Preview",
    "Wave",
    "judged",
    "list_waves",
    "open_period",
    "preview_wave",
    "send_wave",
    "stop_wave",
    "why_key",
)

AGAIN = timedelta(minutes=10)
"""So long the same wave is not made a second time: it was the same tap, twice."""
_SLICE = 1000
_WORDED = frozenset({*Hold, *WhyNot, "late", "withdrawn", "expired"})
_NOT_ALLOWED = Refusal("survey_send.refused.not_allowed")


@dataclass(frozen=True, slots=True)
class Preview:
    """What a wave would come to now: how many are meant, are in the sample, could be asked, and why others are held.

    Only ``judged`` of those in the sample were looked at one by one when that is fewer; the figures are then scaled up.
    """

    meant: int
    sampled: int
    askable: int
    held: dict[str, int] = field(default_factory=dict)
    judged: int = 0


async def send_wave(
    work: Work,
    key: str,
    *,
    segment: str | None,
    sample_permille: int = WHOLE,
    seed: str = "",
    at: time | None,
    on: date | None,
    late_after: timedelta | None,
    by: Actor,
) -> Wave | Refusal:
    """Let a survey that is on be asked of everybody, or of a segment, at once or on a local day.

    Raises :class:`SegmentError` for a segment that cannot be read.
    """
    if not await may(work, by, Permission.RUN_CAMPAIGNS):
        return _NOT_ALLOWED
    await hold_surveys(work.tx)  # of two who send it at once the second sees the first's
    kept = await _on(work, key)
    if isinstance(kept, Refusal):
        return kept
    wrong = _wrong(work, sample_permille, seed, on, late_after)
    if wrong is not None:
        return wrong
    written = await _segment(work, segment)
    values = {
        "cause": Cause.HAND.value,
        "segment": written,
        "sample_permille": sample_permille,
        "seed": seed,
        "starts_at": max(work.now, begins_at(on)) if on else work.now,
        "on": on,
        "at": at,
        "late_after": late_after or kept.survey.when.late_after,
    }
    same = await _made_just_now(work, key, values)
    if same is not None:
        return Refusal("survey_send.refused.just_now", {"wave": same.id})
    wave = await rows.add_wave(work.tx, key, BY_HAND, by=by, now=work.now, **values)
    _audit(work, wave, by=by, action="survey.send", after=_told(wave))
    return wave


async def _on(work: Work, key: str) -> Kept | Refusal:
    kept = await book.get_survey(work, key)
    if kept is None:
        return Refusal("survey_send.refused.unknown", {"survey": key})
    if kept.state is not SurveyState.ON:
        return Refusal("survey_send.refused.off", {"survey": key})
    return kept


def _wrong(
    work: Work, sample_permille: int, seed: str, on: date | None, late_after: timedelta | None
) -> Refusal | None:
    """Return what cannot be of a wave's values."""
    if not 0 < sample_permille <= WHOLE:
        return Refusal("survey_send.refused.sample")
    if len(seed) > MOST_SEED:
        return Refusal("survey_send.refused.seed", {"most": MOST_SEED})
    if on is not None and on < work.now.astimezone(work.rules.zone).date():
        return Refusal("survey_send.refused.past", {"on": on.isoformat()})
    if late_after is not None and late_after <= timedelta():
        return Refusal("survey_send.refused.late_after")
    return None


async def _segment(work: Work, expression: str | None) -> str | None:
    """Return a segment as it is kept; the names in it were found. Raises :class:`SegmentError`."""
    if expression is None:
        return None
    parsed = segments.parse(work, expression)
    await segments.members(work, parsed)
    return format_segment(parsed)


async def _made_just_now(work: Work, key: str, values: dict[str, Any]) -> Wave | None:
    for wave in await rows.list_waves(work.tx, survey=key, since=work.now - AGAIN):
        same = all(getattr(wave, name) == value for name, value in values.items() if name != "starts_at")
        if same and wave.stopped_at is None:
            return wave
    return None


async def stop_wave(work: Work, wave_id: int, *, by: Actor) -> Wave | Refusal:
    """Stop a wave: nobody else is planned or asked; what went out stays, and may be answered."""
    if not await may(work, by, Permission.RUN_CAMPAIGNS):
        return _NOT_ALLOWED
    wave = await rows.get_wave(work.tx, wave_id)
    if wave is None:
        return Refusal("survey_send.refused.unknown_wave", {"wave": wave_id})
    if wave.stopped_at is not None:
        return Refusal("survey_send.refused.stopped", {"wave": wave_id})
    await rows.change_wave(work.tx, wave.id, stopped_at=work.now)
    _audit(work, wave, by=by, action="survey.stop_wave", after={"stopped": True})
    stopped = await rows.get_wave(work.tx, wave_id)
    assert stopped is not None
    return stopped


async def end_wave(work: Work, wave: Wave, *, why: str) -> None:
    """Stop a wave that cannot go on by itself, such as that of a survey that was switched off."""
    await rows.change_wave(work.tx, wave.id, stopped_at=work.now)
    _audit(work, wave, by=SYSTEM, action="survey.stop_wave", after={"stopped": True, "why": why})


async def end_wave_without_segment(work: Work, wave: Wave, survey: Survey, *, why: str) -> None:
    """Stop a wave whose segment means nothing any more, and tell those who run surveys."""
    await end_wave(work, wave, why=why)

    def in_language(language: str) -> dict[str, Any]:
        return {"title": title_of(survey, work, language), "segment": wave.segment or ""}

    key = "survey_send.notice.segment"
    await tell_those_who_run_campaigns(work, key, values=in_language, dedupe_key=f"wave_segment:{wave.id}")


async def list_waves(work: Work, key: str | None = None) -> list[Wave]:
    """Return the waves of one survey, or of all, the newest first."""
    return await rows.list_waves(work.tx, survey=key)


async def open_period(work: Work, kept: Kept) -> Wave | None:
    """Open the wave of a scheduled survey's newest period, once; ``None`` when there is none to open.

    A period whose day had come before the survey was switched on is not asked, nor one that would be late everywhere.
    """
    when = kept.survey.when
    if when.every is None:
        return None
    period = newest_period(when.every, when.day, work.now)
    starts_at = begins_at(period.on)
    if kept.on_at is not None and starts_at < kept.on_at:
        return None
    if work.now > last_asked_at(period.on, when.at or USUAL_AT) + when.late_after:
        return None
    if await rows.find_wave(work.tx, kept.key, period.name) is not None:
        return None
    wave = await rows.open_wave(work.tx, kept.key, period.name, **_scheduled(when, period.on, starts_at, work.now))
    if wave is not None:
        _audit(work, wave, by=SYSTEM, action="survey.open_period", after=_told(wave))
    return wave


def _scheduled(when: When, on: date, starts_at: datetime, now: datetime) -> dict[str, Any]:
    return {
        "cause": Cause.SCHEDULE.value,
        "segment": when.segment,
        "sample_permille": when.sample_permille,
        "seed": when.seed,
        "starts_at": starts_at,
        "on": on,
        "at": when.at or USUAL_AT,
        "late_after": when.late_after,
        "by": SYSTEM,
        "now": now,
    }


def _told(wave: Wave) -> dict[str, Any]:
    return {
        "survey": wave.survey,
        "occasion": wave.occasion,
        "segment": wave.segment,
        "sample_permille": wave.sample_permille,
        "on": wave.on.isoformat() if wave.on else None,
    }


def _audit(work: Work, wave: Wave, *, by: Actor, action: str, after: dict[str, Any]) -> None:
    add_audit(work.tx, at=work.now, actor=by, action=action, subject=("survey_wave", wave.id), after=after)


async def preview_wave(
    work: Work,
    key: str,
    *,
    segment: str | None,
    sample_permille: int = WHOLE,
    seed: str = "",
    by: Actor,
    most: int | None = None,
) -> Preview | Refusal:
    """Return what a wave made now would come to; nothing is stored.

    With ``most``, about so many people are judged one by one, evenly chosen, and the figures scaled up: for where
    nobody can wait for all of them. Raises :class:`SegmentError`.
    """
    if not await may(work, by, Permission.RUN_CAMPAIGNS):
        return _NOT_ALLOWED
    kept = await _on(work, key)
    if isinstance(kept, Refusal):
        return kept
    wrong = _wrong(work, sample_permille, seed, None, None)
    if wrong is not None:
        return wrong
    query = await segments.members(work, segments.parse(work, segment)) if segment is not None else None
    meant = await due_rows.count_people(work.tx, bot_id=work.bot_id, members=query)
    every = max(1, meant * sample_permille // WHOLE // most) if most else 1
    ids = await due_rows.list_ids(work.tx, bot_id=work.bot_id, members=query, every=every)
    occasion = f"{BY_HAND}{await rows.get_last_id(work.tx) + 1}"
    chosen = [one for one in ids if is_sampled(seed, key, occasion, one, sample_permille)]
    held = await _held(work, kept, chosen)
    judged, sampled = len(chosen), len(chosen) if every == 1 else meant * sample_permille // WHOLE
    scaled = {why: _scaled(count, sampled, judged) for why, count in sorted(held.items())}
    return Preview(meant, sampled, sampled - sum(scaled.values()), scaled, judged)


def _scaled(count: int, sampled: int, judged: int) -> int:
    return round(count * sampled / judged) if judged else 0


async def _held(work: Work, kept: Kept, customer_ids: Sequence[int]) -> Counter[str]:
    """Count why people could not be asked now; who only sleeps is asked in the morning."""
    held: Counter[str] = Counter()
    for first in range(0, len(customer_ids), _SLICE):
        ids = customer_ids[first : first + _SLICE]
        asked = await last_asked(work, [(customer_id, kept) for customer_id in ids])
        answers = await verdicts(work, ids, ConsentClass.SURVEYS, campaign=campaign_of(kept.key))
        for customer_id in ids:
            before = asked[customer_id, kept.key]
            if is_within_cadence(before, kept.survey.when.cadence, work.now):
                held[WhyNot.CADENCE] += 1
                continue
            verdict = judged(work, answers[customer_id], before)
            if verdict.why not in (None, Hold.QUIET_HOURS):
                held[str(verdict.why)] += 1
    return held


def why_key(reason: str | None) -> str:
    """Return the key of the words for why people are not asked, as previews and deliveries name the reason."""
    return f"survey_send.why.{reason if reason in _WORDED else 'other'}"


def campaign_of(key: str) -> str:
    """Return the campaign under which a survey's messages are delivered."""
    return f"{due_rows.CAMPAIGN}{key}"


async def last_asked(work: Work, pairs: Sequence[tuple[int, Kept]]) -> dict[tuple[int, str], Asked]:
    """Return when each of these customers was last asked their survey, and any, as far back as it matters."""
    longest = max([work.rules.surveys.rest, *(kept.survey.when.cadence or timedelta() for _, kept in pairs)])
    keys = [(customer_id, kept.key) for customer_id, kept in pairs]
    return await due_rows.list_asked(work.tx, keys, longest=longest, now=work.now)


def judged(work: Work, verdict: Verdict, asked: Asked) -> Verdict:
    """Return whether a survey may be asked, the contact question and the rest after another survey taken together.

    Of two reasons the one that lasts longer is named; one without an end lasts longest.
    """
    until = rests_until(asked, work.rules.surveys.rest, work.now)
    if until is not None and (verdict.allowed or (verdict.until is not None and verdict.until < until)):
        return Verdict(False, Hold.REST, until)
    return verdict
