"""How far a campaign is, and when it will be through."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.campaigns import Campaign, CampaignState
from domain.campaigns.forecast import Waiting, finish_at
from domain.instants import zone_named
from domain.pacing import MOST_PER_SECOND
from services.campaigns.book import Kept, get_campaign
from services.work import Work
from storage import campaign_progress as rows

ANSWERED = frozenset({"answer", "rsvp", "reply"})
"""What a person says by it: pressed a button that answers, said whether they come, wrote back."""
CLICKED = frozenset({"tracked", "survey", "redeem"})
"""What a person opened by it."""
BLOCKED = ("blocked", "not_found")
_REFUSED = "refused: "
_SPAN = timedelta(seconds=60)
_SHORT_SPAN = timedelta(seconds=10)
_FAST = 100
"""Above so many a second a few seconds say enough."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a campaign is, by delivery; ``total`` is everybody planned so far, whatever became of them.

    ``planned`` are still to come, those among them that are ``held`` wait for a reason. ``blocked`` are the failed ones
    that cannot be reached any more. ``answered`` and ``clicked`` count messages, each once. ``rate_per_s`` is what went
    out a second of late. ``finish_at`` is when all that are planned will be through, ``None`` when nobody is or nobody
    knows; ``planning``: more people are still to come in.
    """

    planned: int
    held: Mapping[str, int]
    queued: int
    sending: int
    sent: int
    skipped: Mapping[str, int]
    failed: Mapping[str, int]
    unknown: int
    blocked: int
    answered: int
    clicked: int
    total: int
    finish_at: datetime | None
    rate_per_s: float
    planning: bool = False
    paused_until: datetime | None = None

    @property
    def settled(self) -> int:
        """How many are over, one way or another."""
        return self.total - self.planned - self.queued - self.sending


async def progress(work: Work, key: str, occasion: str | None = None) -> Progress:
    """Return how far a campaign is, or one of its occasions; all is counted from indexes, on either engine."""
    counts = await rows.count_states(work.tx, key, occasion)
    states: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for (state, reason), count in counts.items():
        states[state] += count
        if state == "skipped":
            skipped[reason or "other"] += count
        elif state == "failed":
            failed[_short(reason)] += count
    kept = await get_campaign(work, key)
    rate = await _rate(work, key, kept)
    open_ = {name: states[name] for name in ("planned", "queued", "sending")}
    paused_until = await rows.paused_until(work.tx, bot_id=work.bot_id, now=work.now)
    return Progress(
        planned=states["planned"],
        held=await rows.count_held(work.tx, key, occasion),
        queued=states["queued"],
        sending=states["sending"],
        sent=states["sent"],
        skipped=dict(skipped),
        failed=dict(failed),
        unknown=states["unknown"],
        blocked=sum(failed[why] for why in BLOCKED),
        answered=await rows.count_tapped(work.tx, key, ANSWERED, occasion),
        clicked=await rows.count_tapped(work.tx, key, CLICKED, occasion),
        total=sum(states.values()),
        finish_at=await _finish_at(work, kept, occasion, open_, rate, paused_until),
        rate_per_s=rate,
        planning=await rows.is_being_planned(work.tx, key, occasion),
        paused_until=paused_until,
    )


async def sent_and_waiting(work: Work, key: str) -> tuple[int, int]:
    """Return how many messages of a campaign went out, and how many people are still to be told."""
    states: Counter[str] = Counter()
    for (state, _), count in (await rows.count_states(work.tx, key)).items():
        states[state] += count
    return states["sent"], states["planned"] + states["queued"] + states["sending"]


def _short(reason: str | None) -> str:
    """Return why something failed without the platform's own words."""
    if reason is None:
        return "other"
    return "refused" if reason.startswith(_REFUSED) else reason


def allowed_per_s(work: Work, campaign: Campaign) -> float:
    """Return how many messages of a campaign may go a second."""
    rules = work.rules.campaigns
    rate = rules.paid_per_second if campaign.paid and rules.paid_broadcast else rules.per_second
    return float(rate or MOST_PER_SECOND)


async def _rate(work: Work, key: str, kept: Kept | None) -> float:
    """Return how many messages went out a second of late."""
    fast = kept is not None and allowed_per_s(work, kept.campaign) > _FAST
    span = _SHORT_SPAN if fast else _SPAN
    sent = await rows.count_sent_since(work.tx, key, since=work.now - span, bot_id=work.bot_id)
    return sent / span.total_seconds()


async def _finish_at(
    work: Work,
    kept: Kept | None,
    occasion: str | None,
    open_: Mapping[str, int],
    rate: float,
    paused_until: datetime | None,
) -> datetime | None:
    """Return when what is planned will be through, ``None`` while the campaign does not run."""
    if kept is None or kept.state is not CampaignState.RUNNING or not any(open_.values()):
        return None
    zone = work.rules.zone
    going = Waiting(work.now, zone, open_["queued"] + open_["sending"])
    waiting = [going]
    if open_["planned"]:
        due = await rows.list_waiting(work.tx, kept.key, open_["planned"], occasion)
        last = await rows.last_waiting(work.tx, kept.key) if occasion is None else None
        due += [last] if last is not None else []
        waiting += [Waiting(one.at, zone_named(one.zone, zone), one.count) for one in due]
    allowed = allowed_per_s(work, kept.campaign)
    ready = sum(one.count for one in waiting if one.at <= work.now)
    busy = rate > 0 and ready > allowed * _SHORT_SPAN.total_seconds()
    return finish_at(
        waiting,
        now=work.now,
        rate_per_s=min(rate, allowed) if busy else allowed,  # who has nothing to send is not slow
        quiet=work.rules.quiet,
        paused_until=paused_until,
    )
