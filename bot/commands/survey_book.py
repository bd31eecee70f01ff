"""``carebot survey add``, ``list``, ``show``, ``check``, ``on``, ``off``, ``close``: which surveys there are."""

from collections.abc import Sequence
from pathlib import Path

from bot.commands.common import print_rows, printable, run, say_error, store, work_of
from bot.commands.documents import Seen, read_text
from bot.commands.survey_drawing import draw, when_in_words
from bot.settings import Settings
from bot.settings_file import has_settings, load_settings
from domain.errors import BadInput, BadSurvey, CarebotError, NotFound, StorageError
from domain.languages import DEFAULT_LANGUAGE, LANGUAGES
from domain.outcomes import Refusal
from domain.people import SYSTEM
from domain.segments import SegmentError, Vocabulary
from domain.segments import parse as parse_segment
from domain.surveys import SurveyRules, SurveyState, in_language
from services.surveys.book import (
    Kept,
    add_survey,
    get_survey,
    list_surveys,
    segment_problem,
    switch_survey,
    why_no_segment,
)
from services.surveys.document import MOST_BYTES, Document, bad_survey, read_toml
from services.surveys.faults import warnings_of
from services.work import Work

_COLUMNS = ("key", "state", "version", "from", "questions", "asked", "title")
_SWITCHED = {
    SurveyState.ON: "is asked from now on; what was due before is not",
    SurveyState.OFF: "is not asked any more; who was asked may still answer",
    SurveyState.CLOSED: "is not asked any more, and takes no answers",
}


def read_file(path: Path, languages: Sequence[str]) -> Document:
    """Return the survey a file holds. Raises :class:`BadSurvey` with a line for each fault."""
    name, text = read_text(path, MOST_BYTES, BadSurvey)
    return read_toml(text, name=name, languages=languages)


def add(file: Path | None, path: Path, *, on: bool) -> None:
    """Keep the survey of a file, or the next version of it; with ``on`` it is asked from now on."""
    run(_add(file, path, on))


async def _add(file: Path | None, path: Path, on: bool) -> None:
    async with store(file) as (settings, database):
        document = read_file(path, settings.business.languages)
        async with database.write() as tx:
            work = work_of(settings, tx)
            added = await add_survey(work, document, by=SYSTEM, state=SurveyState.ON if on else None)
            if isinstance(added, Refusal):
                raise _refused(added)
    kept = added.kept
    _warn(document.name, added.warnings)
    if added.is_new:
        print(f"added {kept.key}, version 1; it is {kept.state}{_mend_of_off(kept)}")
    elif added.is_new_version:
        print(
            f"{kept.key} is now version {kept.version}; it is {kept.state}; answers to older versions stay as they are"
        )
    else:
        print(f"{kept.key} says the same as version {kept.version}; nothing was added; it is {kept.state}")
    _say_if_disabled(settings, kept)


def _warn(name: str, warnings: Sequence[str]) -> None:
    for warning in warnings:
        say_error(f"carebot: warning: {name}: {printable(warning)}")


def _mend_of_off(kept: Kept) -> str:
    return f"; `carebot survey on {kept.key}` switches it on" if kept.state is not SurveyState.ON else ""


def _say_if_disabled(settings: Settings, kept: Kept) -> None:
    if kept.state is SurveyState.ON and not settings.surveys.enabled:
        say_error("carebot: warning: surveys.enabled is false in the configuration, so nobody is asked anything")


def show_all(file: Path | None) -> None:
    """Print the surveys there are."""
    run(_show_all(file))


async def _show_all(file: Path | None) -> None:
    async with store(file) as (settings, database), database.read() as tx:
        work = work_of(settings, tx)
        surveys = await list_surveys(work)
    if not surveys:
        print("no surveys; `carebot survey add FILE` adds one, and `carebot run` those that come with the program")
        return
    print_rows(_COLUMNS, [_row(kept, work.rules.languages) for kept in surveys])


def _row(kept: Kept, languages: Sequence[str]) -> tuple[str, ...]:
    return (
        kept.key,
        kept.state.value,
        str(kept.version),
        "carebot" if kept.shipped else "you",
        str(len(kept.survey.questions)),
        when_in_words(kept.survey.when),
        printable(in_language(kept.survey.title, languages[0], languages)),
    )


def show(file: Path | None, key: str, version: int | None, language: str | None) -> None:
    """Draw a survey: its questions, their answers, and where each leads."""
    run(_show(file, key, version, language))


