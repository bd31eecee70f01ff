"""Telegram's flood limits, as far as they are known, and the rates seen."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

from simulator.errors import TooMany

_IDLE_CHATS_KEPT = 50_000


@dataclass(slots=True)
class Limits:
    """The numbers of the flood limits; off unless ``enabled``.

    ``private_burst`` messages may follow each other in one private chat before ``private_per_second``
    holds; 1 means no tolerance. A group counts sends, edits and topic creation together. Paid messages have a budget
    of their own: they are let past the free one, and leave it as it is.
    """

    enabled: bool = False
    per_second: int = 30
    paid_per_second: int = 1000
    private_per_second: float = 1.0
    private_burst: int = 1
    group_per_minute: int = 20


@dataclass(slots=True)
class RateRecord:
    """What one token did: calls that carry a message in the last second, the peak, the refusals."""

    recent: deque[float] = field(default_factory=deque)
    peak_per_second: int = 0
    total: int = 0
    refused: int = 0

    def seen(self, now: float, weight: int) -> None:
        """Count ``weight`` messages at the instant ``now``."""
        recent = self.recent
        while recent and recent[0] <= now - 1.0:
            recent.popleft()
        recent.extend([now] * weight)
        self.total += weight
        self.peak_per_second = max(self.peak_per_second, len(recent))


class FloodGate:
    """Refuses what oversteps the limits; a refused call does not count against them."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._tokens: dict[tuple[str, bool], deque[float]] = {}
        self._groups: dict[tuple[str, int], deque[float]] = {}
        self._due: dict[tuple[str, int], float] = {}

    def admit(self, token: str, chat_id: int, now: float, *, private: bool, weight: int, paid: bool) -> None:
        """Let a call of ``weight`` messages pass, or raise ``TooMany`` with the seconds to wait."""
        limits = self.limits
        if not limits.enabled:
            return
        per_token = self._tokens.setdefault((token, paid), deque())
        most = limits.paid_per_second if paid else limits.per_second
        key = (token, chat_id)
        per_chat = self._private_wait(key, now) if private else self._group_wait(key, now, weight)
        wait = max(_wait(per_token, now, 1.0, most, weight), per_chat)
        if wait > 0:
            raise TooMany(max(1, math.ceil(wait)))
        per_token.extend([now] * weight)
        if private:
            self._due[key] = max(self._due.get(key, 0.0), now) + 1 / limits.private_per_second
            self._forget_idle(now)
        else:
            self._groups[key].extend([now] * weight)

    def _group_wait(self, key: tuple[str, int], now: float, weight: int) -> float:
        recent = self._groups.setdefault(key, deque())
        return _wait(recent, now, 60.0, self.limits.group_per_minute, weight)

    def _private_wait(self, key: tuple[str, int], now: float) -> float:
        gap = 1 / self.limits.private_per_second
        tolerance = gap * (self.limits.private_burst - 1)
        return self._due.get(key, 0.0) - tolerance - now

    def _forget_idle(self, now: float) -> None:
        if len(self._due) > _IDLE_CHATS_KEPT:
            self._due = {key: due for key, due in self._due.items() if due > now}


def _wait(times: deque[float], now: float, window_s: float, most: int, weight: int) -> float:
    """Return the seconds until ``weight`` more fit under ``most`` in a sliding window."""
    while times and times[0] <= now - window_s:
        times.popleft()
    surplus = len(times) + min(weight, most) - most
    return times[surplus - 1] + window_s - now if surplus > 0 else 0.0
