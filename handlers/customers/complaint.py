"""A complaint in the customer's own words: told, perhaps with an order number, looked over, sent."""

import re

from domain.dialogues import DialogueName
from domain.interactions import Kind
from domain.outgoing import Rows
from domain.words import says_only
from handlers.context import CareContext
from handlers.customers import about_staff
from handlers.customers.conversation import dialogue_of, recorded, running
from handlers.customers.keyboards import aspect_of, aspects, button, one_row
from services.dialogues import begin, gather, is_full, move, said_in
from services.drafts import open_gathered, settle
from services.gathered import in_words, newest_versions
from services.speech import say_html
from storage.interactions import list_by_ids

_ORDER_LETTERS = 40
_ORDER_WORDS = 4
_SHOWN_LETTERS = 1200
_HAS_DIGIT = re.compile(r"\d")


async def on_begin(context: CareContext) -> None:
    """Ask what happened; words already kept as a draft are its beginning."""
    person, work = context.customer, context.work
    dialogue = person.dialogue
    if dialogue and dialogue.name is DialogueName.COMPLAINT and said_in(dialogue):
        move(work, person, step="tell")
        await _ask(context, "complaint.go_on")
        return
    kept = said_in(dialogue) if dialogue and dialogue.name is DialogueName.DRAFT and dialogue.step == "ask" else []
    if not kept:
        await settle(work, person)
    waits = work.rules.gather_for if kept else None
    begin(work, person, DialogueName.COMPLAINT, "tell", key=context.interaction_id, waits=waits, said=kept)
    if context.heard is not None and context.said.argument:
        gather(work, person, recorded(context), waits=work.rules.gather_for)
    await _ask(context, "complaint.go_on" if said_in(person.dialogue) else "complaint.ask")


async def _ask(context: CareContext, key: str, *, replacing: int | None = None) -> None:
    await context.say(key, buttons=_telling(context), replacing=replacing)


def _telling(context: CareContext) -> Rows:
    data = dialogue_of(context).data
    return (
        *aspects(context, f"c:aspect:{data['key']}", data.get("aspect")),
        *about_staff.rows(context, dialogue_of(context)),
        (button(context, "button.done", f"c:done:{data['key']}"),),
    )


async def in_complaint(context: CareContext) -> bool:
    """Let words and attachments join the complaint."""
    dialogue = dialogue_of(context)
    if dialogue.step == "order" and await _took_order(context):
        return True
    content, work, person = context.said.content, context.work, context.customer
    if dialogue.step == "summary" and content.kind is Kind.TEXT and says_only(content.text, work.texts.phrases("yes")):
        await open_gathered(work, person)
        return True
    starts = gather(work, person, recorded(context), waits=work.rules.gather_for)
    if is_full(person):
        await open_gathered(work, person)
    elif dialogue.step == "summary":
        await _show_summary(context)
    elif dialogue.step == "order" and not dialogue.data.get("asked_again"):
        move(work, person, asked_again=True)
        await context.say("complaint.heard_order", buttons=_order_buttons(context))
    elif starts:
        await _acknowledge(context)
    return True


async def _acknowledge(context: CareContext) -> None:
    """Answer a burst once."""
    key = dialogue_of(context).data["key"]
    buttons = one_row(
        button(context, "button.done", f"c:done:{key}"), button(context, "button.cancel", f"c:cancel:{key}")
    )
    await context.say("complaint.heard", buttons=buttons)


async def _took_order(context: CareContext) -> bool:
    """Take a short line with a digit for the order number, a plain no for having none."""
    content, work, person = context.said.content, context.work, context.customer
    text = content.text.strip()
    if content.kind is not Kind.TEXT:
        return False
    if says_only(text, work.texts.phrases("no")):
        move(work, person, step="summary", waits=work.rules.gather_for)
    elif looks_like_order(text):
        move(
            work,
            person,
            step="summary",
            waits=work.rules.gather_for,
            order=text,
            order_said=context.interaction_id,
        )
    else:
        return False
    await _show_summary(context)
    return True


def looks_like_order(text: str) -> bool:
    """Return whether this reads like an order number rather than like more of the story."""
    short = len(text) <= _ORDER_LETTERS and "\n" not in text and len(text.split()) <= _ORDER_WORDS
    return short and bool(_HAS_DIGIT.search(text))


