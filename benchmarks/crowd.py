"""Virtual customers: who speaks when, and how long each waits for an answer.

A customer says the next line of the script only after the last one was answered, as people do. All times are
seconds of a monotonic clock, handed in.
"""

import json
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

FIRST_CHAT_ID = 1_000_000


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a customer: words, or (``is_tap``) the data of a button; ``answers`` messages end the wait."""

    say: str
    answers: int = 1
    is_tap: bool = False


DEFAULT_SCRIPT = (
    Step("hello, are you there?"),
    Step("my coat came with a torn sleeve"),
    Step("order 4711, bought last week"),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How many ``customers`` follow the ``script``, with ``at_once`` of them in conversation.

    Without ``rate`` they speak as fast as they are answered; with it, so many updates arrive a second, answered
    or not. The first ``warmup`` replies are not counted in the waits.
    """

    customers: int
    at_once: int
    script: tuple[Step, ...] = DEFAULT_SCRIPT
    rate: float | None = None
    warmup: int = 0

    @property
    def updates(self) -> int:
        """The number of updates there will be in all."""
        return self.customers * len(self.script)


class Customer:
    """One virtual customer: the line reached, and when it arrived and was handed out."""

    __slots__ = ("answers_due", "arrived", "chat_id", "handed", "heard", "step")

    def __init__(self, chat_id: int) -> None:
        self.chat_id = chat_id
        self.step = 0
        self.answers_due = 0
        self.heard = 0
        self.arrived = 0.0
        self.handed: float | None = None


