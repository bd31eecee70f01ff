"""Ready answers in the hands of staff: found by a word, looked at, sent with a second tap; the book of them."""

import unicodedata

from domain.canned import Canned, MacroEvent, language_sent
from domain.deeds import Deed, why_not
from domain.languages import LANGUAGES
from domain.outcomes import Refusal
from domain.outgoing import Button, Rows
from handlers.staff.verbs import Ask, Done, Verb
from services import canned, canned_book
from services.canned import Filled
from services.case_door import access_case
from services.gathered import shortened
from storage.canned import get_canned
from storage.cases import get_case
from storage.interactions import Origin
from storage.people import get_customer
from texts.catalogue import safe

_CHOICES = 8
_LABEL_LETTERS = 40
_LINE_LETTERS = 90
_SAVE, _TAG, _WORDS, _LANGUAGE, _EVENT = "save", "tag", "words", "lang", "ev"
_SIGNS = {MacroEvent.RESOLVE: "✅", MacroEvent.HOLD: "⏸", MacroEvent.WAIT: "⏳"}


async def on_canned(ask: Ask) -> Done | Refusal:
    """Find a ready answer, show it as the customer would read it, send it; or write in the book of them."""
    if ask.arguments:
        return await _on_argument(ask)
    words = unicodedata.normalize("NFKC", ask.words[:1]) + ask.words[1:]
    if words.startswith("+"):
        return await _add(ask, words[1:].strip())
    if words.startswith("-"):
        return await _remove(ask, words[1:].strip())
    if words.endswith(("!", "！")):
        return await _send_named(ask, words[:-1].strip())
    return await _choose(ask, words.strip())


async def _on_argument(ask: Ask) -> Done | Refusal:
    """Do what a button of ours says, or take the answer to a question of ours."""
    if ask.argument() == _SAVE:
        return await _saved(ask, language=ask.argument(1), name=ask.argument(2))
    step = ask.argument(1)
    if step == "send":
        return await _send(ask, ask.number())
    if step == "no":
        return Done("ready.not_sent")
    if step in _EDITS:
        return await _EDITS[step](ask)
    if step == "edit" or ask.case_id is None:
        return await _show(ask, ask.number())
    return await _preview(ask, ask.number())


async def _choose(ask: Ask, words: str) -> Done | Refusal:
    """Let somebody choose among the answers found; a single one is shown at once."""
    if (refusal := why_not(Deed.CANNED, ask.member)) is not None:
        return refusal
    if ask.case_id is not None:
        case = await access_case(ask.work, case_id=ask.case_id, by=ask.member, deed=Deed.CANNED)
        if isinstance(case, Refusal):
            return case
    language = await _language(ask)
    found = await canned.find(ask.work, words, language)
    if not found:
        return Done("ready.none" if words else "ready.empty", {"words": shortened(words, 40)}, deed=False, shown=True)
    if len(found) == 1 and ask.case_id is not None:
        return await _preview(ask, found[0].id)
    listed = found[:_CHOICES]
    lines = [_line(ask, one, language) for one in listed]
    rows = tuple((Button(_label(one), data=f"k:canned:{ask.case_id or 0}:{one.id}"),) for one in listed)
    key = "ready.choose_more" if len(found) > _CHOICES else "ready.choose"
    values: dict[str, object] = {"lines": safe("\n".join(lines)), "more": len(found) - len(listed)}
    return Done(key, values, buttons=rows, shown=True, deed=False)


async def _language(ask: Ask) -> str:
    """Return the language of the case's customer, or of whoever asks."""
    case = await get_case(ask.work.tx, ask.case_id) if ask.case_id is not None else None
    customer = await get_customer(ask.work.tx, case.customer_id) if case is not None else None
    return customer.language if customer is not None else ask.language


def _line(ask: Ask, one: Canned, language: str) -> str:
    sent = language_sent(one.texts, language, ask.work.rules.languages)
    text = shortened(" ".join(one.texts[sent].split()), _LINE_LETTERS) if sent else ""
    return ask.context.text("ready.line", name=one.name, text=text)


def _label(one: Canned) -> str:
    sign = f"{_SIGNS[one.event]} " if one.event else ""
    return f"{sign}{shortened(one.name, _LABEL_LETTERS)}" + (f" #{one.tag}" if one.tag else "")


