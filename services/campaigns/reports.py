"""Results in the chat of campaigns so large that counting takes seconds: asked for, counted by reading, told then."""

from domain.deeds import Deed, why_not
from domain.outcomes import Refusal
from domain.outgoing import Target, TargetKind, to_member, to_staff_group
from domain.people import StaffMember
from services.campaigns.result_words import order_picture, results_in_words
from services.campaigns.watching import LARGE, Step, tell_here
from services.work import Work
from storage import campaign_watchers as rows
from storage.campaign_progress import has_many
from storage.campaign_watchers import RESULTS, Watcher
from storage.staff import get_member

_AT_ONCE = 3


async def is_large(work: Work, key: str) -> bool:
    """Return whether the results of a campaign are better counted apart."""
    return await has_many(work.tx, key, LARGE)


async def ask_for_results(work: Work, key: str, *, by: StaffMember, target: Target, language: str) -> Refusal | None:
    """Let the results of a campaign be counted, and told in this chat with their picture."""
    if (refusal := why_not(Deed.CAMPAIGNS, by)) is not None:
        return refusal
    await rows.put_watcher(
        work.tx,
        kind=RESULTS,
        campaign=key,
        target_kind=target.kind.value,
        target_ref=target.ref,
        outbox_id=None,
        said={"by": by.id, "language": language},
        now=work.now,
    )
    return None


async def tell_results(work: Work) -> int:
    """Tell the results that were asked for; returns how many."""
    step = await look(work)
    return await step(work) if step is not None else 0


async def look(work: Work) -> Step | None:
    """Count the results that were asked for; returns how to tell them, ``None`` when nobody waits."""
    waiting = (await rows.list_watchers(work.tx, told_before=work.now, kind=RESULTS))[:_AT_ONCE]
    if not waiting:
        return None
    counted = {}
    for one in waiting:
        member = await get_member(work.tx, (one.said or {}).get("by", 0))
        if member is not None:
            counted[one.id] = (member, await results_in_words(work, one.campaign, by=member, language=_language(one)))

    async def tell(writing: Work) -> int:
        told = 0
        for one in await rows.lock_watchers(writing.tx, [one.id for one in waiting]):
            await rows.change_watcher(writing.tx, one.id, ended_at=writing.now)
            told += 1
            by, results = counted.get(one.id, (None, None))
            if by is None or results is None or isinstance(results, Refusal):  # who asked may see it no more
                continue
            found, html = results
            target = _target(one)
            await tell_here(writing, target, html)
            await order_picture(writing, found, by=by, target=target, language=_language(one))
        return told

    return tell


def _language(watcher: Watcher) -> str:
    return str((watcher.said or {}).get("language", "en"))


def _target(watcher: Watcher) -> Target:
    private = watcher.target_kind == TargetKind.MEMBER
    return to_member(watcher.target_ref) if private else to_staff_group(watcher.target_ref)
