"""Making a campaign step by step: the draft itself is the state, complete from the first choice on."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from decimal import Decimal

from domain.campaigns import Campaign, CampaignState, Gift, OccasionKind, When
from domain.campaigns.holidays import HOLIDAYS
from domain.errors import BadCampaign
from domain.languages import LANGUAGES
from domain.outcomes import Refusal
from domain.people import Actor, ActorKind, ConsentClass, Permission
from domain.segments import SegmentError
from domain.surveys import Every
from services.campaigns import pickers, ready_words
from services.campaigns.book import Added, Kept, add_campaign, faults_here, get_campaign, list_campaigns, wrong_state
from services.campaigns.document import Document, canonical_of, read_values
from services.campaigns.plain_words import WORKDAYS
from services.permits import may
from services.work import Work
from storage import campaigns as rows
from storage.audit import add_audit
from storage.rewards import get_reward

TAKEN_UP_WITHIN = timedelta(hours=1)
"""A draft that was begun within this time and never touched is taken up by a second press, not begun again."""
_KEY_LETTERS = 24
_TITLE_LETTERS = 60
_RESERVED = frozenset({"notices", "points", "changes", "changed", "csat", "surveys"})
_FOR_ALL = (OccasionKind.DATE, OccasionKind.EVERY, OccasionKind.SILENCE)
"""Where there is something to offer rather than to wish: only those who want offers get it, unless it is changed."""
_OPEN = (CampaignState.DRAFT, CampaignState.SCHEDULED, CampaignState.PAUSED)
Edit = Callable[[Campaign], "Campaign | Refusal"]
_UNKNOWN = Refusal("campaign_staff.refused.unknown")
_NOT_ALLOWED = Refusal("campaign_staff.refused.not_allowed")
_STALE = Refusal("campaign_staff.refused.choice")


@dataclass(frozen=True, slots=True)
class Changed:
    """A draft after a change. ``over`` is who wrote the words in between that these replaced, with their version."""

    kept: Kept
    over: tuple[int | None, int] | None = None


async def find_by_id(work: Work, campaign_id: int) -> Kept | None:
    """Return the campaign behind a button."""
    return next((kept for kept in await list_campaigns(work) if kept.id == campaign_id), None)


async def list_drafts(work: Work, *, limit: int) -> list[Kept]:
    """Return the drafts that people made and have not started, the last touched first."""
    drafts = [kept for kept in await list_campaigns(work, state=CampaignState.DRAFT) if not kept.shipped]
    return sorted(drafts, key=lambda kept: (kept.changed_at, kept.id), reverse=True)[:limit]


# Beginning


def occasion_of(kind: str, choice: str, *, today: date) -> When | None:
    """Return what a campaign hangs on as it was chosen by buttons; ``None`` while something is still to be chosen.

    Raises ``ValueError`` for a choice that nothing offers.
    """
    found = OccasionKind(kind)
    if found is OccasionKind.HOLIDAY:
        if choice and choice not in HOLIDAYS:
            raise ValueError(choice)
        return When(found, holiday=choice, late_after=timedelta(hours=10)) if choice else None
    if found is OccasionKind.DATE:
        if not choice:
            return None
        return When(found) if choice == "now" else When(found, on=_day(choice, today))
    if found is OccasionKind.EVERY:
        return _every(choice) if choice else None
    if found is OccasionKind.SILENCE:
        return When(found, silence_days=_whole(choice, 3650)) if choice else None
    if found in (OccasionKind.PURCHASE, OccasionKind.CASE, OccasionKind.JOINED):
        return When(found, after=timedelta(days=_whole(choice, 365))) if choice else None
    if found is OccasionKind.POINTS_EXPIRING:
        return When(found, lead_days=14)
    if found in (OccasionKind.BIRTHDAY, OccasionKind.ANNIVERSARY, OccasionKind.TIER_UP):
        return When(found)
    raise ValueError(kind)


def _every(choice: str) -> When:
    every, _, day = choice.partition(".")
    most = {"week": 7, "month": 28}[every] if every in ("week", "month") else 0
    return When(OccasionKind.EVERY, every=Every(every), day=_whole(day, most, least=1))


def _day(choice: str, today: date) -> date:
    day = date.fromisoformat(choice)
    if not today <= day <= today + timedelta(days=1000):
        raise ValueError(choice)
    return day


def _whole(word: str, most: int, *, least: int = 0) -> int:
    if not (word.isascii() and word.isdigit() and len(word) < 6 and least <= int(word) <= most):
        raise ValueError(word)
    return int(word)


async def begin(work: Work, when: When, *, by: Actor) -> Kept | Refusal:
    """Keep a new draft that hangs on ``when``: complete, with ready words, for everybody, at the usual time."""
    if not await may(work, by, Permission.RUN_CAMPAIGNS):
        return _NOT_ALLOWED
    await rows.hold_campaigns(work.tx)
    every = await list_campaigns(work)
    for kept in every:
        if kept.campaign.when == when and await _untouched(work, kept, by):
            return kept
    try:
        added = await add_campaign(work, _document(_first(work, when, every)), by=by)
    except BadCampaign as error:
        return faults(error)
    return added if isinstance(added, Refusal) else added.kept


async def _untouched(work: Work, kept: Kept, by: Actor) -> bool:
    new = kept.state is CampaignState.DRAFT and kept.version == 1 and not kept.shipped and kept.asked_at is None
    fresh = new and work.now - kept.created_at < TAKEN_UP_WITHIN
    return fresh and await rows.get_author(work.tx, kept.id, 1) == (by.kind.value, by.id)


def _first(work: Work, when: When, every: list[Kept]) -> Campaign:
    taken = {kept.key for kept in every}
    base = when.holiday if when.kind is OccasionKind.HOLIDAY and when.holiday else when.kind.value
    number = next(n for n in range(1, 10_000) if _key(base, n) not in taken | _RESERVED)
    solemn = when.holiday is not None and HOLIDAYS[when.holiday].solemn
    ready = ready_words.ready_for(work, when, work.rules.languages[0], solemn=solemn)[0]
    return Campaign(
        key=_key(base, number),
        title={language: _title(work, when, every, language) for language in LANGUAGES},
        when=when,
        variants=ready.variants,
        fallbacks=dict(ready.fallbacks),
        consent=_consent(when.kind),
        solemn=solemn,
    )


def _key(base: str, number: int) -> str:
    ending = f"_{number}" if number > 1 else ""
    return f"{base[: _KEY_LETTERS - len(ending)]}{ending}"


def _consent(kind: OccasionKind) -> ConsentClass:
    if kind is OccasionKind.POINTS_EXPIRING:
        return ConsentClass.POINTS
    return ConsentClass.OFFERS if kind in _FOR_ALL else ConsentClass.CARE


def _title(work: Work, when: When, every: list[Kept], language: str) -> str:
    """Return a name that no other campaign has in a language: the occasion, numbered where that is taken."""
    key = f"occasion.{when.holiday}" if when.holiday else f"campaign_staff.kind.{when.kind.value}"
    name, taken = work.texts.button(key, language), {kept.campaign.title.get(language) for kept in every}
    return next(title for n in range(1, 10_000) if (title := f"{name} {n}" if n > 1 else name) not in taken)


# Changing


async def change(work: Work, campaign_id: int, edit: Edit, *, by: Actor, seen: int | None = None) -> Changed | Refusal:
    """Change a draft as it is now, whoever changed it last; what two people change of it both stands.

    ``seen`` is the version whose words were on the screen when somebody began to write others. A fault it had before,
    such as a reward that there is not yet, keeps nobody from changing something else; it keeps it from being started.
    """
    if not await may(work, by, Permission.RUN_CAMPAIGNS):
        return _NOT_ALLOWED
    await rows.hold_campaigns(work.tx)
    before = await find_by_id(work, campaign_id)
    if before is None:
        return _UNKNOWN
    try:
        campaign = edit(before.campaign)
    except (ValueError, KeyError):
        return _STALE
    except SegmentError:
        return Refusal("campaign_staff.refused.segment")
    try:
        added = campaign if isinstance(campaign, Refusal) else await _keep(work, before, campaign, by)
    except BadCampaign as error:
        return faults(error)
    if isinstance(added, Refusal):
        return added
    return Changed(added.kept, await _over(work, before, seen, by))


async def _keep(work: Work, before: Kept, campaign: Campaign, by: Actor) -> Added | Refusal:
    forgiven = await faults_here(work, before.campaign)
    return await add_campaign(work, _document(campaign), by=by, forgiven=forgiven)


async def _over(work: Work, before: Kept, seen: int | None, by: Actor) -> tuple[int | None, int] | None:
    if seen is None or seen >= before.version:
        return None
    older = await get_campaign(work, before.key, version=seen)
    kind, author = await rows.get_author(work.tx, before.id, before.version)
    if older is None or older.campaign.variants == before.campaign.variants or (kind, author) == (by.kind, by.id):
        return None
    return (author if kind == ActorKind.STAFF.value else None), before.version


def _document(campaign: Campaign) -> Document:
    return read_values(json.loads(canonical_of(campaign), parse_float=Decimal), name=campaign.key)


def faults(error: BadCampaign) -> Refusal:
    """Return what is wrong with a document as something that can be said."""
    return Refusal("campaign_staff.refused.faults", {"faults": "\n".join(error.faults[:5])})


async def discard(work: Work, campaign_id: int, *, by: Actor) -> Kept | Refusal:
    """Throw a draft away that never ran; it stays in the book as cancelled."""
    if not await may(work, by, Permission.RUN_CAMPAIGNS):
        return _NOT_ALLOWED
    await rows.hold_campaigns(work.tx)
    kept = await find_by_id(work, campaign_id)
    if kept is None:
        return _UNKNOWN
    if kept.state is not CampaignState.DRAFT:
        return wrong_state(kept)
    state = CampaignState.CANCELLED.value
    await rows.change_campaign(work.tx, kept.id, state=state, ended_at=work.now, changed_at=work.now)
    add_audit(
        work.tx,
        at=work.now,
        actor=by,
        action="campaign.discard",
        subject=("campaign", kept.id),
        before={"state": kept.state.value},
        after={"key": kept.key, "state": state},
    )
    return await find_by_id(work, campaign_id) or _UNKNOWN


# What can be changed


def for_whom(work: Work, picks: list[pickers.Pick], code: str) -> Edit:
    """Pick one thing more that has to be true of those it is for, or one less; ``all`` is everybody."""

    def edit(campaign: Campaign) -> Campaign:
        if code == "all":
            return replace(campaign, segment=None)
        pick = next((one for one in picks if one.code == code), None)
        if pick is None:
            raise ValueError(code)
        return replace(campaign, segment=pickers.toggled(work, campaign.segment, pick))

    return edit


def saying(work: Work, code: str, language: str) -> Edit:
    """Take words that are ready."""

    def edit(campaign: Campaign) -> Campaign:
        ready = ready_words.ready_for(work, campaign.when, language, solemn=campaign.solemn)
        return ready_words.with_ready(campaign, next(one for one in ready if one.code == code))

    return _listed(edit)


def _listed(edit: Edit) -> Edit:
    def careful(campaign: Campaign) -> "Campaign | Refusal":
        try:
            return edit(campaign)
        except StopIteration:
            return _STALE

    return careful


def writing(work: Work, words: str, languages: tuple[str, ...]) -> Edit:
    """Take words as somebody wrote them, in these languages."""
    fallback = {one: work.texts.button("campaign_staff.fallback.name", one) for one in LANGUAGES}

    def edit(campaign: Campaign) -> Campaign:
        changed = ready_words.written(campaign, ready_words.to_template(work, words), languages)
        return replace(changed, fallbacks={"name": fallback, **changed.fallbacks})

    return edit


def naming_first(work: Work) -> Edit:
    """Let the words begin with the person's name."""
    return lambda campaign: ready_words.with_name_first(work, campaign)


