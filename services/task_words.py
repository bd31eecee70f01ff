"""Tasks as staff read them: a line in a list, and the buttons under one of them."""

from collections.abc import Sequence

from domain.outgoing import Button, Rows
from domain.people import Permission, StaffMember
from domain.tasks import OWED, Task
from services.tasks import TOLD
from services.work import Work
from storage.staff import load_staff
from storage.tasks import Head, load_heads


async def visible(work: Work, found: Sequence[Task], by: StaffMember) -> list[tuple[Task, Head]]:
    """Return the tasks this person may know of, with what is known of their cases: none of a case kept from them."""
    heads = await load_heads(work.tx, found) if found else {}
    return [(task, heads[task.id]) for task in found if _sees(heads[task.id], by)]


def _sees(head: Head, by: StaffMember) -> bool:
    return not head.confidential or (by.may(Permission.SUPERVISE) and head.about_member_id != by.id)


async def names_of_staff(work: Work) -> dict[int, str]:
    """Return the names of everyone who works here, by id."""
    staff = await load_staff(work.tx, bot_id=work.bot_id)
    return {member.id: member.name for member in staff.members.values()}


def line(work: Work, task: Task, head: Head, language: str, *, nth: int | None = None, owner: str | None = None) -> str:
    """Return a task in one line: by when, what kind, what for, whose customer and case; ``nth`` numbers it."""
    texts = work.texts
    moment = texts.moment(task.due_at, language, zone=work.rules.zone, now=work.now)
    about = " · ".join(part for part in (head.name, f"C-{head.number}" if head.number else "", owner or "") if part)
    sign = "⚠️" if task.overdue(work.now) else "✅" if task.done_at else "▫️"
    return texts.say(
        "aftercare.task.line",
        language,
        sign=sign if nth is None else f"{nth}. {sign}",
        moment=moment,
        kind=texts.button(f"aftercare.kind.{task.kind}", language),
        text=task.text or "–",
        about=about or "–",
    )


def buttons(work: Work, task: Task, language: str) -> Rows:
    """Return what can be done with one open task."""
    place = task.case_id if task.case_id is not None else 0

    def button(name: str, data: str) -> Button:
        return Button(work.texts.button(f"aftercare.button.{name}", language), data=f"k:{data}")

    first = [button("done", f"tdone:{place}:{task.id}"), button("later", f"tlater:{place}:{task.id}")]
    second = [button("give", f"tgive:{place}:{task.id}")]
    told = bool((task.why or {}).get(TOLD))
    if task.kind == "check_back" and task.case_id is not None:
        second.insert(0, button("ask_now", f"asknow:{place}:{task.id}"))
    if task.kind in OWED and task.case_id is not None and not told:
        second.insert(0, button("tell", f"ttell:{place}:{task.id}"))
    if not (task.kind in OWED and told):
        second.append(button("drop", f"tdrop:{place}:{task.id}"))
    return (tuple(first), tuple(second))
