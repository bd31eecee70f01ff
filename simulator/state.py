"""Everything the simulated Telegram holds, and how things are found in it."""

from __future__ import annotations

import itertools
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime

from simulator.clock import SimulatorClock
from simulator.errors import ControlError
from simulator.faults import FaultPlan
from simulator.files import FileStore
from simulator.limits import FloodGate, Limits, RateRecord
from simulator.model import BotAccount, Chat, Json, Person
from simulator.updates import UpdateQueue
from simulator.wakeup import Signal

FIRST_BOT_ID = 7_000_000_001
FIRST_PERSON_ID = 1_000_001
FIRST_GROUP_ID = 4_000_001
FIRST_SUPERGROUP_ID = 1_002_000_001
SUPERGROUP_BASE = -1_000_000_000_000
FIRST_UPDATE_ID = 500_000_001
REMEMBERED_CALLBACKS = 20_000


@dataclass(frozen=True, slots=True)
class Settings:
    """Bounds and rules that can be chosen when a world is made."""

    history: int = 5_000
    call_log: int = 10_000
    remembered_updates: int = 10_000
    max_files: int = 20_000
    max_file_bytes: int = 256 * 1024 * 1024
    edit_window_s: float = 48 * 3600
    callback_lifetime_s: float = 60.0


@dataclass(slots=True)
class CallRecord:
    """One call of the Bot API as it was answered."""

    time: datetime
    token: str
    method: str
    params: Json
    ok: bool
    error: str | None

    def as_json(self) -> Json:
        """Return the record as the control door shows it."""
        return {
            "time": self.time.isoformat(),
            "method": self.method,
            "params": self.params,
            "ok": self.ok,
            "error": self.error,
            "bot_id": int(self.token.partition(":")[0] or 0) if self.token[:1].isdigit() else 0,
        }


@dataclass(slots=True)
class Callback:
    """A tap on an inline button that waits for its answer."""

    id: str
    bot_id: int
    person_id: int
    chat_id: int
    message_id: int
    data: str
    made_at: float
    answer: Json | None = None


@dataclass(eq=False)
class State:
    """The simulated Telegram; the verbs and the Bot API methods work on it."""

    clock: SimulatorClock = field(default_factory=SimulatorClock)
    settings: Settings = field(default_factory=Settings)
    limits: Limits = field(default_factory=Limits)
    faults: FaultPlan = field(default_factory=FaultPlan)
    latency_s: float = 0.0
    deleted_topic: str = "message thread not found"

    def __post_init__(self) -> None:
        settings = self.settings
        self.gate = FloodGate(self.limits)
        self.files = FileStore(settings.max_files, settings.max_file_bytes)
        self.bots: dict[str, BotAccount] = {}
        self.bots_by_id: dict[int, BotAccount] = {}
        self.people: dict[int, Person] = {}
        self.groups: dict[int, Chat] = {}
        self.private: dict[tuple[int, int], Chat] = {}
        self.callbacks: OrderedDict[str, Callback] = OrderedDict()
        self.callback_log: deque[Json] = deque(maxlen=settings.call_log)
        self.call_log: deque[CallRecord] = deque(maxlen=settings.call_log)
        self.call_counts: dict[str, int] = {}
        self.rates: dict[str, RateRecord] = {}
        self.changed = Signal()
        self.numbers = itertools.count(1)
        self.next_bot_id = itertools.count(FIRST_BOT_ID)
        self.next_person_id = itertools.count(FIRST_PERSON_ID)
        self.next_group_id = itertools.count(FIRST_GROUP_ID)
        self.next_supergroup_id = itertools.count(FIRST_SUPERGROUP_ID)

    def bot(self, token: str | None = None) -> BotAccount:
        """Return the bot of a token, or the only bot."""
        if token is not None:
            if token not in self.bots:
                raise ControlError("no bot has this token")
            return self.bots[token]
        if len(self.bots) != 1:
            raise ControlError(f"there are {len(self.bots)} bots: say which one by its token")
        return next(iter(self.bots.values()))

    def person(self, person_id: int) -> Person:
        """Return a person by id."""
        if person_id not in self.people:
            raise ControlError(f"there is no person {person_id}")
        return self.people[person_id]

    def group(self, chat_id: int) -> Chat:
        """Return a group by id, following its migration."""
        chat = self.groups.get(chat_id)
        if chat is None:
            raise ControlError(f"there is no group {chat_id}")
        return self.group(chat.migrated_to) if chat.migrated_to is not None else chat

    def private_chat(self, person: Person, bot: BotAccount) -> Chat:
        """Return the chat of a person with a bot, made when first asked for."""
        key = (person.id, bot.id)
        chat = self.private.get(key)
        if chat is None:
            history = self.settings.history
            chat = Chat(person.id, "private", history, person=person, bot_id=bot.id)
            self.private[key] = chat
        return chat

    def user_json(self, user_id: int) -> Json | None:
        """Return a person or bot as a Bot API ``User``."""
        known = self.people.get(user_id) or self.bots_by_id.get(user_id)
        return known.as_user() if known is not None else None

    def bots_in(self, chat: Chat) -> list[BotAccount]:
        """Return the bots that are in a chat now."""
        if chat.bot_id is not None:
            return [self.bots_by_id[chat.bot_id]]
        return [bot for bot in self.bots_by_id.values() if chat.member(bot.id).present]

    def new_queue(self) -> UpdateQueue:
        """Make an update queue for a new bot."""
        return UpdateQueue(self.clock, FIRST_UPDATE_ID, self.settings.remembered_updates)

    def rate(self, token: str) -> RateRecord:
        """Return the record of a token's rate."""
        return self.rates.setdefault(token, RateRecord())

    def now_s(self) -> int:
        """Return the present instant in whole seconds, as message dates are."""
        return int(self.clock.time())
