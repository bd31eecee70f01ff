"""``carebot campaign preview`` and ``dry-run``: a campaign tried on one person, and on everybody."""

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot.commands.campaign_book import known, refused
from bot.commands.common import printable, run, store, work_of
from domain.errors import NotFound
from domain.outcomes import Refusal
from domain.people import SYSTEM
from domain.segments import SegmentError
from services.campaigns.preview import DryRun, dry_run, preview
from services.campaigns.why import why_key
from services.records import find_customer
from services.work import Work
from texts.catalogue import plain


def show_preview(file: Path | None, key: str, customer: str, variant: str | None) -> None:
    """Print a campaign's message as one customer would read it."""
    run(_preview(file, key, customer, variant))


async def _preview(file: Path | None, key: str, customer: str, variant: str | None) -> None:
    async with store(file) as (settings, database), database.read() as tx:
        work = work_of(settings, tx)
        await known(work, key)
        customer_id = await find_customer(work, code=customer)
        if customer_id is None and customer.isdecimal() and len(customer) < 16:
            customer_id = await find_customer(work, id=int(customer))
        if customer_id is None:
            raise NotFound(f"no customer {printable(customer[:40])}; `carebot customers find NAME` shows their codes")
        shown = await preview(work, key, customer_id, by=SYSTEM, variant=variant)
        if isinstance(shown, Refusal):
            raise refused(work, shown)
        why = _why(work, shown.why) if shown.why else None
    for line in plain(shown.html).splitlines():
        print(f"│ {printable(line)}")
    for row in shown.buttons:
        print("│ " + " ".join(f"[ {printable(button.text)} ]" for button in row))
    print("would go to them now" if shown.would_go else f"would not go to them now: {why}")


def _why(work: Work, reason: str) -> str:
    return plain(work.texts.say(why_key(reason), "en"))


def show_dry_run(file: Path | None, key: str) -> None:
    """Print what a campaign would come to now."""
    run(_dry_run(file, key))


async def _dry_run(file: Path | None, key: str) -> None:
    console = Console(stderr=True)
    columns = (TextColumn("looking at everybody"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    async with store(file) as (settings, database), database.read() as tx:
        work = work_of(settings, tx)
        await known(work, key)
        last: DryRun | None = None
        try:
            with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
                task = bar.add_task("people", total=None)
                async for step in dry_run(work, key, by=SYSTEM):
                    if isinstance(step, Refusal):
                        raise refused(work, step)
                    last = step
                    bar.update(task, total=step.meant, completed=step.judged)
        except SegmentError as error:
            raise refused(work, Refusal("campaign_control.refused.segment", {"campaign": key})) from error
        assert last is not None
        for line in _lines(work, last):
            print(line)


def _lines(work: Work, found: DryRun) -> list[str]:
    lines = [f"{found.meant} people are meant; {found.would_go} would get it now"]
    lines += [f"  {count} would not: {_why(work, why)}" for why, count in found.skips.items()]
    if found.faulty:
        lines.append(f"  {found.faulty} could not: their message cannot be written")
        lines += [f"    {printable(name) or '-'} ({number}): {printable(line)}" for number, name, line in found.faults]
    if found.languages:
        lines.append("languages: " + ", ".join(f"{code} {count}" for code, count in found.languages.items()))
    if found.longest:
        lines.append(f"length: {found.shortest} to {found.longest} letters, half of them up to {found.median}")
    if found.finish_at is not None:
        local = found.finish_at.astimezone(work.rules.zone)
        lines.append(f"started now, the last would have it by {local:%a %d %b %H:%M} ({work.rules.zone.key})")
    return lines
