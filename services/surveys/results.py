"""What a survey's answers come to, over a span and by part, with how sure that is and what to beware of."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from domain.outcomes import Refusal
from domain.people import SYSTEM, Actor, ActorKind, Permission
from domain.surveys import Question, QuestionKind
from domain.surveys.results import Part, Point, QuestionResult, Results, Said, Split, Warning
from domain.surveys.scores import NOTHING, Bounds, Estimate, bounds, share
from services.permits import may, member_of
from services.surveys.book import get_survey
from services.surveys.counting import Counted, count
from services.surveys.result_words import in_figures, percent
from services.surveys.tallies import Funnel, Slice, Tally, alike, estimate, scale_of
from services.work import Work
from storage import survey_results as rows
from storage.staff import get_member
from storage.survey_results import Reader, Scope

__all__ = ("Part", "Point", "QuestionResult", "Results", "Said", "Split", "Warning", "results", "words_of")


async def results(
    work: Work,
    key: str,
    *,
    by: Actor,
    since: datetime | None = None,
    until: datetime | None = None,
    split: Split | None = None,
) -> Results | Refusal:
    """Return what came of a survey asked from ``since`` until before ``until``, and by part when ``split`` says so.

    Only standing, unskipped answers on the path taken make a score; who was silent or dismissed it is in none.
    """
    if not await may(work, by, Permission.READ):
        return Refusal("desk.refused.not_allowed")
    kept = await get_survey(work, key)
    if kept is None:
        return Refusal("survey_results.refused.unknown", {"survey": key})
    scope = Scope(kept.key, await _reader(work, by), since, until)
    counted = await count(work, scope, kept, split)
    return await _results(work, scope, counted, split)


async def words_of(
    work: Work, key: str, *, by: Actor, question: str | None = None, limit: int = 10, before_id: int | None = None
) -> tuple[Said, ...] | Refusal:
    """Return the newest free words people answered with, before answer ``before_id``; nothing confidential."""
    if not await may(work, by, Permission.READ):
        return Refusal("desk.refused.not_allowed")
    kept = await get_survey(work, key)
    if kept is None:
        return Refusal("survey_results.refused.unknown", {"survey": key})
    scope = Scope(kept.key, Reader(supervises=False))
    found = await rows.list_words(work.tx, scope, question=question, limit=limit, before_id=before_id)
    return tuple(
        Said(
            id=row.id,
            response_id=row.response_id,
            question=row.question,
            text=row.text,
            at=row.answered_at,
            customer_id=row.customer_id,
            name=row.name,
            score=row.score,
            case_id=row.case_id,
            case_number=None if row.case_number is None else f"C-{row.case_number}",
        )
        for row in found
    )


async def _reader(work: Work, by: Actor) -> Reader:
    """Return whose eyes it is for; an API key sees no confidential case, whatever its scopes."""
    if by == SYSTEM:
        return Reader(supervises=True)
    member = None if by.kind is ActorKind.API else await member_of(work, by)
    if member is None:
        return Reader(supervises=False)
    return Reader(member.may(Permission.SUPERVISE), member.id)


async def _results(work: Work, scope: Scope, counted: Counted, split: Split | None) -> Results:
    funnel, question = counted.funnel, counted.scored
    tally = counted.tallies[question.key] if question is not None else None
    least = work.rules.surveys.least_answers
    score = estimate(question, tally.counts) if question is not None and tally is not None else NOTHING
    reach = _bounds(question, tally, funnel)
    survey = counted.kept.survey
    return Results(
        key=counted.kept.key,
        title=survey.title,
        version=counted.kept.version,
        since=scope.since_at,
        until=scope.until_at,
        asked=funnel.asked,
        delivered=funnel.arrived,
        undelivered=funnel.refused,
        started=funnel.started,
        finished=funnel.states["finished"],
        stopped=funnel.states["stopped"],
        expired=funnel.states["expired"],
        open=funnel.states["open"],
        response_rate=funnel.response_rate,
        completion=share(funnel.through, funnel.started),
        score_by=question.key if question is not None else None,
        score_kind=question.kind if question is not None else None,
        score=score,
        bounds=reach,
        questions=tuple(found.result(least=least) for found in counted.tallies.values()),
        trend=tuple(
            Point(month, found, asked=one.funnel.asked, too_few=found.n < least)
            for month, one in counted.months.items()
            for found in (one.score(question),)
        ),
        split=split,
        splits=await _parts(work, counted, split, least),
        warnings=tuple(_warnings(work, counted, score, reach)),
        too_few=score.n < least,
    )


def _bounds(question: Question | None, tally: Tally | None, funnel: Funnel) -> Bounds | None:
    scale = scale_of(question) if question is not None else None
    if question is None or tally is None or scale is None or question.kind is QuestionKind.NUMBER:
        return None
    silent = max(0, funnel.arrived - tally.answered - tally.strange)
    return bounds(question.kind, tally.counts, silent, scale=scale)


async def _parts(work: Work, counted: Counted, split: Split | None, least: int) -> tuple[Part, ...]:
    if split is None:
        return ()
    made = []
    for key, found in counted.parts.items():
        made.append(_aspect_part(counted, key, found) if counted.by_aspect else _part(counted, key, found))
    named = [replace(part, label=await _label(work, split, part.key), too_few=part.score.n < least) for part in made]
    if split in (Split.PERIOD, Split.VERSION):
        return tuple(sorted(named, key=lambda part: (len(part.key), part.key)))
    return tuple(sorted(named, key=lambda part: (-part.asked, part.key)))


def _part(counted: Counted, key: str, found: Slice) -> Part:
    question = counted.scored
    funnel, score = found.funnel, found.score(question)
    return Part(key, key, funnel.asked, funnel.response_rate, score, question.kind if question is not None else None)


def _aspect_part(counted: Counted, key: str, found: Slice) -> Part:
    """Return one aspect: the answers to its questions together, as far as they are of one kind."""
    questions = [one for one in counted.kept.survey.questions if one.scored and one.aspect and one.aspect.value == key]
    first = questions[0]
    together: Counter[int] = Counter()
    for one in questions:
        if alike(one, first):
            together.update(found.counts.get(one.key, {}))
    score = estimate(first, together)
    return Part(key, key, score.n + found.skipped, share(score.n, score.n + found.skipped), score, first.kind)


async def _label(work: Work, split: Split, key: str) -> str:
    """Return the name of a part that has one of its own: a member of staff's."""
    if split is not Split.STAFF or not key:
        return key
    member = await get_member(work.tx, int(key))
    return member.name if member is not None else key


def _warnings(work: Work, counted: Counted, score: Estimate, reach: Bounds | None) -> Iterator[Warning]:
    """Yield what to beware of, the weightiest first."""
    rules, funnel, question = work.rules.surveys, counted.funnel, counted.scored
    if funnel.arrived and score.n < rules.least_answers:
        yield Warning("survey_results.warn.few", {"count": score.n, "least": rules.least_answers})
    rate = funnel.response_rate.value
    if rate is not None and rate < rules.least_rate:
        yield Warning("survey_results.warn.rate", {"rate": percent(rate), "least": percent(rules.least_rate)})
    if question is not None and reach is not None and score.n and reach.silent:
        low, high = in_figures(question.kind, reach.low), in_figures(question.kind, reach.high)
        yield Warning("survey_results.warn.silent", {"count": reach.silent, "low": low, "high": high})
    if funnel.states["open"]:
        yield Warning("survey_results.warn.open", {"count": funnel.states["open"]})
    if funnel.refused:
        yield Warning("survey_results.warn.undelivered", {"count": funnel.refused})
    for tally in counted.tallies.values():
        if tally.strange:
            values = {"count": tally.strange, "question": tally.question.key}
            yield Warning("survey_results.warn.changed", values)
