"""What is wrong with a campaign as a whole, and what may be meant but is worth a second look."""

import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import islice, pairwise
from typing import Any
from urllib.parse import urlsplit

from domain.campaigns import ButtonKind, Campaign, CampaignButton, OccasionKind, Variant, When
from domain.campaigns.holidays import HOLIDAYS
from domain.campaigns.schedule import read_cron
from domain.loyalty import FieldKind
from domain.people import ConsentClass
from domain.points import MOST_POINTS
from domain.rules import Rules
from domain.surveys import Words
from services.campaigns.templates import MessageFault, render_text, template_faults
from services.campaigns.variables import VARIABLES, sample_context
from services.document_parts import hint, shown

RESERVED = ("notices", "points", "changes", "csat", "merged")
"""Names under which the program itself keeps deliveries."""
BUTTON_LETTERS, TITLE_LETTERS, REPLY_LETTERS, TASK_LETTERS = 64, 64, 1000, 200
MOST_VARIANTS, MOST_BUTTONS, MOST_WEIGHT, MOST_LEAD_DAYS = 10, 8, 1000, 366
MOST_LATE, LEAST_APART = timedelta(days=366), timedelta(hours=1)
FIRST_YEAR, LAST_YEAR = 2000, 2199
"""The years a day may lie in: near the ends of the calendar there is no day before or after to reckon with."""
LINK_LETTERS = 2048
_COMINGS = 1500
"""Among so many comings of a cron expression the least time between two is looked for: a day, at one a minute."""
_ANY_WALL = datetime.fromisoformat("2026-01-01T00:00")
_RSVP_KEYS = ("yes", "no", "maybe")
_REACHED_BY_TAP = (ButtonKind.LINK, ButtonKind.TRACKED)
_SPAN_KINDS = frozenset(
    {
        OccasionKind.JOINED,
        OccasionKind.PURCHASE,
        OccasionKind.CASE,
        OccasionKind.EVENT,
        OccasionKind.TIER_UP,
        OccasionKind.TIER_DOWN,
    }
)
_NEEDS: dict[OccasionKind, tuple[str, str]] = {
    OccasionKind.HOLIDAY: ("holiday", 'write which, such as holiday = "mid_autumn"; `carebot occasions` lists them'),
    OccasionKind.EVERY: ("every", 'write how often: every = "week", "month", "quarter" or "year"'),
    OccasionKind.CRON: ("cron", 'write when: cron = "0 10 1 * *" is the 1st of each month at 10:00'),
    OccasionKind.FIELD: ("field", 'write which date of the record: field = "renewal_on"'),
    OccasionKind.EVENT: ("event", 'write the name the API tells: event = "order.delivered"'),
    OccasionKind.SILENCE: ("silence_days", "write after how many days: silence = 90"),
    OccasionKind.RSVP: ("invitation", 'write the campaign that invites: invitation = "spring_party"'),
}
_OWN_KEYS = {
    "holiday": {OccasionKind.HOLIDAY},
    "on": {OccasionKind.DATE},
    "every": {OccasionKind.EVERY},
    "cron": {OccasionKind.CRON},
    "field": {OccasionKind.FIELD},
    "event": {OccasionKind.EVENT},
    "silence_days": {OccasionKind.SILENCE},
    "invitation": {OccasionKind.RSVP},
}
_WRITTEN = {"silence_days": "silence"}


def faults_of(campaign: Campaign, rules: Rules, *, languages: Sequence[str]) -> list[str]:
    """Return a line ``key: what; mend`` for each thing that keeps a campaign from being sent by this business."""
    return [
        *_key_faults(campaign),
        *_when_faults(campaign.when, rules),
        *_language_faults(campaign, languages),
        *_variant_faults(campaign, rules),
        *_button_faults(campaign),
        *_gift_faults(campaign),
        *_solemn_faults(campaign),
        *_number_faults(campaign),
    ]


