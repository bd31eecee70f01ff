"""“Call me”: noted at once with an honest time; the number is asked for only when it is not known."""

from domain.cases import Case, CaseKind
from domain.dialogues import DialogueName
from domain.interactions import Kind
from domain.outcomes import Refusal
from domain.outgoing import asking_contact
from domain.phones import phone_in_words
from domain.words import says_only
from handlers.context import CareContext
from handlers.customers.conversation import dialogue_of, recorded
from handlers.customers.free import answered_case
from handlers.customers.keyboards import menu
from services.call_backs import forget_wish, give_number, read_number, wish_call
from services.case_door import moment_for, own_case
from services.cases import hear_words, open_case
from services.dialogues import PATIENCE, begin, move
from services.drafts import settle
from services.linking import link_by_contact
from storage.cases import get_case


def wants_call(context: CareContext) -> bool:
    """Return whether the message says nothing but that its sender wants to be called."""
    content, texts = context.said.content, context.work.texts
    if content.kind is not Kind.TEXT:
        return False
    polite = texts.phrases("polite")
    return says_only(content.text, texts.phrases("call_me") | polite) and not says_only(content.text, polite)


async def on_wish(context: CareContext) -> bool:
    """Take the wish in words into the case it is about, or into a new one.

    ``False`` when it may be one of several, or belongs to another conversation.
    """
    dialogue = context.customer.dialogue
    if dialogue is not None and dialogue.name is not DialogueName.ADD_WORDS:
        return False
    live = [case for case in await context.customer.cases(context.work) if case.live]
    about = await answered_case(context)
    about_id = about.id if about is not None else dialogue.data["key"] if dialogue is not None else None
    case = next((one for one in live if one.id == about_id), None)
    if case is None and len(live) > 1:
        return False
    if case is None:
        case = live[0] if live else None
    context.customer.leave(context.work)
    if case is None:
        case = await open_case(
            context.work, context.customer, kind=CaseKind.REQUEST, interaction_ids=[recorded(context)]
        )
    else:
        await hear_words(
            context.work,
            context.customer,
            case=case,
            interaction_id=recorded(context),
            content=context.said.content,
            acknowledge=False,
        )
    await _note(context, case)
    return True


async def on_tap(context: CareContext) -> None:
    """Note the wish for the case whose button was pressed."""
    case = await own_case(context.work, case_id=context.tapped.number(), by=context.customer)
    if isinstance(case, Refusal):
        await context.refuse(case)
    elif not case.live:
        context.answer("refused.closed_already", alert=True, number=case.public_number)
    else:
        await settle(context.work, context.customer)
        await _note(context, case)


async def _note(context: CareContext, case: Case) -> None:
    work, person = context.work, context.customer
    case = await get_case(work.tx, case.id) or case
    task, is_new = await wish_call(work, person, case)
    moment = moment_for(work, person, task.due_at)
    if not is_new and person.customer.phone:
        await context.say("aftercare.call.noted_already", case_id=case.id, moment=moment, number=case.public_number)
    elif person.customer.phone:
        await _confirm(context, case, person.customer.phone, moment)
    else:
        begin(work, person, DialogueName.CALL_BACK, "phone", key=case.id, waits=PATIENCE)
        share = asking_contact(context.label("aftercare.call.share"))
        await context.say("aftercare.call.ask_phone", keyboard=((share,), *menu(context)), moment=moment)


async def _confirm(context: CareContext, case: Case, phone: str, moment: str) -> None:
    await context.say(
        "aftercare.call.noted",
        keyboard=menu(context),
        case_id=case.id,
        phone=phone_in_words(phone),
        moment=moment,
        number=case.public_number,
    )


async def in_call_back(context: CareContext) -> bool:
    """Take the number, shared or typed; a plain no calls the wish off; other words are for the case."""
    content, texts = context.said.content, context.work.texts
    case = await get_case(context.work.tx, int(dialogue_of(context).data["key"]))
    if case is None or not case.live:
        context.customer.leave(context.work)
        return False
    if content.kind is Kind.CONTACT:
        await _on_contact(context, case)
        return True
    if content.kind is Kind.TEXT and says_only(content.text, texts.phrases("no")):
        context.customer.leave(context.work)
        await forget_wish(context.work, context.customer, case)
        await context.say("aftercare.call.left", keyboard=menu(context))
        return True
    if content.kind is Kind.TEXT and (phone := read_number(context.work, content.text)) is not None:
        await _keep(context, case, phone)
        return True
    if content.kind is Kind.TEXT and sum(sign.isdigit() for sign in content.text) >= len(content.text) / 2:
        move(context.work, context.customer, waits=PATIENCE)
        await context.say("aftercare.call.bad_phone")
        return True
    context.customer.leave(context.work)
    return False


async def _on_contact(context: CareContext, case: Case) -> None:
    said = context.said
    phone = str(said.content.extra.get("phone_number", ""))
    proved = await link_by_contact(
        context.work,
        context.customer,
        phone=phone,
        contact_user_id=said.contact_user_id,
        sender_id=said.speaker.user_id,
        forwarded=said.forwarded,
    )
    if isinstance(proved, Refusal):
        move(context.work, context.customer, waits=PATIENCE)
        await context.say("aftercare.call.not_own")
        return
    await _keep(context, case, read_number(context.work, f"+{phone.lstrip('+')}") or phone)


async def _keep(context: CareContext, case: Case, phone: str) -> None:
    context.customer.leave(context.work)
    task = await give_number(context.work, context.customer, case, phone=phone)
    if task is None:
        await context.say("aftercare.call.left", keyboard=menu(context))
        return
    await _confirm(context, case, phone, moment_for(context.work, context.customer, task.due_at))
