"""A complaint about a person who works here: said with one button, and kept from that person."""

from domain.cases import Aspect
from domain.dialogues import Dialogue, DialogueName
from domain.outgoing import Button, Rows
from handlers.context import CareContext
from handlers.customers.conversation import running
from handlers.customers.keyboards import button, one_row
from services.confidential import list_whom
from services.dialogues import move
from storage.staff import get_member

_MOST = 30
_CHOSEN = "✅ "
NOBODY_NAMED = 0
"""Stands for a person whose name the customer does not know."""
_NOT = "no"


def rows(context: CareContext, dialogue: Dialogue) -> Rows:
    """Return the button that says that a complaint is about a person, marked when it was pressed."""
    sign = _CHOSEN if dialogue.data.get("about") is not None else ""
    label = sign + context.label("about_staff.button")
    return ((Button(label, data=f"c:about:{dialogue.data['key']}"),),)


async def summary_line(context: CareContext, dialogue: Dialogue) -> list[str]:
    """Return what the summary says about whom it is about, if that was said."""
    about = dialogue.data.get("about")
    if about is None:
        return []
    member = await get_member(context.work.tx, about) if about else None
    if member is None:
        return [context.text("about_staff.summary")]
    return [context.text("about_staff.summary_name", name=member.name)]


async def on_about(context: CareContext) -> None:
    """Keep the complaint from the group, and ask whom it is about where customers know names."""
    dialogue = running(context, DialogueName.COMPLAINT)
    if dialogue is None:
        return
    aspect = dialogue.data.get("aspect") or Aspect.SERVICE.value
    move(context.work, context.customer, about=dialogue.data.get("about") or NOBODY_NAMED, aspect=aspect)
    staff = await list_whom(context.work) if context.work.rules.show_staff_names else []
    key = dialogue.data["key"]
    names = tuple((Button(member.name, data=f"c:whom:{key}:{member.id}"),) for member in staff[:_MOST])
    last = one_row(*(button(context, f"about_staff.{name}", f"c:whom:{key}:{to}") for name, to in _LAST[bool(names)]))
    await context.say("about_staff.who" if names else "about_staff.noted", buttons=(*names, *last))


_LAST = {True: (("someone", NOBODY_NAMED), ("undo", _NOT)), False: (("undo", _NOT),)}


async def on_whom(context: CareContext) -> None:
    """Keep whom it is about, or that it is about no person after all."""
    dialogue = running(context, DialogueName.COMPLAINT)
    if dialogue is None:
        return
    tap = context.tapped
    member = await get_member(context.work.tx, tap.number(1)) if tap.number(1) > 0 else None
    about = None if tap.word(1) == _NOT else member.id if member is not None and member.active else NOBODY_NAMED
    move(context.work, context.customer, about=about)
    if about is None:
        await context.say("about_staff.undone", replacing=tap.message_id)
    elif about == NOBODY_NAMED or member is None:
        await context.say("about_staff.noted", replacing=tap.message_id)
    else:
        await context.say("about_staff.noted_name", name=member.name, replacing=tap.message_id)
