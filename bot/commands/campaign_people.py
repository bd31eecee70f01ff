"""``carebot campaign new``, ``ask``, ``approve``, ``send-back``, ``calendar``: campaigns among people."""

import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.prompt import Prompt

from bot.commands.campaign_book import refused
from bot.commands.common import printable, run, store, work_of
from bot.pictures import draw_calendar
from bot.settings import Settings
from domain.campaigns import OccasionKind, When
from domain.campaigns.holidays import HOLIDAYS, next_day
from domain.errors import BadInput
from domain.languages import LANGUAGES
from domain.outcomes import Refusal
from domain.people import SYSTEM
from services.campaigns import approval, calendar, pickers, wizard
from services.campaigns.book import Kept
from services.campaigns.pickers import Pick
from services.campaigns.plain_words import audience_words, in_words, readable, when_words
from services.campaigns.wizard import Edit
from services.work import Work
from storage.database import Database
from texts.catalogue import plain

_ASKED: dict[OccasionKind, str] = {
    OccasionKind.BIRTHDAY: "",
    OccasionKind.HOLIDAY: "Which holiday",
    OccasionKind.DATE: "Which day, such as 2026-12-24, or now",
    OccasionKind.EVERY: "How often: week.1 is every Monday, month.15 the 15th of each month",
    OccasionKind.JOINED: "How many days after they joined",
    OccasionKind.PURCHASE: "How many days after the purchase",
    OccasionKind.CASE: "How many days after it was solved",
    OccasionKind.SILENCE: "Not seen for how many days",
    OccasionKind.ANNIVERSARY: "",
    OccasionKind.TIER_UP: "",
    OccasionKind.POINTS_EXPIRING: "",
}
Ask = Callable[[str, str], str]
"""Asks a question, with what is taken when nothing is answered."""


def new(file: Path | None) -> None:
    """Make a campaign by asking, step by step, and keep it as a draft."""
    if not sys.stdin.isatty():
        raise BadInput("new asks questions; where nobody can answer write a file for `carebot campaign add FILE`")
    console = Console(stderr=True)
    run(_new(file, lambda question, default: Prompt.ask(question, console=console, default=default)))


async def _new(file: Path | None, ask: Ask) -> None:
    async with store(file) as (settings, database):
        async with database.write() as tx:
            work = work_of(settings, tx)
            begun = await wizard.begin(work, _occasion(work, ask), by=SYSTEM)
            if isinstance(begun, Refusal):
                raise refused(work, begun)
        for edit in await _edits(settings, database, ask):
            async with database.write() as tx:
                work = work_of(settings, tx)
                changed = await wizard.change(work, begun.id, edit(work), by=SYSTEM)
                if isinstance(changed, Refusal):
                    raise refused(work, changed)
        async with database.read() as tx:
            await _print_draft(work_of(settings, tx), begun.id)


def _occasion(work: Work, ask: Ask) -> When:
    """Ask what it hangs on until it is clear."""
    kinds = [kind.value for kind in _ASKED]
    kind = ask(f"What does it hang on ({', '.join(kinds)})", "birthday").strip().lower()
    if kind not in kinds:
        raise BadInput(
            f"{printable(kind)[:24]}: a campaign cannot be made by asking for that; choose {', '.join(kinds)}"
        )
    question = _ASKED[OccasionKind(kind)]
    today = work.now.astimezone(work.rules.zone).date()
    if kind == OccasionKind.HOLIDAY:
        question = f"{question} ({', '.join(_holidays(work, today))})"
    choice = ask(question, "").strip() if question else ""
    try:
        when = wizard.occasion_of(kind, choice, today=today)
    except (ValueError, KeyError):
        when = None
    if when is None:
        raise BadInput(f"{printable(choice)[:24] or 'nothing'}: not one of the answers; {_ASKED[OccasionKind(kind)]}")
    return when


def _holidays(work: Work, today: date) -> list[str]:
    region = work.rules.campaigns.region
    return [key for key in HOLIDAYS if next_day(key, today, region) is not None]


async def _edits(settings: Settings, database: Database, ask: Ask) -> list[Callable[[Work], Edit]]:
    """Ask for whom, when, and what it says; what is left empty stays as it is."""
    async with database.read() as tx:
        picks = await pickers.picks_of(work_of(settings, tx), "en")
    edits: list[Callable[[Work], Edit]] = [_picking(pick) for pick in _chosen(picks, ask)]
    hour = ask("At what time, such as 10:30; empty is the usual time", "").strip()
    if hour:
        edits.append(lambda _work: wizard.at_hour(hour.replace(":", "").zfill(4)))
    for nth, language in enumerate(settings.business.languages):
        words = ask(f"What it says in {language}; [name] is the person's name; empty is what is ready", "").strip()
        if words:
            edits.append(_writing(words, LANGUAGES if nth == 0 else (language,)))
    return edits


