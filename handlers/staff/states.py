"""What becomes of a case, in the hands of staff: hold and go on, solve and reopen, merge, spam, tags, its history."""

from dataclasses import replace
from datetime import timedelta

from domain.cases import Case, number_in
from domain.deeds import Deed
from domain.outcomes import Refusal
from domain.outgoing import Button, Rows
from domain.signing import utf16_length
from domain.when import read_until
from handlers.staff.ownership import origin_of
from handlers.staff.tasks import check_back_days
from handlers.staff.verbs import Ask, Done, Verb
from services.case_door import access_case
from services.case_history import history_in_words
from services.case_merge import list_mergeable, merge_cases
from services.case_tags import list_common_tags, list_tags, tag_case, untag_case
from services.casework import hold_case, reopen_by_staff, resolve_case, resume_case, spam_case
from services.gathered import shortened
from texts.catalogue import safe

_HOLDS = {"1h": timedelta(hours=1), "morning": None, "1d": timedelta(days=1)}
"""How long a case is put on hold by one tap; the morning is that of the next day."""
_OWN, _OPEN, _YES, _NO, _NEW = "own", "open", "yes", "no", "new"
_TAG_CHOICES = 8
_DATA_BYTES = 64
_HISTORY_LETTERS = 3600


async def _resolve(ask: Ask) -> Done | Refusal:
    """Call a case solved, and offer days on which to ask whether it still holds."""
    done = await resolve_case(ask.work, case_id=ask.case, by=ask.member)
    if isinstance(done, Refusal):
        return done
    return replace(_done(ask, "aftercare.resolved", done), buttons=check_back_days(ask, done.id), shown=True)


async def _reopen(ask: Ask) -> Done | Refusal:
    done = await reopen_by_staff(ask.work, case_id=ask.case, by=ask.member)
    return done if isinstance(done, Refusal) else _done(ask, "desk.reopened_by_staff", done)


async def _resume(ask: Ask) -> Done | Refusal:
    done = await resume_case(ask.work, case_id=ask.case, by=ask.member)
    return done if isinstance(done, Refusal) else _done(ask, "casework.resumed", done)


def _done(ask: Ask, key: str, case: Case, **values: object) -> Done:
    return Done(key, {"number": case.public_number, "name": ask.member.name, **values})


async def _hold(ask: Ask) -> Done | Refusal:
    """Put a case on hold: until a moment named behind the command, chosen by button, or asked for."""
    work, code = ask.work, ask.argument()
    if code == _OWN and not ask.words:
        return Done(None, prompt="casework.hold_prompt", arguments=(_OWN,), deed=False)
    if not code and not ask.words:
        return await _how_long(ask)
    until, reason = None, ""
    if ask.words or code == "morning":
        read = read_until(ask.words or "tomorrow", now=work.now, zone=work.rules.zone)
        if read is None:
            return Refusal("casework.refused.when", {"words": ask.words[:40]})
        until, reason = read
    elif code in _HOLDS:
        until = work.now + (_HOLDS[code] or timedelta())
    elif code != _OPEN:
        return Refusal("desk.refused.old_button")
    done = await hold_case(work, case_id=ask.case, by=ask.member, until=until, reason=reason, origin=origin_of(ask))
    if isinstance(done, Refusal):
        return done
    return _done(ask, "casework.held_until", done, moment=until) if until else _done(ask, "casework.held", done)


async def _how_long(ask: Ask) -> Done | Refusal:
    case = await access_case(ask.work, case_id=ask.case, by=ask.member, deed=Deed.HOLD)
    if isinstance(case, Refusal):
        return case

    def button(code: str) -> Button:
        return Button(ask.context.label(f"casework.button.hold.{code}"), data=f"k:hold:{case.id}:{code}")

    rows = (tuple(button(code) for code in _HOLDS), (button(_OWN), button(_OPEN)))
    return Done("casework.how_long", {"number": case.public_number}, buttons=rows, shown=True, deed=False)


async def _merge(ask: Ask) -> Done | Refusal:
    """Merge a case into another of the same customer, named behind the command or chosen by button."""
    if ask.words or ask.argument():
        number = _number(ask.words) if ask.words else ask.number()
        if number is None:
            return Refusal("casework.refused.which_number", {"words": ask.words[:40]})
        done = await merge_cases(ask.work, case_id=ask.case, into_number=number, by=ask.member)
        return done if isinstance(done, Refusal) else Done("casework.merged", {"into": done.public_number})
    case = await access_case(ask.work, case_id=ask.case, by=ask.member, deed=Deed.MERGE)
    if isinstance(case, Refusal):
        return case
    others = [] if case.confidential else await list_mergeable(ask.work, case)
    if not others:
        return Refusal("casework.refused.nothing_to_merge", {"number": case.public_number})
    rows = tuple(
        (Button(shortened(f"{one.public_number} · {one.summary}", 40), data=f"k:merge:{case.id}:{one.number}"),)
        for one in others
    )
    return Done("casework.merge_into", {"number": case.public_number}, buttons=rows, shown=True, deed=False)