def at_hour(choice: str) -> Edit:
    """Let it go out at a local time of day, "0930"; ``usual`` is the business's usual one."""

    def edit(campaign: Campaign) -> Campaign:
        at = None if choice == "usual" else time(_whole(choice[:2], 23), _whole(choice[2:], 59))
        return replace(campaign, when=replace(campaign.when, at=at))

    return edit


def days_before(choice: str) -> Edit:
    """Let it go out so many days before its day."""
    return lambda campaign: replace(campaign, when=replace(campaign.when, lead_days=_whole(choice, 60)))


def days_after(choice: str) -> Edit:
    """Let it go out so many days after it happened."""

    def edit(campaign: Campaign) -> Campaign:
        return replace(campaign, when=replace(campaign.when, after=timedelta(days=_whole(choice, 365))))

    return edit


def on_workdays(campaign: Campaign) -> Campaign:
    """Let it go out from Monday to Friday only, or on every day again."""
    weekdays = () if campaign.when.weekdays else WORKDAYS
    return replace(campaign, when=replace(campaign.when, weekdays=weekdays))


async def giving(work: Work, choice: str) -> Edit:
    """Let something come with it: ``none``, points "p50", or the voucher of a reward "r3"."""
    reward = await get_reward(work.tx, _number(choice)) if choice.startswith("r") else None

    def edit(campaign: Campaign) -> Campaign:
        if choice == "none":
            return replace(campaign, gift=None)
        if campaign.solemn:
            raise ValueError(choice)
        if choice.startswith("p"):
            return replace(campaign, gift=Gift(points=_whole(choice[1:], 100_000, least=1)))
        if reward is None:
            raise ValueError(choice)
        return replace(campaign, gift=Gift(reward=reward.key))

    return edit


def _number(choice: str) -> int:
    word = choice[1:]
    return int(word) if word.isascii() and word.isdigit() and len(word) < 10 else -1


def of_kind(choice: str) -> Edit:
    """Let it be a message of this kind: it goes to those who want such messages."""
    return lambda campaign: replace(campaign, consent=ConsentClass(choice))


def called(words: str) -> Edit:
    """Give it another name for staff."""
    title = " ".join(words.split())[:_TITLE_LETTERS]

    def edit(campaign: Campaign) -> Campaign:
        if not title:
            raise ValueError(words)
        return replace(campaign, title=dict.fromkeys(LANGUAGES, title))

    return edit
