"""Following campaigns: how one goes, what came of it, who comes to what it invites to, what goes out in a month."""

from datetime import date, timedelta

from domain.deeds import Deed, why_not
from domain.instants import local_instant
from domain.outcomes import Refusal
from domain.outgoing import Button, Rows, Target, to_member, to_staff_group
from handlers.staff.campaign_cards import UNKNOWN, way
from handlers.staff.verbs import Ask, Done, Verb
from services.campaigns import calendar, guests, reports, watching, wizard
from services.campaigns.guests import Party
from services.campaigns.plain_words import in_words, title_words
from services.campaigns.result_words import order_picture, results_in_words
from services.case_door import actor_of
from services.gathered import shortened
from texts.catalogue import safe

_STALE = Refusal("campaign_staff.refused.choice")
_AROUND = timedelta(hours=24)
"""So long before and after it begins guests are checked in."""
_MOST_NAMED = 60
_NAME_LETTERS = 40


async def on_news(ask: Ask) -> Done | Refusal:
    """Say what came of a campaign, with its picture; or keep one message up to date while it goes out."""
    if (refusal := why_not(Deed.CAMPAIGNS, ask.member)) is not None:
        return refusal
    kept = await wizard.find_by_id(ask.work, ask.number())
    if kept is None:
        return UNKNOWN
    if ask.argument(1) != "results":
        watched = await watching.watch(ask.work, kept.key, by=ask.member, target=_here(ask), language=ask.language)
        return watched if isinstance(watched, Refusal) else Done("campaign_staff.watching", deed=False)
    if await reports.is_large(ask.work, kept.key):
        lacks = await reports.ask_for_results(
            ask.work, kept.key, by=ask.member, target=_here(ask), language=ask.language
        )
        return lacks or Done("campaign_results.counting", deed=False)
    said = await results_in_words(ask.work, kept.key, by=ask.member, language=ask.language)
    if isinstance(said, Refusal):
        return said
    found, html = said
    await order_picture(ask.work, found, by=ask.member, target=_here(ask), language=ask.language)
    rows = ((way(ask, "overview", "campaignview", kept.id),),)
    return Done("campaign_staff.card", {"card": safe(html)}, buttons=rows, shown=True, deed=False)


# Guests


async def on_guests(ask: Ask) -> Done | Refusal:
    """List who answered an invitation: who comes, who waits for a place, who came."""
    if (refusal := why_not(Deed.CAMPAIGNS, ask.member)) is not None:
        return refusal
    kept = await wizard.find_by_id(ask.work, ask.number())
    party = await guests.party(ask.work, kept.key) if kept is not None else None
    if kept is None or party is None:
        return UNKNOWN
    there = sum(1 for guest in party.everybody if guest.arrived_at is not None)
    lines = [ask.context.text("campaign_staff.guests.head", title=title_words(ask.work, kept.campaign, ask.language))]
    for name in ("coming", "waiting", "maybe", "declined"):
        listed = getattr(party, name)
        if listed:
            names = ask.context.label("campaign_staff.comma").join(
                f"✓ {_named(one.name)}" if one.arrived_at else _named(one.name) for one in listed[:_MOST_NAMED]
            )
            lines.append(ask.context.text(f"campaign_staff.guests.{name}", count=len(listed), names=names))
    lines.append(ask.context.text("campaign_staff.guests.arrived", count=there))
    rows = ((way(ask, "overview", "campaignview", kept.id),),)
    return Done("campaign_staff.card", {"card": safe("\n".join(lines))}, buttons=rows, shown=True, deed=False)


def _named(name: str) -> str:
    return shortened(name, _NAME_LETTERS) or "–"


