"""My data and forget me: a file with everything, and the way out for good, which asks twice."""

from domain.dialogues import DialogueName
from domain.interactions import Kind
from domain.outgoing import Button
from domain.words import bare, says_only
from handlers.context import CareContext
from handlers.customers.conversation import dialogue_of, recorded, running
from handlers.customers.keyboards import button, column, menu
from services import mydata
from services.dialogues import PATIENCE, begin, move
from services.drafts import settle
from services.erasure import Losses, foresee_losses, forget_me
from services.speech import say_html

_ASK, _SURE = "ask", "sure"


async def on_mydata(context: CareContext) -> None:
    """Say what is kept, and let the file be made."""
    refusal = await mydata.order(context.work, context.customer)
    if refusal is not None:
        await context.refuse(refusal)


async def on_forgetme(context: CareContext) -> None:
    """Say what would go, what would stay and what would be lost; nothing happens yet."""
    person, work = context.customer, context.work
    await settle(work, person)
    begin(work, person, DialogueName.FORGET, _ASK, key=recorded(context), waits=PATIENCE)
    html = _asked(context, await foresee_losses(work, person.customer.id))
    go = button(context, "forget.button.go", f"c:fgo:{recorded(context)}")
    await say_html(work, person, html, buttons=column((_keep_button(context), go)))


def _asked(context: CareContext, losses: Losses) -> str:
    lost = (
        ("forget.loses_points", losses.points),
        ("forget.loses_vouchers", losses.vouchers),
        ("forget.closes_cases", losses.cases),
    )
    warnings = "\n".join(context.text(key, count=count) for key, count in lost if count)
    parts = (context.text("forget.ask"), warnings, context.text("forget.hint"))
    return "\n\n".join(part for part in parts if part)


def _keep_button(context: CareContext) -> Button:
    return button(context, "forget.button.keep", f"c:fkeep:{dialogue_of(context).data['key']}")


async def on_go(context: CareContext) -> None:
    """Ask once more."""
    if running(context, DialogueName.FORGET, _ASK) is not None:
        await _ask_again(context, replacing=context.tapped.message_id)


async def _ask_again(context: CareContext, *, replacing: int | None) -> None:
    move(context.work, context.customer, step=_SURE, waits=PATIENCE)
    yes = button(context, "forget.button.yes", f"c:fyes:{dialogue_of(context).data['key']}")
    buttons = column((yes, _keep_button(context)))  # what was tapped to come here is now the way back
    await context.say("forget.sure", buttons=buttons, replacing=replacing, word=context.label("forget.word"))


async def on_yes(context: CareContext) -> None:
    """Forget this person."""
    if running(context, DialogueName.FORGET, _SURE) is not None:
        await _forget(context)


async def on_keep(context: CareContext) -> None:
    """Keep everything, in whichever step the person thinks better of it."""
    if running(context, DialogueName.FORGET) is not None:
        await _keep(context, replacing=context.tapped.message_id)


async def _keep(context: CareContext, *, replacing: int | None) -> None:
    context.customer.leave(context.work)
    await context.say("forget.kept", replacing=replacing, keyboard=() if replacing else menu(context))


async def in_forgetting(context: CareContext) -> bool:
    """Take the typed word for the button, and a no for a no; any other words end the question and are heard."""
    content, texts = context.said.content, context.work.texts
    meant = frozenset(bare(form) for form in texts.all_forms("forget.word"))
    if content.kind is Kind.TEXT and says_only(content.text, meant):
        await (_forget(context) if dialogue_of(context).step == _SURE else _ask_again(context, replacing=None))
        return True
    if content.kind is Kind.TEXT and says_only(content.text, texts.phrases("no")):
        await _keep(context, replacing=None)
        return True
    context.customer.leave(context.work)
    return False


async def _forget(context: CareContext) -> None:
    refusal = await forget_me(context.work, context.customer)
    if refusal is not None:
        await context.refuse(refusal)
        return
    context.person = None  # whoever writes here from now on is somebody new