def _key_faults(campaign: Campaign) -> Iterator[str]:
    if campaign.key in RESERVED:
        yield f"key: {campaign.key} is a name of the program's own; choose another"
    for language, words in campaign.title.items():
        if len(words) > TITLE_LETTERS:
            yield f"title.{language}: is longer than {TITLE_LETTERS} letters; shorten it"


def _when_faults(when: When, rules: Rules) -> Iterator[str]:
    needed = _NEEDS.get(when.kind)
    if needed is not None and getattr(when, needed[0]) in (None, ""):
        yield f"when.{_WRITTEN.get(needed[0], needed[0])}: missing; {needed[1]}"
    for name, kinds in _OWN_KEYS.items():
        if getattr(when, name) is not None and when.kind not in kinds:
            belongs = ", ".join(sorted(kind.value for kind in kinds))
            yield f"when.{_WRITTEN.get(name, name)}: belongs to the occasion {belongs}, not {when.kind}; leave it out"
    yield from _holiday_faults(when, rules)
    if when.cron is not None:
        yield from _cron_faults(when.cron)
    if when.after and when.kind not in _SPAN_KINDS:
        yield f"when.after: nothing happens at {when.kind}; write lead_days, or leave it out"
    if when.lead_days and (when.kind in _SPAN_KINDS or when.kind is OccasionKind.SILENCE):
        yield f"when.lead_days: nobody knows {when.kind} beforehand; write after, or leave it out"
    if not 0 <= when.lead_days <= MOST_LEAD_DAYS:
        yield f"when.lead_days: must be from 0 to {MOST_LEAD_DAYS}"
    if when.silence_days is not None and not 1 <= when.silence_days <= 3660:
        yield "when.silence: must be from 1 to 3660 days"
    if not 1 <= when.day <= MOST_LEAD_DAYS:
        yield f"when.day: must be from 1 to {MOST_LEAD_DAYS}"
    if when.late_after > MOST_LATE:
        yield f'when.late_after: must be at most "{MOST_LATE.days}d"'
    for name in ("on", "until"):
        yield from _year_faults(f"when.{name}", getattr(when, name))
    if when.jitter > timedelta(days=7):
        yield 'when.jitter: spreads people over more than a week; write at most "7d"'
    yield from _field_faults(when, rules)


def _year_faults(place: str, day: date | None) -> Iterator[str]:
    if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
        yield f"{place}: must lie in the years {FIRST_YEAR} to {LAST_YEAR}; leave until out for no end"


def _holiday_faults(when: When, rules: Rules) -> Iterator[str]:
    if when.holiday is None:
        return
    if when.holiday not in HOLIDAYS:
        meant = hint(when.holiday, list(HOLIDAYS)) or "; `carebot occasions` lists them"
        yield f"when.holiday: {shown(when.holiday)} is none{meant}"
    elif HOLIDAYS[when.holiday].rule_in(rules.campaigns.region) is None:
        region = rules.campaigns.region
        yield f"when.holiday: {when.holiday} is not kept in {region}; choose another, or another campaigns.region"


def _cron_faults(cron: str) -> Iterator[str]:
    try:
        found = list(islice(read_cron(cron, _ANY_WALL), _COMINGS))
        if not found:
            yield f"when.cron: {shown(cron)} never comes; write five fields such as 0 10 1 * *"
        elif any(later - earlier < LEAST_APART for earlier, later in pairwise(found)):
            yield f"when.cron: {shown(cron)} comes more often than once an hour; name one minute, such as 0 10 * * *"
    except ValueError as error:
        yield f"when.cron: {shown(cron)} cannot be read: {str(error)[:80]}; write five fields such as 0 10 1 * *"


def _field_faults(when: When, rules: Rules) -> Iterator[str]:
    if when.field is None:
        return
    dates = [one.key for one in rules.record.fields if one.kind is FieldKind.DATE]
    if when.field not in dates:
        there = f"there are {', '.join(dates)}" if dates else "the settings declare none; see [record]"
        yield f"when.field: {shown(when.field)} is no date of the customer record; {there}"


