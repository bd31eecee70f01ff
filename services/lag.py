"""How far a staff group lags behind: Telegram lets it read about twenty messages a minute, whoever writes them."""

from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from domain.interactions import Content, Kind
from domain.outgoing import Action, Outgoing, Purpose, to_staff_group
from domain.people import StaffGroup
from services import cards
from services.work import Work
from storage import staff as staff_rows
from storage.desk_queue import count_waiting
from storage.outbox import queue_or_replace

TOLD_ABOVE_MINUTES = 2
"""A desk that lags no more than this is not told of it."""
_TOLD_EVERY = timedelta(minutes=10)
_CALLS_OF_A_VIEW = 2
"""A topic and a card, before the first words of a case can be shown."""


@dataclass(frozen=True, slots=True)
class Lag:
    """How many messages wait for a staff group, and in how many ``minutes`` the last of them is out."""

    rows: int
    minutes: int


async def lag_of(work: Work, group: StaffGroup) -> Lag:
    """Return how far a staff group lags behind at its pace; without a limit nothing ever waits for long."""
    waiting = await count_waiting(work.tx, bot_id=work.bot_id, group_id=group.id)
    pace = work.rules.desk.group_per_minute
    calls = waiting.messages + _CALLS_OF_A_VIEW * waiting.unshown_cases
    return Lag(waiting.messages, ceil(calls / pace) if pace and calls > pace else 0)


async def tell_lag(work: Work) -> int:
    """Let each staff group read how far it lags behind, every ten minutes at most, and once that it has caught up."""
    told = 0
    for group in await staff_rows.list_groups(work.tx, bot_id=work.bot_id):
        if group.unreachable_since_at is not None:
            continue
        lag = await lag_of(work, group)
        if lag.minutes > TOLD_ABOVE_MINUTES:
            if group.lag_told_at is None or work.now - group.lag_told_at >= _TOLD_EVERY:
                await _say(work, group, "views.lag", minutes=lag.minutes, count=lag.rows)
                await staff_rows.set_lag_told(work.tx, group_id=group.id, told_at=work.now)
                told += 1
        elif group.lag_told_at is not None and lag.minutes == 0:
            await _say(work, group, "views.caught_up")
            await staff_rows.set_lag_told(work.tx, group_id=group.id, told_at=None)
            told += 1
    return told


async def _say(work: Work, group: StaffGroup, key: str, **values: object) -> None:
    """Say it in place of what was said of this lag before; one line only, however often it is told."""
    language = cards.desk_language(work, group)
    replacing = group.lag_message_id if group.lag_told_at is not None else None
    at = work.texts.moment(work.now, language, zone=work.rules.zone, now=work.now)
    message = Outgoing(
        purpose=Purpose.DESK_LAG,
        target=to_staff_group(group.id),
        content=Content(Kind.TEXT, work.texts.say(key, language, at=at, **values)),
        html=True,
        action=Action.EDIT if replacing else Action.SEND,
        message_id=replacing,
        coalesce_key=f"lag:{group.id}",
    )
    await queue_or_replace(work.tx, message, bot_id=work.bot_id, now=work.now)
