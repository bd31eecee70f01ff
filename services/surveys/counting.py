"""A survey's responses and answers, counted month by month, added up to a whole, a trend and a split's parts."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.instants import local_instant
from domain.surveys import Question, Survey
from domain.surveys.answers import Answer
from domain.surveys.flow import walk
from domain.surveys.lows import score_question
from domain.surveys.results import Split
from services.surveys.book import Kept, list_versions
from services.surveys.tallies import Funnel, Slice, Tally, alike
from services.work import Work
from storage import survey_results as rows
from storage.survey_results import AnswerCount, By, LastAnswer, ResponseCount, Scope

_BY = {Split.TIER: By.TIER, Split.STAFF: By.STAFF, Split.LANGUAGE: By.LANGUAGE, Split.CAMPAIGN: By.CAMPAIGN}
_NOBODY = ""
_MS = timedelta(milliseconds=1)


@dataclass(slots=True)
class Counted:
    """Everything the database counted, added up."""

    kept: Kept
    versions: Mapping[int, Survey]
    scored: Question | None
    by_aspect: bool = False
    funnel: Funnel = field(default_factory=Funnel)
    tallies: dict[str, Tally] = field(default_factory=dict)
    months: dict[str, Slice] = field(default_factory=dict)
    parts: dict[str, Slice] = field(default_factory=dict)


async def count(work: Work, scope: Scope, kept: Kept, split: Split | None) -> Counted:
    """Return everything about a survey, counted month by month and added up."""
    versions = {version.version: version.survey for version in await list_versions(work, kept.key)}
    aspects = {question.aspect for question in kept.survey.questions if question.scored and question.aspect}
    counted = Counted(kept, versions, score_question(kept.survey), by_aspect=split is Split.ASPECT and len(aspects) > 1)
    for question in kept.survey.questions:
        counted.tallies[question.key] = Tally(question)
    by = By.CASE_ASPECT if split is Split.ASPECT and not counted.by_aspect else _BY.get(split) if split else None
    span = await rows.get_span(work.tx, scope.survey)
    if span is None:
        return counted
    first_at, last_at = max(span[0], scope.since_at or span[0]), min(span[1] + _MS, scope.until_at or span[1] + _MS)
    months = list(months_between(first_at, last_at, work.rules.zone))
    if months:
        await _count_months(work, scope, counted, first_at, months, by, split)
        await _place_the_unfinished(work, scope, counted)
    return counted


def months_between(begins_at: datetime, ends_at: datetime, zone: ZoneInfo) -> Iterator[tuple[str, datetime]]:
    """Yield the local months of a span, by names such as 2026-11, and when each ends; the last ends with the span."""
    at = begins_at
    while at < ends_at:
        local = at.astimezone(zone)
        following = (local.replace(day=1) + timedelta(days=32)).replace(day=1).date()
        at = min(local_instant(datetime.combine(following, time()), zone), ends_at)
        yield f"{local:%Y-%m}", at


async def _count_months(
    work: Work,
    scope: Scope,
    counted: Counted,
    begins_at: datetime,
    months: Sequence[tuple[str, datetime]],
    by: By | None,
    split: Split | None,
) -> None:
    """Add the months to the whole, to the trend and to their parts: the database is asked once for all of them."""

    def part_of(row: ResponseCount | AnswerCount) -> Slice | None:
        if split is None or counted.by_aspect:
            return None
        named = {Split.PERIOD: months[row.span][0], Split.VERSION: str(row.version)}
        return counted.parts.setdefault(named.get(split, _NOBODY if row.part is None else str(row.part)), Slice())

    borders = [begins_at, *(ends_at for _, ends_at in months)]
    counted.months.update({name: Slice() for name, _ in months})
    for row in await rows.count_responses(work.tx, scope, borders=borders, by=by):
        part = part_of(row)
        month = counted.months[months[row.span][0]]
        for funnel in (counted.funnel, month.funnel, *((part.funnel,) if part else ())):
            funnel.add(row)
    versions = sorted(counted.versions)
    for answer in await rows.count_answers(work.tx, scope, borders=borders, versions=versions, by=by):
        fits = _add(counted, answer)
        if fits and counted.scored is not None and answer.question == counted.scored.key:
            counted.months[months[answer.span][0]].add(answer)
            part = part_of(answer)
            if part is not None:
                part.add(answer)


def _add(counted: Counted, row: AnswerCount) -> bool:
    """Add alike answers to their question; returns whether the question was then what it is now.

    A question that is asked no more stands behind the others.
    """
    then = counted.versions[row.version].question(row.question)
    if then is None:
        return False
    tally = counted.tallies.setdefault(row.question, Tally(then))
    fits = tally.add(row, fits=alike(then, tally.question))
    if fits and counted.by_aspect and tally.question.scored and tally.question.aspect:
        counted.parts.setdefault(tally.question.aspect.value, Slice()).add(row)
    return fits


async def _place_the_unfinished(work: Work, scope: Scope, counted: Counted) -> None:
    """Count at each question who left there, and who still stands there: one question behind their last answer."""
    keys = {
        (version, question.key): nth
        for version, survey in counted.versions.items()
        for nth, question in enumerate(survey.questions)
    }
    forks = [
        (version, question.key)
        for version, survey in counted.versions.items()
        for question in survey.questions
        if question.jumps
    ]
    silent = counted.funnel.waiting.copy()
    for last in await rows.count_last_answers(work.tx, scope, places=keys, forks=forks):
        silent[last.version, last.state] -= last.count
        survey = counted.versions.get(last.version)
        _stand(counted, _behind(work, survey, last) if survey else None, last.state, last.count)
    for (version, state), count in silent.items():
        survey = counted.versions.get(version)
        if survey is not None and count > 0:
            _stand(counted, survey.questions[0].key, state, count)


def _stand(counted: Counted, key: str | None, state: str, count: int) -> None:
    tally = counted.tallies.get(key or "")
    if tally is None:
        return
    if state == "open":
        tally.standing += count
    else:
        tally.left += count


def _behind(work: Work, survey: Survey, last: LastAnswer) -> str | None:
    """Return the question that comes after an answer; the walk of what is left of the survey knows the way."""
    rest = [question.key for question in survey.questions]
    question = survey.question(last.question)
    if question is None:
        return None
    answer = Answer(
        question.key,
        question.kind,
        work.now,
        number=last.number,
        choices=tuple(json.loads(last.chosen) or ()) if last.chosen else (),
        skipped=last.skipped,
    )
    ahead = replace(survey, questions=survey.questions[rest.index(question.key) :])
    at = walk(ahead, {question.key: answer}).at
    return at.key if at is not None else None
