"""``carebot rewards``: what points can be given for, how many pieces there are, and what is off the shelf."""

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.commands.common import printable, run, store, work_of
from domain.errors import BadInput, NotFound
from domain.outcomes import Refusal
from domain.people import SYSTEM
from domain.rewards import Reward, last_day
from services.rewards import change_reward, list_rewards
from services.work import Work

ENDLESS = "endless"
_MOST = 1_000_000_000
_COLUMNS = ("key", "points", "left", "state", "voucher days", "from", "until", "name")


def show(file: Path | None) -> None:
    """Print the catalogue."""
    run(_show(file))


async def _show(file: Path | None) -> None:
    async with store(file) as (settings, database), database.read() as tx:
        work = work_of(settings, tx)
        rows = [_row(work, reward) for reward in await list_rewards(work)]
    if not rows:
        print("no rewards; name some under [[loyalty.rewards]] in the configuration and start carebot")
        return
    _print(rows)


def _row(work: Work, reward: Reward) -> tuple[object, ...]:
    zone = work.rules.zone
    begin, end = reward.valid_from_at, reward.valid_until_at
    return (
        reward.key,
        reward.price_points,
        ENDLESS if reward.stock is None else reward.stock,
        _state(work, reward),
        reward.voucher_days,
        begin.astimezone(zone).date() if begin else "",
        last_day(end, zone) if end else "",
        reward.name(work.rules.languages[0]),
    )


def _state(work: Work, reward: Reward) -> str:
    if not reward.active:
        return "off"
    if not reward.is_open(work.now):
        return "early" if reward.valid_from_at and work.now < reward.valid_from_at else "over"
    return "sold out" if reward.sold_out else "on"


def _print(rows: Sequence[Sequence[object]]) -> None:
    if not sys.stdout.isatty():
        for row in rows:
            print("\t".join(printable(str(value)) for value in row))
        return
    table = Table(*_COLUMNS, box=None, header_style="bold")
    for row in rows:
        table.add_row(*(Text(printable(str(value))) for value in row))
    Console().print(table)


def set_stock(file: Path | None, key: str, left: str) -> None:
    """Say how many pieces of a reward there are now: a number, or ``endless``."""
    if left == ENDLESS:
        run(_change(file, key, endless=True))
        return
    if not (left.isascii() and left.isdigit() and int(left) <= _MOST):
        raise BadInput(f"{printable(left)} is no number of pieces; write 0 to {_MOST}, or {ENDLESS}")
    run(_change(file, key, restock=int(left)))


def switch(file: Path | None, key: str, *, active: bool) -> None:
    """Put a reward on or off the shelf."""
    run(_change(file, key, active=active))


async def _change(
    file: Path | None, key: str, *, active: bool | None = None, restock: int | None = None, endless: bool = False
) -> None:
    async with store(file) as (settings, database), database.write() as tx:
        work = work_of(settings, tx)
        reward = await change_reward(work, key, by=SYSTEM, active=active, restock=restock, endless=endless)
        if isinstance(reward, Refusal):
            raise NotFound(f"there is no reward {printable(key)}; `carebot rewards list` shows them")
        left = ENDLESS if reward.stock is None else f"{reward.stock} left"
        print(f"{reward.key}: {_state(work, reward)}, {left}")