async def _show(file: Path | None, key: str, version: int | None, language: str | None) -> None:
    async with store(file) as (settings, database), database.read() as tx:
        work = work_of(settings, tx)
        languages = work.rules.languages
        wanted = _language(language) if language is not None else languages[0]
        kept = await get_survey(work, key, version=version)
        if kept is None:
            raise NotFound(await _nothing(work, key, version))
    state = f"{kept.state} since {_local(work, kept)}" if kept.on_at and kept.state is SurveyState.ON else kept.state
    by = "came with carebot" if kept.shipped else "added by you"
    print(f"{kept.key}, version {kept.version} ({state}, {by})")
    for line in draw(kept.survey, wanted, (*languages, DEFAULT_LANGUAGE)):
        print(line)


def _language(written: str) -> str:
    for language in LANGUAGES:
        if written.replace("-", "_").lower() == language.lower():
            return language
    raise BadInput(f"--language: unknown language {printable(written)!r}; choose among {', '.join(LANGUAGES)}")


def _local(work: Work, kept: Kept) -> str:
    assert kept.on_at is not None
    return f"{kept.on_at.astimezone(work.rules.zone):%Y-%m-%d %H:%M}"


async def _nothing(work: Work, key: str, version: int | None) -> str:
    kept = await get_survey(work, key) if version is not None else None
    if kept is not None:
        return f"--version: {kept.key} has the versions 1 to {kept.version}; name one of them"
    return f"there is no survey {printable(key)!r}; `carebot survey list` shows them"


def check(file: Path | None, paths: Sequence[Path]) -> None:
    """Say of each file whether the survey in it could be added; nothing is stored.

    Raises :class:`BadSurvey` with the faults of all files.
    """
    settings = load_settings(file) if has_settings(file) else None
    languages = settings.business.languages if settings else ()
    rules = settings.surveys.rules() if settings else SurveyRules()
    faults: list[str] = []
    seen = Seen()
    for path in dict.fromkeys(paths):
        try:
            document = read_file(path, languages)
            run(_check_segment(file, settings, document))
        except BadSurvey as error:
            faults += error.faults
            continue
        if (fault := seen.fault_of(document.name, document.key)) is not None:
            faults.append(fault)
            continue
        survey = document.survey()
        _warn(document.name, warnings_of(survey, rules))
        count = len(survey.questions)
        print(f"{document.name}: {survey.key} can be added; {count} question{'s' if count != 1 else ''}")
    if settings is None:
        say_error("carebot: there is no configuration here, so the languages of the business were not looked for")
    if faults:
        raise BadSurvey(faults)


async def _check_segment(file: Path | None, settings: Settings | None, document: Document) -> None:
    """Look at the segment of a survey as far as is possible here. Raises :class:`BadSurvey`."""
    expression = document.when.segment
    if expression is None or settings is None:
        return
    try:
        segment = parse_segment(expression, Vocabulary.of(settings.rules()))
    except SegmentError as error:
        raise bad_survey(document.name, [f"when.segment: {segment_problem(error)}"]) from None
    if not segment.names:
        return
    try:
        async with store(file) as (_, database), database.read() as tx:
            problem = await why_no_segment(work_of(settings, tx), expression)
    except StorageError as error:
        say_error(f"carebot: {document.name}: when.segment: saved segments were not looked up: {error}")
        return
    if problem is not None:
        raise bad_survey(document.name, [f"when.segment: {problem}"])


def switch(file: Path | None, key: str, state: SurveyState) -> None:
    """Switch a survey on, off or closed."""
    run(_switch(file, key, state))


async def _switch(file: Path | None, key: str, state: SurveyState) -> None:
    async with store(file) as (settings, database), database.write() as tx:
        work = work_of(settings, tx)
        before = await get_survey(work, key)
        kept = await switch_survey(work, key, state, by=SYSTEM)
        if isinstance(kept, Refusal):
            raise _refused(kept)
    was = before is not None and before.state is state
    print(f"{kept.key} is {state} already" if was else f"{kept.key} {_SWITCHED[state]}")
    _say_if_disabled(settings, kept)


def _refused(refusal: Refusal) -> CarebotError:
    values = {name: printable(str(value)) for name, value in refusal.values.items()}
    if refusal.key == "survey_book.refused.unknown":
        return NotFound(f"there is no survey {values['survey']!r}; `carebot survey list` shows them")
    assert refusal.key == "survey_book.refused.other_on", refusal.key
    mend = f"switch it off first, with `carebot survey off {values['other']}`"
    return BadInput(f"{values['survey']}: {values['other']} is asked on the same occasion already; {mend}")
