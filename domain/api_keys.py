"""Keys of the REST API: what each may do, how one is written, and how often it may ask."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Scope(StrEnum):
    """One thing a key may be allowed to do."""

    CUSTOMERS_READ = "customers:read"
    CUSTOMERS_WRITE = "customers:write"
    PURCHASES_READ = "purchases:read"
    PURCHASES_WRITE = "purchases:write"
    POINTS_READ = "points:read"
    POINTS_WRITE = "points:write"
    VOUCHERS_READ = "vouchers:read"
    VOUCHERS_WRITE = "vouchers:write"
    EVENTS_READ = "events:read"
    EVENTS_WRITE = "events:write"
    SURVEYS_READ = "surveys:read"
    SURVEYS_WRITE = "surveys:write"
    SURVEYS_WORDS = "surveys:words"
    """Besides reading: what people wrote in answer to a survey."""
    CAMPAIGNS_READ = "campaigns:read"
    CAMPAIGNS_WRITE = "campaigns:write"


_KEY = re.compile(r"cb_([0-9a-f]{8})_[A-Za-z0-9_-]{43}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is known here: what was shown once is kept as a hash only."""

    id: int
    name: str
    prefix: str
    key_hash: str
    scopes: frozenset[Scope]
    per_minute: int
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_written(self, key: str) -> bool:
        """Return whether ``key`` is this one, in a time that tells nothing."""
        return hmac.compare_digest(hash_key(key), self.key_hash)


def write_key(prefix: str, secret: str) -> str:
    """Return a key as its holder keeps it."""
    return f"cb_{prefix}_{secret}"


def prefix_of(key: str) -> str | None:
    """Return the part of a key by which it is found, if it is written like one."""
    found = _KEY.fullmatch(key)
    return found[1] if found else None


def hash_key(key: str) -> str:
    """Return what is kept of a key: its SHA-256. It holds 256 random bits, so that no slower hash is needed."""
    return hashlib.sha256(key.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Grant:
    """The answer to "may one more request come": ``left`` of ``limit`` may follow, all of them in ``full_in_s``."""

    allowed: bool
    limit: int
    left: int
    full_in_s: int
    wait_s: int


@dataclass(slots=True)
class Bucket:
    """A token bucket: holds a minute's worth, and fills evenly. The time is handed in; it may jump."""

    per_minute: int
    tokens: float
    at: datetime

    def take(self, now: datetime) -> Grant:
        """Take one token at ``now`` if there is one."""
        passed_s = max(0.0, (now - self.at).total_seconds())
        self.tokens = min(float(self.per_minute), self.tokens + passed_s * self.per_minute / 60)
        self.at = now
        allowed = self.tokens >= 1
        if allowed:
            self.tokens -= 1
        a_token_s = 60 / self.per_minute
        return Grant(
            allowed,
            self.per_minute,
            int(self.tokens),
            full_in_s=_whole(a_token_s * (self.per_minute - self.tokens)),
            wait_s=0 if allowed else max(1, _whole(a_token_s * (1 - self.tokens))),
        )


def _whole(seconds: float) -> int:
    """Return seconds rounded up; what floats add is no second."""
    return -int(-seconds // 1) if seconds % 1 > 1e-6 else int(seconds)
