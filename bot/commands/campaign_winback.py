"""``carebot campaign winback``: whom to win back, the most valuable first, and what to do about each."""

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.commands.common import printable, run, store, work_of
from domain.campaigns.winback import CAMPAIGNS, Cause, Move
from domain.errors import BadInput
from domain.people import SYSTEM
from services.campaigns.winback import Line, WinBack, list_to_win_back
from services.membership import tier_in_words
from services.work import Work
from texts.days import money_in_words

_COLUMNS = ("customer", "name", "tier", "a year", "last bought", "why", "looked after by", "first")
_WHY = {
    Cause.FAULT: "our fault",
    Cause.PRICE: "the price",
    Cause.RIVAL: "another shop",
    Cause.NATURAL: "life changed",
    Cause.QUIET: "stays away",
}
_WIDEST = 200


def winback(file: Path | None, why: str | None, quiet_days: int, limit: int) -> None:
    """Print the list, and what answers each reason."""
    run(_winback(file, None if why is None else _cause(why), quiet_days, limit))


def _cause(why: str) -> Cause:
    try:
        return Cause(why.strip().lower())
    except ValueError:
        raise BadInput(f"--why: unknown cause {printable(why[:40])!r}; choose among {', '.join(Cause)}") from None


async def _winback(file: Path | None, cause: Cause | None, quiet_days: int, limit: int) -> None:
    async with store(file) as (settings, database), database.read() as tx:
        work = work_of(settings, tx)
        found = await list_to_win_back(work, by=SYSTEM, cause=cause, quiet_days=quiet_days, limit=limit)
        assert isinstance(found, WinBack)
        if not found.lines:
            print(f"nobody to win back{_nobody(cause, quiet_days)}")
            return
        table = Table(*_COLUMNS, box=None, header_style="bold", pad_edge=False)
        for line in found.lines:
            table.add_row(*(Text(cell) for cell in _cells(work, line, found.currency)))
    Console(width=_WIDEST).print(table)
    print()
    for answer in _answers(found, cause):
        print(answer)


def _nobody(cause: Cause | None, quiet_days: int) -> str:
    if cause is None:
        return f": none is marked as lost, and all have bought within {quiet_days} days"
    return f" of those: {_WHY[cause]}"


def _cells(work: Work, line: Line, currency: str) -> tuple[str, ...]:
    gone = line.gone
    last = gone.last_bought_at.astimezone(work.rules.zone).date().isoformat() if gone.last_bought_at else "never"
    first = {
        Move.CALL: "ring them" if line.core else "ring them: not on Telegram",
        Move.MESSAGE: CAMPAIGNS[gone.cause],
        Move.NONE: "no way to reach them",
    }[line.move]
    return (
        str(gone.customer_id),
        printable(gone.name),
        tier_in_words(work, gone.tier, "en"),
        money_in_words(gone.worth_minor, currency, "en"),
        last,
        _WHY[gone.cause] + (f" ({gone.reason.value.replace('_', ' ')})" if gone.reason else ""),
        printable(gone.owner or "nobody"),
        first,
    )


def _answers(found: WinBack, cause: Cause | None) -> list[str]:
    """Return a line for each cause: how many, what they were worth a year, and the campaign that answers it."""
    lines = []
    for one, group in found.groups.items():
        if cause is None or one is cause:
            people = "1 person" if group.people == 1 else f"{group.people} people"
            worth = money_in_words(group.worth_minor, found.currency, "en")
            lines.append(
                f"{_WHY[one]}: {people}, {worth} a year; `carebot campaign dry-run {CAMPAIGNS[one]}` tries the answer"
            )
    return lines
