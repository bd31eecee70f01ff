"""What becomes of a row after its call: recorded with its consequences in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from telegram.error import ChatMigrated, InvalidToken, RetryAfter, TelegramError

from bot.addressing import Way
from bot.refusals import Refused, refusal_of
from bot.transport_errors import outcome_of, retry_after_s
from domain.outgoing import Action, Lane, OnUnknown, Purpose, TargetKind, to_case, to_member
from domain.people import SYSTEM, MemberReach
from services import delivery, outages, views
from services.member_reach import set_member_reach
from services.speech import tell
from services.work import Work
from storage import cases as case_rows
from storage import outbox
from storage import staff as staff_rows
from storage.outbox import OutboxRow

log = structlog.get_logger("sender")

GROUP_PAUSE = timedelta(minutes=2)
"""How long a staff group that cannot be written to is left alone before it is tried again."""
MOST_ATTEMPTS = 30
_LEAVES_MESSAGE = frozenset({Action.SEND, Action.EDIT, Action.ALBUM})
_PRIVATE = frozenset({TargetKind.CONTACT, TargetKind.MEMBER})
_HAS_CONSEQUENCES = frozenset(
    {
        Purpose.STAFF_ANSWER,
        Purpose.BIRTHDAY,
        Purpose.CAMPAIGN,
        Purpose.POINTS_NOTICE,
        Purpose.SURVEY,
        Purpose.CHANGE_NEWS,
    }
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one call: the ``result`` Telegram gave, or the ``error`` instead of one."""

    row: OutboxRow
    way: Way
    result: Any = None
    error: Exception | None = None


def backoff(attempts: int) -> timedelta:
    """Return how long to wait before the next try: a second at first, five minutes at most."""
    return timedelta(seconds=min(300, 2 ** max(0, attempts)))


async def settle(work: Work, outcome: Outcome) -> None:
    """Record what became of one row, and everything that follows from it."""
    if outcome.way.address is None:
        await _fail(work, outcome, "its target is gone")
    elif outcome.error is None:
        await _sent(work, outcome)
    elif not isinstance(outcome.error, TelegramError) or outcome_of(outcome.error) == "unknown":
        await _unknown(work, outcome.row, type(outcome.error).__name__)
    else:
        await _refused(work, outcome, outcome.error)


def record_only(work: Work, outcome: Outcome) -> None:
    """Record a delivery without its consequences: for when those fail, so that nothing is said twice."""
    if outcome.error is None and outcome.way.address is not None:
        message_id, count, _ = _place(outcome.result)
        chat_id = outcome.way.address.chat_id
        outbox.mark_sent(
            work.tx, row_id=outcome.row.id, now=work.now, chat_id=chat_id, message_id=message_id, count=count
        )
    else:
        name = type(outcome.error).__name__
        outbox.mark_settled(work.tx, row_id=outcome.row.id, state="failed", now=work.now, error=name)


def _place(result: Any) -> tuple[int | None, int, int | None]:
    """Return the first message id, how many messages, and the topic, of what Telegram answered."""
    if isinstance(result, list):
        first = result[0] if result else {}
        return first.get("message_id"), max(1, len(result)), first.get("message_thread_id")
    if isinstance(result, dict):
        return result.get("message_id"), 1, result.get("message_thread_id")
    return None, 1, None


async def _sent(work: Work, outcome: Outcome) -> None:
    row, way, address = outcome.row, outcome.way, outcome.way.address
    assert address is not None
    message_id, count, thread_id = _place(outcome.result)
    if message_id is None and row.action in _LEAVES_MESSAGE:  # a sign under somebody's words is no message of ours
        message_id = address.message_id
    outbox.mark_sent(work.tx, row_id=row.id, now=work.now, chat_id=address.chat_id, message_id=message_id, count=count)
    if row.target_kind is TargetKind.CARD and message_id and row.case_id:
        await case_rows.set_card(work.tx, case_id=row.case_id, card_message_id=message_id)
    if way.group is not None and way.group.unreachable_since_at is not None:
        await outages.end_outage(work, way.group)
    if row.purpose is Purpose.DESK_LAG and way.group is not None and message_id:
        await staff_rows.set_lag_message(work.tx, group_id=way.group.id, message_id=message_id)
    if row.target_kind is TargetKind.MEMBER:
        await set_member_reach(work, row.target_ref, MemberReach.REACHABLE, before=MemberReach.UNKNOWN)
    strayed = address.thread_id is not None and thread_id not in (None, address.thread_id)
    if strayed and row.case_id and row.action in (Action.SEND, Action.ALBUM):
        await _rebuild(work, row.case_id)
    if row.purpose in _HAS_CONSEQUENCES:
        await delivery.after_sent(work, row, message_id)


