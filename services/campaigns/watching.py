"""Watching a campaign in a chat: one message, edited while things change; and telling other systems of its end.

Counting is reading: it is done on a connection of its own, and only what is said is written, see :func:`look`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from domain.campaigns import CampaignState
from domain.deeds import Deed, why_not
from domain.outcomes import Refusal
from domain.outgoing import Purpose, Target, TargetKind, to_member, to_staff_group
from domain.people import StaffMember
from services import cards, private_desk
from services.campaigns.book import Kept, get_campaign
from services.campaigns.progress import Progress, progress
from services.campaigns.progress_words import progress_in_words
from services.speech import tell
from services.webhooks import emit, is_wanted
from services.work import Work
from storage import campaign_watchers as rows
from storage.campaign_progress import has_many
from storage.campaign_watchers import Watcher
from storage.staff import get_group, get_member

Step = Callable[[Work], Awaitable[int]]
"""What is left to write once everything was read."""
Figures = dict[str, int]
"""What other systems are told of a campaign that is over."""

LARGE = 20_000
"""From so many deliveries on nobody waits for the counting in the chat."""
EVERY = timedelta(seconds=15)
"""A message is not edited more often."""
_ENDLESS = timedelta(hours=24)
"""Of a campaign that never ends, a message is left alone once nothing changed for so long."""
_OVER = frozenset({CampaignState.FINISHED, CampaignState.CANCELLED})
_ON_WAY = frozenset({"queued", "sending"})
_ROUNDED_S = 300
_ENDED = "campaign.finished"


async def watch(work: Work, key: str, *, by: StaffMember, target: Target, language: str) -> Kept | Refusal:
    """Say in a chat how far a campaign is, and keep that message up to date until it is over.

    Of a large one it is said a moment later, once it was counted, see :func:`look_new`.
    """
    if (refusal := why_not(Deed.CAMPAIGNS, by)) is not None:
        return refusal
    kept = await get_campaign(work, key)
    if kept is None:
        return Refusal("campaign_results.refused.unknown", {"campaign": key})
    outbox_id, said = None, None
    if not await has_many(work.tx, key, LARGE):
        found = await progress(work, key)
        outbox_id = await tell_here(work, target, progress_in_words(work, kept, found, language))
        said = _figures(kept, found)
    await rows.put_watcher(
        work.tx,
        campaign=key,
        target_kind=target.kind.value,
        target_ref=target.ref,
        outbox_id=outbox_id,
        said=said,
        now=work.now,
    )
    return kept


async def stop_watching(work: Work, key: str, target: Target) -> bool:
    """Leave the message in a chat as it is from now on; returns whether it was kept up to date."""
    return await rows.end_watcher(
        work.tx, campaign=key, target_kind=target.kind.value, target_ref=target.ref, now=work.now
    )


async def tell_here(
    work: Work, target: Target, html: str, *, replacing: int | None = None, once: str | None = None
) -> int:
    """Queue words for a chat of staff, in private or in a group; returns the row."""
    purpose = Purpose.MEMBER_NOTICE if target.kind is TargetKind.MEMBER else Purpose.STAFF_NOTICE
    return await tell(work, target, html, purpose=purpose, replacing=replacing, coalesce_key=once)


def _figures(kept: Kept, found: Progress) -> dict[str, Any]:
    """Return the figures whose change is worth an edit; the end is rounded, since it is reckoned anew each time."""
    end = found.finish_at
    return {
        "state": kept.state.value,
        "counts": [found.planned, found.queued + found.sending, found.sent, found.unknown, found.total],
        "taps": [found.answered, found.clicked],
        "held": sum(found.held.values()),
        "skipped": sum(found.skipped.values()),
        "failed": sum(found.failed.values()),
        "planning": found.planning,
        "finish": round(end.timestamp() / _ROUNDED_S) if end is not None else None,
        "waits": round(found.paused_until.timestamp()) if found.paused_until is not None else None,
    }


async def tell_watchers(work: Work) -> int:
    """Edit the messages of all who watch and whose figures changed; returns how many."""
    step = await look(work)
    return await step(work) if step is not None else 0


async def look(work: Work) -> Step | None:
    """Read what those who watch are to be told; returns how to say it, ``None`` when nothing changed."""
    return await _look(work, await rows.list_watchers(work.tx, told_before=work.now - EVERY, said=True))


async def tell_new(work: Work) -> int:
    """Say how far large campaigns are to those who have just begun to watch; returns how many."""
    step = await look_new(work)
    return await step(work) if step is not None else 0


async def look_new(work: Work) -> Step | None:
    """Count what those who have just begun to watch are to be told; returns how to say it, ``None`` for nobody."""
    return await _look(work, await rows.list_watchers(work.tx, told_before=work.now, said=False))


async def _look(work: Work, watchers: Sequence[Watcher]) -> Step | None:
    if not watchers:
        return None
    keys = sorted({one.campaign for one in watchers})
    found = {key: (await get_campaign(work, key), await progress(work, key)) for key in keys}
    stale = [one.id for one in watchers if _is_stale(work.now, one, *found[one.campaign])]
    if not stale:
        return None

    async def say(writing: Work) -> int:
        return await _say(writing, stale, found)

    return say


def _is_stale(now: datetime, watcher: Watcher, kept: Kept | None, found: Progress) -> bool:
    return kept is None or _figures(kept, found) != watcher.said or now - watcher.told_at > _ENDLESS


async def _say(work: Work, ids: Sequence[int], found: Mapping[str, tuple[Kept | None, Progress]]) -> int:
    said = 0
    for watcher in await rows.lock_watchers(work.tx, ids):
        kept, counted = found[watcher.campaign]
        if watcher.outbox_id is not None and work.now - watcher.told_at < EVERY:  # somebody else told them meanwhile
            continue
        if kept is None or _figures(kept, counted) == watcher.said:
            await rows.change_watcher(work.tx, watcher.id, ended_at=work.now)
            continue
        said += await _edit(work, watcher, kept, counted)
    return said


async def _edit(work: Work, watcher: Watcher, kept: Kept, found: Progress) -> int:
    """Edit one message, or say it at first; that must have arrived, and one that never will ends the watching."""
    first = await rows.said_as(work.tx, watcher.outbox_id) if watcher.outbox_id is not None else None
    if first is not None and first[0] in _ON_WAY:
        return 0
    reader = await _reader(work, watcher)
    lost = watcher.outbox_id is not None and (first is None or first[1] is None)
    if lost or reader is None:
        await rows.change_watcher(work.tx, watcher.id, ended_at=work.now)
        return 0
    target, language = reader
    html = progress_in_words(work, kept, found, language)
    values = {"said": _figures(kept, found), "told_at": work.now, "ended_at": work.now if kept.state in _OVER else None}
    if first is None:
        values["outbox_id"] = await tell_here(work, target, html)
    else:
        await tell_here(work, target, html, replacing=first[1], once=f"watch:{watcher.id}:{watcher.outbox_id}")
    await rows.change_watcher(work.tx, watcher.id, **values)
    return 1


async def _reader(work: Work, watcher: Watcher) -> tuple[Target, str] | None:
    """Return the chat that watches and the language read there, ``None`` when it is staff's no more."""
    if watcher.target_kind == TargetKind.MEMBER:
        member = await get_member(work.tx, watcher.target_ref)
        if member is None or not member.active or why_not(Deed.CAMPAIGNS, member) is not None:
            return None
        return to_member(member.id), private_desk.language_of(work, member)
    group = await get_group(work.tx, watcher.target_ref)
    return (to_staff_group(group.id), cards.desk_language(work, group)) if group is not None else None


async def ended_figures(work: Work, key: str) -> Figures | None:
    """Count what other systems are told of a campaign that is over; ``None`` when none of them wants to hear it."""
    if not await is_wanted(work, _ENDED):
        return None
    found = await progress(work, key)
    return {
        "total": found.total,
        "sent": found.sent,
        "skipped": sum(found.skipped.values()),
        "failed": sum(found.failed.values()),
        "unknown": found.unknown,
        "answered": found.answered,
        "clicked": found.clicked,
    }


async def on_ended(work: Work, kept: Kept, figures: Figures | None = None) -> None:
    """Tell other systems that a campaign is over, with its figures; they are counted here unless they are given."""
    found = figures if figures is not None else await ended_figures(work, kept.key)
    if found is not None:
        data = {"campaign": kept.key, "state": kept.state.value, **found}
        await emit(work, _ENDED, customer_id=None, data=data)