def _language_faults(campaign: Campaign, languages: Sequence[str]) -> Iterator[str]:
    for place, words in _texts(campaign):
        missing = [language for language in languages if not words.get(language)]
        if words and missing:
            yield f'{place}: is missing in {" and ".join(missing)}; write it, or name a fallback = "en"'


def _texts(campaign: Campaign) -> Iterator[tuple[str, Words]]:
    yield "title", campaign.title
    for nth, variant in enumerate(campaign.variants, 1):
        yield ("text" if len(campaign.variants) == 1 else f"variants #{nth}.text"), variant.text
    for nth, button in enumerate(campaign.buttons, 1):
        yield f"buttons #{nth}.label", button.label
        yield f"buttons #{nth}.reply", button.reply
    if campaign.task is not None:
        yield "task.title", campaign.task.title
    if campaign.invitation is not None:
        yield "invitation.place", campaign.invitation.place
    for name, words in campaign.fallbacks.items():
        yield f"fallbacks.{name}", words


def _variant_faults(campaign: Campaign, rules: Rules) -> Iterator[str]:
    keys = [variant.key for variant in campaign.variants]
    if len(set(keys)) < len(keys):
        yield "variants: two have the same key; give each its own"
    if len(keys) > MOST_VARIANTS:
        yield f"variants: {len(keys)} are too many to tell apart; try at most {MOST_VARIANTS}"
    alone = campaign.task is not None and campaign.task.alone
    for nth, variant in enumerate(campaign.variants, 1):
        place = "text" if len(keys) == 1 else f"variants #{nth}.text"
        if not 1 <= variant.weight <= MOST_WEIGHT:
            yield f"variants #{nth}.weight: must be from 1 to {MOST_WEIGHT}"
        if not variant.text and not alone:
            yield f'{place}: missing; write what is said, such as text.en = "Happy birthday!"'
        for language in variant.text:
            yield from _template_faults(campaign, variant, place, language, rules)
    for name in campaign.fallbacks:
        if name not in VARIABLES:
            meant = hint(name, list(VARIABLES)) or "; docs/campaign-format.md lists them"
            yield f"fallbacks.{name[:40]}: is no variable{meant}"


def _template_faults(campaign: Campaign, variant: Variant, place: str, language: str, rules: Rules) -> Iterator[str]:
    """Yield what is wrong with one text: read, then tried with everything known, and with nothing known."""
    fields = [one.key for one in rules.record.fields]
    found = template_faults(variant.text[language], fields=fields)
    yield from (f"{place}.{language}: {fault}" for fault in found)
    if found:
        return
    for empty in (False, True):
        context: dict[str, Any] = sample_context(campaign, fields, empty=empty)
        try:
            render_text(variant.text[language], context, with_picture=variant.picture is not None)
        except MessageFault as fault:
            when = "with nothing known of a person, " if empty else ""
            yield f"{place}.{language}: {when}{fault}"
            return


def _button_faults(campaign: Campaign) -> Iterator[str]:
    keys = [button.key for button in campaign.buttons]
    if len(set(keys)) < len(keys):
        yield "buttons: two have the same key; give each its own"
    if len(keys) > MOST_BUTTONS:
        yield f"buttons: {len(keys)} are too many under one message; keep at most {MOST_BUTTONS}"
    for nth, button in enumerate(campaign.buttons, 1):
        yield from (f"buttons #{nth}.{fault}" for fault in _faults_of_button(campaign, button))