def _chosen(picks: Sequence[Pick], ask: Ask) -> list[Pick]:
    named = {str(nth): pick for nth, pick in enumerate(picks, 1)}
    listed = "; ".join(f"{number} {pick.label}" for number, pick in named.items())
    answer = ask(f"For whom; numbers that all have to be true, empty is everybody ({printable(listed)})", "")
    numbers = answer.replace(",", " ").split()
    unknown = [number for number in numbers if number not in named]
    if unknown:
        raise BadInput(f"{printable(unknown[0])[:24]}: not one of the numbers; write such as 1, 3")
    return [named[number] for number in dict.fromkeys(numbers)]


def _picking(pick: Pick) -> Callable[[Work], Edit]:
    return lambda work: wizard.for_whom(work, [pick], pick.code)


def _writing(words: str, languages: tuple[str, ...]) -> Callable[[Work], Edit]:
    return lambda work: wizard.writing(work, words, languages)


async def _print_draft(work: Work, campaign_id: int) -> None:
    kept = await wizard.find_by_id(work, campaign_id)
    assert kept is not None
    print(f"{kept.key} is a draft")
    print(f"  when: {printable(when_words(work, kept.campaign, 'en'))}")
    print(f"  whom: {printable(audience_words(work, kept.campaign, 'en'))}")
    for language in work.rules.languages:
        said = readable(work, in_words(work, kept.campaign.variants[0].text, language), language)
        print(f"  {language}: {printable(said)}")
    print(f"`carebot campaign dry-run {kept.key}` tries it, `carebot campaign start {kept.key}` lets it run")


def ask_for(file: Path | None, key: str) -> None:
    """Ask those who may approve to look at a campaign."""
    run(_ask_for(file, key))


async def _ask_for(file: Path | None, key: str) -> None:
    async with store(file) as (settings, database), database.write() as tx:
        work = work_of(settings, tx)
        asked = await approval.ask_approval(work, key, by=SYSTEM)
        if isinstance(asked, Refusal):
            raise refused(work, asked)
    names = ", ".join(printable(member.name) for member in asked.told)
    if names:
        print(f"asked to look at {key}, version {asked.kept.version}: {names}")
    else:
        print(f"nobody here may approve campaigns; `carebot campaign start {key}` goes on without, and is audited")


def approve(file: Path | None, key: str) -> None:
    """Approve a campaign that somebody else made."""
    run(_decide(file, key, None))


def send_back(file: Path | None, key: str, reason: str) -> None:
    """Send a campaign back with what should be different."""
    run(_decide(file, key, reason))


async def _decide(file: Path | None, key: str, reason: str | None) -> None:
    async with store(file) as (settings, database), database.write() as tx:
        work = work_of(settings, tx)
        done: Kept | Refusal
        if reason is None:
            done = await approval.approve(work, key, by=SYSTEM)
        else:
            done = await approval.send_back(work, key, by=SYSTEM, reason=reason)
        if isinstance(done, Refusal):
            raise refused(work, done)
    print(f"{key}, version {done.version}, is {'approved' if reason is None else 'sent back'}")


def show_calendar(file: Path | None, month: str | None, language: str, picture: Path | None) -> None:
    """Print what goes out in a month, or draw it."""
    run(_show_calendar(file, month, language, picture))


async def _show_calendar(file: Path | None, month: str | None, language: str, picture: Path | None) -> None:
    if language not in LANGUAGES:
        raise BadInput(f"--language: {printable(language)[:24]} is none; choose {', '.join(LANGUAGES)}")
    async with store(file) as (settings, database), database.read() as tx:
        work = work_of(settings, tx)
        first = calendar.read_month(month or f"{work.now.astimezone(work.rules.zone):%Y-%m}")
        if first is None:
            raise BadInput(f"--month: {printable(month or '')[:24]} is none; write it as 2027-02")
        found = await calendar.month_of(work, first, by=SYSTEM, language=language)
        if isinstance(found, Refusal):
            raise refused(work, found)
        lines = [plain(line) for line in calendar.month_lines(work, found, language)]
        recipe = calendar.recipe_of(work, found, language)
    if picture is not None:
        _write(picture, await draw_calendar(recipe))
        print(f"wrote {printable(str(picture))}")
        return
    print(recipe["title"])
    for line in lines or [plain(work.texts.say("campaign_staff.calendar.nothing", language))]:
        print(f"  {printable(line)}")
    if recipe["note"]:
        print(f"  {printable(recipe['note'])}")


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        why = (error.strerror or "cannot be written").lower()
        raise BadInput(f"{printable(str(path))}: {why}; name another file") from None
