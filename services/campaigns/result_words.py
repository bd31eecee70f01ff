"""What came of a campaign in words, as a shop person reads them; and the order of its picture."""

from collections.abc import Iterator

from domain.campaigns.learning import Finding, Uplift
from domain.campaigns.outcomes import MEASURED, OF_ANYBODY, Deed, Group, Results, Warning
from domain.deeds import Deed as StaffDeed
from domain.deeds import why_not
from domain.outcomes import Refusal
from domain.outgoing import Target
from domain.people import StaffMember
from domain.surveys.scores import Estimate
from services.campaigns.book import get_campaign
from services.campaigns.plain_words import in_words
from services.campaigns.result_pictures import recipe_of
from services.campaigns.results import results
from services.case_door import actor_of
from services.files import order_staff_file
from services.surveys.result_words import percent
from services.work import Work
from texts.catalogue import plain
from texts.days import money_in_words, number_in_words


async def results_in_words(
    work: Work, key: str, *, by: StaffMember, language: str, occasion: str | None = None
) -> tuple[Results, str] | Refusal:
    """Return what came of a campaign with its words (Telegram HTML)."""
    if (refusal := why_not(StaffDeed.CAMPAIGNS, by)) is not None:
        return refusal
    found = await results(work, key, by=actor_of(by), occasion=occasion)
    if isinstance(found, Refusal):
        return found
    kept = await get_campaign(work, key)
    assert kept is not None
    state = work.texts.button(f"campaign_results.state.{kept.state}", language)
    title = in_words(work, found.title, language) or key
    head = work.texts.say("campaign_results.head", language, title=title, state=state)
    return found, "\n".join([head, *lines_of(work, found, language)])


def lines_of(work: Work, found: Results, language: str) -> Iterator[str]:
    """Yield the results line by line (Telegram HTML), the weightiest first."""
    say = work.texts.say
    if not found.all.meant:
        yield say("campaign_results.nothing", language)
        return
    yield say(
        "campaign_results.reach",
        language,
        reached=number_in_words(found.all.reached, language),
        meant=number_in_words(found.all.meant, language),
    )
    yield say("campaign_results.window", language, span=work.texts.span(found.attribution, language))
    yield from _deeds(work, found, language)
    if len(found.variants) > 1:
        yield ""
        yield from _variants(work, found, language)
    if found.held_out is not None:
        yield ""
        yield from _held_out(work, found, found.held_out, language)
    if found.cost.total_minor or found.cost.stars or found.gain is not None:
        yield ""
        yield from _money(work, found, language)
    if found.warnings:
        yield ""
    for warning in found.warnings:
        yield say("campaign_results.warning", language, words=warned(work, language, warning))


def _deeds(work: Work, found: Results, language: str) -> Iterator[str]:
    for deed in Deed:
        estimate = found.all.shares[deed]
        if estimate.value or deed in (Deed.ANSWERS, Deed.CLICKS, Deed.PURCHASES):
            words = {"deed": deed_words(work, deed, language), "figure": figure(work, estimate, language)}
            yield work.texts.say("campaign_results.deed_line", language, **words)
    if found.all.spent_minor or found.all.points_used:
        money = money_in_words(found.all.spent_minor, found.currency, language)
        points = number_in_words(found.all.points_used, language)
        yield work.texts.say("campaign_results.spent", language, money=money, points=points)


def deed_words(work: Work, deed: Deed, language: str) -> str:
    """Return what people did, such as "bought"."""
    return work.texts.button(f"campaign_results.deed.{deed}", language)


def figure(work: Work, estimate: Estimate, language: str) -> str:
    """Return a share with its interval and how many people that is, as plain words."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return work.texts.button("campaign_results.no_share", language)
    count = number_in_words(round(estimate.value * estimate.n), language)
    low, high = percent(estimate.low), percent(estimate.high)
    return work.texts.button(
        "campaign_results.share", language, value=percent(estimate.value), n=count, low=low, high=high
    )


def _variants(work: Work, found: Results, language: str) -> Iterator[str]:
    deed = MEASURED[found.measure]
    yield work.texts.say("campaign_results.by_variant", language, deed=deed_words(work, deed, language))
    for group in found.variants:
        yield work.texts.say(
            "campaign_results.variant",
            language,
            variant=group.key,
            figure=figure(work, group.shares[deed], language),
            reached=number_in_words(group.reached, language),
        )
    if found.comparison.finding is not Finding.ALONE:
        words = {"variant": found.comparison.winner} if found.comparison.winner is not None else {}
        yield work.texts.say(f"campaign_results.finding.{found.comparison.finding}", language, **words)
    if found.winner is not None:
        yield work.texts.say("campaign_results.taken", language, variant=found.winner)


def _held_out(work: Work, found: Results, held_out: Group, language: str) -> Iterator[str]:
    yield work.texts.say("campaign_results.held_out", language, n=number_in_words(held_out.meant, language))
    for deed in OF_ANYBODY:
        one = found.uplifts.get(deed)
        if one is None or not (found.all.shares[deed].value or held_out.shares[deed].value):
            continue
        key = "campaign_results.uplift_sure" if one.sure else "campaign_results.uplift"
        words = {"deed": deed_words(work, deed, language), "value": points_words(work, one, language)}
        yield work.texts.say(key, language, **words, low=_signed(one.low), high=_signed(one.high))


def points_words(work: Work, one: Uplift, language: str) -> str:
    """Return a difference of two shares in percentage points."""
    return work.texts.button("campaign_results.points", language, value=_signed(one.share))


def _signed(share: float) -> str:
    """Return a difference in hundredths, with its sign and one digit."""
    hundredths = round(share * 100, 1)
    sign = "+" if hundredths > 0 else "−" if hundredths < 0 else ""
    return f"{sign}{abs(hundredths):.1f}"


def _money(work: Work, found: Results, language: str) -> Iterator[str]:
    def money(minor: int) -> str:
        return money_in_words(minor, found.currency, language)

    cost, gain, say = found.cost, found.gain, work.texts.say
    if cost.total_minor:
        parts = {"messages": money(cost.messages_minor), "gifts": money(cost.gifts_minor)}
        yield say(
            "campaign_results.cost", language, total=money(cost.total_minor), hours=money(cost.hours_minor), **parts
        )
    if cost.stars:
        yield say("campaign_results.stars", language, stars=f"{cost.stars:,.1f}".removesuffix(".0"))
    if gain is not None:
        yield say(
            f"campaign_results.gain.{gain.worth}",
            language,
            money=money(gain.minor),
            low=money(gain.low_minor),
            high=money(gain.high_minor),
            buyers=number_in_words(round(gain.buyers), language),
            each=money(gain.per_buyer_minor),
        )


def warned(work: Work, language: str, warning: Warning) -> str:
    """Return a warning as plain words."""
    return plain(work.texts.say(warning.key, language, **warning.values))


async def order_picture(work: Work, found: Results, *, by: StaffMember, target: Target, language: str) -> bool:
    """Let the picture of the results be drawn and sent; returns whether there is anything to draw yet."""
    if not found.all.reached:
        return False
    minute = int(work.now.timestamp() // 60)
    title = in_words(work, found.title, language) or found.key
    await order_staff_file(
        work,
        target,
        kind="campaign",
        recipe=recipe_of(work, found, language),
        name=f"{found.key}.png",
        mime="image/png",
        caption=work.texts.say("campaign_results.caption", language, title=title),
        dedupe_key=f"campaign:{found.key}:{target.chat_key}:{by.id}:{minute}",
    )
    return True
