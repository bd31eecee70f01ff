"""How fast Telegram may be talked to: one token-wide budget, a gap a private chat, a minute's budget a group.

What is paid for has a token-wide budget of its own. What is said at leisure, to many, is spread over each second, so
that a reply finds room soon: taken all at once, a second's budget would let it wait for the next.
"""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

MOST_PER_SECOND = 1000
"""Faster than this Telegram takes from nobody, not even for Stars."""
_SECOND = timedelta(seconds=1)
_UNLIMITED = 1_000_000
_DOUBT = timedelta(milliseconds=500)
"""By so much at most a call is thought to have arrived later than the fastest ones do."""
_MARGIN = timedelta(milliseconds=5)
"""So much longer than a second each call counts: clocks and timers are not exact to the millisecond."""
_WINDOW = _SECOND + _MARGIN
_BLOCK = 200
"""The fastest answer is looked for among the last so many calls, or up to twice as many."""
_BITES = (15, timedelta(milliseconds=60))
"""In each such span a fifteenth of a second's budget may be used at leisure: a little more than needed to use it up.

The span grows as replies take their share of the second: were leisure as fast as ever, all would go in the first half
of each second, and whoever writes in the second half would wait for the next one.
"""
_PAID_BITES = (10, timedelta(milliseconds=60))
"""The same of what is paid for, of which no reply takes a share: larger bites, for each costs a commit."""
_REPLIES_A_PLACE, _NEARLY = 8, 6
"""For eight replies of the last second, or nearly as many, one place is not used at leisure: the next finds room."""
_LATENESS = timedelta(milliseconds=30)
"""By so much at most a decision at leisure may come late without those after it coming later, too."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Telegram's limits as this business uses them; 0 switches one off. Source: telegram.constants.FloodLimit.

    ``paid_per_second`` is that of paid broadcast; 0 when nothing may be paid for.
    """

    per_second: int = 30
    private_gap_s: float = 1.0
    group_per_minute: int = 20
    paid_per_second: int = 0


class _Token:
    """A token-wide budget: what was spent within a running second, in order, and how much of it at leisure just now."""

    def __init__(self, most: int, bites: tuple[int, timedelta]) -> None:
        self._most = most
        bites_a_second, self._spread = bites
        self._spent: list[datetime] = []
        self._bite = ceil(most / bites_a_second) if most else _UNLIMITED
        self._leisurely: deque[datetime] = deque(maxlen=self._bite if most else 1)
        self._pressing: deque[datetime] = deque(maxlen=most or 1)

    def room(self, now: datetime) -> int:
        if not self._most:
            return _UNLIMITED
        return self._most - len(self._spent) + bisect_right(self._spent, now - _WINDOW)

    def free_at(self, now: datetime, *, beyond: int = 0) -> datetime:
        nth = self._most - beyond
        if not self._most or len(self._spent) < nth:
            return now
        return max(now, self._spent[-nth] + _WINDOW)

    def leisure(self, now: datetime, lead: timedelta) -> int:
        if not self._most:
            return _UNLIMITED
        horizon = now - self._span(now)
        bite = self._bite - sum(1 for at in self._leisurely if at > horizon)
        return min(bite, self.room(now + lead) - self._kept_free(now))

    def leisure_at(self, now: datetime, lead: timedelta) -> datetime:
        if not self._most:
            return now
        return max(now, self._leisure_since(now), self.free_at(now, beyond=self._kept_free(now)) - lead)

    def _leisure_since(self, now: datetime) -> datetime:
        """Return since when, or from when on, there is room at leisure."""
        return self._leisurely[0] + self._span(now) if len(self._leisurely) == self._leisurely.maxlen else now

    def _kept_free(self, now: datetime) -> int:
        return (self._pressed(now) + _REPLIES_A_PLACE - _NEARLY) // _REPLIES_A_PLACE

    def _span(self, now: datetime) -> timedelta:
        """Return in which span a bite may be taken at leisure, when what presses goes on as within the last second."""
        return self._spread * self._most / max(1, self._most - self._pressed(now))

    def _pressed(self, now: datetime) -> int:
        """Return how many calls of the last second were not made at leisure."""
        while self._pressing and self._pressing[0] <= now - _WINDOW:
            self._pressing.popleft()
        return len(self._pressing)

    def spend(self, now: datetime, *, leisurely: bool) -> datetime:
        at = self.free_at(now)
        insort(self._spent, at)
        del self._spent[: -self._most or None]
        if leisurely:
            self._leisurely.append(max(min(now, self._leisure_since(now)), now - _LATENESS))
        else:
            self._pressing.append(now)
        return at

    def move(self, spent_at: datetime, at: datetime) -> None:
        nth = bisect_left(self._spent, spent_at)
        if nth < len(self._spent) and self._spent[nth] == spent_at:
            del self._spent[nth]
            insort(self._spent, at)


