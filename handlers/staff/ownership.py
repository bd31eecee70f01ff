"""Whose a case is, in the hands of staff: take it, give it to somebody, hand everything over, be away and back."""

from datetime import datetime, timedelta

from domain.deeds import Deed, why_not
from domain.outcomes import Refusal
from domain.outgoing import Button, Rows
from domain.people import StaffMember
from domain.when import read_until
from handlers.staff.verbs import Ask, Done, Verb
from services import members
from services.case_door import access_case, actor_of
from services.casework import take_case
from services.gathered import shortened
from services.ownership import assign_case, list_choices
from storage.interactions import NOWHERE, Origin
from storage.staff import get_first_group, get_member

_MOST_CHOICES = 40
_IN_A_ROW = 2
_AWAY = {"morning": None, "3d": timedelta(days=3), "7d": timedelta(days=7)}
"""How long somebody may be away by one tap; the morning is that of the next day."""


def origin_of(ask: Ask) -> Origin:
    """Return where words were written, so that they stand on record once; a tap has none."""
    return NOWHERE if ask.tapped else ask.context.said.origin


def choices(ask: Ask, people: list[StaffMember], data: str) -> Rows:
    """Return a button for each person, who is away marked; ``data`` is followed by the person's id."""
    work = ask.work

    def button(member: StaffMember) -> Button:
        here = member.present(work.now)
        name = member.name if here else ask.context.label("casework.choice.absent", name=member.name)
        return Button(name, data=f"{data}:{member.id}")

    shown = [button(member) for member in people[:_MOST_CHOICES]]
    return tuple(tuple(shown[nth : nth + _IN_A_ROW]) for nth in range(0, len(shown), _IN_A_ROW))


async def person_ahead(ask: Ask, words: str) -> tuple[StaffMember, str] | Refusal:
    """Return the person named ahead of ``words`` and the words behind the name; the longest name wins."""
    parts = words.split()
    for count in range(len(parts), 0, -1):
        found = await members.find_member(ask.work, " ".join(parts[:count]))
        if found is not None:
            return found, words.split(maxsplit=count)[count] if count < len(parts) else ""
    return Refusal("casework.refused.who", {"who": shortened(parts[0], 40) if parts else "?"})


async def _take(ask: Ask) -> Done | Refusal:
    done = await take_case(ask.work, case_id=ask.case, by=ask.member)
    if isinstance(done, Refusal):
        return done
    return Done("desk.taken", {"number": done.public_number, "name": ask.member.name})


async def _assign(ask: Ask) -> Done | Refusal:
    """Give a case to a person chosen by button or named behind the command."""
    if ask.argument():
        return await _assigned(ask, ask.number(), ask.words)
    if ask.words:
        named = await person_ahead(ask, ask.words)
        return named if isinstance(named, Refusal) else await _assigned(ask, named[0].id, named[1])
    return await _to_whom(ask, "assign", Deed.ASSIGN)


async def _transfer(ask: Ask) -> Done | Refusal:
    """Give a case to a person with a note, which is asked for when it is missing."""
    to, note = ask.number(), ask.words
    if not ask.argument():
        if not ask.words:
            return await _to_whom(ask, "transfer", Deed.TRANSFER)
        named = await person_ahead(ask, ask.words)
        if isinstance(named, Refusal):
            return named
        to, note = named[0].id, named[1]
    if note:
        return await _assigned(ask, to, note)
    member = await get_member(ask.work.tx, to)
    return Done(
        None,
        {"name": member.name if member else "?"},
        prompt="casework.transfer_prompt",
        arguments=(str(to),),
        deed=False,
    )


async def _to_whom(ask: Ask, verb: str, deed: Deed) -> Done | Refusal:
    case = await access_case(ask.work, case_id=ask.case, by=ask.member, deed=deed)
    if isinstance(case, Refusal):
        return case
    people = [one for one in await list_choices(ask.work, case=case) if one.id != case.owner_id]
    if not people:
        return Refusal("casework.refused.nobody_else")
    buttons = choices(ask, people, f"k:{verb}:{case.id}")
    return Done("casework.to_whom", {"number": case.public_number}, buttons=buttons, shown=True, deed=False)


async def _assigned(ask: Ask, to: int, note: str) -> Done | Refusal:
    done = await assign_case(ask.work, case_id=ask.case, to=to, by=ask.member, note=note, origin=origin_of(ask))
    if isinstance(done, Refusal):
        return done
    owner = await get_member(ask.work.tx, to)
    assert owner is not None
    present = owner.present(ask.work.now)
    key = "casework.given_to" if present else "casework.given_to_away"
    told = present and owner.id != ask.member.id
    return Done(key, {"number": done.public_number, "name": owner.name}, told=told)


