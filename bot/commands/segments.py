"""``carebot segments``: rules that say which customers are meant, checked, previewed and saved."""

from pathlib import Path

from bot.commands.common import printable, run, store, work_of
from domain.errors import BadInput, NotFound
from domain.outcomes import Refusal
from domain.people import SYSTEM
from domain.segments import format_segment
from services import segments
from services.work import Work
from texts.catalogue import plain


def _said(work: Work, refusal: Refusal) -> str:
    return plain(work.texts.say(refusal.key, "en", **refusal.values))


def check(file: Path | None, expression: str) -> None:
    """Say whether an expression can be read, how it is written canonically, and what it means."""
    run(_check(file, expression))


async def _check(file: Path | None, expression: str) -> None:
    async with store(file) as (settings, database), database.read() as tx:
        work = work_of(settings, tx)
        segment = segments.parse(work, expression)
        await segments.members(work, segment)
        print(printable(format_segment(segment)))
        for language in work.rules.languages:
            print(printable(segments.explain(work, segment, language)))


def preview(file: Path | None, expression: str, sample: int) -> None:
    """Print how many customers an expression means now, and some of them."""
    run(_preview(file, expression, sample))


async def _preview(file: Path | None, expression: str, sample: int) -> None:
    async with store(file) as (settings, database), database.read() as tx:
        work = work_of(settings, tx)
        segment = segments.parse(work, expression)
        found = await segments.count_and_sample(work, segment, sample=sample)
        assert not isinstance(found, Refusal)
        print(printable(segments.explain(work, segment, work.rules.languages[0])))
    print(f"{found.count} customers" if found.count != 1 else "1 customer")
    for customer_id, name in found.sample:
        print(f"{customer_id}\t{printable(name)}")


def save(file: Path | None, name: str, expression: str, *, replace: bool) -> None:
    """Save an expression under a name."""
    run(_save(file, name, expression, replace))


async def _save(file: Path | None, name: str, expression: str, replace: bool) -> None:
    async with store(file) as (settings, database), database.write() as tx:
        work = work_of(settings, tx)
        saved = await segments.save(work, name=name, expression=expression, by=SYSTEM, replace=replace)
        if isinstance(saved, Refusal):
            mend = "; add --replace to replace it" if saved.key == "segments.refused.taken" else ""
            raise BadInput(f"{_said(work, saved).rstrip('.')}{mend}")
    print(f"saved {printable(saved.name)}: {printable(saved.expression)}")


def show_all(file: Path | None) -> None:
    """Print the saved segments."""
    run(_show_all(file))


async def _show_all(file: Path | None) -> None:
    async with store(file) as (settings, database), database.read() as tx:
        saved = await segments.list_all(work_of(settings, tx))
    for one in saved:
        print(f"{printable(one.name)}\t{printable(one.expression)}")
    if not saved:
        print("no segments saved; `carebot segments save NAME 'EXPR'` saves one")


def show(file: Path | None, name: str) -> None:
    """Print one saved segment, and what it means."""
    run(_show(file, name))


async def _show(file: Path | None, name: str) -> None:
    async with store(file) as (settings, database), database.read() as tx:
        work = work_of(settings, tx)
        saved = await segments.get(work, name)
        if saved is None:
            raise NotFound(f"there is no segment {printable(name)!r}; `carebot segments list` shows them")
        print(printable(saved.expression))
        segment = segments.parse(work, saved.expression)
        for language in work.rules.languages:
            print(printable(segments.explain(work, segment, language)))


def delete(file: Path | None, name: str) -> None:
    """Forget a saved segment."""
    run(_delete(file, name))


async def _delete(file: Path | None, name: str) -> None:
    async with store(file) as (settings, database), database.write() as tx:
        work = work_of(settings, tx)
        refusal = await segments.delete(work, name, by=SYSTEM)
        if refusal is not None:
            raise BadInput(_said(work, refusal).rstrip("."))
    print(f"deleted {printable(name)}")
