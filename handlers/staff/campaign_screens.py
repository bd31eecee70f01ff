"""The screens of the wizard: what a campaign is set to, and what can be chosen instead."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from domain.campaigns import OccasionKind, When
from domain.outcomes import Refusal
from domain.outgoing import Button, Rows
from domain.people import ConsentClass
from handlers.staff.campaign_cards import in_rows, way
from handlers.staff.verbs import Ask, Done
from services.campaigns import pickers, ready_words
from services.campaigns.book import Kept
from services.campaigns.plain_words import (
    audience_words,
    clipped,
    gift_words,
    in_words,
    readable,
    title_words,
    when_words,
)
from services.case_door import actor_of
from services.rewards import list_rewards
from texts.catalogue import safe
from texts.days import number_in_words

AFTERS = {OccasionKind.PURCHASE: (1, 3, 7, 30), OccasionKind.CASE: (1, 3, 7, 30), OccasionKind.JOINED: (0, 1, 3, 7)}
"""How many days after it happened a campaign may be wanted, by what it hangs on."""
OWN = "own"
"""The button for a day or time that is none of the others."""
_LEADS = (0, 1, 3, 7)
_LEADING = (OccasionKind.BIRTHDAY, OccasionKind.ANNIVERSARY, OccasionKind.HOLIDAY, OccasionKind.DATE)
_HOURS = ("0800", "0900", "1000", "1200", "1500", "1800", "2000")
_POINTS = (20, 50, 100, 200)
_CLASSES = (ConsentClass.CARE, ConsentClass.OFFERS, ConsentClass.POINTS, ConsentClass.SERVICE)
_MOST_REWARDS = 8
_LETTERS = 1500


def title_of(ask: Ask, kept: Kept) -> str:
    """Return how staff call a campaign, in the language of whoever asks."""
    return title_words(ask.work, kept.campaign, ask.language)


def days_later(ask: Ask, name: str, count: int) -> str:
    """Return the words of a button for so many days."""
    key = "at_once" if name == "after" and not count else name
    return ask.context.label(f"campaign_staff.choice.{key}", count=count)


def _screen(ask: Ask, kept: Kept, name: str, values: dict[str, object], rows: Rows) -> Done:
    steps = list(SCREENS)
    after = steps[steps.index(name) + 1] if name in steps[:-2] else None
    last = [way(ask, "next", "campaignset", kept.id, after)] if after else []
    last.append(way(ask, "overview", "campaign", kept.id))
    values = {"title": title_of(ask, kept), "over": "", **values}
    return Done(f"campaign_staff.wizard.{name}", values, buttons=(*rows, tuple(last)), shown=True, deed=False)


def _option(ask: Ask, kept: Kept, step: str, label: str, choice: str, *, chosen: bool = False) -> Button:
    text = ask.context.label("campaign_staff.chosen", label=label) if chosen else label
    return Button(text, data=f"k:campaignset:0:{kept.id}:{step}:{choice}")


async def show_whom(ask: Ask, kept: Kept) -> Done | Refusal:
    """Show for whom it is, how many they are, and who may be picked."""
    segment = kept.campaign.segment
    found = await pickers.look(ask.work, segment, by=actor_of(ask.member))
    if isinstance(found, Refusal):
        return found
    picks = await pickers.picks_of(ask.work, ask.language)
    picked = pickers.picked(ask.work, segment, picks)
    comma = ask.context.label("campaign_staff.comma")
    names = comma.join(name for _, name in found.sample)
    key = "some" if names else "nobody"
    values: dict[str, object] = {
        "whom": audience_words(ask.work, kept.campaign, ask.language),
        "count": safe(ask.context.text(f"campaign_staff.wizard.{key}", count=found.count, names=names)),
    }
    everybody = _option(ask, kept, "whom", ask.context.label("campaign_staff.pick.all"), "all", chosen=segment is None)
    options = [_option(ask, kept, "whom", pick.label, pick.code, chosen=pick.code in picked) for pick in picks]
    return _screen(ask, kept, "whom", values, ((everybody,), *in_rows(options)))


async def _words(ask: Ask, kept: Kept) -> Done:
    campaign = kept.campaign
    ready = ready_words.ready_for(ask.work, campaign.when, ask.language, solemn=campaign.solemn)
    options = [
        _option(ask, kept, "words", one.label, one.code, chosen=one.variants == campaign.variants) for one in ready
    ]
    text = campaign.variants[0].text
    written = len(set(text.values())) < len(text)
    label = ask.context.label
    own = _option(ask, kept, "words", label("campaign_staff.choice.write"), f"all.{ask.language}")
    others = [
        _option(
            ask,
            kept,
            "words",
            label("campaign_staff.choice.write_in", tongue=label(f"language.{language}")),
            f"only.{language}",
        )
        for language in ask.work.rules.languages
        if language != ask.language
    ]
    rows = [*in_rows(options, 1), (own,)]
    if written and len(ask.work.rules.languages) > 1:
        rows += in_rows(others)
    if not ready_words.names_person(in_words(ask.work, text, ask.language)):
        rows.append((_option(ask, kept, "words", label("campaign_staff.choice.hello"), "hello"),))
    values: dict[str, object] = {
        "words": clipped(readable(ask.work, in_words(ask.work, text, ask.language), ask.language), _LETTERS)
    }
    return _screen(ask, kept, "words", values, tuple(rows))


async def _hour(ask: Ask, kept: Kept) -> Done:
    when, label = kept.campaign.when, ask.context.label
    at = when.at.strftime("%H%M") if when.at else ""

    def hour(label_: str, choice: str, *, chosen: bool) -> Button:
        return _option(ask, kept, "hour", label_, choice, chosen=chosen)

    hours = [hour(f"{one[:2]}:{one[2:]}", f"at.{one}", chosen=one == at) for one in _HOURS]
    usual = "usual" if when.kind.collective or when.kind.dated else "any"
    rows: list[tuple[Button, ...]] = [(hour(label(f"campaign_staff.choice.{usual}"), "at.usual", chosen=not at),)]
    rows += [*in_rows(hours, 4), (hour(label("campaign_staff.choice.other_hour"), OWN, chosen=False),)]
    if _leads(when):
        rows += in_rows(
            hour(
                label(f"campaign_staff.choice.{'before' if n else 'the_day'}", count=n),
                f"before.{n}",
                chosen=n == when.lead_days,
            )
            for n in _LEADS
        )
    if when.kind in AFTERS:
        rows += in_rows(
            hour(days_later(ask, "after", n), f"after.{n}", chosen=timedelta(days=n) == when.after)
            for n in AFTERS[when.kind]
        )
    rows.append((hour(label("campaign_staff.choice.workdays"), "workdays", chosen=bool(when.weekdays)),))
    values: dict[str, object] = {"when": when_words(ask.work, kept.campaign, ask.language)}
    return _screen(ask, kept, "hour", values, tuple(rows))


def _leads(when: When) -> bool:
    return when.kind in _LEADING and not (when.kind is OccasionKind.DATE and when.on is None)


async def _gift(ask: Ask, kept: Kept) -> Done | Refusal:
    campaign, label = kept.campaign, ask.context.label
    if campaign.solemn:
        return _screen(ask, kept, "gift", {"gift": label("campaign_staff.wizard.no_gift_solemn")}, ())
    gift = campaign.gift
    rows: list[tuple[Button, ...]] = [
        (_option(ask, kept, "gift", label("campaign_staff.choice.no_gift"), "none", chosen=gift is None),)
    ]
    if ask.work.rules.loyalty.enabled:
        rows += in_rows(
            _option(
                ask,
                kept,
                "gift",
                label("campaign_staff.gift.points", points=number_in_words(points, ask.language)),
                f"p{points}",
                chosen=gift is not None and gift.points == points,
            )
            for points in _POINTS
        )
    rewards = [reward for reward in await list_rewards(ask.work) if reward.active][:_MOST_REWARDS]
    rows += in_rows(
        (
            _option(
                ask,
                kept,
                "gift",
                reward.name(ask.language),
                f"r{reward.id}",
                chosen=gift is not None and gift.reward == reward.key,
            )
            for reward in rewards
        ),
        1,
    )
    words = await gift_words(ask.work, campaign, ask.language) or label("campaign_staff.choice.no_gift")
    return _screen(ask, kept, "gift", {"gift": words}, tuple(rows))


async def _kind(ask: Ask, kept: Kept) -> Done:
    now = kept.campaign.consent
    options = [
        _option(
            ask, kept, "kind", ask.context.label(f"campaign_staff.consent.{one.value}"), one.value, chosen=one is now
        )
        for one in _CLASSES
    ]
    values: dict[str, object] = {"kind": ask.context.label(f"campaign_staff.consent.{now.value}")}
    return _screen(ask, kept, "kind", values, in_rows(options, 1))


async def _name(ask: Ask, kept: Kept) -> Done:
    arguments = (str(kept.id), "name")
    return Done(
        None, {"title": title_of(ask, kept)}, prompt="campaign_staff.prompt.name", arguments=arguments, deed=False
    )


SCREENS: dict[str, Callable[[Ask, Kept], Awaitable[Done | Refusal]]] = {
    "whom": show_whom,
    "words": _words,
    "hour": _hour,
    "gift": _gift,
    "kind": _kind,
    "name": _name,
}
"""What can be set, in the order in which it is offered."""
