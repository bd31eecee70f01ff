"""``carebot staff group``: the Telegram groups in which staff work, and which cases come to each."""

from pathlib import Path

from pydantic import ValidationError

from bot.commands.common import printable, run, store, work_of
from bot.settings_desk import TakesSection
from domain.errors import BadInput, NotFound
from domain.languages import LANGUAGES
from domain.people import SYSTEM, StaffGroup
from services import views
from services.lag import lag_of
from services.work import Work
from storage.cases import count_shown_in
from storage.staff import list_groups

_NAME_LETTERS = 128


def show_all(file: Path | None) -> None:
    """Print each group: chat id, name, which cases come to it, how many it shows, and how it is doing."""
    run(_show_all(file))


async def _show_all(file: Path | None) -> None:
    async with store(file) as (settings, database), database.read() as tx:
        work = work_of(settings, tx)
        groups = await list_groups(tx, bot_id=work.bot_id)
        lines = [await _line(work, group) for group in groups]
    if not lines:
        print("no staff group yet; `carebot staff group add CHAT_ID NAME` adds one")
    for line in lines:
        print("\t".join(line))


async def _line(work: Work, group: StaffGroup) -> tuple[str, ...]:
    shown = await count_shown_in(work.tx, staff_group_id=group.id)
    takes = "; ".join(f"{name}: {', '.join(values)}" for name, values in (group.takes or {}).items()) or "all cases"
    lag = await lag_of(work, group)
    state = f"{lag.minutes} min behind" if lag.minutes else "up to date"
    if group.unreachable_since_at is not None:
        state = f"out of reach since {group.unreachable_since_at.astimezone(work.rules.zone):%Y-%m-%d %H:%M}"
    return (str(group.chat_id), printable(group.name), takes, f"cases {shown}", state)


def add(file: Path | None, chat_id: int, name: str, language: str | None, takes: dict[str, str | None]) -> None:
    """Take a Telegram group as a staff group, or change what one is called and which cases come to it."""
    if chat_id >= 0:
        raise BadInput(f"{chat_id}: a group's id is negative, such as -1001234567890; positive ids are people")
    if not 0 < len(name.strip()) <= _NAME_LETTERS:
        raise BadInput(f"a group's name has 1 to {_NAME_LETTERS} letters")
    if language is not None and language not in LANGUAGES:
        raise BadInput(f"{language}: no language carebot speaks; one of {', '.join(LANGUAGES)}")
    try:
        asked = TakesSection.model_validate({key: words for key, words in takes.items() if words}).seed()
    except ValidationError as error:
        fault = error.errors()[0]
        raise BadInput(f"--{fault['loc'][0]}: {fault['msg']}") from None
    group = run(_add(file, chat_id, name.strip(), language, asked))
    print(f"{printable(group.name)} is a staff group; make the bot its administrator with the right to manage topics")


async def _add(
    file: Path | None, chat_id: int, name: str, language: str | None, takes: dict[str, list[str]] | None
) -> StaffGroup:
    async with store(file) as (settings, database), database.write() as tx:
        work = work_of(settings, tx)
        return await views.add_group(work, chat_id=chat_id, name=name, language=language, takes=takes, by=SYSTEM)


def remove(file: Path | None, chat_id: int) -> None:
    """Let a group be no staff group any more; its live cases are shown in the others."""
    name, cases, others = run(_remove(file, chat_id))
    print(f"{printable(name)} is no staff group any more")
    if cases:
        where = "are shown in another group by the running carebot" if others else "wait until there is a staff group"
        print(f"{cases} live cases {where}")


async def _remove(file: Path | None, chat_id: int) -> tuple[str, int, int]:
    async with store(file) as (settings, database), database.write() as tx:
        work = work_of(settings, tx)
        groups = await list_groups(tx, bot_id=work.bot_id)
        group = next((group for group in groups if group.chat_id == chat_id), None)
        if group is None:
            raise NotFound(f"{chat_id}: no staff group has this id; `carebot staff group list` shows them")
        return group.name, await views.remove_group(work, group, by=SYSTEM), len(groups) - 1