async def on_check_in(ask: Ask) -> Done | Refusal:
    """Keep that a guest has come, by the code they show; of several parties at once the right one is asked for."""
    if (refusal := why_not(Deed.CHECK_IN, ask.member)) is not None:
        return refusal
    code = ask.words.split()[0] if ask.words else ask.argument(1)
    around = [party for party in await guests.list_parties(ask.work) if _is_around(ask, party)]
    chosen = [party for party in around if party.campaign == ask.argument()] if ask.argument(1) else around
    if not chosen:
        return Refusal("campaign_staff.refused.no_party")
    if not code:
        return Done(None, prompt="campaign_staff.prompt.code", deed=False)
    if len(chosen) > 1:
        rows = tuple(
            (Button(in_words(ask.work, one.title, ask.language), data=f"k:checkin:0:{one.campaign}:{code[:16]}"),)
            for one in chosen
        )
        return Done("campaign_staff.which_party", buttons=rows, shown=True, deed=False)
    guest = await guests.check_in(ask.work, code=code, key=chosen[0].campaign, by=ask.member)
    if isinstance(guest, Refusal):
        return guest
    if guest.arrived_at is not None:
        return Done("campaign_staff.here_already", {"name": guest.name, "at": guest.arrived_at}, shown=True, deed=False)
    return Done(f"campaign_staff.here.{_standing(chosen[0], guest.customer_id)}", {"name": guest.name}, shown=True)


def _standing(party: Party, customer_id: int) -> str:
    """Return whether a guest was expected, waited for a place, or had said something else."""
    if any(one.customer_id == customer_id for one in party.coming):
        return "expected"
    return "waiting" if any(one.customer_id == customer_id for one in party.waiting) else "unexpected"


def _is_around(ask: Ask, party: Party) -> bool:
    at = local_instant(party.invitation.at, ask.work.rules.zone)
    return abs(at - ask.work.now) <= _AROUND


# The month


async def on_calendar(ask: Ask) -> Done | Refusal:
    """Show what goes out in a month, in words and as a picture; the months before and after are a tap away."""
    if (refusal := why_not(Deed.CAMPAIGNS, ask.member)) is not None:
        return refusal
    today = ask.work.now.astimezone(ask.work.rules.zone).date()
    first = calendar.read_month(ask.argument() or f"{today:%Y-%m}")
    if first is None:
        return _STALE
    month = await calendar.month_of(ask.work, first, by=actor_of(ask.member), language=ask.language)
    if isinstance(month, Refusal):
        return month
    if ask.argument(1) == "picture":
        await calendar.order_picture(ask.work, month, target=_here(ask), language=ask.language)
        return Done("campaign_staff.calendar.drawn", deed=False)
    lines = calendar.fitting_lines(ask.work, month, ask.language)
    comma = ask.context.label("campaign_staff.comma")
    always = ask.context.text("campaign_staff.calendar.always", titles=comma.join(month.always)) if month.always else ""
    values: dict[str, object] = {
        "month": calendar.month_words(month, ask.language),
        "lines": safe("\n".join(lines) or ask.context.text("campaign_staff.calendar.nothing")),
        "always": safe(f"\n\n{always}" if always else ""),
    }
    return Done("campaign_staff.calendar", values, buttons=_months(ask, first), shown=True, deed=False)


def _here(ask: Ask) -> Target:
    group = ask.context.group
    return to_staff_group(group.id) if group is not None else to_member(ask.member.id)


def _months(ask: Ask, first: date) -> Rows:
    near = [calendar.month_after(first, away) for away in (-1, 1)]
    ways = [
        Button(ask.context.label(f"campaign_staff.button.{name}"), data=f"k:calendar:0:{month:%Y-%m}")
        for name, month in zip(("month_before", "month_after"), near, strict=True)
        if month is not None
    ]
    picture = Button(ask.context.label("campaign_staff.button.picture"), data=f"k:calendar:0:{first:%Y-%m}:picture")
    return (tuple(ways), (picture,))


VERBS = (
    Verb("calendar", on_calendar, needs_case=False, menu=False),
    Verb("campaignnews", on_news, needs_case=False, menu=False, command=False),
    Verb("guests", on_guests, needs_case=False, menu=False, command=False),
    Verb("checkin", on_check_in, needs_case=False, menu=False),
)
