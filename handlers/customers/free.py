"""Words nobody asked for: they belong to a case, are a greeting or thanks, or start a draft that opens by itself."""

from collections.abc import Sequence

from domain.cases import Case, CaseState
from domain.dialogues import DialogueName
from domain.interactions import Kind
from domain.outgoing import Button, Rows
from domain.words import says_only, says_thanks
from handlers.context import CareContext
from handlers.customers.conversation import dialogue_of, recorded, running
from handlers.customers.keyboards import button, column, menu, one_row
from services.case_door import own_case
from services.cases import hear_words
from services.dialogues import begin, gather, is_full, said_in
from services.drafts import open_gathered, put_in_case, spoken_last
from services.feedback import begin_feedback
from services.gathered import shortened
from services.hours import promise_html
from services.sla import promise_at
from services.speech import say_html
from storage.interactions import find_said_at
from storage.outbox import find_sent

_CHOICES = 5
_LABEL_LETTERS = 40
_WORDLESS = frozenset({Kind.STICKER, Kind.DICE, Kind.ANIMATION})


async def on_words(context: CareContext) -> None:
    """Take words into the case they belong to, or start a draft with them."""
    person = context.customer
    candidates = await person.cases(context.work)
    live = any(case.live for case in candidates)
    case = await answered_case(context)
    thanks = context.said.content.kind is Kind.TEXT and says_thanks(
        context.said.content.text, context.work.texts.phrases("closing")
    )
    if case is None and thanks:
        case = spoken_last(candidates)
    if case is None and len(candidates) == 1:
        case = candidates[0]
    if case is not None and case.state is CaseState.RESOLVED and not thanks and _says_little(context):
        await _ask_solved(context, case)
    elif case is not None:
        await _hear(context, case)
    elif thanks:
        await context.say("thanks.welcome", keyboard=menu(context))
    elif not live and _greets(context):
        await context.say("greeting", keyboard=menu(context))
    else:
        await _draft(context, candidates)


async def answered_case(context: CareContext) -> Case | None:
    """Return the case of the message these words answer, if it still takes words."""
    _, case_id = await answered(context)
    if case_id is None:
        return None
    return next((case for case in await context.customer.cases(context.work) if case.id == case_id), None)


async def answered(context: CareContext) -> tuple[int | None, int | None]:
    """Return the interaction these words answer, ours or the customer's own, and its case."""
    if context.said.reply_to is None:
        return None, None
    place = {"bot_id": context.work.bot_id, "chat_id": context.said.chat_id, "message_id": context.said.reply_to}
    row = await find_sent(context.work.tx, **place)
    if row is not None:
        return row.interaction_id, row.case_id
    said = await find_said_at(context.work.tx, **place)
    return (said.id, said.case_id) if said else (None, None)


def _greets(context: CareContext) -> bool:
    phrases = context.work.texts.phrases("greetings")
    return context.said.content.kind is Kind.TEXT and says_only(context.said.content.text, phrases)


def _says_little(context: CareContext) -> bool:
    """Return whether this may be a greeting or mere courtesy: no reason to reopen what is solved."""
    return context.said.content.kind in _WORDLESS or _greets(context)


async def _ask_solved(context: CareContext, case: Case) -> None:
    buttons = one_row(
        button(context, "case.button.solved", f"c:solved:{case.id}"),
        button(context, "case.button.not_solved", f"c:unsolved:{case.id}"),
    )
    await context.say("case.still_solved", buttons=buttons, case_id=case.id, number=case.public_number)


async def _hear(context: CareContext, case: Case) -> None:
    await hear_words(
        context.work,
        context.customer,
        case=case,
        interaction_id=recorded(context),
        content=context.said.content,
        reply_to=(await answered(context))[0],
    )


async def _draft(context: CareContext, candidates: Sequence[Case]) -> None:
    """Keep the words and ask, once for the whole burst, what they are for."""
    step = "which" if candidates else "ask"
    begin(
        context.work,
        context.customer,
        DialogueName.DRAFT,
        step,
        key=context.interaction_id,
    )
    gather(context.work, context.customer, recorded(context), waits=context.work.rules.gather_for)
    await (_ask_which(context, candidates) if candidates else _ask_person(context, "draft.kept"))