async def on_aspect(context: CareContext) -> None:
    """Mark what the complaint is about, at any time."""
    dialogue = running(context, DialogueName.COMPLAINT)
    aspect = aspect_of(context.tapped.word(1))
    if dialogue is None or aspect is None:
        context.answer("tap.stale")
        return
    waits = context.work.rules.gather_for if said_in(dialogue) else None
    move(context.work, context.customer, waits=waits, aspect=aspect.value)
    if dialogue.step == "summary":
        await _show_summary(context)
    elif dialogue.step == "tell":
        key = "complaint.go_on" if said_in(dialogue) else "complaint.ask"
        await _ask(context, key, replacing=context.tapped.message_id)


async def on_done(context: CareContext) -> None:
    """Ask for an order number once something was told."""
    dialogue = running(context, DialogueName.COMPLAINT, "tell")
    if dialogue is None:
        return
    if not said_in(dialogue):
        await context.say("complaint.nothing_yet")
        return
    if dialogue.data.get("order"):
        move(context.work, context.customer, step="summary", waits=context.work.rules.gather_for)
        await _show_summary(context, replacing=context.tapped.message_id)
        return
    move(context.work, context.customer, step="order", waits=context.work.rules.gather_for)
    await context.say("complaint.order", buttons=_order_buttons(context), replacing=context.tapped.message_id)


def _order_buttons(context: CareContext) -> Rows:
    return one_row(button(context, "button.skip", f"c:skip:{dialogue_of(context).data['key']}"))


async def on_skip(context: CareContext) -> None:
    """Go on without an order number."""
    if running(context, DialogueName.COMPLAINT, "order") is None:
        return
    move(context.work, context.customer, step="summary", waits=context.work.rules.gather_for)
    await _show_summary(context, replacing=context.tapped.message_id)


async def refresh(context: CareContext) -> None:
    """Show the summary anew when it is being looked over, because an edit changed it."""
    dialogue = context.customer.dialogue
    if dialogue and dialogue.name is DialogueName.COMPLAINT and dialogue.step == "summary":
        await _show_summary(context)


async def _show_summary(context: CareContext, *, replacing: int | None = None) -> None:
    key = dialogue_of(context).data["key"]
    buttons = (
        (button(context, "button.send", f"c:send:{key}"), button(context, "button.add_more", f"c:more:{key}")),
        (button(context, "button.cancel", f"c:cancel:{key}"),),
    )
    lines = [*await _summary(context, "complaint.summary.head"), "", context.text("complaint.summary.ask")]
    await say_html(
        context.work,
        context.customer,
        "\n".join(lines),
        buttons=buttons,
        replacing=replacing,
        coalesce_key=None if replacing else f"summary:{context.customer.contact.id}",
    )


async def _summary(context: CareContext, head: str) -> list[str]:
    """Return what will be passed on, line by line."""
    dialogue = dialogue_of(context)
    said = newest_versions(await list_by_ids(context.work.tx, said_in(dialogue)))
    lines = [context.text(head)]
    if dialogue.data.get("aspect"):
        lines.append(
            context.text("complaint.summary.aspect", aspect=context.label(f"aspect.{dialogue.data['aspect']}"))
        )
    lines += await about_staff.summary_line(context, dialogue)
    if dialogue.data.get("order"):
        lines.append(context.text("complaint.summary.order", order=dialogue.data["order"]))
    if words := in_words(said, between="\n", limit=_SHOWN_LETTERS):
        lines.append(context.text("complaint.summary.words", words=words))
    if files := sum(1 for one in said if one.content.kind is not Kind.TEXT):
        lines.append(context.text("complaint.summary.files", count=files))
    return lines


async def on_more(context: CareContext) -> None:
    """Go back to telling."""
    if running(context, DialogueName.COMPLAINT, "summary") is None:
        return
    move(context.work, context.customer, step="tell", waits=context.work.rules.gather_for)
    await _ask(context, "complaint.go_on", replacing=context.tapped.message_id)


async def on_send(context: CareContext) -> None:
    """Open the case; what was sent stays readable above its number."""
    if running(context, DialogueName.COMPLAINT, "summary") is None:
        return
    lines = await _summary(context, "complaint.summary.sent")
    await say_html(context.work, context.customer, "\n".join(lines), replacing=context.tapped.message_id)
    await open_gathered(context.work, context.customer)
