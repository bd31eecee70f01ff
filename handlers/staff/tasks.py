"""Tasks in the hands of staff: promises, check-backs, visits planned; done, put off, given; the lists of them."""

from collections.abc import Sequence
from datetime import date, datetime

from domain.deeds import Deed, why_not
from domain.outcomes import Refusal
from domain.outgoing import Button, Rows
from domain.tasks import NEEDS_OUTCOME, Task, TaskKind
from handlers.staff.verbs import Ask, Done, Verb
from services import check_back, task_words, tasks
from services.case_door import access_case
from services.ownership import list_choices
from services.task_times import CHOICES, OWN, choose_due, read_due
from services.visit_plan import Week, week_of
from texts.catalogue import safe
from texts.days import day_in_words

_LISTED = 12
_LETTERS = 3600
_EVERYBODY = "all"
_WEEKS = 8


async def plan(ask: Ask, kind: TaskKind) -> Done | Refusal:
    """Note what is to be done and by when, as written; an unclear time is asked for, and nothing is lost."""
    case = await access_case(ask.work, case_id=ask.case, by=ask.member, deed=Deed.TASK)
    if isinstance(case, Refusal):
        return case
    due, rest = read_due(ask.work, ask.words, kind)
    clear = due is not None
    due = due or choose_due(ask.work, "tomorrow", kind)
    assert due is not None
    text = rest or (ask.context.label("aftercare.text.check_back") if kind is TaskKind.CHECK_BACK else "")
    text = text or ask.context.label("aftercare.text.none")
    made = await tasks.plan_task(ask.work, case_id=case.id, by=ask.member, kind=kind, due_at=due, text=text)
    return made if isinstance(made, Refusal) else _made(ask, made, clear=clear)


def _made(ask: Ask, task: Task, *, clear: bool) -> Done:
    values: dict[str, object] = {"moment": task.due_at, "text": task.text}
    if not clear:
        return Done("aftercare.made.unclear", values, buttons=_when(ask, "tlater", task.case_id, task.id), shown=True)
    buttons = task_words.buttons(ask.work, task, ask.language)
    return Done(_MADE.get(task.kind, "aftercare.made.other"), values, buttons=buttons, shown=True)


_MADE = {
    TaskKind.PROMISE: "aftercare.made.promise",
    TaskKind.VISIT: "aftercare.made.visit",
    TaskKind.CHECK_BACK: "aftercare.made.check_back",
}


def _when(ask: Ask, verb: str, case_id: int | None, *arguments: int) -> Rows:
    """Return a button for each usual day, and one for another."""
    start = ":".join(str(one) for one in (case_id or 0, *arguments))

    def button(choice: str) -> Button:
        return Button(ask.context.label(f"aftercare.button.{choice}"), data=f"k:{verb}:{start}:{choice}")

    made = [button(choice) for choice in CHOICES]
    return (tuple(made[:3]), tuple(made[3:]), (button(OWN),))


async def on_promise(ask: Ask) -> Done | Refusal:
    """Note what was promised."""
    return await plan(ask, TaskKind.PROMISE)


async def on_task(ask: Ask) -> Done | Refusal:
    """Note what is to be done."""
    return await plan(ask, TaskKind.OTHER)


async def on_check_back(ask: Ask) -> Done | Refusal:
    """Plan to ask whether it still holds: on a day behind the command, or chosen."""
    if ask.words:
        return await plan(ask, TaskKind.CHECK_BACK)
    if ask.argument() == OWN:
        return Done(None, prompt="aftercare.prompt.when", arguments=(OWN,), deed=False)
    case = await access_case(ask.work, case_id=ask.case, by=ask.member, deed=Deed.TASK)
    if isinstance(case, Refusal):
        return case
    due = choose_due(ask.work, ask.argument(), TaskKind.CHECK_BACK)
    if due is None:
        return Done("aftercare.check_when", buttons=check_back_days(ask, case.id), shown=True, deed=False)
    text = ask.context.label("aftercare.text.check_back")
    made = await tasks.plan_task(
        ask.work, case_id=case.id, by=ask.member, kind=TaskKind.CHECK_BACK, due_at=due, text=text
    )
    return made if isinstance(made, Refusal) else _made(ask, made, clear=True)


def check_back_days(ask: Ask, case_id: int) -> Rows:
    """Return the days on which a case may be checked back on."""

    def button(choice: str) -> Button:
        return Button(ask.context.label(f"aftercare.button.{choice}"), data=f"k:checkback:{case_id}:{choice}")

    return ((button("tomorrow"), button("in3"), button("in7")), (button(OWN),))


