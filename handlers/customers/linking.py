"""“I'm a customer already”: the chat finds its person's record by their own shared number, or by a one-time code."""

from domain.codes import SIGNS, read_code
from domain.dialogues import DialogueName
from domain.interactions import Kind
from domain.outcomes import Refusal
from domain.outgoing import Button, asking_contact
from domain.words import says_only
from handlers.context import CareContext
from handlers.customers.conversation import dialogue_of, running
from handlers.customers.keyboards import button, column, menu, one_row
from services.commands import set_commands
from services.dialogues import PATIENCE, begin, move
from services.drafts import settle
from services.linking import CODE_SIGNS, Candidate, link_by_code, link_by_contact, link_candidate, refer_to_staff

_NONE_OF_THEM = "no"


async def on_begin(context: CareContext) -> None:
    """Ask for the person's own number by the button that only they can press; a code behind the command is taken."""
    if context.tap is None and context.said.argument:
        await on_code(context, context.said.argument)
        return
    await settle(context.work, context.customer)
    begin(context.work, context.customer, DialogueName.LINK, "share", key=context.interaction_id, waits=PATIENCE)
    share = asking_contact(context.label("record.link.share"))
    await context.say("record.link.ask", keyboard=((share,), *menu(context)))


async def on_code(context: CareContext, code: str) -> None:
    """Link this chat by a one-time code, from a link or typed."""
    await settle(context.work, context.customer)
    await set_commands(context.work, context.customer)
    await _say_outcome(context, await link_by_code(context.work, context.customer, code))


async def in_link(context: CareContext) -> bool:
    """Take a shared contact, a code, or a yes or no; other words are not for this conversation."""
    content, texts = context.said.content, context.work.texts
    step = dialogue_of(context).step
    if step == "share" and content.kind is Kind.CONTACT:
        await _on_contact(context)
        return True
    if content.kind is Kind.TEXT and says_only(content.text, texts.phrases("no")):
        await (_leave(context) if step == "share" else _none_of_them(context))
        return True
    if content.kind is Kind.TEXT and step == "confirm" and says_only(content.text, texts.phrases("yes")):
        await _choose(context, 0)
        return True
    if content.kind is Kind.TEXT and step == "share":
        return await _in_words(context, content.text)
    context.customer.leave(context.work)
    return False


async def _in_words(context: CareContext, text: str) -> bool:
    """Take a typed code; a typed number proves nothing, which is said; anything else is for a person to read."""
    code = read_code(text)
    if len(code) == CODE_SIGNS and set(code) <= set(SIGNS):
        await on_code(context, code)
        return True
    if code and code.isdigit():
        move(context.work, context.customer, waits=PATIENCE)
        await context.say("record.link.typed_number")
        return True
    context.customer.leave(context.work)
    return False


async def _leave(context: CareContext) -> None:
    context.customer.leave(context.work)
    await context.say("record.link.left", keyboard=menu(context))


async def _on_contact(context: CareContext) -> None:
    said = context.said
    proved = await link_by_contact(
        context.work,
        context.customer,
        phone=str(said.content.extra.get("phone_number", "")),
        contact_user_id=said.contact_user_id,
        sender_id=said.speaker.user_id,
        forwarded=said.forwarded,
    )
    if isinstance(proved, Refusal):
        move(context.work, context.customer, waits=PATIENCE)
        await context.say(proved.key, **proved.values)
    elif proved.candidates:
        await _ask_who(context, proved.candidates)
    else:
        context.customer.leave(context.work)
        outcome = "staff" if proved.known_elsewhere else "linked" if proved.linked else "none"
        await context.say(f"record.link.found.{outcome}", keyboard=menu(context))


async def _ask_who(context: CareContext, candidates: tuple[Candidate, ...]) -> None:
    """Ask by the initial of a first name alone, so that nobody learns who else has the number."""
    one = len(candidates) == 1
    dialogue = move(
        context.work,
        context.customer,
        step="confirm" if one else "which",
        waits=PATIENCE,
        candidates=[candidate.customer_id for candidate in candidates],
    )
    key = dialogue.data["key"]
    none = button(context, "record.link.button.no" if one else "record.link.button.none", f"c:link:{key}:no")
    if one:
        yes = button(context, "record.link.button.yes", f"c:link:{key}:0")
        await context.say("record.link.confirm", buttons=one_row(yes, none), initial=candidates[0].initial)
        return
    initials = (Button(f"{found.initial}…", data=f"c:link:{key}:{nth}") for nth, found in enumerate(candidates))
    await context.say("record.link.which", buttons=column((*initials, none)))


async def on_choice(context: CareContext) -> None:
    """Link to the record the person says is theirs, or let staff look when none is."""
    if running(context, DialogueName.LINK, "confirm", "which") is None:
        return
    if context.tapped.word(1) == _NONE_OF_THEM:
        await _none_of_them(context)
    else:
        await _choose(context, context.tapped.number(1))


async def _none_of_them(context: CareContext) -> None:
    candidates = dialogue_of(context).data["candidates"]
    context.customer.leave(context.work)
    await refer_to_staff(context.work, context.customer, candidates[0])
    await context.say("record.link.found.staff", keyboard=menu(context))


async def _choose(context: CareContext, nth: int) -> None:
    candidates = dialogue_of(context).data["candidates"]
    if not 0 <= nth < len(candidates):
        context.answer("tap.stale")
        return
    context.customer.leave(context.work)
    await _say_outcome(context, await link_candidate(context.work, context.customer, candidates[nth]))


async def _say_outcome(context: CareContext, refusal: Refusal | None) -> None:
    if refusal is not None:
        await context.say(refusal.key, keyboard=menu(context), **refusal.values)
    else:
        await context.say("record.link.done", keyboard=menu(context), name=context.customer.customer.called)
