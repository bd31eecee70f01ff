"""Ready answers: found by a word, filled in for the case, sent as a member of staff's own words; macros do more."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.canned import EXAMPLES, MOST_ANSWERS, MOST_UNITS, Canned, MacroEvent, Variable, language_sent
from domain.cases import LIVE, Case
from domain.deeds import Deed, why_not
from domain.folding import fold
from domain.instants import zone_named
from domain.interactions import Content, Kind
from domain.outcomes import Refusal
from domain.people import Customer, StaffMember
from domain.signing import TEXT_LIMIT, utf16_length
from services.case_door import access_case
from services.case_tags import MOST_TAGS, list_tags, tag_case
from services.casework import answer_case, hold_case, resolve_case
from services.work import Work
from storage import canned as rows
from storage.interactions import Origin
from storage.people import get_customer
from texts.ready import MissingValue, fill_in, find_fault

KNOWN = frozenset(variable.value for variable in Variable)
_DEEDS = {MacroEvent.RESOLVE: Deed.RESOLVE, MacroEvent.HOLD: Deed.HOLD}


@dataclass(frozen=True, slots=True)
class Filled:
    """A ready answer as the customer of a case would read it; ``wanted`` is the language that customer reads."""

    canned: Canned
    case: Case
    text: str
    language: str
    wanted: str


async def find(work: Work, words: str, language: str) -> list[Canned]:
    """Return the ready answers in which every one of ``words`` stands, best first; all of them without words.

    Name, further words and texts of every language are looked through. Names come before texts, answers that have a
    text in ``language`` before others.
    """
    wanted = fold(words).split()
    ranked = []
    for one in await rows.list_canned(work.tx, limit=MOST_ANSWERS):
        rank = _rank(one, wanted)
        if rank is not None:
            ranked.append((rank, language not in one.texts, fold(one.name), one))
    return [one for *_, one in sorted(ranked, key=lambda found: found[:3])]


def _rank(one: Canned, wanted: Sequence[str]) -> int | None:
    name = fold(one.name)
    if " ".join(wanted) == name:
        return 0
    for rank, text in enumerate((name, f"{name} {fold(one.words)}"), 1):
        if all(word in text for word in wanted):
            return rank
    everything = " ".join((name, fold(one.words), *(fold(text) for text in one.texts.values())))
    return 3 if all(word in everything for word in wanted) else None


async def find_named(work: Work, name: str) -> Canned | None:
    """Return the ready answer with just this name, whichever way it is written."""
    found = await find(work, name, "")
    return found[0] if found and fold(found[0].name) == fold(name) else None


async def fill(work: Work, *, canned_id: int, case_id: int, by: StaffMember) -> Filled | Refusal:
    """Return a ready answer as it would go out to the customer of this case."""
    case = await access_case(work, case_id=case_id, by=by, deed=Deed.CANNED)
    if isinstance(case, Refusal):
        return case
    canned = await rows.get_canned(work.tx, canned_id)
    if canned is None or not canned.active:
        return Refusal("ready.refused.gone")
    customer = await get_customer(work.tx, case.customer_id)
    assert customer is not None
    language = language_sent(canned.texts, customer.language, work.rules.languages)
    if language is None:
        return Refusal("ready.refused.no_text", {"name": canned.name})
    values = _values(work, case, customer, by=by, language=language)
    try:
        text = fill_in(canned.texts[language], values)
    except MissingValue as missing:
        return Refusal(f"ready.missing.{missing}", {"name": canned.name, "number": case.public_number})
    if not text:
        return Refusal("ready.refused.empty")
    if utf16_length(f"{by.name}\n{text}") > TEXT_LIMIT:
        return Refusal("ready.refused.too_long", {"most": MOST_UNITS})
    return Filled(canned, case, text, language, customer.language)


def _values(work: Work, case: Case, customer: Customer, *, by: StaffMember, language: str) -> dict[str, str]:
    """Return what the variables stand for; what the case does not have is left out."""
    found = {
        Variable.NAME: customer.called,
        Variable.NUMBER: case.public_number,
        Variable.STAFF: by.name if work.rules.show_staff_names else work.rules.business_name,
        Variable.BUSINESS: work.rules.business_name,
        Variable.ORDER: case.order_ref or "",
    }
    if case.promised_at is not None and case.promised_at > work.now:
        zone = zone_named(customer.zone, work.rules.zone)
        found[Variable.PROMISED] = work.texts.moment(case.promised_at, language, zone=zone, now=work.now)
    return {variable.value: value for variable, value in found.items() if value.strip()}


async def use(
    work: Work, *, canned_id: int, case_id: int, by: StaffMember, origin: Origin, reply_to: int | None = None
) -> Filled | Refusal:
    """Send a ready answer as this person's own words, and do what its macro does besides; all of it or nothing."""
    filled = await fill(work, canned_id=canned_id, case_id=case_id, by=by)
    if isinstance(filled, Refusal):
        return filled
    canned, case = filled.canned, filled.case
    refusal = await _why_no_macro(work, canned, case, by=by)
    if refusal is not None:
        return refusal
    content = Content(Kind.TEXT, filled.text, extra={"canned": canned.id})
    sent = await answer_case(work, case_id=case.id, by=by, content=content, origin=origin, reply_to=reply_to)
    if isinstance(sent, Refusal):
        return sent
    if canned.tag is not None and canned.tag not in await list_tags(work, case.id):
        _done(await tag_case(work, case_id=case.id, tag=canned.tag, by=by))
    if canned.event is MacroEvent.RESOLVE:
        _done(await resolve_case(work, case_id=case.id, by=by))
    elif canned.event is MacroEvent.HOLD:
        _done(await hold_case(work, case_id=case.id, by=by, until=None))
    return filled