async def _handover(ask: Ask) -> Done | Refusal:
    """Hand everything of one person over to another: named behind the command, or chosen one after the other."""
    if ask.words:
        return await _handover_named(ask)
    if not ask.argument():
        if why_not(Deed.HANDOVER, ask.member, whose=-1) is not None:  # may hand over what is their own alone
            return await _to_successor(ask, ask.member.id)
        people = await list_choices(ask.work)
        return Done("casework.handover_whose", buttons=choices(ask, people, "k:handover:0"), shown=True, deed=False)
    if not ask.argument(1):
        return await _to_successor(ask, ask.number())
    return await _handed_over(ask, ask.number(), ask.number(1))


async def _handover_named(ask: Ask) -> Done | Refusal:
    giver = await person_ahead(ask, ask.words)
    if isinstance(giver, Refusal):
        return giver
    if not giver[1]:
        return await _to_successor(ask, giver[0].id)
    successor = await person_ahead(ask, giver[1])
    if isinstance(successor, Refusal):
        return successor
    return await _handed_over(ask, giver[0].id, successor[0].id)


async def _to_successor(ask: Ask, giver_id: int) -> Done | Refusal:
    refusal = why_not(Deed.HANDOVER, ask.member, whose=giver_id)
    giver = await get_member(ask.work.tx, giver_id)
    if refusal is not None or giver is None:
        return refusal or Refusal("casework.refused.no_member")
    people = [one for one in await list_choices(ask.work) if one.id != giver.id]
    if not people:
        return Refusal("casework.refused.nobody_else")
    buttons = choices(ask, people, f"k:handover:0:{giver.id}")
    return Done("casework.handover_to", {"name": giver.name}, buttons=buttons, shown=True, deed=False)


async def _handed_over(ask: Ask, giver_id: int, successor_id: int) -> Done | Refusal:
    work, group = ask.work, ask.context.group
    first = await get_first_group(work.tx, bot_id=work.bot_id)
    here = group is not None and first is not None and first.id == group.id
    replacing = ask.replacing if here else None
    done = await members.hand_over(
        work, from_id=giver_id, to_id=successor_id, by=actor_of(ask.member), replacing=replacing
    )
    if isinstance(done, Refusal):
        return done
    if not done:
        return Done("casework.handover_nothing")
    giver, successor = [await get_member(ask.work.tx, one) for one in (giver_id, successor_id)]
    names = {"giver": giver.name if giver else "?", "name": successor.name if successor else "?"}
    values: dict[str, object] = {**names, "what": done.in_words(work, ask.language)}
    if not here:
        return Done("casework.handover_done", values)
    if ask.tapped:
        ask.context.answer("casework.handover_done", **ask.context.told(values))
    return Done(None)  # the group reads it already


async def _away(ask: Ask) -> Done | Refusal:
    """Note that oneself, or for who supervises somebody else, is away: until a moment, or until they are back."""
    member, words = ask.member, ask.words
    if words.startswith("@"):
        named = await person_ahead(ask, words)
        if isinstance(named, Refusal):
            return named
        member, words = named
    until = _away_until(ask, ask.argument()) if ask.argument() else None
    if words:
        read = read_until(words, now=ask.work.now, zone=ask.work.rules.zone)
        if read is None:
            return Refusal("casework.refused.when", {"words": words[:40]})
        until = read[0]
    done = await members.set_absent(ask.work, member.id, until=until, by=actor_of(ask.member))
    if isinstance(done, Refusal):
        return done
    key = "casework.away" if until is None else "casework.away_until"
    own = member.id == ask.member.id
    values: dict[str, object] = {"name": done.name, **({"moment": until} if until else {})}
    return Done(key, values, buttons=_away_buttons(ask) if own else (), shown=own)


def _away_until(ask: Ask, code: str) -> datetime | None:
    if code == "morning":
        read = read_until("tomorrow", now=ask.work.now, zone=ask.work.rules.zone)
        return read[0] if read else None
    span = _AWAY.get(code)
    return ask.work.now + span if span else None


def _away_buttons(ask: Ask) -> Rows:
    until = tuple(Button(ask.context.label(f"casework.button.away.{code}"), data=f"k:away:0:{code}") for code in _AWAY)
    return until, (Button(ask.context.label("staff.button.back"), data="k:back:0"),)


async def _back(ask: Ask) -> Done | Refusal:
    member = ask.member
    if ask.words:
        named = await person_ahead(ask, ask.words)
        if isinstance(named, Refusal):
            return named
        member = named[0]
    done = await members.set_present(ask.work, member.id, by=actor_of(ask.member))
    return done if isinstance(done, Refusal) else Done("casework.back", {"name": done.name})


VERBS: tuple[Verb, ...] = (
    Verb("take", _take),
    Verb("assign", _assign),
    Verb("transfer", _transfer),
    Verb("handover", _handover, needs_case=False, menu=False),
    Verb("away", _away, needs_case=False, menu=False),
    Verb("back", _back, needs_case=False, menu=False),
)
