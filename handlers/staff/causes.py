"""Learning from complaints, in the hands of staff: name a cause, say what is done about it, tell what has changed."""

from datetime import date, timedelta

from domain.cases import Case
from domain.deeds import Deed, why_not
from domain.outcomes import Refusal
from domain.outgoing import Button, Rows
from domain.people import StaffMember
from handlers.staff.verbs import Ask, Done, Verb
from services import causes
from services.case_door import access_case, actor_of
from services.tasks import add_task
from services.work import Work
from storage.causes import Cause, Standing, get_cause
from storage.staff import get_member
from texts.catalogue import safe
from texts.days import day_in_words

_CHOICES = 6
_LISTED = 10
_LABEL_LETTERS = 28
_DAYS = (7, 14, 30, 90)
_NEW = "new"


async def on_cause(ask: Ask) -> Done | Refusal:
    """Give a case its cause: named in words, chosen among the known, or asked for."""
    if ask.words:
        return await _named(ask, await causes.name_cause(ask.work, case_id=ask.case, by=ask.member, name=ask.words))
    if ask.argument() == _NEW:
        return Done(None, prompt="learning.name_prompt", deed=False)
    if ask.argument():
        chosen = await causes.choose_cause(ask.work, case_id=ask.case, by=ask.member, cause_id=ask.number())
        return await _named(ask, chosen)
    case = await access_case(ask.work, case_id=ask.case, by=ask.member, deed=Deed.CAUSE)
    if isinstance(case, Refusal):
        return case
    known = await causes.top_causes(ask.work, limit=_CHOICES)
    rows = [(Button(_label(one.cause.name), data=f"k:cause:{case.id}:{one.cause.id}"),) for one in known]
    new = Button(ask.context.label("learning.button.new"), data=f"k:cause:{case.id}:{_NEW}")
    values: dict[str, object] = {"number": case.public_number}
    return Done("learning.which_cause", values, buttons=(*rows, (new,)), shown=True, deed=False)


def _label(name: str) -> str:
    return name if len(name) <= _LABEL_LETTERS else f"{name[: _LABEL_LETTERS - 1]}…"


async def _named(ask: Ask, done: Case | Refusal) -> Done | Refusal:
    if isinstance(done, Refusal):
        return done
    cause = await get_cause(ask.work.tx, done.cause_id) if done.cause_id else None
    return Done("learning.cause_put", {"number": done.public_number, "cause": cause.name if cause else "?"}, shown=True)


async def on_causes(ask: Ask) -> Done | Refusal:
    """List why people complained, what is done about it and what has changed; each can be looked at."""
    if (refusal := why_not(Deed.CAUSES, ask.member)) is not None:
        return refusal
    listed = [one for one in await causes.top_causes(ask.work, limit=_LISTED) if one.count or one.cause.action]
    if not listed:
        return Done("learning.none", deed=False, shown=True)
    lines = [line for nth, one in enumerate(listed, 1) for line in await _lines(ask, nth, one)]
    rows = tuple(
        (Button(f"{nth}. {_label(one.cause.name)}", data=f"k:causeplan:0:{one.cause.id}"),)
        for nth, one in enumerate(listed, 1)
    )
    values: dict[str, object] = {"days": causes.LOOKED_BACK.days, "lines": safe("\n".join(lines))}
    return Done("learning.list", values, buttons=rows, shown=True, deed=False)


async def _lines(ask: Ask, nth: int, one: Standing) -> list[str]:
    cause = one.cause
    lines = [ask.context.text("learning.line", nth=nth, cause=cause.name, count=one.count, live=one.live)]
    if cause.action:
        owner = await causes.owner_of(ask.work, cause)
        values = {"action": cause.action, "owner": owner.name if owner else "?"}
        if cause.due_on:
            lines.append(ask.context.text("learning.line_plan", day=_day(ask, cause.due_on), **values))
        else:
            lines.append(ask.context.text("learning.line_plan_open", **values))
    if cause.note and cause.changed_at:
        on = cause.changed_at.astimezone(ask.work.rules.zone).date()
        lines.append(ask.context.text("learning.line_changed", day=_day(ask, on.isoformat()), note=cause.note))
    return lines