async def _rebuild(work: Work, case_id: int) -> None:
    case = await case_rows.get_case(work.tx, case_id)
    if case is not None:
        await views.rebuild_view(work, case)


async def _unknown(work: Work, row: OutboxRow, error: str) -> None:
    """Nobody knows whether it arrived: say it again, or list it, as its kind wants."""
    if row.on_unknown is OnUnknown.RESEND and row.attempts < MOST_ATTEMPTS:
        wait = backoff(row.attempts) if row.attempts else timedelta()
        outbox.requeue(work.tx, row_id=row.id, not_before_at=work.now + wait, error=error)
        return
    outbox.mark_settled(work.tx, row_id=row.id, state="unknown", now=work.now, error=error)
    log.warning("delivery_unknown", row=row.id, purpose=row.purpose.value, error=error)
    if row.purpose in _HAS_CONSEQUENCES:
        await delivery.after_unknown(work, row)


async def expire(work: Work, row: OutboxRow) -> None:
    """Take over a row whose sender did not come back."""
    await _unknown(work, row, "the sender stopped while it was sending")


async def _fail(work: Work, outcome: Outcome, reason: str) -> None:
    outbox.mark_settled(work.tx, row_id=outcome.row.id, state="failed", now=work.now, error=reason)
    log.warning("delivery_failed", row=outcome.row.id, purpose=outcome.row.purpose.value, error=reason)
    await delivery.after_failed(work, outcome.row, reason)


def _again(work: Work, row: OutboxRow, error: str, *, at: datetime | None = None) -> None:
    outbox.requeue(work.tx, row_id=row.id, not_before_at=at, error=error)


async def _refused(work: Work, outcome: Outcome, error: TelegramError) -> None:
    """Telegram surely did not do it: wait, heal what is in the way, or give up aloud."""
    row = outcome.row
    if isinstance(error, RetryAfter):
        until_at = work.now + timedelta(seconds=retry_after_s(error))
        # Campaigns press on nobody: what is said to many waits as a whole, whichever limit it was.
        scope = outbox.ALL_CAMPAIGNS if row.lane >= Lane.CAMPAIGN else row.chat_key
        await outbox.set_pause(work.tx, bot_id=work.bot_id, scope=scope, until_at=until_at, reason="retry_after")
        _again(work, row, "RetryAfter")
    elif isinstance(error, ChatMigrated):
        await _follow_migration(work, outcome, error.new_chat_id)
    elif isinstance(error, InvalidToken):
        until_at = work.now + GROUP_PAUSE
        await outbox.set_pause(work.tx, bot_id=work.bot_id, scope="*", until_at=until_at, reason="token refused")
        _again(work, row, "InvalidToken")
    elif (refused := refusal_of(error)) is Refused.OTHER and not _is_final(error):
        if row.attempts < MOST_ATTEMPTS:
            _again(work, row, type(error).__name__, at=work.now + backoff(row.attempts))
        else:
            await _fail(work, outcome, type(error).__name__)
    else:
        await _on_refusal(work, outcome, refused, error)


def _is_final(error: TelegramError) -> bool:
    return type(error).__name__ in ("BadRequest", "Forbidden", "EndPointNotFound")


async def _follow_migration(work: Work, outcome: Outcome, new_chat_id: int) -> None:
    way = outcome.way
    assert way.address is not None
    if way.group is None:
        await _fail(work, outcome, "the group moved")
        return
    await views.follow_group(work, old_chat_id=way.address.chat_id, new_chat_id=new_chat_id, by=SYSTEM)
    _again(work, outcome.row, "ChatMigrated")


