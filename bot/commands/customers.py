"""``carebot customers``: find, show, edit, link and merge customers' records."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.commands.common import printable, run, store, work_of
from domain.dates import read_birthday
from domain.errors import BadInput
from domain.outcomes import Refusal
from domain.people import SYSTEM, Birthday
from domain.phones import phone_in_words
from domain.records import tag_of
from services import records, timeline
from services.linking import make_link_code
from services.merging import merge_customers
from services.timeline import TimelineItem
from services.work import Work
from storage import records as rows
from storage.people import list_branch_codes
from storage.records import Record
from storage.staff import get_member, load_staff
from storage.timeline import TimelineKind
from texts import Texts
from texts.places import birthday_in_words

_LANGUAGE = "en"
_WORDS_LETTERS = 160


def find(file: Path | None, text: str, limit: int) -> None:
    """Print the customers known by a code, a number, an import key, or a part of their name."""
    run(_find(file, text, limit))


async def _find(file: Path | None, text: str, limit: int) -> None:
    async with store(file) as (settings, database), database.read() as tx:
        work = work_of(settings, tx)
        known = await records.find_customer(work, code=text) or await records.find_customer(work, source_key=text)
        ids = [known] if known else await records.list_by_phone(work, text)
        found = [await records.read_record(work, one) for one in ids or await rows.list_named(tx, text, limit=limit)]
    if not found:
        print(f"nobody found for {printable(text)}")
    for record in filter(None, found[:limit]):
        print("\t".join(_line_of(record)))


def _line_of(record: Record) -> tuple[str, ...]:
    phone = phone_in_words(record.phone) if record.phone else "-"
    return (record.code, printable(record.name) or "-", phone, record.tier, record.language)


def show(file: Path | None, code: str, limit: int, before: str | None) -> None:
    """Print a customer's record and what happened with them, newest first."""
    run(_show(file, code, limit, before))


async def _show(file: Path | None, code: str, limit: int, before: str | None) -> None:
    async with store(file) as (settings, database), database.read() as tx:
        work = work_of(settings, tx)
        record = await _record(work, code)
        facts = await _facts(work, record)
        try:
            items = await timeline.list_timeline(work, record.id, before=before, limit=limit)
        except BadInput as error:
            raise BadInput(f"--before: {error}") from None
        zone = settings.business.time_zone
    for name, value in facts:
        print(f"{name + ':':13}{printable(value)}")
    _print_timeline(items, zone)
    if len(items) == limit:
        print(f"older: carebot customers show {record.code} --before {items[-1].cursor}")


async def _record(work: Work, code: str) -> Record:
    customer_id = await records.find_customer(work, code=code)
    record = await records.read_record(work, customer_id) if customer_id is not None else None
    if record is None:
        raise BadInput(f"no customer has the code {printable(code)[:40]}; look with: carebot customers find NAME")
    return record


async def _facts(work: Work, record: Record) -> list[tuple[str, str]]:
    owner = await get_member(work.tx, record.owner_id) if record.owner_id else None
    branches = {number: code for code, number in (await list_branch_codes(work.tx)).items()}
    contacts = await rows.list_contacts(work.tx, record.id)
    proved = " (proved by Telegram)" if record.phone_proved_at else ""
    facts = {
        "code": record.code,
        "name": record.name,
        "called": record.call_name,
        "phone": phone_in_words(record.phone) + proved if record.phone else None,
        "language": record.language,
        "zone": f"{record.zone} ({record.zone_source or 'source not known'})" if record.zone else None,
        "birthday": birthday_in_words(record.birthday, _LANGUAGE) if record.birthday else None,
        "tier": record.tier,
        "tags": ", ".join(record.tags),
        "owner": owner.name if owner else None,
        "branch": branches.get(record.branch_id or 0),
        "preferences": record.preferences,
        "lost": _lost(record, work.rules.zone),
        "import key": record.source_key,
        "came by": record.source,
        "since": _moment(record.created_at, work.rules.zone),
        **{f"{key}": _value(value) for key, value in record.custom.items()},
        "chats": ", ".join(f"{c.username or c.chat_id} ({c.reach})" for c in contacts),
    }
    return [(name, value) for name, value in facts.items() if value]