async def _why_no_macro(work: Work, canned: Canned, case: Case, *, by: StaffMember) -> Refusal | None:
    """Return why what the macro does besides the answer is not possible, asked before anything is done."""
    if canned.event is not None:
        if case.state not in LIVE:
            return Refusal("ready.refused.macro_state", {"name": canned.name, "number": case.public_number})
        deed = _DEEDS.get(canned.event)
        if deed is not None and (refusal := why_not(deed, by, case)) is not None:
            return refusal
    if canned.tag is None:
        return None
    if (refusal := why_not(Deed.TAG, by, case)) is not None:
        return refusal
    tags = await list_tags(work, case.id)
    full = canned.tag not in tags and len(tags) >= MOST_TAGS
    return (
        Refusal("casework.refused.too_many_tags", {"number": case.public_number, "most": MOST_TAGS}) if full else None
    )


def _done(outcome: Case | Refusal) -> None:
    """Undo the whole update, which then is tried again, should a part of a macro be refused that was allowed before."""
    if isinstance(outcome, Refusal):
        raise RuntimeError(f"a macro was refused half-way: {outcome.key}")


def why_no_text(text: str) -> Refusal | None:
    """Return what is wrong with the text of a ready answer, as one line for whoever wrote it; ``None`` when it is fine.

    It is tried with long examples, all of them there, so that what is saved can be sent.
    """
    if not text.strip():
        return Refusal("ready.refused.empty")
    fault = find_fault(text, KNOWN)
    if fault is not None:
        known = ", ".join(f"{{{{ {variable} }}}}" for variable in Variable)
        return Refusal(f"ready.refused.{fault.kind}", {"word": fault.word, "line": fault.line, "known": known})
    filled = fill_in(text, {variable.value: example for variable, example in EXAMPLES.items()})
    if not filled:
        return Refusal("ready.refused.empty")
    if utf16_length(filled) > MOST_UNITS:
        return Refusal("ready.refused.too_long", {"most": MOST_UNITS})
    return None


def with_text(canned: Canned, language: str, text: str) -> Canned:
    """Return a ready answer with another text in one language."""
    return replace(canned, texts={**canned.texts, language: text})