async def _on_refusal(work: Work, outcome: Outcome, refused: Refused, error: TelegramError) -> None:
    row, way = outcome.row, outcome.way
    if refused is Refused.NOT_MODIFIED or (refused is Refused.NO_DELETED and row.action is Action.DELETE):
        await _sent(work, outcome)
    elif way.group is not None and refused in (Refused.NO_CHAT, Refused.NO_RIGHT, Refused.BLOCKED):
        await _leave_alone(work, outcome, error)
    elif way.group is not None and refused is Refused.NO_TOPICS:
        await staff_rows.set_forum(work.tx, group_id=way.group.id, forum=False)
        _again(work, row, refused.name)
    elif refused in (Refused.NO_TOPIC, Refused.TOPIC_CLOSED) and row.case_id and way.group is not None:
        await _rebuild(work, row.case_id)
        _again(work, row, refused.name)
    elif refused in (Refused.NO_MESSAGE, Refused.NO_REPLIED) and _is_about_card(outcome):
        assert row.case_id
        await case_rows.set_card(work.tx, case_id=row.case_id, card_message_id=None)
        _again(work, row, refused.name)
    elif refused is Refused.NO_REACTION and row.action is Action.REACT:
        await _say_instead(work, row)
    elif refused is Refused.NO_MESSAGE and row.action is Action.EDIT and row.target_kind in _PRIVATE:
        await outbox.turn_into_send(work.tx, row_id=row.id)
    else:
        await _fail(work, outcome, _reason(refused, error))


def _is_said_anew(row: OutboxRow) -> bool:
    """Return whether words are said as a message of their own where the one that they were to replace is gone."""
    return row.target_kind is TargetKind.CONTACT or row.purpose is Purpose.DESK_LAG


async def _say_instead(work: Work, row: OutboxRow) -> None:
    """Where reactions are not allowed, the mark is a short answer in words."""
    body = row.body or {}
    outbox.mark_settled(work.tx, row_id=row.id, state="dropped", now=work.now, error="no reactions here")
    words = body.get("extra", {}).get("fallback_reply")
    if words and row.case_id:
        private = row.target_kind is TargetKind.MEMBER
        target = to_member(row.target_ref) if private else to_case(row.case_id, int(row.chat_key.removeprefix("g")))
        await tell(work, target, words, case_id=row.case_id, reply_to=body.get("reply_to"))


def _is_about_card(outcome: Outcome) -> bool:
    address = outcome.way.address
    plain_group = address is not None and address.reply_required
    return outcome.row.case_id is not None and (outcome.row.target_kind is TargetKind.CARD or plain_group)


def _reason(refused: Refused, error: TelegramError) -> str:
    if refused in (Refused.BLOCKED, Refused.NO_CHAT):
        return "blocked" if refused is Refused.BLOCKED else "not_found"
    return f"refused: {error.message}"[:200]


async def _leave_alone(work: Work, outcome: Outcome, error: TelegramError) -> None:
    """Keep everything for a staff group that cannot be written to until it can, in its order."""
    group = outcome.way.group
    assert group is not None
    until_at = work.now + GROUP_PAUSE
    await outbox.set_pause(
        work.tx, bot_id=work.bot_id, scope=outcome.row.chat_key, until_at=until_at, reason=error.message[:200]
    )
    if group.unreachable_since_at is None:
        await staff_rows.set_group_reach(work.tx, group_id=group.id, unreachable_since_at=work.now)
        log.warning("staff_group_unreachable", group=group.chat_id, error=error.message)
    _again(work, outcome.row, "the staff group cannot be written to")


async def settle_all(work_for: Any, outcomes: Sequence[Outcome]) -> None:
    """Record outcomes in one transaction; if that fails, one by one, and at the worst without consequences.

    ``work_for`` opens a transaction and gives its :class:`Work`.
    """
    try:
        async with work_for() as work:
            for outcome in outcomes:
                await settle(work, outcome)
        return
    except Exception as error:
        if len(outcomes) == 1:
            log.error("consequence_failed", row=outcomes[0].row.id, error=type(error).__name__)
            async with work_for() as work:
                record_only(work, outcomes[0])
            return
    for outcome in outcomes:
        await settle_all(work_for, [outcome])
