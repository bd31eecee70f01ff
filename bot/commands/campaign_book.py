"""``carebot campaign add``, ``list``, ``show``, ``check``, ``copy``: which campaigns there are."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import tomli_w

from bot.commands.common import print_rows, printable, run, say_error, store, work_of
from bot.commands.documents import Seen, read_text
from domain.campaigns import CampaignState, When
from domain.errors import BadCampaign, BadInput, CarebotError, NotFound
from domain.outcomes import Refusal
from domain.people import SYSTEM
from domain.surveys import in_language
from services.campaigns.book import Kept, add_campaign, faults_here, get_campaign, list_campaigns
from services.campaigns.document import MOST_BYTES, Document, bad_campaign, canonical_of, read_toml, read_values
from services.campaigns.faults import warnings_of
from services.campaigns.pictures import keep_pictures
from services.work import Work
from texts.catalogue import plain

_COLUMNS = ("key", "state", "version", "from", "when", "title")


def read_file(path: Path) -> Document:
    """Return the campaign a file holds. Raises :class:`BadCampaign` with a line for each fault."""
    name, text = read_text(path, MOST_BYTES, BadCampaign)
    return read_toml(text, name=name)


def add(file: Path | None, path: Path) -> None:
    """Keep the campaign of a file as a draft, or as the next version of it."""
    run(_add(file, path))


async def _add(file: Path | None, path: Path) -> None:
    async with store(file) as (settings, database):
        document = read_file(path)
        async with database.write() as tx:
            work = work_of(settings, tx)
            document = await keep_pictures(work, document, folder=path.parent)
            added = await add_campaign(work, document, by=SYSTEM)
            if isinstance(added, Refusal):
                raise refused(work, added)
    kept = added.kept
    for warning in added.warnings:
        say_error(f"carebot: warning: {document.name}: {printable(warning)}")
    if added.is_new:
        print(f"added {kept.key}, version 1, as a draft; `carebot campaign start {kept.key}` lets it run")
    elif added.is_new_version:
        print(f"{kept.key} is now version {kept.version}; it is {kept.state}; what went out before stays as it was")
    else:
        print(f"{kept.key} says the same as version {kept.version}; nothing was added; it is {kept.state}")


def refused(work: Work, refusal: Refusal) -> CarebotError:
    """Return the error of a refusal, in the words of the command line."""
    return BadInput(plain(work.texts.say(refusal.key, "en", **refusal.values)))


def show_all(file: Path | None) -> None:
    """Print the campaigns there are."""
    run(_show_all(file))


async def _show_all(file: Path | None) -> None:
    async with store(file) as (settings, database), database.read() as tx:
        work = work_of(settings, tx)
        campaigns = await list_campaigns(work)
    if not campaigns:
        print("no campaigns; `carebot campaign add FILE` adds one, and `carebot run` those that come with the program")
        return
    print_rows(_COLUMNS, [_row(kept, work.rules.languages) for kept in campaigns])


def _row(kept: Kept, languages: Sequence[str]) -> tuple[str, ...]:
    state = kept.state.value
    if kept.state is CampaignState.PAUSED and kept.pause_reason is not None:
        state = f"{state} ({kept.pause_reason})"
    title = printable(in_language(kept.campaign.title, languages[0], languages))
    origin = "carebot" if kept.shipped else "you"
    return kept.key, state, str(kept.version), origin, when_in_words(kept.campaign.when), title


def when_in_words(when: When) -> str:
    """Return what a campaign hangs on in a few words of English."""
    named = when.holiday or when.field or when.event or when.invitation or when.cron
    words = [when.kind.value.replace("_", " "), *([named] if named else [])]
    if when.on is not None:
        words.append(when.on.isoformat())
    if when.every is not None:
        words.append(f"{when.every.value}, day {when.day}")
    if when.silence_days is not None:
        words.append(f"{when.silence_days} days")
    if when.after:
        words.append(f"after {when.after.days} d" if when.after.days else f"after {when.after}")
    if when.lead_days:
        words.append(f"{when.lead_days} d before")
    if when.at is not None:
        words.append(f"at {when.at:%H:%M}")
    return printable(" ".join(words))


def show(file: Path | None, key: str, version: int | None) -> None:
    """Print a campaign as it could be written in a file."""
    run(_show(file, key, version))


async def _show(file: Path | None, key: str, version: int | None) -> None:
    async with store(file) as (settings, database), database.read() as tx:
        work = work_of(settings, tx)
        kept = await known(work, key, version=version)
    print(f"# {kept.key}, version {kept.version}, {kept.state}")
    print(tomli_w.dumps(json.loads(canonical_of(kept.campaign)), multiline_strings=True), end="")


async def known(work: Work, key: str, *, version: int | None = None) -> Kept:
    """Return a campaign. Raises :class:`NotFound` with the mend."""
    kept = await get_campaign(work, key, version=version)
    if kept is not None:
        return kept
    if version is not None and await get_campaign(work, key) is not None:
        raise NotFound(f"campaign {printable(key)} has no version {version}")
    raise unknown_campaign(key)


def unknown_campaign(key: str) -> NotFound:
    """Return the error of a campaign that is not there, with its mend."""
    return NotFound(f"there is no campaign {printable(key[:40])}; `carebot campaign list` shows them")


def check(file: Path | None, paths: Sequence[Path]) -> None:
    """Say for each file whether it could be added. Raises :class:`BadCampaign` with all that is wrong."""
    run(_check(file, paths))


async def _check(file: Path | None, paths: Sequence[Path]) -> None:
    wrong: list[str] = []
    seen = Seen()
    async with store(file) as (settings, database), database.read() as tx:
        work = work_of(settings, tx)
        for path in dict.fromkeys(paths):
            try:
                document = read_file(path)
                faults = await faults_here(work, document.campaign())
                if faults:
                    raise bad_campaign(document.name, faults)
            except BadCampaign as error:
                wrong += error.faults
                continue
            if (fault := seen.fault_of(document.name, document.key)) is not None:
                wrong.append(fault)
                continue
            for warning in warnings_of(document.campaign()):
                say_error(f"carebot: warning: {document.name}: {printable(warning)}")
            print(f"{document.name}: campaign {document.key} can be added")
    if wrong:
        raise BadCampaign(wrong)


def copy(file: Path | None, key: str, new: str) -> None:
    """Keep a copy of a campaign under another key, as a draft."""
    run(_copy(file, key, new))


async def _copy(file: Path | None, key: str, new: str) -> None:
    async with store(file) as (settings, database), database.write() as tx:
        work = work_of(settings, tx)
        kept = await known(work, key)
        if await get_campaign(work, new) is not None:
            raise BadInput(f"there is a campaign {printable(new[:64])} already; choose another key")
        shape = json.loads(canonical_of(replace(kept.campaign, key=new)))
        added = await add_campaign(work, read_values(shape, name=f"campaign {printable(new[:64])}"), by=SYSTEM)
        if isinstance(added, Refusal):
            raise refused(work, added)
    print(f"added {new}, a copy of {key}, as a draft; `carebot campaign show {new} > {new}.toml` gives a file to edit")
