"""The book of surveys: kept in versions that never change, switched on and off, seeded with those that are shipped."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.errors import SettingsError
from domain.outcomes import Refusal
from domain.people import SYSTEM, Actor, Permission
from domain.segments import SegmentError
from domain.surveys import AfterCase, Survey, SurveyState
from services import segments
from services.permits import may
from services.surveys.document import Document, bad_survey, parse_canonical, read_toml
from services.surveys.faults import faults_of, languages_missing, warnings_of
from services.work import Work
from storage import surveys as rows
from storage.audit import add_audit
from storage.surveys import SurveyRow
from texts.surveys import shipped_survey_files

_NOT_ALLOWED = Refusal("survey_book.refused.not_allowed")


@dataclass(frozen=True, slots=True)
class Kept:
    """One version of a survey that is kept; ``on_at`` is when the survey was last switched on."""

    id: int
    key: str
    state: SurveyState
    version: int
    survey: Survey
    shipped: bool
    changed_at: datetime
    on_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """What came of adding a document; ``warnings`` are lines about what is allowed but seldom meant."""

    kept: Kept
    is_new: bool
    is_new_version: bool
    warnings: tuple[str, ...] = ()


def _kept(row: SurveyRow) -> Kept:
    survey = parse_canonical(row.document)
    state = SurveyState(row.state)
    return Kept(row.id, row.key, state, row.version, survey, row.shipped, row.changed_at, row.on_at)


async def get_survey(work: Work, key: str, *, version: int | None = None) -> Kept | None:
    """Return a survey as it is asked now, or in an older version."""
    row = await rows.get_survey(work.tx, key, version=version)
    return _kept(row) if row else None


async def list_surveys(work: Work) -> list[Kept]:
    """Return all surveys as they are asked now, by key."""
    return [_kept(row) for row in await rows.list_surveys(work.tx)]


async def list_versions(work: Work, key: str) -> list[Kept]:
    """Return all versions of a survey, oldest first."""
    return [_kept(row) for row in await rows.list_versions(work.tx, key)]


async def survey_after_case(work: Work, after: AfterCase) -> Kept | None:
    """Return the survey that is on for solved cases of this kind."""
    return _asked_after(await list_surveys(work), after)


def _asked_after(surveys: list[Kept], after: AfterCase, *, but: str | None = None) -> Kept | None:
    return next(
        (
            kept
            for kept in surveys
            if kept.state is SurveyState.ON and kept.survey.when.after_case is after and kept.key != but
        ),
        None,
    )


async def add_survey(
    work: Work, document: Document, *, by: Actor, shipped: bool = False, state: SurveyState | None = None
) -> Added | Refusal:
    """Keep a document: as a new survey (off unless ``state`` says otherwise) or as the next version of its survey.

    The same content again changes nothing. Raises :class:`BadSurvey` for what cannot be asked here: a language that is
    missing, a segment that cannot be read.
    """
    if not await may(work, by, Permission.RUN_CAMPAIGNS):
        return _NOT_ALLOWED
    survey = document.survey()
    faults = await faults_here(work, document, languages=() if shipped else work.rules.languages)
    if faults:
        raise bad_survey(document.name or f"survey {survey.key}", faults)
    await rows.hold_surveys(work.tx)
    before = await get_survey(work, survey.key)
    wanted = state or (before.state if before else SurveyState.OFF)
    if wanted is SurveyState.ON and (refusal := await _why_not_on(work, survey)) is not None:
        return refusal
    warnings = warnings_of(survey, work.rules.surveys)
    if before is None:
        await _insert(work, document, state=wanted, shipped=shipped, by=by)
        return Added(await _current(work, survey.key), True, True, warnings)
    is_other = survey != before.survey
    if is_other:
        await _insert_version(work, document, before, shipped=shipped, by=by)
    if wanted is not before.state:
        await _set_state(work, before, wanted, by=by)
    kept = await _current(work, survey.key)
    return Added(kept, False, is_other, (*warnings, *_kinds_changed(before.survey, survey)))


async def _insert(work: Work, document: Document, *, state: SurveyState, shipped: bool, by: Actor) -> None:
    survey_id = await rows.insert_survey(
        work.tx,
        key=document.key,
        document=document.canonical(),
        state=state.value,
        on_at=work.now if state is SurveyState.ON else None,
        shipped=shipped,
        by=by,
        now=work.now,
    )
    _audit(work, by, "survey.add", survey_id, None, {"key": document.key, "version": 1, "state": state.value})


async def _insert_version(work: Work, document: Document, before: Kept, *, shipped: bool, by: Actor) -> None:
    version = before.version + 1
    await rows.add_version(
        work.tx, before.id, version, document=document.canonical(), shipped=shipped, by=by, now=work.now
    )
    after: dict[str, object] = {"key": before.key, "version": version, "shipped": shipped}
    _audit(work, by, "survey.version", before.id, {"version": before.version, "shipped": before.shipped}, after)


async def _current(work: Work, key: str) -> Kept:
    kept = await get_survey(work, key)
    assert kept is not None
    return kept


def _kinds_changed(before: Survey, after: Survey) -> tuple[str, ...]:
    return tuple(
        f"questions: {old.key} was of kind {old.kind} and is {new.kind} now; "
        "answers of the two are not compared, give it a new key"
        for old in before.questions
        if (new := after.question(old.key)) is not None and new.kind is not old.kind
    )


async def faults_here(work: Work, document: Document, *, languages: Sequence[str]) -> list[str]:
    """Return what keeps a document from being asked by this business, a line ``key: what; mend`` each."""
    faults = faults_of(document, languages)
    if document.when.segment is not None:
        problem = await why_no_segment(work, document.when.segment)
        if problem is not None:
            faults.append(f"when.segment: {problem}")
    return faults


async def why_no_segment(work: Work, expression: str) -> str | None:
    """Return in one line why nobody can be found by this expression, ``None`` when it can be read."""
    try:
        await segments.members(work, segments.parse(work, expression))
    except SegmentError as error:
        return segment_problem(error)
    return None


async def trouble_with_surveys(work: Work) -> list[str]:
    """Return what is wrong with the surveys that are on since the settings changed, a line ``key: what; mend`` each."""
    found = []
    for kept in await list_surveys(work):
        if kept.state is not SurveyState.ON:
            continue
        missing = languages_missing(kept.survey, work.rules.languages)
        if missing:
            mend = "write it into its file and add that again"
            found.append(f"{kept.key}: not every text is there in {' and '.join(missing)}; {mend}")
        segment = kept.survey.when.segment
        problem = await why_no_segment(work, segment) if segment is not None else None
        if problem is not None:
            found.append(f"{kept.key}: nobody is asked: when.segment: {problem}; mend its file and add that again")
    return found


def segment_problem(error: SegmentError) -> str:
    """Return what is wrong with an expression, and where, in one line of a document's faults."""
    return str(error).splitlines()[0].removeprefix("segment, ")


