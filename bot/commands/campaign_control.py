"""``carebot campaign start``, ``pause``, ``resume``, ``cancel``, ``unknown``: campaigns let go, and held."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.commands.campaign_book import known, refused, unknown_campaign
from bot.commands.common import printable, run, store, work_of
from domain.campaigns import CampaignState
from domain.errors import BadInput
from domain.instants import local_instant
from domain.outcomes import Refusal
from domain.people import SYSTEM
from services.campaigns import control
from services.campaigns.book import Kept
from services.delivery import assume_delivered, retry_unknown
from services.work import Work
from storage.campaign_feed import Unknown

_SHOWN = 200
_MOST = 100_000
_MENDS = {
    "campaign_control.refused.running": "`carebot campaign pause {campaign}` holds it",
    "campaign_control.refused.paused": "`carebot campaign resume {campaign}`",
    "campaign_control.refused.over": "`carebot campaign add FILE` adds its next version",
    "campaign_control.refused.not_running": "`carebot campaign list` shows where each stands",
    "campaign_control.refused.not_paused": "`carebot campaign list` shows where each stands",
    "campaign_control.refused.not_begun": "`carebot campaign list` shows where each stands",
    "campaign_control.refused.segment": "`carebot campaign show {campaign}` names it",
    "campaign_control.refused.paid_off": "set campaigns.paid.enabled in the configuration, or take paid out of it",
    "campaign_control.refused.paid": "add --pay",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What is decided about messages of unknown delivery, by the ids of their rows; nothing: they are listed."""

    retry: tuple[int, ...] = ()
    assume: tuple[int, ...] = ()
    retry_all: bool = False
    assume_all: bool = False


def start(file: Path | None, key: str, at: str | None, *, pay: bool) -> None:
    """Let a campaign run, now or from a local time on."""
    run(_start(file, key, at, pay=pay))


async def _start(file: Path | None, key: str, at: str | None, *, pay: bool) -> None:
    async with store(file) as (settings, database):
        wall = _wall(at) if at is not None else None
        async with database.write() as tx:
            work = work_of(settings, tx)
            moment = local_instant(wall, work.rules.zone) if wall is not None else None
            if moment is not None and moment <= work.now:
                raise BadInput(f"--at {printable(at or '')}: is over; leave it out to start now")
            kept = _done(work, await control.launch(work, key, at=moment, by=SYSTEM, paid_yes=pay))
    if kept.state is CampaignState.SCHEDULED:
        print(f"{kept.key} starts at {wall:%Y-%m-%d %H:%M}, by the business's clock; the running bot sends it")
    else:
        print(f"{kept.key} runs; the running bot sends it, `carebot campaign watch {kept.key}` shows how far it is")


def _wall(text: str) -> datetime:
    try:
        wall = datetime.fromisoformat(text.strip())
    except ValueError:
        wall = None
    if wall is None or wall.tzinfo is not None or len(text.strip()) < len("2026-12-24 10:00"):
        raise BadInput(f'--at {printable(text)[:40]}: not a local day and time; write it as "2026-12-24 10:00"')
    return wall


def pause(file: Path | None, key: str) -> None:
    """Hold a campaign."""
    run(_pause(file, key))


async def _pause(file: Path | None, key: str) -> None:
    async with store(file) as (settings, database), database.write() as tx:
        work = work_of(settings, tx)
        _done(work, await control.pause(work, key, by=SYSTEM))
    print(f"{key} is paused; `carebot campaign resume {key}` lets it go on")


def resume(file: Path | None, key: str, *, pay: bool) -> None:
    """Let a campaign go on."""
    run(_resume(file, key, pay=pay))


async def _resume(file: Path | None, key: str, *, pay: bool) -> None:
    async with store(file) as (settings, database), database.write() as tx:
        work = work_of(settings, tx)
        _done(work, await control.resume(work, key, by=SYSTEM, paid_yes=pay))
    print(f"{key} goes on")


def cancel(file: Path | None, key: str) -> None:
    """End a campaign for good."""
    run(_cancel(file, key))


async def _cancel(file: Path | None, key: str) -> None:
    async with store(file) as (settings, database), database.write() as tx:
        work = work_of(settings, tx)
        _done(work, await control.cancel(work, key, by=SYSTEM))
    print(f"{key} is cancelled; what went out stays")


def _done(work: Work, found: Kept | Refusal) -> Kept:
    if not isinstance(found, Refusal):
        return found
    if found.key == "campaign_control.refused.unknown":
        raise unknown_campaign(str(found.values["campaign"]))
    error = refused(work, found)
    mend = _MENDS.get(found.key, "").format_map(found.values)
    raise BadInput(f"{printable(str(error)).rstrip('.')}; {mend}") if mend else error


def unknown(file: Path | None, key: str, decision: Decision) -> None:
    """List what nobody knows the arrival of, or carry out what was decided about it."""
    if decision.retry_all and decision.assume_all:
        raise BadInput("--retry-all and --assume-all: choose one of them")
    if both := sorted(set(decision.retry) & set(decision.assume)):
        raise BadInput(f"{both[0]}: both --retry and --assume; choose one of them")
    run(_unknown(file, key, decision))


async def _unknown(file: Path | None, key: str, decision: Decision) -> None:
    async with store(file) as (settings, database):
        if decision == Decision():
            async with database.read() as tx:
                work = work_of(settings, tx)
                await known(work, key)
                _print(key, await control.unknown_of(work, key, _SHOWN + 1))
            return
        async with database.write() as tx:
            work = work_of(settings, tx)
            await known(work, key)
            retried, assumed, left = await _decide(work, key, decision)
    told = [f"{retried} sent again"] * bool(retried) + [f"{assumed} taken for delivered"] * bool(assumed)
    told += [f"{left} left: no longer wanted, or their words are gone"] * bool(left)
    print("; ".join(told) or "nothing to decide")


async def _decide(work: Work, key: str, decision: Decision) -> tuple[int, int, int]:
    """Carry a decision out; returns how many were sent again, taken for delivered, and left as they are."""
    found = [one.row.id for one in await control.unknown_of(work, key, _MOST)]
    named = (*decision.retry, *decision.assume)
    if (strange := next((row_id for row_id in named if row_id not in found), None)) is not None:
        raise BadInput(
            f"{strange}: no message of {key} of unknown delivery; `carebot campaign unknown {key}` lists them"
        )
    rest = [row_id for row_id in found if row_id not in named]
    retry = [*decision.retry, *(rest if decision.retry_all else ())]
    assume = [*decision.assume, *(rest if decision.assume_all else ())]
    refusals = [await retry_unknown(work, row_id, by=SYSTEM) for row_id in retry]
    for row_id in assume:
        await assume_delivered(work, row_id, by=SYSTEM)
    left = sum(1 for one in refusals if one is not None)
    return len(retry) - left, len(assume), left


def _print(key: str, found: Sequence[Unknown]) -> None:
    for one in found[:_SHOWN]:
        error = printable(one.row.error or "")
        print(f"{one.row.id}\t{printable(one.name)}\t{printable(one.occasion)}\t{error}")
    if not found:
        print(f"nothing of {key} is of unknown delivery")
    elif len(found) > _SHOWN:
        print("and more; decide about these first, or about all: --retry-all, --assume-all")
