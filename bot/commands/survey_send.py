"""``carebot survey send``, ``waves`` and ``stop-wave``: ask many people at once, and see what became of it."""

from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from pathlib import Path

from bot.commands.common import printable, run, store, work_of
from bot.settings_values import parse_clock, parse_day, parse_thousandths
from domain.errors import BadInput
from domain.outcomes import Refusal
from domain.people import SYSTEM
from domain.surveys.sampling import WHOLE
from services.surveys.waves import (
    Preview,
    Wave,
    campaign_of,
    list_waves,
    preview_wave,
    send_wave,
    stop_wave,
    why_key,
)
from services.work import Work
from storage.survey_waves import count_deliveries
from texts.catalogue import plain

_MENDS = {
    "survey_send.refused.unknown": "`carebot survey list` shows them",
    "survey_send.refused.off": "`carebot survey on {survey}` switches it on",
    "survey_send.refused.unknown_wave": "`carebot survey waves` shows them",
}
_SENT = ("queued", "sent", "unknown")


@dataclass(frozen=True, slots=True)
class Asking:
    """What is to be sent, as it was written on the command line."""

    key: str
    segment: str | None = None
    sample: str = "1"
    seed: str = ""
    on: str | None = None
    at: str | None = None


def send(file: Path | None, asking: Asking, *, dry_run: bool) -> None:
    """Ask a survey of everybody or of a segment; with ``dry_run`` only say what it would come to."""
    run(_preview(file, asking) if dry_run else _send(file, asking))


async def _send(file: Path | None, asking: Asking) -> None:
    permille, on, at = _permille(asking.sample), _on(asking.on), _at(asking.at)
    async with store(file) as (settings, database), database.write() as tx:
        work = work_of(settings, tx)
        made = await send_wave(
            work,
            asking.key,
            segment=asking.segment,
            sample_permille=permille,
            seed=asking.seed,
            at=at,
            on=on,
            late_after=None,
            by=SYSTEM,
        )
        wave = _made(work, made)
    print(f"wave {wave.id}: {_described(wave)}; the running bot asks, `carebot survey waves` shows how far it is")


async def _preview(file: Path | None, asking: Asking) -> None:
    permille, _on_day, _at_time = _permille(asking.sample), _on(asking.on), _at(asking.at)
    async with store(file) as (settings, database), database.read() as tx:
        work = work_of(settings, tx)
        found = await preview_wave(
            work, asking.key, segment=asking.segment, sample_permille=permille, seed=asking.seed, by=SYSTEM
        )
        if isinstance(found, Refusal):
            raise _refused(work, found)
        for line in _told(work, found):
            print(line)


def _told(work: Work, found: Preview) -> list[str]:
    """Return what a wave would come to, a line a reason."""
    lines = [
        f"meant: {found.meant}",
        f"in the sample: {found.sampled}",
        f"could be asked now: {found.askable}",
    ]
    held = sorted(found.held.items(), key=lambda item: (-item[1], item[0]))
    return [*lines, *(f"held back: {count} ({_why(work, why)})" for why, count in held), "nothing was stored"]


def waves(file: Path | None, key: str | None) -> None:
    """Print the waves, the newest first, and how far each is."""
    run(_waves(file, key))


async def _waves(file: Path | None, key: str | None) -> None:
    async with store(file) as (settings, database), database.read() as tx:
        work = work_of(settings, tx)
        found = await list_waves(work, key)
        for wave in found:
            counted = await count_deliveries(tx, campaign_of(wave.survey), wave.occasion)
            print(f"{wave.id}\t{_described(wave)}\t{_state(work, wave)}\t{_counted(work, counted)}")
    if not found:
        print("no waves yet; `carebot survey send KEY` makes one")


def _described(wave: Wave) -> str:
    """Return which survey is asked of whom, and when."""
    parts = [wave.survey, "everybody" if wave.segment is None else printable(wave.segment)]
    if wave.sample_permille < WHOLE:
        parts.append(f"sample {Decimal(wave.sample_permille) / 10:f} %")
    if wave.cause == "schedule":
        parts.append(wave.occasion)
    if wave.on is not None:
        parts.append(f"on {wave.on.isoformat()}")
    if wave.at is not None:
        parts.append(f"at {wave.at:%H:%M} local time")
    return ", ".join(parts)


def _state(work: Work, wave: Wave) -> str:
    if wave.stopped_at is not None:
        return "stopped"
    if wave.planned_at is not None:
        return "planned"
    return "planning" if wave.starts_at <= work.now else "waits for its day"


def _counted(work: Work, counted: dict[tuple[str, str | None], int]) -> str:
    """Return how many were asked, wait, or are not asked, and why not."""
    asked = sum(count for (state, _), count in counted.items() if state in _SENT)
    waiting = sum(count for (state, _), count in counted.items() if state == "planned")
    why_not: dict[str, int] = {}
    for (state, reason), count in counted.items():
        if state not in (*_SENT, "planned"):
            why = _why(work, reason) if state == "skipped" and reason else "could not be delivered"
            why_not[why] = why_not.get(why, 0) + count
    told = [f"{count} {why}" for why, count in sorted(why_not.items(), key=lambda item: (-item[1], item[0]))]
    not_asked = f", not asked {sum(why_not.values())} ({', '.join(told)})" if told else ""
    return f"asked {asked}, waiting {waiting}{not_asked}"


def stop(file: Path | None, wave_id: int) -> None:
    """Stop a wave: nobody else is asked."""
    run(_stop(file, wave_id))


async def _stop(file: Path | None, wave_id: int) -> None:
    async with store(file) as (settings, database), database.write() as tx:
        work = work_of(settings, tx)
        wave = _made(work, await stop_wave(work, wave_id, by=SYSTEM))
    print(f"stopped wave {wave.id}: {_described(wave)}; what went out stays")


def _made(work: Work, made: Wave | Refusal) -> Wave:
    if isinstance(made, Refusal):
        raise _refused(work, made)
    return made


def _refused(work: Work, refusal: Refusal) -> BadInput:
    said = plain(work.texts.say(refusal.key, "en", **refusal.values)).rstrip(".")
    mend = _MENDS.get(refusal.key, "").format(**refusal.values)
    return BadInput(printable(f"{said}; {mend}" if mend else said))


def _why(work: Work, reason: str) -> str:
    return plain(work.texts.say(why_key(reason), "en"))


def _permille(written: str) -> int:
    """Return a share such as 0.2 in thousandths. Raises :class:`BadInput`."""
    try:
        share = parse_thousandths(written)
    except ValueError:
        share = Decimal(0)
    if not 0 < share <= 1:
        raise BadInput("--sample: a share above 0 and at most 1, with at most three digits, such as 0.2")
    return int(share * WHOLE)


def _on(written: str | None) -> date | None:
    try:
        return parse_day(written) if written is not None else None
    except ValueError as error:
        raise BadInput(f"--on: {error}") from None


def _at(written: str | None) -> time | None:
    try:
        return parse_clock(written) if written is not None else None
    except ValueError:
        raise BadInput("--at: not a time of day; write hours and minutes, such as 10:00") from None
