"""The sender: the only one who talks to Telegram. Rows go out in order a chat and lane, within the limits."""

import asyncio
import contextlib
import heapq
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from telegram.error import TelegramError

from bot.addressing import find_ways
from bot.carrying import UNLIMITED, Carrier, Trip, weight_of
from bot.clock import Clock
from bot.settlement import Outcome, expire, settle, settle_all
from bot.transport import TelegramApi
from domain.outgoing import Lane
from domain.pacing import Pacer
from domain.rules import Rules
from handlers.context import TapAnswer
from services import delivery
from services.work import Work
from storage import outbox
from storage.database import Database
from storage.outbox import OutboxRow
from storage.outbox_heads import list_heads, list_paid_heads
from texts import Texts

log = structlog.get_logger("sender")

_TAKE_OVER_EVERY = timedelta(seconds=5)
_GRACE = timedelta(seconds=10)
"""How long another replica that lost the lead may need to record the calls it had under way."""
_LOOK_AGAIN = timedelta(milliseconds=200)
"""How often an idle sender looks for rows it was not told of: albums and pauses whose time has come, another
replica's, a command's."""
_ANSWER_LIMIT_S = 5.0
_GATHER_S = 0.002
"""How long results wait for company when many are in flight, so that one commit records them together."""
_LEISURE_GATHER = timedelta(milliseconds=100)
"""How long results wait that nobody waits for; most often they are recorded with the next claim."""
_PAID_IN_FLIGHT = 160
"""How many paid messages may be on their way at once: a thousand a second, at answers that take 160 ms."""
_MOMENT = timedelta(milliseconds=10)
_LEAD = timedelta(milliseconds=50)
"""So long before there is room rows are claimed: by the time that is recorded there is, and none of it is lost."""
_PAID_LEAD = timedelta(milliseconds=70)
"""The same where room comes a thousand times a second, so that none is lost while others use the database."""