async def _ask_person(context: CareContext, key: str) -> None:
    mark = dialogue_of(context).data["key"]
    work = context.work
    buttons = column(
        (
            button(context, "draft.button.yes", f"c:draft:{mark}:yes"),
            button(context, "draft.button.feedback", f"c:draft:{mark}:feedback"),
            button(context, "draft.button.no", f"c:cancel:{mark}"),
        )
    )
    at = await promise_at(work, tier=context.customer.customer.tier)
    keys = (key, f"clock.{key.partition('.')[2]}_no_time")
    html = await promise_html(work, context.customer, keys, at=at, closed=key == "draft.kept")
    await say_html(work, context.customer, html, buttons=buttons)


async def _ask_which(context: CareContext, candidates: Sequence[Case]) -> None:
    await context.say("which.ask", buttons=_which_buttons(context, candidates))


def case_label(case: Case) -> str:
    """Return a case as the words of a button."""
    return f"{case.public_number} · {shortened(' '.join(case.summary.split()), _LABEL_LETTERS)}".rstrip(" ·")


def _which_buttons(context: CareContext, candidates: Sequence[Case]) -> Rows:
    mark = dialogue_of(context).data["key"]
    cases = [Button(case_label(case), data=f"c:which:{mark}:{case.id}") for case in candidates[-_CHOICES:]]
    return column((*cases, button(context, "which.new", f"c:which:{mark}:new")))


async def in_draft(context: CareContext) -> bool:
    """Let words join the running draft; a plain yes or no answers its question."""
    person, work, content = context.customer, context.work, context.said.content
    asking = dialogue_of(context).step == "ask" and content.kind is Kind.TEXT
    if asking and says_only(content.text, work.texts.phrases("no")):
        person.leave(work)
        await context.say("cancel.words_kept", keyboard=menu(context))
        return True
    starts = gather(work, person, recorded(context), waits=work.rules.gather_for)
    if is_full(person) or (asking and says_only(content.text, work.texts.phrases("yes"))):
        await open_gathered(work, person)
    elif starts and dialogue_of(context).step == "which":
        await _ask_which(context, await person.cases(work))
    elif starts:
        await _ask_person(context, "draft.kept_more")
    return True


async def on_draft_tap(context: CareContext) -> None:
    """Open the draft as a case, or keep it as feedback."""
    dialogue = running(context, DialogueName.DRAFT)
    if dialogue is None:
        return
    if context.tapped.word(1) == "yes":
        await context.say("draft.passed_on", replacing=context.tapped.message_id)
        await open_gathered(context.work, context.customer)
    elif context.tapped.word(1) == "feedback":
        await keep_as_feedback(context)
    else:
        context.answer("tap.stale")


async def keep_as_feedback(context: CareContext) -> None:
    """Keep the draft's words as feedback, which needs no answer; more may follow."""
    person = context.customer
    said = said_in(person.dialogue)
    feedback_id = await begin_feedback(context.work, person, kind="suggestion", interaction_ids=said)
    done = one_row(button(context, "button.done", f"c:fdone:{feedback_id}"))
    replacing = context.tap.message_id if context.tap else None
    await context.say("feedback.kept_words", buttons=done, replacing=replacing)


async def on_which_tap(context: CareContext) -> None:
    """Put the kept words where the customer says they belong."""
    if running(context, DialogueName.DRAFT, "which") is None:
        return
    work, person = context.work, context.customer
    if context.tapped.word(1) == "new":
        await context.say("draft.passed_on", replacing=context.tapped.message_id)
        await open_gathered(work, person)
        return
    case = await own_case(work, case_id=context.tapped.number(1), by=person)
    if not isinstance(case, Case) or not case.takes_words(work.now, work.rules.reopen_within):
        context.answer("tap.stale")
        return
    await context.say("which.done", replacing=context.tapped.message_id, case_id=case.id, number=case.public_number)
    await put_in_case(work, person, case)