async def on_done(ask: Ask) -> Done | Refusal:
    """Call a task done; what needs an outcome is asked for it."""
    task = await tasks.access_task(ask.work, task_id=ask.number(), by=ask.member)
    if isinstance(task, Refusal):
        return task
    if task.kind in NEEDS_OUTCOME and not ask.words:
        values: dict[str, object] = {"kind": ask.context.label(f"aftercare.kind.{task.kind}"), "text": task.text or "–"}
        return Done(None, values, prompt="aftercare.prompt.outcome", arguments=ask.arguments[:1], deed=False)
    done = await tasks.finish_task(ask.work, task_id=task.id, by=ask.member, outcome=ask.words)
    return done if isinstance(done, Refusal) else _said(ask, "aftercare.done", done)


def _said(ask: Ask, key: str, task: Task, **values: object) -> Done:
    return Done(key, {"text": task.text or "–", "moment": task.due_at, **values}, shown=not ask.tapped)


async def on_later(ask: Ask) -> Done | Refusal:
    """Put a task off to a day chosen, or written."""
    if ask.words:
        return await _put_off(ask, read_due(ask.work, ask.words, TaskKind.OTHER)[0])
    if ask.argument(1) == OWN:
        return Done(None, prompt="aftercare.prompt.when", arguments=ask.arguments[:1], deed=False)
    if ask.argument(1):
        return await _put_off(ask, choose_due(ask.work, ask.argument(1), TaskKind.OTHER))
    task = await tasks.access_task(ask.work, task_id=ask.number(), by=ask.member)
    if isinstance(task, Refusal):
        return task
    buttons = _when(ask, "tlater", ask.case_id, task.id)
    return Done("aftercare.later_when", buttons=buttons, shown=True, deed=False)


async def _put_off(ask: Ask, due: datetime | None) -> Done | Refusal:
    if due is None:
        return Refusal("aftercare.refused.unclear")
    done = await tasks.postpone_task(ask.work, task_id=ask.number(), by=ask.member, due_at=due)
    return done if isinstance(done, Refusal) else _said(ask, "aftercare.later", done)


async def on_give(ask: Ask) -> Done | Refusal:
    """Give a task to another member of staff."""
    if ask.argument(1):
        done = await tasks.give_task(ask.work, task_id=ask.number(), to_id=ask.number(1), by=ask.member)
        if isinstance(done, Refusal):
            return done
        return _said(ask, "aftercare.given", done, name=(await task_words.names_of_staff(ask.work))[ask.number(1)])
    task = await tasks.access_task(ask.work, task_id=ask.number(), by=ask.member)
    if isinstance(task, Refusal):
        return task
    others = [member for member in await list_choices(ask.work) if member.id != task.owner_id]
    rows = tuple((Button(one.name, data=f"k:tgive:{ask.case_id or 0}:{task.id}:{one.id}"),) for one in others[:_LISTED])
    if not rows:
        return Refusal("aftercare.refused.nobody")
    return Done("aftercare.give_whom", buttons=rows, shown=True, deed=False)


async def on_drop(ask: Ask) -> Done | Refusal:
    """Call a task off."""
    done = await tasks.drop_task(ask.work, task_id=ask.number(), by=ask.member)
    return done if isinstance(done, Refusal) else _said(ask, "aftercare.dropped", done)


async def on_tell(ask: Ask) -> Done | Refusal:
    """Tell the customer by when somebody gets in touch."""
    done = await tasks.tell_promise(ask.work, task_id=ask.number(), by=ask.member)
    return done if isinstance(done, Refusal) else _said(ask, "aftercare.told", done)


async def on_ask_now(ask: Ask) -> Done | Refusal:
    """Ask the customer whether it still holds."""
    done = await check_back.ask_whether_it_holds(ask.work, task_id=ask.number(), by=ask.member)
    return done if isinstance(done, Refusal) else _said(ask, "aftercare.asked", done)


async def on_tasks(ask: Ask) -> Done | Refusal:
    """List one's own tasks, or everybody's; each can be looked at."""
    everybody = ask.argument() == _EVERYBODY
    found = await tasks.list_for(ask.work, ask.member, everybody=everybody)
    if isinstance(found, Refusal):
        return found
    seen = await task_words.visible(ask.work, found, ask.member)
    switch = _switch(ask, everybody=everybody)
    if not seen:
        return Done("aftercare.tasks.none", buttons=switch, shown=True, deed=False)
    names = await task_words.names_of_staff(ask.work) if everybody else {}
    nobody = ask.context.label("aftercare.nobody")
    lines = [
        task_words.line(
            ask.work,
            task,
            head,
            ask.language,
            nth=nth,
            owner=names.get(task.owner_id or 0, nobody) if everybody else None,
        )
        for nth, (task, head) in enumerate(seen[:_LISTED], 1)
    ]
    numbers = [
        Button(str(nth), data=f"k:taskview:0:{task.id}") for nth, (task, _) in enumerate(seen[: len(_fit(lines))], 1)
    ]
    rows: Rows = (*(tuple(numbers[at : at + 6]) for at in range(0, len(numbers), 6)), *switch)
    values: dict[str, object] = {"all": len(seen), "lines": safe("\n".join(_fit(lines)))}
    key = "aftercare.tasks.everybody" if everybody else "aftercare.tasks.mine"
    return Done(key, values, buttons=rows, shown=True, deed=False)