def _number(words: str) -> int | None:
    word = words.split()[0].upper()
    return number_in(word if word.startswith("C-") else f"C-{word}")


async def _spam(ask: Ask) -> Done | Refusal:
    """Close a case as spam, once whoever asks is sure."""
    if ask.argument() == _YES:
        done = await spam_case(ask.work, case_id=ask.case, by=ask.member)
        return done if isinstance(done, Refusal) else _done(ask, "casework.spam", done)
    case = await access_case(ask.work, case_id=ask.case, by=ask.member, deed=Deed.SPAM)
    if isinstance(case, Refusal):
        return case
    if ask.argument() == _NO:
        return Done("casework.spam_not", {"number": case.public_number})
    rows = (
        tuple(
            Button(ask.context.label(f"casework.button.spam.{code}"), data=f"k:spam:{case.id}:{code}")
            for code in (_YES, _NO)
        ),
    )
    return Done("casework.spam_sure", {"number": case.public_number}, buttons=rows, shown=True, deed=False)


async def _tag(ask: Ask) -> Done | Refusal:
    """Put a tag on a case: named, chosen among those in use, or asked for."""
    if ask.argument() == _NEW and not ask.words:
        return Done(None, prompt="casework.tag_prompt", arguments=(_NEW,), deed=False)
    tag = ask.words or ":".join(ask.arguments)
    if not tag:
        return await _which_tag(ask)
    done = await tag_case(ask.work, case_id=ask.case, tag=tag, by=ask.member)
    return done if isinstance(done, Refusal) else await _tagged(ask, done)


async def _untag(ask: Ask) -> Done | Refusal:
    """Take a tag off a case: named, or chosen among those it has."""
    tag = ask.words or ":".join(ask.arguments)
    if not tag:
        return await _which_tag(ask)
    done = await untag_case(ask.work, case_id=ask.case, tag=tag, by=ask.member)
    return done if isinstance(done, Refusal) else await _tagged(ask, done)


async def _tagged(ask: Ask, case: Case) -> Done:
    tags = await list_tags(ask.work, case.id)
    key = "casework.tags" if tags else "casework.no_tags"
    return Done(key, {"number": case.public_number, **({"tags": _joined(tags)} if tags else {})})


def _joined(tags: list[str]) -> str:
    return " ".join(f"#{tag.replace(' ', '_')}" for tag in tags)


async def _which_tag(ask: Ask) -> Done | Refusal:
    case = await access_case(ask.work, case_id=ask.case, by=ask.member, deed=Deed.TAG)
    if isinstance(case, Refusal):
        return case
    here = await list_tags(ask.work, case.id)
    common = [tag for tag in await list_common_tags(ask.work, limit=_TAG_CHOICES + len(here)) if tag not in here]
    buttons = [*_tag_buttons("+", "tag", case, common[:_TAG_CHOICES]), *_tag_buttons("✕", "untag", case, here)]
    rows: Rows = tuple(tuple(buttons[nth : nth + 2]) for nth in range(0, len(buttons), 2))
    new = Button(ask.context.label("casework.button.new_tag"), data=f"k:tag:{case.id}:{_NEW}")
    return Done("casework.which_tag", {"number": case.public_number}, buttons=(*rows, (new,)), shown=True, deed=False)


def _tag_buttons(sign: str, verb: str, case: Case, tags: list[str]) -> list[Button]:
    """Return a button for each tag; one too long for Telegram's buttons is put and taken by command."""
    data = {tag: f"k:{verb}:{case.id}:{tag}" for tag in tags if tag != _NEW}
    return [
        Button(f"{sign} {shortened(tag, 28)}", data=whole)
        for tag, whole in data.items()
        if len(whole.encode()) <= _DATA_BYTES
    ]


async def _history(ask: Ask) -> Done | Refusal:
    """Tell what became of a case, newest last; what does not fit into one message is left out at the head."""
    case = await access_case(ask.work, case_id=ask.case, by=ask.member, deed=Deed.HISTORY)
    if isinstance(case, Refusal):
        return case
    lines = await history_in_words(ask.work, case, ask.language)
    kept = len(lines)
    while kept > 1 and utf16_length("\n".join(lines[-kept:])) > _HISTORY_LETTERS:
        kept -= 1
    text = "\n".join(lines[-kept:])
    values: dict[str, object] = {"number": case.public_number, "lines": safe(text)}
    if kept == len(lines):
        return Done("casework.history", values, shown=True, deed=False)
    return Done("casework.history_end", {**values, "count": len(lines) - kept}, shown=True, deed=False)


VERBS: tuple[Verb, ...] = (
    Verb("hold", _hold),
    Verb("resume", _resume, aliases=("unhold",)),
    Verb("resolve", _resolve),
    Verb("reopen", _reopen),
    Verb("merge", _merge),
    Verb("spam", _spam),
    Verb("tag", _tag),
    Verb("untag", _untag, menu=False, command=False),
    Verb("history", _history),
)