class Pacer:
    """Keeps what was spent in the running windows and says when the next call may go. Time is handed in."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._token, self._paid = _Token(limits.per_second, _BITES), _Token(limits.paid_per_second, _PAID_BITES)
        self._fastest = (timedelta.max, timedelta.max)
        self._answers = 0
        self._private: dict[str, datetime] = {}
        self._groups: dict[str, list[datetime]] = {}

    def token_free_at(self, now: datetime, *, paid: bool = False) -> datetime:
        """Return when the token's budget has room again: ``now``, or later."""
        return self._of(paid).free_at(now)

    def token_room(self, now: datetime, *, paid: bool = False) -> int:
        """Return how many calls the token's budget has room for at ``now`` (a large number when not limited)."""
        return self._of(paid).room(now)

    def leisure_room(self, now: datetime, *, lead: timedelta = timedelta(), paid: bool = False) -> int:
        """Return how many calls that nobody waits for may be decided on at ``now``, to go within ``lead``."""
        return self._of(paid).leisure(now, lead)

    def leisure_free_at(self, now: datetime, *, lead: timedelta = timedelta(), paid: bool = False) -> datetime:
        """Return when :meth:`leisure_room` is there again: ``now``, or later."""
        return self._of(paid).leisure_at(now, lead)

    def _of(self, paid: bool) -> _Token:
        return self._paid if paid else self._token

    def chat_free_at(self, chat_key: str, now: datetime, weight: int = 1) -> datetime:
        """Return when the chat's own limit lets the next call of ``weight`` messages go: ``now``, or later."""
        most = self._limits.group_per_minute
        if (sent := self._groups.get(chat_key)) is not None:
            surplus = len(sent) + min(weight, most) - most
            return max(now, sent[surplus - 1] + timedelta(minutes=1)) if surplus > 0 and most else now
        last = self._private.get(chat_key)
        return now if last is None else max(now, last + timedelta(seconds=self._limits.private_gap_s))

    def spend(
        self,
        chat_key: str,
        now: datetime,
        *,
        group: bool,
        weight: int = 1,
        leisurely: bool = False,
        paid: bool = False,
    ) -> datetime:
        """Count one call of ``weight`` messages to ``chat_key``; returns when it may go: ``now``, or as the token has
        room.
        """
        at = self._of(paid).spend(now, leisurely=leisurely)
        if group:
            if self._limits.group_per_minute:
                sent = self._groups.setdefault(chat_key, [])
                sent.extend([at] * weight)
                del sent[: -self._limits.group_per_minute]
        elif self._limits.private_gap_s:
            self._private[chat_key] = at
            if len(self._private) > 10_000:
                self._forget_before(now - timedelta(seconds=self._limits.private_gap_s))
        return at

    def answered(self, chat_key: str, now: datetime, weight: int = 1, *, spent_at: datetime | None = None) -> None:
        """Count a call to ``chat_key`` from ``now`` on, when its answer came: it may have arrived just then.

        ``spent_at`` is when it was counted before; without it, it is the last one.
        """
        if sent := self._groups.get(chat_key):
            for _ in range(min(weight, len(sent))):
                sent.remove(spent_at if spent_at in sent else sent[-1])
                sent.append(now)
            sent.sort()
        elif chat_key in self._private:
            self._private[chat_key] = now

    def spend_token(self, now: datetime) -> datetime:
        """Count one call that only the token's budget knows, such as a reaction; returns when it may go."""
        return self._token.spend(now, leisurely=False)

    def depart(self, spent_at: datetime, now: datetime, *, paid: bool = False) -> None:
        """Count a call from ``now`` on, when it is made, which was counted at ``spent_at``, when it was decided on.

        Between the two lies a commit: were it slow for one call and fast for one a second later, the two would meet.
        """
        self._of(paid).move(spent_at, now)

    def arrive(self, departed_at: datetime, now: datetime, *, paid: bool = False) -> None:
        """Count a call made at ``departed_at`` from when it may have arrived, now that its answer is here.

        What takes all of them as long is no matter; a call whose answer took longer may have arrived so much later.
        """
        took = max(timedelta(), now - departed_at)
        if self._answers % _BLOCK == 0:
            self._fastest = (took, self._fastest[0])
        self._answers += 1
        self._fastest = (min(took, self._fastest[0]), self._fastest[1])
        self._of(paid).move(departed_at, departed_at + min(took - min(self._fastest), _DOUBT))

    def _forget_before(self, horizon: datetime) -> None:
        self._private = {key: at for key, at in self._private.items() if at > horizon}
