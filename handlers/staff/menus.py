"""The buttons under a card: the few that fit the state, and behind *more* everything that can be done to the case."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from domain.cases import Case
from domain.deeds import TABLE, Deed, deed_of
from domain.outcomes import Refusal
from domain.outgoing import Button, Rows
from handlers.context import CareContext
from handlers.staff.replies import reply_html
from handlers.staff.verbs import Ask, Done, Verb
from services import cards
from services.card_words import button_of, card_buttons, card_html, in_rows
from services.case_door import access_case

_A_PAGE = 12
_ORDER = (
    *("take", "answer", "note", "answers", "resolve", "reopen", "hold", "resume", "escalate"),
    *("assign", "transfer", "unassign", "priority", "tag", "untag", "cause", "confidential", "merge", "spam"),
    *("history", "ladder", "task", "call", "visit", "promise", "checkback"),
    *("recover", "points", "voucher", "ban", "unban", "work", "done", "delete", "card"),
)
"""What is needed most comes first; what is not named here comes last."""


def menu_verbs(verbs: Mapping[str, Verb]) -> tuple[Verb, ...]:
    """Return the verbs that open and close the menu of all ``verbs`` that can be done to a case, and the help."""
    place = {name: nth for nth, name in enumerate(_ORDER)}
    listed = (verb for verb in (*verbs.values(), *_OWN) if verb.menu)
    menu = tuple(sorted(listed, key=lambda verb: place.get(verb.name, len(place))))
    general = tuple(verb for verb in verbs.values() if verb.command and not verb.needs_case)
    return (
        *_OWN,
        Verb("more", partial(_more, menu), menu=False),
        Verb("help", partial(_help, general), needs_case=False, menu=False),
    )


def fits(verb: Verb, case: Case) -> bool:
    """Return whether a verb can be done to a case in its present state; who may is asked when it is tapped."""
    deed = deed_of(verb.name)
    states = TABLE[deed].states if deed is not None else None
    return states is None or case.state in states


def menu_rows(context: CareContext, menu: Sequence[Verb], case: Case, page: int) -> Rows:
    """Return one page of all that can be done to a case now, with the way to the next one and back."""
    fitting = [verb for verb in menu if fits(verb, case)]
    pages = max(1, -(-len(fitting) // _A_PAGE))
    page = page % pages
    shown = fitting[page * _A_PAGE : (page + 1) * _A_PAGE]
    work, language = context.work, context.language
    way = [button_of(work, "less", case, language)]
    if pages > 1:
        label = context.label("desk.button.next_page", page=page + 1, pages=pages)
        way.append(Button(label, data=f"k:more:{case.id}:{page + 1}"))
    return (*in_rows([button_of(work, verb.name, case, language) for verb in shown]), tuple(way))


async def _more(menu: Sequence[Verb], ask: Ask) -> Done | Refusal:
    """Show all that can be done, in the place of the card's few buttons."""
    case = await access_case(ask.work, case_id=ask.case, by=ask.member, deed=Deed.READ_CARD)
    if isinstance(case, Refusal):
        return case
    await _rewrite(ask, case, menu_rows(ask.context, menu, case, max(0, ask.number())))
    return Done(None, deed=False)


async def _help(general: Sequence[Verb], ask: Ask) -> Done | Refusal:
    """Say how it all works, with a button for all that is not about one case."""
    label, buttons = ask.context.label, []
    for verb in general:
        buttons.append(Button(label(f"staff.button.{verb.name}"), data=f"k:{verb.name}:0"))
    await reply_html(ask.context, ask.context.text("desk.help"), case_id=ask.case_id, buttons=in_rows(buttons))
    return Done(None, deed=False)


async def _less(ask: Ask) -> Done | Refusal:
    case = await access_case(ask.work, case_id=ask.case, by=ask.member, deed=Deed.READ_CARD)
    if isinstance(case, Refusal):
        return case
    await _rewrite(ask, case, None)
    return Done(None, deed=False)


async def _rewrite(ask: Ask, case: Case, menu: Rows | None) -> None:
    """Change the buttons of the card that was tapped: a copy of it, that of a private chat, or the group's."""
    if ask.replacing is not None:
        await _copy(ask, case, menu)
    elif ask.context.group is None:
        await cards.show_card_to(ask.work, case, ask.member, menu=menu)
    else:
        await cards.show_card_in_group(ask.work, case, menu=menu)


async def _copy(ask: Ask, case: Case, menu: Rows | None = None) -> None:
    """Show the card in a message of its own, or change the one that was tapped."""
    html = await card_html(ask.work, case, ask.language)
    buttons = menu if menu is not None else card_buttons(ask.work, case, ask.language)
    await reply_html(ask.context, html, case_id=case.id, buttons=buttons, replacing=ask.replacing)


async def _card(ask: Ask) -> Done | Refusal:
    """Show how the case stands now where it is asked for."""
    case = await access_case(ask.work, case_id=ask.case, by=ask.member, deed=Deed.READ_CARD)
    if isinstance(case, Refusal):
        return case
    if ask.context.group is None:
        await cards.show_card_to(ask.work, case, ask.member, anew=True)
    else:
        await _copy(replace(ask, replacing=None), case)
    return Done(None, deed=False)


_OWN: tuple[Verb, ...] = (
    Verb("card", _card),
    Verb("less", _less, menu=False, command=False),
)
