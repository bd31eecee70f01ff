"""Bans in the hands of staff: until when, why, who is banned now, and lifting it."""

from datetime import datetime, timedelta

from domain.deeds import Deed
from domain.outcomes import Refusal
from domain.outgoing import Button, Rows
from domain.when import read_until
from handlers.staff.verbs import Ask, Done, Verb
from services import bans
from services.case_door import access_case
from services.gathered import shortened
from storage.bans import Ban
from texts.catalogue import safe

_DAYS = (1, 7, 30)
_OWN, _AT = "own", "at"
_LABEL_LETTERS = 28


async def on_ban(ask: Ask) -> Done | Refusal:
    """Ban the customer of a case: until when, then why; or both behind the command."""
    chosen = ask.argument()
    if ask.words and all(_until_and_reason(ask, chosen)):
        return await _ban(ask, chosen)  # locks the customer's chats before the case
    case = await access_case(ask.work, case_id=ask.case, by=ask.member, deed=Deed.BAN)
    if isinstance(case, Refusal):
        return case
    if not ask.words and not chosen:
        return Done("ready.ban.until_when", {"number": case.public_number}, _choices(ask), shown=True, deed=False)
    if not ask.words:
        return Done(
            None,
            {"number": case.public_number},
            prompt="ready.ban.own_prompt" if chosen == _OWN else "ready.ban.reason_prompt",
            arguments=ask.arguments,
            deed=False,
        )
    return await _ban(ask, chosen)


def _choices(ask: Ask) -> Rows:
    data = f"k:ban:{ask.case}"
    days = tuple(Button(ask.context.label("ready.button.days", count=count), data=f"{data}:{count}") for count in _DAYS)
    return (days, (Button(ask.context.label("ready.button.own_date"), data=f"{data}:{_OWN}"),))


async def _ban(ask: Ask, chosen: str) -> Done | Refusal:
    until, reason = _until_and_reason(ask, chosen)
    if until is None:
        return Refusal("ready.refused.when")
    if not reason:
        return Done(None, prompt="ready.ban.reason_prompt", arguments=(_AT, until.isoformat()), deed=False)
    done = await bans.ban(ask.work, case_id=ask.case, by=ask.member, until=until, reason=reason)
    if isinstance(done, Refusal):
        return done
    row: Rows = (
        (
            Button(ask.context.label("ready.button.unban"), data=f"k:unban:{ask.case}:{done.id}"),
            Button(ask.context.label("ready.button.spam"), data=f"k:spam:{ask.case}"),
        ),
    )
    return Done("ready.ban.done", {"name": done.name, "moment": done.until_at, "reason": done.reason}, row, shown=True)


def _until_and_reason(ask: Ask, chosen: str) -> tuple[datetime | None, str]:
    work = ask.work
    if chosen == _AT:
        return _instant(ask.argument(1)), ask.words
    if chosen in {str(days) for days in _DAYS}:
        return work.now + timedelta(days=int(chosen)), ask.words
    read = read_until(ask.words, now=work.now, zone=work.rules.zone)
    return read if read is not None else (None, "")


def _instant(text: str) -> datetime | None:
    """Return the instant that a question of ours carries; ``None`` for a forged one."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


async def on_unban(ask: Ask) -> Done | Refusal:
    """Lift a ban: that of a case's customer, or one of the list."""
    ban_id = ask.number() if ask.argument() else None
    lifted = await bans.lift(ask.work, by=ask.member, case_id=ask.case_id, ban_id=ban_id)
    if isinstance(lifted, Refusal):
        return lifted
    told = lifted.told_in is not None and lifted.told_in == ask.case_id
    return Done("ready.ban.lifted", {"name": lifted.name}, shown=True, told=told)


async def on_bans(ask: Ask) -> Done | Refusal:
    """List who is banned now, until when and why; each can be lifted."""
    found = await bans.list_bans(ask.work, by=ask.member)
    if isinstance(found, Refusal):
        return found
    if not found:
        return Done("ready.ban.nobody", shown=True, deed=False)
    lines = "\n".join(_line(ask, one) for one in found)
    rows = tuple(
        (Button(ask.context.label("ready.button.unban_of", name=_short(one)), data=f"k:unban:0:{one.id}"),)
        for one in found
    )
    return Done("ready.ban.list", {"lines": safe(lines)}, buttons=rows, shown=True, deed=False)


def _line(ask: Ask, one: Ban) -> str:
    values = ask.context.told({"name": one.name, "moment": one.until_at, "reason": shortened(one.reason, 120)})
    return ask.context.text("ready.ban.list_line", **values)


def _short(one: Ban) -> str:
    return shortened(one.name, _LABEL_LETTERS)


VERBS = (
    Verb("ban", on_ban),
    Verb("unban", on_unban, needs_case=False, menu=False),
    Verb("bans", on_bans, needs_case=False, menu=False),
)
