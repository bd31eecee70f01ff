"""How fast Telegram may be talked to: one token-wide budget, a gap a private chat, a minute's budget a group."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Limits:
    """Telegram's limits as this business uses them; 0 switches one off. Source: telegram.constants.FloodLimit."""

    per_second: int = 30
    private_gap_s: float = 1.0
    group_per_minute: int = 20


class Pacer:
    """Keeps what was spent in the running windows and says when the next call may go. Time is handed in."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._token: deque[datetime] = deque(maxlen=limits.per_second or 1)
        self._private: dict[str, datetime] = {}
        self._groups: dict[str, list[datetime]] = {}

    def token_free_at(self, now: datetime) -> datetime:
        """Return when the token's budget has room again: ``now``, or later."""
        if not self._limits.per_second or len(self._token) < self._limits.per_second:
            return now
        return max(now, self._token[0] + timedelta(seconds=1))

    def token_room(self, now: datetime) -> int:
        """Return how many calls the token's budget has room for at ``now`` (a large number when not limited)."""
        if not self._limits.per_second:
            return 1_000_000
        horizon = now - timedelta(seconds=1)
        used = sum(1 for at in self._token if at > horizon)
        return self._limits.per_second - used

    def chat_free_at(self, chat_key: str, now: datetime, weight: int = 1) -> datetime:
        """Return when the chat's own limit lets the next call of ``weight`` messages go: ``now``, or later."""
        most = self._limits.group_per_minute
        if (sent := self._groups.get(chat_key)) is not None:
            surplus = len(sent) + min(weight, most) - most
            return max(now, sent[surplus - 1] + timedelta(minutes=1)) if surplus > 0 and most else now
        last = self._private.get(chat_key)
        return now if last is None else max(now, last + timedelta(seconds=self._limits.private_gap_s))

    def spend(self, chat_key: str, now: datetime, *, group: bool, weight: int = 1) -> None:
        """Count one call of ``weight`` messages to ``chat_key`` at ``now``."""
        self.spend_token(now)
        if group:
            if self._limits.group_per_minute:
                sent = self._groups.setdefault(chat_key, [])
                sent.extend([now] * weight)
                del sent[: -self._limits.group_per_minute]
        elif self._limits.private_gap_s:
            self._private[chat_key] = now
            if len(self._private) > 10_000:
                self._forget_before(now - timedelta(seconds=self._limits.private_gap_s))

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

    def spend_token(self, now: datetime) -> None:
        """Count one call that only the token's budget knows, such as a reaction."""
        self._token.append(now)

    def _forget_before(self, horizon: datetime) -> None:
        self._private = {key: at for key, at in self._private.items() if at > horizon}
