"""Early warning: a good customer who has stayed away longer than they use to becomes a task with the reason."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from domain.people import SYSTEM
from domain.rhythm import Lapse, lapse_of
from domain.workdays import WorkCalendar
from services import cards
from services.tasks import add_task, cancel_task
from services.work import Work
from storage import rhythm as rows
from storage import staff as staff_rows
from storage.rhythm import Regular
from texts.days import day_in_words

_SHORTEST = timedelta(days=2)
"""Whoever bought within these days is not looked at: no rhythm is shorter than a day."""
_NOON = time(12)
KIND = "rhythm"
Step = Callable[[Work], Awaitable[int]]
"""What is written after a look; returns how many tasks were made."""


async def warn_of_silence(work: Work, *, limit: int) -> int:
    """Make a task for each good customer whose purchases have stopped; returns how many. Asked once an hour."""
    step = await look(work, limit=limit)
    return await step(work) if step is not None else 0


async def look(work: Work, *, limit: int) -> Step | None:
    """Read whose purchases have stopped, about ``limit`` of them; returns how to make their tasks, if there are any.

    All good customers are looked through, which takes a while where they are many: looking keeps nobody from writing.
    """
    rules, after_id = work.rules.desk.rhythm, 0
    lapsed: list[int] = []
    while rules.tiers and len(lapsed) < limit:
        found = await _quiet(work, after_id=after_id, limit=limit)
        lapsed += [one.customer_id for one in found if _lapse(work, one) is not None]
        if len(found) < limit:
            break
        after_id = found[-1].customer_id
    return partial(_warn_all, customer_ids=lapsed) if lapsed else None


async def _warn_all(work: Work, *, customer_ids: Sequence[int]) -> int:
    """Make the tasks of those who still stay away; returns how many."""
    made = 0
    for regular in await _quiet(work, among=customer_ids, limit=len(customer_ids)):
        if (lapse := _lapse(work, regular)) is not None:
            made += await _warn(work, regular, lapse)
    return made


async def _quiet(work: Work, *, after_id: int = 0, among: Sequence[int] = (), limit: int) -> list[Regular]:
    rules = work.rules.desk.rhythm
    return await rows.list_quiet(
        work.tx,
        tiers=rules.tiers,
        least=rules.least,
        quiet_since_at=work.now - _SHORTEST,
        after_id=after_id,
        among=among,
        limit=limit,
    )


def _lapse(work: Work, regular: Regular) -> Lapse | None:
    return lapse_of(_days(work, regular), _today(work), work.rules.desk.rhythm)


def _today(work: Work) -> date:
    return work.now.astimezone(work.rules.zone).date()


def _days(work: Work, regular: Regular) -> list[date]:
    return [at.astimezone(work.rules.zone).date() for at in regular.bought_at]


async def _warn(work: Work, regular: Regular, lapse: Lapse) -> bool:
    """Give the task to whoever looks after the customer; without such a person it is anybody's."""
    language = await _language(work)
    text = work.texts.button(
        "learning.silence",
        language,
        name=regular.name,
        usual=lapse.usual_days,
        away=lapse.away_days,
        day=day_in_words(lapse.last_on, language, today=_today(work)),
    )
    why = {"usual_days": lapse.usual_days, "away_days": lapse.away_days, "last_on": lapse.last_on.isoformat()}
    task = await add_task(
        work,
        kind=KIND,
        owner_id=regular.owner_id,
        due_at=_due_at(work),
        text=text,
        by=SYSTEM,
        customer_id=regular.customer_id,
        key=f"{KIND}:{regular.customer_id}:{lapse.last_on:%Y%m%d}",
        why=why,
    )
    return task is not None


def _due_at(work: Work) -> datetime:
    """Return noon of the next day on which staff work."""
    calendar = WorkCalendar(work.rules.desk.hours, work.rules.zone)
    noon = datetime.combine(_today(work) + timedelta(days=1), _NOON, work.rules.zone).astimezone(UTC)
    return calendar.next_opening(noon) or noon


async def _language(work: Work) -> str:
    return cards.desk_language(work, await staff_rows.get_first_group(work.tx, bot_id=work.bot_id))


async def forget_silence(work: Work, *, limit: int) -> int:
    """Cancel the tasks about customers who have come back by themselves; returns how many."""
    back = await rows.list_back(work.tx, limit=limit)
    for task_id in back:
        await cancel_task(work, task_id=task_id, by=SYSTEM)
    return len(back)
