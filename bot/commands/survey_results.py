"""``carebot survey results``: what people answered, how sure that is, and what to beware of, at a glance."""

from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from bot.commands.common import printable, run, store, work_of
from domain.errors import BadInput, NotFound
from domain.outcomes import Refusal
from domain.people import SYSTEM
from domain.surveys import in_language
from domain.surveys.results import Part, QuestionResult, Results, Said, Split
from services.review import read_period
from services.surveys import result_words
from services.surveys.results import results, words_of
from services.work import Work
from texts.catalogue import plain

_LANGUAGE = "en"
_BAR = 30
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def show(file: Path | None, key: str, since: str | None, until: str | None, by: str | None, words: int) -> None:
    """Print the results of a survey over the days asked for, both included, by part when ``by`` says so."""
    run(_show(file, key, since, until, by, words))


def read_split(by: str | None) -> Split | None:
    """Return the split an option names. Raises :class:`BadInput` with all there are."""
    try:
        return Split(by) if by is not None else None
    except ValueError:
        raise BadInput(f'--by: "{printable(by or "")[:40]}" is none of {", ".join(Split)}') from None


async def _show(file: Path | None, key: str, since: str | None, until: str | None, by: str | None, words: int) -> None:
    split = read_split(by)
    async with store(file) as (settings, database):
        zone = settings.business.time_zone
        period = read_period(since, until, zone=zone)
        async with database.read() as tx:
            work = work_of(settings, tx)
            found = await results(work, key, by=SYSTEM, since=period.since, until=period.until, split=split)
            if isinstance(found, Refusal):
                refused = plain(work.texts.say(found.key, _LANGUAGE, **found.values)).rstrip(".")
                raise NotFound(f"{refused}; `carebot survey list` shows them")
            said = await words_of(work, key, by=SYSTEM, limit=words) if words else ()
            assert not isinstance(said, Refusal)
        _print(work, found, said, zone)


def _print(work: Work, found: Results, said: tuple[Said, ...], zone: ZoneInfo) -> None:
    console = Console(highlight=False, soft_wrap=True, markup=False)
    say = console.print
    say(f"{printable(in_language(found.title, _LANGUAGE))} ({found.key}, version {found.version})")
    _print_reach(work, found, console)
    for nth, question in enumerate(found.questions, 1):
        say("")
        _print_question(work, question, nth, console)
    if len(found.trend) > 1:
        say("")
        console.print(_trend(work, found))
    if found.splits and found.split is not None:
        say("")
        console.print(_splits(work, found, found.split))
    if found.warnings:
        say("")
    for warning in found.warnings:
        say(f"! {result_words.warned(work, _LANGUAGE, warning)}")
    if said:
        say("")
    for words in said:
        _print_words(words, zone, console)


def _print_reach(work: Work, found: Results, console: Console) -> None:
    ends = f"{found.finished} finished, {found.stopped} stopped, {found.expired} expired, {found.open} open"
    lost = f"; {found.undelivered} not delivered" if found.undelivered else ""
    console.print(f"asked {found.asked}, arrived {found.delivered}, answered {found.started}; {ends}{lost}")
    rate = result_words.figure(work, _LANGUAGE, None, found.response_rate)
    completion = result_words.figure(work, _LANGUAGE, None, found.completion)
    console.print(f"response rate: {rate}; completion: {completion}")
    if found.score_by is not None:
        score = result_words.figure(work, _LANGUAGE, found.score_kind, found.score, too_few=found.too_few)
        console.print(f"score ({found.score_by}): {score}")
        if found.score.n:
            console.print(result_words.method(work, _LANGUAGE, found.score))


def _print_question(work: Work, question: QuestionResult, nth: int, console: Console) -> None:
    console.print(f"{nth}. {question.key} ({question.kind}): {printable(in_language(question.words, _LANGUAGE))}")
    ways = (
        f"answered {question.answered} of {question.asked}, skipped {question.skipped}, left here {question.left_here}"
    )
    console.print(f"   {ways}")
    if question.estimate is not None:
        words = result_words.figure(work, _LANGUAGE, question.kind, question.estimate, too_few=question.too_few)
        console.print(f"   {words}")
    most = max((count for _, count in question.distribution), default=0)
    names = [_option(question, key) for key, _ in question.distribution]
    width = max((len(name) for name in names), default=0)
    for name, (_, count) in zip(names, question.distribution, strict=True):
        share = f" {result_words.percent(count / question.answered)}" if question.answered else ""
        console.print(f"   {name:>{width}} {bar(count, most):<{_BAR}} {count}{share}")


def _option(question: QuestionResult, key: str) -> str:
    label = question.options.get(key)
    return printable(in_language(label, _LANGUAGE)) if label else key


def bar(count: int, most: int) -> str:
    """Return a bar as long as ``count`` is of ``most``; whatever is not nothing shows."""
    eighths = max(1, round(count / most * _BAR * 8)) if count and most else 0
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _trend(work: Work, found: Results) -> Table:
    table = Table("month", "asked", "score")
    for point in found.trend:
        score = result_words.figure(work, _LANGUAGE, found.score_kind, point.score, too_few=point.too_few)
        table.add_row(point.label, str(point.asked), score)
    return table


def _splits(work: Work, found: Results, split: Split) -> Table:
    table = Table(str(split), "asked", "answered", "score")
    for part in found.splits:
        rate = _rate(part)
        score = result_words.figure(work, _LANGUAGE, part.kind, part.score, too_few=part.too_few)
        table.add_row(printable(result_words.part_name(work, _LANGUAGE, split, part)), str(part.asked), rate, score)
    return table


def _rate(part: Part) -> str:
    rate = part.response_rate
    return "–" if rate.value is None else f"{result_words.percent(rate.value)} of {rate.n}"


def _print_words(words: Said, zone: ZoneInfo, console: Console) -> None:
    score = "" if words.score is None else f", score {words.score}"
    case = "" if words.case_number is None else f", {words.case_number}"
    at = words.at.astimezone(zone)
    console.print(
        f"{at:%Y-%m-%d %H:%M} {printable(words.name)} ({words.question}{score}{case}): {printable(words.text)}"
    )
