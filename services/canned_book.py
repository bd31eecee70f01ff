"""The book of ready answers: who supervises writes in it, audited; a fresh database gets a first one."""

from collections.abc import Mapping

from domain.canned import MOST_ANSWERS, NAME_LETTERS, WORDS_LETTERS, Canned, MacroEvent
from domain.deeds import Deed, why_not
from domain.errors import SettingsError
from domain.outcomes import Refusal
from domain.people import SYSTEM, Actor, StaffMember
from domain.records import tag_of
from domain.words import visible
from services.canned import find_named, why_no_text, with_text
from services.case_door import actor_of
from services.work import Work
from storage import canned as rows
from storage.audit import add_audit
from texts.catalogue import plain
from texts.ready import shipped_answers


async def save(work: Work, *, name: str, language: str, text: str, by: StaffMember) -> Canned | Refusal:
    """Keep a text of a ready answer in one language; a name nobody used before makes a new answer."""
    refusal = why_not(Deed.EDIT_CANNED, by) or why_no_text(text)
    if refusal is not None:
        return refusal
    name = visible(name)
    if not name or len(name) > NAME_LETTERS or name[0] in "+-":
        return Refusal("ready.refused.name", {"most": NAME_LETTERS})
    if language not in work.rules.languages:
        return Refusal("ready.refused.language", {"known": ", ".join(work.rules.languages)})
    known = await find_named(work, name)
    before = await rows.get_by_name(work.tx, known.name if known else name)
    if before is None:
        return await _add(work, name=name, language=language, text=text, by=by)
    # What was removed begins anew: its old texts are not sent again because somebody took the name.
    texts = with_text(before, language, text.strip()).texts if before.active else {language: text.strip()}
    await rows.change_canned(work.tx, before.id, now=work.now, texts=texts, active=True)
    old = {"text": before.texts.get(language), "active": before.active}
    _audit(work, before.id, actor_of(by), "canned.change", old, {"language": language, "text": text.strip()})
    return await _current(work, before.id)


async def _add(work: Work, *, name: str, language: str, text: str, by: StaffMember) -> Canned | Refusal:
    if len(await rows.list_canned(work.tx, limit=MOST_ANSWERS)) >= MOST_ANSWERS:
        return Refusal("ready.refused.too_many", {"most": MOST_ANSWERS})
    canned_id = await rows.insert_canned(work.tx, name=name, texts={language: text.strip()}, now=work.now)
    if canned_id is None:  # somebody else took the name between our look and our insert: their answer gets this text
        return await save(work, name=name, language=language, text=text, by=by)
    after = {"name": name, "language": language, "text": text.strip()}
    _audit(work, canned_id, actor_of(by), "canned.add", None, after)
    return await _current(work, canned_id)


async def set_event(work: Work, *, canned_id: int, event: MacroEvent | None, by: StaffMember) -> Canned | Refusal:
    """Say what happens to the case besides this answer."""
    return await _change(work, canned_id, by=by, event=event.value if event else None)


async def set_tag(work: Work, *, canned_id: int, tag: str, by: StaffMember) -> Canned | Refusal:
    """Say which tag this answer puts on the case; ``-`` takes none any more."""
    kept = None if tag.strip() == "-" else tag_of(tag.strip().removeprefix("#"))
    if kept is None and tag.strip() != "-":
        return why_not(Deed.EDIT_CANNED, by) or Refusal("casework.refused.no_tag")
    return await _change(work, canned_id, by=by, tag=kept)


async def set_words(work: Work, *, canned_id: int, words: str, by: StaffMember) -> Canned | Refusal:
    """Keep further words by which an answer is found; ``-`` takes none any more."""
    line = visible(words)
    if len(line) > WORDS_LETTERS:
        return Refusal("ready.refused.words", {"most": WORDS_LETTERS})
    return await _change(work, canned_id, by=by, words="" if line == "-" else line)


async def remove(work: Work, *, canned_id: int, by: StaffMember) -> Canned | Refusal:
    """Take a ready answer out of use; it can be brought back."""
    return await _change(work, canned_id, by=by, active=False)


async def bring_back(work: Work, *, canned_id: int, by: StaffMember) -> Canned | Refusal:
    """Take a removed ready answer into use again."""
    return await _change(work, canned_id, by=by, removed=True, active=True)


async def _change(
    work: Work, canned_id: int, *, by: StaffMember, removed: bool = False, **changed: object
) -> Canned | Refusal:
    refusal = why_not(Deed.EDIT_CANNED, by)
    if refusal is not None:
        return refusal
    before = await rows.get_canned(work.tx, canned_id)
    if before is None or before.active is removed:
        return Refusal("ready.refused.gone")
    await rows.change_canned(work.tx, canned_id, now=work.now, **changed)
    action = "canned.change"
    if "active" in changed:
        action = "canned.bring_back" if removed else "canned.remove"
    _audit(work, canned_id, actor_of(by), action, {name: getattr(before, name) for name in changed}, changed)
    return await _current(work, canned_id)


async def _current(work: Work, canned_id: int) -> Canned:
    canned = await rows.get_canned(work.tx, canned_id)
    assert canned is not None
    return canned


def _audit(
    work: Work, canned_id: int, by: Actor, action: str, before: Mapping[str, object] | None, after: Mapping[str, object]
) -> None:
    add_audit(
        work.tx,
        at=work.now,
        actor=by,
        action=action,
        subject=("canned", canned_id),
        before=dict(before) if before is not None else None,
        after=dict(after),
    )


async def seed_canned(work: Work) -> None:
    """Insert the ready answers of the configuration that never were, and the shipped ones in a fresh database.

    Raises :class:`SettingsError` with one line for a seed that could not be sent.
    """
    fresh = not await rows.has_any(work.tx)
    for nth, seed in enumerate(work.rules.desk.canned, 1):
        for language, text in seed.texts.items():
            if (fault := why_no_text(text)) is not None:
                why = plain(work.texts.say(fault.key, "en", **fault.values))
                raise SettingsError(f"desk.canned #{nth}.texts.{language}: {why}")
        if seed.tag is not None and tag_of(seed.tag) is None:
            raise SettingsError(f"desk.canned #{nth}.tag: a tag is one line without commas")
        await _seed(work, seed.name, seed.texts, seed.words, seed.event, seed.tag)
    if not fresh:
        return
    main, offered = work.rules.languages[0], work.rules.languages
    for answer in shipped_answers():
        texts = {language: text for language, text in answer.texts.items() if language in offered}
        others = " ".join(name for language, name in answer.names.items() if language != main)
        await _seed(work, answer.names[main], texts, f"{answer.words} {others}", answer.event, answer.tag)


async def _seed(work: Work, name: str, texts: dict[str, str], words: str, event: str | None, tag: str | None) -> None:
    kept = tag_of(tag) if tag is not None else None
    canned_id = await rows.insert_canned(
        work.tx, name=name, texts=dict(texts), words=words, event=event, tag=kept, now=work.now
    )
    if canned_id is not None:
        _audit(work, canned_id, SYSTEM, "canned.seed", None, {"name": name, "texts": dict(texts)})