def _lost(record: Record, zone: ZoneInfo) -> str | None:
    return f"{record.lost_reason}, {_moment(record.lost_at, zone)}" if record.lost_at else None


def _value(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _print_timeline(items: Sequence[TimelineItem], zone: ZoneInfo) -> None:
    told = [(_moment(item.at, zone), item.kind.name.lower().replace("_", " "), _told(item)) for item in items]
    if not sys.stdout.isatty():
        for line in told:
            print("\t".join(line))
        return
    table = Table("when", "what", "told", box=None, header_style="bold")
    for when, what, words in told:
        table.add_row(when, what, Text(words))
    Console().print(table)


def _told(item: TimelineItem) -> str:
    """Return one thing that happened as a line."""
    words = printable(item.text or "")
    if len(words) > _WORDS_LETTERS:
        words = words[:_WORDS_LETTERS] + "…"
    told = _FIGURES.get(item.kind, lambda one: one.label or "")(item)
    who = f" by {item.actor_kind}" if item.kind in _ACTED and item.actor_kind else ""
    return " ".join(part for part in (printable(told) + who, f"· {words}" if words else "") if part)


def _said(item: TimelineItem) -> str:
    if item.internal:
        return "note"
    return f"{'from the customer' if item.extra == 'in' else 'to the customer'}, {item.label}"


_ACTED = (TimelineKind.POINTS, TimelineKind.TIER, TimelineKind.VOUCHER_USED, TimelineKind.CONSENT, TimelineKind.MERGE)
_FIGURES: Mapping[TimelineKind, Any] = {
    TimelineKind.SAID: _said,
    TimelineKind.FEEDBACK: lambda item: f"{item.label}{f', {item.number} stars' if item.number else ''}",
    TimelineKind.CASE_OPENED: lambda item: f"C-{item.number} {item.label}",
    TimelineKind.CASE_RESOLVED: lambda item: f"C-{item.number}",
    TimelineKind.CASE_CLOSED: lambda item: f"C-{item.number}",
    TimelineKind.PURCHASE: lambda item: f"{item.number} {item.extra} (minor units) {item.label or ''}".strip(),
    TimelineKind.REFUND: lambda item: f"{item.number} {item.extra} (minor units)",
    TimelineKind.POINTS: lambda item: f"{item.number:+d} {item.label}{f' ({item.extra})' if item.extra else ''}",
    TimelineKind.TIER: lambda item: f"{item.extra} → {item.label}",
    TimelineKind.VOUCHER_ISSUED: lambda item: f"for {item.number} points, now {item.label}",
    TimelineKind.CONSENT: lambda item: f"{(item.label or '').partition('.')[2]}: {'yes' if item.number else 'no'}",
    TimelineKind.DELIVERY: lambda item: f"{item.label}: {item.extra}",
    TimelineKind.SURVEY: lambda item: f"{item.label}{'' if item.number is None else f', score {item.number}'}",
}


@dataclass(frozen=True, slots=True)
class Edit:
    """What a command wants changed, as typed; ``None`` leaves a field alone, an empty text empties it."""

    name: str | None = None
    call_name: str | None = None
    phone: str | None = None
    language: str | None = None
    zone: str | None = None
    birthday: str | None = None
    preferences: str | None = None
    owner: str | None = None
    branch: str | None = None
    lost: str | None = None
    fields: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    untags: tuple[str, ...] = ()
    note: str | None = None


def edit(file: Path | None, code: str, wanted: Edit) -> None:
    """Change fields of a record; all of them or, when one cannot be, none."""
    run(_edit(file, code, wanted))


async def _edit(file: Path | None, code: str, wanted: Edit) -> None:
    async with store(file) as (settings, database), database.write() as tx:
        work = work_of(settings, tx)
        record = await _record(work, code)
        changes = await _changes(work, record, wanted)
        if not changes and wanted.note is None:
            raise BadInput("nothing to change; name a field, such as --phone +8613800138000")
        _check(await records.change_record(work, record.id, by=SYSTEM, **changes))
        if wanted.note is not None:
            _check(await records.add_note(work, record.id, wanted.note, by=SYSTEM))
    print(f"changed {record.code}")


async def _changes(work: Work, record: Record, wanted: Edit) -> dict[str, Any]:
    plain = ("name", "call_name", "phone", "language", "zone", "preferences")
    changes: dict[str, Any] = {name: value for name in plain if (value := getattr(wanted, name)) is not None}
    if wanted.birthday is not None:
        today = work.now.astimezone(work.rules.zone).date()
        changes["birthday"] = _birthday(wanted.birthday, today) if wanted.birthday else None
    if wanted.lost is not None:
        changes["lost_reason"] = wanted.lost
    if wanted.owner is not None:
        changes["owner_id"] = await _owner(work, wanted.owner) if wanted.owner else None
    if wanted.branch is not None:
        changes["branch_id"] = await _branch(work, wanted.branch) if wanted.branch else None
    if wanted.fields:
        changes["custom"] = dict(_pair(one) for one in wanted.fields)
    if wanted.tags or wanted.untags:
        tags = {*record.tags, *wanted.tags} - {tag_of(tag) or tag for tag in wanted.untags}
        changes["tags"] = tags
    return changes


def _birthday(text: str, today: date) -> Birthday:
    days = read_birthday(text, today=today).days
    if len(days) != 1:
        raise BadInput(f'--birthday: "{printable(text)[:40]}" is not one day; write 1990-08-03 or lunar 8-15')
    return days[0]


async def _owner(work: Work, text: str) -> int:
    staff = await load_staff(work.tx, bot_id=work.bot_id)
    member = staff.member(int(text)) if text.isascii() and text.isdigit() else None
    if member is None or not member.active:
        raise BadInput(f"--owner: {printable(text)[:40]} is no Telegram user id of somebody who works here")
    return member.id


async def _branch(work: Work, code: str) -> int:
    branches = await list_branch_codes(work.tx)
    if code not in branches:
        raise BadInput(f"--branch: there is no {printable(code)[:40]}; there are {', '.join(branches) or 'none'}")
    return branches[code]


def _pair(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign:
        raise BadInput(f'--field: write NAME=VALUE, not "{printable(text)[:40]}"')
    return key.strip(), value.strip()


def _check(outcome: object) -> None:
    """Tell a refusal in one line; the transaction is rolled back."""
    if isinstance(outcome, Refusal):
        raise BadInput(refusal_in_words(outcome))


def refusal_in_words(refusal: Refusal) -> str:
    """Return why something was not done, in English, in one line."""
    return printable(Texts().button(refusal.key, _LANGUAGE, **refusal.values))


def link(file: Path | None, code: str) -> None:
    """Print a one-time code that links a chat to this record."""
    run(_link(file, code))


async def _link(file: Path | None, code: str) -> None:
    async with store(file) as (settings, database), database.write() as tx:
        work = work_of(settings, tx)
        record = await _record(work, code)
        made = await make_link_code(work, record.id, by=SYSTEM)
        _check(made)
        until = _moment(work.now + work.rules.record.link_code_for, settings.business.time_zone)
    print(f"https://t.me/YOUR_BOT?start=l-{made}")
    print(f"for {printable(record.called)}, once, until {until}; or let them send the bot: /link {made}")


def merge(file: Path | None, keep: str, duplicate: str, reason: str | None) -> None:
    """Merge a duplicate into the record that is kept."""
    run(_merge(file, keep, duplicate, reason))


async def _merge(file: Path | None, keep: str, duplicate: str, reason: str | None) -> None:
    async with store(file) as (settings, database), database.write() as tx:
        work = work_of(settings, tx)
        kept, other = await _record(work, keep), await _record(work, duplicate)
        _check(await merge_customers(work, keep_id=kept.id, duplicate_id=other.id, by=SYSTEM, reason=reason))
    print(f"merged {other.code} into {kept.code}; both codes lead to {printable(kept.called)}")