async def _preview(ask: Ask, canned_id: int) -> Done | Refusal:
    """Show the answer filled in, with a button that sends it: nothing goes out by one tap."""
    filled = await canned.fill(ask.work, canned_id=canned_id, case_id=ask.case, by=ask.member)
    if isinstance(filled, Refusal):
        return filled
    data = f"k:canned:{ask.case}:{canned_id}"
    row: Rows = (
        (
            Button(ask.context.label("ready.button.send"), data=f"{data}:send"),
            Button(ask.context.label("ready.button.not_now"), data=f"{data}:no"),
        ),
    )
    values: dict[str, object] = {
        "name": filled.canned.name,
        "number": filled.case.public_number,
        "text": filled.text,
        "besides": safe(_besides(ask, filled)),
    }
    return Done("ready.preview", values, buttons=row, shown=True, deed=False)


def _besides(ask: Ask, filled: Filled) -> str:
    """Return what else is to be known before it is sent: another language, and what the macro does."""
    lines = []
    if filled.language != filled.wanted:
        languages = {
            name: ask.context.label(f"language.{code}")
            for name, code in (("wanted", filled.wanted), ("sent", filled.language))
        }
        lines.append(ask.context.text("ready.other_language", **languages))
    if filled.canned.event is not None:
        lines.append(ask.context.text(f"ready.then.{filled.canned.event}"))
    if filled.canned.tag is not None:
        lines.append(ask.context.text("ready.then.tag", tag=filled.canned.tag))
    return "\n\n" + "\n".join(lines) if lines else ""


async def _send_named(ask: Ask, name: str) -> Done | Refusal:
    """Send the answer of just this name at once."""
    if ask.case_id is None:
        return Refusal("desk.which_case")
    one = await canned.find_named(ask.work, name)
    return await _send(ask, one.id) if one is not None else Refusal("ready.refused.not_named", {"name": name})


async def _send(ask: Ask, canned_id: int) -> Done | Refusal:
    context = ask.context
    origin = context.said.origin if context.tap is None else _tapped(ask)
    replied = ask.replied.id if ask.replied is not None and ask.replied.author.kind == "customer" else None
    sent = await canned.use(
        ask.work, canned_id=canned_id, case_id=ask.case, by=ask.member, origin=origin, reply_to=replied
    )
    if isinstance(sent, Refusal):
        return sent
    return Done("ready.sent", {"name": sent.canned.name, "number": sent.case.public_number})


def _tapped(ask: Ask) -> Origin:
    """Return where a tap stands for words: the message that showed them, so that the mark of arrival comes there."""
    origin = ask.context.tapped.origin
    return Origin(origin.chat_id, ask.replacing, origin.update_id)


async def _add(ask: Ask, words: str) -> Done | Refusal:
    """Ask for the text of an answer: ``name``, with a language at the end for another than the group's."""
    if (refusal := why_not(Deed.EDIT_CANNED, ask.member)) is not None:
        return refusal
    if not words:
        return Refusal("ready.refused.which_name")
    name, _, last = words.rpartition(" ")
    language = _offered(ask, last) if name else None
    if language is None:
        name, language = words, ask.language
    return _ask_for_text(ask, name.strip(), language)


def _offered(ask: Ask, word: str) -> str | None:
    wanted = word.replace("-", "_").casefold()
    return next((code for code in ask.work.rules.languages if code.casefold() == wanted), None)


def _ask_for_text(ask: Ask, name: str, language: str) -> Done:
    values: dict[str, object] = {"name": name, "tongue": ask.context.label(f"language.{language}")}
    return Done(None, values, prompt="ready.text_prompt", arguments=(_SAVE, language, name), deed=False)


async def _saved(ask: Ask, *, language: str, name: str) -> Done | Refusal:
    done = await canned_book.save(ask.work, name=name, language=language, text=ask.words, by=ask.member)
    return done if isinstance(done, Refusal) else _shown(ask, done, "ready.saved")


async def _remove(ask: Ask, name: str) -> Done | Refusal:
    if (refusal := why_not(Deed.EDIT_CANNED, ask.member)) is not None:
        return refusal
    one = await canned.find_named(ask.work, name) if name else None
    if one is None:
        return Refusal("ready.refused.not_named", {"name": name})
    return await _removed(ask, one.id)


async def _removed(ask: Ask, canned_id: int) -> Done | Refusal:
    done = await canned_book.remove(ask.work, canned_id=canned_id, by=ask.member)
    if isinstance(done, Refusal):
        return done
    back = Button(ask.context.label("ready.button.back"), data=f"k:canned:{ask.case_id or 0}:{canned_id}:back")
    return Done("ready.removed", {"name": done.name}, buttons=((back,),), shown=True)