class Sender:
    """Claims rows, makes their calls and records what became of them, until cancelled."""

    def __init__(
        self,
        database: Database,
        api: TelegramApi,
        clock: Clock,
        pacer: Pacer,
        *,
        bot_id: int,
        rules: Rules,
        texts: Texts,
        in_flight: int = 64,
    ) -> None:
        self._database = database
        self._api = api
        self._clock = clock
        self._pacer = pacer
        self._bot_id = bot_id
        self._rules = rules
        self._texts = texts
        self._most_in_flight = in_flight
        self._carrier = Carrier(database, api, clock, pacer, self._work)
        self._in_flight: set[asyncio.Task[None]] = set()
        self._under_way: set[int] = set()
        self._to_groups: list[OutboxRow] = []
        self._done: list[Outcome] = []
        self._bell = asyncio.Event()
        self._take_over_at = clock.now()
        self._postponed: list[datetime] = []
        self._leisurely = {False: 0, True: 0}
        self._pays = rules.campaigns.paid_broadcast
        self._pressing = asyncio.Event()
        self._spread_until: datetime | None = None

    def wake(self) -> None:
        """Say that there may be something to send."""
        self._bell.set()

    def answer_taps(self, answers: Sequence[TapAnswer]) -> None:
        """End the waiting of tapped buttons; each has a deadline, and a failure costs nobody anything."""
        for answer in answers:
            task = asyncio.create_task(self._answer_tap(answer))
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)

    async def _answer_tap(self, answer: TapAnswer) -> None:
        params = {"callback_query_id": answer.query_id, "text": answer.text or None, "show_alert": answer.alert}
        try:
            async with asyncio.timeout(_ANSWER_LIMIT_S):
                await self._api.call("answerCallbackQuery", params)
        except (TelegramError, TimeoutError) as error:  # too old or away: the answer's words are in the chat too
            log.info("tap_not_answered", error=type(error).__name__)

    async def run(self) -> None:
        """Send until cancelled; what was in flight when an earlier run ended is taken over first."""
        first = True
        try:
            while True:
                try:
                    if first:
                        await self._take_over_at_start()
                        first = False
                    await self._run_once()
                except Exception as error:  # the database is away: rows keep, results wait in memory
                    log.error("sending_failed", error=type(error).__name__)
                    await asyncio.sleep(1)
        finally:
            await self._finish()

    async def _take_over_at_start(self) -> None:
        async with self._work() as work:
            alone = self._database.dialect == "sqlite"  # then whoever claimed a row is gone
            await self._take_over(work, claimed_before=work.now - (timedelta() if alone else _GRACE))

    async def _run_once(self) -> None:
        outcomes, self._done = self._done, []
        self._pressing.clear()
        step = asyncio.ensure_future(self._settle_and_claim(outcomes))
        try:
            more = await asyncio.shield(step)
        except asyncio.CancelledError:
            # What was marked as sending must be sent and what is known must be recorded: end the step first.
            await asyncio.wait({step})
            if step.exception() is not None:
                self._done[:0] = outcomes
            raise
        except Exception:
            if not outcomes:
                raise
            await self._settle_apart(outcomes)
            return
        if not more and not self._pressing.is_set():
            await self._clock.wait(self._bell, self._next_look_at())
            if self._pressing.is_set() and len(self._in_flight) > 1:
                await asyncio.sleep(_GATHER_S)

    async def _settle_apart(self, outcomes: list[Outcome]) -> None:
        """Record results that could not be recorded together; while that fails they wait in memory."""
        try:
            await settle_all(self._work, outcomes)
        except Exception:
            self._done[:0] = outcomes
            raise
        self._under_way.difference_update(outcome.row.id for outcome in outcomes)

    @contextlib.asynccontextmanager
    async def _work(self) -> AsyncIterator[Work]:
        async with self._database.write() as tx:
            yield Work(tx, self._clock.now(), self._bot_id, self._rules, self._texts)

    def _next_look_at(self) -> datetime:
        now = self._clock.now()
        if self._pacer.token_room(now + _LEAD) <= 0:
            looks = [self._pacer.token_free_at(now) - _LEAD]
        else:
            looks = [now + _LOOK_AGAIN, *self._postponed[:1]]
        if self._spread_until is not None:
            looks.append(self._spread_until)
        if self._done or any(self._leisurely.values()):
            looks.append(now + _LEISURE_GATHER)
        return min(looks)

    def _room(self, now: datetime) -> int:
        in_flight = len(self._in_flight) - self._leisurely[True]
        return min(self._most_in_flight - in_flight, self._pacer.token_room(now + _LEAD))

    def _leisure_room(self, now: datetime, *, paid: bool) -> int:
        """Return how many more may go that nobody waits for: never all that may be in flight, or replies would wait."""
        if paid:
            return min(
                _PAID_IN_FLIGHT - self._leisurely[True], self._pacer.leisure_room(now, lead=_PAID_LEAD, paid=True)
            )
        most = max(1, self._most_in_flight // 2)
        return min(most - self._leisurely[False], self._pacer.leisure_room(now, lead=_LEAD))

    async def _settle_and_claim(self, outcomes: Sequence[Outcome]) -> bool:
        """Record results and mark what may go now as sending, in one transaction, then start its calls.

        Returns whether more rows may be due than were looked at.
        """
        now = self._clock.now()
        while self._postponed and self._postponed[0] <= now:
            heapq.heappop(self._postponed)
        room, paid_room = self._room(now), self._leisure_room(now, paid=True) if self._pays else 0
        if room <= 0 and paid_room <= 0 and not outcomes and now < self._take_over_at:
            return False
        async with self._work() as work:
            for outcome in outcomes:
                await settle(work, outcome)
            heads = await list_heads(work.tx, bot_id=self._bot_id, now=now, limit=room) if room > 0 else []
            more = 0 < room == len(heads)
            paid = []
            if paid_room > 0:
                paid = await list_paid_heads(work.tx, bot_id=self._bot_id, now=now, limit=paid_room)
            heads += paid
            dropped = await self._drop_unwanted(work, heads)
            going, times = self._choose(work, [row for row in heads if row.id not in dropped])
            spread = self._spread_until is not None
            if 0 < paid_room == len(paid):
                self._look_for_leisure(work.now, paid=True)
            if going:
                await outbox.mark_sending(work.tx, ids=[row.id for row in going], now=now)
            ways = await find_ways(work.tx, going)
            if now >= self._take_over_at:
                await self._take_over(work, claimed_before=now - _GRACE)
        self._under_way.difference_update(outcome.row.id for outcome in outcomes)
        for row in going:
            self._start(Trip(replace(row, attempts=row.attempts + 1), ways[row.id], paid_at=times[row.id]))
        return bool(dropped) or (more and not spread)

    def _start(self, trip: Trip) -> None:
        """Start the call of a row that is marked as being sent."""
        row = trip.row
        self._under_way.add(row.id)
        if row.chat_key.startswith("g"):
            self._to_groups.append(row)
        if row.lane >= Lane.CAMPAIGN:
            self._leisurely[row.lane is Lane.PAID] += 1
        task = asyncio.create_task(self._carry(trip))
        self._in_flight.add(task)
        task.add_done_callback(self._in_flight.discard)

    def _choose(self, work: Work, heads: Sequence[OutboxRow]) -> tuple[list[OutboxRow], dict[int, datetime]]:
        """Return which rows go, and when, by their ids; what waits so that replies find room is looked at again."""
        leisure = {paid: self._leisure_room(work.now, paid=paid) for paid in (False, True)}
        going: list[OutboxRow] = []
        times: dict[int, datetime] = {}
        self._spread_until = None
        for row in heads:
            paid, leisurely = row.lane is Lane.PAID, row.lane >= Lane.CAMPAIGN
            if leisurely and leisure[paid] <= 0:
                self._look_for_leisure(work.now, paid=paid)
            elif not self._gives_way(row, going) and (at := self._goes_at(work, row)) is not None:
                going.append(row)
                times[row.id] = at
                leisure[paid] -= leisurely
        return going, times

    def _look_for_leisure(self, now: datetime, *, paid: bool) -> None:
        """Look again as soon as there is room for what nobody waits for."""
        lead = _PAID_LEAD if paid else _LEAD
        free_at = max(self._pacer.leisure_free_at(now, lead=lead, paid=paid), now + _MOMENT)
        self._spread_until = min(self._spread_until or free_at, free_at)

    async def _drop_unwanted(self, work: Work, heads: Sequence[OutboxRow]) -> frozenset[int]:
        """Ask at the last moment whether unasked messages may still go; those that may not are dropped."""
        unasked = [row for row in heads if row.delivery_id is not None]
        return await delivery.drop_unwanted(work, unasked) if unasked else frozenset()

    def _gives_way(self, row: OutboxRow, going: Sequence[OutboxRow]) -> bool:
        """Return whether what is said to a group at leisure waits for what presses: else it would take of its budget.

        A card, too, need not be said when the words before it have just shown the case.
        """
        if row.lane < Lane.NOTICE or not row.chat_key.startswith("g"):
            return False
        return any(other.chat_key == row.chat_key and other.lane < row.lane for other in (*self._to_groups, *going))

    def _goes_at(self, work: Work, row: OutboxRow) -> datetime | None:
        """Spend the budget for a row that goes now or in a moment, or let it wait until its chat may be written to."""
        if row.action in UNLIMITED:
            return self._pacer.spend_token(work.now)
        weight, paid = weight_of(row), row.lane is Lane.PAID
        free_at = self._pacer.chat_free_at(row.chat_key, work.now, weight)
        if free_at > work.now:
            outbox.postpone(work.tx, row_id=row.id, until_at=free_at)
            heapq.heappush(self._postponed, free_at)
            return None
        group, leisurely = row.chat_key.startswith("g"), row.lane >= Lane.CAMPAIGN
        return self._pacer.spend(row.chat_key, work.now, group=group, weight=weight, leisurely=leisurely, paid=paid)

    async def _carry(self, trip: Trip) -> None:
        result, error = None, None
        try:
            if trip.way.address is not None:
                result = await self._carrier.carry(trip)
        except Exception as failure:  # every end of a call is recorded on its row
            error = failure
        if trip.row.chat_key.startswith("g"):
            self._to_groups = [row for row in self._to_groups if row.id != trip.row.id]
        self._done.append(Outcome(trip.row, trip.way, result, error))
        if trip.row.lane >= Lane.CAMPAIGN:  # nobody waits for this result: it is recorded with the next claim
            self._leisurely[trip.row.lane is Lane.PAID] -= 1
            if self._leisurely[True] == _PAID_IN_FLIGHT // 2:  # so that there is no lull before more are claimed
                self._bell.set()
        else:
            self._pressing.set()
            self._bell.set()

    async def _take_over(self, work: Work, *, claimed_before: datetime) -> None:
        """Treat rows whose sender stopped in the middle as of unknown delivery; those under way here are none."""
        self._take_over_at = work.now + _TAKE_OVER_EVERY
        for row in await outbox.list_left_sending(work.tx, bot_id=self._bot_id, claimed_before=claimed_before):
            if row.id not in self._under_way:
                await expire(work, row)

    async def _finish(self) -> None:
        """Let calls under way end within a few seconds and record them, so that little is left unknown."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                while self._in_flight:
                    await asyncio.wait(set(self._in_flight))
        if self._done:
            outcomes, self._done = self._done, []
            try:
                await self._settle_apart(outcomes)
            except Exception as error:  # the lead was lost with the database: recorded when it leads again
                log.error("results_not_recorded", error=type(error).__name__, count=len(outcomes))