class Crowd:
    """All virtual customers of one run and what was measured of them."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.answered = 0
        self.started_at: float | None = None
        self.last_answer_at = 0.0
        self._customers: list[Customer] = []
        self._ready: deque[Customer] = deque()
        self._idle: deque[Customer] = deque()
        self._unconfirmed: deque[tuple[int, bytes]] = deque()
        self._arrivals = 0
        self._update_id = 100
        self._waits: list[float] = []
        self._handed_waits: list[float] = []
        self._extra = 0
        self._templates = [_template(step) for step in plan.script]

    @property
    def is_done(self) -> bool:
        """Whether every update has been answered."""
        return self.answered >= self.plan.updates

    def begin(self, now: float) -> None:
        """Let the first customers arrive; called when the program first asks for updates."""
        if self.started_at is not None:
            return
        self.started_at = now
        if self.plan.rate is None:
            for _ in range(min(self.plan.at_once, self.plan.customers)):
                self._arrive(self._newcomer(), now)

    def arrive_due(self, now: float) -> None:
        """With a rate: let those updates arrive whose time has come."""
        while self.plan.rate and self.started_at is not None and self._arrivals < self.plan.updates:
            at = self.started_at + self._arrivals / self.plan.rate
            if at > now:
                return
            has_room = len(self._customers) < self.plan.customers
            if self._idle and (len(self._idle) >= self.plan.at_once or not has_room):
                self._arrive(self._idle.popleft(), at)
            elif has_room:
                self._arrive(self._newcomer(), at)
            else:
                # Nobody is free to speak: the program owes everyone an answer.
                self._arrivals += 1

    def next_arrival_in(self, now: float) -> float | None:
        """Return the seconds until the next update arrives by rate, ``None`` when none will."""
        if not self.plan.rate or self.started_at is None or self._arrivals >= self.plan.updates:
            return None
        return max(0.0, self.started_at + self._arrivals / self.plan.rate - now)

    def take(self, offset: int, limit: int, now: float) -> list[bytes]:
        """Return up to ``limit`` updates and forget those below ``offset``; the unconfirmed come again first."""
        while self._unconfirmed and self._unconfirmed[0][0] < offset:
            self._unconfirmed.popleft()
        taken = [update for _, update in self._unconfirmed][:limit]
        while self._ready and len(taken) < limit:
            customer = self._ready.popleft()
            customer.handed = now
            self._update_id += 1
            values = {b"update": self._update_id, b"chat": customer.chat_id, b"now": int(now)}
            update = self._templates[customer.step] % values
            self._unconfirmed.append((self._update_id, update))
            taken.append(update)
        return taken

    def heard(self, chat_id: int, now: float) -> bool:
        """Take note of a message to ``chat_id``; return whether that made another customer ready to speak."""
        index = chat_id - FIRST_CHAT_ID
        if not 0 <= index < len(self._customers):
            return False
        customer = self._customers[index]
        customer.heard += 1
        if not customer.answers_due or customer.handed is None:
            self._extra += 1
            return False
        customer.answers_due -= 1
        if customer.answers_due:
            return False
        self._record_wait(customer.arrived, customer.handed, now)
        return self._go_on(customer, now)

    def results(self) -> dict[str, Any]:
        """Return the figures of the run; waits in milliseconds."""
        seconds = self.last_answer_at - self.started_at if self.started_at is not None and self.answered else 0.0
        return {
            "updates": self.plan.updates,
            "answered": self.answered,
            "seconds": round(seconds, 4),
            "updates_per_s": round(self.answered / seconds, 2) if seconds else 0.0,
            "wait_ms": spread(self._waits[self.plan.warmup :]),
            "wait_since_handed_ms": spread(self._handed_waits[self.plan.warmup :]),
            "chats_by_answers": dict(sorted(Counter(c.heard for c in self._customers).items())),
            "extra_messages": self._extra,
        }

    def _newcomer(self) -> Customer:
        customer = Customer(FIRST_CHAT_ID + len(self._customers))
        self._customers.append(customer)
        return customer

    def _arrive(self, customer: Customer, at: float) -> None:
        self._arrivals += 1
        customer.arrived = at
        customer.handed = None
        customer.answers_due = self.plan.script[customer.step].answers
        self._ready.append(customer)

    def _record_wait(self, arrived: float, handed: float, now: float) -> None:
        self.answered += 1
        self.last_answer_at = now
        self._waits.append(now - arrived)
        self._handed_waits.append(now - handed)

    def _go_on(self, customer: Customer, now: float) -> bool:
        customer.step += 1
        has_more = customer.step < len(self.plan.script)
        if self.plan.rate is not None:
            if has_more:
                self._idle.append(customer)
            return False
        if has_more:
            self._arrive(customer, now)
            return True
        if len(self._customers) < self.plan.customers:
            self._arrive(self._newcomer(), now)
            return True
        return False


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Return count, mean, median, 99th percentile and maximum in milliseconds."""
    if not seconds:
        return {"n": 0}
    ordered = sorted(seconds)
    at = {"p50": ordered[len(ordered) // 2], "p99": ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]}
    figures = {"mean": mean(ordered), **at, "max": ordered[-1]}
    return {"n": len(ordered), **{name: round(value * 1000, 3) for name, value in figures.items()}}


def _template(step: Step) -> bytes:
    """Return an update with places for the update id, the chat and the time."""
    person = '{"id":%(chat)d,"is_bot":false,"first_name":"Ann","last_name":"Example","language_code":"en"}'
    head = '"message_id":%(update)d,"date":%(now)d,"chat":{"id":%(chat)d,"first_name":"Ann","type":"private"}'
    said = json.dumps(step.say).replace("%", "%%")
    if step.is_tap:
        bot = '{"id":12345,"is_bot":true,"first_name":"Care"}'
        message = f'{{{head},"from":{bot},"text":"?"}}'
        tap = f'"id":"%(update)d","from":{person},"chat_instance":"1","message":{message},"data":{said}'
        return f'{{"update_id":%(update)d,"callback_query":{{{tap}}}}}'.encode()
    entities = ""
    if step.say.startswith("/"):
        length = len(step.say.split(maxsplit=1)[0])
        entities = f',"entities":[{{"type":"bot_command","offset":0,"length":{length}}}]'
    return f'{{"update_id":%(update)d,"message":{{{head},"from":{person},"text":{said}{entities}}}}}'.encode()


def read_script(text: str) -> tuple[Step, ...]:
    """Return the script in a JSON list of strings and of objects with the fields of ``Step``."""
    return tuple(Step(item) if isinstance(item, str) else Step(**item) for item in json.loads(text))
