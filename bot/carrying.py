"""Carrying one row to Telegram: a view that is missing is made on the way, what is in the way is put right."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakValueDictionary

from telegram import InputFile
from telegram.error import BadRequest

from bot.addressing import Way, find_ways
from bot.calls import Address, Call, call_for
from bot.campaign_pictures import Pictures
from bot.clock import Clock
from bot.refusals import Refused, refusal_of
from bot.transport import TelegramApi
from domain.outgoing import Action, Lane, TargetKind
from domain.pacing import Pacer
from services import views
from services.work import Work
from storage import staff as staff_rows
from storage.database import Database
from storage.files import get_made
from storage.outbox import OutboxRow

UNLIMITED = frozenset({Action.REACT, Action.COMMANDS})
"""What no limit of a chat is about."""
_LOOK_AGAIN = timedelta(minutes=10)
"""How often a group that had no topics is asked whether it has some now: Telegram does not tell."""
_PAID_FOR = timedelta(seconds=1)
"""A call that was counted longer ago, because it had to wait for another one, is counted again."""


def weight_of(row: OutboxRow) -> int:
    """Return how many messages a row is, as the limits count them: each part of an album is one."""
    return len((row.body or {}).get("extra", {}).get("items", [0])) if row.action is Action.ALBUM else 1


@dataclass(slots=True)
class Trip:
    """A row on its way. ``paid_at``: from when on its next call counts and may be made; at first since the claim."""

    row: OutboxRow
    way: Way
    paid_at: datetime | None = None


@dataclass(slots=True, weakref_slot=True)
class _Door:
    """Through which the rows of a case go one by one while its view is made: the card sent, and how it read."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    card: Any = None
    body: dict[str, Any] = field(default_factory=dict)

    def said(self, row: OutboxRow) -> bool:
        """Return whether a row is the card that was just sent."""
        body = row.body or {}
        same = all(body.get(name) == self.body.get(name) for name in ("content", "buttons"))
        return self.card is not None and row.target_kind is TargetKind.CARD and same