async def _show(ask: Ask, canned_id: int) -> Done | Refusal:
    """Show one answer as it stands in the book."""
    if (refusal := why_not(Deed.CANNED, ask.member)) is not None:
        return refusal
    one = await get_canned(ask.work.tx, canned_id)
    if one is None or not one.active:
        return Refusal("ready.refused.gone")
    return _shown(ask, one, "ready.one")


def _shown(ask: Ask, one: Canned, key: str) -> Done:
    values: dict[str, object] = {"name": one.name, "lines": safe("\n".join(_book_lines(ask, one)))}
    may_edit = why_not(Deed.EDIT_CANNED, ask.member) is None
    return Done(key, values, buttons=_edit_buttons(ask, one) if may_edit else (), shown=True)


def _book_lines(ask: Ask, one: Canned) -> list[str]:
    lines = [
        ask.context.text("ready.book.text", tongue=ask.context.label(f"language.{code}"), text=shortened(text, 600))
        for code, text in sorted(one.texts.items())
        if code in LANGUAGES
    ]
    if one.event is not None:
        lines.append(ask.context.text(f"ready.then.{one.event}"))
    if one.tag is not None:
        lines.append(ask.context.text("ready.then.tag", tag=one.tag))
    if one.words:
        lines.append(ask.context.text("ready.book.words", words=one.words))
    return lines


def _edit_buttons(ask: Ask, one: Canned) -> Rows:
    label, data = ask.context.label, f"k:canned:{ask.case_id or 0}:{one.id}"
    languages = tuple(
        Button(f"✏️ {label(f'language.{code}')}", data=f"{data}:{_LANGUAGE}:{code}") for code in ask.work.rules.languages
    )
    events = tuple(
        Button(label(f"ready.button.event.{event}"), data=f"{data}:{_EVENT}:{event}")
        for event in (*(each.value for each in MacroEvent), "none")
        if event != (one.event or "none")
    )
    return (
        languages,
        events,
        (
            Button(label("ready.button.tag"), data=f"{data}:{_TAG}"),
            Button(label("ready.button.words"), data=f"{data}:{_WORDS}"),
        ),
        (Button(label("ready.button.remove"), data=f"{data}:gone"),),
    )


async def _edit_language(ask: Ask) -> Done | Refusal:
    language, one = _offered(ask, ask.argument(2)), await get_canned(ask.work.tx, ask.number())
    if (refusal := why_not(Deed.EDIT_CANNED, ask.member)) is not None:
        return refusal
    if one is None or language is None:
        return Refusal("ready.refused.gone")
    return _ask_for_text(ask, one.name, language)


async def _edit_event(ask: Ask) -> Done | Refusal:
    chosen = ask.argument(2)
    event = next((each for each in MacroEvent if each == chosen), None)
    done = await canned_book.set_event(ask.work, canned_id=ask.number(), event=event, by=ask.member)
    return done if isinstance(done, Refusal) else _shown(ask, done, "ready.saved")


async def _edit_tag(ask: Ask) -> Done | Refusal:
    if not ask.words:
        return _asked(ask, "ready.tag_prompt")
    done = await canned_book.set_tag(ask.work, canned_id=ask.number(), tag=ask.words, by=ask.member)
    return done if isinstance(done, Refusal) else _shown(ask, done, "ready.saved")


async def _edit_words(ask: Ask) -> Done | Refusal:
    if not ask.words:
        return _asked(ask, "ready.words_prompt")
    done = await canned_book.set_words(ask.work, canned_id=ask.number(), words=ask.words, by=ask.member)
    return done if isinstance(done, Refusal) else _shown(ask, done, "ready.saved")


def _asked(ask: Ask, prompt: str) -> Done | Refusal:
    refusal = why_not(Deed.EDIT_CANNED, ask.member)
    return refusal or Done(None, prompt=prompt, arguments=ask.arguments, deed=False)


async def _edit_gone(ask: Ask) -> Done | Refusal:
    return await _removed(ask, ask.number())


async def _edit_back(ask: Ask) -> Done | Refusal:
    done = await canned_book.bring_back(ask.work, canned_id=ask.number(), by=ask.member)
    return done if isinstance(done, Refusal) else _shown(ask, done, "ready.saved")


_EDITS = {
    _LANGUAGE: _edit_language,
    _EVENT: _edit_event,
    _TAG: _edit_tag,
    _WORDS: _edit_words,
    "gone": _edit_gone,
    "back": _edit_back,
}

VERBS = (
    Verb("canned", on_canned, needs_case=False, aliases=("c",), menu=False),
    Verb("answers", on_canned, command=False),
)
