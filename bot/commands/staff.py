"""``carebot staff``: who works here, who is away, and to whom goes what was theirs."""

from datetime import datetime
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from bot.commands.common import printable, run, store, work_of
from domain.errors import BadInput, NotFound
from domain.languages import LANGUAGES
from domain.outcomes import Refusal
from domain.people import SYSTEM, Role, StaffMember
from domain.when import read_until
from services import members
from services.work import Work
from storage.members import count_belongings, list_members

_T = TypeVar("_T")
_LANGUAGE = "en"
_NOBODY = "nobody"
_NAME_LETTERS = 64
_LARGEST_ID = 2**52
"""Telegram's user ids have at most 52 significant bits."""


def show_all(file: Path | None, *, everybody: bool) -> None:
    """Print who works here: id, name, role, cases not closed, customers, tasks, and whether they are away."""
    run(_show_all(file, everybody=everybody))


async def _show_all(file: Path | None, *, everybody: bool) -> None:
    async with store(file) as (settings, database), database.read() as tx:
        work = work_of(settings, tx)
        found = await list_members(tx, active=not everybody)
        belongings = await count_belongings(tx)
    if not found:
        print("nobody works here yet; `carebot staff add ID NAME --role admin` adds somebody")
    for member in found:
        print("\t".join(_line(member, belongings.get(member.id, (0, 0, 0)), work)))


def _line(member: StaffMember, belongings: tuple[int, int, int], work: Work) -> tuple[str, ...]:
    counts = "cases {}, customers {}, tasks {}".format(*belongings)
    return (
        str(member.user_id),
        printable(member.name),
        member.role.value,
        counts,
        _standing(member, work.now, work.rules.zone),
    )


def _standing(member: StaffMember, now: datetime, zone: ZoneInfo) -> str:
    if not member.active:
        return "removed"
    if member.present(now):
        return "here"
    until = member.absent_until_at
    return f"away until {until.astimezone(zone):%Y-%m-%d %H:%M}" if until else "away"


def add(file: Path | None, user_id: int, name: str, role: str, language: str | None) -> None:
    """Add a member of staff."""
    clean = " ".join(printable(name).split())
    if not 0 < user_id < _LARGEST_ID:
        raise BadInput(f"ID: {user_id} is no Telegram user id; it is a whole number such as 123456789")
    if not clean or len(clean) > _NAME_LETTERS:
        raise BadInput(f"NAME: a name has 1 to {_NAME_LETTERS} letters")
    if role not in [each.value for each in Role]:
        raise BadInput(f"--role {printable(role)}: no such role; there are {', '.join(Role)}")
    if language is not None and language not in LANGUAGES:
        raise BadInput(f"--language {printable(language)}: no such language; there are {', '.join(LANGUAGES)}")
    run(_add(file, user_id, clean, Role(role), language))


async def _add(file: Path | None, user_id: int, name: str, role: Role, language: str | None) -> None:
    async with store(file) as (settings, database), database.write() as tx:
        work = work_of(settings, tx)
        done = await members.add_member(work, user_id=user_id, name=name, role=role, language=language, by=SYSTEM)
        member = _not_refused(work, done)
    print(f"{member.name} ({member.user_id}) works here as {member.role}")


def remove(file: Path | None, who: str, to: str | None) -> None:
    """Remove a member of staff, handing over what is theirs."""
    run(_remove(file, who, to))


async def _remove(file: Path | None, who: str, to: str | None) -> None:
    async with store(file) as (settings, database), database.write() as tx:
        work = work_of(settings, tx)
        member = await _member(work, who)
        belongings = (await count_belongings(tx)).get(member.id, (0, 0, 0))
        if to is None and any(belongings):
            theirs = "cases {}, customers {}, tasks {}".format(*belongings)
            raise BadInput(f"{printable(member.name)} still has {theirs}; say --to WHO takes them over, or --to nobody")
        successor = await _member(work, to) if to is not None and to != _NOBODY else None
        successor_id = successor.id if successor else None
        done = await members.remove_member(work, member.id, successor_id=successor_id, by=SYSTEM)
        moved = _not_refused(work, done)
    print(f"{printable(member.name)} works here no more; {_moved(moved, successor)}")


def away(file: Path | None, who: str, until: str | None) -> None:
    """Note that somebody is away."""
    run(_away(file, who, until))


async def _away(file: Path | None, who: str, until: str | None) -> None:
    async with store(file) as (settings, database), database.write() as tx:
        work = work_of(settings, tx)
        member = await _member(work, who)
        read = read_until(until, now=work.now, zone=work.rules.zone) if until is not None else None
        if until is not None and read is None:
            raise BadInput(f"--until {printable(until)[:40]}: not understood; write it like 3d, tomorrow or 2026-12-24")
        done = await members.set_absent(work, member.id, until=read[0] if read else None, by=SYSTEM)
        member = _not_refused(work, done)
        standing = _standing(member, work.now, work.rules.zone)
    print(f"{printable(member.name)} is {standing}")


def back(file: Path | None, who: str) -> None:
    """Note that somebody is back."""
    run(_back(file, who))


async def _back(file: Path | None, who: str) -> None:
    async with store(file) as (settings, database), database.write() as tx:
        work = work_of(settings, tx)
        member = await _member(work, who)
        member = _not_refused(work, await members.set_present(work, member.id, by=SYSTEM))
    print(f"{printable(member.name)} is here")


def handover(file: Path | None, giver: str, successor: str) -> None:
    """Hand over everything of one person to another."""
    run(_handover(file, giver, successor))


async def _handover(file: Path | None, giver: str, successor: str) -> None:
    async with store(file) as (settings, database), database.write() as tx:
        work = work_of(settings, tx)
        one, other = await _member(work, giver), await _member(work, successor)
        moved = _not_refused(work, await members.hand_over(work, from_id=one.id, to_id=other.id, by=SYSTEM))
    print(_moved(moved, other))


def _moved(moved: members.HandedOver, successor: StaffMember | None) -> str:
    to = printable(successor.name) if successor else _NOBODY
    return f"to {to}: cases {moved.cases}, customers {moved.customers}, tasks {moved.tasks}"


async def _member(work: Work, who: str) -> StaffMember:
    found = await members.find_member(work, who)
    if found is None:
        raise NotFound(
            f"{printable(who)[:40]!r} is nobody who works here, or several people; look with: carebot staff list"
        )
    return found


def _not_refused(work: Work, done: _T | Refusal) -> _T:
    """Return what was done. Raises :class:`BadInput`, which undoes the transaction, when it was refused."""
    if isinstance(done, Refusal):
        raise BadInput(work.texts.button(done.key, _LANGUAGE, **done.values))
    return done