async def switch_survey(work: Work, key: str, state: SurveyState, *, by: Actor) -> Kept | Refusal:
    """Switch a survey on, off (nobody is asked anew), or close it (answers are refused as well)."""
    if not await may(work, by, Permission.RUN_CAMPAIGNS):
        return _NOT_ALLOWED
    await rows.hold_surveys(work.tx)
    before = await get_survey(work, key)
    if before is None:
        return Refusal("survey_book.refused.unknown", {"survey": key[:64]})
    if before.state is state:
        return before
    if state is SurveyState.ON and (refusal := await _why_not_on(work, before.survey)) is not None:
        return refusal
    await _set_state(work, before, state, by=by)
    return await _current(work, key)


async def _why_not_on(work: Work, survey: Survey) -> Refusal | None:
    """One survey is asked after a case: two of them would be two questions about the same thing."""
    after = survey.when.after_case
    other = _asked_after(await list_surveys(work), after, but=survey.key) if after is not None else None
    return Refusal("survey_book.refused.other_on", {"survey": survey.key, "other": other.key}) if other else None


async def _set_state(work: Work, before: Kept, state: SurveyState, *, by: Actor) -> None:
    values: dict[str, object] = {"state": state.value, "changed_at": work.now}
    if state is SurveyState.ON:
        values["on_at"] = work.now
    await rows.change_survey(work.tx, before.id, **values)
    after: dict[str, object] = {"key": before.key, "state": state.value}
    _audit(work, by, "survey.switch", before.id, {"state": before.state.value}, after)


def _audit(
    work: Work, by: Actor, action: str, survey_id: int, before: dict[str, object] | None, after: dict[str, object]
) -> None:
    add_audit(work.tx, at=work.now, actor=by, action=action, subject=("survey", survey_id), before=before, after=after)


async def seed_shipped(work: Work) -> int:
    """Keep the shipped surveys the database does not know in this version; returns how many.

    Those of the rules are on from the start. What somebody changed by hand is theirs, and stays.
    """
    on = work.rules.surveys.shipped
    await rows.hold_surveys(work.tx)
    documents = [read_toml(text, name=name) for name, text in shipped_survey_files()]
    keys = [document.key for document in documents]
    for key in on:
        if key not in keys:
            raise SettingsError(f"surveys.shipped: no survey {key} comes with carebot; there are: {', '.join(keys)}")
    return sum([await _seed_one(work, document, on=document.key in on) for document in documents])


async def _seed_one(work: Work, document: Document, *, on: bool) -> bool:
    before = await get_survey(work, document.key)
    if before is not None and not before.shipped:
        return False
    state = SurveyState.ON if on and before is None else None
    added = await add_survey(work, document, by=SYSTEM, shipped=True, state=state)
    if isinstance(added, Refusal) and state is SurveyState.ON:  # the business asks another survey there
        added = await add_survey(work, document, by=SYSTEM, shipped=True)
    return isinstance(added, Added) and added.is_new_version