class Carrier:
    """Makes the calls of rows; every call to a group counts in its budget just before it is made."""

    def __init__(
        self,
        database: Database,
        api: TelegramApi,
        clock: Clock,
        pacer: Pacer,
        work: Callable[[], AbstractAsyncContextManager[Work]],
    ) -> None:
        self._database = database
        self._api = api
        self._clock = clock
        self._pacer = pacer
        self._work = work
        self._pictures = Pictures(database, api)
        self._doors: WeakValueDictionary[int, _Door] = WeakValueDictionary()
        self._looked_at: dict[int, datetime] = {}

    async def carry(self, trip: Trip) -> Any:
        """Make the calls of a row and return Telegram's answer; ``trip.way`` tells where it went at last.

        Raises what the transport raises.
        """
        group = trip.way.group
        if group is not None and group.forum is False and self._may_have_changed(group.id):
            assert trip.way.address is not None
            if await self._look_at_group(group.id, trip.way.address.chat_id):
                trip.way = await self._way_again(trip.row)
        try:
            return await self._call_on_way(trip)
        except BadRequest as error:
            if not await self._mend(trip, refusal_of(error)):
                raise
        return await self._call_on_way(trip)

    async def _call_on_way(self, trip: Trip) -> Any:
        if trip.way.opening:
            assert trip.row.case_id is not None
            door = self._doors.setdefault(trip.row.case_id, _Door())
            async with door.lock:
                await self._open_view(trip, door)
            if door.said(trip.row):
                return door.card
        if trip.way.address is None:
            return None
        return await self._paid_call(trip, call_for(trip.row, trip.way.address), weight=weight_of(trip.row))

    async def _paid_call(self, trip: Trip, call: Call, *, weight: int = 1) -> Any:
        """Make a call for a row once its chat has room for it."""
        key, limited = trip.row.chat_key, trip.row.action not in UNLIMITED
        paid = trip.row.lane is Lane.PAID
        now = self._clock.now()
        if limited and (trip.paid_at is None or now - trip.paid_at > _PAID_FOR):
            while (free_at := self._free_at(key, now, weight, paid=paid)) > now:
                await self._clock.wait(asyncio.Event(), free_at)
                now = self._clock.now()
            trip.paid_at = self._pacer.spend(key, now, group=key.startswith("g"), weight=weight, paid=paid)
        while trip.paid_at is not None and trip.paid_at > now:
            await self._clock.wait(asyncio.Event(), trip.paid_at)
            now = self._clock.now()
        spent_at, trip.paid_at = trip.paid_at, None
        if spent_at is not None:
            self._pacer.depart(spent_at, now, paid=paid)
        try:
            return await self._call(call)
        finally:
            answered_at = self._clock.now()
            self._pacer.arrive(now, answered_at, paid=paid)
            if limited:
                self._pacer.answered(key, answered_at, weight, spent_at=spent_at)

    def _free_at(self, chat_key: str, now: datetime, weight: int, *, paid: bool) -> datetime:
        return max(self._pacer.chat_free_at(chat_key, now, weight), self._pacer.token_free_at(now, paid=paid))

    async def _call(self, call: Call) -> Any:
        if call.picture is not None:
            return await self._pictures.call(call)
        if call.upload is None:
            return await self._api.call(call.method, call.params)
        name, file_id = call.upload
        async with self._database.read() as tx:
            made = await get_made(tx, file_id)
        if made is None:
            raise BadRequest("the bytes of the file are no longer kept")
        file = InputFile(made.content, filename=made.name)
        file.mimetype = made.mime
        return await self._api.call(call.method, call.params, files={name: file})

    async def _open_view(self, trip: Trip, door: _Door) -> None:
        """Make what is missing for the case of a row: the topic, the card, what was said before.

        Rows of several lanes may want it at once: the first makes it, the others find it made.
        """
        case_id = trip.row.case_id
        trip.way = way = await self._way_again(trip.row)
        if not way.opening:
            return
        assert case_id is not None
        assert way.group is not None
        assert way.address is not None
        group, chat_id = way.group, way.address.chat_id
        forum = group.forum if group.forum is not None else await self._look_at_group(group.id, chat_id)
        async with self._work() as work:
            opening = await views.opening_of(work, case_id=case_id, group_id=group.id)
        if opening is None:
            trip.way = Way(None)
            return
        thread_id = way.topic.thread_id if way.topic and forum else None
        if forum and thread_id is None:
            call = Call("createForumTopic", {"chat_id": chat_id, "name": opening.topic_name})
            thread_id = (await self._paid_call(trip, call))["message_thread_id"]
            await self._keep_view(case_id, group.id, thread_id, None, opening)
        door.card = await self._say_opening(trip, opening, Address(chat_id, thread_id))
        door.body = opening.messages[0]
        await self._keep_view(case_id, group.id, thread_id, door.card["message_id"], opening)
        trip.way = await self._way_again(trip.row)

    async def _say_opening(self, trip: Trip, opening: views.Opening, address: Address) -> Any:
        card = None
        for body in opening.messages:
            said = replace(trip.row, action=Action.SEND, body=body, target_kind=TargetKind.STAFF_GROUP)
            answer = await self._paid_call(trip, call_for(said, address))
            card = card or answer
        return card

    async def _keep_view(
        self, case_id: int, group_id: int, thread_id: int | None, card: int | None, opening: views.Opening
    ) -> None:
        async with self._work() as work:
            await views.keep_view(
                work, opening, case_id=case_id, group_id=group_id, thread_id=thread_id, card_message_id=card
            )

    async def _mend(self, trip: Trip, refused: Refused) -> bool:
        """Put right what kept a row from its topic; returns whether it is worth another try at once."""
        address, group = trip.way.address, trip.way.group
        if address is None or group is None or address.thread_id is None:
            return False
        if refused is Refused.TOPIC_CLOSED:
            call = Call("reopenForumTopic", {"chat_id": address.chat_id, "message_thread_id": address.thread_id})
            try:
                await self._paid_call(trip, call)
            except BadRequest as error:
                return refusal_of(error) is Refused.NOT_MODIFIED
            return True
        if refused is Refused.NO_TOPIC and not await self._look_at_group(group.id, address.chat_id):
            trip.way = await self._way_again(trip.row)
            return True
        return False

    async def _way_again(self, row: OutboxRow) -> Way:
        async with self._database.read() as tx:
            return (await find_ways(tx, [row]))[row.id]

    def _may_have_changed(self, group_id: int) -> bool:
        looked_at = self._looked_at.get(group_id)
        return looked_at is None or self._clock.now() - looked_at >= _LOOK_AGAIN

    async def _look_at_group(self, group_id: int, chat_id: int) -> bool:
        """Ask whether a group has topics now, and keep it."""
        self._looked_at[group_id] = self._clock.now()
        chat = await self._api.call("getChat", {"chat_id": chat_id})
        forum = bool(chat.get("is_forum"))
        async with self._work() as work:
            await staff_rows.set_forum(work.tx, group_id=group_id, forum=forum)
        return forum
