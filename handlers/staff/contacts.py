"""A call or a visit logged in two taps: what it was, and how it went; words are asked for by a third, if wanted."""

from domain.deeds import Deed
from domain.interactions import Kind
from domain.outcomes import Refusal
from domain.outgoing import Button, Rows
from domain.phones import phone_in_words
from domain.tasks import TaskKind
from handlers.staff.tasks import plan
from handlers.staff.verbs import Ask, Done, Verb
from services.case_door import access_case
from services.contacts_log import OUTCOMES, ContactOutcome, add_contact_words, log_contact
from storage.people import get_customer

_PLAN = "plan"
_SIGNS = {Kind.CALL: "📞", Kind.VISIT: "🏠"}
_VERBS = {Kind.CALL: "call", Kind.VISIT: "visit"}
_TALKED = {Kind.CALL: ContactOutcome.PICKED_UP, Kind.VISIT: ContactOutcome.MET}


async def on_call(ask: Ask) -> Done | Refusal:
    """Log a call: how it went is chosen; words behind the command are what was said in one that was picked up."""
    if ask.words:
        return await _log(ask, Kind.CALL, _TALKED[Kind.CALL].value, words=ask.words)
    return await _log(ask, Kind.CALL, ask.argument()) if ask.argument() else await _how(ask, Kind.CALL)


async def on_visit(ask: Ask) -> Done | Refusal:
    """Log a visit by choosing how it went, or plan one: by its button, or by words behind the command."""
    if ask.words:
        return await plan(ask, TaskKind.VISIT)
    if ask.argument() == _PLAN:
        return Done(None, prompt="aftercare.prompt.visit", arguments=(_PLAN,), deed=False)
    return await _log(ask, Kind.VISIT, ask.argument()) if ask.argument() else await _how(ask, Kind.VISIT)


async def _how(ask: Ask, kind: Kind) -> Done | Refusal:
    deed = Deed.CALL if kind is Kind.CALL else Deed.VISIT
    case = await access_case(ask.work, case_id=ask.case, by=ask.member, deed=deed)
    if isinstance(case, Refusal):
        return case
    customer = await get_customer(ask.work.tx, case.customer_id)
    phone = customer.phone if customer else None
    values: dict[str, object] = {
        "name": customer.called if customer else "–",
        "phone": phone_in_words(phone) if phone else ask.context.label("aftercare.contact.no_phone"),
    }
    outcomes = tuple(
        Button(ask.context.label(f"aftercare.contact.{outcome}"), data=f"k:{_VERBS[kind]}:{case.id}:{outcome.value}")
        for outcome in OUTCOMES[kind]
    )
    rows: Rows = (outcomes,)
    if kind is Kind.CALL:
        return Done("aftercare.contact.how_call", values, buttons=rows, shown=True, deed=False)
    planned = Button(ask.context.label("aftercare.button.plan_visit"), data=f"k:visit:{case.id}:{_PLAN}")
    return Done(
        "aftercare.contact.how_visit", {"name": values["name"]}, buttons=(*rows, (planned,)), shown=True, deed=False
    )


async def _log(ask: Ask, kind: Kind, outcome: str, *, words: str = "") -> Done | Refusal:
    done = await log_contact(ask.work, case_id=ask.case, by=ask.member, kind=kind, outcome=outcome, words=words)
    if isinstance(done, Refusal):
        return done
    values: dict[str, object] = {"sign": _SIGNS[kind], "outcome": ask.context.label(f"aftercare.contact.{outcome}")}
    more = Button(ask.context.label("aftercare.button.words"), data=f"k:callwords:{ask.case}:{done}")
    return Done("aftercare.contact.logged", values, buttons=() if words else ((more,),))


async def on_words(ask: Ask) -> Done | Refusal:
    """Keep what was said with the call or visit just logged."""
    if not ask.words:
        return Done(None, prompt="aftercare.prompt.words", arguments=ask.arguments[:1], deed=False)
    done = await add_contact_words(ask.work, interaction_id=ask.number(), by=ask.member, words=ask.words)
    return done if isinstance(done, Refusal) else Done("aftercare.contact.words_kept")


VERBS = (
    Verb("call", on_call),
    Verb("visit", on_visit),
    Verb("callwords", on_words, menu=False, command=False),
)