def _fit(lines: Sequence[str]) -> list[str]:
    """Return as many lines as one message holds."""
    kept: list[str] = []
    for line in lines:
        if sum(len(one) + 1 for one in kept) + len(line) > _LETTERS:
            break
        kept.append(line)
    return kept


def _switch(ask: Ask, *, everybody: bool) -> Rows:
    if everybody:
        return ((Button(ask.context.label("aftercare.button.mine"), data="k:tasks:0:mine"),),)
    if why_not(Deed.ALL_TASKS, ask.member) is None:
        return ((Button(ask.context.label("aftercare.button.everybody"), data=f"k:tasks:0:{_EVERYBODY}"),),)
    return ()


async def on_view(ask: Ask) -> Done | Refusal:
    """Look at one task, with what can be done about it."""
    task = await tasks.access_task(ask.work, task_id=ask.number(), by=ask.member)
    if isinstance(task, Refusal):
        return task
    [(_, head)] = await task_words.visible(ask.work, [task], ask.member)
    names = await task_words.names_of_staff(ask.work)
    line = task_words.line(ask.work, task, head, ask.language, owner=names.get(task.owner_id or 0))
    buttons = task_words.buttons(ask.work, task, ask.language)
    return Done("aftercare.task.one", {"line": safe(line)}, buttons=buttons, shown=True, deed=False)


async def on_visits(ask: Ask) -> Done | Refusal:
    """Show the visits of a week by whose they are, with what came of them."""
    if (refusal := why_not(Deed.TASKS, ask.member)) is not None:
        return refusal
    away = ask.argument()
    weeks = int(away) if away.lstrip("-").isascii() and away.lstrip("-").isdigit() and len(away) < 4 else 0
    weeks = max(-_WEEKS, min(_WEEKS, weeks))
    week = await week_of(ask.work, ask.member, weeks=weeks)
    today = ask.work.now.astimezone(ask.work.rules.zone).date()
    values: dict[str, object] = {"first": _day(ask, week.first_on, today), "last": _day(ask, week.last_on, today)}
    buttons = (
        (
            Button(ask.context.label("aftercare.button.before"), data=f"k:visits:0:{weeks - 1}"),
            Button(ask.context.label("aftercare.button.after"), data=f"k:visits:0:{weeks + 1}"),
        ),
    )
    if not week.of:
        return Done("aftercare.visits.none", values, buttons=buttons, shown=True, deed=False)
    values["lines"] = safe("\n".join(_fit(_visit_lines(ask, week))))
    return Done("aftercare.visits.week", values, buttons=buttons, shown=True, deed=False)


def _day(ask: Ask, on: date, today: date) -> str:
    return day_in_words(on, ask.language, today=today)


def _visit_lines(ask: Ask, week: Week) -> list[str]:
    lines = []
    for owner, visits in week.of:
        lines.append(ask.context.text("aftercare.visits.of", owner=owner or ask.context.label("aftercare.nobody")))
        for task, head in visits:
            lines.append(task_words.line(ask.work, task, head, ask.language))
            if task.outcome:
                lines.append(ask.context.text("aftercare.visits.outcome", outcome=task.outcome))
    return lines


VERBS = (
    Verb("promise", on_promise, prompt="aftercare.prompt.promise"),
    Verb("task", on_task, prompt="aftercare.prompt.task"),
    Verb("checkback", on_check_back),
    Verb("tasks", on_tasks, needs_case=False, menu=False),
    Verb("visits", on_visits, needs_case=False, menu=False),
    Verb("taskview", on_view, needs_case=False, menu=False, command=False),
    Verb("tdone", on_done, needs_case=False, menu=False, command=False),
    Verb("tlater", on_later, needs_case=False, menu=False, command=False),
    Verb("tgive", on_give, needs_case=False, menu=False, command=False),
    Verb("tdrop", on_drop, needs_case=False, menu=False, command=False),
    Verb("ttell", on_tell, needs_case=False, menu=False, command=False),
    Verb("asknow", on_ask_now, needs_case=False, menu=False, command=False),
)