def _today(work: Work) -> date:
    return work.now.astimezone(work.rules.zone).date()


def _day(ask: Ask, iso: str) -> str:
    return day_in_words(date.fromisoformat(iso), ask.language, today=_today(ask.work))


async def on_plan(ask: Ask) -> Done | Refusal:
    """Look at one cause, and say what is done about it."""
    if (refusal := why_not(Deed.EDIT_CAUSES, ask.member)) is not None:
        return refusal
    cause = await get_cause(ask.work.tx, ask.number())
    if cause is None:
        return Refusal("learning.refused.no_cause")
    if ask.words:
        planned = await causes.plan_cause(ask.work, cause_id=cause.id, by=ask.member, action=ask.words)
        return planned if isinstance(planned, Refusal) else await _planned(ask, planned)
    if ask.argument(1) == _NEW:
        return Done(None, prompt="learning.plan_prompt", arguments=ask.arguments, deed=False)
    rows: Rows = (
        (Button(ask.context.label("learning.button.plan"), data=f"k:causeplan:0:{cause.id}:{_NEW}"),),
        (Button(ask.context.label("learning.button.changed"), data=f"k:causechanged:0:{cause.id}"),),
    )
    return Done("learning.one", {"cause": cause.name}, buttons=rows, shown=True, deed=False)


async def _planned(ask: Ask, cause: Cause) -> Done:
    rows = tuple(
        (Button(ask.context.label("learning.button.days", days=days), data=f"k:causedue:0:{cause.id}:{days}"),)
        for days in _DAYS
    )
    return Done("learning.planned", await _values(ask.work, cause), buttons=rows, shown=True)


async def _values(work: Work, cause: Cause) -> dict[str, object]:
    owner: StaffMember | None = await get_member(work.tx, cause.owner_id) if cause.owner_id else None
    return {"cause": cause.name, "action": cause.action, "owner": owner.name if owner else "?"}


async def on_due(ask: Ask) -> Done | Refusal:
    """Say by when it is done; its owner gets a task for that day."""
    if (refusal := why_not(Deed.EDIT_CAUSES, ask.member)) is not None:
        return refusal
    cause = await get_cause(ask.work.tx, ask.number())
    days = ask.number(1)
    if cause is None or days not in _DAYS:
        return Refusal("learning.refused.no_cause")
    due_on = _today(ask.work) + timedelta(days=days)
    planned = await causes.plan_cause(
        ask.work, cause_id=cause.id, by=ask.member, action=cause.action, owner_id=cause.owner_id, due_on=due_on
    )
    if isinstance(planned, Refusal):
        return planned
    await add_task(
        ask.work,
        kind="other",
        owner_id=planned.owner_id,
        due_at=ask.work.now + timedelta(days=days),
        text=ask.context.label("learning.task", cause=planned.name, action=planned.action),
        by=actor_of(ask.member),
        key=f"cause:{planned.id}:{due_on.isoformat()}",
    )
    return Done("learning.due", {**await _values(ask.work, planned), "day": _day(ask, due_on.isoformat())}, shown=True)


async def on_changed(ask: Ask) -> Done | Refusal:
    """Say what has changed; each who complained of it is told when they may be written to."""
    if (refusal := why_not(Deed.EDIT_CAUSES, ask.member)) is not None:
        return refusal
    if not ask.words:
        return Done(None, prompt="learning.changed_prompt", arguments=ask.arguments, deed=False)
    cause = await get_cause(ask.work.tx, ask.number())
    told = await causes.tell_change(ask.work, cause_id=ask.number(), by=ask.member, note=ask.words)
    if isinstance(told, Refusal):
        return told
    return Done("learning.telling", {"cause": cause.name if cause else "?", "people": told}, shown=True)


VERBS = (
    Verb("cause", on_cause),
    Verb("causes", on_causes, needs_case=False, menu=False),
    Verb("causeplan", on_plan, needs_case=False, menu=False, command=False),
    Verb("causedue", on_due, needs_case=False, menu=False, command=False),
    Verb("causechanged", on_changed, needs_case=False, menu=False, command=False),
)
