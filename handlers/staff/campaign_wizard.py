"""Making a campaign by buttons, one thing after the other; the draft is kept at every step."""

from collections.abc import Callable

from domain.deeds import Deed, why_not
from domain.languages import LANGUAGES
from domain.moments import read_when
from domain.outcomes import Refusal
from handlers.staff.campaign_begin import on_campaign
from handlers.staff.campaign_cards import UNKNOWN, overview, way
from handlers.staff.campaign_screens import OWN, SCREENS, title_of
from handlers.staff.verbs import Ask, Done, Verb
from services.campaigns import pickers, wizard
from services.campaigns.book import Kept
from services.campaigns.plain_words import INSERTS, insert_words
from services.campaigns.wizard import Changed, Edit
from services.case_door import actor_of
from storage.staff import get_member
from texts.catalogue import safe

_STALE = Refusal("campaign_staff.refused.choice")


async def on_set(ask: Ask) -> Done | Refusal:
    """Show one thing that can be chosen, or choose it; what is shown afterwards can be chosen on."""
    if (refusal := why_not(Deed.RUN_CAMPAIGNS, ask.member)) is not None:
        return refusal
    kept = await wizard.find_by_id(ask.work, ask.number())
    if kept is None:
        return UNKNOWN
    step, choice = ask.argument(1), ask.argument(2)
    if step == "drop":
        return await _drop(ask, kept, sure=choice == "yes")
    if step not in SCREENS:
        return _STALE
    screen = SCREENS[step]
    if not choice and not ask.words:
        return await screen(ask, kept)
    wanted = await _wanted(ask, kept, step, choice)
    if isinstance(wanted, (Done, Refusal)):
        return wanted
    seen = ask.number(3) if step == "words" and ask.words else None
    changed = await wizard.change(ask.work, kept.id, wanted, by=actor_of(ask.member), seen=seen)
    if isinstance(changed, Refusal):
        return changed
    shown = await (overview if step == "name" else screen)(ask, changed.kept)
    return await _with_news(ask, shown, changed)


async def _wanted(ask: Ask, kept: Kept, step: str, choice: str) -> Edit | Done | Refusal:
    """Return the change that a choice means; a question for words where it needs some."""
    if step == "whom":
        return wizard.for_whom(ask.work, await pickers.picks_of(ask.work, ask.language), choice)
    if step == "words":
        return _wanted_words(ask, kept, choice)
    if step == "hour":
        return _wanted_hour(ask, kept, choice)
    if step == "gift":
        return await wizard.giving(ask.work, choice)
    if step == "name":
        return wizard.called(ask.words)
    return wizard.of_kind(choice)


def _wanted_words(ask: Ask, kept: Kept, choice: str) -> Edit | Done | Refusal:
    way_, _, language = choice.partition(".")
    if way_ in ("all", "only") and language in LANGUAGES:
        if ask.words:
            return wizard.writing(ask.work, ask.words, LANGUAGES if way_ == "all" else (language,))
        arguments = (str(kept.id), "words", choice, str(kept.version))
        values: dict[str, object] = {
            "tongue": ask.context.label(f"language.{language}"),
            "inserts": _inserts(ask, ask.language),
        }
        return Done(None, values, prompt="campaign_staff.prompt.words", arguments=arguments, deed=False)
    if choice == "hello":
        return wizard.naming_first(ask.work)
    return wizard.saying(ask.work, choice, ask.language)


def _inserts(ask: Ask, language: str) -> str:
    return " ".join(
        ask.context.label("campaign_staff.inserted", what=insert_words(ask.work, name, language)) for name in INSERTS
    )


def _wanted_hour(ask: Ask, kept: Kept, choice: str) -> Edit | Done | Refusal:
    way_, _, value = choice.partition(".")
    if choice == OWN:
        if not ask.words:
            arguments = (str(kept.id), "hour", OWN)
            return Done(None, prompt="campaign_staff.prompt.hour", arguments=arguments, deed=False)
        read = read_when(ask.words, now=ask.work.now.astimezone(ask.work.rules.zone).replace(tzinfo=None))
        return wizard.at_hour(read.at.strftime("%H%M")) if read.at else Refusal("campaign_staff.refused.hour")
    if choice == "workdays":
        return wizard.on_workdays
    ways: dict[str, Callable[[str], Edit]] = {
        "at": wizard.at_hour,
        "before": wizard.days_before,
        "after": wizard.days_after,
    }
    return ways[way_](value) if way_ in ways else _STALE


async def _with_news(ask: Ask, shown: Done | Refusal, changed: Changed) -> Done | Refusal:
    """Say besides whose words were replaced that somebody else wrote in between."""
    if isinstance(shown, Refusal) or changed.over is None:
        return shown
    author, version = changed.over
    member = await get_member(ask.work.tx, author) if author is not None else None
    name = member.name if member else "carebot"
    over = ask.context.text("campaign_staff.wizard.over", name=name, version=version)
    values = {**shown.values, "over": safe(f"\n{over}")}
    return Done(shown.key, values, buttons=shown.buttons, shown=True, deed=False)


async def _drop(ask: Ask, kept: Kept, *, sure: bool) -> Done | Refusal:
    if not sure:
        yes = way(ask, "discard_yes", "campaignset", kept.id, "drop", "yes")
        rows = ((yes, way(ask, "overview", "campaign", kept.id)),)
        return Done("campaign_staff.wizard.drop", {"title": title_of(ask, kept)}, buttons=rows, shown=True, deed=False)
    done = await wizard.discard(ask.work, kept.id, by=actor_of(ask.member))
    return (
        done
        if isinstance(done, Refusal)
        else Done("campaign_staff.dropped", {"title": title_of(ask, done)}, shown=True)
    )


VERBS = (
    Verb("campaign", on_campaign, needs_case=False, menu=False),
    Verb("campaignset", on_set, needs_case=False, menu=False, command=False),
)