def _faults_of_button(campaign: Campaign, button: CampaignButton) -> Iterator[str]:
    for language, label in button.label.items():
        if len(label) > BUTTON_LETTERS:
            yield f"label.{language}: is longer than {BUTTON_LETTERS} letters; shorten it"
    for language, reply in button.reply.items():
        if len(reply) > REPLY_LETTERS:
            yield f"reply.{language}: is longer than {REPLY_LETTERS} letters; shorten it"
    if button.kind in _REACHED_BY_TAP and not _is_link(button.url or ""):
        yield "url: must be a link that begins with https:// and names a site, such as https://shop.example/tea"
    if button.kind not in _REACHED_BY_TAP and button.url:
        yield f"url: a button of kind {button.kind} leads nowhere; leave it out"
    if button.kind in (ButtonKind.SURVEY, ButtonKind.REDEEM) and not button.ref:
        yield f"ref: missing; name the {'survey' if button.kind is ButtonKind.SURVEY else 'reward'} by its key"
    if button.kind is ButtonKind.RSVP and button.key not in _RSVP_KEYS:
        yield f"key: an answer to an invitation is one of {', '.join(_RSVP_KEYS)}"
    if button.kind is ButtonKind.RSVP and campaign.invitation is None:
        yield "kind: there is no [invitation] to answer; write when and where"


def _is_link(url: str) -> bool:
    """Return whether Telegram takes it for a link: of one that it does not take, no message goes out at all."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    plain = url.isprintable() and " " not in url and len(url) <= LINK_LETTERS
    return plain and url.startswith("https://") and "." in host.strip(".") and ".." not in host


def _gift_faults(campaign: Campaign) -> Iterator[str]:
    gift = campaign.gift
    if gift is None:
        return
    if (gift.reward is None) == (gift.points is None):
        yield 'gift: give either reward = "coffee" or points = 50'
    if gift.points is not None and not 1 <= gift.points <= MOST_POINTS:
        yield f"gift.points: must be from 1 to {MOST_POINTS}"
    if gift.cost_minor < 0:
        yield "gift.cost_minor: must not be below 0"


def _solemn_faults(campaign: Campaign) -> Iterator[str]:
    """Yield cheer, gifts and offers on a day that has room for none."""
    holiday = HOLIDAYS.get(campaign.when.holiday or "")
    if holiday is not None and holiday.solemn and not campaign.solemn:
        yield f"solemn: {holiday.key} is a solemn day; write solemn = true, and keep the words quiet"
    if not campaign.solemn:
        return
    if campaign.gift is not None:
        yield "gift: nothing is given away on a solemn day; leave it out"
    if campaign.consent is ConsentClass.OFFERS:
        yield 'consent: nothing is offered on a solemn day; write consent = "care"'
    for nth, variant in enumerate(campaign.variants, 1):
        for language, text in variant.text.items():
            cheer = next((sign for sign in text if sign in "!！" or unicodedata.category(sign) == "So"), None)
            if cheer is not None:
                yield f"variants #{nth}.text.{language}: {cheer} is too cheerful for a solemn day; leave it out"


def _number_faults(campaign: Campaign) -> Iterator[str]:
    if not 0 <= campaign.priority <= 9:
        yield "priority: must be from 0 to 9"
    if campaign.invitation is not None:
        if campaign.invitation.capacity is not None and campaign.invitation.capacity < 1:
            yield "invitation.capacity: must be at least 1; leave it out for no limit"
        yield from _year_faults("invitation.at", campaign.invitation.at)
    if not 0 <= campaign.learning.hours <= 10_000:
        yield "learning.hours: must be from 0 to 10000"
    if campaign.task is not None:
        for language, title in campaign.task.title.items():
            if len(title) > TASK_LETTERS:
                yield f"task.title.{language}: is longer than {TASK_LETTERS} letters; shorten it"


def warnings_of(campaign: Campaign) -> tuple[str, ...]:
    """Return a line ``key: what; mend`` for each thing that may be meant, but that people should know."""
    found = []
    if campaign.learning.decide_after is not None and len(campaign.variants) == 1:
        found.append("learning.decide_after: there is one message only, so nothing is decided; add [[variants]]")
    if campaign.gift is not None and campaign.consent is ConsentClass.SERVICE:
        found.append('consent: a gift is no service; "care" or "offers" asks those who said yes')
    if campaign.personal and campaign.gift is None:
        found.append("personal: the message cannot be passed on, but there is nothing for this person alone in it")
    return tuple(found)
